package grader

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// A replay by months believes the shifts that people accepted within the month, and only as long as they stand by it.
func TestAcceptedOn_ByMonths(t *testing.T) {
	keeper := storetest.NewDesk()
	live := desk.NewLive(keeper, func(err error) { t.Error(err) })
	b, who := booktest.Book(&store.Records{}), desk.Viewer{Name: "boss"}
	decide := func(ds ...store.Decision) []store.Decision {
		t.Helper()
		out, err := live.Decide(t.Context(), b, who, ds)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	days := []analytics.Day{store.Date(2026, 6, 30), store.Date(2026, 7, 31), store.Date(2026, 8, 31)}
	check := func(what string, want ...bool) {
		t.Helper()
		accepted := AcceptedOn(live.Desk().Now(), days)
		for k, day := range days {
			if got := accepted("depth", day); got != want[k] {
				t.Errorf("%s: on %v %v, want %v", what, day, got, want[k])
			}
			if accepted("seats", day) {
				t.Errorf("%s: another input is accepted", what)
			}
		}
	}
	check("nobody said anything", false, false, false)
	decide(Decide(grade.Hold{Input: "depth", Since: store.Date(2026, 7, 9)}, true, "counted anew"))
	check("accepted in July", false, true, false)
	later := decide(Decide(grade.Hold{Input: "depth", Since: store.Date(2026, 8, 31)}, false, ""))
	check("another shift is refused", false, true, false)
	decide(Decide(grade.Hold{Input: "depth", Since: store.Date(2026, 8, 31)}, true, "after all"))
	check("and accepted after all", false, true, true)
	decide(store.Decision{Undoes: later[0].Seq + 1})
	check("which is taken back", false, true, false)
}
