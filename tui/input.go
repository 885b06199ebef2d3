package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/pane"
)

// overlay takes the keys before the pane does. It is on top of the body, or in the footer alone.
type overlay interface {
	key(s *Shell, k tea.KeyPressMsg) tea.Cmd
	paste(s *Shell, text string) tea.Cmd
	take(s *Shell, msg tea.Msg) tea.Cmd // an answer to its own command, sent to overlayPlace
	refresh(s *Shell)                   // theme, language or book changed
	body(s *Shell, size layout.Size) (view string, ok bool)
	footer(s *Shell, w int) (line string, cursor int) // cursor's column; -1: none
}

// overlayPlace is where commands of the overlay send their messages: no pane has Kind None.
var overlayPlace = pane.Place{Kind: pane.None, ID: "overlay"}

// input edits one line. It draws itself with the terminal's own cursor: nothing blinks by timer, and an input method finds the place.
type input struct{ field textinput.Model }

func newInput(value string) input {
	f := textinput.New()
	f.SetVirtualCursor(false)
	f.Prompt = ""
	f.CharLimit = 200
	f.KeyMap.Paste.SetEnabled(false) // it would read the clipboard of the machine that this runs on; terminals paste by themselves
	f.SetValue(value)
	f.CursorEnd()
	f.Focus()
	return input{f}
}

func (i *input) value() string { return i.field.Value() }

// edit obeys a key and reports whether the text changed.
func (i *input) edit(k tea.KeyPressMsg) bool {
	before := i.field.Value()
	i.field, _ = i.field.Update(k)
	return i.field.Value() != before
}

// insert takes pasted text as one clean line.
func (i *input) insert(text string) {
	text = store.Clean(text, 200)
	r := []rune(i.field.Value())
	at := min(i.field.Position(), len(r))
	i.field.SetValue(string(r[:at]) + text + string(r[at:]))
	i.field.SetCursor(at + len([]rune(text)))
}

// line draws prompt and text in w columns, the text's end when it does not fit, and returns the cursor's column.
func (i *input) line(s *Shell, prompt string, w int) (string, int) {
	th, r := s.env.Theme, layout.NewRow(w)
	r.Add(th.Accent, prompt)
	room := max(1, r.Left()-1)
	runes := []rune(i.value())
	at := min(i.field.Position(), len(runes))
	from := 0
	for from < at && layout.Width(string(runes[from:at])) > room {
		from++
	}
	x := min(w-1, layout.Width(prompt)+layout.Width(string(runes[from:at])))
	r.Add(th.Input, string(runes[from:]))
	return r.String(), max(0, x)
}

// oneLine makes text from anywhere safe for one row.
func oneLine(s string) string { return store.Clean(strings.TrimSpace(s), 400) }

// filter narrows the pane's rows while one types.
type filter struct {
	input
	to     pane.Filterer
	before string
}

// asOf asks for a day.
type asOf struct {
	input
	wrong string
}
