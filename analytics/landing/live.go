package landing

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// On returns the Outlook that o's model makes of the deals as b has them, which takes a fraction of learning: the hazards and the calibration stay as they were
// learned. ok is false when b differs in more than deals and what happened to them: another day, org tree, stages or products.
func (o *Outlook) On(b *analytics.Book) (next *Outlook, ok bool) {
	if b.Today() != o.day || !alike(o.b, b) {
		return nil, false
	}
	next = &Outlook{b: b, day: o.day, a: newArchive(b, o.day, seedsOf(b), nil), scales: o.scales}
	next.a.index()
	if o.pl == nil || !next.a.enough() {
		return next, o.pl == nil && !next.a.enough()
	}
	m := *o.pl.m
	form := *m.form
	form.b = b
	m.archive, m.form = next.a, &form
	next.pl = newPipeline(&m)
	return next, true
}

// alike reports whether nodes, stages and products have the same places in both Books: what is learned is kept by them.
func alike(a, b *analytics.Book) bool {
	if a == b {
		return true
	}
	if a.Org().FiscalStart != b.Org().FiscalStart || a.Currency() != b.Currency() || a.Products() != b.Products() || !slices.Equal(a.Stages(), b.Stages()) {
		return false
	}
	x, y := a.Nodes(), b.Nodes()
	if len(x) != len(y) {
		return false
	}
	if len(x) > 0 && &x[0] != &y[0] {
		for i := range x {
			if x[i].ID != y[i].ID || x[i].Parent != y[i].Parent {
				return false
			}
		}
	}
	for _, c := range a.Stages() {
		if p, q := a.Stage(c), b.Stage(c); p.ID != q.ID || p.Kind != q.Kind {
			return false
		}
	}
	for c := range analytics.Code(a.Products()) {
		if a.Product(c).ID != b.Product(c).ID {
			return false
		}
	}
	return true
}

// extent is how much there was to learn from. It is kept in place of the Outlook, which would keep its Book.
type extent struct{ closed, deals int }

func (o *Outlook) extent() extent { return extent{o.a.won + o.a.lost, len(o.a.lives)} }

// moved reports whether so much has happened since that learning anew is worth it: a hundredth more closed deals or more new ones, and a few at least.
func (e extent) moved(next extent) bool {
	far := func(was, is, few int) bool { return max(was-is, is-was) >= max(few, was/100) }
	return far(e.closed, next.closed, 5) || far(e.deals, next.deals, 20)
}

// How often Live works: a commit is followed after as long as following took twenty times over, and no sooner than Pause; so at most a twentieth of one processor
// goes into landings, whatever a busy sync commits.
const (
	pause = analytics.Pause
	share = 20
	pasts = 4 // Outlooks of past days that are kept
)

// When Live learns anew what it has only followed with: once nothing was committed for a while, and under a source that never rests, once in a longer one. A first
// sync brings deals before what happened to them, so a model learned in its middle is another than its end would give, whatever the deals count; the same
// data must give the same figure. Both are stretched by share times what learning takes.
const (
	settled  = 5 * time.Second
	patience = 15 * time.Minute
)

// Live keeps the Outlook of the newest Book of a process; all sessions share it. It learns in the background, follows commits with the model that it has and learns
// anew when enough has happened (see [Outlook.On]). Its methods may be called from any goroutine. A nil Live learns on whoever asks, once per Book and day: for a
// command that asks once, and for tests.
type Live struct {
	books  *analytics.Live
	report func(error)
	now    atomic.Pointer[Outlook]
	work   sync.Mutex // held while an Outlook of the present is made
	base   extent     // of what the present one was learned from; guarded by work, as is learned
	learned

	readers store.Notifier[struct{}]

	mu   sync.Mutex
	past []*past // the newest asked for last; guarded by mu
}

// learned is what the present model was learned from, and when.
type learned struct {
	rev  store.Rev
	at   time.Time     // when that ended
	took time.Duration // how long it took
}

// past is the Outlook of a day gone by, made by whoever asks first.
type past struct {
	day  analytics.Day
	rev  store.Rev // of the Book that it is made of
	once sync.Once
	o    *Outlook
}

// NewLive returns a Live that has nothing until Run or At has learned. report is told of failures; nil: nobody is.
func NewLive(books *analytics.Live, report func(error)) *Live {
	return &Live{books: books, report: report}
}

// Outlook returns the newest one of the present day; nil while the first is being learned.
func (l *Live) Outlook() *Outlook {
	if l == nil {
		return nil
	}
	return l.now.Load()
}

// At returns the Outlook of day, 0 for b's present: the newest there is, which may be a commit or two behind, or, when there is none, it blocks until it is learned. b is
// the newest Book. Its error is the context's: what is learned goes on for the others.
func (l *Live) At(ctx context.Context, b *analytics.Book, day analytics.Day) (*Outlook, error) {
	if day == 0 {
		day = b.Today()
	}
	if l == nil {
		return analytics.Memo(b, day, func() *Outlook { return Learn(b, day) }), ctx.Err()
	}
	if day != b.Today() {
		return within(ctx, l.gone(b, day))
	}
	if o := l.now.Load(); o != nil && o.day == day {
		return o, nil
	}
	return within(ctx, func() *Outlook {
		l.follow()
		return l.now.Load()
	})
}

