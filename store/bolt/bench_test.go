package bolt

import (
	"context"
	"fmt"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

const benchPage = 10_000

// benchBatch is page n of a stream of deals as a CRM gives them: ascending numbers.
func benchBatch(n int) *store.Batch {
	b := storetest.Batch("crm", "deals", store.Cursor(fmt.Sprint(n)), store.Records{})
	for i := range benchPage {
		b.Deals = append(b.Deals, storetest.Deal(store.MakeID("crm", fmt.Sprintf("%09d", n*benchPage+i)), func(d *store.Deal) {
			d.Name, d.Account, d.Owner = "华东区年度框架协议续签", store.MakeID("crm", fmt.Sprint(i%600)), store.MakeID("crm", fmt.Sprint(i%60))
			d.NextStep, d.URL, d.Amount.Minor = "报价确认", fmt.Sprintf("https://crm.example/deal/%d", i), int64(i)*9973
		}))
	}
	return b
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkApply_Page10k guards the first load: every page is new.
func BenchmarkApply_Page10k(b *testing.B) {
	d := open(b, b.TempDir(), Options{})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		page := benchBatch(n)
		b.StartTimer()
		storetest.Apply(b, d, page)
		n++
	}
	perRecord(b, benchPage)
}

// BenchmarkApply_Unchanged guards the pass that finds nothing new, which most passes are.
func BenchmarkApply_Unchanged(b *testing.B) {
	d := open(b, b.TempDir(), Options{})
	for n := range 10 {
		storetest.Apply(b, d, benchBatch(n))
	}
	page := benchBatch(3)
	page.Next = "9"
	b.ReportAllocs()
	for b.Loop() {
		storetest.Apply(b, d, page)
	}
	perRecord(b, benchPage)
}

// BenchmarkSnapshot_All guards the building of a Book at start.
func BenchmarkSnapshot_All(b *testing.B) {
	d := open(b, b.TempDir(), Options{})
	for n := range 10 {
		storetest.Apply(b, d, benchBatch(n))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.View(context.Background(), func(s store.Snapshot) error { return s.All(func(*store.Records) error { return nil }) }); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, 10*benchPage)
}
