// Package table is the list that panes with rows are made of: columns that fit the width, a selection, scrolling, a filter, marks.
//
// It is not bubbles' table, which styles every cell of every row through Lip Gloss on each change: with that one a key took 17–20 ms end to end
// against 9–10 ms for rows written once per run (DESIGN, "The pinned stack"), it cuts Chinese by runes, and it has no column priorities. Here only visible
// rows are asked for and painted, each as one string with one colour sequence per run, and the rows stay where they are: the table holds indices only.
//
// Columns are as wide as what stands in them: when rows come, a sample of them is measured, so that an empty column takes no room from a name that would be
// cut, and goes altogether while others are cut. A width once wanted is kept until the columns are replaced: rows that change under one's eyes do not move sideways.
package table

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// Column says how one column is shown.
type Column struct {
	Title string
	Width int // wanted columns of the grid, if what stands there is as long
	Min   int // may shrink to this; 0: Width
	Grow  int // share of what is left over, as far as what stands there is longer; 0: the last to get any
	Align layout.Align
	// Whole columns do not shrink under what stands in them, up to Width: words of a fixed set, which cut in two say nothing.
	Whole bool
	// Drop orders the columns that go when there is no room: the highest first. 0 stays always. From Extra on they come only when no other column has to
	// shrink under its Width for them.
	Drop int
}

// Extra is the Drop from which a column is a luxury.
const Extra = 6

// Cell is one cell's plain text and style. On the selected row the style gives way to the selection's.
type Cell struct {
	Text  string
	Style theme.Style
	// Bar draws the cell as a bar of this share of its width, 0 to 1, instead of Text; Style must be a solid one. Also on the selected row.
	Bar float64
}

// Rows is what the table shows. The functions are called on the Update goroutine only, Cells for visible rows and for some thousand when rows come.
type Rows struct {
	Len   int
	Key   func(i int) string        // identity, stable across reloads; nil: the index
	Cells func(i int, cells []Cell) // fills one cell per column
	Match func(i int) string        // the text that a filter looks into; nil: no filter
}

// gutter is what stands before the first column: the selection's sign and the mark's.
const gutter = 2

// Table is a list with a selection. The zero Table is empty; it must be used on one goroutine.
type Table struct {
	cols    []Column
	shown   []int  // indices into cols
	width   []int  // of shown
	widest  []int  // of what stood in each of cols so far; 0: nothing yet
	filled  []bool // something stood in each of cols so far
	partly  bool   // not every row was measured
	size    layout.Size
	rows    Rows
	view    []int // rows that pass the filter; nil: all
	at, top int   // positions in the view
	filter  string
	marks   map[string]bool
	wanted  *State // to be applied when rows come
	cells   []Cell
	version uint64
}

// New returns an empty table of the given columns.
func New(cols ...Column) *Table {
	t := &Table{}
	t.SetColumns(cols...)
	return t
}

// Version changes with everything that changes the picture; give it to pane.Memo.
func (t *Table) Version() uint64 { return t.version }

// SetColumns replaces the columns, as when the language changes.
func (t *Table) SetColumns(cols ...Column) {
	t.cols, t.cells = cols, make([]Cell, len(cols))
	t.widest, t.filled, t.partly = make([]int, len(cols)), make([]bool, len(cols)), false
	t.measure()
	t.fit()
}

// SetSize says how many cells View has, the heading included.
func (t *Table) SetSize(s layout.Size) {
	t.size = s
	t.fit()
	t.clamp()
}

// SetRows replaces the rows. The selection stays on the row with the same key, or else on the same position; marks stay.
func (t *Table) SetRows(r Rows) {
	want, at := t.keyAt(t.at), t.at
	if t.wanted != nil {
		want, at = t.wanted.Key, t.wanted.At
		t.top, t.filter = t.wanted.Top, t.wanted.Filter
		t.marks = make(map[string]bool, len(t.wanted.Marks))
		for _, k := range t.wanted.Marks {
			t.marks[k] = true
		}
		if r.Len > 0 {
			t.wanted = nil
		}
	}
	t.rows = r
	t.measure()
	t.fit()
	t.refilter(nil)
	t.at = at
	if want != "" && t.keyAt(at) != want {
		if p, ok := t.find(want, at); ok {
			t.at = p
		}
	}
	t.clamp()
}

// find returns the position of the row with the key: around at first, since a row seldom moves far and a key may cost its row's place in a long list.
func (t *Table) find(key string, at int) (int, bool) {
	n := t.Len()
	lo, hi := max(0, min(at-nearby, n)), max(0, min(at+nearby, n))
	for _, part := range [...][2]int{{lo, hi}, {0, lo}, {hi, n}} {
		for p := part[0]; p < part[1]; p++ {
			if t.keyAt(p) == key {
				return p, true
			}
		}
	}
	return 0, false
}

// nearby is how far around its old position a row is looked for before all are.
const nearby = 500

