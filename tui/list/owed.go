package list

import (
	"flightdeck/analytics"
	"flightdeck/analytics/playbook"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/table"
)

func owedColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.Grade), Width: 5},
		{Title: l.T(locale.OwedPlay), Width: 30, Min: 12, Grow: 1},
		{Title: l.T(locale.OwedLate), Width: 8, Align: layout.Right},
		{Title: l.T(locale.OwedLast), Width: 10, Drop: 3},
		{Title: l.T(locale.OwedDue), Width: 10, Drop: 4},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 1},
	}
}

// loadOwed lists who is owed what by the playbook of their grade.
func loadOwed(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	if p.ID != "" {
		return content{}, unknown(p)
	}
	a := playbook.Of(b, env.Pack(), p.Scope)
	rows := a.Owed
	none := locale.OwedNone
	if a.Silent {
		none = locale.OwedSilent
	}
	late := func(l *locale.Locale, o *playbook.Owed) string {
		switch {
		case o.Late < 0:
			return "-"
		case o.Late == 0:
			return l.T(locale.OwedToday)
		}
		return l.Days(o.Late)
	}
	return content{
		rev: a.Stamp.Rev, none: none,
		rows: table.Rows{
			Len: rows.Len(), Key: rows.Key,
			Match: func(i int) string {
				o := rows.At(i)
				return o.AccountName + " " + o.OwnerName + " " + string(o.Grade) + " " + o.Play.Zh + " " + o.Play.En
			},
			Cells: func(i int, c []table.Cell) {
				o, l, th := rows.At(i), env.Locale, env.Theme
				c[0].Text = o.AccountName
				c[1] = table.Cell{Text: row.Grade(l, o.Grade), Style: th.Strong}
				c[2].Text = l.Pick(o.Play.Zh, o.Play.En)
				c[3] = table.Cell{Text: late(l, &o), Style: th.Warn}
				if o.Late > o.Every {
					c[3].Style = th.Bad
				}
				c[4] = table.Cell{Text: l.T(locale.OwedNever), Style: th.Muted}
				if o.Last != store.NoDay {
					c[4].Text = l.Date(o.Last)
				}
				if o.Due != store.NoDay {
					c[5] = table.Cell{Text: l.Date(o.Due), Style: th.Muted}
				}
				c[6].Text = row.SumShort(l, o.Value)
				c[7] = table.Cell{Text: o.OwnerName, Style: th.Muted}
			},
		},
		head: func() string {
			l := env.Locale
			t := l.F(locale.OwedHead, l.Int(rows.Len()), l.Int(a.Today))
			for _, p := range a.Plays {
				t += "  " + l.F(locale.OwedPlayed, string(p.Grade), l.Pick(p.Play.Zh, p.Play.En), l.Int(p.Owed), l.Int(p.Met))
			}
			return t
		},
		about: func(i int) []string {
			o, l := rows.At(i), env.Locale
			return []string{o.AccountName + "  " + l.F(locale.OwedEvery, string(o.Grade), l.Int(o.Every), l.Pick(o.Play.Zh, o.Play.En)), l.F(locale.OwedThrough, a.Rules)}
		},
		open: func(i int) pane.Place { return pane.AccountPlace(p.Scope, rows.At(i).Account) },
		copy: func(i int) string {
			o := rows.At(i)
			return string(o.Account) + "\t" + o.AccountName + "\t" + o.Play.Zh
		},
		export: a.Table,
	}, nil
}
