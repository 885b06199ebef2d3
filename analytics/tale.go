package analytics

import (
	"fmt"
	"strings"
)

// gradeTale is every account's history of grades in one piece: what a matrix of many moves reads of the steps, whose own rows lie as they came.
type gradeTale struct {
	start []int32 // by account, where its steps begin; one more than there are accounts
	steps []taleStep
}

type taleStep struct {
	day      Day
	from, to int16 // places in GradeNames
	why      bool  // it names a cause
}

// taleKey is the tale's place among what is kept (see [Kept]). One is made for a line of Books: of some million steps it takes some ten megabytes, so that one per Book that brought a
// step would soon be more than all else.
type taleKey struct {
	root  *gradePlaces
	terms string
}

// Teller returns who reports whether the history tells how an account's grade went from a place in [Book.GradeNames] to what it was at the end of a day: the steps after another day
// each begin where the one before ended, and the last that changed the grade names its cause. It may be asked by several at once.
func (b *Book) Teller() func(account Code, from int16, after, to Day) bool {
	t, ok := b.tale()
	return func(account Code, from int16, after, to Day) bool {
		if ok && !b.stirred.Has(int(account)) {
			return t.told(account, from, after, to)
		}
		places := b.gradePlaces()
		rows := b.GradeSteps(account)
		steps := make([]taleStep, len(rows))
		for k, r := range rows {
			steps[k] = b.taleStep(places, r)
		}
		return told(steps, from, after, to)
	}
}

func (b *Book) taleStep(places *gradePlaces, row int32) taleStep {
	g, i := &b.grade, int(row)
	return taleStep{g.day.At(i), places.at(g.from.At(i)), places.at(g.to.At(i)), strings.TrimSpace(g.cause.At(i)) != ""}
}

// tale returns the tale of all steps but those of accounts that were stirred since it was made; ok is false while there is none.
func (b *Book) tale() (t *gradeTale, ok bool) {
	return Kept(b, taleKey{b.gradePlaces().root, fmt.Sprint(b.terms)}, func(b *Book) *gradeTale {
		places, n := b.gradePlaces(), b.accounts.len()
		t := &gradeTale{start: make([]int32, n+1)}
		for c := range Code(n) {
			t.start[c+1] = t.start[c] + int32(len(b.GradeSteps(c)))
		}
		t.steps = make([]taleStep, t.start[n])
		b.ShareAccounts(func(_ int, first, last Code) {
			for c := first; c < last; c++ {
				for k, r := range b.GradeSteps(c) {
					t.steps[int(t.start[c])+k] = b.taleStep(places, r)
				}
			}
		})
		return t
	})
}

func (t *gradeTale) told(account Code, from int16, after, to Day) bool {
	if int(account)+1 >= len(t.start) { // it came later, and nobody graded it
		return false
	}
	return told(t.steps[t.start[account]:t.start[account+1]], from, after, to)
}

func told(steps []taleStep, from int16, after, to Day) (ok bool) {
	for _, s := range steps {
		if s.day <= after {
			continue
		}
		if s.day > to {
			break
		}
		if s.from != from {
			return false
		}
		if s.from != s.to { // the rules take over, say, and the grade is as before: that explains no move
			from, ok = s.to, s.why
		}
	}
	return ok
}
