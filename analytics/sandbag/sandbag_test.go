package sandbag_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/sandbag"
	"flightdeck/store"
)

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

// house is reps "t:<name>" in one team with deals that were promised, perhaps pushed, and won.
type house struct {
	store.Records
	n int
}

func newHouse(reps ...string) *house {
	h := &house{Records: store.Records{
		Org:    &store.Org{Name: "F", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		Units:  []store.Unit{{ID: "t:team", Name: "Team", Kind: store.UnitTeam}},
		Stages: []store.Stage{{ID: "lead", Name: "lead"}, {ID: "won", Name: "won", Kind: store.StageWon, Order: 1}},
	}}
	for _, r := range reps {
		h.People = append(h.People, store.Person{ID: store.MakeID("t", r), Name: r, Unit: "t:team"})
	}
	return h
}

// deal is won on closed, 0: still open, with promises that replace each other ten days apart, the last two days before the close.
func (h *house) deal(rep string, closed store.Day, promises ...store.Day) store.ID {
	h.n++
	id := store.MakeID("t", fmt.Sprint(h.n))
	d := store.Deal{ID: id, Owner: store.MakeID("t", rep), Stage: "lead", Amount: store.Money{Minor: 1e6, Currency: "CNY"}, Close: promises[len(promises)-1]}
	last := closed - 2
	if closed == 0 {
		last = booktest.Today - 2
	}
	d.Created = last - store.Day(10*len(promises)) - 20
	h.Changes = append(h.Changes, store.Change{Deal: id, Field: store.FieldStage, To: "lead", At: at(d.Created)})
	for i := 1; i < len(promises); i++ {
		h.Changes = append(h.Changes, store.Change{Deal: id, Field: store.FieldClose, From: promises[i-1].String(), To: promises[i].String(), At: at(last - store.Day(10*(len(promises)-1-i)))})
	}
	if closed != 0 {
		h.Changes = append(h.Changes, store.Change{Deal: id, Field: store.FieldStage, From: "lead", To: "won", At: at(closed)},
			store.Change{Deal: id, Field: store.FieldClose, From: d.Close.String(), To: closed.String(), At: at(closed)})
		d.Stage, d.Close = "won", closed
	}
	h.Deals = append(h.Deals, d)
	return id
}

func row(t *testing.T, b *analytics.Book, s analytics.Scope, name string) sandbag.Row {
	t.Helper()
	for _, r := range sandbag.Of(b, nil, s).Rows {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("%s has no row", name)
	return sandbag.Row{}
}

// month is a day of one of the months before today's, for the i-th deal.
func month(i, day int) store.Day { return store.Date(2025, time.Month(1+i%17), day) }

// TestOf_Clustering: who promises the 25th to 30th and closes from the 8th to the 12th is found; who closes when promised is not, though he promises the month's end as well; nineteen deals
// say nothing.
func TestOf_Clustering(t *testing.T) {
	h := newHouse("bag", "fair", "few")
	for i := range 24 {
		h.deal("bag", month(i, 8+i%5), month(i, 25+i%4))
		h.deal("fair", month(i, 25+i%4), month(i, 25+(i+1)%4))
		if i < 19 {
			h.deal("few", month(i, 8+i%5), month(i, 25+i%4))
		}
	}
	open := h.deal("bag", 0, booktest.Today+12) // the 27th
	mid := h.deal("bag", 0, booktest.Today+3)
	b := booktest.Book(&h.Records)
	bag, fair, few := row(t, b, analytics.Scope{}, "bag"), row(t, b, analytics.Scope{}, "fair"), row(t, b, analytics.Scope{}, "few")
	if !bag.Cluster.Red || bag.Cluster.K != 24 || bag.Cluster.Expected != 0 || bag.Actual != 1 || bag.Distance < 12 || bag.Early < 12 || bag.Cluster.Q > .01 {
		t.Errorf("%+v", bag)
	}
	if fair.Cluster.Red || fair.Cluster.TooFew || fair.Cluster.Share != 1 {
		t.Errorf("%+v", fair)
	}
	if !few.Cluster.TooFew || few.Red() || few.Cluster.P != 1 || few.Cluster.N != 19 {
		t.Errorf("%+v", few)
	}
	a := sandbag.Of(b, nil, analytics.Scope{})
	if a.People != 3 || a.TooFew != 1 || a.Red == 0 || !a.Rows[0].Red() {
		t.Errorf("%+v", a)
	}
	cases, err := sandbag.Cases(b, nil, analytics.Scope{Node: "t:bag"})
	if err != nil || len(cases.Cases) != 24 || cases.Cases[0].Finding != sandbag.Clustered || cases.Cases[0].Reason.En == "" || cases.Cases[0].Day < cases.Cases[23].Day {
		t.Errorf("%d cases, %v", len(cases.Cases), err)
	}
	w := sandbag.Watched(b, nil, booktest.Today)
	for id, want := range map[store.ID]bool{open: true, mid: false} {
		c, _ := b.DealCode(id)
		d := b.DealAt(c, booktest.Today)
		if reason, _, ok := w.Deal(&d); ok != want || ok != (reason.Zh != "") {
			t.Errorf("%s: %v, %+v", id, ok, reason)
		}
	}
	// As of a day before it was known, it is not; another's part is not there.
	if r := row(t, b, analytics.Scope{AsOf: store.Date(2025, time.September, 30)}, "bag"); r.Red() || r.Deals >= 20 {
		t.Errorf("%+v", r)
	}
	if _, err := sandbag.Cases(b, nil, analytics.Scope{Root: "t:few", Node: "t:bag"}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	for _, r := range sandbag.Of(b, nil, analytics.Scope{Root: "t:few"}).Rows {
		if r.Name != "few" {
			t.Errorf("%s is not theirs", r.Name)
		}
	}
}

// TestOf_OverAndRush: pushes just over a quarter's end, and wins in its last days, beside people who do neither.
func TestOf_OverAndRush(t *testing.T) {
	h := newHouse("over", "rush", "fair")
	for i := range 24 {
		h.deal("over", month(i, 18), store.Date(2025, time.March, 20), store.Date(2025, time.April, 1+i%8))
		h.deal("rush", store.Date(2025, time.Month(3*(1+i%5)), 27+i%3), month(i, 14))
		h.deal("fair", month(i, 3+i%20), store.Date(2025, time.March, 1+i%28), store.Date(2025, time.May, 1+i%28))
	}
	b := booktest.Book(&h.Records)
	over, rush, fair := row(t, b, analytics.Scope{}, "over"), row(t, b, analytics.Scope{}, "rush"), row(t, b, analytics.Scope{}, "fair")
	if !over.Over.Red || over.Over.K != over.Over.N || over.Over.N != 24 || over.Rush.Red {
		t.Errorf("%+v", over)
	}
	if !rush.Rush.Red || rush.Rush.K != 24 || rush.Over.N != 0 || !rush.Over.TooFew {
		t.Errorf("%+v", rush)
	}
	if fair.Red() || fair.Over.N != 24 || fair.Over.K != 0 {
		t.Errorf("%+v", fair)
	}
	l, err := sandbag.Cases(b, nil, analytics.Scope{Node: "t:over"})
	if err != nil || len(l.Cases) < 24 {
		t.Errorf("%d cases, %v", len(l.Cases), err)
	}
	p, err := rule.NewSchema(rule.ForecastSection).Parse("r.yaml", []byte("forecast: {clustering: {deals: 30}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := sandbag.Of(b, p, analytics.Scope{}); a.Red != 0 || a.TooFew != 3 || a.Least != 30 {
		t.Errorf("%+v", a)
	}
}

// TestOf_Odd: deals without history, dates, or an end say nothing and break nothing; a random company is no different.
func TestOf_Odd(t *testing.T) {
	h := newHouse("a")
	h.Deals = []store.Deal{{ID: "t:1", Owner: "t:a", Stage: "won", Close: store.NoDay, Created: booktest.Today - 3}, {ID: "t:2", Owner: "t:ghost", Stage: "won", Close: 0, Created: booktest.Today - 3},
		{ID: "t:3", Stage: "lead", Created: store.NoDay, Close: store.MaxDay}}
	h.Changes = []store.Change{{Deal: "t:3", Field: store.FieldClose, From: "1970-01-01", To: store.MaxDay.String(), At: at(booktest.Today - 1)}}
	if a := sandbag.Of(booktest.Book(&h.Records), nil, analytics.Scope{}); a.Red != 0 {
		t.Errorf("%+v", a)
	}
	if a := sandbag.Of(booktest.Book(&store.Records{}), nil, analytics.Scope{}); len(a.Rows) != 0 {
		t.Errorf("%+v", a)
	}
	r := booktest.Company(booktest.Rand(t), booktest.Size{Teams: 4, People: 12, Accounts: 20, Deals: 400}, booktest.With{})
	for _, x := range sandbag.Of(booktest.Book(r), nil, analytics.Scope{}).Rows {
		for _, k := range []sandbag.Test{x.Cluster, x.Over, x.Rush} {
			if k.K > k.N || k.P < 0 || k.P > 1 || k.Q < k.P-1e-9 || k.Q > 1 {
				t.Fatalf("%+v", x)
			}
		}
	}
}

// BenchmarkSandbag guards the background work of the habits: every event of the window, and all tests.
func BenchmarkSandbag(b *testing.B) {
	book := booktest.Large(b)
	for i := 0; b.Loop(); i++ {
		sandbag.Of(book, nil, analytics.Scope{AsOf: book.Today() - analytics.Day(i)})
	}
}
