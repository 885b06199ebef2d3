// Package layout owns the arithmetic of cells: how a screen is split, how wide a text is, how it is cut and padded. It is the only
// place where widths are computed, so that a Chinese name shifts no column anywhere.
//
// A [Row] pads once and emits one colour sequence per run: measured 6–19 times cheaper than styling cell by cell. Widths are those of
// the terminal's grid (a CJK character is two columns, an ambiguous one is one), from the same library as the renderer's.
package layout

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/theme"
)

// The smallest screen on which panes are drawn; below it the shell shows a card that says so.
const (
	MinW = 60
	MinH = 20
)

// Size is a rectangle in cells.
type Size struct{ W, H int }

// TooSmall reports whether the whole screen s is under the minimum.
func (s Size) TooSmall() bool { return s.W < MinW || s.H < MinH }

// Empty reports whether nothing can be drawn in s.
func (s Size) Empty() bool { return s.W <= 0 || s.H <= 0 }

// Wide reports whether a list and its detail fit side by side.
func (s Size) Wide() bool { return s.W >= 120 }

// Rows splits off the first n rows and returns them and the rest; neither is negative.
func (s Size) Rows(n int) (top, rest Size) {
	n = max(0, min(n, s.H))
	return Size{s.W, n}, Size{s.W, s.H - n}
}

// Columns splits s into parts by weight, side by side with one column between them. The last part takes what rounding leaves. No part is negative.
func (s Size) Columns(weights ...int) []Size {
	parts := make([]Size, len(weights))
	total := 0
	for _, w := range weights {
		total += max(w, 0)
	}
	if total == 0 {
		return parts
	}
	room, used := max(0, s.W-len(weights)+1), 0
	for i, w := range weights {
		parts[i] = Size{room * max(w, 0) / total, s.H}
		if i == len(weights)-1 {
			parts[i].W = room - used
		}
		used += parts[i].W
	}
	return parts
}

// Width returns the columns that s takes; escape sequences take none.
func Width(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			switch { // what names and figures are made of, and styles; the rest is left to the library, whole, since marks join with what is before them
			case c >= 0x20 && c < 0x7f:
				n++
				i++
				continue
			case c == '\x1b':
				if k := styled(s[i:]); k > 0 {
					i += k
					continue
				}
			}
			return ansi.StringWidth(s)
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r >= 0x2800 && r <= 0x28ff, r >= 0x2500 && r <= 0x259f:
			n++
		case r >= 0x4e00 && r <= 0x9fff, r >= 0x3400 && r <= 0x4dbf, r >= 0x3001 && r <= 0x3029, r >= 0xff01 && r <= 0xff60:
			n += 2
		default:
			return ansi.StringWidth(s)
		}
		i += size
	}
	return n
}

// styled returns the length of the style sequence (SGR) at the beginning of s; 0: there is none.
func styled(s string) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// Cut shortens s to at most w columns, the last of them "~" when something was cut. s may hold escape sequences.
func Cut(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, "~")
}

// Fit returns s in exactly w columns, left-aligned.
func Fit(s string, w int) string {
	s = Cut(s, w)
	return s + Blank(w-Width(s))
}

// FitRight returns s in exactly w columns, right-aligned: figures. A figure that does not fit is shown as "#" signs, never as a wrong number.
func FitRight(s string, w int) string {
	n := Width(s)
	switch {
	case w <= 0:
		return ""
	case n <= w:
		return Blank(w-n) + s
	case figure(s):
		return strings.Repeat("#", w)
	}
	return Fit(s, w)
}

// FitCenter returns s in exactly w columns, centred.
func FitCenter(s string, w int) string {
	s = Cut(s, w)
	n := w - Width(s)
	return Blank(n/2) + s + Blank(n-n/2)
}

// figure reports whether s begins like a number.
func figure(s string) bool {
	s = strings.TrimLeft(s, "+-< ")
	return s != "" && s[0] >= '0' && s[0] <= '9'
}

const blanks = "                                                                                                                                "

// Blank returns n blanks; nothing for a negative n.
func Blank(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(blanks):
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// Wrap breaks plain text into lines of at most w columns, at blanks and between CJK characters where possible.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(ansi.Wrap(s, w, ""), "\n") {
		out = append(out, Cut(line, w))
	}
	return out
}

// Run is a piece of plain text in one style.
type Run struct {
	Style theme.Style
	Text  string
}

// Flow sets runs one after the other, two blanks between them, in lines of at most w columns: a run that has no room begins a new line. Empty runs are left out.
func Flow(w int, runs ...Run) []string {
	var out []string
	r := NewRow(w)
	for _, x := range runs {
		if x.Text == "" {
			continue
		}
		if r.at > 0 && Width(x.Text)+2 > r.Left() {
			out = append(out, r.String())
			r = NewRow(w)
		}
		if r.at > 0 {
			r.Gap(1)
		}
		r.Gap(1).Add(x.Style, x.Text)
	}
	if r.at > 0 {
		out = append(out, r.String())
	}
	return out
}

