package landing

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/store"
)

// curve is the Aalen–Johansen estimate of the probability that a deal is won by an age in weeks, over all deals, left-truncated at the first day on
// which closings were recorded: what becomes of deals of which nothing is known yet, because they do not exist yet.
type curve struct{ won [curveWeeks + 1]float64 }

const curveWeeks = 60

func (c *curve) learn(a *archive) {
	if a.since == store.NoDay {
		return
	}
	var risk, won, lost [curveWeeks + 1]float64
	first := max(a.since-1, a.day-7*memory)
	for i := range a.lives {
		l := &a.lives[i]
		if l.born == store.NoDay {
			continue
		}
		to := a.day
		if l.end != store.NoDay {
			to = l.end
		}
		if to <= first {
			continue
		}
		from := max(l.born, first)
		for k := int(from-l.born)/7 + 1; k <= curveWeeks; k++ {
			end := l.born + analytics.Day(7*k)
			if l.end != store.NoDay && l.end < end {
				if risk[k]++; l.won {
					won[k]++
				} else {
					lost[k]++
				}
				break
			}
			if end > to {
				break
			}
			risk[k]++
		}
	}
	stay := 1.
	for k := 1; k <= curveWeeks; k++ {
		c.won[k] = c.won[k-1]
		if risk[k] > 0 {
			c.won[k] += stay * won[k] / risk[k]
			stay *= 1 - (won[k]+lost[k])/risk[k]
		}
	}
}

func (c *curve) by(days float64) float64 {
	if days <= 0 {
		return 0
	}
	k := int(days / 7)
	if k >= curveWeeks {
		return c.won[curveWeeks]
	}
	part := days/7 - float64(k)
	return c.won[k]*(1-part) + c.won[k+1]*part
}

// gain says what an open deal brings when it is won, against the amount that it stands with: negotiations lower it, padding inflates it. It is learned per open
// stage from deals that were won since, and drawn to what all of them give.
type gain struct {
	stage []float64 // by slot: won value over amount
	none  float64   // what a deal without an amount brought, in minor units
}

func (g *gain) learn(m *model) {
	slots := m.form.slots
	sum, base := make([]float64, slots), make([]float64, slots)
	allSum, allBase, noneSum, none := 0., 0., 0., 0.
	step := uint64(max(1, m.won/8000))
	for i := range m.lives {
		l := &m.lives[i]
		if !l.won || m.seed(l)%step != 0 || l.end < m.day-7*memory {
			continue
		}
		for _, back := range []analytics.Day{28, 91} {
			day := l.end - back
			if day < m.since {
				continue
			}
			s, ok := m.form.look(m.archive, l, day)
			if !ok {
				continue
			}
			v := 0.
			if l.worth {
				v = min(max(float64(l.value), -m.usual.cap), m.usual.cap)
			}
			switch {
			case s.amount == amountNone:
				noneSum, none = noneSum+v, none+1
			case s.amount == amountKnown && s.value > 0 && v > 0:
				r := min(max(v/s.value, .2), 5) // a corrected typing mistake is no rule
				sum[s.slot] += r * math.Sqrt(s.value)
				base[s.slot] += math.Sqrt(s.value) // between counting deals and counting money
				allSum += r * math.Sqrt(s.value)
				allBase += math.Sqrt(s.value)
			}
		}
	}
	all, each := 1., 1.
	if allBase > 0 {
		all, each = allSum/allBase, allBase/float64(max(1, m.won))
	}
	g.stage = make([]float64, slots)
	for i := range g.stage {
		prior := 20 * each
		g.stage[i] = (sum[i] + prior*all) / (base[i] + prior)
		if allBase == 0 {
			g.stage[i] = 1
		}
	}
	g.none = (noneSum) / (none + 5)
}

// worth returns what an open deal is expected to bring if it is won, in minor units. ok is false when no figure can be given.
func (m *model) worth(s *state) (v float64, ok bool) {
	switch s.amount {
	case amountKnown:
		return s.value * m.gain.stage[s.slot], true
	case amountNone:
		return m.gain.none, m.gain.none != 0
	case amountUnknown:
		v = m.usual.of(s.product)
		return v, v != 0
	case amountWild:
		return m.usual.top, true
	}
	return 0, false
}

// flow is what comes and goes per org node: the deals that begin, and what is won, by the day.
type flow struct {
	season [seasons]float64 // what is won on a day of a season, against a day of the mean
	births []float64        // by node: deals that begin a day
	level  []float64        // by node: deals won a day of the mean season
	value  []float64        // by node: what a won deal brings
	square []float64        // by node: mean of the square of that
	spread float64          // variance of the births in a week over their mean; 1 is Poisson
	used   []bool           // by node: it has deals of its own
}

// How fast what happened loses its weight, in days, and how strongly a node is drawn to its team and to the company.
const (
	birthHalf = 91.
	levelHalf = 182.
	birthPull = 21. // days of the team's mean
	levelPull = 14.
	valuePull = 12. // won deals
)

