package held

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/store"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var since = tuitest.Months[len(tuitest.Months)-1]

// two are the holds of the tests: one that wants a person, one that heals by itself.
func two(context.Context) ([]grade.Hold, error) {
	return []grade.Hold{{Input: "depth", Why: store.InputShifted, Since: since, Share: 6.21, Person: true}, {Input: "logins", Why: store.InputMissing, Since: since - 3, Share: .93}}, nil
}

func of(env *pane.Env) pane.Pane {
	env.Holds = two
	return New(env, pane.Place{Kind: pane.Held})
}

func TestHeld_Golden(t *testing.T) { tuitest.Golden(t, tuitest.Judged(t), of) }

func TestHeld_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Judged(t), of)
	tuitest.Geometry(t, tuitest.Judged(t), func(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Held}) })
}

func TestHeld_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Judged(t), locale.English)))
}

// atDesk gives a session a desk at which who decides.
func atDesk(t *testing.T, env *pane.Env, who desk.Viewer) *storetest.Desk {
	keeper, now := storetest.NewDesk(), tuitest.Now
	keeper.Now = func() time.Time { now = now.Add(time.Second); return now }
	env.Desk = &desk.Session{Viewer: who, Live: desk.NewLive(keeper, func(err error) { t.Error(err) }), Book: env.Book, Marker: keeper}
	return keeper
}

// A shift is accepted or refused by a key and with a reason, in the viewer's name; the guards follow; u takes it back. Without a reason nothing is entered.
func TestHeld_VerdictByKey(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	keeper := atDesk(t, env, desk.Viewer{Name: "boss"})
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	accepted := func() bool { return grader.Accepted(env.Desk.View(env.Book(), analytics.Scope{}))("depth", since) }
	if x := d.P.(*model).load.Value.holds[0]; x.customers == 0 || !x.measured || x.arrival.Value != 0 {
		t.Fatalf("%+v", x)
	}
	d.Keys("c")
	if says, ok := d.Answer("  "); ok || says == "" || len(storetest.Decisions(t, keeper)) != 0 {
		t.Fatalf("entered without a reason: %q", says)
	}
	d.Keys("c")
	if says, ok := d.Answer("the vendor counts anew"); !ok {
		t.Fatal(says)
	}
	ds := storetest.Decisions(t, keeper)
	if len(ds) != 1 || ds[0].Name != "boss" || ds[0].Note != "the vendor counts anew" || ds[0].After.Verdict != store.VerdictAccepted || !accepted() {
		t.Fatalf("%+v", ds)
	}
	if text := layout.Plain(d.P.View()); !strings.Contains(text, "boss: right") || !strings.Contains(text, "the vendor counts anew") {
		t.Errorf("the verdict is not shown:\n%s", text)
	}
	d.Keys("u")
	if accepted() || !strings.Contains(layout.Plain(d.P.View()), "waits for a person") {
		t.Error("u does not take it back")
	}
	d.Keys("R")
	if says, ok := d.Answer("the export is broken"); !ok {
		t.Fatal(says)
	}
	if ds = storetest.Decisions(t, keeper); len(ds) != 3 || ds[2].After.Verdict != store.VerdictRejected || accepted() {
		t.Errorf("%+v", ds)
	}
	d.Keys("enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Evaluations {
		t.Errorf("opened %v", p)
	}
}

// What is missing is not for people to wave through; who sees a part of the company decides nothing about all of it; nor does anybody about a past day, or where there is no desk.
func TestHeld_WhatNobodyDecides(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	keeper := atDesk(t, env, desk.Viewer{Name: "boss"})
	d := tuitest.Drive(t, of(env), layout.Size{W: 80, H: 22})
	d.Keys("down", "c")
	if says, asked := toast(d); asked || !strings.Contains(says, "nobody can wave it through") {
		t.Errorf("%q %v", says, asked)
	}
	past := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Held, Scope: analytics.Scope{AsOf: since - 40}}), layout.Size{W: 80, H: 22})
	past.Keys("c", "R")
	if says, asked := toast(past); asked || says == "" {
		t.Errorf("%q %v", says, asked)
	}
	lead := tuitest.Env(t, tuitest.Judged(t), locale.English)
	team := lead.Book().Nodes()[2].ID
	lead.Root = team
	kept := atDesk(t, lead, desk.Viewer{Name: "lead", Root: team})
	d = tuitest.Drive(t, func() pane.Pane {
		lead.Holds = two
		return New(lead, pane.Place{Kind: pane.Held, Scope: analytics.Scope{Root: team}})
	}(), layout.Size{W: 80, H: 22})
	d.Keys("c")
	d.Answer("it is right")
	if says, _ := toast(d); says == "" || len(storetest.Decisions(t, kept)) != 0 {
		t.Errorf("a part's lead decided for the company: %q", says)
	}
	none := tuitest.Env(t, tuitest.Judged(t), locale.English)
	d = tuitest.Drive(t, of(none), layout.Size{W: 80, H: 22})
	d.Keys("c", "u")
	if says, asked := toast(d); asked || says == "" {
		t.Errorf("%q %v", says, asked)
	}
	none.Holds = func(context.Context) ([]grade.Hold, error) { return nil, errors.New("read cursor: closed") }
	d = tuitest.Drive(t, New(none, pane.Place{Kind: pane.Held}), layout.Size{W: 80, H: 22})
	if text := layout.Plain(d.P.View()); !strings.Contains(text, "closed") {
		t.Errorf("the failure is not shown:\n%s", text)
	}
	if n := len(storetest.Decisions(t, keeper)); n != 0 {
		t.Errorf("%d decisions", n)
	}
	empty := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.Chinese)), layout.Size{W: 60, H: 18})
	empty.Keys("c", "R", "u", "enter", "down")
	empty.P.View()
}

// toast is the last line that was said, and whether something was asked.
func toast(d *tuitest.Pane) (says string, asked bool) {
	for _, msg := range d.Sent {
		switch msg := msg.(type) {
		case pane.Toast:
			says = msg.Text
		case pane.Ask:
			asked = true
		}
	}
	return says, asked
}
