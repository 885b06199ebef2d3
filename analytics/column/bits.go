package column

import (
	"math/bits"
	"slices"
)

// Bits marks rows. The zero Bits marks none; a block without a mark costs nothing.
type Bits struct {
	seg  []*[Rows / 64]uint64
	n    int // marks
	mine []bool
}

// Any reports whether any row is marked; Count how many are.
func (b *Bits) Any() bool { return b.n > 0 }

// Count returns how many rows are marked.
func (b *Bits) Count() int { return b.n }

// Has reports whether row i is marked.
func (b *Bits) Has(i int) bool {
	k := i >> Shift
	return k < len(b.seg) && b.seg[k] != nil && b.seg[k][i&mask>>6]&(1<<(i&63)) != 0
}

// Block returns the marks of block k; nil when it has none.
func (b *Bits) Block(k int) *[Rows / 64]uint64 {
	if k >= len(b.seg) {
		return nil
	}
	return b.seg[k]
}

// Each calls fn with every row that is marked, in ascending order.
func (b *Bits) Each(fn func(i int)) {
	for k, block := range b.seg {
		if block == nil {
			continue
		}
		for w, word := range block {
			for ; word != 0; word &= word - 1 {
				fn(k<<Shift + w<<6 + bits.TrailingZeros64(word))
			}
		}
	}
}

// Edit makes b writable without whoever else holds it seeing it.
func (b *Bits) Edit() { b.seg, b.mine = slices.Clone(b.seg), make([]bool, len(b.seg)) }

// Seal ends an edit.
func (b *Bits) Seal() { b.mine = nil }

// Mark marks row i.
func (b *Bits) Mark(i int) {
	k := i >> Shift
	for len(b.seg) <= k {
		b.seg, b.mine = append(b.seg, nil), append(b.mine, false)
	}
	if !b.mine[k] {
		block := new([Rows / 64]uint64)
		if b.seg[k] != nil {
			*block = *b.seg[k]
		}
		b.seg[k], b.mine[k] = block, true
	}
	if w := &b.seg[k][i&mask>>6]; *w&(1<<(i&63)) == 0 {
		*w |= 1 << (i & 63)
		b.n++
	}
}
