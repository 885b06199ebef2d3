package deviation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

func TestSentences(t *testing.T) {
	for note, want := range map[string]string{
		"价格高一成。客户要求推迟！ 付款 3.5 成; ok":        "价格高一成|客户要求推迟|付款 3.5 成|ok",
		"Too expensive. v2.1 is late? yes.": "Too expensive|v2.1 is late|yes",
		"":                                  "", "。。": "", "a.": "a", "坏\xff的": "坏\xff的",
	} {
		if got := strings.Join(sentences(note), "|"); got != want {
			t.Errorf("%q: %q, want %q", note, got, want)
		}
	}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       bool
	}{{"the price is high", "price", true}, {"an enterprise", "price", false}, {"repriced, then the price", "price", true}, {"priced", "price", true}, {"合同条款有异议", "条款", true},
		{"客户price太高", "price", true}, {"", "price", false}, {"pric", "price", false}} {
		if got := holds(c.text, c.word); got != c.want {
			t.Errorf("%q in %q: %v", c.word, c.text, got)
		}
	}
}

func FuzzSentences(f *testing.F) {
	f.Add("价格高一成。客户要求推迟! a.b c. d")
	f.Fuzz(func(t *testing.T, note string) {
		for _, s := range sentences(note) {
			if s == "" || !strings.Contains(note, s) {
				t.Fatalf("%q of %q", s, note)
			}
			_ = holds(strings.ToLower(s), "price")
		}
	})
}

