// Package sheet is the screen of one record: what is known of it on top, then sections with rows that one walks. The panes of a deal, an account and a
// person are made of it, so that they read and obey alike; it is no pane itself and knows none of them.
//
// A pane gives a [Kind]: how its record is loaded, off the Update goroutine, and how an answer becomes a [Page]. A Page holds closures over the answer and is made
// anew when the answer, the theme or the language changes; rows are worded when they are painted. On a wide screen the sections stand in two columns, each as high
// as it has rows; where they do not all fit, a column shows one of them under a line of tabs.
//
// What the viewer may not see and what does not exist look the same, on purpose.
package sheet

import (
	"context"
	"errors"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

type loaded[T any] struct {
	answer T
	org    store.Currency
	rev    store.Rev
}

type model[T any] struct {
	Kind[T]
	env  *pane.Env
	at   pane.Place
	load pane.Loader[loaded[T]]
	more pane.Loader[loaded[T]]
	page Page
	size layout.Size
	memo pane.Memo

	tables  []*table.Table // one per section
	seen    []int          // when each section was chosen last: the newest of a column is the one shown when there is room for one
	clock   int
	focus   int // 0: the facts, else a section's number from 1
	fact    string
	filter  string
	kept    *restored // to be applied when sections come
	version uint64
}

// restored is what a sheet keeps beside its Place.
type restored struct {
	section string // "": the facts
	fact    string
	filter  string
	rows    map[string]table.State
}

// New makes a record's pane.
func New[T any](env *pane.Env, p pane.Place, k Kind[T]) pane.Pane {
	return &model[T]{Kind: k, env: env, at: p}
}

// Init implements pane.Pane.
func (m *model[T]) Init() tea.Cmd { return m.reload() }

func (m *model[T]) reload() tea.Cmd {
	book, load, at := m.env.Book, m.Load, m.at
	return m.load.Start(m.env, at, func(context.Context) (loaded[T], error) {
		b := book()
		if b == nil {
			return loaded[T]{}, store.ErrNotFound
		}
		a, err := load(b, at)
		return loaded[T]{a, b.Currency(), b.Rev()}, err
	})
}

// Update implements pane.Pane.
func (m *model[T]) Update(msg tea.Msg) tea.Cmd {
	was := m.load.Value
	if m.load.Take(msg) {
		if errors.Is(m.load.Err, store.ErrNotFound) { // gone, or no longer the viewer's to see: nothing of it stays on the screen
			m.load.Value, m.load.Ready, m.page, m.tables = loaded[T]{}, false, Page{}, nil
		}
		if m.more.Ready && m.load.Ready && m.Carry != nil {
			m.Carry(&was.answer, &m.load.Value.answer)
		}
		m.rebuild()
		return m.deepen()
	}
	if m.more.Take(msg) {
		if m.more.Err == nil && m.load.Ready && m.more.Value.rev == m.load.Value.rev {
			m.load.Value.answer = m.more.Value.answer
			m.rebuild()
		}
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.rebuild()
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

// deepen loads what takes longer.
func (m *model[T]) deepen() tea.Cmd {
	if m.More == nil || !m.load.Ready || m.load.Err != nil {
		return nil
	}
	env, more, at, have := m.env, m.More, m.at, m.load.Value
	return m.more.StartLong(env, at, func(ctx context.Context) (loaded[T], error) {
		b := env.Book()
		if b == nil || b.Rev() != have.rev { // the next answer is on its way
			return have, nil
		}
		a, err := more(ctx, env, b, at, have.answer)
		have.answer = a
		return have, err
	})
}

// rebuild words the answer and gives each section's table its rows; selections stay on the same rows.
func (m *model[T]) rebuild() {
	m.version++
	if !m.load.Ready {
		return
	}
	m.page = m.Page(m.env, m.at, m.load.Value.org, &m.load.Value.answer)
	facts := m.page.Facts[:0:0]
	for _, f := range m.page.Facts {
		if f.Open.Kind.One() && f.Open.ID == "" {
			f.Open = pane.Place{}
		}
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	m.page.Facts = facts
	if len(m.tables) != len(m.page.Sections) {
		m.tables, m.seen = make([]*table.Table, len(m.page.Sections)), make([]int, len(m.page.Sections))
		for i := range m.tables {
			m.tables[i] = table.New()
			m.tables[i].SetFilter(m.filter)
		}
	}
	for i, t := range m.tables {
		s := &m.page.Sections[i]
		t.SetColumns(s.Columns...)
		if m.kept != nil {
			t.Restore(m.kept.rows[s.ID])
			if s.ID == m.kept.section {
				m.choose(i + 1)
			}
		}
		t.SetRows(s.Rows)
	}
	m.kept = nil
	m.focus = min(m.focus, len(m.tables))
	if m.factAt() < 0 {
		m.step(0)
	}
}

func (m *model[T]) choose(focus int) {
	m.focus = focus
	if focus > 0 {
		m.clock++
		m.seen[focus-1] = m.clock
	}
}

// factAt returns the chosen fact's index, -1 when none is.
func (m *model[T]) factAt() int {
	for i, f := range m.page.Facts {
		if f.Key == m.fact && f.Open.Kind != pane.None {
			return i
		}
	}
	return -1
}

// step moves to the next (1) or the one before (-1) of the facts that open something; 0 goes to the first.
func (m *model[T]) step(by int) {
	i := m.factAt()
	if by == 0 || i < 0 {
		i, by = -1, 1
	}
	for i += by; i >= 0 && i < len(m.page.Facts); i += by {
		if f := m.page.Facts[i]; f.Open.Kind != pane.None {
			m.fact = f.Key
			return
		}
	}
}

func (m *model[T]) press(k tea.KeyPressMsg) tea.Cmd {
	if !m.load.Ready {
		return nil
	}
	n := len(m.tables) + 1
	switch k.String() {
	case "tab":
		m.choose((m.focus + 1) % n)
	case "shift+tab":
		m.choose((m.focus + n - 1) % n)
	case "right", "l":
		m.choose(min(m.focus+1, n-1))
	case "left", "h":
		m.choose(max(m.focus-1, 0))
	case "enter":
		if p := m.target(); p.Kind != pane.None {
			return pane.Go(p)
		}
		return nil
	case "o":
		if u := m.link(); u != "" {
			return func() tea.Msg { return pane.Copy{Text: u} }
		}
		return pane.Say(m.env.Locale.T(locale.SheetNoLink))
	case "space": // nothing here is done with marks
		return nil
	default:
		if m.focus > 0 {
			if m.tables[m.focus-1].Update(k) {
				m.version++
			}
			return nil
		}
		switch k.String() {
		case "up", "k":
			m.step(-1)
		case "down", "j":
			m.step(1)
		case "home":
			m.step(0)
		case "end", "G":
			for range m.page.Facts {
				m.step(1)
			}
		default:
			return nil
		}
	}
	m.version++
	return nil
}

// row returns the focused section and its selected row.
func (m *model[T]) row() (s *Section, i int, ok bool) {
	if m.focus == 0 || m.focus > len(m.tables) {
		return nil, 0, false
	}
	i, ok = m.tables[m.focus-1].Selected()
	return &m.page.Sections[m.focus-1], i, ok
}

// target is what enter opens; a record without an identity, such as an unknown rep, is none.
func (m *model[T]) target() (p pane.Place) {
	if s, i, ok := m.row(); ok && s.Open != nil {
		p = s.Open(i)
	} else if i := m.factAt(); m.focus == 0 && i >= 0 {
		p = m.page.Facts[i].Open
	}
	if p.Kind.One() && p.ID == "" {
		return pane.Place{}
	}
	return p
}

// link is the address of what is chosen, or else the record's. It is only ever shown and copied, never launched.
func (m *model[T]) link() string {
	if s, i, ok := m.row(); ok && s.Link != nil {
		if u := s.Link(i); u != "" {
			return u
		}
	}
	return m.page.URL
}

// SetSize implements pane.Pane.
func (m *model[T]) SetSize(s layout.Size) {
	m.size = s
	m.version++
}

// Keys implements pane.Pane.
func (m *model[T]) Keys() []key.Binding {
	l := m.env.Locale
	var keys []key.Binding
	if m.target().Kind != pane.None {
		keys = append(keys, keymap.Enter(l))
	}
	keys = append(keys, key.NewBinding(key.WithKeys("tab", "shift+tab", "right", "left", "l", "h"), key.WithHelp("tab h l", l.T(locale.SheetSection))), keymap.Move(l))
	if m.link() != "" {
		keys = append(keys, keymap.Bind(l.T(locale.SheetLink), "o"))
	}
	return keys
}

// Title implements pane.Pane.
func (m *model[T]) Title() string {
	if m.page.Name != "" {
		return m.page.Name
	}
	return m.env.Locale.T(m.Word)
}

// SetFilter implements pane.Filterer: it narrows the rows of every section.
func (m *model[T]) SetFilter(text string) tea.Cmd {
	m.filter = text
	if m.kept != nil {
		m.kept.filter = text
	}
	for _, t := range m.tables {
		t.SetFilter(text)
	}
	m.version++
	return nil
}

// Filter implements pane.Filterer.
func (m *model[T]) Filter() string { return m.filter }

// Snapshot implements pane.Restorer.
func (m *model[T]) Snapshot() any {
	if m.kept != nil {
		return *m.kept
	}
	r := restored{fact: m.fact, filter: m.filter, rows: map[string]table.State{}}
	for i, t := range m.tables {
		s := &m.page.Sections[i]
		if r.rows[s.ID] = t.State(); m.focus == i+1 {
			r.section = s.ID
		}
	}
	return r
}

// Restore implements pane.Restorer.
func (m *model[T]) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.kept, m.fact, m.filter = &r, r.fact, r.filter
	}
}

// Close implements pane.Closer.
func (m *model[T]) Close() {
	m.load.Stop()
	m.more.Stop()
}

// Table implements pane.Exporter.
func (m *model[T]) Table() (analytics.Table, bool) {
	if !m.load.Ready {
		return analytics.Table{}, false
	}
	return m.Kind.Table(&m.load.Value.answer), true
}

// Copy implements pane.Copier.
func (m *model[T]) Copy() string {
	if s, i, ok := m.row(); ok && s.Copy != nil {
		return s.Copy(i)
	}
	return m.page.Copy
}

// Explain implements pane.Explainer.
func (m *model[T]) Explain() []string { return pane.Formulas(m.env.Locale, m.Metrics...) }