// Replace is SetRows for other rows than those before, as a list beside a grid shows when the cursor moves on: the columns' widths start anew.
func (t *Table) Replace(r Rows) {
	t.rows = Rows{}
	t.SetColumns(t.cols...)
	t.SetRows(r)
}

// SetFilter shows only rows whose Match contains every word of text, letter case ignored. "" shows all.
func (t *Table) SetFilter(text string) {
	if t.wanted != nil {
		t.wanted.Filter = text
	}
	if text == t.filter {
		return
	}
	i, ok := t.Selected()
	var among []int // typing on only loses rows: each word before is the beginning of one now
	if t.filter != "" && strings.HasPrefix(text, t.filter) {
		among = t.view
	}
	t.filter = text
	t.refilter(among)
	t.at = 0
	if ok {
		if t.view == nil {
			t.at = i
		} else if p, found := slices.BinarySearch(t.view, i); found {
			t.at = p
		}
	}
	t.clamp()
}

// Filter returns the filter's text.
func (t *Table) Filter() string { return t.filter }

// refilter looks for the filter's words in all rows, or in the rows of among, if it is not nil.
func (t *Table) refilter(among []int) {
	t.view = nil
	if t.filter == "" || t.rows.Match == nil {
		return
	}
	words := strings.Fields(strings.ToLower(t.filter))
	view := make([]int, 0, 64)
	take := func(i int) {
		s := strings.ToLower(t.rows.Match(i))
		for _, w := range words {
			if !strings.Contains(s, w) {
				return
			}
		}
		view = append(view, i)
	}
	if among != nil {
		for _, i := range among {
			take(i)
		}
	} else {
		for i := range t.rows.Len {
			take(i)
		}
	}
	t.view = view
}

// Len returns how many rows pass the filter.
func (t *Table) Len() int {
	if t.view != nil {
		return len(t.view)
	}
	return t.rows.Len
}

func (t *Table) index(p int) int {
	if t.view != nil {
		return t.view[p]
	}
	return p
}

// Selected returns the index into Rows of the selected row; ok is false when there is none.
func (t *Table) Selected() (i int, ok bool) {
	if t.at < 0 || t.at >= t.Len() {
		return 0, false
	}
	return t.index(t.at), true
}

// Position returns the selected row's number, from 1, and how many there are; 0 of 0 when empty.
func (t *Table) Position() (n, of int) {
	if t.Len() == 0 {
		return 0, 0
	}
	return t.at + 1, t.Len()
}

// Select moves the selection to the row with the key, if it is in view.
func (t *Table) Select(key string) bool {
	p, ok := t.find(key, t.at)
	if ok {
		t.at = p
		t.clamp()
	}
	return ok
}

func (t *Table) keyAt(p int) string {
	if p < 0 || p >= t.Len() || t.rows.Key == nil {
		return ""
	}
	return t.rows.Key(t.index(p))
}

// Marked returns the indices of marked rows that pass the filter.
func (t *Table) Marked() []int {
	var is []int
	for p := range t.Len() {
		if len(t.marks) > 0 && t.marks[t.keyAt(p)] {
			is = append(is, t.index(p))
		}
	}
	return is
}

// Update obeys the keys that walk and mark. It reports whether it used the key.
func (t *Table) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	page := max(1, t.size.H-2)
	switch k.String() {
	case "up", "k":
		t.at--
	case "down", "j":
		t.at++
	case "pgup", "ctrl+u":
		t.at -= page
	case "pgdown", "ctrl+d":
		t.at += page
	case "home":
		t.at = 0
	case "end", "G":
		t.at = t.Len() - 1
	case "space":
		key := t.keyAt(t.at)
		if key == "" {
			return false
		}
		if t.marks == nil {
			t.marks = map[string]bool{}
		}
		if t.marks[key] {
			delete(t.marks, key)
		} else {
			t.marks[key] = true
		}
		t.at++
	default:
		return false
	}
	t.clamp()
	return true
}

func (t *Table) clamp() {
	t.version++
	t.at = max(0, min(t.at, t.Len()-1))
	room := max(1, t.size.H-1)
	t.top = max(0, min(t.top, t.Len()-room))
	if t.at < t.top {
		t.top = t.at
	}
	if t.at >= t.top+room {
		t.top = t.at - room + 1
	}
}

// State is what a table keeps for when its pane comes back.
type State struct {
	Key     string
	At, Top int
	Filter  string
	Marks   []string
}

// State returns what Restore takes.
func (t *Table) State() State {
	s := State{Key: t.keyAt(t.at), At: t.at, Top: t.top, Filter: t.filter}
	for k := range t.marks {
		s.Marks = append(s.Marks, k)
	}
	return s
}

// Restore brings a state back as soon as rows are there.
func (t *Table) Restore(s State) {
	t.wanted = &s
	t.filter = s.Filter
	if t.rows.Len > 0 {
		t.SetRows(t.rows)
	}
}
