package deviation_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/deviation"
)

// BenchmarkDeviation guards the month's report of misses: of a month of which nobody asked yet, and once more.
func BenchmarkDeviation(b *testing.B) {
	book := booktest.Large(b)
	month := func(n int) analytics.Scope {
		return analytics.Scope{Period: book.Calendar().Month(book.Today(), -1-n)}
	}
	b.Run("another month", func(b *testing.B) {
		n := 0
		for b.Loop() {
			deviation.Of(book, desk.View{}, nil, month(n%12))
			n++
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			deviation.Of(book, desk.View{}, nil, month(0))
		}
	})
}
