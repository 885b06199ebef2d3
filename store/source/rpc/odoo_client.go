package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// odooClient calls the methods of one Odoo database's models, over whichever of Odoo's two interfaces the server has.
type odooClient struct {
	url, database, login string
	password             source.Secret
	http                 *http.Client

	mu  sync.Mutex
	api string // jsonrpc or json2; "" not known yet
	uid int64  // of jsonrpc; 0: not logged in
}

func newOdooClient(c *OdooConfig) *odooClient {
	o := &odooClient{url: strings.TrimRight(c.URL, "/"), database: c.Database, login: c.Login, password: c.Password, http: newHTTP(c.timeout()), api: c.API}
	if o.api == "auto" {
		o.api = ""
	}
	return o
}

// errAbsent: the database has no such model, since the module that brings it is not installed.
var errAbsent = errors.New("not installed")

// odooFault is an error that the server answered with: the name of a Python exception and its message.
type odooFault struct {
	what, name, text string
}

// Error implements error.
func (f *odooFault) Error() string {
	if f.text == "" {
		return fmt.Sprintf("call %s: the server says %s", f.what, f.name)
	}
	return fmt.Sprintf("call %s: the server says %s: %s", f.what, f.name, f.text)
}

// Unwrap tells the classes apart that matter to the syncer. Odoo's exceptions are named alike over both interfaces.
func (f *odooFault) Unwrap() error {
	switch f.name[strings.LastIndexByte(f.name, '.')+1:] {
	case "AccessError", "Forbidden":
		return source.ErrDenied
	case "AccessDenied", "Unauthorized":
		return source.ErrAuth
	case "KeyError": // ≤ 18: the registry has no such model
		if strings.Contains(f.text, ".") && !strings.ContainsAny(f.text, " \n") {
			return errAbsent
		}
	case "NotFound", "UserError":
		if strings.Contains(f.text, "exist") { // "the model 'x' does not exist", "Object x doesn't exist"
			return errAbsent
		}
	}
	return nil
}

// unknownField reports an error over a field that the model does not have: it was removed since the model was described.
func unknownField(err error) bool {
	var f *odooFault
	return errors.As(err, &f) && strings.Contains(f.text, "nvalid field")
}

// call runs a method of a model. Every such method reads. domain is given to the methods that search; nil: the method takes none.
func (c *odooClient) call(ctx context.Context, model, method string, domain []any, kw map[string]any) (answer, error) {
	api, uid, secret, err := c.enter(ctx)
	if err != nil {
		return answer{}, err
	}
	what := model + "." + method
	if api == "json2" {
		body := map[string]any{}
		for k, v := range kw {
			body[k] = v
		}
		if domain != nil {
			body["domain"] = domain
		}
		a, err := c.json2(ctx, what, "/json/2/"+url.PathEscape(model)+"/"+url.PathEscape(method), secret, body)
		if errors.Is(err, source.ErrAuth) {
			return answer{}, fmt.Errorf("%w; check the API key (%s): from Odoo 19 on a password is none, and a key ends after three months at the latest", err, c.password)
		}
		return a, err
	}
	args := []any{}
	if domain != nil { // search and search_count called it args up to Odoo 15
		args = append(args, domain)
	}
	a, err := c.jsonrpc(ctx, what, secret, "object", "execute_kw", c.database, uid, secret, model, method, args, kw)
	if errors.Is(err, source.ErrAuth) {
		c.mu.Lock()
		c.uid = 0
		c.mu.Unlock()
		return answer{}, c.refused(err)
	}
	return a, err
}

func (c *odooClient) refused(err error) error {
	return fmt.Errorf("log in as %s at %s: check login, database and password or API key (%s): %w", c.login, c.url, c.password, err)
}

// enter finds out which interface there is, and logs in where that is a call of its own.
func (c *odooClient) enter(ctx context.Context) (api string, uid int64, secret string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if secret, err = c.password.Resolve(); err != nil {
		return "", 0, "", fmt.Errorf("log in as %s: %w: %w", c.login, err, source.ErrAuth)
	}
	if c.api == "" {
		if err := c.find(ctx); err != nil {
			return "", 0, "", err
		}
	}
	if c.api == "jsonrpc" && c.uid == 0 {
		a, err := c.jsonrpc(ctx, "common.authenticate", secret, "common", "authenticate", c.database, c.login, secret, map[string]any{})
		var f *odooFault
		switch {
		case errors.Is(err, source.ErrAuth):
			return "", 0, "", c.refused(err)
		case errors.As(err, &f): // mostly: no such database
			return "", 0, "", source.Setup(fmt.Errorf("log in to database %q at %s: %w", c.database, c.url, err))
		case err != nil:
			return "", 0, "", fmt.Errorf("log in: %w", err)
		}
		n, ok := number(a.result)
		if !ok || n <= 0 { // false
			return "", 0, "", c.refused(source.ErrAuth)
		}
		c.uid = n
	}
	return c.api, c.uid, secret, nil
}

