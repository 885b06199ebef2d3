package bolt

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"flightdeck/store"
)

// File is the name of the store's file in its folder.
const File = "crm.db"

// schema is the version of the file's layout that this program writes. A file of a higher one is refused.
//
//	1  records, cursors, log
//	2  the log tells the earlier form of facts. On the way from 1 the log is emptied: readers of it start from the records once.
const schema = 2

// Defaults and bounds.
const (
	defaultLog = 1_000_000              // entries in the change log
	defaultMax = 2 << 30                // bytes of it, for the chunks' sake
	lockWait   = 120 * time.Millisecond // for each of the two opens, so that a held store is told within 300 ms
	allocStep  = 4 << 20                // by how much the file grows: bbolt's 16 MiB would make every small store that big
	firstMap   = 1 << 30                // address space mapped at once: remapping waits for readers and stops new ones
)

var (
	bucketMeta   = []byte("meta")
	bucketCursor = []byte("cursor")
	bucketLog    = []byte("log")

	keySchema     = []byte("schema")
	keyWriter     = []byte("writer")
	keyGeneration = []byte("generation")
	keyRev        = []byte("rev")

	recordBuckets = func() (names [len(kinds)][]byte) {
		for _, e := range store.Entities() {
			names[e] = []byte("rec/" + e.String())
		}
		return names
	}()
)

func bucketOf(e store.Entity) []byte { return recordBuckets[e] }

// Options are what [Open] can be told. The zero value is good.
type Options struct {
	ReadOnly bool             // share an existing store with other readers; fails while a writer holds it
	Version  string           // of this program, kept in the file so that an older one can say what is needed; empty: "dev"
	Now      func() time.Time // clock for batches without Seen; nil: time.Now
	// Log is how many entries of the change log are kept for readers that follow it; 0: 1,000,000, which is a few seconds of a first load, the time that a
	// reader may be busy with making a Book before it must begin anew.
	Log int
	// LogBytes is how many bytes of the log are kept at most, also when the newest chunks would need more of it; 0: 2 GiB, which is some four million rows,
	// more than readers let come together before they fold (an eighth of 20 million rows), and a quarter of what such a store takes anyway.
	LogBytes int64
	Tell     func(string) // of what Open removed, did or found besides opening: leftovers of interrupted work, a compaction, a commit that may be gone; nil: nobody

	newest int // schema that is understood; 0: crm.db's
}

// DB is an open store: Reader, Writer and Watcher. It may be used from any goroutine.
type DB struct {
	store.Notifier[store.Rev]
	o      Options
	dir    string
	handle atomic.Pointer[handle]
	writer chan struct{} // holds one token while a batch is applied: a mutex that a context can leave
	close  func() error

	folding    chan struct{} // holds one token while chunks are written
	compacting chan struct{} // holds one token while the file is compacted
	pinned     atomic.Uint64 // revision + 1 of the fold under way; 0: none
	maps       mappings
	fault      func(io.Writer) io.Writer // of tests

	ahead    sync.Once
	ample    func() bool    // in place of asking whether the file fits into memory
	reading  sync.WaitGroup // of the file, ahead
	shutting atomic.Bool

	ownerMu sync.Mutex
	owner   owner

	damageMu sync.Mutex
	damage   []error
	stuck    atomic.Bool // bbolt's own lock is taken for good
}

// handle is an open file. A compaction puts another in its place.
type handle struct {
	bolt  *bbolt.DB
	file  *os.File     // bbolt's own
	half  string       // one of the file's two beginnings is damaged: what that means
	users sync.RWMutex // held for reading by those who read from it
}

// bolt returns the open file to who keeps a compaction from taking it away, by holding a token or by being the only one.
func (d *DB) bolt() *bbolt.DB { return d.handle.Load().bolt }

// take returns the open file, which stays open until it is given back with users.RUnlock.
func (d *DB) take() *handle {
	for {
		if h := d.handle.Load(); h.users.TryRLock() {
			return h
		} // it fails only when another has taken its place
	}
}

// Open opens the store in folder dir, which it makes (0700) together with the file (0600) when they are missing. It waits at most 300 ms for another
// process to let go. Errors: [*store.LockedError] when somebody holds the file, [store.ErrNewer] when a newer version wrote it, [fs.ErrNotExist] when it
// is missing and ReadOnly. A file that is refused for whatever reason is left exactly as it was. After a crash nothing needs to be done.
func Open(dir string, o Options) (*DB, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log <= 0 {
		o.Log = defaultLog
	}
	if o.LogBytes <= 0 {
		o.LogBytes = defaultMax
	}
	path := filepath.Join(dir, File)
	fail := func(err error) (*DB, error) {
		if errors.Is(err, berrors.ErrTimeout) {
			return nil, lockedBy(dir, path)
		}
		return nil, fmt.Errorf("open %s: %w", path, once(err, path))
	}
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	h, err := openBolt(path, o)
	for tries := 0; errors.Is(err, errMoved) && tries < 3; tries++ {
		h, err = openBolt(path, o)
	}
	if err != nil {
		return fail(err)
	}
	d := &DB{o: o, dir: dir, writer: make(chan struct{}, 1), folding: make(chan struct{}, 1), compacting: make(chan struct{}, 1)}
	d.handle.Store(h)
	if h.half != "" {
		d.tell(h.half)
	}
	d.close = sync.OnceValue(d.shut)
	if err := guarded("begin", d.begin); err != nil {
		return fail(errors.Join(err, d.Close()))
	}
	return d, nil
}

