package account

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

// viewer is who asks, resolved: deals and touches inside Root are theirs to see, whatever node the question narrows to.
type viewer struct {
	b     *analytics.Book
	sel   *analytics.Selection
	board *migration.Board
}

func view(b *analytics.Book, s analytics.Scope) *viewer {
	sel := b.Select(analytics.Scope{Root: s.Root, AsOf: s.AsOf})
	return &viewer{b: b, sel: sel, board: migration.BoardAt(b, sel.AsOf)}
}

// row sums an account up.
func (v *viewer) row(c analytics.Code) Row {
	b, a := v.b, v.b.Account(c)
	r := Row{ID: a.ID, Name: a.Name, Owner: a.Owner, OwnerName: b.PersonName(a.Owner), Industry: a.Industry, City: a.City, Grade: v.board.Grade(c),
		Health: migration.HealthAt(b, c, v.sel.AsOf), Won: v.board.Value(c), SilentDays: -1, NextClose: store.NoDay}
	open := b.Adder()
	for _, dc := range b.AccountDeals(c) {
		d, ok := v.sel.Deal(dc)
		if !ok || !d.Open() {
			continue
		}
		r.OpenDeals++
		open.AddDeal(&d)
		if d.Close != store.NoDay && (r.NextClose == store.NoDay || d.Close < r.NextClose) {
			r.NextClose = d.Close
		}
	}
	r.Open = open.Sum()
	r.LastTouch = v.sel.LastTouch(c)
	if r.LastTouch != store.NoDay {
		r.SilentDays = int(v.sel.AsOf - r.LastTouch)
	}
	return r
}

// All lists the accounts that s holds and that were known by its day (see [migration.KnownSince]), by open value, then by the last twelve months, highest
// first. Open deals and touches are those that the viewer may see.
func All(b *analytics.Book, s analytics.Scope) List {
	v := view(b, s)
	l := List{Stamp: b.Stamp(s), Scope: b.Named(s), Derived: v.board.Derived(), Rows: []Row{}}
	for c := range b.Select(s).Accounts() {
		if migration.KnownSince(b, c) <= v.sel.AsOf {
			l.Rows = append(l.Rows, v.row(c))
		}
	}
	slices.SortFunc(l.Rows, func(x, y Row) int {
		return cmp.Or(cmp.Compare(y.Open.Money.Minor, x.Open.Money.Minor), cmp.Compare(y.Won.Money.Minor, x.Won.Money.Minor),
			strings.Compare(string(x.ID), string(y.ID)))
	})
	return l
}

// Of gives everything about one account as of the scope's day. Only Root and AsOf of s matter. An account that does not exist, or that the viewer may not
// see, is [store.ErrNotFound].
func Of(b *analytics.Book, s analytics.Scope, id store.ID) (Answer, error) {
	c, ok := b.AccountCode(id)
	if !ok || !b.SeesAccount(s.Root, c) {
		return Answer{}, fmt.Errorf("account %q: %w", store.Clip(string(id), 60), store.ErrNotFound)
	}
	s = analytics.Scope{Root: s.Root, AsOf: s.AsOf}
	v := view(b, s)
	acc := b.Account(c)
	x := Answer{Stamp: b.Stamp(s), Row: v.row(c), Derived: v.board.Derived(), Facts: Facts{ID: acc.ID, Name: acc.Name, Parent: acc.Parent,
		Owner: acc.Owner, OwnerName: b.PersonName(acc.Owner), Industry: acc.Industry, Region: acc.Region, City: acc.City, Revenue: acc.Revenue,
		Staff: acc.Staff, Created: acc.Created, Extra: acc.Extra},
		Grades: []GradeStep{}, Health: []HealthPoint{}, Contacts: []Contact{}, Deals: []deal.Row{}, Touches: []touch.Row{}}
	if acc.Parent != "" {
		x.Facts.ParentName = b.AccountName(acc.Parent)
	}
	for day, g := range b.Grades(c) {
		if day <= v.sel.AsOf {
			x.Grades = append(x.Grades, GradeStep{At: g.At.In(b.Location()), From: g.From, To: g.To, Cause: g.Cause, Rule: g.Rule})
		}
	}
	slices.Reverse(x.Grades)
	for day, h := range b.Health(c) {
		if day <= v.sel.AsOf {
			x.Health = append(x.Health, HealthPoint{Day: day, Score: h.Score, Note: h.Note})
		}
	}
	v.touches(c, &x)
	v.deals(c, &x)
	v.sales(c, &x)
	return x, nil
}

