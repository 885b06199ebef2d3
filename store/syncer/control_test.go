package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

func TestPause_StaysAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(three)
		e := engine(m, s)
		once(t, e)
		if err := errors.Join(e.Pause("crm"), e.Settle(t.Context())); err != nil {
			t.Fatal(err)
		}
		s.calls = nil
		e = engine(m, s) // another process
		if res := once(t, e); !res.Paused || res.Err != nil || len(s.asked()) != 0 {
			t.Errorf("paused: %+v after %v", res, s.asked())
		}
		if _, st := stored(t, m, "crm", "deals"); !st.Paused || st.State != store.SyncIdle || st.Good.IsZero() {
			t.Errorf("status %+v", st)
		}
		// Pull reads it once; it stays paused.
		_ = e.Pull("crm")
		if res := once(t, e); res.Paused || len(s.asked()) != 1 {
			t.Errorf("pulled: %+v after %v", res, s.asked())
		}
		if _, st := stored(t, m, "crm", "deals"); !st.Paused {
			t.Error("a pull ends the pause")
		}
		// Resume without a run, and then the next process reads it.
		e = engine(m, s)
		if err := errors.Join(e.Resume("crm"), e.Settle(t.Context())); err != nil {
			t.Fatal(err)
		}
		if res := once(t, engine(m, s)); res.Paused || len(s.asked()) != 2 {
			t.Errorf("resumed: %+v after %v", res, s.asked())
		}
	})
}

func TestPause_EndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if n == 2 {
				return source.Page{}, &source.RetryAfter{Wait: time.Minute, Err: errors.New("429")}
			}
			return three(c, r, n)
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e := engine(m, s)
		go func() { _ = e.Run(ctx) }()
		time.Sleep(10 * time.Second)
		_ = e.Pause("crm")
		time.Sleep(time.Second)
		if _, st := stored(t, m, "crm", "deals"); st.State != store.SyncIdle || !st.Paused || st.Error != "" || !st.Retry.IsZero() {
			t.Errorf("a second after the pause: %+v", st)
		}
		time.Sleep(time.Hour)
		same(t, "asked while paused", s.asked(), []string{"deals@", "deals@a"})
		_ = e.Resume("crm")
		time.Sleep(time.Second)
		same(t, "asked after resuming", s.asked(), []string{"deals@", "deals@a", "deals@a", "deals@b"})
		if _, st := stored(t, m, "crm", "deals"); st.Paused || st.Good.IsZero() {
			t.Errorf("resumed: %+v", st)
		}
	})
}

func TestResync_OneStreamFromNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := &scripted{id: "crm", streams: []store.Stream{"people", "deals"}, fetch: three}
		e := engine(m, s)
		once(t, e)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.calls = nil
		go func() { _ = e.Run(ctx) }()
		time.Sleep(time.Second)
		s.mu.Lock()
		s.calls = nil
		s.mu.Unlock()
		if err := e.Resync(syncer.Target{Source: "crm", Stream: "deals"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		same(t, "asked", s.asked(), []string{"people@c", "deals@", "deals@a", "deals@b"})
		_, st := stored(t, m, "crm", "deals")
		if last := st.Runs[len(st.Runs)-1]; !strings.Contains(last.Note, "as asked for") || last.Rows != 3 {
			t.Errorf("history %+v", st.Runs)
		}
		time.Sleep(time.Hour) // and only once
		if n := len(slices.DeleteFunc(s.asked(), func(a string) bool { return a != "deals@" })); n != 1 {
			t.Errorf("read from nothing %d times", n)
		}
		err := e.Resync(syncer.Target{Source: "crm", Stream: "dreams"})
		if !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "people, deals") {
			t.Errorf("an unknown stream: %v", err)
		}
	})
}

