package deviation

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

// parted is a deal's miss before anybody looks at it.
type parted struct {
	deal             analytics.Code
	kind             Kind
	expected, actual int64
	promised         analytics.Day
}

func (p *parted) diff() int64 { return p.actual - p.expected }

// asked is a report's place among a Book's answers.
type asked struct {
	scope  analytics.Scope
	period analytics.Period
}

// found is what parted in a scope's period.
type found struct {
	all              []parted
	promised, actual int64
	noValue          int
}

// Of reports on the period of s as of its day: where s names none, the last month that ended by then. Rules are p's (nil: the defaults), corrections v's. Nothing in it may be written to.
func Of(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) Answer {
	type reported struct {
		view  desk.View
		pack  *rule.Pack
		scope analytics.Scope
	}
	return analytics.Memo(b, reported{v, p, s}, func() Answer { return report(b, v, p, s) })
}

func report(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) Answer {
	day := b.AsOf(s)
	period := s.Period
	if period.IsZero() {
		period = b.Calendar().Month(day+1, -1)
	}
	s.Period = period
	end := min(period.To, day)
	rules := &rule.ForecastSection.Of(p).Deviation
	money := func(minor int64) store.Money { return store.Money{Minor: minor, Currency: b.Currency()} }
	f := part(b, s, period, end)
	a := Answer{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), Period: period, Name: b.Calendar().Name(period), Running: period.To > day, Promised: money(f.promised),
		Actual: money(f.actual), Missed: len(f.all), NoValue: f.noValue, Misses: []Miss{}, Causes: []Share{}}
	r := newReader(b, rules, period, end)
	tags := make([][]Tag, len(f.all))
	analytics.ShareBy(64, len(f.all), func(_, first, last int) {
		for i := first; i < last; i++ {
			if f.all[i].diff() < 0 {
				tags[i] = r.tags(&f.all[i])
			}
		}
	})
	shares, short := map[string]*Share{}, int64(0)
	for i := range f.all {
		x := &f.all[i]
		m := Miss{}
		if x.diff() < 0 {
			short += x.diff()
			m.Tags = tags[i]
			m.Correction = correction(b, v, x.deal, a.Name)
			if m.Correction != nil {
				a.Corrected++
				if len(m.Tags) > 0 && slices.Contains(m.Correction.Tags, m.Tags[0].ID) {
					a.Kept++
				}
			}
			id := ""
			if c := m.Causes(); len(c) > 0 {
				id = c[0]
			}
			sh := shares[id]
			if sh == nil {
				sh = &Share{ID: id, Name: id, NameEn: id, Money: money(0)}
				if id == "" {
					sh.Name, sh.NameEn = "未解释", "unexplained"
				}
				for _, t := range rules.Tags {
					if t.ID == id {
						sh.Name, sh.NameEn = t.Name, t.NameEn
					}
				}
				shares[id] = sh
			}
			sh.Deals++
			sh.Money.Minor += x.diff()
		}
		if i < rules.Top {
			d := b.DealAt(x.deal, end)
			m.Deal, m.Kind, m.Expected, m.Actual, m.Diff, m.Promised, m.Now = deal.RowOf(b, &d, end), x.kind, money(x.expected), money(x.actual), money(x.diff()), x.promised, d.Close
			for p := range b.Promises(x.deal, end) {
				if period.Contains(p.At) && p.From != store.NoDay && p.To > p.From && (d.Closed == store.NoDay || p.At < d.Closed) {
					m.Pushes++
				}
			}
			if m.Tags == nil {
				m.Tags = []Tag{}
			}
			a.Misses = append(a.Misses, m)
		}
	}
	a.Shortfall, a.Surplus = money(short), money(f.actual-f.promised-short)
	for _, sh := range shares {
		if short != 0 {
			sh.Part = math.Round(float64(sh.Money.Minor)/float64(short)*1e4) / 1e4
		}
		a.Causes = append(a.Causes, *sh)
	}
	slices.SortFunc(a.Causes, func(x, y Share) int {
		return cmp.Or(cmp.Compare(x.Money.Minor, y.Money.Minor), strings.Compare(x.ID, y.ID))
	})
	return a
}

