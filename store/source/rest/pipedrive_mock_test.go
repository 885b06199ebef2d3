//go:build integration

package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// The vendor's two files served as mocks: v2, which has the lists, and v1, which has users and the history of deals. They validate every request (422 when it does not
// fit), have no state, and give one cursor for ever: a pass ends with the engine's refusal to go in circles. Paths of the files begin behind the vendor's prefixes.
func TestIntegrationPipedrive_Mock(t *testing.T) {
	v2, v1 := os.Getenv("PIPEDRIVE_MOCK_URL"), os.Getenv("PIPEDRIVE_V1_MOCK_URL")
	if v2 == "" || v1 == "" {
		if os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
			t.Fatal("PIPEDRIVE_MOCK_URL and PIPEDRIVE_V1_MOCK_URL are not set")
		}
		t.Skip("PIPEDRIVE_MOCK_URL and PIPEDRIVE_V1_MOCK_URL are not set: start ../shared/tools/crm-mock.sh pipedrive, and its prism on specs/pipedrive-v1.yaml")
	}
	s, err := New(Config{
		ID: "pd", Spec: "pipedrive", URL: v2, Vars: map[string]string{"v2": v2, "v1": v1}, Currency: "CNY",
		Credential: func() (string, error) { return canary, nil }, Transport: sold{},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, st := range s.Streams() {
		t.Run(string(st), func(t *testing.T) {
			first, err := s.Fetch(t.Context(), source.Request{Stream: st, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if first.Len()+len(first.Deleted) == 0 {
				t.Fatalf("first page: nothing, More %v, issues %+v", first.More, first.Issues)
			}
			for _, i := range first.Issues { // the mock's own kind of activity
				if i.Value != "activity_type" {
					t.Errorf("issue %+v", i)
				}
			}
			first.Refs(func(r store.Ref) bool {
				if r.Entity != store.EntityIssue && r.Entity != store.EntityStage && r.ID.Native() == "" {
					t.Errorf("a record without id: %+v", r)
				}
				return true
			})
			if first.More {
				if _, err = s.Fetch(t.Context(), source.Request{Stream: st, Cursor: first.Next, Now: now}); !errors.Is(err, errLoop) {
					t.Errorf("the endless cursor: %v", err)
				}
			}
			for part, n := 0, len(s.stream(st).parts); s.stream(st).changed != nil && part < n; part++ { // every part of an incremental pass
				c := cursor{V: cursorVersion, Mark: now.Add(-time.Hour)}
				if _, err := s.begin(&c, s.stream(st), source.Request{Now: now}); err != nil {
					t.Fatal(err)
				}
				s.nextPart(&c, s.stream(st), part)
				p, err := s.Fetch(t.Context(), source.Request{Stream: st, Now: now, Cursor: c.String()})
				if err != nil {
					t.Fatalf("part %d: %v", part, err)
				}
				if p.Len()+len(p.Deleted) == 0 || p.Full {
					t.Errorf("part %d, incremental: %d records, %d tombstones, Full %v", part, p.Len(), len(p.Deleted), p.Full)
				}
			}
			if _, _, err := s.List(t.Context(), st, ""); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, errLoop) {
				t.Errorf("list: %v", err)
			}
		})
	}
}

// sold makes of the mock's one deal a won one with products, where the connector asks for those, and ends the lists of a deal's details, of which the engine asks for all
// pages at once.
type sold struct{}

var (
	details = regexp.MustCompile(`/deals/\d+/(changelog|products)$`)
	endless = regexp.MustCompile(`"next_cursor":\s*"[^"]*"`)
	status  = regexp.MustCompile(`"status":\s*"[^"]*"`)
)

func (sold) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if details.MatchString(r.URL.Path) {
		b = endless.ReplaceAll(b, []byte(`"next_cursor":null`))
	}
	if r.URL.Query().Get("include_fields") != "" {
		b = status.ReplaceAll(b, []byte(`"status":"won","products_count":1,"won_time":"2026-01-05T17:00:00Z"`))
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return resp, err
}
