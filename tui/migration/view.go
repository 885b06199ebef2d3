package migration

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/theme"
)

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if len(m.load.Value.Grades) == 0 {
		return layout.Card(m.env.Locale.T(locale.Empty), m.env.Theme.Muted, m.size)
	}
	return m.memo.View(m.env, m.size, m.load.Value.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	head := m.head(th, l)
	runs := m.notes(th, l)
	if layout.Width(runs[0].Text)+2 <= head.Left() {
		head.Gap(2).Add(runs[0].Style, runs[0].Text)
		runs = runs[1:]
	}
	lines := append([]string{head.String()}, layout.Flow(m.size.W, runs...)...)
	if m.size.H >= 20 {
		lines = append(lines, "")
	}
	_, body := m.size.Rows(len(lines))
	left := layout.Size{W: max(minWide, min(body.W*5/12, 88)), H: body.H}
	if m.size.Wide() {
		g := m.grid(th, l)
		left.W = max(left.W, g.Wants())
	}
	right := layout.Size{W: body.W - left.W - 2, H: body.H}
	switch {
	case body.Empty():
	case m.size.Wide() && right.W >= minList:
		lines = append(lines, layout.Beside(m.body(th, l, left), left.W, "  ", m.accounts(th, l, right))...)
	default:
		lines = append(lines, m.body(th, l, body)...)
	}
	return layout.Frame(lines, m.size)
}

// What stands side by side wants so many columns: twelve months of the flow, and accounts with a name, a move and a cause.
const (
	minWide = 60
	minList = 40
)

// head is the month and what moved within it.
func (m *model) head(th *theme.Theme, l *locale.Locale) *layout.Row {
	a := &m.load.Value
	r := layout.NewRow(m.size.W).Gap(1)
	r.Add(th.Strong, period(l, a)).Gap(2)
	money := func(s analytics.Sum) string {
		if m.size.W < 100 {
			return ""
		}
		return " (" + row.SumShort(l, s) + ")"
	}
	r.Add(th.Good, l.F(locale.MoveUp, l.Int(a.Up))+money(a.up)).Gap(2).Add(th.Bad, l.F(locale.MoveDown, l.Int(a.Down))+money(a.down)).Gap(2)
	r.Add("", l.F(locale.MoveSame, l.Int(a.Same))).Gap(2)
	r.Add("", l.F(locale.MoveStay, l.Ratio(int64(a.Stay.Num), int64(a.Stay.Den))))
	r.Whole(th.Muted, "  "+l.F(locale.MoveEntered, l.Int(a.Entered))).Whole(th.Muted, "  "+l.F(locale.MoveLeft, l.Int(a.Left)))
	return r
}

// period names the month, or the days where it is not one.
func period(l *locale.Locale, a *answer) string {
	y, mon, d := (a.From + 1).Date()
	if ty, tm, _ := a.To.Date(); d == 1 && y == ty && mon == tm {
		return l.Month(y, mon)
	}
	return l.Date(a.From) + " > " + l.Date(a.To)
}

// notes says what is shown, first, and what a reader must know before believing it.
func (m *model) notes(th *theme.Theme, l *locale.Locale) []layout.Run {
	a := &m.load.Value
	runs := []layout.Run{{Style: th.Accent, Text: l.T(locale.MoveCounts)}}
	if m.money {
		runs[0].Text = l.F(locale.MoveMoney, string(a.org))
		if s := a.total[len(a.total)-1].Money; len(s.Missing) > 0 {
			runs = append(runs, layout.Run{Style: th.Warn, Text: l.F(locale.MoveMissing, row.Missing(l, s))})
		}
	}
	if wrong := row.Wrong(l, m.env.Pack(), m.env.Book()); wrong != "" {
		for _, t := range layout.Wrap(wrong, m.size.W-2) {
			runs = append(runs, layout.Run{Style: th.Bad, Text: t})
		}
	}
	if a.Unexplained > 0 {
		runs = append(runs, layout.Run{Style: th.Warn, Text: l.F(locale.MoveUnexplained, l.Int(a.Unexplained))})
	}
	if a.Derived {
		runs = append(runs, layout.Run{Style: th.Warn, Text: l.F(locale.MoveDerived, a.Rule)})
	}
	if m.load.Err != nil {
		runs = append(runs, layout.Run{Style: th.Bad, Text: l.F(locale.Failed, m.load.Err)})
	}
	return runs
}

