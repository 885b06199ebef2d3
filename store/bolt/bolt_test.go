package bolt

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// open opens the store in dir and closes it at the end of the test.
func open(t testing.TB, dir string, o Options) *DB {
	t.Helper()
	d, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestStore(t *testing.T) {
	storetest.Suite(t, func(t *testing.T) storetest.Store { return open(t, t.TempDir(), Options{Log: storetest.LogLimit}) })
}

func TestFolder(t *testing.T) {
	storetest.FolderSuite(t, func(t *testing.T) storetest.FolderStore {
		return open(t, t.TempDir(), Options{Log: storetest.LogLimit, LogBytes: 160 << 10})
	})
}

// A commit that takes several parts of the log and loses the first of them is no longer told at all.
func TestLog_PartOfACommitTrimmed(t *testing.T) {
	d := open(t, t.TempDir(), Options{Log: 300})
	commit := func(rows int) {
		var r store.Records
		for i := range rows {
			id := store.MakeID("a", fmt.Sprintf("%d-%d", rows, i))
			r.Touches = append(r.Touches, storetest.Touch(id, func(t *store.Touch) { t.Note = strings.Repeat("x", 1000) }))
		}
		storetest.Apply(t, d, storetest.Batch("a", "touches", "", r))
	}
	commit(1)
	commit(280) // 300 KB
	commit(90)
	i, err := d.Info()
	if err != nil || i.Log < 91 || i.Log > 300 {
		t.Fatalf("%d entries are left, %v; the test wants a part of the second commit among them", i.Log, err)
	}
	for _, rev := range []store.Rev{0, 1} {
		if got, err := storetest.Since(d, rev); !errors.Is(err, store.ErrTrimmed) {
			t.Errorf("since %d: %d deltas, %v; want ErrTrimmed", rev, len(got), err)
		}
	}
	got, err := storetest.Since(d, 2)
	if err != nil || len(got) != 1 || len(got[0].Touches) != 90 {
		t.Errorf("since 2: %d deltas, %v; want the last commit whole", len(got), err)
	}
}
