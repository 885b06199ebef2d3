package load

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/analytics"
	"flightdeck/tui"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/paint"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// screen is one session's shell with a painter before a terminal that swallows everything: a message in, and all that follows from it until the
// bytes of the frame are written. Bubble Tea's own loop is not in between; the sessions of [SSH] have it.
type screen struct {
	model   tea.Model
	painter *paint.Painter
	term    *swallow
	shown   string
	cancel  context.CancelFunc
}

// swallow is a terminal that only counts.
type swallow struct{ wrote chan int }

func (s *swallow) Write(b []byte) (int, error) {
	s.wrote <- len(b)
	return len(b), nil
}

func newScreen(book func() *analytics.Book, panes pane.Registry, size layout.Size, l *locale.Locale) (*screen, error) {
	ctx, cancel := context.WithCancel(context.Background())
	env := &pane.Env{Ctx: ctx, Book: book, Theme: theme.New(colorprofile.ANSI256, true), Locale: l, Now: time.Now}
	m, err := tui.New(env, panes, tui.Options{Still: true, KeepTheme: true, Start: pane.Place{Kind: pane.Funnel}})
	if err != nil {
		cancel()
		return nil, err
	}
	s := &screen{model: m, term: &swallow{make(chan int, 8)}, cancel: cancel}
	s.painter = paint.New(s.term)
	if _, err := s.painter.Write([]byte("\x1b[?1049h")); err != nil { // what Bubble Tea writes first
		return nil, err
	}
	<-s.term.wrote
	s.send(tea.WindowSizeMsg{Width: size.W, Height: size.H})
	s.run(m.Init())
	return s, nil
}

func (s *screen) close() {
	s.cancel()
	s.painter.Close()
}

// patience is when a command counts as a timer, and a frame as lost.
const patience = time.Minute

// send delivers a message and all that follows from it.
func (s *screen) send(msg tea.Msg) {
	var cmd tea.Cmd
	s.model, cmd = s.model.Update(msg)
	s.run(cmd)
}

func (s *screen) run(cmd tea.Cmd) {
	for queue := []tea.Cmd{cmd}; len(queue) > 0; {
		cmd, queue = queue[0], queue[1:]
		if cmd == nil {
			continue
		}
		done := make(chan tea.Msg, 1)
		go func() { done <- cmd() }() // as Bubble Tea does; the shell catches what it throws
		var msg tea.Msg
		select {
		case msg = <-done:
		case <-time.After(patience):
			continue
		}
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() { // a batch or a sequence
			for i := range v.Len() {
				c, _ := v.Index(i).Interface().(tea.Cmd)
				queue = append(queue, c)
			}
			continue
		}
		if msg != nil {
			var next tea.Cmd
			s.model, next = s.model.Update(msg)
			queue = append(queue, next)
		}
	}
}

// frame draws, and returns how many bytes went to the terminal once they are written: none when nothing differs.
func (s *screen) frame() (int, error) {
	v := s.model.View()
	if v.Content == s.shown {
		return 0, nil
	}
	s.shown = v.Content
	x, y := -1, 0
	if v.Cursor != nil {
		x, y = v.Cursor.X, v.Cursor.Y
	}
	s.painter.Frame(v.Content, x, y)
	select {
	case n := <-s.term.wrote:
		return n, nil
	case <-time.After(patience):
		return 0, errors.New("a frame that differs was not painted")
	}
}

// Key is how long a key takes until the bytes of its frame are written, and how many those are.
type Key struct {
	Pane   string `json:"pane"`
	Size   string `json:"size"`
	Action string `json:"action"` // open, move, page, period, filter, palette
	Time   Spread `json:"time"`
	Bytes  Sizes  `json:"bytes"` // of the frames that differed
}

// The sizes at which keys are pressed.
var screens = []layout.Size{{W: 80, H: 24}, {W: 160, H: 48}}

// action is a kind of key press, repeated n times.
type action struct {
	name string
	n    int
	keys func(i int) string
}

var actions = []action{
	{"move", 40, func(i int) string {
		if i%10 < 7 {
			return "j"
		}
		return "k"
	}},
	{"page", 12, func(i int) string {
		if i%3 < 2 {
			return "pgdown"
		}
		return "pgup"
	}},
	{"period", 18, func(i int) string { return string("123456789"[i%9]) }},
}

