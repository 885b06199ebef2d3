package person_test

import (
	"errors"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/person"
	"flightdeck/store"
)

// TestPerson_SameFigures: the screen shows what the other analyses show of the same person.
func TestPerson_SameFigures(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 3, People: 8, Accounts: 15, Deals: 80, Touches: 300}, booktest.With{Touches: true})
	b := booktest.Book(r)
	for _, asOf := range []store.Day{booktest.Today, booktest.Today - 120} {
		s := analytics.Scope{AsOf: asOf}
		rows := map[store.ID]forecast.Row{}
		for _, row := range forecast.Of(b, s).Rows {
			rows[row.Node] = row
		}
		for _, p := range r.People {
			x, err := person.Of(b, s, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if want := rows[p.ID]; x.Forecast.Closed.Cell() != want.Closed.Cell() && want.Node != "" || x.Forecast.Deals != want.Deals {
				t.Fatalf("%s: forecast %+v, want %+v", p.ID, x.Forecast, want)
			}
			open, owned, touches, first := 0, 0, 0, asOf-store.Day((int(asOf.Weekday())+6)%7)-77
			for _, d := range r.Deals {
				c, _ := b.DealCode(d.ID)
				if st := b.DealAt(c, asOf); st.Open() && b.Person(st.Owner).ID == p.ID {
					open++
				}
			}
			for _, a := range r.Accounts {
				if a.Owner == p.ID {
					owned++
				}
			}
			last := store.NoDay
			for _, tt := range r.Touches {
				if day := store.DayOf(tt.At, booktest.Zone); tt.Rep == p.ID && day <= asOf {
					last = max(last, day)
					if day >= first {
						touches++
					}
				}
			}
			sum := 0
			for _, w := range x.Weeks {
				sum += w.Touches
			}
			if len(x.Open) != open || len(x.Accounts) != owned || x.Touches != touches || sum != touches || x.LastTouch != last || len(x.Weeks) != person.Weeks {
				t.Fatalf("%s as of %v: %d open, %d accounts, %d touches, last %v; want %d, %d, %d, %v", p.ID, asOf, len(x.Open), len(x.Accounts), x.Touches,
					x.LastTouch, open, owned, touches, last)
			}
		}
	}
}

func TestPerson_NotVisible(t *testing.T) {
	r := &store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}, Units: []store.Unit{{ID: "east", Name: "华东", Manager: "boss"}, {ID: "west"}},
		People: []store.Person{{ID: "boss", Unit: "east"}, {ID: "li", Unit: "east"}, {ID: "wang", Unit: "west"}}}
	b := booktest.Book(r)
	if x, err := person.Of(b, analytics.Scope{Root: "east"}, "boss"); err != nil || !x.Facts.Leads || x.Facts.UnitName != "华东" {
		t.Errorf("%+v, %v", x.Facts, err)
	}
	for root, id := range map[store.ID]store.PersonID{"east": "wang", "li": "boss", "": "nobody", "nowhere": "li"} {
		if _, err := person.Of(b, analytics.Scope{Root: root}, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("root %q, person %q: %v, want not found", root, id, err)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	book := booktest.Book(booktest.Company(booktest.Rand(b), booktest.Demo, booktest.With{Touches: true, Grades: true, Sales: true}))
	for b.Loop() {
		if _, err := person.Of(book, analytics.Scope{}, "t:person7"); err != nil {
			b.Fatal(err)
		}
	}
}
