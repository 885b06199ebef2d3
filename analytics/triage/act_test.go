package triage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/triage"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func en(t analytics.Text) string { return t.En }

func late(d *store.Deal, _ *store.Records) { d.Close = booktest.Today - 9 }

// Every act holds back, marks or tells as it says, as the viewer, and is taken back.
func TestAct_On(t *testing.T) {
	b := booktest.Book(firm(late))
	today := b.Now()
	for name, c := range map[string]struct {
		act   triage.Act
		state triage.State
		told  string
		wrong string
	}{
		"request":                   {act: triage.Act{Kind: store.DecisionRequest}, state: triage.Requested, told: "Rep, please update: X"},
		"request for yesterday":     {act: triage.Act{Kind: store.DecisionRequest, Until: today - 1}, wrong: "want today or later"},
		"snooze":                    {act: triage.Act{Kind: store.DecisionSnooze}, state: triage.Snoozed},
		"snooze until today":        {act: triage.Act{Kind: store.DecisionSnooze, Until: today}, wrong: "want a later day"},
		"override":                  {act: triage.Act{Kind: store.DecisionOverride, Percent: 30, Note: "their budget is cut"}, state: triage.Overridden},
		"override without a note":   {act: triage.Act{Kind: store.DecisionOverride, Percent: 30}, wrong: "a note"},
		"override with nothing":     {act: triage.Act{Kind: store.DecisionOverride, Note: "n"}, wrong: "an amount, a day"},
		"assign":                    {act: triage.Act{Kind: store.DecisionAssign, Person: "t:boss"}, state: triage.Open, told: "Boss Name hands over to you: X"},
		"assign to nobody":          {act: triage.Act{Kind: store.DecisionAssign}, wrong: "a person"},
		"accept":                    {act: triage.Act{Kind: store.DecisionAccept}, state: triage.Accepted},
		"reject":                    {act: triage.Act{Kind: store.DecisionAccept, Reject: true, Note: "no"}, state: triage.Rejected},
		"note":                      {act: triage.Act{Kind: store.DecisionNote, Note: "seen"}, state: triage.Open},
		"note without a text":       {act: triage.Act{Kind: store.DecisionNote}, wrong: "a text"},
		"something else altogether": {act: triage.Act{Kind: store.DecisionTag}, wrong: "want one of"},
	} {
		t.Run(name, func(t *testing.T) {
			keeper := storetest.NewDesk()
			live := desk.NewLive(keeper, nil)
			s := &desk.Session{Viewer: desk.Viewer{Name: "Boss Name"}, Live: live, Book: func() *analytics.Book { return b }, Marker: keeper}
			flags := triage.Of(b, s.Now(), nil, analytics.Scope{}, triage.Filter{Rule: triage.Overdue}).Flags.List()
			if len(flags) != 1 {
				t.Fatalf("%d flags", len(flags))
			}
			ds, ms, err := c.act.On(b, nil, flags, "Boss Name", en)
			if c.wrong != "" {
				if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("%v, want %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (c.told != "") != (len(ms) == 1) || len(ms) == 1 && ms[0].Title != c.told {
				t.Errorf("told: %+v, want %q", ms, c.told)
			}
			if _, err := s.Decide(t.Context(), ds, ms...); err != nil {
				t.Fatal(err)
			}
			q := triage.Of(b, s.Now(), nil, analytics.Scope{}, triage.Filter{Rule: triage.Overdue, Held: true})
			if f := q.Flags.At(0); f.State != c.state || c.act.Kind == store.DecisionAssign && f.Assigned.ID != "t:boss" {
				t.Errorf("it is %s, %+v; want %s", f.State, f.Assigned, c.state)
			}
			if _, err := s.Undo(t.Context()); err != nil {
				t.Fatal(err)
			}
			if f := triage.Of(b, s.Now(), nil, analytics.Scope{}, triage.Filter{Rule: triage.Overdue}).Flags.At(0); f.State != triage.Open || f.Assigned.ID != "" {
				t.Errorf("undone it is %s", f.State)
			}
		})
	}
	if _, _, err := (triage.Act{Kind: store.DecisionSnooze}).On(b, nil, nil, "x", en); err == nil {
		t.Error("something was decided about nothing")
	}
}

// One message a flag, once; many at once are one that names the first, and are remembered.
func TestAlerts(t *testing.T) {
	money := func(m store.Money) string { return m.Amount() }
	told := map[string]bool{}
	round := func(b *analytics.Book) []store.Message {
		ms := triage.Alerts(triage.Of(b, desk.View{}, nil, analytics.Scope{}, triage.Filter{}), func(k string) bool { return told[k] }, en, money)
		for _, m := range ms {
			if told[m.Key] {
				t.Errorf("%s is told twice", m.Key)
			}
			told[m.Key] = true
		}
		return ms
	}
	if ms := round(booktest.Book(firm(late))); len(ms) != 1 || ms[0].Routed || ms[0].Node != "t:rep" || ms[0].Link != "deal/t:x" || !strings.Contains(ms[0].Text, "100000.00 at risk") {
		t.Fatalf("%+v", ms)
	}
	if ms := round(booktest.Book(firm(late))); len(ms) != 0 {
		t.Errorf("the next sync tells it again: %+v", ms)
	}
	many := func(d *store.Deal, r *store.Records) {
		late(d, r)
		for i := range 30 {
			x := *d
			x.ID, x.Name = store.MakeID("t", "many"+string(rune('a'+i))), "M"
			r.Deals = append(r.Deals, x)
		}
	}
	ms := round(booktest.Book(firm(many)))
	if last := ms[len(ms)-1]; len(ms) < 31 || last.Routed || last.Link != "triage" || !strings.Contains(last.Title, "new red flags") {
		t.Errorf("%d messages, the last %+v", len(ms), last)
	}
	for _, m := range ms[:len(ms)-1] {
		if !m.Routed {
			t.Errorf("%s is told beside the one that speaks for it", m.Key)
		}
	}
	if ms := round(booktest.Book(firm(many))); len(ms) != 0 {
		t.Errorf("and again: %+v", ms)
	}
	// A flag of little money behind a thousand others is told of, too: the first time in their number, later by itself.
	crowd := func(small int) func(*store.Deal, *store.Records) {
		return func(d *store.Deal, r *store.Records) {
			many(d, r)
			for i := range 1000 + small {
				x := *d
				x.ID, x.Name = store.MakeID("t", fmt.Sprintf("crowd%d", i)), "C"
				if i >= 1000 {
					x.Name, x.Amount.Minor = "small", 100
				}
				r.Deals = append(r.Deals, x)
			}
		}
	}
	ms = round(booktest.Book(firm(crowd(0))))
	if last := ms[len(ms)-1]; len(ms) < 1001 || last.Routed || !strings.Contains(last.Title, fmt.Sprintf("%d new red flags", len(ms)-1)) {
		t.Errorf("%d messages, the last %q", len(ms), last.Title)
	}
	ms = round(booktest.Book(firm(crowd(1))))
	if len(ms) == 0 || ms[0].Routed || !strings.Contains(ms[0].Title, "small") {
		t.Errorf("of the small one: %d messages", len(ms))
	}
}
