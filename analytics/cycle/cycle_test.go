package cycle_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/cycle"
	"flightdeck/store"
)

// firm has won deals of product p that took each of the days from stage "lead" on, and an open deal "t:x" of it that entered the stage ten days ago.
func firm(days []int, change func(*store.Deal)) *analytics.Book {
	return booktest.Book(records(days, change))
}

func records(days []int, change func(*store.Deal)) *store.Records {
	r := &store.Records{Org: &store.Org{Name: "F", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		Stages:   []store.Stage{{ID: "lead", Name: "lead"}, {ID: "won", Name: "won", Kind: store.StageWon, Order: 1}},
		People:   []store.Person{{ID: "t:p", Name: "P"}},
		Products: []store.Product{{ID: "t:prod", Name: "prod"}}}
	step := func(d *store.Deal, to string, on store.Day) {
		r.Changes = append(r.Changes, store.Change{Deal: d.ID, Field: store.FieldStage, From: string(d.Stage), To: to, At: on.Time(booktest.Zone).Add(9 * time.Hour)})
		d.Stage = store.ID(to)
	}
	for i, n := range days {
		d := store.Deal{ID: store.MakeID("t", fmt.Sprint(i)), Owner: "t:p", Product: "t:prod", Created: booktest.Today - 400, Amount: store.Money{Minor: int64(1e6 + 1e4*i), Currency: "CNY"}}
		step(&d, "lead", d.Created)
		step(&d, "won", d.Created+store.Day(n))
		d.Close = d.Created + store.Day(n)
		r.Deals = append(r.Deals, d)
	}
	d := store.Deal{ID: "t:x", Owner: "t:p", Product: "t:prod", Created: booktest.Today - 10, Close: booktest.Today + 20, Amount: store.Money{Minor: 1e6, Currency: "CNY"}}
	step(&d, "lead", d.Created)
	if change != nil {
		change(&d)
	}
	r.Deals = append(r.Deals, d)
	return r
}

var month = []int{20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44}

// TestOf_ByHand: thirteen deals of 20 to 44 days; the median is 32 days, the deviations of the logs are known, and no coarser group differs.
func TestOf_ByHand(t *testing.T) {
	a, err := cycle.Of(firm(month, nil), nil, analytics.Scope{}, "t:x")
	if err != nil {
		t.Fatal(err)
	}
	n, v := a.Cycle, a.Versions[0]
	if n.Level != cycle.StageProduct && n.Level != cycle.StageSizeProductRegion || n.Centre != 32 || a.From != "stage" {
		t.Fatalf("%+v from %s", n, a.From)
	}
	sigma := 1.4826 * (math.Log(33) - math.Log(27)) // the median of thirteen deviations is the seventh
	if want := math.Expm1(math.Log(33) + 2*sigma); math.Abs(float64(n.High)-want) > 2.5 {
		t.Errorf("two spreads above is %d days, want about %.1f", n.High, want)
	}
	if v.Days != 30 || v.Red || v.Z == nil || *v.Z > 0 || *v.Z < -1 || v.Kind != cycle.Neutral {
		t.Errorf("%+v", v)
	}
	sum := 0
	for _, b := range a.Bins {
		sum += b.N
	}
	if sum != n.N {
		t.Errorf("the histogram holds %d of %d", sum, n.N)
	}
}

func TestOf_RedAndOdd(t *testing.T) {
	for name, c := range map[string]struct {
		days   []int
		change func(*store.Deal)
		check  func(t *testing.T, a cycle.Answer)
	}{
		"far too soon": {month, func(d *store.Deal) { d.Close = booktest.Today - 8 + 1 + 8 }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; v.Passed || !v.Red || *v.Z > -2 {
				t.Errorf("%+v", v)
			}
		}},
		"passed": {month, func(d *store.Deal) { d.Close = booktest.Today - 1 }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; !v.Passed || !v.Red {
				t.Errorf("%+v", v)
			}
		}},
		"1970 and no amount": {month, func(d *store.Deal) { d.Close, d.Amount = 0, store.Money{} }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; !v.Passed || v.Days != 0 || v.AmountZ != nil || v.AmountRed {
				t.Errorf("%+v", v)
			}
		}},
		"no date": {month, func(d *store.Deal) { d.Close = store.NoDay }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; v.Red || v.Z != nil || v.Days != -1 {
				t.Errorf("%+v", v)
			}
		}},
		"a hundred times the amount": {month, func(d *store.Deal) { d.Amount.Minor *= 100 }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; !v.AmountRed || *v.AmountZ < 2 {
				t.Errorf("%+v", v)
			}
		}},
		"negative amount": {month, func(d *store.Deal) { d.Amount.Minor = -5 }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; v.AmountZ != nil || v.AmountRed {
				t.Errorf("%+v", v)
			}
		}},
		"three closed deals": {[]int{20, 30, 40}, func(d *store.Deal) { d.Close = booktest.Today + 900 }, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; a.Cycle.Level != cycle.TooFew || a.Cycle.N != 3 || v.Red || v.Z != nil {
				t.Errorf("%+v %+v", a.Cycle, v)
			}
		}},
		"all one day": {[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, nil, func(t *testing.T, a cycle.Answer) {
			if v := a.Versions[0]; a.Cycle.Level != cycle.TooFew || v.Red {
				t.Errorf("ties have no spread, and their parent has none either: %+v %+v", a.Cycle, v)
			}
		}},
		"three versions": {month, func(d *store.Deal) {
			d.Extra = map[string]string{"optimistic_close": (booktest.Today + 10).String(), "pessimistic_close": "2040-01-01", "pessimistic_amount": "a lot"}
		}, func(t *testing.T, a cycle.Answer) {
			if len(a.Versions) != 3 || a.Versions[1].Red || !a.Versions[2].Red || a.Versions[2].Problem == "" {
				t.Errorf("%+v", a.Versions)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := cycle.Of(firm(c.days, c.change), nil, analytics.Scope{}, "t:x")
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, a)
		})
	}
	b := firm(month, nil)
	for _, id := range []store.ID{"t:0", "t:none"} {
		if _, err := cycle.Of(b, nil, analytics.Scope{}, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestRed_OnlyWhatWasKnown: as of a day before the similar deals were won there are none, and of today's list each deal is red.
func TestRed_OnlyWhatWasKnown(t *testing.T) {
	b := firm(month, func(d *store.Deal) { d.Created = booktest.Today - 399 })
	if a, err := cycle.Of(b, nil, analytics.Scope{AsOf: booktest.Today - 395}, "t:x"); err != nil || a.Cycle.Level != cycle.TooFew || a.Cycle.N != 0 {
		t.Errorf("%+v, %v", a.Cycle, err)
	}
	r := booktest.Company(booktest.Rand(t), booktest.Size{Teams: 3, People: 9, Accounts: 40, Deals: 600}, booktest.With{})
	l := cycle.Red(booktest.Book(r), nil, analytics.Scope{})
	if l.Judged == 0 || len(l.Rows) == 0 {
		t.Fatalf("%d judged, %d red", l.Judged, len(l.Rows))
	}
	for i := range l.Rows {
		if !l.Rows[i].Red() {
			t.Errorf("%s is no red one", l.Rows[i].Deal.ID)
		}
	}
}

// TestOf_NoProduct: where deals have no product two levels are the same deals, which count once.
func TestOf_NoProduct(t *testing.T) {
	r := booktest.Company(booktest.Rand(t), booktest.Size{Teams: 3, People: 9, Accounts: 40, Deals: 600}, booktest.With{})
	b := booktest.Book(r)
	won := 0
	for d := range b.Select(analytics.Scope{}).Deals() {
		if d.Kind == store.StageWon {
			won++
		}
	}
	for _, a := range cycle.Red(b, nil, analytics.Scope{}).Rows {
		if a.Cycle.N > won || a.Amount.N > won {
			t.Fatalf("%d and %d similar deals of %d", a.Cycle.N, a.Amount.N, won)
		}
	}
}

// TestOf_VersionsOverTime: what each version said stands with the day since when, as of any day; a day before the store saw them has the neutral version alone.
func TestOf_VersionsOverTime(t *testing.T) {
	today := booktest.Today
	rec := records(month, func(d *store.Deal) {
		d.Extra = map[string]string{"optimistic_close": (today + 10).String(), "pessimistic_close": (today + 90).String()}
	})
	step := func(f store.Field, from, to store.Day, on store.Day) {
		rec.Changes = append(rec.Changes, store.Change{Deal: "t:x", Field: f, From: from.String(), To: to.String(), At: on.Time(booktest.Zone).Add(9 * time.Hour)})
	}
	var close store.Day
	for _, d := range rec.Deals {
		if d.ID == "t:x" {
			close = d.Close
		}
	}
	step(store.FieldOptimisticClose, store.NoDay, today-3, today-8)
	step(store.FieldOptimisticClose, today-3, today+10, today-2)
	step(store.FieldPessimisticClose, store.NoDay, today+90, today-8)
	step(store.FieldClose, close-7, close, today-5)
	b := booktest.Book(rec)
	show := func(day store.Day) string {
		a, err := cycle.Of(b, nil, analytics.Scope{AsOf: day}, "t:x")
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for i, list := range [][]cycle.Version{a.Versions, a.Earlier} {
			for _, v := range list {
				if i == 1 && v.Passed {
					t.Errorf("an earlier version has passed: %+v", v)
				}
				text += fmt.Sprintf("%s %+d since %+d; ", v.Kind[:3], int(v.Close-today), int(v.Told-today))
			}
			text += "| "
		}
		return text
	}
	promise, was := int(close-today), int(close-7-today)
	born := int(rec.Deals[len(rec.Deals)-1].Created - today)
	for day, want := range map[store.Day]string{
		0:          fmt.Sprintf("neu %+d since -5; opt +10 since -2; pes +90 since -8; | opt -3 since -8; neu %+d since %+d; | ", promise, was, born),
		today - 4:  fmt.Sprintf("neu %+d since -5; opt -3 since -8; pes +90 since -8; | neu %+d since %+d; | ", promise, was, born),
		today - 6:  fmt.Sprintf("neu %+d since %+d; opt -3 since -8; pes +90 since -8; | | ", was, born),
		today - 10: fmt.Sprintf("neu %+d since %+d; | | ", was, born),
	} {
		if got := show(day); got != want {
			t.Errorf("as of %s:\n%s\nwant\n%s", day, got, want)
		}
	}
}
