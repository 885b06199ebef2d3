package paint

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/tui/layout"
)

// cell is a character of a row with the style it is written in. A column that a wide character reaches into has no text.
type cell struct {
	text  string
	style string // one complete sequence (theme.Style); "": the terminal's own
}

var blankCell = cell{text: " "}

// scratch is what one diff works in; it is shared by all sessions, since a screen in cells takes as much as all else that an idle session keeps.
type scratch struct{ from, to []cell }

var pool = sync.Pool{New: func() any { return new(scratch) }}

// diff returns the bytes that turn the screen of old into that of want; whole: nothing is known of the screen. Where much of the screen only moved up or down, the terminal
// is made to scroll it, when that costs fewer bytes.
func diff(old, want frame, whole bool) []byte {
	var b bytes.Buffer
	s := pool.Get().(*scratch)
	defer pool.Put(s)
	if whole {
		b.WriteString("\x1b[m\x1b[2J")
		old = frame{x: old.x}
	}
	at := b.Len()
	s.rows(&b, old.lines, want.lines)
	if top, bottom, by := shift(old.lines, want.lines); by != 0 {
		var other bytes.Buffer
		scroll(&other, top, bottom, by)
		s.rows(&other, shifted(old.lines, top, bottom, by), want.lines)
		if other.Len() < b.Len()-at {
			b.Truncate(at)
			b.Write(other.Bytes())
		}
	}
	moved := b.Len() > 0
	switch {
	case want.x >= 0 && (moved || old.x != want.x || old.y != want.y):
		fmt.Fprintf(&b, "\x1b[%d;%dH\x1b[?25h", want.y+1, want.x+1)
	case want.x < 0 && old.x >= 0:
		b.WriteString("\x1b[?25l")
	}
	if b.Len() == 0 {
		return nil
	}
	head, tail := "\x1b[?2026h", "\x1b[?2026l"
	if moved {
		if want.x >= 0 || old.x >= 0 {
			head += "\x1b[?25l" // the cursor does not fly about where updates are not synchronised
		}
		head += "\x1b[?7l"       // a character that this terminal draws wider must not push the row into the next
		tail = "\x1b[?7h" + tail // and whoever comes after us, however we end, finds lines that wrap
	}
	return append(append([]byte(head), b.Bytes()...), tail...)
}

// rows writes what differs between two screens, row by row.
func (s *scratch) rows(b *bytes.Buffer, old, want []string) {
	for y := range max(len(old), len(want)) {
		var from, to string
		if y < len(old) {
			from = old[y]
		}
		if y < len(want) {
			to = want[y]
		}
		if from != to {
			s.row(b, y, from, to)
		}
	}
}

// row writes the characters that differ between two rows. A few that do not differ are written again where moving over them would cost more, and what is blank at the end is erased.
func (s *scratch) row(b *bytes.Buffer, y int, from, to string) {
	s.from, s.to = cells(s.from[:0], from), cells(s.to[:0], to)
	style, begun := "", false
	for x := 0; x < len(s.to); {
		if same(s.from, s.to, x) {
			x++
			continue
		}
		// From here on up to the last character that differs and is near enough.
		end := x
		for n, gap := x, 0; n < len(s.to); n++ {
			switch c := s.to[n]; {
			case c.text == "": // goes with the wide character before it
				if end == n {
					end++
				}
			case same(s.from, s.to, n):
				gap += len(c.text)
				if s.to[n-1].style != c.style {
					gap += len(c.style) + len("\x1b[m")
				}
			default:
				end, gap = n+1, 0
			}
			if gap > len("\x1b[100G") {
				break
			}
		}
		if begun {
			fmt.Fprintf(b, "\x1b[%dG", x+1)
		} else {
			fmt.Fprintf(b, "\x1b[%d;%dH\x1b[m", y+1, x+1)
			begun = true
		}
		for x < end {
			if n := blanks(s.to[x:end]); n >= 12 { // erasing costs fewer bytes than that
				style = pen(b, style, "")
				b.WriteString("\x1b[" + strconv.Itoa(n) + "X")
				if x += n; x < end {
					fmt.Fprintf(b, "\x1b[%dG", x+1)
				}
				continue
			}
			style = pen(b, style, s.to[x].style)
			b.WriteString(s.to[x].text)
			x++
		}
	}
	if len(s.from) > len(s.to) {
		if !begun {
			fmt.Fprintf(b, "\x1b[%d;%dH\x1b[m", y+1, len(s.to)+1)
		} else {
			pen(b, style, "")
			fmt.Fprintf(b, "\x1b[%dG", len(s.to)+1)
		}
		b.WriteString("\x1b[K")
		style = ""
	}
	if style != "" {
		b.WriteString("\x1b[m")
	}
}

