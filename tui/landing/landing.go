// Package landing is the pane of the open deals behind where a period lands, and of what if they were otherwise: each with its chance, how such chances have held, and
// what raises and lowers it.
//
// < and > move the promised day of the chosen deal by a week, comma and point by a day, - and + change its amount by a twentieth, d takes it out and puts it back. The
// landing above follows while a key is held: only that deal is drawn anew, with the same luck as before, so that the difference is the change's own. Nothing is
// written anywhere; u takes the last change back, esc all of them.
package landing

import (
	"context"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// most is how many deals are listed: those that bring the most. What is beyond brings little each.
const most = 300

type answer struct {
	base  *landing.Landing
	deals []landing.Deal
	count int
	asOf  analytics.Day
	org   store.Currency
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	list *table.Table
	size layout.Size
	memo pane.Memo

	changes []landing.Change          // what if, in the order in which it was tried
	now     *landing.Landing          // with the changes; the base without any
	changed map[store.ID]landing.Deal // as now has them
	places  map[store.ID]int          // of the deals in the list
	failed  error                     // why the last change could not be tried
	version uint64
}

// restored keeps what is tried while somebody looks into a deal and comes back.
type restored struct {
	rows    table.State
	changes []landing.Change
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New(), changed: map[store.ID]landing.Deal{}}
	m.list.SetColumns(columns(env.Locale)...)
	return m
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	book, scope, live := m.env.Book, m.at.Scope, m.env.Landing
	return m.load.StartLong(m.env, m.at, func(ctx context.Context) (answer, error) {
		b := book()
		if b == nil {
			return answer{}, nil
		}
		o, err := live.At(ctx, b, b.AsOf(scope))
		if err != nil {
			return answer{}, err
		}
		a := answer{base: o.Look(scope), asOf: o.Day(), org: b.Currency()}
		a.deals, a.count = a.base.Deals("", most)
		return a, nil
	})
}

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.load.Take(msg) {
		m.places = map[store.ID]int{}
		for i := range m.load.Value.deals {
			m.places[m.load.Value.deals[i].ID] = i
		}
		m.list.SetRows(m.rows())
		m.try(m.changes)
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.Init()
	case pane.Themed:
		m.list.SetColumns(columns(m.env.Locale)...)
		m.list.SetRows(m.rows())
		m.version++
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	d, ok := m.selected()
	switch k := msg.String(); k {
	case "<", ">", ",", ".":
		if ok {
			m.move(d, map[string]analytics.Day{"<": -7, ">": 7, ",": -1, ".": 1}[k])
		}
	case "-", "+", "=":
		if ok {
			m.scale(d, k != "-")
		}
	case "d":
		if ok {
			m.drop(d)
		}
	case "u":
		if n := len(m.changes); n > 0 {
			m.try(m.changes[:n-1])
		}
	case "enter":
		if ok {
			return pane.Go(pane.DealPlace(m.at.Scope, d.ID))
		}
	default:
		if m.list.Update(msg) {
			m.version++
		}
	}
	return nil
}

// selected returns the chosen deal as it stands with the changes.
func (m *model) selected() (landing.Deal, bool) {
	i, ok := m.list.Selected()
	if !ok || i >= len(m.load.Value.deals) {
		return landing.Deal{}, false
	}
	return m.deal(i), true
}

func (m *model) deal(i int) landing.Deal {
	d := m.load.Value.deals[i]
	if c, ok := m.changed[d.ID]; ok {
		return c
	}
	return d
}

// change is what was last said of a deal; the changes before it are in it.
func (m *model) change(id store.ID) landing.Change {
	for _, c := range slices.Backward(m.changes) {
		if c.Deal == id {
			return c
		}
	}
	return landing.Change{Deal: id}
}

func (m *model) move(d landing.Deal, by analytics.Day) {
	c := m.change(d.ID)
	switch {
	case c.Close != 0:
	case d.Close == store.NoDay:
		c.Close = m.load.Value.asOf
	default:
		c.Close = d.Close
	}
	c.Close = min(max(c.Close+by, m.load.Value.asOf), store.MaxDay)
	m.say(c)
}

