package triage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Triage}) }

// seat gives a session a desk of its own.
func seat(t testing.TB, env *pane.Env, viewer desk.Viewer) *storetest.Desk {
	t.Helper()
	keeper := storetest.NewDesk()
	clock := storetest.NewClock(tuitest.Now)
	keeper.Now = func() time.Time { clock.Add(time.Second); return clock.Now() }
	env.Desk = &desk.Session{Viewer: viewer, Live: desk.NewLive(keeper, func(err error) { t.Error(err) }), Book: env.Book, Marker: keeper}
	return keeper
}

func drive(t testing.TB, lang locale.Lang, s layout.Size) (*tuitest.Pane, *model, *storetest.Desk) {
	t.Helper()
	env := tuitest.Env(t, tuitest.Company(t, tuitest.Small), lang)
	keeper := seat(t, env, desk.Viewer{Name: "boss"})
	d := tuitest.Drive(t, of(env), s)
	return d, d.P.(*model), keeper
}

func TestTriage_Golden(t *testing.T) {
	seated := func(env *pane.Env) pane.Pane {
		seat(t, env, desk.Viewer{Name: "boss"})
		return of(env)
	}
	b := tuitest.Company(t, tuitest.Small)
	t.Run("queue", func(t *testing.T) { tuitest.Golden(t, b, seated, "down", "r", "down", "c", "v") })
	t.Run("board", func(t *testing.T) { tuitest.Golden(t, b, seated, "tab") })
	t.Run("trail", func(t *testing.T) { tuitest.Golden(t, b, seated, "r", "down", "c", "u", "tab", "tab") })
}

func TestTriage_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for _, id := range words {
		tuitest.Geometry(t, b, func(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Triage, ID: id}) })
	}
}

func TestTriage_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

func (m *model) keys() (out []string) {
	for i := range m.load.Value.queue.Flags.Len() {
		f := m.load.Value.queue.Flags.At(i)
		out = append(out, f.Key())
	}
	return out
}

// Keys decide about the chosen flag, in the viewer's name; what is held back goes, and u brings it back.
func TestTriage_Decides(t *testing.T) {
	d, m, keeper := drive(t, locale.English, layout.Size{W: 120, H: 30})
	all := m.keys()
	if len(all) < 4 {
		t.Fatalf("%d flags", len(all))
	}
	d.Keys("c")
	if got := m.keys(); len(got) != len(all)-1 || got[0] != all[1] {
		t.Fatalf("accepted, and %d of %d are left", len(got), len(all))
	}
	d.Keys("u")
	if got := m.keys(); len(got) != len(all) || got[0] != all[0] {
		t.Fatal("u does not bring it back")
	}
	d.Keys("z")
	if says, ok := d.Answer("yesterday"); ok || says == "" {
		t.Errorf("a snooze until %q is taken", says)
	}
	if _, ok := d.Answer("7d"); !ok || len(m.keys()) != len(all)-1 {
		t.Error("not snoozed")
	}
	d.Keys("o")
	if _, ok := d.Answer("40%"); ok {
		t.Error("an override without a reason is taken")
	}
	if _, ok := d.Answer("40% their budget is cut"); !ok {
		t.Error("an override is refused")
	}
	d.Keys("n")
	if _, ok := d.Answer("seen on Monday"); !ok {
		t.Error("a note is refused")
	}
	if got := storetest.Decisions(t, keeper); len(got) != 5 || got[0].Name != "boss" || got[4].After.Text != "seen on Monday" || got[1].Undoes != 1 {
		t.Errorf("%+v", got)
	}
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "boss") && !strings.Contains(v, "seen on Monday") {
		t.Errorf("the note is not seen:\n%s", v)
	}
	d.Keys("r")
	ms := storetest.Messages(t, keeper)
	if len(ms) != 1 || ms[0].Kind != store.MessageRequest || ms[0].Node == "" {
		t.Errorf("%+v", ms)
	}
	d.Keys("tab", "tab", "enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Deal {
		t.Errorf("the trail opens %v", p)
	}
}

// What is marked is decided at once, and undone at once.
func TestTriage_Bulk(t *testing.T) {
	d, m, keeper := drive(t, locale.Chinese, layout.Size{W: 80, H: 22})
	all := m.keys()
	d.Keys("space", "down", "down", "space", "c")
	if got := m.keys(); len(got) > len(all)-2 || len(m.list[viewQueue].Marked()) != 0 {
		t.Fatalf("%d of %d are left, %d marked", len(got), len(all), len(m.list[viewQueue].Marked()))
	}
	if n := len(storetest.Decisions(t, keeper)); n != 2 {
		t.Errorf("%d decisions", n)
	}
	d.Keys("u")
	if got := m.keys(); len(got) != len(all) {
		t.Errorf("undone, %d of %d are back", len(got), len(all))
	}
	d.Keys("u")
	if n := len(storetest.Decisions(t, keeper)); n != 4 {
		t.Errorf("%d decisions after there was nothing to undo", n)
	}
}

// A viewer sees and decides inside their part alone, nothing is decided about a past day, and nothing without a desk.
func TestTriage_Bounds(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	var team store.ID
	for _, n := range b.Nodes() {
		if n.Kind == store.UnitTeam.String() {
			team = n.ID
			break
		}
	}
	env := tuitest.Env(t, b, locale.English)
	keeper := seat(t, env, desk.Viewer{Name: "lead", Root: team})
	d := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Triage, Scope: analytics.Scope{Root: team}}), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	lo, _ := b.NodeOf(team)
	for i := range m.load.Value.queue.Flags.Len() {
		c, _ := b.DealCode(m.load.Value.queue.Flags.At(i).Deal.ID)
		if st := b.DealAt(c, b.Today()); st.Node < lo || st.Node >= b.Nodes()[lo].End {
			t.Fatal("a flag from outside")
		}
	}
	d.Keys("a")
	if says, ok := d.Answer("nobody of that name"); ok {
		t.Errorf("assigned to %q", says)
	}
	past := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Triage, Scope: analytics.Scope{AsOf: b.Today() - 10}}), layout.Size{W: 120, H: 30})
	past.Keys("c", "r")
	if n := len(storetest.Decisions(t, keeper)); n != 0 {
		t.Errorf("%d decisions about a past day", n)
	}
	bare := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	bare.Keys("c", "u", "z", "v", "tab", "enter")
	none := tuitest.Drive(t, of(tuitest.Env(t, nil, locale.English)), layout.Size{W: 80, H: 22})
	none.Keys("c", "down", "enter", "tab", "u")
	none.P.View()
}

func TestTriage_Restore(t *testing.T) {
	d, _, _ := drive(t, locale.English, layout.Size{W: 80, H: 22})
	d.Keys("down", "down", "space")
	env := tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)
	again := of(env)
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if got, want := tuitest.Drive(t, again, layout.Size{W: 80, H: 22}).P.View(), d.P.View(); got != want {
		t.Errorf("restored\n%s\nwant\n%s", layout.Plain(got), layout.Plain(want))
	}
}

func BenchmarkKey_Triage(b *testing.B) {
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			env := tuitest.Env(b, tuitest.Company(b, company.Demo), locale.Chinese)
			d := tuitest.Drive(b, of(env), s)
			for i := 0; b.Loop(); i++ {
				d.P.Update(tuitest.Key([]string{"down", "down", "up", "space"}[i%4]))
				_ = d.P.View()
			}
		})
	}
}
