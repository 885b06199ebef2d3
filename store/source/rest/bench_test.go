package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

const touchSpec = `
name: bench
verified: nothing
streams:
  - name: touches
    path: touches
    rows: .data
    records:
      - entity: touch
        fields: {id: .id, account: .account.id, rep: .rep, at: .at, logged: .logged, minutes: .minutes, channel: .channel, sentiment: .mood,
                 topic: .topic, note: .note, area: .place.area, lat: .place.lat, lng: .place.lng}
`

// The same mapping through the interpreter, to show what plain paths save.
const touchJQSpec = `
name: bench
verified: nothing
streams:
  - name: touches
    path: touches
    rows: .data
    records:
      - jq: |
          {entity: "touch", id: .id, account: .account.id, rep: .rep, at: .at, logged: .logged, minutes: .minutes, channel: .channel,
           sentiment: .mood, topic: .topic, note: .note, area: .place.area, lat: .place.lat, lng: .place.lng}
`

// A deal as CRMs send it: more than twice as many members as anybody maps.
const dealSpec = `
name: bench
verified: nothing
streams:
  - name: deals
    path: deals
    query: {offset: "{offset}"}
    rows: .data
    total: .total
    pager: {kind: offset}
    incremental: {field: .update_time, sorted: true}
    track: [stage, amount]
    records:
      - entity: deal
        fields: {id: .id, name: .title, account: .org_id, owner: .owner_id, stage: .stage_id, amount: .value, currency: .currency, created: .add_time,
                 close: .expected_close_date, modified: .update_time, next_step: .next_activity_subject, lead: .origin}
        extra: {channel: .channel}
`

func dealRow(i int) map[string]any {
	return map[string]any{
		"id": i, "title": "华东泵站自动化改造二期", "creator_user_id": i % 60, "owner_id": i % 60, "person_id": i % 9000, "org_id": i % 6000, "stage_id": i % 7,
		"pipeline_id": 1, "value": json.Number("1234567.89"), "currency": "CNY", "add_time": "2026-01-31T02:00:00Z", "update_time": "2026-03-31T09:30:00Z",
		"stage_change_time": "2026-03-01T00:00:00Z", "status": "open", "is_deleted": false, "is_archived": false, "probability": nil, "lost_reason": nil,
		"visible_to": 7, "close_time": nil, "won_time": nil, "lost_time": nil, "local_won_date": nil, "local_lost_date": nil, "local_close_date": nil,
		"expected_close_date": "2026-05-01", "label_ids": []int{1, 2}, "origin": "ManuallyCreated", "origin_id": nil, "channel": "expo", "channel_id": nil,
		"next_activity_subject": "安排技术交流", "acv": nil, "arr": nil, "mrr": nil, "custom_fields": map[string]any{"d4de1c1518b4531717c676029a45911c340390a6": "x"},
	}
}

