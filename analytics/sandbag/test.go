package sandbag

import (
	"cmp"
	"crypto/sha256"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// circle is how many days of a month there are at most.
const circle = 31

// distance is the earth mover's distance on the circle between two samples of n days each, given as counts' differences: Σ |cumulated − their median| / n, which is the least over
// all points at which the circle may be cut (Werman, Peleg and Rosenfeld 1985).
func distance(diff *[circle]int, n int) float64 {
	var cum [circle]int
	sum := 0
	for i, d := range diff {
		sum += d
		cum[i] = sum
	}
	slices.Sort(cum[:])
	mid, total := cum[circle/2], 0
	for _, c := range cum {
		total += max(c-mid, mid-c)
	}
	return float64(total) / float64(n)
}

// pair is a won deal's promised and actual day of the month, from 0.
type pair struct{ promised, actual uint8 }

// How many permutations are drawn, and after how many as extreme as what was seen they end, and of how many deals.
const (
	drawn  = 1999
	enough = 20
	sample = 1000
)

// permuted is a test: whose pairs, and a digest of them in their order.
type permuted struct {
	seed  store.ID
	pairs [sha256.Size]byte
}

// permute returns the distance of pairs and the chance of one as large when promise and close are swapped at random. It is drawn once for the same pairs: a commit changes those of
// a few people, and drawing for all took most of a second.
func permute(pairs []pair, seed store.ID) (d, p float64) {
	said := make([]byte, 0, 2*len(pairs))
	for _, x := range pairs {
		said = append(said, x.promised, x.actual)
	}
	out := analytics.Pure(permuted{seed, sha256.Sum256(said)}, func() [2]float64 {
		d, p := draw(pairs, seed)
		return [2]float64{d, p}
	})
	return out[0], out[1]
}

func draw(pairs []pair, seed store.ID) (d, p float64) {
	var diff [circle]int
	for _, x := range pairs {
		diff[x.promised]++
		diff[x.actual]--
	}
	d = distance(&diff, len(pairs))
	if n := len(pairs); n > sample {
		few := make([]pair, sample)
		diff = [circle]int{}
		for i := range few {
			few[i] = pairs[i*n/sample]
			diff[few[i].promised]++
			diff[few[i].actual]--
		}
		_, p = permuteFew(few, distance(&diff, sample), seed)
		return d, p
	}
	return permuteFew(pairs, d, seed)
}

// permuteFew is permute once the distance d of pairs is known.
func permuteFew(pairs []pair, d float64, seed store.ID) (float64, float64) {
	var diff [circle]int
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))
	rng := rand.New(rand.NewPCG(h.Sum64(), uint64(len(pairs))))
	extreme := 0
	for i := 1; i <= drawn; i++ {
		diff = [circle]int{}
		bits := uint64(0)
		for k, x := range pairs {
			if k&63 == 0 {
				bits = rng.Uint64()
			}
			if bits&1 == 0 {
				diff[x.promised]++
				diff[x.actual]--
			} else {
				diff[x.promised]--
				diff[x.actual]++
			}
			bits >>= 1
		}
		if distance(&diff, len(pairs)) >= d-1e-12 {
			if extreme++; extreme == enough {
				return d, float64(enough) / float64(i)
			}
		}
	}
	return d, float64(extreme+1) / (drawn + 1)
}

// atLeast is the chance of k or more of n where each happens with probability p.
func atLeast(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return min(1, max(0, distuv.Binomial{N: float64(n), P: p}.Survival(float64(k)-1)))
}

// correct gives every test that was made its Q (Benjamini and Hochberg) and says which are findings.
func correct(tests []*Test, level float64) {
	tests = slices.DeleteFunc(tests, func(t *Test) bool { return t.TooFew })
	slices.SortFunc(tests, func(x, y *Test) int { return cmp.Compare(x.P, y.P) })
	q := 1.
	for i := len(tests) - 1; i >= 0; i-- {
		t := tests[i]
		q = min(q, t.P*float64(len(tests))/float64(i+1))
		t.Q, t.Red = q, q <= level && t.Share > t.Expected
	}
}

// settle fills in what follows from N and K.
func (t *Test) settle(least int) {
	t.P, t.Q = 1, 1
	if t.TooFew = t.N < least; t.N > 0 {
		t.Share = math.Round(float64(t.K)/float64(t.N)*1e4) / 1e4
	}
	t.Expected = math.Round(t.Expected*1e4) / 1e4
}
