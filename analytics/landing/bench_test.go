package landing_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/store/company"
)

// large is the synthetic company with so many deals: 4,000, or as many as FLIGHTDECK_DEALS says (1000000 is what the figures are promised for; it takes some
// gigabytes).
func large(b *testing.B) *analytics.Book {
	b.Helper()
	now := time.Date(2026, 5, 20, 7, 0, 0, 0, time.UTC)
	size := company.Demo
	if n, err := strconv.Atoi(os.Getenv("FLIGHTDECK_DEALS")); err == nil && n > 0 {
		share := func(v int) int { return max(10, v*n/company.Full.Deals) }
		size = company.Size{Regions: 8, Teams: share(company.Full.Teams), Reps: share(company.Full.Reps), Accounts: share(company.Full.Accounts), Deals: n,
			Touches: n, Quarters: 8, Months: 2}
	}
	org := company.Org()
	all := store.Records{Org: &org}
	if err := company.Generate(company.Config{Seed: 1, Now: now, Size: size}, func(r *store.Records) error { all.Append(r); return nil }); err != nil {
		b.Fatal(err)
	}
	return analytics.FromRecords(&all, analytics.Options{Now: func() time.Time { return now }})
}

// BenchmarkLanding guards the ways to a landing: learning in the background, the first answer for the whole company, one for a team.
func BenchmarkLanding(b *testing.B) {
	book := large(b)
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
	b.Run("company", func(b *testing.B) {
		for b.Loop() {
			l = o.Of(analytics.Scope{})
		}
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
