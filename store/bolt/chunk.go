package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// Folder is the name of the folder beside [File] in which the chunks are.
const Folder = "chunks"

// A chunk's file is a header of chunkHead bytes, then the content, which is thus aligned to 64 bytes in the map. The header: magic (8 bytes), version (4),
// its own length (4), the content's length (8), the revision of the fold that wrote it (8), CRC32C of the content (4), CRC32C of the header up to here (4),
// zeros; little-endian.
const (
	chunkHead    = 64
	chunkMagic   = "fdchunk\n"
	chunkVersion = 1
	chunkEnding  = ".chunk"
	headSummed   = 8 + 4 + 4 + 8 + 8 + 4
)

// Bucket chunk holds one set: its manifest, and its revision apart, which every commit asks for.
var (
	bucketChunk = []byte("chunk")
	keyManifest = []byte("set")
	keySetRev   = []byte("rev")
)

// manifest says which files are the newest set.
type manifest struct {
	Sequence   uint64 // of folds; part of the files' names, so that none is ever written twice
	Generation string // of the store that the chunks were made of
	Format     string
	Rev        store.Rev
	Chunks     []chunkFile
}

type chunkFile struct {
	Name   string
	File   string
	Length int64
	Sum    uint32 // CRC32C of the content
}

// manifestOf returns the newest set; nil when there is none.
func manifestOf(tx *bbolt.Tx) (*manifest, error) {
	b := tx.Bucket(bucketChunk)
	if b == nil {
		return nil, nil
	}
	v := b.Get(keyManifest)
	if v == nil {
		return nil, nil
	}
	return parseManifest(v)
}

// setOf returns the revision of the newest set.
func setOf(tx *bbolt.Tx) (rev store.Rev, found bool) {
	b := tx.Bucket(bucketChunk)
	if b == nil {
		return 0, false
	}
	v := b.Get(keySetRev)
	if len(v) != 8 {
		return 0, false
	}
	return store.Rev(binary.BigEndian.Uint64(v)), true
}

// usable reports whether a reader can start from m: it is of this store's records, and the log tells what came after.
func (m *manifest) usable(tx *bbolt.Tx) bool {
	now := revOf(tx)
	return m != nil && m.Generation == string(tx.Bucket(bucketMeta).Get(keyGeneration)) && m.Rev <= now && m.Rev >= trimmed(tx, now)
}

func (d *DB) chunkPath(file string) string { return filepath.Join(d.dir, Folder, file) }

