package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// finish compares what is gone, counts and writes the final status of a pass that was read to its end.
func (s *stream) finish(ctx context.Context, res StreamResult, p *pass, full bool) StreamResult {
	removed, why, err := s.reconcile(ctx, p, full)
	if err != nil {
		s.mid = p.hasEnd // the cursor still asks for the last page
		return s.fail(ctx, res, err)
	}
	res.Removed = removed
	if err := s.drift(ctx, p); err != nil {
		s.mid = p.hasEnd
		return s.fail(ctx, res, err)
	}
	now := s.w.e.opt.Now()
	s.status.State, s.status.Error, s.status.Retry = store.SyncIdle, "", time.Time{}
	s.status.Finished, s.status.Good = now, now
	res.Requests = s.w.requests() - s.before // a listing costs too
	s.status.Requests, s.status.Budgets = res.Requests, s.w.budgets()
	if s.held {
		s.status.State, s.status.Error = store.SyncHeld, clean(errors.New(why))
		res.Err = &HeldError{Why: why}
	}
	res.State, res.Issues, res.Note = s.status.State, s.status.Issues, s.note
	s.remember(res)
	if !s.held && (p.changed || removed > 0 || !s.counted) { // held: what was there before the suspicious pass stays the measure
		if s.status.Records, err = s.count(ctx, p); err != nil {
			s.mid = p.hasEnd
			return s.fail(ctx, res, err)
		}
		s.counted = true
	}
	same := s.kept.State == s.status.State && s.kept.Error == s.status.Error && s.kept.Records == s.status.Records && s.kept.Issues == s.status.Issues &&
		!p.hasEnd && s.note == "" && s.kept.Missing == s.status.Missing
	if same && !p.changed && now.Sub(s.kept.Good).Abs() < time.Minute { // also when the clock was set back
		return res
	}
	b := s.batch()
	if p.hasEnd {
		b.Stream, b.Next = s.name, p.end
	}
	if err := s.commit(ctx, b); err != nil {
		s.mid = p.hasEnd
		return s.fail(ctx, res, err)
	}
	if p.hasEnd {
		s.cursor = p.end
	}
	return res
}

// fail writes that the run of this stream ended badly, keeping Good.
func (s *stream) fail(ctx context.Context, res StreamResult, err error) StreamResult {
	res.Err, res.State, res.Note = err, store.SyncFailed, s.note
	res.Requests = s.w.requests() - s.before
	s.status.Requests, s.status.Budgets = res.Requests, s.w.budgets()
	if ctx.Err() != nil {
		s.interrupted(ctx, res)
		if s.w.halt.Load() {
			res.Err, res.State = nil, s.status.State
		}
		return res
	}
	var told *source.RetryAfter
	if errors.As(err, &told) {
		res.State = store.SyncWaiting
	}
	if s.status.Done > 0 && s.pass != nil {
		if n, cerr := s.count(ctx, s.pass); cerr == nil && s.status.Good.IsZero() { // later the last complete pass stays the measure of what vanished
			s.status.Records = n
		}
	}
	now := s.w.e.opt.Now()
	s.status.State, s.status.Finished, s.status.Error = res.State, now, Explain(err)
	s.remember(res)
	w := s.w
	w.fails++ // the pause of a failed run counts this one
	w.retry = max(w.retry, w.pause(err))
	s.status.Retry = now.Add(w.retry)
	w.fails--
	if werr := s.write(ctx); werr != nil {
		res.Err = fmt.Errorf("%w; and the status could not be stored: %w", err, werr)
	}
	return res
}

// skip says why a stream was not asked at all.
func (s *stream) skip(ctx context.Context, why error) StreamResult {
	s.before, s.note, s.began = s.w.requests(), "", s.w.e.opt.Now()
	return s.fail(ctx, StreamResult{Stream: s.name, Issues: s.status.Issues}, fmt.Errorf("not asked: %w", why))
}

// interrupted takes back "running" when the process stops or the source is paused: neither good nor bad.
func (s *stream) interrupted(ctx context.Context, res StreamResult) {
	if s.status.State != store.SyncRunning && s.status.State != store.SyncWaiting {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
	defer cancel()
	res.State = store.SyncRunning
	s.remember(res)
	if s.status.State == store.SyncWaiting {
		s.status.Error = ""
	}
	s.status.State, s.status.Retry = store.SyncIdle, time.Time{}
	if err := s.write(ctx); err != nil {
		s.w.e.opt.Log.Warn("status not stored", "source", s.w.id, "stream", s.name, "err", err)
	}
}

// remember adds the run that ends to the history; one that is like the one before it, and unremarkable, is counted with it, so that days of nothing new do
// not push out what happened before.
func (s *stream) remember(res StreamResult) {
	r := store.Run{Started: s.began, Ended: s.w.e.opt.Now(), State: res.State, Rows: res.Rows, Removed: res.Removed, Requests: res.Requests, Times: 1}
	notes := []string{}
	if s.note != "" {
		notes = append(notes, s.note)
	}
	if res.Err != nil && res.State != store.SyncRunning {
		notes = append(notes, Explain(res.Err))
	}
	r.Note = store.Clip(strings.Join(notes, "; "), 400)
	runs := slices.Clone(s.status.Runs) // the store has the other
	if n := len(runs); n > 0 && r.Removed == 0 {
		last := &runs[n-1]
		if last.State == r.State && last.Note == r.Note && last.Rows == r.Rows && last.Removed == 0 && last.Requests == r.Requests {
			last.Ended, last.Times = r.Ended, max(1, last.Times)+1
			s.status.Runs = runs
			return
		}
	}
	runs = append(runs, r)
	s.status.Runs = runs[max(0, len(runs)-store.MaxRuns):]
}

// tell hands the status to whoever watches.
func (s *stream) tell() {
	if fn := s.w.e.opt.Progress; fn != nil {
		fn(s.status)
	}
}

// waiting shows a pause that a person would notice.
func (s *stream) waiting(ctx context.Context, err error, d time.Duration) {
	if d < 2*time.Second || ctx.Err() != nil {
		return
	}
	s.status.State, s.status.Error, s.status.Retry = store.SyncWaiting, Explain(err), s.w.e.opt.Now().Add(d)
	if err := s.write(ctx); err != nil {
		s.w.e.opt.Log.Warn("status not stored", "source", s.w.id, "stream", s.name, "err", err)
	}
}

// write commits the status alone.
func (s *stream) write(ctx context.Context) error { return s.commit(ctx, s.batch()) }

// batch holds the status; without a Stream it touches no cursor.
func (s *stream) batch() *store.Batch {
	b := &store.Batch{Source: s.w.id, Seen: s.w.e.opt.Now()}
	b.Statuses = []store.SourceStatus{s.status}
	return b
}

func (s *stream) commit(ctx context.Context, b *store.Batch) error {
	if _, err := s.w.e.opt.Store.Apply(ctx, b); err != nil {
		return err
	}
	s.kept = s.status
	s.tell()
	return nil
}
