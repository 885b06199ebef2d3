package paint

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/vt"

	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/theme"
)

// screen reads a terminal back: each cell's text and style.
func screen(e *vt.Emulator, w, h int) string {
	var b strings.Builder
	for y := range h {
		for x := 0; x < w; x++ {
			c := e.CellAt(x, y)
			if c == nil || c.Width == 0 {
				continue
			}
			text := c.Content
			if text == "" {
				text = " "
			}
			fmt.Fprintf(&b, "%s%v%v%v|", text, c.Style.Fg, c.Style.Bg, c.Style.Attrs)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var styles = []theme.Style{"", "\x1b[0;1m", "\x1b[0;38;5;9m", "\x1b[0;7m", "\x1b[0;1;38;2;1;2;3;48;5;17m"}

// line makes a random row of at most w columns.
func line(rnd *rand.Rand, w int) string {
	words := []string{"客户", "有限公司", "12.3万", "abc", " ", "  ", "x", "é", "中", "~", "⣿⡇", ">", strings.Repeat(" ", 15)}
	r := layout.NewRow(w)
	for range rnd.IntN(12) {
		r.Add(styles[rnd.IntN(len(styles))], words[rnd.IntN(len(words))])
	}
	if rnd.IntN(3) == 0 {
		return r.Padded(styles[rnd.IntN(len(styles))])
	}
	return r.String()
}

// Painting step by step must show what painting anew shows.
func TestDiff_RandomFramesShowTheSame(t *testing.T) {
	rnd := storetest.Rand(t)
	for range 60 {
		w, h := 1+rnd.IntN(40), 1+rnd.IntN(8)
		e := vt.NewEmulator(w, h)
		old := frame{x: -1}
		lines := make([]string, h)
		for step := range 25 {
			lines = append([]string{}, lines...)
			if n := rnd.IntN(h); rnd.IntN(3) == 0 { // a list scrolls, some of its rows or all
				at := rnd.IntN(h - n)
				part := lines[at : at+n+1]
				by := rnd.IntN(len(part))
				if copy(part, append(append([]string{}, part[by:]...), part[:by]...)); rnd.IntN(2) == 0 {
					part[rnd.IntN(len(part))] = line(rnd, w)
				}
			}
			for y := range lines {
				switch rnd.IntN(6 + 30*rnd.IntN(2)) {
				case 0:
					lines[y] = line(rnd, w)
				case 2: // what follows moves to the left
					lines[y] = strings.Replace(lines[y], "abc", "b", 1)
				case 3: // a mark joins a letter
					lines[y] = strings.Replace(lines[y], "x", "x\u0301", 1)
				case 1: // a word changed in the middle: most common
					lines[y] = layout.Cut(strings.Replace(lines[y], "客户", "中中", 1), w)
				}
			}
			want := frame{lines, -1, 0}
			if rnd.IntN(4) == 0 {
				want.x, want.y = rnd.IntN(w), rnd.IntN(h)
			}
			b := diff(old, want, step == 0)
			if _, err := e.Write(b); err != nil {
				t.Fatal(err)
			}
			fresh := vt.NewEmulator(w, h)
			if _, err := fresh.Write(diff(frame{x: -1}, want, true)); err != nil {
				t.Fatal(err)
			}
			if got, exp := screen(e, w, h), screen(fresh, w, h); got != exp {
				t.Fatalf("step %d, %d×%d: from\n%q\nto\n%q\nby\n%q\nshows\n%s\nwant\n%s", step, w, h, old.lines, lines, b, got, exp)
			}
			if want.x >= 0 {
				if at := e.CursorPosition(); at.X != want.x || at.Y != want.y {
					t.Fatalf("cursor at %v, want %d,%d", at, want.x, want.y)
				}
			}
			old = want
		}
	}
}

func TestDiff_NothingForNothing(t *testing.T) {
	f := frame{[]string{"客户", "b"}, -1, 0}
	if b := diff(f, f, false); b != nil {
		t.Errorf("an equal frame costs %q", b)
	}
	g := frame{[]string{"客户", "c"}, -1, 0}
	if b := diff(f, g, false); len(b) > 60 || strings.Contains(string(b), "客户") {
		t.Errorf("one letter costs %d bytes: %q", len(b), b)
	}
}

func TestDiff_LeavesLinesWrapping(t *testing.T) {
	b := string(diff(frame{x: -1}, frame{[]string{"客户"}, -1, 0}, true))
	if off, on := strings.LastIndex(b, "\x1b[?7l"), strings.LastIndex(b, "\x1b[?7h"); off < 0 || on < off {
		t.Errorf("a program that ends after this frame leaves a shell whose lines do not wrap: %q", b)
	}
}

func TestPainter_PaintsOnlyInTheAlternateScreenAndAfterErasing(t *testing.T) {
	var out bytes.Buffer
	p := New(&out)
	p.Frame("hello\nworld", -1, 0)
	if _, err := p.Write([]byte("\x1b]2;title\x07")); err != nil || strings.Contains(out.String(), "hello") {
		t.Fatalf("painted on the main screen: %q %v", out.String(), err)
	}
	write := func(s string) string {
		p.mu.Lock()
		out.Reset()
		p.mu.Unlock()
		if n, err := p.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("%q: %d %v", s, n, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return out.String()
	}
	if s := write("\x1b[?1049h\x1b[2J"); !strings.Contains(s, "hello") || !strings.Contains(s, "world") || strings.Index(s, "\x1b[?1049h") > strings.Index(s, "hello") {
		t.Errorf("entering the screen shows %q", s)
	}
	if s := write("\x1b]2;other\x07"); strings.Contains(s, "hello") {
		t.Errorf("a title repaints: %q", s)
	}
	for _, erase := range []string{"\x1b[2J", "\x1b[H\x1b[J", "\x1b[K", "\x1b[3M"} {
		if s := write(erase); !strings.Contains(s, "hello") {
			t.Errorf("after %q the screen stays empty: %q", erase, s)
		}
	}
	write("\x1b[?1049l")
	p.Frame("late", -1, 0)
	p.Close()
	if strings.Contains(out.String(), "late") {
		t.Error("painted after the program's end")
	}
	p.Close()
}

type page struct{ n int }

func (p page) Init() tea.Cmd { return nil }
func (p page) Update(tea.Msg) (tea.Model, tea.Cmd) {
	return page{p.n + 1}, nil
}
func (p page) View() tea.View {
	v := tea.NewView(fmt.Sprint("page ", p.n))
	v.AltScreen, v.WindowTitle, v.Cursor = true, "t", tea.NewCursor(2, 0)
	return v
}

func TestWrap_KeepsModesAndTakesContent(t *testing.T) {
	p := New(&bytes.Buffer{})
	defer p.Close()
	m, _ := Wrap(page{}, p).Update(nil)
	if got := Unwrap(m); got != (page{1}) || Unwrap(page{3}) != (page{3}) {
		t.Errorf("unwrapped: %v", got)
	}
	v := m.View()
	if v.Content != blank || v.Cursor != nil || !v.AltScreen || v.WindowTitle != "t" {
		t.Errorf("the view is %+v", v)
	}
	p.next.Lock()
	defer p.next.Unlock()
	if p.want.lines[0] != "page 1" || p.want.x != 2 {
		t.Errorf("the frame is %+v", p.want)
	}
}

// terminal is an emulator that a program writes to while a test looks.
type terminal struct {
	mu    sync.Mutex
	e     *vt.Emulator
	bytes int
}

func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes += len(b)
	return t.e.Write(b)
}

// wait looks until the screen shows text.
func (t *terminal) wait(tb testing.TB, text string) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		t.mu.Lock()
		s := t.e.String()
		t.mu.Unlock()
		if strings.Contains(s, text) {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("the screen never showed %q but\n%s", text, s)
		}
	}
}

type list struct{ at, w int }

func (l list) Init() tea.Cmd { return nil }
func (l list) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		l.w = msg.Width
	case tea.KeyPressMsg:
		if msg.String() == "q" {
			return l, tea.Quit
		}
		l.at++
	}
	return l, nil
}
func (l list) View() tea.View {
	var rows []string
	for i := range 10 {
		sign := "  "
		if i == l.at {
			sign = "> "
		}
		rows = append(rows, fmt.Sprintf("%s客户%d有限公司 w%d", sign, i, l.w))
	}
	v := tea.NewView(strings.Join(rows, "\n"))
	v.AltScreen, v.WindowTitle = true, fmt.Sprint("row ", l.at)
	return v
}

