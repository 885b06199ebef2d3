package morning

import (
	"context"
	"time"

	"flightdeck/analytics/desk"
	"flightdeck/store"
)

// MarkName is the mark that remembers when somebody looked. Its moment is the first look of a day, its text the moment of the day before that on which they looked.
const MarkName = "looked/morning"

// Looked returns when whoever sits at the desk looked last before the day of now, and keeps that they look now. It is the zero time when they never did, or when d is nil.
// It blocks on the disk. With an error the time is good all the same where it could be read.
func Looked(ctx context.Context, d *desk.Session, now time.Time, loc *time.Location) (time.Time, error) {
	if d == nil || d.Marker == nil {
		return time.Time{}, nil
	}
	m, err := mark(ctx, d)
	if err != nil {
		return time.Time{}, err
	}
	before := Last(m, now, loc)
	if store.DayOf(m.At, loc) == store.DayOf(now, loc) {
		return before, nil
	}
	next := store.Mark{Name: MarkName, At: now}
	if !before.IsZero() {
		next.Text = before.UTC().Format(time.RFC3339)
	}
	return before, d.Mark(ctx, next)
}

// Peek is Looked for whoever only asks: it keeps nothing.
func Peek(ctx context.Context, d *desk.Session, now time.Time, loc *time.Location) (time.Time, error) {
	if d == nil || d.Marker == nil {
		return time.Time{}, nil
	}
	m, err := mark(ctx, d)
	return Last(m, now, loc), err
}

func mark(ctx context.Context, d *desk.Session) (store.Mark, error) {
	all, err := d.Marks(ctx)
	return Among(all), err
}

// Among is the mark of the last look among somebody's marks; the zero Mark where there is none.
func Among(all []store.Mark) store.Mark {
	for _, m := range all {
		if m.Name == MarkName {
			return m
		}
	}
	return store.Mark{}
}

// Last is the last look before the day of now that a mark tells of; zero: none.
func Last(m store.Mark, now time.Time, loc *time.Location) time.Time {
	switch day := store.DayOf(m.At, loc); {
	case m.At.IsZero() || day > store.DayOf(now, loc): // the clock was wrong then, or is now
		return time.Time{}
	case day < store.DayOf(now, loc):
		return m.At
	}
	t, err := time.Parse(time.RFC3339, m.Text)
	if err != nil {
		return time.Time{} // looked for the first time today
	}
	return t
}
