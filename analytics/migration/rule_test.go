package migration

import (
	"math/big"
	"testing"

	"flightdeck/store/storetest"
)

func TestRule_Rank(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []int64
		want   string
	}{
		{"none", nil, ""},
		{"one account is A whatever it holds", []int64{5}, "A"},
		{"a giant is A, the rest share what is left", []int64{90, 4, 3, 3}, "ABBB"},
		{"exactly 80 % above is no longer A", []int64{80, 15, 5}, "ABC"},
		{"equal values get equal grades", []int64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, "AAAAAAAAAA"},
		{"nothing and less than nothing is D", []int64{0, -7, 1}, "DDA"},
	} {
		got := ""
		for _, s := range (Rule{365, 80, 95}).rank(c.values) {
			got += string(s.grade)
		}
		if got != c.want {
			t.Errorf("%s: rank(%v) = %s, want %s", c.name, c.values, got, c.want)
		}
	}
}

// TestRule_RankAgainstPlain compares with the definition read literally: for each account, add up what is strictly higher.
func TestRule_RankAgainstPlain(t *testing.T) {
	rnd := storetest.Rand(t)
	for range 300 {
		values := make([]int64, rnd.IntN(40))
		for i := range values {
			values[i] = rnd.Int64N(12) - 2
			if rnd.IntN(5) == 0 {
				values[i] *= 1 << 55 // large amounts must not wrap
			}
		}
		r := Rule{Days: 1, A: 1 + rnd.IntN(80)}
		r.B = r.A + rnd.IntN(100-r.A+1)
		total := new(big.Int)
		for _, v := range values {
			if v > 0 {
				total.Add(total, big.NewInt(v))
			}
		}
		for i, s := range r.rank(values) {
			above, rank := new(big.Int), 1
			for _, v := range values {
				if v > 0 && v > values[i] {
					above.Add(above, big.NewInt(v))
					rank++
				}
			}
			left := new(big.Int).Mul(above, big.NewInt(100))
			want := "C"
			switch {
			case values[i] <= 0:
				want = "D"
			case left.Cmp(new(big.Int).Mul(total, big.NewInt(int64(r.A)))) < 0:
				want = "A"
			case left.Cmp(new(big.Int).Mul(total, big.NewInt(int64(r.B)))) < 0:
				want = "B"
			}
			if string(s.grade) != want || s.rank != rank {
				t.Fatalf("values %v rule %v: account %d is %s rank %d, want %s rank %d", values, r, i, s.grade, s.rank, want, rank)
			}
		}
	}
}
