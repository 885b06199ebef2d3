package store

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int
		want string
	}{
		{"", 9, ""}, {"  plain  ", 9, "plain"}, {"华东 区域", 20, "华东 区域"}, {"naïve café", 20, "naïve café"},
		{"\x1b[31mred\x1b[0m", 40, "[31mred[0m"}, {"\x1b]0;title\x07x", 40, "]0;titlex"}, {"\u009b31mred", 40, "31mred"}, {"a\x00b\x7fc", 9, "abc"},
		{"two\nlines\r\n\tthree", 40, "two lines   three"}, {"a\u2028b\u2029c", 40, "a b c"},
		{"a\u202eb\u2066c\u200bd\ufeffe\u00adf", 40, "abcdef"}, {"x\xffy", 9, "x\ufffdy"}, {"tag\U000e0041", 20, "tag"},
		{"abcdef", 3, "abc"}, {"华东区", 7, "华东"}, {"华东区", 2, ""}, {"ab \x01cd", 3, "ab"}, {"é", 1, ""},
		{"family 👨‍👩‍👧", 40, "family 👨👩👧"}, // joiners can hide text; no emoji is drawn anyway
	} {
		if got := Clean(tt.in, tt.max); got != tt.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}

// What is cut must be cut at one place: a short rune after it must not slip in.
func TestClean_CutsOnce(t *testing.T) {
	if got := Clean("ab华c\x01", 3); got != "ab" {
		t.Errorf("got %q, want the text up to the first rune that does not fit", got)
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int
		want string
	}{{"short", 10, "short"}, {"\x1b[2J", 10, "[2J"}, {strings.Repeat("x", 100), 10, "xxxxxxxxxx..."}, {"", 5, ""}} {
		if got := Clip(tt.in, tt.max); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[31m", "华东\u202e", "\xff\xfe", " a ", "\u009b", "\u200b x", strings.Repeat("é", 40)} {
		f.Add(s, 16)
	}
	f.Fuzz(func(t *testing.T, s string, size int) {
		size = min(max(size, 0), 1<<12)
		got := Clean(s, size)
		if len(got) > size || !utf8.ValidString(got) || got != strings.TrimSpace(got) || Clean(got, size) != got {
			t.Fatalf("Clean(%q, %d) = %q: too long, invalid, untrimmed or not stable", s, size, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("Clean(%q, %d) = %q keeps %U", s, size, got, r)
			}
		}
	})
}
