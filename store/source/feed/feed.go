// Package feed reads RSS, Atom and JSON feeds of tender notices.
//
// A feed lists what is new and forgets what is old, so a pass is never a complete list and nothing is removed for no longer being in it. The cursor holds the server's validators (ETag,
// Last-Modified): a feed that did not change costs one request and no records. Formats are gofeed's (kept up, reads every dialect of RSS and Atom that we would meet one by
// one). What a notice says in prose (buyer, winner, region) is taken out by regular expressions of the configuration, over title and text; where one does not match the field is not
// known, and never guessed. Redirects are followed on the feed's own host only, and never from https to http.
package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mmcdole/gofeed"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// stream is the only one.
const stream store.Stream = "tenders"

const (
	largest = 16 << 20       // the largest feed that is read, in bytes
	maxWait = 24 * time.Hour // longer than that nobody is waited for
)

// Config is one feed. Buyer, Winner and Region are regular expressions whose first group is the value. Kinds maps a kind of notice (award, plan, amendment) to words of which one in the title
// makes a notice of it.
type Config struct {
	ID       store.SourceID      `yaml:"-"`
	URL      string              `yaml:"url"`
	TimeZone string              `yaml:"time_zone"`
	Buyer    string              `yaml:"buyer"`
	Winner   string              `yaml:"winner"`
	Region   string              `yaml:"region"`
	Kinds    map[string][]string `yaml:"kinds"`
}

// Validate reports everything that is wrong.
func (c *Config) Validate() error {
	var all []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !source.Loopback(u.Hostname())) {
		all = append(all, errors.New("url: want the feed's https address"))
	}
	for field, text := range map[string]string{"buyer": c.Buyer, "winner": c.Winner, "region": c.Region} {
		if text == "" {
			continue
		}
		if re, err := regexp.Compile(text); err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		} else if re.NumSubexp() < 1 {
			all = append(all, fmt.Errorf("%s: want a group in round brackets around the value, such as 采购人[:：](\\S+)", field))
		}
	}
	for kind := range c.Kinds {
		if _, err := store.ParseTenderKind(kind); err != nil {
			all = append(all, fmt.Errorf("kinds: %w", err))
		}
	}
	return errors.Join(all...)
}

// Source is one feed.
type Source struct {
	cfg     Config
	decoder record.Decoder
	client  *http.Client
	take    map[string]*regexp.Regexp
	asked   atomic.Int64
}

var (
	_ source.Source  = (*Source)(nil)
	_ source.Checker = (*Source)(nil)
	_ source.Counter = (*Source)(nil)
)

// New makes a source of a configuration; it touches no network.
func New(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time_zone: %w", err)
	}
	s := &Source{cfg: cfg, decoder: record.Decoder{Source: cfg.ID, Stream: stream, Location: zone}, client: &http.Client{Timeout: time.Minute, CheckRedirect: redirect}, take: map[string]*regexp.Regexp{}}
	for field, text := range map[string]string{"buyer": cfg.Buyer, "winner": cfg.Winner, "region": cfg.Region} {
		if text != "" {
			s.take[field] = regexp.MustCompile(text)
		}
	}
	return s, nil
}

// ID implements [source.Source].
func (s *Source) ID() store.SourceID { return s.cfg.ID }

// Kind implements [source.Source].
func (s *Source) Kind() string { return "feed" }

// Streams implements [source.Source].
func (s *Source) Streams() []store.Stream { return []store.Stream{stream} }

// Requests implements [source.Counter].
func (s *Source) Requests() int { return int(s.asked.Load()) }

// redirect follows on the same host only: whoever has moved is written into the configuration by a person.
func redirect(r *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case len(via) >= 5:
		return source.Setup(errors.New("the server sends us in a circle"))
	case !strings.EqualFold(from.Hostname(), r.URL.Hostname()), from.Scheme == "https" && r.URL.Scheme != "https":
		return source.Setup(fmt.Errorf("the server sends us to %s; if the feed has moved there, make that its url in the configuration", store.Clip(r.URL.Scheme+"://"+r.URL.Host, 100)))
	}
	return nil
}

