// Package account is the screen of one account: what it is worth to us, what we have open with it, how its grade and health moved and for which reason,
// and who of ours touched whom of theirs. What the rules of grading make of it comes after the rest: the health index with each behaviour's part, trend and freshness, what is held
// and since when, and what the playbook of its grade owes it.
package account

import (
	"maps"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
	"flightdeck/tui/sheet"
	"flightdeck/tui/table"
)

// New makes the pane.
func New(env *pane.Env, p pane.Place) pane.Pane { return sheet.New(env, p, kind) }

var kind = sheet.Kind[answer]{
	Word: locale.Account,
	Load: func(b *analytics.Book, p pane.Place) (answer, error) {
		a, err := account.Of(b, p.Scope, store.ID(p.ID))
		return answer{a, nil}, err
	},
	More:    judge,
	Carry:   carry,
	Page:    page,
	Table:   func(a *answer) analytics.Table { return a.Answer.Table() },
	Metrics: []string{"grade", "health", "open_value", "value_12_months", "silent_days", "next_close", "sales"},
}

func page(env *pane.Env, at pane.Place, org store.Currency, x *answer) sheet.Page {
	a := &x.Answer
	p := sheet.Page{
		Name: a.Facts.Name, Copy: string(a.Facts.ID) + "\t" + a.Facts.Name, Facts: facts(env, at, org, a), Left: 54,
		Sections: []sheet.Section{deals(env, at, org, a), touches(env, at, a), contacts(env, a), grades(env, a), health(env, a), sales(env, a), details(env, a)},
	}
	if j := x.judged; j != nil {
		for i := range p.Facts {
			switch f := &p.Facts[i]; {
			case f.Key == "grade" && len(a.Grades) > 0 && !j.decided(): // the source's own, which no score of ours stands behind
			case f.Key == "health" && len(a.Health) > 0 && !j.decided():
			case f.Key == "grade":
				f.Text = j.score(env.Locale, f.Text, a.Row.Grade)
			case f.Key == "health" && j.Health >= 0:
				*f = j.index(env)
			}
		}
		p.Facts = append(p.Facts, j.plays(env.Locale, env.Theme)...)
		if n, ok := j.note(env.Locale, env.Theme); ok {
			p.Notes = append(p.Notes, n)
		}
		if j.Last != nil { // each step has its evaluations behind it
			p.Sections[3].Open = func(int) pane.Place {
				return pane.Place{Kind: pane.Evaluations, Scope: analytics.Scope{Root: at.Scope.Root, AsOf: at.Scope.AsOf}, ID: string(a.Facts.ID)}
			}
		}
		if j.Health >= 0 {
			p.Sections = slices.Insert(p.Sections, 4, behaviours(env, j))
		}
	}
	if len(a.Signals) > 0 { // most customers are not watched
		p.Sections = slices.Insert(p.Sections, 4, signals(env, a))
	}
	return p
}

// signals are what was seen of the customer outside the CRM, with the address where it can be read.
func signals(env *pane.Env, a *account.Answer) sheet.Section {
	l := env.Locale
	return sheet.Section{
		ID: "signals", Title: l.T(locale.AccountSignals), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.AccountSignal), Width: 14, Min: 9},
			{Title: l.T(locale.AccountSignalOf), Width: 40, Min: 18, Grow: 1},
		},
		Rows: table.Rows{
			Len:   len(a.Signals),
			Key:   func(i int) string { g := &a.Signals[i]; return g.Day.String() + g.Watch + g.Title },
			Match: func(i int) string { g := &a.Signals[i]; return l.Signal(g.Kind) + " " + g.Title + " " + g.Watch },
			Cells: func(i int, c []table.Cell) {
				g, th := &a.Signals[i], env.Theme
				c[0] = table.Cell{Text: l.Date(g.Day), Style: th.Muted}
				c[1] = table.Cell{Text: l.Signal(g.Kind), Style: th.Strong}
				c[2].Text = g.Title
			},
		},
		Copy:  func(i int) string { g := &a.Signals[i]; return g.Day.String() + "\t" + g.Title + "\t" + g.URL },
		About: func(i int) []string { g := &a.Signals[i]; return sheet.Said(g.Text, g.URL+"  "+g.Watch) },
	}
}

