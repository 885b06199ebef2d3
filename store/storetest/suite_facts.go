package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"flightdeck/store"
)

func testFirstSeen(t *testing.T, s Store) {
	records := func(seen time.Time, note string) store.Records {
		return store.Records{
			Changes:  []store.Change{{Deal: "a:1", Field: store.FieldStage, To: "won", At: Noon, Seen: seen}},
			Touches:  []store.Touch{Touch("a:t", func(t *store.Touch) { t.Seen, t.Note = seen, note })},
			Grades:   []store.GradeChange{{ID: "a:g", To: "A", At: Noon, Seen: seen}},
			Health:   []store.Health{{ID: "a:h", Score: 70, Seen: seen}},
			Evidence: []store.Evidence{{ID: "a:e", Deal: "a:1", At: Noon, Seen: seen}},
		}
	}
	Apply(t, s, Batch("a", "x", "", records(Noon, "")))
	first, _ := All(t, s)
	equal(t, "rev of the same, seen later", Apply(t, s, Batch("a", "x", "", records(Noon.Add(time.Hour), ""))), store.Rev(1))
	b := Batch("a", "x", "", records(time.Time{}, "")) // left to the store
	b.Seen = Noon.Add(2 * time.Hour)
	equal(t, "rev of the same without Seen", Apply(t, s, b), store.Rev(1))
	again, _ := All(t, s)
	equal(t, "content", again, first)

	b = Batch("a", "x", "", records(time.Time{}, "new"))
	b.Seen = Noon.Add(3 * time.Hour)
	equal(t, "rev of a new note", Apply(t, s, b), store.Rev(2))
	deltas, err := Since(s, 1)
	if err != nil || len(deltas) != 1 || deltas[0].Len() != 1 {
		t.Fatalf("since 1: %+v, %v", deltas, err)
	}
	equal(t, "seen of what is new", deltas[0].Touches[0].Seen, Noon.Add(3*time.Hour))
}

func testDerived(t *testing.T, s Store) {
	track := store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose, store.FieldCategory)
	step := func(seen time.Time, d store.Deal) {
		b := Batch("a", "deals", "", store.Records{Deals: []store.Deal{d}})
		b.Track, b.Seen = track, seen
		Apply(t, s, b)
	}
	seen := Noon.Add(48 * time.Hour)
	step(seen, Deal("a:1"))
	all, _ := All(t, s)
	equal(t, "changes of a new deal", len(all.Changes), 0)

	moved := Deal("a:1", func(d *store.Deal) {
		d.Stage, d.Owner, d.Name, d.Modified = "proposal", "a:p", "renamed", Noon.Add(time.Hour)
		d.Amount.Minor, d.Close, d.Category = 250_050, store.NoDay, store.CategoryCommit
	})
	step(seen, moved)
	step(seen.Add(time.Hour), moved)
	back := moved
	back.Stage = "lead" // without a later Modified
	step(seen.Add(2*time.Hour), back)
	all, rev := All(t, s)
	equal(t, "rev", rev, store.Rev(3))

	change := func(f store.Field, from, to string, at, seen time.Time) store.Change {
		c := store.Change{Deal: "a:1", Field: f, From: from, To: to, At: at, Seen: seen}
		c.ID = c.Key()
		return c
	}
	at := Noon.Add(time.Hour)
	want := []store.Change{
		change(store.FieldStage, "lead", "proposal", at, seen),
		change(store.FieldAmount, "1000.00 CNY", "2500.50 CNY", at, seen),
		change(store.FieldClose, Deal("").Close.String(), "", at, seen),
		change(store.FieldCategory, "", "commit", at, seen),
		change(store.FieldStage, "proposal", "lead", seen.Add(2*time.Hour), seen.Add(2*time.Hour)),
	}
	slices.SortFunc(want, func(a, b store.Change) int {
		return compareRefs(store.Ref{ID: a.ID}, store.Ref{ID: b.ID})
	})
	equal(t, "changes", all.Changes, want)
	deltas, _ := Since(s, 1)
	equal(t, "changes logged with their deal", []int{len(deltas[0].Deals), len(deltas[0].Changes)}, []int{1, 4})

	end := change(store.FieldStage, "lead", "won", at, Noon)
	end.ID, end.By = "", "a:p"
	won := Batch("a", "deals", "", store.Records{Changes: []store.Change{end}, Deals: []store.Deal{Deal("a:1", func(d *store.Deal) {
		*d = back
		d.Stage, d.Modified = "won", at.Add(time.Minute)
	})}})
	won.Changes[0].At, won.Track = at.Add(time.Minute), track
	Apply(t, s, won)
	all, _ = All(t, s)
	i := slices.IndexFunc(all.Changes, func(c store.Change) bool { return c.To == "won" })
	if i < 0 || all.Changes[i].By != "a:p" || len(all.Changes) != len(want)+1 {
		t.Fatalf("a change that the source tells and the store would derive: %+v, want what the source tells, once", all.Changes)
	}

	told := func(field store.Field) (steps []string) {
		all, _ := All(t, s)
		for _, c := range all.Changes {
			if c.Deal == "a:3" && c.Field == field {
				steps = append(steps, c.From+" > "+c.To+" "+c.At.UTC().Format(time.DateTime)+" "+c.Seen.UTC().Format(time.DateTime))
			}
		}
		return steps
	}
	version := func(day, amount string, modified time.Time) store.Deal {
		return Deal("a:3", func(d *store.Deal) {
			d.Modified, d.Extra = modified, map[string]string{"optimistic_close": day, "pessimistic_amount": amount, "other": "x"}
		})
	}
	track = store.FieldsOf(append(store.VersionFields(), store.FieldStage)...)
	step(seen, version("2026-11-06", "a lot", at))
	step(seen.Add(time.Hour), version("2026-11-20", "700", at))
	step(seen.Add(2*time.Hour), version("2026-11-20", "700.00", at))
	moment := func(t time.Time) string { return t.UTC().Format(time.DateTime) }
	equal(t, "what a version said at first, as of the deal's last modification, and then", told(store.FieldOptimisticClose), []string{
		" > 2026-11-06 " + moment(at) + " " + moment(seen), "2026-11-06 > 2026-11-20 " + moment(seen.Add(time.Hour)) + " " + moment(seen.Add(time.Hour)),
	})
	equal(t, "only what can be read", told(store.FieldPessimisticAmount), []string{" > 700.00 CNY " + moment(seen.Add(time.Hour)) + " " + moment(seen.Add(time.Hour))})
	equal(t, "stages of a new deal", len(told(store.FieldStage)), 0)
	want = append(want, make([]store.Change, 3)...)

	step(seen, Deal("a:2"))
	track = 0
	step(seen, Deal("a:2", func(d *store.Deal) { d.Stage = "won" }))
	all, _ = All(t, s)
	equal(t, "changes without Track", len(all.Changes), len(want)+1)
}

