// Package watch looks at customers' pages, feeds and files and reports what is new there and matters: a white paper, a posting for a CTO (战略升级信号). What it reports
// is a store.Signal, which asks for a re-grade.
//
// Every watch is a stream of its own, so that a page that is gone, slow or refuses us stands alone among the sources and the others go on.
//
// The first look at a page or a file reports nothing: what has stood there for years is no news. What is remembered, in the stream's cursor, is the server's validators (a page
// that did not change costs one request and no body) and the hash of every line that was ever seen, the newest few thousand. A line that went and came back, as when a
// site shows an error page for an hour, is therefore not new. Counters are taken out of a line before it is hashed: "downloaded 1,234 times" is the same line tomorrow. A
// feed's items have dates: at the first look those of the last month are reported.
//
// What is reported is decided by rules over single lines: words of which one must be there, words of which one must be near (in the line, the heading above it, the page's title or
// address) and words that must not. Nothing is guessed beyond them. Each signal keeps the lines that fired.
//
// Text is taken out of HTML by goquery, whose CSS selectors let a person say which part of a page counts: it is kept up and everybody's choice, and regular expressions over HTML
// are wrong. Pages declare their character set as they like, many Chinese ones GBK, so x/net/html/charset decides it as browsers do. Feeds are gofeed's, as in package feed.
//
// A credential goes to the watch's own host alone. Redirects to another host are followed only to those listed under hosts, without it, and never from https to http.
package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/andybalholm/cascadia"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Config is a number of watches with the rules for all of them.
type Config struct {
	ID      store.SourceID  `yaml:"-"`
	Dir     string          `yaml:"-"` // from which paths of files count
	Watches []Watch         `yaml:"watches"`
	Rules   map[string]Rule `yaml:"rules"` // by kind of signal; beside, or in place of, the built-in ones
	Hosts   []string        `yaml:"hosts"` // to which a redirect may lead beside the watch's own, such as "*.example.com"
}

// Watch is one page, feed or set of files.
type Watch struct {
	Name    string        `yaml:"name"`    // the stream's
	Account string        `yaml:"account"` // the customer's identifier with its source, such as crm:a12; "": nobody's yet
	URL     string        `yaml:"url"`
	File    string        `yaml:"file"`                             // or files: a path, * and ? allowed; of other than text the name alone counts
	Kind    string        `yaml:"kind,omitempty" oneof:"page feed"` // of url; "": page
	Select  string        `yaml:"select,omitempty"`                 // the part of a page that counts, as a CSS selector; "": all of it
	Ignore  string        `yaml:"ignore,omitempty"`                 // the parts of it that do not
	Days    int           `yaml:"days,omitempty" bounds:"0..365"`   // of a feed, at the first look: items of so many days are new; 0: 30
	Only    []string      `yaml:"only,omitempty"`                   // kinds of signal; none: all
	User    string        `yaml:"user,omitempty"`                   // signs in with password; or
	Pass    source.Secret `yaml:"password,omitempty"`
	Token   source.Secret `yaml:"token,omitempty"` // as bearer
}

// Rule recognises a kind of signal in a line. Case does not matter; words of Latin letters are found as whole words.
type Rule struct {
	Any  []string `yaml:"any"`            // one of these is in the line
	Near []string `yaml:"near,omitempty"` // and one of these there, in the heading above, the page's title or its address; none: nothing is asked
	Not  []string `yaml:"not,omitempty"`  // and none of these in the line
}

// DefaultRules are the built-in ones.
func DefaultRules() map[string]Rule {
	return map[string]Rule{
		"white_paper": {Any: []string{"白皮书", "蓝皮书", "white paper", "white papers", "whitepaper", "whitepapers"}},
		"cto_posting": {
			Any:  []string{"CTO", "首席技术官", "首席信息官", "CIO", "CDO", "首席数字官", "chief technology officer", "chief information officer", "chief digital officer"},
			Near: []string{"招聘", "诚聘", "急聘", "招募", "职位", "岗位", "加入我们", "hiring", "job", "jobs", "vacancy", "vacancies", "career", "careers", "position", "recruit", "recruiting", "join us", "we are looking for"},
			Not:  []string{"离职", "卸任", "steps down", "resigns"},
		},
	}
}

