package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

const tinySpec = `
name: tiny
verified: nothing
vars: {version: v1}
auth: {kind: bearer}
errors:
  - {status: 403, when: '.code == "LIMIT"', class: limit}
  - {status: 200, when: '.errcode != null and .errcode != 0', class: fail, message: .errmsg}
streams:
  - name: deals
    path: "{version}/deals"
    query: {after: "{token}", limit: "{limit}"}
    rows: .data
    pager: {kind: token, next: .next}
    records:
      - entity: deal
        fields: {id: .id, name: .name, amount: .amount, currency: .currency}
`

// specFile writes a connector for a test.
func specFile(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func tiny(t testing.TB, spec string, h http.HandlerFunc) *Source {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s, err := New(Config{ID: "crm", Spec: specFile(t, spec), URL: srv.URL, Currency: "CNY", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func TestNew_BadConfig(t *testing.T) {
	spec := specFile(t, tinySpec)
	cred := func() (string, error) { return "x", nil }
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"unknown spec", Config{ID: "a", Spec: "salesfarce", URL: "https://x", Credential: cred}, "want one of"},
		{"missing file", Config{ID: "a", Spec: "./nowhere.yaml", URL: "https://x", Credential: cred}, "nowhere.yaml"},
		{"no url", Config{ID: "a", Spec: spec, Credential: cred}, "url: missing"},
		{"credential over plain http", Config{ID: "a", Spec: spec, URL: "http://crm.example.com", Credential: cred}, "plain_http: true"},
		{"url without scheme", Config{ID: "a", Spec: spec, URL: "crm.example.com", Credential: cred}, "http:// or https://"},
		{"password in url", Config{ID: "a", Spec: spec, URL: "https://me:hunter2@x", Credential: cred}, "token: env:NAME"},
		{"no token", Config{ID: "a", Spec: spec, URL: "https://x"}, "token: missing"},
		{"no id", Config{Spec: spec, URL: "https://x", Credential: cred}, "id: want a name"},
		{"currency", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, Currency: "yuan"}, "ISO 4217"},
		{"time zone", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, TimeZone: "Peking"}, "Asia/Shanghai"},
		{"var", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, Vars: map[string]string{"prefix": "a"}}, "want one of version"},
		{"stream", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, Streams: []string{"cats"}}, "want some of deals"},
		{"stage kind", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, Stages: []Stage{{ID: "l", Kind: "maybe"}}}, "open, won, lost"},
		{"stage value", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, Stages: []Stage{{ID: "l", Kind: "open"}},
			StageValues: map[string]string{"v": "nope"}}, `stage "nope" is unknown: want one of l`},
		{"page size", Config{ID: "a", Spec: spec, URL: "https://x", Credential: cred, PageSize: -1}, "page_size"},
	} {
		_, err := New(tt.cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats a password: %v", tt.name, err)
		}
	}
}

