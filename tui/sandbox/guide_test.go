package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

// The demo's incident, told in four steps on whatever day the demo is opened: a third of the values came as 0, the guards held the input and nobody moved, some thirty customers would have
// fallen from A to B, and one of them is shown with the command that shows the same; esc leaves everything as it was.
func TestGuide_IncidentOfTheDemo(t *testing.T) {
	for _, now := range []time.Time{tuitest.Now, time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC), time.Date(2027, 3, 31, 15, 0, 0, 0, time.UTC)} {
		cfg := company.Config{Seed: 20260101, Now: now, Size: company.Demo, Incident: true}
		day := cfg.IncidentDay()
		if today := store.DayOf(now, time.UTC); today-day < 100 || today-day > 135 || (day + 1).String()[8:] != "01" {
			t.Fatalf("on %v the incident was on %v", today, day)
		}
		c, err := company.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, org := c.Take(), company.Org()
		r.Org, r.Touches, r.Evidence = &org, nil, nil // no grade rests on them
		b := analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return now }})
		env := tuitest.Env(t, b, locale.English)
		env.Now = func() time.Time { return now }
		d := tuitest.Drive(t, of(env), layout.Size{W: 160, H: 44})
		m := d.P.(*model)
		says := func(step int, all ...string) {
			t.Helper()
			text := layout.Plain(d.P.View())
			told := strings.Join(strings.Fields(text), " ") // lines break where the screen ends
			for _, s := range append(all, fmt.Sprintf("guide %d/4", step)) {
				if !strings.Contains(told, s) {
					t.Fatalf("%v, step %d: no %q in\n%s", day, step, s, text)
				}
			}
		}
		d.Keys("right", "n") // a draft that must come back
		draft := m.guide.back.draft
		says(1, "what came by "+day.String()+": feature depth (reading.depth)", "of them 0 (before: ")
		a := m.arrived.Value.all
		if len(a) != 1 || a[0].Value != 0 || a[0].Now < a[0].Measured/5 || a[0].Now > a[0].Measured/2 || a[0].Before > a[0].Now/10 {
			t.Fatalf("%+v", a)
		}
		d.Keys("n")
		says(2, "feature depth (shifted, since "+day.String()+")", "0 changed grade that day", "believed again on ")
		d.Keys("n")
		v := m.load.Value.verdict
		if n := v.Matrix[1].Count; v.Day != day || n < 20 || n > 45 {
			t.Fatalf("%v: %d would have fallen from A to B; want about the 32 of the incident", v.Day, n)
		}
		says(3, fmt.Sprintf("%d customers", v.Up+v.Down), fmt.Sprintf("%d of them from A to B", v.Matrix[1].Count))
		d.Keys("n")
		x := m.example()
		says(4, x.AccountName+" step by step: feature depth ", "rules replay --unguarded --day "+day.String()+" --account "+string(x.Account))
		if x.From != "A" || x.To != "B" || m.stepped == nil {
			t.Fatalf("%+v is shown", x)
		}
		d.Send(pane.Committed{Rev: b.Rev()}) // the demo lives on
		says(4, x.AccountName+" step by step")
		if m.Escape(); m.guide != nil || !sameDraft(m.draft, draft) || len(m.draft.Values) != 1 || m.stepped != nil || m.day != 0 || m.view != viewMovers {
			t.Errorf("esc does not leave things as they were: %+v", m.draft)
		}
		if !m.caughtUp() {
			t.Errorf("what is on the screen was replayed with %v, and the draft is %v", m.load.Value.draft, m.draft)
		}
	}
}

// Where nothing was held there is nothing to lead through.
func TestGuide_NothingHeld(t *testing.T) {
	c, err := company.New(company.Config{Seed: 1, Now: tuitest.Now, Size: tuitest.Small})
	if err != nil {
		t.Fatal(err)
	}
	r, org := c.Take(), company.Org()
	r.Org, r.Readings = &org, nil
	b := analytics.FromRecords(r, analytics.Options{Now: func() time.Time { return tuitest.Now }})
	d := tuitest.Drive(t, of(tuitest.Env(t, b, locale.English)), layout.Size{W: 100, H: 30})
	d.Keys("n")
	if m := d.P.(*model); m.guide != nil {
		t.Fatalf("led through %v", m.guide.day)
	}
	if len(d.Sent) == 0 {
		t.Error("nobody is told")
	}
}

// Keys that change what is tried do nothing while the guide tells of it, and whoever looks at the customer comes back to the same step.
func TestGuide_StaysWithWhatItTells(t *testing.T) {
	env := tuitest.Env(t, tuitest.Judged(t), locale.Chinese)
	d := tuitest.Drive(t, of(env), layout.Size{W: 80, H: 22})
	m := d.P.(*model)
	d.Keys("n", "n", "n")
	was := m.draft
	d.Keys("right", "p", "c", "z", ",", "a", "u")
	if !sameDraft(m.draft, was) || m.months != usual {
		t.Errorf("the draft moved: %v", m.draft)
	}
	d.Keys("n", "enter")
	p, ok := d.Opened()
	if !ok || p.Kind != pane.Account {
		t.Fatalf("opened %v", p)
	}
	kept := m.Snapshot()
	m.Close()
	back := New(env, pane.Place{Kind: pane.Sandbox})
	back.(pane.Restorer).Restore(kept)
	d = tuitest.Drive(t, back, layout.Size{W: 80, H: 22})
	if text := layout.Plain(d.P.View()); !strings.Contains(text, "导览 4/4") {
		t.Errorf("not where one left:\n%s", text)
	}
	d.Keys("n")
	if m := d.P.(*model); m.guide != nil || len(m.draft.Values) != 0 {
		t.Errorf("the guide does not end: %v", m.draft)
	}
}

func TestGuide_Golden(t *testing.T) {
	for n := 1; n <= guideSteps; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tuitest.Golden(t, tuitest.Judged(t), of, strings.Split(strings.Repeat("n", n), "")...)
		})
	}
}
