package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/storetest"
	"flightdeck/tui"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// A weight pushed out of bounds while the program runs changes nothing, is told once, and the mended file is in force without a restart.
func TestIncident_RuleFileOutOfBoundsWhileRunning(t *testing.T) {
	dir := t.TempDir()
	in := &invocation{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, storeDir: filepath.Join(dir, "store"), lang: "en"}
	cfg := demoConfig(in)
	cfg.RulesFile = filepath.Join(dir, "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(cfg.RulesFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("forecast: {triage: {weights: {overdue: 2}}}\n")
	a, err := in.open(t.Context(), cfg, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // of a test
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	commits := h.commits(h.ctx)
	weight := func() float64 { return rule.ForecastSection.Of(h.pack()).Triage.Weights["overdue"] }
	until := func(what string, ok func() bool) {
		t.Helper()
		late := time.After(20 * time.Second)
		for !ok() {
			select {
			case <-commits: // panes are told
			case <-late:
				t.Fatalf("%s: never", what)
			}
		}
	}
	if weight() != 2 || rule.ForecastSection.Of(h.pack()).Triage.Weights["stale"] != 0.5 || h.pack().Number != 1 {
		t.Fatalf("%s: %v", h.pack().Version(), weight())
	}
	write("forecast: {triage: {weights: {overdue: 20}}}\n")
	until("the problem", func() bool { return h.pack().Problem != nil })
	if weight() != 2 || !strings.Contains(h.pack().Problem.Error(), "rules.yaml:1:40: forecast.triage.weights.overdue: 20: want 0 to 10") {
		t.Fatalf("%v, %v", weight(), h.pack().Problem)
	}
	var ms []store.Message
	for late := time.Now().Add(20 * time.Second); len(ms) == 0 && time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		ms = storetest.Messages(t, a.desk)
	}
	if len(ms) != 1 || ms[0].Kind != store.MessageRules || !strings.Contains(ms[0].Text, "want 0 to 10") || !strings.Contains(ms[0].Title, "version 1") {
		t.Fatalf("%+v", ms)
	}
	write("forecast: {triage: {weights: {overdue: 3}}}\n")
	until("the mended file", func() bool { return h.pack().Problem == nil })
	if weight() != 3 || h.pack().Number != 2 {
		t.Fatalf("%s: %v", h.pack().Version(), weight())
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
}

// While the file holds a weight beyond its bounds, every screen says that the rules are wrong, and those that rest on them say where, what is accepted, since when and which version
// judges; once the file is mended none of them does.
func TestIncident_WrongRulesOnScreens(t *testing.T) {
	book := tuitest.Judged(t)
	path := filepath.Join(t.TempDir(), "rules.yaml")
	live := rule.NewLive(rule.Options{Schema: schema(), Path: path})
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, tuitest.Now, tuitest.Now); err != nil {
			t.Fatal(err)
		}
		if err := live.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write("version: 1\n")
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		env := tuitest.Env(t, book, lang)
		env.Rules = live.Pack
		l := env.Locale
		mark, since := l.T(locale.RulesWrongMark), l.Time(tuitest.Now, book.Location())
		for _, kind := range []pane.Kind{pane.Morning, pane.Weights, pane.Sandbox, pane.Migration, pane.Evaluations, pane.Forecast, pane.Triage} {
			for _, size := range [][2]int{{60, 20}, {80, 24}, {200, 50}} {
				what := fmt.Sprintf("%v %v %v", lang, kind, size)
				shell, err := tui.New(env, panes, tui.Options{Start: pane.Place{Kind: kind}, Still: true})
				if err != nil {
					t.Fatal(err)
				}
				d := tuitest.Start(t, shell, size[0], size[1])
				// Wrapping breaks words where the screen ends; what is looked for may lie over the break.
				shown := func() string {
					return strings.Join(strings.Fields(ansi.Strip(d.View())), "")
				}
				if strings.Contains(shown(), strings.ReplaceAll(mark, " ", "")) {
					t.Fatalf("%s: said of good rules:\n%s", what, d.View())
				}
				write("grading:\n  weights:\n    repurchase: 0.85\n")
				d.Send(pane.Committed{Rev: book.Rev()})
				says := []string{mark}
				rests := kind != pane.Forecast && kind != pane.Triage
				if rests && size[0] >= 80 {
					says = append(says, "rules.yaml:3:5", "grading.weights.rep")
				}
				if rests && size[0] >= 80 && (kind != pane.Morning || size[0] == 200) {
					says = append(says, since)
				}
				if rests && size[0] == 200 || kind == pane.Weights || kind == pane.Sandbox && size[0] >= 80 || kind == pane.Migration {
					says = append(says, "0.85: want 0 to 0.3")
				}
				for _, s := range says {
					if !strings.Contains(shown(), strings.ReplaceAll(s, " ", "")) {
						t.Errorf("%s does not say %q:\n%s", what, s, ansi.Strip(d.View()))
					}
				}
				for i, line := range strings.Split(d.View(), "\n") {
					if w := layout.Width(line); w > size[0] {
						t.Errorf("%s: line %d is %d cells wide", what, i, w)
					}
				}
				write("version: 1\n")
				d.Send(pane.Committed{Rev: book.Rev()})
				if s := shown(); strings.Contains(s, strings.ReplaceAll(mark, " ", "")) || strings.Contains(s, "repurchase:0.85") || strings.Contains(s, "rules.yaml:3") {
					t.Errorf("%s: still said of mended rules:\n%s", what, ansi.Strip(d.View()))
				}
			}
		}
	}
}