// find asks for the server's version. From 19 on the newer interface is there; the older one goes with 22.
func (c *odooClient) find(ctx context.Context) error {
	a, err := c.jsonrpc(ctx, "common.version", "", "common", "version")
	var gone *absentPath
	if errors.As(err, &gone) {
		c.api = "json2"
		return nil
	} else if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	m, _ := a.result.(map[string]any)
	info, _ := m["server_version_info"].([]any)
	if len(info) == 0 {
		return source.Setup(fmt.Errorf("%s gave no version: is it an Odoo server? Set url to it, or api to jsonrpc or json2", c.url))
	}
	major := strings.TrimPrefix(fmt.Sprint(info[0]), "saas~") // saas~18 is between two versions
	if n, err := strconv.Atoi(major); err == nil && n >= 19 {
		c.api = "json2"
	} else {
		c.api = "jsonrpc"
	}
	return nil
}

// absentPath is a 404: this Odoo has no such interface.
type absentPath struct{ what, url string }

// Error implements error.
func (e *absentPath) Error() string {
	return fmt.Sprintf("call %s: %s has no such address; the url must be https://host:port, and api fit the version (jsonrpc up to 18, json2 from 19 on)", e.what, e.url)
}

// jsonrpc calls a service. Errors come with status 200.
func (c *odooClient) jsonrpc(ctx context.Context, what, secret, service, method string, args ...any) (answer, error) {
	if args == nil {
		args = []any{}
	}
	body := map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": map[string]any{"service": service, "method": method, "args": args}}
	var raw struct {
		Result any
		Error  *struct {
			Message string
			Data    struct{ Name, Message string }
		}
	}
	status, at, err := c.post(ctx, what, "/jsonrpc", "", body, &raw)
	switch {
	case err != nil:
		return answer{}, err
	case status != http.StatusOK:
		return answer{}, fmt.Errorf("call %s: the server answered %d %s", what, status, http.StatusText(status))
	case raw.Error != nil:
		return answer{}, newOdooFault(what, secret, raw.Error.Data.Name, raw.Error.Data.Message, raw.Error.Message)
	}
	return answer{raw.Result, at}, nil
}

// json2 calls a method. Its result is the whole answer, and errors have their status.
func (c *odooClient) json2(ctx context.Context, what, path, secret string, body map[string]any) (answer, error) {
	var raw any
	status, at, err := c.post(ctx, what, path, "bearer "+secret, body, &raw)
	if err != nil {
		return answer{}, err
	}
	if status == http.StatusOK {
		return answer{raw, at}, nil
	}
	m, _ := raw.(map[string]any)
	name, _ := m["name"].(string)
	text, _ := m["message"].(string)
	return answer{}, newOdooFault(what, secret, name, text, http.StatusText(status))
}

func newOdooFault(what, secret, name, text, otherwise string) *odooFault {
	if name == "" {
		name, text = otherwise, ""
	}
	name, text = source.Mask(name, secret), source.Mask(text, secret) // the message may quote what it was sent
	return &odooFault{what: what, name: store.Clip(name, 100), text: store.Clip(strings.TrimSpace(text), 300)}
}

// post makes one request and decodes its answer into v, whatever its status.
func (c *odooClient) post(ctx context.Context, what, path, authorization string, body, v any) (status int, at time.Time, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, at, fmt.Errorf("call %s: %w", what, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(b))
	if err != nil {
		return 0, at, fmt.Errorf("call %s: %w", what, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "flightdeck")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
		if c.database != "" {
			req.Header.Set("X-Odoo-Database", c.database)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, at, fmt.Errorf("call %s at %s: %w", what, c.url, reached(err))
	}
	defer func() { _ = resp.Body.Close() }()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch resp.StatusCode { // those that a proxy may give instead of Odoo
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		return 0, at, &source.RetryAfter{Wait: wait(resp.Header.Get("Retry-After")), Err: fmt.Errorf("call %s: %s", what, resp.Status)}
	case http.StatusNotFound:
		if kind != "application/json" {
			return 0, at, &absentPath{what, c.url}
		}
	case http.StatusUnauthorized:
		if kind != "application/json" {
			return 0, at, fmt.Errorf("call %s: %s: %w", what, resp.Status, source.ErrAuth)
		}
	case http.StatusForbidden:
		if kind != "application/json" {
			return 0, at, fmt.Errorf("call %s: %s: %w", what, resp.Status, source.ErrDenied)
		}
	}
	if kind != "application/json" {
		if resp.StatusCode != http.StatusOK {
			return 0, at, fmt.Errorf("call %s: the server answered %s", what, resp.Status)
		}
		return 0, at, fmt.Errorf("call %s: %s answered with %s instead of JSON; the url must be https://host:port of an Odoo server", what, c.url, store.Clip(kind, 40))
	}
	if err := decodeBody(resp.Body, what, v); err != nil {
		return 0, at, err
	}
	at, _ = http.ParseTime(resp.Header.Get("Date")) // zero when it is not there
	return resp.StatusCode, at, nil
}
