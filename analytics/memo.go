package analytics

import (
	"sync"
)

// memo keeps what was computed of one Book for whoever asks next: all sessions share it, and it goes with the Book. It holds the newest of what was asked.
type memo struct {
	mu    sync.Mutex
	have  map[any]*memoised
	tick  int64
	limit int
}

type memoised struct {
	once sync.Once
	v    any
	used int64
}

// How much is kept: answers of one Book, and boards of one entry per account.
const (
	answersKept = 512
	boardsKept  = 48
)

func newMemo(limit int) *memo { return &memo{have: map[any]*memoised{}, limit: limit} }

// recall returns what compute gives, computed once per key. Whoever asks while it is being computed waits.
func recall[K comparable, V any](m *memo, key K, compute func() V) V {
	if m == nil {
		return compute()
	}
	m.mu.Lock()
	m.tick++
	e, ok := m.have[key]
	if !ok {
		if len(m.have) >= m.limit {
			m.evict()
		}
		e = &memoised{}
		m.have[key] = e
	}
	e.used = m.tick
	m.mu.Unlock()
	e.once.Do(func() { e.v = compute() })
	v, ok := e.v.(V)
	if !ok { // compute panicked in whoever came first
		return compute()
	}
	return v
}

// evict forgets the older half.
func (m *memo) evict() {
	for key, e := range m.have {
		if e.used <= m.tick-int64(m.limit/2) {
			delete(m.have, key)
		}
	}
	for key := range m.have { // all of them young: a few asked again and again
		if len(m.have) < m.limit {
			break
		}
		delete(m.have, key)
	}
}

// asked is a question of an analysis: its own key, and what an answer depends on beside the Book.
type asked[K comparable] struct {
	key   K
	today Day
}

// Memo returns what compute gives, computed once per key, Book and day on the clock, and shared by all who ask; nothing in it may be written to. K is a type
// of the caller's own, so that two analyses never share a key.
func Memo[K comparable, V any](b *Book, key K, compute func() V) V {
	return recall(b.memo, asked[K]{key, b.Now()}, compute)
}
