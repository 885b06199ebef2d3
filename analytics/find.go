package analytics

import (
	"unicode/utf8"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Looking for a word in names: sets of rows, computed once per Book and word, shared by all who type it. A word is in lower case and holds no blank; a name holds it when
// its own lower case does. Whoever types on has the set of the shorter word there, and only its rows are looked at again.

// lowered is the text columns that are searched, in lower case where somebody looked for letters. Books that come from each other share it.
type lowered struct{ deals, accounts, cities, contacts column.Folded }

// foundKept is how many sets of rows a Book keeps: of a million deals each takes 130 kB.
const foundKept = 96

// finding is a question's place among what was found.
type finding struct {
	in   haystack
	word string
}

type haystack uint8

const (
	inDealNames haystack = iota
	inDeals
	inAccounts
	inCities
	inContacts
	inPeople
	inProducts
	inStages
	inTopics
	inAreas
	inIndustries
)

// find returns the rows that search marks, from what is known or else computed. n is how many rows there are; within is what is known of a shorter word, or nil.
func (b *Book) find(in haystack, word string, n int, search func(needle column.Needle, within, into column.Marks)) column.Marks {
	return recall(b.found, finding{in, word}, func() column.Marks {
		var within column.Marks
		for w := shorter(word); w != "" && within == nil; w = shorter(w) {
			within, _ = known[column.Marks](b.found, finding{in, w})
		}
		marks := column.NewMarks(n)
		search(column.NewNeedle(word), within, marks)
		return marks
	})
}

// shorter returns word without its last character.
func shorter(word string) string {
	_, n := utf8.DecodeLastRuneInString(word)
	return word[:len(word)-n]
}

// inText searches a column.
func inText(t *column.Text, low *column.Folded) func(needle column.Needle, within, into column.Marks) {
	return func(needle column.Needle, within, into column.Marks) {
		share(column.Blocks(t.Len()), func(_, first, last int) { needle.Mark(low, t, within, into, first, last) })
	}
}

// codes searches the few rows that name gives a text for.
func (b *Book) codes(in haystack, word string, n int, name func(c Code) string) column.Marks {
	return b.find(in, word, n, func(needle column.Needle, _, into column.Marks) {
		for c := range n {
			if needle.In(name(Code(c))) {
				into.Mark(c)
			}
		}
	})
}

// DealsNamed returns the live deals whose name holds word.
func (b *Book) DealsNamed(word string) column.Marks {
	d := &b.deals
	return b.find(inDealNames, word, d.len(), func(needle column.Needle, within, into column.Marks) {
		share(column.Blocks(d.name.Len()), func(_, first, last int) {
			needle.Mark(&b.low.deals, &d.name, within, into, first, last)
			for k := first; k < last; k++ {
				lives := d.live.Block(k)
				into.Each(k, func(i int) bool {
					if !lives[i&(column.Rows-1)] {
						into[i>>6] &^= 1 << (i & 63)
					}
					return true
				})
			}
		})
	})
}

// DealsCalled returns the deals that word leads to: by their own name, their account's or their product's.
func (b *Book) DealsCalled(word string) column.Marks {
	d := &b.deals
	return b.find(inDeals, word, d.len(), func(_ column.Needle, _, into column.Marks) {
		named, accounts, products := b.DealsNamed(word), b.AccountsNamed(word), b.ProductsNamed(word)
		copy(into, named)
		someAccounts, someProducts := accounts.Count() > 0, products.Count() > 0
		share(column.Blocks(d.len()), func(_, first, last int) {
			for k := first; k < last; k++ {
				if someAccounts {
					markBy(into, k, d.account.Block(k), accounts)
				}
				if someProducts {
					markBy(into, k, d.product.Block(k), products)
				}
			}
		})
	})
}

// markBy marks the rows of block k whose code is in of.
func markBy(into column.Marks, k int, codes []Code, of column.Marks) {
	const words = column.Rows / 64
	for w := k * words; len(codes) > 0; w++ {
		n, v := min(64, len(codes)), uint64(0)
		for j, c := range codes[:n] {
			if x := uint(c) >> 6; x < uint(len(of)) {
				v |= of[x] >> (uint(c) & 63) & 1 << j
			}
		}
		into[w] |= v
		codes = codes[n:]
	}
}

// AccountsNamed returns the accounts whose name holds word, as [Book.AccountLabel] gives it.
func (b *Book) AccountsNamed(word string) column.Marks {
	a := &b.accounts
	return b.find(inAccounts, word, a.len(), func(needle column.Needle, within, into column.Marks) {
		share(column.Blocks(a.name.Len()), func(_, first, last int) {
			needle.Mark(&b.low.accounts, &a.name, within, into, first, last)
			for k := first; k < last; k++ {
				for j, live := range a.live.Block(k) {
					if live {
						continue
					}
					i := k<<column.Shift + j
					into[i>>6] &^= 1 << (i & 63)
					if needle.In(a.ids.id(Code(i)).Native()) {
						into.Mark(i)
					}
				}
			}
		})
	})
}

// AccountsIn returns the accounts whose city's name holds word.
func (b *Book) AccountsIn(word string) column.Marks {
	return b.find(inCities, word, b.accounts.len(), inText(&b.accounts.city, &b.low.cities))
}

// AccountsOfContact returns the accounts of which a contact's name holds word.
func (b *Book) AccountsOfContact(word string) column.Marks {
	c := &b.contact
	return b.find(inContacts, word, b.accounts.len(), func(needle column.Needle, _, into column.Marks) {
		rows := column.NewMarks(c.len())
		inText(&c.name, &b.low.contacts)(needle, nil, rows)
		for k := range column.Blocks(c.len()) {
			rows.Each(k, func(i int) bool {
				if a := c.account.At(i); a != None && !c.dead.Has(i) {
					into.Mark(int(a))
				}
				return true
			})
		}
	})
}

// PeopleNamed returns the people whose name holds word, as [Book.Person] gives it.
func (b *Book) PeopleNamed(word string) column.Marks {
	return b.codes(inPeople, word, b.People(), func(c Code) string { return b.Person(c).Name })
}

// ProductsNamed returns the products whose name holds word, as [Book.Product] gives it.
func (b *Book) ProductsNamed(word string) column.Marks {
	return b.codes(inProducts, word, b.Products(), func(c Code) string { return b.Product(c).Name })
}

// StagesNamed returns the stages of which one of the names holds word.
func (b *Book) StagesNamed(word string) column.Marks {
	return b.codes(inStages, word, len(b.stages.rec), func(c Code) string { s := b.Stage(c); return s.Name + " " + s.NameEn })
}

// TopicsNamed returns the topic codes whose text holds word; AreasNamed and IndustriesNamed likewise.
func (b *Book) TopicsNamed(word string) column.Marks {
	return b.codes(inTopics, word, b.topics.len(), b.Topic)
}

// AreasNamed returns the area codes whose text holds word.
func (b *Book) AreasNamed(word string) column.Marks {
	return b.codes(inAreas, word, b.areas.len(), b.Area)
}

// IndustriesNamed returns the industry codes whose text holds word.
func (b *Book) IndustriesNamed(word string) column.Marks {
	return b.codes(inIndustries, word, b.industries.len(), b.Industry)
}

// DealNames returns what gives the names of deals as n may be looked for in them: in lower case unless n does not care. It is for one goroutine.
func (b *Book) DealNames(n column.Needle) func(c Code) string {
	return b.low.deals.Reader(&b.deals.name, n)
}

// AccountNames is DealNames for live accounts.
func (b *Book) AccountNames(n column.Needle) func(c Code) string {
	return b.low.accounts.Reader(&b.accounts.name, n)
}

// ContactName returns the name of a contact of an account; "" when the account has none of that ID.
func (b *Book) ContactName(account Code, id store.ID) string {
	if id == "" {
		return ""
	}
	for _, r := range b.contactsOf.Of(int(account) + 1) {
		if b.contact.id.At(int(r)) == string(id) {
			return b.contact.name.At(int(r))
		}
	}
	return ""
}

// Notes returns what was noted at the touches, as text to search.
func (t *Touches) Notes() *column.Text { return &t.note }

// Cause returns the cause that a step names, "" unknown.
func (g *Grades) Cause(i int) string { return g.cause.At(i) }
