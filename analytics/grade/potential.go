package grade

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Potentials are the customers that the rules promote as high potential (高潜): healthy at so many month ends in a row, with a purchase intent.
type Potentials struct {
	analytics.Stamp `json:"stamp"`
	Scope           string `json:"scope"`
	Rules           string `json:"rules"`
	Above           int    `json:"health_above"`
	Days            []Day  `json:"days"` // the month ends, oldest first
	Intent          string `json:"intent"`
	// Healthy counts those whose health alone would do: what the purchase intent lets through is Rows.
	Healthy int         `json:"healthy"`
	Rows    []Potential `json:"accounts"` // by what they brought in over a year, most first
}

// Potential is one of them.
type Potential struct {
	Account     store.ID       `json:"account_id"`
	AccountName string         `json:"account"`
	Owner       store.PersonID `json:"owner_id"`
	OwnerName   string         `json:"owner"`
	Grade       store.Grade    `json:"grade"`
	Health      []int          `json:"health"`       // at each of Days
	New         []string       `json:"new_products"` // names of what open deals are about and what the customer never bought
	OpenDeals   int            `json:"open_deals"`
	Signals     []string       `json:"signals"` // kinds, of the trailing quarter
	Money       int64          `json:"money"`   // brought in over a year, in minor units of the organisation's currency
}

// quarter is how long a signal speaks for an intent.
const quarter = 90

// PotentialsOf judges the customers of a scope as of its day, by the last month ends that were over then. What is held for everybody is held here too, so that a default in the data
// promotes nobody. Where the rules' behaviours say nothing of a customer, the index that its source gives counts. It blocks for some hundred milliseconds per 100,000 customers.
func PotentialsOf(ctx context.Context, b *analytics.Book, pack *rule.Pack, s analytics.Scope) (*Potentials, error) {
	g := rule.GradingSection.Of(pack)
	sel := b.Select(s)
	p := &Potentials{Stamp: b.Stamp(s), Scope: b.Named(s), Rules: pack.Version(), Above: g.Potential.Health, Intent: g.Potential.Intent.String(), Rows: []Potential{}}
	end := sel.AsOf
	for range g.Potential.Months {
		if m := b.Calendar().Month(end, 0); m.To != end || len(p.Days) > 0 {
			end = m.From - 1
		}
		p.Days = append(p.Days, end)
	}
	slices.Reverse(p.Days)
	m := NewModel(b, g)
	w := newWalker(m, append(slices.Clone(p.Days), sel.AsOf))
	held := newGuard(m, w, nil).judge(w.days, nil, nil)
	year := brought(b, sel.AsOf)
	last := len(p.Days)
	type part struct {
		rows    []Potential
		healthy int
		err     error
	}
	parts := make([]part, analytics.Parts())
	n := b.ShareAccounts(func(k int, first, end analytics.Code) {
		w := w.fork()
		for c := first; c < end && ctx.Err() == nil; c++ {
			if !b.AccountLive(c) || !sel.Account(c) {
				continue
			}
			health := make([]int, 0, last)
			var intent map[string]any
			w.walk(c, nil, func(k int) *holds { return &held[k] }, func(k int) {
				if k < last {
					h := m.health(&w.out)
					if h < 0 {
						if x, ok := b.HealthAt(c, p.Days[k]); ok {
							h = x
						}
					}
					health = append(health, h)
					return
				}
				intent = map[string]any{}
				for i := range m.inputs {
					intent[m.inputs[i].name] = w.out.value[i]
				}
			})
			if slices.ContainsFunc(health, func(h int) bool { return h <= g.Potential.Health }) {
				continue
			}
			parts[k].healthy++
			x := Potential{Account: b.AccountID(c), Health: health, Money: year[c], Grade: b.GradeAt(c, sel.AsOf)}
			x.New, x.OpenDeals = m.fresh(c, sel.AsOf)
			for day, sig := range b.Signals(c) {
				if day <= sel.AsOf && day > sel.AsOf-quarter && !slices.Contains(x.Signals, sig.Kind) {
					x.Signals = append(x.Signals, sig.Kind)
				}
			}
			intent["open_deals"], intent["open_new_product"], intent["signals"] = float64(x.OpenDeals), len(x.New) > 0, x.Signals
			if x.Signals == nil {
				intent["signals"] = []string{}
			}
			if ok, err := g.Potential.Intent.Bool(intent); err != nil {
				parts[k].err = fmt.Errorf("purchase intent of %s: %w; change grading.potential.intent in the rules", x.Account, err)
				return
			} else if !ok {
				continue
			}
			_, x.AccountName = b.AccountLabel(c)
			if owner := b.Person(b.AccountOwner(c)); owner.ID != "" {
				x.Owner, x.OwnerName = owner.ID, owner.Name
			}
			parts[k].rows = append(parts[k].rows, x)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, x := range parts[:n] {
		if x.err != nil {
			return nil, x.err
		}
		p.Healthy += x.healthy
		p.Rows = append(p.Rows, x.rows...)
	}
	slices.SortFunc(p.Rows, func(x, y Potential) int {
		return cmp.Or(cmp.Compare(y.Money, x.Money), cmp.Compare(x.Account, y.Account))
	})
	return p, nil
}

// fresh returns what the open deals of a customer are about and what it never bought, and how many open deals there are.
func (m *Model) fresh(c analytics.Code, day Day) (names []string, open int) {
	b := m.b
	bought := map[store.ID]bool{}
	for d, s := range b.Sales(c) {
		if d <= day {
			bought[s.Product] = true
		}
	}
	var wanted []analytics.Code
	for _, d := range b.AccountDeals(c) {
		switch s := b.DealAt(d, day); {
		case s.Open():
			open++
			if s.Product != analytics.None && !slices.Contains(wanted, s.Product) {
				wanted = append(wanted, s.Product)
			}
		case s.Exists && s.Kind == store.StageWon && s.Product != analytics.None:
			bought[b.Product(s.Product).ID] = true
		}
	}
	for _, p := range wanted {
		if x := b.Product(p); !bought[x.ID] {
			names = append(names, cmp.Or(x.Name, x.ID.Native()))
		}
	}
	return names, open
}

// Least is the lowest health index of a customer over the month ends.
func (x *Potential) Least() int {
	if len(x.Health) == 0 {
		return -1
	}
	return slices.Min(x.Health)
}

// Table gives the customers as raw cells.
func (p *Potentials) Table(currency store.Currency) analytics.Table {
	t := analytics.Table{Columns: []string{"account_id", "account", "owner", "grade", "least_health", "new_products", "open_deals", "signals", "value_12_months"}}
	for i := range p.Rows {
		x := &p.Rows[i]
		t.Rows = append(t.Rows, []string{string(x.Account), x.AccountName, x.OwnerName, string(x.Grade), strconv.Itoa(x.Least()), strings.Join(x.New, "; "), strconv.Itoa(x.OpenDeals),
			strings.Join(x.Signals, "; "), store.Money{Minor: x.Money, Currency: currency}.Amount()})
	}
	return t
}
