package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
)

// pages reads bbolt's pages from the file itself. bbolt trusts what it maps: on a damaged page it panics, faults or goes astray. Here every length, offset and
// number is looked at before it is used, so that what is whole beside the damage can still be read. The format (bbolt, internal/common) has not changed since 2014:
// a page is id (8 bytes), flags (2), count (2), how many further pages it takes (4), then elements; little-endian on every machine we run on.
type pages struct {
	r    io.ReaderAt
	size int64  // of a page
	end  uint64 // number of pages
}

const (
	pageHead    = 16
	elementLen  = 16 // of a leaf: flags, position, length of key, of value; of a branch: position, length of key, page
	flagBranch  = 0x01
	flagLeaf    = 0x02
	flagFree    = 0x10
	leafBucket  = 0x01 // an element's flag: the value is a bucket
	bucketHead  = 16   // root page, sequence
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = math.MaxUint64
	maxPageSize = 64 << 10
	maxPage     = 1 << 30 // bytes of one page with those that it continues in: more is no page of ours
)

// meta is one of the file's two beginnings, the newer of which counts.
type metaPage struct {
	pageSize int64
	root     uint64 // of the bucket of buckets
	freelist uint64
	end      uint64
	tx       uint64
}

// readMetas reads both meta pages; errs tells what is wrong with each. A file whose pages are of another size than this machine's is found by trying.
func readMetas(r io.ReaderAt) (metas [2]metaPage, errs [2]error) {
	metas[0], errs[0] = readMeta(r, 0)
	if errs[0] == nil {
		metas[1], errs[1] = readMeta(r, metas[0].pageSize)
		return metas, errs
	}
	for size := int64(1 << 10); size <= maxPageSize; size *= 2 {
		if m, err := readMeta(r, size); err == nil && m.pageSize == size {
			metas[1], errs[1] = m, nil
			return metas, errs
		}
	}
	errs[1] = errors.New("it is damaged")
	return metas, errs
}

func readMeta(r io.ReaderAt, at int64) (m metaPage, err error) {
	var b [pageHead + 64]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return m, err
	}
	le, v := binary.LittleEndian, b[pageHead:]
	sum := fnv.New64a()
	_, _ = sum.Write(v[:56])
	switch {
	case le.Uint32(v) != boltMagic, le.Uint32(v[4:]) != boltVersion:
		return m, errors.New("it does not begin as it should")
	case sum.Sum64() != le.Uint64(v[56:]):
		return m, errors.New("its checksum is wrong")
	}
	m = metaPage{pageSize: int64(le.Uint32(v[8:])), root: le.Uint64(v[16:]), freelist: le.Uint64(v[32:]), end: le.Uint64(v[40:]), tx: le.Uint64(v[48:])}
	if m.pageSize < 1<<10 || m.pageSize > maxPageSize || m.end < 3 || m.end > math.MaxInt64/uint64(m.pageSize) {
		return m, errors.New("it says what cannot be")
	}
	return m, nil
}

// page is a page that has been read, with those that it continues in.
type page struct {
	id    uint64
	flags uint16
	count int
	data  []byte
	odd   error // its head is damaged, but what it holds is not
}

// read reads page id, and says what is wrong with it.
func (p *pages) read(id uint64) (g page, err error) {
	if id < 2 || id >= p.end {
		return g, fmt.Errorf("the file has no page %d", id)
	}
	b := make([]byte, p.size)
	if err := p.readAt(b, id); err != nil {
		return g, err
	}
	more := uint64(binary.LittleEndian.Uint32(b[12:]))
	if g, err = parsePage(id, b); err != nil {
		return g, err
	}
	if more > 0 {
		if id+more >= p.end || int64(more) > maxPage/p.size {
			return g, fmt.Errorf("page %d claims %d more pages", id, more)
		}
		g.data = append(make([]byte, 0, int64(more+1)*p.size), b...)[:int64(more+1)*p.size]
		if err := p.readAt(g.data, id); err != nil {
			return g, err
		}
	}
	g.recount()
	return g, nil
}

