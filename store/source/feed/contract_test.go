package feed

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

// board is a server with a feed, which goes wrong on command.
type board struct {
	mu    sync.Mutex
	items []string
	fault sourcetest.Fault
	end   chan struct{}
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	body := `<rss version="2.0"><channel><title>t</title>` + strings.Join(b.items, "") + `</channel></rss>`
	fault := b.fault
	b.mu.Unlock()
	switch fault.Kind {
	case sourcetest.ServerError:
		w.WriteHeader(http.StatusInternalServerError)
	case sourcetest.Cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write([]byte(body[:len(body)/2]))
	case sourcetest.HTML:
		_, _ = w.Write([]byte("<html><title>sign in</title></html>"))
	case sourcetest.Throttle:
		w.Header().Set("Retry-After", fault.RetryAfter)
		w.WriteHeader(http.StatusTooManyRequests)
	case sourcetest.Unauthorized:
		w.WriteHeader(http.StatusUnauthorized)
	case sourcetest.Forbidden:
		w.WriteHeader(http.StatusForbidden)
	case sourcetest.Hang:
		select {
		case <-r.Context().Done():
		case <-b.end:
		}
	case sourcetest.Drip:
		sourcetest.DripTo(w, r, b.end)
	default:
		tag := fmt.Sprintf("%q", fmt.Sprint("v", strings.Count(body, "<item>")))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(body))
	}
}

func (b *board) set(f sourcetest.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

func TestSource_Contract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Stream: stream, Entity: store.EntityTender, PageSize: 10,
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden,
			sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties, sourcetest.Hang, sourcetest.Drip,
		},
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			b := &board{end: make(chan struct{})}
			srv := httptest.NewServer(b)
			t.Cleanup(srv.Close)
			t.Cleanup(func() { close(b.end) })
			open := func() source.Source {
				s, err := New(Config{ID: "bids", URL: srv.URL})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			w := sourcetest.World{Source: open(), Reopen: open, Break: b.set, Heal: func() { b.set(sourcetest.Fault{}) }}
			w.Add = func(n int) (ids []store.ID) {
				b.mu.Lock()
				defer b.mu.Unlock()
				for range n {
					id := fmt.Sprint("item-", len(b.items)+1)
					title, day := "招标公告 "+id, time.Date(2026, 5, 1, 0, len(b.items), 0, 0, time.UTC)
					switch {
					case rows == sourcetest.Hostile:
						title = "招标 \u202ered\u200b&#27;[31m&#x9b;2J " + id
					case rows == sourcetest.Ties:
						day = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
					case rows == sourcetest.FarDate && len(b.items) == 4:
						day = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
					}
					b.items = append(b.items, fmt.Sprintf("<item><guid>%s</guid><title>%s</title><pubDate>%s</pubDate></item>", id, html.EscapeString(title), day.Format(time.RFC1123Z)))
					if rows != sourcetest.FarDate || len(b.items) != 5 { // a notice of which nobody knows when it came is an issue
						ids = append(ids, store.MakeID("bids", id))
					}
				}
				return ids
			}
			w.Want = w.Add(n)
			return w
		},
	})
}

// What a server is told to be is what it is: a redirect elsewhere is not followed, and an absurd wait is cut.
func TestFetch_RedirectsAndWaits(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusFound)
		case "/":
			_, _ = w.Write([]byte(atom))
		default:
			w.Header().Set("Date", "Mon, 02 Mar 2026 09:00:00 GMT")
			w.Header().Set("Retry-After", map[string]string{"/date": "Mon, 02 Mar 2026 09:05:00 GMT", "/past": "Mon, 02 Mar 2020 09:05:00 GMT", "/absurd": "99999999999", "/never": "soon"}[r.URL.Path])
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	fetch := func(path string) (source.Page, error) {
		s, err := New(Config{ID: "b", URL: srv.URL + path})
		if err != nil {
			t.Fatal(err)
		}
		return s.Fetch(t.Context(), source.Request{Stream: stream})
	}
	if p, err := fetch("/moved"); err != nil || len(p.Tenders) != 1 {
		t.Errorf("moved on its host: %+v, %v", p, err)
	}
	for _, path := range []string{"/away", "/circle"} {
		if _, err := fetch(path); !errors.Is(err, source.ErrSetup) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if elsewhere != 0 {
		t.Error("another host was asked")
	}
	for path, want := range map[string]time.Duration{"/date": 5 * time.Minute, "/past": 0, "/absurd": maxWait, "/never": 0} {
		var told *source.RetryAfter
		if _, err := fetch(path); !errors.As(err, &told) || told.Wait != want {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// The preset finds what Chinese notices say.
func TestPreset(t *testing.T) {
	var all []map[string]any
	if err := yaml.Unmarshal(Preset(), &all); err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for _, shared := range []string{"id", "kind", "every"} { // cmd's
		delete(all[0], shared)
	}
	b, err := yaml.Marshal(all[0])
	if err != nil {
		t.Fatal(err)
	}
	c := Config{ID: "bids"}
	if err := yaml.UnmarshalWithOptions(b, &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.page([]byte(`<rss version="2.0"><channel><item><guid>1</guid><title>智能泵站项目中标公告</title><pubDate>Mon, 02 Mar 2026 09:00:00 +0800</pubDate>` +
		`<description>&lt;p&gt;采购单位：锐澜水务&lt;/p&gt;&lt;p&gt;行政区域: 杭州，中标单位：海川智控。&lt;/p&gt;</description></item></channel></rss>`))
	if err != nil || len(p.Tenders) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if v := p.Tenders[0]; v.Buyer != "锐澜水务" || v.Region != "杭州" || v.Winner != "海川智控" || v.Kind != store.TenderAward {
		t.Errorf("%+v", v)
	}
}

func TestFetch_UntrustedCertificate(t *testing.T) {
	sourcetest.Untrusted(t, stream, func(url string) source.Source {
		s, err := New(Config{ID: "bids", URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
