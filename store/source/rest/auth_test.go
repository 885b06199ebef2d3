package rest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store/source"
)

const rows = `
streams:
  - name: deals
    path: deals
    rows: .data
    records: [{entity: deal, fields: {id: .id}}]
`

// secretFile writes a credential and returns the reference to it.
func secretFile(t testing.TB, value string) (source.Secret, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s source.Secret
	if err := s.UnmarshalText([]byte("file:" + file)); err != nil {
		t.Fatal(err)
	}
	return s, file
}

// signedIn opens a source whose spec is auth and one stream; every credential is the canary.
func signedIn(t testing.TB, auth string, cfg Config, h http.HandlerFunc) *Source {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	cfg.ID, cfg.URL, cfg.Spec = "crm", srv.URL, specFile(t, "name: x\nverified: nothing\n"+auth+rows)
	if cfg.Secrets == nil && cfg.Token.IsZero() {
		cfg.Token, _ = secretFile(t, canary)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tokenServer gives tokens of a stated life and accepts the last one only.
type tokenServer struct {
	mu      sync.Mutex
	given   int
	asked   int
	refuse  bool
	last    string
	forms   []string
	expires string // members of the token's answer beside the token
	jwt     func() string
	slow    time.Duration
}

func (s *tokenServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/token") {
		time.Sleep(s.slow)
		b, _ := io.ReadAll(r.Body)
		s.forms = append(s.forms, string(b))
		s.given++
		if s.refuse {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"the refresh token %s is spent"}`, canary)
			return
		}
		s.last = fmt.Sprintf("token-%d-of-the-server", s.given)
		if s.jwt != nil {
			s.last = s.jwt()
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"%s}`, s.last, s.expires)
		return
	}
	s.asked++
	if r.Header.Get("Authorization") != "Bearer "+s.last || s.last == "" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"message":"%s is dead"}`, s.last)
		return
	}
	_, _ = w.Write([]byte(`{"data":[{"id":1}]}`))
}

const oauthSpec = "vars: {client_id: app}\nauth: {kind: oauth2, grant: client_credentials, url: /oauth/token}\n"

func fetchDeals(t testing.TB, s *Source) error {
	t.Helper()
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err == nil && len(p.Deals) != 1 {
		t.Fatalf("%d deals", len(p.Deals))
	}
	return err
}

func TestOAuth_Grants(t *testing.T) {
	for _, tt := range []struct{ auth, want string }{
		{"{kind: oauth2, grant: client_credentials, url: /oauth/token, scopes: [a, b], params: {resource: \"{client_id}/x\"}}",
			"client_id=app&client_secret=" + canary + "&grant_type=client_credentials&resource=app%2Fx&scope=a+b"},
		{"{kind: oauth2, grant: refresh_token, url: /oauth/token}", "client_id=app&grant_type=refresh_token&refresh_token=" + canary},
		{"{kind: oauth2, grant: password, url: /oauth/token}", "client_id=app&grant_type=password&password=" + canary + "&username=me"},
	} {
		srv := &tokenServer{expires: `,"expires_in":3600`}
		s := signedIn(t, "vars: {client_id: app}\nauth: "+tt.auth+"\n", Config{User: "me"}, srv.serve)
		for range 3 {
			if err := fetchDeals(t, s); err != nil {
				t.Fatal(err)
			}
		}
		if len(srv.forms) != 1 || srv.forms[0] != tt.want {
			t.Errorf("%s: asked with %q, want once %q", tt.auth, srv.forms, tt.want)
		}
	}
}

// Streams that find no token at the same time ask for one, not for one each.
func TestOAuth_OneRefreshForAll(t *testing.T) {
	srv := &tokenServer{expires: `,"expires_in":3600`, slow: 20 * time.Millisecond}
	s := signedIn(t, oauthSpec, Config{}, srv.serve)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := fetchDeals(t, s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if srv.given != 1 {
		t.Errorf("%d tokens were obtained, want one", srv.given)
	}
}

// A token is renewed before its end, and at once when it dies before the end that was promised; that is not the end of the pass.
func TestOAuth_DiesEarly(t *testing.T) {
	srv := &tokenServer{expires: `,"expires_in":3600`}
	s := signedIn(t, oauthSpec, Config{}, srv.serve)
	if err := fetchDeals(t, s); err != nil {
		t.Fatal(err)
	}
	srv.last = "another one"
	if err := fetchDeals(t, s); err != nil || srv.given != 2 {
		t.Errorf("after its death: %v, %d tokens", err, srv.given)
	}
	s.signer.current.from, s.signer.current.expires = time.Now().Add(-55*time.Minute), time.Now().Add(4*time.Minute)
	if err := fetchDeals(t, s); err != nil || srv.given != 3 {
		t.Errorf("four minutes before its end: %v, %d tokens", err, srv.given)
	}
	if err := fetchDeals(t, s); err != nil || srv.given != 3 {
		t.Errorf("a fresh one: %v, %d tokens", err, srv.given)
	}
}

// A JWT knows its own end better than expires_in, also by a server's clock that is wrong.
func TestOAuth_LiesAboutExpiry(t *testing.T) {
	jwt := func(iat, exp time.Time) string {
		b, _ := json.Marshal(map[string]any{"iat": iat.Unix(), "exp": exp.Unix()})
		return "e30." + base64.RawURLEncoding.EncodeToString(b) + ".c2ln"
	}
	skewed := time.Now().Add(10 * time.Minute)
	srv := &tokenServer{expires: `,"expires_in":3600`, jwt: func() string { return jwt(skewed, skewed.Add(100*time.Second)) }}
	s := signedIn(t, oauthSpec, Config{}, srv.serve)
	if err := fetchDeals(t, s); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(s.signer.current.expires); left < 90*time.Second || left > 101*time.Second {
		t.Errorf("the token is taken to live for %v, want 100 s", left)
	}
}

// A server that accepts no token at all is not asked in a loop, and a refused sign-in not again and again.
func TestOAuth_NeverLoops(t *testing.T) {
	srv := &tokenServer{expires: `,"expires_in":3600`}
	dead := signedIn(t, oauthSpec, Config{}, func(w http.ResponseWriter, r *http.Request) {
		srv.serve(w, r)
		srv.mu.Lock()
		srv.last = "never the one that was given"
		srv.mu.Unlock()
	})
	err := fetchDeals(t, dead)
	if !errors.Is(err, source.ErrAuth) || srv.given != 2 || srv.asked != 2 {
		t.Errorf("got %v after %d tokens and %d requests; want two of each", err, srv.given, srv.asked)
	}
	if strings.Contains(err.Error(), "of-the-server") {
		t.Errorf("the token is in the error: %v", err)
	}

	refusing := &tokenServer{refuse: true}
	s := signedIn(t, oauthSpec, Config{}, refusing.serve)
	for range 5 {
		err = fetchDeals(t, s)
		if !errors.Is(err, source.ErrAuth) || !strings.Contains(err.Error(), "sign in again") || strings.Contains(err.Error(), canary) {
			t.Errorf("got %v", err)
		}
	}
	if refusing.given != 1 || refusing.asked != 0 {
		t.Errorf("the sign-in was tried %d times within a minute, the data %d times", refusing.given, refusing.asked)
	}
}

func TestOAuth_UnwellServer(t *testing.T) {
	for status, check := range map[int]func(error) bool{
		429: func(err error) bool {
			ra := (*source.RetryAfter)(nil)
			return errors.As(err, &ra) && ra.Wait == 9*time.Second
		},
		500: func(err error) bool { return err != nil && !errors.Is(err, source.ErrAuth) },
		404: func(err error) bool { return errors.Is(err, source.ErrSetup) },
	} {
		s := signedIn(t, oauthSpec, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(status)
		})
		if err := fetchDeals(t, s); !check(err) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// A refresh token that may be used once is replaced where it is kept.
func TestOAuth_RotatedRefreshToken(t *testing.T) {
	srv := &tokenServer{expires: `,"expires_in":1,"refresh_token":"the-second-refresh-token"`}
	token, file := secretFile(t, "the-first-refresh-token")
	s := signedIn(t, "vars: {client_id: app}\nauth: {kind: oauth2, grant: refresh_token, url: /oauth/token}\n",
		Config{Secrets: map[string]source.Secret{"refresh_token": token}}, srv.serve)
	if err := fetchDeals(t, s); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(b)) != "the-second-refresh-token" {
		t.Errorf("the file has %q, %v", b, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	s.signer.current = nil
	if err := fetchDeals(t, s); err != nil || !strings.Contains(srv.forms[1], "the-second-refresh-token") {
		t.Errorf("%v, asked with %q", err, srv.forms)
	}
}

const instanceSpec = `vars: {client_id: app}
auth: {kind: oauth2, grant: client_credentials, url: /oauth/token, gives: {url: .instance_url}, hosts: ["*.salesforce.com"]}
`

// The address in the token's answer becomes the API's, unless it is a host that the connector does not trust.
func TestOAuth_InstanceURL(t *testing.T) {
	srv := &tokenServer{}
	var host string
	instance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host = r.Host
		srv.serve(w, r)
	}))
	defer instance.Close()
	srv.expires = `,"instance_url":"` + instance.URL + `"`
	s := signedIn(t, instanceSpec, Config{}, srv.serve)
	if err := fetchDeals(t, s); err != nil || "http://"+host != instance.URL {
		t.Errorf("%v, asked %s, want %s", err, host, instance.URL)
	}
	for address, ok := range map[string]bool{
		"https://acme.my.salesforce.com": true, "https://acme.my.salesforce.com.evil.example": false, "http://acme.my.salesforce.com": false,
		"https://me@acme.my.salesforce.com": false, "https://evil.example/?x=.salesforce.com": false, "https://acme.my.salesforce.com:8443": false,
	} {
		sess := &session{base: s.base}
		if err := s.signer.move(sess, address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestOAuth_JWTBearer(t *testing.T) {
	srv := &tokenServer{}
	key, _ := secretFile(t, testKey(t))
	s := signedIn(t, "vars: {client_id: app, login: \"https://login.example.com\"}\nauth: {kind: oauth2, grant: jwt_bearer, url: /oauth/token, audience: \"{login}\"}\n",
		Config{User: "sync@example.com", Secrets: map[string]source.Secret{"private_key": key}}, srv.serve)
	if err := fetchDeals(t, s); err != nil {
		t.Fatal(err)
	}
	_, assertion, _ := strings.Cut(srv.forms[0], "assertion=")
	assertion, _, _ = strings.Cut(assertion, "&")
	b, _ := base64.RawURLEncoding.DecodeString(strings.Split(assertion, ".")[1])
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	if err := json.Unmarshal(b, &claims); err != nil || claims.Iss != "app" || claims.Sub != "sync@example.com" || claims.Aud != "https://login.example.com" ||
		time.Until(time.Unix(claims.Exp, 0)) > assertionLife {
		t.Errorf("claims %s, %v", b, err)
	}
}

// WeCom's way: a GET gives the token, requests carry it in the query, and a 200 says that it has died.
const wecomSpec = `vars: {corp: ww1}
errors:
  - {when: '.errcode == 42001 or .errcode == 40014', class: token, message: .errmsg}
  - {when: '.errcode == 40001', class: auth, message: .errmsg}
  - {when: '(.errcode // 0) != 0', class: fail, message: .errmsg}
