package tui

import (
	"testing"

	"flightdeck/tui/pane"
)

// Each letter after g leads to one screen, and no screen has two.
func TestShell_JumpsAreOneToOne(t *testing.T) {
	keys, kinds := map[string]pane.Kind{"g": pane.None}, map[pane.Kind]string{}
	for _, j := range jumps {
		if by, ok := keys[j.key]; ok {
			t.Errorf("g %s leads to %v and to %v", j.key, by, j.kind)
		}
		if by, ok := kinds[j.kind]; ok {
			t.Errorf("%v has g %s and g %s", j.kind, by, j.key)
		}
		keys[j.key], kinds[j.kind] = j.kind, j.key
	}
}
