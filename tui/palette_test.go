package tui_test

import (
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// TestPalette_TheOldAnswerStays: until the answer to a letter is there, what the letter before found is on the screen, and a late answer is dropped.
func TestPalette_TheOldAnswerStays(t *testing.T) {
	r := start(t, 80, 24, tui.Options{}, nil)
	r.Keys(":")
	r.Type("them")
	if v := r.text(); !strings.Contains(v, "theme") || strings.Contains(v, "redraw") {
		t.Fatalf("typed them:\n%s", v)
	}
	_, late := r.shell.Update(tuitest.Key("x"))
	if v := r.text(); !strings.Contains(v, "theme") {
		t.Errorf("before the answer the one before is gone:\n%s", v)
	}
	r.Keys("backspace", "backspace", "backspace", "backspace", "h", "e", "l", "p")
	for _, m := range tuitest.Msgs(late) {
		r.Send(m)
	}
	if v := r.text(); !strings.Contains(v, "help") || strings.Contains(v, "theme") {
		t.Errorf("the late answer was taken:\n%s", v)
	}
}

// BenchmarkKey_Palette is opening the palette over a million deals and typing a name into it, of a Book that nobody has looked for anything in: from the key to the view,
// for the opening, the first letter, and the mean of those after it.
func BenchmarkKey_Palette(b *testing.B) {
	book := tuitest.Million(b)
	for _, text := range []string{"宁德新能源", "pump", "erp2", "王"} {
		b.Run(text, func(b *testing.B) {
			var open, first, later float64
			for b.Loop() {
				b.StopTimer()
				next := tuitest.Fresh(b, book)
				r := start(b, 160, 48, tui.Options{}, func(r *rig) { r.env.Book = func() *analytics.Book { return next } })
				press := func(key string) float64 {
					t := tuitest.Stopwatch()
					r.Keys(key)
					if len(r.shell.View().Content) == 0 {
						b.Fatal("empty")
					}
					return t()
				}
				b.StartTimer()
				open += press(":")
				for i, letter := range []rune(text) {
					if took := press(string(letter)); i == 0 {
						first += took
					} else {
						later += took
					}
				}
			}
			n := float64(b.N) * 1000
			b.ReportMetric(open/n, "ms/open")
			b.ReportMetric(first/n, "ms/first")
			b.ReportMetric(later/n/float64(max(1, len([]rune(text))-1)), "ms/later")
		})
	}
}