// within runs fn, which cannot be stopped, and waits for it as long as ctx lives. A panic in fn comes back on the caller's goroutine.
func within[T any](ctx context.Context, fn func() T) (v T, err error) {
	type result struct {
		v      T
		caught any
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.caught = recover()
			done <- r
		}()
		r.v = fn()
	}()
	select {
	case <-ctx.Done():
		return v, ctx.Err()
	case r := <-done:
		if r.caught != nil {
			panic(r.caught)
		}
		return r.v, nil
	}
}

// gone returns what makes, once, the Outlook of a past day. Days of a Book that has since moved stay until the present is learned anew: what was known then seldom
// changes, but the history of a first sync and late corrections do come.
func (l *Live) gone(b *analytics.Book, day analytics.Day) func() *Outlook {
	l.mu.Lock()
	defer l.mu.Unlock()
	var p *past
	if i := slices.IndexFunc(l.past, func(p *past) bool { return p.day == day && (p.o == nil || alike(p.o.b, b)) }); i >= 0 {
		p = l.past[i]
		l.past = slices.Delete(l.past, i, i+1)
	} else {
		p = &past{day: day, rev: b.Rev()}
	}
	if l.past = append(l.past, p); len(l.past) > pasts {
		l.past = slices.Delete(l.past, 0, 1)
	}
	return func() *Outlook {
		p.once.Do(func() {
			o := Learn(b, day)
			l.mu.Lock()
			p.o = o
			l.mu.Unlock()
		})
		l.mu.Lock()
		defer l.mu.Unlock()
		return p.o
	}
}

// follow brings the present Outlook up to the newest Book and tells whoever subscribed.
func (l *Live) follow() { l.bring(false) }

// relearn is follow with a model that is learned of the newest Book, unless it was already.
func (l *Live) relearn() { l.bring(true) }

func (l *Live) bring(anew bool) {
	l.work.Lock()
	defer l.work.Unlock()
	b := l.books.Book()
	now := l.now.Load()
	if now != nil && now.b.Rev() == b.Rev() && now.day == b.Today() && (!anew || l.rev == b.Rev()) {
		return
	}
	var next *Outlook
	if now != nil && !anew {
		if o, ok := now.On(b); ok && !l.base.moved(o.extent()) {
			next = o
		}
	}
	if next == nil {
		began := time.Now()
		next = Learn(b, b.Today())
		l.base, l.learned = next.extent(), learned{b.Rev(), time.Now(), time.Since(began)}
	}
	next.ready(now, l.rev == b.Rev()) // and with it the order in which deals stand, which the first to ask would start to make
	l.now.Store(next)
	if l.rev == b.Rev() {
		l.mu.Lock()
		l.past = slices.DeleteFunc(l.past, func(p *past) bool { return p.rev != b.Rev() })
		l.mu.Unlock()
	}
	l.readers.Notify(struct{}{})
}

// Run follows the Books until ctx ends, then returns nil. It waits without waking while nothing is committed.
func (l *Live) Run(ctx context.Context) error {
	seen := l.books.Subscribe(ctx)
	for {
		began := time.Now()
		idle := !l.attempt(l.follow) // what failed is tried again when there is something new
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(pause, share*time.Since(began))):
		}
		for idle || l.upToDate() {
			var due <-chan time.Time
			if wait, ok := l.wait(); ok && !idle {
				due = time.After(wait)
			}
			select {
			case _, ok := <-seen:
				if !ok {
					return nil
				}
				idle = false
			case <-due:
				idle = !l.attempt(l.relearn)
			}
		}
	}
}

// wait returns how long from now, if nothing else is committed, what was followed with an older model is to be learned anew; false when there is no need.
func (l *Live) wait() (time.Duration, bool) {
	l.work.Lock()
	defer l.work.Unlock()
	now := l.now.Load()
	if now == nil || l.rev == now.b.Rev() {
		return 0, false
	}
	quiet := max(settled, share*l.took)
	return min(quiet, max(0, time.Until(l.at.Add(max(patience, quiet))))), true
}

func (l *Live) upToDate() bool {
	now, b := l.now.Load(), l.books.Book()
	return now != nil && now.b.Rev() == b.Rev() && now.day == b.Today()
}

// attempt runs follow or relearn once. A panic is told, and the last good Outlook stays.
func (l *Live) attempt(fn func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil && l.report != nil {
			l.report(fmt.Errorf("learn the landing: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	fn()
	return true
}

// Subscribe returns a channel that says that there is a newer Outlook than when it was last received from. It is closed when ctx ends.
func (l *Live) Subscribe(ctx context.Context) <-chan struct{} {
	return l.readers.Watch(ctx)
}

// index puts the deals that were won in the order of the days on which they were, so that a period's are found without looking at all.
func (a *archive) index() {
	for i := range a.lives {
		if l := &a.lives[i]; l.won && l.end != store.NoDay {
			a.wins = append(a.wins, int32(i))
		}
	}
	slices.SortFunc(a.wins, func(x, y int32) int {
		if d := a.lives[x].end - a.lives[y].end; d != 0 {
			return int(d)
		}
		return int(x - y)
	})
}

// wonIn returns the deals won in p, as places in lives.
func (a *archive) wonIn(p analytics.Period) []int32 {
	at := func(d analytics.Day) int {
		i, _ := slices.BinarySearchFunc(a.wins, d, func(k int32, d analytics.Day) int { return int(a.lives[k].end - d) })
		return i
	}
	return a.wins[at(p.From):max(at(p.From), at(p.To+1))]
}
