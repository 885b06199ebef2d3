package funnel_test

import (
	"fmt"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// figures is what the definitions in the package comment say about one stage, read word for word.
type figures struct {
	standing, entered, advanced, lost []store.ID
	amounts                           []store.Money
	stays                             []int
}

func plainly(w *plain.World, deals []plain.State, stage store.Stage, declared bool, p analytics.Period, asOf store.Day) (f figures) {
	ladder := func(s store.Stage, declared bool) bool { return declared && s.Kind == store.StageOpen }
	for _, d := range deals {
		rec := w.Deals[slices.IndexFunc(w.Deals, func(x store.Deal) bool { return x.ID == d.ID })]
		way := w.Way(rec, asOf)
		current, _ := w.Stage(d.Deal.Stage)
		if d.Deal.Stage == stage.ID && (current.Kind == store.StageOpen || p.Contains(d.Closed)) {
			f.standing = append(f.standing, d.ID)
			f.amounts = append(f.amounts, d.Amount)
		}
		reached, entered := false, store.NoDay
		later := false
		for _, s := range way {
			at, known := w.Stage(s.Stage)
			here := s.Stage == stage.ID
			above := ladder(stage, declared) && (at.Kind == store.StageWon || ladder(at, known) && at.Order > stage.Order)
			if (here || above) && !reached {
				reached, entered = true, s.Day
			}
			later = later || above
		}
		if reached && p.Contains(entered) {
			f.entered = append(f.entered, d.ID)
			switch {
			case later:
				f.advanced = append(f.advanced, d.ID)
			case stage.Kind == store.StageOpen && current.Kind == store.StageLost:
				f.lost = append(f.lost, d.ID)
			}
		}
		for i := 0; i+1 < len(way); i++ {
			if way[i].Stage == stage.ID && stage.Kind == store.StageOpen && way[i].Day != store.NoDay && p.Contains(way[i+1].Day) {
				f.stays = append(f.stays, int(way[i+1].Day-way[i].Day))
			}
		}
	}
	return f
}

func TestFunnel_AsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	hits := 0
	for range 30 {
		w := plain.Random(rng, 40)
		b := w.Book()
		for range 10 {
			s := w.Scope()
			a := funnel.Of(b, s)
			deals := w.Select(s, a.Stamp.AsOf)
			for _, got := range a.Stages {
				st, declared := w.Stage(got.ID)
				f := plainly(w, deals, st, declared, a.Period, a.Stamp.AsOf)
				hits += len(f.entered) + len(f.standing)
				slices.Sort(f.stays)
				median := -1.0
				if n := len(f.stays); n > 0 {
					median = float64(f.stays[(n-1)/2]+f.stays[n/2]) / 2
				}
				have := fmt.Sprint(got.Count, got.Entered, got.Advanced, got.Lost, got.Remaining, got.Stays, got.MedianDays, plain.Print(got.Amount))
				want := fmt.Sprint(len(f.standing), len(f.entered), len(f.advanced), len(f.lost), len(f.entered)-len(f.advanced)-len(f.lost), len(f.stays), median,
					w.Total(f.amounts))
				if have != want {
					t.Fatalf("scope root=%q %s period %s as of %s, stage %s:\ngot  %s\nwant %s", s.Root, s, a.Period, a.Stamp.AsOf, got.ID, have, want)
				}
				if got.Conversion.OK() && got.Conversion.Value() > 1 {
					t.Fatalf("stage %s converts %v", got.ID, got.Conversion)
				}
				for set, ids := range map[funnel.Set][]store.ID{funnel.Standing: f.standing, funnel.Entered: f.entered, funnel.Advanced: f.advanced, funnel.Lost: f.lost} {
					var opened []store.ID
					for _, r := range funnel.Deals(b, s, got.ID, set).Rows {
						opened = append(opened, r.ID)
					}
					slices.Sort(opened)
					slices.Sort(ids)
					if !slices.Equal(opened, ids) {
						t.Fatalf("scope %s stage %s %s opens %v, want %v", s, got.ID, set, opened, ids)
					}
				}
			}
		}
	}
	if hits == 0 {
		t.Fatal("no scope had anything in it: the test says nothing")
	}
}
