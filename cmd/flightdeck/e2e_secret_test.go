//go:build integration

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// signIns are all ways to sign in that a connector can name, and what the configuration adds; CANARY is where the credential is named.
var signIns = []struct{ name, auth, config string }{
	{"bearer", "{kind: bearer}", `token: CANARY`},
	{"header", "{kind: header, name: x-api-key, prefix: \"key \"}", `token: CANARY`},
	{"basic", "{kind: basic}", `user: sync, token: CANARY`},
	{"query", "{kind: query, name: hapikey}", `token: CANARY`},
	{"client", "{kind: oauth2, grant: client_credentials, url: AT/token}", `vars: {client_id: app}, token: CANARY`},
	{"client_header", "{kind: oauth2, grant: client_credentials, url: AT/token, style: header}", `vars: {client_id: app}, token: CANARY`},
	{"refresh", "{kind: oauth2, grant: refresh_token, url: AT/token}", `vars: {client_id: app}, token: CANARY`},
	{"password", "{kind: oauth2, grant: password, url: AT/token}", `vars: {client_id: app}, user: sync, token: CANARY`},
	{"jwt", "{kind: oauth2, grant: jwt_bearer, url: AT/token, audience: x}", `vars: {client_id: app}, user: sync, token: PEM`},
	{"session", `{kind: session, login: [{method: POST, url: AT/login, body: '{user: $user, password: $secrets.token}', gives: {token: .token}}]}`,
		`user: sync, token: CANARY`},
}

