package store

import (
	"context"
	"sync"
)

// Notifier tells subscribers the newest of what it is given and never waits for any of them: with [Rev] it is the [Watcher] that every store has
// inside, and whatever follows a store tells its own readers by one. The zero value is ready. Its methods may be called from any goroutine.
type Notifier[T any] struct {
	mu     sync.Mutex
	subs   map[chan T]func() bool // the value takes the subscription off its context
	closed bool
}

// Watch returns a channel that holds the newest value given since it was last received from; a slow reader misses the ones between. It is closed
// when ctx ends, and after Close at once. The subscription is in place when Watch returns.
func (n *Notifier[T]) Watch(ctx context.Context) <-chan T {
	ch := make(chan T, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || ctx.Err() != nil {
		close(ch)
		return ch
	}
	if n.subs == nil {
		n.subs = map[chan T]func() bool{}
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

// Notify hands v to all subscribers, in place of one that they have not taken yet. Callers give revisions in growing order.
func (n *Notifier[T]) Notify(v T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ch := range n.subs {
		select {
		case <-ch:
		default:
		}
		ch <- v // room is certain: only we send, under the lock
	}
}

// Close ends all subscriptions. It may be called more than once.
func (n *Notifier[T]) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for ch, stop := range n.subs {
		stop()
		close(ch)
	}
	n.subs = nil
}