// firm has deals of June 2026, one of each kind; today is 15 July.
func firm() *store.Records {
	r := &store.Records{
		Org:    &store.Org{Name: "F", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		People: []store.Person{{ID: "t:rep", Name: "Rep"}, {ID: "t:two", Name: "Two"}},
		Stages: []store.Stage{{ID: "lead", Name: "lead"}, {ID: "won", Name: "won", Kind: store.StageWon, Order: 1}, {ID: "lost", Name: "lost", Kind: store.StageLost, Order: 2}},
	}
	june := store.Date(2026, 6, 1)
	add := func(id string, promised store.Day, was, is int64, stage string, on store.Day, created store.Day) {
		d := store.Deal{ID: store.MakeID("t", id), Name: id, Owner: "t:rep", Created: created, Stage: store.ID(stage), Amount: store.Money{Minor: is, Currency: "CNY"}, Close: promised}
		ch := func(f store.Field, from, to string, day store.Day) {
			r.Changes = append(r.Changes, store.Change{Deal: d.ID, Field: f, From: from, To: to, At: at(day)})
		}
		ch(store.FieldStage, "", "lead", created)
		if was != is {
			ch(store.FieldAmount, store.Money{Minor: was, Currency: "CNY"}.String(), d.Amount.String(), on)
		}
		if stage != "lead" {
			ch(store.FieldStage, "lead", stage, on)
			ch(store.FieldClose, promised.String(), on.String(), on)
			d.Close = on
		}
		r.Deals = append(r.Deals, d)
	}
	add("slipped", june+9, 900, 900, "lead", 0, june-40)
	add("lost", june+10, 800, 800, "lost", june+12, june-40)
	add("shrunk", june+11, 700, 400, "won", june+20, june-40)
	add("grown", june+11, 100, 150, "won", june+20, june-40)
	add("early", june+60, 600, 600, "won", june+20, june-40)
	add("created", june+15, 500, 500, "won", june+20, june+2)
	add("kept", june+11, 1000, 1000, "won", june+20, june-40)
	add("other month", june+70, 5000, 5000, "lead", 0, june-40)
	r.Changes = append(r.Changes, store.Change{Deal: "t:slipped", Field: store.FieldClose, From: (june + 9).String(), To: (june + 40).String(), At: at(june + 8)})
	r.Deals[0].Close = june + 40
	r.Deals[1].Extra = map[string]string{"lost_reason": "价格过高"}
	touch := func(deal string, day store.Day, mood store.Sentiment, note string) {
		r.Touches = append(r.Touches, store.Touch{ID: store.MakeID("t", fmt.Sprint("x", len(r.Touches))), Deal: store.MakeID("t", deal), Rep: "t:rep", At: at(day), Sentiment: mood, Note: note})
	}
	touch("slipped", june+7, store.SentimentNegative, "客户说预算未批。希望推迟到下月")
	touch("slipped", june+6, store.SentimentPositive, "价格没有问题")
	touch("slipped", june-61, store.SentimentNegative, "竞品更便宜")
	touch("lost", june+5, store.SentimentNegative, "The competitor came in lower. We talked about lunch.")
	r.Evidence = append(r.Evidence, store.Evidence{ID: "t:e", Deal: "t:shrunk", Kind: "mail", Title: "关于折扣的邮件", By: "t:two", At: at(june + 3)})
	return r
}

// TestOf_ByHand is one deal of every kind with the causes that its evidence names.
func TestOf_ByHand(t *testing.T) {
	b := booktest.Book(firm())
	a := Of(b, desk.View{}, nil, analytics.Scope{})
	if a.Name != "2026-06" || a.Running || a.Promised.Minor != 3500 || a.Actual.Minor != 2650 || a.Shortfall.Minor != -2000 || a.Surplus.Minor != 1150 || a.Missed != 6 {
		t.Fatalf("%+v", a)
	}
	var got []string
	for _, m := range a.Misses {
		got = append(got, fmt.Sprint(m.Deal.Name, " ", m.Kind, " ", m.Diff.Minor, " ", m.Pushes, " ", strings.Join(m.Causes(), ",")))
	}
	want := []string{"slipped slipped -900 1 customer_delay", "lost lost -800 0 price,competitor", "early early 600 0 ", "created created 500 0 ", "shrunk shrunk -300 0 price", "grown grown 50 0 "}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	e := a.Misses[0].Tags[0].Evidence
	if len(e) != 2 || e[0].Text != "客户说预算未批" || e[0].Word != "预算未批" || e[0].ID != "t:x0" || e[0].By != "Rep" || e[0].Day != store.Date(2026, 6, 8) || e[0].Source != "touch" {
		t.Errorf("%+v", e)
	}
	if e := a.Misses[1].Tags[0]; e.Weight != 5 || e.Evidence[0].Source != "field" || e.Evidence[0].Text != "价格过高" {
		t.Errorf("%+v", e)
	}
	parts := 0.
	for _, c := range a.Causes {
		parts += c.Part
	}
	if len(a.Causes) != 2 || a.Causes[0].ID != "price" || a.Causes[0].Money.Minor != -1100 || a.Causes[0].Deals != 2 || parts < .999 || parts > 1.001 {
		t.Errorf("%+v", a.Causes)
	}
	// As of the middle of June it is running, and nothing later is known.
	m := Of(b, desk.View{}, nil, analytics.Scope{AsOf: store.Date(2026, 6, 10), Period: analytics.Period{From: store.Date(2026, 6, 1), To: store.Date(2026, 6, 30)}})
	if !m.Running || m.Actual.Minor != 0 || m.Promised.Minor != 3500 {
		t.Errorf("%+v", m)
	}
}

// TestOf_Corrections: a corrected tag holds and is reported on; what was derived stays beside it; taken back, it is gone.
func TestOf_Corrections(t *testing.T) {
	b := booktest.Book(firm())
	l := desk.NewLive(storetest.NewDesk(), nil)
	tag := func(deal store.ID, undo uint64, tags ...string) {
		t.Helper()
		d := store.Decision{Slot: store.Slot{Kind: store.DecisionTag, Subject: store.Ref{Entity: store.EntityDeal, ID: deal}, Topic: Topic("2026-06")}, After: store.Ruling{Tags: tags}, Note: "n", Undoes: undo}
		if _, err := l.Decide(t.Context(), b, desk.Viewer{Name: "boss"}, []store.Decision{d}); err != nil {
			t.Fatal(err)
		}
	}
	tag("t:slipped", 0, "legal")
	tag("t:lost", 0, "price", "legal")
	a := Of(b, l.Desk().Now(), nil, analytics.Scope{})
	if m := a.Misses[0]; m.Correction == nil || m.Causes()[0] != "legal" || m.Tags[0].ID != "customer_delay" || m.Correction.By != "boss" || a.Corrected != 2 || a.Kept != 1 {
		t.Errorf("%+v, %d corrected, %d kept", m, a.Corrected, a.Kept)
	}
	tag("", 1)
	if a := Of(b, l.Desk().Now(), nil, analytics.Scope{}); a.Misses[0].Correction != nil || a.Corrected != 1 {
		t.Errorf("%+v", a.Misses[0].Correction)
	}
	if a := Of(b, l.Desk().Now(), nil, analytics.Scope{Period: b.Calendar().Month(booktest.Today, 0)}); a.Corrected != 0 {
		t.Error("a correction of June counts in July")
	}
}

// TestOf_AddsUp: in a random company, for random periods and parts, the misses add up to what came less what was promised.
func TestOf_AddsUp(t *testing.T) {
	rng := booktest.Rand(t)
	b := booktest.Book(booktest.Company(rng, booktest.Size{Teams: 5, People: 20, Accounts: 30, Deals: 700, Touches: 400}, booktest.With{Touches: true}))
	for range 30 {
		day := booktest.Today - store.Day(rng.IntN(500))
		s := analytics.Scope{AsOf: day, Period: b.Calendar().Quarter(day, -rng.IntN(3)), Node: b.Nodes()[rng.IntN(len(b.Nodes()))].ID}
		a := Of(b, desk.View{}, nil, s)
		f := part(b, s, a.Period, min(a.Period.To, day))
		sum, short := int64(0), int64(0)
		for i := range f.all {
			sum += f.all[i].diff()
			short += min(0, f.all[i].diff())
		}
		if sum != a.Actual.Minor-a.Promised.Minor || short != a.Shortfall.Minor || a.Promised.Minor+a.Shortfall.Minor+a.Surplus.Minor != a.Actual.Minor || len(a.Misses) > 10 {
			t.Fatalf("%+v: misses add up to %d", a, sum)
		}
		causes := int64(0)
		for _, c := range a.Causes {
			causes += c.Money.Minor
		}
		if causes != short {
			t.Fatalf("causes explain %d of %d", causes, short)
		}
		for i := 1; i < len(a.Misses); i++ {
			if x, y := a.Misses[i-1].Diff.Minor, a.Misses[i].Diff.Minor; max(x, -x) < max(y, -y) {
				t.Fatalf("%d stands before %d", x, y)
			}
		}
	}
}
