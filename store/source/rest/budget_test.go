package rest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// budgeted is a source of two streams whose requests cost 1 and 20, with a clock of its own.
func budgeted(t testing.TB, budgets string, h http.HandlerFunc) (*Source, *time.Time) {
	t.Helper()
	s := tiny(t, `
name: b
verified: nothing
budgets:
`+budgets+`
streams:
  - {name: deals, path: deals, rows: .data, records: [{entity: deal, fields: {id: .id}}]}
  - {name: changes, path: log, rows: .data, cost: 20, records: [{entity: deal, fields: {id: .id}}]}
`, h)
	now := time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)
	s.meters.now = func() time.Time { return now }
	return s, &now
}

func pull(t testing.TB, s *Source, stream store.Stream, n int) (int, error) {
	for i := range n {
		if _, err := s.Fetch(t.Context(), source.Request{Stream: stream}); err != nil {
			return i, err
		}
	}
	return n, nil
}

// Streams share what there is; a part is left to others; a new day, or month, gives it anew; a restart does not.
func TestBudget_SharedWithReserve(t *testing.T) {
	for per, wait := range map[string]time.Duration{"day": 2 * time.Hour, "month": 2 * time.Hour, "36h": 36 * time.Hour} {
		s, now := budgeted(t, "  - {name: calls, per: "+per+", limit: 100, reserve: 25}", say(`{"data":[]}`))
		if n, err := pull(t, s, "changes", 3); n != 3 {
			t.Fatal(err)
		}
		n, err := pull(t, s, "deals", 99)
		var ra *source.RetryAfter
		if n != 15 || !errors.As(err, &ra) || ra.Wait != wait || !strings.Contains(err.Error(), "budget calls is used up: 75 of 100, 25 %") {
			t.Errorf("%s: after 3 requests of 20 and %d of 1: %v", per, n, err)
		}
		was := s.Budgets()
		if len(was) != 1 || was[0].Used != 75 || was[0].Reserve != 25 || !was[0].Until.Equal(now.Add(wait)) {
			t.Errorf("%s: %+v", per, was)
		}
		again, clock := budgeted(t, "  - {name: calls, per: "+per+", limit: 100, reserve: 25}", say(`{"data":[]}`))
		again.Restore(was)
		if n, _ := pull(t, again, "deals", 1); n != 0 {
			t.Errorf("%s: a restart gives the budget anew", per)
		}
		*clock = clock.Add(wait)
		if n, err := pull(t, again, "deals", 75); n != 75 {
			t.Errorf("%s: a new period gives %d: %v", per, n, err)
		}
	}
}

// Others use the same budget: what the server says counts, in headers or in the body, whichever way it says it.
func TestBudget_ServerTells(t *testing.T) {
	for name, tt := range map[string]struct {
		budget string
		answer func(w http.ResponseWriter, n int) string
		pulls  int
	}{
		"Salesforce": {
			`  - {name: day, per: 24h, limit: 100000, reserve: 10, used: '.header["sforce-limit-info"] | capture("api-usage=(?<u>[0-9]+)/(?<m>[0-9]+)").u', max: '.header["sforce-limit-info"] | capture("api-usage=(?<u>[0-9]+)/(?<m>[0-9]+)").m'}`,
			func(w http.ResponseWriter, n int) string {
				w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/1000", 890+n*3))
				return "{}"
			}, 4, // 893, 896, 899; the fourth would come to 900, and so do what others use
		},
		"HubSpot": {
			`  - {name: day, per: day, left: '.header["x-hubspot-ratelimit-daily-remaining"]', max: '.header["x-hubspot-ratelimit-daily"]'}`,
			func(w http.ResponseWriter, n int) string {
				w.Header().Set("X-HubSpot-RateLimit-Daily", "500")
				w.Header().Set("X-HubSpot-RateLimit-Daily-Remaining", fmt.Sprint(4-n))
				return "{}"
			}, 4,
		},
	} {
		n := 0
		s, _ := budgeted(t, tt.budget, func(w http.ResponseWriter, _ *http.Request) {
			n++
			_ = tt.answer(w, n)
			_, _ = w.Write([]byte(`{"data":[]}`))
		})
		got, err := pull(t, s, "deals", 50)
		if got != tt.pulls || err == nil {
			t.Errorf("%s: stopped after %d requests: %v; want %d; %+v", name, got, err, tt.pulls, s.Budgets())
		}
	}
}

// Shopify's bucket: what a query costs is told afterwards, the bucket refills every second, and a short wait is waited out.
func TestBudget_RefillingBucket(t *testing.T) {
	left := 1000.0
	s, now := budgeted(t, `  - {name: points, limit: 1000, refill: 10, left: .body.ext.currentlyAvailable, max: .body.ext.maximumAvailable, rate: .body.ext.restoreRate, refund: .body.ext.cost}`,
		func(w http.ResponseWriter, _ *http.Request) {
			left -= 300
			fmt.Fprintf(w, `{"data":[],"ext":{"currentlyAvailable":%g,"maximumAvailable":1000,"restoreRate":50,"cost":300}}`, left)
		})
	n, err := pull(t, s, "deals", 9)
	var ra *source.RetryAfter
	if n != 3 || !errors.As(err, &ra) || ra.Wait != 4*time.Second { // 100 are left, 300 are needed, 50 come back each second
		t.Fatalf("%d requests, %v", n, err)
	}
	*now = now.Add(4 * time.Second)
	left += 200
	if n, err := pull(t, s, "deals", 1); n != 1 {
		t.Errorf("after four seconds: %v", err)
	}
}

func TestBudget_Configured(t *testing.T) {
	spec := specFile(t, "name: b\nverified: nothing\nurl: https://x\nbudgets: [{name: month, per: month, limit: 10000}]\n"+rows)
	if _, err := New(Config{ID: "a", Spec: spec, Budgets: map[string]int{"month": 500}}); err != nil {
		t.Error(err)
	}
	for _, b := range []map[string]int{{"day": 5}, {"month": 0}} {
		if _, err := New(Config{ID: "a", Spec: spec, Budgets: b}); err == nil {
			t.Errorf("%v was accepted", b)
		}
	}
	for _, bad := range []string{"{name: x, per: week, limit: 1}", "{name: x, per: day}", "{per: day, limit: 1}", "{name: x, limit: 5}", "{name: x, per: day, limit: 5, reserve: 99}"} {
		if _, err := ParseSpec("x", []byte("name: b\nverified: nothing\nbudgets: ["+bad+"]\n"+rows)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
