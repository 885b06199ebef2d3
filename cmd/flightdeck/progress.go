package main

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"flightdeck/store"
	"flightdeck/tui/layout"
)

// progress tells on standard error how far a reading is, for whoever waits for it: on a terminal in one line that changes, else in a line every ten seconds.
// Standard output stays the scripts'. A nil progress tells nothing.
type progress struct {
	out   io.Writer
	width func() int // columns; nil: not a terminal
	now   func() time.Time

	mu    sync.Mutex
	last  time.Time
	going []store.SourceStatus // the stream that each source is reading, in the order in which they began
	shown bool
}

func (in *invocation) progress() *progress {
	p := &progress{out: in.stderr, now: time.Now, last: time.Now()}
	if f, ok := in.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !slices.Contains(in.environ, "TERM=dumb") {
		p.width = func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
			return 80
		}
	}
	return p
}

// page is told of every page and wait.
func (p *progress) page(s store.SourceStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.going, func(o store.SourceStatus) bool { return o.Source == s.Source })
	switch under := s.State == store.SyncRunning || s.State == store.SyncWaiting; {
	case i < 0 && !under:
		return
	case i < 0:
		p.going = append(p.going, s)
	case !under:
		p.going = slices.Delete(p.going, i, i+1)
	default:
		p.going[i] = s
	}
	now := p.now()
	every := 10 * time.Second
	if p.width != nil {
		every = 100 * time.Millisecond
	}
	if now.Sub(p.last) < every || len(p.going) == 0 {
		return
	}
	p.last = now
	if p.width == nil {
		for _, s := range p.going {
			say(p.out, "progress %s\n", told(s, now))
		}
		return
	}
	var parts []string
	for _, s := range p.going {
		parts = append(parts, told(s, now))
	}
	say(p.out, "\r%s\x1b[K", layout.Cut(strings.Join(parts, "  "), p.width()-1))
	p.shown = true
}

// told is one stream's progress in words.
func told(s store.SourceStatus, now time.Time) string {
	text := string(s.Source) + "/" + string(s.Stream) + " " + strconv.Itoa(s.Done)
	if s.Total > 0 {
		text += "/" + strconv.Itoa(s.Total) + " " + strconv.Itoa(s.Permille/10) + "%"
	} else {
		text += " of an unknown number"
	}
	if left, ok := s.Left(now); ok {
		text += " " + left.Round(time.Second).String() + " left"
	}
	if s.State == store.SyncWaiting && s.Retry.After(now) {
		text += " waiting " + s.Retry.Sub(now).Round(time.Second).String()
	}
	return text
}

// done takes a source out, and the line away before another is printed.
func (p *progress) done(id store.SourceID) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.going = slices.DeleteFunc(p.going, func(s store.SourceStatus) bool { return s.Source == id })
	p.clear()
}

func (p *progress) clear() {
	if p.shown {
		say(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// stop takes the line away.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
