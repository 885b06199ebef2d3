package deal

import (
	"strings"

	"flightdeck/analytics/credibility"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sheet"
	"flightdeck/tui/table"
)

// backed is how much of what the deal claims is backed by documents, step by step, with the reason for every point lost (四阶可信度).
func backed(env *pane.Env, at pane.Place, a *answer) sheet.Section {
	l, th := env.Locale, env.Theme
	s := sheet.Section{ID: "backed", Title: l.T(locale.DealBacked), Count: "-", Empty: l.T(locale.DealNoBacked)}
	c := a.backed
	if c == nil {
		return s
	}
	s.Count = l.Percent(float64(c.Percent)/100, 0)
	n := len(c.Steps)
	if len(c.LostBy(n)) > 0 { // the promise that has passed
		n++
	}
	step := func(i int) *credibility.Step {
		if i < len(c.Steps) {
			return &c.Steps[i]
		}
		return nil
	}
	name := func(i int) string {
		if x := step(i); x != nil {
			return l.Pick(x.Name, x.NameEn)
		}
		return l.T(locale.DealDecay)
	}
	lost := func(i int) (points int, why string) {
		var all []string
		for _, x := range c.LostBy(i) {
			points += x.Points
			all = append(all, l.Pick(x.Reason.Zh, x.Reason.En))
		}
		return points, strings.Join(all, "; ")
	}
	proof := func(i int) string {
		x := step(i)
		switch {
		case x == nil:
			return ""
		case x.Proof != nil:
			return x.Proof.Title
		case x.Since == store.NoDay:
			return ""
		}
		var wants []string
		for _, k := range x.Wants {
			wants = append(wants, l.EvidenceKind(k))
		}
		return strings.Join(wants, "/")
	}
	s.Columns = []table.Column{
		{Title: l.T(locale.DealStep), Width: 10, Min: 8}, {Title: l.T(locale.DealLostPoints), Width: 6, Min: 5}, {Title: l.T(locale.DealProof), Width: 24, Min: 10, Grow: 2, Drop: 2},
		{Title: l.T(locale.Cause), Width: 30, Min: 12, Grow: 3, Drop: 1},
	}
	s.Rows = table.Rows{
		Len: n, Key: func(i int) string { return name(i) }, Match: func(i int) string { _, why := lost(i); return name(i) + " " + proof(i) + " " + why },
		Cells: func(i int, cells []table.Cell) {
			points, why := lost(i)
			cells[0].Text = name(i)
			cells[1] = table.Cell{Text: "ok", Style: th.Good}
			x := step(i)
			switch {
			case points > 0:
				cells[1] = table.Cell{Text: "-" + l.Int(points), Style: th.Bad}
			case x != nil && x.Since == store.NoDay:
				cells[0].Style, cells[1] = th.Muted, table.Cell{Text: "-", Style: th.Muted}
			}
			cells[2] = table.Cell{Text: proof(i), Style: th.Muted}
			cells[3].Text = why
		},
	}
	s.Open = func(i int) (p pane.Place) {
		if x := step(i); x != nil && x.Signer.ID != "" {
			return pane.PersonPlace(at.Scope, x.Signer.ID)
		}
		return p
	}
	s.Link = func(i int) string {
		if x := step(i); x != nil && x.Proof != nil {
			return x.Proof.URL
		}
		return ""
	}
	s.About = func(i int) []string {
		points, why := lost(i)
		head := name(i)
		if points > 0 {
			head += "  -" + l.Int(points)
		}
		if c.NoProofs {
			why = l.T(locale.DealNoProofs)
		}
		return sheet.Said(head, why, proof(i))
	}
	return s
}
