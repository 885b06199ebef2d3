package pane

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
)

// Asked remembers of which Book a question that takes long was answered last, by whichever session: asked again, that Book gives its answer at once, from what it has worked out,
// while the newest is being asked. A million deals are judged anew for seconds after every commit, and nobody is to sit before an empty screen for that.
//
// All sessions of a process share one. What takes long is mostly learned of the whole company: a part of it that nobody asked about is asked of the Book that another part
// was asked of. A nil Asked remembers nothing. It keeps at most booksKept Books from being let go, and none for longer than bookStays after another question was put.
type Asked struct {
	mu   sync.Mutex
	have map[asking]*answered
}

// asking is a question: what is shown where, by which rules.
type asking struct {
	place Place
	what  any // of the place; comparable, nil: all of it
	pack  *rule.Pack
}

// alike is the question about any part of the company that q is one of: what takes long is learned of all of it.
func (q asking) alike() asking {
	return asking{Place{Kind: q.place.Kind, Scope: analytics.Scope{AsOf: q.place.Scope.AsOf}}, any(anybody{}), q.pack}
}

type anybody struct{}

type answered struct {
	book *analytics.Book
	took time.Duration // the most that it ever took: of a Book that was asked before it takes nothing
	at   time.Time
}

const (
	// slow is what a question must take to be remembered: more than a frame.
	slow = 20 * time.Millisecond
	// booksKept bounds the memory that a Book's worked out answers take beside the newest's.
	booksKept = 4
	// bookStays is how old an answer may be to be shown as what was so a moment ago.
	bookStays = 10 * time.Minute
)

// before returns the Book to answer q of until newest's answer is there; nil: there is none, or it is the newest that was asked last.
func (a *Asked) before(q asking, newest *analytics.Book, now time.Time) *analytics.Book {
	if a == nil || newest == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.have[q]
	if x == nil && q.what == nil {
		x = a.have[q.alike()]
	}
	if x == nil || x.book == newest || x.took < slow || now.Sub(x.at) > bookStays || x.book.Now() != newest.Now() {
		return nil
	}
	return x.book
}

// Note remembers that b answered what is shown at p by the rules in pack, and how long that took. A question that was never slow is not remembered.
func (a *Asked) Note(p Place, pack *rule.Pack, b *analytics.Book, took time.Duration) {
	a.put(asking{place: p, pack: pack}, b, took, time.Now())
}

func (a *Asked) put(q asking, b *analytics.Book, took time.Duration, now time.Time) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	slowly := a.one(q, b, took, now)
	if q.what == nil && slowly {
		a.one(q.alike(), b, took, now)
	}
	a.forget(now)
}

// one remembers one question, if it ever was slow.
func (a *Asked) one(q asking, b *analytics.Book, took time.Duration, now time.Time) bool {
	x := a.have[q]
	if x == nil {
		if took < slow {
			return false
		}
		if a.have == nil {
			a.have = map[asking]*answered{}
		}
		x = &answered{}
		a.have[q] = x
	}
	x.book, x.took, x.at = b, max(x.took, took), now
	return true
}

// forget lets go of what is old, and of the Books that were asked longest ago when there are too many.
func (a *Asked) forget(now time.Time) {
	newest := map[*analytics.Book]time.Time{}
	for q, x := range a.have {
		if now.Sub(x.at) > bookStays {
			delete(a.have, q)
		} else if x.at.After(newest[x.book]) {
			newest[x.book] = x.at
		}
	}
	for len(newest) > booksKept {
		var oldest *analytics.Book
		for b, at := range newest {
			if oldest == nil || at.Before(newest[oldest]) {
				oldest = b
			}
		}
		delete(newest, oldest)
		for q, x := range a.have {
			if x.book == oldest {
				delete(a.have, q)
			}
		}
	}
}

// StartOn is [Loader.Start] for a question about the Book: what, which is comparable, of what is shown at the place, nil for all of it. Where the loader has no answer yet and the question
// is known to take long, the answer of the Book that was asked last comes first, which [Loader.Updating] tells, and nobody waits for the newest's. fn is then called twice, one call after
// the other. Without a Book the answer is the zero T.
func (l *Loader[T]) StartOn(env *Env, at Place, what any, fn func(ctx context.Context, b *analytics.Book) (T, error)) tea.Cmd {
	q := asking{at, what, env.Pack()}
	again := l.Ready && l.question == q // what is on the screen is its answer, of an earlier Book: nobody waits
	newest := newest(env, q, fn)
	before := env.Asked.before(q, env.Book(), time.Now())
	ctx, cancel := l.begin(env)
	if l.Ready || before == nil {
		return ended(cancel, l.run(ctx, env, at, newest, turns, loaded[T]{late: again, question: q}))
	}
	early := l.run(ctx, env, at, func(ctx context.Context) (T, error) { return fn(ctx, before) }, turns, loaded[T]{early: true, question: q})
	after := l.run(ctx, env, at, newest, nil, loaded[T]{late: true, question: q})
	first := make(chan struct{}) // closed when the earlier answer is there: the newest's, which keeps every core busy, is not to hold it up
	return tea.Batch(func() tea.Msg {
		defer close(first)
		return early()
	}, ended(cancel, func() tea.Msg {
		select {
		case <-first:
		case <-ctx.Done():
		}
		return after()
	}))
}

// newest asks the newest Book, and remembers that it was asked.
func newest[T any](env *Env, q asking, fn func(ctx context.Context, b *analytics.Book) (T, error)) func(ctx context.Context) (T, error) {
	book, asked := env.Book, env.Asked
	return func(ctx context.Context) (v T, err error) {
		b, start := book(), time.Now()
		if b == nil {
			return v, nil
		}
		if v, err = fn(ctx, b); err == nil {
			asked.put(q, b, time.Since(start), time.Now())
		}
		return v, err
	}
}

// Before reports whether [Loader.StartOn] would first give the answer of a Book that was asked before.
func (l *Loader[T]) Before(env *Env, at Place) bool {
	return !l.Ready && env.Asked.before(asking{place: at, pack: env.Pack()}, env.Book(), time.Now()) != nil
}

// Updating reports whether Value is of an earlier Book while the newest is being asked.
func (l *Loader[T]) Updating() bool { return l.earlier && l.Busy }

// Updater is a pane that shows, for a while, what was so before the newest commit.
type Updater interface{ Updating() bool }
