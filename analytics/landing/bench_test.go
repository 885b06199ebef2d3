package landing_test

import (
	"runtime"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/landing"
	"flightdeck/store"
)

// BenchmarkLanding guards the ways to a landing: learning in the background, the first answer for the whole company, one for a team.
func BenchmarkLanding(b *testing.B) {
	book := booktest.Large(b)
	var o *landing.Outlook
	b.Run("learn", func(b *testing.B) {
		for b.Loop() {
			o = landing.Learn(book, book.Today())
		}
	})
	if o == nil {
		o = landing.Learn(book, book.Today())
	}
	var l *landing.Landing
	forecast.Of(book, analytics.Scope{})
	book.Settle() // a process has the order in which deals stand by then: Live asks first
	runtime.GC()  // marking some gigabytes of a test's records takes longer than an answer, and half of the processors
	b.Run("company", func(b *testing.B) {
		first := time.Duration(0)
		for b.Loop() {
			began := time.Now()
			l = o.Of(analytics.Scope{})
			if first == 0 {
				first = time.Since(began)
			}
		}
		b.ReportMetric(float64(first.Microseconds())/1e3, "first-ms")
		b.ReportMetric(float64(l.Rows[0].Deals), "open-deals")
		b.ReportMetric(float64(len(l.Rows)), "rows")
	})
	b.Run("team", func(b *testing.B) {
		var team store.ID
		for _, n := range book.Nodes() {
			if n.Kind == store.UnitTeam.String() {
				team = n.ID
				break
			}
		}
		for b.Loop() {
			o.Of(analytics.Scope{Node: team})
		}
	})
	b.Run("what-if", func(b *testing.B) {
		deals, _ := l.Deals("", 1)
		if len(deals) == 0 {
			b.Skip("no open deal")
		}
		for i := 0; b.Loop(); i++ {
			if _, err := l.With(landing.Change{Deal: deals[0].ID, Close: book.Today() + analytics.Day(1+i%60)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
