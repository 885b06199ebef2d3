package analytics

import (
	"fmt"
	"iter"
	"time"

	"flightdeck/store"
)

// Options are what a Book needs beside the store. Time zone, currency, rates and fiscal year come from the store's [store.Org] record, so that a
// store can be read without a configuration.
type Options struct {
	Rules Rules
	Now   func() time.Time // the clock that says which day is today; nil: time.Now
	// Report takes the errors of Live.Run, a recovered panic with its stack included; nil drops them. It must not block.
	Report func(error)
}

// Book is an immutable, column-oriented picture of the store at one revision. Any number of goroutines may ask it; nothing
// they are given may be written to. Build makes one from a snapshot, Advance makes the next from what changed and shares the rest.
//
// Rows are addressed by [Code]. A Code stays valid in the Books advanced from this one and means nothing in a Book built anew: keep IDs
// across a question, never Codes. A record that others refer to but that was never read, or was deleted, has a Code but is not live.
type Book struct {
	opt   Options
	rev   store.Rev
	given store.Org // as it was read
	org   store.Org // with defaults
	cal   Calendar
	loc   *time.Location
	rates map[store.Currency]rate

	units    table[store.Unit]
	people   table[store.Person]
	stages   table[store.Stage]
	products table[store.Product]
	accounts table[store.Account]
	deals    table[store.Deal]
	quotas   table[store.Quota]
	status   table[store.SourceStatus]
	issues   table[store.Issue]

	industries words
	topics     words
	areas      words

	deal    dealCols
	account accountCols
	change  changeCols
	touch   *TouchBlock
	steps   [][]Step // per deal: its way through the stages, oldest first; never empty for a live deal

	contacts facts[store.Contact]     // by account
	grades   facts[store.GradeChange] // by account
	health   facts[store.Health]      // by account
	evidence facts[store.Evidence]    // by deal
	sales    facts[store.Sale]        // by account

	changesOf    runs // deal → change rows, by time
	touchesOf    runs // account → touch rows, by time
	dealTouches  runs // deal → touch rows, by time
	looseTouches runs // account → touch rows that name no deal, by time
	dealsOf      runs // account → deals

	tree
	dataEnd Day
	oldest  time.Time
}

// Rev returns the revision of the store that b pictures.
func (b *Book) Rev() store.Rev { return b.rev }

// Org returns the organisation's record.
func (b *Book) Org() store.Org { return b.org }

// Rules returns the rule figures in force, defaults filled in.
func (b *Book) Rules() Rules { return b.opt.Rules }

// Location returns the organisation's time zone.
func (b *Book) Location() *time.Location { return b.loc }

// Calendar returns the organisation's fiscal calendar.
func (b *Book) Calendar() Calendar { return b.cal }

// Currency returns the currency of sums.
func (b *Book) Currency() store.Currency { return b.org.Currency }

// Now returns the day on the clock, in the organisation's time zone.
func (b *Book) Now() Day { return store.DayOf(b.opt.Now(), b.loc) }

// DataEnd returns the newest day, not after today, on which anything happened: a change, a touch, a sale, a grade, a deal created or closed.
// [store.NoDay] when there is nothing.
func (b *Book) DataEnd() Day {
	if now := b.Now(); b.dataEnd > now {
		return now
	}
	return b.dataEnd
}

// Today returns the day as of which a question without an as-of day is asked: the day on the clock, or [Book.DataEnd] when nothing has
// happened for more than Rules.QuietDays. A finished data set thus shows its last quarter; the Stamp says which day it was.
func (b *Book) Today() Day {
	now := b.Now()
	if end := b.DataEnd(); end != store.NoDay && int(now-end) > b.opt.Rules.QuietDays {
		return end
	}
	return now
}

// AsOf returns the day as of which s is asked: s.AsOf, or Today; never a day after the one on the clock.
func (b *Book) AsOf(s Scope) Day {
	if s.AsOf == 0 {
		return b.Today()
	}
	return min(s.AsOf, b.Now())
}

// Period returns s.Period, or the fiscal quarter of the as-of day.
func (b *Book) Period(s Scope) Period {
	if !s.Period.IsZero() {
		return s.Period
	}
	return b.cal.Quarter(b.AsOf(s), 0)
}

