package morning

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/morning"
	"flightdeck/analytics/playbook"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Morning}) }

func TestMorning_Golden(t *testing.T) {
	t.Run("present", func(t *testing.T) { tuitest.Golden(t, tuitest.Company(t, company.Demo), of, "down") })
	t.Run("held", func(t *testing.T) { tuitest.Golden(t, tuitest.Judged(t), of) }) // by the rules, one input being a default for everybody
	t.Run("grades moved", func(t *testing.T) {                                     // the day after the month's grades came
		tuitest.Golden(t, tuitest.Company(t, company.Demo), func(env *pane.Env) pane.Pane {
			return New(env, pane.Place{Kind: pane.Morning, Scope: analytics.Scope{AsOf: store.Date(2026, time.September, 1)}})
		})
	})
}

func TestMorning_Geometry(t *testing.T) {
	tuitest.Geometry(t, tuitest.Company(t, company.Demo), of)
	tuitest.Geometry(t, tuitest.Company(t, tuitest.Small), of)
}

func TestMorning_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, tuitest.Company(t, tuitest.Small), locale.English)))
}

// The first answer of a screen does not wait for the red flags, which are learned for on a day's first question; they follow, and are not left out again when data comes.
func TestMorning_FlagsFollow(t *testing.T) {
	p := of(tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)).(*model)
	p.SetSize(layout.Size{W: 80, H: 22})
	deliver := func(cmd tea.Cmd) tea.Cmd {
		t.Helper()
		if cmd == nil {
			t.Fatal("nothing is loaded")
		}
		to, ok := cmd().(pane.To)
		if !ok {
			t.Fatal("no answer")
		}
		return p.Update(to.Msg)
	}
	next := deliver(p.Init())
	if a := p.load.Value.Answer; a == nil || !a.Judging || len(a.Deals) == 0 || len(a.Flags) != 0 || !strings.Contains(p.View(), "being judged") {
		t.Fatalf("the first answer is %+v", a)
	}
	if next = deliver(next); next != nil {
		t.Error("a third answer is asked for")
	}
	if a := p.load.Value.Answer; a.Judging || len(a.Flags) == 0 || strings.Contains(p.View(), "being judged") {
		t.Fatalf("the second answer is %+v", a)
	}
	deliver(p.Update(pane.Committed{}))
	if p.load.Value.Judging {
		t.Error("the flags go when data comes")
	}
}

// What was last done in another year says so.
func TestMorning_LastYearHasItsYear(t *testing.T) {
	day := store.Date(2026, time.January, 8)
	a := &morning.Answer{Day: day, Workday: day - 1,
		Owed:     []playbook.Owed{{Account: "x:1", Last: store.Date(2025, time.September, 19), Late: 80, Every: 30}, {Account: "x:2", Last: store.Date(2026, time.January, 3), Late: 1, Every: 3}},
		Unlogged: []morning.Unlogged{{Person: "x:p", Last: store.Date(2025, time.December, 31), Days: 5}}}
	parts := Parts(locale.New(locale.Chinese), a, analytics.Scope{}, time.Now())
	for i, want := range []string{"上次 2025-09-19", "上次 01-03"} {
		if got := parts[3].Lines[i].Text; !strings.HasSuffix(got, want) {
			t.Errorf("%q, want %s", got, want)
		}
	}
	if got := parts[4].Lines[0].Text; !strings.HasSuffix(got, "上次 2025-12-31") {
		t.Errorf("%q", got)
	}
}

// Every line opens something, and each part is on the smallest screen.
func TestMorning_EveryLineOpens(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, tuitest.Company(t, company.Demo), locale.English)), layout.Size{W: 60, H: 18})
	m := d.P.(*model)
	seen := map[int]bool{}
	for range 200 {
		seen[m.spots[m.cur].part] = true
		if m.spots[m.cur].line != said {
			d.Keys("enter")
			p, ok := d.Opened()
			if !ok || !p.Kind.Valid() {
				t.Fatalf("%+v opens %v", m.spots[m.cur], p)
			}
		}
		before := m.cur
		if d.Keys("down"); m.cur == before {
			break
		}
	}
	if len(seen) != 6 {
		t.Errorf("parts %v are on a phone's screen", seen)
	}
	fit := len(m.spots)
	d.Keys("v", "end")
	if len(m.spots) <= fit || m.cur != len(m.spots)-1 {
		t.Errorf("all of it is %d lines, %d before", len(m.spots), fit)
	}
	if d.Keys("home", "o"); true {
		if p, ok := d.Opened(); !ok || p.Kind != m.parts[0].Place.Kind {
			t.Errorf("the list of a part is %v", p)
		}
	}
	d.Keys("v", "home", "tab")
	if m.spots[m.cur].part != 1 {
		t.Errorf("tab is in part %d", m.spots[m.cur].part)
	}
	if d.Keys("shift+tab"); m.cur != 0 {
		t.Errorf("back at %d", m.cur)
	}
}

