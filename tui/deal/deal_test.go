package deal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

var scope = analytics.Scope{}

func at(s analytics.Scope, id store.ID) tuitest.Make {
	return func(env *pane.Env) pane.Pane { return New(env, pane.DealPlace(s, id)) }
}

// rich returns the open deal with the most to show.
func rich(tb testing.TB, b *analytics.Book) deal.Answer {
	tb.Helper()
	var best deal.Answer
	most := -1
	for _, r := range deal.Find(b, scope, deal.Filter{Kinds: []store.StageKind{store.StageOpen}}).Rows {
		a, err := deal.Of(b, scope, r.ID)
		if err != nil {
			tb.Fatal(err)
		}
		if n := len(r.Flags)*20 + len(a.History) + len(a.Touches) + 5*len(a.Evidence) + len(a.Extra); n > most {
			best, most = a, n
		}
	}
	return best
}

func TestDeal_Golden(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	mk := at(scope, rich(t, b).Row.ID)
	t.Run("facts", func(t *testing.T) { tuitest.Golden(t, b, mk, "down") })
	t.Run("touches", func(t *testing.T) { tuitest.Golden(t, b, mk, "tab", "tab", "tab", "tab", "down") })
	t.Run("dual", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "down") })
	t.Run("backed", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "shift+tab", "shift+tab", "down") })
	t.Run("chance", func(t *testing.T) { tuitest.Golden(t, b, mk, "shift+tab", "shift+tab", "down") })
}

func TestDeal_Geometry(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	tuitest.Geometry(t, b, at(scope, rich(t, b).Row.ID))
	tuitest.Geometry(t, extreme(), at(scope, "t:d"))
}

func TestDeal_ExplainsItsFigures(t *testing.T) {
	p := at(scope, "x")(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English))
	if lines := p.(pane.Explainer).Explain(); len(lines) != len(kind.Metrics) || len(lines) == 0 {
		t.Errorf("%d of %d figures are explained: %q", len(lines), len(kind.Metrics), lines)
	}
}

