package sandbag

import (
	"math"
	"math/rand/v2"
	"testing"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

func of(pairs ...pair) (d [circle]int) {
	for _, p := range pairs {
		d[p.promised]++
		d[p.actual]--
	}
	return d
}

func TestDistance_ByHand(t *testing.T) {
	for _, c := range []struct {
		pairs []pair
		want  float64
	}{
		{[]pair{{27, 9}}, 13},       // 28th and 10th: the other way round the month is nearer
		{[]pair{{30, 0}}, 1},        // 31st and 1st
		{[]pair{{4, 4}}, 0},         //
		{[]pair{{4, 9}, {9, 4}}, 0}, // the same days in another order
		{[]pair{{0, 2}, {10, 14}}, 3},
	} {
		diff := of(c.pairs...)
		if got := distance(&diff, len(c.pairs)); got != c.want {
			t.Errorf("%v: %v, want %v", c.pairs, got, c.want)
		}
	}
}

// TestDistance_LeastCut: the median's cut is no worse than any other, and the distance is symmetric.
func TestDistance_LeastCut(t *testing.T) {
	rng := storetest.Rand(t)
	for range 300 {
		n := 1 + rng.IntN(40)
		pairs, back := make([]pair, n), make([]pair, n)
		for i := range pairs {
			pairs[i] = pair{uint8(rng.IntN(circle)), uint8(rng.IntN(circle))}
			back[i] = pair{pairs[i].actual, pairs[i].promised}
		}
		a, b := of(pairs...), of(back...)
		best := math.Inf(1)
		for cut := range circle {
			cum, total := 0, 0
			for i := range circle {
				cum += a[(cut+i)%circle]
				total += max(cum, -cum)
			}
			best = min(best, float64(total)/float64(n))
		}
		if got, other := distance(&a, n), distance(&b, n); got != other || math.Abs(got-best) > 1e-9 {
			t.Fatalf("%v and %v, the best cut gives %v", got, other, best)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		k, n int
		p    float64
		want float64
	}{{0, 10, .3, 1}, {1, 1, .3, .3}, {2, 2, .5, .25}, {3, 3, 1. / 3, 1. / 27}, {1, 2, .5, .75}, {1, 5, 0, 0}, {5, 5, 1, 1}} {
		if got := atLeast(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d of %d at %v: %v, want %v", c.k, c.n, c.p, got, c.want)
		}
	}
}

// TestCorrect_BenjaminiHochberg is the example of their paper (1995, table 1): of fifteen p-values the four smallest are findings at 0.05.
func TestCorrect_BenjaminiHochberg(t *testing.T) {
	var tests []*Test
	for _, p := range []float64{.0278, .0001, .0004, .0298, .0019, .0095, .0201, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0} {
		tests = append(tests, &Test{N: 30, Share: .5, P: p, Q: 1})
	}
	few := &Test{TooFew: true, P: 1, Q: 1}
	correct(append(tests, few), .05)
	red := 0
	for _, x := range tests {
		if x.Red != (x.P <= .0095) || x.Q < x.P {
			t.Errorf("%+v", x)
		}
		if x.Red {
			red++
		}
	}
	if red != 4 || few.Red || few.Q != 1 {
		t.Errorf("%d findings, %+v", red, few)
	}
}

// TestPermute_Honest: where promise and close may be swapped, small p-values are as rare as they should be; the same pairs give the same figure.
func TestPermute_Honest(t *testing.T) {
	rng := storetest.Rand(t)
	small := 0
	for i := range 300 {
		pairs := honest(rng, 30)
		id := store.ID(string(rune(i)))
		_, p := permute(pairs, id)
		if _, again := permute(pairs, id); again != p {
			t.Fatalf("%v, then %v", p, again)
		}
		if p <= .05 {
			small++
		}
	}
	if small > 30 { // 15 expected, four sigma is 30
		t.Errorf("%d of 300 honest ones have p of 0.05 or less", small)
	}
}

func honest(rng *rand.Rand, n int) []pair {
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = pair{uint8(rng.IntN(circle)), uint8(rng.IntN(circle))}
	}
	return pairs
}
