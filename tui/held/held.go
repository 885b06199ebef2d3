// Package held is the pane of the inputs that are held (冻结的输入): what is not believed, why, since when, how many customers keep their grades because of it, and what came, beside
// what had come before.
//
// An input whose values shifted wants a person: c says that the values are right, R that they are not, each with a reason, and u takes back. Either goes through the desk into the
// journal, as the command grade accept does, and is about this shift alone. What is missing, stale or out of bounds ends by itself when the source gives good values again, and is
// not for people to wave through.
package held

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

// hold is one line.
type hold struct {
	grade.Hold
	customers int
	arrival   grade.Arrival
	measured  bool // arrival says something
	decision  store.Decision
	decided   bool
}

type answer struct {
	rev       store.Rev
	holds     []hold
	customers int // of the scope, that are held for any reason
	rules     *rule.Grading
	book      *analytics.Book
	past      bool // what is held is known of the present alone
	made      bool
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	list *table.Table
	busy bool
	size layout.Size
	memo pane.Memo

	version uint64
}

// verdict is what a person says of a hold, and why.
type verdict struct {
	hold  grade.Hold
	right bool
	note  string
}

// acted is what became of a verdict.
type acted struct {
	says string
	err  error
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
	m.list.SetColumns(columns(env.Locale)...)
	return m
}

func columns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.HeldInput), Width: 22, Min: 12, Grow: 2}, {Title: l.T(locale.HeldWhy), Width: 12, Min: 8}, {Title: l.T(locale.HeldSince), Width: 10},
		{Title: l.T(locale.HeldShare), Width: 8, Align: layout.Right, Drop: 2}, {Title: l.T(locale.HeldCustomers), Width: 9, Min: 6, Align: layout.Right},
		{Title: l.T(locale.HeldVerdict), Width: 24, Min: 12, Grow: 2, Drop: 1},
	}
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	env, scope := m.env, m.at.Scope
	return m.load.Start(env, m.at, func(ctx context.Context) (answer, error) {
		b := env.Book()
		if b == nil {
			return answer{}, nil
		}
		a := answer{rev: b.Rev(), rules: rule.GradingSection.Of(env.Pack()), book: b, past: scope.AsOf != 0 && scope.AsOf < b.Now(), made: true}
		if a.past || env.Holds == nil {
			return a, nil
		}
		all, err := env.Holds(ctx)
		if err != nil {
			return a, err
		}
		list, view := grade.ListOf(b, a.rules, scope, all), env.Desk.View(b, scope)
		a.customers = list.Held
		count := map[string]int{}
		for i := range list.Rows {
			if list.Rows[i].Held {
				for _, in := range list.Rows[i].Inputs {
					count[in]++
				}
			}
		}
		for _, h := range all {
			if err := ctx.Err(); err != nil {
				return a, err
			}
			x := hold{Hold: h, customers: count[h.Input]}
			x.arrival, x.measured = grade.Arrived(b, a.rules, h.Input, h.Since-1, b.Now())
			x.decision, x.decided = grader.Verdict(view, h)
			a.holds = append(a.holds, x)
		}
		return a, nil
	})
}

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
	case verdict:
		return m.decide(msg)
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
	hs := m.load.Value.holds
	return table.Rows{
		Len: len(hs), Key: func(i int) string { return hs[i].Input },
		Cells: func(i int, c []table.Cell) {
			x, l, th := &hs[i], m.env.Locale, m.env.Theme
			c[0].Text = row.InputName(l, x.Input, m.load.Value.rules)
			c[1] = table.Cell{Text: l.InputState(x.Why), Style: th.Bad}
			c[2] = table.Cell{Text: l.Date(x.Since), Style: th.Muted}
			c[3] = table.Cell{Text: l.Percent(x.Share, 0), Style: th.Muted}
			if x.Why == store.InputShifted {
				c[3].Text = l.Float(x.Share, 2)
			}
			c[4].Text = l.Int(x.customers)
			c[5] = table.Cell{Text: m.said(l, x), Style: th.Muted}
			if x.Person && !x.decided {
				c[5].Style = th.Warn
			}
		},
	}
}

// said is what a person said of a hold, or for whom it waits.
func (m *model) said(l *locale.Locale, x *hold) string {
	switch {
	case x.decided && x.decision.After.Verdict == store.VerdictAccepted:
		return l.F(locale.HeldAccepted, m.who(x))
	case x.decided:
		return l.F(locale.HeldRefused, m.who(x))
	case x.Person:
		return l.T(locale.HeldWaits)
	}
	return l.T(locale.HeldHeals)
}

func (m *model) who(x *hold) string {
	if x.decision.Name != "" {
		return x.decision.Name
	}
	return m.load.Value.book.PersonName(x.decision.By)
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	switch k := msg.String(); k {
	case "c", "R":
		return m.ask(k == "c")
	case "u":
		return m.undo()
	case "enter":
		if _, ok := m.list.Selected(); ok {
			return pane.Go(pane.Place{Kind: pane.Evaluations, Scope: m.at.Scope})
		}
		return nil
	default:
		m.list.Update(msg)
	}
	m.version++
	return nil
}

