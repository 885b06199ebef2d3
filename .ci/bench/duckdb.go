package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"flightdeck/store/company"

	"github.com/duckdb/duckdb-go/v2"
)

// duckLoader appends to staging tables, which are then written sorted and with narrow columns: DuckDB skips row groups by their ranges.
type duckLoader struct {
	ctx  context.Context
	db   *sql.DB
	conn driver.Conn
	app  [len(tables)]*duckdb.Appender
	row  [len(tables)][]driver.Value
}

func openDuckDB(ctx context.Context, dir string, size company.Size, d *dims, want built) (peer, error) {
	path := filepath.Join(dir, "duckdb.db")
	want.Schema = schema(duck) + scaleTable()
	if !upToDate(dir, "duckdb", want) {
		if err := errors.Join(remove(filepath.Join(dir, "duckdb.json")), remove(path), remove(path+".wal")); err != nil {
			return nil, err
		}
		t := time.Now()
		if err := loadDuckDB(ctx, path, size); err != nil {
			return nil, err
		}
		if err := stamp(dir, "duckdb", want, time.Since(t)); err != nil {
			return nil, err
		}
	}
	db, err := sql.Open("duckdb", path+"?access_mode=READ_ONLY")
	if err != nil {
		return nil, err
	}
	x, err := open(ctx, "duckdb", duck, d, db)
	if err != nil {
		return nil, err
	}
	// One thread is faster where little is read, or where others use the machine.
	one, many := "SET threads = 1", "SET threads = "+strconv.Itoa(runtime.NumCPU())
	x.ways = []way{{" ", false, many}, {"*", true, many}, {"¹", false, one}, {"⁺", true, one}}
	return x, nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func loadDuckDB(ctx context.Context, path string, size company.Size) (err error) {
	c, err := duckdb.NewConnector(path, nil)
	if err != nil {
		return err
	}
	l := &duckLoader{ctx: ctx, db: sql.OpenDB(c)}
	defer func() { err = errors.Join(err, l.db.Close()) }()
	for i := range tables {
		t := table{cols: nil}
		for _, x := range tables[i].cols {
			t.cols = append(t.cols, column{x.name, "BIGINT"})
		}
		if err := execAll(ctx, l.db, create(duck, &t, "raw_"+tables[i].name)); err != nil {
			return err
		}
	}
	if l.conn, err = c.Connect(ctx); err != nil {
		return err
	}
	for i := range tables {
		if l.app[i], err = duckdb.NewAppenderFromConn(l.conn, "", "raw_"+tables[i].name); err != nil {
			return err
		}
		l.row[i] = make([]driver.Value, len(tables[i].cols))
	}
	return fill(size, l)
}

func (l *duckLoader) add(table int, row ...int64) error {
	into := l.row[table]
	for i, v := range row {
		into[i] = v
	}
	return l.app[table].AppendRow(into...)
}

func (l *duckLoader) finish() error {
	for i := range tables {
		if err := l.app[i].Close(); err != nil {
			return err
		}
	}
	if err := l.conn.Close(); err != nil {
		return err
	}
	for i := range tables {
		t := &tables[i]
		if err := execAll(l.ctx, l.db, create(duck, t, t.name), "INSERT INTO "+t.name+" SELECT * FROM raw_"+t.name+" ORDER BY "+t.sorted,
			"DROP TABLE raw_"+t.name, "CHECKPOINT"); err != nil {
			return err
		}
	}
	return execAll(l.ctx, l.db, scaleTable(), "CHECKPOINT", "ANALYZE")
}
