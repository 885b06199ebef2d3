package bolt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"flightdeck/store"
)

// noted is a file that notes which bytes were read.
type noted struct {
	io.ReaderAt
	mu  sync.Mutex
	got map[int64]bool // by page
	p   int64
}

func (n *noted) ReadAt(b []byte, at int64) (int, error) {
	n.mu.Lock()
	for o := at; o < at+int64(len(b)); o += n.p {
		n.got[o/n.p] = true
	}
	n.mu.Unlock()
	return n.ReaderAt.ReadAt(b, at)
}

// TestAhead_EveryLeaf: every leaf of a bucket is read, none long before it is wanted, and an end at any moment is an end.
func TestAhead_EveryLeaf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const records = 20_000
	for part := range 10 {
		err := db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("a"))
			if err != nil {
				return err
			}
			for i := range records / 10 {
				if err := b.Put(fmt.Appendf(nil, "%08d", (part*records/10+i)*7919%100_003), bytes.Repeat([]byte{byte(i)}, 180)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	disk, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		size := int64(db.Info().PageSize)
		file := &noted{ReaderAt: disk, got: map[int64]bool{}, p: size}
		a := newAhead(pages{r: file, size: size, end: uint64(tx.Size() / size)})
		a.most = 64
		var wg sync.WaitGroup
		root := uint64(tx.Bucket([]byte("a")).Root())
		wg.Go(func() { a.run(root) })
		cur := tx.Bucket([]byte("a")).Cursor()
		for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
			a.reached(k)
		}
		wg.Wait()
		var leaves []uint64
		p := pages{r: disk, size: size, end: uint64(tx.Size() / size)}
		var walk func(id uint64)
		walk = func(id uint64) {
			g, err := p.read(id)
			if err != nil {
				t.Fatal(err)
			}
			if g.flags == flagLeaf {
				leaves = append(leaves, id)
				return
			}
			for i := range g.count {
				_, child, err := g.branch(i)
				if err != nil {
					t.Fatal(err)
				}
				walk(child)
			}
		}
		walk(root)
		if len(leaves) < 5*a.most {
			t.Fatalf("%d leaves are a few windows: nothing is shown", len(leaves))
		}
		for _, id := range leaves {
			if !file.got[int64(id)] {
				t.Fatalf("page %d was not read ahead", id)
			}
		}

		file.got = map[int64]bool{}
		idle := newAhead(pages{r: file, size: size, end: p.end})
		idle.most = 64
		wg.Go(func() { idle.run(root) })
		first, _ := cur.First()
		idle.reached(first)
		close(idle.quit)
		wg.Wait()
		if n := len(file.got); n > len(leaves)/2 {
			t.Errorf("%d pages were read for somebody who stopped at the first", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSnapshot_LargerThanMemory: a store that does not fit into memory says the same.
func TestSnapshot_LargerThanMemory(t *testing.T) {
	db, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := context.Background()
	for part := range 5 {
		b := &store.Batch{}
		for i := range 20_000 {
			b.Touches = append(b.Touches, store.Touch{ID: store.MakeID("x", fmt.Sprintf("%d.%d", i, part)), Note: "talked about it", Rep: "x:1"})
			if i%10 == 0 {
				b.Accounts = append(b.Accounts, store.Account{ID: store.MakeID("x", fmt.Sprintf("%d.%d", i, part)), Name: "客户"})
			}
		}
		if _, err := db.Apply(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	all := func(ample bool) (out []string) {
		db.ample = func() bool { return ample }
		err := db.View(ctx, func(s store.Snapshot) error {
			return s.All(func(r *store.Records) error {
				for _, x := range r.Touches {
					out = append(out, string(x.ID))
				}
				for _, x := range r.Accounts {
					out = append(out, string(x.ID))
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if want, got := all(true), all(false); len(want) < 100_000 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d and %d records", len(got), len(want))
	}
}
