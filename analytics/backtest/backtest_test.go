package backtest

import (
	"math"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/store"
)

func cny(yuan int64) store.Money { return store.Money{Minor: yuan * 100, Currency: "CNY"} }

// TestScore_ByHand: three forecasts of 90, 150 and 100 against an actual of 100 each, and one without an actual.
func TestScore_ByHand(t *testing.T) {
	var all []Case
	for _, f := range []int64{90, 150, 100} {
		v := accuracy(float64(f*100), 100*100)
		all = append(all, Case{Actual: cny(100), P10: cny(f - 20), P50: cny(f), P90: cny(f + 20), Accuracy: &v, Inside: f < 140,
			Baselines: map[string]store.Money{"naive": cny(50)}})
	}
	all = append(all, Case{Actual: cny(0), P10: cny(3), P50: cny(7), P90: cny(9)})
	s := score(all)
	for name, c := range map[string]struct {
		got  *float64
		want float64
	}{
		"median":   {s.Median, .9},
		"mean":     {s.Mean, (.9 + .5 + 1) / 3},
		"coverage": {s.Coverage, 2. / 4}, // the one without an actual is outside its range of 3 to 9
		// per forecast the mean of q(A-f) above and (1-q)(f-A) below, q .1 .5 .9
		"pinball": {s.Pinball, ((3. + 5 + 1) + (.9*30 + .5*50 + .1*70) + (2 + 0 + 2)) / 3 / 300},
	} {
		if c.got == nil || math.Abs(*c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, *c.got, c.want)
		}
	}
	if s.N != 3 || s.Baselines["naive"] != .5 {
		t.Errorf("n %d, naive %v", s.N, s.Baselines)
	}
	if e := score(nil); e.N != 0 || e.Median != nil {
		t.Errorf("nothing scores %+v", e)
	}
}

// TestBrier_Murphy: the parts add up to the score where a bin's probabilities are all the same.
func TestBrier_Murphy(t *testing.T) {
	var all []said
	for i := range 40 {
		all = append(all, said{.25, i%4 == 0}, said{.85, i%2 == 0})
	}
	b := brier(all)
	if math.Abs(b.Score-(b.Reliability-b.Resolution+b.Uncertainty)) > 1e-12 {
		t.Errorf("%+v does not add up", b)
	}
	if want := (.25*.75*40 + 40*(.5*.15*.15+.5*.85*.85)) / 80; math.Abs(b.Score-want) > 1e-12 {
		t.Errorf("score %f, want %f", b.Score, want)
	}
	if x := b.Bins[8]; x.N != 40 || math.Abs(x.Said-.85) > 1e-9 || x.Came != .5 {
		t.Errorf("bin %+v", x)
	}
}

// TestOf_Whole runs it over a company full of gaps: each ended period is tested or told as skipped, each forecast was made before what it is about.
func TestOf_Whole(t *testing.T) {
	r := booktest.Company(booktest.Rand(t), booktest.Size{Teams: 3, People: 9, Accounts: 40, Deals: 500, Touches: 400}, booktest.With{Touches: true})
	b := booktest.Book(r)
	q, err := Parse("quarter", "team")
	if err != nil {
		t.Fatal(err)
	}
	a := Of(b, analytics.Scope{}, q)
	if a.Summary.Periods == 0 || a.Summary.N == 0 || a.Summary.Median == nil {
		t.Fatalf("nothing was tested: %+v", a.Summary)
	}
	for _, c := range a.Cases {
		if c.Origin >= c.Period.To || c.Period.To > b.Today() || c.P10.Minor > c.P50.Minor || c.P50.Minor > c.P90.Minor {
			t.Errorf("%+v", c)
		}
		if c.Elapsed == 0 && c.Origin != c.Period.From-1 {
			t.Errorf("%s was forecast as of %s", c.Name, c.Origin)
		}
	}
	if len(a.Table().Rows) != len(a.Cases) {
		t.Error("the table has other rows")
	}
	for _, bad := range [][2]string{{"year", ""}, {"", "house"}} {
		if _, err := Parse(bad[0], bad[1]); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
