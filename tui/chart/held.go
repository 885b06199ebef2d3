package chart

import (
	"math"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Held is one line of a reliability diagram: what was said, and what came of it, from 0 to 1.
type Held struct {
	Label      string
	Said, Came float64
	Texts      []string // figures to the right
}

// Reliability draws what came "#" against what was said "|", one line each under a heading, none wider than w. Where the sign stands at the bar's end, the word was kept.
func Reliability(th *theme.Theme, w int, label string, heads []string, lines []Held) []string {
	width, cols := layout.Width(label), make([]int, len(heads))
	for i, h := range heads {
		cols[i] = layout.Width(h)
	}
	for _, x := range lines {
		width = max(width, layout.Width(x.Label))
		for i := range min(len(x.Texts), len(cols)) {
			cols[i] = max(cols[i], layout.Width(x.Texts[i]))
		}
	}
	bar := w - width - 3
	for _, c := range cols {
		bar -= c + 2
	}
	for bar < minBar && len(cols) > 0 {
		bar += cols[len(cols)-1] + 2
		cols = cols[:len(cols)-1]
	}
	bar = max(0, min(bar, 60))
	head := layout.NewRow(w)
	head.Fill(th.Header, ' ', 1).Cell(th.Header, label, width, layout.Left).Fill(th.Header, ' ', bar+2)
	for i, c := range cols {
		head.Fill(th.Header, ' ', 2).Cell(th.Header, heads[i], c, layout.Right)
	}
	out := []string{head.Padded(th.Header)}
	for _, x := range lines {
		came, said := length(x.Came, 1, bar), -1
		if x.Said >= 0 && x.Said <= 1 {
			said = min(bar-1, int(math.Round(x.Said*float64(bar))))
		}
		r := layout.NewRow(w)
		r.Gap(1).Cell("", x.Label, width, layout.Right).Gap(1)
		for i := range bar {
			switch {
			case i == said:
				r.Fill(th.Strong, '|', 1)
			case i < came:
				r.Fill(th.Fill[0], '#', 1)
			default:
				r.Fill(th.Track, '.', 1)
			}
		}
		r.Gap(1)
		for j, c := range cols {
			s := ""
			if j < len(x.Texts) {
				s = x.Texts[j]
			}
			r.Gap(2).Cell(th.Muted, s, c, layout.Right)
		}
		out = append(out, r.String())
	}
	return out
}
