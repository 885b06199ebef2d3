package syncer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

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
	fill    fill
	// end is the cursor behind a complete pass that is still to be compared. It is committed with what the comparison found: a process killed in between must
	// read the last page again, or what is gone would stay for as long as the source has nothing new.
	end    store.Cursor
	hasEnd bool
	open   map[string][]store.ID // stored issues by record, for a pass that does not start at nothing
	known  map[store.ID]bool     // stored issues, and those found since: one that is found again is not counted again
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

// take commits a page with its cursor and counts its rows in res once they are stored.
func (s *stream) take(ctx context.Context, page *source.Page, res *StreamResult) error {
	now := s.w.e.opt.Now()
	if s.pass == nil {
		s.pass = &pass{begun: !s.mid, from: s.cursor, named: map[store.Entity]set{}, cursors: set{}, prints: set{}}
	}
	p := s.pass
	first := p.pages == 0
	s.w.tracked |= page.Track
	b := &store.Batch{Source: s.w.id, Stream: s.name, Records: page.Records, Track: page.Track | versions, Next: page.Next, Seen: now}
	for _, r := range page.Deleted {
		if r.ID.Source() == s.w.id { // nobody removes a neighbour's records
			b.Deleted = append(b.Deleted, r)
		}
	}
	var print maphash.Hash
	print.SetSeed(seed)
	rows, own, owned := 0, 0, s.owns()
	page.Refs(func(r store.Ref) bool {
		if r.Entity == store.EntityIssue || r.Entity == store.EntityStatus {
			return true
		}
		rows++
		if slices.Contains(owned, r.Entity) {
			own++
		}
		if p.named[r.Entity] == nil {
			p.named[r.Entity] = set{}
		}
		p.named[r.Entity].add(string(r.ID))
		s.w.tells(r)
		s.carries[r.Entity] = true
		print.WriteString(string(r.ID))
		print.WriteByte(0)
		return true
	})
	p.fill.look(&page.Records, owned)
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
	if page.Full && !page.More && p.begun {
		p.end, p.hasEnd, b.Next = page.Next, true, s.cursor
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
	if own == 0 {
		own = page.Len()
	}
	s.progress(own, page.Total, now)
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
	res.Rows += page.Len()
	s.tell()
	if circle != nil {
		s.pass = nil
	}
	return circle
}

// progress counts own further records of the stream. The share that is done never falls within a pass, whatever the server says of its total, and is
// complete only when the pass is: a total that was passed is unknown from then on.
func (s *stream) progress(own, total int, now time.Time) {
	st := &s.status
	st.Done += own
	st.Updated = now
	if total > 0 {
		st.Total = total
	}
	if st.Total < st.Done {
		st.Total = 0
	}
	if st.Total > 0 {
		st.Permille = max(st.Permille, min(999, int(int64(st.Done)*1000/int64(st.Total))))
	}
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
