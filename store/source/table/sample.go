package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"flightdeck/store"
	"flightdeck/store/source"
)

var _ source.Sampler = (*Source)(nil)

// Sample implements [source.Sampler]: the first rows of the stream's first readable files, cells by the names of their columns. The others are opened as well, so that all
// that is wrong with the folder is told at once.
func (s *Source) Sample(ctx context.Context, st store.Stream, n int) (source.Sampling, error) {
	if !slices.Contains(s.streams, st) {
		return source.Sampling{}, fmt.Errorf("sample %s: no file is mapped to this stream", st)
	}
	jobs, lookups, missing := s.find(st)
	p, err := s.begin(st, jobs, lookups)
	if err != nil || len(jobs) == 0 {
		return source.Sampling{}, errors.Join(missing, err)
	}
	defer func() { p.book.close() }()
	var out source.Sampling
	used, filled, columns := map[string]bool{}, map[string]bool{}, map[string]bool{}
	from := map[string]string{} // field → where it comes from
	var opened source.Page      // what is wrong with the file as a whole
	for len(out.Rows) < n && ctx.Err() == nil {
		at, page := p.now, source.Page{}
		if !p.step(&page) {
			break
		}
		if at == nil || p.now != at { // the step opened or ended a file
			opened.Issues = append(opened.Issues, page.Issues...)
			if p.now != nil && p.now != at {
				p.now.mapped(st, used, from, columns)
			}
			continue
		}
		raw := map[string]any{}
		for name, i := range at.line.columns {
			if i < len(at.line.cells) {
				raw[name] = at.line.cells[i]
			}
		}
		for _, r := range at.recipes {
			for i, name := range r.names {
				if g := p.m.field(r.Entity, name, r.values[i], &at.line); g.text != "" {
					filled[r.Entity+"."+name] = true
				}
			}
		}
		if len(out.Rows) == 0 {
			page.Issues = append(opened.Issues, page.Issues...)
		}
		out.Rows = append(out.Rows, source.Sample{Raw: raw, Mapped: page})
	}
	if err := ctx.Err(); err != nil {
		return source.Sampling{}, err
	}
	for _, j := range p.todo {
		var page source.Page
		if err := p.start(j, &page); err != nil {
			p.why = append(p.why, err)
			continue
		}
		p.now.mapped(st, used, from, columns)
		if last := len(out.Rows) - 1; last >= 0 {
			out.Rows[last].Mapped.Issues = append(out.Rows[last].Mapped.Issues, page.Issues...)
		}
	}
	if out.Wrong = p.why; missing != nil {
		out.Wrong = append([]error{missing}, out.Wrong...)
	}
	if len(out.Rows) == 0 && len(out.Wrong) > 0 {
		return source.Sampling{}, errors.Join(out.Wrong...)
	}
	for _, field := range sorted(from) {
		if len(out.Rows) > 0 && !filled[field] {
			out.Empty = append(out.Empty, field+" ("+from[field]+")")
		}
	}
	for _, name := range sorted(columns) {
		if !used[name] {
			out.Unused = append(out.Unused, name)
		}
	}
	return out, nil
}

// mapped notes which columns the open file has, which of them its mapping uses, in any of its records, and what for.
func (r *reading) mapped(st store.Stream, used map[string]bool, from map[string]string, columns map[string]bool) {
	for name := range r.line.columns {
		columns[name] = true
	}
	for i := range r.file.Rows {
		rows := &r.file.Rows[i]
		note := func(c string) { used[fold(c)] = true }
		rows.values(func(v *Value) { v.columns(note) })
		for _, c := range sorted(rows.When) {
			note(c)
		}
		if rows.stream() != st {
			continue
		}
		for _, name := range sorted(rows.Fields) {
			v, what := rows.Fields[name], ""
			v.columns(func(c string) {
				if what == "" {
					what = c
				}
			})
			if what != "" {
				from[rows.Entity+"."+name] = what
			}
		}
	}
}
