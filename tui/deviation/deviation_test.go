package deviation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/deviation"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Deviation}) }

func TestDeviation_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Company(t, company.Demo), of, "down", "right")
}

func TestDeviation_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, company.Demo), of)
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
}

func TestDeviation_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// explained puts the cursor on the first shortfall with two causes or more.
func explained(t *testing.T, d *tuitest.Pane, m *model) int {
	t.Helper()
	i := slices.IndexFunc(m.load.Value.Misses, func(x deviation.Miss) bool { return x.Diff.Minor < 0 && len(x.Tags) > 1 })
	if i < 0 {
		t.Fatal("no miss has two causes")
	}
	for range i {
		d.Keys("down")
	}
	return i
}

// A chosen cause shows the sentences that named it, and another one others.
func TestDeviation_ATagOpensItsEvidence(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)), layout.Size{W: 160, H: 48})
	m := d.P.(*model)
	x := m.load.Value.Misses[explained(t, d, m)]
	for k, tag := range x.Tags {
		view := tuitest.Text(d.P.View())
		if !strings.Contains(view, "["+tag.NameEn+"]") || !strings.Contains(view, tag.Evidence[0].Text) {
			t.Errorf("cause %d, %s: no %q in\n%s", k, tag.ID, tag.Evidence[0].Text, view)
		}
		d.Keys("right")
	}
	if m.tag != 0 {
		t.Errorf("after the last cause comes %d", m.tag)
	}
	d.Keys("left", "enter")
	if p, ok := d.Opened(); m.tag != len(x.Tags)-1 || !ok || p.Kind != pane.Deal || p.ID != string(x.Deal.ID) {
		t.Errorf("cause %d, opened %v", m.tag, p)
	}
}

// A person corrects the causes: it is entered in their name, stands beside what was derived, is reported on, and is taken back. Nothing is decided about a past day.
func TestDeviation_Corrects(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)
	keeper, now := storetest.NewDesk(), tuitest.Now
	keeper.Now = func() time.Time { now = now.Add(time.Second); return now }
	env.Desk = &desk.Session{Viewer: desk.Viewer{Name: "boss"}, Live: desk.NewLive(keeper, func(err error) { t.Error(err) }), Book: env.Book, Marker: keeper}
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	i := explained(t, d, m)
	derived := m.load.Value.Misses[i].Tags
	d.Keys("c")
	if says, ok := d.Answer("price, mood"); ok || !strings.Contains(says, "customer_delay") {
		t.Errorf("an unknown tag: %q, %v", says, ok)
	}
	if says, ok := d.Answer("price,法务条款; see the minutes"); !ok || !strings.Contains(says, "legal") {
		t.Errorf("%q, %v", says, ok)
	}
	x := m.load.Value.Misses[i]
	if x.Correction == nil || !slices.Equal(x.Correction.Tags, []string{"price", "legal"}) || x.Correction.By != "boss" || x.Correction.Note != "see the minutes" || len(x.Tags) != len(derived) {
		t.Fatalf("%+v beside %d derived ones", x.Correction, len(x.Tags))
	}
	if view := tuitest.Text(d.P.View()); !strings.Contains(view, "1 corrected") || !strings.Contains(view, "corrected by boss") {
		t.Errorf("nothing of it is reported:\n%s", view)
	}
	if ds := storetest.Decisions(t, keeper); len(ds) != 1 || ds[0].Kind != store.DecisionTag || ds[0].Name != "boss" {
		t.Errorf("%+v", ds)
	}
	d.Keys("u")
	if m.load.Value.Misses[i].Correction != nil || m.load.Value.Corrected != 0 {
		t.Errorf("undone, it is still there: %+v", m.load.Value.Misses[i].Correction)
	}
	n := len(storetest.Decisions(t, keeper))
	past := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Deviation, Scope: analytics.Scope{AsOf: env.Book().Today() - 9}}), layout.Size{W: 80, H: 22})
	explained(t, past, past.P.(*model))
	past.Keys("c")
	if _, ok := past.Answer("price"); ok || len(storetest.Decisions(t, keeper)) != n {
		t.Error("the causes as of a past day can be corrected")
	}
	none := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	none.Keys("c", "u", "enter", "left", ",", ".")
	none.P.View()
}

// Comma and point turn the months, the present one is the last.
func TestDeviation_Months(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	m, c := d.P.(*model), env.Book().Calendar()
	first := m.load.Value.Period
	d.Keys(",", ",")
	if got, want := m.load.Value.Period, c.Month(first.From, -2); got != want {
		t.Errorf("two months back: %v, want %v", got, want)
	}
	d.Keys(".", ".", ".", ".", ".")
	if got, today := m.load.Value.Period, env.Book().Today(); !got.Contains(today) && got.To != today {
		t.Errorf("the last month is %v", got)
	}
}
