// Package weights is the pane of the weights by which customers are graded (动态权重): a slider for each attribute within its declared bounds, and beside them who would stand
// where. The ranking, the counts and who would move follow while a key is held; nothing is in force until it is saved.
//
// A [grade.Board] is built off Update, once for a Book and the rules. A step of a slider weighs it anew, which takes milliseconds on 200,000 customers, in a command as well: one
// at a time, and the newest weights as soon as the step before is answered, so that neither a key nor another session ever waits and a held key never starves the picture.
//
// What was tried stays when the Book or the rules change underneath. a saves it as a new version of the rules with a note, through the same check as the file's; u takes the
// last slider back, esc all of them.
package weights

import (
	"context"
	"maps"
	"math"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
)

// most is how many customers are listed, of the ranking and of those who would move.
const most = 200

// answer is the board under the rules in force.
type answer struct {
	board   *grade.Board // nil: there is no Book yet
	rules   *rule.Grading
	version string
	base    *grade.Standing // by the rules' own weights
	counts  []int           // of the grades in force
}

// standing is the board under some weights.
type standing struct {
	*grade.Standing
	board       *grade.Board
	top, movers []int // rows
	matrix      []grade.Square
}

func stand(st *grade.Standing) standing {
	return standing{st, st.Board, st.Top(most), st.Movers(most), st.Matrix()}
}

// trial is what is tried: in place of the rules' own.
type trial struct {
	preset  string             // "": the rules' own
	weights map[string]float64 // by attribute; of a preset all of them
	by      string             // what was changed last: steps of one slider are taken back at once
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	step pane.Loader[standing]
	list *table.Table
	size layout.Size
	memo pane.Memo

	tried   trial
	before  []trial // what u goes back to
	shown   standing
	again   bool // the weights were changed while a step was under way
	reload  bool // and the Book, while the board was built
	at1     int  // the chosen slider
	walking bool // the list has the keys
	movers  bool // the list is of those who would move
	saving  bool
	failed  error
	version uint64
}

// restored keeps what is tried while somebody looks into a customer and comes back.
type restored struct {
	rows            table.State
	tried           trial
	before          []trial
	slider          int
	walking, movers bool
}

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane {
	m := &model{env: env, at: p, list: table.New()}
	m.list.SetColumns(columns(env.Locale)...)
	return m
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	if m.load.Busy { // the board cannot be stopped halfway: the newest Book is taken up when it is done
		m.reload = true
		return nil
	}
	book, scope, pack := m.env.Book, m.at.Scope, m.env.Pack()
	return m.load.Start(m.env, m.at, func(context.Context) (answer, error) {
		b := book()
		if b == nil {
			return answer{}, nil
		}
		a := answer{rules: rule.GradingSection.Of(pack), version: pack.Version()}
		a.board = grade.BoardOf(b, a.rules, scope)
		a.base = a.board.With(nil)
		a.counts, _ = a.board.InForce()
		return a, nil
	})
}

// weigh starts a step, unless one is under way.
func (m *model) weigh() tea.Cmd {
	board := m.load.Value.board
	if board == nil {
		return nil
	}
	if m.step.Busy {
		m.again = true
		return nil
	}
	m.again = false
	weights := maps.Clone(m.tried.weights)
	return m.step.StartLong(m.env, m.at, func(context.Context) (standing, error) { // nobody's turn: a step is shorter than what it would wait for
		return stand(board.With(weights)), nil
	})
}

