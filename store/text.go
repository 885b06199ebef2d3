package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on text from outside, in bytes after cleaning.
const (
	MaxName = 512      // names, titles, topics
	MaxText = 64 << 10 // notes
)

// Clean makes text from outside safe to store and to show: invalid UTF-8 becomes U+FFFD; line breaks and tabs become one blank; other
// control characters, escape characters, bidirectional overrides and zero-width marks are removed; the result is trimmed and cut to at most max
// bytes on a rune boundary. A control sequence loses its ESC and so prints as harmless text.
func Clean(s string, max int) string {
	if isClean(s) && len(s) <= max {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	b.Grow(min(len(s), max))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			r = ' '
		case hostile(r):
			continue
		}
		if b.Len()+utf8.RuneLen(r) > max {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func isClean(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return cleanRunes(s[i:])
		}
	}
	return true
}

func cleanRunes(s string) bool {
	for i, r := range s {
		if hostile(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
	}
	return true
}

// hostile reports runes that move the cursor, reorder text, hide in it or start a terminal command.
func hostile(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0x200b:
		return r == '\u00ad' || r == '\u061c'
	case r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f', r == '\ufeff':
		return true
	}
	return unicode.Is(unicode.Cs, r) || r >= 0xe0000 && r <= 0xe007f
}

// Clip cuts s to at most max bytes on a rune boundary, for quoting outside text in an error; control characters are removed.
func Clip(s string, max int) string {
	if len(s) > 4*max {
		s = s[:4*max]
	}
	c := Clean(s, max)
	if len(c) < len(s) && len(c)+3 > max {
		return c + "..."
	}
	return c
}

// cleanLines is [Clean] for text of several lines, which keeps its line breaks; MaxText bytes at most.
func cleanLines(s string) string {
	if len(s) > 2*MaxText {
		s = s[:2*MaxText]
	}
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(s, "\r\n", "\n")) {
		line = Clean(line, MaxText)
		if b.Len()+len(line)+1 > MaxText {
			break
		}
		b.WriteString(line + "\n")
	}
	return strings.Trim(b.String(), "\n")
}
