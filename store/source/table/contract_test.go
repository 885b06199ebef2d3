package table

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

func TestSource_Contract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Faults: []sourcetest.Kind{sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties},
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			dir, next := t.TempDir(), 0
			fill := func(name string, n int) (ids []store.ID) {
				var b strings.Builder
				b.WriteString("id,name,stage,amount,close\n")
				for range n {
					next++
					title, day := fmt.Sprintf("扩容项目 %d", next), "2026-03-09"
					switch {
					case rows == sourcetest.Hostile:
						title = "\"\x1b[31m\u202ered\u200b\x00 line\nbreak\x9b2J\""
					case rows == sourcetest.FarDate && next == 5:
						day = "2999-01-01"
					}
					fmt.Fprintf(&b, "%d,%s,won,10,%s\n", next, title, day)
					ids = append(ids, store.MakeID("t", fmt.Sprint(next)))
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return ids
			}
			open := func() source.Source {
				var c Config
				if err := unmarshal(dealsConfig, &c); err != nil {
					t.Fatal(err)
				}
				c.ID, c.Dir = "t", dir
				if rows == sourcetest.Hostile {
					c.Encoding = "windows-1252" // the bytes are no text at all
				}
				s, err := New(c)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			w := sourcetest.World{Want: append(fill("deals-1.csv", n/2), fill("deals-2.csv", n-n/2)...), Source: open(), Reopen: open,
				Now: func() time.Time { return later }}
			files := 2
			w.Add = func(n int) []store.ID {
				files++
				ids := fill(fmt.Sprintf("deals-%d.csv", files), n)
				w.Want = append(w.Want, ids...)
				return ids
			}
			return w
		},
	})
}
