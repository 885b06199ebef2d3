package sql

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
)

func TestSource_WindowBringsWhatChanged(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	for i := range 25 {
		s.put(t, table, i+1, "x", "2026-03-01", base.Add(time.Duration(i)*time.Hour))
	}
	src := s.config(table).open(t)
	p, c := read(t, src, "deals", "", 10)
	if len(p.Deals) != 25 || !p.Full || p.Deals[0].Amount.Minor != 1234567890123456789 {
		t.Fatalf("the first pass: %d deals, full %v, %+v", len(p.Deals), p.Full, p.Deals[0])
	}
	s.put(t, table, 26, "x", "2026-03-01", base.Add(30*time.Hour))
	s.put(t, table, 27, "x", "2026-03-01", base.Add(24*time.Hour-time.Minute)) // committed late, within the overlap
	p, c = read(t, src, "deals", c, 10)
	if got := deals(p); got != "27 25 26" || p.Full {
		t.Errorf("the second pass read %q", got)
	}
	p, c2 := read(t, src, "deals", c, 10)
	if got := deals(p); got != "26" { // less is new than a moment ago
		t.Errorf("the third pass read %q", got)
	}
	if p, c3 := read(t, src, "deals", c2, 10); p.Len() != 0 || c3 != c2 {
		t.Errorf("a pull of nothing brought %q, or another cursor:\n%s\n%s", deals(p), c2, c3)
	}
	s.exec(t, "UPDATE "+table+" SET name = 'y' WHERE id = 26") // without a new time, but within the overlap
	if p, _ := read(t, src, "deals", c2, 10); deals(p) != "26" || p.Deals[0].Name != "y" {
		t.Errorf("a row that changed within the overlap: %q", deals(p))
	}
}

func TestSource_TieLargerThanPage(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	s.put(t, table, 1, "x", "", base.Add(-time.Hour))
	src := s.config(table).open(t)
	_, c := read(t, src, "deals", "", 100)
	for i := range 300 {
		s.put(t, table, i+2, "x", "", base)
	}
	p, _ := read(t, src, "deals", c, 100)
	if len(p.Deals) != 301 { // with the newest of before
		t.Errorf("%d of 301 rows, 300 of them of one time, at 100 a page", len(p.Deals))
	}
}

// No row is lost where the time zone is configured wrong by any amount, nor where a clock runs ahead; nor one that has no time at all.
func TestSource_WrongClocks(t *testing.T) {
	s := newSQLite(t)
	now := time.Now().UTC()
	for _, tt := range []struct {
		name string
		off  time.Duration
	}{{"behind", -8 * time.Hour}, {"right", -time.Second}, {"ahead", 8 * time.Hour}, {"ten minutes ahead", 10 * time.Minute}, {"far ahead", 9000 * time.Hour}} {
		table := s.table(t)
		s.put(t, table, 1, "x", "", now.Add(tt.off))
		src := s.config(table).open(t)
		_, c := read(t, src, "deals", "", 10)
		s.put(t, table, 2, "x", "", now.Add(tt.off+time.Millisecond))
		s.exec(t, "INSERT INTO "+table+" (id, name) VALUES (3, 'timeless')")
		p, c := read(t, src, "deals", c, 10)
		want := "2 3"
		if tt.name == "ten minutes ahead" { // its time has not come, and comes
			want = "3"
			if cur, _ := parseCursor(c, src.streams[0].config); cur.Mark > time.Now().UnixMicro() {
				t.Errorf("%s: the bookmark lies in the future, so what comes before it would be lost", tt.name)
			}
		}
		for _, id := range strings.Fields(want) {
			if !strings.Contains(" "+deals(p)+" ", " "+id+" ") {
				t.Errorf("%s: row %s is missing: the second pass read %q", tt.name, id, deals(p))
			}
		}
		if future := strings.Contains(fmt.Sprint(p.Issues), "in the future"); future != (tt.off >= 8*time.Hour) {
			t.Errorf("%s: issues %+v", tt.name, p.Issues)
		}
	}
}

