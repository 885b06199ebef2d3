package playbook

import (
	"cmp"

	"flightdeck/analytics"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Next is when a customer is owed a play next.
type Next struct {
	Play  analytics.Text `json:"play"`
	Every int            `json:"every_days"`
	Last  analytics.Day  `json:"last"` // the newest touch that counts; NoDay: none
	Due   analytics.Day  `json:"due"`  // NoDay: it always was, see [Owed.Due]
	Owed  bool           `json:"owed"` // today or since earlier
}

// Account says what one customer is owed by the playbook of its grade, what is not due yet included; nothing where no source gives touches. Whether the viewer may see the
// customer is judged by the caller.
func Account(b *analytics.Book, p *rule.Pack, account store.ID, asOf analytics.Day) (out []Next) {
	g := rule.GradingSection.Of(p)
	c, ok := b.AccountCode(account)
	if !ok || b.Touches().Len() == 0 {
		return nil
	}
	grade := b.GradeAt(c, asOf)
	if !b.HasGrades() {
		grade = migration.BoardAt(b, asOf).Grade(c)
	}
	since := graded(b, c, asOf)
	for _, p := range plays(g)[grade] {
		n := Next{Play: analytics.Text{Zh: cmp.Or(p.Name, p.NameEn), En: cmp.Or(p.NameEn, p.Name)}, Every: p.Every, Last: lastThrough(b, c, asOf, &p)}
		if n.Due = max(n.Last, since); n.Due != store.NoDay {
			n.Due += analytics.Day(p.Every)
		}
		n.Owed = n.Due <= asOf
		out = append(out, n)
	}
	return out
}
