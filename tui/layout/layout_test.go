package layout

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"flightdeck/store/storetest"
	"flightdeck/tui/theme"
)

func TestWidth_Chinese(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "中文": 4, "a中": 3, "→": 1, "é": 1, "\x1b[1mab\x1b[m": 2, "¥12": 3, "⣿": 1} {
		if got := Width(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		name, got, want string
	}{
		{"cut in the middle of a wide character", Fit("中文字", 4), "中~ "},
		{"cut evenly", Fit("中文字", 5), "中文~"},
		{"padded", Fit("中", 4), "中  "},
		{"exact", Fit("中文", 4), "中文"},
		{"nothing", Fit("中文", 0), ""},
		{"negative", Fit("中文", -3), ""},
		{"one column", Fit("中文", 1), "~"},
		{"figure to the right", FitRight("1,234", 7), "  1,234"},
		{"figure that does not fit is no number", FitRight("1,234,567", 5), "#####"},
		{"signed figure that does not fit", FitRight("-1,234.5万", 5), "#####"},
		{"word to the right is cut", FitRight("total", 3), "to~"},
		{"centred", FitCenter("ab", 5), " ab  "},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestFit_AlwaysExact(t *testing.T) {
	rnd := storetest.Rand(t)
	letters := []rune("ab1,. 中文字公司→é한ｗ~\u0301")
	for range 5000 {
		r := make([]rune, rnd.IntN(20))
		for i := range r {
			r[i] = letters[rnd.IntN(len(letters))]
		}
		w := rnd.IntN(24)
		for _, a := range []Align{Left, Right, Center} {
			if got := a.Pad(string(r), w); Width(got) != w {
				t.Fatalf("%q in %d columns, align %d: %q is %d wide", string(r), w, a, got, Width(got))
			}
		}
	}
}

func TestColumns_AddUp(t *testing.T) {
	for w := range 200 {
		for _, weights := range [][]int{{1}, {1, 1}, {3, 2}, {1, 2, 3}, {0, 1}} {
			parts, sum := (Size{w, 5}).Columns(weights...), len(weights)-1
			for _, p := range parts {
				if p.W < 0 || p.H != 5 {
					t.Fatalf("%d by %v: %v", w, weights, parts)
				}
				sum += p.W
			}
			if sum != max(w, len(weights)-1) {
				t.Fatalf("%d by %v: %v add up to %d", w, weights, parts, sum)
			}
		}
	}
}

func TestRow_OneSequencePerRun(t *testing.T) {
	a, b := theme.Style("\x1b[0;1m"), theme.Style("\x1b[0;2m")
	got := NewRow(20).Add(a, "x").Add(a, "y").Gap(1).Cell(b, "中", 4, Right).Padded(b)
	if want := "\x1b[0;1mxy\x1b[m \x1b[0;2m  中             \x1b[m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := NewRow(3).Add(a, "中文").Add(b, "z").String(); Width(got) > 3 || Plain(got) != "中~" {
		t.Errorf("an overfull row is %q", got)
	}
	if got := NewRow(0).Add(a, "x").Gap(5).Padded(b); got != "" {
		t.Errorf("a row without room is %q", got)
	}
}

func TestFrameAndCard_EverySize(t *testing.T) {
	for w := range 30 {
		for h := range 12 {
			s := Size{w, h}
			for _, v := range []string{Frame([]string{"中文中文中文中文中文", "b"}, s), Card("窗口太小: needs 60 x 20\nsecond line of it", "\x1b[0;1m", s)} {
				lines := strings.Split(v, "\n")
				if len(lines) != max(1, h) {
					t.Fatalf("%v: %d lines", s, len(lines))
				}
				for _, l := range lines {
					if Width(l) > w {
						t.Fatalf("%v: %q is %d wide", s, l, Width(l))
					}
				}
			}
		}
	}
}

func BenchmarkRow_Chinese(b *testing.B) {
	st := theme.Style("\x1b[0;1m")
	for b.Loop() {
		_ = NewRow(120).Cell("", "宏达集团有限公司", 30, Left).Cell(st, "1,234.5万", 12, Right).Cell("", "in negotiation", 20, Left).String()
	}
}

// The quick path of Width must agree with the library that the renderer uses.
func TestWidth_AgreesWithTheRenderer(t *testing.T) {
	for r := rune(0x20); r < 0x30000; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		if s := "a" + string(r) + "中"; Width(s) != ansi.StringWidth(s) {
			t.Fatalf("%U: %d, the renderer says %d", r, Width(s), ansi.StringWidth(s))
		}
	}
	parts := []string{"a", "中", "e\u0301", "\x1b[1m", "\x1b[m", "\x1b[38;5;7m", "\x1b[4:3m", "\x1b[2K", "\x1b[", "\x1b", "\x1b]8;;x\x07", "m", "█", "\xff", "\u200d", "👩", "\ufe0f", "\n", "；"}
	rng := rand.New(rand.NewPCG(7, 1))
	for range 20_000 {
		s := ""
		for range 1 + rng.IntN(6) {
			s += parts[rng.IntN(len(parts))]
		}
		if Width(s) != ansi.StringWidth(s) {
			t.Fatalf("%q: %d, the renderer says %d", s, Width(s), ansi.StringWidth(s))
		}
	}
}

func TestFlow_BreaksBetweenRuns(t *testing.T) {
	runs := []Run{{"", "alpha"}, {"", ""}, {"", "中文字"}, {"", "a run wider than the line"}, {"", "z"}}
	for w, want := range map[int][]string{
		60: {" alpha  中文字  a run wider than the line  z"}, 16: {" alpha  中文字", " a run wider th~", " z"}, 15: {" alpha  中文字", " a run wider t~", " z"}, 0: nil,
	} {
		if got := Flow(w, runs...); !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", w, got, want)
		}
	}
	if got := Flow(20); got != nil {
		t.Errorf("nothing gives %q", got)
	}
}
