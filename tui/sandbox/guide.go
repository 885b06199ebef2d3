package sandbox

import (
	"context"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// guide leads through the newest day on which an input was held, in four steps: what came, what the guards did, what would have happened without them, and one of those customers
// step by step. It works on whatever was replayed; the demo company has such a day.
type guide struct {
	step int // from 1
	day  analytics.Day
	// back is what the screen goes back to.
	back struct {
		file   *rule.Pack
		draft  rule.Draft
		before []edit
		by     string
		view   view
		day    int
		answer answer // so that to leave takes no replay: esc has no command
	}
}

// guideSteps is how many steps the guide has.
const guideSteps = 4

// arrivals are what came of the inputs that are held on the guide's day.
type arrivals struct {
	day analytics.Day
	all []grade.Arrival
}

// lead begins the guide, takes its next step, or ends it after the last.
func (m *model) lead() tea.Cmd {
	c := m.load.Value.comparison
	if m.guide == nil {
		k := len(c.Old.Holds) - 1
		for ; k >= 0 && len(c.Old.Holds[k]) == 0; k-- {
		}
		if k < 0 {
			l := m.env.Locale
			return pane.Say(l.F(locale.GuideNone, l.Int(len(c.Days)), l.Int(m.months)))
		}
		g := &guide{step: 1, day: c.Days[k]}
		b := &g.back
		b.file, b.draft, b.before, b.by, b.view, b.day, b.answer = m.file, m.draft, m.before, m.by, m.view, m.day, m.load.Value
		m.guide = g
		return tea.Batch(m.put(nil, rule.Draft{}, viewDays, len(c.Days)-1-k), m.arrive())
	}
	if m.guide.step == 3 && !m.caughtUp() {
		return nil // whom to show is not known yet
	}
	m.guide.step++
	switch m.guide.step {
	case 2:
		m.version++
		return nil
	case 3:
		open := rule.Draft{}
		for key, v := range unguarded {
			open = open.With(key, v)
		}
		return m.put(nil, open, viewMovers, m.day)
	case 4:
		m.version++
		if x := m.example(); x != nil {
			m.list.Select(string(x.Account))
			return m.trace(x.Code)
		}
		return nil
	}
	m.leave()
	return nil
}

// leave ends the guide; what was on the screen before comes back.
func (m *model) leave() {
	b := &m.guide.back
	m.guide, m.stepped, m.failed = nil, nil, nil
	for _, stop := range []func(){m.load.Stop, m.look.Stop, m.step.Stop, m.arrived.Stop} {
		stop()
	}
	m.file, m.draft, m.before, m.by, m.view, m.day, m.load.Value = b.file, b.draft, b.before, b.by, b.view, b.day, b.answer
	m.newer = m.newer || m.load.Value.org != m.env.Book()
	m.show()
}

// show puts the view's columns and rows into the list.
func (m *model) show() {
	m.list.Replace(table.Rows{}) // the rows before have other columns
	m.list.SetColumns(m.columns()...)
	m.list.Replace(m.rows())
	m.version++
}

// put shows a view of a draft on a day, and replays if the draft is another than was replayed.
func (m *model) put(file *rule.Pack, draft rule.Draft, v view, day int) tea.Cmd {
	same := m.file == file && sameDraft(m.draft, draft)
	m.file, m.draft, m.view, m.failed = file, draft, v, nil
	m.show()
	if same {
		return m.other(day)
	}
	m.day = day
	return m.replay()
}

func sameDraft(a, b rule.Draft) bool { return a.Preset == b.Preset && maps.Equal(a.Values, b.Values) }

// caughtUp reports that the replay on the screen is the draft's, though a newer one may be under way.
func (m *model) caughtUp() bool { return sameDraft(m.load.Value.draft, m.draft) }

// arrive looks at what came before the guide's day.
func (m *model) arrive() tea.Cmd {
	c, day, rules, b := m.load.Value.comparison, m.guide.day, m.load.Value.rules, m.load.Value.org
	k := slices.Index(c.Days, day)
	if k < 0 {
		return nil
	}
	after := analytics.Day(0)
	if k > 0 {
		after = c.Days[k-1]
	}
	holds := c.Old.Holds[k]
	return m.arrived.Start(m.env, m.at, func(ctx context.Context) (arrivals, error) {
		out := arrivals{day: day}
		for _, h := range holds {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			if a, ok := grade.Arrived(b, rules, h.Input, after, day); ok {
				out.all = append(out.all, a)
			}
		}
		return out, nil
	})
}

// example is the customer whom the guide shows: the one with the most money of those who would have left the best grade, else of all.
func (m *model) example() *grade.Mover {
	v := m.load.Value.verdict
	if v == nil || len(v.Movers) == 0 {
		return nil
	}
	for i := range v.Movers {
		if x := &v.Movers[i]; len(v.Lines) > 1 && x.From == v.Lines[0] && x.To == v.Lines[1] {
			return x
		}
	}
	return &v.Movers[0]
}

// told is what the guide says at its step.
func (m *model) told(th *theme.Theme, l *locale.Locale) []layout.Run {
	g, a := m.guide, &m.load.Value
	c, v := a.comparison, a.verdict
	k := slices.Index(c.Days, g.day)
	if k < 0 {
		return nil
	}
	on := l.Date(g.day)
	step := func(style theme.Style, text string) []layout.Run {
		return []layout.Run{{Style: th.Accent, Text: l.F(locale.GuideStep, l.Int(g.step), l.Int(guideSteps))}, {Style: style, Text: text}}
	}
	if g.step == 3 && !m.caughtUp() {
		return step(th.Muted, l.T(locale.SandboxReplaying))
	}
	holds := c.Old.Holds[k]
	switch g.step {
	case 1:
		if !m.arrived.Ready || m.arrived.Value.day != g.day {
			return step(th.Muted, l.T(locale.Loading))
		}
		text := l.F(locale.GuideCame, on)
		for i := range m.arrived.Value.all {
			text += " " + row.Arrival(l, &m.arrived.Value.all[i], a.rules)
		}
		if len(m.arrived.Value.all) == 0 {
			text += " " + m.holds(holds)
		}
		return step(th.Bad, text)
	case 2:
		text := l.F(locale.GuideHeld, m.holds(holds), l.Int(c.Stepped(k)[0]))
		for j := k + 1; j < len(c.Days); j++ {
			if len(c.Old.Holds[j]) == 0 {
				text += l.F(locale.GuideHealed, l.Date(c.Days[j]), l.Int(c.Stepped(j)[0]))
				return step(th.Good, text)
			}
		}
		return step(th.Warn, text+l.T(locale.GuideStill))
	case 3:
		text := l.F(locale.GuideOpen, on, l.Int(v.Up+v.Down), l.Money(store.Money{Minor: v.UpMoney + v.DownMoney, Currency: a.org.Currency()}))
		if len(v.Lines) > 1 { // the matrix is row-major: from the best grade to the next
			text += l.F(locale.GuideFalls, l.Int(v.Matrix[1].Count), string(v.Lines[0]), string(v.Lines[1]))
		}
		return step(th.Bad, text)
	}
	x := m.example()
	if x == nil {
		return step(th.Muted, l.T(locale.SandboxNobody))
	}
	why, line := c.Why(x.Code, k)
	return step("", l.F(locale.GuideOne, x.AccountName, row.Because(l, why, line, a.rules, m.begun()), "flightdeck rules replay --unguarded --day "+g.day.String()+" --account "+string(x.Account)))
}
