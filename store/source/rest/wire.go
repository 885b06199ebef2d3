package rest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

const (
	maxBody = 64 << 20
	maxWait = time.Hour       // the longest Retry-After that is believed
	ownWait = 2 * time.Second // the longest wait for our own limit inside Fetch
)

// answer is what the server said.
type answer struct {
	body   any
	header http.Header
	date   time.Time // the server's clock; zero unknown
}

type rule struct {
	ErrorRule
	when, message *expr
}

func compileRules(specs []ErrorRule) ([]rule, error) {
	var errs []error
	var rules []rule
	for i, r := range specs {
		when, err := compile(r.When)
		message, err2 := compile(r.Message)
		if err := errors.Join(err, err2); err != nil {
			errs = append(errs, fmt.Errorf("errors[%d]: %w", i, err))
		}
		rules = append(rules, rule{r, when, message})
	}
	return rules, errors.Join(errs...)
}

func (s *Source) credential() (string, error) {
	if s.spec.Auth.Kind == "none" {
		return "", nil
	}
	get := s.cfg.Credential
	if get == nil {
		get = s.cfg.Token.Resolve
	}
	v, err := get()
	if err != nil {
		return "", fmt.Errorf("%w: %w", source.ErrAuth, err)
	}
	return v, nil
}

func (s *Source) sign(r *http.Request, secret string) {
	switch a := s.spec.Auth; a.Kind {
	case "bearer":
		r.Header.Set("Authorization", "Bearer "+secret)
	case "header":
		r.Header.Set(a.Name, a.Prefix+secret)
	case "basic":
		r.SetBasicAuth(s.cfg.User, secret)
	}
}

// pace waits for the source's own rate limit, shortly.
func (s *Source) pace(ctx context.Context) error {
	if s.limiter == nil {
		return ctx.Err()
	}
	res := s.limiter.Reserve()
	wait := res.Delay()
	if wait > ownWait {
		res.Cancel()
		return &source.RetryAfter{Wait: wait, Err: errors.New("our own limit for this source is used up")}
	}
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		res.Cancel()
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ask sends one request and reads its answer. Errors carry neither the credential nor the query.
func (s *Source) ask(ctx context.Context, method string, u *url.URL, body any) (answer, error) {
	secret, err := s.credential()
	if err != nil {
		return answer{}, err
	}
	if err := s.pace(ctx); err != nil {
		return answer{}, err
	}
	reqCtx, cancel := context.WithTimeout(ctx, s.spec.Timeout)
	defer cancel()
	a, err := s.send(reqCtx, method, u, body, secret)
	if err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return answer{}, ctx.Err()
	}
	if reqCtx.Err() != nil {
		err = fmt.Errorf("no complete answer within %s", s.spec.Timeout)
	}
	where := *u
	where.RawQuery = ""
	return answer{}, s.conceal(fmt.Errorf("%s %s: %w", method, store.Clip(where.String(), 200), err), secret)
}

func (s *Source) send(ctx context.Context, method string, u *url.URL, body any, secret string) (answer, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("body: %w", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), payload)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "flightdeck")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range s.spec.Headers {
		req.Header.Set(k, v)
	}
	s.sign(req, secret)
	resp, err := s.client.Do(req)
	if err != nil {
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err // the outer one repeats the address with its query
		}
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the server hung up without an answer; is there a CRM at this address? (%w)", err)
		}
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, fmt.Errorf("the answer was cut short: %w", err)
	}
	if len(b) > maxBody {
		return answer{}, fmt.Errorf("the answer is larger than %d MB; lower page_size", maxBody>>20)
	}
	a := answer{header: resp.Header}
	a.date, _ = http.ParseTime(resp.Header.Get("Date"))
	parsed, perr := decodeJSON(b)
	if perr == nil {
		a.body = parsed
	}
	if err := s.classify(ctx, resp, a); err != nil {
		return answer{}, err
	}
	if perr == nil {
		return a, nil
	}
	switch start := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"); {
	case len(start) == 0:
		return answer{}, errors.New("an empty answer instead of JSON")
	case start[0] == '<':
		return answer{}, errors.New("an HTML page instead of JSON: a login or proxy page? check url and vars")
	case errors.Is(perr, io.ErrUnexpectedEOF) || errors.Is(perr, io.EOF):
		return answer{}, errors.New("the JSON of the answer is cut short")
	}
	return answer{}, fmt.Errorf("the answer is not JSON: %s", store.Clip(perr.Error(), 100))
}

