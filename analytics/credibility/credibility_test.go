package credibility_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

var schema = rule.NewSchema(rule.ForecastSection)

// firm is a company with a team, its lead, a region and a director, and one deal "t:x" of "t:rep" in the last open stage, promised in 20 days, over 150,000 CNY.
type firm struct {
	store.Records
	deal store.Deal
}

func newFirm() *firm {
	f := &firm{Records: store.Records{
		Org: &store.Org{Name: "F", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January, Rates: map[store.Currency]string{"USD": "7"}},
		Units: []store.Unit{{ID: "t:c", Kind: store.UnitCompany, Manager: "t:boss"}, {ID: "t:r", Parent: "t:c", Kind: store.UnitRegion, Manager: "t:region"},
			{ID: "t:team", Parent: "t:r", Kind: store.UnitTeam, Manager: "t:lead"}},
		People: []store.Person{{ID: "t:boss", Name: "Boss", Unit: "t:c"}, {ID: "t:region", Name: "Region", Unit: "t:r"}, {ID: "t:lead", Name: "Lead", Unit: "t:team"},
			{ID: "t:rep", Name: "Rep", Unit: "t:team"}},
		Stages: []store.Stage{{ID: "lead", Name: "线索", Probability: 10}, {ID: "poc", Name: "POC", Probability: 50, Order: 1}, {ID: "quoted", Name: "报价", Probability: 65, Order: 2},
			{ID: "terms", Name: "谈判", Probability: 80, Order: 3}, {ID: "won", Name: "赢单", Kind: store.StageWon, Probability: 100, Order: 4}},
	}}
	f.deal = store.Deal{ID: "t:x", Name: "X", Owner: "t:rep", Created: booktest.Today - 60, Close: booktest.Today + 20, Amount: store.Money{Minor: 15_000_000, Currency: "CNY"}}
	for i, s := range []string{"lead", "poc", "quoted", "terms"} {
		f.step(s, booktest.Today-60+store.Day(10*i))
	}
	return f
}

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

func (f *firm) step(to string, on store.Day) {
	f.Changes = append(f.Changes, store.Change{Deal: "t:x", Field: store.FieldStage, From: string(f.deal.Stage), To: to, At: at(on)})
	f.deal.Stage = store.ID(to)
}

func (f *firm) paper(kind string, on store.Day, signer store.ID) *firm {
	n := len(f.Evidence)
	f.Evidence = append(f.Evidence, store.Evidence{ID: store.MakeID("t", fmt.Sprint("e", n)), Deal: "t:x", Kind: kind, Title: kind, At: at(on), Signer: signer})
	return f
}

// whole has all papers in order, the contract signed by the rep.
func whole() *firm {
	return newFirm().paper("minutes", booktest.Today-48, "").paper("price_comparison", booktest.Today-39, "").paper("contract", booktest.Today-28, "t:rep")
}

func (f *firm) book() *analytics.Book {
	r := f.Records
	r.Deals = append(r.Deals, f.deal)
	return booktest.Book(&r)
}

