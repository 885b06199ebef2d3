package analytics

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Code is a row number in one of the Book's tables: dense, from 0, stable while a Book is advanced, and meaningless in a Book built anew.
// None stands for no row.
type Code = int32

// None is the absence of a row.
const None Code = -1

// dict gives every ID of a table its Code. A published dict never changes. An index that was built once, or mapped, knows the rows it was built of; what
// came since stands in two maps, a large one that is replaced seldom and a small one that every edit copies, so that one new ID costs what changed.
type dict struct {
	ids        column.Text
	index      column.Index
	old, young map[store.ID]Code
	tail       *tail
}

func (d *dict) len() int { return d.ids.Len() }

func (d *dict) id(c Code) store.ID {
	if c < 0 || int(c) >= d.ids.Len() {
		return ""
	}
	return store.ID(d.ids.At(int(c)))
}

func (d *dict) find(id store.ID) (Code, bool) {
	if c, ok := d.young[id]; ok {
		return c, true
	}
	if c, ok := d.old[id]; ok {
		return c, true
	}
	c, ok := d.index.Find(&d.ids, string(id))
	return Code(c), ok
}

// The small map of a dict is folded into the large one beyond youngest entries, the large one into the index when it is an eighth of all.
const youngest = 1024

// edit makes d writable without the dict it was copied from seeing it.
func (d *dict) edit() {
	switch n := len(d.old) + len(d.young); {
	case n > 4*youngest && n > d.ids.Len()/8:
		d.index, d.old, d.young = column.NewIndex(&d.ids), nil, map[store.ID]Code{}
	case len(d.young) > youngest:
		old := make(map[store.ID]Code, n)
		maps.Copy(old, d.old)
		maps.Copy(old, d.young)
		d.old, d.young = old, map[store.ID]Code{}
	default:
		young := make(map[store.ID]Code, len(d.young)+8)
		maps.Copy(young, d.young)
		d.young = young
	}
	d.ids.Edit(d.tail.claim(d.ids.Len()))
	d.tail = nil
}

// add returns id's Code and whether it is new. Only for a dict that is being edited.
func (d *dict) add(id store.ID) (Code, bool) {
	if c, ok := d.find(id); ok {
		return c, false
	}
	c := Code(d.ids.Len())
	d.young[id] = c
	d.ids.Append(string(id))
	return c, true
}

// seal ends an edit; all: what was loaded becomes the index.
func (d *dict) seal(all bool) {
	if all && len(d.young) > youngest {
		d.index, d.young = column.NewIndex(&d.ids), nil
	}
	d.ids.Seal()
	if d.tail == nil {
		d.tail = newTail(d.ids.Len())
	}
}

// words interns repeated text (topics, areas, industries, grades).
type words = dict

// table holds records that are few, one row per ID, together with their Codes.
type table[T any] struct {
	ids  dict
	rec  []T
	live []bool
}

func (t *table[T]) id(c Code) store.ID { return t.ids.id(c) }

func (t *table[T]) isLive(c Code) bool { return c >= 0 && int(c) < len(t.live) && t.live[c] }

func (t *table[T]) code(id store.ID) (Code, bool) {
	c, ok := t.ids.find(id)
	if !ok || !t.live[c] {
		return None, false
	}
	return c, true
}

func (t *table[T]) get(c Code) (v T) {
	if t.isLive(c) {
		v = t.rec[c]
	}
	return v
}

// sorted returns the live rows by ID.
func (t *table[T]) sorted() []T {
	codes := make([]Code, 0, len(t.rec))
	for c, ok := range t.live {
		if ok {
			codes = append(codes, Code(c))
		}
	}
	slices.SortFunc(codes, func(a, b Code) int { return strings.Compare(string(t.id(a)), string(t.id(b))) })
	out := make([]T, len(codes))
	for i, c := range codes {
		out[i] = t.rec[c]
	}
	return out
}

// tail lets a table that only grows be appended to in place: whoever moves it from the published length to a larger one owns the memory beyond
// that length; everybody else copies. Readers of a published Book never look past its own length, so nothing they see is ever written.
type tail struct{ n atomic.Int64 }

func (t *tail) claim(have int) bool { return t != nil && t.n.CompareAndSwap(int64(have), -1) }

func newTail(n int) *tail {
	t := &tail{}
	t.n.Store(int64(n))
	return t
}

// lane is what every column can do, whatever it holds.
type lane interface {
	Len() int
	Edit(tail bool)
	Seal()
	Pack() [][]byte
	Picked(order []int32) [][]byte
	Open(b []byte, n int) error
}

// named is a column with the name of its chunk.
type named struct {
	name string
	lane lane
	of   codes
}

// codes says of what the Codes in a column are, where folding gives those new ones.
type codes uint8

const (
	ofNothing codes = iota
	ofPeople
	ofAccounts
	ofDeals
)

// picked returns the rows that order names as they are written to a chunk, with new Codes.
func (l named) picked(order []int32, m *mapping) [][]byte {
	if l.of == ofNothing {
		return l.lane.Picked(order)
	}
	var p column.Col[Code]
	p.Gather(l.lane.(*column.Col[Code]), order, [...]func(Code) Code{ofPeople: m.person, ofAccounts: m.account, ofDeals: m.deal}[l.of])
	return p.Pack()
}

// laned is a table made of columns of one length.
type laned interface{ lanes() []named }

// thawLanes makes the columns of t writable; have is their length.
func thawLanes(t laned, owner **tail, have int) {
	claimed := (*owner).claim(have)
	for _, l := range t.lanes() {
		l.lane.Edit(claimed)
	}
	*owner = nil
}

func sealLanes(t laned, owner **tail, have int) {
	if *owner != nil {
		return
	}
	for _, l := range t.lanes() {
		l.lane.Seal()
	}
	*owner = newTail(have)
}

// Step is one entry of a deal into a stage.
type Step struct {
	Day   Day // NoDay: before anything we know
	Stage Code
}

// runsEdit collects which rows come and go, and for which owner. Owners count from 0.
type runsEdit struct {
	add  []runRow
	drop map[runRow]struct{}
}

type runRow struct{ owner, row int32 }

func (e *runsEdit) in(owner, row int32) {
	if owner >= 0 {
		e.add = append(e.add, runRow{owner, row})
		if len(e.drop) > 0 {
			delete(e.drop, runRow{owner, row})
		}
	}
}

func (e *runsEdit) out(owner, row int32) {
	if owner < 0 {
		return
	}
	if e.drop == nil {
		e.drop = map[runRow]struct{}{}
	}
	e.drop[runRow{owner, row}] = struct{}{}
}

// apply does e to r; order sorts one list.
func (e *runsEdit) apply(r *column.Runs[int32], order func(list []int32)) {
	if len(e.add) == 0 && len(e.drop) == 0 {
		return
	}
	dirty := map[int32][]int32{}
	for _, a := range e.add {
		if _, gone := e.drop[a]; !gone {
			dirty[a.owner] = append(dirty[a.owner], a.row)
		}
	}
	for d := range e.drop {
		if _, ok := dirty[d.owner]; !ok {
			dirty[d.owner] = nil
		}
	}
	r.Edit()
	for owner, rows := range dirty {
		was := r.Of(int(owner))
		list := make([]int32, 0, len(was)+len(rows))
		if len(e.drop) == 0 {
			list = append(list, was...)
		} else {
			for _, row := range was {
				if _, gone := e.drop[runRow{owner, row}]; !gone {
					list = append(list, row)
				}
			}
		}
		list = append(list, rows...)
		order(list)
		r.Set(int(owner), slices.Compact(list))
	}
	r.Seal()
}
