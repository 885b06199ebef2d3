package list

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// odd returns a company some of whose names are of letters whose cases are far apart, whose deals lack what deals may lack, and that was advanced since it was built.
func odd(t *testing.T, r *rand.Rand) *analytics.Book {
	t.Helper()
	c, err := company.New(company.Config{Seed: 1, Now: tuitest.Now, Size: tuitest.Small})
	if err != nil {
		t.Fatal(err)
	}
	rec := c.Take()
	org := company.Org()
	rec.Org = &org
	letters := []rune("aAkK\u212AsSſiİéÉßΣς客户（Ａａ）1,")
	name := func() string {
		w := make([]rune, 1+r.IntN(8))
		for i := range w {
			if w[i] = letters[r.IntN(len(letters))]; i > 0 && i < len(w)-1 && r.IntN(6) == 0 {
				w[i] = ' '
			}
		}
		return string(w)
	}
	for i := range rec.Deals {
		d := &rec.Deals[i]
		switch r.IntN(12) {
		case 0:
			d.Amount = store.Money{}
		case 1:
			d.Close = store.NoDay
		case 2:
			d.Account = store.ID(fmt.Sprint("src:Ghost", r.IntN(3)))
		case 3:
			d.Owner = "src:Nobody"
		case 4:
			d.Stage = "Undeclared"
		}
	}
	b := analytics.FromRecords(rec, analytics.Options{Now: func() time.Time { return tuitest.Now }})
	delta := store.Delta{Rev: b.Rev() + 1}
	for i := range rec.Deals {
		if d := rec.Deals[i]; r.IntN(3) == 0 {
			d.Name = name()
			delta.Deals = append(delta.Deals, d)
		}
	}
	for _, a := range rec.Accounts {
		if r.IntN(3) == 0 {
			a.Name, a.City = name(), name()
			delta.Accounts = append(delta.Accounts, a)
		}
	}
	for _, p := range rec.People[:3] {
		p.Name = name()
		delta.People = append(delta.People, p)
	}
	delta.Deals = append(delta.Deals, store.Deal{ID: "x:silent", Name: "never heard of", Stage: rec.Stages[0].ID, Created: store.NoDay, Close: store.NoDay})
	if b, err = b.Advance(&delta); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestList_FindAgainstMatch: what finds a word without making rows finds it in the rows that hold it once they are made, in every list, now and in the past.
func TestList_FindAgainstMatch(t *testing.T) {
	r := storetest.Rand(t)
	b := odd(t, r)
	env := tuitest.Env(t, b, locale.English)
	f := funnel.Of(b, scope)
	some := strings.Fields("逾 stale a o 天 2d 1 , 无 no 停滞1 d 逾期1 客 > a>b 电 visit src ghost")
	ps := []pane.Place{
		{Kind: pane.Deals}, {Kind: pane.Touches}, {Kind: pane.Accounts}, pane.FunnelDeals(scope, f.Stages[1].ID, string(funnel.Stays)), pane.ForecastDeals(scope, "", "stale"),
		{Kind: pane.Touches, ID: heatmap.Cell{Query: heatmap.Query{View: heatmap.WeekdayHour}, Row: "tue"}.String()},
		{Kind: pane.Moves, ID: migration.Cell{From: migration.Any, To: migration.Any}.String()},
		pane.AccountDeals(scope, b.AccountID(0)),
	}
	for _, p := range ps {
		for _, asOf := range []analytics.Day{0, b.Today() - 100} {
			p.Scope.AsOf = asOf
			c, err := lists[p.Kind].load(env, b, p)
			if err != nil {
				t.Fatal(err)
			}
			texts := make([]string, c.rows.Len)
			for i := range texts {
				texts[i] = strings.ToLower(c.rows.Match(i))
			}
			if len(texts) == 0 {
				t.Fatalf("%v has no rows to look at", p)
			}
			for range 150 {
				words := strings.Fields(texts[r.IntN(len(texts))])
				w := []rune(words[r.IntN(len(words))])
				if r.IntN(3) == 0 {
					w = []rune(some[r.IntN(len(some))])
				}
				lo := r.IntN(len(w))
				word := string(w[lo : lo+1+r.IntN(len(w)-lo)])
				find := c.rows.Find(word)
				for i, s := range texts {
					if got, want := find(i), strings.Contains(s, word); got != want {
						t.Fatalf("%v: %q in row %d is %v, want %v: %q", p, word, i, got, want, s)
					}
				}
			}
		}
	}
}

// TestList_FilterAnswersInACommand: while the filter is looked for the rows before stay, a late answer is dropped, and what is loaded meanwhile comes with the filter that
// was typed last.
func TestList_FilterAnswersInACommand(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	d := tuitest.Drive(t, of(pane.Place{Kind: pane.Deals})(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	all := m.list.Len()
	late := m.SetFilter("a")
	if m.list.Len() != all || m.Filter() != "a" {
		t.Errorf("%d rows before the answer, want all %d; filter %q", m.list.Len(), all, m.Filter())
	}
	next := m.SetFilter("ab")
	tuitest.Run(t, late, route(d))
	if m.list.Filter() != "" {
		t.Errorf("a late answer was taken: %q", m.list.Filter())
	}
	tuitest.Run(t, next, route(d))
	few := m.list.Len()
	if m.list.Filter() != "ab" || few >= all {
		t.Errorf("%d of %d rows with %q", few, all, m.list.Filter())
	}
	load := m.reload()
	m.SetFilter("") // typed while it loads, and what it starts never comes to its end
	tuitest.Run(t, load, route(d))
	if m.list.Filter() != "" || m.list.Len() != all {
		t.Errorf("%d rows with %q after a load, want all %d", m.list.Len(), m.list.Filter(), all)
	}
}

func route(d *tuitest.Pane) func(tea.Msg) tea.Cmd {
	return func(msg tea.Msg) tea.Cmd {
		if to, ok := msg.(pane.To); ok {
			msg = to.Msg
		}
		return d.P.Update(msg)
	}
}

// TestList_Restored: a list that comes back has its filter, its marks and its selected row again, also when other rows came before it.
func TestList_Restored(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	size := layout.Size{W: 120, H: 30}
	d := tuitest.Drive(t, of(pane.Place{Kind: pane.Deals})(tuitest.Env(t, b, locale.English)), size)
	d.Filter("a")
	d.Keys("down", "space", "down", "down")
	was := d.P.(*model)
	key, _ := was.list.Wanted()
	again := of(pane.Place{Kind: pane.Deals})(tuitest.Env(t, b, locale.English))
	again.(pane.Restorer).Restore(d.P.(pane.Restorer).Snapshot())
	d = tuitest.Drive(t, again, size)
	m := again.(*model)
	if got, _ := m.list.Wanted(); got != key || m.Filter() != "a" || m.list.Len() != was.list.Len() || len(m.list.Marked()) != 1 {
		t.Errorf("selected %q, want %q; filter %q, %d of %d rows, marks %v", got, key, m.Filter(), m.list.Len(), was.list.Len(), m.list.Marked())
	}
	d.Filter("")
	if got, _ := m.list.Wanted(); got != key || m.list.Len() == was.list.Len() {
		t.Errorf("after the filter went %q is selected, want %q", got, key)
	}
}

// TestList_TheLastRowOfALongList: the key for the last row does no sorting in Update; the row is chosen when all are in order, also of a list that was loaded again meanwhile.
func TestList_TheLastRowOfALongList(t *testing.T) {
	rec := &store.Records{Org: &store.Org{TimeZone: "UTC", Currency: "CNY"}, Stages: []store.Stage{{ID: "lead"}}}
	for i := range 5000 {
		rec.Deals = append(rec.Deals, store.Deal{ID: store.ID(fmt.Sprintf("d%04d", i)), Name: "x", Stage: "lead", Amount: store.Money{Minor: int64(i + 1), Currency: "CNY"}})
	}
	b := analytics.FromRecords(rec, analytics.Options{Now: func() time.Time { return tuitest.Now }})
	d := tuitest.Drive(t, of(pane.Place{Kind: pane.Deals})(tuitest.Env(t, b, locale.English)), layout.Size{W: 120, H: 30})
	m := d.P.(*model)
	cmd := m.Update(tuitest.Key("G"))
	if i, _ := m.list.Selected(); i != 0 || cmd == nil {
		t.Fatalf("row %d is selected before the rows are in order; command %v", i, cmd != nil)
	}
	again := m.reload()
	tuitest.Run(t, again, route(d))
	tuitest.Run(t, cmd, route(d)) // late: it was about the rows before
	if key, _ := m.list.Wanted(); key != "d0000" {
		t.Errorf("the last row is %q, want d0000, the least", key)
	}
	d.Keys("home", "down")
	if cmd := m.Update(tuitest.Key("end")); cmd != nil {
		t.Error("the rows are put in order twice")
	}
	for range 60 {
		d.Keys("pgup")
	}
	d.Send(pane.Committed{})
	for range 80 {
		d.Keys("pgdown")
	}
	if n, of := m.list.Position(); n < 1900 || of != 5000 || !m.settled {
		t.Errorf("row %d of %d, all in order: %v", n, of, m.settled)
	}
	m.Close()
}
