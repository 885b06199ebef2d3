// Package list is the panes that show the rows behind a figure: deals, touches, accounts, grade moves, and the rows that could not be mapped. They differ only in which analysis
// they ask, so one pane serves them all, and a list looks the same from wherever it was opened.
//
// Above the rows stands what they add up to; under them, for the selected row, what the columns have no room for: the reason of a flag, the note of a touch, the cause
// of a move, the values that would have been accepted. enter opens the record.
package list

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

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

// content is one loaded list. Its functions read the session's theme and language and are called on the Update goroutine only.
type content struct {
	rev    store.Rev
	rows   table.Rows
	head   func() string
	none   locale.Key           // what an empty list says; 0: that nothing is there
	about  func(i int) []string // plain lines for the selected row
	open   func(i int) pane.Place
	copy   func(i int) string
	export func() analytics.Table
	settle func() // puts the rows that nobody sees yet in order; nil: they are
}

type kind struct {
	title   func(env *pane.Env, p pane.Place) string
	columns func(l *locale.Locale) []table.Column
	load    func(env *pane.Env, b *analytics.Book, p pane.Place) (content, error)
}

type model struct {
	kind
	env  *pane.Env
	at   pane.Place
	data pane.Loader[content]
	list *table.Table
	size layout.Size
	memo pane.Memo
}

// New returns the pane's constructor for one of the list kinds: Deals, Touches, Accounts, Moves or Issues; nil for another.
func New(k pane.Kind) pane.New {
	spec, ok := lists[k]
	if !ok {
		return nil
	}
	return func(env *pane.Env, p pane.Place) pane.Pane {
		m := &model{kind: spec, env: env, at: p, list: table.New()}
		m.list.SetColumns(m.columns(env.Locale)...)
		return m
	}
}

func (m *model) reload() tea.Cmd {
	env, at, load := m.env, m.at, m.load
	return m.data.Start(env, at, func(context.Context) (content, error) {
		b := env.Book()
		if b == nil {
			return content{}, nil
		}
		c, err := load(env, b, at)
		if err == nil && c.settle != nil && c.rows.Len > 0 {
			go settle(env, c.settle) // before somebody presses the key for the last row
		}
		return c, err
	})
}

// settle puts the rows that nobody sees yet in order.
func settle(env *pane.Env, order func()) {
	defer func() {
		if r := recover(); r != nil && env.Report != nil {
			env.Report(r, debug.Stack())
		}
	}()
	order()
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.data.Take(msg) {
		m.list.SetRows(m.data.Value.rows)
		m.fit()
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.list.SetColumns(m.columns(m.env.Locale)...)
		m.list.SetRows(m.data.Value.rows)
	case tea.KeyPressMsg:
		if m.list.Update(msg) {
			return nil
		}
		if i, ok := m.list.Selected(); ok && msg.String() == "enter" && m.data.Value.open != nil {
			if p := m.data.Value.open(i); p.Kind != pane.None && p.ID != "" {
				return pane.Go(p)
			}
		}
	}
	return nil
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.fit()
}

// detail is how many lines speak of the selected row, on a screen that has them to spare.
func (m *model) detail() int {
	if m.size.H < 12 || m.data.Value.about == nil {
		return 0
	}
	return 3
}

func (m *model) fit() {
	m.list.SetSize(layout.Size{W: m.size.W, H: max(0, m.size.H-1-m.detail())})
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.data.Cover(m.env, m.size); ok {
		return v
	}
	if m.data.Value.rows.Len == 0 {
		none := m.data.Value.none
		if none == 0 {
			none = locale.Empty
		}
		return layout.Card(m.env.Locale.T(none), m.env.Theme.Muted, m.size)
	}
	version := m.list.Version() << 1
	if m.data.Err != nil {
		version |= 1
	}
	return m.memo.View(m.env, m.size, m.data.Value.rev, version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	head := layout.NewRow(m.size.W).Gap(2)
	if m.data.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.data.Err)).Gap(2)
	}
	for i, part := range strings.Split(m.data.Value.head(), "  ") { // the first always, the others whole
		if i == 0 {
			head.Add(th.Muted, part)
			continue
		}
		head.Whole(th.Muted, "  "+part)
	}
	lines := []string{head.String()}
	lines = append(lines, layout.Lines(m.list.View(th))...)
	if m.list.Len() == 0 && len(lines) > 2 {
		lines[2] = layout.NewRow(m.size.W).Gap(2).Add(th.Muted, l.T(locale.SheetMatch)).String()
	}
	if i, ok := m.list.Selected(); ok && m.detail() > 0 {
		lines = append(lines, th.Border.Render("--"))
		for _, t := range m.data.Value.about(i) {
			for _, w := range layout.Wrap(t, m.size.W-3) {
				lines = append(lines, "   "+th.Muted.Render(w))
			}
		}
	}
	return layout.Frame(lines, m.size)
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	keys := []key.Binding{keymap.Move(m.env.Locale), keymap.Mark(m.env.Locale)}
	if m.data.Value.open == nil && m.data.Ready {
		return keys
	}
	return append([]key.Binding{keymap.Enter(m.env.Locale)}, keys...)
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.title(m.env, m.at) }

// SetFilter implements pane.Filterer.
func (m *model) SetFilter(text string) { m.list.SetFilter(text) }

// Filter implements pane.Filterer.
func (m *model) Filter() string { return m.list.Filter() }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return m.list.State() }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if st, ok := s.(table.State); ok {
		m.list.Restore(st)
	}
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if !m.data.Ready || m.data.Value.export == nil {
		return analytics.Table{}, false
	}
	return m.data.Value.export(), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if i, ok := m.list.Selected(); ok && m.data.Value.copy != nil {
		return m.data.Value.copy(i)
	}
	return ""
}

// unknown is the error of a Place.ID that no list has made.
func unknown(p pane.Place) error {
	return fmt.Errorf("open %s: no such list %q", p.Kind, store.Clip(p.ID, 60))
}