func testClearIssues(t *testing.T, s Store) {
	issue := func(stream store.Stream, where string) store.Issue {
		return store.Issue{Source: "a", Stream: stream, Where: where, Field: "amount", Problem: "not a number"}
	}
	Apply(t, s, Batch("a", "deals", "", store.Records{Issues: []store.Issue{
		issue("deals", "1"), issue("deals", "2"), issue("deals2", "1"), issue("deals|x", "1"), {Source: "b", Stream: "deals", Where: "1"},
	}}))
	b := Batch("a", "deals", "", store.Records{Issues: []store.Issue{issue("deals", "2"), issue("deals", "3")}})
	Apply(t, s, b)
	all, _ := All(t, s)
	equal(t, "issues, nothing cleared", len(all.Issues), 6)
	b.ClearIssues = true
	equal(t, "rev", Apply(t, s, b), store.Rev(3))
	all, _ = All(t, s)
	equal(t, "issues", all.Issues, []store.Issue{
		issue("deals2", "1"), issue("deals", "2"), issue("deals", "3"), issue("deals|x", "1"), {Source: "b", Stream: "deals", Where: "1"},
	})
	deltas, _ := Since(s, 2)
	equal(t, "delta", deltas, []store.Delta{{Rev: 3, Deleted: []store.Ref{{Entity: store.EntityIssue, ID: issue("deals", "1").Key()}}}})
	equal(t, "rev of the same again", Apply(t, s, b), store.Rev(3))
}