func TestProgram_RealBytesShowTheFrames(t *testing.T) {
	term := &terminal{e: vt.NewEmulator(40, 12)}
	go func() { // the emulator answers queries; somebody must read them
		b := make([]byte, 256)
		for {
			if _, err := term.e.Read(b); err != nil {
				return
			}
		}
	}()
	in, keys := io.Pipe()
	prog, done := Program(t.Context(), list{}, term, tea.WithInput(in), tea.WithWindowSize(40, 12), tea.WithoutSignals(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	ended := make(chan error, 1)
	go func() { _, err := prog.Run(); ended <- err }()
	term.wait(t, "> 客户0有限公司 w40")
	term.mu.Lock()
	before := term.bytes
	term.mu.Unlock()
	if _, err := keys.Write([]byte("j")); err != nil {
		t.Fatal(err)
	}
	term.wait(t, "> 客户1有限公司 w40")
	term.mu.Lock()
	if n := term.bytes - before; n > 300 {
		t.Errorf("a moved selection cost %d bytes", n)
	}
	term.mu.Unlock()
	term.mu.Lock()
	_, _ = term.e.Write([]byte("\x1b[31m\x1b[1;1Hwall: the printer is on fire\r\n\x1b[2J")) // somebody else writes to the terminal
	term.mu.Unlock()
	prog.Send(tea.ClearScreen()) // as ctrl+l does
	term.wait(t, "> 客户1有限公司 w40")
	term.wait(t, "  客户9有限公司 w40")
	prog.Send(tea.WindowSizeMsg{Width: 38, Height: 11}) // Bubble Tea clears the screen
	term.wait(t, "> 客户1有限公司 w38")
	term.wait(t, "  客户9有限公司 w38")
	if _, err := keys.Write([]byte("q")); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	done()
	if s := term.e.String(); strings.Contains(s, "客户") {
		t.Errorf("the main screen was not given back:\n%s", s)
	}
}

func BenchmarkDiff_MovedSelection(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, 48)
	for i := range lines {
		lines[i] = line(rnd, 160)
	}
	old := frame{lines, -1, 0}
	moved := append([]string{}, lines...)
	moved[10], moved[11] = line(rnd, 160), line(rnd, 160)
	b.ReportAllocs()
	for b.Loop() {
		diff(old, frame{moved, -1, 0}, false)
	}
}

// A list that scrolls by a row costs the row, and what stands beside it is written only where it differs.
func TestDiff_ScrolledListCostsItsNewRow(t *testing.T) {
	screenOf := func(first int, beside string) frame {
		f := frame{x: -1}
		for y := range 46 {
			r := layout.NewRow(160)
			r.Add(styles[1], fmt.Sprintf("%4d 客户%d有限公司 ", first+y, (first+y)*7919%1000)).Add(styles[2], layout.Fit("高风险", 30)).Add("", layout.Fit(beside, 60))
			f.lines = append(f.lines, r.Padded(styles[1]))
		}
		return f
	}
	if n := len(diff(screenOf(1, ""), screenOf(2, ""), false)); n > 300 {
		t.Errorf("a list scrolled by a row costs %d bytes", n)
	}
	if n := len(diff(screenOf(20, "x"), screenOf(3, "x"), false)); n > 17*160 {
		t.Errorf("a list scrolled back by 17 rows costs %d bytes", n)
	}
	lines := screenOf(1, "一").lines
	moved := append([]string{}, lines...)
	moved[10] = strings.Replace(moved[10], "客户", "中中", 1)
	moved[10] = strings.Replace(moved[10], "一", "二", 1)
	if b := diff(frame{lines, -1, 0}, frame{moved, -1, 0}, false); strings.Contains(string(b), "高风险") || len(b) > 110 {
		t.Errorf("two words far apart cost %d bytes: %q", len(b), b)
	}
}
