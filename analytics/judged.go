package analytics

import "flightdeck/store"

// JudgedHead returns of a row of the evaluations the account, the day and the moment in microseconds since 1970, without making a record; ok is false where the row is dead.
func (b *Book) JudgedHead(i int) (account Code, day Day, at int64, ok bool) {
	if b.judged.dead.Has(i) {
		return None, 0, 0, false
	}
	return b.judged.account.At(i), b.judged.day.At(i), b.judged.at.At(i), true
}

// JudgedBefore returns the evaluation of an account that came before one of its evaluations; nil when that was the first.
func (b *Book) JudgedBefore(account Code, id store.ID) *store.Evaluation {
	last := -1
	for _, r := range b.judgedOf.Of(int(account) + 1) {
		if store.ID(b.judged.id.At(int(r))) == id {
			break
		}
		last = int(r)
	}
	if last < 0 {
		return nil
	}
	return b.evaluation(last)
}

// judgedHealth is the health index of an account's latest evaluation up to day that knew any.
func (b *Book) judgedHealth(account Code, day Day) (score int, ok bool) {
	list := b.judgedOf.Of(int(account) + 1)
	for k := len(list) - 1; k >= 0; k-- {
		if i := int(list[k]); b.judged.day.At(i) <= day {
			if h := int(b.judged.health.At(i)); h >= 0 {
				return h, true
			}
		}
	}
	return 0, false
}
