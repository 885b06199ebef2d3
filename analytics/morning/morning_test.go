package morning_test

import (
	"fmt"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/morning"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

var small = booktest.Size{Teams: 3, People: 10, Accounts: 60, Deals: 300, Touches: 900}

// Since which day something is told: the last working day, or the last look's.
func TestSince(t *testing.T) {
	m := rule.MorningSection.Of(nil)
	wed := booktest.Today
	at := func(d store.Day, hour int) time.Time {
		return d.Time(booktest.Zone).Add(time.Duration(hour) * time.Hour)
	}
	for _, c := range []struct {
		name   string
		looked time.Time
		day    store.Day
		since  store.Day
		seen   bool
	}{
		{"never, a Wednesday", time.Time{}, wed, wed - 1, false},
		{"never, a Monday", time.Time{}, wed - 2, wed - 5, false},
		{"looked yesterday", at(wed-1, 8), wed, wed - 1, true},
		{"looked late in the evening", at(wed-1, 23), wed, wed - 1, true},
		{"looked on Sunday", at(wed-3, 20), wed - 2, wed - 3, true},
		{"away for ten days", at(wed-10, 8), wed, wed - 10, true},
		{"away for half a year", at(wed-180, 8), wed, wed - 31, false},
		{"the same day", at(wed, 7), wed, wed - 1, false},
		{"a clock that was wrong", at(wed+9, 7), wed, wed - 1, false},
	} {
		since, from, seen := morning.Since(booktest.Zone, m, c.looked, c.day)
		if since != c.since || from != since-1 || seen != c.seen {
			t.Errorf("%s: since %v from %v seen %v, want since %v seen %v", c.name, since, from, seen, c.since, c.seen)
		}
	}
}

// What moved is what differs between the two days, for whoever reads every record.
func TestMorning_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	told := map[string]int{}
	for range 8 {
		r := booktest.Company(rng, small, booktest.With{Touches: true, Grades: true, Sales: true})
		for i := range 60 {
			r.Signals = append(r.Signals, store.Signal{ID: store.MakeID("t", fmt.Sprint("n", i)), Account: r.Accounts[rng.IntN(len(r.Accounts))].ID, Kind: "white_paper", Title: "X",
				At: (booktest.Today - store.Day(rng.IntN(120))).Time(booktest.Zone)})
		}
		b := booktest.Book(r)
		for _, s := range []analytics.Scope{{}, {Node: r.Units[0].ID}, {AsOf: booktest.Today - 60}} {
			day := b.AsOf(s)
			q := morning.Question{Scope: s, Looked: (day - 20).Time(booktest.Zone)}
			a := morning.Of(b, desk.View{}, nil, q)
			sel := b.Select(s)
			m, g := rule.MorningSection.Of(nil), rule.GradingSection.Of(nil)
			colour := func(n int) int {
				switch {
				case n < g.Health.Red:
					return 0
				case n < g.Health.Yellow:
					return 1
				}
				return 2
			}
			moves, health := map[store.ID]bool{}, map[store.ID]bool{}
			for _, acc := range r.Accounts {
				c, _ := b.AccountCode(acc.ID)
				if !sel.Account(c) {
					continue
				}
				was, is := b.GradeAt(c, a.From), b.GradeAt(c, day)
				if was != is && was != "" && is != "" {
					moves[acc.ID] = true
				}
				if was != is && was != "" {
					continue
				}
				w, ok1 := b.HealthAt(c, a.From)
				x, ok2 := b.HealthAt(c, day)
				if ok1 && ok2 && x != w && (colour(x) != colour(w) || max(x-w, w-x) >= m.Health) {
					health[acc.ID] = true
				}
			}
			for _, x := range a.Grades {
				if !moves[x.Account] {
					t.Fatalf("%v: %s did not move", s, x.Account)
				}
				delete(moves, x.Account)
				told["grade"]++
			}
			for _, x := range a.Health {
				if !health[x.Account] || x.Was == x.Is {
					t.Fatalf("%v: %+v", s, x)
				}
				delete(health, x.Account)
				told["health"]++
			}
			if len(moves)+len(health) > 0 || len(a.Grades) != a.GradeUp+a.GradeDown || len(a.Health) != a.Sicker+a.Healthier {
				t.Fatalf("%v: not told %v %v", s, moves, health)
			}
			steps := map[store.ID]morning.DealKind{}
			for _, d := range r.Deals {
				c, _ := b.DealCode(d.ID)
				is, ok := sel.Deal(c)
				was := b.DealAt(c, a.From)
				switch {
				case !ok:
				case is.Kind != store.StageOpen && (!was.Exists || was.Kind != is.Kind):
					steps[d.ID] = map[store.StageKind]morning.DealKind{store.StageWon: morning.Won, store.StageLost: morning.Lost}[is.Kind]
				case is.Kind == store.StageOpen && was.Open() && was.Close != store.NoDay && is.Close > was.Close:
					steps[d.ID] = morning.Slipped
				}
			}
			for _, x := range a.Deals {
				if steps[x.Deal.ID] != x.Kind {
					t.Fatalf("%v: %s %s, want %q", s, x.Kind, x.Deal.ID, steps[x.Deal.ID])
				}
				delete(steps, x.Deal.ID)
				told[string(x.Kind)]++
			}
			if len(steps) > 0 {
				t.Fatalf("%v: not told %v", s, steps)
			}
			seen := 0
			for _, x := range r.Signals {
				c, _ := b.AccountCode(x.Account)
				if d := store.DayOf(x.At, booktest.Zone); d > a.From && d <= day && sel.Account(c) {
					seen++
				}
			}
			if a.Signal != seen || len(a.Signals) != seen {
				t.Fatalf("%v: %d signals, want %d", s, a.Signal, seen)
			}
			told["signal"] += seen
			silent := map[store.PersonID]bool{}
			for _, p := range r.People {
				c, _ := b.PersonCode(p.ID)
				if !sel.Inside(b.PersonNode(c)) || p.Inactive {
					continue
				}
				last := store.NoDay
				for _, x := range r.Touches {
					if d := store.DayOf(x.At, booktest.Zone); x.Rep == p.ID && d <= day && d > a.Workday-analytics.Day(m.Logging) {
						last = max(last, d)
					}
				}
				owns := false
				for d := range sel.Deals() {
					owns = owns || d.Open() && d.Owner == c
				}
				if (last != store.NoDay || owns) && last < a.Workday {
					silent[p.ID] = true
				}
			}
			for _, x := range a.Unlogged {
				if !silent[x.Person] {
					t.Fatalf("%v: %+v logged, or need not", s, x)
				}
				delete(silent, x.Person)
				told["silent"]++
			}
			if len(silent) > 0 {
				t.Fatalf("%v: not told %v", s, silent)
			}
		}
	}
	for _, k := range []string{"grade", "health", "won", "lost", "silent", "signal"} {
		if told[k] < 10 {
			t.Errorf("%v: too few cases of %s to say anything", told, k)
		}
	}
}
