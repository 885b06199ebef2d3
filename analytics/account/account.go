package account

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

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

// View is a list of accounts whose rows are made when they are looked at. Several may read it at once.
type View struct {
	Stamp   analytics.Stamp
	Scope   string
	Derived bool
	Rows    analytics.Rows[Row]
	Open    analytics.Sum // of all rows
	rank    *analytics.Ranking[ref]
	from    *viewer
}

// List makes all rows.
func (v *View) List() List {
	return List{Stamp: v.Stamp, Scope: v.Scope, Derived: v.Derived, Rows: v.Rows.List()}
}

type ref struct {
	open, won int64
	account   analytics.Code
}

type looked struct{ scope analytics.Scope }

// All is [Look] with all rows made.
func All(b *analytics.Book, s analytics.Scope) List { return Look(b, s).List() }

// Look lists the accounts that s holds and that were known by its day (see [analytics.Book.KnownSince]), by open value, then by the last twelve months, highest
// first. Open deals and touches are those that the viewer may see.
func Look(b *analytics.Book, s analytics.Scope) *View {
	return analytics.MemoList(b, looked{s}, func() *View { return look(b, s) })
}

// openKey is the open value per account among a Book's answers.
type openKey struct {
	root store.ID
	asOf analytics.Day
}

// opened is what each account's open deals that a viewer may see are worth; apart says which accounts have some without a rate.
type opened struct {
	value []int64                  // by account; nil: few hands see few accounts
	few   map[analytics.Code]int64 // instead of value
	apart map[analytics.Code]bool
}

func (o *opened) of(c analytics.Code) int64 {
	if o.value == nil {
		return o.few[c]
	}
	return o.value[c]
}

func openOf(b *analytics.Book, sel *analytics.Selection) *opened {
	return analytics.Memo(b, openKey{sel.Scope.Root, sel.AsOf}, func() *opened {
		o := &opened{value: make([]int64, b.Accounts()), apart: map[analytics.Code]bool{}}
		var mu sync.Mutex
		sums := make([][]int64, analytics.Parts())
		sums[0] = o.value
		n := sel.ShareStates(analytics.Want{Closed: analytics.Never, Due: analytics.Ever}, func(part int, st *analytics.States, rows []int32) {
			if sums[part] == nil {
				sums[part] = make([]int64, b.Accounts())
			}
			for _, j := range rows {
				c := b.DealAccount(st.Deal[j])
				switch {
				case c == analytics.None || !st.Given[j]:
				case st.Value[j] != analytics.NoValue:
					sums[part][c] += st.Value[j]
				default:
					mu.Lock()
					o.apart[c] = true
					mu.Unlock()
				}
			}
		})
		some := 0
		for _, sum := range sums[1:n] {
			for c, v := range sum {
				o.value[c] += v
			}
		}
		for _, v := range o.value {
			if v != 0 {
				some++
			}
		}
		if some < len(o.value)/16 { // two hundred people see two hundred parts of the company
			o.few = make(map[analytics.Code]int64, some)
			for c, v := range o.value {
				if v != 0 {
					o.few[analytics.Code(c)] = v
				}
			}
			o.value = nil
		}
		return o
	})
}

func look(b *analytics.Book, s analytics.Scope) *View {
	v := view(b, s)
	l := &View{Stamp: b.Stamp(s), Scope: b.Named(s), Derived: v.board.Derived(), from: v}
	open, sel := openOf(b, v.sel), b.Select(s)
	order := func(x, y ref) int {
		switch {
		case x.open != y.open:
			return cmp.Compare(y.open, x.open)
		case x.won != y.won:
			return cmp.Compare(y.won, x.won)
		}
		return strings.Compare(string(b.AccountID(x.account)), string(b.AccountID(y.account)))
	}
	takes := func(c analytics.Code) bool { return b.KnownSince(c) <= v.sel.AsOf && sel.Account(c) }
	tops, sums, counts := make([]*analytics.Top[ref], analytics.Parts()), make([]analytics.Adder, analytics.Parts()), make([]int, analytics.Parts())
	for i := range sums {
		sums[i] = b.Adder()
	}
	sel.ShareAccounts(func(part int, first, last analytics.Code) {
		if tops[part] == nil {
			tops[part] = analytics.NewTop(order)
		}
		top, n, total := tops[part], 0, int64(0)
		bar, full := top.Bar()
		for c := first; c < last; c++ {
			if !takes(c) {
				continue
			}
			n++
			worth := open.of(c)
			total = analytics.Plus(total, worth)
			if open.apart[c] {
				for _, m := range v.open(c).Missing {
					sums[part].Add(m)
				}
			}
			if full && worth < bar.open {
				continue
			}
			top.Add(ref{worth, v.board.Minor(c), c})
			bar, full = top.Bar()
		}
		sums[part].AddMinor(total)
		counts[part] += n
	})
	total, n := b.Adder(), 0
	for i := range sums {
		total.AddSum(sums[i].Sum())
		n += counts[i]
	}
	l.Open = total.Sum()
	l.rank = analytics.RankLater(tops, n, func() []ref {
		refs := make([]ref, 0, n)
		for c := range analytics.Code(b.Accounts()) {
			if takes(c) {
				refs = append(refs, ref{open.of(c), v.board.Minor(c), c})
			}
		}
		return refs
	}, order)
	l.Rows = analytics.NewRows(l.rank.Len(), func(i int) Row { return v.row(l.rank.At(i).account) }, func(i int) string { return string(b.AccountID(l.rank.At(i).account)) })
	return l
}

// open adds up an account's open deals that the viewer may see.
func (v *viewer) open(c analytics.Code) analytics.Sum {
	sum := v.b.Adder()
	for _, dc := range v.b.AccountDeals(c) {
		if d, ok := v.sel.Deal(dc); ok && d.Open() {
			sum.AddDeal(&d)
		}
	}
	return sum.Sum()
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
		Grades: []GradeStep{}, Health: []HealthPoint{}, Contacts: []Contact{}, Signals: []Signal{}, Deals: []deal.Row{}, Touches: []touch.Row{}}
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
	for day, g := range b.Signals(c) {
		if day <= v.sel.AsOf {
			x.Signals = append(x.Signals, Signal{Day: day, Kind: g.Kind, Title: g.Title, Text: g.Text, URL: g.URL, Watch: g.Watch})
		}
	}
	slices.Reverse(x.Signals)
	x.Signals = x.Signals[:min(len(x.Signals), MaxSignals)]
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
