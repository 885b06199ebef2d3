package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Describe tells which columns a server knows and lets the user read. It is asked only when the server refuses a request for its columns, and for the custom ones when the
// configuration wants all of them.
type Describe struct {
	Path    string            `yaml:"path"`
	Query   map[string]string `yaml:"query"`
	Body    string            `yaml:"body"`    // jq for a JSON body, which is then posted
	Columns string            `yaml:"columns"` // jq over the answer with $columns: those of them that may be asked for
	Custom  string            `yaml:"custom"`  // jq over the answer: the names for which "*" in the configuration's extra stands
}

// describer is a Describe, compiled.
type describer struct {
	request
	columns, custom *expr
	optional        map[string]bool // columns whose absence is no news
}

// recheck is after how long a column that was left out is asked for again: a right may have been given.
const recheck = 24 * time.Hour

// errColumns: the server refuses one of the columns that were asked for.
var errColumns = errors.New("a field that is not there or may not be read")

// columnsError is a permission that is missing on a field; where nobody can tell on which, it is the stream's.
type columnsError struct{ *statusError }

func (e *columnsError) Error() string   { return fmt.Sprintf("%v: %v", errColumns, e.statusError) }
func (e *columnsError) Unwrap() []error { return []error{e.statusError, errColumns, source.ErrDenied} }

// everything among the configuration's extra stands for all custom fields.
const everything = "*"

// describing compiles what tells the columns of a part, and says which columns are asked for: a name that ends in ? is one that not every organisation has.
func (c *compiler) describing(p *Part) (d *describer, columns []string) {
	if dp := p.Describe; dp != nil {
		method := "GET"
		if dp.Body != "" {
			method = "POST"
		}
		d = &describer{
			request: c.request("describe.", method, dp.Path, dp.Query, nil, nil, dp.Body, "", nil, 0), optional: map[string]bool{},
			columns: c.expr("describe.columns", dp.Columns, "$vars", "$columns"), custom: c.expr("describe.custom", dp.Custom, "$vars"),
		}
	}
	for _, name := range p.Columns {
		if plain, ok := strings.CutSuffix(name, "?"); ok && d != nil {
			d.optional[plain] = true
			name = plain
		}
		columns = append(columns, name)
	}
	return d, columns
}

// columns are those that the part asks for now, and the custom ones among them that the configuration did not name.
func (s *Source) columns(ctx context.Context, pt *part, cur *cursor) (columns, custom []string, err error) {
	if custom, err = s.customColumns(ctx, pt); err != nil {
		return nil, nil, err
	}
	less := cur.Less[cur.Pass.Part]
	columns = slices.DeleteFunc(slices.Concat(pt.columns, custom), func(name string) bool { return slices.Contains(less, name) })
	return columns, custom, nil
}

// customColumns asks once which custom fields there are, where all are wanted.
func (s *Source) customColumns(ctx context.Context, pt *part) ([]string, error) {
	if !pt.everything {
		return nil, nil
	}
	pt.mu.Lock()
	defer pt.mu.Unlock()
	if pt.custom != nil && time.Since(pt.described) < recheck {
		return pt.custom, nil
	}
	a, err := s.ask(ctx, &pt.describe.request, &values{s: s})
	if err != nil {
		return nil, fmt.Errorf("describe: %w", err)
	}
	names, err := strs(ctx, pt.describe.custom, a.body, s.vars)
	if err != nil {
		return nil, fmt.Errorf("describe.custom: %w", err)
	}
	custom := []string{}
	for _, n := range names {
		if !slices.Contains(pt.columns, n) {
			custom = append(custom, n)
		}
	}
	pt.custom, pt.described = custom, time.Now()
	return custom, nil
}

// narrow leaves out the columns that the server does not know, says so, and reports whether there were any.
func (s *Source) narrow(ctx context.Context, pt *part, st *stream, cur *cursor, columns []string, page *source.Page) (bool, error) {
	if pt.describe == nil || pt.describe.columns == nil {
		return false, nil
	}
	a, err := s.ask(ctx, &pt.describe.request, &values{s: s})
	if err != nil {
		return false, fmt.Errorf("describe: %w", err)
	}
	asked := make([]any, len(columns))
	for i, c := range columns {
		asked[i] = c
	}
	known, err := strs(ctx, pt.describe.columns, a.body, s.vars, asked)
	if err != nil {
		return false, fmt.Errorf("describe.columns: %w", err)
	}
	var less []string
	for _, c := range columns {
		if slices.Contains(known, c) {
			continue
		}
		less = append(less, c)
		if !pt.describe.optional[c] {
			page.Issues = append(page.Issues, store.Issue{
				Source: s.id, Stream: st.name, Where: string(st.name) + "/columns", Field: c, Problem: "the server has no such field, or the user may not read it: it is left out",
			})
		}
	}
	if len(less) == 0 || len(less) == len(columns) { // it is something else that the server does not like
		return false, nil
	}
	next := maps.Clone(cur.Less) // the cursor of the request is the caller's
	if next == nil {
		next = map[int][]string{}
	}
	next[cur.Pass.Part] = slices.Concat(next[cur.Pass.Part], less)
	cur.Less, cur.LessAt = next, cur.Pass.Start
	return true, nil
}

// askColumns sends a part's request, once more with fewer columns when the server refuses some of them.
func (s *Source) askColumns(ctx context.Context, pt *part, st *stream, cur *cursor, vals *values, page *source.Page) (answer, []string, error) {
	if len(pt.columns) == 0 && !pt.everything {
		a, err := s.ask(ctx, &pt.request, vals)
		return a, nil, err
	}
	columns, custom, err := s.columns(ctx, pt, cur)
	if err != nil {
		return answer{}, nil, err
	}
	vals.columns = columns
	a, err := s.ask(ctx, &pt.request, vals)
	if !errors.Is(err, errColumns) {
		return a, custom, err
	}
	found, derr := s.narrow(ctx, pt, st, cur, columns, page)
	switch {
	case ctx.Err() != nil:
		return answer{}, nil, ctx.Err()
	case derr != nil:
		return answer{}, nil, fmt.Errorf("%w; which one, the server does not say: %w", err, derr)
	case !found:
		return answer{}, nil, err
	}
	if vals.columns, custom, err = s.columns(ctx, pt, cur); err != nil {
		return answer{}, nil, err
	}
	a, err = s.ask(ctx, &pt.request, vals)
	return a, custom, err
}

// strs are the texts that e gives: a list of them, or several results.
func strs(ctx context.Context, e *expr, v any, values ...any) (all []string, err error) {
	if e == nil {
		return nil, nil
	}
	err = e.each(ctx, v, func(v any) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			if s := nativeID(v); s != "" {
				all = append(all, s)
			}
		}
	}, values...)
	return all, err
}
