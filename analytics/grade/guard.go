package grade

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Hold is an input that is not believed, for all customers, since a day.
type Hold struct {
	Input string           `json:"input"`
	Why   store.InputState `json:"why"`
	Since Day              `json:"since"` // the first of the days that were judged on which it was held
	// Share is the part of the customers whom it concerns, 0–1; of a shifted input the population stability index.
	Share float64 `json:"share"`
	// Person: it wants a person to say that the values are right. The others end when the source gives good values again.
	Person bool `json:"person"`
}

// holds are those of one day.
type holds struct {
	set   uint64
	why   [maxInputs]store.InputState
	since [maxInputs]Day
	share [maxInputs]float64
}

func (h *holds) list(m *Model) (out []Hold) {
	for rest := h.set; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		out = append(out, Hold{m.inputs[i].name, h.why[i], h.since[i], h.share[i], h.why[i] == store.InputShifted})
	}
	return out
}

// Accepted reports that a person said, on a day or later, that the shifted values of an input are right.
type Accepted func(input string, since Day) bool

// sampleSize is of how many customers an input's distribution is judged: enough for the index to be sure to one hundredth.
const sampleSize = 4096

// guard judges the inputs of all customers day by day, on a sample of them.
type guard struct {
	m    *Model
	who  []analytics.Code
	now  bool        // the days are one, the present, and follow from evaluations
	from [][]float64 // input → by customer: what counted before the first day
	seen [][][]point // day → input → customer
}

// point is what the sources said of one input of one customer.
type point struct {
	value float64
	fault store.InputState // InputFresh: none
}

// newGuard walks over a sample of the customers. start gives what an earlier evaluation left of one; nil: nothing.
func newGuard(m *Model, w *walker, start func(analytics.Code) *store.Evaluation) *guard {
	g := &guard{m: m, now: start != nil && w.days[0] >= m.b.Now()}
	n := max(256, min(sampleSize, 24*sampleSize/max(1, len(w.days))))
	all := m.b.Accounts()
	step := max(1, all/n)
	for c := 0; c < all; c += step {
		if m.b.AccountLive(analytics.Code(c)) {
			g.who = append(g.who, analytics.Code(c))
		}
	}
	g.from = make([][]float64, len(m.inputs))
	for i := range g.from {
		g.from[i] = make([]float64, len(g.who))
	}
	g.seen = make([][][]point, len(w.days))
	for k := range g.seen {
		g.seen[k] = make([][]point, len(m.inputs))
		for i := range g.seen[k] {
			g.seen[k][i] = make([]point, len(g.who))
		}
	}
	analytics.ShareBy(parcel, len(g.who), func(_, first, last int) {
		w := w.fork()
		for j := first; j < last; j++ {
			var was *store.Evaluation
			if start != nil {
				was = start(g.who[j])
			}
			w.before0(was, func(i int, v float64) { g.from[i][j] = v })
			w.walk(g.who[j], was, func(int) *holds { return nil }, func(k int) {
				for i := range m.inputs {
					p := point{w.at.value[i], w.at.state[i]}
					switch {
					case w.gone&(1<<i) != 0:
						p.fault = store.InputMissing
					case w.out.state[i] == store.InputStale:
						p.fault = store.InputStale
					}
					g.seen[k][i][j] = p
				}
			})
		}
	})
	return g
}

// before0 tells what counted before the first day.
func (w *walker) before0(was *store.Evaluation, yield func(i int, v float64)) {
	w.at.clear()
	w.out.clear()
	if was != nil {
		w.resume(was)
	}
	for i, v := range w.out.value {
		yield(i, v)
	}
}

