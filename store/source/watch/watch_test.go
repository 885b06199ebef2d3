package watch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"flightdeck/store"
	"flightdeck/store/source"
)

func isErr(err, class error) bool                  { return errors.Is(err, class) }
func asErr(err error, to **source.RetryAfter) bool { return errors.As(err, to) }

// site serves one page that can be changed.
type site struct {
	mu     sync.Mutex
	body   string
	kind   string
	asked  int
	whole  int // answers with a body
	tagged bool
}

func (p *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.tagged {
		tag := `"` + string(rune('a'+len(p.body)%20)) + `"`
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	p.whole++
	if p.kind != "" {
		w.Header().Set("Content-Type", p.kind)
	}
	_, _ = w.Write([]byte(p.body))
}

func (p *site) set(body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body = body
}

// watcher follows one watch of a site.
type watcher struct {
	t *testing.T
	s *Source
	c store.Cursor
}

func follow(t *testing.T, p *site, change func(*Config)) (*watcher, string) {
	t.Helper()
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	cfg := Config{ID: "sites", Watches: []Watch{{Name: "acme", Account: "crm:a12", URL: srv.URL + "/news"}}}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{t: t, s: s}, srv.URL
}

var noon = time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC)

func (w *watcher) look() []store.Signal {
	w.t.Helper()
	p, err := w.s.Fetch(context.Background(), source.Request{Stream: "acme", Cursor: w.c, Now: noon})
	if err != nil {
		w.t.Fatal(err)
	}
	w.c = p.Next
	return p.Signals
}

const front = `<html><head><title>Acme 新闻</title><style>.x{}</style></head><body><script>var s="白皮书"</script><h2>新闻</h2><ul><li><a href="/old.pdf">2024 数字化白皮书</a></li><li>公司年会</li></ul>%s</body></html>`

func page(more string) string { return strings.Replace(front, "%s", more, 1) }

// What stood there at the first look is no news; a new white paper is one signal, once, with its link, whatever else changes on the page.
func TestPage_NewWhitePaper(t *testing.T) {
	p := &site{body: page(""), tagged: true}
	w, at := follow(t, p, nil)
	if got := w.look(); len(got) != 0 {
		t.Fatalf("the first look: %+v", got)
	}
	if got := w.look(); len(got) != 0 || p.whole != 1 || p.asked != 2 {
		t.Errorf("unchanged: %+v, %d of %d answers whole", got, p.whole, p.asked)
	}
	p.set(page(`<h2>下载</h2><div><p><a href="/p/2026.pdf">2026 智能制造<b>白皮书</b></a></p><p>白皮书简介: 我们的方法</p></div><p>普通新闻</p>`))
	got := w.look()
	if len(got) != 1 {
		t.Fatalf("%d signals: %+v", len(got), got)
	}
	g := got[0]
	if g.Kind != "white_paper" || g.Account != "crm:a12" || g.URL != at+"/p/2026.pdf" || g.Title != "2026 智能制造白皮书" || !strings.Contains(g.Text, "简介") || !strings.Contains(g.Text, "下载") || g.Watch != "acme" ||
		!g.At.Equal(noon) || !g.Seen.Equal(noon) || !strings.HasPrefix(string(g.ID), "sites:") {
		t.Errorf("%+v", g)
	}
	p.set(`<html><body>系统维护中</body></html>`) // an error page that says 200
	if got := w.look(); len(got) != 0 {
		t.Errorf("an error page: %+v", got)
	}
	p.set(page(`<div><p>白皮书简介: 我们的方法</p><p><a href="/p/2026.pdf">2026 智能制造白皮书</a></p></div>`))
	if got := w.look(); len(got) != 0 {
		t.Errorf("it is back, in another order: %+v", got)
	}
	p.set(page(`<p>智能制造白皮书 下载 1,234 次</p>`))
	if got := w.look(); len(got) != 1 {
		t.Errorf("another line: %+v", got)
	}
	p.set(page(`<p>智能制造白皮书 下载 1,250 次</p>`))
	if got := w.look(); len(got) != 0 {
		t.Errorf("a counter: %+v", got)
	}
}

