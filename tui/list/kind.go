package list

import (
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/source"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/row"
)

var lists = map[pane.Kind]kind{
	pane.Deals:       {dealsTitle, row.DealColumns, loadDeals},
	pane.Touches:     {touchesTitle, row.TouchColumns, loadTouches},
	pane.Accounts:    {plainTitle(locale.PaneAccounts), row.AccountColumns, loadAccounts},
	pane.Moves:       {movesTitle, row.MoveColumns, loadMoves},
	pane.Issues:      {issuesTitle, row.IssueColumns, loadIssues},
	pane.Sandbag:     {sandbagTitle, sandbagColumns, loadSandbag},
	pane.Potential:   {plainTitle(locale.PanePotential), potentialColumns, loadPotential},
	pane.Evaluations: {plainTitle(locale.PaneLog), evaluationColumns, loadEvaluations},
	pane.Owed:        {plainTitle(locale.PaneOwed), owedColumns, loadOwed},
	pane.Habits:      {habitTitle, habitColumns, loadHabits},
}

func plainTitle(k locale.Key) func(*pane.Env, pane.Place) string {
	return func(env *pane.Env, _ pane.Place) string { return env.Locale.T(k) }
}

// dealsTitle names the figure behind which the deals stand: the stage or the org node, and the set.
func dealsTitle(env *pane.Env, p pane.Place) string {
	l := env.Locale
	words := []string{l.T(locale.PaneDeals)}
	ps, b := pane.Parts(p.ID), env.Book()
	if len(ps) == 3 && b != nil {
		switch ps[0] {
		case "funnel":
			if c, ok := b.StageCode(store.ID(ps[1])); ok {
				st := b.Stage(c)
				words = append(words, l.Pick(st.Name, st.NameEn))
			}
		case "forecast":
			if i, ok := b.NodeOf(store.ID(ps[1])); ok && ps[1] != "" {
				words = append(words, b.Nodes()[i].Name)
			}
		}
	}
	if len(ps) == 3 && ps[2] != "" {
		words = append(words, row.Part(l, ps[2]))
	}
	return strings.Join(words, " ")
}

func loadDeals(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	var a *deal.View
	switch ps := pane.Parts(p.ID); {
	case len(ps) == 0:
		a = deal.Look(b, p.Scope, deal.Filter{})
	case len(ps) == 3 && ps[0] == "funnel":
		a = funnel.Look(b, p.Scope, store.ID(ps[1]), funnel.Set(ps[2]))
	case len(ps) == 3 && ps[0] == "forecast":
		a = forecast.Look(b, p.Scope, store.ID(ps[1]), ps[2], false)
	case len(ps) == 2 && ps[0] == "account":
		a = deal.Look(b, p.Scope, deal.Filter{Account: store.ID(ps[1])})
	default:
		return content{}, unknown(p)
	}
	rows, org := a.Rows, b.Currency()
	var parts []kindSum
	if len(pane.Parts(p.ID)) != 3 { // open, won and lost deals in one list: a sum over them would say nothing
		parts = byKind(a)
	}
	return content{
		rev:  a.Stamp.Rev,
		rows: row.DealView(env, a, org),
		head: func() string {
			l := env.Locale
			t := l.F(locale.ListDeals, l.Int(rows.Len()), row.SumShort(l, a.Sum)+" "+string(org))
			if len(parts) > 1 {
				t = l.F(locale.ListAllDeals, l.Int(rows.Len()))
				for _, x := range parts {
					t += "  " + l.F(x.text, l.Int(x.n), row.SumShort(l, x.sum))
				}
				t += " " + string(org)
			}
			for _, m := range a.Sum.Missing {
				t += "  " + l.F(locale.ListMissing, l.MoneyExact(m))
			}
			if a.NoAmount > 0 {
				t += "  " + l.F(locale.ListNoAmount, l.Int(a.NoAmount))
			}
			return t
		},
		about: func(i int) []string {
			r, l := rows.At(i), env.Locale
			var out []string
			for _, f := range r.Flags {
				out = append(out, row.Reason(l, f))
			}
			if len(out) < 2 {
				out = append(out, r.Name+"  "+r.Account.Name+"  "+r.Owner.Name+"  "+l.MoneyExact(r.Amount)+"  "+row.Stage(l, r.Stage))
			}
			return out
		},
		open: func(i int) pane.Place { return pane.DealPlace(p.Scope, store.ID(rows.Key(i))) },
		copy: func(i int) string {
			r := rows.At(i)
			return string(r.ID) + "\t" + r.Name + "\t" + r.Amount.String()
		},
		export: func() analytics.Table { return a.List().Table() },
		settle: a.Settle,
	}, nil
}

