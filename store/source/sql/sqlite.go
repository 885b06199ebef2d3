package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
)

// sqliteDialect reads a SQLite 3 file that another program may be writing.
var sqliteDialect = &dialect{
	title: "SQLite", verified: "real server", limits: "numbers of more than 15 digits are exact only where they stand as text",
	file: true, quotes: [2]string{`"`, `"`}, readTx: true, isolate: stdsql.LevelDefault,
	bytes: []string{"BLOB"},
	param: question,
	// A column of type DATETIME holds whatever was put there, and the driver would make a time of it that no longer compares with what is stored.
	raw:  func(column string) string { return "+" + column },
	bind: plainBind,
	connect: func(c *Config, _ string) (driver.Connector, error) {
		info, err := os.Stat(c.Database)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("database: no file %s", c.Database)
		case err != nil:
			return nil, fmt.Errorf("database: %w", err)
		case info.IsDir():
			return nil, fmt.Errorf("database: %s is a folder; want the file in it", c.Database)
		}
		return sqlite.NewConnector(uri(c.Database, "mode=ro&_pragma=query_only(1)&_pragma=trusted_schema(0)&_pragma=busy_timeout(5000)"))
	},
	now: func(ctx context.Context, q querier) (m moment, err error) {
		var text string
		if err := q.QueryRowContext(ctx, "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").Scan(&text); err != nil {
			return m, err
		}
		m.at, err = time.Parse("2006-01-02 15:04:05.999", text)
		return m, err
	},
	untold: func(context.Context, querier) (bool, error) { return true, nil },
	class: func(err error) (fault, bool) {
		var e *sqlite.Error
		if !errors.As(err, &e) {
			return fault{}, false
		}
		switch e.Code() & 0xff {
		case 5, 6: // BUSY, LOCKED
			return fault{busy, e.Error()}, true
		case 3, 23: // PERM, AUTH
			return fault{denied, e.Error()}, true
		case 1, 8, 11, 14, 24, 26: // ERROR, READONLY, CORRUPT, CANTOPEN, FORMAT, NOTADB
			return fault{setup, e.Error()}, true
		}
		return fault{other, e.Error()}, true
	},
}

// uri names a file for SQLite.
func uri(path, settings string) string {
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath() + "?" + settings
}