func TestNew_BadSpec(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"unknown key", "rows: .data", "rowz: .data", `.yaml:13:5: unknown field "rowz"`},
		{"unknown field", "name: .name", "titel: .name", `deal has no field "titel": want one of id, name`},
		{"unknown entity", "entity: deal", "entity: cat", "want one of account"},
		{"no id", "id: .id, ", "", `deal needs the field "id"`},
		{"unknown placeholder", `"{token}"`, `"{tokn}"`, "{tokn} is unknown"},
		{"bad jq", ".name,", ".name | nofunction,", "nofunction"},
		{"pager", "kind: token", "kind: cursor", "none, token, offset, page, link, key"},
		{"next", ", next: .next", "", "pager.next: missing"},
		{"verified", "verified: nothing", "verified: yes", "vendor specification"},
		{"auth", "kind: bearer", "kind: oauth9", "none, bearer, header, basic, query, oauth2, session"},
		{"class", "class: limit", "class: bad", "limit, auth, token, denied, expired, columns, missing, empty, setup, fail"},
		{"reserved var", "version: v1", "token: v1", "taken by the engine"},
		{"a word of ours", "currency: .currency}", "currency: .currency}\n        values: {category: {HOT: hot}}", `values.category.HOT: parse forecast category "hot": want one of`},
		{"jq without quotes", "amount: .amount", `amount: .a | gsub(","; "")`, "stands between quotes"},
		{"not yaml", "name: tiny", "name: [tiny", "spec"},
	} {
		spec := strings.Replace(tinySpec, tt.old, tt.new, 1)
		if spec == tinySpec {
			t.Fatalf("%s: nothing replaced", tt.name)
		}
		_, err := New(Config{ID: "a", Spec: specFile(t, spec), URL: "https://x", Credential: func() (string, error) { return "x", nil }})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

func TestFetch_ExactAmounts(t *testing.T) {
	for _, fields := range []string{"amount: .amount", "amount: '.amount | select(. != null)'"} { // direct and through gojq
		s := tiny(t, strings.Replace(tinySpec, "amount: .amount", fields, 1), say(
			`{"data":[{"id":1,"amount":12345678901234567.89},{"id":2,"amount":"90071992547409.93","currency":"USD"},{"id":3,"amount":0.1},{"id":4,"amount":1e3}]}`))
		p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range p.Deals {
			got = append(got, d.Amount.String())
		}
		want := []string{"12345678901234567.89 CNY", "90071992547409.93 USD", "0.10 CNY", "1000.00 CNY"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", fields, got, want)
		}
	}
}

func TestFetch_Waiting(t *testing.T) {
	date := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status int
		header string
		body   string
		want   time.Duration
	}{
		{429, "7", "{}", 7 * time.Second},
		{429, "", "<html>", 0},
		{429, "0.5", "{}", 500 * time.Millisecond},
		{429, "99999999999999999999", "{}", time.Hour},
		{429, "1e400", "{}", 0},
		{429, "-5", "{}", 0},
		{429, "soon", "{}", 0},
		{503, date.Add(90 * time.Second).Format(http.TimeFormat), "", 90 * time.Second}, // by the server's own clock
		{503, date.Add(-time.Minute).Format(http.TimeFormat), "", 0},
		{503, date.AddDate(50, 0, 0).Format(http.TimeFormat), "", time.Hour},
		{403, "3", `{"code":"LIMIT"}`, 3 * time.Second}, // the spec says so
	} {
		s := tiny(t, tinySpec, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date.Format(http.TimeFormat))
			w.Header().Set("Retry-After", tt.header)
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		})
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		var ra *source.RetryAfter
		if !errors.As(err, &ra) || ra.Wait != tt.want {
			t.Errorf("%d %q: got %v, want to wait %v", tt.status, tt.header, err, tt.want)
		}
	}
}

// What an answer means is the connector's to say: each class has its error, whatever the status.
func TestFetch_Classes(t *testing.T) {
	spec := strings.Replace(tinySpec, "errors:", `errors:
  - {status: 400, when: '.code == "INVALID_QUERY_LOCATOR"', class: expired}
  - {status: 500, when: '.code == "SESSION"', class: token}
  - {status: 304, class: empty}
  - {when: '.errcode == 45009', class: limit, wait: 1m, message: .errmsg}
  - {when: '.errcode == 60011', class: denied}
  - {when: '.errcode == 40013', class: setup, message: .errmsg}
  - {when: '.errcode == 404', class: missing}`, 1)
	wait := func(d time.Duration) func(error) bool {
		return func(err error) bool { ra := (*source.RetryAfter)(nil); return errors.As(err, &ra) && ra.Wait == d }
	}
	is := func(class error) func(error) bool { return func(err error) bool { return errors.Is(err, class) } }
	for _, tt := range []struct {
		status        int
		body, retry   string
		right         func(error) bool
		sameAsNothing bool
	}{
		{400, `{"code":"INVALID_QUERY_LOCATOR"}`, "", is(source.ErrExpired), false},
		{500, `{"code":"SESSION"}`, "", is(source.ErrAuth), false}, // a credential as it is cannot be obtained anew
		{200, `{"errcode":45009,"errmsg":"freq"}`, "", wait(time.Minute), false},
		{200, `{"errcode":45009,"errmsg":"freq"}`, "5", wait(5 * time.Second), false},
		{200, `{"errcode":60011}`, "", is(source.ErrDenied), false},
		{200, `{"errcode":40013,"errmsg":"invalid corpid"}`, "", is(source.ErrSetup), false},
		{200, `{"errcode":404}`, "", is(errNotFound), false},
		// A server that says no to one list is well: its other lists are asked, and the same question is not put to it again at once.
		{404, ``, "", is(source.ErrSetup), false},
		{404, `{"message":"no route"}`, "", is(errNotFound), false},
		{400, `{"message":"no such property"}`, "", is(source.ErrSetup), false},
		{405, ``, "", is(source.ErrSetup), false},
		{422, `{"message":"no such view"}`, "", is(source.ErrSetup), false},
		{500, ``, "", func(err error) bool { return !errors.Is(err, source.ErrSetup) }, false},
		{408, ``, "", func(err error) bool { return !errors.Is(err, source.ErrSetup) }, false},
		{304, ``, "", nil, true},
		{204, ``, "", nil, true},
	} {
		s := tiny(t, spec, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tt.retry)
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		})
		p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if tt.sameAsNothing {
			if err != nil || p.More || p.Len() != 0 {
				t.Errorf("%d: %v, %d records, More %v; want an empty pass", tt.status, err, p.Len(), p.More)
			}
		} else if err == nil || !tt.right(err) {
			t.Errorf("%d %s: %v", tt.status, tt.body, err)
		}
	}
}

