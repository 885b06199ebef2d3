package feed

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

const rss = `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><guid>a1</guid><title>锐澜商业控制系统招标公告</title><link>https://b.example/1</link><pubDate>Mon, 02 Mar 2026 09:00:00 +0800</pubDate><description>&lt;p&gt;采购人：锐澜商业 地区：杭州 &lt;/p&gt;</description></item>
<item><guid>a2</guid><title>某项目中标公告</title><pubDate>Tue, 03 Mar 2026 09:00:00 +0800</pubDate><description>中标人：海川智控</description></item>
<item><guid>a3</guid><title>没有日期</title></item>
</channel></rss>`

const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>x</id><title>Notice</title><updated>2026-03-02T01:00:00Z</updated><link href="https://b.example/x"/></entry></feed>`

func TestFetch(t *testing.T) {
	body, status, asked := rss, 200, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	s, err := New(Config{ID: "bids", URL: srv.URL, Buyer: `采购人[:：]\s*(\S+)`, Winner: `中标人[:：]\s*(\S+)`, Region: `地区[:：]\s*(\S+)`, Kinds: map[string][]string{"award": {"中标"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fetch(t.Context(), source.Request{Stream: stream})
	if err != nil || len(p.Tenders) != 2 || len(p.Issues) != 1 || p.Full || p.More {
		t.Fatalf("%+v, %v", p, err)
	}
	a, b := p.Tenders[0], p.Tenders[1]
	if a.ID != "bids:a1" || a.Buyer != "锐澜商业" || a.Region != "杭州" || a.Kind != store.TenderNotice || !a.At.Equal(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)) || a.URL != "https://b.example/1" ||
		strings.Contains(a.Text, "<") || b.Kind != store.TenderAward || b.Winner != "海川智控" || b.Buyer != "" {
		t.Errorf("%+v\n%+v", a, b)
	}
	again, err := s.Fetch(t.Context(), source.Request{Stream: stream, Cursor: p.Next})
	if err != nil || again.Len() != 0 || again.Next != p.Next || asked != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	body = atom
	if p, err := s.Fetch(t.Context(), source.Request{Stream: stream}); err != nil || len(p.Tenders) != 1 || p.Tenders[0].Title != "Notice" {
		t.Errorf("%+v, %v", p, err)
	}
	body = "<html>no feed</html>"
	if _, err := s.Fetch(t.Context(), source.Request{}); !errors.Is(err, source.ErrSetup) {
		t.Error(err)
	}
	for code, want := range map[int]error{401: source.ErrAuth, 403: source.ErrDenied, 404: source.ErrSetup} {
		status = code
		if err := s.Check(t.Context()); !errors.Is(err, want) {
			t.Errorf("%d: %v", code, err)
		}
	}
	status = 429
	var wait *source.RetryAfter
	if err := s.Check(t.Context()); !errors.As(err, &wait) || wait.Wait != 7*time.Second {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{}, {URL: "http://b.example/feed"}, {URL: "https://b.example", Buyer: "("}, {URL: "https://b.example", Buyer: "采购人"}, {URL: "https://b.example", Kinds: map[string][]string{"gift": nil}}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(rss)
	f.Add(atom)
	s, err := New(Config{ID: "b", URL: "https://b.example"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := s.page([]byte(text))
		if err == nil && p.Full {
			t.Fatal("a feed is never all there is")
		}
	})
}
