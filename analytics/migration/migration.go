package migration

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Months is how many months the flow spans.
const Months = 12

// question is one scope resolved: which accounts, between which days.
type question struct {
	b        *analytics.Book
	ledger   *ledger
	accounts []analytics.Code
	from, to analytics.Day
	derived  bool
	place    map[store.Grade]int // best 0; no grade is one past the worst
	grades   []store.Grade
}

func open(b *analytics.Book, s analytics.Scope) *question {
	sel := b.Select(s)
	q := &question{b: b, ledger: newLedger(b), to: sel.AsOf, from: b.Calendar().Month(sel.AsOf, 0).From - 1, derived: !b.HasGrades(), place: map[store.Grade]int{}}
	if !s.Period.IsZero() {
		q.to = min(s.Period.To, sel.AsOf)
		q.from = min(s.Period.From-1, q.to)
	}
	for c := range sel.Accounts() {
		q.accounts = append(q.accounts, c)
	}
	q.grades = grades(b, q.derived)
	for i, g := range q.grades {
		q.place[g] = i
	}
	q.place[""] = len(q.grades)
	return q
}

// Of gives the matrix of the accounts in s between two days: the eve and the end of s.Period, or the end of last month and the as-of day when no
// period is chosen. Product and stage do not narrow accounts.
func Of(b *analytics.Book, s analytics.Scope) Answer {
	q := open(b, s)
	n := len(q.grades) + 1
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), From: q.from, To: q.to, Grades: q.grades, Derived: q.derived}
	if q.derived {
		a.Rule = RuleOf(b).String()
	}
	sums := make([]analytics.Adder, n*n)
	a.Matrix = make([]Square, n*n)
	for i := range sums {
		sums[i] = b.Adder()
	}
	before, after := q.ledger.at(q.from), q.ledger.at(q.to)
	for _, c := range q.accounts {
		from, to := before.Grade(c), after.Grade(c)
		if from == "" && to == "" {
			continue
		}
		i := q.place[from]*n + q.place[to]
		a.Matrix[i].Count++
		sums[i].AddSum(after.Value(c))
		q.count(from, to, &a.Up, &a.Down, &a.Same, &a.Entered, &a.Left)
		if from != to && q.cause(c, before, after, from, to).Kind == CauseUnexplained {
			a.Unexplained++
		}
	}
	for i := range sums {
		a.Matrix[i].Money = sums[i].Sum()
	}
	a.Stay = analytics.Ratio{Num: a.Same, Den: a.Up + a.Down + a.Same}
	a.Flow = q.flow(after)
	return a
}

func (q *question) count(from, to store.Grade, up, down, same, entered, left *int) {
	switch {
	case from == to:
		*same++
	case from == "":
		*entered++
	case to == "":
		*left++
	case q.place[to] < q.place[from]:
		*up++
	default:
		*down++
	}
}

func (q *question) flow(last *Board) []Month {
	months := make([]Month, 0, Months)
	before := q.ledger.at(q.b.Calendar().Month(q.to, 1-Months).From - 1)
	for i := 1 - Months; i <= 0; i++ {
		m := Month{Period: q.b.Calendar().Month(q.to, i)}
		after := last
		if i < 0 {
			after = q.ledger.at(m.Period.To)
		}
		m.Period.To = min(m.Period.To, q.to)
		up, down := q.b.Adder(), q.b.Adder()
		for _, c := range q.accounts {
			from, to := before.Grade(c), after.Grade(c)
			if from == "" && to == "" {
				continue
			}
			u, d := m.Up, m.Down
			q.count(from, to, &m.Up, &m.Down, &m.Same, &m.Entered, &m.Left)
			if m.Up > u {
				up.AddSum(after.Value(c))
			} else if m.Down > d {
				down.AddSum(after.Value(c))
			}
		}
		m.UpMoney, m.DownMoney = up.Sum(), down.Sum()
		months = append(months, m)
		before = after
	}
	return months
}

// cause says why a grade differs.
func (q *question) cause(c analytics.Code, before, after *Board, from, to store.Grade) Cause {
	if !q.derived {
		cause, _, _ := q.told(c, from)
		if from == to {
			cause.Kind, cause.Text = CauseNone, ""
		}
		return cause
	}
	x := Cause{After: after.Value(c), AboveAfter: after.stand[c].above, RankAfter: after.stand[c].rank}
	if from == "" {
		x.Kind = CauseEntered
		return x
	}
	x.Before, x.AboveBefore, x.RankBefore = before.Value(c), before.stand[c].above, before.stand[c].rank
	switch {
	case from == to:
		x.Kind = CauseNone
	case q.place[to] > q.place[from] && x.After.Money.Minor < x.Before.Money.Minor, q.place[to] < q.place[from] && x.After.Money.Minor > x.Before.Money.Minor:
		x.Kind = CauseValue
	default:
		x.Kind = CauseRank
	}
	return x
}

