package list

import (
	"cmp"
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

func evaluationColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Date), Width: 10},
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.GradeMove), Width: 9, Min: 7},
		{Title: l.T(locale.LogWould), Width: 8, Min: 6, Drop: 4},
		{Title: l.T(locale.WeightsScore), Width: 6, Align: layout.Right},
		{Title: l.T(locale.Health), Width: 7, Min: 6, Align: layout.Right, Drop: 3},
		{Title: l.T(locale.LogFault), Width: 26, Min: 16, Grow: 1},
		{Title: l.T(locale.LogWhy), Width: 12, Min: 8, Drop: 2},
		{Title: l.T(locale.LogRule), Width: 14, Min: 12, Drop: 5},
	}
}

// loadEvaluations lists what was judged, newest first: of one account where the place names it.
func loadEvaluations(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	a := grade.LogOf(b, p.Scope, store.ID(p.ID), nil)
	rows, g := a.Rows, rule.GradingSection.Of(env.Pack())
	faults := func(l *locale.Locale, e *grade.Entry) string {
		var out []string
		for _, in := range e.Faulty() {
			out = append(out, row.InputName(l, in.Name, g)+" ("+l.InputState(in.State)+")")
		}
		return strings.Join(out, ", ")
	}
	var waits []grade.Wait
	if p.Scope.AsOf == 0 || p.Scope.AsOf >= b.Now() { // of the past nothing is known any more
		waits = grade.Waits(b, g)
	}
	judged := b.Judged() > 0
	return content{
		rev: a.Stamp.Rev, none: locale.LogNone, note: func() string {
			return cmp.Or(row.Wrong(env.Locale, env.Pack(), b), row.Waits(env.Locale, waits, judged))
		},
		rows: table.Rows{
			Len: rows.Len(), Key: rows.Key,
			Match: func(i int) string { // may be asked on any goroutine
				e := rows.At(i)
				return e.Words(g)
			},
			Cells: func(i int, c []table.Cell) {
				e, l, th := rows.At(i), env.Locale, env.Theme
				c[0] = table.Cell{Text: l.Date(e.Day), Style: th.Muted}
				c[1].Text = e.AccountName
				c[2] = row.MoveCell(l, th, e.From, e.Grade)
				if e.Held {
					c[2] = table.Cell{Text: "! " + row.Grade(l, e.Grade), Style: th.Warn}
				}
				c[3] = table.Cell{Text: row.Grade(l, e.Would), Style: th.Muted}
				c[4] = table.Cell{Text: l.Float(e.Score, 1), Style: th.Strong}
				c[5] = table.Cell{Text: "-", Style: th.Muted}
				if e.Health >= 0 {
					c[5] = table.Cell{Text: l.Int(e.Health)}
				}
				c[6] = table.Cell{Text: faults(l, &e), Style: th.Warn}
				c[7] = table.Cell{Text: l.EvaluationWhy(e.Why), Style: th.Muted}
				c[8] = table.Cell{Text: e.Rule, Style: th.Muted}
			},
		},
		head: func() string { return env.Locale.F(locale.LogCount, env.Locale.Int(rows.Len())) },
		about: func(i int) []string {
			e, l := rows.At(i), env.Locale
			var out []string
			for _, in := range e.Inputs {
				if in.State == store.InputUnknown {
					continue
				}
				text := row.InputName(l, in.Name, g) + " " + grade.Number(in.Value).String()
				if in.State != store.InputFresh {
					text += " (" + l.InputState(in.State) + ", " + l.Date(in.Day) + ")"
				}
				out = append(out, text)
			}
			return []string{strings.Join(out, "; ")}
		},
		open:   func(i int) pane.Place { return pane.AccountPlace(p.Scope, rows.At(i).Account) },
		copy:   func(i int) string { e := rows.At(i); return string(e.Account) + "\t" + e.AccountName + "\t" + e.Rule },
		export: a.Table,
	}, nil
}
