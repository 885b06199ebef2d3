package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// values are what a request's templates may use.
type values struct {
	s                            *Source
	token, watermark, until, tie string
	limit, offset, page          int
	columns                      []string
	id                           string // of the row whose details are asked for, or of an each
	rows                         []any  // of a then
	ids                          string // theirs
	link                         string // instead of path and query
	only                         *lookedAt
	supply                       *mapSupply
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
	pt := st.parts[ps.Part]
	v := values{s: s, token: ps.Token, limit: s.limit(pt, ps), offset: ps.Offset, page: ps.Page, columns: pt.columns}
	if pt.Pager.Kind == "link" {
		v.token, v.link = "", ps.Token
	}
	if pt.Each != nil && ps.At < len(ps.IDs) {
		v.id = ps.IDs[ps.At]
	}
	if in := st.spec.Incremental; in != nil {
		if !ps.Full { // a first pass wants everything, also a row dated 2999
			v.until = st.moment(ps.Until, in.Format)
		}
		if !ps.Hi.IsZero() {
			v.until = st.moment(ps.Hi, in.Format)
		}
		if !ps.From.IsZero() {
			v.watermark = st.moment(ps.From, in.Format)
		}
		if !ps.Tie.IsZero() {
			v.tie = st.moment(ps.Tie, in.Format)
		}
	}
	return v
}

func (st *stream) moment(t time.Time, format string) string {
	text, _ := formatTime(t, format, st.zone) // the format was checked
	return text
}

// named returns the value of a template's name; a missing one is empty.
func (v *values) named(name string) string {
	switch name {
	case "token":
		return v.token
	case "watermark":
		return v.watermark
	case "until":
		return v.until
	case "tie":
		return v.tie
	case "id":
		return v.id
	case "ids":
		return v.ids
	case "columns":
		return strings.Join(v.columns, ",")
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
func (v *values) body(ctx context.Context, r *request) (any, error) {
	if r.body == nil && r.graphql == "" {
		return nil, nil
	}
	columns := make([]any, len(v.columns))
	for i, c := range v.columns {
		columns[i] = c
	}
	out, err := r.body.one(ctx, nil, orNull(v.token), orNull(v.watermark), orNull(v.until), v.limit, v.offset, v.page, v.s.vars, v.rows, columns, orNull(v.tie),
		orNull(v.id))
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if r.graphql == "" {
		return out, nil
	}
	m := map[string]any{"query": r.graphql}
	if out != nil {
		m["variables"] = out
	}
	return m, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

const (
	jsonBody = "application/json"
	formBody = "application/x-www-form-urlencoded"
)

// payload is the body as it is sent, and its type; nil without one.
func (r *request) payload(body any, named func(string) string) ([]byte, string, error) {
	if r.form != nil {
		q := url.Values{}
		for k, v := range fill(r.form, named) {
			q.Set(k, v)
		}
		return []byte(q.Encode()), formBody, nil
	}
	if body == nil {
		return nil, "", nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, "", fmt.Errorf("body: %w", err)
	}
	return b, jsonBody, nil
}

// address is where a request goes: under the API's base, at the address of a setting, or behind a link that the server gave, which stays where the path is.
func (s *Source) address(r *request, v *values, base *url.URL) (*url.URL, error) {
	p, _ := r.path.fill(func(name string) string {
		text := v.named(name)
		if _, ok := s.vars[name]; ok {
			return text // a setting may have several segments, or be an address
		}
		return url.PathEscape(text)
	})
	full := p
	if !strings.HasPrefix(p, "http://") && !strings.HasPrefix(p, "https://") {
		full = base.String() + "/" + strings.TrimLeft(p, "/")
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", p, err)
	}
	if !sameOrigin(u, base) && !slices.ContainsFunc(s.origins, func(o *url.URL) bool { return sameOrigin(u, o) }) {
		return nil, elsewhere(u)
	}
	if v.link != "" {
		l, err := u.Parse(v.link)
		if err != nil {
			return nil, errors.New("the next link is not readable")
		}
		if !sameOrigin(l, u) {
			return nil, elsewhere(l)
		}
		return l, nil
	}
	if len(r.query) == 0 {
		return u, nil
	}
	// A query parameter whose names are all empty is left out, so that one template serves the first and the following pages, and full and incremental passes.
	q := u.Query()
	for k, v := range fill(r.query, v.named) {
		q.Set(k, v)
	}
	u.RawQuery = q.Encode()
	return u, nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// elsewhere refuses to take the credential anywhere else.
func elsewhere(u *url.URL) error {
	return fmt.Errorf("the server sends us to another host (%s); it was not followed; correct the url", store.Clip(u.Scheme+"://"+u.Host, 100))
}

// findOrigins returns the hosts beside the base to which the settings allow to go: those vars that are addresses.
func (s *Source) findOrigins() (all []*url.URL, err error) {
	for _, k := range slices.Sorted(maps.Keys(s.vars)) {
		text, _ := s.vars[k].(string)
		if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
			continue
		}
		u, perr := url.Parse(text)
		switch {
		case perr != nil || u.Host == "" || u.User != nil:
			err = errors.Join(err, fmt.Errorf("vars.%s: not readable: want an address such as https://login.example.com", k))
		case u.Scheme == "http" && !s.cfg.PlainHTTP && !source.Loopback(u.Hostname()):
			err = errors.Join(err, fmt.Errorf("vars.%s: http would send the credential readable; use https, or set plain_http: true where the network is trusted", k))
		default:
			all = append(all, u)
		}
	}
	return all, err
}
