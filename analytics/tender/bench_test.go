package tender_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/tender"
)

// BenchmarkTender guards the matching of notices with open deals: the first time, on a day of which nobody asked, and once more.
func BenchmarkTender(b *testing.B) {
	book := booktest.Large(b)
	var a tender.Answer
	b.Run("another day", func(b *testing.B) {
		day := book.Today()
		for b.Loop() {
			day--
			a = tender.Of(book, desk.View{}, nil, analytics.Scope{AsOf: day}, true)
		}
		b.ReportMetric(float64(a.Notices), "notices")
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			a = tender.Of(book, desk.View{}, nil, analytics.Scope{}, true)
		}
		b.ReportMetric(float64(a.Notices), "notices")
	})
}
