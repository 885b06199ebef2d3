package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/store/company"
)

var tiny = company.Size{Regions: 2, Teams: 4, Reps: 16, Accounts: 120, Deals: 800, Touches: 12_000, Sales: 4000, Quarters: 8, Months: 24}

func sets(o *ours, i int) []params {
	return questions[i].sets(o.d, rand.New(rand.NewPCG(seed, uint64(i))))
}

// TestPeers_Agree asks the databases that need no server.
func TestPeers_Agree(t *testing.T) {
	o, sum, err := build(t.TempDir(), tiny)
	if err != nil {
		t.Fatal(err)
	}
	all := []peer{o}
	for _, open := range []func(context.Context, string, company.Size, *dims, built) (peer, error){openDuckDB, openSQLite} {
		x, err := open(t.Context(), t.TempDir(), tiny, o.d, built{Size: tiny, Rows: sum.String()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := x.close(); err != nil {
				t.Error(err)
			}
		})
		all = append(all, x)
	}
	for i := range questions {
		q := &questions[i]
		first, err := agree(q, sets(o, i), all)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := measure(q, sets(o, i), all, first, 0, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := agree(q, sets(o, i), all); err != nil {
			t.Fatalf("once the fastest way is chosen: %v", err)
		}
	}
}

// TestPeers_NoticeWrongRows: every table matters to some question, down to a last digit or a day.
func TestPeers_NoticeWrongRows(t *testing.T) {
	o, sum, err := build(t.TempDir(), tiny)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	x, err := openSQLite(t.Context(), dir, tiny, o.d, built{Size: tiny, Rows: sum.String()})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(sqliteDriver, filepath.Join(dir, "sqlite.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, tab := range tables {
		if tab.only != "" {
			continue // TestDuckDB_NoticesWrongInputs
		}
		for _, c := range tab.cols {
			if c.name == "account" {
				continue // only joined with itself
			}
			t.Run(tab.name+"."+c.name, func(t *testing.T) {
				change := func(by int) {
					if err := execAll(t.Context(), db, fmt.Sprintf("UPDATE %s SET %s = %s %+d", tab.name, c.name, c.name, by)); err != nil {
						t.Fatal(err)
					}
				}
				by := 1
				if c.name == "sign" {
					by = 10 // of so few deals none is on the very day from which it counts as stale
				}
				change(by)
				defer change(-by)
				x, err := open(t.Context(), "sqlite", lite, o.d, db)
				if err != nil {
					t.Fatal(err)
				}
				defer x.conn.Close()
				for i := range questions {
					if _, err = agree(&questions[i], sets(o, i), []peer{o, x}); err != nil {
						if !strings.Contains(err.Error(), "differ") {
							t.Fatal(err)
						}
						return
					}
				}
				t.Error("nobody noticed")
			})
		}
	}
}

// TestDuckDB_NoticesWrongInputs: so does every column of the table that DuckDB alone has.
func TestDuckDB_NoticesWrongInputs(t *testing.T) {
	o, sum, err := build(t.TempDir(), tiny)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	x, err := openDuckDB(t.Context(), dir, tiny, o.d, built{Size: tiny, Rows: sum.String()})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", filepath.Join(dir, "duckdb.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range tables[tableInput].cols {
		if c.name == "account" {
			continue // only joined with itself
		}
		t.Run(c.name, func(t *testing.T) {
			factor := map[string]string{"month": "month + 1", "there": "1 - there", "hold": "1 - hold", "region": "region + 1", "prior": "prior + 1"}[c.name]
			if factor == "" {
				factor = c.name + " * 2 + 40" // so few customers do not stand so close to a line
			}
			if err := execAll(t.Context(), db, "CREATE TABLE kept AS SELECT * FROM input", fmt.Sprintf("UPDATE input SET %s = %s", c.name, factor), "DROP TABLE part", scaleTable()); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := execAll(context.Background(), db, "DROP TABLE input", "ALTER TABLE kept RENAME TO input", "DROP TABLE part", scaleTable()); err != nil {
					t.Error(err)
				}
			}()
			x, err := open(t.Context(), "duckdb", duck, o.d, db)
			if err != nil {
				t.Fatal(err)
			}
			defer x.conn.Close()
			for i := range questions {
				if questions[i].only == "" {
					continue
				}
				if _, err = agree(&questions[i], sets(o, i), []peer{o, x}); err != nil {
					if !strings.Contains(err.Error(), "differ") {
						t.Fatal(err)
					}
					return
				}
			}
			t.Error("nobody noticed")
		})
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		v       []float64
		q, want float64
	}{{[]float64{3}, .5, 3}, {[]float64{3, 1, 2}, .5, 2}, {[]float64{4, 1, 2, 3}, .5, 2}, {[]float64{1, 2, 3, 4}, .99, 4}, {[]float64{1, 2}, 0, 1}} {
		if got := quantile(c.v, c.q); got != c.want {
			t.Errorf("the %v quantile of %v is %v, want %v", c.q, c.v, got, c.want)
		}
	}
}

func TestHalfEven(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 49: 0, 50: 0, 51: 1, 149: 1, 150: 2, 250: 2, 251: 3} {
		if got := halfEven(n, 100); got != want {
			t.Errorf("%d / 100 is %d, want %d", n, got, want)
		}
	}
}
