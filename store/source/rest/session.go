package rest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// signer signs requests. It owns the token or session that was obtained for the credentials, one for all streams.
type signer struct {
	s       *Source
	auth    *Auth
	headers []param
	query   []param
	body    *expr
	each    *expr // of kind signature: the headers of a request
	login   []login
	gives   []field // of oauth2
	url     text
	params  []param

	turn    chan struct{} // held by whoever looks at or obtains the session: the others wait for it, and nothing is asked for twice
	current *session
	refused error // the last refusal, not asked for again before pause: accounts get locked
	pause   time.Time
	rotated string // a refresh token that replaced the configured one
}

type login struct {
	*Login
	request
	gives []field
}

// session is what requests are signed with. It is not changed once it is current.
type session struct {
	values  map[string]string
	secrets map[string]any // of kind signature, whose requests are signed one by one
	base    *url.URL
	jar     http.CookieJar
	from    time.Time
	expires time.Time // zero: unknown
}

// refusedPause is how long a refused sign-in is not tried again.
const refusedPause = time.Minute

// shortest is the length from which what a login gives is taken for secret beside the token: a user's number must not make every error unreadable.
const shortest = 12

// errToken: what the request was signed with is no longer accepted.
var errToken = errors.New("the token has expired")

// give are the names with a meaning of their own among what a login gives.
const (
	giveToken, giveIn, giveAt, giveURL = "token", "expires_in", "expires_at", "url"
)

var loginVariables = []string{"$vars", "$user", "$secrets", "$session", "$now"}

var signVariables = []string{"$vars", "$user", "$secrets", "$request", "$now", "$nonce"}

func (s *Source) newSigner(a *Auth) (*signer, error) {
	g := &signer{s: s, auth: a, turn: make(chan struct{}, 1)}
	known := slices.Concat([]string{"user", giveToken, giveURL}, a.secrets())
	c := &compiler{vars: s.vars, jq: s.functions, known: known}
	if a.Kind == "oauth2" {
		g.url, g.params = c.text("auth.url", a.URL), c.query("auth.params", a.Params)
		if _, ok := s.vars["client_id"]; !ok {
			c.errs = append(c.errs, errors.New("auth: oauth2 needs the setting client_id among vars or needs"))
		}
		g.gives = c.gives("auth.gives", a.Gives)
	}
	for i := range a.Login {
		l := &a.Login[i]
		at := fmt.Sprintf("auth.login[%d]", i)
		g.login = append(g.login, login{l, request{
			method: l.Method, path: c.text(at+".url", l.URL), query: c.query(at+".query", l.Query), headers: c.query(at+".headers", l.Headers),
			form: c.query(at+".form", l.Form), body: c.expr(at+".body", l.Body, loginVariables...),
		}, c.gives(at+".gives", l.Gives)})
		c.known = slices.Concat(c.known, slices.Collect(maps.Keys(l.Gives)))
	}
	c.known = slices.Concat(c.known, slices.Collect(maps.Keys(a.Gives)))
	g.each = c.expr("auth.sign", a.Sign, signVariables...)
	headers := maps.Clone(a.Headers)
	if headers == nil && len(a.Query) == 0 && a.Body == "" && !a.Cookies {
		switch {
		case a.Kind == "header":
			headers = map[string]string{a.Name: a.Prefix + "{token}"}
		case a.Kind == "bearer", a.obtained():
			prefix := a.Prefix
			or(&prefix, "Bearer ")
			headers = map[string]string{"Authorization": prefix + "{token}"}
		}
	}
	query := maps.Clone(a.Query)
	if a.Kind == "query" {
		query = map[string]string{a.Name: a.Prefix + "{token}"}
	}
	g.headers, g.query, g.body = c.query("auth.headers", headers), c.query("auth.query", query), c.expr("auth.body", a.Body, "$vars", "$session")
	return g, errors.Join(c.errs...)
}

func (c *compiler) gives(field_ string, m map[string]string) []field {
	var all []field
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, field{k, c.expr(field_+"."+k, m[k], "$vars")})
	}
	return all
}

