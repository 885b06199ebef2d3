package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/tui"
	"flightdeck/tui/layout"
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
	opened  pressed // the first screen
	cancel  context.CancelFunc
}

// swallow is a terminal that only counts.
type swallow struct{ wrote chan int }

func (s *swallow) Write(b []byte) (int, error) {
	s.wrote <- len(b)
	return len(b), nil
}

func (r *run) newScreen(book func() *analytics.Book, learned *landing.Live, size layout.Size) (*screen, error) {
	l := r.o.Locale
	began := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	env := &pane.Env{Ctx: ctx, Book: book, Asked: &r.asked, Landing: learned, Theme: theme.New(colorprofile.ANSI256, true), Locale: l, Rest: pane.Rest, Now: time.Now}
	m, err := tui.New(env, r.o.Panes, tui.Options{Still: true, KeepTheme: true, Start: pane.Place{Kind: pane.Funnel}})
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
	s.model, _ = s.model.Update(tea.WindowSizeMsg{Width: size.W, Height: size.H})
	s.opened, err = s.follow(m.Init(), began)
	return s, err
}

func (s *screen) close() {
	s.cancel()
	s.painter.Close()
}

// patience is when a command counts as a timer, and a frame as lost.
const patience = time.Minute

// pressed is what followed from a message: how many bytes went to the terminal, and how long it took until the frame with the answer was written and
// until the last one was, for which nobody waits (see [pane.Awaited]).
type pressed struct {
	bytes       int
	answer, all time.Duration
}

// send delivers a message and all that follows from it, drawing after each. Commands run side by side, as under Bubble Tea.
func (s *screen) send(msg tea.Msg) (p pressed, err error) {
	start := time.Now()
	var cmd tea.Cmd
	s.model, cmd = s.model.Update(msg)
	return s.follow(cmd, start)
}

// repeat is how often a terminal sends a key that is held.
const repeat = 33 * time.Millisecond

// hold sends a key as a terminal does while it is held, n times, and returns what that came to for one of them.
func (s *screen) hold(msg tea.Msg, n int) (p pressed, err error) {
	start := time.Now()
	var cmd tea.Cmd
	s.model, cmd = s.model.Update(msg)
	p, err = s.follow(cmd, start, slices.Repeat([]tea.Msg{msg}, n-1)...)
	p.bytes /= n
	return p, err
}

