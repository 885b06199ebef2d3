package triage

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/cycle"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/sandbag"
	"flightdeck/store"
)

// entry is a flag before anybody looks at it.
type entry struct {
	deal      analytics.Code
	node      int32 // of the owner, in the org tree
	since     analytics.Day
	risk      int64 // minor units of the organisation's currency; -1: unknown
	rank      int64 // risk × doubt
	doubt     float32
	rule      uint8 // place in rules
	state     uint8 // place in states
	estimated bool
}

// raiser raises flags as of a day.
type raiser struct {
	b       *analytics.Book
	day     analytics.Day
	rules   *rule.Forecast
	judge   *credibility.Judge
	similar *cycle.Reference
	watch   sandbag.Watch
	limit   int64 // beyond it an amount is enormous; 0: no deal was ever won
}

func newRaiser(b *analytics.Book, v desk.View, p *rule.Pack, day analytics.Day) *raiser {
	r := &raiser{b: b, day: day, rules: rule.ForecastSection.Of(p), judge: credibility.For(b, v, p, day), similar: cycle.For(b, p, day), watch: sandbag.Watched(b, p, day)}
	if top := float64(r.similar.Largest()) * r.rules.Triage.Enormous; top < math.MaxInt64 {
		r.limit = int64(top)
	}
	return r
}

// place is a rule's in rules.
func place(r Rule) uint8 {
	for i, x := range rules {
		if x == r {
			return uint8(i)
		}
	}
	return 0
}

// raise calls put with every flag of an open deal.
func (r *raiser) raise(d *analytics.DealState, put func(entry)) {
	b := r.b
	percent, _ := r.judge.Percent(d)
	days, decayed := r.judge.Decayed(d)
	v, _, usual := r.similar.Judge(d)
	base := entry{deal: d.Deal, node: d.Node, risk: -1}
	switch {
	case d.HasValue() && d.Value != 0:
		base.risk = max(d.Value, -d.Value, 0)
	case usual.Level != cycle.TooFew:
		base.risk, base.estimated = usual.Centre, true
	}
	changed := func(f ...store.Field) analytics.Day { return b.Changed(d.Deal, r.day, store.FieldsOf(f...)) }
	flag := func(rule Rule, since analytics.Day, lost float64) {
		e := base
		e.rule, e.since = place(rule), min(since, r.day)
		doubt := min(1, r.rules.Triage.Weights[string(rule)]*lost)
		if doubt <= 0 { // a rule without weight is switched off
			return
		}
		e.doubt = float32(doubt)
		if e.risk > 0 {
			e.rank = int64(float64(e.risk) * doubt)
		}
		put(e)
	}
	odd := oddDate(d, r.day, r.rules.Triage.Far)
	switch {
	case odd:
		flag(OddDate, changed(store.FieldClose), 1)
	case d.Close == store.NoDay:
		flag(NoDate, changed(store.FieldClose), 1)
	case decayed:
		flag(Overdue, r.day-analytics.Day(days-r.rules.Decay.Days-1), float64(100-r.rules.Decay.Weight)/100)
	}
	if percent < r.rules.Credibility.Red {
		flag(Credibility, r.judge.Since(d), float64(100-percent)/100)
	}
	if v.Red && !v.Passed && !odd || v.AmountRed {
		flag(OffCycle, changed(store.FieldClose, store.FieldAmount, store.FieldStage), 1)
	}
	switch {
	case !d.Amount.Given() || d.Amount.Minor == 0:
		flag(NoAmount, changed(store.FieldAmount), 1)
	case !d.HasValue():
		flag(NoRate, changed(store.FieldAmount), 1)
	case d.Value < 0 || r.limit > 0 && d.Value > r.limit:
		flag(OddAmount, changed(store.FieldAmount), 1)
	}
	if r.ownerless(d) {
		flag(NoOwner, changed(store.FieldOwner), 1)
	}
	if stale, since := deal.IsStale(b, d, r.day); stale {
		if since == store.NoDay {
			since = d.Created
		}
		if since != store.NoDay {
			since += analytics.Day(b.Rules().StaleDays + 1)
		}
		flag(Stale, since, 1)
	}
	if _, since, ok := r.watch.Deal(d); ok {
		flag(Clustering, since, 1)
	}
}

// oddDate reports a promise that nobody can have meant.
func oddDate(d *analytics.DealState, day analytics.Day, far int) bool {
	return d.Close != store.NoDay && (d.Created != store.NoDay && d.Close < d.Created || !d.Close.Valid() || d.Close < 3653 || int64(d.Close)-int64(day) > int64(far)) // 3653: 1980
}

func (r *raiser) ownerless(d *analytics.DealState) bool {
	p := r.b.Person(d.Owner)
	if _, known := r.b.PersonCode(p.ID); !known {
		return true
	}
	return p.Inactive && r.day == r.b.Today() // when they left is not told
}

// asked is a raising's place among a Book's answers.
type asked struct {
	judge *credibility.Judge
	cycle *cycle.Reference
	pack  *rule.Pack
	scope analytics.Scope
}

// raised returns every flag of the open deals of s, in no set order. Nothing in it may be written to.
func raised(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) []entry {
	r := newRaiser(b, v, p, b.AsOf(s))
	return analytics.Memo(b, asked{r.judge, r.similar, p, s}, func() []entry {
		sel := b.Select(s)
		parts := make([][]entry, analytics.Parts())
		sel.ShareDeals(analytics.Period{From: sel.AsOf + 1, To: store.MaxDay}, func(part int, d *analytics.DealState) {
			if d.Open() {
				r.raise(d, func(e entry) { parts[part] = append(parts[part], e) })
			}
		})
		var all []entry
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	})
}