func newFlow(m *model) *flow {
	n := len(m.b.Nodes())
	f := &flow{births: make([]float64, n), level: make([]float64, n), value: make([]float64, n), square: make([]float64, n), used: make([]bool, n), spread: 1}
	for i := range f.season {
		f.season[i] = 1
	}
	if m.since == store.NoDay {
		return f
	}
	f.seasons(m)
	first := max(m.since-1, m.day-7*memory)
	decay := func(d analytics.Day, half float64) float64 { return math.Exp2(-float64(m.day-d) / half) }
	spanOf := func(half float64, from analytics.Day) float64 { // days, decayed
		k := math.Ln2 / half
		return (1 - math.Exp(-k*float64(m.day-from))) / k
	}
	seasonal := 0. // days of the mean season, decayed
	for d := first + 1; d <= m.day; d++ {
		seasonal += decay(d, levelHalf) * f.season[season(m.form.cal, d)]
	}
	born, won, sum, square := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	weeks := map[int]float64{}
	lo, hi := m.usual.bounds()
	for i := range m.lives {
		l := &m.lives[i]
		if l.born != store.NoDay && l.born > first {
			f.used[l.node] = true
			born[l.node] += decay(l.born, birthHalf)
			weeks[int(m.day-l.born)/7]++
		}
		if l.won && l.end > first {
			f.used[l.node] = true
			won[l.node] += decay(l.end, levelHalf)
			if l.worth {
				v := min(max(float64(l.value), lo), hi)
				q := decay(l.end, levelHalf)
				sum[l.node] += q * v
				square[l.node] += q * v * v
			}
		}
	}
	span := spanOf(birthHalf, first)
	f.pool(m, born, span, birthPull, f.births)
	f.pool(m, won, seasonal, levelPull, f.level)
	f.values(m, won, sum, square)
	f.scatter(weeks, int(m.day-first)/7)
	return f
}

// bounds returns the values between which a won deal is believed.
func (u *usual) bounds() (lo, hi float64) { return -u.cap, u.cap }

// seasons learns the quarter's course from the company's won deals: per season, what came on a day against a mean day, drawn to 1 by thirty days.
func (f *flow) seasons(m *model) {
	var sum, days [seasons]float64
	first := max(m.since-1, m.day-7*memory)
	for d := first + 1; d <= m.day; d++ {
		days[season(m.form.cal, d)]++
	}
	total, all := 0., 0.
	for i := range m.lives {
		if l := &m.lives[i]; l.won && l.end > first {
			sum[season(m.form.cal, l.end)]++
			total++
		}
	}
	for i := range days {
		all += days[i]
	}
	if total == 0 || all == 0 {
		return
	}
	const prior = 15. // days
	mean := total / all
	for i := range f.season {
		f.season[i] = (sum[i] + prior*mean) / ((days[i] + prior) * mean)
	}
}

// pool turns counts into rates a day: each node's own, drawn to the mean of its team's nodes that have any, and these to the company's.
func (f *flow) pool(m *model, count []float64, span, pull float64, out []float64) {
	teams, size := map[int32]float64{}, map[int32]float64{}
	total, all := 0., 0.
	for i, used := range f.used {
		if used {
			t := m.team(int32(i))
			teams[t] += count[i]
			size[t]++
			total += count[i]
			all++
		}
	}
	if span <= 0 || all == 0 {
		return
	}
	for i, used := range f.used {
		if used {
			t := m.team(int32(i))
			company := total / all / span
			team := (teams[t] + company*pull) / (size[t]*span + pull)
			out[i] = (count[i] + team*pull) / (span + pull)
		}
	}
}

// values learns what a won deal brings per node, drawn to its team's mean, and that to the company's.
func (f *flow) values(m *model, won, sum, square []float64) {
	type tally struct{ n, sum, square float64 }
	teams, all := map[int32]*tally{}, tally{}
	for i, used := range f.used {
		if used {
			t := teams[m.team(int32(i))]
			if t == nil {
				t = &tally{}
				teams[m.team(int32(i))] = t
			}
			for _, x := range []*tally{t, &all} {
				x.n, x.sum, x.square = x.n+won[i], x.sum+sum[i], x.square+square[i]
			}
		}
	}
	if all.n == 0 {
		return
	}
	mean, mean2 := all.sum/all.n, all.square/all.n
	for i, used := range f.used {
		if used {
			t := teams[m.team(int32(i))]
			tm, tm2 := (t.sum+valuePull*mean)/(t.n+valuePull), (t.square+valuePull*mean2)/(t.n+valuePull)
			f.value[i] = (sum[i] + valuePull*tm) / (won[i] + valuePull)
			f.square[i] = max((square[i]+valuePull*tm2)/(won[i]+valuePull), f.value[i]*f.value[i])
		}
	}
}

// scatter measures how much the births of a week scatter beyond chance, over the last half year.
func (f *flow) scatter(weeks map[int]float64, n int) {
	n = min(n, 26)
	if n < 6 {
		f.spread = 1.5
		return
	}
	mean := 0.
	for k := range n {
		mean += weeks[k] / float64(n)
	}
	if mean <= 0 {
		return
	}
	variance := 0.
	for k := range n {
		d := weeks[k] - mean
		variance += d * d / float64(n-1)
	}
	f.spread = min(max(variance/mean, 1), 5)
}

// days adds up the seasons of a period: days of the mean season.
func (f *flow) days(cal analytics.Calendar, p analytics.Period) (n float64) {
	for d := p.From; d <= p.To; d++ {
		n += f.season[season(cal, d)]
	}
	return n
}

// coming returns how many deals that begin after the model's day are expected to be won in p, per deal that begins a day.
func (m *model) coming(p analytics.Period) (n float64) {
	from := max(p.From, m.day+1)
	if p.To < from {
		return 0
	}
	for d := m.day + 1; d <= p.To; d++ {
		n += m.curve.by(float64(p.To-d)+.5) - m.curve.by(float64(from-1-d)+.5)
	}
	return n * m.flow.days(m.form.cal, analytics.Period{From: from, To: p.To}) / float64(p.To-from+1)
}
