package grade

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
)

var now = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// demo is the synthetic company without the grades that its own system gives.
func demo(t testing.TB, size company.Size) *store.Records {
	t.Helper()
	c, err := company.New(company.Config{Seed: 1, Now: now, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	r, org := c.Take(), company.Org()
	r.Org, r.Grades = &org, nil
	return r
}

var small = company.Size{Regions: 2, Teams: 3, Reps: 9, Accounts: 150, Deals: 400, Touches: 1500, Sales: 3000, Quarters: 8, Months: 24}

func book(r *store.Records) *analytics.Book {
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return now }})
}

func defaults() *rule.Grading { return rule.GradingSection.Of(nil) }

func evaluate(t *testing.T, b *analytics.Book, day Day, holds []Hold, accepted Accepted) *Outcome {
	t.Helper()
	o, err := Evaluate(context.Background(), b, defaults(), Options{Day: day, At: day.Time(b.Location()).Add(26 * time.Hour), Rule: "1", Why: "day", Holds: holds, Accepted: accepted})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// keep stores what an evaluation found, as the runner does.
func keep(r *store.Records, o *Outcome) {
	r.Evaluations = append(r.Evaluations, o.Evaluations...)
	for i, m := range o.Moves {
		at := o.Evaluations[0].At
		r.Grades = append(r.Grades, store.GradeChange{ID: store.MakeID(Source, fmt.Sprint(at.Unix(), i)), Account: m.Account, From: m.From, To: m.To, At: at.Add(-3 * time.Hour), Seen: at, Cause: "x"})
	}
}

// tomorrow gives every account a reading of a day, made from its newest one by change; change nil: nobody was measured.
func tomorrow(r *store.Records, day Day, change func(v map[string]float64) (mistyped []string)) {
	newest := map[store.ID]store.Reading{}
	for _, m := range r.Readings {
		if was, ok := newest[m.Account]; !ok || m.Day > was.Day {
			newest[m.Account] = m
		}
	}
	for _, a := range r.Accounts {
		m, ok := newest[a.ID]
		if !ok || change == nil {
			continue
		}
		values := map[string]float64{}
		for k, v := range m.Values {
			values[k] = v
		}
		bad := change(values)
		for _, k := range bad {
			delete(values, k)
		}
		r.Readings = append(r.Readings, store.Reading{ID: a.ID + store.ID(fmt.Sprint(".x", day)), Account: a.ID, Day: day, Values: values, Mistyped: bad})
	}
}

// The source's incident: an API that is throttled, a field that vanishes, nonsense, a default in place of a value. None of them moves a grade; each is held under its own name; when
// the source heals, the grades follow with their causes.
func TestIncident_FaultsMoveNoGrade(t *testing.T) {
	same := func(map[string]float64) []string { return nil }
	for _, tt := range []struct {
		name  string
		fault func(v map[string]float64) []string
		days  Day // for which it lasts
		why   store.InputState
	}{
		{"vanished", func(v map[string]float64) []string { delete(v, "depth"); return nil }, 3, store.InputMissing},
		{"renamed", func(v map[string]float64) []string { v["feature_depth"] = v["depth"]; delete(v, "depth"); return nil }, 3, store.InputMissing},
		{"retyped", func(map[string]float64) []string { return []string{"depth"} }, 3, store.InputMistyped},
		{"out of bounds", func(v map[string]float64) []string { v["depth"] = 1e6; return nil }, 3, store.InputOutside},
		{"a default", func(v map[string]float64) []string { v["depth"] = 0; return nil }, 3, store.InputShifted},
		{"in another unit", func(v map[string]float64) []string { v["depth"] /= 100; return nil }, 3, store.InputShifted},
		{"throttled", nil, 60, store.InputStale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := demo(t, small)
			r.Sales, r.Deals, r.Changes = nil, nil, nil // purchases go on moving grades
			day := store.Date(2026, 8, 20)
			r.Readings = slices.DeleteFunc(r.Readings, func(m store.Reading) bool { return m.Day > day })
			tomorrow(r, day, same)
			first := evaluate(t, book(r), day, nil, nil)
			if len(first.Moves) < 100 || len(first.Holds) != 0 {
				t.Fatalf("%d first grades, holds %v", len(first.Moves), first.Holds)
			}
			keep(r, first)
			holds := first.Holds
			var since Day
			for d := day + tt.days/3; d <= day+tt.days; d += tt.days / 3 {
				tomorrow(r, d, tt.fault)
				o := evaluate(t, book(r), d, holds, nil)
				if len(o.Moves) != 0 {
					t.Fatalf("on %v %d grades moved, such as %+v", d, len(o.Moves), o.Moves[0])
				}
				if tt.name == "throttled" && d-day <= 45 {
					continue
				}
				i := slices.IndexFunc(o.Holds, func(h Hold) bool { return h.Input == "depth" })
				if i < 0 || o.Holds[i].Why != tt.why || o.Held < 100 {
					t.Fatalf("on %v: held %+v, %d customers", d, o.Holds, o.Held)
				}
				if since == 0 {
					since = d
				}
				if o.Holds[i].Since != since {
					t.Errorf("on %v: held since %v, want %v", d, o.Holds[i].Since, since)
				}
				holds = o.Holds
				keep(r, o)
			}
			healed := day + tt.days + 1
			k := 0
			tomorrow(r, healed, func(v map[string]float64) []string {
				if v["depth"] == 0 || v["depth"] < 1 || v["depth"] > 100 {
					v["depth"] = 50
				}
				if k++; k%5 == 0 { // and some customers do worse by now
					v["depth"], v["seats"], v["renewal"] = 4, 8, 5
				}
				return nil
			})
			accept := func(string, Day) bool { return true } // the source's good values are as unlike the nonsense as that was unlike the ones before
			o := evaluate(t, book(r), healed, holds, accept)
			if len(o.Holds) != 0 || len(o.Moves) == 0 {
				t.Fatalf("healed: %v held, %d moves", o.Holds, len(o.Moves))
			}
			for _, m := range o.Moves {
				if len(m.Cause) == 0 || m.From == m.To {
					t.Errorf("a move without its cause: %+v", m)
				}
			}
		})
	}
}

