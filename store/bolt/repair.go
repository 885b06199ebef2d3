package bolt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// repairFile is what a repair writes before it takes the store's place, and damagedEnding what the original is called from then on, with the moment after it.
const (
	repairFile    = File + ".repair"
	damagedEnding = ".damaged-"
)

// Damage lists what is wrong, one line each; empty: all is well.
func (d *Diagnosis) Damage() []string {
	out := append([]string(nil), d.damage...)
	for _, c := range d.badChunks {
		out = append(out, fmt.Sprintf("chunk %q in %s: %v", store.Clip(c.file.Name, 80), filepath.Join(d.dir, Folder, c.file.File), c.err))
	}
	return out
}

// Leftovers lists the files that interrupted work has left. They harm nobody; the next start removes them. Which chunks are left over a damaged crm.db does not say.
func (d *Diagnosis) Leftovers() []string {
	if len(d.damage) > 0 {
		return append([]string(nil), d.left...)
	}
	return append(append([]string(nil), d.left...), d.orphans...)
}

// Notes lists what is good to know and needs no repair.
func (d *Diagnosis) Notes() []string {
	out := append([]string(nil), d.notes...)
	for _, path := range d.kept {
		out = append(out, path+" was kept by an earlier repair; remove it when you are sure that nothing in it is missed")
	}
	return out
}

// Plan says what Repair would do, one line each; empty: nothing.
func (d *Diagnosis) Plan() []string {
	var steps []string
	if len(d.damage) > 0 {
		steps = append(steps, fmt.Sprintf("write what can be read of %s to a new file, and keep the damaged one beside it as %s%s<time>", d.path, File, damagedEnding))
		for _, e := range store.Entities() {
			switch t := d.tallies[e]; {
			case t.lost > 0 || t.gaps > 0:
				steps = append(steps, fmt.Sprintf("  %s: keep %d, lose %s", e, t.whole, t.losing()))
			case t.whole > 0:
				steps = append(steps, fmt.Sprintf("  %s: keep all %d", e, t.whole))
			}
		}
		if d.versions > 0 {
			steps = append(steps, fmt.Sprintf("  found are also %d other versions of these, and the list of free pages, which tells which are the older, is lost: "+
				"keep the one that was modified last, or else any", d.versions))
		}
		if d.cursors {
			steps = append(steps, "forget how far the sources were read, so that the next sync reads each from its beginning and brings back what it still has")
		}
		steps = append(steps, "begin a new change log")
		if d.folder {
			steps = append(steps, fmt.Sprintf("keep the chunks, damaged or not, beside as %s%s<time>; new ones are made from the records", Folder, damagedEnding))
		}
		for _, path := range d.Leftovers() {
			steps = append(steps, "remove "+path+", left by work that was interrupted")
		}
		return steps
	}
	for _, c := range d.badChunks {
		steps = append(steps, fmt.Sprintf("keep the damaged chunk %s beside, as %s%s<time>", filepath.Join(d.dir, Folder, c.file.File), c.file.File, damagedEnding))
	}
	if len(d.badChunks) > 0 {
		steps = append(steps, "take the set of chunks out of use: the next start reads the records and makes it anew")
	}
	for _, path := range d.Leftovers() {
		steps = append(steps, "remove "+path+", left by work that was interrupted")
	}
	return steps
}

func (t tally) losing() string {
	switch {
	case t.gaps == 0:
		return fmt.Sprint(t.lost)
	case t.lost == 0:
		return "what stood in " + plural(t.gaps, "stretch", "stretches") + " that cannot be read"
	}
	return fmt.Sprintf("%d and what stood in %s that cannot be read", t.lost, plural(t.gaps, "stretch", "stretches"))
}

