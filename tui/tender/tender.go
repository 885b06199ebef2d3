// Package tender is the pane of tender and award notices that seem to be about open deals (采购节奏库), the likeliest first, each with its score and the reason.
//
// c accepts a suggestion, which moves the deal's credited stage; R rejects, u takes back, space marks several. Every decision goes through the desk into the
// journal. v shows what was decided, too.
package tender

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/tender"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

type answer struct {
	tender.Answer
	org  store.Currency
	past bool // nothing can be decided about that day any more
	made bool
}

type model struct {
	env  *pane.Env
	at   pane.Place
	load pane.Loader[answer]
	list *table.Table
	all  bool
	busy bool
	size layout.Size
	memo pane.Memo

	version uint64
}

// acted is what became of a decision.
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
		{Title: l.T(locale.TenderScore), Width: 6, Min: 5, Align: layout.Right}, {Title: l.T(locale.TenderNotice), Width: 28, Min: 12, Grow: 3}, {Title: l.T(locale.TenderBuyer), Width: 18, Min: 10, Grow: 1, Drop: 4},
		{Title: l.T(locale.Deal), Width: 24, Min: 10, Grow: 2}, {Title: l.T(locale.Owner), Width: 8, Min: 6, Drop: 5}, {Title: l.T(locale.TenderTo), Width: 12, Min: 8, Drop: 1},
		{Title: l.T(locale.Date), Width: 10, Min: 10, Drop: 2}, {Title: l.T(locale.Status), Width: 8, Min: 6, Drop: 3},
	}
}

// Init implements pane.Pane.
func (m *model) Init() tea.Cmd {
	env, scope, all := m.env, m.at.Scope, m.all
	return m.load.StartOn(env, m.at, nil, func(_ context.Context, b *analytics.Book) (answer, error) {
		return answer{tender.Of(b, env.Desk.View(b, scope), env.Pack(), scope, all), b.Currency(), scope.AsOf != 0 && scope.AsOf < b.Now(), true}, nil
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
	case acted:
		m.busy = false
		m.version++
		if msg.err != nil {
			return pane.Say(msg.err.Error())
		}
		s := m.list.State()
		s.Marks = nil
		m.list.Restore(s)
		return tea.Batch(m.Init(), pane.Say(msg.says))
	case tea.KeyPressMsg:
		return m.press(msg)
	}
	return nil
}

func (m *model) rows() table.Rows {
	ss := m.load.Value.Suggestions
	return table.Rows{
		Len: len(ss), Key: func(i int) string { return string(ss[i].Tender) + "|" + string(ss[i].Deal.ID) },
		Match: func(i int) string {
			return ss[i].Title + " " + ss[i].Buyer + " " + ss[i].Deal.Name + " " + ss[i].Deal.Owner.Name
		},
		Cells: func(i int, c []table.Cell) {
			x, l, th := &ss[i], m.env.Locale, m.env.Theme
			c[0] = table.Cell{Text: l.Percent(x.Score, 0), Style: th.Strong}
			c[1].Text = x.Title
			c[2] = table.Cell{Text: x.Buyer, Style: th.Muted}
			c[3].Text, c[4].Text = x.Deal.Name, x.Deal.Owner.Name
			c[5] = table.Cell{Text: row.Stage(l, x.To), Style: th.Accent}
			c[6] = table.Cell{Text: l.Date(x.Day), Style: th.Muted}
			c[7].Text = l.TenderState(string(x.State))
			if x.State != tender.Suggested {
				c[7].Style = th.Muted
			}
		},
	}
}

func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	i, ok := m.list.Selected()
	switch k := msg.String(); k {
	case "c", "R":
		return m.decide(k == "c")
	case "u":
		return m.undo()
	case "v":
		m.all = !m.all
		m.version++
		return m.Init()
	case "o":
		if ok && m.load.Value.Suggestions[i].URL != "" {
			u := m.load.Value.Suggestions[i].URL
			return func() tea.Msg { return pane.Copy{Text: u} }
		}
		return nil
	case "enter":
		if ok {
			return pane.Go(pane.DealPlace(m.at.Scope, m.load.Value.Suggestions[i].Deal.ID))
		}
		return nil
	default:
		m.list.Update(msg)
	}
	m.version++
	return nil
}

