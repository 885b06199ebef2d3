// Package row says how the domain's rows look wherever they stand in a list: deals, touches, accounts, grade moves. Panes and their side-by-side details
// share it, so that a deal reads the same behind a funnel's stage and behind a forecast's gap.
//
// It formats visible rows only: table.Table asks for a row's cells when it paints it.
package row

import (
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/rule"
	"flightdeck/analytics/source"
	"flightdeck/analytics/touch"
	"flightdeck/store"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/table"
	"flightdeck/tui/theme"
)

// Flag words a flag shortly: 逾期12天.
func Flag(l *locale.Locale, f deal.Flag) string {
	switch f.Kind {
	case deal.Overdue:
		return l.F(locale.FlagOverdue, l.Int(f.Days))
	case deal.Stale:
		if f.Since == store.NoDay {
			return l.T(locale.FlagSilent)
		}
		return l.F(locale.FlagStale, l.Int(f.Days))
	case deal.NoAmount:
		return l.T(locale.FlagNoAmount)
	case deal.NoClose:
		return l.T(locale.FlagNoClose)
	}
	return string(f.Kind)
}

// Reason words a flag as a sentence that says why.
func Reason(l *locale.Locale, f deal.Flag) string {
	switch f.Kind {
	case deal.Overdue:
		return l.F(locale.ReasonOverdue, l.Date(f.Since), l.Int(f.Days))
	case deal.Stale:
		if f.Since == store.NoDay {
			return l.T(locale.ReasonSilent)
		}
		return l.F(locale.ReasonStale, l.Date(f.Since), l.Int(f.Days))
	case deal.NoAmount:
		return l.T(locale.ReasonNoAmount)
	case deal.NoClose:
		return l.T(locale.ReasonNoClose)
	}
	return string(f.Kind)
}

// Flags words all flags of a deal, blank-separated.
func Flags(l *locale.Locale, fs []deal.Flag) string {
	if len(fs) == 0 {
		return ""
	}
	words := make([]string, len(fs))
	for i, f := range fs {
		words[i] = Flag(l, f)
	}
	return strings.Join(words, " ")
}

// FlagStyle is the style of the worst flag.
func FlagStyle(th *theme.Theme, fs []deal.Flag) theme.Style {
	for _, f := range fs {
		if f.Kind == deal.Overdue {
			return th.Bad
		}
	}
	if len(fs) > 0 {
		return th.Warn
	}
	return th.Muted
}

// Part words a forecast part, a flag kind or a funnel set; an unknown one as it is.
func Part(l *locale.Locale, p string) string {
	if k, ok := parts[p]; ok {
		return l.T(k)
	}
	return p
}

var parts = map[string]locale.Key{
	"closed": locale.PartClosed, "commit": locale.PartCommit, "best_case": locale.PartBestCase, "pipeline": locale.PartPipeline, "omitted": locale.PartOmitted,
	"overdue": locale.PartOverdue, "stale": locale.PartStale, "no_amount": locale.PartNoAmount, "no_close": locale.PartNoClose,
	"standing": locale.SetStanding, "entered": locale.SetEntered, "advanced": locale.SetAdvanced, "lost": locale.SetLost, "stays": locale.SetStays,
}

// Stage is a stage's name in the session's language.
func Stage(l *locale.Locale, s deal.Stage) string { return l.Pick(s.Name, s.NameEn) }

// Money writes a deal's amount: shortly in the organisation's currency, with its own currency named when that is another one.
func Money(l *locale.Locale, m store.Money, org store.Currency) string {
	if m.Given() && m.Currency != org {
		return l.Money(m) + " " + string(m.Currency)
	}
	return l.Money(m)
}

// Sum writes a sum shortly; what could not be added follows in its own currencies.
func Sum(l *locale.Locale, s analytics.Sum) string {
	t := l.Money(s.Money)
	for _, m := range s.Missing {
		t += " +" + l.Money(m) + " " + string(m.Currency)
	}
	return t
}

// SumShort writes a sum for a narrow column: "*" says that something could not be added for want of a rate; Missing says what.
func SumShort(l *locale.Locale, s analytics.Sum) string {
	if len(s.Missing) > 0 {
		return l.Money(s.Money) + "*"
	}
	return l.Money(s.Money)
}

// Missing lists what could not be added to a sum, "" when nothing.
func Missing(l *locale.Locale, s analytics.Sum) string {
	words := make([]string, len(s.Missing))
	for i, m := range s.Missing {
		words[i] = l.MoneyExact(m)
	}
	return strings.Join(words, ", ")
}

