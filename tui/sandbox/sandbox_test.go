package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Sandbox}) }

// press repeats a key.
func press(n int, key string) []string { return slices.Repeat([]string{key}, n) }

// tried puts renewal up and the line of A down.
func tried(more ...string) []string {
	keys := append(press(3, "down"), press(6, ">")...)
	keys = append(append(keys, press(8, "down")...), press(2, "<")...)
	return append(keys, more...)
}

func TestSandbox_Golden(t *testing.T) {
	b := tuitest.Judged(t)
	t.Run("same", func(t *testing.T) { tuitest.Golden(t, b, of) })
	t.Run("tried", func(t *testing.T) { tuitest.Golden(t, b, of, tried(",", "tab", "down")...) })
	t.Run("days", func(t *testing.T) { tuitest.Golden(t, b, of, tried("v", "v")...) })
	t.Run("step", func(t *testing.T) { tuitest.Golden(t, b, of, tried("enter", "down")...) })
}

func TestSandbox_Geometry(t *testing.T) {
	for _, keys := range [][]string{nil, tried("v"), tried("v", "v"), tried("enter", "tab")} {
		tuitest.Geometry(t, tuitest.Judged(t), func(env *pane.Env) pane.Pane {
			d := tuitest.Drive(t, of(env), layout.Size{W: 80, H: 22})
			d.Keys(keys...)
			p := of(env)
			p.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
			p.(*model).failed = store.ErrInvalid
			return p
		})
	}
}

func TestSandbox_Keys(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Judged(t), locale.English)), layout.Size{W: 80, H: 22})
	tuitest.Keys(t, d.P)
	d.Keys(tried("enter")...)
	tuitest.Keys(t, d.P)
}

