// Package issues is the pane that lists what could not be mapped: by file and line (or the source's record), field and value, with the
// values that would have been accepted. Place.ID is a source, or empty for all.
package issues

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/source"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// New makes the pane for the source that p names.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
	m.words()
	return m
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[source.IssueList]
	list *table.Table
	size layout.Size
	memo pane.Memo
}

// detail is how many lines under the list speak of the selected issue.
const detail = 4

func (m *model) words() {
	l := m.env.Locale
	m.list.SetColumns(
		table.Column{Title: l.T(locale.Source), Width: 12, Min: 8, Drop: 3},
		table.Column{Title: l.T(locale.IssuesWhere), Width: 26, Min: 18, Grow: 1},
		table.Column{Title: l.T(locale.IssuesField), Width: 12, Min: 8},
		table.Column{Title: l.T(locale.IssuesValue), Width: 16, Min: 8, Grow: 1},
		table.Column{Title: l.T(locale.IssuesProblem), Width: 40, Min: 14, Grow: 3},
	)
}

func (m *model) reload() tea.Cmd {
	book, src := m.env.Book, store.SourceID(m.at.ID)
	return m.load.Start(m.env, m.at, func(context.Context) (source.IssueList, error) {
		b := book()
		if b == nil {
			return source.IssueList{}, nil
		}
		return source.Issues(b, src, ""), nil
	})
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.load.Take(msg) {
		m.show()
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.words()
		m.show()
	case tea.KeyPressMsg:
		m.list.Update(msg)
	}
	return nil
}

func (m *model) show() {
	rows := m.load.Value.Rows
	m.list.SetRows(table.Rows{
		Len: len(rows),
		Key: func(i int) string { return string(rows[i].Source) + "|" + rows[i].Where + "|" + rows[i].Field },
		Match: func(i int) string {
			r := &rows[i]
			return string(r.Source) + " " + string(r.Stream) + " " + r.Where + " " + r.Field + " " + r.Value + " " + r.Problem
		},
		Cells: func(i int, c []table.Cell) {
			r, th := &rows[i], m.env.Theme
			c[0] = table.Cell{Text: string(r.Source)}
			c[1] = table.Cell{Text: r.Where}
			c[2] = table.Cell{Text: r.Field, Style: th.Accent}
			c[3] = table.Cell{Text: r.Value}
			c[4] = table.Cell{Text: r.Problem, Style: th.Muted}
			if r.Dropped {
				c[4].Style = th.Bad
			}
		},
	})
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	_, rest := s.Rows(1)
	list, _ := rest.Rows(max(0, rest.H-detail))
	m.list.SetSize(list)
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if len(m.load.Value.Rows) == 0 {
		return layout.Card(m.env.Locale.T(locale.IssuesNone), m.env.Theme.Good, m.size)
	}
	return m.memo.View(m.env, m.size, m.load.Value.Rev, m.list.Version(), m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	head := layout.NewRow(m.size.W).Gap(2)
	head.Add(th.Muted, l.F(locale.IssuesCount, l.Int(m.load.Value.Count)))
	lines := []string{head.String()}
	_, rest := m.size.Rows(1)
	list, under := rest.Rows(max(0, rest.H-detail))
	if list.H > 0 {
		lines = append(lines, layout.Lines(m.list.View(th))...)
	}
	if i, ok := m.list.Selected(); ok && under.H > 0 {
		lines = append(lines, m.about(&m.load.Value.Rows[i], under)...)
	}
	return layout.Frame(lines, m.size)
}

func (m *model) about(r *source.Issue, s layout.Size) []string {
	l, th := m.env.Locale, m.env.Theme
	head := layout.NewRow(s.W)
	head.Fill(th.Border, '-', 2).Gap(1).Add(th.Strong, r.Where).Gap(2).Add(th.Accent, r.Field).Gap(2).Add(th.Text, r.Value)
	if r.Dropped {
		head.Gap(2).Add(th.Bad, l.T(locale.IssuesDropped))
	}
	if r.Repeated > 0 {
		head.Gap(2).Add(th.Muted, l.F(locale.IssuesMore, l.Int(r.Repeated)))
	}
	lines := []string{head.String()}
	for _, t := range layout.Wrap(r.Problem, s.W-3) {
		lines = append(lines, "   "+th.Muted.Render(t))
	}
	return lines
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding { return []key.Binding{keymap.Move(m.env.Locale)} }

// Title implements pane.Pane.
func (m *model) Title() string {
	if m.at.ID == "" {
		return m.env.Locale.T(locale.PaneIssues)
	}
	return m.env.Locale.T(locale.PaneIssues) + " " + m.at.ID
}

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
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Ready }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	i, ok := m.list.Selected()
	if !ok {
		return ""
	}
	r := &m.load.Value.Rows[i]
	return r.Where + "\t" + r.Field + "\t" + r.Value + "\t" + r.Problem
}
