package syncer

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Store is what the engine needs of a store.
type Store interface {
	store.Reader
	store.Writer
}

// Entry is one source with its schedule.
type Entry struct {
	Source source.Source
	Every  time.Duration // pause between two runs, jittered by a tenth; 0: five minutes
}

// Options configures an [Engine]. Only Store is required.
type Options struct {
	Store   Store
	Sources []Entry
	Now     func() time.Time // for the times that are written; time.Now when nil. Waiting always uses real timers.
	Log     *slog.Logger     // nil: silent
	// Done is told of every run that ended, from the source's goroutine; nil: nobody. It must not block for long.
	Done func(Result)
	// Progress is told of every page that was stored and every wait that begins, from the source's goroutine, with the status as it was committed; nil:
	// nobody. It must not block for long.
	Progress func(store.SourceStatus)
	// Accept names what was held and is to be removed in the next run. See also [Engine.Accept].
	Accept []Target

	Attempts     int           // tries per page; 0: 4
	Backoff      time.Duration // before the second try, doubling; 0: 1s
	MaxBackoff   time.Duration // 0: 30s
	MaxWait      time.Duration // longest pause on a server's word inside a run; longer ones end the run; 0: 5m
	FetchTimeout time.Duration // per try; 0: 2m
	Patience     time.Duration // that a run has with a source which gives no answer, before it only tries whether it does; 0: 90s
	Relist       time.Duration // least time between two listings of a [source.Lister]; 0: 15m
}

// Engine reads sources into a store. Its methods may be called from any goroutine.
type Engine struct {
	opt     Options
	workers []*worker
}

// New makes an engine; nothing runs before [Engine.Run] or [Engine.Once].
func New(opt Options) *Engine {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&opt.Backoff, time.Second)
	def(&opt.MaxBackoff, 30*time.Second)
	def(&opt.MaxWait, 5*time.Minute)
	def(&opt.FetchTimeout, 2*time.Minute)
	def(&opt.Patience, 90*time.Second)
	def(&opt.Relist, 15*time.Minute)
	if opt.Attempts <= 0 {
		opt.Attempts = 4
	}
	e := &Engine{opt: opt}
	for _, s := range opt.Sources {
		def(&s.Every, 5*time.Minute)
		e.workers = append(e.workers, newWorker(e, s))
	}
	for _, t := range opt.Accept {
		_ = e.Accept(t)
	}
	return e
}

// Run reads every source at once and then by its schedule until ctx ends. It blocks; all its goroutines have ended when it returns. It returns nil
// when ctx ended.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, w := range e.workers {
		wg.Go(func() { w.loop(ctx) })
	}
	wg.Wait()
	return nil
}

// Once runs every source once through all its streams, all sources at the same time, each with its bounded retries. A paused source is left alone unless
// Pull was called for it. The results are in the order of the configuration.
func (e *Engine) Once(ctx context.Context) []Result {
	out := make([]Result, len(e.workers))
	var wg sync.WaitGroup
	for i, w := range e.workers {
		wg.Go(func() {
			out[i] = w.run(ctx, w.pull.Swap(false))
			if e.opt.Done != nil {
				e.opt.Done(out[i])
			}
		})
	}
	wg.Wait()
	return out
}

// Result is what one run of one source did.
type Result struct {
	Source   store.SourceID
	Kind     string
	State    store.SyncState // idle when every stream finished, else the worst of its streams'
	Paused   bool            // a person has stopped it: it was not asked, or not to the end
	Rows     int             // records fetched and stored
	Removed  int             // records removed because the source no longer has them
	Issues   int             // rows and fields that could not be mapped, as of now
	Requests int             // that it has cost
	Duration time.Duration
	Err      error // of the first stream that failed or is held; nil when all finished
	Streams  []StreamResult

	next time.Duration // until the next run
}

// StreamResult is a [Result]'s part for one stream.
type StreamResult struct {
	Stream   store.Stream
	State    store.SyncState
	Rows     int
	Removed  int
	Issues   int
	Requests int
	Note     string // what a person should know though nothing failed
	Err      error
}

// loop runs w by its schedule until ctx ends.
func (w *worker) loop(ctx context.Context) {
	defer func() {
		// Fetch panics are caught where they happen; this one is ours, and must not take the terminal with it.
		if r := recover(); r != nil {
			w.e.opt.Log.Error("syncer stopped for a source", "source", w.id, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
			if !w.pull.Load() {
				if err := w.settle(ctx); err != nil && ctx.Err() == nil {
					w.e.opt.Log.Error("what was asked could not be stored", "source", w.id, "err", err)
				}
				if w.paused.Load() {
					timer.Stop()
				}
				continue
			}
		case <-timer.C:
			if w.paused.Load() {
				continue
			}
		}
		res := w.run(ctx, w.pull.Swap(false))
		if ctx.Err() != nil {
			return
		}
		if w.e.opt.Done != nil {
			w.e.opt.Done(res)
		}
		timer.Reset(res.next)
		if w.paused.Load() {
			timer.Stop()
		}
	}
}

const (
	authPause = 30 * time.Minute // a refused password is not tried again sooner: accounts get locked
	firstFail = 30 * time.Second // pause after a first failed run, doubling
	worstFail = 15 * time.Minute // unless the schedule itself is slower
	maxPause  = 6 * time.Hour    // the longest Retry-After that is believed
)

// pause returns how long to wait before the next run when the last one ended with err.
func (w *worker) pause(err error) time.Duration {
	d := w.every
	if err != nil && w.fails > 0 {
		d = min(w.every, firstFail)
		for i := 1; i < w.fails && d < worstFail; i++ {
			d *= 2
		}
		d = min(d, max(w.every, worstFail))
	}
	if errors.Is(err, source.ErrAuth) {
		d = max(w.every, authPause)
	}
	d = time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
	var told *source.RetryAfter
	if errors.As(err, &told) {
		d = max(d, min(told.Wait, maxPause))
	}
	return max(d, w.breaker.RemainingDelay())
}
