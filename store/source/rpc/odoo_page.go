package rpc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// page reads one page. Rows are taken by id within what was written since the pass before: what a pass must bring is fixed by its low bound, and a row
// that is written meanwhile belongs to the next, whose low bound is this one's begin. So neither ties nor microseconds play a part.
func (o *Odoo) page(ctx context.Context, r source.Request, sh odooShape, c odooCursor, limit int) (source.Page, error) {
	f := sh.feeds[c.Feed]
	m, err := o.describe(ctx, f.model, r.Now)
	if err != nil {
		if c.Feed > 0 && (errors.Is(err, errAbsent) || errors.Is(err, source.ErrDenied)) { // a second model is a bonus
			return o.turn(source.Page{Full: sh.whole}, sh, c), nil
		}
		return source.Page{}, err
	}
	page := source.Page{Full: sh.whole, Total: c.Total}
	if c.Absent {
		c = odooCursor{}
	}
	if !c.Inside && !sh.whole && c.Since == 0 {
		domain, err := o.domain(ctx, f, m, r.Now)
		if err != nil {
			return source.Page{}, err
		}
		a, err := o.c.call(ctx, f.model, "search_count", domain, o.ctx(nil))
		if err != nil {
			return source.Page{}, err
		}
		n, _ := number(a.result)
		page.Total = int(n)
	}
	a, last, err := o.rows(ctx, r.Stream, f, m, c, limit, r.Now)
	if err != nil {
		if c.Feed > 0 && errors.Is(err, source.ErrDenied) {
			return o.turn(page, sh, c), nil
		}
		return source.Page{}, err
	}
	rows := a.list()
	if !c.Inside {
		o.drift(r.Stream, f, m, &page)
		if !sh.whole {
			if c.Until, err = o.begin(ctx, a.at, r.Now, sh, c.Since); err != nil {
				return source.Page{}, err
			}
		}
	}
	c.Inside, c.Total = true, page.Total
	for _, row := range rows {
		id, ok := number(row["id"])
		if !ok || id <= c.ID {
			return source.Page{}, fmt.Errorf("%s gave a row without id or out of order", f.model)
		}
		c.ID = id
	}
	if err := o.read(ctx, r, f, m, rows, &page); err != nil {
		return source.Page{}, err
	}
	if last {
		return o.turn(page, sh, c), nil
	}
	page.Next, page.More = c.String(), true
	return page, nil
}

// turn goes on to the next feed, or ends the pass.
func (o *Odoo) turn(page source.Page, sh odooShape, c odooCursor) source.Page {
	c.ID, c.Inside = 0, true
	if c.Feed++; c.Feed < len(sh.feeds) {
		page.Next, page.More = c.String(), true
		return page
	}
	page.Next, page.More = "", false
	if !sh.whole {
		page.Next = odooCursor{Since: c.Until}.String()
	}
	return page
}

// rows reads the next rows of a feed, and whether they are the last.
func (o *Odoo) rows(ctx context.Context, st store.Stream, f odooFeed, m *odooModel, c odooCursor, limit int, now time.Time) (a answer, last bool, err error) {
	domain, err := o.domain(ctx, f, m, now)
	if err != nil {
		return answer{}, false, err
	}
	domain = append(domain, o.since(f, m, c, now)...)
	kw := func(ids []int64) map[string]any {
		kw := map[string]any{"fields": m.wanted(st, f.model), "order": "id"}
		if ids == nil {
			kw["limit"] = limit
		}
		return o.ctx(kw)
	}
	if a, err = o.c.call(ctx, f.model, "search_read", append(domain, []any{"id", ">", c.ID}), kw(nil)); err != nil {
		return answer{}, false, err
	}
	n := len(a.list())
	if !f.sieved || n > 0 {
		return a, !f.sieved && n < limit, nil
	}
	// Nothing, but perhaps only because none of the page's rows may be read. Without a limit the server names all that may.
	all, err := o.c.call(ctx, f.model, "search", append(domain, []any{"id", ">", c.ID}), o.ctx(map[string]any{"order": "id"}))
	if err != nil {
		return answer{}, false, err
	}
	ids := all.ids()
	if len(ids) == 0 {
		return a, true, nil
	}
	ids = ids[:min(limit, len(ids))]
	a, err = o.c.call(ctx, f.model, "search_read", []any{[]any{"id", "in", ids}}, kw(ids))
	return a, len(a.list()) == 0, err
}

// since is what a pass of which the one before ended at c.Since must read.
func (o *Odoo) since(f odooFeed, m *odooModel, c odooCursor, now time.Time) []any {
	if c.Since == 0 {
		return nil
	}
	low := time.Unix(c.Since, 0).Add(-o.cfg.overlap()).UTC().Format(odooTime)
	ways := []any{[]any{"write_date", ">=", low}}
	for _, ref := range f.nearby {
		if m.fields[ref].Type != "" {
			ways = append(ways, []any{ref + ".write_date", ">=", low})
		}
	}
	domain := make([]any, 0, 2*len(ways)+4)
	for range len(ways) - 1 {
		domain = append(domain, "|")
	}
	if f.passed != "" && !now.IsZero() {
		domain = append(domain, "|", "&", []any{f.passed, ">=", low}, []any{f.passed, "<=", now.UTC().Format(odooTime)})
	}
	return append(domain, ways...)
}

// begin is the moment at which this pass began on the server's clock: the Date of its first answer; where that is missing or cannot be true, the last
// writing that is not in our future.
func (o *Odoo) begin(ctx context.Context, at, now time.Time, sh odooShape, since int64) (int64, error) {
	if at.IsZero() || !now.IsZero() && (at.Sub(now) > ahead || now.Sub(at) > ahead) {
		at = time.Time{}
		for _, f := range sh.feeds {
			domain := []any{}
			if !now.IsZero() {
				domain = append(domain, []any{"write_date", "<=", now.Add(ahead).UTC().Format(odooTime)})
			}
			a, err := o.c.call(ctx, f.model, "search_read", domain, o.ctx(map[string]any{"fields": []string{"write_date"}, "order": "write_date desc", "limit": 1}))
			if errors.Is(err, source.ErrDenied) || errors.Is(err, errAbsent) {
				continue
			} else if err != nil {
				return 0, err
			}
			for _, row := range a.list() {
				if t, ok := moments(row["write_date"]); ok && t.After(at) {
					at = t
				}
			}
		}
		if at.IsZero() {
			return since, nil // nothing was ever written, so the next pass begins where this one did
		}
	}
	if since > at.Add(o.cfg.overlap()).Unix()+1 {
		return 0, fmt.Errorf("what was read last lies at %s, but the server's clock says %s: %w", time.Unix(since, 0).UTC().Format(time.RFC3339),
			at.UTC().Format(time.RFC3339), source.ErrExpired)
	}
	return max(at.Unix(), since), nil
}
