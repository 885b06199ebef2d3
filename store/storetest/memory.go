package storetest

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"flightdeck/store"
)

// LogLimit is how many entries of its change log a store under [Suite] keeps: few, so that trimming can be tested without a hundred thousand rows.
const LogLimit = 300

// foldLimit is how many entries Memory keeps at most for the sake of its chunks.
const foldLimit = 4 * LogLimit

// blockLen is the bound on a block of [store.Snapshot.All] in Memory: odd and small, so that users meet more than one block.
const blockLen = 97

// Memory is a store in memory for tests: Reader, Writer, Watcher and Folder. It may be used from any goroutine.
type Memory struct {
	store.Notifier[store.Rev]
	// Now is the clock for batches without Seen; nil: time.Now. Set it before use.
	Now func() time.Time

	write sync.Mutex // serialises Apply, so that revisions are announced in order
	mu    sync.RWMutex
	state memoryState
}

type memoryState struct {
	rev     store.Rev
	rows    map[store.Ref]any
	cursors map[[2]string]store.Cursor
	loose   map[store.ID]bool // touches that came without an account
	log     []memoryEntry
	trimmed store.Rev // the newest revision that the log no longer holds whole
	set     *memoryChunks
}

type memoryEntry struct {
	rev store.Rev
	ref store.Ref
	row any // nil: deleted
	old any // nil: there was none
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{state: memoryState{rows: map[store.Ref]any{}, cursors: map[[2]string]store.Cursor{}, loose: map[store.ID]bool{}}}
}

// Cursor implements [store.Writer].
func (m *Memory) Cursor(ctx context.Context, src store.SourceID, s store.Stream) (store.Cursor, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.cursors[[2]string{string(src), string(s)}], ctx.Err()
}

// Apply implements [store.Writer].
func (m *Memory) Apply(ctx context.Context, b *store.Batch) (store.Rev, error) {
	if err := b.Check(); err != nil {
		return 0, err
	}
	m.write.Lock()
	defer m.write.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	before := m.state.rev
	rev := m.state.apply(b, m.now)
	m.mu.Unlock()
	if rev != before {
		m.Notify(rev)
	}
	return rev, nil
}

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now()
	}
	return time.Now()
}

// apply works out what every named record is to be (nil: gone) and then writes down what differs.
func (s *memoryState) apply(b *store.Batch, now func() time.Time) store.Rev {
	seen := b.Seen
	if seen.IsZero() {
		seen = now()
	}
	want := map[store.Ref]any{}
	if b.ClearIssues {
		for ref, row := range s.rows {
			if i, ok := row.(store.Issue); ok && i.Source == b.Source && i.Stream == b.Stream {
				want[ref] = nil
			}
		}
	}
	given := map[store.Ref]any{}
	for ref, row := range rowsOf(&b.Records) {
		given[ref] = normal(ref, row, seen)
	}
	for ref, row := range given {
		if d, ok := row.(store.Deal); ok {
			old, known := s.rows[ref].(store.Deal)
			for _, c := range derive(old, known, d, b.Track, seen) {
				want[store.Ref{Entity: store.EntityChange, ID: c.Key()}] = normal(store.Ref{Entity: store.EntityChange, ID: c.Key()}, c, seen)
			}
		}
	}
	maps.Copy(want, given)
	for _, ref := range b.Deleted {
		want[ref] = nil
	}
	s.follow(want)
	gone := map[store.ID]bool{}
	for _, ref := range b.Deleted {
		if ref.Entity == store.EntityDeal {
			gone[ref.ID] = true
		}
	}
	for _, rows := range []map[store.Ref]any{s.rows, want} {
		for ref, row := range rows {
			switch v := row.(type) {
			case store.Change:
				if gone[v.Deal] {
					want[ref] = nil
				}
			case store.Evidence:
				if gone[v.Deal] {
					want[ref] = nil
				}
			}
		}
	}

	var entries []memoryEntry
	for ref, row := range want {
		old, had := s.rows[ref]
		switch {
		case row == nil && had:
			delete(s.rows, ref)
		case row == nil, had && reflect.DeepEqual(withSeen(row, time.Time{}), withSeen(old, time.Time{})):
			continue
		default:
			s.rows[ref] = row
		}
		entries = append(entries, memoryEntry{s.rev + 1, ref, row, old})
	}
	if b.Stream != "" {
		s.cursors[[2]string{string(b.Source), string(b.Stream)}] = b.Next
	}
	if len(entries) == 0 {
		return s.rev
	}
	s.rev++
	slices.SortFunc(entries, func(a, b memoryEntry) int { return compareRefs(a.ref, b.ref) })
	s.log = append(s.log, entries...)
	n := len(s.log) - LogLimit
	if s.set != nil && s.set.rev >= s.trimmed { // the newest chunks need what came after them
		needed := len(s.log) - slices.IndexFunc(s.log, func(e memoryEntry) bool { return e.rev > s.set.rev })
		n = min(n, len(s.log)-min(needed, foldLimit))
	}
	if n > 0 {
		s.trimmed = s.log[n-1].rev
		s.log = slices.Clone(s.log[n:])
	}
	return s.rev
}

