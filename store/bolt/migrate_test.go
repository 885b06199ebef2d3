package bolt

import (
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// schema1 makes the closed file one of schema 1, of which the log knew no earlier forms.
func schema1(t *testing.T, dir string) {
	t.Helper()
	raw(t, dir, func(tx *bbolt.Tx) error {
		var old []entry
		var d store.Delta
		var c coder
		cur := tx.Bucket(bucketLog).Cursor()
		for k, part := cur.First(); k != nil; k, part = cur.Next() {
			if err := readPart(&c, part, &d); err != nil {
				return err
			}
		}
		for _, v := range kinds[store.EntityTouch].encode(&c, &d.Records, nil) {
			seal(store.EntityTouch, []byte(v.key), v.value)
			old = append(old, entry{ref: store.Ref{Entity: store.EntityTouch, ID: v.key}, value: v.value})
		}
		if len(old) == 0 {
			return errors.New("the log held nothing: the test would show nothing")
		}
		return errors.Join(tx.DeleteBucket(bucketLog), func() error { _, err := tx.CreateBucket(bucketLog); return err }(),
			appendLog(tx, revOf(tx), old, keep{100, 1 << 20, revOf(tx)}), tx.Bucket(bucketMeta).Put(keySchema, []byte("1")))
	})
}

// A file of schema 1 opens; what its log cannot tell is not told, and what is committed from now on is told whole.
func TestMigrate_Schema1(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{Version: "1"})
	touch := func(note string) *store.Batch {
		return storetest.Batch("a", "x", "", store.Records{Touches: []store.Touch{storetest.Touch("a:t", func(t *store.Touch) { t.Note = note })}})
	}
	storetest.Apply(t, d, touch("one"))
	storetest.Apply(t, d, touch("two"))
	_ = d.Close()
	schema1(t, dir)

	d = open(t, dir, Options{Version: "1", ReadOnly: true})
	if i, err := d.Info(); err != nil || i.Schema != 1 {
		t.Fatalf("%+v, %v", i, err)
	}
	if all, rev := storetest.All(t, d); len(all.Touches) != 1 || rev != 2 {
		t.Fatalf("%+v at %d", all, rev)
	}
	if got, err := storetest.Since(d, 1); !errors.Is(err, store.ErrTrimmed) {
		t.Fatalf("read-only, since 1: %+v, %v; want ErrTrimmed", got, err)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()

	d = open(t, dir, Options{Version: "1"})
	if i, err := d.Info(); err != nil || i.Schema != schema || i.Log != 0 || i.Rev != 2 {
		t.Fatalf("%+v, %v", i, err)
	}
	if got, err := storetest.Since(d, 1); !errors.Is(err, store.ErrTrimmed) {
		t.Fatalf("since 1: %+v, %v; want ErrTrimmed", got, err)
	}
	storetest.Apply(t, d, touch("three"))
	got, err := storetest.Since(d, 2)
	if err != nil || len(got) != 1 || len(got[0].Before.Touches) != 1 || got[0].Before.Touches[0].Note != "two" {
		t.Fatalf("since 2: %+v, %v", got, err)
	}
}