// BenchmarkFirstLoad_Deals reads as many deals as FLIGHTDECK_DEALS says (default 50,000; the promise is for 1,000,000) from a server in this process, page by page,
// and decodes the same pages with encoding/json. speed is the quotient of the two rates, speed-own
// that with the decoder of ours in encoding/json's place, heap-MB what lives after a collection in the middle of the load.
func BenchmarkFirstLoad_Deals(b *testing.B) {
	n := 50_000
	if v, err := strconv.Atoi(os.Getenv("FLIGHTDECK_DEALS")); err == nil && v > 0 {
		n = v
	}
	const page = 1000
	pages := make([][]byte, 20)
	for p := range pages {
		var all []any
		for i := range page {
			all = append(all, dealRow(p*page+i))
		}
		pages[p], _ = json.Marshal(map[string]any{"success": true, "data": all, "total": n})
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		off, _ := strconv.Atoi(r.FormValue("offset"))
		_, _ = w.Write(pages[off/page%len(pages)])
	}))
	defer srv.Close()
	file := filepath.Join(b.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte(dealSpec), 0o600); err != nil {
		b.Fatal(err)
	}
	s, err := New(Config{ID: "b", Spec: file, URL: srv.URL})
	if err != nil {
		b.Fatal(err)
	}
	var load, decode, own time.Duration
	var live uint64
	rows := 0
	for b.Loop() {
		var c store.Cursor
		for i := 0; ; i++ { // turn by turn, so that both meet the same machine
			t0 := time.Now()
			p, err := s.Fetch(b.Context(), source.Request{Stream: "deals", Cursor: c})
			load += time.Since(t0)
			if err != nil || len(p.Deals) != page || len(p.Issues) != 0 {
				b.Fatal(err, len(p.Deals), p.Issues)
			}
			t0 = time.Now()
			if _, err := stdDecode(pages[i%len(pages)]); err != nil {
				b.Fatal(err)
			}
			decode += time.Since(t0)
			t0 = time.Now()
			if _, err := decodeJSON(pages[i%len(pages)]); err != nil {
				b.Fatal(err)
			}
			own += time.Since(t0)
			rows += page
			if i == n/page/2 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				live = m.HeapAlloc
			}
			if c = p.Next; !p.More {
				break
			}
		}
	}
	b.ReportMetric(float64(load.Nanoseconds())/float64(rows), "ns/deal")
	b.ReportMetric(float64(decode.Nanoseconds())/float64(rows), "decode-ns/deal")
	b.ReportMetric(decode.Seconds()/load.Seconds(), "speed")
	b.ReportMetric(own.Seconds()/load.Seconds(), "speed-own")
	b.ReportMetric(float64(live)/1e6, "heap-MB")
}

const benchRows = 1000

func touchPage(b *testing.B) []byte {
	var rows []any
	for i := range benchRows {
		rows = append(rows, map[string]any{
			"id": fmt.Sprintf("T%06d", i), "account": map[string]any{"id": fmt.Sprintf("A%d", i%600)}, "rep": fmt.Sprintf("P%d", i%60),
			"at": "2026-03-31T09:30:00+08:00", "logged": "2026-03-31T18:05:00+08:00", "minutes": 30 + i%60, "channel": "visit", "mood": "positive",
			"topic": "价格与交付", "note": "客户要求下周提供三家比价,并安排技术交流。", "place": map[string]any{"area": "上海市/浦东新区", "lat": 31.23, "lng": 121.47},
		})
	}
	out, err := json.Marshal(map[string]any{"data": rows})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// BenchmarkFetch_Touches guards the first load: 60,000 touches are 60 of these pages. decode is the bare JSON for the ratio.
func BenchmarkFetch_Touches(b *testing.B) {
	body := touchPage(b)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdDecode(body); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows), "ns/row")
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer srv.Close()
	for name, spec := range map[string]string{"paths": touchSpec, "jq": touchJQSpec} {
		b.Run(name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "spec.yaml")
			if err := os.WriteFile(file, []byte(spec), 0o600); err != nil {
				b.Fatal(err)
			}
			s, err := New(Config{ID: "b", Spec: file, URL: srv.URL})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				p, err := s.Fetch(b.Context(), source.Request{Stream: "touches"})
				if err != nil || len(p.Touches) != benchRows || len(p.Issues) != 0 {
					b.Fatal(err, len(p.Touches), p.Issues)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows), "ns/row")
		})
	}
}

// A start makes each connector several times: to check the configuration, to learn its stages, to read.
func BenchmarkStart_Connector(b *testing.B) {
	for _, name := range []string{"hubspot", "fxiaoke", "k3cloud"} {
		b.Run(name, func(b *testing.B) {
			cfg := map[string]Config{"hubspot": {Spec: "hubspot", Credential: func() (string, error) { return canary, nil }}, "fxiaoke": fxiaokeConfig(b), "k3cloud": k3Config(b)}[name]
			cfg.ID, cfg.URL, cfg.Currency, cfg.Streams = "crm", "https://crm.example.com", "CNY", nil
			for b.Loop() {
				if _, err := New(cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