auth:
  kind: session
  secrets: {app_secret: the app's secret}
  login:
    - {url: /cgi-bin/gettoken, query: {corpid: "{corp}", corpsecret: "{app_secret}"}, gives: {token: .access_token, expires_in: .expires_in}}
  query: {access_token: "{token}"}
`

func TestSession_TokenInQuery(t *testing.T) {
	given, dead := 0, "T1"
	s := signedIn(t, wecomSpec, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/gettoken" {
			if r.FormValue("corpid") != "ww1" || r.FormValue("corpsecret") != canary {
				_, _ = w.Write([]byte(`{"errcode":40001,"errmsg":"invalid credential ` + canary + `"}`))
				return
			}
			given++
			fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","access_token":"T%d","expires_in":7200}`, given)
			return
		}
		if tok := r.FormValue("access_token"); tok == dead || tok == "" {
			_, _ = w.Write([]byte(`{"errcode":42001,"errmsg":"access_token expired"}`))
			return
		}
		_, _ = w.Write([]byte(`{"errcode":0,"data":[{"id":1}]}`))
	})
	if err := fetchDeals(t, s); err != nil || given != 2 {
		t.Errorf("%v, %d tokens; want a second one in place of the dead first", err, given)
	}
	wrong, _ := secretFile(t, "not the secret")
	refused := signedIn(t, wecomSpec, Config{Token: wrong}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"errcode":40001,"errmsg":"invalid credential, not the secret"}`))
	})
	if err := fetchDeals(t, refused); !errors.Is(err, source.ErrAuth) || strings.Contains(err.Error(), "not the secret") {
		t.Errorf("got %v", err)
	}
}

// Fxiaoke's way: a token, then with it who we are; both go into every body.
func TestSession_TokenInBody(t *testing.T) {
	var got map[string]any
	s := signedIn(t, `vars: {app_id: FSAID, mobile: "13800000000"}
