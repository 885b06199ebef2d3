package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// row is one record on its way into the file.
type row struct {
	key   store.ID
	value []byte
}

// Cursor implements [store.Writer].
func (d *DB) Cursor(ctx context.Context, src store.SourceID, s store.Stream) (c store.Cursor, err error) {
	err = d.view(ctx, func(tx *bbolt.Tx) error {
		c = store.Cursor(tx.Bucket(bucketCursor).Get(cursorKey(src, s)))
		return nil
	})
	return c, err
}

func cursorKey(src store.SourceID, s store.Stream) []byte {
	return []byte(string(src) + "\x00" + string(s))
}

// Apply implements [store.Writer]. Batches of about 10,000 records are quickest. Encoding happens before the write lock is taken. Once the commit
// itself has begun, ctx no longer stops it.
func (d *DB) Apply(ctx context.Context, b *store.Batch) (store.Rev, error) {
	fail := func(err error) (store.Rev, error) {
		return 0, fmt.Errorf("apply %s/%s: %w", b.Source, b.Stream, err)
	}
	if err := b.Check(); err != nil {
		return 0, err
	}
	if d.o.ReadOnly {
		return fail(errors.New("the store was opened for reading only"))
	}
	w := &work{b: b, ctx: ctx, d: d, seen: b.Seen, dead: make(map[store.Ref]bool, len(b.Deleted)), gone: map[store.ID]bool{}}
	if w.seen.IsZero() {
		w.seen = d.o.now()
	}
	w.encode()

	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return fail(ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	var before, rev store.Rev
	err := d.whole()
	if err == nil {
		before, rev, err = w.commit()
	}
	if err != nil {
		return fail(advise(d.note(closed(err)), d.dir, "the store stands as it stood, and goes on by itself once there is room"))
	}
	if rev != before {
		d.Notify(rev)
	}
	return rev, nil
}

// commit applies w in one transaction.
func (w *work) commit() (before, rev store.Rev, err error) {
	err = w.d.update(func(tx *bbolt.Tx) error {
		w.tx = tx
		before = revOf(tx)
		if rev, err = w.apply(before); err == nil && !w.dirty {
			err = errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return before, rev, err
}

// errNothing takes back a transaction that would write nothing.
var errNothing = errors.New("nothing changed")

// update runs fn in a transaction of its own; the caller holds the writer's token. A damaged page makes bbolt panic, and it may do so again while it takes
// everything back: then its lock stays taken, which stuck remembers. The file is as it was in either case.
func (d *DB) update(fn func(*bbolt.Tx) error) error {
	if d.stuck.Load() {
		return d.whole()
	}
	return guarded("write", func() error {
		tx, err := d.bolt().Begin(true)
		if err != nil {
			return err
		}
		d.stuck.Store(true)
		defer func() {
			_ = tx.Rollback() // after a commit it does nothing
			d.stuck.Store(false)
		}()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// work is one Apply.
type work struct {
	b     *store.Batch
	ctx   context.Context
	tx    *bbolt.Tx
	d     *DB
	seen  time.Time
	c     coder
	rows  [len(kinds)][]row
	dead  map[store.Ref]bool // tombstones, also those that follow from others
	gone  map[store.ID]bool  // deals among them
	log   []entry
	dirty bool
	n     int

	loose     map[store.ID]*store.Touch // touches of the batch with a deal and without an account
	placed    map[store.ID]store.ID     // the others, and their deals; nil where nothing is loose
	moved     []store.ID                // deals that were put
	followers []row                     // stored touches that go where their deal went
}

// alive reports the end of the context, asked once for many rows.
func (w *work) alive() error {
	if w.n++; w.n%1024 == 0 {
		return w.ctx.Err()
	}
	return nil
}

func (w *work) encode() {
	seen := seenBytes(w.seen)
	never := seenBytes(time.Time{})
	var key []byte
	for e := range kinds {
		if kinds[e] == nil {
			continue
		}
		w.rows[e] = kinds[e].encode(&w.c, &w.b.Records, nil)
		if kinds[e].seen() {
			for _, r := range w.rows[e] {
				if at := r.value[1 : 1+seenLen]; bytes.Equal(at, never) {
					copy(at, seen)
				}
			}
		}
		w.rows[e] = distinct(w.rows[e])
		for _, r := range w.rows[e] {
			key = append(key[:0], r.key...)
			seal(store.Entity(e), key, r.value)
		}
	}
	w.findOwn()
	for _, ref := range w.b.Deleted {
		w.dead[ref] = true
		if ref.Entity == store.EntityDeal {
			w.gone[ref.ID] = true
		}
	}
}

// distinct sorts rows by key, as the tree wants them, and keeps the last of each.
func distinct(rows []row) []row {
	byKey := func(a, b row) int { return cmp.Compare(a.key, b.key) }
	if !slices.IsSortedFunc(rows, byKey) {
		slices.SortStableFunc(rows, byKey)
	}
	out := rows[:0]
	for i, r := range rows {
		if i+1 < len(rows) && rows[i+1].key == r.key {
			continue
		}
		out = append(out, r)
	}
	return out
}

func (w *work) apply(rev store.Rev) (store.Rev, error) {
	if w.b.ClearIssues {
		if err := w.clearIssues(); err != nil {
			return 0, err
		}
	}
	if len(w.gone) > 0 {
		for _, e := range []store.Entity{store.EntityChange, store.EntityEvidence} {
			if err := w.cascade(e); err != nil {
				return 0, err
			}
		}
	}
	for _, e := range store.Entities() { // deals come before changes, which they may add to, and before touches, which go where they go
		if e == store.EntityTouch {
			if err := w.follow(); err != nil {
				return 0, err
			}
		}
		if err := w.put(e); err != nil {
			return 0, err
		}
	}
	if err := w.delete(); err != nil {
		return 0, err
	}
	if err := w.cursor(); err != nil {
		return 0, err
	}
	if len(w.log) == 0 {
		return rev, nil
	}
	rev++
	w.dirty = true
	if err := setRev(w.tx, rev); err != nil {
		return 0, err
	}
	return rev, appendLog(w.tx, rev, w.log, w.d.keep(w.tx))
}

// put writes the rows of e that differ from what is stored.
func (w *work) put(e store.Entity) error {
	if len(w.rows[e]) == 0 {
		return nil
	}
	bucket, seen := w.tx.Bucket(bucketOf(e)), kinds[e].seen()
	last, _ := bucket.Cursor().Last()
	if string(last) < string(w.rows[e][0].key) { // a first load: all go to the end, in order
		bucket.FillPercent = 0.9
	}
	w.log = slices.Grow(w.log, len(w.rows[e]))
	var derived []row
	var key []byte
	for _, r := range w.rows[e] {
		if err := w.alive(); err != nil {
			return err
		}
		if len(w.dead) > 0 && w.dead[store.Ref{Entity: e, ID: r.key}] {
			continue
		}
		key = append(key[:0], r.key...)
		var old []byte
		if bytes.Compare(key, last) <= 0 {
			old = bucket.Get(key)
		}
		if old != nil && same(old, r.value, seen) {
			continue
		}
		if e == store.EntityDeal && w.b.Track != 0 && (old != nil || bytes.Contains(r.value, versionMark)) {
			var err error
			if derived, err = w.derive(derived, key, old, r.value); err != nil {
				return err
			}
		}
		if old != nil { // it would go into the log, and that something was wrong would be forgotten
			if err := sealed(e, key, old); err != nil {
				return damagedPart(fmt.Sprintf("replace %s %q", e, store.Clip(string(key), 80)), err)
			}
		}
		if err := bucket.Put(key, r.value); err != nil {
			return fmt.Errorf("write %s %q: %w", e, store.Clip(string(r.key), 80), err)
		}
		if e == store.EntityDeal {
			w.moved = append(w.moved, r.key)
		}
		line := entry{ref: store.Ref{Entity: e, ID: r.key}, value: r.value}
		if e.Fact() {
			line.old = old
		}
		w.log = append(w.log, line)
	}
	if len(derived) > 0 { // what the source says of its history weighs more than what we infer: it comes last
		w.rows[store.EntityChange] = distinct(append(derived, w.rows[store.EntityChange]...))
	}
	return nil
}

// same compares what a stored record says with what one that comes does; when we learned it makes no difference.
func same(old, new []byte, seen bool) bool {
	if len(old) == 0 || old[0]&^sealFlag != new[0]&^sealFlag {
		return false
	}
	old, new = body(old), body(new)
	if seen && len(old) == len(new) && len(new) > seenLen {
		old, new = old[seenLen:], new[seenLen:]
	}
	return bytes.Equal(old, new)
}

// versionMark stands in the record of every deal that has one of the rep's other versions: in optimistic_… as in pessimistic_….
var versionMark = []byte("imistic_")

// derive appends a change for every tracked field in which the stored deal differs from the one that comes; old is nil of a new deal, which only has its versions told.
func (w *work) derive(out []row, key, old, new []byte) ([]row, error) {
	var both store.Records
	var c coder
	if old == nil {
		both.Deals = []store.Deal{{}}
	}
	for _, value := range [][]byte{old, new} {
		if value == nil {
			continue
		}
		if err := read(&c, store.EntityDeal, key, value, &both); err != nil {
			return nil, err
		}
	}
	was, is := &both.Deals[0], &both.Deals[1]
	at := w.seen
	if is.Modified.After(was.Modified) {
		at = is.Modified
	}
	type pair struct {
		field    store.Field
		from, to string
	}
	all := []pair{
		{store.FieldStage, string(was.Stage), string(is.Stage)},
		{store.FieldAmount, was.Amount.String(), is.Amount.String()},
		{store.FieldClose, was.Close.String(), is.Close.String()},
		{store.FieldOwner, string(was.Owner), string(is.Owner)},
		{store.FieldCategory, was.Category.String(), is.Category.String()},
	}
	if old == nil {
		all = nil
	}
	for _, f := range store.VersionFields() {
		all = append(all, pair{f, was.Version(f), is.Version(f)})
	}
	for _, f := range all {
		if w.b.Track.Has(f.field) && f.from != f.to {
			ch := store.Change{Deal: is.ID, Field: f.field, From: f.from, To: f.to, At: at, Seen: w.seen}
			r := sealable(&w.c, &ch, change)
			seal(store.EntityChange, []byte(r.key), r.value)
			out = append(out, r)
		}
	}
	return out, nil
}

// clearIssues marks the stored issues of the batch's stream that the batch does not name again.
func (w *work) clearIssues() error {
	again := make(map[store.ID]bool, len(w.rows[store.EntityIssue]))
	for _, r := range w.rows[store.EntityIssue] {
		again[r.key] = true
	}
	prefix := []byte(string(w.b.Source) + ":")
	var one store.Records
	var c coder
	cur := w.tx.Bucket(bucketOf(store.EntityIssue)).Cursor()
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		one.Issues = one.Issues[:0]
		if err := read(&c, store.EntityIssue, k, v, &one); err != nil {
			return err
		}
		if i := &one.Issues[0]; i.Source == w.b.Source && i.Stream == w.b.Stream && !again[store.ID(k)] {
			w.dead[store.Ref{Entity: store.EntityIssue, ID: store.ID(k)}] = true
		}
	}
	return nil
}

// cascade marks the records of e, stored or coming, that belong to a deal which goes. There is no index from a deal to them: deals seldom go.
func (w *work) cascade(e store.Entity) error {
	var one store.Records
	var c coder
	mark := func(k, v []byte) error {
		kinds[e].cut(&one, 0)
		if err := errors.Join(w.alive(), read(&c, e, k, v, &one)); err != nil {
			return err
		}
		if len(one.Changes) > 0 && w.gone[one.Changes[0].Deal] || len(one.Evidence) > 0 && w.gone[one.Evidence[0].Deal] {
			w.dead[store.Ref{Entity: e, ID: store.ID(k)}] = true
		}
		return nil
	}
	for _, r := range w.rows[e] {
		if err := mark([]byte(r.key), r.value); err != nil {
			return err
		}
	}
	return w.tx.Bucket(bucketOf(e)).ForEach(mark)
}

func (w *work) delete() error {
	refs := make([]store.Ref, 0, len(w.dead))
	for ref := range w.dead {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b store.Ref) int { return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID)) })
	for _, ref := range refs {
		if err := w.alive(); err != nil {
			return err
		}
		bucket := w.tx.Bucket(bucketOf(ref.Entity))
		old := bucket.Get([]byte(ref.ID)) // it stays where it is until the commit
		if old == nil {
			continue
		}
		if err := sealed(ref.Entity, []byte(ref.ID), old); err != nil {
			return damagedPart(fmt.Sprintf("delete %s %q", ref.Entity, store.Clip(string(ref.ID), 80)), err)
		}
		if err := bucket.Delete([]byte(ref.ID)); err != nil {
			return fmt.Errorf("delete %s %q: %w", ref.Entity, store.Clip(string(ref.ID), 80), err)
		}
		line := entry{ref: ref}
		if ref.Entity.Fact() {
			line.old = old
		}
		w.log = append(w.log, line)
	}
	return nil
}

func (w *work) cursor() error {
	if w.b.Stream == "" {
		return nil
	}
	bucket, key := w.tx.Bucket(bucketCursor), cursorKey(w.b.Source, w.b.Stream)
	if string(bucket.Get(key)) == string(w.b.Next) {
		return nil
	}
	w.dirty = true
	if w.b.Next == "" {
		return bucket.Delete(key)
	}
	return bucket.Put(key, []byte(w.b.Next))
}

// seenLen is how many bytes a moment takes; in a fact they follow the version byte.
const seenLen = 8 + 4

func seenBytes(t time.Time) []byte {
	var c coder
	c.time(&t)
	return c.buf
}
