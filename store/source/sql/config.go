package sql

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Config is one database and how its tables become records. [Preset] prints commented examples.
type Config struct {
	Kind     string         `yaml:"kind"` // one of [Kinds]: which database server it is
	ID       store.SourceID `yaml:"id"`
	Address  string         `yaml:"address"`  // host or host:port; a path is a Unix socket's
	Database string         `yaml:"database"` // its name on the server; with sqlite the path of the file, relative to where flightdeck is started
	Login    string         `yaml:"login"`
	Password source.Secret  `yaml:"password"`
	// TLS is verify (the certificate must be good), trust (encrypted, but by whomever) or off; "" is off for this machine and a socket, else verify.
	TLS      string         `yaml:"tls"`
	CA       string         `yaml:"ca"`        // path of a PEM file with the authority that signed the server's certificate; "" the system's
	TimeZone string         `yaml:"time_zone"` // IANA name, of days and of times without a zone; "" UTC
	Currency store.Currency `yaml:"currency"`  // of amounts whose row names none
	// Encoding is that of text which the database holds as mere bytes (SQLite, SQL_ASCII, BLOB and VARBINARY columns); "": UTF-8, else GB18030.
	Encoding string `yaml:"encoding"`
	// Overlap is how far back every pass reads again: longer than the clocks of the machines that write may differ. 0 means 5 minutes. Transactions that
	// were open during the last pass lengthen it where the server tells of them.
	Overlap  time.Duration       `yaml:"overlap"`
	Timeout  time.Duration       `yaml:"timeout"`   // of one statement; 0 means 1 minute
	PageSize int                 `yaml:"page_size"` // rows per statement; 0 means 2,000
	Stages   map[string]store.ID `yaml:"stages"`    // the database's stages → the organisation's. Without it they are the ids
	Streams  []Stream            `yaml:"streams"`
}

// Stream is a table, or what a SELECT gives, and the record that each of its rows is.
type Stream struct {
	Name   store.Stream `yaml:"stream"` // "": the entity's own, such as deals
	Entity string       `yaml:"entity"` // unit, person, stage, product, account, contact, deal, change, touch, grade, health, evidence, sale, quota, reading, signal
	Table  string       `yaml:"table"`  // name or schema.name
	Query  string       `yaml:"query"`  // instead of table: one SELECT, whose columns have names
	// Key are the columns by which rows are told apart and read in order: unique together and never null. None: the column of the field id.
	Key Names `yaml:"key"`
	// Modified is the column with a row's last change: a date and time, a text in ISO 8601, or seconds or milliseconds since 1970. Of several the first that
	// is not null counts. None, and no Version: the stream is read whole each time.
	Modified Names `yaml:"modified"`
	// Version is instead a column with a number that only grows and is new with each change: SQL Server's rowversion, or a whole number.
	Version string           `yaml:"version"`
	Deleted Deleted          `yaml:"deleted"` // which rows are deleted ones
	Fields  map[string]Value `yaml:"fields"`  // field → where it comes from
	Extra   map[string]Value `yaml:"extra"`   // further columns to keep, for deals and accounts; the measures of a reading
}

// Names are columns: one, or a list.
type Names []string

// UnmarshalYAML reads a name or a list of names.
func (n *Names) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*n = Names{one}
		return nil
	}
	var all []string
	if err := unmarshal(&all); err != nil {
		return err
	}
	*n = all
	return nil
}

// Deleted tells deleted rows from others. Written as a plain string it is the column.
type Deleted struct {
	Column string   `yaml:"column"`
	Values []string `yaml:"values"` // that mean deleted; none: anything but null, false, 0, N and blank, so that deleted_at and is_deleted both work
}

// UnmarshalYAML reads a column name or the whole form.
func (d *Deleted) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if unmarshal(&column) == nil {
		*d = Deleted{Column: column}
		return nil
	}
	type plain Deleted // without this method
	return unmarshal((*plain)(d))
}

// Value says where a field's value comes from. Written as a plain string it is the name of a column.
type Value struct {
	Column   string            `yaml:"column"`
	Const    string            `yaml:"const"`
	Template string            `yaml:"template"` // text with {column} in it; empty when all of its columns are
	Map      map[string]string `yaml:"map"`      // values to replace
	Empty    []string          `yaml:"empty"`    // values that mean none, such as "0" or "1900-01-01"
	Scale    string            `yaml:"scale"`    // numbers are multiplied by it, exactly: "10000" for 万元
}

