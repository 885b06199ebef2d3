package tui_test

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// asker is a pane that asks, and has something that esc discards.
type asker struct {
	*rows
	got   []string
	tried bool
}

type answered string

func (a *asker) Update(msg tea.Msg) tea.Cmd {
	if s, ok := msg.(answered); ok {
		a.got = append(a.got, string(s))
		return nil
	}
	if k, ok := msg.(tea.KeyPressMsg); ok && k.String() == "n" {
		return func() tea.Msg {
			return pane.Ask{Place: a.place, Prompt: "why? ", Value: "ab", Answer: func(text string) tea.Msg { return answered(text) },
				Check: func(text string) (string, error) {
					if len(text) < 3 {
						return "", errors.New("three letters at least")
					}
					return "good", nil
				}}
		}
	}
	return a.rows.Update(msg)
}

func (a *asker) Escape() bool {
	was := a.tried
	a.tried = false
	return was
}

// asking starts a session of such panes; last is the one that was made last.
func asking(t *testing.T, last **asker) *rig {
	t.Helper()
	r := &rig{env: tuitest.Env(t, world(), locale.English)}
	sh, err := tui.New(r.env, func(pane.Kind) pane.New {
		return func(env *pane.Env, at pane.Place) pane.Pane {
			*last = &asker{rows: newRows(env, at)}
			return *last
		}
	}, tui.Options{Still: true})
	if err != nil {
		t.Fatal(err)
	}
	r.shell, r.Model = sh, tuitest.Start(t, sh, 80, 24)
	return r
}

// A pane's question stands in the footer: what is typed is checked, enter answers when it is good, esc does not answer; what is pasted is one clean line.
func TestShell_PaneAsks(t *testing.T) {
	var p *asker
	r := asking(t, &p)
	r.Keys("n")
	if v := r.text(); !strings.Contains(v, "why? ab") || !strings.Contains(v, "three letters at least") {
		t.Fatalf("the footer does not ask:\n%s", v)
	}
	r.Keys("enter")
	if len(p.got) != 0 {
		t.Fatal("a wrong answer was taken")
	}
	r.Keys("c")
	if v := r.text(); !strings.Contains(v, "good") {
		t.Errorf("nothing is said of it:\n%s", v)
	}
	r.Send(tea.PasteMsg{Content: "d\x1b[2J\ne"})
	r.Keys("enter")
	if len(p.got) != 1 || !strings.HasPrefix(p.got[0], "abcd") || strings.ContainsAny(p.got[0], "\x1b\n") {
		t.Errorf("got %q", p.got)
	}
	r.Keys("n", "x", "esc", "q")
	if len(p.got) != 1 || !r.Quit {
		t.Errorf("esc answers, or the question stays: %q", p.got)
	}
}

// esc first discards what a pane has to discard, then goes back.
func TestShell_EscDiscardsFirst(t *testing.T) {
	var last *asker
	r := asking(t, &last)
	r.Keys("enter")
	deal := last
	deal.tried = true
	before := r.text()
	r.Keys("esc")
	if deal.tried || r.text() != before {
		t.Error("esc went back with something to discard")
	}
	r.Keys("esc")
	if r.text() == before {
		t.Error("esc does not go back any more")
	}
}