// worth writes a sum with its currency; what could not be added follows.
func worth(l *locale.Locale, s analytics.Sum, org store.Currency) string {
	t := l.Money(s.Money) + " " + string(org)
	for _, x := range s.Missing {
		t += " +" + l.Money(x) + " " + string(x.Currency)
	}
	return t
}

// minFlow is the least room in which the flow says something: its caption, figures, bars and months.
const minFlow = 6

// body is the matrix, what the cursor stands on, and the flow.
func (m *model) body(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	a := &m.load.Value
	rows := len(a.Grades) + 1
	foot := min(1, s.H-1)
	g := m.grid(th, l)
	for g.Tall = 3; g.Tall > 1 && s.H < 2+rows*g.Tall+foot+minFlow+4; {
		g.Tall--
	}
	_, grid := s.Rows(foot)
	lines := g.Draw(th, grid)
	if foot > 0 {
		if s.H > len(lines)+foot {
			lines = append(lines, "")
		}
		sq := a.at(m.i, m.j)
		r := layout.NewRow(s.W).Gap(1)
		r.Add(th.Strong, m.where()).Gap(2).Add("", l.F(locale.MoveAccounts, l.Int(sq.Count), worth(l, sq.Money, a.org)))
		lines = append(lines, r.String())
	}
	if room := s.H - len(lines) - 1; room >= minFlow {
		lines = append(append(lines, ""), m.flow(th, l, layout.Size{W: s.W, H: min(room, 20)})...)
	}
	return lines
}

func (m *model) grid(th *theme.Theme, l *locale.Locale) chart.Grid {
	a := &m.load.Value
	n := len(a.Grades)
	var quiet [theme.HeatSteps]theme.Style // what stayed is not the news
	for i := range quiet {
		quiet[i] = th.Heat[1]
	}
	value := func(i, j int) float64 {
		if m.money {
			return math.Abs(float64(a.At(i, j).Money.Money.Minor))
		}
		return float64(a.At(i, j).Count)
	}
	top := 1.0
	g := chart.Grid{
		Corner: l.T(locale.MoveMatrix), Row: m.i, Col: m.j, MaxCell: 14, Figures: true, TotalName: l.T(locale.Total),
		Text:  func(i, j int) string { return m.figure(l, i, j) },
		Total: func(i, j int) string { return m.figure(l, i, j) },
		Ramp: func(i, j int) *[theme.HeatSteps]theme.Style {
			switch move(i, j, n) {
			case rise:
				return &th.Rise
			case fall, left:
				return &th.Fall
			case stay:
				return &quiet
			}
			return &th.Heat
		},
	}
	for i := range n + 1 {
		for j := range n + 1 {
			if move(i, j, n) != stay {
				top = max(top, value(i, j))
			}
		}
		from, to := l.T(locale.MoveNew), l.T(locale.MoveLost)
		if i < n {
			from, to = string(a.Grades[i]), string(a.Grades[i])
		}
		g.Rows, g.Cols = append(g.Rows, from), append(g.Cols, to)
	}
	g.Max = top
	g.Value = func(i, j int) float64 {
		if a.At(i, j).Count > 0 { // of little money or none, it is still there
			return max(value(i, j), top/1e6)
		}
		return 0
	}
	return g
}

// figure writes a square or a total: a rise with "+", a fall with "-", who stayed with "=".
func (m *model) figure(l *locale.Locale, i, j int) string {
	a := &m.load.Value
	n, sq := len(a.Grades), a.at(i, j)
	text := l.Int(sq.Count)
	if m.money {
		text = row.SumShort(l, sq.Money)
	}
	switch {
	case i > n || j > n:
		return text
	case sq.Count == 0:
		return "."
	}
	switch move(i, j, n) {
	case rise:
		return "+" + text
	case fall:
		return "-" + text
	case stay:
		return "=" + text
	}
	return text
}

