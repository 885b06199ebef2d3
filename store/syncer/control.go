package syncer

import (
	"context"
	"fmt"
	"sync"

	"flightdeck/store"
)

// Target names a source, or one of its streams.
type Target struct {
	Source store.SourceID // "": every source, where a method says so
	Stream store.Stream   // "": every stream
}

// String returns SOURCE or SOURCE/STREAM.
func (t Target) String() string {
	if t.Stream == "" {
		return string(t.Source)
	}
	return string(t.Source) + "/" + string(t.Stream)
}

// wishes are the streams for which a person has asked something; "" stands for all.
type wishes struct {
	mu  sync.Mutex
	all map[store.Stream]bool
}

func (w *wishes) add(s store.Stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[store.Stream]bool{}
	}
	w.all[s] = true
}

func (w *wishes) has(s store.Stream) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all[s] || w.all[""]
}

// take returns what was asked for and forgets it.
func (w *wishes) take() map[store.Stream]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.all
	w.all = nil
	return all
}

func wanted(all map[store.Stream]bool, s store.Stream) bool { return all[s] || all[""] }

// Pull makes a source run now, whatever its schedule, its breaker or a pause say; "" means all. It returns at once; it does not interrupt a run that is
// under way, nor a wait inside it. It needs a running [Engine.Run], or [Engine.Once] after it.
func (e *Engine) Pull(id store.SourceID) error {
	return e.with(Target{Source: id}, (*worker).now)
}

// now asks for a run.
func (w *worker) now() {
	w.halt.Store(false)
	w.pull.Store(true)
}

// Pause stops a source after the page that it is reading, or in the middle of a wait; "" means all. It stays so, also after a restart, until Resume. The
// timer of a paused source does not run.
func (e *Engine) Pause(id store.SourceID) error {
	return e.with(Target{Source: id}, func(w *worker) {
		w.told.Store(true)
		w.paused.Store(true)
		w.halt.Store(true)
		if stop := w.waits.Load(); stop != nil {
			(*stop)()
		}
	})
}

// Resume lets a paused source go on at once; "" means all.
func (e *Engine) Resume(id store.SourceID) error {
	return e.with(Target{Source: id}, func(w *worker) {
		if w.paused.Swap(false) || !w.told.Swap(true) {
			w.now()
		}
	})
}

// Paused reports whether a source is paused.
func (e *Engine) Paused(id store.SourceID) bool {
	for _, w := range e.workers {
		if w.id == id {
			return w.paused.Load()
		}
	}
	return false
}

// Resync forgets where a stream stands and has the source read now: what it has is read from nothing and compared, nothing stored is thrown away before.
func (e *Engine) Resync(t Target) error {
	return e.with(t, func(w *worker) {
		w.anew.add(t.Stream)
		w.now()
	})
}

// Accept lets the next run remove what a held stream no longer names, however much that is. Call Pull to run it now.
func (e *Engine) Accept(t Target) error {
	return e.with(t, func(w *worker) { w.accept.add(t.Stream) })
}

// Refuse is the other answer to a held stream: what is missing stays in the store, and nobody is asked again unless still more goes missing. What the
// source names again is brought up to date like everything else.
func (e *Engine) Refuse(t Target) error {
	return e.with(t, func(w *worker) { w.refuse.add(t.Stream) })
}

// Settle writes down what was asked of sources that do not run: pauses and refusals. It waits for runs that are under way. [Engine.Run] and
// [Engine.Once] do it by themselves.
func (e *Engine) Settle(ctx context.Context) error {
	for _, w := range e.workers {
		if err := w.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) with(t Target, fn func(*worker)) error {
	found := false
	for _, w := range e.workers {
		if t.Source != "" && w.id != t.Source {
			continue
		}
		if t.Stream != "" && !w.offers(t.Stream) {
			return fmt.Errorf("source %s: %w; it has no stream %s, but %s", w.id, store.ErrNotFound, store.Clip(string(t.Stream), 60), w.names())
		}
		found = true
		fn(w)
		select {
		case w.wake <- struct{}{}:
		default: // one is pending already
		}
	}
	if !found && t.Source != "" {
		return fmt.Errorf("source %s: %w; the configuration has no such source", store.Clip(string(t.Source), 60), store.ErrNotFound)
	}
	return nil
}

func (w *worker) offers(s store.Stream) bool {
	for _, name := range w.src.Streams() {
		if name == s {
			return true
		}
	}
	return false
}

// names lists the source's streams for a message.
func (w *worker) names() string {
	text := ""
	for i, name := range w.src.Streams() {
		if i > 0 {
			text += ", "
		}
		text += string(name)
	}
	return text
}

func (w *worker) settle(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.load(ctx); err != nil {
		return fmt.Errorf("read status of %s: %w", w.id, err)
	}
	return w.mark(ctx)
}

// mark stores, in one commit, what a person has decided and the statuses do not say yet.
func (w *worker) mark(ctx context.Context) error {
	refused, paused := w.refuse.take(), w.paused.Load()
	b := &store.Batch{Source: w.id, Seen: w.e.opt.Now()}
	for _, s := range w.streams {
		changed := s.status.Paused != paused
		s.status.Paused = paused
		if s.held && wanted(refused, s.name) {
			s.held, s.heldWhy = false, ""
			s.status.Kept, s.status.State, s.status.Error = s.status.Missing, store.SyncIdle, ""
			changed = true
		}
		if changed {
			b.Statuses = append(b.Statuses, s.status)
			s.kept = s.status
		}
	}
	if len(b.Statuses) == 0 {
		return nil
	}
	if _, err := w.e.opt.Store.Apply(ctx, b); err != nil {
		return fmt.Errorf("store the status of %s: %w", w.id, err)
	}
	return nil
}