// follow gives the touches that came with a deal and without an account that of the deal, as it will stand.
func (s *memoryState) follow(want map[store.Ref]any) {
	dealOf := func(id store.ID) (d store.Deal, ok bool) {
		ref := store.Ref{Entity: store.EntityDeal, ID: id}
		if d, ok = want[ref].(store.Deal); !ok {
			d, ok = s.rows[ref].(store.Deal)
		}
		return d, ok
	}
	for ref, row := range want {
		if ref.Entity != store.EntityTouch {
			continue
		}
		t, _ := row.(store.Touch)
		if s.loose[ref.ID] = t.Account == "" && t.Deal != ""; s.loose[ref.ID] {
			if d, ok := dealOf(t.Deal); ok {
				t.Account = d.Account
				want[ref] = t
			}
		}
	}
	for ref, row := range s.rows {
		t, ok := row.(store.Touch)
		if _, comes := want[ref]; !ok || comes || !s.loose[ref.ID] {
			continue
		}
		if d, ok := dealOf(t.Deal); ok && d.Account != t.Account {
			if _, comes := want[store.Ref{Entity: store.EntityDeal, ID: t.Deal}].(store.Deal); comes {
				t.Account = d.Account
				want[ref] = t
			}
		}
	}
}

// derive says which tracked fields differ between the deal that is stored and the one that comes.
func derive(old store.Deal, known bool, d store.Deal, track store.Fields, seen time.Time) (out []store.Change) {
	at := seen
	if d.Modified.After(old.Modified) {
		at = d.Modified
	}
	add := func(f store.Field, from, to string) {
		if track.Has(f) && from != to {
			out = append(out, store.Change{Deal: d.ID, Field: f, From: from, To: to, At: at, Seen: seen})
		}
	}
	for _, f := range store.VersionFields() {
		add(f, old.Version(f), d.Version(f))
	}
	if !known {
		return out
	}
	add(store.FieldStage, string(old.Stage), string(d.Stage))
	add(store.FieldAmount, old.Amount.String(), d.Amount.String())
	add(store.FieldClose, old.Close.String(), d.Close.String())
	add(store.FieldOwner, string(old.Owner), string(d.Owner))
	add(store.FieldCategory, old.Category.String(), d.Category.String())
	return out
}

// View implements [store.Reader]. Writers wait while fn runs.
func (m *Memory) View(ctx context.Context, fn func(store.Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fn(memorySnapshot{ctx, &m.state})
}

type memorySnapshot struct {
	ctx context.Context
	*memoryState
}

// Rev implements [store.Snapshot].
func (s memorySnapshot) Rev() store.Rev { return s.rev }

func (s memorySnapshot) refs(keep func(store.Ref) bool) []store.Ref {
	refs := make([]store.Ref, 0, len(s.rows))
	for ref := range s.rows {
		if keep(ref) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, compareRefs)
	return refs
}

// All implements [store.Snapshot].
func (s memorySnapshot) All(fn func(*store.Records) error) error {
	refs := s.refs(func(store.Ref) bool { return true })
	for len(refs) > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n := 1
		for n < len(refs) && n < blockLen && refs[n].Entity == refs[0].Entity {
			n++
		}
		var block store.Records // a new one each time: whoever keeps it is caught by the stores that reuse it
		for _, ref := range refs[:n] {
			addRow(&block, s.rows[ref])
		}
		if err := fn(&block); err != nil {
			return err
		}
		refs = refs[n:]
	}
	return nil
}

// Since implements [store.Snapshot].
func (s memorySnapshot) Since(rev store.Rev, fn func(*store.Delta) error) error {
	if rev < s.trimmed || rev > s.rev {
		return store.ErrTrimmed
	}
	log := s.log
	for len(log) > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		d := store.Delta{Rev: log[0].rev}
		for len(log) > 0 && log[0].rev == d.Rev {
			e := log[0]
			if e.row == nil {
				d.Deleted = append(d.Deleted, e.ref)
			} else {
				addRow(&d.Records, e.row)
			}
			if e.old != nil && e.ref.Entity.Fact() {
				addRow(&d.Before, e.old)
			}
			log = log[1:]
		}
		if d.Rev <= rev {
			continue
		}
		if err := fn(&d); err != nil {
			return err
		}
	}
	return nil
}

// IDs implements [store.Snapshot].
func (s memorySnapshot) IDs(src store.SourceID, e store.Entity, fn func(store.ID) error) error {
	if e == store.EntityStage || e == store.EntityOrg {
		return nil
	}
	for _, ref := range s.refs(func(r store.Ref) bool { return r.Entity == e && strings.HasPrefix(string(r.ID), string(src)+":") }) {
		if err := fn(ref.ID); err != nil {
			return err
		}
	}
	return nil
}

// Status implements [store.Snapshot].
func (s memorySnapshot) Status() (out []store.SourceStatus, err error) {
	for _, row := range s.rows {
		if v, ok := row.(store.SourceStatus); ok {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b store.SourceStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stream, b.Stream))
	})
	return out, nil
}
