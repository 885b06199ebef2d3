package account

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/playbook"
	"flightdeck/analytics/rule"
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

// answer is the account, and what the rules of grading make of it.
type answer struct {
	account.Answer
	judged *judged // nil: not asked yet, or nothing is known of what the rules look at
}

// judged comes after the rest: it looks at what is held for everybody.
type judged struct {
	grade.Explanation
	rules  *rule.Grading
	asOf   analytics.Day
	since  analytics.Day            // since when the grade is held; 0: it is not
	faulty map[string]analytics.Day // since when an input could not be relied on, as evaluations tell
	course []grade.HealthPoint      // month ends of a year, then 30 days ago, then the day
	next   []playbook.Next
}

// monthsBack is how far the course of health goes back.
const monthsBack = 12

// judge adds what the rules make of the account.
func judge(ctx context.Context, env *pane.Env, b *analytics.Book, p pane.Place, a answer) (answer, error) {
	pack := env.Pack()
	g, id, day := rule.GradingSection.Of(pack), store.ID(p.ID), b.AsOf(p.Scope)
	j := judged{rules: g, asOf: day, next: playbook.Account(b, pack, id, day)}
	if c, ok := b.AccountCode(id); ok && b.HasReadings() {
		s := analytics.Scope{Root: p.Scope.Root, AsOf: p.Scope.AsOf}
		if x, ok := grade.Explain(ctx, b, g, s, id); ok {
			j.Explanation = x
		}
		days := grade.MonthEnds(b.Calendar().Month(day, -monthsBack).From, day)
		days = append(slices.DeleteFunc(days, func(d analytics.Day) bool { return d >= day-30 }), day-30, day)
		j.course = grade.HealthCourse(b, g, c, days)
		j.since, j.faulty = grade.HeldSince(b, c, day)
	} else {
		j.Health = -1
	}
	a.judged = &j
	return a, ctx.Err()
}

// carry keeps what was judged on the screen until it is judged anew.
func carry(from, to *answer) { to.judged = from.judged }

// decided reports whether the grade in force is the rules': they decide, or somebody's rules did so far.
func (j *judged) decided() bool { return j.rules.Decides == "rules" || j.Last != nil }

// index is the fact of the health index: the rules' own where they have one.
func (j *judged) index(env *pane.Env) sheet.Fact {
	l := env.Locale
	word, style := row.Zone(env, j.Health)
	points := make([]float64, 0, len(j.course))
	for i, p := range j.course {
		if i == len(j.course)-1 {
			p.Index = j.Health // what counts, where something is held
		}
		if p.Index >= 0 {
			points = append(points, float64(p.Index))
		}
	}
	return sheet.Fact{Key: "health", Label: l.T(locale.Health), Text: l.Int(j.Health) + " " + l.T(word) + "  " + chart.Spark(points, 12), Style: style}
}

// note says what is held, and since when.
func (j *judged) note(l *locale.Locale, th *theme.Theme) (sheet.Note, bool) {
	var held []string
	for i := range j.Inputs {
		in := &j.Inputs[i]
		if in.State == store.InputFresh || in.State == store.InputUnknown {
			continue
		}
		since := cmp.Or(j.faulty[in.Name], j.asOf)
		held = append(held, l.F(locale.GradeHeldInput, l.Pick(in.Title, in.TitleEn), l.InputState(in.State), l.Date(since)))
	}
	if !j.Held || len(held) == 0 {
		return sheet.Note{}, false
	}
	return sheet.Note{Text: l.F(locale.GradeHeldSince, l.Date(cmp.Or(j.since, j.asOf)), strings.Join(held, ", ")), Style: th.Warn}, true
}

// plays are the facts of what the account is owed.
func (j *judged) plays(l *locale.Locale, th *theme.Theme) (out []sheet.Fact) {
	for i, n := range j.next {
		name := l.Pick(n.Play.Zh, n.Play.En)
		f := sheet.Fact{Key: "play" + l.Int(i), Label: l.T(locale.GradePlay), Style: th.Warn}
		switch {
		case n.Due == store.NoDay:
			f.Text = l.F(locale.GradePlayNever, name)
		case n.Due == j.asOf:
			f.Text = l.F(locale.GradePlayToday, name)
		case n.Owed:
			f.Text = l.F(locale.GradePlayOwed, name, l.Days(int(j.asOf-n.Due)))
		default:
			f.Text, f.Style = l.F(locale.GradePlayNext, name, l.Date(n.Due)), ""
		}
		out = append(out, f)
	}
	return out
}

