package sql

import (
	stdsql "database/sql"
	"path/filepath"
	"testing"

	"flightdeck/store/source/sourcetest"
)

// newSQLite makes a database file that somebody else writes.
func newSQLite(t testing.TB) *server {
	path := filepath.Join(t.TempDir(), "crm ? 数据.db")
	db, err := stdsql.Open("sqlite", uri(path, "_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &server{kind: "sqlite", db: db, cfg: Config{Database: path}, text: "TEXT", number: "INTEGER", money: "TEXT", stamp: "DATETIME"}
	s.fail = func(t testing.TB, _ *Source, table string, f sourcetest.Fault) func() {
		s.exec(t, "ALTER TABLE "+table+" RENAME TO away") // the one fault of a file that is no row's
		return func() { s.exec(t, "ALTER TABLE away RENAME TO "+table) }
	}
	return s
}

func TestSQLite_Contract(t *testing.T) {
	newSQLite(t).contract(t, sourcetest.Hostile, sourcetest.ServerError)
}
