package record

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
)

var (
	errMoment = errors.New("want a date such as 2026-03-31, a time such as 2026-03-31T17:05:00+08:00, or seconds or milliseconds since 1970")
	errFar    = errors.New("want a date from 1900 to 2099")
)

// moment reads a point in time. dayOnly tells that the value had no time of day; t is then that day's first instant in the Decoder's location.
func (r *row) moment(field string) (t time.Time, dayOnly bool) {
	v, ok := r.f[field]
	if !ok || v == nil {
		return time.Time{}, false
	}
	if tv, ok := v.(time.Time); ok && !tv.IsZero() {
		if err := near(tv, r.loc()); err != nil {
			r.issue(field, tv.Format(time.RFC3339), err.Error(), false)
			return time.Time{}, false
		}
		return tv, false
	}
	s, ok := r.text(field)
	if !ok {
		return time.Time{}, false
	}
	zone := r.loc()
	if r.d.Zone != nil {
		zone = r.d.Zone
	}
	t, dayOnly, err := ParseTime(s, zone, r.d.Layouts...)
	if err != nil {
		r.issue(field, s, err.Error(), false)
		return time.Time{}, false
	}
	if dayOnly && r.d.Zone != nil { // a date is nobody's midnight but the organisation's
		y, m, d := t.In(zone).Date()
		t = store.Midnight(time.Date(y, m, d, 0, 0, 0, 0, r.loc()))
	}
	return t, dayOnly
}

func (r *row) loc() *time.Location {
	if r.d.Location == nil {
		return time.UTC
	}
	return r.d.Location
}

func (r *row) time(field string) time.Time {
	t, _ := r.moment(field)
	return t
}

func (r *row) day(field string) store.Day {
	t, _ := r.moment(field)
	return store.DayOf(t, r.loc()) // NoDay for the zero time
}

func near(t time.Time, loc *time.Location) error {
	if !store.DayOf(t, loc).Valid() {
		return errFar
	}
	return nil
}

// ParseTime reads a date or a time as a source may write it: ISO 8601 with or without zone, blanks or slashes instead of T and hyphens (year first),
// YYYYMMDD, or a count of seconds, milliseconds or microseconds since 1970; layouts are tried first. A time without a zone, and a date, is in
// loc. dayOnly tells that there was no time of day. Dates outside 1900–2099 are an error: one such row would stop every incremental sync.
func ParseTime(s string, loc *time.Location, layouts ...string) (t time.Time, dayOnly bool, err error) {
	if len(s) > 64 {
		return time.Time{}, false, errMoment
	}
	t, dayOnly, err = parseTime(strings.TrimSpace(s), loc, layouts)
	if err != nil {
		return time.Time{}, false, err
	}
	if dayOnly {
		t = store.Midnight(t)
	}
	if err := near(t, loc); err != nil {
		return time.Time{}, false, err
	}
	return t, dayOnly, nil
}

func parseTime(s string, loc *time.Location, layouts []string) (time.Time, bool, error) {
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, loc); err == nil {
			return t, !strings.ContainsAny(l, "345") && !strings.Contains(l, "15"), nil
		}
	}
	if !strings.ContainsAny(s, "-/:") { // a failed ParseInt costs more than all the rest
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return fromNumber(n, loc)
		} else if f, err := strconv.ParseFloat(s, 64); err == nil && f > 1e8 && f < 1e17 { // a fraction
			return fromNumber(int64(f), loc)
		}
	}
	if len(s) > 4 && s[4] == '/' {
		s = strings.ReplaceAll(s, "/", "-")
	}
	if len(s) <= len(time.DateOnly) {
		for _, l := range []string{time.DateOnly, "2006-1-2"} {
			if t, err := time.ParseInLocation(l, s, loc); err == nil {
				return t, true, nil
			}
		}
		return time.Time{}, false, errMoment
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil { // accepts a fraction of any length
		return t, false, nil
	}
	if i := strings.IndexByte(s, ' '); i > 0 {
		s = s[:i] + "T" + strings.TrimSpace(s[i+1:])
	}
	for _, l := range []string{"2006-1-2T15:04:05", "2006-1-2T15:04:05Z07:00", "2006-1-2T15:04:05Z0700", "2006-1-2T15:04:05 Z0700", "2006-1-2T15:04"} {
		if t, err := time.ParseInLocation(l, s, loc); err == nil {
			return t, false, nil
		}
	}
	return time.Time{}, false, errMoment
}

// fromNumber tells the units apart by size, which is unambiguous from 1973 to 2099; eight digits are YYYYMMDD.
func fromNumber(n int64, loc *time.Location) (time.Time, bool, error) {
	switch {
	case n >= 1000_01_01 && n <= 9999_12_31:
		t, err := time.ParseInLocation("20060102", strconv.FormatInt(n, 10), loc)
		if err != nil {
			return time.Time{}, false, errMoment
		}
		return t, true, nil
	case n >= 1e8 && n < 1e11:
		return time.Unix(n, 0), false, nil
	case n >= 1e11 && n < 1e14:
		return time.UnixMilli(n), false, nil
	case n >= 1e14 && n < 1e17:
		return time.UnixMicro(n), false, nil
	}
	return time.Time{}, false, errMoment
}
