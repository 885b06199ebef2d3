package account

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.AccountPlace(s, id)) }
}

func TestAccount_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Facts.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down") })
	t.Run("health", func(t *testing.T) { tuitest.Golden(t, b, mk, "tab", "tab", "tab", "tab", "tab", "down") })
}

// rich returns the account with the most to show.
func rich(tb testing.TB, b *analytics.Book) account.Answer {
	tb.Helper()
	var best account.Answer
	most := -1
	for _, r := range account.All(b, scope).Rows {
		a, err := account.Of(b, scope, r.ID)
		if err != nil {
			tb.Fatal(err)
		}
		if n := 5*len(a.Deals) + min(20, len(a.Touches)) + 9*len(a.Grades) + len(a.Health) + len(a.Contacts); n > most {
			best, most = a, n
		}
	}
	return best
}

func TestAccount_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	tuitest.Geometry(t, b, at(scope, rich(t, b).Facts.ID))
	tuitest.Geometry(t, extreme(), at(scope, "t:a"))
	tuitest.Geometry(t, extreme(), at(scope, "t:bare"))
}

func TestAccount_ExplainsItsFigures(t *testing.T) {
	p := at(scope, "x")(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English))
	if lines := p.(pane.Explainer).Explain(); len(lines) != len(kind.Metrics) || len(lines) == 0 {
		t.Errorf("%d of %d figures are explained: %q", len(lines), len(kind.Metrics), lines)
	}
}

