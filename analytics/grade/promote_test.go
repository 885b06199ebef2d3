package grade

import (
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Each customer is told of once for a month end, several of one owner in one message; the next month tells again.
func TestPromotions_OncePerMonth(t *testing.T) {
	p := &Potentials{Above: 85, Days: []Day{store.Date(2026, 9, 30), store.Date(2026, 10, 31)}, Rows: []Potential{
		{Account: "x:1", AccountName: "甲", Owner: "x:ann", Health: []int{90, 88}, New: []string{"EMS"}, Money: 100_00},
		{Account: "x:2", AccountName: "乙", Owner: "x:ann", Health: []int{91, 92}, Signals: []string{"white_paper"}},
		{Account: "x:3", AccountName: "丙", Owner: "x:bob", Health: []int{86, 87}},
	}}
	told := map[string]bool{}
	round := func() (loud, quiet []store.Message) {
		for _, m := range p.Promotions("CNY", func(k string) bool { return told[k] }, func(t analytics.Text) string { return t.En }, store.Money.String, func(kind string) string { return "a " + kind }) {
			if told[m.Key] || !Promotion(m.Key) || m.Kind != store.MessageGrade {
				t.Errorf("%+v", m)
			}
			told[m.Key] = true
			if m.Routed {
				quiet = append(quiet, m)
			} else {
				loud = append(loud, m)
			}
		}
		return loud, quiet
	}
	loud, quiet := round()
	if len(loud) != 2 || len(quiet) != 2 || loud[0].Node != "x:ann" || loud[1].Node != "x:bob" || loud[1].Link != "account/x:3" {
		t.Fatalf("%+v\n%+v", loud, quiet)
	}
	if want := "甲: health 2026-09-30 90, 2026-10-31 88 (above 85); wants EMS; 12 months 100.00 CNY; facts for a proposal: flightdeck potential --proposal x:1"; !strings.Contains(loud[0].Text, want) || !strings.Contains(loud[0].Text, "signals a white_paper") {
		t.Errorf("%q", loud[0].Text)
	}
	if loud, quiet = round(); len(loud)+len(quiet) != 0 {
		t.Errorf("told again: %+v %+v", loud, quiet)
	}
	p.Rows = append(p.Rows, Potential{Account: "x:4", AccountName: "丁", Owner: "x:ann", Health: []int{99, 99}})
	if loud, quiet = round(); len(loud) != 1 || len(quiet) != 0 || !strings.Contains(loud[0].Title, "丁") {
		t.Errorf("a new one: %+v %+v", loud, quiet)
	}
	p.Days = []Day{store.Date(2026, 10, 31), store.Date(2026, 11, 30)}
	if loud, _ = round(); len(loud) != 2 {
		t.Errorf("the next month: %+v", loud)
	}
}
