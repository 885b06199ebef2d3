package list

import (
	"testing"

	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// BenchmarkKey_FilterFirstLetter is typing a word into the filter of a list of a million, of a Book that nobody has looked for anything in: the first letter, and the
// mean of those after it, from the key to the view. What Update itself takes of the first stands beside it.
func BenchmarkKey_FilterFirstLetter(b *testing.B) {
	book := tuitest.Million(b)
	for _, kind := range []pane.Kind{pane.Deals, pane.Accounts, pane.Touches} {
		for _, text := range []string{"控制柜", "pump", "停滞", "王"} {
			b.Run(kind.String()+"/"+text, func(b *testing.B) {
				var update, first, later float64
				for b.Loop() {
					b.StopTimer()
					next := tuitest.Fresh(b, book) // no word of the round before is known in it
					d := tuitest.Drive(b, of(pane.Place{Kind: kind})(tuitest.Env(b, next, locale.Chinese)), layout.Size{W: 160, H: 46})
					d.P.(*model).data.Value.settle() // as it is by the time somebody types
					_ = d.P.View()
					b.StartTimer()
					typed := ""
					for i, letter := range []rune(text) {
						typed += string(letter)
						t := tuitest.Stopwatch()
						cmd := d.P.(pane.Filterer).SetFilter(typed)
						if i == 0 {
							update += t()
						}
						tuitest.Run(b, cmd, route(d))
						_ = d.P.View()
						if i == 0 {
							first += t()
						} else {
							later += t()
						}
					}
				}
				n := float64(b.N)
				b.ReportMetric(update/n, "µs-in-Update")
				b.ReportMetric(first/n/1000, "ms/first")
				b.ReportMetric(later/n/1000/float64(max(1, len([]rune(text))-1)), "ms/later")
			})
		}
	}
}
