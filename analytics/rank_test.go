package analytics_test

import (
	"cmp"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/store/storetest"
)

// TestRanking_AsSorted holds the first entries, and those that are put in order later, to a plain sort.
func TestRanking_AsSorted(t *testing.T) {
	rng := storetest.Rand(t)
	for range 6 {
		n := rng.IntN(60_000)
		all := rng.Perm(n)
		if rng.IntN(3) == 0 { // the worst order that values may come in
			slices.SortFunc(all, func(x, y int) int { return cmp.Compare(y, x) })
		}
		parts := [][]int{all[:n/3], all[n/3:]}
		var tops []*analytics.Top[int]
		for _, p := range parts {
			top := analytics.NewTop(cmp.Compare[int])
			for _, v := range p {
				if bar, ok := top.Bar(); !ok || v <= bar {
					top.Add(v)
				}
			}
			tops = append(tops, top)
		}
		for what, r := range map[string]*analytics.Ranking[int]{
			"at once": analytics.Rank([][]int{slices.Clone(parts[0]), slices.Clone(parts[1])}, cmp.Compare[int]),
			"later":   analytics.RankLater(tops, n, func() []int { return slices.Clone(all) }, cmp.Compare[int]),
		} {
			if r.Len() != n {
				t.Fatalf("%s: %d of %d", what, r.Len(), n)
			}
			for i := range n {
				if r.At(i) != i {
					t.Fatalf("%s: entry %d of %d is %d", what, i, n, r.At(i))
				}
			}
		}
	}
}

func TestSelection_CountTouches(t *testing.T) {
	rng := storetest.Rand(t)
	for range 20 {
		w := plain.Random(rng, 60)
		b := w.Book()
		for range 20 {
			s, from := w.Scope(), w.Day()
			sel, p := b.Select(s), analytics.Period{From: from, To: from + plain.Today - w.Day()}
			want := 0
			for range sel.Touches(p) {
				want++
			}
			if got := sel.CountTouches(p); got != want {
				t.Fatalf("%s in %v: %d touches, want %d", s, p, got, want)
			}
		}
	}
}
