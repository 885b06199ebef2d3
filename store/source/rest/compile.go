package rest

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// stream is a Stream, compiled.
type stream struct {
	name     store.Stream
	spec     *Stream
	parts    []*part
	changed  *expr
	complete bool
	track    store.Fields
}

type part struct {
	*Part
	path                          text
	query                         []param
	body, rows, total, next, more *expr
	then                          *then
	records                       []*mapping
	deleted                       *tombstones
}

type param struct {
	name  string
	value text
}

type then struct {
	*Then
	path  text
	query []param
	body  *expr
	rows  *expr
}

type mapping struct {
	entity        string
	fields        []field
	extra         []field
	when, deleted *expr
	jq            *expr
	dec           *record.Decoder
}

type field struct {
	name string
	expr *expr
}

type tombstones struct{ rows, entity, id *expr }

// places are the names of the engine's own values in templates; id is that of the row whose details a then of size 1 asks for.
var places = []string{"token", "watermark", "until", "limit", "offset", "page", "id"}

var bodyVariables = []string{"$token", "$watermark", "$until", "$limit", "$offset", "$page", "$vars", "$rows"}

// compiler compiles many expressions and keeps the first error of each.
type compiler struct {
	vars map[string]any
	errs []error
}

func (c *compiler) expr(field, src string, variables ...string) *expr {
	e, err := compile(src, variables...)
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", field, err))
	}
	return e
}

func (c *compiler) text(field, src string) text {
	t, err := parseText(src, func(name string) bool {
		_, ok := c.vars[name]
		return ok || slices.Contains(places, name)
	})
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", field, err))
	}
	return t
}

func (c *compiler) query(field string, q map[string]string) []param {
	var all []param
	for _, k := range slices.Sorted(maps.Keys(q)) {
		all = append(all, param{k, c.text(field+"."+k, q[k])})
	}
	return all
}

func (c *compiler) fields(field_ string, m map[string]string) []field {
	var all []field
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, field{k, c.expr(field_+"."+k, m[k], "$vars")})
	}
	return all
}

func (s *Source) compileStream(st *Stream, stages map[string]store.ID) (*stream, error) {
	c := &compiler{vars: s.vars}
	out := &stream{name: store.Stream(st.Name), spec: st, complete: st.Complete == nil || *st.Complete}
	for _, f := range st.Track {
		v, _ := store.ParseField(f) // validated
		out.track |= store.FieldsOf(v)
	}
	if st.Incremental != nil {
		out.changed = c.expr("incremental.field", st.Incremental.Field, "$vars")
	}
	for i := range st.Parts {
		p := &st.Parts[i]
		cp := &part{
			Part: p, path: c.text("path", p.Path), query: c.query("query", p.Query), body: c.expr("body", p.Body, bodyVariables...),
			rows: c.expr("rows", p.Rows, "$vars"), total: c.expr("total", p.Total, "$vars"), next: c.expr("pager.next", p.Pager.Next, "$vars"),
			more: c.expr("pager.more", p.Pager.More, "$vars"),
		}
		if t := p.Then; t != nil {
			cp.then = &then{t, c.text("then.path", t.Path), c.query("then.query", t.Query), c.expr("then.body", t.Body, bodyVariables...),
				c.expr("then.rows", t.Rows, "$vars")}
		}
		if d := p.Deleted; d != nil {
			cp.deleted = &tombstones{c.expr("deleted.rows", d.Rows, "$vars"), c.expr("deleted.entity", d.Entity, "$vars"), c.expr("deleted.id", d.ID, "$vars")}
			if cp.deleted.rows == nil || cp.deleted.entity == nil || cp.deleted.id == nil {
				c.errs = append(c.errs, errors.New("deleted: want rows, entity and id"))
			}
		}
		for j, r := range p.Records {
			at := fmt.Sprintf("records[%d]", j)
			cp.records = append(cp.records, &mapping{
				entity: r.Entity, fields: c.fields(at+".fields", r.Fields), extra: c.fields(at+".extra", r.Extra), when: c.expr(at+".when", r.When, "$vars"),
				deleted: c.expr(at+".deleted", r.Deleted, "$vars"), jq: c.expr(at+".jq", r.JQ, "$vars"), dec: s.decoder(st.Name, stages, r.Values),
			})
		}
		out.parts = append(out.parts, cp)
	}
	return out, errors.Join(c.errs...)
}

