package list

import (
	"context"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

func potentialColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.Grade), Width: 5},
		{Title: l.T(locale.PotentialLeast), Width: 7, Align: layout.Right},
		{Title: l.T(locale.PotentialNew), Width: 36, Min: 14, Grow: 2},
		{Title: l.T(locale.PotentialSignal), Width: 16, Min: 8, Drop: 3},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 1},
	}
}

// loadPotential lists whom the rules promote as high potential.
func loadPotential(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	if p.ID != "" {
		return content{}, unknown(p)
	}
	type asked struct {
		rules *rule.Pack
		scope analytics.Scope
	}
	type judged struct {
		*grade.Potentials
		err error
	}
	q := asked{env.Pack(), p.Scope}
	q.scope.Period = analytics.Period{} // the month ends before the as-of day are looked at, whatever the period
	a := analytics.Memo(b, q, func() judged {
		x, err := grade.PotentialsOf(context.Background(), b, q.rules, q.scope)
		return judged{x, err}
	})
	if a.err != nil {
		return content{}, a.err
	}
	rows, org := a.Rows, b.Currency()
	signals := func(x *grade.Potential) string {
		names := make([]string, len(x.Signals))
		for i, kind := range x.Signals {
			names[i] = env.Locale.Signal(kind)
		}
		return strings.Join(names, ", ")
	}
	return content{
		rev: a.Rev, none: locale.PotentialNone,
		rows: table.Rows{
			Len: len(rows), Key: func(i int) string { return string(rows[i].Account) },
			Match: func(i int) string {
				x := &rows[i]
				return x.AccountName + " " + x.OwnerName + " " + strings.Join(x.New, " ") + " " + signals(x)
			},
			Cells: func(i int, c []table.Cell) {
				x, l, th := &rows[i], env.Locale, env.Theme
				c[0].Text = x.AccountName
				c[1] = table.Cell{Text: row.Grade(l, x.Grade), Style: th.Strong}
				c[2] = table.Cell{Text: l.Int(x.Least()), Style: th.Good}
				c[3].Text = strings.Join(x.New, ", ")
				c[4] = table.Cell{Text: signals(x), Style: th.Accent}
				c[5].Text = l.Money(store.Money{Minor: x.Money, Currency: org})
				c[6] = table.Cell{Text: x.OwnerName, Style: th.Muted}
			},
		},
		head: func() string {
			l, days := env.Locale, make([]string, len(a.Days))
			for i, d := range a.Days {
				days[i] = l.Date(d)
			}
			return l.F(locale.PotentialHead, l.Int(len(rows)), l.Int(a.Healthy), l.Int(a.Above), strings.Join(days, ", "))
		},
		about: func(i int) []string {
			x, l := &rows[i], env.Locale
			var course []string
			for k, h := range x.Health {
				course = append(course, l.Date(a.Days[k])+" "+l.Int(h))
			}
			return []string{x.AccountName + "  " + l.F(locale.PotentialCourse, strings.Join(course, ", ")), l.F(locale.PotentialIntent, a.Intent) + "  " + l.F(locale.PotentialSheet, x.Account)}
		},
		open:   func(i int) pane.Place { return pane.AccountPlace(p.Scope, rows[i].Account) },
		copy:   func(i int) string { return string(rows[i].Account) + "\t" + rows[i].AccountName },
		export: func() analytics.Table { return a.Table(org) },
	}, nil
}
