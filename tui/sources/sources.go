// Package sources is the pane that says how far each source is, how old its data is, what it costs and what went wrong, stream by stream. A source's error
// stands beside its last good data and never covers it. enter opens one stream with the history of its runs, and from there the rows that could not be mapped.
//
// Whoever sees the whole company may order the background work about: pull, pause and resume, read a stream anew, and answer for a stream that is held because
// so much went missing. The order is a command of Bubble Tea's and returns at once; what became of it shows in the statuses, as everything else does.
package sources

import (
	"context"
	"strconv"

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
	"flightdeck/tui/theme"
)

// New makes the pane: of all sources, or of the one stream that the place names.
func New(env *pane.Env, p pane.Place) pane.Pane {
	if p.ID != "" {
		return newStream(env, p)
	}
	m := &model{env: env, at: p, list: table.New(), orders: orders{env: env, at: p}}
	m.words()
	return m
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[source.Answer]
	list *table.Table
	size layout.Size
	memo pane.Memo
	orders
}

// detail is how many lines under the list speak of the selected stream.
const detail = 5

func (m *model) words() {
	l := m.env.Locale
	m.list.SetColumns(
		table.Column{Title: l.T(locale.Source), Width: 16, Min: 8, Grow: 1},
		table.Column{Title: l.T(locale.SourcesStream), Width: 12, Min: 9},
		table.Column{Title: l.T(locale.Status), Width: 9, Min: 7},
		table.Column{Title: l.T(locale.SourcesProgress), Width: 24, Min: 4, Drop: 2},
		table.Column{Title: l.T(locale.SourcesLeft), Width: 8, Drop: 4, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesRecords), Width: 10, Min: 7, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesIssues), Width: 7, Min: 6, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesCost), Width: 8, Drop: table.Extra, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesAge), Width: 12, Min: 11, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesError), Width: 40, Min: 12, Grow: 4, Drop: 3},
	)
}

func (m *model) reload() tea.Cmd {
	book := m.env.Book
	return m.load.Start(m.env, m.at, func(context.Context) (source.Answer, error) {
		b := book()
		if b == nil {
			return source.Answer{}, nil
		}
		return source.Of(b), nil
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
		i, ok := m.list.Selected()
		if ok {
			if cmd, taken := m.key(msg.String(), &m.load.Value.Rows[i]); taken {
				return cmd
			}
		}
		if m.list.Update(msg) {
			return nil
		}
		if ok && msg.String() == "enter" {
			return pane.Go(pane.StreamPlace(m.load.Value.Rows[i].Source, m.load.Value.Rows[i].Stream))
		}
	case ordered:
		return m.answer(msg)
	}
	return nil
}

func (m *model) show() {
	rows := m.load.Value.Rows
	m.list.SetRows(table.Rows{
		Len: len(rows),
		Key: func(i int) string { return string(rows[i].Source) + "/" + string(rows[i].Stream) },
		Match: func(i int) string {
			return string(rows[i].Source) + " " + string(rows[i].Stream) + " " + rows[i].Kind + " " + rows[i].State.String() + " " + rows[i].Error
		},
		Cells: func(i int, c []table.Cell) { m.cells(&rows[i], c) },
	})
}

func (m *model) cells(r *source.Row, c []table.Cell) {
	l, th := m.env.Locale, m.env.Theme
	c[0] = table.Cell{Text: string(r.Source)}
	c[1] = table.Cell{Text: string(r.Stream)}
	c[2] = state(l, th, r)
	c[3] = table.Cell{Text: progress(l, r), Style: th.Muted}
	c[4] = table.Cell{Style: th.Muted}
	if left, ok := r.TimeLeft(m.env.Now()); ok {
		c[4].Text = l.Span(left)
	}
	c[5] = table.Cell{Text: l.Int(r.Records)}
	c[6] = table.Cell{Text: "0", Style: th.Muted}
	if r.Issues > 0 {
		c[6] = table.Cell{Text: l.Int(r.Issues), Style: th.Warn}
	}
	c[7] = table.Cell{Text: l.Int(r.Requests), Style: th.Muted}
	c[8] = table.Cell{Text: l.Ago(m.env.Now(), r.Good)}
	if r.Good.IsZero() {
		c[8].Style = th.Warn
	}
	c[9] = table.Cell{Text: r.Error, Style: th.Bad}
}

func state(l *locale.Locale, th *theme.Theme, r *source.Row) table.Cell {
	if r.Paused && r.State != store.SyncRunning && r.State != store.SyncHeld { // a held stream wants an answer all the same
		return table.Cell{Text: l.T(locale.SourcesPaused), Style: th.Warn}
	}
	return table.Cell{Text: l.SyncState(r.State), Style: stateStyle(th, r.State)}
}

func progress(l *locale.Locale, r *source.Row) string {
	switch {
	case r.State != store.SyncRunning && r.State != store.SyncWaiting || r.Done == 0 && r.State == store.SyncWaiting:
		return ""
	case r.Total > 0:
		return strconv.Itoa(r.Permille/10) + "% " + l.Int(r.Done) + "/" + l.Int(r.Total)
	}
	return l.Int(r.Done) + "/?"
}

func stateStyle(th *theme.Theme, s store.SyncState) theme.Style {
	switch s {
	case store.SyncRunning:
		return th.Accent
	case store.SyncWaiting:
		return th.Warn
	case store.SyncFailed, store.SyncHeld:
		return th.Bad
	}
	return th.Good
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
		return layout.Card(m.env.Locale.T(locale.SourcesEmpty), m.env.Theme.Muted, m.size)
	}
	// The age of the data moves with the clock, which the shell turns once a minute.
	version := m.list.Version()<<24 | uint64(m.env.Now().Unix()/60)&(1<<24-1)
	return m.memo.View(m.env, m.size, m.load.Value.Rev, version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	records, issues := 0, 0
	for _, t := range m.load.Value.Totals {
		records += t.Records
		issues += t.Issues
	}
	head := layout.NewRow(m.size.W).Gap(2)
	head.Add(th.Muted, l.F(locale.SourcesTotals, l.Int(len(m.load.Value.Totals)), l.Int(records), l.Int(issues)))
	lines := []string{head.String()}
	_, rest := m.size.Rows(1)
	list, under := rest.Rows(max(0, rest.H-detail))
	if list.H > 0 {
		lines = append(lines, layout.Lines(m.list.View(th))...)
	}
	if i, ok := m.list.Selected(); ok && under.H > 0 {
		lines = append(lines, about(m.env, &m.load.Value.Rows[i], m.load.Value.Totals, under)...)
	}
	return layout.Frame(lines, m.size)
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	return append([]key.Binding{keymap.Bind(l.T(locale.SourcesHistory), "enter"), keymap.Move(l)}, m.bindings()...)
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneSources) }

// SetFilter implements pane.Filterer.
func (m *model) SetFilter(text string) tea.Cmd {
	m.list.SetFilter(text)
	return nil
}

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
	return string(r.Source) + "\t" + string(r.Stream) + "\t" + r.State.String() + "\t" + strconv.Itoa(r.Records) + "\t" + r.Error
}
