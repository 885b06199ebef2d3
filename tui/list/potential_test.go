package list

import (
	"testing"

	"flightdeck/analytics/rule"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// ambitious is a session whose rules promote more customers than the usual ones do.
func ambitious(t *testing.T) tuitest.Make {
	t.Helper()
	p, err := rule.NewSchema(rule.GradingSection).Parse("rules.yaml", []byte("grading: {potential: {health: 50}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(env *pane.Env) pane.Pane {
		env.Rules = func() *rule.Pack { return p }
		return New(pane.Potential)(env, pane.Place{Kind: pane.Potential})
	}
}

func TestPotential_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Company(t, tuitest.Small), ambitious(t), "down")
}

func TestPotential_GeometryAndEnter(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	tuitest.Geometry(t, b, ambitious(t))
	d := tuitest.Drive(t, ambitious(t)(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	d.Keys("down", "enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Account {
		t.Errorf("opened %v", p)
	}
	none := tuitest.Drive(t, New(pane.Potential)(tuitest.Env(t, b, locale.English), pane.Place{Kind: pane.Potential, ID: "x"}), layout.Size{W: 80, H: 22})
	none.P.View()
}
