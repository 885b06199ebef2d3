// Package tally counts touches by any two of their columns, over all of time or a period: the question that nobody foresaw. It is the widest scan there is,
// twenty million rows without a filter, and is written to run at the machine's speed: dense counters, one walk, all processors.
//
// It answers in codes' names and refuses to rank or judge.
package tally

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// By is a column of touches to count by.
type By uint8

// The columns. Area is whole: province/city/district; Province its outermost part.
const (
	Channel By = iota
	Sentiment
	Topic
	Industry
	Province
	Rep
)

var columns = [...]string{"channel", "sentiment", "topic", "industry", "province", "rep"}

// String returns the column's name.
func (y By) String() string {
	if int(y) < len(columns) {
		return columns[y]
	}
	return fmt.Sprintf("%d?", uint8(y))
}

// Parse reads what String writes.
func Parse(s string) (By, error) {
	if i := slices.Index(columns[:], s); i >= 0 {
		return By(i), nil
	}
	return 0, fmt.Errorf("count by %q: want one of %s", store.Clip(s, 40), strings.Join(columns[:], ", "))
}

// Row is one pair of values. Keys are names; a person's ID for Rep; "" unknown.
type Row struct {
	Keys    [2]string `json:"keys"`
	Touches int       `json:"touches"`
	Minutes int64     `json:"minutes"` // their durations, as far as they are known
}

// Answer is the count.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Scope           string `json:"scope"`
	By              [2]By  `json:"-"`
	Rows            []Row  `json:"rows"` // by keys
}

// axis is a column as dense numbers.
type axis struct {
	n    int
	name func(i int) string
	// One of these gives a row's number: bytes are their own; codes go through to, by Code + 1.
	bytes func(k int) []uint8
	codes func(k int) []analytics.Code
	to    []int32
}

func axisOf(b *analytics.Book, y By) axis {
	t := b.Touches()
	same := func(n int, name func(analytics.Code) string, col *column.Col[analytics.Code]) axis {
		to := make([]int32, n+1)
		for i := range to {
			to[i] = int32(i)
		}
		return axis{n: n + 1, to: to, codes: col.Block, name: func(i int) string {
			if i == 0 {
				return ""
			}
			return name(analytics.Code(i - 1))
		}}
	}
	switch y {
	case Sentiment:
		return axis{n: 256, bytes: func(k int) []uint8 { return raw(t.Sentiment.Block(k)) }, name: func(i int) string { return store.Sentiment(i).String() }}
	case Topic:
		return same(b.Topics(), b.Topic, &t.Topic)
	case Rep:
		return same(b.People(), func(c analytics.Code) string { return string(b.Person(c).ID) }, &t.Rep)
	case Industry:
		x := same(b.IndustryCodes(), b.Industry, &t.Account)
		x.to = make([]int32, b.Accounts()+1)
		for c := range analytics.Code(b.Accounts()) {
			x.to[c+1] = b.AccountIndustry(c) + 1
		}
		return x
	case Province:
		x := same(b.Areas(), b.Area, &t.Area)
		at, names := map[string]int32{"": 0}, []string{""}
		for c := range analytics.Code(b.Areas()) {
			p, _, _ := strings.Cut(b.Area(c), "/")
			i, ok := at[p]
			if !ok {
				i = int32(len(names))
				at[p] = i
				names = append(names, p)
			}
			x.to[c+1] = i
		}
		x.n, x.name = len(names), func(i int) string { return names[i] }
		return x
	}
	return axis{n: 256, bytes: func(k int) []uint8 { return raw(t.Channel.Block(k)) }, name: func(i int) string { return store.Channel(i).String() }}
}

// raw reads an enumeration's block as the bytes that it is.
func raw[T ~uint8](v []T) []uint8 {
	b, _ := column.Values[uint8](column.Bytes(v))
	return b
}

// number returns the number of row j of block k.
func (x *axis) number(k int, j int32) int32 {
	if x.bytes != nil {
		return int32(x.bytes(k)[j])
	}
	return x.to[x.codes(k)[j]+1]
}

// cell is what one pair adds up to.
type cell struct{ n, minutes int64 }

// part is what one goroutine adds up. Of blocks all of whose rows count, count and minutes of a pair are added as one number, the count above the lowest low bits, and
// neighbouring rows into sums of their own, so that none waits for the one before: three steps a row became one.
type part struct {
	cells []cell
	quick [2][]uint64
	rows  int // in quick
}

const (
	low   = 42
	short = 1 << 22 // minutes that may be added so: no touch takes eight years
)

var most = 1 << 20 // rows until quick is emptied: up to there neither half runs over

