package tuitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/tui/keymap"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// Now is the clock of test environments: 2026-09-18 10:30 in Shanghai.
var Now = time.Date(2026, time.September, 18, 2, 30, 0, 0, time.UTC)

// Env returns a session's environment over book, which may be nil: 256 colours on a dark background, the clock at Now.
func Env(tb testing.TB, book *analytics.Book, lang locale.Lang) *pane.Env {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	return &pane.Env{
		Ctx: ctx, Book: func() *analytics.Book { return book }, Theme: theme.New(colorprofile.ANSI256, true), Locale: locale.New(lang),
		Now: func() time.Time { return Now },
	}
}

// Make makes the pane under test for a session.
type Make func(env *pane.Env) pane.Pane

// Pane drives one pane, with its commands' messages routed to it as the shell would.
type Pane struct {
	tb   testing.TB
	P    pane.Pane
	Sent []tea.Msg // what the pane asked of the shell: Open, Back, Copy, Toast
}

// Drive starts p at a size and runs its first load.
func Drive(tb testing.TB, p pane.Pane, s layout.Size) *Pane {
	tb.Helper()
	d := &Pane{tb: tb, P: p}
	Run(tb, p.Init(), d.update)
	p.SetSize(s)
	return d
}

func (d *Pane) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.To:
		return d.P.Update(msg.Msg)
	case pane.Open, pane.Back, pane.Copy, pane.Toast, pane.Ask, tea.QuitMsg:
		d.Sent = append(d.Sent, msg)
		return nil
	}
	return d.P.Update(msg)
}

// Send delivers messages, each with all that follows from it.
func (d *Pane) Send(msgs ...tea.Msg) {
	d.tb.Helper()
	for _, m := range msgs {
		Run(d.tb, d.update(m), d.update)
	}
}

// Keys presses keys by name.
func (d *Pane) Keys(names ...string) {
	d.tb.Helper()
	for _, n := range names {
		d.Send(Key(n))
	}
}

// Filter sets the pane's filter and delivers what it finds.
func (d *Pane) Filter(text string) {
	d.tb.Helper()
	Run(d.tb, d.P.(pane.Filterer).SetFilter(text), d.update)
}

// Opened returns the place that was last asked for; ok is false when none was.
func (d *Pane) Opened() (p pane.Place, ok bool) {
	for i := len(d.Sent) - 1; i >= 0; i-- {
		if o, is := d.Sent[i].(pane.Open); is {
			return o.Place, true
		}
	}
	return pane.Place{}, false
}

// Answer gives text to what the pane asked last, as enter does, and returns what the check said of it. ok is false when nothing was asked or the text was refused.
func (d *Pane) Answer(text string) (says string, ok bool) {
	d.tb.Helper()
	for i := len(d.Sent) - 1; i >= 0; i-- {
		a, is := d.Sent[i].(pane.Ask)
		if !is {
			continue
		}
		if a.Check != nil {
			var err error
			if says, err = a.Check(text); err != nil {
				return err.Error(), false
			}
		}
		d.Sent = append(d.Sent[:i:i], d.Sent[i+1:]...)
		d.Send(a.Answer(text))
		return says, true
	}
	return "", false
}

// The sweep of Geometry.
var (
	Widths  = []int{1, 2, 3, 5, 8, 13, 20, 34, 40, 60, 79, 80, 120, 160, 200}
	Heights = []int{1, 2, 3, 5, 10, 18, 24, 50}
)

// Geometry demands of a pane, in both languages and every profile's extreme, at 15 widths × 8 heights down to 1×1, before and after its data came: exactly
// H lines, none wider than W, no line break or control character inside, and no panic.
func Geometry(t *testing.T, book *analytics.Book, mk Make) {
	t.Helper()
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		env := Env(t, book, lang)
		if lang == locale.English {
			env.Theme = theme.New(colorprofile.Ascii, false)
		}
		bare := mk(env)
		full := Drive(t, mk(env), layout.Size{W: 80, H: 24})
		for _, w := range Widths {
			for _, h := range Heights {
				s := layout.Size{W: w, H: h}
				bare.SetSize(s)
				Fits(t, fmt.Sprintf("%v before data", lang), bare.View(), s)
				full.P.SetSize(s)
				Fits(t, lang.String(), full.P.View(), s)
			}
		}
		full.P.SetSize(layout.Size{})
		full.P.View()
	}
}

