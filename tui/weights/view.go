package weights

import (
	"cmp"
	"math"

	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

func columns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: "#", Width: 4, Align: layout.Right, Drop: 3},
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.GradeMove), Width: 9, Min: 7},
		{Title: l.T(locale.WeightsScore), Width: 6, Align: layout.Right},
		{Title: "+/-", Width: 6, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 1},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 4},
	}
}

// listed are the rows of the board that the list shows.
func (m *model) listed() []int {
	if m.movers {
		return m.shown.movers
	}
	return m.shown.top
}

func (m *model) rows() table.Rows {
	rows, st, base := m.listed(), m.shown, m.load.Value.base
	if st.Standing == nil {
		return table.Rows{}
	}
	bd := st.Board
	line := func(i int) store.Grade {
		if i < 0 {
			return ""
		}
		return bd.Lines[i]
	}
	return table.Rows{
		Len:   len(rows),
		Key:   func(i int) string { return string(bd.ID(rows[i])) },
		Match: func(i int) string { return bd.Name(rows[i]) + " " + bd.Owner(rows[i]) },
		Cells: func(i int, c []table.Cell) {
			l, th, r := m.env.Locale, m.env.Theme, rows[i]
			c[0] = table.Cell{Text: l.Int(i + 1), Style: th.Muted}
			c[1].Text = bd.Name(r)
			c[2] = row.MoveCell(l, th, line(bd.Prior(r)), line(st.Grade(r)))
			if bd.Held(r) {
				c[2] = table.Cell{Text: "! " + row.Grade(l, line(st.Grade(r))), Style: th.Warn}
			}
			c[3] = table.Cell{Text: l.Float(st.Score(r), 1), Style: th.Strong}
			if base != nil && base.Board == bd {
				if d := math.Round(10*(st.Score(r)-base.Score(r))) / 10; d > 0 {
					c[4] = table.Cell{Text: "+" + l.Float(d, 1), Style: th.Good}
				} else if d < 0 {
					c[4] = table.Cell{Text: l.Float(d, 1), Style: th.Bad}
				}
			}
			c[5].Text = l.Money(store.Money{Minor: bd.Money(r), Currency: bd.Currency()})
			c[6] = table.Cell{Text: bd.Owner(r), Style: th.Muted}
		},
	}
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, 0, m.version, m.draw)
}

// What stands side by side: the sliders want so many columns, and the list takes the rest.
const wideSliders = 76

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	bd := m.load.Value.board
	switch {
	case bd == nil || m.shown.Standing == nil:
		return layout.Card(l.T(locale.Loading), th.Muted, m.size)
	case bd.Len() == 0:
		return layout.Card(l.T(locale.WeightsNone), th.Muted, m.size)
	}
	lines := m.heading(th, l)
	body := layout.Size{W: m.size.W, H: max(0, m.size.H-len(lines))}
	if m.size.Wide() {
		w := min(wideSliders, body.W/2)
		counts := m.counts(th, l, w)
		left := append(m.sliders(th, l, layout.Size{W: w, H: max(0, body.H-len(counts)-1)}), "")
		left = append(left, counts...)
		left = append(left, m.matrix(th, l, layout.Size{W: w, H: body.H - len(left) - 1})...)
		right := layout.Size{W: body.W - w - 2, H: body.H}
		about := m.about(th, l, layout.Size{W: right.W, H: min(8, right.H/3)})
		right.H -= len(about)
		return layout.Frame(append(lines, layout.Beside(left, w, "  ", append(m.accounts(th, l, right), about...))...), m.size)
	}
	line := m.countLine(th, l)
	high := max(3, min(len(m.attributes())+len(rule.Factors()), body.H-len(line)-6))
	lines = append(lines, m.sliders(th, l, layout.Size{W: body.W, H: high})...)
	lines = append(lines, line...)
	return layout.Frame(append(lines, m.accounts(th, l, layout.Size{W: body.W, H: max(0, m.size.H-len(lines))})...), m.size)
}

