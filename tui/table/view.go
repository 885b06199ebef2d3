package table

import (
	"strings"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// fit decides which columns are shown and how wide: what can be dropped goes while the minimum does not fit; then columns grow to what they want,
// the least droppable first; then those that Grow share the rest.
func (t *Table) fit() {
	t.version++
	t.shown = t.shown[:0]
	for i := range t.cols {
		t.shown = append(t.shown, i)
	}
	room := t.size.W - gutter
	for len(t.shown) > 1 && t.need() > room {
		worst := -1
		for p, i := range t.shown {
			if d := t.cols[i].Drop; d > 0 && (worst < 0 || d >= t.cols[t.shown[worst]].Drop) {
				worst = p
			}
		}
		if worst < 0 {
			break
		}
		t.shown = append(t.shown[:worst], t.shown[worst+1:]...)
	}
	t.width = make([]int, len(t.shown))
	left, grow, last := room-t.need(), 0, 0
	for p, i := range t.shown {
		t.width[p] = t.cols[i].min()
		grow += t.cols[i].Grow
		last = max(last, t.cols[i].Drop)
	}
	for d := 0; d <= last && left > 0; d++ {
		for p, i := range t.shown {
			if c := t.cols[i]; c.Drop == d && c.Width > t.width[p] && left > 0 {
				more := min(left, c.Width-t.width[p])
				t.width[p] += more
				left -= more
			}
		}
	}
	for p, i := range t.shown {
		if g := t.cols[i].Grow; g > 0 && left > 0 {
			more := left * g / grow
			t.width[p] += more
			left -= more
			grow -= g
		}
	}
}

func (c Column) min() int {
	if c.Min > 0 {
		return min(c.Min, max(c.Width, c.Min))
	}
	return c.Width
}

func (t *Table) need() int {
	n := len(t.shown) - 1
	for _, i := range t.shown {
		n += t.cols[i].min()
	}
	return n
}

// View returns exactly H lines: the heading and the visible rows.
func (t *Table) View(th *theme.Theme) string {
	if t.size.Empty() {
		return layout.Frame(nil, t.size)
	}
	var b strings.Builder
	b.Grow(t.size.H * (t.size.W + 48))
	head := layout.NewRow(t.size.W)
	head.Add(th.Header, layout.Blank(gutter))
	for p, i := range t.shown {
		if p > 0 {
			head.Fill(th.Header, ' ', 1)
		}
		head.Cell(th.Header, t.cols[i].Title, t.width[p], t.cols[i].Align)
	}
	b.WriteString(head.Padded(th.Header))
	for line := 1; line < t.size.H; line++ {
		b.WriteByte('\n')
		if p := t.top + line - 1; p < t.Len() {
			b.WriteString(t.row(th, p))
		}
	}
	return b.String()
}

// Still is View without a selected row: a list that stands beside the pane that has the focus.
func (t *Table) Still(th *theme.Theme) string {
	at := t.at
	t.at = -1
	defer func() { t.at = at }()
	return t.View(th)
}

func (t *Table) row(th *theme.Theme, p int) string {
	i := t.index(p)
	clear(t.cells)
	t.rows.Cells(i, t.cells)
	marked := len(t.marks) > 0 && t.marks[t.keyAt(p)]
	selected := p == t.at
	style := func(s theme.Style) theme.Style {
		switch {
		case selected:
			return th.Selection
		case marked && s == "":
			return th.Mark
		}
		return s
	}
	r := layout.NewRow(t.size.W)
	sign := [gutter]byte{' ', ' '}
	if selected {
		sign[0] = '>'
	}
	if marked {
		sign[1] = '*'
	}
	r.Add(style(""), string(sign[:]))
	for p, c := range t.shown {
		if p > 0 {
			r.Fill(style(""), ' ', 1)
		}
		if bar := t.cells[c].Bar; bar > 0 {
			n := min(t.width[p], max(1, int(bar*float64(t.width[p])+0.5))) // little is not nothing
			r.Fill(t.cells[c].Style, '#', n).Fill(style(""), ' ', t.width[p]-n)
			continue
		}
		r.Cell(style(t.cells[c].Style), t.cells[c].Text, t.width[p], t.cols[c].Align)
	}
	if selected {
		return r.Padded(th.Selection)
	}
	return r.String()
}
