package row

import (
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/tui/locale"
)

// Change words, from the evaluations that were stored on two days, by which inputs a customer's score moved, from what to what, and by which rules; "" where nobody judged
// the customer in between.
func Change(l *locale.Locale, m *grade.Model, b *analytics.Book, account store.ID, from, to analytics.Day) string {
	c, ok := b.AccountCode(account)
	if m == nil || !ok {
		return ""
	}
	ch, ok := m.Between(c, from, to)
	if !ok {
		return ""
	}
	out := []string{l.F(locale.ChangeScore, l.Float(ch.From.Score, 1), l.Float(ch.To.Score, 1))}
	for _, in := range ch.Inputs {
		out = append(out, Input(l, m, in))
	}
	if ch.To.Held {
		out = append(out, l.T(locale.ChangeHeld))
	}
	if ch.Rules() {
		out = append(out, l.F(locale.ChangeRules, ch.From.Rule, ch.To.Rule))
	} else {
		out = append(out, l.F(locale.ChangeRule, ch.To.Rule))
	}
	return strings.Join(out, "; ")
}

// Input words one input's part in a change of score: feature depth 62 > 31 (-6.2).
func Input(l *locale.Locale, m *grade.Model, in grade.Reason) string {
	zh, en := m.Title(in.Input)
	return l.Pick(zh, en) + " " + in.From.String() + " > " + in.To.String() + " (" + points(l, in) + ")"
}
