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
// takes longer than a frame, finding the first few hundred of them does not.
type Ranking[T any] struct {
	all, top []T
	n        int
	later    func() []T // gives all where they are not there yet
	order    func(a, b T) int
	once     sync.Once
}

// Topmost is how many entries of a [Ranking] are in order from the start.
const Topmost = 512

const topmost = Topmost

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
	if r.n = len(r.all); r.n <= topmost {
		r.once.Do(func() { slices.SortFunc(r.all, order) })
		r.top = r.all
		return r
	}
	top := NewTop(order)
	for _, v := range r.all {
		top.Add(v)
	}
	r.top = top.first()
	return r
}

// RankLater returns the ranking of n entries, of which tops hold the first; all gives every one of them when somebody asks for a later one.
func RankLater[T any](tops []*Top[T], n int, all func() []T, order func(a, b T) int) *Ranking[T] {
	r := &Ranking[T]{order: order, n: n, later: all}
	top := NewTop(order)
	for _, t := range tops {
		if t != nil {
			for _, v := range t.best {
				top.Add(v)
			}
		}
	}
	r.top = top.first()
	return r
}

// Top gathers the entries that come first: the best so far, some too many of them, and the last that is surely good enough. One goroutine.
type Top[T any] struct {
	order func(a, b T) int
	best  []T
	bar   T
	full  bool
}

// NewTop returns an empty Top.
func NewTop[T any](order func(a, b T) int) *Top[T] { return &Top[T]{order: order} }

// Add takes an entry.
func (t *Top[T]) Add(v T) {
	if t.full && t.order(v, t.bar) >= 0 {
		return
	}
	if t.best == nil {
		t.best = make([]T, 0, 4*topmost)
	}
	if t.best = append(t.best, v); len(t.best) == cap(t.best) {
		t.divide()
		t.best, t.full = t.best[:topmost], true
		t.bar = t.best[topmost-1]
	}
}

// divide puts the topmost of the entries before the others, the last of them in its place (C. A. R. Hoare, "Algorithm 65: find", Communications of the ACM 4,
// 1961): only in the end they are sorted.
func (t *Top[T]) divide() {
	v, lo, hi, at := t.best, 0, len(t.best)-1, topmost-1
	for lo < hi {
		pivot, i, j := v[lo+(hi-lo)/2], lo, hi
		for i <= j {
			for t.order(v[i], pivot) < 0 {
				i++
			}
			for t.order(pivot, v[j]) < 0 {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case at <= j:
			hi = j
		case at >= i:
			lo = i
		default:
			return
		}
	}
}

// Bar returns an entry that is among the first, once there are enough: what comes after it need not be added.
func (t *Top[T]) Bar() (v T, ok bool) { return t.bar, t.full }

func (t *Top[T]) first() []T {
	slices.SortFunc(t.best, t.order)
	return t.best[:min(len(t.best), topmost)]
}

// Len returns how many entries there are.
func (r *Ranking[T]) Len() int { return r.n }

// At returns the entry in place i. The first call beyond the topmost sorts all, some hundred milliseconds per million: call Settle before, where nobody waits.
func (r *Ranking[T]) At(i int) T {
	if i < len(r.top) {
		return r.top[i]
	}
	r.Settle()
	return r.all[i]
}

// Sorted returns all entries in order, sorting them first if nobody has: see At. Nothing in it may be written to.
func (r *Ranking[T]) Sorted() []T {
	r.Settle()
	return r.all
}

// Settle puts all in order.
func (r *Ranking[T]) Settle() {
	r.once.Do(func() {
		if r.later != nil {
			r.all, r.later = r.later(), nil
		}
		slices.SortFunc(r.all, r.order)
	})
}