func judge(t *testing.T, b *analytics.Book, s analytics.Scope) credibility.Answer {
	t.Helper()
	a, err := credibility.Deal(b, desk.View{}, nil, s, "t:x")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDeal_EveryLossHasItsReason is the list of issue 5, figure by figure.
func TestDeal_EveryLossHasItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		firm     *firm
		percent  int
		credited string
		why      []string // cause, step, points, part of the reason
	}{
		"all in order": {whole(), 100, "legal", nil},
		"no minutes for stage 2": {newFirm().paper("mail", booktest.Today-39, "").paper("contract", booktest.Today-28, ""), 75, "lead",
			[]string{"missing solution -25 no minutes or parameter document for step 2, Solution confirmed, claimed since " + (booktest.Today - 50).String()}},
		"the contract was revised before the commercial agreement": {
			newFirm().paper("minutes", booktest.Today-48, "").paper("contract", booktest.Today-40, "").paper("mail", booktest.Today-35, ""), 85, "commercial",
			[]string{"order legal -15 the contract of Legal closed (" + (booktest.Today - 40).String() + ") is older than the mail of Commercial terms agreed (" + (booktest.Today - 35).String() + ")"}},
		"revised again after it": {
			newFirm().paper("minutes", booktest.Today-48, "").paper("contract", booktest.Today-40, "").paper("mail", booktest.Today-35, "").paper("contract", booktest.Today-34, ""), 100, "legal", nil},
		"a mail before the minutes is no commercial agreement": {
			newFirm().paper("mail", booktest.Today-55, "").paper("minutes", booktest.Today-48, "").paper("contract", booktest.Today-28, ""), 85, "solution", []string{"order commercial -15 the mail"}},
		"signed below the authority": {func() *firm {
			f := whole()
			f.deal.Amount.Minor = 45_000_000
			return f
		}(), 80, "legal", []string{"signer legal -20 signed by Rep (rep), who may sign up to 200,000 CNY; the deal is about 450,000 CNY"}},
		"approved above since": {func() *firm {
			f := whole().paper("contract", booktest.Today-20, "t:lead")
			f.deal.Amount.Minor = 45_000_000
			return f
		}(), 100, "legal", nil},
		"the director signs anything": {func() *firm {
			f := whole().paper("contract", booktest.Today-20, "t:boss")
			f.deal.Amount.Minor = 1e15
			return f
		}(), 100, "legal", nil},
		"a signer whom nobody knows": {func() *firm {
			f := newFirm().paper("minutes", booktest.Today-48, "").paper("mail", booktest.Today-39, "").paper("contract", booktest.Today-28, "t:ghost")
			f.deal.Amount.Minor = 45_000_000
			return f
		}(), 80, "legal", []string{"signer legal -20 signed by ghost (not in the organisation)"}},
		"in a currency with a rate": {func() *firm {
			f := whole()
			f.deal.Amount = store.Money{Minor: 4_000_000, Currency: "USD"} // 280,000 CNY
			return f
		}(), 80, "legal", []string{"signer legal -20"}},
		"in one without": {func() *firm {
			f := whole()
			f.deal.Amount = store.Money{Minor: 1e12, Currency: "XXX"}
			return f
		}(), 100, "legal", nil},
		"without an amount": {func() *firm {
			f := whole()
			f.deal.Amount = store.Money{}
			return f
		}(), 100, "legal", nil},
		"a negative amount": {func() *firm {
			f := whole()
			f.deal.Amount.Minor = -45_000_000
			return f
		}(), 80, "legal", []string{"signer legal -20"}},
		"the date passed 3 days ago": {func() *firm {
			f := whole()
			f.deal.Close = booktest.Today - 3
			return f
		}(), 100, "legal", nil},
		"the date passed 4 days ago": {func() *firm {
			f := whole()
			f.deal.Close = booktest.Today - 4
			return f
		}(), 60, "legal", []string{"decay  -40 promised for " + (booktest.Today - 4).String() + ", 4 days without an update: weight 60 %"}},
		"and was looked at yesterday": {func() *firm {
			f := whole()
			f.deal.Close = booktest.Today - 4
			f.Changes = append(f.Changes, store.Change{Deal: "t:x", Field: store.FieldCategory, From: "", To: "commit", At: at(booktest.Today - 1)})
			return f
		}(), 100, "legal", nil},
		"a promise of 1970": {func() *firm {
			f := whole()
			f.deal.Close = 0
			return f
		}(), 60, "legal", []string{"decay  -40 promised for 1970-01-01"}},
		"no promise": {func() *firm {
			f := whole()
			f.deal.Close = store.NoDay
			return f
		}(), 100, "legal", nil},
		"nothing at all": {func() *firm {
			f := newFirm()
			f.Evidence = append(f.Evidence, store.Evidence{ID: "t:other", Deal: "t:y", Kind: "mail", At: at(booktest.Today - 50)})
			f.deal.Close = booktest.Today - 30
			return f
		}(), 6, "lead", []string{"missing solution -25", "missing commercial -30", "missing legal -35", "decay  -4"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := judge(t, c.firm.book(), analytics.Scope{})
			var got []string
			for _, l := range a.Lost {
				got = append(got, fmt.Sprintf("%s %s -%d %s", l.Cause, l.Step, l.Points, l.Reason.En))
				if l.Reason.Zh == "" || strings.Contains(l.Reason.Zh, "%!") || strings.Contains(l.Reason.En, "%!") {
					t.Errorf("%+v", l.Reason)
				}
			}
			if a.Percent != c.percent || a.Credited != c.credited || len(got) != len(c.why) {
				t.Fatalf("%d %%, credited %s, lost %q; want %d %%, %s, %q", a.Percent, a.Credited, got, c.percent, c.credited, c.why)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.why[i]) {
					t.Errorf("%s\nwant %s", got[i], c.why[i])
				}
			}
		})
	}
}

