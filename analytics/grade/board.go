package grade

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Board is every customer of a scope on one day, taken apart into the attributes, so that other weights give other grades in some milliseconds: what the sliders move.
// It is immutable and may be asked by many goroutines.
type Board struct {
	Stamp      analytics.Stamp
	Attributes []rule.Attribute // in the order of the rules
	Lines      []store.Grade    // best first
	Waits      []Wait           // before what customers are not judged, or as before
	model      *Model
	code       []analytics.Code
	part       [][]float32 // attribute → row: 0–1; below 0 unknown
	prior      []int8      // the grade that holds; -1 none
	held       []bool      // an input cannot be relied on: the grade stays, whatever the weights
	money      []int64     // brought in over a year, in minor units of the organisation's currency
	shift      float64     // hysteresis
}

type boardKey struct {
	rules *rule.Grading
	scope analytics.Scope
}

// BoardOf takes the customers of a scope apart under the rules in force. The first call for a Book and a scope takes some hundred milliseconds per 100,000 customers:
// a pane asks off its Update.
func BoardOf(b *analytics.Book, g *rule.Grading, s analytics.Scope) *Board {
	s.Period = analytics.Period{} // it plays no part, and is stepped through by key
	return analytics.Memo(b, boardKey{g, s}, func() *Board { return newBoard(b, g, s) })
}

func newBoard(b *analytics.Book, g *rule.Grading, s analytics.Scope) *Board {
	m, sel := NewModel(b, g), b.Select(s)
	day := sel.AsOf
	w := newWalker(m, []Day{day})
	start := func(c analytics.Code) *store.Evaluation { return b.EvaluationAt(c, day) }
	held := newGuard(m, w, start).judge(w.days, nil, nil)
	bd := &Board{Stamp: b.Stamp(s), Attributes: g.Attributes, Lines: m.lines, Waits: m.waiting(day), model: m, shift: g.Hysteresis}
	for c := range analytics.Code(b.Accounts()) {
		if since := b.KnownSince(c); b.AccountLive(c) && sel.Account(c) && (!since.Valid() || since <= day) {
			bd.code = append(bd.code, c)
		}
	}
	n := len(bd.code)
	bd.part = make([][]float32, len(m.attributes))
	for k := range bd.part {
		bd.part[k] = make([]float32, n)
	}
	bd.prior, bd.held, bd.money = make([]int8, n), make([]bool, n), make([]int64, n)
	year := brought(b, day)
	analytics.ShareBy(parcel, n, func(_, first, last int) {
		w := w.fork()
		for j := first; j < last; j++ {
			c := bd.code[j]
			bd.money[j], bd.prior[j] = year[c], int8(m.placeOf(b.GradeAt(c, day)))
			w.walk(c, start(c), func(int) *holds { return &held[0] }, func(int) {
				for k := range m.attributes {
					x := m.part(&m.attributes[k], &w.out, w.env)
					if math.IsNaN(x) {
						x = -1
					}
					bd.part[k][j] = float32(x)
				}
				bd.held[j] = m.unreliable(&w.out) != 0
			})
		}
	})
	return bd
}

// Len returns how many customers there are.
func (bd *Board) Len() int { return len(bd.code) }

// Account returns the customer in a row.
func (bd *Board) Account(row int) analytics.Code { return bd.code[row] }

// Prior is the grade in force of the customer in a row, as a place in Lines; -1 none.
func (bd *Board) Prior(row int) int { return int(bd.prior[row]) }

// Held reports whether an input of the customer in a row cannot be relied on, so that its grade stays as it is.
func (bd *Board) Held(row int) bool { return bd.held[row] }

// Judged reports whether anybody was ever judged by rules.
func (bd *Board) Judged() bool { return bd.model.b.Judged() > 0 }

// Money is what the customer in a row brought in over a year, in minor units of the organisation's currency.
func (bd *Board) Money(row int) int64 { return bd.money[row] }

// Weights returns the weights in force by attribute.
func (bd *Board) Weights() map[string]float64 {
	out := map[string]float64{}
	for k := range bd.model.attributes {
		out[bd.model.attributes[k].ID] = bd.model.attributes[k].weight
	}
	return out
}

