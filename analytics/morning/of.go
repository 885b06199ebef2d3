package morning

import (
	"slices"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/playbook"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/source"
	"flightdeck/analytics/triage"
	"flightdeck/store"
)

// Of answers q as of its scope's day, by the rules in p (nil: the defaults), with what v tells of decisions. It takes as long as the analyses that it asks, which keep
// their answers.
func Of(b *analytics.Book, v desk.View, p *rule.Pack, q Question) *Answer {
	s := q.Scope
	s.Product, s.Stage = "", ""
	sel, m := b.Select(s), rule.MorningSection.Of(p)
	day := sel.AsOf
	since, from, looked := Since(b.Location(), m, q.Looked, day)
	a := &Answer{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), From: from, Day: day, Since: since, Looked: looked,
		Grades: []migration.Move{}, Health: []HealthMove{}, Held: []Held{}, Signals: []Signal{}, Flags: []triage.Flag{}, Deals: []DealMove{}, Owed: []playbook.Owed{}, Unlogged: []Unlogged{}, Sources: []source.Total{},
		staleFor: time.Duration(m.Stale) * time.Hour}
	if p != nil && p.Problem != nil && day >= b.Now() {
		a.RulesWrong, a.RulesWrongSince = p.Problem.Error(), p.Broken.In(b.Location())
	}
	if sel.Node >= 0 {
		a.Node = b.Nodes()[sel.Node].Name
	}
	a.Period = b.Calendar().Name(b.Period(s))
	a.land(b, s, q.Landing)
	a.grades(b, s, m)
	a.health(b, sel, rule.GradingSection.Of(p), m)
	a.held(b, sel, rule.GradingSection.Of(p))
	a.signals(b, sel, m)
	if a.Judging = q.Quick; !q.Quick {
		a.flags(b, v, p, s, m)
	}
	a.deals(b, sel, m)
	a.owed(b, p, s, m)
	a.logging(b, sel, m)
	a.Sources = append(a.Sources, source.Of(b).Totals...)
	return a
}

// Since returns since when whoever looked last is told what happened, as a day, and the day before it, with whose end things are compared; see the package comment. seen
// is false where the last look plays no part: there was none, it was not before day, or it is too long ago to be known.
func Since(loc *time.Location, m *rule.Morning, looked time.Time, day analytics.Day) (since, from analytics.Day, seen bool) {
	since = m.Workday(day - 1)
	if at := store.DayOf(looked, loc); at != store.NoDay && at < day {
		since, seen = at, true
	}
	if least := day - analytics.Day(m.LookBack); since < least {
		since, seen = least, false
	}
	return since, since - 1, seen
}

func (a *Answer) land(b *analytics.Book, s analytics.Scope, l *landing.Landing) {
	f := forecast.Of(b, s)
	p := b.Period(s)
	a.Landing.Period = f.PeriodName
	a.Landing.Elapsed = analytics.Ratio{Num: int(min(a.Day, p.To)-p.From) + 1, Den: int(p.To-p.From) + 1}
	if len(f.Rows) > 0 {
		r := &f.Rows[0]
		a.Landing.HasQuota, a.Landing.Quota, a.Landing.Closed, a.Landing.Commit, a.Landing.Gap, a.Landing.Attainment = r.HasQuota, r.Quota, r.Closed, r.Commit, r.Gap, r.Attainment
	}
	if l == nil || l.Basis != landing.Modelled || len(l.Rows) == 0 {
		return
	}
	r := &l.Rows[0]
	a.Landing.Learned, a.Landing.P10, a.Landing.P50, a.Landing.P90, a.Landing.Reach = true, r.P10, r.P50, r.P90, r.Reach
}

// grades lists the steps since From, falls first: as the matrix of these two days has them.
func (a *Answer) grades(b *analytics.Book, s analytics.Scope, m *rule.Morning) {
	s.Period = analytics.Period{From: a.From + 1, To: a.Day}
	x := migration.Of(b, s)
	a.GradeUp, a.GradeDown = x.Up, x.Down
	left := min(m.Most, x.Up+x.Down)
	if left == 0 {
		return
	}
	v := migration.Look(b, s, migration.Cell{From: migration.Any, To: migration.Any})
	for i := 0; i < v.Rows.Len() && left > 0; i++ { // falls and rises stand before the rest
		if r := v.Rows.At(i); r.From != "" && r.To != "" && r.From != r.To {
			a.Grades = append(a.Grades, r)
			left--
		}
	}
}

func (a *Answer) flags(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope, m *rule.Morning) {
	q := triage.Of(b, v, p, s, triage.Filter{After: a.From})
	a.Open, a.Flag = q.Open, q.Listed
	for i := range min(m.Most, q.Flags.Len()) {
		a.Flags = append(a.Flags, q.Flags.At(i))
	}
}

func (a *Answer) owed(b *analytics.Book, p *rule.Pack, s analytics.Scope, m *rule.Morning) {
	o := playbook.Of(b, p, s)
	a.Plays, a.Owing, a.DueToday, a.NoTouch = o.Plays, o.Owed.Len(), o.Today, o.Silent
	for i := range min(m.Most, o.Owed.Len()) {
		a.Owed = append(a.Owed, o.Owed.At(i))
	}
}

// At says what time it is for whoever is shown a: how old data is follows from it. It returns a copy.
func (a *Answer) At(now time.Time) *Answer {
	c := *a
	c.at, c.Stale = now, 0
	for i := range c.Sources {
		if c.StaleSource(&c.Sources[i]) {
			c.Stale++
		}
	}
	c.Sources = slices.Clone(c.Sources)
	slices.SortStableFunc(c.Sources, func(x, y source.Total) int { // what wants an eye first, then the oldest
		if sx, sy := c.StaleSource(&x), c.StaleSource(&y); sx != sy {
			if sx {
				return -1
			}
			return 1
		}
		return x.Good.Compare(y.Good)
	})
	return &c
}

// StaleSource reports whether a source wants an eye: it fails, is held or paused, was never read whole, or its data is older than the rules allow.
func (a *Answer) StaleSource(t *source.Total) bool {
	switch t.State {
	case store.SyncFailed, store.SyncHeld:
		return true
	}
	age := t.Age(a.at)
	return t.Paused || age < 0 || age > a.staleFor
}
