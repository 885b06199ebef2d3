package analytics

import (
	"encoding/json"
	"iter"
	"slices"
	"sync"
)

// Rows is a list whose rows are made when somebody looks at them: a list of a million deals costs what is seen of it. Several may read it at once.
type Rows[R any] struct {
	n   int
	at  func(i int) R
	key func(i int) string
}

// NewRows returns a list of n rows; key gives a row's identity without making the row.
func NewRows[R any](n int, at func(i int) R, key func(i int) string) Rows[R] {
	return Rows[R]{n, at, key}
}

// RowsOf returns a list of rows that are there already.
func RowsOf[R any](rows []R, key func(r *R) string) Rows[R] {
	return Rows[R]{len(rows), func(i int) R { return rows[i] }, func(i int) string { return key(&rows[i]) }}
}

// Len returns how many rows there are.
func (r Rows[R]) Len() int { return r.n }

// At makes row i.
func (r Rows[R]) At(i int) R { return r.at(i) }

// Key returns the identity of row i.
func (r Rows[R]) Key(i int) string { return r.key(i) }

// All makes every row, in order.
func (r Rows[R]) All() iter.Seq2[int, R] {
	return func(yield func(int, R) bool) {
		for i := range r.n {
			if !yield(i, r.at(i)) {
				return
			}
		}
	}
}

// List makes every row and returns them, never nil.
func (r Rows[R]) List() []R {
	rows := make([]R, r.n)
	for i := range rows {
		rows[i] = r.at(i)
	}
	return rows
}

// MarshalJSON writes the rows as an array.
func (r Rows[R]) MarshalJSON() ([]byte, error) { return json.Marshal(r.List()) }

// Ranking puts entries in order: the first few at once, which are those that a screen shows, all when somebody asks for a later one. Sorting a million
// takes longer than a frame, finding the first two thousand of them does not.
type Ranking[T any] struct {
	all, top []T
	order    func(a, b T) int
	once     sync.Once
}

// topmost is how many entries are in order from the start.
const topmost = 2048

// Rank returns the ranking of all entries in parts, which become its own. order must tell any two entries apart.
func Rank[T any](parts [][]T, order func(a, b T) int) *Ranking[T] {
	r := &Ranking[T]{order: order}
	for _, p := range parts {
		if r.all == nil {
			r.all = p
		} else {
			r.all = append(r.all, p...)
		}
	}
	if len(r.all) <= topmost {
		r.once.Do(func() { slices.SortFunc(r.all, order) })
		r.top = r.all
		return r
	}
	// The best so far, a few too many of them, and the last that is surely good enough.
	best := make([]T, 0, 2*topmost)
	full := false
	var bar T
	for _, v := range r.all {
		if full && order(v, bar) >= 0 {
			continue
		}
		if best = append(best, v); len(best) == cap(best) {
			slices.SortFunc(best, order)
			best, full = best[:topmost], true
			bar = best[topmost-1]
		}
	}
	slices.SortFunc(best, order)
	r.top = best[:topmost]
	return r
}

// Len returns how many entries there are.
func (r *Ranking[T]) Len() int { return len(r.all) }

// At returns the entry in place i. The first call beyond the topmost sorts all, some hundred milliseconds per million: call Settle before, where nobody waits.
func (r *Ranking[T]) At(i int) T {
	if i < len(r.top) {
		return r.top[i]
	}
	r.Settle()
	return r.all[i]
}

// Settle sorts all.
func (r *Ranking[T]) Settle() { r.once.Do(func() { slices.SortFunc(r.all, r.order) }) }
