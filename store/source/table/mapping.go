package table

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// tongue is how one file writes numbers and dates.
type tongue struct {
	numbers
	dates
}

// What a field holds decides how its cell is read. The other fields are text.
var (
	numeric = fieldSet("revenue price amount cost quantity staff probability influence score minutes order lat lng")
	refers  = fieldSet("id account deal contact product owner rep parent manager unit node")
	dated   = fieldSet("created close modified at seen logged day")
)

func fieldSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, f := range strings.Fields(s) {
		m[f] = true
	}
	return m
}

// line is one row of a file with the names of its columns.
type line struct {
	file    string // and the sheet, for messages
	name    string // of the file
	sheet   string
	number  int
	columns map[string]int // folded name → index
	cells   []string
	rows    rows // whose last row this is
	tongue  *tongue
	// currency is that of the row's amounts, where a column names it: "" where that cannot be told. Where the column is empty it is the file's.
	currency *store.Currency
}

func fold(column string) string { return strings.ToLower(strings.TrimSpace(column)) }

// has reports whether there is such a column.
func (l *line) has(column string) bool {
	_, ok := l.columns[fold(column)]
	return ok || column == columnSheet || column == columnFile
}

// Columns that every row has.
const (
	columnSheet = "$sheet"
	columnFile  = "$file"
)

func (l *line) cell(column string) string {
	switch column {
	case columnSheet:
		return l.sheet
	case columnFile:
		return l.name
	}
	if i, ok := l.columns[fold(column)]; ok && i < len(l.cells) {
		return strings.TrimSpace(l.cells[i])
	}
	return ""
}

// worn warns of an identifier that Excel took for a number and cut down, so that different ones have become one; or "".
func (l *line) worn(s string, v *Value) string {
	if !shortened.MatchString(s) && (l.tongue == nil || !l.tongue.numbers.sheet || !long(s, false) || l.text(v.Column)) {
		return ""
	}
	return fmt.Sprintf("Excel took this identifier for a number and keeps %d digits of it, so that others may look the same; format the column as text and fill it again", precise)
}

// text reports whether the column's cell holds a text and not a number, as far as the file says so.
func (l *line) text(column string) bool {
	sheet, ok := l.rows.(*sheetRows)
	i, there := l.columns[fold(column)]
	return ok && there && sheet.text(i)
}

func (l *line) where() string { return fmt.Sprintf("%s:%d", l.file, l.number) }

func (l *line) matches(when map[string][]string) bool {
	for column, accepted := range when {
		c := l.cell(column)
		if !slices.Contains(accepted, c) && (c == "" || !slices.Contains(accepted, "*")) {
			return false
		}
	}
	return true
}

