package deal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func at(ago int, hour int) time.Time {
	return (plain.Today - store.Day(ago)).Time(plain.Zone).Add(time.Duration(hour) * time.Hour)
}

func cny(major int64) store.Money { return store.Money{Minor: major * 100, Currency: "CNY"} }

func records() *store.Records {
	return &store.Records{
		Org:    &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY", Rates: map[store.Currency]string{"USD": "7"}},
		Units:  []store.Unit{{ID: "t:e", Name: "东"}, {ID: "t:s", Name: "南"}},
		People: []store.Person{{ID: "t:1", Name: "甲", Unit: "t:e"}, {ID: "t:2", Name: "乙", Unit: "t:s"}, {ID: "t:3", Name: "丙", Unit: "t:e"}},
		Stages: []store.Stage{{ID: "lead", Name: "线索", NameEn: "Lead", Order: 1, Probability: 10}, {ID: "offer", Name: "报价", NameEn: "Offer", Order: 2, Probability: 60},
			{ID: "won", Kind: store.StageWon}},
		Products: []store.Product{{ID: "t:p", Name: "阀"}},
		Accounts: []store.Account{{ID: "t:a", Name: "钢厂"}},
		Contacts: []store.Contact{{ID: "t:c1", Account: "t:a", Name: "王", Role: "user", Influence: 20}, {ID: "t:c2", Account: "t:a", Name: "李", Influence: 90}},
		Deals: []store.Deal{
			{ID: "t:d", Name: "大单", Account: "t:a", Owner: "t:1", Product: "t:p", Stage: "offer", Amount: cny(300), Created: plain.Today - 60, Close: plain.Today - 4,
				NextStep: "打电话", URL: "https://crm/1", Lead: "展会", Extra: map[string]string{"k": "v"}},
			{ID: "t:usd", Name: "美元", Account: "t:a", Owner: "t:1", Stage: "lead", Amount: store.Money{Minor: 10000, Currency: "USD"}, Created: plain.Today, Close: plain.Today + 9},
			{ID: "t:eur", Name: "欧元", Owner: "t:1", Stage: "lead", Amount: store.Money{Minor: 10000, Currency: "EUR"}, Created: plain.Today, Close: plain.Today},
			{ID: "t:bare", Name: "空", Stage: "lead", Created: store.NoDay, Close: store.NoDay},
			{ID: "t:won", Name: "赢", Owner: "t:2", Stage: "won", Amount: cny(1), Created: plain.Today - 30, Close: plain.Today - 20},
		},
		Changes: []store.Change{
			{Deal: "t:d", Field: store.FieldStage, To: "lead", At: at(60, 9), By: "t:2"},
			{Deal: "t:d", Field: store.FieldAmount, From: "100.00 CNY", To: "300.00 CNY", At: at(50, 9)},
			{Deal: "t:d", Field: store.FieldOwner, From: "t:2", To: "t:1", At: at(40, 9)},
			{Deal: "t:d", Field: store.FieldClose, From: (plain.Today - 30).String(), To: (plain.Today - 4).String(), At: at(35, 0), DayOnly: true},
			{Deal: "t:d", Field: store.FieldStage, From: "lead", To: "offer", At: at(30, 9), Seen: at(29, 9)},
		},
		Touches: []store.Touch{
			{ID: "t:t1", Deal: "t:d", Account: "t:a", Contact: "t:c1", Rep: "t:3", At: at(45, 14), Topic: "价格"},
			{ID: "t:t2", Account: "t:a", Contact: "t:c2", Rep: "t:1", At: at(21, 9), DayOnly: true},
			{ID: "t:t3", Deal: "t:usd", Account: "t:a", Contact: "t:c2", Rep: "t:1", At: at(1, 9)},
		},
		Evidence: []store.Evidence{{ID: "t:e2", Deal: "t:d", Title: "合同", At: at(10, 9), By: "t:1"}, {ID: "t:e1", Deal: "t:d", Title: "纪要", At: at(44, 9)}},
	}
}

