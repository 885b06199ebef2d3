package tuitest

import (
	"context"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
)

// Months are the days on which the customers of [Judged] were judged.
var Months = []store.Day{store.Date(2026, 6, 30), store.Date(2026, 7, 31), store.Date(2026, 8, 31), store.Date(2026, 9, 17)}

var judged = sync.OnceValues(func() (*analytics.Book, error) {
	c, err := company.New(company.Config{Seed: 1, Now: Now, Size: Small})
	if err != nil {
		return nil, err
	}
	r, org := c.Take(), company.Org()
	r.Org, r.Grades, r.Health = &org, nil, nil
	kept := r.Readings[:0]
	last := Months[len(Months)-1]
	for _, m := range r.Readings {
		if m.Day <= last {
			kept = append(kept, m)
		}
	}
	r.Readings = kept
	newest := map[store.ID]store.Reading{}
	for _, m := range r.Readings {
		if was, ok := newest[m.Account]; !ok || m.Day > was.Day {
			newest[m.Account] = m
		}
	}
	for id, m := range newest {
		values := map[string]float64{}
		for k, v := range m.Values {
			values[k] = v
		}
		values["depth"] = 0
		r.Readings = append(r.Readings, store.Reading{ID: id + ".held", Account: id, Day: last, Values: values})
	}
	book := func() *analytics.Book {
		return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return Now }})
	}
	var holds []grade.Hold
	for _, day := range Months {
		at := day.Time(time.UTC).Add(14 * time.Hour) // in the evening, in Shanghai
		o, err := grade.Evaluate(context.Background(), book(), rule.GradingSection.Of(nil), grade.Options{Day: day, At: at, Rule: "1 (0badcafe)", Why: "month", Holds: holds})
		if err != nil {
			return nil, err
		}
		holds = o.Holds
		r.Evaluations = append(r.Evaluations, o.Evaluations...)
		for _, m := range o.Moves {
			id := store.MakeID(grade.Source, string(m.Account)+day.String())
			r.Grades = append(r.Grades, store.GradeChange{ID: id, Account: m.Account, From: m.From, To: m.To, At: at.Add(-time.Hour), Seen: at, Rule: "1 (0badcafe)", Cause: "the score moved"})
		}
	}
	return book(), nil
})

// Judged returns the Book of the company Small, graded by the rules instead of by its own system: evaluations and grade changes are stored as of [Months], and on the last of
// them feature depth came from its source as a default, 0 for everybody, so that it is held. The Book is shared.
func Judged(tb testing.TB) *analytics.Book {
	tb.Helper()
	b, err := judged()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