// The column of changes may be written in many ways; each is read on from where it was.
func TestSource_FormsOfTime(t *testing.T) {
	at := time.Date(2026, 3, 31, 17, 5, 0, 0, time.UTC)
	for name, form := range map[string]func(time.Time) any{
		"blank":        func(t time.Time) any { return t.Format("2006-01-02 15:04:05") },
		"T and Z":      func(t time.Time) any { return t.Format("2006-01-02T15:04:05Z") },
		"milliseconds": func(t time.Time) any { return t.Format("2006-01-02T15:04:05.000+00:00") },
		"days":         func(t time.Time) any { return t.Format("2006-01-02") },
		"compact":      func(t time.Time) any { return t.Format("20060102150405") },
		"seconds":      func(t time.Time) any { return t.Unix() },
		"ms":           func(t time.Time) any { return t.UnixMilli() },
	} {
		s := newSQLite(t)
		s.exec(t, "CREATE TABLE d (id TEXT PRIMARY KEY, changed)")
		put := func(id string, at time.Time) { s.exec(t, "INSERT INTO d VALUES (?, ?)", id, form(at)) }
		for i := range 5 {
			put(fmt.Sprint("a", i), at.Add(time.Duration(i)*24*time.Hour))
		}
		cfg := s.cfg
		cfg.Kind, cfg.ID = "sqlite", "db"
		cfg.Streams = []Stream{{Entity: "deal", Table: "d", Modified: Names{"changed"}, Fields: map[string]Value{"id": {Column: "id"}}}}
		src := cfg.open(t)
		_, c := read(t, src, "deals", "", 2)
		put("new", at.Add(5*24*time.Hour))
		if p, _ := read(t, src, "deals", c, 2); !strings.HasSuffix(deals(p), "new") || len(p.Deals) > 3 || len(p.Issues) > 0 {
			t.Errorf("%s: the second pass read %q, issues %+v", name, deals(p), p.Issues)
		}
	}
}

func TestSource_VersionColumn(t *testing.T) {
	s := newSQLite(t)
	s.exec(t, "CREATE TABLE d (id INTEGER PRIMARY KEY, v INTEGER)")
	for i := range 10 {
		s.exec(t, "INSERT INTO d VALUES (?, ?)", i, 5000+i*1000)
	}
	cfg := s.cfg
	cfg.Kind, cfg.ID = "sqlite", "db"
	cfg.Streams = []Stream{{Entity: "deal", Table: "d", Version: "v", Fields: map[string]Value{"id": {Column: "id"}}}}
	src := cfg.open(t)
	_, c := read(t, src, "deals", "", 3)
	s.exec(t, "UPDATE d SET v = 20000 WHERE id = 2")
	if p, _ := read(t, src, "deals", c, 3); deals(p) != "8 9 2" { // those of the last thousand numbers once more
		t.Errorf("read %q", deals(p))
	}
}

func TestSource_MappingAndNulls(t *testing.T) {
	s := newSQLite(t)
	s.exec(t, "CREATE TABLE d (a INTEGER, b TEXT, name BLOB, amount TEXT, stage INTEGER, closed TEXT, lv REAL, gone TEXT, PRIMARY KEY (a, b))")
	s.exec(t, "INSERT INTO d VALUES (1, 'x', x'c1aacda8', '12.5', 10, '2026-03-31 23:30:00', 0.1, 'N')")
	s.exec(t, "INSERT INTO d VALUES (1, 'y', NULL, NULL, NULL, NULL, NULL, NULL)")
	s.exec(t, "INSERT INTO d VALUES (2, 'a', CAST(x'ff31' AS TEXT), '0', 99, '1900-01-01', NULL, 'Y')")
	cfg := s.cfg
	cfg.Kind, cfg.ID, cfg.Currency, cfg.TimeZone, cfg.Encoding = "sqlite", "db", "CNY", "Asia/Shanghai", "gb18030"
	cfg.Stages = map[string]store.ID{"10": "lead", "99": "lost"}
	cfg.Streams = []Stream{
		{
			Entity: "deal", Query: "SELECT * FROM d", Key: Names{"a", "b"}, Deleted: Deleted{Column: "gone"},
			Fields: map[string]Value{"id": {Template: "{a}-{b}"}, "name": {Column: "NAME"}, "amount": {Column: "amount", Scale: "10000", Empty: []string{"0"}},
				"stage": {Column: "stage"}, "close": {Column: "closed"}, "category": {Const: "commit"}, "product": {Column: "lv", Map: map[string]string{"0.1": "p"}}},
			Extra: map[string]Value{"level": {Column: "lv"}},
		},
	}
	p, c := read(t, cfg.open(t), "deals", "", 1)
	if len(p.Issues) > 0 || len(p.Deals) != 2 || !p.Full || c != "" || len(p.Deleted) != 1 || p.Deleted[0].ID != "db:2-a" {
		t.Fatalf("%+v, next %q", p, c)
	}
	d := p.Deals[0]
	if d.ID != "db:1-x" || d.Name != "联通" || d.Amount.Minor != 12500000 || d.Stage != "lead" || d.Close != store.Date(2026, 3, 31) || d.Product != "db:p" ||
		d.Extra["level"] != "0.1" || d.Category != store.CategoryCommit {
		t.Errorf("%+v", d)
	}
	if o := p.Deals[1]; o.ID != "db:1-y" || o.Amount.Given() || o.Stage != "" || o.Extra != nil {
		t.Errorf("%+v", o)
	}
}