// Update implements pane.Pane.
func (m *model) Update(msg tea.Msg) tea.Cmd {
	switch {
	case m.load.Take(msg):
		m.version++
		m.at1 = max(0, min(m.at1, len(m.attributes())-1))
		m.prune()
		cmd := m.weigh()
		if m.reload {
			m.reload = false
			return tea.Batch(cmd, m.Init())
		}
		return cmd
	case m.step.Take(msg):
		if m.step.Err == nil {
			m.shown = m.step.Value
		}
		m.version++
		m.list.SetRows(m.rows())
		if m.again || m.shown.board != m.load.Value.board {
			return m.weigh()
		}
		return nil
	}
	switch msg := msg.(type) {
	case pane.Committed:
		return m.Init()
	case pane.Themed:
		m.list.SetColumns(columns(m.env.Locale)...)
		m.list.SetRows(m.rows())
		m.version++
	case note:
		return m.save(string(msg))
	case saved:
		return m.done(msg)
	case tea.KeyPressMsg:
		m.version++
		return m.press(msg)
	}
	return nil
}

// attributes are those of the board, in the order of the sliders: by factor.
func (m *model) attributes() []*rule.Attribute {
	if m.load.Value.board == nil {
		return nil
	}
	all := m.load.Value.board.Attributes
	var out []*rule.Attribute
	for _, f := range rule.Factors() {
		for i := range all {
			if all[i].Factor == f {
				out = append(out, &all[i])
			}
		}
	}
	return out
}

// own is an attribute's weight by the rules.
func (m *model) own(a *rule.Attribute) float64 { return m.load.Value.rules.Weight(a) }

// weight is an attribute's weight as it is tried.
func (m *model) weight(a *rule.Attribute) float64 {
	if w, ok := m.tried.weights[a.ID]; ok {
		return w
	}
	return m.own(a)
}

// preset is the set of weights that is begun from.
func (m *model) preset() string {
	if m.tried.preset != "" {
		return m.tried.preset
	}
	return m.load.Value.rules.Preset
}

// changed is how many weights are tried.
func (m *model) changed() (n int) {
	for _, a := range m.attributes() {
		if math.Abs(m.weight(a)-m.own(a)) > 1e-9 {
			n++
		}
	}
	return n
}

// prune forgets what is tried of attributes that the rules no longer have, and keeps the rest within the bounds that they have now.
func (m *model) prune() {
	kept := map[string]float64{}
	for _, a := range m.attributes() {
		if w, ok := m.tried.weights[a.ID]; ok {
			kept[a.ID] = max(a.Min, min(w, a.Max))
		}
	}
	m.tried.weights = kept
	if m.load.Value.rules != nil && m.load.Value.rules.Presets[m.tried.preset] == nil {
		m.tried.preset = ""
	}
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	if m.load.Value.board == nil {
		return nil
	}
	k := msg.String()
	switch k {
	case "tab":
		m.walking = !m.walking
		return nil
	case "v":
		m.movers = !m.movers
		m.list.Replace(m.rows())
		return nil
	case "p":
		return m.nextPreset()
	case "u":
		if n := len(m.before); n > 0 {
			m.tried, m.before = m.before[n-1], m.before[:n-1]
			return m.weigh()
		}
		return nil
	case "a":
		return m.ask()
	case "enter":
		if i, ok := m.list.Selected(); ok && i < len(m.listed()) {
			return pane.Go(pane.AccountPlace(m.at.Scope, m.shown.Board.ID(m.listed()[i])))
		}
		return nil
	}
	if m.walking {
		m.list.Update(msg)
		return nil
	}
	last := len(m.attributes()) - 1
	switch k {
	case "up", "k":
		m.at1 = max(0, m.at1-1)
	case "down", "j":
		m.at1 = min(last, m.at1+1)
	case "home":
		m.at1 = 0
	case "end", "G":
		m.at1 = last
	case "left", "h", "-":
		return m.slide(-.01)
	case "right", "l", "+", "=":
		return m.slide(.01)
	case "<", ",":
		return m.slide(-.05)
	case ">", ".":
		return m.slide(.05)
	}
	return nil
}