// part finds the misses of a scope's period, the largest first. Nothing in it may be written to.
func part(b *analytics.Book, s analytics.Scope, period analytics.Period, end analytics.Day) *found {
	s.Period, s.AsOf = analytics.Period{}, end
	return analytics.Memo(b, asked{s, period}, func() *found {
		f, parts := &found{}, make([]found, analytics.Parts())
		n := b.Select(s).ShareDeals(period, func(at int, d *analytics.DealState) { parts[at].add(b, d, period) })
		for i := range parts[:n] {
			x := &parts[i]
			f.all = append(f.all, x.all...)
			f.promised, f.actual, f.noValue = f.promised+x.promised, f.actual+x.actual, f.noValue+x.noValue
		}
		slices.SortFunc(f.all, func(x, y parted) int {
			return cmp.Or(cmp.Compare(max(y.diff(), -y.diff()), max(x.diff(), -x.diff())), strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal))))
		})
		return f
	})
}

// add takes a deal, as it stood at the end of the period, into what parted.
func (f *found) add(b *analytics.Book, d *analytics.DealState, period analytics.Period) {
	before := b.DealAt(d.Deal, period.From-1)
	x := parted{deal: d.Deal, promised: store.NoDay}
	was, is := before.Open() && before.Close != store.NoDay && period.Contains(before.Close), d.Kind == store.StageWon && period.Contains(d.Closed)
	if before.Open() {
		x.promised = before.Close
	}
	if !was && !is {
		return
	}
	if was && !before.HasValue() || is && !d.HasValue() {
		f.noValue++
	}
	if was && before.HasValue() {
		x.expected = before.Value
	}
	if is && d.HasValue() {
		x.actual = d.Value
	}
	f.promised, f.actual = f.promised+x.expected, f.actual+x.actual
	switch {
	case is && was && x.actual < x.expected:
		x.kind = Shrunk
	case is && was:
		x.kind = Grown
	case is && before.Exists:
		x.kind = Early
	case is:
		x.kind = Fresh
	case d.Kind == store.StageLost:
		x.kind = Lost
	case d.Kind == store.StageWon: // on a day of another period, which only a contradictory history says
		x.kind = Early
	default:
		x.kind = Slipped
	}
	if x.diff() != 0 {
		f.all = append(f.all, x)
	}
}

func correction(b *analytics.Book, v desk.View, c analytics.Code, period string) *Correction {
	d, ok := v.Tags(store.Ref{Entity: store.EntityDeal, ID: b.DealID(c)}, Topic(period))
	if !ok {
		return nil
	}
	return &Correction{Tags: d.After.Tags, By: cmp.Or(b.PersonName(d.By), d.Name), At: d.At.In(b.Location()).Format("2006-01-02T15:04:05Z07:00"), Note: d.Note, Decision: d.Seq}
}

// Table gives the misses as raw cells.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "account", "owner", "miss", "expected_amount", "came_amount", "diff", "promise_from", "promise_to", "period_pushes", "causes", "corrected_causes", "corrected_by", "cause_evidence"}}
	for i := range a.Misses {
		m := &a.Misses[i]
		var ids, said []string
		for _, x := range m.Tags {
			if ids = append(ids, x.ID); len(x.Evidence) > 0 {
				e := &x.Evidence[0]
				said = append(said, x.ID+": "+e.Day.String()+" "+e.Text)
			}
		}
		corrected, by := "", ""
		if m.Correction != nil {
			corrected, by = strings.Join(m.Correction.Tags, " "), m.Correction.By
		}
		t.Rows = append(t.Rows, []string{string(m.Deal.ID), m.Deal.Name, m.Deal.Account.Name, m.Deal.Owner.Name, string(m.Kind), m.Expected.Amount(), m.Actual.Amount(), m.Diff.Amount(),
			m.Promised.String(), m.Now.String(), strconv.Itoa(m.Pushes), strings.Join(ids, " "), corrected, by, strings.Join(said, "; ")})
	}
	return t
}