// heading says from which rules one starts, what is changed, and who would move.
func (m *model) heading(th *theme.Theme, l *locale.Locale) []string {
	st, a := m.shown, &m.load.Value
	cur := st.Board.Currency()
	sum := func(minor int64) string { return l.Money(store.Money{Minor: minor, Currency: cur}) }
	head := layout.NewRow(m.size.W).Gap(1).Add(th.Muted, l.T(locale.WeightsPreset)).Gap(1).Add(th.Strong, l.Preset(m.preset())).Gap(2)
	if n := m.changed(); n > 0 {
		head.Add(th.Mark, l.F(locale.WeightsChanged, l.Int(n))).Gap(2)
	}
	if m.saving {
		head.Add(th.Accent, l.T(locale.WeightsSaving)).Gap(2)
	}
	up, down := l.F(locale.WeightsUp, l.Int(st.Up), sum(st.UpMoney)), l.F(locale.WeightsDown, l.Int(st.Down), sum(st.DownMoney))
	if layout.Width(up)+layout.Width(down)+2 > head.Left() { // the money stands in the list too
		up, down = l.F(locale.WeightsUpOnly, l.Int(st.Up)), l.F(locale.WeightsDownOnly, l.Int(st.Down))
	}
	head.Add(th.Good, up).Gap(2).Add(th.Bad, down)
	if st.Held > 0 {
		head.Gap(2).Whole(th.Warn, l.F(locale.WeightsHeld, l.Int(st.Held)))
	}
	if st.None > 0 {
		head.Gap(2).Whole(th.Muted, l.F(locale.WeightsUnknown, l.Int(st.None)))
	}
	head.Gap(2).Whole(th.Muted, l.F(locale.WeightsVersion, a.version))
	lines := []string{head.String()}
	var runs []layout.Run
	if a.rules.Decides == "sources" {
		runs = append(runs, layout.Run{Style: th.Warn, Text: l.T(locale.WeightsSources)})
	}
	if wrong := row.Wrong(l, m.env.Pack(), m.env.Book()); wrong != "" {
		runs = append(runs, layout.Run{Style: th.Bad, Text: wrong})
	}
	if waits := row.Waits(l, st.Board.Waits, st.Board.Judged()); waits != "" {
		runs = append(runs, layout.Run{Style: th.Warn, Text: waits})
	}
	if f := m.weightless(); f != "" {
		runs = append(runs, layout.Run{Style: th.Bad, Text: l.F(locale.WeightsNoWeight, l.GradeFactor(f))})
	}
	if err := cmp.Or(m.failed, m.load.Err, m.step.Err); err != nil {
		runs = append(runs, layout.Run{Style: th.Bad, Text: layout.Plain(err.Error())})
	}
	for _, r := range runs {
		for _, t := range layout.Wrap(r.Text, m.size.W-2) {
			lines = append(lines, layout.NewRow(m.size.W).Gap(1).Add(r.Style, t).String())
		}
	}
	return lines
}

// sliders draws the attributes under their factors, as many as there is room for around the chosen one.
func (m *model) sliders(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	all := m.attributes()
	sums := map[string]float64{}
	name := 8
	for _, a := range all {
		sums[a.Factor] += m.weight(a)
		name = max(name, layout.Width(l.Pick(a.Name, a.NameEn)))
	}
	name = min(name, max(8, s.W/4))
	var lines []string
	chosen, factor := 0, ""
	for i, a := range all {
		if a.Factor != factor {
			factor = a.Factor
			head := layout.NewRow(s.W).Fill(th.Header, ' ', 1).Add(th.Header, l.GradeFactor(factor))
			if text := l.T(locale.WeightsShare); len(lines) == 0 && s.W >= roomy {
				text += layout.Blank(1) + layout.FitRight(l.T(locale.WeightsRange), layout.Width(l.F(locale.WeightsBounds, "0.00", "0.00")))
				head.Fill(th.Header, ' ', head.Left()-layout.Width(text)).Add(th.Header, text)
			}
			lines = append(lines, head.Padded(th.Header))
		}
		if i == m.at1 {
			chosen = len(lines)
		}
		lines = append(lines, m.slider(th, l, a, i == m.at1, name, sums[a.Factor], s.W))
	}
	if len(lines) <= s.H {
		return lines
	}
	from := max(0, min(chosen-s.H/2, len(lines)-s.H))
	return lines[from : from+max(0, s.H)]
}

// roomy is from how many columns on a slider says its bounds.
const roomy = 60

