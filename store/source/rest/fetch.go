package rest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Fetch implements [source.Source].
func (s *Source) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	if r.Stream == StreamStages && s.ownStages() {
		return source.Page{Records: store.Records{Stages: slices.Clone(s.stages)}, Total: len(s.stages)}, ctx.Err()
	}
	st := s.stream(r.Stream)
	if st == nil {
		return source.Page{}, fmt.Errorf("fetch %s %s: no such stream", s.id, r.Stream)
	}
	p, err := s.fetch(ctx, st, r)
	if err != nil {
		if ctx.Err() != nil {
			return source.Page{}, ctx.Err()
		}
		return source.Page{}, fmt.Errorf("fetch %s %s: %w", s.id, r.Stream, err)
	}
	return p, nil
}

// Check implements [source.Checker]: it asks each stream for one row.
func (s *Source) Check(ctx context.Context) error {
	var errs []error
	for _, st := range s.streams {
		_, err := s.Fetch(ctx, source.Request{Stream: st.name, Limit: 1})
		if err == nil || errors.Is(err, errLoop) {
			continue
		}
		if errs = append(errs, err); !errors.Is(err, source.ErrDenied) {
			break // the other streams would say the same
		}
	}
	return errors.Join(errs...)
}

// How much one Fetch asks for where it goes from id to id: pages of two rows each would make as many commits.
const (
	eachRequests = 20
	eachTime     = 15 * time.Second
)

func (s *Source) fetch(ctx context.Context, st *stream, r source.Request) (source.Page, error) {
	cur, err := parseCursor(r.Cursor)
	if err != nil {
		return source.Page{}, err
	}
	if cur.Map != "" && cur.Map != st.mapping {
		return source.Page{}, fmt.Errorf("%w: the connector, or what the configuration asks of it, was changed", source.ErrExpired)
	}
	cur.Map = st.mapping
	first := cur.Pass == nil
	if first {
		due, err := s.begin(&cur, st, r)
		if err != nil {
			return source.Page{}, err
		}
		if !due {
			return source.Page{Next: cur.String()}, nil
		}
	}
	if cur.Pass.Part >= len(st.parts) {
		return source.Page{}, fmt.Errorf("%w: the connector has changed", source.ErrExpired)
	}
	page := source.Page{Full: cur.Pass.Full && st.complete, Track: st.track}
	begun := time.Now()
	for n := 1; ; n++ {
		pt := st.parts[cur.Pass.Part]
		if page.More, err = s.step(ctx, &cur, st, first && n == 1, &page); err != nil {
			return source.Page{}, err
		}
		if !page.More || pt.Each == nil || n >= eachRequests || page.Len()+len(page.Deleted) >= s.limit(pt, cur.Pass) || time.Since(begun) > eachTime {
			page.Next = cur.String()
			return page, nil
		}
	}
}

// step sends the pass's next request, maps its answer into page and moves the pass behind it; false at the pass's end.
func (s *Source) step(ctx context.Context, cur *cursor, st *stream, first bool, page *source.Page) (bool, error) {
	ps := cur.Pass
	pt := st.parts[ps.Part]
	if err := s.findIDs(ctx, pt, ps); err != nil {
		return false, err
	}
	if pt.Each != nil && ps.At >= len(ps.IDs) { // nothing was collected
		return s.endPart(cur, st), nil
	}
	vals := s.values(st, ps)
	if pt.only != nil && st.tap == nil { // nothing but single values leaves the rows, so that their objects can be filled again
		vals.only, vals.supply = pt.only, mapSupplies.Get().(*mapSupply)
		defer vals.supply.giveBack()
	}
	a, custom, err := s.askColumns(ctx, pt, st, cur, &vals, page)
	if pt.Each != nil && errors.Is(err, errNotFound) { // it has gone since it was collected
		a, err = answer{empty: true, header: http.Header{}, asked: s.base}, nil
	}
	if err != nil {
		return false, err
	}
	if first {
		s.setClock(ctx, st, cur, a)
	}
	var rows []any
	if !a.empty {
		if rows, err = list(ctx, pt.rows, a.body, s.vars, "rows", true); err != nil {
			return false, err
		}
	}
	byName(rows, vals.columns)
	total := 0
	if t, err := pt.total.one(ctx, a.body, s.vars); err == nil && t != nil {
		total, _ = strconv.Atoi(nativeID(t))
	}
	if split, err := st.split(pt, ps, total); split || err != nil {
		return true, err
	}
	if total > 0 && ps.Rows == 0 && pt.Each == nil { // later pages may count only what remains
		ps.Total = ps.Done + total
	}
	ps.Done += len(rows)
	page.Total = ps.Total
	details := rows
	for t := pt.then; t != nil && len(details) > 0; t = t.then {
		if details, err = s.details(ctx, t, vals, details); err != nil {
			return false, err
		}
	}
	same, err := s.apply(ctx, st, pt, ps, rows, details, a.body, custom, page)
	if err != nil {
		return false, err
	}
	if err := s.collect(ctx, pt, ps, rows); err != nil {
		return false, err
	}
	more, err := s.advance(ctx, cur, st, pt, a, rows, same, total)
	if err != nil || more {
		return more, err
	}
	if more, err = s.endQuery(ctx, cur, st, pt, a); err != nil || more {
		return more, err
	}
	return s.endPart(cur, st), nil
}

