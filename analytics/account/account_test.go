package account_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/booktest"
	"flightdeck/store"
)

// TestAccount_AgainstPlain adds up by hand what a company-wide viewer sees of each account.
func TestAccount_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	for _, with := range []booktest.With{{Touches: true, Sales: true, Grades: true}, {Touches: true}} {
		r := booktest.Company(rng, booktest.Size{Teams: 3, People: 8, Accounts: 15, Deals: 60, Touches: 200}, with)
		b := booktest.Book(r)
		for _, asOf := range []store.Day{booktest.Today, booktest.Today - 150} {
			list := account.All(b, analytics.Scope{AsOf: asOf})
			if asOf == booktest.Today && len(list.Rows) != len(r.Accounts) {
				t.Fatalf("%d accounts, want %d", len(list.Rows), len(r.Accounts))
			}
			for _, got := range list.Rows {
				open, n, last, next := b.Adder(), 0, store.NoDay, store.NoDay
				for _, d := range r.Deals {
					c, _ := b.DealCode(d.ID)
					if st := b.DealAt(c, asOf); d.Account == got.ID && st.Exists && st.Kind == store.StageOpen {
						n++
						open.Add(st.Amount)
						if st.Close != store.NoDay && (next == store.NoDay || st.Close < next) {
							next = st.Close
						}
					}
				}
				touches := 0
				for _, x := range r.Touches {
					if day := store.DayOf(x.At, booktest.Zone); x.Account == got.ID && day <= asOf {
						touches++
						last = max(last, day)
					}
				}
				if got.OpenDeals != n || got.Open.Cell() != open.Sum().Cell() || got.Open.MissingCell() != open.Sum().MissingCell() || got.LastTouch != last || got.NextClose != next {
					t.Fatalf("as of %v %+v: want %d open worth %v, last touch %v, next close %v", asOf, got, n, open.Sum(), last, next)
				}
				x, err := account.Of(b, analytics.Scope{AsOf: asOf}, got.ID)
				if err != nil {
					t.Fatal(err)
				}
				if x.TouchCount != touches || len(x.Touches) != min(touches, account.MaxTouches) || x.Row.Grade != got.Grade || len(x.Sales) != account.Months {
					t.Fatalf("%s: %d touches, want %d", got.ID, x.TouchCount, touches)
				}
				year := b.Adder()
				for _, m := range x.Sales[account.Months-13:] { // thirteen calendar months hold any 365 days
					year.AddSum(m.Sum)
				}
				if got.Won.Money.Minor > year.Sum().Money.Minor {
					t.Fatalf("%s: %v in 365 days, more than %v in 13 months", got.ID, got.Won, year.Sum())
				}
				if x.Row.LastTouch != store.NoDay && store.DayOf(x.Touches[0].At, booktest.Zone) != last {
					t.Fatalf("%s: the first touch is not the last one", got.ID)
				}
			}
		}
	}
}

// TestAccount_NotBeforeItWasKnown: as of a past day there are only the customers of that day; a sign of one counts from its first, however late its
// record was made.
func TestAccount_NotBeforeItWasKnown(t *testing.T) {
	d := booktest.Today - 100
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, People: []store.Person{{ID: "p"}}, Accounts: []store.Account{
		{ID: "undated", Owner: "p"}, {ID: "that day", Owner: "p", Created: d}, {ID: "later", Owner: "p", Created: d + 1}, {ID: "dealt", Owner: "p", Created: d + 9},
		{ID: "touched", Owner: "p", Created: d + 9}, {ID: "sold", Owner: "p", Created: d + 9}},
		Deals:   []store.Deal{{ID: "1", Account: "dealt", Owner: "p", Created: d - 3}, {ID: "2", Account: "later", Owner: "p", Created: d + 3}},
		Touches: []store.Touch{{ID: "1", Account: "touched", Rep: "p", At: (d - 1).Time(booktest.Zone)}},
		Sales:   []store.Sale{{ID: "1", Account: "sold", Day: d, Amount: store.Money{Minor: 100, Currency: "CNY"}}},
	}
	r.Accounts[0].Created = store.NoDay
	b := booktest.Book(r)
	var got []store.ID
	for _, x := range account.All(b, analytics.Scope{AsOf: d}).Rows {
		got = append(got, x.ID)
		if x.Grade == "" {
			t.Errorf("%s is listed without a grade, as if it were not there", x.ID)
		}
	}
	slices.Sort(got)
	if want := []store.ID{"dealt", "sold", "that day", "touched", "undated"}; !slices.Equal(got, want) {
		t.Errorf("as of %s: %v, want %v", d, got, want)
	}
	if n := len(account.All(b, analytics.Scope{}).Rows); n != len(r.Accounts) {
		t.Errorf("today %d of %d", n, len(r.Accounts))
	}
}

