package heatmap

import (
	"slices"
	"strings"
	"time"

	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

var views = [...]locale.Key{heatmap.WeekdayHour: locale.HeatWeekdayHour, heatmap.RepWeek: locale.HeatRepWeek, heatmap.Area: locale.HeatArea}

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, m.load.Value.Rev, m.version, m.draw)
}

func (m *model) draw() string {
	l, th := m.env.Locale, m.env.Theme
	lines := append(append([]string{m.tabs(th, l)}, m.notes(th, l)...), "")
	_, body := m.size.Rows(len(lines))
	switch {
	case body.Empty():
	case len(m.load.Value.Rows) == 0:
		lines = append(lines, layout.Lines(layout.Card(l.T(locale.Empty), th.Muted, body))...)
	case m.size.Wide():
		g := m.grid(l, body)
		left := layout.Size{W: max(body.W*4/7, min(g.Wants(), body.W-minTouches-1)), H: body.H}
		right := layout.Size{W: body.W - left.W - 1, H: body.H}
		lines = append(lines, layout.Beside(m.body(th, l, left), left.W, " ", m.touches(th, l, right))...)
	default:
		lines = append(lines, m.body(th, l, body)...)
	}
	return layout.Frame(lines, m.size)
}

// minTouches is the least room in which a touch can be read: when, who, whom, how.
const minTouches = 47

// tabs is the heading: the views with the shown one marked, then what is counted.
func (m *model) tabs(th *theme.Theme, l *locale.Locale) string {
	a := &m.load.Value
	r := layout.NewRow(m.size.W)
	for i, k := range views {
		if heatmap.View(i) == a.Query.View {
			r.Add(th.Strong, "["+l.T(k)+"]")
		} else {
			r.Add(th.Muted, " "+l.T(k)+" ")
		}
	}
	r.Gap(1).Add(th.Strong, m.counted(l, a.Total)).Gap(2)
	if a.Query.Channel != "" {
		c, _ := store.ParseChannel(a.Query.Channel) // heatmap.ParseQuery has checked it
		r.Add(th.Accent, l.T(locale.HeatChannel)+" "+l.Channel(c)).Gap(2)
	}
	if a.Query.Area != "" {
		r.Add(th.Accent, a.Query.Area).Gap(2)
	}
	period := a.PeriodName
	if layout.Width(period) > r.Left() {
		period = l.DateShort(a.Period.From) + ".." + l.DateShort(a.Period.To)
	}
	if layout.Width(period) <= r.Left() {
		r.Add(th.Muted, period)
	}
	return r.String()
}

func (m *model) counted(l *locale.Locale, n int) string {
	if m.load.Value.Subject == touch.SubjectDealEvents {
		return l.F(locale.HeatEvents, l.Int(n))
	}
	return l.F(locale.HeatTouches, l.Int(n))
}

// notes says what a reader must know before believing the figures.
func (m *model) notes(th *theme.Theme, l *locale.Locale) []string {
	a := &m.load.Value
	var runs []layout.Run
	add := func(style theme.Style, text string) { runs = append(runs, layout.Run{Style: style, Text: text}) }
	events := a.Subject == touch.SubjectDealEvents
	if m.load.Err != nil {
		add(th.Bad, l.F(locale.Failed, m.load.Err))
	}
	if events {
		add(th.Warn, l.T(locale.HeatInstead))
	}
	if a.Query.View == heatmap.RepWeek {
		idle := 0
		for _, n := range a.RowTotals {
			if n == 0 {
				idle++
			}
		}
		switch {
		case idle > 0 && events:
			add(th.Bad, l.F(locale.HeatIdleEvents, l.Int(idle)))
		case idle > 0:
			add(th.Bad, l.F(locale.HeatIdle, l.Int(idle)))
		}
	}
	if a.Unplaced > 0 {
		add(th.Warn, l.F([...]locale.Key{locale.HeatNoHour, locale.HeatNobody, locale.HeatNoArea}[a.Query.View], l.Int(a.Unplaced)))
	}
	if a.NoHour {
		add(th.Warn, l.T(locale.HeatDayOnly))
	}
	if a.Query.View == heatmap.Area && a.ByAccount {
		add(th.Warn, l.T(locale.HeatByAccount))
	}
	if len(a.hidden) > 0 {
		add(th.Muted, l.F(locale.HeatHidden, strings.Join(a.hidden, ", ")))
	}
	return layout.Flow(m.size.W, runs...)
}

