package morning

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// colour is what a health index counts as.
func colour(score int, h *rule.Health) Colour {
	switch {
	case score < h.Red:
		return Red
	case score < h.Yellow:
		return Yellow
	}
	return Green
}

// sick is a customer's health that moved.
type sick struct {
	account analytics.Code
	was, is int
	crossed bool
	value   int64
}

// health lists customers whose health changed its colour or moved far while their grade stayed: those that fell first, among them those that changed colour.
func (a *Answer) health(b *analytics.Book, sel *analytics.Selection, g *rule.Grading, m *rule.Morning) {
	was, is := migration.BoardAt(b, a.From), migration.BoardAt(b, a.Day)
	index := indexOf(b, g)
	parts := make([][]sick, analytics.Parts())
	if !sel.Empty() {
		b.ShareAccounts(func(part int, first, last analytics.Code) {
			for c := first; c < last; c++ {
				x, w := index(c, a.Day), index(c, a.From)
				if x < 0 || w < 0 || x == w {
					continue
				}
				crossed := colour(x, &g.Health) != colour(w, &g.Health)
				if !crossed && max(x-w, w-x) < m.Health || !sel.Account(c) || was.Grade(c) != is.Grade(c) && was.Grade(c) != "" {
					continue
				}
				parts[part] = append(parts[part], sick{c, w, x, crossed, is.Value(c).Money.Minor})
			}
		})
	}
	all := slices.Concat(parts...)
	for i := range all {
		if all[i].is < all[i].was {
			a.Sicker++
		} else {
			a.Healthier++
		}
	}
	rising := func(x *sick) int {
		if x.is > x.was {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(x, y sick) int {
		if o := cmp.Compare(rising(&x), rising(&y)); o != 0 {
			return o
		}
		if x.crossed != y.crossed {
			if x.crossed {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.value, x.value), strings.Compare(string(b.AccountID(x.account)), string(b.AccountID(y.account))))
	})
	for _, x := range all[:min(len(all), m.Most)] {
		h := HealthMove{Account: b.AccountID(x.account), Grade: is.Grade(x.account), Was: x.was, Is: x.is, From: colour(x.was, &g.Health), To: colour(x.is, &g.Health), Value: is.Value(x.account)}
		_, h.AccountName = b.AccountLabel(x.account)
		if o := b.Person(b.AccountOwner(x.account)); o.ID != "" {
			h.Owner, h.OwnerName = o.ID, o.Name
		}
		h.Day, h.Why = a.why(b, g, x.account)
		a.Health = append(a.Health, h)
	}
}

// signals lists what was seen of customers outside the CRM since From. What belongs to nobody yet is told to those who see the whole company.
func (a *Answer) signals(b *analytics.Book, sel *analytics.Selection, m *rule.Morning) {
	parts := make([][]Signal, analytics.Parts())
	look := func(part int, c analytics.Code) {
		for day, v := range b.Signals(c) {
			if day <= a.From || day > a.Day {
				continue
			}
			x := Signal{Account: v.Account, Kind: v.Kind, Title: v.Title, URL: v.URL, Day: day}
			if c != analytics.None {
				_, x.AccountName = b.AccountLabel(c)
				x.OwnerName = b.Person(b.AccountOwner(c)).Name
			}
			parts[part] = append(parts[part], x)
		}
	}
	if !sel.Empty() {
		b.ShareAccounts(func(part int, first, last analytics.Code) {
			for c := first; c < last; c++ {
				if sel.Account(c) {
					look(part, c)
				}
			}
		})
		if sel.Node == 0 && sel.Scope.Industry == "" {
			look(0, analytics.None)
		}
	}
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(x, y Signal) int {
		return cmp.Or(cmp.Compare(y.Day, x.Day), strings.Compare(string(x.Account), string(y.Account)), strings.Compare(x.Title, y.Title))
	})
	a.Signal = len(all)
	a.Signals = append(a.Signals, all[:min(len(all), m.Most)]...)
}

