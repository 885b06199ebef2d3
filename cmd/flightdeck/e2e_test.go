//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// The end-to-end tests run the program as it is shipped: a binary of its own, a terminal of its own, real files, sockets and servers. What a terminal shows
// is judged by an emulator that has read the very bytes, never by what we meant to write.
//
// FLIGHTDECK_REQUIRE_INTEGRATION=1 makes a missing server or tool a failure instead of a skip.

// patience ends a wait that would never end; it judges nothing.
const patience = 40 * time.Second

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flightdeck-e2e-")
	if err != nil {
		return "", err
	}
	atExit = append(atExit, func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "flightdeck")
	args := []string{"build", "-o", path}
	if os.Getenv("FLIGHTDECK_E2E_RACE") != "" {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// binary returns the path of the real program.
func binary(tb testing.TB) string {
	tb.Helper()
	path, err := built()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("FLIGHTDECK_REQUIRE_INTEGRATION") != "" {
		tb.Fatal(what)
	}
	tb.Skip(what)
}

// room is a folder and an environment of its own: nothing of the machine's user is read or written.
type room struct {
	tb  testing.TB
	dir string
	env []string
}

func newRoom(tb testing.TB, env ...string) *room {
	tb.Helper()
	dir, err := os.MkdirTemp("", "fd") // short: a unix socket's path must fit
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, d := range []string{"home", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	home := filepath.Join(dir, "home")
	return &room{tb, dir, append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home + "/.config", "XDG_DATA_HOME=" + home + "/.local",
		"TMPDIR=" + filepath.Join(dir, "tmp"), "TERM=xterm-256color", "LANG=zh_CN.UTF-8",
	}, env...)}
}

// with is the room for a subtest.
func (r room) with(tb testing.TB) *room {
	r.tb = tb
	return &r
}

// path returns a path in the room's working folder.
func (r *room) path(name string) string { return filepath.Join(r.dir, "work", name) }

func (r *room) write(name, text string) string {
	r.tb.Helper()
	path := r.path(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		r.tb.Fatal(err)
	}
	return path
}

func (r *room) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, "work"), r.env
	return cmd
}

// run runs the program to its end.
func (r *room) run(args ...string) (status int, stdout, stderr string) {
	r.tb.Helper()
	return r.finish(r.command(binary(r.tb), args...))
}

func (r *room) finish(cmd *exec.Cmd) (status int, stdout, stderr string) {
	r.tb.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		r.tb.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		r.tb.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// ok runs the program, which must end well, and returns what it printed.
func (r *room) ok(args ...string) string {
	r.tb.Helper()
	status, out, errs := r.run(args...)
	if status != 0 {
		r.tb.Fatalf("flightdeck %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// json runs a question and decodes its answer.
func (r *room) json(v any, args ...string) {
	r.tb.Helper()
	out := r.ok(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		r.tb.Fatalf("flightdeck %s: %v in\n%s", strings.Join(args, " "), err, out)
	}
}

// leftovers lists what lies in the folder for temporary files.
func (r *room) leftovers() (names []string) {
	all, err := os.ReadDir(filepath.Join(r.dir, "tmp"))
	if err != nil {
		r.tb.Fatal(err)
	}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// funnelAnswer is what the tests read of funnel --json.
type funnelAnswer struct {
	Stamp struct {
		Revision int64  `json:"revision"`
		AsOf     string `json:"as_of"`
	} `json:"stamp"`
	Open   int `json:"open"`
	Stages []struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Kind   string `json:"kind"`
		Count  int    `json:"count"`
		Amount struct {
			Money struct{ Amount, Currency string } `json:"money"`
		} `json:"amount"`
		Entered int `json:"entered"`
	} `json:"stages"`
}

func (f funnelAnswer) counts() map[string]int {
	m := map[string]int{}
	for _, s := range f.Stages {
		m[s.ID] = s.Count
	}
	return m
}

// terminal is a program on a terminal of its own.
type terminal struct {
	tb    testing.TB
	cmd   *exec.Cmd
	pty   *os.File
	raw   bytes.Buffer
	mu    sync.Mutex // guards emulator, raw and modes
	emu   *vt.Emulator
	modes map[ansi.Mode]bool // that the program switched: on or off
	shown bool               // the cursor
	news  chan struct{}
	ended chan struct{}
}

// open starts cmd on a terminal of w×h cells.
func (r *room) open(w, h int, cmd *exec.Cmd) *terminal {
	r.tb.Helper()
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)})
	if err != nil {
		r.tb.Fatal(err)
	}
	t := &terminal{tb: r.tb, cmd: cmd, pty: f, emu: vt.NewEmulator(w, h), modes: map[ansi.Mode]bool{}, shown: true,
		news: make(chan struct{}, 1), ended: make(chan struct{})}
	t.emu.SetCallbacks(vt.Callbacks{
		CursorVisibility: func(v bool) { t.shown = v },
		EnableMode:       func(m ansi.Mode) { t.modes[m] = true },
		DisableMode:      func(m ansi.Mode) { t.modes[m] = false },
	})
	answered := make(chan struct{})
	go func() { // what a terminal answers when it is asked
		defer close(answered)
		_, _ = io.Copy(f, t.emu)
	}()
	go func() {
		defer close(t.ended)
		var held []byte
		b := make([]byte, 64<<10)
		for {
			n, err := f.Read(b)
			t.mu.Lock()
			t.raw.Write(b[:n])
			held = t.feed(append(held, b[:n]...))
			t.mu.Unlock()
			select {
			case t.news <- struct{}{}:
			default:
			}
			if err != nil { // EIO: the far side is closed
				break
			}
		}
		_ = cmd.Wait()
		_ = t.emu.Close()
		<-answered
	}()
	r.tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-t.ended
		_ = f.Close()
	})
	return t
}

