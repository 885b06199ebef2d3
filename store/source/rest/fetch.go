package rest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
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

func (s *Source) fetch(ctx context.Context, st *stream, r source.Request) (source.Page, error) {
	cur, err := parseCursor(r.Cursor)
	if err != nil {
		return source.Page{}, err
	}
	first := cur.Pass == nil
	if first && !s.begin(&cur, st, r) {
		return source.Page{Next: cur.String()}, nil
	}
	ps := cur.Pass
	if ps.Part < 0 || ps.Part >= len(st.parts) {
		return source.Page{}, fmt.Errorf("%w: the connector has changed", source.ErrExpired)
	}
	pt := st.parts[ps.Part]
	vals := s.values(st, ps)
	u, err := s.address(pt, ps, vals)
	if err != nil {
		return source.Page{}, err
	}
	body, err := vals.body(ctx, pt.body, nil)
	if err != nil {
		return source.Page{}, err
	}
	a, err := s.ask(ctx, pt.Method, u, body)
	if err != nil {
		return source.Page{}, err
	}
	if first && !a.date.IsZero() && a.date.Before(ps.Start) {
		ps.Start = a.date
	}
	rows, err := list(ctx, pt.rows, a.body, s.vars, "rows", true)
	if err != nil {
		return source.Page{}, err
	}
	page := source.Page{Full: ps.Full && st.complete, Track: st.track}
	total := 0
	if t, err := pt.total.one(ctx, a.body, s.vars); err == nil && t != nil {
		total, _ = strconv.Atoi(nativeID(t))
	}
	if total > 0 && ps.Rows == 0 { // later pages may count only what remains
		ps.Total = ps.Done + total
	}
	ps.Done += len(rows)
	page.Total = ps.Total
	details := rows
	if pt.then != nil && len(rows) > 0 {
		if details, err = s.details(ctx, pt.then, vals, rows); err != nil {
			return source.Page{}, err
		}
	}
	same, err := s.apply(ctx, st, pt, ps, rows, details, a.body, &page)
	if err != nil {
		return source.Page{}, err
	}
	more, err := s.advance(ctx, &cur, pt, a, u, len(rows), same, total)
	if err != nil {
		return source.Page{}, err
	}
	if !more {
		if pt.Every > 0 {
			if cur.Ran == nil {
				cur.Ran = map[int]time.Time{}
			}
			cur.Ran[ps.Part] = ps.Start
		}
		if more = s.nextPart(&cur, st, ps.Part+1); !more {
			s.end(&cur)
		}
	}
	page.More, page.Next = more, cur.String()
	return page, nil
}

// begin starts a pass; false when no part of the stream is due.
func (s *Source) begin(cur *cursor, st *stream, r source.Request) bool {
	now := r.Now
	if now.IsZero() {
		now = time.Now()
	}
	ps := &pass{Full: cur.Mark.IsZero() && cur.Keep == "", Start: now, Until: now, Limit: r.Limit}
	cur.Pass = ps
	if !s.nextPart(cur, st, 0) {
		cur.Pass = nil
		return false
	}
	ps.Token = cur.Keep
	return true
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
		if in := st.spec.Incremental; in != nil && !cur.Mark.IsZero() {
			ps.From = cur.Mark.Add(-in.Overlap)
		} else {
			ps.From = time.Time{}
		}
		return true
	}
	return false
}

// end closes the pass: only now does the watermark move, and never beyond the moment at which the pass began.
func (s *Source) end(cur *cursor) {
	ps := cur.Pass
	mark := ps.Max
	if mark.After(ps.Start) {
		mark = ps.Start
	}
	if mark.After(cur.Mark) {
		cur.Mark = mark
	}
	cur.Pass = nil
}

