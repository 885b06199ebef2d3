package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flightdeck/store"
)

// Store is all that a store can do.
type Store interface {
	store.Reader
	store.Writer
	store.Watcher
}

// All reads everything that r holds into records of the caller's.
func All(t testing.TB, r store.Reader) (all store.Records, rev store.Rev) {
	t.Helper()
	err := r.View(context.Background(), func(s store.Snapshot) error {
		rev = s.Rev()
		return s.All(func(block *store.Records) error {
			for _, row := range rowsOf(block) {
				addRow(&all, row)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, rev
}

// Since reads what was committed after rev into deltas of the caller's, Before in the order of its references; err is what Since gave.
func Since(r store.Reader, rev store.Rev) (deltas []store.Delta, err error) {
	err = r.View(context.Background(), func(s store.Snapshot) error {
		return s.Since(rev, func(d *store.Delta) error {
			own := store.Delta{Rev: d.Rev, Deleted: slices.Clone(d.Deleted)}
			for _, row := range rowsOf(&d.Records) {
				addRow(&own.Records, row)
			}
			addRows(&own.Before, &d.Before)
			deltas = append(deltas, own)
			return nil
		})
	})
	return deltas, err
}

// Diff describes the first record in which got differs from want, or returns "".
func Diff(got, want *store.Records) string {
	next, stop := iter.Pull2(rowsOf(got))
	defer stop()
	for ref, row := range rowsOf(want) {
		if r, g, _ := next(); r != ref || !reflect.DeepEqual(g, row) {
			return fmt.Sprintf("%v %s:\n got %v %+v\nwant %+v", ref.Entity, ref.ID, r, g, row)
		}
	}
	if ref, row, more := next(); more {
		return fmt.Sprintf("%v %s: not wanted: %+v", ref.Entity, ref.ID, row)
	}
	return ""
}

// Apply commits b or ends the test.
func Apply(t testing.TB, w store.Writer, b *store.Batch) store.Rev {
	t.Helper()
	rev, err := w.Apply(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

// Suite is the contract of Reader, Writer and Watcher. open gives an empty store that keeps [LogLimit] entries of its change log and that ends with t.
func Suite(t *testing.T, open func(t *testing.T) Store) {
	tests := []struct {
		name string
		run  func(*testing.T, Store)
	}{
		{"Empty", testEmpty}, {"RoundTrip", testRoundTrip}, {"Idempotent", testIdempotent}, {"Cursor", testCursor},
		{"CursorAtomic", testCursorAtomic}, {"RefusesEmptyID", testRefusesEmptyID}, {"LastOfDuplicatesCounts", testDuplicates},
		{"Tombstones", testTombstones}, {"DealTakesItsHistory", testCascade}, {"TouchFollowsItsDeal", testTouchFollows}, {"SinceExact", testSince}, {"Trimmed", testTrimmed},
		{"CommitLongerThanLog", testLongCommit}, {"FirstSeenKept", testFirstSeen}, {"DerivedChanges", testDerived},
		{"ClearIssues", testClearIssues}, {"IDs", testIDs}, {"Status", testStatus}, {"Blocks", testBlocks}, {"Watch", testWatch},
		{"Cancelled", testCancelled}, {"CallbackErrors", testCallbackErrors}, {"CallersKeepTheirBatch", testOwnership},
		{"Before", testBefore}, {"BeforeReplays", testBeforeReplays},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func testEmpty(t *testing.T, s Store) {
	all, rev := All(t, s)
	equal(t, "records", all, store.Records{})
	equal(t, "rev", rev, store.Rev(0))
	deltas, err := Since(s, 0)
	if err != nil || len(deltas) != 0 {
		t.Fatalf("since 0 of an empty store: %v, %v", deltas, err)
	}
	if _, err := Since(s, 7); !errors.Is(err, store.ErrTrimmed) {
		t.Fatalf("since a revision that never was: %v, want ErrTrimmed", err)
	}
}

func testRoundTrip(t *testing.T, s Store) {
	rng := Rand(t)
	b := RandomBatch(rng, 40)
	b.Deleted, b.Track, b.Org = nil, 0, &store.Org{Name: "我们", Rates: map[store.Currency]string{"USD": "7.1", "EUR": "7.8"}}
	Apply(t, s, b)
	model := NewMemory()
	Apply(t, model, b)
	got, _ := All(t, s)
	want, _ := All(t, model)
	if d := Diff(&got, &want); d != "" {
		t.Fatal(d)
	}
	if got.Len() < 14 || got.Org == nil {
		t.Fatalf("the batch was too thin to tell: %d records", got.Len())
	}
}

func testIdempotent(t *testing.T, s Store) {
	b := Batch("a", "deals", "1", store.Records{Deals: []store.Deal{Deal("a:1"), Deal("a:2")}, Touches: []store.Touch{Touch("a:t")}})
	b.Deleted = []store.Ref{{Entity: store.EntityDeal, ID: "a:9"}}
	b.Track = store.FieldsOf(store.FieldStage)
	equal(t, "first rev", Apply(t, s, b), store.Rev(1))
	before, _ := All(t, s)
	for range 3 {
		equal(t, "rev of the same again", Apply(t, s, b), store.Rev(1))
	}
	after, _ := All(t, s)
	equal(t, "content", after, before)
	deltas, err := Since(s, 1)
	if err != nil || len(deltas) != 0 {
		t.Fatalf("the same again was logged: %+v, %v", deltas, err)
	}
}

func cursor(t *testing.T, s Store, src store.SourceID, stream store.Stream) store.Cursor {
	t.Helper()
	c, err := s.Cursor(context.Background(), src, stream)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testCursor(t *testing.T, s Store) {
	equal(t, "before", cursor(t, s, "a", "deals"), store.Cursor(""))
	equal(t, "rev of a cursor alone", Apply(t, s, Batch("a", "deals", "p1", store.Records{})), store.Rev(0))
	equal(t, "written", cursor(t, s, "a", "deals"), store.Cursor("p1"))
	equal(t, "other stream", cursor(t, s, "a", "deal"), store.Cursor(""))
	equal(t, "other source", cursor(t, s, "a/deals", ""), store.Cursor(""))
	Apply(t, s, Batch("a", "", "", store.Records{Statuses: []store.SourceStatus{{Source: "a", Stream: "deals"}}}))
	equal(t, "after a batch without a stream", cursor(t, s, "a", "deals"), store.Cursor("p1"))
	Apply(t, s, Batch("a", "deals", "", store.Records{}))
	equal(t, "reset", cursor(t, s, "a", "deals"), store.Cursor(""))
}

func testCursorAtomic(t *testing.T, s Store) {
	Apply(t, s, Batch("a", "deals", "p1", store.Records{Deals: []store.Deal{Deal("a:1")}}))
	if _, err := s.Apply(context.Background(), Batch("a", "deals", "p2", store.Records{Deals: []store.Deal{Deal("a:2"), Deal("")}})); err == nil {
		t.Fatal("a deal without an ID was taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Apply(ctx, Batch("a", "deals", "p2", store.Records{Deals: []store.Deal{Deal("a:3")}})); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	all, rev := All(t, s)
	equal(t, "deals", all.Deals, []store.Deal{Deal("a:1")})
	equal(t, "rev", rev, store.Rev(1))
	equal(t, "cursor", cursor(t, s, "a", "deals"), store.Cursor("p1"))
}

func testRefusesEmptyID(t *testing.T, s Store) {
	for _, tt := range []struct {
		entity string
		r      store.Records
	}{
		{"deal", store.Records{Deals: []store.Deal{Deal("")}}},
		{"account", store.Records{Accounts: []store.Account{Account("crm:")}}},
		{"change", store.Records{Changes: []store.Change{{Field: store.FieldStage, To: "won", At: Noon}}}},
		{"issue", store.Records{Issues: []store.Issue{{Problem: "?"}}}},
		{"status", store.Records{Statuses: []store.SourceStatus{{Stream: "deals"}}}},
		{"sale", store.Records{Sales: []store.Sale{{ID: store.ID("crm:" + strings.Repeat("x", 40_000))}}}},
	} {
		_, err := s.Apply(context.Background(), Batch("crm-east", "things", "x", tt.r))
		if err == nil || !strings.Contains(err.Error(), tt.entity) || !strings.Contains(err.Error(), "crm-east") {
			t.Fatalf("%s without an ID: %v, want an error that names both", tt.entity, err)
		}
	}
	for _, ref := range []store.Ref{{}, {Entity: store.EntityDeal}, {Entity: 99, ID: "a:1"}} {
		b := Batch("crm-east", "things", "x", store.Records{})
		b.Deleted = []store.Ref{ref}
		if _, err := s.Apply(context.Background(), b); err == nil {
			t.Fatalf("tombstone %+v was taken", ref)
		}
	}
}

func testDuplicates(t *testing.T, s Store) {
	second := Deal("a:1", func(d *store.Deal) { d.Name = "second" })
	b := Batch("a", "deals", "", store.Records{Deals: []store.Deal{Deal("a:1"), Deal("a:0"), second}})
	Apply(t, s, b)
	all, _ := All(t, s)
	equal(t, "deals", all.Deals, []store.Deal{Deal("a:0"), second})
	equal(t, "rev of the same again", Apply(t, s, b), store.Rev(1))
	deltas, _ := Since(s, 0)
	equal(t, "logged once", len(deltas[0].Deals), 2)

	b = Batch("a", "deals", "", store.Records{Deals: []store.Deal{Deal("a:2")}})
	b.Deleted = []store.Ref{{Entity: store.EntityDeal, ID: "a:2"}}
	equal(t, "rev of a record with its tombstone", Apply(t, s, b), store.Rev(1))
}

func testTombstones(t *testing.T, s Store) {
	Apply(t, s, Batch("a", "x", "", store.Records{Accounts: []store.Account{Account("a:1"), Account("a:2")}, Deals: []store.Deal{Deal("a:1")}}))
	b := Batch("a", "x", "", store.Records{})
	b.Deleted = []store.Ref{{Entity: store.EntityAccount, ID: "a:1"}, {Entity: store.EntityAccount, ID: "a:1"}, {Entity: store.EntityAccount, ID: "a:3"}}
	equal(t, "rev", Apply(t, s, b), store.Rev(2))
	all, _ := All(t, s)
	equal(t, "accounts", all.Accounts, []store.Account{Account("a:2")})
	equal(t, "deals", len(all.Deals), 1)
	deltas, err := Since(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "delta", deltas, []store.Delta{{Rev: 2, Deleted: []store.Ref{{Entity: store.EntityAccount, ID: "a:1"}}}})
	equal(t, "rev of the same again", Apply(t, s, b), store.Rev(2))
	equal(t, "rev of its return", Apply(t, s, Batch("a", "x", "", store.Records{Accounts: []store.Account{Account("a:1")}})), store.Rev(3))
}

func testCascade(t *testing.T, s Store) {
	change := func(id, deal store.ID) store.Change {
		return store.Change{ID: id, Deal: deal, Field: store.FieldStage, To: "won", At: Noon, Seen: Noon}
	}
	proof := func(id, deal store.ID) store.Evidence {
		return store.Evidence{ID: id, Deal: deal, At: Noon, Seen: Noon}
	}
	Apply(t, s, Batch("a", "x", "", store.Records{
		Deals:    []store.Deal{Deal("a:1"), Deal("a:10")},
		Changes:  []store.Change{change("", "a:1"), change("a:c7", "a:1"), change("", "a:10"), change("a:c8", "a:10")},
		Evidence: []store.Evidence{proof("a:e1", "a:1"), proof("a:e2", "a:10")},
		Touches:  []store.Touch{Touch("a:t1", func(t *store.Touch) { t.Deal = "a:1" })},
	}))
	b := Batch("a", "x", "", store.Records{Changes: []store.Change{change("a:late", "a:1")}})
	b.Deleted = []store.Ref{{Entity: store.EntityDeal, ID: "a:1"}}
	Apply(t, s, b)
	all, _ := All(t, s)
	if len(all.Deals) != 1 || len(all.Changes) != 2 || len(all.Evidence) != 1 || len(all.Touches) != 1 || all.Evidence[0].Deal != "a:10" {
		t.Fatalf("left: %+v", all)
	}
	deltas, _ := Since(s, 1)
	equal(t, "logged tombstones", deltas, []store.Delta{{
		Rev: 2,
		Deleted: []store.Ref{
			{Entity: store.EntityDeal, ID: "a:1"}, {Entity: store.EntityChange, ID: change("", "a:1").Key()}, {Entity: store.EntityChange, ID: "a:c7"},
			{Entity: store.EntityEvidence, ID: "a:e1"},
		},
		Before: store.Records{
			Changes:  []store.Change{change(change("", "a:1").Key(), "a:1"), change("a:c7", "a:1")},
			Evidence: []store.Evidence{proof("a:e1", "a:1")},
		},
	}})
}

func testSince(t *testing.T, s Store) {
	for i := range 5 {
		Apply(t, s, Batch("a", "x", "", store.Records{Deals: []store.Deal{Deal("a:1", func(d *store.Deal) { d.Name = fmt.Sprint(i) })}}))
		Apply(t, s, Batch("a", "x", "c", store.Records{})) // no revision
	}
	for rev := range store.Rev(6) {
		deltas, err := Since(s, rev)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "commits after", len(deltas), int(5-rev))
		for i, d := range deltas {
			equal(t, "rev", d.Rev, rev+store.Rev(i)+1)
			equal(t, "name", d.Deals[0].Name, fmt.Sprint(int(d.Rev)-1))
		}
	}
}

// fill applies revisions of n accounts each until the store stands at last.
func fill(t *testing.T, s Store, last store.Rev, n int) {
	t.Helper()
	for _, rev := All(t, s); rev < last; {
		var r store.Records
		for i := range n {
			r.Accounts = append(r.Accounts, Account(store.MakeID("a", fmt.Sprintf("%03d-%04d", rev, i))))
		}
		rev = Apply(t, s, Batch("a", "x", "", r))
	}
}

func testTrimmed(t *testing.T, s Store) {
	const n = 40
	fill(t, s, 20, n)
	whole := 0 // how many of the newest commits are still told whole
	for rev := store.Rev(20); ; rev-- {
		deltas, err := Since(s, rev)
		if errors.Is(err, store.ErrTrimmed) {
			if len(deltas) > 0 {
				t.Fatal("deltas before ErrTrimmed")
			}
			break
		}
		if err != nil || len(deltas) != int(20-rev) {
			t.Fatalf("since %d: %d deltas, %v", rev, len(deltas), err)
		}
		for _, d := range deltas {
			equal(t, "size of a commit", len(d.Accounts), n)
		}
		if whole = int(20 - rev); rev == 0 {
			t.Fatal("the log was never trimmed")
		}
	}
	if whole < LogLimit/n/2 {
		t.Fatalf("only %d commits of %d rows are kept with a limit of %d rows", whole, n, LogLimit)
	}
}

func testLongCommit(t *testing.T, s Store) {
	fill(t, s, 2, 10)
	fill(t, s, 3, LogLimit+1)
	if _, err := Since(s, 2); !errors.Is(err, store.ErrTrimmed) {
		t.Fatalf("since 2: %v, want ErrTrimmed: the commit is longer than the log", err)
	}
	if d, err := Since(s, 3); err != nil || len(d) != 0 {
		t.Fatalf("since 3: %v, %v", d, err)
	}
	fill(t, s, 4, 10)
	d, err := Since(s, 3)
	if err != nil || len(d) != 1 || len(d[0].Accounts) != 10 {
		t.Fatalf("since 3 after one more: %v, %v", d, err)
	}
	all, _ := All(t, s)
	equal(t, "accounts", len(all.Accounts), 2*10+LogLimit+1+10)
}
