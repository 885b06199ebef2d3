package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// three gives the deals 1, 2, 3, one a page, and then nothing new.
func three(_ context.Context, r source.Request, _ int) (source.Page, error) {
	switch r.Cursor {
	case "":
		p := page("a", true, false, "1")
		p.Total = 3
		return p, nil
	case "a":
		return page("b", true, false, "2"), nil
	case "b":
		return page("c", false, false, "3"), nil
	}
	return page(string(r.Cursor), false, false), nil
}

func TestOnce_PagesCursorAndStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(three)
		e := engine(m, s)
		res := once(t, e)
		if res.Err != nil || res.Rows != 3 || res.State != store.SyncIdle {
			t.Fatalf("result %+v", res)
		}
		same(t, "asked", s.asked(), []string{"deals@", "deals@a", "deals@b"})
		ids, st := stored(t, m, "crm", "deals")
		same(t, "stored", ids, []string{"1", "2", "3"})
		if st.State != store.SyncIdle || st.Done != 3 || st.Records != 3 || st.Error != "" || !st.Good.Equal(time.Now()) || st.Kind != "scripted" {
			t.Errorf("status %+v", st)
		}
		if got := cursor(t, m, "deals"); got != "c" {
			t.Errorf("cursor %q", got)
		}
	})
}

func TestOnce_NothingNewCommitsAtMostOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		e := engine(m, deals(three))
		once(t, e)
		_, before := stored(t, m, "crm", "deals")
		time.Sleep(30 * time.Second)
		if res := once(t, e); res.Err != nil {
			t.Fatal(res.Err)
		}
		_, st := stored(t, m, "crm", "deals")
		if !st.Good.Equal(before.Good) {
			t.Errorf("a commit for nothing after 30 s: %+v", st)
		}
		time.Sleep(31 * time.Second)
		once(t, e)
		_, st = stored(t, m, "crm", "deals")
		if !st.Good.Equal(time.Now()) {
			t.Errorf("the data's age is not kept current: %v", st.Good)
		}
	})
}

func TestOnce_KilledInTheMiddleContinuesAtThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ctx, kill := context.WithCancel(t.Context())
		first := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if n == 3 {
				synctest.Wait() // the page before is stored while this one is read: killed sooner, it would be asked for again
				kill()
				<-c.Done()
				return source.Page{}, c.Err()
			}
			return three(c, r, n)
		})
		engine(m, first).Once(ctx)
		_, st := stored(t, m, "crm", "deals")
		if st.State != store.SyncIdle || !st.Good.IsZero() || st.Error != "" {
			t.Errorf("interrupted: %+v", st)
		}
		second := deals(three)
		if res := once(t, engine(m, second)); res.Err != nil {
			t.Fatal(res.Err)
		}
		same(t, "asked after the restart", second.asked(), []string{"deals@b"})
		ids, _ := stored(t, m, "crm", "deals")
		same(t, "stored", ids, []string{"1", "2", "3"})
	})
}

// slow is a store whose commits take a while and fail now and then.
type slow struct {
	*storetest.Memory
	n    int
	fail func(n int, b *store.Batch) error
}

func (s *slow) Apply(ctx context.Context, b *store.Batch) (store.Rev, error) {
	s.n++
	time.Sleep(5 * time.Second)
	if err := s.fail(s.n, b); err != nil {
		return 0, err
	}
	return s.Memory.Apply(ctx, b)
}

// A stream that is still to come is seen from the start, so that nobody takes figures without it for whole ones.
func TestOnce_EveryStreamIsNamedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first []store.SourceStatus
		m := &slow{Memory: storetest.NewMemory(), fail: func(n int, b *store.Batch) error {
			if n == 1 {
				first = b.Statuses
			}
			return nil
		}}
		e := engine(m, deals(three))
		for range 2 { // the second run has nothing to announce
			if res := once(t, e); res.Err != nil {
				t.Fatal(res.Err)
			}
		}
		if len(first) != 1 || first[0].Stream != "deals" || !first[0].Good.IsZero() || first[0].Error != "" {
			t.Errorf("the first commit says %+v", first)
		}
	})
}

