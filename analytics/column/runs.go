package column

import (
	"fmt"
	"slices"
)

const (
	pageShift = 10
	page      = 1 << pageShift
)

// Runs keeps for each owner, from 0, a list in order: the touches of an account, the steps of a deal. The lists of a load lie one after the other; one that
// is replaced later stands alone, and its neighbours' headers with it, so that replacing costs a page of headers and not all of them.
type Runs[T any] struct {
	off  []uint32 // one more than there are owners
	pool []T
	over [][][]T // by page; nil: in pool
	mine []bool
}

// Of returns the list of owner. Nothing may be written to it.
func (r *Runs[T]) Of(owner int) []T {
	if k := owner >> pageShift; uint(k) < uint(len(r.over)) && r.over[k] != nil {
		return r.over[k][owner&(page-1)]
	}
	if uint(owner) < uint(max(len(r.off)-1, 0)) {
		a, b := r.off[owner], r.off[owner+1]
		if a <= b && int(b) <= len(r.pool) {
			return r.pool[a:b:b]
		}
	}
	return nil
}

// Edit makes r writable without whoever else holds it seeing it.
func (r *Runs[T]) Edit() { r.over, r.mine = slices.Clone(r.over), make([]bool, len(r.over)) }

// Seal ends an edit.
func (r *Runs[T]) Seal() { r.mine = nil }

// Set replaces the list of owner with list, which becomes r's.
func (r *Runs[T]) Set(owner int, list []T) {
	k := owner >> pageShift
	for len(r.over) <= k {
		r.over, r.mine = append(r.over, nil), append(r.mine, false)
	}
	if !r.mine[k] {
		next := make([][]T, page)
		for j := range next {
			next[j] = r.Of(k<<pageShift + j)
		}
		r.over[k], r.mine[k] = next, true
	}
	r.over[k][owner&(page-1)] = list
}

// Group makes r the rows of each owner: row i belongs to owner(i), below owners; a negative owner has none. Each list is in the order of rows; Order sorts
// them.
func Group(rows, owners int, owner func(int) int) (r Runs[int32]) {
	r.off = make([]uint32, owners+1)
	for i := range rows {
		if o := owner(i); o >= 0 {
			r.off[o+1]++
		}
	}
	for o := range owners {
		r.off[o+1] += r.off[o]
	}
	r.pool = make([]int32, r.off[owners])
	fill := slices.Clone(r.off[:owners])
	for i := range rows {
		if o := owner(i); o >= 0 {
			r.pool[fill[o]] = int32(i)
			fill[o]++
		}
	}
	return r
}

// Each calls fn with every list of a grouping that nobody has edited yet; fn may reorder it.
func (r *Runs[T]) Each(fn func(owner int, list []T)) {
	for o := range len(r.off) - 1 {
		if a, b := r.off[o], r.off[o+1]; b > a {
			fn(o, r.pool[a:b:b])
		}
	}
}

// Add appends the list of the next owner.
func (r *Runs[T]) Add(list ...T) {
	if r.off == nil {
		r.off = []uint32{0}
	}
	r.pool = append(r.pool, list...)
	r.off = append(r.off, uint32(len(r.pool)))
}

// Pack returns offsets and pool as they are written to two chunks. Only for a grouping that nobody has edited yet.
func (r *Runs[T]) Pack() (off, pool [][]byte) { return [][]byte{Bytes(r.off)}, [][]byte{Bytes(r.pool)} }

// Open makes r what Pack wrote, which stays in use.
func (r *Runs[T]) Open(off, pool []byte) (err error) {
	*r = Runs[T]{}
	if r.off, err = Values[uint32](off); err != nil {
		return err
	}
	if r.pool, err = Values[T](pool); err != nil {
		return err
	}
	if n := len(r.off); n > 0 && int(r.off[n-1]) != len(r.pool) {
		return fmt.Errorf("%d entries, want %d", len(r.pool), r.off[n-1])
	}
	return nil
}
