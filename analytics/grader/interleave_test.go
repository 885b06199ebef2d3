package grader

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// between is a store into which others write just before the Grader does: after it has looked, and before what it found stands.
type between struct {
	store.Writer
	before func()
}

func (w *between) Apply(ctx context.Context, b *store.Batch) (store.Rev, error) {
	if fn := w.before; fn != nil {
		w.before = nil
		fn()
	}
	return w.Writer.Apply(ctx, b)
}

// While the rules decide, nothing that a source says of grades counts: whatever it says, corrects, backdates or takes back, in whatever order with readings, faults, new rules, new days,
// restarts, Books that lag behind, and commits in the middle of an evaluation. A grade moves in a step of the rules alone, with its cause; the change of who decides moves one in a step
// too, and once the sources decide again each customer has what its source said.
func TestGrader_NoSourceCountsWhileTheRulesDecide(t *testing.T) {
	rng := storetest.Rand(t)
	for range 2 {
		size := small
		size.Accounts = 45
		b := newBenchOf(t, decides, size)
		store1 := &between{Writer: b.store}
		b.o.Store = store1
		b.Grader = New(b.o)
		refresh := func() {
			t.Helper()
			if err := b.books.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		refresh()
		accounts := func() (ids []store.ID) {
			for c := range analytics.Code(b.books.Book().Accounts()) {
				if b.books.Book().AccountLive(c) {
					ids = append(ids, b.books.Book().AccountID(c))
				}
			}
			return ids
		}()
		said := map[store.ID]store.GradeChange{}
		n := 0
		says := func() {
			batch := &store.Batch{Source: "demo", Seen: b.clock()}
			for range 1 + rng.IntN(8) {
				n++
				g := store.GradeChange{ID: store.ID(fmt.Sprint("demo:said", n)), Account: accounts[rng.IntN(len(accounts))], From: "B", To: []store.Grade{"A", "B", "C", "D"}[rng.IntN(4)], Cause: "by the CRM",
					At: b.clock().Add(-time.Duration(rng.IntN(200)) * time.Hour)}
				said[g.ID] = g
				batch.Grades = append(batch.Grades, g)
			}
			for _, id := range slices.Sorted(maps.Keys(said)) {
				g := said[id]
				switch rng.IntN(12) {
				case 0: // takes it back
					batch.Deleted = append(batch.Deleted, store.Ref{Entity: store.EntityGrade, ID: g.ID})
					delete(said, g.ID)
				case 1: // corrects it
					g.To, g.At = "A", g.At.Add(time.Duration(rng.IntN(60)-30)*time.Hour)
					said[g.ID] = g
					batch.Grades = append(batch.Grades, g)
				}
			}
			storetest.Apply(t, b.store, batch)
		}
		says()
		refresh()
		b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
		b.step()
		var log []string
		was, by := b.grades(), b.books.Book().RulesDecide()
		if !by {
			t.Fatal("the rules do not decide")
		}
		presets := []string{"general", "education", "government"}
		sections := 0
		for round := range 60 {
			step := false
			switch op := rng.IntN(10); op {
			case 0, 1, 2:
				log = append(log, "a source says")
				says()
			case 3:
				log = append(log, "a day")
				b.nextDay()
			case 4:
				log = append(log, "measured")
				b.measure(store.DayOf(b.clock(), time.UTC), func(v map[string]float64) { v["depth"] = min(100, v["depth"]*(.9+.2*rng.Float64())) })
			case 5:
				log = append(log, "a fault")
				b.measure(store.DayOf(b.clock(), time.UTC), func(v map[string]float64) { v["renewal"] = 0; delete(v, "tickets") })
			case 6:
				who := "rules"
				if rng.IntN(2) == 0 {
					who = "sources"
				}
				sections++
				log = append(log, "rules: "+who)
				b.rules(fmt.Sprintf("# %d\ngrading: {decides: %s, every: day, preset: %s}\n", sections, who, presets[rng.IntN(len(presets))]))
			case 7:
				log = append(log, "a restart")
				b.Grader = New(b.o)
			default:
				step = true
				if rng.IntN(3) == 0 {
					log = append(log, "in the middle of:")
					store1.before = says
				}
				if rng.IntN(3) > 0 {
					refresh() // else the Book lags behind
				}
				log = append(log, "an evaluation")
				if err := b.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				store1.before = nil
			}
			refresh()
			fail := func(format string, args ...any) {
				t.Helper()
				t.Fatalf("round %d after %s: %s", round, strings.Join(log[max(0, len(log)-8):], ", "), fmt.Sprintf(format, args...))
			}
			book := b.books.Book()
			is, rules := b.grades(), book.RulesDecide()
			if !step && rules != by {
				fail("who decides changed without an evaluation")
			}
			if !rules && !by { // sources' business, until an evaluation catches up
				was, by = is, rules
				continue
			}
			for _, id := range accounts {
				c, _ := book.AccountCode(id)
				if is[id] == was[id] {
					continue
				}
				if !step {
					fail("%s moved from %s to %s", id, was[id], is[id])
				}
				steps := book.GradeSteps(c)
				var last store.GradeChange
				for _, g := range book.Grades(c) {
					last = *g
				}
				if len(steps) == 0 || last.ID.Source() != grade.Source || last.To != is[id] || last.Cause == "" || last.Rule == "" {
					if rules || last.ID.Source() == grade.Source {
						fail("%s is %s after %s by %+v", id, is[id], was[id], last)
					}
				}
			}
			if rules {
				for _, id := range accounts {
					c, _ := book.AccountCode(id)
					var own store.Grade
					for _, g := range book.Grades(c) {
						if g.ID.Source() == grade.Source {
							own = g.To
						}
					}
					if own != is[id] {
						fail("%s is %q, the rules' last step says %q", id, is[id], own)
					}
				}
			}
			was, by = is, rules
		}
		b.rules("grading: {decides: sources, every: day}\n")
		b.step()
		b.step()
		book := b.books.Book()
		for _, id := range accounts {
			c, _ := book.AccountCode(id)
			if want, ok := book.SourceGrade(c, book.Now()); ok && book.GradeAt(c, book.Now()) != want {
				t.Fatalf("the sources decide, %s is %s and not %s", id, book.GradeAt(c, book.Now()), want)
			}
		}
	}
}

// What a source commits while the grades are handed back to it is caught up with, though the Book after that holds it already.
func TestGrader_CommitInTheMiddle(t *testing.T) {
	b := newBench(t, decides)
	w := &between{Writer: b.store}
	b.o.Store = w
	b.Grader = New(b.o)
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	b.nextDay()
	b.rules("grading: {decides: sources, every: day}\n")
	w.before = func() { b.source(1, "D", b.clock().Add(-time.Hour)) } // in the rules' time
	b.step()
	b.step()
	for id, g := range b.grades() {
		if c, _ := b.books.Book().AccountCode(id); b.books.Book().AccountLive(c) && g != "D" {
			t.Fatalf("%s is %s, its source says D", id, g)
		}
	}
}
