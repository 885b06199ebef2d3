package store

import (
	"context"
	"sync"
)

// Notifier is the [Watcher] that every store has inside: it tells subscribers the newest [Rev] and never waits for any of them. The zero value
// is ready. Its methods may be called from any goroutine.
type Notifier struct {
	mu     sync.Mutex
	subs   map[chan Rev]func() bool // the value takes the subscription off its context
	closed bool
}

// Watch implements [Watcher]. After Close it returns a closed channel.
func (n *Notifier) Watch(ctx context.Context) <-chan Rev {
	ch := make(chan Rev, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || ctx.Err() != nil {
		close(ch)
		return ch
	}
	if n.subs == nil {
		n.subs = map[chan Rev]func() bool{}
	}
	n.subs[ch] = context.AfterFunc(ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if _, ok := n.subs[ch]; ok {
			delete(n.subs, ch)
			close(ch)
		}
	})
	return ch
}

// Notify hands rev to all subscribers, in place of one that they have not taken yet. Callers give growing revisions.
func (n *Notifier) Notify(rev Rev) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ch := range n.subs {
		select {
		case <-ch:
		default:
		}
		ch <- rev // room is certain: only we send, under the lock
	}
}

// Close ends all subscriptions. It may be called more than once.
func (n *Notifier) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for ch, stop := range n.subs {
		stop()
		close(ch)
	}
	n.subs = nil
}
