package fit

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"flightdeck/store/storetest"
)

// The figures are those of their definitions: pair by pair, and as gonum has them where it has them.
func TestMeasures_AgainstPlain(t *testing.T) {
	rng := storetest.Rand(t)
	for round := range 60 {
		n := 2 + rng.IntN(60)
		x, y, came := make([]float64, n), make([]float64, n), make([]bool, n)
		for i := range x {
			x[i], y[i], came[i] = float64(rng.IntN(1+round/3)), float64(rng.IntN(12)), rng.IntN(3) == 0
		}
		more, less, tx, ty := 0., 0., 0., 0.
		wins, pairs := 0., 0.
		for i := range x {
			for j := range x {
				if came[i] && !came[j] {
					pairs++
					switch {
					case x[i] > x[j]:
						wins++
					case x[i] == x[j]:
						wins += .5
					}
				}
				if j <= i {
					continue
				}
				switch s := sign(x[i]-x[j]) * sign(y[i]-y[j]); {
				case s > 0:
					more++
				case s < 0:
					less++
				}
				if x[i] == x[j] {
					tx++
				}
				if y[i] == y[j] {
					ty++
				}
			}
		}
		all := float64(n) * float64(n-1) / 2
		tau := (more - less) / math.Sqrt((all-tx)*(all-ty))
		if got := Kendall(x, y); math.Abs(got-tau) > 1e-12 && !(math.IsNaN(got) && math.IsNaN(tau)) {
			t.Errorf("tau %v, want %v", got, tau)
		}
		if got, want := AUC(x, came), wins/pairs; math.Abs(got-want) > 1e-12 && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("AUC %v, want %v", got, want)
		}
		if rho := Spearman(x, x); n > 2 && stat.Variance(x, nil) > 0 && math.Abs(rho-1) > 1e-9 {
			t.Errorf("rho of x with itself %v", rho)
		}
	}
	score, came := []float64{.1, .3, .4, .8, .9}, []bool{false, true, false, true, true}
	tpr, fpr, _ := stat.ROC(nil, score, came, nil)
	if want := integrate.Trapezoidal(fpr, tpr); math.Abs(AUC(score, came)-want) > 1e-12 {
		t.Errorf("AUC %v, gonum has %v", AUC(score, came), want)
	}
}

// The derivatives are those of the loss, and a projection lies within the bounds, keeps the sums, and leaves alone what lies there already.
func TestProblem(t *testing.T) {
	rng := storetest.Rand(t)
	p := &problem{factor: []int{0, 0, 1, 1, 1, 2}, lo: []float64{0, 0, .1, 0, 0, 0}, hi: []float64{1, .6, .5, .5, .4, 1}, start: []float64{.5, .5, .3, .4, .3, 1}, total: [3]float64{1, 1, 1}, strength: .1}
	for i := range 40 {
		r := row{revenue: float64(rng.IntN(5)), origin: i % 2}
		for range p.factor {
			x := float32(rng.Float64())
			if rng.IntN(8) == 0 {
				x = -1
			}
			r.x = append(r.x, x)
		}
		p.rows = append(p.rows, r)
	}
	p.sample(400)
	w := []float64{.6, .4, .2, .5, .3, 1}
	grad := make([]float64, len(w))
	_, by := p.loss(w, 4, grad)
	scratch := make([]float64, len(w))
	for k := range w {
		up, down := append([]float64(nil), w...), append([]float64(nil), w...)
		up[k], down[k] = up[k]+1e-6, down[k]-1e-6
		a, _ := p.loss(up, 4, scratch)
		b, _ := p.loss(down, 4, scratch)
		if want := (a - b) / 2e-6; math.Abs(grad[k]-want) > 1e-5 {
			t.Errorf("by weight %d: %v, want %v", k, grad[k], want)
		}
	}
	a, _ := p.loss(w, 4*math.Exp(1e-6), scratch)
	b, _ := p.loss(w, 4*math.Exp(-1e-6), scratch)
	if want := (a - b) / 2e-6; math.Abs(by-want) > 1e-5 {
		t.Errorf("by slope: %v, want %v", by, want)
	}
	for range 50 {
		v := make([]float64, len(w))
		for k := range v {
			v[k] = 3*rng.Float64() - 1
		}
		p.project(v)
		var sum [3]float64
		for k, x := range v {
			sum[p.factor[k]] += x
			if x < p.lo[k]-1e-9 || x > p.hi[k]+1e-9 {
				t.Fatalf("%v is out of bounds", v)
			}
		}
		for f, s := range sum {
			if math.Abs(s-p.total[f]) > 1e-6 {
				t.Fatalf("factor %d adds up to %v", f, s)
			}
		}
		again := append([]float64(nil), v...)
		p.project(again)
		for k := range v {
			if math.Abs(v[k]-again[k]) > 1e-6 {
				t.Fatalf("%v moves to %v", v, again)
			}
		}
	}
}
