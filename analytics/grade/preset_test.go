package grade

import (
	"context"
	"math"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// preset are the default rules under a preset.
func preset(name string) *rule.Grading {
	g := *defaults()
	g.Preset = name
	return &g
}

// Every preset judges the customers of a company of its trade without a hole: whoever was measured has a grade, nothing is held, no grade takes them all, and it does not order them as the
// general weights do.
func TestPresets_JudgeWithoutHoles(t *testing.T) {
	day := store.Date(2026, 10, 31)
	trade := map[string]string{"education": "教育", "manufacturing": "制造", "government": "政府", "retail": "零售", "medical": "医疗"}
	r := demo(t, small)
	for name := range defaults().Presets {
		of, ok := trade[name]
		if !ok {
			of = "制造" // the generator has no banks and no software houses: the measures are the same
		}
		all := *r
		all.Accounts = slices.Clone(r.Accounts)
		for i := range all.Accounts {
			all.Accounts[i].Industry = of
		}
		b := book(&all)
		o, err := Evaluate(context.Background(), b, preset(name), Options{Day: day, At: now})
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Holds) != 0 {
			t.Errorf("%s: held %+v", name, o.Holds)
		}
		graded, by := map[store.ID]float64{}, map[store.Grade]int{}
		for _, v := range o.Evaluations {
			by[v.Grade]++
			if v.Grade != "" {
				graded[v.Account] = v.Score
			}
		}
		measured := 0
		for _, a := range all.Accounts {
			c, _ := b.AccountCode(a.ID)
			for d := range b.Measured(c) {
				if d <= day {
					if measured++; graded[a.ID] == 0 {
						t.Errorf("%s: %s was measured and has no grade", name, a.ID)
					}
					break
				}
			}
		}
		for g, n := range by {
			if 10*n > 9*measured {
				t.Errorf("%s: %d of %d have grade %s", name, n, measured, g)
			}
		}
		if measured < 100 || len(by) < 3 {
			t.Errorf("%s: %d measured, grades %v", name, measured, by)
		}
		if name == "general" {
			continue
		}
		usual, err := Evaluate(context.Background(), b, preset("general"), Options{Day: day, At: now})
		if err != nil {
			t.Fatal(err)
		}
		differ := 0
		for _, v := range usual.Evaluations {
			if math.Abs(v.Score-graded[v.Account]) > .5 {
				differ++
			}
		}
		if 4*differ < measured {
			t.Errorf("%s: only %d of %d customers have another score than by the general weights", name, differ, measured)
		}
	}
}

// The source's case: eighty thousand a month against a contract of half a million a year. By the last invoice the subscriber is the smaller customer, by lifetime the better one; where rules
// name what a customer's own chance to renew is, one who will hardly renew is not.
func TestLifetime_SubscriptionAgainstContract(t *testing.T) {
	day := store.Date(2026, 10, 31)
	fee, rate := 80_000., 81.
	score := func(g *rule.Grading) (subscriber, contract float64) {
		r := &store.Records{Org: demo(t, small).Org}
		values := map[string]float64{"renewal": rate, "depth": 50, "seats": 60, "late": 5, "cycle": 100, "integration": 40, "chain": 3, "tickets": 4}
		for _, id := range []store.ID{"x:month", "x:year"} {
			r.Accounts = append(r.Accounts, store.Account{ID: id, Name: string(id), Created: day - 700, Revenue: store.Money{Minor: 5e9, Currency: "CNY"}})
			v := map[string]float64{"subscription": 0}
			for k, x := range values {
				v[k] = x
			}
			amount := int64(500_000)
			if id == "x:month" {
				v["subscription"], amount = fee, 80_000
			}
			r.Readings = append(r.Readings, store.Reading{ID: id + ".m", Account: id, Day: day, Values: v})
			r.Sales = append(r.Sales, store.Sale{ID: id + ".s", Account: id, Day: day - 20, Amount: store.Money{Minor: amount * 100, Currency: "CNY"}})
		}
		o, err := Evaluate(context.Background(), book(r), g, Options{Day: day, At: now})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range o.Evaluations {
			if v.Account == "x:month" {
				subscriber = v.Score
			} else {
				contract = v.Score
			}
			for _, in := range v.Inputs {
				if want := 12 * fee * 3.2; v.Account == "x:month" && rate == 81 && g.Lifetime.Subscription != "" && in.Name == "bought" && math.Abs(in.Value-want) > 1e-6*want {
					t.Errorf("valued at %v, want %v", in.Value, want)
				}
			}
		}
		return subscriber, contract
	}
	if s, c := score(defaults()); s <= c || c == 0 {
		t.Errorf("the subscriber has %v, the contract %v", s, c)
	}
	last := *defaults()
	last.Lifetime.Subscription = ""
	if s, c := score(&last); s >= c {
		t.Errorf("by the last invoice the subscriber has %v, the contract %v", s, c)
	}
	own := *defaults()
	own.Lifetime.Rate = "renewal"
	fee, rate = 16_000, 81 // 614 thousand by lifetime
	if s, c := score(&own); s <= c {
		t.Errorf("who renews as usual has %v, the contract %v", s, c)
	}
	rate = 10 // 188 thousand
	if s, c := score(&own); s >= c {
		t.Errorf("who will not renew has %v, the contract %v", s, c)
	}
}

