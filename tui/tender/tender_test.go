package tender

import (
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/tender"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Tenders}) }

func TestTender_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Company(t, company.Demo), of, "down")
}

func TestTender_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, company.Demo), of)
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
}

func TestTender_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// A suggestion is accepted and rejected by a key, in the viewer's name, and taken back; nothing is decided about a past day.
func TestTender_Decides(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)
	keeper, now := storetest.NewDesk(), tuitest.Now
	keeper.Now = func() time.Time { now = now.Add(time.Second); return now }
	env.Desk = &desk.Session{Viewer: desk.Viewer{Name: "boss"}, Live: desk.NewLive(keeper, func(err error) { t.Error(err) }), Book: env.Book, Marker: keeper}
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	n := len(m.load.Value.Suggestions)
	if n < 3 {
		t.Fatalf("%d suggestions", n)
	}
	d.Keys("c")
	d.Keys("space", "down", "space", "R")
	if got := len(m.load.Value.Suggestions); got != n-3 {
		t.Errorf("%d of %d are left after three decisions", got, n)
	}
	ds := storetest.Decisions(t, keeper)
	if len(ds) != 3 || ds[0].Name != "boss" || ds[0].After.Verdict != 1 {
		t.Errorf("%+v", ds)
	}
	d.Keys("v")
	decided := 0
	for _, s := range m.load.Value.Suggestions {
		if s.State != tender.Suggested {
			decided++
		}
	}
	if decided != 3 {
		t.Errorf("%d decided ones are shown", decided)
	}
	d.Keys("v", "u")
	if got := len(m.load.Value.Suggestions); got != n-1 {
		t.Errorf("undone, %d of %d are there", got, n)
	}
	d.Keys("enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Deal {
		t.Errorf("opened %v", p)
	}
	past := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Tenders, Scope: analytics.Scope{AsOf: env.Book().Today() - 9}}), layout.Size{W: 80, H: 22})
	past.Keys("c", "R")
	if got := len(storetest.Decisions(t, keeper)); got != 5 {
		t.Errorf("%d decisions", got)
	}
	none := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	none.Keys("c", "u", "enter", "o", "v")
	none.P.View()
}
