package sql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flightdeck/store/source/record"
)

// plan is how a stream is read: its columns as the database spells them.
type plan struct {
	st      *stream
	from    string
	selects []string       // columns as they are selected
	columns map[string]int // name, as it is configured → index
	keys    []string       // as they stand in conditions
	keyAt   []int
	change  string // "": none
	changeI int
	fields  map[string]Value // that can be read
	extra   map[string]Value
	missing []string // columns that are configured and not there
	has     []string // those that are
}

// incremental reports whether the stream has a column that tells of changes.
func (s *Stream) incremental() bool { return len(s.Modified) > 0 || s.Version != "" }

// forget has the columns looked up again: the table may have been changed.
func (s *stream) forget() {
	s.mu.Lock()
	s.plan = nil
	s.mu.Unlock()
}

// plan returns the stream's plan, asking the database for the names of the columns at first.
func (t *reading) plan(ctx context.Context, st *stream) (*plan, error) {
	st.mu.Lock()
	p := st.plan
	st.mu.Unlock()
	if p != nil {
		return p, nil
	}
	d := t.s.d
	p = &plan{st: st, from: d.from(st.Stream), columns: map[string]int{}, fields: maps.Clone(st.Fields), extra: maps.Clone(st.Extra), changeI: -1}
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.timeout())
	defer cancel()
	rows, err := t.tx.QueryContext(ctx, "SELECT * FROM "+p.from+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	p.has, err = rows.Columns()
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return nil, err
	}
	real := map[string]string{}
	for _, name := range p.has {
		real[strings.ToLower(name)] = name
	}
	find := func(name string) (string, bool) {
		if slices.Contains(p.has, name) { // before one that differs in case
			return name, true
		}
		found, ok := real[strings.ToLower(name)]
		if !ok && !slices.Contains(p.missing, name) {
			p.missing = append(p.missing, name)
		}
		return found, ok
	}
	use := func(name string) bool {
		found, ok := find(name)
		if _, twice := p.columns[name]; !ok || twice {
			return ok
		}
		selected := d.selected(d.column(found))
		i := slices.Index(p.selects, selected)
		if i < 0 {
			i, p.selects = len(p.selects), append(p.selects, selected)
		}
		p.columns[name] = i
		return true
	}
	needed := slices.Clone(st.key())
	needed = append(append(needed, st.Modified...), st.Deleted.Column, st.Version)
	lost := false
	for _, name := range needed {
		if name != "" && !use(name) {
			lost = true
		}
	}
	if lost { // without these the stream cannot be read
		return nil, setupf("%s", p.lacks())
	}
	for _, name := range st.key() {
		found, _ := find(name)
		p.keys = append(p.keys, d.column(found))
		p.keyAt = append(p.keyAt, p.columns[name])
	}
	changes := st.Modified
	if st.Version != "" {
		changes = Names{st.Version}
	}
	var parts []string
	for _, name := range changes {
		found, _ := find(name)
		parts = append(parts, d.column(found))
	}
	switch len(parts) {
	case 0:
	case 1:
		p.change, p.changeI = parts[0], p.columns[changes[0]]
	default:
		p.change, p.changeI = "COALESCE("+strings.Join(parts, ", ")+")", len(p.selects)
		p.selects = append(p.selects, d.selected(p.change))
	}
	for _, m := range []map[string]Value{p.fields, p.extra} {
		for _, field := range sorted(m) {
			v := m[field]
			v.columns(func(c string) {
				if !use(c) {
					delete(m, field)
				}
			})
		}
	}
	if err := record.Check(st.Entity, sorted(p.fields)...); err != nil {
		return nil, setupf("%s (%v)", p.lacks(), err)
	}
	st.mu.Lock()
	st.plan = p
	st.mu.Unlock()
	return p, nil
}

// selected is a column or an expression as it is selected.
func (d *dialect) selected(expr string) string {
	if d.raw != nil {
		return d.raw(expr)
	}
	return expr
}

// lacks says what is not there, and what is.
func (p *plan) lacks() string {
	what := p.st.Table
	if what == "" {
		what = "the query of " + string(p.st.name)
	}
	has := p.has
	if len(has) > 40 {
		has = append(slices.Clone(has[:40]), "…")
	}
	return fmt.Sprintf("%s has no column %s; it has %s", what, strings.Join(p.missing, ", "), strings.Join(has, ", "))
}
