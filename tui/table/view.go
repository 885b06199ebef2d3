package table

import (
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// When rows come, the first sample of them are measured, which are seen at once, and some spread over those that are in order already (see
// analytics.Ranking): a millisecond or two. Widths only grow, so that a longer text further down is given room when it comes.
const (
	sample  = 200
	spread  = 200
	ordered = analytics.Topmost
)

// measure notes how wide what stands in the columns is.
func (t *Table) measure() {
	n := t.rows.Len
	look := func(i int) {
		clear(t.cells)
		t.rows.Cells(i, t.cells)
		for c, cell := range t.cells {
			w := layout.Width(cell.Text)
			if cell.Bar > 0 { // a bar fills what it gets
				w = 1 << 10
			}
			t.widest[c] = max(t.widest[c], w)
			t.filled[c] = t.filled[c] || cell.Text != "" && cell.Text != "-" || cell.Bar > 0
		}
	}
	for i := range min(n, sample) {
		look(i)
	}
	if n > sample {
		last := min(n, ordered)
		step := (last - sample + spread - 1) / spread
		t.partly = t.partly || step > 1 || last < n
		for i := sample; i < last; i += max(1, step) {
			look(i)
		}
	}
	if n > 0 {
		for c := range t.cols {
			t.widest[c] = max(t.widest[c], layout.Width(t.cols[c].Title), 1)
		}
	}
}

// full is how wide column i would like to be: as its text, or what it asks for while nothing is known.
func (t *Table) full(i int) int {
	if w := t.widest[i]; w > 0 {
		return w
	}
	return t.cols[i].Width
}

// least is what column i may shrink to.
func (t *Table) least(i int) int {
	c := t.cols[i]
	n := c.Width
	if c.Min > 0 && !(c.Whole && t.widest[i] > 0) {
		n = c.Min
	}
	return min(n, t.full(i))
}

// fit decides which columns are shown and how wide: those in which nothing stands go while any text would be cut, and extras while the others would have to
// shrink; what can be dropped goes while the least does not fit; then columns get what they ask for, the least droppable first; then what they need to be read
// in full: those that Grow by their shares, the others after them.
func (t *Table) fit() {
	t.version++
	t.shown = t.shown[:0]
	for i := range t.cols {
		t.shown = append(t.shown, i)
	}
	room := t.size.W - gutter
	for t.rows.Len > 0 && !t.partly && t.whole() > room {
		p := slices.IndexFunc(t.shown, func(i int) bool { return t.cols[i].Drop > 0 && !t.filled[i] })
		if p < 0 {
			break
		}
		t.shown = slices.Delete(t.shown, p, p+1)
	}
	for len(t.shown) > 1 && t.ask() > room {
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
	left, last := room-t.need(), 0
	for p, i := range t.shown {
		t.width[p] = t.least(i)
		last = max(last, t.cols[i].Drop)
	}
	raise := func(p, to int) {
		if more := min(left, to-t.width[p]); more > 0 {
			t.width[p] += more
			left -= more
		}
	}
	for d := 0; d <= last; d++ {
		for p, i := range t.shown {
			if c := t.cols[i]; c.Drop == d {
				raise(p, min(c.Width, t.full(i)))
			}
		}
	}
	t.share(&left)
	for p, i := range t.shown {
		if t.widest[i] > 0 {
			raise(p, t.full(i))
		}
	}
	if t.partly { // a row that was not measured may be longer
		for p, i := range t.shown {
			if t.cols[i].Grow > 0 {
				raise(p, t.width[p]+t.width[p]/4)
			}
		}
	}
}

// share gives what is left to the columns that Grow, by their shares, until each has its full width.
func (t *Table) share(left *int) {
	for *left > 0 {
		grow := 0
		for p, i := range t.shown {
			if t.hungry(p) {
				grow += t.cols[i].Grow
			}
		}
		if grow == 0 {
			return
		}
		pot := *left
		for p, i := range t.shown {
			if *left == 0 || !t.hungry(p) {
				continue
			}
			more := min(*left, max(1, pot*t.cols[i].Grow/grow))
			if t.widest[i] > 0 {
				more = min(more, t.full(i)-t.width[p])
			}
			t.width[p] += more
			*left -= more
		}
	}
}

// hungry says whether the p-th shown column grows and could use more.
func (t *Table) hungry(p int) bool {
	i := t.shown[p]
	return t.cols[i].Grow > 0 && (t.widest[i] == 0 || t.width[p] < t.full(i))
}

// whole is what the shown columns need so that nothing is cut.
func (t *Table) whole() int {
	n := len(t.shown) - 1
	for _, i := range t.shown {
		n += t.full(i)
	}
	return n
}

func (t *Table) need() int {
	n := len(t.shown) - 1
	for _, i := range t.shown {
		n += t.least(i)
	}
	return n
}

// ask is what the shown columns would like at first, when one of them is an extra; else what they need.
func (t *Table) ask() int {
	n, extra := len(t.shown)-1, false
	for _, i := range t.shown {
		c := t.cols[i]
		extra = extra || c.Drop >= Extra
		n += max(t.least(i), min(c.Width, t.full(i)))
	}
	if !extra {
		return t.need()
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
