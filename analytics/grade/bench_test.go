package grade

import (
	"context"
	"testing"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/company"
)

// large is a fifth of the full organisation's customers; what is measured grows with their number.
var large = company.Size{Regions: 8, Teams: 40, Reps: 400, Accounts: 40_000, Deals: 40_000, Touches: 40_000, Sales: 400_000, Quarters: 8, Months: 24}

func BenchmarkWeights_SliderStep(b *testing.B) {
	board := BoardOf(book(demo(b, large)), defaults(), analytics.Scope{AsOf: store.Date(2026, 10, 31)})
	weights := board.Weights()
	for b.Loop() {
		weights["renewal"] = .1 + float64(b.N%40)/100
		st := board.With(weights)
		st.Top(50)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(board.Len())*200_000/1e6, "ms/200k")
}

func BenchmarkReplay_24Months(b *testing.B) {
	bk := book(demo(b, large))
	days := MonthEnds(store.Date(2024, 12, 1), store.Date(2026, 11, 25))
	for b.Loop() {
		if _, err := Replay(context.Background(), bk, defaults(), days, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(bk.Accounts())*200_000, "s/200k")
}

func BenchmarkEvaluate_Night(b *testing.B) {
	bk := book(demo(b, large))
	for b.Loop() {
		if _, err := Evaluate(context.Background(), bk, defaults(), Options{Day: store.Date(2026, 10, 31), At: now}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(bk.Accounts())*200_000, "s/200k")
}
