package bolt

import (
	"bytes"
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

// post keeps the messages whose keys are new, with which of ds caused them.
func post(tx *bbolt.Tx, at time.Time, ms []store.Message, ds ...store.Decision) (added int, err error) {
	bucket, posted, open := tx.Bucket(bucketMessage), tx.Bucket(bucketPosted), tx.Bucket(bucketOpen)
	for _, m := range ms {
		if m, err = m.Posted(bucket.Sequence()+1, at, len(ds)); err != nil {
			return 0, err
		}
		if posted.Get([]byte(m.Key)) != nil {
			continue
		}
		added++
		if m.Routed {
			if err := posted.Put([]byte(m.Key), seqKey(0)); err != nil {
				return 0, err
			}
			continue
		}
		if err := errors.Join(bucket.SetSequence(m.Seq), posted.Put([]byte(m.Key), seqKey(m.Seq)), putMessage(tx, &m)); err != nil {
			return 0, err
		}
		if err := open.Put(seqKey(m.Seq), nil); err != nil {
			return 0, err
		}
		if m.Decision == 0 {
			continue
		}
		causes, err := tx.CreateBucketIfNotExists(bucketCause)
		if err != nil {
			return 0, err
		}
		if err := causes.Put(append(seqKey(ds[m.Decision-1].Seq), seqKey(m.Seq)...), nil); err != nil {
			return 0, err
		}
	}
	return added, trimMessages(tx)
}

// withdraw takes back what a decision caused and nobody was told yet.
func withdraw(tx *bbolt.Tx, decision uint64) error {
	causes := tx.Bucket(bucketCause)
	if causes == nil {
		return nil
	}
	prefix := seqKey(decision)
	var seqs [][]byte
	cur := causes.Cursor()
	for k, _ := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
		seqs = append(seqs, bytes.Clone(k[len(prefix):]))
	}
	for _, k := range seqs {
		if tx.Bucket(bucketMessage).Get(k) == nil {
			continue // done long ago, and kept no more
		}
		if _, err := withdrawn(tx, seqOf(k)); err != nil {
			return err
		}
	}
	return nil
}

// withdrawn takes back a message that is there.
func withdrawn(tx *bbolt.Tx, seq uint64) (untold bool, err error) {
	var forget string
	if err := amend(tx, seq, func(m *store.Message) bool {
		if m.Open() && m.Withdraw() {
			forget = m.Key
		}
		return true
	}); err != nil || forget == "" {
		return false, err
	}
	return true, tx.Bucket(bucketPosted).Delete([]byte(forget))
}

// Withdraw implements [store.Outbox].
func (d *Desk) Withdraw(ctx context.Context, keys ...string) (untold int, err error) {
	want := map[string]bool{}
	for _, k := range keys {
		want[store.Clean(k, store.MaxName)] = true
	}
	err = d.update(ctx, "withdraw messages", func(tx *bbolt.Tx) (bool, error) {
		untold = 0
		var c coder
		var seqs []uint64
		if err := tx.Bucket(bucketOpen).ForEach(func(k, _ []byte) error {
			var m store.Message
			value := tx.Bucket(bucketMessage).Get(k)
			if value == nil {
				return damaged("message", k, store.ErrNotFound)
			}
			err := readMessage(&c, k, value, &m)
			if err == nil && want[m.Key] {
				seqs = append(seqs, m.Seq)
			}
			return err
		}); err != nil {
			return false, err
		}
		for _, seq := range seqs {
			done, err := withdrawn(tx, seq)
			if err != nil {
				return false, err
			}
			if done {
				untold++
			}
		}
		return len(seqs) > 0, nil
	})
	if err != nil {
		return 0, err
	}
	return untold, nil
}

// Known implements [store.Outbox].
func (d *Desk) Known(ctx context.Context, key string) (known bool, err error) {
	err = d.view(ctx, "look for a message", func(tx *bbolt.Tx) error {
		known = tx.Bucket(bucketPosted).Get([]byte(store.Clean(key, store.MaxName))) != nil
		return nil
	})
	return known, err
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
