package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// scripted is a source that answers what its test says. Every test runs in a synctest bubble: hours of back-off pass at once.
type scripted struct {
	id      store.SourceID
	streams []store.Stream
	fetch   func(ctx context.Context, r source.Request, call int) (source.Page, error)

	mu    sync.Mutex
	calls []source.Request
	times []time.Time
}

func (s *scripted) ID() store.SourceID      { return s.id }
func (s *scripted) Kind() string            { return "scripted" }
func (s *scripted) Streams() []store.Stream { return s.streams }

func (s *scripted) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	s.mu.Lock()
	s.calls = append(s.calls, r)
	s.times = append(s.times, time.Now())
	n := len(s.calls)
	s.mu.Unlock()
	return s.fetch(ctx, r, n)
}

func (s *scripted) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	for _, r := range s.calls {
		out = append(out, string(r.Stream)+"@"+string(r.Cursor))
	}
	return out
}

// deals makes one source with a stream of deals.
func deals(fetch func(ctx context.Context, r source.Request, call int) (source.Page, error)) *scripted {
	return &scripted{id: "crm", streams: []store.Stream{"deals"}, fetch: fetch}
}

// page makes a page of deals.
func page(next string, more, full bool, ids ...string) source.Page {
	p := source.Page{Next: store.Cursor(next), More: more, Full: full}
	for _, id := range ids {
		p.Deals = append(p.Deals, store.Deal{ID: store.MakeID("crm", id), Name: "Deal " + id, Stage: "open"})
	}
	return p
}

func numbers(from, to int) (ids []string) {
	for i := from; i <= to; i++ {
		ids = append(ids, fmt.Sprint(i))
	}
	return ids
}

func engine(m syncer.Store, s ...*scripted) *syncer.Engine {
	var list []syncer.Entry
	for _, x := range s {
		list = append(list, syncer.Entry{Source: x, Every: time.Minute})
	}
	return syncer.New(syncer.Options{Store: m, Sources: list})
}

func once(t *testing.T, e *syncer.Engine) syncer.Result {
	t.Helper()
	res := e.Once(t.Context())
	if len(res) != 1 {
		t.Fatalf("%d results", len(res))
	}
	return res[0]
}

// stored returns the native IDs of the deals and the status of src's stream.
func stored(t *testing.T, m *storetest.Memory, src store.SourceID, name store.Stream) (ids []string, st store.SourceStatus) {
	t.Helper()
	err := m.View(context.Background(), func(s store.Snapshot) error {
		all, err := s.Status()
		for _, x := range all {
			if x.Source == src && x.Stream == name {
				st = x
			}
		}
		if err != nil {
			return err
		}
		return s.IDs(src, store.EntityDeal, func(id store.ID) error { ids = append(ids, id.Native()); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, st
}

func issues(t *testing.T, m *storetest.Memory) (keys []string) {
	t.Helper()
	err := m.View(context.Background(), func(s store.Snapshot) error {
		return s.IDs("crm", store.EntityIssue, func(id store.ID) error { keys = append(keys, string(id)); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func cursor(t *testing.T, m *storetest.Memory, name store.Stream) string {
	t.Helper()
	c, err := m.Cursor(context.Background(), "crm", name)
	if err != nil {
		t.Fatal(err)
	}
	return string(c)
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// pauses are those between eight tries of a page that fails, with a cap of eight seconds.
func pauses(t *testing.T) (out []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		s := deals(func(context.Context, source.Request, int) (source.Page, error) {
			return source.Page{}, errors.New("502")
		})
		e := syncer.New(syncer.Options{Store: storetest.NewMemory(), Sources: []syncer.Entry{{Source: s}}, Attempts: 8, MaxBackoff: 8 * time.Second})
		e.Once(t.Context())
		for i := 1; i < len(s.times); i++ {
			out = append(out, s.times[i].Sub(s.times[i-1]))
		}
	})
	return out
}
