package chart

import (
	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Histogram is counts by bins as columns, with signs under the bins that something falls into.
type Histogram struct {
	Counts []int
	Labels []string // where each bin begins
	Marks  []Mark
}

// Mark is a sign under a bin.
type Mark struct {
	Bin   int
	Sign  string
	Style theme.Style
}

// Draw returns exactly s.H lines: columns, the bins' labels, the signs. Under 4 lines, or 2 columns a bin, they are empty.
func (g Histogram) Draw(th *theme.Theme, s layout.Size) []string {
	out := make([]string, max(0, s.H))
	n, top := len(g.Counts), 0
	if n == 0 || s.H < 4 || s.W < 2*n {
		return out
	}
	for _, c := range g.Counts {
		top = max(top, c)
	}
	w, h := min(s.W/n, 8), s.H-2
	for y := range h {
		r := layout.NewRow(s.W)
		for _, c := range g.Counts {
			if length(float64(c), float64(top), h) >= h-y {
				r.Fill(th.Fill[0], '#', w-1).Gap(1)
			} else {
				r.Gap(w)
			}
		}
		out[y] = r.String()
	}
	axis := layout.NewRow(s.W)
	for i := 0; i < n; {
		label, span := "", w
		if i < len(g.Labels) {
			label = g.Labels[i]
		}
		k := 1
		for ; span < layout.Width(label)+1 && i+k < n; k++ { // one label for several bins where they are narrow
			span += w
		}
		axis.Cell(th.Muted, label, span, layout.Left)
		i += k
	}
	out[h] = axis.String()
	signs := layout.NewRow(s.W)
	for i := range n {
		at := 0
		for _, m := range g.Marks {
			if m.Bin == i && at+layout.Width(m.Sign) <= w {
				signs.Add(m.Style, m.Sign)
				at += layout.Width(m.Sign)
			}
		}
		signs.Gap(w - at)
	}
	out[h+1] = signs.String()
	return out
}
