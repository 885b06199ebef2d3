// Package proposal owns the facts that a proposal to a customer of high potential is written from (方案资料): what it bought, what it wants that it never bought, the deals and their
// documents, its people, how it does, what was seen of it. It assembles and invents nothing: where a source says nothing, nothing stands here. Wording, prices and the document itself are a
// person's.
package proposal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Answer is what is known for a proposal to one customer, as of the scope's day.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Facts           account.Facts `json:"facts"`
	Summary         account.Row   `json:"summary"`
	Rules           string        `json:"rules"`
	// Promoted: the rules call the customer one of high potential. Lacks says why not.
	Promoted bool             `json:"promoted"`
	Lacks    []analytics.Text `json:"lacks,omitempty"`
	Days     []analytics.Day  `json:"days"`   // the month ends that count
	Health   []int            `json:"health"` // at each of them; -1 unknown
	Above    int              `json:"health_above"`
	Intent   string           `json:"intent"` // the rules' expression

	Bought []Product `json:"bought"` // by amount, the largest first
	Wants  []Product `json:"wants"`  // what open deals are about and what was never bought
	// Deals are the open ones that the viewer may see, each with its documents.
	Deals   []Deal            `json:"deals"`
	People  []account.Contact `json:"people"` // by influence, the highest first
	Signals []account.Signal  `json:"signals"`
}

// Product is what a customer bought of a product, or wants of it.
type Product struct {
	ID       store.ID      `json:"id"`
	Name     string        `json:"name"`
	Category string        `json:"category,omitempty"`
	Price    store.Money   `json:"list_price"` // as the source gives it; null when it does not
	Amount   analytics.Sum `json:"amount"`     // bought up to the day; of a product that is wanted what the open deals are worth
	Lines    int           `json:"lines"`      // sales lines, or deals
	Last     analytics.Day `json:"last"`       // of the newest line; of a product that is wanted the earliest promised close
}

// Deal is an open deal with its documents.
type Deal struct {
	deal.Row
	Documents []Document `json:"documents"`
}

// Document is a piece of evidence of a deal.
type Document struct {
	Day   analytics.Day `json:"day"`
	Kind  string        `json:"kind"`
	Title string        `json:"title"`
	URL   string        `json:"url,omitempty"`
}

// Of assembles what is known of a customer. One that does not exist, or that the viewer may not see, is [store.ErrNotFound]. It blocks as [grade.PotentialsOf] does.
func Of(ctx context.Context, b *analytics.Book, pack *rule.Pack, s analytics.Scope, id store.ID) (*Answer, error) {
	s = analytics.Scope{Root: s.Root, AsOf: s.AsOf}
	x, err := account.Of(b, s, id)
	if err != nil {
		return nil, err
	}
	c, _ := b.AccountCode(id)
	p, err := grade.PotentialsOf(ctx, b, pack, s)
	if err != nil {
		return nil, err
	}
	day := b.AsOf(s)
	a := &Answer{Stamp: x.Stamp, Facts: x.Facts, Summary: x.Row, Rules: p.Rules, Days: p.Days, Above: p.Above, Intent: p.Intent,
		Bought: []Product{}, Wants: []Product{}, Deals: []Deal{}, People: x.Contacts, Signals: x.Signals}
	a.promoted(b, pack, c, p)
	a.products(b, c, day, x.Deals)
	for _, row := range x.Deals {
		if row.Stage.Kind != store.StageOpen {
			continue
		}
		d := Deal{Row: row, Documents: []Document{}}
		if code, ok := b.DealCode(row.ID); ok {
			for on, v := range b.Evidence(code) {
				if on <= day {
					d.Documents = append(d.Documents, Document{on, v.Kind, v.Title, v.URL})
				}
			}
		}
		a.Deals = append(a.Deals, d)
	}
	return a, nil
}

