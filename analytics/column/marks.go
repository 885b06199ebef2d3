package column

import "math/bits"

// Marks is a set of rows, one bit each: what a question chose, made once and then only read. Bits is the set that a column keeps and edits.
type Marks []uint64

// NewMarks returns an empty set of rows below n.
func NewMarks(n int) Marks { return make(Marks, (n+63)>>6) }

// Has reports whether row i is in the set; a row that the set has no room for, such as -1, is not.
func (m Marks) Has(i int32) bool {
	w := uint(i) >> 6
	return w < uint(len(m)) && m[w]&(1<<(uint(i)&63)) != 0
}

// Mark puts row i into the set, which must have room for it. Two goroutines may mark rows of different blocks at once.
func (m Marks) Mark(i int) { m[i>>6] |= 1 << (i & 63) }

// Count returns how many rows are in the set.
func (m Marks) Count() (n int) {
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// Each calls fn with the rows of block k that are in the set, in order; false ends it.
func (m Marks) Each(k int, fn func(i int) bool) {
	const words = Rows / 64
	for w := k * words; w < min((k+1)*words, len(m)); w++ {
		for v := m[w]; v != 0; v &= v - 1 {
			if !fn(w<<6 + bits.TrailingZeros64(v)) {
				return
			}
		}
	}
}
