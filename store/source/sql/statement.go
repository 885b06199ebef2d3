package sql

import (
	"fmt"
	"slices"
	"strings"
)

// onlySelect reports why a configured statement is not one plain SELECT. The session is read-only besides, and the statement is put into brackets behind a
// FROM, where nothing else can stand; this says it at start, in words, and on servers that know no read-only session.
func onlySelect(query string) error {
	words, err := words(query)
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] != "SELECT" && words[0] != "WITH" {
		return fmt.Errorf("want one SELECT; a source reads only")
	}
	for _, w := range words {
		if slices.Contains(writing, w) {
			return fmt.Errorf("%s does more than read; if it is the name of a column, put it in quotes", w)
		}
	}
	return nil
}

// writing are words that no SELECT without side effects has outside of quotes.
var writing = []string{
	"INSERT", "UPDATE", "DELETE", "MERGE", "UPSERT", "INTO", "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "DENY", "EXEC", "EXECUTE", "CALL", "DO",
	"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK", "UNLOCK", "VACUUM", "ATTACH", "DETACH", "PRAGMA", "LOAD_FILE", "HANDLER", "SHUTDOWN", "KILL", "BACKUP",
	"RESTORE", "DECLARE", "WAITFOR", "OPENROWSET", "OPENQUERY", "OPENDATASOURCE", "DBCC", "NEXTVAL", "SETVAL", "DBLINK", "DBLINK_EXEC", "LO_IMPORT", "LO_EXPORT",
	"PG_TERMINATE_BACKEND", "PG_CANCEL_BACKEND", "PG_READ_FILE", "PG_SLEEP", "SLEEP", "BENCHMARK",
}

// firstWord returns the first word of a statement that onlySelect accepts.
func firstWord(query string) string {
	if w, err := words(query); err == nil && len(w) > 0 {
		return w[0]
	}
	return ""
}

// words returns the words of a statement that stand outside of quotes and comments, in capitals. Anything that could end the statement, or that servers
// read in different ways, is an error.
func words(query string) ([]string, error) {
	var all []string
	depth := 0
	for i := 0; i < len(query); {
		rest := query[i:]
		switch c := query[i]; {
		case c == 0:
			return nil, fmt.Errorf("a zero byte")
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"), c == '#' && !strings.HasPrefix(rest, "#>") && !strings.HasPrefix(rest, "#-"):
			return nil, fmt.Errorf("a comment; servers differ in what one is, so write it above the query, as YAML's own")
		case c == ';':
			return nil, fmt.Errorf("a semicolon; want one SELECT without one")
		case c == '\'' || c == '"' || c == '`' || c == '[' && opens(query, i):
			end := c
			if c == '[' {
				end = ']'
			}
			j := i + 1
			for ; j < len(query); j++ {
				if query[j] == '\\' {
					return nil, fmt.Errorf("a backslash in quotes; servers differ in what it means")
				}
				if query[j] == end {
					break // a doubled one opens the next piece at once
				}
			}
			if j == len(query) {
				return nil, fmt.Errorf("a quote %c that is not closed", c)
			}
			i = j + 1
		case strings.HasPrefix(rest, "$$") || c == '$' && dollar(rest):
			return nil, fmt.Errorf("dollar quotes; use single ones")
		case letter(c):
			j := i
			for j < len(query) && (letter(query[j]) || query[j] >= '0' && query[j] <= '9' || query[j] == '$') {
				j++
			}
			all = append(all, strings.ToUpper(query[i:j]))
			i = j
		case c == '(':
			depth++
			i++
		case c == ')':
			if depth--; depth < 0 {
				return nil, fmt.Errorf("a closing bracket that nothing opened")
			}
			i++
		default:
			i++
		}
	}
	if depth > 0 {
		return nil, fmt.Errorf("a bracket that is not closed")
	}
	return all, nil
}

// opens reports whether the [ at i is a quoted name of SQL Server's and not an array's index: it follows no name.
func opens(query string, i int) bool {
	before := strings.TrimRight(query[:i], " \t\r\n")
	if before == "" || len(before) < i {
		return true
	}
	c := before[len(before)-1]
	return !letter(c) && !(c >= '0' && c <= '9') && c != ']' && c != ')'
}

func letter(c byte) bool { return c == '_' || c == '@' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }

// dollar reports a tagged dollar quote, as in $tag$.
func dollar(rest string) bool {
	for i := 1; i < len(rest); i++ {
		if rest[i] == '$' {
			return true
		}
		if !letter(rest[i]) && (rest[i] < '0' || rest[i] > '9') {
			return false
		}
	}
	return false
}

// builder puts a statement together; values never stand in its text.
type builder struct {
	strings.Builder
	d    *dialect
	args []any
}

// bind adds a value and returns what stands for it in the text. typ is the database's name for the column's type.
func (b *builder) bind(v any, typ string) string {
	cast, v := b.d.bind(v, typ)
	b.args = append(b.args, v)
	return fmt.Sprintf(cast, b.d.param(len(b.args)))
}

// quote makes an identifier of name.
func (d *dialect) quote(name string) string {
	return d.quotes[0] + strings.ReplaceAll(name, d.quotes[1], d.quotes[1]+d.quotes[1]) + d.quotes[1]
}

// from is what the stream selects from, named q.
func (d *dialect) from(s *Stream) string {
	if s.Query != "" {
		return "(" + s.Query + "\n) q"
	}
	parts := strings.Split(s.Table, ".")
	for i, p := range parts {
		parts[i] = d.quote(p)
	}
	return strings.Join(parts, ".") + " q"
}

// column is a column of q in a condition or an order.
func (d *dialect) column(name string) string { return "q." + d.quote(name) }

// rows is a statement that reads at most limit rows of s.
func (b *builder) rows(columns []string, from string, where, order []string, limit int) {
	b.WriteString("SELECT ")
	if b.d.top {
		_, _ = fmt.Fprintf(b, "TOP (%d) ", limit)
	}
	b.WriteString(strings.Join(columns, ", "))
	b.WriteString(" FROM " + from)
	if len(where) > 0 {
		b.WriteString(" WHERE " + strings.Join(where, " AND "))
	}
	b.WriteString(" ORDER BY " + strings.Join(order, ", "))
	if !b.d.top {
		_, _ = fmt.Fprintf(b, " LIMIT %d", limit)
	}
}

// after is the condition that a row comes behind at in the order of columns. It is written out, since not every server compares lists, and begins with what an
// index can use.
func (b *builder) after(columns []string, at []any, types []string) string {
	lead := ""
	if len(columns) > 1 {
		lead = columns[0] + " >= " + b.bind(at[0], types[0]) // bound first: a ? goes by its place
	}
	var or []string
	for i := range columns {
		var and []string
		for j := range i {
			and = append(and, columns[j]+" = "+b.bind(at[j], types[j]))
		}
		and = append(and, columns[i]+" > "+b.bind(at[i], types[i]))
		or = append(or, "("+strings.Join(and, " AND ")+")")
	}
	if len(columns) == 1 {
		return or[0]
	}
	return lead + " AND (" + strings.Join(or, " OR ") + ")"
}