// mapper maps the rows of one page.
type mapper struct {
	vars   map[string]any
	out    *source.Page
	fields map[string]any // reused for each row: the decoder copies out
	ids    hash.Hash64    // of everything named, to recognise a page that comes again
	row    int
}

// apply maps one row. What cannot be mapped becomes an issue; an error is the context's.
func (m *mapper) apply(ctx context.Context, r *mapping, row any) error {
	if r.when != nil {
		if ok, err := r.when.one(ctx, row, m.vars); err != nil {
			return m.failed(ctx, r, "when", err)
		} else if !truth(ok) {
			return nil
		}
	}
	if r.jq != nil {
		err := r.jq.each(ctx, row, func(v any) {
			o, ok := v.(map[string]any)
			if !ok {
				if v != nil {
					m.issue(r, "jq", "the mapping's jq must give objects such as {entity: \"deal\", id: .id}", true)
				}
				return
			}
			clear(m.fields)
			maps.Copy(m.fields, o)
			entity, _ := m.fields["entity"].(string)
			deleted := truth(m.fields["deleted"])
			delete(m.fields, "entity")
			delete(m.fields, "deleted")
			m.decode(r, entity, deleted)
		}, m.vars)
		if err != nil {
			return m.failed(ctx, r, "jq", err)
		}
		return nil
	}
	clear(m.fields)
	for _, f := range r.fields {
		v, err := f.expr.one(ctx, row, m.vars)
		if err != nil {
			if err := m.failed(ctx, r, f.name, err); err != nil {
				return err
			}
			continue
		}
		m.fields[f.name] = v
	}
	if len(r.extra) > 0 {
		extra := make(map[string]any, len(r.extra))
		for _, f := range r.extra {
			if v, err := f.expr.one(ctx, row, m.vars); err == nil {
				extra[f.name] = v
			}
		}
		m.fields["extra"] = extra
	}
	deleted, err := r.deleted.one(ctx, row, m.vars)
	if err != nil {
		return m.failed(ctx, r, "deleted", err)
	}
	m.decode(r, r.entity, truth(deleted))
	return nil
}

func (m *mapper) decode(r *mapping, entity string, deleted bool) {
	where := string(r.dec.Stream) + "/"
	if id := nativeID(m.fields["id"]); id != "" {
		where += id
	} else {
		where += "row " + strconv.Itoa(m.row) + " of the page"
	}
	_, _ = m.ids.Write([]byte(entity + where))
	if deleted {
		ref, err := r.dec.Ref(entity, m.fields["id"])
		if err != nil {
			m.issue(r, "id", err.Error(), true)
			return
		}
		m.out.Deleted = append(m.out.Deleted, ref)
		return
	}
	r.dec.Decode(entity, m.fields, where, m.out)
}

// failed notes that an expression failed on a row; only the end of the context ends the page.
func (m *mapper) failed(ctx context.Context, r *mapping, field string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.issue(r, field, "the mapping fails on this row: "+store.Clip(err.Error(), 200), field == "jq" || field == "when")
	return nil
}

func (m *mapper) issue(r *mapping, field, problem string, dropped bool) {
	for i := len(m.out.Issues) - 1; i >= 0 && i >= len(m.out.Issues)-16; i-- {
		if v := &m.out.Issues[i]; v.Field == field && v.Problem == problem {
			v.Repeated++
			return
		}
	}
	m.out.Issues = append(m.out.Issues, store.Issue{
		Source: r.dec.Source, Stream: r.dec.Stream, Where: fmt.Sprintf("%s/row %d of the page", r.dec.Stream, m.row), Field: field, Problem: problem,
		Dropped: dropped,
	})
}

func nativeID(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}
