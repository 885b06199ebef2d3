package grade

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
)

// Arrival is what the sources sent of one measured input between two days, beside what they had sent of the same customers before: what a person looks at to see what is wrong with an
// input that is held.
type Arrival struct {
	Input string `json:"input"`
	From  string `json:"from"` // where the rules have it from: reading.depth
	// Measured are the customers of whom a reading came; Lacking those of them whose reading lacks the input, or has no number for it, though the one before had it.
	Measured int `json:"measured"`
	Lacking  int `json:"lacking"`
	// Value is the one value that became most frequent: Now customers have it, Before had it. Not known where no value gained a twentieth of the customers.
	Value  Number `json:"value"`
	Now    int    `json:"now"`
	Before int    `json:"before"`
	// Median and Was are the medians of the new values and of those before, of customers who have both.
	Median Number `json:"median"`
	Was    Number `json:"was"`
}

// Arrived tells what came of an input after one day, up to and including another. ok is false where no source measures it. It walks over all readings: some hundred milliseconds per
// million.
func Arrived(b *analytics.Book, g *rule.Grading, input string, after, to Day) (a Arrival, ok bool) {
	from := g.Inputs[input].From
	measure, found := strings.CutPrefix(from, "reading.")
	code := b.Measure(measure)
	if !found || code == analytics.None {
		return a, false
	}
	a = Arrival{Input: input, From: from, Value: Number(unknown), Median: Number(unknown), Was: Number(unknown)}
	var was, is []float64
	now, before := map[float64]int{}, map[float64]int{}
	for c := range analytics.Code(b.Accounts()) {
		if !b.AccountLive(c) {
			continue
		}
		old, new, came := unknown, unknown, false
		for day, values := range b.Measured(c) {
			if day > to {
				break
			}
			v := unknown
			for m, x := range values.Each {
				if m == code {
					v = x
				}
			}
			switch {
			case day > after:
				new, came = v, true
			case !math.IsNaN(v):
				old = v
			}
		}
		if !came {
			continue
		}
		a.Measured++
		switch {
		case math.IsNaN(old):
		case math.IsNaN(new):
			a.Lacking++
		default:
			was, is = append(was, old), append(is, new)
			now[new]++
			before[old]++
		}
	}
	if len(is) == 0 {
		return a, true
	}
	slices.Sort(was)
	slices.Sort(is)
	a.Was, a.Median = Number(was[len(was)/2]), Number(is[len(is)/2])
	most, gained := unknown, len(is)/20
	for v, n := range now {
		if gain := n - before[v]; gain > gained || gain == gained && cmp.Less(v, most) { // of two, always the same one
			most, gained = v, gain
		}
	}
	if !math.IsNaN(most) {
		a.Value, a.Now, a.Before = Number(most), now[most], before[most]
	}
	return a, true
}
