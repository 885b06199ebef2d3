package rest

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// values are what a request's templates may use.
type values struct {
	s                       *Source
	token, watermark, until string
	limit, offset, page     int
	id                      string // of the row whose details are asked for
}

func (s *Source) limit(pt *part, ps *pass) int {
	n := ps.Limit
	if n <= 0 {
		n = s.cfg.PageSize
	}
	if n <= 0 {
		n = pt.Limit
	}
	if pt.MaxLimit > 0 {
		n = min(n, pt.MaxLimit)
	}
	return n
}

func (s *Source) values(st *stream, ps *pass) values {
	v := values{s: s, token: ps.Token, limit: s.limit(st.parts[ps.Part], ps), offset: ps.Offset, page: ps.Page}
	if in := st.spec.Incremental; in != nil {
		if !ps.Full { // a first pass wants everything, also a row dated 2999
			v.until = s.moment(ps.Until, in.Format)
		}
		if !ps.From.IsZero() {
			v.watermark = s.moment(ps.From, in.Format)
		}
	}
	return v
}

func (s *Source) moment(t time.Time, format string) string {
	text, _ := formatTime(t, format, s.loc) // the format was checked
	return text
}

// named returns the value of a template's name; a missing one is empty.
func (v values) named(name string) string {
	switch name {
	case "token":
		return v.token
	case "watermark":
		return v.watermark
	case "until":
		return v.until
	case "id":
		return v.id
	case "limit":
		return strconv.Itoa(v.limit)
	case "offset":
		return strconv.Itoa(v.offset)
	case "page":
		return strconv.Itoa(v.page)
	}
	s, _ := v.s.vars[name].(string)
	return s
}

// body runs the jq that makes a request's body; nil without one.
func (v values) body(ctx context.Context, e *expr, rows []any) (any, error) {
	if e == nil {
		return nil, nil
	}
	out, err := e.one(ctx, nil, orNull(v.token), orNull(v.watermark), orNull(v.until), v.limit, v.offset, v.page, v.s.vars, rows)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return out, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// address is the URL of the next request of a pass.
func (s *Source) address(pt *part, ps *pass, vals values) (*url.URL, error) {
	if pt.Pager.Kind == "link" && ps.Token != "" {
		u, err := s.base.Parse(ps.Token)
		if err != nil {
			return nil, err
		}
		return u, s.sameHost(u)
	}
	return s.join(pt.path, pt.query, vals)
}

// join puts base, path and query together. A query parameter whose names are all empty is left out, so that one template serves the first and the
// following pages, and full and incremental passes.
func (s *Source) join(path text, query []param, vals values) (*url.URL, error) {
	p, _ := path.fill(func(name string) string {
		v := vals.named(name)
		if _, ok := s.vars[name]; ok {
			return v // a setting may have several segments
		}
		return url.PathEscape(v)
	})
	u, err := url.Parse(s.base.String() + "/" + strings.TrimLeft(p, "/"))
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", p, err)
	}
	if err := s.sameHost(u); err != nil {
		return nil, err
	}
	q := u.Query()
	for _, kv := range query {
		if v, void := kv.value.fill(vals.named); !void {
			q.Set(kv.name, v)
		}
	}
	u.RawQuery = q.Encode()
	return u, nil
}
