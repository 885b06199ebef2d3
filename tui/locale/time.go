package locale

import (
	"fmt"
	"time"

	"flightdeck/store"
)

// Texts of days and durations.
var (
	days       = text("%s 天", "%sd")
	justNow    = text("刚刚", "just now")
	minutesAgo = text("%d 分钟前", "%dm ago")
	hoursAgo   = text("%d 小时前", "%dh ago")
	daysAgo    = text("%d 天前", "%dd ago")
	inFuture   = text("%d 分钟后", "in %dm")
	never      = text("从未", "never")
	seconds    = text("%d 秒", "%ds")
	minutes    = text("%d 分钟", "%dm")
	hours      = text("%d 小时", "%dh")
	weekdaysZh = [7]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}
	weekdaysEn = [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
)

// Days writes a number of days: 12 天, 12d. Negative means "unknown" and gives "-".
func (l *Locale) Days(n int) string {
	if n < 0 {
		return "-"
	}
	return l.F(days, l.Int(n))
}

// Date writes a day as YYYY-MM-DD in every language, since it sorts and cannot be misread; "-" for NoDay.
func (l *Locale) Date(d store.Day) string {
	if d == store.NoDay {
		return "-"
	}
	return d.String()
}

// DateShort writes a day as MM-DD for narrow columns.
func (l *Locale) DateShort(d store.Day) string {
	if d == store.NoDay {
		return "-"
	}
	return d.String()[5:]
}

// DateNear writes a day as DateShort does where it lies in the year of today, and with its year where it does not: 09-19 of last year is no day of this one.
func (l *Locale) DateNear(d, today store.Day) string {
	if d == store.NoDay || today == store.NoDay || d.String()[:4] == today.String()[:4] {
		return l.DateShort(d)
	}
	return l.Date(d)
}

// Time writes an instant as YYYY-MM-DD HH:MM in loc; "-" for the zero time.
func (l *Locale) Time(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(loc).Format("2006-01-02 15:04")
}

// Weekday writes the short name of a weekday: 周一, Mon.
func (l *Locale) Weekday(w time.Weekday) string {
	if w < 0 || w > 6 {
		return "?"
	}
	if l.Zh() {
		return weekdaysZh[w]
	}
	return weekdaysEn[w]
}

// Month writes a month of a year: 2026年9月, Sep 2026.
func (l *Locale) Month(y int, m time.Month) string {
	if l.Zh() {
		return fmt.Sprintf("%d年%d月", y, m)
	}
	return fmt.Sprintf("%s %d", m.String()[:3], y)
}

// MonthShort writes a month without its year: 9月, Sep.
func (l *Locale) MonthShort(m time.Month) string {
	if m < time.January || m > time.December {
		return "?"
	}
	if l.Zh() {
		return fmt.Sprintf("%d月", m)
	}
	return m.String()[:3]
}

// Ago writes how long before now t was: 3 分钟前, 3m ago. The zero t is "never".
func (l *Locale) Ago(now, t time.Time) string {
	if t.IsZero() {
		return l.T(never)
	}
	d := now.Sub(t)
	switch {
	case d < -time.Minute:
		return l.F(inFuture, int((-d).Minutes()))
	case d < time.Minute:
		return l.T(justNow)
	case d < time.Hour:
		return l.F(minutesAgo, int(d.Minutes()))
	case d < 48*time.Hour:
		return l.F(hoursAgo, int(d.Hours()))
	}
	return l.F(daysAgo, int(d.Hours()/24))
}

// Span writes how long something takes, to two figures at most: 12 秒, 3 分钟, 5 小时; 12s, 3m, 5h.
func (l *Locale) Span(d time.Duration) string {
	switch d = max(0, d); {
	case d < 100*time.Second:
		return l.F(seconds, int(d.Round(time.Second).Seconds()))
	case d < 100*time.Minute:
		return l.F(minutes, int(d.Round(time.Minute).Minutes()))
	case d < 72*time.Hour:
		return l.F(hours, int(d.Round(time.Hour).Hours()))
	}
	return l.Days(int(d.Round(24*time.Hour).Hours() / 24))
}
