package syncer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"regexp"
	"strings"
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
	pass    *pass // under way, kept between runs when one fails in the middle

	carries map[store.Entity]bool // entities that this stream was seen to bring, or says it does
	named   map[store.Entity]set  // what the last complete pass named
	listed  time.Time
	counted bool
}

// pass is one reading of a stream from its cursor to a page without More.
type pass struct {
	begun   bool // we saw its first page
	from    store.Cursor
	pages   int
	named   map[store.Entity]set
	cursors set // where it has been
	prints  set // fingerprints of its pages
	stuck   int // pages in a row that were there before
	empty   int // pages in a row without anything
	issues  int // found in it, repetitions counted
	cleared bool
	changed bool
	open    map[string][]store.ID // stored issues by record, for a pass that does not start at nothing
	known   map[store.ID]bool     // stored issues, and those found since: one that is found again is not counted again
}

// set holds 64-bit hashes of identifiers: a tenth of the memory of the strings. Two of a million sharing a hash (one chance in thirty million) would
// keep one deleted record for a while; never remove a living one.
type set map[uint64]struct{}

var seed = maphash.MakeSeed()

func (s set) add(v string)      { s[maphash.String(seed, v)] = struct{}{} }
func (s set) has(v string) bool { _, ok := s[maphash.String(seed, v)]; return ok }

// How many pages in a row may repeat earlier ones, or be empty (a filter may pass over long stretches), before the server is taken to run in circles.
const (
	maxStuck = 50
	maxEmpty = 1000
)

// run reads the stream to the end of its pass.
func (s *stream) run(ctx context.Context) (res StreamResult) {
	e := s.w.e
	res = StreamResult{Stream: s.name}
	if s.held && s.w.accept.Load() {
		s.cursor, s.pass, s.mid = "", nil, false // the comparison needs a complete pass
	}
	s.status.Started, s.status.Done, s.status.Total = e.opt.Now(), 0, 0
	restarted := false
	for {
		var page source.Page
		err := s.w.call(ctx, func(ctx context.Context) (err error) {
			page, err = s.w.src.Fetch(ctx, source.Request{Stream: s.name, Cursor: s.cursor, Now: e.opt.Now()})
			return err
		})
		if errors.Is(err, source.ErrExpired) && s.cursor != "" && !restarted {
			restarted = true
			s.cursor, s.pass, s.mid = "", nil, false
			_, err = e.opt.Store.Apply(ctx, &store.Batch{Source: s.w.id, Stream: s.name, Seen: e.opt.Now()}) // from nothing, also after a restart
			if err == nil {
				continue
			}
		}
		if err == nil {
			err = s.take(ctx, &page)
		}
		res.Rows, res.Issues = s.status.Done, s.status.Issues
		if err != nil {
			return s.fail(ctx, res, err)
		}
		if page.More {
			if s.w.paused.Load() && !s.w.pull.Load() {
				s.interrupted(ctx)
				return res
			}
			continue
		}
		p := s.pass
		s.pass, s.mid = nil, false
		if page.Full && !p.begun && !s.status.Good.IsZero() {
			s.cursor = "" // resumed after a restart: what its first pages named is forgotten, so it cannot say what is gone
			continue
		}
		return s.finish(ctx, res, p, page.Full && p.begun)
	}
}

