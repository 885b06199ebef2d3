package sql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"

	"flightdeck/store"
	"flightdeck/store/source"
)

func TestExplain_Classes(t *testing.T) {
	pg := func(code string) error {
		return fmt.Errorf("x: %w", &pgconn.PgError{Code: code, Message: "no " + password})
	}
	my := func(n uint16) error { return &mysql.MySQLError{Number: n, Message: "no " + password} }
	ms := func(n int32) error { return mssql.Error{Number: n, Message: "no " + password} }
	again := errors.New("again")
	for _, tt := range []struct {
		kind string
		err  error
		want error // nil: none of the classes
	}{
		{"postgresql", pg("28P01"), source.ErrAuth}, {"postgresql", pg("42501"), source.ErrDenied}, {"postgresql", pg("42P01"), source.ErrSetup},
		{"postgresql", pg("3D000"), source.ErrSetup}, {"postgresql", pg("40P01"), again}, {"postgresql", pg("40001"), again}, {"postgresql", pg("53300"), again},
		{"postgresql", pg("57P03"), again}, {"postgresql", pg("57014"), nil}, {"postgresql", pg("XX000"), nil}, {"postgresql", pg("25006"), source.ErrSetup},
		{"mysql", my(1045), source.ErrAuth}, {"mysql", my(1142), source.ErrDenied}, {"mysql", my(1146), source.ErrSetup}, {"mysql", my(1213), again},
		{"mysql", my(1205), again}, {"mysql", my(3024), nil}, {"mysql", my(1969), nil}, {"mysql", my(1792), source.ErrSetup}, {"mysql", my(9999), nil},
		{"sqlserver", ms(18456), source.ErrAuth}, {"sqlserver", ms(229), source.ErrDenied}, {"sqlserver", ms(208), source.ErrSetup}, {"sqlserver", ms(4060), source.ErrSetup},
		{"sqlserver", ms(1205), again}, {"sqlserver", ms(1222), again}, {"sqlserver", ms(50000), nil},
		{"sqlserver", errors.New("login with " + password), nil},
	} {
		s := &Source{d: dialects[tt.kind], cfg: Config{Address: "h:1", Login: "me"}, password: password}
		err := s.explain(t.Context(), tt.err)
		for _, class := range []error{source.ErrAuth, source.ErrDenied, source.ErrSetup, source.ErrExpired} {
			if wanted := errors.Is(class, tt.want); errors.Is(err, class) != wanted {
				t.Errorf("%s %v: %v", tt.kind, tt.err, err)
			}
		}
		var told *source.RetryAfter
		if wait := errors.Is(tt.want, again); errors.As(err, &told) != wait {
			t.Errorf("%s %v: %v", tt.kind, tt.err, err)
		}
		if strings.Contains(fmt.Sprintf("%v|%+v|%#v", err, err, err), password) {
			t.Errorf("%s: the password is in the error: %v", tt.kind, strings.ReplaceAll(err.Error(), password, "<SECRET>"))
		}
	}
}

// How far the next pass reaches back for what was under way.
func TestCursor_Under(t *testing.T) {
	const minute = int64(time.Minute / time.Microsecond)
	t0 := base.UnixMicro()
	c := &cursor{}
	pass := func(at int64, floor, ceiling uint64) int64 {
		back, snap := c.under(moment{at: base, floor: floor, ceiling: ceiling}, at)
		c.remember(snap)
		return back / minute
	}
	for i, want := range []struct {
		at             int64
		floor, ceiling uint64
		back           int64
	}{
		{t0, 100, 100, 0},               // nothing under way
		{t0 + 5*minute, 110, 120, 5},    // 110 began after the first pass
		{t0 + 10*minute, 110, 130, 10},  // and is still open
		{t0 + 15*minute, 125, 140, 10},  // 125 began after the second
		{t0 + 20*minute, 150, 150, 0},   // all ended
		{t0 + 25*minute, 90, 160, 1440}, // older than all we know of
		{t0 + 30*minute, 155, 1000, 10}, // after the fifth
		{t0 + 35*minute, 1000, 1000, 0},
	} {
		if got := pass(want.at, want.floor, want.ceiling); got != want.back {
			t.Errorf("pass %d reaches back %d minutes, want %d", i+1, got, want.back)
		}
	}
	for i := range 100 { // one transaction open for a hundred passes: bounded, and never too short
		if got, want := pass(t0+int64(40+5*i)*minute, 1001, uint64(1001+i+1)), int64(5*(i+1)); got < want {
			t.Errorf("open since pass %d: %d minutes, want at least %d", i, got, want)
		}
	}
	if len(c.Snaps) > maxSnaps {
		t.Errorf("%d snapshots are kept", len(c.Snaps))
	}
	if back, _ := c.under(moment{oldest: base.Add(-time.Hour)}, t0); back != 60*minute {
		t.Errorf("a transaction that the server dates an hour back: %d minutes", back/minute)
	}
}

