package rule

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"flightdeck/store/storetest"
)

// Every figure can be set and read back, within what the file accepts, and a draft leaves the rules that it is tried on as they are.
func TestDraft_EveryFigure(t *testing.T) {
	g := GradingSection.Of(nil)
	before := defaultGrading()
	keys := map[string]bool{}
	for _, f := range g.Figures() {
		if keys[f.Key] {
			t.Errorf("%s stands twice", f.Key)
		}
		keys[f.Key] = true
		if v := f.Of(g); f.Clamp(v) != v {
			t.Errorf("%s: %v is out of its own bounds", f.Key, v)
		}
		for _, v := range []float64{f.Clamp(f.Of(g) + f.Step), f.Clamp(f.Of(g) - f.Step)} {
			d := Draft{}.With(f.Key, v)
			if got := f.Of(d.On(g)); got != v {
				t.Errorf("%s: set to %v it is %v", f.Key, v, got)
			}
			if figures, preset := d.Changed(g); v != f.Of(g) && (len(figures) != 1 || figures[0].Key != f.Key || preset) {
				t.Errorf("%s: changed %v, %v", f.Key, figures, preset)
			}
		}
	}
	if g.Weights["renewal"] != before.Weights["renewal"] || !reflect.DeepEqual(g.Grades, before.Grades) || g.Hysteresis != before.Hysteresis {
		t.Error("the rules that were tried on are others now")
	}
	if len(keys) < 18 {
		t.Errorf("%d figures", len(keys))
	}
}

func TestDraft_Preset(t *testing.T) {
	g := *GradingSection.Of(nil)
	g.Weights = map[string]float64{"renewal": .3, "chain": .1}
	d := Draft{Preset: "education"}.With("weights.usage", .25).With("weights.trend", .2)
	to := d.On(&g)
	if to.Preset != "education" || !reflect.DeepEqual(to.Weights, map[string]float64{"trend": .2}) {
		t.Errorf("%s %v", to.Preset, to.Weights)
	}
	if to = (Draft{Preset: "nope"}).With("weights.nope", 1).On(&g); to.Preset != "general" || !reflect.DeepEqual(to.Weights, g.Weights) {
		t.Errorf("%s %v", to.Preset, to.Weights)
	}
	none := Draft{Values: map[string]float64{"weights.integration": 0, "weights.chain": 0, "weights.support": 0}}
	if f := none.On(&g).Weightless(); f != "cost" || g.Weightless() != "" {
		t.Error(f)
	}
}

// A draft file beside the rules is checked as they are, and changes nothing; a section says in which keys it differs from another.
func TestLive_Draft(t *testing.T) {
	path := rules(t)
	write(t, path, "version: 1\n")
	l := NewLive(Options{Schema: NewSchema(GradingSection), Path: path, Log: storetest.NewDesk()})
	load(t, l)
	if _, err := l.Draft(); err == nil || !strings.Contains(err.Error(), "cp "+path) {
		t.Error(err)
	}
	draft := l.DraftPath()
	if !strings.HasSuffix(draft, ".draft.yaml") {
		t.Fatal(draft)
	}
	write(t, draft, "grading: {hysteresis: 50}\n")
	if _, err := l.Draft(); err == nil || !strings.Contains(err.Error(), draft+":1:") {
		t.Error(err)
	}
	write(t, draft, "grading:\n  hysteresis: 5\n  grades: [{grade: S, from: 80}, {grade: A, from: 60}, {grade: B, from: 50}, {grade: C, from: 0}]\n")
	p, err := l.Draft()
	if err != nil {
		t.Fatal(err)
	}
	to, was := GradingSection.Of(p), GradingSection.Of(l.Pack())
	if got := was.Differs(to); !reflect.DeepEqual(got, []string{"grades", "hysteresis"}) || len(was.Differs(was)) != 0 {
		t.Errorf("%v", got)
	}
	for _, f := range to.Figures() { // each says of both sections what it is there
		if v := f.Of(was); math.IsNaN(v) != (f.Key == "grades.S") {
			t.Errorf("%s is %v in the old rules", f.Key, v)
		}
	}
	if l.Pack().Number != 1 {
		t.Error("the draft is in force")
	}
}
