package waterfall_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/waterfall"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// since is ten days ago; the period is what the day lies in.
var (
	today  = booktest.Today
	since  = today - 10
	period = analytics.Period{From: today - 40, To: today + 40}
)

func yuan(n int64) store.Money { return store.Money{Minor: n * 100, Currency: "CNY"} }

// story is a deal and what happened to it.
type story struct {
	deal store.Deal
	past []store.Change
}

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

func (s *story) turn(f store.Field, from, to string, ago store.Day) *story {
	s.past = append(s.past, store.Change{Deal: s.deal.ID, Field: f, From: from, To: to, At: at(today - ago)})
	return s
}

// plain is a deal that is open for the period all the time: a hundred, promised in thirty days, Ann's.
func plainDeal(change func(*store.Deal)) *story {
	return &story{deal: storetest.Deal("x:d", func(d *store.Deal) {
		d.Owner, d.Stage, d.Created, d.Close, d.Amount = "x:ann", "lead", today-30, today+30, yuan(100)
		if change != nil {
			change(d)
		}
	})}
}

func book(s *story) *analytics.Book {
	return booktest.Book(&store.Records{
		Org:    &store.Org{Name: "us", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January, Rates: map[store.Currency]string{"USD": "7"}},
		Units:  []store.Unit{{ID: "x:east", Name: "East", Kind: store.UnitTeam}, {ID: "x:west", Name: "West", Kind: store.UnitTeam}},
		People: []store.Person{{ID: "x:ann", Name: "Ann", Unit: "x:east"}, {ID: "x:bob", Name: "Bob", Unit: "x:west"}},
		Stages: []store.Stage{{ID: "lead", Name: "lead", Order: 1}, {ID: "won", Name: "won", Order: 2, Kind: store.StageWon}, {ID: "lost", Name: "lost", Order: 3, Kind: store.StageLost}},
		Deals:  []store.Deal{s.deal}, Changes: s.past,
	})
}

func TestOf_EachStep(t *testing.T) {
	type steps map[waterfall.Kind]int64
	day := func(ago store.Day) string { return (today - ago).String() }
	closed := func(stage store.ID, ago store.Day) func(*store.Deal) {
		return func(d *store.Deal) { d.Stage, d.Close = stage, today-ago }
	}
	for name, c := range map[string]struct {
		s        *story
		from, to int64
		want     steps
	}{
		"nothing happens": {plainDeal(nil), 100, 100, steps{}},
		"created":         {plainDeal(func(d *store.Deal) { d.Created = today - 3 }), 0, 100, steps{waterfall.Created: 100}},
		"slipped":         {plainDeal(func(d *store.Deal) { d.Close = today + 90 }).turn(store.FieldClose, day(-30), day(-90), 5), 100, 0, steps{waterfall.Slipped: -100}},
		"pulled in":       {plainDeal(nil).turn(store.FieldClose, day(-90), day(-30), 5), 0, 100, steps{waterfall.PulledIn: 100}},
		"moved within":    {plainDeal(nil).turn(store.FieldClose, day(-20), day(-30), 5), 100, 100, steps{}},
		"grown":           {plainDeal(nil).turn(store.FieldAmount, "60.00 CNY", "100.00 CNY", 5), 60, 100, steps{waterfall.Grown: 40}},
		"shrunk":          {plainDeal(nil).turn(store.FieldAmount, "160.00 CNY", "100.00 CNY", 5), 160, 100, steps{waterfall.Shrunk: -60}},
		"another currency": {plainDeal(func(d *store.Deal) { d.Amount = store.Money{Minor: 10000, Currency: "USD"} }).turn(store.FieldAmount, "100.00 CNY", "100.00 USD", 5), 100, 700,
			steps{waterfall.Grown: 600}},
		"an amount at last": {plainDeal(nil).turn(store.FieldAmount, "", "100.00 CNY", 5), 0, 100, steps{waterfall.Grown: 100}},
		"won":               {plainDeal(closed("won", 4)).turn(store.FieldClose, day(-30), day(4), 4).turn(store.FieldStage, "lead", "won", 4), 100, 0, steps{waterfall.Won: -100}},
		"won for less": {plainDeal(closed("won", 4)).turn(store.FieldClose, day(-30), day(4), 4).turn(store.FieldAmount, "130.00 CNY", "100.00 CNY", 4).turn(store.FieldStage, "lead", "won", 4),
			130, 0, steps{waterfall.Shrunk: -30, waterfall.Won: -100}},
		"lost":             {plainDeal(closed("lost", 4)).turn(store.FieldClose, day(-30), day(4), 4).turn(store.FieldStage, "lead", "lost", 4), 100, 0, steps{waterfall.Lost: -100}},
		"created and won":  {plainDeal(func(d *store.Deal) { d.Created, d.Stage, d.Close = today-6, "won", today-2 }).turn(store.FieldStage, "lead", "won", 2), 0, 0, steps{waterfall.Created: 100, waterfall.Won: -100}},
		"created and lost": {plainDeal(func(d *store.Deal) { d.Created, d.Stage, d.Close = today-6, "lost", today-2 }).turn(store.FieldStage, "lead", "lost", 2), 0, 0, steps{}},
		"won before":       {plainDeal(closed("won", 20)).turn(store.FieldStage, "lead", "won", 20), 0, 0, steps{}},
		"reopened":         {plainDeal(nil).turn(store.FieldStage, "lead", "lost", 20).turn(store.FieldStage, "lost", "lead", 5), 0, 100, steps{waterfall.Reopened: 100}},
		"given away":       {plainDeal(func(d *store.Deal) { d.Owner = "x:bob" }).turn(store.FieldOwner, "x:ann", "x:bob", 5), 100, 0, steps{waterfall.MovedOut: -100}},
		"taken over":       {plainDeal(nil).turn(store.FieldOwner, "x:bob", "x:ann", 5), 0, 100, steps{waterfall.MovedIn: 100}},
		"overdue stays":    {plainDeal(func(d *store.Deal) { d.Close = today - 20 }), 100, 100, steps{}},
		"no date":          {plainDeal(func(d *store.Deal) { d.Close = store.NoDay }), 0, 0, steps{}},
		"a date at last":   {plainDeal(nil).turn(store.FieldClose, "", day(-30), 5), 0, 100, steps{waterfall.PulledIn: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			s := analytics.Scope{Node: "x:east", Period: period}
			b := book(c.s)
			a := waterfall.Of(b, s, since)
			if a.From.Sum.Money.Minor != c.from*100 || a.To.Sum.Money.Minor != c.to*100 {
				t.Errorf("from %v to %v, want %d to %d", a.From.Sum.Money, a.To.Sum.Money, c.from, c.to)
			}
			for _, x := range a.Steps {
				if x.Sum.Money.Minor != c.want[x.Kind]*100 || (x.Deals != 0) != (c.want[x.Kind] != 0) {
					t.Errorf("%s: %v of %d deals, want %d", x.Kind, x.Sum.Money, x.Deals, c.want[x.Kind])
				}
				rows := waterfall.Look(b, s, since, x.Kind).Rows
				if rows.Len() != x.Deals {
					t.Errorf("%s: %d rows behind %d deals", x.Kind, rows.Len(), x.Deals)
				}
			}
		})
	}
}