// Repair does what Plan says and returns what it did. Nothing that was damaged is deleted. When it fails, the store is as it was, or the message says how far it
// came; it can be run again. The diagnosis is of no use afterwards.
func (d *Diagnosis) Repair(ctx context.Context) (done []string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("repair %s: %w", d.path, advise(err, d.dir, "nothing was overwritten"))
		}
	}()
	if d.o.ReadOnly {
		return nil, errors.New("it was opened for reading only")
	}
	moment := d.o.now().UTC().Format("20060102T150405Z")
	beside := func(path string) string { // under a name that is free
		name := path + damagedEnding + moment
		for n := 2; ; n++ {
			if _, err := os.Lstat(name); err != nil {
				return name
			}
			name = fmt.Sprintf("%s%s%s-%d", path, damagedEnding, moment, n)
		}
	}
	for _, path := range d.Leftovers() { // first: they may take the room that is needed
		if err := os.RemoveAll(path); err != nil {
			return done, err
		}
		done = append(done, "removed "+path)
	}
	if len(d.damage) > 0 {
		// The chunks go first: a start that found the new file and no list of them in it would remove them.
		folder := filepath.Join(d.dir, Folder)
		kept, chunks := beside(d.path), beside(folder)
		if d.folder {
			if err := errors.Join(os.Rename(folder, chunks), syncDir(d.dir)); err != nil {
				return done, err
			}
		}
		if err := d.salvage(ctx, kept); err != nil {
			if d.folder {
				err = errors.Join(err, os.Rename(chunks, folder))
			}
			return done, err
		}
		done = append(done, fmt.Sprintf("wrote %s anew; the damaged file is %s", d.path, kept))
		if d.folder {
			done = append(done, "kept "+chunks)
		}
		return done, nil
	}
	if len(d.badChunks) > 0 {
		if err := d.dropSet(); err != nil {
			return done, err
		}
		done = append(done, "took the set of chunks out of use")
	}
	for _, c := range d.badChunks {
		path := filepath.Join(d.dir, Folder, c.file.File)
		kept := beside(path)
		if err := os.Rename(path, kept); errors.Is(err, os.ErrNotExist) {
			continue // it is what was wrong with it
		} else if err != nil {
			return done, err
		}
		done = append(done, "kept "+kept)
	}
	return done, nil
}

// salvage writes what can be read into a new file, looks at that as at any other, and puts it in the old one's place, which gets a second name first: there
// is no moment at which the store is not there.
func (d *Diagnosis) salvage(ctx context.Context, kept string) error {
	tmp := filepath.Join(d.dir, repairFile)
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	l, err := newLoader(tmp)
	if err != nil {
		return err
	}
	fill := func() error {
		if err := d.scan(ctx, l); err != nil {
			return err
		}
		if err := d.complete(l); err != nil {
			return err
		}
		return l.finish()
	}
	if err := fill(); err != nil {
		return errors.Join(err, l.abandon())
	}
	if err := l.bolt.Close(); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := d.compare(ctx, tmp); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Link(d.path, kept); err != nil { // not everywhere can a file have two names
		if err := d.copyOriginal(kept); err != nil {
			return errors.Join(err, os.Remove(tmp))
		}
	}
	if err := errors.Join(syncDir(d.dir), os.Rename(tmp, d.path)); err != nil {
		return err
	}
	return syncDir(d.dir)
}

// complete adds what a store of this program has besides records. Revisions before and after the repair do not compare: its generation is new.
func (d *Diagnosis) complete(l *loader) error {
	names := [][]byte{bucketCursor, bucketLog, bucketChunk}
	for _, e := range store.Entities() {
		names = append(names, bucketOf(e))
	}
	for _, name := range names {
		if _, err := l.tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if err := l.bucket(bucketMeta, 0); err != nil {
		return err
	}
	rev := make([]byte, 8)
	for i, v := 7, uint64(d.rev)+1; i >= 0; i, v = i-1, v>>8 {
		rev[i] = byte(v)
	}
	return errors.Join(l.put(keySchema, []byte(strconv.Itoa(schema))), l.put(keyWriter, []byte(d.o.Version)),
		l.put(keyGeneration, []byte(rand.Text())), l.put(keyRev, rev))
}

// compare looks at the new file: it holds as many records as were given to it, and nothing is wrong.
func (d *Diagnosis) compare(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	n := &Diagnosis{o: d.o, dir: d.dir, path: path, file: f}
	if err := errors.Join(n.findBuckets(info.Size()), n.scan(ctx, nil)); err != nil {
		return err
	}
	for e, t := range n.tallies {
		if t.whole != d.tallies[e].whole {
			n.damage = append(n.damage, fmt.Sprintf("%s: %d of %d records", store.Entity(e), t.whole, d.tallies[e].whole))
		}
	}
	if len(n.damage) > 0 {
		return fmt.Errorf("the new file is not right: %s; is the disk failing?", n.damage[0])
	}
	return nil
}

func (d *Diagnosis) copyOriginal(to string) (err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	info, err := d.file.Stat()
	if err == nil {
		_, err = io.Copy(f, io.NewSectionReader(d.file, 0, info.Size()))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// dropSet takes the chunks out of use. bbolt gets our own open file, so that the lock is never given up; it closes it.
func (d *Diagnosis) dropSet() error {
	o := writable()
	o.OpenFile = func(string, int, os.FileMode) (*os.File, error) { return d.file, nil }
	b, err := bbolt.Open(d.path, 0o600, o)
	if err != nil {
		return err
	}
	d.file = nil
	err = guarded("write", func() error {
		return b.Update(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketChunk)
			return errors.Join(c.Delete(keyManifest), c.Delete(keySetRev))
		})
	})
	return errors.Join(err, b.Close())
}