// What the pane says of a draft is what a comparison of the two replays says, on each of its days.
func TestSandbox_IsTheComparison(t *testing.T) {
	b := tuitest.Judged(t)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	if v := m.load.Value.verdict; len(v.Movers) != 0 || v.Same == 0 {
		t.Fatalf("the rules in force differ from themselves: %+v", v)
	}
	d.Keys(tried()...)
	g := m.draft.On(rule.GradingSection.Of(nil))
	if g.Weights["renewal"] != .55 || g.Grades[0].From != 57 {
		t.Fatalf("the draft is %v %v", g.Weights, g.Grades)
	}
	days := grade.MonthEnds(store.Date(2025, 10, 1), b.Today())
	want, err := grade.Compare(context.Background(), b, analytics.Scope{}, rule.GradingSection.Of(nil), g, days, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 4 {
		v, w := m.load.Value.verdict, want.On(len(days)-1-k)
		if v.Day != w.Day || v.Up != w.Up || v.Down != w.Down || v.UpMoney != w.UpMoney || len(v.Movers) != len(w.Movers) {
			t.Errorf("%v: %d up %d down, want %v %d %d", v.Day, v.Up, v.Down, w.Day, w.Up, w.Down)
		}
		d.Keys(",")
	}
	d.Keys("u", "u")
	if v := m.load.Value.verdict; len(v.Movers) != 0 || len(m.draft.Values) != 0 {
		t.Error("what was tried is not taken back")
	}
	d.Keys("z")
	if n := len(m.load.Value.comparison.Days); n != 24 {
		t.Errorf("%d days after a longer range", n)
	}
}

// A customer is opened step by step; esc comes back, and the account's own screen comes back to the customer.
func TestSandbox_Trace(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	d := tuitest.Drive(t, of(env), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	d.Keys(tried("enter")...)
	v := layout.Plain(d.P.View())
	for _, want := range []string{"step by step", "cube root", "feature depth", "because: weight of renewal 0.25 > 0.55"} {
		if !strings.Contains(v, want) {
			t.Errorf("no %q in\n%s", want, v)
		}
	}
	d.Keys("enter")
	p, ok := d.Opened()
	if !ok || p.Kind != pane.Account || p.ID != string(m.stepped.Account) {
		t.Fatalf("opened %v", p)
	}
	before := d.P.View()
	again := of(env)
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if got := tuitest.Drive(t, again, layout.Size{W: 140, H: 40}).P.View(); got != before {
		t.Errorf("restored\n%s\nwant\n%s", layout.Plain(got), layout.Plain(before))
	}
	if !m.Escape() || m.Escape() || m.stepped != nil {
		t.Error("esc leaves the customer once, then goes back")
	}
	d.Keys("v", "tab", "down", "down", "enter")
	if m.stepped == nil || m.stepped.Account != m.load.Value.verdict.At(2).Account {
		t.Error("any customer can be looked at, not only those who differ")
	}
	d.Keys("down", "tab", "down", "end", "home")
}

// The draft becomes a version of the rules, after which the rules in force are what was drafted.
func TestSandbox_Saves(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	path, desk := filepath.Join(t.TempDir(), "rules.yaml"), storetest.NewDesk()
	if err := os.WriteFile(path, []byte("version: 1 # ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := rule.NewLive(rule.Options{Schema: rule.NewSchema(rule.GradingSection), Path: path, Log: desk})
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	env.Rules = l.Pack
	d := tuitest.Drive(t, of(env), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	d.Keys("a") // nothing is changed
	d.Keys(tried("a")...)
	if last := fmt.Sprint(d.Sent[len(d.Sent)-1]); !strings.Contains(last, "only by whoever") {
		t.Error(last)
	}
	env.Revise = func(ctx context.Context, change func(*rule.Grading), note string) (*rule.Pack, error) {
		return rule.Revise(ctx, l, rule.GradingSection, change, "x:ann", "ann", note)
	}
	d.Keys("a")
	if _, ok := d.Answer(" "); ok {
		t.Error("saved without a note")
	}
	if _, ok := d.Answer("tried on last year"); !ok || m.failed != nil {
		t.Fatal(m.failed)
	}
	if g := rule.GradingSection.Of(l.Pack()); g.Weights["renewal"] != .55 || g.Grades[0].From != 57 || m.load.Value.rules != g || len(m.draft.Values) != 0 {
		t.Errorf("%v %v", g.Weights, g.Grades)
	}
	if v := m.load.Value.verdict; len(v.Movers) != 0 {
		t.Error("the rules in force differ from themselves")
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "# ours") {
		t.Errorf("%s", b)
	}
	if err := os.WriteFile(path, []byte("nope: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Keys("home", ">", "a")
	d.Answer("over a broken file")
	if m.failed == nil || !strings.Contains(layout.Plain(d.P.View()), "unknown key") {
		t.Errorf("%v", m.failed)
	}
}

// Lines that are out of order, and a factor without a weight, are not tried.
func TestSandbox_RefusesWhatCannotBe(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Judged(t), locale.English)), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	d.Keys(press(11, "down")...)
	if f := m.figures()[m.figure]; f.Key != "grades.A" {
		t.Fatalf("at %s", f.Key)
	}
	for range 30 {
		d.Keys("<")
	}
	if g := m.tried(); g.Grades[0].From <= g.Grades[1].From || !strings.Contains(fmt.Sprint(d.Sent[len(d.Sent)-1]), "must lie below") {
		t.Errorf("%v", g.Grades)
	}
	d.Keys("home")
	for range 3 {
		d.Keys(press(30, "<")...)
		d.Keys("down")
	}
	d.Keys("a")
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "Ability to pay has no weight") {
		t.Errorf("shows\n%s", v)
	}
}

// A replay under way shows how far it is, is given up for the next draft, and leaves the picture of the one before.
func TestSandbox_Progress(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	p := of(env).(*model)
	p.SetSize(layout.Size{W: 80, H: 22})
	cmds, ok := p.Init()().(tea.BatchMsg)
	if !ok || len(cmds) != 2 {
		t.Fatalf("%T", cmds)
	}
	p.done.Store(370)
	if v := layout.Plain(p.View()); !strings.Contains(v, "replaying") || !strings.Contains(v, "37%") {
		t.Errorf("shows\n%s", v)
	}
	msg, ok := cmds[1]().(pane.To) // it is still under way
	if !ok || p.Update(msg.Msg) == nil {
		t.Fatal("the progress is shown once only")
	}
	p.Update(cmds[0]().(pane.To).Msg)
	if cmds[1]() != nil || p.Update(ticked{}) != nil {
		t.Error("it goes on ticking when all is done")
	}
	if p.load.Value.verdict == nil {
		t.Error("no answer")
	}
	p.Close()
}

func TestSandbox_NothingThere(t *testing.T) {
	few := analytics.FromRecords(&store.Records{Org: &store.Org{Name: "d", TimeZone: "UTC", Currency: "CNY"}}, analytics.Options{})
	for _, b := range []*analytics.Book{nil, few} {
		d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
		d.Keys("right", "down", "v", "p", "u", "a", "tab", "enter", ",", ".", "z", "r", "v", "enter")
		tuitest.Fits(t, "nothing", d.P.View(), layout.Size{W: 80, H: 22})
		d.Send(pane.Committed{Rev: 3})
		d.P.(pane.Exporter).Table()
		d.P.(pane.Copier).Copy()
	}
}

// BenchmarkKey_Sandbox guards the way from a key to the replayed draft, of 12 months.
func BenchmarkKey_Sandbox(b *testing.B) {
	book := tuitest.Company(b, company.Size{Regions: 4, Teams: 12, Reps: 100, Accounts: 20_000, Deals: 4_000, Touches: 4_000, Sales: 60_000, Quarters: 4, Months: 12})
	d := tuitest.Drive(b, of(tuitest.Env(b, book, locale.Chinese)), layout.Size{W: 160, H: 44})
	keys := []string{"right", "right", "left", "left"}
	for i := 0; b.Loop(); i++ {
		d.Keys(keys[i%len(keys)])
		_ = d.P.View()
	}
}

// The incident, told: a default came for feature depth on the last day. Open guards show whose grades it would have moved; with the rules' own guards nobody moves by it.
func TestSandbox_IncidentWithoutGuards(t *testing.T) {
	b := tuitest.Judged(t)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 160, H: 44})
	m := d.P.(*model)
	d.Keys(",", ",", "c")
	v := m.load.Value.verdict
	if v.Day != b.Today() || v.Down < 10 || v.Up > 2 {
		t.Fatalf("%v: %d up, %d down", v.Day, v.Up, v.Down)
	}
	c := m.load.Value.comparison
	last := len(c.Days) - 1
	for _, x := range v.Movers {
		code, _ := b.AccountCode(x.Account)
		if c.Old.Grade[last][code] != c.Old.Grade[last-1][code] {
			t.Errorf("%s moved although its input is held", x.Account)
		}
	}
	if n := c.Stepped(last); n[0] != 0 || n[1] < v.Down {
		t.Errorf("%v changed that day", n)
	}
	text := layout.Plain(d.P.View())
	if !strings.Contains(text, "because: feature depth ") {
		t.Errorf("no word of which input it is:\n%s", text)
	}
	want := fmt.Sprintf("without the guards: feature depth (shifted, since 2026-09-18) would have moved %d customers", v.Down+v.Up)
	if !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	d.Keys(",")
	if !strings.Contains(layout.Plain(d.P.View()), "nothing was held on that day") {
		t.Error("a quiet day is not told of as one")
	}
	d.Keys("c")
	if len(m.draft.Values) != 0 || len(m.load.Value.verdict.Movers) != 0 {
		t.Errorf("the guards are not closed again: %v", m.draft)
	}
}

func TestSandbox_IncidentGolden(t *testing.T) {
	tuitest.Golden(t, tuitest.Judged(t), of, "c")
}

// What a person said of a shift holds in the replay too.
func TestSandbox_BelievesWhatWasAccepted(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	env.Desk = &desk.Session{Viewer: desk.Viewer{Name: "boss"}, Live: desk.NewLive(storetest.NewDesk(), func(err error) { t.Error(err) }), Book: env.Book}
	d := tuitest.Drive(t, of(env), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	held := func() []grade.Hold { c := m.load.Value.comparison; return c.Old.Holds[len(c.Days)-1] }
	was := held()
	if len(was) != 1 || was[0].Input != "depth" {
		t.Fatalf("held %v", was)
	}
	h := was[0]
	h.Since-- // as the program met it, a day before the replay did
	if _, err := env.Desk.Decide(t.Context(), []store.Decision{grader.Decide(h, true, "counted anew")}); err != nil {
		t.Fatal(err)
	}
	d.Send(pane.Committed{Rev: 1})
	if is := held(); len(is) != 0 {
		t.Errorf("held %v after it was accepted", is)
	}
}

// What keys do not reach is tried from a draft file, and saved from it; d again gives it up, and a wrong one is told with line and field.
func TestSandbox_DraftFile(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.English)
	dir, desk := t.TempDir(), storetest.NewDesk()
	path, draft := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "rules.draft.yaml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "version: 1 # ours\n")
	l := rule.NewLive(rule.Options{Schema: rule.NewSchema(rule.GradingSection), Path: path, Log: desk})
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	env.Rules = l.Pack
	d := tuitest.Drive(t, of(env), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	d.Keys("d") // whoever sees a part only
	env.Draft = l.Draft
	env.Revise = func(ctx context.Context, change func(*rule.Grading), note string) (*rule.Pack, error) {
		return rule.Revise(ctx, l, rule.GradingSection, change, "x:ann", "ann", note)
	}
	shows := func(want string) {
		t.Helper()
		if v := layout.Plain(d.P.View()); !strings.Contains(v, want) {
			t.Errorf("no %q in\n%s", want, v)
		}
	}
	d.Keys("d")
	shows("there is no draft yet")
	write(draft, "grading: {hysteresis: 99}\n")
	d.Keys("d")
	shows("rules.draft.yaml:1:23: grading.hysteresis: 99: want 0 to 20 points")
	write(draft, "grading:\n  inputs:\n    depth: {name: 功能深度, name_en: feature depth, from: reading.seats, fresh: 45, min: 0, max: 100}\n  hysteresis: 0\n")
	d.Keys("d")
	shows("draft file rules.draft.yaml")
	shows("other than the rules in force: inputs, hysteresis")
	if v := m.load.Value.verdict; m.failed != nil || len(v.Movers) == 0 {
		t.Errorf("%v, nobody differs", m.failed)
	}
	d.Keys("down", ">", "d")
	if m.file != nil || len(m.draft.Values) != 0 || len(m.load.Value.verdict.Movers) != 0 {
		t.Error("d again does not give the file up")
	}
	d.Keys("d", ">", "a")
	if _, ok := d.Answer("seats say it better"); !ok || m.failed != nil {
		t.Fatal(m.failed)
	}
	if g := rule.GradingSection.Of(l.Pack()); g.Inputs["depth"].From != "reading.seats" || g.Hysteresis != 0 || len(g.Weights) != 1 || m.file != nil {
		t.Errorf("%v %v %v", g.Inputs["depth"], g.Hysteresis, g.Weights)
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "# ours") {
		t.Errorf("%s", b)
	}
}
