package migration

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Months is how many months the flow spans.
const Months = 12

// question is one scope resolved: which accounts, between which days.
type question struct {
	b        *analytics.Book
	sel      *analytics.Selection
	ledger   *ledger
	from, to analytics.Day
	derived  bool
	place    map[store.Grade]int // best 0; no grade is one past the worst
	grades   []store.Grade
	seats    []int // by place on a board
	// explained reports whether the source's history tells the way of an account from a place on a board at the end of a day to another day: see told.
	explained func(account analytics.Code, from int16, after, to analytics.Day) bool
}

func open(b *analytics.Book, s analytics.Scope) *question {
	sel := b.Select(s)
	q := &question{b: b, sel: sel, ledger: newLedger(b), to: sel.AsOf, from: b.Calendar().Month(sel.AsOf, 0).From - 1, derived: !b.HasGrades(), place: map[store.Grade]int{}}
	if !s.Period.IsZero() {
		q.to = min(s.Period.To, sel.AsOf)
		q.from = min(s.Period.From-1, q.to)
	}
	q.grades = grades(b, q.derived)
	for i, g := range q.grades {
		q.place[g] = i
	}
	q.place[""] = len(q.grades)
	if !q.derived {
		q.explained = b.Teller()
	}
	for _, g := range q.ledger.grades {
		q.seats = append(q.seats, q.place[g])
	}
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
	days := []analytics.Day{q.from, q.to}
	for i := range Months {
		days = append(days, q.b.Calendar().Month(q.to, i+1-Months).From-1)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	boards := map[analytics.Day]*Board{}
	for _, d := range q.ledger.at(days...) {
		boards[d.day] = d
	}
	before, after := boards[q.from], boards[q.to]
	narrow, chosen := q.accounts(s)
	parts := make([]*tally, len(chosen))
	each(chosen, func(part int, some []analytics.Code) {
		t := q.tally()
		purses := make([]purse, n*n)
		for i := range purses {
			purses[i] = after.purse()
		}
		q.squares(t, purses, some, before, after)
		for i := range purses {
			purses[i].flush(&t.sums[i])
		}
		parts[part] = t
	})
	total := q.tally()
	for _, t := range parts {
		total.merge(t)
	}
	a.Matrix = make([]Square, n*n)
	for i := range a.Matrix {
		a.Matrix[i] = Square{Count: total.counts[i], Money: total.sums[i].Sum()}
	}
	a.Up, a.Down, a.Same, a.Entered, a.Left, a.Unexplained = total.move.up, total.move.down, total.move.same, total.move.entered, total.move.left, total.unexplained
	a.Stay = analytics.Ratio{Num: a.Same, Den: a.Up + a.Down + a.Same}
	flow := q.months(boards)
	a.Flow = make([]Month, len(flow))
	for i := range flow {
		f := &flow[i]
		m := analytics.Memo(b, flowKey{narrow, q.sel.AsOf, f.before.day, f.after.day}, func() *moves { return q.flow(chosen, f.before, f.after) })
		a.Flow[i] = Month{Period: f.period, Up: m.up, Down: m.down, Same: m.same, Entered: m.entered, Left: m.left, UpMoney: m.upMoney.Sum(), DownMoney: m.downMoney.Sum()}
	}
	return a
}

// flowKey is a month of the flow among a Book's answers: whoever steps from month to month asks for the other eleven again.
type flowKey struct {
	scope               analytics.Scope
	asOf, before, after analytics.Day
}

// chosenKey is a scope's accounts among a Book's answers: every month that is looked at asks for the same.
type chosenKey struct {
	scope analytics.Scope
	asOf  analytics.Day
}

// each does fn for every part at once.
func each(chosen [][]analytics.Code, fn func(part int, some []analytics.Code)) {
	var wait sync.WaitGroup
	for i := range chosen {
		if i > 0 {
			wait.Go(func() { fn(i, chosen[i]) })
		}
	}
	if len(chosen) > 0 {
		fn(0, chosen[0])
	}
	wait.Wait()
}

// accounts returns the scope's accounts, and the scope without what they do not depend on.
func (q *question) accounts(s analytics.Scope) (narrow analytics.Scope, chosen [][]analytics.Code) {
	narrow = s
	narrow.Period, narrow.AsOf = analytics.Period{}, 0
	return narrow, analytics.Memo(q.b, chosenKey{narrow, q.sel.AsOf}, q.chosen)
}

// chosen are the accounts of the scope in their order, in parts of the same length: they are kept, and whoever was quick when they were looked for has not the more to count.
func (q *question) chosen() [][]analytics.Code {
	in, n := make([]bool, q.b.Accounts()), make([]int, analytics.Parts())
	q.sel.ShareAccounts(func(part int, first, last analytics.Code) {
		for c := first; c < last; c++ {
			if q.sel.Account(c) {
				in[c] = true
				n[part]++
			}
		}
	})
	total := 0
	for _, k := range n {
		total += k
	}
	all := make([]analytics.Code, 0, total)
	for c, ok := range in {
		if ok {
			all = append(all, analytics.Code(c))
		}
	}
	parts := max(1, min(len(n), total/fewest))
	some := make([][]analytics.Code, parts)
	for i := range some {
		some[i] = all[total*i/parts : total*(i+1)/parts]
	}
	return some
}

// fewest is how many accounts are worth a goroutine of their own.
const fewest = 2048

// flow counts a month.
func (q *question) flow(some [][]analytics.Code, before, after *Board) *moves {
	parts := make([]moves, len(some))
	each(some, func(part int, some []analytics.Code) {
		parts[part].upMoney, parts[part].downMoney = q.b.Adder(), q.b.Adder()
		q.steps(&parts[part], some, before, after)
	})
	all := &moves{upMoney: q.b.Adder(), downMoney: q.b.Adder()}
	for i := range parts {
		all.merge(&parts[i])
		all.upMoney.AddSum(parts[i].upMoney.Sum())
		all.downMoney.AddSum(parts[i].downMoney.Sum())
	}
	return all
}

// moves counts accounts by how they moved.
type moves struct {
	up, down, same, entered, left int
	upMoney, downMoney            analytics.Adder
}

// tally is what one goroutine adds up.
type tally struct {
	counts      []int
	sums        []analytics.Adder
	move        moves
	unexplained int
}

func (q *question) tally() *tally {
	n := len(q.grades) + 1
	t := &tally{counts: make([]int, n*n), sums: make([]analytics.Adder, n*n)}
	for i := range t.sums {
		t.sums[i] = q.b.Adder()
	}
	return t
}

func (m *moves) merge(o *moves) {
	m.up += o.up
	m.down += o.down
	m.same += o.same
	m.entered += o.entered
	m.left += o.left
}

func (t *tally) merge(o *tally) {
	for i := range t.counts {
		t.counts[i] += o.counts[i]
		t.sums[i].AddSum(o.sums[i].Sum())
	}
	t.move.merge(&o.move)
	t.unexplained += o.unexplained
}

// squares counts accounts into the matrix. Who moves where is counted by square afterwards, and not by account: this walks over all accounts while somebody holds a key.
func (q *question) squares(t *tally, purses []purse, accounts []analytics.Code, before, after *Board) {
	n := len(q.grades)
	if minors := after.minors(); !q.derived && minors != nil {
		seats := append([]int{n}, q.seats...) // by place, from Ungraded on
		was, is := before.place, after.place
		counts, sums := make([][2]int, len(t.counts)), make([][2]int64, len(t.counts)) // two of each, since most accounts stand in one square and each addition waits for the last
		for k, c := range accounts {
			p := was[c]
			i, j := seats[p+1], seats[is[c]+1]
			at := i*(n+1) + j
			counts[at][k&1]++
			if v := minors[c]; uint64(v+handful) < 2*handful {
				sums[at][k&1] += v
			} else {
				purses[at].adder.AddMinor(v)
			}
			if i != j && !q.explained(c, p, q.from, q.to) {
				t.unexplained++
			}
		}
		for at := range counts {
			t.counts[at] += counts[at][0] + counts[at][1]
			purses[at].sum += sums[at][0] + sums[at][1]
		}
		t.counts[n*(n+1)+n], purses[n*(n+1)+n] = 0, after.purse() // who had no grade on either day is in no square
	} else {
		for _, c := range accounts {
			i, j := q.seat(before, c), q.seat(after, c)
			if i == n && j == n {
				continue
			}
			at := i*(n+1) + j
			t.counts[at]++
			purses[at].add(c)
			if i != j && !q.derived && !q.explained(c, before.place[c], q.from, q.to) {
				t.unexplained++
			}
		}
	}
	for at, k := range t.counts {
		q.count(&t.move, at/(n+1), at%(n+1), k)
	}
}

// steps counts accounts into a month of the flow. Where the sources grade, places are compared as numbers, since most accounts stay where they are.
func (q *question) steps(m *moves, accounts []analytics.Code, before, after *Board) {
	n := len(q.grades)
	same := 0
	up, down := after.purse(), after.purse()
	for _, c := range accounts {
		if !q.derived {
			if p := before.place[c]; p == after.place[c] {
				if p != analytics.Ungraded {
					same++
				}
				continue
			}
		}
		i, j := q.seat(before, c), q.seat(after, c)
		if i == n && j == n {
			continue
		}
		switch q.count(m, i, j, 1) {
		case upward:
			up.add(c)
		case downward:
			down.add(c)
		}
	}
	m.same += same
	up.flush(&m.upMoney)
	down.flush(&m.downMoney)
}

// seat returns the place of an account's grade in q.grades: no grade is one past the worst.
func (q *question) seat(d *Board, c analytics.Code) int {
	if !q.derived {
		if p := d.place[c]; p >= 0 {
			return q.seats[p]
		}
		return len(q.grades)
	}
	return q.place[d.stand[c].grade]
}

// The ways to move.
const (
	stayed = iota
	upward
	downward
	other
)

// count counts k accounts that went from one place to another.
func (q *question) count(m *moves, from, to, k int) int {
	n := len(q.grades)
	switch {
	case from == to:
		m.same += k
		return stayed
	case from == n:
		m.entered += k
	case to == n:
		m.left += k
	case to < from:
		m.up += k
		return upward
	default:
		m.down += k
		return downward
	}
	return other
}

// month is one month of the flow, and the boards at its ends.
type month struct {
	period        analytics.Period
	before, after *Board
}

func (q *question) months(boards map[analytics.Day]*Board) []month {
	var all []month
	for i := 1 - Months; i <= 0; i++ {
		m := month{period: q.b.Calendar().Month(q.to, i)}
		m.before = boards[m.period.From-1]
		if m.after = boards[m.period.To]; i == 0 {
			m.after = boards[q.to]
		}
		m.period.To = min(m.period.To, q.to)
		all = append(all, m)
	}
	return all
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
		gap = gap || g.From != prev
		if g.From == g.To {
			continue
		}
		x.Steps++
		prev = g.To
		x.Text, at, rule = g.Cause, g.At.In(q.b.Location()), g.Rule
	}
	if strings.TrimSpace(x.Text) != "" && !gap {
		x.Kind = CauseSource
	}
	return x, at, rule
}

