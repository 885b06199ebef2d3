// Package deviation is the pane of a month's deviation report (预测归因报告): the largest misses with their causes, the sentences behind the chosen cause, and a key
// to correct the causes.
//
// Without a period in its scope it shows the last month that ended; comma and point turn to the month before and after. left and right choose one of the miss's
// causes, whose evidence stands below; enter opens the deal. c corrects: what a person enters goes through the desk into the journal and is reported on in the
// head, what was derived stays beside it, u takes back.
package deviation

import (
	"context"
	"errors"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/deviation"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

type answer struct {
	deviation.Answer
	tags   []rule.Tag
	months [2]analytics.Period // the one before and the one after; the second is zero at the present one
	past   bool                // nothing can be decided about that day any more
	made   bool
}

type model struct {
	env    *pane.Env
	at     pane.Place
	period analytics.Period // that comma and point turned to; zero: the place's
	tag    int              // which cause's evidence is shown
	load   pane.Loader[answer]
	list   *table.Table
	busy   bool
	size   layout.Size
	memo   pane.Memo

	version uint64
}

// acted is what became of a decision.
type acted struct {
	says string
	err  error
}

// decided is a correction that somebody entered in the footer.
type decided struct{ d store.Decision }

// state is what a pane that comes back goes on with.
type state struct {
	list   table.State
	period analytics.Period
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
	m.list.SetColumns(columns(env.Locale)...)
	return m
}

func columns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.DeviationKind), Width: 8, Min: 7}, {Title: l.T(locale.Deal), Width: 26, Min: 10, Grow: 2}, {Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 2},
		{Title: l.T(locale.DeviationExpected), Width: 10, Min: 8, Align: layout.Right, Drop: 4}, {Title: l.T(locale.DeviationActual), Width: 10, Min: 8, Align: layout.Right, Drop: 5},
		{Title: l.T(locale.DeviationDiff), Width: 10, Min: 9, Align: layout.Right}, {Title: l.T(locale.DeviationNow), Width: 24, Min: 23, Drop: 6},
		{Title: l.T(locale.DeviationCauses), Width: 24, Min: 10, Grow: 2},
	}
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	env, scope := m.env, m.at.Scope
	if !m.period.IsZero() {
		scope.Period = m.period
	}
	return m.load.StartOn(env, m.at, nil, func(_ context.Context, b *analytics.Book) (answer, error) {
		p := env.Pack()
		a := answer{Answer: deviation.Of(b, env.Desk.View(b, scope), p, scope), tags: rule.ForecastSection.Of(p).Deviation.Tags, past: scope.AsOf != 0 && scope.AsOf < b.Now(), made: true}
		c := b.Calendar()
		a.months[0] = c.Month(a.Period.From-1, 0)
		if a.Period.To < b.AsOf(scope) {
			a.months[1] = c.Month(a.Period.To+1, 0)
		}
		return a, nil
	})
}

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.load.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.load.Take(msg) {
		m.version++
		m.list.SetRows(m.rows())
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.Init()
	case pane.Themed:
		m.list.SetColumns(columns(m.env.Locale)...)
		m.list.SetRows(m.rows())
		m.version++
	case decided:
		return m.enter(msg.d)
	case acted:
		m.busy = false
		m.version++
		if msg.err != nil {
			return pane.Say(msg.err.Error())
		}
		return tea.Batch(m.Init(), pane.Say(msg.says))
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

func (m *model) rows() table.Rows {
	ms := m.load.Value.Misses
	return table.Rows{
		Len: len(ms), Key: func(i int) string { return string(ms[i].Deal.ID) },
		Match: func(i int) string {
			x := &ms[i]
			return x.Deal.Name + " " + x.Deal.Account.Name + " " + x.Deal.Owner.Name + " " + m.env.Locale.Miss(string(x.Kind)) + " " + m.names(x.Causes())
		},
		Cells: func(i int, c []table.Cell) {
			x, l, th := &ms[i], m.env.Locale, m.env.Theme
			short := x.Diff.Minor < 0
			c[0].Text = l.Miss(string(x.Kind))
			c[1].Text, c[2] = x.Deal.Name, table.Cell{Text: x.Deal.Owner.Name, Style: th.Muted}
			c[3].Text, c[4].Text = l.Money(x.Expected), l.Money(x.Actual)
			c[5] = table.Cell{Text: l.MoneySigned(x.Diff), Style: th.Good}
			c[6] = table.Cell{Text: l.Date(x.Promised) + " > " + l.Date(x.Now), Style: th.Muted}
			if c[7].Text = m.names(x.Causes()); x.Correction != nil {
				c[7] = table.Cell{Text: "* " + c[7].Text, Style: th.Accent}
			} else if c[7].Text == "" && short {
				c[7] = table.Cell{Text: l.T(locale.DeviationUnexplained), Style: th.Muted}
			}
			if short {
				c[5].Style = th.Bad
			}
		},
	}
}

// names gives tags in the session's language; one that the rules no longer have keeps its ID.
func (m *model) names(ids []string) string {
	var out []string
	for _, id := range ids {
		for _, t := range m.load.Value.tags {
			if t.ID == id {
				id = m.env.Locale.Pick(t.Name, t.NameEn)
				break
			}
		}
		out = append(out, id)
	}
	return strings.Join(out, ", ")
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	i, ok := m.list.Selected()
	switch k := msg.String(); k {
	case "c":
		return m.correct()
	case "u":
		return m.undo()
	case ",", ".":
		p := m.load.Value.months[map[string]int{",": 0, ".": 1}[k]]
		if p.IsZero() {
			return nil
		}
		m.period, m.tag = p, 0
		m.version++
		return m.Init()
	case "left", "right":
		if n := len(m.tags(i, ok)); n > 0 {
			m.tag = (min(m.tag, n-1) + map[string]int{"left": n - 1, "right": 1}[k]) % n
		}
	case "enter":
		if ok {
			return pane.Go(pane.DealPlace(m.at.Scope, m.load.Value.Misses[i].Deal.ID))
		}
		return nil
	default:
		m.list.Update(msg)
		if j, _ := m.list.Selected(); j != i {
			m.tag = 0
		}
	}
	m.version++
	return nil
}

func (m *model) tags(i int, ok bool) []deviation.Tag {
	if !ok {
		return nil
	}
	return m.load.Value.Misses[i].Tags
}

// correct asks for the tags that are right: names or IDs with commas between them, after a semicolon why.
func (m *model) correct() tea.Cmd {
	l, a := m.env.Locale, &m.load.Value
	i, ok := m.list.Selected()
	switch {
	case !ok || m.busy:
		return nil
	case a.Misses[i].Diff.Minor >= 0:
		return pane.Say(l.T(locale.DeviationSurplus))
	case m.env.Desk == nil:
		return pane.Say(l.T(locale.TriageNoDesk))
	case a.past:
		return pane.Say(l.T(locale.TriagePast))
	}
	x, period, pack := a.Misses[i], a.Name, m.env.Pack()
	read := func(text string) (store.Decision, error) {
		text, note, _ := strings.Cut(strings.ReplaceAll(text, "；", ";"), ";")
		tags, err := deviation.Parse(pack, text)
		return deviation.Correct(x.Deal.ID, period, tags, strings.TrimSpace(note)), err
	}
	return func() tea.Msg {
		return pane.Ask{
			Place: m.at, Prompt: l.T(locale.DeviationCorrect) + " " + x.Deal.Name + ": ", Value: strings.Join(x.Causes(), ","),
			Check: func(text string) (string, error) {
				d, err := read(text)
				if err != nil {
					return "", errors.New(err.Error())
				}
				return "= " + m.names(d.After.Tags), nil
			},
			Answer: func(text string) tea.Msg { d, _ := read(text); return decided{d} },
		}
	}
}

func (m *model) enter(d store.Decision) tea.Cmd {
	env, at, l := m.env, m.at, m.env.Locale
	m.busy = true
	return func() tea.Msg {
		out, err := env.Desk.Decide(env.Ctx, []store.Decision{d})
		return pane.To{Place: at, Msg: acted{l.F(locale.TriageDone, l.Decision(store.DecisionTag), l.Int(len(out))), err}}
	}
}

func (m *model) undo() tea.Cmd {
	env, at, l := m.env, m.at, m.env.Locale
	if m.busy || env.Desk == nil {
		return nil
	}
	m.busy = true
	return func() tea.Msg {
		out, err := env.Desk.Undo(env.Ctx)
		says := l.T(locale.TriageNothing)
		if len(out) > 0 {
			says = l.F(locale.TriageUndone, l.Int(len(out)))
		}
		return pane.To{Place: at, Msg: acted{says, err}}
	}
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
	return []key.Binding{keymap.Enter(l), keymap.Bind(l.T(locale.DeviationTag), "left", "right"), keymap.Bind(l.T(locale.DeviationCorrect), "c"),
		keymap.Bind(l.T(locale.DeviationMonth), ",", "."), keymap.Bind(l.T(locale.TriageUndo), "u"), keymap.Move(l)}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneDeviation) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return state{m.list.State(), m.period} }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(state); ok {
		m.period = r.period
		m.list.Restore(r.list)
	}
}

// Close implements pane.Closer.
func (m *model) Close() { m.load.Stop() }

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Value.made }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	i, ok := m.list.Selected()
	if !ok {
		return ""
	}
	x := &m.load.Value.Misses[i]
	return x.Deal.Name + "\t" + x.Diff.Amount() + "\t" + m.names(x.Causes())
}
