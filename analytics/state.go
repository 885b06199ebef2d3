package analytics

import (
	"iter"
	"slices"
	"sort"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// DealState is a deal as it stood at the end of a day.
type DealState struct {
	Exists   bool // it had begun and was not deleted
	Deal     Code
	Account  Code // now, not then: accounts and products have no history
	Product  Code
	Stage    Code  // None: unknown
	Rank     int32 // of Stage in funnel order; -1 unknown
	Kind     store.StageKind
	Since    Day  // since when in Stage
	Owner    Code // person
	Node     int32
	Category store.Category
	Amount   store.Money
	Value    int64 // Amount in minor units of the organisation's currency; the smallest int64: no rate
	Created  Day
	Close    Day // promised while open, actual once closed; NoDay unknown
	// Closed is the day a won or lost deal closed: Close, or the day it reached its stage when Close is unknown or would lie in the future;
	// NoDay while open.
	Closed Day
}

// HasValue reports whether the deal has an amount and there is a rate for it.
func (d *DealState) HasValue() bool { return d.Amount.Given() && d.Value != noRate }

// Open reports whether the deal existed and was neither won nor lost.
func (d *DealState) Open() bool { return d.Exists && d.Kind == store.StageOpen }

// DealAt returns a deal as it stood at the end of day.
//
// Of each field with history the value is what the last change up to that day gave; before the first change what that change came from;
// after the last one, or without any, what the record says now. There are two exceptions, both for deals that have closed since. One of
// which no stage change is known stood, before the day it closed, in the first open stage: that it was open is all we know. And while it
// was open its Close was a promise, which only history knows; the record's own is the actual one.
func (b *Book) DealAt(i Code, day Day) DealState {
	var d DealState
	if b.deals.isLive(i) {
		b.dealAt(i, day, &d)
	}
	return d
}

func (b *Book) dealAt(i Code, day Day, d *DealState) {
	c, k, j := &b.deals, int(i)>>column.Shift, int(i)&(column.Rows-1)
	*d = DealState{
		Deal: i, Account: c.account.Block(k)[j], Product: c.product.Block(k)[j], Owner: c.owner.Block(k)[j], Category: c.category.Block(k)[j],
		Amount: b.money(c.minor.Block(k)[j], c.cur.Block(k)[j]), Value: c.value.Block(k)[j], Created: c.created.Block(k)[j], Close: c.close.Block(k)[j],
		Closed: store.NoDay,
	}
	d.Exists = d.Created <= day
	way := b.steps.Of(int(i))
	at := len(way) - 1
	if at > 0 && way[at].Day > day {
		at = max(0, sort.Search(len(way), func(k int) bool { return way[k].Day > day })-1)
	}
	d.Stage, d.Since = way[at].Stage, way[at].Day
	if c.changed.Block(k)[j] > day {
		b.rewind(i, day, d)
	}
	d.Rank, d.Kind = -1, store.StageOpen
	if d.Stage != None {
		d.Rank, d.Kind = b.stageRank[d.Stage], b.stageKind[d.Stage]
	}
	if d.Kind == store.StageOpen && b.kindOf(c.stage.Block(k)[j]) != store.StageOpen {
		d.Close = b.promised(i, day)
	}
	d.Node = b.PersonNode(d.Owner)
	if d.Kind != store.StageOpen {
		if d.Closed = d.Close; d.Close == store.NoDay || d.Close > day {
			d.Closed = d.Since
		}
	}
}

// dealNow sets d to what the record of row j of block k says: as dealAt has it for a day on which all changes and steps of the deal have been taken.
func (b *Book) dealNow(k, j int, day Day, d *DealState) {
	c := &b.deals
	*d = DealState{
		Exists: true, Deal: Code(k<<column.Shift + j), Account: c.account.Block(k)[j], Product: c.product.Block(k)[j], Owner: c.owner.Block(k)[j],
		Category: c.category.Block(k)[j], Amount: b.money(c.minor.Block(k)[j], c.cur.Block(k)[j]), Value: c.value.Block(k)[j],
		Created: c.created.Block(k)[j], Close: c.close.Block(k)[j], Stage: c.stage.Block(k)[j], Since: c.stepped.Block(k)[j], Closed: store.NoDay, Rank: -1,
	}
	if d.Stage != None {
		d.Rank, d.Kind = b.stageRank[d.Stage], b.stageKind[d.Stage]
	}
	d.Node = b.PersonNode(d.Owner)
	if d.Kind != store.StageOpen {
		if d.Closed = d.Close; d.Close == store.NoDay || d.Close > day {
			d.Closed = d.Since
		}
	}
}

// promised returns the close that a deal promised on a day when it was still open, though it is closed now. The record's Close is by now
// the actual one, which nobody knew then: only history tells, and without any the promise is unknown.
func (b *Book) promised(i Code, day Day) Day {
	c, last := &b.change, store.NoDay
	found := false
	for _, row := range b.changesOf.Of(int(i)) {
		r := int(row)
		if c.field.At(r) != store.FieldClose {
			continue
		}
		if c.day.At(r) > day {
			if !found {
				last = Day(c.old.At(r))
			}
			break
		}
		last, found = Day(c.new.At(r)), true
	}
	return last
}

// Way returns a deal's steps through the stages up to and including day, oldest first. The slice is the Book's: do not write to it.
func (b *Book) Way(i Code, day Day) []Step {
	way := b.steps.Of(int(i))
	n := len(way)
	for n > 0 && way[n-1].Day > day {
		n--
	}
	return way[:n:n]
}

// LastTouch returns the day of the last touch up to day that names the deal, or names its account and no deal; NoDay when there is none.
func (b *Book) LastTouch(deal Code, day Day) Day {
	last := b.deals.touched.At(int(deal))
	if last > day {
		last = b.lastTouch(b.dealTouches.Of(int(deal)), day)
	}
	if a := b.deals.account.At(int(deal)); a != None {
		last = max(last, b.lastTouch(b.looseTouches.Of(int(a)), day))
	}
	return last
}

func (b *Book) lastTouch(run []int32, day Day) Day {
	if n := len(run); n > 0 {
		if last := b.touch.day.At(int(run[n-1])); last <= day {
			return last
		}
	}
	if n := sort.Search(len(run), func(k int) bool { return b.touch.day.At(int(run[k])) > day }); n > 0 {
		return b.touch.day.At(int(run[n-1]))
	}
	return store.NoDay
}

// LastSign returns the last day up to day on which anything happened to a deal: it was created, changed or touched. NoDay when nothing is known.
func (b *Book) LastSign(deal Code, day Day) Day {
	last := b.LastTouch(deal, day)
	if c := b.deals.changed.At(int(deal)); c <= day {
		last = max(last, c)
	} else {
		for _, r := range b.changesOf.Of(int(deal)) {
			if d := b.change.day.At(int(r)); d <= day && !b.change.field.At(int(r)).Version() {
				last = max(last, d)
			}
		}
	}
	if c := b.deals.created.At(int(deal)); c <= day {
		last = max(last, c)
	}
	return last
}

// Signed reports whether anything happened to a deal from from to day, both included: whether [Book.LastSign] is no earlier. Of a deal that is alive the deal's own columns mostly tell.
func (b *Book) Signed(deal Code, from, day Day) bool {
	d, i := &b.deals, int(deal)
	for _, last := range [...]Day{d.touched.At(i), d.changed.At(i), d.created.At(i)} {
		if last >= from && last <= day {
			return true
		}
	}
	return b.LastSign(deal, day) >= from
}

// moves leaves out of a deal's changes, oldest first, those of the rep's other versions: the deal itself did not change by them.
func (b *Book) moves(run []int32) []int32 {
	version := func(r int32) bool { return b.change.field.At(int(r)).Version() }
	if !slices.ContainsFunc(run, version) {
		return run
	}
	return slices.DeleteFunc(slices.Clone(run), version)
}

// Changes calls yield with a deal's history up to day, oldest first, as records in the store's notation.
func (b *Book) Changes(deal Code, day Day) iter.Seq2[Day, store.Change] {
	return func(yield func(Day, store.Change) bool) {
		c := &b.change
		for _, row := range b.changesOf.Of(int(deal)) {
			r := int(row)
			if c.day.At(r) > day {
				return
			}
			f := c.field.At(r)
			v := store.Change{
				ID: store.ID(c.id.At(r)), Deal: b.deals.ids.id(deal), Field: f, At: moment(c.at.At(r)), Seen: moment(c.seen.At(r)), By: b.personID(c.by.At(r)),
				DayOnly: c.only.At(r), From: b.text(f, c.old.At(r), c.oldCur.At(r)), To: b.text(f, c.new.At(r), c.newCur.At(r)),
			}
			if !yield(c.day.At(r), v) {
				return
			}
		}
	}
}

func (b *Book) text(f store.Field, v int64, cur curCode) string {
	switch f {
	case store.FieldStage:
		return string(b.stages.id(Code(v)))
	case store.FieldOwner:
		return string(b.personID(Code(v)))
	case store.FieldAmount, store.FieldOptimisticAmount, store.FieldPessimisticAmount:
		return b.money(v, cur).String()
	case store.FieldClose, store.FieldOptimisticClose, store.FieldPessimisticClose:
		return Day(v).String()
	case store.FieldCategory:
		return store.Category(v).String()
	}
	return ""
}

// rewind sets the fields other than the stage to what they were at the end of day.
func (b *Book) rewind(i Code, day Day, d *DealState) {
	run := b.changesOf.Of(int(i))
	ch := &b.change
	var done store.Fields
	last := [16]int{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
	for _, row := range run { // oldest first
		r := int(row)
		f := ch.field.At(r)
		switch {
		case ch.day.At(r) <= day:
			last[f] = r
		case !done.Has(f): // the first one after the day: the value before it
			done |= store.FieldsOf(f)
			v, cur := ch.old.At(r), ch.oldCur.At(r)
			if p := last[f]; p >= 0 {
				v, cur = ch.new.At(p), ch.newCur.At(p)
			}
			switch f {
			case store.FieldAmount:
				d.Amount = b.money(v, cur)
				d.Value = b.Convert(d.Amount)
			case store.FieldClose:
				d.Close = Day(v)
			case store.FieldOwner:
				d.Owner = Code(v)
			case store.FieldCategory:
				d.Category = store.Category(v)
			}
		}
	}
}
