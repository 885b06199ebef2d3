package desk

import (
	"fmt"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Viewer is who decides. It is made from the session by whoever knows who came in, never from what a pane or a command says.
type Viewer struct {
	Person store.PersonID // "": none of the people in the org tree
	Name   string         // under which they came in
	Root   store.ID       // their part of the org tree; "": the whole company
}

// ID is under which a viewer's marks are kept.
func (v Viewer) ID() store.PersonID {
	if v.Person != "" {
		return v.Person
	}
	return store.PersonID("viewer:" + v.Name)
}

func (v Viewer) is(d store.Decision) bool { return v.ID() == Viewer{Person: d.By, Name: d.Name}.ID() }

// Sees reports whether a viewer may read and decide about a subject: a record inside their part of the org tree, as of the end of a day (0: today). What is no such record
// (rules, figures, a product) concerns the whole company and is decided by those who see all of it.
func Sees(b *analytics.Book, v Viewer, r store.Ref, asOf store.Day) bool {
	if asOf == 0 {
		asOf = b.Today()
	}
	switch r.Entity {
	case store.EntityDeal:
		c, ok := b.DealCode(r.ID)
		return ok && b.SeesDeal(v.Root, c, asOf)
	case store.EntityAccount:
		c, ok := b.AccountCode(r.ID)
		return ok && b.SeesAccount(v.Root, c)
	case store.EntityPerson:
		c, ok := b.PersonCode(r.ID)
		return ok && b.SeesPerson(v.Root, c)
	case store.EntityUnit:
		n, ok := b.NodeOf(r.ID)
		lo, in := b.NodeOf(v.Root)
		return ok && in && r.ID != "" && n >= lo && n < b.Nodes()[lo].End
	}
	return v.Root == ""
}

// check refuses a decision that a viewer may not make. What they may not see is not found, as everywhere.
func check(b *analytics.Book, v Viewer, d *store.Decision) error {
	if !Sees(b, v, d.Subject, 0) {
		return fmt.Errorf("decide about %s %q: %w", d.Subject.Entity, store.Clip(string(d.Subject.ID), 60), store.ErrNotFound)
	}
	if p := d.After.Person; p != "" && d.Undoes == 0 && !Sees(b, v, store.Ref{Entity: store.EntityPerson, ID: p}, 0) {
		return fmt.Errorf("decide about %s %q: person %q: %w", d.Subject.Entity, store.Clip(string(d.Subject.ID), 60), store.Clip(string(p), 60), store.ErrNotFound)
	}
	if s := d.After.Stage; s != "" && d.Undoes == 0 {
		if _, ok := b.StageCode(s); !ok {
			return fmt.Errorf("decide about %s %q: stage %q: %w", d.Subject.Entity, store.Clip(string(d.Subject.ID), 60), store.Clip(string(s), 60), store.ErrNotFound)
		}
	}
	return nil
}