// where words the cell under the cursor.
func (m *model) where() string {
	l, c := m.env.Locale, m.cell()
	word := func(g store.Grade, none locale.Key) string {
		switch g {
		case migration.Any:
			return l.T(locale.MoveAllGrades)
		case "":
			return l.T(none)
		}
		return string(g)
	}
	return word(c.From, locale.MoveNew) + " > " + word(c.To, locale.MoveLost)
}

// flow draws what went up and down in each month, the matrix' own one chosen.
func (m *model) flow(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	a := &m.load.Value
	f := chart.Flow{Selected: a.month}
	for k := range a.months {
		x := &a.months[k]
		_, mon, _ := x.Period.From.Date()
		f.Labels = append(f.Labels, l.MonthShort(mon))
		f.Up, f.Down = append(f.Up, float64(x.Up)), append(f.Down, float64(x.Down))
		f.UpText, f.DownText = append(f.UpText, l.Signed(x.Up)), append(f.DownText, l.Signed(-x.Down))
	}
	head := layout.NewRow(s.W).Gap(1)
	if a.month >= 0 {
		x := &a.months[a.month]
		y, mon, _ := x.Period.From.Date()
		head.Add(th.Strong, l.Month(y, mon)).Gap(2).Add(th.Good, l.F(locale.MoveFlowUp, l.Int(x.Up), row.SumShort(l, x.UpMoney))).Gap(2)
		head.Add(th.Bad, l.F(locale.MoveFlowDown, l.Int(x.Down), row.SumShort(l, x.DownMoney)))
	} else { // two months apart, say: what moved between them
		head.Add(th.Good, l.F(locale.MoveFlowUp, l.Int(a.Up), row.SumShort(l, a.up))).Gap(2)
		head.Add(th.Bad, l.F(locale.MoveFlowDown, l.Int(a.Down), row.SumShort(l, a.down)))
	}
	lines := []string{head.String()}
	for _, x := range f.Draw(th, layout.Size{W: s.W - 1, H: s.H - 1}) {
		lines = append(lines, " "+x)
	}
	return lines
}

// accounts draws who stands behind the cursor.
func (m *model) accounts(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if !m.behind.Ready || s.W < 20 || s.H < 2 {
		return nil
	}
	head := layout.NewRow(s.W).Gap(2)
	if m.behind.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.behind.Err)).Gap(2)
	}
	if b := &m.behind.Value; b.cell == m.cell() && b.To == m.load.Value.To {
		sq := m.load.Value.at(m.i, m.j)
		head.Add(th.Strong, m.where()).Gap(2).Add(th.Muted, l.F(locale.MoveAccounts, l.Int(b.Rows.Len()), worth(l, sq.Money, m.load.Value.org)))
	} else { // the rows are still those of the cell before
		head.Add(th.Muted, l.T(locale.Loading))
	}
	rows := m.behind.Value.Rows
	list := s.H - 1
	if s.H > rows.Len()+2+minCauses { // the list leaves room for the causes in full
		list = rows.Len() + 1
	}
	m.list.SetSize(layout.Size{W: s.W, H: list})
	lines := append([]string{head.String()}, layout.Lines(m.list.Still(th))...)
	if list == s.H-1 || rows.Len() == 0 {
		return lines
	}
	return append(append(lines, ""), m.causes(th, l, layout.Size{W: s.W, H: s.H - len(lines) - 1})...)
}

// minCauses is the least room in which a few causes can be read.
const minCauses = 4

// causes writes why each account moved, in full, as far as there is room: in the words of whoever graded it, and by which inputs where the rules judged it.
func (m *model) causes(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	var lines []string
	b := &m.behind.Value
	for _, r := range b.Rows.All() {
		if r.Cause.Kind == migration.CauseNone { // those that moved come first
			break
		}
		text := layout.Wrap(row.Cause(l, r.Cause), s.W-4)
		if why := row.Change(l, b.judged, b.book, r.Account, b.From, b.To); why != "" {
			text = append(text, layout.Wrap(why, s.W-4)...)
		}
		if len(lines)+1+len(text) > s.H {
			break
		}
		lines = append(lines, layout.NewRow(s.W).Gap(2).Add(th.Strong, r.AccountName).Gap(2).Add(th.Muted, row.Move(l, r.From, r.To)).String())
		for _, t := range text {
			lines = append(lines, layout.NewRow(s.W).Gap(4).Add("", t).String())
		}
	}
	return lines
}
