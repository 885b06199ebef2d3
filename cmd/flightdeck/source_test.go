package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source/rest"
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
			fmt.Fprint(w, `{"data":[{"id":"d1","name":"泵站改造\u001b[2J","account":{"id":"a1"},"owner":{"id":"u1"},"stage":"negotiation","amount":12345678901234567.89,"currency":"CNY","score":9},
				{"id":"d2","stage":"s1207"},{"id":"d3","stage":"s1209"},{"id":"d4","stage":"s1207"}]}`)
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
		"ok    acme people", "ok    acme deals  4 rows read", "cannot be read: stage s1207, s1209: unknown stage", "without any value: deal.campaign (.campaign), deal.close (.close)", "not mapped: score",
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
	if err := json.Unmarshal([]byte(out), &pairs); code != 0 || err != nil || len(pairs) != 3 || pairs[0].Raw["name"] != "泵站改造\x1b[2J" || pairs[0].Mapped["Deals"] == nil {
		t.Errorf("preview --json: %d %v %s", code, err, out)
	}
	if code, _, errs = invoke(t, "source", "preview", "acme", "cats"); code != 2 || !strings.Contains(errs, "want one of [stages people accounts deals touches]") {
		t.Errorf("no such stream: %d %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "flightdeck-store")); err == nil {
		t.Error("looking made a store")
	}

	code, out, _ = invoke(t, "sync", "--once")
	if code != 1 || !strings.Contains(out, "acme ") || !strings.Contains(out, "rows=12") { // 6 stages, a person, an account and four deals; the activities are refused
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
		if e.Name != "rest" && e.Name != "demo" && len(e.Limits) == 0 { // each has some, and who does not know them takes a gap for a fact
			t.Errorf("%s does not say what it cannot", e.Name)
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
	if code, out, _ = invoke(t, "source", "list", "wecom"); code != 0 || !strings.Contains(out, "- the organisation only") || strings.Contains(out, "hubspot") {
		t.Errorf("one of them: %d %s", code, out)
	}
	if code, _, errs := invoke(t, "source", "list", "nosuch"); code != 2 || !strings.Contains(errs, "want one of table, feed") {
		t.Errorf("none of them: %d %s", code, errs)
	}
	if code, out, _ = invoke(t, "source", "list"); code != 0 || !strings.Contains(out, "tryton") || !strings.Contains(out, "real server") {
		t.Error(out)
	}
}

// Every configuration that init prints can be checked: against a server that knows none of our paths, or where there is none, each kind says stream by stream what is wrong, shows no
// credential and does not fail itself.
func TestSource_CheckOfEveryPreset(t *testing.T) {
	const secret = "canary-9d04ff"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"message":"no %s here, %s"}`, r.URL.Path, secret)
	}))
	defer srv.Close()
	t.Chdir(t.TempDir())
	credential := regexp.MustCompile(`env:([A-Z0-9_]+)`)
	for _, p := range presets() {
		code, text, errs := invoke(t, "init", p.name)
		if code != 0 {
			t.Fatal(p.name, errs)
		}
		for _, m := range credential.FindAllStringSubmatch(text, -1) {
			t.Setenv(m[1], secret)
		}
		var conf map[string]any
		if err := yaml.Unmarshal([]byte(text), &conf); err != nil {
			t.Fatal(p.name, err)
		}
		src := conf["sources"].([]any)[0].(map[string]any)
		kind := fmt.Sprint(src["kind"])
		spec, err := rest.LoadSpec(kind)
		switch {
		case err == nil: // and all other addresses that it may ask
			src["url"] = srv.URL
			vars, _ := src["vars"].(map[string]any)
			if vars == nil {
				vars = map[string]any{}
			}
			for name, v := range spec.Vars {
				if strings.HasPrefix(v, "http") {
					vars[name] = srv.URL
				}
			}
			for name, v := range vars {
				if strings.HasPrefix(fmt.Sprint(v), "http") {
					vars[name] = srv.URL
				}
			}
			src["vars"] = vars
		case kind == "tryton" || kind == "odoo":
			src["url"] = srv.URL + "/crm/"
		case src["address"] != nil:
			src["address"] = "127.0.0.1:1" // nobody listens there
		case kind == "feed" || kind == "watch":
			continue // of these a configuration is nothing but addresses, and their packages have their tests
		}
		b, err := yaml.Marshal(conf)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("flightdeck.yaml", b, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := invoke(t, "source", "check")
		if code != 1 || !strings.HasPrefix(out, "ok    ") && !strings.HasPrefix(out, "fail  ") || !strings.Contains(out, "fail  ") || strings.Contains(out, "panic") {
			t.Errorf("%s: %d %s%s", p.name, code, out, errs)
		}
		if strings.Contains(out+errs, secret) {
			t.Errorf("%s shows the credential: %s%s", p.name, out, errs)
		}
	}
}

// A folder in which several things are wrong is told all of them at once, each once, however many streams it feeds.
func TestSource_CheckTellsAllOfAFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	files := map[string]string{
		"people.csv": "id,name\n1,李雷\n", "deals.csv": "id,title\nd1,泵站\n", "f.yaml": `store: {dir: s}
sources:
  - {id: files, kind: table, dir: ., files: [
      {file: people.csv, rows: [{entity: person, fields: {id: id, name: name}}]},
      {file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name}}]},
      {file: more-deals.csv, rows: [{entity: deal, fields: {id: id, name: name}}]},
      {file: accounts.csv, rows: [{entity: account, fields: {id: id, name: name}}]},
      {file: calls.csv, rows: [{entity: touch, fields: {id: id, at: at}}]}]}
  - {id: nowhere, kind: table, dir: no-such-folder, files: [
      {file: a.csv, rows: [{entity: account, fields: {id: id, name: name}}]}, {file: b.csv, rows: [{entity: deal, fields: {id: id, name: name}}]}]}
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := invoke(t, "source", "check", "--config", "f.yaml")
	for _, want := range []string{
		"ok    files people  1 rows read", "no file more-deals.csv; put it there", `no column "name"; the file has id, title`, "fail  files accounts", "no file accounts.csv",
		"fail  files touches", "no file calls.csv", "fail  nowhere accounts", "fail  nowhere deals  the same",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s%s", want, out, errs)
		}
	}
	if code != 1 || strings.Count(out, "no-such-folder") != 1 {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
}

