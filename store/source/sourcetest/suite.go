// Package sourcetest holds what every source must keep: the contract suite [Run] and [Server], a small stateful CRM that goes wrong on command.
//
// The suite knows nothing of a source's system. A [Harness] builds a [World] – a server or folder with known rows and a source that reads it – and
// says which faults it can produce; the suite then checks the promises that the syncer relies on.
package sourcetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Kind is a way of going wrong.
type Kind int

// The faults. Hostile, FarDate and Ties are in the rows; the others are answers.
const (
	NoFault Kind = iota
	ServerError
	Cut
	HTML
	Throttle
	Unauthorized
	Forbidden
	Gone
	Hang
	Hostile // control and escape characters, bidirectional overrides and broken UTF-8 in texts
	FarDate // a row dated 2999
	Ties    // all rows changed at one instant

	Limit200 // a success that says "slow down"
	Repeat   // the page that follows is said to be this one, for ever
	Drip     // an answer that begins, and goes on a byte at a time, for ever
)

var kinds = [...]string{"NoFault", "ServerError", "Cut", "HTML", "Throttle", "Unauthorized", "Forbidden", "Gone", "Hang", "Hostile", "FarDate", "Ties", "Limit200", "Repeat", "Drip"}

// String returns the fault's name.
func (k Kind) String() string { return kinds[k] }

// Fault is what goes wrong, and from which request on.
type Fault struct {
	Kind       Kind
	Page       int    // the first bad answer, from 1
	RetryAfter string // of Throttle
}

// World is a system with known rows.
type World struct {
	Source source.Source
	Want   []store.ID // what is there
	// Reopen makes a second source on the same system, as after a restart.
	Reopen func() source.Source
	// Break and Heal switch a fault of the answers; nil where the harness supports none.
	Break func(Fault)
	Heal  func()
	// Add adds rows and returns their identifiers; nil: the system cannot change.
	Add func(n int) []store.ID
	// Delete removes one row and returns it; nil where the source does not report deletions itself.
	Delete func() store.ID
	// Now is the clock handed to the source; nil: a fixed day in 2026.
	Now func() time.Time
	// Later moves the system's clock a day on, so that nothing is new any more; nil: it stands.
	Later func()
}

// Harness builds worlds.
type Harness struct {
	Stream store.Stream
	Entity store.Entity
	// Make builds a world of n rows which has the row fault (Hostile, FarDate, Ties) or none.
	Make func(t testing.TB, n int, rows Kind) World
	// Faults that the harness supports.
	Faults []Kind
	// PageSize is asked for in each request, so that n rows make several pages.
	PageSize int
	// Repeats tells that rows on the boundary of two pages may come twice: the price of queries that begin anew at the last time of change.
	Repeats bool
	// Wait is how long Throttle means, for a server that does not say; 0: it is told 7 seconds.
	Wait time.Duration
	// Nothing is how many requests a pull of nothing may cost, where one does not do; the harness says why.
	Nothing int
	// Secret is the canary that may appear in no error, record or cursor; empty: the source has none.
	Secret string
}

func (h Harness) supports(k Kind) bool { return slices.Contains(h.Faults, k) }

// step is one page of a pass.
type step struct {
	cursor store.Cursor // with which it was asked
	page   source.Page
	ids    []store.ID
}

const maxPages = 10_000

// fetch reads a page.
func (h Harness) fetch(ctx context.Context, w World, src source.Source, c store.Cursor) (step, error) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	if w.Now != nil {
		now = w.Now()
	}
	p, err := src.Fetch(ctx, source.Request{Stream: h.Stream, Cursor: c, Now: now, Limit: h.PageSize})
	st := step{cursor: c, page: p}
	p.Refs(func(r store.Ref) bool {
		if r.Entity == h.Entity {
			st.ids = append(st.ids, r.ID)
		}
		return true
	})
	return st, err
}

