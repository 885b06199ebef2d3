package grade

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Comparison is what two sets of rules make of the same past: those in force and those that somebody thinks of. It stores nothing. Any number of goroutines may ask it.
type Comparison struct {
	Stamp    analytics.Stamp
	Days     []Day
	Lines    []store.Grade // of both, best first; the old rules' own first where they have other names
	Old, New *Course
	Waits    []Wait // what is still being read for the first time: the past may look otherwise then
	Moved    [2]int // how often any customer's grade changed between two of the days: under the old rules, and under the new

	b     *analytics.Book
	scope string
	in    []analytics.Code // the scope's customers
	line  [2][]int         // a course's place in Lines
}

// Compare replays both over days for all customers, of whom those of a scope are told of: a scope does not change what is held for everybody. progress is called now and then with
// how much of how much is done; nil: nobody is told.
func Compare(ctx context.Context, b *analytics.Book, s analytics.Scope, old, with *rule.Grading, days []Day, accepted Accepted, progress func(done, all int)) (*Comparison, error) {
	part := func(half int) func(done, all int) {
		if progress == nil {
			return nil
		}
		return func(done, all int) { progress(half*all+done, 2*all) }
	}
	course, err := Replay(ctx, b, old, days, accepted, part(0))
	if err != nil {
		return nil, err
	}
	return course.Against(ctx, s, with, accepted, part(1))
}

// Against compares a replay with other rules over the same days: [Compare] for whoever tries one set of new rules after the other.
func (c *Course) Against(ctx context.Context, s analytics.Scope, with *rule.Grading, accepted Accepted, progress func(done, all int)) (*Comparison, error) {
	b := c.m.b
	x := &Comparison{Stamp: b.Stamp(s), Days: c.Days, Waits: c.m.waits, Old: c, b: b, scope: b.Named(s)}
	var err error
	if x.New, err = Replay(ctx, b, with, c.Days, accepted, progress); err != nil {
		return nil, err
	}
	x.Lines = slices.Clone(c.Lines)
	for _, g := range x.New.Lines {
		if !slices.Contains(x.Lines, g) {
			x.Lines = append(x.Lines, g)
		}
	}
	for i, course := range []*Course{x.Old, x.New} {
		for _, g := range course.Lines {
			x.line[i] = append(x.line[i], slices.Index(x.Lines, g))
		}
	}
	sel := b.Select(s)
	for code := range analytics.Code(b.Accounts()) {
		if b.AccountLive(code) && sel.Account(code) {
			x.in = append(x.in, code)
		}
	}
	for k := range x.Days {
		n := x.Stepped(k)
		x.Moved[0] += n[0]
		x.Moved[1] += n[1]
	}
	return x, nil
}

// Verdict is the two grades of every customer on one day: the confusion of the old with the new.
type Verdict struct {
	Day   Day           `json:"day"`
	Lines []store.Grade `json:"grades"`
	// Matrix is row-major: from the old grade to the new one. Customers without one of the two are in none of its squares.
	Matrix    []Square        `json:"matrix"`
	Same      int             `json:"same"`
	Up        int             `json:"up"`
	Down      int             `json:"down"`
	UpMoney   int64           `json:"up_money"` // in minor units of the organisation's currency
	DownMoney int64           `json:"down_money"`
	Ungraded  int             `json:"ungraded"` // by one of the two, since too little is known
	Agree     analytics.Ratio `json:"agree"`
	// Movers are the customers whose grades differ, by what they brought in over a year, most first.
	Movers []Mover `json:"movers"`

	c    *Comparison
	k    int
	year []int64
}

// Mover is a customer whom the two grade differently.
type Mover struct {
	Code        analytics.Code `json:"-"`
	Account     store.ID       `json:"account_id"`
	AccountName string         `json:"account"`
	Owner       string         `json:"owner"`
	From        store.Grade    `json:"from"` // by the old rules
	To          store.Grade    `json:"to"`
	Was         float64        `json:"was"` // the scores
	Score       float64        `json:"score"`
	Money       int64          `json:"money"` // brought in over a year up to the day, in minor units of the organisation's currency
}

// On returns the verdict on the k-th day.
func (c *Comparison) On(k int) *Verdict {
	n := len(c.Lines)
	v := &Verdict{Day: c.Days[k], Lines: c.Lines, Matrix: make([]Square, n*n), c: c, k: k, year: brought(c.b, c.Days[k])}
	for _, code := range c.in {
		was, is := c.Old.Grade[k][code], c.New.Grade[k][code]
		if was < 0 || is < 0 {
			if was >= 0 || is >= 0 {
				v.Ungraded++
			}
			continue
		}
		i, j, money := c.line[0][was], c.line[1][is], v.year[code]
		v.Matrix[i*n+j].Count++
		v.Matrix[i*n+j].Money += money
		switch {
		case i == j:
			v.Same++
			continue
		case j < i:
			v.Up++
			v.UpMoney += money
		default:
			v.Down++
			v.DownMoney += money
		}
		v.Movers = append(v.Movers, v.of(code))
	}
	v.Agree = analytics.Ratio{Num: v.Same, Den: v.Same + v.Up + v.Down}
	slices.SortFunc(v.Movers, func(x, y Mover) int { return cmp.Or(cmp.Compare(y.Money, x.Money), cmp.Compare(x.Code, y.Code)) })
	return v
}

