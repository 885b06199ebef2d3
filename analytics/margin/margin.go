// Package margin answers what a business brought in and what it cost, by product category: of a period, of the quarter before it and of the same period a year
// ago, with the outlets that earn least. It reads sales lines; a line counts for the rep's node in the org tree.
//
// Sums are in the organisation's currency. A line whose amount or cost is in a currency without a rate is counted apart and in no sum. A margin is (amount -
// cost) / amount.
//
// Whole fiscal quarters of large units are kept added up (see ledger), everything else is a walk over the lines, which lie by calendar month, then rep: exact for
// any period, filter and late line, and quick where there are some hundred thousand.
package margin

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Worst is how many outlets are named.
const Worst = 3

// Figure is what some lines add up to, in minor units of the organisation's currency.
type Figure struct {
	Lines  int   `json:"lines"`
	Amount int64 `json:"amount_minor"`
	Cost   int64 `json:"cost_minor"`
}

// Margin returns (Amount - Cost) / Amount; 0 when nothing was brought in.
func (f Figure) Margin() float64 {
	if f.Amount == 0 {
		return 0
	}
	return float64(f.Amount-f.Cost) / float64(f.Amount)
}

func (f *Figure) one(amount, cost int64) {
	f.Lines++
	f.Amount += amount
	f.Cost += cost
}

func (f *Figure) add(o Figure) {
	f.Lines += o.Lines
	f.Amount += o.Amount
	f.Cost += o.Cost
}

// The periods of a [Category]'s figures.
const (
	Now     = iota // the period asked about
	Before         // the one of equal length in months before it
	YearAgo        // the same one a year ago
	spans
)

// Category is one product category's figures in the three periods. Name is "" for products without one.
type Category struct {
	Name string        `json:"category"`
	In   [spans]Figure `json:"figures"`
}

// Outlet is where business was done.
type Outlet struct {
	Name string `json:"outlet"`
	Figure
}

// Answer is the margin.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Scope           string                  `json:"scope"`
	Currency        store.Currency          `json:"currency"`
	Periods         [spans]analytics.Period `json:"periods"`
	Categories      []Category              `json:"categories"` // by name
	Total           [spans]Figure           `json:"total"`
	Outlets         []Outlet                `json:"worst_outlets"` // the lowest margins of the period, of those that brought in anything
	NoRate          int                     `json:"lines_without_rate"`
}

// part is what one goroutine adds up.
type part struct {
	by      []Figure // class × spans
	outlets *outlets
	noRate  int
}

func newPart(b *analytics.Book, classes int) *part {
	return &part{by: make([]Figure, classes*spans), outlets: newOutlets(b)}
}

// outlets adds up by outlet. There may be hundreds of thousands of them, of which a team's quarter has a few hundred: the room is used again, and only what was
// seen is looked at or wiped.
type outlets struct {
	by   []Figure         // by outlet Code + 1
	seen []analytics.Code // Code + 1 of those with lines
}

var spare sync.Pool // of *outlets that have seen nothing

func newOutlets(b *analytics.Book) *outlets {
	o, _ := spare.Get().(*outlets)
	if o == nil {
		o = &outlets{}
	}
	if n := b.Outlets() + 1; len(o.by) < n {
		o.by = make([]Figure, n)
	}
	return o
}

// free gives the room back; o may not be used afterwards.
func (o *outlets) free() {
	for _, i := range o.seen {
		o.by[i] = Figure{}
	}
	o.seen = o.seen[:0]
	spare.Put(o)
}

func (o *outlets) one(outlet analytics.Code, amount, cost int64) {
	f := &o.by[outlet+1]
	if f.Lines == 0 {
		o.seen = append(o.seen, outlet+1)
	}
	f.one(amount, cost)
}

func (o *outlets) merge(other *outlets) {
	for _, i := range other.seen {
		f := &o.by[i]
		if f.Lines == 0 {
			o.seen = append(o.seen, i)
		}
		f.add(other.by[i])
	}
}

