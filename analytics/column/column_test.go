package column

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"flightdeck/store/storetest"
)

// join lays pieces one after the other, as a chunk has them.
func join(pieces [][]byte) []byte {
	b := bytes.Join(pieces, nil)
	words := make([]uint64, len(b)/8+1)
	room := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	return room[:copy(room, b):len(b)]
}

// TestCol_AsSlices does the same to columns and to plain slices, while older columns are kept and must not change.
func TestCol_AsSlices(t *testing.T) {
	rng := storetest.Rand(t)
	var c Col[int32]
	var x Text
	var ints []int32
	var texts []string
	type old struct {
		c     Col[int32]
		x     Text
		ints  []int32
		texts []string
	}
	var kept []old
	check := func(what string, c *Col[int32], x *Text, ints []int32, texts []string) {
		t.Helper()
		if c.Len() != len(ints) || x.Len() != len(texts) {
			t.Fatalf("%s: %d and %d rows, want %d", what, c.Len(), x.Len(), len(ints))
		}
		for i := range ints {
			if c.At(i) != ints[i] || x.At(i) != texts[i] {
				t.Fatalf("%s: row %d is %d %q, want %d %q", what, i, c.At(i), x.At(i), ints[i], texts[i])
			}
		}
	}
	owned := false
	for round := range 40 {
		c.Edit(owned)
		x.Edit(owned)
		for range rng.IntN(3 * Rows / 2) {
			v := rng.Int32()
			c.Append(v)
			x.Append(fmt.Sprint("值", v))
			ints, texts = append(ints, v), append(texts, fmt.Sprint("值", v))
		}
		for range rng.IntN(20) {
			if len(ints) > 0 {
				i, v := rng.IntN(len(ints)), rng.Int32()
				c.Set(i, v)
				x.Set(i, fmt.Sprint(v))
				ints[i], texts[i] = v, fmt.Sprint(v)
			}
		}
		c.Seal()
		x.Seal()
		check("edited", &c, &x, ints, texts)
		kept = append(kept, old{c, x, slices.Clone(ints), slices.Clone(texts)})
		owned = true
		switch rng.IntN(8) {
		case 0: // somebody else goes on from the same columns: from then on the memory behind is not ours
			o := kept[len(kept)-1]
			o.c.Edit(true)
			o.x.Edit(true)
			o.c.Append(-1)
			o.x.Append("other")
			owned = false
		case 1:
			data, text := join(c.Pack()), join(x.Pack())
			var c2 Col[int32]
			var x2 Text
			if err := c2.Open(data, len(ints)); err != nil {
				t.Fatal(err)
			}
			if err := x2.Open(text, len(ints)); err != nil {
				t.Fatal(err)
			}
			check("opened", &c2, &x2, ints, texts)
			c, x, owned = c2, x2, false
		case 2:
			order := make([]int32, rng.IntN(len(ints)+1))
			for k := range order {
				order[k] = int32(rng.IntN(len(ints)))
			}
			var c2 Col[int32]
			var x2 Text
			c2.Gather(&c, order, func(v int32) int32 { return v + 1 })
			x2.Gather(&x, order)
			for k, i := range order {
				if c2.At(k) != ints[i]+1 || x2.At(k) != texts[i] {
					t.Fatalf("gathered row %d is not row %d", k, i)
				}
			}
		}
		if round%10 == 9 {
			for _, o := range kept {
				check("kept", &o.c, &o.x, o.ints, o.texts)
			}
		}
	}
}

func TestOpen_Damaged(t *testing.T) {
	var x Text
	x.Edit(false)
	for i := range 100 {
		x.Append(fmt.Sprint("row ", i))
	}
	whole := join(x.Pack())
	rng := storetest.Rand(t)
	for n := range len(whole) {
		if err := new(Text).Open(join([][]byte{whole[:n]}), 100); err == nil {
			t.Fatalf("%d of %d bytes open as if they were all", n, len(whole))
		}
	}
	for range 2000 { // a flipped byte is an error or wrong text, and nothing worse
		b := join([][]byte{whole})
		b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		var y Text
		if y.Open(b, 100) == nil {
			for i := range 100 {
				_ = y.At(i)
			}
		}
	}
	if err := new(Col[int64]).Open(join([][]byte{make([]byte, 20)}), 2); err == nil {
		t.Error("20 bytes are no two numbers of 8")
	}
}

