package forecast

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Forecast}) }

func at(s analytics.Scope) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Forecast, Scope: s}) }
}

func TestForecast_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Company(t, tuitest.Small), of, "down", "down", "right", "right")
}

// The views: under the tree on a narrow screen, beside it on a wide one.
func TestForecast_Views(t *testing.T) {
	for name, keys := range map[string][]string{"landing": {"v", "down"}, "waterfall": {"v", "v", ",", ","}, "held": {"v", "v", "v"}} {
		t.Run(name, func(t *testing.T) { tuitest.Golden(t, tuitest.Company(t, tuitest.Small), of, keys...) })
	}
}

// The landing's figures open the deals that it is made of, and so does the key for what if.
func TestForecast_OpensTheLanding(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	node := d.P.(*model).load.Value.Rows[2].Node
	d.Keys("down", "down", "c")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Landing || p.Scope.Node != node {
		t.Errorf("c opens %v, want the landing of %s", p, node)
	}
	d.Sent = nil
	for i := range figures {
		if figures[i].land != nil {
			for range i {
				d.Keys("right")
			}
			break
		}
	}
	d.Keys("enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Landing || p.Scope.Node != node {
		t.Errorf("P10 opens %v, want the landing of %s", p, node)
	}
}

// Too little history is said, and the rest is shown.
func TestForecast_TooLittleHistory(t *testing.T) {
	day := store.Date(2026, 9, 18)
	b := analytics.FromRecords(&store.Records{
		Org:    &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		Stages: []store.Stage{{ID: "lead", Name: "线索", NameEn: "Lead", Order: 1, Probability: 80}},
		Deals:  []store.Deal{{ID: "s:1", Name: "a", Stage: "lead", Amount: store.Money{Minor: 9_000_00, Currency: "CNY"}, Created: day - 9, Close: day + 2}},
	}, analytics.Options{Now: func() time.Time { return tuitest.Now }})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 160, H: 30})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "too little history") || !strings.Contains(v, "9,000") {
		t.Errorf("no word of it:\n%s", v)
	}
	d.Keys("v", "v")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "no past period can be tested") {
		t.Errorf("no word of the test:\n%s", v)
	}
}

func TestForecast_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
	tuitest.Geometry(t, tuitest.Company(t, company.Demo), of)
}

func TestForecast_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// TestForecast_EveryFigureOpensWhatItSums opens every figure of every node and adds the rows up.
func TestForecast_EveryFigureOpensWhatItSums(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	a := forecast.Of(b, analytics.Scope{})
	money := map[string]func(r *forecast.Row) analytics.Sum{
		forecast.Closed: func(r *forecast.Row) analytics.Sum { return r.Closed }, forecast.Commit: func(r *forecast.Row) analytics.Sum { return r.Commit },
		forecast.BestCase: func(r *forecast.Row) analytics.Sum { return r.BestCase }, forecast.Pipeline: func(r *forecast.Row) analytics.Sum { return r.Pipeline },
	}
	for i := range a.Rows {
		r := &a.Rows[i]
		for _, f := range figures[1:] {
			l := forecast.Deals(b, analytics.Scope{}, r.Node)
			rows := slices.DeleteFunc(slices.Clone(l.Rows), func(d deal.Row) bool {
				return f.part != "" && d.Reason != f.part && !slices.ContainsFunc(d.Flags, func(x deal.Flag) bool { return string(x.Kind) == f.part })
			})
			switch {
			case f.part == "overdue" && len(rows) != r.Overdue, f.part == "stale" && len(rows) != r.Stale, f.part == "" && len(rows) != r.Deals:
				t.Errorf("%s %q: %d deals behind the figure", r.Name, f.part, len(rows))
			case money[f.part] != nil:
				sum := b.Adder()
				for _, d := range rows {
					sum.Add(d.Amount)
				}
				if got, want := sum.Sum().Money, money[f.part](r).Money; got != want {
					t.Errorf("%s %s: the deals add up to %v, the figure says %v", r.Name, f.part, got, want)
				}
			}
		}
	}
}