// once takes path out of a system error whose message will name it anyway.
func once(err error, path string) error {
	var e *fs.PathError
	if errors.As(err, &e) && e.Path == path && e.Error() == err.Error() {
		return e.Err
	}
	return err
}

// begin makes the file ready for this program. We hold the lock, and say so before anything that takes long.
func (d *DB) begin() error {
	if d.o.ReadOnly {
		_, err := d.folded()
		return err
	}
	d.owner = self()
	if err := d.owner.write(d.dir); err != nil {
		if !isFull(err) { // who holds the store is not worth keeping everybody from it
			return err
		}
		d.tell("who holds the store cannot be written down: " + err.Error())
	}
	if err := d.compactAtStart(); err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	set, err := d.folded()
	if err != nil {
		return err
	}
	if n := d.removeOrphans(set); n > 0 {
		d.tell(fmt.Sprintf("removed %d files in %s, left by a fold that was interrupted", n, filepath.Join(d.dir, Folder)))
	}
	return nil
}

// folded returns the list of chunks, and begins to read the file ahead when there is none to start from: then the records will be read.
func (d *DB) folded() (set *manifest, err error) {
	err = d.bolt().View(func(tx *bbolt.Tx) error {
		found, err := manifestOf(tx)
		if err == nil {
			set = found
		}
		if set == nil || !set.usable(tx) {
			d.preread()
		}
		return nil
	})
	return set, err
}

// now asks the clock.
func (o *Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

func (d *DB) tell(what string) {
	if d.o.Tell != nil {
		d.o.Tell(what)
	}
}

// prepare makes what the file lacks and says which version writes it. When nothing is to be done, nothing is written.
func (d *DB) prepare() error {
	ready := false
	if err := d.bolt().View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		ready = meta != nil && string(meta.Get(keyWriter)) == d.o.Version && schemaOf(tx) == schema
		return nil
	}); err != nil || ready {
		return err
	}
	return d.bolt().Update(func(tx *bbolt.Tx) error {
		if schemaOf(tx) == 1 {
			if err := tx.DeleteBucket(bucketLog); err != nil {
				return err
			}
		}
		names := [][]byte{bucketMeta, bucketCursor, bucketLog, bucketChunk}
		for _, e := range store.Entities() {
			names = append(names, bucketOf(e))
		}
		for _, name := range names {
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
		return errors.Join(meta.Put(keySchema, []byte(strconv.Itoa(schema))), meta.Put(keyWriter, []byte(d.o.Version)))
	})
}

var (
	errMoved = errors.New("the file was replaced while it was opened; try again")
	errOther = errors.New("it is not a flightdeck store; nothing was changed; move it away or choose another folder with --store")
)

// openBolt looks at the file first and opens it only when it is ours.
func openBolt(path string, o Options) (*handle, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.ReadOnly: // a new store
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errOther
	case info.Size() == 0 && !o.ReadOnly: // we, or bbolt, were stopped right at the beginning
	case info.Size() == 0:
		return nil, errOther
	default:
		h, err := rawOpen(path, &bbolt.Options{ReadOnly: true, Timeout: lockWait}, o)
		if err != nil {
			return nil, err
		}
		if o.ReadOnly {
			return h, nil
		}
		if err := h.bolt.Close(); err != nil {
			return nil, err
		}
	}
	return rawOpen(path, writable(), o)
}

// writable is how the file is opened for writing.
func writable() *bbolt.Options {
	w := &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" { // there the file would grow to the map's size
		w.InitialMmapSize = firstMap
	}
	return w
}

// rawOpen opens the file, and checks it. bbolt panics on some damaged files, and a file shorter than it claims to be faults: both
// become errors here, with the lock given back.
func rawOpen(path string, bo *bbolt.Options, o Options) (h *handle, err error) {
	var file *os.File
	var b *bbolt.DB
	bo.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			h, err = nil, &damagedError{"its pages", fmt.Errorf("%v; nothing was changed", r), remedyFor(path)}
			unlockFile(file)
			_ = file.Close() // the map stays, some address space
		} else if err != nil && b != nil {
			_ = b.Close()
			h = nil
		}
	}()
	b, err = bbolt.Open(path, 0o600, bo)
	switch {
	case errors.Is(err, berrors.ErrTimeout), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return nil, err
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return nil, fmt.Errorf("%w (%w)", errOther, err)
	case err != nil:
		return nil, fmt.Errorf("%w; nothing was changed", once(err, path))
	}
	b.AllocSize = allocStep
	_, errs := readMetas(file)
	return &handle{bolt: b, file: file, half: halved(path, errs)}, check(path, file, b, o)
}

