package grade

import (
	"context"
	"math"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
)

// Panel is what the rules' attributes said of accounts on each of many past days, before any weight: what weights are fitted to. Of a day it holds nothing that a later one told,
// but for customers' own fields (revenue, staff), which have no history. It is immutable.
type Panel struct {
	Days       []Day
	Attributes []rule.Attribute
	Accounts   []analytics.Code
	// Part is day → attribute → place in Accounts → the value's place between worst and best, 0–1; -1 unknown.
	Part [][][]float32
	// There is day → place in Accounts: the customer was known on that day, and enough of it for a grade.
	There [][]bool
}

// PanelOf reads the panel of accounts on days, oldest first, under the guards of g, which judge all customers. It blocks as [Replay] does.
func PanelOf(ctx context.Context, b *analytics.Book, g *rule.Grading, accounts []analytics.Code, days []Day) (*Panel, error) {
	m := NewModel(b, g)
	w := newWalker(m, days)
	held := newGuard(m, w, nil).judge(days, nil, nil)
	n := len(accounts)
	p := &Panel{Days: days, Attributes: g.Attributes, Accounts: accounts, Part: make([][][]float32, len(days)), There: make([][]bool, len(days))}
	for k := range days {
		p.Part[k], p.There[k] = make([][]float32, len(m.attributes)), make([]bool, n)
		for a := range m.attributes {
			p.Part[k][a] = make([]float32, n)
		}
	}
	const batch = 16384
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		analytics.ShareBy(parcel, min(batch, n-from), func(_, first, last int) {
			w := w.fork()
			for i := from + first; i < from+last; i++ {
				code := accounts[i]
				since := b.KnownSince(code)
				w.walk(code, nil, func(k int) *holds { return &held[k] }, func(k int) {
					_, missing := m.score(&w.out, w.env)
					p.There[k][i] = (!since.Valid() || since <= days[k]) && 100*missing <= float64(g.Guard.Unknown)
					for a := range m.attributes {
						x := m.part(&m.attributes[a], &w.out, w.env)
						if math.IsNaN(x) {
							x = -1
						}
						p.Part[k][a][i] = float32(x)
					}
				})
			}
		})
	}
	return p, nil
}

// Brought is what each account brought in over so many days up to and including day, in minor units of the organisation's currency: its sales lines, or where the store holds none its
// won deals, as they stood then. By account Code; nothing may be written to it.
func Brought(b *analytics.Book, day Day, days int) []int64 {
	if b.HasSales() {
		values, _ := b.Brought(day, days)
		return values
	}
	return wonWithin(b, day, days)
}