func testIDs(t *testing.T, s Store) {
	Apply(t, s, Batch("a", "x", "", store.Records{
		Org:    &store.Org{Name: "we"},
		Stages: []store.Stage{{ID: "a:lead"}, {ID: "a"}},
		Deals:  []store.Deal{Deal("a:2"), Deal("a:1"), Deal("ab:1"), Deal("a-b:1"), Deal("a;:1"), Deal("A:1"), Deal("b:a:1")},
	}))
	ids := func(src store.SourceID, e store.Entity) (out []store.ID) {
		err := s.View(context.Background(), func(s store.Snapshot) error {
			return s.IDs(src, e, func(id store.ID) error { out = append(out, id); return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	equal(t, "deals of a", ids("a", store.EntityDeal), []store.ID{"a:1", "a:2"})
	equal(t, "deals of b", ids("b", store.EntityDeal), []store.ID{"b:a:1"})
	equal(t, "deals of c", ids("c", store.EntityDeal), []store.ID(nil))
	equal(t, "stages", ids("a", store.EntityStage), []store.ID(nil))
	equal(t, "org", ids("org", store.EntityOrg), []store.ID(nil))
}

func testStatus(t *testing.T, s Store) {
	status := func(src store.SourceID, stream store.Stream) store.SourceStatus {
		return store.SourceStatus{Source: src, Stream: stream, State: store.SyncRunning, Started: Noon, Done: 3}
	}
	want := []store.SourceStatus{status("a", "deals"), status("a", "touches"), status("a-b", "deals"), status("b", "")}
	Apply(t, s, Batch("a", "", "", store.Records{Statuses: []store.SourceStatus{want[3], want[2], want[1], want[0]}}))
	var got []store.SourceStatus
	err := s.View(context.Background(), func(s store.Snapshot) (err error) { got, err = s.Status(); return err })
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", got, want)
	equal(t, "rev of an equal status", Apply(t, s, Batch("a", "", "", store.Records{Statuses: want})), store.Rev(1))
	want[0].Done++
	equal(t, "rev of progress", Apply(t, s, Batch("a", "", "", store.Records{Statuses: want})), store.Rev(2))
}

func testBlocks(t *testing.T, s Store) {
	const n = 10_000
	var r store.Records
	for i := range n {
		r.Touches = append(r.Touches, Touch(store.MakeID("a", fmt.Sprintf("%06d", (i*7919)%n))))
	}
	r.Deals, r.Org = []store.Deal{Deal("a:1")}, &store.Org{Name: "we"}
	Apply(t, s, Batch("a", "x", "", r))
	var last store.Ref
	blocks, rows := 0, 0
	err := s.View(context.Background(), func(s store.Snapshot) error {
		return s.All(func(block *store.Records) error {
			blocks++
			for ref := range rowsOf(block) {
				rows++
				if compareRefs(last, ref) >= 0 {
					return fmt.Errorf("%v after %v", ref, last)
				}
				last = ref
			}
			return nil
		})
	})
	if err != nil || rows != n+2 || blocks < 4 {
		t.Fatalf("%d rows in %d blocks, %v; want %d rows in bounded blocks", rows, blocks, err, n+2)
	}
}

func testWatch(t *testing.T, s Store) {
	fill(t, s, 1, 1)
	ctx, cancel := context.WithCancel(context.Background())
	slow, quick := s.Watch(ctx), s.Watch(context.Background())
	select {
	case rev := <-quick:
		t.Fatalf("told %d before anything was committed", rev)
	default:
	}
	for want := store.Rev(2); want <= 4; want++ {
		fill(t, s, want, 1)
		equal(t, "told", <-quick, want)
	}
	Apply(t, s, Batch("a", "x", "only a cursor", store.Records{}))
	select {
	case rev := <-quick:
		t.Fatalf("told %d though nothing changed", rev)
	default:
	}
	equal(t, "told the slow one", <-slow, store.Rev(4))
	select {
	case rev := <-slow:
		t.Fatalf("the slow one was told %d as well, want only the newest", rev)
	default:
	}
	cancel()
	if rev, open := <-slow; open { // waits until it is closed
		t.Fatalf("told %d after the end of its context", rev)
	}
	fill(t, s, 5, 1)
	equal(t, "told the other one", <-quick, store.Rev(5))
	if _, open := <-s.Watch(ctx); open {
		t.Fatal("a watch with an ended context is open")
	}
}

func testCancelled(t *testing.T, s Store) {
	fill(t, s, 2, LogLimit/2)
	ctx, cancel := context.WithCancel(context.Background())
	err := s.View(ctx, func(s store.Snapshot) error {
		return s.All(func(*store.Records) error { cancel(); return nil })
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled within All: %v", err)
	}
	called := false
	if err := s.View(ctx, func(store.Snapshot) error { called = true; return nil }); !errors.Is(err, context.Canceled) || called {
		t.Fatalf("View: %v, called %t", err, called)
	}
	if _, err := s.Cursor(ctx, "a", "x"); !errors.Is(err, context.Canceled) {
		t.Fatalf("Cursor: %v", err)
	}
	if _, err := s.Apply(ctx, Batch("a", "x", "", store.Records{})); !errors.Is(err, context.Canceled) {
		t.Fatalf("Apply: %v", err)
	}
}

func testCallbackErrors(t *testing.T, s Store) {
	fill(t, s, 2, 3)
	stop := errors.New("stop")
	for name, view := range map[string]func(store.Snapshot, *int) error{
		"All": func(s store.Snapshot, n *int) error { return s.All(func(*store.Records) error { *n++; return stop }) },
		"Since": func(s store.Snapshot, n *int) error {
			return s.Since(0, func(*store.Delta) error { *n++; return stop })
		},
		"IDs": func(s store.Snapshot, n *int) error {
			return s.IDs("a", store.EntityAccount, func(store.ID) error { *n++; return stop })
		},
	} {
		calls := 0
		err := s.View(context.Background(), func(s store.Snapshot) error { return view(s, &calls) })
		if !errors.Is(err, stop) || calls != 1 {
			t.Fatalf("%s: %v after %d calls, want the callback's own error after one", name, err, calls)
		}
	}
}

func testOwnership(t *testing.T, s Store) {
	b := Batch("a", "x", "", store.Records{
		Deals:   []store.Deal{Deal("a:2", func(d *store.Deal) { d.Extra = map[string]string{"k": "v"} }), Deal("a:1")},
		Touches: []store.Touch{Touch("a:t", func(t *store.Touch) { t.Seen = time.Time{} })},
	})
	Apply(t, s, b)
	if b.Deals[0].ID != "a:2" || !b.Touches[0].Seen.IsZero() {
		t.Fatal("Apply changed the caller's batch")
	}
	b.Deals[0].Extra["k"], b.Deals[1].Name = "changed", "changed"
	all, _ := All(t, s)
	equal(t, "stored", []string{all.Deals[1].Extra["k"], all.Deals[0].Name}, []string{"v", "deal 1"})
}

// A touch that names a deal and no account has its deal's, whichever comes first and wherever the deal moves; one with an account of its own keeps it.
func testTouchFollows(t *testing.T, s Store) {
	deal := func(account store.ID) store.Records {
		return store.Records{Deals: []store.Deal{Deal("a:1", func(d *store.Deal) { d.Account = account })}}
	}
	touch := func(id, account store.ID) store.Records {
		return store.Records{Touches: []store.Touch{Touch(id, func(t *store.Touch) { t.Deal, t.Account = "a:1", account })}}
	}
	step := func(what string, r store.Records, want map[store.ID]store.ID) {
		t.Helper()
		_, before := All(t, s)
		b := Batch("a", "x", "", r)
		Apply(t, s, b)
		all, rev := All(t, s)
		got := map[store.ID]store.ID{}
		for _, v := range all.Touches {
			got[v.ID] = v.Account
		}
		equal(t, what, got, want)
		if rev != before {
			deltas, err := Since(s, before)
			if err != nil || len(deltas) != 1 || deltas[0].Rev != rev {
				t.Fatalf("%s: %+v, %v", what, deltas, err)
			}
		}
		equal(t, what+", again", Apply(t, s, b), rev)
	}
	step("before its deal", touch("a:t1", ""), map[store.ID]store.ID{"a:t1": ""})
	step("its deal comes", deal("a:x"), map[store.ID]store.ID{"a:t1": "a:x"})
	step("behind its deal", touch("a:t2", ""), map[store.ID]store.ID{"a:t1": "a:x", "a:t2": "a:x"})
	step("with an account", touch("a:t3", "a:own"), map[store.ID]store.ID{"a:t1": "a:x", "a:t2": "a:x", "a:t3": "a:own"})
	step("the deal moves", deal("a:y"), map[store.ID]store.ID{"a:t1": "a:y", "a:t2": "a:y", "a:t3": "a:own"})
	step("its own account turns out to be the same", touch("a:t2", "a:y"), map[store.ID]store.ID{"a:t1": "a:y", "a:t2": "a:y", "a:t3": "a:own"})
	both := deal("a:z")
	both.Touches = touch("a:t4", "").Touches
	step("it moves again, and one comes with it", both, map[store.ID]store.ID{"a:t1": "a:z", "a:t2": "a:y", "a:t3": "a:own", "a:t4": "a:z"})

	b := Batch("a", "x", "", store.Records{})
	b.Deleted = []store.Ref{{Entity: store.EntityTouch, ID: "a:t1"}, {Entity: store.EntityDeal, ID: "a:1"}}
	Apply(t, s, b)
	step("the deal comes back elsewhere", deal("a:w"), map[store.ID]store.ID{"a:t2": "a:y", "a:t3": "a:own", "a:t4": "a:w"})
}
