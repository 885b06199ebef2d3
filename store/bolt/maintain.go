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

// Info is what can be told of a store without reading it.
type Info struct {
	Path       string
	Schema     int
	Writer     string // version of the program that opened it last for writing
	Generation string // changes when the store is made anew: revisions of two generations do not compare
	Rev        store.Rev
	Log        int   // entries in the change log
	Size       int64 // bytes of the file in use, free pages included
	Free       int64 // bytes of free pages
}

// Info describes the open store.
func (d *DB) Info() (i Info, err error) {
	i = Info{Path: filepath.Join(d.dir, File)}
	err = closed(d.bolt.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		i.Schema = schemaOf(tx)
		i.Writer, i.Generation, i.Rev = string(meta.Get(keyWriter)), string(meta.Get(keyGeneration)), revOf(tx)
		i.Log, i.Size = int(tx.Bucket(bucketLog).Sequence()), tx.Size()
		return nil
	}))
	if stats := d.bolt.Stats(); err == nil {
		i.Free = int64(stats.FreePageN+stats.PendingPageN) * int64(d.bolt.Info().PageSize)
	}
	return i, err
}

// Check reads the whole file and the chunks and returns what is wrong in them: a page, a record, a line of the log, each bad chunk. Commits wait meanwhile.
func (d *DB) Check(ctx context.Context) error {
	select {
	case d.writer <- struct{}{}: // bbolt's own check wants no commit beside it
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := d.view(ctx, func(tx *bbolt.Tx) (bad error) {
		for err := range tx.Check() { // to its end: it sends until it is done
			if bad == nil {
				bad = err
			}
		}
		if bad != nil {
			return bad
		}
		s := &snapshot{ctx: ctx, tx: tx}
		return errors.Join(
			d.checkChunks(ctx, tx),
			s.All(func(*store.Records) error { return nil }),
			s.Since(trimmed(tx, s.Rev()), func(*store.Delta) error { return nil }),
		)
	}); err != nil {
		return fmt.Errorf("check %s: %w", filepath.Join(d.dir, File), err)
	}
	return nil
}

// Backup writes a consistent copy of the live store to path, which it replaces in one step when the copy is complete and on the disk. Commits go on
// meanwhile, but the file cannot reuse pages until the copy ends.
func (d *DB) Backup(path string) error { return backup(d.bolt, filepath.Join(d.dir, File), path) }

// backup writes a consistent copy of the open file own to path.
func backup(b *bbolt.DB, own, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("back up to %s: %w", path, closed(err))
		}
	}()
	if old, err := os.Stat(path); err == nil {
		if mine, err := os.Stat(own); err != nil || os.SameFile(old, mine) {
			return errors.New("that is the store itself")
		}
		if old.IsDir() {
			return errors.New("that is a folder; name a file")
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if err := b.View(func(tx *bbolt.Tx) error { _, err := tx.WriteTo(tmp); return err }); err != nil {
		return err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// compact copies a file of at least from bytes without its free pages when these are many. The copy is locked before it takes the old one's place, and
// becomes the open store; a process that waits for the old one's lock finds the file replaced and starts over. Killed in between, it leaves a
// copy that the next compaction removes.
func (d *DB) compact(from int64) error {
	path := filepath.Join(d.dir, File)
	tmp := path + ".compact"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	i, err := d.size()
	if err != nil || i.Size < from || float64(i.Free) < compactFree*float64(i.Size) {
		return err
	}
	o := writable()
	o.NoSync = true // until the copy is complete
	dst, err := bbolt.Open(tmp, 0o600, o)
	if err != nil {
		return err
	}
	fail := func(err error) error {
		return errors.Join(fmt.Errorf("compact: %w", err), dst.Close(), os.Remove(tmp))
	}
	dst.AllocSize = allocStep
	if err := bbolt.Compact(dst, d.bolt, 8<<20); err != nil {
		return fail(err)
	}
	if err := dst.Sync(); err != nil {
		return fail(err)
	}
	dst.NoSync = false
	if err := os.Rename(tmp, path); err != nil {
		return fail(err)
	}
	old := d.bolt
	d.bolt = dst
	return errors.Join(syncDir(d.dir), old.Close())
}

// size is the part of Info that a file without buckets has too.
func (d *DB) size() (i Info, err error) {
	err = d.bolt.View(func(tx *bbolt.Tx) error { i.Size = tx.Size(); return nil })
	i.Free = int64(d.bolt.Stats().FreePageN) * int64(d.bolt.Info().PageSize)
	return i, err
}

// syncDir makes a rename in dir last through a power cut. Systems on which folders cannot be synced do without.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
