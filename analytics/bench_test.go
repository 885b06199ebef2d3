package analytics_test

import (
	"fmt"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/store"
	"flightdeck/store/company"
)

// demo is the demo's organisation: 4,000 deals, 60,000 touches.
func demo(tb testing.TB) (*store.Records, analytics.Options) {
	now := time.Date(2026, 5, 20, 7, 0, 0, 0, time.UTC)
	var all store.Records
	if err := company.Generate(company.Config{Seed: 1, Now: now}, func(r *store.Records) error { all.Append(r); return nil }); err != nil {
		tb.Fatal(err)
	}
	if all.Org == nil {
		o := company.Org()
		all.Org = &o
	}
	return &all, analytics.Options{Now: func() time.Time { return now }}
}

// held is a snapshot of records that lie in memory, in one block.
type held struct {
	store.Snapshot
	all *store.Records
}

func (h held) Rev() store.Rev                          { return 1 }
func (h held) All(fn func(*store.Records) error) error { return fn(h.all) }

func BenchmarkBuild(b *testing.B) {
	all, o := demo(b)
	for b.Loop() {
		if _, err := analytics.Build(held{all: all}, o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdvance(b *testing.B) {
	all, o := demo(b)
	book := analytics.FromRecords(all, o)
	b.Run("deal", func(b *testing.B) {
		cur, rev := book, store.Rev(1)
		for i := 0; b.Loop(); i++ {
			d := all.Deals[i%len(all.Deals)]
			d.Amount.Minor++
			rev++
			next, err := cur.Advance(&store.Delta{Rev: rev, Records: store.Records{Deals: []store.Deal{d}, Changes: []store.Change{{Deal: d.ID, Field: store.FieldAmount,
				To: d.Amount.String(), At: o.Now().Add(time.Duration(i) * time.Millisecond)}}}})
			if err != nil {
				b.Fatal(err)
			}
			cur = next
		}
	})
	b.Run("touch", func(b *testing.B) {
		cur, rev := book, store.Rev(1)
		for i := 0; b.Loop(); i++ {
			v := all.Touches[i%len(all.Touches)]
			v.ID = store.ID(fmt.Sprint("demo:new", i))
			rev++
			next, err := cur.Advance(&store.Delta{Rev: rev, Records: store.Records{Touches: []store.Touch{v}}})
			if err != nil {
				b.Fatal(err)
			}
			cur = next
		}
	})
}

// BenchmarkAnswer measures one question of each kind, now and a quarter ago, where nothing is current any more.
func BenchmarkAnswer(b *testing.B) {
	all, o := demo(b)
	book := analytics.FromRecords(all, o)
	for name, s := range map[string]analytics.Scope{"now": {}, "past": {AsOf: book.Today() - 90}} {
		b.Run("funnel/"+name, func(b *testing.B) {
			for b.Loop() {
				funnel.Of(book, s)
			}
		})
		b.Run("forecast/"+name, func(b *testing.B) {
			for b.Loop() {
				forecast.Of(book, s)
			}
		})
		b.Run("list/"+name, func(b *testing.B) {
			for b.Loop() {
				forecast.Deals(book, s, "")
			}
		})
		b.Run("deal/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := deal.Of(book, analytics.Scope{}, all.Deals[0].ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