// TestDeal_AsOf: of a past day only its own papers, stage and promise count; the step is claimed since the deal came there and not since it was there before.
func TestDeal_AsOf(t *testing.T) {
	f := whole()
	b := f.book()
	for _, c := range []struct {
		day     store.Day
		percent int
		claimed string
	}{{booktest.Today - 55, 100, "lead"}, {booktest.Today - 50, 75, "solution"}, {booktest.Today - 48, 100, "solution"}, {booktest.Today - 40, 70, "commercial"},
		{booktest.Today - 39, 100, "commercial"}, {booktest.Today - 30, 65, "legal"}, {booktest.Today - 28, 100, "legal"}} {
		if a := judge(t, b, analytics.Scope{AsOf: c.day}); a.Percent != c.percent || a.Claimed != c.claimed {
			t.Errorf("%s: %d %%, claims %s; want %d %%, %s; lost %+v", c.day, a.Percent, a.Claimed, c.percent, c.claimed, a.Lost)
		}
	}
	f = whole()
	f.step("lead", booktest.Today-10)
	f.step("terms", booktest.Today-5)
	if a := judge(t, f.book(), analytics.Scope{}); a.Steps[3].Since != booktest.Today-5 || a.Percent != 100 {
		t.Errorf("claimed since %s", a.Steps[3].Since)
	}
	for _, id := range []store.ID{"t:none", ""} {
		if _, err := credibility.Deal(b, desk.View{}, nil, analytics.Scope{}, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := credibility.Deal(b, desk.View{}, nil, analytics.Scope{AsOf: booktest.Today - 90}, "t:x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before it began: %v", err)
	}
}

// TestDeal_Rules: other rules, other figures; a company without documents is not held to have none of each deal's.
func TestDeal_Rules(t *testing.T) {
	p, err := schema.Parse("rules.yaml", []byte(`forecast:
  decay: {days: 10, weight: 20}
  credibility:
    order: 1
    authority: [{level: team, up_to: 100}]
    steps:
      - {id: a, name: 甲, name_en: A, stages: [lead]}
      - {id: b, name: 乙, name_en: B, stages: [terms, quoted], evidence: [contract], lost: 100}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := newFirm()
	f.deal.Close = booktest.Today - 11
	for want, kind := range map[int]string{0: "mail", 20: "contract"} {
		f.Evidence = nil
		f.paper(kind, booktest.Today-48, "")
		a, err := credibility.Deal(f.book(), desk.View{}, p, analytics.Scope{}, "t:x")
		if err != nil || a.Percent != want || a.Claimed != "b" || !strings.HasPrefix(a.Rules, "unversioned (") {
			t.Errorf("%s: %+v, %v", kind, a, err)
		}
	}
	f.Evidence = nil
	f.paper("contract", booktest.Today-48, "t:rep")
	if a, _ := credibility.Deal(f.book(), desk.View{}, p, analytics.Scope{}, "t:x"); a.Percent != 16 {
		t.Errorf("a rep may sign nothing by these rules: %d %%, %+v", a.Percent, a.Lost)
	}
	f.Evidence = nil
	if a := judge(t, f.book(), analytics.Scope{}); !a.NoProofs || a.Percent != 60 || a.Steps[1].State != credibility.Unasked {
		t.Errorf("no source gives documents: %+v", a)
	}
}

// TestDeal_Tender: an accepted notice backs the step to which it moves the deal; a rejected one does nothing, and neither does one taken back.
func TestDeal_Tender(t *testing.T) {
	f := newFirm().paper("minutes", booktest.Today-48, "")
	b := f.book()
	d := storetest.NewDesk()
	l := desk.NewLive(d, nil)
	who := desk.Viewer{Name: "boss"}
	decide := func(v store.Verdict, undo uint64) {
		t.Helper()
		dec := store.Decision{Slot: store.Slot{Kind: store.DecisionSuggestion, Subject: store.Ref{Entity: store.EntityDeal, ID: "t:x"}, Topic: "n:1"}, After: store.Ruling{Verdict: v, Stage: "terms"}, Undoes: undo}
		if _, err := l.Decide(t.Context(), b, who, []store.Decision{dec}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		verdict store.Verdict
		undo    uint64
		percent int
	}{{store.VerdictRejected, 0, 35}, {store.VerdictAccepted, 0, 100}, {0, 2, 35}} {
		decide(c.verdict, c.undo)
		a, err := credibility.Deal(b, l.Desk().Now(), nil, analytics.Scope{}, "t:x")
		if err != nil || a.Percent != c.percent || (c.percent == 100) != (a.Credited == "legal" && a.Steps[2].State == credibility.Tendered) {
			t.Errorf("%+v: %d %%, %s, %+v, %v", c, a.Percent, a.Credited, a.Lost, err)
		}
	}
}

// TestOf_AddsUp: what is lost adds up to what is missing, in every deal of a random company on a random day; the list holds every open deal once, and its sums are the deals'.
func TestOf_AddsUp(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 5, People: 20, Accounts: 30, Deals: 400}, booktest.With{})
	kinds := []string{"minutes", "mail", "contract", "parameters", "photo", ""}
	for i := range 1500 {
		e := store.Evidence{ID: store.MakeID("t", fmt.Sprint("e", i)), Deal: r.Deals[rng.IntN(len(r.Deals))].ID, Kind: kinds[rng.IntN(len(kinds))], At: at(booktest.Today - store.Day(rng.IntN(700)))}
		if rng.IntN(3) == 0 {
			e.Signer = store.MakeID("t", fmt.Sprint("person", rng.IntN(23)))
		}
		r.Evidence = append(r.Evidence, e)
	}
	b := booktest.Book(r)
	for range 12 {
		s := analytics.Scope{AsOf: booktest.Today - store.Day(rng.IntN(500))}
		l := credibility.Of(b, desk.View{}, nil, s)
		j := credibility.For(b, desk.View{}, nil, b.AsOf(s))
		open, believed, n, red, decayed := b.Adder(), int64(0), 0, 0, 0
		for d := range b.Select(s).Deals() {
			if !d.Open() {
				continue
			}
			n++
			open.AddDeal(d)
			full := b.DealAt(d.Deal, b.AsOf(s))
			percent, weight := j.Percent(&full)
			if d.HasValue() {
				believed += d.Value * int64(percent) / 100
			}
			if percent < 50 {
				red++
			}
			if weight < 100 {
				decayed++
			}
		}
		if l.Count != n || l.Rows.Len() != n || l.Open.Money != open.Sum().Money || l.Believed.Money.Minor != believed || l.Red != red || l.Decayed != decayed {
			t.Fatalf("%+v; want %d deals, %v, %d, %d red, %d decayed", l, n, open.Sum(), believed, red, decayed)
		}
		seen := map[store.ID]bool{}
		last := int64(1 << 62)
		for _, a := range l.Rows.All() {
			lost := 0
			for _, x := range a.Lost {
				if lost += x.Points; x.Points < 0 {
					t.Fatalf("%+v", x)
				}
			}
			if a.Percent != 100-lost || a.Percent < 0 || seen[a.Deal.ID] {
				t.Fatalf("%s: %d %%, lost %+v", a.Deal.ID, a.Percent, a.Lost)
			}
			seen[a.Deal.ID] = true
			if v := a.Deal.Value; v.Given() {
				if doubt := v.Minor * int64(100-a.Percent) / 100; doubt > last {
					t.Fatalf("%s stands behind one of less doubt", a.Deal.ID)
				} else {
					last = doubt
				}
			}
		}
	}
}

// TestOf_OtherTeam: nobody gets a deal outside their part.
func TestOf_OtherTeam(t *testing.T) {
	b := whole().book()
	if _, err := credibility.Deal(b, desk.View{}, nil, analytics.Scope{Root: "t:boss"}, "t:x"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if l := credibility.Of(b, desk.View{}, nil, analytics.Scope{Root: "t:boss"}); l.Count != 0 {
		t.Errorf("%d deals", l.Count)
	}
	if l := credibility.Of(b, desk.View{}, nil, analytics.Scope{Root: "t:team"}); l.Count != 1 || l.Bands[4] != 1 {
		t.Errorf("%+v", l)
	}
}
