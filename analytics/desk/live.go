package desk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Keeper is the part of a [store.Desk] that a Live needs.
type Keeper interface {
	store.Journal
	store.Watcher
}

// Live keeps the newest Desk of a journal. All sessions of a process share one. Its methods may be called from any goroutine.
type Live struct {
	keeper Keeper
	report func(error)
	desk   atomic.Pointer[Desk]
	work   sync.Mutex // held while a Desk is made

	readers store.Notifier[struct{}]
}

// NewLive returns a Live whose Desk is empty until Refresh or Run has read the journal. report is told when it cannot be read; nil: nobody is.
func NewLive(k Keeper, report func(error)) *Live {
	l := &Live{keeper: k, report: report}
	l.desk.Store(new(Desk))
	return l
}

// Read returns the Desk of a journal that nobody writes to.
func Read(ctx context.Context, j store.Journal) (*Desk, error) {
	var all []store.Decision
	if err := j.Decisions(ctx, 0, func(d store.Decision) error { all = append(all, d); return nil }); err != nil {
		return nil, err
	}
	return new(Desk).with(all), nil
}

// Desk returns the newest Desk, never nil.
func (l *Live) Desk() *Desk { return l.desk.Load() }

// Refresh brings the Desk up to the journal's end.
func (l *Live) Refresh(ctx context.Context) (err error) {
	l.work.Lock()
	defer l.work.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("refresh desk: panic: %v\n%s", p, debug.Stack())
		}
	}()
	d := l.desk.Load()
	var more []store.Decision
	if err := l.keeper.Decisions(ctx, d.Seq(), func(e store.Decision) error {
		if e.Seq != d.Seq()+uint64(len(more))+1 {
			return fmt.Errorf("decision %d follows on %d: entries are missing; run flightdeck doctor", e.Seq, d.Seq()+uint64(len(more)))
		}
		more = append(more, e)
		return nil
	}); err != nil {
		return fmt.Errorf("refresh desk: %w", err)
	}
	if len(more) == 0 {
		return nil
	}
	l.desk.Store(d.with(more))
	l.readers.Notify(struct{}{})
	return nil
}

// Run follows the journal until ctx ends. It waits without waking while nothing is decided.
func (l *Live) Run(ctx context.Context) error {
	seen := l.keeper.Watch(ctx)
	for {
		if err := l.Refresh(ctx); err != nil && ctx.Err() == nil && l.report != nil {
			l.report(err) // the last good Desk stays; the next decision tries again
		}
		if _, ok := <-seen; !ok {
			return nil
		}
	}
}

// Subscribe returns a channel that says that there is a newer Desk than when it was last received from. It is closed when ctx ends.
func (l *Live) Subscribe(ctx context.Context) <-chan struct{} {
	return l.readers.Watch(ctx)
}

// Decide enters what a viewer decided, all of it or nothing, with the messages that it causes. b is the newest Book: each subject must lie inside the viewer's part of it;
// what lies outside is [store.ErrNotFound]. By and Name of ds are the viewer's, whatever they hold. It blocks until it is durable and [Live.Desk] has it.
func (l *Live) Decide(ctx context.Context, b *analytics.Book, v Viewer, ds []store.Decision, ms ...store.Message) ([]store.Decision, error) {
	if b == nil {
		return nil, errors.New("decide: the store has not been read yet; try again in a moment")
	}
	own := make([]store.Decision, len(ds))
	for i, d := range ds {
		d.By, d.Name = v.Person, v.Name
		if d.Name == "" {
			d.Name = b.PersonName(v.Person)
		}
		if d.Kind == store.DecisionRules {
			return nil, fmt.Errorf("decide: rules come from their file: %w", store.ErrInvalid)
		}
		judged := d
		if d.Undoes != 0 {
			entry, ok := l.Desk().Now().Entry(d.Undoes)
			if !ok {
				return nil, fmt.Errorf("undo decision %d: %w", d.Undoes, store.ErrNotFound)
			}
			judged.Slot = entry.Slot
		}
		if err := check(b, v, &judged); err != nil {
			return nil, err
		}
		own[i] = d
	}
	out, err := l.keeper.Decide(ctx, own, ms...)
	if err != nil {
		return nil, err
	}
	return out, l.Refresh(ctx)
}