// pressAll presses keys on every pane there is. Each row ends after the budget, but not before three presses.
func (r *run) pressAll(ctx context.Context, b *analytics.Book) ([]Key, error) {
	var out []Key
	for _, size := range screens {
		for _, kind := range pane.Kinds() {
			if r.o.Panes(kind) == nil || ctx.Err() != nil {
				continue
			}
			rows, err := r.pressPane(ctx, b, kind, size)
			if err != nil {
				return out, fmt.Errorf("%s at %d×%d: %w", kind, size.W, size.H, err)
			}
			out = append(out, rows...)
		}
		row, err := r.typeInto(b, size, "palette", "-", func(s *screen) { press(s, ":") })
		if err != nil {
			return out, err
		}
		row2, err := r.typeInto(b, size, "filter", pane.Deals.String(), func(s *screen) {
			s.send(pane.Open{Place: pane.Place{Kind: pane.Deals}})
			press(s, "/")
		})
		if err != nil {
			return out, err
		}
		out = append(out, row, row2)
	}
	return out, nil
}

func (r *run) pressPane(ctx context.Context, b *analytics.Book, kind pane.Kind, size layout.Size) ([]Key, error) {
	s, err := newScreen(func() *analytics.Book { return b }, r.o.Panes, size, r.o.Locale)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if _, err := s.frame(); err != nil {
		return nil, err
	}
	draw := newSampler(r.o.Seed, 100+int(kind), b)
	var out []Key
	home := pane.Place{Kind: pane.Sources} // where one comes from: cheap to draw
	open := r.newRow(kind.String(), size, "open")
	for i := 0; open.more(ctx, i, 10); i++ {
		s.send(pane.Open{Place: home})
		if _, err := s.frame(); err != nil {
			return nil, err
		}
		p := pane.Place{Kind: kind, Scope: draw.scope()}
		switch kind {
		case pane.Deal:
			p.Scope, p.ID = analytics.Scope{}, string(draw.deal())
		case pane.Account:
			p.Scope, p.ID = analytics.Scope{}, string(draw.account())
		case pane.Person:
			p.Scope, p.ID = analytics.Scope{}, string(draw.person())
		}
		if i == 0 { // of the whole company last: there the other keys are pressed
			p.Scope = analytics.Scope{}
		}
		if err := open.time(s, pane.Open{Place: p}); err != nil {
			return nil, err
		}
	}
	out = append(out, open.done())
	if !kind.One() {
		s.send(pane.Open{Place: pane.Place{Kind: kind}})
		if _, err := s.frame(); err != nil {
			return nil, err
		}
	}
	for _, a := range actions {
		row := r.newRow(kind.String(), size, a.name)
		for i := 0; row.more(ctx, i, a.n); i++ {
			if err := row.time(s, keyMsg(a.keys(i))); err != nil {
				return nil, err
			}
		}
		out = append(out, row.done())
	}
	return out, nil
}

// typeInto measures typing a name, letter by letter, into what before opens.
func (r *run) typeInto(b *analytics.Book, size layout.Size, name, at string, before func(*screen)) (Key, error) {
	s, err := newScreen(func() *analytics.Book { return b }, r.o.Panes, size, r.o.Locale)
	if err != nil {
		return Key{}, err
	}
	defer s.close()
	before(s)
	if _, err := s.frame(); err != nil {
		return Key{}, err
	}
	row := r.newRow(at, size, name)
	word := "控制"
	if c := newSampler(r.o.Seed, 99, b).account(); c != "" {
		if name := []rune(b.AccountName(c)); len(name) > 0 {
			word = string(name[:min(4, len(name))])
		}
	}
	for i, letter := range []rune(word) {
		if !row.more(context.Background(), i, 10) {
			break
		}
		if err := row.time(s, keyMsg(string(letter))); err != nil {
			return Key{}, err
		}
	}
	return row.done(), nil
}

func press(s *screen, name string) { s.send(keyMsg(name)) }

// keyMsg is the message of a key press.
func keyMsg(name string) tea.KeyPressMsg {
	switch name {
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "pgup":
		return tea.KeyPressMsg{Code: tea.KeyPgUp}
	}
	c := []rune(name)[0]
	return tea.KeyPressMsg{Code: c, Text: name}
}

// row gathers one Key.
type row struct {
	key   Key
	end   time.Time
	times []time.Duration
	bytes []int
}

func (r *run) newRow(at string, size layout.Size, name string) *row {
	return &row{key: Key{Pane: at, Size: fmt.Sprintf("%dx%d", size.W, size.H), Action: name}, end: time.Now().Add(r.o.Budget)}
}

func (r *row) more(ctx context.Context, i, n int) bool {
	return ctx.Err() == nil && i < n && (i < 3 || time.Now().Before(r.end))
}

func (r *row) time(s *screen, msg tea.Msg) error {
	t := time.Now()
	s.send(msg)
	n, err := s.frame()
	r.times = append(r.times, time.Since(t))
	if n > 0 {
		r.bytes = append(r.bytes, n)
	}
	return err
}

func (r *row) done() Key {
	r.key.Time, r.key.Bytes = spread(r.times), sizes(r.bytes)
	return r.key
}