// Whatever a company does, the steps lead exactly from one day's forecast to the other's, for every node, period and filter.
func TestOf_AddsUpToForecasts(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 3, People: 9, Accounts: 40, Deals: 500, Touches: 200}, booktest.With{Touches: true})
	b := booktest.Book(r)
	nodes := b.Nodes()
	for range 60 {
		s := analytics.Scope{Node: nodes[rng.IntN(len(nodes))].ID, AsOf: today - store.Day(rng.IntN(60))}
		s.Period = b.Calendar().Quarter(s.AsOf, rng.IntN(3)-1)
		if rng.IntN(3) == 0 && b.Products() > 0 {
			s.Product = b.Product(analytics.Code(rng.IntN(b.Products()))).ID
		}
		if rng.IntN(4) == 0 {
			s.Stage = b.Stage(b.Stages()[0]).ID
		}
		from := s.AsOf - store.Day(rng.IntN(80))
		a := waterfall.Of(b, s, from)
		sum, n := b.Adder(), a.From.Deals
		sum.AddSum(a.From.Sum)
		for _, x := range a.Steps {
			sum.AddSum(x.Sum)
			switch {
			case slices.Contains([]waterfall.Kind{waterfall.Created, waterfall.Reopened, waterfall.PulledIn, waterfall.MovedIn}, x.Kind):
				n += x.Deals
			case x.Kind != waterfall.Grown && x.Kind != waterfall.Shrunk:
				n -= x.Deals
			}
		}
		if got, want := show(t, apart(sum.Sum())), show(t, apart(a.To.Sum)); got != want || n != a.To.Deals {
			t.Fatalf("%+v from %s: the steps lead to %s and %d deals, want %s and %d", s, from, got, n, want, a.To.Deals)
		}
		for _, l := range []waterfall.Level{a.From, a.To} {
			s.AsOf = l.Day
			f := forecast.Of(b, s)
			sum := b.Adder()
			for _, x := range []analytics.Sum{f.Rows[0].Commit, f.Rows[0].BestCase, f.Rows[0].Pipeline, f.Rows[0].Omitted} {
				sum.AddSum(x)
			}
			if got, want := show(t, l.Sum), show(t, sum.Sum()); got != want || l.Deals != f.Rows[0].Open {
				t.Fatalf("%+v: %s and %d deals, the forecast has %s and %d", s, got, l.Deals, want, f.Rows[0].Open)
			}
		}
	}
}

// apart is s without the currencies that come to nothing.
func apart(s analytics.Sum) analytics.Sum {
	s.Missing = slices.DeleteFunc(slices.Clone(s.Missing), func(m store.Money) bool { return m.Minor == 0 })
	if len(s.Missing) == 0 {
		s.Missing = nil
	}
	return s
}

func show(t *testing.T, v any) string {
	t.Helper()
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(j)
}