func TestForecast_EnterDrills(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	a := forecast.Of(b, analytics.Scope{})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 40})
	for i := range a.Rows {
		d.Sent = nil
		d.Keys("enter")
		p, ok := d.Opened()
		unit := i > 0 && i+1 < len(a.Rows) && a.Rows[i+1].Depth > a.Rows[i].Depth
		switch {
		case !ok:
			t.Fatalf("row %d opened nothing", i)
		case unit && (p.Kind != pane.Forecast || p.Scope.Node != a.Rows[i].Node):
			t.Errorf("%s: opened %v, want its forecast", a.Rows[i].Name, p)
		case !unit && p != pane.ForecastDeals(analytics.Scope{}, a.Rows[i].Node, ""):
			t.Errorf("%s: opened %v, want its deals", a.Rows[i].Name, p)
		}
		d.Keys("down")
	}
	d.Sent = nil
	d.Keys("home", "right", "right", "enter")
	if p, _ := d.Opened(); p != pane.ForecastDeals(analytics.Scope{}, a.Rows[0].Node, forecast.Closed) {
		t.Errorf("opened %v, want the closed deals", p)
	}
}

func TestForecast_FoldKeepsSelection(t *testing.T) {
	b := tuitest.Company(t, company.Demo)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.Chinese)), layout.Size{W: 80, H: 22})
	m := d.P.(*model)
	if len(m.shown) >= len(m.load.Value.Rows) {
		t.Fatalf("a company of %d rows is shown unfolded", len(m.load.Value.Rows))
	}
	d.Keys("down", "down")
	folded := len(m.shown)
	d.Keys("o")
	if len(m.shown) <= folded {
		t.Fatal("a folded team did not open")
	}
	d.Keys("down", "down")
	inside := m.node
	d.Send(pane.Committed{Rev: 9})
	if m.node != inside {
		t.Error("a commit moved the selection")
	}
	d.Keys("up", "up", "up", "o") // fold the region above: nothing inside may stay chosen
	if i := m.shown[m.index()]; m.load.Value.Rows[i].Node != m.node {
		t.Error("the chosen node is hidden")
	}
	snap := m.Snapshot()
	again := of(tuitest.Env(t, b, locale.Chinese))
	again.(pane.Restorer).Restore(snap)
	d2 := tuitest.Drive(t, again, layout.Size{W: 80, H: 22})
	if got, want := d2.P.View(), d.P.View(); got != want {
		t.Errorf("restored\n%s\nwant\n%s", layout.Plain(got), layout.Plain(want))
	}
}

func TestForecast_RootLimitsAndPastDays(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	whole := forecast.Of(b, analytics.Scope{})
	region := whole.Rows[1]
	d := tuitest.Drive(t, at(analytics.Scope{Root: region.Node})(tuitest.Env(t, b, locale.English)), layout.Size{W: 100, H: 30})
	v := layout.Plain(d.P.View())
	for _, r := range whole.Rows[1:] {
		if r.Depth == 1 && r.Node != region.Node && strings.Contains(v, r.Name) {
			t.Errorf("%s is outside the viewer's root and is shown", r.Name)
		}
	}
	past := tuitest.Drive(t, at(analytics.Scope{AsOf: b.Today() - 30})(tuitest.Env(t, b, locale.English)), layout.Size{W: 100, H: 30})
	past.Keys("d")
	if p, _ := past.Opened(); p.Scope.AsOf != b.Today()-30 {
		t.Errorf("the day was lost: %v", p)
	}
	if past.P.View() == tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 100, H: 30}).P.View() {
		t.Error("a month ago looks like today")
	}
}

func TestForecast_MissingRateAndNothing(t *testing.T) {
	day := store.Date(2026, 9, 18)
	r := &store.Records{
		Org:    &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		Stages: []store.Stage{{ID: "lead", Name: "线索", NameEn: "Lead", Order: 1, Probability: 80}},
		Deals: []store.Deal{
			{ID: "s:1", Name: "a", Stage: "lead", Amount: store.Money{Minor: 9_876_543_210_00, Currency: "CNY"}, Created: day - 9, Close: day + 2},
			{ID: "s:2", Name: "b", Stage: "lead", Amount: store.Money{Minor: 50_00, Currency: "EUR"}, Created: day - 9, Close: day + 2},
		},
	}
	b := analytics.FromRecords(r, analytics.Options{})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.Chinese)), layout.Size{W: 80, H: 22})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "98.77亿*") || !strings.Contains(v, "50.00 EUR") || strings.Contains(v, "##") && strings.Contains(v, "###  ") {
		t.Errorf("want 98.77亿* and what was not added:\n%s", v)
	}
	none := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	none.Keys("down", "enter", "d", "o")
	if _, ok := none.Opened(); ok {
		t.Error("opened something from nothing")
	}
}

func BenchmarkKey_Forecast(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, of(tuitest.Env(b, book, locale.Chinese)), s)
			keys := []string{"down", "right", "down", "left", "up"}
			i := 0
			for b.Loop() {
				d.Keys(keys[i%len(keys)])
				_ = d.P.View()
				i++
			}
		})
	}
}
