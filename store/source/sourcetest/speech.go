package sourcetest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Speech is how a vendor's server talks. The kit keeps what is common to all: the rows, the clock, the tokens, and what goes wrong from which request on.
type Speech struct {
	// SignsIn reports whether a request asks for a token or a session: such are served whatever goes wrong.
	SignsIn func(r *http.Request) bool
	// Answer reads a request.
	Answer func(d *Desk, r *http.Request, body []byte) Reply
	// Faults are the vendor's words for what goes wrong; what is not there is said as the kit says it.
	Faults map[Kind]Reply
}

// Reply is an answer, of status 200 where it says none. A body that is a string goes out as it is.
type Reply struct {
	Status int
	Header http.Header
	Body   any
}

// With returns the reply with another member in its body, which must be a [Row].
func (v Reply) With(name string, value any) Reply {
	body, _ := v.Body.(Row)
	body = maps.Clone(body)
	body[name] = value
	v.Body = body
	return v
}

// Desk is the server while it answers a request.
type Desk struct {
	s *Server
	// Again: the page that follows is to be this one, since the fault is Repeat.
	Again bool
}

// Speak makes the server talk as a vendor's does, from now on.
func (s *Server) Speak(v Speech) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speech = &v
}

// Grant gives out a token, which has the server's secret in it.
func (d *Desk) Grant() string {
	s := d.s
	s.tokens++
	if s.issue != nil {
		s.left = s.issue.Requests
	}
	return s.bearer()
}

// Knows reports whether token is the last that was given out and not dead. See [Server.Issue].
func (d *Desk) Knows(token string) bool {
	s := d.s
	if s.tokens == 0 || token != s.bearer() || s.issue != nil && s.issue.Requests > 0 && s.left == 0 {
		return false
	}
	s.left--
	return true
}

// Secret is what signs in.
func (d *Desk) Secret() string { return d.s.Token }

// Rows returns copies of a stream's rows in the order of their last change, shaped as they go out.
func (d *Desk) Rows(stream string) []Row {
	all := make([]Row, 0, len(d.s.rows[stream]))
	for _, r := range d.s.rows[stream] {
		r = maps.Clone(r)
		if d.s.shape != nil {
			r = d.s.shape(r)
		}
		all = append(all, r)
	}
	return slices.Clip(all)
}

// Gone returns copies of the rows of a stream that were deleted and have not come back, as they were, with the time at which they went as updated_at.
func (d *Desk) Gone(stream string) (all []Row) {
	for _, t := range d.s.gone[stream] {
		if !d.s.has(stream, t.ref["id"]) {
			all = append(all, maps.Clone(t.row))
		}
	}
	return all
}

// Seq is the place of the last change among all, of which each row has its own as seq.
func (d *Desk) Seq() int { return d.s.seq }

// Changed is when a row was last changed.
func Changed(r Row) time.Time {
	text, _ := r["updated_at"].(string)
	t, _ := time.Parse(time.RFC3339, text) // the server's own; the zero time of a row that never was in it
	return t
}

// read takes the body and puts it back, for whoever parses a form.
func read(r *http.Request) []byte {
	b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // a test's own request
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b
}
