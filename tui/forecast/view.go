package forecast

import (
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/landing"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/row"
	"flightdeck/tui/theme"
)

// figure is a column that can be chosen, and the part of the deals that it opens.
type figure struct {
	head  locale.Key
	width int
	drop  int // goes first when there is no room: the highest; 0 stays
	part  string
	text  func(l *locale.Locale, r *forecast.Row) string
	style func(th *theme.Theme, r *forecast.Row) theme.Style
	land  func(l *locale.Locale, r *landing.Row) string // in place of text: a figure of the landing
}

func sum(of func(r *forecast.Row) analytics.Sum) func(*locale.Locale, *forecast.Row) string {
	return func(l *locale.Locale, r *forecast.Row) string { return row.SumShort(l, of(r)) }
}

func count(of func(r *forecast.Row) int) func(*locale.Locale, *forecast.Row) string {
	return func(l *locale.Locale, r *forecast.Row) string { return l.Int(of(r)) }
}

func alarm(of func(r *forecast.Row) int, bad func(*theme.Theme) theme.Style) func(*theme.Theme, *forecast.Row) theme.Style {
	return func(th *theme.Theme, r *forecast.Row) theme.Style {
		if of(r) == 0 {
			return th.Muted
		}
		return bad(th)
	}
}

var (
	overdue = func(r *forecast.Row) int { return r.Overdue }
	stale   = func(r *forecast.Row) int { return r.Stale }
)

// figures: the first one is the node itself and stands left of the columns.
var figures = []figure{
	{head: locale.ForecastNode},
	{head: locale.ForecastQuota, width: 10, text: func(l *locale.Locale, r *forecast.Row) string {
		switch {
		case !r.HasQuota:
			return "-"
		case r.QuotaPartial:
			return row.SumShort(l, r.Quota) + "?"
		}
		return row.SumShort(l, r.Quota)
	}, style: muted},
	{head: locale.ForecastClosed, width: 10, part: forecast.Closed, text: sum(func(r *forecast.Row) analytics.Sum { return r.Closed })},
	{head: locale.ForecastAttain, width: 6, drop: 3, part: forecast.Closed, text: func(l *locale.Locale, r *forecast.Row) string {
		return l.Ratio(int64(r.Attainment.Num), int64(r.Attainment.Den))
	}},
	{head: locale.ForecastP10, width: 10, drop: 5, land: func(l *locale.Locale, r *landing.Row) string { return l.Money(r.P10) }, style: muted},
	{head: locale.ForecastP50, width: 10, land: func(l *locale.Locale, r *landing.Row) string { return l.Money(r.P50) }},
	{head: locale.ForecastP90, width: 10, drop: 5, land: func(l *locale.Locale, r *landing.Row) string { return l.Money(r.P90) }, style: muted},
	{head: locale.ForecastReach, width: 6, drop: 4, land: func(l *locale.Locale, r *landing.Row) string { return l.Ratio(int64(r.Reach.Num), int64(r.Reach.Den)) }},
	{head: locale.ForecastCommit, width: 10, drop: 1, part: forecast.Commit, text: sum(func(r *forecast.Row) analytics.Sum { return r.Commit })},
	{head: locale.ForecastBest, width: 10, drop: 6, part: forecast.BestCase, text: sum(func(r *forecast.Row) analytics.Sum { return r.BestCase })},
	{head: locale.ForecastPipeline, width: 10, drop: 8, part: forecast.Pipeline, text: sum(func(r *forecast.Row) analytics.Sum { return r.Pipeline }), style: muted},
	{head: locale.ForecastWeighted, width: 10, drop: 6, text: sum(func(r *forecast.Row) analytics.Sum { return r.Weighted })},
	{head: locale.ForecastGap, width: 11, text: gap, style: func(th *theme.Theme, r *forecast.Row) theme.Style {
		switch {
		case !r.Gap.Given():
			return th.Muted
		case r.Gap.Minor > 0:
			return th.Bad
		}
		return th.Good
	}},
	{head: locale.ForecastOverdue, width: 8, drop: 2, part: "overdue", text: count(overdue), style: alarm(overdue, func(th *theme.Theme) theme.Style { return th.Bad })},
	{head: locale.ForecastStale, width: 6, drop: 7, part: "stale", text: count(stale), style: alarm(stale, func(th *theme.Theme) theme.Style { return th.Warn })},
}

func muted(th *theme.Theme, _ *forecast.Row) theme.Style { return th.Muted }

