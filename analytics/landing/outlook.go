package landing

import (
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// pipeline is what a day's model makes of the deals open that day, in the order of their org nodes.
type pipeline struct {
	m     *model
	open  []state
	paths []ahead
	seeds []uint64
	first []int32 // by node: its first deal in open; one more than there are nodes
}

// newPipeline looks at every open deal; a tenth of a second for a hundred thousand.
func newPipeline(m *model) *pipeline {
	p := &pipeline{m: m, first: make([]int32, len(m.b.Nodes())+1)}
	var parts [maxParts][]state
	var seeds [maxParts][]uint64
	n := parallel(len(m.lives), func(part, lo, hi int) {
		for i := lo; i < hi; i++ {
			l := &m.lives[i]
			if l.end != store.NoDay {
				continue
			}
			if s, ok := m.form.look(m.archive, l, m.day); ok {
				parts[part] = append(parts[part], s)
				seeds[part] = append(seeds[part], l.seed)
			}
		}
	})
	total := 0
	for i := range n {
		total += len(parts[i])
		for k := range parts[i] {
			p.first[parts[i][k].node+1]++
		}
	}
	for i := 1; i < len(p.first); i++ {
		p.first[i] += p.first[i-1]
	}
	next := slices.Clone(p.first)
	p.open, p.seeds, p.paths = make([]state, total), make([]uint64, total), make([]ahead, total)
	for i := range n {
		for k := range parts[i] {
			at := next[parts[i][k].node]
			next[parts[i][k].node]++
			p.open[at], p.seeds[at] = parts[i][k], seeds[i][k]
		}
	}
	ss := m.form.seasons(m.day)
	parallel(total, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			m.path(&p.open[i], m.day, &ss, &p.paths[i])
		}
	})
	return p
}

// node is what a period is to bring to one org node, before anything is drawn.
type node struct {
	deals  float64 // expected of the deals open now
	fresh  float64 // of deals that do not exist yet
	usual  float64 // what the node brings in such a period, whatever is in the pipeline
	spread float64 // variance of deals + fresh by chance alone
}

// plan adds up what p is to bring per org node of their own (not of their subtrees), and gives every open deal's probability of being won in it. fix maps a
// probability to one that has held in the past; nil: as it is.
func (p *pipeline) plan(period analytics.Period, fix *isotonic) ([]node, []float32) {
	m := p.m
	out, chance := make([]node, len(m.b.Nodes())), make([]float32, len(p.open))
	from := max(period.From, m.day+1)
	if period.To < from {
		return out, chance
	}
	parallel(len(p.open), func(_, lo, hi int) {
		// A node's deals may lie across two ranges: whoever has its first deal adds up all of them.
		for i := lo; i < hi; i++ {
			s := &p.open[i]
			if int(p.first[s.node]) != i {
				continue
			}
			o := &out[s.node]
			for k := i; k < int(p.first[s.node+1]); k++ {
				q := fix.of(p.paths[k].within(m.day, period))
				chance[k] = float32(q)
				v, ok := m.worth(&p.open[k])
				if !ok {
					continue
				}
				o.deals += q * v
				o.spread += q * (1 - q) * v * v
			}
		}
	})
	coming := m.coming(period)
	days := m.flow.days(m.form.cal, analytics.Period{From: from, To: period.To})
	for i := range out {
		if !m.flow.used[i] {
			continue
		}
		wins := m.flow.births[i] * coming
		out[i].fresh = wins * m.flow.value[i]
		out[i].usual = m.flow.level[i] * m.flow.value[i] * days
		out[i].spread += m.compound(i, wins, coming)
	}
	return out, chance
}

// compound returns the variance of the money of so many expected wins of node i, of which each deal that begins a day gives coming.
func (m *model) compound(i int, wins, coming float64) float64 {
	v, v2 := m.flow.value[i], m.flow.square[i]
	return wins*(v2-v*v) + wins*m.scatter(coming)*v*v
}

// scatter returns the variance over the mean of the wins among deals to come. Their births scatter by flow.spread; thinned by the share that is
// won, they scatter less.
func (m *model) scatter(coming float64) float64 {
	share := m.curve.won[curveWeeks]
	if coming <= 0 {
		return 1
	}
	return 1 + (m.flow.spread-1)*share
}

// isotonic maps probabilities to those that have held, by monotone steps (pool adjacent violators; Zadrozny and Elkan 2002) between which it is drawn straight.
// Nil maps each to itself.
type isotonic struct{ at, to []float64 }

func (f *isotonic) of(p float64) float64 {
	if f == nil || len(f.at) == 0 {
		return p
	}
	i, found := slices.BinarySearch(f.at, p)
	switch {
	case found:
		return f.to[i]
	case i == 0:
		return p * f.to[0] / math.Max(f.at[0], 1e-9)
	case i == len(f.at):
		last := len(f.at) - 1
		return f.to[last] + (1-f.to[last])*(p-f.at[last])/math.Max(1-f.at[last], 1e-9)
	}
	part := (p - f.at[i-1]) / (f.at[i] - f.at[i-1])
	return f.to[i-1] + part*(f.to[i]-f.to[i-1])
}

// pair is a probability that was said and what came: 1 won in time, 0 not.
type pair struct{ said, came float64 }

// minCame is how many wins, and how many others, a step of the map must rest on.
const minCame = 8

// newIsotonic learns from pairs; nil when there are too few of them.
func newIsotonic(pairs []pair) *isotonic {
	wins := 0.
	for _, p := range pairs {
		wins += p.came
	}
	if wins < 3*minCame || float64(len(pairs))-wins < 3*minCame {
		return nil
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		switch {
		case a.said != b.said && a.said < b.said, a.said == b.said && a.came < b.came:
			return -1
		case a.said == b.said && a.came == b.came:
			return 0
		}
		return 1
	})
	type block struct{ n, said, came float64 }
	// Ties, and neighbours until a block holds enough, begin together; then violators are pooled.
	var blocks []block
	var open block
	size := max(30, float64(len(pairs))/25)
	for i, p := range pairs {
		open.n++
		open.said += p.said
		open.came += p.came
		if i+1 < len(pairs) && (open.n < size || pairs[i+1].said == p.said) {
			continue
		}
		blocks = append(blocks, open)
		open = block{}
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if a.came/a.n <= b.came/b.n {
				break
			}
			blocks = append(blocks[:len(blocks)-2], block{a.n + b.n, a.said + b.said, a.came + b.came})
		}
	}
	f := &isotonic{}
	for _, b := range blocks {
		const prior = 60 // pairs that say that the model was right
		said := b.said / b.n
		to := (b.came + prior*said) / (b.n + prior)
		if k := len(f.at); k > 0 && said <= f.at[k-1] {
			continue
		}
		if k := len(f.to); k > 0 {
			to = max(to, f.to[k-1])
		}
		f.at, f.to = append(f.at, said), append(f.to, min(to, 1))
	}
	return f
}