// judge returns what is held on each day.
func (g *guard) judge(days []Day, was []Hold, accepted Accepted) []holds {
	out := make([]holds, len(days))
	for i := range g.m.inputs {
		name, base := g.m.inputs[i].name, slices.Clone(g.from[i])
		since := Day(0)
		for _, h := range was {
			if h.Input == name {
				since = h.Since
			}
		}
		for k := range days {
			why, share := g.fault(g.seen[k][i])
			switch {
			case g.now && g.m.unread&(1<<i) != 0:
				why, share = store.InputUnread, 1
			case why == store.InputFresh:
				why, share = g.shift(name, base, g.seen[k][i])
				if why == store.InputShifted && accepted != nil {
					from := since
					if from == 0 {
						from = days[k]
					}
					if accepted(name, from) {
						why = store.InputFresh
					}
				}
			}
			if why == store.InputFresh {
				since = 0
				for j, p := range g.seen[k][i] {
					if !math.IsNaN(p.value) {
						base[j] = p.value
					}
				}
				continue
			}
			if since == 0 {
				since = days[k]
			}
			h := &out[k]
			h.set |= 1 << i
			h.why[i], h.since[i], h.share[i] = why, since, share
		}
	}
	return out
}

// fault reports what is wrong with an input for most of the customers who ever had it.
func (g *guard) fault(seen []point) (store.InputState, float64) {
	var count [store.InputUnknown + 1]int
	known := 0
	for _, p := range seen {
		if p.fault != store.InputUnknown {
			known++
			count[p.fault]++
		}
	}
	if known < g.m.g.Guard.Least {
		return store.InputFresh, 0
	}
	for _, why := range []store.InputState{store.InputMissing, store.InputMistyped, store.InputOutside, store.InputStale} {
		if 100*count[why] > known*g.m.g.Guard.Vanished {
			return why, float64(count[why]) / float64(known)
		}
	}
	return store.InputFresh, 0
}

// shift compares how an input is distributed with how it was when it was believed last: the population stability index over the tenths of what was (N. Siddiqi, Credit Risk
// Scorecards, 2006: above 0.25 a population is another one), and the share of customers whose value moved by more than half of the usual range.
func (g *guard) shift(input string, base []float64, seen []point) (store.InputState, float64) {
	was, is := make([]float64, 0, len(base)), make([]float64, 0, len(base))
	for j, p := range seen {
		if !math.IsNaN(base[j]) && !math.IsNaN(p.value) {
			was, is = append(was, base[j]), append(is, p.value)
		}
	}
	if len(was) < g.m.g.Guard.Least {
		return store.InputFresh, 0
	}
	sorted := slices.Sorted(slices.Values(was))
	at := func(q float64) float64 { return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))] }
	half, moved := (at(.95)-at(.05))/2, 0
	for j := range was {
		if math.Abs(is[j]-was[j]) > half && is[j] != was[j] {
			moved++
		}
	}
	index := stability(sorted, is)
	if most, crowd := g.m.g.Limits(input); index > most || 100*moved > len(was)*crowd {
		return store.InputShifted, index
	}
	return store.InputFresh, index
}

// stability is the population stability index of is against sorted, over the tenths of sorted: Σ (p − q) ln(p / q). Few values make few bins, which is why the expected index
// of two samples of one population, (bins − 1)·(1/n + 1/m), is taken off.
func stability(sorted, is []float64) float64 {
	var edges []float64
	for i := 1; i < 10; i++ {
		if e := sorted[i*len(sorted)/10]; len(edges) == 0 || e > edges[len(edges)-1] {
			edges = append(edges, e)
		}
	}
	bin := func(v float64) int {
		i, ok := slices.BinarySearch(edges, v)
		if ok {
			i++
		}
		return i
	}
	p, q := make([]float64, len(edges)+1), make([]float64, len(edges)+1)
	for _, v := range sorted {
		p[bin(v)]++
	}
	for _, v := range is {
		q[bin(v)]++
	}
	index, n, m := 0., float64(len(sorted)), float64(len(is))
	for i := range p {
		a, b := max(p[i], .5)/n, max(q[i], .5)/m
		index += (b - a) * math.Log(b/a)
	}
	return max(0, index-float64(len(edges))*(1/n+1/m))
}

// Guards tells which inputs are held on a day, without judging anybody: it looks at a sample of the customers and stores nothing. was is what was held before, from
// which each hold keeps its first day.
func Guards(ctx context.Context, b *analytics.Book, g *rule.Grading, day Day, was []Hold, accepted Accepted) ([]Hold, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := NewModel(b, g)
	w := newWalker(m, []Day{day})
	held := newGuard(m, w, func(c analytics.Code) *store.Evaluation { return b.EvaluationAt(c, day) }).judge(w.days, was, accepted)
	return held[0].list(m), nil
}