// Check implements [source.Checker].
func (s *Source) Check(ctx context.Context) error {
	_, err := s.Fetch(ctx, source.Request{Stream: stream})
	return err
}

// validators are what a server says of a feed's version.
type validators struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

// Fetch implements [source.Source].
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	var was validators
	_ = json.Unmarshal([]byte(r.Cursor), &was) // an unknown cursor reads the feed anew
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.URL, nil)
	if err != nil {
		return source.Page{}, err
	}
	req.Header.Set("Accept", "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5")
	if was.ETag != "" {
		req.Header.Set("If-None-Match", was.ETag)
	}
	if was.Modified != "" {
		req.Header.Set("If-Modified-Since", was.Modified)
	}
	s.asked.Add(1)
	resp, err := s.client.Do(req)
	if err != nil {
		return source.Page{}, fmt.Errorf("read feed: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return source.Page{Next: r.Cursor}, nil
	case http.StatusUnauthorized:
		return source.Page{}, fmt.Errorf("read feed: %s: %w", resp.Status, source.ErrAuth)
	case http.StatusForbidden:
		return source.Page{}, fmt.Errorf("read feed: %s: %w", resp.Status, source.ErrDenied)
	case http.StatusNotFound, http.StatusGone:
		return source.Page{}, source.Setup(fmt.Errorf("read feed: %s; mend url in the configuration", resp.Status))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return source.Page{}, &source.RetryAfter{Wait: wait(resp.Header), Err: errors.New(resp.Status)}
	default:
		return source.Page{}, fmt.Errorf("read feed: %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largest+1))
	if err != nil {
		return source.Page{}, fmt.Errorf("read feed: %w", err)
	}
	if len(body) > largest {
		return source.Page{}, source.Setup(fmt.Errorf("read feed: more than %d MB", largest>>20))
	}
	page, err := s.page(body)
	if err != nil {
		return source.Page{}, err
	}
	next, err := json.Marshal(validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")})
	page.Next = store.Cursor(next)
	return page, err
}

// wait reads how long a server wants to be left alone: seconds, or a date by its own clock. 0: it does not say.
func wait(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), int(maxWait.Seconds()))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxWait)
}

// page makes the records of a feed's text.
func (s *Source) page(body []byte) (p source.Page, err error) {
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return p, source.Setup(fmt.Errorf("read feed: it is no RSS, Atom or JSON feed (%s)", store.Clip(err.Error(), 120)))
	}
	for i, item := range feed.Items {
		text := plain(item.Description + "\n" + item.Content)
		title := plain(item.Title)
		row := map[string]any{"id": first(item.GUID, item.Link), "title": title, "text": text, "url": item.Link, "kind": s.kind(title)}
		switch {
		case item.PublishedParsed != nil:
			row["at"] = *item.PublishedParsed
		case item.UpdatedParsed != nil:
			row["at"] = *item.UpdatedParsed
		}
		for field, re := range s.take {
			if m := re.FindStringSubmatch(title + "\n" + text); m != nil {
				row[field] = strings.TrimSpace(m[1])
			}
		}
		s.decoder.Decode("tender", row, "item "+strconv.Itoa(i+1), &p)
	}
	return p, nil
}

func first(all ...string) string {
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// kind tells by the title what a notice is.
func (s *Source) kind(title string) string {
	for _, kind := range []string{"amendment", "award", "plan"} {
		for _, w := range s.cfg.Kinds[kind] {
			if w != "" && strings.Contains(strings.ToLower(title), strings.ToLower(w)) {
				return kind
			}
		}
	}
	return store.TenderNotice.String()
}

var tags = regexp.MustCompile(`<[^>]*>`)

// plain takes the mark-up out of a text.
func plain(s string) string {
	return strings.TrimSpace(html.UnescapeString(tags.ReplaceAllString(s, " ")))
}
