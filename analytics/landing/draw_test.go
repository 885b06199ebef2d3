package landing

import (
	"math"
	"slices"
	"testing"

	"flightdeck/analytics/booktest"
)

func TestFlips_Share(t *testing.T) {
	l := lane{42}
	for _, p := range []float64{0, .003, .1, .5, .77, 1} {
		n, all := 0, 0
		for range 4000 {
			w := l.flips(uint32(p * 65536))
			for ; w != 0; w &= w - 1 {
				n++
			}
			all += 64
		}
		if got, sd := float64(n)/float64(all), math.Sqrt(p*(1-p)/float64(all)); math.Abs(got-p) > 5*sd+1e-5 {
			t.Errorf("p %.3f: share %.4f", p, got)
		}
	}
}

// TestDraw_Moments: deals and new business have the mean and the variance that they are drawn from.
func TestDraw_Moments(t *testing.T) {
	var even [words]float64
	for i := range even {
		even[i] = 1
	}
	var d draw
	for i := range 400 {
		d.deal(.3, 100, &even, mix(uint64(i)))
	}
	check := func(name string, d *draw, mean, variance float64) {
		t.Helper()
		m, v := 0., 0.
		for _, x := range d {
			m += float64(x) / draws
		}
		for _, x := range d {
			v += (float64(x) - m) * (float64(x) - m) / draws
		}
		if math.Abs(m-mean) > 5*math.Sqrt(variance/draws) || v < variance*.75 || v > variance*1.33 {
			t.Errorf("%s: mean %.0f variance %.0f, want %.0f and %.0f", name, m, v, mean, variance)
		}
	}
	check("deals", &d, 400*.3*100, 400*.3*.7*1e4)
	for _, wins := range []float64{.3, 2.5, 30} {
		var f draw
		f.fresh(wins, 1.5, 1e5, 1.6e10, &even, 7)
		check("fresh", &f, wins*1e5, wins*(1.6e10-1e10)+wins*1.5*1e10)
	}
	f := shock(.1, .1, 5)
	m := 0.
	for _, v := range f {
		m += v / words
	}
	if math.Abs(m-1) > 1e-9 {
		t.Errorf("a shock's mean is %f", m)
	}
}

func TestQuantiles_AreThoseOfTheSorted(t *testing.T) {
	rng := booktest.Rand(t)
	var order sorter
	for round := range 500 {
		var d draw
		spread := 1 + rng.Int64N(2000)
		for i := range d {
			switch d[i] = rng.Int64N(spread); round % 5 {
			case 1: // a heap and a few far away
				if d[i] = d[i] % 7; rng.IntN(200) == 0 {
					d[i] = rng.Int64N(1 << 60)
				}
			case 2: // below and above nothing, as far as it goes
				d[i] = rng.Int64() * (1 - 2*rng.Int64N(2))
			case 3:
				d[i] = 5
			case 4:
				if d[i] = math.MaxInt64 - rng.Int64N(3); rng.IntN(4) == 0 {
					d[i] = math.MinInt64 + 1
				}
			}
		}
		got := order.quantiles(&d, .1, .5, .5, .9, 1)
		want := slices.Sorted(slices.Values(d[:]))
		if !slices.Equal(got, []int64{want[draws/10], want[draws/2], want[draws/2], want[draws*9/10], want[draws-1]}) {
			t.Fatalf("%v, want %d %d %d %d", got, want[draws/10], want[draws/2], want[draws*9/10], want[draws-1])
		}
	}
}

// BenchmarkQuantiles guards what a landing does for each of its rows, beside sorting the draws.
func BenchmarkQuantiles(b *testing.B) {
	var ds [64]draw
	rng := booktest.Rand(b)
	for k := range ds {
		for i := range ds[k] {
			ds[k][i] = int64(1e7 * math.Exp(rng.NormFloat64()))
		}
	}
	var order sorter
	b.Run("quantiles", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			order.quantiles(&ds[i%len(ds)], .1, .5, .9)
		}
	})
	b.Run("picked", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			d := ds[i%len(ds)]
			ranks(d[:], draws/10, draws/2, draws*9/10)
		}
	})
	b.Run("sorted", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			d := ds[i%len(ds)]
			slices.Sort(d[:])
		}
	})
}

// TestFit_FindsHazards: from rows drawn with known hazards the weights give these back.
func TestFit_FindsHazards(t *testing.T) {
	rng := booktest.Rand(t)
	truth := [2][ends]float64{{.02, .05}, {.2, .01}}
	s := &sample{}
	n := 1 + int(groups)*2
	for range 40_000 {
		var row [groups]uint16
		k := rng.IntN(2)
		for g := range row {
			row[g] = uint16(1 + 2*g)
		}
		row[3] += uint16(k)
		u, end := rng.Float64(), int8(-1)
		if u < truth[k][endWon] {
			end = endWon
		} else if u < truth[k][endWon]+truth[k][endLost] {
			end = endLost
		}
		s.rows, s.end, s.weight = append(s.rows, row), append(s.end, end), append(s.weight, 1)
	}
	penalty := slices.Repeat([]float64{1}, n)
	w := fit(s, n, penalty, &weights{make([]float64, n), make([]float64, n)})
	for k := range truth {
		var row [groups]uint16
		for g := range row {
			row[g] = uint16(1 + 2*g)
		}
		row[3] += uint16(k)
		h := hazards(w.score(&row))
		for e := range ends {
			if sd := math.Sqrt(truth[k][e] / 20_000); math.Abs(h[e]-truth[k][e]) > 5*sd {
				t.Errorf("kind %d end %d: hazard %.4f, want %.4f", k, e, h[e], truth[k][e])
			}
		}
	}
}

func TestIsotonic_MonotoneAndHeld(t *testing.T) {
	rng := booktest.Rand(t)
	var pairs []pair
	for range 20_000 {
		said := rng.Float64()
		came := 0.
		if rng.Float64() < said*said { // the model was too sure
			came = 1
		}
		pairs = append(pairs, pair{said, came})
	}
	f := newIsotonic(pairs)
	last := 0.
	for i := range 101 {
		p := float64(i) / 100
		q := f.of(p)
		if q < last-1e-12 || q < 0 || q > 1 {
			t.Fatalf("of(%.2f) = %f after %f", p, q, last)
		}
		if math.Abs(q-p*p) > .06 {
			t.Errorf("of(%.2f) = %.3f, held %.3f", p, q, p*p)
		}
		last = q
	}
	if newIsotonic(pairs[:20]) != nil {
		t.Error("twenty pairs make a map")
	}
	if (*isotonic)(nil).of(.3) != .3 {
		t.Error("no map is no change")
	}
}
