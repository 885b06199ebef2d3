package rest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// listed remembers when each stream was last listed to its end.
type listed struct {
	mu sync.Mutex
	at map[store.Stream]time.Time
}

var _ source.Carrier = (*Source)(nil)

// Carries implements [source.Carrier]; nil where the stream's name says it.
func (s *Source) Carries(name store.Stream) []store.Entity {
	st := s.stream(name)
	if st == nil {
		return nil
	}
	var all []store.Entity
	for _, text := range st.spec.Carries {
		e, _ := store.ParseEntity(text) // validated
		all = append(all, e)
	}
	return all
}

// List implements [source.Lister] for streams whose connector says how; for others, and more often than it says, it returns [errors.ErrUnsupported].
func (s *Source) List(ctx context.Context, name store.Stream, c store.Cursor) ([]store.Ref, store.Cursor, error) {
	st := s.stream(name)
	if st == nil || st.list == nil {
		return nil, "", fmt.Errorf("list %s %s: %w", s.id, name, errors.ErrUnsupported)
	}
	if every := st.list.parts[0].Every; c == "" && every > 0 {
		s.listed.mu.Lock()
		last := s.listed.at[name]
		s.listed.mu.Unlock()
		if time.Since(last) < every {
			return nil, "", fmt.Errorf("list %s %s: not due: %w", s.id, name, errors.ErrUnsupported)
		}
	}
	p, err := s.fetch(ctx, st.list, source.Request{Stream: name, Cursor: c})
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		return nil, "", fmt.Errorf("list %s %s: %w", s.id, name, err)
	}
	for _, i := range p.Issues { // a row that was not understood would pass for a deleted one
		return nil, "", fmt.Errorf("list %s %s: %s: %s", s.id, name, i.Where, i.Problem)
	}
	if p.More {
		return p.Deleted, p.Next, nil
	}
	s.listed.mu.Lock()
	defer s.listed.mu.Unlock()
	if s.listed.at == nil {
		s.listed.at = map[store.Stream]time.Time{}
	}
	s.listed.at[name] = time.Now()
	return p.Deleted, "", nil
}
