package analytics

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"fmt"
	"slices"
	"sync"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// mapping gives the rows of a Book their places in the chunks that it is folded into.
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

// fold is a Book on its way into chunks: with its rows where questions find them together. People go in the order of the org tree, accounts and deals by owner,
// touches and sales lines by calendar month, then rep, other facts by owner; dead rows go. Each column is made when it is written, so that folding needs room
// for a few columns and not for a second Book. It takes a few microseconds per row: it is for a goroutine of its own.
type fold struct {
	b                       *Book
	m                       mapping
	people, accounts, deals []int32 // new row → old row
	chunks                  []store.Chunk
}

// folding returns the chunks of b.
func (b *Book) folding() ([]store.Chunk, error) {
	f := &fold{b: b}
	f.people = f.tree()
	f.m.people = inverse(f.people, len(f.people))
	f.accounts = f.byOwner(b.accounts.len(), &b.accounts.owner)
	f.m.accounts = inverse(f.accounts, len(f.accounts))
	f.deals = f.byOwner(b.deals.len(), &b.deals.owner)
	f.m.deals = inverse(f.deals, len(f.deals))
	s := b.small()
	s.Rows["account"], s.Rows["deal"] = len(f.accounts), len(f.deals)
	s.People = few[store.Person]{}
	for _, c := range f.people {
		s.People.IDs = append(s.People.IDs, string(b.people.id(c)))
		s.People.Rec, s.People.Live = append(s.People.Rec, b.people.rec[c]), append(s.People.Live, b.people.live[c])
	}
	for name, w := range b.words() {
		s.Rows["words."+name] = w.len()
		f.add("words."+name+".ids", w.ids.Pack)
		f.add("words."+name+".index", func() [][]byte { x := column.NewIndex(&w.ids); return x.Pack() })
	}
	f.table("account", &b.accounts.ids, &b.accounts, f.accounts)
	f.table("deal", &b.deals.ids, &b.deals, f.deals)
	f.zone("deal.begun", func() column.Zone[Day] { return pickedZone(&b.deals.created, f.deals) })
	f.zone("deal.ended", func() column.Zone[Day] { return pickedZone(&b.deals.over, f.deals) })
	f.codes("deal.owners", f.owners)
	f.group("dealsOf", &b.dealsOf, f.accounts, 0, func() []int32 { return f.m.deals })
	f.steps()

	months := newMonths()
	t := &b.touch
	s.Rows["touch"] = f.facts("touch", &t.fact, t, func(i int) uint64 { return key(months.of(t.day.At(i)), f.m.person(t.Rep.At(i)), t.day.At(i)) },
		owned{"touchesOf", &b.touchesOf, f.accounts, 1}, owned{"looseTouches", &b.looseTouches, f.accounts, 0}, owned{"dealTouches", &b.dealTouches, f.deals, 0})
	l := &b.sale
	s.Rows["sale"] = f.facts("sale", &l.fact, l, func(i int) uint64 { return key(months.of(l.day.At(i)), f.m.person(l.Rep.At(i)), l.day.At(i)) },
		owned{"salesOf", &b.salesOf, f.accounts, 1})
	c := &b.change
	s.Rows["change"] = f.facts("change", &c.fact, c, func(i int) uint64 { return key(0, f.m.deal(c.deal.At(i)), c.day.At(i)) }, owned{"changesOf", &b.changesOf, f.deals, 0})
	g := &b.grade
	graded := []owned{{"gradesOf", &b.gradesOf, f.accounts, 1}}
	if len(b.terms) > 0 {
		graded = append(graded, owned{inForceChunk, &b.inForce, f.accounts, 1})
	}
	s.Rows["grade"] = f.facts("grade", &g.fact, g, func(i int) uint64 { return key(0, f.m.account(g.account.At(i)), g.day.At(i)) }, graded...)
	h := &b.health
	s.Rows["health"] = f.facts("health", &h.fact, h, func(i int) uint64 { return key(0, f.m.account(h.account.At(i)), h.day.At(i)) }, owned{"healthOf", &b.healthOf, f.accounts, 1})
	m := &b.reading
	s.Rows["reading"] = f.facts("reading", &m.fact, m, func(i int) uint64 { return key(0, f.m.account(m.account.At(i)), m.day.At(i)) }, owned{"readingsOf", &b.readingsOf, f.accounts, 1})
	v := &b.judged
	s.Rows["evaluation"] = f.facts("evaluation", &v.fact, v, func(i int) uint64 { return key(0, f.m.account(v.account.At(i)), v.day.At(i)) }, owned{"judgedOf", &b.judgedOf, f.accounts, 1})
	n := &b.signal
	s.Rows["signal"] = f.facts("signal", &n.fact, n, func(i int) uint64 { return key(0, f.m.account(n.account.At(i)), n.day.At(i)) }, owned{"signalsOf", &b.signalsOf, f.accounts, 1})
	x := &b.evidence
	s.Rows["evidence"] = f.facts("evidence", &x.fact, x, func(i int) uint64 { return key(0, f.m.deal(x.deal.At(i)), x.day.At(i)) }, owned{"evidenceOf", &b.evidenceOf, f.deals, 1})
	p := &b.contact
	s.Rows["contact"] = f.facts("contact", &p.fact, p, func(i int) uint64 { return key(0, f.m.account(p.account.At(i)), 0) }, owned{"contactsOf", &b.contactsOf, f.accounts, 1})

	var head bytes.Buffer
	if err := gob.NewEncoder(&head).Encode(s); err != nil {
		return nil, fmt.Errorf("fold book: %w", err)
	}
	f.chunks = append(f.chunks, store.Chunk{Name: "small", Data: [][]byte{head.Bytes()}})
	return f.chunks, nil
}

