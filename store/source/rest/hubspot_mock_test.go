//go:build integration

package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// The mocks validate every request against the vendor's specification (422 when it does not fit), have no state, and every page carries the same
// cursor: so a pass must end with the engine's refusal to go in circles. Owners are in another file of the vendor, which the mocks do not serve.
func TestIntegrationHubSpot_Mock(t *testing.T) {
	for _, c := range []struct{ name, env, objects string }{
		{"v3", "HUBSPOT_MOCK_URL", "crm/v3/objects"}, {"dated", "HUBSPOT_DATED_MOCK_URL", "crm/objects/2026-09"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := os.Getenv(c.env)
			if url == "" {
				if os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
					t.Fatalf("%s is not set", c.env)
				}
				t.Skipf("%s is not set: start ../shared/tools/crm-mock.sh hubspot, or hubspot-2026-09, and set it to its address", c.env)
			}
			testHubSpotMock(t, url, c.objects)
		})
	}
}

// The account's pipelines are another file of the vendor.
func TestIntegrationHubSpot_PipelinesMock(t *testing.T) {
	url := os.Getenv("HUBSPOT_PIPELINES_MOCK_URL")
	if url == "" {
		if os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
			t.Fatal("HUBSPOT_PIPELINES_MOCK_URL is not set")
		}
		t.Skip("HUBSPOT_PIPELINES_MOCK_URL is not set: start the prism of ../shared/tools/crm-mock.sh on specs/hubspot-pipelines-v3.json and set it to its address")
	}
	s, err := New(Config{ID: "hs", Spec: "hubspot", URL: url, Vars: map[string]string{"stages": "account"}, Currency: "CNY", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fetch(t.Context(), source.Request{Stream: StreamStages})
	if err != nil || len(p.Stages) == 0 || p.Stages[0].Name == "" || len(p.Issues) != 0 {
		t.Errorf("stages %+v, issues %+v, %v", p.Stages, p.Issues, err)
	}
}

func testHubSpotMock(t *testing.T, url, objects string) {
	s, err := New(Config{ID: "hs", Spec: "hubspot", URL: url, Vars: map[string]string{"objects": objects}, Currency: "CNY",
		Credential: func() (string, error) { return canary, nil }, Transport: withLines{}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, stream := range []store.Stream{"accounts", "contacts", "deals", "products", "meetings", "calls", "emails", "sales"} {
		t.Run(string(stream), func(t *testing.T) {
			first, err := s.Fetch(t.Context(), source.Request{Stream: stream, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if first.Len()+len(first.Deleted) == 0 || !first.More || !first.Full {
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
			if p.Len()+len(p.Deleted) == 0 || p.Full {
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

// withLines makes of the mock's deals some with line items, in the vendor's own words: its example of a record has associations and properties of no name.
type withLines struct{}

func (withLines) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "/deals") {
		return resp, err
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	b = []byte(strings.NewReplacer(`"associations":{"property1"`, `"associations":{"line items"`, `"properties":{`, `"properties":{"hs_num_of_associated_line_items":"1",`).Replace(string(b)))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return resp, err
}
