package grade

import (
	"context"
	"errors"
	"math"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Two sets of rules are told apart customer by customer as two replays grade them, with the points that the changed weights make.
func TestCompare_AgreesWithReplays(t *testing.T) {
	r := demo(t, small)
	b := book(r)
	days := MonthEnds(store.Date(2026, 3, 1), store.Date(2026, 10, 31))
	same, err := Compare(context.Background(), b, analytics.Scope{}, defaults(), defaults(), days, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := same.On(len(days) - 1); len(v.Movers) != 0 || v.Agree.Num != v.Agree.Den || v.Same < 100 || same.Moved[0] != same.Moved[1] || same.Moved[0] == 0 {
		t.Errorf("the same rules differ: %+v, %v", v, same.Moved)
	}
	g := *defaults()
	g.Weights = map[string]float64{"renewal": .6, "support": .1}
	g.Grades = []rule.GradeLine{{Grade: "A", From: 64}, {Grade: "B", From: 52}, {Grade: "C", From: 40}, {Grade: "D"}}
	done := 0
	c, err := Compare(context.Background(), b, analytics.Scope{}, defaults(), &g, days, nil, func(d, all int) { done = max(done, d-all) })
	if err != nil || done != 0 {
		t.Fatal(err, done)
	}
	for k := range days {
		v := c.On(k)
		movers := 0
		for code := range analytics.Code(b.Accounts()) {
			was, is := c.Old.Grade[k][code], c.New.Grade[k][code]
			if was >= 0 && is >= 0 && was != is {
				movers++
			}
		}
		if same, up, down := c.Tally(k); same != v.Same || up != v.Up || down != v.Down {
			t.Fatalf("%v: tallied %d %d %d, told %d %d %d", days[k], same, up, down, v.Same, v.Up, v.Down)
		}
		if movers != len(v.Movers) || v.Up+v.Down != movers || k == len(days)-1 && movers == 0 {
			t.Fatalf("%v: %d movers of %d", days[k], len(v.Movers), movers)
		}
		for _, m := range v.Movers {
			why, line := c.Why(m.Code, k)
			sum := 0.
			for _, w := range why {
				sum += w.Points
			}
			if math.Abs(sum-(m.Score-m.Was)) > .3 || len(why) == 0 && !line {
				t.Errorf("%v: %s from %.2f to %.2f, told %v %v", days[k], m.Account, m.Was, m.Score, why, line)
			}
		}
	}
	part, err := Compare(context.Background(), b, analytics.Scope{Root: r.Units[len(r.Units)-1].ID}, defaults(), &g, days, nil, nil)
	if err != nil || len(part.in) == 0 || len(part.in) >= len(c.in) {
		t.Errorf("a team has %d of %d customers, %v", len(part.in), len(c.in), err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Compare(ended, b, analytics.Scope{}, defaults(), &g, days, nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// One customer step by step is what the replay made of it.
func TestCourse_Trace(t *testing.T) {
	b := book(demo(t, small))
	days := MonthEnds(store.Date(2026, 1, 1), store.Date(2026, 10, 31))
	c, err := Replay(context.Background(), b, defaults(), days, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for code := range analytics.Code(b.Accounts()) {
		before := store.Grade("")
		for k, x := range c.Trace(code) {
			want := store.Grade("")
			if i := c.Grade[k][code]; i >= 0 {
				want = c.Lines[i]
			}
			if want != "" && (x.Next != want || x.Grade != before || math.Abs(x.Score-float64(c.Score[k][code])) > .01) {
				t.Fatalf("%v: %s: %s > %s %v, the replay says %s %v", days[k], x.Account, x.Grade, x.Next, x.Score, want, c.Score[k][code])
			}
			before = x.Next
			if x.Grade != "" && x.Grade != x.Next {
				if steps++; len(x.Cause) == 0 {
					t.Errorf("%s moved without a cause", x.Account)
				}
			}
		}
	}
	if steps == 0 {
		t.Error("nobody ever moved")
	}
}
