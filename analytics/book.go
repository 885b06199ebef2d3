package analytics

import (
	"fmt"
	"iter"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Options are what a Book needs beside the store. Time zone, currency, rates and fiscal year come from the store's [store.Org] record, so that a
// store can be read without a configuration.
type Options struct {
	Rules Rules
	Now   func() time.Time // the clock that says which day is today; nil: time.Now
	// Report takes the errors of Live.Run, a recovered panic with its stack included; nil drops them. It must not block.
	Report func(error)
	// Ask asks what people will ask first of a Book that was mapped or folded, in a goroutine of its own and once its pages are there, so that nobody waits for
	// what is kept of it (see [Kept]); nil asks nothing.
	Ask func(b *Book)
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
	quotas   table[store.Quota]
	tenders  table[store.Tender]
	status   table[store.SourceStatus]
	issues   table[store.Issue]

	industries, topics, areas, outlets words
	labels                             words // grades, rules, kinds of evidence and of signals, measures, inputs
	currencies                         []store.Currency

	accounts accounts
	deals    deals
	touch    Touches
	change   changes
	sale     Sales
	grade    Grades
	health   healths
	evidence evidences
	reading  readings
	judged   evaluations
	signal   signals
	contact  contacts

	steps        column.Runs[Step]  // deal → its way through the stages, oldest first; never empty for a live deal
	changesOf    column.Runs[int32] // deal → change rows, by time
	dealTouches  column.Runs[int32] // deal → touch rows, by time
	looseTouches column.Runs[int32] // account → touch rows that name no deal, by time
	dealsOf      column.Runs[int32] // account → deals, by ID
	// The others count owners from one on: what belongs to nobody is listed under 0.
	touchesOf  column.Runs[int32] // account → touch rows, by time
	salesOf    column.Runs[int32] // account → sale rows, by day
	gradesOf   column.Runs[int32] // account → grade rows, by time
	inForce    column.Runs[int32] // account → those of them that count; empty where the sources always decided: all do
	healthOf   column.Runs[int32] // account → health rows, by day
	contactsOf column.Runs[int32] // account → contact rows, by ID
	evidenceOf column.Runs[int32] // deal → evidence rows, by time
	readingsOf column.Runs[int32] // account → reading rows, by day
	judgedOf   column.Runs[int32] // account → evaluation rows, by time
	signalsOf  column.Runs[int32] // account → signal rows, by time

	tree
	joined
	dataEnd Day
	oldest  time.Time
	memo    *memo // of this Book
	lists   *memo // of this Book, what is long
	found   *memo // rows by words in their names, of this Book
	low     *lowered
	graded  *memo // of all Books with the same grades and accounts
	brought *memo // of all with the same sales lines and accounts
	planned *memo // of all with the same quotas and org tree
	folded  int   // rows of facts when the Book was clustered last

	epoch   *epoch
	age     int64       // its place in the epoch
	terms   []term      // in which the organisation's rules decided about grades, oldest first
	moved   column.Bits // deals that changed since the epoch began
	nudged  column.Bits // deals that were touched since, or of which a touch has gone
	stirred column.Bits // accounts likewise
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
// the last time it did; of these the earliest. A source none of whose streams ever did makes it zero, and so does a stream whose first reading has not ended yet:
// then part of the picture is missing. (One stream that is refused beside others that work does not: its own error says so among the sources.)
func (b *Book) Stamp(s Scope) Stamp { return Stamp{Rev: b.rev, AsOf: b.AsOf(s), Oldest: b.oldest} }

// Quotas returns every quota record, by ID.
func (b *Book) Quotas() []store.Quota { return b.quotas.sorted() }

// QuotasByNode returns the quota records of each org node that have a span and an amount. Nothing in it may be written to.
func (b *Book) QuotasByNode() [][]store.Quota {
	return recall(b.planned, "quotas", func() [][]store.Quota {
		own := make([][]store.Quota, len(b.nodes))
		for _, q := range b.Quotas() {
			if n, ok := b.NodeOf(q.Node); ok && q.Node != "" && q.From <= q.To && q.Amount.Given() {
				own[n] = append(own[n], q)
			}
		}
		return own
	})
}

// Tenders returns every tender notice, by ID.
func (b *Book) Tenders() []store.Tender { return b.tenders.sorted() }

// Tender returns a notice; ok is false when there is none of that ID.
func (b *Book) Tender(id store.ID) (t store.Tender, ok bool) {
	c, ok := b.tenders.code(id)
	return b.tenders.get(c), ok
}

// Status returns what every stream of every source is doing, ordered by source, then stream.
func (b *Book) Status() []store.SourceStatus { return b.status.sorted() }

// Issues returns what could not be mapped, ordered by source, stream, place, and who could not be told from whom.
func (b *Book) Issues() []store.Issue { return append(b.issues.sorted(), b.doubt...) }

// Deals returns how many deal Codes there are: Codes run from 0 to Deals()-1, live or not.
func (b *Book) Deals() int { return b.deals.len() }

// DealCode finds a live deal.
func (b *Book) DealCode(id store.ID) (Code, bool) { return b.deals.code(id) }

// Deal returns the record as it stands now; its zero value when c is not live.
func (b *Book) Deal(c Code) store.Deal {
	if !b.deals.isLive(c) {
		return store.Deal{}
	}
	return b.dealRecord(c)
}

// DealID returns the ID of a deal, live or not; "" for None.
func (b *Book) DealID(c Code) store.ID { return b.deals.ids.id(c) }

// DealName returns the name of a live deal.
func (b *Book) DealName(c Code) string {
	if !b.deals.isLive(c) {
		return ""
	}
	return b.deals.name.At(int(c))
}

// Accounts returns how many account Codes there are.
func (b *Book) Accounts() int { return b.accounts.len() }

// AccountCode finds a live account.
func (b *Book) AccountCode(id store.ID) (Code, bool) { return b.accounts.code(id) }

// Account returns the record; for an account that was never read, or None, only its ID is set.
func (b *Book) Account(c Code) store.Account {
	if !b.accounts.isLive(c) {
		return store.Account{ID: b.accounts.ids.id(c)}
	}
	return b.account(c)
}

// AccountSize returns the customer's own yearly revenue, in minor units of the organisation's currency, and its head count; known is false where the revenue was not
// given or has no rate, staff 0 where it is unknown.
func (b *Book) AccountSize(c Code) (revenue int64, known bool, staff int) {
	a := &b.accounts
	if !a.isLive(c) {
		return 0, false, 0
	}
	if cur := a.cur.At(int(c)); cur != 0 {
		revenue, known = b.Converted(store.Money{Minor: a.revenue.At(int(c)), Currency: b.currencies[cur-1]})
	}
	return revenue, known, int(a.staff.At(int(c)))
}

// AccountLabel returns the ID and the name of an account, or the native part of its ID when it was never read; both "" for None.
func (b *Book) AccountLabel(c Code) (store.ID, string) {
	id := b.accounts.ids.id(c)
	if b.accounts.isLive(c) {
		return id, b.accounts.name.At(int(c))
	}
	return id, id.Native()
}

// AccountRef returns the Code of an account that was read or only named; None for one that nobody named.
func (b *Book) AccountRef(id store.ID) Code {
	if c, ok := b.accounts.ids.find(id); ok {
		return c
	}
	return None
}

// AccountID returns the ID of an account, live or not; "" for None.
func (b *Book) AccountID(c Code) store.ID { return b.accounts.ids.id(c) }

// People returns how many person Codes there are.
func (b *Book) People() int { return len(b.people.rec) }

// PersonCode finds a person that was read, by any of the IDs under which sources list them.
func (b *Book) PersonCode(id store.ID) (Code, bool) {
	c, ok := b.people.code(id)
	return b.counted(c), ok
}

// Person returns the person as all sources together tell; for one that was never read only the ID is set, and its native part stands for the name. Of a
// Code that is another record of somebody nothing is returned: they are counted under one Code, and nobody twice.
func (b *Book) Person(c Code) store.Person {
	if p, ok := b.who[c]; ok {
		return p
	}
	if b.counted(c) != c {
		return store.Person{}
	}
	p := b.people.get(c)
	if p.ID == "" && c >= 0 && int(c) < len(b.people.rec) {
		p.ID = b.personID(c)
		p.Name = p.ID.Native()
	}
	return p
}

// PersonName returns the name of a person by ID; the native part of the ID when the person was never read; "" for no one.
func (b *Book) PersonName(id store.PersonID) string {
	if c, ok := b.PersonCode(id); ok {
		return b.Person(c).Name
	}
	return id.Native()
}

// AccountName returns the name of an account by ID, or the native part of the ID when it was never read.
func (b *Book) AccountName(id store.ID) string {
	if c, ok := b.accounts.code(id); ok {
		return b.accounts.name.At(int(c))
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

// Touches returns the touches as columns.
func (b *Book) Touches() *Touches { return &b.touch }

// Graded returns the steps of grades as columns; [Book.GradeSteps] says which rows of them are an account's.
func (b *Book) Graded() *Grades { return &b.grade }

// Sold returns the sales lines as columns.
func (b *Book) Sold() *Sales { return &b.sale }

// AccountTouches returns the rows of an account's touches, oldest first. The slice is the Book's: do not write to it.
func (b *Book) AccountTouches(account Code) []int32 { return b.touchesOf.Of(int(account) + 1) }

// DealTouches returns the rows of the touches that name a deal, oldest first. The slice is the Book's: do not write to it.
func (b *Book) DealTouches(deal Code) []int32 { return b.dealTouches.Of(int(deal)) }

// AccountSales returns the rows of an account's sales lines, oldest first. The slice is the Book's: do not write to it.
func (b *Book) AccountSales(account Code) []int32 { return b.salesOf.Of(int(account) + 1) }

// Touch returns one touch as a record.
func (b *Book) Touch(row int) store.Touch {
	t, i := &b.touch, row
	return store.Touch{
		ID: t.ID(i), Account: b.accounts.ids.id(t.Account.At(i)), Deal: b.deals.ids.id(t.Deal.At(i)), Contact: t.Contact(i), Rep: b.personID(t.Rep.At(i)),
		At: moment(t.At.At(i)), Seen: moment(t.Seen.At(i)), Logged: moment(t.Logged.At(i)), Minutes: int(t.Length.At(i)), Channel: t.Channel.At(i),
		Sentiment: t.Sentiment.At(i), Topic: b.Topic(t.Topic.At(i)), Note: t.note.At(i), Area: b.Area(t.Area.At(i)), Lat: t.Lat.At(i), Lng: t.Lng.At(i),
		DayOnly: t.Minute.At(i) < 0,
	}
}

// Topic returns the text of a topic code; Area of an area code, Industry of an industry code. "" for None.
func (b *Book) Topic(c Code) string { return string(b.topics.id(c)) }

// Area returns province/city/district.
func (b *Book) Area(c Code) string { return string(b.areas.id(c)) }

// Industry returns an industry's name.
func (b *Book) Industry(c Code) string { return string(b.industries.id(c)) }

// Outlet returns the name of the outlet of a sales line.
func (b *Book) Outlet(c Code) string { return string(b.outlets.id(c)) }

// AccountDeals returns the Codes of the deals that stand with an account, by Code. The slice is the Book's: do not write to it.
func (b *Book) AccountDeals(account Code) []Code { return b.dealsOf.Of(int(account)) }

// AccountOwner returns the owner's Code, None when nobody.
func (b *Book) AccountOwner(account Code) Code { return b.accounts.owner.At(int(account)) }

// AccountIndustry returns the industry's code, None when unknown.
func (b *Book) AccountIndustry(account Code) Code { return b.accounts.industry.At(int(account)) }

// AccountLive reports whether the account was read and not deleted.
func (b *Book) AccountLive(account Code) bool { return b.accounts.isLive(account) }

// Contacts calls yield with the contacts of an account, by ID. The record is reused between calls: copy what you keep.
func (b *Book) Contacts(account Code) iter.Seq2[Day, *store.Contact] {
	return func(yield func(Day, *store.Contact) bool) {
		c, v := &b.contact, store.Contact{Account: b.accounts.ids.id(account)}
		for _, r := range b.contactsOf.Of(int(account) + 1) {
			i := int(r)
			v.ID, v.Name, v.Role, v.Influence = store.ID(c.id.At(i)), c.name.At(i), c.role.At(i), int(c.influence.At(i))
			v.Email, v.Phone = c.email.At(i), c.phone.At(i)
			if !yield(c.day.At(i), &v) {
				return
			}
		}
	}
}

// Grades calls yield with the steps of an account's grade that count, oldest first, each with its day. The record is reused between calls: copy what you keep.
func (b *Book) Grades(account Code) iter.Seq2[Day, *store.GradeChange] {
	return func(yield func(Day, *store.GradeChange) bool) {
		g, v := &b.grade, store.GradeChange{Account: b.accounts.ids.id(account)}
		for _, r := range b.GradeSteps(account) {
			i := int(r)
			v.ID, v.From, v.To, v.Cause = store.ID(g.id.At(i)), b.gradeName(g.from.At(i)), b.gradeName(g.to.At(i)), g.cause.At(i)
			v.Rule, v.At, v.Seen = string(b.labels.id(g.rule.At(i))), instant(g.at.At(i)), instant(g.seen.At(i))
			if !yield(g.day.At(i), &v) {
				return
			}
		}
	}
}

func (b *Book) gradeName(c Code) store.Grade { return store.Grade(b.labels.id(c)) }

// GradeAt returns an account's grade at the end of day: what the last step up to then gave, else what the first step after it came from.
func (b *Book) GradeAt(account Code, day Day) store.Grade {
	list := b.GradeSteps(account)
	for k := len(list) - 1; k >= 0; k-- {
		if b.grade.day.At(int(list[k])) <= day {
			return b.gradeName(b.grade.to.At(int(list[k])))
		}
	}
	if len(list) > 0 {
		return b.gradeName(b.grade.from.At(int(list[0])))
	}
	return ""
}

// Health calls yield with an account's health scores, oldest first. The record is reused between calls: copy what you keep.
func (b *Book) Health(account Code) iter.Seq2[Day, *store.Health] {
	return func(yield func(Day, *store.Health) bool) {
		h, v := &b.health, store.Health{Account: b.accounts.ids.id(account)}
		for _, r := range b.healthOf.Of(int(account) + 1) {
			i := int(r)
			v.ID, v.Day, v.Score, v.Note, v.Seen = store.ID(h.id.At(i)), h.day.At(i), int(h.score.At(i)), h.note.At(i), instant(h.seen.At(i))
			if !yield(v.Day, &v) {
				return
			}
		}
	}
}

// HealthAt returns an account's latest health index up to day: that of its source, or where no source gives any, that of the rules' last evaluation. ok is false when
// there is none.
func (b *Book) HealthAt(account Code, day Day) (score int, ok bool) {
	list := b.healthOf.Of(int(account) + 1)
	if len(list) == 0 {
		return b.judgedHealth(account, day)
	}
	for k := len(list) - 1; k >= 0; k-- {
		if i := int(list[k]); b.health.day.At(i) <= day {
			return int(b.health.score.At(i)), true
		}
	}
	return 0, false
}

// Evidence calls yield with a deal's documents, oldest first. The record is reused between calls: copy what you keep.
func (b *Book) Evidence(deal Code) iter.Seq2[Day, *store.Evidence] {
	return func(yield func(Day, *store.Evidence) bool) {
		x, v := &b.evidence, store.Evidence{Deal: b.deals.ids.id(deal)}
		for _, r := range b.evidenceOf.Of(int(deal) + 1) {
			i := int(r)
			v.ID, v.Kind, v.Title, v.URL = store.ID(x.id.At(i)), string(b.labels.id(x.kind.At(i))), x.title.At(i), x.url.At(i)
			v.By, v.Signer, v.At, v.Seen = b.personID(x.by.At(i)), b.personID(x.signer.At(i)), instant(x.at.At(i)), instant(x.seen.At(i))
			if !yield(x.day.At(i), &v) {
				return
			}
		}
	}
}

// Sales calls yield with an account's sales lines, oldest first. The record is reused between calls: copy what you keep.
func (b *Book) Sales(account Code) iter.Seq2[Day, *store.Sale] {
	return func(yield func(Day, *store.Sale) bool) {
		s, v := &b.sale, store.Sale{Account: b.accounts.ids.id(account)}
		for _, r := range b.AccountSales(account) {
			i := int(r)
			v.ID, v.Product, v.Rep, v.Outlet = store.ID(s.id.At(i)), b.products.id(s.Product.At(i)), b.personID(s.Rep.At(i)), b.Outlet(s.Outlet.At(i))
			v.Day, v.Quantity = s.day.At(i), s.quantity.At(i)
			v.Amount, v.Cost = b.money(s.minor.At(i), s.cur.At(i)), b.money(s.cost.At(i), s.costCur.At(i))
			if !yield(v.Day, &v) {
				return
			}
		}
	}
}

func (b *Book) String() string {
	return fmt.Sprintf("book r%d: %d deals, %d accounts, %d touches", b.rev, b.deals.len(), b.accounts.len(), b.touch.len())
}
