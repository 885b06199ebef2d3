package bolt

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"flightdeck/store"
)

// DeskFile is the name of the file that holds what people write, beside [File].
const DeskFile = "user.db"

// deskSchema is the version of that file's layout. A file of a higher one is refused.
const deskSchema = 1

var (
	bucketJournal = []byte("journal")
	bucketSlot    = []byte("slot")
	bucketMark    = []byte("mark")
	bucketMessage = []byte("message")
	bucketPosted  = []byte("posted")
	bucketCause   = []byte("cause") // made with the first entry, since older files lack it
	bucketOpen    = []byte("open")
	bucketRule    = []byte("rule")

	keyHead = []byte("head")

	deskBuckets = [][]byte{bucketMeta, bucketJournal, bucketSlot, bucketMark, bucketMessage, bucketPosted, bucketOpen, bucketRule}
)

// Desk is a [store.Desk] in a file of its own, user.db:
//
//	meta      schema, writer, generation, rev; head: the hash of the newest entry
//	journal   sequence → hash, decision; append only
//	slot      kind, subject, topic → sequence of the newest decision about it
//	mark      person NUL name → mark
//	message   sequence → message; posted: key → sequence, for good; open: sequences of those that are not done
//	cause     sequence of a decision, sequence of a message that it caused → nothing
//	rule      number → version of the rules
//
// The hash of an entry is SHA-256 of the hash before it, its sequence and its bytes; the first follows from the file's generation. Whoever changes, adds or takes
// away an entry breaks the chain at that place. Whoever rewrites all of it from there, or cuts off the end, makes a chain that is whole but has another
// head: that is found by comparing with a head that was kept elsewhere, which is why doctor prints it and [Desk.Verify] returns it.
//
// It may be used from any goroutine. The order of the files is crm.db, then user.db: who holds the first is the one who may hold the second.
type Desk struct {
	store.Notifier[store.Rev]
	o     Options
	path  string
	bolt  *bbolt.DB
	write sync.Mutex // a commit and its notice
}

// OpenDesk opens the file in folder dir, which it makes (0700, the file 0600) when it is missing. Of the options it takes ReadOnly, Version, Now and Tell. Its errors are
// those of [Open]; a file that is refused was not touched. After a crash nothing needs to be done.
func OpenDesk(dir string, o Options) (*Desk, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.newest = deskSchema
	d := &Desk{o: o, path: filepath.Join(dir, DeskFile)}
	fail := func(err error) (*Desk, error) {
		if errors.Is(err, berrors.ErrTimeout) {
			return nil, lockedBy(dir, d.path)
		}
		return nil, fmt.Errorf("open %s: %w", d.path, once(err, d.path))
	}
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	h, err := openBolt(d.path, o)
	if err != nil {
		return fail(err)
	}
	d.bolt = h.bolt
	if h.half != "" && o.Tell != nil {
		o.Tell(h.half)
	}
	if err := d.prepare(); err != nil {
		return fail(errors.Join(err, d.bolt.Close()))
	}
	return d, nil
}

// prepare makes what the file lacks and says which version writes it. When nothing is to be done, nothing is written.
func (d *Desk) prepare() error {
	ready := d.o.ReadOnly
	if err := d.bolt.View(func(tx *bbolt.Tx) error {
		if meta := tx.Bucket(bucketMeta); meta != nil && tx.Bucket(bucketJournal) == nil {
			return errOther // crm.db under our name
		}
		meta := tx.Bucket(bucketMeta)
		ready = ready || meta != nil && string(meta.Get(keyWriter)) == d.o.Version && schemaOf(tx) == deskSchema
		return nil
	}); err != nil || ready {
		return err
	}
	return d.bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range deskBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		if meta.Get(keyGeneration) == nil {
			if err := meta.Put(keyGeneration, []byte(rand.Text())); err != nil {
				return err
			}
		}
		return errors.Join(meta.Put(keySchema, []byte(strconv.Itoa(deskSchema))), meta.Put(keyWriter, []byte(d.o.Version)))
	})
}

