package weights

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Weights}) }

// press repeats a key.
func press(n int, key string) []string { return slices.Repeat([]string{key}, n) }

func TestWeights_Golden(t *testing.T) {
	b := tuitest.Company(t, company.Demo)
	t.Run("rules", func(t *testing.T) { tuitest.Golden(t, b, of) })
	t.Run("tried", func(t *testing.T) {
		tuitest.Golden(t, b, of, append(press(3, "down"), "right", ">", ">", ">", ">", ">", "down", "<", "v", "tab", "down")...)
	})
}

func TestWeights_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), func(env *pane.Env) pane.Pane {
		p := of(env)
		p.(pane.Restorer).Restore(restored{tried: trial{weights: map[string]float64{"nope": .5, "renewal": 9}}, slider: 99, walking: true, movers: true})
		p.(*model).failed = errors.New("rules.yaml:3:9: grading.weights.renewal: 0.9: want 0 to 0.6\nand more")
		return p
	})
}

func TestWeights_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// What is shown while a slider moves is what an evaluation under those weights would make of the company, and u and esc take it back.
func TestWeights_FollowsTheRules(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 140, H: 40})
	m := d.P.(*model)
	first := d.P.View()
	same := func(what string, weights map[string]float64) {
		t.Helper()
		g := *rule.GradingSection.Of(nil)
		g.Weights = weights
		o, err := grade.Evaluate(context.Background(), b, &g, grade.Options{Day: b.Today(), At: tuitest.Now})
		if err != nil {
			t.Fatal(err)
		}
		want := map[store.ID]store.Grade{}
		for _, v := range o.Evaluations {
			want[v.Account] = v.Grade
		}
		for row := range m.shown.Board.Len() {
			got := store.Grade("")
			if i := m.shown.Grade(row); i >= 0 {
				got = m.shown.Board.Lines[i]
			}
			if id := m.shown.Board.ID(row); got != want[id] {
				t.Fatalf("%s: %s has %s, an evaluation gives %s", what, id, got, want[id])
			}
		}
	}
	same("nothing tried", nil)
	d.Keys("down", "down", "down") // renewal
	for range 100 {                // a key that is held
		d.Keys(">")
	}
	if a := m.attributes()[m.at1]; a.ID != "renewal" || m.weight(a) != a.Max {
		t.Fatalf("%s is at %v, its bound is %v", a.ID, m.weight(a), a.Max)
	}
	same("renewal at its bound", map[string]float64{"renewal": .6})
	d.Keys("down", "left")
	same("and usage less", map[string]float64{"renewal": .6, "usage": .24})
	if m.shown.Up+m.shown.Down == 0 || d.P.View() == first {
		t.Error("nothing is seen of it")
	}
	d.Keys("u")
	same("usage taken back", map[string]float64{"renewal": .6})
	d.Keys("u")
	same("all taken back", nil)
	d.Keys("p")
	if m.preset() != "government" || m.changed() == 0 {
		t.Errorf("the preset after general is %s", m.preset())
	}
	if !m.Escape() || m.Escape() {
		t.Error("esc discards once, then goes back")
	}
	same("discarded", nil)
}

// Only the newest weights are weighed after those that are under way: a held key piles nothing up.
func TestWeights_OneStepAtATime(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)), layout.Size{W: 80, H: 22})
	m := d.P.(*model)
	m.at1 = 3
	one := m.Update(tuitest.Key("right"))
	for range 20 {
		if cmd := m.Update(tuitest.Key("right")); cmd != nil {
			t.Fatal("a second step while one is under way")
		}
	}
	answer := one().(pane.To).Msg
	two := m.Update(answer)
	if two == nil {
		t.Fatal("the newest weights are not weighed")
	}
	if m.Update(two().(pane.To).Msg) != nil {
		t.Error("a third step for nothing")
	}
	if want := m.load.Value.board.With(map[string]float64{"renewal": .46}); !slices.Equal(want.Counts, m.shown.Counts) || want.Up != m.shown.Up {
		t.Error("the newest weights are not shown")
	}
}

// live is rules in a file, with the door to them that a session has.
func live(t *testing.T, env *pane.Env, text string) (path string, l *rule.Live, desk *storetest.Desk) {
	t.Helper()
	path, desk = filepath.Join(t.TempDir(), "rules.yaml"), storetest.NewDesk()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l = rule.NewLive(rule.Options{Schema: rule.NewSchema(rule.GradingSection), Path: path, Log: desk})
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	env.Rules = l.Pack
	env.Revise = func(ctx context.Context, change func(*rule.Grading), note string) (*rule.Pack, error) {
		return rule.Revise(ctx, l, rule.GradingSection, change, "x:ann", "ann", note)
	}
	return path, l, desk
}

