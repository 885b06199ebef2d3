package main

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// TestSlowScreens_Answer: what is asked beside is what a screen shows, and awaiting its loads is all that it takes.
func TestSlowScreens_Answer(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	for _, p := range slowScreens {
		env := tuitest.Env(t, b, locale.English)
		x := panes(p.Kind)(env, p)
		x.SetSize(layout.Size{W: 120, H: 30})
		cmd := x.Init()
		await(func() tea.Msg {
			msg := cmd()
			if to, ok := msg.(pane.To); ok {
				x.Update(to.Msg)
			}
			return msg
		})
		for _, bad := range []string{"failed", "loading"} {
			if view := layout.Plain(x.View()); strings.Contains(view, bad) {
				t.Errorf("%s: %s", p, view)
			}
		}
	}
}