// session returns what to sign with, obtaining it when there is none or it is about to die. Only one caller asks the server, the others wait for it.
func (g *signer) session(ctx context.Context) (*session, error) {
	if !g.auth.obtained() {
		sess := &session{values: map[string]string{"user": g.s.cfg.User}, secrets: map[string]any{}, base: g.s.base}
		for _, name := range g.auth.secrets() {
			v, err := g.s.secret(name)
			if err != nil {
				return nil, err
			}
			if sess.secrets[name] = v; name == "" {
				sess.values[giveToken] = v
			}
		}
		return sess, nil
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-g.turn }()
	now := time.Now()
	if g.current != nil && g.current.alive(now) {
		return g.current, nil
	}
	if now.Before(g.pause) {
		return nil, g.refused
	}
	g.current = nil
	sess, err := g.signIn(ctx)
	if err != nil {
		if errors.Is(err, source.ErrAuth) {
			g.refused, g.pause = err, now.Add(refusedPause)
		}
		return nil, err
	}
	g.current, g.refused = sess, nil
	return sess, nil
}

// drop forgets a session that the server no longer accepts, unless another one took its place meanwhile.
func (g *signer) drop(ctx context.Context, sess *session) {
	select {
	case g.turn <- struct{}{}:
		if g.current == sess {
			g.current = nil
		}
		<-g.turn
	case <-ctx.Done():
	}
}

// alive tells whether a request that is sent now will still find the session accepted: five minutes, or a tenth of a short life, are left.
func (sess *session) alive(now time.Time) bool {
	return sess.expires.IsZero() || now.Before(sess.expires.Add(-min(5*time.Minute, sess.expires.Sub(sess.from)/10)))
}

func (g *signer) signIn(ctx context.Context) (*session, error) {
	secrets := map[string]any{}
	values := map[string]string{"user": g.s.cfg.User, giveURL: g.s.base.Scheme + "://" + g.s.base.Host}
	for _, name := range g.auth.secrets() {
		v, err := g.s.secret(name)
		if err != nil {
			return nil, err
		}
		secrets[name], values[name] = v, v
	}
	sess := &session{values: values, base: g.s.base, from: time.Now()}
	var err error
	if g.auth.Kind == "oauth2" {
		err = g.grant(ctx, sess)
	} else {
		err = g.logIn(ctx, sess, secrets)
	}
	for name := range secrets {
		delete(values, name) // a stream's request never carries them
	}
	if err == nil && values[giveToken] == "" && !g.auth.Cookies {
		err = fmt.Errorf("%w: the answer has no token where the connector looks for it", source.ErrAuth)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, g.s.conceal(fmt.Errorf("sign in: %w", err))
	}
	if sess.expires.IsZero() && g.auth.Lifetime > 0 {
		sess.expires = sess.from.Add(g.auth.Lifetime)
	}
	return sess, nil
}

// logIn sends the requests that begin a session.
func (g *signer) logIn(ctx context.Context, sess *session, secrets map[string]any) error {
	sess.jar, _ = cookiejar.New(nil) // fails with no options never
	for i := range g.login {
		l := &g.login[i]
		var body any
		var err error
		if l.body != nil {
			got := map[string]any{}
			for k, v := range sess.values {
				if _, secret := secrets[k]; !secret {
					got[k] = v
				}
			}
			if body, err = l.body.one(ctx, nil, g.s.vars, g.s.cfg.User, secrets, got, int(time.Now().Unix())); err != nil {
				return fmt.Errorf("login[%d].body: %w", i, errors.New("the jq fails")) // its words may quote a credential
			}
		}
		u, err := g.address(l.path, l.query, sess)
		if err != nil {
			return err
		}
		payload, kind, err := l.payload(body, func(n string) string { return g.s.named(n, sess) })
		if err != nil {
			return err
		}
		a, err := g.s.roundTrip(ctx, sess, l.method, u, payload, kind, fill(l.headers, func(n string) string { return g.s.named(n, sess) }))
		if err != nil {
			return refusal(fmt.Errorf("%s %s: %w", l.method, bare(u), err))
		}
		if err := g.take(ctx, sess, l.gives, a.body, a.date); err != nil {
			return err
		}
	}
	if g.auth.Cookies {
		for _, c := range sess.jar.Cookies(sess.base) {
			g.s.hide(c.Value)
		}
	}
	return nil
}

