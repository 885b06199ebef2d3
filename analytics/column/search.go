package column

import (
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// Needle is what is looked for in texts, letter case ignored: a text holds it when its lower case does.
type Needle struct {
	word  string
	cased bool // some other letter has one of its letters as its lower case: texts must be in lower case
}

// NewNeedle returns the needle of a word in lower case.
func NewNeedle(word string) Needle {
	n := Needle{word: word}
	for _, r := range word {
		n.cased = n.cased || r == utf8.RuneError || unicode.SimpleFold(r) != r
	}
	return n
}

// In reports whether text holds the needle.
func (n Needle) In(text string) bool {
	if n.cased {
		text = strings.ToLower(text)
	}
	return strings.Contains(text, n.word)
}

// Folded is a [Text] in lower case, as far as anybody looked for letters in it: block by block, kept while the column has the block. Books that come from each
// other share it; blocks of a mapping that ended must not meet it, or another text may lie where the old one did. The zero Folded is ready, and must not be copied.
type Folded struct {
	mu     sync.Mutex
	blocks atomic.Pointer[[]atomic.Pointer[folded]]
}

// folded is one block and what it was made from, which so stays where it is.
type folded struct {
	from text
	off  []uint32
	data []byte
}

func (f *folded) of(s *text) bool {
	return unsafe.SliceData(f.from.off) == unsafe.SliceData(s.off) && unsafe.SliceData(f.from.data) == unsafe.SliceData(s.data) &&
		unsafe.SliceData(f.from.own) == unsafe.SliceData(s.own) && f.from.len() == s.len()
}

// slot returns the place of block k.
func (f *Folded) slot(k, blocks int) *atomic.Pointer[folded] {
	if have := f.blocks.Load(); have != nil && k < len(*have) {
		return &(*have)[k]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	have := f.blocks.Load()
	if have == nil || k >= len(*have) {
		more := make([]atomic.Pointer[folded], max(blocks, k+1))
		if have != nil {
			for i := range *have {
				more[i].Store((*have)[i].Load())
			}
		}
		f.blocks.Store(&more)
		return &more[k]
	}
	return &(*have)[k]
}

// Block returns block k of t as n may be looked for in it: where each row begins in the bytes, and the last one ends, in lower case unless n does not care. Several
// may ask at once.
func (f *Folded) Block(t *Text, k int, n Needle) Page {
	s := &t.seg[k]
	if !n.cased && s.off != nil {
		return Page{s.off, s.data}
	}
	slot := f.slot(k, len(t.seg))
	if have := slot.Load(); have != nil && have.of(s) {
		return Page{have.off, have.data}
	}
	made := &folded{from: *s}
	made.off, made.data = lower(s)
	slot.Store(made)
	return Page{made.off, made.data}
}

// Reader returns what gives the rows of t as Block does, for one goroutine.
func (f *Folded) Reader(t *Text, n Needle) func(i int32) string {
	if !n.cased {
		return func(i int32) string { return t.At(int(i)) }
	}
	last, page := int32(-1), Page{}
	return func(i int32) string {
		if k := i >> Shift; k != last {
			page, last = f.Block(t, int(k), n), k
		}
		return page.At(int(i & mask))
	}
}

// lower returns a block in lower case, as [strings.ToLower] has it, packed; the block's own memory where nothing differs.
func lower(s *text) ([]uint32, []byte) {
	if s.off == nil {
		p := packed(s.own)
		s = &p
	}
	data, changed := make([]byte, len(s.data)), false
	for i, c := range s.data {
		if cased[c] {
			return lowerRows(s)
		}
		if c-'A' < 26 {
			c += 'a' - 'A'
			changed = true
		}
		data[i] = c
	}
	if !changed {
		return s.off, s.data
	}
	return s.off, data
}

// lowerRows is lower for any text.
func lowerRows(s *text) ([]uint32, []byte) {
	off, out := make([]uint32, 1, len(s.off)), make([]byte, 0, len(s.data)+64)
	for j := range s.len() {
		row := s.at(j)
	row:
		for i := 0; i < len(row); {
			c := row[i]
			if !cased[c] {
				if c-'A' < 26 {
					c += 'a' - 'A'
				}
				out = append(out, c)
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(row[i:])
			if r == utf8.RuneError { // damage is written otherwise
				out = append(out[:off[j]], strings.ToLower(row)...)
				break row
			}
			if l := lowerRune(r); l != r {
				out = utf8.AppendRune(out, l)
			} else {
				out = append(out, row[i:i+size]...)
			}
			i += size
		}
		off = append(off, uint32(len(out)))
	}
	return off, out
}

// lowerRune is [unicode.ToLower], sooner for what stands in many names: punctuation, brackets of full width, emoji and rare ideographs.
func lowerRune(r rune) rune {
	switch {
	case r < 0xc0, r >= 0x2000 && r < 0x2100, r >= 0xff00 && r < 0xff21, r >= 0x1f000:
		return r
	}
	return unicode.ToLower(r)
}

// cased marks the first bytes of characters that may have a case or be damage: beside ASCII all but those of U+3000 to U+9FFF, where Chinese, Japanese kana and
// their punctuation are, and the bytes that follow a first one.
var cased = func() (t [256]bool) {
	for c := 0xc0; c < 0x100; c++ {
		t[c] = c < 0xe3 || c > 0xe9
	}
	return t
}()

// Page is a block of texts: row j of the block is the bytes from Off[j] to Off[j+1]. A damaged chunk may say otherwise; the methods then find nothing.
type Page struct {
	Off  []uint32
	Data []byte
}

// At returns row j of the block; the string is the block's memory.
func (p Page) At(j int) string {
	a, b := p.Off[j], p.Off[j+1]
	if a >= b || int(b) > len(p.Data) {
		return ""
	}
	return unsafe.String(&p.Data[a], int(b-a))
}

// Find calls hit with the rows of the block that hold n, in order, and where in the row it is first.
func (p Page) Find(n Needle, hit func(j, at int)) {
	rows, size := len(p.Off)-1, len(n.word)
	if rows <= 0 || size == 0 || len(p.Data) == 0 {
		return
	}
	data := unsafe.String(&p.Data[0], len(p.Data))
	for j, pos := 0, 0; pos < len(data); {
		k := strings.Index(data[pos:], n.word)
		if k < 0 {
			return
		}
		pos += k
		for j < rows && int(p.Off[j+1]) <= pos {
			j++
		}
		if j == rows {
			return
		}
		from, to := int(p.Off[j]), int(p.Off[j+1])
		if from > pos || pos+size > to { // it lies across two rows, or the chunk is damaged
			pos++
			continue
		}
		hit(j, pos-from)
		pos = to
	}
}

// Mark marks the rows of t among blocks [first, last) that hold n; within narrows them, unless it is nil. f is t's.
func (n Needle) Mark(f *Folded, t *Text, within, into Marks, first, last int) {
	for k := first; k < last; k++ {
		if within != nil && few(within, k) {
			within.Each(k, func(i int) bool {
				if i < t.n && n.In(t.At(i)) {
					into.Mark(i)
				}
				return true
			})
			continue
		}
		f.Block(t, k, n).Find(n, func(j, _ int) {
			if i := k<<Shift + j; within == nil || within.Has(int32(i)) {
				into.Mark(i)
			}
		})
	}
}

// few reports whether block k has so few marked rows that looking at each is less than looking through the block.
func few(m Marks, k int) bool {
	n := 0
	m.Each(k, func(int) bool { n++; return n <= Rows/16 })
	return n <= Rows/16
}