// promoted tells whether the rules promote the customer, and otherwise what they miss.
func (a *Answer) promoted(b *analytics.Book, pack *rule.Pack, c analytics.Code, p *grade.Potentials) {
	for i := range p.Rows {
		if r := &p.Rows[i]; r.Account == a.Facts.ID {
			a.Promoted, a.Health = true, r.Health
			return
		}
	}
	low := false
	for _, h := range grade.HealthCourse(b, rule.GradingSection.Of(pack), c, p.Days) {
		if h.Index < 0 { // as the source has it
			if score, ok := b.HealthAt(c, h.Day); ok {
				h.Index = score
			}
		}
		a.Health = append(a.Health, h.Index)
		if h.Index > p.Above {
			continue
		}
		low = true
		if h.Index < 0 {
			a.lacks("%s 健康度未知", "health of %s is unknown", h.Day)
			continue
		}
		a.lacks("%s 健康度 %v, 需高于 %v", "health of %s is %v: more than %v is wanted", h.Day, h.Index, p.Above)
	}
	if !low {
		a.lacks("无购买意向 (%s)", "no purchase intent (%s)", p.Intent)
	}
}

func (a *Answer) lacks(zh, en string, args ...any) {
	a.Lacks = append(a.Lacks, analytics.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)})
}

// products adds up what was bought, by sales lines or where the store holds none by won deals, and what open deals want beside it.
func (a *Answer) products(b *analytics.Book, c analytics.Code, day analytics.Day, deals []deal.Row) {
	type sum struct {
		Product
		adder analytics.Adder
	}
	known := map[store.ID]store.Product{}
	for k := range analytics.Code(b.Products()) {
		p := b.Product(k)
		known[p.ID] = p
	}
	bought, wants := map[store.ID]*sum{}, map[store.ID]*sum{}
	at := func(of map[store.ID]*sum, id store.ID, name string) *sum {
		if of[id] == nil {
			x := &sum{Product: Product{ID: id, Name: cmp.Or(name, id.Native()), Last: store.NoDay}, adder: b.Adder()}
			if p, ok := known[id]; ok {
				x.Name, x.Category, x.Price = cmp.Or(p.Name, x.Name), p.Category, p.Price
			}
			of[id] = x
		}
		return of[id]
	}
	if b.HasSales() {
		for on, s := range b.Sales(c) {
			if on <= day && s.Product != "" {
				x := at(bought, s.Product, "")
				x.adder.Add(s.Amount)
				x.Lines++
				x.Last = max(x.Last, on)
			}
		}
	}
	for i := range deals {
		d := &deals[i]
		if d.Product.ID == "" {
			continue
		}
		switch d.Stage.Kind {
		case store.StageWon:
			x := at(bought, d.Product.ID, d.Product.Name)
			if !b.HasSales() {
				x.adder.Add(d.Amount)
				x.Lines++
				x.Last = max(x.Last, d.Close)
			}
		case store.StageOpen:
			x := at(wants, d.Product.ID, d.Product.Name)
			x.adder.Add(d.Amount)
			x.Lines++
			if d.Close != store.NoDay && (x.Last == store.NoDay || d.Close < x.Last) {
				x.Last = d.Close
			}
		}
	}
	list := func(of map[store.ID]*sum, without map[store.ID]*sum) []Product {
		out := []Product{}
		for id, x := range of {
			if without[id] == nil {
				x.Amount = x.adder.Sum()
				out = append(out, x.Product)
			}
		}
		slices.SortFunc(out, func(x, y Product) int {
			return cmp.Or(cmp.Compare(y.Amount.Money.Minor, x.Amount.Money.Minor), strings.Compare(string(x.ID), string(y.ID)))
		})
		return out
	}
	a.Bought, a.Wants = list(bought, nil), list(wants, bought)
}

// Table gives the products as raw cells: what was bought, then what is wanted.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"what", "product_id", "product", "lines", "currency", "amount", "without_rate", "last"}}
	for what, all := range map[string][]Product{"bought": a.Bought, "wants": a.Wants} {
		for _, p := range all {
			t.Rows = append(t.Rows, []string{what, string(p.ID), p.Name, fmt.Sprint(p.Lines), string(p.Amount.Money.Currency), p.Amount.Cell(), p.Amount.MissingCell(), p.Last.String()})
		}
	}
	slices.SortStableFunc(t.Rows, func(x, y []string) int { return strings.Compare(x[0], y[0]) })
	return t
}