func TestFetch_BadAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		class      error
		want       string
	}{
		{"html", "\ufeff <html>", 200, nil, "HTML page instead of JSON"},
		{"empty", "", 200, nil, "empty answer"},
		{"cut", `{"data":[{"id":1`, 200, nil, "cut short"},
		{"trailing", `{"data":[]} x`, 200, nil, "not JSON"},
		{"text", `hello`, 200, nil, "not JSON"},
		{"list instead of object", `[]`, 200, nil, "another shape"},
		{"an error sent as a success", `{"error":"quota used up"}`, 200, nil, "another shape"},
		{"object instead of list", `{"data":{"a":1}}`, 200, nil, "another shape"},
		{"a 200 that is an error", `{"errcode":40001,"errmsg":"invalid \u001b[31mcredential"}`, 200, nil, "answered 200 OK: invalid [31mcredential"},
		{"403", `{"code":"OTHER"}`, 403, source.ErrDenied, "403"},
		{"401", `{"error":{"message":"bad token ` + canary + `"}}`, 401, source.ErrAuth, "bad token [credential]"},
		{"410", ``, 410, source.ErrExpired, "410"},
		{"404", `{}`, 404, nil, "check url and vars"},
		{"deep", strings.Repeat("[", 20000), 200, nil, "not JSON"},
	} {
		s := tiny(t, tinySpec, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		})
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "fetch crm deals: ") {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
		if tt.class != nil && !errors.Is(err, tt.class) {
			t.Errorf("%s: %v is not %v", tt.name, err, tt.class)
		}
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "limit=")) {
			t.Errorf("%s: the credential or the query is in the error: %v", tt.name, err)
		}
	}
}