// ask asks why before anything is decided.
func (m *model) ask(right bool) tea.Cmd {
	l := m.env.Locale
	i, ok := m.list.Selected()
	switch {
	case m.load.Value.past:
		return pane.Say(l.T(locale.HeldPast))
	case !ok || m.busy:
		return nil
	case m.env.Desk == nil:
		return pane.Say(l.T(locale.TriageNoDesk))
	}
	x := &m.load.Value.holds[i]
	if !x.Person {
		return pane.Say(l.F(locale.HeldNotYours, row.InputName(l, x.Input, m.load.Value.rules), l.InputState(x.Why)))
	}
	what, h := locale.HeldAskRefuse, x.Hold
	if right {
		what = locale.HeldAskAccept
	}
	return pane.AskWhy(m.at, l.F(what, row.InputName(l, x.Input, m.load.Value.rules)), l.T(locale.TriageWantNote), func(why string) tea.Msg { return verdict{h, right, why} })
}

func (m *model) decide(v verdict) tea.Cmd {
	if m.busy || m.env.Desk == nil {
		return nil
	}
	env, at, l := m.env, m.at, m.env.Locale
	m.busy = true
	says := l.F(locale.HeldEntered, row.InputName(l, v.hold.Input, m.load.Value.rules))
	return func() tea.Msg {
		_, err := env.Desk.Decide(env.Ctx, []store.Decision{grader.Decide(v.hold, v.right, v.note)})
		return pane.To{Place: at, Msg: acted{says, err}}
	}
}

func (m *model) undo() tea.Cmd {
	env, at, l := m.env, m.at, m.env.Locale
	if m.busy {
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

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, m.load.Value.rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th, a := m.env.Locale, m.env.Theme, &m.load.Value
	head := layout.NewRow(m.size.W).Gap(2)
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	head.Add("", l.F(locale.HeldCount, l.Int(len(a.holds)), l.Int(a.customers)))
	lines := []string{head.String()}
	if m.list.Len() == 0 {
		none := locale.HeldNone
		if a.past {
			none = locale.HeldPast
		}
		return layout.Frame(append(lines, layout.Lines(layout.Card(l.T(none), th.Muted, layout.Size{W: m.size.W, H: max(0, m.size.H-1)}))...), m.size)
	}
	var about []string
	if room := min(6, m.size.H-6); room >= 2 {
		about = m.about(layout.Size{W: m.size.W, H: room})
	}
	m.list.SetSize(layout.Size{W: m.size.W, H: max(0, m.size.H-1-len(about))})
	return layout.Frame(append(append(lines, layout.Lines(m.list.View(th))...), about...), m.size)
}

// about says of the chosen input what came, and what a person said of it.
func (m *model) about(s layout.Size) []string {
	i, ok := m.list.Selected()
	if !ok {
		return nil
	}
	l, th, x := m.env.Locale, m.env.Theme, &m.load.Value.holds[i]
	lines := []string{layout.NewRow(s.W).Add(th.Border, "--").Gap(1).Add(th.Strong, row.InputName(l, x.Input, m.load.Value.rules)).String()}
	var texts []string
	if x.measured {
		texts = append(texts, row.Arrival(l, &x.arrival, m.load.Value.rules))
	}
	switch {
	case x.decided:
		texts = append(texts, strings.TrimSpace(m.said(l, x)+"  "+l.Time(x.decision.At, m.load.Value.book.Location())+"  "+x.decision.Note))
	case x.Person:
		texts = append(texts, l.T(locale.HeldDo))
	default:
		texts = append(texts, l.T(locale.HeldHeals))
	}
	for _, t := range texts {
		for _, line := range layout.Wrap(t, s.W-3) {
			lines = append(lines, layout.NewRow(s.W).Gap(3).Add(th.Muted, line).String())
		}
	}
	return lines[:min(len(lines), s.H)]
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.version++
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	return []key.Binding{keymap.Enter(l), keymap.Bind(l.T(locale.HeldRight), "c"), keymap.Bind(l.T(locale.HeldWrong), "R"), keymap.Bind(l.T(locale.TriageUndo), "u"), keymap.Move(l)}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneHeld) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any { return m.list.State() }

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(table.State); ok {
		m.list.Restore(r)
	}
}

// Close implements pane.Closer.
func (m *model) Close() { m.load.Stop() }

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	t := analytics.Table{Columns: []string{"input", "state", "since", "customers", "verdict", "by", "note"}}
	l := m.env.Locale
	for i := range m.load.Value.holds {
		x := &m.load.Value.holds[i]
		by, note, said := "", "", ""
		if x.decided {
			by, note, said = m.who(x), x.decision.Note, m.said(l, x)
		}
		t.Rows = append(t.Rows, []string{x.Input, l.InputState(x.Why), x.Since.String(), l.Int(x.customers), said, by, note})
	}
	return t, m.load.Value.made
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if i, ok := m.list.Selected(); ok {
		x := &m.load.Value.holds[i]
		return x.Input + "\t" + m.env.Locale.InputState(x.Why) + "\t" + x.Since.String()
	}
	return ""
}