func TestDeal_Of(t *testing.T) {
	b := analytics.FromRecords(records(), plain.Options())
	a, err := deal.Of(b, analytics.Scope{Node: "t:s", Product: "t:nothing"}, "t:d") // only Root and AsOf count
	if err != nil {
		t.Fatal(err)
	}
	r := a.Row
	if r.Owner.Name != "甲" || r.Account.Name != "钢厂" || r.Product.Name != "阀" || r.Stage.Name != "报价" || r.Probability != 60 || r.Value != cny(300) ||
		r.DaysInStage != 30 || r.Age != 60 || r.LastTouch != plain.Today-21 {
		t.Errorf("row %+v", r)
	}
	if got, want := fmt.Sprint(r.Flags), fmt.Sprint([]deal.Flag{{Kind: deal.Overdue, Days: 4, Since: plain.Today - 4}, {Kind: deal.Stale, Days: 21, Since: plain.Today - 21}}); got != want {
		t.Errorf("flags %s, want %s", got, want)
	}
	var history []string
	for _, e := range a.History {
		history = append(history, fmt.Sprintf("%s %s>%s by %s at %s", e.Field, e.Old, e.New, e.By.Name, e.At))
	}
	want := []string{"stage >线索 by 乙 at 2026-03-21T09:00:00+08:00", "amount 100.00 CNY>300.00 CNY by  at 2026-03-31T09:00:00+08:00", "owner 乙>甲 by  at 2026-04-10T09:00:00+08:00",
		"close 2026-04-20>2026-05-16 by  at 2026-04-15", "stage 线索>报价 by  at 2026-04-20T09:00:00+08:00"}
	if !slices.Equal(history, want) {
		t.Errorf("history\n%s\nwant\n%s", strings.Join(history, "\n"), strings.Join(want, "\n"))
	}
	if len(a.Touches) != 2 || a.TouchCount != 2 || a.Touches[0].ID != "t:t2" || !a.Touches[0].Account || a.Touches[0].Minute != -1 || a.Touches[1].Minute != 14*60 {
		t.Errorf("touches %+v", a.Touches)
	}
	if len(a.Contacts) != 2 || a.Contacts[0].Name != "李" || a.Contacts[0].Touches != 2 || a.Contacts[0].LastTouch != plain.Today-1 {
		t.Errorf("contacts %+v", a.Contacts)
	}
	if len(a.Colleagues) != 3 || !a.Colleagues[0].Owner || a.Colleagues[0].Name.Name != "甲" {
		t.Errorf("colleagues %+v", a.Colleagues)
	}
	if len(a.Evidence) != 2 || a.Evidence[0].Title != "纪要" || a.URL == "" || a.NextStep == "" || a.Extra["k"] != "v" {
		t.Errorf("evidence %+v url %q next %q", a.Evidence, a.URL, a.NextStep)
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
	if tab := a.Table(); len(tab.Rows) != 5 || len(tab.Rows[0]) != len(tab.Columns) {
		t.Errorf("table %+v", tab)
	}
}

func TestDeal_OthersTouchesStayTheirs(t *testing.T) {
	r := records()
	r.Touches = append(r.Touches, store.Touch{ID: "t:t4", Account: "t:a", Contact: "t:c1", Rep: "t:2", At: at(2, 9), Note: "南方的事"})
	b := analytics.FromRecords(r, plain.Options())
	for root, want := range map[store.ID]int{"": 3, "t:e": 2} {
		a, err := deal.Of(b, analytics.Scope{Root: root}, "t:d")
		if err != nil || len(a.Touches) != want {
			t.Errorf("root %q: %v, touches %+v; want %d", root, err, a.Touches, want)
		}
	}
}

func TestDeal_AsOf(t *testing.T) {
	b := analytics.FromRecords(records(), plain.Options())
	a, err := deal.Of(b, analytics.Scope{AsOf: plain.Today - 46}, "t:d")
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Row; r.Owner.Name != "乙" || r.Stage.ID != "lead" || r.Amount != cny(300) || r.Close != plain.Today-30 || r.LastTouch != store.NoDay || len(r.Flags) != 0 {
		t.Errorf("row %+v", r)
	}
	if len(a.History) != 2 || len(a.Touches) != 0 || len(a.Evidence) != 0 || a.NextStep != "" || a.Contacts[0].Touches != 0 {
		t.Errorf("something that happened later shows: %+v", a)
	}
}

func TestDeal_NotSeen(t *testing.T) {
	b := analytics.FromRecords(records(), plain.Options())
	for _, c := range []struct {
		s  analytics.Scope
		id store.ID
	}{
		{analytics.Scope{Root: "t:s"}, "t:d"}, {analytics.Scope{Root: "t:2"}, "t:d"}, {analytics.Scope{Root: "t:x"}, "t:d"}, {analytics.Scope{}, "t:no"}, {analytics.Scope{}, ""},
		{analytics.Scope{AsOf: plain.Today - 61}, "t:d"}, {analytics.Scope{Root: "t:e", AsOf: plain.Today - 46}, "t:d"}, {analytics.Scope{}, "\x1b[2J"},
	} {
		a, err := deal.Of(b, c.s, c.id)
		if !errors.Is(err, store.ErrNotFound) || a.Row.ID != "" {
			t.Errorf("%+v %q: %v, %+v", c.s, c.id, err, a.Row)
		}
		if err != nil && strings.Contains(err.Error(), "\x1b") {
			t.Errorf("the error carries an escape: %q", err)
		}
	}
}

func TestFind(t *testing.T) {
	b := analytics.FromRecords(records(), plain.Options())
	for name, c := range map[string]struct {
		s    analytics.Scope
		f    deal.Filter
		want string
	}{
		"all, by value":   {analytics.Scope{}, deal.Filter{}, "usd d won bare eur"},
		"open":            {analytics.Scope{}, deal.Filter{Kinds: []store.StageKind{store.StageOpen}}, "usd d bare eur"},
		"overdue":         {analytics.Scope{}, deal.Filter{Flag: deal.Overdue}, "d"},
		"without amount":  {analytics.Scope{}, deal.Filter{Flag: deal.NoAmount}, "bare"},
		"without a date":  {analytics.Scope{}, deal.Filter{Flag: deal.NoClose}, "bare"},
		"stale":           {analytics.Scope{}, deal.Filter{Flag: deal.Stale}, "d bare"},
		"of an account":   {analytics.Scope{}, deal.Filter{Account: "t:a"}, "usd d"},
		"of a person":     {analytics.Scope{}, deal.Filter{Owner: "t:2"}, "won"},
		"text in account": {analytics.Scope{}, deal.Filter{Text: "钢"}, "usd d"},
		"closing soon":    {analytics.Scope{}, deal.Filter{Close: analytics.Period{From: plain.Today, To: plain.Today + 9}}, "usd eur"},
		"a node":          {analytics.Scope{Node: "t:e"}, deal.Filter{}, "usd d eur"},
		"outside":         {analytics.Scope{Root: "t:s", Node: "t:e"}, deal.Filter{}, ""},
	} {
		l := deal.Find(b, c.s, c.f)
		var got []string
		for _, r := range l.Rows {
			got = append(got, r.ID.Native())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	l := deal.Find(b, analytics.Scope{}, deal.Filter{})
	if plain.Print(l.Sum) != "1001.00 CNY + 100.00 EUR" || l.NoAmount != 1 {
		t.Errorf("the list adds up to %s, %d without an amount", plain.Print(l.Sum), l.NoAmount)
	}
	tab := l.Table()
	for _, row := range tab.Rows {
		if len(row) != len(tab.Columns) {
			t.Errorf("%d cells for %d columns", len(row), len(tab.Columns))
		}
	}
}

// TestDeal_ListsOpen: whatever a list shows, its viewer can open, and what it does not show to a root cannot be opened there.
func TestDeal_ListsOpen(t *testing.T) {
	rng := storetest.Rand(t)
	opened, refused := 0, 0
	for range 25 {
		w := plain.Random(rng, 30)
		b := w.Book()
		for range 8 {
			s := w.Scope()
			shown := map[store.ID]bool{}
			for _, r := range deal.Find(b, analytics.Scope{Root: s.Root, AsOf: s.AsOf}, deal.Filter{}).Rows {
				shown[r.ID] = true
			}
			for _, d := range w.Deals {
				a, err := deal.Of(b, s, d.ID)
				if (err == nil) != shown[d.ID] {
					t.Fatalf("root %q as of %s: %s listed %t, opened %v", s.Root, s.AsOf, d.ID, shown[d.ID], err)
				}
				if err != nil {
					refused++
					continue
				}
				opened++
				if a.Row.LastTouch != w.LastTouch(d, a.Stamp.AsOf) {
					t.Fatalf("%s last touched %s, want %s", d.ID, a.Row.LastTouch, w.LastTouch(d, a.Stamp.AsOf))
				}
				for _, e := range a.History {
					if e.Day > a.Stamp.AsOf {
						t.Fatalf("%s as of %s shows what happened on %s", d.ID, a.Stamp.AsOf, e.Day)
					}
				}
			}
		}
	}
	if opened == 0 || refused == 0 {
		t.Fatalf("%d opened, %d refused: the test says nothing", opened, refused)
	}
}
