package analytics

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
)

// Day is a date in the organisation's time zone.
type Day = store.Day

// Period is a range of days, both ends included. The zero Period is "not chosen". It is comparable.
type Period struct{ From, To Day }

// IsZero reports whether no period was chosen.
func (p Period) IsZero() bool { return p == Period{} }

// Contains reports whether d lies in p.
func (p Period) Contains(d Day) bool { return d >= p.From && d <= p.To }

// Days returns how many days p spans.
func (p Period) Days() int { return int(p.To-p.From) + 1 }

// String returns the shortest notation that Parse reads back with a January fiscal year: 2026, 2026Q3, 2026-09 or FROM..TO. For people to read there is
// [Calendar.Name]: another fiscal year has other quarters of the same name.
func (p Period) String() string { return Calendar{}.Name(p) }

// MarshalText implements [encoding.TextMarshaler].
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Calendar is the organisation's fiscal calendar.
type Calendar struct {
	Start time.Month // first month of the fiscal year; 0 means January
}

func (c Calendar) start() time.Month {
	if c.Start < time.January || c.Start > time.December {
		return time.January
	}
	return c.Start
}

// Month returns the calendar month of d moved by n months.
func (c Calendar) Month(d Day, n int) Period {
	y, m, _ := d.Date()
	return Period{store.Date(y, m+time.Month(n), 1), store.Date(y, m+time.Month(n)+1, 1) - 1}
}

// Quarter returns the fiscal quarter of d moved by n quarters.
func (c Calendar) Quarter(d Day, n int) Period {
	y, m, _ := d.Date()
	off := (int(m) - int(c.start()) + 12) % 3
	first := m - time.Month(off) + time.Month(3*n)
	return Period{store.Date(y, first, 1), store.Date(y, first+3, 1) - 1}
}

// Year returns the fiscal year of d moved by n years.
func (c Calendar) Year(d Day, n int) Period {
	y, m, _ := d.Date()
	if m < c.start() {
		y--
	}
	return Period{store.Date(y+n, c.start(), 1), store.Date(y+n+1, c.start(), 1) - 1}
}

// Week returns the Monday-to-Sunday week of d moved by n weeks.
func (c Calendar) Week(d Day, n int) Period {
	from := d - Day((int(d.Weekday())+6)%7) + Day(7*n)
	return Period{from, from + 6}
}

// Name returns the shortest notation that c.Parse reads back as p: 2026 and 2026Q3 for a fiscal year and quarter, 2026-09 for a month, a day, or
// FROM..TO; "" for the zero Period.
func (c Calendar) Name(p Period) string {
	if p.IsZero() {
		return ""
	}
	y, m, d := p.From.Date()
	if d == 1 {
		month := (int(m) - int(c.start()) + 12) % 12 // of the fiscal year
		fiscal := y
		if m < c.start() {
			fiscal--
		}
		switch p.To + 1 {
		case store.Date(y+1, m, 1):
			if month == 0 {
				return fmt.Sprintf("%04d", fiscal)
			}
		case store.Date(y, m+3, 1):
			if month%3 == 0 {
				return fmt.Sprintf("%04dQ%d", fiscal, month/3+1)
			}
		case store.Date(y, m+1, 1):
			return fmt.Sprintf("%04d-%02d", y, m)
		}
	}
	if p.From == p.To {
		return p.From.String()
	}
	return p.From.String() + ".." + p.To.String()
}

// Parse reads a period as a person writes it: 2026, 2026Q3, 2026-09, 2026-09-01, 2026-09-01..2026-09-30, or relative to today: week, month,
// quarter, year, each with an optional offset such as quarter-1, and 30d for the last thirty days. 2026 and 2026Q3 are fiscal,
// named for the calendar year in which the fiscal year begins.
func (c Calendar) Parse(s string, today Day) (Period, error) {
	fail := func() (Period, error) {
		return Period{}, fmt.Errorf("parse period %q: want 2026, 2026Q3, 2026-09, 2026-09-01, 2026-09-01..2026-09-30, week, month, quarter, year, quarter-1 or 30d", store.Clip(s, 40))
	}
	if from, to, ok := strings.Cut(s, ".."); ok {
		a, err1 := store.ParseDay(from)
		b, err2 := store.ParseDay(to)
		if err1 != nil || err2 != nil || b < a {
			return fail()
		}
		return Period{a, b}, nil
	}
	for _, w := range []struct {
		word string
		of   func(Day, int) Period
	}{{"week", c.Week}, {"month", c.Month}, {"quarter", c.Quarter}, {"year", c.Year}} {
		if rest, ok := strings.CutPrefix(s, w.word); ok {
			n := 0
			if rest != "" {
				var err error
				if n, err = strconv.Atoi(rest); err != nil || n > 100 || n < -100 || (rest[0] != '-' && rest[0] != '+') {
					return fail()
				}
			}
			return w.of(today, n), nil
		}
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.Atoi(n)
		if err != nil || days < 1 || days > 36500 {
			return fail()
		}
		return Period{today - Day(days) + 1, today}, nil
	}
	if y, q, ok := strings.Cut(s, "Q"); ok {
		yy, err1 := strconv.Atoi(y)
		qq, err2 := strconv.Atoi(q)
		if err1 != nil || err2 != nil || yy < 1900 || yy > 2099 || qq < 1 || qq > 4 {
			return fail()
		}
		return c.Quarter(store.Date(yy, c.start(), 1), qq-1), nil
	}
	if d, err := store.ParseDay(s); err == nil {
		return Period{d, d}, nil
	}
	if t, err := time.Parse("2006-01", s); err == nil && t.Year() >= 1900 && t.Year() <= 2099 {
		return c.Month(store.DayOf(t, time.UTC), 0), nil
	}
	if y, err := strconv.Atoi(s); err == nil && y >= 1900 && y <= 2099 {
		return c.Year(store.Date(y, c.start(), 1), 0), nil
	}
	return fail()
}