// pass reads to the end and returns the pages and the cursor of the next pass.
func (h Harness) pass(t *testing.T, w World, src source.Source, c store.Cursor) ([]step, store.Cursor) {
	t.Helper()
	var steps []step
	for range maxPages {
		st, err := h.fetch(t.Context(), w, src, c)
		if err != nil {
			t.Fatalf("page %d: %v", len(steps)+1, err)
		}
		steps = append(steps, st)
		c = st.page.Next
		if !st.page.More {
			return steps, c
		}
	}
	t.Fatalf("no end after %d pages", maxPages)
	return nil, ""
}

func idsOf(steps []step) []store.ID {
	var all []store.ID
	for _, s := range steps {
		all = append(all, s.ids...)
	}
	return all
}

// once checks that got is want, each exactly once, unless the harness says otherwise.
func (h Harness) once(t *testing.T, got, want []store.ID) {
	t.Helper()
	if h.Repeats {
		slices.Sort(got)
		got = slices.Compact(got)
		want = slices.Compact(slices.Sorted(slices.Values(want)))
	}
	count := map[store.ID]int{}
	for _, id := range got {
		count[id]++
	}
	for _, id := range want {
		if count[id] != 1 {
			t.Errorf("%s came %d times, want once", id, count[id])
		}
		delete(count, id)
	}
	for id := range count {
		t.Errorf("%s does not exist", id)
	}
}

// contains checks that got has all of want.
func contains(t *testing.T, got, want []store.ID) {
	t.Helper()
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("%s is missing", id)
		}
	}
}

// Run checks a source against the contract.
func Run(t *testing.T, h Harness) {
	const n = 47 // several pages and a short last one, for page sizes around ten
	t.Run("Pass", func(t *testing.T) { h.testPass(t, n) })
	t.Run("Resume", func(t *testing.T) { h.testResume(t, n) })
	t.Run("Again", func(t *testing.T) { h.testAgain(t, n) })
	t.Run("Nothing", h.testNothing)
	t.Run("Change", func(t *testing.T) { h.testChange(t, n) })
	t.Run("Cancel", func(t *testing.T) { h.testCancel(t, n) })
	for _, k := range []Kind{ServerError, Cut, HTML, Throttle, Unauthorized, Forbidden, Gone} {
		if h.supports(k) {
			t.Run(k.String(), func(t *testing.T) { h.testFault(t, n, k) })
		}
	}
	for _, k := range []Kind{Hostile, FarDate, Ties} {
		if h.supports(k) {
			t.Run(k.String(), func(t *testing.T) { h.testRows(t, n, k) })
		}
	}
	t.Run("ForeignCursor", func(t *testing.T) {
		w := h.Make(t, n, NoFault)
		_, err := h.fetch(t.Context(), w, w.Source, "\x00 not a cursor")
		if err != nil && !errors.Is(err, source.ErrExpired) {
			t.Errorf("a cursor that nobody wrote: %v; want ErrExpired, or a fresh pass", err)
		}
	})
}

// testPass: every row exactly once; Full on all pages or none; More on all but the last.
func (h Harness) testPass(t *testing.T, n int) {
	w := h.Make(t, n, NoFault)
	if !slices.Contains(w.Source.Streams(), h.Stream) {
		t.Errorf("Streams lacks %s: %v", h.Stream, w.Source.Streams())
	}
	if len(w.Want) != n {
		t.Fatalf("the harness made %d rows, asked for %d", len(w.Want), n)
	}
	steps, _ := h.pass(t, w, w.Source, "")
	h.once(t, idsOf(steps), w.Want)
	for i, s := range steps {
		if s.page.Full != steps[0].page.Full {
			t.Errorf("page %d: Full changes within a pass", i+1)
		}
		if s.page.Total != 0 && s.page.Total < n {
			t.Errorf("page %d: Total %d, but there are %d", i+1, s.page.Total, n)
		}
		for _, iss := range s.page.Issues {
			t.Errorf("page %d: %+v", i+1, iss)
		}
		h.harmless(t, s)
	}
}