func TestRuns_AsLists(t *testing.T) {
	rng := storetest.Rand(t)
	owners := 3000
	rows := make([]int, 20000)
	for i := range rows {
		rows[i] = rng.IntN(owners+1) - 1
	}
	r := Group(len(rows), owners, func(i int) int { return rows[i] })
	want := make([][]int32, owners+500)
	for i, o := range rows {
		if o >= 0 {
			want[o] = append(want[o], int32(i))
		}
	}
	check := func(r *Runs[int32], want [][]int32) {
		t.Helper()
		for o := range want {
			if !slices.Equal(r.Of(o), want[o]) {
				t.Fatalf("owner %d has %v, want %v", o, r.Of(o), want[o])
			}
		}
		if r.Of(-1) != nil || r.Of(1<<30) != nil {
			t.Fatal("somebody who is no owner has rows")
		}
	}
	check(&r, want)
	off, pool := r.Pack()
	var opened Runs[int32]
	if err := opened.Open(join(off), join(pool)); err != nil {
		t.Fatal(err)
	}
	check(&opened, want)
	before, old := opened, slices.Clone(want)
	opened.Edit()
	for range 200 {
		o := rng.IntN(len(want))
		list := []int32{rng.Int32(), rng.Int32()}
		opened.Set(o, list)
		want[o] = list
	}
	opened.Seal()
	check(&opened, want)
	check(&before, old)
}

func TestIndex(t *testing.T) {
	var ids Text
	ids.Edit(false)
	for i := range 5000 {
		ids.Append(fmt.Sprint("crm:", i*7))
	}
	x := NewIndex(&ids)
	var opened Index
	if err := opened.Open(join(x.Pack())); err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if r, ok := opened.Find(&ids, fmt.Sprint("crm:", i*7)); !ok || r != i {
			t.Fatalf("row %d is found at %d, %t", i, r, ok)
		}
	}
	for _, id := range []string{"", "crm:1", "CRM:7"} {
		if r, ok := opened.Find(&ids, id); ok {
			t.Errorf("%q is found at %d", id, r)
		}
	}
	full := Index{slot: []uint32{1, 1, 1, 1}} // damage: no empty place
	if _, ok := full.Find(&ids, "nobody"); ok {
		t.Error("found in a full table what is not there")
	}
}

func TestBitsAndZones(t *testing.T) {
	rng := storetest.Rand(t)
	n := 3*Rows + 100
	var b Bits
	var c Col[int32]
	var z Zone[int32]
	marked := map[int]bool{}
	b.Edit()
	c.Edit(false)
	for i := range n {
		v := rng.Int32N(1000)
		c.Append(v)
		z.Put(i, v)
	}
	for range 500 {
		i := rng.IntN(n)
		b.Mark(i)
		marked[i] = true
	}
	b.Seal()
	older := b
	b.Edit()
	b.Mark(7)
	if older.Has(7) != marked[7] {
		t.Error("an older picture sees a newer mark")
	}
	if older.Count() != len(marked) {
		t.Errorf("%d marks, want %d", older.Count(), len(marked))
	}
	for i := range n {
		if older.Has(i) != marked[i] {
			t.Fatalf("row %d: %t", i, older.Has(i))
		}
	}
	m := ZoneOf(&c)
	if !slices.Equal(m.Min, z.Min) || !slices.Equal(m.Max, z.Max) {
		t.Error("a zone that is kept differs from one that is measured")
	}
	for k := range m.Min {
		if !m.Meets(k, m.Max[k], 1e6) || m.Meets(k, m.Max[k]+1, 1e6) || !m.Within(k, m.Min[k], m.Max[k]) || m.Within(k, m.Min[k]+1, m.Max[k]) {
			t.Errorf("block %d", k)
		}
	}
}

func FuzzText_Open(f *testing.F) {
	var x Text
	x.Edit(false)
	x.Append("一")
	x.Append("two")
	f.Add(join(x.Pack()), 2)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		var x Text
		if x.Open(join([][]byte{b}), n) == nil {
			for i := range n {
				_ = x.At(i)
			}
		}
	})
}

func BenchmarkCol_Scan(b *testing.B) {
	values := make([]int32, 20_000_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = rng.Int32N(1000)
	}
	c := Of(values)
	b.SetBytes(int64(len(values)) * 4)
	for b.Loop() {
		sum := int64(0)
		for k := range Blocks(c.Len()) {
			for _, v := range c.Block(k) {
				sum += int64(v)
			}
		}
		if sum == 0 {
			b.Fatal("nothing")
		}
	}
}