// recount finds out whether the page has as many elements as it says: the data of the first begins where the elements end, and each goes on where the one before
// ends. bbolt would take no notice of a number that is too small.
func (g *page) recount() {
	if g.flags == flagFree || len(g.data) < pageHead+elementLen {
		return
	}
	offset := 4 // of the position in an element
	if g.flags == flagBranch {
		offset = 0
	}
	pos := int(binary.LittleEndian.Uint32(g.data[pageHead+offset:]))
	was, n := g.count, pos/elementLen
	if n == was || pos%elementLen != 0 || n < 1 || n > (len(g.data)-pageHead)/elementLen {
		return
	}
	g.count = n
	end := pageHead + pos
	for i := range n {
		at, size, err := g.extent(i)
		if err != nil || at != end {
			g.count = was
			return
		}
		end = at + size
	}
	g.odd = fmt.Errorf("page %d says that it has %d elements and has %d", g.id, was, n)
}

// extent returns where the data of element i is and how long it is.
func (g *page) extent(i int) (at, size int, err error) {
	head := pageHead + i*elementLen
	le, e := binary.LittleEndian, g.data[head:]
	if g.flags == flagBranch {
		k, _, err := g.branch(i)
		return head + int(le.Uint32(e)), len(k), err
	}
	_, k, v, err := g.leaf(i)
	return head + int(le.Uint32(e[4:])), len(k) + len(v), err
}

func (p *pages) readAt(b []byte, id uint64) error {
	n, err := p.r.ReadAt(b, int64(id)*p.size)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("page %d: the file ends before its end", id)
	}
	return fmt.Errorf("page %d: %w", id, err)
}

// parsePage looks at the head of a page. The page of a bucket that is kept in its parent's has the number 0.
func parsePage(id uint64, b []byte) (g page, err error) {
	if len(b) < pageHead {
		return g, fmt.Errorf("page %d is cut short", id)
	}
	le := binary.LittleEndian
	g = page{id: id, flags: le.Uint16(b[8:]), count: int(le.Uint16(b[10:])), data: b}
	if found := le.Uint64(b); found != id {
		return g, fmt.Errorf("page %d says that it is page %d", id, found)
	}
	switch g.flags {
	case flagBranch, flagLeaf, flagFree:
		return g, nil
	}
	return g, fmt.Errorf("page %d is of no kind that there is", id)
}

var errElement = errors.New("an element that points outside of its page")

// leaf returns element i of a leaf.
func (g *page) leaf(i int) (flags uint32, key, value []byte, err error) {
	at := pageHead + i*elementLen
	if at+elementLen > len(g.data) {
		return 0, nil, nil, errElement
	}
	le, e := binary.LittleEndian, g.data[at:]
	flags = le.Uint32(e)
	pos, klen, vlen := int64(le.Uint32(e[4:])), int64(le.Uint32(e[8:])), int64(le.Uint32(e[12:]))
	from, to := int64(at)+pos, int64(at)+pos+klen+vlen
	if flags > leafBucket || from < int64(pageHead+g.count*elementLen) || to > int64(len(g.data)) {
		return flags, nil, nil, errElement
	}
	return flags, g.data[from : from+klen : from+klen], g.data[from+klen : to : to], nil
}

// branch returns element i of a branch.
func (g *page) branch(i int) (key []byte, child uint64, err error) {
	at := pageHead + i*elementLen
	if at+elementLen > len(g.data) {
		return nil, 0, errElement
	}
	le, e := binary.LittleEndian, g.data[at:]
	from, klen := int64(at)+int64(le.Uint32(e)), int64(le.Uint32(e[4:]))
	if from < int64(pageHead+g.count*elementLen) || from+klen > int64(len(g.data)) {
		return nil, 0, errElement
	}
	return g.data[from : from+klen : from+klen], le.Uint64(e[8:]), nil
}

type gapKind uint8

const (
	gapElement gapKind = iota // one element of a page
	gapPages                  // a page, with all below it
	gapNone                   // nothing is missing, but the page is damaged
)

// gap is a stretch of a bucket that cannot be read: the keys from from up to and without to; nil is open.
type gap struct {
	from, to []byte
	kind     gapKind
	err      error
}

func (g gap) has(key []byte) bool {
	return bytes.Compare(key, g.from) >= 0 && (g.to == nil || bytes.Compare(key, g.to) < 0)
}

// walk visits one tree. leaf is told of every element in order, lost of every stretch that cannot be read; both may keep the slices. A page is visited once.
type walk struct {
	p     *pages
	seen  map[uint64]int64 // page → how many it takes; shared between the trees of a file
	after []byte           // nothing is wanted up to this key: pages that hold nothing else are not visited
	leaf  func(flags uint32, key, value []byte) error
	lost  func(gap) error

	last []byte // the newest key that leaf was told of
}