// kindSum is how many of a list's deals are open, won or lost, and what they are worth.
type kindSum struct {
	text locale.Key
	n    int
	sum  analytics.Sum
}

// byKind gives the kinds of stage that occur.
func byKind(a *deal.View) (out []kindSum) {
	for _, k := range []struct {
		kind store.StageKind
		text locale.Key
	}{{store.StageOpen, locale.ListOpen}, {store.StageWon, locale.ListWon}, {store.StageLost, locale.ListLost}} {
		if x := a.Kinds[k.kind]; x.N > 0 {
			out = append(out, kindSum{k.text, x.N, x.Sum})
		}
	}
	return out
}

func touchesTitle(env *pane.Env, p pane.Place) string {
	l := env.Locale
	t := l.T(locale.PaneTouches)
	if c, err := heatmap.ParseCell(p.ID); err == nil && p.ID != "" {
		for _, k := range []string{c.Row, c.Col} {
			if k != "" && !strings.Contains(k, ":") { // people's IDs say nothing to a reader; the rows name them
				t += " " + AxisLabel(l, k)
			}
		}
	}
	return t
}

// AxisLabel words a key of the heat map's axes: a weekday, an hour, a week, an area.
func AxisLabel(l *locale.Locale, k string) string {
	for i, w := range [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if k == w {
			return l.Weekday(time.Weekday(i))
		}
	}
	switch {
	case k == heatmap.None:
		return l.T(locale.Unknown)
	case len(k) == 2 && k[0] >= '0' && k[0] <= '2':
		return k + ":00"
	}
	return k
}

func loadTouches(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	var a *touch.View
	if p.ID == "" {
		a = touch.Look(b, p.Scope)
	} else {
		c, err := heatmap.ParseCell(p.ID)
		if err != nil {
			return content{}, err
		}
		a = heatmap.Look(b, p.Scope, c)
	}
	rows, none := a.Rows, locale.Key(0)
	if b.Touches().Len() == 0 {
		none = locale.ListNoTouches
	}
	return content{
		rev:  a.Stamp.Rev,
		none: none,
		rows: row.TouchView(env, a),
		head: func() string {
			k := locale.ListTouches
			if a.Subject == touch.SubjectDealEvents {
				k = locale.ListEvents
			}
			return env.Locale.F(k, env.Locale.Int(rows.Len()))
		},
		about: func(i int) []string {
			r := rows.At(i)
			out := []string{strings.TrimSpace(r.DealName + "  " + r.ContactName + "  " + r.Area)}
			if r.Note != "" || r.Topic != "" {
				out = append(out, strings.TrimSpace(r.Topic+"  "+r.Note))
			}
			return out
		},
		open: func(i int) pane.Place {
			r := rows.At(i)
			if r.Account != "" {
				return pane.AccountPlace(p.Scope, r.Account)
			}
			return pane.DealPlace(p.Scope, r.Deal)
		},
		copy: func(i int) string {
			r := rows.At(i)
			return r.At.Format("2006-01-02 15:04") + "\t" + r.RepName + "\t" + r.AccountName + "\t" + r.Topic
		},
		export: func() analytics.Table { return a.List().Table() },
		settle: a.Settle,
	}, nil
}