// setClock moves the pass's beginning to the server's clock if that is behind ours, and notes for the next pass by how much they differ.
func (s *Source) setClock(ctx context.Context, st *stream, cur *cursor, a answer) {
	now, ps := a.date, cur.Pass
	if v, err := st.clock.one(ctx, a.body, s.vars); err == nil && v != nil {
		if t, _, err := record.ParseTime(nativeID(v), s.zone); err == nil {
			now = t
		}
	}
	if now.IsZero() {
		return
	}
	ahead := now.Sub(ps.Start).Round(time.Second)
	if ahead.Abs() < clockSkew {
		ahead = 0
	} else if ahead > 0 {
		ahead += clockStep
	}
	if (ahead-cur.Ahead).Abs() >= clockStep || ahead == 0 {
		cur.Ahead = ahead
	}
	if now.Before(ps.Start) {
		ps.Start = now
	}
}

// byName makes objects of rows that are lists of values in the order of columns.
func byName(rows []any, columns []string) {
	if len(columns) == 0 {
		return
	}
	for i, r := range rows {
		values, ok := r.([]any)
		if !ok {
			continue
		}
		o := make(map[string]any, len(columns))
		for j, v := range values[:min(len(values), len(columns))] {
			o[columns[j]] = v
		}
		rows[i] = o
	}
}

const (
	farAhead  = 24 * time.Hour   // what is dated further in the future is a mistake
	clockSkew = 30 * time.Second // clocks that differ by less count as equal
	settled   = 15 * time.Minute // by how much clocks that nobody told us of may differ
	clockStep = 5 * time.Second  // a difference that changes by less is the same, so that a pass without news ends with the cursor it began with
)

// begin starts a pass; false when no part of the stream is due.
func (s *Source) begin(cur *cursor, st *stream, r source.Request) (bool, error) {
	now := r.Now
	if now.IsZero() {
		now = time.Now()
	}
	if cur.Mark.After(now.Add(max(0, cur.Ahead) + farAhead)) { // a clock was wrong: nothing would ever be new again
		return false, fmt.Errorf("%w: it stands at %s, which is to come", source.ErrExpired, cur.Mark.Format(time.DateOnly))
	}
	ps := &pass{Full: cur.Mark.IsZero() && cur.Keep == "" && len(cur.Fed) == 0, Start: now, Until: now.Add(cur.Ahead), Limit: r.Limit}
	for i, p := range st.parts {
		if f := p.Feed; !ps.Full && f != nil && f.Keep > 0 && now.Sub(cur.fed(i)) > f.Keep {
			return false, fmt.Errorf("%w: the server remembers deletions for %s only", source.ErrExpired, f.Keep)
		}
	}
	if !cur.LessAt.IsZero() && (ps.Full || now.Sub(cur.LessAt) >= recheck) {
		cur.Less, cur.LessAt = nil, time.Time{}
	}
	cur.Pass = ps
	if !s.nextPart(cur, st, 0) {
		cur.Pass = nil
		return false, nil
	}
	ps.Token = cur.Keep
	return true, nil
}

// fed is up to where the feed of a part is known.
func (c *cursor) fed(part int) time.Time {
	if t, ok := c.Fed[part]; ok {
		return t
	}
	return c.Mark
}

// nextPart moves to the first part from i on that is due; false when there is none.
func (s *Source) nextPart(cur *cursor, st *stream, i int) bool {
	ps := cur.Pass
	for ; i < len(st.parts); i++ {
		p := st.parts[i]
		if p.Only == "full" && !ps.Full || p.Only == "incremental" && ps.Full || p.Every > 0 && ps.Start.Sub(cur.Ran[i]) < p.Every {
			continue
		}
		ps.Part = i
		ps.restart(p.Pager.Start)
		ps.From, ps.Hi, ps.Tie, ps.Top, ps.At = time.Time{}, time.Time{}, time.Time{}, time.Time{}, 0
		if p.Each != nil && p.Each.Start != "" {
			ps.IDs = nil
		}
		if in := st.spec.Incremental; in != nil && !cur.Mark.IsZero() {
			ps.From = cur.Mark.Add(-in.Overlap)
			if f := p.Feed; f != nil {
				ps.From = cur.fed(i).Add(-in.Overlap)
				ps.cut(f.Span)
			}
		}
		return true
	}
	return false
}

