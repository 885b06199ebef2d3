package fit

import (
	"math"
	"math/rand/v2"

	"flightdeck/analytics/rule"
)

// row is one customer at one origin: its attributes, -1 where unknown, and what it brought afterwards.
type row struct {
	x       []float32
	revenue float64
	renewed bool
	amount  float64 // in the year before: what the static rule ranks by
	quarter float64 // in the ninety days before
	account int32
	origin  int
	counts  bool // it was a customer then, so that it could renew
}

// problem is to find weights within bounds under which the score puts customers in the order of what they brought.
type problem struct {
	factor   []int // by attribute
	lo, hi   []float64
	start    []float64
	total    [3]float64 // of each factor's weights: kept, since only their proportion counts
	pairs    [][2]int32 // of rows: the first brought more
	rows     []row
	strength float64 // of the pull to the weights in force
	frozen   []bool  // attributes of which the rows say too little: their weights stay

	scores, slopes, push []float64 // scratch of loss
}

// least is below which a factor does not fall when its logarithm is taken.
const least = 1e-3

func newProblem(g *rule.Grading, rows []row, strength float64) *problem {
	p := &problem{rows: rows, strength: strength}
	for i := range g.Attributes {
		a := &g.Attributes[i]
		f := 0
		for k, name := range rule.Factors() {
			if name == a.Factor {
				f = k
			}
		}
		p.factor = append(p.factor, f)
		p.lo, p.hi, p.start = append(p.lo, a.Min), append(p.hi, a.Max), append(p.start, g.Weight(a))
		p.total[f] += g.Weight(a)
	}
	p.frozen = make([]bool, len(p.start))
	return p
}

// leastKnown is the share of the cases that must know an attribute for its weight to be moved. Weight on what nobody knows yet costs the fit nothing, and would count from the day on which
// it is known.
const leastKnown = .1

// freeze keeps the weights of attributes that too few rows know.
func (p *problem) freeze() {
	for k := range p.start {
		known := 0
		for i := range p.rows {
			if p.rows[i].x[k] >= 0 {
				known++
			}
		}
		if float64(known) < leastKnown*float64(len(p.rows)) {
			p.frozen[k], p.lo[k], p.hi[k] = true, p.start[k], p.start[k]
		}
	}
}

// rounded are weights to the hundredth, within their bounds; what stays stays exactly.
func (p *problem) rounded(w []float64) []float64 {
	for k := range w {
		if w[k] = max(p.lo[k], min(p.hi[k], round(w[k], 2))); p.frozen[k] {
			w[k] = p.start[k]
		}
	}
	return w
}

// logScore is the logarithm of the score over 100, and into d its derivatives by the weights.
func (p *problem) logScore(x []float32, w, d []float64) (s float64) {
	var sum, known [3]float64
	for k, v := range x {
		if v >= 0 {
			sum[p.factor[k]] += w[k] * float64(v)
			known[p.factor[k]] += w[k]
		}
	}
	for f := range sum {
		if known[f] > 0 {
			s += math.Log(max(sum[f]/known[f], least)) / 3
		} else {
			s += math.Log(least) / 3
		}
	}
	if d == nil {
		return s
	}
	for k, v := range x {
		f := p.factor[k]
		d[k] = 0
		if v >= 0 && known[f] > 0 && sum[f]/known[f] > least {
			d[k] = (float64(v)/sum[f] - 1/known[f]) / 3
		}
	}
	return s
}

// sample draws pairs of rows of one origin that brought different sums, at most n, in proportion to the origins' rows.
func (p *problem) sample(n int) {
	rng := rand.New(rand.NewPCG(1, 2))
	by := map[int][]int32{}
	last := 0
	for i := range p.rows {
		by[p.rows[i].origin] = append(by[p.rows[i].origin], int32(i))
		last = max(last, p.rows[i].origin)
	}
	for o := 0; o <= last; o++ {
		all := by[o]
		if len(all) < 2 {
			continue
		}
		for range n * len(all) / len(p.rows) {
			i, j := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
			switch x, y := p.rows[i].revenue, p.rows[j].revenue; {
			case x > y:
				p.pairs = append(p.pairs, [2]int32{i, j})
			case y > x:
				p.pairs = append(p.pairs, [2]int32{j, i})
			}
		}
	}
}

