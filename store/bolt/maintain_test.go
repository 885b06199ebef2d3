package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

func TestBackup(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	storetest.Apply(t, d, deals("a:1"))
	dir := t.TempDir()
	path := filepath.Join(dir, File)
	if err := os.WriteFile(path, []byte("an older backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(path); err != nil {
		t.Fatal(err)
	}
	storetest.Apply(t, d, deals("a:2")) // the copy is not the store
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Fatalf("left behind: %q", left)
	}
	copied := open(t, dir, Options{})
	if all, rev := storetest.All(t, copied); len(all.Deals) != 1 || rev != 1 {
		t.Fatalf("%d deals at revision %d in the copy", len(all.Deals), rev)
	}
	if err := d.Backup(filepath.Join(d.dir, File)); err == nil {
		t.Fatal("the store was backed up onto itself")
	}
	if err := d.Backup(filepath.Join(dir, "missing", "x")); err == nil {
		t.Fatal("a backup into a missing folder")
	}
	if all, _ := storetest.All(t, d); len(all.Deals) != 2 {
		t.Fatalf("%d deals in the store", len(all.Deals))
	}
}

func TestCompact(t *testing.T) {
	dir, model := t.TempDir(), storetest.NewMemory()
	d := open(t, dir, Options{Log: storetest.LogLimit})
	b := storetest.Batch("a", "touches", "p9", store.Records{})
	for i := range 6000 {
		b.Touches = append(b.Touches, storetest.Touch(store.MakeID("a", fmt.Sprint(i))))
	}
	gone := storetest.Batch("a", "touches", "p9", store.Records{Deals: []store.Deal{storetest.Deal("a:1")}})
	b.Refs(func(r store.Ref) bool {
		if r.ID != "a:77" {
			gone.Deleted = append(gone.Deleted, r)
		}
		return true
	})
	for _, s := range []storetest.Store{d, model} {
		storetest.Apply(t, s, b)
		storetest.Apply(t, s, gone)
	}
	storetest.Apply(t, d, storetest.Batch("a", "x", "1", store.Records{})) // frees the pages of the commit before
	before, _ := d.Info()
	if err := os.WriteFile(filepath.Join(dir, File+".compact"), []byte("of a run that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := d.Info()
	if err != nil || after.Size >= before.Size/2 || after.Rev != before.Rev || after.Generation != before.Generation || after.Log != before.Log {
		t.Fatalf("from %+v to %+v, %v", before, after, err)
	}
	compare(t, d, model)
	var locked *store.LockedError
	if _, err := Open(dir, Options{}); !errors.As(err, &locked) {
		t.Fatalf("the compacted file is not locked: %v", err)
	}
	storetest.Apply(t, d, deals("a:2"))
	storetest.Apply(t, model, deals("a:2"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir, Options{Log: storetest.LogLimit})
	compare(t, d, model)
	if c, err := d.Cursor(context.Background(), "a", "touches"); err != nil || c != "p9" {
		t.Fatalf("cursor %q, %v", c, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Fatalf("in the folder: %q", left)
	}
}
