package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/company"
)

// MaxLimit is how many rows a page has at most; DefaultLimit how many when the client does not say.
const (
	MaxLimit     = 5000
	DefaultLimit = 1000
)

// Server gives a company's records over HTTP. It is safe for concurrent use.
type Server struct {
	life  string   // in every cursor
	token [32]byte // a digest, so that comparing takes the same time whatever was sent
	mux   *http.ServeMux
	names []store.Stream
	now   func() time.Time

	mu      sync.Mutex
	found   func() (*company.Company, error) // nil once it was called
	company *company.Company
	tables  map[store.Stream]list
	err     error // why the company stopped living
}

// New takes the company over: nobody else may step it or take its records. token is what clients must send; an empty one lets nobody in.
func New(c *company.Company, token string) *Server {
	s := Later(func() (*company.Company, error) { return c, nil }, token)
	s.exist()
	return s
}

// Later is New of a company that is founded when it is first asked for: that takes a moment, which a person at a screen need not wait for. When found fails,
// every request is answered with the reason.
func Later(found func() (*company.Company, error), token string) *Server {
	s := &Server{life: rand.Text()[:12], token: sha256.Sum256([]byte(token)), found: found, now: time.Now, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /v1/{stream}", func(w http.ResponseWriter, r *http.Request) {
		if token == "" || !s.admitted(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(w, http.StatusUnauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN")
			return
		}
		s.list(w, r)
	})
	return s
}

// Streams lists what the server has, in the order in which a client should read it.
func (s *Server) Streams() []store.Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exist()
	return append([]store.Stream(nil), s.names...)
}

// exist founds the company unless that was done. s.mu is held, or nobody else has s.
func (s *Server) exist() {
	if s.found == nil {
		return
	}
	c, err := s.found()
	s.found = nil
	if err != nil {
		s.err = fmt.Errorf("before it began: %w", err)
		return
	}
	r := c.Take()
	if r == nil {
		r = &store.Records{}
	}
	s.company = c
	s.names, s.tables = streams(r)
}

// Count returns how many rows a stream has now; 0 for one that does not exist.
func (s *Server) Count(stream store.Stream) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exist()
	if t := s.tables[stream]; t != nil {
		return t.count()
	}
	return 0
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Start listens on a free port of 127.0.0.1 and serves until ctx ends. It returns at once with the server's address, such as http://127.0.0.1:40123.
func (s *Server) Start(ctx context.Context) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start the demo company's server: %w; it needs a free port on 127.0.0.1", err)
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	s.goes("serving", func() error {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	context.AfterFunc(ctx, func() { _ = h.Close() }) // pages are short; whoever reads one reads it again
	return "http://" + l.Addr().String(), nil
}

// Live lets the company go on, one step each time about every has passed, until ctx ends. It returns at once. With every 0 or less it does nothing and
// nothing ever wakes up. A panic in a step ends the company's life, not the process: from then on every request is answered with the reason.
func (s *Server) Live(ctx context.Context, every time.Duration) {
	if every <= 0 {
		return
	}
	s.goes("living", func() error {
		t := time.NewTimer(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
				s.Step()
				t.Reset(every/2 + mathrand.N(every+1))
			}
		}
	})
}

// goes runs fn in the background; what it returns, or panics with, is what later requests are told.
func (s *Server) goes(what string, fn func() error) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				s.stop(fmt.Errorf("%s: panic: %v\n%s", what, p, debug.Stack()))
			}
		}()
		if err := fn(); err != nil {
			s.stop(fmt.Errorf("%s: %w", what, err))
		}
	}()
}

func (s *Server) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// Err returns why the company stopped living or being served, with the stack where there is one; nil while all is well.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Step lets one thing happen now and returns what changed. The records are shared with the server: read them, don't write.
func (s *Server) Step() store.Delta {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exist(); s.company == nil {
		return store.Delta{}
	}
	d := s.company.Step(s.now())
	put(s.tables, &d)
	return d
}

func (s *Server) admitted(r *http.Request) bool {
	sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	digest := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(digest[:], s.token[:]) == 1 && ok
}

func fail(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // the client is gone; nothing to do about it
}

// cursor is a place in a stream's log, and where the pass that reads it began.
type cursor struct{ begin, at int }

func (s *Server) cursor(c cursor) string {
	return s.life + "-" + strconv.Itoa(c.begin) + "-" + strconv.Itoa(c.at)
}

// parse reads a cursor; false: it is not one of this life of the server and of a stream of this length.
func (s *Server) parse(text string, end int) (cursor, bool) {
	if text == "" {
		return cursor{}, true
	}
	rest, ok := strings.CutPrefix(text, s.life+"-")
	begin, at, found := strings.Cut(rest, "-")
	b, err1 := strconv.Atoi(begin)
	a, err2 := strconv.Atoi(at)
	return cursor{b, a}, ok && found && err1 == nil && err2 == nil && 0 <= b && b <= a && a <= end
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	limit := DefaultLimit
	if q := r.URL.Query().Get("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 {
			fail(w, http.StatusBadRequest, "limit: want a whole number from 1 to "+strconv.Itoa(MaxLimit))
			return
		}
		limit = min(n, MaxLimit)
	}
	status, why, write := s.page(store.Stream(r.PathValue("stream")), r.URL.Query().Get("cursor"), limit)
	if write == nil {
		fail(w, status, why)
		return
	}
	b, err := write()
	if err != nil {
		fail(w, http.StatusInternalServerError, "write the page: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // the client is gone; nothing to do about it
}

// page takes a page out under the lock; writing it needs none. Without a write, status and why say what is wrong.
func (s *Server) page(name store.Stream, at string, limit int) (status int, why string, write func() ([]byte, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exist()
	if s.err != nil {
		why, _, _ := strings.Cut(s.err.Error(), "\n") // without the stack
		return http.StatusInternalServerError, "the demo company stopped " + why, nil
	}
	t := s.tables[name]
	if t == nil {
		return http.StatusNotFound, "no such stream; want one of " + s.known(), nil
	}
	cur, ok := s.parse(at, t.end())
	if !ok {
		return http.StatusGone, "the cursor is not known here: the company began anew; read the stream from its beginning", nil
	}
	rows, next := t.page(cur.at, limit)
	a := &answer{More: next < t.end(), Total: t.end() - cur.begin}
	if a.Next = s.cursor(cursor{cur.begin, next}); !a.More {
		a.Next = s.cursor(cursor{next, next})
	}
	return 0, "", func() ([]byte, error) { return rows(a) }
}

func (s *Server) known() string {
	all := make([]string, len(s.names))
	for i, n := range s.names {
		all[i] = string(n)
	}
	return strings.Join(all, ", ")
}