var goodName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

// Validate reports everything that is wrong.
func (c *Config) Validate() error {
	var all []error
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if len(c.Watches) == 0 {
		bad("watches: want one at least: {name: acme-news, account: crm:a12, url: https://acme.example/news}")
	}
	if len(c.Watches) > 1000 {
		bad("watches: %d: want 1000 at most", len(c.Watches))
	}
	rules := c.rules()
	names := map[string]bool{}
	for i := range c.Watches {
		w, at := &c.Watches[i], fmt.Sprintf("watches[%d]", i)
		if !goodName.MatchString(w.Name) || names[w.Name] {
			bad("%s.name: %q: want a short name of its own, of letters, digits, - _ and .", at, store.Clip(w.Name, 40))
		}
		names[w.Name] = true
		if w.Account != "" && (strings.HasPrefix(w.Account, ":") || !strings.Contains(w.Account, ":")) {
			bad("%s.account: %q: want the customer's identifier with its source, such as crm:a12", at, store.Clip(w.Account, 60))
		}
		all = append(all, w.validate(at)...)
		for _, k := range w.Only {
			if _, ok := rules[k]; !ok {
				bad("%s.only: %q: want kinds of rules", at, store.Clip(k, 40))
			}
		}
	}
	for kind, r := range rules {
		if !goodName.MatchString(kind) {
			bad("rules: %q: want a kind of letters, digits, - _ and .", store.Clip(kind, 40))
		}
		if len(r.Any) == 0 {
			bad("rules.%s.any: want one word at least", kind)
		}
		for _, w := range slices.Concat(r.Any, r.Near, r.Not) {
			if strings.TrimSpace(w) == "" {
				bad("rules.%s: an empty word", kind)
			}
		}
	}
	for _, h := range c.Hosts {
		if _, err := filepath.Match(h, "x"); err != nil || strings.ContainsAny(h, "/: ") || h == "" || h == "*" {
			bad("hosts: %q: want a host such as www.example.com or *.example.com", store.Clip(h, 60))
		}
	}
	return errors.Join(all...)
}

func (w *Watch) validate(at string) (all []error) {
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf(at+"."+format, args...)) }
	signs := w.User != "" || !w.Pass.IsZero() || !w.Token.IsZero()
	switch {
	case (w.URL == "") == (w.File == ""):
		bad("url: want url or file, and not both")
	case w.File != "":
		if _, err := filepath.Match(w.File, "x"); err != nil {
			bad("file: %q: %w", store.Clip(w.File, 60), err)
		}
		if signs {
			bad("user: a file wants no sign-in")
		}
		if w.Kind != "" {
			bad("kind: of url alone")
		}
	default:
		u, err := url.Parse(w.URL)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			bad("url: %q: want an address such as https://acme.example/news", store.Clip(w.URL, 100))
		case u.User != nil:
			bad("url: want user and password beside it, not in it")
		case signs && u.Scheme != "https" && !source.Loopback(u.Hostname()):
			bad("url: want https, since the sign-in would travel in the clear")
		}
	}
	switch w.Kind {
	case "", "page", "feed":
	default:
		bad("kind: %q: want page or feed", store.Clip(w.Kind, 20))
	}
	if (w.User != "") != !w.Pass.IsZero() || w.User != "" && !w.Token.IsZero() {
		bad("user: want user and password, or token")
	}
	if w.Days < 0 || w.Days > 365 {
		bad("days: %d: want 0 to 365", w.Days)
	}
	for field, text := range map[string]string{"select": w.Select, "ignore": w.Ignore} {
		if text == "" {
			continue
		}
		if _, err := cascadia.ParseGroup(text); err != nil {
			bad("%s: %q is no CSS selector: %w", field, store.Clip(text, 60), err)
		}
		if w.File != "" || w.Kind == "feed" {
			bad("%s: of pages alone", field)
		}
	}
	return all
}

// rules are the built-in ones with the configured ones over them.
func (c *Config) rules() map[string]Rule {
	all := DefaultRules()
	for kind, r := range c.Rules {
		all[kind] = r
	}
	return all
}

