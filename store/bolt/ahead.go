package bolt

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ahead brings the leaves of one bucket into memory a little before they are read in the order of their keys. bbolt's map is advised for random access: a file that does not
// fit into memory would be waited for page by page, sixty million records for an hour on a slow disk (measured: 5 MB/s so, 20 MB/s with this). Reading the whole file in
// order, as [DB.preread] does, helps only where it fits: else what comes first has been let go again when it is wanted.
type ahead struct {
	pages pages
	at    atomic.Pointer[[]byte] // the key that was read last
	moved chan struct{}
	quit  chan struct{}
	most  int // leaves of a window: two of them are in memory before they are read

	window []leafAt
	starts [][]byte // the first keys of the windows that were fetched
}

// leafAt is a leaf page and the first key that can be in it.
type leafAt struct {
	id  uint64
	key []byte
}

const (
	aheadLeaves = 8192    // of a window
	aheadGap    = 32      // pages that are read along between two that are wanted
	aheadRun    = 1024    // pages of one read
	aheadReads  = 8       // at once
	aheadDepth  = 64      // more than any tree has
	enough      = 4 << 30 // bytes of memory, where the system does not tell
	shareOf     = 2       // a file fits when it takes no more than one part of so many
	meminfo     = "/proc/meminfo"
)

// fits reports whether the file can be in memory as a whole, beside what is made of it.
func (d *DB) fits() bool {
	if d.ample != nil {
		return d.ample()
	}
	info, err := os.Stat(filepath.Join(d.dir, File))
	return err != nil || info.Size() <= available()/shareOf
}

// available returns how many bytes of memory can be had.
func available() int64 {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return enough
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return enough
}

// follow begins to read ahead of whoever reads the bucket with the given root in order. They tell by reached how far they are, and call stop when they are done, which waits.
func (d *DB) follow(root uint64) (a *ahead, stop func()) {
	file, err := os.Open(filepath.Join(d.dir, File))
	if err != nil {
		return nil, func() {}
	}
	info, err := file.Stat()
	size := int64(d.bolt().Info().PageSize)
	if err != nil || size <= 0 {
		_ = file.Close()
		return nil, func() {}
	}
	a = newAhead(pages{r: file, size: size, end: uint64(info.Size() / size)})
	var done sync.WaitGroup
	done.Go(func() {
		_ = guarded("read ahead", func() error { a.run(root); return nil }) // what is wrong with a page is told to who reads it
	})
	return a, func() {
		close(a.quit)
		done.Wait()
		_ = file.Close()
	}
}

func newAhead(p pages) *ahead {
	return &ahead{pages: p, moved: make(chan struct{}, 1), quit: make(chan struct{}), most: aheadLeaves}
}

// reached tells how far one is. key may be kept as long as a reads.
func (a *ahead) reached(key []byte) {
	if a == nil {
		return
	}
	a.at.Store(&key)
	select {
	case a.moved <- struct{}{}:
	default:
	}
}

func (a *ahead) run(root uint64) {
	if a.branch(root, 0) {
		a.fetch()
	}
}

// branch looks for the leaves under page id; false: there is nothing more to do.
func (a *ahead) branch(id uint64, depth int) bool {
	g, err := a.pages.read(id)
	if err != nil || g.flags != flagBranch || depth > aheadDepth {
		return false
	}
	leaves := false
	for i := range g.count {
		key, child, err := g.branch(i)
		if err != nil {
			return false
		}
		if i == 0 { // the leaves of a tree are all as deep
			below, err := a.pages.read(child)
			if err != nil {
				return false
			}
			leaves = below.flags == flagLeaf
		}
		if !leaves {
			if !a.branch(child, depth+1) {
				return false
			}
			continue
		}
		if a.window = append(a.window, leafAt{child, key}); len(a.window) == a.most && !a.fetch() {
			return false
		}
	}
	return true
}

// fetch reads a window once the one before the last is being read; false: nobody reads any more.
func (a *ahead) fetch() bool {
	if len(a.window) == 0 {
		return true
	}
	a.starts = append(a.starts, a.window[0].key)
	if n := len(a.starts) - 3; n >= 0 && !a.wait(a.starts[n+1]) {
		return false
	}
	slices.SortFunc(a.window, func(x, y leafAt) int { return cmp.Compare(x.id, y.id) })
	runs, read := make(chan [2]uint64), sync.WaitGroup{}
	for range aheadReads {
		read.Go(func() {
			b := make([]byte, 0, aheadRun*a.pages.size)
			for r := range runs {
				_, _ = a.pages.r.ReadAt(b[:int64(r[1]-r[0]+1)*a.pages.size], int64(r[0])*a.pages.size)
			}
		})
	}
	going := true
	for i := 0; going && i < len(a.window); {
		first, last := a.window[i].id, a.window[i].id
		for i++; i < len(a.window) && a.window[i].id-last <= aheadGap && a.window[i].id-first < aheadRun; i++ {
			last = a.window[i].id
		}
		select {
		case runs <- [2]uint64{first, last}:
		case <-a.quit:
			going = false
		}
	}
	close(runs)
	read.Wait()
	a.window = a.window[:0]
	return going
}

// wait waits until key has been reached.
func (a *ahead) wait(key []byte) bool {
	for {
		if at := a.at.Load(); at != nil && bytes.Compare(*at, key) >= 0 {
			return true
		}
		select {
		case <-a.moved:
		case <-a.quit:
			return false
		}
	}
}
