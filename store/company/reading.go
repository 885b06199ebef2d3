package company

import (
	"math"
	"slices"

	"flightdeck/store"
)

// Behaviours are what is measured of a customer, each moved by one of the components of its health and by much else. How good or bad a value is, and what it is
// worth, the data does not say.
var behaviours = [...]struct {
	name   string
	of     int     // the component that moves it
	lo, hi float64 // at a level of 0 and of 100; lo may be the larger
	noise  float64 // in points of the level
	unit   float64 // values are multiples of it
}{
	{"logins", 0, .2, 24, 9, .1},          // per user and week
	{"depth", 0, 4, 88, 11, 1},            // % of the bought functions in use
	{"seats", 0, 8, 98, 8, 1},             // % of the bought seats in use
	{"response", 1, 52, 1.5, 12, .5},      // hours until a ticket was answered
	{"tickets", 1, 19, 0, 16, 1},          // open at the day's end
	{"ontime", 1, 42, 100, 9, 1},          // % of the tickets that were closed on time
	{"late", 2, 68, -6, 8, 1},             // days by which invoices were paid after their date
	{"meetings", 3, 0, 7, 15, 1},          // with deciders, in 30 days
	{"silence", 3, 62, 0, 12, 1},          // days since a decider answered
	{"training", 3, 0, 16, 20, 1},         // people trained in the quarter
	{"survey", 4, -60, 78, 14, 1},         // net promoter score
	{"renewal", 4, 5, 97, 10, 1},          // intent to renew, as the success manager puts it, 0–100
	{"integration", -1, 10, 90, 0, 5},     // complexity of the systems that ours stands between, 0–100; stays as it is
	{"chain", -1, 1, 7, 0, 1},             // levels that decide on a purchase
	{"cycle", -1, 20, 400, 0, 5},          // days between purchases
	{"subscription", -1, 0, 9_000, 0, 50}, // CNY a month
}

// fixed are the measures that a customer has for good, each a place between lo and hi.
type fixed [len(behaviours)]float64

func (g *gen) fix(a *account) (f fixed) {
	c := g.side.set(g.Seed, laneReading, uint64(a.i))
	for k, b := range behaviours {
		if b.of < 0 {
			f[k] = 100 * c.Float64()
		}
		if b.name == "subscription" && !c.yes(.3) {
			f[k] = 0
		}
	}
	return f
}

// measure makes the reading of a day: of month ends, and of the last four weeks' Sundays. A few customers lack a measure now and then: nobody asked them, or the
// system was down.
func (g *gen) measure(a *account, n int, d store.Day, level *[len(components)]float64, f *fixed, out *store.Records) {
	if d != monthEnd(d) && d < g.today-28 {
		return
	}
	c := g.side.set(g.Seed, laneReading, uint64(a.i)<<16|uint64(n)|1<<60)
	m := store.Reading{ID: g.id('a', a.i+1, 'm', n), Account: a.id, Day: d, Values: make(map[string]float64, len(behaviours)), Seen: instant(midnight(d) + clock(23, 40))}
	for k, b := range behaviours {
		at := f[k]
		if b.of >= 0 {
			at = level[b.of] + b.noise*c.NormFloat64()
			if c.yes(.004) {
				continue
			}
		}
		v := b.lo + (b.hi-b.lo)*max(0, min(100, at))/100
		m.Values[b.name] = round5(math.Round(v/b.unit) * b.unit)
	}
	if g.Incident && d == g.IncidentDay() && g.side.set(g.Seed, laneReading, uint64(a.i)<<16|uint64(n)|1<<61).yes(incidentShare/100.) {
		m.Values["depth"] = 0
	}
	out.Readings = append(out.Readings, m)
}

// What a customer buys follows how it does, later than what is measured of it and by other shares than the health index has: a product that is used and bills that
// are paid keep a customer, a friendly contact hardly does.
var vigourShares = [len(components)]float64{.5, .1, .28, .04, .08}

func vigour(level *[len(components)]float64) (v float64) {
	for k, share := range vigourShares {
		v += share * level[k]
	}
	return v
}

// appetite is by what factor a customer buys in a month, by its vigour two months before; gone: it buys no more, because it did badly for half a year.
func (g *gen) appetite(month store.Day) (factor float64, gone bool) {
	if len(g.vigour) == 0 {
		return 1, false
	}
	i, _ := slices.BinarySearchFunc(g.vigour, month-45, func(p felt, d store.Day) int { return int(p.day - d) })
	i = min(i, len(g.vigour)-1)
	bad := 0
	for _, p := range g.vigour[:i+1] {
		if bad++; p.vigour >= 40 {
			bad = 0
		}
		gone = gone || bad >= 6
	}
	return math.Exp((g.vigour[i].vigour - 62) / 30), gone
}

// felt is how a customer did at a month's end.
type felt struct {
	day    store.Day
	vigour float64
}