func TestOnce_ApplyLateOrFailingLosesNoPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slow{Memory: storetest.NewMemory(), fail: func(n int, _ *store.Batch) error {
			if n == 3 { // the second page; the first commit says which streams there are
				return errors.New("no space left on device")
			}
			return nil
		}}
		s := deals(three)
		e := engine(m, s)
		res := once(t, e)
		if res.Err == nil || !strings.Contains(res.Err.Error(), "no space left") || res.State != store.SyncFailed || res.Rows != 1 { // the page that was not stored is no row
			t.Fatalf("result %+v", res)
		}
		if res = once(t, e); res.Err != nil {
			t.Fatal(res.Err)
		}
		same(t, "asked", s.asked(), []string{"deals@", "deals@a", "deals@b", "deals@a", "deals@b"}) // what was read while the page before could not be stored is asked for again
		ids, st := stored(t, m.Memory, "crm", "deals")
		same(t, "stored", ids, []string{"1", "2", "3"})
		if st.State != store.SyncIdle || st.Error != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestRun_ScheduleAndIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(three)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		e := engine(m, s)
		go func() { defer close(done); _ = e.Run(ctx) }()
		time.Sleep(10*time.Minute + time.Second)
		runs := len(s.asked()) - 2 // the first has three pages
		if runs < 9 || runs > 13 {
			t.Errorf("%d runs in ten minutes, want about eleven", runs)
		}
		cancel()
		<-done // synctest fails the test when a goroutine stays behind
	})
}

func TestRun_DeadSourceDelaysNobodyAndCancelIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		dead := &scripted{id: "dead", streams: []store.Stream{"deals"}, fetch: func(ctx context.Context, _ source.Request, _ int) (source.Page, error) {
			<-ctx.Done()
			return source.Page{}, ctx.Err()
		}}
		alive := deals(three)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		e := engine(m, dead, alive)
		go func() { defer close(done); _ = e.Run(ctx) }()
		time.Sleep(time.Second)
		ids, _ := stored(t, m, "crm", "deals")
		same(t, "the living source", ids, []string{"1", "2", "3"})
		time.Sleep(time.Hour)
		_, st := stored(t, m, "dead", "deals")
		if !strings.Contains(st.Error, "no answer within 2m") || !st.Good.IsZero() {
			t.Errorf("the dead source: %+v", st)
		}
		start := time.Now()
		cancel()
		<-done
		if d := time.Since(start); d > time.Second {
			t.Errorf("stopping took %s", d)
		}
	})
}

func TestRun_FailingSourceIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		down := true
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if down {
				return source.Page{}, errors.New("connection refused")
			}
			return three(c, r, n)
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e := engine(m, s)
		go func() { _ = e.Run(ctx) }()
		time.Sleep(6 * time.Hour)
		n := len(s.asked())
		if n < 20 || n > 200 {
			t.Errorf("asked %d times in six hours", n)
		}
		_, st := stored(t, m, "crm", "deals")
		if st.State != store.SyncFailed && st.State != store.SyncWaiting || !strings.Contains(st.Error, "connection refused") || st.Retry.Before(time.Now()) {
			t.Errorf("status %+v", st)
		}
		down = false
		if err := e.Pull("crm"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if ids, st := stored(t, m, "crm", "deals"); len(ids) != 3 || st.State != store.SyncIdle || st.Error != "" || !st.Retry.IsZero() {
			t.Errorf("after Pull: %v %+v", ids, st)
		}
		if err := e.Pull("nosuch"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown source: %v", err)
		}
	})
}

func TestRun_PauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			time.Sleep(10 * time.Second)
			return three(c, r, n)
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e := engine(m, s)
		go func() { _ = e.Run(ctx) }()
		time.Sleep(15 * time.Second) // in its second page
		if err := e.Pause("crm"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		same(t, "asked while paused", s.asked(), []string{"deals@", "deals@a"})
		if _, st := stored(t, m, "crm", "deals"); st.State != store.SyncIdle || !e.Paused("crm") {
			t.Errorf("paused: %+v", st)
		}
		_ = e.Resume("")
		time.Sleep(11 * time.Second)
		same(t, "asked after resuming", s.asked(), []string{"deals@", "deals@a", "deals@b"})
	})
}

