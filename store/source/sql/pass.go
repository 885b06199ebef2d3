package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

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

// newest returns the latest change that there is, not after the pass's end.
func (t *reading) newest(ctx context.Context, p *plan, c *cursor) (int64, error) {
	sc, ps := c.Scale, c.Pass
	b := &builder{d: t.s.d}
	where := p.change + " IS NOT NULL"
	if ps.Until > 0 {
		where = p.change + " <= " + b.bind(sc.value(ps.Until), sc.Type)
	}
	b.rows([]string{t.s.d.selected(p.change)}, p.from, []string{where}, []string{p.change + " DESC"}, 1)
	ctx, cancel := context.WithTimeout(ctx, t.s.cfg.timeout())
	defer cancel()
	var v any
	err := t.tx.QueryRowContext(ctx, b.String(), b.args...).Scan(&v)
	if err != nil && !errors.Is(err, stdsql.ErrNoRows) {
		return 0, err
	}
	if mark, ok := sc.mark(v); ok {
		return mark, nil
	}
	return ps.Until, nil
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
