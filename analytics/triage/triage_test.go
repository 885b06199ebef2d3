package triage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func at(d store.Day) time.Time { return d.Time(booktest.Zone).Add(10 * time.Hour) }

// firm is a rep in a team with one open deal "t:x", of which nothing is red, and twelve won ones of about 40 days and 100,000 CNY.
func firm(change func(*store.Deal, *store.Records)) *store.Records {
	r := &store.Records{
		Org:    &store.Org{Name: "F", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		Units:  []store.Unit{{ID: "t:team", Name: "Team", Kind: store.UnitTeam}, {ID: "t:other", Name: "Other", Kind: store.UnitTeam}},
		People: []store.Person{{ID: "t:rep", Name: "Rep", Unit: "t:team"}, {ID: "t:gone", Name: "Gone", Unit: "t:team", Inactive: true}, {ID: "t:boss", Name: "Boss"}},
		Stages: []store.Stage{{ID: "lead", Name: "lead", Probability: 10}, {ID: "terms", Name: "terms", Probability: 80, Order: 1}, {ID: "won", Name: "won", Kind: store.StageWon, Order: 2}},
	}
	step := func(d *store.Deal, to string, on store.Day) {
		r.Changes = append(r.Changes, store.Change{Deal: d.ID, Field: store.FieldStage, From: string(d.Stage), To: to, At: at(on)})
		d.Stage = store.ID(to)
	}
	for i := range 12 {
		d := store.Deal{ID: store.MakeID("t", fmt.Sprint(i)), Owner: "t:rep", Created: booktest.Today - 300, Amount: store.Money{Minor: int64(9_000_000 + 200_000*i), Currency: "CNY"}}
		step(&d, "lead", d.Created)
		d.Close = d.Created + 30 + store.Day(2*i)
		step(&d, "won", d.Close)
		r.Deals = append(r.Deals, d)
	}
	d := store.Deal{ID: "t:x", Name: "X", Owner: "t:rep", Created: booktest.Today - 10, Close: booktest.Today + 30, Amount: store.Money{Minor: 10_000_000, Currency: "CNY"}}
	step(&d, "lead", d.Created)
	if change != nil {
		change(&d, r)
	}
	r.Deals = append(r.Deals, d)
	return r
}

// TestOf_EveryRule: each kind of bad input raises its flag, and no other that only follows from it.
func TestOf_EveryRule(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*store.Deal, *store.Records)
		flags  string // rules, in order
		why    string // of the first
		risk   string
	}{
		"nothing": {nil, "", "", ""},
		"1970":    {func(d *store.Deal, _ *store.Records) { d.Close = 0 }, "odd_date", "promised for 1970-01-01, before it began", "100000.00"},
		"1970 and no beginning": {func(d *store.Deal, r *store.Records) {
			d.Close, d.Created, r.Changes = 0, store.NoDay, r.Changes[:len(r.Changes)-1]
		}, "odd_date stale", "promised for 1970-01-01, which nobody can mean", "100000.00"},
		"in twenty years": {func(d *store.Deal, _ *store.Records) { d.Close += 7300 }, "odd_date", "promised for 20", "100000.00"},
		"in the past": {func(d *store.Deal, r *store.Records) {
			d.Close = booktest.Today - 4
		}, "overdue", "promised for " + (booktest.Today - 4).String() + ", 4 days without an update: weight 60 %", "100000.00"},
		"excused":   {func(d *store.Deal, _ *store.Records) { d.Close = booktest.Today - 3 }, "", "", ""},
		"no date":   {func(d *store.Deal, _ *store.Records) { d.Close = store.NoDay }, "no_date", "no promised date", "100000.00"},
		"no amount": {func(d *store.Deal, _ *store.Records) { d.Amount = store.Money{} }, "no_amount", "no amount", "100995.05"},
		"nought":    {func(d *store.Deal, _ *store.Records) { d.Amount.Minor = 0 }, "no_amount", "the amount is 0", "100995.05"},
		"no rate":   {func(d *store.Deal, _ *store.Records) { d.Amount.Currency = "XXX" }, "no_rate", "no rate for XXX", "100995.05"},
		"negative":  {func(d *store.Deal, _ *store.Records) { d.Amount.Minor *= -1 }, "odd_amount", "a negative amount: -100000.00 CNY", "100000.00"},
		"enormous":  {func(d *store.Deal, _ *store.Records) { d.Amount.Minor = 9e18 }, "odd_amount off_cycle", "the amount, 90,000,000,000,000,000 CNY, is ", "90000000000000000.00"},
		"nobody's":  {func(d *store.Deal, _ *store.Records) { d.Owner = "" }, "no_owner", "nobody owns it", "100000.00"},
		"unknown":   {func(d *store.Deal, _ *store.Records) { d.Owner = "t:ghost" }, "no_owner", "its owner, ghost, is not in the organisation", "100000.00"},
		"left":      {func(d *store.Deal, _ *store.Records) { d.Owner = "t:gone" }, "no_owner", "its owner, Gone, has left", "100000.00"},
		"too soon":  {func(d *store.Deal, _ *store.Records) { d.Close = booktest.Today }, "off_cycle", "promised within 10 days where 12 similar deals took about 41 (26-63): 6.4 sigma off", "100000.00"},
		"stale": {func(d *store.Deal, r *store.Records) {
			d.Created, r.Changes[len(r.Changes)-1].At = booktest.Today-15, at(booktest.Today-15)
			d.Close = booktest.Today + 20
		}, "stale", "nothing happened for 15 days", "100000.00"},
		"unbacked": {func(d *store.Deal, r *store.Records) {
			r.Evidence = append(r.Evidence, store.Evidence{ID: "t:e", Deal: "t:0", Kind: "mail", At: at(booktest.Today - 290)})
			r.Changes = append(r.Changes, store.Change{Deal: "t:x", Field: store.FieldStage, From: "lead", To: "terms", At: at(booktest.Today - 5)})
			d.Stage = "terms"
		}, "credibility", "credibility 10 %: no minutes or parameter document for step 2", "100000.00"},
	} {
		t.Run(name, func(t *testing.T) {
			q := triage.Of(booktest.Book(firm(c.change)), desk.View{}, nil, analytics.Scope{}, triage.Filter{})
			var got []string
			for i, f := range q.Flags.All() {
				got = append(got, string(f.Rule))
				if f.Reason.Zh == "" || strings.Contains(f.Reason.Zh+f.Reason.En, "%!") {
					t.Errorf("%+v", f.Reason)
				}
				if i == 0 && (!strings.HasPrefix(f.Reason.En, c.why) || f.AtRisk.Amount() != c.risk || f.Estimated != (f.Rule == triage.NoAmount || f.Rule == triage.NoRate)) {
					t.Errorf("%s, %v at risk, estimated %v; want %s, %s", f.Reason.En, f.AtRisk, f.Estimated, c.why, c.risk)
				}
			}
			if strings.Join(got, " ") != c.flags {
				t.Errorf("%v, want %s", got, c.flags)
			}
		})
	}
}

