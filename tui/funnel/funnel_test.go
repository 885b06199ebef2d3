package funnel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/funnel"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Funnel}) }

func TestFunnel_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Company(t, tuitest.Small), of, "down", "right")
}

func TestFunnel_Geometry(t *testing.T) { tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of) }

func TestFunnel_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

func TestFunnel_EveryFigureOpensItsDeals(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	a := funnel.Of(b, analytics.Scope{})
	for col, f := range figures {
		for i, s := range a.Stages {
			d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
			for range i {
				d.Keys("down")
			}
			d.Keys("left", "left", "left")
			for range col {
				d.Keys("right")
			}
			d.Keys("enter")
			p, ok := d.Opened()
			if !ok || p != pane.FunnelDeals(analytics.Scope{}, s.ID, string(f.set)) {
				t.Fatalf("stage %s, figure %d: opened %v, %v", s.ID, col, p, ok)
			}
		}
	}
}

func TestFunnel_SelectionSurvivesBackAndCommit(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 140, H: 30})
	d.Keys("down", "down", "right", "right")
	before := d.P.View()
	d.Send(pane.Committed{Rev: 7})
	if d.P.View() != before {
		t.Error("a commit that changed nothing moved the selection")
	}
	snap := d.P.(pane.Restorer).Snapshot()
	p := of(tuitest.Env(t, b, locale.English))
	p.(pane.Restorer).Restore(snap)
	again := tuitest.Drive(t, p, layout.Size{W: 140, H: 30})
	again.Keys("x") // a key that means nothing
	if got := layout.Plain(again.P.View()); strings.Split(got, "\n")[2] != strings.Split(layout.Plain(before), "\n")[2] {
		t.Errorf("restored to\n%s\nwant\n%s", got, layout.Plain(before))
	}
}

func TestFunnel_MissingRateIsSaid(t *testing.T) {
	r := &store.Records{
		Org:    &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		Stages: []store.Stage{{ID: "lead", Name: "线索", NameEn: "Lead", Order: 1}},
		Deals: []store.Deal{
			{ID: "s:1", Name: "a", Stage: "lead", Amount: store.Money{Minor: 100_00, Currency: "CNY"}, Created: store.DayOf(tuitest.Now, time.UTC)},
			{ID: "s:2", Name: "b", Stage: "lead", Amount: store.Money{Minor: 50_00, Currency: "EUR"}, Created: store.DayOf(tuitest.Now, time.UTC)},
		},
	}
	b := analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 100, H: 22})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "+50 EUR") {
		t.Errorf("euros without a rate are not shown:\n%s", v)
	}
}

func TestFunnel_NoBook(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.Chinese)), layout.Size{W: 80, H: 22})
	d.Keys("down", "right", "enter")
	if _, ok := d.Opened(); ok {
		t.Error("opened something from nothing")
	}
}

func BenchmarkKey_Funnel(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, of(tuitest.Env(b, book, locale.Chinese)), s)
			keys := []string{"down", "right", "up", "left"}
			i := 0
			for b.Loop() {
				d.Keys(keys[i%4]) // with the detail's load
				_ = d.P.View()
				i++
			}
		})
	}
}
