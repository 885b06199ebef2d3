package analytics

import (
	"slices"
	"strings"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// RulesSource is in whose name evaluations are stored, the steps of grades that follow from them, and who decides.
const RulesSource store.SourceID = "rules"

// What a step of RulesSource without an account says in its To: who decides about grades from then on.
const (
	DecideRules   store.Grade = "rules"
	DecideSources store.Grade = "sources" // as they do until anybody says otherwise
)

// Who decides about grades has a history of its own, which lies among the grades: it is committed with the steps that belong to it, and every Book, advanced, folded or built,
// knows it without asking anybody. While the organisation's rules decide, what sources say of grades does not count:
//
//   - A source's step that was taken in such a time never does.
//   - One that was taken before, but learned in that time, tells of the past alone: it counts where a step of the rules of that time covers what came after.
//   - The steps of the rules count always. Whoever writes them sees to it that each customer's grade goes on where it was when others begin to decide (see package grader).
//
// Days on which the sources decided are thus answered as they were then, whoever decides now.

// term is a time in which the rules decided, in microseconds since 1970; to is the largest number while they still do.
type term struct{ from, to int64 }

func (t term) has(at int64) bool { return at >= t.from && at < t.to }

const noEnd = int64(1<<63 - 1)

// byRules reports whether a row of the grades is the rules' own.
func (b *Book) byRules(row int) bool {
	return strings.HasPrefix(b.grade.id.At(row), string(RulesSource)+":")
}

// ruled reads since when who decides.
func (b *Book) ruled() (out []term) {
	for _, r := range b.gradesOf.Of(0) {
		i := int(r)
		if !b.byRules(i) {
			continue
		}
		open := len(out) > 0 && out[len(out)-1].to == noEnd
		switch at := b.grade.at.At(i); b.gradeName(b.grade.to.At(i)) {
		case DecideRules:
			if !open {
				out = append(out, term{at, noEnd})
			}
		case DecideSources:
			if open {
				out[len(out)-1].to = at
			}
		}
	}
	return out
}

// counting returns those of an account's grade rows, which are in order, that count.
func (b *Book) counting(list []int32) []int32 {
	out := make([]int32, 0, len(list))
	for _, r := range list {
		if b.counts(int(r), list) {
			out = append(out, r)
		}
	}
	return out
}

func (b *Book) counts(row int, list []int32) bool {
	at, seen := b.grade.at.At(row), b.grade.seen.At(row)
	for _, t := range b.terms {
		switch {
		case t.has(at):
			return b.byRules(row)
		case at < t.from && t.has(seen) && !b.byRules(row):
			if !slices.ContainsFunc(list, func(r int32) bool { return t.has(b.grade.at.At(int(r))) && b.byRules(int(r)) }) {
				return false
			}
		}
	}
	return true
}

// decide brings what counts up to the rows: of all accounts where others decide than before, else of those whose grades this editor changed.
func (e *editor) decide() {
	b := e.b
	if terms := b.ruled(); e.bulk || !slices.Equal(terms, b.terms) {
		if b.terms = terms; !e.bulk {
			b.newEpoch() // what is kept holds the grades of all
		}
		b.decideAll()
		return
	}
	if len(b.terms) == 0 || len(e.grades.add)+len(e.grades.drop) == 0 {
		return
	}
	owners := map[int32]bool{}
	for _, a := range e.grades.add {
		owners[a.owner] = true
	}
	for a := range e.grades.drop {
		owners[a.owner] = true
	}
	b.inForce.Edit()
	for owner := range owners {
		b.inForce.Set(int(owner), b.counting(b.gradesOf.Of(int(owner))))
	}
	b.inForce.Seal()
}

// decideAll lists what counts of every account. Where nobody but the sources ever decided all does, and there is no list.
func (b *Book) decideAll() {
	b.inForce = column.Runs[int32]{}
	if len(b.terms) == 0 {
		return
	}
	for owner := range b.accounts.len() + 1 {
		b.inForce.Add(b.counting(b.gradesOf.Of(owner))...)
	}
}

// GradeSteps returns the rows of an account's grade steps that count, oldest first. The slice is the Book's: do not write to it.
func (b *Book) GradeSteps(account Code) []int32 {
	if len(b.terms) == 0 {
		return b.gradesOf.Of(int(account) + 1)
	}
	return b.inForce.Of(int(account) + 1)
}

// RulesDecide reports whether the organisation's rules decide about grades now; RulesDecided whether they ever did.
func (b *Book) RulesDecide() bool { return len(b.terms) > 0 && b.terms[len(b.terms)-1].to == noEnd }

// RulesDecided reports whether the organisation's rules ever decided about grades.
func (b *Book) RulesDecided() bool { return len(b.terms) > 0 }

// SourceGrade returns what the sources said last of an account's grade up to and including day, whoever decided then; ok is false where they said nothing.
func (b *Book) SourceGrade(account Code, day Day) (g store.Grade, ok bool) {
	list := b.gradesOf.Of(int(account) + 1)
	for k := len(list) - 1; k >= 0; k-- {
		if i := int(list[k]); b.grade.day.At(i) <= day && !b.byRules(i) {
			return b.gradeName(b.grade.to.At(i)), true
		}
	}
	return "", false
}