// Frame makes exactly s.H lines out of lines: what is too much is dropped, what is too wide is cut, what is missing is empty. It returns "" for an
// empty size of at most one line.
func Frame(lines []string, s Size) string {
	var b strings.Builder
	for i := range s.H {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i < len(lines) {
			b.WriteString(Cut(lines[i], s.W))
		}
	}
	return b.String()
}

// Lines splits a view into its lines.
func Lines(view string) []string { return strings.Split(view, "\n") }

// Card centres a few lines of text in s, for "loading", "nothing here", "too small".
func Card(text string, style theme.Style, s Size) string {
	if s.Empty() {
		return Frame(nil, s)
	}
	var lines []string
	for p := range strings.SplitSeq(text, "\n") {
		lines = append(lines, Wrap(p, max(1, min(s.W, 72)))...)
	}
	if len(lines) > s.H {
		lines = lines[:s.H]
	}
	out := make([]string, (s.H-len(lines))/2, s.H)
	for _, l := range lines {
		out = append(out, Blank((s.W-Width(l))/2)+style.Render(l))
	}
	return Frame(out, s)
}

// Beside joins two blocks of lines side by side, left padded to w columns, sep between them.
func Beside(left []string, w int, sep string, right []string) []string {
	out := make([]string, max(len(left), len(right)))
	for i := range out {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		out[i] = Fit(l, w) + sep + r
	}
	return out
}

// Align says at which edge of its column a text stands.
type Align uint8

// The alignments.
const (
	Left Align = iota
	Right
	Center
)

// Pad returns s in exactly w columns.
func (a Align) Pad(s string, w int) string {
	switch a {
	case Right:
		return FitRight(s, w)
	case Center:
		return FitCenter(s, w)
	}
	return Fit(s, w)
}

// Row builds one line of at most w columns from runs of text.
type Row struct {
	b     strings.Builder
	w, at int
	style theme.Style
}

// NewRow returns an empty row of w columns.
func NewRow(w int) *Row {
	r := &Row{w: max(w, 0)}
	r.b.Grow(w + 64)
	return r
}

// Left returns how many columns are free.
func (r *Row) Left() int { return r.w - r.at }

// Add appends plain text in style, cut to what is free.
func (r *Row) Add(style theme.Style, text string) *Row {
	n := Width(text)
	if n > r.w-r.at {
		text = Cut(text, r.w-r.at)
		n = Width(text)
	}
	if n == 0 {
		return r
	}
	r.to(style)
	r.b.WriteString(text)
	r.at += n
	return r
}

// Whole appends text only if all of it fits: half a sentence says nothing.
func (r *Row) Whole(style theme.Style, text string) *Row {
	if Width(text) <= r.w-r.at {
		r.Add(style, text)
	}
	return r
}

// Cell appends plain text in style, aligned in exactly w columns.
func (r *Row) Cell(style theme.Style, text string, w int, a Align) *Row {
	w = min(w, r.w-r.at)
	n := Width(text)
	if n > w {
		return r.Add(style, a.Pad(text, w))
	}
	if w <= 0 {
		return r
	}
	lead := 0
	switch a {
	case Right:
		lead = w - n
	case Center:
		lead = (w - n) / 2
	}
	r.to(style)
	r.b.WriteString(Blank(lead))
	r.b.WriteString(text)
	r.b.WriteString(Blank(w - n - lead))
	r.at += w
	return r
}

// Fill appends the ASCII glyph n times.
func (r *Row) Fill(style theme.Style, glyph byte, n int) *Row {
	n = min(n, r.w-r.at)
	if n <= 0 {
		return r
	}
	r.to(style)
	for range n {
		r.b.WriteByte(glyph)
	}
	r.at += n
	return r
}

// Put appends text that is known to be n columns wide, as when a pattern is drawn many times over. It is left out when it does not fit.
func (r *Row) Put(style theme.Style, text string, n int) *Row {
	if n > 0 && n <= r.w-r.at {
		r.to(style)
		r.b.WriteString(text)
		r.at += n
	}
	return r
}

// Gap appends n blanks in the default style.
func (r *Row) Gap(n int) *Row { return r.Fill("", ' ', n) }

// String ends the row where its last run ends.
func (r *Row) String() string {
	r.to("")
	return r.b.String()
}

// Padded ends the row, filled to its full width in style: a selection reaches the edge.
func (r *Row) Padded(style theme.Style) string {
	r.Fill(style, ' ', r.w-r.at)
	return r.String()
}

func (r *Row) to(s theme.Style) {
	if s == r.style {
		return
	}
	if s == "" {
		r.b.WriteString(theme.Reset)
	} else {
		r.b.WriteString(string(s))
	}
	r.style = s
}

// Plain returns s without escape sequences.
func Plain(s string) string {
	if strings.IndexByte(s, 0x1b) < 0 && utf8.ValidString(s) {
		return s
	}
	return ansi.Strip(s)
}
