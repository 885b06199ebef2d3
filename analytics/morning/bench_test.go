package morning_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/morning"
)

// BenchmarkMorning guards the first screen of the day: asked of a Book of which nobody has asked anything about today, and once more, which is what a commit that brings nothing costs.
func BenchmarkMorning(b *testing.B) {
	book := booktest.Large(b)
	ask := func(s analytics.Scope) *morning.Answer {
		return morning.Of(book, desk.View{}, nil, morning.Question{Scope: s})
	}
	ask(analytics.Scope{}) // what is learned per day, such as usual cycles, is not the morning's
	b.Run("another day", func(b *testing.B) {
		day := book.Today()
		for b.Loop() {
			day--
			ask(analytics.Scope{AsOf: day})
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			ask(analytics.Scope{})
		}
	})
}
