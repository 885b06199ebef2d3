package tuitest

import (
	"fmt"
	"slices"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/layout"
)

func TestRun_UnrollsBatchesAndSequencesInOrder(t *testing.T) {
	say := func(s string) tea.Cmd { return func() tea.Msg { return s } }
	var got []string
	Run(t, tea.Batch(say("a"), nil, tea.Sequence(say("b"), tea.Batch(say("c"), say("d")))), func(m tea.Msg) tea.Cmd {
		got = append(got, m.(string))
		if m == "a" {
			return say("a2")
		}
		return nil
	})
	if want := []string{"a", "b", "c", "d", "a2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(Msgs(tea.Sequence(say("x"), tea.Batch(say("y"), say("z"))))); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

func TestKey_NamesReadBack(t *testing.T) {
	for _, name := range []string{"enter", "esc", "up", "pgdown", "space", "ctrl+l", "shift+tab", "G", "?", ":", "中", "backspace"} {
		if got := Key(name).String(); got != name {
			t.Errorf("%q is pressed as %q", name, got)
		}
	}
}

// quiet counts errors instead of failing.
type quiet struct {
	testing.TB
	errors int
}

func (q *quiet) Helper()               {}
func (q *quiet) Errorf(string, ...any) { q.errors++ }

func TestFits_SeesWhatIsWrong(t *testing.T) {
	for view, want := range map[string]int{
		"中文\nab": 0, "\x1b[0;1mab\x1b[m\n": 0, // good
		"ab": 1, "a\nb\nc": 1, "中文a\n": 1, "\x1b[0;1mab\n": 1, "a\tb\n": 1,
	} {
		q := &quiet{TB: t}
		Fits(q, "x", view, layout.Size{W: 4, H: 2})
		if q.errors != want {
			t.Errorf("%s: %d complaints, want %d", fmt.Sprintf("%q", view), q.errors, want)
		}
	}
}
