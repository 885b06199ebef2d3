package chart

import (
	"slices"
	"strings"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Grid is a heat map or a matrix: rows by columns with labels, one cell selected. When it does not fit, a window around the selected cell is
// shown; totals stay in view.
type Grid struct {
	Rows, Cols []string                                     // labels
	Corner     string                                       // above the row labels
	Value      func(r, c int) float64                       // its heat; 0 or less is nothing
	Text       func(r, c int) string                        // its figure; nil: the shade glyph alone
	Ramp       func(r, c int) *[theme.HeatSteps]theme.Style // nil: the theme's Heat
	Max        float64                                      // 0: the largest value of the grid
	Row, Col   int                                          // selected; negative: none; len(Rows) and len(Cols) are the totals'
	MaxCell    int                                          // widest cell; 0: 8
	Tall       int                                          // most lines of a row, where there is room; 0: 1
	Figures    bool                                         // rather fewer columns than shades instead of figures
	// Total gives the figure at the end of row r (c is len(Cols)), under column c (r is len(Rows)) and of everything (both); nil: no totals.
	Total     func(r, c int) string
	TotalName string
}

// Window says which part of a grid a drawing shows.
type Window struct {
	Row, Rows, Col, Cols int
	Cell, Label, Total   int // columns of a cell, of the row labels, of the totals
	Tall                 int // lines of a row
	Pad                  int // blanks after a figure, where cells are wide
}

// Fit computes the window for a drawing of s.
func (g Grid) Fit(s layout.Size) Window {
	v := Window{Tall: 1}
	v.Label, v.Total = g.margins()
	lines := s.H - 1
	if g.Total != nil {
		lines--
	}
	v.Label = max(0, min(v.Label, s.W/3)) + 1 // the selection's sign
	room := max(0, s.W-v.Label-1-v.Total)
	if len(g.Rows) > 0 {
		v.Tall = max(1, min(g.Tall, lines/len(g.Rows)))
	}
	v.Rows, v.Row = span(len(g.Rows), lines/v.Tall, min(g.Row, len(g.Rows)-1))
	if len(g.Cols) == 0 || room == 0 {
		return v
	}
	most := g.MaxCell
	if most <= 0 {
		most = 8
	}
	text := g.text(v.Row, v.Row+v.Rows)
	v.Cell = max(1, min(room/len(g.Cols), max(most, text)))
	if g.Text != nil && v.Cell < text && (g.Figures && text <= room || text <= 4 && 3*(room/text) >= 2*len(g.Cols)) {
		v.Cell = text // a few columns less, but figures
	}
	if g.Text != nil && v.Cell >= text+2 {
		v.Pad = 1
	}
	if v.Cols = min(len(g.Cols), room/v.Cell); v.Cols < len(g.Cols) {
		v.Col = g.richest(v)
	}
	return v
}

// margins returns the columns that the row labels and the totals want.
func (g Grid) margins() (label, total int) {
	label = layout.Width(g.Corner)
	for _, r := range g.Rows {
		label = max(label, layout.Width(r))
	}
	if g.Total == nil {
		return label, 0
	}
	total = layout.Width(g.TotalName)
	label = max(label, total)
	for r := range len(g.Rows) + 1 {
		total = max(total, layout.Width(g.Total(r, len(g.Cols))))
	}
	return label, total + 2 // a blank, and one for the selection's sign
}

// text returns the columns that the widest figure of some rows wants, with a blank before it.
func (g Grid) text(from, to int) int {
	text := 1
	if g.Text != nil {
		for r := from; r < to; r++ {
			for c := range g.Cols {
				text = max(text, layout.Width(g.Text(r, c))+1)
			}
		}
	}
	return text
}

// Wants returns the width from which on every column is in view with its figures.
func (g Grid) Wants() int {
	label, total := g.margins()
	return label + 2 + len(g.Cols)*g.text(0, len(g.Rows)) + total
}

// richest returns from which column on to show v.Cols of them: those that hold the most, the selected one among them. So the picture keeps still while the
// cursor walks within it, and hours of the night do not push out the day.
func (g Grid) richest(v Window) int {
	sums := make([]float64, len(g.Cols)+1) // of the columns before
	for c := range g.Cols {
		sums[c+1] = sums[c]
		for r := range g.Rows {
			sums[c+1] += max(0, g.Value(r, c))
		}
	}
	first, last := 0, len(g.Cols)-v.Cols
	if g.Col >= 0 && g.Col < len(g.Cols) {
		first, last = max(first, g.Col-v.Cols+1), min(last, g.Col)
	}
	best := last // of equals the latest
	for from := last; from >= first; from-- {
		if sums[from+v.Cols]-sums[from] > sums[best+v.Cols]-sums[best] {
			best = from
		}
	}
	return best
}

// span returns how many of n are shown in room, and from which on, so that at is among them.
func span(n, room, at int) (shown, from int) {
	shown = max(0, min(n, room))
	if shown < n && at >= 0 {
		from = max(0, min(at-shown/2, n-shown))
	}
	return shown, from
}

// Draw returns the column labels, the lines of each shown row and the totals: at most s.H lines, none wider than s.W.
func (g Grid) Draw(th *theme.Theme, s layout.Size) []string {
	if s.Empty() {
		return nil
	}
	v, top := g.Fit(s), g.Max
	if top <= 0 {
		for r := range g.Rows {
			for c := range g.Cols {
				top = max(top, g.Value(r, c))
			}
		}
	}
	out := make([]string, 0, v.Rows*v.Tall+2)
	out = append(out, g.heads(th, s.W, v))
	p := painter{Grid: g, th: th, v: v, top: top, figures: g.readable(v)}
	for i := range p.shade {
		p.shade[i] = layout.Blank(v.Cell/2) + string(theme.Shade(i)) + layout.Blank(v.Cell-v.Cell/2-1) // a blank before it, for the selection's sign
	}
	for r := v.Row; r < v.Row+v.Rows; r++ {
		for line := range v.Tall {
			out = append(out, p.row(s.W, r, line))
		}
	}
	if g.Total != nil && s.H > 1 {
		out = append(out, g.totals(th, s.W, v, s.H-len(out))...)
	}
	return out
}

// readable reports whether every figure in the window fits its cell with a blank before it; otherwise shades stand instead.
func (g Grid) readable(v Window) bool {
	if g.Text == nil {
		return false
	}
	for r := v.Row; r < v.Row+v.Rows; r++ {
		for c := v.Col; c < v.Col+v.Cols; c++ {
			if layout.Width(g.Text(r, c)) >= v.Cell {
				return false
			}
		}
	}
	return true
}

// painter is one drawing under way.
type painter struct {
	Grid
	th      *theme.Theme
	v       Window
	top     float64
	figures bool
	shade   [theme.HeatSteps]string
}

// row draws one line of a row. Words stand in the middle one.
func (p *painter) row(w, r, line int) string {
	g, v, th := &p.Grid, p.v, p.th
	words := line == (v.Tall-1)/2
	sign, on, label := byte(' '), th.Muted, ""
	if r == g.Row {
		on = th.Strong
	}
	if words {
		if label = g.Rows[r]; r == g.Row {
			sign = '>'
		}
	}
	row := layout.NewRow(w)
	row.Fill(on, sign, 1).Cell(on, label, v.Label-1, layout.Left).Fill("", ' ', 1)
	for c := v.Col; c < v.Col+v.Cols; c++ {
		l := theme.Level(g.Value(r, c), p.top)
		ramp := &th.Heat
		if g.Ramp != nil {
			if own := g.Ramp(r, c); own != nil {
				ramp = own
			}
		}
		text, style := p.shade[l], ramp[l]
		if p.figures {
			if text = layout.Blank(v.Cell); words {
				text = layout.FitRight(g.Text(r, c), v.Cell-v.Pad) + layout.Blank(v.Pad)
			}
			if l == 0 {
				style = th.Muted
			}
		}
		if r == g.Row && c == g.Col {
			style = th.Cursor
			if words {
				text = signed(text)
			}
		}
		row.Put(style, text, v.Cell)
	}
	if g.Total != nil {
		text, style := "", th.Strong
		if words {
			text = g.Total(r, len(g.Cols))
		}
		text = layout.FitRight(text, v.Total)
		if r == g.Row && g.Col == len(g.Cols) {
			if style = th.Cursor; words {
				text = signed(text)
			}
		}
		row.Add(style, text)
	}
	return row.String()
}

// signed puts the selection's sign in the blank before a figure.
func signed(text string) string {
	if n := strings.LastIndexByte(strings.TrimRight(text, " "), ' '); n >= 0 {
		return text[:n] + ">" + text[n+1:]
	}
	return text
}

// heads writes the column labels, between "<" and ">" where columns are out of view.
func (g Grid) heads(th *theme.Theme, w int, v Window) string {
	row := layout.NewRow(w)
	before, after := byte(' '), byte(' ')
	if v.Col > 0 {
		before = '<'
	}
	if v.Col+v.Cols < len(g.Cols) {
		after = '>'
	}
	row.Fill(th.Muted, ' ', 1).Cell(th.Muted, g.Corner, v.Label-1, layout.Left).Fill(th.Accent, before, 1)
	g.words(row, v, func(c int) string { return g.Cols[c] }, th.Muted, th.Strong)
	if g.Total != nil {
		style := th.Muted
		if g.Col == len(g.Cols) {
			style = th.Strong
		}
		row.Fill(th.Accent, after, 1).Cell(style, g.TotalName, v.Total-1, layout.Right)
	} else if after == '>' {
		row.Fill(th.Accent, after, 1)
	}
	return row.String()
}

// totals writes the figures under the columns; those that find no room beside their neighbours go on a second line, where lines permits.
func (g Grid) totals(th *theme.Theme, w int, v Window, lines int) []string {
	n, row := len(g.Rows), layout.NewRow(w)
	sign, on, cursor := byte(' '), th.Muted, th.Strong
	if g.Row == n {
		sign, on, cursor = '>', th.Strong, th.Cursor
	}
	row.Fill(on, sign, 1).Cell(on, g.TotalName, v.Label-1, layout.Left).Fill("", ' ', 1)
	figure := func(c int) string {
		t := g.Total(n, c)
		if layout.Width(t) >= v.Cell { // better without separators than not at all
			t = strings.ReplaceAll(t, ",", "")
		}
		if g.Row == n && c == g.Col {
			return ">" + t
		}
		return t
	}
	left := g.words(row, v, figure, "", cursor)
	text, style := layout.FitRight(g.Total(n, len(g.Cols)), v.Total), th.Strong
	if g.Row == n && g.Col == len(g.Cols) {
		text, style = signed(text), th.Cursor
	}
	row.Add(style, text)
	if len(left) == 0 || lines < 2 {
		return []string{row.String()}
	}
	second := layout.NewRow(w).Gap(v.Label + 1)
	g.words(second, v, func(c int) string {
		if !slices.Contains(left, c) {
			return ""
		}
		return figure(c)
	}, "", cursor)
	return []string{row.String(), second.String()}
}

// words writes one text per column so that each ends where its cell does. The selected one comes first, then those that have room, a blank between two; the
// columns that had none are returned.
func (g Grid) words(row *layout.Row, v Window, text func(c int) string, style, chosen theme.Style) (left []int) {
	taken := make([]int, v.Cols*v.Cell+1) // per column of the screen: the text that stands there, from 1
	place := func(c int) {
		end := (c-v.Col+1)*v.Cell - v.Pad
		from := max(0, end-layout.Width(text(c)))
		end = from + layout.Width(text(c))
		if end == from || end >= len(taken) {
			return
		}
		for x := max(0, from-1); x <= end; x++ {
			if taken[x] != 0 {
				left = append(left, c)
				return
			}
		}
		for x := from; x < end; x++ {
			taken[x] = c + 1
		}
	}
	if g.Col >= v.Col && g.Col < v.Col+v.Cols {
		place(g.Col)
	}
	for c := v.Col; c < v.Col+v.Cols; c++ {
		if c != g.Col {
			place(c)
		}
	}
	for x := 0; x < len(taken)-1; {
		c, from := taken[x], x
		for x < len(taken)-1 && taken[x] == c {
			x++
		}
		switch {
		case c == 0:
			row.Fill("", ' ', x-from)
		case c-1 == g.Col:
			row.Add(chosen, text(c-1))
		default:
			row.Add(style, text(c-1))
		}
	}
	return left
}

// Legend draws the ramp between the words for its ends.
func Legend(th *theme.Theme, w int, low, high string) string {
	r := layout.NewRow(w)
	r.Add(th.Muted, low).Gap(1)
	for i := 1; i < theme.HeatSteps; i++ {
		r.Add(th.Heat[i], strings.Repeat(string(theme.Shade(i)), 2))
	}
	return r.Gap(1).Add(th.Muted, high).String()
}
