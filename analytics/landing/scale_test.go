package landing

import (
	"math"
	"testing"
)

// TestStiff_MoneyMovesAsMeasured: a team's shock of a tenth moves the money of deals that are nearly sure by a tenth of it, as past forecasts were off, and not by a third of that.
func TestStiff_MoneyMovesAsMeasured(t *testing.T) {
	const deals, value, shake = 2000, 1000, .1
	for _, q := range []float64{.1, .5, .8} {
		plan := []node{{deals: q * deals * value, give: give(q) * deals * value}}
		f := shock(shake*max(1, plan[0].deals/plan[0].give), 0, 1)
		var d draw
		for i := range deals {
			d.deal(q, value, &f, mix(uint64(i)))
		}
		var sums [words]float64
		mean, square := 0., 0.
		for w := range words {
			for k := range 64 {
				sums[w] += float64(d[w<<6+k]) / 64
			}
			mean += sums[w] / words
		}
		for _, s := range sums {
			square += (s - mean) * (s - mean) / words
		}
		if got := math.Sqrt(square) / mean; math.Abs(got/shake-1) > .2 {
			t.Errorf("probability %g: the money moves by %.3f, want about %.3f", q, got, shake)
		}
	}
}

// TestScale_Mix is by hand: seven tenths of 100 and three of 200 are 130; a fifth of 30 beside it makes 110.
func TestScale_Mix(t *testing.T) {
	s := scale{blend: .7, plain: .2}
	if got := s.mix(100, 200, 30); math.Abs(got-110) > 1e-9 {
		t.Errorf("%f, want 110", got)
	}
	if got := s.mix(100, 200, math.NaN()); math.Abs(got-130) > 1e-9 {
		t.Errorf("without a stage-weighted pipeline %f, want 130", got)
	}
}

// TestWider: eight tenths of Student's t with 4 degrees of freedom reach to 1.533 (any table), those of the normal to 1.282.
func TestWider(t *testing.T) {
	if got := wider(4); math.Abs(got-1.533/1.2816) > .001 {
		t.Errorf("%f", got)
	}
	if got := wider(1e6); math.Abs(got-1) > 1e-4 {
		t.Errorf("with many %f", got)
	}
}

// TestBetween: at its own length a window's scale is its own, and in the middle of two lengths the mean of theirs.
func TestBetween(t *testing.T) {
	var s [windows]scale
	for w := range s {
		s[w] = scale{blend: float64(w), plain: float64(w) / 10, bias: 1, origins: w}
	}
	for days, want := range map[int]float64{7: 0, 31: 0, 46: .5, 61: 1, 75: 1.5, 89: 2, 200: 2} {
		if got := between(&s, days); math.Abs(got.blend-want) > 1e-9 || math.Abs(got.plain-want/10) > 1e-9 {
			t.Errorf("%d days: %f", days, got.blend)
		}
	}
}
