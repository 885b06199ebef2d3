package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"flightdeck/store"
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
	h := d.take()
	defer h.users.RUnlock()
	i = Info{Path: filepath.Join(d.dir, File)}
	err = closed(h.bolt.View(func(tx *bbolt.Tx) error {
		return guarded("read the file's description", func() error {
			meta := tx.Bucket(bucketMeta)
			i.Schema = schemaOf(tx)
			i.Writer, i.Generation, i.Rev = string(meta.Get(keyWriter)), string(meta.Get(keyGeneration)), revOf(tx)
			i.Log, i.Size = int(tx.Bucket(bucketLog).Sequence()), tx.Size()
			return nil
		})
	}))
	if stats := h.bolt.Stats(); err == nil {
		i.Free = int64(stats.FreePageN+stats.PendingPageN) * int64(h.bolt.Info().PageSize)
	}
	return i, err
}

// Check reads the whole file and the chunks and returns what is wrong in them: a page, each record, the log, each bad chunk. Commits wait meanwhile.
func (d *DB) Check(ctx context.Context) error {
	select {
	case d.writer <- struct{}{}: // bbolt's own check wants no commit beside it
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := d.see(ctx, func(s *snapshot) error {
		if err := guarded("check the pages", func() (bad error) {
			for err := range s.tx.Check() { // to its end: it sends until it is done
				if bad == nil {
					bad = damagedPart("check the pages", err)
				}
			}
			return bad
		}); err != nil {
			return d.note(err)
		}
		s.preread = nil
		chunks := d.checkChunks(ctx, s.tx)
		err := s.All(func(*store.Records) error { return nil })
		if err == nil {
			err = s.Since(trimmed(s.tx, s.Rev()), func(*store.Delta) error { return nil })
		}
		if errors.Is(err, ErrDamaged) { // it is among the damage
			err = nil
		}
		return errors.Join(append(d.Damage(), chunks, err)...)
	}); err != nil {
		return fmt.Errorf("check %s: %w", filepath.Join(d.dir, File), closed(err))
	}
	return nil
}

// Backup writes a consistent copy of the live store to path, which it replaces in one step when the copy is complete and on the disk. Commits go on
// meanwhile, but the file cannot reuse pages until the copy ends.
func (d *DB) Backup(path string) error {
	if sameFile(path, filepath.Join(d.dir, File)) {
		return fmt.Errorf("back up to %s: that is the store itself", path)
	}
	return SaveBackup(path, d.WriteTo)
}

// sameFile reports whether both are there and one.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// WriteTo writes a consistent copy of the live store to w: the bytes of a backup. It implements [io.WriterTo].
func (d *DB) WriteTo(w io.Writer) (n int64, err error) {
	h := d.take()
	defer h.users.RUnlock()
	err = closed(h.bolt.View(func(tx *bbolt.Tx) error { n, err = tx.WriteTo(w); return err }))
	return n, err
}

// SaveBackup puts what write gives at path in one step, once it is a whole store and on the disk. Until then, and when something fails, what stood there stays.
func SaveBackup(path string, write func(io.Writer) (int64, error)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("back up to %s: %w", path, advise(err, filepath.Dir(path), "what stood there is as it was"))
		}
	}()
	if old, err := os.Stat(path); err == nil && old.IsDir() {
		return errors.New("that is a folder; name a file")
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
	n, err := write(tmp)
	if err != nil {
		return err
	}
	if metas, errs := readMetas(tmp); errs[0] != nil || int64(metas[0].end)*metas[0].pageSize != n {
		return fmt.Errorf("the copy is not whole: %d bytes came", n)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