func TestDeal_Keys(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, at(scope, rich(t, b).Row.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	tuitest.Keys(t, d.P)
	d.Keys("tab")
	tuitest.Keys(t, d.P)
}

// TestDeal_EnterOpens walks every row of every section and demands the place that it is about, on the same day.
func TestDeal_EnterOpens(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	s := analytics.Scope{AsOf: b.Today() - 1}
	a, err := deal.Of(b, s, rich(t, b).Row.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := tuitest.Drive(t, at(s, a.Row.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 80, H: 22})
	open := func(what string, want pane.Place) {
		t.Helper()
		d.Sent = nil
		d.Keys("enter")
		if p, ok := d.Opened(); ok != (want.ID != "") || ok && p != want {
			t.Errorf("%s: opened %v, %v; want %v", what, p, ok, want)
		}
	}
	open("the account", pane.AccountPlace(s, a.Row.Account.ID))
	d.Keys("down")
	open("the owner", pane.PersonPlace(s, a.Row.Owner.ID))
	d.Keys("tab")
	for i := range a.History {
		e := a.History[len(a.History)-1-i]
		open("change "+e.At, pane.PersonPlace(s, e.By.ID))
		d.Keys("down")
	}
	d.Keys("tab")
	for _, e := range a.Evidence {
		open("document "+e.Title, pane.PersonPlace(s, e.By.ID))
		d.Keys("down")
	}
	d.Keys("tab")
	open("details", pane.Place{})
	d.Keys("tab")
	for _, x := range a.Touches {
		open("touch "+string(x.ID), pane.PersonPlace(s, x.Rep.ID))
		d.Keys("down")
	}
	d.Keys("tab")
	for _, c := range a.Contacts {
		open("contact "+c.Name, pane.AccountPlace(s, a.Row.Account.ID))
		d.Keys("down")
	}
	for _, c := range a.Colleagues {
		open("colleague "+string(c.ID), pane.PersonPlace(s, c.ID))
		d.Keys("down")
	}
}

func TestDeal_AsOfHidesTheFuture(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	a := rich(t, b)
	day := a.History[len(a.History)-1].Day - 1
	now := tuitest.Drive(t, at(scope, a.Row.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 200, H: 48})
	then := tuitest.Drive(t, at(analytics.Scope{AsOf: day}, a.Row.ID)(tuitest.Env(t, b, locale.English)), layout.Size{W: 200, H: 48})
	x, _ := now.P.(pane.Exporter).Table()
	y, ok := then.P.(pane.Exporter).Table()
	if !ok || len(y.Rows) >= len(x.Rows) || len(y.Rows) == 0 {
		t.Errorf("%d changes as of %s, %d today", len(y.Rows), day, len(x.Rows))
	}
	if v := layout.Plain(then.P.View()); a.NextStep == "" || strings.Contains(v, a.NextStep) {
		t.Errorf("the next step %q of today stands in the past:\n%s", a.NextStep, v)
	}
}

// TestDeal_ElsewhereIsNotFound: to a viewer of one team a deal of another looks like one that does not exist.
func TestDeal_ElsewhereIsNotFound(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	id := rich(t, b).Row.ID
	tuitest.Elsewhere(t, b, id, at, func(s analytics.Scope) bool { _, err := deal.Of(b, s, id); return err == nil })
}

// extreme is a book of one deal that has everything too long, too large and in a currency without a rate, and one that has nothing.
func extreme() *analytics.Book {
	long := func(s string) string { return store.Clean(strings.Repeat(s, 60)+"\x1b[2J\u202e\tx", store.MaxName) }
	today := store.DayOf(tuitest.Now, time.UTC)
	r := &store.Records{
		Org:      &store.Org{Name: "x", TimeZone: "UTC", Currency: "CNY"},
		People:   []store.Person{{ID: "t:p", Name: long("张")}},
		Stages:   []store.Stage{{ID: "offer", Name: long("报价"), NameEn: long("offer "), Order: 1, Probability: 100}},
		Accounts: []store.Account{{ID: "t:a", Name: long("钢铁")}},
		Contacts: []store.Contact{{ID: "t:c", Account: "t:a", Name: long("李"), Role: long("总"), Influence: 100, Email: long("a@b"), Phone: long("1")}},
		Products: []store.Product{{ID: "t:x", Name: long("阀")}},
		Deals: []store.Deal{
			{ID: "t:d", Name: long("大单"), Account: "t:a", Owner: "t:p", Product: "t:x", Stage: "offer", Amount: store.Money{Minor: 987_654_321_987_654_321, Currency: "USD"},
				Created: today - 3000, Close: today - 900, Lead: long("展"), NextStep: long("打电话 "), URL: long("https://x/"), Extra: map[string]string{long("k"): long("v")}},
			{ID: "t:bare", Stage: "offer", Created: store.NoDay, Close: store.NoDay},
		},
		Changes:  []store.Change{{Deal: "t:d", Field: store.FieldAmount, From: "1.00 USD", To: "9876543219876543.21 USD", At: tuitest.Now, By: "t:p"}},
		Touches:  []store.Touch{{ID: "t:t", Account: "t:a", Deal: "t:d", Rep: "t:p", At: tuitest.Now, Topic: long("话题"), Note: long("备注"), Area: long("省/")}},
		Evidence: []store.Evidence{{ID: "t:e", Deal: "t:d", Kind: long("kind"), Title: long("标题"), URL: long("u"), By: "t:p", At: tuitest.Now}},
	}
	return analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
}

func TestDeal_AmountIsNeverCut(t *testing.T) {
	for _, w := range []int{60, 80, 120, 200} {
		d := tuitest.Drive(t, at(scope, "t:d")(tuitest.Env(t, extreme(), locale.Chinese)), layout.Size{W: w, H: 22})
		v := layout.Plain(d.P.View())
		if !strings.Contains(v, "9,876,543,219,876,543.21 USD") || !strings.Contains(v, "无汇率") || strings.Contains(v, "###") {
			t.Errorf("at %d columns:\n%s", w, v)
		}
	}
}

func TestDeal_NothingKnown(t *testing.T) {
	d := tuitest.Drive(t, at(scope, "t:bare")(tuitest.Env(t, extreme(), locale.English)), layout.Size{W: 120, H: 30})
	v := layout.Plain(d.P.View())
	for _, want := range []string{"no amount", "no close date", "no history", "no documents", "no touch yet", "no people known", "unassigned"} {
		if !strings.Contains(v, want) {
			t.Errorf("%q is not said:\n%s", want, v)
		}
	}
	for range 7 {
		d.Keys("enter", "tab")
	}
	if p, ok := d.Opened(); ok {
		t.Errorf("opened %v from nothing", p)
	}
	d.Sent = nil
	d.Keys("o")
	if len(d.Sent) != 1 || d.Sent[0] != (pane.Toast{Text: "the source gives no link"}) {
		t.Errorf("o without a link: %v", d.Sent)
	}
}

func TestStep_Words(t *testing.T) {
	l := locale.New(locale.English)
	for _, c := range []struct {
		e    deal.Event
		want string
	}{
		{deal.Event{Field: store.FieldStage, New: "线索", NewEn: "Lead"}, "new > Lead"},
		{deal.Event{Field: store.FieldStage, Old: "旧", New: "无英文"}, "旧 > 无英文"},
		{deal.Event{Field: store.FieldAmount, Old: "1234567.50 CNY", New: "5 JPY"}, "1,234,567.50 CNY > 5 JPY"},
		{deal.Event{Field: store.FieldAmount, Old: "", New: "what"}, "- > what"},
		{deal.Event{Field: store.FieldClose, Old: "2026-01-01", New: "2026-01-31"}, "2026-01-01 > 2026-01-31 (30d later)"},
		{deal.Event{Field: store.FieldClose, Old: "2026-01-31", New: "2026-01-01"}, "2026-01-31 > 2026-01-01 (30d earlier)"},
		{deal.Event{Field: store.FieldClose, Old: "2026-01-31"}, "2026-01-31 > -"},
		{deal.Event{Field: store.FieldCategory, Old: "", New: "best_case"}, "- > best case"},
		{deal.Event{Field: store.FieldOwner, Old: "甲", New: "乙"}, "甲 > 乙"},
	} {
		if got := step(l, &c.e); got != c.want {
			t.Errorf("%+v: %q, want %q", c.e, got, c.want)
		}
	}
}

func BenchmarkKey_Deal(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	id := rich(b, book).Row.ID
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

// BenchmarkLoad_Deal is opening: load, wording, first picture.
func BenchmarkLoad_Deal(b *testing.B) {
	book := tuitest.Company(b, company.Demo)
	id, env := rich(b, book).Row.ID, tuitest.Env(b, book, locale.Chinese)
	for b.Loop() {
		_ = tuitest.Drive(b, at(scope, id)(env), layout.Size{W: 200, H: 48}).P.View()
	}
}
