package migration

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Rule is how accounts are graded when no source grades them: ABC analysis (F. E. Dickie, "ABC inventory analysis shoots for dollars, not
// pennies", Factory Management and Maintenance 109, 1951), the Pareto ranking that sales operations use for customers. Accounts are
// ranked by what they brought in over the trailing Days; an account is A while those ranked above it hold less than A % of the
// whole, B while they hold less than B %, C with anything else, D with nothing.
//
// The share above an account is judged, not the share including it, so that the largest account is A even when it alone holds more than
// A %, and accounts of equal value always get the same grade.
type Rule struct {
	Days int `json:"days" yaml:"days"` // trailing window
	A    int `json:"a" yaml:"a"`       // per cent
	B    int `json:"b" yaml:"b"`       // per cent, at least A
}

// RuleOf returns the rule with the figures in force. Figures that contradict each other (B below A, more than 100 %) fall back to the defaults, and the
// rule's name on every answer shows which were used.
func RuleOf(b *analytics.Book) Rule {
	r := Rule{Days: b.Rules().GradeDays, A: b.Rules().GradeA, B: b.Rules().GradeB}
	if !r.Valid() {
		d := analytics.DefaultRules()
		r = Rule{Days: d.GradeDays, A: d.GradeA, B: d.GradeB}
	}
	return r
}

// String names the rule with its figures, such as "abc 80/95 365d".
func (r Rule) String() string { return fmt.Sprintf("abc %d/%d %dd", r.A, r.B, r.Days) }

// Valid reports whether the figures make sense.
func (r Rule) Valid() bool { return r.Days > 0 && r.A > 0 && r.A <= r.B && r.B <= 100 }

// derivedGrades are the grades that a Rule gives, best first.
var derivedGrades = []store.Grade{"A", "B", "C", "D"}

// standing is an account's place in the ranking.
type standing struct {
	grade store.Grade
	above float64 // share of the whole held by accounts of higher value, 0–1
	rank  int     // 1 is the best; equal values share a rank
}

// rank grades values in minor units of one currency. Negative values count as none.
func (r Rule) rank(values []int64) []standing {
	out := make([]standing, len(values))
	order := make([]int32, 0, len(values))
	var total uint64
	for i, v := range values {
		if v > 0 {
			order = append(order, int32(i))
			total += uint64(v)
		} else {
			out[i] = standing{grade: "D", above: 1}
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(values[b], values[a]) })
	var above, run uint64 // above: of strictly higher values; run: down to and including the one before
	place := 0
	for n, i := range order {
		if n == 0 || values[i] != values[order[n-1]] {
			above, place = run, n+1
		}
		run += uint64(values[i])
		s := standing{grade: "C", above: float64(above) / float64(total), rank: place}
		switch {
		case below(above, total, r.A):
			s.grade = "A"
		case below(above, total, r.B):
			s.grade = "B"
		}
		out[i] = s
	}
	for i := range out {
		if out[i].rank == 0 {
			out[i].rank = len(order) + 1
		}
	}
	return out
}

// below reports whether part/whole < percent/100, exactly.
func below(part, whole uint64, percent int) bool {
	h1, l1 := bits.Mul64(part, 100)
	h2, l2 := bits.Mul64(whole, uint64(percent))
	return h1 < h2 || h1 == h2 && l1 < l2
}
