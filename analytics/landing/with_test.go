package landing_test

import (
	"errors"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/landing"
	"flightdeck/store"
)

// TestWith_DropAddMove: dropping a deal lands where the same draws without it land, up the whole tree, and leaves the landing it came from alone.
func TestWith_DropAddMove(t *testing.T) {
	b := booktest.Book(even(4, 900))
	l := landing.Learn(b, b.Today()).Of(analytics.Scope{Period: quarter})
	was := show(t, l.Answer)
	deals, n := l.Deals("", 5)
	if len(deals) != 5 || n != l.Rows[0].Deals || deals[0].Chance <= 0 || deals[0].Chance > 1 {
		t.Fatalf("%d of %d deals, chance %v", len(deals), n, deals[0].Chance)
	}
	top := deals[0]
	gone, err := l.With(landing.Change{Deal: top.ID, Drop: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range gone.Rows {
		d := l.Rows[i].Mean.Minor - r.Mean.Minor
		inside := r.Node == "" || r.Node == top.Owner.ID || r.Kind == "team" && r.Name[5]-'0' == (top.Owner.Name[7]-'0')%2
		if inside && (d <= 0 || float64(d) > 1.3*float64(top.Worth.Minor)) || !inside && d != 0 {
			t.Errorf("%s: the mean falls by %d, the deal is worth %d × %.2f", r.Name, d, top.Worth.Minor, top.Chance)
		}
	}
	back, err := gone.With(landing.Change{Deal: top.ID, Amount: top.Amount})
	if err != nil {
		t.Fatal(err)
	}
	if show(t, back.Answer) != was || show(t, l.Answer) != was {
		t.Error("the deal put back, or the landing that was changed, differs from before")
	}
	twice, err := l.With(landing.Change{Deal: top.ID, Amount: store.Money{Minor: 2 * top.Amount.Minor, Currency: "CNY"}})
	if err != nil || twice.Rows[0].Mean.Minor <= l.Rows[0].Mean.Minor {
		t.Errorf("twice the amount: %d after %d, %v", twice.Rows[0].Mean.Minor, l.Rows[0].Mean.Minor, err)
	}
	if _, err := l.With(landing.Change{Deal: "t:nobody"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown deal: %v", err)
	}
	if _, err := l.With(landing.Change{Deal: top.ID, Amount: store.Money{Minor: 1, Currency: "XXX"}}); err == nil {
		t.Error("an amount without a rate is taken")
	}
	if d, ok := l.Deal(top.ID); !ok || show(t, d) != show(t, top) {
		t.Error("a deal alone is told otherwise than in the list")
	}
}

// TestDeals_StageIsExplained: in a company where a quoted deal is nearer to its end than a lead, its stage raises its chance in the next month.
func TestDeals_StageIsExplained(t *testing.T) {
	b := booktest.Book(even(6, 2000))
	l := landing.Learn(b, b.Today()).Of(analytics.Scope{Period: analytics.Period{From: booktest.Today - 14, To: booktest.Today + 14}})
	deals, _ := l.Deals("", 1000)
	up, down := 0, 0
	for _, d := range deals {
		for _, f := range d.Factors {
			if f.Feature == landing.FeatureStage && d.Stage.ID == "quoted" && f.LogOdds > 0 {
				up++
			}
			if f.Feature == landing.FeatureStage && d.Stage.ID == "lead" && f.LogOdds < 0 {
				down++
			}
		}
	}
	if up+down < len(deals)*8/10 || up == 0 || down == 0 {
		t.Errorf("of %d deals the stage raises %d quoted ones and lowers %d leads", len(deals), up, down)
	}
}
