package forecast_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/plain"
	"flightdeck/store"
)

func cny(major int64) store.Money { return store.Money{Minor: major * 100, Currency: "CNY"} }

func TestQuota_For(t *testing.T) {
	cal := analytics.Calendar{}
	day := store.Date(2026, 5, 20)
	q := func(p analytics.Period, major int64) store.Quota {
		return store.Quota{From: p.From, To: p.To, Amount: cny(major)}
	}
	quarter, year := cal.Quarter(day, 0), cal.Year(day, 0)
	apr, may, jun := cal.Month(day, -1), cal.Month(day, 0), cal.Month(day, 1)
	for name, c := range map[string]struct {
		records []store.Quota
		want    int64 // minor; -1 none
		partial bool
	}{
		"none":                          {nil, -1, false},
		"exactly":                       {[]store.Quota{q(quarter, 300)}, 30000, false},
		"two for the same span add up":  {[]store.Quota{q(quarter, 300), q(quarter, 50)}, 35000, false},
		"exact beats months":            {[]store.Quota{q(apr, 1), q(quarter, 300), q(may, 1)}, 30000, false},
		"exact beats the year":          {[]store.Quota{q(year, 5000), q(quarter, 300)}, 30000, false},
		"months add up":                 {[]store.Quota{q(apr, 1), q(may, 2), q(jun, 4)}, 700, false},
		"a month missing":               {[]store.Quota{q(apr, 1), q(jun, 4)}, 500, true},
		"same month twice":              {[]store.Quota{q(apr, 1), q(apr, 2)}, 300, true},
		"a week inside a counted month": {[]store.Quota{q(apr, 4), q(cal.Week(apr.From+7, 0), 1)}, 400, true},
		"share of a year":               {[]store.Quota{q(year, 3650)}, 91000, false}, // 91 of 365 days
		"other quarter":                 {[]store.Quota{q(cal.Quarter(day, 1), 300)}, -1, false},
		"half across is not it":         {[]store.Quota{q(analytics.Period{From: quarter.From - 10, To: quarter.From + 10}, 300)}, -1, false},
		"a month beside the year":       {[]store.Quota{q(year, 3650), q(apr, 1)}, 91000, false}, // the month says nothing of the other two
		"all months beside the year":    {[]store.Quota{q(year, 3650), q(apr, 1), q(may, 2), q(jun, 4)}, 700, false},
	} {
		total := int64(0)
		got, partial := forecast.For(c.records, quarter)
		for _, m := range got {
			total += m.Minor
		}
		if len(got) == 0 {
			total = -1
		}
		if total != c.want || partial != c.partial {
			t.Errorf("%s: %d, partial %v; want %d, %v", name, total, partial, c.want, c.partial)
		}
	}
}

// company is a region with two teams; the first team's people have quotas, the second has its own and one of its people none.
func company() *store.Records {
	p := analytics.Calendar{}.Quarter(plain.Today, 0)
	quota := func(id, node store.ID, major int64) store.Quota {
		return store.Quota{ID: id, Node: node, From: p.From, To: p.To, Amount: cny(major)}
	}
	deal := func(id, owner, stage store.ID, major int64, close store.Day) store.Deal {
		return store.Deal{ID: id, Name: string(id), Owner: owner, Stage: stage, Amount: cny(major), Created: plain.Today - 40, Close: close}
	}
	return &store.Records{
		Org: &store.Org{Name: "公司", TimeZone: "Asia/Shanghai", Currency: "CNY"},
		Units: []store.Unit{{ID: "t:r", Name: "华东", Kind: store.UnitRegion}, {ID: "t:a", Parent: "t:r", Name: "一组", Kind: store.UnitTeam},
			{ID: "t:b", Parent: "t:r", Name: "二组", Kind: store.UnitTeam}},
		People: []store.Person{{ID: "t:1", Name: "甲", Unit: "t:a"}, {ID: "t:2", Name: "乙", Unit: "t:a"}, {ID: "t:3", Name: "丙", Unit: "t:b"}},
		Stages: []store.Stage{{ID: "lead", Order: 1, Probability: 20}, {ID: "offer", Order: 2, Probability: 80}, {ID: "won", Kind: store.StageWon},
			{ID: "lost", Kind: store.StageLost}},
		Deals: []store.Deal{deal("t:d1", "t:1", "won", 100, plain.Today-3), deal("t:d2", "t:1", "offer", 50, plain.Today+3), deal("t:d3", "t:2", "lead", 10, plain.Today-1),
			deal("t:d4", "t:3", "lead", 7, p.To+1), deal("t:d5", "t:3", "lost", 70, plain.Today), deal("t:d6", "", "lead", 1, plain.Today)},
		Quotas:  []store.Quota{quota("t:q1", "t:1", 200), quota("t:q3", "t:b", 40)},
		Touches: []store.Touch{{ID: "t:t", Deal: "t:d2", At: plain.Now}},
	}
}