// UnmarshalYAML reads a column name or the whole form.
func (v *Value) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if unmarshal(&column) == nil {
		*v = Value{Column: column}
		return nil
	}
	type plain Value // without this method
	return unmarshal((*plain)(v))
}

// streamOf names each entity's usual stream, in the order of syncing.
var streamOf = []struct {
	entity string
	stream store.Stream
}{
	{"unit", "units"}, {"person", "people"}, {"stage", "stages"}, {"product", "products"}, {"account", "accounts"}, {"contact", "contacts"}, {"deal", "deals"},
	{"change", "changes"}, {"touch", "touches"}, {"grade", "grades"}, {"health", "health"}, {"evidence", "evidence"}, {"sale", "sales"}, {"quota", "quotas"},
	{"reading", "readings"}, {"signal", "signals"}, {"tender", "tenders"},
}

// name returns the stream's name.
func (s *Stream) name() store.Stream {
	for _, o := range streamOf {
		if o.entity == s.Entity && s.Name == "" {
			return o.stream
		}
	}
	return s.Name
}

// key returns the columns that tell rows apart.
func (s *Stream) key() Names {
	if id := s.Fields["id"]; len(s.Key) == 0 && id.Column != "" {
		return Names{id.Column}
	}
	return s.Key
}

func (c *Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return time.Minute
}

func (c *Config) overlap() time.Duration {
	if c.Overlap > 0 {
		return c.Overlap
	}
	return 5 * time.Minute
}

func (c *Config) pageSize() int {
	if c.PageSize > 0 {
		return c.PageSize
	}
	return 2000
}

// socket reports whether the address is a path.
func (c *Config) socket() bool { return strings.HasPrefix(c.Address, "/") }

// host returns the address in parts; port is the default where none is given.
func (c *Config) host(port string) (string, string) {
	if h, p, err := net.SplitHostPort(c.Address); err == nil {
		return h, p
	}
	return strings.Trim(c.Address, "[]"), port
}

// tls returns verify, trust or off.
func (c *Config) tls() string {
	if c.TLS != "" {
		return c.TLS
	}
	if host, _ := c.host(""); c.socket() || source.Loopback(host) {
		return "off"
	}
	return "verify"
}

// StageRows reports whether some rows are stages, so that the database itself says which there are.
func (c *Config) StageRows() bool {
	return slices.ContainsFunc(c.Streams, func(s Stream) bool { return s.Entity == "stage" })
}

// Validate reports everything that is wrong with the configuration, one line each.
func (c *Config) Validate() error {
	var wrong problems
	d := dialects[c.Kind]
	if d == nil {
		wrong.add("kind %q: want one of %s", store.Clip(c.Kind, 40), strings.Join(Kinds(), ", "))
		return wrong.err("database source " + string(c.ID))
	}
	if c.ID == "" || strings.ContainsAny(string(c.ID), ": \t") {
		wrong.add("id %q: want a short name without colon or blank", c.ID)
	}
	switch {
	case d.file && (c.Address != "" || c.Login != "" || !c.Password.IsZero() || c.TLS != "" || c.CA != ""):
		wrong.add("address, login, password, tls, ca: a SQLite file has none; its path stands under database")
	case d.file && c.Database == "":
		wrong.add("database: want the path of the SQLite file")
	case !d.file && c.Address == "":
		wrong.add("address: want host:port of the %s server, or the path of its socket", d.title)
	case strings.Contains(c.Address, "@") || strings.Contains(c.Address, "://"):
		wrong.add("address: want host:port alone; the user stands under login and the password under password")
	case !d.file && (c.Database == "" || c.Login == ""):
		wrong.add("database, login: want the database's name and a user that may do nothing but SELECT")
	}
	if !slices.Contains([]string{"", "verify", "trust", "off"}, c.TLS) {
		wrong.add("tls %q: want verify, trust or off", c.TLS)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		wrong.add("time_zone %q: want an IANA name such as Asia/Shanghai", c.TimeZone)
	}
	if c.Currency != "" && !c.Currency.Valid() {
		wrong.add("currency %q: want three capital letters such as CNY", c.Currency)
	}
	if _, err := encodingOf(c.Encoding); err != nil {
		wrong.add("%v", err)
	}
	if c.PageSize < 0 || c.PageSize > 100_000 {
		wrong.add("page_size %d: want 1 to 100000", c.PageSize)
	}
	if c.Timeout > 0 && c.Timeout < time.Second {
		wrong.add("timeout %s: want 1s or more", c.Timeout)
	}
	if len(c.Streams) == 0 {
		wrong.add("streams: want at least one")
	}
	for i := range c.Streams {
		s := &c.Streams[i]
		s.validate(fmt.Sprintf("streams[%d]", i), d, &wrong)
		if slices.ContainsFunc(c.Streams[:i], func(o Stream) bool { return o.name() == s.name() }) {
			wrong.add("streams[%d]: a second stream named %q; give one of them another name with stream:", i, s.name())
		}
	}
	return wrong.err("database source " + string(c.ID))
}