func facts(env *pane.Env, at pane.Place, org store.Currency, a *account.Answer) []sheet.Fact {
	l, th, f, r := env.Locale, env.Theme, &a.Facts, &a.Row
	grade := row.Grade(l, r.Grade)
	if a.Derived && r.Grade != "" {
		grade = l.F(locale.AccountDerived, grade)
	}
	index := row.Health(env, r.Health)
	if len(a.Health) > 0 {
		points := make([]float64, len(a.Health))
		for i, h := range a.Health {
			points[i] = float64(h.Score)
		}
		index.Text += "  " + chart.Spark(points, 12)
		if note := a.Health[len(a.Health)-1].Note; note != "" {
			index.Text += "  " + note
		}
	}
	touch := sheet.Fact{Key: "touch", Label: l.T(locale.LastTouch), Text: l.T(locale.SheetNever), Style: th.Warn}
	if r.LastTouch != store.NoDay {
		touch.Text = l.F(locale.AccountSilent, l.Date(r.LastTouch), l.Days(r.SilentDays))
		if r.SilentDays <= silent {
			touch.Style = ""
		}
	}
	place := strings.TrimSpace(f.Region + " " + f.City)
	staff, revenue, next := "", "", ""
	if f.Staff > 0 {
		staff = l.Int(f.Staff)
	}
	if f.Revenue.Given() {
		revenue = row.Money(l, f.Revenue, org)
	}
	if r.NextClose != store.NoDay {
		next = l.Date(r.NextClose)
	}
	owner := sheet.Fact{Key: "owner", Label: l.T(locale.Owner), Text: f.OwnerName, Open: pane.PersonPlace(at.Scope, f.Owner)}
	if f.Owner == "" {
		owner.Text, owner.Style = l.T(locale.Unassigned), th.Warn
	}
	return []sheet.Fact{
		owner,
		{Key: "grade", Label: l.T(locale.Grade), Text: grade, Style: th.Strong},
		{Key: "open", Label: l.T(locale.OpenValue), Text: l.F(locale.AccountOpen, l.Int(r.OpenDeals), row.Sum(l, r.Open)+" "+string(org)),
			Open: pane.AccountDeals(analytics.Scope{Root: at.Scope.Root, AsOf: at.Scope.AsOf}, f.ID)},
		{Key: "won", Label: l.T(locale.Won12), Text: row.Sum(l, r.Won) + " " + string(org)},
		touch,
		{Key: "next", Label: l.T(locale.AccountNextClose), Text: next},
		{Key: "industry", Label: l.T(locale.Industry), Text: f.Industry},
		{Key: "city", Label: l.T(locale.AccountRegion), Text: place},
		{Key: "parent", Label: l.T(locale.AccountParent), Text: f.ParentName, Open: pane.AccountPlace(at.Scope, f.Parent)},
		{Key: "revenue", Label: l.T(locale.AccountRevenue), Text: revenue},
		{Key: "staff", Label: l.T(locale.AccountStaff), Text: staff},
		{Key: "health", Label: l.T(locale.Health), Text: index.Text, Style: index.Style},
	}
}

// silent is after how many days without a touch the last one is coloured, as in lists of accounts.
const silent = 30

func deals(env *pane.Env, at pane.Place, org store.Currency, a *account.Answer) sheet.Section {
	l := env.Locale
	cols, rows := sheet.Deals(env, a.Deals, org, 0, 2, 3, 4, 5, 8)
	return sheet.Section{
		ID: "deals", Title: l.T(locale.Deals), Empty: l.T(locale.SheetNoDeal), Columns: cols, Rows: rows,
		Open:  func(i int) pane.Place { return pane.DealPlace(at.Scope, a.Deals[i].ID) },
		Copy:  func(i int) string { r := &a.Deals[i]; return string(r.ID) + "\t" + r.Name + "\t" + r.Amount.String() },
		About: func(i int) []string { return sheet.About(l, &a.Deals[i]) },
	}
}

func touches(env *pane.Env, at pane.Place, a *account.Answer) sheet.Section {
	l := env.Locale
	count := l.Int(a.TouchCount)
	if a.TouchCount > len(a.Touches) {
		count = l.F(locale.DealTouchesAll, count, l.Int(len(a.Touches)))
	}
	cols, rows := sheet.Pick(row.TouchColumns(l), row.Touches(env, analytics.RowsOf(a.Touches, func(r *touch.Row) string { return string(r.ID) })), 0, 1, 2, 3, 4, 5, 8)
	cols[3].Min, cols[4].Min, cols[5].Grow = 7, 8, 0
	cols[2] = table.Column{Title: l.T(locale.Deal), Width: 26, Min: 20, Grow: 2, Drop: 9} // the line under the rows says it too
	fill := rows.Cells
	rows.Cells = func(i int, c []table.Cell) {
		fill(i, c)
		c[0].Style = env.Theme.Muted
		c[2] = table.Cell{Text: a.Touches[i].DealName, Style: env.Theme.Muted} // the account is this one
	}
	return sheet.Section{
		ID: "touches", Title: l.T(locale.Touches), Count: count, Empty: l.T(locale.SheetNoTouch), Columns: cols, Rows: rows,
		Open: func(i int) pane.Place {
			if t := &a.Touches[i]; t.Deal != "" {
				return pane.DealPlace(at.Scope, t.Deal)
			}
			return pane.PersonPlace(at.Scope, a.Touches[i].Rep)
		},
		Copy: func(i int) string {
			t := &a.Touches[i]
			return t.At.Format("2006-01-02 15:04") + "\t" + t.RepName + "\t" + l.Channel(t.Channel) + "\t" + t.Topic + "\t" + t.Note
		},
		About: func(i int) []string {
			t := &a.Touches[i]
			return sheet.Said(strings.TrimSpace(t.DealName+"  "+t.ContactName+"  "+t.Area), strings.TrimSpace(t.Topic+"  "+t.Note))
		},
	}
}

