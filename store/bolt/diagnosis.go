package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"flightdeck/store"
)

// Diagnosis is a look at all of a store's folder without bbolt, which trusts what it reads, and what can be done about what was found. The store stays locked
// until Close.
type Diagnosis struct {
	o       Options
	dir     string
	path    string
	file    *os.File
	pages   pages
	meta    metaPage
	buckets []rawBucket
	free    map[uint64]bool // nil: unknown

	damage   []string // of crm.db
	notes    []string
	tallies  [len(kinds)]tally
	rev      store.Rev // the newest that is told anywhere
	versions int       // records that were found again, in what may be an older version
	cursors  bool      // they may say that something was read which is lost

	set       *manifest
	badChunks []badChunk
	folder    bool // there are any
	orphans   []string
	left      []string // files of interrupted work
	kept      []string // originals of earlier repairs
}

// rawBucket is a bucket as its parent knows it.
type rawBucket struct {
	name   string
	root   uint64 // 0: its page is in inline
	seq    uint64
	inline []byte
}

// tally is what can be read of an entity, and what cannot.
type tally struct {
	whole, lost int // records
	gaps        int // stretches of which we do not know how many records stood there
	first       string
}

type badChunk struct {
	file chunkFile
	err  error
}

// Diagnose looks at the store in dir: every page, record and line of the log, every chunk, and what interrupted work has left. It changes nothing. With
// Options.ReadOnly it shares the store with other readers, and [Diagnosis.Repair] refuses. Errors: [*store.LockedError], [fs.ErrNotExist], [store.ErrNewer], or
// that the file is none of ours, or so damaged that nothing of it can be found.
func Diagnose(ctx context.Context, dir string, o Options) (*Diagnosis, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	d := &Diagnosis{o: o, dir: dir, path: filepath.Join(dir, File)}
	if err := d.begin(ctx); err != nil {
		var locked *store.LockedError
		if errors.As(err, &locked) {
			return nil, errors.Join(lockedBy(dir, d.path), closeFile(d.file))
		}
		return nil, errors.Join(fmt.Errorf("look at %s: %w", d.path, once(err, d.path)), closeFile(d.file))
	}
	return d, nil
}

// Close lets the store go.
func (d *Diagnosis) Close() error { return closeFile(d.file) }

func (d *Diagnosis) begin(ctx context.Context) (err error) {
	flag := os.O_RDWR
	if d.o.ReadOnly {
		flag = os.O_RDONLY
	}
	if d.file, err = os.OpenFile(d.path, flag, 0); err != nil {
		return err
	}
	if err := lockFile(d.file, !d.o.ReadOnly); err != nil {
		return err
	}
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	if now, err := os.Stat(d.path); err != nil || !os.SameFile(info, now) {
		return errMoved
	}
	if err := d.listFolder(); err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil // a start that was stopped right at the beginning: the next one makes it
	}
	if err := d.findBuckets(info.Size()); err != nil {
		return err
	}
	if err := d.scan(ctx, nil); err != nil {
		return err
	}
	return d.lookAtChunks(ctx)
}

// listFolder finds what interrupted work has left.
func (d *Diagnosis) listFolder() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == compactFile, name == repairFile, name == ownerFile+".new", strings.HasPrefix(name, File+".new-"):
			d.left = append(d.left, filepath.Join(d.dir, name))
		case strings.HasPrefix(name, File+damagedEnding), strings.HasPrefix(name, Folder+damagedEnding):
			d.kept = append(d.kept, filepath.Join(d.dir, name))
		}
	}
	return nil
}

// findBuckets chooses the meta page from which most can be read, and lists the buckets.
func (d *Diagnosis) findBuckets(size int64) error {
	metas, errs := readMetas(d.file)
	var order []int
	for i := range metas {
		if errs[i] == nil {
			order = append(order, i)
		}
	}
	if len(order) == 2 && metas[0].tx < metas[1].tx {
		order[0], order[1] = 1, 0
	}
	if len(order) == 0 {
		return fmt.Errorf("%w: neither of its two beginnings can be read (%w); restore a backup, or move it away and sync anew", errOther, errs[0])
	}
	var firstGap error
	for n, i := range order {
		m := metas[i]
		p := pages{r: d.file, size: m.pageSize, end: m.end}
		buckets, gaps := listBuckets(&p, m.root)
		if n == 0 || len(gaps) == 0 {
			d.pages, d.meta, d.buckets = p, m, buckets
		}
		if len(gaps) == 0 {
			if n == 1 {
				d.damage = append(d.damage, fmt.Sprintf("the list of buckets: %v; the state before the last commit is whole", firstGap))
				d.cursors = true
			}
			firstGap = nil
			break
		}
		if n == 0 {
			firstGap = gaps[0].err
		}
	}
	if firstGap != nil {
		d.damage = append(d.damage, fmt.Sprintf("the list of buckets: %v", firstGap))
		d.cursors = true
	}
	if half := halved(d.path, errs); half != "" {
		d.notes = append(d.notes, half)
	}
	if want := int64(d.meta.end) * d.meta.pageSize; size < want {
		d.damage = append(d.damage, fmt.Sprintf("its end is missing: %d bytes of %d are there", size, want))
	}
	meta, err := d.small("meta")
	if err != nil {
		return err
	}
	if text, ok := meta[string(keySchema)]; ok || firstGap == nil {
		switch found, err := strconv.Atoi(string(text)); {
		case err != nil || found < 1:
			return errOther
		case found > schema:
			return fmt.Errorf("schema %d, %w %s; this is %s, which reads up to schema %d; nothing was changed; start that version or a later one",
				found, store.ErrNewer, store.Clip(string(meta[string(keyWriter)]), 40), d.o.Version, schema)
		}
	}
	if v := meta[string(keyRev)]; len(v) == 8 {
		d.rev = store.Rev(beUint64(v))
	}
	if d.free, err = d.pages.freePages(d.meta.freelist); err != nil {
		d.damage = append(d.damage, "the list of free pages: "+err.Error())
	}
	return nil
}