// testResume: from every cursor of a pass, a new process reads exactly the rest.
func (h Harness) testResume(t *testing.T, n int) {
	w := h.Make(t, n, NoFault)
	steps, end := h.pass(t, w, w.Source, "")
	for i := range steps {
		rest, next := h.pass(t, w, w.Reopen(), steps[i].cursor)
		h.once(t, idsOf(rest), idsOf(steps[i:]))
		if (next == "") != (end == "") {
			t.Errorf("resumed at page %d: the pass ends with another kind of cursor: %q, %q", i+1, next, end)
		}
		for _, s := range rest {
			if s.page.Full != steps[0].page.Full {
				t.Errorf("resumed at page %d: Full is forgotten", i+1)
			}
		}
	}
}

// testAgain: another pass brings nothing that does not exist, deletes nothing and ends.
func (h Harness) testAgain(t *testing.T, n int) {
	w := h.Make(t, n, NoFault)
	_, c := h.pass(t, w, w.Source, "")
	for range 2 {
		var steps []step
		steps, c = h.pass(t, w, w.Reopen(), c)
		got := idsOf(steps)
		for _, id := range got {
			if !slices.Contains(w.Want, id) {
				t.Errorf("%s does not exist", id)
			}
		}
		for _, s := range steps {
			if len(s.page.Deleted) != 0 {
				t.Errorf("deleted without reason: %v", s.page.Deleted)
			}
			if s.page.Full {
				contains(t, got, w.Want) // a Full pass names everything, or the syncer would remove the rest
			}
		}
	}
}

// testChange: what is added or deleted between passes comes with the next; also what is added during one comes, at the latest with the next.
func (h Harness) testChange(t *testing.T, n int) {
	w := h.Make(t, n, NoFault)
	if w.Add == nil {
		t.Skip("the harness cannot add rows")
	}
	_, c := h.pass(t, w, w.Source, "")
	added := w.Add(13)
	steps, c := h.pass(t, w, w.Source, c)
	contains(t, idsOf(steps), added)

	first, err := h.fetch(t.Context(), w, w.Source, "")
	if err != nil {
		t.Fatal(err)
	}
	during := w.Add(3)
	var got []store.ID
	if end := first.page.Next; first.page.More {
		var rest []step
		rest, end = h.pass(t, w, w.Source, first.page.Next)
		next, _ := h.pass(t, w, w.Source, end)
		got = append(idsOf(rest), idsOf(next)...)
	} else {
		next, _ := h.pass(t, w, w.Source, end)
		got = idsOf(next)
	}
	contains(t, got, during)

	if w.Delete == nil {
		return
	}
	_, c = h.pass(t, w, w.Source, c)
	id := w.Delete()
	steps, _ = h.pass(t, w, w.Source, c)
	found := false
	for _, s := range steps {
		found = found || slices.Contains(s.page.Deleted, store.Ref{Entity: h.Entity, ID: id})
	}
	if !found {
		t.Errorf("the deletion of %s was not reported", id)
	}
}

// testNothing: when nothing has changed, looking for it costs one request.
func (h Harness) testNothing(t *testing.T) {
	w := h.Make(t, 3, NoFault)
	c, ok := w.Source.(source.Counter)
	if !ok {
		t.Skip("the source does not count its requests")
	}
	_, next := h.pass(t, w, w.Source, "")
	if w.Later != nil { // what came shortly before the mark is read again by the overlap, until that is over
		w.Later()
		_, next = h.pass(t, w, w.Source, next)
	}
	before := c.Requests()
	h.pass(t, w, w.Source, next)
	if n := c.Requests() - before; n > max(1, h.Nothing) {
		t.Errorf("a pull of nothing costs %d requests, want %d", n, max(1, h.Nothing))
	}
}

// testCancel: a context that has ended ends the call, also while the server says nothing. (A source that ignores it hangs the test.)
func (h Harness) testCancel(t *testing.T, n int) {
	w := h.Make(t, n, NoFault)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.fetch(ctx, w, w.Source, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: got %v, want context.Canceled", err)
	}
	for _, k := range []Kind{Hang, Drip} {
		if !h.supports(k) {
			continue
		}
		w.Break(Fault{Kind: k, Page: 1})
		ctx, cancel = context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := h.fetch(ctx, w, w.Source, "")
			done <- err
		}()
		if k == Drip {
			time.Sleep(20 * time.Millisecond) // in the middle of the answer
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled during %v: got %v, want context.Canceled", k, err)
		}
	}
}

