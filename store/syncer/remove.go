package syncer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// HeldError says that a complete pass named so few records that removing the rest was not done without being asked.
type HeldError struct{ Why string }

// Error implements error.
func (e *HeldError) Error() string { return "held: " + e.Why }

// owns returns the entities of which a complete pass of s names every record. What a stream brings besides (an account made from a deal's column) is
// never removed by comparison, since only its own list could tell.
func (s *stream) owns() []store.Entity {
	if all := carried(s.w.src, s.name); len(all) > 0 {
		return all
	}
	if e, ok := s.name.Entity(); ok {
		return []store.Entity{e}
	}
	return nil
}

// carried is what a source says that a stream brings; nil: what its name says.
func carried(src source.Source, name store.Stream) []store.Entity {
	if c, ok := src.(source.Carrier); ok {
		return c.Carries(name)
	}
	return nil
}

const (
	maxPages = 100_000 // of a listing
	fewRows  = 3       // so few may vanish unasked, if some stay
)

// reconcile removes what the source no longer names. It returns how many records went, or why none did when the stream is held.
func (s *stream) reconcile(ctx context.Context, p *pass, full bool) (removed int, why string, err error) {
	named := p.named
	if !full {
		lister, ok := s.w.src.(source.Lister)
		now := time.Now() // not opt.Now: a clock that was set back must not put the next listing off
		if !ok || now.Sub(s.listed) < s.w.e.opt.Relist && !s.w.accept.has(s.name) {
			return 0, s.heldWhy, nil
		}
		named, err = s.list(ctx, lister)
		if errors.Is(err, errors.ErrUnsupported) {
			return 0, s.heldWhy, nil
		}
		if err != nil {
			return 0, "", fmt.Errorf("list what exists: %w", err)
		}
		s.listed = now
	}
	s.named = named
	defer func() {
		if !s.shares() {
			s.named = nil // nobody else will ask, and of a million touches it is forty megabytes
		}
	}()
	var gone []store.Ref
	s.held, s.heldWhy = false, ""
	odd, vanished := false, []string{}
	for _, e := range s.owns() {
		sets, ok := s.sharers(e)
		if !ok {
			continue
		}
		total := 0
		var missing []store.Ref
		err := s.w.e.opt.Store.View(ctx, func(sn store.Snapshot) error {
			return sn.IDs(s.w.id, e, func(id store.ID) error {
				if e == store.EntityChange && s.w.wrote(id) {
					return nil
				}
				total++
				for _, set := range sets {
					if set.has(string(id)) {
						return nil
					}
				}
				missing = append(missing, store.Ref{Entity: e, ID: id})
				return nil
			})
		})
		if err != nil {
			return 0, "", fmt.Errorf("compare %s: %w", e, err)
		}
		n := len(missing)
		if r := s.status.Records; len(s.owns()) == 1 && r > 0 && r < total {
			total = r // of what was there before this pass, which may have brought as many others
		}
		if n > 0 && (n >= total || n > fewRows && 2*n >= total) && !s.w.accept.has(s.name) {
			odd = true
			vanished = append(vanished, fmt.Sprintf("%d of %d %s records", n, total, e))
		}
		gone = append(gone, missing...)
	}
	if odd {
		s.status.Missing = len(gone)
		if s.held = len(gone) > s.status.Kept; s.held {
			t := Target{s.w.id, s.name}
			s.heldWhy = fmt.Sprintf("%s are missing from the source; none was removed. If they are really gone run: flightdeck sync accept %s; to keep them: flightdeck sync refuse %s",
				strings.Join(vanished, ", "), t, t)
		}
		return 0, s.heldWhy, nil
	}
	s.status.Missing, s.status.Kept = 0, 0
	if len(gone) == 0 {
		return 0, "", nil
	}
	b := &store.Batch{Source: s.w.id, Seen: s.w.e.opt.Now(), Deleted: gone}
	if _, err := s.w.e.opt.Store.Apply(ctx, b); err != nil {
		return 0, "", fmt.Errorf("remove %d records: %w", len(gone), err)
	}
	return len(gone), "", nil
}

// versions are the fields whose history no source tells.
var versions = store.FieldsOf(store.VersionFields()...)

// tells remembers of which deal fields the source tells the history.
func (w *worker) tells(r store.Ref) {
	if r.Entity == store.EntityChange {
		if f, ok := store.KeyField(r.ID); ok {
			w.history |= store.FieldsOf(f)
		}
	}
}

// wrote reports whether a change is one that the store wrote itself, of a field whose history this source does not tell: no listing of the source will ever name it. The pages of its
// deals say which fields these are, but after a start the changes may be read before them; then a field of which the source tells nothing, while it tells of others, is one.
func (w *worker) wrote(key store.ID) bool {
	f, ok := store.KeyField(key)
	return ok && ((versions | w.tracked).Has(f) || w.history != 0 && !w.history.Has(f))
}

// sharers returns what each stream that brings e named in its last complete pass; not ok when one of them has had none in this process.
func (s *stream) sharers(e store.Entity) (sets []set, ok bool) {
	for _, o := range s.w.streams {
		if !o.carries[e] {
			continue
		}
		if o.named == nil {
			return nil, false
		}
		sets = append(sets, o.named[e])
	}
	return sets, true
}

// shares reports whether another stream brings what s owns.
func (s *stream) shares() bool {
	for _, o := range s.w.streams {
		for _, e := range s.owns() {
			if o != s && o.carries[e] {
				return true
			}
		}
	}
	return false
}

// list reads the identifiers of everything that exists in the stream.
func (s *stream) list(ctx context.Context, l source.Lister) (map[store.Entity]set, error) {
	named := map[store.Entity]set{}
	been := set{}
	var cursor store.Cursor
	for range maxPages {
		been.add(string(cursor))
		var refs []store.Ref
		var next store.Cursor
		err := s.w.call(ctx, func(ctx context.Context) (err error) {
			refs, next, err = l.List(ctx, s.name, cursor)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, r := range refs {
			if named[r.Entity] == nil {
				named[r.Entity] = set{}
			}
			named[r.Entity].add(string(r.ID))
			s.w.tells(r)
		}
		if next == "" {
			return named, nil
		}
		if been.has(string(next)) {
			break
		}
		cursor = next
	}
	return nil, errors.New("the listing does not come to an end; nothing was removed")
}

// count returns how many records the store holds from the stream. Entities without a source (stages) are counted as named by the pass.
func (s *stream) count(ctx context.Context, p *pass) (n int, err error) {
	owned := s.owns()
	if len(owned) == 0 {
		for _, set := range p.named {
			n += len(set)
		}
		return max(n, s.status.Records), nil
	}
	err = s.w.e.opt.Store.View(ctx, func(sn store.Snapshot) error {
		for _, e := range owned {
			if err := sn.IDs(s.w.id, e, func(store.ID) error { n++; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count records: %w", err)
	}
	return n, nil
}