func TestFetch_NoServer(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	s, err := New(Config{ID: "crm", Spec: specFile(t, tinySpec), URL: srv.URL, Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err == nil || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "limit=") || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

func TestFetch_EndlessBody(t *testing.T) {
	s := tiny(t, tinySpec, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"data":["`))
		chunk := []byte(strings.Repeat("x", 1<<20))
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); err == nil || !strings.Contains(err.Error(), "larger than 64 MB") {
		t.Errorf("got %v", err)
	}
}

// A server that gives tokens in a circle, of any length and after any prologue, is found out.
func TestFetch_TokenCircle(t *testing.T) {
	for _, tt := range []struct{ prologue, length int }{{0, 1}, {0, 2}, {3, 1}, {5, 7}, {40, 13}} {
		asked := 0
		s := tiny(t, tinySpec, func(w http.ResponseWriter, r *http.Request) {
			n := asked
			asked++
			if n >= tt.prologue {
				n = tt.prologue + (n-tt.prologue)%tt.length
			}
			fmt.Fprintf(w, `{"data":[{"id":%d}],"next":"t%d"}`, n, n)
		})
		var c store.Cursor
		var err error
		for range 1000 {
			var p source.Page
			if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c}); err != nil {
				break
			}
			c = p.Next
		}
		most := 4*(tt.prologue+tt.length) + 4
		if tt.length == 1 { // the same token again is seen at once
			most = tt.prologue + 2
		}
		if !errors.Is(err, errLoop) || asked > most {
			t.Errorf("%+v: after %d requests: %v", tt, asked, err)
		}
	}
}

func TestFetch_IgnoredPageNumber(t *testing.T) {
	for pager, pages := range map[string]int{
		"{kind: page, start: 1}":                    patience,
		"{kind: page, start: 1}\n    total: .total": patience, // as many rows as the total promises, and yet not all of them
		"{kind: offset, window: true}\n    incremental: {field: .at, format: rfc3339, sorted: true}": 1 + patience, // the first moves the window on
	} {
		s := tiny(t, strings.Replace(tinySpec, "{kind: token, next: .next}", pager, 1),
			say(`{"data":[{"id":1,"at":"2026-03-01T08:00:00Z"},{"id":2,"at":"2026-03-01T08:00:00Z"}],"total":4}`))
		var c store.Cursor
		for i := range pages {
			p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c})
			if err != nil || !p.More {
				t.Fatalf("%s: page %d: %v", pager, i, err)
			}
			c = p.Next
		}
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c}); !errors.Is(err, errSame) {
			t.Errorf("%s: got %v", pager, err)
		}
	}
}

// A row that is changed, with another one, just after it was read stands where the reader looks next. That is the same page again, and yet no circle (TestChurn
// found it: seed 1795497115336015121).
func TestFetch_RowMovesAlong(t *testing.T) {
	for _, tie := range []bool{false, true} { // changed at a later second, or within the one in which it was
		srv := sourcetest.NewServer(t, canary)
		srv.Put("deals", row(1))
		s, c := open(t, "window", srv.URL), store.Cursor("")
		page := func() source.Page {
			p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: srv.Now()})
			if err != nil {
				t.Fatalf("tie %v: %v", tie, err)
			}
			c = p.Next
			return p
		}
		page()
		page() // from the time of row 1 on; the next request asks behind it
		srv.Tie(tie)
		srv.Put("deals", row(2), row(1))
		if p := page(); len(p.Deals) != 1 || p.Deals[0].ID != "crm:1" {
			t.Fatalf("tie %v: got %v: not the situation that is to be tested", tie, p.Deals)
		}
		for pages := 1; page().More; pages++ {
			if pages > 10 {
				t.Fatalf("tie %v: no end", tie)
			}
		}
	}
}

// Neither redirects nor next links take the credential to another host.
func TestFetch_OtherHost(t *testing.T) {
	visited := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited = true }))
	defer thief.Close()
	redirect := tiny(t, tinySpec, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+"/deals", http.StatusFound)
	})
	link := tiny(t, strings.Replace(tinySpec, "{kind: token, next: .next}", "{kind: link, next: .next}", 1), say(`{"data":[],"next":"`+thief.URL+`/2"}`))
	scheme := tiny(t, strings.Replace(tinySpec, "{kind: token, next: .next}", "{kind: link, next: .next}", 1), say(`{"data":[],"next":"//127.0.0.1:1/x"}`))
	for name, s := range map[string]*Source{"redirect": redirect, "link": link, "scheme-relative": scheme} {
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if err == nil || !strings.Contains(err.Error(), "another host") {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: the credential is in the error", name)
		}
	}
	if visited {
		t.Error("the other host was asked")
	}
	// A cursor that somebody has tampered with goes nowhere else either.
	forged := store.Cursor(`{"v":1,"pass":{"start":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z","token":"` + thief.URL + `/x"}}`)
	if _, err := link.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: forged}); err == nil || visited {
		t.Errorf("forged cursor: %v, visited %v", err, visited)
	}
}

func TestFetch_NoCredential(t *testing.T) {
	asked := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer srv.Close()
	var token source.Secret
	if err := token.UnmarshalText([]byte("env:FLIGHTDECK_TEST_UNSET")); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{ID: "crm", Spec: specFile(t, tinySpec), URL: srv.URL, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, source.ErrAuth) || asked {
		t.Errorf("got %v, asked %v", err, asked)
	}
}

