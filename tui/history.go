package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

const (
	longest = 100 // places kept in the history
	alive   = 8   // panes kept ready around the current one; the others come back from their snapshot
)

// history is the stack of places: back and forward as in a browser. Opening drops what lay ahead.
type history struct {
	entries []*entry
	at      int
}

type entry struct {
	place    pane.Place
	pane     pane.Pane // nil: put away
	snapshot any
	filter   string
	title    string
	fresh    bool      // one jumped here: the trail starts with it
	stale    []tea.Msg // facts that a hidden pane has not heard yet, the newest of each kind
}

func (h *history) current() *entry {
	if h.at < len(h.entries) {
		return h.entries[h.at]
	}
	return nil
}

// clamp puts the viewer's root into a scope. A node outside it becomes the root itself.
func (s *Shell) clamp(p pane.Place) pane.Place {
	p.Scope.Root = s.env.Root
	if b := s.env.Book(); b != nil && p.Scope.Node != "" && b.Select(analytics.Scope{Root: p.Scope.Root, Node: p.Scope.Node}).Empty() {
		p.Scope.Node = ""
	}
	return p
}

// open puts a place on top of the current one.
func (s *Shell) open(p pane.Place) tea.Cmd {
	p = s.clamp(p)
	if s.panes(p.Kind) == nil {
		s.toast = s.env.Locale.F(locale.NoPane, p.Kind)
		return nil
	}
	if e := s.current(); e != nil {
		if e.place == p {
			return nil
		}
		s.leave(e)
		for _, ahead := range s.entries[s.at+1:] {
			ahead.drop()
		}
		clear(s.entries[s.at+1:])
		s.entries = s.entries[:s.at+1]
	}
	s.entries = append(s.entries, &entry{place: p})
	if n := len(s.entries) - longest; n > 0 {
		s.entries = slices.Delete(s.entries, 0, n)
	}
	s.at = len(s.entries) - 1
	return s.show()
}

// visit is open for a jump that follows no figure: the trail starts anew, since the new place lies under none of the old ones. The history stays.
func (s *Shell) visit(p pane.Place) tea.Cmd {
	n, at := len(s.entries), s.at
	cmd := s.open(p)
	if e := s.current(); e != nil && (len(s.entries) != n || s.at != at) {
		e.fresh = true
	}
	return cmd
}

// replace shows another place instead of the current one, as when the period changes: filter and selection stay.
func (s *Shell) replace(p pane.Place) tea.Cmd {
	e := s.current()
	p = s.clamp(p)
	if e == nil {
		s.opts.Start = p
		return nil
	}
	if e.place == p {
		return nil
	}
	s.leave(e)
	e.drop()
	e.place = p
	return s.show()
}

// move walks the history.
func (s *Shell) move(by int) bool {
	to := s.at + by
	if to < 0 || to >= len(s.entries) {
		return false
	}
	s.leave(s.entries[s.at])
	s.at = to
	return true
}

func (s *Shell) back() tea.Cmd {
	if !s.move(-1) {
		s.toast = s.env.Locale.F(locale.AtRoot, s.keys.Quit.Help().Key)
		return nil
	}
	return s.show()
}

func (s *Shell) forward() tea.Cmd {
	if !s.move(1) {
		s.toast = s.env.Locale.T(locale.NoForward)
		return nil
	}
	return s.show()
}

// drop lets go of the pane.
func (e *entry) drop() {
	if c, ok := e.pane.(pane.Closer); ok {
		c.Close()
	}
	e.pane, e.stale = nil, nil
}

// leave remembers what the pane would forget.
func (s *Shell) leave(e *entry) {
	if e.pane == nil {
		return
	}
	e.title = e.pane.Title()
	if r, ok := e.pane.(pane.Restorer); ok {
		e.snapshot = r.Snapshot()
	}
	if f, ok := e.pane.(pane.Filterer); ok {
		e.filter = f.Filter()
	}
}

// show makes the current entry's pane if need be and tells it what it missed.
func (s *Shell) show() tea.Cmd {
	e := s.current()
	for i, o := range s.entries {
		if (i < s.at-alive || i > s.at+alive) && o.pane != nil {
			o.drop()
		}
	}
	var cmds []tea.Cmd
	if e.pane == nil {
		e.pane = s.panes(e.place.Kind)(s.env, e.place)
		if r, ok := e.pane.(pane.Restorer); ok && e.snapshot != nil {
			r.Restore(e.snapshot)
		}
		cmds = append(cmds, e.pane.Init())
		if f, ok := e.pane.(pane.Filterer); ok && e.filter != "" && f.Filter() != e.filter {
			cmds = append(cmds, f.SetFilter(e.filter))
		}
	}
	e.pane.SetSize(s.body())
	missed := e.stale
	e.stale = nil
	for _, m := range missed {
		cmds = append(cmds, e.pane.Update(m))
	}
	return tea.Batch(cmds...)
}

// broadcast tells the visible pane a fact, and the hidden ones when they are shown.
func (s *Shell) broadcast(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	for i, e := range s.entries {
		switch {
		case i == s.at:
			cmd = e.pane.Update(msg)
		case e.pane != nil:
			e.miss(msg)
		}
	}
	if s.overlay != nil {
		s.overlay.refresh(s)
	}
	return cmd
}

func (e *entry) miss(msg tea.Msg) {
	_, commit := msg.(pane.Committed)
	for i, m := range e.stale {
		if _, c := m.(pane.Committed); c == commit {
			e.stale[i] = msg
			return
		}
	}
	e.stale = append(e.stale, msg)
}

// deliver takes a command's message home. A place may stand in the history more than once: its loaders tell whose answer it is.
func (s *Shell) deliver(to pane.To) tea.Cmd {
	if to.Place == overlayPlace {
		if s.overlay != nil {
			return s.overlay.take(s, to.Msg)
		}
		return nil
	}
	var cmds []tea.Cmd
	for _, e := range s.entries {
		if e.place == to.Place && e.pane != nil {
			cmds = append(cmds, e.pane.Update(to.Msg))
		}
	}
	return tea.Batch(cmds...)
}

// trail returns the titles from where one last jumped to the current place, the oldest first.
func (s *Shell) trail() []string {
	var t []string
	from := s.at
	for from > max(0, s.at-4) && !s.entries[from].fresh {
		from--
	}
	for i := from; i <= s.at && i < len(s.entries); i++ {
		e := s.entries[i]
		if e.pane != nil {
			e.title = e.pane.Title()
		}
		t = append(t, e.title)
	}
	return t
}