// A kill right after somebody asked for a resync loses at most the wish: the cursor is forgotten in a commit of its own before anything is read.
func TestResync_SurvivesAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(three)
		once(t, engine(m, s))
		ctx, kill := context.WithCancel(t.Context())
		e := engine(m, deals(func(ctx context.Context, _ source.Request, _ int) (source.Page, error) {
			kill()
			return source.Page{}, ctx.Err()
		}))
		_ = e.Resync(syncer.Target{Source: "crm"})
		e.Once(ctx)
		s.calls = nil
		once(t, engine(m, s))
		same(t, "asked by the next process", s.asked(), []string{"deals@", "deals@a", "deals@b"})
	})
}

func TestRefuse_KeepsAndAsksAgainOnlyForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 30)
		s := deals(whole(&ids))
		e := engine(m, s)
		once(t, e)
		ids = numbers(1, 10)
		if res := once(t, e); res.State != store.SyncHeld {
			t.Fatalf("%+v", res)
		}
		e = engine(m, s) // the answer may come through another process
		if err := errors.Join(e.Refuse(syncer.Target{Source: "crm", Stream: "deals"}), e.Settle(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, st := stored(t, m, "crm", "deals"); st.State != store.SyncIdle || st.Kept != 20 || st.Missing != 20 || st.Error != "" {
			t.Errorf("refused: %+v", st)
		}
		for range 2 {
			if res := once(t, engine(m, s)); res.State != store.SyncIdle || res.Err != nil || res.Removed != 0 {
				t.Fatalf("asked again for the same: %+v", res)
			}
		}
		ids = numbers(1, 8)
		if res := once(t, e); res.State != store.SyncHeld {
			t.Errorf("two more are gone: %+v", res)
		}
		ids = numbers(1, 29) // it was an outage after all; one was really deleted
		if res := once(t, e); res.Err != nil || res.Removed != 1 {
			t.Errorf("back again: %+v", res)
		}
		if got, st := stored(t, m, "crm", "deals"); len(got) != 29 || st.Kept != 0 || st.Missing != 0 {
			t.Errorf("%d deals, %+v", len(got), st)
		}
	})
}

// Two streams are held; the answer for one is none for the other.
func TestAccept_OneStreamOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		empty := false
		s := &scripted{id: "crm", streams: []store.Stream{"accounts", "deals"}}
		s.fetch = func(_ context.Context, r source.Request, n int) (source.Page, error) {
			p := page("", false, true)
			for i := 0; i < 9 && !empty; i++ {
				if id := store.MakeID("crm", fmt.Sprint(i)); r.Stream == "deals" {
					p.Deals = append(p.Deals, store.Deal{ID: id})
				} else {
					p.Accounts = append(p.Accounts, store.Account{ID: id})
				}
			}
			return p, nil
		}
		e := engine(m, s)
		once(t, e)
		empty = true
		once(t, e)
		_ = e.Accept(syncer.Target{Source: "crm", Stream: "deals"})
		res := once(t, e)
		if res.State != store.SyncHeld || res.Removed != 9 || res.Streams[0].State != store.SyncHeld || res.Streams[1].State != store.SyncIdle {
			t.Errorf("%+v", res)
		}
	})
}

