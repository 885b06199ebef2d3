package syncer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// mute answers nothing until the syncer gives up, as a server that drips a byte every few seconds does; like the REST engine it gives up itself after a minute.
func mute(ctx context.Context) (source.Page, error) {
	select {
	case <-ctx.Done():
		return source.Page{}, ctx.Err()
	case <-time.After(time.Minute):
		return source.Page{}, fmt.Errorf("no complete answer within %s", time.Minute)
	}
}

// A server that takes connections and never finishes an answer costs its source two minutes, however many streams it has; the others are done long before.
func TestOnce_SilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		bad := &scripted{id: "bad", streams: []store.Stream{"units", "people", "accounts", "deals", "touches", "sales"}}
		bad.fetch = func(ctx context.Context, _ source.Request, _ int) (source.Page, error) { return mute(ctx) }
		good := deals(three)
		var mu sync.Mutex // Done is called by the goroutine of each source
		begun, took := time.Now(), map[store.SourceID]time.Duration{}
		done := func(r syncer.Result) {
			mu.Lock()
			defer mu.Unlock()
			took[r.Source] = time.Since(begun)
		}
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: bad}, {Source: good}}, Done: done})
		res := e.Once(t.Context())
		if res[0].Err == nil || res[1].Err != nil || len(res[0].Streams) != 6 {
			t.Errorf("%+v", res)
		}
		if took["bad"] > 130*time.Second || took["crm"] != 0 {
			t.Errorf("it took %v", took)
		}
		for i, name := range bad.streams {
			if _, st := stored(t, m, "bad", name); st.State != store.SyncFailed || !strings.Contains(st.Error, "answer within") {
				t.Errorf("%s: %+v", name, st)
			}
			if res[0].Streams[i].Stream != name {
				t.Errorf("result %d is of %s", i, res[0].Streams[i].Stream)
			}
		}
		// The next run begins where this one stopped: it may be that only these streams are silent.
		asked := len(bad.asked())
		e.Once(t.Context())
		if again := bad.asked()[asked:]; again[0] != "deals@" {
			t.Errorf("after %q it asks %q", bad.asked()[:asked], again)
		}
	})
}

// One stream that is too slow for the time limit keeps nobody from the others, in the same run.
func TestOnce_OneSilentStreamTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := &scripted{id: "crm", streams: []store.Stream{"people", "accounts", "deals", "touches"}}
		s.fetch = func(ctx context.Context, r source.Request, n int) (source.Page, error) {
			if r.Stream == "accounts" {
				return mute(ctx)
			}
			return three(ctx, r, n)
		}
		res := once(t, engine(m, s))
		for _, r := range res.Streams {
			if (r.Err != nil) != (r.Stream == "accounts") {
				t.Errorf("%s: %v", r.Stream, r.Err)
			}
		}
	})
}

// A page that took two tries, again and again, is a slow server and not a dead one: the pass goes on.
func TestOnce_SlowServerIsReadToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := deals(func(ctx context.Context, _ source.Request, n int) (source.Page, error) {
			if n%2 == 1 {
				return mute(ctx)
			}
			return page(fmt.Sprint(n), n < 20, false, fmt.Sprint(n)), nil
		})
		if res := once(t, engine(m, s)); res.Err != nil || res.Rows != 10 {
			t.Errorf("%+v", res)
		}
	})
}