func loadAccounts(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	if p.ID != "" {
		return content{}, unknown(p)
	}
	a := account.Look(b, p.Scope)
	rows, total := a.Rows, a.Open
	return content{
		rev:  a.Stamp.Rev,
		rows: row.AccountView(env, a),
		head: func() string {
			t := env.Locale.F(locale.ListAccounts, env.Locale.Int(rows.Len()), row.Sum(env.Locale, total))
			if a.Derived {
				t += "  " + env.Locale.T(locale.ListDerived)
			}
			return t
		},
		open:   func(i int) pane.Place { return pane.AccountPlace(p.Scope, store.ID(rows.Key(i))) },
		copy:   func(i int) string { return rows.Key(i) + "\t" + rows.At(i).Name },
		export: func() analytics.Table { return a.List().Table() },
		settle: a.Settle,
	}, nil
}

func movesTitle(env *pane.Env, p pane.Place) string {
	l := env.Locale
	t := l.T(locale.PaneMoves)
	if c, err := migration.ParseCell(p.ID); err == nil && p.ID != "" {
		t += " " + row.Move(l, c.From, c.To)
	}
	return t
}

func loadMoves(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	c, err := migration.ParseCell(p.ID)
	if err != nil {
		return content{}, err
	}
	a := migration.Look(b, p.Scope, c)
	rows, total := a.Rows, a.Money
	judged := grade.NewModel(b, rule.GradingSection.Of(env.Pack()))
	return content{
		rev:  a.Stamp.Rev,
		rows: row.MoveView(env, a),
		head: func() string {
			l := env.Locale
			t := l.F(locale.ListMoves, l.Int(rows.Len()), l.Date(a.From), l.Date(a.To), row.Sum(l, total))
			if a.Derived {
				t += "  " + l.T(locale.ListDerived)
			}
			return t
		},
		about: func(i int) []string {
			r, l := rows.At(i), env.Locale
			out := []string{r.AccountName + "  " + row.Move(l, r.From, r.To) + "  " + row.Cause(l, r.Cause)}
			if why := row.Change(l, judged, b, r.Account, a.From, a.To); why != "" {
				return append(out, why)
			}
			if r.Rule != "" {
				out = append(out, r.Rule)
			}
			return out
		},
		open:   func(i int) pane.Place { return pane.AccountPlace(p.Scope, store.ID(rows.Key(i))) },
		copy:   func(i int) string { return rows.Key(i) + "\t" + rows.At(i).AccountName },
		export: func() analytics.Table { return a.List().Table() },
		settle: a.Settle,
	}, nil
}

func issuesTitle(env *pane.Env, p pane.Place) string {
	return strings.TrimSpace(env.Locale.T(locale.PaneIssues) + " " + p.ID)
}

func loadIssues(env *pane.Env, b *analytics.Book, p pane.Place) (content, error) {
	a := source.Issues(b, store.SourceID(p.ID), "")
	rows := a.Rows
	return content{
		rev:  a.Rev,
		rows: row.Issues(env, rows),
		none: locale.IssuesNone,
		head: func() string { return env.Locale.F(locale.IssuesCount, env.Locale.Int(a.Count)) },
		about: func(i int) []string {
			r, l := &rows[i], env.Locale
			words := []string{r.Where, r.Field, r.Value}
			if r.Dropped {
				words = append(words, l.T(locale.IssuesDropped))
			}
			if r.Repeated > 0 {
				words = append(words, l.F(locale.IssuesMore, l.Int(r.Repeated)))
			}
			return []string{strings.Join(words, "  "), r.Problem}
		},
		copy: func(i int) string {
			return rows[i].Where + "\t" + rows[i].Field + "\t" + rows[i].Value + "\t" + rows[i].Problem
		},
		export: a.Table,
	}, nil
}