// Named prints s as [Scope.String] does, for an answer. Where the fiscal year does not begin in January its period is spelled out: a link's 2026Q3 is
// the calendar's, and beside fiscal quarters it would be read as one of them.
func (b *Book) Named(s Scope) string {
	if b.cal.start() == time.January || s.Period.IsZero() {
		return s.String()
	}
	p := s.Period
	s.Period = Period{}
	text := s.String()
	if text != "" {
		text += "&"
	}
	return text + "period=" + p.From.String() + ".." + p.To.String()
}

// Stamp says on what an answer to s rests. Oldest is the data's age by its least fresh part: of every stream that has ever finished well,
// the last time it did; of these the earliest. A source none of whose streams ever did makes it zero: then part of the picture is missing.
// (One stream that is refused beside others that work does not: its own error says so among the sources.)
func (b *Book) Stamp(s Scope) Stamp { return Stamp{Rev: b.rev, AsOf: b.AsOf(s), Oldest: b.oldest} }

// Quotas returns every quota record, by ID.
func (b *Book) Quotas() []store.Quota { return b.quotas.sorted() }

// Status returns what every stream of every source is doing, ordered by source, then stream.
func (b *Book) Status() []store.SourceStatus { return b.status.sorted() }

// Issues returns what could not be mapped, ordered by source, stream, place.
func (b *Book) Issues() []store.Issue { return b.issues.sorted() }

// Deals returns how many deal Codes there are: Codes run from 0 to Deals()-1, live or not.
func (b *Book) Deals() int { return len(b.deals.rec) }

// DealCode finds a live deal.
func (b *Book) DealCode(id store.ID) (Code, bool) { return b.deals.code(id) }

// Deal returns the record as it stands now; its zero value when c is not live.
func (b *Book) Deal(c Code) store.Deal { return b.deals.get(c) }

// Accounts returns how many account Codes there are.
func (b *Book) Accounts() int { return len(b.accounts.rec) }

// AccountCode finds a live account.
func (b *Book) AccountCode(id store.ID) (Code, bool) { return b.accounts.code(id) }

// Account returns the record; for an account that was never read, or None, only its ID is set.
func (b *Book) Account(c Code) store.Account {
	a := b.accounts.get(c)
	a.ID = b.accounts.id(c)
	return a
}

// People returns how many person Codes there are.
func (b *Book) People() int { return len(b.people.rec) }

// PersonCode finds a person that was read.
func (b *Book) PersonCode(id store.ID) (Code, bool) { return b.people.code(id) }

// Person returns the record; for a person that was never read only the ID is set, and its native part stands for the name.
func (b *Book) Person(c Code) store.Person {
	p := b.people.get(c)
	if p.ID == "" && c >= 0 && int(c) < len(b.people.rec) {
		p.ID = b.people.id(c)
		p.Name = p.ID.Native()
	}
	return p
}

// PersonName returns the name of a person by ID; the native part of the ID when the person was never read; "" for no one.
func (b *Book) PersonName(id store.PersonID) string {
	if c, ok := b.people.code(id); ok {
		return b.people.rec[c].Name
	}
	return id.Native()
}

// AccountName returns the name of an account by ID, or the native part of the ID when it was never read.
func (b *Book) AccountName(id store.ID) string {
	if c, ok := b.accounts.code(id); ok {
		return b.accounts.rec[c].Name
	}
	return id.Native()
}

// Stages returns the Codes of the live stages, and of those that deals stand in without their ever being declared, in funnel order: open ones by
// Order, then won, then lost, then the undeclared ones.
func (b *Book) Stages() []Code { return b.stageOrder }

// Stage returns the stage; one that was never declared has its ID as its name and counts as open.
func (b *Book) Stage(c Code) store.Stage {
	if c < 0 || int(c) >= len(b.stages.rec) {
		return store.Stage{}
	}
	if !b.stages.live[c] {
		id := b.stages.id(c)
		return store.Stage{ID: id, Name: string(id), NameEn: string(id)}
	}
	return b.stages.rec[c]
}

// StageRank returns a stage's place in Stages.
func (b *Book) StageRank(c Code) int32 { return b.stageRank[c] }

// StageDeclared reports whether the stage was declared, and not only named by a deal or a change.
func (b *Book) StageDeclared(c Code) bool { return b.stages.isLive(c) }

// StageCode finds a stage by ID.
func (b *Book) StageCode(id store.ID) (Code, bool) { return b.stages.ids.find(id) }

// Product returns the record; of one that was never read only the ID, whose native part stands for the name.
func (b *Book) Product(c Code) store.Product {
	p := b.products.get(c)
	if p.ID == "" && c >= 0 && int(c) < len(b.products.rec) {
		p.ID = b.products.id(c)
		p.Name = p.ID.Native()
	}
	return p
}

