package playbook_test

import (
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/playbook"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

var small = booktest.Size{Teams: 3, People: 8, Accounts: 40, Deals: 60, Touches: 400}

// What is owed is what a person finds who reads every grade and every touch.
func TestPlaybook_AgainstPlain(t *testing.T) {
	rng := booktest.Rand(t)
	counted := map[rune]uint32{}
	for range 12 {
		r := booktest.Company(rng, small, booktest.With{Touches: true, Grades: true, Sales: true})
		b := booktest.Book(r)
		g := rule.GradingSection.Of(nil)
		for _, s := range []analytics.Scope{{}, {AsOf: booktest.Today - 90}, {Node: r.Units[0].ID}, {Root: r.People[3].ID}} {
			day := b.AsOf(s)
			sel := b.Select(s)
			want := map[string]analytics.Day{}
			for _, acc := range r.Accounts {
				c, _ := b.AccountCode(acc.ID)
				grade := b.GradeAt(c, day)
				if b.KnownSince(c) > day || !sel.Account(c) {
					continue
				}
				since := b.KnownSince(c)
				var last *store.GradeChange
				for i := range r.Grades {
					if x := &r.Grades[i]; x.Account == acc.ID && x.From != x.To && store.DayOf(x.At, booktest.Zone) <= day && (last == nil || !x.At.Before(last.At)) {
						last = x
					}
				}
				if last != nil {
					since = store.DayOf(last.At, booktest.Zone)
				}
				for i, p := range g.Playbook {
					if store.Grade(p.Grade) != grade {
						continue
					}
					from := since
					for k := range r.Touches {
						x := &r.Touches[k]
						d := store.DayOf(x.At, booktest.Zone)
						if x.Account != acc.ID || d > day || d < from {
							continue
						}
						takes := len(p.Channel) == 0
						for _, word := range p.Channel {
							takes = takes || word == x.Channel.String()
						}
						if takes {
							from = d
						}
					}
					if from != store.NoDay {
						from += analytics.Day(p.Every)
					}
					if from <= day {
						want[string(acc.ID)+"|"+string(rune('0'+i))] = from
					} else {
						counted['m']++
					}
				}
			}
			a := playbook.Of(b, nil, s)
			if a.Owed.Len() != len(want) {
				t.Fatalf("%v: %d owed, want %d", s, a.Owed.Len(), len(want))
			}
			sum := 0
			for i := range a.Owed.Len() {
				o := a.Owed.At(i)
				due, ok := want[a.Owed.Key(i)]
				if !ok || o.Due != due || o.Late != -1 && o.Late != int(day-due) {
					t.Fatalf("%v: %+v, want due %v %v", s, o, due, ok)
				}
				if i > 0 && a.Owed.At(i-1).Grade > o.Grade {
					t.Fatalf("%v: %s after %s", s, o.Grade, a.Owed.At(i-1).Grade)
				}
				counted['o']++
			}
			for _, p := range a.Plays {
				sum += p.Owed
			}
			if sum != a.Owed.Len() || len(a.Table().Rows) != sum {
				t.Fatalf("%v: the plays count %d of %d", s, sum, a.Owed.Len())
			}
		}
	}
	if counted['o'] < 100 || counted['m'] < 5 {
		t.Errorf("%v cases: too few to say anything", counted)
	}
}

// A touch through a channel that counts settles the debt, one through another does not; a customer who was promoted owes nothing of before.
func TestPlaybook_SettledAndBegun(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 1, People: 2, Accounts: 1}, booktest.With{})
	day := booktest.Today
	at := func(d store.Day) store.GradeChange {
		return store.GradeChange{ID: "t:g", Account: r.Accounts[0].ID, From: "B", To: "A", At: d.Time(booktest.Zone)}
	}
	r.Accounts[0].Created, r.Accounts[0].Owner = day-400, r.People[0].ID
	touch := func(d store.Day, c store.Channel) store.Touch {
		return store.Touch{ID: "t:x", Account: r.Accounts[0].ID, Rep: r.People[0].ID, At: d.Time(booktest.Zone), Channel: c}
	}
	for _, c := range []struct {
		name  string
		grade store.Day
		touch store.Touch
		owed  int
		late  int
	}{
		{"never visited", day - 300, touch(day-3, store.ChannelCall), 1, 270},
		{"visited last month", day - 300, touch(day-29, store.ChannelVisit), 0, 0},
		{"due today", day - 300, touch(day-30, store.ChannelMeeting), 1, 0},
		{"promoted yesterday", day - 1, touch(day-90, store.ChannelVisit), 0, 0},
		{"judged the same yesterday", day - 300, touch(day-90, store.ChannelVisit), 1, 60},
	} {
		r.Grades, r.Touches = []store.GradeChange{at(c.grade)}, []store.Touch{c.touch}
		if c.name == "judged the same yesterday" { // as when the rules take over from the sources
			same := at(day - 1)
			same.ID, same.From = "t:same", same.To
			r.Grades = append(r.Grades, same)
		}
		a := playbook.Of(booktest.Book(r), nil, analytics.Scope{})
		if a.Owed.Len() != c.owed || c.owed == 1 && a.Owed.At(0).Late != c.late {
			t.Errorf("%s: %d owed %+v", c.name, a.Owed.Len(), a.Table().Rows)
		}
	}
	r.Touches = nil
	if a := playbook.Of(booktest.Book(r), nil, analytics.Scope{}); !a.Silent || a.Owed.Len() != 0 {
		t.Errorf("without touches %d are owed", a.Owed.Len())
	}
}

// What one customer's screen says is what the list of all says.
func TestAccount_AgreesWithTheList(t *testing.T) {
	r := booktest.Company(booktest.Rand(t), small, booktest.With{Touches: true, Grades: true, Sales: true})
	for _, derived := range []bool{false, true} {
		if derived {
			r.Grades = nil
		}
		b := booktest.Book(r)
		a := playbook.Of(b, nil, analytics.Scope{})
		want := map[store.ID]playbook.Owed{}
		for i := range a.Owed.Len() {
			o := a.Owed.At(i)
			want[o.Account] = o
		}
		later := 0
		for _, x := range r.Accounts {
			for _, n := range playbook.Account(b, nil, x.ID, b.Today()) {
				o, owed := want[x.ID]
				if n.Owed != owed || owed && (o.Due != n.Due || o.Last != n.Last || o.Play != n.Play) {
					t.Errorf("derived %v: %s: %+v, the list has %+v", derived, x.ID, n, o)
				}
				if !n.Owed {
					later++
				}
				delete(want, x.ID)
			}
		}
		if len(want) > 0 || later == 0 {
			t.Errorf("derived %v: %d of the list are on no screen, %d not due yet", derived, len(want), later)
		}
	}
}