// told reads what the source's history says about the time between the two days: the last step's cause, moment and rule. A last step without a cause,
// or a step that does not begin where the one before it ended, leaves the move unexplained.
func (q *question) told(c analytics.Code, from store.Grade) (x Cause, at time.Time, rule string) {
	x.Kind = CauseUnexplained
	gap, prev := false, from
	for day, g := range q.b.Grades(c) {
		if day <= q.from || day > q.to {
			continue
		}
		x.Steps++
		gap = gap || g.From != prev
		prev = g.To
		x.Text, at, rule = g.Cause, g.At.In(q.b.Location()), g.Rule
	}
	if strings.TrimSpace(x.Text) != "" && !gap {
		x.Kind = CauseSource
	}
	return x, at, rule
}

// Accounts opens a cell of the matrix that Of gives for the same scope: as many rows as its count.
func Accounts(b *analytics.Book, s analytics.Scope, cell Cell) List {
	q := open(b, s)
	l := List{Stamp: b.Stamp(s), Scope: b.Named(s), From: q.from, To: q.to, Cell: cell, Derived: q.derived, Rows: []Move{}}
	before, after := q.ledger.at(q.from), q.ledger.at(q.to)
	for _, c := range q.accounts {
		from, to := before.Grade(c), after.Grade(c)
		if from == "" && to == "" || cell.From != Any && cell.From != from || cell.To != Any && cell.To != to {
			continue
		}
		acc := b.Account(c)
		m := Move{Account: acc.ID, AccountName: acc.Name, Owner: acc.Owner, OwnerName: b.PersonName(acc.Owner), From: from, To: to,
			Cause: q.cause(c, before, after, from, to), Money: after.Value(c), Health: HealthAt(b, c, q.to)}
		switch {
		case q.derived:
			m.Rule = RuleOf(b).String()
		case from != to:
			_, m.At, m.Rule = q.told(c, from)
		}
		l.Rows = append(l.Rows, m)
	}
	n := len(q.grades)
	class := func(m *Move) int {
		f, t := q.place[m.From], q.place[m.To]
		switch {
		case f == t:
			return 2
		case f < t && f < n:
			return 0
		}
		return 1
	}
	slices.SortFunc(l.Rows, func(x, y Move) int {
		return cmp.Or(cmp.Compare(class(&x), class(&y)), cmp.Compare(y.Money.Money.Minor, x.Money.Money.Minor),
			strings.Compare(string(x.Account), string(y.Account)))
	})
	return l
}

// HealthAt returns an account's latest health index up to day; -1 when there is none.
func HealthAt(b *analytics.Book, account analytics.Code, day analytics.Day) int {
	score := -1
	for d, h := range b.Health(account) {
		if d > day {
			break
		}
		score = h.Score
	}
	return score
}

func gradeCell(g store.Grade, none string) string {
	if g == "" {
		return none
	}
	return string(g)
}

// Table gives the matrix as one line per square that is not empty.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"from_grade", "to_grade", "accounts", "currency", "value_12_months", "without_rate"}}
	n := len(a.Grades) + 1
	for i := range n {
		for j := range n {
			if s := a.At(i, j); s.Count > 0 {
				c := a.Cell(i, j)
				t.Rows = append(t.Rows, []string{gradeCell(c.From, "new"), gradeCell(c.To, "lost"), strconv.Itoa(s.Count), string(s.Money.Money.Currency), s.Money.Cell(), s.Money.MissingCell()})
			}
		}
	}
	return t
}

// Table gives the moves.
func (l List) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"account", "owner", "from_grade", "to_grade", "at", "cause_kind", "cause", "currency", "value_before", "value_after", "rule",
		"value_12_months", "without_rate", "health", "account_id"}}
	for _, m := range l.Rows {
		at, health, before, after := "", "", "", ""
		if !m.At.IsZero() {
			at = m.At.Format(time.RFC3339)
		}
		if m.Health >= 0 {
			health = strconv.Itoa(m.Health)
		}
		if l.Derived && m.From != "" {
			before, after = m.Cause.Before.Cell(), m.Cause.After.Cell()
		}
		t.Rows = append(t.Rows, []string{m.AccountName, m.OwnerName, gradeCell(m.From, "new"), gradeCell(m.To, "lost"), at, string(m.Cause.Kind), m.Cause.Text,
			string(m.Money.Money.Currency), before, after, m.Rule, m.Money.Cell(), m.Money.MissingCell(), health, string(m.Account)})
	}
	return t
}
