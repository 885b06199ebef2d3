package fit

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"flightdeck/analytics/grade"
)

// ranks gives every value its rank from 1, equal ones the mean of theirs.
func ranks(x []float64) []float64 {
	by := order(x)
	out := make([]float64, len(x))
	for i := 0; i < len(by); {
		j := i + 1
		for j < len(by) && x[by[j]] == x[by[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[by[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

func order(x []float64) []int {
	by := make([]int, len(x))
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return a - b
	})
	return by
}

// Spearman is the rank correlation of x and y, -1 to 1, by mid-ranks; not a number where one of them is the same throughout.
func Spearman(x, y []float64) float64 { return stat.Correlation(ranks(x), ranks(y), nil) }

// Kendall is tau-b of x and y, -1 to 1: the pairs in the same order less those in the other, of all pairs, corrected for ties (M. G. Kendall, "The treatment of ties in ranking
// problems", Biometrika 33, 1945), in n log n by counting the exchanges of a merge sort (W. R. Knight, JASA 61, 1966); gonum's takes n². Not a number where one of
// them is the same throughout.
func Kendall(x, y []float64) float64 {
	n := len(x)
	by := make([]int, n)
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int {
		switch {
		case x[a] != x[b]:
			return sign(x[a] - x[b])
		default:
			return sign(y[a] - y[b])
		}
	})
	pairs := func(k int) float64 { return float64(k) * float64(k-1) / 2 }
	tiedX, tiedBoth := 0., 0.
	for i := 0; i < n; {
		j := i + 1
		for j < n && x[by[j]] == x[by[i]] {
			j++
		}
		tiedX += pairs(j - i)
		for k := i; k < j; {
			l := k + 1
			for l < j && y[by[l]] == y[by[k]] {
				l++
			}
			tiedBoth += pairs(l - k)
			k = l
		}
		i = j
	}
	ys := make([]float64, n)
	for i, k := range by {
		ys[i] = y[k]
	}
	swaps := sortSwaps(ys, make([]float64, n))
	tiedY := 0.
	for i := 0; i < n; {
		j := i + 1
		for j < n && ys[j] == ys[i] {
			j++
		}
		tiedY += pairs(j - i)
		i = j
	}
	all := pairs(n)
	return (all - tiedX - tiedY + tiedBoth - 2*swaps) / (math.Sqrt(all-tiedX) * math.Sqrt(all-tiedY))
}

func sign(d float64) int {
	switch {
	case d < 0:
		return -1
	case d > 0:
		return 1
	}
	return 0
}

// sortSwaps sorts y and returns how many exchanges of neighbours that takes.
func sortSwaps(y, tmp []float64) (swaps float64) {
	if len(y) < 2 {
		return 0
	}
	mid := len(y) / 2
	swaps = sortSwaps(y[:mid], tmp[:mid]) + sortSwaps(y[mid:], tmp[mid:])
	i, j := 0, mid
	for k := range tmp {
		if j == len(y) || i < mid && y[i] <= y[j] {
			tmp[k] = y[i]
			i++
		} else {
			swaps += float64(mid - i)
			tmp[k] = y[j]
			j++
		}
	}
	copy(y, tmp)
	return swaps
}

// AUC is the share of pairs of one who came true and one who did not in which the score of the first is higher, ties counting half: the area under the receiver operating
// characteristic (Hanley and McNeil 1982). Not a number where all or none came true.
func AUC(score []float64, came []bool) float64 {
	r := ranks(score)
	sum, n := 0., 0
	for i, yes := range came {
		if yes {
			sum += r[i]
			n++
		}
	}
	no := len(came) - n
	return (sum - float64(n)*float64(n+1)/2) / (float64(n) * float64(no))
}

// Interval is a figure with the range in which it lies with nineteen chances in twenty. What cannot be told is not a number, and null in JSON.
type Interval struct{ Value, Low, High float64 }

// MarshalJSON implements [encoding/json.Marshaler].
func (x Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value grade.Number `json:"value"`
		Low   grade.Number `json:"low"`
		High  grade.Number `json:"high"`
	}{number(x.Value), number(x.Low), number(x.High)})
}

func number(x float64) grade.Number {
	if math.IsInf(x, 0) {
		x = math.NaN()
	}
	return grade.Number(math.Round(x*1e4) / 1e4)
}

// bootstrap draws clusters with replacement, as many as there are, and returns the statistics of each draw. The same seed gives the same draws. Where there are more clusters than most, so
// many are drawn and the range is narrowed by what the rest would add (m out of n).
func bootstrap(clusters, draws, most int, stats func(pick []int) []float64) (out [][]float64, shrink float64) {
	rng := rand.New(rand.NewPCG(0x666c69676874, 0x6465636b))
	m := min(clusters, most)
	for range draws {
		pick := make([]int, m)
		for i := range pick {
			pick[i] = rng.IntN(clusters)
		}
		out = append(out, stats(pick))
	}
	return out, math.Sqrt(float64(m) / float64(clusters))
}

// interval is a value with the 2.5 % and 97.5 % quantiles of the draws' k-th statistic around it.
func interval(value float64, draws [][]float64, k int, shrink float64) Interval {
	var x []float64
	for _, d := range draws {
		if !math.IsNaN(d[k]) && !math.IsInf(d[k], 0) {
			x = append(x, d[k])
		}
	}
	if len(x) == 0 {
		return Interval{value, math.NaN(), math.NaN()}
	}
	slices.Sort(x)
	mid := stat.Quantile(.5, stat.LinInterp, x, nil)
	return Interval{value, value + shrink*(stat.Quantile(.025, stat.LinInterp, x, nil)-mid), value + shrink*(stat.Quantile(.975, stat.LinInterp, x, nil)-mid)}
}
