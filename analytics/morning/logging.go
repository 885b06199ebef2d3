package morning

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// logging finds who logged no touch on the last working day, of those who are expected to: they logged within the rules' days, or they own an open deal.
func (a *Answer) logging(b *analytics.Book, sel *analytics.Selection, m *rule.Morning) {
	a.Workday = m.Workday(a.Day - 1)
	if a.NoTouch || sel.Empty() {
		return
	}
	n := b.People()
	first := a.Workday - analytics.Day(m.Logging) + 1
	days := make([][]analytics.Day, analytics.Parts()) // per part and person: the newest day, plus one so that 0 is none
	t := b.Touches()
	sel.ShareTouches(analytics.Period{From: first, To: a.Day}, func(part, _ int, rows []int32) {
		if days[part] == nil {
			days[part] = make([]analytics.Day, n)
			for i := range days[part] {
				days[part][i] = store.NoDay
			}
		}
		for _, r := range rows {
			if p := t.Rep.At(int(r)); p != analytics.None {
				days[part][p] = max(days[part][p], t.Day().At(int(r)))
			}
		}
	})
	owns := make([][]bool, analytics.Parts())
	sel.ShareStanding(func(part int, d *analytics.DealState) {
		if owns[part] == nil {
			owns[part] = make([]bool, n)
		}
		if d.Open() && d.Owner != analytics.None {
			owns[part][d.Owner] = true
		}
	})
	nodes := b.Nodes()
	for p := range analytics.Code(n) {
		node := b.PersonNode(p)
		last, expected := store.NoDay, false
		for part := range days {
			if days[part] != nil {
				last = max(last, days[part][p])
			}
			expected = expected || owns[part] != nil && owns[part][p]
		}
		who := b.Person(p)
		if !sel.Inside(node) || last == store.NoDay && !expected || who.Inactive || nodes[node].Person != p {
			continue
		}
		a.Logging++
		if last >= a.Workday {
			continue
		}
		u := Unlogged{Person: who.ID, Name: who.Name, Last: last}
		if up := nodes[node].Parent; up >= 0 {
			u.Unit = nodes[up].Name
		}
		for d := max(last+1, first); d <= a.Workday; d++ {
			if m.IsWorkday(d) {
				u.Days++
			}
		}
		a.Unlogged = append(a.Unlogged, u)
	}
	a.Silent = len(a.Unlogged)
	slices.SortFunc(a.Unlogged, func(x, y Unlogged) int {
		return cmp.Or(cmp.Compare(y.Days, x.Days), strings.Compare(x.Name, y.Name), strings.Compare(string(x.Person), string(y.Person)))
	})
	a.Unlogged = a.Unlogged[:min(len(a.Unlogged), m.Most)]
}
