package column

import (
	"fmt"
	"strings"
	"testing"

	"flightdeck/store/storetest"
)

// TestNeedle_AgainstToLower: marks are what strings.Contains finds in the lower case of each text, in packed blocks, in the heap's, after edits, and within rows.
func TestNeedle_AgainstToLower(t *testing.T) {
	r := storetest.Rand(t)
	letters := []rune("aAbBkK\u212AsSſiIİéÉßΣσς客户（Ａａ）“ 1, ")
	word := func(n int) string {
		w := make([]rune, r.IntN(n+1))
		for i := range w {
			w[i] = letters[r.IntN(len(letters))]
		}
		return string(w)
	}
	n := Rows + 300
	want := make([]string, n)
	var text Text
	text.Edit(true)
	for i := range want {
		want[i] = word(9)
		text.Append(want[i])
	}
	text.Seal()
	var f Folded
	for round := range 60 {
		if round%10 == 9 { // the next Book: some rows differ, the blocks before stay as they were
			text.Edit(false)
			for range 20 {
				i := r.IntN(n)
				want[i] = word(9)
				text.Set(i, want[i])
			}
			text.Seal()
		}
		q := strings.ToLower(word(3))
		if q == "" {
			continue
		}
		needle := NewNeedle(q)
		var within Marks
		if round%3 == 1 {
			within = NewMarks(n)
			for i := range n {
				if r.IntN(1+round%20) == 0 {
					within.Mark(i)
				}
			}
		}
		got := NewMarks(n)
		needle.Mark(&f, &text, within, got, 0, Blocks(n))
		for i, s := range want {
			is := strings.Contains(strings.ToLower(s), q)
			if got.Has(int32(i)) != (is && (within == nil || within.Has(int32(i)))) {
				t.Fatalf("round %d: %q in row %d %q: %v", round, q, i, s, got.Has(int32(i)))
			}
			if needle.In(s) != is {
				t.Fatalf("%q in %q: %v", q, s, !is)
			}
		}
	}
	if m := NewMarks(70); m.Has(-1) || m.Has(128) {
		t.Error("rows outside the set are in it")
	}
}

// TestPage_Damage: offsets that a damaged chunk gives lead to nothing found, not to a crash or a search without end.
func TestPage_Damage(t *testing.T) {
	r := storetest.Rand(t)
	for range 2000 {
		p := Page{Off: make([]uint32, 1+r.IntN(6)), Data: []byte(strings.Repeat("ab客", r.IntN(5)))}
		for i := range p.Off {
			p.Off[i] = uint32(r.IntN(30))
		}
		last := -1
		p.Find(NewNeedle("b"), func(j, at int) {
			if j < last || at < 0 {
				t.Fatalf("%v: row %d after %d", p.Off, j, last)
			}
			last = j
		})
		for j := range len(p.Off) - 1 {
			p.At(j)
		}
	}
}

func BenchmarkNeedle_Mark(b *testing.B) {
	var text Text
	text.Edit(true)
	for i := range 40 * Rows {
		text.Append(fmt.Sprintf("华东智能控制（集团）%d号 Pump 项目", i))
	}
	text.Seal()
	for _, q := range []string{"控", "p", "项目x", "pump"} {
		b.Run(q, func(b *testing.B) {
			var f Folded
			n := NewNeedle(q)
			n.Mark(&f, &text, nil, NewMarks(text.Len()), 0, 40)
			b.SetBytes(int64(40 * Rows * len(text.At(0))))
			for b.Loop() {
				n.Mark(&f, &text, nil, NewMarks(text.Len()), 0, 40)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(text.Len()), "ns/row")
		})
	}
	b.Run("lower", func(b *testing.B) {
		for b.Loop() {
			var f Folded
			for k := range 40 {
				f.Block(&text, k, NewNeedle("p"))
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(text.Len()), "ns/row")
	})
}
