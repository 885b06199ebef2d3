package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// blockLen is how many records a block of All holds at most.
const blockLen = 4096

// View implements [store.Reader]. It may run beside Apply. The strings of one record share memory: whoever keeps a few of them for long clones those.
func (d *DB) View(ctx context.Context, fn func(store.Snapshot) error) error {
	return d.view(ctx, func(tx *bbolt.Tx) error { return fn(&snapshot{ctx: ctx, tx: tx, preread: d.preread}) })
}

func (d *DB) view(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return closed(d.bolt.View(fn))
}

type snapshot struct {
	ctx context.Context
	tx  *bbolt.Tx
	c   coder

	preread func() // nil: it is being read from end to end already
}

// Rev implements [store.Snapshot].
func (s *snapshot) Rev() store.Rev { return revOf(s.tx) }

// All implements [store.Snapshot]. It reads one block ahead of fn: what decodes records and what is made of them take about as long, and on two cores a start
// then takes half the time. The reading goroutine has ended when All returns. A read-only transaction of bbolt caches nothing, so that it may be read from there
// while fn asks s something.
func (s *snapshot) All(fn func(*store.Records) error) error {
	if s.preread != nil {
		s.preread()
	}
	blocks, free, quit := make(chan block), make(chan *store.Records, 2), make(chan struct{})
	free <- new(store.Records)
	free <- new(store.Records)
	var failed error
	var crash any
	go func() {
		defer close(blocks)
		defer func() { crash = recover() }() // of a damaged page: the caller's goroutine is where somebody expects it
		failed = s.scan(blocks, free, quit)
	}()
	defer func() { // nothing is read from the transaction once it may end, whatever fn did
		close(quit)
		for range blocks { //nolint:revive // until it is closed
		}
	}()
	for b := range blocks {
		if err := fn(b.r); err != nil {
			return err
		}
		kinds[b.e].reset(b.r)
		free <- b.r
	}
	if crash != nil {
		panic(crash)
	}
	return failed
}

// block is a few records of one entity.
type block struct {
	e store.Entity
	r *store.Records
}

// scan sends every record in blocks, each in memory that it takes from free, until quit is closed.
func (s *snapshot) scan(out chan<- block, free <-chan *store.Records, quit <-chan struct{}) error {
	debug.SetPanicOnFault(true) // the disk cannot give a page of the map
	var c coder
	for _, e := range store.Entities() {
		cur := s.tx.Bucket(bucketOf(e)).Cursor()
		for k, v := cur.First(); k != nil; {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			var r *store.Records
			select { // nobody gives memory back once the caller has left
			case r = <-free:
			case <-quit:
				return nil
			}
			for n := 0; k != nil && n < blockLen; n++ {
				if err := read(&c, e, k, v, r); err != nil {
					return err
				}
				k, v = cur.Next()
			}
			select {
			case out <- block{e, r}:
			case <-quit:
				return nil
			}
		}
	}
	return nil
}

// Count implements [store.Counter].
func (s *snapshot) Count(e store.Entity) int {
	if !e.Valid() {
		return 0
	}
	return s.tx.Bucket(bucketOf(e)).Stats().KeyN
}

// Since implements [store.Snapshot].
func (s *snapshot) Since(rev store.Rev, fn func(*store.Delta) error) error {
	log, now := s.tx.Bucket(bucketLog), s.Rev()
	if rev > now || rev < trimmed(s.tx, now) {
		return store.ErrTrimmed
	}
	var d store.Delta
	cur := log.Cursor()
	k, v := cur.Seek(binary.BigEndian.AppendUint64(nil, uint64(rev)+1))
	for k != nil {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		for e := range kinds {
			if kinds[e] != nil {
				kinds[e].reset(&d.Records)
				kinds[e].reset(&d.Before)
			}
		}
		d.Rev, d.Deleted = store.Rev(binary.BigEndian.Uint64(k)), d.Deleted[:0]
		for ; k != nil && store.Rev(binary.BigEndian.Uint64(k)) == d.Rev; k, v = cur.Next() {
			if err := readPart(&s.c, v, &d); err != nil {
				return err
			}
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
	cur := s.tx.Bucket(bucketOf(e)).Cursor()
	n := 0
	for k, _ := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
		if n++; n%blockLen == 0 {
			if err := s.ctx.Err(); err != nil {
				return err
			}
		}
		if err := fn(store.ID(k)); err != nil {
			return err
		}
	}
	return nil
}

// Status implements [store.Snapshot].
func (s *snapshot) Status() ([]store.SourceStatus, error) {
	var r store.Records
	err := s.tx.Bucket(bucketOf(store.EntityStatus)).ForEach(func(k, v []byte) error {
		return read(&s.c, store.EntityStatus, k, v, &r)
	})
	slices.SortFunc(r.Statuses, func(a, b store.SourceStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stream, b.Stream))
	})
	return r.Statuses, err
}
