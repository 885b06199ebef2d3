package person

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/person"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.PersonPlace(s, id)) }
}

func TestPerson_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Facts.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down", "down") })
	t.Run("weeks", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "down") })
}

// rich returns the rep with the most to show.
func rich(tb testing.TB, b *analytics.Book) person.Answer {
	tb.Helper()
	var best person.Answer
	most := -1
	for c := range b.People() {
		a, err := person.Of(b, scope, b.Person(analytics.Code(c)).ID)
		if err != nil {
			continue // a tombstone
		}
		if n := len(a.Open) + a.Touches + len(a.Accounts); n > most {
			best, most = a, n
		}
	}
	return best
}

func TestPerson_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	tuitest.Geometry(t, b, at(scope, rich(t, b).Facts.ID))
	tuitest.Geometry(t, extreme(), at(scope, "t:p"))
	tuitest.Geometry(t, extreme(), at(scope, "t:bare"))
}

func TestPerson_ExplainsItsFigures(t *testing.T) {
	p := at(scope, "x")(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English))
	if lines := p.(pane.Explainer).Explain(); len(lines) != len(kind.Metrics) || len(lines) == 0 {
		t.Errorf("%d of %d figures are explained: %q", len(lines), len(kind.Metrics), lines)
	}
}

func TestPerson_Keys(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, at(scope, rich(t, b).Facts.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	tuitest.Keys(t, d.P)
	d.Keys("tab")
	tuitest.Keys(t, d.P)
}

// TestPerson_EveryFigureOpensWhatItCounts opens each figure of each person and adds up what the list would show.
func TestPerson_EveryFigureOpensWhatItCounts(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := analytics.Scope{AsOf: b.Today() - 1}
	seen := map[string]bool{}
	for c := range b.People() {
		a, err := person.Of(b, s, b.Person(analytics.Code(c)).ID)
		if err != nil {
			t.Fatal(err)
		}
		env := tuitest.Env(t, b, locale.English)
		for _, f := range page(env, pane.PersonPlace(s, a.Facts.ID), b.Currency(), &a).Facts {
			p := f.Open
			if p.Kind != pane.None && p.Scope.AsOf != s.AsOf {
				t.Errorf("%s %s: the day was lost on the way: %v", a.Facts.Name, f.Key, p)
			}
			if p.Kind == pane.Touches {
				seen[f.Key] = true
				if n := len(touch.Of(b, p.Scope, 0).Rows); n != a.Touches {
					t.Errorf("%s: %d touches behind %d", a.Facts.Name, n, a.Touches)
				}
			}
			if p.Kind != pane.Deals {
				continue
			}
			seen[f.Key] = true
			parts := pane.Parts(p.ID)
			if len(parts) != 3 || parts[0] != "forecast" || parts[1] != string(a.Facts.ID) {
				t.Fatalf("%s %s: opens %v", a.Facts.Name, f.Key, p)
			}
			n, sum := 0, b.Adder()
			for _, r := range forecast.Deals(b, p.Scope, store.ID(parts[1])).Rows {
				if parts[2] == "" || r.Reason == parts[2] || slices.ContainsFunc(r.Flags, func(x deal.Flag) bool { return string(x.Kind) == parts[2] }) {
					n++
					sum.Add(r.Amount)
				}
			}
			want := map[string]int64{"closed": a.Forecast.Closed.Money.Minor, "attained": a.Forecast.Closed.Money.Minor, "commit": a.Forecast.Commit.Money.Minor,
				"best_case": a.Forecast.BestCase.Money.Minor, "pipeline": a.Forecast.Pipeline.Money.Minor}
			if w, ok := want[f.Key]; ok && sum.Sum().Money.Minor != w {
				t.Errorf("%s %s: %d behind %d", a.Facts.Name, f.Key, sum.Sum().Money.Minor, w)
			}
			if w := map[string]int{"overdue": a.Forecast.Overdue, "stale": a.Forecast.Stale, "gap": a.Forecast.Deals, "weighted": a.Forecast.Deals}[f.Key]; w != 0 && n != w {
				t.Errorf("%s %s: %d deals behind %d", a.Facts.Name, f.Key, n, w)
			}
		}
	}
	for _, k := range []string{"closed", "attained", "commit", "pipeline", "weighted", "gap", "touches"} {
		if !seen[k] {
			t.Errorf("nobody had a figure %q to open", k)
		}
	}
}

// TestPerson_EnterOpens walks every row and demands the place that it is about, on the same day.
func TestPerson_EnterOpens(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := analytics.Scope{AsOf: b.Today() - 1}
	a, err := person.Of(b, s, rich(t, b).Facts.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := tuitest.Drive(t, at(s, a.Facts.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	opened := func() pane.Place {
		t.Helper()
		d.Sent = nil
		d.Keys("enter")
		p, _ := d.Opened()
		return p
	}
	if p := opened(); p.Kind != pane.Forecast || p.Scope.Node != a.Facts.Unit || p.Scope.AsOf != s.AsOf {
		t.Errorf("the team opens %v", p)
	}
	d.Keys("tab")
	for _, x := range a.Open {
		if p := opened(); p != pane.DealPlace(s, x.ID) {
			t.Errorf("deal %s opens %v", x.ID, p)
		}
		d.Keys("down")
	}
	d.Keys("tab")
	for _, x := range a.Accounts {
		if p := opened(); p != pane.AccountPlace(s, x.ID) {
			t.Errorf("account %s opens %v", x.ID, p)
		}
		d.Keys("down")
	}
	d.Keys("tab")
	for i := range a.Weeks {
		w := a.Weeks[len(a.Weeks)-1-i]
		p := opened()
		if n := len(touch.Of(b, p.Scope, 0).Rows); p.Kind != pane.Touches || n != w.Touches {
			t.Errorf("week %s: %d touches behind %d (%v)", w.From, n, w.Touches, p)
		}
		d.Keys("down")
	}
}

// TestPerson_ElsewhereIsNotFound: to a viewer of one team a person of another looks like one who does not exist.
func TestPerson_ElsewhereIsNotFound(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	id := rich(t, b).Facts.ID
	tuitest.Elsewhere(t, b, id, at, func(s analytics.Scope) bool { _, err := person.Of(b, s, id); return err == nil })
}

// extreme is a book of one person who has everything too long and too large, in two currencies, and one who has nothing.
func extreme() *analytics.Book {
	long := func(s string) string { return store.Clean(strings.Repeat(s, 60)+"\x1b[2J\u202e\tx", store.MaxName) }
	today := store.DayOf(tuitest.Now, time.UTC)
	huge := func(c store.Currency) store.Money { return store.Money{Minor: 999_999_999_999_99, Currency: c} }
	r := &store.Records{
		Org:      &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		Units:    []store.Unit{{ID: "t:u", Name: long("部门"), Kind: store.UnitTeam, Manager: "t:p"}},
		People:   []store.Person{{ID: "t:p", Name: long("张"), Title: long("总"), Email: long("a@b"), Unit: "t:u", Inactive: true}, {ID: "t:bare"}},
		Stages:   []store.Stage{{ID: "offer", Name: long("报价"), NameEn: long("offer "), Order: 1, Probability: 90}},
		Accounts: []store.Account{{ID: "t:a", Name: long("钢铁"), Owner: "t:p"}},
		Deals: []store.Deal{
			{ID: "t:d", Name: long("大单"), Account: "t:a", Owner: "t:p", Stage: "offer", Amount: huge("USD"), Created: today, Close: today + 2},
			{ID: "t:e", Name: "e", Account: "t:a", Owner: "t:p", Stage: "offer", Amount: huge("CNY"), Created: today, Close: today - 900},
		},
		Touches: []store.Touch{{ID: "t:t", Account: "t:a", Rep: "t:p", At: tuitest.Now}},
		Sales:   []store.Sale{{ID: "t:s", Account: "t:a", Day: today, Amount: huge("CNY")}, {ID: "t:s2", Account: "t:a", Day: today, Amount: huge("USD")}},
		Quotas:  []store.Quota{{ID: "t:q", Node: "t:p", From: store.Date(2026, 7, 1), To: store.Date(2026, 9, 30), Amount: huge("CNY")}},
	}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
}

func TestPerson_AmountsAreNeverCut(t *testing.T) {
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		for _, w := range []int{60, 80, 120, 160, 200} {
			d := tuitest.Drive(t, at(scope, "t:p")(tuitest.Env(t, extreme(), lang)), layout.Size{W: w, H: 30})
			for range 3 {
				for _, line := range layout.Lines(layout.Plain(d.P.View())) {
					if strings.Contains(line, "###") && !strings.Contains(line, strings.Repeat("#", 16)) { // a bar is longer
						t.Errorf("at %d columns: %s", w, line)
					}
				}
				d.Keys("tab")
			}
			if v := layout.Plain(d.P.View()); !strings.Contains(v, "USD") {
				t.Errorf("at %d columns dollars without a rate are not shown:\n%s", w, v)
			}
		}
	}
}

func TestPerson_NothingKnown(t *testing.T) {
	d := tuitest.Drive(t, at(scope, "t:bare")(tuitest.Env(t, extreme(), locale.English)), layout.Size{W: 160, H: 40})
	v := layout.Plain(d.P.View())
	for _, want := range []string{"no quota", "no open deals", "owns no account", "no touch in 12 weeks", "never"} {
		if !strings.Contains(v, want) {
			t.Errorf("%q is not said:\n%s", want, v)
		}
	}
	for range 5 {
		d.Keys("enter", "tab", "down", "o")
	}
}

func BenchmarkKey_Person(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	id := rich(b, book).Facts.ID
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			d := tuitest.Drive(b, at(scope, id)(tuitest.Env(b, book, locale.Chinese)), s)
			keys := []string{"tab", "down", "down", "up"}
			i := 0
			for b.Loop() {
				d.P.Update(tuitest.Key(keys[i%4]))
				_ = d.P.View()
				i++
			}
		})
	}
}

// BenchmarkLoad_Person is opening: load, wording, first picture.
func BenchmarkLoad_Person(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	id, env := rich(b, book).Facts.ID, tuitest.Env(b, book, locale.Chinese)
	for b.Loop() {
		_ = tuitest.Drive(b, at(scope, id)(env), layout.Size{W: 200, H: 48}).P.View()
	}
}
