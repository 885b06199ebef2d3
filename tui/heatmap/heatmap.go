// Package heatmap is the pane of selling activity: touches by weekday and hour, by rep and week, by area and week. v changes the view, c the channel; d and
// u go down and up the areas. A cursor walks over the cells and the totals, and enter opens exactly the touches counted there. On a wide screen they
// stand beside the map.
//
// View, channel and area begin with Place.ID, so that a link or a command names them; changes are made inside the pane and live in its snapshot, because they are
// other looks at one place and esc should leave it at once.
package heatmap

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
	m.query, m.bad = heatmap.ParseQuery(p.ID)
	m.list.SetColumns(row.TouchColumns(env.Locale)...)
	return m
}

// behind is the touches of the chosen cell and what they add up to.
type behind struct {
	rows  analytics.Rows[touch.Row]
	total int
	cell  heatmap.Cell
	parts []part
}

type model struct {
	env    *pane.Env
	at     pane.Place
	query  heatmap.Query // wanted; the answer's own is what is shown
	bad    error         // of Place.ID
	load   pane.Loader[answer]
	behind pane.Loader[behind]
	list   *table.Table
	size   layout.Size
	memo   pane.Memo

	cursor  cursor
	i, j    int // of the cursor in the answer; the number of rows or columns is a total
	version uint64
}

type restored struct {
	query  heatmap.Query
	cursor cursor
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

func (m *model) reload() tea.Cmd {
	scope, q, bad := m.at.Scope, m.query, m.bad
	return m.load.StartOn(m.env, m.at, q, func(_ context.Context, b *analytics.Book) (answer, error) {
		if bad != nil {
			return answer{}, bad
		}
		a := answer{Answer: analytics.Shared(b, scope, q, func(b *analytics.Book, s analytics.Scope) heatmap.Answer { return heatmap.Of(b, s, q) })}
		a.crop()
		return a, nil
	})
}

// detail loads the touches behind the cursor, also while the screen is too narrow to show them: it may grow, and no message comes when it does.
func (m *model) detail() tea.Cmd {
	if len(m.load.Value.Rows) == 0 {
		return nil
	}
	scope, cell := m.at.Scope, m.cell()
	return m.behind.Follow(m.env, m.at, cell, func(_ context.Context, b *analytics.Book) (behind, error) {
		l := heatmap.Look(b, scope, cell)
		return behind{l.Rows, l.Total, cell, partsOf(l, cell)}, nil
	})
}

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.load.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	switch {
	case m.load.Take(msg):
		m.seek()
		return m.detail()
	case m.behind.Take(msg):
		m.version++
		m.list.Replace(row.Touches(m.env, m.behind.Value.rows))
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.list.SetColumns(row.TouchColumns(m.env.Locale)...)
		m.list.SetRows(row.Touches(m.env, m.behind.Value.rows))
		m.version++
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return nil
}

func (m *model) press(k string) tea.Cmd {
	if m.bad != nil {
		return nil
	}
	switch k {
	case "v", "tab":
		return m.view(1)
	case "shift+tab":
		return m.view(len(heatmap.Views()) - 1)
	case "c":
		return m.channel()
	case "u":
		return m.up()
	case "n":
		if a := &m.load.Value; a.Unplaced > 0 {
			return m.open(a.UnplacedCell())
		}
		return nil
	}
	if len(m.load.Value.Rows) == 0 {
		return nil
	}
	return m.walk(k)
}

func (m *model) walk(k string) tea.Cmd {
	a := &m.load.Value
	i, j := m.i, m.j
	page := max(1, m.size.H-8)
	switch k {
	case "up", "k":
		i--
	case "down", "j":
		i++
	case "left", "h":
		j = a.col(a.pos(j) - 1)
	case "right", "l":
		j = a.col(a.pos(j) + 1)
	case "pgup", "ctrl+u":
		i -= page
	case "pgdown", "ctrl+d":
		i += page
	case "home":
		i = 0
	case "end", "G":
		i = len(a.Rows)
	case "d":
		return m.into()
	case "enter":
		return m.open(m.cell())
	default:
		return nil
	}
	if m.move(i, j) {
		return m.detail()
	}
	return nil
}

func (m *model) open(c heatmap.Cell) tea.Cmd { return pane.Go(m.at.At(pane.Touches, c.String())) }

// ask loads another map. Its cursor begins at the fullest cell, unless it should stand on a row.
func (m *model) ask(q heatmap.Query, c cursor) tea.Cmd {
	m.query, m.cursor = q, c
	m.version++
	return m.reload()
}

func (m *model) view(n int) tea.Cmd {
	q := m.query
	q.View = heatmap.View((int(q.View) + n) % len(heatmap.Views()))
	return m.ask(q, cursor{})
}

func (m *model) channel() tea.Cmd {
	if m.load.Value.Subject == touch.SubjectDealEvents {
		return pane.Say(m.env.Locale.T(locale.HeatNoChannel))
	}
	q := m.query
	next := 0
	for i, c := range channels {
		if c == q.Channel {
			next = (i + 1) % len(channels)
		}
	}
	q.Channel = channels[next]
	return m.ask(q, m.cursor)
}

// channels is the round that c makes: all, then the named ones, then the rest.
var channels = []string{"", store.ChannelVisit.String(), store.ChannelCall.String(), store.ChannelWeChat.String(), store.ChannelEmail.String(),
	store.ChannelMeeting.String(), store.ChannelDemo.String(), store.ChannelOther.String()}

// into goes to the areas below the chosen one.
func (m *model) into() tea.Cmd {
	a := &m.load.Value
	if a.Query.View != heatmap.Area || m.i >= len(a.Rows) {
		return nil
	}
	to := a.Rows[m.i].Key
	if to == a.Query.Area || to == heatmap.None {
		return pane.Say(m.env.Locale.T(locale.HeatNoLower))
	}
	q := a.Query
	q.Area = to
	return m.ask(q, cursor{})
}

// up goes to the area above and stands on the one we came from.
func (m *model) up() tea.Cmd {
	q := m.query
	if q.Area == "" {
		return nil
	}
	c := cursor{set: true, row: q.Area, col: m.cursor.col}
	n := max(0, strings.LastIndexByte(q.Area, '/'))
	q.Area = q.Area[:n]
	if q.View != heatmap.Area {
		c = m.cursor
	}
	return m.ask(q, c)
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.version++
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	ks := []key.Binding{
		keymap.Enter(l), keymap.Bind(l.T(locale.HeatView), "v", "tab", "shift+tab"), keymap.Bind(l.T(locale.HeatChannel), "c"),
	}
	if m.query.View == heatmap.Area {
		ks = append(ks, keymap.Bind(l.T(locale.HeatDrill), "d"))
	}
	if m.query.Area != "" {
		ks = append(ks, keymap.Bind(l.T(locale.HeatUp), "u"))
	}
	if m.load.Value.Unplaced > 0 {
		ks = append(ks, keymap.Bind(l.T(locale.HeatUnplaced), "n"))
	}
	return append(ks, key.NewBinding(key.WithKeys("left", "down", "up", "right", "h", "j", "k", "l"), key.WithHelp("h j k l", l.T(locale.KeyMove))))
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneHeatmap) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return restored{m.query, m.cursor} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.query, m.cursor = r.query, r.cursor
	}
}

// Close implements pane.Closer.
func (m *model) Close() {
	m.load.Stop()
	m.behind.Stop()
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Ready }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if len(m.load.Value.Rows) == 0 {
		return ""
	}
	return m.where() + "\t" + m.env.Locale.Int(m.count(m.i, m.j))
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "touches", "row", "col", "channel", "area")
}