// What is tried becomes a version with a note, under the viewer's name; then it is in force and nothing is tried any more.
func TestWeights_Saves(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)
	path, l, desk := live(t, env, "version: 1\ngrading:\n  # ours\n  weights: {chain: 0.35}\n")
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	d.Keys("a")
	if _, ok := d.Answer("why"); ok {
		t.Error("nothing is changed and a note is asked for")
	}
	d.Keys("down", "down", "down", ">", "a")
	if says, ok := d.Answer("  "); ok || says == "" {
		t.Error("saved without a note")
	}
	if _, ok := d.Answer("renewals count"); !ok || m.failed != nil {
		t.Fatal(m.failed)
	}
	g := rule.GradingSection.Of(l.Pack())
	if g.Weights["renewal"] != .3 || g.Weights["chain"] != .35 || len(g.Weights) != 2 {
		t.Errorf("%v", g.Weights)
	}
	if b, _ := os.ReadFile(path); !strings.Contains(string(b), "# ours") {
		t.Errorf("%s", b)
	}
	all, _ := desk.RuleVersions(t.Context())
	if len(all) != 2 || all[1].Note != "renewals count" || all[1].Name != "ann" || len(storetest.Decisions(t, desk)) != 2 {
		t.Errorf("%+v", all)
	}
	if m.changed() != 0 || m.load.Value.rules != g || len(m.before) != 0 {
		t.Error("it is still tried")
	}
	d.Keys("p", "a")
	if _, ok := d.Answer("as schools do"); !ok || m.failed != nil {
		t.Fatal(m.failed)
	}
	if g := rule.GradingSection.Of(l.Pack()); g.Preset != "government" || len(g.Weights) != 0 {
		t.Errorf("%s %v", g.Preset, g.Weights)
	}
}

// A file that was broken meanwhile is not written over; what is wrong is on the screen, and what is tried stays.
func TestWeights_RefusedIsTold(t *testing.T) {
	env := tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)
	path, _, _ := live(t, env, "version: 1\n")
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	if err := os.WriteFile(path, []byte("grading: {hysteresis: 99}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Keys(">", "a")
	d.Answer("more")
	if v := layout.Plain(d.P.View()); m.failed == nil || !strings.Contains(v, "want 0 to 20") || m.changed() != 1 || m.saving {
		t.Errorf("%v\n%s", m.failed, v)
	}
	for range 3 { // no factor without a weight is saved
		for range 30 {
			d.Keys("<")
		}
		d.Keys("down")
	}
	before := len(d.Sent)
	d.Keys("a")
	if tail := d.Sent[before:]; len(tail) != 1 || !strings.Contains(fmt.Sprint(tail[0]), "Ability to pay has no weight") {
		t.Errorf("%v", tail)
	}
	env.Revise = nil
	d.Keys("p", "a")
	if last := fmt.Sprint(d.Sent[len(d.Sent)-1]); !strings.Contains(last, "only by whoever") {
		t.Error(last)
	}
}

// Whoever looks at a customer finds what was tried when coming back, and a commit changes nothing of it.
func TestWeights_Restore(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	d.Keys("down", ">", "down", "<", "v", "tab", "down", "enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Account {
		t.Fatalf("opened %v", p)
	}
	before := d.P.View()
	d.Send(pane.Committed{Rev: 5})
	if d.P.View() != before {
		t.Error("a commit that changed nothing changed the picture")
	}
	again := of(tuitest.Env(t, b, locale.English))
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	if got := tuitest.Drive(t, again, layout.Size{W: 80, H: 22}).P.View(); got != before {
		t.Errorf("restored\n%s\nwant\n%s", layout.Plain(got), layout.Plain(before))
	}
	d.Filter("no customer has this name")
	d.Keys("enter", "right")
	d.P.(pane.Closer).Close()
}

func TestWeights_NothingThere(t *testing.T) {
	few := analytics.FromRecords(&store.Records{Org: &store.Org{Name: "d", TimeZone: "UTC", Currency: "CNY"}}, analytics.Options{})
	for _, b := range []*analytics.Book{nil, few} {
		d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
		d.Keys("right", "down", "v", "p", "u", "a", "tab", "enter")
		tuitest.Fits(t, "nothing", d.P.View(), layout.Size{W: 80, H: 22})
		d.P.(pane.Escaper).Escape()
	}
}

// BenchmarkKey_Slider guards the way from a key to the picture, the step included.
func BenchmarkKey_Slider(b *testing.B) {
	book := tuitest.Company(b, company.Size{Regions: 4, Teams: 12, Reps: 100, Accounts: 20_000, Deals: 4_000, Touches: 4_000, Sales: 60_000, Quarters: 4, Months: 12})
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, of(tuitest.Env(b, book, locale.Chinese)), s)
			d.Keys("down", "down", "down")
			keys := []string{"right", "right", "left", "left"}
			for i := 0; b.Loop(); i++ {
				d.Keys(keys[i%len(keys)])
				_ = d.P.View()
			}
		})
	}
}