auth:
  kind: session
  secrets: {app_secret: the app's secret, permanent_code: the permanent code}
  login:
    - {url: /cgi/corpAccessToken/get/V2, body: '{appId: $vars.app_id, appSecret: $secrets.app_secret, permanentCode: $secrets.permanent_code}',
       gives: {token: .corpAccessToken, corp: .corpId, expires_in: .expiresIn}}
    - {url: /cgi/user/getByMobile, body: '{corpAccessToken: $session.token, corpId: $session.corp, mobile: $vars.mobile}', gives: {openuser: ".empList[0].openUserId"}}
  body: '{corpAccessToken: $session.token, corpId: $session.corp, currentOpenUserId: $session.openuser}'
`, Config{Secrets: map[string]source.Secret{"app_secret": fileRef(t, "app-secret-value"), "permanent_code": fileRef(t, "permanent-code-value")}},
		func(w http.ResponseWriter, r *http.Request) {
			got = nil
			_ = json.NewDecoder(r.Body).Decode(&got)
			switch r.URL.Path {
			case "/cgi/corpAccessToken/get/V2":
				if got["appSecret"] != "app-secret-value" || got["permanentCode"] != "permanent-code-value" {
					t.Errorf("login body %v", got)
				}
				_, _ = w.Write([]byte(`{"corpAccessToken":"CAT","corpId":"FSCID","expiresIn":7200}`))
			case "/cgi/user/getByMobile":
				_, _ = w.Write([]byte(`{"empList":[{"openUserId":"FSUID_1"}]}`))
			default:
				_, _ = w.Write([]byte(`{"data":[{"id":1}]}`))
			}
		})
	s.streams[0].parts[0].method = "POST"
	if err := fetchDeals(t, s); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "map[corpAccessToken:CAT corpId:FSCID currentOpenUserId:FSUID_1]" {
		t.Errorf("body %v", got)
	}
}

func fileRef(t testing.TB, v string) source.Secret {
	s, _ := secretFile(t, v)
	return s
}

// Kingdee's way: the session is a cookie, and its loss is told inside a 200.
func TestSession_Cookie(t *testing.T) {
	logins := 0
	s := signedIn(t, `errors:
  - {when: '.LoginResultType != null and .LoginResultType != 1', class: auth, message: .Message}
  - {when: '.lost', class: token}
auth:
  kind: session
  cookies: true
  secrets: {password: the user's password}
  login: [{url: /login, body: '{username: $user, password: $secrets.password}'}]
`, Config{User: "sync"}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			logins++
			http.SetCookie(w, &http.Cookie{Name: "kdservice-sessionid", Value: fmt.Sprintf("session-%d", logins), Path: "/"})
			_, _ = w.Write([]byte(`{"LoginResultType":1}`))
			return
		}
		c, err := r.Cookie("kdservice-sessionid")
		if err != nil || c.Value != "session-2" {
			_, _ = w.Write([]byte(`{"lost":true}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"id":1}]}`))
	})
	if err := fetchDeals(t, s); err != nil || logins != 2 {
		t.Errorf("%v after %d logins", err, logins)
	}
}

// One of several ways to sign in is chosen by the configuration; what it lacks is told by name.
func TestAuths_Choice(t *testing.T) {
	spec := specFile(t, `name: x
