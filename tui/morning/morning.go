// Package morning is the first thing that a team lead sees (晨会): where the period lands, and under it, in six parts, what moved since they last looked, what is owed
// today, who has not logged and how old the data is. It is to be read in ten seconds, so everything is on one screen: each part gets as many lines as there is room for, at least
// one, and its name says how many there are; v shows all of them. A line that says how many more there are would cost a fact on a phone.
//
// Enter opens a line's evidence: the customer, the deal, the person, the source; o the list behind its part.
//
// The parts and their words are made in [Parts], which the command and the message of the morning print, too.
package morning

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/morning"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
)

type answer struct {
	*morning.Answer
	unmarked error // that the person looked could not be kept
}

// spot is a line on the screen: of a part, or what it says instead (line -1), or that there are more (line -2).
type spot struct{ part, line int }

const (
	said = -1
	more = -2
)

type model struct {
	env   *pane.Env
	at    pane.Place
	load  pane.Loader[answer]
	parts []Part
	spots []spot
	cur   int
	top   int
	all   bool
	want  string // the key of the line that was chosen before
	size  layout.Size
	memo  pane.Memo

	version uint64
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane { return &model{env: env, at: p} }

// Init implements pane.Pane. The first answer comes without the red flags, whose judging learns for most of a second on a day's first question; they follow.
func (m *model) Init() tea.Cmd { return m.ask(m.load.Value.Answer == nil) }

func (m *model) ask(quick bool) tea.Cmd {
	env, scope := m.env, m.at.Scope
	quick = quick && !m.load.Before(env, m.at)
	return m.load.StartOn(env, m.at, nil, func(ctx context.Context, b *analytics.Book) (answer, error) {
		q := morning.Question{Scope: scope, Quick: quick}
		var out answer
		if scope.AsOf == 0 { // a look at a past day is no look
			q.Looked, out.unmarked = morning.Looked(ctx, env.Desk, env.Now(), b.Location())
		}
		var err error
		if q.Landing, err = lands(ctx, env.Landing, b, scope); err != nil {
			return answer{}, err
		}
		out.Answer = morning.Of(b, env.Desk.View(b, scope), env.Pack(), q).At(env.Now())
		return out, nil
	})
}

// lands is where the period lands, as far as it is known without waiting: the screen does not wait for what takes seconds to learn.
func lands(ctx context.Context, live *landing.Live, b *analytics.Book, s analytics.Scope) (*landing.Landing, error) {
	if live == nil {
		return nil, nil
	}
	if s.AsOf != 0 && s.AsOf < b.Now() {
		return nil, ctx.Err() // a past day's would have to be learned
	}
	if o := live.Outlook(); o != nil {
		return o.Look(s), nil
	}
	return nil, nil
}

// Updating implements pane.Updater.
func (m *model) Updating() bool { return m.load.Updating() }

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	if m.load.Take(msg) {
		m.word()
		if a := m.load.Value.Answer; a != nil && a.Judging && m.load.Err == nil {
			return m.ask(false)
		}
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.ask(m.load.Value.Answer == nil)
	case pane.Themed:
		m.word()
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

// word makes the lines of the answer, in the session's language.
func (m *model) word() {
	m.version++
	m.keep()
	m.parts = nil
	if a := m.load.Value.Answer; a != nil {
		m.parts = Parts(m.env.Locale, a, m.at.Scope, m.env.Now())
	}
	m.lay()
}

// keep remembers the chosen line by its key.
func (m *model) keep() {
	if m.cur < len(m.spots) {
		m.want = m.key(m.spots[m.cur])
	}
}

func (m *model) key(s spot) string {
	if s.line >= 0 {
		return string(rune('0'+s.part)) + m.parts[s.part].Lines[s.line].Key
	}
	return string(rune('0'+s.part)) + string(rune('a'-s.line))
}

// lay decides which lines are shown, by the room there is, and finds the chosen one among them.
func (m *model) lay() {
	m.spots = m.spots[:0]
	room := m.room()
	if m.all {
		room = 1 << 30
	}
	for part, n := range allot(m.parts, room) {
		p := &m.parts[part]
		switch {
		case n == 0:
			continue
		case len(p.Lines) == 0:
			m.spots = append(m.spots, spot{part, said})
			continue
		}
		for i := range min(n, len(p.Lines)) {
			m.spots = append(m.spots, spot{part, i})
		}
		if m.all && len(p.Lines) < p.Count {
			m.spots = append(m.spots, spot{part, more})
		}
	}
	m.cur = min(m.cur, max(0, len(m.spots)-1))
	if m.want != "" {
		for i, s := range m.spots {
			if m.key(s) == m.want {
				m.cur = i
				break
			}
		}
	}
	m.scroll()
}

// allot gives each part lines of the screen: one each, then in turn to those that have more to say. Customers and flags get two where the others get one.
func allot(parts []Part, room int) []int {
	got, need := make([]int, len(parts)), make([]int, len(parts))
	for i := range parts {
		need[i] = max(1, len(parts[i].Lines))
	}
	give := func(i int) bool {
		if room == 0 || got[i] == need[i] {
			return false
		}
		got[i]++
		room--
		return true
	}
	for i := range parts {
		give(i)
	}
	for went := true; went; {
		went = false
		for i := range parts {
			went = give(i) || went
			if i < 2 {
				went = give(i) || went
			}
		}
	}
	return got
}

// room is how many lines are left for the parts.
func (m *model) room() int { return max(0, m.size.H-m.heads()) }

// heads is how many lines stand above the parts.
func (m *model) heads() int {
	switch {
	case m.size.H >= 20:
		return 5
	case m.size.H >= 14:
		return 3
	case m.size.H >= 8:
		return 2
	}
	return 0
}

func (m *model) scroll() {
	room := max(1, m.room())
	m.top = max(0, min(m.top, len(m.spots)-room))
	if m.cur < m.top {
		m.top = m.cur
	} else if m.cur >= m.top+room {
		m.top = m.cur - room + 1
	}
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	page := max(1, m.room()-1)
	switch msg.String() {
	case "up", "k":
		m.cur--
	case "down", "j":
		m.cur++
	case "pgup", "ctrl+u":
		m.cur -= page
	case "pgdown", "ctrl+d":
		m.cur += page
	case "home":
		m.cur = 0
	case "end", "G":
		m.cur = len(m.spots) - 1
	case "tab", "shift+tab":
		m.next(msg.String() == "tab")
	case "v":
		m.keep()
		m.all = !m.all
		m.lay()
	case "enter", "o":
		if p, ok := m.chosen(msg.String() == "o"); ok {
			return pane.Go(p)
		}
		return nil
	default:
		return nil
	}
	m.cur = max(0, min(m.cur, len(m.spots)-1))
	m.scroll()
	m.version++
	return nil
}

// next goes to the first line of the next part, or of the one before.
func (m *model) next(forward bool) {
	if m.cur >= len(m.spots) {
		return
	}
	part := m.spots[m.cur].part
	if forward {
		for i := m.cur; i < len(m.spots); i++ {
			if m.spots[i].part != part {
				m.cur = i
				return
			}
		}
		return
	}
	first := func(i int) int {
		for i > 0 && m.spots[i-1].part == m.spots[i].part {
			i--
		}
		return i
	}
	if i := first(m.cur); i < m.cur || i == 0 {
		m.cur = i
	} else {
		m.cur = first(i - 1)
	}
}

// chosen is the place of the chosen line's evidence, or of the list behind its part.
func (m *model) chosen(list bool) (pane.Place, bool) {
	if m.cur >= len(m.spots) {
		return pane.Place{}, false
	}
	s := m.spots[m.cur]
	p := m.parts[s.part].Place
	if s.line >= 0 && !list {
		p = m.parts[s.part].Lines[s.line].Place
	}
	return p, p.Kind.Valid()
}

// SetSize implements pane.Pane.
func (m *model) SetSize(s layout.Size) {
	m.size = s
	m.keep()
	m.lay()
	m.version++
}

// Keys implements pane.Pane.
func (m *model) Keys() []key.Binding {
	l := m.env.Locale
	return []key.Binding{keymap.Enter(l), keymap.Bind(l.T(locale.MorningAll), "v"), keymap.Bind(l.T(locale.MorningList), "o"), keymap.Bind(l.T(locale.MorningNextPart), "tab", "shift+tab"), keymap.Move(l)}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneMorning) }

// state is what history keeps.
type state struct {
	want string
	all  bool
}

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any {
	m.keep()
	return state{m.want, m.all}
}

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(state); ok {
		m.want, m.all = r.want, r.all
		m.lay()
		m.version++
	}
}

// Close implements pane.Closer.
func (m *model) Close() { m.load.Stop() }

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if m.load.Value.Answer == nil {
		return analytics.Table{}, false
	}
	return Table(m.parts), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if m.cur >= len(m.spots) || m.spots[m.cur].line < 0 {
		return ""
	}
	s := m.spots[m.cur]
	x := &m.parts[s.part].Lines[s.line]
	return x.Title + "\t" + x.Figure + "\t" + x.Text + "\t" + x.Owner
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "quota", "closed", "commit", "gap", "at_risk")
}

// stamp is the revision of what is shown.
func (m *model) stamp() store.Rev {
	if a := m.load.Value.Answer; a != nil {
		return a.Stamp.Rev
	}
	return 0
}
