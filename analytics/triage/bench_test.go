package triage_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/cycle"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/triage"
)

// BenchmarkTriage guards the way to the queue: learning what is usual, once per Book and day and never on a key's way; raising every flag of a day, likewise; and what a key press
// costs, which is laying the decisions over them.
func BenchmarkTriage(b *testing.B) {
	book := booktest.Large(b)
	b.Run("learn", func(b *testing.B) {
		for b.Loop() {
			cycle.Learn(book, nil, book.Today())
		}
	})
	cycle.For(book, nil, book.Today())
	b.Run("raise", func(b *testing.B) {
		for b.Loop() {
			fresh := rule.NewSchema(rule.ForecastSection).Default() // another pack: nothing that rests on rules is remembered
			triage.Of(book, desk.View{}, fresh, analytics.Scope{}, triage.Filter{})
		}
	})
	b.Run("key", func(b *testing.B) {
		var q *triage.Queue
		for b.Loop() {
			q = triage.Of(book, desk.View{}, nil, analytics.Scope{}, triage.Filter{})
			q.Flags.At(0)
		}
		b.ReportMetric(float64(q.Open.Flags), "flags")
	})
	b.Run("board", func(b *testing.B) {
		for b.Loop() {
			triage.BoardOf(book, desk.View{}, nil, analytics.Scope{})
		}
	})
}