func (m *model) decide(accept bool) tea.Cmd {
	l, ss := m.env.Locale, m.load.Value.Suggestions
	picked := m.list.Marked()
	if i, ok := m.list.Selected(); len(picked) == 0 && ok {
		picked = append(picked, i)
	}
	switch {
	case len(picked) == 0 || m.busy:
		return nil
	case m.env.Desk == nil:
		return pane.Say(l.T(locale.TriageNoDesk))
	case m.load.Value.past:
		return pane.Say(l.T(locale.TriagePast))
	}
	var ds []store.Decision
	for _, i := range picked {
		ds = append(ds, ss[i].Decide(accept, ""))
	}
	env, at := m.env, m.at
	m.busy = true
	return func() tea.Msg {
		out, err := env.Desk.Decide(env.Ctx, ds)
		return pane.To{Place: at, Msg: acted{l.F(locale.TriageDone, l.Decision(store.DecisionSuggestion), l.Int(len(out))), err}}
	}
}

func (m *model) undo() tea.Cmd {
	env, at, l := m.env, m.at, m.env.Locale
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
	return m.memo.View(m.env, m.size, m.load.Value.Stamp.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th, a := m.env.Locale, m.env.Theme, &m.load.Value
	head := layout.NewRow(m.size.W).Gap(2)
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	head.Add("", l.F(locale.TenderCount, l.Int(len(a.Suggestions)), l.Int(a.Notices), l.Int(a.Matched)))
	if m.all {
		head.Gap(2).Whole(th.Muted, l.T(locale.TenderAll))
	}
	lines := []string{head.String()}
	if m.list.Len() == 0 {
		return layout.Frame(append(lines, layout.Lines(layout.Card(l.T(locale.TenderNone), th.Muted, layout.Size{W: m.size.W, H: max(0, m.size.H-1)}))...), m.size)
	}
	var about []string
	if room := min(5, m.size.H-7); room >= 2 {
		about = m.about(layout.Size{W: m.size.W, H: room})
	}
	m.list.SetSize(layout.Size{W: m.size.W, H: max(0, m.size.H-1-len(about))})
	return layout.Frame(append(append(lines, layout.Lines(m.list.View(th))...), about...), m.size)
}

// about says of the chosen suggestion why it was matched.
func (m *model) about(s layout.Size) []string {
	i, ok := m.list.Selected()
	if !ok {
		return nil
	}
	l, th, x := m.env.Locale, m.env.Theme, &m.load.Value.Suggestions[i]
	lines := []string{layout.NewRow(s.W).Add(th.Border, "--").Gap(1).Add(th.Strong, x.Title).String()}
	part := func(v float64) string {
		if v < 0 {
			return "-"
		}
		return l.Percent(v, 0)
	}
	texts := []string{l.Pick(x.Reason.Zh, x.Reason.En), l.F(locale.TenderParts, part(x.Customer), part(x.Product), part(x.Region)),
		strings.TrimSpace(x.Deal.Name + "  " + row.Money(l, x.Deal.Amount, m.load.Value.org) + "  " + x.URL)}
	if x.State != tender.Suggested {
		texts = append(texts, strings.TrimSpace(l.TenderState(string(x.State))+"  "+x.By+"  "+x.Note))
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
	return []key.Binding{keymap.Enter(l), keymap.Bind(l.T(locale.TriageAccept), "c"), keymap.Bind(l.T(locale.TriageReject), "R"), keymap.Bind(l.T(locale.TriageUndo), "u"),
		keymap.Bind(l.T(locale.TenderDecidedToo), "v"), keymap.Bind(l.T(locale.SheetLink), "o"), keymap.Mark(l), keymap.Move(l)}
}

// Title implements pane.Pane.
func (m *model) Title() string { return m.env.Locale.T(locale.PaneTenders) }

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
func (m *model) Table() (analytics.Table, bool) { return m.load.Value.Table(), m.load.Value.made }

// Copy implements pane.Copier.
func (m *model) Copy() string {
	if i, ok := m.list.Selected(); ok {
		x := &m.load.Value.Suggestions[i]
		return x.Title + "\t" + x.Deal.Name + "\t" + x.URL
	}
	return ""
}
