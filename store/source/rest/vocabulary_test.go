package rest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/source"
)

// A server that gives its reasons in a header, beside a body that is empty.
func TestErrors_Header(t *testing.T) {
	s := tiny(t, strings.Replace(tinySpec, "errors:", `errors:
  - {status: 403, when: '$header["x-reason"] | test("quota"; "i")?', class: limit, wait: 90s, message: '$header["x-reason"]'}
  - {status: 403, class: denied, message: '$header["x-reason"]'}`, 1), func(w http.ResponseWriter, r *http.Request) {
		reason := "No read access."
		if r.URL.Query().Get("limit") == "1" {
			reason = "Quota of today is used up."
		}
		w.Header().Set("X-Reason", reason)
		w.WriteHeader(http.StatusForbidden)
	})
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, source.ErrDenied) || !strings.Contains(err.Error(), "No read access.") {
		t.Errorf("got %v", err)
	}
	var ra *source.RetryAfter
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Limit: 1}); !errors.As(err, &ra) || ra.Wait.Seconds() != 90 || !strings.Contains(err.Error(), "Quota") {
		t.Errorf("got %v", err)
	}
}

// How long to wait, worked out from what a body says, unless a header says it.
func TestErrors_After(t *testing.T) {
	said, header := "", ""
	s := tiny(t, strings.Replace(tinySpec, "errors:", `errors:
  - {status: 429, class: limit, wait: 30s, after: '(.need - .left) / .rate'}`, 1), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", header)
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, said)
	})
	for _, c := range []struct {
		body, header string
		want         float64
	}{
		{`{"need":300,"left":100,"rate":50}`, "", 4}, {`{"need":300,"left":100,"rate":50}`, "9", 9}, {`{"need":300}`, "", 30},
		{`{"need":1e30,"left":0,"rate":1}`, "", 3600}, {`no JSON`, "", 30},
	} {
		said, header = c.body, c.header
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if ra := (*source.RetryAfter)(nil); !errors.As(err, &ra) || ra.Wait.Seconds() != c.want {
			t.Errorf("%s, %q: %v, want %v s", c.body, c.header, err, c.want)
		}
	}
}

// Details that are paged by how many have come.
func TestThen_Offset(t *testing.T) {
	s := tiny(t, strings.Replace(tinySpec, "    records:", `    then: {path: "notes/{id}", query: {offset: "{offset}"}, rows: .list, into: notes, next: '.list[2].n'}
    records:
      - jq: '{entity: "evidence", id: (.notes | map(.n) | join("-"))}'`, 1), func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path + "?" + r.URL.Query().Get("offset") {
		case "/v1/deals?":
			fmt.Fprint(w, `{"data":[{"id":1}]}`)
		case "/notes/1?0":
			fmt.Fprint(w, `{"list":[{"n":1},{"n":2},{"n":3}]}`)
		case "/notes/1?3":
			fmt.Fprint(w, `{"list":[{"n":4},{"n":5},{"n":6}]}`)
		case "/notes/1?6":
			fmt.Fprint(w, `{"list":[{"n":7}]}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || len(p.Evidence) != 1 || p.Evidence[0].ID != "crm:1-2-3-4-5-6-7" {
		t.Errorf("%+v %v", p.Evidence, err)
	}
}

// Two streams that share what they say by an alias keep their own entities, paths and identifiers.
func TestList_Alias(t *testing.T) {
	s := tiny(t, `
name: tiny
verified: nothing
auth: {kind: none}
streams:
  - name: accounts
    path: accounts
    rows: .data
    list: &list {query: {fields: id}}
    records: [{entity: account, fields: {id: .key}}]
  - name: calls
    carries: [touch]
    path: calls
    rows: .data
    list: *list
    records: [{entity: touch, fields: {id: .id, at: .at}}]
`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "fields=id" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, map[string]string{"/accounts": `{"data":[{"key":"A"}]}`, "/calls": `{"data":[{"id":"C"}]}`}[r.URL.Path])
	})
	for stream, want := range map[store.Stream]store.Ref{"accounts": {Entity: store.EntityAccount, ID: "crm:A"}, "calls": {Entity: store.EntityTouch, ID: "crm:C"}} {
		if refs, _, err := s.List(t.Context(), stream, ""); err != nil || !slices.Equal(refs, []store.Ref{want}) {
			t.Errorf("%s: %v %v", stream, refs, err)
		}
	}
	if got := s.Carries("calls"); !slices.Equal(got, []store.Entity{store.EntityTouch}) || s.Carries("accounts") != nil {
		t.Errorf("carries %v", got)
	}
	if _, err := ParseSpec("x", []byte("name: x\nverified: nothing\nstreams: [{name: calls, carries: [calls], path: x, rows: ., records: [{entity: touch, fields: {id: .id, at: .at}}]}]")); err == nil ||
		!strings.Contains(err.Error(), "carries") {
		t.Errorf("an entity that nobody knows: %v", err)
	}
}
