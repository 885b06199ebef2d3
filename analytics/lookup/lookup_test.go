package lookup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/store"
)

// TestNames_FindAgainstAmong: what the sets of rows give is what looking at every name gives, typed letter by letter or at once, for the whole company and a team, now and
// in the past.
func TestNames_FindAgainstAmong(t *testing.T) {
	r := booktest.Rand(t)
	letters := []rune("aAbBeElLsSſkK\u212Aİé客户宁德（Ａ1-_ ")
	word := func(n int) string {
		w := make([]rune, r.IntN(n+1))
		for i := range w {
			w[i] = letters[r.IntN(len(letters))]
		}
		return string(w)
	}
	rec := booktest.Company(r, booktest.Size{Teams: 3, People: 8, Accounts: 300, Deals: 900}, booktest.With{})
	for i := range rec.Accounts {
		rec.Accounts[i].Name = word(10)
	}
	for i := range rec.Deals {
		rec.Deals[i].Name = word(14)
	}
	b := booktest.Book(rec)
	found := 0
	for _, root := range []store.ID{"", b.Nodes()[1].ID} {
		for _, asOf := range []analytics.Day{0, b.Today() - 200} {
			names := Of(b, root, asOf)
			sel := b.Select(analytics.Scope{Root: root, AsOf: asOf})
			var all []Name
			for c := range sel.Accounts() {
				if x := b.Account(c); x.Name != "" {
					all = append(all, Name{x.ID, x.Name, false})
				}
			}
			accounts := len(all)
			for d := range sel.Deals() {
				if x := b.Deal(d.Deal); x.Name != "" {
					all = append(all, Name{x.ID, x.Name, true})
				}
			}
			if names.Len() != len(all) || len(all) == 0 {
				t.Fatalf("%q: %d names, want %d", root, names.Len(), len(all))
			}
			for i := range all {
				if names.At(i) != all[i] {
					t.Fatalf("%q: name %d is %v, want %v", root, i, names.At(i), all[i])
				}
			}
			for range 250 {
				text := word(5)
				most := 1 + r.IntN(40)
				want := Among(text, len(all), func(i int) string { return all[i].Name })
				for i := range want {
					want[i].Group = ofAccounts
					if want[i].Index >= accounts {
						want[i].Group = ofDeals
					}
				}
				slices.SortFunc(want, Compare)
				want = want[:min(most, len(want))]
				got, err := names.Find(context.Background(), text, most)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%q, %d of %q:\n got %v %v\nwant %v", text, most, root, show(got, all), err, show(want, all))
				}
				found += len(got)
			}
		}
	}
	if found < 5000 {
		t.Errorf("only %d hits: the test says little", found)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Of(b, "", 0).Find(ctx, "a", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended: %v", err)
	}
	if none, err := (*Names)(nil).Find(context.Background(), "a", 10); len(none) > 0 || err != nil {
		t.Errorf("no names: %v, %v", none, err)
	}
}

func show(hits []Hit, all []Name) (out []string) {
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%d/%d %q", h.Class, h.Score, all[h.Index].Name))
	}
	return out
}

func TestAmong_Order(t *testing.T) {
	texts := []string{"fan uncle nel", "a funnel", "refunnelled", "funnel chart", "Funnel", "FUNNELS", "漏斗funnel", "fun", "x fun nel"}
	var got []string
	for _, h := range Among(" funnel ", len(texts), func(i int) string { return texts[i] }) {
		got = append(got, texts[h.Index])
	}
	want := []string{"Funnel", "FUNNELS", "funnel chart", "a funnel", "漏斗funnel", "refunnelled", "x fun nel", "fan uncle nel"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if Among(" \u3000", 3, func(int) string { return "x" }) != nil {
		t.Error("blanks find something")
	}
}

// TestNames_Weighed: of names whose letters stand apart the first are weighed, accounts before deals.
func TestNames_Weighed(t *testing.T) {
	defer func(n int) { weighed = n }(weighed)
	weighed = 5
	rec := &store.Records{Org: &store.Org{TimeZone: "UTC", Currency: "CNY"}, Stages: []store.Stage{{ID: "lead"}}}
	for i := range 4 {
		rec.Accounts = append(rec.Accounts, store.Account{ID: store.ID(fmt.Sprint("a", i)), Name: fmt.Sprint("x", i, "y")})
		rec.Deals = append(rec.Deals, store.Deal{ID: store.ID(fmt.Sprint("d", i)), Name: fmt.Sprint("x", i, "y"), Stage: "lead"})
	}
	hits, err := Of(booktest.Book(rec), "", 0).Find(context.Background(), "xy", 10)
	if err != nil || len(hits) != 5 || hits[4].Index != 4 || hits[4].Group != ofDeals {
		t.Errorf("%v, %v: want the four accounts and one deal", hits, err)
	}
}