// touches fills the latest touches and when each contact was last touched.
func (v *viewer) touches(c analytics.Code, x *Answer) {
	at := map[store.ID]int{}
	for _, p := range v.b.Contacts(c) {
		at[p.ID] = len(x.Contacts)
		x.Contacts = append(x.Contacts, Contact{ID: p.ID, Name: p.Name, Role: p.Role, Influence: p.Influence, Email: p.Email, Phone: p.Phone, Last: store.NoDay})
	}
	var rows []int
	t := v.b.Touches()
	for _, r := range v.b.AccountTouches(c) { // oldest first
		i := int(r)
		if !v.sel.MatchTouch(i) {
			continue
		}
		rows = append(rows, i)
		if p, ok := at[t.Contact(i)]; ok {
			x.Contacts[p].Touches++
			x.Contacts[p].Last = t.Day().At(i)
		}
	}
	x.TouchCount = len(rows)
	for i := len(rows) - 1; i >= 0 && len(x.Touches) < MaxTouches; i-- {
		x.Touches = append(x.Touches, touch.RowOf(v.b, rows[i]))
	}
	slices.SortStableFunc(x.Contacts, func(p, q Contact) int { return cmp.Compare(q.Influence, p.Influence) })
}

// deals fills what the viewer may see, as it stood on the day.
func (v *viewer) deals(c analytics.Code, x *Answer) {
	for _, dc := range v.b.AccountDeals(c) {
		if d, ok := v.sel.Deal(dc); ok {
			x.Deals = append(x.Deals, deal.RowOf(v.b, &d, v.sel.AsOf))
		}
	}
	slices.SortStableFunc(x.Deals, func(p, q deal.Row) int {
		return cmp.Or(cmp.Compare(min(p.Stage.Kind, 1), min(q.Stage.Kind, 1)), cmp.Compare(q.Value.Minor, p.Value.Minor), strings.Compare(string(p.ID), string(q.ID)))
	})
}

// sales adds up per month, the as-of day's month last.
func (v *viewer) sales(c analytics.Code, x *Answer) {
	cal, asOf := v.b.Calendar(), v.sel.AsOf
	x.SalesFrom = WonDeals
	if v.b.HasSales() {
		x.SalesFrom = SalesLines
	}
	for i := 1 - Months; i <= 0; i++ {
		p := cal.Month(asOf, i)
		p.To = min(p.To, asOf)
		sum := v.b.Adder()
		if x.SalesFrom == SalesLines {
			for day, s := range v.b.Sales(c) {
				if p.Contains(day) {
					sum.Add(s.Amount)
				}
			}
		} else {
			for _, dc := range v.b.AccountDeals(c) {
				if d := v.b.DealAt(dc, asOf); d.Exists && d.Kind == store.StageWon && p.Contains(d.Closed) {
					sum.AddDeal(&d)
				}
			}
		}
		x.Sales = append(x.Sales, MonthSum{Month: cal.Month(asOf, i), Sum: sum.Sum()})
	}
}

var columns = []string{"account", "owner", "industry", "city", "grade", "health", "open_deals", "currency", "open_value",
	"value_12_months", "without_rate", "last_touch",
	"silent_days", "next_close", "account_id"}

func (r Row) cells() []string {
	known := func(n int) string {
		if n < 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return []string{r.Name, r.OwnerName, r.Industry, r.City, string(r.Grade), known(r.Health), strconv.Itoa(r.OpenDeals), string(r.Open.Money.Currency), r.Open.Cell(), r.Won.Cell(),
		strings.TrimSpace(r.Open.MissingCell() + " " + r.Won.MissingCell()), r.LastTouch.String(), known(r.SilentDays), r.NextClose.String(), string(r.ID)}
}

// Table gives the accounts.
func (l List) Table() analytics.Table {
	t := analytics.Table{Columns: columns}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, r.cells())
	}
	return t
}

// Table gives the account as one row of the list.
func (x Answer) Table() analytics.Table {
	return analytics.Table{Columns: columns, Rows: [][]string{x.Row.cells()}}
}