// halved says what it means that one of the file's two beginnings cannot be read; "": both can. A loss of power in the middle of a commit looks the same, so that it is
// told and nothing is refused for it; the next commit writes that beginning anew.
func halved(path string, errs [2]error) string {
	bad := errors.Join(errs[:]...)
	if bad == nil {
		return ""
	}
	then := "the sources are asked again from where they stood before it"
	if filepath.Base(path) == DeskFile {
		then = "compare the head that doctor prints with one that was kept elsewhere"
	}
	return fmt.Sprintf("one of the two beginnings of %s cannot be read (%v): if it was the newer one, the last commit is gone; %s", path, bad, then)
}

// check tells whether the open file is one that this program may use.
func check(path string, file *os.File, b *bbolt.DB, o Options) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if now, err := os.Stat(path); err != nil || !os.SameFile(info, now) {
		return errMoved // another process compacted it between our opening it and its letting go of the lock
	}
	newest := o.newest
	if newest == 0 {
		newest = schema
	}
	return b.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return &damagedError{"its end", fmt.Errorf("%d bytes of %d are there; nothing was changed", info.Size(), tx.Size()), remedyFor(path)}
		}
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			if k, _ := tx.Cursor().First(); k != nil || b.IsReadOnly() && o.ReadOnly {
				return errOther
			}
			return nil // stopped between the first page and the first transaction
		}
		found, err := strconv.Atoi(string(meta.Get(keySchema)))
		switch {
		case err != nil || found < 1:
			return errOther
		case found > newest:
			return fmt.Errorf("schema %d, %w %s; this is %s, which reads up to schema %d; nothing was changed; "+
				"start that version or a later one, or choose another folder with --store",
				found, store.ErrNewer, store.Clip(string(meta.Get(keyWriter)), 40), o.Version, newest)
		}
		return nil
	})
}

// preread brings the file into memory in order, ahead of whoever reads the store: bbolt's map is advised for random access and would bring it page by page. It
// returns at once, and does it once. A file that cannot be read is told to who reads the store. One that does not fit into memory is not read so: see [ahead].
func (d *DB) preread() {
	if d.fits() {
		d.ahead.Do(d.readAhead)
	}
}

func (d *DB) readAhead() {
	file, err := os.Open(filepath.Join(d.dir, File))
	if err != nil {
		return
	}
	d.reading.Go(func() {
		defer func() { _ = file.Close() }()
		for b := make([]byte, 256<<10); !d.shutting.Load(); {
			if _, err := file.Read(b); err != nil {
				return
			}
		}
	})
}

// Close ends all subscriptions, waits for running views and commits, and lets the file go. Further calls return what the first one did; everything else
// then fails with an error that says that the store is closed.
func (d *DB) Close() error { return d.close() }

func (d *DB) shut() error {
	d.shutting.Store(true)
	d.writer <- struct{}{}
	defer func() { <-d.writer }()
	d.reading.Wait()
	d.Notifier.Close()
	var left error
	if !d.o.ReadOnly {
		left = d.disown()
	}
	shut := d.bolt().Close
	if d.stuck.Load() {
		shut = func() error {
			f := d.handle.Load().file
			unlockFile(f)
			return f.Close()
		}
	}
	if err := errors.Join(left, shut()); err != nil {
		return fmt.Errorf("close %s: %w", filepath.Join(d.dir, File), err)
	}
	return nil
}

// Watch implements [store.Watcher]. The channel is also closed when the store is.
func (d *DB) Watch(ctx context.Context) <-chan store.Rev { return d.Notifier.Watch(ctx) }

// closed says in our words that bbolt's file is closed.
func closed(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return errors.New("the store is closed")
	}
	return err
}

// schemaOf returns the schema of the file, 0 when it has none yet.
func schemaOf(tx *bbolt.Tx) int {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(meta.Get(keySchema)))
	return n
}

func revOf(tx *bbolt.Tx) store.Rev {
	v := tx.Bucket(bucketMeta).Get(keyRev)
	if len(v) != 8 {
		return 0
	}
	return store.Rev(binary.BigEndian.Uint64(v))
}

func setRev(tx *bbolt.Tx, rev store.Rev) error {
	return tx.Bucket(bucketMeta).Put(keyRev, binary.BigEndian.AppendUint64(nil, uint64(rev)))
}
