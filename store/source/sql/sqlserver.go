package sql

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// sqlServer reads from Microsoft SQL Server 2012 or newer, which is what 用友 U8 runs on. Nobody has run it against a real server: no SQL Server was within reach,
// so the tests check the statements that are built, the settings and the classes of errors, and nothing more. verified says so to whoever asks.
//
// The server knows no read-only session. Instead the connection says ApplicationIntent=ReadOnly (which sends it to a readable secondary where there is one),
// whatever is configured stands as a derived table, where the grammar allows only a SELECT, and each page's transaction is rolled back.
// DEADLOCK_PRIORITY LOW makes us the victim, never the ERP.
var sqlServer = &dialect{
	title: "SQL Server", verified: "nothing", limits: "nobody has run it: statements, settings and classes of errors are tested, answers are not",
	port: "1433", quotes: [2]string{"[", "]"}, top: true,
	plain: []string{"DATETIME", "DATETIME2", "SMALLDATETIME", "DATE"}, bytes: []string{"BINARY", "VARBINARY", "IMAGE"},
	param: func(n int) string { return fmt.Sprintf("@p%d", n) },
	bind: func(v any, typ string) (string, any) {
		// A datetime counts in 1/300 s; sent as what it prints and cast back it is the same one, while as a datetime2 it would be equal to none and a page would
		// never end. The form with T reads the same under every language setting.
		switch v := v.(type) {
		case time.Time:
			switch typ {
			case "DATETIME":
				return "CAST(%s AS datetime)", v.Format("2006-01-02T15:04:05.000")
			case "SMALLDATETIME":
				return "CAST(%s AS smalldatetime)", v.Format("2006-01-02T15:04:05")
			case "DATE":
				return "CAST(%s AS date)", v.Format("2006-01-02")
			case "DATETIMEOFFSET":
				return "CAST(%s AS datetimeoffset)", v.Format("2006-01-02T15:04:05.0000000-07:00")
			}
			return "CAST(%s AS datetime2)", v.Format("2006-01-02T15:04:05.0000000")
		case []byte:
			if typ == "UNIQUEIDENTIFIER" {
				return "CAST(%s AS uniqueidentifier)", uniqueID(v)
			}
			if len(v) == 8 {
				return "CAST(%s AS binary(8))", v
			}
		case string:
			if typ == "VARCHAR" || typ == "CHAR" || typ == "TEXT" { // as nvarchar it would not use the column's index
				return "%s", mssql.VarChar(v)
			}
		}
		return "%s", v
	},
	connect: func(c *Config, password string) (driver.Connector, error) {
		host, port := c.host("1433")
		instance := ""
		if h, name, ok := strings.Cut(host, `\`); ok { // SERVER\INSTANCE, whose port its browser service tells
			host, instance = h, name
			if _, given := c.host(""); given == "" {
				port = "0"
			}
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("address: %q is no port", port)
		}
		u := url.URL{Scheme: "sqlserver", Host: host, RawQuery: url.Values{"encrypt": {"disable"}, "database": {c.Database}}.Encode()}
		cfg, err := msdsn.Parse(u.String()) // its defaults; the password never is part of a text
		if err != nil {
			return nil, errors.New("address or database: not in a form that SQL Server takes")
		}
		cfg.Port, cfg.Instance, cfg.User, cfg.Password = n, instance, c.Login, password
		cfg.ReadOnlyIntent, cfg.AppName, cfg.LogFlags = true, "flightdeck", 0
		cfg.DialTimeout = min(c.timeout(), 15*time.Second)
		if cfg.TLSConfig, err = c.tlsConfig(host); err != nil {
			return nil, err
		}
		cfg.Encryption = msdsn.EncryptionDisabled
		if cfg.TLSConfig != nil {
			cfg.Encryption = msdsn.EncryptionRequired
			cfg.TrustServerCertificate = c.tls() == "trust"
			cfg.TLSConfig.DynamicRecordSizingDisabled = true // its handshake travels inside of packets of TDS
		}
		con := mssql.NewConnectorConfig(cfg)
		con.SessionInitSQL = fmt.Sprintf("SET LOCK_TIMEOUT %d; SET DEADLOCK_PRIORITY LOW; SET DATEFORMAT ymd", c.timeout().Milliseconds())
		return con, nil
	},
	now: func(ctx context.Context, q querier) (m moment, err error) {
		var version []byte
		if err := q.QueryRowContext(ctx, "SELECT SYSUTCDATETIME(), MIN_ACTIVE_ROWVERSION()").Scan(&m.at, &version); err != nil {
			return m, err
		}
		if len(version) == 8 {
			m.version = int64(binary.BigEndian.Uint64(version)) - 1
		}
		return m, nil
	},
	class: func(err error) (fault, bool) {
		var e mssql.Error
		if !errors.As(err, &e) {
			return fault{}, false
		}
		switch e.Number {
		case 18456, 18452, 18470, 18486, 18487, 18488:
			return fault{refused, e.Message}, true
		case 229, 230, 297, 300, 916:
			return fault{denied, e.Message}, true
		case 102, 104, 156, 170, 195, 207, 208, 209, 911, 1033, 4060, 4104, 8114, 8116, 241, 242, 245, 402:
			return fault{setup, e.Message}, true
		case 1205, 1222, 3960, 40501, 40613, 49918, 49919, 49920, 10928, 10929, 17809, 904, 922, 927, 945:
			return fault{busy, e.Message}, true
		}
		return fault{other, e.Message}, true
	},
}

// uniqueID writes a uniqueidentifier as people know it.
func uniqueID(b []byte) string {
	var u mssql.UniqueIdentifier
	if u.Scan(b) != nil {
		return ""
	}
	return u.String()
}
