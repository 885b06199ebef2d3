package column

import "slices"

// Zone says of each block of a column the least and the greatest value, so that a kernel may pass a block by. It speaks of every row that ever stood there,
// dead ones included: it may be too wide, never too narrow.
type Zone[T ~int32 | ~int64] struct{ Min, Max []T }

// Edit makes z writable without whoever else holds it seeing it.
func (z *Zone[T]) Edit() { z.Min, z.Max = slices.Clone(z.Min), slices.Clone(z.Max) }

// Put widens the zone of row i's block by v.
func (z *Zone[T]) Put(i int, v T) {
	k := i >> Shift
	for len(z.Min) <= k {
		z.Min, z.Max = append(z.Min, v), append(z.Max, v)
	}
	z.Min[k], z.Max[k] = min(z.Min[k], v), max(z.Max[k], v)
}

// Meets reports whether block k may hold a value from lo to hi.
func (z *Zone[T]) Meets(k int, lo, hi T) bool {
	return k < len(z.Min) && z.Min[k] <= hi && z.Max[k] >= lo
}

// Within reports whether every value of block k lies from lo to hi.
func (z *Zone[T]) Within(k int, lo, hi T) bool {
	return k < len(z.Min) && z.Min[k] >= lo && z.Max[k] <= hi
}

// ZoneOf measures a column.
func ZoneOf[T interface {
	Fixed
	~int32 | ~int64
}](c *Col[T]) (z Zone[T]) {
	for k := range Blocks(c.Len()) {
		b := c.Block(k)
		z.Min, z.Max = append(z.Min, slices.Min(b)), append(z.Max, slices.Max(b))
	}
	return z
}
