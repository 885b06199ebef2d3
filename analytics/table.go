package analytics

import (
	"maps"
	"slices"
	"sync/atomic"

	"flightdeck/store"
)

// Code is a row number in one of the Book's tables: dense, from 0, stable while a Book is advanced, and meaningless in a Book built anew.
// None stands for no row.
type Code = int32

// None is the absence of a row.
const None Code = -1

// dict gives every ID of a table its Code. A published dict never changes: edit layers a small map over a large one, so that one new ID costs
// what changed and not what exists.
type dict struct {
	base, over map[store.ID]Code
	ids        []store.ID
}

func (d *dict) find(id store.ID) (Code, bool) {
	if c, ok := d.over[id]; ok {
		return c, true
	}
	c, ok := d.base[id]
	return c, ok
}

// push gives id a Code unseen: for loads in which no ID comes twice. The map is then made when somebody first edits the dict, which is after the
// first frame.
func (d *dict) push(id store.ID) Code {
	d.ids = append(d.ids, id)
	return Code(len(d.ids) - 1)
}

// edit returns a dict that may be added to without d seeing it.
func (d *dict) edit() dict {
	if len(d.base)+len(d.over) < len(d.ids) {
		base := make(map[store.ID]Code, len(d.ids))
		for c, id := range d.ids {
			base[id] = Code(c)
		}
		return dict{base: base, over: map[store.ID]Code{}, ids: slices.Clip(d.ids)}
	}
	if len(d.over) > 256 && len(d.over) > len(d.base)/8 {
		all := make(map[store.ID]Code, len(d.base)+2*len(d.over))
		maps.Copy(all, d.base)
		maps.Copy(all, d.over)
		return dict{base: all, over: map[store.ID]Code{}, ids: slices.Clip(d.ids)}
	}
	over := make(map[store.ID]Code, len(d.over)+8)
	maps.Copy(over, d.over)
	return dict{base: d.base, over: over, ids: slices.Clip(d.ids)}
}

// bulk returns an empty dict for n IDs.
func bulk(n int) dict { return dict{base: nil, over: make(map[store.ID]Code, n)} }

// seal makes the layer that was filled by a bulk load the large one.
func (d *dict) seal() {
	if d.base == nil {
		d.base, d.over = d.over, nil
	}
}

// add returns id's Code and whether it is new. Only for a dict that came from edit or bulk.
func (d *dict) add(id store.ID) (Code, bool) {
	if c, ok := d.find(id); ok {
		return c, false
	}
	c := Code(len(d.ids))
	d.over[id] = c
	d.ids = append(d.ids, id)
	return c, true
}

// words interns repeated text (topics, areas, industries, currencies).
type words = dict

// tail lets a table that only grows be appended to in place: whoever moves it from the published length to a larger one owns the memory beyond
// that length; everybody else copies. Readers of a published Book never look past its own length, so nothing they see is ever written.
type tail struct{ n atomic.Int64 }

func (t *tail) claim(have int) bool { return t != nil && t.n.CompareAndSwap(int64(have), -1) }

func newTail(n int) *tail {
	t := &tail{}
	t.n.Store(int64(n))
	return t
}

// runs lists, for each owner, row numbers in a set order: the changes of a deal, the touches of an account. A changed run is written anew
// at the end of the pool.
type runs struct {
	off, n []int32
	pool   []int32
	tail   *tail
	waste  int
}

func (r *runs) of(owner Code) []int32 {
	if owner < 0 || int(owner) >= len(r.off) {
		return nil
	}
	o, n := r.off[owner], r.n[owner]
	return r.pool[o : o+n : o+n]
}

// runsEdit collects which rows come and go, and for which owner.
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

// apply returns r with e done to it; owners is how many there are now, order sorts one run.
func (e *runsEdit) apply(r runs, owners int, order func(run []int32)) runs {
	if len(e.add) == 0 && len(e.drop) == 0 {
		if len(r.off) < owners {
			grow := owners - len(r.off)
			r.off = append(slices.Clip(r.off), make([]int32, grow)...)
			r.n = append(slices.Clip(r.n), make([]int32, grow)...)
		}
		return r
	}
	if len(r.pool) == 0 {
		return e.all(owners, order)
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
	next := runs{off: make([]int32, owners), n: make([]int32, owners), pool: r.pool, waste: r.waste}
	copy(next.off, r.off)
	copy(next.n, r.n)
	if !r.tail.claim(len(r.pool)) {
		next.pool = slices.Clip(r.pool)
	}
	for owner, rows := range dirty {
		for _, row := range r.of(owner) {
			if _, gone := e.drop[runRow{owner, row}]; !gone {
				rows = append(rows, row)
			}
		}
		order(rows)
		rows = slices.Compact(rows)
		next.waste += int(next.n[owner])
		next.off[owner], next.n[owner] = int32(len(next.pool)), int32(len(rows))
		next.pool = append(next.pool, rows...)
	}
	next.tail = newTail(len(next.pool))
	return next
}

// all builds every run at once by counting.
func (e *runsEdit) all(owners int, order func(run []int32)) runs {
	r := runs{off: make([]int32, owners), n: make([]int32, owners)}
	total := 0
	gone := func(a runRow) bool {
		if len(e.drop) == 0 {
			return false
		}
		_, ok := e.drop[a]
		return ok
	}
	for _, a := range e.add {
		if !gone(a) {
			r.n[a.owner]++
			total++
		}
	}
	at := int32(0)
	for i := range r.off {
		r.off[i] = at
		at += r.n[i]
	}
	r.pool = make([]int32, total)
	fill := slices.Clone(r.off)
	for _, a := range e.add {
		if !gone(a) {
			r.pool[fill[a.owner]] = a.row
			fill[a.owner]++
		}
	}
	for i := range r.off {
		if r.n[i] > 1 {
			order(r.pool[r.off[i] : r.off[i]+r.n[i]])
		}
	}
	r.tail = newTail(total)
	return r
}