// Source is the watches of one configuration.
type Source struct {
	cfg      Config
	client   *http.Client
	matchers []matcher
	watches  map[store.Stream]*Watch
	requests atomic.Int64
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
	_ source.Carrier = (*Source)(nil)
	_ source.Counter = (*Source)(nil)
	_ source.Sampler = (*Source)(nil)
)

// New makes a source of a configuration; it touches neither network nor disk.
func New(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, matchers: compile(cfg.rules()), watches: map[store.Stream]*Watch{}}
	for i := range s.cfg.Watches {
		s.watches[store.Stream(s.cfg.Watches[i].Name)] = &s.cfg.Watches[i]
	}
	s.client = &http.Client{Timeout: time.Minute, CheckRedirect: s.redirect}
	return s, nil
}

// ID implements [source.Source].
func (s *Source) ID() store.SourceID { return s.cfg.ID }

// Kind implements [source.Source].
func (s *Source) Kind() string { return "watch" }

// Streams implements [source.Source]: a watch each, in the order of the configuration.
func (s *Source) Streams() []store.Stream {
	all := make([]store.Stream, len(s.cfg.Watches))
	for i := range s.cfg.Watches {
		all[i] = store.Stream(s.cfg.Watches[i].Name)
	}
	return all
}

// Carries implements [source.Carrier].
func (s *Source) Carries(store.Stream) []store.Entity { return []store.Entity{store.EntitySignal} }

// Requests implements [source.Counter].
func (s *Source) Requests() int { return int(s.requests.Load()) }

// Check implements [source.Checker]: it looks at every watch once and says of all that fail.
func (s *Source) Check(ctx context.Context) error {
	var all []error
	for _, stream := range s.Streams() {
		if _, err := s.look(ctx, s.watches[stream], memory{}); err != nil {
			all = append(all, fmt.Errorf("%s: %w", stream, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(all...)
}

// Fetch implements [source.Source]. A look is one page.
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	w := s.watches[r.Stream]
	if w == nil {
		return source.Page{}, source.Setup(fmt.Errorf("watch %q is not configured", store.Clip(string(r.Stream), 60)))
	}
	if err := ctx.Err(); err != nil {
		return source.Page{}, err
	}
	was := recall(r.Cursor)
	seen, err := s.look(ctx, w, was)
	if err != nil {
		return source.Page{}, err
	}
	if seen == nil { // it did not change
		return source.Page{Next: r.Cursor}, nil
	}
	now := r.Now
	if now.IsZero() {
		now = time.Now()
	}
	var p source.Page
	fresh := was.fresh(seen, now.AddDate(0, 0, -cmp.Or(w.Days, 30)))
	p.Signals = s.signals(w, seen, fresh, now)
	p.Next = was.next(seen)
	return p, nil
}

// Sample implements [source.Sampler]: the lines that would be looked at, each with the kinds of signal that it would fire were it new.
func (s *Source) Sample(ctx context.Context, stream store.Stream, n int) (source.Sampling, error) {
	w := s.watches[stream]
	if w == nil {
		return source.Sampling{}, source.Setup(fmt.Errorf("watch %q is not configured", store.Clip(string(stream), 60)))
	}
	seen, err := s.look(ctx, w, memory{})
	if err != nil {
		return source.Sampling{}, err
	}
	var out source.Sampling
	add := func(i int) {
		var mapped source.Page
		mapped.Signals = s.signals(w, seen, []int{i}, time.Now())
		out.Rows = append(out.Rows, source.Sample{Raw: map[string]any{"line": seen.lines[i].text, "heading": seen.lines[i].heading, "url": seen.lines[i].url}, Mapped: mapped})
	}
	for i := range seen.lines { // those that fire first: they are what somebody who writes a rule looks for
		if len(out.Rows) < n && len(s.kinds(w, seen, i)) > 0 {
			add(i)
		}
	}
	for i := range seen.lines {
		if len(out.Rows) < n && len(s.kinds(w, seen, i)) == 0 {
			add(i)
		}
	}
	return out, nil
}
