package column

import (
	"errors"
	"slices"
	"unsafe"
)

// Text is a column of strings. The zero Text is empty.
type Text struct {
	seg  []text
	n    int
	mine []bool
}

// text is one block: strings of the heap, or bytes with where each row begins and the last one ends.
type text struct {
	own  []string
	off  []uint32
	data []byte
}

func (s *text) at(j int) string {
	if s.off == nil {
		return s.own[j]
	}
	a, b := s.off[j], s.off[j+1]
	if a >= b || int(b) > len(s.data) { // the second is damage: better no text than a crash
		return ""
	}
	return unsafe.String(&s.data[a], int(b-a))
}

func (s *text) len() int {
	if s.off == nil {
		return len(s.own)
	}
	return len(s.off) - 1
}

// thaw makes s the heap's.
func (s *text) thaw() {
	own := make([]string, s.len(), s.len()+1)
	for j := range own {
		own[j] = s.at(j)
	}
	*s = text{own: own}
}

// Len returns how many rows there are.
func (t *Text) Len() int { return t.n }

// At returns row i. It panics when there is none.
func (t *Text) At(i int) string { return t.seg[i>>Shift].at(i & mask) }

// Edit makes t writable without whoever else holds its blocks seeing it; see [Col.Edit].
func (t *Text) Edit(tail bool) {
	t.seg, t.mine = slices.Clone(t.seg), make([]bool, len(t.seg))
	if last := len(t.seg) - 1; last >= 0 && !tail {
		t.seg[last].own = slices.Clip(t.seg[last].own)
	}
}

// Seal ends an edit.
func (t *Text) Seal() { t.mine = nil }

// Append adds a row.
func (t *Text) Append(v string) {
	if t.n&mask == 0 {
		if k := len(t.seg) - 1; k >= 0 && t.seg[k].off == nil { // full: as bytes it is a fraction, and keeps alive no more than its own
			t.seg[k] = packed(t.seg[k].own)
			t.mine[k] = true
		}
		t.seg, t.mine = append(t.seg, text{}), append(t.mine, true)
	}
	s := &t.seg[t.n>>Shift]
	if s.off != nil {
		s.thaw()
		t.mine[t.n>>Shift] = true
	}
	s.own = append(s.own, v)
	t.n++
}

// Set replaces row i.
func (t *Text) Set(i int, v string) {
	s, k := &t.seg[i>>Shift], i>>Shift
	if s.at(i&mask) == v {
		return
	}
	if !t.mine[k] || s.off != nil {
		s.thaw()
		t.mine[k] = true
	}
	s.own[i&mask] = v
}

// Extend appends v until there are n rows.
func (t *Text) Extend(n int, v string) {
	for t.n < n {
		t.Append(v)
	}
}

// packed returns a block of strings as bytes and offsets.
func packed(own []string) text {
	size := 0
	for _, v := range own {
		size += len(v)
	}
	p := text{off: make([]uint32, 1, len(own)+1), data: make([]byte, 0, size)}
	for _, v := range own {
		p.data = append(p.data, v...)
		p.off = append(p.off, uint32(len(p.data)))
	}
	return p
}

// Picked returns the rows that order names as they are written to a chunk; see Pack.
func (t *Text) Picked(order []int32) [][]byte {
	var p Text
	p.Gather(t, order)
	return p.Pack()
}

// Gather appends the rows of from that order names to an empty t, packed: bytes and offsets.
func (t *Text) Gather(from *Text, order []int32) {
	for len(order) > 0 {
		m := min(len(order), Rows)
		size := 0
		for _, i := range order[:m] {
			size += len(from.At(int(i)))
		}
		s := text{off: make([]uint32, 1, m+1), data: make([]byte, 0, size)}
		for _, i := range order[:m] {
			s.data = append(s.data, from.At(int(i))...)
			s.off = append(s.off, uint32(len(s.data)))
		}
		t.seg, t.mine = append(t.seg, s), append(t.mine, true)
		t.n += m
		order = order[m:]
	}
}

// Pack returns the column as it is written to a chunk: how many blocks, where each one's bytes begin and the last one's end, every block's offsets, the
// bytes.
func (t *Text) Pack() [][]byte {
	head := make([]uint64, 2, len(t.seg)+2)
	head[0] = uint64(len(t.seg))
	pieces := [][]byte{nil}
	var data [][]byte
	for k := range t.seg {
		s := &t.seg[k]
		if s.off == nil {
			p := packed(s.own)
			s = &p
		}
		pieces, data = append(pieces, Bytes(s.off)), append(data, s.data)
		head = append(head, head[len(head)-1]+uint64(len(s.data)))
	}
	pieces[0] = Bytes(head)
	return append(pieces, data...)
}

// Open makes t the n rows that Pack wrote as b, which stays in use.
func (t *Text) Open(b []byte, n int) error {
	*t = Text{n: n}
	if len(b) < 16 {
		if n == 0 {
			return nil
		}
		return errCut
	}
	blocks := *(*uint64)(unsafe.Pointer(unsafe.SliceData(b)))
	if blocks != uint64(Blocks(n)) || uint64(len(b)) < (blocks+2)*8 {
		return errCut
	}
	head, err := Values[uint64](b[8 : (blocks+2)*8])
	if err != nil {
		return err
	}
	b = b[(blocks+2)*8:]
	offs := 4 * (n + int(blocks))
	if len(b) < offs || uint64(len(b)-offs) != head[blocks] {
		return errCut
	}
	data := b[offs:]
	t.seg = make([]text, blocks)
	for k := range t.seg {
		m := min(Rows, n-k*Rows)
		off, err := Values[uint32](b[:4*(m+1)])
		if err != nil {
			return err
		}
		if head[k] > head[k+1] || head[k+1] > uint64(len(data)) {
			return errCut
		}
		t.seg[k] = text{off: off, data: data[head[k]:head[k+1]:head[k+1]]}
		b = b[4*(m+1):]
	}
	return nil
}

var errCut = errors.New("it is cut short")
