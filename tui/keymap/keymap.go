// Package keymap owns the bindings that are the same on every pane, by name, so that a configuration can remap each of them, and their words in
// both languages. Panes make their own bindings with [Bind].
//
// Taken keys leave ctrl+a, ctrl+b and ctrl+space to tmux and screen, and ctrl+z, ctrl+s, ctrl+q to the terminal.
package keymap

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"

	"flightdeck/tui/locale"
)

// Map holds the shell's bindings.
type Map struct {
	Open, Back, Forward, Backward, Filter, Palette, Help, Quit, Jump, Scope, Period, AsOf, Copy, Export, Language, Theme, Redraw key.Binding
}

type global struct {
	name string
	keys []string
	help locale.Key
	to   func(*Map) *key.Binding
}

// globals are in the order of the help.
var globals = []global{
	{"open", []string{"enter"}, locale.KeyOpen, func(m *Map) *key.Binding { return &m.Open }},
	{"back", []string{"esc"}, locale.KeyBack, func(m *Map) *key.Binding { return &m.Back }},
	{"backward", []string{"["}, locale.KeyBackward, func(m *Map) *key.Binding { return &m.Backward }},
	{"forward", []string{"]"}, locale.KeyForward, func(m *Map) *key.Binding { return &m.Forward }},
	{"jump", []string{"g"}, locale.KeyJump, func(m *Map) *key.Binding { return &m.Jump }},
	{"palette", []string{":"}, locale.KeyPalette, func(m *Map) *key.Binding { return &m.Palette }},
	{"filter", []string{"/"}, locale.KeyFilter, func(m *Map) *key.Binding { return &m.Filter }},
	{"scope", []string{"s"}, locale.KeyScope, func(m *Map) *key.Binding { return &m.Scope }},
	{"period", []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, locale.KeyPeriod, func(m *Map) *key.Binding { return &m.Period }},
	{"as-of", []string{"t"}, locale.KeyAsOf, func(m *Map) *key.Binding { return &m.AsOf }},
	{"copy", []string{"y"}, locale.KeyCopy, func(m *Map) *key.Binding { return &m.Copy }},
	{"export", []string{"e"}, locale.KeyExport, func(m *Map) *key.Binding { return &m.Export }},
	{"language", []string{"L"}, locale.KeyLanguage, func(m *Map) *key.Binding { return &m.Language }},
	{"theme", []string{"T"}, locale.KeyTheme, func(m *Map) *key.Binding { return &m.Theme }},
	{"redraw", []string{"ctrl+l"}, locale.KeyRedraw, func(m *Map) *key.Binding { return &m.Redraw }},
	{"help", []string{"?"}, locale.KeyHelp, func(m *Map) *key.Binding { return &m.Help }},
	{"quit", []string{"q"}, locale.KeyQuit, func(m *Map) *key.Binding { return &m.Quit }},
}

// Names returns the names that can be remapped, in the order of the help: all but period, which keeps its digits.
func Names() []string {
	var names []string
	for _, g := range globals {
		if g.name != "period" {
			names = append(names, g.name)
		}
	}
	return names
}

// New returns the bindings with their help in l's language. remap replaces the keys of a named binding ("palette": ["ctrl+p"]); it fails on the first thing
// that [Check] finds wrong.
func New(l *locale.Locale, remap map[string][]string) (Map, error) {
	var m Map
	if wrong := Check(remap); len(wrong) > 0 {
		return m, fmt.Errorf("remap key %q: %s", wrong[0].Name, wrong[0].Text)
	}
	for _, g := range globals {
		keys := g.keys
		if r, ok := remap[g.name]; ok {
			keys = r
		}
		shown := strings.Join(keys, " ")
		if g.name == "period" {
			shown = "0-9"
		}
		*g.to(&m) = key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, l.T(g.help)))
	}
	return m, nil
}

// All returns the bindings in the order of the help.
func (m *Map) All() []key.Binding {
	all := make([]key.Binding, len(globals))
	for i, g := range globals {
		all[i] = *g.to(m)
	}
	return all
}

// Bind makes a binding whose help shows its first key.
func Bind(help string, keys ...string) key.Binding {
	shown := ""
	if len(keys) > 0 {
		shown = keys[0]
	}
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))
}

// Move is how lists are walked; table.Table obeys it, and page and end keys too.
func Move(l *locale.Locale) key.Binding {
	return key.NewBinding(key.WithKeys("up", "down", "k", "j"), key.WithHelp("j k", l.T(locale.KeyMove)))
}

// Mark is how rows are marked in lists.
func Mark(l *locale.Locale) key.Binding {
	return key.NewBinding(key.WithKeys("space"), key.WithHelp("space", l.T(locale.KeyMark)))
}

// Enter is the binding that opens the selected row, for a pane's Keys.
func Enter(l *locale.Locale) key.Binding { return Bind(l.T(locale.KeyOpen), "enter") }