// The pane remembers when somebody looked, as each person's own; a second look of the day is told the same as the first.
func TestMorning_RemembersTheLook(t *testing.T) {
	b := tuitest.Company(t, tuitest.Small)
	keeper, now := storetest.NewDesk(), tuitest.Now
	look := func(who string, at time.Time, s analytics.Scope) *morning.Answer {
		env := tuitest.Env(t, b, locale.English)
		env.Now = func() time.Time { return at }
		env.Desk = &desk.Session{Viewer: desk.Viewer{Name: who}, Live: desk.NewLive(keeper, func(err error) { t.Error(err) }), Book: env.Book, Marker: keeper}
		d := tuitest.Drive(t, New(env, pane.Place{Kind: pane.Morning, Scope: s}), layout.Size{W: 80, H: 22})
		return d.P.(*model).load.Value.Answer
	}
	if a := look("lead", now.Add(-72*time.Hour), analytics.Scope{}); a.Looked {
		t.Errorf("looked before the first time: %v", a.Since)
	}
	marks, err := keeper.Marks(context.Background(), desk.Viewer{Name: "lead"}.ID())
	if err != nil || len(marks) != 1 {
		t.Fatalf("%v %v", marks, err)
	}
	if look("lead", now, analytics.Scope{AsOf: b.Today() - 30}).Looked {
		t.Error("a past day's morning begins with the present's look")
	}
	day := store.DayOf(now.Add(-72*time.Hour), b.Location())
	for _, hour := range []int{0, 3} {
		if a := look("lead", now.Add(time.Duration(hour)*time.Hour), analytics.Scope{}); !a.Looked || a.Since != day || a.From != day-1 {
			t.Errorf("after %d hours since %v, looked %v", hour, a.Since, a.Looked)
		}
	}
	if look("other", now, analytics.Scope{}).Looked {
		t.Error("another's look counts")
	}
}

// What is held is what the stored evaluations say, customer by customer, and a health that moved is told with the behaviours that moved it, in the direction in which it went.
func TestMorning_HeldAsStored(t *testing.T) {
	b := tuitest.Judged(t)
	a := morning.Of(b, desk.View{}, nil, morning.Question{})
	held, since := 0, store.MaxDay
	for c := range analytics.Code(b.Accounts()) {
		v := b.EvaluationAt(c, a.Day)
		health, left, ok := b.JudgedAt(c, a.Day)
		if ok != (v != nil) || v != nil && (health != v.Health || left != v.Held) {
			t.Fatalf("%s: %d %v %v, the record %+v", b.AccountID(c), health, left, ok, v)
		}
		if v == nil || !v.Held {
			continue
		}
		held++
		for _, in := range v.Inputs {
			if in.Name == "depth" && in.State != store.InputFresh {
				since = min(since, v.Day)
			}
		}
	}
	if held == 0 || a.HeldCustomers != held || len(a.Held) == 0 || a.Held[0].Input != "depth" || a.Held[0].Since != since {
		t.Errorf("%d are held since %v; told %d, %+v", held, since, a.HeldCustomers, a.Held)
	}
	for _, h := range a.Health {
		if h.Why.Zh == "" || h.Why.En == "" || h.Was == h.Is {
			t.Errorf("%+v", h)
		}
	}
	if past := morning.Of(b, desk.View{}, nil, morning.Question{Scope: analytics.Scope{AsOf: tuitest.Months[1]}}); past.HeldCustomers != 0 {
		t.Errorf("before it began %+v were held", past.Held)
	}
}
