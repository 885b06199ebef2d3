package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// maxMessages is how many messages are kept: beyond it the oldest that are done go. Their keys stay.
const maxMessages = 20_000

// Post implements [store.Outbox].
func (d *Desk) Post(ctx context.Context, ms ...store.Message) (n int, err error) {
	err = d.update(ctx, "post", func(tx *bbolt.Tx) (bool, error) {
		n, err = post(tx, d.o.Now(), ms)
		return n > 0, err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// post keeps the messages whose keys are new.
func post(tx *bbolt.Tx, at time.Time, ms []store.Message) (added int, err error) {
	bucket, posted, open := tx.Bucket(bucketMessage), tx.Bucket(bucketPosted), tx.Bucket(bucketOpen)
	for _, m := range ms {
		if m, err = m.Posted(bucket.Sequence()+1, at); err != nil {
			return 0, err
		}
		if posted.Get([]byte(m.Key)) != nil {
			continue
		}
		if err := errors.Join(bucket.SetSequence(m.Seq), posted.Put([]byte(m.Key), seqKey(m.Seq)), open.Put(seqKey(m.Seq), nil), putMessage(tx, &m)); err != nil {
			return 0, err
		}
		added++
	}
	return added, trimMessages(tx)
}

// trimMessages drops the oldest that are done. Sequences have no gaps but those that it made, so that it needs no counting.
func trimMessages(tx *bbolt.Tx) error {
	bucket, open := tx.Bucket(bucketMessage), tx.Bucket(bucketOpen)
	first, _ := bucket.Cursor().First()
	if first == nil || bucket.Sequence()-seqOf(first) < maxMessages {
		return nil
	}
	cur := bucket.Cursor()
	var old [][]byte
	for k, _ := cur.First(); k != nil && bucket.Sequence()-seqOf(k) >= maxMessages && len(old) < 1000; k, _ = cur.Next() {
		if open.Get(k) == nil {
			old = append(old, k)
		}
	}
	for _, k := range old {
		if err := bucket.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func putMessage(tx *bbolt.Tx, m *store.Message) error {
	return tx.Bucket(bucketMessage).Put(seqKey(m.Seq), encode(&coder{}, m, message).value)
}

func readMessage(c *coder, key, value []byte, m *store.Message) error {
	if err := decode(c, nil, value, m, message); err != nil {
		return damaged("message", key, err)
	}
	m.Seq = seqOf(key)
	return nil
}

// Waiting implements [store.Outbox].
func (d *Desk) Waiting(ctx context.Context, fn func(store.Message) error) error {
	var c coder
	return d.view(ctx, "read messages", func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketMessage)
		return tx.Bucket(bucketOpen).ForEach(func(k, _ []byte) error {
			value := bucket.Get(k)
			if value == nil {
				return damaged("message", k, store.ErrNotFound)
			}
			var m store.Message
			if err := readMessage(&c, k, value, &m); err != nil {
				return err
			}
			return fn(m)
		})
	})
}

// Messages implements [store.Outbox].
func (d *Desk) Messages(ctx context.Context, seq uint64, fn func(store.Message) error) error {
	var c coder
	return d.view(ctx, "read messages", func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bucketMessage).Cursor()
		k, value := cur.Last()
		if seq > 0 {
			if at, _ := cur.Seek(seqKey(seq)); at == nil {
				k, value = cur.Last()
			} else {
				k, value = cur.Prev()
			}
		}
		for ; k != nil; k, value = cur.Prev() {
			var m store.Message
			if err := errors.Join(ctx.Err(), readMessage(&c, k, value, &m)); err != nil {
				return err
			}
			if err := fn(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// Record implements [store.Outbox].
func (d *Desk) Record(ctx context.Context, seq uint64, ds ...store.Delivery) error {
	return d.update(ctx, fmt.Sprintf("record message %d", seq), func(tx *bbolt.Tx) (bool, error) {
		return false, amend(tx, seq, func(m *store.Message) bool { m.Merge(ds...); return true })
	})
}

// Retry implements [store.Outbox].
func (d *Desk) Retry(ctx context.Context, seqs ...uint64) (n int, err error) {
	err = d.update(ctx, "retry", func(tx *bbolt.Tx) (bool, error) {
		n = 0
		if len(seqs) == 0 {
			if err := tx.Bucket(bucketMessage).ForEach(func(k, _ []byte) error { seqs = append(seqs, seqOf(k)); return nil }); err != nil {
				return false, err
			}
		}
		for _, seq := range seqs {
			if err := amend(tx, seq, func(m *store.Message) bool {
				again := m.Again()
				if again {
					n++
				}
				return again
			}); err != nil {
				return false, fmt.Errorf("message %d: %w", seq, err)
			}
		}
		return n > 0, nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// amend rewrites a message, if fn says so, and its place among the open ones.
func amend(tx *bbolt.Tx, seq uint64, fn func(*store.Message) bool) error {
	key := seqKey(seq)
	value := tx.Bucket(bucketMessage).Get(key)
	if value == nil {
		return store.ErrNotFound
	}
	var m store.Message
	if err := readMessage(&coder{}, key, value, &m); err != nil || !fn(&m) {
		return err
	}
	open := tx.Bucket(bucketOpen)
	if m.Open() {
		return errors.Join(open.Put(key, nil), putMessage(tx, &m))
	}
	return errors.Join(open.Delete(key), putMessage(tx, &m))
}

func message(c *coder, v *store.Message) {
	c.time(&v.At)
	c.time(&v.After)
	c.bool(&v.Urgent)
	c.bool(&v.Routed)
	n := int(c.uint32(uint32(len(v.Deliveries))))
	if c.reading && n > 0 && n <= len(c.buf) {
		v.Deliveries = make([]store.Delivery, n)
	}
	for i := range v.Deliveries {
		d := &v.Deliveries[i]
		enum(c, &d.State)
		integer(c, &d.Tries)
		c.time(&d.Last)
		c.time(&d.Next)
	}
	text(c, &v.Key)
	text(c, &v.Kind)
	text(c, &v.Node)
	text(c, &v.Title)
	text(c, &v.Text)
	text(c, &v.Link)
	for i := range v.Deliveries {
		text(c, &v.Deliveries[i].Notifier)
		text(c, &v.Deliveries[i].Error)
	}
}
