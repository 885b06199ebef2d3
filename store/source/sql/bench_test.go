package sql

import (
	"errors"
	"fmt"
	"testing"

	"flightdeck/store/source"
)

// BenchmarkFetch_SQLite is the first load of a table, beside the driver's own reading of the same rows: what mapping, paging and checking cost.
func BenchmarkFetch_SQLite(b *testing.B) {
	const n = 20_000
	s := newSQLite(b)
	table := s.table(b)
	s.exec(b, fmt.Sprintf(`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d)
		INSERT INTO %s (id, name, stage, amount, close_on, updated_at) SELECT n, '扩容项目 ' || n, 'won', '1234567.89', '2026-03-09', '2026-03-01 08:00:00.000000' FROM i`, n, table))
	src := s.config(table).open(b)
	b.Run("source", func(b *testing.B) {
		for b.Loop() {
			if p, _ := read(b, src, "deals", "", 0); len(p.Deals) != n {
				b.Fatal(len(p.Deals))
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("driver", func(b *testing.B) {
		for b.Loop() {
			rows, err := src.db.Query("SELECT id, name, stage, amount, close_on, updated_at, gone FROM " + table)
			if err != nil {
				b.Fatal(err)
			}
			var v [7]any
			for rows.Next() {
				if err := rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]); err != nil {
					b.Fatal(err)
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("nothing", func(b *testing.B) { // a pull that finds nothing
		s.exec(b, "UPDATE "+table+" SET updated_at = '2026-03-02 08:00:00.000000' WHERE id = 1")
		_, c := read(b, src, "deals", "", 0)
		for range 2 {
			_, c = read(b, src, "deals", c, 0)
		}
		for b.Loop() {
			if p, err := src.Fetch(b.Context(), source.Request{Stream: "deals", Cursor: c}); err != nil || p.Len() != 0 || p.More {
				b.Fatal(p.Len(), err)
			}
		}
	})
}