// listBuckets reads the bucket of buckets.
func listBuckets(p *pages, root uint64) (buckets []rawBucket, gaps []gap) {
	w := &walk{p: p, seen: map[uint64]int64{},
		leaf: func(flags uint32, k, v []byte) error {
			if flags != leafBucket || len(v) < bucketHead {
				gaps = append(gaps, gap{from: k, err: fmt.Errorf("%q is no bucket", store.Clip(string(k), 40))})
				return nil
			}
			b := rawBucket{name: string(k), root: leUint64(v), seq: leUint64(v[8:])}
			if b.root == 0 {
				b.inline = bytes.Clone(v[bucketHead:])
			}
			buckets = append(buckets, b)
			return nil
		},
		lost: func(g gap) error { gaps = append(gaps, g); return nil },
	}
	_ = w.tree(root, nil, nil, 0) // neither function fails
	return buckets, gaps
}

// visit reads one bucket.
func (d *Diagnosis) visit(b rawBucket, seen map[uint64]int64, leaf func(k, v []byte) error, lost func(gap) error) error {
	w := &walk{p: &d.pages, seen: seen, lost: lost, leaf: func(flags uint32, k, v []byte) error {
		if flags != 0 {
			return lost(gap{from: k, err: fmt.Errorf("%q is a bucket where a value was", store.Clip(string(k), 40))})
		}
		return leaf(k, v)
	}}
	if b.root != 0 {
		return w.tree(b.root, nil, nil, 0)
	}
	g, err := parsePage(0, b.inline)
	if err == nil && g.flags != flagLeaf {
		err = errors.New("its page is no leaf")
	}
	if err != nil {
		return lost(gap{err: err})
	}
	g.recount()
	return w.page(g, nil, nil, 0)
}

// small reads a small bucket whole; what cannot be read of it is not there.
func (d *Diagnosis) small(name string) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, b := range d.buckets {
		if b.name == name {
			return all, d.visit(b, map[uint64]int64{},
				func(k, v []byte) error { all[string(k)] = bytes.Clone(v); return nil }, func(gap) error { return nil })
		}
	}
	return all, nil
}

// lookAtChunks checks the newest set, as far as a start would use it, and finds files of which no list knows.
func (d *Diagnosis) lookAtChunks(ctx context.Context) error {
	dir := filepath.Join(d.dir, Folder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none, or a backup that was put back
	}
	if err != nil {
		return err
	}
	d.folder = len(entries) > 0
	bucket, err := d.small(string(bucketChunk))
	if err != nil {
		return err
	}
	known := map[string]bool{}
	if list := bucket[string(keyManifest)]; list != nil {
		if m, err := parseManifest(list); err != nil {
			d.notes = append(d.notes, err.Error()+"; the records are read instead")
		} else {
			d.set = m
		}
	}
	if d.set != nil {
		for _, f := range d.set.Chunks {
			if err := ctx.Err(); err != nil {
				return err
			}
			known[f.File] = true
			if err := f.check(filepath.Join(dir, f.File)); err != nil {
				d.badChunks = append(d.badChunks, badChunk{f, err})
			}
		}
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasSuffix(name, chunkEnding) && !known[name]:
			d.orphans = append(d.orphans, filepath.Join(dir, name))
		case strings.Contains(name, chunkEnding+damagedEnding):
			d.kept = append(d.kept, filepath.Join(dir, name))
		}
	}
	return nil
}

// parseManifest reads a list of chunks.
func parseManifest(list []byte) (*manifest, error) {
	m := new(manifest)
	if err := json.Unmarshal(list, m); err != nil {
		return nil, fmt.Errorf("read the list of chunks: %w", err)
	}
	for _, c := range m.Chunks {
		if c.File != filepath.Base(c.File) || !strings.HasSuffix(c.File, chunkEnding) || c.Length < 0 {
			return nil, fmt.Errorf("read the list of chunks: chunk %q has the impossible file %q", store.Clip(c.Name, 80), store.Clip(c.File, 80))
		}
	}
	return m, nil
}
