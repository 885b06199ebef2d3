package landing

import (
	"context"

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
// hundred milliseconds: it ends early with ctx's error.
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
			if _, ok := sel.Deal(x.code); ok {
				sum = plus(sum, x.value)
			}
		}
		f.Past = append(f.Past, sum)
	}
	from := max(sel.Period.From-1, o.day)
	if o.pl == nil || from >= sel.Period.To {
		return f, ctx.Err()
	}
	left := int(sel.Period.To - from)
	steps := min(fanSteps, (left+6)/7)
	var order sorter
	var closed []int64
	for k := 1; k <= steps; k++ {
		if err := ctx.Err(); err != nil {
			return f, err
		}
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
		q := order.quantiles(l.node[0], .1, .5, .9)
		x := Spread{part.Period.To, q[0], q[1], q[2]}
		if n := len(f.Ahead); n > 0 { // each is drawn with its own shocks; what is in does not leave again
			was := f.Ahead[n-1]
			x.P10, x.P50, x.P90 = max(x.P10, was.P10), max(x.P50, was.P50), max(x.P90, was.P90)
			if k == steps {
				x.P10, x.P50, x.P90 = q[0], q[1], q[2]
			}
		}
		f.Ahead = append(f.Ahead, x)
	}
	if n := len(f.Ahead); n > 1 { // the landing stands; none before it lies above
		end := f.Ahead[n-1]
		for i := range f.Ahead[:n-1] {
			x := &f.Ahead[i]
			x.P10, x.P50, x.P90 = min(x.P10, end.P10), min(x.P50, end.P50), min(x.P90, end.P90)
		}
	}
	return f, nil
}

// Money returns v in the currency of o's company.
func (o *Outlook) Money(v int64) store.Money { return store.Money{Minor: v, Currency: o.b.Currency()} }
