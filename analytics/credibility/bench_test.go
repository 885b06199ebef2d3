package credibility_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/desk"
)

// BenchmarkCredibility guards the way to a list of every open deal: the first one of a day, which nothing remembers, and a deal's own screen.
func BenchmarkCredibility(b *testing.B) {
	book := booktest.Large(b)
	b.Run("list", func(b *testing.B) {
		var l *credibility.List
		for i := 0; b.Loop(); i++ {
			l = credibility.Of(book, desk.View{}, nil, analytics.Scope{AsOf: book.Today() - analytics.Day(i%400)})
		}
		b.ReportMetric(float64(l.Count), "open-deals")
	})
	b.Run("deal", func(b *testing.B) {
		id := credibility.Of(book, desk.View{}, nil, analytics.Scope{}).Rows.At(0).Deal.ID
		for b.Loop() {
			if _, err := credibility.Deal(book, desk.View{}, nil, analytics.Scope{}, id); err != nil {
				b.Fatal(err)
			}
		}
	})
}
