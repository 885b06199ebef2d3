package triage

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// queued is a queue's place among a Book's answers.
type queued struct {
	view   desk.View
	pack   *rule.Pack
	scope  analytics.Scope
	filter Filter
}

// Of returns the queue of s as of its day: the flags of the open deals by the rules in p (nil: the defaults), with what v tells of decisions. The scope's period plays no part. Nothing in
// it may be written to.
func Of(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, f Filter) *Queue {
	s.Period = analytics.Period{}
	return analytics.MemoList(b, queued{v, p, s, f}, func() *Queue { return queue(b, v, p, s, f) })
}

func queue(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, f Filter) *Queue {
	day := b.AsOf(s)
	all := raised(b, v, p, s)
	o := newOverlay(b, v, day)
	q := &Queue{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), ByRule: map[Rule]int{}, ByState: map[State]int{}, MedianAge: -1}
	limit := rule.ForecastSection.Of(p).Triage.Escalate
	only := analytics.None
	if f.Deal != "" {
		only, _ = b.DealCode(f.Deal)
	}
	count, listed, taken := newCounter(b), newCounter(b), make([]entry, 0, len(all))
	for _, e := range all {
		r := o.of(e.deal, rules[e.rule], e.since)
		e.state = stateAt(r.state)
		q.ByState[r.state]++
		if !r.state.Held() {
			q.ByRule[rules[e.rule]]++
			if count.add(&e, day) > limit {
				q.Escalated++
			}
		}
		if f.takes(b, o, &e, &r, only) {
			taken = append(taken, e)
			listed.add(&e, day)
		}
	}
	q.Open, q.MedianAge, q.OldestAge = count.sum()
	q.Listed, _, _ = listed.sum()
	rank := analytics.Rank([][]entry{taken}, func(x, y entry) int { return compare(b, &x, &y) })
	raise := newRaiser(b, v, p, day)
	q.Count = rank.Len()
	q.occasion = func(i int) Flag {
		e := rank.At(i)
		return Flag{Deal: deal.Row{ID: b.DealID(e.deal)}, Rule: rules[e.rule], Since: e.since, State: states[e.state]}
	}
	q.Flags = analytics.NewRows(rank.Len(), func(i int) Flag {
		e := rank.At(i)
		return raise.flag(&e, o, limit)
	}, func(i int) string {
		e := rank.At(i)
		return string(b.DealID(e.deal)) + "|" + string(rules[e.rule])
	})
	return q
}

// takes reports whether a flag is in the filtered queue.
func (f *Filter) takes(b *analytics.Book, o *overlay, e *entry, r *ruling, only analytics.Code) bool {
	switch {
	case f.Rule != "" && f.Rule != rules[e.rule], f.State != "" && f.State != r.state, f.Deal != "" && e.deal != only, f.After != 0 && e.since <= f.After:
		return false
	case r.state.Held() && !f.Held && f.State == "":
		return false
	case f.Assigned == "":
		return true
	case r.assigned != "":
		return b.Same(r.assigned) == b.Same(f.Assigned)
	}
	return b.Person(b.DealAt(e.deal, o.day).Owner).ID == b.Same(f.Assigned)
}

// compare puts the most money in doubt first, then what is most in doubt, then the oldest.
func compare(b *analytics.Book, x, y *entry) int {
	if o := cmp.Or(cmp.Compare(y.rank, x.rank), cmp.Compare(y.doubt, x.doubt), cmp.Compare(x.since, y.since)); o != 0 {
		return o
	}
	return cmp.Or(strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal))), cmp.Compare(x.rule, y.rule))
}

// flag makes a flag.
func (r *raiser) flag(e *entry, o *overlay, limit int) Flag {
	d := r.b.DealAt(e.deal, r.day)
	f := Flag{Deal: deal.RowOf(r.b, &d, r.day), Rule: rules[e.rule], Reason: r.word(rules[e.rule], &d), Since: e.since, Age: age(e.since, r.day), Estimated: e.estimated,
		Doubt: math.Round(float64(e.doubt)*1e4) / 1e4}
	if e.risk >= 0 {
		f.AtRisk, f.Rank = store.Money{Minor: e.risk, Currency: r.b.Currency()}, store.Money{Minor: e.rank, Currency: r.b.Currency()}
	}
	ruling := o.of(e.deal, f.Rule, e.since)
	o.finish(&f, &ruling)
	f.Escalated = !f.State.Held() && f.Age > limit
	return f
}

func age(since, day analytics.Day) int {
	if since == store.NoDay {
		return 0
	}
	return max(0, int(day-since))
}

func stateAt(s State) uint8 { return uint8(slices.Index(states[:], s)) }

// counter counts open flags, each deal's money once.
type counter struct {
	flags int
	ages  []int
	deals map[analytics.Code]int64
	b     *analytics.Book
}

func newCounter(b *analytics.Book) *counter { return &counter{b: b, deals: map[analytics.Code]int64{}} }

// add takes a flag and returns its age.
func (c *counter) add(e *entry, day analytics.Day) int {
	c.flags++
	a := age(e.since, day)
	c.ages = append(c.ages, a)
	c.deals[e.deal] = max(0, e.risk)
	return a
}

// sum returns the count, and the median and the largest age; -1 and 0 without any.
func (c *counter) sum() (n Count, median, oldest int) {
	risk := c.b.Adder()
	for _, v := range c.deals {
		risk.AddMinor(v)
	}
	n, median = Count{c.flags, len(c.deals), risk.Sum()}, -1
	if len(c.ages) > 0 {
		slices.Sort(c.ages)
		median, oldest = c.ages[len(c.ages)/2], c.ages[len(c.ages)-1]
	}
	return n, median, oldest
}

// Top returns the queue with its first n flags only; the counts are of all.
func (q *Queue) Top(n int) *Queue {
	top, rows := *q, q.Flags
	top.Flags = analytics.NewRows(min(n, rows.Len()), rows.At, rows.Key)
	return &top
}

// Table gives the flags as raw cells.
func (q *Queue) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "account", "owner", "flag", "flag_since", "flag_age", "at_risk", "doubt", "doubtful", "flag_state", "until", "assigned", "decided_by", "decision_note", "flag_reason"}}
	money := func(m store.Money) string {
		if !m.Given() {
			return ""
		}
		return m.Amount()
	}
	for _, f := range q.Flags.All() {
		t.Rows = append(t.Rows, []string{string(f.Deal.ID), f.Deal.Name, f.Deal.Account.Name, f.Deal.Owner.Name, string(f.Rule), f.Since.String(), strconv.Itoa(f.Age), money(f.AtRisk),
			strconv.FormatFloat(f.Doubt, 'f', 2, 64), money(f.Rank), string(f.State), f.Until.String(), f.Assigned.Name, f.By.Name, f.Note, f.Reason.En})
	}
	return t
}