// TestOf_ThreeClosedDeals: with too little history nothing is off the usual, and what has no amount has no estimate.
func TestOf_ThreeClosedDeals(t *testing.T) {
	r := firm(func(d *store.Deal, _ *store.Records) { d.Amount, d.Close = store.Money{}, booktest.Today })
	r.Deals = append(r.Deals[:3:3], r.Deals[12])
	q := triage.Of(booktest.Book(r), desk.View{}, nil, analytics.Scope{}, triage.Filter{})
	if f := q.Flags.At(0); q.Count != 1 || f.Rule != triage.NoAmount || f.AtRisk.Given() || f.Rank.Given() || f.Estimated {
		t.Errorf("%d flags, %+v", q.Count, f)
	}
}

// TestOf_Decisions: what is decided makes the state; a decision holds for its occasion; every past day is as it was.
func TestOf_Decisions(t *testing.T) {
	r := firm(func(d *store.Deal, _ *store.Records) { d.Close = store.NoDay })
	b := booktest.Book(r)
	clock := storetest.NewClock(at(booktest.Today - 3))
	keeper := storetest.NewDesk()
	keeper.Now = clock.Now
	l := desk.NewLive(keeper, nil)
	who := desk.Viewer{Person: "t:boss", Name: "boss"}
	decide := func(kind store.DecisionKind, topic string, after store.Ruling, note string) {
		t.Helper()
		d := store.Decision{Slot: store.Slot{Kind: kind, Subject: store.Ref{Entity: store.EntityDeal, ID: "t:x"}, Topic: topic}, After: after, Note: note}
		if _, err := l.Decide(t.Context(), b, who, []store.Decision{d}); err != nil {
			t.Fatal(err)
		}
	}
	flag := func(s analytics.Scope, f triage.Filter) (triage.Flag, int) {
		q := triage.Of(b, desk.Of(l.Desk(), b, s), nil, s, f)
		if q.Count == 0 {
			return triage.Flag{}, q.Open.Flags
		}
		return q.Flags.At(0), q.Open.Flags
	}
	want := func(what string, state triage.State, open int) triage.Flag {
		t.Helper()
		f, n := flag(analytics.Scope{}, triage.Filter{Held: true})
		if f.State != state || n != open {
			t.Errorf("%s: %s, %d open; want %s, %d", what, f.State, n, state, open)
		}
		if f, _ := flag(analytics.Scope{}, triage.Filter{}); (f.Rule == "") != state.Held() {
			t.Errorf("%s: in the queue is %+v", what, f.Rule)
		}
		return f
	}
	want("at first", triage.Open, 1)
	decide(store.DecisionRequest, "no_date", store.Ruling{Person: "t:rep", Until: booktest.Today - 1}, "")
	if f := want("asked", triage.Unanswered, 1); f.Until != booktest.Today-1 || f.By.Name != "boss" {
		t.Errorf("%+v", f)
	}
	if f, _ := flag(analytics.Scope{AsOf: booktest.Today - 2}, triage.Filter{}); f.State != triage.Requested {
		t.Errorf("two days ago it was %s", f.State)
	}
	if f, _ := flag(analytics.Scope{AsOf: booktest.Today - 4}, triage.Filter{}); f.State != triage.Open {
		t.Errorf("four days ago it was %s", f.State)
	}
	decide(store.DecisionSnooze, "no_date", store.Ruling{Until: booktest.Today + 1}, "")
	want("snoozed", triage.Snoozed, 0)
	decide(store.DecisionSnooze, "no_date", store.Ruling{}, "")
	decide(store.DecisionSnooze, "", store.Ruling{Until: booktest.Today}, "")
	want("a snooze that ends today", triage.Unanswered, 1)
	decide(store.DecisionAssign, "", store.Ruling{Person: "t:rep"}, "")
	if f, _ := flag(analytics.Scope{}, triage.Filter{Assigned: "t:rep"}); f.Assigned.Name != "Rep" {
		t.Errorf("%+v", f.Assigned)
	}
	if f, _ := flag(analytics.Scope{}, triage.Filter{Assigned: "t:gone"}); f.Rule != "" {
		t.Error("assigned to somebody else")
	}
	decide(store.DecisionAccept, "no_date", store.Ruling{Verdict: store.VerdictRejected}, "")
	want("rejected", triage.Rejected, 1)
	decide(store.DecisionAccept, "no_date", store.Ruling{Verdict: store.VerdictAccepted}, "as agreed")
	if f := want("accepted", triage.Accepted, 0); f.Note != "as agreed" {
		t.Errorf("%+v", f)
	}
	decide(store.DecisionAccept, "no_date", store.Ruling{}, "")
	decide(store.DecisionOverride, "", store.Ruling{Amount: store.Money{Minor: 5, Currency: "CNY"}, Percent: 30}, "half of it")
	if f := want("overridden", triage.Overridden, 0); f.Override == nil || f.Override.Percent != 30 || f.Override.Close != store.NoDay || f.Note != "half of it" {
		t.Errorf("%+v", f.Override)
	}
	if n := len(triage.History(l.Desk().Now(), "t:x", triage.NoDate)); n != 9 {
		t.Errorf("%d entries in the trail", n)
	}
	// The date came and went again: another occasion.
	for i, to := range []string{(booktest.Today + 9).String(), ""} {
		r.Changes = append(r.Changes, store.Change{Deal: "t:x", Field: store.FieldClose, From: []string{"", (booktest.Today + 9).String()}[i], To: to, At: at(booktest.Today - 1).Add(time.Duration(i) * time.Hour)})
	}
	b = booktest.Book(r)
	if f := want("anew", triage.Open, 1); f.Since != booktest.Today-1 || f.Key() != "flag|t:x|no_date|"+(booktest.Today-1).String() {
		t.Errorf("%+v", f)
	}
}