// feed gives b to the emulator, but for titles that are not ASCII: it takes the byte 9C, part of such a character as 机, for the end of the string and would
// print the rest of the title. What may be the beginning of such a sequence is returned, to be fed with what follows it.
func (t *terminal) feed(b []byte) (held []byte) {
	for {
		i := bytes.Index(b, []byte("\x1b]"))
		if i < 0 {
			if n := len(b); n > 0 && b[n-1] == 0x1b {
				_, _ = t.emu.Write(b[:n-1])
				return []byte{0x1b}
			}
			_, _ = t.emu.Write(b)
			return nil
		}
		_, _ = t.emu.Write(b[:i])
		end := bytes.IndexByte(b[i:], '\a')
		if end < 0 {
			return bytes.Clone(b[i:])
		}
		seq := b[i : i+end+1]
		if !bytes.ContainsFunc(seq, func(r rune) bool { return r > 0x7e }) {
			_, _ = t.emu.Write(seq)
		}
		b = b[i+end+1:]
	}
}

// start runs the program on a terminal.
func (r *room) start(w, h int, args ...string) *terminal {
	r.tb.Helper()
	return r.open(w, h, r.command(binary(r.tb), args...))
}

// screen returns what stands on the terminal.
func (t *terminal) screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for y := range t.emu.Height() {
		var line strings.Builder
		for x := 0; x < t.emu.Width(); {
			c := t.emu.CellAt(x, y)
			if c == nil || c.Width == 0 || c.Content == "" {
				line.WriteByte(' ')
				x++
				continue
			}
			line.WriteString(c.Content)
			x += max(1, c.Width)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// output returns every byte that the program wrote.
func (t *terminal) output() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.raw.String()
}

// until waits until the screen is as ok wants it, and returns it.
func (t *terminal) until(what string, ok func(screen string) bool) string {
	t.tb.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s := t.screen()
		if ok(s) {
			return s
		}
		select {
		case <-t.news:
		case <-t.ended:
			if s := t.screen(); ok(s) {
				return s
			}
			t.tb.Fatalf("%s: the program ended\n%s", what, t.screen())
		case <-timer.C:
			t.tb.Fatalf("%s: not on the screen:\n%s", what, s)
		}
	}
}

// has waits for all of some texts.
func (t *terminal) has(texts ...string) string {
	t.tb.Helper()
	return t.until(strings.Join(texts, ", "), func(s string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(s, text) })
	})
}

var keys = map[string]string{"enter": "\r", "esc": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "right": "\x1b[C", "left": "\x1b[D"}

// press sends keys by name or by character. A lone esc is told from the start of a sequence by the pause after it.
func (t *terminal) press(names ...string) {
	t.tb.Helper()
	for _, n := range names {
		s, ok := keys[n]
		if !ok {
			s = n
		}
		if _, err := io.WriteString(t.pty, s); err != nil {
			t.tb.Fatalf("press %s: %v", n, err)
		}
	}
}

// resize makes the terminal another size.
func (t *terminal) resize(w, h int) {
	t.tb.Helper()
	t.mu.Lock()
	t.emu.Resize(w, h)
	t.mu.Unlock()
	if err := pty.Setsize(t.pty, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)}); err != nil {
		t.tb.Fatal(err)
	}
}

// exit waits for the program's end and returns its status.
func (t *terminal) exit() int {
	t.tb.Helper()
	select {
	case <-t.ended:
	case <-time.After(patience):
		t.tb.Fatalf("the program does not end:\n%s", t.screen())
	}
	return t.cmd.ProcessState.ExitCode()
}

// restored checks that the terminal is left as it was found: the main screen, a cursor, no mode left on, no key protocol pushed.
func (t *terminal) restored() {
	t.tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.emu.IsAltScreen() {
		t.tb.Error("the alternate screen is still on")
	}
	if !t.shown {
		t.tb.Error("the cursor is still hidden")
	}
	for _, m := range slices.SortedFunc(maps.Keys(t.modes), func(a, b ansi.Mode) int { return a.Mode() - b.Mode() }) {
		if usual := m == ansi.ModeTextCursorEnable || m == ansi.ModeAutoWrap; t.modes[m] != usual {
			t.tb.Errorf("mode %d is left %v", m.Mode(), t.modes[m])
		}
	}
	raw := t.raw.String()
	if on, off := strings.LastIndex(raw, "\x1b[>1u"), max(strings.LastIndex(raw, "\x1b[<u"), strings.LastIndex(raw, "\x1b[<1u")); off < on {
		t.tb.Error("the keyboard protocol is left on")
	}
}

// colours reports whether any colour was written, by looking for SGR parameters.
func colours(raw string) bool {
	p := ansi.NewParser()
	var state byte
	for len(raw) > 0 {
		seq, _, n, next := ansi.DecodeSequence(raw, state, p)
		if cmd := ansi.Cmd(p.Command()); strings.HasPrefix(seq, "\x1b[") && cmd.Final() == 'm' && cmd.Prefix() == 0 {
			var st uv.Style
			uv.ReadStyle(p.Params(), &st)
			if st.Fg != nil || st.Bg != nil {
				return true
			}
		}
		state, raw = next, raw[n:]
	}
	return false
}
