package analytics_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/store/storetest"
)

func TestPicks_AgainstPlain(t *testing.T) {
	r := storetest.Rand(t)
	for range 60 {
		n := r.IntN(40_000)
		if r.IntN(3) == 0 {
			n = r.IntN(130)
		}
		is := make([]bool, n)
		one := 1 + r.IntN(1+r.IntN(2000))
		for i := range is {
			is[i] = r.IntN(one) == 0
		}
		first, err := analytics.Pick(context.Background(), n, nil, func(i int) bool { return is[i] })
		if err != nil {
			t.Fatal(err)
		}
		p, err := analytics.Pick(context.Background(), n, first, func(i int) bool { return i%3 != 0 })
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct {
			p  *analytics.Picks
			is func(i int) bool
		}{{first, func(i int) bool { return is[i] }}, {p, func(i int) bool { return is[i] && i%3 != 0 }}} {
			var want []int
			for i := range n {
				if k, ok := got.p.Place(i); k != len(want) || ok != got.is(i) {
					t.Fatalf("%d rows: place of %d is %d, %v; want %d, %v", n, i, k, ok, len(want), got.is(i))
				}
				if got.is(i) {
					want = append(want, i)
				}
			}
			have := make([]int, got.p.Len())
			for k := range have {
				have[k] = got.p.At(k)
			}
			if !slices.Equal(have, want) {
				t.Fatalf("%d rows: picked %d, want %d", n, len(have), len(want))
			}
		}
		if _, ok := first.Place(n + 100); ok {
			t.Error("a row that is none was picked")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := analytics.Pick(ctx, 1e6, nil, func(int) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended: %v", err)
	}
	var none *analytics.Picks
	if none.Len() != 0 {
		t.Error("nil picks have rows")
	}
}
