package deal

import (
	"context"
	"math"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// What a ref says of its deal as of the day, so that looking through a list asks the Book for nothing: it is open, and the flags that show without its touches.
const (
	isOpen uint8 = 1 << iota
	isOverdue
	isNoAmount
	isNoClose
)

func marksOf(b *analytics.Book, d *analytics.DealState, asOf analytics.Day) (m uint8) {
	if !d.Open() {
		return 0
	}
	m = isOpen
	if IsOverdue(b, d, asOf) {
		m |= isOverdue
	}
	if !d.Amount.Given() {
		m |= isNoAmount
	}
	if d.Close == store.NoDay {
		m |= isNoClose
	}
	return m
}

// FlagWords says in which flags a word is found, as a face writes them.
type FlagWords struct {
	Overdue, Stale            FlagDays
	Silent, NoAmount, NoClose bool // Silent: a deal is stale, and nothing is known of it
}

// FlagDays is in which of the flags that name a number of days a word is found: in all, or in those that Of takes; nil takes none. Of is asked on several goroutines.
type FlagDays struct {
	All bool
	Of  func(days int) bool
}

func (f *FlagDays) any() bool { return f.All || f.Of != nil }

// Find returns what says of each row whether word is found in a name of the deal, its account, owner, product or stage, or in one of its flags. word is in lower case
// and holds no blank. It blocks until the rows are in order and the names were looked through; what it returns may be asked on several goroutines.
func (v *View) Find(word string, flags FlagWords) func(i int) bool {
	b, refs := v.b, v.rank.Sorted()
	called, people, stages := b.DealsCalled(word), b.PeopleNamed(word), b.StagesNamed(word)
	var plain uint8
	if flags.Overdue.All {
		plain |= isOverdue
	}
	if flags.NoAmount {
		plain |= isNoAmount
	}
	if flags.NoClose {
		plain |= isNoClose
	}
	var stale, silent *analytics.Picks
	if flags.Stale.any() || flags.Silent {
		stale, silent = v.stale.of(v)
	}
	return func(i int) bool {
		x := &refs[i]
		if called.Has(x.deal) || people.Has(x.owner) || stages.Has(x.stageOf(v)) || x.marks&plain != 0 {
			return true
		}
		if x.marks&isOpen == 0 {
			return false
		}
		if x.marks&isOverdue != 0 && flags.Overdue.Of != nil {
			if d := b.DealAt(x.deal, v.asOf); flags.Overdue.Of(int(v.asOf - d.Close)) {
				return true
			}
		}
		if stale == nil || !stale.Has(i) {
			return false
		}
		if silent.Has(i) {
			return flags.Silent
		}
		return flags.Stale.All || flags.Stale.Of != nil && flags.Stale.Of(max(0, span(b.LastSign(x.deal, v.asOf), v.asOf)))
	}
}

// stale is which rows of a view are stale, and of which of those nothing is known, found out once.
type stale struct {
	once          sync.Once
	picks, silent *analytics.Picks
}

func (s *stale) of(v *View) (picks, silent *analytics.Picks) {
	s.once.Do(func() {
		refs, ctx := v.rank.Sorted(), context.Background() // nothing ends it
		s.picks, _ = analytics.Pick(ctx, len(refs), nil, func(i int) bool {
			if refs[i].marks&isOpen == 0 {
				return false
			}
			since := v.b.LastSign(refs[i].deal, v.asOf)
			return since == store.NoDay || int(v.asOf-since) > v.b.Rules().StaleDays
		})
		s.silent, _ = analytics.Pick(ctx, len(refs), s.picks, func(i int) bool { return v.b.LastSign(refs[i].deal, v.asOf) == store.NoDay })
	})
	return s.picks, s.silent
}

// stageOf returns the stage in which the deal stands as of the view's day.
func (r *ref) stageOf(v *View) analytics.Code {
	if r.stage != farStage {
		return analytics.Code(r.stage)
	}
	d := v.b.DealAt(r.deal, v.asOf)
	return d.Stage
}

// farStage stands for a stage whose Code has no room in a ref.
const farStage = math.MaxInt16
