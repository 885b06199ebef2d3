package rule

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

var grading = NewSchema(GradingSection)

// The figures that were promised: eight presets with the weights of education, manufacturing and government, twelve behaviours, bounds, the lifetime case.
func TestGrading_PromisedFigures(t *testing.T) {
	g := GradingSection.Of(grading.Default())
	if len(g.Presets) != 8 || g.Presets["education"]["renewal"] != .40 || g.Presets["manufacturing"]["integration"] != .35 || g.Presets["government"]["chain"] != .50 {
		t.Errorf("presets %v", g.Presets)
	}
	if len(g.Health.Behaviours) != 12 || g.Lifetime.Renewal != 81 || g.Lifetime.Multiple != 3.2 || g.Potential.Health != 85 || g.Potential.Months != 2 {
		t.Errorf("%+v", g)
	}
	for i := range g.Attributes {
		if a := &g.Attributes[i]; a.ID == "repurchase" && a.Max != .3 {
			t.Errorf("repurchase may weigh %v", a.Max)
		}
	}
}

// Every preset is within its bounds, and so is what the file puts over it; what is not is told with line, field and bounds.
func TestGrading_Problems(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"grading:\n  weights:\n    repurchase: 0.85\n", `rules.yaml:3:5: grading.weights.repurchase: 0.85: want 0 to 0.3`},
		{"grading:\n  weights: {renwal: 0.2}\n", "grading.weights.renwal: unknown; want one of adoption, chain"},
		{"grading:\n  preset: edu\n", `grading.preset: "edu": want one of education, finance, general`},
		{"grading:\n  inputs:\n    logins: {from: telemetry.logins}\n", `grading.inputs.logins.from: "telemetry.logins": want reading.MEASURE`},
		{"grading:\n  grades: [{grade: A, from: 50}, {grade: B, from: 60}]\n", "grading.grades[1].from: 60: want less than the grade before it has (50)"},
		{"grading:\n  potential: {intent: 'renewals > 3'}\n", "unknown name renewals"},
		{"grading:\n  decides: nobody\n", "grading.decides"},
		{"grading:\n  inputs:\n    logins: {shift: 11}\n", "rules.yaml:3:21: grading.inputs.logins.shift: 11: want 0 to 10"},
		{"grading:\n  inputs:\n    logins: {shift: 0.01}\n", "grading.inputs.logins.shift: 0.01: want 0.05 to 10, or 0 for guard.shift"},
		{"grading:\n  inputs:\n    logins: {moved: 101}\n", "grading.inputs.logins.moved: 101: want 0 to 100"},
		{"grading:\n  playbook: [{grade: E, name: x, name_en: x, every: 3}]\n", `grading.playbook[0].grade: "E": want one of A, B, C, D`},
	} {
		_, err := grading.Parse("rules.yaml", []byte(tt.text), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// An input's own limits go before the guard's, unless the guard is wide open.
func TestGrading_Limits(t *testing.T) {
	p, err := grading.Parse("rules.yaml", []byte("grading:\n  inputs:\n    logins: {shift: 0.6}\n    depth: {moved: 10}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	g := GradingSection.Of(p)
	open := Draft{Values: Unguarded()}.On(g)
	for _, tt := range []struct {
		g     *Grading
		input string
		shift float64
		moved int
	}{
		{g, "logins", .6, 50}, {g, "depth", .25, 10}, {g, "seats", .25, 50}, {open, "logins", 10, 100}, {open, "depth", 10, 100},
	} {
		if shift, moved := tt.g.Limits(tt.input); shift != tt.shift || moved != tt.moved {
			t.Errorf("%s: %v, %d, want %v, %d", tt.input, shift, moved, tt.shift, tt.moved)
		}
	}
	if in := g.Inputs["logins"]; in.From != "reading.logins" || in.Fresh != 45 {
		t.Errorf("the input lost what the file does not say: %+v", in)
	}
}

// A preset is the weights that no line of the file says.
func TestGrading_Preset(t *testing.T) {
	p, err := grading.Parse("rules.yaml", []byte("grading:\n  preset: education\n  weights: {usage: 0.1}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	g := GradingSection.Of(p)
	want := map[string]float64{"renewal": .4, "usage": .1, "adoption": .2, "scale": .35}
	for i := range g.Attributes {
		if w, ok := want[g.Attributes[i].ID]; ok && g.Weight(&g.Attributes[i]) != w {
			t.Errorf("%s weighs %v, want %v", g.Attributes[i].ID, g.Weight(&g.Attributes[i]), w)
		}
	}
}

// The defaults are ready to be judged by, also where no rules were ever read.
func TestGrading_DefaultsAreReady(t *testing.T) {
	ok, err := GradingSection.Of(nil).Potential.Intent.Bool(map[string]any{"open_new_product": true, "renewal": 10.0, "open_deals": 1.0, "signals": []string{}})
	if err != nil || !ok {
		t.Errorf("%v, %v", ok, err)
	}
	ok, err = GradingSection.Of(nil).Potential.Intent.Bool(map[string]any{"open_new_product": false, "renewal": 99.0, "open_deals": 1.0, "signals": []string{}})
	if err != nil || ok {
		t.Errorf("whoever only renews wants nothing new: %v, %v", ok, err)
	}
}

// A measure that the file names must be one that a source gives, where any is known; the defaults' own are taken as they are.
func TestGrading_Measures(t *testing.T) {
	known := map[string][]string{"measure": {"logins", "visits"}}
	for text, want := range map[string]string{
		"version: 1\n": "",
		"grading:\n  inputs:\n    walks: {from: reading.visits}\n": "",
		"grading:\n  inputs:\n    walks: {from: reading.vists}\n":  `grading.inputs.walks.from: "reading.vists": no source ever gave the measure vists; want reading. and one of logins, visits`,
	} {
		_, err := grading.Parse("rules.yaml", []byte(text), known)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
	if _, err := grading.Parse("rules.yaml", []byte("grading:\n  inputs:\n    walks: {from: reading.vists}\n"), nil); err != nil {
		t.Errorf("where nothing is measured yet, a measure may come: %v", err)
	}
}

// What rules show prints is a file of the same rules, with its large numbers.
func TestGrading_PrintedRulesAreRules(t *testing.T) {
	text := grading.Default().YAML()
	p, err := grading.Parse("rules.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.YAML() != text {
		t.Errorf("printed again it is another text:\n%s", p.YAML())
	}
}

// Each of the eight presets is a file of rules, and under each a weight is the share of its factor: renewal .40 in education is .40 of the growth potential, and not .38 of it.
func TestGrading_EveryPreset(t *testing.T) {
	for name := range GradingSection.Of(nil).Presets {
		p, err := grading.Parse("rules.yaml", []byte("version: 1\ngrading:\n  preset: "+name+"\n"), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		g := GradingSection.Of(p)
		if g.Preset != name {
			t.Errorf("%s: loaded as %s", name, g.Preset)
		}
		sums := map[string]float64{}
		for i := range g.Attributes {
			sums[g.Attributes[i].Factor] += g.Weight(&g.Attributes[i])
		}
		for _, f := range Factors() {
			if math.Abs(sums[f]-1) > 1e-9 {
				t.Errorf("%s: the weights of %s add up to %v", name, f, sums[f])
			}
		}
	}
}

// Every weight has bounds, in the weights and in every preset, and what is beyond them is refused with the line, the field and what is accepted.
func TestGrading_EveryBound(t *testing.T) {
	g := GradingSection.Of(nil)
	for i := range g.Attributes {
		a := &g.Attributes[i]
		for _, w := range []float64{a.Max + .01, a.Min - .01} {
			for field, text := range map[string]string{
				"weights." + a.ID:          fmt.Sprintf("version: 1\ngrading:\n  weights:\n    %s: %.2f\n", a.ID, w),
				"presets.software." + a.ID: fmt.Sprintf("version: 1\ngrading:\n  presets: {software:\n    {%s: %.2f}}\n", a.ID, w),
			} {
				_, err := grading.Parse("rules.yaml", []byte(text), nil)
				want := fmt.Sprintf("grading.%s: %.4g: want %v to %v", field, w, a.Min, a.Max)
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "rules.yaml:4:") {
					t.Errorf("%q:\n got %v\nwant line 4 and %s", text, err, want)
				}
			}
		}
	}
	for field, bad := range map[string]string{
		"lifetime.renewal": "{lifetime: {renewal: 101}}", "lifetime.multiple": "{lifetime: {multiple: 30}}", "lifetime.rate": "{lifetime: {rate: renewals}}", "lifetime.subscription": "{lifetime: {subscription: fee}}",
		"hysteresis": "{hysteresis: 21}", "guard.vanished": "{guard: {vanished: 0}}", "guard.shift": "{guard: {shift: 20}}", "guard.moved": "{guard: {moved: 0}}", "guard.least": "{guard: {least: 1}}",
		"guard.unknown": "{guard: {unknown: 101}}", "guard.outage": "{guard: {outage: 721}}", "potential.health": "{potential: {health: 120}}", "potential.months": "{potential: {months: 0}}", "health.red": "{health: {red: 70}}",
		"inputs.logins.fresh": "{inputs: {logins: {fresh: -1}}}",
	} {
		_, err := grading.Parse("rules.yaml", []byte("version: 1\ngrading:\n  "+bad+"\n"), nil)
		if err == nil || !strings.Contains(err.Error(), "rules.yaml:3:") || !strings.Contains(err.Error(), "grading."+field+":") || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// At the usual renewal the value by lifetime is the multiple, whoever renews more surely is worth more years and whoever hardly does less than one and a half; the bound holds.
func TestLifetime_Years(t *testing.T) {
	l := Lifetime{Renewal: 81, Multiple: 3.2}
	for _, c := range []struct{ rate, want float64 }{{81, 3.2}, {math.NaN(), 3.2}, {100, 8.163}, {50, 1.606}, {0, .891}} {
		if got := l.Years(c.rate); math.Abs(got-c.want) > .001 {
			t.Errorf("at %v%%: %v years, want %v", c.rate, got, c.want)
		}
	}
	if got := (&Lifetime{Renewal: 60, Multiple: 19}).Years(100); got != 20 {
		t.Errorf("%v years", got)
	}
	if got := (&Lifetime{}).Years(90); got != 0 {
		t.Errorf("%v years without a multiple", got)
	}
}
