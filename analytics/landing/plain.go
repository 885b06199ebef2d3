package landing

import (
	"flightdeck/analytics"
	"flightdeck/store"
)

// Baseline is a plain way to forecast, against which the model is held.
type Baseline string

// The baselines.
const (
	Naive    Baseline = "naive"          // what the last period of the same length brought
	YearAgo  Baseline = "year_ago"       // what the same period brought a year before
	Weighted Baseline = "stage_weighted" // closed + Σ amount × the stage's planning probability over the open deals promised for the period
	RepCall  Baseline = "rep_call"       // closed + what the reps call commit or best case and promise for the period
)

// Baselines lists them.
func Baselines() []Baseline { return []Baseline{Naive, YearAgo, Weighted, RepCall} }

// Baseline returns what a plain way says of p per org node with all under it, in minor units, as of o's day; nil where it has nothing to say: no year of history, no
// stage with a planning probability, no source that told a promised date by then.
//
// Where no source tells promises, stage-weighted counts all open deals. Where none tells categories, the reps' call is all that they promise for the period.
func (o *Outlook) Baseline(w Baseline, p analytics.Period) []float64 {
	cal := o.b.Calendar()
	switch w {
	case Naive:
		return o.a.before(before(cal, p, 1))
	case YearAgo:
		y, m, _ := p.From.Date()
		was := analytics.Period{From: store.Date(y-1, m, 1)}
		was.To = cal.Month(was.From, months(p)-1).To
		if o.a.since == store.NoDay || was.From < o.a.since-31 {
			return nil
		}
		return o.a.before(was)
	}
	if o.pl == nil {
		return nil
	}
	out := o.a.before(analytics.Period{From: p.From, To: min(p.To, o.day)})
	own := make([]float64, len(out))
	promises, calls, plans := false, false, false
	for i := range o.pl.open {
		promises = promises || o.pl.open[i].promise != store.NoDay
		calls = calls || o.pl.open[i].call != store.CategoryNone
	}
	for _, c := range o.b.Stages() {
		st := o.b.Stage(c)
		plans = plans || st.Kind == store.StageOpen && st.Probability > 0
	}
	if w == Weighted && !plans || w == RepCall && !promises {
		return nil
	}
	chance := o.a.odds()
	for i := range o.pl.open {
		s := &o.pl.open[i]
		if promises && (s.promise == store.NoDay || !p.Contains(max(s.promise, o.day+1))) {
			continue
		}
		v := s.value
		if s.amount == amountUnknown {
			v = o.a.usual.of(s.product)
		}
		switch {
		case w == Weighted && s.call != store.CategoryOmitted:
			own[s.node] += v * chance[s.slot]
		case w == RepCall && (!calls || s.call >= store.CategoryBestCase):
			own[s.node] += v
		}
	}
	o.a.up(own)
	for i := range out {
		out[i] += own[i]
	}
	return out
}

// odds returns the planning probabilities of the open stages by slot, 0 to 1.
func (a *archive) odds() []float64 {
	out := make([]float64, a.open+1)
	for _, c := range a.b.Stages() {
		if slot := a.slots[c]; slot >= 0 {
			out[slot] = float64(min(max(a.b.Stage(c).Probability, 0), 100)) / 100
		}
	}
	return out
}

// months returns how many months p spans.
func months(p analytics.Period) int { return max(1, (p.Days()+15)/30) }

// before returns p moved back by n times its own length in months.
func before(cal analytics.Calendar, p analytics.Period, n int) analytics.Period {
	k := months(p)
	from := cal.Month(p.From, -n*k).From
	return analytics.Period{From: from, To: cal.Month(from, k-1).To}
}

// before adds up what was won in p per org node with all under it.
func (a *archive) before(p analytics.Period) []float64 {
	out := make([]float64, len(a.b.Nodes()))
	for i := range a.lives {
		if l := &a.lives[i]; l.won && p.Contains(l.end) {
			out[l.node] += float64(l.value)
		}
	}
	a.up(out)
	return out
}

// up adds every node to its parent.
func (a *archive) up(v []float64) {
	nodes := a.b.Nodes()
	for i := len(v) - 1; i > 0; i-- {
		v[nodes[i].Parent] += v[i]
	}
}

// Actual returns what p brought per org node with all under it, in minor units, as it stood at its end: the money of deals won and closed in it. What has no rate is
// not in it.
func Actual(b *analytics.Book, p analytics.Period) []float64 {
	out := make([]float64, len(b.Nodes()))
	for c := range analytics.Code(b.Deals()) {
		if _, ok := b.FirstWon(c); !ok {
			continue
		}
		if d := b.DealAt(c, p.To); d.Exists && d.Kind == store.StageWon && p.Contains(d.Closed) && d.HasValue() {
			out[d.Node] += float64(d.Value)
		}
	}
	(&archive{b: b}).up(out)
	return out
}

// Outcomes calls yield with every open deal that o looked at: with what probability it would be won in p.
func (l *Landing) Outcomes(yield func(deal analytics.Code, chance float64) bool) {
	if l.o.pl == nil {
		return
	}
	for i := range l.chance {
		s := &l.o.pl.open[l.base+i]
		if l.sel.Inside(s.node) && !yield(s.code, float64(l.chance[i])) {
			return
		}
	}
}
