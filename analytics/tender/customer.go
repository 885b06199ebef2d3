package tender

import (
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// parcel is how many notices one goroutine takes at a time.
const parcel = 16

// customers are the accounts with open deals, found by the bigrams of their names. A large company meets thousands of notices with a hundred thousand customers: what
// names share is counted along the bigrams, and only who shares any is looked at.
type customers struct {
	namer  namer
	list   []customer
	gram   map[string]int32
	index  [][]int32         // bigram → customers
	begins map[int32][]int32 // bigram → customers whose name begins with it
}

type customer struct {
	code         analytics.Code
	called       string
	name         name
	grams        int     // how many name.rest has
	whole        []int32 // those of the name with its place, in order
	city, region string  // as place has them
	deals        []analytics.DealState
}

// add takes up a customer.
func (c *customers) add(x customer) {
	at := int32(len(c.list))
	number := func(g string) int32 {
		k, ok := c.gram[g]
		if !ok {
			k = int32(len(c.index))
			c.gram[g], c.index = k, append(c.index, nil)
		}
		return k
	}
	for g := range bigrams(x.name.rest) {
		k := number(g)
		c.index[k] = append(c.index[k], at)
		x.grams++
	}
	for g := range bigrams(x.name.place + x.name.rest) {
		x.whole = append(x.whole, number(g))
	}
	slices.Sort(x.whole)
	if r := []rune(x.name.rest); len(r) >= 3 {
		k := c.gram[string(r[:2])]
		c.begins[k] = append(c.begins[k], at)
	}
	c.list = append(c.list, x)
}

// like calls yield with the customers whose name is like a notice's buyer, or, where it names none, whose name stands in its title or text.
func (c *customers) like(n *notes, t *store.Tender, text string, yield func(*customer, float64)) {
	if strings.TrimSpace(t.Buyer) == "" {
		for g := range bigrams(text) {
			if k, ok := c.gram[g]; ok {
				for _, i := range c.begins[k] {
					if x := &c.list[i]; strings.Contains(text, x.name.rest) {
						yield(x, .9)
					}
				}
			}
		}
		return
	}
	buyer := c.namer.of(t.Buyer)
	own, all := bigrams(buyer.rest), bigrams(buyer.place+buyer.rest)
	var whole []int32
	for g := range all {
		if k, ok := c.gram[g]; ok {
			whole = append(whole, k)
		}
	}
	slices.Sort(whole)
	for g := range own {
		if k, ok := c.gram[g]; ok {
			for _, i := range c.index[k] {
				if n.shared[i] == 0 {
					n.met = append(n.met, i)
				}
				n.shared[i]++
			}
		}
	}
	for _, i := range n.met {
		x, both := &c.list[i], int(n.shared[i])
		n.shared[i] = 0
		v := 2 * float64(both) / float64(len(own)+x.grams)
		if buyer.place != "" && x.name.place != "" && buyer.place != x.name.place {
			v = 2 * float64(shared(whole, x.whole)) / float64(len(all)+len(x.whole))
		}
		if v >= floor {
			yield(x, v)
		}
	}
	n.met = n.met[:0]
}

// shared counts what two lists in order have in common.
func shared(a, b []int32) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n, a, b = n+1, a[1:], b[1:]
		}
	}
	return n
}

// notes are what one goroutine remembers of a notice: how many bigrams each customer shares with it, and whom it met.
type notes struct {
	shared []uint16
	met    []int32
}

// match returns the open deals that a notice seems to be about.
func (c *customers) match(n *notes, b *analytics.Book, rules *rule.Tender, t *store.Tender) (out []matched) {
	text, where := fold(t.Title+"\n"+t.Text), fold(t.Region+"\n"+t.Title+"\n"+t.Buyer)
	on := store.DayOf(t.At, b.Location())
	products := map[analytics.Code]float64{}
	c.like(n, t, text, func(who *customer, alike float64) {
		region := -1.
		if who.city != "" || who.region != "" {
			if region = 0; contains(where, who.city) || contains(where, who.region) {
				region = 1
			} else if strings.TrimSpace(t.Region) == "" { // it does not say
				region = -1
			}
		}
		for k := range who.deals {
			d := &who.deals[k]
			if d.Created != store.NoDay && on < d.Created-90 { // it is about an earlier purchase
				continue
			}
			product := -1.
			if d.Product != analytics.None {
				v, ok := products[d.Product]
				if !ok {
					rec := b.Product(d.Product)
					v = max(covered(fold(rec.Name), text), .8*covered(fold(rec.Category), text))
					products[d.Product] = v
				}
				product = v
			}
			x := matched{tender: *t, deal: d.Deal, customer: alike, product: product, region: region, account: who.called}
			if x.weigh(rules); x.score >= rules.Suggest {
				out = append(out, x)
			}
		}
	})
	return out
}

// contains reports whether a text in the form of fold names a place in the form of place.
func contains(text, p string) bool { return len([]rune(p)) >= 2 && strings.Contains(text, p) }
