// Package migration is the pane of grade migration, in the manner of a credit-rating transition matrix: how many accounts went from which grade to which within
// a month, what they are worth, and how the last twelve months moved. A cursor walks over cells and totals, and enter opens exactly the accounts counted
// there, each with the cause of its move; on a wide screen they stand beside the matrix.
//
// v changes between accounts and money, "," and "." go one month back and on, < and > begin the comparison a month earlier and later, so that any two months can be held
// against each other; o opens who is owed what by the playbook of their grade, p who is promoted as high potential. The place's own period is where it begins.
package migration

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
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
	m.list.SetColumns(row.MoveColumns(env.Locale)...)
	return m
}

type behind struct {
	migration.View
	cell   migration.Cell
	book   *analytics.Book
	judged *grade.Model
}

type cursor struct {
	set  bool // false: not chosen yet, which is the largest fall
	cell migration.Cell
}

type model struct {
	env    *pane.Env
	at     pane.Place
	period analytics.Period // wanted; zero: the place's own
	apart  bool             // it was made longer than a month by a key
	load   pane.Loader[answer]
	behind pane.Loader[behind]
	list   *table.Table
	size   layout.Size
	memo   pane.Memo

	money   bool
	cursor  cursor
	i, j    int
	version uint64
}

type restored struct {
	period analytics.Period
	apart  bool
	money  bool
	cursor cursor
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.reload() }

// scope is the place's, with the month that we stepped to.
func (m *model) scope() analytics.Scope {
	s := m.at.Scope
	if !m.period.IsZero() {
		s.Period = m.period
	}
	return s
}

func (m *model) reload() tea.Cmd {
	scope := m.scope()
	return m.load.StartOn(m.env, m.at, scope, func(_ context.Context, b *analytics.Book) (answer, error) {
		return of(b, scope), nil
	})
}

// detail loads the accounts behind the cursor, also while the screen is too narrow to show them: it may grow, and no message comes when it does.
func (m *model) detail() tea.Cmd {
	if len(m.load.Value.Grades) == 0 {
		return nil
	}
	scope, cell, pack := m.scope(), m.cell(), m.env.Pack()
	type what struct {
		scope analytics.Scope
		cell  migration.Cell
	}
	return m.behind.Follow(m.env, m.at, what{scope, cell}, func(_ context.Context, b *analytics.Book) (behind, error) {
		return behind{*migration.Look(b, scope, cell), cell, b, grade.NewModel(b, rule.GradingSection.Of(pack))}, nil
	})
}

func (m *model) cell() migration.Cell { return m.load.Value.cell(m.i, m.j) }

// seek finds the cursor's grades in a new answer; grades that are gone leave it where it stood.
func (m *model) seek() {
	m.version++
	a := &m.load.Value
	n := len(a.Grades)
	if !m.cursor.set {
		best := 0
		for _, want := range []kind{fall, rise, stay} {
			for i := range n {
				for j := range n {
					if c := a.At(i, j).Count; c > best && move(i, j, n) == want {
						m.i, m.j, best = i, j, c
					}
				}
			}
			if best > 0 {
				break
			}
		}
	} else {
		m.i, m.j = find(a.Grades, m.cursor.cell.From, m.i), find(a.Grades, m.cursor.cell.To, m.j)
	}
	m.walk(m.i, m.j)
}

func find(grades []store.Grade, g store.Grade, was int) int {
	switch g {
	case migration.Any:
		return len(grades) + 1
	case "":
		return len(grades)
	}
	for i, x := range grades {
		if x == g {
			return i
		}
	}
	return min(was, len(grades))
}

// walk puts the cursor onto row i, column j, totals included, and reports whether it moved.
func (m *model) walk(i, j int) bool {
	a := &m.load.Value
	if len(a.Grades) == 0 {
		return false
	}
	last := len(a.Grades) + 1
	m.i, m.j = max(0, min(i, last)), max(0, min(j, last))
	was := m.cursor
	m.cursor = cursor{true, m.cell()}
	if was == m.cursor {
		return false
	}
	m.version++
	return true
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
		m.list.Replace(row.Moves(m.env, m.behind.Value.Rows))
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.reload()
	case pane.Themed:
		m.list.SetColumns(row.MoveColumns(m.env.Locale)...)
		m.list.SetRows(row.Moves(m.env, m.behind.Value.Rows))
		m.version++
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return nil
}

