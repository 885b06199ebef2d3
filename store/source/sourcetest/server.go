package sourcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Row is one record of the fake CRM, as it goes out in JSON. id and updated_at are the server's.
type Row = map[string]any

// Server is a small stateful CRM over HTTP for tests: rows per stream, kept in the order of their last change, listed in four dialects that share
// the data:
//
//	GET /keep/{stream}?cursor=&limit=            opaque cursor, more flag; the last cursor begins the next pass; tombstones; 410 when unknown
//	GET /token/{stream}?after=&since=&until=&limit=   next token
//	GET /offset/{stream}?offset=&since=&until=&limit= total
//	GET /page/{stream}?page=&since=&until=&limit=     page number from 1
//	GET /link/{stream}?after=&since=&until=&limit=    a Link header
//
// Its clock is its own and moves a second with each change, so tests see no real time. A request without the bearer token is refused with 401.
type Server struct {
	*httptest.Server
	Token string

	mu       sync.Mutex
	rows     map[string][]Row // in order of change
	gone     map[string][]tombstone
	seq      int
	clock    time.Time
	tie      bool
	fault    Fault
	asked    int
	requests []string
	hang     chan struct{}
}

type tombstone struct {
	seq int
	ref Row
}

// NewServer starts a server; it stops when the test ends.
func NewServer(t testing.TB, token string) *Server {
	s := &Server{
		Token: token, rows: map[string][]Row{}, gone: map[string][]tombstone{}, clock: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), hang: make(chan struct{}),
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		close(s.hang)
		s.Server.CloseClientConnections()
		s.Server.Close()
	})
	return s
}

// Now is the server's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

// Requests returns method and URI of what was asked, in order.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Tie stops or restarts the clock, so that what is put meanwhile has one time of change.
func (s *Server) Tie(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tie = on
}

// Put adds rows or, by id, replaces them; each becomes the newest.
func (s *Server) Put(stream string, rows ...Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.remove(stream, r["id"])
		if !s.tie {
			s.clock = s.clock.Add(time.Second)
		}
		r["seq"] = s.next()
		if _, ok := r["updated_at"]; !ok || r["stamped"] == true {
			r["updated_at"], r["stamped"] = s.clock.Format(time.RFC3339), true
		}
		s.rows[stream] = append(s.rows[stream], r)
	}
}

// Delete removes a row and leaves a tombstone, of entity, which only the keep dialect shows.
func (s *Server) Delete(stream, entity, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(stream, id)
	s.clock = s.clock.Add(time.Second)
	s.gone[stream] = append(s.gone[stream], tombstone{s.next(), Row{"entity": entity, "id": id}})
}

func (s *Server) remove(stream string, id any) {
	s.rows[stream] = slices.DeleteFunc(s.rows[stream], func(r Row) bool { return fmt.Sprint(r["id"]) == fmt.Sprint(id) })
}

func (s *Server) has(stream string, id any) bool {
	return slices.ContainsFunc(s.rows[stream], func(r Row) bool { return fmt.Sprint(r["id"]) == fmt.Sprint(id) })
}

// next is the following number in the order of change; none is ever used again.
func (s *Server) next() int {
	s.seq++
	return s.seq
}

// Break arms a fault: the Page-th request from now is answered with it, and all after it until [Server.Heal].
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.asked = f, 0
}

// Heal ends the fault.
func (s *Server) Heal() { s.Break(Fault{}) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.RequestURI)
	s.asked++
	fault := s.fault.Kind
	if s.asked < s.fault.Page {
		fault = NoFault
	}
	wait := s.fault.RetryAfter
	body, status, header := s.answer(r)
	w.Header().Set("Date", s.clock.UTC().Format(http.TimeFormat))
	s.mu.Unlock()

	w.Header().Set("Content-Type", "application/json")
	for k, v := range header {
		w.Header()[k] = v
	}
	switch fault {
	case ServerError:
		http.Error(w, `{"message":"out of order `+s.Token+`"}`, http.StatusInternalServerError) // a server that repeats our secret
		return
	case Throttle:
		if wait != "" {
			w.Header().Set("Retry-After", wait)
		}
		status, body = http.StatusTooManyRequests, Row{"message": "slow down " + s.Token}
	case Unauthorized:
		status, body = http.StatusUnauthorized, Row{"message": "unknown token " + s.Token}
	case Forbidden:
		status, body = http.StatusForbidden, Row{"message": "not yours"}
	case Gone:
		status, body = http.StatusGone, Row{"message": "cursor expired"}
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><html><body>Please sign in</body></html>"))
		return
	case Cut:
		b, _ := json.Marshal(body)
		_, _ = w.Write(b[:len(b)*2/3])
		return
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.hang:
		}
		return
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// answer reads the request with s.mu held.
func (s *Server) answer(r *http.Request) (any, int, http.Header) {
	if r.Header.Get("Authorization") != "Bearer "+s.Token {
		return Row{"message": "unknown token"}, http.StatusUnauthorized, nil
	}
	_, rest, _ := strings.Cut(r.URL.Path, "/")
	dialect, stream, _ := strings.Cut(rest, "/")
	q := r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(max(limit, 1), 1000)
	rows := s.rows[stream]
	if dialect == "keep" {
		return s.keep(stream, q.Get("cursor"), limit)
	}
	rows = window(rows, q.Get("since"), q.Get("until"))
	total := len(rows)
	var from int
	switch dialect {
	case "offset":
		from, _ = strconv.Atoi(q.Get("offset"))
	case "page":
		n, _ := strconv.Atoi(q.Get("page"))
		from = (n - 1) * limit
	case "token", "link":
		from, _ = strconv.Atoi(q.Get("after"))
	default:
		return Row{"message": "no such path"}, http.StatusNotFound, nil
	}
	from = min(max(from, 0), total)
	to := min(from+limit, total)
	out := Row{"data": append([]Row{}, rows[from:to]...)} // an empty list, never null
	header := http.Header{}
	switch {
	case dialect == "offset":
		out["total"] = total
	case dialect == "token" && to < total:
		out["next"] = strconv.Itoa(to)
	case dialect == "link" && to < total:
		q.Set("after", strconv.Itoa(to))
		header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next", </>; rel="first"`, r.URL.Path, q.Encode()))
	}
	return out, http.StatusOK, header
}

func (s *Server) keep(stream, cursor string, limit int) (any, int, http.Header) {
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
	return Row{"data": data, "deleted": gone, "next": fmt.Sprintf("after-%d", last), "more": more, "total": total}, http.StatusOK, nil
}

func window(rows []Row, since, until string) []Row {
	var out []Row
	for _, r := range rows {
		at, _ := r["updated_at"].(string)
		if at >= strings.Replace(since, ".000", "", 1) && (until == "" || at <= until) { // RFC 3339 in UTC sorts as text
			out = append(out, r)
		}
	}
	return out
}
