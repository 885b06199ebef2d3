package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"flightdeck/store"
)

// Box is the part of a [store.Desk] that the engine needs.
type Box interface {
	store.Outbox
	store.Watcher
}

// Route says which messages go through a notifier.
type Route struct {
	Name     string // its own; deliveries are recorded under it
	Notifier Notifier
	Kinds    []store.MessageKind // none: all but tests
	Node     string              // only what concerns this part of the organisation, as [Options.Inside] understands it; "": everything
}

// Options are what an Engine needs.
type Options struct {
	Box    Box
	Routes []Route
	Quiet  Quiet
	Zone   func() *time.Location // the organisation's time zone; nil: UTC
	// Inside reports whether whom a message concerns lies inside the part of the organisation that a route names. known is false while that cannot be told, as before the store was read: the
	// message then waits. nil: nothing does.
	Inside func(route string, node store.ID) (in, known bool)
	// Own reports whether node is the very part of the organisation that a route names, "" for all of it: a morning is one part's own, so that a manager is not sent every team's beside theirs.
	// nil: those without a part get that of the whole.
	Own    func(route string, node store.ID) (own, known bool)
	Report func(error)      // told of failures of the store; nil: nobody is
	Now    func() time.Time // nil: time.Now
}

// Back-off of failures that may pass.
const (
	firstRetry = time.Minute
	lastRetry  = time.Hour
	maxTries   = 28 // about a day
)

// Engine delivers what waits in a box. One process runs one.
type Engine struct {
	o      Options
	limits map[string]*rate.Limiter
	work   sync.Mutex // one round at a time
}

// New returns an engine that does nothing until Run or Round.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Engine{o: o, limits: map[string]*rate.Limiter{}}
	for _, r := range o.Routes {
		p := r.Notifier.Pace()
		e.limits[r.Name] = rate.NewLimiter(rate.Every(p.Every), p.Burst)
	}
	return e
}

// Run delivers until ctx ends, then returns nil. It wakes when a message is posted or due.
func (e *Engine) Run(ctx context.Context) error {
	posted := e.o.Box.Watch(ctx)
	for {
		next, err := e.Round(ctx)
		if err != nil && ctx.Err() == nil {
			if e.o.Report != nil {
				e.o.Report(err)
			}
			next = e.o.Now().Add(firstRetry)
		}
		var due <-chan time.Time
		var timer *time.Timer
		if !next.IsZero() {
			timer = time.NewTimer(max(next.Sub(e.o.Now()), 10*time.Millisecond))
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case _, ok := <-posted:
			if !ok {
				<-ctx.Done()
			}
		case <-due:
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being ended is no failure
		}
	}
}

// pending is a message with its delivery through one notifier.
type pending struct {
	message  store.Message
	delivery store.Delivery
}

// Round routes what is new, delivers what is due, through all notifiers at the same time, and returns when the next is due; zero: nothing waits. Failures of notifiers are recorded, not
// returned.
func (e *Engine) Round(ctx context.Context) (next time.Time, err error) {
	e.work.Lock()
	defer e.work.Unlock()
	now := e.o.Now()
	due := map[string][]pending{}
	soonest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	var waiting []store.Message
	if err := e.o.Box.Waiting(ctx, func(m store.Message) error { waiting = append(waiting, m); return nil }); err != nil {
		return next, err
	}
	for _, m := range waiting {
		if !m.Routed {
			ds, known := e.route(&m)
			if !known {
				soonest(now.Add(firstRetry))
				continue
			}
			if err := e.o.Box.Record(ctx, m.Seq, ds...); err != nil {
				return next, err
			}
			m.Merge(ds...)
		}
		for _, d := range m.Deliveries {
			if d.State != store.DeliveryWaiting {
				continue
			}
			if e.limits[d.Notifier] == nil {
				d.State, d.Error = store.DeliveryFailed, "the configuration has no such notifier any more"
				if err := e.o.Box.Record(ctx, m.Seq, d); err != nil {
					return next, err
				}
				continue
			}
			if at := e.when(&m, d, now); at.After(now) {
				soonest(at)
				continue
			}
			due[d.Notifier] = append(due[d.Notifier], pending{m, d})
		}
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, r := range e.o.Routes {
		if len(due[r.Name]) == 0 {
			continue
		}
		wait.Go(func() {
			later, failed := e.deliver(ctx, r, due[r.Name])
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, failed)
			if !later.IsZero() {
				soonest(later)
			}
		})
	}
	wait.Wait()
	return next, err
}

