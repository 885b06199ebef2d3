package booktest

import (
	"os"
	"strconv"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/company"
)

// Large is the synthetic company with so many deals: 4,000, or as many as FLIGHTDECK_DEALS says (1000000 is what figures are promised for; it takes some
// gigabytes), with a touch per deal.
func Large(b *testing.B) *analytics.Book {
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