// Progress: what stands in the status while a pass goes on. The share never falls, whatever the server says of its total; the total is unknown once it was
// passed; a pass that goes on after a failure or a restart does not begin at nothing.
func TestProgress_MonotonicAndHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		totals := []int{100, 100, 400, 60, 0, 60, 60, 60, 0}
		fail := true
		fetch := func(_ context.Context, r source.Request, _ int) (source.Page, error) {
			time.Sleep(10 * time.Second)
			n := 0
			_, _ = fmt.Sscanf(string(r.Cursor), "p%d", &n)
			if n == 4 && fail {
				fail = false
				return source.Page{}, source.Setup(errors.New("cut"))
			}
			p := page(fmt.Sprint("p", n+1), n+1 < len(totals), true, numbers(n*10, n*10+9)...)
			p.Total = totals[n]
			return p, nil
		}
		var seen []store.SourceStatus
		start := func() *syncer.Engine {
			return syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: deals(fetch)}}, Progress: func(s store.SourceStatus) { seen = append(seen, s) }})
		}
		once(t, start())
		once(t, start()) // another process goes on
		share, done := 0, 0
		for i, s := range seen {
			if s.Permille < share || s.Done < done {
				t.Errorf("%d: %d‰ after %d‰, %d after %d", i, s.Permille, share, s.Done, done)
			}
			share, done = s.Permille, s.Done
			left, ok := s.Left(time.Now())
			if known := s.Total > 0; s.State == store.SyncRunning && s.Done > s.Base && ok != known {
				t.Errorf("%d: total %d, time left %v %v", i, s.Total, left, ok)
			}
			if s.Total > 0 && s.Done > s.Total {
				t.Errorf("%d: %d of %d", i, s.Done, s.Total)
			}
		}
		if done != 90 || seen[0].Done != 10 || seen[0].Permille != 100 || seen[len(seen)-1].Total != 0 {
			t.Errorf("%d in the end, first %+v, last %+v", done, seen[0], seen[len(seen)-1])
		}
		if left, ok := seen[0].Left(seen[0].Updated); !ok || left != 90*time.Second {
			t.Errorf("after 10 of 100 in 10 s: %v left, %v", left, ok)
		}
	})
}

func TestHistory_BoundedAndQuietRunsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		bad := error(nil)
		rows := 0
		s := deals(func(_ context.Context, r source.Request, n int) (source.Page, error) {
			return page("c", false, false, numbers(1, rows)...), bad
		})
		e := engine(m, s)
		for range 50 {
			once(t, e)
			time.Sleep(5 * time.Minute)
		}
		bad = source.ErrDenied
		once(t, e)
		once(t, e)
		bad = nil
		_, st := stored(t, m, "crm", "deals")
		if len(st.Runs) != 2 || st.Runs[0].Times != 50 || st.Runs[0].Requests != 1 || st.Runs[0].Ended.Sub(st.Runs[0].Started) != 49*5*time.Minute {
			t.Errorf("fifty quiet runs: %+v", st.Runs)
		}
		if last := st.Runs[len(st.Runs)-1]; last.State != store.SyncFailed || last.Times != 2 || !strings.Contains(last.Note, "grant") {
			t.Errorf("refused twice: %+v", last)
		}
		for rows = range 60 {
			once(t, e)
			time.Sleep(time.Minute)
		}
		if _, st = stored(t, m, "crm", "deals"); len(st.Runs) != store.MaxRuns || st.Runs[store.MaxRuns-1].Rows != 59 {
			t.Errorf("%d runs are remembered, the last %+v", len(st.Runs), st.Runs[len(st.Runs)-1])
		}
	})
}

// metered is a source that counts its own requests and has a budget.
type metered struct {
	*scripted
	spent    int
	restored []source.Budget
}

func (s *metered) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	s.spent += 3 // a page and its details
	return s.scripted.Fetch(ctx, r)
}

func (s *metered) Requests() int { return s.spent }

func (s *metered) Budgets() []source.Budget {
	return []source.Budget{{Name: "day", Used: int64(s.spent), Limit: 1000, Reserve: 100, Until: time.Now().Add(time.Hour)}}
}

func (s *metered) Restore(was []source.Budget) { s.restored = was }

func TestUsage_OfTheSourceItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: &metered{scripted: deals(three)}}}})
		if res := once(t, e); res.Requests != 9 || res.Streams[0].Requests != 9 {
			t.Errorf("%+v", res)
		}
		if _, st := stored(t, m, "crm", "deals"); st.Requests != 9 || len(st.Budgets) != 1 || st.Budgets[0].Used != 9 || st.Runs[0].Requests != 9 {
			t.Errorf("%+v", st)
		}
		if res := once(t, e); res.Requests != 3 {
			t.Errorf("nothing new: %+v", res)
		}
		next := &metered{scripted: deals(three)} // another process is told what this one has used
		once(t, syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: next}}}))
		if len(next.restored) != 1 || next.restored[0].Used != 9 {
			t.Errorf("restored %+v", next.restored)
		}
	})
}
