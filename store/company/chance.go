package company

import (
	"math"
	"math/rand/v2"
)

// chance is a random stream that can be set anew for every account without allocating.
type chance struct {
	*rand.Rand
	pcg *rand.PCG
}

func newChance() *chance {
	p := rand.NewPCG(0, 0)
	return &chance{rand.New(p), p}
}

// Streams of randomness, one per kind of thing, so that more of one kind doesn't change the others.
const (
	lanePeople uint64 = iota + 1
	laneWeight
	laneAccount
	laneDeal
	laneSale
	laneReplay
	laneStep
	laneReading
	laneSign
	laneTender
)

// set moves c to the start of stream (lane, i) of seed.
func (c *chance) set(seed, lane, i uint64) *chance {
	c.pcg.Seed(mix(seed^lane<<56), mix(i+lane*0x9e3779b97f4a7c15))
	return c
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): neighbouring numbers give unrelated seeds.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// yes is true with probability p.
func (c *chance) yes(p float64) bool { return c.Float64() < p }

// between returns a whole number from lo up to and including hi.
func (c *chance) between(lo, hi int) int { return lo + c.IntN(hi-lo+1) }

// spread is a log-normal factor with median 1.
func (c *chance) spread(sigma float64) float64 { return math.Exp(sigma * c.NormFloat64()) }

// count rounds x up or down by chance, so that the expectation is x.
func (c *chance) count(x float64) int { return int(x + c.Float64()) }

// weigh returns an index with probability in proportion to w.
func (c *chance) weigh(w []float64) int {
	var sum float64
	for _, v := range w {
		sum += v
	}
	u := c.Float64() * sum
	for i, v := range w {
		if u -= v; u < 0 {
			return i
		}
	}
	return len(w) - 1
}

func pick[T any](c *chance, of []T) T { return of[c.IntN(len(of))] }
