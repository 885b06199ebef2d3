package grader

import (
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/store"
)

// AcceptedOn is [Accepted] for a replay over days, oldest first. A replay meets a shift on the first of its days that follows, which is seldom the day on which the program met it:
// what people accepted of a shift since the replay's day before counts. A decision that was taken back does not.
func AcceptedOn(v desk.View, days []analytics.Day) grade.Accepted {
	history := v.History(Slot("").Subject)
	undone := map[uint64]bool{}
	for _, d := range history {
		if d.Undoes != 0 {
			undone[d.Undoes] = true
		}
	}
	return func(input string, since analytics.Day) bool {
		k, _ := slices.BinarySearch(days, since)
		before := store.MinDay
		if k > 0 {
			before = days[k-1]
		}
		said := false
		for _, d := range history { // of one shift the newest verdict holds
			if d.Slot == Slot(input) && d.Undoes == 0 && !undone[d.Seq] && d.After.Until > before && d.After.Until <= since {
				said = d.After.Verdict == store.VerdictAccepted
			}
		}
		return said
	}
}
