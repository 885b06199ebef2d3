package syncer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"flightdeck/store"
	"flightdeck/store/source"
)

// worker is one source: its schedule, its breaker and the state of its streams. run holds mu; everything below mu belongs to the run.
type worker struct {
	e                    *Engine
	src                  source.Source
	id                   store.SourceID
	every                time.Duration
	wake                 chan struct{}
	pull                 atomic.Bool
	paused               atomic.Bool
	told                 atomic.Bool // somebody said in this process whether it is paused: the store's word is old
	halt                 atomic.Bool // the run under way is to end after its page
	waits                atomic.Pointer[context.CancelFunc]
	accept, refuse, anew wishes

	breaker circuitbreaker.CircuitBreaker[any]
	exec    failsafe.Executor[any]

	mu      sync.Mutex
	fails   int           // runs in a row that failed
	retry   time.Duration // until the next run, when a stream of this one failed
	streams []*stream
	tracked store.Fields       // deal fields of which the store keeps the history for this source, as far as its pages said so in this process
	history store.Fields       // deal fields of which the source told a change in this process
	current *stream            // whom a scheduled retry belongs to
	calls   int                // of the source, in this process
	last    error              // what the server's last failure was
	stop    context.CancelFunc // ends the run under way
	silence time.Duration      // spent on tries that got no answer, since the last answer of the run
	quiet   time.Duration      // likewise, of the stream under way
	lost    time.Duration      // likewise, in the whole run, of streams that failed by it
	first   store.Stream       // with which the next run begins; "": the first
}

// left is how long the next try may take. A server that drips, or takes connections and says nothing, would else cost every try of every stream its full time: once
// Patience is over, a stream gets one short try, in case only the others are slow.
func (w *worker) left() time.Duration {
	switch o := &w.e.opt; {
	case w.silence == 0:
		return o.FetchTimeout
	case w.silence < o.Patience:
		return min(o.FetchTimeout, max(o.Patience-w.silence, o.Patience/probes))
	default:
		return min(o.FetchTimeout, o.Patience/probes)
	}
}

// probes are the streams that get a try after Patience; a try is as much shorter.
const probes = 6

// silent reports that the run should leave the server alone: of the streams behind the one that wore out our patience two got no answer either, or streams that got none
// have cost twice that between others that did.
func (w *worker) silent() bool {
	patience := w.e.opt.Patience
	return w.silence >= patience+2*patience/probes || w.lost >= 2*patience
}

func newWorker(e *Engine, s Entry) *worker {
	w := &worker{e: e, src: s.Source, id: s.Source.ID(), every: s.Every, wake: make(chan struct{}, 1)}
	w.breaker = circuitbreaker.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return unanswered(err) }).
		WithFailureThreshold(uint(2 * e.opt.Attempts)). // one bad stream is not yet a dead server
		WithSuccessThreshold(1).
		WithDelayFunc(func(failsafe.ExecutionAttempt[any]) time.Duration {
			return min(time.Minute<<min(w.fails, 10), max(worstFail, w.every))
		}).Build()
	const jitter = 0.2
	retry := retrypolicy.NewBuilder[any]().
		WithMaxAttempts(e.opt.Attempts).
		WithBackoff(e.opt.Backoff, e.opt.MaxBackoff).
		WithJitterFactor(jitter).
		WithDelayFunc(func(x failsafe.ExecutionAttempt[any]) time.Duration {
			var told *source.RetryAfter
			if errors.As(x.LastError(), &told) && told.Wait > 0 {
				return time.Duration(float64(told.Wait) / (1 - jitter)) // jitter must not make it shorter than we were told
			}
			return -1 // by back-off
		}).
		AbortIf(func(_ any, err error) bool { return w.final(err) || w.silence >= e.opt.Patience }).
		ReturnLastFailure().
		OnRetryScheduled(func(x failsafe.ExecutionScheduledEvent[any]) {
			w.current.waiting(x.Context(), x.LastError(), x.Delay)
			stop := w.stop
			if w.waits.Store(&stop); w.halt.Load() { // said while we were writing
				stop()
			}
		}).Build()
	w.exec = failsafe.With[any](retry, w.breaker)
	return w
}

// unanswered reports an error that says something about the server's health.
func unanswered(err error) bool {
	var told *source.RetryAfter
	var boom *panicError
	return err != nil && !errors.Is(err, source.ErrAuth) && !errors.Is(err, source.ErrDenied) && !errors.Is(err, source.ErrExpired) && !errors.Is(err, source.ErrSetup) &&
		!errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, context.Canceled) && !errors.As(err, &told) && !errors.As(err, &boom)
}