// Standing is a Board under some weights.
type Standing struct {
	Board  *Board
	Counts []int // customers per grade, in the order of Lines
	None   int   // without a grade: too little is known
	Held   int   // whose grade stays because an input cannot be relied on
	Up     int   // who would move, against the grades in force
	Down   int
	// UpMoney and DownMoney are what those who would move brought in over a year, in minor units of the organisation's currency.
	UpMoney   int64
	DownMoney int64
	grade     []int8
	product   []float32 // pay × growth × cost
}

// scoreOf turns a product of the three factors into a score.
func scoreOf(product float32) float64 { return 100 * math.Cbrt(float64(product)) }

// With weighs all customers by weights (attribute → weight; what it does not name keeps its own). 200,000 customers take a few milliseconds on two cores.
func (bd *Board) With(weights map[string]float64) *Standing {
	n := len(bd.code)
	st := &Standing{Board: bd, Counts: make([]int, len(bd.Lines)), grade: make([]int8, n), product: make([]float32, n)}
	m := bd.model
	var all [3]float32
	weight := make([]float32, len(m.attributes))
	var of [3][]int
	for k := range m.attributes {
		a := &m.attributes[k]
		w, ok := weights[a.ID]
		if !ok {
			w = a.weight
		}
		weight[k] = float32(w)
		if all[a.factor] += weight[k]; w > 0 {
			of[a.factor] = append(of[a.factor], k)
		}
	}
	// A line of the score is one of the product: nobody needs 200,000 cube roots.
	line := func(add float64) (out []float32) {
		for _, from := range m.from {
			x := max(0, from+add) / 100
			out = append(out, float32(x*x*x))
		}
		return out
	}
	at, up, down := line(0), line(bd.shift), line(-bd.shift)
	place := func(lines []float32, p float32) int8 {
		for i, from := range lines {
			if p >= from {
				return int8(i)
			}
		}
		return int8(len(lines) - 1)
	}
	type tally struct {
		counts               []int
		none, held, up, down int
		upMoney, downMoney   int64
	}
	tallies := make([]tally, analytics.Parts())
	limit := float32(m.g.Guard.Unknown) / 100
	parts := analytics.ShareBy(parcel, n, func(part, first, last int) {
		t := &tallies[part]
		if t.counts == nil {
			t.counts = make([]int, len(bd.Lines))
		}
		const block = 2048
		var sum, known [3][block]float32
		for from := first; from < last; from += block {
			size := min(block, last-from)
			for f := range sum {
				clear(sum[f][:size])
				clear(known[f][:size])
				for _, k := range of[f] {
					w, part := weight[k], bd.part[k][from:from+size]
					for j, x := range part {
						if x >= 0 {
							sum[f][j] += w * x
							known[f][j] += w
						}
					}
				}
			}
			for j := range size {
				row, product, missing := from+j, float32(1), float32(0)
				for f := range sum {
					if all[f] == 0 {
						continue // no weight at all: the factor does not count
					}
					missing += (all[f] - known[f][j]) / all[f] / 3
					if known[f][j] > 0 {
						product *= sum[f][j] / known[f][j]
					} else {
						product = 0
					}
				}
				prior := bd.prior[row]
				st.product[row] = product
				g := prior
				switch {
				case missing > limit:
					t.none++
					st.grade[row] = prior
					continue
				case bd.held[row]:
					t.held++
				case prior < 0:
					g = place(at, product)
				default:
					if g = place(at, product); g < prior {
						g = min(prior, place(up, product))
					} else if g > prior {
						g = max(prior, place(down, product))
					}
				}
				if st.grade[row] = g; g < 0 {
					t.none++
					continue
				}
				t.counts[g]++
				switch {
				case prior < 0 || g == prior:
				case g < prior:
					t.up++
					t.upMoney += bd.money[row]
				default:
					t.down++
					t.downMoney += bd.money[row]
				}
			}
		}
	})
	for _, t := range tallies[:parts] {
		for g, k := range t.counts {
			st.Counts[g] += k
		}
		st.None += t.none
		st.Held += t.held
		st.Up += t.up
		st.Down += t.down
		st.UpMoney += t.upMoney
		st.DownMoney += t.downMoney
	}
	return st
}
