// Package sandbox is the pane in which rules are tried on the past before they are in force (规则调试沙盒): figures of the draft on one side, and on the other what it would have made of
// every customer on each day of a range: the confusion of old grades with new ones, who differs, with what money and because of which figure, and one customer step by step with
// every input and every value between.
//
// A replay takes seconds on a large company. It runs off Update, says how far it is, and is given up as soon as the draft changes again; what was replayed by the rules in force is
// kept for the next draft. What the figures do not reach (inputs, bounds, health, new attributes) is changed in a draft file beside the rules, which d reads. c opens the guards in the draft, on the newest day on which they held something: whose grades a fault in the data would have moved, had nobody been in the
// way; n leads through that day step by step (see guide). The draft is a list of changes and not a text, so that it stays what it is when the rules change underneath. a saves it as a new version of the rules.
package sandbox

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// view is what the list is of.
type view int

const (
	viewMovers view = iota
	viewAll
	viewDays
	views
)

// answer is a replay of both rules.
type answer struct {
	comparison *grade.Comparison // nil: there is no Book yet
	rules      *rule.Grading
	version    string
	org        *analytics.Book
	few        bool // no source measures customers
	verdict    *grade.Verdict
	days       []count    // by day
	draft      rule.Draft // that was replayed
	base       kept
}

// count is how the two agree on a day.
type count struct{ Same, Up, Down int }

// kept is the replay by the rules in force, for the next draft.
type kept struct {
	course  *grade.Course
	book    *analytics.Book
	decided desk.View
	rules   *rule.Grading
	months  int
	asOf    analytics.Day
}

// focus is who has the keys.
type focus int

const (
	onFigures focus = iota
	onList
)

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	look pane.Loader[*grade.Verdict] // of another day
	step pane.Loader[trace]
	list *table.Table
	size layout.Size
	memo pane.Memo

	guide   *guide // nil: nobody is led
	arrived pane.Loader[arrivals]
	file    *rule.Pack // the draft file, from which the draft begins in place of the rules in force; nil: it was not asked for
	draft   rule.Draft
	before  []edit // what u goes back to
	by      string // the figure that was changed last
	figure  int
	focus   focus
	view    view
	months  int
	day     int // of the comparison's days, from the end: 0 is the last
	stepped *tracing
	stale   bool          // the Book or the rules changed while a replay was under way
	newer   bool          // the Book that was replayed is not the newest
	done    *atomic.Int64 // thousandths of the replay under way
	saving  bool
	failed  error
	version uint64
}

type edit struct {
	draft rule.Draft
	by    string
}

// restored keeps the draft while somebody looks at a customer and comes back.
type restored struct {
	rows    table.State
	file    *rule.Pack
	draft   rule.Draft
	before  []edit
	figure  int
	focus   focus
	view    view
	months  int
	day     int
	account analytics.Code
	traced  bool
	guide   *guide
}

// usual is how many months are replayed; z goes through the ranges.
const usual = 12

var ranges = []int{3, 6, 12, 24, 36, 60}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New(), months: usual}
	m.list.SetColumns(m.columns()...)
	return m
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd { return m.replay() }

// settled is how long a draft must stay as it is on a large company before it is replayed: who holds a key would keep every core busy.
const (
	settled = 150 * time.Millisecond
	many    = 20_000
)

