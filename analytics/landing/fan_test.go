package landing_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/landing"
	"flightdeck/store"
)

// A fan begins at what is in, never falls, and ends where the landing is.
func TestFan_LeadsToTheLanding(t *testing.T) {
	b := booktest.Book(even(8, 1200))
	o := landing.Learn(b, b.Today())
	for name, s := range map[string]analytics.Scope{
		"company": {}, "team": {Node: "t:team1"}, "rep": {Node: "t:person3"}, "next quarter": {Period: b.Calendar().Quarter(b.Today(), 1)}, "this month": {Period: b.Calendar().Month(b.Today(), 0)},
	} {
		t.Run(name, func(t *testing.T) {
			l := o.Of(s)
			f, err := o.Fan(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			in, r := int64(0), &l.Rows[0]
			if n := len(f.Past); n > 0 {
				in = f.Past[n-1]
			}
			if in != r.Closed.Money.Minor || len(f.Past) != max(0, int(min(b.Today(), f.Period.To)-f.Period.From)+1) {
				t.Errorf("%d days, the last at %d; the landing has %v", len(f.Past), in, r.Closed.Money)
			}
			end := f.Ahead[len(f.Ahead)-1]
			if end.Day != f.Period.To || end.P10 != r.P10.Minor || end.P50 != r.P50.Minor || end.P90 != r.P90.Minor {
				t.Errorf("it ends at %+v, the landing at %v %v %v", end, r.P10, r.P50, r.P90)
			}
			was := landing.Spread{P10: in, P50: in, P90: in}
			for _, x := range f.Ahead {
				if x.P10 > x.P50 || x.P50 > x.P90 || x.P10 < was.P10 || x.P50 < was.P50 || x.P90 < was.P90 {
					t.Errorf("%+v follows on %+v", x, was)
				}
				was = x
			}
		})
	}
	whole := landing.Learn(b, b.Today())
	if _, err := whole.Fan(t.Context(), analytics.Scope{}); err != nil {
		t.Fatal(err)
	}
	for _, node := range []store.ID{"t:team1", "t:person3"} { // alone, and as a part of what was made for the company
		s := analytics.Scope{Node: node}
		alone, err := landing.Learn(b, b.Today()).Fan(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if part, err := whole.Fan(t.Context(), s); err != nil || !reflect.DeepEqual(part, alone) {
			t.Errorf("%s: %+v, %v\nalone %+v", node, part, err, alone)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Fan(gone, analytics.Scope{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	few := booktest.Book(even(8, 12))
	f, err := landing.Learn(few, few.Today()).Fan(t.Context(), analytics.Scope{})
	if err != nil || len(f.Ahead) != 0 || len(f.Past) == 0 {
		t.Errorf("too little history: %+v, %v", f, err)
	}
	over, err := o.Fan(t.Context(), analytics.Scope{Period: b.Calendar().Quarter(b.Today(), -1)})
	if err != nil || len(over.Ahead) != 0 || len(over.Past) < 89 {
		t.Errorf("an ended period: %d, %d, %v", len(over.Past), len(over.Ahead), err)
	}
}
