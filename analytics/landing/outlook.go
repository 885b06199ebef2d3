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
	plain bool    // there are promises and planning probabilities, so node.plain says something
}

// newPipeline looks at every open deal; a tenth of a second for a hundred thousand.
func newPipeline(m *model) *pipeline {
	p := opened(m)
	p.paths = make([]ahead, len(p.open))
	ss := m.form.seasons(m.day)
	parallel(len(p.open), func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			m.path(&p.open[i], m.day, &ss, &p.paths[i])
		}
	})
	return p
}

// opened returns the open deals, with no paths yet.
func opened(m *model) *pipeline {
	p := &pipeline{m: m, first: make([]int32, len(m.b.Nodes())+1)}
	total := 0
	for i := range m.lives {
		if l := &m.lives[i]; l.end == store.NoDay {
			p.first[l.node+1]++
			total++
		}
	}
	for i := 1; i < len(p.first); i++ {
		p.first[i] += p.first[i-1]
	}
	next, who := slices.Clone(p.first), make([]int32, total) // by place among the open ones: its life
	for i := range m.lives {
		if l := &m.lives[i]; l.end == store.NoDay {
			who[next[l.node]] = int32(i)
			next[l.node]++
		}
	}
	p.open, p.seeds = make([]state, total), make([]uint64, total)
	var gone [maxParts]bool // somebody has no open deal where the archive has one: closed, nobody says when
	n := parallel(total, func(part, lo, hi int) {
		for k := lo; k < hi; k++ {
			l := &m.lives[who[k]]
			var ok bool
			if p.open[k], ok = m.form.look(m.archive, l, m.day); !ok {
				who[k], gone[part] = -1, true
			}
			p.seeds[k] = m.seed(l)
		}
	})
	if slices.Contains(gone[:n], true) {
		p.close(who)
	}
	for i := 0; i < len(p.open) && !p.plain; i++ {
		p.plain = p.open[i].promise != store.NoDay
	}
	p.plain = p.plain && slices.ContainsFunc(m.odds, func(v float64) bool { return v > 0 })
	return p
}

// close takes out of p what has no life in who.
func (p *pipeline) close(who []int32) {
	to := int32(0)
	for node := range p.first[1:] {
		lo, hi := p.first[node], p.first[node+1]
		p.first[node] = to
		for k := lo; k < hi; k++ {
			if who[k] >= 0 {
				p.open[to], p.seeds[to] = p.open[k], p.seeds[k]
				to++
			}
		}
	}
	p.first[len(p.first)-1] = to
	p.open, p.seeds = p.open[:to], p.seeds[:to]
}

// node is what a period is to bring to one org node, before anything is drawn.
type node struct {
	deals  float64 // expected of the deals open now
	fresh  float64 // of deals that do not exist yet
	usual  float64 // what the node brings in such a period, whatever is in the pipeline
	plain  float64 // what the open deals promised for the period bring by their stages' planning probabilities; see model.plain
	give   float64 // of deals, how much moves when all hazards are moved together, per unit of their logarithm: less the surer they are
	spread float64 // variance of deals + fresh by chance alone
}

// origin is a pipeline of a past day, of which no more is kept than comparing it with what came takes: a twentieth.
type origin struct {
	m       *model // its lives are gone
	periods [windows]analytics.Period
	open    []prospect
	first   []int32
	plain   bool // see pipeline
}

// prospect is a deal that was open at an origin.
type prospect struct {
	code  analytics.Code
	worth float64          // 0: nobody could say
	said  [windows]float64 // the probability of being won in the origin's periods, as the model had it
	plain [windows]float32 // its part in node.plain
}

// newOrigin is newPipeline for a past day.
func newOrigin(m *model) *origin {
	p := opened(m)
	from := m.day + 1
	cal := m.b.Calendar()
	o := &origin{m: m, first: p.first, open: make([]prospect, len(p.open)), plain: p.plain}
	for w := range o.periods {
		o.periods[w] = analytics.Period{From: from, To: cal.Month(from, lengths[w]-1).To}
	}
	ss := m.form.seasons(m.day)
	parallel(len(p.open), func(_, lo, hi int) {
		var path ahead
		for i := lo; i < hi; i++ {
			m.path(&p.open[i], m.day, &ss, &path)
			x := &o.open[i]
			x.code = p.open[i].code
			x.worth, _ = m.worth(&p.open[i])
			for w := range x.said {
				x.said[w] = path.within(m.day, o.periods[w])
				x.plain[w] = float32(m.plain(&p.open[i], o.periods[w]))
			}
		}
	})
	slim := *m.archive
	slim.lives, slim.wins = nil, nil
	m.archive = &slim
	return o
}

// plan is pipeline.plan for one of the origin's periods.
func (o *origin) plan(w int, fix *isotonic) []node {
	out := make([]node, len(o.first)-1)
	for n := range out {
		x := &out[n]
		for k := o.first[n]; k < o.first[n+1]; k++ {
			q, v := fix.of(o.open[k].said[w]), o.open[k].worth
			x.deals += q * v
			x.spread += q * (1 - q) * v * v
			x.plain += float64(o.open[k].plain[w])
		}
	}
	o.m.come(out, o.periods[w])
	return out
}

// plan adds up what p is to bring per org node from first to before end, of their own (not of their subtrees), and gives their open deals' probability of being won in it. fix maps a
// probability to one that has held in the past; nil: as it is. Chances begin with the open deal at base.
func (p *pipeline) plan(period analytics.Period, fix *isotonic, first, end int32) (out []node, chance []float32, base int) {
	m, begin := p.m, int(p.first[first])
	out, chance = make([]node, len(m.b.Nodes())), make([]float32, int(p.first[end])-begin)
	if period.To <= m.day {
		return out, chance, begin
	}
	parallel(int(p.first[end])-begin, func(_, lo, hi int) {
		// A node's deals may lie across two ranges: whoever has its first deal adds up all of them.
		for i := begin + lo; i < begin+hi; i++ {
			s := &p.open[i]
			if int(p.first[s.node]) != i {
				continue
			}
			o := &out[s.node]
			for k := i; k < int(p.first[s.node+1]); k++ {
				q := fix.of(p.paths[k].within(m.day, period))
				chance[k-begin] = float32(q)
				o.plain += m.plain(&p.open[k], period)
				v, ok := m.worth(&p.open[k])
				if !ok {
					continue
				}
				o.deals += q * v
				o.give += give(q) * v
				o.spread += q * (1 - q) * v * v
			}
		}
	})
	m.come(out, period)
	return out, chance, begin
}

// plain is a deal's part in the stage-weighted pipeline of period: its amount times its stage's planning probability if it is promised for it, and nothing if the rep leaves it out. A promise
// that has passed counts as one for tomorrow.
func (m *model) plain(s *state, period analytics.Period) float64 {
	if s.promise == store.NoDay || s.call == store.CategoryOmitted || !period.Contains(max(s.promise, m.day+1)) {
		return 0
	}
	v := s.value
	if s.amount == amountUnknown {
		v = m.usual.of(s.product)
	}
	return v * m.odds[s.slot]
}

// come adds what does not exist yet to what p is to bring per org node, and what each usually brings.
func (m *model) come(out []node, period analytics.Period) {
	from := max(period.From, m.day+1)
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

// give is the derivative of a probability by the logarithm of its hazard.
func give(q float64) float64 {
	if q <= 0 || q >= 1 {
		return 0
	}
	return -(1 - q) * math.Log1p(-q)
}
