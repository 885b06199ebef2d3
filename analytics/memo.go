package analytics

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
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
	done atomic.Bool
	v    any
	used int64
}

// How much is kept: answers of one Book, and boards of one entry per account.
const (
	answersKept = 512
	listsKept   = 48
	boardsKept  = 80 // two years of month ends, by grade and by what was brought in, and what else is looked at
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
	e.once.Do(func() { e.v = compute(); e.done.Store(true) })
	v, ok := e.v.(V)
	if !ok { // compute panicked in whoever came first
		return compute()
	}
	return v
}

// known returns what was computed for key, if it was.
func known[V any, K comparable](m *memo, key K) (v V, ok bool) {
	if m == nil {
		return v, false
	}
	m.mu.Lock()
	e := m.have[key]
	m.mu.Unlock()
	if e == nil || !e.done.Load() {
		return v, false
	}
	v, ok = e.v.(V)
	return v, ok
}

// each calls fn with every key.
func (m *memo) each(fn func(key any)) {
	m.mu.Lock()
	keys := slices.Collect(maps.Keys(m.have))
	m.mu.Unlock()
	for _, key := range keys {
		fn(key)
	}
}

// put keeps what was computed elsewhere.
func (m *memo) put(key, v any) {
	e := &memoised{v: v}
	e.once.Do(func() {})
	e.done.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tick++
	e.used = m.tick
	m.have[key] = e
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

// MemoList is Memo for what may be as long as what there is, a list's rows in their order: the newest few dozen are kept. A screen keeps its own beside.
func MemoList[K comparable, V any](b *Book, key K, compute func() V) V {
	return recall(b.lists, asked[K]{key, b.Now()}, compute)
}

// Memo returns what compute gives, computed once per key, Book and day on the clock, and shared by all who ask; nothing in it may be written to. K is a type
// of the caller's own, so that two analyses never share a key.
func Memo[K comparable, V any](b *Book, key K, compute func() V) V {
	return recall(b.memo, asked[K]{key, b.Now()}, compute)
}

// shared is an answer's place among a Book's.
type shared[A any, Q comparable] struct {
	scope Scope
	query Q
}

// Shared returns what of gives, computed once per Book, scope and query for all sessions: many look at the same part of the organisation. Nothing in the answer may be written to. query is what
// the question has beside its scope, of a type that no other question with an A for an answer uses; a screen asks like this, a command or a benchmark asks the analysis itself.
func Shared[A any, Q comparable](b *Book, s Scope, query Q, of func(b *Book, s Scope) A) A {
	return Memo(b, shared[A, Q]{s, query}, func() A { return of(b, s) })
}

// worked keeps what [Pure] computed, of all Books.
var worked = newMemo(worksKept)

const worksKept = 1 << 14

// Pure returns what compute gives, which must depend on key and on nothing else: no Book, no clock, no rule that key does not hold. It is computed once for whoever asks, whatever
// is committed meanwhile. K is a type of the caller's own, and small: the newest sixteen thousand are kept.
func Pure[K comparable, V any](key K, compute func() V) V { return recall(worked, key, compute) }
