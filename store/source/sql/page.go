package sql

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// reading is one transaction.
type reading struct {
	reader
	s  *Source
	tx *stdsql.Tx
}

const (
	// ahead is how far in the future a change may lie before it is taken for a wrong clock's. What lies nearer waits for its time to come.
	ahead = 15 * time.Minute
	// behind is how many numbers of a version that is no rowversion are read again, for transactions that commit late.
	behind = 1000
	// maxBytes bounds a page in memory: beyond it the page ends early.
	maxBytes = 32 << 20
)

// wanted is which rows are asked for.
type wanted struct {
	window *pass  // those of its window; nil: all
	scale  *scale // of the window
	nulls  bool   // those that never tell of a change
	at     []scalar
}

// all reports that every row is wanted.
func (q *wanted) all() bool { return q.window == nil }

// changed reports that the rows are those of the window, in the order of their change.
func (q *wanted) changed() bool { return q.window != nil && !q.nulls }

// answer is a run of rows in the order that was asked for.
type answer struct {
	rows    []row
	changes []any // of each row, as the driver gave it
	at      []scalar
	more    bool
	sum     uint64 // fingerprint, of a window
}

// rows reads at most limit rows.
func (t *reading) rows(ctx context.Context, p *plan, q wanted, limit int) (*answer, error) {
	b := &builder{d: t.s.d}
	var where []string
	order, types := p.keys, make([]string, len(p.keys))
	if q.nulls {
		where = append(where, p.change+" IS NULL")
	}
	if q.changed() {
		order, types = append([]string{p.change}, p.keys...), append([]string{q.scale.Type}, types...)
		w, sc := q.window, q.scale
		bound := func(op string, mark int64) string { return p.change + op + b.bind(sc.value(mark), sc.Type) }
		switch {
		case q.at != nil: // the position is a nearer bound
		case sc.Kind == "version" && sc.Bytes:
			where = append(where, bound(" > ", w.From))
		default:
			where = append(where, bound(" >= ", w.From))
		}
		switch {
		case sc.Kind == "version" && w.Until > 0:
			where = append(where, bound(" <= ", w.Until))
		case sc.Kind != "version":
			where = append(where, "("+bound(" <= ", w.Until)+" OR "+bound(" > ", w.Until+ahead.Microseconds())+")")
		}
	}
	if q.at != nil {
		if len(q.at) != len(order) {
			return nil, fmt.Errorf("another key than when the pass began: %w", source.ErrExpired)
		}
		values := make([]any, len(q.at))
		for i, v := range q.at {
			values[i] = v.v
			if id, ok := v.v.([]byte); ok && i >= len(order)-len(p.keys) && len(id) == 16 && t.s.d == sqlServer {
				types[i] = "UNIQUEIDENTIFIER"
			}
		}
		where = append(where, b.after(order, values, types))
	}
	b.rows(p.selects, p.from, where, order, limit+1)
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.timeout())
	defer cancel()
	rows, err := t.tx.QueryContext(ctx, b.String(), b.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read
	return t.take(rows, p, q, limit)
}

// take reads the rows of an answer.
func (t *reading) take(rows *stdsql.Rows, p *plan, q wanted, limit int) (*answer, error) {
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	types := make([]string, len(columns))
	for i, c := range columns {
		types[i] = c.DatabaseTypeName()
	}
	a, size, sum := &answer{}, 0, fnv.New64a()
	raw, into := make([]any, len(types)), make([]any, len(types))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		at := make([]scalar, 0, len(p.keyAt)+1)
		if q.changed() {
			at = append(at, scalar{clone(raw[p.changeI])})
		}
		for i, k := range p.keyAt {
			if raw[k] == nil {
				return nil, setupf("%s is null in a row: key wants columns that never are", p.keys[i])
			}
			at = append(at, scalar{clone(raw[k])})
		}
		if a.at != nil && equal(at, a.at) {
			return nil, setupf("two rows have the same key %s = %s: key wants the columns that tell rows apart, or rows are lost between two pages",
				strings.Join(p.keys, ", "), store.Clip(print(t.value(at[len(at)-1].v, "")), 60))
		}
		if len(a.rows) == limit || size > maxBytes {
			a.more = true // closing reads what is left of a page that is cut short: to break it off would cost the connection
			return a, nil
		}
		r := row{columns: p.columns, values: make([]any, len(raw))}
		for i, v := range raw {
			v = t.value(v, types[i])
			if text, ok := v.(string); ok {
				size += len(text)
			}
			if !q.all() && v != nil {
				sum.Write([]byte(print(v)))
			}
			sum.Write([]byte{0, byte(i)})
			r.values[i] = v
		}
		a.rows, a.at = append(a.rows, r), at
		if p.changeI >= 0 {
			a.changes = append(a.changes, clone(raw[p.changeI]))
		}
	}
	a.sum = sum.Sum64()
	return a, rows.Err()
}