func TestSource_HistoryFromTable(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	s.put(t, table, 1, "x", "", base)
	s.exec(t, "CREATE TABLE h (id INTEGER PRIMARY KEY, deal INTEGER, stage TEXT, at TEXT)")
	s.exec(t, "INSERT INTO h VALUES (1, 1, 'lead', '2026-01-01 09:00:00'), (2, 1, 'won', '2026-02-01 09:00:00')")
	cfg := s.config(table)
	cfg.TimeZone = "Asia/Shanghai"
	cfg.Streams = append(cfg.Streams, Stream{
		Entity: "change", Query: "SELECT id, deal, stage, at, LAG(stage) OVER (PARTITION BY deal ORDER BY at) AS before FROM h", Modified: Names{"at"},
		Fields: map[string]Value{"id": {Column: "id"}, "deal": {Column: "deal"}, "field": {Const: "stage"}, "from": {Column: "before"}, "to": {Column: "stage"}, "at": {Column: "at"}},
	})
	src := cfg.open(t)
	p, _ := read(t, src, "changes", "", 0)
	if len(p.Changes) != 2 || p.Changes[0].From != "" || p.Changes[1].From != "lead" || p.Changes[1].To != "won" ||
		!p.Changes[1].At.Equal(time.Date(2026, 2, 1, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, issues %+v", p.Changes, p.Issues)
	}
	d, err := src.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || d.Track.Has(store.FieldStage) || !d.Track.Has(store.FieldAmount) {
		t.Errorf("the store is to keep the history of %b (%v); the table tells that of the stage", d.Track, err)
	}
}

func TestSource_List(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	for i := range listPage + 3 {
		s.exec(t, "INSERT INTO "+table+" (id, gone) VALUES (?, ?)", i+1, i%1000/999)
	}
	src := s.config(table).open(t)
	refs, next, err := src.List(t.Context(), "deals", "")
	if err != nil || next == "" || len(refs) != listPage-5 {
		t.Fatalf("%d refs, next %q, %v", len(refs), next, err)
	}
	if refs, next, err = src.List(t.Context(), "deals", next); err != nil || next != "" || len(refs) != 3 || refs[2] != (store.Ref{Entity: store.EntityDeal, ID: "db:5003"}) {
		t.Errorf("%+v, next %q, %v", refs, next, err)
	}
	if _, _, err = src.List(t.Context(), "deals", "x"); !errors.Is(err, source.ErrExpired) {
		t.Errorf("a cursor that nobody wrote: %v", err)
	}
}

// A column that vanishes takes its field with it and nothing else; one that comes back is read again.
func TestSource_Drift(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	s.put(t, table, 1, "x", "2026-03-01", base)
	src := s.config(table).open(t)
	_, c := read(t, src, "deals", "", 0)
	s.exec(t, "ALTER TABLE "+table+" RENAME COLUMN close_on TO due")
	_, err := src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c}) // by the columns of before
	if !errors.Is(err, source.ErrSetup) {
		t.Fatalf("got %v", err)
	}
	p, _ := read(t, src, "deals", c, 0)
	if deals(p) != "1" || len(p.Issues) != 1 || p.Issues[0].Field != "close_on" || !strings.Contains(p.Issues[0].Problem, "due") {
		t.Errorf("%q, issues %+v", deals(p), p.Issues)
	}
	s.exec(t, "ALTER TABLE "+table+" RENAME COLUMN id TO number")
	src.streams[0].forget()
	if _, err = src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c}); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "no column id") {
		t.Errorf("without a key: %v", err)
	}
	cfg := s.config(table)
	cfg.TimeZone = "Asia/Tokyo"
	if _, err := cfg.open(t).Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c}); !errors.Is(err, source.ErrExpired) {
		t.Errorf("another configuration: %v; want ErrExpired, since every row may now mean something else", err)
	}
}

