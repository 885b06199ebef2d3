package landing

import (
	"slices"
	"testing"

	"flightdeck/store/storetest"
)

// Ranks are those of the sorted values, with ties and for any length.
func TestRanks(t *testing.T) {
	rng := storetest.Rand(t)
	for n := range 200 {
		s := make([]int32, n+1)
		for i := range s {
			s[i] = int32(rng.IntN(n/2 + 1))
		}
		want := slices.Sorted(slices.Values(s))
		at := []int{n / 200, n / 7, n / 3, n / 3, n - n/100, n}
		ranks(s, at...)
		for _, k := range at {
			if s[k] != want[k] {
				t.Fatalf("%d values: rank %d is %d, want %d", n+1, k, s[k], want[k])
			}
		}
	}
}

// What has no open deal behind it is taken out, and the others stay with their nodes in their order.
func TestPipeline_Close(t *testing.T) {
	p := &pipeline{first: []int32{0, 2, 2, 5, 6}, open: make([]state, 6), seeds: make([]uint64, 6)}
	for i := range p.open {
		p.seeds[i] = uint64(i)
	}
	p.close([]int32{0, -1, 2, -1, 4, -1})
	if !slices.Equal(p.first, []int32{0, 1, 1, 3, 3}) || !slices.Equal(p.seeds, []uint64{0, 2, 4}) || len(p.open) != 3 {
		t.Errorf("first %v, seeds %v, %d open", p.first, p.seeds, len(p.open))
	}
}
