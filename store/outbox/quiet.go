package outbox

import (
	"fmt"
	"time"

	"flightdeck/store"
)

// Quiet is when people are left alone. The zero Quiet is never.
type Quiet struct {
	From, To Clock // of the day; From after To goes over midnight; equal: no hours
	Weekend  bool  // Saturday and Sunday, all day
}

// Clock is a time of day in minutes after midnight.
type Clock int

// UnmarshalText reads HH:MM.
func (c *Clock) UnmarshalText(b []byte) error {
	t, err := time.Parse("15:04", string(b))
	if err != nil {
		return fmt.Errorf("%q: want a time of day such as 21:30", store.Clip(string(b), 20))
	}
	*c = Clock(t.Hour()*60 + t.Minute())
	return nil
}

// String returns HH:MM.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c/60, c%60) }

// MarshalText implements [encoding.TextMarshaler].
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// on returns the moment at which clocks show c on t's day.
func (c Clock) on(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), int(c)/60, int(c)%60, 0, 0, t.Location())
}

// End returns when the quiet at t ends: t itself when it is not quiet. t is in the organisation's time zone.
func (q Quiet) End(t time.Time) time.Time {
	for range 8 { // nights and weekends follow on each other
		next := q.once(t)
		if !next.After(t) {
			return t
		}
		t = next
	}
	return t
}

func (q Quiet) once(t time.Time) time.Time {
	midnight := func(days int) time.Time {
		y, m, d := t.Date()
		return store.Midnight(time.Date(y, m, d+days, 0, 0, 0, 0, t.Location()))
	}
	if q.Weekend {
		switch t.Weekday() {
		case time.Saturday:
			return midnight(2)
		case time.Sunday:
			return midnight(1)
		}
	}
	from, to := q.From.on(t), q.To.on(t)
	switch {
	case q.From == q.To:
	case q.From < q.To:
		if !t.Before(from) && t.Before(to) {
			return to
		}
	case t.Before(to): // the end of a night
		return to
	case !t.Before(from): // its beginning
		return q.To.on(midnight(1).Add(12 * time.Hour))
	}
	return t
}