// A posting for a CTO is one only where somebody is looked for.
func TestPage_Posting(t *testing.T) {
	for _, c := range []struct {
		line string
		want string
	}{
		{`<p>诚聘 首席技术官 (CTO)</p>`, "cto_posting"},
		{`<h3>加入我们</h3><p>CTO</p>`, "cto_posting"},
		{`<p>We are hiring: Chief Technology Officer</p>`, "cto_posting"},
		{`<p>CTO 张三在大会上发言</p>`, ""},
		{`<p>hiring for the sector and the director of sales</p>`, ""},
		{`<p>招聘: 前 CTO 离职后</p>`, ""},
		{`<p>White paper: the future of hiring</p>`, "white_paper"},
	} {
		p := &site{body: page("")}
		w, _ := follow(t, p, nil)
		w.look()
		p.set(page(c.line))
		got := ""
		for _, g := range w.look() {
			got += g.Kind
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
	p := &site{body: page("")}
	w, _ := follow(t, p, func(c *Config) { c.Watches[0].URL = strings.Replace(c.Watches[0].URL, "news", "careers", 1) }) // the page's address says what it is for
	w.look()
	p.set(page("<p>CTO</p>"))
	if got := w.look(); len(got) != 1 {
		t.Errorf("on the page of careers: %+v", got)
	}
}

// A page may say in which character set it is, or not; only the part that counts is looked at, and rules can be a person's own.
func TestPage_CharsetAndParts(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(`<div class="ad">白皮书广告</div><div class="news"><p>新发布白皮书</p><p>中标喜讯</p></div>`)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"text/html; charset=gbk", "text/html"} {
		p := &site{body: "<div class=news>x</div>", kind: kind}
		w, _ := follow(t, p, func(c *Config) {
			c.Watches[0].Select, c.Rules = ".news", map[string]Rule{"won": {Any: []string{"中标"}}}
		})
		w.look()
		p.set(gbk)
		var got []string
		for _, g := range w.look() {
			got = append(got, g.Kind+" "+g.Title)
		}
		if strings.Join(got, "|") != "white_paper 新发布白皮书|won 中标喜讯" {
			t.Errorf("%s: %q", kind, got)
		}
		p.set("<div class=other>x</div>")
		if _, err := w.s.Fetch(t.Context(), source.Request{Stream: "acme", Cursor: w.c}); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "select") {
			t.Errorf("the part is gone: %v", err)
		}
	}
}

