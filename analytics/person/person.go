// Package person owns the screen of one of us: what the quarter holds for them, what they have open and what of it is flagged, how often they
// touched customers, and which accounts are theirs.
//
// It computes no forecast and no account figure of its own: it asks analytics/forecast and analytics/account with a scope narrowed to the person, so
// that the figures are those of the other screens. A person outside the viewer's sub-tree is [store.ErrNotFound].
package person

import (
	"fmt"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/store"
)

// Weeks is how many ISO weeks of touches are given.
const Weeks = 12

// Facts is what the sources say of the person.
type Facts struct {
	ID       store.PersonID `json:"id"`
	Also     []store.ID     `json:"also"` // under which other sources list the same person, in order
	Name     string         `json:"name"`
	Email    string         `json:"email"`
	Title    string         `json:"title"`
	Unit     store.ID       `json:"unit_id"` // where the person hangs in the org tree
	UnitName string         `json:"unit"`
	Inactive bool           `json:"inactive"`
	Leads    bool           `json:"leads"` // manages a unit
}

// Week is the touches of one ISO week, Monday to Sunday.
type Week struct {
	From    analytics.Day `json:"from"`
	Touches int           `json:"touches"`
}

// Answer is everything about one person as of a day.
type Answer struct {
	analytics.Stamp `json:"stamp"`
	Period          analytics.Period `json:"-"`      // of Forecast: the scope's, else the fiscal quarter
	PeriodName      string           `json:"period"` // Period as the fiscal calendar names it
	Facts           Facts            `json:"facts"`
	// Forecast is the person's own row: quota, closed, commit, best case, weighted, gap.
	Forecast forecast.Row `json:"forecast"`
	// Open deals by value, highest first; Flagged says how many of them carry a flag.
	Open    []deal.Row    `json:"open_deals"`
	Sum     analytics.Sum `json:"open_value"`
	Flagged int           `json:"flagged"`
	// Weeks, oldest first; the last one is the as-of day's and may be under way.
	Weeks   []Week `json:"weeks"`
	Touches int    `json:"touches"` // sum of Weeks
	// LastTouch is NoDay when there never was one.
	LastTouch analytics.Day `json:"last_touch"`
	// Accounts are those the person owns, as account.All sorts them.
	Accounts []account.Row `json:"accounts"`
}

// Of gives everything about one person. Of the scope Root, Period and AsOf count.
func Of(b *analytics.Book, s analytics.Scope, id store.PersonID) (Answer, error) {
	c, ok := b.PersonCode(id)
	if !ok || !b.SeesPerson(s.Root, c) {
		return Answer{}, fmt.Errorf("person %q: %w", store.Clip(string(id), 60), store.ErrNotFound)
	}
	s = analytics.Scope{Root: s.Root, Node: id, Period: s.Period, AsOf: s.AsOf}
	p, asOf := b.Person(c), b.AsOf(s)
	x := Answer{Stamp: b.Stamp(s), Period: b.Period(s), PeriodName: b.Calendar().Name(b.Period(s)), LastTouch: store.NoDay, Open: []deal.Row{}, Accounts: []account.Row{},
		Facts: Facts{ID: p.ID, Also: append([]store.ID{}, b.Also(c)...), Name: p.Name, Email: p.Email, Title: p.Title, Inactive: p.Inactive, Leads: b.Leads()[p.ID]}}
	if n := b.Nodes()[b.PersonNode(c)]; n.Parent >= 0 {
		x.Facts.Unit, x.Facts.UnitName = b.Nodes()[n.Parent].ID, b.Nodes()[n.Parent].Name
	}
	if rows := forecast.Of(b, s).Rows; len(rows) > 0 {
		x.Forecast = rows[0]
	}
	open := deal.Find(b, analytics.Scope{Root: s.Root, Node: id, AsOf: s.AsOf}, deal.Filter{Kinds: []store.StageKind{store.StageOpen}})
	x.Open, x.Sum = open.Rows, open.Sum
	for i := range x.Open {
		if len(x.Open[i].Flags) > 0 {
			x.Flagged++
		}
	}
	first := b.Calendar().Week(asOf, 1-Weeks).From
	for i := range Weeks {
		x.Weeks = append(x.Weeks, Week{From: first + analytics.Day(7*i)})
	}
	for i := range b.Select(s).Touches(analytics.Period{From: store.MinDay, To: asOf}) {
		day := b.Touches().Day().At(i)
		x.LastTouch = max(x.LastTouch, day)
		if day >= first {
			x.Weeks[(day-first)/7].Touches++
			x.Touches++
		}
	}
	x.Accounts = slices.DeleteFunc(account.All(b, s).Rows, func(r account.Row) bool { return r.Owner != p.ID })
	return x, nil
}

// Table gives the person as one row.
func (x Answer) Table() analytics.Table {
	f := x.Forecast
	quota, gap := "", ""
	if f.HasQuota {
		quota = f.Quota.Cell()
	}
	if f.Gap.Given() {
		gap = f.Gap.Amount()
	}
	return analytics.Table{
		Columns: []string{"person", "title", "unit", "currency", "quota", "closed", "commit", "best_case", "weighted", "gap", "open_deals", "open_value", "flagged",
			"touches", "last_touch", "accounts", "person_id"},
		Rows: [][]string{{x.Facts.Name, x.Facts.Title, x.Facts.UnitName, string(x.Sum.Money.Currency), quota, f.Closed.Cell(), f.Commit.Cell(), f.BestCase.Cell(), f.Weighted.Cell(), gap,
			strconv.Itoa(len(x.Open)), x.Sum.Cell(), strconv.Itoa(x.Flagged), strconv.Itoa(x.Touches), x.LastTouch.String(), strconv.Itoa(len(x.Accounts)),
			string(x.Facts.ID)}},
	}
}
