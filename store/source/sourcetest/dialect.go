package sourcetest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// answer reads the request with s.mu held.
func (s *Server) answer(r *http.Request, fault Kind) (any, int, http.Header) {
	_, rest, _ := strings.Cut(r.URL.Path, "/")
	dialect, stream, _ := strings.Cut(rest, "/")
	if dialect == "oauth" {
		return s.token(r)
	}
	if !s.knows(r.Header.Get("Authorization")) {
		return Row{"message": "unknown token"}, http.StatusUnauthorized, nil
	}
	q := r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(max(limit, 1), 1000)
	switch dialect {
	case "keep":
		return s.keep(stream, q.Get("cursor"), limit, fault == Repeat)
	case "ids":
		return s.ids(stream, q.Get("after"), limit, fault == Repeat)
	case "offset", "page", "token", "link", "seek", "key":
		return s.list(dialect, stream, r.URL.Path, q, limit, fault == Repeat)
	}
	return Row{"message": "no such path"}, http.StatusNotFound, nil
}

// token gives a bearer token for the secret.
func (s *Server) token(r *http.Request) (any, int, http.Header) {
	if err := r.ParseForm(); err != nil || s.issue == nil || r.PostForm.Get("client_secret") != s.Token {
		return Row{"error": "invalid_client"}, http.StatusUnauthorized, nil
	}
	s.tokens++
	s.left = s.issue.Requests
	out := Row{"access_token": s.bearer(), "token_type": "bearer"}
	if s.issue.ExpiresIn > 0 {
		out["expires_in"] = s.issue.ExpiresIn
	}
	return out, http.StatusOK, nil
}

func (s *Server) bearer() string { return fmt.Sprintf("issued-%d-%s", s.tokens, s.Token) }

// knows reports whether a request is signed. A token that was given out dies without a word.
func (s *Server) knows(auth string) bool {
	if s.issue == nil {
		return auth == "Bearer "+s.Token
	}
	if s.tokens == 0 || auth != "Bearer "+s.bearer() || s.issue.Requests > 0 && s.left == 0 {
		return false
	}
	s.left--
	return true
}

// list answers the dialects that ask for a window of changes. again: what follows is said to be this very page.
func (s *Server) list(dialect, stream, path string, q url.Values, limit int, again bool) (any, int, http.Header) {
	rows := Window(s.rows[stream], q.Get("since"), q.Get("until"))
	if a := q.Get("archived"); a != "" {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return fmt.Sprint(r["archived"] == true) != a })
	}
	switch {
	case dialect == "key":
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(id(a), id(b)) })
	case s.unsorted && dialect != "seek":
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(shuffled(a), shuffled(b)) })
	case dialect == "seek":
		slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(place(a), place(b)) })
	default: // those of one instant as they came
		slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(fmt.Sprint(a["updated_at"]), fmt.Sprint(b["updated_at"])) })
	}
	total, from := len(rows), 0
	number := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
	switch dialect {
	case "offset":
		from = number("offset")
	case "page":
		from = (number("page") - 1) * limit
	case "token", "link":
		from = number("after")
	case "seek":
		from = behind(rows, func(r Row) bool { return place(r) > q.Get("after") })
	case "key":
		if q.Get("after") != "" {
			from = behind(rows, func(r Row) bool { return id(r) > number("after") })
		}
	}
	from = min(max(from, 0), total)
	to := min(from+limit, total)
	out := Row{"data": s.shaped(rows[from:to])}
	header := http.Header{}
	next := strconv.Itoa(to)
	if dialect == "seek" && to > 0 {
		next = place(rows[to-1])
	}
	if again {
		next = q.Get("after")
	}
	switch {
	case dialect == "offset":
		out["total"] = total
	case (dialect == "token" || dialect == "seek") && (to < total || again):
		out["next"] = next
	case dialect == "link" && (to < total || again):
		q.Set("after", next)
		header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next", </>; rel="first"`, path, q.Encode()))
	}
	return out, http.StatusOK, header
}

// behind finds the first row for which ok, which it is for all behind it.
func behind(rows []Row, ok func(Row) bool) int {
	if i := slices.IndexFunc(rows, ok); i >= 0 {
		return i
	}
	return len(rows)
}

// place orders rows by time of change, then id.
func place(r Row) string { return fmt.Sprintf("%s|%09d", r["updated_at"], id(r)) }

func id(r Row) int {
	n, _ := strconv.Atoi(fmt.Sprint(r["id"]))
	return n
}

func shuffled(r Row) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, r["id"]) // a hash takes everything
	return h.Sum64()
}

// shaped are rows as they go out: an empty list, never null.
func (s *Server) shaped(rows []Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		if s.shape != nil {
			r = s.shape(maps.Clone(r))
		}
		out = append(out, r)
	}
	return out
}

func (s *Server) keep(stream, cursor string, limit int, again bool) (any, int, http.Header) {
	after := 0
	if cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "after-"))
		if err != nil || !strings.HasPrefix(cursor, "after-") {
			return Row{"message": "unknown cursor"}, http.StatusGone, nil
		}
		after = n
	}
	data, gone, total, last := []Row{}, []Row{}, 0, after
	for _, r := range s.rows[stream] {
		if seq := r["seq"].(int); seq > after {
			if total++; len(data) < limit {
				data, last = append(data, r), seq
			}
		}
	}
	more := total > len(data)
	upTo := last
	for _, g := range s.gone[stream] {
		if g.seq > after && (!more || g.seq <= upTo) {
			last = max(last, g.seq)
			if cursor != "" && !s.has(stream, g.ref["id"]) { // one that came back is no deletion
				gone = append(gone, g.ref)
			}
		}
	}
	if again {
		more, last = true, after
	}
	return Row{"data": s.shaped(data), "deleted": gone, "next": fmt.Sprintf("after-%d", last), "more": more, "total": total}, http.StatusOK, nil
}

// ids names what exists.
func (s *Server) ids(stream, after string, limit int, again bool) (any, int, http.Header) {
	var all []int
	for _, r := range s.rows[stream] {
		all = append(all, id(r))
	}
	slices.Sort(all)
	if n, err := strconv.Atoi(after); err == nil && !again {
		all = slices.DeleteFunc(all, func(id int) bool { return id <= n })
	}
	data := []Row{}
	for _, id := range all[:min(limit, len(all))] {
		data = append(data, Row{"id": id})
	}
	out := Row{"data": data}
	if len(all) > limit {
		out["next"] = fmt.Sprint(all[limit-1])
	}
	return out, http.StatusOK, nil
}

// Window are the rows that changed from since to until, both RFC 3339 in UTC and meant inclusively; empty: without that bound. They stay in the order in which they were seen.
func Window(rows []Row, since, until string) []Row {
	var out []Row
	for _, r := range rows {
		at, _ := r["updated_at"].(string)
		if at >= strings.Replace(since, ".000", "", 1) && (until == "" || at <= until) { // RFC 3339 in UTC sorts as text
			out = append(out, r)
		}
	}
	return out
}
