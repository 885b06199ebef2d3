package rest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flightdeck/store"
	"flightdeck/store/source"
)

var _ source.Sampler = (*Source)(nil)

// Sample implements [source.Sampler]. What it says of fields rests on plain paths; what a jq program looks at is not known.
func (s *Source) Sample(ctx context.Context, name store.Stream, n int) (source.Sampling, error) {
	var out source.Sampling
	if name == StreamStages && s.ownStages() {
		p, err := s.Fetch(ctx, source.Request{Stream: name})
		for _, st := range p.Stages {
			out.Rows = append(out.Rows, source.Sample{Raw: nil, Mapped: source.Page{Records: store.Records{Stages: []store.Stage{st}}}})
		}
		return out, err
	}
	st := s.stream(name)
	if st == nil {
		return out, fmt.Errorf("sample %s %s: no such stream", s.id, name)
	}
	filled, seen := map[string]bool{}, map[string]bool{}
	used := map[string]bool{} // names that a mapping looks up, false: only looks through
	tapped := *st
	tapped.tap = func(pt *part, row any, mapped source.Page) {
		if len(out.Rows) < n {
			out.Rows = append(out.Rows, source.Sample{Raw: row, Mapped: mapped})
		}
		flat := map[string]any{}
		flatten(flat, "", row, 2)
		for k := range flat {
			seen[k] = true
		}
		for _, r := range pt.records {
			for _, f := range slices.Concat(r.fields, r.extra) {
				if v, err := f.expr.one(ctx, row, s.vars); err == nil && v != nil && v != "" {
					filled[r.entity+"."+f.name] = true
				}
			}
			if v, err := r.custom.one(ctx, row, s.vars); err == nil {
				if kept, ok := v.(map[string]any); ok {
					for k := range kept {
						used[k] = true
					}
				}
			}
		}
	}
	p, err := s.fetch(ctx, &tapped, source.Request{Stream: name, Limit: n})
	if err != nil {
		if ctx.Err() != nil {
			return source.Sampling{}, ctx.Err()
		}
		return source.Sampling{}, fmt.Errorf("sample %s %s: %w", s.id, name, err)
	}
	for _, i := range p.Issues {
		if strings.HasSuffix(i.Where, "/columns") {
			out.Missing = append(out.Missing, i.Field)
		}
	}
	if len(out.Rows) == 0 {
		return out, nil
	}
	program := false
	for _, r := range tapped.parts[0].records {
		program = program || r.jq != nil
		for _, f := range slices.Concat(r.fields, r.extra) {
			if f.expr == nil {
				continue
			}
			program = program || f.expr.code != nil
			for i := range f.expr.path {
				used[joined(f.expr.path[:i+1])] = i == len(f.expr.path)-1 || used[joined(f.expr.path[:i+1])]
			}
			if f.expr.column != "" {
				used[f.expr.column] = true
			}
			if key := r.entity + "." + f.name; !filled[key] && (f.expr.path != nil || f.expr.column != "") {
				out.Empty = append(out.Empty, key+" ("+f.source(r)+")")
			}
		}
	}
	mentions := func(k string) bool { // in a program the name alone tells
		_, last, _ := cutLast(k)
		return program && slices.ContainsFunc(tapped.parts[0].Records, func(r Record) bool {
			return strings.Contains(r.JQ, last) || strings.Contains(r.Custom, last) || slices.ContainsFunc(slices.Collect(maps.Values(r.Fields)), func(e string) bool {
				return strings.Contains(e, last)
			})
		}) || strings.Contains(s.spec.JQ, "."+last)
	}
	for _, k := range slices.Sorted(maps.Keys(seen)) {
		parent, _, _ := cutLast(k)
		if _, onTheWay := used[k]; !onTheWay && !used[parent] && !mentions(k) {
			out.Unused = append(out.Unused, k)
		}
	}
	slices.Sort(out.Empty)
	return out, nil
}

// source is how the spec or the configuration wrote the field.
func (f field) source(*mapping) string {
	if f.expr.column != "" {
		return f.expr.column
	}
	return "." + joined(f.expr.path)
}

func joined(path []step) string {
	var all []string
	for _, st := range path {
		if st.key == "" {
			all = append(all, fmt.Sprint(st.index))
			continue
		}
		all = append(all, st.key)
	}
	return strings.Join(all, ".")
}

func cutLast(k string) (parent, last string, ok bool) {
	i := strings.LastIndexByte(k, '.')
	if i < 0 {
		return "", k, false
	}
	return k[:i], k[i+1:], true
}

// flatten notes the names of single values in a row, those of objects in it behind their own, to a depth.
func flatten(into map[string]any, prefix string, v any, depth int) {
	m, ok := v.(map[string]any)
	if !ok || depth == 0 {
		if prefix != "" {
			into[strings.TrimSuffix(prefix, ".")] = v
		}
		return
	}
	for k, v := range m {
		flatten(into, prefix+k+".", v, depth-1)
	}
}