// Close ends all subscriptions, waits for running calls and lets the file go.
func (d *Desk) Close() error {
	d.Notifier.Close()
	if err := d.bolt.Close(); err != nil {
		return fmt.Errorf("close %s: %w", d.path, err)
	}
	return nil
}

// Backup writes a consistent copy of the live file to path, which it replaces in one step when the copy is complete and on the disk.
func (d *Desk) Backup(path string) error {
	if sameFile(path, d.path) {
		return fmt.Errorf("back up to %s: that is the store itself", path)
	}
	return SaveBackup(path, d.WriteTo)
}

// WriteTo writes a consistent copy of the live file to w: the bytes of a backup. It implements [io.WriterTo].
func (d *Desk) WriteTo(w io.Writer) (n int64, err error) {
	err = closed(d.bolt.View(func(tx *bbolt.Tx) error { n, err = tx.WriteTo(w); return err }))
	return n, err
}

// view reads.
func (d *Desk) view(ctx context.Context, what string, fn func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := closed(d.bolt.View(fn)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// update commits what fn writes. fn says whether watchers are told of it. Nothing is written when fn fails.
func (d *Desk) update(ctx context.Context, what string, fn func(*bbolt.Tx) (tell bool, err error)) error {
	fail := func(err error) error { return fmt.Errorf("%s: %w", what, closed(err)) }
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.o.ReadOnly {
		return fail(errors.New("the store was opened for reading only"))
	}
	d.write.Lock()
	defer d.write.Unlock()
	var rev store.Rev
	if err := d.bolt.Update(func(tx *bbolt.Tx) error {
		tell, err := fn(tx)
		if err != nil || !tell {
			return err
		}
		rev = revOf(tx) + 1
		return setRev(tx, rev)
	}); err != nil {
		return fail(err)
	}
	if rev != 0 {
		d.Notify(rev)
	}
	return nil
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func seqOf(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// damaged names what cannot be read in the file.
func damaged(what string, key []byte, err error) error {
	return fmt.Errorf("read %s %d: %w; restore a backup of %s", what, seqOf(key), err, DeskFile)
}

// Mark implements [store.Marker].
func (d *Desk) Mark(ctx context.Context, m store.Mark) error {
	m.Name, m.Text, m.At = store.Clean(m.Name, store.MaxName), store.Clean(m.Text, store.MaxText), m.At.Round(0).UTC()
	if m.Person == "" || m.Name == "" || len(m.Person) > 2*store.MaxName {
		return fmt.Errorf("mark: want a person and a name: %w", store.ErrInvalid)
	}
	return d.update(ctx, "mark "+m.Name, func(tx *bbolt.Tx) (bool, error) {
		bucket, key := tx.Bucket(bucketMark), []byte(string(m.Person)+"\x00"+m.Name)
		if m.At.IsZero() && m.Text == "" {
			return false, bucket.Delete(key)
		}
		return false, bucket.Put(key, encode(&coder{}, &m, mark).value)
	})
}

// Marks implements [store.Marker].
func (d *Desk) Marks(ctx context.Context, person store.PersonID) (out []store.Mark, err error) {
	err = d.view(ctx, "read marks", func(tx *bbolt.Tx) error {
		prefix := string(person) + "\x00"
		cur := tx.Bucket(bucketMark).Cursor()
		var c coder
		for k, v := cur.Seek([]byte(prefix)); len(k) >= len(prefix) && string(k[:len(prefix)]) == prefix; k, v = cur.Next() {
			m := store.Mark{Person: person, Name: string(k[len(prefix):])}
			if err := decode(&c, nil, v, &m, mark); err != nil {
				return fmt.Errorf("read mark %q: %w; restore a backup of %s", store.Clip(m.Name, 80), err, DeskFile)
			}
			out = append(out, m)
		}
		return nil
	})
	return out, err
}

func mark(c *coder, v *store.Mark) {
	c.time(&v.At)
	text(c, &v.Text)
}
