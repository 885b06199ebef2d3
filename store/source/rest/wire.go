package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

const (
	maxBody = 64 << 20
	maxWait = time.Hour       // the longest Retry-After that is believed
	ownWait = 2 * time.Second // the longest wait for our own limit inside Fetch
)

// bodies are buffers for answers. One that had to grow beyond maxKept is not kept.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 8 << 20

// answer is what the server said.
type answer struct {
	body   any
	header http.Header
	date   time.Time // the server's clock; zero unknown
	asked  *url.URL
	size   int  // of the body in bytes
	empty  bool // the connector says that this answer means no rows
}

type rule struct {
	ErrorRule
	when, message, after *expr
}

func compileRules(fs *functions, specs []ErrorRule) ([]rule, error) {
	var errs []error
	var rules []rule
	for i, r := range specs {
		when, err := compileWith(fs, r.When, "$header", "$size")
		message, err2 := compileWith(fs, r.Message, "$header", "$size")
		after, err3 := compileWith(fs, r.After, "$header", "$size")
		if err := errors.Join(err, err2, err3); err != nil {
			errs = append(errs, fmt.Errorf("errors[%d]: %w", i, err))
		}
		rules = append(rules, rule{r, when, message, after})
	}
	return rules, errors.Join(errs...)
}

// pace waits for the source's own budgets and rate limit, shortly.
func (s *Source) pace(ctx context.Context, cost int) error {
	for waited := false; ; waited = true {
		wait, err := s.meters.spend(cost)
		if err == nil {
			break
		}
		if wait > ownWait || waited {
			return &source.RetryAfter{Wait: wait, Err: err}
		}
		if err := sleep(ctx, max(wait, time.Millisecond)); err != nil {
			return err
		}
	}
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
	err := sleep(ctx, wait)
	if err != nil {
		res.Cancel()
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ask sends one request and reads its answer. What it was signed with is obtained anew once when the server no longer accepts it. Errors carry neither the
// credential nor the query.
func (s *Source) ask(ctx context.Context, r *request, v *values) (answer, error) {
	for again := false; ; again = true {
		sess, err := s.signer.session(ctx)
		if err != nil {
			return answer{}, err
		}
		a, err := s.once(ctx, r, v, sess)
		if !errors.Is(err, errToken) {
			return a, err
		}
		if again || !s.signer.auth.obtained() {
			return answer{}, fmt.Errorf("%w: %w", source.ErrAuth, err)
		}
		s.signer.drop(ctx, sess)
	}
}

func (s *Source) once(ctx context.Context, r *request, v *values, sess *session) (answer, error) {
	u, err := s.address(r, v, sess.base)
	if err != nil {
		return answer{}, err
	}
	body, err := v.body(ctx, r)
	if err == nil {
		body, err = s.signer.addBody(ctx, body, sess)
	}
	if err != nil {
		return answer{}, err
	}
	payload, kind, err := r.payload(body, v.named)
	if err != nil {
		return answer{}, err
	}
	a, err := s.roundTripCost(ctx, sess, r.method, u, payload, kind, fill(r.headers, v.named), manner{r.cost, true, v.only, v.supply})
	if err != nil {
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		return answer{}, s.conceal(fmt.Errorf("%s %s: %w", r.method, bare(u), err))
	}
	return a, nil
}

// roundTrip sends a request of the sign-in.
func (s *Source) roundTrip(ctx context.Context, sess *session, method string, u *url.URL, payload []byte, kind string, headers map[string]string) (answer, error) {
	return s.roundTripCost(ctx, sess, method, u, payload, kind, headers, manner{cost: 1})
}

// manner is how a request is paid for and its answer read.
type manner struct {
	cost   int
	sign   bool
	only   *lookedAt
	supply *mapSupply
}

func (s *Source) roundTripCost(ctx context.Context, sess *session, method string, u *url.URL, payload []byte, kind string, headers map[string]string,
	how manner,
) (answer, error) {
	if err := s.pace(ctx, how.cost); err != nil {
		return answer{}, err
	}
	reqCtx, cancel := context.WithTimeout(ctx, s.spec.Timeout)
	defer cancel()
	a, err := s.send(reqCtx, sess, method, u, payload, kind, headers, how)
	if err != nil && ctx.Err() == nil && reqCtx.Err() != nil {
		err = fmt.Errorf("no complete answer within %s", s.spec.Timeout)
	}
	return a, err
}

func (s *Source) send(ctx context.Context, sess *session, method string, u *url.URL, payload []byte, kind string, headers map[string]string, how manner,
) (answer, error) {
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return answer{}, errors.New("the address of the request is not readable")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "flightdeck")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for k, v := range s.spec.Headers {
		req.Header.Set(k, v)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	if how.sign {
		if err := s.signer.sign(req, sess); err != nil {
			return answer{}, err
		}
	}
	client := s.client
	if s.signer.auth.Cookies && sess.jar != nil {
		own := *s.client
		own.Jar = sess.jar
		client = &own
	}
	s.asked.Add(1)
	resp, err := client.Do(req)
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
	buf := bodies.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxKept {
			buf.Reset()
			bodies.Put(buf)
		}
	}()
	if n := resp.ContentLength; n > 0 && n <= maxBody {
		buf.Grow(int(n) + bytes.MinRead) // else it is doubled, and copied, as it fills
	}
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxBody+1)); err != nil {
		return answer{}, fmt.Errorf("the answer was cut short: %w", err)
	}
	if buf.Len() > maxBody {
		return answer{}, fmt.Errorf("the answer is larger than %d MB; lower page_size", maxBody>>20)
	}
	b := buf.Bytes() // nothing that is decoded points into it
	a := answer{header: resp.Header, asked: u, size: len(b)}
	a.date, _ = http.ParseTime(resp.Header.Get("Date"))
	parsed, perr := decodeRows(b, how.only, how.supply)
	if perr == nil {
		a.body = parsed
	}
	s.observe(ctx, a)
	if a.empty, err = s.classify(ctx, resp, a); err != nil {
		return answer{}, err
	}
	if perr == nil || a.empty {
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

// statusError is an answer that is no success.
type statusError struct {
	status int
	said   string
}

func (e *statusError) Error() string { return e.said }

// classify gives an answer's status, or the spec's opinion of it, its meaning; empty: it is a success without rows.
func (s *Source) classify(ctx context.Context, resp *http.Response, a answer) (empty bool, err error) {
	status := resp.StatusCode
	class := ""
	var words any
	var wait time.Duration
	headers := sync.OnceValue(func() any { return byLowerName(a.header) })
	for _, r := range s.rules {
		if r.Status != 0 && r.Status != status {
			continue
		}
		if r.when != nil {
			if a.body == nil && !strings.Contains(r.When, "$header") && !strings.Contains(r.When, "$size") {
				continue
			}
			if ok, err := r.when.one(ctx, a.body, headers(), a.size); err != nil || !truth(ok) {
				continue
			}
		}
		class, wait = r.Class, r.Wait
		words, _ = r.message.one(ctx, a.body, headers(), a.size)
		if v, err := r.after.one(ctx, a.body, headers(), a.size); err == nil && v != nil {
			wait = cmp.Or(retryAfter(nativeID(v), a.date), wait)
		}
		break
	}
	if class == "" {
		switch {
		case status == http.StatusNoContent:
			return true, nil
		case status >= 200 && status < 300:
			return false, nil
		case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
			class = "limit"
		case status == http.StatusUnauthorized:
			class = "token"
		case status == http.StatusForbidden:
			class = "denied"
		case status == http.StatusGone:
			class = "expired"
		case status == http.StatusNotFound:
			class = "missing"
		case status == http.StatusBadRequest, status == http.StatusMethodNotAllowed, status == http.StatusUnprocessableEntity:
			class = "setup"
		default:
			class = "fail"
		}
	}
	if class == "empty" {
		return true, nil
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
	st := &statusError{status, said}
	switch class {
	case "limit":
		told := retryAfter(resp.Header.Get("Retry-After"), a.date)
		if told == 0 {
			told = wait
		}
		return false, &source.RetryAfter{Wait: told, Err: st}
	case "token":
		if !s.signer.auth.obtained() {
			return false, fmt.Errorf("%w: %w; check the token", source.ErrAuth, st)
		}
		return false, fmt.Errorf("%w: %w; sign in again", errToken, st)
	case "auth":
		return false, fmt.Errorf("%w: %w; check the credential", source.ErrAuth, st)
	case "denied":
		return false, fmt.Errorf("%w: %w", source.ErrDenied, st)
	case "columns":
		return false, &columnsError{st}
	case "expired":
		return false, fmt.Errorf("%w: %w", source.ErrExpired, st)
	case "missing":
		return false, source.Setup(fmt.Errorf("%w: %w", st, errNotFound)) // it did answer: its other lists may be there
	case "setup":
		return false, source.Setup(st)
	}
	return false, st
}

// message finds the server's own words in an error body of the common shapes.
func message(body any) string {
	if list, ok := body.([]any); ok && len(list) > 0 {
		return message(list[0])
	}
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

// hide remembers a credential, or what was obtained for one, as something that no error may show.
func (s *Source) hide(secret string) {
	if secret == "" {
		return
	}
	s.hidden.Lock()
	defer s.hidden.Unlock()
	if slices.Contains(s.hidden.values, secret) {
		return
	}
	if len(s.hidden.values) >= maxHidden { // tokens that died long ago
		s.hidden.values = slices.Delete(s.hidden.values, 0, 1)
	}
	s.hidden.values = append(s.hidden.values, secret)
}

const maxHidden = 64

// conceal makes sure that an error which quotes the server or the network does not quote our credentials.
func (s *Source) conceal(err error) error {
	text := err.Error()
	clean := text
	s.hidden.Lock()
	for _, secret := range s.hidden.values {
		clean = source.Mask(strings.ReplaceAll(clean, base64.StdEncoding.EncodeToString([]byte(s.cfg.User+":"+secret)), "[credential]"), secret)
	}
	s.hidden.Unlock()
	if clean == text {
		return err
	}
	concealed := errors.New(clean)
	if ra := (*source.RetryAfter)(nil); errors.As(err, &ra) {
		said := strings.TrimSuffix(ra.Error(), ra.Err.Error()) // it will say so again
		return &source.RetryAfter{Wait: ra.Wait, Err: errors.New(strings.Replace(concealed.Error(), said, "", 1))}
	}
	var is []error
	for _, class := range []error{source.ErrAuth, source.ErrExpired, source.ErrDenied, source.ErrSetup, errToken, errNotFound, errColumns} {
		if errors.Is(err, class) {
			is = append(is, class)
		}
	}
	if len(is) > 0 {
		return &concealedError{clean, is}
	}
	return concealed
}

// concealedError keeps the classes of an error whose words had to be changed.
type concealedError struct {
	text string
	is   []error
}

func (e *concealedError) Error() string   { return e.text }
func (e *concealedError) Unwrap() []error { return e.is }
