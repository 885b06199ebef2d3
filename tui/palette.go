package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// hit is something one can go to or do.
type hit struct {
	text, kind string
	indent     int
	run        func(s *Shell) tea.Cmd
}

type hits []hit

// String and Len are a fuzzy.Source.
func (h hits) String(i int) string { return h[i].text }

// Len is the other half of it.
func (h hits) Len() int { return len(h) }

// most is how many matches are kept: nobody walks further.
const most = 300

// picker is a fuzzy list. What it offers and what matches are computed in commands, so that a million deals do not hold up a key.
type picker struct {
	input
	prompt locale.Key
	hits   hits
	load   pane.Loader[hits]
	match  pane.Loader[[]int] // indices into hits, the best first
	at     int
}

func (s *Shell) pick(prompt locale.Key, first hits, load func(ctx context.Context) (hits, error)) tea.Cmd {
	p := &picker{input: newInput(""), prompt: prompt, hits: first}
	s.overlay = p
	return p.load.Start(s.env, overlayPlace, load)
}

// palette offers screens, commands, and every deal, account, person and org node that the viewer may see.
func (s *Shell) palette() tea.Cmd {
	b, l, here, root := s.env.Book(), s.env.Locale, s.Place(), s.env.Root
	var first hits
	for _, j := range jumps {
		if s.panes(j.kind) != nil {
			to := s.here(j.kind)
			first = append(first, hit{text: l.T(j.name) + " " + j.kind.String(), kind: l.T(locale.Places), run: func(s *Shell) tea.Cmd { return s.visit(to) }})
		}
	}
	for _, c := range []struct {
		name locale.Key
		word string
		run  func(s *Shell) tea.Cmd
	}{
		{locale.KeyScope, "scope", (*Shell).scopes},
		{locale.KeyAsOf, "as-of", func(s *Shell) tea.Cmd { s.overlay = newAsOf(s); return nil }},
		{locale.KeyTheme, "theme", (*Shell).darken},
		{locale.KeyLanguage, "lang", (*Shell).speak},
		{locale.KeyExport, "export", (*Shell).export},
		{locale.KeyCopy, "copy", (*Shell).copyPane},
		{locale.KeyRedraw, "redraw", func(*Shell) tea.Cmd { return tea.ClearScreen }},
		{locale.KeyHelp, "help", func(s *Shell) tea.Cmd { s.overlay = newHelp(); return nil }},
		{locale.KeyQuit, "quit", func(*Shell) tea.Cmd { return tea.Quit }},
	} {
		first = append(first, hit{text: l.T(c.name) + " " + c.word, kind: l.T(locale.Commands), run: c.run})
	}
	return s.pick(locale.PalettePrompt, first, func(ctx context.Context) (hits, error) {
		all := append(hits{}, first...)
		if b == nil {
			return all, nil
		}
		all = append(all, nodes(b, l, root, false)...)
		sel := b.Select(analytics.Scope{Root: root, AsOf: here.Scope.AsOf})
		goTo := func(to func(analytics.Scope, store.ID) pane.Place, id store.ID) func(*Shell) tea.Cmd {
			return func(s *Shell) tea.Cmd { return s.visit(to(s.Place().Scope, id)) }
		}
		for a := range sel.Accounts() {
			if x := b.Account(a); x.Name != "" {
				all = append(all, hit{text: x.Name, kind: l.T(locale.Account), run: goTo(pane.AccountPlace, x.ID)})
			}
		}
		for d := range sel.Deals() {
			if x := b.Deal(d.Deal); x.Name != "" {
				all = append(all, hit{text: x.Name, kind: l.T(locale.Deal), run: goTo(pane.DealPlace, x.ID)})
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		return all, nil
	})
}

// scopes offers the org nodes of the viewer's tree.
func (s *Shell) scopes() tea.Cmd {
	b, l, root := s.env.Book(), s.env.Locale, s.env.Root
	if b == nil {
		return nil
	}
	if !scoped(s.Place().Kind) {
		s.toast = l.T(locale.ScopeNone)
		return nil
	}
	return s.pick(locale.ScopePrompt, nil, func(context.Context) (hits, error) { return nodes(b, l, root, true), nil })
}

// scoped reports whether a screen shows a part of the company: one record and the sources are the same for every part.
func scoped(k pane.Kind) bool { return !k.One() && k != pane.Sources && k != pane.Issues }

// nodes lists the org tree under root. scope: choosing one narrows the scope, people included; else people open their own screen.
func nodes(b *analytics.Book, l *locale.Locale, root store.ID, scope bool) (out hits) {
	lo, ok := b.NodeOf(root)
	all := b.Nodes()
	if !ok || int(lo) >= len(all) {
		return nil
	}
	for i := lo; i < all[lo].End; i++ {
		n := all[i]
		h := hit{text: n.Name, kind: nodeKind(l, n.Kind), indent: int(n.Depth - all[lo].Depth)}
		if h.text == "" {
			h.text = l.T(locale.Company)
		}
		id := n.ID
		if i == lo {
			id = ""
		}
		if n.Kind == analytics.KindPerson && !scope {
			h.run = func(s *Shell) tea.Cmd { return s.visit(pane.PersonPlace(s.Place().Scope, n.ID)) }
		} else {
			h.run = func(s *Shell) tea.Cmd {
				p := s.Place()
				p.Scope.Node = id
				return s.replace(p)
			}
		}
		out = append(out, h)
	}
	return out
}

func nodeKind(l *locale.Locale, kind string) string {
	if kind == analytics.KindPerson {
		return l.T(locale.Person)
	}
	if k, err := store.ParseUnitKind(kind); err == nil {
		return l.UnitKind(k)
	}
	return ""
}

// search matches what was typed, blanks left out. Letters may lie apart; the best match stands first.
func (p *picker) search(s *Shell) tea.Cmd {
	p.at = 0
	var query []rune
	for _, r := range p.value() {
		if r != ' ' && r != '\u3000' {
			query = append(query, r)
		}
	}
	if len(query) == 0 {
		p.match.Stop()
		p.match.Ready = false
		return nil
	}
	all := p.hits
	return p.match.Start(s.env, overlayPlace, func(context.Context) ([]int, error) {
		found := fuzzy.FindFrom(string(query), all)
		is := make([]int, 0, min(most, len(found)))
		for _, m := range found[:min(most, len(found))] {
			is = append(is, m.Index)
		}
		return is, nil
	})
}

func (p *picker) len() int {
	if p.match.Ready {
		return len(p.match.Value)
	}
	return len(p.hits)
}

func (p *picker) get(i int) hit {
	if p.match.Ready {
		return p.hits[p.match.Value[i]]
	}
	return p.hits[i]
}

func (p *picker) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc":
		p.close(s)
	case "enter":
		if p.at < p.len() {
			h := p.get(p.at)
			p.close(s)
			return h.run(s)
		}
	case "up", "ctrl+p":
		p.at = max(0, p.at-1)
	case "down", "ctrl+n":
		p.at = max(0, min(p.at+1, p.len()-1))
	case "pgup":
		p.at = max(0, p.at-10)
	case "pgdown":
		p.at = max(0, min(p.at+10, p.len()-1))
	default:
		if p.edit(k) {
			return p.search(s)
		}
	}
	return nil
}