// What init prints is what the package reads.
func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		b, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []Config
		if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, c := range all {
			s, err := New(c)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if name == "yonyou-u8" && (s.Verified() != "nothing" || !strings.Contains(string(b), "NOT VERIFIED")) {
				t.Error("the U8 preset must say that nobody has run it")
			}
			if len(s.Streams()) != len(c.Streams) || s.Kind() != c.Kind {
				t.Errorf("%s: streams %v", name, s.Streams())
			}
		}
	}
	if _, err := Preset("nosuch"); err == nil || !strings.Contains(err.Error(), "yonyou-u8") {
		t.Errorf("got %v", err)
	}
}

func TestConfig_Validate(t *testing.T) {
	good := func() Config {
		return Config{Kind: "postgresql", ID: "db", Address: "h", Database: "d", Login: "me", Streams: []Stream{{Entity: "deal", Table: "t", Fields: map[string]Value{"id": {Column: "id"}}}}}
	}
	for says, spoil := range map[string]func(c *Config){
		"want one of mysql, postgresql": func(c *Config) { c.Kind = "oracle" },
		"user stands under login":       func(c *Config) { c.Address = "me:secret@h" },
		"IANA":                          func(c *Config) { c.TimeZone = "Peking" },
		"either table or query":         func(c *Config) { c.Streams[0].Query = "SELECT 1" },
		"semicolon":                     func(c *Config) { c.Streams[0].Table, c.Streams[0].Query = "", "SELECT 1; SELECT 2" },
		"modified or version":           func(c *Config) { c.Streams[0].Modified, c.Streams[0].Version = Names{"a"}, "b" },
		"streams[0].key":                func(c *Config) { c.Streams[0].Fields["id"] = Value{Template: "x{id}"} },
		"has no field \"titel\"":        func(c *Config) { c.Streams[0].Fields["titel"] = Value{Column: "x"} },
		`fields.category.map: parse forecast category "hot"`: func(c *Config) {
			c.Streams[0].Fields["category"] = Value{Column: "x", Map: map[string]string{"热": "hot"}}
		},
		"exactly one of":         func(c *Config) { c.Streams[0].Fields["name"] = Value{Column: "x", Const: "y"} },
		"scale":                  func(c *Config) { c.Streams[0].Fields["amount"] = Value{Column: "x", Scale: "万"} },
		"second stream":          func(c *Config) { c.Streams = append(c.Streams, c.Streams[0]) },
		"encoding":               func(c *Config) { c.Encoding = "latin-9000" },
		"a SQLite file has none": func(c *Config) { c.Kind = "sqlite" },
		"SQL Server takes no WITH": func(c *Config) {
			c.Kind, c.Streams[0].Table, c.Streams[0].Query = "sqlserver", "", "WITH x AS (SELECT 1 AS id) SELECT * FROM x"
		},
		"only deals, accounts and readings": func(c *Config) {
			c.Streams[0].Entity, c.Streams[0].Extra = "product", map[string]Value{"x": {Column: "x"}}
		},
		"page_size":         func(c *Config) { c.PageSize = -1 },
		"want at least one": func(c *Config) { c.Streams = nil },
	} {
		c := good()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want it to say %q: %v", says, err)
		} else if strings.Contains(err.Error(), "me:secret") {
			t.Errorf("it repeats what may be a password: %v", err)
		}
	}
	c := good()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	var s Stream
	if err := yaml.Unmarshal([]byte("{entity: deal, modified: [a, b], key: k, deleted: {column: d, values: [X]}, fields: {id: i, name: {const: n}}}"), &s); err != nil ||
		len(s.Modified) != 2 || len(s.Key) != 1 || s.Deleted.Values[0] != "X" || s.Fields["id"].Column != "i" || s.Fields["name"].Const != "n" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestDeleted_Gone(t *testing.T) {
	for _, v := range []any{nil, false, int64(0), "", " ", "0", "N", "no", "F", "false", "否", "0000-00-00 00:00:00", "1900-01-01", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if (&Deleted{Column: "d"}).gone(&row{map[string]int{"d": 0}, []any{v}}) {
			t.Errorf("%v means deleted", v)
		}
	}
	for _, v := range []any{true, int64(1), "Y", "1", "2026-03-31", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "1000001"} {
		if !(&Deleted{Column: "d"}).gone(&row{map[string]int{"d": 0}, []any{v}}) {
			t.Errorf("%v does not mean deleted", v)
		}
	}
	if d := (&Deleted{Column: "d", Values: []string{"X"}}); d.gone(&row{map[string]int{"d": 0}, []any{"Y"}}) || !d.gone(&row{map[string]int{"d": 0}, []any{"X"}}) {
		t.Error("listed values are not what counts")
	}
}

// A cursor is whatever a store gives back: read or expired, never a panic, and the same after a round.
func FuzzCursor(f *testing.F) {
	f.Add(`{"c":"x","s":{"k":"epoch","u":1000},"m":5,"p":{"a":1,"t":[{"i":5},{"s":"x"},{"b":"AAE="},{"t":[1,2]},{"x":"/w=="}]}}`)
	f.Add(`{"c":"x","s":{"k":"text","l":"2006-01-02"},"m":-5}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(store.Cursor(text), "x")
		if err != nil {
			if !errors.Is(err, source.ErrExpired) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := parseCursor(c.String(), "x")
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q became %q: %v", c.String(), again.String(), err)
		}
		if c.Scale != nil {
			_, _ = c.Scale.mark(c.Scale.value(c.Mark))
		}
	})
}
