package grade

import (
	"cmp"
	"math"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// HealthPoint is the health index of a customer on a day, and of which parts it is made.
type HealthPoint struct {
	Day   Day      `json:"day"`
	Index int      `json:"index"` // 0–100; -1 unknown
	Parts []Number `json:"parts"` // 0–1, in the order of the rules' behaviours
}

// HealthCourse is a customer's health on each of days, oldest first, as the readings told it by then. It looks at no other customer, so that what is held for everybody is not
// held here: it is what was measured, not what counted.
func HealthCourse(b *analytics.Book, g *rule.Grading, account analytics.Code, days []Day) []HealthPoint {
	only := *g // what else goes into a score would be looked up for nothing
	only.Attributes, only.Lifetime, only.Inputs = nil, rule.Lifetime{}, map[string]rule.Input{}
	for _, h := range g.Health.Behaviours {
		if in, ok := g.Inputs[h.Input]; ok {
			only.Inputs[h.Input] = in
		}
	}
	m := NewModel(b, &only)
	w := newWalker(m, days)
	out := make([]HealthPoint, len(days))
	w.walk(account, nil, func(int) *holds { return nil }, func(k int) {
		out[k] = HealthPoint{days[k], m.health(&w.out), nil}
		for _, h := range m.behaviours {
			p := Number(unknown)
			if v := w.out.value[h.in]; !math.IsNaN(v) {
				p = Number(max(0, min(1, (v-h.worst)/h.span)))
			}
			out[k].Parts = append(out[k].Parts, p)
		}
	})
	return out
}

// HeldSince tells since when a customer's grade is left alone, up to a day: the day of the first of the evaluations in a row that held it, 0 when the last one did not; and of each
// input that could not be relied on then, since when that is so.
func HeldSince(b *analytics.Book, account analytics.Code, day Day) (since Day, inputs map[string]Day) {
	for d, v := range b.Evaluations(account) {
		if d > day {
			break
		}
		if !v.Held {
			since = 0
		} else if since == 0 {
			since = d
		}
		was := inputs
		inputs = map[string]Day{}
		for _, in := range v.Inputs {
			if in.State != store.InputFresh && in.State != store.InputUnknown {
				inputs[in.Name] = cmp.Or(was[in.Name], d)
			}
		}
	}
	return since, inputs
}