// gap is signed as a manager says it: what is missing is negative.
func gap(l *locale.Locale, r *forecast.Row) string {
	if !r.Gap.Given() {
		return "-"
	}
	g := r.Gap
	g.Minor = -g.Minor
	return l.MoneySigned(g)
}

// name is the node's name, worded where the data has none.
func (m *model) name(r *forecast.Row) string {
	switch {
	case r.Name != "":
		return r.Name
	case r.Kind == "company":
		return m.env.Locale.T(locale.Company)
	}
	return m.env.Locale.T(locale.Unassigned)
}

// minName is how much of a node's name is shown before what is said of it gets shorter.
const minName = 12

// under is how many lines under the tree speak of the chosen node.
const under = 4

// leastDeals is how many lines must be left under the tree for the chosen node's deals to be worth showing.
const leastDeals = 9

// room is how many rows of the tree fit.
func (m *model) room() int {
	h := m.size.H - 3
	if m.under() {
		return max(1, min(len(m.shown), h*2/5))
	}
	if h >= 8+under {
		h -= under
	}
	return max(1, h)
}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if len(m.load.Value.Rows) == 0 {
		return layout.Card(m.env.Locale.T(locale.ForecastNothing), m.env.Theme.Muted, m.size)
	}
	return m.memo.View(m.env, m.size, m.load.Value.Stamp.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	body := layout.Size{W: m.size.W, H: max(0, m.size.H-2)}
	lines := []string{m.heading(th, l), ""}
	switch {
	case m.size.Wide():
		parts := body.Columns(12, 8)
		lines = append(lines, layout.Beside(m.tree(th, l, parts[0]), parts[0].W, " ", m.beside(th, l, parts[1]))...)
	case m.under():
		top := layout.Size{W: body.W, H: min(body.H, m.room()+1)}
		lines = append(lines[:1], m.tree(th, l, top)...) // no blank line: there is little room
		lines = append(lines, m.beside(th, l, layout.Size{W: body.W, H: body.H + 1 - top.H})...)
	default:
		lines = append(lines, m.tree(th, l, body)...)
	}
	return layout.Frame(lines, m.size)
}

func (m *model) heading(th *theme.Theme, l *locale.Locale) string {
	a := &m.load.Value
	head := layout.NewRow(m.size.W).Gap(2)
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	head.Add(th.Strong, a.PeriodName).Gap(2)
	switch day := a.Stamp.AsOf; {
	case day > a.Period.To:
		head.Add(th.Muted, l.T(locale.ForecastOver))
	case day < a.Period.From:
		head.Add(th.Muted, l.T(locale.ForecastNotYet))
	default:
		gone := float64(day-a.Period.From+1) / float64(a.Period.Days())
		head.Add(th.Muted, l.F(locale.ForecastDaysLeft, l.Int(int(a.Period.To-day)), l.Percent(gone, 0)))
	}
	if a.Historic {
		head.Gap(2).Add(th.Warn, l.T(locale.ForecastHistoric))
	}
	head.Gap(2).Add(th.Muted, string(a.org))
	switch x := m.land.Value; {
	case m.land.Err != nil:
		head.Gap(2).Add(th.Bad, l.F(locale.Failed, m.land.Err))
	case !m.land.Ready:
		head.Gap(2).Add(th.Muted, l.T(locale.ForecastLearning))
	case x != nil && x.Basis == landing.Simple:
		head.Gap(2).Whole(th.Warn, l.F(locale.ForecastTooLittle, l.Int(x.History.Won+x.History.Lost), l.Int(x.History.Won), l.Int(x.History.NeedClose), l.Int(x.History.NeedWon)))
	}
	return head.String()
}

// columns picks the figures that fit and how wide the names are.
func (m *model) columns(l *locale.Locale, w int) (cols []int, name int) {
	need := 12
	for _, i := range m.shown {
		r := &m.load.Value.Rows[i]
		need = max(need, layout.Width(m.name(r))+r.Depth+2)
	}
	need = min(need, 34)
	for drop := 9; ; drop-- {
		cols, name = cols[:0], w-2
		for i, f := range figures {
			if i > 0 && (f.drop < drop || i == m.figure) {
				cols = append(cols, i)
				name -= f.width + 1
			}
		}
		if name >= min(need, 18) || drop <= 1 {
			return cols, max(4, min(name, need))
		}
	}
}

