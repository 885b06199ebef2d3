// Package booktest makes random companies for the tests and benchmarks of the analyses: small ones full of gaps (nobody's account, a rep nobody
// described, an unknown hour, a currency without a rate) and one of the demo's size.
//
// It makes records and refuses to make answers: what is right is for each test to say, by the plainest means.
package booktest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// Today is the day on the clock of every company made here, a Wednesday.
var Today = store.Date(2026, 7, 15)

// Zone is their time zone.
var Zone = time.FixedZone("CST", 8*3600)

// Size says how many of each.
type Size struct{ Teams, People, Accounts, Deals, Touches int }

// Demo is the size of the demo company.
var Demo = Size{Teams: 12, People: 60, Accounts: 600, Deals: 4000, Touches: 60000}

// With switches what a company has.
type With struct {
	Touches, Grades, Sales bool
}

// Rand returns a generator whose seed is printed: [storetest.Rand].
func Rand(t testing.TB) *rand.Rand { return storetest.Rand(t) }

// Book makes a Book of r with the clock at Today.
func Book(r *store.Records) *analytics.Book {
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return Today.Time(Zone).Add(20 * time.Hour) }})
}

// Company makes a random company.
func Company(rng *rand.Rand, n Size, with With) *store.Records {
	r := &store.Records{Org: &store.Org{Name: "Random", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January,
		Rates: map[store.Currency]string{"USD": "7.1"}}}
	id := func(kind string, i int) store.ID { return store.MakeID("t", fmt.Sprintf("%s%d", kind, i)) }
	some := func(kind string, n int, none float64) store.ID {
		if n == 0 || rng.Float64() < none {
			return ""
		}
		return id(kind, rng.IntN(n))
	}
	day := func() store.Day { return Today - store.Day(rng.IntN(800)) + 20 }
	at := func(d store.Day) time.Time { return d.Time(Zone).Add(time.Duration(rng.IntN(24*60)) * time.Minute) }
	money := func() store.Money {
		switch rng.IntN(20) {
		case 0:
			return store.Money{}
		case 1:
			return store.Money{Minor: rng.Int64N(1e8), Currency: "EUR"} // no rate
		case 2, 3, 4:
			return store.Money{Minor: rng.Int64N(1e8), Currency: "USD"}
		}
		return store.Money{Minor: rng.Int64N(1e9), Currency: "CNY"}
	}
	regions := 1 + n.Teams/4
	for i := range regions {
		r.Units = append(r.Units, store.Unit{ID: id("region", i), Name: fmt.Sprintf("Region %d", i), Kind: store.UnitRegion, Manager: id("person", i)})
	}
	for i := range n.Teams {
		r.Units = append(r.Units, store.Unit{ID: id("team", i), Parent: some("region", regions, 0.05), Name: fmt.Sprintf("Team %d", i), Kind: store.UnitTeam})
	}
	for i := range n.People {
		p := store.Person{ID: id("person", i), Name: fmt.Sprintf("Person %d", i), Unit: some("team", n.Teams, 0.05), Inactive: rng.IntN(10) == 0}
		if i < regions {
			p.Unit = id("region", i)
		}
		r.People = append(r.People, p)
	}
	for i, s := range []struct {
		id   store.ID
		kind store.StageKind
		p    int
	}{{"lead", store.StageOpen, 10}, {"quoted", store.StageOpen, 50}, {"won", store.StageWon, 100}, {"lost", store.StageLost, 0}} {
		r.Stages = append(r.Stages, store.Stage{ID: s.id, Name: string(s.id), NameEn: string(s.id), Order: i, Kind: s.kind, Probability: s.p})
	}
	industries := []string{"", "医疗", "retail"}
	for i := range n.Accounts {
		a := store.Account{ID: id("account", i), Name: fmt.Sprintf("Account %d", i), Owner: some("person", n.People+1, 0.15), Industry: industries[rng.IntN(3)], Created: day()}
		if rng.IntN(4) == 0 {
			a.Created = store.NoDay
		}
		r.Accounts = append(r.Accounts, a)
		r.Contacts = append(r.Contacts, store.Contact{ID: id("contact", i), Account: a.ID, Name: fmt.Sprintf("Contact %d", i), Influence: rng.IntN(101)})
		if with.Grades && rng.IntN(5) > 0 {
			g := store.Grade("")
			for k, d := 0, day(); k < 1+rng.IntN(12) && d <= Today; k, d = k+1, d+store.Day(rng.IntN(90)) {
				next := store.Grade([]string{"A", "B", "C", "D", ""}[rng.IntN(5)])
				c := store.GradeChange{ID: store.MakeID("t", fmt.Sprintf("g%d-%d", i, k)), Account: a.ID, From: g, To: next, At: at(d), Cause: "volume", Rule: "v1"}
				if rng.IntN(6) == 0 {
					c.Cause = ""
				}
				r.Grades = append(r.Grades, c)
				g = next
			}
		}
		for k := range rng.IntN(8) {
			r.Health = append(r.Health, store.Health{ID: store.MakeID("t", fmt.Sprintf("h%d-%d", i, k)), Account: a.ID, Day: day(), Score: rng.IntN(101)})
			r.Readings = append(r.Readings, store.Reading{ID: store.MakeID("t", fmt.Sprintf("m%d-%d", i, k)), Account: a.ID, Day: day(), Values: map[string]float64{"logins": float64(rng.IntN(60))}})
		}
		if with.Sales {
			for k := range rng.IntN(12) {
				r.Sales = append(r.Sales, store.Sale{ID: store.MakeID("t", fmt.Sprintf("s%d-%d", i, k)), Account: a.ID, Day: day(), Amount: money()})
			}
		}
	}
	for i := range n.Deals {
		created := day()
		d := store.Deal{ID: id("deal", i), Name: fmt.Sprintf("Deal %d", i), Account: some("account", n.Accounts, 0.1), Owner: some("person", n.People, 0.05),
			Amount: money(), Created: created, Close: created + store.Day(rng.IntN(200))}
		if rng.IntN(8) == 0 {
			d.Created, d.Close = store.NoDay, store.NoDay
		}
		from, when := store.ID(""), created
		for k := range 1 + rng.IntN(4) {
			to := r.Stages[rng.IntN(4)].ID
			if to == from || when > Today {
				continue
			}
			if rng.IntN(6) > 0 || k == 0 {
				c := store.Change{Deal: d.ID, Field: store.FieldStage, From: string(from), To: string(to), At: at(when)}
				if c.DayOnly = rng.IntN(3) == 0; c.DayOnly {
					c.At = when.Time(Zone)
				}
				r.Changes = append(r.Changes, c)
				from = to
			}
			when += store.Day(rng.IntN(100))
		}
		if d.Stage = from; from == "" {
			d.Stage = "lead"
		}
		r.Deals = append(r.Deals, d)
	}
	if with.Touches {
		areas := []string{"", "广东省", "广东省/深圳市", "广东省/深圳市/南山区", "广东省/深圳市/福田区", "广东省/广州市/天河区", "浙江省/杭州市/西湖区", "广东"}
		for i := range n.Touches {
			d := day()
			t := store.Touch{ID: id("touch", i), Account: some("account", n.Accounts, 0.05), Deal: some("deal", n.Deals, 0.5), Rep: some("person", n.People+1, 0.05),
				At: at(d), Channel: store.Channel(rng.IntN(7)), Sentiment: store.Sentiment(rng.IntN(4)), Area: areas[rng.IntN(len(areas))], Topic: "price", Minutes: 30}
			if t.DayOnly = rng.IntN(6) == 0; t.DayOnly {
				t.At = d.Time(Zone)
			} else if rng.IntN(2) == 0 {
				t.Logged = t.At.Add(time.Duration(rng.IntN(100)) * time.Minute)
			}
			r.Touches = append(r.Touches, t)
		}
	}
	return r
}