func (s *Stream) validate(at string, d *dialect, wrong *problems) {
	if err := record.Check(s.Entity, sorted(s.Fields)...); err != nil {
		wrong.add("%s: %v", at, err)
	}
	switch {
	case (s.Table == "") == (s.Query == ""):
		wrong.add("%s: want either table or query", at)
	case s.Query != "":
		if err := onlySelect(s.Query); err != nil {
			wrong.add("%s.query: %v", at, err)
		} else if d.top && firstWord(s.Query) != "SELECT" {
			wrong.add("%s.query: %s takes no WITH inside of another query; make a view of it and name that as table", at, d.title)
		}
	case strings.ContainsAny(s.Table, "\x00;()"):
		wrong.add("%s.table %q: want a name or schema.name; anything else is a query", at, store.Clip(s.Table, 60))
	}
	if len(s.key()) == 0 {
		wrong.add("%s.key: want the columns that tell the rows apart, since id is not a single column", at)
	}
	if len(s.Modified) > 0 && s.Version != "" {
		wrong.add("%s: want modified or version, not both", at)
	}
	if len(s.Extra) > 0 && !slices.Contains(record.Fields(s.Entity), "extra") {
		wrong.add("%s.extra: a %s keeps no further fields; only deals, accounts and readings do", at, s.Entity)
	}
	if s.Deleted.Column == "" && len(s.Deleted.Values) > 0 {
		wrong.add("%s.deleted.column: want the column that holds these values", at)
	}
	for _, n := range slices.Concat(s.Key, s.Modified) {
		if n == "" {
			wrong.add("%s: an empty column name", at)
		}
	}
	for _, m := range []struct {
		name   string
		values map[string]Value
	}{{"fields", s.Fields}, {"extra", s.Extra}} {
		for _, name := range sorted(m.values) {
			v := m.values[name]
			v.validate(fmt.Sprintf("%s.%s.%s", at, m.name, name), wrong)
			for _, from := range sorted(v.Map) {
				if err := record.CheckWord(s.Entity, name, v.Map[from]); err != nil && m.name == "fields" {
					wrong.add("%s.fields.%s.map: %v", at, name, err)
				}
			}
		}
	}
}

func (v *Value) validate(at string, wrong *problems) {
	n := 0
	for _, s := range []string{v.Column, v.Const, v.Template} {
		if s != "" {
			n++
		}
	}
	if n != 1 {
		wrong.add("%s: want exactly one of column, const, template", at)
	}
	if v.Scale != "" {
		if f, err := decimal.NewFromString(v.Scale); err != nil || len(v.Scale) > 20 || f.IsZero() {
			wrong.add("%s.scale %q: want a plain number such as 10000", at, store.Clip(v.Scale, 40))
		}
	}
}

// encodingOf returns nil for "" and auto.
func encodingOf(name string) (encoding.Encoding, error) {
	if name == "" || name == "auto" {
		return nil, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: want auto, utf-8, gb18030, gbk, big5, iso-8859-1, windows-1252 or another name that browsers know", store.Clip(name, 40))
	}
	return enc, nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// problems collects what is wrong.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p problems) err(subject string) error {
	if len(p) == 0 {
		return nil
	}
	return fmt.Errorf("configure %s: %s", subject, strings.Join(p, "\n  "))
}

// Absolute makes the paths of a configuration absolute or relative to where we are: dir is the configuration's folder.
func (c *Config) Absolute(dir string) {
	paths := []*string{&c.CA}
	if c.Kind == "sqlite" {
		paths = append(paths, &c.Database)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}
