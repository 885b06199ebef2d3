package deal

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/store"
)

// RowOf names and flags a deal as it stood on day.
func RowOf(b *analytics.Book, d *analytics.DealState, day analytics.Day) Row {
	rec := b.Deal(d.Deal)
	r := Row{
		ID: rec.ID, Name: rec.Name, Account: accountName(b, d.Account), Owner: personName(b, d.Owner), Stage: stageOf(b, d),
		Category: d.Category, Amount: d.Amount, Created: d.Created, Close: d.Close, StageSince: d.Since, DaysInStage: span(d.Since, day),
		LastTouch: b.LastTouch(d.Deal, day),
	}
	if d.Product != analytics.None {
		p := b.Product(d.Product)
		r.Product = Name{p.ID, p.Name}
	}
	r.Probability = r.Stage.Probability
	if d.HasValue() {
		r.Value = store.Money{Minor: d.Value, Currency: b.Currency()}
	}
	r.Age = span(d.Created, day)
	if d.Closed != store.NoDay {
		r.Age = span(d.Created, d.Closed)
	}
	r.Flags = Flags(b, d, day)
	return r
}

// Flags says what a manager must see about an open deal as it stood on day. See [FlagKind].
func Flags(b *analytics.Book, d *analytics.DealState, day analytics.Day) []Flag {
	if !d.Open() {
		return nil
	}
	var f []Flag
	if IsOverdue(b, d, day) {
		f = append(f, Flag{Overdue, int(day - d.Close), d.Close})
	}
	if stale, since := IsStale(b, d, day); stale {
		f = append(f, Flag{Stale, max(0, span(since, day)), since})
	}
	if !d.Amount.Given() {
		f = append(f, Flag{Kind: NoAmount, Since: store.NoDay})
	}
	if d.Close == store.NoDay {
		f = append(f, Flag{Kind: NoClose, Since: store.NoDay})
	}
	return f
}

// IsOverdue reports whether an open deal's promised close lies more than Rules.OverdueGrace days before day.
func IsOverdue(b *analytics.Book, d *analytics.DealState, day analytics.Day) bool {
	return d.Open() && d.Close != store.NoDay && int(day-d.Close) > b.Rules().OverdueGrace
}

// IsStale reports whether nothing has happened to an open deal for more than Rules.StaleDays, and what day the last sign of it was.
func IsStale(b *analytics.Book, d *analytics.DealState, day analytics.Day) (bool, analytics.Day) {
	if !d.Open() {
		return false, store.NoDay
	}
	last := b.LastSign(d.Deal, day)
	return last == store.NoDay || int(day-last) > b.Rules().StaleDays, last
}

// span counts days; -1 when an end is unknown or the end comes before the beginning.
func span(from, to analytics.Day) int {
	if from == store.NoDay || to == store.NoDay || to < from {
		return -1
	}
	return int(to - from)
}

func personName(b *analytics.Book, c analytics.Code) Name {
	p := b.Person(c)
	return Name{p.ID, p.Name}
}

func accountName(b *analytics.Book, c analytics.Code) Name {
	id, name := b.AccountLabel(c)
	return Name{id, name}
}

func stageOf(b *analytics.Book, d *analytics.DealState) Stage {
	if d.Stage == analytics.None {
		return Stage{Order: -1}
	}
	s, order := b.Stage(d.Stage), int(d.Rank)
	if !b.StageDeclared(d.Stage) {
		order = -1
	}
	return Stage{s.ID, s.Name, s.NameEn, s.Kind, order, s.Probability}
}

// ListOf makes a list of rows: sorted, added up, stamped.
func ListOf(b *analytics.Book, s analytics.Scope, rows []Row) List {
	l := List{Stamp: b.Stamp(s), Scope: b.Named(s), Period: b.Period(s), PeriodName: b.Calendar().Name(b.Period(s)), Rows: rows}
	if l.Rows == nil {
		l.Rows = []Row{} // JSON: [], not null
	}
	Sort(l.Rows)
	sum := b.Adder()
	for i := range rows {
		if sum.Add(rows[i].Amount); !rows[i].Amount.Given() {
			l.NoAmount++
		}
	}
	l.Sum = sum.Sum()
	return l
}

// Sort orders rows by value, the largest first, those without a value last; equal ones by ID.
func Sort(rows []Row) {
	slices.SortFunc(rows, func(x, y Row) int {
		if x.Value.Given() != y.Value.Given() {
			if x.Value.Given() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Value.Minor, x.Value.Minor), strings.Compare(string(x.ID), string(y.ID)))
	})
}

// Filter narrows a list further than a Scope. Its parts combine with AND; the zero Filter takes all.
type Filter struct {
	Kinds   []store.StageKind // empty: any
	Flag    FlagKind          // deals that carry it
	Account store.ID
	Owner   store.PersonID
	Close   analytics.Period // promised or actual close; zero: any
	Text    string           // in the deal's, account's or owner's name, case ignored
}

// Find is [Look] with all rows made.
func Find(b *analytics.Book, s analytics.Scope, f Filter) List { return Look(b, s, f).List() }

// Table gives the list as raw cells.
func (l List) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "name", "account", "owner", "product", "stage", "kind", "amount", "currency", "value", "created", "close",
		"stage_since", "days_in_stage", "age", "last_touch", "category", "probability", "flags", "reason"}}
	for i := range l.Rows {
		r := &l.Rows[i]
		flags := make([]string, len(r.Flags))
		for k, f := range r.Flags {
			flags[k] = string(f.Kind)
		}
		t.Rows = append(t.Rows, []string{string(r.ID), r.Name, r.Account.Name, r.Owner.Name, r.Product.Name, string(r.Stage.ID), r.Stage.Kind.String(),
			money(r.Amount), string(r.Amount.Currency), money(r.Value), r.Created.String(), r.Close.String(), r.StageSince.String(), count(r.DaysInStage),
			count(r.Age), r.LastTouch.String(), r.Category.String(), count(r.Probability), strings.Join(flags, " "), r.Reason})
	}
	return t
}
