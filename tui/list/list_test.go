package list

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(p pane.Place) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(p.Kind)(env, p) }
}

var scope = analytics.Scope{}

func places(t testing.TB, b *analytics.Book) map[string]pane.Place {
	t.Helper()
	f := funnel.Of(b, scope)
	return map[string]pane.Place{
		"deals":    pane.FunnelDeals(scope, f.Stages[0].ID, string(funnel.Standing)),
		"all":      {Kind: pane.Deals},
		"forecast": pane.ForecastDeals(scope, "", "overdue"),
		"touches":  {Kind: pane.Touches, ID: heatmap.Cell{Query: heatmap.Query{View: heatmap.WeekdayHour}, Row: "tue"}.String()},
		"accounts": {Kind: pane.Accounts},
		"sandbag":  {Kind: pane.Sandbag},
		"owed":     {Kind: pane.Owed},
		"habits":   {Kind: pane.Habits, ID: "cases"},
		"moves":    {Kind: pane.Moves, ID: migration.Cell{From: migration.Any, To: migration.Any}.String()},
	}
}

func TestList_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for name, p := range places(t, b) {
		t.Run(name, func(t *testing.T) { tuitest.Golden(t, b, of(p), "down") })
	}
}

func TestList_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for name, p := range places(t, b) {
		t.Run(name, func(t *testing.T) { tuitest.Geometry(t, b, of(p)) })
	}
}

func TestList_EnterOpensTheRow(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	want := map[string]pane.Kind{"deals": pane.Deal, "all": pane.Deal, "forecast": pane.Deal, "touches": pane.Account, "accounts": pane.Account, "sandbag": pane.Habits, "owed": pane.Account, "habits": pane.Deal, "moves": pane.Account}
	for name, p := range places(t, b) {
		p.Scope.AsOf = b.Today() - 3
		d := tuitest.Drive(t, of(p)(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
		d.Keys("down", "enter")
		got, ok := d.Opened()
		if !ok || got.Kind != want[name] || got.ID == "" {
			t.Errorf("%s: opened %v, %v; want a %v", name, got, ok, want[name])
		}
		if got.Scope.AsOf != p.Scope.AsOf {
			t.Errorf("%s: the day was lost on the way: %v", name, got)
		}
	}
}

func TestList_ShowsWhatTheFigureCounted(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	f := funnel.Of(b, scope)
	for _, s := range f.Stages {
		d := tuitest.Drive(t, of(pane.FunnelDeals(scope, s.ID, "standing"))(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
		if a, _ := d.P.(pane.Exporter).Table(); len(a.Rows) != s.Count {
			t.Errorf("%s: %d rows behind a count of %d", s.ID, len(a.Rows), s.Count)
		}
	}
	row := forecast.Of(b, scope).Rows[0]
	d := tuitest.Drive(t, of(pane.ForecastDeals(scope, "", string(deal.Overdue)))(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	if a, _ := d.P.(pane.Exporter).Table(); len(a.Rows) != row.Overdue {
		t.Errorf("%d rows behind %d overdue", len(a.Rows), row.Overdue)
	}
}

func TestList_StrangeIDsAndNothing(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for _, p := range []pane.Place{
		{Kind: pane.Deals, ID: "nonsense"}, {Kind: pane.Deals, ID: "funnel|x"}, {Kind: pane.Touches, ID: "view=moon"}, {Kind: pane.Moves, ID: "A"},
		{Kind: pane.Accounts, ID: "?"}, {Kind: pane.Deals, Scope: analytics.Scope{Node: "no:such"}}, {Kind: pane.Deals, Scope: analytics.Scope{Root: "no:such"}},
	} {
		d := tuitest.Drive(t, of(p)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
		d.Keys("down", "enter", "space", "G")
		tuitest.Fits(t, p.String(), d.P.View(), layout.Size{W: 80, H: 22})
		if at, ok := d.Opened(); ok {
			t.Errorf("%v opened %v", p, at)
		}
	}
	none := tuitest.Drive(t, of(pane.Place{Kind: pane.Deals})(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	if !strings.Contains(none.P.View(), "nothing") {
		t.Errorf("without a book:\n%s", none.P.View())
	}
}

func TestParts_RoundTrip(t *testing.T) {
	for _, id := range []store.ID{"a:b", "x|y", "100%", "%7C", "", "华东|%"} {
		p := pane.FunnelDeals(scope, id, "lost")
		if ps := pane.Parts(p.ID); len(ps) != 3 || ps[1] != string(id) || ps[2] != "lost" {
			t.Errorf("%q: %q", id, ps)
		}
	}
}

func BenchmarkKey_Deals(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, of(pane.Place{Kind: pane.Deals})(tuitest.Env(b, book, locale.Chinese)), s)
			i := 0
			for b.Loop() {
				d.P.Update(tuitest.Key([]string{"down", "down", "up"}[i%3]))
				_ = d.P.View()
				i++
			}
		})
	}
}