// Tally counts how the two agree on the k-th day: what [Comparison.On] says without its customers.
func (c *Comparison) Tally(k int) (same, up, down int) {
	for _, code := range c.in {
		was, is := c.Old.Grade[k][code], c.New.Grade[k][code]
		if was < 0 || is < 0 {
			continue
		}
		switch i, j := c.line[0][was], c.line[1][is]; {
		case i == j:
			same++
		case j < i:
			up++
		default:
			down++
		}
	}
	return same, up, down
}

// of tells how a customer is graded by both.
func (v *Verdict) of(code analytics.Code) Mover {
	c, b := v.c, v.c.b
	m := Mover{Code: code, Account: b.AccountID(code), Owner: b.Person(b.AccountOwner(code)).Name, Was: float64(c.Old.Score[v.k][code]), Score: float64(c.New.Score[v.k][code]), Money: v.year[code]}
	_, m.AccountName = b.AccountLabel(code)
	if i := c.Old.Grade[v.k][code]; i >= 0 {
		m.From = c.Old.Lines[i]
	}
	if i := c.New.Grade[v.k][code]; i >= 0 {
		m.To = c.New.Lines[i]
	}
	return m
}

// Len returns how many customers the scope has, whether their grades differ or not; At tells of one of them, in the order of their Codes.
func (v *Verdict) Len() int { return len(v.c.in) }

// At returns the i-th customer of the scope; From and To are empty where too little is known.
func (v *Verdict) At(i int) Mover { return v.of(v.c.in[i]) }

// Why tells what of the rules makes the score of a customer another one on the k-th day: one attribute after the other is weighed as the new rules do, so that the points add up to
// the difference. From and To of a reason are weights, or, where Input is named, the values that count with the two rules' guards. line reports that the score alone does not make the difference: the lines of the grades, the hysteresis or
// what is held do.
func (c *Comparison) Why(account analytics.Code, k int) (out []Reason, line bool) {
	return c.why(&c.Old.Trace(account)[k], &c.New.Trace(account)[k])
}

func (c *Comparison) why(old, with *Explanation) (out []Reason, line bool) {
	of := func(x *Explanation, id string) (weight float64, scaled Number) {
		for _, p := range x.Parts {
			if p.ID == id {
				return p.Weight, p.Scaled
			}
		}
		return 0, Number(unknown)
	}
	parts := slices.Clone(old.Parts)
	for _, p := range with.Parts {
		if !slices.ContainsFunc(parts, func(o Part) bool { return o.ID == p.ID }) {
			p.Weight = 0
			parts = append(parts, p)
		}
	}
	last := product(parts)
	for i := range parts {
		was := parts[i].Weight
		parts[i].Weight, parts[i].Scaled = of(with, parts[i].ID)
		is := product(parts)
		if points := is - last; points > .005 || points < -.005 {
			r := Reason{parts[i].ID, "", Number(was), Number(parts[i].Weight), points}
			if was == parts[i].Weight { // the guards of one let another value count
				r.Input = c.New.m.inputOf(parts[i].ID)
				r.From, r.To = old.input(r.Input), with.input(r.Input)
			}
			out = append(out, r)
		}
		last = is
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(max(b.Points, -b.Points), max(a.Points, -a.Points)) })
	return out, old.Next != with.Next && len(out) == 0
}

// Stepped counts the customers whose grade changed on the k-th day, by the old rules and by the new.
func (c *Comparison) Stepped(k int) (n [2]int) {
	if k == 0 {
		return n
	}
	for i, course := range []*Course{c.Old, c.New} {
		for _, code := range c.in {
			if was, is := course.Grade[k-1][code], course.Grade[k][code]; was >= 0 && is >= 0 && was != is {
				n[i]++
			}
		}
	}
	return n
}

// input is the value that counts of an input; unknown where there is none.
func (x *Explanation) input(name string) Number {
	for i := range x.Inputs {
		if x.Inputs[i].Name == name {
			return x.Inputs[i].Value
		}
	}
	return Number(unknown)
}

// inputOf is the input of an attribute; "" where it is an expression over several.
func (m *Model) inputOf(attribute string) string {
	for k := range m.attributes {
		if a := &m.attributes[k]; a.ID == attribute && a.in >= 0 {
			return m.inputs[a.in].name
		}
	}
	return ""
}

// Table gives the movers as raw cells.
func (v *Verdict) Table(currency store.Currency) analytics.Table {
	t := analytics.Table{Columns: []string{"account_id", "account", "owner", "from_grade", "to_grade", "was_score", "grade_score", "value_12_months"}}
	for _, m := range v.Movers {
		t.Rows = append(t.Rows, []string{string(m.Account), m.AccountName, m.Owner, string(m.From), string(m.To), strconv.FormatFloat(m.Was, 'f', 2, 64), strconv.FormatFloat(m.Score, 'f', 2, 64),
			store.Money{Minor: m.Money, Currency: currency}.Amount()})
	}
	return t
}