// A shift stays held until a person says that the values are right; then the grades follow.
func TestGuard_ShiftAccepted(t *testing.T) {
	r := demo(t, small)
	day := store.Date(2026, 8, 20)
	r.Readings = slices.DeleteFunc(r.Readings, func(m store.Reading) bool { return m.Day > day })
	tomorrow(r, day, func(map[string]float64) []string { return nil })
	first := evaluate(t, book(r), day, nil, nil)
	keep(r, first)
	worse := func(v map[string]float64) []string {
		v["depth"], v["renewal"] = 4+v["depth"]/10, v["renewal"]/10
		return nil
	}
	tomorrow(r, day+1, worse)
	o := evaluate(t, book(r), day+1, nil, nil)
	if len(o.Moves) != 0 || len(o.Holds) != 2 || !o.Holds[0].Person {
		t.Fatalf("%d moves, %+v", len(o.Moves), o.Holds)
	}
	keep(r, o)
	o = evaluate(t, book(r), day+2, o.Holds, func(input string, since Day) bool { return since == day+1 })
	if len(o.Moves) < 10 || len(o.Holds) != 0 {
		t.Fatalf("accepted: %d moves, %+v", len(o.Moves), o.Holds)
	}
}

// An input's own limit goes before the guard's: the wider one lets a shift pass that the others are held for, the narrower one holds what they may do.
func TestGuard_OwnLimits(t *testing.T) {
	r := demo(t, small)
	day := store.Date(2026, 8, 20)
	r.Readings = slices.DeleteFunc(r.Readings, func(m store.Reading) bool { return m.Day > day })
	tomorrow(r, day, func(map[string]float64) []string { return nil })
	keep(r, evaluate(t, book(r), day, nil, nil))
	tomorrow(r, day+1, func(v map[string]float64) []string {
		v["depth"], v["renewal"] = 4+v["depth"]/10, v["renewal"]/10
		v["seats"] = min(100, v["seats"]*1.2)
		return nil
	})
	b := book(r)
	held := func(own map[string]rule.Input) (names []string) {
		t.Helper()
		g := *defaults()
		g.Inputs = maps.Clone(g.Inputs)
		for name, limits := range own {
			in := g.Inputs[name]
			in.Shift, in.Moved = limits.Shift, limits.Moved
			g.Inputs[name] = in
		}
		holds, err := Guards(t.Context(), b, &g, day+1, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range holds {
			names = append(names, h.Input)
		}
		return names
	}
	if got := held(nil); !slices.Equal(got, []string{"depth", "renewal"}) {
		t.Errorf("by the guard's limits: %v", got)
	}
	if got := held(map[string]rule.Input{"depth": {Shift: 10, Moved: 100}}); !slices.Equal(got, []string{"renewal"}) {
		t.Errorf("depth may swing: %v", got)
	}
	if got := held(map[string]rule.Input{"seats": {Shift: .05}}); !slices.Equal(got, []string{"depth", "renewal", "seats"}) {
		t.Errorf("seats may hardly move: %v", got)
	}
}

// What a board says under the weights in force is what an evaluation enters; under other weights it is what a model with these weights says.
func TestBoard_EqualsModel(t *testing.T) {
	r := demo(t, small)
	day := store.Date(2026, 10, 31)
	b := book(r)
	keep(r, evaluate(t, b, store.Date(2026, 9, 30), nil, nil))
	b = book(r)
	rng := storetest.Rand(t)
	for round := range 20 {
		g := *defaults()
		g.Weights = map[string]float64{}
		if round > 0 {
			for i := range g.Attributes {
				if a := &g.Attributes[i]; rng.IntN(2) == 0 {
					g.Weights[a.ID] = a.Min + (a.Max-a.Min)*(.1+.9*rng.Float64())
				}
			}
		}
		o, err := Evaluate(context.Background(), b, &g, Options{Day: day, At: now})
		if err != nil {
			t.Fatal(err)
		}
		want := map[store.ID]store.Evaluation{}
		for _, v := range o.Evaluations {
			want[v.Account] = v
		}
		board := BoardOf(b, defaults(), analytics.Scope{AsOf: day})
		st := board.With(g.Weights)
		up, down, counts := 0, 0, make([]int, len(board.Lines))
		for row := range board.Len() {
			v := want[b.AccountID(board.Account(row))]
			got := store.Grade("")
			if k := st.Grade(row); k >= 0 {
				got = board.Lines[k]
				counts[k]++
			}
			if got != v.Grade || math.Abs(st.Score(row)-v.Score) > .02 {
				t.Fatalf("round %d: %s has %s %v, the model says %s %v", round, v.Account, got, st.Score(row), v.Grade, v.Score)
			}
			if p := board.Prior(row); p >= 0 && st.Grade(row) < p {
				up++
			} else if p >= 0 && st.Grade(row) > p {
				down++
			}
		}
		if up != st.Up || down != st.Down || !slices.Equal(counts, st.Counts) || len(st.Movers(0)) != up+down {
			t.Fatalf("up %d down %d counts %v: %+v", up, down, counts, st)
		}
		if n := min(7, up+down); !slices.Equal(st.Movers(7), st.Movers(0)[:n]) {
			t.Fatalf("the movers with the most money are %v of %v", st.Movers(7), st.Movers(0))
		}
		squares := Square{}
		for i, sq := range st.Matrix() {
			if n := len(board.Lines); i/n != i%n {
				squares.Count += sq.Count
				squares.Money += sq.Money
			}
		}
		if squares != (Square{up + down, st.UpMoney + st.DownMoney}) {
			t.Fatalf("off the matrix' diagonal are %+v, want %d worth %d", squares, up+down, st.UpMoney+st.DownMoney)
		}
		top, all := st.Top(20), make([]int, board.Len())
		for i := range all {
			all[i] = i
		}
		slices.SortStableFunc(all, func(x, y int) int { return -cmpFloat(st.product[x], st.product[y]) })
		if !slices.Equal(top, all[:20]) {
			t.Fatalf("top %v, want %v", top, all[:20])
		}
	}
}

func cmpFloat(a, b float32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// The reasons of a move add up to the difference of the scores, and an explanation can be written as JSON, unknown values included.
func TestReasons_AddUp(t *testing.T) {
	r := demo(t, small)
	keep(r, evaluate(t, book(r), store.Date(2026, 8, 31), nil, nil))
	b := book(r)
	o := evaluate(t, b, store.Date(2026, 10, 31), nil, nil)
	if len(o.Moves) == 0 {
		t.Fatal("nobody moved")
	}
	for _, m := range o.Moves {
		sum := 0.
		for _, c := range m.Cause {
			sum += c.Points
		}
		if m.Was.Known() && math.Abs(sum-(m.Score-float64(m.Was))) > .06 {
			t.Errorf("%s: causes add up to %v, the score went from %v to %v", m.Account, sum, m.Was, m.Score)
		}
	}
	x, ok := Explain(context.Background(), b, defaults(), analytics.Scope{AsOf: store.Date(2026, 10, 31)}, o.Moves[0].Account)
	if !ok || x.Next != o.Moves[0].To || len(x.Behaviours) != 12 || len(x.Factors) != 3 {
		t.Fatalf("%+v, want %+v", x, o.Moves[0])
	}
	if _, err := json.Marshal(x); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(o.Moves); err != nil {
		t.Fatal(err)
	}
}

// A replay over one day is an evaluation of customers who were never judged.
func TestReplay_EqualsEvaluate(t *testing.T) {
	b := book(demo(t, small))
	day := store.Date(2026, 10, 31)
	c, err := Replay(context.Background(), b, defaults(), []Day{day}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range evaluate(t, b, day, nil, nil).Evaluations {
		code, _ := b.AccountCode(v.Account)
		got := store.Grade("")
		if k := c.Grade[0][code]; k >= 0 {
			got = c.Lines[k]
		}
		if since := b.KnownSince(code); since > day {
			v.Grade = ""
		}
		if got != v.Grade {
			t.Errorf("%s: replayed %q, evaluated %q", v.Account, got, v.Grade)
		}
	}
}

// What happens after a day changes nothing that is replayed up to it.
func TestReplay_NoFuture(t *testing.T) {
	r := demo(t, small)
	days := MonthEnds(store.Date(2026, 1, 1), store.Date(2026, 6, 30))
	a, _ := Replay(context.Background(), book(r), defaults(), days, nil, nil)
	r.Readings = slices.DeleteFunc(r.Readings, func(m store.Reading) bool { return m.Day > days[5] })
	for i := range r.Sales {
		if r.Sales[i].Day > days[5] {
			r.Sales[i].Amount.Minor *= 3
		}
	}
	b, _ := Replay(context.Background(), book(r), defaults(), days, nil, nil)
	for k := range days {
		if !slices.Equal(a.Grade[k], b.Grade[k]) {
			t.Errorf("%v: the future changed a grade", days[k])
		}
	}
}

// What stored evaluations say of two days adds up to the difference of their scores.
func TestModel_Between(t *testing.T) {
	r := demo(t, small)
	from, to := store.Date(2026, 6, 30), store.Date(2026, 10, 31)
	for _, day := range []Day{from, to} {
		keep(r, evaluate(t, book(r), day, nil, nil))
	}
	b := book(r)
	m, told := NewModel(b, defaults()), 0
	for _, a := range r.Accounts {
		c, _ := b.AccountCode(a.ID)
		ch, ok := m.Between(c, from, to+20)
		if !ok {
			t.Fatalf("%s was judged on both days", a.ID)
		}
		sum := 0.
		for _, in := range ch.Inputs {
			sum += in.Points
			if in.From == in.To {
				t.Errorf("%s: %+v", a.ID, in)
			}
		}
		if math.Abs(sum-(ch.To.Score-ch.From.Score)) > .3 { // reasons under half a hundredth are left out
			t.Errorf("%s went from %v to %v; the inputs say %v", a.ID, ch.From.Score, ch.To.Score, sum)
		}
		told += len(ch.Inputs)
		if _, ok := m.Between(c, to, to+20); ok {
			t.Errorf("%s was not judged after %v", a.ID, to)
		}
	}
	if told == 0 {
		t.Error("no input ever moved")
	}
}

// A customer's health over time ends with what is said of it now, and its parts make up the index.
func TestHealthCourse_EndsWithToday(t *testing.T) {
	b := book(demo(t, small))
	days := MonthEnds(store.Date(2026, 1, 1), store.Date(2026, 10, 31))
	moved := 0
	for c := range analytics.Code(40) {
		x, ok := Explain(context.Background(), b, defaults(), analytics.Scope{AsOf: days[len(days)-1]}, b.AccountID(c))
		course := HealthCourse(b, defaults(), c, days)
		last := course[len(course)-1]
		if !ok || last.Index != x.Health || len(last.Parts) != len(x.Behaviours) {
			t.Fatalf("%+v, want %d", last, x.Health)
		}
		for i, p := range last.Parts {
			if w := x.Behaviours[i].Scaled; p != w && (p.Known() || w.Known()) {
				t.Errorf("part %d is %v, want %v", i, p, w)
			}
		}
		if course[0].Index != last.Index {
			moved++
		}
	}
	if moved == 0 {
		t.Error("nobody's health ever moved")
	}
}

// Where no source gives an index, lists show that of the rules.
func TestHealthAt_OfEvaluations(t *testing.T) {
	r := demo(t, small)
	r.Health = nil
	day := store.Date(2026, 10, 31)
	o := evaluate(t, book(r), day, nil, nil)
	keep(r, o)
	b := book(r)
	for _, v := range o.Evaluations {
		c, _ := b.AccountCode(v.Account)
		if h, ok := b.HealthAt(c, day+9); v.Health >= 0 && (!ok || h != v.Health) {
			t.Fatalf("%s: %d %v, want %d", v.Account, h, ok, v.Health)
		}
		if _, ok := b.HealthAt(c, day-1); ok {
			t.Fatalf("%s had an index before it was judged", v.Account)
		}
	}
}