// Fits demands that view has exactly s.H lines, none wider than s.W, and that styles end with their line.
func Fits(t testing.TB, what, view string, s layout.Size) {
	t.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != s.H {
		t.Errorf("%s at %d×%d: %d lines, want %d", what, s.W, s.H, len(lines), s.H)
		return
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n > s.W {
			t.Errorf("%s at %d×%d: line %d is %d columns wide: %q", what, s.W, s.H, i, n, layout.Plain(l))
			return
		}
		if at := strings.LastIndex(l, "\x1b["); at >= 0 && !strings.HasPrefix(l[at:], theme.Reset) {
			t.Errorf("%s at %d×%d: line %d leaves its style open: %q", what, s.W, s.H, i, l)
			return
		}
		for _, r := range layout.Plain(l) {
			if r < 0x20 || r == 0x7f {
				t.Errorf("%s at %d×%d: line %d holds control character %U", what, s.W, s.H, i, r)
				return
			}
		}
	}
}

// GoldenSizes are the sizes of Golden: the smallest screen, the usual one and a wide one, without the shell's title and footer.
var GoldenSizes = []layout.Size{{W: 60, H: 18}, {W: 80, H: 22}, {W: 200, H: 48}}

// Golden compares what a pane shows, styles stripped, with testdata/TEST/SIZE-LANG.golden at three sizes in both languages. keys are pressed first. go test -update
// writes the files: look at them.
func Golden(t *testing.T, book *analytics.Book, mk Make, keys ...string) {
	t.Helper()
	for _, s := range GoldenSizes {
		for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
			t.Run(fmt.Sprintf("%dx%d-%s", s.W, s.H, lang), func(t *testing.T) {
				d := Drive(t, mk(Env(t, book, lang)), s)
				d.Keys(keys...)
				view := d.P.View()
				Fits(t, lang.String(), view, s)
				golden.RequireEqual(t, Text(view))
			})
		}
	}
}

// Text returns view as plain text, blanks at the ends of lines removed.
func Text(view string) string {
	lines := strings.Split(layout.Plain(view), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// Keys demands that every binding of a pane has keys and a help text, and that none takes a key from another or is one that the shell keeps for itself
// and the pane so would never get. Enter belongs to both.
func Keys(t *testing.T, p pane.Pane) {
	t.Helper()
	taken := map[string]string{"ctrl+c": "quit"}
	global, err := keymap.New(locale.New(locale.English), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range global.All() {
		for _, k := range b.Keys() {
			if k != "enter" {
				taken[k] = "the shell's " + b.Help().Desc
			}
		}
	}
	for _, b := range p.Keys() {
		help := b.Help()
		if len(b.Keys()) == 0 || help.Key == "" || help.Desc == "" {
			t.Errorf("binding %v %q %q: wants keys and help", b.Keys(), help.Key, help.Desc)
		}
		for _, k := range b.Keys() {
			if by, ok := taken[k]; ok {
				t.Errorf("key %q is bound to %q and to %q", k, by, help.Desc)
			}
			taken[k] = help.Desc
			if k != "enter" && !slices.Contains(keymap.Pane, k) {
				t.Errorf("key %q (%s) is not among keymap.Pane: a configuration could take it away", k, help.Desc)
			}
		}
		if !key.Matches(Key(b.Keys()[0]), b) && b.Enabled() && len([]rune(b.Keys()[0])) == 1 {
			t.Errorf("binding %q does not match its own key %q", help.Desc, b.Keys()[0])
		}
	}
}

// Elsewhere checks that to a viewer of one part of the company what lies outside it looks like what does not exist, and opens nothing. at makes the pane of an id
// under a scope; id exists; seen says whether a scope holds it, and at least one unit or person must not.
func Elsewhere(t *testing.T, b *analytics.Book, id store.ID, at func(analytics.Scope, store.ID) Make, seen func(analytics.Scope) bool) {
	t.Helper()
	show := func(s analytics.Scope, id store.ID) string {
		d := Drive(t, at(s, id)(Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
		d.Keys("tab", "down", "enter", "o")
		if p, ok := d.Opened(); ok {
			t.Errorf("root %q: opened %v", s.Root, p)
		}
		return d.P.View() + d.P.Title()
	}
	none, hidden := show(analytics.Scope{}, "no:such"), 0
	if !strings.Contains(none, "not found, or outside what you may see") {
		t.Errorf("one that does not exist:\n%s", none)
	}
	for _, n := range b.Nodes() {
		s := analytics.Scope{Root: n.ID}
		if !seen(s) {
			if hidden++; show(s, id) != none {
				t.Errorf("root %q: it does not look like nothing:\n%s", n.ID, show(s, id))
			}
		}
	}
	if hidden == 0 {
		t.Errorf("every root sees %s: nothing was tested", id)
	}
}
