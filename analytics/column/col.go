package column

import (
	"fmt"
	"slices"
	"unsafe"
)

// A block holds Rows rows; all blocks of a column are full but the last.
const (
	Shift = 13
	Rows  = 1 << Shift
	mask  = Rows - 1
)

// Blocks returns how many blocks n rows need.
func Blocks(n int) int { return (n + mask) >> Shift }

// Fixed is what a [Col] may hold: values of a set width without pointers.
type Fixed interface {
	~bool | ~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float64
}

// Col is a column of values of fixed width. The zero Col is empty. A Col is copied by assignment; the copy is read only until Edit.
type Col[T Fixed] struct {
	seg  [][]T
	n    int
	mine []bool // by block, while it is edited: the block is this editor's alone
}

// Len returns how many rows there are.
func (c *Col[T]) Len() int { return c.n }

// At returns row i. It panics when there is none.
func (c *Col[T]) At(i int) T { return c.seg[i>>Shift][i&mask] }

// Block returns the rows of block k: row k*Rows+j is its jth. Nothing may be written to it.
func (c *Col[T]) Block(k int) []T { return c.seg[k] }

// Edit makes c writable without whoever else holds its blocks seeing it. tail says that the memory behind the last row is the caller's.
func (c *Col[T]) Edit(tail bool) {
	c.seg, c.mine = slices.Clone(c.seg), make([]bool, len(c.seg))
	if last := len(c.seg) - 1; last >= 0 && !tail {
		c.seg[last] = slices.Clip(c.seg[last])
	}
}

// Seal ends an edit.
func (c *Col[T]) Seal() { c.mine = nil }

// Append adds a row.
func (c *Col[T]) Append(v T) {
	if c.n&mask == 0 {
		c.seg, c.mine = append(c.seg, nil), append(c.mine, true)
	}
	k := c.n >> Shift
	c.seg[k] = append(c.seg[k], v)
	c.n++
}

// Set replaces row i.
func (c *Col[T]) Set(i int, v T) {
	k := i >> Shift
	if c.seg[k][i&mask] == v {
		return
	}
	if !c.mine[k] {
		c.seg[k], c.mine[k] = slices.Clone(c.seg[k]), true
	}
	c.seg[k][i&mask] = v
}

// Extend appends v until there are n rows.
func (c *Col[T]) Extend(n int, v T) {
	for c.n < n {
		c.Append(v)
	}
}

// Gather appends the rows of from that order names, each as to gives it; nil to takes it as it is.
func (c *Col[T]) Gather(from *Col[T], order []int32, to func(T) T) {
	for len(order) > 0 {
		m := min(len(order), Rows-c.n&mask)
		block := make([]T, m)
		if to == nil {
			for j, i := range order[:m] {
				block[j] = from.At(int(i))
			}
		} else {
			for j, i := range order[:m] {
				block[j] = to(from.At(int(i)))
			}
		}
		if c.n&mask == 0 {
			c.seg, c.mine = append(c.seg, block), append(c.mine, true)
		} else {
			k := c.n >> Shift
			c.seg[k] = append(c.seg[k], block...)
		}
		c.n += m
		order = order[m:]
	}
}

// Picked returns the rows that order names as they are written to a chunk; see Pack.
func (c *Col[T]) Picked(order []int32) [][]byte {
	var p Col[T]
	p.Gather(c, order, nil)
	return p.Pack()
}

// Of returns a column of the values, which become the column's.
func Of[T Fixed](values []T) (c Col[T]) {
	c.n = len(values)
	for len(values) > 0 {
		m := min(Rows, len(values))
		c.seg = append(c.seg, values[:m:m])
		values = values[m:]
	}
	return c
}

// Pack returns the column as it is written to a chunk: pieces that share the column's memory.
func (c *Col[T]) Pack() [][]byte {
	pieces := make([][]byte, 0, len(c.seg))
	for _, s := range c.seg {
		pieces = append(pieces, Bytes(s))
	}
	return pieces
}

// Open makes c the n rows that Pack wrote as b, which stays in use.
func (c *Col[T]) Open(b []byte, n int) error {
	v, err := Values[T](b)
	if err == nil && len(v) != n {
		err = fmt.Errorf("%d rows, want %d", len(v), n)
	}
	if err != nil {
		return err
	}
	*c = Of(v)
	return nil
}

// Bytes returns the memory of values.
func Bytes[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// Values reads memory as values, without copying it. Its error says that b is cut or lies askew.
func Values[T any](b []byte) ([]T, error) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if len(b) == 0 {
		return nil, nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if len(b)%size != 0 || uintptr(p)%unsafe.Alignof(zero) != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of values of %d bytes", len(b), size)
	}
	n := len(b) / size
	return unsafe.Slice((*T)(p), n)[:n:n], nil
}

// LittleEndian reports whether this machine's memory is what chunks hold.
func LittleEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}
