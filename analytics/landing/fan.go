package landing

import (
	"context"
	"slices"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Fan is how far the sum of a period has come and how far it may go, for the org node of a scope.
type Fan struct {
	Period analytics.Period
	Past   []int64  // won by the end of each day of the period, up to the as-of day, in minor units
	Ahead  []Spread // from the as-of day to the period's end, about a dozen; none when it is over or too little is known
}

// Spread is where the sum stands at the end of a day with one, five and nine chances in ten, in minor units.
type Spread struct {
	Day           analytics.Day
	P10, P50, P90 int64
}

// fanSteps is how many spreads a period has at most.
const fanSteps = 13

// Fan answers s from o. The last spread is that of the landing; those before it are landings of shorter periods from the same draws. For a large company it takes some
// hundred milliseconds, and the nodes under the scope's come with it: who walks down the tree waits no more. It waits no longer than ctx lives and gives its error.
func (o *Outlook) Fan(ctx context.Context, s analytics.Scope) (Fan, error) {
	s.AsOf = o.day
	sel := o.b.Select(s)
	f := Fan{Period: sel.Period}
	if sel.Node < 0 {
		return f, ctx.Err()
	}
	for sum, d := int64(0), sel.Period.From; d <= min(sel.Period.To, o.day); d++ {
		for _, i := range o.a.wonIn(analytics.Period{From: d, To: d}) {
			x := &o.a.lives[i]
			if x.node < sel.Lo || x.node >= sel.Hi || !x.worth {
				continue
			}
			if sel.Filtered() {
				if _, ok := sel.Deal(x.code); !ok {
					continue
				}
			}
			sum = plus(sum, x.value)
		}
		f.Past = append(f.Past, sum)
	}
	if o.pl == nil || max(sel.Period.From-1, o.day) >= sel.Period.To || ctx.Err() != nil {
		return f, ctx.Err()
	}
	all := o.fans(s, sel)
	ahead, err := within(ctx, all.ahead)
	if err != nil {
		return f, err
	}
	f.Ahead = ahead[sel.Lo-all.lo]
	return f, nil
}

// fans are what lies ahead of a scope's node and of all under it.
type fans struct {
	scope  analytics.Scope // without its nodes: what lies ahead of one is the same for whoever asks
	lo, hi int32
	ahead  func() [][]Spread // by node from lo; drawn by whoever calls first
}

// fansKept bounds how many are kept, in companies: the spreads of one with 2,000 people are a megabyte.
const fansKept = 16

// fans returns those that hold s's node: some that were made for it or a node above it, or new ones.
func (o *Outlook) fans(s analytics.Scope, sel *analytics.Selection) *fans {
	free := s
	free.Root, free.Node = "", ""
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.ahead, func(f *fans) bool { return f.scope == free && f.lo <= sel.Lo && sel.Hi <= f.hi }); i >= 0 {
		f := o.ahead[i]
		o.ahead = append(slices.Delete(o.ahead, i, i+1), f)
		return f
	}
	f := &fans{free, sel.Lo, sel.Hi, sync.OnceValue(func() [][]Spread { return o.spreads(s, sel) })}
	o.ahead = append(slices.DeleteFunc(o.ahead, func(x *fans) bool { return x.scope == free && f.lo <= x.lo && x.hi <= f.hi }), f)
	room := fansKept * len(o.b.Nodes())
	for i := len(o.ahead) - 1; i >= 0; i-- {
		if room -= int(o.ahead[i].hi - o.ahead[i].lo); room < 0 {
			o.ahead = slices.Delete(o.ahead, 0, i+1)
			break
		}
	}
	return f
}

// spreads draws what lies ahead of every node of sel.
func (o *Outlook) spreads(s analytics.Scope, sel *analytics.Selection) [][]Spread {
	from := max(sel.Period.From-1, o.day)
	left := int(sel.Period.To - from)
	steps := min(fanSteps, (left+6)/7)
	out := make([][]Spread, sel.Hi-sel.Lo)
	var closed []int64
	for k := 1; k <= steps; k++ {
		part := s
		part.Period = analytics.Period{From: sel.Period.From, To: from + analytics.Day(left*k/steps)}
		l := &Landing{o: o, sel: o.b.Select(part), scope: part}
		own := l.cells()
		l.plan(own)
		l.drawAll(own)
		if k == 1 { // nothing is closed yet of the days to come
			l.close(own)
			for i := range own {
				closed = append(closed, own[i].closedMinor)
			}
		}
		for i := range own {
			own[i].closedMinor = closed[i]
		}
		l.sum(own)
		parallelBy(len(out), 16, func(_, lo, hi int) {
			var order sorter
			for n := lo; n < hi; n++ {
				q := order.quantiles(l.node[n], .1, .5, .9)
				x := Spread{part.Period.To, q[0], q[1], q[2]}
				if i := len(out[n]); i > 0 && k < steps { // each is drawn with its own shocks; what is in does not leave again
					was := out[n][i-1]
					x.P10, x.P50, x.P90 = max(x.P10, was.P10), max(x.P50, was.P50), max(x.P90, was.P90)
				}
				out[n] = append(out[n], x)
			}
		})
	}
	for _, ahead := range out { // the landing stands; none before it lies above
		end := ahead[len(ahead)-1]
		for i := range ahead[:len(ahead)-1] {
			x := &ahead[i]
			x.P10, x.P50, x.P90 = min(x.P10, end.P10), min(x.P50, end.P50), min(x.P90, end.P90)
		}
	}
	return out
}

// Money returns v in the currency of o's company.
func (o *Outlook) Money(v int64) store.Money { return store.Money{Minor: v, Currency: o.b.Currency()} }
