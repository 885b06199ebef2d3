// Package forecast is the pane of the forecast: per node of the org tree down to the person, quota, closed, commit, best case, weighted and gap beside where the period
// lands with one, five and nine chances in ten, and what is overdue or stale. Drilling goes region, team, rep, deal.
//
// Beside the tree, on a narrow screen under it, stands one of: the landing's fan and what moved since a day (waterfall), the deals, and how well such forecasts have held.
// v turns to the next, comma and point move the day that the waterfall begins at. The landing comes when it has been learned; the rest does not wait for it.
//
// up and down choose the node, left and right a figure. enter without a chosen figure goes into a unit, or to a person's deals; with one it opens
// exactly the deals that the figure sums. On a wide screen the node's deals stand beside the tree, flagged ones first, each with its reason.
package forecast

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/backtest"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/landing"
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
	m := &model{env: env, at: p, list: table.New(), fold: map[store.ID]bool{}, back: week}
	m.list.SetColumns(row.DealColumns(env.Locale)...)
	return m
}

type answer struct {
	forecast.Answer
	org store.Currency
}

// behind is the deals of a node.
type behind struct {
	deal.View
	node store.ID
}

type model struct {
	env    *pane.Env
	at     pane.Place
	load   pane.Loader[answer]
	behind pane.Loader[behind]
	land   pane.Loader[*landing.Landing]
	side   pane.Loader[side]
	held   pane.Loader[backtest.Answer]
	list   *table.Table
	size   layout.Size
	memo   pane.Memo

	node    store.ID // chosen
	figure  int      // index into figures; 0 is the node itself
	top     int      // first visible row
	fold    map[store.ID]bool
	shown   []int            // indices of rows that no fold hides
	rows    map[store.ID]int // of the landing, by node
	view    view
	back    int // days from the as-of day to that which the waterfall begins at
	version uint64
}

type restored struct {
	node   store.ID
	figure int
	top    int
	fold   map[store.ID]bool
	view   view
	back   int
}

// manyRows is from when on teams are folded until asked for: a director sees the company on one screen.
const manyRows = 30

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return tea.Batch(m.reload(), m.learn()) }

func (m *model) reload() tea.Cmd {
	scope := m.at.Scope
	return m.load.StartOn(m.env, m.at, nil, func(_ context.Context, b *analytics.Book) (answer, error) {
		return answer{analytics.Shared(b, scope, struct{}{}, forecast.Of), b.Currency()}, nil
	})
}

// detail loads the chosen node's deals, also while the screen is too narrow to show them: it may grow, and no message comes when it does.
func (m *model) detail() tea.Cmd {
	if len(m.shown) == 0 {
		return nil
	}
	scope, node := m.at.Scope, m.node
	return m.behind.Follow(m.env, m.at, node, func(_ context.Context, b *analytics.Book) (behind, error) {
		return behind{*forecast.Look(b, scope, node, "", true), node}, nil // those that want an eye first, closed ones last
	})
}

func (m *model) folded(i int) bool {
	r := &m.load.Value.Rows[i]
	if f, ok := m.fold[r.Node]; ok {
		return f
	}
	return r.Depth > 0 && r.Kind == "team" && len(m.load.Value.Rows) > manyRows
}

func (m *model) leaf(i int) bool {
	rows := m.load.Value.Rows
	return i+1 >= len(rows) || rows[i+1].Depth <= rows[i].Depth
}

// unfold finds the visible rows and keeps the chosen node among them: a hidden one gives way to the node that hides it.
func (m *model) unfold() {
	rows := m.load.Value.Rows
	m.shown = m.shown[:0]
	hide, by := -1, 0
	found := false
	for i := range rows {
		if hide >= 0 && rows[i].Depth > hide {
			if rows[i].Node == m.node {
				m.node, found = rows[by].Node, true
			}
			continue
		}
		hide = -1
		m.shown = append(m.shown, i)
		found = found || rows[i].Node == m.node
		if m.folded(i) {
			hide, by = rows[i].Depth, i
		}
	}
	if !found && len(rows) > 0 {
		m.node = rows[0].Node
	}
	m.version++
}

