package analytics

import (
	"context"
	"math/bits"
	"sort"

	"flightdeck/analytics/column"
)

// Picks is which rows of a list were picked, in order. A million of them take 130 kB, whatever was picked. Nothing in it is ever written to.
type Picks struct {
	marks  column.Marks
	before []int32 // picked rows before each group of words
	n      int
}

const picksGroup = 8 // words

// PicksOf returns the picks that marks says; they become its own.
func PicksOf(marks column.Marks) *Picks {
	p := &Picks{marks: marks, before: make([]int32, 0, len(marks)/picksGroup+1)}
	for w, v := range marks {
		if w%picksGroup == 0 {
			p.before = append(p.before, int32(p.n))
		}
		p.n += bits.OnesCount64(v)
	}
	return p
}

// Pick asks test about each of n rows, or of those in among unless that is nil, and returns those for which it is true. It works on as many goroutines as there
// are processors where there are many rows, blocks until that is done or ctx has ended, and returns ctx's error then.
func Pick(ctx context.Context, n int, among *Picks, test func(i int) bool) (*Picks, error) {
	marks := column.NewMarks(n)
	blocks := column.Blocks(n)
	each((blocks+picksParcel-1)/picksParcel, func(i int) {
		for k := i * picksParcel; k < min(blocks, (i+1)*picksParcel) && ctx.Err() == nil; k++ {
			if among != nil {
				among.marks.Each(k, func(i int) bool {
					if i < n && test(i) {
						marks.Mark(i)
					}
					return true
				})
				continue
			}
			for i := k << column.Shift; i < min(n, (k+1)<<column.Shift); i++ {
				if test(i) {
					marks.Mark(i)
				}
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return PicksOf(marks), nil
}

// picksParcel is how many blocks one goroutine takes at a time.
const picksParcel = 2

// Len returns how many rows were picked; 0 for nil.
func (p *Picks) Len() int {
	if p == nil {
		return 0
	}
	return p.n
}

// Has reports whether row i was picked.
func (p *Picks) Has(i int) bool { return p.marks.Has(int32(i)) }

// At returns the kth row that was picked, from 0. It panics when there is none.
func (p *Picks) At(k int) int {
	if k < 0 || k >= p.n {
		panic("analytics: pick out of range")
	}
	g := sort.Search(len(p.before), func(g int) bool { return int(p.before[g]) > k }) - 1
	k -= int(p.before[g])
	w := g * picksGroup
	for {
		c := bits.OnesCount64(p.marks[w])
		if k < c {
			break
		}
		k -= c
		w++
	}
	v := p.marks[w]
	for range k {
		v &= v - 1
	}
	return w<<6 + bits.TrailingZeros64(v)
}

// Place returns how many rows before row i were picked, and whether i was: then it is At of that number.
func (p *Picks) Place(i int) (k int, ok bool) {
	w := i >> 6
	if i < 0 || w >= len(p.marks) {
		return p.n, false
	}
	k = int(p.before[w/picksGroup])
	for _, v := range p.marks[w/picksGroup*picksGroup : w] {
		k += bits.OnesCount64(v)
	}
	return k + bits.OnesCount64(p.marks[w]&(1<<(i&63)-1)), p.marks.Has(int32(i))
}
