package fit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/fit"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
)

var now = time.Date(2026, time.September, 18, 2, 30, 0, 0, time.UTC)

// firm is the generator's company, smaller than the demo, with changes to its records.
func firm(t testing.TB, change func(*store.Records)) *analytics.Book {
	t.Helper()
	var all store.Records
	size := company.Size{Regions: 2, Teams: 4, Reps: 12, Accounts: 200, Deals: 600, Touches: 100, Sales: 7_000, Quarters: 8, Months: 24}
	if err := company.Generate(company.Config{Source: "demo", Size: size, Seed: 7, Now: now}, func(r *store.Records) error {
		all.Append(r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	org := company.Org()
	all.Org = &org
	if change != nil {
		change(&all)
	}
	return analytics.FromRecords(&all, analytics.Options{Now: func() time.Time { return now }})
}

// usual is the company as it is, and its fit: several tests ask it.
func usual(t *testing.T) (*analytics.Book, *fit.Answer) {
	t.Helper()
	once.Do(func() {
		book = firm(t, nil)
		answer, failed = fit.Of(context.Background(), book, nil, analytics.Scope{}, fit.Options{})
	})
	if failed != nil || len(answer.Lacks) > 0 {
		t.Fatalf("%v %v", failed, answer.Lacks)
	}
	return book, answer
}

var (
	once   sync.Once
	book   *analytics.Book
	answer *fit.Answer
	failed error
)

// The fit finds, within its bounds, weights that order customers by what they did afterwards better than the amount of the year before does, on months that it has not seen, by half as
// much again; what the company hides (the vigour of its customers) is nowhere in the data.
func TestFit_BeatsTheStaticRule(t *testing.T) {
	b, a := usual(t)
	for _, m := range a.Measures {
		t.Logf("%-7s tau %.3f (%.3f..%.3f)  rho %.3f (%.3f..%.3f)  AUC %.3f (%.3f..%.3f)  all %s", m.Method, m.Tau.Value, m.Tau.Low, m.Tau.High, m.Rho.Value, m.Rho.Low, m.Rho.High, m.AUC.Value, m.AUC.Low, m.AUC.High, m.TauAll)
	}
	for _, g := range a.Gains {
		t.Logf("over %-7s tau %+.0f%% (%+.0f..%+.0f)  rho %+.0f%%  AUC above chance %+.0f%% (%+.0f..%+.0f)", g.Over, 100*g.Tau.Value, 100*g.Tau.Low, 100*g.Tau.High, 100*g.Rho.Value, 100*g.AUC.Value, 100*g.AUC.Low, 100*g.AUC.High)
	}
	g := a.Gains[0]
	if g.Over != fit.Static || g.AUC.Value < .45 || g.AUC.Low <= 0 || g.Tau.Value <= 0 {
		t.Errorf("the gain over the static rule is %+v", g)
	}
	if a.Worse {
		t.Error("no better than the weights in force")
	}
	sums := map[string][2]float64{}
	for _, w := range a.Weights {
		if w.Is < w.Min-1e-9 || w.Is > w.Max+1e-9 {
			t.Errorf("%s: %v is beyond %v..%v", w.ID, w.Is, w.Min, w.Max)
		}
		s := sums[w.Factor]
		sums[w.Factor] = [2]float64{s[0] + w.Was, s[1] + w.Is}
		if w.Reason.Zh == "" || w.Reason.En == "" {
			t.Errorf("%s is not explained", w.ID)
		}
	}
	for f, s := range sums {
		if math.Abs(s[0]-s[1]) > .05 {
			t.Errorf("the weights of %s add up to %v, before to %v", f, s[1], s[0])
		}
	}
	before, after := 0, 0
	for _, l := range a.Lines {
		before, after = before+l.Before, after+l.After
		if max(l.Before-l.After, l.After-l.Before) > 40 {
			t.Errorf("%s had %d customers and would have %d: the lines were to keep that", l.Grade, l.Before, l.After)
		}
	}
	if before == 0 || before != after {
		t.Errorf("%d customers before, %d after", before, after)
	}
	text, err := json.Marshal(a)
	if err != nil || strings.Contains(string(text), "NaN") {
		t.Errorf("%v", err)
	}
	again, err := fit.Of(t.Context(), b, nil, analytics.Scope{}, fit.Options{})
	if err != nil || fmt.Sprint(again.Weights, again.Measures, again.Gains) != fmt.Sprint(a.Weights, a.Measures, a.Gains) {
		t.Errorf("the same data give another answer: %v", err)
	}
}

// Nothing of the future is in the weights: whatever is bought, measured or lost after the months that are learned from leaves them as they are, and it does change the measures.
func TestFit_NoFuture(t *testing.T) {
	_, a := usual(t)
	end := a.Train.To + analytics.Day(a.Horizon)
	if end > a.Test.From {
		t.Fatalf("what is learned from reaches to %v, into the held-out months from %v", end, a.Test.From)
	}
	b := firm(t, func(r *store.Records) {
		for i := range r.Sales {
			if s := &r.Sales[i]; s.Day > end {
				s.Amount.Minor *= int64(1 + i%97)
			}
		}
		for i := range r.Readings {
			if m := &r.Readings[i]; m.Day > a.Train.To {
				for k := range m.Values {
					m.Values[k] = float64((i * 31) % 60)
				}
			}
		}
		for i := range r.Deals {
			if r.Deals[i].Close > end {
				r.Deals[i].Amount.Minor *= 3
			}
		}
	})
	other, err := fit.Of(t.Context(), b, nil, analytics.Scope{}, fit.Options{})
	if err != nil || len(other.Lacks) > 0 {
		t.Fatal(err, other.Lacks)
	}
	for i := range a.Weights {
		if x, y := a.Weights[i], other.Weights[i]; fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%s: %v, and with another future %v", x.ID, x, y)
		}
	}
	if fmt.Sprint(a.Measures) == fmt.Sprint(other.Measures) {
		t.Error("the held-out months are another, and measure the same")
	}
}

// Where nothing can be known beforehand nothing is claimed: whoever buys is drawn anew each month, and neither the fit nor the amount orders what follows.
func TestFit_NothingToLearn(t *testing.T) {
	b := firm(t, func(r *store.Records) {
		rng := rand.New(rand.NewPCG(3, 4))
		var few []store.Sale
		for i := 0; i < len(r.Sales); i += 20 {
			s := r.Sales[i]
			s.Account = r.Accounts[rng.IntN(len(r.Accounts))].ID
			few = append(few, s)
		}
		r.Sales = few
	})
	a, err := fit.Of(t.Context(), b, nil, analytics.Scope{}, fit.Options{})
	if err != nil || len(a.Lacks) > 0 {
		t.Fatal(err, a.Lacks)
	}
	for _, m := range a.Measures {
		if math.Abs(m.Tau.Value) > .2 || m.AUC.Low > .55 { // two hundred customers: chance alone gives a tau of .1
			t.Errorf("%s finds an order where there is none: tau %.3f, AUC %.3f (%.3f..%.3f)", m.Method, m.Tau.Value, m.AUC.Value, m.AUC.Low, m.AUC.High)
		}
	}
}

// An attribute that nobody knew in the months that are learned from keeps its weight: weight on it would cost the fit nothing, and count from the day on which it is known.
func TestFit_UnknownKeepsItsWeight(t *testing.T) {
	_, a := usual(t)
	for _, w := range a.Weights {
		if w.ID == "trend" && (w.Is != w.Was || w.Was == 0 || !strings.Contains(w.Reason.En, "hardly know")) {
			t.Errorf("%+v", w)
		}
	}
}

// A truth that is known is found: where one attribute alone decides what is bought, its weight goes up to its bound, and what is noise goes down.
func TestFit_FindsWhatDecides(t *testing.T) {
	b := firm(t, func(r *store.Records) {
		depth := map[store.ID]map[store.Day]float64{}
		for i := range r.Readings {
			m := &r.Readings[i]
			if depth[m.Account] == nil {
				depth[m.Account] = map[store.Day]float64{}
			}
			depth[m.Account][m.Day] = m.Values["depth"]
		}
		var sales []store.Sale
		seen := map[string]bool{}
		for i := range r.Sales { // every customer buys each month, by the square of how deep it used the product at the month's beginning
			s := r.Sales[i]
			y, mon, _ := s.Day.Date()
			key := fmt.Sprint(s.Account, y, mon)
			v, ok := depth[s.Account][store.Date(y, mon, 1)-1]
			if seen[key] || !ok || v < 8 {
				continue
			}
			seen[key] = true
			s.Day, s.Amount = store.Date(y, mon, 15), store.Money{Minor: int64(v*v*v) * 100, Currency: "CNY"}
			sales = append(sales, s)
		}
		r.Sales = sales
	})
	a, err := fit.Of(t.Context(), b, nil, analytics.Scope{}, fit.Options{Own: true})
	if err != nil || len(a.Lacks) > 0 {
		t.Fatal(err, a.Lacks)
	}
	is := map[string]fit.Weight{}
	for _, w := range a.Weights {
		is[w.ID] = w
	}
	if u := is["usage"]; u.Is <= u.Was+.1 {
		t.Errorf("what decides weighs %v, before %v", u.Is, u.Was)
	}
	for id, w := range is {
		if u := is["usage"]; id != "usage" && w.Factor == "growth" && w.Is-w.Was >= u.Is-u.Was {
			t.Errorf("%s is raised from %v to %v, what decides from %v to %v", id, w.Was, w.Is, u.Was, u.Is)
		}
	}
}

// Where there is too little, nothing is proposed and it is said why.
func TestFit_TooLittle(t *testing.T) {
	for name, change := range map[string]func(*store.Records){
		"no sales":      func(r *store.Records) { r.Sales, r.Deals, r.Changes = nil, nil, nil },
		"few customers": func(r *store.Records) { r.Accounts = r.Accounts[:30] },
	} {
		a, err := fit.Of(t.Context(), firm(t, change), nil, analytics.Scope{}, fit.Options{})
		if err != nil || len(a.Lacks) == 0 || len(a.Weights) != 0 || a.Lacks[0].Zh == "" {
			t.Errorf("%s: %v %+v", name, err, a)
		}
		g := *rule.GradingSection.Of(nil)
		if a.Apply(&g); g.Weights != nil {
			t.Errorf("%s: %v is applied", name, g.Weights)
		}
	}
	b, _ := usual(t)
	if a, err := fit.Of(t.Context(), b, nil, analytics.Scope{AsOf: store.Date(2025, 1, 10)}, fit.Options{}); err != nil || len(a.Lacks) == 0 {
		t.Errorf("%v %+v", err, a)
	}
}

// The proposal is a valid text of the rules: what it changes is what the fit says, everything else stays, comments too.
func TestFit_Proposal(t *testing.T) {
	_, a := usual(t)
	schema := rule.NewSchema(rule.GradingSection)
	text := []byte("version: 1\n# ours\ngrading:\n  # do not touch\n  hysteresis: 3\n")
	q, err := rule.Amend(schema, "rules.yaml", text, nil, rule.GradingSection, a.Apply)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(q.Text, "# ours") || !strings.Contains(q.Text, "# do not touch") {
		t.Errorf("comments are gone:\n%s", q.Text)
	}
	g := rule.GradingSection.Of(q)
	for _, w := range a.Weights {
		i := -1
		for k := range g.Attributes {
			if g.Attributes[k].ID == w.ID {
				i = k
			}
		}
		if i < 0 || g.Weight(&g.Attributes[i]) != w.Is {
			t.Errorf("%s: the proposal says otherwise than %v", w.ID, w.Is)
		}
	}
	if g.Hysteresis != 3 || g.Grades[0].From != a.Lines[0].Is {
		t.Errorf("%+v", g.Grades)
	}
}