// DealColumns are the columns of a list of deals; wide lists show all.
func DealColumns(l *locale.Locale) []table.Column {
	flag := max(layout.Width(l.F(locale.FlagOverdue, "999")), layout.Width(l.F(locale.FlagStale, "999"))) + 2 // one flag is never cut; the sign that there is another fits too
	return []table.Column{
		{Title: l.T(locale.Deal), Width: 24, Min: 12, Grow: 3},
		{Title: l.T(locale.Account), Width: 20, Min: 12, Grow: 2, Drop: 4},
		{Title: l.T(locale.Owner), Width: 12, Min: 6, Drop: 3},
		{Title: l.T(locale.Stage), Width: 12, Min: 8, Drop: 5, Whole: true},
		{Title: l.T(locale.Amount), Width: 12, Min: 11, Align: layout.Right},
		{Title: l.T(locale.Close), Width: 10, Min: 10},
		{Title: l.T(locale.InStage), Width: 8, Min: 6, Align: layout.Right, Drop: 6},
		{Title: l.T(locale.LastTouch), Width: 10, Min: 10, Drop: 7},
		{Title: l.T(locale.Flags), Width: 20, Min: flag, Grow: 1, Drop: 1},
	}
}

// Deals are rows of deals for DealColumns. rows is shared, not copied. org is the organisation's currency.
func Deals(env *pane.Env, rows analytics.Rows[deal.Row], org store.Currency) table.Rows {
	return table.Rows{
		Len: rows.Len(),
		Key: rows.Key,
		Match: func(i int) string {
			r := rows.At(i)
			return r.Name + " " + r.Account.Name + " " + r.Owner.Name + " " + r.Product.Name + " " + r.Stage.Name + " " + r.Stage.NameEn + both(func(l *locale.Locale) string { return Flags(l, r.Flags) })
		},
		Cells: func(i int, c []table.Cell) {
			r, l, th := rows.At(i), env.Locale, env.Theme
			c[0].Text = r.Name
			c[1] = table.Cell{Text: r.Account.Name, Style: th.Muted}
			c[2].Text = r.Owner.Name
			c[3] = table.Cell{Text: Stage(l, r.Stage), Style: stageStyle(th, r.Stage.Kind)}
			c[4].Text = Money(l, r.Amount, org)
			c[5].Text = l.Date(r.Close)
			if r.Stage.Kind == store.StageOpen {
				c[6] = table.Cell{Text: l.Days(r.DaysInStage), Style: th.Muted}
			}
			c[7] = table.Cell{Text: l.Date(r.LastTouch), Style: th.Muted}
			c[8] = table.Cell{Text: Flags(l, r.Flags), Style: FlagStyle(th, r.Flags)}
		},
	}
}

// both words something in both languages for a filter, which so outlives a switch of the language.
func both(word func(*locale.Locale) string) string { return " " + word(zh) + " " + word(en) }

var zh, en = locale.New(locale.Chinese), locale.New(locale.English)

func stageStyle(th *theme.Theme, k store.StageKind) theme.Style {
	switch k {
	case store.StageWon:
		return th.Good
	case store.StageLost:
		return th.Muted
	}
	return th.Text
}

// TouchColumns are the columns of a list of touches.
func TouchColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Time), Width: 16}, // a time cut in two says nothing
		{Title: l.T(locale.Rep), Width: 10, Min: 6},
		{Title: l.T(locale.Account), Width: 22, Min: 12, Grow: 2},
		{Title: l.T(locale.Channel), Width: 12, Min: 6, Whole: true},
		{Title: l.T(locale.Sentiment), Width: 8, Min: 4, Drop: 4, Whole: true},
		{Title: l.T(locale.Topic), Width: 18, Min: 8, Grow: 2, Drop: 3},
		{Title: l.T(locale.Minutes), Width: 5, Min: 4, Align: layout.Right, Drop: 4},
		{Title: l.T(locale.Area), Width: 18, Min: 12, Drop: 5},
		{Title: l.T(locale.Note), Width: 20, Min: 12, Grow: 3, Drop: 8},
	}
}

