package company

import (
	"testing"
	"time"

	"flightdeck/store"
)

func TestGradeFor(t *testing.T) {
	for _, tc := range []struct {
		from  store.Grade
		index int // tenths
		want  store.Grade
	}{
		{"", 660, "A"}, {"", 659, "B"}, {"", 440, "C"}, {"", 0, "D"}, {"", 1000, "A"},
		{"B", 679, "B"}, {"B", 680, "A"}, // two points beyond the line
		{"A", 641, "A"}, {"A", 640, "A"}, {"A", 639, "B"},
		{"B", 531, "B"}, {"B", 529, "C"},
		{"D", 680, "A"}, {"D", 679, "B"}, {"A", 100, "D"}, // several at once
		{"C", 440, "C"}, {"C", 421, "C"}, {"C", 419, "D"}, {"D", 459, "D"}, {"D", 460, "C"},
	} {
		if got := gradeFor(tc.from, tc.index); got != tc.want {
			t.Errorf("from %q at %d: %s; want %s", tc.from, tc.index, got, tc.want)
		}
	}
	if s := sizeScore(1); s != 0 {
		t.Errorf("one million scores %d", s)
	}
	if s := sizeScore(1000); s != 60 {
		t.Errorf("a thousand million scores %d; want 60", s)
	}
	if s := sizeScore(1e9); s != 100 {
		t.Errorf("the size score goes to %d", s)
	}
}

func TestCalendar_QuarterAndMonth(t *testing.T) {
	for _, tc := range []struct {
		day  store.Day
		n    int
		want store.Day
	}{
		{store.Date(2026, 11, 24), 0, store.Date(2026, 10, 1)}, {store.Date(2026, 11, 24), -4, store.Date(2025, 10, 1)},
		{store.Date(2026, 12, 31), 1, store.Date(2027, 1, 1)}, {store.Date(2026, 1, 1), 0, store.Date(2026, 1, 1)},
	} {
		if got := quarterOf(tc.day, tc.n); got != tc.want {
			t.Errorf("quarter %d from %s begins %s; want %s", tc.n, tc.day, got, tc.want)
		}
	}
	if d := monthEnd(store.Date(2028, 2, 3)); d != store.Date(2028, 2, 29) {
		t.Errorf("February 2028 ends %s", d)
	}
	if at := local(time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC)); dayOf(at) != store.Date(2026, 10, 1) {
		t.Errorf("16:00 in London on the last of September falls on %s in Shanghai", dayOf(at))
	}
}

// TestCalendar_OfficeKeepsHours: events of a deal fall on working days between nine and the evening, after what came before.
func TestCalendar_OfficeKeepsHours(t *testing.T) {
	s := newSpan(store.Date(2026, 1, 1), store.Date(2026, 12, 31))
	c := newChance().set(1, 2, 3)
	for range 5000 {
		after := midnight(s.first) + c.Int64N(350*daySeconds)
		d := dayOf(after) + store.Day(c.IntN(10)) - 3
		at := s.office(c, d, after)
		hour := at % daySeconds / 3600
		if at <= after || s.at(dayOf(at)) <= .5 || hour < 9 || hour > 18 || at-max(after, midnight(d)) > 15*daySeconds {
			t.Fatalf("asked for %s after %s, got %s", d, instant(after), instant(at))
		}
	}
}

func TestStaffNames_AtScale(t *testing.T) {
	seen := map[string]bool{}
	for i := range 2500 {
		if n := staffName(i); seen[n] {
			t.Fatalf("person %d is called %s like somebody before", i, n)
		} else {
			seen[n] = true
		}
	}
}
