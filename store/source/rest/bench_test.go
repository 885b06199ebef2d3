package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

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
			if _, err := decodeJSON(body); err != nil {
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
