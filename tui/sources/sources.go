// Package sources is the pane that says how far each source is, how old its data is and what went wrong, stream by stream. It only shows: a source's error
// stands beside its last good data and never covers it. enter opens the rows that could not be mapped.
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
	"flightdeck/tui/chart"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
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
}

// detail is how many lines under the list speak of the selected stream.
const detail = 4

func (m *model) words() {
	l := m.env.Locale
	m.list.SetColumns(
		table.Column{Title: l.T(locale.Source), Width: 16, Min: 8, Grow: 1},
		table.Column{Title: l.T(locale.SourcesStream), Width: 12, Min: 9},
		table.Column{Title: l.T(locale.Status), Width: 9, Min: 7},
		table.Column{Title: l.T(locale.SourcesProgress), Width: 20, Min: 12, Drop: 2, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesRecords), Width: 10, Min: 7, Align: layout.Right},
		table.Column{Title: l.T(locale.SourcesIssues), Width: 7, Min: 6, Align: layout.Right},
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
		if m.list.Update(msg) {
			return nil
		}
		if i, ok := m.list.Selected(); ok && msg.String() == "enter" {
			return pane.Go(pane.Place{Kind: pane.Issues, Scope: m.at.Scope, ID: string(m.load.Value.Rows[i].Source)})
		}
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
	c[2] = table.Cell{Text: l.SyncState(r.State), Style: stateStyle(th, r.State)}
	c[3] = table.Cell{Text: progress(l, r), Style: th.Muted}
	c[4] = table.Cell{Text: l.Int(r.Records)}
	c[5] = table.Cell{Text: "0", Style: th.Muted}
	if r.Issues > 0 {
		c[5] = table.Cell{Text: l.Int(r.Issues), Style: th.Warn}
	}
	c[6] = table.Cell{Text: l.Ago(m.env.Now(), r.Good)}
	if r.Good.IsZero() {
		c[6].Style = th.Warn
	}
	c[7] = table.Cell{Text: r.Error, Style: th.Bad}
}

func progress(l *locale.Locale, r *source.Row) string {
	switch {
	case r.State != store.SyncRunning:
		return ""
	case r.Total > 0:
		return l.Int(r.Done) + "/" + l.Int(r.Total)
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
		lines = append(lines, m.about(&m.load.Value.Rows[i], under)...)
	}
	return layout.Frame(lines, m.size)
}

// about says what the columns have no room for.
func (m *model) about(r *source.Row, s layout.Size) []string {
	l, th := m.env.Locale, m.env.Theme
	now := m.env.Now()
	head := layout.NewRow(s.W)
	head.Fill(th.Border, '-', min(2, s.W)).Gap(1).Add(th.Strong, string(r.Source)+" / "+string(r.Stream)).Gap(1).Add(th.Muted, r.Kind).Gap(1)
	lines := []string{head.String()}
	add := func(style theme.Style, text string) {
		for _, t := range layout.Wrap(text, s.W-3) {
			lines = append(lines, "   "+style.Render(t))
		}
	}
	switch {
	case r.Error != "":
		add(th.Bad, r.Error)
		if r.Retry.After(now) {
			next := l.T(locale.SourcesRetryNow)
			if r.Retry.Sub(now) > time.Minute {
				next = l.F(locale.SourcesRetry, l.Ago(now, r.Retry))
			}
			add(th.Muted, next+"  "+l.F(locale.SourcesSeen, l.Ago(now, r.Good)))
		} else {
			add(th.Muted, l.F(locale.SourcesSeen, l.Ago(now, r.Good)))
		}
	case r.State == store.SyncRunning:
		if r.Total > 0 {
			lines = append(lines, "   "+chart.Progress(th, min(60, s.W-3), r.Done, r.Total))
		}
		add(th.Muted, l.F(locale.SourcesRunning, l.Ago(now, r.Started)))
	case !r.Good.IsZero():
		took := r.Finished.Sub(r.Started).Round(1e6)
		add(th.Muted, l.F(locale.SourcesFine, took.String(), l.Ago(now, r.Good)))
	}
	return lines
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	return []key.Binding{keymap.Bind(m.env.Locale.T(locale.PaneIssues), "enter"), keymap.Move(m.env.Locale)}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneSources) }

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
	return string(r.Source) + "\t" + string(r.Stream) + "\t" + r.State.String() + "\t" + strconv.Itoa(r.Records) + "\t" + r.Error
}
