package analytics

import (
	"iter"

	"flightdeck/store"
)

// Document is one of a deal's documents as codes, for analyses that look at every deal's.
type Document struct {
	Day    Day
	Kind   Code  // Book.EvidenceKind
	Signer Code  // person; None: nobody signed it, or nobody says who
	Row    int32 // Book.DocumentAt
}

// HasEvidence reports whether any source gives documents of deals.
func (b *Book) HasEvidence() bool { return b.evidence.alive() > 0 }

// EvidenceKind returns the code of a kind of document; None when there never was one of that kind.
func (b *Book) EvidenceKind(kind string) Code {
	if c, ok := b.labels.find(store.ID(kind)); ok {
		return c
	}
	return None
}

// Documents calls yield with a deal's documents up to and including day, oldest first.
func (b *Book) Documents(deal Code, day Day) iter.Seq[Document] {
	return func(yield func(Document) bool) {
		x := &b.evidence
		for _, r := range b.evidenceOf.Of(int(deal) + 1) {
			i := int(r)
			if d := x.day.At(i); d > day || !yield(Document{d, x.kind.At(i), x.signer.At(i), r}) {
				return
			}
		}
	}
}

// DocumentAt returns the record of a [Document].
func (b *Book) DocumentAt(row int32) store.Evidence {
	x, i := &b.evidence, int(row)
	return store.Evidence{
		ID: store.ID(x.id.At(i)), Deal: b.deals.ids.id(x.deal.At(i)), Kind: string(b.labels.id(x.kind.At(i))), Title: x.title.At(i), URL: x.url.At(i),
		By: b.personID(x.by.At(i)), Signer: b.personID(x.signer.At(i)), At: instant(x.at.At(i)), Seen: instant(x.seen.At(i)),
	}
}

// Updated returns the day of a deal's newest change up to day, of whatever field but the rep's other versions; NoDay when there is none. A touch is no update.
func (b *Book) Updated(deal Code, day Day) Day {
	if c := b.deals.changed.At(int(deal)); c <= day {
		return c
	}
	run := b.changesOf.Of(int(deal))
	for k := len(run) - 1; k >= 0; k-- {
		if d := b.change.day.At(int(run[k])); d <= day && !b.change.field.At(int(run[k])).Version() {
			return d
		}
	}
	return store.NoDay
}

// Changed returns the day of a deal's newest change of one of these fields up to day, or, where there is none, the day on which it was created; NoDay unknown.
func (b *Book) Changed(deal Code, day Day, f store.Fields) Day {
	run := b.changesOf.Of(int(deal))
	for k := len(run) - 1; k >= 0; k-- {
		if i := int(run[k]); b.change.day.At(i) <= day && f.Has(b.change.field.At(i)) {
			return b.change.day.At(i)
		}
	}
	return b.deals.created.At(int(deal))
}

// Promise is a step of a deal's promised date. NoDay: none was promised.
type Promise struct{ At, From, To Day }

// Promises calls yield with the steps of a deal's promised date up to day, oldest first. Of a deal that has closed the last may be the actual date.
func (b *Book) Promises(deal Code, day Day) iter.Seq[Promise] {
	return func(yield func(Promise) bool) {
		c := &b.change
		for _, row := range b.changesOf.Of(int(deal)) {
			i := int(row)
			if c.field.At(i) != store.FieldClose {
				continue
			}
			if d := c.day.At(i); d > day || !yield(Promise{d, Day(c.old.At(i)), Day(c.new.At(i))}) {
				return
			}
		}
	}
}

// Ranks returns what each person leads, by Code: the highest kind of unit that has them as its manager, counted 1 team, 2 region, 3 company; 0 leads nothing.
func (b *Book) Ranks() []int8 {
	ranks := make([]int8, len(b.people.rec))
	for i := range b.units.rec {
		u := &b.units.rec[i]
		if !b.units.live[i] || u.Manager == "" {
			continue
		}
		if c, ok := b.people.ids.find(u.Manager); ok {
			c = b.counted(c)
			ranks[c] = max(ranks[c], int8(store.UnitTeam-u.Kind)+1)
		}
	}
	return ranks
}
