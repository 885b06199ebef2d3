// Package person is the screen of one of us: what the quarter holds for them and what is missing, what they have open and what of it is flagged, how often
// they touched customers, and whose customers they are. Every figure opens what it counts.
package person

import (
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/person"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/sheet"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane { return sheet.New(env, p, kind) }

var kind = sheet.Kind[person.Answer]{
	Word: locale.Person,
	Load: func(b *analytics.Book, p pane.Place) (person.Answer, error) {
		return person.Of(b, p.Scope, store.PersonID(p.ID))
	},
	Page:    page,
	Table:   func(a *person.Answer) analytics.Table { return a.Table() },
	Metrics: []string{"quota", "closed", "commit", "best_case", "weighted", "gap", "attainment"},
}

func page(env *pane.Env, at pane.Place, org store.Currency, a *person.Answer) sheet.Page {
	l, f := env.Locale, &a.Facts
	p := sheet.Page{
		Name: f.Name, Tail: f.Title + "  " + a.PeriodName + "  " + string(org), Copy: string(f.ID) + "\t" + f.Name + "\t" + f.Email,
		Facts:    facts(env, at, a),
		Left:     58,
		Picture:  func(w int) []string { return gauge(l, env.Theme, a, w) },
		Sections: []sheet.Section{deals(env, at, org, a), accounts(env, at, a), weeks(env, at, a)},
	}
	if f.Leads {
		p.Tail += "  " + l.T(locale.PersonLeads)
	}
	if f.Inactive {
		p.Notes = append(p.Notes, sheet.Note{Text: l.T(locale.PersonInactive), Style: env.Theme.Warn})
	}
	return p
}

func facts(env *pane.Env, at pane.Place, a *person.Answer) []sheet.Fact {
	l, th, r := env.Locale, env.Theme, &a.Forecast
	own := analytics.Scope{Root: at.Scope.Root, Period: at.Scope.Period, AsOf: at.Scope.AsOf}
	part := func(key string, label locale.Key, s analytics.Sum, style theme.Style) sheet.Fact {
		if s.Money.Minor == 0 && len(s.Missing) == 0 {
			return sheet.Fact{Key: key, Label: l.T(label), Text: "0", Style: th.Muted}
		}
		return sheet.Fact{Key: key, Label: l.T(label), Text: row.Sum(l, s), Style: style, Open: pane.ForecastDeals(own, a.Facts.ID, key)}
	}
	closed := part(forecast.Closed, locale.ForecastClosed, r.Closed, th.Good)
	attained := sheet.Fact{Key: "attained", Label: l.T(locale.ForecastAttain), Style: closed.Style, Open: closed.Open}
	quota := sheet.Fact{Key: "quota", Label: l.T(locale.ForecastQuota), Text: l.T(locale.ForecastNoQuota), Style: th.Muted}
	gap := sheet.Fact{Key: "gap", Label: l.T(locale.ForecastGap), Style: th.Good, Open: pane.ForecastDeals(own, a.Facts.ID, "")}
	if r.HasQuota {
		quota.Text, quota.Style = row.Sum(l, r.Quota), th.Strong
		attained.Text = l.Ratio(int64(r.Attainment.Num), int64(r.Attainment.Den))
	}
	if r.Gap.Given() { // as a manager says it: what is missing is negative
		g := r.Gap
		g.Minor = -g.Minor
		if gap.Text = l.MoneySigned(g); g.Minor < 0 {
			gap.Style = th.Bad
		}
	}
	flagged := func(key string, label locale.Key, n int, style theme.Style) sheet.Fact {
		if n == 0 {
			return sheet.Fact{Key: key, Label: l.T(label), Text: "0", Style: th.Muted}
		}
		return sheet.Fact{Key: key, Label: l.T(label), Text: l.Int(n), Style: style, Open: pane.ForecastDeals(own, a.Facts.ID, key)}
	}
	unit := pane.Place{}
	if a.Facts.Unit != "" {
		unit = pane.Place{Kind: pane.Forecast, Scope: own}
		unit.Scope.Node = a.Facts.Unit
	}
	points := make([]float64, len(a.Weeks))
	for i, w := range a.Weeks {
		points[i] = float64(w.Touches)
	}
	touches := sheet.Fact{Key: "touches", Label: l.T(locale.PersonTouches), Text: l.Int(a.Touches) + "  " + chart.Spark(points, person.Weeks/2)}
	if a.Touches > 0 {
		touches.Open = touched(at.Scope, a.Facts.ID, analytics.Period{From: a.Weeks[0].From, To: a.AsOf})
	}
	last := sheet.Fact{Key: "last", Label: l.T(locale.LastTouch), Text: l.Date(a.LastTouch)}
	if a.LastTouch == store.NoDay {
		last.Text, last.Style = l.T(locale.SheetNever), th.Warn
	}
	facts := []sheet.Fact{
		{Key: "team", Label: l.T(locale.Team), Text: a.Facts.UnitName, Open: unit},
		quota, closed, attained,
		part(forecast.Commit, locale.ForecastCommit, r.Commit, ""), part(forecast.BestCase, locale.ForecastBest, r.BestCase, ""),
		part(forecast.Pipeline, locale.ForecastPipeline, r.Pipeline, ""),
		{Key: "weighted", Label: l.T(locale.ForecastWeighted), Text: row.Sum(l, r.Weighted), Open: pane.ForecastDeals(own, a.Facts.ID, "")},
		gap,
		flagged("overdue", locale.ForecastOverdue, r.Overdue, th.Bad), flagged("stale", locale.ForecastStale, r.Stale, th.Warn),
		last, touches,
		{Key: "mail", Label: l.T(locale.PersonMail), Text: a.Facts.Email},
	}
	if len(a.Facts.Also) > 0 {
		ids := make([]string, len(a.Facts.Also))
		for i, id := range a.Facts.Also {
			ids[i] = string(id)
		}
		facts = append(facts, sheet.Fact{Key: "also", Label: l.T(locale.PersonAlso), Text: strings.Join(ids, ", ")})
	}
	return facts
}

// touched is the list of what a person did within a period.
func touched(s analytics.Scope, id store.PersonID, p analytics.Period) pane.Place {
	return pane.Place{Kind: pane.Touches, Scope: analytics.Scope{Root: s.Root, Node: id, Period: p, AsOf: s.AsOf}}
}

// gauge is the quarter as a bar towards the quota, with its legend.
func gauge(l *locale.Locale, th *theme.Theme, a *person.Answer, w int) []string {
	of := func(s analytics.Sum) float64 { return float64(s.Money.Minor) }
	r := &a.Forecast
	g := chart.Gauge{Closed: of(r.Closed), Commit: of(r.Closed) + of(r.Commit), Best: of(r.Closed) + of(r.Commit) + of(r.BestCase)}
	if r.HasQuota {
		g.Quota = of(r.Quota)
	}
	if g == (chart.Gauge{}) {
		return nil
	}
	return []string{
		"  " + g.Draw(th, max(0, min(w-4, 120))),
		"  " + th.Muted.Render(layout.Cut(l.T(locale.ForecastLegend), max(0, w-2))),
	}
}

func deals(env *pane.Env, at pane.Place, org store.Currency, a *person.Answer) sheet.Section {
	l := env.Locale
	cols, rows := sheet.Deals(env, a.Open, org, 0, 1, 3, 4, 5, 8)
	count := l.Int(0) // of nothing there is no sum
	if len(a.Open) > 0 {
		count = l.F(locale.PersonOpenOf, l.Int(len(a.Open)), row.Sum(l, a.Sum), l.Int(a.Flagged))
	}
	return sheet.Section{
		ID: "deals", Title: l.T(locale.PersonOpenDeals), Empty: l.T(locale.PersonNoOpen), Columns: cols, Rows: rows,
		Count: count,
		Open:  func(i int) pane.Place { return pane.DealPlace(at.Scope, a.Open[i].ID) },
		Copy:  func(i int) string { r := &a.Open[i]; return string(r.ID) + "\t" + r.Name + "\t" + r.Amount.String() },
		About: func(i int) []string { return sheet.About(l, &a.Open[i]) },
	}
}

func accounts(env *pane.Env, at pane.Place, a *person.Answer) sheet.Section {
	l := env.Locale
	cols, rows := sheet.Pick(row.AccountColumns(l), row.Accounts(env, analytics.RowsOf(a.Accounts, func(r *account.Row) string { return string(r.ID) })), 0, 1, 2, 3, 4, 5)
	sheet.Widen(&cols[3], len(a.Accounts), func(i int) string { return row.SumShort(l, a.Accounts[i].Open) })
	sheet.Widen(&cols[4], len(a.Accounts), func(i int) string { return row.SumShort(l, a.Accounts[i].Won) })
	fill := rows.Cells
	rows.Cells = func(i int, c []table.Cell) {
		fill(i, c)
		c[3].Text, c[4].Text = row.SumShort(l, a.Accounts[i].Open), row.SumShort(l, a.Accounts[i].Won)
	}
	return sheet.Section{
		ID: "accounts", Title: l.T(locale.Accounts), Empty: l.T(locale.PersonNoAccounts), Right: true, Columns: cols, Rows: rows,
		Open:  func(i int) pane.Place { return pane.AccountPlace(at.Scope, a.Accounts[i].ID) },
		Copy:  func(i int) string { return string(a.Accounts[i].ID) + "\t" + a.Accounts[i].Name },
		About: func(i int) []string { return sums(l, &a.Accounts[i]) },
	}
}

// sums are an account's figures in full, with what has no rate.
func sums(l *locale.Locale, r *account.Row) []string {
	return []string{
		r.Name,
		l.T(locale.OpenValue) + " " + row.Sum(l, r.Open) + "  " + l.T(locale.Won12) + " " + row.Sum(l, r.Won),
	}
}

// weeks are the touches per ISO week, the newest first.
func weeks(env *pane.Env, at pane.Place, a *person.Answer) sheet.Section {
	l, n, most := env.Locale, len(a.Weeks), 0
	if a.Touches == 0 {
		n = 0
	}
	for _, w := range a.Weeks {
		most = max(most, w.Touches)
	}
	of := func(i int) person.Week { return a.Weeks[n-1-i] }
	return sheet.Section{
		ID: "weeks", Title: l.T(locale.PersonWeeks), Count: l.Int(a.Touches), Empty: l.T(locale.PersonNoTouches), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.PersonWeek), Width: 10},
			{Title: l.T(locale.Touches), Width: 8, Align: layout.Right},
			{Width: 48, Min: 8},
		},
		Rows: table.Rows{
			Len:   n,
			Key:   func(i int) string { return of(i).From.String() },
			Match: func(i int) string { return of(i).From.String() },
			Cells: func(i int, c []table.Cell) {
				w, th := of(i), env.Theme
				c[0], c[1].Text = table.Cell{Text: l.Date(w.From), Style: th.Muted}, l.Int(w.Touches)
				if w.Touches == 0 {
					c[1].Style = th.Muted
					return
				}
				c[2] = table.Cell{Bar: float64(w.Touches) / float64(most), Style: th.Fill[0]}
			},
		},
		Open: func(i int) pane.Place {
			return touched(at.Scope, a.Facts.ID, analytics.Period{From: of(i).From, To: of(i).From + 6})
		},
		Copy: func(i int) string { return of(i).From.String() + "\t" + l.Int(of(i).Touches) },
	}
}
