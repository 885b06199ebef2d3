// Package paint brings frames to the terminal by writing only what changed.
//
// Bubble Tea's renderer repaints every row that holds a wide character on every frame: 6 to 35 KB a key press at 160×48 with Chinese rows. A
// [Painter] stands between the program and the terminal. Bubble Tea keeps what it does well (raw mode, alternate screen, keyboard modes, titles, restoring all of
// it at exit) and is given a blank content; the frames go to the painter, which compares rows and writes the spans that differ, whole styled runs on whole
// characters, inside a synchronised update.
//
// An idle program is not woken: Bubble Tea's renderer, which otherwise looks for changes at each tick of its rate, is made to wait for the next message ([Program]). What
// remains are the timers of the model and, every two minutes, the collector of Go's runtime.
//
// It needs no timing: it sees every byte of Bubble Tea's on the way to the terminal, paints nothing before the alternate screen is entered or after it is left,
// and paints anew whenever those bytes erased something. Frames are painted by a goroutine of its own, the newest one only, so that a slow SSH line holds up
// neither Update nor memory: the terminal's pace decides how many frames it sees.
package paint

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
)

// Painter owns what is shown on one terminal. Make one with New for each program.
type Painter struct {
	out io.Writer

	mu    sync.Mutex // held while writing: Bubble Tea's bytes and ours never mix
	alt   bool       // the alternate screen is on
	whole bool       // what is on the screen is not known
	shown frame
	err   error

	next    sync.Mutex // guards want
	want    frame
	wake    chan struct{}
	stop    chan struct{}
	stopped sync.Once
	ended   chan struct{}

	rest rest
	last tea.View // what the model showed; of the program's loop
}

type frame struct {
	lines []string
	x, y  int // cursor; x < 0: hidden
}

// New returns a painter that writes to out, which may be a terminal's file. Close it after the program.
func New(out io.Writer) *Painter {
	p := &Painter{out: out, whole: true, wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	p.want.x, p.shown.x = -1, -1
	p.rest.result, p.rest.over = make(chan bool, 1), make(chan struct{})
	go p.run()
	return p
}

// Output returns what to give to tea.WithOutput. It is a terminal's file when out is.
func (p *Painter) Output() io.Writer {
	if f, ok := p.out.(term.File); ok {
		return file{f, p}
	}
	return p
}

// file is the terminal with the painter in between.
type file struct {
	term.File
	p *Painter
}

func (f file) Write(b []byte) (int, error) { return f.p.Write(b) }

// erased matches what moves or removes what is on the screen.
var erased = regexp.MustCompile(`\x1b\[[0-9;]*[JKLMPX@ST]|\x1bc`)

// Write passes Bubble Tea's own bytes on, and paints after them what they took away. It may block until something happens: see rest.
func (p *Painter) Write(b []byte) (int, error) {
	left, nap := p.rest.cut(b)
	if len(left) > 0 {
		if n, err := p.pass(left); err != nil {
			return min(n, len(b)), err
		}
	}
	if nap {
		p.rest.take()
	}
	return len(b), nil
}

func (p *Painter) pass(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	on, off := bytes.LastIndex(b, []byte("\x1b[?1049h")), bytes.LastIndex(b, []byte("\x1b[?1049l"))
	if on > off {
		p.alt, p.whole = true, true
	} else if off > on {
		p.alt = false
	}
	if erased.Match(b) {
		p.whole = true
	}
	n, err := p.out.Write(b)
	if err == nil && p.alt && p.whole {
		err = p.paint()
	}
	return n, err
}

// Frame asks for a picture, one line per row, and the cursor's place (x < 0: none). It never blocks on the terminal; frames asked for
// while another is being written are skipped but the newest.
func (p *Painter) Frame(content string, x, y int) {
	p.next.Lock()
	p.want = frame{strings.Split(content, "\n"), x, y}
	p.next.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close ends the painter's goroutine. What is on the screen stays.
func (p *Painter) Close() {
	p.rest.end()
	p.stopped.Do(func() { close(p.stop) })
	<-p.ended
}

func (p *Painter) run() {
	defer close(p.ended)
	for {
		select {
		case <-p.stop:
			return
		case <-p.wake:
		}
		p.mu.Lock()
		if p.alt && p.err == nil {
			p.err = p.paint()
		}
		p.mu.Unlock()
	}
}

// paint brings the screen from shown to want. p.mu is held.
func (p *Painter) paint() error {
	p.next.Lock()
	want := p.want
	p.next.Unlock()
	if want.lines == nil {
		return nil
	}
	b := diff(p.shown, want, p.whole)
	if len(b) == 0 {
		return nil
	}
	p.shown, p.whole = want, false
	if _, err := p.out.Write(b); err != nil {
		return fmt.Errorf("paint: %w", err)
	}
	return nil
}

// rate is at how many ticks a second Bubble Tea looks for changes of its own (modes, titles) while anything happens. The first frame waits for the first tick, no later
// one does, and at rest there are none: the higher the better.
const rate = 120

// Program makes a program whose frames are painted on out, and which ends when ctx does. End it with done after Run; what opts say of context, output, filter and frame
// rate is replaced.
func Program(ctx context.Context, m tea.Model, out io.Writer, opts ...tea.ProgramOption) (prog *tea.Program, done func()) {
	p := New(out)
	return program(ctx, m, p, opts), p.Close
}

func program(ctx context.Context, m tea.Model, p *Painter, opts []tea.ProgramOption) *tea.Program {
	p.rest.on = true
	context.AfterFunc(ctx, p.rest.end)
	return tea.NewProgram(Wrap(m, p), append(opts[:len(opts):len(opts)],
		tea.WithContext(ctx), tea.WithOutput(p.Output()), tea.WithFilter(p.rest.filter), tea.WithFPS(rate))...)
}

// Wrap returns a model whose frames go to p instead of Bubble Tea's renderer. Give p.Output() to tea.WithOutput.
func Wrap(m tea.Model, p *Painter) tea.Model { return model{m, p, false} }

// Unwrap returns the model that Wrap was given, as it is now: what Program.Run returned is wrapped. Any other model is returned as it is.
func Unwrap(m tea.Model) tea.Model {
	if w, ok := m.(model); ok {
		return w.Model
	}
	return m
}

type model struct {
	tea.Model
	p    *Painter
	same bool // it shows what it last showed
}

// Update implements tea.Model.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	next := m.p.rest.after(msg)
	if !event(msg) && m.p.rest.on {
		return model{m.Model, m.p, true}, next
	}
	inner, cmd := m.Model.Update(msg)
	return model{inner, m.p, false}, tea.Batch(cmd, next)
}

// blank is what Bubble Tea draws: nothing, once. An empty content would make it clear the screen at every tick.
const blank = " "

// View implements tea.Model: the frame goes to the painter, Bubble Tea is left with the modes.
func (m model) View() tea.View {
	if m.same {
		return m.p.last
	}
	v := m.Model.View()
	x, y := -1, 0
	if v.Cursor != nil {
		x, y = v.Cursor.X, v.Cursor.Y
	}
	m.p.Frame(v.Content, x, y)
	v.Content, v.Cursor = blank, nil
	m.p.last = v
	return v
}
