package analytics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"flightdeck/analytics"
	"flightdeck/analytics/plain"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func TestConvert_Exact(t *testing.T) {
	org := &store.Org{Currency: "CNY", Rates: map[store.Currency]string{"USD": "7.1", "JPY": "0.0481", "KWD": "23.456789", "EUR": " 7.85 ", "GBP": "nine", "CHF": "-8",
		"SEK": "0", "NOK": "1e400", "DKK": "0.00000000000000000000000001"}}
	b := analytics.FromRecords(&store.Records{Org: org}, plain.Options())
	for _, c := range []struct {
		m    store.Money
		want int64
		ok   bool
	}{
		{store.Money{Minor: 100, Currency: "CNY"}, 100, true},
		{store.Money{Minor: 100, Currency: "USD"}, 710, true},
		{store.Money{Minor: 5, Currency: "USD"}, 36, true},   // 35.5: half to even
		{store.Money{Minor: 15, Currency: "USD"}, 106, true}, // 106.5
		{store.Money{Minor: -5, Currency: "USD"}, -36, true},
		{store.Money{Minor: 1000, Currency: "JPY"}, 4810, true}, // yen has no minor unit
		{store.Money{Minor: 1000, Currency: "KWD"}, 2346, true}, // dinar has three places
		{store.Money{Minor: 100, Currency: "EUR"}, 785, true},
		{store.Money{}, 0, false},
		{store.Money{Minor: 100, Currency: "GBP"}, 0, false}, {store.Money{Minor: 100, Currency: "CHF"}, 0, false}, {store.Money{Minor: 100, Currency: "SEK"}, 0, false},
		{store.Money{Minor: 100, Currency: "NOK"}, 0, false}, {store.Money{Minor: 100, Currency: "DKK"}, 0, false}, {store.Money{Minor: 100, Currency: "XXX"}, 0, false},
		{store.Money{Minor: math.MaxInt64, Currency: "USD"}, 0, false}, // out of range, not wrapped round
	} {
		if got, ok := b.Converted(c.m); ok != c.ok || ok && got != c.want {
			t.Errorf("Converted(%v) = %d, %t; want %d, %t", c.m, got, ok, c.want, c.ok)
		}
	}
	rng := storetest.Rand(t)
	for range 5000 {
		minor := rng.Int64() >> rng.IntN(60)
		if rng.IntN(2) == 0 {
			minor = -minor
		}
		want := decimal.New(minor, 0).Mul(decimal.RequireFromString("7.1")).RoundBank(0)
		got, ok := b.Converted(store.Money{Minor: minor, Currency: "USD"})
		if fits := want.Abs().LessThanOrEqual(decimal.New(math.MaxInt64, 0)); ok != fits || ok && !want.Equal(decimal.New(got, 0)) {
			t.Fatalf("%d USD cents are %d, %t; want %s", minor, got, ok, want)
		}
	}
}

func TestAdder_DoesNotWrapRound(t *testing.T) {
	b := analytics.FromRecords(&store.Records{}, plain.Options())
	sum := b.Adder()
	for range 3 {
		sum.Add(store.Money{Minor: math.MaxInt64 - 1, Currency: "CNY"})
	}
	if got := sum.Sum().Money; got.Minor != math.MaxInt64 || got.Currency != "CNY" {
		t.Errorf("three times almost the greatest amount is %v", got)
	}
}

func TestRatio_JSON(t *testing.T) {
	for r, want := range map[analytics.Ratio]string{
		{}:                `{"num":0,"den":0,"value":null}`,
		{Num: 3}:          `{"num":3,"den":0,"value":null}`,
		{Num: 1, Den: 4}:  `{"num":1,"den":4,"value":0.25}`,
		{Num: 0, Den: 10}: `{"num":0,"den":10,"value":0}`,
	} {
		if got, err := json.Marshal(r); err != nil || string(got) != want {
			t.Errorf("%+v: %s, %v; want %s", r, got, err, want)
		}
	}
}

func at(day store.Day) time.Time { return day.Time(plain.Zone).Add(10 * time.Hour) }