func (m *model) tree(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	cols, name := m.columns(l, s.W)
	head := layout.NewRow(s.W)
	head.Fill(th.Header, ' ', 2).Cell(th.Header, l.T(locale.ForecastNode), name, layout.Left)
	for _, i := range cols {
		t := l.T(figures[i].head)
		if i == m.figure {
			t = ">" + t
		}
		head.Fill(th.Header, ' ', 1).Cell(th.Header, t, figures[i].width, layout.Right)
	}
	lines := []string{head.Padded(th.Header)}
	room, at := m.room(), m.index()
	m.top = max(0, min(m.top, len(m.shown)-room))
	if at < m.top {
		m.top = at
	}
	if at >= m.top+room {
		m.top = at - room + 1
	}
	for p := m.top; p < min(len(m.shown), m.top+room); p++ {
		lines = append(lines, m.row(th, l, m.shown[p], p == at, cols, name, s.W))
	}
	if gap := min(room+1, s.H-under) - len(lines); s.H-room-1 >= under && gap >= 5 {
		lines = append(lines, m.parts(th, l, m.shown[at], layout.Size{W: s.W, H: gap})...)
	}
	if gap := min(room+1, s.H-under) - len(lines); s.H-room-1 >= under && gap >= leastDeals && m.view != viewDeals && m.behind.Ready { // else the left half stands empty
		list := m.deals(th, l, layout.Size{W: s.W, H: gap - 2})
		lines = append(append(lines, ""), list[:min(len(list), gap-2)]...)
	}
	if s.H-room-1 >= under {
		for len(lines) < room+1 && len(lines) < s.H-under {
			lines = append(lines, "")
		}
		lines = append(lines, m.about(th, l, m.shown[at], s.W)...)
	}
	return lines
}

func (m *model) row(th *theme.Theme, l *locale.Locale, i int, chosen bool, cols []int, name, w int) string {
	x := &m.load.Value.Rows[i]
	on, sign := theme.Style(""), byte(' ')
	if chosen {
		on, sign = th.Selection, '>'
	}
	r := layout.NewRow(w)
	r.Fill(on, sign, 1).Fill(on, ' ', 1)
	mark := "  "
	if !m.leaf(i) {
		mark = "- "
		if m.folded(i) {
			mark = "+ "
		}
	}
	style := on
	if !chosen && x.Depth == 0 {
		style = th.Strong
	}
	r.Cell(style, layout.Blank(x.Depth)+mark+m.name(x), name, layout.Left)
	for _, c := range cols {
		f := &figures[c]
		text, style := m.figureText(l, f, x), on
		if !chosen && f.style != nil {
			style = f.style(th, x)
		}
		if chosen && c == m.figure {
			style = th.Strong // a hole in the selection: seen without colour too
		}
		r.Fill(on, ' ', 1).Cell(style, text, f.width, layout.Right)
	}
	return r.Padded(on)
}

func (m *model) figureText(l *locale.Locale, f *figure, x *forecast.Row) string {
	if f.land == nil {
		return f.text(l, x)
	}
	if r := m.landing(x.Node); r != nil && r.P50.Given() {
		return f.land(l, r)
	}
	return "-"
}

// parts draws, where the tree leaves room, how far each part of the chosen node is, or of the node around a leaf: as the gauge under the tree, each against
// its own quota.
func (m *model) parts(th *theme.Theme, l *locale.Locale, i int, s layout.Size) []string {
	rows := m.load.Value.Rows
	if m.leaf(i) {
		i = rows[i].Parent
	}
	var kids []int
	name := 8
	for k := range rows {
		if rows[k].Parent == i && i >= 0 && rows[k].HasQuota {
			kids = append(kids, k)
			name = max(name, layout.Width(m.name(&rows[k])))
		}
	}
	if len(kids) < 2 || len(kids)+2 > s.H {
		return nil
	}
	name = min(name, 20)
	bar := min(s.W-name-14, 76)
	if bar < 12 {
		return nil
	}
	top := 1.0 // in quotas: all quotas stand under one another
	for _, k := range kids {
		if g := gauge(&rows[k]); g.Quota > 0 {
			top = min(2, max(top, g.Best/g.Quota))
		}
	}
	lines := []string{"", layout.NewRow(s.W).Gap(3).Add(th.Strong, m.name(&rows[i])).Gap(2).Add(th.Muted, l.T(locale.ForecastParts)).String()}
	for _, k := range kids {
		x := &rows[k]
		lines = append(lines, layout.NewRow(s.W).Gap(3).Cell(th.Muted, m.name(x), name, layout.Left).Gap(1).
			Cell("", l.Ratio(int64(x.Attainment.Num), int64(x.Attainment.Den)), 5, layout.Right).Gap(1).String()+against(x, top).Draw(th, bar))
	}
	return lines
}