func (m *model) press(k string) tea.Cmd {
	if len(m.load.Value.Grades) == 0 {
		return nil
	}
	i, j := m.i, m.j
	switch k {
	case "up", "k":
		i--
	case "down", "j":
		i++
	case "left", "h":
		j--
	case "right", "l":
		j++
	case "home":
		i, j = 0, 0
	case "end", "G":
		i, j = len(m.load.Value.Grades)+1, len(m.load.Value.Grades)+1
	case "v", "tab":
		m.money = !m.money
		m.version++
		return nil
	case ",":
		return m.step(-1)
	case ".":
		return m.step(1)
	case "<":
		return m.span(-1)
	case ">":
		return m.span(1)
	case "o":
		return pane.Go(pane.Place{Kind: pane.Owed, Scope: m.at.Scope})
	case "p":
		return pane.Go(pane.Place{Kind: pane.Potential, Scope: m.at.Scope})
	case "enter":
		return pane.Go(m.place())
	default:
		return nil
	}
	if m.walk(i, j) {
		return m.detail()
	}
	return nil
}

// place is the accounts behind the cursor. It names the month, so that the list stays with it when time goes on.
func (m *model) place() pane.Place {
	p := m.at.At(pane.Moves, m.cell().String())
	p.Scope = m.scope()
	if a := &m.load.Value; p.Scope.Period.IsZero() && a.From < a.To {
		p.Scope.Period = analytics.Period{From: a.From + 1, To: a.To}
	}
	return p
}

// wanted is the period that is asked for, whose answer may still be under way.
func (m *model) wanted() analytics.Period {
	if !m.period.IsZero() {
		return m.period
	}
	return analytics.Period{From: m.load.Value.From + 1, To: m.load.Value.To}
}

// step goes n months on. Two months that were chosen apart by < stay as far apart.
func (m *model) step(n int) tea.Cmd {
	var c analytics.Calendar
	p := c.Month(m.wanted().To, n)
	if p.From > m.load.Value.AsOf {
		return pane.Say(m.env.Locale.T(locale.MoveLatest))
	}
	if m.apart {
		p.From = c.Month(m.wanted().From, n).From
	}
	m.period = p
	m.version++
	return m.reload()
}

// mostApart is how far apart two months may be chosen.
const mostApart = 120

// span begins the comparison n months later, so that the grades of any two months can be held against each other.
func (m *model) span(n int) tea.Cmd {
	var c analytics.Calendar
	p := m.wanted()
	p.From = c.Month(p.From, n).From
	if end := c.Month(p.To, 0); p.From > end.From || p.From < c.Month(p.To, -mostApart).From {
		return nil
	}
	m.period, m.apart = p, p.From < c.Month(p.To, 0).From
	m.version++
	return m.reload()
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
		keymap.Enter(l), keymap.Bind(l.T(locale.MoveToggle), "v", "tab"), keymap.Bind(l.T(locale.MoveEarlier), ","), keymap.Bind(l.T(locale.MoveLater), "."),
		key.NewBinding(key.WithKeys("<", ">"), key.WithHelp("< >", l.T(locale.MoveSpan))), keymap.Bind(l.T(locale.PaneOwed), "o"), keymap.Bind(l.T(locale.PanePotential), "p"),
		key.NewBinding(key.WithKeys("left", "down", "up", "right", "h", "j", "k", "l"), key.WithHelp("h j k l", l.T(locale.KeyMove))),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneMigration) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return restored{m.period, m.apart, m.money, m.cursor} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.period, m.apart, m.money, m.cursor = r.period, r.apart, r.money, r.cursor
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
	if len(m.load.Value.Grades) == 0 {
		return ""
	}
	sq := m.load.Value.at(m.i, m.j)
	return m.where() + "\t" + m.env.Locale.Int(sq.Count) + "\t" + sq.Money.Money.String()
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "from_grade", "to_grade", "accounts", "value_12_months", "cause", "rule")
}
