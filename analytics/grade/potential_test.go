package grade

import (
	"context"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// lenient is the rules with a line that the synthetic company's customers reach.
func lenient(t *testing.T, intent string) *rule.Pack {
	t.Helper()
	p, err := rule.NewSchema(rule.GradingSection).Parse("rules.yaml", []byte("grading:\n  potential: {health: 60, months: 2, intent: '"+intent+"'}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Who is promoted is who was healthy at both month ends and wants something that they never bought, found by a walk over everybody.
func TestPotentials_AgainstPlain(t *testing.T) {
	r := demo(t, small)
	b := book(r)
	day := store.Date(2026, 11, 20)
	p, err := PotentialsOf(context.Background(), b, lenient(t, "open_new_product"), analytics.Scope{AsOf: day})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Days, []Day{store.Date(2026, 9, 30), store.Date(2026, 10, 31)}) {
		t.Fatalf("judged on %v", p.Days)
	}
	g := rule.GradingSection.Of(lenient(t, "open_new_product"))
	want := map[store.ID]bool{}
	healthy := 0
	for c := range analytics.Code(b.Accounts()) {
		course := HealthCourse(b, g, c, p.Days)
		if course[0].Index <= 60 || course[1].Index <= 60 {
			continue
		}
		healthy++
		bought := map[store.ID]bool{}
		for d, s := range b.Sales(c) {
			if d <= day {
				bought[s.Product] = true
			}
		}
		for _, d := range b.AccountDeals(c) {
			if s := b.DealAt(d, day); s.Exists && s.Kind == store.StageWon {
				bought[b.Product(s.Product).ID] = true
			}
		}
		for _, d := range b.AccountDeals(c) {
			if s := b.DealAt(d, day); s.Open() && !bought[b.Product(s.Product).ID] {
				want[b.AccountID(c)] = true
			}
		}
	}
	if len(want) < 3 || len(want) == healthy {
		t.Fatalf("%d of %d: the company is too small to say anything", len(want), healthy)
	}
	if p.Healthy != healthy || len(p.Rows) != len(want) {
		t.Errorf("%d healthy, %d promoted; want %d, %d", p.Healthy, len(p.Rows), healthy, len(want))
	}
	for i, x := range p.Rows {
		if !want[x.Account] || x.Least() <= 60 || len(x.New) == 0 || x.OpenDeals == 0 || i > 0 && x.Money > p.Rows[i-1].Money {
			t.Errorf("%+v", x)
		}
	}
	end, err := PotentialsOf(context.Background(), b, lenient(t, "true"), analytics.Scope{AsOf: store.Date(2026, 10, 31)})
	if err != nil || !slices.Equal(end.Days, p.Days) || len(end.Rows) != end.Healthy {
		t.Errorf("on a month's last day: %v %d of %d, %v", end.Days, len(end.Rows), end.Healthy, err)
	}
}

// A signal speaks for an intent, for a quarter; a default in the data promotes nobody.
func TestPotentials_SignalsAndFaults(t *testing.T) {
	r := demo(t, small)
	day := store.Date(2026, 11, 20)
	count := func(intent string) map[store.ID]Potential {
		t.Helper()
		p, err := PotentialsOf(context.Background(), book(r), lenient(t, intent), analytics.Scope{AsOf: day})
		if err != nil {
			t.Fatal(err)
		}
		out := map[store.ID]Potential{}
		for _, x := range p.Rows {
			out[x.Account] = x
		}
		return out
	}
	all := count("true")
	if len(all) == 0 {
		t.Fatal("nobody is healthy")
	}
	i := 0
	var told, old store.ID
	for id := range all {
		at := store.Date(2026, 11, 1)
		if i > 1 {
			break
		}
		if told == "" {
			told = id
		} else {
			at, old = store.Date(2026, 6, 1), id
		}
		r.Signals = append(r.Signals, store.Signal{ID: "w:" + id, Account: id, Kind: "white_paper", At: at.Time(now.Location()), Seen: at.Time(now.Location())})
		i++
	}
	if got := count(`"white_paper" in signals`); len(got) != 1 || len(got[told].Signals) != 1 || got[old].Account != "" {
		t.Errorf("%v", got)
	}
	tomorrow(r, store.Date(2026, 10, 30), func(v map[string]float64) []string {
		for _, h := range defaults().Health.Behaviours { // every behaviour at its best for everybody: a default, and no health
			v[h.Input] = h.Best
		}
		return nil
	})
	if got := count("true"); len(got) > len(all) {
		t.Errorf("a default promotes %d in place of %d", len(got), len(all))
	}
}
