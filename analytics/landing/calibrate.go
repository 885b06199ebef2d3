package landing

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// The lengths of window for which past forecasts are compared with what came.
const (
	windowMonth = iota
	windowTwo
	windowQuarter
	windows
)

// lengths of the windows, in months.
var lengths = [windows]int{1, 2, 3}

// scale is what past forecasts of one length of window teach about the next one.
type scale struct {
	fix     *isotonic // of the probabilities
	blend   float64   // how much the pipeline counts against the node's usual level
	plain   float64   // how much the stage-weighted pipeline counts against both of these
	bias    float64   // what came over what was expected
	company float64   // standard deviation of the company's own shock, relative
	team    float64   // of a team's, on top
	origins int       // past forecasts that this rests on
	bins    []Bin     // how what would be said now has held
}

// Priors, in force as far as the past says nothing else: the pipeline counts seven tenths, the stage-weighted one a fifth against it, and beyond chance a company is off by 7 %, a team by
// as much again.
const (
	priorBlend = .7
	priorPlain = .2
	priorShock = .07
)

// How many past forecasts the prior of a shock is worth.
const (
	priorCompany = 4
	priorTeam    = 12
)

// Trainer makes the Outlooks of several days of one Book. It keeps the models of past days, since later days' calibrations share them; what it gives for a day
// does not depend on what it was asked before. One goroutine may use it at a time.
type Trainer struct {
	b       *analytics.Book
	seeds   []uint64
	room    []life // in which past days are read, one after the other
	plans   map[analytics.Day]*origin
	limit   int // rows for past models
	origins int // past forecasts to compare, at most
}

// NewTrainer returns a Trainer for b that knows nothing yet.
func NewTrainer(b *analytics.Book) *Trainer {
	t := &Trainer{b: b, seeds: seedsOf(b), plans: map[analytics.Day]*origin{}, limit: 60_000, origins: 12}
	if n := b.Deals(); n > 100_000 {
		t.origins = 4
	}
	return t
}

// past returns what would have been made of the deals open on day, then. Nil: there was too little to learn from.
func (t *Trainer) past(day analytics.Day) *origin {
	if p, ok := t.plans[day]; ok {
		return p
	}
	a := newArchive(t.b, day, t.seeds, t.room)
	t.room = a.lives
	if !a.enough() {
		t.plans[day] = nil
		return nil
	}
	t.plans[day] = newOrigin(learn(a, t.limit))
	return t.plans[day]
}

// enough reports whether a company has closed deals enough to learn from.
func (a *archive) enough() bool { return a.won+a.lost >= minClosed && a.won >= minWon }

// calibrate compares past forecasts with what had come of them by a's day.
func (t *Trainer) calibrate(a *archive) [windows]scale {
	var out [windows]scale
	cal := a.b.Calendar()
	wins := make([]analytics.Day, a.b.Deals()) // by deal: the day on which it was won, NoDay when it was not
	for i := range wins {
		wins[i] = store.NoDay
	}
	for i := range a.lives {
		if l := &a.lives[i]; l.won {
			wins[l.code] = l.end
		}
	}
	for w := range out {
		months := lengths[w]
		var past []*trial
		for back := months; len(past) < t.origins && back < months+t.origins+6; back++ {
			from := cal.Month(a.day+1, -back).From
			if cal.Month(from, months-1).To > a.day || a.since == store.NoDay || from <= a.since {
				continue
			}
			if pl := t.past(from - 1); pl != nil {
				past = append(past, newTrial(pl, w, a, wins))
			}
		}
		out[w] = newScale(past, float64(months))
	}
	return out
}

// trial is one past forecast beside what came.
type trial struct {
	pl     *origin
	window int
	came   []float64 // by node, its own
	pairs  []pair
}

func newTrial(pl *origin, window int, a *archive, wins []analytics.Day) *trial {
	t := &trial{pl: pl, window: window, came: make([]float64, len(a.b.Nodes())), pairs: make([]pair, len(pl.open))}
	p := pl.periods[window]
	for i := range a.lives {
		if l := &a.lives[i]; l.won && l.worth && p.Contains(l.end) {
			t.came[l.node] += float64(l.value)
		}
	}
	for i := range pl.open {
		x := &pl.open[i]
		t.pairs[i].said = x.said[window]
		if p.Contains(wins[x.code]) {
			t.pairs[i].came = 1
		}
	}
	return t
}

