package landing

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Landing}) }

func TestLanding_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	t.Run("now", func(t *testing.T) { tuitest.Golden(t, b, of, "down") })
	t.Run("if", func(t *testing.T) { tuitest.Golden(t, b, of, "+", "+", ">", "down", "d") })
}

func TestLanding_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), func(env *pane.Env) pane.Pane {
		p := of(env)
		p.(pane.Restorer).Restore(restored{changes: []landing.Change{{Deal: "nope", Drop: true}}})
		return p
	})
}

func TestLanding_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// What the keys try is what the command line's --move, --amount and --drop try, and esc and u take it back.
func TestLanding_WhatIf(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	base := landing.Learn(b, b.Today()).Of(analytics.Scope{})
	deals, _ := base.Deals("", 2)
	same := func(what string, changes ...landing.Change) {
		t.Helper()
		want := base
		for _, c := range changes {
			var err error
			if want, err = want.With(c); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := m.now.Rows[0], want.Rows[0]; got.P10 != want.P10 || got.P50 != want.P50 || got.P90 != want.P90 || got.Mean != want.Mean {
			t.Errorf("%s: %v %v %v, want %v %v %v", what, got.P10, got.P50, got.P90, want.P10, want.P50, want.P90)
		}
	}
	same("nothing tried")
	before := d.P.View()
	d.Keys("d")
	same("dropped", landing.Change{Deal: deals[0].ID, Drop: true})
	if d.P.View() == before || m.now.Rows[0].Mean.Minor >= base.Rows[0].Mean.Minor {
		t.Error("a deal is gone and nothing is seen of it")
	}
	d.Keys("d", "+")
	more := landing.Change{Deal: deals[0].ID, Amount: store.Money{Minor: deals[0].Amount.Minor + deals[0].Amount.Minor/20, Currency: deals[0].Amount.Currency}}
	same("put back and a twentieth more", more)
	d.Keys("down", ">", ".")
	moved := landing.Change{Deal: deals[1].ID, Close: deals[1].Close + 8}
	same("and another one later", more, moved)
	d.Keys("u", "u")
	same("two steps taken back", more)
	e := m
	if !e.Escape() || e.Escape() {
		t.Error("esc discards once, then goes back")
	}
	same("discarded")
	if d.P.View() == "" || len(m.changes) != 0 {
		t.Error("something is left")
	}
	for range 300 { // a key that is held
		d.Keys("<", "-")
	}
	if c := m.change(deals[1].ID); c.Close != b.Today() || c.Amount.Minor < 0 {
		t.Errorf("a key held too long: %+v", c)
	}
}

// Whoever looks into a deal finds what was tried when coming back.
func TestLanding_Restore(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	d.Keys("down", "d", ">", "enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Deal {
		t.Fatalf("opened %v", p)
	}
	again := of(tuitest.Env(t, b, locale.English))
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if got, want := tuitest.Drive(t, again, layout.Size{W: 80, H: 22}).P.View(), d.P.View(); got != want {
		t.Errorf("restored\n%s\nwant\n%s", layout.Plain(got), layout.Plain(want))
	}
}

func TestLanding_Filter(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), layout.Size{W: 120, H: 30})
	all := d.P.View()
	d.P.(pane.Filterer).SetFilter("no deal has this name")
	if d.P.View() == all || d.P.(pane.Filterer).Filter() == "" {
		t.Error("nothing is filtered")
	}
	d.Keys("d", "+", "enter")
}

func TestLanding_RootAndTooLittle(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	var team store.ID
	for _, n := range b.Nodes() {
		if n.Kind == "team" {
			team = n.ID
		}
	}
	d := tuitest.Drive(t, New(tuitest.Env(t, b, locale.English), pane.Place{Kind: pane.Landing, Scope: analytics.Scope{Root: team}}), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	lo, _ := b.NodeOf(team)
	for _, x := range m.load.Value.deals {
		c, _ := b.DealCode(x.ID)
		if st := b.DealAt(c, b.Today()); st.Node < lo || st.Node >= b.Nodes()[lo].End {
			t.Errorf("%s is outside the viewer's part", x.ID)
		}
	}
	few := analytics.FromRecords(&store.Records{Org: &store.Org{Name: "d", TimeZone: "UTC", Currency: "CNY"}}, analytics.Options{})
	d = tuitest.Drive(t, of(tuitest.Env(t, few, locale.English)), layout.Size{W: 80, H: 22})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "too little history") {
		t.Errorf("no word of too little history:\n%s", v)
	}
	d.Keys("d", "+", ">", "enter", "u")
	none := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	none.Keys("d", "enter", "down")
	none.P.View()
}

// BenchmarkKey_WhatIf guards the step of a what-if and its picture.
func BenchmarkKey_WhatIf(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, of(tuitest.Env(b, book, locale.Chinese)), s)
			keys := []string{">", ">", "+", "<", "down", "d", "d", "-"}
			for i := 0; b.Loop(); i++ {
				d.P.Update(tuitest.Key(keys[i%len(keys)]))
				_ = d.P.View()
			}
		})
	}
}