// body is the map, what the cursor stands on, the legend, and below what room is left how the touches under the cursor split.
func (m *model) body(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	foot := 2
	if s.H < 8 {
		foot = min(1, s.H-1)
	}
	grid, _ := s.Rows(s.H - foot)
	g := m.grid(l, grid)
	lines := g.Draw(th, grid)
	if s.H > len(lines)+foot {
		lines = append(lines, "")
	}
	if foot > 0 {
		lines = append(lines, m.status(th, l, s.W, &g, grid))
	}
	if foot > 1 {
		lines = append(lines, " "+chart.Legend(th, s.W-1, l.T(locale.HeatLow), l.F(locale.HeatHigh, l.Int(m.load.Value.Max))))
	}
	if left := s.H - len(lines) - 1; left >= minPart {
		lines = append(append(lines, ""), split(th, l, m.behind.Value.parts, layout.Size{W: s.W, H: left})...)
	}
	return lines
}

func (m *model) grid(l *locale.Locale, s layout.Size) chart.Grid {
	a := &m.load.Value
	g := chart.Grid{
		Rows: make([]string, len(a.Rows)), Cols: make([]string, len(a.cols)), Max: float64(a.Max), Row: m.i, Col: a.pos(m.j), MaxCell: 7, Tall: 3,
		Value: func(r, c int) float64 { return float64(a.At(r, a.cols[c])) },
		Text: func(r, c int) string {
			if n := a.At(r, a.cols[c]); n > 0 {
				return l.Int(n)
			}
			return "."
		},
		TotalName: l.T(locale.Total),
		Total:     func(r, c int) string { return l.Int(m.count(r, a.col(c))) },
	}
	for i := range a.Rows {
		g.Rows[i] = label(l, a.Query.View, &a.Rows[i])
	}
	for p, j := range a.cols {
		g.Cols[p] = label(l, a.Query.View, &a.Cols[j])
	}
	if a.Query.View != heatmap.WeekdayHour && g.Fit(s).Cell < 6 { // no room for the day
		for p, j := range a.cols {
			g.Cols[p] = week(a.Cols[j].Key)
		}
	}
	return g
}

// week is the short form of a week's key: W38.
func week(key string) string { return key[len(key)-min(3, len(key)):] }

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// label words a row or column.
func label(l *locale.Locale, v heatmap.View, x *heatmap.Label) string {
	if w := slices.Index(weekdays[:], x.Key); w >= 0 && v == heatmap.WeekdayHour {
		return l.Weekday(time.Weekday(w))
	}
	switch {
	case x.Key == heatmap.None:
		return l.T(locale.NoHour)
	case x.From != 0:
		return l.DateShort(x.From)
	case x.Name == "":
		return x.Key
	}
	return x.Name
}

// where words the cell under the cursor in full.
func (m *model) where() string {
	a, l := &m.load.Value, m.env.Locale
	r, c := l.T(locale.Total), l.T(locale.Total)
	if m.i < len(a.Rows) {
		r = label(l, a.Query.View, &a.Rows[m.i])
		if a.Query.View == heatmap.Area {
			r = a.Rows[m.i].Key
		}
	}
	if m.j < len(a.Cols) {
		x := &a.Cols[m.j]
		switch {
		case x.From != 0:
			c = week(x.Key) + " (" + l.DateShort(x.From) + ".." + l.DateShort(x.From+6) + ")"
		case x.Key != heatmap.None:
			c = x.Key + ":00-" + x.Key + ":59"
		default:
			c = label(l, a.Query.View, x)
		}
	}
	if m.i >= len(a.Rows) && m.j >= len(a.Cols) {
		return r
	}
	return r + "  " + c
}

// status says in words what the cursor stands on.
func (m *model) status(th *theme.Theme, l *locale.Locale, w int, g *chart.Grid, s layout.Size) string {
	n, a := m.count(m.i, m.j), &m.load.Value
	r := layout.NewRow(w).Gap(1)
	r.Add(th.Strong, m.where()).Gap(2).Add(th.Strong, m.counted(l, n)).Gap(2)
	r.Add(th.Muted, l.F(locale.HeatShare, l.Ratio(int64(n), int64(a.Total)))).Gap(2)
	if v := g.Fit(s); v.Rows < len(g.Rows) && v.Rows > 0 {
		r.Add(th.Muted, l.Int(v.Row+1)+"-"+l.Int(v.Row+v.Rows)+" / "+l.Int(len(g.Rows)))
	}
	return r.String()
}

// touches draws what stands behind the cursor.
func (m *model) touches(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if !m.behind.Ready || s.W < 20 || s.H < 2 {
		return nil
	}
	head := layout.NewRow(s.W).Gap(2)
	if m.behind.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.behind.Err)).Gap(2)
	}
	if m.behind.Value.cell == m.cell() {
		head.Add(th.Strong, m.where()).Gap(2).Add(th.Muted, m.counted(l, m.behind.Value.total))
	} else { // the rows are still those of the cell before
		head.Add(th.Muted, l.T(locale.Loading))
	}
	m.list.SetSize(layout.Size{W: s.W, H: s.H - 1})
	return append([]string{head.String()}, layout.Lines(m.list.Still(th))...)
}
