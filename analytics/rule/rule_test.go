package rule

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"flightdeck/analytics/rule/document"
	"flightdeck/store/storetest"
)

// gate is a section as an analysis would declare one.
type gate struct {
	Weight float64         `yaml:"weight" bounds:"0..0.3"`
	When   Expr            `yaml:"when,omitempty" env:"deal" returns:"bool"`
	Score  map[string]Expr `yaml:"score,omitempty" env:"deal" returns:"number"`
	Mode   string          `yaml:"mode" oneof:"hard soft"`
	Stages []string        `yaml:"stages,omitempty" known:"stage"`
	List   []int           `yaml:"list" bounds:"1..9"`
}

var gateSection = NewSection("gate", "for tests", func() *gate {
	return &gate{Weight: 0.2, Mode: "hard", List: []int{1, 2}, Score: map[string]Expr{"size": Inline("amount / 1000")}}
}, func(g *gate, r *Report) {
	if g.Mode == "soft" && g.Weight == 0 {
		r.Problem("weight", "0: want more than 0 for a soft gate")
	}
}).WithEnvs(func(*gate) map[string]Env {
	return map[string]Env{"deal": {"amount": 0.0, "stage": "", "signed": false}}
})

var schema = NewSchema(ForecastSection, gateSection)

func parse(t *testing.T, text string) *Pack {
	t.Helper()
	p, err := schema.Parse("rules.yaml", []byte(text), map[string][]string{"stage": {"lead", "won"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What the file does not say has its default; what it says stands in its place.
func TestParse_Defaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "version: 1\n", "gate:\n", "gate: {}\n"} {
		if p := parse(t, text); !reflect.DeepEqual(ForecastSection.Of(p), defaultForecast()) || gateSection.Of(p).Weight != 0.2 {
			t.Errorf("%q: %+v", text, gateSection.Of(p))
		}
	}
	p := parse(t, "forecast:\n  decay: {days: 5}\ngate: {list: [7], score: {more: '2 * amount'}}\n")
	f, g := ForecastSection.Of(p), gateSection.Of(p)
	if f.Decay != (Decay{5, 60}) || f.DualTrack.Sigma != 2 || !reflect.DeepEqual(g.List, []int{7}) {
		t.Fatalf("%+v, %+v", f.Decay, g)
	}
	for name, want := range map[string]float64{"size": 3, "more": 6000} {
		if v, err := g.Score[name].Number(map[string]any{"amount": 3000.0}); err != nil || v != want {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if ForecastSection.Of(nil).Decay.Days != 3 || ForecastSection.Of(parse(t, "")).Decay.Days != 3 {
		t.Error("a pack changed the defaults")
	}
}

// The figures that were promised.
func TestForecast_PromisedFigures(t *testing.T) {
	f := ForecastSection.Of(schema.Default())
	if f.Decay.Days != 3 || f.Decay.Weight != 60 || f.DualTrack.Sigma != 2 || len(f.Credibility.Steps) != 4 || f.Deviation.Top != 10 ||
		f.Clustering.Promised != (Days{25, 30}) || f.Clustering.Actual != (Days{8, 12}) {
		t.Fatalf("%+v", f)
	}
}

// Everything that is wrong is told at once, with line, column, field and what is accepted.
func TestParse_Problems(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"forcast: {}\n", `rules.yaml:1:1: forcast: unknown key; want one of version, forecast, gate`},
		{"version: 2\n", `rules.yaml:1:1: version: 2 is not known to this flightdeck; want 1, or a newer flightdeck`},
		{"version: x\n", `rules.yaml:1:10: version: want a whole number; found the text "x"`},
		{"gate:\n  weight: 0.31\n", `rules.yaml:2:11: gate.weight: 0.31: want 0 to 0.3`},
		{"gate:\n  weight: .nan\n", `rules.yaml:2:11: gate.weight: want a number; found the number .nan`},
		{"gate:\n  weight: much\n", `rules.yaml:2:11: gate.weight: want a number; found the text "much"`},
		{"gate:\n  mode: hart\n", `rules.yaml:2:9: gate.mode: "hart" is unknown; want one of hard, soft`},
		{"gate:\n  stages: [lead, won, wonn]\n", `rules.yaml:2:23: gate.stages[2]: "wonn" is unknown; want one of lead, won`},
		{"gate:\n  list: [1, 10]\n", `rules.yaml:2:13: gate.list[1]: 10: want 1 to 9`},
		{"gate: {weight: 0, mode: soft}\n", `rules.yaml:1:16: gate.weight: 0: want more than 0 for a soft gate`},
		{"gate:\n  when: amount > 5 && sighned\n", `rules.yaml:2:23: gate.when: unknown name sighned; the inputs are amount, signed, stage`},
		{"gate:\n  when: \"signed && amuont > 5\"\n", `rules.yaml:2:20: gate.when: unknown name amuont; the inputs are amount, signed, stage`},
		{"gate:\n  when: |\n    signed &&\n    amuont > 5\n", `rules.yaml:4:1: gate.when: unknown name amuont; the inputs are amount, signed, stage`},
		{"gate:\n  when: amount + 1\n", `gate.when: expected bool, but got float64; the inputs are`},
		{"gate:\n  when: amount > \"x\"\n", `rules.yaml:2:16: gate.when: invalid operation: > (mismatched types float64 and string)`},
		{"gate:\n  when: now() > now()\n", `gate.when: unknown name now`},
		{"gate:\n  score: {a: amount, b: stag}\n", `rules.yaml:2:22: gate.score.b: unknown name stag`},
		{"gate:\n  when: (amount\n", `rules.yaml:2:15: gate.when: unexpected token EOF`},
		{"gate: [1]\n", `rules.yaml:1:7: gate: want keys weight, when, score, mode, stages, list; found a list`},
		{"- a\n", `rules.yaml:1:1: want keys version, forecast, gate; found a list`},
		{"gate:\n\tmode: hard\n", `rules.yaml:2:1: a tab in the indentation`},
		{"forecast:\n  decay:\n    days: -1\n    wieght: 60\n", "rules.yaml:3:11: forecast.decay.days: -1: want 0 to 365 days\nrules.yaml:4:5: forecast.decay.wieght: unknown key; want one of days, weight"},
		{"forecast:\n  dual_track: {sigma: 1e400}\n", `forecast.dual_track.sigma: `},
		{"forecast:\n  credibility:\n    steps:\n      - {id: a, name: a, name_en: a, stages: [nope], from: 0}\n", `rules.yaml:4:47: forecast.credibility.steps[0].stages[0]: "nope" is unknown; want one of lead, won`},
		{"forecast:\n  credibility:\n    steps:\n      - {id: a, name: a, name_en: a, from: 50}\n      - {id: a, name: b, name_en: b, from: 20, lost: 5}\n",
			"rules.yaml:5:14: forecast.credibility.steps[1].id: \"a\": want a name of its own\n" +
				"rules.yaml:5:44: forecast.credibility.steps[1].from: 20: want no less than the step before it has (50)"},
		{"forecast:\n  credibility:\n    authority: [{level: person, up_to: 100}, {level: boss, up_to: 50}]\n", `rules.yaml:3:54: forecast.credibility.authority[1].level: "boss" is unknown; want one of person, team, region, company`},
		{"forecast:\n  credibility:\n    authority: [{level: person, up_to: 100}, {level: team, up_to: 50}]\n", `authority[1].up_to: 50: want more than 0, and more than the level before it may sign for`},
		{"forecast:\n  triage: {weights: {overdeu: 1}}\n", `rules.yaml:2:22: forecast.triage.weights.overdeu: unknown; want one of overdue, credibility`},
		{"forecast:\n  clustering: {promised: {from: 30, to: 25}}\n", `forecast.clustering.promised.from: 30: want no more than to (25)`},
	} {
		_, err := schema.Parse("rules.yaml", []byte(tt.text), map[string][]string{"stage": {"lead", "won"}})
		var all *document.Error
		if !errors.As(err, &all) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// What the rules in force print reads back as the same rules.
func TestPack_YAMLReadsBack(t *testing.T) {
	for _, text := range []string{"", "gate: {when: 'signed && amount > 1', stages: [won], score: {a: '1 + amount'}}\nforecast: {decay: {days: 9}}\n"} {
		p := parse(t, text)
		again := parse(t, p.YAML())
		if !reflect.DeepEqual(ForecastSection.Of(again), ForecastSection.Of(p)) || again.YAML() != p.YAML() {
			t.Errorf("%q prints\n%s\nwhich prints\n%s", text, p.YAML(), again.YAML())
		}
		if b, err := p.MarshalJSON(); err != nil || !strings.Contains(string(b), `"decay":{"days":`) {
			t.Errorf("%s, %v", b, err)
		}
	}
	if schema.Default().YAML() != parse(t, "").YAML() {
		t.Error("the defaults print differently")
	}
}

func TestPack_Version(t *testing.T) {
	p := schema.Default()
	if v := p.Version(); !strings.HasPrefix(v, "default (") || (*Pack)(nil).Version() != "default" {
		t.Error(v)
	}
	if other := NewSchema(gateSection).Default(); other.Version() == p.Version() {
		t.Error("other defaults have the same version")
	}
	q := parse(t, "version: 1\n")
	if q.Version() == parse(t, "version: 1 \n").Version() || !strings.HasPrefix(q.Version(), "unversioned (") {
		t.Error(q.Version())
	}
	if q.Number = 3; !strings.HasPrefix(q.Version(), "3 (") {
		t.Error(q.Version())
	}
}

func TestExpr(t *testing.T) {
	g := gateSection.Of(parse(t, "gate: {when: 'stage == \"won\" || signed', score: {a: 'amount / 0'}}\n"))
	if v, err := g.When.Bool(map[string]any{"amount": 1.0, "stage": "won", "signed": false}); err != nil || !v {
		t.Error(v, err)
	}
	if _, err := g.Score["a"].Number(map[string]any{"amount": 1.0}); err == nil || !strings.Contains(err.Error(), "guard its divisions") {
		t.Error(err)
	}
	if _, err := g.When.Bool(map[string]any{}); err == nil { // a missing input is never taken for a default
		t.Error("evaluated without inputs")
	}
	if _, err := (Expr{}).Bool(nil); err == nil {
		t.Error("evaluated nothing")
	}
	if _, err := Inline("1").Number(nil); err == nil {
		t.Error("evaluated what was not compiled")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("gate: {when: 'signed'}\n")
	f.Add("forecast: {credibility: {steps: [{id: a}]}}\n")
	f.Add("a: &a {b: *a}\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := schema.Parse("rules.yaml", []byte(text), nil)
		if err != nil {
			if strings.ContainsRune(err.Error(), 0x1b) {
				t.Fatalf("an escape character in %q", err)
			}
			return
		}
		if _, err := schema.Parse("again.yaml", []byte(p.YAML()), nil); err != nil {
			t.Fatalf("%q prints\n%s\nwhich is refused: %v", text, p.YAML(), err)
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newLive(t *testing.T, path string, log *storetest.Desk, alerts *[]string) *Live {
	t.Helper()
	return newLiveWith(path, log, alerts, func(err error) { t.Error(err) })
}

func rules(t *testing.T) string { return filepath.Join(t.TempDir(), "rules.yaml") }
