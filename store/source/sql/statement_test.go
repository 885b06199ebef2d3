package sql

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

func TestOnlySelect(t *testing.T) {
	for _, q := range []string{
		"SELECT a FROM t", "  select a,\n b AS \"update\" FROM [delete] WHERE x = 'it''s; DROP -- no' ", "WITH x AS (SELECT 1 AS a) SELECT * FROM x",
		"SELECT REPLACE(a, 'x', 'y') AS a, j #>> '{a,b}' AS b, arr[1] AS c FROM t WHERE j->>'k' <> '[' AND set_at > updated_at",
		"SELECT 客户, \"列 \"\"x\" FROM 表", "SELECT a FROM t WHERE b = 'insert into' ORDER BY `drop`",
	} {
		if err := onlySelect(q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	for q, says := range map[string]string{
		"":                              "want one SELECT",
		"UPDATE t SET a = 1":            "want one SELECT",
		"EXEC sp_who":                   "want one SELECT",
		"SELECT a FROM t; DROP TABLE t": "semicolon",
		"SELECT a INTO b FROM t":        "INTO",
		"SELECT a FROM t FOR UPDATE":    "UPDATE",
		"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x": "DELETE",
		"SELECT nextval('s')":              "NEXTVAL",
		"SELECT * FROM openrowset('x')":    "OPENROWSET",
		"SELECT a -- rest\nFROM t":         "comment",
		"SELECT a /*! INTO b */ FROM t":    "comment",
		"SELECT a # rest\nFROM t":          "comment",
		"SELECT 'a\\' FROM t":              "backslash",
		"SELECT 'a FROM t":                 "not closed",
		"SELECT $x$ ; $x$":                 "dollar",
		"SELECT a FROM t) q; --":           "bracket",
		"SELECT a FROM t) q, (SELECT 1":    "bracket",
		"SELECT (a FROM t":                 "bracket",
		"SELECT a\x00 FROM t":              "zero byte",
		"SELECT [a; DROP TABLE t":          "not closed",
		"SELECT a FROM t WHERE sLeEp(9)=0": "SLEEP",
	} {
		if err := onlySelect(q); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want it to say %s", q, err, says)
		}
	}
}

// Whatever is accepted stays inside of the brackets into which it is put, as every server reads it.
func FuzzOnlySelect(f *testing.F) {
	for _, q := range []string{"SELECT a FROM t", "WITH x AS (SELECT ';' AS a) SELECT \"b;\" FROM [c;]", "SELECT 'a''b', `x` FROM (SELECT 1) y", "SELECT $1, a[1] #> 'x'"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if onlySelect(q) != nil {
			return
		}
		depth, quote := 0, byte(0)
		for i := range len(q) {
			c := q[i]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
				if c == '\\' {
					t.Fatalf("a backslash in quotes got through: %q", q)
				}
			case c == '\'' || c == '"' || c == '`':
				quote = c
			case c == '[' && opens(q, i):
				quote = ']'
			case c == '(':
				depth++
			case c == ')':
				depth--
			case c == ';' || strings.HasPrefix(q[i:], "--") || strings.HasPrefix(q[i:], "/*"):
				t.Fatalf("it ends or hides something: %q", q)
			}
			if depth < 0 {
				t.Fatalf("it leaves its brackets: %q", q)
			}
		}
		if depth != 0 || quote != 0 {
			t.Fatalf("it stays open: %q", q)
		}
	})
}

// What is sent to SQL Server, which no test here can ask: TOP and not LIMIT, brackets, named parameters, and positions in the column's own type.
func TestSQLServer_Statements(t *testing.T) {
	at := time.Date(2026, 3, 31, 17, 5, 0, 3_000_000, time.UTC)
	for _, tt := range []struct {
		stream Stream
		order  []string
		at     []any
		types  []string
		want   string
		args   []any
	}{
		{
			Stream{Table: "dbo.Odd]Name"}, []string{"q.[a]"}, []any{int64(7)}, []string{""},
			"SELECT TOP (11) q.[a] FROM [dbo].[Odd]]Name] q WHERE (q.[a] > @p1) ORDER BY q.[a]", []any{int64(7)},
		},
		{
			Stream{Query: "SELECT a, m FROM t"}, []string{"q.[m]", "q.[a]"}, []any{at, "x"}, []string{"DATETIME", ""},
			"SELECT TOP (11) q.[a] FROM (SELECT a, m FROM t\n) q WHERE q.[m] >= CAST(@p1 AS datetime) AND ((q.[m] > CAST(@p2 AS datetime)) OR " +
				"(q.[m] = CAST(@p3 AS datetime) AND q.[a] > @p4)) ORDER BY q.[m], q.[a]",
			[]any{"2026-03-31T17:05:00.003", "2026-03-31T17:05:00.003", "2026-03-31T17:05:00.003", "x"},
		},
		{
			Stream{Table: "t"}, []string{"q.[v]"}, []any{binary.BigEndian.AppendUint64(nil, 9)}, []string{"BINARY"},
			"SELECT TOP (11) q.[a] FROM [t] q WHERE (q.[v] > CAST(@p1 AS binary(8))) ORDER BY q.[v]", []any{[]byte{0, 0, 0, 0, 0, 0, 0, 9}},
		},
	} {
		b := &builder{d: sqlServer}
		b.rows([]string{"q.[a]"}, sqlServer.from(&tt.stream), []string{b.after(tt.order, tt.at, tt.types)}, tt.order, 11)
		if b.String() != tt.want {
			t.Errorf("got  %s\nwant %s", b.String(), tt.want)
		}
		for i, want := range tt.args {
			if got := b.args[i]; print(got) != print(want) {
				t.Errorf("argument %d: %v, want %v", i+1, got, want)
			}
		}
	}
	for typ, want := range map[string]string{
		"DATETIME2": "2026-03-31T17:05:00.0030000", "SMALLDATETIME": "2026-03-31T17:05:00", "DATE": "2026-03-31", "DATETIMEOFFSET": "2026-03-31T17:05:00.0030000+00:00",
	} {
		if _, v := sqlServer.bind(at, typ); v != want {
			t.Errorf("%s: %v, want %s", typ, v, want)
		}
	}
	if got := uniqueID([]byte{0xde, 0xc0, 0xb1, 0xb8, 0, 0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, 1}); got != "B8B1C0DE-0000-4000-8000-000000000001" {
		t.Errorf("a uniqueidentifier reads %s", got)
	}
}
