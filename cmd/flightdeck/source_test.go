package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flightdeck/store"
)

// invoke runs the program and returns its exit status and what it printed.
func invoke(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &out, &errs, []string{"LANG=C.UTF-8"})
	return code, out.String(), errs.String()
}

// A system that nobody thought of: the skeleton is written, filled in, checked, looked at and read, without a line of code.
func TestSource_NewCheckPreviewSync(t *testing.T) {
	const secret = "canary-7b1e"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/v1/users":
			fmt.Fprint(w, `{"data":[{"id":"u1","name":"王强","email":"wang@example.com"}]}`)
		case "/v1/accounts":
			fmt.Fprint(w, `{"data":[{"id":"a1","name":"海川泵业","owner":{"id":"u1"}}]}`)
		case "/v1/deals":
			fmt.Fprint(w, `{"data":[{"id":"d1","name":"泵站改造\u001b[2J","account":{"id":"a1"},"owner":{"id":"u1"},"stage":"negotiation","amount":12345678901234567.89,"currency":"CNY","score":9}]}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"no right to read activities"}`)
		}
	}))
	defer srv.Close()
	dir := t.TempDir()
	t.Setenv("ACME_TOKEN", secret)
	t.Chdir(dir)
	if code, out, errs := invoke(t, "source", "new", "acme", "--dir", "."); code != 0 || !strings.Contains(out, "source check acme") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if code, _, errs := invoke(t, "source", "new", "acme", "--dir", "."); code != 1 || !strings.Contains(errs, "nothing is overwritten") {
		t.Errorf("written over: %d %s", code, errs)
	}
	file := filepath.Join(dir, "acme.yaml")
	spec, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("https://api.example.com", srv.URL, "auth: {kind: bearer}", "auth: {kind: header, name: X-Api-Key}").Replace(string(spec))
	if err := os.WriteFile(file, []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}

	code, out, errs := invoke(t, "source", "check", "acme")
	for _, want := range []string{
		"ok    acme people", "ok    acme deals  1 rows read", "without any value: deal.campaign (.campaign), deal.close (.close)", "not mapped: score",
		"fail  acme touches", "no right to read activities", "grant the configured user read access",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("check lacks %q:\n%s%s", want, out, errs)
		}
	}
	if code != 1 {
		t.Errorf("check: exit %d", code)
	}

	code, out, errs = invoke(t, "source", "preview", "acme", "deals")
	if code != 0 || !strings.Contains(out, `"score": 9`) || !strings.Contains(out, `"Name": "泵站改造[2J"`) || strings.Contains(out, "\x1b") {
		t.Errorf("preview: %d %s%s", code, out, errs)
	}
	code, out, _ = invoke(t, "source", "preview", "acme", "deals", "--json")
	var pairs []struct {
		Raw    map[string]any
		Mapped map[string]any
	}
	if err := json.Unmarshal([]byte(out), &pairs); code != 0 || err != nil || len(pairs) != 1 || pairs[0].Raw["name"] != "泵站改造\x1b[2J" || pairs[0].Mapped["Deals"] == nil {
		t.Errorf("preview --json: %d %v %s", code, err, out)
	}
	if code, _, errs = invoke(t, "source", "preview", "acme", "cats"); code != 2 || !strings.Contains(errs, "want one of [stages people accounts deals touches]") {
		t.Errorf("no such stream: %d %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "flightdeck-store")); err == nil {
		t.Error("looking made a store")
	}

	code, out, _ = invoke(t, "sync", "--once")
	if code != 1 || !strings.Contains(out, "acme ") || !strings.Contains(out, "rows=9") { // 6 stages, a person, an account and a deal; the activities are refused
		t.Errorf("sync: %d %s", code, out)
	}
	t.Setenv("ACME_TOKEN", "wrong-"+secret)
	code, out, errs = invoke(t, "source", "check")
	if code != 1 || strings.Count(out, "fail") != 1 || strings.Contains(out+errs, secret) {
		t.Errorf("a refused credential is told once and never shown: %d %s%s", code, out, errs)
	}
}

// Every kind is listed with what has checked it, in one of the four words.
func TestSource_List(t *testing.T) {
	code, out, _ := invoke(t, "source", "list", "--json")
	var all []entry
	if err := json.Unmarshal([]byte(out), &all); code != 0 || err != nil {
		t.Fatal(code, err)
	}
	words := []string{"real server", "vendor specification", "recorded shapes", "nothing"}
	var names []string
	for _, e := range all {
		if !slices.Contains(words, e.Verified) || e.About == "" || e.Streams == nil {
			t.Errorf("%+v", e)
		}
		names = append(names, e.Name)
	}
	for _, k := range kinds() {
		if !slices.Contains(names, k.Name) {
			t.Errorf("kind %s is not listed", k.Name)
		}
	}
	i := slices.IndexFunc(all, func(e entry) bool { return e.Name == "hubspot" })
	if e := all[i]; e.Kind != "rest" || e.Verified != "vendor specification" || !slices.Contains(e.Streams, store.Stream("deals")) || e.Streams[0] != "stages" {
		t.Errorf("%+v", e)
	}
	if code, out, _ = invoke(t, "source", "list"); code != 0 || !strings.Contains(out, "tryton") || !strings.Contains(out, "real server") {
		t.Error(out)
	}
}
