package analytics

import "sync"

// memo keeps what was computed of one Book for whoever asks next: all sessions share it, and it goes with the Book.
type memo struct {
	mu   sync.Mutex
	have map[any]*memoised
}

type memoised struct {
	once sync.Once
	v    any
}

func newMemo() *memo { return &memo{have: map[any]*memoised{}} }

// memoLimit bounds how many answers one Book keeps; beyond it they are computed each time.
const memoLimit = 4096

// memoise returns what compute gives, computed once per key and Book. Keys are comparable and name their type, so that two packages never share one. Whoever
// asks while it is being computed waits.
func memoise[K comparable, V any](b *Book, key K, compute func() V) V {
	m := b.memo
	if m == nil {
		return compute()
	}
	m.mu.Lock()
	e, ok := m.have[key]
	if !ok {
		if len(m.have) >= memoLimit {
			m.mu.Unlock()
			return compute()
		}
		e = &memoised{}
		m.have[key] = e
	}
	m.mu.Unlock()
	e.once.Do(func() { e.v = compute() })
	v, ok := e.v.(V)
	if !ok { // compute panicked in whoever came first
		return compute()
	}
	return v
}

// Memo returns what compute gives, computed once per key and Book and shared by all who ask; nothing in it may be written to. K is a type of the caller's
// own, so that two analyses never share a key.
func Memo[K comparable, V any](b *Book, key K, compute func() V) V { return memoise(b, key, compute) }
