package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"flightdeck/store/source/record"
)

// patience is how often a page may come again at the following place. A server that ignores its page parameter repeats one for ever; on one that does not, a row
// that somebody changes, or adds before, while we read moves to where we look next: often once where the page is a single row, hardly three times in a row.
const patience = 3

var errSame = errors.New("the server gives the same page again: it ignores the page parameter; correct the connector's pager")

// advance moves the pass behind the page that was read; false at the end of the query.
func (s *Source) advance(ctx context.Context, cur *cursor, st *stream, pt *part, a answer, rows []any, same uint64, total int) (bool, error) {
	ps := cur.Pass
	n := len(rows)
	more, told := n > 0, false
	if pt.more != nil && !a.empty {
		v, err := pt.more.one(ctx, a.body, s.vars)
		if err != nil {
			return false, fmt.Errorf("pager.more: %w", err)
		}
		more, told = truth(v), true
	}
	ps.Rows += n
	ahead := ps.Top.After(ps.From) // otherwise the whole page has one time of change, and only the pager leads on
	if !ps.Tie.IsZero() {
		if n == 0 {
			return false, nil
		}
		return true, s.behind(ctx, pt.tie, ps, rows[n-1], ps.From)
	}
	switch pt.Pager.Kind {
	case "none":
		return false, nil
	case "token", "link":
		next, err := s.nextToken(ctx, pt, a)
		if err != nil {
			return false, err
		}
		if !told {
			more = next != ""
		}
		if !more {
			return false, s.keep(ctx, cur, pt, a, next)
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
	case "key":
		if n == 0 || told && !more {
			return false, nil
		}
		from := ps.From
		if pt.Pager.Window && ahead { // (time, key) go on together
			from = ps.Top
		}
		if err := s.behind(ctx, pt.key, ps, rows[n-1], from); err != nil {
			if errors.Is(err, errLoop) && pt.Pager.Window && s.toCome(ctx, st, ps, rows[n-1]) {
				return false, nil // behind all others, and no time to go on from
			}
			return false, err
		}
		return true, nil
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
	full := pt.Pager.Cap > 0 && st.spec.Incremental.Sorted && ps.Rows+s.limit(pt, ps) > pt.Pager.Cap
	if full || pt.Pager.Window && ahead {
		if ahead {
			ps.restart(pt.Pager.Start)
			ps.From = ps.Top
			return true, nil
		}
		if pt.tie == nil {
			return false, fmt.Errorf("more than %d rows have the same time of change (%s), which is more than the server gives for one query; give the connector's pager a tie",
				pt.Pager.Cap, ps.Top.Format(time.RFC3339))
		}
		ps.restart(pt.Pager.Start)
		ps.Tie = ps.Top
	}
	return true, nil
}

// toCome reports whether a row says that it was changed at a time that nobody can mean.
func (s *Source) toCome(ctx context.Context, st *stream, ps *pass, row any) bool {
	v, err := st.changed.one(ctx, row, s.vars)
	if err != nil || nativeID(v) == "" {
		return false
	}
	t, _, err := record.ParseTime(nativeID(v), s.zone)
	return err != nil || t.After(ps.Start.Add(farAhead))
}

// behind makes the key of the last row that was read the next request's token, and from where its window begins. A row that somebody changes while we read comes again at
// a later time: only the same key at the same time is the request that was made before.
func (s *Source) behind(ctx context.Context, key *expr, ps *pass, last any, from time.Time) error {
	v, err := key.one(ctx, last, s.vars)
	if err != nil {
		return fmt.Errorf("pager.key: %w", err)
	}
	next := nativeID(v)
	if next == "" {
		return errors.New("pager.key: a row without a key; correct the connector's pager")
	}
	if next == ps.Token && from.Equal(ps.From) {
		return errLoop
	}
	if err := ps.Loop.add(next + "\x00" + from.UTC().Format(time.RFC3339Nano)); err != nil {
		return err
	}
	ps.Token, ps.From = next, from
	return nil
}

// keep notes what the next pass begins with.
func (s *Source) keep(ctx context.Context, cur *cursor, pt *part, a answer, next string) error {
	if pt.delta != nil {
		v, err := pt.delta.one(ctx, a.body, s.vars)
		if err != nil {
			return fmt.Errorf("pager.delta: %w", err)
		}
		if next = nativeID(v); next != "" && pt.Pager.Kind == "link" {
			if next, err = local(a, next); err != nil {
				return err
			}
		}
		if next == "" && cur.Keep == "" {
			return errors.New("pager.delta: the last page has nothing that the next pass could begin with; correct the connector's pager")
		}
	} else if !pt.Pager.Keep {
		return nil
	} else if next == "" {
		next = cur.Pass.Token
	}
	if next != "" {
		cur.Keep = next
	}
	return nil
}

// nextToken returns what the following request needs: a token, or for links a path with query on the same host.
func (s *Source) nextToken(ctx context.Context, pt *part, a answer) (string, error) {
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
	return local(a, next)
}

// local is a link as a path with query, if it stays on the host that was asked.
func local(a answer, link string) (string, error) {
	u, err := a.asked.Parse(link)
	if err != nil {
		return "", errors.New("the next link is not readable")
	}
	if !sameOrigin(u, a.asked) {
		return "", elsewhere(u)
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

// earliest is where the window of a first pass begins when it has to be split.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// split halves the window of a query that would give more rows than the server lets out, where the rows are not sorted by change; true: ask again.
func (st *stream) split(pt *part, ps *pass, total int) (bool, error) {
	if pt.Pager.Cap == 0 || st.spec.Incremental.Sorted || total <= pt.Pager.Cap || ps.Rows > 0 {
		return false, nil
	}
	lo, hi := ps.From, ps.Hi
	if lo.IsZero() {
		lo = earliest
	}
	if hi.IsZero() {
		hi = ps.Until
	}
	step := unit(st.spec.Incremental.Format)
	middle := lo.Add(hi.Sub(lo) / 2).Truncate(step)
	if !middle.After(lo.Truncate(step)) {
		return false, fmt.Errorf("more than %d rows have the same time of change (%s), which is more than the server gives for one query", pt.Pager.Cap,
			lo.Format(time.RFC3339))
	}
	ps.Hi = middle
	ps.restart(pt.Pager.Start)
	return true, nil
}

// unit is the smallest step that a format of times can express.
func unit(format string) time.Duration {
	switch {
	case format == "unix":
		return time.Second
	case format == "date":
		return 24 * time.Hour
	case format == "", format == "rfc3339", format == "unix_ms", strings.Contains(format, ".000"), strings.Contains(format, ".999"):
		return time.Millisecond
	case !strings.Contains(format, "05"):
		return 24 * time.Hour
	}
	return time.Second
}

// cut bounds the query by the longest window that the server accepts.
func (p *pass) cut(span time.Duration) {
	p.Hi = time.Time{}
	if hi := p.From.Add(span); span > 0 && hi.Before(p.Until) {
		p.Hi = hi
	}
}

// endQuery goes on where a part needs more than one query; false at the end of the part.
func (s *Source) endQuery(ctx context.Context, cur *cursor, st *stream, pt *part, a answer) (bool, error) {
	ps := cur.Pass
	switch in := st.spec.Incremental; {
	case !ps.Tie.IsZero(): // all of that one time are read
		ps.From, ps.Tie = ps.Tie.Add(unit(in.Format)), time.Time{}
		ps.restart(pt.Pager.Start)
		return true, nil
	case pt.Feed != nil:
		return s.feedOn(ctx, cur, st, pt, a)
	case !ps.Hi.IsZero():
		lo := ps.From
		if lo.IsZero() {
			lo = earliest
		}
		next := ps.Hi.Add(2 * ps.Hi.Sub(lo)) // what was narrow enough once may be twice as wide
		ps.From, ps.Hi = ps.Hi, time.Time{}
		if next.Before(ps.Until) {
			ps.Hi = next
		}
		ps.restart(pt.Pager.Start)
		return true, nil
	}
	if pt.Each != nil {
		ps.At++
		ps.Top = time.Time{}
		ps.restart(pt.Pager.Start)
		return ps.At < len(ps.IDs), nil
	}
	return false, nil
}

// feedOn notes up to where a feed is known, and goes on while windows are shorter than what is to be read.
func (s *Source) feedOn(ctx context.Context, cur *cursor, st *stream, pt *part, a answer) (bool, error) {
	ps := cur.Pass
	end := ps.Hi
	if end.IsZero() {
		end = ps.Until
	}
	if v, err := pt.mark.one(ctx, a.body, s.vars); err == nil && v != nil {
		if t, _, err := record.ParseTime(nativeID(v), s.zone); err == nil && t.Before(end) {
			end = t
		}
	}
	if end.After(ps.Start) {
		end = ps.Start
	}
	if end.After(cur.fed(ps.Part)) {
		cur.feed(ps.Part, end)
	}
	if ps.Hi.IsZero() || !end.After(ps.From) {
		return false, nil
	}
	ps.restart(pt.Pager.Start)
	ps.From = end
	ps.cut(pt.Feed.Span)
	return true, nil
}

// findIDs fills in what an each begins with.
func (s *Source) findIDs(ctx context.Context, pt *part, ps *pass) error {
	if pt.Each == nil || pt.start == nil || len(ps.IDs) > 0 {
		return nil
	}
	err := pt.start.each(ctx, s.vars, func(v any) {
		values, ok := v.([]any)
		if !ok {
			values = []any{v}
		}
		for _, v := range values {
			if id := nativeID(v); id != "" {
				ps.IDs = append(ps.IDs, id)
			}
		}
	}, s.vars)
	if err != nil {
		return fmt.Errorf("each.start: %w", err)
	}
	return nil
}

// collect keeps the ids of rows for an each.
func (s *Source) collect(ctx context.Context, pt *part, ps *pass, rows []any) error {
	if pt.collect == nil || pt.Each != nil && !pt.Each.Walk {
		return nil
	}
	known := make(map[string]bool, len(ps.IDs))
	for _, id := range ps.IDs {
		known[id] = true
	}
	most := 20_000
	if pt.Each != nil {
		most = pt.Each.Max
	}
	for _, row := range rows {
		v, err := pt.collect.one(ctx, row, s.vars)
		if err != nil {
			return fmt.Errorf("collect: %w", err)
		}
		id := nativeID(v)
		if id == "" || known[id] {
			continue
		}
		if len(ps.IDs) >= most {
			return fmt.Errorf("collect: more than %d ids; raise each.max if that is right", most)
		}
		known[id] = true
		ps.IDs = append(ps.IDs, id)
	}
	return nil
}
