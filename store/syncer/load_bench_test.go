package syncer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/source/rest"
	"flightdeck/store/syncer"
)

const loadSpec = `
name: bench
verified: nothing
streams:
  - name: deals
    path: deals
    query: {offset: "{offset}", since: "{watermark}"}
    rows: .data
    total: .total
    pager: {kind: offset}
    incremental: {field: .update_time, sorted: true}
    records:
      - entity: deal
        fields: {id: .id, name: .title, account: .org_id, owner: .owner_id, stage: .stage_id, amount: .value, currency: .currency, created: .add_time,
                 close: .expected_close_date, modified: .update_time, next_step: .next_activity_subject, lead: .origin}
        extra: {channel: .channel}
`

// loadPage is a page of deals as CRMs send them, with more than twice as many members as anybody maps, as they are in their nth edition.
func loadPage(first, rows, total, edition int) []byte {
	all := make([]any, rows)
	for i := range all {
		id := first + i
		all[i] = map[string]any{
			"id": id, "title": "华东泵站自动化改造二期", "creator_user_id": id % 60, "owner_id": id % 60, "person_id": id % 9000, "org_id": id % 6000, "stage_id": (id + edition) % 7,
			"pipeline_id": 1, "value": json.Number(fmt.Sprintf("%d.89", 1234567+edition)), "currency": "CNY", "add_time": "2026-01-31T02:00:00Z",
			"update_time": time.Date(2026, 3, 1+edition, 9, 30, 0, 0, time.UTC).Format(time.RFC3339), "stage_change_time": "2026-03-01T00:00:00Z", "status": "open", "is_deleted": false,
			"is_archived": false, "probability": nil, "lost_reason": nil, "visible_to": 7, "close_time": nil, "won_time": nil, "lost_time": nil, "local_won_date": nil,
			"local_lost_date": nil, "local_close_date": nil, "expected_close_date": "2026-05-01", "label_ids": []int{1, 2}, "origin": "ManuallyCreated", "origin_id": nil, "channel": "expo",
			"channel_id": nil, "next_activity_subject": "安排技术交流", "acv": nil, "arr": nil, "mrr": nil, "custom_fields": map[string]any{"d4de1c1518b4531717c676029a45911c340390a6": "x"},
		}
	}
	b, _ := json.Marshal(map[string]any{"success": true, "data": all, "total": total})
	return b
}

// BenchmarkOnce_LoadAndReload is the whole way from a server's JSON to the file, of as many deals as FLIGHTDECK_DEALS says (default 20,000; the promise is for 1,000,000): first from
// nothing, then again after every row was changed. speed is the rate of the first load by that at which encoding/json decodes the same pages, again the rate of the second by
// the first's.
func BenchmarkOnce_LoadAndReload(b *testing.B) {
	n := 20_000
	if v, err := strconv.Atoi(os.Getenv("FLIGHTDECK_DEALS")); err == nil && v > 0 {
		n = v
	}
	const page = 1000
	var edition atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		off, _ := strconv.Atoi(r.FormValue("offset"))
		_, _ = w.Write(loadPage(off, max(0, min(page, n-off)), n, int(edition.Load())))
	}))
	defer srv.Close()
	spec := filepath.Join(b.TempDir(), "spec.yaml")
	if err := os.WriteFile(spec, []byte(loadSpec), 0o600); err != nil {
		b.Fatal(err)
	}
	var served, decode, first, second time.Duration
	rows := 0
	for b.Loop() {
		db, err := bolt.Open(b.TempDir(), bolt.Options{Version: "test"})
		if err != nil {
			b.Fatal(err)
		}
		load := func() time.Duration {
			src, err := rest.New(rest.Config{ID: "crm", Spec: spec, URL: srv.URL, Currency: "CNY"})
			if err != nil {
				b.Fatal(err)
			}
			e := syncer.New(syncer.Options{Store: db, Sources: []syncer.Entry{{Source: src}}})
			at := time.Now()
			res := e.Once(b.Context())
			took := time.Since(at)
			if len(res) != 1 || res[0].Err != nil || res[0].Streams[0].Rows != n {
				b.Fatalf("%+v", res)
			}
			return took
		}
		edition.Store(0)
		first += load()
		edition.Store(1)
		second += load()
		var amount store.Money
		if err := db.View(b.Context(), func(s store.Snapshot) error {
			return s.All(func(r *store.Records) error {
				for i := range r.Deals {
					amount = r.Deals[i].Amount
				}
				return nil
			})
		}); err != nil || amount.Minor != 123456889 {
			b.Fatal(amount, err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		for off := 0; off < n; off += page { // what the server itself takes to make its pages is not the load's
			at := time.Now()
			body := loadPage(off, min(page, n-off), n, 0)
			served += time.Since(at)
			at = time.Now()
			d := json.NewDecoder(bytes.NewReader(body))
			d.UseNumber()
			var v any
			if err := d.Decode(&v); err != nil {
				b.Fatal(err)
			}
			decode += time.Since(at)
		}
		rows += n
	}
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(rows) }
	b.ReportMetric(per(first-served), "first-ns/deal")
	b.ReportMetric(per(second-served), "second-ns/deal")
	b.ReportMetric(per(decode), "decode-ns/deal")
	b.ReportMetric(per(decode)/per(first-served), "speed")
	b.ReportMetric(per(first-served)/per(second-served), "again")
}
