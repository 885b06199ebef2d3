package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// Decide implements [store.Journal].
func (d *Desk) Decide(ctx context.Context, ds []store.Decision, ms ...store.Message) (out []store.Decision, err error) {
	err = d.update(ctx, "decide", func(tx *bbolt.Tx) (tell bool, err error) {
		at := d.o.Now()
		if out, err = enter(tx, at, ds); err != nil {
			return false, err
		}
		for _, v := range out {
			if v.Undoes != 0 {
				if err := withdraw(tx, v.Undoes); err != nil {
					return false, err
				}
			}
		}
		n, err := post(tx, at, ms, out...)
		return len(out)+n > 0, err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// enter appends ds to the journal.
func enter(tx *bbolt.Tx, at time.Time, ds []store.Decision) ([]store.Decision, error) {
	journal, slots, meta := tx.Bucket(bucketJournal), tx.Bucket(bucketSlot), tx.Bucket(bucketMeta)
	var c coder
	entry := func(seq uint64) (v store.Decision, err error) {
		value := journal.Get(seqKey(seq))
		if value == nil {
			return v, store.ErrNotFound
		}
		return v, readDecision(&c, seqKey(seq), value, &v)
	}
	last := func(s store.Slot) (v store.Decision, ok bool, err error) {
		seq := seqOf(slots.Get(slotKey(s)))
		if seq == 0 {
			return v, false, nil
		}
		v, err = entry(seq)
		return v, err == nil, err
	}
	if n := journal.Sequence(); n > 0 { // a clock that was put back does not put the trail out of order
		newest, err := entry(n)
		if err != nil {
			return nil, err
		}
		if newest.At.After(at) {
			at = newest.At
		}
	}
	out := make([]store.Decision, 0, len(ds))
	for _, v := range ds {
		seq, err := journal.NextSequence()
		if err != nil {
			return nil, err
		}
		if v, err = v.Entered(seq, at, last, entry); err != nil {
			return nil, err
		}
		value := encode(&coder{}, &v, decision).value
		head := chain(headOf(meta), seq, value)
		if err := errors.Join(
			journal.Put(seqKey(seq), append(bytes.Clone(head[:]), value...)),
			slots.Put(slotKey(v.Slot), seqKey(seq)),
			meta.Put(keyHead, head[:]),
		); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// headOf returns the hash that the next entry goes on from.
func headOf(meta *bbolt.Bucket) (h [sha256.Size]byte) {
	if copy(h[:], meta.Get(keyHead)) == 0 {
		h = sha256.Sum256(append([]byte("flightdeck journal "), meta.Get(keyGeneration)...))
	}
	return h
}

func chain(head [sha256.Size]byte, seq uint64, value []byte) (next [sha256.Size]byte) {
	h := sha256.New()
	h.Write(head[:])
	h.Write(seqKey(seq))
	h.Write(value)
	h.Sum(next[:0])
	return next
}

// slotKey is unambiguous: the subject's length stands before it.
func slotKey(s store.Slot) []byte {
	k := binary.AppendUvarint([]byte{byte(s.Kind), byte(s.Subject.Entity)}, uint64(len(s.Subject.ID)))
	return append(append(k, s.Subject.ID...), s.Topic...)
}

func readDecision(c *coder, key, value []byte, v *store.Decision) error {
	if len(value) < sha256.Size {
		return damaged("decision", key, errShort)
	}
	if err := decode(c, nil, value[sha256.Size:], v, decision); err != nil {
		return damaged("decision", key, err)
	}
	v.Seq = seqOf(key)
	return nil
}

// Decisions implements [store.Journal].
func (d *Desk) Decisions(ctx context.Context, seq uint64, fn func(store.Decision) error) error {
	var c coder
	n := 0
	return d.view(ctx, "read decisions", func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bucketJournal).Cursor()
		for k, value := cur.Seek(seqKey(seq + 1)); k != nil; k, value = cur.Next() {
			if n++; n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			var v store.Decision
			if err := readDecision(&c, k, value, &v); err != nil {
				return err
			}
			if err := fn(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// Verify implements [store.Journal]. It also proves the pages of the file, that the newest entries are those that slots name, that every kept text of the rules is the
// one whose hash was entered, and that every message can be read.
func (d *Desk) Verify(ctx context.Context) (head store.Head, err error) {
	d.write.Lock() // bbolt's own check wants no commit beside it
	defer d.write.Unlock()
	err = d.view(ctx, "verify "+d.path, func(tx *bbolt.Tx) error {
		var bad error
		for err := range tx.Check() { // to its end: it sends until it is done
			if bad == nil {
				bad = err
			}
		}
		if bad != nil {
			return bad
		}
		for _, name := range deskBuckets {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("bucket %s is missing; restore a backup", name)
			}
		}
		v := verifier{ctx: ctx, tx: tx, slots: map[string]uint64{}, rules: map[string]bool{}}
		head, bad = v.journal()
		return errors.Join(bad, v.rest())
	})
	return head, err
}

// verifier walks a desk file.
type verifier struct {
	ctx   context.Context
	tx    *bbolt.Tx
	slots map[string]uint64
	rules map[string]bool // hashes that the journal names
}

const tampered = "somebody changed the file; compare it with a backup"

func (v *verifier) journal() (head store.Head, err error) {
	meta, journal := v.tx.Bucket(bucketMeta), v.tx.Bucket(bucketJournal)
	at := sha256.Sum256(append([]byte("flightdeck journal "), meta.Get(keyGeneration)...))
	var c coder
	cur := journal.Cursor()
	for k, value := cur.First(); k != nil; k, value = cur.Next() {
		if err := v.ctx.Err(); err != nil {
			return head, err
		}
		seq := head.Seq + 1
		var one store.Decision
		if seqOf(k) != seq {
			return head, fmt.Errorf("decision %d is missing: %s", seq, tampered)
		}
		if err := readDecision(&c, k, value, &one); err != nil {
			return head, err
		}
		if at = chain(at, seq, value[sha256.Size:]); !bytes.Equal(at[:], value[:sha256.Size]) {
			return head, fmt.Errorf("decision %d is not what was entered: %s", seq, tampered)
		}
		v.slots[string(slotKey(one.Slot))] = seq
		if one.Kind == store.DecisionRules {
			v.rules[one.After.Text] = true
		}
		head = store.Head{Seq: seq, Hash: hex.EncodeToString(at[:])}
	}
	stored := meta.Get(keyHead)
	if head.Seq != journal.Sequence() || head.Seq > 0 && !bytes.Equal(stored, at[:]) || head.Seq == 0 && stored != nil {
		return head, fmt.Errorf("the journal ends with decision %d, but %d were entered: %s", head.Seq, journal.Sequence(), tampered)
	}
	return head, nil
}

// rest proves what stands beside the journal.
func (v *verifier) rest() error {
	n := 0
	if err := v.tx.Bucket(bucketSlot).ForEach(func(k, seq []byte) error {
		if n++; v.slots[string(k)] != seqOf(seq) {
			return fmt.Errorf("decision %d is not the newest of its subject: %s", seqOf(seq), tampered)
		}
		return nil
	}); err != nil {
		return err
	}
	if n != len(v.slots) {
		return fmt.Errorf("the newest decisions of %d subjects are missing: %s", len(v.slots)-n, tampered)
	}
	var c coder
	if err := v.tx.Bucket(bucketRule).ForEach(func(k, value []byte) error {
		var r store.RuleVersion
		if err := decode(&c, nil, value, &r, ruleVersion); err != nil {
			return damaged("rules", k, err)
		}
		if r.Hash != hashOf(r.Text) || !v.rules[r.Hash] {
			return fmt.Errorf("version %d of the rules is not what was in force: %s", seqOf(k), tampered)
		}
		return nil
	}); err != nil {
		return err
	}
	return v.tx.Bucket(bucketMessage).ForEach(func(k, value []byte) error {
		var m store.Message
		return readMessage(&c, k, value, &m)
	})
}

func hashOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// KeepRules implements [store.RuleLog].
func (d *Desk) KeepRules(ctx context.Context, v store.RuleVersion) (out store.RuleVersion, err error) {
	v, err = v.Kept()
	if err != nil {
		return v, err
	}
	err = d.update(ctx, "keep rules", func(tx *bbolt.Tx) (bool, error) {
		bucket := tx.Bucket(bucketRule)
		out = v
		if k, value := bucket.Cursor().Last(); k != nil {
			var newest store.RuleVersion
			if err := decode(&coder{}, nil, value, &newest, ruleVersion); err != nil {
				return false, damaged("rules", k, err)
			}
			newest.Number = int(seqOf(k))
			if newest.Hash == v.Hash {
				out = newest
				return false, nil
			}
			out.Number = newest.Number
		}
		out.Number++
		entered, err := enter(tx, d.o.Now(), []store.Decision{out.Decision()})
		if err != nil {
			return false, err
		}
		out.At = entered[0].At
		return true, bucket.Put(seqKey(uint64(out.Number)), encode(&coder{}, &out, ruleVersion).value)
	})
	return out, err
}

// RuleVersions implements [store.RuleLog].
func (d *Desk) RuleVersions(ctx context.Context) (out []store.RuleVersion, err error) {
	err = d.view(ctx, "read rules", func(tx *bbolt.Tx) error {
		var c coder
		return tx.Bucket(bucketRule).ForEach(func(k, value []byte) error {
			v := store.RuleVersion{Number: int(seqOf(k))}
			if err := decode(&c, nil, value, &v, ruleVersion); err != nil {
				return damaged("rules", k, err)
			}
			out = append(out, v)
			return nil
		})
	})
	return out, err
}

// The layout of each record: header, then strings. Version 1. What is entered stays as it was encoded, since hashes rest on it: a new version is for new entries.

func decision(c *coder, v *store.Decision) {
	enum(c, &v.Kind)
	enum(c, &v.Subject.Entity)
	v.Prev, v.Undoes = c.uint64(v.Prev), c.uint64(v.Undoes)
	c.time(&v.At)
	rulings := [...]*store.Ruling{&v.Before, &v.After}
	for _, r := range rulings {
		c.day(&r.Until)
		c.day(&r.Close)
		c.amount(&r.Amount)
		enum(c, &r.Category)
		enum(c, &r.Verdict)
		integer(c, &r.Percent)
	}
	text(c, &v.By)
	text(c, &v.Name)
	text(c, &v.Subject.ID)
	text(c, &v.Topic)
	text(c, &v.Note)
	for _, r := range rulings {
		text(c, &r.Text)
		text(c, &r.Amount.Currency)
		text(c, &r.Person)
		text(c, &r.Stage)
		texts(c, &r.Tags)
		figures(c, &r.Figures)
	}
}

func ruleVersion(c *coder, v *store.RuleVersion) {
	c.time(&v.At)
	text(c, &v.Hash)
	text(c, &v.File)
	text(c, &v.By)
	text(c, &v.Name)
	text(c, &v.Note)
	text(c, &v.Text)
}

// texts writes a list; an empty one is read as nil.
func texts(c *coder, p *[]string) {
	n := c.uvarint(len(*p))
	if !c.reading {
		for i := range *p {
			text(c, &(*p)[i])
		}
		return
	}
	*p = nil
	for ; n > 0 && c.err == nil; n-- {
		var s string
		text(c, &s)
		*p = append(*p, s)
	}
}

// figures writes numbers as the shortest text that reads back as the same number.
func figures(c *coder, p *map[string]float64) {
	var words map[string]string
	if !c.reading {
		words = make(map[string]string, len(*p))
		for k, v := range *p {
			words[k] = strconv.FormatFloat(v, 'g', -1, 64)
		}
		pairs(c, &words)
		return
	}
	*p = nil
	if pairs(c, &words); len(words) > 0 {
		*p = make(map[string]float64, len(words))
	}
	for k, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			c.fail(fmt.Errorf("%q is no number", store.Clip(w, 20)))
		}
		(*p)[k] = v
	}
}
