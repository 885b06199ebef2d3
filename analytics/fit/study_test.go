package fit_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/fit"
	"flightdeck/store"
	"flightdeck/store/company"
)

// BenchmarkFit_Companies says how good a fit is on companies of several sizes and seeds, whose truth it cannot see: the gains over the static rule in per cent, with the range's lower end.
// go test -run - -bench Fit_Companies -benchtime 1x ./analytics/fit
func BenchmarkFit_Companies(b *testing.B) {
	for _, accounts := range []int{200, 600, 2000} {
		for seed := range uint64(4) {
			b.Run(fmt.Sprintf("accounts=%d/seed=%d", accounts, seed+1), func(b *testing.B) {
				var all store.Records
				size := company.Size{Regions: 3, Teams: 6, Reps: 30, Accounts: accounts, Deals: 3 * accounts, Touches: accounts, Sales: 35 * accounts, Quarters: 8, Months: 24}
				if err := company.Generate(company.Config{Source: "demo", Size: size, Seed: seed + 1, Now: now}, func(r *store.Records) error {
					all.Append(r)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
				org := company.Org()
				all.Org = &org
				book := analytics.FromRecords(&all, analytics.Options{Now: func() time.Time { return now }})
				var a *fit.Answer
				for b.Loop() {
					var err error
					if a, err = fit.Of(b.Context(), book, nil, analytics.Scope{}, fit.Options{}); err != nil || len(a.Lacks) > 0 {
						b.Fatal(err, a.Lacks)
					}
				}
				for _, m := range a.Measures {
					b.Logf("%-7s tau %.3f (%.3f..%.3f)  rho %.3f  AUC %.3f (%.3f..%.3f)", m.Method, m.Tau.Value, m.Tau.Low, m.Tau.High, m.Rho.Value, m.AUC.Value, m.AUC.Low, m.AUC.High)
				}
				weights := ""
				for _, w := range a.Weights {
					weights += fmt.Sprintf(" %s %.2f>%.2f", w.ID, w.Was, w.Is)
				}
				b.Log(weights)
				for _, g := range a.Gains {
					pct := func(x float64) float64 { return math.Round(100 * x) }
					b.ReportMetric(pct(g.Tau.Value), "%tau>"+string(g.Over))
					b.ReportMetric(pct(g.AUC.Value), "%AUC>"+string(g.Over))
					if g.Over == fit.Static {
						b.ReportMetric(pct(g.Tau.Low), "%tau-low")
						b.ReportMetric(pct(g.AUC.Low), "%AUC-low")
					}
				}
			})
		}
	}
}