const maxDepth = 64

func (w *walk) tree(id uint64, from, to []byte, depth int) error {
	if _, again := w.seen[id]; again || depth > maxDepth {
		return w.lost(gap{from, to, gapPages, fmt.Errorf("page %d is there twice", id)})
	}
	g, err := w.p.read(id)
	if err == nil && g.flags == flagFree {
		err = fmt.Errorf("page %d is a list of free pages", id)
	}
	if err != nil {
		return w.lost(gap{from, to, gapPages, err})
	}
	w.seen[id] = int64(len(g.data)) / w.p.size
	return w.page(g, from, to, depth)
}

func (w *walk) page(g page, from, to []byte, depth int) error {
	if g.odd != nil {
		if err := w.lost(gap{from, to, gapNone, g.odd}); err != nil {
			return err
		}
	}
	if g.flags == flagLeaf {
		return w.leaves(g, from, to)
	}
	if g.count == 0 {
		return w.lost(gap{from, to, gapPages, fmt.Errorf("page %d has no children", g.id)})
	}
	// Of children whose first key cannot be, we do not know what they hold: their stretch is lost together with that of the one before.
	low := from
	for i := 0; i < g.count; {
		_, child, err := g.branch(i)
		next := i + 1
		var high []byte
		for ; next < g.count; next++ {
			if k, _, err := g.branch(next); err == nil && bytes.Compare(k, low) > 0 && (to == nil || bytes.Compare(k, to) < 0) {
				high = k
				break
			}
		}
		if next == g.count {
			high = to
		}
		switch {
		case high != nil && bytes.Compare(high, w.after) <= 0:
			err = nil
		case err != nil:
			err = w.lost(gap{low, high, gapPages, fmt.Errorf("page %d: %w", g.id, err)})
		case next > i+1:
			err = w.tree(child, low, high, depth+1)
			if from := w.last; bytes.Compare(from, low) >= 0 { // up to there it was told
				low = append(bytes.Clone(from), 0)
			}
			err = errors.Join(err, w.lost(gap{low, high, gapPages, fmt.Errorf("page %d: its elements are damaged", g.id)}))
		default:
			err = w.tree(child, low, high, depth+1)
		}
		if err != nil {
			return err
		}
		low, i = high, next
	}
	return nil
}

func (w *walk) leaves(g page, from, to []byte) error {
	last := from
	first := true
	for i := range g.count {
		flags, k, v, err := g.leaf(i)
		order := bytes.Compare(k, last)
		if err == nil && (order < 0 || order == 0 && !first || to != nil && bytes.Compare(k, to) >= 0) {
			err = fmt.Errorf("element %d is out of order", i)
		}
		if err == nil && i+1 < g.count { // of two that are out of order, the one that fits neither is the damaged one
			if _, next, _, err2 := g.leaf(i + 1); err2 == nil && bytes.Compare(k, next) >= 0 && bytes.Compare(next, last) > 0 {
				err = fmt.Errorf("element %d is out of order", i)
			}
		}
		if err != nil {
			next := to
			if i+1 < g.count {
				if _, k, _, err := g.leaf(i + 1); err == nil && bytes.Compare(k, last) > 0 {
					next = k
				}
			}
			if err := w.lost(gap{last, next, gapElement, fmt.Errorf("page %d: %w", g.id, err)}); err != nil {
				return err
			}
			continue
		}
		if err := w.leaf(flags, k, v); err != nil {
			return err
		}
		last, w.last, first = k, k, false
	}
	return nil
}

// freePages reads the list of free pages.
func (p *pages) freePages(id uint64) (map[uint64]bool, error) {
	if id == noFreelist {
		return nil, errors.New("there is no list of free pages")
	}
	g, err := p.read(id)
	switch {
	case err != nil:
		return nil, err
	case g.flags != flagFree:
		return nil, fmt.Errorf("page %d is no list of free pages", id)
	}
	ids, n := g.data[pageHead:], uint64(g.count)
	if n == 0xFFFF {
		n, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return nil, fmt.Errorf("page %d: a list of %d free pages does not fit", id, n)
	}
	free := make(map[uint64]bool, n)
	for i := range n {
		f := binary.LittleEndian.Uint64(ids[8*i:])
		if f < 2 || f >= p.end || free[f] {
			return nil, fmt.Errorf("page %d lists page %d as free, which cannot be", id, f)
		}
		free[f] = true
	}
	return free, nil
}
