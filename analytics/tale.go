package analytics

import "strings"

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

// taleKey is the tale's place among the boards of an epoch: it holds for as long as no step comes or goes.
type taleKey struct {
	root       *gradePlaces
	rows, gone int
}

// Teller returns who reports whether the history tells how an account's grade went from a place in [Book.GradeNames] to what it was at the end of a day: the steps after another day
// each begin where the one before ended, and the last that changed the grade names its cause. It may be asked by several at once. The first question after grades came in walks over all
// of them.
func (b *Book) Teller() func(account Code, from int16, after, to Day) bool { return b.tale().told }

func (b *Book) tale() *gradeTale {
	places, g := b.gradePlaces(), &b.grade
	return recall(b.epoch.boards, taleKey{places.root, g.len(), len(g.gone)}, func() *gradeTale {
		t := &gradeTale{start: make([]int32, b.accounts.len()+1)}
		for c := range Code(b.accounts.len()) {
			t.start[c+1] = t.start[c] + int32(len(b.GradeSteps(c)))
		}
		t.steps = make([]taleStep, t.start[b.accounts.len()])
		b.ShareAccounts(func(_ int, first, last Code) {
			for c := first; c < last; c++ {
				for k, r := range b.GradeSteps(c) {
					i := int(r)
					t.steps[int(t.start[c])+k] = taleStep{g.day.At(i), places.at(g.from.At(i)), places.at(g.to.At(i)), strings.TrimSpace(g.cause.At(i)) != ""}
				}
			}
		})
		return t
	})
}

func (t *gradeTale) told(account Code, from int16, after, to Day) (ok bool) {
	if int(account)+1 >= len(t.start) { // it came later, and nobody graded it
		return false
	}
	for _, s := range t.steps[t.start[account]:t.start[account+1]] {
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
