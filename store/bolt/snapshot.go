package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// blockLen is how many records a block of All holds at most.
const blockLen = 4096

// View implements [store.Reader]. It may run beside Apply. The strings of one record share memory: whoever keeps a few of them for long clones those.
func (d *DB) View(ctx context.Context, fn func(store.Snapshot) error) error {
	return d.see(ctx, func(s *snapshot) error { return fn(s) })
}

func (d *DB) view(ctx context.Context, fn func(*bbolt.Tx) error) error {
	return d.see(ctx, func(s *snapshot) error { return fn(s.tx) })
}

func (d *DB) see(ctx context.Context, fn func(*snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h := d.take()
	defer h.users.RUnlock()
	return closed(h.bolt.View(func(tx *bbolt.Tx) error { return fn(&snapshot{ctx: ctx, d: d, h: h, tx: tx, preread: d.preread}) }))
}

type snapshot struct {
	ctx context.Context
	d   *DB
	h   *handle
	tx  *bbolt.Tx
	c   coder

	preread func() // nil: it is being read from end to end already
}

// Rev implements [store.Snapshot].
func (s *snapshot) Rev() store.Rev { return revOf(s.tx) }

// All implements [store.Snapshot]. It reads one block ahead of fn: what decodes records and what is made of them take about as long, and on two cores a start
// then takes half the time. The reading goroutine has ended when All returns. A read-only transaction of bbolt caches nothing, so that it may be read from there
// while fn asks s something. What cannot be read is left out and told at the end, as failed statuses of the source crm.db, one for each entity.
func (s *snapshot) All(fn func(*store.Records) error) error {
	if s.preread != nil {
		s.preread()
	}
	r := reading{s: s, blocks: make(chan block), free: make(chan *store.Records, 2), quit: make(chan struct{})}
	r.free <- new(store.Records)
	r.free <- new(store.Records)
	var failed error
	go func() {
		defer close(r.blocks)
		failed = guarded("read the records", r.run)
	}()
	defer func() { // nothing is read from the transaction once it may end, whatever fn did
		close(r.quit)
		for range r.blocks { //nolint:revive // until it is closed
		}
	}()
	for b := range r.blocks {
		if err := fn(b.r); err != nil {
			return err
		}
		kinds[b.e].cut(b.r, 0)
		r.free <- b.r
	}
	if errors.Is(failed, errQuit) {
		failed = nil
	}
	return s.d.note(failed)
}

// Count implements [store.Counter].
func (s *snapshot) Count(e store.Entity) int {
	if !e.Valid() {
		return 0
	}
	n := 0
	_ = guarded("count", func() error { n = s.tx.Bucket(bucketOf(e)).Stats().KeyN; return nil }) // All will tell
	return n
}

// Since implements [store.Snapshot]. A log that is damaged is as good as one that is too short: the error is [store.ErrTrimmed] too, and may come after calls, the
// records are to be read instead.
func (s *snapshot) Since(rev store.Rev, fn func(*store.Delta) error) error {
	var d store.Delta
	var cur *bbolt.Cursor
	var k, v []byte
	err := guarded("read the change log", func() error {
		now := s.Rev()
		if rev > now || rev < trimmed(s.tx, now) {
			return store.ErrTrimmed
		}
		cur = s.tx.Bucket(bucketLog).Cursor()
		k, v = cur.Seek(binary.BigEndian.AppendUint64(nil, uint64(rev)+1))
		return nil
	})
	if err != nil {
		return s.d.note(err)
	}
	for k != nil {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := guarded("read the change log", func() error {
			for e := range kinds {
				if kinds[e] != nil {
					kinds[e].cut(&d.Records, 0)
					kinds[e].cut(&d.Before, 0)
				}
			}
			d.Rev, d.Deleted = store.Rev(binary.BigEndian.Uint64(k)), d.Deleted[:0]
			for ; k != nil && store.Rev(binary.BigEndian.Uint64(k)) == d.Rev; k, v = cur.Next() {
				if err := readPart(&s.c, v, &d); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			if err = s.d.note(err); errors.Is(err, ErrDamaged) {
				err = fmt.Errorf("%w: %w", store.ErrTrimmed, err)
			}
			return err
		}
		if err := fn(&d); err != nil {
			return err
		}
	}
	return nil
}

// IDs implements [store.Snapshot].
func (s *snapshot) IDs(src store.SourceID, e store.Entity, fn func(store.ID) error) error {
	if e == store.EntityStage || e == store.EntityOrg || !e.Valid() {
		return nil
	}
	prefix := []byte(string(src) + ":")
	var cur *bbolt.Cursor
	ids := make([]store.ID, 0, 64)
	for more := true; more; {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		ids = ids[:0]
		if err := guarded("list "+e.String(), func() error {
			var k []byte
			if cur == nil {
				cur = s.tx.Bucket(bucketOf(e)).Cursor()
				k, _ = cur.Seek(prefix)
			} else {
				k, _ = cur.Next()
			}
			for ; bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
				if ids = append(ids, store.ID(k)); len(ids) == blockLen {
					return nil
				}
			}
			more = false
			return nil
		}); err != nil {
			return s.d.note(err)
		}
		for _, id := range ids {
			if err := fn(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Status implements [store.Snapshot].
func (s *snapshot) Status() ([]store.SourceStatus, error) {
	var r store.Records
	err := s.d.note(guarded("read the statuses", func() error {
		return s.tx.Bucket(bucketOf(store.EntityStatus)).ForEach(func(k, v []byte) error {
			return read(&s.c, store.EntityStatus, k, v, &r)
		})
	}))
	slices.SortFunc(r.Statuses, func(a, b store.SourceStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stream, b.Stream))
	})
	return r.Statuses, err
}
