package landing

import (
	"cmp"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/stat/distuv"
)

// Draws are taken 64 at a time, one bit each: a word. All draws of a word share their shocks, so there are as many shocks as words; they are the middles
// of as many equally probable slices of the normal distribution, which makes few of them as good as many.
const (
	words = 12
	draws = 64 * words
)

var shocks = func() (z [words]float64) {
	sum := 0.
	for i := range z {
		z[i] = distuv.UnitNormal.Quantile((float64(i) + .5) / words)
		sum += z[i] * z[i]
	}
	for i := range z { // slices lose a little of the variance
		z[i] /= math.Sqrt(sum / words)
	}
	return z
}()

// quantiles of the normal distribution for twelve random bits.
var normal = func() (z [4096]float32) {
	for i := range z {
		z[i] = float32(distuv.UnitNormal.Quantile((float64(i) + .5) / 4096))
	}
	return z
}()

// lane is a stream of random words that a seed determines (SplitMix64).
type lane struct{ at uint64 }

func (l *lane) next() uint64 {
	l.at += 0x9e3779b97f4a7c15
	x := l.at
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// flips returns a word whose bits are 1 with probability p/65536 each: the bits of a random number are compared with p's from the top, in all 64 draws at
// once, until each is decided.
func (l *lane) flips(p uint32) (won uint64) {
	if p >= 1<<16 {
		return math.MaxUint64
	}
	open := uint64(math.MaxUint64)
	for p &= 1<<16 - 1; p != 0 && open != 0; p = p << 1 & (1<<16 - 1) {
		r, one := l.next(), -uint64(p>>15) // all bits of one are p's next: nobody can foresee it, so nothing branches on it
		won |= open &^ r & one
		open &= r ^ ^one
	}
	return won
}

// cloglog holds 1 - exp(-x) in 65536ths, so that a shock to a hazard needs no exponential per deal and word.
const cloglogStep = 256

var cloglog = func() (t [12*cloglogStep + 2]uint32) {
	for i := range t {
		t[i] = uint32(math.Round(-math.Expm1(-float64(i)/cloglogStep) * 65536))
	}
	return t
}()

func flipped(hazard float64) uint32 {
	x := hazard * cloglogStep
	i := int(x)
	if i >= 12*cloglogStep {
		return 1 << 16
	}
	part := x - float64(i)
	return uint32(float64(cloglog[i])*(1-part) + float64(cloglog[i+1])*part + .5)
}

// draw is what one deal, node or company brings in each of the draws, in minor units.
type draw [draws]int64

// most bounds what one deal brings, in minor units, so that a million of them add up without wrapping round.
const most = 9e12

// deal draws one open deal: with probability q, under the word's factor on the hazard, it brings value, once.
func (d *draw) deal(q float64, value int64, factor *[words]float64, seed uint64) {
	if q <= 0 || value == 0 {
		return
	}
	hazard := -math.Log1p(-min(q, 1-1e-9))
	l := lane{seed}
	for w := range words {
		for won := l.flips(flipped(hazard * factor[w])); won != 0; won &= won - 1 {
			d[w<<6+bits.TrailingZeros64(won)] += value
		}
	}
}

// plus adds without wrapping round.
func plus(a, b int64) int64 {
	s := a + b
	if (s > a) == (b > 0) {
		return s
	}
	if b > 0 {
		return math.MaxInt64
	}
	return math.MinInt64 + 1
}

// fresh draws what comes of deals that do not exist yet: a number of wins whose variance is scatter times its mean (negative binomial), each bringing a value of
// that mean and mean square (log-normal).
func (d *draw) fresh(wins, scatter, value, square float64, factor *[words]float64, seed uint64) {
	if wins <= 1e-6 || value <= 0 {
		return
	}
	l := lane{seed}
	ratio := max(square/(value*value), 1)
	sigma := math.Sqrt(math.Log(ratio))
	mu := math.Log(value) - sigma*sigma/2
	for w := range words {
		mean := wins * factor[w]
		if mean > 4 {
			// Many wins: their sum is close to a gamma variable of the same mean and variance (Wilson and Hilferty's cube of a normal one).
			variance := mean*(ratio-1) + mean*scatter
			shape := mean * mean / variance
			c := 1 / (9 * shape)
			root := math.Sqrt(c)
			scale := mean * value
			for i := range 64 {
				x := 1 - c + root*float64(normal[l.next()>>52])
				d[w<<6+i] += int64(min(scale*max(0, x*x*x), 1e3*most))
			}
			continue
		}
		table := counts(mean, scatter)
		for i := range 64 {
			u := float64(l.next()>>11) / (1 << 53)
			n := 0
			for n < len(table)-1 && u > table[n] {
				n++
			}
			for range n {
				d[w<<6+i] += int64(min(math.Exp(mu+sigma*float64(normal[l.next()>>52])), most))
			}
		}
	}
}

// counts returns the distribution function of a count with that mean and variance scatter × mean: negative binomial, Poisson when scatter is 1.
func counts(mean, scatter float64) (cdf [40]float64) {
	p, sum := math.Exp(-mean), 0.
	if scatter <= 1.0001 {
		for n := range cdf {
			sum += p
			cdf[n] = sum
			p *= mean / float64(n+1)
		}
		return cdf
	}
	size := mean / (scatter - 1)
	stay := 1 / scatter
	p = math.Pow(stay, size)
	for n := range cdf {
		sum += p
		cdf[n] = sum
		p *= (float64(n) + size) / float64(n+1) * (1 - stay)
	}
	return cdf
}

// shock returns the factors on the hazards of what hangs under a team: the company's shock, which all share, times the team's own, whose words stand
// in an order of their own. Their mean is 1.
func shock(company, team float64, seed uint64) (f [words]float64) {
	var order [words]int
	l := lane{seed}
	for i := range order {
		j := int(l.next() % uint64(i+1))
		order[i] = order[j]
		order[j] = i
	}
	sum := 0.
	for w := range f {
		f[w] = math.Exp(company*shocks[w] + team*shocks[order[w]])
		sum += f[w]
	}
	for w := range f {
		f[w] *= words / sum
	}
	return f
}

// buckets is into how many equal parts quantiles divides what lies between the least and the greatest draw.
const buckets = 256

// sorter is what one goroutine needs to look for quantiles.
type sorter struct {
	values draw
	part   [draws]uint8
	count  [buckets]int32
}

// quantiles returns the draws' values at the given shares, ascending. A value's rank is found among those that fall into the same of equal parts, which are few
// unless draws lie in a heap; so hardly a comparison is made, which a processor cannot foresee.
func (s *sorter) quantiles(d *draw, at ...float64) []int64 {
	lo, hi := d[0], d[0]
	for _, v := range d {
		lo, hi = min(lo, v), max(hi, v)
	}
	out := make([]int64, len(at))
	scale := (buckets - 1) / (float64(hi) - float64(lo))
	if math.IsInf(scale, 0) { // they are as good as one
		for i, q := range at {
			out[i] = s.among(d[:], rankOf(q))
		}
		return out
	}
	s.count = [buckets]int32{}
	for i, v := range d {
		k := uint8((float64(v) - float64(lo)) * scale)
		s.part[i] = k
		s.count[k]++
	}
	below, k := 0, 0
	for i, q := range at {
		rank := rankOf(q)
		for below+int(s.count[k]) <= rank {
			below += int(s.count[k])
			k++
		}
		n := 0
		for j, v := range d { // without a branch: a value that is of another part is written over
			s.values[n] = v
			if int(s.part[j]) == k {
				n++
			}
		}
		pick(s.values[:n], rank-below)
		out[i] = s.values[rank-below]
	}
	return out
}

// among returns the value of a rank.
func (s *sorter) among(d []int64, rank int) int64 {
	copy(s.values[:], d)
	pick(s.values[:len(d)], rank)
	return s.values[rank]
}

// rankOf returns which of the draws in order stands at a share.
func rankOf(share float64) int { return min(draws-1, int(share*draws)) }

// ranks puts the values of the given ranks, ascending, where they would stand if s were sorted, in a time that grows with s and not faster.
func ranks[T cmp.Ordered](s []T, at ...int) {
	lo := 0
	for _, k := range at {
		if k >= lo {
			pick(s[lo:], k-lo)
			lo = k + 1
		}
	}
}

// pick puts the k-th smallest value at s[k], smaller ones before and larger ones behind it (Hoare 1961).
func pick[T cmp.Ordered](s []T, k int) {
	lo, hi := 0, len(s)-1
	for lo < hi {
		a, b, c := s[lo], s[(lo+hi)/2], s[hi]
		p := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for s[i] < p {
				i++
			}
			for s[j] > p {
				j--
			}
			if i <= j {
				s[i], s[j] = s[j], s[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return
		}
	}
}

func (d *draw) mean() int64 {
	sum := 0.
	for _, v := range d {
		sum += float64(v)
	}
	return int64(math.Round(sum / draws))
}
