package store

import (
	"context"
	"sync"
	"testing"
)

// Subscribers that come, go and are slow never block the one who notifies, and each sees growing revisions only.
func TestNotifier_Concurrent(t *testing.T) {
	var n Notifier[Rev]
	var wg sync.WaitGroup
	stop, cancel := context.WithCancel(context.Background())
	for range 8 {
		wg.Go(func() {
			last := Rev(0)
			for rev := range n.Watch(stop) {
				if rev <= last {
					t.Errorf("%d after %d", rev, last)
				}
				last = rev
			}
		})
		wg.Go(func() {
			for range 50 {
				ctx, done := context.WithCancel(context.Background())
				n.Watch(ctx)
				done()
			}
		})
	}
	for rev := range Rev(2000) {
		n.Notify(rev + 1)
	}
	cancel()
	wg.Wait()
	n.Close()
	n.Close()
	n.Notify(9)
	if _, open := <-n.Watch(context.Background()); open {
		t.Error("a watch after Close is open")
	}
}

func TestNotifier_Close(t *testing.T) {
	var n Notifier[Rev]
	ctx, cancel := context.WithCancel(context.Background())
	ch := n.Watch(ctx)
	n.Notify(3)
	n.Close()
	cancel() // must not close it again
	if rev, open := <-ch; !open || rev != 3 {
		t.Errorf("what was told before Close is lost: %d, %t", rev, open)
	}
	if _, open := <-ch; open {
		t.Error("still open")
	}
}
