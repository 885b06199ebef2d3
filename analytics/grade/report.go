package grade

import (
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Report is a comparison for somebody who reads it once: how the two agree on every day, and on one of them who differs and why.
type Report struct {
	analytics.Stamp `json:"stamp"`
	Scope           string      `json:"scope"`
	Accounts        int         `json:"accounts"` // of the scope
	Days            []Agreement `json:"days"`     // oldest first
	Steps           [2]int      `json:"steps"`    // how often a grade changed on the way, by the old rules and by the new
	Chosen          Chosen      `json:"chosen"`
	Waits           []Wait      `json:"waits,omitempty"`

	Verdict *Verdict `json:"-"` // on the chosen day, in minor units
}

// Chosen is the day whose customers are told of. Amounts are of the organisation's currency, exact: what a customer brought in over a year up to the day.
type Chosen struct {
	Day       Day             `json:"day"`
	Lines     []store.Grade   `json:"grades"`
	Same      int             `json:"same"`
	Up        int             `json:"up"`
	Down      int             `json:"down"`
	UpMoney   store.Money     `json:"up_money"`
	DownMoney store.Money     `json:"down_money"`
	Ungraded  int             `json:"ungraded"`
	Agree     analytics.Ratio `json:"agree"`
	Matrix    []Crossing      `json:"matrix"`
	Movers    []Differing     `json:"movers"` // those with their reasons, most money first
}

// Crossing is a square of the confusion in which somebody is.
type Crossing struct {
	From  store.Grade `json:"from"`
	To    store.Grade `json:"to"`
	Count int         `json:"count"`
	Money store.Money `json:"money"`
}

// Differing is a [Mover] with its reasons.
type Differing struct {
	Mover
	Money store.Money `json:"money"`
	Why   []Reason    `json:"why"`
	Line  bool        `json:"line"` // the score alone does not make the difference
}

// Agreement is how the two agree on a day.
type Agreement struct {
	Day   Day    `json:"day"`
	Same  int    `json:"same"`
	Up    int    `json:"up"`
	Down  int    `json:"down"`
	Steps [2]int `json:"steps"` // grades that changed since the day before, by the old rules and by the new
	Old   []Hold `json:"old_holds,omitempty"`
	New   []Hold `json:"new_holds,omitempty"`
}

// Report tells of all days, and of the k-th day with its customers; the first most of them with their reasons.
func (c *Comparison) Report(k, most int) *Report {
	r := &Report{Stamp: c.Stamp, Scope: c.scope, Accounts: len(c.in), Steps: c.Moved, Verdict: c.On(k), Waits: c.Waits}
	for i := range c.Days {
		a := Agreement{Day: c.Days[i], Steps: c.Stepped(i), Old: c.Old.Holds[i], New: c.New.Holds[i]}
		a.Same, a.Up, a.Down = c.Tally(i)
		r.Days = append(r.Days, a)
	}
	v, money := r.Verdict, func(minor int64) store.Money { return store.Money{Minor: minor, Currency: c.b.Currency()} }
	r.Chosen = Chosen{Day: v.Day, Lines: v.Lines, Same: v.Same, Up: v.Up, Down: v.Down, UpMoney: money(v.UpMoney), DownMoney: money(v.DownMoney), Ungraded: v.Ungraded, Agree: v.Agree}
	for i, sq := range v.Matrix {
		if n := len(v.Lines); sq.Count > 0 {
			r.Chosen.Matrix = append(r.Chosen.Matrix, Crossing{v.Lines[i/n], v.Lines[i%n], sq.Count, money(sq.Money)})
		}
	}
	for _, m := range v.Movers[:min(most, len(v.Movers))] {
		d := Differing{Mover: m, Money: money(m.Money)}
		d.Why, d.Line = c.Why(m.Code, k)
		r.Chosen.Movers = append(r.Chosen.Movers, d)
	}
	return r
}

// Pace is how far apart the days of a replay lie.
type Pace string

// The paces: the last days of months or of weeks, or every day.
const (
	Monthly Pace = "month"
	Weekly  Pace = "week"
	Daily   Pace = "day"
)

// Paces lists them.
func Paces() []Pace { return []Pace{Monthly, Weekly, Daily} }

// Days returns the days of a period at a pace, oldest first, the period's end always among them. Weeks are counted back from it.
func (p Pace) Days(from, to Day) []Day {
	if p == Monthly {
		return MonthEnds(from, to)
	}
	step := Day(1)
	if p == Weekly {
		step = 7
	}
	var days []Day
	for d := to - (to-from)/step*step; d <= to; d += step {
		days = append(days, d)
	}
	return days
}

// Both is one customer as two sets of rules judge it on each of a replay's days, every input and every value between.
type Both struct {
	analytics.Stamp `json:"stamp"`
	Account         store.ID      `json:"account_id"`
	AccountName     string        `json:"account"`
	Why             []Reason      `json:"why"`  // on one of the days
	Line            bool          `json:"line"` // on that day the score alone does not make the difference
	Old             []Explanation `json:"old"`
	New             []Explanation `json:"new"`
}

// Trace judges one customer by both, with the reasons on the k-th day.
func (c *Comparison) Trace(account analytics.Code, k int) *Both {
	t := &Both{Stamp: c.Stamp, Old: c.Old.Trace(account), New: c.New.Trace(account)}
	t.Account, t.AccountName = c.b.AccountLabel(account)
	t.Why, t.Line = c.why(&t.Old[k], &t.New[k])
	return t
}

// Table gives the customer's days as raw cells.
func (t *Both) Table() analytics.Table {
	out := analytics.Table{Columns: []string{"as_of_day", "was_score", "from_grade", "grade_score", "to_grade", "held_grade", "inputs"}}
	for k := range t.New {
		old, is := &t.Old[k], &t.New[k]
		var inputs []string
		for i := range is.Inputs {
			if in := &is.Inputs[i]; in.State != store.InputUnknown {
				inputs = append(inputs, said(in.Name, in.Value, in.State))
			}
		}
		out.Rows = append(out.Rows, []string{is.Stamp.AsOf.String(), Number(old.Score).String(), string(old.Next), Number(is.Score).String(), string(is.Next), strconv.FormatBool(is.Held), strings.Join(inputs, "; ")})
	}
	return out
}
