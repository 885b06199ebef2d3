package analytics_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// decision is the plain form of who decides: all rows that stand in the store, and what counts of them by going over them one by one.
type decision map[store.ID]store.GradeChange

func (d decision) rules(from, to time.Time) (out [][2]time.Time) {
	for _, g := range d.sorted("") {
		if g.ID.Source() != "rules" {
			continue
		}
		on := len(out) > 0 && out[len(out)-1][1].Equal(to)
		if g.To == "rules" && !on {
			out = append(out, [2]time.Time{g.At, to})
		}
		if g.To == "sources" && on {
			out[len(out)-1][1] = g.At
		}
	}
	return out
}

func (d decision) sorted(account store.ID) (all []store.GradeChange) {
	for _, g := range d {
		if g.Account == account {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b store.GradeChange) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if c := a.Seen.Compare(b.Seen); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return all
}

func (d decision) counting(account store.ID) (out []store.GradeChange) {
	all := d.sorted(account)
	in := func(at time.Time, t [2]time.Time) bool { return !at.Before(t[0]) && at.Before(t[1]) }
rows:
	for _, g := range all {
		if g.ID.Source() == "rules" {
			out = append(out, g)
			continue
		}
		for _, t := range d.rules(time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)) {
			if in(g.At, t) {
				continue rows
			}
			covered := false
			for _, r := range all {
				covered = covered || r.ID.Source() == "rules" && in(r.At, t)
			}
			if g.At.Before(t[0]) && in(g.Seen, t) && !covered {
				continue rows
			}
		}
		out = append(out, g)
	}
	return out
}

func (d decision) at(account store.ID, day store.Day) (g store.Grade) {
	for i, s := range d.counting(account) {
		switch {
		case store.DayOf(s.At, time.UTC) <= day:
			g = s.To
		case i == 0:
			g = s.From
		}
	}
	return g
}

