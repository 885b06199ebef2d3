package sheet

import (
	"errors"
	"slices"

	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

const (
	least   = 5 // lines of a section that has rows enough: title, heading, three rows
	picture = 6 // lines that a section's picture takes
	about   = 3 // lines that speak of the selected row
	spare   = 9 // lines under which there are none of them
)

// View implements pane.Pane.
func (m *model[T]) View() string {
	if errors.Is(m.load.Err, store.ErrNotFound) && !m.load.Ready {
		return layout.Card(m.env.Locale.T(locale.NotFound), m.env.Theme.Muted, m.size)
	}
	if v, ok := m.load.Cover(m.env, m.size); ok {
		return v
	}
	return m.memo.View(m.env, m.size, m.load.Value.rev, m.version, m.draw)
}

func (m *model[T]) draw() string {
	l, th := m.env.Locale, m.env.Theme
	var lines []string
	if long := layout.Width(m.page.Name) > m.size.W/2; long || m.page.Tail != "" || m.load.Err != nil { // else the title line says it all
		head := layout.NewRow(m.size.W).Gap(2)
		if m.load.Err != nil {
			head.Add(th.Bad, l.F(locale.Failed, m.load.Err)).Gap(2)
		}
		if long {
			head.Add(th.Strong, m.page.Name).Gap(2)
		}
		lines = append(lines, head.Add(th.Muted, m.page.Tail).String())
	}
	for _, n := range m.page.Notes {
		for i, t := range layout.Wrap(n.Text, m.size.W-4) {
			sign := "! "
			if i > 0 {
				sign = "  "
			}
			lines = append(lines, "  "+n.Style.Render(sign+t))
		}
	}
	lines = append(lines, m.facts(th, m.size.W)...)
	top := m.size.H * 3 / 5 // the sections keep the rest
	if m.page.Picture != nil {
		if p := m.page.Picture(m.size.W); len(lines)+len(p)+1 <= top {
			lines = append(append(lines, ""), p...)
		}
	}
	if len(lines) > top {
		lines = lines[:max(0, top)]
	}
	if m.size.H >= 20 {
		lines = append(lines, "")
	}
	_, body := m.size.Rows(len(lines))
	if !body.Empty() {
		lines = append(lines, m.body(th, l, body)...)
	}
	return layout.Frame(lines, m.size)
}

func (m *model[T]) body(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	var left, right []int
	for i := range m.page.Sections {
		if m.page.Sections[i].Right && s.Wide() {
			right = append(right, i)
		} else {
			left = append(left, i)
		}
	}
	if len(right) == 0 || len(left) == 0 {
		return m.column(th, l, append(left, right...), s)
	}
	share := m.page.Left
	if share == 0 {
		share = 45
	}
	parts := s.Columns(share, 100-share)
	parts[1].W-- // a wider gutter
	return layout.Beside(m.column(th, l, left, parts[0]), parts[0].W, "  ", m.column(th, l, right, parts[1]))
}

// facts draws the labelled facts in columns, row by row; one whose text needs more room takes its neighbour's as well.
func (m *model[T]) facts(th *theme.Theme, w int) []string {
	n := 1
	switch {
	case w >= 150:
		n = 4
	case w >= 105:
		n = 3
	case w >= 50:
		n = 2
	}
	label := 0
	for _, f := range m.page.Facts {
		label = max(label, layout.Width(f.Label))
	}
	label = min(label, 16, max(0, w/3))
	cell, chosen := w/n, -1
	if m.focus == 0 {
		chosen = m.factAt()
	}
	span := func(f Fact) int { return max(1, min(n, (3+label+layout.Width(f.Text)+cell)/max(1, cell))) }
	var lines []string
	left := make([]int, len(m.page.Facts))
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 {
		row, free := layout.NewRow(w), n
		for p := 0; p < len(left) && free > 0; { // what does not fit leaves its place to the next that does
			f := m.page.Facts[left[p]]
			if span(f) > free {
				p++
				continue
			}
			room := span(f)*cell - 3 - label
			free -= span(f)
			sign, style := "  ", f.Style
			if left[p] == chosen {
				sign, style = "> ", th.Selection
			} else if style == "" && f.Open.Kind != pane.None {
				style = th.Accent
			}
			text := layout.Cut(f.Text, room-1)
			row.Add(th.Accent, sign).Cell(th.Muted, f.Label, label, layout.Left).Gap(1).Add(style, text).Gap(room - layout.Width(text))
			left = slices.Delete(left, p, p+1)
		}
		lines = append(lines, row.String())
	}
	return lines
}

// want is how many lines section i would fill.
func (m *model[T]) want(i int) int {
	s := &m.page.Sections[i]
	if s.Rows.Len == 0 {
		return 2
	}
	n := 2 + s.Rows.Len
	if s.Above != nil {
		n += picture + 1
	}
	return n
}

// column draws sections one under the other, each as high as the room allows and its rows need; when not all fit, one of them under a line of tabs.
func (m *model[T]) column(th *theme.Theme, l *locale.Locale, secs []int, s layout.Size) []string {
	high, need, room := make([]int, len(secs)), len(secs)-1, s.H-about
	for p, i := range secs {
		high[p] = min(m.want(i), least)
		need += high[p]
	}
	if need > room {
		return m.tabs(th, l, secs, s)
	}
	for p, i := range secs { // a picture says more than the ninth row beside it
		if s := &m.page.Sections[i]; s.Above != nil && s.Rows.Len > 0 && need+picture+1 <= room {
			high[p] += picture + 1
			need += picture + 1
		}
	}
	for more := true; more && need < room; {
		more = false
		for p, i := range secs {
			if high[p] < m.want(i) && need < room {
				high[p]++
				need++
				more = true
			}
		}
	}
	var lines []string
	for p, i := range secs {
		if p > 0 {
			lines = append(lines, "")
		}
		title := layout.NewRow(s.W)
		m.title(th, l, title, i, th.Strong)
		part := append([]string{title.String()}, m.section(th, l, i, layout.Size{W: s.W, H: high[p] - 1})...)
		lines = append(lines, part...)
	}
	if slices.Contains(secs, m.focus-1) {
		lines = append(lines, m.about(th, m.focus-1, s.W)...)
	}
	return lines
}

func (m *model[T]) tabs(th *theme.Theme, l *locale.Locale, secs []int, s layout.Size) []string {
	if len(secs) == 0 {
		return nil
	}
	shown := secs[0]
	for _, i := range secs {
		if m.seen[i] > m.seen[shown] {
			shown = i
		}
	}
	bar := layout.NewRow(s.W)
	from := 0 // so far left that the shown one is whole
	for used := func() (n int) {
		for _, i := range secs[from : slices.Index(secs, shown)+1] {
			n += 3 + layout.Width(m.page.Sections[i].Title) + 1 + layout.Width(m.count(l, i))
		}
		return n
	}; secs[from] != shown && used() > s.W; {
		from++
	}
	for _, i := range secs[from:] {
		style := th.Muted
		if i == shown {
			style = th.Strong
		}
		m.title(th, l, bar, i, style)
		bar.Gap(1)
	}
	var said []string
	if m.focus == shown+1 && s.H > spare {
		said = m.about(th, shown, s.W)
	}
	return append(append([]string{bar.String()}, m.section(th, l, shown, layout.Size{W: s.W, H: s.H - 1 - len(said)})...), said...)
}

// about says of the selected row of section i what its columns have no room for, in so many lines.
func (m *model[T]) about(th *theme.Theme, i, w int) []string {
	k, ok := m.tables[i].Selected()
	if !ok || m.page.Sections[i].About == nil {
		return nil
	}
	lines := []string{th.Border.Render("--")}
	for _, text := range m.page.Sections[i].About(k) {
		for _, t := range layout.Wrap(text, w-3) {
			lines = append(lines, "   "+th.Muted.Render(t))
		}
	}
	for len(lines) < about {
		lines = append(lines, "")
	}
	return lines[:about]
}

func (m *model[T]) count(l *locale.Locale, i int) string {
	s := &m.page.Sections[i]
	switch {
	case m.filter != "":
		return l.F(locale.SheetOf, l.Int(m.tables[i].Len()), l.Int(s.Rows.Len))
	case s.Count != "":
		return s.Count
	}
	return l.Int(s.Rows.Len)
}

// title writes a section's name and count; the focused one carries the selection and its sign.
func (m *model[T]) title(th *theme.Theme, l *locale.Locale, r *layout.Row, i int, style theme.Style) {
	name, n := m.page.Sections[i].Title, m.count(l, i)
	if m.focus == i+1 {
		r.Add(th.Selection, "> "+name+" "+n)
		return
	}
	r.Gap(2).Add(style, name).Gap(1).Add(th.Muted, n)
}

// section draws what is under a section's title.
func (m *model[T]) section(th *theme.Theme, l *locale.Locale, i int, s layout.Size) []string {
	if s.Empty() {
		return nil
	}
	sec, t := &m.page.Sections[i], m.tables[i]
	switch {
	case sec.Rows.Len == 0:
		return []string{"  " + th.Muted.Render(layout.Cut(sec.Empty, s.W-2))}
	case t.Len() == 0:
		return []string{"  " + th.Muted.Render(layout.Cut(l.T(locale.SheetMatch), s.W-2))}
	}
	var lines []string
	rest := s.H
	if high := min(picture, s.H-1-min(least-1, t.Len()+1)); sec.Above != nil && high >= picture-1 {
		lines = append(sec.Above(layout.Size{W: s.W, H: high}), "")
		rest -= len(lines)
	}
	t.SetSize(layout.Size{W: s.W, H: min(rest, t.Len()+1)})
	if m.focus == i+1 {
		lines = append(lines, layout.Lines(t.View(th))...)
	} else {
		lines = append(lines, layout.Lines(t.Still(th))...)
	}
	if len(lines) > s.H {
		lines = lines[:s.H]
	}
	for len(lines) < s.H {
		lines = append(lines, "")
	}
	return lines
}
