package funnel

import (
	"flightdeck/analytics/funnel"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/theme"
)

// figure is a column that can be chosen: how it reads, how long its bar is, and which deals it counts.
type figure struct {
	head  locale.Key
	width int // wanted columns
	drop  int // goes first when there is no room: the highest; 0 stays
	set   funnel.Set
	text  func(l *locale.Locale, s *funnel.Stage) string
	value func(s *funnel.Stage) float64
}

var figures = []figure{
	{locale.FunnelStanding, 7, 0, funnel.Standing, func(l *locale.Locale, s *funnel.Stage) string { return count(l, s.Count) }, func(s *funnel.Stage) float64 { return float64(s.Count) }},
	{locale.FunnelAmount, 10, 0, funnel.Standing, func(l *locale.Locale, s *funnel.Stage) string { return row.SumShort(l, s.Amount) }, func(s *funnel.Stage) float64 { return float64(s.Amount.Money.Minor) }},
	{locale.FunnelEntered, 8, 0, funnel.Entered, func(l *locale.Locale, s *funnel.Stage) string { return count(l, s.Entered) }, func(s *funnel.Stage) float64 { return float64(s.Entered) }},
	{locale.FunnelAdvanced, 9, 4, funnel.Advanced, func(l *locale.Locale, s *funnel.Stage) string { return open(s, count(l, s.Advanced)) }, func(s *funnel.Stage) float64 { return float64(s.Advanced) }},
	{locale.FunnelLost, 6, 3, funnel.Lost, func(l *locale.Locale, s *funnel.Stage) string { return open(s, count(l, s.Lost)) }, func(s *funnel.Stage) float64 { return float64(s.Lost) }},
	{locale.FunnelRate, 7, 0, funnel.Advanced, func(l *locale.Locale, s *funnel.Stage) string {
		return open(s, l.Ratio(int64(s.Conversion.Num), int64(s.Conversion.Den)))
	}, rate},
	{locale.FunnelDays, 10, 2, funnel.Stays, func(l *locale.Locale, s *funnel.Stage) string {
		if s.MedianDays < 0 {
			return "-"
		}
		return l.Float(s.MedianDays, 0)
	}, func(s *funnel.Stage) float64 { return s.MedianDays }},
}

func rate(s *funnel.Stage) float64 {
	if s.Conversion.Den == 0 {
		return 0
	}
	return float64(s.Conversion.Num) / float64(s.Conversion.Den)
}

func count(l *locale.Locale, n int) string {
	if n == 0 {
		return "0"
	}
	return l.Int(n)
}

