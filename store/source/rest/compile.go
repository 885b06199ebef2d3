package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	clock    *expr
	zone     *time.Location // of {watermark} and {until}
	complete bool
	track    store.Fields
	mapping  string                        // fingerprint of what becomes of its rows
	list     *stream                       // names all records
	tap      func(*part, any, source.Page) // is shown every row; nil but for a sample
}

type part struct {
	*Part
	request
	rows, total, next, more, key, delta, tie *expr
	collect, start, mark                     *expr
	then                                     *then
	records                                  []*mapping
	deleted                                  *tombstones
	describe                                 *describer
	everything                               bool // all custom fields are wanted

	mu        sync.Mutex
	custom    []string // those fields, as they were described
	described time.Time
}

// request is what is asked, with its places open.
type request struct {
	method               string
	path                 text
	query, headers, form []param
	body                 *expr
	graphql              string
	columns              []string
	cost                 int
	only                 *lookedAt // what of the answer is looked at; nil: all
}

type param struct {
	name  string
	value text
}

type then struct {
	*Then
	request
	rows, when, id, next, by *expr
	then                     *then
}

type mapping struct {
	entity        string
	fields        []field
	extra         []field
	when, deleted *expr
	jq, custom    *expr
	tombstone     bool // always
	dec           *record.Decoder
}

// keepsExtra tells whether custom fields have a place in the record.
func (m *mapping) keepsExtra() bool {
	return m.jq == nil && !m.tombstone && slices.Contains(record.Fields(m.entity), "extra")
}

type field struct {
	name string
	expr *expr
}

type tombstones struct{ rows, entity, id *expr }

// places are the names of the engine's own values in templates; ids are those of the rows whose details a then asks for, id that of the one row
// or of an each.
var places = []string{"token", "watermark", "until", "limit", "offset", "page", "columns", "tie", "ids", "id"}

var bodyVariables = []string{"$token", "$watermark", "$until", "$limit", "$offset", "$page", "$vars", "$rows", "$columns", "$tie", "$id"}

// compiler compiles many expressions and keeps the first error of each.
type compiler struct {
	vars  map[string]any
	jq    *functions
	known []string // names that templates may use beside vars; nil: places
	errs  []error
}

func (c *compiler) expr(field, src string, variables ...string) *expr {
	e, err := compileWith(c.jq, src, variables...)
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", field, err))
	}
	return e
}