// pen changes the style in which is written.
func pen(b *bytes.Buffer, from, to string) string {
	switch {
	case from == to:
	case to == "":
		b.WriteString("\x1b[m")
	default:
		b.WriteString(to)
	}
	return to
}

// same reports whether the character at column x of two rows is the same, in the same columns.
func same(from, to []cell, x int) bool {
	if x >= len(from) || from[x] != to[x] {
		return false
	}
	if to[x].text == "" { // the rest of a wide character: as the character
		for x > 0 && to[x].text == "" {
			x--
		}
		return from[x] == to[x]
	}
	n := x + 1
	for n < len(from) && n < len(to) && from[n].text == "" && to[n].text == "" {
		n++
	}
	return (n == len(from) || from[n].text != "") && (n == len(to) || to[n].text != "")
}

// blanks returns how many unstyled blanks cells begin with.
func blanks(cells []cell) int {
	for i, c := range cells {
		if c != blankCell {
			return i
		}
	}
	return len(cells)
}

// cells appends the characters of a row to dst, without the unstyled blanks at its end.
func cells(dst []cell, row string) []cell {
	style, state := "", ansi.NormalState
	for len(row) > 0 {
		if c := row[0]; c >= 0x20 && c < 0x7f && (len(row) == 1 || row[1] < 0x80) {
			dst = append(dst, cell{row[:1], style})
			row = row[1:]
			continue
		}
		seq, width, n, next := ansi.DecodeSequence(row, state, nil)
		row, state = row[n:], next
		switch {
		case width > 0:
			dst = append(dst, cell{seq, style})
			for range width - 1 {
				dst = append(dst, cell{"", style})
			}
		case strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m"):
			if style = seq; seq == "\x1b[m" || seq == "\x1b[0m" {
				style = ""
			}
		}
	}
	n := len(dst)
	for n > 0 && dst[n-1] == blankCell {
		n--
	}
	return dst[:n]
}

// scroll moves the rows from top to bottom up by so many rows; down when by is negative. What becomes free is blank.
func scroll(b *bytes.Buffer, top, bottom, by int) {
	way := 'S'
	if by < 0 {
		way, by = 'T', -by
	}
	fmt.Fprintf(b, "\x1b[m\x1b[%d;%dr\x1b[%d%c\x1b[r", top+1, bottom+1, by, way)
}

// shifted returns the rows after scroll.
func shifted(lines []string, top, bottom, by int) []string {
	out := append([]string(nil), lines...)
	for y := top; y <= bottom && y < len(out); y++ {
		out[y] = ""
		if from := y + by; from >= top && from <= bottom && from < len(lines) {
			out[y] = lines[from]
		}
	}
	return out
}

// shift looks for rows that stand elsewhere than they did: the rows from top to bottom moved up by so many; by is 0 where fewer than three did. A row counts with what it
// begins with, so that a list scrolls which has something beside it that stays: whether that is worth it is decided by its bytes.
func shift(old, want []string) (top, bottom, by int) {
	if len(old) != len(want) {
		return 0, 0, 0
	}
	changed := 0
	for y := range want {
		if want[y] != old[y] {
			changed++
		}
	}
	most := 2
	if changed <= most {
		return 0, 0, 0
	}
	for d := 1 - len(want); d < len(want); d++ {
		first, last, hits := -1, 0, 0
		for y := max(0, -d); d != 0 && y < min(len(want), len(want)-d); y++ {
			if want[y] != old[y] && alike(want[y], old[y+d]) {
				hits++
				if last = y; first < 0 {
					first = y
				}
			}
		}
		if hits > most {
			most = hits
			top, bottom, by = min(first, first+d), max(last, last+d), d
		}
	}
	return top, bottom, by
}

// alike reports whether two rows begin alike, for a quarter of their length at least and not with blanks and styles alone.
func alike(a, b string) bool {
	n := min(len(a), len(b)) / 4
	return n > 0 && a[:n] == b[:n] && layout.Width(strings.TrimSpace(ansi.Strip(a[:n]))) > 0
}