// unreachable reports that not even a connection came about: the same for every stream.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// final reports an error that trying again at once cannot mend.
func (w *worker) final(err error) bool {
	var told *source.RetryAfter
	if errors.As(err, &told) {
		return told.Wait > w.e.opt.MaxWait
	}
	return !unanswered(err) || errors.Is(err, circuitbreaker.ErrOpen)
}

// call runs fn with the per-try time limit, the retries and the breaker.
func (w *worker) call(ctx context.Context, fn func(context.Context) error) error {
	err := w.exec.WithContext(ctx).Run(func() (err error) {
		w.waits.Store(nil)
		w.calls++
		defer func() {
			if r := recover(); r != nil {
				err = w.panicked(r)
			}
		}()
		begun, limit := time.Now(), w.left()
		tctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err = fn(tctx)
		if err != nil && tctx.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("no answer within %s: %s", limit.Round(time.Second), clean(err)) // not wrapped: it is not our cancellation
		}
		if unanswered(err) {
			w.last = err
			w.silence += time.Since(begun)
			w.quiet += time.Since(begun)
		} else {
			w.silence, w.quiet = 0, 0
		}
		return err
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, circuitbreaker.ErrOpen) && w.last != nil:
		return &silentError{w.last}
	}
	return err
}

// panicked logs a panic of the source and returns it as an error.
func (w *worker) panicked(r any) error {
	w.e.opt.Log.Error("source panicked", "source", w.id, "panic", source.Redact(fmt.Sprint(r)), "stack", string(debug.Stack()))
	return &panicError{r}
}

// silentError is the breaker's: the server failed so often in a row that it is left alone for a while.
type silentError struct{ last error }

func (e *silentError) Error() string {
	return "the server fails again and again, so it is left alone for a while: " + e.last.Error()
}
func (e *silentError) Unwrap() error { return circuitbreaker.ErrOpen }

// panicError is a panic inside a source.
type panicError struct{ value any }

func (e *panicError) Error() string {
	return fmt.Sprintf("the connector failed on this answer (panic: %s); please report it", source.Redact(fmt.Sprint(e.value)))
}

// run reads all streams once; forced: also when the source is paused.
func (w *worker) run(ctx context.Context, forced bool) (res Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, w.stop = context.WithCancel(ctx)
	defer w.stop()
	defer w.waits.Store(nil)
	begun := time.Now()
	defer func() {
		// Panics of Fetch are caught where they happen; this is the store's, whose file may be damaged, or ours. It must not take the terminal with it.
		if r := recover(); r != nil {
			w.e.opt.Log.Error("run panicked", "source", w.id, "panic", r, "stack", string(debug.Stack()))
			w.fails++
			w.streams = nil // whatever they believed: the store knows
			res.State, res.Duration = store.SyncFailed, time.Since(begun)
			res.Err = fmt.Errorf("stopped by a fault inside flightdeck or a damaged store (panic: %v); check the store with: flightdeck doctor", r)
			res.next = w.pause(res.Err)
		}
	}()
	res = Result{Source: w.id, Kind: w.src.Kind()}
	var stop error // the reason not to ask this source any further in this run
	if err := w.load(ctx); err != nil {
		w.fails++
		res.State, res.Err = store.SyncFailed, fmt.Errorf("read status of %s: %w", w.id, err)
		res.next = w.pause(res.Err)
		return res
	}
	if w.halt.Load() || w.paused.Load() && !forced {
		res.Paused = true
		if err := w.mark(ctx); err != nil {
			res.State, res.Err = store.SyncFailed, err
		}
		return res
	}
	if w.breaker.IsOpen() {
		w.breaker.HalfOpen() // the schedule has waited for it, or a person wants to know now: one try decides
	}
	w.retry = 0
	failed := false
	w.silence, w.lost = 0, 0
	from := max(0, slices.IndexFunc(w.streams, func(s *stream) bool { return s.name == w.first }))
	w.first = ""
	results := make([]*StreamResult, len(w.streams))
	for n := range w.streams {
		i := (from + n) % len(w.streams)
		s := w.streams[i]
		w.current, w.quiet = s, 0
		var sr StreamResult
		if stop != nil {
			sr = s.skip(ctx, stop)
		} else {
			sr = s.run(ctx)
		}
		results[i] = &sr
		res.Rows += sr.Rows
		res.Removed += sr.Removed
		res.Issues += sr.Issues
		res.Requests += sr.Requests
		if sr.Err != nil {
			failed = failed || sr.State != store.SyncHeld
			if res.Err == nil || res.State == store.SyncHeld && sr.State != store.SyncHeld {
				res.Err, res.State = fmt.Errorf("%s: %w", sr.Stream, sr.Err), sr.State
			}
			if unanswered(sr.Err) {
				w.lost += w.quiet
			}
			var told *source.RetryAfter
			switch {
			case stop != nil:
			case errors.Is(sr.Err, source.ErrAuth) || errors.Is(sr.Err, circuitbreaker.ErrOpen) || errors.As(sr.Err, &told) || unreachable(sr.Err):
				stop = sr.Err
			case w.silent():
				stop = &silentError{sr.Err}
				w.first = w.streams[(i+1)%len(w.streams)].name // it may be that only these are silent
			}
		}
		if ctx.Err() != nil || w.halt.Load() {
			break
		}
	}
	for _, sr := range results {
		if sr != nil {
			res.Streams = append(res.Streams, *sr)
		}
	}
	w.accept.take()
	w.anew.take()
	res.Paused = w.halt.Load()
	if err := w.mark(context.WithoutCancel(ctx)); err != nil && res.Err == nil {
		res.State, res.Err = store.SyncFailed, err
	}
	switch {
	case ctx.Err() != nil: // says nothing about the source
	case failed:
		w.fails++
	default:
		w.fails = 0
	}
	if res.next = w.retry; res.next == 0 {
		res.next = w.pause(res.Err)
	}
	res.Duration = time.Since(begun)
	w.e.opt.Log.Debug("source read", "source", w.id, "state", res.State, "rows", res.Rows, "removed", res.Removed, "duration", res.Duration)
	return res
}

