package lookup

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Names is the accounts and deals of a Book that a viewer may see as of a day and that have a name: the accounts first, each in the Book's order. Several may ask it
// at once.
type Names struct {
	b               *analytics.Book
	accounts, deals *analytics.Picks
}

type looked struct {
	root store.ID
	asOf analytics.Day
}

// Of returns the names that a viewer at root may see as of a day; 0 is today. It is made once per Book, which takes some milliseconds per million deals.
func Of(b *analytics.Book, root store.ID, asOf analytics.Day) *Names {
	sel := b.Select(analytics.Scope{Root: root, AsOf: asOf})
	return analytics.Memo(b, looked{root, sel.AsOf}, func() *Names {
		accounts, deals := column.NewMarks(b.Accounts()), column.NewMarks(b.Deals())
		b.ShareAccounts(func(_ int, first, last analytics.Code) {
			for c := first; c < last; c++ {
				if sel.Account(c) {
					if _, name := b.AccountLabel(c); name != "" {
						accounts.Mark(int(c))
					}
				}
			}
		})
		sel.ShareStanding(func(_ int, d *analytics.DealState) {
			if b.DealName(d.Deal) != "" {
				deals.Mark(int(d.Deal))
			}
		})
		return &Names{b, analytics.PicksOf(accounts), analytics.PicksOf(deals)}
	})
}

// Len returns how many names there are; 0 for nil.
func (n *Names) Len() int {
	if n == nil {
		return 0
	}
	return n.accounts.Len() + n.deals.Len()
}

// Name is one of them.
type Name struct {
	ID   store.ID
	Name string
	Deal bool // else an account
}

// At returns the ith name.
func (n *Names) At(i int) Name {
	if k := i - n.accounts.Len(); k >= 0 {
		c := analytics.Code(n.deals.At(k))
		return Name{n.b.DealID(c), n.b.DealName(c), true}
	}
	id, name := n.b.AccountLabel(analytics.Code(n.accounts.At(i)))
	return Name{id, name, false}
}

// weighed is how many names whose letters only stand apart are given to the fuzzy library, in order: whoever has so many of them has typed too little to mean one.
var weighed = 20_000

// The groups of Find's hits.
const (
	ofAccounts uint8 = 1
	ofDeals    uint8 = 2
)

// Find returns the names that hold what was typed, the best first, at most as many as most says. Groups begin at 1, so that a caller may put others before them. It
// blocks while it looks, and ends early with ctx's error.
func (n *Names) Find(ctx context.Context, text string, most int) ([]Hit, error) {
	q := parse(text)
	if q.whole == "" || n == nil {
		return nil, nil
	}
	b := n.b
	needle := column.NewNeedle(q.whole)
	tables := []table{
		{ofAccounts, n.accounts, 0, b.AccountsNamed, b.AccountNames},
		{ofDeals, n.deals, n.accounts.Len(), b.DealsNamed, b.DealNames},
	}
	best := &top{most: most}
	for _, t := range tables {
		t.search(ctx, q, needle, best)
	}
	if err := ctx.Err(); err != nil || len(best.sorted()) >= most {
		return best.sorted(), err
	}
	if utf8.RuneCountInString(q.letters) > 1 {
		left := weighed
		for _, t := range tables {
			left -= t.weigh(ctx, q, left, best)
		}
	}
	return best.sorted(), ctx.Err()
}

// table is one kind of names.
type table struct {
	group uint8
	seen  *analytics.Picks
	first int // index of its first name
	named func(word string) column.Marks
	texts func(n column.Needle) func(c analytics.Code) string // in lower case where the needle wants it; for one goroutine
}

// search puts the names that hold the query as it stands among the best.
func (t *table) search(ctx context.Context, q query, needle column.Needle, best *top) {
	named := t.named(q.whole)
	var mu sync.Mutex
	analytics.Share(column.Blocks(len(named)*64), func(first, last int) {
		text, few := t.texts(needle), &top{most: best.most}
		for k := first; k < last && ctx.Err() == nil; k++ {
			named.Each(k, func(i int) bool {
				if !t.seen.Has(i) {
					return true
				}
				name := text(analytics.Code(i))
				h := Hit{Index: i, Class: Word, Group: t.group, Size: utf8.RuneCountInString(name)}
				if few.cut && !strings.HasPrefix(name, q.whole) && Compare(h, few.bar) >= 0 { // at its best not good enough: most names end here
					return true
				}
				var ok bool
				if h.Class, ok = q.class(name); ok {
					few.add(h)
				}
				return true
			})
		}
		mu.Lock()
		defer mu.Unlock()
		best.merge(few, t)
	})
}

// weigh gives names whose letters stand apart to the fuzzy library, no more than left, and returns how many.
func (t *table) weigh(ctx context.Context, q query, left int, best *top) int {
	var within column.Marks
	for _, r := range q.letters {
		some := t.named(string(r))
		if within == nil {
			within = slices.Clone(some)
			continue
		}
		for w := range within {
			within[w] &= some[w]
		}
	}
	for w, v := range t.named(q.whole) {
		within[w] &^= v
	}
	needle := column.NewNeedle(q.letters)
	analytics.Share(column.Blocks(len(within)*64), func(first, last int) {
		text := t.texts(needle)
		for k := first; k < last && ctx.Err() == nil; k++ {
			within.Each(k, func(i int) bool {
				if !t.seen.Has(i) || !q.apart(text(analytics.Code(i))) {
					within[i>>6] &^= 1 << (i & 63)
				}
				return true
			})
		}
	})
	rows := make([]int, 0, 256)
	for k := range column.Blocks(len(within) * 64) {
		within.Each(k, func(i int) bool {
			rows = append(rows, i)
			return len(rows) < left
		})
		if len(rows) >= left {
			break
		}
	}
	rows = rows[:min(len(rows), max(0, left))]
	const parcel = 1000
	var mu sync.Mutex
	analytics.Each((len(rows)+parcel-1)/parcel, func(p int) {
		if ctx.Err() != nil {
			return
		}
		some, raw, few := rows[p*parcel:min(len(rows), (p+1)*parcel)], t.texts(column.Needle{}), &top{most: best.most}
		q.score(len(some), func(k int) string { return raw(analytics.Code(some[k])) }, func(k, score int) {
			few.add(Hit{Index: some[k], Class: Apart, Group: t.group, Score: score, Size: utf8.RuneCountInString(raw(analytics.Code(some[k])))})
		})
		mu.Lock()
		defer mu.Unlock()
		best.merge(few, t)
	})
	return len(rows)
}

// top is the best hits so far, and some more.
type top struct {
	most int
	hits []Hit
	bar  Hit // when cut: the worst that was kept
	cut  bool
}

func (t *top) add(h Hit) {
	if t.cut && Compare(h, t.bar) >= 0 {
		return
	}
	if t.hits = append(t.hits, h); len(t.hits) >= 2*t.most+16 {
		t.sorted()
	}
}

// merge takes what a part of a table gave, rows become indices.
func (t *top) merge(few *top, of *table) {
	for _, h := range few.hits {
		h.Index, _ = of.seen.Place(h.Index)
		h.Index += of.first
		t.add(h)
	}
}

func (t *top) sorted() []Hit {
	slices.SortFunc(t.hits, Compare)
	if len(t.hits) > t.most {
		t.hits = t.hits[:t.most]
		t.cut = t.most > 0
		if t.cut {
			t.bar = t.hits[t.most-1]
		}
	}
	return t.hits
}
