package storetest

import (
	"errors"
	"testing"
	"time"

	"flightdeck/store"
)

// testBefore: of facts alone, and of those that were stored, a delta tells what stood there.
func testBefore(t *testing.T, s Store) {
	touch := func(id store.ID, note string) store.Touch {
		return Touch(id, func(t *store.Touch) { t.Note, t.Deal = note, "a:1" })
	}
	change := func(id store.ID, to string) store.Change {
		return store.Change{ID: id, Deal: "a:1", Field: store.FieldStage, To: to, At: Noon, Seen: Noon}
	}
	facts := func(note string) store.Records {
		return store.Records{
			Contacts:    []store.Contact{{ID: "a:c", Name: note}},
			Changes:     []store.Change{change("a:ch", note)},
			Touches:     []store.Touch{touch("a:t", note)},
			Grades:      []store.GradeChange{{ID: "a:g", Cause: note, At: Noon, Seen: Noon}},
			Health:      []store.Health{{ID: "a:h", Note: note, Seen: Noon}},
			Evidence:    []store.Evidence{{ID: "a:e", Deal: "a:1", Title: note, At: Noon, Seen: Noon}},
			Readings:    []store.Reading{{ID: "a:m", Values: map[string]float64{note: 1}, Seen: Noon}},
			Evaluations: []store.Evaluation{{ID: "a:v", Why: note, At: Noon}},
			Signals:     []store.Signal{{ID: "a:n", Title: note, At: Noon, Seen: Noon}},
			Sales:       []store.Sale{{ID: "a:s", Outlet: note}},
		}
	}
	deleted := func(refs ...store.Ref) *store.Batch {
		b := Batch("a", "x", "", store.Records{})
		b.Deleted = refs
		return b
	}
	refs := func(r store.Records) (out []store.Ref) {
		r.Refs(func(ref store.Ref) bool { out = append(out, ref); return true })
		return out
	}
	want := func(what string, rev store.Rev, before store.Records) {
		t.Helper()
		deltas, err := Since(s, rev-1)
		if err != nil || len(deltas) != 1 || deltas[0].Rev != rev {
			t.Fatalf("%s: %+v, %v", what, deltas, err)
		}
		if d := Diff(&deltas[0].Before, &before); d != "" {
			t.Fatalf("%s: %s", what, d)
		}
	}
	none := store.Records{}

	Apply(t, s, Batch("a", "x", "", facts("one")))
	want("new", 1, none)
	Apply(t, s, Batch("a", "x", "", facts("two")))
	want("replaced", 2, facts("one"))
	Apply(t, s, deleted(refs(facts("two"))...))
	want("deleted", 3, facts("two"))
	Apply(t, s, Batch("a", "x", "", facts("two")))
	want("deleted and added again", 4, none)
	Apply(t, s, &store.Batch{Source: "a", Seen: Noon, Records: facts("three"), Deleted: refs(facts("three"))})
	want("replaced and deleted in one", 5, facts("two"))

	twice := Batch("a", "x", "", store.Records{Touches: []store.Touch{touch("a:t2", "first"), touch("a:t2", "second")}})
	Apply(t, s, twice)
	want("new twice in one", 6, none)
	twice.Touches[0].Note, twice.Touches[1].Note = "third", "fourth"
	Apply(t, s, twice)
	want("replaced twice in one", 7, store.Records{Touches: []store.Touch{touch("a:t2", "second")}})

	b := Batch("a", "x", "", store.Records{Touches: []store.Touch{touch("a:t3", "")}})
	b.Deleted = []store.Ref{{Entity: store.EntityTouch, ID: "a:never"}, {Entity: store.EntityTouch, ID: "a:t2"}, {Entity: store.EntityTouch, ID: "a:t2"}}
	Apply(t, s, b)
	want("a tombstone of nothing, and one twice", 8, store.Records{Touches: []store.Touch{touch("a:t2", "fourth")}})

	b = Batch("a", "x", "", store.Records{
		Accounts: []store.Account{Account("a:a")}, Deals: []store.Deal{Deal("a:1")}, Units: []store.Unit{{ID: "a:u"}}, Quotas: []store.Quota{{ID: "a:q"}},
		Changes: []store.Change{change("a:ch1", "won")}, Evidence: []store.Evidence{{ID: "a:e1", Deal: "a:1", At: Noon, Seen: Noon}},
	})
	Apply(t, s, b)
	b.Accounts[0].Name, b.Deals[0].Stage, b.Units[0].Name, b.Quotas[0].Node, b.Track = "x", "x", "x", "x", store.FieldsOf(store.FieldStage)
	b.Deals[0].Modified = Noon.Add(time.Hour)
	Apply(t, s, b)
	want("of others than facts, and of a change that the store derived", 10, none)
	all, _ := All(t, s)
	Apply(t, s, deleted(store.Ref{Entity: store.EntityDeal, ID: "a:1"}))
	want("what goes with a deal", 11, store.Records{Changes: all.Changes, Evidence: all.Evidence})
	if len(all.Changes) != 2 {
		t.Fatalf("%d changes, want the one told and the one derived", len(all.Changes))
	}

	b = Batch("a", "x", "", store.Records{Deals: []store.Deal{Deal("a:1")}})
	Apply(t, s, b)
	derived := store.Change{Deal: "a:1", Field: store.FieldStage, From: "lead", To: "won", At: Noon.Add(time.Hour), Seen: Noon}
	told := derived
	told.ID, told.By = derived.Key(), "a:p"
	Apply(t, s, Batch("a", "x", "", store.Records{Changes: []store.Change{told}}))
	b.Deals[0].Stage, b.Deals[0].Modified, b.Track = "won", Noon.Add(time.Hour), store.FieldsOf(store.FieldStage)
	Apply(t, s, b)
	want("a derived change that was told before", 14, store.Records{Changes: []store.Change{told}})

	b = Batch("a", "x", "", store.Records{Touches: []store.Touch{touch("a:t3", "seen later")}})
	b.Touches[0].Seen = Noon.Add(5 * time.Hour)
	Apply(t, s, b)
	want("seen later and different", 15, store.Records{Touches: []store.Touch{touch("a:t3", "")}})
}

// testBeforeReplays follows random commits by their deltas alone: Before is always exactly what the follower holds of those facts.
func testBeforeReplays(t *testing.T, s Store) {
	rng := Rand(t)
	have, rev, told := map[store.Ref]any{}, store.Rev(0), 0
	for range 40 {
		Apply(t, s, RandomBatch(rng, 8))
		deltas, err := Since(s, rev)
		if errors.Is(err, store.ErrTrimmed) {
			t.Fatalf("since %d: %v", rev, err)
		}
		for i := range deltas {
			d := &deltas[i]
			var want store.Records
			add := func(ref store.Ref) {
				if row := have[ref]; row != nil && ref.Entity.Fact() {
					addRow(&want, row)
					told++
				}
			}
			for ref := range rowsOf(&d.Records) {
				add(ref)
			}
			for _, ref := range d.Deleted {
				add(ref)
			}
			var sorted store.Records
			addRows(&sorted, &want)
			if diff := Diff(&d.Before, &sorted); diff != "" {
				t.Fatalf("revision %d: %s", d.Rev, diff)
			}
			for ref, row := range rowsOf(&d.Records) {
				have[ref] = row
			}
			for _, ref := range d.Deleted {
				delete(have, ref)
			}
			rev = d.Rev
		}
	}
	if told < 20 {
		t.Fatalf("only %d facts were replaced or deleted: the test shows nothing", told)
	}
}
