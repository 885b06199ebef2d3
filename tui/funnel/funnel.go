// Package funnel is the pane of the sales funnel: per stage, how many deals and how much money stand there, how many came in, how many went on and how
// long they stayed. up and down choose the stage, left and right the figure: the bars show the chosen figure and enter opens exactly the deals
// it counts. On a wide screen those deals stand beside it.
package funnel

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/funnel"
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
	m := &model{env: env, at: p, list: table.New(), figure: 2} // what came in per stage is what makes a funnel of it
	m.words()
	return m
}

// answer is the funnel and what money is counted in.
type answer struct {
	funnel.Answer
	org store.Currency
}

type model struct {
	env    *pane.Env
	at     pane.Place
	load   pane.Loader[answer]
	behind pane.Loader[behind] // for wide screens
	list   *table.Table
	size   layout.Size
	memo   pane.Memo

	stage   store.ID // chosen; "" the first
	figure  int      // index into figures
	version uint64
}

// behind is the deals behind a stage's figure.
type behind struct {
	deal.View
	stage funnel.Stage
	set   funnel.Set
}

// restored is what the pane keeps beside its Place.
type restored struct {
	stage  store.ID
	figure int
}

func (m *model) words() { m.list.SetColumns(row.DealColumns(m.env.Locale)...) }

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

func (m *model) reload() tea.Cmd {
	scope := m.at.Scope
	return m.load.StartOn(m.env, m.at, nil, func(_ context.Context, b *analytics.Book) (answer, error) {
		return answer{analytics.Shared(b, scope, struct{}{}, funnel.Of), b.Currency()}, nil
	})
}

// detail loads the deals behind the chosen figure, also while the screen is too narrow to show them: it may grow, and no message comes when it does.
func (m *model) detail() tea.Cmd {
	s, ok := m.chosen()
	if !ok {
		return nil
	}
	scope, set := m.at.Scope, figures[m.figure].set
	type what struct {
		stage store.ID
		set   funnel.Set
	}
	return m.behind.Follow(m.env, m.at, what{s.ID, set}, func(_ context.Context, b *analytics.Book) (behind, error) {
		return behind{*funnel.Look(b, scope, s.ID, set), s, set}, nil
	})
}

// chosen returns the selected stage.
func (m *model) chosen() (funnel.Stage, bool) {
	stages := m.load.Value.Stages
	if len(stages) == 0 {
		return funnel.Stage{}, false
	}
	return stages[m.index()], true
}

func (m *model) index() int {
	for i, s := range m.load.Value.Stages {
		if s.ID == m.stage {
			return i
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
		m.version++
		if s, ok := m.chosen(); ok {
			m.stage = s.ID
		}
		return m.detail()
	case m.behind.Take(msg):
		m.version++
		m.list.Replace(row.Deals(m.env, m.behind.Value.Rows, m.load.Value.org))
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.words()
		m.list.SetRows(row.Deals(m.env, m.behind.Value.Rows, m.load.Value.org))
		m.version++
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return nil
}

func (m *model) press(k string) tea.Cmd {
	stages := m.load.Value.Stages
	if len(stages) == 0 {
		return nil
	}
	i := m.index()
	switch k {
	case "up", "k":
		i--
	case "down", "j":
		i++
	case "home":
		i = 0
	case "end", "G":
		i = len(stages) - 1
	case "left", "h":
		return m.choose(i, m.figure-1)
	case "right", "l":
		return m.choose(i, m.figure+1)
	case "enter":
		return pane.Go(pane.FunnelDeals(m.at.Scope, stages[i].ID, string(figures[m.figure].set)))
	default:
		return nil
	}
	return m.choose(i, m.figure)
}

func (m *model) choose(stage, figure int) tea.Cmd {
	stage = max(0, min(stage, len(m.load.Value.Stages)-1))
	figure = max(0, min(figure, len(figures)-1))
	id := m.load.Value.Stages[stage].ID
	if id == m.stage && figure == m.figure {
		return nil
	}
	m.stage, m.figure = id, figure
	m.version++
	return m.detail()
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
		keymap.Enter(l), keymap.Move(l),
		key.NewBinding(key.WithKeys("left", "right", "h", "l"), key.WithHelp("h l", l.T(locale.FunnelFigure))),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneFunnel) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return restored{m.stage, m.figure} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.stage, m.figure = r.stage, max(0, min(r.figure, len(figures)-1))
	}
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Ready }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	s, ok := m.chosen()
	if !ok {
		return ""
	}
	l := m.env.Locale
	return l.Pick(s.Name, s.NameEn) + "\t" + l.Int(s.Count) + "\t" + s.Amount.Money.String()
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "count", "amount", "entered", "advanced", "lost_here", "conversion", "median_days", "win_rate")
}
