package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/lookup"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

// hit is something one can go to or do.
type hit struct {
	text, kind string
	word       string // another text that leads there; "" none
	indent     int
	run        func(s *Shell) tea.Cmd
}

// stock is what a picker offers: hits, and after them the names of a Book's accounts and deals, of which there may be a million: those are looked at, never listed.
type stock struct {
	hits  []hit
	names *lookup.Names
}

func (o *stock) len() int { return len(o.hits) + o.names.Len() }

// get returns the ith hit, in the language of s.
func (o *stock) get(s *Shell, i int) hit {
	if i < len(o.hits) {
		return o.hits[i]
	}
	n := o.names.At(i - len(o.hits))
	h, to := hit{text: n.Name, kind: s.env.Locale.T(locale.Account)}, pane.AccountPlace
	if n.Deal {
		h.kind, to = s.env.Locale.T(locale.Deal), pane.DealPlace
	}
	h.run = func(s *Shell) tea.Cmd { return s.visit(to(s.Place().Scope, n.ID)) }
	return h
}

// find returns the indices of what holds the text, the best first; of what is hit equally well screens, commands and the org tree stand before names.
func (o *stock) find(ctx context.Context, text string) ([]int, error) {
	all, err := o.names.Find(ctx, text, most)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Index += len(o.hits)
	}
	all = append(all, lookup.Among(text, len(o.hits), func(i int) string { return o.hits[i].text })...)
	all = append(all, lookup.Among(text, len(o.hits), func(i int) string { return o.hits[i].word })...)
	slices.SortFunc(all, lookup.Compare)
	is := make([]int, 0, min(most, len(all)))
	seen := map[int]bool{}
	for _, h := range all {
		if len(is) == most {
			break
		}
		if !seen[h.Index] {
			seen[h.Index] = true
			is = append(is, h.Index)
		}
	}
	return is, nil
}

// most is how many matches are kept: nobody walks further.
const most = 300

// picker is a list to search by typing. What it offers and what matches are computed in commands, so that a million deals do not hold up a key; while the answer to the
// last letter is on its way, the one before stays.
type picker struct {
	input
	prompt locale.Key
	offer  stock
	load   pane.Loader[stock]
	match  pane.Loader[[]int] // indices into the offer, the best first
	at     int
}

// pick opens a picker of first, and of what load gives, which begins with the same, when it is there.
func (s *Shell) pick(prompt locale.Key, first []hit, load func(ctx context.Context) (stock, error)) tea.Cmd {
	p := &picker{input: newInput(""), prompt: prompt, offer: stock{hits: first}}
	s.overlay = p
	return p.load.Start(s.env, overlayPlace, load)
}

// palette offers screens, commands, and every deal, account, person and org node that the viewer may see.
func (s *Shell) palette() tea.Cmd {
	b, l, here, root := s.env.Book(), s.env.Locale, s.Place(), s.env.Root
	var first []hit
	for _, j := range jumps {
		if s.panes(j.kind) != nil {
			to := s.here(j.kind)
			first = append(first, hit{text: l.T(j.name) + " " + j.kind.String(), word: j.kind.String(), kind: l.T(locale.Places), run: func(s *Shell) tea.Cmd { return s.visit(to) }})
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
		first = append(first, hit{text: l.T(c.name) + " " + c.word, word: c.word, kind: l.T(locale.Commands), run: c.run})
	}
	return s.pick(locale.PalettePrompt, first, func(context.Context) (stock, error) {
		if b == nil {
			return stock{hits: first}, nil
		}
		return stock{append(slices.Clip(first), nodes(b, l, root, false)...), lookup.Of(b, root, here.Scope.AsOf)}, nil
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
	return s.pick(locale.ScopePrompt, nil, func(context.Context) (stock, error) { return stock{hits: nodes(b, l, root, true)}, nil })
}

// scoped reports whether a screen shows a part of the company: one record and the sources are the same for every part.
func scoped(k pane.Kind) bool { return !k.One() && k != pane.Sources && k != pane.Issues }

// nodes lists the org tree under root. scope: choosing one narrows the scope, people included; else people open their own screen.
func nodes(b *analytics.Book, l *locale.Locale, root store.ID, scope bool) (out []hit) {
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
		return strings.ToLower(l.T(locale.Person)) // as unit kinds are written
	}
	if k, err := store.ParseUnitKind(kind); err == nil {
		return l.UnitKind(k)
	}
	return ""
}

// search matches what was typed.
func (p *picker) search(s *Shell) tea.Cmd {
	p.at = 0
	text := p.value()
	if strings.TrimSpace(text) == "" {
		p.match.Stop()
		p.match.Ready = false
		return nil
	}
	offer := p.offer
	return p.match.Start(s.env, overlayPlace, func(ctx context.Context) ([]int, error) { return offer.find(ctx, text) })
}

func (p *picker) len() int {
	if p.match.Ready {
		return len(p.match.Value)
	}
	return p.offer.len()
}

func (p *picker) get(s *Shell, i int) hit {
	if p.match.Ready {
		i = p.match.Value[i]
	}
	return p.offer.get(s, i)
}

func (p *picker) key(s *Shell, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc":
		p.close(s)
	case "enter":
		if p.at < p.len() {
			h := p.get(s, p.at)
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
		p.offer = p.load.Value // it begins with what it was: the indices that match holds are good
		at := p.at
		cmd := p.search(s)
		p.at = max(0, min(at, p.len()-1))
		return cmd
	}
	if p.match.Take(msg) {
		p.at = max(0, min(p.at, p.len()-1))
	}
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
		h, r := p.get(s, i), layout.NewRow(size.W)
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
