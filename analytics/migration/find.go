package migration

import (
	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Find returns what says of each row whether word is found in the account's name, its owner's, the grades as in "a>b", or the cause that the source names. word is in lower
// case and holds no blank. It blocks until the rows are in order and the names were looked through; what it returns may be asked on several goroutines.
func (v *View) Find(word string) func(i int) bool {
	q, refs := v.q, v.rank.Sorted()
	b, needle := q.b, column.NewNeedle(word)
	named, people := b.AccountsNamed(word), b.PeopleNamed(word)
	return func(i int) bool {
		c := refs[i].account
		if named.Has(c) || people.Has(b.AccountOwner(c)) {
			return true
		}
		from, to := v.before.Grade(c), v.after.Grade(c)
		return needle.In(string(from)+">"+string(to)) || needle.In(q.causeText(c, from, to))
	}
}

// causeText is the Text of what cause gives.
func (q *question) causeText(c analytics.Code, from, to store.Grade) string {
	if q.derived || from == to {
		return ""
	}
	g := q.b.Graded()
	for steps := q.b.GradeSteps(c); len(steps) > 0; steps = steps[:len(steps)-1] {
		i := int(steps[len(steps)-1])
		if day := g.Day().At(i); day <= q.from {
			break
		} else if f, t, _ := g.Step(i); day <= q.to && f != t {
			return g.Cause(i)
		}
	}
	return ""
}

// Settle puts the rows beyond the first few hundred in order: for a goroutine that nobody waits for. [View.Find] then has it.
func (v *View) Settle() { v.rank.Settle() }
