package company

import (
	"math"

	"flightdeck/store"
)

// How sales lines are shared out: a fifth of Size.Sales comes from won deals, the rest from customers who buy month after month.
const (
	wonShare      = .16 // of all deals, those won by now
	monthsPerDeal = 3.2 // of delivery, of a won deal, by now
	runningShare  = .45 // of the accounts
)

// lines returns how many lines a month of a won deal, and of a running customer, has on average.
func (g *gen) lines() (deal, running float64) {
	months := float64(g.today-g.first) / 30.4
	deal = .2 * float64(g.size.Sales) / (float64(g.size.Deals) * wonShare * monthsPerDeal)
	running = .8 * float64(g.size.Sales) / (float64(g.size.Accounts) * runningShare * months)
	return deal, running
}

// places names the customer's outlets that receive goods.
func (g *gen) places(c *chance, a *account, n int) []string {
	kind := "分厂"
	switch a.ind.name {
	case "零售":
		kind = "店"
	case "医疗":
		kind = "院区"
	case "教育":
		kind = "校区"
	case "政府", "交通", "能源":
		kind = "站"
	}
	g.outlets = g.outlets[:0]
	start := c.IntN(len(a.city.districts))
	for i := range n {
		name := a.short + a.city.districts[(start+i)%len(a.city.districts)]
		if k := i / len(a.city.districts); k > 0 {
			name += ordinal(k + 1)
		}
		g.outlets = append(g.outlets, name+kind)
	}
	return g.outlets
}

// dealSales delivers a won deal month by month. Until now at most the deal's amount has been invoiced; lines and their returns name the deal in
// their ID.
func (g *gen) dealSales(c *chance, p *plan, rep int, won store.Day, amount int64, out *store.Records) {
	pr := &products[p.product]
	perMonth, _ := g.lines()
	outlets := g.places(c, p.account, 1+c.IntN(3))
	left, n := amount, 0
	for m := range pr.months {
		share := left / int64(pr.months-m)
		k := max(1, c.count(perMonth))
		for i := range k {
			part := share / int64(k-i)
			share -= part
			left -= part
			day := won + 5 + store.Day(m*30+c.IntN(22))
			n++
			if day >= g.today || part == 0 {
				continue
			}
			g.sale(c, p.account, g.id('d', p.n+1, 's', n), p.product, rep, pick(c, outlets), day, part, out)
		}
	}
}

// baseSales makes what a customer buys month after month without a deal.
func (g *gen) baseSales(c *chance, a *account, out *store.Records) {
	if !c.yes(runningShare) {
		return
	}
	_, perMonth := g.lines()
	var usual [3]int
	for i := range usual {
		for usual[i] = c.IntN(len(products)); !products[usual[i]].runs; {
			usual[i] = c.IntN(len(products))
		}
	}
	outlets := g.places(c, a, 1+int(perMonth)+c.IntN(3))
	yuan := 9_000 * math.Pow(a.revenue/260, .35) * c.spread(.5)
	trend := .15 * c.NormFloat64() / 365
	n := 0
	for month := monthOf(max(g.first, a.created+30)); month <= g.today; month = nextMonth(month) {
		_, mm, _ := month.Date()
		season := 1 + .12*math.Sin(float64(mm)/6*math.Pi)
		appetite, gone := g.appetite(month)
		for range c.count(perMonth) {
			n++
			what := usual[c.IntN(3)]
			day := month + store.Day(c.IntN(int(monthEnd(month)-month)+1))
			amount := yuan * season * (1 + trend*float64(month-g.first)) * c.spread(.5)
			where := c.IntN(len(outlets))
			if where == 0 { // each customer has one outlet that does worse than the others
				amount *= .55
			}
			amount *= appetite
			if gone || day < a.created || day >= g.today {
				continue
			}
			fen := int64(max(amount, 100)) * 100
			if a.currency == "USD" {
				fen = int64(max(amount/7.1, 20)) * 100
			}
			g.sale(c, a, g.id('a', a.i+1, 's', n), what, g.holder(a.owner, day), outlets[where], day, fen, out)
		}
	}
}

// sale appends a line and, for a few, the return of a part some days later.
func (g *gen) sale(c *chance, a *account, id store.ID, what, rep int, outlet string, day store.Day, fen int64, out *store.Records) {
	pr := &products[what]
	price := float64(pr.price) * 100
	if a.currency == "USD" {
		price /= 7.1
	}
	row := store.Sale{
		ID: id, Account: a.id, Product: g.id('s', what+1, 0, 0), Rep: g.people[rep].id, Outlet: outlet, Day: day,
		Quantity: max(1, int64(math.Round(float64(fen)/price*1000))), Amount: store.Money{Minor: fen, Currency: a.currency},
		Cost: store.Money{Minor: int64(float64(fen) * min(.95, pr.cost*c.spread(.08))), Currency: a.currency},
	}
	back, late := c.yes(.025), store.Day(3+c.IntN(20))
	share := int64(2 + c.IntN(4))
	out.Sales = append(out.Sales, row)
	if back && day+late < g.today {
		row.ID += "r"
		row.Day += late
		row.Quantity = -max(1, row.Quantity/share)
		row.Amount.Minor, row.Cost.Minor = -(row.Amount.Minor / share), -(row.Cost.Minor / share)
		out.Sales = append(out.Sales, row)
	}
}
