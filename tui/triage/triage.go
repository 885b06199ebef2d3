// Package triage is the pane of the red queue (红标分诊): one line per flag with its reason, the most money in doubt first, and keys that decide about the chosen flag, or about all
// that are marked.
//
// Every decision goes through the desk into the journal, in the viewer's name and inside the viewer's part of the org tree; u takes back what was decided last, all of a bulk
// at once. tab turns to the director's board (who has how many open, for how long) and to the audit trail, which is the journal itself. What is held back (snoozed,
// overridden, accepted) is shown by v.
package triage

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// The views, as [pane.Place].ID has them.
const (
	viewQueue = iota
	viewBoard
	viewTrail
	views
)

var words = [views]string{"", "board", "trail"}

// trailMost is how many entries of the journal are shown.
const trailMost = 1000

type answer struct {
	queue *triage.Queue
	board triage.Board
	trail triage.Trail
	asOf  analytics.Day
	now   analytics.Day
	org   store.Currency
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	list [views]*table.Table
	view int
	held bool
	busy bool // a decision is on its way to the disk
	size layout.Size
	memo pane.Memo

	version uint64
}

type restored struct {
	rows [views]table.State
	view int
	held bool
}

// acted is what became of a decision.
type acted struct {
	says string
	err  error
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p}
	for i := range m.list {
		m.list[i] = table.New()
		if p.ID == words[i] {
			m.view = i
		}
	}
	m.columns()
	return m
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	env, scope, held := m.env, m.at.Scope, m.held
	return m.load.StartOn(env, m.at, nil, func(_ context.Context, b *analytics.Book) (answer, error) {
		v, p := env.Desk.View(b, scope), env.Pack()
		return answer{
			queue: triage.Of(b, v, p, scope, triage.Filter{Held: held}), board: triage.BoardOf(b, v, p, scope),
			trail: triage.TrailOf(b, v, desk.Viewer{Root: scope.Root}, "", trailMost), asOf: b.AsOf(scope), now: b.Now(), org: b.Currency(),
		}, nil
	})
}

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.load.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.load.Take(msg) {
		m.fill()
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.Init()
	case pane.Themed:
		m.columns()
		m.fill()
	case acted:
		m.busy = false
		m.version++
		if msg.err != nil {
			return pane.Say(msg.err.Error())
		}
		s := m.list[viewQueue].State()
		s.Marks = nil
		m.list[viewQueue].Restore(s)
		return tea.Batch(m.Init(), pane.Say(msg.says))
	case tea.Cmd: // an answer that is itself something to do
		return msg
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

// fill gives the tables their rows.
func (m *model) fill() {
	m.version++
	if m.load.Value.queue == nil {
		return
	}
	for i, rows := range []table.Rows{m.flags(), m.lines(), m.entries()} {
		m.list[i].SetRows(rows)
	}
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	switch k := msg.String(); k {
	case "tab":
		m.view = (m.view + 1) % views
	case "v":
		m.held = !m.held
		m.version++
		return m.Init()
	case "u":
		return m.undo()
	case "enter":
		return m.open()
	case "r", "z", "o", "a", "c", "R", "n":
		if m.view == viewQueue {
			return m.decide(k)
		}
		return nil
	default:
		m.list[m.view].Update(msg)
	}
	m.version++
	return nil
}

func (m *model) open() tea.Cmd {
	i, ok := m.list[m.view].Selected()
	if !ok {
		return nil
	}
	switch a := &m.load.Value; m.view {
	case viewQueue:
		return pane.Go(pane.DealPlace(m.at.Scope, a.queue.Flags.At(i).Deal.ID))
	case viewBoard:
		p := m.at
		p.ID, p.Scope.Node = "", a.board.Lines[i].Node
		return pane.Go(p)
	case viewTrail:
		if id := a.trail.Entries[i].Deal; id != "" {
			return pane.Go(pane.DealPlace(m.at.Scope, id))
		}
	}
	return nil
}

// chosen returns the marked flags, or the selected one.
func (m *model) chosen() (out []triage.Flag) {
	q := m.load.Value.queue
	if q == nil {
		return nil
	}
	for _, i := range m.list[viewQueue].Marked() {
		out = append(out, q.Flags.At(i))
	}
	if i, ok := m.list[viewQueue].Selected(); len(out) == 0 && ok {
		out = append(out, q.Flags.At(i))
	}
	return out
}

// run enters a decision about flags, off the Update goroutine.
func (m *model) run(a triage.Act, flags []triage.Flag) tea.Cmd {
	env, at, pack, l := m.env, m.at, m.env.Pack(), m.env.Locale
	told := env.Told
	if told == nil {
		told = l
	}
	m.busy = true
	m.version++
	return func() tea.Msg {
		b := env.Book()
		if b == nil {
			return pane.To{Place: at, Msg: acted{err: store.ErrNotFound}}
		}
		by := ""
		if env.Desk != nil {
			by = env.Desk.Viewer.Name
		}
		if name := b.PersonName(env.Viewer); env.Viewer != "" && name != "" {
			by = name
		}
		ds, ms, err := a.On(b, pack, flags, by, func(t analytics.Text) string { return told.Pick(t.Zh, t.En) })
		if err != nil {
			return pane.To{Place: at, Msg: acted{err: err}}
		}
		out, err := env.Desk.Decide(env.Ctx, ds, ms...)
		says := ""
		if err == nil {
			says = l.F(locale.TriageDone, l.Decision(a.Kind), l.Int(len(out)))
		}
		return pane.To{Place: at, Msg: acted{says, err}}
	}
}

func (m *model) undo() tea.Cmd {
	env, at, l := m.env, m.at, m.env.Locale
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
	for _, t := range m.list {
		t.SetFilter(text)
	}
	m.version++
	return nil
}

// Filter implements pane.Filterer.
func (m *model) Filter() string { return m.list[m.view].Filter() }

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	keys := []key.Binding{keymap.Enter(l)}
	if m.view == viewQueue {
		keys = append(keys, keymap.Bind(l.T(locale.TriageRequest), "r"), keymap.Bind(l.T(locale.TriageSnooze), "z"), keymap.Bind(l.T(locale.TriageAccept), "c"),
			keymap.Bind(l.T(locale.TriageOverride), "o"), keymap.Bind(l.T(locale.TriageAssign), "a"), keymap.Bind(l.T(locale.TriageReject), "R"), keymap.Bind(l.T(locale.TriageNote), "n"))
	}
	return append(keys, keymap.Bind(l.T(locale.TriageUndo), "u"), keymap.Mark(l), keymap.Bind(l.T(locale.TriageView), "tab"), keymap.Bind(l.T(locale.TriageHeld), "v"), keymap.Move(l))
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneTriage) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any {
	r := restored{view: m.view, held: m.held}
	for i, t := range m.list {
		r.rows[i] = t.State()
	}
	return r
}

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.view, m.held = r.view, r.held
		for i, t := range m.list {
			t.Restore(r.rows[i])
		}
	}
}

// Close implements pane.Closer.
func (m *model) Close() { m.load.Stop() }

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	a := &m.load.Value
	if !m.load.Ready || a.queue == nil {
		return analytics.Table{}, false
	}
	switch m.view {
	case viewBoard:
		return a.board.Table(), true
	case viewTrail:
		return a.trail.Table(), true
	}
	return a.queue.Table(), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if i, ok := m.list[viewQueue].Selected(); ok && m.view == viewQueue {
		f, l := m.load.Value.queue.Flags.At(i), m.env.Locale
		return string(f.Deal.ID) + "\t" + f.Deal.Name + "\t" + l.Pick(f.Reason.Zh, f.Reason.En)
	}
	return ""
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "flag", "flag_since", "at_risk", "doubt", "doubtful", "flag_state")
}

// past reports that the flags are those of a day gone by, about which nothing can be decided any more.
func (m *model) past() bool {
	return m.at.Scope.AsOf != 0 && m.load.Value.asOf < m.load.Value.now && m.at.Scope.AsOf < m.load.Value.now
}
