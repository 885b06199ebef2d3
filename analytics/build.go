package analytics

import (
	"errors"
	"fmt"

	"flightdeck/store"
)

// ErrRebuild is returned by [Book.Advance] when what changed touches everything (time zone, currency, rates, who is one person): build anew from a snapshot.
var ErrRebuild = errors.New("the change touches the whole book")

// Build makes a Book of everything in snap. It blocks for as long as reading takes: about a second per million rows.
func Build(snap store.Snapshot, o Options) (*Book, error) {
	e := newEditor(o)
	e.once = true // a snapshot names each record once
	e.fresh = nil
	if err := snap.All(func(r *store.Records) error { e.records(r); return nil }); err != nil {
		return nil, fmt.Errorf("build book: %w", err)
	}
	return e.finish(snap.Rev()), nil
}

// FromRecords makes a Book of records that are no store's: what an example, a test or a replay holds in its hands.
func FromRecords(r *store.Records, o Options) *Book {
	e := newEditor(o)
	e.records(r)
	return e.finish(1)
}

// Advance returns the Book after deltas, oldest first; within one delta deletions come after records. It shares what did not change with b,
// which stays as it is. It returns ErrRebuild when the organisation's record changed, or somebody of whom there are rows turned out to be somebody else.
func (b *Book) Advance(deltas ...*store.Delta) (*Book, error) {
	for _, d := range deltas {
		if d.Org != nil && !sameOrg(*d.Org, b.given) {
			return nil, ErrRebuild
		}
	}
	e := b.edit()
	rev := b.rev
	for _, d := range deltas {
		if d.Rev <= b.rev && d.Rev != 0 {
			continue // already in b
		}
		e.look(&d.Before)
		e.records(&d.Records)
		for _, ref := range d.Deleted {
			e.remove(ref)
		}
		rev = max(rev, d.Rev)
	}
	if e.join(); e.split {
		return nil, ErrRebuild
	}
	return e.finish(rev), nil
}