// index returns the chosen row's position among the visible ones.
func (m *model) index() int {
	for p, i := range m.shown {
		if m.load.Value.Rows[i].Node == m.node {
			return p
		}
	}
	return 0
}

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.load.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	switch {
	case m.load.Take(msg):
		m.unfold()
		return tea.Batch(m.detail(), m.aside())
	case m.land.Take(msg):
		m.landed()
		return m.aside()
	case m.side.Take(msg), m.held.Take(msg):
		m.version++
		return nil
	case m.behind.Take(msg):
		m.version++
		m.list.Replace(row.Deals(m.env, m.behind.Value.Rows, m.load.Value.org))
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return tea.Batch(m.reload(), m.learn())
	case pane.Themed:
		m.list.SetColumns(row.DealColumns(m.env.Locale)...)
		m.list.SetRows(row.Deals(m.env, m.behind.Value.Rows, m.load.Value.org))
		m.version++
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return nil
}

func (m *model) press(k string) tea.Cmd {
	if len(m.shown) == 0 {
		return nil
	}
	p := m.index()
	page := max(1, m.room()-1)
	switch k {
	case "up", "k":
		p--
	case "down", "j":
		p++
	case "pgup", "ctrl+u":
		p -= page
	case "pgdown", "ctrl+d":
		p += page
	case "home":
		p = 0
	case "end", "G":
		p = len(m.shown) - 1
	case "left", "h":
		m.figure = max(0, m.figure-1)
		m.version++
		return nil
	case "right", "l":
		m.figure = min(len(figures)-1, m.figure+1)
		m.version++
		return nil
	case "o", "tab":
		if i := m.shown[p]; !m.leaf(i) {
			m.fold[m.node] = !m.folded(i)
			m.unfold()
		}
		return nil
	case "d":
		return pane.Go(pane.ForecastDeals(m.at.Scope, m.node, figures[m.figure].part))
	case "c":
		return pane.Go(pane.LandingPlace(m.at.Scope, m.node))
	case "v":
		m.turn()
		return m.judge()
	case ",", ".":
		return m.shift(k == ",")
	case "enter":
		return m.open(m.shown[p])
	default:
		return nil
	}
	p = max(0, min(p, len(m.shown)-1))
	if n := m.load.Value.Rows[m.shown[p]].Node; n != m.node {
		m.node = n
		m.version++
		return tea.Batch(m.detail(), m.aside())
	}
	return nil
}

func (m *model) open(i int) tea.Cmd {
	r := &m.load.Value.Rows[i]
	if m.figure == 0 && !m.leaf(i) && r.Depth > 0 {
		p := m.at
		p.Scope.Node = r.Node
		return pane.Go(p)
	}
	if figures[m.figure].land != nil {
		return pane.Go(pane.LandingPlace(m.at.Scope, r.Node))
	}
	return pane.Go(pane.ForecastDeals(m.at.Scope, r.Node, figures[m.figure].part))
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.version++
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	return []key.Binding{
		keymap.Enter(l), keymap.Bind(l.T(locale.ForecastDeal), "d"), keymap.Bind(l.T(locale.ForecastWhatIf), "c"), keymap.Bind(l.T(locale.ForecastView), "v"),
		keymap.Bind(l.T(locale.ForecastFold), "o", "tab"), keymap.Move(l),
		key.NewBinding(key.WithKeys("left", "right", "h", "l"), key.WithHelp("h l", l.T(locale.FunnelFigure))),
		key.NewBinding(key.WithKeys(",", "."), key.WithHelp(", .", l.T(locale.ForecastShift))),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneForecast) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return restored{m.node, m.figure, m.top, m.fold, m.view, m.back} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.node, m.figure, m.top = r.node, max(0, min(r.figure, len(figures)-1)), r.top
		m.view, m.back = r.view, max(1, r.back)
		for k, v := range r.fold {
			m.fold[k] = v
		}
	}
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Ready }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if len(m.shown) == 0 {
		return ""
	}
	r := &m.load.Value.Rows[m.shown[m.index()]]
	return m.name(r) + "\t" + r.Quota.Money.String() + "\t" + r.Closed.Money.String() + "\t" + r.Commit.Money.String()
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "quota", "closed", "attainment", "commit", "best_case", "pipeline", "weighted", "gap", "p10", "p50", "p90", "reach", "from_new", "step", "overdue", "stale")
}