// Of counts the touches that s holds: those of its period, or all up to the as-of day when none is chosen.
func Of(b *analytics.Book, s analytics.Scope, by [2]By) *Answer {
	a := &Answer{Stamp: b.Stamp(s), Scope: b.Named(s), By: by, Rows: []Row{}}
	sel, p := b.Select(s), s.Period
	if p.IsZero() {
		p = analytics.Period{From: store.NoDay, To: sel.AsOf}
	}
	x, y := axisOf(b, by[0]), axisOf(b, by[1])
	quick := newQuick(&x, &y)
	parts := make([]*part, analytics.Parts())
	t := b.Touches()
	partOf := func(at int) *part {
		if parts[at] == nil {
			n := x.n * y.n
			parts[at] = &part{cells: make([]cell, n), quick: [2][]uint64{make([]uint64, n), make([]uint64, n)}}
		}
		return parts[at]
	}
	some := func(at, k int, rows []int32) {
		w, lengths := partOf(at), t.Length.Block(k)
		for _, r := range rows {
			j := r & (column.Rows - 1)
			c := &w.cells[int(x.number(k, j))*y.n+int(y.number(k, j))]
			c.n++
			c.minutes += int64(lengths[j])
		}
	}
	n := sel.ShareWholeTouches(p, func(at, k int) {
		w, lengths := partOf(at), t.Length.Block(k)
		if !usual(lengths) {
			for j := range lengths {
				some(at, k, []int32{int32(j)})
			}
			return
		}
		if w.rows+len(lengths) > most {
			w.empty()
		}
		w.rows += len(lengths)
		quick.add(k, lengths, w.quick[0], w.quick[1])
	}, some)
	sum := make([]cell, x.n*y.n)
	for _, w := range parts[:n] {
		if w != nil {
			w.empty()
			for i, c := range w.cells {
				sum[i].n += c.n
				sum[i].minutes += c.minutes
			}
		}
	}
	for i, c := range sum {
		if c.n > 0 {
			a.Rows = append(a.Rows, Row{[2]string{x.name(i / y.n), y.name(i % y.n)}, int(c.n), c.minutes})
		}
	}
	slices.SortFunc(a.Rows, func(x, y Row) int {
		return cmp.Or(cmp.Compare(x.Keys[0], y.Keys[0]), cmp.Compare(x.Keys[1], y.Keys[1]))
	})
	return a
}

// empty moves what stands in quick to cells.
func (w *part) empty() {
	for q := range w.quick {
		for i, v := range w.quick[q] {
			if v != 0 {
				w.cells[i].n += int64(v >> low)
				w.cells[i].minutes += int64(v & (1<<low - 1))
				w.quick[q][i] = 0
			}
		}
	}
	w.rows = 0
}

// usual reports whether no length is negative or as long as short, looking at two at a time.
func usual(lengths []int32) bool {
	var seen uint64
	pairs, err := column.Values[uint64](column.Bytes(lengths[:len(lengths)&^1]))
	if err != nil {
		return false
	}
	for _, v := range pairs {
		seen |= v
	}
	all := uint32(seen>>32) | uint32(seen)
	if len(lengths)&1 == 1 {
		all |= uint32(lengths[len(lengths)-1])
	}
	return all < short
}

// quick adds up whole blocks by two axes.
type quick struct {
	x, y   *axis
	tx, ty []int32 // by value, a code's plus one: the number, that of x times how many numbers y has
}

func newQuick(x, y *axis) *quick {
	table := func(a *axis, width int) []int32 {
		if a.bytes == nil && width == 1 {
			return a.to
		}
		t := make([]int32, max(len(a.to), 256))
		for i := range t {
			switch {
			case a.bytes != nil:
				t[i] = int32(i * width)
			case i < len(a.to):
				t[i] = a.to[i] * int32(width)
			}
		}
		return t
	}
	return &quick{x, y, table(x, y.n), table(y, 1)}
}

func (q *quick) add(k int, lengths []int32, even, odd []uint64) {
	switch {
	case q.x.bytes != nil && q.y.bytes != nil:
		addRows(q.x.bytes(k), q.y.bytes(k), q.tx, q.ty, 0, 0, lengths, even, odd)
	case q.x.bytes != nil:
		addRows(q.x.bytes(k), q.y.codes(k), q.tx, q.ty, 0, 1, lengths, even, odd)
	case q.y.bytes != nil:
		addRows(q.x.codes(k), q.y.bytes(k), q.tx, q.ty, 1, 0, lengths, even, odd)
	default:
		addRows(q.x.codes(k), q.y.codes(k), q.tx, q.ty, 1, 1, lengths, even, odd)
	}
}

func addRows[X, Y uint8 | int32](xs []X, ys []Y, tx, ty []int32, ox, oy int, lengths []int32, even, odd []uint64) {
	ys, lengths = ys[:len(xs)], lengths[:len(xs)]
	j := 0
	for ; j+1 < len(xs); j += 2 {
		even[tx[int(xs[j])+ox]+ty[int(ys[j])+oy]] += 1<<low + uint64(lengths[j])
		odd[tx[int(xs[j+1])+ox]+ty[int(ys[j+1])+oy]] += 1<<low + uint64(lengths[j+1])
	}
	if j < len(xs) {
		even[tx[int(xs[j])+ox]+ty[int(ys[j])+oy]] += 1<<low + uint64(lengths[j])
	}
}

// Table gives the rows.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{a.By[0].String(), a.By[1].String(), "touches", "minutes"}}
	for _, r := range a.Rows {
		t.Rows = append(t.Rows, []string{r.Keys[0], r.Keys[1], strconv.Itoa(r.Touches), strconv.FormatInt(r.Minutes, 10)})
	}
	return t
}