func TestSource_KeyThatIsNone(t *testing.T) {
	s := newSQLite(t)
	s.exec(t, "CREATE TABLE d (id INTEGER)")
	for i := range 20 {
		s.exec(t, "INSERT INTO d VALUES (?)", i/2)
	}
	cfg := s.cfg
	cfg.Kind, cfg.ID = "sqlite", "db"
	cfg.Streams = []Stream{{Entity: "deal", Table: "d", Fields: map[string]Value{"id": {Column: "id"}}}}
	for _, limit := range []int{1, 100} { // also across two pages
		if _, err := cfg.open(t).Fetch(t.Context(), source.Request{Stream: "deals", Limit: limit}); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "same key") {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	s.exec(t, "DELETE FROM d")
	s.exec(t, "INSERT INTO d VALUES (NULL)")
	if _, err := cfg.open(t).Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, source.ErrSetup) {
		t.Errorf("a key that is null: %v", err)
	}
}

func TestSource_LargeRowsEndThePage(t *testing.T) {
	s := newSQLite(t)
	s.exec(t, "CREATE TABLE d (id INTEGER PRIMARY KEY, note TEXT)")
	for i := range 12 {
		s.exec(t, "INSERT INTO d VALUES (?, hex(zeroblob(2500000)))", i)
	}
	cfg := s.cfg
	cfg.Kind, cfg.ID = "sqlite", "db"
	cfg.Streams = []Stream{{Entity: "deal", Table: "d", Fields: map[string]Value{"id": {Column: "id"}, "next_step": {Column: "note"}}}}
	src := cfg.open(t)
	first, err := src.Fetch(t.Context(), source.Request{Stream: "deals"})
	if err != nil || !first.More || len(first.Deals) > 8 {
		t.Fatalf("%d rows of 5 MB in a page, %v", len(first.Deals), err)
	}
	if p, _ := read(t, src, "deals", "", 0); len(p.Deals) != 12 {
		t.Errorf("%d of 12 rows", len(p.Deals))
	}
}

func TestSQLite_ReadsOnly(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	src := s.config(table).open(t)
	read(t, src, "deals", "", 0)
	for _, q := range []string{"INSERT INTO " + table + " (id) VALUES (9)", "CREATE TABLE mine (id int)", "PRAGMA user_version = 9"} {
		if _, err := src.db.Exec(q); err == nil {
			t.Errorf("%s was done", q)
		}
	}
	cfg := s.config(table)
	cfg.Database += "x"
	if err := cfg.open(t).Check(t.Context()); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "no file") {
		t.Errorf("no file: %v", err)
	}
}