// against is gauge on a scale of so many quotas.
func against(x *forecast.Row, quotas float64) chart.Gauge {
	g := gauge(x)
	g.Top = g.Quota * quotas
	return g
}

// gauge is a node's closed, commit and best case against its quota.
func gauge(x *forecast.Row) chart.Gauge {
	f := func(s analytics.Sum) float64 { return float64(s.Money.Minor) }
	g := chart.Gauge{Closed: f(x.Closed), Commit: f(x.Closed) + f(x.Commit), Best: f(x.Closed) + f(x.Commit) + f(x.BestCase)}
	if x.HasQuota {
		g.Quota = f(x.Quota)
	}
	return g
}

// about says of the chosen node what the columns have no room for.
func (m *model) about(th *theme.Theme, l *locale.Locale, i, w int) []string {
	x := &m.load.Value.Rows[i]
	text := l.T(locale.ForecastNoQuota)
	if x.HasQuota {
		call := x.Closed.Money
		call.Minor += x.Commit.Money.Minor
		text = l.F(locale.ForecastCall, l.Money(x.Closed.Money), l.Money(x.Commit.Money), l.Money(call), l.Money(x.Quota.Money))
		if full := text + l.F(locale.ForecastCallGap, gap(l, x)); layout.Width(full)+minName+6 <= w { // the row above says it too
			text = full
		}
	}
	head := layout.NewRow(w)
	head.Add(th.Border, "--").Gap(1).Add(th.Strong, layout.Cut(m.name(x), max(minName, w-6-layout.Width(text)))).Gap(2).Add(th.Muted, text)
	bar := "   " + gauge(x).Draw(th, max(0, min(w-6, 100)))
	legend := layout.NewRow(w).Gap(3).Add(th.Muted, l.T(locale.ForecastLegend)).String()
	facts := l.F(locale.ForecastCounts, l.Int(x.Deals), l.Int(x.Won), l.Int(x.Open))
	if x.Overdue > 0 {
		facts += ", " + l.F(locale.ForecastLate, l.Int(x.Overdue))
	}
	if x.Stale > 0 {
		facts += ", " + l.F(locale.ForecastQuiet, l.Int(x.Stale))
	}
	if x.NoAmount > 0 {
		facts += ", " + l.F(locale.ForecastNoAmount, l.Int(x.NoAmount))
	}
	if x.NoClose > 0 {
		facts += ", " + l.F(locale.ForecastNoClose, l.Int(x.NoClose))
	}
	if x.QuotaPartial {
		facts += ", " + l.T(locale.ForecastPartial)
	}
	tail := layout.NewRow(w).Gap(3)
	for _, s := range []analytics.Sum{x.Closed, x.Commit, x.BestCase, x.Pipeline} {
		if t := row.Missing(l, s); t != "" {
			tail.Add(th.Warn, l.F(locale.ForecastMissing, t)).Gap(2)
			break
		}
	}
	tail.Add(th.Muted, facts)
	return []string{head.String(), bar, legend, tail.String()}
}

// deals draws the chosen node's deals, and under them the reasons of the first flagged ones.
func (m *model) deals(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if s.W < 20 || s.H < 4 {
		return nil
	}
	rows, all := m.behind.Value.Rows, m.load.Value.Rows
	x := &all[max(0, slices.IndexFunc(all, func(r forecast.Row) bool { return r.Node == m.behind.Value.node }))]
	lines := []string{layout.NewRow(s.W).Gap(2).Add(th.Muted, l.F(locale.ForecastFlagged, m.name(x))).String()}
	why := min(6, s.H/4)
	m.list.SetSize(layout.Size{W: s.W, H: s.H - 2 - why})
	lines = append(lines, layout.Lines(m.list.Still(th))...)
	lines = append(lines, "")
	for _, r := range rows.All() {
		if len(r.Flags) == 0 || len(lines) >= s.H {
			break
		}
		t := r.Name + ": "
		for k, f := range r.Flags {
			if k > 0 {
				t += "; "
			}
			t += row.Reason(l, f)
		}
		for _, line := range layout.Wrap(t, s.W-3) {
			lines = append(lines, "  "+th.Muted.Render(line))
		}
	}
	return lines
}