// behaviours is what the health index is made of, what costs the most points first.
func behaviours(env *pane.Env, j *judged) sheet.Section {
	l := env.Locale
	known := 0.
	for i := range j.Behaviours {
		if j.Behaviours[i].Scaled.Known() {
			known += j.Behaviours[i].Weight
		}
	}
	share := func(i int) float64 { return 100 * j.Behaviours[i].Weight / known }
	lost := func(i int) float64 {
		if s := j.Behaviours[i].Scaled; s.Known() {
			return share(i) * (1 - float64(s))
		}
		return -1
	}
	order := make([]int, len(j.Behaviours))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(lost(y), lost(x)) })
	unit := map[string]string{}
	for _, in := range j.Inputs {
		unit[in.Name] = in.Unit
	}
	of := func(i int) (*grade.Contribution, int) { return &j.Behaviours[order[i]], order[i] }
	month := func(i int) (points float64, ok bool) {
		n := len(j.course)
		if n < 2 || i >= len(j.course[n-1].Parts) || j.Behaviours[i].State != store.InputFresh {
			return 0, false
		}
		was, is := j.course[n-2].Parts[i], j.course[n-1].Parts[i]
		return share(i) * float64(is-was), was.Known() && is.Known()
	}
	return sheet.Section{
		ID: "behaviours", Title: l.T(locale.GradeBehaviours), Empty: l.T(locale.AccountNoHealth), Right: true,
		Columns: []table.Column{
			{Title: l.T(locale.GradeBehaviour), Width: 26, Min: 12, Grow: 1},
			{Title: l.T(locale.GradeValue), Width: 9, Min: 7, Align: layout.Right},
			{Title: l.T(locale.GradePoints), Width: 6, Align: layout.Right},
			{Title: l.T(locale.GradeCosts), Width: 5, Align: layout.Right, Drop: 3},
			{Title: l.T(locale.GradeMonth), Width: 10, Min: 8, Align: layout.Right, Drop: 1},
			{Title: l.T(locale.GradeState), Width: 14, Min: 8},
			{Width: 16, Min: 6, Drop: 2},
		},
		Rows: table.Rows{
			Len:   len(order),
			Key:   func(i int) string { h, _ := of(i); return h.Input },
			Match: func(i int) string { h, _ := of(i); return h.Input + " " + h.Title + " " + h.TitleEn },
			Cells: func(i int, c []table.Cell) {
				th := env.Theme
				h, k := of(i)
				c[0].Text = l.Pick(h.Title, h.TitleEn)
				c[1] = table.Cell{Text: "-", Style: th.Muted}
				if h.Value.Known() {
					c[1] = table.Cell{Text: h.Value.String(), Style: th.Strong}
				}
				if h.Scaled.Known() {
					c[2].Text, c[3] = l.Float(share(k)*float64(h.Scaled), 1), table.Cell{Text: l.Float(-lost(k), 1), Style: th.Muted}
					c[6] = table.Cell{Bar: float64(h.Scaled), Style: th.Fill[0]}
				}
				if p, ok := month(k); ok {
					switch p = math.Round(10*p) / 10; {
					case p > 0:
						c[4] = table.Cell{Text: "+" + l.Float(p, 1), Style: th.Good}
					case p < 0:
						c[4] = table.Cell{Text: l.Float(p, 1), Style: th.Bad}
					default:
						c[4] = table.Cell{Text: "=", Style: th.Muted}
					}
				}
				c[5] = freshness(l, th, j.asOf, h)
			},
		},
		Copy: func(i int) string { h, _ := of(i); return h.Input + "\t" + h.Value.String() },
		About: func(i int) []string {
			h, k := of(i)
			return []string{strings.TrimSpace(l.Pick(h.Title, h.TitleEn) + "  " + h.Value.String() + " " + unit[h.Input] + "  " + l.F(locale.GradeWeight, l.Percent(share(k)/100, 0)))}
		},
	}
}

// freshness says how old a value is, or what is wrong with it.
func freshness(l *locale.Locale, th *theme.Theme, asOf analytics.Day, h *grade.Contribution) table.Cell {
	switch {
	case h.State == store.InputUnknown:
		return table.Cell{Text: l.InputState(h.State), Style: th.Muted}
	case h.State != store.InputFresh:
		return table.Cell{Text: "! " + l.InputState(h.State), Style: th.Warn}
	}
	return table.Cell{Text: l.F(locale.GradeDaysOld, l.Int(int(max(0, asOf-h.Day)))), Style: th.Muted}
}

// score is a grade's text with the score behind it.
func (j *judged) score(l *locale.Locale, text string, g store.Grade) string {
	if j.Would == "" || g == "" {
		return text
	}
	return l.F(locale.GradeScoreOf, cmp.Or(text, row.Grade(l, g)), l.Float(j.Score, 1))
}
