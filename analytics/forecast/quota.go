package forecast

import (
	"cmp"
	"math/bits"
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// quota is one node's target in the period.
type quota struct {
	has, partial bool
	sum          analytics.Adder
}

// quotas gives every node of the subtree its quota; see the package comment.
func (k *kernel) quotas(cells []cell) []quota {
	out := make([]quota, len(cells))
	for i := range out {
		out[i].sum = k.b.Adder()
	}
	if k.sel.Filtered() {
		return out
	}
	own := k.b.QuotasByNode()[k.sel.Lo:k.sel.Hi]
	nodes := k.b.Nodes()
	for i := int32(len(out)) - 1; i >= 0; i-- {
		q := &out[i]
		if money, partial := For(own[i], k.sel.Period); len(money) > 0 {
			q.has, q.partial = true, partial
			for _, m := range money {
				q.sum.Add(m)
			}
			continue
		}
		lacking := false
		for c := i + 1; c < nodes[i+k.sel.Lo].End-k.sel.Lo; c = nodes[c+k.sel.Lo].End - k.sel.Lo { // the children: each subtree ends where the next begins
			if out[c].has {
				q.has = true
				q.sum.AddSum(out[c].sum.Sum())
				q.partial = q.partial || out[c].partial
			} else {
				lacking = lacking || cells[c].deals > 0
			}
		}
		q.partial = q.has && (q.partial || lacking)
	}
	return out
}

// For returns what one node's quota records say about p: the records for exactly p; else those that lie within p and cover it, the longest first,
// none overlapping another; else of the shortest one that contains p the share of its days, rounded half to even; else those within p that cover
// a part of it, and partial is true. Nothing when none of these exists.
func For(records []store.Quota, p analytics.Period) (money []store.Money, partial bool) {
	var out []store.Money
	var within []store.Quota
	var around *store.Quota
	for i := range records {
		q := &records[i]
		switch {
		case q.From == p.From && q.To == p.To:
			out = append(out, q.Amount)
		case q.From >= p.From && q.To <= p.To:
			within = append(within, *q)
		case q.From <= p.From && q.To >= p.To:
			if around == nil || cmp.Or(cmp.Compare(q.To-q.From, around.To-around.From), cmp.Compare(q.From, around.From), cmp.Compare(q.ID, around.ID)) < 0 {
				around = q
			}
		}
	}
	if len(out) > 0 {
		return out, false
	}
	slices.SortFunc(within, func(x, y store.Quota) int {
		return cmp.Or(cmp.Compare(y.To-y.From, x.To-x.From), cmp.Compare(x.From, y.From), cmp.Compare(x.ID, y.ID))
	})
	var taken []store.Quota
	days := 0
	for _, q := range within {
		// Two records of one span add up (two products' targets, say); a record inside or across another one tells the same money again.
		same := func(t store.Quota) bool { return q.From == t.From && q.To == t.To }
		if slices.ContainsFunc(taken, func(t store.Quota) bool { return q.From <= t.To && t.From <= q.To && !same(t) }) {
			continue
		}
		if !slices.ContainsFunc(taken, same) {
			days += int(q.To-q.From) + 1
		}
		taken = append(taken, q)
		out = append(out, q.Amount)
	}
	partial = len(out) > 0 && days < p.Days()
	if around != nil && (partial || len(out) == 0) {
		return []store.Money{{Minor: share(around.Amount.Minor, p.Days(), int(around.To-around.From)+1), Currency: around.Amount.Currency}}, false
	}
	return out, partial
}

// share returns n × part / whole, rounded half to even, without overflow; 0 < part ≤ whole.
func share(n int64, part, whole int) int64 {
	u, neg := uint64(n), n < 0
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(part))
	q, r := bits.Div64(hi, lo, uint64(whole))
	if half := uint64(whole) - r; r > half || r == half && q%2 == 1 {
		q++
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}
