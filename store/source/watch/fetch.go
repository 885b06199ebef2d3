package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// largest is the largest page, feed or file that is read, in bytes.
const largest = 8 << 20

// look looks at a watch. It returns nil when the server says that nothing changed since was.
func (s *Source) look(ctx context.Context, w *Watch, was memory) (*view, error) {
	if w.File != "" {
		return s.files(ctx, w)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		return nil, source.Setup(fmt.Errorf("watch: url: %w", err))
	}
	req.Header.Set("User-Agent", "flightdeck (page watch)")
	req.Header.Set("Accept", "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, application/feed+json, text/plain;q=0.8, */*;q=0.5")
	if was.ETag != "" {
		req.Header.Set("If-None-Match", was.ETag)
	}
	if was.Modified != "" {
		req.Header.Set("If-Modified-Since", was.Modified)
	}
	if err := sign(req, w); err != nil {
		return nil, source.Setup(err)
	}
	s.requests.Add(1)
	resp, err := s.client.Do(req)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, cause
		}
		return nil, fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := status(resp); err != nil || resp.StatusCode == http.StatusNotModified {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largest+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("watch: read: %w", err)
	case len(body) > largest:
		return nil, source.Setup(fmt.Errorf("watch: more than %d MB; name another page", largest>>20))
	}
	var v *view
	address := resp.Request.URL
	if w.Kind == "feed" {
		v, err = feedView(body)
	} else {
		v, err = pageView(body, resp.Header.Get("Content-Type"), address, w)
	}
	if err != nil {
		return nil, err
	}
	v.address = store.Clean(address.Redacted(), store.MaxText)
	v.etag, v.modified = resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	return v, nil
}

// sign adds the watch's credential.
func sign(req *http.Request, w *Watch) error {
	switch {
	case w.User != "":
		pass, err := w.Pass.Resolve()
		if err != nil {
			return fmt.Errorf("watch: password: %w", err)
		}
		req.SetBasicAuth(w.User, pass)
	case !w.Token.IsZero():
		token, err := w.Token.Resolve()
		if err != nil {
			return fmt.Errorf("watch: token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// status is what an answer's status means where it is not a page.
func status(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusNotModified:
		return nil
	case http.StatusUnauthorized:
		return fmt.Errorf("watch: %s: %w", resp.Status, source.ErrAuth)
	case http.StatusForbidden:
		return fmt.Errorf("watch: %s: %w", resp.Status, source.ErrDenied)
	case http.StatusNotFound, http.StatusGone:
		return source.Setup(fmt.Errorf("watch: %s; the page has moved: mend url in the configuration", resp.Status))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return &source.RetryAfter{Wait: wait(resp.Header.Get("Retry-After"), time.Now()), Err: errors.New(resp.Status)}
	}
	return fmt.Errorf("watch: %s", resp.Status)
}

// wait reads a Retry-After: seconds, or a date. 0: it does not say.
func wait(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n > 0 {
		return time.Duration(min(n, 7*24*3600)) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// redirect follows to the same host, and to those that the configuration lists, but there without the credential and never from https to http.
func (s *Source) redirect(r *http.Request, via []*http.Request) error {
	from := via[0].URL
	refuse := func(why string) error {
		return source.Setup(fmt.Errorf("the page sends us to %s, %s; correct the url, or list the host under hosts", store.Clip(r.URL.Scheme+"://"+r.URL.Host, 100), why))
	}
	switch {
	case len(via) >= 5:
		return source.Setup(errors.New("the page sends us in a circle"))
	case from.Scheme == "https" && r.URL.Scheme != "https":
		return refuse("which is not encrypted")
	case !strings.EqualFold(from.Hostname(), r.URL.Hostname()) && !s.trusts(r.URL):
		return refuse("which is another host")
	}
	if !sameHost(from, r.URL) {
		r.Header.Del("Authorization")
	}
	return nil
}

// sameHost: the host, and either the port or the step from http to https, which many sites take.
func sameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && (a.Port() == b.Port() || a.Port() == "" && b.Port() == "")
}

func (s *Source) trusts(u *url.URL) bool {
	for _, h := range s.cfg.Hosts {
		if ok, _ := path.Match(strings.ToLower(h), strings.ToLower(u.Hostname())); ok {
			return true
		}
	}
	return false
}
