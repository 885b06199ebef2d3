package rpc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// client calls one Tryton database. It holds the session token, which it renews once when the server no longer knows it.
type client struct {
	url      string
	login    string
	password source.Secret
	http     *http.Client
	asked    atomic.Int64 // requests sent

	mu      sync.Mutex
	session string // the Authorization header's value; "" not logged in
	context map[string]any
}

func newClient(c *Config) *client {
	return &client{url: c.URL, login: c.Login, password: c.Password, http: newHTTP(c.timeout())}
}

// fault is an error that the server answered with.
type fault struct {
	method, kind, text string
}

func (f *fault) Error() string {
	if f.text == "" {
		return fmt.Sprintf("call %s: the server says %s", f.method, f.kind)
	}
	return fmt.Sprintf("call %s: the server says %s: %s", f.method, f.kind, f.text)
}

// Unwrap tells a refused permission, which Tryton only words, apart.
func (f *fault) Unwrap() error {
	if strings.Contains(f.text, "not allowed to access") {
		return source.ErrDenied
	}
	return nil
}

// errUnauthorised is a 401 before it is known whether the session or the password is to blame.
var errUnauthorised = errors.New("unauthorised")

// call runs method. extra is put over the user's own context, which Tryton wants as the last parameter.
func (c *client) call(ctx context.Context, method string, extra map[string]any, params ...any) (answer, error) {
	session, own, err := c.enter(ctx, "")
	if err != nil {
		return answer{}, err
	}
	for again := false; ; again = true {
		full := make(map[string]any, len(own)+len(extra))
		for _, m := range []map[string]any{own, extra} {
			for k, v := range m {
				full[k] = v
			}
		}
		a, err := c.post(ctx, session, method, append(params[:len(params):len(params)], full))
		if !errors.Is(err, errUnauthorised) {
			return a, err
		}
		if again {
			return answer{}, fmt.Errorf("call %s: refused right after logging in: %w", method, source.ErrAuth)
		}
		if session, own, err = c.enter(ctx, session); err != nil { // the session ended; once more with a new one
			return answer{}, err
		}
	}
}

// enter returns a session other than stale, logging in if there is none.
func (c *client) enter(ctx context.Context, stale string) (string, map[string]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != "" && c.session != stale {
		return c.session, c.context, nil
	}
	c.session = ""
	password, err := c.password.Resolve()
	if err != nil {
		return "", nil, fmt.Errorf("log in as %s: %w: %w", c.login, err, source.ErrAuth)
	}
	a, err := c.post(ctx, "", "common.db.login", []any{c.login, map[string]any{"password": password}, "en"})
	var f *fault
	if errors.Is(err, errUnauthorised) || errors.As(err, &f) {
		return "", nil, fmt.Errorf("log in as %s at %s: check login and password (%s): %w", c.login, c.url, c.password, source.ErrAuth)
	} else if err != nil {
		return "", nil, fmt.Errorf("log in: %w", err)
	}
	pair, _ := a.result.([]any)
	if len(pair) != 2 {
		return "", nil, fmt.Errorf("log in as %s at %s: no session was given: %w", c.login, c.url, source.ErrAuth)
	}
	session := "Session " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%v:%v", c.login, pair[0], pair[1]))
	a, err = c.post(ctx, session, "model.res.user.get_preferences", []any{true, map[string]any{}})
	if err != nil {
		return "", nil, fmt.Errorf("log in: %w", err)
	}
	own, _ := a.result.(map[string]any)
	if own == nil {
		own = map[string]any{}
	}
	own["language"] = "en" // of error messages
	c.session, c.context = session, own
	return session, own, nil
}

// post makes one request.
func (c *client) post(ctx context.Context, session, method string, params []any) (answer, error) {
	body, err := json.Marshal(map[string]any{"id": 1, "method": method, "params": params})
	if err != nil {
		return answer{}, fmt.Errorf("call %s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("call %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if session != "" {
		req.Header.Set("Authorization", session)
	}
	c.asked.Add(1)
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("call %s at %s: %w", method, c.url, reached(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if err := status(resp, method); err != nil {
		return answer{}, err
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" && kind != "application/json-rpc" {
		return answer{}, fmt.Errorf("call %s: %s answered with %s instead of JSON; the url must be https://host:port/database/", method, c.url,
			store.Clip(kind, 40))
	}
	var raw struct {
		Result any `json:"result"`
		Error  any `json:"error"`
	}
	if err := decodeBody(resp.Body, method, &raw); err != nil {
		return answer{}, err
	}
	at, _ := http.ParseTime(resp.Header.Get("Date")) // zero when it is not there
	if raw.Error != nil {
		return answer{}, newFault(method, raw.Error)
	}
	return answer{plain(raw.Result, 0), at}, nil
}

func status(resp *http.Response, method string) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return errUnauthorised
	case http.StatusForbidden:
		return fmt.Errorf("call %s: %s: %w", method, resp.Status, source.ErrDenied)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return &source.RetryAfter{Wait: wait(resp.Header.Get("Retry-After")), Err: fmt.Errorf("call %s: %s", method, resp.Status)}
	case http.StatusNotFound:
		return fmt.Errorf("call %s: %s: there is no such database; the url must be https://host:port/database/", method, resp.Status)
	}
	return fmt.Errorf("call %s: the server answered %s", method, resp.Status)
}

// newFault reads Tryton's error: [kind, …] or [kind, [text, description, …]].
func newFault(method string, v any) *fault {
	f := &fault{method: method, kind: "an error"}
	parts, _ := v.([]any)
	if len(parts) == 0 {
		if s, ok := v.(string); ok {
			f.kind = store.Clip(s, 200)
		}
		return f
	}
	if s, ok := parts[0].(string); ok {
		f.kind = store.Clip(s, 200)
	}
	if len(parts) > 1 {
		if args, ok := parts[1].([]any); ok && len(args) > 0 {
			parts[1] = args[0]
		}
		if s, ok := parts[1].(string); ok { // on a server in development the second part is the whole traceback; its end is enough
			f.text = store.Clip(strings.TrimSpace(s[strings.LastIndexByte(strings.TrimSpace(s), '\n')+1:]), 300)
		}
	}
	return f
}

// plain turns Tryton's typed objects into Go values: Decimal → json.Number, datetime → time.Time in UTC, date → YYYY-MM-DD. What is of another or a
// broken type becomes nil.
func plain(v any, depth int) any {
	if depth > 32 {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i], depth+1)
		}
	case map[string]any:
		class, ok := v["__class__"].(string)
		if !ok {
			for k := range v {
				v[k] = plain(v[k], depth+1)
			}
			return v
		}
		switch class {
		case "Decimal":
			s, _ := v["decimal"].(string)
			return json.Number(s)
		case "datetime", "date":
			n := [7]int{}
			for i, k := range []string{"year", "month", "day", "hour", "minute", "second", "microsecond"} {
				num, _ := v[k].(json.Number)
				n[i], _ = strconv.Atoi(num.String())
			}
			at := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1000, time.UTC)
			if n[0] < 1 || n[0] > 9999 || at.Day() != n[2] || at.Hour() != n[3] || at.Minute() != n[4] || at.Second() != n[5] {
				return nil
			}
			if class == "date" {
				return at.Format(time.DateOnly)
			}
			return at
		}
		return nil
	}
	return v
}

// moment writes t as Tryton's datetime.
func moment(t time.Time) map[string]any {
	t = t.UTC()
	return map[string]any{"__class__": "datetime", "year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "minute": t.Minute(),
		"second": t.Second(), "microsecond": t.Nanosecond() / 1000}
}
