package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flightdeck/store/company"
)

// peer answers questions. Only ask is timed; rows brings the answer into the form in which all are compared.
type peer interface {
	name() string
	ask(q *question, p *params) (any, error)
	rows(q *question, p *params, answer any) [][]int64
	close() error
}

// database is a peer that speaks SQL.
type database struct {
	ctx     context.Context
	label   string
	dialect dialect
	d       *dims
	db      *sql.DB
	conn    *sql.Conn
	ways    []way
	best    map[string]way // by question
	kept    map[string]*sql.Stmt
	stop    func() error // ends a server that we started
}

// way is how statements are run: settle finds the fastest one for each question.
type way struct {
	label   string
	literal bool   // as text with the arguments written in, which a planner can look at, and not prepared
	before  string // a setting
}

var usualWays = []way{{label: " "}, {label: "*", literal: true}}

// loader builds a database from a stream of rows.
type loader interface {
	sink
	finish() error
}

// built says what a database file holds, so that the next run can use it again.
type built struct {
	Size   company.Size
	Rows   string
	Schema string
	Took   string
}

func schema(l dialect) string {
	var b strings.Builder
	for i := range tables {
		b.WriteString(tables[i].only + create(l, &tables[i], tables[i].name) + tables[i].sorted + strings.Join(tables[i].index, ";"))
	}
	return b.String()
}

// upToDate reports whether dir/name was built from these very rows; stamp says so of a new one.
func upToDate(dir, name string, want built) bool {
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	var have built
	if err != nil || json.Unmarshal(text, &have) != nil {
		return false
	}
	have.Took = ""
	return have == want
}

func stamp(dir, name string, b built, took time.Duration) error {
	b.Took = took.Round(time.Second).String()
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644)
}

// fill streams the company into l.
func fill(size company.Size, l loader) error {
	if err := generate(size, newDeriver(l).block); err != nil {
		return err
	}
	return l.finish()
}

func create(l dialect, t *table, name string) string {
	var c []string
	for _, x := range t.cols {
		typ := x.typ
		if l == lite {
			typ = "INTEGER"
		}
		c = append(c, x.name+" "+typ+" NOT NULL")
	}
	how := "CREATE TABLE "
	if l == postgres {
		how = "CREATE UNLOGGED TABLE "
	}
	return how + name + " (" + strings.Join(c, ", ") + ")"
}

// open takes one connection, so that settings and prepared statements stay.
func open(ctx context.Context, label string, l dialect, d *dims, db *sql.DB) (*database, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", label, err), db.Close())
	}
	return &database{ctx: ctx, label: label, dialect: l, d: d, db: db, conn: conn, ways: usualWays, best: map[string]way{}, kept: map[string]*sql.Stmt{}}, nil
}

func (x *database) name() string { return x.label }

func (x *database) close() error {
	for _, s := range x.kept {
		_ = s.Close() // the connection goes with them
	}
	err := errors.Join(x.conn.Close(), x.db.Close())
	if x.stop != nil {
		err = errors.Join(err, x.stop())
	}
	return err
}

func (x *database) ask(q *question, p *params) (any, error) {
	text, args := q.sql(x.dialect, p), q.args(x.d, p)
	var rows *sql.Rows
	var err error
	if x.best[q.name].literal {
		rows, err = x.conn.QueryContext(x.ctx, spell(text, args))
	} else {
		s := x.kept[text]
		if s == nil {
			plain := text
			if x.dialect == lite {
				plain = strings.ReplaceAll(text, "$", "?")
			}
			if s, err = x.conn.PrepareContext(x.ctx, plain); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", x.label, q.name, err)
			}
			x.kept[text] = s
		}
		given := make([]any, len(args))
		for i, a := range args {
			given[i] = a
		}
		rows, err = s.QueryContext(x.ctx, given...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", x.label, q.name, err)
	}
	out, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", x.label, q.name, err)
	}
	return out, nil
}

func scan(rows *sql.Rows) (out [][]int64, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	n := len(names)
	into := make([]any, n)
	for rows.Next() {
		row := make([]int64, n)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// spell writes the arguments into a statement; there are fewer than ten.
func spell(text string, args []int64) string {
	for i, a := range args {
		text = strings.ReplaceAll(text, "$"+strconv.Itoa(i+1), strconv.FormatInt(a, 10))
	}
	return text
}

func (x *database) rows(q *question, p *params, answer any) [][]int64 {
	rows := answer.([][]int64)
	if q.rows != nil {
		rows = q.rows(x.d, p, rows)
	}
	return rows
}

// settle tries every way to ask a question and keeps the fastest.
func (x *database) settle(q *question, sets []params) error {
	var best way
	fastest := time.Duration(math.MaxInt64)
	for _, w := range x.ways {
		if err := x.take(q, w); err != nil {
			return err
		}
		for range 4 { // the first one warms up
			t := time.Now()
			for i := range sets {
				if _, err := x.ask(q, &sets[i]); err != nil {
					return err
				}
			}
			if d := time.Since(t); d < fastest {
				fastest, best = d, w
			}
		}
	}
	return x.take(q, best)
}

func (x *database) take(q *question, w way) error {
	x.best[q.name] = w
	if w.before == "" {
		return nil
	}
	_, err := x.conn.ExecContext(x.ctx, w.before)
	return err
}

func execAll(ctx context.Context, db *sql.DB, list ...string) error {
	for _, s := range list {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}