// slider is one line: name, weight, the bar within its bounds, and its share of the factor.
func (m *model) slider(th *theme.Theme, l *locale.Locale, a *rule.Attribute, chosen bool, name int, sum float64, w int) string {
	weight, own := m.weight(a), m.own(a)
	on, sign := theme.Style(""), "  "
	if chosen {
		if sign = "> "; !m.walking {
			on = th.Selection
		}
	}
	r := layout.NewRow(w).Add(on, sign).Cell(on, l.Pick(a.Name, a.NameEn), name, layout.Left).Fill(on, ' ', 1)
	style := th.Strong
	mark := " "
	if math.Abs(weight-own) > 1e-9 {
		style, mark = th.Mark, "*"
	}
	if on != "" {
		style = on
	}
	r.Add(style, l.Float(weight, 2)+mark).Fill(on, ' ', 1)
	share := ""
	if sum > 0 {
		share = l.Percent(weight/sum, 0)
	}
	bounds := l.F(locale.WeightsBounds, l.Float(a.Min, 2), l.Float(a.Max, 2))
	tail := 0
	if w >= roomy {
		tail = layout.Width(bounds) + 1
	}
	bar := r.Left() - 6 - tail
	at := func(x float64) int { return int(math.Round(x * float64(bar))) }
	for i := range max(0, bar) {
		switch {
		case i == at(own) && math.Abs(weight-own) > 1e-9, i == at(own)-1 && at(own) == bar && math.Abs(weight-own) > 1e-9:
			r.Fill(th.Strong, '|', 1)
		case i < at(weight):
			r.Fill(th.Fill[0], '#', 1)
		case i < at(a.Max):
			r.Fill(th.Track, '.', 1)
		default:
			r.Fill("", ' ', 1)
		}
	}
	r.Fill("", ' ', 1).Cell(th.Muted, share, 5, layout.Right)
	if tail > 0 {
		r.Fill("", ' ', 1).Cell(th.Muted, bounds, tail-1, layout.Right)
	}
	return r.String()
}

// counts draws how many customers have each grade: now, by the rules, and as it is tried.
func (m *model) counts(th *theme.Theme, l *locale.Locale, w int) []string {
	a, st := &m.load.Value, m.shown
	head := layout.NewRow(w).Fill(th.Header, ' ', 1).Cell(th.Header, l.T(locale.Grade), 6, layout.Left)
	for _, k := range []locale.Key{locale.WeightsInForce, locale.WeightsRules, locale.WeightsTried} {
		head.Cell(th.Header, l.T(k), 13, layout.Right)
	}
	lines := []string{head.Cell(th.Header, "+/-", 9, layout.Right).Padded(th.Header)}
	top := 1
	for i := range st.Counts {
		top = max(top, st.Counts[i], a.counts[i])
	}
	for i, g := range st.Board.Lines {
		r := layout.NewRow(w).Gap(1).Cell(th.Strong, string(g), 6, layout.Left).Cell(th.Muted, l.Int(a.counts[i]), 13, layout.Right).
			Cell("", l.Int(a.base.Counts[i]), 13, layout.Right).Cell(th.Strong, l.Int(st.Counts[i]), 13, layout.Right)
		d := st.Counts[i] - a.counts[i]
		style := th.Muted
		if d != 0 {
			style = th.Accent
		}
		r.Cell(style, l.Signed(d), 9, layout.Right).Gap(1)
		if bar := r.Left(); bar > 4 {
			n := max(0, int(math.Round(float64(st.Counts[i])/float64(top)*float64(bar))))
			if st.Counts[i] > 0 {
				n = max(1, n)
			}
			r.Fill(th.Fill[0], '#', n)
		}
		lines = append(lines, r.String())
	}
	return lines
}