// open leaves figures that mean nothing for a closed stage empty.
func open(s *funnel.Stage, text string) string {
	if s.Kind != store.StageOpen {
		return ""
	}
	return text
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if len(m.load.Value.Stages) == 0 {
		return layout.Card(m.env.Locale.T(locale.Empty), m.env.Theme.Muted, m.size)
	}
	return m.memo.View(m.env, m.size, m.load.Value.Stamp.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	head := layout.NewRow(m.size.W).Gap(2)
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	a := &m.load.Value
	head.Add(th.Strong, a.PeriodName).Gap(2)
	head.Add(th.Muted, l.F(locale.FunnelOpen, l.Int(a.Open), row.Sum(l, a.OpenAmount)+" "+string(a.org))).Gap(2)
	head.Whole(th.Muted, l.F(locale.FunnelWinRate, l.Ratio(int64(a.WinRate.Num), int64(a.WinRate.Den)), l.Int(a.WinRate.Num), l.Int(a.WinRate.Den))).Gap(2)
	if a.MedianCycle >= 0 {
		head.Whole(th.Muted, l.F(locale.FunnelCycle, l.Float(a.MedianCycle, 0)))
	}
	_, body := m.size.Rows(2)
	lines := []string{head.String(), ""}
	if !body.Empty() {
		if m.size.Wide() && m.behind.Ready {
			parts := body.Columns(11, 9)
			left := m.bars(th, l, parts[0])
			lines = append(lines, layout.Beside(left, parts[0].W, " ", m.deals(th, l, parts[1]))...)
		} else {
			lines = append(lines, m.bars(th, l, body)...)
		}
	}
	return layout.Frame(lines, m.size)
}

// grid is how the stages' lines are cut.
type grid struct {
	name, bar int
	cols      []int // indices into figures
}

func (m *model) grid(l *locale.Locale, w int) grid {
	g := grid{name: 6}
	for i := range m.load.Value.Stages {
		s := &m.load.Value.Stages[i]
		g.name = max(g.name, layout.Width(l.Pick(s.Name, s.NameEn)))
	}
	g.name = min(g.name, max(8, w/5))
	drop := 9
	for {
		g.cols, g.bar = g.cols[:0], w-2-g.name-2
		for i, f := range figures {
			if f.drop < drop || i == m.figure {
				g.cols = append(g.cols, i)
				g.bar -= f.width + 1
			}
		}
		if g.bar >= 11 || drop <= 1 {
			break
		}
		drop--
	}
	g.bar = max(0, g.bar)
	return g
}

// bars draws the stages: as tall as the room allows, the rate of going on between them where there is a line for it.
func (m *model) bars(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	stages := m.load.Value.Stages
	g := m.grid(l, s.W)
	head := layout.NewRow(s.W)
	head.Fill(th.Header, ' ', 2+g.name+2+g.bar)
	for _, i := range g.cols {
		style := th.Header
		head.Fill(style, ' ', 1)
		text := l.T(figures[i].head)
		if i == m.figure {
			text = ">" + text
		}
		head.Cell(style, text, figures[i].width, layout.Right)
	}
	lines := []string{head.Padded(th.Header)}
	tall := max(1, min(4, (s.H-2)/len(stages)))
	top := 0.0 // of the bars. What was lost is not a step of the funnel and would dwarf the steps: its bar is cut instead
	for i := range stages {
		if stages[i].Kind != store.StageLost {
			top = max(top, figures[m.figure].value(&stages[i]))
		}
	}
	chosen := m.index()
	from := 0 // a short screen scrolls
	if room := s.H - 1; tall == 1 && room < len(stages) && room > 0 {
		from = max(0, min(chosen-room/2, len(stages)-room))
	}
	for i := from; i < len(stages); i++ {
		st := &stages[i]
		if i > 0 && tall == 1 && st.Kind == store.StageWon && s.H > len(stages)+2 {
			lines = append(lines, "")
		}
		lines = append(lines, m.bar(th, l, g, st, s.W, top, i == chosen, true))
		for extra := 1; extra < tall; extra++ {
			if extra == tall-1 {
				lines = append(lines, m.between(th, l, g, st, s.W))
				continue
			}
			lines = append(lines, m.bar(th, l, g, st, s.W, top, i == chosen, false))
		}
	}
	return lines
}

// bar is one line of a stage; only the first one carries words.
func (m *model) bar(th *theme.Theme, l *locale.Locale, g grid, st *funnel.Stage, w int, top float64, chosen, words bool) string {
	on, sign, name := theme.Style(""), byte(' '), ""
	if words {
		name = l.Pick(st.Name, st.NameEn)
		if chosen {
			on, sign = th.Selection, '>'
		}
	}
	solid := th.Fill[0]
	switch st.Kind {
	case store.StageWon:
		solid = th.GoodBar
	case store.StageLost:
		solid = th.BadBar
	}
	r := layout.NewRow(w)
	r.Fill(on, sign, 1).Fill(on, ' ', 1).Cell(on, name, g.name, layout.Left).Fill(on, ' ', 1)
	n := 0
	if v := figures[m.figure].value(st); v > 0 && top > 0 {
		n = max(1, min(g.bar, int(v/top*float64(g.bar)+0.5)))
	}
	lead := (g.bar - n) / 2
	r.Fill(on, ' ', lead).Fill(solid, '#', n).Fill(on, ' ', g.bar-lead-n+1)
	for _, i := range g.cols {
		text, style := "", on
		if words {
			text = figures[i].text(l, st)
			if !chosen && (text == "0" || text == "-") {
				style = th.Muted
			}
			if chosen && i == m.figure {
				style = th.Strong // a hole in the selection: seen without colour too
			}
		}
		r.Fill(on, ' ', 1).Cell(style, text, figures[i].width, layout.Right)
	}
	return r.Padded(on)
}

// between says under a stage how many of those that came in went on.
func (m *model) between(th *theme.Theme, l *locale.Locale, g grid, st *funnel.Stage, w int) string {
	if st.Kind != store.StageOpen || st.Conversion.Den == 0 {
		return ""
	}
	share := l.Ratio(int64(st.Conversion.Num), int64(st.Conversion.Den))
	text := "v " + l.F(locale.FunnelOn, share)
	if layout.Width(text) > g.bar {
		text = "v " + share
	}
	r := layout.NewRow(w)
	r.Gap(2 + g.name + 1)
	r.Cell(th.Muted, text, g.bar, layout.Center)
	return r.String()
}

// deals draws the rows behind the chosen figure.
func (m *model) deals(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if s.W < 20 {
		return nil
	}
	b := &m.behind.Value
	head := layout.NewRow(s.W).Gap(2)
	head.Add(th.Strong, l.F(locale.FunnelOf, l.Pick(b.stage.Name, b.stage.NameEn), row.Part(l, string(b.set)))).Gap(2)
	head.Add(th.Muted, l.F(locale.ListDeals, l.Int(b.Rows.Len()), row.Sum(l, b.Sum)))
	lines := []string{head.String()}
	m.list.SetSize(layout.Size{W: s.W, H: s.H - 1})
	return append(lines, layout.Lines(m.list.Still(th))...)
}
