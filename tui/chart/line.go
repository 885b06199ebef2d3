package chart

import (
	"math"

	"github.com/NimbleMarkets/ntcharts/v2/canvas"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/graph"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/runes"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Spark returns values as braille dots, two to a cell, the newest to the right; w cells at most. It carries no colour. Values that are not numbers
// leave a gap.
func Spark(values []float64, w int) string {
	if w <= 0 || len(values) == 0 {
		return ""
	}
	if len(values) > 2*w {
		values = values[len(values)-2*w:]
	}
	low, high := bounds(values)
	g := runes.NewPatternDotsGrid(len(values), 4)
	for x, v := range values {
		if math.IsNaN(v) {
			continue
		}
		n := 1
		if high > low {
			n = 1 + int(math.Round((v-low)/(high-low)*3))
		}
		for y := range n {
			g.Set(x, 3-y)
		}
	}
	return string(g.BraillePatterns()[0])
}

func bounds(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		return 0, 0
	}
	return low, high
}

// Series is one line of Line.
type Series struct {
	Name   string
	Values []float64 // evenly spaced; NaN leaves a gap
}

// Line draws up to six series over one axis, each with its name in a legend.
type Line struct {
	Series []Series
	Labels []string             // of the first and the last point, or of every point
	Figure func(float64) string // writes the axis' ends
	Zero   bool                 // the axis begins at zero
}

// Draw returns exactly s.H lines: legend, plot, labels. Under 4×3 cells they are empty.
func (l Line) Draw(th *theme.Theme, s layout.Size) []string {
	out := make([]string, max(0, s.H))
	low, high := math.Inf(1), math.Inf(-1)
	points := 0
	for _, e := range l.Series {
		if len(e.Values) == 0 {
			continue
		}
		a, b := bounds(e.Values)
		low, high, points = min(low, a), max(high, b), max(points, len(e.Values))
	}
	if s.W < 4 || s.H < 3 || points == 0 {
		return out
	}
	if l.Zero {
		low, high = min(low, 0), max(high, 0)
	}
	if high == low {
		high = low + 1
	}
	top, bottom := l.Figure(high), l.Figure(low)
	axis := min(max(layout.Width(top), layout.Width(bottom)), s.W/3)
	w, h := s.W-axis-1, s.H-2
	cells, colour := make([][]rune, h), make([][]int, h)
	for y := range h {
		cells[y], colour[y] = make([]rune, w), make([]int, w)
	}
	for i, e := range l.Series {
		g := graph.NewBrailleGrid(w, h, 0, float64(max(1, points-1)), low, high)
		last := -1
		for x, v := range e.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				last = -1
				continue
			}
			p := g.GridPoint(canvas.Float64Point{X: float64(x), Y: v})
			if last >= 0 {
				from := g.GridPoint(canvas.Float64Point{X: float64(last), Y: e.Values[last]})
				for _, q := range graph.GetLinePoints(from, p) {
					g.Set(q)
				}
			}
			g.Set(p)
			last = x
		}
		for y, line := range g.BraillePatterns() {
			for x, r := range line {
				if y < h && x < w && r != 0 && r != '\u2800' {
					cells[y][x], colour[y][x] = runes.CombineBraillePatterns(cells[y][x], r), i // r when the cell was empty
				}
			}
		}
	}
	legend := layout.NewRow(s.W)
	for i, e := range l.Series {
		if i > 0 {
			legend.Gap(2)
		}
		legend.Add(th.Series[i%len(th.Series)], "-- "+e.Name)
	}
	out[0] = legend.String()
	for y := range h {
		r, mark := layout.NewRow(s.W), ""
		switch y {
		case 0:
			mark = top
		case h - 1:
			mark = bottom
		}
		r.Cell(th.Muted, mark, axis, layout.Right).Gap(1)
		for x := 0; x < w; {
			c, from := colour[y][x], x
			blank := cells[y][x] == 0
			for x < w && (cells[y][x] == 0) == blank && colour[y][x] == c {
				x++
			}
			if blank {
				r.Gap(x - from)
			} else {
				r.Add(th.Series[c%len(th.Series)], string(cells[y][from:x]))
			}
		}
		out[y+1] = r.String()
	}
	foot := layout.NewRow(s.W).Gap(axis + 1)
	if n := len(l.Labels); n > 0 {
		foot.Add(th.Muted, l.Labels[0])
		if end := l.Labels[n-1]; n > 1 {
			foot.Gap(foot.Left()-layout.Width(end)).Add(th.Muted, end)
		}
	}
	out[s.H-1] = foot.String()
	return out
}