func contacts(env *pane.Env, a *account.Answer) sheet.Section {
	l := env.Locale
	return sheet.Section{
		ID: "contacts", Title: l.T(locale.AccountContacts), Empty: l.T(locale.AccountNoPeople),
		Columns: []table.Column{
			{Title: l.T(locale.DealName), Width: 12, Min: 8, Grow: 1},
			{Title: l.T(locale.DealRole), Width: 14, Min: 10, Grow: 1},
			{Title: l.T(locale.DealInfluence), Width: 9, Align: layout.Right, Drop: 1},
			{Title: l.T(locale.DealTouches), Width: 7, Align: layout.Right},
			{Title: l.T(locale.LastTouch), Width: 10},
			{Title: l.T(locale.DealPhone), Width: 14, Min: 13, Drop: 2},
			{Title: l.T(locale.DealMail), Width: 24, Min: 16, Grow: 1, Drop: 3},
		},
		Rows: table.Rows{
			Len:   len(a.Contacts),
			Key:   func(i int) string { return string(a.Contacts[i].ID) },
			Match: func(i int) string { x := &a.Contacts[i]; return x.Name + " " + x.Role + " " + x.Email + " " + x.Phone },
			Cells: func(i int, c []table.Cell) {
				x, th := &a.Contacts[i], env.Theme
				c[0].Text, c[1] = x.Name, table.Cell{Text: x.Role, Style: th.Muted}
				sheet.Contact(l, th, c, x.Influence, x.Touches, x.Last)
				c[5], c[6] = table.Cell{Text: x.Phone, Style: th.Muted}, table.Cell{Text: x.Email, Style: th.Muted}
			},
		},
		Copy: func(i int) string {
			x := &a.Contacts[i]
			return x.Name + "\t" + x.Role + "\t" + x.Email + "\t" + x.Phone
		},
		About: func(i int) []string {
			x := &a.Contacts[i]
			return sheet.Said(strings.TrimSpace(x.Name+"  "+x.Role), strings.TrimSpace(x.Phone+"  "+x.Email))
		},
	}
}

// grades are the steps of the grade, each with its cause: no grade moves silently.
func grades(env *pane.Env, a *account.Answer) sheet.Section {
	l := env.Locale
	cause := func(i int) string {
		if c := a.Grades[i].Cause; c != "" {
			return c
		}
		return l.T(locale.CauseUnknown)
	}
	return sheet.Section{
		ID: "grades", Title: l.T(locale.AccountGrades), Empty: l.T(locale.AccountNoGrades), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.GradeMove), Width: 9},
			{Title: l.T(locale.Cause), Width: 40, Min: 20, Grow: 1},
		},
		Rows: table.Rows{
			Len: len(a.Grades),
			Key: func(i int) string {
				g := &a.Grades[i]
				return g.At.Format("20060102150405") + string(g.From) + ">" + string(g.To)
			},
			Match: func(i int) string {
				g := &a.Grades[i]
				return string(g.From) + ">" + string(g.To) + " " + cause(i) + " " + g.Rule
			},
			Cells: func(i int, c []table.Cell) {
				g, th := &a.Grades[i], env.Theme
				c[0] = table.Cell{Text: g.At.Format("2006-01-02"), Style: th.Muted}
				c[1] = row.MoveCell(l, th, g.From, g.To)
				c[2].Text = cause(i)
			},
		},
		Copy: func(i int) string {
			g := &a.Grades[i]
			return g.At.Format("2006-01-02") + "\t" + row.Move(l, g.From, g.To) + "\t" + cause(i)
		},
		About: func(i int) []string {
			return sheet.Said(row.Move(l, a.Grades[i].From, a.Grades[i].To)+"  "+cause(i), a.Grades[i].Rule)
		},
	}
}

