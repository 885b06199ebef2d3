package company

import (
	"time"

	"flightdeck/store"
)

// Inside the generator a moment is a count of seconds in Chinese local time, since 1970-01-01 00:00 there: days and hours are then plain arithmetic.
// China has one time zone without summer time.
const (
	zoneSeconds = 8 * 3600
	daySeconds  = 86400
)

// TimeZone is the organisation's, as an IANA name.
const TimeZone = "Asia/Shanghai"

func local(t time.Time) int64         { return t.Unix() + zoneSeconds }
func instant(at int64) time.Time      { return time.Unix(at-zoneSeconds, 0).UTC() }
func dayOf(at int64) store.Day        { return store.Day(at / daySeconds) }
func midnight(d store.Day) int64      { return int64(d) * daySeconds }
func clock(h, m int) int64            { return int64(h)*3600 + int64(m)*60 }
func monthEnd(d store.Day) store.Day  { y, m, _ := d.Date(); return store.Date(y, m+1, 1) - 1 }
func monthOf(d store.Day) store.Day   { y, m, _ := d.Date(); return store.Date(y, m, 1) }
func nextMonth(d store.Day) store.Day { return monthEnd(d) + 1 }

// quarterOf returns the first day of the calendar quarter of d moved by n quarters.
func quarterOf(d store.Day, n int) store.Day {
	y, m, _ := d.Date()
	return store.Date(y, (m-1)/3*3+1+time.Month(3*n), 1)
}

// The first days of the Spring Festival; the other holidays have fixed dates.
var springFestivals = [...]store.Day{
	store.Date(2024, 2, 10), store.Date(2025, 1, 29), store.Date(2026, 2, 17), store.Date(2027, 2, 6), store.Date(2028, 1, 26),
	store.Date(2029, 2, 13), store.Date(2030, 2, 3), store.Date(2031, 1, 23), store.Date(2032, 2, 11),
}

func holiday(d store.Day) bool {
	for _, s := range springFestivals {
		if d >= s-1 && d <= s+6 {
			return true
		}
	}
	_, m, n := d.Date()
	return m == time.January && n == 1 || m == time.May && n <= 3 || m == time.October && n <= 7
}

// How much happens on a weekday, Sunday first, and in an hour of the day: mornings and afternoons, little over lunch, some messages in the evening.
var (
	weekdayShare = [7]float64{.06, 1, 1.15, 1.15, 1.1, .9, .12}
	hourShare    = [24]float64{7: 1, 8: 6, 9: 14, 10: 18, 11: 13, 12: 4, 13: 6, 14: 15, 15: 17, 16: 15, 17: 11, 18: 5, 19: 4, 20: 3, 21: 2}
	hourSum      = func() (sum float64) {
		for _, h := range hourShare {
			sum += h
		}
		return sum
	}()
)

// span keeps how busy each day from first on is, 0 to 1.
type span struct {
	first store.Day
	busy  []float32
}

func newSpan(first, last store.Day) span {
	s := span{first, make([]float32, last-first+1)}
	for i := range s.busy {
		d := first + store.Day(i)
		s.busy[i] = float32(weekdayShare[d.Weekday()] / 1.15)
		if holiday(d) {
			s.busy[i] = .02
		}
	}
	return s
}

func (s span) at(d store.Day) float32 {
	if i := int(d - s.first); i >= 0 && i < len(s.busy) {
		return s.busy[i]
	}
	return 0.8
}

// office returns a moment in office hours on d, or on the first working day after, that lies after the given moment.
func (s span) office(c *chance, d store.Day, after int64) int64 {
	d = max(d, dayOf(after))
	for {
		if s.at(d) > .5 {
			at := midnight(d) + clock(9, 0) + int64(c.IntN(9*3600))
			if at > after {
				return at
			}
			if after < midnight(d)+clock(17, 0) {
				return after + 60 + int64(c.IntN(1800))
			}
		}
		d++
	}
}

// moment returns a time strictly between from and to, on days and at hours when people meet, if there is any such time.
func (s span) moment(c *chance, from, to int64) int64 {
	days := int64(dayOf(to)-dayOf(from)) + 1
	for range 10 {
		d := dayOf(from) + store.Day(c.Int64N(days))
		if c.Float32() > s.at(d) {
			continue
		}
		if at := midnight(d) + c.hour(); at > from && at < to {
			return at
		}
	}
	return from + 1 + c.Int64N(max(to-from-1, 1))
}

// hour returns a second of the day by [hourShare].
func (c *chance) hour() int64 {
	u := c.Float64() * hourSum
	for h, w := range hourShare {
		if u -= w; u < 0 {
			return int64(h)*3600 + c.Int64N(3600)
		}
	}
	return clock(15, 0)
}
