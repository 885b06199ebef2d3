package store

import (
	"fmt"
	"strings"
	"time"
)

// Entity names a kind of record.
type Entity uint8

// The entities, parents before children: the order in which a [Snapshot] gives them.
const (
	EntityOrg Entity = iota + 1
	EntityUnit
	EntityPerson
	EntityStage
	EntityProduct
	EntityAccount
	EntityContact
	EntityDeal
	EntityChange
	EntityTouch
	EntityGrade
	EntityHealth
	EntityEvidence
	EntitySale
	EntityQuota
	EntityStatus
	EntityIssue
	EntityReading
	EntityEvaluation
	EntitySignal
	EntityTender
	entityEnd
)

var entities = [...]string{
	"", "org", "unit", "person", "stage", "product", "account", "contact", "deal", "change", "touch", "grade", "health",
	"evidence", "sale", "quota", "status", "issue", "reading", "evaluation", "signal", "tender",
}

// Entities returns all of them in order.
func Entities() []Entity {
	all := make([]Entity, 0, entityEnd-1)
	for e := EntityOrg; e < entityEnd; e++ {
		all = append(all, e)
	}
	return all
}

// String returns the entity's name, which is also its bucket's.
func (e Entity) String() string { return name(e, entities[:]) }

// Valid reports whether e is a declared entity.
func (e Entity) Valid() bool { return e > 0 && e < entityEnd }

// Fact reports whether e is one of the kinds of which there are millions: those whose earlier form a [Delta] tells.
func (e Entity) Fact() bool {
	switch e {
	case EntityContact, EntityChange, EntityTouch, EntityGrade, EntityHealth, EntityEvidence, EntitySale, EntityReading, EntityEvaluation, EntitySignal:
		return true
	}
	return false
}

// ParseEntity reads what String writes.
func ParseEntity(s string) (Entity, error) { return parse[Entity]("entity", s, entities[:]) }

// Stream is one list that a source offers, named for what it carries: units, people, accounts, contacts, products, stages, deals,
// changes, touches, grades, health, evidence, sales, quotas, readings, signals, tenders. A stream may carry records of several entities.
type Stream string

var byName = map[Stream]Entity{
	"units": EntityUnit, "people": EntityPerson, "accounts": EntityAccount, "contacts": EntityContact, "products": EntityProduct, "deals": EntityDeal,
	"changes": EntityChange, "touches": EntityTouch, "grades": EntityGrade, "health": EntityHealth, "evidence": EntityEvidence, "sales": EntitySale,
	"quotas": EntityQuota, "readings": EntityReading, "signals": EntitySignal, "tenders": EntityTender,
}

// Entity returns the entity that the stream is named for, if it is one of which a complete list names every record.
func (s Stream) Entity() (Entity, bool) {
	e, ok := byName[s]
	return e, ok
}

// Cursor is a source's own opaque bookmark in a stream: a page locator, a watermark, a set of file fingerprints. Empty means from the
// beginning.
type Cursor string

// Rev counts what was committed. It only grows; two snapshots with the same Rev hold the same records.
type Rev uint64

// Ref names one record.
type Ref struct {
	Entity Entity
	ID     ID
}

// Records is a bag of records of any kind. Slices may be nil. Whoever receives a Records from a callback must copy what it keeps.
type Records struct {
	Org      *Org
	Units    []Unit
	People   []Person
	Stages   []Stage
	Products []Product
	Accounts []Account
	Contacts []Contact
	Deals    []Deal
	Changes  []Change
	Touches  []Touch
	Grades   []GradeChange
	Health   []Health
	Evidence []Evidence
	Sales    []Sale
	Quotas   []Quota
	Statuses []SourceStatus
	Issues   []Issue

	Readings    []Reading
	Evaluations []Evaluation
	Signals     []Signal
	Tenders     []Tender
}

// Len returns how many records r holds, statuses and issues not counted: they are about records.
func (r *Records) Len() int {
	n := len(r.Units) + len(r.People) + len(r.Stages) + len(r.Products) + len(r.Accounts) + len(r.Contacts) + len(r.Deals) +
		len(r.Changes) + len(r.Touches) + len(r.Grades) + len(r.Health) + len(r.Evidence) + len(r.Sales) + len(r.Quotas) +
		len(r.Readings) + len(r.Evaluations) + len(r.Signals) + len(r.Tenders)
	if r.Org != nil {
		n++
	}
	return n
}

// Append adds all of o to r. The records themselves are shared, not copied.
func (r *Records) Append(o *Records) {
	if o.Org != nil {
		r.Org = o.Org
	}
	r.Units = append(r.Units, o.Units...)
	r.People = append(r.People, o.People...)
	r.Stages = append(r.Stages, o.Stages...)
	r.Products = append(r.Products, o.Products...)
	r.Accounts = append(r.Accounts, o.Accounts...)
	r.Contacts = append(r.Contacts, o.Contacts...)
	r.Deals = append(r.Deals, o.Deals...)
	r.Changes = append(r.Changes, o.Changes...)
	r.Touches = append(r.Touches, o.Touches...)
	r.Grades = append(r.Grades, o.Grades...)
	r.Health = append(r.Health, o.Health...)
	r.Evidence = append(r.Evidence, o.Evidence...)
	r.Sales = append(r.Sales, o.Sales...)
	r.Quotas = append(r.Quotas, o.Quotas...)
	r.Statuses = append(r.Statuses, o.Statuses...)
	r.Issues = append(r.Issues, o.Issues...)
	r.Readings = append(r.Readings, o.Readings...)
	r.Evaluations = append(r.Evaluations, o.Evaluations...)
	r.Signals = append(r.Signals, o.Signals...)
	r.Tenders = append(r.Tenders, o.Tenders...)
}