// A right that is missing on one field costs that field and not the stream, and check names it; all custom fields are kept.
func TestSource_CheckNamesMissingFields(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.FormValue("q")
		switch {
		case strings.HasSuffix(r.URL.Path, "/oauth2/token"):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"00D!session","instance_url":"http://%s","token_type":"Bearer"}`, r.Host)
		case strings.HasSuffix(r.URL.Path, "/Opportunity/describe"):
			fmt.Fprint(w, `{"fields":[{"name":"Id"},{"name":"Name"},{"name":"StageName"},{"name":"IsDeleted"},{"name":"SystemModstamp"},{"name":"Budget__c","custom":true,"type":"double"}],
				"childRelationships":[{"relationshipName":"OpportunityHistories"}]}`)
		case strings.Contains(q, ",Amount,CloseDate"):
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `[{"errorCode":"INVALID_FIELD","message":"No such column 'Amount' on entity 'Opportunity'."}]`)
		case strings.Contains(q, "FROM Contact"):
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `[{"errorCode":"INVALID_TYPE","message":"sObject type 'Contact' is not supported."}]`)
		case strings.Contains(q, "FROM Opportunity "):
			fmt.Fprint(w, `{"totalSize":1,"done":true,"records":[{"Id":"006A","Name":"Pump","StageName":"A","Budget__c":17,"SystemModstamp":"2026-03-01T09:00:00.000+0000"}]}`)
		default:
			fmt.Fprint(w, `{"totalSize":0,"done":true,"records":[]}`)
		}
	}))
	defer srv.Close()
	t.Chdir(t.TempDir())
	t.Setenv("SF_SECRET", "canary-7b1e")
	conf := "organisation: {name: x, time_zone: Asia/Shanghai, currency: CNY}\nsources:\n  - {id: sf, kind: salesforce, url: " + srv.URL +
		", secrets: {client_secret: env:SF_SECRET}, vars: {client_id: app}, extra: {deals: [\"*\"]}}\n"
	if err := os.WriteFile("flightdeck.yaml", []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := invoke(t, "source", "check", "sf")
	if code != 1 || !strings.Contains(out, "fail  sf contacts") || !strings.Contains(out, "INVALID_TYPE") || !strings.Contains(out, "ok    sf deals  1 rows read") ||
		!strings.Contains(out, "not readable for this user: AccountId, OwnerId, ForecastCategory, Amount, CloseDate") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	code, out, errs = invoke(t, "source", "preview", "sf", "deals")
	if code != 0 || !strings.Contains(out, `"Budget__c": "17"`) {
		t.Errorf("%d %s%s", code, out, errs)
	}
}

// A credential that is too short to be hidden in messages is said to be so, and does not make the messages unreadable.
func TestSource_CheckWarnsOfAShortCredential(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"no right to read a page of activities"}`)
	}))
	defer srv.Close()
	t.Setenv("FLIGHTDECK_SHORT", "a")
	t.Chdir(t.TempDir())
	conf := "organisation: {stages: [{id: lead, name: 线索}]}\nsources: [{id: crm, kind: hubspot, url: \"" + srv.URL + "\", token: \"env:FLIGHTDECK_SHORT\"}]\n"
	if err := os.WriteFile("flightdeck.yaml", []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"source", "check", "crm"}, {"doctor"}} {
		_, out, errs := invoke(t, command...)
		if !strings.Contains(out, "env:FLIGHTDECK_SHORT: under six bytes") || strings.Contains(out+errs, "[credential]") || !strings.Contains(out, "read a page") {
			t.Errorf("%v: %s%s", command, out, errs)
		}
	}
}