// refusal makes a refused sign-in what it is: somebody must sign in again. A server that answers well and says no has refused it too. Waiting and an unwell server stay
// what they are.
func refusal(err error) error {
	var ra *source.RetryAfter
	var st *statusError
	switch {
	case errors.As(err, &ra), errors.Is(err, source.ErrAuth):
		return err
	case errors.Is(err, errToken), errors.Is(err, source.ErrDenied), errors.As(err, &st) && st.status < 500 && (st.status < 300 || st.status >= 400) &&
		st.status != http.StatusNotFound && st.status != http.StatusRequestTimeout && !errors.Is(err, source.ErrSetup):
		return fmt.Errorf("%w: %w; sign in again: give a credential that is valid now", source.ErrAuth, err)
	}
	return err
}

// take reads what an answer gives into the session.
func (g *signer) take(ctx context.Context, sess *session, gives []field, body any, server time.Time) error {
	for _, f := range gives {
		v, err := f.expr.one(ctx, body, g.s.vars)
		if err != nil {
			return fmt.Errorf("gives.%s: %s", f.name, "the answer has another shape than the connector expects")
		}
		text := nativeID(v)
		if text == "" {
			continue
		}
		switch f.name {
		case giveIn:
			if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 && n < 1e9 {
				sess.shorten(sess.from.Add(time.Duration(n * float64(time.Second))))
			}
			continue
		case giveAt:
			if t, _, err := record.ParseTime(text, time.UTC); err == nil {
				sess.shorten(sess.from.Add(t.Sub(or0(server, sess.from))))
			}
			continue
		case giveURL:
			if err := g.move(sess, text); err != nil {
				return err
			}
			continue
		}
		sess.values[f.name] = text
		if f.name == giveToken || len(text) >= shortest {
			g.s.hide(text)
		}
		if f.name == giveToken {
			if life := jwtLife(text, or0(server, sess.from)); life > 0 {
				sess.shorten(sess.from.Add(life))
			}
		}
	}
	return nil
}

func or0(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// shorten takes the earlier of two ends: servers promise more than their tokens keep.
func (sess *session) shorten(end time.Time) {
	if sess.expires.IsZero() || end.Before(sess.expires) {
		sess.expires = end
	}
}

// jwtLife reads how long a token that is a JWT really lives: from its own iat, or the server's clock, to its exp. 0: it does not say.
func jwtLife(token string, server time.Time) time.Duration {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return 0
	}
	var claims struct{ Exp, Iat float64 }
	if json.Unmarshal(b, &claims) != nil || claims.Exp <= 0 || claims.Exp > 1e11 {
		return 0
	}
	from := float64(server.Unix())
	if claims.Iat > 0 && claims.Iat < claims.Exp {
		from = claims.Iat
	}
	return time.Duration((claims.Exp - from) * float64(time.Second))
}

// move makes the address that an answer names the API's, if the connector trusts its host.
func (g *signer) move(sess *session, address string) error {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the answer names an address of the API that is not readable")
	}
	local := source.Loopback(g.s.base.Hostname()) && source.Loopback(u.Hostname())
	trusted := local || strings.EqualFold(u.Host, g.s.base.Host) && u.Scheme == g.s.base.Scheme
	for _, h := range g.auth.Hosts {
		ok, _ := path.Match(strings.ToLower(h), strings.ToLower(u.Hostname()))
		trusted = trusted || ok && u.Scheme == "https" && (u.Port() == "" || u.Port() == "443")
	}
	if !trusted {
		return fmt.Errorf("the server names %s as the address of its API, which is none of the hosts that the connector trusts (%s); it was not followed",
			store.Clip(u.Scheme+"://"+u.Host, 100), strings.Join(g.auth.Hosts, ", "))
	}
	if base := g.s.base; u.Path == "" && base.Path != "" { // the configured path belongs to the API, not to the host
		u.Path = base.Path
	}
	sess.base = u
	return nil
}

