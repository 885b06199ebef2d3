package column

import "fmt"

// Index finds the row of a text in a [Text] without a map: rows in an open-addressed table whose length is a power of two, 0 for an empty place, else row
// + 1. The zero Index finds nothing.
type Index struct{ slot []uint32 }

// hash is FNV-1a with a last mix, since FNV's low bits are weak. It is written to disk: it must never change without the chunks' format.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// NewIndex returns the index of all rows of t; of equal ones the first is found.
func NewIndex(t *Text) Index {
	size := 8
	for size < t.Len()*3/2 {
		size *= 2
	}
	x := Index{slot: make([]uint32, size)}
	for i := range t.Len() {
		x.put(t, i)
	}
	return x
}

func (x *Index) put(t *Text, i int) {
	id := t.At(i)
	m := uint64(len(x.slot) - 1)
	for at := hash(id) & m; ; at = (at + 1) & m {
		r := x.slot[at]
		if r == 0 {
			x.slot[at] = uint32(i + 1)
			return
		}
		if t.At(int(r-1)) == id {
			return
		}
	}
}

// Find returns the row of id in t, of which x is the index.
func (x *Index) Find(t *Text, id string) (int, bool) {
	if len(x.slot) == 0 {
		return 0, false
	}
	m := uint64(len(x.slot) - 1)
	at := hash(id) & m
	for range x.slot { // a damaged table may have no empty place
		r := x.slot[at]
		if r == 0 {
			return 0, false
		}
		if int(r) <= t.Len() && t.At(int(r-1)) == id {
			return int(r - 1), true
		}
		at = (at + 1) & m
	}
	return 0, false
}

// Pack returns the index as it is written to a chunk.
func (x *Index) Pack() [][]byte { return [][]byte{Bytes(x.slot)} }

// Open makes x what Pack wrote as b, which stays in use.
func (x *Index) Open(b []byte) error {
	v, err := Values[uint32](b)
	if err == nil && len(v)&(len(v)-1) != 0 {
		err = fmt.Errorf("%d places are no power of two", len(v))
	}
	x.slot = v
	return err
}