func TestFetch_OwnLimit(t *testing.T) {
	s := tiny(t, strings.Replace(tinySpec, "auth: {kind: bearer}", "auth: {kind: bearer}\nrate: {requests: 1, per: 1h}", 1), say(`{"data":[]}`))
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); err != nil {
		t.Fatal(err)
	}
	var ra *source.RetryAfter
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.As(err, &ra) || ra.Wait < 30*time.Minute {
		t.Errorf("got %v", err)
	}
}

func TestAuth(t *testing.T) {
	for _, tt := range []struct{ auth, header, want string }{
		{"{kind: bearer}", "Authorization", "Bearer " + canary},
		{"{kind: header, name: X-Api-Key}", "X-Api-Key", canary},
		{`{kind: header, name: Authorization, prefix: "token "}`, "Authorization", "token " + canary},
		{"{kind: basic}", "Authorization", "Basic bWU6Y2FuYXJ5LTVmM2E5Yw=="},
	} {
		var got string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get(tt.header)
			_, _ = w.Write([]byte(`{"data":[]}`))
		}))
		s, err := New(Config{ID: "c", Spec: specFile(t, strings.Replace(tinySpec, "{kind: bearer}", tt.auth, 1)), URL: srv.URL, User: "me",
			Credential: func() (string, error) { return canary, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v", tt.auth, got, err)
		}
		srv.Close()
	}
}

const cappedSpec = `
name: capped
verified: nothing
streams:
  - name: deals
    path: deals
    query: {offset: "{offset}", limit: "{limit}", since: "{watermark}"}
    rows: .data
    pager: {kind: offset, cap: 30}
    incremental: {field: .at, overlap: 1s, sorted: true}
    records: [{entity: deal, fields: {id: .id}}]
`

// A server that gives at most cap rows for a query is asked anew from the last time of change; more ties than that are an error, not a loss.
func TestFetch_QueryCap(t *testing.T) {
	for _, tt := range []struct {
		rows, ties int
		ok         bool
	}{{95, 1, true}, {95, 15, true}, {95, 40, false}} {
		s := tiny(t, cappedSpec, func(w http.ResponseWriter, r *http.Request) {
			var offset, limit int
			fmt.Sscan(r.FormValue("offset"), &offset)
			fmt.Sscan(r.FormValue("limit"), &limit)
			if offset+limit > 30 {
				http.Error(w, `{"message":"too deep"}`, http.StatusBadRequest)
				return
			}
			var data []map[string]any
			for i := range tt.rows {
				at := time.Date(2026, 1, 1, 0, 0, i/tt.ties, 0, time.UTC).Format("2006-01-02T15:04:05Z")
				if at >= r.FormValue("since") {
					data = append(data, map[string]any{"id": i, "at": at})
				}
			}
			data = data[min(offset, len(data)):]
			_ = json.NewEncoder(w).Encode(map[string]any{"data": data[:min(limit, len(data))]})
		})
		got := map[store.ID]bool{}
		var c store.Cursor
		var err error
		for range 100 {
			var p source.Page
			if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Limit: 10}); err != nil {
				break
			}
			for _, d := range p.Deals {
				got[d.ID] = true
			}
			if c = p.Next; !p.More {
				break
			}
		}
		if tt.ok && (err != nil || len(got) != tt.rows) || !tt.ok && (err == nil || !strings.Contains(err.Error(), "same time of change")) {
			t.Errorf("%+v: %d rows, %v", tt, len(got), err)
		}
	}
}

// A pass that takes long keeps its watermark at its beginning, by whichever clock is behind: what changed meanwhile is read again.
func TestFetch_WatermarkStaysAtStart(t *testing.T) {
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, skew := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} { // of our clock
		var since string
		s := tiny(t, strings.Replace(cappedSpec, ", cap: 30", "", 1), func(w http.ResponseWriter, r *http.Request) {
			since = r.FormValue("since")
			w.Header().Set("Date", start.Format(http.TimeFormat))
			if r.FormValue("offset") != "0" {
				_, _ = w.Write([]byte(`{"data":[]}`))
				return
			}
			_, _ = w.Write([]byte(`{"data":[{"id":1,"at":"2026-03-01T08:30:00Z"}]}`)) // changed while the pass ran
		})
		var p source.Page
		var err error
		for range 2 {
			if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: start.Add(skew)}); err != nil {
				t.Fatal(err)
			}
		}
		if p.More {
			t.Fatal("no end")
		}
		if _, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: start.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		want := start.Add(min(skew, 0) - time.Second).Format(time.RFC3339)
		if since != want {
			t.Errorf("skew %v: next pass asks since %s, want %s", skew, since, want)
		}
	}
}

