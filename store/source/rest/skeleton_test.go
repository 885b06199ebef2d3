package rest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

// The skeleton is a connector that reads a server whose paths have been filled in, and sees what changes.
func TestSkeleton_Works(t *testing.T) {
	spec, section, err := Skeleton("acme-crm")
	if err != nil || !strings.Contains(section, "env:ACME_CRM_TOKEN") {
		t.Fatal(err, section)
	}
	srv := sourcetest.NewServer(t, canary)
	for _, path := range []string{"users", "accounts", "deals", "activities"} {
		spec = strings.ReplaceAll(spec, "{version}/"+path, "{version}/"+strings.NewReplacer("users", "people", "activities", "touches").Replace(path))
	}
	spec = strings.ReplaceAll(spec, "version: v1", "version: token")
	s, err := New(Config{ID: "crm", Spec: specFile(t, spec), URL: srv.URL, Currency: "CNY", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	r := row(1)
	r["stage"] = "negotiation"
	srv.Put("deals", r)
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now()})
	if err != nil || len(p.Deals) != 1 || p.Deals[0].Stage != "negotiation" || p.Deals[0].Extra["campaign"] != "spring" || len(p.Issues) != 0 {
		t.Fatalf("%v, %+v, %+v", err, p.Deals, p.Issues)
	}
	srv.Put("deals", row(2))
	if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now(), Cursor: p.Next}); err != nil || len(p.Deals) == 0 {
		t.Errorf("what is new: %v, %+v", err, p.Deals)
	}
	for _, bad := range []string{"", "Acme", "../x", "hubspot", "a b"} {
		if _, _, err := Skeleton(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// A sample shows rows as they come beside what becomes of them, which mapped fields have no value, and of what nothing is made.
func TestSample(t *testing.T) {
	s := tiny(t, `
name: x
verified: nothing
streams:
  - name: deals
    path: deals
    query: {limit: "{limit}"}
    rows: .data
    records:
      - entity: deal
        fields: {id: .id, name: .props.title, close: .props.closedate, amount: .props.amount, next_step: '.props.step // ""'}
  - {name: accounts, path: accounts, rows: .data, records: [{entity: account, fields: {id: .id}}]}
`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/accounts" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"id":1,"props":{"title":"a\u001b[2J","amount":"ten","campaign":"x"},"color":null},{"id":2,"props":{"title":"b"},"list":[1]}]}`))
	})
	got, err := s.Sample(t.Context(), "deals", 1)
	if err != nil || len(got.Rows) != 1 || len(got.Rows[0].Mapped.Deals) != 1 || got.Rows[0].Mapped.Deals[0].Name != "a[2J" || len(got.Rows[0].Mapped.Issues) != 1 {
		t.Fatalf("%v, %+v", err, got)
	}
	if !slices.Equal(got.Empty, []string{"deal.close (.props.closedate)"}) || !slices.Equal(got.Unused, []string{"color", "list", "props.campaign"}) {
		t.Errorf("empty %q, unused %q", got.Empty, got.Unused)
	}
	// What functions of the file look at, and what is kept as custom fields, is mapped.
	with := tiny(t, `
name: x
verified: nothing
jq: 'def phase: .phase_code;'
streams:
  - name: deals
    path: deals
    rows: .
    records: [{entity: deal, fields: {id: .id, next_step: phase}, custom: 'with_entries(select(.key | endswith("__c")))'}]
`, say(`[{"id":1,"phase_code":"x","size__c":3,"color":"red"}]`))
	if got, err = with.Sample(t.Context(), "deals", 1); err != nil || !slices.Equal(got.Unused, []string{"color"}) {
		t.Errorf("%v, unused %q", err, got.Unused)
	}
	if _, err := s.Sample(t.Context(), "accounts", 1); !errors.Is(err, source.ErrDenied) {
		t.Errorf("denied: %v", err)
	}
	if _, err := s.Sample(t.Context(), store.Stream("cats"), 1); err == nil {
		t.Error("no such stream")
	}
}
