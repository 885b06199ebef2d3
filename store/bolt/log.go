package bolt

import (
	"encoding/binary"
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// entry is one line of the change log: a record as it became, or its tombstone when value is nil; of a fact, also what stood there before.
type entry struct {
	ref   store.Ref
	value []byte
	old   []byte
}

// A part of the log has the key revision (8 bytes), number within the commit (4 bytes), both big-endian, and the value: how many entries
// (4 bytes), then each as entity, operation, length and bytes of the ID, length and bytes of the record, and with opBefore length and bytes of
// the record as it was. The bucket's sequence counts all entries in it. Schema 1 had no opBefore: its log is of no use to a reader that needs it.
const (
	opPut    = 1
	opDelete = 2
	opBefore = 0x80 // flag

	partKey  = 8 + 4
	partHead = 4
	partLen  = 32 << 10 // a part is closed once it is this long
)

// keep says what of the log must stay.
type keep struct {
	entries int       // that many always
	bytes   int64     // never more than that
	after   store.Rev // what came after this revision as well, until bytes are reached
}

// keep returns what the log must keep: for those who follow it, for the newest chunks, and for those that are being written.
func (d *DB) keep(tx *bbolt.Tx) keep {
	k := keep{entries: d.o.Log, bytes: d.o.LogBytes, after: revOf(tx)}
	if rev, ok := setOf(tx); ok && rev >= trimmed(tx, k.after) { // one that the log no longer reaches has no use for it
		k.after = rev
	}
	if p := d.pinned.Load(); p > 0 {
		k.after = min(k.after, store.Rev(p-1))
	}
	return k
}

// bytesKey stands in bucket meta and counts the bytes in the log.
var bytesKey = []byte("logbytes")

func logBytes(tx *bbolt.Tx) int64 {
	v := tx.Bucket(bucketMeta).Get(bytesKey)
	if len(v) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(v))
}

// trimStep is how many parts one commit drops at most, besides four for each that it adds: what a fold has made superfluous goes little by little.
const trimStep = 16

// appendLog writes what the commit rev did and drops the oldest parts that need not be kept.
func appendLog(tx *bbolt.Tx, rev store.Rev, entries []entry, k keep) error {
	size := int64(0)
	for i := range entries {
		e := &entries[i]
		size += int64(len(e.ref.ID)) + int64(len(e.value)) + int64(len(e.old)) + 8 // about
	}
	log, held, bytes := tx.Bucket(bucketLog), 0, logBytes(tx)
	if len(entries) > k.entries && k.after >= rev-1 || size > k.bytes { // no reader could follow it anyway
		if err := tx.DeleteBucket(bucketLog); err != nil {
			return err
		}
		var err error
		if log, err = tx.CreateBucket(bucketLog); err != nil {
			return err
		}
		entries, bytes = nil, 0
	} else {
		held = int(log.Sequence()) + len(entries)
	}
	log.FillPercent = 1 // keys only grow
	var old [][]byte
	cur := log.Cursor()
	for key, v := cur.First(); key != nil && len(old) < trimStep+4*int(size/partLen+1); key, v = cur.Next() {
		if len(key) != partKey || len(v) < partHead {
			return damagedPart("trim the change log", errShort)
		}
		needed := store.Rev(binary.BigEndian.Uint64(key)) > k.after
		if bytes+size <= k.bytes && (needed || held <= k.entries) {
			break
		}
		old = append(old, slices.Clone(key))
		held -= int(binary.BigEndian.Uint32(v))
		bytes -= int64(len(v))
	}
	for _, key := range old {
		if err := log.Delete(key); err != nil {
			return err
		}
	}
	for number := uint32(0); len(entries) > 0; number++ {
		n, part := 0, make([]byte, partHead, partLen+partLen/8)
		for ; n < len(entries) && len(part) < partLen; n++ {
			e := &entries[n]
			op := byte(opPut)
			if e.value == nil {
				op = opDelete
			}
			if e.old != nil {
				op |= opBefore
			}
			part = append(part, byte(e.ref.Entity), op)
			part = append(binary.AppendUvarint(part, uint64(len(e.ref.ID))), e.ref.ID...)
			part = append(binary.AppendUvarint(part, uint64(len(e.value))), e.value...)
			if e.old != nil {
				part = append(binary.AppendUvarint(part, uint64(len(e.old))), e.old...)
			}
		}
		binary.BigEndian.PutUint32(part, uint32(n))
		key := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(rev)), number)
		if err := log.Put(key, part); err != nil {
			return err
		}
		bytes += int64(len(part))
		entries = entries[n:]
	}
	return errors.Join(log.SetSequence(uint64(held)), tx.Bucket(bucketMeta).Put(bytesKey, binary.BigEndian.AppendUint64(nil, uint64(max(0, bytes)))))
}

// readPart adds the entries of one part to d.
func readPart(c *coder, part []byte, d *store.Delta) error {
	broken := func() error {
		return damagedPart("read the change log", errShort)
	}
	if len(part) < partHead {
		return broken()
	}
	n, part := binary.BigEndian.Uint32(part), part[partHead:]
	field := func() []byte {
		size, w := binary.Uvarint(part)
		if w <= 0 || size > uint64(len(part)-w) {
			return nil
		}
		f := part[w : w+int(size) : w+int(size)]
		part = part[w+int(size):]
		return f
	}
	for ; n > 0; n-- {
		if len(part) < 2 {
			return broken()
		}
		e, op := store.Entity(part[0]), part[1]
		part = part[2:]
		id, value := field(), field()
		if op&opBefore != 0 {
			op &^= opBefore
			old := field()
			if !e.Valid() || id == nil || old == nil {
				return broken()
			}
			if err := read(c, e, id, old, &d.Before); err != nil {
				return err
			}
		}
		switch {
		case !e.Valid() || id == nil || value == nil:
			return broken()
		case op == opDelete:
			d.Deleted = append(d.Deleted, store.Ref{Entity: e, ID: store.ID(id)})
		case op == opPut:
			if err := read(c, e, id, value, &d.Records); err != nil {
				return err
			}
		default:
			return broken()
		}
	}
	return nil
}

// trimmed returns the newest revision of which the log no longer tells everything.
func trimmed(tx *bbolt.Tx, now store.Rev) store.Rev {
	k, _ := tx.Bucket(bucketLog).Cursor().First()
	if len(k) != partKey || schemaOf(tx) < 2 {
		return now
	}
	first := store.Rev(binary.BigEndian.Uint64(k))
	if binary.BigEndian.Uint32(k[8:]) > 0 { // its beginning is gone
		return first
	}
	return first - 1
}
