package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// The ordinary REST source against a real HTTP server that goes wrong in the middle of a pass: nothing stored is lost, the reason is shown without the
// credential, and once the server is well again everything is there.
func TestOnce_ServerGoesWrongInAPass(t *testing.T) {
	const canary = "canary-77ab01"
	for _, spec := range []string{"keep", "token", "window"} {
		for _, fault := range []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Gone, sourcetest.Hang, sourcetest.Drip,
		} {
			t.Run(spec+"/"+fault.String(), func(t *testing.T) {
				srv := sourcetest.NewServer(t, canary)
				put := func(from, to int) {
					for _, id := range numbers(from, to) {
						srv.Put("deals", sourcetest.Row{"id": id, "name": "订单 " + id, "stage": "Prospecting", "amount": json.Number("10.50"), "close": "2026-05-01"})
					}
				}
				src, err := rest.New(rest.Config{
					ID: "crm", Spec: "../source/rest/testdata/" + spec + ".yaml", URL: srv.URL, Currency: "CNY", PageSize: 10, Streams: []string{"deals"},
					Credential: func() (string, error) { return canary, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				m := storetest.NewMemory()
				e := syncer.New(syncer.Options{
					Store: m, Sources: []syncer.Entry{{Source: src}}, Now: srv.Now, Attempts: 2,
					Backoff: time.Millisecond, MaxBackoff: time.Millisecond, MaxWait: 10 * time.Millisecond, FetchTimeout: 100 * time.Millisecond,
				})
				put(1, 25)
				if res := once(t, e); res.Err != nil || res.Rows < 25 {
					t.Fatalf("while all is well: %+v", res)
				}
				put(26, 60)
				srv.Break(sourcetest.Fault{Kind: fault, Page: 2, RetryAfter: "120"})
				before, _ := stored(t, m, "crm", "deals")
				res := once(t, e)
				during, st := stored(t, m, "crm", "deals")
				if res.Err == nil || st.State == store.SyncIdle || st.Error == "" || st.Good.IsZero() {
					t.Errorf("while it is wrong: %+v, status %+v", res, st)
				}
				if strings.Count(st.Error, "told to wait") > 1 {
					t.Errorf("it says twice: %s", st.Error)
				}
				if strings.Contains(st.Error, canary) || len(during) < len(before) {
					t.Errorf("%d, then %d deals; %s", len(before), len(during), st.Error)
				}
				srv.Heal()
				if res := once(t, e); res.Err != nil {
					t.Fatalf("well again: %+v", res)
				}
				after, st := stored(t, m, "crm", "deals")
				want := numbers(1, 60)
				slices.Sort(want)
				same(t, "stored at the end", after, want)
				if st.State != store.SyncIdle || st.Error != "" || st.Records != 60 {
					t.Errorf("at the end: %+v", st)
				}
			})
		}
	}
}

// Page 7 of 10 goes wrong: pages 1 to 6 are kept, and the next run asks for page 7 first.
func TestOnce_PageSevenOfTen(t *testing.T) {
	for _, fault := range []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.Throttle} {
		for _, spec := range []string{"keep", "token", "offset", "page", "link"} {
			t.Run(spec+"/"+fault.String(), func(t *testing.T) {
				srv := killServer(t, 100)
				src, err := rest.New(rest.Config{ID: "crm", Spec: "../source/rest/testdata/" + spec + ".yaml", URL: srv.URL, Currency: "CNY", PageSize: 10,
					Streams: []string{"deals"}, Credential: func() (string, error) { return killToken, nil }})
				if err != nil {
					t.Fatal(err)
				}
				m := storetest.NewMemory()
				open := func() *syncer.Engine { // each a process of its own
					return syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: src}}, Now: srv.Now, Attempts: 1, MaxWait: time.Millisecond})
				}
				srv.Break(sourcetest.Fault{Kind: fault, Page: 7, RetryAfter: "60"})
				if res := once(t, open()); res.Err == nil || res.Streams[1].Rows != 60 {
					t.Fatalf("%+v", res)
				}
				if ids, st := stored(t, m, "crm", "deals"); len(ids) != 60 || st.Done != 60 || !st.Good.IsZero() {
					t.Errorf("%d deals, %+v", len(ids), st)
				}
				srv.Heal()
				seventh, before := srv.Requests()[6], len(srv.Requests())
				if res := once(t, open()); res.Err != nil || res.Streams[1].Rows != 40 {
					t.Errorf("well again: %+v", res)
				}
				if again := srv.Requests()[before]; again != seventh {
					t.Errorf("it goes on with %s, want %s", again, seventh)
				}
				if ids, st := stored(t, m, "crm", "deals"); len(ids) != 100 || st.Done != 100 || st.Base != 60 {
					t.Errorf("%d deals, %+v", len(ids), st)
				}
			})
		}
	}
}

func BenchmarkOnce_Pages(b *testing.B) {
	ids := make([][]string, 20)
	for i := range ids {
		ids[i] = numbers(i*500, i*500+499)
	}
	for b.Loop() {
		n := 0
		s := &scripted{id: "crm", streams: []store.Stream{"deals"}}
		s.fetch = func(_ context.Context, _ source.Request, _ int) (source.Page, error) {
			n++
			return page(fmt.Sprint(n), n < len(ids), true, ids[n-1]...), nil
		}
		if res := engine(storetest.NewMemory(), s).Once(b.Context()); res[0].Err != nil {
			b.Fatal(res[0].Err)
		}
	}
}
