// Package plain gives tests a small, dirty, random organisation and plain implementations of what the Book computes, so that kernels are
// judged against something obvious. It is slow on purpose and trusts nothing that analytics derived.
package plain

import (
	"fmt"
	"math/rand/v2"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Now is the clock of every World: 2026-05-20 15:00 in Shanghai.
var Now = time.Date(2026, 5, 20, 7, 0, 0, 0, time.UTC)

// Zone is the World's time zone.
var Zone = time.FixedZone("Asia/Shanghai", 8*3600)

// Today is the day of Now.
var Today = store.Date(2026, 5, 20)

// World is an organisation as records.
type World struct {
	store.Records
	rng *rand.Rand
	seq int
}

// Options are those with which a World's Book is made.
func Options() analytics.Options {
	return analytics.Options{Now: func() time.Time { return Now }}
}

// Book builds the World's Book.
func (w *World) Book() *analytics.Book { return analytics.FromRecords(&w.Records, Options()) }

func (w *World) id(kind string) store.ID {
	w.seq++
	return store.MakeID("t", fmt.Sprintf("%s%d", kind, w.seq))
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

func (w *World) chance(p float64) bool { return w.rng.Float64() < p }

// Random makes a World with some n deals: several regions and teams, units that form a circle, people without a unit, owners that nobody
// knows, stages that nobody declared, three currencies of which one has no rate, deals without amount, owner, account, dates or history,
// deals reopened and moved back, history that disagrees with the record.
func Random(rng *rand.Rand, n int) *World {
	w := &World{rng: rng}
	w.Org = &store.Org{Name: "演示", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: pick(rng, []time.Month{0, 1, 2, 4}),
		Rates: map[store.Currency]string{"USD": "7.1234", "JPY": "0.0481"}}
	if w.chance(0.5) {
		w.Units = append(w.Units, store.Unit{ID: w.id("u"), Name: "总部", Kind: store.UnitCompany})
	}
	for range 2 + rng.IntN(2) {
		r := store.Unit{ID: w.id("u"), Name: fmt.Sprint("区", w.seq), Kind: store.UnitRegion}
		if len(w.Units) > 0 && w.chance(0.5) {
			r.Parent = w.Units[0].ID
		}
		w.Units = append(w.Units, r)
		for range 1 + rng.IntN(3) {
			w.Units = append(w.Units, store.Unit{ID: w.id("u"), Parent: r.ID, Name: fmt.Sprint("组", w.seq), Kind: store.UnitTeam})
		}
	}
	if w.chance(0.5) { // a circle of two with a team below it, and an orphan
		a, b := w.id("u"), w.id("u")
		w.Units = append(w.Units, store.Unit{ID: a, Parent: b, Name: "圈一", Kind: store.UnitTeam}, store.Unit{ID: b, Parent: a, Name: "圈二", Kind: store.UnitTeam},
			store.Unit{ID: w.id("u"), Parent: a, Name: "圈下", Kind: store.UnitTeam}, store.Unit{ID: w.id("u"), Parent: "t:nowhere", Name: "孤", Kind: store.UnitTeam})
	}
	for range 6 + rng.IntN(6) {
		p := store.Person{ID: w.id("p"), Name: fmt.Sprint("人", w.seq)}
		if w.chance(0.85) {
			p.Unit = pick(rng, w.Units).ID
		}
		w.People = append(w.People, p)
	}
	for i := range w.Units {
		if w.chance(0.3) {
			w.Units[i].Manager = pick(rng, w.People).ID
		}
	}
	known := w.chance(0.7) // planning probabilities given
	for i, s := range []store.ID{"lead", "need", "demo", "deal"} {
		st := store.Stage{ID: s, Name: string(s), NameEn: string(s), Order: i + 1}
		if known {
			st.Probability = 10 + 25*i
		}
		w.Stages = append(w.Stages, st)
	}
	w.Stages = append(w.Stages, store.Stage{ID: "won", Name: "赢", Kind: store.StageWon, Probability: 100}, store.Stage{ID: "lost", Name: "输", Kind: store.StageLost})
	if w.chance(0.2) {
		w.Stages = append(w.Stages, store.Stage{ID: "won2", Name: "续", Kind: store.StageWon, Order: 9})
	}
	rng.Shuffle(len(w.Stages), func(i, j int) { w.Stages[i], w.Stages[j] = w.Stages[j], w.Stages[i] })
	for range 3 {
		w.Products = append(w.Products, store.Product{ID: w.id("g"), Name: fmt.Sprint("品", w.seq)})
	}
	for range 4 + n/5 {
		w.Accounts = append(w.Accounts, w.Account())
	}
	for range n {
		w.AddDeal()
	}
	for range n {
		w.Touches = append(w.Touches, w.Touch())
	}
	for range 12 {
		w.Quotas = append(w.Quotas, w.Quota())
	}
	for range n / 4 {
		a := pick(rng, w.Accounts).ID
		w.Contacts = append(w.Contacts, store.Contact{ID: w.id("c"), Account: a, Name: fmt.Sprint("客", w.seq), Influence: rng.IntN(101)})
		w.Evidence = append(w.Evidence, store.Evidence{ID: w.id("e"), Deal: pick(rng, w.Deals).ID, Title: "纪要", By: w.Person(), At: w.Time()})
		w.Grades = append(w.Grades, store.GradeChange{ID: w.id("r"), Account: a, From: "B", To: pick(rng, []store.Grade{"A", "B", "C"}), At: w.Time()})
		w.Health = append(w.Health, store.Health{ID: w.id("h"), Account: a, Day: w.Day(), Score: rng.IntN(101)})
		m := store.Reading{ID: w.id("m"), Account: a, Day: w.Day(), Values: map[string]float64{"logins": float64(rng.IntN(50)), "late": rng.Float64()}}
		if rng.IntN(4) == 0 {
			m.Mistyped = []string{"seats"}
		}
		w.Readings = append(w.Readings, m)
		w.Evaluations = append(w.Evaluations, store.Evaluation{ID: w.id("v"), Account: a, Day: w.Day(), At: w.Time(), Score: rng.Float64(), Grade: "B", Would: "A", Held: rng.IntN(2) == 0,
			Rule: pick(rng, []string{"1", "2"}), Inputs: []store.Input{{Name: "logins", Value: rng.Float64(), State: store.InputState(rng.IntN(7)), Day: w.Day()}}})
		w.Signals = append(w.Signals, store.Signal{ID: w.id("n"), Account: pick(rng, []store.ID{a, ""}), Kind: "white_paper", Title: "白皮书", At: w.Time()})
	}
	return w
}

// Time is a random moment of the last 15 months.
func (w *World) Time() time.Time { return Now.Add(-time.Duration(w.rng.IntN(450*24*60)) * time.Minute) }

// Day is a random day of the last 15 months.
func (w *World) Day() store.Day { return store.DayOf(w.Time(), Zone) }

// Person is the ID of one of us, of nobody, or of someone who was never read.
func (w *World) Person() store.ID {
	switch w.rng.IntN(12) {
	case 0:
		return ""
	case 1:
		return "t:stranger"
	}
	return pick(w.rng, w.People).ID
}

// Money is a random amount, or none.
func (w *World) Money() store.Money {
	if w.chance(0.1) {
		return store.Money{}
	}
	return store.Money{Minor: w.rng.Int64N(1e9) - 1e6, Currency: pick(w.rng, []store.Currency{"CNY", "CNY", "CNY", "USD", "JPY", "EUR"})}
}

// Account is a random customer, owned by anyone or no one.
func (w *World) Account() store.Account {
	return store.Account{ID: w.id("a"), Name: fmt.Sprint("户", w.seq), Owner: w.Person(), Industry: pick(w.rng, []string{"", "制造", "医疗"})}
}

// Touch is a random touch on any account and perhaps a deal.
func (w *World) Touch() store.Touch {
	t := store.Touch{ID: w.id("v"), Account: pick(w.rng, w.Accounts).ID, Rep: w.Person(), At: w.Time(), Channel: store.Channel(w.rng.IntN(7)),
		Sentiment: store.Sentiment(w.rng.IntN(4)), Topic: pick(w.rng, []string{"", "价格", "方案"}), Area: pick(w.rng, []string{"", "江苏/苏州"}), DayOnly: w.chance(0.1)}
	if w.chance(0.6) {
		d := pick(w.rng, w.Deals)
		t.Deal, t.Account = d.ID, d.Account
	}
	return t
}

// Quota is a random quota of a unit or a person for a month, quarter or year.
func (w *World) Quota() store.Quota {
	cal := analytics.Calendar{Start: w.Org.FiscalStart}
	p := pick(w.rng, []func(store.Day, int) analytics.Period{cal.Month, cal.Quarter, cal.Quarter, cal.Year})(Today, w.rng.IntN(3)-1)
	q := store.Quota{ID: w.id("q"), From: p.From, To: p.To, Amount: w.Money()}
	if w.chance(0.5) {
		q.Node = pick(w.rng, w.Units).ID
	} else {
		q.Node = pick(w.rng, w.People).ID
	}
	return q
}

func (w *World) stage() store.ID {
	if w.chance(0.04) {
		return "odd"
	}
	return pick(w.rng, w.Stages).ID
}

// AddDeal adds a random deal together with its history.
func (w *World) AddDeal() {
	d := store.Deal{ID: w.id("d"), Name: fmt.Sprint("单", w.seq), Owner: w.Person(), Stage: w.stage(), Category: store.Category(w.rng.IntN(5)), Amount: w.Money(),
		Created: w.Day(), Close: w.Day() + store.Day(w.rng.IntN(200)), Product: pick(w.rng, w.Products).ID, NextStep: "打电话"}
	if w.chance(0.5) {
		d.Category = store.CategoryNone
	}
	if w.chance(0.9) {
		d.Account = pick(w.rng, w.Accounts).ID
	}
	if w.chance(0.1) {
		d.Created = store.NoDay
	}
	if w.chance(0.1) {
		d.Close = store.NoDay
	}
	if w.chance(0.5) {
		d.Modified = w.Time()
	}
	if w.chance(0.8) {
		at := w.Time()
		if d.Created != store.NoDay && w.chance(0.9) {
			at = d.Created.Time(Zone).Add(9 * time.Hour)
		}
		stage := store.ID("lead")
		if w.chance(0.7) {
			w.Changes = append(w.Changes, store.Change{Deal: d.ID, Field: store.FieldStage, To: string(stage), At: at})
		}
		for range w.rng.IntN(9) {
			if at = at.Add(time.Duration(1+w.rng.IntN(40*24*60)) * time.Minute); at.After(Now) {
				break
			}
			c := store.Change{Deal: d.ID, At: at, Field: pick(w.rng, []store.Field{1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9}), By: w.Person()}
			switch c.Field {
			case store.FieldStage:
				next := w.stage()
				c.From, c.To = string(stage), string(next)
				stage = next
			case store.FieldAmount:
				c.From, c.To = w.Money().String(), w.Money().String()
			case store.FieldOptimisticAmount, store.FieldPessimisticAmount:
				c.From, c.To = "", w.Money().String()
			case store.FieldClose, store.FieldOptimisticClose, store.FieldPessimisticClose:
				c.From, c.To = w.Day().String(), (w.Day() + 60).String()
			case store.FieldOwner:
				c.From, c.To = string(w.Person()), string(w.Person())
			case store.FieldCategory:
				c.From, c.To = store.Category(w.rng.IntN(5)).String(), store.Category(w.rng.IntN(5)).String()
			}
			w.Changes = append(w.Changes, c)
		}
		if w.chance(0.9) {
			d.Stage = stage
		}
	}
	w.Deals = append(w.Deals, d)
}

// Scope is a random question: any node or none, any root, any filter, any day and period.
func (w *World) Scope() analytics.Scope {
	var s analytics.Scope
	node := func() store.ID {
		switch w.rng.IntN(8) {
		case 0, 1, 2:
			return pick(w.rng, w.Units).ID
		case 3:
			return pick(w.rng, w.People).ID
		case 4:
			return analytics.NodeUnassigned
		}
		return ""
	}
	s.Root, s.Node = node(), node()
	if w.chance(0.2) {
		s.Product = pick(w.rng, w.Products).ID
	}
	if w.chance(0.1) {
		s.Stage = w.stage()
	}
	if w.chance(0.2) {
		s.Industry = pick(w.rng, []string{"制造", "医疗"})
	}
	if w.chance(0.7) {
		s.AsOf = w.Day()
	}
	if w.chance(0.5) {
		d := w.Day()
		s.Period = analytics.Period{From: d, To: d + store.Day(w.rng.IntN(200))}
	}
	return s
}
