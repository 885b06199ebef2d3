package morning

import (
	"flightdeck/analytics"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/theme"
)

// View implements pane.Pane.
func (m *model) View() string {
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	if m.load.Value.Answer == nil {
		return layout.Card(m.env.Locale.T(locale.Empty), m.env.Theme.Muted, m.size)
	}
	return m.memo.View(m.env, m.size, m.stamp(), m.version, m.draw)
}

func style(th *theme.Theme, k Mark) theme.Style {
	switch k {
	case Good:
		return th.Good
	case Warn:
		return th.Warn
	case Bad:
		return th.Bad
	}
	return ""
}

func (m *model) draw() string {
	lines := m.heading()
	w := m.widths()
	for i := m.top; i < len(m.spots) && len(lines) < m.size.H; i++ {
		lines = append(lines, m.line(i, w))
	}
	return layout.Frame(lines, m.size)
}

// heading is where the period lands, with a bar, and since when the rest is told.
func (m *model) heading() (lines []string) {
	l, th, a, n := m.env.Locale, m.env.Theme, &m.load.Value, m.heads()
	if n == 0 {
		return nil
	}
	comes, rests := Landing(l, a.Answer)
	run := func(runs []Run, first theme.Style) string {
		r := layout.NewRow(m.size.W)
		for i, x := range runs {
			s := style(th, x.Mark)
			if i == 0 {
				s = first
				r.Add(s, x.Text)
				continue
			}
			r.Gap(2).Whole(s, x.Text)
		}
		return r.String()
	}
	since := l.F(locale.MorningSinceDay, m.day(a.Since))
	if a.Looked {
		since = l.F(locale.MorningSince, m.day(a.Since))
	}
	head := layout.NewRow(m.size.W)
	if m.load.Err != nil {
		head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
	}
	if a.unmarked != nil {
		head.Add(th.Warn, l.F(locale.MorningUnmarked, a.unmarked)).Gap(2)
	}
	head.Add(th.Muted, since)
	lines = append(lines, run(comes, th.Strong), run(rests, th.Strong))
	if n >= 5 {
		lines = append(lines, m.bar())
	}
	if n >= 3 {
		lines = append(lines, head.String())
	}
	if n >= 5 {
		lines = append(lines, "")
	}
	return lines
}

// day is a day with the name of its weekday, since a Monday's morning looks back to Friday.
func (m *model) day(d analytics.Day) string {
	return m.env.Locale.DateNear(d, m.load.Value.Day) + " " + m.env.Locale.Weekday(d.Weekday())
}

// bar is the quota as a line of cells: what is closed, what is expected beside it, what is missing. Where there is no quota, what is expected is all of it.
func (m *model) bar() string {
	th, x := m.env.Theme, &m.load.Value.Landing
	closed, ahead := x.Closed.Money.Minor, x.Closed.Money.Minor+x.Commit.Money.Minor
	if x.Learned {
		ahead = x.P50.Minor
	}
	all := max(closed, ahead)
	if x.HasQuota {
		all = max(all, x.Quota.Money.Minor)
	}
	r := layout.NewRow(m.size.W)
	if all <= 0 {
		return r.Fill(th.Track, '.', m.size.W).String()
	}
	cells := func(v int64) int { return max(0, min(m.size.W, int(float64(m.size.W)*float64(v)/float64(all)+.5))) }
	c, e := cells(closed), cells(ahead)
	r.Fill(th.GoodBar, '#', c).Fill(th.WarnBar, '=', max(0, e-c))
	return r.Fill(th.Track, '.', m.size.W-max(c, e)).String()
}

// widths are those of the columns.
type widths struct{ name, figure, title, owner int }

func (m *model) widths() (w widths) {
	for i := range m.parts {
		w.name = max(w.name, layout.Width(m.parts[i].Name))
	}
	for _, s := range m.spots {
		if s.line >= 0 {
			x := &m.parts[s.part].Lines[s.line]
			w.figure, w.title, w.owner = max(w.figure, layout.Width(x.Figure)), max(w.title, layout.Width(x.Title)), max(w.owner, layout.Width(x.Owner))
		}
	}
	w.name, w.figure = min(w.name, m.size.W/4), min(w.figure, 12)
	left := m.size.W - w.name - w.figure - 5
	w.title = min(w.title, left*2/5, 32)
	if w.owner = min(w.owner, 12); left-w.title < 50 {
		w.owner = 0
	}
	return w
}

// line draws one line. The name of a part stands before its first one that is seen.
func (m *model) line(i int, w widths) string {
	l, th, s := m.env.Locale, m.env.Theme, m.spots[i]
	p := &m.parts[s.part]
	name := ""
	if i == m.top || m.spots[i-1].part != s.part {
		name = p.Name
	}
	r := layout.NewRow(m.size.W)
	chosen := i == m.cur
	sign := " "
	if chosen {
		sign = ">"
	}
	r.Cell(th.Accent, name, w.name, layout.Left).Add(th.Accent, " "+sign)
	in := func(st theme.Style) theme.Style {
		if chosen {
			return th.Selection
		}
		return st
	}
	gap := func(n int) { r.Fill(in(""), ' ', n) }
	switch s.line {
	case said:
		r.Add(in(or(style(th, p.Mark), th.Muted)), p.Said)
	case more:
		shown := 0
		for _, x := range m.spots {
			if x.part == s.part && x.line >= 0 {
				shown++
			}
		}
		r.Fill(in(""), ' ', w.figure+1).Add(in(th.Muted), l.F(locale.MorningMore, l.Int(p.Count-shown)))
	default:
		x := &p.Lines[s.line]
		r.Cell(in(or(style(th, x.Mark), th.Strong)), x.Figure, w.figure, layout.Right)
		gap(1)
		r.Cell(in(""), x.Title, w.title, layout.Left)
		gap(1)
		if w.owner > 0 && x.Owner != "" {
			r.Cell(in(th.Muted), x.Text, r.Left()-w.owner-1, layout.Left)
			gap(1)
			r.Cell(in(th.Muted), x.Owner, w.owner, layout.Left)
		} else {
			r.Add(in(th.Muted), x.Text)
		}
	}
	if chosen {
		return r.Padded(th.Selection)
	}
	return r.String()
}

func or(a, b theme.Style) theme.Style {
	if a != "" {
		return a
	}
	return b
}