// replay starts one, in place of the one under way.
func (m *model) replay() tea.Cmd {
	book, scope, pack, file, draft, months, back, base := m.env.Book, m.at.Scope, m.env.Pack(), m.file, m.draft, m.months, m.day, m.load.Value.base
	session := m.env.Desk
	done, over := new(atomic.Int64), make(chan struct{})
	m.done, m.stale, m.newer = done, false, false
	run := m.load.StartLong(m.env, m.at, func(ctx context.Context) (answer, error) {
		b := book()
		if b == nil {
			return answer{}, nil
		}
		a := answer{draft: draft, rules: rule.GradingSection.Of(pack), version: pack.Version(), org: b, few: !b.HasReadings()}
		asOf := b.AsOf(scope)
		with := draft.On(begin(file, a.rules))
		if with.Weightless() != "" { // nobody could be graded: the picture stays, with a word of it
			with = a.rules
		}
		if b.Accounts() > many {
			select {
			case <-ctx.Done():
				return a, ctx.Err()
			case <-time.After(settled):
			}
		}
		half := func(n int64) func(int, int) {
			return func(part, all int) { done.Store(n*500 + int64(part)*500/int64(max(1, all))) }
		}
		days := grade.MonthEnds(b.Calendar().Month(asOf, 1-months).From, asOf)
		decided := session.View(b, scope)
		accepted := grader.AcceptedOn(decided, days)
		if base.course == nil || base.decided != decided || base.book != b || base.rules != a.rules || base.months != months || base.asOf != asOf {
			course, err := grade.Replay(ctx, b, a.rules, days, accepted, half(0))
			if err != nil {
				return a, err
			}
			base = kept{course, b, decided, a.rules, months, asOf}
		}
		a.base = base
		var err error
		if a.comparison, err = base.course.Against(ctx, scope, with, accepted, half(1)); err != nil {
			return a, err
		}
		for k := range a.comparison.Days {
			if err := ctx.Err(); err != nil {
				return a, err
			}
			var n count
			n.Same, n.Up, n.Down = a.comparison.Tally(k)
			a.days = append(a.days, n)
		}
		a.verdict = a.comparison.On(max(0, len(a.comparison.Days)-1-back))
		return a, nil
	})
	return tea.Batch(func() tea.Msg { defer close(over); return run() }, m.tick(over))
}

// ticked says that the picture of the progress is old.
type ticked struct{ over chan struct{} }

// tick comes once in a while as long as a replay runs: something visible moves.
func (m *model) tick(over chan struct{}) tea.Cmd {
	at := m.at
	return func() tea.Msg {
		select {
		case <-over:
			return nil
		case <-time.After(100 * time.Millisecond):
			return pane.To{Place: at, Msg: ticked{over}}
		}
	}
}

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	switch {
	case m.load.Take(msg):
		m.version++
		if m.load.Err == nil {
			m.figure = max(0, min(m.figure, len(m.figures())-1))
			if c := m.load.Value.comparison; c != nil {
				m.day = min(m.day, len(c.Days)-1)
			}
			m.list.SetRows(m.rows())
		}
		if m.stale {
			return m.replay()
		}
		if m.guide != nil && !m.arrived.Ready && !m.arrived.Busy && m.load.Value.comparison != nil { // somebody came back to it
			return tea.Batch(m.retrace(), m.arrive())
		}
		return m.retrace()
	case m.look.Take(msg):
		m.version++
		if m.look.Err == nil {
			m.load.Value.verdict = m.look.Value
			m.list.SetRows(m.rows())
		}
		return nil
	case m.arrived.Take(msg):
		m.version++
		return nil
	case m.step.Take(msg):
		m.version++
		m.stepIn()
		return nil
	}
	switch msg := msg.(type) {
	case ticked:
		if !m.load.Busy {
			return nil
		}
		m.version++
		return m.tick(msg.over)
	case pane.Committed:
		return m.committed()
	case pane.Themed:
		m.list.SetColumns(m.columns()...)
		m.list.SetRows(m.rows())
		m.stepIn()
		m.version++
	case drafted:
		return m.drafted(msg)
	case note:
		return m.save(string(msg))
	case saved:
		return m.kept(msg)
	case tea.KeyPressMsg:
		m.version++
		return m.press(msg)
	}
	return nil
}

// committed replays what is new, unless that takes long: a large company that never rests would be replayed for ever, so that there r asks for it.
func (m *model) committed() tea.Cmd {
	b := m.env.Book()
	switch ruled := rule.GradingSection.Of(m.env.Pack()) != m.load.Value.rules; {
	case m.load.Busy:
		m.stale = m.stale || ruled || b == nil || b.Accounts() <= many
	case ruled || b == nil || b.Accounts() <= many:
		return m.replay()
	}
	m.newer = true
	m.version++
	return nil
}

// figures are those of the rules that were replayed.
func (m *model) figures() []rule.Figure {
	if m.load.Value.rules == nil {
		return nil
	}
	return m.begun().Figures()
}

// begin is the section that a draft changes: the draft file's, or that of the rules in force.
func begin(file *rule.Pack, rules *rule.Grading) *rule.Grading {
	if file != nil {
		return rule.GradingSection.Of(file)
	}
	return rules
}

func (m *model) begun() *rule.Grading { return begin(m.file, m.load.Value.rules) }