// View is the accounts behind a cell whose rows are made when they are looked at. Several may read it at once.
type View struct {
	Stamp    analytics.Stamp
	Scope    string
	From, To analytics.Day
	Cell     Cell
	Derived  bool
	Rows     analytics.Rows[Move]
	Money    analytics.Sum // of all rows
	q        *question
	rank     *analytics.Ranking[moved]

	before, after *Board
}

// List makes all rows.
func (v *View) List() List {
	return List{Stamp: v.Stamp, Scope: v.Scope, From: v.From, To: v.To, Cell: v.Cell, Derived: v.Derived, Rows: v.Rows.List()}
}

type moved struct {
	class   int8 // down, then up, then unmoved
	money   int64
	account analytics.Code
}

type listed struct {
	scope analytics.Scope
	cell  Cell
}

// Accounts is [Look] with all rows made.
func Accounts(b *analytics.Book, s analytics.Scope, cell Cell) List { return Look(b, s, cell).List() }

// Look opens a cell of the matrix that Of gives for the same scope: as many rows as its count.
func Look(b *analytics.Book, s analytics.Scope, cell Cell) *View {
	return analytics.MemoList(b, listed{s, cell}, func() *View { return look(b, s, cell) })
}

func look(b *analytics.Book, s analytics.Scope, cell Cell) *View {
	q := open(b, s)
	l := &View{Stamp: b.Stamp(s), Scope: b.Named(s), From: q.from, To: q.to, Cell: cell, Derived: q.derived}
	boards := q.ledger.at(q.from, q.to)
	before, after := boards[0], boards[1]
	l.q, l.before, l.after = q, before, after
	parts, sums := make([][]moved, analytics.Parts()), make([]analytics.Adder, analytics.Parts())
	for i := range sums {
		sums[i] = b.Adder()
	}
	n := len(q.grades)
	_, chosen := q.accounts(s)
	each(chosen, func(part int, some []analytics.Code) {
		for _, c := range some {
			i, j := q.seat(before, c), q.seat(after, c)
			if i == n && j == n {
				continue
			}
			if cell.From != Any && cell.From != before.Grade(c) || cell.To != Any && cell.To != after.Grade(c) {
				continue
			}
			m := moved{class: 1, account: c}
			switch {
			case i == j:
				m.class = 2
			case i < j:
				m.class = 0
			}
			value := after.Value(c)
			m.money = value.Money.Minor
			sums[part].AddSum(value)
			parts[part] = append(parts[part], m)
		}
	})
	total := b.Adder()
	for i := range sums {
		total.AddSum(sums[i].Sum())
	}
	l.Money = total.Sum()
	l.rank = analytics.Rank(parts, func(x, y moved) int {
		if o := cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(y.money, x.money)); o != 0 {
			return o
		}
		return strings.Compare(string(b.AccountID(x.account)), string(b.AccountID(y.account)))
	})
	row := func(k int) Move {
		c := l.rank.At(k).account
		from, to, acc := before.Grade(c), after.Grade(c), b.Account(c)
		m := Move{Account: acc.ID, AccountName: acc.Name, Owner: acc.Owner, OwnerName: b.PersonName(acc.Owner), From: from, To: to,
			Cause: q.cause(c, before, after, from, to), Money: after.Value(c), Health: HealthAt(b, c, q.to)}
		switch {
		case q.derived:
			m.Rule = RuleOf(b).String()
		case from != to:
			_, m.At, m.Rule = q.told(c, from)
		}
		return m
	}
	l.Rows = analytics.NewRows(l.rank.Len(), row, func(k int) string { return string(b.AccountID(l.rank.At(k).account)) })
	return l
}

// HealthAt returns an account's latest health index up to day; -1 when there is none.
func HealthAt(b *analytics.Book, account analytics.Code, day analytics.Day) int {
	if score, ok := b.HealthAt(account, day); ok {
		return score
	}
	return -1
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