// Chunks implements [store.Folder]. A list of chunks that cannot be read is as good as none.
func (d *DB) Chunks(ctx context.Context, format string) (store.Chunks, error) {
	var m *manifest
	if err := d.view(ctx, func(tx *bbolt.Tx) error {
		found, err := manifestOf(tx)
		if err == nil && found.usable(tx) && found.Format == format {
			m = found
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("open chunks: %w", err)
	}
	if m != nil && len(m.Chunks) > 0 {
		if _, err := os.Stat(filepath.Join(d.dir, Folder)); err != nil { // a backup that was put back
			m = nil
		}
	}
	if m == nil {
		return nil, fmt.Errorf("open chunks: %w", store.ErrNotFound)
	}
	c := &chunks{d: d, m: m, index: make(map[string]*chunkFile, len(m.Chunks))}
	for i := range m.Chunks {
		c.index[m.Chunks[i].Name] = &m.Chunks[i]
	}
	return c, nil
}

type chunks struct {
	d     *DB
	m     *manifest
	index map[string]*chunkFile
}

// Rev implements [store.Chunks].
func (c *chunks) Rev() store.Rev { return c.m.Rev }

// Names implements [store.Chunks].
func (c *chunks) Names() []string {
	names := make([]string, len(c.m.Chunks))
	for i := range c.m.Chunks {
		names[i] = c.m.Chunks[i].Name
	}
	return names
}

// Bytes implements [store.Chunks].
func (c *chunks) Bytes(name string) ([]byte, error) {
	f := c.index[name]
	if f == nil {
		return nil, fmt.Errorf("map chunk %q: %w", store.Clip(name, 80), store.ErrNotFound)
	}
	b, err := c.d.maps.get(c.d.chunkPath(f.File), f)
	if err != nil {
		return nil, c.d.badChunk("map", f, err)
	}
	return b, nil
}

// Check implements [store.Chunks]. It reads the file, not the map, so that a page that the disk cannot give is an error and no fault.
func (c *chunks) Check(name string) error {
	f := c.index[name]
	if f == nil {
		return fmt.Errorf("check chunk %q: %w", store.Clip(name, 80), store.ErrNotFound)
	}
	if err := f.check(c.d.chunkPath(f.File)); err != nil {
		return c.d.badChunk("check", f, err)
	}
	return nil
}

func (d *DB) badChunk(op string, f *chunkFile, err error) error {
	return fmt.Errorf("%s chunk %q in %s: %w; it is made anew from the records", op, store.Clip(f.Name, 80), d.chunkPath(f.File), err)
}

// open opens the chunk's file and compares what its header says.
func (f *chunkFile) open(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err // the path is told by whoever reports it
		}
		return nil, err
	}
	fail := func(err error) (*os.File, error) { return nil, errors.Join(err, file.Close()) }
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("it is no file"))
	}
	if info.Size() != chunkHead+f.Length {
		return fail(fmt.Errorf("it is damaged: %d bytes of %d are there", info.Size(), chunkHead+f.Length))
	}
	var head [chunkHead]byte
	if _, err := io.ReadFull(file, head[:]); err != nil {
		return fail(err)
	}
	le := binary.LittleEndian
	switch {
	case string(head[:8]) != chunkMagic, crc32.Checksum(head[:headSummed], castagnoli) != le.Uint32(head[headSummed:]):
		return fail(errors.New("its header is damaged"))
	case le.Uint32(head[8:]) != chunkVersion || le.Uint32(head[12:]) != chunkHead:
		return fail(fmt.Errorf("it has version %d, this program reads %d", le.Uint32(head[8:]), chunkVersion))
	case le.Uint64(head[16:]) != uint64(f.Length) || le.Uint32(head[32:]) != f.Sum:
		return fail(errors.New("it is not the one that was folded"))
	}
	return file, nil
}

func (f *chunkFile) check(path string) error {
	file, err := f.open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if sum.Sum32() != f.Sum {
		return fmt.Errorf("it is damaged: its checksum is %08x, it was %08x", sum.Sum32(), f.Sum)
	}
	return nil
}

// head returns the header of a chunk that was folded at rev.
func (f *chunkFile) head(rev store.Rev) []byte {
	le := binary.LittleEndian
	h := append(make([]byte, 0, chunkHead), chunkMagic...)
	h = le.AppendUint32(le.AppendUint32(h, chunkVersion), chunkHead)
	h = le.AppendUint64(le.AppendUint64(h, uint64(f.Length)), uint64(rev))
	h = le.AppendUint32(h, f.Sum)
	h = le.AppendUint32(h, crc32.Checksum(h, castagnoli))
	return h[:chunkHead]
}

// mappings holds the mapped files. Nothing is unmapped, whatever becomes of the file or the store: somebody may hold the bytes.
type mappings struct {
	mu     sync.Mutex
	mapped map[string][]byte // by path
}

func (m *mappings) get(path string, f *chunkFile) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.mapped[path]; ok {
		return b, nil
	}
	file, err := f.open(path)
	if err != nil {
		return nil, err
	}
	b, err := mapFile(file, int(chunkHead+f.Length))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if m.mapped == nil {
		m.mapped = map[string][]byte{}
	}
	b = b[chunkHead:len(b):len(b)]
	m.mapped[path] = b
	return b, nil
}

// forget drops the file from the list; the map stays.
func (m *mappings) forget(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.mapped, path)
}

// checkChunks checks every chunk of the newest set; each that is bad is told.
func (d *DB) checkChunks(ctx context.Context, tx *bbolt.Tx) error {
	m, err := manifestOf(tx)
	if err != nil || m == nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(d.dir, Folder)); errors.Is(err, fs.ErrNotExist) {
		return nil // a backup that was put back
	}
	var bad []error
	for i := range m.Chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := &m.Chunks[i]
		if err := f.check(d.chunkPath(f.File)); err != nil {
			bad = append(bad, d.badChunk("check", f, err))
		}
	}
	return errors.Join(bad...)
}
