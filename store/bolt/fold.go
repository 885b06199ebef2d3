package bolt

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// chunkWriters is how many files are written and synced at the same time: one waits for the disk while another is filled.
const chunkWriters = 2

// Fold implements [store.Folder]. Every file and the folder are on the disk before one transaction makes them the newest set; until then the old set is in
// place, and after a kill the new files are orphans that the next open removes. Commits go on meanwhile, and the log is kept for the set that is being written.
func (d *DB) Fold(ctx context.Context, f store.Fold) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("fold chunks at revision %d: %w", f.Rev, closed(err))
		}
	}()
	if d.o.ReadOnly {
		return errors.New("the store was opened for reading only")
	}
	select {
	case d.folding <- struct{}{}:
		defer func() { <-d.folding }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := d.whole(); err != nil {
		return err
	}
	d.pinned.Store(uint64(f.Rev) + 1)
	defer d.pinned.Store(0)
	old, err := d.foldable(ctx, &f)
	if err != nil {
		return err
	}
	set, fresh, err := d.plan(old, &f)
	if err != nil {
		return err
	}
	if err := d.writeChunks(ctx, set, fresh); err != nil {
		for _, c := range fresh {
			if c != nil {
				_ = os.Remove(d.chunkPath(c.to.File)) // whatever is left is an orphan
			}
		}
		return advise(err, filepath.Join(d.dir, Folder), "the earlier chunks stay in use, nothing half-written is left")
	}
	if err := d.install(ctx, set); err != nil {
		return advise(err, d.dir, "the earlier chunks stay in use") // whether it lasts is not known: the next open keeps the files that the list names
	}
	d.removeOrphans(set)
	return nil
}

// foldable returns the set in place and says whether f may follow it.
func (d *DB) foldable(ctx context.Context, f *store.Fold) (old *manifest, err error) {
	err = d.view(ctx, func(tx *bbolt.Tx) error {
		now := revOf(tx)
		switch {
		case f.Rev > now:
			return fmt.Errorf("the store stands at %d", now)
		case f.Rev < trimmed(tx, now):
			return fmt.Errorf("%w; fold a later state", store.ErrTrimmed)
		}
		generation := string(tx.Bucket(bucketMeta).Get(keyGeneration))
		if old, err = manifestOf(tx); err != nil || old == nil || old.Generation != generation || old.Rev > now {
			old = &manifest{Generation: generation} // one that cannot be read or is not of these records is replaced
		}
		if old.Format == f.Format && old.Rev > f.Rev {
			return fmt.Errorf("the newest chunks tell revision %d already", old.Rev)
		}
		return nil
	})
	return old, err
}

// fresh is a chunk that is to be written.
type fresh struct {
	to   *chunkFile
	data [][]byte
	make func() [][]byte // gives data; nil: it is there
}

// plan works out the new list and what of it must be written.
func (d *DB) plan(old *manifest, f *store.Fold) (*manifest, []*fresh, error) {
	have := make(map[string]chunkFile, len(old.Chunks))
	if old.Format == f.Format {
		for _, c := range old.Chunks {
			have[c.Name] = c
		}
	}
	set := &manifest{Sequence: old.Sequence + 1, Generation: old.Generation, Format: f.Format, Rev: f.Rev, Chunks: make([]chunkFile, len(f.Chunks))}
	seen := make(map[string]bool, len(f.Chunks))
	var todo []*fresh
	for i := range f.Chunks {
		c := &f.Chunks[i]
		if c.Name == "" || seen[c.Name] {
			return nil, nil, fmt.Errorf("chunk %q: its name is empty or given twice", store.Clip(c.Name, 80))
		}
		seen[c.Name] = true
		if c.Same {
			is, ok := have[c.Name]
			if !ok {
				return nil, nil, fmt.Errorf("chunk %q is to stay, but the present set has none of that name: %w", store.Clip(c.Name, 80), store.ErrNotFound)
			}
			file, err := is.open(d.chunkPath(is.File))
			if err := errors.Join(err, closeFile(file)); err != nil {
				return nil, nil, d.badChunk("keep", &is, err)
			}
			set.Chunks[i] = is
			continue
		}
		to := &set.Chunks[i]
		*to = chunkFile{Name: c.Name, File: fmt.Sprintf("%08x-%05d%s", set.Sequence, i, chunkEnding)}
		todo = append(todo, &fresh{to, c.Data, c.Make})
	}
	return set, todo, nil
}

func closeFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// writeChunks writes the fresh files and brings them and the folder to the disk.
func (d *DB) writeChunks(ctx context.Context, set *manifest, todo []*fresh) error {
	dir := filepath.Join(d.dir, Folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, chunkWriters)
	for w := range chunkWriters {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(todo) || failed.Load() {
					return
				}
				if err := errors.Join(ctx.Err(), d.writeChunk(set.Rev, todo[i])); err != nil {
					errs[w] = err
					failed.Store(true)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil || len(todo) == 0 {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(d.dir))
}

func (d *DB) writeChunk(rev store.Rev, c *fresh) (err error) {
	if c.make != nil {
		c.data = c.make()
		defer func() { c.data = nil }() // a column that is written is let go
	}
	for _, b := range c.data {
		c.to.Length += int64(len(b))
		c.to.Sum = crc32.Update(c.to.Sum, castagnoli, b)
	}
	path := d.chunkPath(c.to.File)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a fold that was interrupted
		return err
	}
	d.maps.forget(path)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var to io.Writer = file
	if d.fault != nil {
		to = d.fault(file)
	}
	w := bufio.NewWriterSize(to, 256<<10)
	_, err = w.Write(c.to.head(rev))
	for _, b := range c.data {
		if err == nil {
			_, err = w.Write(b)
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("chunk %q: %w", store.Clip(c.to.Name, 80), err)
	}
	return nil
}

// install makes set the newest in one transaction.
func (d *DB) install(ctx context.Context, set *manifest) error {
	list, err := json.Marshal(set)
	if err != nil {
		return err
	}
	select {
	case d.writer <- struct{}{}:
		defer func() { <-d.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return d.note(d.update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketChunk)
		if err != nil {
			return err
		}
		return errors.Join(b.Put(keyManifest, list), b.Put(keySetRev, binary.BigEndian.AppendUint64(nil, uint64(set.Rev))))
	}))
}

// removeOrphans removes the files that are not of set. What cannot be removed now is tried again on the next open; it harms nobody.
func (d *DB) removeOrphans(set *manifest) (n int) {
	entries, err := os.ReadDir(filepath.Join(d.dir, Folder))
	if err != nil {
		return 0
	}
	keep := map[string]bool{}
	if set != nil {
		for _, c := range set.Chunks {
			keep[c.File] = true
		}
	}
	for _, e := range entries {
		if name := e.Name(); !keep[name] && strings.HasSuffix(name, chunkEnding) {
			d.maps.forget(d.chunkPath(name))
			if os.Remove(d.chunkPath(name)) == nil {
				n++
			}
		}
	}
	return n
}