// take commits a page with its cursor.
func (s *stream) take(ctx context.Context, page *source.Page) error {
	now := s.w.e.opt.Now()
	if s.pass == nil {
		s.pass = &pass{begun: !s.mid, from: s.cursor, named: map[store.Entity]set{}, cursors: set{}, prints: set{}}
	}
	p := s.pass
	first := p.pages == 0
	b := &store.Batch{Source: s.w.id, Stream: s.name, Records: page.Records, Track: page.Track, Next: page.Next, Seen: now}
	for _, r := range page.Deleted {
		if r.ID.Source() == s.w.id { // nobody removes a neighbour's records
			b.Deleted = append(b.Deleted, r)
		}
	}
	var print maphash.Hash
	print.SetSeed(seed)
	rows := 0
	page.Refs(func(r store.Ref) bool {
		if r.Entity == store.EntityIssue || r.Entity == store.EntityStatus {
			return true
		}
		rows++
		if p.named[r.Entity] == nil {
			p.named[r.Entity] = set{}
		}
		p.named[r.Entity].add(string(r.ID))
		s.carries[r.Entity] = true
		print.WriteString(string(r.ID))
		print.WriteByte(0)
		return true
	})
	var circle error
	if page.More {
		p.cursors.add(string(s.cursor))
		_, again := p.prints[print.Sum64()]
		switch {
		case rows == 0 && len(page.Deleted) == 0 && len(page.Issues) == 0:
			p.empty++
		case again:
			p.stuck++
		default:
			p.stuck, p.empty = 0, 0
		}
		p.prints[print.Sum64()] = struct{}{}
		switch {
		case p.cursors.has(string(page.Next)):
			circle = errors.New("the server gave a page marker a second time; reading stopped, the next run begins the pass again")
		case p.stuck >= maxStuck, p.empty >= maxEmpty:
			circle = fmt.Errorf("%d pages in a row brought nothing new; reading stopped, the next run begins the pass again", p.stuck+p.empty)
		}
		if circle != nil {
			b.Next = p.from
		}
	}
	if first && p.begun && (p.from == "" || page.Full) {
		b.ClearIssues, p.cleared = true, true
	}
	if !p.cleared {
		fixed, err := s.fixed(ctx, p, &page.Records)
		if err != nil {
			return err
		}
		b.Deleted = append(b.Deleted, fixed...)
		s.status.Issues = max(0, s.status.Issues-len(fixed))
	}
	found := 0
	for _, i := range page.Issues {
		if key := i.Key(); p.cleared || !p.known[key] {
			found += 1 + i.Repeated
			if p.known == nil {
				p.known = map[store.ID]bool{}
			}
			p.known[key] = true
		}
	}
	p.issues += found
	if p.cleared {
		s.status.Issues = p.issues
	} else {
		s.status.Issues += found
	}
	p.pages++
	s.status.Done += page.Len()
	s.status.Total = max(page.Total, 0)
	s.status.State, s.status.Error, s.status.Retry = store.SyncRunning, "", time.Time{}
	if rows > 0 || found > 0 || len(b.Deleted) > 0 {
		p.changed = true
	}
	if !p.changed && !page.More && !b.ClearIssues && b.Next == s.cursor {
		return nil // nothing new: no commit
	}
	b.Statuses = append(b.Statuses[:len(b.Statuses):len(b.Statuses)], s.status)
	if _, err := s.w.e.opt.Store.Apply(ctx, b); err != nil {
		return fmt.Errorf("store a page: %w", err)
	}
	s.cursor, s.kept = b.Next, s.status
	if circle != nil {
		s.pass = nil
	}
	return circle
}

