// Package theme turns the meaning of a piece of text (good, muted, selected, the fifth heat level) into the escape sequence that one session's terminal
// wants for it.
//
// A [Theme] is immutable and belongs to one session: many sessions with different terminals live in one process, so nothing here is a
// package-level palette and nothing asks os.Stdout. Sequences are built once in [New]; drawing only copies strings, which is what makes a
// 26×40 heat map cost microseconds instead of milliseconds. Another profile or background is another Theme, and a
// view's memo is keyed by the pointer.
//
// Colours are chosen in OKLab so that steps look even, are degraded here (not by the writer below) so that their contrast can be tested per profile,
// and never carry a meaning alone: each use also has a word, a digit, a sign or a shade.
package theme

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/lucasb-eyer/go-colorful"
)

// Style is a complete SGR sequence that first resets, so that switching from any style to any other is one sequence. The empty Style is the
// terminal's own default.
type Style string

// Reset ends a styled run.
const Reset = "\x1b[m"

// Render returns text in style s, reset at the end. For a row of several runs use layout.Row, which resets once.
func (s Style) Render(text string) string {
	if s == "" || text == "" {
		return text
	}
	return string(s) + text + Reset
}

// HeatSteps is how many levels a heat ramp has, level 0 being "nothing".
const HeatSteps = 9

// Theme holds the styles of one terminal. It is immutable; share it freely within the session.
type Theme struct {
	Profile colorprofile.Profile
	Dark    bool

	Text      Style // the terminal's default
	Strong    Style // figures that matter
	Muted     Style // labels, units, what may be overlooked
	Title     Style // the title line
	Header    Style // column headings
	Accent    Style // links, keys, the current thing
	Good      Style
	Warn      Style
	Bad       Style
	Selection Style // the selected row, all of it
	Cursor    Style // the selected cell of a grid: stands out from every step of the ramps
	Mark      Style // marked rows
	Border    Style // rules and axes
	Past      Style // "as of" in the past: must not be overlooked
	Input     Style // text being typed

	Series  [6]Style         // foregrounds for lines and words of up to six series
	Fill    [6]Style         // the same as solid cells: text and background in one colour, so that a bar's glyphs vanish in it
	Track   Style            // the unfilled part of a bar
	Heat    [HeatSteps]Style // background ramp with readable text on it
	Rise    [HeatSteps]Style // as Heat in the good hue, for a step up
	Fall    [HeatSteps]Style // as Heat in the bad hue, for a step down
	GoodBar Style            // solid cells
	WarnBar Style
	BadBar  Style
}

// New builds the theme for a terminal's colour profile and background. Under NoTTY every style is empty; under Ascii only bold, underline
// and reverse are used.
func New(p colorprofile.Profile, dark bool) *Theme {
	b := builder{p: p, dark: dark}
	t := &Theme{Profile: p, Dark: dark}
	t.Strong = b.fg("", "1")
	t.Title = b.fg("", "1")
	t.Selection, t.Cursor = b.selection(), b.seq("1", "7")
	if p < colorprofile.ANSI {
		t.Header, t.Accent, t.Bad, t.Warn, t.Past, t.Mark, t.Input = b.fg("", "4"), b.fg("", "1"), b.fg("", "1"), b.fg("", "1"), b.fg("", "1;7"), b.fg("", "1"), b.fg("", "4")
		return t
	}
	c := b.palette()
	if p >= colorprofile.ANSI256 && dark {
		t.Cursor = b.on("#ffffff", "1")
	} else if p >= colorprofile.ANSI256 {
		t.Cursor = b.on("#000000", "1")
	}
	t.Muted, t.Header, t.Accent = b.fg(c.muted, ""), b.fg(c.muted, "1;4"), b.fg(c.accent, "")
	t.Good, t.Warn, t.Bad = b.fg(c.good, ""), b.fg(c.warn, ""), b.fg(c.bad, "1")
	t.Mark, t.Border, t.Past, t.Input = b.fg(c.warn, "1"), b.fg(c.border, ""), b.on(c.past, "1"), b.fg(c.accent, "4")
	for i, h := range c.series {
		t.Series[i], t.Fill[i] = b.fg(h, ""), b.solid(h)
	}
	t.Track = b.fg(c.border, "")
	t.GoodBar, t.WarnBar, t.BadBar = b.solid(c.good), b.solid(c.warn), b.solid(c.bad)
	b.ramp(&t.Heat, c.heatLow, c.heatHigh, c.heat256)
	b.ramp(&t.Rise, c.riseLow, c.riseHigh, c.rise256)
	b.ramp(&t.Fall, c.fallLow, c.fallHigh, c.fall256)
	return t
}