// route chooses the notifiers of a message. known is false when it cannot be told yet.
func (e *Engine) route(m *store.Message) (ds []store.Delivery, known bool) {
	for _, r := range e.o.Routes {
		if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, m.Kind) || len(r.Kinds) == 0 && m.Kind == store.MessageTest {
			continue
		}
		within := e.o.Inside
		if m.Kind == store.MessageMorning {
			if within = e.o.Own; within == nil && r.Node == "" && m.Node != "" {
				continue
			}
		}
		if r.Node != "" || m.Kind == store.MessageMorning && within != nil {
			if within == nil {
				continue
			}
			in, known := within(r.Node, m.Node)
			if !known {
				return nil, false
			}
			if !in {
				continue
			}
		}
		ds = append(ds, store.Delivery{Notifier: r.Name})
	}
	return ds, true
}

// when returns the earliest moment for a delivery; not after now: it is due.
func (e *Engine) when(m *store.Message, d store.Delivery, now time.Time) time.Time {
	at := now
	for _, t := range []time.Time{m.After, d.Next} {
		if t.After(at) {
			at = t
		}
	}
	if m.Urgent {
		return at
	}
	zone := time.UTC
	if e.o.Zone != nil {
		zone = e.o.Zone()
	}
	return e.o.Quiet.End(at.In(zone))
}

// deliver sends what is due through one notifier, as many in one post as it holds, until all is sent, one post fails, or the pace is used up.
func (e *Engine) deliver(ctx context.Context, r Route, all []pending) (next time.Time, err error) {
	for len(all) > 0 && ctx.Err() == nil {
		now := e.o.Now()
		if !e.limits[r.Name].AllowN(now, 1) {
			return now.Add(r.Notifier.Pace().Every), nil
		}
		ms := make([]store.Message, len(all))
		for i := range all {
			ms[i] = all[i].message
		}
		n := min(max(r.Notifier.Fit(ms), 1), len(all))
		sent := e.send(ctx, r, ms[:n])
		if ctx.Err() != nil && sent != nil {
			return next, nil //nolint:nilerr // we were ended; it is tried again by the next start
		}
		var wait time.Duration
		for _, p := range all[:n] {
			d := outcome(p.delivery, sent, e.o.Now())
			if err := e.o.Box.Record(context.WithoutCancel(ctx), p.message.Seq, d); err != nil {
				return next, err // it will be sent again: at least once
			}
			if d.State == store.DeliveryWaiting {
				wait = max(wait, d.Next.Sub(now))
			}
		}
		all = all[n:]
		if wait > 0 {
			next = now.Add(wait)
			// What the other side says about waiting holds for everything that goes there.
			var said *Refusal
			if errors.As(sent, &said) && said.After > 0 || len(all) == 0 {
				return next, e.hold(ctx, all, next)
			}
			return now.Add(r.Notifier.Pace().Every), nil // one message may be at fault: the others get their turn
		}
	}
	return next, nil
}

// hold lets deliveries wait until a moment without counting a try.
func (e *Engine) hold(ctx context.Context, all []pending, until time.Time) error {
	for _, p := range all {
		p.delivery.Next = until
		if err := e.o.Box.Record(context.WithoutCancel(ctx), p.message.Seq, p.delivery); err != nil {
			return err
		}
	}
	return nil
}

// send calls the notifier; its panic is a failure like another.
func (e *Engine) send(ctx context.Context, r Route, ms []store.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Refusal{Text: "internal error", Final: true}
			if e.o.Report != nil {
				e.o.Report(fmt.Errorf("notifier %s: panic: %v\n%s", r.Name, p, debug.Stack()))
			}
		}
	}()
	return r.Notifier.Send(ctx, ms)
}

// outcome is what a delivery becomes.
func outcome(d store.Delivery, sent error, now time.Time) store.Delivery {
	d.Tries++
	d.Last, d.Next, d.Error = now, time.Time{}, ""
	if sent == nil {
		d.State = store.DeliverySent
		return d
	}
	d.Error = store.Clip(sent.Error(), 300)
	var r *Refusal
	refused := errors.As(sent, &r)
	if refused && r.Final || d.Tries >= maxTries {
		d.State = store.DeliveryFailed
		return d
	}
	wait := min(firstRetry<<min(d.Tries-1, 10), lastRetry)
	wait += time.Duration(rand.Int64N(int64(wait)/10 + 1)) //nolint:gosec // so that several do not come at once
	if refused {
		wait = max(wait, r.After)
	}
	d.State, d.Next = store.DeliveryWaiting, now.Add(wait)
	return d
}

// Try sends one test message through a notifier at once, past the box.
func Try(ctx context.Context, n Notifier, title, text string, now time.Time) error {
	return n.Send(ctx, []store.Message{{Key: "test|" + now.UTC().Format(time.RFC3339Nano), Kind: store.MessageTest, At: now, Title: title, Text: text}})
}
