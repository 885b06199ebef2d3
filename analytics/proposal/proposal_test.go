package proposal

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/store/company"
)

var now = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func firm(t *testing.T, change func(*store.Records)) *analytics.Book {
	t.Helper()
	c, err := company.New(company.Config{Seed: 1, Now: now, Size: company.Size{Regions: 2, Teams: 3, Reps: 9, Accounts: 200, Deals: 500, Touches: 1500, Sales: 3000, Quarters: 8, Months: 24}})
	if err != nil {
		t.Fatal(err)
	}
	r, org := c.Take(), company.Org()
	r.Org = &org
	if change != nil {
		change(r)
	}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return now }})
}

// Whoever is promoted is told so with the same products that the list names; everything in the sheet is found in the records, and the sums are theirs.
func TestProposal_FactsAndNothingElse(t *testing.T) {
	var all *store.Records
	b := firm(t, func(r *store.Records) { all = r })
	p, err := grade.PotentialsOf(t.Context(), b, nil, analytics.Scope{})
	if err != nil || len(p.Rows) < 2 {
		t.Fatalf("%d promoted, %v", len(p.Rows), err)
	}
	for _, row := range p.Rows {
		a, err := Of(t.Context(), b, nil, analytics.Scope{}, row.Account)
		if err != nil {
			t.Fatal(err)
		}
		var wants []string
		for _, w := range a.Wants {
			wants = append(wants, w.Name)
		}
		slices.Sort(wants)
		slices.Sort(row.New)
		if !a.Promoted || len(a.Lacks) != 0 || !slices.Equal(wants, row.New) || !slices.Equal(a.Health, row.Health) {
			t.Errorf("%s: %+v wants %v, the list says %v", row.Account, a, wants, row.New)
		}
		var sum, want int64
		for _, x := range a.Bought {
			sum += x.Amount.Money.Minor
			for _, m := range x.Amount.Missing {
				t.Errorf("%s has no rate", m)
			}
		}
		day := b.AsOf(analytics.Scope{})
		for i := range all.Sales {
			if s := &all.Sales[i]; s.Account == row.Account && s.Day <= day {
				if s.Amount.Currency != b.Currency() {
					want = -1
					break
				}
				want += s.Amount.Minor
			}
		}
		if want >= 0 && sum != want {
			t.Errorf("%s bought for %d, the records say %d", row.Account, sum, want)
		}
		documents := 0
		for _, d := range a.Deals {
			if d.Stage.Kind != store.StageOpen {
				t.Errorf("%s is not open", d.ID)
			}
			documents += len(d.Documents)
		}
		for i := range all.Evidence {
			if slices.ContainsFunc(a.Deals, func(d Deal) bool { return d.ID == all.Evidence[i].Deal }) && store.DayOf(all.Evidence[i].At, b.Location()) <= day {
				documents--
			}
		}
		if documents != 0 {
			t.Errorf("%s: %d documents more than the records have", row.Account, documents)
		}
	}
}

// Whoever is not promoted is told why not, and nothing of it is invented: no product, no intent.
func TestProposal_WhyNot(t *testing.T) {
	b := firm(t, nil)
	p, err := grade.PotentialsOf(t.Context(), b, nil, analytics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	unhealthy, unwilling := 0, 0
	for c := range analytics.Code(b.Accounts()) {
		id := b.AccountID(c)
		if slices.ContainsFunc(p.Rows, func(r grade.Potential) bool { return r.Account == id }) {
			continue
		}
		a, err := Of(t.Context(), b, nil, analytics.Scope{}, id)
		if err != nil {
			t.Fatal(err)
		}
		if a.Promoted || len(a.Lacks) == 0 {
			t.Fatalf("%s: %+v", id, a)
		}
		if strings.Contains(a.Lacks[0].En, "intent") {
			if unwilling++; len(a.Wants) != 0 {
				t.Errorf("%s wants %+v and has no intent", id, a.Wants)
			}
		} else {
			unhealthy++
		}
		if unhealthy+unwilling > 60 {
			break
		}
	}
	if unhealthy == 0 || unwilling == 0 {
		t.Errorf("%d unhealthy, %d without intent", unhealthy, unwilling)
	}
	if _, err := Of(t.Context(), b, nil, analytics.Scope{}, "demo:nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if empty := firm(t, func(r *store.Records) {
		r.Deals, r.Changes, r.Sales, r.Contacts, r.Readings, r.Health = nil, nil, nil, nil, nil, nil
	}); empty != nil {
		a, err := Of(t.Context(), empty, nil, analytics.Scope{}, empty.AccountID(0))
		if err != nil || len(a.Bought)+len(a.Wants)+len(a.Deals)+len(a.People) != 0 || a.Promoted || !slices.Equal(a.Health, []int{-1, -1}) {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// A viewer who does not see a customer gets none of its facts.
func TestProposal_WithinTheViewersTree(t *testing.T) {
	b := firm(t, nil)
	seen, hidden := 0, 0
	for c := range analytics.Code(20) {
		for _, n := range b.Nodes() {
			if n.Kind != "team" {
				continue
			}
			_, err := Of(t.Context(), b, nil, analytics.Scope{Root: n.ID}, b.AccountID(c))
			switch sees := b.SeesAccount(n.ID, c); {
			case sees && err == nil:
				seen++
			case !sees && errors.Is(err, store.ErrNotFound):
				hidden++
			default:
				t.Fatalf("%s sees %s: %v, %v", n.Name, b.AccountID(c), sees, err)
			}
		}
	}
	if seen == 0 || hidden == 0 {
		t.Errorf("%d seen, %d hidden", seen, hidden)
	}
}