// testFault: page 2, of a source with one page that one, goes wrong; the error is of the right class and free of secrets; after it heals, the same cursor gives the rest.
func (h Harness) testFault(t *testing.T, n int, k Kind) {
	w := h.Make(t, n, NoFault)
	first, err := h.fetch(t.Context(), w, w.Source, "")
	if err != nil {
		t.Fatal(err)
	}
	had, at := first.ids, first.page.Next
	if !first.page.More {
		had, at = nil, ""
	}
	w.Break(Fault{Kind: k, Page: 1, RetryAfter: "7"})
	st, err := h.fetch(t.Context(), w, w.Source, at)
	if err == nil {
		t.Fatalf("no error, page %+v", st.page)
	}
	if h.Secret != "" && strings.Contains(fmt.Sprintf("%v|%+v|%#v", err, err, err), h.Secret) {
		t.Errorf("the error has the credential in it: %v", strings.ReplaceAll(err.Error(), h.Secret, "<SECRET>"))
	}
	if st.page.Len() != 0 || st.page.Next != "" {
		t.Errorf("a failed page brought %d records and the cursor %q", st.page.Len(), st.page.Next)
	}
	for kind, class := range map[Kind]error{Unauthorized: source.ErrAuth, Forbidden: source.ErrDenied, Gone: source.ErrExpired} {
		if errors.Is(err, class) != (k == kind) {
			t.Errorf("errors.Is(%v, %v) is %v", err, class, errors.Is(err, class))
		}
	}
	if ra := (*source.RetryAfter)(nil); errors.As(err, &ra) != (k == Throttle) {
		t.Errorf("RetryAfter: %v", err)
	} else if want := cmp.Or(h.Wait, 7*time.Second); k == Throttle && ra.Wait != want {
		t.Errorf("told to wait %v, got %v", want, ra.Wait)
	}
	w.Heal()
	rest, _ := h.pass(t, w, w.Source, at)
	h.once(t, append(had, idsOf(rest)...), w.Want)
}

// testRows: rows that are hostile, dated 2999 or all of one instant come all the same, and the next pass still sees what is new.
func (h Harness) testRows(t *testing.T, n int, k Kind) {
	w := h.Make(t, n, k)
	steps, c := h.pass(t, w, w.Source, "")
	contains(t, idsOf(steps), w.Want)
	for _, s := range steps {
		h.harmless(t, s)
	}
	if w.Add == nil {
		return
	}
	added := w.Add(3)
	steps, _ = h.pass(t, w, w.Source, c)
	contains(t, idsOf(steps), added)
}

// harmless: no control character, override or broken text in what a page brings, no date that nobody can mean, and no secret, also not in the cursor.
func (h Harness) harmless(t *testing.T, s step) {
	t.Helper()
	b, err := json.Marshal(s.page.Records)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	walk(v, func(text string) { // issues too: they are shown
		if clean := store.Clean(text, len(text)+1); clean != strings.TrimSpace(text) {
			t.Errorf("hostile text got through: %q", text)
		}
	})
	facts := s.page.Records
	facts.Issues = nil
	if b, err := json.Marshal(facts); err != nil || strings.Contains(string(b), `"2999-`) {
		t.Errorf("a date in 2999 got through, or: %v", err)
	}
	if h.Secret != "" && strings.Contains(string(b)+string(s.page.Next), h.Secret) {
		t.Error("the credential is among the records or in the cursor")
	}
}

func walk(v any, fn func(string)) {
	switch v := v.(type) {
	case string:
		fn(v)
	case []any:
		for _, e := range v {
			walk(e, fn)
		}
	case map[string]any:
		for k, e := range v {
			fn(k)
			walk(e, fn)
		}
	}
}