var errNotFound = errors.New("nothing there; check url and vars")

// classify gives an answer's status, or the spec's opinion of it, its meaning.
func (s *Source) classify(ctx context.Context, resp *http.Response, a answer) error {
	status := resp.StatusCode
	class := ""
	var words any
	for _, r := range s.rules {
		if r.Status != 0 && r.Status != status {
			continue
		}
		if r.when != nil {
			if a.body == nil {
				continue
			}
			if ok, err := r.when.one(ctx, a.body); err != nil || !truth(ok) {
				continue
			}
		}
		class = r.Class
		words, _ = r.message.one(ctx, a.body)
		break
	}
	if class == "" {
		switch {
		case status >= 200 && status < 300:
			return nil
		case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
			class = "limit"
		case status == http.StatusUnauthorized:
			class = "auth"
		case status == http.StatusForbidden:
			class = "denied"
		case status == http.StatusGone:
			class = "expired"
		default:
			class = "fail"
		}
	}
	said := fmt.Sprintf("answered %d", status)
	if t := http.StatusText(status); t != "" {
		said += " " + t
	}
	if w := nativeID(words); w != "" {
		said += ": " + store.Clip(w, 200)
	} else if w := message(a.body); w != "" {
		said += ": " + store.Clip(w, 200)
	}
	switch class {
	case "limit":
		return &source.RetryAfter{Wait: retryAfter(resp.Header.Get("Retry-After"), a.date), Err: errors.New(said)}
	case "auth":
		return fmt.Errorf("%w: %s; check the token", source.ErrAuth, said)
	case "denied":
		return fmt.Errorf("%w: %s; give the token the right to read this", source.ErrDenied, said)
	case "expired":
		return fmt.Errorf("%w: %s", source.ErrExpired, said)
	}
	if status == http.StatusNotFound {
		return fmt.Errorf("%s: %w", said, errNotFound)
	}
	return errors.New(said)
}

// message finds the server's own words in an error body of the common shapes.
func message(body any) string {
	m, _ := body.(map[string]any)
	for _, k := range []string{"message", "error_description", "errmsg", "error", "detail", "title"} {
		switch v := m[k].(type) {
		case string:
			return v
		case map[string]any:
			if s := message(v); s != "" {
				return s
			}
		}
	}
	return ""
}

// retryAfter reads seconds or a date; a date is relative to the server's own clock. Nonsense counts as nothing said, and nobody waits longer than maxWait.
func retryAfter(v string, serverNow time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if f, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(f) {
		if f <= 0 {
			return 0
		}
		return time.Duration(math.Min(f, maxWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if serverNow.IsZero() {
		serverNow = time.Now()
	}
	return min(max(at.Sub(serverNow), 0), maxWait)
}

// conceal makes sure that an error which quotes the server or the network does not quote our credential.
func (s *Source) conceal(err error, secret string) error {
	text := err.Error()
	if secret == "" {
		return err
	}
	clean := text
	for _, v := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(s.cfg.User + ":" + secret))} {
		clean = strings.ReplaceAll(clean, v, "[credential]")
	}
	if clean == text {
		return err
	}
	concealed := errors.New(clean)
	if ra := (*source.RetryAfter)(nil); errors.As(err, &ra) {
		return &source.RetryAfter{Wait: ra.Wait, Err: concealed}
	}
	for _, class := range []error{source.ErrAuth, source.ErrExpired, source.ErrDenied} {
		if errors.Is(err, class) {
			return fmt.Errorf("%w: %w", class, concealed)
		}
	}
	return concealed
}
