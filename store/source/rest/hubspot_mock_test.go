//go:build integration

package rest

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// The mock validates every request against the vendor's specification (422 when it does not fit), has no state, and every page carries the same
// cursor: so a pass must end with the engine's refusal to go in circles. Owners are in another file of the vendor, which the mock does not serve.
func TestHubSpot_Mock(t *testing.T) {
	url := os.Getenv("HUBSPOT_MOCK_URL")
	if url == "" {
		t.Skip("HUBSPOT_MOCK_URL is not set: start ../shared/tools/crm-mock.sh hubspot and set it to http://127.0.0.1:4010")
	}
	vars := map[string]string{}
	if v := os.Getenv("HUBSPOT_MOCK_OBJECTS"); v != "" { // crm/objects/2026-09 for the dated paths
		vars["objects"] = v
	}
	s, err := New(Config{ID: "hs", Spec: "hubspot", URL: url, Vars: vars, Currency: "CNY", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, stream := range []store.Stream{"accounts", "contacts", "deals"} {
		t.Run(string(stream), func(t *testing.T) {
			first, err := s.Fetch(t.Context(), source.Request{Stream: stream, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if first.Len() == 0 || !first.More || !first.Full {
				t.Fatalf("first page: %d records, More %v, Full %v, issues %+v", first.Len(), first.More, first.Full, first.Issues)
			}
			first.Refs(func(r store.Ref) bool {
				if r.Entity != store.EntityIssue && r.ID.Native() == "" {
					t.Errorf("a record without id: %+v", r)
				}
				return true
			})
			if _, err = s.Fetch(t.Context(), source.Request{Stream: stream, Cursor: first.Next, Now: now}); !errors.Is(err, errLoop) {
				t.Errorf("the endless cursor: %v", err)
			} else if !strings.HasPrefix(err.Error(), "fetch hs "+string(stream)+": ") || strings.Contains(err.Error(), canary) {
				t.Errorf("the error does not say where, or says too much: %v", err)
			}
			// An incremental pass: search, details, and the same endless cursor.
			p, err := s.Fetch(t.Context(), source.Request{
				Stream: stream, Now: now, Cursor: cursor{V: cursorVersion, Mark: now.Add(-time.Hour)}.String(),
			})
			if err != nil {
				t.Fatal(err)
			}
			if p.Len() == 0 || p.Full {
				t.Errorf("incremental: %d records, Full %v, issues %+v", p.Len(), p.Full, p.Issues)
			}
			// The archived list, the last part.
			c, err := parseCursor(p.Next)
			if err != nil || c.Pass == nil {
				t.Fatalf("the incremental pass ended early: %+v, %v", c, err)
			}
			c.Pass.Part = 2
			c.Pass.restart(0)
			p, err = s.Fetch(t.Context(), source.Request{Stream: stream, Now: now, Cursor: c.String()})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Deleted) == 0 || p.Len() != 0 {
				t.Errorf("archived: %d tombstones, %d records", len(p.Deleted), p.Len())
			}
		})
	}
}