// TestAccount_OnlyTheViewersOwn: whoever sees the account does not see other people's deals and touches on it, and who sees nothing of it is told the same as
// of one that does not exist.
func TestAccount_OnlyTheViewersOwn(t *testing.T) {
	at := booktest.Today.Time(booktest.Zone)
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"},
		Units:    []store.Unit{{ID: "east", Kind: store.UnitRegion}, {ID: "west", Kind: store.UnitRegion}, {ID: "north", Kind: store.UnitRegion}},
		People:   []store.Person{{ID: "li", Unit: "east"}, {ID: "wang", Unit: "west"}, {ID: "zhao", Unit: "north"}},
		Stages:   []store.Stage{{ID: "lead"}},
		Accounts: []store.Account{{ID: "acme", Owner: "li"}},
		Contacts: []store.Contact{{ID: "c1", Account: "acme", Influence: 20}, {ID: "c2", Account: "acme", Influence: 90}},
		Deals: []store.Deal{
			{ID: "d1", Account: "acme", Owner: "li", Stage: "lead", Amount: store.Money{Minor: 100, Currency: "CNY"}, Created: booktest.Today - 9, Close: store.NoDay},
			{ID: "d2", Account: "acme", Owner: "wang", Stage: "lead", Amount: store.Money{Minor: 7, Currency: "CNY"}, Created: booktest.Today - 9, Close: store.NoDay}},
		Touches: []store.Touch{{ID: "t1", Account: "acme", Rep: "li", Contact: "c1", At: at}, {ID: "t2", Account: "acme", Rep: "wang", At: at.Add(-48 * time.Hour)}},
	}
	b := booktest.Book(r)
	x, err := account.Of(b, analytics.Scope{Root: "west"}, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Deals) != 1 || x.Deals[0].ID != "d2" || x.Row.Open.Cell() != "0.07" || len(x.Touches) != 1 || x.Touches[0].ID != "t2" || x.Row.SilentDays != 2 {
		t.Errorf("west sees %+v", x)
	}
	if x.Contacts[0].ID != "c2" || x.Contacts[1].Touches != 0 || x.Contacts[1].Last != store.NoDay {
		t.Errorf("contacts %+v: want by influence, without the east's touch", x.Contacts)
	}
	if whole, _ := account.Of(b, analytics.Scope{}, "acme"); len(whole.Deals) != 2 || whole.Contacts[1].Touches != 1 {
		t.Errorf("the company sees %+v", whole)
	}
	for root, id := range map[store.ID]store.ID{"north": "acme", "": "nobody", "no such node": "acme"} {
		if _, err := account.Of(b, analytics.Scope{Root: root}, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("root %q, account %q: %v, want not found", root, id, err)
		}
	}
	if rows := account.All(b, analytics.Scope{Root: "west"}).Rows; slices.ContainsFunc(rows, func(r account.Row) bool { return r.ID == "acme" }) {
		t.Error("the west's list holds an account that the east owns")
	}
}

func BenchmarkAll(b *testing.B) {
	book := booktest.Book(booktest.Company(booktest.Rand(b), booktest.Demo, booktest.With{Touches: true, Grades: true, Sales: true}))
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			account.All(book, analytics.Scope{})
		}
	})
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			if _, err := account.Of(book, analytics.Scope{}, "t:account7"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
