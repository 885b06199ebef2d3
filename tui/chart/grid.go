package chart

import (
	"strings"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Grid is a heat map or a matrix: rows by columns with labels, one cell selected. When it does not fit, a window around the selected cell is
// shown.
type Grid struct {
	Rows, Cols []string                                     // labels
	Corner     string                                       // above the row labels
	Value      func(r, c int) float64                       // its heat; 0 or less is nothing
	Text       func(r, c int) string                        // its figure; nil: the shade glyph alone
	Ramp       func(r, c int) *[theme.HeatSteps]theme.Style // nil: the theme's Heat
	Max        float64                                      // 0: the largest value of the grid
	Row, Col   int                                          // selected; negative: none
	MaxCell    int                                          // widest cell; 0: 8
}

// Window says which part of a grid a drawing shows.
type Window struct{ Row, Rows, Col, Cols, Cell, Label int }

// Fit computes the window for a drawing of s.
func (g Grid) Fit(s layout.Size) Window {
	v := Window{Label: layout.Width(g.Corner)}
	for _, r := range g.Rows {
		v.Label = max(v.Label, layout.Width(r))
	}
	v.Label = max(0, min(v.Label, s.W/3)) + 1 // the selection's sign
	room := max(0, s.W-v.Label-1)
	v.Rows, v.Row = span(len(g.Rows), s.H-1, g.Row)
	if len(g.Cols) == 0 || room == 0 {
		return v
	}
	most := g.MaxCell
	if most <= 0 {
		most = 8
	}
	text := 1
	if g.Text != nil {
		for r := v.Row; r < v.Row+v.Rows; r++ {
			for c := range g.Cols {
				text = max(text, layout.Width(g.Text(r, c))+1)
			}
		}
	}
	v.Cell = max(1, min(room/len(g.Cols), max(most, text)))
	if g.Text != nil && v.Cell < text && text <= 4 && room/text >= len(g.Cols)*3/4 {
		v.Cell = text // a few columns less, but figures
	}
	v.Cols, v.Col = span(len(g.Cols), room/v.Cell, g.Col)
	return v
}

// span returns how many of n are shown in room, and from which on, so that at is among them.
func span(n, room, at int) (shown, from int) {
	shown = max(0, min(n, room))
	if shown < n && at >= 0 {
		from = max(0, min(at-shown/2, n-shown))
	}
	return shown, from
}

// Draw returns the column labels and one line per shown row: at most s.H lines, none wider than s.W.
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
	out := make([]string, 0, v.Rows+1)
	out = append(out, g.heads(th, s.W, v))
	figures := g.Text != nil
	if figures {
	check:
		for r := v.Row; r < v.Row+v.Rows; r++ {
			for c := v.Col; c < v.Col+v.Cols; c++ {
				if layout.Width(g.Text(r, c)) >= v.Cell { // a blank between figures, or the shades instead
					figures = false
					break check
				}
			}
		}
	}
	var shade [theme.HeatSteps]string
	for i := range shade {
		shade[i] = layout.Blank(v.Cell/2) + string(theme.Shade(i)) + layout.Blank(v.Cell-v.Cell/2-1) // a blank before it, for the selection's sign
	}
	for r := v.Row; r < v.Row+v.Rows; r++ {
		sign, on := byte(' '), th.Muted
		if r == g.Row {
			sign, on = '>', th.Strong
		}
		row := layout.NewRow(s.W)
		row.Fill(on, sign, 1).Cell(on, g.Rows[r], v.Label-1, layout.Left).Fill("", ' ', 1)
		for c := v.Col; c < v.Col+v.Cols; c++ {
			l := theme.Level(g.Value(r, c), top)
			ramp := &th.Heat
			if g.Ramp != nil {
				if p := g.Ramp(r, c); p != nil {
					ramp = p
				}
			}
			text, style := shade[l], ramp[l]
			if figures {
				text = layout.FitRight(g.Text(r, c), v.Cell)
			}
			if r == g.Row && c == g.Col {
				style = th.Cursor
				if n := strings.LastIndexByte(strings.TrimRight(text, " "), ' '); n >= 0 { // the sign stands in the blank before the figure
					text = text[:n] + ">" + text[n+1:]
				}
			}
			row.Put(style, text, v.Cell)
		}
		out = append(out, row.String())
	}
	return out
}

// heads writes column labels so that each ends where its cell does. The selected one comes first, then those that have room, a blank between two.
func (g Grid) heads(th *theme.Theme, w int, v Window) string {
	row := layout.NewRow(w)
	row.Fill(th.Muted, ' ', 1).Cell(th.Muted, g.Corner, v.Label-1, layout.Left).Fill("", ' ', 1)
	taken := make([]int, v.Cols*v.Cell+1) // per column of the screen: the label that stands there, from 1
	place := func(c int) {
		end := (c - v.Col + 1) * v.Cell
		from := max(0, end-layout.Width(g.Cols[c]))
		end = from + layout.Width(g.Cols[c])
		if end == from || end >= len(taken) {
			return
		}
		for x := max(0, from-1); x <= end; x++ {
			if taken[x] != 0 {
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
			row.Add(th.Strong, g.Cols[c-1])
		default:
			row.Add(th.Muted, g.Cols[c-1])
		}
	}
	return row.String()
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