// endPart goes on with the following part that is due, or ends the pass: only then does the watermark move, and never beyond the moment at which the pass began.
func (s *Source) endPart(cur *cursor, st *stream) bool {
	ps := cur.Pass
	if st.parts[ps.Part].Every > 0 {
		if cur.Ran == nil {
			cur.Ran = map[int]time.Time{}
		}
		cur.Ran[ps.Part] = ps.Start
	}
	if s.nextPart(cur, st, ps.Part+1) {
		return true
	}
	mark := ps.Max
	if mark.After(ps.Start) {
		mark = ps.Start
	}
	if mark.After(cur.Mark) {
		cur.Mark = mark
	} else if in := st.spec.Incremental; in != nil && !mark.IsZero() && ps.Start.Sub(mark) > 2*in.Overlap+settled {
		// Nothing but what the overlap reads again, and all of it so old that nothing beside it can still be on its way: it need not be read for ever, with the history of
		// every row. The watermark moves once, and not again until something is new.
		if beyond := mark.Add(in.Overlap + time.Second); beyond.After(cur.Mark) {
			cur.Mark = beyond
		}
	}
	if ps.Full {
		for i, p := range st.parts {
			if p.Feed != nil {
				cur.feed(i, ps.Start)
			}
		}
	}
	cur.Pass = nil
	return false
}

func (c *cursor) feed(part int, t time.Time) {
	if c.Fed == nil {
		c.Fed = map[int]time.Time{}
	}
	c.Fed[part] = t
}

// details asks for the details of rows in chunks.
func (s *Source) details(ctx context.Context, t *then, vals values, rows []any) ([]any, error) {
	var all []any
	if t.Into != "" && t.by != nil {
		return rows, s.attach(ctx, t, vals, rows)
	}
	if t.Size > 1 {
		for chunk := range slices.Chunk(rows, t.Size) {
			vals.rows, vals.ids = chunk, s.ids(ctx, t, chunk)
			a, err := s.ask(ctx, &t.request, vals.of(t))
			if err != nil {
				return nil, err
			}
			if a.empty { // all of them have gone
				continue
			}
			got, err := list(ctx, t.rows, a.body, s.vars, "then.rows", true)
			if err != nil {
				return nil, err
			}
			all = append(all, got...)
		}
		return all, nil
	}
	for _, row := range rows {
		if t.when != nil {
			if v, err := t.when.one(ctx, row, s.vars); err != nil || !truth(v) {
				all = append(all, row)
				continue
			}
		}
		id, _ := t.id.one(ctx, row, s.vars)
		vals.rows, vals.id = []any{row}, nativeID(id)
		got, err := s.detail(ctx, t, vals)
		if errors.Is(err, errNotFound) {
			continue // deleted since it was listed
		}
		if err != nil {
			return nil, err
		}
		if o, ok := row.(map[string]any); ok && t.Into != "" {
			o[t.Into] = got
			got = []any{o}
		}
		all = append(all, got...)
	}
	return all, nil
}

// ids joins the identifiers of rows with commas.
func (s *Source) ids(ctx context.Context, t *then, rows []any) string {
	var all []string
	for _, row := range rows {
		if v, err := t.id.one(ctx, row, s.vars); err == nil {
			all = append(all, nativeID(v))
		}
	}
	return strings.Join(all, ",")
}

// attach asks for the details of many rows at once and gives each row its own. A row without any keeps an empty list, so that the mapping can tell it from one that
// was not asked for.
func (s *Source) attach(ctx context.Context, t *then, vals values, rows []any) error {
	var due []any
	owner := map[string]map[string]any{}
	for _, row := range rows {
		if t.when != nil {
			if v, err := t.when.one(ctx, row, s.vars); err != nil || !truth(v) {
				continue
			}
		}
		o, ok := row.(map[string]any)
		if !ok {
			continue
		}
		v, err := t.id.one(ctx, row, s.vars)
		if id := nativeID(v); err == nil && id != "" {
			o[t.Into], owner[id] = []any{}, o
			due = append(due, row)
		}
	}
	for chunk := range slices.Chunk(due, t.Size) {
		vals.rows, vals.ids = chunk, s.ids(ctx, t, chunk)
		got, err := s.detail(ctx, t, vals)
		if err != nil {
			return err
		}
		for _, d := range got {
			v, err := t.by.one(ctx, d, s.vars)
			if err != nil {
				return fmt.Errorf("then.by: %w", err)
			}
			if o := owner[nativeID(v)]; o != nil {
				o[t.Into] = append(o[t.Into].([]any), d)
			}
		}
	}
	return nil
}

