package rule

import (
	"errors"
	"os"
	"strings"
	"testing"

	"flightdeck/analytics/rule/document"
	"flightdeck/store/storetest"
)

// What is changed is written; everything else of the file stays as somebody wrote it.
func TestRevise_KeepsTheRestOfTheFile(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no section", "# ours\nversion: 1 # of the format\n", "# ours\nversion: 1 # of the format\ngate:\n  weight: 0.1\n"},
		{"empty section", "version: 1\ngate:\nforecast:\n  decay: {days: 5}\n", "version: 1\ngate:\n  weight: 0.1\nforecast:\n  decay: {days: 5}\n"},
		{"other keys", "gate:\n    # which ones\n    list: [7]\n\n# next\nforecast: {decay: {days: 5}}\n", "gate:\n    # which ones\n    weight: 0.1\n    list: [7]\n\n# next\nforecast: {decay: {days: 5}}\n"},
		{"the key", "gate:\n  weight: 0.3 # too much\n  list:\n  - 7\n", "gate:\n  weight: 0.1\n  list:\n  - 7\n"},
		{"in braces", "gate: {weight: 0.3, list: [7]}\nversion: 1\n", "gate:\n  weight: 0.1\n  list:\n  - 7\nversion: 1\n"},
		{"empty braces", "gate: {}\n", "gate:\n  weight: 0.1\n"},
		{"no last line end", "gate:\n  mode: hard", "gate:\n  weight: 0.1\n  mode: hard\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, log, alerts := rules(t), storetest.NewDesk(), []string{}
			write(t, path, tt.text)
			l := newLive(t, path, log, &alerts)
			before := gateSection.Of(load(t, l)).List
			p, err := Revise(t.Context(), l, gateSection, func(g *gate) { g.Weight = .1 }, "x:ann", "ann", "less")
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := os.ReadFile(path); string(b) != tt.want {
				t.Errorf("wrote\n%s\nwant\n%s", b, tt.want)
			}
			if g := gateSection.Of(p); g.Weight != .1 || len(g.List) != len(before) || l.Pack() != p || p.Number != 2 {
				t.Errorf("in force: %+v, %s", g, p.Version())
			}
		})
	}
}

func TestRevise_ListsMapsAndBlocks(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "gate:\n  list:\n  - 1\n  # two\n  - 2\n\n  score:\n    more: |\n      2 *\n      amount\n  mode: soft\n")
	l := newLive(t, path, log, &alerts)
	load(t, l)
	p, err := Revise(t.Context(), l, gateSection, func(g *gate) {
		g.List, g.Score = []int{3, 4}, map[string]Expr{"more": Inline("3 * amount")}
	}, "", "ann", "")
	if err == nil || !strings.Contains(err.Error(), "cannot be put") { // a default key of a map cannot be taken away
		t.Fatalf("%v, %v", p, err)
	}
	p, err = Revise(t.Context(), l, gateSection, func(g *gate) { g.List, g.Score["more"] = []int{3, 4}, Inline("3 * amount") }, "", "ann", "")
	if err != nil {
		t.Fatal(err)
	}
	if g := gateSection.Of(p); len(g.List) != 2 || g.List[1] != 4 || g.Mode != "soft" || g.Score["more"].String() != "3 * amount" {
		t.Errorf("%+v\n%s", g, p.Text)
	}
}

// Nothing is written for a change that is not accepted, or over a file that somebody is at work on.
func TestRevise_Refused(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "gate:\n  mode: hard\n")
	l := newLive(t, path, log, &alerts)
	was := load(t, l)
	less := func(g *gate) { g.Weight = .1 }
	var wrong *document.Error
	if _, err := Revise(t.Context(), l, gateSection, func(g *gate) { g.Weight = .9 }, "", "ann", ""); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "gate.weight: 0.9: want 0 to 0.3") {
		t.Error(err)
	}
	write(t, path, "gate:\n  mode: har\n")
	if _, err := Revise(t.Context(), l, gateSection, less, "", "ann", ""); !errors.As(err, &wrong) || !strings.Contains(err.Error(), ":2:9: gate.mode") {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "gate:\n  mode: har\n" || l.Pack() != was || len(storetest.Decisions(t, log)) != 1 {
		t.Errorf("%q", b)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if p, err := Revise(t.Context(), l, gateSection, less, "", "ann", ""); err != nil || gateSection.Of(p).Weight != .1 {
		t.Error(err)
	}
	if _, err := Revise(t.Context(), newLive(t, "", log, &alerts), gateSection, less, "", "ann", ""); err == nil || !strings.Contains(err.Error(), "rules_file") {
		t.Error(err)
	}
}

// The weights of the grading section, as the sliders save them.
func TestRevise_Weights(t *testing.T) {
	path, log, alerts := rules(t), storetest.NewDesk(), []string{}
	write(t, path, "version: 1\ngrading:\n  preset: education\n  # by hand\n  hysteresis: 3\n")
	l := NewLive(Options{Schema: NewSchema(GradingSection), Path: path, Log: log, Alert: newLive(t, path, log, &alerts).o.Alert})
	load(t, l)
	set := func(w map[string]float64, preset string) (*Pack, error) {
		return Revise(t.Context(), l, GradingSection, func(g *Grading) { g.Weights, g.Preset = w, preset }, "x:ann", "ann", "try")
	}
	p, err := set(map[string]float64{"renewal": .5, "chain": .25}, "government")
	if err != nil {
		t.Fatal(err)
	}
	if g := GradingSection.Of(p); g.Weight(&g.Attributes[3]) != .5 || g.Preset != "government" || g.Hysteresis != 3 || !strings.Contains(p.Text, "# by hand\n  hysteresis: 3\n") {
		t.Errorf("%s", p.Text)
	}
	if p, err = set(map[string]float64{"chain": .3}, "government"); err != nil || len(GradingSection.Of(p).Weights) != 1 {
		t.Errorf("%v", err)
	}
	if p, err = set(nil, "general"); err != nil || len(GradingSection.Of(p).Weights) != 0 {
		t.Errorf("%v\n%s", err, p.Text)
	}
	if _, err = set(map[string]float64{"repurchase": .31}, "general"); err == nil || !strings.Contains(err.Error(), "grading.weights.repurchase: 0.31: want 0 to 0.3") {
		t.Error(err)
	}
}