func TestOnce_Errors(t *testing.T) {
	boom := errors.New("500: <html>\x1b[2J oops")
	for _, c := range []struct {
		name  string
		err   error
		state store.SyncState
		tries int
		took  time.Duration
		says  string
	}{
		{"auth", fmt.Errorf("401: %w", source.ErrAuth), store.SyncFailed, 1, 0, "check the credential"},
		{"denied", source.ErrDenied, store.SyncFailed, 1, 0, "grant"},
		{"other", boom, store.SyncFailed, 4, 20 * time.Second, "500: <html>[2J oops"},
		{"told to wait long", &source.RetryAfter{Wait: time.Hour, Err: errors.New("429")}, store.SyncWaiting, 1, 0, "told to wait 1h"},
		{"told to wait for ever", &source.RetryAfter{Wait: 1 << 62, Err: errors.New("429")}, store.SyncWaiting, 1, 0, "told to wait"},
		{"told to wait, not how long", &source.RetryAfter{Err: errors.New("503")}, store.SyncWaiting, 4, 20 * time.Second, "told to wait"},
		{"secret", errors.New(`Get "https://joe:hunter2@crm/x?hapikey=sesame&a=1": Authorization: Bearer abc.def`), store.SyncFailed, 4, 20 * time.Second, "***"},
		{"panic", nil, store.SyncFailed, 1, 0, "index out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				bad := false
				s := deals(func(ctx context.Context, r source.Request, n int) (source.Page, error) {
					if !bad {
						return page("x", false, false, "1"), nil
					}
					if c.err == nil {
						_ = []int{}[n]
					}
					return source.Page{}, c.err
				})
				e := engine(m, s)
				once(t, e)
				good := time.Now()
				time.Sleep(time.Minute)
				bad = true
				start := time.Now()
				res := once(t, e)
				if d := time.Since(start); d > c.took {
					t.Errorf("took %s", d)
				}
				if res.Err == nil || res.State != c.state || len(s.asked()) != 1+c.tries {
					t.Errorf("result %+v after %d tries", res, len(s.asked())-1)
				}
				ids, st := stored(t, m, "crm", "deals")
				if len(ids) != 1 || st.State != c.state || !st.Good.Equal(good) || !strings.Contains(st.Error, c.says) || !st.Retry.After(time.Now()) {
					t.Errorf("status %+v", st)
				}
				for _, secret := range []string{"hunter2", "sesame", "abc.def", "\x1b"} {
					if strings.Contains(st.Error, secret) {
						t.Errorf("%q in the status: %s", secret, st.Error)
					}
				}
			})
		})
	}
}

func TestOnce_ToldToWaitThenGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if n == 2 {
				return source.Page{}, &source.RetryAfter{Wait: 40 * time.Second, Err: errors.New("429 slow down")}
			}
			return three(c, r, n)
		})
		done := make(chan syncer.Result)
		go func() { done <- engine(m, s).Once(t.Context())[0] }()
		time.Sleep(10 * time.Second)
		_, st := stored(t, m, "crm", "deals")
		if st.State != store.SyncWaiting || !strings.Contains(st.Error, "slow down") || time.Until(st.Retry) < 30*time.Second || st.Done != 1 {
			t.Errorf("while waiting: %+v", st)
		}
		if res := <-done; res.Err != nil || res.Rows != 3 {
			t.Errorf("result %+v", res)
		}
		if d := s.times[2].Sub(s.times[1]); d < 40*time.Second || d > time.Minute {
			t.Errorf("waited %s", d)
		}
	})
}

func TestOnce_CancelWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(func(context.Context, source.Request, int) (source.Page, error) {
			return source.Page{}, &source.RetryAfter{Wait: 4 * time.Minute, Err: errors.New("429")}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		res := engine(m, s).Once(ctx)[0]
		if d := time.Since(start); d > 11*time.Second || res.Err == nil {
			t.Errorf("%s, %+v", d, res)
		}
		if _, st := stored(t, m, "crm", "deals"); st.State == store.SyncWaiting {
			t.Errorf("status %+v", st)
		}
	})
}

func TestOnce_OneStreamDeniedTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := &scripted{id: "crm", streams: []store.Stream{"people", "deals"}}
		s.fetch = func(c context.Context, r source.Request, n int) (source.Page, error) {
			if r.Stream == "people" {
				return source.Page{}, source.ErrDenied
			}
			return three(c, r, n)
		}
		res := once(t, engine(m, s))
		if !errors.Is(res.Err, source.ErrDenied) || res.Rows != 3 || res.Streams[1].Err != nil {
			t.Errorf("result %+v", res)
		}
		if _, st := stored(t, m, "crm", "people"); st.State != store.SyncFailed {
			t.Errorf("people: %+v", st)
		}
	})
}

// A server that refuses answers: however many lists a user may not see, the one behind them is read.
func TestOnce_ManyDeniedAreNoDeadServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{id: "crm"}
		for i := range 20 {
			s.streams = append(s.streams, store.Stream(fmt.Sprint("list", i)))
		}
		s.streams = append(s.streams, "deals")
		s.fetch = func(c context.Context, r source.Request, n int) (source.Page, error) {
			if r.Stream != "deals" {
				return source.Page{}, source.ErrDenied
			}
			return three(c, r, n)
		}
		if res := once(t, engine(storetest.NewMemory(), s)); res.Rows != 3 || !errors.Is(res.Err, source.ErrDenied) {
			t.Errorf("%+v", res)
		}
	})
}

