package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// stream is one list of one source between and during runs.
type stream struct {
	w       *worker
	name    store.Stream
	cursor  store.Cursor       // what the store holds
	status  store.SourceStatus // what the store is to hold next
	kept    store.SourceStatus // what it holds
	mid     bool               // the cursor may lie inside a pass whose beginning this process did not see
	held    bool
	heldWhy string
	pass    *pass     // under way, kept between runs when one fails in the middle
	began   time.Time // the run under way, or the last one
	before  int       // requests of the source then
	note    string    // what a person should know of the run under way

	carries map[store.Entity]bool // entities that this stream was seen to bring, or says it does
	named   map[store.Entity]set  // what the last complete pass named
	listed  time.Time
	counted bool
}

// run reads the stream to the end of its pass.
func (s *stream) run(ctx context.Context) (res StreamResult) {
	e := s.w.e
	res = StreamResult{Stream: s.name}
	s.before, s.note, s.began = s.w.requests(), "", e.opt.Now()
	if s.status.Good.After(s.began) { // our clock was set back; a pass that ends before its good end is how a later process knows that it was cut short
		s.status.Good = s.began.Add(-1)
	}
	s.status.Started, s.status.Updated, s.status.Requests, s.status.Base = s.began, s.began, 0, s.status.Done
	switch {
	case s.w.anew.has(s.name):
		s.status.Fields = nil // what it looks like is learned anew
		if err := s.restart(ctx, "read anew, as asked for"); err != nil {
			return s.fail(ctx, res, err)
		}
	case s.status.Missing > 0 && s.w.accept.has(s.name):
		s.cursor, s.pass, s.mid = "", nil, false // the comparison needs a complete pass
		s.fresh()
	case s.pass == nil && !s.mid:
		s.fresh()
	}
	restarted := false
	var ahead *fetching // of the page after the one that is being stored
	defer func() { ahead.end() }()
	for {
		var page source.Page
		err := s.w.call(ctx, func(ctx context.Context) (err error) {
			f := ahead
			if ahead = nil; f == nil {
				f = s.fetch(ctx, s.cursor)
			}
			page, err = f.wait(ctx)
			return err
		})
		if errors.Is(err, source.ErrExpired) && s.cursor != "" && !restarted {
			restarted = true
			if err = s.restart(ctx, "read anew: "+clean(err)); err == nil {
				continue
			}
		}
		res.Requests = s.w.requests() - s.before
		s.status.Requests, s.status.Budgets = res.Requests, s.w.budgets()
		if err == nil && page.More && !s.w.halt.Load() && !s.been(page.Next) {
			ahead = s.fetch(ctx, page.Next)
		}
		if err == nil {
			err = s.take(ctx, &page, &res)
		}
		res.Issues, res.Note = s.status.Issues, s.note
		if err != nil {
			ahead.end()
			return s.fail(ctx, res, err)
		}
		if page.More {
			if s.w.halt.Load() {
				ahead.end()
				s.interrupted(ctx, res)
				return res
			}
			continue
		}
		p := s.pass
		s.pass, s.mid = nil, false
		if page.Full && !p.begun && !s.status.Good.IsZero() {
			s.cursor = "" // resumed after a restart: what its first pages named is forgotten, so it cannot say what is gone
			s.fresh()
			continue
		}
		return s.finish(ctx, res, p, page.Full && p.begun)
	}
}

// been reports whether the pass was at a cursor before, as on a server that runs in circles.
func (s *stream) been(cursor store.Cursor) bool {
	return cursor == s.cursor || s.pass != nil && s.pass.cursors.has(string(cursor))
}

// fetching is a page that is being read. The server and the decoder work on the next page while the disk works on this one: a load of many rows, or of rows that all changed, whose
// history is written too, would take as long as both. Should the page before not be stored after all, it is dropped, and asked for again by whoever goes on.
type fetching struct {
	page source.Page
	err  error
	done chan struct{}
	stop context.CancelFunc
}

// fetch begins to read the page at a cursor, in a goroutine that ends soon after ctx does. The source may not be asked for another page of the stream before that.
func (s *stream) fetch(ctx context.Context, cursor store.Cursor) *fetching {
	ctx, stop := context.WithCancel(ctx)
	f := &fetching{done: make(chan struct{}), stop: stop}
	r := source.Request{Stream: s.name, Cursor: cursor, Now: s.w.e.opt.Now()}
	go func() {
		defer close(f.done)
		defer func() {
			if r := recover(); r != nil {
				f.err = s.w.panicked(r)
			}
		}()
		f.page, f.err = s.w.src.Fetch(ctx, r)
	}()
	return f
}

// wait waits for the page, and ends the reading when ctx ends.
func (f *fetching) wait(ctx context.Context) (source.Page, error) {
	defer f.end()
	select {
	case <-f.done:
	case <-ctx.Done():
		f.end()
		if f.err == nil {
			f.err = ctx.Err()
		}
	}
	return f.page, f.err
}

// end stops the reading and waits until it has ended. It may be called more than once, and of none.
func (f *fetching) end() {
	if f == nil {
		return
	}
	f.stop()
	<-f.done
}

// fresh puts the progress to the beginning of a pass.
func (s *stream) fresh() {
	s.status.Done, s.status.Base, s.status.Total, s.status.Permille = 0, 0, 0, 0
}

// restart makes the stream begin at nothing, also after a kill, and says why in the history.
func (s *stream) restart(ctx context.Context, why string) error {
	s.w.e.opt.Log.Warn("stream is read anew", "source", s.w.id, "stream", s.name, "why", why)
	s.note = why
	s.cursor, s.pass, s.mid = "", nil, false
	s.fresh()
	if _, err := s.w.e.opt.Store.Apply(ctx, &store.Batch{Source: s.w.id, Stream: s.name, Seen: s.w.e.opt.Now()}); err != nil {
		return fmt.Errorf("forget where it stood: %w", err)
	}
	return nil
}
