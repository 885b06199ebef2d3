package bolt

import (
	"testing"

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
