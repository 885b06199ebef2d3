package landing

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// The ends that compete.
const (
	endWon = iota
	endLost
	ends
)

// sample is rows to learn from: one per deal and week at risk.
type sample struct {
	rows   [][groups]uint16
	end    []int8    // endWon, endLost, or -1: still open after the week
	weight []float32 // how much the row counts
}

// weights are a fitted multinomial logit: the log-odds of each end against staying open are the sum of the weights of a row's features.
type weights [ends][]float64

// score returns the linear predictors of one row.
func (w *weights) score(row *[groups]uint16) (won, lost float64) {
	won, lost = w[endWon][0], w[endLost][0]
	for _, i := range row {
		won += w[endWon][i]
		lost += w[endLost][i]
	}
	return won, lost
}

// hazards turns linear predictors into the probabilities of the two ends.
func hazards(won, lost float64) (h [ends]float64) {
	ew, el := math.Exp(min(won, 30)), math.Exp(min(lost, 30))
	d := 1 + ew + el
	return [ends]float64{ew / d, el / d}
}

// fit maximises the likelihood of s less half the penalised squares of the weights, by Newton's method with halved steps (Böhning 1992 for the
// multinomial case). penalty is per weight; that of the intercept should be next to nothing. It begins at start, which it takes over, always comes to an
// end, and returns what it has.
func fit(s *sample, n int, penalty []float64, start *weights) *weights {
	w := start
	if len(s.rows) == 0 {
		return w
	}
	size := ends * n
	var hess [maxParts][]float64
	var grad [maxParts][]float64
	var like [maxParts]float64
	var chol mat.Cholesky
	prev := math.Inf(-1)
	step := make([]float64, size)
	for iter, halved := 0, 0; iter < 25 && halved < 8; iter++ {
		parts := parallel(len(s.rows), func(part, lo, hi int) {
			if hess[part] == nil {
				hess[part], grad[part] = make([]float64, size*size), make([]float64, size)
			}
			clear(hess[part])
			clear(grad[part])
			like[part] = accumulate(s, lo, hi, n, w, hess[part], grad[part])
		})
		total := 0.
		for p := range parts {
			total += like[p]
			if p > 0 {
				add(hess[0], hess[p])
				add(grad[0], grad[p])
			}
		}
		for i := range n { // the block of won × lost is symmetric, too, and only its upper half was added up
			for j := range i {
				hess[0][i*size+n+j] = hess[0][j*size+n+i]
			}
		}
		for c := range ends {
			for i, v := range w[c] {
				total -= penalty[i] * v * v / 2
				grad[0][c*n+i] -= penalty[i] * v
				hess[0][(c*n+i)*size+c*n+i] += penalty[i]
			}
		}
		if total < prev && iter > 0 { // overshot: half of it back
			for c := range ends {
				for i := range w[c] {
					step[c*n+i] /= 2
					w[c][i] -= step[c*n+i]
				}
			}
			halved++
			continue
		}
		if total-prev < 1e-4*math.Sqrt(math.Abs(total)) && iter > 0 {
			break
		}
		prev, halved = total, 0
		if !chol.Factorize(mat.NewSymDense(size, hess[0])) {
			break
		}
		var delta mat.VecDense
		if err := chol.SolveVecTo(&delta, mat.NewVecDense(size, grad[0])); err != nil {
			break // as singular as the penalties allow: what we have is the best to be had
		}
		for c := range ends {
			for i := range w[c] {
				step[c*n+i] = min(max(delta.AtVec(c*n+i), -4), 4)
				w[c][i] += step[c*n+i]
			}
		}
	}
	return w
}

func add(to, from []float64) {
	for i, v := range from {
		to[i] += v
	}
}

// accumulate adds the rows' log-likelihood, gradient and (upper triangular) information.
func accumulate(s *sample, lo, hi, n int, w *weights, hess, grad []float64) (like float64) {
	size := ends * n
	var idx [groups + 1]int
	for r := lo; r < hi; r++ {
		row := &s.rows[r]
		won, lost := w.score(row)
		h := hazards(won, lost)
		q := float64(s.weight[r])
		gw, gl := -h[endWon], -h[endLost]
		switch s.end[r] {
		case endWon:
			gw++
			like += q * math.Log(h[endWon])
		case endLost:
			gl++
			like += q * math.Log(h[endLost])
		default:
			like += q * math.Log(max(1-h[endWon]-h[endLost], 1e-300))
		}
		gw, gl = gw*q, gl*q
		ww, ll, wl := q*h[endWon]*(1-h[endWon]), q*h[endLost]*(1-h[endLost]), -q*h[endWon]*h[endLost]
		for g, i := range row {
			idx[g+1] = int(i) // ascending, for the groups lie one after the other
		}
		for a, i := range idx {
			grad[i] += gw
			grad[n+i] += gl
			top, low := hess[i*size:(i+1)*size], hess[(n+i)*size:(n+i+1)*size]
			for _, j := range idx[a:] {
				top[j] += ww
				top[n+j] += wl
				low[n+j] += ll
			}
		}
	}
	return like
}