// fixed returns the stored issues of records that r brings, since r carries the issues that they still have. Without it a row mended in the CRM would
// stay listed until the next reading from nothing.
func (s *stream) fixed(ctx context.Context, p *pass, r *store.Records) (gone []store.Ref, err error) {
	if s.status.Issues == 0 || r.Len() == 0 {
		return nil, nil
	}
	if p.open == nil {
		p.open = map[string][]store.ID{}
		if p.known == nil {
			p.known = map[store.ID]bool{}
		}
		prefix := string(store.SourceStatus{Source: s.w.id, Stream: s.name}.Key()) + "|"
		err := s.w.e.opt.Store.View(ctx, func(sn store.Snapshot) error {
			return sn.IDs(s.w.id, store.EntityIssue, func(id store.ID) error {
				if len(id) > len(prefix) && string(id[:len(prefix)]) == prefix {
					p.known[id] = true
					where := string(id[len(prefix):])
					if i := lastBar(where); i >= 0 {
						where = where[:i]
					}
					p.open[where] = append(p.open[where], id)
				}
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("read issues: %w", err)
		}
	}
	still := map[store.ID]bool{}
	for _, i := range r.Issues {
		still[i.Key()] = true
	}
	r.Refs(func(ref store.Ref) bool {
		for _, where := range [...]string{string(ref.ID), ref.ID.Native()} {
			for _, id := range p.open[where] {
				if !still[id] {
					gone = append(gone, store.Ref{Entity: store.EntityIssue, ID: id})
					delete(p.known, id)
				}
			}
			delete(p.open, where)
		}
		return true
	})
	return gone, nil
}

func lastBar(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '|' {
			return i
		}
	}
	return -1
}

// finish compares what is gone, counts and writes the final status of a pass that was read to its end.
func (s *stream) finish(ctx context.Context, res StreamResult, p *pass, full bool) StreamResult {
	removed, why, err := s.reconcile(ctx, p, full)
	if err != nil {
		return s.fail(ctx, res, err)
	}
	res.Removed = removed
	now := s.w.e.opt.Now()
	s.status.State, s.status.Error, s.status.Retry = store.SyncIdle, "", time.Time{}
	s.status.Finished, s.status.Good = now, now
	if s.held {
		s.status.State, s.status.Error = store.SyncHeld, clean(errors.New(why))
		res.Err = &HeldError{Why: why}
	}
	res.State, res.Issues = s.status.State, s.status.Issues
	if !s.held && (p.changed || removed > 0 || !s.counted) { // held: what was there before the suspicious pass stays the measure
		if s.status.Records, err = s.count(ctx, p); err != nil {
			return s.fail(ctx, res, err)
		}
		s.counted = true
	}
	same := s.kept.State == s.status.State && s.kept.Error == s.status.Error && s.kept.Records == s.status.Records && s.kept.Issues == s.status.Issues
	if same && !p.changed && now.Sub(s.kept.Good) < time.Minute {
		return res
	}
	if err := s.write(ctx); err != nil {
		return s.fail(ctx, res, err)
	}
	return res
}

// fail writes that the run of this stream ended badly, keeping Good.
func (s *stream) fail(ctx context.Context, res StreamResult, err error) StreamResult {
	res.Err, res.State = err, store.SyncFailed
	if ctx.Err() != nil {
		s.interrupted(ctx)
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
	return s.fail(ctx, StreamResult{Stream: s.name, Issues: s.status.Issues}, fmt.Errorf("not asked: %w", why))
}

// interrupted takes back "running" when the process stops or the source is paused: neither good nor bad.
func (s *stream) interrupted(ctx context.Context) {
	if s.status.State != store.SyncRunning && s.status.State != store.SyncWaiting {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
	defer cancel()
	s.status.State, s.status.Retry = store.SyncIdle, time.Time{}
	if err := s.write(ctx); err != nil {
		s.w.e.opt.Log.Warn("status not stored", "source", s.w.id, "stream", s.name, "err", err)
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

// write commits the status alone; without a Stream the batch touches no cursor.
func (s *stream) write(ctx context.Context) error {
	b := &store.Batch{Source: s.w.id, Seen: s.w.e.opt.Now()}
	b.Statuses = []store.SourceStatus{s.status}
	if _, err := s.w.e.opt.Store.Apply(ctx, b); err != nil {
		return err
	}
	s.kept = s.status
	return nil
}

// Explain is an error as a status keeps it and as it may be shown: cleaned, clipped, without a secret, with what to do.
func Explain(err error) string {
	switch {
	case errors.Is(err, source.ErrAuth):
		return clean(err) + "; check the credential that flightdeck.yaml names, then sync again"
	case errors.Is(err, source.ErrDenied):
		return clean(err) + "; grant the configured user read access to this list"
	case errors.Is(err, context.Canceled):
		return "interrupted; what was read is kept, and the next run goes on from there"
	case errors.Is(err, context.DeadlineExceeded):
		return strings.TrimSuffix(clean(err), context.DeadlineExceeded.Error()) + "the server did not answer in time; check the address and the network"
	}
	return clean(err)
}

var (
	userinfo = regexp.MustCompile(`://[^/\s@]+@`)
	named    = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+|(?:access_|refresh_|api_?|hapi)?(?:token|key|secret|password|passwd|pwd)["']?\s*[=:]\s*["']?)([^\s&"',;]+)`)
	prose    = regexp.MustCompile(`\s(?:[a-z]+:?|env:\w+|file:\S*)$`) // "page token: that would never end", "token: missing: …", "token: env:NAME"
)

// clean makes an error fit to be stored and shown. Sources do not put credentials into errors, but the libraries below them may.
func clean(err error) string {
	s := userinfo.ReplaceAllString(err.Error(), "://***@")
	s = named.ReplaceAllStringFunc(s, func(m string) string {
		if prose.MatchString(m) {
			return m
		}
		return named.ReplaceAllString(m, "$1***")
	})
	return store.Clip(s, 400)
}