// slide moves the chosen slider, as far as its bounds go.
func (m *model) slide(by float64) tea.Cmd {
	all := m.attributes()
	if m.at1 >= len(all) {
		return nil
	}
	a := all[m.at1]
	was := m.weight(a)
	w := max(a.Min, min(math.Round((was+by)*100)/100, a.Max))
	if w == was {
		return nil
	}
	next := trial{m.tried.preset, maps.Clone(m.tried.weights), a.ID}
	if next.weights == nil {
		next.weights = map[string]float64{}
	}
	next.weights[a.ID] = w
	return m.try(next)
}

// nextPreset puts the weights of the next set in place of all.
func (m *model) nextPreset() tea.Cmd {
	g := m.load.Value.rules
	names := slices.Sorted(maps.Keys(g.Presets))
	if len(names) == 0 {
		return nil
	}
	name := names[(slices.Index(names, m.preset())+1)%len(names)]
	next := trial{name, map[string]float64{}, "preset"}
	for _, a := range m.attributes() {
		w, ok := g.Presets[name][a.ID]
		if !ok {
			w = a.Weight
		}
		next.weights[a.ID] = w
	}
	return m.try(next)
}

// undoMost bounds how many sliders u can take back.
const undoMost = 200

func (m *model) try(next trial) tea.Cmd {
	if m.tried.by != next.by || len(m.before) == 0 {
		m.before = append(slices.Clip(m.before), m.tried)
		if len(m.before) > undoMost {
			m.before = m.before[1:]
		}
	}
	m.tried, m.failed = next, nil
	return m.weigh()
}

// Escape implements pane.Escaper: esc discards what is tried.
func (m *model) Escape() bool {
	if m.changed() == 0 && len(m.before) == 0 {
		return false
	}
	m.discard()
	if b := m.load.Value.base; b != nil { // known already: no step is needed
		m.step.Stop()
		m.again = false
		m.shown = stand(b)
		m.list.SetRows(m.rows())
	}
	return true
}

func (m *model) discard() {
	m.tried, m.before, m.failed = trial{}, nil, nil
	m.version++
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
		key.NewBinding(key.WithKeys("left", "right", "h", "l", "-", "+", "="), key.WithHelp("h l", l.T(locale.WeightsAdjust))),
		key.NewBinding(key.WithKeys("<", ">", ",", "."), key.WithHelp("< >", l.T(locale.WeightsAdjustFar))),
		keymap.Bind(l.T(locale.WeightsSave), "a"), keymap.Bind(l.T(locale.WeightsView), "v"), keymap.Bind(l.T(locale.WeightsNext), "p"),
		keymap.Bind(l.T(locale.WeightsUndo), "u"), keymap.Bind(l.T(locale.WeightsFocus), "tab"), keymap.Move(l), keymap.Enter(l),
	}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneWeights) }

// Snapshot implements pane.Restorer.
func (m *model) Snapshot() any {
	return restored{m.list.State(), m.tried, m.before, m.at1, m.walking, m.movers}
}

// Restore implements pane.Restorer.
func (m *model) Restore(s any) {
	if r, ok := s.(restored); ok {
		m.list.Restore(r.rows)
		m.tried, m.before, m.at1, m.walking, m.movers = r.tried, r.before, r.slider, r.walking, r.movers
	}
}

// Close implements pane.Closer.
func (m *model) Close() {
	m.load.Stop()
	m.step.Stop()
}

// Table implements pane.Exporter.
func (m *model) Table() (analytics.Table, bool) {
	if m.shown.Standing == nil {
		return analytics.Table{}, false
	}
	return m.shown.Standing.Table(m.listed()), true
}

// Copy implements pane.Copier.
func (m *model) Copy() string {
	i, ok := m.list.Selected()
	if !ok || i >= len(m.listed()) {
		return ""
	}
	row := m.listed()[i]
	return string(m.shown.Board.ID(row)) + "\t" + m.shown.Board.Name(row) + "\t" + m.env.Locale.Float(m.shown.Score(row), 1)
}

// Explain implements pane.Explainer.
func (m *model) Explain() []string {
	return pane.Formulas(m.env.Locale, "grade_score", "from_grade", "to_grade", "held_grade", "value_12_months")
}