verified: nothing
url: https://x
auths:
  - {id: token, kind: header, name: X-Token}
  - {id: oauth, kind: oauth2, grant: refresh_token, url: "{login}/token", secrets: {client_secret: the app's secret}, needs: {client_id: the app's id, login: where people sign in}}
`+rows)
	tok := fileRef(t, canary)
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"first", Config{Token: tok}, ""},
		{"unknown", Config{Auth: "saml", Token: tok}, `auth: "saml" is unknown: want one of token, oauth`},
		{"nothing given", Config{Auth: "oauth"}, "secrets.client_secret: missing: the app's secret; give env:NAME"},
		{"setting", Config{Auth: "oauth"}, "vars.client_id: missing: the app's id"},
		{"http", Config{Auth: "oauth", Vars: map[string]string{"login": "http://login.example.com"}}, "vars.login: http would send the credential readable"},
		{"unknown secret", Config{Token: tok, Secrets: map[string]source.Secret{"pin": tok}}, "secrets.pin: unknown"},
		{"all", Config{Auth: "oauth", Secrets: map[string]source.Secret{"client_secret": tok, "refresh_token": tok},
			Vars: map[string]string{"client_id": "a", "login": "https://login.example.com"}}, ""},
	} {
		tt.cfg.ID, tt.cfg.Spec = "a", spec
		if _, err := New(tt.cfg); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

// testKey is made for each run: no private key stands in the repository, not even a worthless one.
func testKey(t testing.TB) string {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
}
