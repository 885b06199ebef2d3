package table

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source/record"
)

// Config is one folder of files and how their columns become records. [Preset] prints commented examples.
type Config struct {
	Kind     string         `yaml:"kind"` // table: how whoever reads the configuration chose this type
	ID       store.SourceID `yaml:"id"`
	Dir      string         `yaml:"dir"`       // the folder; a relative path counts from where flightdeck is started
	TimeZone string         `yaml:"time_zone"` // IANA name, of days and of times without a zone; "" UTC
	Currency store.Currency `yaml:"currency"`  // of amounts that do not name theirs
	Format   `yaml:",inline"`
	// Stages maps the files' stage names to the organisation's stage ids. Without it the names are the ids.
	Stages map[string]store.ID `yaml:"stages"`
	// Settle is how long a file must have been left alone before it is believed; 0 means 2 s, below 0 not at all.
	Settle time.Duration `yaml:"settle"`
	Files  []File        `yaml:"files"`
}

// Format is how a file writes things. A [File]'s own settings go before its folder's.
type Format struct {
	Dates     []string `yaml:"dates"`     // such as M/D/YYYY; none: YYYY-MM-DD, YYYY/M/D, YYYY年M月D日. YYYY-MM-DD is always read
	Decimal   string   `yaml:"decimal"`   // decimal sign; "" is "."
	Thousands *string  `yaml:"thousands"` // thousands separator; absent: "," (or "." where the comma is the decimal sign)
	Encoding  string   `yaml:"encoding"`  // "" or auto: UTF-8, UTF-16 with mark, else GB18030
	Delimiter string   `yaml:"delimiter"` // one character or tab; "": found out from the first line
}

// File is a file, or all files that a pattern names, and the records that each of their rows holds.
type File struct {
	Name     string `yaml:"file"`     // path within the folder, * ? [] as in a shell
	Optional bool   `yaml:"optional"` // no such file is no error
	Sheet    string `yaml:"sheet"`    // of a workbook; "" the first that is not hidden
	// Sheets are several of a workbook with the same columns, such as one for each month: names or patterns, with ! in front those that are not meant, as ["*", "!汇总*"].
	// Which one a row stood in is the value of the column $sheet. A sheet that is hidden must be named; an empty one brings nothing.
	Sheets []string `yaml:"sheets"`
	Header int      `yaml:"header"` // line of the column names; 0 means 1
	Format `yaml:",inline"`
	Rows   []Rows `yaml:"rows"`
}

// Rows says which records a row gives.
type Rows struct {
	Entity string              `yaml:"entity"` // unit, person, product, account, contact, deal, touch, grade, health, evidence, sale, quota, change, reading, signal
	Stream store.Stream        `yaml:"stream"` // "": the entity's own, such as deals
	When   map[string][]string `yaml:"when"`   // only rows whose columns have one of these values; "" is an empty cell, "*" anything else
	Fields map[string]Value    `yaml:"fields"` // field → where it comes from; id is needed except where the kind has none of its own
	Extra  map[string]Value    `yaml:"extra"`  // further fields to keep, for deals and accounts; the measures of a reading
	Expect []string            `yaml:"expect"` // fields whose absence is listed as an issue
	// History makes a deal's stage history from columns with dates, in order of time.
	History []Step `yaml:"history"`
}

// Step is one dated step of a deal's history.
type Step struct {
	Stage Value               `yaml:"stage"` // the stage entered, as the file calls it
	On    Value               `yaml:"on"`    // the day; an empty one means that the step did not happen
	When  map[string][]string `yaml:"when"`
}

// Value says where a field's value comes from. Written as a plain string it is the name of a column; the columns $sheet and $file are the names of the sheet and the file.
type Value struct {
	Column   string              `yaml:"column"`
	Const    string              `yaml:"const"`
	Template string              `yaml:"template"` // text with {column} in it; empty when all of its columns are
	Lookup   *Lookup             `yaml:"lookup"`
	Map      map[string]string   `yaml:"map"`   // spellings to replace, applied to the whole value
	Scale    string              `yaml:"scale"` // numbers are multiplied by it: "1000000" for millions, "10000" for 万元
	Empty    []string            `yaml:"empty"` // values that mean "none", such as "0", "-", "N/A"
	Among    *Lookup             `yaml:"among"` // the values that are accepted: those of a column of another file
	When     map[string][]string `yaml:"when"`  // only for such rows
	Else     *Value              `yaml:"else"`  // what to take when there is none
	// Mark says where the value came from when it was taken. It is kept in the record's extra fields under "<field>_from", so that a figure that
	// nobody typed is never mistaken for one.
	Mark string `yaml:"mark"`
}

