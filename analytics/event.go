package analytics

import (
	"iter"
	"math/bits"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// StageEvent is a deal's beginning or its entry into a stage.
type StageEvent struct {
	Deal   Code
	Begin  bool // the deal began; From is None
	Day    Day
	Minute int16 // of the day in the organisation's time zone; -1: only the day is known
	From   Code  // stage; None unknown
	To     Code
}

// At returns when e happened, to the minute, in the organisation's time zone; the day's first instant when only the day is known.
func (b *Book) At(e StageEvent) time.Time {
	y, m, d := e.Day.Date()
	return time.Date(y, m, d, 0, max(0, int(e.Minute)), 0, 0, b.loc)
}

// EventID names e: made from its deal, day and stage.
func (b *Book) EventID(e StageEvent) store.ID {
	return b.deals.ids.id(e.Deal) + store.ID("|"+e.Day.String()+"|") + b.stages.id(e.To)
}

// StageEvents calls yield with a deal's beginning, where its day is known, and each of its entries into a stage, oldest first. What the source gives no
// history of but must have happened, such as the closing of a deal that stands won, is among them on the day that the record says.
func (b *Book) StageEvents(deal Code) iter.Seq[StageEvent] {
	return func(yield func(StageEvent) bool) {
		if !b.deals.isLive(deal) {
			return
		}
		prev := None
		for k, s := range b.steps.Of(int(deal)) {
			e := StageEvent{Deal: deal, Begin: k == 0, Day: s.Day, Minute: -1, From: prev, To: s.Stage}
			prev = s.Stage
			if s.Day == store.NoDay {
				continue
			}
			for _, row := range b.changesOf.Of(int(deal)) {
				c, r := &b.change, int(row)
				if c.day.At(r) == s.Day && c.field.At(r) == store.FieldStage && Code(c.new.At(r)) == s.Stage && !c.only.At(r) {
					at := moment(c.at.At(r)).In(b.loc)
					e.Minute = int16(at.Hour()*60 + at.Minute())
					break
				}
			}
			if !yield(e) {
				return
			}
		}
	}
}

// FirstWon returns the day on which a deal first entered a won stage; ok is false when it never did. A cheap test before [Book.DealAt].
func (b *Book) FirstWon(deal Code) (day Day, ok bool) {
	for _, s := range b.steps.Of(int(deal)) {
		if b.kindOf(s.Stage) == store.StageWon {
			return s.Day, true
		}
	}
	return store.NoDay, false
}

// Began returns the first day on which a deal existed; NoDay when nothing says.
func (b *Book) Began(deal Code) Day {
	if !b.deals.isLive(deal) {
		return store.NoDay
	}
	return b.deals.created.At(int(deal))
}

// HasTouches reports whether any source gave a touch.
func (b *Book) HasTouches() bool { return b.touch.alive() > 0 }

// HasAreas reports whether any touch says where it was.
func (b *Book) HasAreas() bool {
	return recall(b.memo, "areas", func() bool {
		t := &b.touch
		for k := range column.Blocks(t.len()) {
			for j, a := range t.Area.Block(k) {
				if a != None && !t.dead.Has(k<<column.Shift+j) {
					return true
				}
			}
		}
		return false
	})
}

// HasSales reports whether any source gave a sales line.
func (b *Book) HasSales() bool { return b.sale.alive() > 0 }

// Purchases tells when an account bought last, up to and including day (NoDay: never), and in how many of the twelve spans of thirty days up to then it bought: its sales lines without
// returns, or where the store holds no sales line its won deals.
func (b *Book) Purchases(account Code, day Day) (last Day, spans int) {
	const span, most = 30, 12
	last = store.NoDay
	var set uint
	see := func(d Day) {
		if d > day {
			return
		}
		if last == store.NoDay || d > last {
			last = d
		}
		if k := int(day-d) / span; k < most {
			set |= 1 << k
		}
	}
	if !b.HasSales() {
		for _, d := range b.AccountDeals(account) {
			if won, ok := b.FirstWon(d); ok {
				see(won)
			}
		}
		return last, bits.OnesCount(set)
	}
	rows := b.AccountSales(account)
	for k := len(rows) - 1; k >= 0; k-- {
		i := int(rows[k])
		d := b.sale.day.At(i)
		if last != store.NoDay && d <= day-span*most {
			break
		}
		if b.sale.minor.At(i) > 0 {
			see(d)
		}
	}
	return last, bits.OnesCount(set)
}

// HasGrades reports whether any source, or the organisation's rules, graded an account.
func (b *Book) HasGrades() bool {
	if len(b.terms) == 0 {
		return b.grade.alive() > 0
	}
	return len(b.GradeNames()) > 0
}

// Leads returns the people who lead a unit.
func (b *Book) Leads() map[store.PersonID]bool {
	leads := map[store.PersonID]bool{}
	for i, u := range b.units.rec {
		if b.units.live[i] && u.Manager != "" {
			leads[b.Same(u.Manager)] = true
		}
	}
	return leads
}

// LastChange returns the day of a deal's newest change of any field; NoDay when it has no history.
func (b *Book) LastChange(deal Code) Day {
	if !b.deals.isLive(deal) {
		return store.NoDay
	}
	return b.deals.changed.At(int(deal))
}

// DealOwner returns who owns a deal now, None when nobody.
func (b *Book) DealOwner(deal Code) Code { return b.deals.owner.At(int(deal)) }

// DealAccount returns the account that a deal is of; None for nobody's.
func (b *Book) DealAccount(deal Code) Code { return b.deals.account.At(int(deal)) }

// OwnerOn returns who owned a deal at the end of day, as [Book.DealAt] has it.
func (b *Book) OwnerOn(deal Code, day Day) Code {
	if b.deals.changed.At(int(deal)) <= day {
		return b.deals.owner.At(int(deal))
	}
	owner, later := b.deals.owner.At(int(deal)), false
	run := b.changesOf.Of(int(deal))
	for k := len(run) - 1; k >= 0; k-- {
		switch r := int(run[k]); {
		case b.change.field.At(r) != store.FieldOwner:
		case b.change.day.At(r) > day:
			owner, later = Code(b.change.old.At(r)), true
		case later:
			return Code(b.change.new.At(r))
		default:
			return owner
		}
	}
	return owner
}

// Handed returns the last day on which a deal's owner changed, by its history; NoDay when it never did.
func (b *Book) Handed(deal Code) Day {
	run := b.changesOf.Of(int(deal))
	for k := len(run) - 1; k >= 0; k-- {
		if r := int(run[k]); b.change.field.At(r) == store.FieldOwner {
			return b.change.day.At(r)
		}
	}
	return store.NoDay
}

// LastTouch returns the day of an account's newest touch that s holds, up to the as-of day; NoDay when there is none.
func (s *Selection) LastTouch(account Code) Day {
	run := s.b.AccountTouches(account)
	for i := len(run) - 1; i >= 0; i-- {
		if s.MatchTouch(int(run[i])) {
			return s.b.touch.day.At(int(run[i]))
		}
	}
	return store.NoDay
}
