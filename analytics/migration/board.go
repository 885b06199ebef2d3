package migration

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Board is every account's grade, and what it brought in, at the end of a day. It is not safe for concurrent use.
type Board struct {
	b       *analytics.Book
	day     analytics.Day
	rule    Rule
	derived bool
	stand   []standing // per account Code; only when derived
	known   []bool     // per account Code; only when derived
}

// BoardAt reads the grades at the end of day: those of the sources when any source grades, else those that the rule gives. Derived grades are ranked
// over the whole company, whoever asks, so that a customer has one grade and not one per viewer.
func BoardAt(b *analytics.Book, day analytics.Day) *Board {
	d := &Board{b: b, day: day, rule: ruleOf(b), derived: !b.HasGrades()}
	if d.derived {
		n := b.Accounts()
		values, codes := make([]int64, 0, n), make([]analytics.Code, 0, n)
		d.known, d.stand = make([]bool, n), make([]standing, n)
		for c := range analytics.Code(n) {
			if b.AccountLive(c) && knownSince(b, c) <= day {
				d.known[c] = true
				codes = append(codes, c)
				values = append(values, d.Value(c).Money.Minor)
			}
		}
		for i, s := range d.rule.rank(values) {
			d.stand[codes[i]] = s
		}
	}
	return d
}

// Derived reports whether the grades come from the rule.
func (d *Board) Derived() bool { return d.derived }

// Grade returns an account's grade; empty: none, or not yet known on that day.
func (d *Board) Grade(account analytics.Code) store.Grade {
	if !d.derived {
		return d.b.GradeAt(account, d.day)
	}
	if !d.known[account] {
		return ""
	}
	return d.stand[account].grade
}

// Value returns what an account brought in over the trailing days of the rule up to the day: its sales lines, or its won deals when the store holds no
// sales line.
func (d *Board) Value(account analytics.Code) analytics.Sum {
	return Value(d.b, account, analytics.Period{From: d.day - analytics.Day(d.rule.Days) + 1, To: d.day})
}

// Value returns what an account brought in within p, as known at the end of p: its sales lines, or when the store holds none its deals that stand
// won at the end of p and closed within it.
func Value(b *analytics.Book, account analytics.Code, p analytics.Period) analytics.Sum {
	sum := b.Adder()
	if b.HasSales() {
		for day, s := range b.Sales(account) {
			if p.Contains(day) {
				sum.Add(s.Amount)
			}
		}
		return sum.Sum()
	}
	for _, c := range b.AccountDeals(account) {
		if !b.EverWon(c, p) {
			continue
		}
		if d := b.DealAt(c, p.To); d.Exists && d.Kind == store.StageWon && p.Contains(d.Closed) {
			sum.AddDeal(&d)
		}
	}
	return sum.Sum()
}

// knownSince returns the first day on which an account was there: the earlier of its creation and its first deal's; without either it always was.
func knownSince(b *analytics.Book, account analytics.Code) analytics.Day {
	since, any := b.Account(account).Created, false
	any = since.Valid()
	for _, c := range b.AccountDeals(account) {
		if created := b.Deal(c).Created; created.Valid() && (!any || created < since) {
			since, any = created, true
		}
	}
	if !any {
		return store.NoDay
	}
	return since
}

// order sorts grades best first: the S family that some organisations put above A, then letters, + before the bare letter before -.
func order(grades []store.Grade) {
	rank := func(g store.Grade) (class, sign int, letter string) {
		letter = strings.TrimRight(string(g), "+-")
		switch {
		case strings.HasSuffix(string(g), "+"):
			sign = -1
		case strings.HasSuffix(string(g), "-"):
			sign = 1
		}
		if letter != "" && strings.Trim(letter, "S") == "" {
			return -len(letter), sign, ""
		}
		return 0, sign, letter
	}
	slices.SortFunc(grades, func(x, y store.Grade) int {
		c1, s1, l1 := rank(x)
		c2, s2, l2 := rank(y)
		return cmp.Or(cmp.Compare(c1, c2), strings.Compare(l1, l2), cmp.Compare(s1, s2), strings.Compare(string(x), string(y)))
	})
}

// grades lists what the matrix has rows for: whatever any account was ever graded.
func grades(b *analytics.Book, derived bool) []store.Grade {
	if derived {
		return slices.Clone(derivedGrades)
	}
	seen := map[store.Grade]bool{}
	for c := range analytics.Code(b.Accounts()) {
		for _, g := range b.Grades(c) {
			seen[g.From], seen[g.To] = true, true
		}
	}
	delete(seen, "")
	list := make([]store.Grade, 0, len(seen))
	for g := range seen {
		list = append(list, g)
	}
	order(list)
	return list
}