// A grade steps only when the score is beyond its line by the hysteresis, and does then: over two years of the demo every step and every step not taken is held against the lines themselves.
func TestHysteresis_StepsBeyondTheLine(t *testing.T) {
	m := NewModel(book(demo(t, small)), defaults()) // A from 62, B from 52, C from 40
	for _, c := range []struct {
		prior int
		score float64
		want  int
	}{{-1, 62, 0}, {-1, 61.99, 1}, {1, 63.99, 1}, {1, 64, 0}, {0, 60, 0}, {0, 59.99, 1}, {0, 51, 1}, {0, 49.99, 2}, {3, 41.99, 3}, {3, 42, 2}, {2, 38, 2}, {2, 37.99, 3}, {3, 90, 0}} {
		if got := m.step(c.prior, c.score); got != c.want {
			t.Errorf("from %d with %v to %d, want %d", c.prior, c.score, got, c.want)
		}
	}
	b := book(demo(t, small))
	days := MonthEnds(store.Date(2025, 1, 1), store.Date(2026, 10, 31))
	still := *defaults()
	still.Guard.Vanished, still.Guard.Shift, still.Guard.Moved = 100, 1e9, 100
	jumpy := still
	jumpy.Hysteresis = 0
	steps := [2]int{}
	for i, g := range []*rule.Grading{&still, &jumpy} {
		course, err := Replay(context.Background(), b, g, days, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		stayed := 0
		for k := 1; k < len(days); k++ {
			for c, to := range course.Grade[k] {
				from, score := course.Grade[k-1][c], float64(course.Score[k][c])
				if from < 0 || score == 0 {
					continue
				}
				h := g.Hysteresis + 1e-4
				switch naked := m.place(score); {
				case to < from && score < m.from[from-1]+g.Hysteresis-1e-4:
					t.Fatalf("%s rose from %d to %d with %v", b.AccountID(analytics.Code(c)), from, to, score)
				case to > from && score > m.from[from]-g.Hysteresis+1e-4:
					t.Fatalf("%s fell from %d to %d with %v", b.AccountID(analytics.Code(c)), from, to, score)
				case to != from:
					steps[i]++
				case naked < int(from) && score > m.from[from-1]+h, naked > int(from) && score < m.from[from]-h:
					if len(course.Trace(analytics.Code(c))[k].Holds) == 0 && !course.Trace(analytics.Code(c))[k].Held {
						t.Fatalf("%s stayed at %d with %v", b.AccountID(analytics.Code(c)), from, score)
					}
				case naked != int(from):
					stayed++
				}
			}
		}
		if i == 0 && stayed < 50 {
			t.Errorf("only %d times did the hysteresis keep a grade", stayed)
		}
	}
	if steps[0] == 0 || 2*steps[0] > steps[1] {
		t.Errorf("%d steps with hysteresis, %d without", steps[0], steps[1])
	}
}
