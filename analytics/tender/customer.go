package tender

import (
	"cmp"
	"math"
	mathbits "math/bits"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// parcel is how many notices one goroutine takes at a time.
const parcel = 16

// customers are the accounts with open deals, found by the bigrams of their names. A large company meets thousands of notices with a hundred thousand customers, so a notice
// is compared only with those that can be alike enough. Who reaches [floor] has floor/(2−floor) of the notice's bigrams, so that it has one of its rarest, however few of the
// common ones are looked for (the prefix filter of Chaudhuri, Ganti and Kaushik 2006).
type customers struct {
	namer  namer
	list   []customer
	gram   map[string]int32
	index  [][]entry         // bigram → customers
	begins map[int32][]int32 // bigram → customers whose name begins with it
	places []string
	placed map[string]int32 // its number
}

// entry is a customer as far as it can be told from most others without a look at it: how many bigrams its name has, and a bit for each of them, which several may share.
type entry struct {
	bits  uint64
	at    int32
	grams int32
}

// most is the most bigrams that two names can share. Each bit of only one of them is a bigram at least.
func (e *entry) most(bits uint64, grams int32) int32 {
	return min(grams-int32(mathbits.OnesCount64(bits&^e.bits)), e.grams-int32(mathbits.OnesCount64(e.bits&^bits)))
}

// bit is a bigram's, spread by Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
func bit(gram int32) uint64 { return 1 << (uint64(gram) * 0x9E3779B97F4A7C15 >> 58) }

type customer struct {
	code         analytics.Code
	called       string
	name         name
	rest, whole  []int32 // bigrams of its name without and with its place, in order
	city, region int32   // among the places; nowhere: none that can be looked for
	somewhere    bool
	deals        []analytics.DealState
}

// nowhere is no place.
const nowhere = -1

func newIndex(n namer) *customers {
	return &customers{namer: n, gram: map[string]int32{}, begins: map[int32][]int32{}, placed: map[string]int32{}}
}

// put adds a customer, who sits in a city and a region, both in the form of place.
func (c *customers) put(x customer, city, region string) {
	at := int32(len(c.list))
	number := func(g string) int32 {
		k, ok := c.gram[g]
		if !ok {
			k = int32(len(c.index))
			c.gram[g], c.index = k, append(c.index, nil)
		}
		return k
	}
	e := entry{at: at}
	for g := range bigrams(x.name.rest) {
		k := number(g)
		x.rest = append(x.rest, k)
		e.bits, e.grams = e.bits|bit(k), e.grams+1
	}
	slices.Sort(x.rest)
	for _, k := range x.rest {
		c.index[k] = append(c.index[k], e)
	}
	if x.whole = x.rest; x.name.place != "" {
		x.whole = nil
		for g := range bigrams(x.name.place + x.name.rest) {
			x.whole = append(x.whole, number(g))
		}
		slices.Sort(x.whole)
	}
	if r := []rune(x.name.rest); len(r) >= 3 {
		k := c.gram[string(r[:2])]
		c.begins[k] = append(c.begins[k], at)
	}
	x.city, x.region, x.somewhere = c.place(city), c.place(region), city != "" || region != ""
	c.list = append(c.list, x)
}

// place returns a place's number; one letter is too little to be looked for.
func (c *customers) place(p string) int32 {
	if len([]rune(p)) < 2 {
		return nowhere
	}
	k, ok := c.placed[p]
	if !ok {
		k = int32(len(c.places))
		c.placed[p], c.places = k, append(c.places, p)
	}
	return k
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
	rest, own := c.numbers(n.rest[:0], buyer.rest)
	whole, all := c.numbers(n.whole[:0], buyer.place+buyer.rest)
	n.rest, n.whole = rest, whole
	n.rare = append(n.rare[:0], rest...)
	slices.SortFunc(n.rare, func(a, b int32) int { return cmp.Compare(len(c.index[a]), len(c.index[b])) })
	need := max(1, int(math.Ceil(float64(own)*floor/(2-floor)-1e-9)))
	var bits uint64
	for _, k := range rest {
		bits |= bit(k)
	}
	n.met = n.met[:0]
	for _, k := range n.rare[:max(0, len(rest)-need+1)] {
		for i := range c.index[k] {
			e := &c.index[k][i]
			if most := e.most(bits, int32(len(rest))); 2*float64(most) >= floor*float64(own+int(e.grams)) && !n.seen[e.at] {
				n.seen[e.at] = true
				n.met = append(n.met, e.at)
			}
		}
	}
	for _, i := range n.met {
		n.seen[i] = false
		x := &c.list[i]
		v := 2 * float64(shared(rest, x.rest)) / float64(own+len(x.rest))
		if v >= floor && buyer.place != "" && x.name.place != "" && buyer.place != x.name.place {
			v = min(v, 2*float64(shared(whole, x.whole))/float64(all+len(x.whole)))
		}
		if v >= floor {
			yield(x, v)
		}
	}
}

// numbers appends to those of s's bigrams that a customer has, in order, and says how many s has in all.
func (c *customers) numbers(to []int32, s string) (known []int32, all int) {
	for g := range bigrams(s) {
		all++
		if k, ok := c.gram[g]; ok {
			to = append(to, k)
		}
	}
	slices.Sort(to)
	return to, all
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

// notes are one goroutine's: whom a notice met, which of the places it names, and what it has room for.
type notes struct {
	seen              []bool
	met               []int32
	rest, whole, rare []int32
	names             []place
	products          map[analytics.Code]float64
	best              []matched
	out               []matched
}

// place is what is known of a notice and a place.
type place uint8

const (
	unasked place = iota
	named
	unnamed
)

func (c *customers) notes() notes {
	return notes{seen: make([]bool, len(c.list)), names: make([]place, len(c.places)), products: map[analytics.Code]float64{}}
}

// match appends the open deals that a notice seems to be about to n.out: the likeliest, as many as the rules want of one notice.
func (c *customers) match(n *notes, b *analytics.Book, w weights, rules *rule.Tender, at int32, t *store.Tender) {
	text, where := fold(t.Title+"\n"+t.Text), fold(t.Region+"\n"+t.Title+"\n"+t.Buyer)
	on, silent := store.DayOf(t.At, b.Location()), strings.TrimSpace(t.Region) == ""
	clear(n.products)
	clear(n.names)
	names := func(p int32) bool {
		if p == nowhere {
			return false
		}
		if n.names[p] == unasked {
			if n.names[p] = unnamed; strings.Contains(where, c.places[p]) {
				n.names[p] = named
			}
		}
		return n.names[p] == named
	}
	n.best = n.best[:0]
	worse := func(x, y matched) int {
		return cmp.Or(cmp.Compare(y.score, x.score), strings.Compare(string(b.DealID(x.deal)), string(b.DealID(y.deal))))
	}
	c.like(n, t, text, func(who *customer, alike float64) {
		region := -1.
		switch {
		case !who.somewhere:
		case names(who.city) || names(who.region):
			region = 1
		case !silent:
			region = 0
		}
		least := rules.Suggest
		if len(n.best) == rules.Most {
			least = max(least, n.best[rules.Most-1].score)
		}
		if w.score(alike, 1, region) < least { // whatever the product is
			return
		}
		for k := range who.deals {
			d := &who.deals[k]
			if d.Created != store.NoDay && on < d.Created-90 { // it is about an earlier purchase
				continue
			}
			product := -1.
			if d.Product != analytics.None {
				v, ok := n.products[d.Product]
				if !ok {
					rec := b.Product(d.Product)
					v = max(covered(fold(rec.Name), text), .8*covered(fold(rec.Category), text))
					n.products[d.Product] = v
				}
				product = v
			}
			x := matched{notice: at, deal: d.Deal, customer: alike, product: product, region: region, account: who.called, score: w.score(alike, product, region)}
			if x.score < rules.Suggest {
				continue
			}
			if len(n.best) == rules.Most {
				if worse(x, n.best[rules.Most-1]) > 0 {
					continue
				}
				n.best = n.best[:rules.Most-1]
			}
			i, _ := slices.BinarySearchFunc(n.best, x, worse)
			n.best = slices.Insert(n.best, i, x)
		}
	})
	n.out = append(n.out, n.best...)
}

// weights are the rules' weights of a match.
type weights struct{ customer, product, region float64 }

func weightsOf(r *rule.Tender) weights {
	return weights{r.Weights["customer"], r.Weights["product"], r.Weights["region"]}
}

// score is the weighted mean of what is known; -1: not known.
func (w weights) score(customer, product, region float64) float64 {
	sum, weight := customer*w.customer, w.customer
	if product >= 0 {
		sum, weight = sum+product*w.product, weight+w.product
	}
	if region >= 0 {
		sum, weight = sum+region*w.region, weight+w.region
	}
	if weight <= 0 {
		return 0
	}
	return math.Round(sum/weight*1e4) / 1e4
}
