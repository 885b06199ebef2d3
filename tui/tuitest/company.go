package tuitest

import (
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store/company"
)

// Small is a company for goldens: every kind of record, few enough rows to look at.
var Small = company.Size{Regions: 2, Teams: 3, Reps: 8, Accounts: 40, Deals: 160, Touches: 1500, Sales: 400, Quarters: 4, Months: 12}

// Company returns the Book of the seeded company as it is at Now. The same Book is shared by all tests of a process: it is immutable.
func Company(tb testing.TB, s company.Size) *analytics.Book {
	tb.Helper()
	books.Lock()
	defer books.Unlock()
	if b := books.of[s]; b != nil {
		return b
	}
	c, err := company.New(company.Config{Seed: 1, Now: Now, Size: s})
	if err != nil {
		tb.Fatal(err)
	}
	r := c.Take()
	org := company.Org()
	r.Org = &org
	b := analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return Now }})
	if books.of == nil {
		books.of = map[company.Size]*analytics.Book{}
	}
	books.of[s] = b
	return b
}

var books struct {
	sync.Mutex
	of map[company.Size]*analytics.Book
}
