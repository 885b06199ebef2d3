package chart

import (
	"math"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Fall is one line of a Waterfall: a level, or a step that begins where the one before it ended.
type Fall struct {
	Label string
	Value float64  // of a step negative when it goes down
	Level bool     // Value is the whole height
	Texts []string // figures to the right, one per heading
}

// Waterfall leads from one level to another by steps, one line each.
type Waterfall struct {
	Falls    []Fall
	Label    string
	Heads    []string
	Selected int // -1: none
}

// Draw returns a heading and one line per fall, none wider than w.
func (f Waterfall) Draw(th *theme.Theme, w int) []string {
	label, cols := layout.Width(f.Label), make([]int, len(f.Heads))
	for i, h := range f.Heads {
		cols[i] = layout.Width(h)
	}
	top, run := 0., 0.
	for _, x := range f.Falls {
		label = max(label, layout.Width(x.Label))
		for i := range min(len(x.Texts), len(cols)) {
			cols[i] = max(cols[i], layout.Width(x.Texts[i]))
		}
		if run += x.Value; x.Level {
			run = x.Value
		}
		if !math.IsNaN(run) {
			top = max(top, run, run-x.Value)
		}
	}
	label = min(label, max(4, w/3))
	bar := w - label - 3
	for _, c := range cols {
		bar -= c + 2
	}
	for bar < minBar && len(cols) > 0 {
		bar += cols[len(cols)-1] + 2
		cols = cols[:len(cols)-1]
	}
	bar = max(0, bar)
	head := layout.NewRow(w)
	head.Fill(th.Header, ' ', 1).Cell(th.Header, f.Label, label, layout.Left).Fill(th.Header, ' ', bar+2)
	for i, c := range cols {
		head.Fill(th.Header, ' ', 2).Cell(th.Header, f.Heads[i], c, layout.Right)
	}
	out := []string{head.Padded(th.Header)}
	place := func(v float64) int {
		if !(top > 0) || !(v > 0) {
			return 0
		}
		return min(bar, int(math.Round(v/top*float64(bar))))
	}
	run = 0
	for i, x := range f.Falls {
		from := run
		if run += x.Value; x.Level {
			from, run = 0, x.Value
		}
		a, b := place(min(from, run)), place(max(from, run))
		if x.Value != 0 && a == b && bar > 0 { // little is not nothing
			if b = min(bar, a+1); a == b {
				a--
			}
		}
		style, glyph := th.Fill[0], byte('#')
		switch {
		case x.Level:
		case x.Value > 0:
			style, glyph = th.GoodBar, '+'
		default:
			style, glyph = th.BadBar, '-'
		}
		on, sign, r := theme.Style(""), byte(' '), layout.NewRow(w)
		if i == f.Selected {
			on, sign = th.Selection, '>'
		}
		r.Fill(on, sign, 1).Cell(on, x.Label, label, layout.Left).Fill(on, ' ', 1+a).Fill(style, glyph, b-a).Fill(on, ' ', bar-b+1)
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