func TestForecast_Rows(t *testing.T) {
	a := forecast.Of(analytics.FromRecords(company(), plain.Options()), analytics.Scope{})
	type row struct {
		node                                    store.ID
		parent                                  int
		quota                                   string
		partial                                 bool
		closed, commit, pipeline, weighted, gap string
		deals, overdue, stale                   int
	}
	want := []row{
		{"", -1, "240.00", true, "100.00", "50.00", "11.00", "142.20", "90.00", 4, 1, 2},
		{"t:r", 0, "240.00", true, "100.00", "50.00", "10.00", "142.00", "90.00", 3, 1, 1},
		{"t:a", 1, "200.00", true, "100.00", "50.00", "10.00", "142.00", "50.00", 3, 1, 1},
		{"t:2", 2, "-", false, "0.00", "0.00", "10.00", "2.00", "", 1, 1, 1},
		{"t:1", 2, "200.00", false, "100.00", "50.00", "0.00", "140.00", "50.00", 2, 0, 0},
		{"t:b", 1, "40.00", false, "0.00", "0.00", "0.00", "0.00", "40.00", 0, 0, 0},
		{analytics.NodeUnassigned, 0, "-", false, "0.00", "0.00", "1.00", "0.20", "", 1, 0, 1},
	}
	var got []row
	for _, r := range a.Rows {
		g := row{r.Node, r.Parent, "-", r.QuotaPartial, r.Closed.Cell(), r.Commit.Cell(), r.Pipeline.Cell(), r.Weighted.Cell(), "", r.Deals, r.Overdue, r.Stale}
		if r.HasQuota {
			g.quota, g.gap = r.Quota.Cell(), r.Gap.Amount()
		}
		got = append(got, g)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows %+v, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d\ngot  %+v\nwant %+v", i, got[i], want[i])
		}
	}
	if at := a.Rows[4].Attainment; at != (analytics.Ratio{Num: 5000, Den: 10_000}) {
		t.Errorf("attainment %+v, want half", at)
	}
}

func TestForecast_FilterHasNoQuota(t *testing.T) {
	rec := company()
	rec.Products = []store.Product{{ID: "t:p"}}
	b := analytics.FromRecords(rec, plain.Options())
	if a := forecast.Of(b, analytics.Scope{Product: "t:p"}); len(a.Rows) != 1 || a.Rows[0].HasQuota {
		t.Errorf("a product's forecast shows the whole node's quota: %+v", a.Rows)
	}
	if a := forecast.Of(b, analytics.Scope{Product: "t:other"}); len(a.Rows) > 1 || len(a.Rows) == 1 && a.Rows[0].Deals != 0 {
		t.Errorf("an unknown product selects %+v", a.Rows)
	}
}

func TestForecast_OtherPeriods(t *testing.T) {
	b := analytics.FromRecords(company(), plain.Options())
	next := analytics.Calendar{}.Quarter(plain.Today, 1)
	a := forecast.Of(b, analytics.Scope{Period: next})
	if r := a.Rows[0]; r.Deals != 1 || r.Pipeline.Cell() != "7.00" || r.Overdue != 0 {
		t.Errorf("next quarter: %+v; the overdue deal belongs to the running quarter alone", r)
	}
	a = forecast.Of(b, analytics.Scope{Period: analytics.Calendar{}.Month(plain.Today, -2), AsOf: 0})
	if r := a.Rows[0]; r.Deals != 0 {
		t.Errorf("March: %+v", r)
	}
}