func TestOnce_DeadServerIsNotAskedForEveryStream(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		tries int
	}{{"silent", errors.New("502 bad gateway"), 8}, {"down", fmt.Errorf("GET: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), 4}, {"password", source.ErrAuth, 1}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				s := &scripted{id: "crm", streams: []store.Stream{"people", "accounts", "deals", "touches"}}
				s.fetch = func(context.Context, source.Request, int) (source.Page, error) { return source.Page{}, c.err }
				res := once(t, engine(m, s))
				if len(s.asked()) != c.tries {
					t.Errorf("asked %d times, want %d", len(s.asked()), c.tries)
				}
				if len(res.Streams) != 4 {
					t.Errorf("result %+v", res)
				}
				for _, name := range s.streams {
					if _, st := stored(t, m, "crm", name); st.State != store.SyncFailed || st.Error == "" || strings.Count(st.Error, "not asked") > 1 {
						t.Errorf("%s: %+v", name, st)
					}
				}
			})
		})
	}
}

func TestOnce_StatusOfAStreamThatIsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		once(t, engine(m, &scripted{id: "crm", streams: []store.Stream{"setup"}, fetch: three}))
		once(t, engine(m, deals(three)))
		if _, st := stored(t, m, "crm", "setup"); st.Source != "" {
			t.Errorf("left behind: %+v", st)
		}
		if _, st := stored(t, m, "crm", "deals"); st.Source == "" {
			t.Error("no status of deals")
		}
	})
}

func TestOnce_OneTryAfterTheBreakerOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		down := true
		s := &scripted{id: "crm", streams: []store.Stream{"people", "deals"}}
		s.fetch = func(c context.Context, r source.Request, n int) (source.Page, error) {
			if down {
				return source.Page{}, errors.New("502 bad gateway")
			}
			return three(c, r, n)
		}
		e := engine(m, s)
		once(t, e)
		s.calls = nil
		once(t, e)
		if n := len(s.asked()); n != 1 {
			t.Errorf("asked %d times after the breaker had opened", n)
		}
		if _, st := stored(t, m, "crm", "people"); !strings.Contains(st.Error, "502 bad gateway") {
			t.Errorf("the reason is lost: %+v", st)
		}
		down = false
		if res := once(t, e); res.Err != nil {
			t.Errorf("back again: %+v", res)
		}
	})
}

// A store that falls over (a damaged page makes bbolt panic) fails the source's run by name; it does not take the process and its terminal down, and the
// next run works once the store does.
func TestOnce_StoreThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fragile{Memory: storetest.NewMemory(), broken: true}
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: deals(three)}}})
		res := once(t, e)
		if res.Source != "crm" || res.State != store.SyncFailed || res.Err == nil || !strings.Contains(res.Err.Error(), "flightdeck doctor") {
			t.Fatalf("result %+v", res)
		}
		m.broken = false
		if res := once(t, e); res.Err != nil || res.Rows != 3 {
			t.Errorf("once the store is well: %+v", res)
		}
	})
}

type fragile struct {
	*storetest.Memory
	broken bool
}

func (f *fragile) Apply(ctx context.Context, b *store.Batch) (store.Rev, error) {
	if f.broken {
		panic("assertion failed: Page expected to be: 1224")
	}
	return f.Memory.Apply(ctx, b)
}

// What only a person can mend is not tried again at once, says nothing about the server's health, and the other streams are asked.
func TestOnce_SetupIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{id: "crm", streams: []store.Stream{"people", "accounts", "deals"}}
		s.fetch = func(_ context.Context, r source.Request, _ int) (source.Page, error) {
			if r.Stream == "deals" {
				return page("c", false, false, "1"), nil
			}
			return source.Page{}, source.Setup(errors.New("no file people.csv; put it there"))
		}
		begun := time.Now()
		res := once(t, engine(storetest.NewMemory(), s))
		if len(s.asked()) != 3 || time.Since(begun) != 0 {
			t.Errorf("asked %v in %s", s.asked(), time.Since(begun))
		}
		if res.Rows != 1 || res.State != store.SyncFailed || syncer.Explain(res.Err) != "people: no file people.csv; put it there" {
			t.Errorf("result %+v", res)
		}
	})
}
