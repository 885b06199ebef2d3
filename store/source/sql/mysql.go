package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mysqlDialect reads from MariaDB and MySQL. The tests run against MariaDB 10.11; Oracle's MySQL was not at hand, and differs here in one setting, the time limit.
var mysqlDialect = &dialect{
	title: "MySQL", verified: "real server", limits: "a transaction longer than the overlap is waited for only where the user may see INNODB_TRX (PROCESS)",
	port: "3306", quotes: [2]string{"`", "`"}, readTx: true,
	plain: []string{"DATETIME", "DATE"}, bytes: []string{"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"},
	param: question,
	bind:  plainBind,
	connect: func(c *Config, password string) (driver.Connector, error) {
		cfg := mysql.NewConfig()
		cfg.User, cfg.Passwd, cfg.DBName = c.Login, password, c.Database
		host, port := c.host("3306")
		cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(host, port)
		if c.socket() {
			cfg.Net, cfg.Addr = "unix", c.Address
		}
		var err error
		if cfg.TLS, err = c.tlsConfig(host); err != nil {
			return nil, err
		}
		cfg.Timeout = min(c.timeout(), 15*time.Second)
		cfg.ReadTimeout = c.timeout() + 30*time.Second // of one packet: a statement is timed by its context, this ends a dead line
		cfg.ParseTime, cfg.Loc = true, time.UTC
		cfg.Collation = "utf8mb4_general_ci"
		cfg.Logger = &mysql.NopLogger{} // it would write over the screen
		inner, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, errors.New("address, login or database: not in a form that MySQL takes")
		}
		return greeting{inner, func(ctx context.Context, e driver.ExecerContext) error {
			seconds := max(1, int(c.timeout().Seconds()))
			for _, s := range []string{
				"SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'", fmt.Sprintf("SET SESSION lock_wait_timeout = %d", seconds),
				fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = %d", seconds),
			} {
				if _, err := e.ExecContext(ctx, s, nil); err != nil {
					return err
				}
			}
			_, err := e.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %d", seconds), nil) // MariaDB, in seconds
			if unknownVariable(err) {
				_, err = e.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", c.timeout().Milliseconds()), nil) // MySQL, of SELECT
			}
			if unknownVariable(err) {
				return nil // older than both: the context alone ends a statement
			}
			return err
		}}, nil
	},
	now: func(ctx context.Context, q querier) (m moment, err error) {
		if err := q.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&m.at); err != nil {
			return m, err
		}
		// Only a user with the right PROCESS sees others' transactions; without it the overlap must do. What is shown may be 0.1 s old, or older while it is asked
		// for without a pause; the overlap covers that too.
		var oldest stdsql.NullTime
		err = q.QueryRowContext(ctx, "SELECT MIN(trx_started) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID()").Scan(&oldest)
		var e *mysql.MySQLError
		if errors.As(err, &e) {
			return m, nil //nolint:nilerr // not allowed to know
		}
		m.oldest = oldest.Time
		return m, err
	},
	class: func(err error) (fault, bool) {
		var e *mysql.MySQLError
		if !errors.As(err, &e) {
			return fault{}, false
		}
		switch e.Number {
		case 1045, 1698, 1862, 1820, 3118:
			return fault{refused, e.Message}, true
		case 1044, 1142, 1143, 1227, 1370:
			return fault{denied, e.Message}, true
		case 1049, 1046, 1051, 1054, 1064, 1109, 1129, 1130, 1146, 1248, 1305, 1356, 1792:
			return fault{setup, e.Message}, true
		case 1205, 1213, 1040, 1203, 1226, 1053:
			return fault{busy, e.Message}, true
		case 3024, 1969, 1317:
			return fault{slow, e.Message}, true
		}
		return fault{other, e.Message}, true
	},
}

func unknownVariable(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1193
}