func TestAccount_Keys(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, at(scope, rich(t, b).Facts.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	tuitest.Keys(t, d.P)
	d.Keys("tab", "tab", "tab") // contacts open nothing
	tuitest.Keys(t, d.P)
	if help := d.P.Keys()[0].Help().Key; help == "enter" {
		t.Error("enter is offered where it opens nothing")
	}
}

// TestAccount_EnterOpens walks every row that opens something and demands the place that it is about, on the same day.
func TestAccount_EnterOpens(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := analytics.Scope{AsOf: b.Today() - 1}
	a, err := account.Of(b, s, rich(t, b).Facts.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := tuitest.Drive(t, at(s, a.Facts.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	open := func(what string, want pane.Place) {
		t.Helper()
		d.Sent = nil
		d.Keys("enter")
		if p, ok := d.Opened(); ok != (want.Kind != pane.None) || ok && p != want {
			t.Errorf("%s: opened %v, %v; want %v", what, p, ok, want)
		}
	}
	open("the owner", pane.PersonPlace(s, a.Facts.Owner))
	d.Keys("down")
	open("what is open", pane.AccountDeals(s, a.Facts.ID))
	d.Keys("tab")
	for _, x := range a.Deals {
		open("deal "+x.Name, pane.DealPlace(s, x.ID))
		d.Keys("down")
	}
	d.Keys("tab")
	for _, x := range a.Touches {
		want := pane.PersonPlace(s, x.Rep)
		if x.Deal != "" {
			want = pane.DealPlace(s, x.Deal)
		}
		open("touch "+string(x.ID), want)
		d.Keys("down")
	}
	for _, what := range []string{"contacts", "grades", "health", "sales", "details"} {
		d.Keys("tab")
		open(what, pane.Place{})
	}
}

// TestAccount_EveryGradeStepShowsItsCause: no grade moves silently.
func TestAccount_EveryGradeStepShowsItsCause(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	a := rich(t, b)
	if len(a.Grades) == 0 {
		t.Fatal("no grades to look at")
	}
	d := tuitest.Drive(t, at(scope, a.Facts.ID)(tuitest.Env(t, b, locale.Chinese)), layout.Size{W: 200, H: 48})
	v := layout.Plain(d.P.View())
	for _, g := range a.Grades {
		if !strings.Contains(v, g.Cause) {
			t.Errorf("%s to %s: cause %q is not shown:\n%s", g.From, g.To, g.Cause, v)
		}
	}
	d = tuitest.Drive(t, at(scope, "t:a")(tuitest.Env(t, extreme(), locale.English)), layout.Size{W: 200, H: 48})
	if v := layout.Plain(d.P.View()); !strings.Contains(v, "the source gives no cause") {
		t.Errorf("a step without a cause does not say so:\n%s", v)
	}
}

// TestAccount_ElsewhereIsNotFound: to a viewer of one team an account of another looks like one that does not exist.
func TestAccount_ElsewhereIsNotFound(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	id := rich(t, b).Facts.ID
	tuitest.Elsewhere(t, b, id, at, func(s analytics.Scope) bool { _, err := account.Of(b, s, id); return err == nil })
}

// extreme is a book of one account that has everything too long and too large, in two currencies, and one that has nothing.
func extreme() *analytics.Book {
	long := func(s string) string { return store.Clean(strings.Repeat(s, 60)+"\x1b[2J\u202e\tx", store.MaxName) }
	today := store.DayOf(tuitest.Now, time.UTC)
	huge := func(c store.Currency) store.Money { return store.Money{Minor: 999_999_999_999_99, Currency: c} }
	r := &store.Records{
		Org:    &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		People: []store.Person{{ID: "t:p", Name: long("张")}},
		Stages: []store.Stage{{ID: "offer", Name: long("报价"), NameEn: long("offer "), Order: 1}},
		Accounts: []store.Account{
			{ID: "t:a", Name: long("钢铁"), Parent: "t:bare", Owner: "t:p", Industry: long("化工"), Region: long("华东"), City: long("上海"), Revenue: huge("USD"), Staff: 1_234_567,
				Created: today, Extra: map[string]string{long("k"): long("v")}},
			{ID: "t:bare", Name: "bare", Created: store.NoDay},
		},
		Contacts: []store.Contact{{ID: "t:c", Account: "t:a", Name: long("李"), Role: long("总"), Influence: 100, Email: long("a@b"), Phone: long("1")}},
		Deals: []store.Deal{
			{ID: "t:d", Name: long("大单"), Account: "t:a", Owner: "t:p", Stage: "offer", Amount: huge("USD"), Created: today, Close: today + 9},
			{ID: "t:e", Name: "e", Account: "t:a", Owner: "t:p", Stage: "offer", Amount: huge("CNY"), Created: today, Close: today - 900},
		},
		Touches: []store.Touch{{ID: "t:t", Account: "t:a", Rep: "t:p", At: tuitest.Now, Topic: long("话题"), Note: long("备注"), Area: long("省/")}},
		Grades:  []store.GradeChange{{ID: "t:g", Account: "t:a", From: "A", To: "B", At: tuitest.Now}},
		Health:  []store.Health{{ID: "t:h", Account: "t:a", Day: today, Score: 0, Note: long("登录")}},
		Sales:   []store.Sale{{ID: "t:s", Account: "t:a", Day: today, Amount: huge("CNY")}, {ID: "t:s2", Account: "t:a", Day: today, Amount: huge("USD")}},
	}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
}

func TestAccount_AmountsAreNeverCut(t *testing.T) {
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		for _, w := range []int{60, 80, 120, 160, 200} {
			d := tuitest.Drive(t, at(scope, "t:a")(tuitest.Env(t, extreme(), lang)), layout.Size{W: w, H: 30})
			for range 8 {
				for _, line := range layout.Lines(layout.Plain(d.P.View())) {
					if strings.Contains(line, "###") && !strings.Contains(line, strings.Repeat("#", 16)) { // a bar is longer
						t.Errorf("at %d columns: %s", w, line)
					}
				}
				d.Keys("tab")
			}
		}
		d := tuitest.Drive(t, at(scope, "t:a")(tuitest.Env(t, extreme(), lang)), layout.Size{W: 80, H: 22})
		if v := layout.Plain(d.P.View()); !strings.Contains(v, "USD") {
			t.Errorf("dollars without a rate are not shown:\n%s", v)
		}
	}
}

func TestAccount_NothingKnown(t *testing.T) {
	d := tuitest.Drive(t, at(scope, "t:bare")(tuitest.Env(t, extreme(), locale.English)), layout.Size{W: 160, H: 40})
	v := layout.Plain(d.P.View())
	for _, want := range []string{"never", "no deals", "no touch yet", "no contacts", "no changes of grade", "no health index", "nothing sold", "unassigned"} {
		if !strings.Contains(v, want) {
			t.Errorf("%q is not said:\n%s", want, v)
		}
	}
	for range 9 {
		d.Keys("enter", "tab", "down", "o")
	}
}

func BenchmarkKey_Account(b *testing.B) {
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

// BenchmarkLoad_Account is opening: load, wording, first picture.
func BenchmarkLoad_Account(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	id, env := rich(b, book).Facts.ID, tuitest.Env(b, book, locale.Chinese)
	for b.Loop() {
		_ = tuitest.Drive(b, at(scope, id)(env), layout.Size{W: 200, H: 48}).P.View()
	}
}

// The rules' own judgement: the index with its parts, trend and freshness, what is held and since when, what is owed.
func TestAccount_Judged(t *testing.T) {
	b := tuitest.Judged(t)
	mk := at(scope, rich(t, b).Facts.ID)
	v := layout.Plain(tuitest.Drive(t, mk(tuitest.Env(t, b, locale.English)), layout.Size{W: 200, H: 48}).P.View())
	for _, want := range []string{"the grade is left alone since 2026-09-17", "feature depth (shifted, since 2026-09-17)", "! shifted", "Health made of 12", "(score "} {
		if !strings.Contains(v, want) {
			t.Errorf("no %q in\n%s", want, v)
		}
	}
	before := layout.Plain(tuitest.Drive(t, at(analytics.Scope{AsOf: tuitest.Months[2]}, rich(t, b).Facts.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 200, H: 48}).P.View())
	if strings.Contains(before, "left alone") {
		t.Errorf("held before the fault:\n%s", before)
	}
	d := tuitest.Drive(t, mk(tuitest.Env(t, b, locale.English)), layout.Size{W: 200, H: 48})
	d.Keys("tab", "tab", "tab", "tab", "enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Evaluations || p.ID != string(rich(t, b).Facts.ID) {
		t.Errorf("a step of the grade opens %v", p)
	}
	t.Run("golden", func(t *testing.T) { tuitest.Golden(t, b, mk) })
	t.Run("behaviours", func(t *testing.T) { tuitest.Golden(t, b, mk, "tab", "tab", "tab", "tab", "tab", "down") })
	tuitest.Geometry(t, b, mk)
}
