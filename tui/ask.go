package tui

import (
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/layout"
	"flightdeck/tui/pane"
)

// ask is a pane's question in the footer.
type ask struct {
	input
	pane.Ask
	says string
	err  error
}

func newAsk(q pane.Ask) *ask {
	a := &ask{input: newInput(q.Value), Ask: q}
	a.check()
	return a
}

func (a *ask) check() {
	if a.Check != nil {
		a.says, a.err = a.Check(a.value())
	}
}

func (a *ask) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		if a.err != nil {
			return nil
		}
		s.overlay = nil
		return s.deliver(pane.To{Place: a.Place, Msg: a.Answer(a.value())})
	case "esc":
		s.overlay = nil
	default:
		if a.edit(k) {
			a.check()
		}
	}
	return nil
}

func (a *ask) paste(_ *Shell, text string) tea.Cmd {
	a.insert(text)
	a.check()
	return nil
}

func (a *ask) take(*Shell, tea.Msg) tea.Cmd { return nil }
func (a *ask) refresh(*Shell)               {}

func (a *ask) body(*Shell, layout.Size) (string, bool) { return "", false }

func (a *ask) footer(s *Shell, w int) (string, int) {
	says, style := a.says, s.env.Theme.Muted
	if a.err != nil {
		says, style = a.err.Error(), s.env.Theme.Bad
	}
	says = oneLine(says)
	room := min(layout.Width(says)+2, w/2)
	if says == "" {
		room = 0
	}
	text, at := a.line(s, a.Prompt, w-room)
	r := layout.NewRow(room).Gap(2).Add(style, says).String()
	return layout.Fit(text, w-room) + r, at
}