// address is where a request of the sign-in goes: an address of the connector or its settings, or a path on the source's host.
func (g *signer) address(t text, query []param, sess *session) (*url.URL, error) {
	named := func(n string) string { return g.s.named(n, sess) }
	p, _ := t.fill(func(n string) string {
		if _, ok := g.s.vars[n]; ok {
			return named(n)
		}
		return url.PathEscape(named(n))
	})
	u, err := url.Parse(p)
	if err != nil {
		return nil, errors.New("the address of the sign-in is not readable; check vars")
	}
	if u.Host == "" {
		if u, err = url.Parse(sess.base.Scheme + "://" + sess.base.Host + "/" + strings.TrimLeft(p, "/")); err != nil {
			return nil, errors.New("the path of the sign-in is not readable; check vars")
		}
	}
	if u.Scheme != "https" && !g.s.cfg.PlainHTTP && !source.Loopback(u.Hostname()) {
		return nil, source.Setup(fmt.Errorf("%s would send the credential readable; use https, or set plain_http: true where the network is trusted", bare(u)))
	}
	q := u.Query()
	for k, v := range fill(query, named) {
		q.Set(k, v)
	}
	u.RawQuery = q.Encode()
	return u, nil
}

// named is the value of a name in a template of the sign-in.
func (s *Source) named(name string, sess *session) string {
	if v, ok := sess.values[name]; ok {
		return v
	}
	v, _ := s.vars[name].(string)
	return v
}

// sign puts what the session is worth on a request.
func (g *signer) sign(r *http.Request, sess *session) error {
	named := func(n string) string { return g.s.named(n, sess) }
	if g.auth.Kind == "basic" {
		r.SetBasicAuth(g.s.cfg.User, sess.values[giveToken])
	}
	for k, v := range fill(g.headers, named) {
		r.Header.Set(k, v)
	}
	if len(g.query) > 0 {
		q := r.URL.Query()
		for k, v := range fill(g.query, named) {
			q.Set(k, v)
		}
		r.URL.RawQuery = q.Encode()
	}
	if g.each == nil {
		return nil
	}
	now := time.Now()
	request := map[string]any{"method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery}
	v, err := g.each.one(r.Context(), nil, g.s.vars, g.s.cfg.User, sess.secrets, request, int(now.Unix()), strconv.FormatInt(now.UnixNano(), 10)+rand.Text()[:4])
	all, ok := v.(map[string]any)
	if err != nil || !ok {
		return errors.New("auth.sign: the jq fails, or gives no object") // its words may quote a credential
	}
	for k, v := range all {
		text := nativeID(v)
		r.Header.Set(k, text)
		if len(text) >= signature {
			g.s.hide(text) // some are good for more than one request
		}
	}
	return nil
}

// signature is the length from which a header that was made for a request is taken for a signature: no hash is shorter.
const signature = 40

// addBody adds to a JSON body what the connector signs with there.
func (g *signer) addBody(ctx context.Context, body any, sess *session) (any, error) {
	if g.body == nil {
		return body, nil
	}
	got := map[string]any{}
	for k, v := range sess.values {
		got[k] = v
	}
	v, err := g.body.one(ctx, nil, g.s.vars, got)
	more, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, errors.New("auth.body: want jq that gives an object")
	}
	m, ok := body.(map[string]any)
	if body != nil && !ok {
		return nil, errors.New("auth.body: the request's own body is not an object")
	}
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, more)
	return out, nil
}

// bare is an address as an error may show it.
func bare(u *url.URL) string { return store.Clip(u.Scheme+"://"+u.Host+u.Path, 200) }