// matrix draws from which grade to which, and what they bring in a year.
func (m *model) matrix(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	st := m.shown
	n := len(st.Board.Lines)
	if s.H < n+3 || n == 0 {
		return nil
	}
	var quiet [theme.HeatSteps]theme.Style // who stays is not the news
	for i := range quiet {
		quiet[i] = th.Heat[1]
	}
	top := 1.
	g := chart.Grid{Corner: l.T(locale.MoveMatrix), Row: -1, Col: -1, MaxCell: 14, Figures: true, Tall: 2,
		Value: func(i, j int) float64 { return float64(st.matrix[i*n+j].Count) },
		Text: func(i, j int) string {
			sq := st.matrix[i*n+j]
			if sq.Count == 0 {
				return "."
			}
			text := l.Int(sq.Count)
			if i != j {
				text += " " + l.Money(store.Money{Minor: sq.Money, Currency: st.Board.Currency()})
			}
			return text
		},
		Ramp: func(i, j int) *[theme.HeatSteps]theme.Style {
			switch {
			case i > j:
				return &th.Rise
			case i < j:
				return &th.Fall
			}
			return &quiet
		},
	}
	for i, line := range st.Board.Lines {
		g.Rows, g.Cols = append(g.Rows, string(line)), append(g.Cols, string(line))
		for j := range n {
			if i != j {
				top = max(top, float64(st.matrix[i*n+j].Count))
			}
		}
	}
	g.Max = top
	if s.H < 2*n+3 {
		g.Tall = 1
	}
	return append([]string{"", layout.NewRow(s.W).Gap(1).Add(th.Muted, l.T(locale.WeightsMatrix)).String()}, g.Draw(th, layout.Size{W: s.W, H: s.H - 2})...)
}

// countLine says the counts in as few lines as they need.
func (m *model) countLine(th *theme.Theme, l *locale.Locale) []string {
	a, st := &m.load.Value, m.shown
	var runs []layout.Run
	for i, g := range st.Board.Lines {
		text := string(g) + " " + l.Int(a.counts[i])
		style := th.Muted
		if st.Counts[i] != a.counts[i] {
			text += " > " + l.Int(st.Counts[i])
			style = th.Strong
		}
		runs = append(runs, layout.Run{Style: style, Text: text})
	}
	lines := layout.Flow(m.size.W-1, runs...)
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}

// accounts draws the list with what it is of.
func (m *model) accounts(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if s.H < 2 || s.W < 10 {
		return nil
	}
	st := m.shown
	text := l.F(locale.WeightsRanking, l.Int(len(st.top)), l.Int(st.Board.Len()))
	if m.movers {
		switch n := st.Up + st.Down; {
		case n == 0:
			text = l.T(locale.WeightsNobody)
		case n > len(st.movers):
			text = l.F(locale.WeightsSomeMove, l.Int(len(st.movers)), l.Int(n))
		default:
			text = l.F(locale.WeightsMovers, l.Int(n))
		}
	}
	style := th.Muted
	if m.walking {
		style = th.Strong
	}
	lines := []string{layout.NewRow(s.W).Gap(1).Add(style, text).String()}
	m.list.SetSize(layout.Size{W: s.W, H: s.H - 1})
	if m.walking {
		return append(lines, layout.Lines(m.list.View(th))...)
	}
	return append(lines, layout.Lines(m.list.Still(th))...)
}

// about draws what the score of the chosen customer is made of.
func (m *model) about(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	i, ok := m.list.Selected()
	if !ok || i >= len(m.listed()) || s.H < 3 || s.W < 40 {
		return nil
	}
	bd, r := m.shown.Board, m.listed()[i]
	lines := []string{"", layout.NewRow(s.W).Gap(1).Add(th.Strong, bd.Name(r)).Gap(2).Add(th.Muted, l.T(locale.WeightsMadeOf)).String()}
	if bd.Held(r) {
		lines[1] = layout.NewRow(s.W).Gap(1).Add(th.Strong, bd.Name(r)).Gap(2).Add(th.Warn, l.T(locale.WeightsStays)).String()
	}
	for _, f := range rule.Factors() {
		runs := []layout.Run{{Style: th.Muted, Text: l.GradeFactor(f) + ":"}}
		for k := range bd.Attributes {
			a := &bd.Attributes[k]
			if a.Factor != f {
				continue
			}
			text := "-"
			if x := bd.Part(k, r); !math.IsNaN(x) {
				text = l.Float(100*x, 0)
			}
			runs = append(runs, layout.Run{Style: "", Text: l.Pick(a.Name, a.NameEn) + " " + text})
		}
		for _, t := range layout.Flow(s.W-1, runs...) {
			lines = append(lines, " "+t)
		}
	}
	if len(lines) > s.H {
		lines = lines[:s.H]
	}
	return lines
}
