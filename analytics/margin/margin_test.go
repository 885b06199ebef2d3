package margin_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/margin"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// TestOf_AsPlain holds the figures to sums over the records, on random companies and periods, while lines come and go.
func TestOf_AsPlain(t *testing.T) {
	rng := storetest.Rand(t)
	lines := 0
	for round := range 60 {
		if round%2 == 1 {
			defer margin.Narrow(4 + rng.IntN(20))()
		}
		r := booktest.Company(rng, booktest.Size{Teams: 3, People: 9, Accounts: 20, Deals: 10}, booktest.With{Sales: true})
		outlets, classes := []string{"", "east", "west", "north", "web"}, []string{"milk", "juice", ""}
		for i, c := range classes {
			r.Products = append(r.Products, store.Product{ID: store.MakeID("t", string(rune('a'+i))), Category: c})
		}
		vary := func(s *store.Sale) {
			s.Product, s.Outlet, s.Rep = r.Products[rng.IntN(len(r.Products))].ID, outlets[rng.IntN(len(outlets))], r.People[rng.IntN(len(r.People))].ID
			if rng.IntN(3) > 0 { // of one customer alone
				s.Outlet = string(s.Account) + s.Outlet
			}
			s.Cost = store.Money{Minor: rng.Int64N(1e8), Currency: "CNY"}
			if rng.IntN(3) > 0 {
				s.Amount.Currency = "CNY"
			}
		}
		for i := range r.Sales {
			vary(&r.Sales[i])
		}
		b := booktest.Book(r)
		lines += asPlain(t, rng, b, r)
		made := 0
		for step := range 6 {
			d := &store.Delta{Rev: store.Rev(step + 2)}
			for range rng.IntN(4) {
				i := rng.IntN(len(r.Sales))
				s := r.Sales[i]
				if is := func(x store.Sale) bool { return x.ID == s.ID }; slices.ContainsFunc(d.Before.Sales, is) || slices.ContainsFunc(d.Sales, is) {
					continue
				}
				switch rng.IntN(3) {
				case 0: // another one
					made++
					s.ID = store.MakeID("t", fmt.Sprintf("new%d", made))
					vary(&s)
					r.Sales = append(r.Sales, s)
					d.Sales = append(d.Sales, s)
				case 1:
					d.Before.Sales = append(d.Before.Sales, s)
					vary(&s)
					s.Day += store.Day(rng.IntN(60) - 30)
					r.Sales[i] = s
					d.Sales = append(d.Sales, s)
				default:
					d.Before.Sales = append(d.Before.Sales, s)
					d.Deleted = append(d.Deleted, store.Ref{Entity: store.EntitySale, ID: s.ID})
					r.Sales = slices.Delete(r.Sales, i, i+1)
				}
			}
			if rng.IntN(4) == 0 { // somebody goes to another team
				p := &r.People[rng.IntN(len(r.People))]
				p.Unit = r.Units[rng.IntN(len(r.Units))].ID
				d.People = append(d.People, *p)
			}
			next, err := b.Advance(d)
			if err != nil {
				t.Fatal(err)
			}
			b = next
			for range 3 {
				lines += asPlain(t, rng, b, r)
			}
		}
	}
	if lines == 0 {
		t.Fatal("no line counted: the test says nothing")
	}
}

// asPlain asks once, and returns how many lines counted.
func asPlain(t *testing.T, rng *rand.Rand, b *analytics.Book, r *store.Records) (lines int) {
	t.Helper()
	quarter := b.Calendar().Quarter(booktest.Today, -rng.IntN(3))
	s := analytics.Scope{Node: r.Units[rng.IntN(len(r.Units))].ID, Period: quarter}
	if rng.IntN(3) == 0 {
		s.Node = ""
	}
	if rng.IntN(4) == 0 {
		s.AsOf = booktest.Today - store.Day(rng.IntN(200))
	}
	got := margin.Of(b, s, "")
	if want := b.Calendar().Quarter(quarter.From, -1); s.AsOf == 0 && got.Periods[margin.Before] != want {
		t.Fatalf("before %v comes %v, want %v", quarter, got.Periods[margin.Before], want)
	}
	if want := b.Calendar().Quarter(quarter.From, -4); s.AsOf == 0 && got.Periods[margin.YearAgo] != want {
		t.Fatalf("a year before %v was %v, want %v", quarter, got.Periods[margin.YearAgo], want)
	}
	class := map[store.ID]string{}
	for _, p := range r.Products {
		class[p.ID] = p.Category
	}
	sel := b.Select(s)
	want, at, noRate := map[string]*margin.Category{}, map[string]*margin.Outlet{}, 0
	for _, x := range r.Sales {
		rep, _ := b.PersonCode(x.Rep)
		if !sel.Inside(b.PersonNode(rep)) {
			continue
		}
		for span, p := range got.Periods {
			if !p.Contains(x.Day) || x.Day > sel.AsOf {
				continue
			}
			v, c := b.Convert(x.Amount), b.Convert(x.Cost)
			if v == analytics.NoValue || c == analytics.NoValue {
				noRate++
				continue
			}
			k := class[x.Product]
			if want[k] == nil {
				want[k] = &margin.Category{Name: k}
			}
			add := func(f *margin.Figure) { f.Lines, f.Amount, f.Cost = f.Lines+1, f.Amount+v, f.Cost+c }
			add(&want[k].In[span])
			if span == margin.Now {
				if at[x.Outlet] == nil {
					at[x.Outlet] = &margin.Outlet{Name: x.Outlet}
				}
				add(&at[x.Outlet].Figure)
			}
			lines++
		}
	}
	if len(got.Categories) != len(want) || got.NoRate != noRate {
		t.Fatalf("%d categories, %d lines without a rate; want %d, %d", len(got.Categories), got.NoRate, len(want), noRate)
	}
	for _, c := range got.Categories {
		if *want[c.Name] != c {
			t.Fatalf("category %q: %+v, want %+v", c.Name, c, *want[c.Name])
		}
	}
	var worst []margin.Outlet
	for _, o := range at {
		if o.Amount > 0 {
			worst = append(worst, *o)
		}
	}
	slices.SortFunc(worst, func(x, y margin.Outlet) int {
		return cmp.Or(cmp.Compare(x.Margin(), y.Margin()), cmp.Compare(x.Name, y.Name))
	})
	worst = worst[:min(len(worst), margin.Worst)]
	if !slices.EqualFunc(worst, got.Outlets, func(x, y margin.Outlet) bool { return x == y }) {
		t.Fatalf("worst outlets %+v, want %+v", got.Outlets, worst)
	}
	return lines
}