// A credential stays with the watch's host; a redirect to another host is not followed unless it is listed, and then without it.
func TestFetch_RedirectsAndCredential(t *testing.T) {
	t.Setenv("WATCH_TOKEN", "canary-canary")
	var mu sync.Mutex
	got := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = "other:" + r.Header.Get("Authorization")
		_, _ = w.Write([]byte("<p>x</p>"))
	}))
	defer other.Close()
	to := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	mine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = "mine:" + r.Header.Get("Authorization")
		mu.Unlock()
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer mine.Close()
	for _, hosts := range [][]string{nil, {"localhost"}} {
		s, err := New(Config{ID: "t", Hosts: hosts, Watches: []Watch{{Name: "p", URL: mine.URL, Token: secret(t, "env:WATCH_TOKEN")}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Fetch(t.Context(), source.Request{Stream: "p"})
		mu.Lock()
		switch {
		case hosts == nil && (!errors.Is(err, source.ErrSetup) || got != "mine:Bearer canary-canary" || strings.Contains(err.Error(), "canary")):
			t.Errorf("not listed: %v, %s", err, got)
		case hosts != nil && (err != nil || got != "other:"):
			t.Errorf("listed: %v, %s", err, got)
		}
		mu.Unlock()
	}
}

// A new file is news by its name, a new line in a text by what it says.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("notes.md", "第一行\n白皮书 2024\n")
	s, err := New(Config{ID: "t", Dir: dir, Watches: []Watch{{Name: "acme", File: "*", Account: "crm:a1"}, {Name: "gone", File: "no.txt"}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, s: s}
	if got := w.look(); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	write("Acme 白皮书 2026.pdf", "%PDF")
	write("notes.md", "第一行\n白皮书 2024\n要出新的白皮书\n")
	got := w.look()
	if len(got) != 2 || got[0].Title != "Acme 白皮书 2026.pdf" || got[1].Title != "要出新的白皮书" || !strings.HasPrefix(got[1].Text, "notes.md") {
		t.Errorf("%+v", got)
	}
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "gone"}); !errors.Is(err, source.ErrSetup) {
		t.Error(err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "gone: ") || strings.Contains(err.Error(), "acme: ") {
		t.Error(err)
	}
	x, err := s.Sample(t.Context(), "acme", 2)
	if err != nil || len(x.Rows) != 2 || len(x.Rows[0].Mapped.Signals) != 1 {
		t.Errorf("%+v %v", x, err)
	}
}

func TestConfig_Validate(t *testing.T) {
	ok := Watch{Name: "a", URL: "https://a.example"}
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{"watches: want one", func(c *Config) { c.Watches = nil }},
		{"watches[1].name", func(c *Config) { c.Watches = append(c.Watches, ok) }},
		{"watches[0].name", func(c *Config) { c.Watches[0].Name = "a b" }},
		{"watches[0].account", func(c *Config) { c.Watches[0].Account = "acme" }},
		{"watches[0].url: want url or file", func(c *Config) { c.Watches[0].File = "x" }},
		{"want an address such as", func(c *Config) { c.Watches[0].URL = "ftp://x" }},
		{"watches[0].url: want user and password", func(c *Config) { c.Watches[0].URL = "https://u:p@x.example" }},
		{"watches[0].url: want https", func(c *Config) {
			c.Watches[0].URL, c.Watches[0].Token = "http://x.example", secret(t, "env:X")
		}},
		{"watches[0].kind", func(c *Config) { c.Watches[0].Kind = "rss" }},
		{"watches[0].user", func(c *Config) { c.Watches[0].User = "u" }},
		{"watches[0].days", func(c *Config) { c.Watches[0].Days = 900 }},
		{"watches[0].select", func(c *Config) { c.Watches[0].Select = "div[" }},
		{"watches[0].select: of pages alone", func(c *Config) { c.Watches[0].Kind, c.Watches[0].Select = "feed", "p" }},
		{"watches[0].only", func(c *Config) { c.Watches[0].Only = []string{"nope"} }},
		{"rules.x.any", func(c *Config) { c.Rules = map[string]Rule{"x": {}} }},
		{"rules.x: an empty word", func(c *Config) { c.Rules = map[string]Rule{"x": {Any: []string{" "}}} }},
		{"hosts", func(c *Config) { c.Hosts = []string{"https://x"} }},
		{"hosts", func(c *Config) { c.Hosts = []string{"*"} }},
	} {
		cfg := Config{ID: "t", Watches: []Watch{ok}}
		c.change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if err := (&Config{ID: "t", Watches: []Watch{ok}}).Validate(); err != nil {
		t.Error(err)
	}
}

// The memory holds the newest lines, and what still stands on the page longest.
func TestMemory_Bounded(t *testing.T) {
	var m memory
	v := &view{}
	add := func(text string) { v.lines = append(v.lines, line{text: text}) }
	add("stays")
	c := m.next(v)
	for i := range 5 { // three times as many lines as are remembered come and go
		v.lines = []line{{text: "stays"}}
		for k := range most / 2 {
			add(fmt.Sprint("look ", i, " line ", k))
		}
		m = recall(c)
		c = m.next(v)
	}
	m = recall(c)
	if len(m.order) != most || !m.known[(&line{text: "stays"}).hash()] || len(c) > 64<<10 {
		t.Errorf("%d lines in %d bytes", len(m.order), len(c))
	}
	for _, bad := range []store.Cursor{"", "x", `{"v":2}`, `{"v":1,"seen":"?"}`, `{"v":1,"seen":"AAA"}`} {
		if m := recall(bad); len(m.order) != 0 || m.Version != 0 {
			t.Errorf("%q is taken as %+v", bad, m)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(page("<p>白皮书</p>")), "text/html")
	f.Add([]byte("\xff\xfe<\x00p\x00>"), "text/html; charset=utf-16")
	f.Add([]byte(strings.Repeat("<div>", 2000)+"CTO"), "")
	f.Add([]byte("<base href='::'><a href='javascript:x'>white paper</a>"), "text/html; charset=nonsense")
	s, err := New(Config{ID: "t", Watches: []Watch{{Name: "p", URL: "https://a.example"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		v, err := pageView(body, kind, nil, &Watch{})
		if err != nil {
			return
		}
		var m memory
		all := make([]int, len(v.lines))
		for i := range all {
			all[i] = i
		}
		for _, g := range s.signals(&Watch{Name: "p"}, v, all, noon) {
			if g.Title == "" || store.Clean(g.Text, len(g.Text)+1) != g.Text || store.Clean(g.Title, len(g.Title)+1) != g.Title {
				t.Fatalf("%+v", g)
			}
		}
		m = recall(m.next(v))
		if again := m.fresh(v, noon); len(v.lines) <= most && len(again) != 0 {
			t.Fatalf("%d lines are new again", len(again))
		}
	})
}
