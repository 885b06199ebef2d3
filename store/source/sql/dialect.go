package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	stdsql "database/sql"
	"database/sql/driver"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"flightdeck/store/source"
)

// dialect is what one kind of server does in its own way.
type dialect struct {
	title    string // for people
	verified string // what has checked it: see [Source.Verified]
	limits   string // what it alone cannot: see [Limits]
	port     string
	file     bool      // the database is a file of this machine
	quotes   [2]string // around a name
	top      bool      // SELECT TOP (n), not LIMIT n
	readTx   bool      // transactions can be read-only
	isolate  stdsql.IsolationLevel
	// plain are types whose dates and times have no zone.
	plain []string
	// bytes are types whose values are bytes, though they may hold text.
	bytes []string
	param func(n int) string
	// raw is how a column is selected so that the driver gives its value as it is stored; nil: by its name.
	raw func(column string) string
	// bind gives a pattern for a placeholder and the value to send, for a position in a column of type typ.
	bind    func(v any, typ string) (string, any)
	connect func(c *Config, password string) (driver.Connector, error)
	// now asks for the server's clock, and for what it tells of transactions under way.
	now func(ctx context.Context, q querier) (moment, error)
	// class says what an error of the driver means; false: nothing special.
	class func(err error) (fault, bool)
	// untold reports a server that hands texts on as bytes; nil: never.
	untold func(ctx context.Context, q querier) (bool, error)
}

// querier is a transaction, as far as a dialect needs one.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *stdsql.Row
}

// moment is what a server says at the beginning of a pass.
type moment struct {
	at time.Time // by its clock
	// floor and ceiling: transactions below floor have ended, those from ceiling on had not begun to write; floor = ceiling: none was under way. PostgreSQL.
	floor, ceiling uint64
	// oldest is when the oldest transaction under way began; zero: none, or the server does not tell us. MySQL.
	oldest time.Time
	// version is the largest row version below which none can appear any more; 0: unknown. SQL Server.
	version int64
}

var dialects = map[string]*dialect{"postgresql": postgresql, "mysql": mysqlDialect, "sqlserver": sqlServer, "sqlite": sqliteDialect}

// Kinds returns the kinds of database server.
func Kinds() []string { return slices.Sorted(maps.Keys(dialects)) }

func plainBind(v any, _ string) (string, any) { return "%s", v }

func question(int) string { return "?" }

// tlsConfig returns nil for off.
func (c *Config) tlsConfig(host string) (*tls.Config, error) {
	if c.tls() == "off" {
		return nil, nil
	}
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.tls() == "trust" {
		t.InsecureSkipVerify = true
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, source.Setup(fmt.Errorf("ca: %w", err))
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, source.Setup(fmt.Errorf("ca: %s holds no certificate in PEM form", c.CA))
		}
	}
	return t, nil
}

// greeting is a connector whose connections begin with statements of ours.
type greeting struct {
	driver.Connector
	greet func(ctx context.Context, c driver.ExecerContext) error
}

// Connect implements [driver.Connector].
func (g greeting) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	e, ok := c.(driver.ExecerContext)
	if !ok {
		_ = c.Close()
		return nil, fmt.Errorf("the driver executes nothing")
	}
	if err := g.greet(ctx, e); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
