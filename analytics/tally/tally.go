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

// number writes the numbers of a block's rows to into, times width, added to what is there where add says so.
func (x *axis) number(k int, rows []int32, into []int32, width int32, add bool) {
	const mask = column.Rows - 1
	if x.bytes != nil {
		v := x.bytes(k)
		if add {
			for at, r := range rows {
				into[at] += int32(v[r&mask])
			}
			return
		}
		for at, r := range rows {
			into[at] = int32(v[r&mask]) * width
		}
		return
	}
	v, to := x.codes(k), x.to
	if add {
		for at, r := range rows {
			into[at] += to[v[r&mask]+1]
		}
		return
	}
	for at, r := range rows {
		into[at] = to[v[r&mask]+1] * width
	}
}

// cell is what one pair adds up to. Count and minutes share a cache line.
type cell struct{ n, minutes int64 }

type part struct {
	cells []cell
	at    []int32
}

// Of counts the touches that s holds: those of its period, or all up to the as-of day when none is chosen.
func Of(b *analytics.Book, s analytics.Scope, by [2]By) *Answer {
	a := &Answer{Stamp: b.Stamp(s), Scope: b.Named(s), By: by, Rows: []Row{}}
	sel, p := b.Select(s), s.Period
	if p.IsZero() {
		p = analytics.Period{From: store.NoDay, To: sel.AsOf}
	}
	x, y := axisOf(b, by[0]), axisOf(b, by[1])
	parts := make([]*part, analytics.Parts())
	t := b.Touches()
	n := sel.ShareTouches(p, func(at, k int, rows []int32) {
		w := parts[at]
		if w == nil {
			w = &part{make([]cell, x.n*y.n), make([]int32, column.Rows)}
			parts[at] = w
		}
		to := w.at[:len(rows)]
		x.number(k, rows, to, int32(y.n), false)
		y.number(k, rows, to, 1, true)
		lengths := t.Length.Block(k)
		for j, i := range to {
			c := &w.cells[i]
			c.n++
			c.minutes += int64(lengths[rows[j]&(column.Rows-1)])
		}
	})
	sum := make([]cell, x.n*y.n)
	for _, w := range parts[:n] {
		if w != nil {
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

// Table gives the rows.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{a.By[0].String(), a.By[1].String(), "touches", "minutes"}}
	for _, r := range a.Rows {
		t.Rows = append(t.Rows, []string{r.Keys[0], r.Keys[1], strconv.Itoa(r.Touches), strconv.FormatInt(r.Minutes, 10)})
	}
	return t
}