func (p *picker) close(s *Shell) {
	p.load.Stop()
	p.match.Stop()
	s.overlay = nil
}

func (p *picker) paste(s *Shell, text string) tea.Cmd {
	p.insert(text)
	return p.search(s)
}

func (p *picker) take(s *Shell, msg tea.Msg) tea.Cmd {
	if p.load.Take(msg) && p.load.Err == nil {
		p.hits = p.load.Value
		p.match.Ready = false // its indices were into the shorter list
		at := p.at
		cmd := p.search(s)
		p.at = max(0, min(at, p.len()-1))
		return cmd
	}
	p.match.Take(msg)
	return nil
}

func (p *picker) refresh(*Shell) {}

func (p *picker) body(s *Shell, size layout.Size) (string, bool) {
	th := s.env.Theme
	if p.len() == 0 {
		text := locale.NoMatch
		if p.load.Busy {
			text = locale.Loading
		}
		return layout.Card(s.env.Locale.T(text), th.Muted, size), true
	}
	top := max(0, min(p.at-size.H/2, p.len()-size.H))
	var lines []string
	for i := top; i < min(p.len(), top+size.H); i++ {
		h, r := p.get(i), layout.NewRow(size.W)
		on, note, sign := th.Text, th.Muted, "  "
		if i == p.at {
			on, note, sign = th.Selection, th.Selection, "> "
		}
		kind := min(12, size.W/4)
		indent := 2 * h.indent
		if p.match.Ready {
			indent = 0
		}
		r.Add(on, sign+layout.Blank(indent)).Cell(on, h.text, r.Left()-kind-1, layout.Left).Fill(on, ' ', 1).Cell(note, h.kind, kind, layout.Left)
		lines = append(lines, r.Padded(on))
	}
	return layout.Frame(lines, size), true
}

func (p *picker) footer(s *Shell, w int) (string, int) { return p.line(s, s.env.Locale.T(p.prompt), w) }
