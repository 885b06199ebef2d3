package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"flightdeck/store"
	"flightdeck/store/source"
)

// assertionLife is how long a signed assertion may be used; some servers refuse one of more than three minutes.
const assertionLife = 3 * time.Minute

// grant obtains a token by OAuth 2. The protocol is golang.org/x/oauth2's; when to obtain, what to trust of the answer and what a refusal means is ours.
func (g *signer) grant(ctx context.Context, sess *session) error {
	u, err := g.address(g.url, nil, sess)
	if err != nil {
		return err
	}
	if err := g.s.pace(ctx, 1); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, g.s.spec.Timeout)
	defer cancel()
	g.s.asked.Add(1)
	seen := &seenAnswer{ctx: ctx, next: g.s.client.Transport}
	client := *g.s.client
	client.Transport = seen
	tok, err := g.ask(context.WithValue(ctx, oauth2.HTTPClient, &client), u, sess)
	if err != nil {
		return g.oauthError(u, err, seen)
	}
	sess.values[giveToken] = tok.AccessToken
	g.s.hide(tok.AccessToken)
	if !tok.Expiry.IsZero() {
		sess.shorten(tok.Expiry)
	}
	if life := jwtLife(tok.AccessToken, or0(seen.date, sess.from)); life > 0 {
		sess.shorten(sess.from.Add(life))
	}
	if r := tok.RefreshToken; r != "" && r != sess.values["refresh_token"] && g.auth.Grant == "refresh_token" {
		g.rotate(r)
	}
	if len(g.gives) == 0 {
		return nil
	}
	body, err := decodeJSON(seen.body)
	if err != nil {
		return errors.New("the token's answer is not JSON")
	}
	return g.take(ctx, sess, g.gives, body, seen.date)
}

func (g *signer) ask(ctx context.Context, u *url.URL, sess *session) (*oauth2.Token, error) {
	id, _ := g.s.vars["client_id"].(string)
	secret := sess.values["client_secret"]
	style := oauth2.AuthStyleInParams
	if g.auth.Style == "header" {
		style = oauth2.AuthStyleInHeader
	}
	params := url.Values{}
	for k, v := range fill(g.params, func(n string) string { return g.s.named(n, sess) }) {
		params.Set(k, v)
	}
	cfg := oauth2.Config{ClientID: id, ClientSecret: secret, Scopes: g.auth.Scopes, Endpoint: oauth2.Endpoint{TokenURL: u.String(), AuthStyle: style}}
	switch g.auth.Grant {
	case "client_credentials":
		c := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: u.String(), Scopes: g.auth.Scopes, EndpointParams: params, AuthStyle: style}
		return c.Token(ctx)
	case "refresh_token":
		old := sess.values["refresh_token"]
		if g.rotated != "" {
			old = g.rotated
		}
		if len(params) > 0 { // the library has no place for further parameters of a refresh but the address
			q := u.Query()
			for k := range params {
				q.Set(k, params.Get(k))
			}
			u.RawQuery = q.Encode()
			cfg.Endpoint.TokenURL = u.String()
		}
		return cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: old}).Token()
	case "password":
		if len(params) > 0 {
			u.RawQuery = params.Encode()
			cfg.Endpoint.TokenURL = u.String()
		}
		return cfg.PasswordCredentialsToken(ctx, g.s.cfg.User, sess.values["password"])
	}
	audience, _ := g.audience(sess)
	c := jwt.Config{
		Email: id, Subject: g.s.cfg.User, PrivateKey: []byte(sess.values["private_key"]), TokenURL: u.String(), Scopes: g.auth.Scopes, Expires: assertionLife,
		Audience: audience,
	}
	return c.TokenSource(ctx).Token()
}

func (g *signer) audience(sess *session) (string, error) {
	t, err := parseText(g.auth.Audience, func(n string) bool { _, ok := g.s.vars[n]; return ok })
	if err != nil {
		return "", err
	}
	v, _ := t.fill(func(n string) string { return g.s.named(n, sess) })
	return v, nil
}

// rotate keeps a refresh token that replaces the one before, where the credential is kept if that is a place which can be written, else for the life of the process.
func (g *signer) rotate(token string) {
	g.rotated = token
	g.s.hide(token)
	r, ok := g.s.cfg.Secrets["refresh_token"]
	if !ok {
		r = g.s.cfg.Token
	}
	if r.IsZero() {
		return
	}
	if err := r.Replace(token); err == nil {
		g.rotated = ""
	}
}

// oauthError says what a refusal of the token's server means. Its words are kept, its body is not.
func (g *signer) oauthError(u *url.URL, err error, seen *seenAnswer) error {
	var re *oauth2.RetrieveError
	if !errors.As(err, &re) || re.Response == nil {
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err
		} else {
			err = errors.New(store.Clip(err.Error(), 200))
		}
		return fmt.Errorf("POST %s: %w", bare(u), err)
	}
	said := fmt.Sprintf("answered %s", re.Response.Status)
	var words struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(re.Body, &words) == nil && words.Error != "" {
		said += ": " + store.Clip(strings.TrimSpace(words.Error+" "+words.Description), 200)
	}
	switch c := re.Response.StatusCode; {
	case c == http.StatusTooManyRequests, c == http.StatusServiceUnavailable:
		return &source.RetryAfter{Wait: retryAfter(re.Response.Header.Get("Retry-After"), seen.date), Err: errors.New(said)}
	case c >= 500:
		return fmt.Errorf("POST %s: %s", bare(u), said)
	case c == http.StatusNotFound:
		return source.Setup(fmt.Errorf("POST %s: %s; nothing there; check url and vars", bare(u), said))
	}
	return fmt.Errorf("%w: POST %s %s; sign in again: give a %s that is valid now", source.ErrAuth, bare(u), said, strings.ReplaceAll(grantSecrets[g.auth.Grant][0], "_", " "))
}

// seenAnswer lets the library's requests end with our context, which it does not always hand on, and keeps the answer, of which it tells only a part.
type seenAnswer struct {
	ctx  context.Context //nolint:containedctx // of one request
	next http.RoundTripper
	body []byte
	date time.Time
}

// RoundTrip implements [http.RoundTripper].
func (t *seenAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.WithContext(t.ctx)
	r.Header.Set("User-Agent", "flightdeck")
	r.Header.Set("Accept", "application/json")
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.date, _ = http.ParseTime(resp.Header.Get("Date"))
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	t.body = b
	resp.Body = io.NopCloser(strings.NewReader(string(b)))
	return resp, nil
}