// Converted returns m in minor units of the organisation's currency, at the exact rate, rounded half to even; ok is false when m was not
// given or its currency has no rate.
func (b *Book) Converted(m store.Money) (minor int64, ok bool) {
	v := b.Convert(m)
	return v, m.Given() && v != noRate
}

// Convert returns m in minor units of the organisation's currency, or the smallest int64 when its currency has no rate; 0 when m was not given.
func (b *Book) Convert(m store.Money) int64 {
	if !m.Given() {
		return 0
	}
	return b.rates[m.Currency].convert(m.Minor)
}

// Touches returns the touches as blocks of columns, in no set order. One block now; a caller must not count on that.
func (b *Book) Touches() []*TouchBlock { return []*TouchBlock{b.touch} }

// AccountTouches calls yield with the touches of an account, oldest first.
func (b *Book) AccountTouches(account Code) iter.Seq2[*TouchBlock, int] {
	return b.touchSeq(&b.touchesOf, account)
}

// DealTouches calls yield with the touches that name a deal, oldest first.
func (b *Book) DealTouches(deal Code) iter.Seq2[*TouchBlock, int] {
	return b.touchSeq(&b.dealTouches, deal)
}

func (b *Book) touchSeq(r *runs, owner Code) iter.Seq2[*TouchBlock, int] {
	return func(yield func(*TouchBlock, int) bool) {
		for _, i := range r.of(owner) {
			if !yield(b.touch, int(i)) {
				return
			}
		}
	}
}

// Touch returns one touch as a record.
func (b *Book) Touch(blk *TouchBlock, row int) store.Touch { return b.touchRecord(blk, row) }

// Topic returns the text of a topic code; Area of an area code, Industry of an industry code. "" for None.
func (b *Book) Topic(c Code) string { return word(b.topics, c) }

// Area returns province/city/district.
func (b *Book) Area(c Code) string { return word(b.areas, c) }

// Industry returns an industry's name.
func (b *Book) Industry(c Code) string { return word(b.industries, c) }

func word(w words, c Code) string {
	if c < 0 || int(c) >= len(w.ids) {
		return ""
	}
	return string(w.ids[c])
}

// AccountDeals returns the Codes of the deals that stand with an account, by Code. The slice is the Book's: do not write to it.
func (b *Book) AccountDeals(account Code) []Code { return b.dealsOf.of(account) }

// AccountOwner returns the owner's Code, None when nobody.
func (b *Book) AccountOwner(account Code) Code { return b.account.owner[account] }

// AccountIndustry returns the industry's code, None when unknown.
func (b *Book) AccountIndustry(account Code) Code { return b.account.industry[account] }

// AccountLive reports whether the account was read and not deleted.
func (b *Book) AccountLive(account Code) bool { return b.accounts.isLive(account) }

// Contacts calls yield with the contacts of an account, by ID.
func (b *Book) Contacts(account Code) iter.Seq2[Day, *store.Contact] { return b.contacts.of(account) }

// Grades calls yield with the steps of an account's grade, oldest first, each with its day.
func (b *Book) Grades(account Code) iter.Seq2[Day, *store.GradeChange] { return b.grades.of(account) }

// GradeAt returns an account's grade at the end of day: what the last step up to then gave, else what the first step after it came from.
func (b *Book) GradeAt(account Code, day Day) store.Grade {
	g := store.Grade("")
	first := true
	for d, c := range b.grades.of(account) {
		if d > day {
			if first {
				return c.From
			}
			break
		}
		g, first = c.To, false
	}
	return g
}

// Health calls yield with an account's health scores, oldest first.
func (b *Book) Health(account Code) iter.Seq2[Day, *store.Health] { return b.health.of(account) }

// Evidence calls yield with a deal's documents, oldest first.
func (b *Book) Evidence(deal Code) iter.Seq2[Day, *store.Evidence] { return b.evidence.of(deal) }

// Sales calls yield with an account's sales lines, oldest first.
func (b *Book) Sales(account Code) iter.Seq2[Day, *store.Sale] { return b.sales.of(account) }

func (b *Book) String() string {
	return fmt.Sprintf("book r%d: %d deals, %d accounts, %d touches", b.rev, len(b.deals.rec), len(b.accounts.rec), len(b.touch.Day))
}