// follow runs a command and what follows from it, until nothing does any more. held are sent meanwhile.
func (s *screen) follow(cmd tea.Cmd, start time.Time, held ...tea.Msg) (p pressed, err error) {
	again := time.NewTicker(repeat)
	defer again.Stop()
	msgs, running := make(chan tea.Msg), 0
	given := make(chan struct{})
	defer close(given)
	begin := func(inTurn ...tea.Cmd) {
		inTurn = slices.DeleteFunc(inTurn, func(c tea.Cmd) bool { return c == nil })
		running += len(inTurn)
		go func() { // as Bubble Tea does; the shell catches what it throws
			for _, c := range inTurn {
				msg := c()
				select {
				case msgs <- msg:
				case <-given:
					return
				}
			}
		}()
	}
	draw := func(awaited bool) error {
		n, err := s.frame()
		if n > 0 || p.all == 0 {
			p.bytes += n
			p.all = time.Since(start)
			if awaited {
				p.answer = p.all
			}
		}
		return err
	}
	begin(cmd)
	if err := draw(true); err != nil {
		return p, err
	}
	for running > 0 || len(held) > 0 {
		tick := again.C
		if len(held) == 0 {
			tick = nil
		}
		var msg tea.Msg
		select {
		case <-tick:
			var next tea.Cmd
			s.model, next = s.model.Update(held[0])
			held = held[1:]
			begin(next)
			if err := draw(true); err != nil {
				return p, err
			}
			continue
		case msg = <-msgs:
		case <-time.After(patience):
			return p, nil
		}
		running--
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() { // a batch or a sequence, which is not exported
			var all []tea.Cmd
			for i := range v.Len() {
				c, _ := v.Index(i).Interface().(tea.Cmd)
				all = append(all, c)
			}
			if _, batch := msg.(tea.BatchMsg); !batch {
				begin(all...)
				continue
			}
			for _, c := range all {
				begin(c)
			}
			continue
		}
		if msg == nil {
			continue
		}
		var next tea.Cmd
		s.model, next = s.model.Update(msg)
		begin(next)
		if err := draw(pane.Awaited(msg)); err != nil {
			return p, err
		}
	}
	return p, nil
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

// Key is how long a key takes until the bytes of the frame with its answer are written, and how many those of all its frames are.
type Key struct {
	Pane   string `json:"pane"`
	Size   string `json:"size"`
	Action string `json:"action"` // open, commit (open after one), move, held (ten moves; the time is until the last of them, the bytes are those of one), page, period, filter, palette
	Time   Spread `json:"time"`
	Last   Spread `json:"last"`  // until the frame after which nothing comes: with what is learned, drawn once a selection rests, or put in order beside
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
func (r *run) pressAll(ctx context.Context, o opened) ([]Key, error) {
	var out []Key
	for _, size := range screens {
		for _, kind := range pane.Kinds() {
			if r.o.Panes(kind) == nil || ctx.Err() != nil {
				continue
			}
			rows, err := r.pressPane(ctx, o, kind, size)
			if err != nil {
				return out, fmt.Errorf("%s at %d×%d: %w", kind, size.W, size.H, err)
			}
			out = append(out, rows...)
		}
		b := o.live.Book()
		row, err := r.typeInto(b, size, "palette", "-", keyMsg(":"))
		if err != nil {
			return out, err
		}
		row2, err := r.typeInto(b, size, "filter", pane.Deals.String(), pane.Open{Place: pane.Place{Kind: pane.Deals}}, keyMsg("/"))
		if err != nil {
			return out, err
		}
		out = append(out, row, row2)
	}
	return out, nil
}

func (r *run) pressPane(ctx context.Context, o opened, kind pane.Kind, size layout.Size) ([]Key, error) {
	s, err := r.newScreen(o.live.Book, r.landing, size)
	if err != nil {
		return nil, err
	}
	defer s.close()
	draw := newSampler(r.o.Seed, 100+int(kind), o.live.Book())
	var out []Key
	home := pane.Place{Kind: pane.Sources} // where one comes from: cheap to draw
	open := r.newRow(kind.String(), size, "open")
	for i := 0; open.more(ctx, i, 10); i++ {
		if _, err := s.send(pane.Open{Place: home}); err != nil {
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
	again, rng := r.newRow(kind.String(), size, "commit"), rand.New(rand.NewPCG(r.o.Seed, uint64(kind))) //nolint:gosec // not for secrets
	for i := 0; !kind.One() && again.more(ctx, i, 5); i++ {
		if _, err := s.send(pane.Open{Place: home}); err != nil {
			return nil, err
		}
		if _, err := o.db.Apply(ctx, change(rng, o.live.Book(), i, time.Now().UTC())); err != nil {
			return nil, err
		}
		if err := o.live.Refresh(ctx); err != nil {
			return nil, err
		}
		if err := again.time(s, pane.Open{Place: pane.Place{Kind: kind}}); err != nil {
			return nil, err
		}
	}
	if !kind.One() {
		out = append(out, again.done())
		if _, err := s.send(pane.Open{Place: pane.Place{Kind: kind}}); err != nil {
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
	held := r.newRow(kind.String(), size, "held")
	for i := 0; held.more(ctx, i, 4); i++ {
		p, err := s.hold(keyMsg("jk"[i%2:i%2+1]), 10)
		if err != nil {
			return nil, err
		}
		held.add(p)
	}
	return append(out, held.done()), nil
}

// typeInto measures typing a name, letter by letter, into what the messages before open.
func (r *run) typeInto(b *analytics.Book, size layout.Size, name, at string, before ...tea.Msg) (Key, error) {
	s, err := r.newScreen(func() *analytics.Book { return b }, r.landing, size)
	if err != nil {
		return Key{}, err
	}
	defer s.close()
	for _, msg := range before {
		if _, err := s.send(msg); err != nil {
			return Key{}, err
		}
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
	lasts []time.Duration
	bytes []int
}

func (r *run) newRow(at string, size layout.Size, name string) *row {
	return &row{key: Key{Pane: at, Size: fmt.Sprintf("%dx%d", size.W, size.H), Action: name}, end: time.Now().Add(r.o.Budget)}
}

func (r *row) more(ctx context.Context, i, n int) bool {
	return ctx.Err() == nil && i < n && (i < 3 || time.Now().Before(r.end))
}

func (r *row) time(s *screen, msg tea.Msg) error {
	p, err := s.send(msg)
	r.add(p)
	return err
}

func (r *row) add(p pressed) {
	r.times, r.lasts = append(r.times, p.answer), append(r.lasts, p.all)
	if p.bytes > 0 {
		r.bytes = append(r.bytes, p.bytes)
	}
}

func (r *row) done() Key {
	r.key.Time, r.key.Last, r.key.Bytes = spread(r.times), spread(r.lasts), sizes(r.bytes)
	return r.key
}
