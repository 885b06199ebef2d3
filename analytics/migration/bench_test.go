package migration

import (
	"os"
	"strconv"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/company"
)

// BenchmarkMatrix guards the way to the matrix of any two months of the whole company. Accounts are 20,000, or as many as FLIGHTDECK_ACCOUNTS says; 200,000 is what the figure is
// promised for.
func BenchmarkMatrix(b *testing.B) {
	accounts := 20_000
	if n, err := strconv.Atoi(os.Getenv("FLIGHTDECK_ACCOUNTS")); err == nil && n > 0 {
		accounts = n
	}
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	org := company.Org()
	all := store.Records{Org: &org}
	size := company.Size{Regions: 8, Teams: 40, Reps: 400, Accounts: accounts, Deals: 10_000, Touches: 10_000, Sales: 10 * accounts, Quarters: 8, Months: 24}
	if err := company.Generate(company.Config{Seed: 1, Now: now, Size: size}, func(r *store.Records) error { all.Append(r); return nil }); err != nil {
		b.Fatal(err)
	}
	book := analytics.FromRecords(&all, analytics.Options{Now: func() time.Time { return now }})
	end := func(back int) analytics.Day { return book.Calendar().Month(book.Today(), -back).From - 1 }
	question := func(i int) analytics.Scope {
		to := i % 8
		return analytics.Scope{Period: analytics.Period{From: end(to+1+i%5) + 1, To: end(to)}}
	}
	for i := range 8 { // the month ends are made ready when a process starts
		Of(book, question(i))
	}
	book.Settle()
	for i := 0; b.Loop(); i++ {
		Of(book, question(i))
	}
	b.ReportMetric(float64(book.Accounts()), "accounts")
}