// Refs calls yield with the reference of every record in r, statuses and issues included, until yield returns false.
func (r *Records) Refs(yield func(Ref) bool) {
	if r.Org != nil && !yield(Ref{EntityOrg, "org"}) {
		return
	}
	_ = refs(r.Units, EntityUnit, func(v *Unit) ID { return v.ID }, yield) &&
		refs(r.People, EntityPerson, func(v *Person) ID { return v.ID }, yield) &&
		refs(r.Stages, EntityStage, func(v *Stage) ID { return v.ID }, yield) &&
		refs(r.Products, EntityProduct, func(v *Product) ID { return v.ID }, yield) &&
		refs(r.Accounts, EntityAccount, func(v *Account) ID { return v.ID }, yield) &&
		refs(r.Contacts, EntityContact, func(v *Contact) ID { return v.ID }, yield) &&
		refs(r.Deals, EntityDeal, func(v *Deal) ID { return v.ID }, yield) &&
		refs(r.Changes, EntityChange, func(v *Change) ID { return v.Key() }, yield) &&
		refs(r.Touches, EntityTouch, func(v *Touch) ID { return v.ID }, yield) &&
		refs(r.Grades, EntityGrade, func(v *GradeChange) ID { return v.ID }, yield) &&
		refs(r.Health, EntityHealth, func(v *Health) ID { return v.ID }, yield) &&
		refs(r.Evidence, EntityEvidence, func(v *Evidence) ID { return v.ID }, yield) &&
		refs(r.Sales, EntitySale, func(v *Sale) ID { return v.ID }, yield) &&
		refs(r.Quotas, EntityQuota, func(v *Quota) ID { return v.ID }, yield) &&
		refs(r.Statuses, EntityStatus, func(v *SourceStatus) ID { return v.Key() }, yield) &&
		refs(r.Issues, EntityIssue, func(v *Issue) ID { return v.Key() }, yield) &&
		refs(r.Readings, EntityReading, func(v *Reading) ID { return v.ID }, yield) &&
		refs(r.Evaluations, EntityEvaluation, func(v *Evaluation) ID { return v.ID }, yield) &&
		refs(r.Signals, EntitySignal, func(v *Signal) ID { return v.ID }, yield) &&
		refs(r.Tenders, EntityTender, func(v *Tender) ID { return v.ID }, yield)
}

func refs[T any](rows []T, e Entity, id func(*T) ID, yield func(Ref) bool) bool {
	for i := range rows {
		if !yield(Ref{e, id(&rows[i])}) {
			return false
		}
	}
	return true
}

// Batch is one page of a stream with the cursor that follows it: what a [Writer] commits in one transaction. When a record is named more than once
// the last one counts; a tombstone outweighs a record of the same batch.
type Batch struct {
	Source SourceID
	Stream Stream
	Records
	Deleted []Ref // tombstones; a reference to nothing is no error. With a deal go its changes and its evidence
	// Track are the deal fields of which this source gives no history: the store writes a Change when it sees one differ. Of those that are a rep's versions it also writes what they say at
	// first, as of the deal's last modification, since there is no present field that they could be read back from.
	Track Fields
	// Next is kept under (Source, Stream) in the same transaction, also when it is empty: then the stream begins anew. A batch without a Stream
	// (a status, the organisation, something that was pushed) touches no cursor.
	Next Cursor
	// Seen is when we learned all this: the Seen of records that have none and of the changes that the store derives. Zero: the writer's clock.
	Seen time.Time
	// ClearIssues drops the stored issues of (Source, Stream) before r.Issues are added: set on the first page of a pass.
	ClearIssues bool
}

// maxID is the longest ID in bytes that a store keeps: far beyond what [MakeID] and the keys make, well below what a B+ tree page takes.
const maxID = 8 << 10

// Check reports the first record or tombstone that no store can keep because its ID is empty or endless. A [Writer] refuses the whole batch.
func (b *Batch) Check() (err error) {
	fail := func(r Ref, what string) bool {
		err = fmt.Errorf("apply %s/%s: %s %s %q; the source's mapping must give every %s an id", b.Source, b.Stream, r.Entity, what,
			Clip(string(r.ID), 60), r.Entity)
		return false
	}
	b.Refs(func(r Ref) bool {
		_, native, mixed := strings.Cut(string(r.ID), ":")
		switch {
		case r.ID == "", r.ID[0] == ':', r.ID[0] == '|', mixed && native == "" && r.Entity != EntityStatus:
			return fail(r, "with the empty id")
		case len(r.ID) > maxID:
			return fail(r, "with an id longer than 8 KiB")
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, r := range b.Deleted {
		if !r.Entity.Valid() || r.ID == "" || len(r.ID) > maxID {
			return fmt.Errorf("apply %s/%s: tombstone of %s %q names no record", b.Source, b.Stream, r.Entity, Clip(string(r.ID), 60))
		}
	}
	return nil
}

// Delta is what one commit changed.
type Delta struct {
	Records
	Deleted []Ref
	// Before holds, of the facts (contacts, changes, touches, grades, health, evidence, sales, readings, evaluations, signals) among Records and Deleted, the form that each had before
	// the commit, if it was stored at all. A reader of columns finds the row that goes by what stood in it, without an index from IDs to rows. Of other
	// entities it holds nothing. A Delta that was not read from a store must fill it too.
	Before Records
	Rev    Rev
}
