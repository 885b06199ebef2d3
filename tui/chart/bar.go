// Package chart draws: data, a width and a theme in, lines of text out. Nothing is kept between calls; a pane memoises the result.
//
// Drawn here rather than by ntcharts is all that carries labels: ntcharts counts a label's bytes and gives each rune one cell, so Chinese shifts the row,
// and it has no funnel, flow, gauge or labelled heat map. Its braille grids are good and carry [Line] and [Spark]. Solid areas are ASCII glyphs in
// a style whose text and background are one colour: a block on a colour terminal, still readable without colour, in a
// copied text and where block elements are two columns wide. Floats are for lengths only; figures come in as texts.
package chart

import (
	"math"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Bar is one line of Bars.
type Bar struct {
	Label string
	Value float64     // its length
	Texts []string    // figures to the right, one per heading
	Style theme.Style // a solid one; "" is the theme's first Fill
}

// Bars are horizontal bars with a label to the left and right-aligned figures to the right. Centered makes a funnel of them.
type Bars struct {
	Bars     []Bar
	Label    string   // heading of the labels
	Heads    []string // headings of the figures; figures that do not fit go from the right
	Selected int      // -1: none
	Centered bool
	Max      float64 // 0: the largest value
}

const minBar = 6

// Draw returns a heading, if there is one, and one line per bar, none wider than w.
func (b Bars) Draw(th *theme.Theme, w int) []string {
	label, top := layout.Width(b.Label), b.Max
	cols := make([]int, len(b.Heads))
	for i, h := range b.Heads {
		cols[i] = layout.Width(h)
	}
	for _, x := range b.Bars {
		label = max(label, layout.Width(x.Label))
		for i := range min(len(x.Texts), len(cols)) {
			cols[i] = max(cols[i], layout.Width(x.Texts[i]))
		}
		if b.Max == 0 && x.Value > top {
			top = x.Value
		}
	}
	label = min(label, max(4, w/3))
	bar := w - label - 3 // the selection's sign and a blank on each side
	for _, c := range cols {
		bar -= c + 2
	}
	for bar < minBar && len(cols) > 0 {
		bar += cols[len(cols)-1] + 2
		cols = cols[:len(cols)-1]
	}
	bar = max(0, bar)
	var out []string
	if len(b.Heads) > 0 || b.Label != "" {
		r := layout.NewRow(w)
		r.Fill(th.Header, ' ', 1).Cell(th.Header, b.Label, label, layout.Left).Fill(th.Header, ' ', bar+2)
		for i, c := range cols {
			r.Fill(th.Header, ' ', 2).Cell(th.Header, b.Heads[i], c, layout.Right)
		}
		out = append(out, r.Padded(th.Header))
	}
	for i, x := range b.Bars {
		on, r := theme.Style(""), layout.NewRow(w)
		sign := byte(' ')
		if i == b.Selected {
			on, sign = th.Selection, '>'
		}
		n := length(x.Value, top, bar)
		lead := 0
		if b.Centered {
			lead = (bar - n) / 2
		}
		solid := x.Style
		if solid == "" {
			solid = th.Fill[0]
		}
		r.Fill(on, sign, 1).Cell(on, x.Label, label, layout.Left).Fill(on, ' ', 1+lead).Fill(solid, '#', n).Fill(on, ' ', bar-lead-n+1)
		for j, c := range cols {
			s := ""
			if j < len(x.Texts) {
				s = x.Texts[j]
			}
			r.Fill(on, ' ', 2).Cell(on, s, c, layout.Right)
		}
		out = append(out, r.Padded(on))
	}
	return out
}

// length scales v to cells: at least one for anything above zero, so that little is not shown as nothing.
func length(v, top float64, cells int) int {
	if !(v > 0) || !(top > 0) || cells <= 0 {
		return 0
	}
	return max(1, min(cells, int(math.Round(v/top*float64(cells)))))
}

// Progress draws done of total as a bar of w cells with a percentage. Without a total there is no bar and it returns "".
func Progress(th *theme.Theme, w, done, total int) string {
	if total <= 0 || w < 8 {
		return ""
	}
	share := min(1, max(0, float64(done)/float64(total)))
	n := length(share, 1, w-5)
	pct := itoa(int(share * 100))
	return layout.NewRow(w).Fill(th.Fill[0], '#', n).Fill(th.Track, '.', w-5-n).Add("", layout.FitRight(pct+"%", 5)).String()
}

// Gauge is how far a node is towards its quota. Commit and Best include what comes before them, as a manager adds them up.
type Gauge struct {
	Quota, Closed, Commit, Best float64
	Top                         float64 // what the full width stands for, so that several can be compared; 0: the largest of them
}

// Draw returns one line of w cells: closed "#", commit "=", best "-", and the quota as "|".
func (g Gauge) Draw(th *theme.Theme, w int) string {
	if w <= 0 {
		return ""
	}
	top := g.Top
	if top <= 0 {
		top = max(g.Quota, g.Closed, g.Commit, g.Best)
	}
	closed := length(g.Closed, top, w)
	commit := max(closed, length(g.Commit, top, w))
	best := max(commit, length(g.Best, top, w))
	quota := -1
	if g.Quota > 0 {
		quota = max(1, min(w, int(math.Round(g.Quota/top*float64(w))))) - 1
	}
	r := layout.NewRow(w)
	for i := range w {
		switch {
		case i == quota:
			r.Fill(th.Strong, '|', 1)
		case i < closed:
			r.Fill(th.GoodBar, '#', 1)
		case i < commit:
			r.Fill(th.Fill[0], '=', 1)
		case i < best:
			r.Fill(th.Series[0], '-', 1)
		default:
			r.Fill(th.Track, '.', 1)
		}
	}
	return r.String()
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
