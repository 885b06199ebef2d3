package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// compactFrom is the size in bytes from which a file is worth compacting, and compactFree the share of free pages. bbolt never shrinks a
// file, and every commit writes the list of its free pages.
const (
	compactFrom = 64 << 20
	compactFree = 0.20
)

// compactFile is the copy that a compaction makes beside the file. One that was killed leaves it behind; the next removes it.
const compactFile = File + ".compact"

// Compacted says what a compaction brought.
type Compacted struct{ Before, After int64 } // bytes of the file

// Compact copies the file without its free pages and puts the copy in its place, while readers go on: those that have begun end on the old file, the next
// ones have the new. Commits wait until it is done, at about 100 MB a second. It needs as much free room on the disk as the copy takes. When it fails, or ctx or
// the store ends, the file stays as it is.
func (d *DB) Compact(ctx context.Context) (c Compacted, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("compact %s: %w", filepath.Join(d.dir, File), advise(closed(err), d.dir, "the file stays as it is"))
		}
	}()
	if d.o.ReadOnly {
		return c, errors.New("the store was opened for reading only")
	}
	select {
	case d.compacting <- struct{}{}:
		defer func() { <-d.compacting }()
	case <-ctx.Done():
		return c, ctx.Err()
	}
	old, c, err := d.replace(ctx)
	if err != nil {
		return c, err
	}
	old.users.Lock() // until the last reader has ended; nobody begins on it any more
	defer old.users.Unlock()
	return c, old.bolt.Close()
}

// replace puts the compacted copy in the file's place and returns the old one. The copy is locked before: a process that waits for the old one's lock finds the
// file replaced and starts over.
func (d *DB) replace(ctx context.Context) (old *handle, c Compacted, err error) {
	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return nil, c, ctx.Err()
	}
	if err := d.whole(); err != nil {
		return nil, c, err
	}
	old = d.handle.Load()
	path, tmp := filepath.Join(d.dir, File), filepath.Join(d.dir, compactFile)
	if err := os.RemoveAll(tmp); err != nil {
		return nil, c, err
	}
	dst, err := newLoader(tmp)
	if err != nil {
		return nil, c, err
	}
	fail := func(err error) (*handle, Compacted, error) {
		return nil, c, errors.Join(d.note(err), dst.abandon())
	}
	if err := old.bolt.View(func(tx *bbolt.Tx) error {
		c.Before = tx.Size()
		return guarded("copy the file", func() error { return d.copyTo(ctx, dst, tx) })
	}); err != nil {
		return fail(err)
	}
	if err := dst.finish(); err != nil {
		return fail(err)
	}
	_ = dst.bolt.View(func(tx *bbolt.Tx) error { c.After = tx.Size(); return nil })
	if err := os.Rename(tmp, path); err != nil {
		return fail(err)
	}
	d.handle.Store(&dst.handle)
	return old, c, syncDir(d.dir)
}

func (d *DB) copyTo(ctx context.Context, dst *loader, tx *bbolt.Tx) error {
	return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		if err := dst.bucket(name, b.Sequence()); err != nil {
			return err
		}
		n := 0
		return b.ForEach(func(k, v []byte) error {
			if n++; n%1024 == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
				if d.shutting.Load() {
					return errors.New("the store is being closed")
				}
			}
			if v == nil {
				return fmt.Errorf("bucket %q holds another, %q; it is not ours", store.Clip(string(name), 40), store.Clip(string(k), 40))
			}
			return dst.put(k, v)
		})
	})
}

// compactAtStart compacts a file of which much is free. There is nobody yet who would wait.
func (d *DB) compactAtStart() error {
	tmp := filepath.Join(d.dir, compactFile)
	if _, err := os.Lstat(tmp); err == nil {
		if err := os.RemoveAll(tmp); err != nil {
			return err
		}
		d.tell("removed " + tmp + ", left by a compaction that was interrupted")
	}
	h := d.handle.Load()
	var size int64
	if err := h.bolt.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil }); err != nil {
		return err
	}
	free := int64(h.bolt.Stats().FreePageN) * int64(h.bolt.Info().PageSize)
	if size < compactFrom || float64(free) < compactFree*float64(size) {
		return nil
	}
	c, err := d.Compact(context.Background())
	switch {
	case isFull(err): // it works as it is
		d.tell(err.Error())
		return nil
	case err != nil:
		return err
	}
	d.tell(fmt.Sprintf("compacted %s from %d to %d MB", filepath.Join(d.dir, File), c.Before>>20, c.After>>20))
	return nil
}

// loader fills a new file of bbolt's in transactions of some megabytes. Nothing is synced before finish.
type loader struct {
	handle
	path string
	tx   *bbolt.Tx
	b    *bbolt.Bucket
	name []byte
	size int
}

const loaderStep = 8 << 20 // bytes

func newLoader(path string) (*loader, error) {
	l := &loader{path: path}
	o := writable()
	o.NoSync = true
	o.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		l.file, err = os.OpenFile(name, flag, mode)
		return l.file, err
	}
	var err error
	if l.bolt, err = bbolt.Open(path, 0o600, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	l.bolt.AllocSize = allocStep
	if l.tx, err = l.bolt.Begin(true); err != nil {
		return nil, errors.Join(err, l.abandon())
	}
	return l, nil
}

// bucket makes the bucket, or goes on with it, and turns to it.
func (l *loader) bucket(name []byte, seq uint64) (err error) {
	l.name = append(l.name[:0], name...)
	if l.b, err = l.tx.CreateBucketIfNotExists(l.name); err != nil {
		return err
	}
	l.b.FillPercent = 1
	return l.b.SetSequence(seq)
}

// put writes into the bucket; quickest in the order of the keys.
func (l *loader) put(k, v []byte) error {
	if l.size += len(k) + len(v); l.size > loaderStep {
		l.size = 0
		if err := l.tx.Commit(); err != nil {
			return err
		}
		var err error
		if l.tx, err = l.bolt.Begin(true); err != nil {
			return err
		}
		l.b = l.tx.Bucket(l.name)
		l.b.FillPercent = 1
	}
	return l.b.Put(k, v)
}

// get returns what was put into the bucket under k.
func (l *loader) get(k []byte) []byte { return l.b.Get(k) }

// finish brings everything to the disk.
func (l *loader) finish() error {
	if err := l.tx.Commit(); err != nil {
		return err
	}
	if err := l.bolt.Sync(); err != nil {
		return err
	}
	l.bolt.NoSync = false
	return nil
}

// abandon removes the file.
func (l *loader) abandon() error {
	if l.tx != nil {
		_ = l.tx.Rollback() // it may be over
	}
	return errors.Join(l.bolt.Close(), os.Remove(l.path))
}
