package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"flightdeck/store"
)

// sink takes what can be read of a file: a bucket, then what is in it. It is nil when the file is only looked at.
type sink interface {
	bucket(name []byte, seq uint64) error
	put(k, v []byte) error
	get(k []byte) []byte // what was put there; valid until the next put
}

func leUint64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func beUint64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// scan reads the whole file. Without a sink it finds out what is wrong; with one it gives away every record that is whole, and the buckets that are neither records,
// log nor chunks as far as they can be read.
func (d *Diagnosis) scan(ctx context.Context, to sink) error {
	d.tallies, d.versions = [len(kinds)]tally{}, 0
	seen := map[uint64]int64{}
	gaps := map[store.Entity][]gap{}
	have := map[string]bool{}
	for _, b := range d.buckets {
		have[b.name] = true
		var err error
		if e, ok := entityOf(b.name); ok {
			err = d.scanRecords(ctx, e, b, seen, to, func(g gap) { gaps[e] = append(gaps[e], g) })
		} else {
			err = d.scanOther(ctx, b, seen, to)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range store.Entities() {
		if !have[string(bucketOf(e))] && len(d.damage) > 0 { // its place in the list of buckets may be what is damaged
			gaps[e] = append(gaps[e], gap{kind: gapPages, err: errors.New("its bucket cannot be found")})
			d.tallies[e].miss(0, "", gaps[e][0])
		}
	}
	if err := d.rescue(ctx, gaps, to); err != nil {
		return err
	}
	for e, t := range d.tallies {
		if (t.lost > 0 || t.gaps > 0) && store.Entity(e) != store.EntityStatus && store.Entity(e) != store.EntityIssue {
			d.cursors = true
		}
	}
	if to == nil {
		d.judge(seen)
	}
	return nil
}

func entityOf(bucket string) (store.Entity, bool) {
	for _, e := range store.Entities() {
		if string(bucketOf(e)) == bucket {
			return e, true
		}
	}
	return 0, false
}

// miss counts what is lost: n records, or with n = 0 a stretch of nobody knows how many.
func (t *tally) miss(n int, key string, g gap) {
	if n > 0 {
		t.lost += n
	} else {
		t.gaps++
	}
	if t.first != "" {
		return
	}
	switch {
	case key != "":
		t.first = fmt.Sprintf("%q: %v", store.Clip(key, 80), g.err)
	case g.from == nil && g.to == nil:
		t.first = g.err.Error()
	default:
		t.first = fmt.Sprintf("between %q and %q: %v", store.Clip(string(g.from), 80), store.Clip(string(g.to), 80), g.err)
	}
}

func (d *Diagnosis) scanRecords(ctx context.Context, e store.Entity, b rawBucket, seen map[uint64]int64, to sink, lost func(gap)) error {
	if to != nil {
		if err := to.bucket(bucketOf(e), 0); err != nil {
			return err
		}
	}
	t := &d.tallies[e]
	var c coder
	var r store.Records
	return d.visit(b, seen, func(k, v []byte) error {
		if t.whole%blockLen == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := whole(&c, e, k, v, &r); errors.Is(err, store.ErrNewer) {
			return newer(e, k, err)
		} else if err != nil {
			t.miss(1, string(k), gap{err: err})
			return nil //nolint:nilerr // what is missing is noted, and the scan goes on
		}
		t.whole++
		if to != nil {
			return to.put(k, v)
		}
		return nil
	}, func(g gap) error {
		switch g.kind {
		case gapNone:
			if to == nil {
				d.damage = append(d.damage, fmt.Sprintf("%s: %v", e, g.err))
			}
			return nil
		case gapElement:
			t.miss(1, "", g)
		case gapPages:
			t.miss(0, "", g)
		}
		lost(g)
		return nil
	})
}

// whole tells what is wrong with a record.
func whole(c *coder, e store.Entity, k, v []byte, r *store.Records) error {
	err := sealed(e, k, v)
	if err == nil {
		err = kinds[e].decode(c, k, v, r)
		kinds[e].cut(r, 0)
	}
	return err
}

// newer ends a diagnosis: what a newer version wrote is whole, and a repair by this one would throw it away.
func newer(e store.Entity, key []byte, err error) error {
	return fmt.Errorf("read %s %q: %w; nothing was changed; start that version or a later one", e, store.Clip(string(key), 80), err)
}

// scanOther looks at a bucket that holds no records. The log and the list of chunks are not given away: both tell of records, and those are now others.
func (d *Diagnosis) scanOther(ctx context.Context, b rawBucket, seen map[uint64]int64, to sink) error {
	log := b.name == string(bucketLog)
	keep := to != nil && !log && b.name != string(bucketChunk) && b.name != string(bucketMeta) && (b.name != string(bucketCursor) || !d.cursors)
	if keep {
		if err := to.bucket([]byte(b.name), b.seq); err != nil {
			return err
		}
	}
	bad := func(err error) {
		if to == nil {
			d.damage = append(d.damage, fmt.Sprintf("bucket %s: %v", store.Clip(b.name, 40), err))
		}
	}
	var c coder
	return d.visit(b, seen, func(k, v []byte) error {
		if log {
			if len(k) != partKey {
				bad(errShort)
				return nil
			}
			d.rev = max(d.rev, store.Rev(beUint64(k)))
			if to == nil {
				var delta store.Delta
				if err := errors.Join(ctx.Err(), readPart(&c, v, &delta)); err != nil {
					if !errors.Is(err, ErrDamaged) {
						return err
					}
					bad(fmt.Errorf("revision %d: %w", beUint64(k), unadvised(err)))
				}
			}
		}
		if keep {
			return to.put(k, v)
		}
		return nil
	}, func(g gap) error {
		if b.name == string(bucketCursor) || b.name == string(bucketMeta) {
			d.cursors = true
		}
		bad(g.err)
		return nil
	})
}

// unadvised is the error without the advice to do what is being done.
func unadvised(err error) error {
	var e *damagedError
	if errors.As(err, &e) {
		return e.err
	}
	return err
}

// rescue finds leaves of trees of which pages are missing. Without the list of free pages nobody knows which of two versions of a page is the older: then a record is
// taken from wherever it is, of several versions the one that was modified last. Its source will be read anew and says which is right; facts do not change.
func (d *Diagnosis) rescue(ctx context.Context, gaps map[store.Entity][]gap, to sink) error {
	var c coder
	var r store.Records
	turned := store.Entity(0)
	told, seed := map[uint64]struct{}{}, maphash.MakeSeed()
	return d.pages.rescue(d.free, gaps, func(e store.Entity, k, v []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if bad := whole(&c, e, k, v, &r); errors.Is(bad, store.ErrNewer) {
			return newer(e, k, bad)
		} else if bad != nil {
			return nil //nolint:nilerr // it stays lost
		}
		again := false
		if d.free == nil {
			id := maphash.Bytes(seed, k) + uint64(e)
			_, again = told[id]
			told[id] = struct{}{}
		}
		if again {
			d.versions++
		} else {
			d.tallies[e].whole++
		}
		if to == nil {
			return nil
		}
		if e != turned {
			if err := to.bucket(bucketOf(e), 0); err != nil {
				return err
			}
			turned = e
		}
		if again && modified(&c, e, k, to.get(k)).After(modified(&c, e, k, v)) {
			return nil
		}
		return to.put(k, v)
	})
}

// modified returns when a record was changed in its source, as far as it says so.
func modified(c *coder, e store.Entity, k, v []byte) time.Time {
	var r store.Records
	if len(v) == 0 || kinds[e].decode(c, k, v, &r) != nil {
		return time.Time{}
	}
	switch e {
	case store.EntityDeal:
		return r.Deals[0].Modified
	case store.EntityAccount:
		return r.Accounts[0].Modified
	}
	return time.Time{}
}

// judge adds to the damage what was missed, and pages that are both in use and free: the next commit would write over them.
func (d *Diagnosis) judge(seen map[uint64]int64) {
	for _, e := range store.Entities() {
		if t := d.tallies[e]; t.lost > 0 || t.gaps > 0 {
			d.damage = append(d.damage, fmt.Sprintf("%s: %s, first %s", e, t.missing(), t.first))
		}
	}
	both := 0
	for id, n := range seen {
		for i := range uint64(max(n, 0)) {
			if d.free[id+i] {
				both++
			}
		}
	}
	if both > 0 {
		d.damage = append(d.damage, fmt.Sprintf("%d pages are in use and listed as free", both))
	}
}

// missing says how much is lost.
func (t tally) missing() string {
	var words []string
	if t.lost > 0 {
		words = append(words, plural(t.lost, "record", "records")+" cannot be read")
	}
	if t.gaps > 0 {
		words = append(words, plural(t.gaps, "stretch", "stretches")+" of unknown length cannot be read")
	}
	return strings.Join(words, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
