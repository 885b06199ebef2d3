package sql

import (
	stdsql "database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

// server is a database server under test, with somebody who may write to it.
type server struct {
	kind string
	db   *stdsql.DB // the writer
	cfg  Config     // where and as whom the source reads
	// types of the columns
	text, number, money, stamp string
	n                          atomic.Int64
	grant                      string // lets the source read a table; "": it may read all
	line                       interface{ cut(from int) }
	fail                       func(t testing.TB, src *Source, table string, f sourcetest.Fault) (heal func())
}

// exec writes; its parameters are ? everywhere.
func (s *server) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if s.kind == "postgresql" {
		for i := range args {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	if _, err := s.db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", store.Clip(query, 200), err)
	}
}

// table makes an empty table of deals and returns its name.
func (s *server) table(t testing.TB) string {
	name := fmt.Sprintf("deals_%d", s.n.Add(1))
	s.exec(t, fmt.Sprintf("CREATE TABLE %s (id %s NOT NULL PRIMARY KEY, name %s, stage %s, amount %s, close_on %s, updated_at %s, gone %s DEFAULT 0)",
		name, s.number, s.text, s.text, s.money, s.text, s.stamp, s.number))
	s.exec(t, fmt.Sprintf("CREATE INDEX %s_changed ON %s (updated_at, id)", name, name))
	if s.grant != "" {
		s.exec(t, fmt.Sprintf(s.grant, name))
	}
	t.Cleanup(func() { _, _ = s.db.Exec("DROP TABLE IF EXISTS " + name) })
	return name
}

// base is when the first row was changed; the tests' rows follow second by second.
var base = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// stampOf is a time as the column takes it.
func (s *server) stampOf(at time.Time) any {
	if s.kind == "sqlite" {
		return at.UTC().Format("2006-01-02 15:04:05.000000")
	}
	return at.UTC()
}

func (s *server) put(t testing.TB, table string, id int, name, closeOn string, at time.Time) {
	t.Helper()
	s.exec(t, "INSERT INTO "+table+" (id, name, stage, amount, close_on, updated_at) VALUES (?, ?, 'won', '12345678901234567.89', ?, ?)", id, name, closeOn, s.stampOf(at))
}

// config reads table as deals.
func (s *server) config(table string) Config {
	c := s.cfg
	c.Kind, c.ID, c.Currency = s.kind, "db", "CNY"
	c.Streams = []Stream{{
		Entity: "deal", Table: table, Modified: Names{"updated_at"}, Deleted: Deleted{Column: "gone"},
		Fields: map[string]Value{"id": {Column: "id"}, "name": {Column: "name"}, "stage": {Column: "stage"}, "amount": {Column: "amount"}, "close": {Column: "close_on"}},
	}}
	return c
}

// open makes a source that is closed with the test.
func (c Config) open(t testing.TB) *Source {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// contract runs the suite of all sources.
func (s *server) contract(t *testing.T, faults ...sourcetest.Kind) {
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Faults: append(faults, sourcetest.FarDate, sourcetest.Ties), Secret: canary(s),
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			table, next := s.table(t), 0
			add := func(n int) (ids []store.ID) {
				for range n {
					next++
					name, day, at := fmt.Sprintf("扩容项目 %d", next), "2026-03-09", base.Add(time.Duration(next)*time.Second)
					switch {
					case rows == sourcetest.Hostile:
						name = "\x1b[31m\u202ered\u200b line\nbreak\u009b2J"
						if s.kind == "sqlite" {
							name += "\x00\x9b\xff"
						}
					case rows == sourcetest.FarDate && next == 5:
						day, at = "2999-01-01", time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
					case rows == sourcetest.Ties:
						at = base
					}
					s.put(t, table, next, name, day, at)
					ids = append(ids, store.MakeID("db", fmt.Sprint(next)))
				}
				return ids
			}
			src := s.config(table).open(t)
			w := sourcetest.World{Want: add(n), Source: src, Add: add, Reopen: func() source.Source { return s.config(table).open(t) }}
			w.Delete = func() store.ID {
				next++
				s.exec(t, "UPDATE "+table+" SET gone = 1, updated_at = ? WHERE id = 7", s.stampOf(base.Add(time.Duration(next)*time.Second)))
				return "db:7"
			}
			heal := func() {}
			w.Break = func(f sourcetest.Fault) { heal = s.fail(t, src, table, f) }
			w.Heal = func() { heal() }
			return w
		},
	})
}

// canary is the password that may appear nowhere.
func canary(s *server) string {
	if s.kind == "sqlite" {
		return ""
	}
	return password
}

const password = "Canary-9f2Plume"

// read reads from c to the end of the pass.
func read(t testing.TB, s *Source, name store.Stream, c store.Cursor, limit int) (all source.Page, next store.Cursor) {
	t.Helper()
	for range 1000 {
		p, err := s.Fetch(t.Context(), source.Request{Stream: name, Cursor: c, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		all.Append(&p.Records)
		all.Deleted = append(all.Deleted, p.Deleted...)
		all.Full = p.Full
		if c = p.Next; !p.More {
			return all, c
		}
	}
	t.Fatal("a pass without end")
	return all, c
}

// ids of deals.
func deals(p source.Page) string {
	var all []string
	for _, d := range p.Deals {
		all = append(all, d.ID.Native())
	}
	return strings.Join(all, " ")
}
