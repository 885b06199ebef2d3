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
// All sessions of a process share one. A nil Asked remembers nothing. It keeps at most booksKept Books from being let go, and none for longer than bookStays
// after another question was put.
type Asked struct {
	mu   sync.Mutex
	have map[asking]*answered
}

// asking is a question: what is shown where, by which rules.
type asking struct {
	place Place
	pack  *rule.Pack
}

type answered struct {
	book *analytics.Book
	took time.Duration // the most that it ever took: of a Book that was asked before it takes nothing
	at   time.Time
}

const (
	// slow is what a question must take to be remembered: a few frames.
	slow = 50 * time.Millisecond
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
	if x == nil || x.book == newest || x.took < slow || now.Sub(x.at) > bookStays || x.book.Now() != newest.Now() {
		return nil
	}
	return x.book
}

// put remembers that b answered q.
func (a *Asked) put(q asking, b *analytics.Book, took time.Duration, now time.Time) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.have[q]
	if x == nil {
		if took < slow {
			return
		}
		if a.have == nil {
			a.have = map[asking]*answered{}
		}
		x = &answered{}
		a.have[q] = x
	}
	x.book, x.took, x.at = b, max(x.took, took), now
	a.forget(now)
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

// StartOn is [Loader.Start] for a question about the Book. Where the loader has no answer yet and the question is known to take long, the answer of the Book that was asked last comes
// first, which [Loader.Updating] tells, and nobody waits for the newest's. fn may therefore run twice at once. Without a Book the answer is the zero T.
func (l *Loader[T]) StartOn(env *Env, at Place, fn func(ctx context.Context, b *analytics.Book) (T, error)) tea.Cmd {
	q, book, asked := asking{at, env.Pack()}, env.Book, env.Asked
	newest := func(ctx context.Context) (v T, err error) {
		b, start := book(), time.Now()
		if b == nil {
			return v, nil
		}
		if v, err = fn(ctx, b); err == nil {
			asked.put(q, b, time.Since(start), time.Now())
		}
		return v, err
	}
	before := asked.before(q, book(), time.Now())
	if l.Ready || before == nil {
		return l.Start(env, at, newest)
	}
	ctx, cancel := l.begin(env)
	early := l.run(ctx, env, at, func(ctx context.Context) (T, error) { return fn(ctx, before) }, turns, loaded[T]{early: true})
	after := l.run(ctx, env, at, newest, nil, loaded[T]{late: true})
	return tea.Batch(early, func() tea.Msg {
		defer cancel()
		return after()
	})
}

// Updating reports whether Value is of an earlier Book while the newest is being asked.
func (l *Loader[T]) Updating() bool { return l.earlier && l.Busy }

// Updater is a pane that shows, for a while, what was so before the newest commit.
type Updater interface{ Updating() bool }
