package paint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/vt"
)

// session is a program on an emulated terminal.
type session struct {
	*terminal
	p     *Painter
	prog  *tea.Program
	keys  io.Writer
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T) *session {
	t.Helper()
	s := &session{terminal: &terminal{e: vt.NewEmulator(40, 12)}, ended: make(chan error, 1)}
	go func() { // the emulator answers queries; somebody must read them
		_, _ = io.Copy(io.Discard, s.e)
	}()
	var ctx context.Context
	var in io.Reader
	in, s.keys = io.Pipe()
	ctx, s.stop = context.WithCancel(t.Context())
	s.p = New(s.terminal)
	s.prog = program(ctx, list{}, s.p, []tea.ProgramOption{tea.WithInput(in), tea.WithWindowSize(40, 12), tea.WithoutSignals(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"})})
	go func() { _, err := s.prog.Run(); s.ended <- err }()
	return s
}

func (s *session) press(t *testing.T, key string) {
	t.Helper()
	if _, err := io.WriteString(s.keys, key); err != nil {
		t.Fatal(err)
	}
}

// sleeps waits until the renderer sleeps.
func (s *session) sleeps(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		s.p.rest.mu.Lock()
		asleep := s.p.rest.parked != nil
		s.p.rest.mu.Unlock()
		if asleep {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the renderer never slept")
		}
	}
}

// end waits until the program ended.
func (s *session) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		s.p.Close()
		if text := s.e.String(); strings.Contains(text, "客户") {
			t.Errorf("the main screen was not given back:\n%s", text)
		}
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the program does not end")
		return nil
	}
}

func TestRest_SleepsAndIsWokenByEveryMessage(t *testing.T) {
	s := start(t)
	s.wait(t, "> 客户0有限公司 w40")
	for i := 1; i < 4; i++ {
		s.sleeps(t)
		s.press(t, "j")
		s.wait(t, fmt.Sprintf("> 客户%d有限公司 w40", i))
	}
	s.sleeps(t)
	s.prog.Send(tea.WindowSizeMsg{Width: 38, Height: 11}) // needs the renderer's lock before the model sees it
	s.wait(t, "> 客户3有限公司 w38")
	s.sleeps(t)
	s.prog.Send(tea.ClearScreen())
	s.sleeps(t)
	s.wait(t, "  客户9有限公司 w38")
	s.prog.Send(nil) // what a command without an answer sends: nothing happened, so nobody needs to wake
	s.press(t, "q")
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

func TestRest_TheEndOfTheContextEndsASleepingProgram(t *testing.T) {
	s := start(t)
	s.wait(t, "> 客户0有限公司 w40")
	s.sleeps(t)
	s.stop()
	if err := s.end(t); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// What changed last is shown before the renderer sleeps: it is what the terminal must say while nobody touches anything.
func TestRest_TitleOfTheLastMessageIsShown(t *testing.T) {
	s := start(t)
	title := ""
	s.e.SetCallbacks(vt.Callbacks{Title: func(text string) { title = text }})
	s.wait(t, "> 客户0有限公司 w40")
	for i := 1; i < 6; i++ {
		s.press(t, "j")
		s.wait(t, fmt.Sprintf("> 客户%d有限公司 w40", i))
		s.sleeps(t)
		s.mu.Lock()
		if want := fmt.Sprint("row ", i); title != want {
			t.Errorf("asleep under the title %q, want %q", title, want)
		}
		s.mu.Unlock()
	}
	s.press(t, "q")
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

// Nobody but the painter sees a nap.
func TestRest_NapsStayInside(t *testing.T) {
	var log strings.Builder
	p := New(&log)
	p.rest.end() // so that nothing sleeps
	for _, b := range []string{string(nap), "a" + string(nap) + "b", "c"} {
		if n, err := p.Write([]byte(b)); n != len(b) || err != nil {
			t.Errorf("%q: %d, %v", b, n, err)
		}
	}
	p.Close()
	if log.String() != "abc" {
		t.Errorf("the terminal got %q", log.String())
	}
}
