package cycle

import (
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// pull is by how many deals a group is drawn to its parent.
const pull = 8

// key names a group; -1 stands for any.
type key struct{ stage, size, product, region int32 }

const anyOf = -1

// group is similar deals' values: days, or minor units.
type group struct {
	values         []float64
	centre, spread float64
}

// Reference is what the deals won by a day were like. It is immutable once made; any number of goroutines may ask it.
type Reference struct {
	b       *analytics.Book
	rules   rule.DualTrack
	day     analytics.Day
	cycles  map[key]*group
	amounts map[key]*group
	quarter [3]float64 // of the won amounts: bounds of the sizes
	largest int64      // of the won amounts, in minor units
	region  []int32    // by org node: the region over it, or the company
}

// learnt is a Reference's place among a Book's answers.
type learnt struct {
	rules rule.DualTrack
	day   analytics.Day
}

// For is [Learn], once per Book, day and rules.
func For(b *analytics.Book, p *rule.Pack, day analytics.Day) *Reference {
	return analytics.Memo(b, learnt{rule.ForecastSection.Of(p).DualTrack, day}, func() *Reference { return Learn(b, p, day) })
}

// Learn reads every won deal of b as of the end of day: a scan of all deals, once for any number of questions, judged by the rules in p (nil: the defaults).
func Learn(b *analytics.Book, p *rule.Pack, day analytics.Day) *Reference {
	r := &Reference{b: b, rules: rule.ForecastSection.Of(p).DualTrack, day: day, cycles: map[key]*group{}, amounts: map[key]*group{}}
	nodes := b.Nodes()
	r.region = make([]int32, len(nodes))
	for i, n := range nodes {
		if n.Parent >= 0 && n.Kind != store.UnitRegion.String() {
			r.region[i] = r.region[n.Parent]
		} else {
			r.region[i] = int32(i)
		}
	}
	var won []analytics.DealState
	var worth []float64
	for c := range analytics.Code(b.Deals()) {
		if first, ok := b.FirstWon(c); !ok || first > day {
			continue
		}
		if d := b.DealAt(c, day); d.Exists && d.Kind == store.StageWon {
			won = append(won, d)
			if d.HasValue() && d.Value > 0 {
				worth = append(worth, float64(d.Value))
			}
		}
	}
	slices.Sort(worth)
	if n := len(worth); n > 0 {
		r.largest = int64(worth[n-1])
	}
	for i := range r.quarter {
		if n := len(worth); n > 0 {
			r.quarter[i] = worth[n*(i+1)/4]
		}
	}
	for i := range won {
		r.add(&won[i])
	}
	r.settle(r.cycles, logDays)
	r.settle(r.amounts, math.Log)
	return r
}

// Largest returns the largest amount ever won, in minor units of the organisation's currency; 0: none was.
func (r *Reference) Largest() int64 { return r.largest }

func logDays(v float64) float64 { return math.Log1p(v) }

// size returns the quarter of won amounts that a value lies in; -1 unknown.
func (r *Reference) size(d *analytics.DealState) int32 {
	if !d.HasValue() || d.Value <= 0 {
		return anyOf
	}
	n := int32(0)
	for n < 3 && float64(d.Value) >= r.quarter[n] {
		n++
	}
	return n
}

func put(m map[key]*group, k key, v float64) {
	g := m[k]
	if g == nil {
		g = &group{}
		m[k] = g
	}
	g.values = append(g.values, v)
}

// add counts a won deal in every group that it belongs to: once per stage that it passed, from the last time that it entered it.
func (r *Reference) add(d *analytics.DealState) {
	size, product, region := r.size(d), d.Product, r.region[d.Node]
	entered := map[analytics.Code]analytics.Day{}
	for _, s := range r.b.Way(d.Deal, r.day) {
		if s.Stage != analytics.None && s.Day != store.NoDay && s.Day <= d.Closed {
			entered[s.Stage] = s.Day
		}
	}
	for _, stage := range r.b.Stages() {
		day, ok := entered[stage]
		if !ok || r.b.Stage(stage).Kind != store.StageOpen {
			continue
		}
		chain := levels(stage, size, product, region)
		for i, k := range chain {
			if i == 0 || k != chain[i-1] { // without a product or a size two levels are one
				put(r.cycles, k, float64(d.Closed-day))
			}
		}
	}
	if d.Created != store.NoDay && d.Closed >= d.Created {
		put(r.cycles, key{anyOf, anyOf, anyOf, anyOf}, float64(d.Closed-d.Created))
	}
	if d.HasValue() && d.Value > 0 {
		chain := amountLevels(product, region)
		for i, k := range chain {
			if i == 0 || k != chain[i-1] {
				put(r.amounts, k, float64(d.Value))
			}
		}
	}
}

// levels are a deal's groups, finest first, all of one stage.
func levels(stage, size, product, region int32) [4]key {
	return [4]key{{stage, size, product, region}, {stage, size, product, anyOf}, {stage, anyOf, product, anyOf}, {stage, anyOf, anyOf, anyOf}}
}

func amountLevels(product, region int32) [3]key {
	return [3]key{{anyOf, anyOf, product, region}, {anyOf, anyOf, product, anyOf}, {anyOf, anyOf, anyOf, anyOf}}
}

var cycleNames, amountNames = []Level{StageSizeProductRegion, StageSizeProduct, StageProduct, StageOnly}, []Level{ProductRegion, ProductOnly, AllDeals}

// settle sorts every group's values and finds its own centre and spread; drawing to the parent is done on the way down a chain of groups.
func (r *Reference) settle(m map[key]*group, log func(float64) float64) {
	for _, g := range m {
		slices.Sort(g.values)
		logs := make([]float64, len(g.values))
		for i, v := range g.values {
			logs[i] = log(v)
		}
		g.centre = median(logs)
		for i := range logs {
			logs[i] = math.Abs(logs[i] - g.centre)
		}
		slices.Sort(logs)
		g.spread = 1.4826 * median(logs)
	}
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// norm picks the finest group of chain, finest first, that holds enough, its figures drawn to those of the coarser ones. back is the inverse of the scale.
func (r *Reference) norm(m map[key]*group, chain []key, names []Level, back func(float64) float64) (Norm, *group) {
	var centre, spread float64
	known := false
	out, at := Norm{Level: TooFew}, (*group)(nil)
	for i := len(chain) - 1; i >= 0; i-- {
		g := m[chain[i]]
		if g == nil || i+1 < len(chain) && chain[i] == chain[i+1] {
			continue
		}
		if out.Level == TooFew {
			out.N = len(g.values)
		}
		if len(g.values) < r.rules.Similar {
			continue
		}
		n := float64(len(g.values))
		if known {
			own := g.spread
			if own == 0 { // ties: more than half of them took the same time
				own = spread
			}
			centre = (n*g.centre + pull*centre) / (n + pull)
			spread = math.Sqrt((n*own*own + pull*spread*spread) / (n + pull))
		} else {
			centre, spread, known = g.centre, g.spread, true
		}
		out.Level, out.N, at = names[i], len(g.values), g
	}
	if !known || spread == 0 {
		out.Level = TooFew
		return out, at
	}
	out.centre, out.spread = centre, spread
	far := r.rules.Sigma * spread
	out.Centre, out.Low, out.High = int64(math.Round(back(centre))), int64(math.Floor(max(0, back(centre-far)))), int64(math.Ceil(min(back(centre+far), 9e18)))
	return out, at
}

// z is how many spreads v lies from the centre.
func (n *Norm) z(log float64) *float64 {
	if n.Level == TooFew {
		return nil
	}
	v := math.Round((log-n.centre)/n.spread*100) / 100
	return &v
}

// edges are where the histogram's bins begin, in days: even steps on the eye's scale.
var edges = []int{0, 2, 4, 7, 11, 15, 22, 29, 43, 57, 85, 113, 169, 225, 337, 505}

func histogram(g *group) []Bin {
	out := make([]Bin, len(edges))
	for i := range edges {
		out[i].From = edges[i]
		if i+1 < len(edges) {
			out[i].To = edges[i+1] - 1
		}
	}
	if g == nil {
		return out
	}
	for _, v := range g.values {
		i, found := slices.BinarySearch(edges, int(v))
		if !found {
			i--
		}
		out[max(0, i)].N++
	}
	return out
}
