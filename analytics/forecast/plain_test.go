package forecast_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func TestForecast_AsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	hits := 0
	for range 30 {
		w := plain.Random(rng, 40)
		b := w.Book()
		for range 10 {
			s := w.Scope()
			a := forecast.Of(b, s)
			asOf, p := a.Stamp.AsOf, a.Period
			basis := probabilities(w, s.Root, asOf)
			deals := w.Select(s, asOf)
			for _, r := range a.Rows {
				parts := map[string][]store.Money{}
				var weighted big.Rat
				var plainMissing []store.Money
				won, open, overdue, stale, loose, none := 0, 0, 0, 0, 0, 0
				var ids []store.ID
				for _, d := range deals {
					if !slices.Contains(w.Above(d.Owner), r.Node) {
						continue
					}
					stage, _ := w.Stage(d.Deal.Stage)
					part := ""
					switch {
					case stage.Kind == store.StageWon && p.Contains(d.Closed):
						part = "closed"
					case stage.Kind != store.StageOpen:
					case d.Close == store.NoDay:
						loose++
					case d.Close >= asOf && p.Contains(d.Close) || d.Close < asOf && p.Contains(asOf):
						bp := basis[stage.ID]
						switch {
						case d.Category != store.CategoryNone:
							part = d.Category.String()
						case bp >= 7500:
							part = "commit"
						case bp >= 5000:
							part = "best_case"
						default:
							part = "pipeline"
						}
						open++
						if d.Close < asOf {
							overdue++
						}
						if last := w.LastSign(d.Deal, asOf); last == store.NoDay || asOf-last > 14 {
							stale++
						}
						if part != "omitted" {
							if v, ok := converted(w, d.Amount); ok {
								weighted.Add(&weighted, big.NewRat(v*bp, 10000))
							} else {
								plainMissing = append(plainMissing, d.Amount)
							}
						}
					}
					if part == "" {
						continue
					}
					ids = append(ids, d.ID)
					parts[part] = append(parts[part], d.Amount)
					if part == "closed" {
						won++
					}
					if !d.Amount.Given() {
						none++
					}
				}
				hits += len(ids)
				whole := store.Money{Minor: decimal.NewFromBigRat(&weighted, 8).RoundBank(0).IntPart(), Currency: "CNY"}
				wantWeighted := w.Total(slices.Concat([]store.Money{whole}, parts["closed"], plainMissing))
				got := fmt.Sprint(r.Won, r.Open, r.Overdue, r.Stale, r.NoClose, r.NoAmount, r.Deals, "|", plain.Print(r.Closed), "|", plain.Print(r.Commit), "|", plain.Print(r.BestCase),
					"|", plain.Print(r.Pipeline), "|", plain.Print(r.Omitted), "|", plain.Print(r.Weighted))
				want := fmt.Sprint(won, open, overdue, stale, loose, none, len(ids), "|", w.Total(parts["closed"]), "|", w.Total(parts["commit"]), "|", w.Total(parts["best_case"]),
					"|", w.Total(parts["pipeline"]), "|", w.Total(parts["omitted"]), "|", wantWeighted)
				if got != want {
					t.Fatalf("scope root=%q %s period %s as of %s, node %q:\ngot  %s\nwant %s", s.Root, s, p, asOf, r.Node, got, want)
				}
				list := forecast.Deals(b, s, r.Node)
				var opened []store.ID
				for _, d := range list.Rows {
					opened = append(opened, d.ID)
				}
				slices.Sort(opened)
				slices.Sort(ids)
				if !slices.Equal(opened, ids) {
					t.Fatalf("node %q opens %v, want %v", r.Node, opened, ids)
				}
			}
		}
	}
	if hits == 0 {
		t.Fatal("no scope had anything in it: the test says nothing")
	}
}

func converted(w *plain.World, m store.Money) (int64, bool) {
	if !m.Given() || m.Currency == "EUR" {
		return 0, false
	}
	if m.Currency == "CNY" {
		return m.Minor, true
	}
	return m.Decimal().Mul(decimal.RequireFromString(w.Org.Rates[m.Currency])).RoundBank(2).Shift(2).IntPart(), true
}

// probabilities gives each stage's weight in hundredths of a per cent.
func probabilities(w *plain.World, root store.ID, asOf store.Day) map[store.ID]int64 {
	out := map[store.ID]int64{}
	planned := false
	for _, s := range w.Stages {
		out[s.ID] = int64(s.Probability) * 100
		planned = planned || s.Kind == store.StageOpen && s.Probability > 0
	}
	if planned {
		return out
	}
	stages := append(slices.Clone(w.Stages), store.Stage{ID: "odd"})
	for _, s := range stages {
		if s.Kind != store.StageOpen {
			continue
		}
		won, all := int64(0), int64(0)
		for _, d := range w.Select(analytics.Scope{Root: root, AsOf: asOf}, asOf) {
			rec := w.Deals[slices.IndexFunc(w.Deals, func(x store.Deal) bool { return x.ID == d.ID })]
			end, _ := w.Stage(d.Deal.Stage)
			if end.Kind == store.StageOpen {
				continue
			}
			_, declared := w.Stage(s.ID)
			reached := declared && end.Kind == store.StageWon
			for _, step := range w.Way(rec, asOf) {
				at, known := w.Stage(step.Stage)
				reached = reached || at.ID == s.ID || declared && known && at.Kind == store.StageOpen && at.Order >= s.Order
			}
			if reached {
				all++
				if end.Kind == store.StageWon {
					won++
				}
			}
		}
		if all > 0 {
			out[s.ID] = won * 10000 / all
		}
	}
	return out
}