// details asks for the details of rows in chunks.
func (s *Source) details(ctx context.Context, t *then, vals values, rows []any) ([]any, error) {
	var all []any
	for chunk := range slices.Chunk(rows, t.Size) {
		if m, ok := chunk[0].(map[string]any); ok && t.Size == 1 {
			vals.id = nativeID(m["id"])
		}
		u, err := s.join(t.path, t.query, vals)
		if err != nil {
			return nil, err
		}
		body, err := vals.body(ctx, t.body, chunk)
		if err != nil {
			return nil, err
		}
		a, err := s.ask(ctx, t.Method, u, body)
		if t.Size == 1 && errors.Is(err, errNotFound) {
			continue // deleted since it was listed
		}
		if err != nil {
			return nil, err
		}
		got, err := list(ctx, t.rows, a.body, s.vars, "then.rows", true)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// apply maps the page's rows into page and returns the page's fingerprint.
func (s *Source) apply(ctx context.Context, st *stream, pt *part, ps *pass, rows, details []any, body any, page *source.Page) (uint64, error) {
	m := &mapper{vars: s.vars, out: page, fields: map[string]any{}, ids: fnv.New64a()}
	for _, row := range rows {
		if st.changed == nil || pt.Every > 0 { // a part that is left out of most passes says nothing of what the others have seen
			break
		}
		v, err := st.changed.one(ctx, row, s.vars)
		if err != nil || v == nil {
			continue
		}
		t, _, err := record.ParseTime(nativeID(v), s.loc)
		if err != nil {
			continue // the field's own mapping says so
		}
		if t.After(ps.Start.Add(24 * time.Hour)) {
			m.issue(pt.records[0], "watermark", "changed in the future, says the server; the watermark stays at the server's present", false)
		} else if t.After(ps.Max) {
			ps.Max = t
		}
	}
	for i, row := range details {
		m.row = i + 1
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

// patience is how often a page may come again at the following place. A server that ignores its page parameter repeats one for ever; on one that does not, a row
// that somebody changes, or adds before, while we read moves to where we look next: often once where the page is a single row, hardly three times in a row.
const patience = 3

var errSame = errors.New("the server gives the same page again: it ignores the page parameter; correct the connector's pager")

// advance moves the pass behind the page that was read; false at the end of the part. n is how many rows the server gave.
func (s *Source) advance(ctx context.Context, cur *cursor, pt *part, a answer, asked *url.URL, n int, same uint64, total int) (bool, error) {
	ps := cur.Pass
	more, told := n > 0, false
	if pt.more != nil {
		v, err := pt.more.one(ctx, a.body, s.vars)
		if err != nil {
			return false, fmt.Errorf("pager.more: %w", err)
		}
		more, told = truth(v), true
	}
	ps.Rows += n
	ahead := ps.Max.After(ps.From) // otherwise the whole page has one time of change, and only the pager leads on
	switch pt.Pager.Kind {
	case "none":
		return false, nil
	case "token", "link":
		next, err := s.nextToken(ctx, pt, a, asked)
		if err != nil {
			return false, err
		}
		if !told {
			more = next != ""
		}
		if !more {
			if pt.Pager.Keep && next != "" {
				cur.Keep = next
			} else if pt.Pager.Keep && ps.Token != "" {
				cur.Keep = ps.Token
			}
			return false, nil
		}
		if next == "" {
			return false, errors.New("the server says that there is more but gives no page token; correct the connector's pager")
		}
		if next == ps.Token {
			return false, errLoop
		}
		if err := ps.Loop.add(next); err != nil {
			return false, err
		}
		ps.Token = next
	default: // offset, page
		if n == 0 || same != ps.Same {
			ps.Same, ps.Again = same, 0
		} else if ps.Again++; ps.Again >= patience && !(pt.Pager.Window && ahead) {
			return false, errSame
		}
		ps.Offset += n
		ps.Page++
		if !told && total > 0 && ps.Again == 0 { // counting the same rows twice reaches the total too soon
			more = more && ps.Offset < total
		}
		if !more || n == 0 && !told {
			return false, nil
		}
		if n == 0 {
			return false, errors.New("the server says that there is more but gives no rows; correct the connector's pager")
		}
	}
	full := pt.Pager.Cap > 0 && ps.Rows+s.limit(pt, ps) > pt.Pager.Cap
	if full || pt.Pager.Window && ahead {
		if !ahead {
			return false, fmt.Errorf("more than %d rows have the same time of change (%s), which is more than the server gives for one query", pt.Pager.Cap,
				ps.Max.Format(time.RFC3339))
		}
		ps.restart(pt.Pager.Start)
		ps.From = ps.Max
	}
	return true, nil
}

// nextToken returns what the following request needs: a token, or for links a path with query on the same host.
func (s *Source) nextToken(ctx context.Context, pt *part, a answer, asked *url.URL) (string, error) {
	var next string
	if pt.next != nil {
		v, err := pt.next.one(ctx, a.body, s.vars)
		if err != nil {
			return "", fmt.Errorf("pager.next: %w", err)
		}
		if next = nativeID(v); next == "false" {
			next = ""
		}
	} else {
		next = linkHeader(a.header)
	}
	if pt.Pager.Kind == "token" || next == "" {
		return next, nil
	}
	u, err := asked.Parse(next)
	if err != nil {
		return "", errors.New("the next link is not readable")
	}
	if err := s.sameHost(u); err != nil {
		return "", err
	}
	return u.RequestURI(), nil
}

// linkHeader returns the target of rel="next" (RFC 8288).
func linkHeader(h http.Header) string {
	for _, v := range h.Values("Link") {
		for _, l := range strings.Split(v, ",") {
			target, params, ok := strings.Cut(l, ";")
			target = strings.TrimSpace(target)
			if ok && strings.HasPrefix(target, "<") && strings.HasSuffix(target, ">") &&
				(strings.Contains(params, `rel="next"`) || strings.Contains(params, "rel=next")) {
				return target[1 : len(target)-1]
			}
		}
	}
	return ""
}