func TestToday_QuietDataShowsItsLastDay(t *testing.T) {
	org := &store.Org{TimeZone: "Asia/Shanghai", Currency: "CNY"}
	stages := []store.Stage{{ID: "lead"}, {ID: "won", Kind: store.StageWon}}
	old := plain.Today - 400
	for name, c := range map[string]struct {
		r    store.Records
		want store.Day
	}{
		"nothing at all":                   {store.Records{}, plain.Today},
		"a touch of today":                 {store.Records{Touches: []store.Touch{{ID: "t:1", At: plain.Now}}}, plain.Today},
		"a finished set":                   {store.Records{Deals: []store.Deal{{ID: "t:1", Stage: "won", Created: old - 50, Close: old}}}, old},
		"a promise is no fact":             {store.Records{Deals: []store.Deal{{ID: "t:1", Stage: "lead", Created: old - 50, Close: old}}}, old - 50},
		"a quarter is not quiet yet":       {store.Records{Touches: []store.Touch{{ID: "t:1", At: at(plain.Today - 92)}}}, plain.Today},
		"a day more is":                    {store.Records{Touches: []store.Touch{{ID: "t:1", At: at(plain.Today - 93)}}}, plain.Today - 93},
		"what is planned has not happened": {store.Records{Touches: []store.Touch{{ID: "t:1", At: at(plain.Today + 5)}, {ID: "t:2", At: at(old)}}}, old},
	} {
		c.r.Org, c.r.Stages = org, stages
		b := analytics.FromRecords(&c.r, plain.Options())
		if got := b.Today(); got != c.want {
			t.Errorf("%s: today is %s, want %s", name, got, c.want)
		}
		if st := b.Stamp(analytics.Scope{}); st.AsOf != c.want {
			t.Errorf("%s: the stamp says %s", name, st.AsOf)
		}
		if got := b.AsOf(analytics.Scope{AsOf: plain.Today + 100}); got != plain.Today {
			t.Errorf("%s: tomorrow is asked as of %s", name, got)
		}
	}
}

func TestStamp_NeverReadIsNotTheYearOne(t *testing.T) {
	b, err := json.Marshal(analytics.Stamp{Rev: 3, AsOf: 0})
	if err != nil || strings.Contains(string(b), "oldest") {
		t.Errorf("%s, %v: want no oldest where a source was never read", b, err)
	}
}

