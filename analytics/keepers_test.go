package analytics_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// TestSelection_ShareAccounts: the ranges hold every account that matches, once, wherever it lies, and of a team that has few not all.
func TestSelection_ShareAccounts(t *testing.T) {
	rng := storetest.Rand(t)
	const teams, people, accounts = 5, 20, 50_000
	r := &store.Records{Org: &store.Org{Name: "x", TimeZone: "Asia/Shanghai", Currency: "CNY"}}
	for i := range teams {
		r.Units = append(r.Units, store.Unit{ID: store.ID(fmt.Sprint("u", i)), Kind: store.UnitTeam})
	}
	for i := range people {
		r.People = append(r.People, store.Person{ID: store.ID(fmt.Sprint("p", i)), Unit: store.ID(fmt.Sprint("u", i*teams/people))})
	}
	for i := range accounts {
		a := store.Account{ID: store.ID(fmt.Sprint("a", i)), Owner: store.ID(fmt.Sprint("p", i*people/accounts))}
		if i > 9*accounts/10 { // the newest lie as they came
			a.Owner = store.ID(fmt.Sprint("p", rng.IntN(people)))
		}
		if i == accounts/2 {
			a.Owner = "somebody"
			r.Deals = append(r.Deals, store.Deal{ID: "d", Account: a.ID, Owner: "p1"})
		}
		r.Accounts = append(r.Accounts, a)
	}
	b := booktest.Book(r)
	for _, n := range b.Nodes() {
		sel := b.Select(analytics.Scope{Node: n.ID})
		var match, seen atomic.Int64
		times := make([]atomic.Int32, accounts)
		sel.ShareAccounts(func(_ int, first, last analytics.Code) {
			for c := first; c < last; c++ {
				times[c].Add(1)
				seen.Add(1)
				if sel.Account(c) {
					match.Add(1)
				}
			}
		})
		want := int64(0)
		for c := range analytics.Code(accounts) {
			if times[c].Load() > 1 {
				t.Fatalf("%s: account %d was given %d times", n.ID, c, times[c].Load())
			}
			if sel.Account(c) {
				want++
			}
		}
		if match.Load() != want {
			t.Errorf("%s: %d accounts match, want %d", n.ID, match.Load(), want)
		}
		if n.Kind == store.UnitTeam.String() && n.ID != analytics.NodeUnassigned && seen.Load() == accounts {
			t.Errorf("%s: all accounts were looked at", n.ID)
		}
	}
}