func (c *compiler) text(field, src string) text {
	known := c.known
	if known == nil {
		known = places
	}
	t, err := parseText(src, func(name string) bool {
		_, ok := c.vars[name]
		return ok || slices.Contains(known, name)
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

func (c *compiler) request(at, method, path string, query, headers, form map[string]string, body, graphql string, columns []string, cost int) request {
	return request{
		method: method, path: c.text(at+"path", path), query: c.query(at+"query", query), headers: c.query(at+"headers", headers), form: c.query(at+"form", form),
		body: c.expr(at+"body", body, bodyVariables...), graphql: graphql, columns: columns, cost: max(1, cost),
	}
}

func (s *Source) compileStream(st *Stream, stages map[string]store.ID) (*stream, error) {
	c := &compiler{vars: s.vars, jq: s.functions}
	out := &stream{name: store.Stream(st.Name), spec: st, complete: st.Complete == nil || *st.Complete, zone: s.zone}
	for _, f := range st.Track {
		v, _ := store.ParseField(f) // validated
		out.track |= store.FieldsOf(v)
	}
	if in := st.Incremental; in != nil {
		out.changed, out.clock = c.expr("incremental.field", in.Field, "$vars"), c.expr("incremental.clock", in.Clock, "$vars")
		if in.Zone != "" {
			out.zone, _ = time.LoadLocation(in.Zone) // validated
		}
	}
	for i := range st.Parts {
		out.parts = append(out.parts, s.compilePart(c, &st.Parts[i], st.Name, stages))
	}
	for _, p := range out.parts {
		if s.spec.JQ != "" { // what a function looks at is not known
			break
		}
		p.only = out.findLookedAt(p, s.spec.Errors, s.spec.Budgets)
	}
	if st.List != nil {
		l := &st.List.Part
		cp := s.compilePart(c, l, st.Name, stages)
		out.list = &stream{name: out.name, spec: &Stream{Name: st.Name}, parts: []*part{cp}, zone: out.zone}
	}
	out.mapping = s.mapping(st, stages)
	return out, errors.Join(c.errs...)
}

// mapping is a fingerprint of what a stream asks for and of what becomes of it. Where it is another one than that of the rows that are stored, they are read anew: whoever mends a
// mapping, or asks for one more field, waits for no change in the system. How requests are paged, paced and signed is not in it.
func (s *Source) mapping(st *Stream, stages map[string]store.ID) string {
	h := fnv.New64a()
	write := json.NewEncoder(h)
	for i := range st.Parts {
		p := &st.Parts[i]
		_ = write.Encode([]any{p.Columns, p.GraphQL, p.Rows, p.Then, p.Records}) // no type in it can fail
	}
	_ = write.Encode([]any{s.spec.JQ, s.vars, s.cfg.Extra[st.Name], stages, s.cfg.Currency, s.loc.String(), s.zone.String()})
	return strconv.FormatUint(h.Sum64(), 36)
}

func (s *Source) compilePart(c *compiler, p *Part, stream string, stages map[string]store.ID) *part {
	describe, columns := c.describing(p)
	more := slices.DeleteFunc(slices.Clone(s.cfg.Extra[stream]), func(name string) bool { return name == everything })
	all := len(more) < len(s.cfg.Extra[stream])
	if all && (describe == nil || describe.custom == nil) {
		c.errs = append(c.errs, fmt.Errorf("extra.%s: %q is not possible here, since the connector cannot ask which fields there are; name them", stream, everything))
		all = false
	}
	all = all && len(columns) > 0 // a list of deletions asks for no fields
	columns = slices.Concat(columns, more)
	cp := &part{
		Part: p, describe: describe, everything: all, request: c.request("", p.Method, p.Path, p.Query, p.Headers, p.Form, p.Body, p.GraphQL, columns, p.Cost),
		rows: c.expr("rows", p.Rows, "$vars"), total: c.expr("total", p.Total, "$vars"), next: c.expr("pager.next", p.Pager.Next, "$vars"),
		more: c.expr("pager.more", p.Pager.More, "$vars"), key: c.expr("pager.key", p.Pager.Key, "$vars"), delta: c.expr("pager.delta", p.Pager.Delta, "$vars"),
		tie: c.expr("pager.tie", p.Pager.Tie, "$vars"), collect: c.expr("collect", p.Collect, "$vars"),
	}
	if e := p.Each; e != nil {
		cp.start = c.expr("each.start", e.Start, "$vars")
	}
	if f := p.Feed; f != nil {
		cp.mark = c.expr("feed.mark", f.Mark, "$vars")
	}
	for t, to := p.Then, &cp.then; t != nil; t, to = t.Then, &(*to).then {
		*to = &then{
			t, c.request("then.", t.Method, t.Path, t.Query, t.Headers, t.Form, t.Body, "", columns, t.Cost), c.expr("then.rows", t.Rows, "$vars"),
			c.expr("then.when", t.When, "$vars"), c.expr("then.id", t.ID, "$vars"), c.expr("then.next", t.Next, "$vars"),
			c.expr("then.by", t.By, "$vars"), nil,
		}
	}
	if d := p.Deleted; d != nil {
		cp.deleted = &tombstones{c.expr("deleted.rows", d.Rows, "$vars"), c.expr("deleted.entity", d.Entity, "$vars"), c.expr("deleted.id", d.ID, "$vars")}
		if cp.deleted.rows == nil || cp.deleted.entity == nil || cp.deleted.id == nil {
			c.errs = append(c.errs, errors.New("deleted: want rows, entity and id"))
		}
	}
	for j, r := range p.Records {
		at := fmt.Sprintf("records[%d]", j)
		m := &mapping{
			entity: r.Entity, fields: c.fields(at+".fields", r.Fields), extra: c.fields(at+".extra", r.Extra), when: c.expr(at+".when", r.When, "$vars"),
			deleted: c.expr(at+".deleted", r.Deleted, "$vars"), jq: c.expr(at+".jq", r.JQ, "$vars"), custom: c.expr(at+".custom", r.Custom, "$vars"),
			dec: s.decoder(stream, stages, r.Values),
		}
		if m.tombstone = r.Deleted == "true"; m.keepsExtra() {
			for _, name := range more {
				m.extra = append(m.extra, field{name, column(name)})
			}
		}
		cp.records = append(cp.records, m)
	}
	return cp
}

// column looks up what the configuration calls NAME or A.B: a member of that very name comes before a path.
func column(name string) *expr {
	e := &expr{column: name}
	for _, k := range strings.Split(name, ".") {
		e.path = append(e.path, step{key: k})
	}
	return e
}

// mapper maps the rows of one page.
type mapper struct {
	vars   map[string]any
	out    *source.Page
	fields map[string]any // reused for each row: the decoder copies out
	ids    hash.Hash64    // of everything named, to recognise a page that comes again
	custom []field        // that the configuration asked for without naming them
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
	more := m.custom
	if !r.keepsExtra() {
		more = nil
	}
	if len(r.extra) > 0 || r.custom != nil || len(more) > 0 {
		extra := make(map[string]any, len(r.extra))
		if v, err := r.custom.one(ctx, row, m.vars); err == nil {
			if o, ok := v.(map[string]any); ok {
				for k, v := range o {
					if single(v) {
						extra[k] = v
					}
				}
			}
		}
		for _, f := range r.extra {
			if v, err := f.expr.one(ctx, row, m.vars); err == nil {
				extra[f.name] = v
			}
		}
		for _, f := range more {
			if v, err := f.expr.one(ctx, row, m.vars); err == nil && single(v) {
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

// single tells whether a value can be kept as a custom field: not what is empty, a list or an object.
func single(v any) bool {
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return true
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
