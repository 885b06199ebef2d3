package bolt

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// compare fails when the two stores differ in anything that a reader can see.
func compare(t testing.TB, got, want storetest.Store) {
	t.Helper()
	g, grev := storetest.All(t, got)
	w, wrev := storetest.All(t, want)
	if d := storetest.Diff(&g, &w); d != "" {
		t.Fatal(d)
	}
	if grev != wrev {
		t.Fatalf("rev %d, want %d", grev, wrev)
	}
}

// TestModel_RandomBatches applies the same random batches to the file and to the model: records, revisions, cursors and the change log agree, across
// reopening, and a reader that only follows the log holds the same records as one that reads all.
func TestModel_RandomBatches(t *testing.T) {
	rng := storetest.Rand(t)
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	dir, model := t.TempDir(), storetest.NewMemory()
	o := Options{Log: storetest.LogLimit}
	d := open(t, dir, o)
	follower := map[store.Ref]bool{}
	followed := store.Rev(0)
	for i := range rounds {
		b := storetest.RandomBatch(rng, 1+rng.IntN(12))
		for range 1 + rng.IntN(2) { // some of them twice
			got, want := storetest.Apply(t, d, b), storetest.Apply(t, model, b)
			if got != want {
				t.Fatalf("batch %d: rev %d, want %d", i, got, want)
			}
		}
		if rng.IntN(10) == 0 {
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			d = open(t, dir, o)
		}
		compare(t, d, model)
		ctx := context.Background()
		gc, err := d.Cursor(ctx, b.Source, b.Stream)
		if err != nil || gc != b.Next {
			t.Fatalf("batch %d: cursor %q, %v, want %q", i, gc, err, b.Next)
		}
		follow(t, d, model, follower, &followed, rng)
	}
}

// follow brings the set of references up to date by the log, as a Book would, and compares it with the store.
func follow(t *testing.T, d, model storetest.Store, have map[store.Ref]bool, rev *store.Rev, rng *rand.Rand) {
	t.Helper()
	if rng.IntN(3) == 0 {
		return // falls behind
	}
	deltas, err := storetest.Since(d, *rev)
	if err != nil { // trimmed: read all
		clear(have)
		all, now := storetest.All(t, d)
		all.Refs(func(r store.Ref) bool { have[r] = true; return true })
		*rev = now
		return
	}
	wants, werr := storetest.Since(model, *rev)
	if werr == nil && !reflect.DeepEqual(revs(deltas), revs(wants)) {
		t.Fatalf("since %d: revisions %v, want %v", *rev, revs(deltas), revs(wants))
	}
	for i, delta := range deltas {
		if werr == nil {
			if diff := storetest.Diff(&delta.Records, &wants[i].Records); diff != "" || !slices.Equal(delta.Deleted, wants[i].Deleted) ||
				storetest.Diff(&delta.Before, &wants[i].Before) != "" {
				t.Fatalf("delta %d: %s\n got deleted %v\nwant deleted %v\nbefore %s", delta.Rev, diff, delta.Deleted,
					wants[i].Deleted, storetest.Diff(&delta.Before, &wants[i].Before))
			}
		}
		delta.Refs(func(r store.Ref) bool { have[r] = true; return true })
		for _, r := range delta.Deleted {
			if !have[r] {
				t.Fatalf("delta %d deletes %v, which was never there", delta.Rev, r)
			}
			delete(have, r)
		}
		*rev = delta.Rev
	}
	all, now := storetest.All(t, d)
	if now != *rev {
		t.Fatalf("the log ends at %d, the store stands at %d", *rev, now)
	}
	n := 0
	all.Refs(func(r store.Ref) bool {
		if n++; !have[r] {
			t.Fatalf("the log never told of %v", r)
		}
		return true
	})
	if n != len(have) {
		t.Fatalf("by the log there are %d records, in the store %d", len(have), n)
	}
}

func revs(deltas []store.Delta) (out []store.Rev) {
	for _, d := range deltas {
		out = append(out, d.Rev)
	}
	return out
}
