package theme

import (
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/lucasb-eyer/go-colorful"
)

var profiles = []colorprofile.Profile{colorprofile.NoTTY, colorprofile.ASCII, colorprofile.ANSI, colorprofile.ANSI256, colorprofile.TrueColor}

func TestTheme_ProfileIsObeyed(t *testing.T) {
	for _, dark := range []bool{true, false} {
		for _, p := range profiles {
			for name, s := range styles(New(p, dark)) {
				if s == "" {
					continue
				}
				if !strings.HasPrefix(string(s), "\x1b[0;") || !strings.HasSuffix(string(s), "m") {
					t.Errorf("%v %s: %q does not reset first", p, name, s)
				}
				_, rgb, _ := colors(s)
				switch {
				case p == colorprofile.NoTTY,
					p == colorprofile.ASCII && regexp.MustCompile(`[;\[](3|4|9|10)\d`).MatchString(string(s)),
					p == colorprofile.ANSI && strings.Contains(string(s), "8;"),
					p == colorprofile.ANSI256 && rgb:
					t.Errorf("%v %s: %q is more than the terminal has", p, name, s)
				}
			}
		}
	}
}

// Text must be readable: WCAG 2 contrast of at least 4.5 on what it stands on, here an all but black and an all but white terminal.
func TestTheme_Contrast(t *testing.T) {
	for _, dark := range []bool{true, false} {
		under := color.Color(color.RGBA{0xfa, 0xfa, 0xfa, 0xff})
		if dark {
			under = color.RGBA{0x1e, 0x1e, 0x1e, 0xff}
		}
		for _, p := range []colorprofile.Profile{colorprofile.ANSI256, colorprofile.TrueColor} {
			for name, s := range styles(New(p, dark)) {
				fg, _, bg := colors(s)
				want := 4.5
				switch {
				case fg == nil, fg != nil && bg != nil && fg == bg: // the default, or solid cells
					continue
				case name == "Border" || name == "Track":
					want = 2
				}
				back := under
				if bg != nil {
					back = bg
				}
				if got := contrast(fg, back); got < want {
					t.Errorf("dark %v %v %s: contrast %.1f, want %.1f (%q)", dark, p, name, got, want, s)
				}
			}
		}
	}
}

func TestTheme_RampsAreEvenAndTellLevelsApart(t *testing.T) {
	for _, dark := range []bool{true, false} {
		for _, p := range []colorprofile.Profile{colorprofile.ANSI256, colorprofile.TrueColor} {
			th := New(p, dark)
			for name, ramp := range map[string][HeatSteps]Style{"heat": th.Heat, "rise": th.Rise, "fall": th.Fall} {
				var last float64
				for i := 1; i < HeatSteps; i++ {
					_, _, bg := colors(ramp[i])
					if bg == nil {
						t.Fatalf("%s %d: no background in %q", name, i, ramp[i])
					}
					c, _ := colorful.MakeColor(bg)
					l, _, _ := c.OkLab()
					if i > 1 && (dark && l <= last || !dark && l >= last) {
						t.Errorf("dark %v %v %s: step %d does not go on (%.3f after %.3f)", dark, p, name, i, l, last)
					}
					last = l
				}
			}
		}
	}
	seen := map[byte]bool{}
	for i := range HeatSteps {
		seen[Shade(i)] = true
	}
	if len(seen) != HeatSteps || Shade(-1) != ' ' || Shade(99) != '#' && Shade(99) != '@' {
		t.Errorf("shades do not tell %d levels apart", HeatSteps)
	}
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		v, top float64
		want   int
	}{{0, 10, 0}, {-1, 10, 0}, {1, 0, 0}, {0.001, 10, 1}, {10, 10, 8}, {99, 10, 8}, {5, 10, 4}, {5.1, 10, 5}} {
		if got := Level(c.v, c.top); got != c.want {
			t.Errorf("Level(%v, %v) = %d, want %d", c.v, c.top, got, c.want)
		}
	}
}

func styles(t *Theme) map[string]Style {
	m := map[string]Style{
		"Text": t.Text, "Strong": t.Strong, "Muted": t.Muted, "Title": t.Title, "Header": t.Header, "Accent": t.Accent, "Good": t.Good, "Warn": t.Warn, "Bad": t.Bad,
		"Selection": t.Selection, "Cursor": t.Cursor, "Mark": t.Mark, "Border": t.Border, "Past": t.Past, "Input": t.Input, "Track": t.Track, "GoodBar": t.GoodBar, "WarnBar": t.WarnBar, "BadBar": t.BadBar,
	}
	for i := range t.Series {
		m[fmt.Sprint("Series", i)], m[fmt.Sprint("Fill", i)] = t.Series[i], t.Fill[i]
	}
	for i := range t.Heat {
		m[fmt.Sprint("Heat", i)], m[fmt.Sprint("Rise", i)], m[fmt.Sprint("Fall", i)] = t.Heat[i], t.Rise[i], t.Fall[i]
	}
	return m
}

// colors reads a sequence back: foreground, whether true colour was used, background.
func colors(s Style) (fg color.Color, rgb bool, bg color.Color) {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(string(s), "\x1b["), "m"), ";")
	num := func(i int) int { n, _ := strconv.Atoi(parts[i]); return n }
	for i := 0; i < len(parts); i++ {
		n := num(i)
		if n != 38 && n != 48 {
			continue
		}
		var c color.Color
		if num(i+1) == 2 {
			rgb = true
			c = color.RGBA{uint8(num(i + 2)), uint8(num(i + 3)), uint8(num(i + 4)), 0xff}
			i += 4
		} else {
			c = ansi.IndexedColor(uint8(num(i + 2)))
			i += 2
		}
		if n == 38 {
			fg = c
		} else {
			bg = c
		}
	}
	return fg, rgb, bg
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// TestTheme_SixteenColoursAreTheOnesChosen: the library's nearest of the sixteen to #808080 is white, which is invisible on a light background.
func TestTheme_SixteenColoursAreTheOnesChosen(t *testing.T) {
	for i, h := range ansi16 {
		want := fmt.Sprintf("\x1b[0;%dm", 30+i)
		if i >= 8 {
			want = fmt.Sprintf("\x1b[0;%dm", 90+i-8)
		}
		if got := (builder{p: colorprofile.ANSI}).fg(h, ""); string(got) != want {
			t.Errorf("colour %d: %q, want %q", i, got, want)
		}
	}
	if got := New(colorprofile.ANSI, false).Muted; got != "\x1b[0;90m" {
		t.Errorf("muted on a light background: %q", got)
	}
}
