package chart

import (
	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Flow shows what went up and what went down per step of time: bars above and below a line of labels.
type Flow struct {
	Labels   []string
	Up, Down []float64 // lengths, both positive; as long as Labels
	UpText   []string  // figures at the bars' ends; nil: none
	DownText []string
	Selected int // -1: none
}

// Draw returns at most s.H lines, none wider than s.W: figures, rising bars of "+", labels, falling bars of "-", figures. When not every step fits the
// last ones are shown, or those around the selected one.
func (f Flow) Draw(th *theme.Theme, s layout.Size) []string {
	n := len(f.Labels)
	if s.Empty() || n == 0 {
		return nil
	}
	cell, top := 3, 0.0
	for i := range f.Labels {
		cell = max(cell, layout.Width(f.Labels[i]), layout.Width(at(f.UpText, i)), layout.Width(at(f.DownText, i)))
		top = max(top, val(f.Up, i), val(f.Down, i))
	}
	cell++
	want := f.Selected
	if want < 0 {
		want = n - 1
	}
	shown, from := span(n, max(1, (s.W+1)/cell), want) // the last one needs no blank after it
	cell = min(cell+4, max(cell, (s.W+1)/shown))
	texts := s.H >= 5 && (f.UpText != nil || f.DownText != nil)
	half := (s.H - 1 - 2*btoi(texts)) / 2
	var out []string
	line := func(cellOf func(r *layout.Row, i int)) {
		r := layout.NewRow(s.W)
		for i := from; i < from+shown; i++ {
			cellOf(r, i)
		}
		out = append(out, r.String())
	}
	words := func(style theme.Style, text func(i int) string) {
		line(func(r *layout.Row, i int) {
			on := style
			if i == f.Selected {
				on = th.Selection
			}
			r.Cell(on, text(i), cell-1, layout.Center).Gap(1)
		})
	}
	bars := func(style theme.Style, glyph byte, filled func(i int) bool) {
		line(func(r *layout.Row, i int) {
			if filled(i) {
				r.Fill(style, glyph, cell-1).Gap(1)
			} else {
				r.Gap(cell)
			}
		})
	}
	if texts {
		words(th.Good, func(i int) string { return at(f.UpText, i) })
	}
	for y := half; y > 0; y-- {
		bars(th.GoodBar, '+', func(i int) bool { return length(val(f.Up, i), top, half) >= y })
	}
	words(th.Muted, func(i int) string { return f.Labels[i] })
	for y := 1; y <= half; y++ {
		bars(th.BadBar, '-', func(i int) bool { return length(val(f.Down, i), top, half) >= y })
	}
	if texts {
		words(th.Bad, func(i int) string { return at(f.DownText, i) })
	}
	return out
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}

func val(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