// Of answers s for the products of a category; "" takes all.
func Of(b *analytics.Book, s analytics.Scope, category string) *Answer {
	sel := b.Select(s)
	p := sel.Period
	a := &Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Currency: b.Currency(), Categories: []Category{}, Outlets: []Outlet{}}
	months := max(1, (p.Days()+15)/30)
	a.Periods = [spans]analytics.Period{Now: p, Before: {From: back(p.From, months), To: p.From - 1}, YearAgo: {From: back(p.From, 12), To: back(p.To+1, 12) - 1}}
	for i := range a.Periods {
		a.Periods[i].To = min(a.Periods[i].To, sel.AsOf)
	}
	classes, of := classesOf(b, category)
	sum := &part{by: make([]Figure, len(classes)*spans)}
	var worst []ranked
	var todo []analytics.Period // what no page holds
	var span []int              // of todo
	l, ok := ledgerOf(b)
	if ok = ok && !sel.Narrowed() && !sel.Empty() && category == ""; ok {
		changes := l.changes(sel, b.Sold(), b)
		if worst, ok = l.outlets(b, sel, a.Periods[Now], changes); ok {
			for i, p := range a.Periods {
				if !l.products(b, sel, p, changes, of, i, sum) {
					todo, span = append(todo, p), append(span, i)
				}
			}
			if len(span) > 0 && span[0] == Now { // its outlets are added up as well
				worst = nil
			}
		}
	}
	if !ok {
		todo, span = a.Periods[:], []int{Now, Before, YearAgo}
	}
	if len(todo) > 0 {
		lines := walk(b, sel, todo, span, len(classes), of)
		sum.merge(lines)
		if span[0] == Now {
			worst, _ = worstOf(b, lines.outlets, Worst)
		}
		lines.outlets.free()
	}
	a.NoRate = sum.noRate
	for c, name := range classes {
		x := Category{Name: name}
		some := false
		for span := range spans {
			x.In[span] = sum.by[c*spans+span]
			a.Total[span].add(x.In[span])
			some = some || x.In[span].Lines > 0
		}
		if some {
			a.Categories = append(a.Categories, x)
		}
	}
	slices.SortFunc(a.Categories, func(x, y Category) int { return cmp.Compare(x.Name, y.Name) })
	for _, o := range worst {
		a.Outlets = append(a.Outlets, Outlet{b.Outlet(o.outlet), o.Figure})
	}
	return a
}

func (x *part) merge(o *part) {
	for i := range o.by {
		x.by[i].add(o.by[i])
	}
	x.noRate += o.noRate
}

// walk adds up the lines of some periods, each of a span, on all processors where there are many.
func walk(b *analytics.Book, sel *analytics.Selection, periods []analytics.Period, span []int, classes int, of []int16) *part {
	parts := make([]*part, analytics.Parts())
	t := b.Sold()
	n := sel.ShareSales(periods, func(at, i, k int, rows []int32) {
		x := parts[at]
		if x == nil {
			x = newPart(b, classes)
			parts[at] = x
		}
		products, values, costs, outlets := t.Product.Block(k), t.Value.Block(k), t.CostValue.Block(k), t.Outlet.Block(k)
		for _, r := range rows {
			j := r & (column.Rows - 1)
			class := of[products[j]+1]
			if class < 0 {
				continue
			}
			v, c := values[j], costs[j]
			if v == analytics.NoValue || c == analytics.NoValue {
				x.noRate++
				continue
			}
			if x.by[int(class)*spans+span[i]].one(v, c); span[i] == Now {
				x.outlets.one(outlets[j], v, c)
			}
		}
	})
	var sum *part
	for _, x := range parts[:n] {
		switch {
		case x == nil:
		case sum == nil:
			sum = x
		default:
			sum.merge(x)
			sum.outlets.merge(x.outlets)
			x.outlets.free()
		}
	}
	if sum == nil {
		sum = newPart(b, classes)
	}
	return sum
}

// classesOf numbers the product categories, and gives the number of each product Code + 1; -1: not asked for.
func classesOf(b *analytics.Book, category string) (names []string, of []int16) {
	at := map[string]int16{}
	of = make([]int16, b.Products()+1)
	for c := range of {
		name := ""
		if c > 0 {
			name = b.Product(analytics.Code(c - 1)).Category
		}
		if category != "" && name != category {
			of[c] = -1
			continue
		}
		i, ok := at[name]
		if !ok {
			i = int16(len(names))
			at[name] = i
			names = append(names, name)
		}
		of[c] = i
	}
	return names, of
}

// back returns the day so many months before day, the month's last where it is shorter.
func back(day analytics.Day, months int) analytics.Day {
	y, m, d := day.Date()
	first := store.Date(y, m-time.Month(months), 1)
	fy, fm, _ := first.Date()
	return min(first+analytics.Day(d-1), store.Date(fy, fm+1, 1)-1)
}

// Table gives the categories as raw cells.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"category", "currency", "lines", "amount", "cost", "margin", "margin_before", "margin_year_ago"}}
	row := func(name string, in [spans]Figure) {
		money := func(v int64) string { return store.Money{Minor: v, Currency: a.Currency}.Amount() }
		rate := func(f Figure) string {
			if f.Amount == 0 {
				return ""
			}
			return strconv.FormatFloat(f.Margin(), 'f', 4, 64)
		}
		t.Rows = append(t.Rows, []string{name, string(a.Currency), strconv.Itoa(in[Now].Lines), money(in[Now].Amount), money(in[Now].Cost), rate(in[Now]), rate(in[Before]),
			rate(in[YearAgo])})
	}
	for _, c := range a.Categories {
		row(c.Name, c.In)
	}
	row("*", a.Total)
	return t
}