// A row dated far ahead is kept and noted, and neither the watermark nor the window of a capped query follows it.
func TestFetch_RowFromTheFuture(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	s := tiny(t, strings.Replace(cappedSpec, "{kind: offset, cap: 30}", "{kind: none}", 1), say(`{"data":[{"id":1,"at":"2090-01-01"},{"id":2,"at":"2026-02-01"}]}`))
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: now})
	if err != nil || len(p.Deals) != 2 || len(p.Issues) != 1 || p.Issues[0].Field != "watermark" {
		t.Fatalf("%d deals, issues %+v, %v", len(p.Deals), p.Issues, err)
	}
	c, err := parseCursor(p.Next)
	if want := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC); err != nil || !c.Mark.Equal(want) {
		t.Errorf("watermark %v, want %v; %v", c.Mark, want, err)
	}
}

// Some servers give no cursor when nothing is new: the old one stays.
func TestFetch_KeptTokenStays(t *testing.T) {
	answers := []string{`{"data":[{"id":1}],"next":"a","more":true}`, `{"data":[{"id":2}],"next":"b","more":false}`, `{"data":[],"more":false}`, `{"data":[]}`}
	var tokens []string
	s := tiny(t, strings.Replace(tinySpec, "next: .next}", "next: .next, more: .more, keep: true}", 1), func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.FormValue("after"))
		_, _ = w.Write([]byte(answers[len(tokens)-1]))
	})
	var p source.Page
	var err error
	var full []bool
	for range answers {
		if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next}); err != nil {
			t.Fatal(err)
		}
		full = append(full, p.Full)
	}
	if !slices.Equal(tokens, []string{"", "a", "b", "b"}) || !slices.Equal(full, []bool{true, true, false, false}) {
		t.Errorf("tokens %q, full %v", tokens, full)
	}
}

func TestStages(t *testing.T) {
	s := open(t, "token", "http://127.0.0.1:1")
	if got := s.Streams(); !slices.Equal(got, []store.Stream{"stages", "deals"}) {
		t.Errorf("streams: %v", got)
	}
	p, err := s.Fetch(context.Background(), source.Request{Stream: StreamStages})
	if err != nil || p.More || len(p.Stages) != 2 || p.Stages[1] != (store.Stage{ID: "won", Name: "赢单", NameEn: "Won", Order: 9, Kind: store.StageWon, Probability: 100}) {
		t.Errorf("got %+v, %v", p.Stages, err)
	}
}

// The example in the package comment is a connector that works.
func TestDoc_Example(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var spec strings.Builder
	for l := range strings.Lines(string(doc)) {
		if strings.HasPrefix(l, "// # Signing in") { // what follows are fragments
			break
		}
		if y, ok := strings.CutPrefix(l, "//\t"); ok {
			spec.WriteString(y)
		}
	}
	s, err := New(Config{ID: "a", Spec: specFile(t, spec.String()), URL: "https://x", Credential: func() (string, error) { return "x", nil }})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Streams(); !slices.Equal(got, []store.Stream{"stages", "deals"}) {
		t.Errorf("streams %v", got)
	}
}

// An incremental pull of nothing costs one request.
func TestFetch_NothingNew(t *testing.T) {
	for _, spec := range []string{"keep", "token", "link"} {
		srv := sourcetest.NewServer(t, canary)
		srv.Put("deals", row(1))
		s := open(t, spec, srv.URL)
		p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now()})
		if err != nil || p.More {
			t.Fatal(spec, err, p.More)
		}
		before := len(srv.Requests())
		p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: srv.Now()})
		if err != nil || p.More || len(srv.Requests()) != before+1 {
			t.Errorf("%s: %v, More %v, %d requests", spec, err, p.More, len(srv.Requests())-before)
		}
		if s.Requests() != len(srv.Requests()) {
			t.Errorf("%s: %d requests, says the source; the server saw %d", spec, s.Requests(), len(srv.Requests()))
		}
	}
}