func TestForecast_OutsideRoot(t *testing.T) {
	b := analytics.FromRecords(company(), plain.Options())
	for _, s := range []analytics.Scope{{Root: "t:b", Node: "t:a"}, {Root: "t:nobody"}, {Root: "t:b", Node: "t:r"}} {
		if a := forecast.Of(b, s); len(a.Rows) != 0 {
			t.Errorf("%+v shows %+v", s, a.Rows)
		}
	}
	if l := forecast.Deals(b, analytics.Scope{Root: "t:b"}, "t:a"); len(l.Rows) != 0 {
		t.Errorf("a viewer of team b opens %+v of team a", l.Rows)
	}
}

// TestForecast_QuotaOfPartOfThePeriod: a year of which only one quarter has a quota shows that quarter's, but not as if it were the year's.
func TestForecast_QuotaOfPartOfThePeriod(t *testing.T) {
	b := analytics.FromRecords(company(), plain.Options())
	for _, r := range forecast.Of(b, analytics.Scope{Period: analytics.Calendar{}.Year(plain.Today, 0)}).Rows {
		if r.HasQuota && !r.QuotaPartial {
			t.Errorf("%s has quotas for one quarter: %s of the year, not marked partial", r.Name, r.Quota.Cell())
		}
	}
}

// TestForecast_PastPeriodHasNothingOpen: what was promised for a quarter that has ended and did not come cannot come in it any more. It counts where it
// still can, in the running one, and in no other, so that the quarters add up to the year.
func TestForecast_PastPeriodHasNothingOpen(t *testing.T) {
	rec := company()
	for i := range rec.Deals {
		rec.Deals[i].Close = plain.Today - 80 // in the first quarter; today lies in the second
	}
	b := analytics.FromRecords(rec, plain.Options())
	year := forecast.Of(b, analytics.Scope{Period: analytics.Calendar{}.Year(plain.Today, 0)}).Rows[0]
	var open, deals int
	for n := -1; n <= 2; n++ {
		r := forecast.Of(b, analytics.Scope{Period: analytics.Calendar{}.Quarter(plain.Today, n)}).Rows[0]
		if n != 0 && r.Open != 0 {
			t.Errorf("quarter %+d holds %d open deals of %+v", n, r.Open, r)
		}
		open, deals = open+r.Open, deals+r.Deals
	}
	if open == 0 || open != year.Open || deals != year.Deals {
		t.Errorf("the quarters hold %d deals, %d of them open; the year %d and %d", deals, open, year.Deals, year.Open)
	}
}

// TestForecast_PastKnowsNoActualClose: the record's close of a deal that has ended is the actual one; a forecast as of an earlier day must not have known it.
func TestForecast_PastKnowsNoActualClose(t *testing.T) {
	rec := company()
	day := plain.Today - 20
	deal := rec.Deals[0] // won three days ago
	step := func(f store.Field, from, to string, ago store.Day) store.Change {
		return store.Change{Deal: deal.ID, Field: f, From: from, To: to, At: (plain.Today - ago).Time(plain.Zone)}
	}
	rec.Changes = []store.Change{step(store.FieldStage, "", "offer", 40), step(store.FieldStage, "offer", "won", 3)}
	team := func() forecast.Row {
		return forecast.Of(analytics.FromRecords(rec, plain.Options()), analytics.Scope{Node: "t:1", AsOf: day}).Rows[0]
	}
	if r := team(); r.Deals != 1 || r.NoClose != 1 { // the other deal's promise stands in its record
		t.Errorf("without a history of promises: %+v", r)
	}
	rec.Changes = append(rec.Changes, step(store.FieldClose, (plain.Today+9).String(), deal.Close.String(), 3))
	if r := team(); r.Deals != 2 || r.Commit.Cell() != "150.00" || r.NoClose != 0 {
		t.Errorf("with one: %+v", r)
	}
}
