package bolt

import (
	"bytes"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// block is a few records of one entity.
type block struct {
	e store.Entity
	r *store.Records
}

// reading is one All on its own goroutine: it sends every record in blocks, each in memory that it takes from free, until quit is closed.
type reading struct {
	s      *snapshot
	blocks chan block
	free   chan *store.Records
	quit   chan struct{}

	c    coder
	e    store.Entity
	r    *store.Records // being filled; nil: none
	n    int            // records in it
	last []byte         // key of the last record that was looked at
	lost losses
	far  *ahead // nil: the file is being read as a whole
}

// errQuit: whoever asked has left.
var errQuit = errors.New("nobody reads on")

func (r *reading) run() error {
	piecemeal := r.s.preread != nil && !r.s.d.fits() // asked once: what is made of the records takes the memory meanwhile
	for _, e := range store.Entities() {
		r.e, r.last = e, nil
		bucket := r.s.tx.Bucket(bucketOf(e))
		if bucket == nil {
			r.miss(damagedPart("read "+e.String(), errors.New("its bucket is not there")))
			continue
		}
		stop := func() {}
		if piecemeal {
			r.far, stop = r.s.d.follow(uint64(bucket.Root()))
		}
		err := guarded("read "+e.String(), func() error { return r.bucket(bucket) })
		stop()
		r.far = nil
		if errors.Is(err, ErrDamaged) { // a page
			if r.r != nil {
				kinds[e].cut(r.r, r.n) // of the last one, half may be there
			}
			n := r.lost.count[e]
			page := err
			if err = r.beside(uint64(bucket.Root())); r.lost.count[e] == n {
				r.miss(page)
			}
		}
		if err == nil {
			err = r.send()
		}
		if err != nil {
			return err
		}
	}
	if err := r.room(); err != nil {
		return err
	}
	r.e, r.n = store.EntityStatus, r.lost.statuses(r.r)
	return r.send()
}

// bucket reads a bucket in order.
func (r *reading) bucket(b *bbolt.Bucket) error {
	cur := b.Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		if r.last != nil && bytes.Compare(k, r.last) <= 0 { // a branch that leads elsewhere
			return damagedPart("read "+r.e.String(), fmt.Errorf("%q comes after %q", store.Clip(string(k), 80), store.Clip(string(r.last), 80)))
		}
		r.last = k
		if err := r.record(k, v); err != nil {
			return err
		}
	}
	return nil
}

// beside reads on after the last record where a page of the bucket is damaged.
func (r *reading) beside(root uint64) error {
	return r.s.beside(r.e, root, bytes.Clone(r.last), r.record, func(g gap) {
		r.miss(damagedPart(fmt.Sprintf("read %s between %q and %q", r.e, store.Clip(string(g.from), 80), store.Clip(string(g.to), 80)), g.err))
	})
}

// record adds a record to the block. One that is damaged is left out.
func (r *reading) record(k, v []byte) error {
	if err := r.room(); err != nil {
		return err
	}
	if err := read(&r.c, r.e, k, v, r.r); err != nil {
		if !errors.Is(err, ErrDamaged) {
			return err
		}
		kinds[r.e].cut(r.r, r.n)
		r.miss(err)
		return nil
	}
	r.n++
	if r.n < blockLen {
		return nil
	}
	r.far.reached(k)
	return r.send()
}

// miss remembers what could not be read.
func (r *reading) miss(err error) {
	r.lost.add(r.e, err)
	_ = r.s.d.note(err)
}

// room gets memory for a block; nobody gives any back once the caller has left.
func (r *reading) room() error {
	if r.r != nil {
		return nil
	}
	if err := r.s.ctx.Err(); err != nil {
		return err
	}
	select {
	case r.r = <-r.free:
		return nil
	case <-r.quit:
		return errQuit
	}
}

// send gives the block to the caller.
func (r *reading) send() error {
	if r.r == nil || r.n == 0 {
		return nil
	}
	select {
	case r.blocks <- block{r.e, r.r}:
		r.r, r.n = nil, 0
		return nil
	case <-r.quit:
		return errQuit
	}
}
