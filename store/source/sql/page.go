package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"hash/fnv"
	"reflect"
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

// answer is a run of rows in the order that was asked for.
type answer struct {
	rows    []row
	changes []any // of each row, as the driver gave it
	at      []scalar
	more    bool
	sum     uint64 // fingerprint
}

// rows reads at most limit rows.
func (t *reading) rows(ctx context.Context, p *plan, q wanted, limit int) (*answer, error) {
	b := &builder{d: t.s.d}
	var where []string
	order, types := p.keys, make([]string, len(p.keys))
	withChange := q.window != nil && !q.nulls
	if q.nulls {
		where = append(where, p.change+" IS NULL")
	}
	if withChange {
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
	return t.take(rows, p, withChange, limit)
}

// take reads the rows of an answer.
func (t *reading) take(rows *stdsql.Rows, p *plan, withChange bool, limit int) (*answer, error) {
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
		if withChange {
			at = append(at, scalar{clone(raw[p.changeI])})
		}
		for i, k := range p.keyAt {
			if raw[k] == nil {
				return nil, setupf("%s is null in a row: key wants columns that never are", p.keys[i])
			}
			at = append(at, scalar{clone(raw[k])})
		}
		if a.at != nil && reflect.DeepEqual(at, a.at) {
			return nil, setupf("two rows have the same key %s = %s: key wants the columns that tell rows apart, or rows are lost between two pages",
				strings.Join(p.keys, ", "), store.Clip(print(t.value(at[len(at)-1].v, "")), 60))
		}
		if len(a.rows) == limit || size > maxBytes {
			a.more = true // closing reads what is left of a page that is cut short: to break it off would cost the connection
			return a, nil
		}
		r := row{columns: p.columns, values: make([]any, len(raw))}
		for i, v := range raw {
			if v = t.value(v, types[i]); v != nil {
				text := print(v)
				size += len(text)
				sum.Write([]byte(text))
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

// begin fixes the end of a pass by the server's clock, and finds out how the column of changes counts.
func (t *reading) begin(ctx context.Context, p *plan, c *cursor) error {
	ps := &pass{Full: c.Scale == nil}
	c.Pass = ps
	if p.change == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.timeout())
	defer cancel()
	m, err := t.s.d.now(ctx, t.tx)
	if err != nil {
		return fmt.Errorf("ask for the server's clock: %w", err)
	}
	ps.Back, ps.Snap = c.under(m, m.at.UnixMicro())
	if ps.Full {
		if c.Scale, err = t.probe(ctx, p); err != nil || c.Scale == nil {
			return err
		}
	}
	sc := c.Scale
	if sc.Kind == "version" {
		if ps.Until = 0; sc.Bytes {
			ps.Until, ps.From = m.version, c.Mark
		} else {
			ps.From = c.Mark - behind
		}
		if ps.Until > 0 && c.Mark > ps.Until {
			return fmt.Errorf("the server's row versions lie before those that were read: the database was replaced by an earlier one: %w", source.ErrExpired)
		}
		return nil
	}
	ps.Until = sc.at(m.at, t.s.zone)
	ps.From = c.Mark - t.s.cfg.overlap().Microseconds() - c.Back
	if c.Mark > ps.Until+max(t.s.cfg.overlap(), time.Hour).Microseconds() {
		return fmt.Errorf("what was read last was changed at %s, but the server's clock says %s: %w", time.UnixMicro(c.Mark).UTC().Format(time.DateTime),
			time.UnixMicro(ps.Until).UTC().Format(time.DateTime), source.ErrExpired)
	}
	return nil
}

// probe looks at the newest changes to learn in what form the column tells them. nil: there is none yet.
func (t *reading) probe(ctx context.Context, p *plan) (*scale, error) {
	const some = 20 // one that nobody can read must not hide the others
	b := &builder{d: t.s.d}
	b.rows([]string{t.s.d.selected(p.change)}, p.from, []string{p.change + " IS NOT NULL"}, []string{p.change + " DESC"}, some)
	rows, err := t.tx.QueryContext(ctx, b.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var strange any
	for rows.Next() {
		var v any
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		if sc, ok := scaleOf(v, types[0].DatabaseTypeName(), p.st.Version != "", t.s.d); ok {
			return &sc, nil
		}
		strange = v
	}
	if err := rows.Err(); err != nil || strange == nil {
		return nil, err
	}
	if p.st.Version != "" {
		return nil, setupf("version %s holds %q: want SQL Server's rowversion or a whole number that only grows", p.st.Version, store.Clip(print(strange), 40))
	}
	return nil, setupf("modified %s holds %q: want a date and time, a text such as 2026-03-31 17:05:00, or seconds or milliseconds since 1970",
		strings.Join(p.st.Modified, ", "), store.Clip(print(strange), 40))
}

// count returns how many rows a pass has to read, at least n.
func (t *reading) count(ctx context.Context, p *plan, n int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.timeout())
	defer cancel()
	var total int
	err := t.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+p.from).Scan(&total)
	return max(total, n), err
}

// drift lists the columns that are configured and gone: their fields are left out, and nothing else.
func (t *reading) drift(p *plan, out *source.Page) {
	for _, c := range p.missing {
		out.Issues = append(out.Issues, store.Issue{Source: t.s.cfg.ID, Stream: p.st.name, Where: string(p.st.name), Field: store.Clip(c, 80),
			Problem: store.Clip(p.lacks(), 300) + "; the fields made of it are left out"})
	}
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
			case c.Scale.Kind == "version":
				if ps.Until == 0 || mark <= ps.Until {
					ps.Max = max(ps.Max, mark)
				}
			case mark > ps.Until+ahead.Microseconds():
				problem = "changed in the future, by the server's clock: a clock was wrong when it was written, or time_zone is not the column's; the row is read anew in every pass"
			case mark <= ps.Until:
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

// end closes the pass. one: it was a single page, of which sum is the fingerprint.
func (t *reading) end(c *cursor, one bool, sum uint64, was store.Cursor, out *source.Page) {
	ps := c.Pass
	c.Pass = nil
	if c.Scale == nil { // nothing to go on from: the next pass reads everything again
		return
	}
	same := !ps.Full && one && sum == c.Seen
	if same {
		out.Records, out.Deleted = store.Records{}, nil
		var last int64
		if n := len(c.Snaps); n > 0 {
			last = c.Snaps[n-1].At
		}
		if ps.Back == 0 && c.Back == 0 && (ps.Snap.Next == 0 || ps.Snap.At-last < time.Hour.Microseconds()) {
			out.Next = was // as it was: nothing to commit
			return
		}
	}
	c.Seen = 0
	if one {
		c.Seen = sum
	}
	switch {
	case c.Scale.Kind == "version" && ps.Until > 0:
		c.Mark = ps.Until // below it none can appear any more
	case ps.Max != 0:
		c.Mark = max(c.Mark, ps.Max)
	case c.Mark == 0:
		c.Mark = ps.Until // all rows are from the future
	}
	c.Back = ps.Back
	c.remember(ps.Snap)
	out.Next = c.String()
}