// Whoever mends a mapping, or asks for one more field, has the rows read anew; another way of paging or another pace leaves them alone.
func TestFetch_MappingChanged(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	srv.Put("deals", row(1))
	text, err := os.ReadFile("testdata/token.yaml")
	if err != nil {
		t.Fatal(err)
	}
	open := func(old, new string, with func(*Config)) *Source {
		t.Helper()
		if !strings.Contains(string(text), old) {
			t.Fatalf("the connector has no %q", old)
		}
		cfg := Config{ID: "crm", Spec: specFile(t, strings.Replace(string(text), old, new, 1)), URL: srv.URL, Currency: "CNY", Credential: func() (string, error) { return canary, nil }}
		if with != nil {
			with(&cfg)
		}
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	fetch := func(s *Source, c store.Cursor) (source.Page, error) {
		return s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: srv.Now()})
	}
	p, err := fetch(open("", "", nil), "")
	if err != nil || p.More {
		t.Fatal(err, p.More)
	}
	before := store.Cursor(regexp.MustCompile(`,"map":"[0-9a-z]+"`).ReplaceAllString(string(p.Next), "")) // as a version wrote it that kept no fingerprint
	for _, tt := range []struct {
		name, old, new string
		with           func(*Config)
		anew           bool
	}{
		{name: "nothing"},
		{name: "the size of a page", with: func(c *Config) { c.PageSize = 3 }},
		{name: "a comment", old: "streams:", new: "rate: {requests: 1000, per: 1s, burst: 100}\nstreams: # of rows"},
		{name: "a field", old: "amount: .amount", new: "amount: .amount | tonumber", anew: true},
		{name: "a kept field", old: "campaign: .campaign", new: "campaign: .campaign, source: .lead", anew: true},
		{name: "a word for a stage", with: func(c *Config) { c.StageValues = map[string]string{"odd": "won"} }, anew: true},
		{name: "the currency", with: func(c *Config) { c.Currency = "USD" }, anew: true},
	} {
		if _, err := fetch(open(tt.old, tt.new, tt.with), p.Next); errors.Is(err, source.ErrExpired) != tt.anew || err != nil && !tt.anew {
			t.Errorf("%s: %v, want it read anew: %v", tt.name, err, tt.anew)
		}
		if _, err := fetch(open(tt.old, tt.new, tt.with), before); err != nil {
			t.Errorf("%s, after a version without fingerprints: %v", tt.name, err)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add([]byte(tinySpec))
	f.Add([]byte(cappedSpec))
	f.Add([]byte("a: \nerrors:\n !0 00\n0000008:\n    0000000000: 000000000000\n    00: 000\n    0: 0000000000000000\n")) // a panic in the YAML library
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseSpec("fuzz", b); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"v":1,"mark":"2026-01-01T00:00:00Z"}`)
	f.Add(`{"v":1,"pass":{"part":9,"limit":-4,"start":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z","loop":{"power":-1}}}`)
	s := tiny(f, tinySpec, say(`{"data":[]}`))
	f.Fuzz(func(t *testing.T, c string) {
		p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: store.Cursor(c)})
		if err != nil {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the credential is in the error for %q", c)
			}
			return
		}
		if _, err := parseCursor(p.Next); err != nil {
			t.Errorf("%q led to a cursor that is not accepted: %q", c, p.Next)
		}
	})
}

func TestFetch_UntrustedCertificate(t *testing.T) {
	for _, auth := range []string{"{kind: bearer}", "{kind: oauth2, grant: client_credentials, url: /token}"} {
		sourcetest.Untrusted(t, "deals", func(url string) source.Source {
			s, err := New(Config{ID: "crm", URL: url, Credential: func() (string, error) { return canary, nil }, Spec: specFile(t, `
name: x
verified: nothing
vars: {client_id: app}
auth: `+auth+`
streams: [{name: deals, path: d, rows: .data, records: [{entity: deal, fields: {id: .id}}]}]`)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	}
}
