package analytics

import (
	"cmp"
	"slices"
	"strings"
)

// orderChanges sorts a deal's run by moment. Steps of one field at the same moment, which sources that know only the date give, are
// chained: the one that begins where the one before ended comes first.
func (b *Book) orderChanges(run []int32) {
	c := &b.change
	key := func(r int32) string { return c.id.At(int(r)) }
	slices.SortFunc(run, func(x, y int32) int {
		if o := cmp.Or(cmp.Compare(c.at.At(int(x)), c.at.At(int(y))), cmp.Compare(c.field.At(int(x)), c.field.At(int(y)))); o != 0 {
			return o
		}
		return strings.Compare(key(x), key(y))
	})
	for i := 0; i < len(run); {
		j := i + 1
		for j < len(run) && c.at.At(int(run[j])) == c.at.At(int(run[i])) && c.field.At(int(run[j])) == c.field.At(int(run[i])) {
			j++
		}
		if j-i > 1 && j-i < 64 {
			b.chain(run[:i], run[i:j])
		}
		i = j
	}
}

func (b *Book) chain(before, tie []int32) {
	c := &b.change
	same := func(x, y int64, cx, cy curCode) bool { return x == y && cx == cy }
	prev := int32(-1)
	for i := len(before) - 1; i >= 0 && prev < 0; i-- {
		if c.field.At(int(before[i])) == c.field.At(int(tie[0])) {
			prev = before[i]
		}
	}
	for k := range tie {
		pick := -1
		for i := k; i < len(tie); i++ {
			r := tie[i]
			if prev >= 0 && same(c.old.At(int(r)), c.new.At(int(prev)), c.oldCur.At(int(r)), c.newCur.At(int(prev))) {
				pick = i
				break
			}
			if prev >= 0 || pick >= 0 {
				continue
			}
			head := true // nothing known before: begin with the one that no other leads to
			for o := k; o < len(tie); o++ {
				head = head && (o == i || !same(c.new.At(int(tie[o])), c.old.At(int(r)), c.newCur.At(int(tie[o])), c.oldCur.At(int(r))))
			}
			if head {
				pick = i
			}
		}
		if pick > k {
			r := tie[pick]
			copy(tie[k+1:pick+1], tie[k:pick])
			tie[k] = r
		}
		prev = tie[k]
	}
}
