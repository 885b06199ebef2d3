package analytics

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/store"
)

// Live keeps the newest Book of a store: it follows what is committed, advances the Book and publishes it through an atomic pointer. All
// sessions of a process share one Live. Its methods may be called from any goroutine.
type Live struct {
	reader  store.Reader
	watcher store.Watcher
	opt     Options
	book    atomic.Pointer[Book]
	work    sync.Mutex // held while a Book is made

	readers store.Notifier[store.Rev]

	folding    sync.Mutex   // held while a Book is folded
	unfoldable atomic.Int64 // rows of the Book that could not be folded
}

// Pause is the least time between two publications, so that a busy sync costs its readers at most four repaints a second.
const Pause = 250 * time.Millisecond

// NewLive returns a Live whose Book is empty until Load or Run has read the store.
func NewLive(r store.Reader, w store.Watcher, o Options) *Live {
	l := &Live{reader: r, watcher: w, opt: o}
	l.book.Store(newEditor(o).finish(0))
	return l
}

// Book returns the newest Book, never nil.
func (l *Live) Book() *Book { return l.book.Load() }

// Load reads the whole store and publishes it. It blocks until that is done.
func (l *Live) Load(ctx context.Context) error {
	l.work.Lock()
	defer l.work.Unlock()
	return l.rebuild(ctx)
}

// Refresh brings the Book up to the store's newest revision. It blocks until that is done; it is what Run does whenever something was committed.
func (l *Live) Refresh(ctx context.Context) (err error) {
	l.work.Lock()
	defer l.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("refresh book: panic: %v\n%s", p, debug.Stack())
		}
	}()
	b := l.book.Load()
	if b.rev == 0 {
		if b = l.folded(ctx); b == nil {
			return l.rebuild(ctx)
		}
		err := l.follow(ctx, b)
		if err == nil {
			go l.warm(ctx)
		}
		if !errors.Is(err, store.ErrTrimmed) {
			return err
		}
		return l.rebuild(ctx)
	}
	return l.follow(ctx, b)
}

// follow brings b up to the store's newest revision and publishes it.
func (l *Live) follow(ctx context.Context, b *Book) error {
	var deltas []*store.Delta
	rev := b.rev
	err := l.reader.View(ctx, func(s store.Snapshot) error {
		rev = s.Rev()
		return s.Since(b.rev, func(d *store.Delta) error {
			c := &store.Delta{Rev: d.Rev, Deleted: append([]store.Ref(nil), d.Deleted...)}
			c.Append(&d.Records)
			c.Before.Append(&d.Before)
			deltas = append(deltas, c)
			return nil
		})
	})
	switch {
	case errors.Is(err, store.ErrTrimmed), err == nil && rev < b.rev: // an older store was put in place of this one
		return l.rebuild(ctx)
	case err != nil:
		return fmt.Errorf("refresh book: %w", err)
	case rev == b.rev:
		if l.Book() != b {
			l.publish(b)
		}
		return nil
	}
	next, err := b.Advance(deltas...)
	if errors.Is(err, ErrRebuild) {
		return l.rebuild(ctx)
	}
	if err != nil {
		return fmt.Errorf("refresh book: %w", err)
	}
	next.rev = rev // commits that changed no record still moved the store on
	l.publish(next)
	if next.strayed() {
		l.book.Store(next.renewed())
	}
	return nil
}

func (l *Live) rebuild(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build book: panic: %v\n%s", p, debug.Stack())
		}
	}()
	var b *Book
	if err := l.reader.View(ctx, func(s store.Snapshot) (err error) { b, err = Build(s, l.opt); return err }); err != nil {
		return err
	}
	l.publish(b)
	return nil
}

// Run follows the store until ctx ends, then returns nil. It reads the store first if nobody did. A failure is reported through
// Options.Report and tried again after a second, then two, up to half a minute; the last good Book stays. It waits without waking while
// nothing is committed.
func (l *Live) Run(ctx context.Context) error {
	seen := l.watcher.Watch(ctx)
	retry := time.Duration(0)
	var behind sync.WaitGroup // folds under way
	defer behind.Wait()
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	for first := true; ; first = false {
		if !first { // what was committed before Watch is caught up with at once
			if retry == 0 {
				quiet.Stop()
				switch due := l.due(); due {
				case foldNever:
				case foldNow:
					l.foldBehind(ctx, &behind)
				default:
					quiet.Reset(due)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-quiet.C:
					l.foldBehind(ctx, &behind)
					continue
				case rev, ok := <-seen:
					if !ok {
						return nil
					}
					if rev == l.Book().rev {
						continue
					}
				}
			} else if !wait(ctx, retry) {
				return nil
			}
		}
		if err := l.Refresh(ctx); err != nil && ctx.Err() == nil {
			retry = min(max(2*retry, time.Second), 30*time.Second)
			if l.opt.Report != nil {
				l.opt.Report(err)
			}
			continue
		}
		retry = 0
		if !wait(ctx, Pause) {
			return nil
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Subscribe returns a channel that holds the newest revision published since it was last read; a slow reader misses the ones between. It is
// closed when ctx ends. The subscription is in place when Subscribe returns.
func (l *Live) Subscribe(ctx context.Context) <-chan store.Rev {
	return l.readers.Watch(ctx)
}

func (l *Live) publish(b *Book) {
	l.book.Store(b)
	l.readers.Notify(b.rev)
}

// warm makes the newest Book ready for questions, beside whatever else goes on.
func (l *Live) warm(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil && l.opt.Report != nil {
			l.opt.Report(fmt.Errorf("warm book: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	b := l.Book()
	if b.warm(ctx); l.opt.Ask != nil && ctx.Err() == nil {
		l.opt.Ask(b)
	}
}
