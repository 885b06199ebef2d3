package rpc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

var (
	_ source.Sampler = (*Source)(nil)
	_ source.Sampler = (*Odoo)(nil)
)

// sampled is a sampling under way: which fields have been seen with a value.
type sampled struct {
	source.Sampling
	filled map[string]bool
}

// add takes a row as it came and what it brings.
func (s *sampled) add(row map[string]any, mapped source.Page) {
	s.Rows = append(s.Rows, source.Sample{Raw: row, Mapped: mapped})
	if s.filled == nil {
		s.filled = map[string]bool{}
	}
	for name, v := range row {
		if list, ok := v.([]any); v != nil && v != false && v != "" && (!ok || len(list) > 0) {
			s.filled[name] = true
		}
	}
}

// done names what was asked for in vain.
func (s *sampled) done(model string, asked []string) source.Sampling {
	for _, name := range asked {
		ref, _, _ := strings.Cut(name, ".")
		if len(s.Rows) > 0 && !s.filled[name] && !s.filled[ref+"."] {
			s.Empty = append(s.Empty, model+"."+name)
		}
	}
	return s.Sampling
}

// Sample implements [source.Sampler].
func (s *Source) Sample(ctx context.Context, st store.Stream, n int) (source.Sampling, error) {
	sh, ok := shapes[st]
	if !ok || !slices.Contains(s.Streams(), st) {
		return source.Sampling{}, fmt.Errorf("sample %s: this source does not read it", st)
	}
	fail := func(err error) (source.Sampling, error) {
		return source.Sampling{}, fmt.Errorf("sample %s: %w", st, err)
	}
	ids, err := s.search(ctx, sh.model, []any{}, n)
	if err != nil {
		return fail(err)
	}
	if st == "accounts" {
		if ids, err = s.customers(ctx, ids); err != nil {
			return fail(err)
		}
	}
	asked := fields[st]
	if st == "changes" {
		asked = historic
	}
	a, err := s.c.call(ctx, "model."+sh.model+".search_read", everything, []any{[]any{"id", "in", ids}}, 0, nil, []any{[]any{"id", "ASC"}}, asked)
	if err != nil {
		return fail(err)
	}
	var out sampled
	for _, row := range a.list() {
		id, _ := number(row["id"])
		var page source.Page
		if err := s.read(ctx, st, time.Time{}, []int64{id}, cursor{}, &page); err != nil {
			return fail(err)
		}
		out.add(row, page)
	}
	return out.done(sh.model, asked), nil
}

// Sample implements [source.Sampler]. Of a stream that has two models it shows the first.
func (o *Odoo) Sample(ctx context.Context, st store.Stream, n int) (source.Sampling, error) {
	sh := o.shape(st)
	if len(sh.feeds) == 0 || !slices.Contains(o.Streams(), st) {
		return source.Sampling{}, fmt.Errorf("sample %s: this source does not read it", st)
	}
	fail := func(err error) (source.Sampling, error) {
		return source.Sampling{}, fmt.Errorf("sample %s: %w", st, err)
	}
	f := sh.feeds[0]
	m, err := o.describe(ctx, f.model, time.Time{})
	if err != nil {
		return fail(err)
	}
	a, _, err := o.rows(ctx, st, f, m, odooCursor{}, n, time.Time{})
	if err != nil {
		return fail(err)
	}
	var out sampled
	for i, row := range a.list() {
		var page source.Page
		if st != "stages" || i == 0 { // those come at once
			if err := o.read(ctx, source.Request{Stream: st}, f, m, []map[string]any{row}, &page); err != nil {
				return fail(err)
			}
		}
		out.add(row, page)
	}
	asked := m.wanted(st, f.model)
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		switch m.fields[name].Type {
		case "char", "selection", "integer", "float", "monetary", "boolean", "date", "datetime", "many2one":
			if !slices.Contains(asked, name) && name != "id" {
				out.Unused = append(out.Unused, name)
			}
		}
	}
	return out.done(f.model, asked), nil
}
