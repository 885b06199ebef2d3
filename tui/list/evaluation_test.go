package list

import (
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func TestEvaluations_Golden(t *testing.T) {
	tuitest.Golden(t, tuitest.Judged(t), of(pane.Place{Kind: pane.Evaluations}), "down")
}

func TestEvaluations_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Judged(t), of(pane.Place{Kind: pane.Evaluations}))
}

// The log is searched by customer, move, input, rules and date, in both languages.
func TestEvaluations_Search(t *testing.T) {
	b := tuitest.Judged(t)
	d := tuitest.Drive(t, of(pane.Place{Kind: pane.Evaluations})(tuitest.Env(t, b, locale.English)), layout.Size{W: 160, H: 40})
	rows := func() int { return d.P.(*model).list.Len() }
	all := rows()
	if all != 40*len(tuitest.Months) {
		t.Fatalf("%d rows", all)
	}
	for text, want := range map[string]func(n int) bool{
		"2026-09-17":         func(n int) bool { return n == 40 },
		"held":               func(n int) bool { return n == 40 },
		"功能深度 shifted":       func(n int) bool { return n == 40 },
		"feature depth":      func(n int) bool { return n == 40 },
		"b>a":                func(n int) bool { return n > 0 && n < 20 },
		"moved 2026-08":      func(n int) bool { return n > 0 && n < 20 },
		"0badcafe":           func(n int) bool { return n == all },
		"no such thing here": func(n int) bool { return n == 0 },
	} {
		d.Filter(text)
		if n := rows(); !want(n) {
			t.Errorf("%q finds %d", text, n)
		}
	}
	d.Filter("")
	d.Keys("enter")
	p, ok := d.Opened()
	if !ok || p.Kind != pane.Account {
		t.Fatalf("opened %v", p)
	}
	for place, want := range map[pane.Place]int{
		{Kind: pane.Evaluations, ID: p.ID}:                                                      4,
		{Kind: pane.Evaluations, ID: "no:such"}:                                                 0,
		{Kind: pane.Evaluations, ID: p.ID, Scope: analytics.Scope{AsOf: tuitest.Months[1] + 3}}: 2,
		{Kind: pane.Evaluations, Scope: analytics.Scope{Period: analytics.Period{From: tuitest.Months[1], To: tuitest.Months[2]}}}: 80,
	} {
		d := tuitest.Drive(t, of(place)(tuitest.Env(t, b, locale.English)), layout.Size{W: 160, H: 40})
		if n := d.P.(*model).list.Len(); n != want {
			t.Errorf("%v: %d rows, want %d", place, n, want)
		}
		if tab, ok := d.P.(pane.Exporter).Table(); !ok || len(tab.Rows) != want {
			t.Errorf("%v: exports %d", place, len(tab.Rows))
		}
	}
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "payment delay") {
		t.Errorf("no word of the inputs:\n%s", v)
	}
}
