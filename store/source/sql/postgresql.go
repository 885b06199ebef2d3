package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresql reads from PostgreSQL. The tests run against version 15; nothing newer than 9.4 is asked of it.
var postgresql = &dialect{
	title: "PostgreSQL", verified: "real server", port: "5432", quotes: [2]string{`"`, `"`}, readTx: true, isolate: stdsql.LevelRepeatableRead,
	plain: []string{"TIMESTAMP", "DATE"}, bytes: []string{"BYTEA"},
	param: func(n int) string { return fmt.Sprintf("$%d", n) },
	bind:  plainBind,
	connect: func(c *Config, password string) (driver.Connector, error) {
		host, port := c.host("5432")
		if c.socket() {
			host, port = c.Address, "5432"
			if i := strings.LastIndex(host, ":"); i > 0 { // /var/run/postgresql:5433
				host, port = host[:i], host[i+1:]
			}
		}
		word := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
		// Every setting is given, so that neither PGHOST and its like nor a .pgpass of whoever started us decides where we read. The password follows apart: no text
		// that holds it is ever made.
		cfg, err := pgx.ParseConfig(fmt.Sprintf("host='%s' port='%s' user='%s' password='' database='%s' sslmode=disable passfile='' sslrootcert='' sslcert='' sslkey=''",
			word.Replace(host), word.Replace(port), word.Replace(c.Login), word.Replace(c.Database)))
		if err != nil {
			return nil, errors.New("address, login or database: not in a form that PostgreSQL takes")
		}
		cfg.Password = password
		cfg.Fallbacks = nil
		if cfg.TLSConfig, err = c.tlsConfig(host); err != nil {
			return nil, err
		}
		cfg.ConnectTimeout = min(c.timeout(), 15*time.Second)
		cfg.RuntimeParams = map[string]string{"application_name": "flightdeck"}
		cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec // leaves nothing behind on the server: poolers hand our connection on
		wait := c.timeout().Milliseconds()
		return stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, fmt.Sprintf("SET default_transaction_read_only = on; SET statement_timeout = %d; SET lock_timeout = %d; "+
				"SET idle_in_transaction_session_timeout = %d; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET client_encoding = 'UTF8'", wait, wait, 2*wait),
				pgx.QueryExecModeSimpleProtocol)
			return err
		})), nil
	},
	now: func(ctx context.Context, q querier) (m moment, err error) {
		var snapshot string
		if err := q.QueryRowContext(ctx, "SELECT clock_timestamp(), CAST(txid_current_snapshot() AS text)").Scan(&m.at, &snapshot); err != nil {
			return m, err
		}
		if _, err := fmt.Sscanf(strings.ReplaceAll(snapshot, ":", " "), "%d %d", &m.floor, &m.ceiling); err != nil {
			m.floor, m.ceiling = 0, 0 // something that only speaks like PostgreSQL
		}
		return m, nil
	},
	untold: func(ctx context.Context, q querier) (bool, error) {
		var name string
		err := q.QueryRowContext(ctx, "SELECT current_setting('server_encoding')").Scan(&name)
		return name == "SQL_ASCII", err
	},
	class: func(err error) (fault, bool) {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return fault{}, false
		}
		said := e.Message
		switch {
		case e.Code == "28P01", e.Code == "28000":
			return fault{refused, said}, true
		case e.Code == "3D000", e.Code[:2] == "42" && e.Code != "42501", e.Code == "3F000", e.Code == "25006", e.Code == "0A000", e.Code[:2] == "22":
			return fault{setup, said}, true
		case e.Code == "42501":
			return fault{denied, said}, true
		case e.Code == "57014":
			return fault{slow, said}, true
		case e.Code == "40001", e.Code == "40P01", e.Code == "55P03", e.Code == "53300", e.Code == "57P03":
			return fault{busy, said}, true
		}
		return fault{other, said}, true
	},
}
