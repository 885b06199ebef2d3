package row

import (
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/tui/locale"
)

// Arrival words what came of one input, beside what had come before.
func Arrival(l *locale.Locale, a *grade.Arrival, rules ...*rule.Grading) string {
	text := l.F(locale.GuideArrived, InputName(l, a.Input, rules...), a.From, l.Int(a.Measured))
	if a.Value.Known() {
		text += l.F(locale.GuideSame, l.Int(a.Now), Value(l, a.Value), l.Int(a.Before))
	}
	if a.Lacking > 0 {
		text += l.F(locale.GuideLacking, l.Int(a.Lacking))
	}
	if a.Median.Known() {
		text += l.F(locale.GuideMedian, Value(l, a.Was), Value(l, a.Median))
	}
	return text
}
