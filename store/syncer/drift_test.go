package syncer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

// What a vendor does to a schema is told and ends nothing: a field that vanishes, one of another type, a new one; and when all is as before, the warning goes.
func TestDrift(t *testing.T) {
	srv := sourcetest.NewServer(t, killToken)
	spec := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(spec, []byte(`name: fake
verified: real server
auth: {kind: bearer}
stages: [{id: lead, name: 线索, kind: open, values: [Prospecting]}]
streams:
  - name: deals
    path: token/deals
    query: {after: "{token}", since: "{watermark}", until: "{until}", limit: "{limit}"}
    rows: .data
    pager: {kind: token, next: .next}
    incremental: {field: .updated_at, format: rfc3339, overlap: 1s}
    records: [{entity: deal, fields: {id: .id, name: .name, stage: .stage, amount: .amount, close: .close}, custom: .custom}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func() {
		for i := range 30 {
			srv.Put("deals", sourcetest.Row{"id": i, "name": "订单", "stage": "Prospecting", "amount": json.Number("10.50"), "close": "2026-05-01",
				"custom": sourcetest.Row{"region": "east"}})
		}
	}
	src, err := rest.New(rest.Config{ID: "crm", Spec: spec, URL: srv.URL, Currency: "CNY", PageSize: 10, Streams: []string{"deals"},
		Credential: func() (string, error) { return killToken, nil }})
	if err != nil {
		t.Fatal(err)
	}
	m := storetest.NewMemory()
	e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: src}}, Now: srv.Now})
	read := func() (note string) {
		t.Helper()
		put()
		res := once(t, e)
		if res.Err != nil || res.State != store.SyncIdle {
			t.Fatalf("%+v", res)
		}
		return res.Streams[1].Note
	}
	schema := func() []string {
		return slices.DeleteFunc(issues(t, m), func(k string) bool { return !strings.Contains(k, "|schema|") })
	}
	read()
	if note := read(); note != "" || len(schema()) > 0 {
		t.Errorf("while nothing changes: %q, %v", note, schema())
	}
	srv.Drift(func(r sourcetest.Row) sourcetest.Row {
		r["value"] = r["amount"]
		delete(r, "amount")
		r["custom"] = sourcetest.Row{"region": "east", "tier": "gold"}
		return r
	})
	if note := read(); !strings.Contains(note, "new fields: deal.extra.tier") || !strings.Contains(note, "vanished: deal.amount") {
		t.Errorf("renamed: %q", note)
	}
	same(t, "issues", schema(), []string{"crm:deals|schema|deal.amount"})
	if note := read(); note != "" {
		t.Errorf("told a second time: %q", note)
	}
	_, st := stored(t, m, "crm", "deals")
	if st.Issues != 1 || st.Error != "" {
		t.Errorf("status %+v", st)
	}
	tier := func(r sourcetest.Row) sourcetest.Row {
		r["custom"] = sourcetest.Row{"region": "east", "tier": "gold"}
		return r
	}
	srv.Drift(func(r sourcetest.Row) sourcetest.Row { r["amount"] = sourcetest.Row{"value": "10.50"}; return tier(r) })
	put()
	res := once(t, e)
	if res.Err != nil || res.Issues < 30 { // one for each record that is not what the mapping expects
		t.Errorf("of another type: %+v", res)
	}
	srv.Drift(tier)
	if read(); len(schema()) > 0 {
		t.Errorf("it is back, and yet %v", schema())
	}
	// A person says that it is meant: what usually comes is learned anew.
	srv.Drift(func(r sourcetest.Row) sourcetest.Row { delete(r, "close"); return tier(r) })
	read()
	same(t, "issues", schema(), []string{"crm:deals|schema|deal.close"})
	if err := e.Resync(syncer.Target{Source: "crm", Stream: "deals"}); err != nil {
		t.Fatal(err)
	}
	read()
	read()
	if len(schema()) > 0 {
		t.Errorf("after a resync %v", schema())
	}
}

// Retries: the pauses double, differ by chance so that many do not come back at one moment, and end at the cap.
func TestOnce_BackoffDoublesWithJitterUpToItsCap(t *testing.T) {
	var all [][]time.Duration
	for range 3 {
		all = append(all, pauses(t))
	}
	for _, p := range all {
		if len(p) != 7 {
			t.Fatalf("%d pauses", len(p))
		}
		for i, d := range p {
			want := min(time.Second<<i, 8*time.Second)
			if d < want*8/10 || d > want*12/10 {
				t.Errorf("pause %d is %s, want %s give or take a fifth", i+1, d, want)
			}
		}
	}
	if fmt.Sprint(all[0]) == fmt.Sprint(all[1]) && fmt.Sprint(all[1]) == fmt.Sprint(all[2]) {
		t.Errorf("no jitter: %v", all)
	}
}