// failed are what a workbook shows where a formula went wrong.
var failed = []string{"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}

// tables are the columns of other files that values are looked up in.
type tables map[string]*column

// column is one column of a file, by the value of another.
type column struct {
	by     map[string]string
	all    []string // accepted values, sorted, for messages
	tongue *tongue
}

func (l *Lookup) name() string {
	return l.File + "\x00" + l.Sheet + "\x00" + fold(l.Key) + "\x00" + fold(l.Column)
}

// got is what a field's value came to.
type got struct {
	text    string
	tongue  *tongue
	mark    string
	problem string // why there is none though something stood there
	raw     string // what stood there
	typed   bool   // it stood in the row's own file
	warn    string // why what stands there may not be what was meant, though it is taken
}

// value finds v for l.
func (v *Value) value(l *line, t tables, number bool) got {
	if v == nil {
		return got{}
	}
	if !l.matches(v.When) {
		return v.Else.value(l, t, number)
	}
	g := got{tongue: l.tongue, mark: v.Mark}
	switch {
	case v.Const != "":
		g.text, g.tongue = v.Const, nil
	case v.Template != "":
		g.text = fill(v.Template, l)
	case v.Lookup != nil:
		by := v.Lookup.By.value(l, t, false)
		if by.text == "" {
			break
		}
		c := t[v.Lookup.name()]
		found, ok := c.by[by.text]
		if !ok {
			g.raw, g.problem = by.text, fmt.Sprintf("%s has no %s %q", v.Lookup.File, v.Lookup.Key, store.Clip(by.text, 80))
		}
		g.text, g.tongue = found, c.tongue
	default:
		g.text, g.typed = l.cell(v.Column), true
		if l.tongue.numbers.sheet && slices.Contains(failed, g.text) {
			g.raw, g.problem, g.text = g.text, "the formula in this cell failed; mend it in the workbook", ""
		}
	}
	if slices.Contains(v.Empty, g.text) {
		g.text = ""
	}
	if to, ok := v.Map[g.text]; ok {
		g.text = to
	}
	if c := v.Among; c != nil && g.text != "" {
		if _, ok := t[c.name()].by[g.text]; !ok {
			g.raw, g.problem = g.text, fmt.Sprintf("not in column %s of %s: want one of %s; a spelling is corrected by map", c.Column, c.File,
				store.Clip(strings.Join(t[c.name()].all, ", "), 300))
			g.text = ""
		}
	}
	if g.text == "" {
		if e := v.Else.value(l, t, number); e.text != "" || g.problem == "" {
			return e
		}
		return g
	}
	if !number {
		return g
	}
	n := numbers{decimal: "."} // of constants
	if g.tongue != nil {
		n = g.tongue.numbers
		if l.currency != nil {
			n.currency = *l.currency
		}
	}
	d, err := n.parse(g.text)
	if err != nil {
		return got{raw: g.text, problem: err.Error()}
	}
	raw, warn := g.text, ""
	if g.typed && l.tongue.numbers.sheet && long(raw, true) && !l.text(v.Column) {
		warn = fmt.Sprintf("Excel keeps %d digits of a number, so that the last ones of this are not those that were typed; format the cell as text and type it again", precise)
	}
	if v.Scale != "" {
		d = d.Mul(decimal.RequireFromString(v.Scale)) // validated
	}
	g.text, g.tongue, g.raw, g.warn = d.String(), nil, raw, warn
	return g
}

// fill puts l's cells into a template; it is empty when all of them are.
func fill(template string, l *line) string {
	var b strings.Builder
	some := false
	for rest := template; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		column, next, closed := strings.Cut(after, "}")
		b.WriteString(before)
		if !ok || !closed {
			break
		}
		c := l.cell(column)
		some = some || c != ""
		b.WriteString(c)
		rest = next
	}
	if !some {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// columns calls f with every column of the row's own file that v uses.
func (v *Value) columns(f func(string)) {
	if v == nil {
		return
	}
	if v.Column != "" {
		f(v.Column)
	}
	for rest := v.Template; ; {
		_, after, ok := strings.Cut(rest, "{")
		column, next, closed := strings.Cut(after, "}")
		if !ok || !closed {
			break
		}
		f(column)
		rest = next
	}
	for _, column := range sorted(v.When) {
		f(column)
	}
	if v.Lookup != nil {
		v.Lookup.By.columns(f)
	}
	v.Else.columns(f)
}

// lookups calls f with every other file's column that v uses.
func (v *Value) lookups(f func(*Lookup)) {
	if v == nil {
		return
	}
	if v.Lookup != nil {
		f(v.Lookup)
		v.Lookup.By.lookups(f)
	}
	if v.Among != nil {
		f(v.Among)
	}
	v.Else.lookups(f)
}

func (r *Rows) values(f func(*Value)) {
	for _, m := range []map[string]Value{r.Fields, r.Extra} {
		for _, name := range sorted(m) {
			v := m[name]
			f(&v)
		}
	}
	for i := range r.History {
		f(&r.History[i].Stage)
		f(&r.History[i].On)
	}
}

// first is where an identity was seen first, and the sum of what stood there.
type first struct {
	sum  uint64
	file string
	line int
}

// mapper turns lines into records. It belongs to one pass: it remembers which identities it has seen.
type mapper struct {
	dec   record.Decoder
	seed  maphash.Seed
	seen  map[string]first
	other tables
}

func (m *mapper) issue(out *source.Page, l *line, field, value, problem string, dropped bool) {
	out.Issues = append(out.Issues, store.Issue{Source: m.dec.Source, Stream: m.dec.Stream, Where: store.Clip(l.where(), 200), Field: store.Clip(field, 80),
		Value: store.Clip(value, 80), Problem: problem, Dropped: dropped})
}

// recipe is a Rows made ready: its fields in a fixed order.
type recipe struct {
	*Rows
	names  []string
	values []*Value
}

func newRecipe(r *Rows) *recipe {
	c := &recipe{Rows: r, names: sorted(r.Fields)}
	for _, name := range c.names {
		v := r.Fields[name]
		c.values = append(c.values, &v)
	}
	return c
}

// currency finds the currency that a row names for its amounts.
func (m *mapper) currency(r *recipe, l *line) {
	l.currency = nil
	i := slices.Index(r.names, "currency")
	if i < 0 {
		return
	}
	if g := m.field(r.Entity, "currency", r.values[i], l); g.text != "" {
		c := record.Means(record.Currencies(g.text), m.dec.Currency)
		l.currency = &c
	}
}

// row appends to out what r makes of l.
func (m *mapper) row(r *recipe, l *line, out *source.Page) {
	if !l.matches(r.When) {
		return
	}
	m.currency(r, l)
	fields := make(map[string]any, len(r.Fields)+1)
	extra := map[string]any{}
	var h maphash.Hash
	h.SetSeed(m.seed)
	var wrong []store.Issue
	for i, name := range r.names {
		v := r.values[i]
		g := m.field(r.Entity, name, v, l)
		if g.problem != "" {
			wrong = append(wrong, store.Issue{Field: name, Value: g.raw, Problem: g.problem})
		}
		if g.text == "" {
			if g.problem == "" && slices.Contains(r.Expect, name) {
				wrong = append(wrong, store.Issue{Field: name, Problem: missing(name, v)})
			}
			continue
		}
		if g.typed && refers[name] {
			g.raw, g.warn = g.text, l.worn(g.text, v)
		}
		if g.warn != "" {
			wrong = append(wrong, store.Issue{Field: name, Value: g.raw, Problem: g.warn})
		}
		fields[name] = g.text
		if g.mark != "" && r.Entity != "reading" { // whose further fields are measures
			extra[name+"_from"] = g.mark
		}
		h.WriteString(name)
		h.WriteByte(0)
		h.WriteString(g.text)
		h.WriteByte(0)
	}
	for name, v := range r.Extra {
		if g := v.value(l, m.other, v.Scale != ""); g.text != "" {
			extra[name] = g.text
		} else if g.problem != "" {
			wrong = append(wrong, store.Issue{Field: "extra." + name, Value: g.raw, Problem: g.problem})
		}
	}
	id, _ := fields["id"].(string)
	if id != "" {
		key, sum := r.Entity+"\x00"+id, h.Sum64()
		if f, ok := m.seen[key]; ok {
			if f.sum != sum { // the same again, as a region that stands in every row, is no issue
				m.issue(out, l, "id", id, fmt.Sprintf("%s %q stands already in %s:%d with other values; the first is kept", r.Entity, store.Clip(id, 80), f.file, f.line),
					true)
			}
			return
		}
		m.seen[key] = first{sum, l.file, l.number}
	}
	for _, w := range wrong {
		m.issue(out, l, w.Field, w.Value, w.Problem, false)
	}
	if len(extra) > 0 && slices.Contains(record.Fields(r.Entity), "extra") {
		fields["extra"] = extra
	}
	m.dec.Decode(r.Entity, fields, l.where(), out)
	if id != "" {
		m.history(r.Rows, id, l, out)
	}
}

// field reads one field into the notation that the Decoder takes: plain decimals, ISO dates.
func (m *mapper) field(entity, name string, v *Value, l *line) got {
	isDate := dated[name] || entity == "quota" && (name == "from" || name == "to")
	g := v.value(l, m.other, numeric[name])
	if g.text == "" || !isDate || g.tongue == nil {
		return g
	}
	at, dayOnly, err := g.tongue.dates.parse(g.text)
	switch {
	case err != nil:
		return got{raw: g.text, problem: err.Error()}
	case dayOnly:
		g.text = at.Format("2006-01-02")
	default:
		g.text = at.Format("2006-01-02T15:04:05.999999999Z07:00")
	}
	return g
}

func missing(name string, v *Value) string {
	var columns []string
	v.columns(func(c string) { columns = append(columns, c) })
	slices.Sort(columns)
	columns = slices.Compact(columns)
	return fmt.Sprintf("no %s: %s is empty", name, strings.Join(columns, ", "))
}

// history makes the dated steps of a deal. A step has its number as identity, so that a corrected date replaces it, and one that is no longer
// taken is withdrawn.
func (m *mapper) history(r *Rows, id string, l *line, out *source.Page) {
	from, last := "", ""
	for i := range r.History {
		s := &r.History[i]
		step := fmt.Sprintf("%s|step %d", id, i+1)
		day := got{}
		if l.matches(s.When) {
			day = m.field("change", "at", &s.On, l)
		}
		stage := s.Stage.value(l, m.other, false)
		switch {
		case day.problem != "": // most often the column is a field too, and already listed
			if !slices.ContainsFunc(out.Issues[max(0, len(out.Issues)-16):], func(i store.Issue) bool { return i.Where == l.where() && i.Value == store.Clip(day.raw, 80) }) {
				m.issue(out, l, "history", day.raw, day.problem, false)
			}
		case day.text != "" && last != "" && day.text < last:
			m.issue(out, l, "history", day.text, fmt.Sprintf("stage %s was entered before %s, the day of the step before it; the step was left out",
				store.Clip(stage.text, 40), last), false)
		case day.text != "" && stage.text != "":
			m.dec.Decode("change", map[string]any{"id": step, "deal": id, "field": "stage", "from": from, "to": stage.text, "at": day.text}, l.where(), out)
			from, last = stage.text, day.text
			continue
		}
		if ref, err := m.dec.Ref("change", step); err == nil {
			out.Deleted = append(out.Deleted, ref)
		}
	}
}