// tried is the section as the draft has it.
func (m *model) tried() *rule.Grading { return m.draft.On(m.begun()) }

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	if m.load.Value.comparison == nil {
		return nil
	}
	k := msg.String()
	if k == "n" && (m.guide != nil || m.stepped == nil) {
		return m.lead()
	}
	if m.stepped != nil {
		return m.pressTrace(msg)
	}
	if m.guide != nil { // what is told would no longer be what is shown
		switch k {
		case "tab", "enter":
		default:
			m.list.Update(msg)
			return nil
		}
	}
	switch k {
	case "tab":
		m.focus = 1 - m.focus
		return nil
	case "v":
		m.view = (m.view + 1) % views
		m.show()
		return nil
	case "p":
		return m.nextPreset()
	case "u":
		if n := len(m.before); n > 0 {
			m.draft, m.by, m.before = m.before[n-1].draft, m.before[n-1].by, m.before[:n-1]
			return m.replay()
		}
		return nil
	case "a":
		return m.ask()
	case "r":
		return m.replay()
	case "c":
		return m.unguard()
	case "d":
		return m.read()
	case ",":
		return m.other(m.day + 1)
	case ".":
		return m.other(m.day - 1)
	case "z":
		return m.reach()
	case "enter":
		return m.open()
	}
	if m.focus == onList {
		m.list.Update(msg)
		return nil
	}
	last := len(m.figures()) - 1
	switch k {
	case "up", "k":
		m.figure = max(0, m.figure-1)
	case "down", "j":
		m.figure = min(last, m.figure+1)
	case "home":
		m.figure = 0
	case "end", "G":
		m.figure = last
	case "left", "h", "-":
		return m.turn(-1)
	case "right", "l", "+", "=":
		return m.turn(1)
	case "<":
		return m.turn(-5)
	case ">":
		return m.turn(5)
	}
	return nil
}

// other shows another of the replay's days, n from the end.
func (m *model) other(n int) tea.Cmd {
	c := m.load.Value.comparison
	n = max(0, min(n, len(c.Days)-1))
	if n == m.day {
		return nil
	}
	m.day = n
	return m.look.Start(m.env, m.at, func(context.Context) (*grade.Verdict, error) { return c.On(len(c.Days) - 1 - n), nil })
}

// reach replays more months; after the most the fewest.
func (m *model) reach() tea.Cmd {
	m.months = ranges[(slices.Index(ranges, m.months)+1)%len(ranges)]
	return m.replay()
}

// open shows the chosen customer step by step, or the chosen day.
func (m *model) open() tea.Cmd {
	i, ok := m.list.Selected()
	if !ok {
		return nil
	}
	switch m.view {
	case viewDays:
		return m.other(i) // the newest stands first
	case viewAll:
		return m.trace(m.load.Value.verdict.At(i).Code)
	}
	return m.trace(m.load.Value.verdict.Movers[i].Code)
}

// turn changes the chosen figure by so many steps, as far as its bounds go.
func (m *model) turn(steps int) tea.Cmd {
	all := m.figures()
	if m.figure >= len(all) {
		return nil
	}
	f, to := &all[m.figure], m.tried()
	was := f.Of(to)
	v := f.Clamp(was + float64(steps)*f.Step)
	if v == was {
		return nil
	}
	next := m.draft.With(f.Key, v)
	lines := next.On(m.begun()).Grades
	for i := 1; i < len(lines); i++ {
		if lines[i].From >= lines[i-1].From {
			return pane.Say(m.env.Locale.T(locale.SandboxOrder))
		}
	}
	return m.try(next, f.Key)
}

// nextPreset puts the weights of the next preset in place of all.
func (m *model) nextPreset() tea.Cmd {
	g := m.begun()
	names := presets(g)
	if len(names) == 0 {
		return nil
	}
	name := names[(slices.Index(names, m.tried().Preset)+1)%len(names)]
	next := rule.Draft{Preset: name}
	for key, v := range m.draft.Values {
		next = next.With(key, v)
	}
	for i := range g.Attributes {
		a := &g.Attributes[i]
		w, ok := g.Presets[name][a.ID]
		if !ok {
			w = a.Weight
		}
		next = next.With("weights."+a.ID, w)
	}
	return m.try(next, "preset")
}

var unguarded = rule.Unguarded()

// open reports whether the draft has the guards open.
func (m *model) opened() bool {
	for key, v := range unguarded {
		if m.draft.Values[key] != v {
			return false
		}
	}
	return true
}

