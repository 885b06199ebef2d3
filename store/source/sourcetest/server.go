package sourcetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Row is one record of the fake CRM, as it goes out in JSON. id and updated_at are the server's.
type Row = map[string]any

// Server is a small stateful CRM over HTTP for tests: rows per stream, kept in the order of their last change, listed in dialects that share the data:
//
//	GET /keep/{stream}?cursor=&limit=            opaque cursor, more flag; the last cursor begins the next pass; tombstones; 410 when unknown
//	GET /token/{stream}?after=&since=&until=&limit=   next token
//	GET /seek/{stream}?after=&since=&until=&limit=    next token, which names the last row by (updated_at, id): rows that move push no other out of sight
//	GET /offset/{stream}?offset=&since=&until=&limit= total
//	GET /page/{stream}?page=&since=&until=&limit=     page number from 1
//	GET /link/{stream}?after=&since=&until=&limit=    a Link header
//	GET /key/{stream}?after=&since=&until=&limit=     rows behind an id, in the order of ids
//	GET /ids/{stream}?after=&limit=                   the ids of all rows that exist, archived ones too
//	POST /oauth/token                                 a bearer token for the secret, see Issue
//
// A vendor's dialect is given by Speak. All but keep and ids take archived=true or false; without it both kinds come.
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
	speech   *Speech
	requests []string
	hang     chan struct{}
	unsorted bool
	shape    func(Row) Row
	issue    *Issue
	tokens   int // issued
	left     int // requests that the newest token is still good for
}

// Issue has the server give out bearer tokens at /oauth/token, as client credentials for its Token, instead of taking Token itself.
type Issue struct {
	ExpiresIn int // what it says, in seconds; 0: nothing
	Requests  int // what is true: a token dies after so many; 0: never
}

type tombstone struct {
	seq int
	ref Row
	row Row // as it was, with the time at which it went
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

// Later moves its clock a day on.
func (s *Server) Later() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(24 * time.Hour)
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
	last := Row{"id": id}
	if i := slices.IndexFunc(s.rows[stream], func(r Row) bool { return fmt.Sprint(r["id"]) == id }); i >= 0 {
		last = maps.Clone(s.rows[stream][i])
	}
	s.remove(stream, id)
	s.clock = s.clock.Add(time.Second)
	last["seq"], last["updated_at"] = s.next(), s.clock.Format(time.RFC3339)
	s.gone[stream] = append(s.gone[stream], tombstone{s.seq, Row{"entity": entity, "id": id}, last})
}

// Begin opens a transaction: rows get their time of change now but are seen only when commit is called, after rows with a later time.
func (s *Server) Begin(stream string, rows ...Row) (commit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	at := s.clock.Format(time.RFC3339)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range rows {
			s.remove(stream, r["id"])
			r["seq"], r["updated_at"] = s.next(), at
			s.rows[stream] = append(s.rows[stream], r)
		}
	}
}

// Unsort makes all dialects but keep, seek and key list rows in an order that has nothing to do with their change, though always the same.
func (s *Server) Unsort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsorted = true
}

// Drift changes what rows look like from now on; nil: as they were put. fn gets a copy of its own.
func (s *Server) Drift(fn func(Row) Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shape = fn
}

// Issue makes the server give out tokens.
func (s *Server) Issue(i Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issue = &i
}

// Tokens is how many were given out.
func (s *Server) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
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
	asked := read(r)
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.RequestURI)
	s.asked++
	fault := s.fault.Kind
	signsIn := strings.HasPrefix(r.URL.Path, "/oauth/")
	if s.speech != nil {
		signsIn = s.speech.SignsIn != nil && s.speech.SignsIn(r)
	}
	if s.asked < s.fault.Page || signsIn { // whoever signs in is served
		fault = NoFault
	}
	wait := s.fault.RetryAfter
	var body any
	var status int
	var header http.Header
	if s.speech == nil {
		body, status, header = s.answer(r, fault)
	} else {
		reply, own := s.speech.Faults[fault]
		if !own {
			reply = s.speech.Answer(&Desk{s, fault == Repeat}, r, asked)
		} else {
			fault = NoFault // it has been said
		}
		body, status, header = reply.Body, max(reply.Status, http.StatusOK), reply.Header
	}
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
	case Limit200:
		status, body = http.StatusOK, Row{"code": 429, "message": "slow down " + s.Token}
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
	case Drip:
		DripTo(w, r, s.hang)
		return
	}
	w.WriteHeader(status)
	if text, ok := body.(string); ok { // as it is
		_, _ = io.WriteString(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

// DripTo writes an answer that is right as far as it goes and never ends, a byte every few milliseconds, until the request or the server does.
func DripTo(w http.ResponseWriter, r *http.Request, end <-chan struct{}) {
	w.Header().Set("Content-Type", "application/json")
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for b := []byte("{"); ; b[0] = ' ' {
		if _, err := w.Write(b); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-end:
			return
		case <-tick.C:
		}
	}
}
