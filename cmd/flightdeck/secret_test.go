package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zalando/go-keyring"

	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
	"flightdeck/tui/tuitest"
)

// Credentials out of the keyring, and one that the server puts in the place of another and that goes back there, at a server that quotes all it was sent: they are in no
// file, nor in anything that is printed. (TestEndToEnd_EveryWayToSignIn does so for environment and files, with the real process.)
func TestSecret_KeyringStaysOut(t *testing.T) {
	const canary, rotated, issued = "s3cret-canary-in-the-ring", "s3cret-canary-rotated", "s3cret-canary-issued"
	keyring.MockInit()
	for user, v := range map[string]string{"crm": canary, "refresh": canary + "-refresh"} {
		if err := keyring.Set("flightdeck", user, v); err != nil {
			t.Fatal(err)
		}
	}
	var asked, signedIn atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		if strings.HasSuffix(r.URL.Path, "/token") {
			signedIn.Add(1)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"expires_in":3600}`, issued, rotated)
			return
		}
		asked.Add(1)
		quoted, _ := json.Marshal(fmt.Sprintf("%v %s %s", r.Header, r.URL.RawQuery, body.String()))
		switch {
		case strings.Contains(r.URL.Path, "/403/"):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"message":%s}`, quoted)
		case strings.Contains(r.URL.Path, "/429/"):
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprintf(w, `{"message":%s}`, quoted)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":{"message":%s}}`, quoted)
		}
	}))
	defer srv.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	spec := "name: fake\nverified: real server\nauth: AUTH\nvars: {client_id: app}\nstages: [{id: lead, name: 线索, kind: open}]\nstreams:\n" +
		"  - {name: deals, path: deals, rows: .data, records: [{entity: deal, fields: {id: .id, name: .name}}]}\n"
	conf := "organisation: {stages: [{id: lead, name: 线索}]}\nstore: {dir: s}\nsources:\n"
	for _, n := range []string{"403", "429", "401"} {
		conf += fmt.Sprintf("  - {id: ring%s, kind: rest, spec: ./ring.yaml, url: \"%s/%s/\", token: \"keyring:flightdeck/crm\"}\n", n, srv.URL, n)
		conf += fmt.Sprintf("  - {id: refresh%s, kind: rest, spec: ./refresh%s.yaml, url: \"%s/%s/\", token: \"keyring:flightdeck/refresh\"}\n", n, n, srv.URL, n)
		conf += fmt.Sprintf("  - {id: ton%s, kind: tryton, url: \"%s/%s/crm/\", login: sync, password: \"keyring:flightdeck/crm\", stages: {lead: lead, opportunity: lead, converted: lead, won: lead, lost: lead, cancelled: lead}}\n", n, srv.URL, n)
	}
	files := map[string]string{"f.yaml": conf, "ring.yaml": strings.Replace(spec, "AUTH", "{kind: bearer}", 1)}
	for _, n := range []string{"403", "429", "401"} {
		files["refresh"+n+".yaml"] = strings.Replace(spec, "AUTH", "{kind: oauth2, grant: refresh_token, url: /"+n+"/token}", 1)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var texts strings.Builder
	for _, args := range [][]string{
		{"source", "check"}, {"source", "preview", "ring401", "deals"}, {"sync", "--once"}, {"doctor"}, {"sources"}, {"sources", "--json"}, {"issues", "--json"}, {"funnel", "--json"},
	} {
		_, out, errs := invoke(t, append(args, "--config", "f.yaml")...)
		texts.WriteString(out + errs)
	}
	if asked.Load() < 9 || signedIn.Load() < 3 {
		t.Errorf("asked %d times, signed in %d times: this proved nothing\n%s", asked.Load(), signedIn.Load(), texts.String())
	}
	if v, err := keyring.Get("flightdeck", "refresh"); err != nil || v != rotated {
		t.Errorf("the credential that took the place of the first stands in the keyring as %q, %v", v, err)
	}
	seen := 0
	look := func(what string, text []byte) {
		seen++
		for _, secret := range []string{canary, rotated, issued} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s has the credential %s", what, secret)
			}
		}
	}
	look("what was printed", []byte(texts.String()))
	look("the screen", []byte(screens(t)))
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		look(path, b)
		return err
	}); err != nil || seen < 8 {
		t.Errorf("%d places, %v", seen, err)
	}
}

// screens draws the panes that tell of sources on the store in the folder s, with every source opened in turn.
func screens(t *testing.T) string {
	t.Helper()
	in := &invocation{configPath: "f.yaml", stdout: io.Discard, stderr: io.Discard, environ: []string{"LANG=C.UTF-8"}}
	cfg, err := in.load()
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.look(t.Context(), cfg, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	h := in.host(t.Context(), a, slog.New(slog.DiscardHandler))
	<-h.ready
	var out strings.Builder
	for _, kind := range []pane.Kind{pane.Sources, pane.Issues} {
		m, err := h.shell(session{ctx: h.ctx, viewer: sshd.Viewer{Local: true}, locale: locale.New(locale.English), profile: colorprofile.Ascii, start: pane.Place{Kind: kind}})
		if err != nil {
			t.Fatal(err)
		}
		d := tuitest.Start(t, m, 200, 50)
		out.WriteString(d.View())
		for range cfg.Sources {
			d.Keys("enter")
			out.WriteString(d.View())
			d.Keys("esc", "down")
		}
	}
	if !strings.Contains(out.String(), "ring403") || !strings.Contains(out.String(), "Bearer ***") {
		t.Errorf("the screens show no error that had a credential: this proved nothing\n%s", out.String())
	}
	if err := errors.Join(h.stop(), a.Close()); err != nil {
		t.Error(err)
	}
	return out.String()
}

// A credential cannot be given where every user of the machine can read it: no command has a flag for one, and no program is started that could be given one.
func TestSecret_NoFlagForOne(t *testing.T) {
	var walk func(c *cobra.Command)
	seen := 0
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			seen++
			if secretName.MatchString(f.Name) {
				t.Errorf("%s --%s", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&invocation{stdout: io.Discard, stderr: io.Discard}).root())
	if seen < 20 {
		t.Errorf("%d flags: this proved nothing", seen)
	}
}

var secretName = regexp.MustCompile(`(?i)token|secret|passw|pwd|key|credential|auth`)
