package tender

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Whom like leaves out is not alike enough: on random names, in Chinese and Latin letters, with places and without, it finds whom comparing everybody finds, equally alike.
func TestLike_EqualsComparingAll(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	words := []string{"海", "川", "智", "控", "科", "技", "电", "力", "重", "工", "医", "院", "精", "密", "ab", "c", "pump", "works", "x", "泵", "业"}
	places := []string{"上海", "上", "苏州", "广州", "佛山"}
	made := func() string {
		var s strings.Builder
		if rng.IntN(2) == 0 {
			s.WriteString(places[rng.IntN(len(places))])
		}
		for range 1 + rng.IntN(7) {
			s.WriteString(words[rng.IntN(len(words))])
		}
		return s.String() + []string{"", "有限公司", "集团", " Ltd"}[rng.IntN(4)]
	}
	c := &customers{namer: namer{[]string{"上海", "苏州", "广州", "佛山"}}, gram: map[string]int32{}, begins: map[int32][]int32{}}
	var names []string
	for i := range 400 {
		names = append(names, made())
		c.add(customer{code: analytics.Code(i), name: c.namer.of(names[i])})
	}
	found, mine := 0, &notes{shared: make([]uint16, len(c.list))}
	for range 600 {
		n := store.Tender{Buyer: made(), Title: "招标"}
		if rng.IntN(2) == 0 { // a name of ours, a little otherwise
			r := []rune(names[rng.IntN(len(names))])
			k := rng.IntN(len(r))
			n.Buyer = string(r[:k]) + words[rng.IntN(len(words))] + string(r[min(len(r), k+rng.IntN(2)):])
		}
		if rng.IntN(4) == 0 {
			n.Title, n.Buyer = "关于"+n.Buyer+"的采购公告", ""
		}
		text := fold(n.Title + "\n" + n.Text)
		want := map[analytics.Code]float64{}
		for i := range c.list {
			x := &c.list[i]
			if n.Buyer == "" {
				if len([]rune(x.name.rest)) >= 3 && strings.Contains(text, x.name.rest) {
					want[x.code] = .9
				}
				continue
			}
			buyer := c.namer.of(n.Buyer)
			if v := alike(buyer, x.name); v >= floor && dice(bigrams(buyer.rest), bigrams(x.name.rest)) > 0 {
				want[x.code] = v
			}
		}
		got := map[analytics.Code]float64{}
		c.like(mine, &n, text, func(x *customer, v float64) {
			if _, twice := got[x.code]; twice {
				t.Errorf("%q is found twice", names[x.code])
			}
			got[x.code] = v
		})
		if !maps.Equal(got, want) {
			var all []string
			for k := range want {
				all = append(all, fmt.Sprint(names[k], want[k]))
			}
			slices.Sort(all)
			t.Fatalf("%q %q: found %v, want %v (%v)", n.Buyer, n.Title, got, want, all)
		}
		found += len(got)
	}
	if found < 300 {
		t.Errorf("only %d were alike: this shows little", found)
	}
}