// Lookup is a value in another file of the folder.
type Lookup struct {
	File   string `yaml:"file"`
	Sheet  string `yaml:"sheet"`  // of a workbook; "": the one that the file's own entry names, else the first
	Key    string `yaml:"key"`    // the column that is searched
	By     *Value `yaml:"by"`     // what is searched for, in this row
	Column string `yaml:"column"` // the column that is taken
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

// StageRows reports whether some rows are stages, so that the files themselves say which there are.
func (c *Config) StageRows() bool {
	return slices.ContainsFunc(c.Files, func(f File) bool {
		return slices.ContainsFunc(f.Rows, func(r Rows) bool { return r.Entity == "stage" })
	})
}

// Validate reports everything that is wrong with the configuration, one line each.
func (c *Config) Validate() error {
	var wrong problems
	if c.ID == "" || strings.ContainsAny(string(c.ID), ": \t") {
		wrong.add("id %q: want a short name without colon or blank", c.ID)
	}
	if c.Dir == "" {
		wrong.add("dir: want the folder that holds the files")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		wrong.add("time_zone %q: want an IANA name such as Asia/Shanghai", c.TimeZone)
	}
	if c.Currency != "" && !c.Currency.Valid() {
		wrong.add("currency %q: want three capital letters such as CNY", c.Currency)
	}
	c.Format.validate("", &wrong)
	if len(c.Files) == 0 {
		wrong.add("files: want at least one file")
	}
	for i := range c.Files {
		c.Files[i].validate(fmt.Sprintf("files[%d]", i), &wrong)
		if slices.ContainsFunc(c.Files[:i], func(f File) bool {
			return f.Name == c.Files[i].Name && (f.sheets() == "" || f.sheets() == c.Files[i].sheets())
		}) {
			wrong.add("files[%d].file %q: named twice; put all rows of a file, or of a sheet of it, under one entry", i, c.Files[i].Name)
		}
	}
	return wrong.err("table source " + string(c.ID))
}

// sheets is what tells f from other entries of the same file.
func (f *File) sheets() string {
	if len(f.Sheets) > 0 {
		return strings.Join(f.Sheets, "\x00")
	}
	return f.Sheet
}

// wants reports whether f means the sheet, which a hidden one must be named for.
func (f *File) wants(sheet string, hidden bool) (yes bool) {
	all := true // as long as only some are left out
	for _, p := range f.Sheets {
		if !strings.HasPrefix(p, "!") {
			all = false
		}
	}
	yes = all && !hidden
	for _, p := range f.Sheets {
		not, p := strings.HasPrefix(p, "!"), strings.TrimPrefix(p, "!")
		switch ok, _ := path.Match(p, sheet); {
		case ok && not:
			return false
		case ok && (!hidden || p == sheet):
			yes = true
		}
	}
	return yes
}

func (f *Format) validate(at string, wrong *problems) {
	for _, d := range f.Dates {
		if _, err := layout(d); err != nil {
			wrong.add("%sdates: %v", at, err)
		}
	}
	if f.Decimal != "" && f.Decimal != "." && f.Decimal != "," {
		wrong.add("%sdecimal %q: want \".\" or \",\"", at, f.Decimal)
	}
	if t := f.Thousands; t != nil && !slices.Contains([]string{"", ",", ".", " ", "'", "’"}, *t) {
		wrong.add("%sthousands %q: want one of \"\" \",\" \".\" \" \" \"'\"", at, *t)
	} else if t != nil && *t != "" && (*t == f.Decimal || *t == "." && f.Decimal == "") {
		wrong.add("%sthousands %q: is the decimal sign too", at, *t)
	}
	if _, err := encodingOf(f.Encoding); err != nil {
		wrong.add("%s%v", at, err)
	}
	if d := f.Delimiter; d != "" && d != "tab" && (len([]rune(d)) != 1 || strings.ContainsAny(d, "\"\r\n\ufffd")) {
		wrong.add("%sdelimiter %q: want one character, or tab", at, d)
	}
}

func (f *File) validate(at string, wrong *problems) {
	if _, err := filepath.Match(f.Name, "x"); f.Name == "" || err != nil || !filepath.IsLocal(f.Name) {
		wrong.add("%s.file %q: want a name or pattern such as deals-*.csv inside the folder", at, f.Name)
	}
	if f.Sheet != "" && len(f.Sheets) > 0 {
		wrong.add("%s.sheets: sheet names one already; want either", at)
	}
	for _, p := range f.Sheets {
		if _, err := path.Match(strings.TrimPrefix(p, "!"), "x"); err != nil || strings.TrimPrefix(p, "!") == "" {
			wrong.add("%s.sheets %q: want a name or pattern such as 2026-*, with ! in front to leave those out", at, p)
		}
	}
	if f.Header < 0 || f.Header > 1000 {
		wrong.add("%s.header %d: want the line of the column names, 1 to 1000", at, f.Header)
	}
	f.Format.validate(at+".", wrong)
	if len(f.Rows) == 0 {
		wrong.add("%s.rows: want at least one entity", at)
	}
	for i := range f.Rows {
		f.Rows[i].validate(fmt.Sprintf("%s.rows[%d]", at, i), wrong)
	}
}

func (r *Rows) validate(at string, wrong *problems) {
	if err := record.Check(r.Entity, sorted(r.Fields)...); err != nil {
		wrong.add("%s: %v", at, err)
	}
	for _, name := range sorted(r.Fields) {
		v := r.Fields[name]
		v.validate(at+".fields."+name, wrong)
		for _, from := range sorted(v.Map) {
			if err := record.CheckWord(r.Entity, name, v.Map[from]); err != nil {
				wrong.add("%s.fields.%s.map: %v", at, name, err)
			}
		}
	}
	if len(r.Extra) > 0 && !slices.Contains(record.Fields(r.Entity), "extra") {
		wrong.add("%s.extra: a %s keeps no further fields; only deals, accounts and readings do", at, r.Entity)
	}
	for _, name := range sorted(r.Extra) {
		v := r.Extra[name]
		v.validate(at+".extra."+name, wrong)
	}
	for _, name := range r.Expect {
		if _, ok := r.Fields[name]; !ok {
			wrong.add("%s.expect: %q is not among the fields", at, name)
		}
	}
	if len(r.History) > 0 && r.Entity != "deal" {
		wrong.add("%s.history: only deals have one", at)
	}
	for i := range r.History {
		r.History[i].Stage.validate(fmt.Sprintf("%s.history[%d].stage", at, i), wrong)
		r.History[i].On.validate(fmt.Sprintf("%s.history[%d].on", at, i), wrong)
	}
}

func (v *Value) validate(at string, wrong *problems) {
	n := 0
	for _, given := range []bool{v.Column != "", v.Const != "", v.Template != "", v.Lookup != nil} {
		if given {
			n++
		}
	}
	if n != 1 {
		wrong.add("%s: want exactly one of column, const, template, lookup", at)
	}
	if _, err := bounded(v.Scale); v.Scale != "" && err != nil {
		wrong.add("%s.scale %q: want a plain number such as 1000000", at, v.Scale)
	}
	if l := v.Lookup; l != nil {
		if l.File == "" || l.Key == "" || l.Column == "" || l.By == nil {
			wrong.add("%s.lookup: want file, key, by and column", at)
		}
		if l.By != nil {
			l.By.validate(at+".lookup.by", wrong)
		}
	}
	if l := v.Among; l != nil && (l.File == "" || l.Column == "" || l.Key != "" || l.By != nil) {
		wrong.add("%s.among: want file and column", at)
	}
	if v.Else != nil {
		v.Else.validate(at+".else", wrong)
	}
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
