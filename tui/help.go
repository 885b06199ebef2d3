package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// help lists the keys that work now, from the bindings themselves, and the formulas of the pane's figures.
type help struct{ top int }

func newHelp() *help { return &help{} }

func (h *help) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	n := len(h.lines(s, s.body().W))
	page := max(1, s.body().H-1)
	switch k.String() {
	case "up", "k":
		h.top--
	case "down", "j":
		h.top++
	case "pgup", "ctrl+u":
		h.top -= page
	case "pgdown", "ctrl+d", "space":
		h.top += page
	case "home":
		h.top = 0
	case "end", "G":
		h.top = n
	default:
		if k.String() == "esc" || k.String() == "enter" || key.Matches(k, s.keys.Help, s.keys.Quit) {
			s.overlay = nil
		}
		return nil
	}
	h.top = max(0, min(h.top, n-s.body().H))
	return nil
}

func (h *help) paste(*Shell, string) tea.Cmd { return nil }
func (h *help) take(*Shell, tea.Msg) tea.Cmd { return nil }
func (h *help) refresh(*Shell)               {}

func (h *help) lines(s *Shell, w int) []string {
	th, l := s.env.Theme, s.env.Locale
	var out []string
	title := func(k locale.Key) {
		if len(out) > 0 {
			out = append(out, "")
		}
		out = append(out, layout.NewRow(w).Add(th.Strong, l.T(k)).String())
	}
	line := func(keys, desc string) {
		out = append(out, layout.NewRow(w).Gap(2).Cell(th.Accent, keys, 12, layout.Left).Gap(1).Add(th.Text, desc).String())
	}
	bindings := func(bs []key.Binding) {
		for _, b := range bs {
			if b.Enabled() && b.Help().Key != "" {
				line(s.shown(b), b.Help().Desc)
			}
		}
	}
	if e := s.current(); e != nil {
		title(locale.HelpHere)
		bindings(e.pane.Keys())
		for _, b := range e.pane.Keys() {
			if slices.Contains(b.Keys(), "down") {
				line("pgup pgdown", l.T(locale.KeyPage))
				line("home end G", l.T(locale.KeyEnds))
				break
			}
		}
	}
	title(locale.HelpAll)
	bindings(s.keys.All())
	line("ctrl+c", l.T(locale.KeyAlways))
	title(locale.HelpJump)
	for _, j := range jumps {
		if s.panes(j.kind) != nil {
			line(s.keys.Jump.Help().Key+" "+j.key, l.T(j.name))
		}
	}
	line(s.keys.Jump.Help().Key+" g", l.T(locale.ToTop))
	title(locale.HelpPeriod)
	for _, p := range periods {
		line(p.key, l.T(p.name))
	}
	if e := s.current(); e != nil {
		if x, ok := e.pane.(pane.Explainer); ok {
			title(locale.HelpFormula)
			for _, f := range x.Explain() {
				for _, part := range layout.Wrap(oneLine(f), max(1, w-2)) {
					out = append(out, layout.NewRow(w).Gap(2).Add(th.Text, part).String())
				}
			}
		}
	}
	return out
}

func (h *help) body(s *Shell, size layout.Size) (string, bool) {
	lines := h.lines(s, size.W)
	top := max(0, min(h.top, len(lines)-size.H))
	return layout.Frame(lines[top:], size), true
}

func (h *help) footer(s *Shell, w int) (string, int) {
	return layout.NewRow(w).Add(s.env.Theme.Muted, s.env.Locale.T(locale.HelpClose)).String(), -1
}