// shades tell heat levels apart where colour cannot; they are ASCII so that they are one column on every terminal.
const shades = " .:-=+*#@"

// Level returns the heat level of v on a scale from 0 to max: 0 for nothing, 1 to HeatSteps-1 for anything above.
func Level(v, max float64) int {
	if !(v > 0) || !(max > 0) {
		return 0
	}
	return min(HeatSteps-1, 1+int(v/max*(HeatSteps-1)*0.99999))
}

// Shade returns the one-column glyph of a heat level, so that a level can be read without colour.
func Shade(level int) byte { return shades[max(0, min(level, len(shades)-1))] }

type builder struct {
	p    colorprofile.Profile
	dark bool
}

func (b builder) seq(parts ...string) Style {
	var s []string
	for _, p := range parts {
		if p != "" {
			s = append(s, p)
		}
	}
	if len(s) == 0 || b.p <= colorprofile.NoTTY {
		return ""
	}
	return Style("\x1b[0;" + strings.Join(s, ";") + "m")
}

// fg is hex as the text's colour; "" keeps the terminal's.
func (b builder) fg(hex, attr string) Style { return b.seq(attr, b.code(hex, false)) }

// on is hex as the background with the more readable of black and white upon it.
func (b builder) on(hex, attr string) Style {
	return b.seq(attr, b.code(ink(b.shown(hex)), false), b.code(hex, true))
}

func (b builder) solid(hex string) Style { return b.seq(b.code(hex, false), b.code(hex, true)) }

func (b builder) selection() Style {
	switch {
	case b.p >= colorprofile.ANSI256 && b.dark:
		return b.seq("1", b.code("#ffffff", false), b.code("#1f4f82", true))
	case b.p >= colorprofile.ANSI256:
		return b.seq("1", b.code("#000000", false), b.code("#b9d7f5", true))
	}
	return b.seq("7")
}

func (b builder) ramp(to *[HeatSteps]Style, low, high string, steps [HeatSteps - 1]uint8) {
	if b.p < colorprofile.ANSI256 { // sixteen colours hold no even ramp: the shade glyph carries the level
		for i := range to {
			switch {
			case i == 0:
				to[i] = b.fg("", "")
			case i <= 4:
				to[i] = b.fg(high, "")
			default:
				to[i] = b.on(high, "")
			}
		}
		return
	}
	from, _ := colorful.Hex(low)
	till, _ := colorful.Hex(high)
	for i := 1; i < HeatSteps; i++ {
		c := from.BlendOkLab(till, float64(i-1)/float64(HeatSteps-2)).Clamped()
		if b.p == colorprofile.ANSI256 { // picked by hand: the nearest of the 256 swaps neighbouring steps and is mostly grey
			c, _ = colorful.MakeColor(ansi.IndexedColor(steps[i-1]))
		}
		to[i] = b.on(c.Hex(), "")
	}
}

// shown returns the colour that the terminal will show for hex in this profile.
func (b builder) shown(hex string) color.Color {
	if i := slices.Index(ansi16[:], hex); i >= 0 && b.p == colorprofile.ANSI { // the library takes #808080 for white, which a light background swallows
		return ansi.BasicColor(i)
	}
	c, err := colorful.Hex(hex)
	if err != nil {
		return color.Black
	}
	return b.p.Convert(c)
}

func (b builder) code(hex string, back bool) string {
	if hex == "" {
		return ""
	}
	base := 38
	if back {
		base = 48
	}
	switch c := b.shown(hex).(type) {
	case nil:
		return ""
	case ansi.BasicColor:
		n := int(c)
		switch {
		case n >= 8 && back:
			return fmt.Sprint(100 + n - 8)
		case n >= 8:
			return fmt.Sprint(90 + n - 8)
		}
		return fmt.Sprint(base - 8 + n)
	case ansi.IndexedColor:
		return fmt.Sprintf("%d;5;%d", base, uint8(c))
	default:
		r, g, bl, _ := c.RGBA()
		return fmt.Sprintf("%d;2;%d;%d;%d", base, r>>8, g>>8, bl>>8)
	}
}

// ink returns black or white, whichever contrasts more with c (WCAG 2 relative luminance).
func ink(c color.Color) string {
	if luminance(c) > 0.179 {
		return "#000000"
	}
	return "#ffffff"
}

func luminance(c color.Color) float64 {
	if c == nil {
		return 0
	}
	f, _ := colorful.MakeColor(c)
	r, g, b := f.LinearRgb()
	return 0.2126*r + 0.7152*g + 0.0722*b
}