// Random histories of who decides, of sources that grade, correct, backdate and take back, and of rules that grade: after every commit the Book, advanced, folded or built, says
// what the plain form says, on every day.
func TestDecide_EqualsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	for range 6 {
		m, plain := storetest.NewMemory(), decision{}
		start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var clock atomic.Pointer[time.Time] // what is warmed beside the test looks at it too
		clock.Store(&start)
		options := analytics.Options{Now: func() time.Time { return *clock.Load() }, Report: func(err error) { t.Error(err) }}
		live := analytics.NewLive(m, m, options)
		rules := false
		for round := range 60 {
			now := clock.Load().Add(time.Duration(rng.IntN(40)) * time.Hour)
			clock.Store(&now)
			storetest.Apply(t, m, plain.next(rng, start, now, &rules, round))
			if err := live.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(8) == 0 {
				if err := live.Fold(context.Background()); err != nil || !analytics.Folded(live.Book()) {
					t.Fatal(err)
				}
			}
			if rng.IntN(8) == 0 { // a start
				live = analytics.NewLive(m, m, options)
				if err := live.Refresh(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			plain.compare(t, live.Book(), start, now, rules)
			var built *analytics.Book
			if err := m.View(t.Context(), func(s store.Snapshot) (err error) {
				built, err = analytics.Build(s, options)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			plain.compare(t, built, start, now, rules)
			if t.Failed() {
				t.Fatalf("in round %d", round)
			}
		}
	}
}

// next is what is committed next.
func (d decision) next(rng *rand.Rand, start, now time.Time, rules *bool, round int) *store.Batch {
	b := &store.Batch{Source: "crm", Seen: now}
	account := func() store.ID { return store.MakeID("crm", fmt.Sprint("a", rng.IntN(5))) }
	grade := func() store.Grade { return []store.Grade{"A", "B", "C", "D"}[rng.IntN(4)] }
	put := func(g store.GradeChange) { d[g.ID] = g; b.Grades = append(b.Grades, g) }
	ids := slices.Sorted(maps.Keys(d))
	switch rng.IntN(9) {
	case 0: // others decide
		*rules = !*rules
		g := store.GradeChange{ID: store.MakeID("rules", fmt.Sprint("decide", round)), To: analytics.DecideSources, At: now, Seen: now}
		if *rules {
			g.To = analytics.DecideRules
		}
		put(g)
		if rng.IntN(2) == 0 {
			put(store.GradeChange{ID: store.MakeID("rules", fmt.Sprint("pin", round)), Account: account(), From: "B", To: "B", At: now, Seen: now})
		}
	case 1, 2: // the rules grade, which they do while they decide
		if *rules {
			put(store.GradeChange{ID: store.MakeID("rules", fmt.Sprint("g", round)), Account: account(), From: grade(), To: grade(), At: now, Seen: now, Cause: "c"})
		}
	case 3: // a source grades in the past
		put(store.GradeChange{ID: store.MakeID("crm", fmt.Sprint("g", round)), Account: account(), From: grade(), To: grade(), At: start.Add(time.Duration(rng.Int64N(int64(now.Sub(start) + 1)))), Seen: now})
	case 4: // corrects, without having it learned anew or with
		for _, id := range ids {
			if g := d[id]; id.Source() == "crm" && rng.IntN(4) == 0 {
				g.To, g.Account = grade(), account()
				if rng.IntN(2) == 0 {
					g.Seen, g.At = now, g.At.Add(time.Duration(rng.IntN(30)-15)*time.Hour)
				}
				put(g)
			}
		}
	case 5: // takes back
		if len(ids) > 0 {
			id := ids[rng.IntN(len(ids))]
			b.Deleted = append(b.Deleted, store.Ref{Entity: store.EntityGrade, ID: id})
			delete(d, id)
			*rules = d.decides()
		}
	default:
		put(store.GradeChange{ID: store.MakeID("crm", fmt.Sprint("g", round)), Account: account(), From: grade(), To: grade(), At: now.Add(-time.Hour), Seen: now})
	}
	b.Accounts = append(b.Accounts, store.Account{ID: store.MakeID("crm", fmt.Sprint("a", rng.IntN(5))), Name: fmt.Sprint("n", round)})
	return b
}

func (d decision) decides() bool {
	end := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	t := d.rules(time.Time{}, end)
	return len(t) > 0 && t[len(t)-1][1].Equal(end)
}

func (d decision) compare(t *testing.T, b *analytics.Book, start, now time.Time, rules bool) {
	t.Helper()
	if b.RulesDecide() != rules || d.decides() != rules {
		t.Errorf("the rules decide: %t, want %t", b.RulesDecide(), rules)
	}
	var days []analytics.Day
	for day := store.DayOf(start, time.UTC) - 1; day <= store.DayOf(now, time.UTC)+1; day++ {
		days = append(days, day)
	}
	boards, names := b.GradesOn(days...), b.GradeNames()
	any, seen := false, map[store.Grade]bool{}
	for c := range analytics.Code(b.Accounts()) {
		id := b.AccountID(c)
		for i, day := range days {
			want := d.at(id, day)
			board := store.Grade("")
			if p := boards[i][c]; p != analytics.Ungraded {
				board = names[p]
			}
			if got := b.GradeAt(c, day); got != want || board != want {
				t.Errorf("%s on %s: %q, on the board %q, want %q", id, day, got, board, want)
			}
		}
		var got []store.GradeChange
		for _, g := range b.Grades(c) {
			got = append(got, *g)
		}
		want := d.counting(id)
		for _, g := range want {
			any, seen[g.From], seen[g.To] = true, true, true
		}
		if !slices.EqualFunc(got, want, func(a, b store.GradeChange) bool { return a.ID == b.ID && a.To == b.To }) {
			t.Errorf("%s: steps\n%v, want\n%v", id, got, want)
		}
		said, ok := b.SourceGrade(c, days[len(days)-1])
		var last *store.GradeChange
		for _, g := range d.sorted(id) {
			if g.ID.Source() == "crm" {
				last = &g
			}
		}
		if ok != (last != nil) || ok && said != last.To {
			t.Errorf("%s: the sources said %q, %t", id, said, ok)
		}
	}
	delete(seen, "")
	if b.HasGrades() != any {
		t.Errorf("has grades: %t, want %t", b.HasGrades(), any)
	}
	if got := slices.Sorted(slices.Values(names)); !slices.Equal(got, slices.Sorted(maps.Keys(seen))) {
		t.Errorf("names %v, want %v", got, slices.Sorted(maps.Keys(seen)))
	}
}
