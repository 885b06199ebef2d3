package bolt

import (
	"errors"
	"testing"

	"flightdeck/store"
)

// All reads ahead in a goroutine of its own: whatever becomes of its caller, that has ended with it, or Close would wait for a transaction that is read for ever.
func TestAll_EndsWithItsCaller(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	for n := range 2 {
		if _, err := d.Apply(t.Context(), benchBatch(n)); err != nil {
			t.Fatal(err)
		}
	}
	all := func(fn func(*store.Records) error) error {
		return d.View(t.Context(), func(s store.Snapshot) error { return s.All(fn) })
	}
	boom := errors.New("boom")
	calls := 0
	if err := all(func(*store.Records) error { calls++; return boom }); !errors.Is(err, boom) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, boom) {
				t.Errorf("recovered %v", err)
			}
		}()
		_ = all(func(*store.Records) error { panic(boom) })
	}()
	deals := 0
	if err := all(func(r *store.Records) error { deals += len(r.Deals); return nil }); err != nil || deals != 2*benchPage {
		t.Errorf("%d deals, %v", deals, err)
	}
	err := d.View(t.Context(), func(s store.Snapshot) error {
		for _, e := range store.Entities() {
			n := 0
			err := s.IDs("crm", e, func(store.ID) error { n++; return nil })
			if got := s.(store.Counter).Count(e); err != nil || e == store.EntityDeal && got != 2*benchPage || got < n {
				t.Errorf("%v: counted %d of %d, %v", e, got, n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
