package landing

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/store"
)

// How much is looked at.
const (
	horizon   = 27      // weeks ahead: what is left of a quarter, and the next one
	memory    = 104     // weeks back from which the hazards are learned
	maxRows   = 160_000 // rows to learn from; beyond, deals are sampled
	thin      = 4       // of the weeks in which nothing happened one in so many is kept, at so many times the weight
	frailty   = 12.     // events by which a product's, team's and rep's own hazard is drawn to that of all others
	minClosed = 20      // closed deals under which there is too little history to learn from
	minWon    = 5
)

// model is the hazards of one day: what that day's archive teaches.
type model struct {
	*archive
	form    *form
	weights *weights
	penalty []float64
	own     [3]map[int32][ends]float64 // log of the factors by which a product's, a team's, a rep's hazards differ
	mean    [ends][groups]float64      // mean weight of each group over the rows learned from, against which a deal's is explained
	rows    int
	gain    gain
	curve   curve
	flow    *flow
	odds    []float64 // by slot: its planning probability
}

// The levels of model.own.
const (
	ownProduct = iota
	ownTeam
	ownRep
)

// learn fits the hazards that a's day knew, from at most about limit rows. It begins at the same place every time, so that the answer depends on the archive
// alone and not on what was learned before.
func learn(a *archive, limit int) *model {
	m := &model{archive: a, form: newForm(a)}
	s, who := m.sample(limit)
	m.rows = len(s.rows)
	m.penalty = make([]float64, m.form.n)
	for g := group(0); g < groups; g++ {
		for i := range m.form.size[g] {
			m.penalty[m.form.at[g]+i] = 1.5
			if g == groupStageAhead {
				m.penalty[m.form.at[g]+i] = 4
			}
		}
	}
	m.penalty[0] = 1e-6
	start := &weights{make([]float64, m.form.n), make([]float64, m.form.n)}
	start[endWon][0], start[endLost][0] = s.odds()
	m.weights = fit(s, m.form.n, m.penalty, start)
	m.differ(s, who)
	m.curve.learn(a)
	m.gain.learn(m)
	m.flow = newFlow(m)
	m.odds = a.odds()
	return m
}

// odds returns the log-odds of the ends over all rows.
func (s *sample) odds() (won, lost float64) {
	n := [ends + 1]float64{1, 1, 1}
	for i, e := range s.end {
		if e < 0 {
			e = ends
		}
		n[e] += float64(s.weight[i])
	}
	return math.Log(n[endWon] / n[ends]), math.Log(n[endLost] / n[ends])
}

// subject says whom a row of the sample is about.
type subject struct{ product, team, rep int32 }

// team returns the org node over a rep's.
func (a *archive) team(node int32) int32 {
	if p := a.b.Nodes()[node].Parent; p >= 0 && a.b.Nodes()[node].Person != analytics.None {
		return p
	}
	return node
}

// sample lays the weeks at risk out as rows. The world is looked at from a grid of days (landmarks, van Houwelingen 2007): from each, every deal open that day is
// followed week by week until it closes, the horizon ends, or the archive does. So a weight says what a deal's present state means for a week so far
// ahead, and no path through the stages has to be guessed. Before the first known closing nobody wrote closings down: those weeks are left out.
func (m *model) sample(limit int) (*sample, []subject) {
	s := &sample{}
	var who []subject
	if m.since == store.NoDay {
		return s, who
	}
	first := max(m.since-1, m.day-7*memory)
	weeks := max(1, int(m.day-first)/7)
	stride := 1
	expected := func() (n float64) {
		for i := range m.lives {
			l := &m.lives[i]
			from, to := max(l.born, first), m.day
			if l.end != store.NoDay {
				to = min(to, l.end)
			}
			if to > from {
				w := float64(to-from) / 7
				n += w / float64(stride) * min(w/2+1, horizon)
			}
		}
		return n
	}
	for stride < 4 && expected() > float64(limit) {
		stride *= 2
	}
	share := min(1, float64(limit)/max(1, expected()))
	threshold := uint64(share * math.MaxUint32)
	type part struct {
		s   sample
		who []subject
	}
	var out [maxParts]part
	seasonOf := map[analytics.Day]int{}
	for d := first; d <= m.day+7; d++ {
		seasonOf[d] = season(m.form.cal, d)
	}
	n := parallel(len(m.lives), func(p, lo, hi int) {
		o := &out[p]
		for i := lo; i < hi; i++ {
			l, seed := &m.lives[i], m.seeds[m.lives[i].code]
			for j := stride; j <= weeks; j += stride {
				day := m.day - analytics.Day(7*j)
				if l.born > day {
					break
				}
				if l.end != store.NoDay && l.end <= day {
					continue
				}
				if mix(seed^uint64(day))&math.MaxUint32 > threshold {
					continue
				}
				st, ok := m.form.look(m.archive, l, day)
				if !ok {
					continue
				}
				var row [groups]uint16
				m.form.still(&st, &row)
				about := subject{st.product, m.team(st.node), st.node}
				kept := mix(seed + uint64(day)*31)
				recent := float32(math.Exp2(-float64(7*j) / 365)) // what was learned a year ago counts half
				for k := 1; k <= min(horizon, j); k++ {
					last := day + analytics.Day(7*k)
					m.form.week(&st, day, k, seasonOf[last-3], &row)
					end := int8(-1)
					if l.end != store.NoDay && l.end <= last {
						if end = endLost; l.won {
							end = endWon
						}
					}
					weight := recent
					if end < 0 { // weeks in which nothing happens are many and alike: one in thin stands for all
						if kept = kept>>2 | kept<<62; kept%thin != 0 {
							continue
						}
						weight *= thin
					}
					o.s.rows, o.s.end, o.s.weight = append(o.s.rows, row), append(o.s.end, end), append(o.s.weight, weight)
					o.who = append(o.who, about)
					if end >= 0 {
						break
					}
				}
			}
		}
	})
	total := 0
	for p := range n {
		total += len(out[p].who)
	}
	s.rows, s.end, s.weight, who = make([][groups]uint16, 0, total), make([]int8, 0, total), make([]float32, 0, total), make([]subject, 0, total)
	for p := range n {
		s.rows, s.end, s.weight = append(s.rows, out[p].s.rows...), append(s.end, out[p].s.end...), append(s.weight, out[p].s.weight...)
		who = append(who, out[p].who...)
	}
	// A deal is seen from several landmarks, so its rows tell one thing several times: together they count as often as its weeks.
	for i := range s.weight {
		s.weight[i] *= float32(min(1, float64(stride)/3))
	}
	return s, who
}

