package analytics_test

import (
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

func TestCalendar_Parse(t *testing.T) {
	today := store.Date(2026, 5, 20) // a Wednesday
	for _, c := range []struct {
		start    time.Month
		in, want string
	}{
		{0, "2026", "2026-01-01..2026-12-31"},
		{4, "2026", "2026-04-01..2027-03-31"},
		{0, "2026Q3", "2026-07-01..2026-09-30"},
		{4, "2026Q4", "2027-01-01..2027-03-31"},
		{2, "quarter", "2026-05-01..2026-07-31"},
		{0, "quarter", "2026-04-01..2026-06-30"},
		{0, "quarter-1", "2026-01-01..2026-03-31"},
		{0, "quarter+3", "2027-01-01..2027-03-31"},
		{4, "year", "2026-04-01..2027-03-31"},
		{6, "year", "2025-06-01..2026-05-31"},
		{0, "month", "2026-05-01..2026-05-31"},
		{0, "month-3", "2026-02-01..2026-02-28"},
		{0, "week", "2026-05-18..2026-05-24"},
		{0, "week-1", "2026-05-11..2026-05-17"},
		{0, "2024-02", "2024-02-01..2024-02-29"},
		{0, "2026-05-20", "2026-05-20..2026-05-20"},
		{0, "2026-05-20..2026-06-01", "2026-05-20..2026-06-01"},
		{0, "30d", "2026-04-21..2026-05-20"},
		{0, "1d", "2026-05-20..2026-05-20"},
		{0, "", ""}, {0, "Q3", ""}, {0, "2026Q5", ""}, {0, "2026Q0", ""}, {0, "1899", ""}, {0, "2100", ""}, {0, "2026-13", ""}, {0, "2026-02-30", ""},
		{0, "2026-06-01..2026-05-20", ""}, {0, "quarter1", ""}, {0, "quarter-", ""}, {0, "quarter-999", ""}, {0, "0d", ""}, {0, "d", ""}, {0, "-3d", ""},
		{0, "99999999999d", ""}, {0, "..", ""}, {0, "\x1b[2J", ""}, {0, strings.Repeat("9", 10000), ""},
	} {
		cal := analytics.Calendar{Start: c.start}
		p, err := cal.Parse(c.in, today)
		got := ""
		if err == nil {
			got = p.From.String() + ".." + p.To.String()
		} else if strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 300 {
			t.Errorf("Parse(%q): the error carries what it was given: %q", store.Clip(c.in, 20), store.Clip(err.Error(), 200))
		}
		if got != c.want {
			t.Errorf("start %d Parse(%q) = %q, %v; want %q", c.start, c.in, got, err, c.want)
		}
	}
}

func TestCalendar_PeriodsTile(t *testing.T) {
	rng := storetest.Rand(t)
	for range 2000 {
		cal := analytics.Calendar{Start: time.Month(rng.IntN(14))}
		d := store.MinDay + store.Day(rng.IntN(70000))
		n := rng.IntN(40) - 20
		for name, of := range map[string]func(analytics.Day, int) analytics.Period{"week": cal.Week, "month": cal.Month, "quarter": cal.Quarter, "year": cal.Year} {
			p, q := of(d, n), of(d, n+1)
			if q.From != p.To+1 || p.From > p.To {
				t.Fatalf("start %d: %s of %s: %v then %v", cal.Start, name, d, p, q)
			}
			if here := of(d, 0); !here.Contains(d) {
				t.Fatalf("start %d: %s of %s is %s..%s", cal.Start, name, d, here.From, here.To)
			}
			if y, _, _ := p.From.Date(); y > 1900 && y < 2099 {
				if back, err := cal.Parse(cal.Name(p), 0); err != nil || back != p {
					t.Fatalf("start %d: %s %s..%s is named %q, which reads %s..%s, %v", cal.Start, name, p.From, p.To, cal.Name(p), back.From, back.To, err)
				}
			}
			if name == "quarter" {
				if y := cal.Year(p.From, 0); p.From < y.From || p.To > y.To {
					t.Fatalf("start %d: quarter %v is not in its year %v", cal.Start, p, y)
				}
			}
		}
	}
}

func TestCalendar_Name(t *testing.T) {
	for _, c := range []struct {
		start time.Month
		p     string
		want  string
	}{
		{4, "2026-04-01..2026-06-30", "2026Q1"}, {4, "2027-01-01..2027-03-31", "2026Q4"}, {4, "2026-04-01..2027-03-31", "2026"},
		{4, "2026-01-01..2026-12-31", "2026-01-01..2026-12-31"}, {2, "2026-04-01..2026-06-30", "2026-04-01..2026-06-30"}, {2, "2026-11-01..2027-01-31", "2026Q4"},
		{10, "2026-07-01..2026-09-30", "2025Q4"}, {1, "2026-07-01..2026-09-30", "2026Q3"}, {0, "2026-01-01..2026-12-31", "2026"},
		{4, "2024-02-01..2024-02-29", "2024-02"}, {4, "2024-02-01..2024-02-28", "2024-02-01..2024-02-28"}, {7, "2026-05-20..2026-05-20", "2026-05-20"},
	} {
		cal := analytics.Calendar{Start: c.start}
		p, err := cal.Parse(c.p, 0)
		if got := cal.Name(p); err != nil || got != c.want {
			t.Errorf("start %d: %s is named %q, %v; want %q", c.start, c.p, got, err, c.want)
		}
	}
	if got := (analytics.Calendar{}).Name(analytics.Period{}); got != "" {
		t.Errorf("no period is named %q", got)
	}
}

func TestScope_RoundTrip(t *testing.T) {
	rng := storetest.Rand(t)
	texts := []string{"", "t:1", "华东", "a&b=c", "x y+z%", "\x1b[2J", "../", "node=1"}
	text := func() string { return texts[rng.IntN(len(texts))] }
	cal := analytics.Calendar{}
	for range 3000 {
		s := analytics.Scope{Node: store.ID(text()), Product: store.ID(text()), Stage: store.ID(text()), Industry: text()}
		d := store.Date(2026, 1, 1) + store.Day(rng.IntN(900))
		switch rng.IntN(6) {
		case 0:
			s.Period = cal.Month(d, 0)
		case 1:
			s.Period = cal.Quarter(d, 0)
		case 2:
			s.Period = cal.Year(d, 0)
		case 3:
			s.Period = analytics.Period{From: d, To: d}
		case 4:
			s.Period = analytics.Period{From: d, To: d + store.Day(rng.IntN(400))}
		}
		if rng.IntN(2) == 0 {
			s.AsOf = d
		}
		withRoot := s
		withRoot.Root = "t:secret"
		str := withRoot.String()
		got, err := analytics.ParseScope(str)
		if err != nil || got != s {
			t.Fatalf("ParseScope(%q) = %+v, %v; want %+v", str, got, err, s)
		}
		if strings.ContainsRune(str, '\x1b') || strings.Contains(str, "secret") {
			t.Fatalf("%q", str)
		}
	}
}

func TestParseScope_Bad(t *testing.T) {
	for in, want := range map[string]string{
		"root=t:1":         "want node, product",
		"nod=1":            "unknown key",
		"period=2026Q9":    "parse period",
		"period=quarter":   "relative",
		"period=30d":       "relative",
		"as-of=2999-01-01": "1900 to 2099",
		"as-of=yesterday":  "YYYY-MM-DD",
		"node=%zz":         "parse scope",
	} {
		if _, err := analytics.ParseScope(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseScope(%q): %v, want %q", in, err, want)
		}
	}
}

func FuzzParseScope(f *testing.F) {
	f.Add("node=t%3A1&period=2026Q3&as-of=2026-05-20")
	f.Add("industry=%1b%5b2J&period=2026-01-01..2026-12-31")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := analytics.ParseScope(in)
		if err != nil {
			return
		}
		again, err := analytics.ParseScope(s.String())
		if err != nil || again != s {
			t.Fatalf("%q reads as %+v, which prints as %q, which reads as %+v, %v", in, s, s, again, err)
		}
	})
}