// unguard shows what the guards were good for: the draft opens them, and the newest day on which they held something is looked at. Again, it closes them.
func (m *model) unguard() tea.Cmd {
	next := rule.Draft{Preset: m.draft.Preset}
	for key, v := range m.draft.Values {
		if _, ok := unguarded[key]; !ok {
			next = next.With(key, v)
		}
	}
	if !m.opened() {
		for key, v := range unguarded {
			next = next.With(key, v)
		}
		holds := m.load.Value.comparison.Old.Holds
		for k := len(holds) - 1; k >= 0; k-- {
			if len(holds[k]) > 0 {
				m.day = len(holds) - 1 - k
				break
			}
		}
	}
	return m.try(next, "guards")
}

// undoMost bounds how many changes u can take back.
const undoMost = 200

func (m *model) try(next rule.Draft, by string) tea.Cmd {
	if m.by != by || len(m.before) == 0 {
		m.before = append(slices.Clip(m.before), edit{m.draft, m.by})
		if len(m.before) > undoMost {
			m.before = m.before[1:]
		}
	}
	m.draft, m.by, m.failed = next, by, nil
	return m.replay()
}

// Escape implements pane.Escaper: esc leaves the customer, and then asks for nothing of what is in force; the draft is discarded by u, since a replay may have taken long.
func (m *model) Escape() bool {
	if m.guide != nil && m.load.Ready {
		m.leave()
		return true
	}
	if m.stepped == nil {
		return false
	}
	m.stepped = nil
	m.step.Stop()
	m.version++
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
	if m.stepped != nil {
		return []key.Binding{keymap.Enter(l), keymap.Bind(l.T(locale.SandboxFocus), "tab"), keymap.Move(l)}
	}
	if m.guide != nil {
		return []key.Binding{keymap.Bind(l.T(locale.SandboxGuide), "n"), keymap.Enter(l), keymap.Bind(l.T(locale.SandboxFocus), "tab"), keymap.Move(l)}
	}
	return []key.Binding{
		key.NewBinding(key.WithKeys("left", "right", "h", "l", "-", "+", "="), key.WithHelp("h l", l.T(locale.SandboxTry))),
		key.NewBinding(key.WithKeys("<", ">"), key.WithHelp("< >", l.T(locale.SandboxTryFar))),
		keymap.Enter(l), keymap.Bind(l.T(locale.WeightsSave), "a"), keymap.Bind(l.T(locale.SandboxView), "v"),
		key.NewBinding(key.WithKeys(",", "."), key.WithHelp(", .", l.T(locale.SandboxDay))),
		keymap.Bind(l.T(locale.SandboxLonger), "z"), keymap.Bind(l.T(locale.SandboxAgain), "r"),
		keymap.Bind(l.T(locale.SandboxGuide), "n"), keymap.Bind(l.T(locale.SandboxUnguard), "c"), keymap.Bind(l.T(locale.SandboxFile), "d"),
		keymap.Bind(l.T(locale.WeightsNext), "p"), keymap.Bind(l.T(locale.WeightsUndo), "u"), keymap.Bind(l.T(locale.SandboxFocus), "tab"), keymap.Move(l),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneSandbox) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any {
	r := restored{rows: m.list.State(), file: m.file, draft: m.draft, before: m.before, figure: m.figure, focus: m.focus, view: m.view, months: m.months, day: m.day, guide: m.guide}
	if m.stepped != nil {
		r.account, r.traced = m.stepped.account, true
	}
	return r
}

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	r, ok := s.(restored)
	if !ok {
		return
	}
	m.file, m.draft, m.before, m.figure, m.focus, m.view, m.months, m.day, m.guide = r.file, r.draft, r.before, r.figure, r.focus, r.view, r.months, r.day, r.guide
	m.list.SetColumns(m.columns()...)
	m.list.Restore(r.rows)
	if r.traced {
		m.stepped = &tracing{account: r.account}
	}
}

// Close implements pane.Closer.
func (m *model) Close() {
	m.load.Stop()
	m.look.Stop()
	m.step.Stop()
	m.arrived.Stop()
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if m.load.Value.verdict == nil {
		return analytics.Table{}, false
	}
	return m.load.Value.verdict.Table(m.load.Value.org.Currency()), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	i, ok := m.list.Selected()
	if !ok || m.view == viewDays || m.load.Value.verdict == nil {
		return ""
	}
	x := m.mover(i)
	return string(x.Account) + "\t" + x.AccountName + "\t" + string(x.From) + ">" + string(x.To)
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "grade_score", "was_score", "from_grade", "to_grade", "value_12_months")
}
