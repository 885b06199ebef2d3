package store

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDay_Calendar(t *testing.T) {
	for _, tt := range []struct {
		text    string
		want    Day
		weekday time.Weekday
	}{
		{"1970-01-01", 0, time.Thursday}, {"1969-12-31", -1, time.Wednesday}, {"2000-02-29", 11016, time.Tuesday},
		{"1900-01-01", MinDay, time.Monday}, {"2099-12-31", MaxDay, time.Thursday}, {"2026-03-02", 20514, time.Monday},
	} {
		d, err := ParseDay(tt.text)
		if err != nil || d != tt.want || d.String() != tt.text || d.Weekday() != tt.weekday || !d.Valid() {
			t.Errorf("%s: %d (%s, %s), %v; want %d on a %s", tt.text, d, d, d.Weekday(), err, tt.want, tt.weekday)
		}
	}
}

func TestParseDay_Refuses(t *testing.T) {
	for _, s := range []string{"", " ", "2999-01-01", "1899-12-31", "2100-01-01", "0000-00-00", "2026-02-30", "2026-13-01", "2026-3-2",
		"02/03/2026", "2026-03-02T00:00:00Z", "2026-03-02 ", "２０２６-03-02", "\x1b[31m2026"} {
		if d, err := ParseDay(s); err == nil || d != NoDay {
			t.Errorf("%q was read as %s", s, d)
		} else if !isClean(err.Error()) {
			t.Errorf("the error for %q carries it raw: %q", s, err)
		}
	}
}

// TestDay_SkippedMidnight: where clocks go forward at midnight the day begins at one o'clock. [time.Date] gives 23:00 of the eve in some of these zones,
// so that a fact of that day would count the day before.
func TestDay_SkippedMidnight(t *testing.T) {
	for zone, d := range map[string]Day{
		"America/Sao_Paulo": Date(2018, 11, 4), "America/Havana": Date(2024, 3, 10), "America/Santiago": Date(2024, 9, 8),
		"Asia/Tehran": Date(2021, 3, 22), "Asia/Beirut": Date(2024, 3, 31), "Africa/Cairo": Date(2024, 4, 26),
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip("no time zone data on this machine")
		}
		first := d.Time(loc)
		if DayOf(first, loc) != d || DayOf(first.Add(-1), loc) != d-1 || first != (d-1).End(loc) {
			t.Errorf("%s: %s begins at %s", zone, d, first)
		}
		read, err := time.ParseInLocation(time.DateOnly, d.String(), loc)
		if err != nil || Midnight(read) != first {
			t.Errorf("%s: %s read as a date is %s", zone, d, Midnight(read))
		}
	}
	for _, loc := range []*time.Location{time.UTC, time.FixedZone("", 8*3600)} {
		at := Date(2026, 3, 8).Time(loc)
		if h, m, s := at.Clock(); h+m+s != 0 || Midnight(at) != at {
			t.Errorf("an ordinary day begins at %s", at)
		}
	}
}

func TestDay_Zones(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Skip("no time zone data on this machine")
	}
	late := time.Date(2026, 3, 1, 16, 30, 0, 0, time.UTC) // half past midnight of the 2nd in Shanghai
	if d := DayOf(late, shanghai); d.String() != "2026-03-02" {
		t.Errorf("in Shanghai it is %s", d)
	}
	if d := DayOf(late, time.UTC); d.String() != "2026-03-01" {
		t.Errorf("in UTC it is %s", d)
	}
	d := Date(2026, 3, 2)
	s, e := d.Time(shanghai), d.End(shanghai)
	if e.Sub(s) != 24*time.Hour || DayOf(s, shanghai) != d || DayOf(e.Add(-1), shanghai) != d || DayOf(e, shanghai) != d+1 {
		t.Errorf("the day lasts from %s to %s", s, e)
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no time zone data on this machine")
	}
	if d := Date(2026, 3, 8); d.End(newYork).Sub(d.Time(newYork)) != 23*time.Hour { // clocks go forward
		t.Errorf("the day of the change lasts %s", d.End(newYork).Sub(d.Time(newYork)))
	}
	if DayOf(time.Time{}, time.UTC) != NoDay {
		t.Error("the zero time falls on a day")
	}
}

func TestNoDay(t *testing.T) {
	if NoDay.Valid() || NoDay.String() != "" || NoDay >= MinDay {
		t.Errorf("NoDay is %q, valid %t", NoDay.String(), NoDay.Valid())
	}
	type row struct{ A, B Day }
	b, err := json.Marshal(row{NoDay, 0})
	if err != nil || string(b) != `{"A":"","B":"1970-01-01"}` {
		t.Fatalf("%s, %v", b, err)
	}
	var back row
	if err := json.Unmarshal(b, &back); err != nil || back != (row{NoDay, 0}) {
		t.Errorf("read back %+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"2999-01-01"}`), &back); err == nil {
		t.Error("2999 was read")
	}
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"2026-03-02", "1900-01-01", "2099-12-31", "2026-02-29", "", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDay(s)
		if err != nil {
			return
		}
		y, m, dd := d.Date()
		if !d.Valid() || d.String() != s || Date(y, m, dd) != d || DayOf(d.Time(time.UTC), time.UTC) != d {
			t.Fatalf("%q became %d, %s", s, d, d)
		}
	})
}