// step is a deal that closed or slipped.
type step struct {
	state analytics.DealState
	kind  DealKind
	was   analytics.Day
	days  int
	out   bool
}

// deals lists what closed or slipped since From. A deal that was closed on both days and only changed from one won stage to another did not close.
func (a *Answer) deals(b *analytics.Book, sel *analytics.Selection, m *rule.Morning) {
	parts := make([][]step, analytics.Parts())
	if !sel.Empty() {
		sel.ShareDeals(analytics.Period{From: a.From + 1, To: a.Day}, func(part int, d *analytics.DealState) {
			if x, ok := a.step(b, sel, d); ok {
				parts[part] = append(parts[part], x)
			}
		})
	}
	all := slices.Concat(parts...)
	order := []DealKind{Lost, Slipped, Won}
	sums := map[DealKind]*analytics.Adder{}
	for _, k := range order {
		add := b.Adder()
		sums[k] = &add
	}
	out := b.Adder()
	for i := range all {
		x := &all[i]
		sums[x.kind].AddDeal(&x.state)
		switch x.kind {
		case Lost:
			a.Lost.Deals++
		case Won:
			a.Won.Deals++
		case Slipped:
			a.Slips.Deals++
			if x.out {
				a.Out.Deals++
				out.AddDeal(&x.state)
			}
		}
	}
	a.Lost.Sum, a.Slips.Sum, a.Won.Sum, a.Out.Sum = sums[Lost].Sum(), sums[Slipped].Sum(), sums[Won].Sum(), out.Sum()
	value := func(x *step) int64 {
		if x.state.HasValue() {
			return x.state.Value
		}
		return 0
	}
	class := func(x *step) int {
		if x.kind == Slipped && !x.out {
			return len(order) // last: it still comes in the period
		}
		return slices.Index(order, x.kind)
	}
	slices.SortFunc(all, func(x, y step) int {
		return cmp.Or(cmp.Compare(class(&x), class(&y)), cmp.Compare(value(&y), value(&x)), strings.Compare(string(b.DealID(x.state.Deal)), string(b.DealID(y.state.Deal))))
	})
	for _, x := range a.share(all, m.Most, class) {
		a.Deals = append(a.Deals, DealMove{Kind: x.kind, Deal: deal.RowOf(b, &x.state, a.Day), Was: x.was, Days: x.days, Out: x.out})
	}
}

// share takes the first of each class in turn, so that a hundred lost deals do not hide the one that was won; their order stays.
func (a *Answer) share(all []step, most int, class func(*step) int) (out []step) {
	if len(all) <= most {
		return all
	}
	count := map[int]int{}
	for i := range all {
		count[class(&all[i])]++
	}
	quota := map[int]int{}
	for left := most; left > 0; {
		for c := range 4 {
			if quota[c] < count[c] && left > 0 {
				quota[c]++
				left--
			}
		}
	}
	for i := range all {
		if c := class(&all[i]); quota[c] > 0 {
			quota[c]--
			out = append(out, all[i])
		}
	}
	return out
}

func (a *Answer) step(b *analytics.Book, sel *analytics.Selection, d *analytics.DealState) (x step, ok bool) {
	open := d.Open()
	if open && b.Updated(d.Deal, a.Day) <= a.From || !open && d.Since <= a.From {
		return x, false
	}
	was := b.DealAt(d.Deal, a.From)
	x = step{state: *d, was: store.NoDay}
	if was.Open() {
		x.was = was.Close
	}
	switch {
	case !open && was.Exists && was.Kind == d.Kind:
		return x, false
	case d.Kind == store.StageWon:
		x.kind = Won
	case d.Kind == store.StageLost:
		x.kind = Lost
	case !was.Open() || was.Close == store.NoDay || d.Close == store.NoDay || d.Close <= was.Close:
		return x, false
	default:
		x.kind, x.days = Slipped, int(d.Close-was.Close)
		x.out = was.Close <= sel.Period.To && d.Close > sel.Period.To
	}
	return x, true
}
