package keymap

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Wrong is one thing that is wrong with a remapping.
type Wrong struct {
	Name string // of the binding
	At   int    // index into its keys; -1: the binding as a whole
	Text string
}

// Pane are the keys that panes have for themselves; one of them given to the shell would never reach its pane. Package tuitest holds panes to it.
var Pane = []string{"up", "down", "left", "right", "h", "j", "k", "l", "home", "end", "G", "pgup", "pgdown", "ctrl+u", "ctrl+d", "space", "tab", "shift+tab",
	"a", "c", "d", "n", "o", "p", "r", "R", "u", "v", "z", "+", "-", "=", "<", ">", ",", "."}

// Check reports everything that is wrong with a remapping, in no particular order of names: names that do not exist, bindings without a key, keys that no
// terminal sends under that name, keys that panes need, ctrl+c (which always quits), and keys that two bindings would share.
func Check(remap map[string][]string) (out []Wrong) {
	for name := range remap {
		if !slices.Contains(Names(), name) {
			out = append(out, Wrong{name, -1, "unknown key; want one of " + strings.Join(Names(), ", ")})
		}
	}
	taken := map[string]string{}
	for _, g := range globals { // those that stay as they are were there first
		if _, ok := remap[g.name]; !ok || g.name == "period" {
			for _, k := range g.keys {
				taken[k] = g.name
			}
		}
	}
	for _, g := range globals {
		keys, ok := remap[g.name]
		if !ok || g.name == "period" {
			continue
		}
		if len(keys) == 0 {
			out = append(out, Wrong{g.name, -1, "want at least one key, such as [" + g.keys[0] + "]"})
		}
		for i, k := range keys {
			text := spelling(k)
			by, shared := taken[k]
			switch {
			case text != "":
			case k == "ctrl+c":
				text = "ctrl+c always quits; want another key"
			case slices.Contains(Pane, k):
				text = fmt.Sprintf("%q belongs to the screens, which would not get it; want another key", k)
			case shared:
				text = fmt.Sprintf("%q is already the key of %s; want another key, or give %s another one too", k, by, by)
			}
			if text != "" {
				out = append(out, Wrong{g.name, i, text})
				continue
			}
			taken[k] = g.name
		}
	}
	return out
}

// special are keys with names, as terminals' keys are called here.
var special = []string{"enter", "esc", "tab", "space", "backspace", "delete", "insert", "up", "down", "left", "right", "home", "end", "pgup", "pgdown",
	"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12"}

// spelling says what is wrong with how a key is written; "" when a press could match it.
func spelling(k string) string {
	want := fmt.Sprintf("%q is no key; want a character such as p or ?, a name (%s), or one of them after ctrl+, alt+ or shift+", clip(k), strings.Join(special, ", "))
	base, mods := k, ""
	for _, m := range []string{"ctrl+", "alt+", "shift+"} { // in the order in which presses are written
		if rest, ok := strings.CutPrefix(base, m); ok && rest != "" {
			base, mods = rest, mods+m
		}
	}
	if slices.Contains(special, base) {
		return ""
	}
	r, n := utf8.DecodeRuneInString(base)
	if n == 0 || n != len(base) || r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
		return want
	}
	switch {
	case strings.Contains(mods, "shift+"):
		return fmt.Sprintf("%q: want the character that shift gives, such as %s", clip(k), strings.ToUpper(base))
	case mods != "" && unicode.IsUpper(r):
		return fmt.Sprintf("%q: want a small letter after %s", clip(k), mods)
	}
	return ""
}

func clip(k string) string {
	if r := []rune(strings.ToValidUTF8(k, "?")); len(r) > 20 {
		return string(r[:20])
	}
	return strings.ToValidUTF8(k, "?")
}
