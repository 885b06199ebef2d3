//go:build integration

package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

// These tests need the servers that .ci/databases starts. The environment says where they are:
//
//	POSTGRESQL_ADDRESS   host:port, the user postgres trusted; absent: its tests are skipped
//	MARIADB_ADDRESS      host:port
//	MARIADB_SOCKET       where root may come in without a password
//	FLIGHTDECK_REQUIRE_INTEGRATION=1   a missing server is a failure

func need(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" && os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
		t.Fatal(name + " is not set: start .ci/databases and set it")
	} else if v == "" {
		t.Skip(name + " is not set: start .ci/databases and set it")
	}
	return v
}

func newPostgreSQL(t *testing.T) *server {
	address := need(t, "POSTGRESQL_ADDRESS")
	t.Setenv("SQL_TEST_PASSWORD", password)
	admin, err := stdsql.Open("pgx", "postgres://postgres@"+address+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	s := &server{kind: "postgresql", db: admin, text: "VARCHAR(200)", number: "BIGINT", money: "NUMERIC(19,2)", stamp: "TIMESTAMP"}
	database := fmt.Sprintf("flightdeck_%d", time.Now().UnixNano())
	s.exec(t, "DROP ROLE IF EXISTS flightdeck_ro") // its rights went with the databases
	s.exec(t, "CREATE ROLE flightdeck_ro LOGIN PASSWORD '"+password+"'")
	s.exec(t, "CREATE DATABASE "+database)
	if s.db, err = stdsql.Open("pgx", "postgres://postgres@"+address+"/"+database+"?sslmode=disable&timezone=UTC"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.db.Close()
		_, err := admin.Exec("DROP DATABASE " + database + " WITH (FORCE)")
		_, err2 := admin.Exec("DROP ROLE flightdeck_ro")
		if err := errors.Join(err, err2); err != nil {
			t.Error(err)
		}
	})
	s.exec(t, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO flightdeck_ro")
	s.cfg = Config{Address: address, Database: database, Login: "flightdeck_ro", Password: secret(t)}
	s.fail = s.faults("ALTER ROLE flightdeck_ro PASSWORD 'other'", "ALTER ROLE flightdeck_ro PASSWORD '"+password+"'",
		"REVOKE SELECT ON %s FROM flightdeck_ro", "GRANT SELECT ON %s TO flightdeck_ro", "BEGIN; LOCK TABLE %s", "ROLLBACK")
	return s
}

func newMariaDB(t *testing.T) *server {
	address, socket := need(t, "MARIADB_ADDRESS"), need(t, "MARIADB_SOCKET")
	t.Setenv("SQL_TEST_PASSWORD", password)
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.MultiStatements, cfg.ParseTime = "unix", socket, "root", true, true
	cfg.Params = map[string]string{"time_zone": "'+00:00'"}
	open := func() *stdsql.DB {
		c, err := mysql.NewConnector(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return stdsql.OpenDB(c)
	}
	s := &server{kind: "mysql", db: open(), text: "VARCHAR(200)", number: "BIGINT", money: "DECIMAL(19,2)", stamp: "DATETIME(6)"}
	database := fmt.Sprintf("flightdeck_%d", time.Now().UnixNano())
	s.exec(t, "CREATE DATABASE "+database+" CHARACTER SET utf8mb4; CREATE OR REPLACE USER flightdeck_ro@'127.0.0.1' IDENTIFIED BY '"+password+"'")
	s.exec(t, "GRANT PROCESS ON *.* TO flightdeck_ro@'127.0.0.1'")
	_ = s.db.Close()
	cfg.DBName = database
	s.db = open()
	t.Cleanup(func() {
		if _, err := s.db.Exec("DROP DATABASE " + database + "; DROP USER flightdeck_ro@'127.0.0.1'"); err != nil {
			t.Error(err)
		}
		_ = s.db.Close()
	})
	s.cfg = Config{Address: address, Database: database, Login: "flightdeck_ro", Password: secret(t)}
	s.fail = s.faults("SET PASSWORD FOR flightdeck_ro@'127.0.0.1' = PASSWORD('other')", "SET PASSWORD FOR flightdeck_ro@'127.0.0.1' = PASSWORD('"+password+"')",
		"REVOKE SELECT ON %s FROM flightdeck_ro@'127.0.0.1'", "GRANT SELECT ON %s TO flightdeck_ro@'127.0.0.1'", "LOCK TABLES %s WRITE", "UNLOCK TABLES")
	s.grant = "GRANT SELECT ON %s TO flightdeck_ro@'127.0.0.1'"
	return s
}

// secret names the password.
func secret(t *testing.T) (s source.Secret) {
	if err := s.UnmarshalText([]byte("env:SQL_TEST_PASSWORD")); err != nil {
		t.Fatal(err)
	}
	return s
}

// faults makes them with the statements of a server.
func (s *server) faults(lockOut, letIn, revoke, grant, lock, unlock string) func(testing.TB, *Source, string, sourcetest.Fault) func() {
	return func(t testing.TB, src *Source, table string, f sourcetest.Fault) func() {
		switch f.Kind {
		case sourcetest.Unauthorized:
			s.exec(t, lockOut)
			_ = src.Close() // as the server does with a session of old
			return func() { s.exec(t, letIn) }
		case sourcetest.Forbidden:
			s.exec(t, fmt.Sprintf(revoke, table))
			return func() { s.exec(t, fmt.Sprintf(grant, table)) }
		case sourcetest.Hang:
			c, err := s.db.Conn(context.Background())
			if err == nil {
				for _, q := range strings.Split(fmt.Sprintf(lock, table), "; ") {
					_, err = c.ExecContext(context.Background(), q)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { // before the table goes
				_, _ = c.ExecContext(context.Background(), unlock)
				_ = c.Close()
			})
			return func() {}
		case sourcetest.Cut:
			s.line.cut(f.Page)
			return func() { s.line.cut(0) }
		}
		s.exec(t, "ALTER TABLE "+table+" RENAME TO away")
		return func() { s.exec(t, "ALTER TABLE away RENAME TO "+table) }
	}
}

// line carries a connection to a server and cuts it in the middle of an answer.
type line struct {
	l      net.Listener
	mu     sync.Mutex
	broken int // the answer that is cut, from 1, and all after it; 0: none
}

func newLine(t *testing.T, to string) *line {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{l: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() {
				defer in.Close()
				defer out.Close()
				b := make([]byte, 4096)
				for {
					k, err := out.Read(b)
					if n.isCut() {
						k /= 2
						err = io.ErrClosedPipe
					}
					if _, werr := in.Write(b[:k]); err != nil || werr != nil {
						return
					}
				}
			}()
		}
	}()
	return n
}

func (n *line) cut(at int) { n.mu.Lock(); n.broken = at; n.mu.Unlock() }

func (n *line) isCut() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken > 1 {
		n.broken--
		return false
	}
	return n.broken == 1
}

// through lets the source come over a line that can be cut.
func (s *server) through(t *testing.T) *server {
	l := newLine(t, s.cfg.Address)
	s.line, s.cfg.Address = l, l.l.Addr().String()
	return s
}

var serverFaults = []sourcetest.Kind{sourcetest.Hostile, sourcetest.ServerError, sourcetest.Cut, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang}

func TestPostgreSQL_IntegrationContract(t *testing.T) {
	newPostgreSQL(t).through(t).contract(t, serverFaults...)
}
func TestMariaDB_IntegrationContract(t *testing.T) {
	newMariaDB(t).through(t).contract(t, serverFaults...)
}

// A row is stamped by its transaction, which commits only after a pass has read what was stamped later, with no overlap to hide in.
func (s *server) lateCommit(t *testing.T, now string) {
	table := s.table(t)
	cfg := s.config(table)
	cfg.Overlap = time.Millisecond
	cfg.TimeZone = "UTC"
	insert := "INSERT INTO " + table + " (id, name, stage, amount, updated_at) VALUES (%d, 'x', 'won', 1, " + now + ")"
	s.exec(t, fmt.Sprintf(insert, 1))
	src := cfg.open(t)
	_, c := read(t, src, "deals", "", 0)

	long, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer long.Rollback()
	if _, err := long.ExecContext(t.Context(), fmt.Sprintf(insert, 2)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond) // INNODB_TRX is up to 0.1 s old
	s.exec(t, fmt.Sprintf(insert, 3))
	p, c := read(t, src, "deals", c, 0)
	if got := deals(p); !strings.HasSuffix(got, "3") || strings.Contains(got, "2") {
		t.Fatalf("the second pass read %q", got)
	}
	for range 2 { // it stays open over several passes
		time.Sleep(120 * time.Millisecond)
		s.exec(t, fmt.Sprintf("UPDATE %s SET name = 'y', updated_at = %s WHERE id = 3", table, now))
		_, c = read(t, src, "deals", c, 0)
	}
	if err := long.Commit(); err != nil {
		t.Fatal(err)
	}
	var at time.Time
	if err := s.db.QueryRow("SELECT updated_at FROM " + table + " WHERE id = 2").Scan(&at); err != nil {
		t.Fatal(err)
	}
	if cur, err := parseCursor(c, src.streams[0].config); err != nil || at.UnixMicro() >= cur.Mark-cfg.Overlap.Microseconds() {
		t.Fatalf("the overlap alone would have found the row, so this proves nothing: %v, %+v, %v", at, cur, err)
	}
	time.Sleep(120 * time.Millisecond)
	p, c = read(t, src, "deals", c, 0)
	if !strings.Contains(deals(p), "2") {
		t.Errorf("the row of the transaction that committed late is lost: the pass read %q", deals(p))
	}
	if p, _ = read(t, src, "deals", c, 0); strings.Contains(deals(p), "2") {
		t.Errorf("nothing is under way any more, but the window still reaches back: %q", deals(p))
	}
}

func TestPostgreSQL_IntegrationLateCommit(t *testing.T) {
	s := newPostgreSQL(t)
	s.lateCommit(t, "CURRENT_TIMESTAMP") // of the transaction's begin

	// The same while the first pass reads, when nothing tells how old the transaction is.
	table := s.table(t)
	cfg := s.config(table)
	cfg.Overlap, cfg.TimeZone = time.Millisecond, "UTC"
	long, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer long.Rollback()
	insert := "INSERT INTO " + table + " (id, name, stage, amount, updated_at) VALUES (%d, 'x', 'won', 1, CURRENT_TIMESTAMP)"
	if _, err := long.ExecContext(t.Context(), fmt.Sprintf(insert, 1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	s.exec(t, fmt.Sprintf(insert, 2))
	src := cfg.open(t)
	_, c := read(t, src, "deals", "", 0)
	if err := long.Commit(); err != nil {
		t.Fatal(err)
	}
	if p, _ := read(t, src, "deals", c, 0); !strings.Contains(deals(p), "1") {
		t.Errorf("the row of a transaction that was open during the first pass is lost: the second read %q", deals(p))
	}
}

func TestMariaDB_IntegrationLateCommit(t *testing.T) { newMariaDB(t).lateCommit(t, "NOW(6)") }

// transaction begins one that has written a deal and not committed it.
func (s *server) transaction(t *testing.T) func(string, sourcetest.Deal) func() {
	return func(table string, d sourcetest.Deal) func() {
		tx, err := s.db.BeginTx(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		q := "INSERT INTO " + table + " (id, name, stage, amount, updated_at, archived, merged) VALUES (?, ?, ?, ?, ?, '', '')"
		if s.kind == "postgresql" {
			q = strings.ReplaceAll(q, "?, ?, ?, ?, ?", "$1, $2, $3, $4, $5")
		}
		if _, err := tx.Exec(q, d.ID, d.Name, d.Stage, fmt.Sprintf("%d.%02d", d.Cents/100, d.Cents%100), s.stampOf(time.Now())); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A fault that needs the table for itself would wait for the transactions that are open.
var playFaults = []sourcetest.Kind{sourcetest.Cut, sourcetest.Unauthorized, sourcetest.Forbidden}

func TestPostgreSQL_IntegrationPlay(t *testing.T) {
	s := newPostgreSQL(t).through(t)
	s.play(t, 300*time.Millisecond, s.transaction(t), playFaults...)
}

func TestMariaDB_IntegrationPlay(t *testing.T) {
	s := newMariaDB(t).through(t)
	s.play(t, 300*time.Millisecond, s.transaction(t), playFaults...)
}

// What every type gives: exact amounts, times in their zone, nothing for NULL.
func TestPostgreSQL_IntegrationValues(t *testing.T) {
	s := newPostgreSQL(t)
	s.exec(t, `CREATE TABLE "Mixed" ("Id" uuid PRIMARY KEY, amount numeric, created date, "close" timestamp, changed timestamptz, title bytea, product text, lead char(10))`)
	s.exec(t, `INSERT INTO "Mixed" VALUES ('b8b1c0de-0000-4000-8000-000000000001', 12345678901234567.89, '2026-03-31', '2026-03-31 23:30', '2026-03-31 23:30+00', '\xc1aacda8', NULL, 'web'),
		('b8b1c0de-0000-4000-8000-000000000002', NULL, NULL, 'infinity', '-infinity', NULL, NULL, NULL)`)
	cfg := s.cfg
	cfg.Kind, cfg.ID, cfg.TimeZone, cfg.Currency, cfg.Encoding = "postgresql", "db", "Asia/Shanghai", "CNY", "gb18030"
	cfg.Streams = []Stream{{Entity: "deal", Table: "public.Mixed", Modified: Names{"CHANGED"}, Fields: map[string]Value{
		"id": {Column: "id"}, "name": {Column: "title"}, "amount": {Column: "amount", Scale: "1"}, "created": {Column: "created"}, "close": {Column: "close"},
		"modified": {Column: "changed"}, "product": {Column: "product"}, "lead": {Column: "lead"},
	}}}
	src := cfg.open(t)
	p, c := read(t, src, "deals", "", 1)
	if len(p.Deals) != 2 {
		t.Fatalf("%d deals: %+v", len(p.Deals), p.Issues)
	}
	d := p.Deals[0]
	if d.ID != "db:b8b1c0de-0000-4000-8000-000000000001" || d.Amount.Minor != 1234567890123456789 || d.Created != store.Date(2026, 3, 31) ||
		d.Close != store.Date(2026, 3, 31) || !d.Modified.Equal(time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)) || d.Name != "联通" || d.Product != "" || d.Lead != "web" {
		t.Errorf("%+v", d)
	}
	if o := p.Deals[1]; o.Amount.Given() || o.Close != store.NoDay || o.Created != store.NoDay || len(p.Issues) == 0 {
		t.Errorf("%+v, issues %+v", o, p.Issues)
	}
	s.exec(t, `UPDATE "Mixed" SET changed = 'infinity' WHERE amount IS NULL`)
	for range 2 {
		p, c = read(t, src, "deals", c, 1)
		if !strings.Contains(deals(p), "000000000002") {
			t.Errorf("a row changed at infinity is not read: %q", deals(p))
		}
	}
}

func TestMariaDB_IntegrationValues(t *testing.T) {
	s := newMariaDB(t)
	s.exec(t, "CREATE TABLE mixed (id BINARY(4) PRIMARY KEY, amount DECIMAL(19,2), created DATE, `close` DATETIME, changed TIMESTAMP(6) NULL, title VARCHAR(20) CHARACTER SET gbk, note VARBINARY(20), flag BIT(1))")
	s.exec(t, "INSERT INTO mixed VALUES (x'00010203', 12345678901234567.89, '2026-03-31', '2026-03-31 23:30', '2026-03-31 23:30', '联通', x'c1aacda8', b'1')")
	s.exec(t, "SET SESSION sql_mode = ''; INSERT INTO mixed VALUES (x'00010204', NULL, '0000-00-00', '0000-00-00', NULL, NULL, NULL, NULL)")
	s.exec(t, fmt.Sprintf(s.grant, "mixed"))
	cfg := s.cfg
	cfg.Kind, cfg.ID, cfg.TimeZone, cfg.Currency, cfg.Encoding = "mysql", "db", "Asia/Shanghai", "CNY", "gb18030"
	cfg.Streams = []Stream{{Entity: "deal", Query: "SELECT * FROM mixed", Modified: Names{"changed"}, Fields: map[string]Value{
		"id": {Column: "id"}, "name": {Column: "title"}, "amount": {Column: "amount"}, "created": {Column: "created"}, "close": {Column: "close"},
		"modified": {Column: "changed"}, "lead": {Column: "note"}, "next_step": {Column: "flag"},
	}}}
	p, c := read(t, cfg.open(t), "deals", "", 1)
	if len(p.Deals) != 2 || len(p.Issues) != 0 {
		t.Fatalf("%d deals: %+v", len(p.Deals), p.Issues)
	}
	d := p.Deals[0]
	if d.ID != "db:00010203" || d.Amount.Minor != 1234567890123456789 || d.Created != store.Date(2026, 3, 31) || d.Close != store.Date(2026, 3, 31) ||
		!d.Modified.Equal(time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)) || d.Name != "联通" || d.Lead != "联通" || d.NextStep != "1" {
		t.Errorf("%+v", d)
	}
	if o := p.Deals[1]; o.Amount.Given() || o.Close != store.NoDay || o.Created != store.NoDay {
		t.Errorf("%+v", o)
	}
	if p, _ = read(t, cfg.open(t), "deals", c, 1); len(p.Deals) != 2 { // the newest, and the one without a time
		t.Errorf("the second pass read %q", deals(p))
	}
}

// The session refuses to write, whoever the user is, and ends a statement that takes too long.
func (s *server) readOnly(t *testing.T, slow string) {
	table := s.table(t)
	s.put(t, table, 1, "x", "2026-03-01", base)
	src := s.config(table).open(t)
	read(t, src, "deals", "", 0)
	db, err := src.open()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"INSERT INTO " + table + " (id) VALUES (9)", "CREATE TABLE mine (id int)"} {
		if _, err := db.Exec(q); err == nil {
			t.Errorf("%s was done", q)
		}
	}
	s.exec(t, "CREATE VIEW slow AS "+slow)
	if s.grant != "" {
		s.exec(t, fmt.Sprintf(s.grant, "slow"))
	}
	cfg := s.config("slow")
	cfg.Timeout = time.Second
	cfg.Streams[0].Modified, cfg.Streams[0].Deleted = nil, Deleted{}
	cfg.Streams[0].Fields = map[string]Value{"id": {Column: "id"}}
	began := time.Now()
	_, err = cfg.open(t).Fetch(t.Context(), source.Request{Stream: "deals"})
	if took := time.Since(began); err == nil || took > 20*time.Second || !strings.Contains(err.Error(), "1s") {
		t.Errorf("a statement without end: %v after %s", err, took)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("a time limit of ours looks like the caller's")
	}
}

func TestPostgreSQL_IntegrationReadOnly(t *testing.T) {
	s := newPostgreSQL(t)
	s.cfg.Login = "postgres" // who may do anything
	s.readOnly(t, "SELECT 1 AS id, CAST(pg_sleep(30) AS text) AS s")
}

func TestMariaDB_IntegrationReadOnly(t *testing.T) {
	s := newMariaDB(t)
	s.exec(t, "GRANT ALL ON *.* TO flightdeck_ro@'127.0.0.1'")
	s.readOnly(t, "SELECT 1 + SLEEP(30) AS id")
}

// What goes wrong before a word of SQL is said in words, without the password.
func TestPostgreSQL_IntegrationRefusals(t *testing.T) {
	s := newPostgreSQL(t)
	table := s.table(t)
	for _, tt := range []struct {
		name  string
		spoil func(c *Config)
		class error
		says  string
	}{
		{"another user", func(c *Config) { c.Login = "nobody" }, source.ErrAuth, "refuses the user nobody"},
		{"no such database", func(c *Config) { c.Database = "nowhere" }, source.ErrSetup, "nowhere"},
		{"no encryption there", func(c *Config) { c.TLS = "trust" }, source.ErrSetup, "offers no encryption"},
		{"no such table", func(c *Config) { c.Streams[0].Table = "nothing" }, source.ErrSetup, "nothing"},
		{"no such column", func(c *Config) { c.Streams[0].Modified = Names{"never"} }, source.ErrSetup, "it has id, name"},
		{"wrong SQL", func(c *Config) { c.Streams[0].Table, c.Streams[0].Query = "", "SELECT FROM WHERE" }, source.ErrSetup, "syntax error"},
		{"writing function", func(c *Config) { c.Streams[0].Table, c.Streams[0].Query = "", "SELECT 1 AS id, setval('x', 1)" }, nil, "SETVAL"},
	} {
		c := s.config(table)
		tt.spoil(&c)
		src, err := New(c)
		if err == nil {
			defer src.Close()
			err = src.Check(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) || tt.class != nil && !errors.Is(err, tt.class) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if strings.Contains(fmt.Sprintf("%v|%+v|%#v", err, err, err), password) {
			t.Errorf("%s: the password is in the error", tt.name)
		}
	}
}

// The example that init prints reads a database that is as it says.
func TestPostgreSQL_IntegrationPreset(t *testing.T) {
	s := newPostgreSQL(t)
	for _, q := range strings.Split(presetTables, ";\n") {
		s.exec(t, q)
	}
	b, err := Preset("sql")
	if err != nil {
		t.Fatal(err)
	}
	var all []Config
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	cfg := all[0]
	cfg.Address, cfg.Database, cfg.Login, cfg.Password = s.cfg.Address, s.cfg.Database, s.cfg.Login, s.cfg.Password
	src := cfg.open(t)
	if err := src.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got store.Records
	for _, name := range src.Streams() {
		p, _ := read(t, src, name, "", 0)
		if p.Len() == 0 || len(p.Issues) > 0 {
			t.Errorf("%s: %d records, issues %+v", name, p.Len(), p.Issues)
		}
		got.Append(&p.Records)
	}
	if u := got.Units[1]; u.ID != "crm:dep-2" || u.Parent != "crm:dep-1" || u.Kind != store.UnitTeam {
		t.Errorf("%+v", u)
	}
	if c := got.Changes[1]; c.Field != store.FieldStage || c.From != "lead" || c.To != "qualified" || c.Deal != "crm:1" || c.By != "crm:1" {
		t.Errorf("%+v", c)
	}
	if d := got.Deals[0]; d.Amount != (store.Money{Minor: 1234567890123456789, Currency: "CNY"}) || d.Stage != "qualified" || d.Account != "crm:1" || d.Owner != "crm:1" {
		t.Errorf("%+v", d)
	}
	if x := got.Touches[0]; x.Channel != store.ChannelVisit || !x.At.Equal(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", x)
	}
	if x := got.Sales[0]; x.Quantity != 2500 || x.Amount.Minor != 999 || x.Day != store.Date(2026, 3, 5) {
		t.Errorf("%+v", x)
	}
}

const presetTables = `CREATE TABLE departments (id int PRIMARY KEY, parent_id int, name text, level int);
INSERT INTO departments VALUES (1, NULL, '华东', 2), (2, 1, '一组', 3);
CREATE TABLE users (id int PRIMARY KEY, department_id int, name text, email text, title text, disabled boolean, updated_at timestamp);
INSERT INTO users VALUES (1, 2, '王强', 'w@x.cn', '经理', false, '2026-03-01 09:00');
CREATE TABLE customers (id int PRIMARY KEY, name text, owner_id int, industry text, region text, city text, level text, created_at timestamp, updated_at timestamp, deleted_at timestamp);
INSERT INTO customers VALUES (1, '海川', 1, '制造', '华东', '上海', 'A', '2026-01-01', '2026-03-01 09:00', NULL);
CREATE TABLE opportunities (id int PRIMARY KEY, title text, customer_id int, owner_id int, stage_id int, amount numeric(19,2), currency char(3), created_at timestamp, expected_close date, updated_at timestamp, is_deleted boolean);
INSERT INTO opportunities VALUES (1, '扩容', 1, 1, 20, 12345678901234567.89, 'CNY', '2026-02-01', '2026-06-30', '2026-03-01 09:00', false);
CREATE TABLE opportunity_stages (id int PRIMARY KEY, opportunity_id int, stage_id int, changed_at timestamp, changed_by int);
INSERT INTO opportunity_stages VALUES (1, 1, 10, '2026-02-01 09:00', 1), (2, 1, 20, '2026-03-01 09:00', 1);
CREATE TABLE activities (id int PRIMARY KEY, customer_id int, opportunity_id int, user_id int, happened_at timestamp, kind int, note text, updated_at timestamp);
INSERT INTO activities VALUES (1, 1, 1, 1, '2026-03-02 09:00', 1, '拜访', '2026-03-02 18:00');
CREATE TABLE products (id int PRIMARY KEY, name text, category text, list_price numeric(12,2));
INSERT INTO products VALUES (1, '控制器', '硬件', 100);
CREATE TABLE invoice_lines (id int PRIMARY KEY, customer_id int, product_id int, user_id int, invoice_date date, quantity numeric(12,3), amount numeric(12,2), cost numeric(12,2), updated_at timestamp);
INSERT INTO invoice_lines VALUES (1, 1, 1, 1, '2026-03-05', 2.5, 9.99, 5, '2026-03-05 09:00')`