func health(env *pane.Env, a *account.Answer) sheet.Section {
	l, n := env.Locale, len(a.Health)
	of := func(i int) *account.HealthPoint { return &a.Health[n-1-i] } // newest first
	return sheet.Section{
		ID: "health", Title: l.T(locale.Health), Empty: l.T(locale.AccountNoHealth), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.Date), Width: 10},
			{Title: l.T(locale.Health), Width: 6, Align: layout.Right},
			{Title: l.T(locale.Note), Width: 40, Min: 16, Grow: 1},
		},
		Rows: table.Rows{
			Len:   n,
			Key:   func(i int) string { return of(i).Day.String() },
			Match: func(i int) string { return of(i).Day.String() + " " + of(i).Note },
			Cells: func(i int, c []table.Cell) {
				h, th := of(i), env.Theme
				c[0] = table.Cell{Text: l.Date(h.Day), Style: th.Muted}
				c[1] = row.Health(env, h.Score)
				c[2].Text = h.Note
			},
		},
		Above: func(s layout.Size) []string {
			points := make([]float64, n)
			for i := range points {
				points[i] = float64(a.Health[i].Score)
			}
			line := chart.Line{
				Series: []chart.Series{{Name: l.T(locale.Health), Values: points}}, Labels: []string{l.Date(a.Health[0].Day), l.Date(a.Health[n-1].Day)},
				Figure: func(f float64) string { return l.Float(f, 0) },
			}
			lines := line.Draw(env.Theme, layout.Size{W: max(0, s.W-2), H: s.H + 1})[1:] // one line needs no legend
			for i := range lines {
				lines[i] = "  " + lines[i]
			}
			return lines
		},
		Copy: func(i int) string { return of(i).Day.String() + "\t" + l.Int(of(i).Score) + "\t" + of(i).Note },
	}
}

// sales are months with bars, the newest first.
func sales(env *pane.Env, a *account.Answer) sheet.Section {
	l, n := env.Locale, len(a.Sales)
	of := func(i int) *account.MonthSum { return &a.Sales[n-1-i] }
	top, any := int64(0), false
	for i := range a.Sales {
		s := &a.Sales[i].Sum
		top, any = max(top, s.Money.Minor), any || s.Money.Minor != 0 || len(s.Missing) > 0
	}
	if !any {
		n = 0
	}
	title := locale.AccountSales
	if a.SalesFrom == account.WonDeals {
		title = locale.AccountWon
	}
	month := func(i int) string {
		y, m, _ := of(i).Month.From.Date()
		return l.Month(y, m)
	}
	amount := table.Column{Title: l.T(locale.Amount), Min: 9, Align: layout.Right}
	sheet.Widen(&amount, n, func(i int) string { return row.SumShort(l, of(i).Sum) })
	return sheet.Section{
		ID: "sales", Title: l.T(title), Empty: l.T(locale.AccountNoSales), Right: true,
		Columns: []table.Column{{Title: l.T(locale.AccountMonth), Width: 10}, amount, {Width: 48, Min: 8}},
		Rows: table.Rows{
			Len:   n,
			Key:   func(i int) string { return of(i).Month.From.String() },
			Match: month,
			Cells: func(i int, c []table.Cell) {
				s, th := &of(i).Sum, env.Theme
				c[0] = table.Cell{Text: month(i), Style: th.Muted}
				c[1].Text = row.SumShort(l, *s)
				if s.Money.Minor == 0 && len(s.Missing) == 0 {
					c[1] = table.Cell{Text: "0", Style: th.Muted}
				}
				if s.Money.Minor > 0 {
					c[2] = table.Cell{Bar: float64(s.Money.Minor) / float64(top), Style: th.Fill[0]}
				}
			},
		},
		Copy: func(i int) string { return month(i) + "\t" + of(i).Sum.Money.String() },
		About: func(i int) []string {
			t := month(i) + "  " + l.MoneyExact(of(i).Sum.Money)
			if missing := row.Missing(l, of(i).Sum); missing != "" {
				t += "  " + l.F(locale.ListMissing, missing)
			}
			return []string{t}
		},
	}
}

// details is what the source knows beside the facts, its own extra fields included.
func details(env *pane.Env, a *account.Answer) sheet.Section {
	l := env.Locale
	items := [][2]string{{l.T(locale.SheetID), string(a.Facts.ID)}, {l.T(locale.Created), l.Date(a.Facts.Created)}}
	for _, k := range slices.Sorted(maps.Keys(a.Facts.Extra)) {
		items = append(items, [2]string{k, a.Facts.Extra[k]})
	}
	s := sheet.Items(env, items)
	s.Right = true
	return s
}
