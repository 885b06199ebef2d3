package bolt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// A chunk that is damaged or missing: the set goes out of use, the damaged file is kept beside, the records are not touched.
func TestRepair_Chunks(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string) error{
		"a flipped bit": func(t *testing.T, path string) error { flip(t, path, 7777); return nil },
		"missing":       func(_ *testing.T, path string) error { return os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := folded(t, dir)
			path := fileOf(t, d, "touch/2026-03")
			left := filepath.Join(dir, compactFile)
			orphan := d.chunkPath("00000009-00000.chunk")
			if err := errors.Join(d.Close(), damage(t, path), os.WriteFile(left, nil, 0o600), os.WriteFile(orphan, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			g, err := Diagnose(t.Context(), dir, Options{Now: func() time.Time { return storetest.Noon }})
			if err != nil {
				t.Fatal(err)
			}
			var locked *store.LockedError
			if _, err := Open(dir, Options{}); !errors.As(err, &locked) {
				t.Fatalf("opened during a repair: %v", err)
			}
			if found := g.Damage(); len(found) != 1 || !strings.Contains(found[0], `chunk "touch/2026-03" in `+path) {
				t.Fatalf("%q", found)
			}
			plan := strings.Join(g.Plan(), "\n")
			for _, want := range []string{"keep the damaged chunk " + path, "take the set of chunks out of use", "remove " + left, "remove " + orphan} {
				if !strings.Contains(plan, want) {
					t.Errorf("the plan does not say %q:\n%s", want, plan)
				}
			}
			if _, err := g.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			files, _ := filepath.Glob(path + damagedEnding + "*")
			if want := name != "missing"; (len(files) == 1) != want {
				t.Errorf("kept are %q", files)
			}
			for _, gone := range []string{left, orphan} {
				if _, err := os.Stat(gone); err == nil {
					t.Errorf("%s is still there", gone)
				}
			}
			d = open(t, dir, Options{})
			if _, err := d.Chunks(context.Background(), "v1"); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("%v, want ErrNotFound", err)
			}
			if all, rev := storetest.All(t, d); len(all.Deals) != 1 || rev != 1 {
				t.Fatalf("%d deals at %d", len(all.Deals), rev)
			}
			storetest.Fold(t, d, 1, "v1", storetest.Chunk("a", "1"))
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What is lost must come again: the sources are forgotten to have been read, and only then.
func TestRepair_Cursors(t *testing.T) {
	for name, tt := range map[string]struct {
		bucket, key string
		cursor      store.Cursor
	}{"a record": {"rec/deal", "a:1", ""}, "a line of the log": {"log", "", "next"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := open(t, dir, Options{})
			storetest.Apply(t, d, deals("a:1", "a:2"))
			before, _ := d.Info()
			_ = d.Close()
			raw(t, dir, func(tx *bbolt.Tx) error {
				b := tx.Bucket([]byte(tt.bucket))
				k, v := b.Cursor().First()
				bad := append([]byte(nil), v...)
				bad[len(bad)/2] ^= 4
				return b.Put(append([]byte(nil), k...), bad)
			})
			g, err := Diagnose(t.Context(), dir, Options{})
			if err != nil || len(g.Damage()) == 0 {
				t.Fatalf("%v, %v", g, err)
			}
			if _, err := g.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = g.Close()
			d = open(t, dir, Options{})
			if c, err := d.Cursor(t.Context(), "a", "deals"); err != nil || c != tt.cursor {
				t.Errorf("the cursor stands at %q, %v; want %q", c, err, tt.cursor)
			}
			if after, _ := d.Info(); after.Generation == before.Generation || after.Rev <= before.Rev {
				t.Errorf("from %+v to %+v: whoever followed would not notice", before, after)
			}
			storetest.Apply(t, d, deals("a:1", "a:2"))
			if all, _ := storetest.All(t, d); len(all.Deals) != 2 {
				t.Errorf("%d deals", len(all.Deals))
			}
		})
	}
}

// Readers go on while the file is compacted: one that has begun ends on the old file, the next has the new one, and commits follow.
func TestCompact_BesideReaders(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, deals("a:1", "a:2"))
	ended := make(chan error, 1)
	err := d.View(t.Context(), func(s store.Snapshot) error {
		go func() { _, err := d.Compact(context.Background()); ended <- err }()
		for old := d.handle.Load(); d.handle.Load() == old; time.Sleep(time.Millisecond) {
			select {
			case err := <-ended:
				t.Fatalf("the compaction did not wait for the reader: %v", err)
			default:
			}
		}
		storetest.Apply(t, d, deals("a:3"))
		if all, rev := storetest.All(t, d); len(all.Deals) != 3 || rev != 2 { // another reader, on the new file
			t.Errorf("%d deals at %d", len(all.Deals), rev)
		}
		n := 0
		err := s.All(func(r *store.Records) error { n += len(r.Deals); return nil })
		if n != 2 || s.Rev() != 1 {
			t.Errorf("the reader that had begun sees %d deals at %d", n, s.Rev())
		}
		return err
	})
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	var locked *store.LockedError
	if _, err := Open(dir, Options{}); !errors.As(err, &locked) {
		t.Fatalf("the compacted file is not locked: %v", err)
	}
}
