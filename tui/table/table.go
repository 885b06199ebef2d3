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
	"context"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
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

// Rows is what the table shows. Cells is called on the Update goroutine only, for visible rows and for some thousand when rows come; the others may be called on any,
// and on several at once.
type Rows struct {
	Len   int
	Key   func(i int) string        // identity, stable across reloads; nil: the index
	Cells func(i int, cells []Cell) // fills one cell per column
	Match func(i int) string        // the text that a filter looks into; nil: no filter
	// Find returns what says whether Match of a row holds a word in lower case without blanks, sooner than Match would; nil, also as its answer: there is no
	// such way. It may take a while: see Narrow.
	Find func(word string) func(i int) bool
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
	view    *analytics.Picks // rows that pass the filter; nil: all
	at, top int              // positions in the view
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
	want, at := t.Wanted()
	t.restore(r.Len > 0)
	t.put(r, t.narrow(r, t.filter, nil))
	t.at = at
	if want != "" && t.keyAt(at) != want {
		if p, ok := t.find(want, at); ok {
			t.at = p
		}
	}
	t.clamp()
}

// restore applies what Restore gave, which is done with when rows came.
func (t *Table) restore(came bool) {
	if t.wanted == nil {
		return
	}
	t.top, t.filter = t.wanted.Top, t.wanted.Filter
	t.marks = make(map[string]bool, len(t.wanted.Marks))
	for _, k := range t.wanted.Marks {
		t.marks[k] = true
	}
	if came {
		t.wanted = nil
	}
}

// put replaces the rows and which of them are in view.
func (t *Table) put(r Rows, view *analytics.Picks) {
	t.rows = r
	t.measure()
	t.fit()
	t.view = view
}

// find returns the position of the row with the key: around at first, since a row seldom moves far and a key may cost its row's place in a long list.
func (t *Table) find(key string, at int) (int, bool) {
	if p, ok := t.near(key, at); ok {
		return p, true
	}
	for p := range t.reach(at) {
		if t.keyAt(p) == key {
			return p, true
		}
	}
	return 0, false
}

// reach returns how many rows a row is looked for in. The first of a very long list are in order at once, all only after some time, which nobody should wait for because a row is
// no longer there: whoever stood among the first is looked for among them.
func (t *Table) reach(at int) int {
	if at < analytics.Topmost && t.Len() > long {
		return analytics.Topmost
	}
	return t.Len()
}

// long is from how many rows on putting them in order takes longer than a frame.
const long = 20_000

// near is find around at alone.
func (t *Table) near(key string, at int) (int, bool) {
	for p := max(0, at-nearby); p < min(at+nearby, t.reach(at)); p++ {
		if t.keyAt(p) == key {
			return p, true
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

// SetFilter shows only rows whose Match contains every word of text, letter case ignored. "" shows all. It looks through the rows before it returns: where there
// may be many, use Narrow and SetNarrowed.
func (t *Table) SetFilter(text string) {
	var among *analytics.Picks
	if Continues(text, t.filter) {
		among = t.view
	}
	if t.wanted != nil {
		t.wanted.Filter = text
	}
	if text != t.filter {
		t.show(text, t.narrow(t.rows, text, among))
	}
}

// show puts another filter's view in place; the selection stays on its row while that is in view.
func (t *Table) show(text string, view *analytics.Picks) {
	i, ok := t.Selected()
	t.filter, t.view, t.at = text, view, 0
	if ok {
		if t.view == nil {
			t.at = i
		} else if p, in := t.view.Place(i); in {
			t.at = p
		}
	}
	t.clamp()
}

// Filter returns the filter's text.
func (t *Table) Filter() string { return t.filter }

func (t *Table) narrow(r Rows, text string, among *analytics.Picks) *analytics.Picks {
	view, _ := Narrow(context.Background(), r, text, among) // nothing ends it
	return view
}

// Len returns how many rows pass the filter.
func (t *Table) Len() int {
	if t.view != nil {
		return t.view.Len()
	}
	return t.rows.Len
}

func (t *Table) index(p int) int {
	if t.view != nil {
		return t.view.At(p)
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
	t.version++
	if t.rows.Len > 0 {
		t.SetRows(t.rows)
	}
}
