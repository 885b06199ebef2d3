package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flightdeck/store/company"

	_ "github.com/mattn/go-sqlite3" // registers sqliteDriver
)

// sqliteDriver is mattn's, SQLite's own C with cgo. modernc.org/sqlite v1.62.0, the same translated to Go, took 1.4 to 3.2 times as long on these questions
// (funnel 24 ms against 7.6, forecast 2.1 against 1.2, geo 0.70 against 0.42, the fastest of the repetitions at the small size).
const sqliteDriver = "sqlite3"

const batchRows = 64

// liteLoader inserts rows by the batch in one transaction.
type liteLoader struct {
	ctx    context.Context
	db     *sql.DB
	tx     *sql.Tx
	insert [len(tables)]*sql.Stmt
	held   [len(tables)][]any
}

func openSQLite(ctx context.Context, dir string, size company.Size, d *dims, want built) (peer, error) {
	path := filepath.Join(dir, "sqlite.db")
	want.Schema = schema(lite)
	if !upToDate(dir, "sqlite", want) {
		if err := errors.Join(remove(filepath.Join(dir, "sqlite.json")), remove(path), remove(path+"-journal")); err != nil {
			return nil, err
		}
		t := time.Now()
		if err := loadSQLite(ctx, path, size); err != nil {
			return nil, err
		}
		if err := stamp(dir, "sqlite", want, time.Since(t)); err != nil {
			return nil, err
		}
	}
	db, err := sql.Open(sqliteDriver, "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	x, err := open(ctx, "sqlite", lite, d, db)
	if err != nil {
		return nil, err
	}
	for _, s := range []string{"PRAGMA mmap_size = 68719476736", "PRAGMA cache_size = -1000000", "PRAGMA temp_store = MEMORY"} {
		if _, err := x.conn.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, x.close())
		}
	}
	return x, nil
}

func loadSQLite(ctx context.Context, path string, size company.Size) (err error) {
	db, err := sql.Open(sqliteDriver, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := execAll(ctx, db, "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000", "PRAGMA temp_store = MEMORY"); err != nil {
		return err
	}
	for i := range tables {
		if tables[i].only != "" {
			continue
		}
		if err := execAll(ctx, db, create(lite, &tables[i], tables[i].name)); err != nil {
			return err
		}
	}
	l := &liteLoader{ctx: ctx, db: db}
	if l.tx, err = db.BeginTx(ctx, nil); err != nil {
		return err
	}
	for i := range tables {
		if tables[i].only != "" {
			continue
		}
		if l.insert[i], err = l.tx.PrepareContext(ctx, insertText(&tables[i], batchRows)); err != nil {
			return err
		}
	}
	return fill(size, l)
}

func insertText(t *table, rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(t.cols)), ", ") + ")"
	return "INSERT INTO " + t.name + " VALUES " + strings.TrimSuffix(strings.Repeat(one+", ", rows), ", ")
}

func (l *liteLoader) add(table int, row ...int64) error {
	if tables[table].only != "" {
		return nil
	}
	for _, v := range row {
		l.held[table] = append(l.held[table], v)
	}
	if len(l.held[table]) < batchRows*len(row) {
		return nil
	}
	_, err := l.insert[table].ExecContext(l.ctx, l.held[table]...)
	l.held[table] = l.held[table][:0]
	return err
}

func (l *liteLoader) finish() error {
	for i := range tables {
		if n := len(l.held[i]) / len(tables[i].cols); n > 0 {
			if _, err := l.tx.ExecContext(l.ctx, insertText(&tables[i], n), l.held[i]...); err != nil {
				return err
			}
		}
	}
	if err := l.tx.Commit(); err != nil {
		return err
	}
	for i := range tables {
		for k, c := range tables[i].index {
			if err := execAll(l.ctx, l.db, "CREATE INDEX "+tables[i].name+"_"+strconv.Itoa(k)+" ON "+tables[i].name+" ("+c+")"); err != nil {
				return err
			}
		}
	}
	return execAll(l.ctx, l.db, "ANALYZE")
}