// load reads, once, where every stream stands.
func (w *worker) load(ctx context.Context) error {
	if w.streams != nil {
		return nil
	}
	names := w.src.Streams()
	known := map[store.Stream]store.SourceStatus{}
	paused := false
	var spent store.SourceStatus // the stream that was read last knows the budgets best
	var stale []store.Ref        // of streams that the source no longer has: nobody would ever bring them up to date
	err := w.e.opt.Store.View(ctx, func(s store.Snapshot) error {
		all, err := s.Status()
		for _, st := range all {
			if st.Source == w.id {
				known[st.Stream] = st
				paused = paused || st.Paused
				if st.Budgets != nil && !st.Started.Before(spent.Started) {
					spent = st
				}
				if !slices.Contains(names, st.Stream) {
					stale = append(stale, store.Ref{Entity: store.EntityStatus, ID: st.Key()})
				}
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	b := &store.Batch{Source: w.id, Deleted: stale, Seen: w.e.opt.Now()}
	for _, name := range names { // a stream that is still to come is seen from the start: until it was read, every figure may lack something
		if _, ok := known[name]; !ok {
			b.Statuses = append(b.Statuses, store.SourceStatus{Source: w.id, Stream: name, Kind: w.src.Kind(), Carries: carried(w.src, name)})
		}
	}
	if len(b.Deleted)+len(b.Statuses) > 0 {
		if _, err := w.e.opt.Store.Apply(ctx, b); err != nil {
			return err
		}
	}
	var streams []*stream
	for _, name := range names {
		c, err := w.e.opt.Store.Cursor(ctx, w.id, name)
		if err != nil {
			return err
		}
		st := known[name]
		s := &stream{w: w, name: name, cursor: c, status: st, kept: st, carries: map[store.Entity]bool{}}
		// A run that did not end well may have stopped in the middle of a pass, of which we no longer know what it named.
		s.mid = c != "" && st.Good.Before(st.Started)
		s.held = st.State == store.SyncHeld
		s.heldWhy = st.Error
		s.status.Source, s.status.Stream, s.status.Kind, s.status.Carries = w.id, name, w.src.Kind(), carried(w.src, name)
		streams = append(streams, s)
	}
	for _, s := range streams {
		for _, e := range s.owns() {
			s.carries[e] = true
		}
	}
	w.streams = streams
	if m, ok := w.src.(source.Metered); ok && spent.Budgets != nil {
		m.Restore(spent.Budgets)
	}
	if paused && !w.told.Load() {
		w.paused.Store(true)
	}
	return nil
}

// requests is how many the source has made so far.
func (w *worker) requests() int {
	if c, ok := w.src.(source.Counter); ok {
		return c.Requests()
	}
	return w.calls
}

// budgets is what the source may cost; nil when it does not say.
func (w *worker) budgets() []store.Budget {
	if m, ok := w.src.(source.Metered); ok {
		return m.Budgets()
	}
	return nil
}