// TestOf_Whole: in a random company on a random day each flag is there once, in order of rank; the board's first line is the queue's count, parts never hold more than the whole; nobody
// gets a flag from outside their part.
func TestOf_Whole(t *testing.T) {
	rng := booktest.Rand(t)
	r := booktest.Company(rng, booktest.Size{Teams: 6, People: 24, Accounts: 40, Deals: 600, Touches: 300}, booktest.With{Touches: true})
	b := booktest.Book(r)
	for range 8 {
		s := analytics.Scope{AsOf: booktest.Today - store.Day(rng.IntN(400))}
		if rng.IntN(2) == 0 {
			s.Node = b.Nodes()[rng.IntN(len(b.Nodes()))].ID
		}
		q := triage.Of(b, desk.View{}, nil, s, triage.Filter{})
		seen, deals, sum := map[string]bool{}, map[store.ID]int64{}, 0
		last := int64(1 << 62)
		for i, f := range q.Flags.All() {
			key := q.Flags.Key(i)
			if seen[key] || f.Doubt <= 0 || f.Doubt > 1 || f.Rank.Minor > last || f.Age < 0 || f.Since > b.AsOf(s) || key != string(f.Deal.ID)+"|"+string(f.Rule) {
				t.Fatalf("%+v", f)
			}
			seen[key], last, deals[f.Deal.ID] = true, f.Rank.Minor, f.AtRisk.Minor
		}
		risk := int64(0)
		for _, v := range deals {
			risk += v
		}
		for _, n := range q.ByRule {
			sum += n
		}
		if q.Open.Flags != len(seen) || q.Open.Deals != len(deals) || q.Open.AtRisk.Money.Minor != risk || sum != len(seen) || q.Count != len(seen) {
			t.Fatalf("%+v; %d flags on %d deals over %d", q, len(seen), len(deals), risk)
		}
		board := triage.BoardOf(b, desk.View{}, nil, s)
		if len(board.Lines) == 0 || board.Lines[0].Open.Flags != q.Open.Flags || board.Lines[0].Open.AtRisk.Money != q.Open.AtRisk.Money || board.Lines[0].Escalated != q.Escalated ||
			board.Lines[0].MedianAge != q.MedianAge || board.Lines[0].OldestAge != q.OldestAge {
			if s.Node != analytics.NodeUnassigned || len(seen) > 0 {
				t.Fatalf("%+v, want %+v", board.Lines, q)
			}
		}
		if s.Node == "" {
			parts := 0
			for _, l := range board.Lines[1:] {
				if l.Depth == 1 {
					parts += l.Open.Flags
				}
			}
			if parts > q.Open.Flags {
				t.Fatalf("parts hold %d of %d", parts, q.Open.Flags)
			}
		}
		root := analytics.Scope{Root: "t:team1", AsOf: s.AsOf}
		for _, f := range triage.Of(b, desk.View{}, nil, root, triage.Filter{Held: true}).Flags.All() {
			c, _ := b.DealCode(f.Deal.ID)
			if !b.SeesDeal("t:team1", c, b.AsOf(s)) {
				t.Fatalf("%s is not theirs", f.Deal.ID)
			}
		}
	}
}

// TestRules_AreForecastFlags: what can be weighed is what can be raised.
func TestRules_AreForecastFlags(t *testing.T) {
	var got []string
	for _, r := range triage.Rules() {
		got = append(got, string(r))
		if n := r.Name(); n.Zh == "" || n.En == "" {
			t.Errorf("%s has no name", r)
		}
		if w := rule.ForecastSection.Of(nil).Triage.Weights[string(r)]; w <= 0 {
			t.Errorf("%s weighs %v", r, w)
		}
	}
	want := rule.ForecastFlags()
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for _, w := range want {
		if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+w+" ") {
			t.Errorf("%s is never raised", w)
		}
	}
}
