package analytics

import (
	"cmp"
	"slices"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// mapping gives the rows that a clustered Book moves their new Codes.
type mapping struct{ people, accounts, deals []Code }

func (m *mapping) person(c Code) Code  { return renumber(m.people, c) }
func (m *mapping) account(c Code) Code { return renumber(m.accounts, c) }
func (m *mapping) deal(c Code) Code    { return renumber(m.deals, c) }

func renumber(to []Code, c Code) Code {
	if c < 0 || int(c) >= len(to) {
		return None
	}
	return to[c]
}

// inverse turns an order (new row → old row) into a numbering (old row → new row).
func inverse(order []int32, n int) []Code {
	to := make([]Code, n)
	for i := range to {
		to[i] = None
	}
	for i, old := range order {
		to[old] = Code(i)
	}
	return to
}

// cluster returns a Book that says the same, with its rows where questions find them together: people in the order of the org tree, accounts and deals
// by owner, touches and sales lines by calendar month, then rep, other facts by owner. Dead rows are gone. Codes are new. It takes a few microseconds per
// row, and memory for all of them: it is for a goroutine of its own.
func (b *Book) cluster() *Book {
	e := newEditor(b.opt)
	n := e.b
	n.rev = b.rev
	e.org(b.given)
	n.currencies = b.currencies
	n.stages, n.products, n.quotas, n.status, n.issues, n.units = b.stages, b.products, b.quotas, b.status, b.issues, b.units
	n.industries, n.topics, n.areas, n.outlets, n.labels = b.industries, b.topics, b.areas, b.outlets, b.labels
	for _, d := range []*dict{&n.stages.ids, &n.products.ids, &n.quotas.ids, &n.status.ids, &n.issues.ids, &n.units.ids, &n.industries, &n.topics, &n.areas,
		&n.outlets, &n.labels} {
		d.old, d.young, d.tail = nil, nil, nil
		d.index = column.NewIndex(&d.ids)
	}
	m := &mapping{}
	people := make([]int32, 0, len(b.people.rec))
	seen := make([]bool, len(b.people.rec))
	for _, node := range b.nodes {
		if c := node.Person; c != None && !seen[c] {
			people, seen[c] = append(people, c), true
		}
	}
	for c := range seen {
		if !seen[c] {
			people = append(people, int32(c))
		}
	}
	m.people = inverse(people, len(people))
	n.people.ids = b.people.ids.gather(people)
	for _, c := range people {
		n.people.rec, n.people.live = append(n.people.rec, b.people.rec[c]), append(n.people.live, b.people.live[c])
	}
	accounts := sequence(b.accounts.len())
	byOwner(accounts, m.people, &b.accounts.owner)
	m.accounts = inverse(accounts, b.accounts.len())
	n.accounts.gather(&b.accounts, accounts, m)
	deals := sequence(b.deals.len())
	byOwner(deals, m.people, &b.deals.owner)
	m.deals = inverse(deals, b.deals.len())
	n.deals.gather(&b.deals, deals, m)

	months := newMonths()
	e.each(
		func() {
			n.touch.gather(&b.touch, b.touch.sorted(func(i int) uint64 {
				return key(months.of(b.touch.day.At(i)), m.person(b.touch.Rep.At(i)), b.touch.day.At(i))
			}), m)
		},
		func() {
			n.sale.gather(&b.sale, b.sale.sorted(func(i int) uint64 {
				return key(months.of(b.sale.day.At(i)), m.person(b.sale.Rep.At(i)), b.sale.day.At(i))
			}), m)
		},
		func() {
			n.change.gather(&b.change, b.change.sorted(func(i int) uint64 { return key(0, m.deal(b.change.deal.At(i)), b.change.day.At(i)) }), m)
		},
		func() {
			n.grade.gather(&b.grade, b.grade.sorted(func(i int) uint64 { return key(0, m.account(b.grade.account.At(i)), b.grade.day.At(i)) }), m)
		},
		func() {
			n.health.gather(&b.health, b.health.sorted(func(i int) uint64 { return key(0, m.account(b.health.account.At(i)), b.health.day.At(i)) }), m)
		},
		func() {
			n.evidence.gather(&b.evidence, b.evidence.sorted(func(i int) uint64 { return key(0, m.deal(b.evidence.deal.At(i)), b.evidence.day.At(i)) }), m)
		},
		func() {
			n.contact.gather(&b.contact, b.contact.sorted(func(i int) uint64 { return key(0, m.account(b.contact.account.At(i)), 0) }), m)
		},
	)
	next := e.finish(b.rev)
	next.folded = next.rows()
	return next
}

func sequence(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

// byOwner sorts rows by their owner's place in the org tree; those of nobody come last.
func byOwner(rows []int32, people []Code, owner *column.Col[Code]) {
	slices.SortStableFunc(rows, func(x, y int32) int {
		return cmp.Compare(uint32(renumber(people, owner.At(int(x)))), uint32(renumber(people, owner.At(int(y)))))
	})
}

// months tells the calendar month of a day without computing it for every row.
type months []int16

func newMonths() months {
	m := make(months, store.MaxDay-store.MinDay+1)
	for d := range m {
		m[d] = int16(monthOf(store.MinDay+Day(d)) - monthOf(store.MinDay) + 1)
	}
	return m
}

func (m months) of(d Day) int64 {
	if !d.Valid() {
		return 0
	}
	return int64(m[d-store.MinDay])
}

// key packs what rows are sorted by: a span of time, an owner, a day.
func key(span int64, owner Code, day Day) uint64 {
	d := uint64(min(max(int64(day)-int64(store.MinDay), 0), 1<<17-1))
	return uint64(span)&(1<<12-1)<<52 | uint64(uint32(owner))<<17&(1<<52-1) | d
}

// sorted returns the rows that are not dead in the order of their keys.
func (f *fact) sorted(key func(i int) uint64) []int32 {
	type keyed struct {
		key uint64
		row int32
	}
	rows := make([]keyed, 0, f.alive())
	for i := range f.len() {
		if !f.dead.Has(i) {
			rows = append(rows, keyed{key(i), int32(i)})
		}
	}
	slices.SortFunc(rows, func(x, y keyed) int {
		if x.key != y.key {
			if x.key < y.key {
				return -1
			}
			return 1
		}
		return int(x.row - y.row)
	})
	order := make([]int32, len(rows))
	for i, r := range rows {
		order[i] = r.row
	}
	return order
}

// rows returns how many rows of facts and deals there are, dead ones included.
func (b *Book) rows() int {
	n := b.deals.len() + b.accounts.len()
	for _, t := range b.factTables() {
		n += t.fact.len()
	}
	return n
}