func (m *model) scale(d landing.Deal, up bool) {
	c := m.change(d.ID)
	is := c.Amount
	if !is.Given() {
		if is = d.Amount; !is.Given() {
			is = store.Money{Currency: m.load.Value.org}
		}
	}
	step := max(is.Minor/20, 100)
	if is.Minor < 0 {
		step = 0 // a credit note is not scaled
	}
	if !up {
		step = -min(step, is.Minor)
	}
	if is.Minor > 1<<56 { // nobody sells that much
		step = min(step, 0)
	}
	c.Amount = store.Money{Minor: is.Minor + step, Currency: is.Currency}
	m.say(c)
}

func (m *model) drop(d landing.Deal) {
	c := m.change(d.ID)
	c.Drop = !c.Drop
	m.say(c)
}

// undoMost bounds how many steps u can take back; older ones are one.
const undoMost = 500

// say adds a change.
func (m *model) say(c landing.Change) {
	if len(m.changes) >= undoMost {
		m.changes = slices.DeleteFunc(slices.Clone(m.changes), func(o landing.Change) bool { return o.Deal == c.Deal })
	}
	m.try(append(slices.Clip(m.changes), c))
}

// try makes the landing as it would be. What cannot be tried (a deal that has closed since, a currency without a rate) is left out and said.
func (m *model) try(changes []landing.Change) {
	m.version++
	m.failed = nil
	m.now, m.changed = m.load.Value.base, map[store.ID]landing.Deal{}
	m.changes = changes
	if m.now == nil {
		return
	}
	var last []landing.Change // one per deal
	for i, c := range changes {
		if !slices.ContainsFunc(changes[i+1:], func(o landing.Change) bool { return o.Deal == c.Deal }) && (c != landing.Change{Deal: c.Deal}) {
			last = append(last, c)
		}
	}
	for _, c := range last {
		next, err := m.now.With(c)
		if err != nil {
			m.failed = err
			m.changes = slices.DeleteFunc(slices.Clone(m.changes), func(o landing.Change) bool { return o.Deal == c.Deal })
			continue
		}
		m.now = next
	}
	for _, c := range last {
		d, ok := m.now.Deal(c.Deal)
		if !ok {
			continue
		}
		if c.Close != 0 {
			d.Close = c.Close
		}
		if c.Amount.Given() {
			d.Amount = c.Amount
		}
		if c.Drop {
			d.Chance, d.Expected.Minor = 0, 0
		}
		m.changed[c.Deal] = d
	}
}

// Escape implements pane.Escaper: esc discards what is tried.
func (m *model) Escape() bool {
	if len(m.changes) == 0 {
		return false
	}
	m.try(nil)
	return true
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.version++
}

// SetFilter implements pane.Filterer.
func (m *model) SetFilter(text string) tea.Cmd {
	m.list.SetFilter(text)
	m.version++
	return nil
}

// Filter implements pane.Filterer.
func (m *model) Filter() string { return m.list.Filter() }

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	return []key.Binding{
		keymap.Enter(l),
		key.NewBinding(key.WithKeys("<", ">", ",", "."), key.WithHelp("< > , .", l.T(locale.LandMove))),
		key.NewBinding(key.WithKeys("-", "+", "="), key.WithHelp("- +", l.T(locale.LandScale))),
		keymap.Bind(l.T(locale.LandDrop), "d"), keymap.Bind(l.T(locale.LandUndo), "u"), keymap.Move(l),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneLanding) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return restored{m.list.State(), m.changes} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.list.Restore(r.rows)
		m.changes = r.changes
	}
}

// Close implements pane.Closer.
func (m *model) Close() { m.load.Stop() }

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if !m.load.Ready || m.now == nil {
		return analytics.Table{}, false
	}
	d := landing.DealList{Answer: m.now.Answer, Count: m.load.Value.count}
	for i := range m.load.Value.deals {
		d.Deals = append(d.Deals, m.deal(i))
	}
	return d.Table(), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	d, ok := m.selected()
	if !ok {
		return ""
	}
	return string(d.ID) + "\t" + d.Name + "\t" + d.Amount.String() + "\t" + m.env.Locale.Percent(d.Chance, 0)
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "p10", "p50", "p90", "reach", "chance", "held", "expected", "raises", "lowers", "from_open", "from_new")
}
