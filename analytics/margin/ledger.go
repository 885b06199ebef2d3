package margin

import (
	"cmp"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// ledger is what the large units brought in per fiscal quarter, by product, and their worst outlets: what the question of a quarter would else add up from
// millions of lines. Lines that came or went since it was written are added and subtracted.
type ledger struct {
	mark   analytics.Mark
	pages  map[pageKey]*page
	holder []analytics.Code // by outlet Code + 1: the account that all its lines are of; several: shared
}

// shared stands for several accounts in ledger.holder, and unseen for none.
const (
	shared analytics.Code = -3
	unseen analytics.Code = -2
)

type pageKey struct {
	node store.ID
	from analytics.Day // of the quarter
}

// page is one unit's quarter.
type page struct {
	crew     []analytics.Code // whose lines these are
	last     analytics.Day    // of its lines
	products []Figure         // by product Code + 1
	noRate   []int32          // likewise
	worst    []ranked         // the listed ones with the lowest margins, the worst first
	all      bool             // there are no others that brought in anything
}

// ranked is an outlet's figures.
type ranked struct {
	outlet analytics.Code
	Figure
}

// wide is how many lines a unit has in a quarter for a page to be written: fewer are added up in no time. listed is how many outlets a page names: those that
// lines have come or gone of are taken out of it, and three must be left.
var wide, listed = 1_000, 64

type ledgerKey struct{}

func ledgerOf(b *analytics.Book) (*ledger, bool) { return analytics.Kept(b, ledgerKey{}, readLedger) }

func readLedger(b *analytics.Book) *ledger {
	t := b.Sold()
	l := &ledger{mark: t.Mark(), pages: map[pageKey]*page{}, holder: slices.Repeat([]analytics.Code{unseen}, b.Outlets()+1)}
	for k := range column.Blocks(t.Len()) {
		outlets, accounts := t.Outlet.Block(k), t.Account.Block(k)
		for j, o := range outlets {
			if h := &l.holder[o+1]; *h == unseen {
				*h = accounts[j]
			} else if *h != accounts[j] {
				*h = shared
			}
		}
	}
	first, last := t.Span()
	first = max(first, last-10*366)
	for q := b.Calendar().Quarter(first, 0); q.From <= last && first <= last; q = b.Calendar().Quarter(q.To+1, 0) {
		l.write(b, 0, q)
	}
	return l
}

// page returns what was written of a node's quarter; nil where nothing was, or where others hang in the node by now.
func (l *ledger) page(b *analytics.Book, node int32, from analytics.Day) *page {
	x := l.pages[pageKey{b.Nodes()[node].ID, from}]
	if x == nil || !b.IsCrew(node, x.crew) {
		return nil
	}
	return x
}

// write writes the page of a node, and of the nodes below it that are wide as well.
func (l *ledger) write(b *analytics.Book, node int32, q analytics.Period) {
	n := b.Nodes()[node]
	sel := b.Select(analytics.Scope{Node: n.ID})
	if sel.Node != node || n.Person != analytics.None || n.ID == analytics.NodeUnassigned { // there whoever has no place hangs as well, in no crew
		return
	}
	sel.AsOf = store.MaxDay // whatever lies in the future is counted, and [page.last] tells
	t, p := b.Sold(), &page{crew: b.Crew(node), last: store.MinDay, products: make([]Figure, b.Products()+1), noRate: make([]int32, b.Products()+1)}
	parts := make([]*part, analytics.Parts())
	lasts := slices.Repeat([]analytics.Day{store.MinDay}, len(parts))
	lines := make([]int, len(parts))
	noRates := make([][]int32, len(parts))
	got := sel.ShareSales([]analytics.Period{q}, func(at, _, k int, rows []int32) {
		if parts[at] == nil {
			parts[at] = newPart(b, b.Products()+1)
			noRates[at] = make([]int32, b.Products()+1)
		}
		x, days := parts[at], t.Day().Block(k)
		products, values, costs, outlets := t.Product.Block(k), t.Value.Block(k), t.CostValue.Block(k), t.Outlet.Block(k)
		for _, r := range rows {
			j := r & (column.Rows - 1)
			lasts[at] = max(lasts[at], days[j])
			v, c := values[j], costs[j]
			if v == analytics.NoValue || c == analytics.NoValue {
				noRates[at][products[j]+1]++
				continue
			}
			x.by[(int(products[j])+1)*spans].one(v, c)
			x.outlets.one(outlets[j], v, c)
		}
		lines[at] += len(rows)
	})
	total, all := 0, newOutlets(b)
	defer all.free()
	for at, x := range parts[:got] {
		if x == nil {
			continue
		}
		total += lines[at]
		p.last = max(p.last, lasts[at])
		for i := range p.products {
			p.products[i].add(x.by[i*spans])
			p.noRate[i] += noRates[at][i]
		}
		all.merge(x.outlets)
		x.outlets.free()
	}
	if total < wide {
		return
	}
	p.worst, p.all = worstOf(b, all, listed)
	l.pages[pageKey{n.ID, q.From}] = p
	for c := node + 1; c < n.End; c = b.Nodes()[c].End {
		l.write(b, c, q)
	}
}

// worstOf lists the outlets with the lowest margins among those that brought in anything: at most so many, the worst first. all: there are no others.
func worstOf(b *analytics.Book, o *outlets, most int) (worst []ranked, all bool) {
	all = true
	for _, at := range o.seen {
		f := o.by[at]
		if f.Amount <= 0 {
			continue
		}
		x := ranked{at - 1, f}
		if len(worst) == most {
			all = false
			if x.rate() < worst[most-1].rate() {
				continue
			}
		}
		at, _ := slices.BinarySearchFunc(worst, x, func(have, want ranked) int { return have.compare(b, &want) })
		worst = slices.Insert(worst, at, x)
		worst = worst[:min(len(worst), most)]
	}
	return worst, all
}

func (x *ranked) rate() float64 { return float64(x.Cost) / float64(x.Amount) }

// compare puts the lower margin first, of equal ones the one whose name comes first.
func (x *ranked) compare(b *analytics.Book, y *ranked) int {
	return cmp.Or(cmp.Compare(y.rate(), x.rate()), cmp.Compare(b.Outlet(x.outlet), b.Outlet(y.outlet)))
}

// change is a line that came or went since the ledger was written.
type change struct {
	row  int32
	sign int
}

// changes lists the lines of sel that came or went.
func (l *ledger) changes(sel *analytics.Selection, t *analytics.Sales, b *analytics.Book) (out []change) {
	t.Since(l.mark, func(row int32, came bool) {
		if !sel.Inside(b.PersonNode(t.Rep.At(int(row)))) {
			return
		}
		sign := -1
		if came {
			sign = 1
		}
		out = append(out, change{row, sign})
	})
	return out
}

// products adds a period's lines to by, spans apart, as far as pages hold it; ok is false when they do not.
func (l *ledger) products(b *analytics.Book, sel *analytics.Selection, p analytics.Period, changes []change, of []int16, span int, into *part) bool {
	cal := b.Calendar()
	pages := []*page{}
	for q := cal.Quarter(p.From, 0); q.From <= p.To; q = cal.Quarter(q.To+1, 0) {
		x := l.page(b, sel.Node, q.From)
		if x == nil || q.From < p.From || p.To < q.To && p.To < x.last {
			return false
		}
		pages = append(pages, x)
	}
	t := b.Sold()
	for _, x := range pages {
		for i := range x.products {
			if i < len(of) && of[i] >= 0 {
				into.by[int(of[i])*spans+span].add(x.products[i])
				into.noRate += int(x.noRate[i])
			}
		}
	}
	for _, c := range changes {
		i := int(c.row)
		class := of[t.Product.At(i)+1]
		if !p.Contains(t.Day().At(i)) || class < 0 {
			continue
		}
		v, cost := t.Value.At(i), t.CostValue.At(i)
		if v == analytics.NoValue || cost == analytics.NoValue {
			into.noRate += c.sign
			continue
		}
		into.by[int(class)*spans+span].add(Figure{c.sign, int64(c.sign) * v, int64(c.sign) * cost})
	}
	return true
}

// outlets returns the worst outlets of a quarter; ok is false when the pages do not tell.
func (l *ledger) outlets(b *analytics.Book, sel *analytics.Selection, p analytics.Period, changes []change) (worst []ranked, ok bool) {
	q := b.Calendar().Quarter(p.From, 0)
	x := l.page(b, sel.Node, q.From)
	if x == nil || p.From != q.From || p.To > q.To || p.To < q.To && p.To < x.last {
		return nil, false
	}
	t := b.Sold()
	touched := map[analytics.Code]analytics.Code{}
	for _, c := range changes {
		if i := int(c.row); p.Contains(t.Day().At(i)) {
			o, holder := t.Outlet.At(i), unseen
			if int(o)+1 < len(l.holder) {
				holder = l.holder[o+1]
			}
			if have, again := touched[o]; holder == shared || holder != unseen && holder != t.Account.At(i) || again && have != t.Account.At(i) {
				return nil, false
			}
			touched[o] = t.Account.At(i)
		}
	}
	left := slices.DeleteFunc(slices.Clone(x.worst), func(r ranked) bool { _, is := touched[r.outlet]; return is })
	if len(left) < Worst && !x.all {
		return nil, false
	}
	for o, account := range touched {
		var f Figure
		for _, row := range b.AccountSales(account) {
			i := int(row)
			if t.Outlet.At(i) != o || !p.Contains(t.Day().At(i)) || !sel.Inside(b.PersonNode(t.Rep.At(i))) {
				continue
			}
			if v, c := t.Value.At(i), t.CostValue.At(i); v != analytics.NoValue && c != analytics.NoValue {
				f.one(v, c)
			}
		}
		if f.Amount > 0 {
			left = append(left, ranked{o, f})
		}
	}
	slices.SortFunc(left, func(x, y ranked) int { return x.compare(b, &y) })
	return left[:min(len(left), Worst)], true
}