// loss is the mean of log(1 + exp(-slope × difference)) over the pairs (C. Burges and others, "Learning to rank using gradient descent", ICML 2005), with the pull to the weights in
// force; into grad its derivatives by the weights, and the one by the logarithm of the slope is returned.
func (p *problem) loss(w []float64, slope float64, grad []float64) (loss, bySlope float64) {
	n := len(p.rows)
	if len(p.scores) != n {
		p.scores, p.slopes, p.push = make([]float64, n), make([]float64, n*len(w)), make([]float64, n)
	}
	scores, ds := p.scores, p.slopes
	for i := range p.rows {
		scores[i] = p.logScore(p.rows[i].x, w, ds[i*len(w):(i+1)*len(w)])
	}
	push := p.push // derivative of the loss by each row's score
	clear(push)
	for _, q := range p.pairs {
		z := slope * (scores[q[0]] - scores[q[1]])
		var e float64
		if z > 0 {
			t := math.Exp(-z)
			loss += math.Log1p(t)
			e = t / (1 + t)
		} else {
			t := math.Exp(z)
			loss += math.Log1p(t) - z
			e = 1 / (1 + t)
		}
		push[q[0]] -= e * slope
		push[q[1]] += e * slope
		bySlope -= e * z
	}
	m := float64(max(1, len(p.pairs)))
	loss, bySlope = loss/m, bySlope/m
	clear(grad)
	for i, v := range push {
		if v == 0 {
			continue
		}
		for k := range w {
			grad[k] += v / m * ds[i*len(w)+k]
		}
	}
	for k := range w {
		d := w[k] - p.start[k]
		loss += p.strength / 2 * d * d
		grad[k] += p.strength * d
	}
	return loss, bySlope
}

// project brings w to the nearest weights within their bounds whose sums per factor are as before: of each factor the shift is found by halving.
func (p *problem) project(w []float64) {
	for f := range p.total {
		sum := func(shift float64) (s float64) {
			for k := range w {
				if p.factor[k] == f {
					s += max(p.lo[k], min(p.hi[k], w[k]-shift))
				}
			}
			return s
		}
		lo, hi := -2., 2.
		for range 60 {
			if mid := (lo + hi) / 2; sum(mid) > p.total[f] {
				lo = mid
			} else {
				hi = mid
			}
		}
		for k := range w {
			if p.factor[k] == f {
				w[k] = max(p.lo[k], min(p.hi[k], w[k]-(lo+hi)/2))
			}
		}
	}
}

// solve goes down the projected gradient from the weights in force, with momentum that is dropped where it leads upwards (A. Beck, M. Teboulle, "A fast iterative shrinkage-thresholding
// algorithm", SIAM J. Imaging Sciences 2, 2009; B. O'Donoghue, E. Candès, "Adaptive restart for accelerated gradient schemes", 2015), until nothing moves: the weights pull at each other, and plain
// descent stands still long before it is there. The logarithm of the slope is one more coordinate.
func (p *problem) solve() []float64 {
	n := len(p.start)
	w := append(append([]float64(nil), p.start...), math.Log(5))
	project := func(x []float64) {
		p.project(x[:n])
		x[n] = math.Max(math.Log(.5), math.Min(math.Log(200), x[n]))
	}
	at := func(x, grad []float64) float64 {
		loss, by := p.loss(x[:n], math.Exp(x[n]), grad[:n])
		grad[n] = by
		return loss
	}
	project(w)
	y, next, grad, g2 := append([]float64(nil), w...), make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
	best := at(w, grad)
	value, step, momentum, quiet := best, 1., 1., 0
	for range 600 {
		var l float64
		for {
			move, square := 0., 0.
			for k := range next {
				next[k] = y[k] - step*grad[k]
			}
			project(next)
			for k := range next {
				d := next[k] - y[k]
				move += grad[k] * d
				square += d * d
			}
			if l = at(next, g2); l <= value+move+square/(2*step)+1e-12 || step < 1e-7 {
				break
			}
			step /= 2
		}
		if l > best { // the momentum overshot: again from where it was best
			if momentum == 1 {
				break
			}
			momentum = 1
			copy(y, w)
			value = at(y, grad)
			continue
		}
		if quiet++; best-l > 1e-7 {
			quiet = 0
		}
		was := momentum
		momentum = (1 + math.Sqrt(1+4*was*was)) / 2
		for k := range y {
			y[k] = next[k] + (was-1)/momentum*(next[k]-w[k])
		}
		project(y)
		copy(w, next)
		best = l
		if quiet >= 10 {
			break
		}
		value = at(y, grad)
		step *= 1.2
	}
	return w[:n]
}