func TestStamp_Oldest(t *testing.T) {
	h := func(n int) time.Time { return plain.Now.Add(time.Duration(n) * time.Hour) }
	st := func(src store.SourceID, stream store.Stream, good time.Time) store.SourceStatus {
		return store.SourceStatus{Source: src, Stream: stream, Good: good}
	}
	for name, c := range map[string]struct {
		all  []store.SourceStatus
		want time.Time
	}{
		"no source":                      {nil, time.Time{}},
		"the least fresh stream":         {[]store.SourceStatus{st("a", "deals", h(-1)), st("a", "touches", h(-3)), st("b", "deals", h(-2))}, h(-3)},
		"one stream is refused for good": {[]store.SourceStatus{{Source: "a", Stream: "calls", State: store.SyncFailed, Error: "no right to it"}, st("a", "deals", h(-1))}, h(-1)},
		"a first reading is under way":   {[]store.SourceStatus{st("a", "deals", h(-1)), {Source: "a", Stream: "touches", State: store.SyncRunning, Done: 25000}}, time.Time{}},
		"a first reading is to come":     {[]store.SourceStatus{st("a", "deals", h(-1)), st("a", "touches", time.Time{})}, time.Time{}},
		"one source never finished":      {[]store.SourceStatus{st("a", "deals", h(-1)), st("b", "deals", time.Time{})}, time.Time{}},
	} {
		b := analytics.FromRecords(&store.Records{Statuses: c.all}, plain.Options())
		if got := b.Stamp(analytics.Scope{}).Oldest; !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestHistory_SameMoment: a source that knows only the date gives several steps at the same moment; they are put in the order in which they fit together.
func TestHistory_SameMoment(t *testing.T) {
	day := plain.Today - 10
	step := func(from, to string) store.Change {
		return store.Change{Deal: "t:1", Field: store.FieldStage, From: from, To: to, At: day.Time(plain.Zone), DayOnly: true}
	}
	stages := []store.Stage{{ID: "a", Order: 1}, {ID: "b", Order: 2}, {ID: "c", Order: 3}, {ID: "won", Kind: store.StageWon}}
	n := 0
	named := func(c store.Change) store.Change { // two steps to one stage at one moment need IDs of their own
		n++
		c.ID = store.ID(fmt.Sprint("t:c", n))
		return c
	}
	for name, changes := range map[string][]store.Change{
		"one after the other": {step("c", "won"), step("a", "b"), step("b", "c")},
		"from nothing":        {step("b", "c"), step("", "b"), step("c", "won")},
		"forth and back":      {named(step("c", "b")), named(step("b", "c")), named(step("a", "b")), {Deal: "t:1", Field: store.FieldStage, From: "b", To: "won", At: day.Time(plain.Zone).Add(time.Hour)}},
	} {
		b := analytics.FromRecords(&store.Records{Org: &store.Org{TimeZone: "Asia/Shanghai"}, Stages: stages, Changes: changes,
			Deals: []store.Deal{{ID: "t:1", Stage: "won", Created: day - 5}}}, plain.Options())
		code, _ := b.DealCode("t:1")
		prev := ""
		for _, c := range b.Changes(code, plain.Today) {
			if prev != "" && c.From != prev {
				t.Errorf("%s: a step from %q follows one to %q", name, c.From, prev)
			}
			prev = c.To
		}
		if prev != "won" {
			t.Errorf("%s: ends in %q", name, prev)
		}
	}
}

func TestSees(t *testing.T) {
	b := analytics.FromRecords(&store.Records{
		Units:    []store.Unit{{ID: "t:e", Name: "东", Manager: "t:boss"}, {ID: "t:e1", Parent: "t:e", Name: "东一", Manager: "t:lead"}, {ID: "t:s", Name: "南"}},
		People:   []store.Person{{ID: "t:boss", Name: "总"}, {ID: "t:lead", Name: "长", Unit: "t:e1"}, {ID: "t:1", Name: "甲", Unit: "t:e1"}, {ID: "t:2", Name: "乙", Unit: "t:s"}},
		Stages:   []store.Stage{{ID: "lead"}},
		Accounts: []store.Account{{ID: "t:own", Owner: "t:1"}, {ID: "t:deal", Owner: "t:2"}, {ID: "t:touch"}, {ID: "t:none"}},
		Deals:    []store.Deal{{ID: "t:d", Account: "t:deal", Owner: "t:1", Stage: "lead", Created: plain.Today - 30}},
		Changes:  []store.Change{{Deal: "t:d", Field: store.FieldOwner, From: "t:2", To: "t:1", At: at(plain.Today - 5)}},
		Touches:  []store.Touch{{ID: "t:t", Account: "t:touch", Rep: "t:1", At: plain.Now}},
	}, plain.Options())
	for person, want := range map[store.ID]store.ID{"t:boss": "t:e", "t:lead": "t:e1", "t:1": "t:1", "t:nobody": "t:nobody"} {
		if got := b.RootOf(person); got != want {
			t.Errorf("RootOf(%s) = %s, want %s", person, got, want)
		}
	}
	accounts := func(root store.ID) (out string) {
		for _, id := range []store.ID{"t:own", "t:deal", "t:touch", "t:none"} {
			c, _ := b.AccountCode(id)
			if b.SeesAccount(root, c) {
				out += id.Native() + " "
			}
		}
		return out
	}
	for root, want := range map[store.ID]string{"": "own deal touch none ", "t:e": "own deal touch ", "t:1": "own deal touch ", "t:s": "deal ", "t:2": "deal ", "t:lead": "", "t:x": ""} {
		if got := accounts(root); got != want {
			t.Errorf("root %q sees accounts %q, want %q", root, got, want)
		}
	}
	count := func(s analytics.Scope) (n int) {
		for range b.Select(s).Accounts() {
			n++
		}
		return n
	}
	if e, s, all := count(analytics.Scope{Node: "t:e"}), count(analytics.Scope{Node: "t:s"}), count(analytics.Scope{}); e != 2 || s != 1 || all != 4 {
		t.Errorf("accounts count %d in the east, %d in the south, %d in all; want 2, 1, 4", e, s, all)
	}
	d, _ := b.DealCode("t:d")
	for _, c := range []struct {
		root store.ID
		day  store.Day
		want bool
	}{{"t:1", plain.Today, true}, {"t:2", plain.Today, false}, {"t:2", plain.Today - 6, true}, {"t:1", plain.Today - 6, false}, {"", plain.Today - 31, false}, {"t:e", plain.Today, true}, {"t:x", plain.Today, false}} {
		if got := b.SeesDeal(c.root, d, c.day); got != c.want {
			t.Errorf("%q sees the deal on %s: %t", c.root, c.day, got)
		}
	}
	if b.PersonName("t:ghost") != "ghost" || b.PersonName("") != "" || b.AccountName("t:gone") != "gone" {
		t.Error("who was never read is named by the native part of the ID")
	}
}

func TestSelection_Touches(t *testing.T) {
	rng := storetest.Rand(t)
	hits := 0
	for range 25 {
		w := plain.Random(rng, 40)
		b := w.Book()
		for range 10 {
			s := w.Scope()
			sel := b.Select(s)
			got, want := map[store.ID]bool{}, map[store.ID]bool{}
			for i := range sel.Touches(sel.Period) {
				got[b.Touches().ID(i)] = true
				if !sel.MatchTouch(i) {
					t.Fatalf("touch %s is selected and does not match", b.Touches().ID(i))
				}
			}
			for _, v := range w.Touches {
				day := store.DayOf(v.At, plain.Zone)
				if !sel.Period.Contains(day) || day > sel.AsOf || !w.Within(s, v.Rep) || s.Industry != "" && w.Industry(v.Account) != s.Industry {
					continue
				}
				if s.Product != "" || s.Stage != "" {
					d, ok := w.Deal(v.Deal)
					if !ok || s.Product != "" && d.Product != s.Product || s.Stage != "" && (w.At(d, sel.AsOf).Deal.Stage != s.Stage || !w.At(d, sel.AsOf).Exists) {
						continue
					}
				}
				want[v.ID] = true
			}
			hits += len(want)
			if len(got) != len(want) {
				t.Fatalf("scope root=%q %s: %d touches, want %d", s.Root, s, len(got), len(want))
			}
			for id := range want {
				if !got[id] {
					t.Fatalf("scope root=%q %s: %s is missing", s.Root, s, id)
				}
			}
		}
	}
	if hits == 0 {
		t.Fatal("no scope had a touch: the test says nothing")
	}
}