// tree lists people in the order of the org tree.
func (f *fold) tree() []int32 {
	b := f.b
	people, seen := make([]int32, 0, len(b.people.rec)), make([]bool, len(b.people.rec))
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
	return people
}

// byOwner lists n rows by their owner's place in the org tree; those of nobody come last.
func (f *fold) byOwner(n int, owner *column.Col[Code]) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	slices.SortStableFunc(rows, func(x, y int32) int {
		return cmp.Compare(uint32(f.m.person(owner.At(int(x)))), uint32(f.m.person(owner.At(int(y)))))
	})
	return rows
}

func (f *fold) add(name string, data func() [][]byte) {
	f.chunks = append(f.chunks, store.Chunk{Name: name, Make: data})
}

// table folds a table that finds its rows by ID.
func (f *fold) table(name string, ids *dict, t laned, order []int32) {
	f.add(name+".ids", func() [][]byte { return ids.ids.Picked(order) })
	f.add(name+".index", func() [][]byte {
		var picked column.Text
		picked.Gather(&ids.ids, order)
		x := column.NewIndex(&picked)
		return x.Pack()
	})
	for _, l := range t.lanes() {
		f.add(name+"."+l.name, func() [][]byte { return l.picked(order, &f.m) })
	}
}

// owned is a list of rows per owner: which runs, in which order the owners go, and how many come before the first.
type owned struct {
	name  string
	runs  *column.Runs[int32]
	order []int32
	shift int
}

// facts folds a table of facts with its lists, and returns how many rows it will have.
func (f *fold) facts(name string, t *fact, cols laned, key func(i int) uint64, lists ...owned) int {
	// Order and numbering are made for the first column and forgotten with the last.
	plan := sync.OnceValues(func() (order []int32, to []Code) {
		order = t.sorted(key)
		return order, inverse(order, t.len())
	})
	order := func() []int32 { o, _ := plan(); return o }
	f.zone(name+".days", func() column.Zone[Day] { return pickedZone(&t.day, order()) })
	for _, l := range cols.lanes() {
		f.add(name+"."+l.name, func() [][]byte {
			if l.name == "old" || l.name == "new" {
				return f.values(l, order())
			}
			return l.picked(order(), &f.m)
		})
		if l.name == "rep" {
			f.codes(name+".reps", func() column.Zone[Code] {
				var p column.Col[Code]
				p.Gather(l.lane.(*column.Col[Code]), order(), f.m.person)
				return column.ZoneOf(&p)
			})
		}
	}
	for _, o := range lists {
		f.group(o.name, o.runs, o.order, o.shift, func() []int32 { _, to := plan(); return to })
	}
	return t.alive()
}

// values folds what changes came from or went to: of owners it holds Codes, which are new.
func (f *fold) values(l named, order []int32) [][]byte {
	from := l.lane.(*column.Col[int64])
	var p column.Col[int64]
	for _, i := range order {
		v := from.At(int(i))
		if f.b.change.field.At(int(i)) == store.FieldOwner {
			v = int64(f.m.person(Code(v)))
		}
		p.Append(v)
	}
	return p.Pack()
}

// group folds lists of rows: they stay in their order, with new numbers.
func (f *fold) group(name string, runs *column.Runs[int32], owners []int32, shift int, to func() []int32) {
	made := sync.OnceValue(func() *column.Runs[int32] {
		next, number := &column.Runs[int32]{}, to()
		var list []int32
		renumbered := func(owner int) []int32 {
			list = list[:0]
			for _, row := range runs.Of(owner) {
				if n := renumber(number, row); n != None {
					list = append(list, n)
				}
			}
			return list
		}
		if shift == 1 {
			next.Add(renumbered(0)...)
		}
		for _, o := range owners {
			next.Add(renumbered(int(o) + shift)...)
		}
		return next
	})
	f.add(name+".off", func() [][]byte { off, _ := made().Pack(); return off })
	f.add(name+".rows", func() [][]byte { _, rows := made().Pack(); return rows })
}

func (f *fold) steps() {
	made := sync.OnceValue(func() *column.Runs[Step] {
		next := &column.Runs[Step]{}
		for _, c := range f.deals {
			next.Add(f.b.steps.Of(int(c))...)
		}
		return next
	})
	f.add("steps.off", func() [][]byte { off, _ := made().Pack(); return off })
	f.add("steps.rows", func() [][]byte { _, rows := made().Pack(); return rows })
}

func (f *fold) zone(name string, zone func() column.Zone[Day]) {
	made := sync.OnceValue(zone)
	f.add(name+".min", func() [][]byte { return [][]byte{column.Bytes(made().Min)} })
	f.add(name+".max", func() [][]byte { return [][]byte{column.Bytes(made().Max)} })
}

func (f *fold) codes(name string, zone func() column.Zone[Code]) {
	made := sync.OnceValue(zone)
	f.add(name+".min", func() [][]byte { return [][]byte{column.Bytes(made().Min)} })
	f.add(name+".max", func() [][]byte { return [][]byte{column.Bytes(made().Max)} })
}

// owners measures who owns or ever owned a deal of each block.
func (f *fold) owners() (z column.Zone[Code]) {
	for i, c := range f.deals {
		for _, owner := range f.b.ownersOf(c) {
			z.Put(i, f.m.person(owner))
		}
	}
	return z
}

func pickedZone(days *column.Col[Day], order []int32) column.Zone[Day] {
	var p column.Col[Day]
	p.Gather(days, order, nil)
	return column.ZoneOf(&p)
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