// equal reports whether two positions are one.
func equal(a, b []scalar) bool {
	for i := range a {
		x, ok := a[i].v.([]byte)
		y, ok2 := b[i].v.([]byte)
		switch {
		case ok != ok2, ok && !bytes.Equal(x, y):
			return false
		case ok:
		case a[i].v != b[i].v:
			return false
		}
	}
	return true
}

func clone(v any) any {
	if b, ok := v.([]byte); ok {
		return slices.Clone(b)
	}
	return v
}

// page reads a page into out; c is the position, and was as it was given.
func (t *reading) page(ctx context.Context, st *stream, c *cursor, limit int, was store.Cursor, out *source.Page) error {
	p, err := t.plan(ctx, st)
	if err != nil {
		return err
	}
	first := c.Pass == nil
	if first {
		if err := t.begin(ctx, p, c); err != nil {
			return err
		}
		t.drift(p, out)
	}
	ps := c.Pass
	dec := t.s.decoder(st)
	left, sum := limit, uint64(0)
	for {
		q := wanted{at: ps.At}
		if !ps.Full {
			q.window, q.scale, q.nulls = ps, c.Scale, ps.Nulls
		}
		a, err := t.rows(ctx, p, q, left)
		if err != nil {
			return err
		}
		t.decode(p, c, a, dec, out)
		ps.Done += len(a.rows)
		left -= len(a.rows)
		sum = sum*31 + a.sum
		if a.more {
			ps.At, out.More = a.at, true
			break
		}
		ps.At = nil
		if ps.Full || ps.Nulls {
			break
		}
		ps.Nulls = true
		if left <= 0 {
			out.More = true
			break
		}
	}
	out.Full = ps.Full
	if st.entity == store.EntityDeal {
		out.Track = t.s.track
	}
	if out.More && first && c.Scale != nil {
		if ps.Cap, err = t.newest(ctx, p, c); err != nil {
			return err
		}
	}
	if out.More {
		if ps.Full && ps.Total == 0 {
			if ps.Total, err = t.count(ctx, p, ps.Done); err != nil {
				return err
			}
		}
		out.Total = max(ps.Total, ps.Done)
		if !ps.Full {
			out.Total = 0
		}
		out.Next = c.String()
		return nil
	}
	if ps.Full {
		out.Total = ps.Done
	}
	t.end(c, first, sum, was, out)
	return nil
}

// decode makes records of an answer's rows.
func (t *reading) decode(p *plan, c *cursor, a *answer, dec *record.Decoder, out *source.Page) {
	ps := c.Pass
	id := p.fields["id"]
	for i := range a.rows {
		r := &a.rows[i]
		where := store.Clean(print(id.of(r)), 200)
		if where == "" {
			for _, k := range p.keyAt {
				where = strings.TrimPrefix(where+" "+print(r.values[k]), " ")
			}
			where = string(p.st.name) + " " + store.Clean(where, 200)
		}
		if c.Scale != nil && a.changes[i] != nil {
			mark, ok := c.Scale.mark(a.changes[i])
			problem := ""
			switch {
			case !ok:
				problem = "not a time of change as the rows before have it; the row is read anew in every pass or missed, so mend it"
			case c.Scale.Kind != "version" && mark > ps.Until+ahead.Microseconds():
				problem = "changed in the future, by the server's clock: a clock was wrong when it was written, or time_zone is not the column's; the row is read anew in every pass"
			case (ps.Until == 0 || mark <= ps.Until) && (ps.Cap == 0 || mark <= ps.Cap):
				ps.Max = max(ps.Max, mark)
			}
			if problem != "" {
				out.Issues = append(out.Issues, store.Issue{Source: t.s.cfg.ID, Stream: p.st.name, Where: where, Field: strings.Join(append(slices.Clone(p.st.Modified), p.st.Version), ""),
					Value: store.Clip(store.Clean(print(t.value(a.changes[i], c.Scale.Type)), 100), 80), Problem: problem})
			}
		}
		if p.st.Deleted.gone(r) {
			if ref, err := dec.Ref(p.st.Entity, id.of(r)); err == nil {
				out.Deleted = append(out.Deleted, ref)
			}
			continue
		}
		fields := make(map[string]any, len(p.fields)+1)
		for name, v := range p.fields {
			if got := v.of(r); got != nil {
				fields[name] = got
			}
		}
		if len(p.extra) > 0 {
			extra := make(map[string]any, len(p.extra))
			for name, v := range p.extra {
				if got := v.of(r); got != nil {
					extra[name] = got
				}
			}
			fields["extra"] = extra
		}
		dec.Decode(p.st.Entity, fields, where, out)
	}
}
