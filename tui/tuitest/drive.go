// Package tuitest drives models and panes without a terminal: it sends messages, runs the commands that come back, and looks at what would be drawn.
//
// Everything is synchronous, so tests wait for nothing and cannot hang on a timer: a timer that is not done after [Patience] is left behind. The three
// checks that every pane's tests should call are [Geometry], [Golden] and [Keys].
package tuitest

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Patience is how long a timer (tea.Tick, tea.Every), or any command of a whole shell, may take before it is left behind. Endless is that of any other command: a busy machine takes seconds for a load that is
// milliseconds' work, and a picture taken before it is there would be another one.
const (
	Patience = 2 * time.Second
	Endless  = time.Minute
)

// steps bounds a cascade of messages, so that two that answer each other forever fail the test.
const steps = 10000

// Run runs cmd and every command that the messages lead to, giving each message to update. Batches and sequences are unrolled, in order.
func Run(tb testing.TB, cmd tea.Cmd, update func(tea.Msg) tea.Cmd) {
	tb.Helper()
	queue := []tea.Cmd{cmd}
	for n := 0; len(queue) > 0; n++ {
		if n > steps {
			tb.Fatalf("tuitest: %d commands and no end: do two messages answer each other?", steps)
		}
		cmd, queue = queue[0], queue[1:]
		if cmd == nil {
			continue
		}
		msg, ok := do(cmd)
		if !ok || msg == nil {
			continue
		}
		if many := unroll(msg); many != nil {
			queue = append(append([]tea.Cmd{}, many...), queue...)
			continue
		}
		queue = append(queue, update(msg))
	}
}

// Msgs runs cmd, batches and sequences unrolled, and returns the messages that it gives, without delivering them.
func Msgs(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg, ok := do(cmd)
	if !ok || msg == nil {
		return nil
	}
	if many := unroll(msg); many != nil {
		var out []tea.Msg
		for _, c := range many {
			out = append(out, Msgs(c)...)
		}
		return out
	}
	return []tea.Msg{msg}
}

func do(cmd tea.Cmd) (tea.Msg, bool) {
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	wait, name := Endless, runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name()
	for _, timer := range []string{"bubbletea/v2.Tick", "bubbletea/v2.Every", "tui.(*Shell).guard"} { // the shell wraps all commands, so that its timers cannot be told from its loads
		if strings.Contains(name, timer) {
			wait = Patience
		}
	}
	select {
	case msg := <-done:
		return msg, true
	case <-time.After(wait):
		return nil, false
	}
}

// unroll returns the commands of a batch or a sequence. Bubble Tea's sequence has an unexported type, hence reflection.
func unroll(msg tea.Msg) []tea.Cmd {
	v := reflect.ValueOf(msg)
	if v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return nil
	}
	cmds := make([]tea.Cmd, v.Len())
	for i := range cmds {
		cmds[i], _ = v.Index(i).Interface().(tea.Cmd)
	}
	return cmds
}

// Key makes the message of a key press from its name as in "enter", "ctrl+l", "G", "space", "?" or "中".
func Key(name string) tea.KeyPressMsg {
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	switch {
	case name == "space":
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case len(name) > 5 && name[:5] == "ctrl+":
		return tea.KeyPressMsg{Code: rune(name[5]), Mod: tea.ModCtrl}
	}
	r := []rune(name)
	return tea.KeyPressMsg{Code: r[0], Text: string(r[0])}
}

var special = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
	"delete": tea.KeyDelete, "f1": tea.KeyF1,
}

// Model drives a tea.Model.
type Model struct {
	tb   testing.TB
	M    tea.Model
	Quit bool      // tea.Quit was asked for
	Seen []tea.Msg // every message that commands gave, in order
}

// Start runs m's Init at a size.
func Start(tb testing.TB, m tea.Model, w, h int) *Model {
	tb.Helper()
	d := &Model{tb: tb, M: m}
	Run(tb, m.Init(), d.update)
	d.Send(tea.WindowSizeMsg{Width: w, Height: h})
	return d
}

func (d *Model) update(msg tea.Msg) tea.Cmd {
	d.Seen = append(d.Seen, msg)
	if _, ok := msg.(tea.QuitMsg); ok {
		d.Quit = true
		return nil
	}
	var cmd tea.Cmd
	d.M, cmd = d.M.Update(msg)
	return cmd
}

// Send delivers messages, each with all that follows from it.
func (d *Model) Send(msgs ...tea.Msg) {
	d.tb.Helper()
	for _, m := range msgs {
		Run(d.tb, d.update(m), d.update)
	}
}

// Keys presses keys by name.
func (d *Model) Keys(names ...string) {
	d.tb.Helper()
	for _, n := range names {
		d.Send(Key(n))
	}
}

// Type presses one key per character.
func (d *Model) Type(text string) {
	d.tb.Helper()
	for _, r := range text {
		if r == ' ' {
			d.Keys("space")
			continue
		}
		d.Keys(string(r))
	}
}

// View returns the screen's text with its escape sequences.
func (d *Model) View() string { return d.M.View().Content }
