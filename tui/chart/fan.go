package chart

import (
	"math"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Fan is where a sum has come and how far it may go: what is in as a solid area, what may come as a band around its middle, and a target. Past and the three lines
// of the band are evenly spaced; the band goes on from the last point of Past.
type Fan struct {
	Past           []float64 // what was in at the end of each step so far
	Low, Mid, High []float64 // of each step to come
	Target         float64   // 0: none
	Figure         func(float64) string
	TargetText     string // beside the target's line
	From, Now, To  string // under the first step, the last one past, the last one
}

// Draw returns exactly s.H lines: plot and labels. Under 16×4 cells they are empty.
func (f Fan) Draw(th *theme.Theme, s layout.Size) []string {
	out := make([]string, max(0, s.H))
	n := len(f.Past) + len(f.Mid)
	if s.W < 16 || s.H < 4 || n == 0 || len(f.Low) != len(f.Mid) || len(f.High) != len(f.Mid) {
		return out
	}
	top := f.Target
	for _, line := range [][]float64{f.Past, f.High, f.Mid} {
		for _, v := range line {
			if !math.IsInf(v, 0) && v > top { // never for NaN
				top = v
			}
		}
	}
	if !(top > 0) {
		top = 1
	}
	h := s.H - 1
	at := func(v float64) int { // how many rows from the bottom v reaches
		if !(v > 0) {
			return 0
		}
		return max(0, min(h, int(math.Round(v/top*float64(h)))))
	}
	// The axis names the top, the middle's end and what is in; where two fall on one line the first one stands.
	marks := make([]string, h)
	mark := func(v float64, text string) {
		if y := h - at(v); at(v) > 0 && y < h && marks[y] == "" && text != "" {
			marks[y] = text
		}
	}
	if f.Target > 0 {
		mark(f.Target, f.TargetText)
	}
	if len(f.Mid) > 0 {
		mark(f.Mid[len(f.Mid)-1], f.Figure(f.Mid[len(f.Mid)-1]))
	}
	if len(f.Past) > 0 {
		mark(f.Past[len(f.Past)-1], f.Figure(f.Past[len(f.Past)-1]))
	}
	mark(top, f.Figure(top))
	axis := 0
	for _, m := range marks {
		axis = max(axis, layout.Width(m))
	}
	axis = min(axis, s.W/3)
	w := s.W - axis - 1
	target := -1
	if f.Target > 0 {
		target = h - at(f.Target)
	}
	for y := range h {
		r := layout.NewRow(s.W)
		r.Cell(th.Muted, marks[y], axis, layout.Right).Gap(1)
		level := h - y
		for x := range w {
			glyph, style := f.cell(th, float64(x)/float64(max(1, w-1))*float64(n-1), level, at)
			if y == target && glyph != '*' {
				glyph = '-'
				if style == "" || style == th.GoodBar || style == th.Fill[0] {
					style = th.Strong
				}
			}
			r.Fill(style, glyph, 1)
		}
		out[y] = r.String()
	}
	foot := layout.NewRow(s.W).Gap(axis + 1)
	foot.Add(th.Muted, f.From)
	if len(f.Past) > 0 && len(f.Mid) > 0 {
		x := axis + 1 + int(float64(len(f.Past)-1)/float64(max(1, n-1))*float64(w-1)) - layout.Width(f.Now)/2
		if gap := x - (s.W - foot.Left()); gap >= 1 && x+layout.Width(f.Now)+1+layout.Width(f.To) <= s.W {
			foot.Gap(gap).Add(th.Muted, f.Now)
		}
	}
	if gap := foot.Left() - layout.Width(f.To); gap >= 1 {
		foot.Gap(gap).Add(th.Muted, f.To)
	}
	out[h] = foot.String()
	return out
}

// cell is what stands at step x, so many rows from the bottom.
func (f Fan) cell(th *theme.Theme, x float64, level int, at func(float64) int) (glyph byte, style theme.Style) {
	past := float64(len(f.Past) - 1)
	if x <= past {
		if level <= at(between(f.Past, x)) {
			return '#', th.GoodBar
		}
		return ' ', ""
	}
	last := 0.
	if len(f.Past) > 0 {
		last = f.Past[len(f.Past)-1]
	}
	line := func(v []float64) float64 {
		if k := x - past - 1; k >= 0 {
			return between(v, k)
		}
		return last + (v[0]-last)*(x-past)
	}
	low, mid, high := at(line(f.Low)), at(line(f.Mid)), at(line(f.High))
	switch {
	case level <= at(last): // what is in stays in
		return '#', th.GoodBar
	case level == max(mid, 1):
		return '*', th.Strong
	case level <= low:
		return '=', th.Fill[0]
	case level <= high:
		return ':', th.Series[0]
	}
	return ' ', ""
}

// between reads a line at a place between its points.
func between(v []float64, x float64) float64 {
	i := int(x)
	switch {
	case len(v) == 0:
		return 0
	case i < 0:
		return v[0]
	case i >= len(v)-1:
		return v[len(v)-1]
	}
	return v[i] + (v[i+1]-v[i])*(x-float64(i))
}

// Strip is one range on a scale: what is in, the band, its middle and a target.
type Strip struct {
	Past, Low, Mid, High, Target float64
	Top                          float64 // what the full width stands for; 0: the largest of them
}

// Draw returns one line of w cells: what is in "#", what comes nine times in ten "=", what may come ":", the middle "*", the target "|".
func (p Strip) Draw(th *theme.Theme, w int) string {
	if w <= 0 {
		return ""
	}
	top := p.Top
	if top <= 0 {
		top = max(p.Past, p.High, p.Target)
	}
	past := length(p.Past, top, w)
	low := max(past, length(p.Low, top, w))
	high := max(low, length(p.High, top, w))
	place := func(v float64) int {
		if !(v > 0) || !(top > 0) {
			return -1
		}
		return max(1, min(w, int(math.Round(v/top*float64(w))))) - 1
	}
	mid, target := place(p.Mid), place(p.Target)
	r := layout.NewRow(w)
	for i := range w {
		switch {
		case i == mid:
			r.Fill(th.Strong, '*', 1)
		case i == target:
			r.Fill(th.Strong, '|', 1)
		case i < past:
			r.Fill(th.GoodBar, '#', 1)
		case i < low:
			r.Fill(th.Fill[0], '=', 1)
		case i < high:
			r.Fill(th.Series[0], ':', 1)
		default:
			r.Fill(th.Track, '.', 1)
		}
	}
	return r.String()
}
