package store

import (
	"fmt"
	"math"
	"time"
)

// Day is a calendar date in the organisation's time zone: days since 1970-01-01. It orders, subtracts and compares as an integer.
type Day int32

// NoDay is the absence of a date. It sorts before every real day.
const NoDay Day = math.MinInt32

// The dates that a person could mean; anything outside is refused by [ParseDay] and dropped by sources as an [Issue], because one
// row dated 2999 would otherwise stretch every axis and stop every incremental sync.
const (
	MinDay Day = -25567 // 1900-01-01
	MaxDay Day = 47481  // 2099-12-31
)

// DayOf returns the date that t falls on in loc.
func DayOf(t time.Time, loc *time.Location) Day {
	if t.IsZero() {
		return NoDay
	}
	y, m, d := t.In(loc).Date()
	return Date(y, m, d)
}

// Date returns the Day of a calendar date; out-of-range months and days normalise as in [time.Date].
func Date(y int, m time.Month, d int) Day {
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return NoDay, fmt.Errorf("parse day %q: want YYYY-MM-DD", Clip(s, 40))
	}
	d := DayOf(t, time.UTC)
	if !d.Valid() {
		return NoDay, fmt.Errorf("parse day %q: want a date from 1900 to 2099", s)
	}
	return d, nil
}

// Valid reports whether d is a date between 1900 and 2099; NoDay is not.
func (d Day) Valid() bool { return d >= MinDay && d <= MaxDay }

// Time returns the first instant of d in loc.
func (d Day) Time(loc *time.Location) time.Time {
	y, m, dd := d.Date()
	return Midnight(time.Date(y, m, dd, 0, 0, 0, 0, loc))
}

// Midnight mends a date read as a moment: what [time.Date] and [time.ParseInLocation] give for the midnight of a day in a zone. Where clocks go forward
// at midnight there is none, and they may give 23:00 of the eve; the day begins when the new time does.
func Midnight(t time.Time) time.Time {
	if t.Hour() >= 12 {
		if _, end := t.ZoneBounds(); !end.IsZero() {
			return end
		}
	}
	return t
}

// End returns the first instant after d in loc, the exclusive bound of "as of d".
func (d Day) End(loc *time.Location) time.Time { return (d + 1).Time(loc) }

// Date returns the calendar date of d.
func (d Day) Date() (int, time.Month, int) { return time.Unix(int64(d)*86400, 0).UTC().Date() }

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return time.Unix(int64(d)*86400, 0).UTC().Weekday() }

// String returns YYYY-MM-DD, or the empty string for NoDay.
func (d Day) String() string {
	if d == NoDay {
		return ""
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// MarshalText implements [encoding.TextMarshaler].
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; the empty text is NoDay.
func (d *Day) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = NoDay
		return nil
	}
	*d, err = ParseDay(string(b))
	return err
}