// differ learns by what factor the hazards of each product, of each team with these products, and of each rep in this team differ from what the features say:
// observed over expected, drawn to 1 by a gamma prior (rep → team → company).
func (m *model) differ(s *sample, who []subject) {
	type tally struct{ seen, due [ends]float64 }
	for level := range m.own {
		m.own[level] = map[int32][ends]float64{}
		sums := map[int32]*tally{}
		for i := range s.rows {
			key := who[i].key(level)
			t := sums[key]
			if t == nil {
				t = &tally{}
				sums[key] = t
			}
			won, lost := m.weights.score(&s.rows[i])
			for l := range level {
				o := m.own[l][who[i].key(l)]
				won, lost = won+o[endWon], lost+o[endLost]
			}
			h := hazards(won, lost)
			q := float64(s.weight[i])
			for e := range ends {
				t.due[e] += q * h[e]
			}
			if s.end[i] >= 0 {
				t.seen[s.end[i]] += q
			}
		}
		for key, t := range sums {
			var o [ends]float64
			for e := range ends {
				o[e] = math.Log((t.seen[e] + frailty) / (t.due[e] + frailty))
			}
			m.own[level][key] = o
		}
	}
	total := 0.
	for i := range s.rows {
		q := float64(s.weight[i])
		total += q
		for g, at := range s.rows[i] {
			for e := range ends {
				m.mean[e][g] += q * m.weights[e][at]
			}
		}
	}
	for e := range ends {
		for g := range m.mean[e] {
			m.mean[e][g] /= max(total, 1e-9)
		}
	}
}

func (s subject) key(level int) int32 {
	switch level {
	case ownProduct:
		return s.product
	case ownTeam:
		return s.team
	}
	return s.rep
}

// ahead is what becomes of an open deal, by the week: the probabilities that by the end of the k-th week from now it is won, or lost. Index 0 is now: none.
type ahead struct{ won, lost [horizon + 1]float32 }

// path follows s from day on. seasons are those of the weeks' middles.
func (m *model) path(s *state, day analytics.Day, seasons *[horizon + 1]uint8, out *ahead) {
	m.pathWithout(s, day, seasons, out, 0)
}

// without is a set of things to be left out of account, by bit: groups, then the levels of model.own.
type without uint32

func (w without) has(i int) bool { return w>>i&1 != 0 }

// pathWithout is path for a deal of which what is left out is as in the mean of all deals.
func (m *model) pathWithout(s *state, day analytics.Day, seasons *[horizon + 1]uint8, out *ahead, skip without) {
	f, w := m.form, m.weights
	won, lost := w[endWon][0], w[endLost][0]
	var row [groups]uint16
	f.still(s, &row)
	for g := range int(groups) {
		switch {
		case skip.has(g):
			won += m.mean[endWon][g]
			lost += m.mean[endLost][g]
		case g >= moving:
			won += w[endWon][row[g]]
			lost += w[endLost][row[g]]
		}
	}
	who := subject{s.product, m.team(s.node), s.node}
	for level := range m.own {
		if !skip.has(int(groups) + level) {
			o := m.own[level][who.key(level)]
			won, lost = won+o[endWon], lost+o[endLost]
		}
	}
	stay, cw, cl := 1., 0., 0.
	for k := 1; k <= horizon; k++ {
		f.week(s, day, k, int(seasons[k]), &row)
		kw, kl := won, lost
		for g, i := range row[:moving] {
			if !skip.has(g) {
				kw += w[endWon][i]
				kl += w[endLost][i]
			}
		}
		h := hazards(kw, kl)
		cw += stay * h[endWon]
		cl += stay * h[endLost]
		stay *= 1 - h[endWon] - h[endLost]
		out.won[k], out.lost[k] = float32(cw), float32(cl)
	}
}

// seasons returns those of the weeks after day.
func (f *form) seasons(day analytics.Day) (s [horizon + 1]uint8) {
	for k := 1; k <= horizon; k++ {
		s[k] = uint8(season(f.cal, day+analytics.Day(7*k-3)))
	}
	return s
}

// by returns the probability of being won by the end of the day so many days from now.
func (p *ahead) by(days int) float64 {
	if days <= 0 {
		return 0
	}
	k := days / 7
	if k >= horizon {
		return float64(p.won[horizon])
	}
	part := float64(days%7) / 7
	return float64(p.won[k])*(1-part) + float64(p.won[k+1])*part
}

// within returns the probability of being won in p, seen from day.
func (p *ahead) within(day analytics.Day, period analytics.Period) float64 {
	return max(0, p.by(int(period.To-day))-p.by(int(max(period.From-1, day)-day)))
}