// Touches are rows of touches, or of the deal events that stand in for them.
func Touches(env *pane.Env, rows analytics.Rows[touch.Row]) table.Rows {
	return table.Rows{
		Len: rows.Len(),
		Key: rows.Key,
		Match: func(i int) string {
			r := rows.At(i)
			return r.RepName + " " + r.AccountName + " " + r.DealName + " " + r.ContactName + both(func(l *locale.Locale) string { return l.Channel(r.Channel) }) + " " + r.Topic + " " + r.Note + " " + r.Area
		},
		Cells: func(i int, c []table.Cell) {
			r, l, th := rows.At(i), env.Locale, env.Theme
			c[0].Text = r.At.Format("2006-01-02 15:04")
			if r.DayOnly {
				c[0].Text = r.At.Format("2006-01-02")
			}
			c[1].Text = r.RepName
			c[2].Text = r.AccountName
			if r.AccountName == "" {
				c[2].Text = r.DealName
			}
			switch r.Event {
			case "":
				c[3].Text = l.Channel(r.Channel)
			case "created":
				c[3].Text = l.T(locale.EventCreated)
			default:
				c[3].Text = l.T(locale.EventStage)
			}
			c[4] = Sentiment(l, th, r.Sentiment)
			c[5].Text = r.Topic
			if r.Event != "" {
				c[5].Text = string(r.To)
			}
			if r.Minutes > 0 {
				c[6].Text = strconv.Itoa(r.Minutes)
			}
			c[7] = table.Cell{Text: r.Area, Style: th.Muted}
			c[8] = table.Cell{Text: r.Note, Style: th.Muted}
		},
	}
}

// Sentiment words how a customer took a touch.
func Sentiment(l *locale.Locale, th *theme.Theme, s store.Sentiment) table.Cell {
	c := table.Cell{Text: l.Sentiment(s), Style: th.Muted}
	switch s {
	case store.SentimentNegative:
		c.Style = th.Bad
	case store.SentimentPositive:
		c.Style = th.Good
	}
	return c
}

// AccountColumns are the columns of a list of accounts.
func AccountColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Account), Width: 26, Min: 14, Grow: 3},
		{Title: l.T(locale.Grade), Width: 6, Min: 5, Align: layout.Center},
		{Title: l.T(locale.Health), Width: 8, Min: 6, Align: layout.Right},
		{Title: l.T(locale.OpenValue), Width: 12, Min: 10, Align: layout.Right},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 4},
		{Title: l.T(locale.LastTouch), Width: 10, Min: 10, Drop: 2},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 3},
		{Title: l.T(locale.Industry), Width: 12, Min: 8, Drop: 5},
		{Title: l.T(locale.City), Width: 10, Min: 6, Drop: 6},
	}
}

// Accounts are rows of accounts.
func Accounts(env *pane.Env, rows analytics.Rows[account.Row]) table.Rows {
	return table.Rows{
		Len: rows.Len(),
		Key: rows.Key,
		Match: func(i int) string {
			r := rows.At(i)
			return r.Name + " " + r.OwnerName + " " + r.Industry + " " + r.City + " " + string(r.Grade)
		},
		Cells: func(i int, c []table.Cell) {
			r, l, th := rows.At(i), env.Locale, env.Theme
			c[0].Text = r.Name
			c[1].Text = Grade(l, r.Grade)
			c[2] = Health(env, r.Health)
			c[3].Text = SumShort(l, r.Open)
			c[4].Text = SumShort(l, r.Won)
			c[5].Text = l.Date(r.LastTouch)
			if r.SilentDays < 0 || r.SilentDays > 30 {
				c[5].Style = th.Warn
			}
			c[6].Text = r.OwnerName
			c[7] = table.Cell{Text: r.Industry, Style: th.Muted}
			c[8] = table.Cell{Text: r.City, Style: th.Muted}
		},
	}
}

// Grade writes a grade; "-" for none.
func Grade(l *locale.Locale, g store.Grade) string {
	if g == "" {
		return "-"
	}
	return string(g)
}

// Health writes an index with its colour's sign: green, yellow and red as the rules say (SYSTEMS, G2); "-" when unknown.
func Health(env *pane.Env, score int) table.Cell {
	l, th := env.Locale, env.Theme
	if score < 0 {
		return table.Cell{Text: "-", Style: th.Muted}
	}
	word, style := Zone(env, score)
	if word == locale.GradeRed { // colour never carries a meaning alone
		return table.Cell{Text: "!" + l.Int(score), Style: style}
	}
	return table.Cell{Text: l.Int(score), Style: style}
}

// Zone is the colour of a health index by the rules, with its word.
func Zone(env *pane.Env, score int) (word locale.Key, style theme.Style) {
	h, th := &rule.GradingSection.Of(env.Pack()).Health, env.Theme
	switch {
	case score < h.Red:
		return locale.GradeRed, th.Bad
	case score < h.Yellow:
		return locale.GradeYellow, th.Warn
	}
	return locale.GradeGreen, th.Good
}

// MoveColumns are the columns of the accounts behind a cell of the migration matrix.
func MoveColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Account), Width: 24, Min: 14, Grow: 2},
		{Title: l.T(locale.GradeMove), Width: 9, Min: 7},
		{Title: l.T(locale.Won12), Width: 12, Min: 10, Align: layout.Right, Drop: 4},
		{Title: l.T(locale.Health), Width: 7, Min: 6, Align: layout.Right, Drop: 5},
		{Title: l.T(locale.Date), Width: 10, Min: 10, Drop: 3},
		{Title: l.T(locale.Cause), Width: 30, Min: 13, Grow: 5},
		{Title: l.T(locale.Owner), Width: 10, Min: 6, Drop: 6},
	}
}

