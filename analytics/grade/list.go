package grade

import (
	"cmp"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// List is the customers of a scope with what the last stored evaluation says of each, held ones first, then by score, highest first.
type List struct {
	analytics.Stamp `json:"stamp"`
	Holds           []Hold  `json:"holds"`  // in force for everybody, whatever the scope
	Waits           []Wait  `json:"waits"`  // now
	Judged          bool    `json:"judged"` // anybody was, ever
	Held            int     `json:"held"`   // customers
	Rows            []Judge `json:"accounts"`
}

// Judge is one customer as it was judged last.
type Judge struct {
	Account     store.ID    `json:"account_id"`
	AccountName string      `json:"account"`
	Grade       store.Grade `json:"grade"` // in force
	Would       store.Grade `json:"would"` // by the score alone
	Score       float64     `json:"score"`
	Health      int         `json:"health"` // -1 unknown
	Held        bool        `json:"held"`
	Since       Day         `json:"held_since,omitzero"` // the day of the first evaluation in a row that was held
	Inputs      []string    `json:"held_inputs"`         // that could not be relied on
	Day         Day         `json:"day"`                 // as of which it was judged
	Rule        string      `json:"rule"`
}

// ListOf reads the stored evaluations up to the as-of day; who was never judged is not in it. holds are those of the present and, as what the rules wait for, left out of an answer
// about the past.
func ListOf(b *analytics.Book, g *rule.Grading, s analytics.Scope, holds []Hold) *List {
	sel := b.Select(s)
	l := &List{Stamp: b.Stamp(s), Judged: b.Judged() > 0}
	if sel.AsOf >= b.Now() || s.AsOf == 0 {
		l.Holds, l.Waits = holds, Waits(b, g)
	}
	for c := range sel.Accounts() {
		v := b.EvaluationAt(c, sel.AsOf)
		if v == nil {
			continue
		}
		r := Judge{Account: v.Account, AccountName: b.AccountName(v.Account), Grade: b.GradeAt(c, sel.AsOf), Would: v.Would, Score: v.Score, Health: v.Health, Held: v.Held, Day: v.Day, Rule: v.Rule}
		if v.Held {
			l.Held++
			for day, e := range b.Evaluations(c) {
				switch {
				case day > sel.AsOf:
				case !e.Held:
					r.Since = 0
				case r.Since == 0:
					r.Since = day
				}
			}
			for _, in := range v.Inputs {
				if in.State != store.InputFresh && in.State != store.InputUnknown {
					r.Inputs = append(r.Inputs, in.Name)
				}
			}
		}
		l.Rows = append(l.Rows, r)
	}
	slices.SortStableFunc(l.Rows, func(x, y Judge) int {
		if x.Held != y.Held {
			if x.Held {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Account, y.Account))
	})
	return l
}

// Table is the list as rows; the columns are metric names.
func (l *List) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"account_id", "account", "grade", "health", "rule"}}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, []string{string(r.Account), r.AccountName, string(r.Grade), healthText(r.Health), r.Rule})
	}
	return t
}

func healthText(h int) string {
	if h < 0 {
		return ""
	}
	return Number(h).String()
}
