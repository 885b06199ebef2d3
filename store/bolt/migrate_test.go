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

// A store from before touches followed their deals is looked through once, with the first commit, and that commit's delta tells of all.
func TestMigrate_Loose(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, Options{})
	storetest.Apply(t, d, storetest.Batch("a", "x", "", store.Records{Touches: []store.Touch{
		storetest.Touch("a:t1", func(t *store.Touch) { t.Deal, t.Account = "a:1", "" }), storetest.Touch("a:t2", func(t *store.Touch) { t.Deal, t.Account = "a:2", "" }),
		storetest.Touch("a:t3", func(t *store.Touch) { t.Deal, t.Account = "a:1", "a:own" }),
	}}))
	_ = d.Close()
	raw(t, dir, func(tx *bbolt.Tx) error { // as if the deal had come to the older version
		var c coder
		came := storetest.Deal("a:1", func(d *store.Deal) { d.Account = "a:x" })
		r := sealable(&c, &came, deal)
		seal(store.EntityDeal, []byte(r.key), r.value)
		return errors.Join(tx.Bucket(bucketOf(store.EntityDeal)).Put([]byte(r.key), r.value), tx.DeleteBucket(bucketLoose))
	})
	d = open(t, dir, Options{})
	storetest.Apply(t, d, storetest.Batch("a", "x", "", store.Records{Deals: []store.Deal{storetest.Deal("a:2", func(d *store.Deal) { d.Account = "a:y" })}}))
	got, err := storetest.Since(d, 1)
	if err != nil || len(got) != 1 || len(got[0].Touches) != 2 || got[0].Touches[0].Account != "a:x" || got[0].Touches[1].Account != "a:y" {
		t.Fatalf("since 1: %+v, %v", got, err)
	}
}