// Moves are the accounts behind a cell of the migration matrix, each with its cause.
func Moves(env *pane.Env, rows analytics.Rows[migration.Move]) table.Rows {
	return table.Rows{
		Len: rows.Len(),
		Key: rows.Key,
		Match: func(i int) string {
			r := rows.At(i)
			return r.AccountName + " " + r.OwnerName + " " + string(r.From) + ">" + string(r.To) + " " + r.Cause.Text
		},
		Cells: func(i int, c []table.Cell) {
			r, l, th := rows.At(i), env.Locale, env.Theme
			c[0].Text = r.AccountName
			c[1] = MoveCell(l, th, r.From, r.To)
			c[2].Text = SumShort(l, r.Money)
			c[3] = Health(env, r.Health)
			if !r.At.IsZero() {
				c[4].Text = r.At.Format("2006-01-02")
			}
			c[5].Text = Cause(l, r.Cause)
			c[6] = table.Cell{Text: r.OwnerName, Style: th.Muted}
		},
	}
}

// Move writes a step from one grade to another: A > B.
func Move(l *locale.Locale, from, to store.Grade) string {
	f, t := string(from), string(to)
	if from == "" {
		f = l.T(locale.GradeNew)
	}
	if to == "" {
		t = l.T(locale.GradeLost)
	}
	if from == to {
		return f
	}
	return f + " > " + t
}

// MoveCell is Move in its style.
func MoveCell(l *locale.Locale, th *theme.Theme, from, to store.Grade) table.Cell {
	return table.Cell{Text: Move(l, from, to), Style: moveStyle(th, from, to)}
}

// moveStyle is good for a rise and bad for a fall; grades are letters, the first the best.
func moveStyle(th *theme.Theme, from, to store.Grade) theme.Style {
	switch {
	case from == to:
		return th.Muted
	case from == "":
		return th.Accent
	case to == "" || to > from:
		return th.Bad
	}
	return th.Good
}

// Cause words why a grade differs.
func Cause(l *locale.Locale, c migration.Cause) string {
	var t string
	switch c.Kind {
	case migration.CauseNone:
		return l.T(locale.CauseSame)
	case migration.CauseSource:
		t = c.Text
	case migration.CauseUnexplained:
		t = l.T(locale.CauseUnknown)
	case migration.CauseEntered:
		t = l.T(locale.CauseEntered)
	case migration.CauseValue:
		t = l.F(locale.CauseValue, Sum(l, c.Before), Sum(l, c.After), l.Int(c.RankBefore), l.Int(c.RankAfter))
	case migration.CauseRank:
		t = l.F(locale.CauseRank, l.Int(c.RankBefore), l.Int(c.RankAfter))
	default:
		t = c.Text
	}
	if c.Steps > 1 {
		t += " " + l.F(locale.CauseSteps, l.Int(c.Steps))
	}
	return t
}

// IssueColumns are the columns of the rows that could not be mapped.
func IssueColumns(l *locale.Locale) []table.Column {
	return []table.Column{
		{Title: l.T(locale.Source), Width: 12, Min: 8, Drop: 3},
		{Title: l.T(locale.IssuesWhere), Width: 26, Min: 18, Grow: 1},
		{Title: l.T(locale.IssuesField), Width: 12, Min: 8},
		{Title: l.T(locale.IssuesValue), Width: 16, Min: 8, Grow: 1},
		{Title: l.T(locale.IssuesProblem), Width: 40, Min: 14, Grow: 3},
	}
}

// Issues are the rows, or fields of rows, that could not be mapped.
func Issues(env *pane.Env, rows []source.Issue) table.Rows {
	return table.Rows{
		Len: len(rows),
		Key: func(i int) string { return string(rows[i].Source) + "|" + rows[i].Where + "|" + rows[i].Field },
		Match: func(i int) string {
			r := &rows[i]
			return string(r.Source) + " " + string(r.Stream) + " " + r.Where + " " + r.Field + " " + r.Value + " " + r.Problem
		},
		Cells: func(i int, c []table.Cell) {
			r, th := &rows[i], env.Theme
			c[0].Text = string(r.Source)
			c[1].Text = r.Where
			c[2] = table.Cell{Text: r.Field, Style: th.Accent}
			c[3].Text = r.Value
			c[4] = table.Cell{Text: r.Problem, Style: th.Muted}
			if r.Dropped {
				c[4].Style = th.Bad
			}
		},
	}
}
