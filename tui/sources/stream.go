package sources

import (
	"context"
	"strconv"
	"time"

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

// stream shows one stream: where it stands, what its source costs, and its last runs.
type stream struct {
	env    *pane.Env
	at     pane.Place
	source store.SourceID
	name   store.Stream
	load   pane.Loader[source.Answer]
	list   *table.Table
	size   layout.Size
	memo   pane.Memo
	orders
}

func newStream(env *pane.Env, p pane.Place) pane.Pane {
	m := &stream{env: env, at: p, list: table.New(), orders: orders{env: env, at: p}}
	parts := pane.Parts(p.ID)
	m.source = store.SourceID(parts[0])
	if len(parts) > 1 {
		m.name = store.Stream(parts[1])
	}
	m.words()
	return m
}

func (m *stream) words() {
	l := m.env.Locale
	m.list.SetColumns(
		table.Column{Title: l.T(locale.SourcesRuns), Width: 16},
		table.Column{Title: l.T(locale.SourcesResult), Width: 11, Min: 6},
		table.Column{Title: l.T(locale.SourcesTook), Width: 10, Min: 6, Align: layout.Right, Drop: 2},
		table.Column{Title: l.T(locale.SourcesRows), Width: 10, Min: 5, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesRemoved), Width: 8, Min: 4, Align: layout.Right, Drop: 3},
		table.Column{Title: l.T(locale.SourcesCost), Width: 8, Min: 4, Align: layout.Right, Drop: 1},
		table.Column{Title: l.T(locale.SourcesTimes), Width: 6, Min: 4, Align: layout.Right, Drop: 4},
		table.Column{Title: l.T(locale.SourcesNote), Width: 60, Min: 12, Grow: 1, Drop: 5},
	)
}

// row returns the stream's row; nil when the store knows no such stream.
func (m *stream) row() *source.Row {
	for i := range m.load.Value.Rows {
		if r := &m.load.Value.Rows[i]; r.Source == m.source && r.Stream == m.name {
			return r
		}
	}
	return nil
}

func (m *stream) reload() tea.Cmd {
	book := m.env.Book
	return m.load.Start(m.env, m.at, func(context.Context) (source.Answer, error) {
		if b := book(); b != nil {
			return source.Of(b), nil
		}
		return source.Answer{}, nil
	})
}

// Init implements pane.Pane.
func (m *stream) Init() tea.Cmd { return m.reload() }

// Update implements pane.Pane.
func (m *stream) Update(msg tea.Msg) tea.Cmd {
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
	case ordered:
		return m.answer(msg)
	case tea.KeyPressMsg:
		r := m.row()
		if r == nil {
			return nil
		}
		if cmd, taken := m.key(msg.String(), r); taken {
			return cmd
		}
		if m.list.Update(msg) {
			return nil
		}
		if msg.String() == "enter" {
			return pane.Go(pane.Place{Kind: pane.Issues, ID: string(m.source)})
		}
	}
	return nil
}

func (m *stream) show() {
	var runs []source.Run
	if r := m.row(); r != nil {
		runs = r.Runs
	}
	m.list.SetRows(table.Rows{
		Len:   len(runs),
		Key:   func(i int) string { return strconv.FormatInt(runs[i].Started.UnixNano(), 36) },
		Match: func(i int) string { return runs[i].State.String() + " " + runs[i].Note },
		Cells: func(i int, c []table.Cell) { m.cells(&runs[i], c) },
	})
	m.SetSize(m.size)
}

func (m *stream) cells(r *source.Run, c []table.Cell) {
	l, th := m.env.Locale, m.env.Theme
	c[0] = table.Cell{Text: l.Time(r.Started, r.Started.Location())}
	c[1] = table.Cell{Text: l.SyncState(r.State), Style: stateStyle(th, r.State)}
	if r.State == store.SyncRunning {
		c[1] = table.Cell{Text: l.T(locale.SourcesCut), Style: th.Warn}
	}
	c[2] = table.Cell{Style: th.Muted}
	if r.Times == 1 { // else from the first to the last of them
		c[2].Text = r.Ended.Sub(r.Started).Round(time.Millisecond).String()
	}
	c[3] = table.Cell{Text: l.Int(r.Rows)}
	c[4] = table.Cell{Text: l.Int(r.Removed)}
	c[5] = table.Cell{Text: l.Int(r.Requests), Style: th.Muted}
	c[6] = table.Cell{Style: th.Muted}
	if r.Times > 1 {
		c[6].Text = "x" + l.Int(r.Times)
	}
	c[7] = table.Cell{Text: r.Note}
	if r.State != store.SyncIdle {
		c[7].Style = th.Bad
	}
}

// above are the lines over the history.
func (m *stream) above() []string {
	r := m.row()
	if r == nil {
		return nil
	}
	l, th := m.env.Locale, m.env.Theme
	c := state(l, th, r)
	head := layout.NewRow(m.size.W).Gap(2)
	head.Add(th.Strong, r.Kind).Gap(2).Add(c.Style, c.Text).Gap(2)
	if p := progress(l, r); p != "" {
		head.Add(th.Muted, p).Gap(2)
	}
	head.Add(th.Muted, l.T(locale.SourcesRecords)+" "+l.Int(r.Records)).Gap(2).Add(th.Muted, l.T(locale.SourcesIssues)+" "+l.Int(r.Issues)).Gap(2)
	head.Add(th.Muted, l.T(locale.SourcesCost)+" "+l.Int(r.Requests))
	lines := about(m.env, r, m.load.Value.Totals, m.size)
	lines[0] = head.String()
	return append(lines, "")
}

// SetSize implements pane.Pane.
func (m *stream) SetSize(s layout.Size) {
	m.size = s
	_, rest := s.Rows(min(len(m.above()), s.H*2/3))
	m.list.SetSize(rest)
}

// View implements pane.Pane.
func (m *stream) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if m.row() == nil {
		return layout.Card(m.env.Locale.F(locale.SourcesGone, string(m.source)+"/"+string(m.name)), m.env.Theme.Muted, m.size)
	}
	version := m.list.Version()<<24 | uint64(m.env.Now().Unix()/60)&(1<<24-1)
	return m.memo.View(m.env, m.size, m.load.Value.Rev, version, m.draw)
}

func (m *stream) draw() string {
	lines := m.above()
	lines = lines[:min(len(lines), m.size.H*2/3)]
	if m.list.Len() == 0 {
		lines = append(lines, "  "+m.env.Theme.Muted.Render(m.env.Locale.T(locale.SourcesNoRuns)))
	} else if _, rest := m.size.Rows(len(lines)); rest.H > 0 {
		lines = append(lines, layout.Lines(m.list.View(m.env.Theme))...)
	}
	return layout.Frame(lines, m.size)
}

// Keys implements pane.Pane.
func (m *stream) Keys() []key.Binding {
	l := m.env.Locale
	return append([]key.Binding{keymap.Bind(l.T(locale.PaneIssues), "enter"), keymap.Move(l)}, m.bindings()...)
}

// Title implements pane.Pane.
func (m *stream) Title() string { return string(m.source) + "/" + string(m.name) }

// Table implements pane.Exporter.
func (m *stream) Table() (analytics.Table, bool) {
	r := m.row()
	if !m.load.Ready || r == nil {
		return analytics.Table{}, false
	}
	return r.Table(), true
}

// Snapshot implements pane.Restorer.
func (m *stream) Snapshot() any { return m.list.State() }

// Restore implements pane.Restorer.
func (m *stream) Restore(s any) {
	if st, ok := s.(table.State); ok {
		m.list.Restore(st)
	}
}
