package analytics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func dealBatch(n int) *store.Batch {
	return storetest.Batch("t", "deals", "", store.Records{Deals: []store.Deal{storetest.Deal(store.ID(fmt.Sprint("t:", n)))}})
}

func TestLive_FollowsTheStore(t *testing.T) {
	m := storetest.NewMemory()
	storetest.Apply(t, m, dealBatch(0))
	live := analytics.NewLive(m, m, plain.Options())
	if live.Book() == nil || live.Book().Rev() != 0 {
		t.Fatal("before anything was read the Book is empty, not nil")
	}
	ctx, cancel := context.WithCancel(context.Background())
	revs := live.Subscribe(ctx)
	done := make(chan error, 1)
	go func() { done <- live.Run(ctx) }()

	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 { // sessions asking all the while: the race detector is the judge
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					for d := range live.Book().Select(analytics.Scope{}).Deals() {
						_ = d.Amount
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	var last store.Rev
	for i := 1; i <= 30; i++ {
		last = storetest.Apply(t, m, dealBatch(i))
	}
	published := 0
	for rev := range revs {
		published++
		if live.Book().Rev() < rev {
			t.Fatalf("told of revision %d while the Book is at %d", rev, live.Book().Rev())
		}
		if rev == last {
			break
		}
	}
	if published > 10 {
		t.Errorf("30 commits in a row were published %d times: they are not gathered", published)
	}
	if n := len(live.Book().Select(analytics.Scope{AsOf: plain.Today}).All()); n != 31 {
		t.Errorf("%d deals, want 31", n)
	}
	close(stop)
	readers.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	for range revs { // closed once ctx has ended
	}
}

// broken is a store that fails in a chosen way for a while.
type broken struct {
	*storetest.Memory
	how atomic.Pointer[func() error]
}

func (b *broken) View(ctx context.Context, fn func(store.Snapshot) error) error {
	if how := b.how.Load(); how != nil {
		if err := (*how)(); err != nil {
			return err
		}
	}
	return b.Memory.View(ctx, fn)
}

func TestLive_KeepsTheLastGoodBook(t *testing.T) {
	m := &broken{Memory: storetest.NewMemory()}
	storetest.Apply(t, m, dealBatch(0))
	live := analytics.NewLive(m, m, plain.Options())
	if err := live.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	good := live.Book()
	storetest.Apply(t, m, dealBatch(1))
	fail := func() error { return errors.New("disk on fire") }
	m.how.Store(&fail)
	if err := live.Refresh(context.Background()); err == nil || !strings.Contains(err.Error(), "disk on fire") || live.Book() != good {
		t.Errorf("a failing store: %v, Book at %d", err, live.Book().Rev())
	}
	bang := func() error { panic("bang") }
	m.how.Store(&bang)
	if err := live.Refresh(context.Background()); err == nil || !strings.Contains(err.Error(), "panic: bang") || live.Book() != good {
		t.Errorf("a panic: %v, Book at %d", err, live.Book().Rev())
	}
	m.how.Store(nil)
	if err := live.Refresh(context.Background()); err != nil || live.Book().Deals() != 2 {
		t.Errorf("after it: %v, %d deals", err, live.Book().Deals())
	}
}

func TestLive_ReportsAndTriesAgain(t *testing.T) {
	m := &broken{Memory: storetest.NewMemory()}
	storetest.Apply(t, m, dealBatch(0))
	reports := make(chan error, 8)
	o := plain.Options()
	o.Report = func(err error) { reports <- err }
	live := analytics.NewLive(m, m, o)
	once := func() error { m.how.Store(nil); panic("first try") }
	m.how.Store(&once)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	revs := live.Subscribe(ctx)
	go func() { _ = live.Run(ctx) }()
	if err := <-reports; !strings.Contains(err.Error(), "first try") {
		t.Errorf("reported %v", err)
	}
	if rev := <-revs; rev != 1 {
		t.Errorf("then published %d", rev)
	}
}

func TestLive_TrimmedLogRebuilds(t *testing.T) {
	m := storetest.NewMemory()
	storetest.Apply(t, m, dealBatch(0))
	live := analytics.NewLive(m, m, plain.Options())
	if err := live.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i := range storetest.LogLimit + 10 {
		storetest.Apply(t, m, dealBatch(i))
	}
	if err := live.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if live.Book().Deals() != storetest.LogLimit+10 {
		t.Errorf("%d deals", live.Book().Deals())
	}
}
