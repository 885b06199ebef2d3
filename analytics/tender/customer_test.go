package tender

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/company"
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
	c := newIndex(namer{[]string{"上海", "苏州", "广州", "佛山"}})
	var names []string
	for i := range 400 {
		names = append(names, made())
		c.put(customer{code: analytics.Code(i), name: c.namer.of(names[i])}, "", "")
	}
	found, mine := 0, c.notes()
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
			if v := alike(buyer, x.name); v >= floor {
				want[x.code] = v
			}
		}
		got := map[analytics.Code]float64{}
		c.like(&mine, &n, text, func(x *customer, v float64) {
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

// Of a notice the likeliest deals are suggested: those that stand first when all are asked for.
func TestOf_MostIsTheBest(t *testing.T) {
	org := company.Org()
	all := store.Records{Org: &org}
	now := booktest.Today.Time(booktest.Zone).Add(12 * time.Hour)
	if err := company.Generate(company.Config{Seed: 1, Now: now, Size: company.Demo}, func(r *store.Records) error { all.Append(r); return nil }); err != nil {
		t.Fatal(err)
	}
	b := booktest.Book(&all)
	of := func(most string) map[store.ID][]Suggestion {
		p, err := rule.NewSchema(rule.ForecastSection).Parse("r.yaml", []byte("forecast: {tender: {suggest: 0.3, most: "+most+"}}\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		out := map[store.ID][]Suggestion{}
		for _, g := range Of(b, desk.View{}, p, analytics.Scope{}, true).Suggestions {
			out[g.Tender] = append(out[g.Tender], g)
		}
		return out
	}
	every, few, cut := of("1000"), of("2"), 0
	for id, want := range every {
		if len(want) > 2 {
			want, cut = want[:2], cut+1
		}
		if got := few[id]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v\nwant %+v", id, got, want)
		}
	}
	if cut < 5 {
		t.Errorf("only %d notices have more than two deals: this shows little", cut)
	}
}
