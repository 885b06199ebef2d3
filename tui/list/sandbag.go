package list

import (
	"fmt"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/sandbag"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

func sandbagColumns(l *locale.Locale) []table.Column {
	right := func(k locale.Key, w, drop int) table.Column {
		return table.Column{Title: l.T(k), Width: w, Min: w, Align: layout.Right, Drop: drop}
	}
	return []table.Column{
		{Title: l.T(locale.ForecastNode), Width: 20, Min: 10, Grow: 1}, right(locale.SandbagDeals, 6, 4), right(locale.SandbagCluster, 14, 0), right(locale.SandbagOver, 14, 0),
		right(locale.SandbagRush, 14, 2), right(locale.SandbagEarly, 8, 3), {Title: l.T(locale.SandbagVerdict), Width: 18, Min: 8, Drop: 1},
	}
}

func sandbagTitle(env *pane.Env, _ pane.Place) string { return env.Locale.T(locale.PaneSandbag) }

// habits are the findings in the order of the columns.
func habits(r *sandbag.Row) [3]struct {
	name locale.Key
	test *sandbag.Test
} {
	return [3]struct {
		name locale.Key
		test *sandbag.Test
	}{{locale.SandbagCluster, &r.Cluster}, {locale.SandbagOver, &r.Over}, {locale.SandbagRush, &r.Rush}}
}

func loadSandbag(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	if p.ID != "" {
		return content{}, unknown(p)
	}
	a := sandbag.Of(b, env.Pack(), p.Scope)
	cell := func(l *locale.Locale, th *theme.Theme, t *sandbag.Test) table.Cell {
		switch {
		case t.TooFew:
			return table.Cell{Text: l.F(locale.SandbagFew, l.Int(t.N)), Style: th.Muted}
		case t.Red:
			return table.Cell{Text: "! " + l.Percent(t.Share, 0) + "/" + l.Percent(t.Expected, 0), Style: th.Bad}
		}
		return table.Cell{Text: l.Percent(t.Share, 0) + "/" + l.Percent(t.Expected, 0)}
	}
	verdict := func(l *locale.Locale, r *sandbag.Row) string {
		var out []string
		for _, h := range habits(r) {
			if h.test.Red {
				out = append(out, l.T(h.name))
			}
		}
		switch {
		case len(out) > 0:
			return strings.Join(out, ", ")
		case r.TooFew():
			return l.T(locale.SandbagTooFew)
		}
		return l.T(locale.SandbagNone)
	}
	name := func(l *locale.Locale, r *sandbag.Row) string {
		if r.Name == "" {
			return l.T(locale.Company)
		}
		return r.Name
	}
	return content{
		rev: a.Stamp.Rev, none: locale.SandbagNobody,
		rows: table.Rows{
			Len: len(a.Rows), Key: func(i int) string { return string(a.Rows[i].Node) }, Match: func(i int) string { return a.Rows[i].Name },
			Cells: func(i int, c []table.Cell) {
				r, l, th := &a.Rows[i], env.Locale, env.Theme
				c[0].Text = name(l, r)
				c[1] = table.Cell{Text: l.Int(r.Deals), Style: th.Muted}
				for k, h := range habits(r) {
					c[2+k] = cell(l, th, h.test)
				}
				if r.Deals > 0 {
					c[5] = table.Cell{Text: l.Signed(r.Early), Style: th.Muted}
				}
				c[6] = table.Cell{Text: verdict(l, r), Style: th.Muted}
				if r.Red() {
					c[6].Style = th.Bad
				}
			},
		},
		head: func() string {
			l := env.Locale
			return l.F(locale.SandbagHead, l.Date(a.Window.From), l.Date(a.Window.To), l.Int(a.Red), l.Int(a.People), l.Int(a.TooFew), l.Int(a.Least))
		},
		about: func(i int) (out []string) {
			r, l := &a.Rows[i], env.Locale
			for _, h := range habits(r) {
				t := h.test
				if t.TooFew {
					out = append(out, l.T(h.name)+": "+l.F(locale.SandbagTooFewOf, l.Int(t.N), l.Int(a.Least)))
					continue
				}
				out = append(out, l.T(h.name)+": "+l.F(locale.SandbagTest, l.Int(t.K), l.Int(t.N), l.Percent(t.Expected, 0), fmt.Sprintf("%.3f", t.P), fmt.Sprintf("%.3f", t.Q)))
			}
			return out
		},
		open: func(i int) pane.Place {
			at := p.Scope
			at.Node = a.Rows[i].Node
			return pane.Place{Kind: pane.Habits, Scope: at, ID: "cases"}
		},
		copy:   func(i int) string { r := &a.Rows[i]; return r.Name + "\t" + verdict(env.Locale, r) },
		export: a.Table,
	}, nil
}

func habitColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.SandbagHabit), Width: 10, Min: 8}, {Title: l.T(locale.Deal), Width: 24, Min: 10, Grow: 2}, {Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 2},
		{Title: l.T(locale.Amount), Width: 11, Min: 10, Align: layout.Right}, {Title: l.T(locale.Date), Width: 10, Min: 10, Drop: 3}, {Title: l.T(locale.Cause), Width: 40, Min: 16, Grow: 4, Drop: 1},
	}
}

func habitTitle(env *pane.Env, p pane.Place) string {
	t := env.Locale.T(locale.SandbagCases)
	if b := env.Book(); b != nil {
		if i, ok := b.NodeOf(p.Scope.Node); ok && p.Scope.Node != "" {
			t += " " + b.Nodes()[i].Name
		}
	}
	return t
}

// loadHabits is the deals behind a node's figures.
func loadHabits(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	a, err := sandbag.Cases(b, env.Pack(), p.Scope)
	if err != nil {
		return content{}, err
	}
	habit := map[sandbag.Finding]locale.Key{sandbag.Clustered: locale.SandbagCluster, sandbag.Over: locale.SandbagOver, sandbag.Rush: locale.SandbagRush}
	cs := a.Cases
	return content{
		rev: a.Stamp.Rev,
		rows: table.Rows{
			Len: len(cs), Key: func(i int) string {
				return string(cs[i].Finding) + "|" + string(cs[i].Deal) + "|" + cs[i].Day.String() + "|" + fmt.Sprint(i)
			},
			Match: func(i int) string {
				return cs[i].Name + " " + cs[i].Owner + " " + cs[i].Reason.Zh + " " + cs[i].Reason.En
			},
			Cells: func(i int, c []table.Cell) {
				x, l, th := &cs[i], env.Locale, env.Theme
				c[0].Text, c[1].Text, c[2].Text = l.T(habit[x.Finding]), x.Name, x.Owner
				c[3].Text = l.Money(x.Value)
				c[4] = table.Cell{Text: l.Date(x.Day), Style: th.Muted}
				c[5] = table.Cell{Text: l.Pick(x.Reason.Zh, x.Reason.En), Style: th.Muted}
			},
		},
		head:   func() string { return env.Locale.F(locale.SandbagCaseHead, env.Locale.Int(len(cs))) },
		about:  func(i int) []string { return []string{cs[i].Name, env.Locale.Pick(cs[i].Reason.Zh, cs[i].Reason.En)} },
		open:   func(i int) pane.Place { return pane.DealPlace(p.Scope, cs[i].Deal) },
		copy:   func(i int) string { return string(cs[i].Deal) + "\t" + cs[i].Name + "\t" + cs[i].Reason.En },
		export: a.Table,
	}, nil
}
