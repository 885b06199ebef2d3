package landing

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/store"
)

// The lengths of window for which past forecasts are compared with what came.
const (
	windowMonth = iota
	windowQuarter
	windows
)

// scale is what past forecasts of one length of window teach about the next one.
type scale struct {
	fix     *isotonic // of the probabilities
	blend   float64   // how much the pipeline counts against the node's usual level
	bias    float64   // what came over what was expected
	company float64   // standard deviation of the company's own shock, relative
	team    float64   // of a team's, on top
	origins int       // past forecasts that this rests on
	bins    []Bin     // how what would be said now has held
}

// Priors, in force as far as the past says nothing else: the pipeline counts seven tenths, and beyond chance a company is off by 6 %, a team by 6 %.
const (
	priorBlend = .7
	priorShock = .06
)

// Trainer makes the Outlooks of several days of one Book. It keeps the models of past days, since later days' calibrations share them; what it gives for a day
// does not depend on what it was asked before. One goroutine may use it at a time.
type Trainer struct {
	b       *analytics.Book
	models  map[analytics.Day]*model
	plans   map[analytics.Day]*pipeline
	limit   int // rows for past models
	origins int // past forecasts to compare, at most
}

// NewTrainer returns a Trainer for b that knows nothing yet.
func NewTrainer(b *analytics.Book) *Trainer {
	t := &Trainer{b: b, models: map[analytics.Day]*model{}, plans: map[analytics.Day]*pipeline{}, limit: 60_000, origins: 12}
	if n := b.Deals(); n > 100_000 {
		t.origins = 4
	}
	return t
}

// past returns what would have been made of the deals open on day, then. Nil: there was too little to learn from.
func (t *Trainer) past(day analytics.Day) *pipeline {
	if p, ok := t.plans[day]; ok {
		return p
	}
	a := newArchive(t.b, day)
	if !a.enough() {
		t.plans[day] = nil
		return nil
	}
	m := learn(a, t.limit)
	t.models[day] = m
	t.plans[day] = newPipeline(m)
	return t.plans[day]
}

// enough reports whether a company has closed deals enough to learn from.
func (a *archive) enough() bool { return a.won+a.lost >= minClosed && a.won >= minWon }

// calibrate compares past forecasts with what had come of them by a's day.
func (t *Trainer) calibrate(a *archive) [windows]scale {
	var out [windows]scale
	cal := a.b.Calendar()
	ends := map[analytics.Code]*life{}
	for i := range a.lives {
		if l := &a.lives[i]; l.end != store.NoDay {
			ends[l.code] = l
		}
	}
	for w := range out {
		months := []int{1, 3}[w]
		var past []*trial
		for back := months; len(past) < t.origins && back < months+t.origins+6; back++ {
			from := cal.Month(a.day+1, -back).From
			p := analytics.Period{From: from, To: cal.Month(from, months-1).To}
			if p.To > a.day || a.since == store.NoDay || from <= a.since {
				continue
			}
			if pl := t.past(from - 1); pl != nil {
				past = append(past, newTrial(pl, p, a, ends))
			}
		}
		out[w] = newScale(past, float64(months))
	}
	return out
}

// trial is one past forecast beside what came.
type trial struct {
	pl     *pipeline
	period analytics.Period
	came   []float64 // by node, its own
	pairs  []pair
}

func newTrial(pl *pipeline, p analytics.Period, a *archive, ends map[analytics.Code]*life) *trial {
	t := &trial{pl: pl, period: p, came: make([]float64, len(a.b.Nodes()))}
	for i := range a.lives {
		if l := &a.lives[i]; l.won && l.worth && p.Contains(l.end) {
			t.came[l.node] += float64(l.value)
		}
	}
	for i := range pl.open {
		came := 0.
		if l := ends[pl.open[i].code]; l != nil && l.won && p.Contains(l.end) {
			came = 1
		}
		t.pairs = append(t.pairs, pair{said: pl.paths[i].within(pl.m.day, p), came: came})
	}
	return t
}

// newScale weighs past forecasts. Windows of three months that begin every month overlap; each counts a third.
func newScale(past []*trial, months float64) scale {
	s := scale{blend: priorBlend, bias: 1, company: priorShock, team: priorShock, origins: len(past)}
	if len(past) == 0 {
		return s
	}
	var pairs []pair
	for _, t := range past {
		pairs = append(pairs, t.pairs...)
	}
	s.fix = newIsotonic(pairs)
	s.bins = bins(pairs, s.fix)
	type unit struct{ deals, usual, came, spread float64 }
	companies := make([]unit, len(past))
	teams := make([]map[int32]*unit, len(past))
	for i, t := range past {
		teams[i] = map[int32]*unit{}
		plan, _ := t.pl.plan(t.period, s.fix)
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
	// The blend that would have missed least, of eleven, against a prior worth two whole past forecasts.
	best, total, units := math.Inf(1), 0., 0.
	each(func(u *unit) { total += math.Abs(u.came); units++ })
	for k := 0; k <= 10; k++ {
		w := float64(k) / 10
		miss := 0.
		each(func(u *unit) { miss += math.Abs(w*u.deals + (1-w)*u.usual - u.came) })
		penalty := 0.
		if len(past) > 0 {
			penalty = (w - priorBlend) * (w - priorBlend) * total / float64(len(past)) * months * .6
		}
		if miss+penalty < best-1e-9*total {
			best, s.blend = miss+penalty, w
		}
	}
	mix := func(u *unit) float64 { return s.blend*u.deals + (1-s.blend)*u.usual }
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
		return math.Sqrt(max(0, (n*top/low+prior*priorShock*priorShock)/(n+prior)))
	}
	s.company = min(moment(companies, 4), .4)
	var all []unit
	each(func(u *unit) { all = append(all, *u) })
	whole := moment(all, 12)
	s.team = min(math.Sqrt(max(whole*whole-s.company*s.company, priorShock*priorShock/4)), .4)
	return s
}

// between returns the scale of a window of so many days: a month's up to 31, a quarter's from 89, between them a mean.
func between(s *[windows]scale, days int) scale {
	part := min(max((float64(days)-31)/(89-31), 0), 1)
	m, q := &s[windowMonth], &s[windowQuarter]
	lerp := func(a, b float64) float64 { return a*(1-part) + b*part }
	out := scale{blend: lerp(m.blend, q.blend), bias: lerp(m.bias, q.bias), company: lerp(m.company, q.company), team: lerp(m.team, q.team),
		fix: m.fix, bins: m.bins, origins: m.origins}
	if part >= .5 {
		out.fix, out.bins, out.origins = q.fix, q.bins, q.origins
	}
	return out
}