// TestEndToEnd_EveryWayToSignIn gives a credential to every way to sign in, once by the environment and once by a file, at a server that quotes all it was
// sent in every kind of answer, also to a sign-in that went well; and then looks for it, as it is and as it travels, in the store, the logs, the reports, the
// process's arguments and all that was printed or drawn.
func TestEndToEnd_EveryWayToSignIn(t *testing.T) {
	const canary = "s3cret-canary-all-ways"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	answers := []func(w http.ResponseWriter, quoted string){
		func(w http.ResponseWriter, q string) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"message":"bad credential %s"}`, q)
		},
		func(w http.ResponseWriter, q string) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, `{"error":"%s"}`, q)
		},
		func(w http.ResponseWriter, q string) { fmt.Fprintf(w, "<html><title>%s</title></html>", q) },
		func(w http.ResponseWriter, q string) {
			fmt.Fprintf(w, `{"data":[{"id":1,"name":"x","amount":"%s"}`, q)
		},
		func(w http.ResponseWriter, q string) { w.WriteHeader(http.StatusTooManyRequests); fmt.Fprint(w, q) },
		func(w http.ResponseWriter, q string) {
			w.Header().Set("Location", "http://127.0.0.1:1/?t="+url.QueryEscape(q))
			w.WriteHeader(http.StatusFound)
		},
	}
	var mu sync.Mutex
	asked := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(req.Body)
		parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, "/"), "/", 3) // NAME/ANSWER/…
		n := int(parts[1][0] - '0')
		mu.Lock()
		asked[parts[0]]++
		mu.Unlock()
		if len(parts) > 2 && (parts[2] == "token" || parts[2] == "login") && n%2 == 0 { // every other time the sign-in goes well
			fmt.Fprint(w, `{"access_token":"`+canary+`-issued","token":"`+canary+`-issued","expires_in":3600}`)
			return
		}
		all, _ := json.Marshal(fmt.Sprintf("%v %s %s", req.Header, req.URL.RawQuery, body.String()))
		answers[n](w, strings.Trim(string(all), `"`))
	}))
	defer srv.Close()
	r := newRoom(t, "CRM_SECRET="+canary, "CRM_PEM="+private)
	conf := strings.Builder{}
	conf.WriteString("organisation: {currency: CNY, stages: [{id: lead, name: 线索}]}\nstore: {dir: s}\nsources:\n")
	secrets := filepath.Join(r.dir, "home", "secrets") // the one place where it may be
	if err := os.Mkdir(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"token": canary, "pem": private} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range signIns {
		for n := range answers {
			token, pem := `"env:CRM_SECRET"`, `"env:CRM_PEM"`
			if n%2 == 1 {
				token, pem = `"file:`+secrets+`/token"`, `"file:`+secrets+`/pem"`
			}
			at := fmt.Sprintf("/%s/%d", s.name, n)
			r.write(fmt.Sprint(s.name, n, ".yaml"), "name: fake\nverified: real server\nvars: {client_id: none}\nauth: "+strings.ReplaceAll(s.auth, "AT", at)+
				"\nstages: [{id: lead, name: 线索, kind: open}]\nstreams:\n"+
				"  - {name: deals, path: deals, rows: .data, records: [{entity: deal, fields: {id: .id, name: .name, amount: .amount}}]}\n")
			config := strings.NewReplacer("CANARY", token, "PEM", pem).Replace(s.config)
			fmt.Fprintf(&conf, "  - {id: %s%d, kind: rest, spec: ./%s%d.yaml, url: \"%s%s\", %s}\n", s.name, n, s.name, n, srv.URL, at, config)
		}
	}
	fmt.Fprintf(&conf, "  - {id: ton, kind: tryton, url: \"%s/tryton/0/\", login: sync, password: \"env:CRM_SECRET\", stages: {lead: lead, opportunity: lead, converted: lead, won: lead, lost: lead, cancelled: lead}}\n", srv.URL)
	for _, kind := range []string{"postgresql", "mysql", "sqlserver"} {
		fmt.Fprintf(&conf, "  - {id: %s, kind: %s, address: \"127.0.0.1:1\", database: crm, login: sync, password: \"env:CRM_SECRET\", streams: [{entity: deal, table: deals, fields: {id: id}}]}\n", kind, kind)
	}
	r.write("files/deals.csv", "id,amount,created\n1,12.50,2026-01-05\n")
	r.write("flightdeck.yaml", conf.String()+folder)

	// The process's arguments, seen as any user of the machine sees them.
	cmd := r.command(binary(t), "sync", "--once")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
	if err != nil {
		t.Logf("no /proc here: %v", err)
	}
	_ = cmd.Wait()
	if !regexp.MustCompile(`(?m)^files idle rows=1 `).MatchString(out.String()) {
		t.Fatalf("%s%s", out.String(), errs.String())
	}
	texts := []string{string(args), out.String(), errs.String()}
	for _, args := range [][]string{{"doctor"}, {"sources", "--json"}, {"sources"}, {"issues", "--json"}, {"sync", "resync", "bearer1"}, {"sync", "pause", "basic2"}} {
		_, out, errs := r.run(args...)
		texts = append(texts, out, errs)
	}
	s := r.start(160, 100)
	s.has("线索")
	s.press("g", "s", "down")
	s.has("数据来源", "basic0")
	s.press("enter")
	s.has("最近的同步")
	s.press("q")
	_ = s.exit()
	texts = append(texts, s.output())
	texts = append(texts, r.served(t))
	if err := os.RemoveAll(secrets); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{canary, url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte("sync:" + canary)), base64.StdEncoding.EncodeToString([]byte("app:" + canary)),
		strings.Split(private, "\n")[2]} {
		r.sweep(t, form, texts...)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, s := range signIns {
		if asked[s.name] < len(answers) {
			t.Errorf("%s: the server was asked %d times: this proved nothing", s.name, asked[s.name])
		}
	}
}

// served runs the SSH server on the room's configuration for a moment and returns its log.
func (r *room) served(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	conf, err := os.ReadFile(r.path("flightdeck.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const nobody = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEkL0q6LrVQpmyyo1gQ3YhB8pTOd8Vd0Whsc6FUoCVoZ nobody"
	r.write("serve.yaml", string(conf)+"serve:\n  listen: \""+address+"\"\n  people: [{name: nobody, keys: [\""+nobody+"\"], sees: all}]\n")
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := r.command(binary(t), "serve", "--config", "serve.yaml")
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // it reads the sources meanwhile, and its log tells of it
	_ = cmd.Process.Signal(os.Interrupt)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-ctx.Done():
		_ = cmd.Process.Kill()
	}
	if log.Len() == 0 {
		t.Error("serve logged nothing")
	}
	return log.String()
}
