package watch

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

// A feed of which every item fires keeps the contract.
func TestSource_Contract(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "news", Entity: store.EntitySignal, PageSize: 10, Secret: "canary-of-the-feed",
		Faults: []sourcetest.Kind{sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties, sourcetest.Hang, sourcetest.Drip},
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			t.Setenv("WATCH_TOKEN", "canary-of-the-feed")
			var mu sync.Mutex
			var items []string
			fault := sourcetest.NoFault
			end := make(chan struct{})
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				body, now := `<rss version="2.0"><channel><title>t</title>`+strings.Join(items, "")+`</channel></rss>`, fault
				mu.Unlock()
				switch {
				case r.Header.Get("Authorization") != "Bearer canary-of-the-feed":
					w.WriteHeader(http.StatusUnauthorized)
				case now == sourcetest.Hang:
					select {
					case <-r.Context().Done():
					case <-end:
					}
				case now == sourcetest.Drip:
					sourcetest.DripTo(w, r, end)
				default:
					_, _ = w.Write([]byte(body))
				}
			}))
			t.Cleanup(srv.Close)
			t.Cleanup(func() { close(end) })
			open := func() source.Source {
				s, err := New(Config{ID: "t", Watches: []Watch{{Name: "news", Account: "crm:a1", URL: srv.URL, Kind: "feed", Token: secret(t, "env:WATCH_TOKEN")}}})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			w := sourcetest.World{Source: open(), Reopen: open, Now: func() time.Time { return now }}
			next := 0
			w.Add = func(n int) (ids []store.ID) {
				mu.Lock()
				defer mu.Unlock()
				for range n {
					next++
					title, day := fmt.Sprintf("白皮书 %d", next), now.AddDate(0, 0, -1).Add(time.Duration(next)*time.Minute)
					switch {
					case rows == sourcetest.Hostile:
						title = fmt.Sprintf("白皮书 %d \u202ered\u200b&#27;[31m", next)
					case rows == sourcetest.Ties:
						day = now.AddDate(0, 0, -1)
					case rows == sourcetest.FarDate && next == 5:
						day = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
					}
					id := fmt.Sprint("item-", next)
					items = append(items, fmt.Sprintf("<item><guid>%s</guid><title>%s</title><pubDate>%s</pubDate></item>", id, html.EscapeString(title), day.Format(time.RFC1123Z)))
					v := view{items: true, lines: []line{{id: id, text: "白皮书"}}}
					ids = append(ids, w.Source.(*Source).signals(&Watch{Name: "news"}, &v, []int{0}, now)[0].ID)
				}
				w.Want = append(w.Want, ids...)
				return ids
			}
			w.Add(n)
			w.Break = func(f sourcetest.Fault) { mu.Lock(); defer mu.Unlock(); fault = f.Kind }
			w.Heal = func() { mu.Lock(); defer mu.Unlock(); fault = sourcetest.NoFault }
			return w
		},
	})
}

func secret(t testing.TB, ref string) (s source.Secret) {
	t.Helper()
	if err := s.UnmarshalText([]byte(ref)); err != nil {
		t.Fatal(err)
	}
	return s
}

// A source never sleeps or writes: what it is told to wait, and why it was refused, the syncer is told.
func TestFetch_Refusals(t *testing.T) {
	var mu sync.Mutex
	status, header := 200, ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Retry-After", header)
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<p>hello</p>"))
	}))
	defer srv.Close()
	s, err := New(Config{ID: "t", Watches: []Watch{{Name: "p", URL: srv.URL}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		header string
		is     error
		wait   time.Duration
	}{
		{401, "", source.ErrAuth, 0}, {403, "", source.ErrDenied, 0}, {404, "", source.ErrSetup, 0}, {410, "", source.ErrSetup, 0}, {429, "7", nil, 7 * time.Second}, {503, "", nil, -1}, {500, "", nil, 0},
		{429, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), nil, time.Hour},
	} {
		mu.Lock()
		status, header = c.status, c.header
		mu.Unlock()
		p, err := s.Fetch(context.Background(), source.Request{Stream: "p"})
		if err == nil || p.Len() != 0 || p.Next != "" {
			t.Errorf("%d: %+v %v", c.status, p, err)
		}
		var told *source.RetryAfter
		switch {
		case c.is != nil && !isErr(err, c.is):
			t.Errorf("%d: %v, want %v", c.status, err, c.is)
		case c.wait != 0 && !asErr(err, &told):
			t.Errorf("%d: %v is no wait", c.status, err)
		case c.wait > 0 && (told.Wait > c.wait || told.Wait < c.wait-time.Minute && c.wait > time.Minute):
			t.Errorf("%d: wait %v, want %v", c.status, told.Wait, c.wait)
		}
	}
}

func TestFetch_UntrustedCertificate(t *testing.T) {
	t.Setenv("WATCH_TOKEN", "canary-of-the-feed")
	sourcetest.Untrusted(t, "p", func(url string) source.Source {
		s, err := New(Config{ID: "t", Watches: []Watch{{Name: "p", URL: url, Token: secret(t, "env:WATCH_TOKEN")}}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