// Nobody at the door: said in words, known to the syncer as such, and without the password.
func TestServers_NobodyAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	t.Setenv("SQL_TEST_PASSWORD", password)
	for _, kind := range []string{"postgresql", "mysql", "sqlserver"} {
		cfg := Config{Kind: kind, ID: "db", Address: address, Database: "d", Login: "me", Streams: []Stream{{Entity: "deal", Table: "t", Fields: map[string]Value{"id": {Column: "id"}}}}}
		if err := cfg.Password.UnmarshalText([]byte("env:SQL_TEST_PASSWORD")); err != nil {
			t.Fatal(err)
		}
		err := cfg.open(t).Check(t.Context())
		var op *net.OpError
		if err == nil || !strings.Contains(err.Error(), "nobody answers") || !errors.As(err, &op) || op.Op != "dial" || strings.Contains(fmt.Sprintf("%v|%+v|%#v", err, err, err), password) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// A database that lives: rows come, change, tie, lose their time and go while passes run, and a store that keeps what it is given equals it at the end.
func TestSource_Churn(t *testing.T) {
	rnd := storetest.Rand(t)
	s := newSQLite(t)
	table := s.table(t)
	truth, kept := map[string]string{}, map[string]string{}
	clock, next, limit := base, 0, 1+rnd.IntN(7)
	src := s.config(table).open(t)
	var c store.Cursor
	for range 60 {
		for range rnd.IntN(6) {
			if rnd.IntN(3) > 0 {
				clock = clock.Add(time.Duration(rnd.IntN(90)) * time.Second)
			}
			at, name := clock.Add(-time.Duration(rnd.IntN(200))*time.Second), fmt.Sprint("v", rnd.Uint32()) // within the overlap
			id := 1 + rnd.IntN(max(next, 1))
			switch n := rnd.IntN(10); {
			case n < 4 || next == 0:
				next++
				s.put(t, table, next, name, "", at)
				truth[fmt.Sprint(next)] = name
			case n < 7:
				s.exec(t, "UPDATE "+table+" SET name = ?, updated_at = ?, gone = 0 WHERE id = ?", name, s.stampOf(at), id)
				truth[fmt.Sprint(id)] = name
			case n < 8:
				s.exec(t, "UPDATE "+table+" SET updated_at = NULL, gone = 0, name = ? WHERE id = ?", name, id)
				truth[fmt.Sprint(id)] = name
			default:
				s.exec(t, "UPDATE "+table+" SET gone = 1, updated_at = ? WHERE id = ?", s.stampOf(at), id)
				delete(truth, fmt.Sprint(id))
			}
		}
		p, err := src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Deals {
			kept[d.ID.Native()] = d.Name
		}
		for _, r := range p.Deleted {
			delete(kept, r.ID.Native())
		}
		c = p.Next
		if rnd.IntN(9) == 0 {
			src = s.config(table).open(t)
		}
	}
	for range 2 {
		p, end := read(t, src, "deals", c, limit)
		for _, r := range p.Deleted {
			delete(kept, r.ID.Native())
		}
		for _, d := range p.Deals {
			kept[d.ID.Native()] = d.Name
		}
		c = end
	}
	for id, name := range truth {
		if kept[id] != name {
			t.Errorf("row %s is %q, the store has %q", id, name, kept[id])
		}
		delete(kept, id)
	}
	for id := range kept {
		t.Errorf("row %s is gone, the store has it", id)
	}
}

// A row that changes behind the position while a long pass goes on bears a time before that of rows that are read later. (TestSource_Churn, seed 279165: the bookmark
// followed those, since the server's clock, by which a pass ends, need not be the writers'.)
func TestSource_ChangedBehindThePosition(t *testing.T) {
	s := newSQLite(t)
	table := s.table(t)
	for i := range 9 {
		s.put(t, table, i+1, "x", "", base)
	}
	src := s.config(table).open(t)
	var c store.Cursor
	for pass := range 2 { // the first goes by key, the second by time
		for page := 0; ; page++ {
			p, err := src.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Limit: 4})
			if err != nil {
				t.Fatal(err)
			}
			if c = p.Next; !p.More {
				break
			}
			if page == 0 {
				at := base.Add(time.Duration(pass+1) * 24 * time.Hour)
				s.exec(t, "UPDATE "+table+" SET name = 'y', updated_at = ? WHERE id = 1", s.stampOf(at))
				s.exec(t, "UPDATE "+table+" SET updated_at = ? WHERE id >= 8", s.stampOf(at.Add(time.Hour)))
			}
		}
		p, _ := read(t, src, "deals", c, 100)
		if !slices.ContainsFunc(p.Deals, func(d store.Deal) bool { return d.ID == "db:1" && d.Name == "y" }) {
			t.Errorf("pass %d: what changed behind the position is lost: %q", pass+1, deals(p))
		}
		s.exec(t, "UPDATE "+table+" SET name = 'x', updated_at = ?", s.stampOf(base.Add(48*time.Hour)))
	}
}