// newScale weighs past forecasts. Windows of three months that begin every month overlap; each counts a third.
func newScale(past []*trial, months float64) scale {
	s := scale{blend: priorBlend, plain: priorPlain, bias: 1, company: priorShock, team: priorShock, origins: len(past)}
	if len(past) == 0 {
		s.company *= wider(priorCompany)
		s.team *= wider(priorTeam)
		return s
	}
	n := 0
	for _, t := range past {
		n += len(t.pairs)
	}
	pairs := make([]pair, 0, n)
	for _, t := range past {
		pairs = append(pairs, t.pairs...)
	}
	s.fix = newIsotonic(pairs)
	s.bins = bins(pairs, s.fix)
	type unit struct{ deals, usual, plain, came, spread float64 }
	companies := make([]unit, len(past))
	teams := make([]map[int32]*unit, len(past))
	for i, t := range past {
		teams[i] = map[int32]*unit{}
		plan := t.pl.plan(t.window, s.fix)
		for n, x := range plan {
			key := t.pl.m.team(int32(n))
			u := teams[i][key]
			if u == nil {
				u = &unit{}
				teams[i][key] = u
			}
			for _, u := range []*unit{u, &companies[i]} {
				u.deals += x.deals + x.fresh
				u.usual += x.usual
				if u.plain += x.plain; !t.pl.plain {
					u.plain = math.NaN()
				}
				u.came += t.came[n]
				u.spread += x.spread
			}
		}
	}
	each := func(fn func(u *unit)) {
		for i := range teams {
			for n := range int32(len(past[i].came)) {
				if u := teams[i][n]; u != nil && (u.deals != 0 || u.usual != 0 || u.came != 0) {
					fn(u)
				}
			}
		}
	}
	// The blend that would have missed least, of some dozens, against a prior worth two whole past forecasts.
	best, total, units := math.Inf(1), 0., 0.
	each(func(u *unit) { total += math.Abs(u.came); units++ })
	for k := 0; k <= 10; k++ {
		for j := 0; j <= 6; j++ {
			try := scale{blend: float64(k) / 10, plain: float64(j) / 10}
			miss := 0.
			each(func(u *unit) { miss += math.Abs(try.mix(u.deals, u.usual, u.plain) - u.came) })
			off := (try.blend-priorBlend)*(try.blend-priorBlend) + (try.plain-priorPlain)*(try.plain-priorPlain)
			if miss += off * total / float64(len(past)) * months * .6; miss < best-1e-9*total {
				best, s.blend, s.plain = miss, try.blend, try.plain
			}
		}
	}
	mix := func(u *unit) float64 { return s.mix(u.deals, u.usual, u.plain) }
	came, said := 0., 0.
	for i := range companies {
		came += companies[i].came
		said += mix(&companies[i])
	}
	if said > 0 && came > 0 {
		prior := 2 * months * came / float64(len(past)) // two forecasts that do not overlap
		s.bias = min(max((came+prior)/(said+prior), .6), 1.6)
	}
	// What is left beyond chance, by moments: (A − F)² − variance by chance, over F².
	moment := func(units []unit, prior float64) float64 {
		top, low := 0., 0.
		for i := range units {
			f := s.bias * mix(&units[i])
			d := units[i].came - f
			top += d*d - s.bias*units[i].spread
			low += f * f
		}
		if low == 0 {
			return priorShock
		}
		n := float64(len(units)) / months
		return wider(n+prior) * math.Sqrt(max(0, (n*top/low+prior*priorShock*priorShock)/(n+prior)))
	}
	s.company = min(moment(companies, priorCompany), .4)
	var all []unit
	each(func(u *unit) { all = append(all, *u) })
	whole := moment(all, priorTeam)
	s.team = min(math.Sqrt(max(whole*whole-s.company*s.company, priorShock*priorShock/4)), .4)
	return s
}

// mix blends what three ways of looking expect: all open and coming deals by the model, what the node usually brings, and the stage-weighted pipeline; NaN: that has nothing to say. Such
// combinations miss less than the best of their parts (Bates and Granger 1969).
func (s *scale) mix(pipe, usual, plain float64) float64 {
	v := s.blend*pipe + (1-s.blend)*usual
	if math.IsNaN(plain) {
		return v
	}
	return (1-s.plain)*v + s.plain*plain
}

// wider is how much wider eight tenths of Student's t with so many degrees of freedom are than of the normal: what a deviation that was measured on few is worth.
func wider(freedom float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(.9) / distuv.UnitNormal.Quantile(.9)
}

// windowDays are the days of a window as between counts them.
var windowDays = [windows]float64{31, 61, 89}

// between returns the scale of a window of so many days: a month's up to 31, a quarter's from 89, between two lengths a mean of theirs.
func between(s *[windows]scale, days int) scale {
	d := float64(days)
	hi := 1
	for hi < windows-1 && d > windowDays[hi] {
		hi++
	}
	part := min(max((d-windowDays[hi-1])/(windowDays[hi]-windowDays[hi-1]), 0), 1)
	x, y := &s[hi-1], &s[hi]
	lerp := func(a, b float64) float64 { return a*(1-part) + b*part }
	out := scale{blend: lerp(x.blend, y.blend), plain: lerp(x.plain, y.plain), bias: lerp(x.bias, y.bias), company: lerp(x.company, y.company), team: lerp(x.team, y.team),
		fix: x.fix, bins: x.bins, origins: x.origins}
	if part >= .5 {
		out.fix, out.bins, out.origins = y.fix, y.bins, y.origins
	}
	return out
}