// of gives the values of a page's request to that for details: the same limit, and none of its paging.
func (v *values) of(t *then) *values {
	return &values{s: v.s, limit: v.limit, columns: v.columns, id: v.id, ids: v.ids, rows: v.rows, watermark: v.watermark, until: v.until}
}

// maxDetails bounds the pages of details for one request.
const maxDetails = 200

// detail asks for the details of one row, or of as many as one request may name, page by page where they have pages.
func (s *Source) detail(ctx context.Context, t *then, vals values) (all []any, err error) {
	v := vals.of(t)
	for range maxDetails {
		a, err := s.ask(ctx, &t.request, v)
		if err != nil {
			return nil, err
		}
		if a.empty {
			return all, nil
		}
		got, err := list(ctx, t.rows, a.body, s.vars, "then.rows", true)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
		next, err := t.next.one(ctx, a.body, s.vars)
		if err != nil {
			return nil, fmt.Errorf("then.next: %w", err)
		}
		token := nativeID(next)
		if token == "" || token == "false" {
			return all, nil
		}
		if token == v.token {
			return nil, errLoop
		}
		v.token, v.offset = token, len(all)
	}
	return nil, fmt.Errorf("more than %d pages of details for one request: %w", maxDetails, errLoop)
}

// apply maps the page's rows into page and returns the page's fingerprint.
func (s *Source) apply(ctx context.Context, st *stream, pt *part, ps *pass, rows, details []any, body any, custom []string, page *source.Page,
) (uint64, error) {
	m := &mapper{vars: s.vars, out: page, fields: map[string]any{}, ids: fnv.New64a()}
	for _, name := range custom {
		m.custom = append(m.custom, field{name, column(name)})
	}
	for _, row := range rows {
		if st.changed == nil || pt.Every > 0 { // a part that is left out of most passes says nothing of what the others have seen
			break
		}
		v, err := st.changed.one(ctx, row, s.vars)
		if err != nil || v == nil {
			continue
		}
		t, _, err := record.ParseTime(nativeID(v), s.zone)
		if err != nil {
			continue // the field's own mapping says so
		}
		if t.After(ps.Top) {
			ps.Top = t
		}
		if t.After(ps.Start.Add(farAhead)) { // a place to go on from, where rows come in the order of change, but no watermark
			m.issue(pt.records[0], "watermark", "changed in the future, says the server; the watermark stays at the server's present", false)
			continue
		}
		if t.After(ps.Max) {
			ps.Max = t
		}
	}
	for i, row := range details {
		m.row = i + 1
		if st.tap != nil {
			alone := source.Page{}
			m.out = &alone
			for _, r := range pt.records {
				if err := m.apply(ctx, r, row); err != nil {
					return 0, err
				}
			}
			st.tap(pt, row, alone)
			m.out = page
		}
		for _, r := range pt.records {
			if err := m.apply(ctx, r, row); err != nil {
				return 0, err
			}
		}
		if i%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	if d := pt.deleted; d != nil {
		gone, err := list(ctx, d.rows, body, s.vars, "deleted.rows", false)
		if err != nil {
			return 0, err
		}
		for i, row := range gone {
			m.row = i + 1
			entity, _ := d.entity.one(ctx, row, s.vars)
			id, _ := d.id.one(ctx, row, s.vars)
			ref, err := pt.records[0].dec.Ref(nativeID(entity), id)
			if err != nil {
				m.issue(pt.records[0], "deleted", err.Error(), true)
				continue
			}
			page.Deleted = append(page.Deleted, ref)
		}
	}
	return m.ids.Sum64(), nil
}

// list gives the rows at e. Nothing there is an empty list only where the connector may do without: an answer of another kind, such as an error sent as a success,
// must not pass for "no rows". A connector for an API that leaves an empty list out says so: rows: .items // [].
func list(ctx context.Context, e *expr, body any, vars map[string]any, field string, must bool) ([]any, error) {
	v, err := e.one(ctx, body, vars)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: the answer has another shape than the connector expects", field, store.Clip(err.Error(), 100))
	}
	switch v := v.(type) {
	case nil:
		if _, ok := body.(map[string]any); !ok || must {
			return nil, fmt.Errorf("%s: the answer has another shape than the connector expects", field)
		}
		return nil, nil
	case []any:
		return v, nil
	}
	return nil, fmt.Errorf("%s: expected a list; the answer has another shape than the connector expects", field)
}
