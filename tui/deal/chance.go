package deal

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/credibility"
	"flightdeck/analytics/cycle"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/landing"
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

// answer is a deal with what is judged of it, as far as that has come.
type answer struct {
	deal.Answer
	open   bool // it is judged only while it is open
	chance *landing.Deal
	period string // that the chance is of
	track  *cycle.Answer
	backed *credibility.Answer
}

func load(b *analytics.Book, p pane.Place) (answer, error) {
	a, err := deal.Of(b, p.Scope, store.ID(p.ID))
	return answer{Answer: a, open: err == nil && a.Row.Stage.Kind == store.StageOpen}, err
}

// judge adds what all other deals are needed for.
func judge(ctx context.Context, env *pane.Env, b *analytics.Book, p pane.Place, a answer) (answer, error) {
	if !a.open {
		return a, nil
	}
	c, err := credibility.Deal(b, env.Desk.View(b, p.Scope), env.Pack(), p.Scope, store.ID(p.ID))
	switch {
	case err == nil:
		a.backed = &c
	case !errors.Is(err, store.ErrNotFound):
		return a, err
	}
	t, err := cycle.Of(b, env.Pack(), p.Scope, store.ID(p.ID))
	switch {
	case err == nil:
		a.track = &t
	case !errors.Is(err, store.ErrNotFound):
		return a, err
	}
	if now := b.AsOf(p.Scope) == b.Today(); now && env.Landing != nil && env.Landing.Outlook() == nil {
		return a, nil // it is being learned; the session is told when it has been
	}
	o, err := env.Landing.At(ctx, b, b.AsOf(p.Scope))
	if err != nil {
		return a, err
	}
	l := o.Look(analytics.Scope{Root: p.Scope.Root, Period: p.Scope.Period})
	a.chance = nil
	if d, ok := l.Deal(store.ID(p.ID)); ok {
		a.chance, a.period = &d, l.PeriodName
	}
	return a, nil
}

// carry keeps on the screen what an older answer was judged.
func carry(from, to *answer) {
	if from.Row.ID == to.Row.ID && to.open {
		to.chance, to.period, to.track, to.backed = from.chance, from.period, from.track, from.backed
	}
}

// chance is what raises and lowers the chance of being won in time.
func chance(env *pane.Env, a *answer) sheet.Section {
	l, th := env.Locale, env.Theme
	s := sheet.Section{ID: "chance", Title: l.T(locale.DealChance), Count: "-", Empty: l.T(locale.DealNoChance), Right: true}
	if a.chance == nil {
		return s
	}
	fs := a.chance.Factors
	s.Count = l.Percent(a.chance.Chance, 0)
	top := 1.
	for _, f := range fs {
		top = math.Max(top, math.Abs(f.LogOdds))
	}
	s.Columns = []table.Column{
		{Title: l.T(locale.DealFactor), Width: 14, Min: 10}, {Title: l.T(locale.SheetValue), Width: 18, Min: 8, Grow: 2, Drop: 1},
		{Title: l.T(locale.LandLower), Width: 12, Min: 6, Align: layout.Right}, {Title: l.T(locale.LandRaise), Width: 12, Min: 6}, {Title: l.T(locale.DealOdds), Width: 12, Min: 9},
	}
	odds := func(i int) string {
		k := locale.LandOdds
		if fs[i].LogOdds < 0 {
			k = locale.LandOddsDown
		}
		return l.F(k, l.Float(math.Exp(math.Abs(fs[i].LogOdds)), 1))
	}
	s.Rows = table.Rows{
		Len:   len(fs),
		Key:   func(i int) string { return string(fs[i].Feature) },
		Match: func(i int) string { return l.Feature(string(fs[i].Feature)) + " " + row.Factor(l, env.Book(), fs[i]) },
		Cells: func(i int, c []table.Cell) {
			c[0].Text = l.Feature(string(fs[i].Feature))
			c[1] = table.Cell{Text: row.Factor(l, env.Book(), fs[i]), Style: th.Muted}
			if fs[i].LogOdds < 0 {
				c[2] = table.Cell{Text: strings.Repeat("-", 1+int(-fs[i].LogOdds/top*5)), Style: th.Bad}
			} else {
				c[3] = table.Cell{Text: strings.Repeat("+", 1+int(fs[i].LogOdds/top*5)), Style: th.Good}
			}
			c[4] = table.Cell{Text: odds(i), Style: th.Muted}
		},
	}
	s.About = func(i int) []string {
		return sheet.Said(held(l, a.chance), l.Feature(string(fs[i].Feature))+" "+row.Factor(l, env.Book(), fs[i])+"  "+odds(i))
	}
	return s
}

// held says how chances of the deal's size have held.
func held(l *locale.Locale, d *landing.Deal) string {
	if d.Held == nil || d.Held.N == 0 {
		return l.F(locale.LandHeldNone, l.Percent(d.Chance, 0))
	}
	t := l.F(locale.LandHeldOf, l.Percent(d.Chance, 0), l.Int(d.Held.N), l.Percent(d.Held.Low, 0)+"-"+l.Percent(d.Held.High, 0), l.Percent(d.Held.Came, 0))
	if d.Held.N < 20 {
		t += l.T(locale.LandFew)
	}
	return t
}

// dual holds the rep's versions against what became of similar deals.
func dual(env *pane.Env, org store.Currency, a *answer) sheet.Section {
	l, th := env.Locale, env.Theme
	s := sheet.Section{ID: "dual", Title: l.T(locale.DealDual), Count: "-", Empty: l.T(locale.DealNoDual), Right: true}
	t := a.track
	if t == nil {
		return s
	}
	s.Count = l.Similar(string(t.Cycle.Level), t.Cycle.N)
	z := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return l.Float(*v, 1)
	}
	mark := func(red bool, v *float64) theme.Style {
		switch {
		case red:
			return th.Bad
		case v == nil:
			return th.Muted
		}
		return th.Good
	}
	days := func(v *cycle.Version) string {
		if v.Days < 0 {
			return "-"
		}
		return l.Days(v.Days)
	}
	s.Columns = []table.Column{
		{Title: l.T(locale.DealVersion), Width: 8, Min: 6}, {Title: l.T(locale.Close), Width: 10, Min: 10}, {Title: l.T(locale.DealDays), Width: 7, Min: 6, Align: layout.Right},
		{Title: l.T(locale.DealSigma), Width: 6, Min: 6, Align: layout.Right}, {Title: l.T(locale.Amount), Width: 12, Min: 10, Align: layout.Right, Drop: 2},
		{Title: l.T(locale.DealSigma), Width: 6, Min: 6, Align: layout.Right, Drop: 2}, {Title: l.T(locale.DealVerdict), Width: 16, Min: 6, Drop: 1},
	}
	all := slices.Concat(t.Versions, t.Earlier)
	earlier := func(i int) bool { return i >= len(t.Versions) }
	verdict := func(i int) string {
		v := &all[i]
		switch {
		case earlier(i) && v.Told == store.NoDay:
			return l.T(locale.DealSaidOnce)
		case earlier(i):
			return l.F(locale.DealSaid, l.DateShort(v.Told))
		case v.Problem != "":
			return v.Problem
		case v.Passed:
			return l.T(locale.DealPassed)
		case v.Red && v.AmountRed:
			return l.T(locale.DealRedBoth)
		case v.Red:
			return l.T(locale.DealRedDate)
		case v.AmountRed:
			return l.T(locale.DealRedAmount)
		case v.Z == nil && v.AmountZ == nil:
			return l.T(locale.DealTooFew)
		}
		return l.T(locale.DealUsual)
	}
	s.Rows = table.Rows{
		Len:   len(all),
		Key:   func(i int) string { return string(all[i].Kind) + "|" + all[i].Told.String() },
		Match: func(i int) string { return l.Version(string(all[i].Kind)) },
		Cells: func(i int, c []table.Cell) {
			v := &all[i]
			c[0].Text = l.Version(string(v.Kind))
			c[1].Text = l.Date(v.Close)
			c[2].Text = days(v)
			c[3] = table.Cell{Text: z(v.Z), Style: mark(v.Red, v.Z)}
			c[4].Text = row.Money(l, v.Amount, org)
			c[5] = table.Cell{Text: z(v.AmountZ), Style: mark(v.AmountRed, v.AmountZ)}
			c[6] = table.Cell{Text: verdict(i), Style: mark(v.Red || v.AmountRed, v.Z)}
			if earlier(i) {
				c[0].Style, c[1].Style, c[2].Style, c[4].Style, c[6].Style = th.Muted, th.Muted, th.Muted, th.Muted, th.Muted
			}
		},
	}
	s.About = func(i int) []string {
		v, from := &all[i], locale.DealFromStage
		if t.From != "stage" {
			from = locale.DealFromStart
		}
		head := l.Version(string(v.Kind)) + "  " + verdict(i)
		if !earlier(i) && v.Told != store.NoDay {
			head += "  " + l.F(locale.DealTold, l.Date(v.Told))
		}
		if t.Cycle.Level == cycle.TooFew {
			return []string{head, l.F(locale.DealFewSimilar, l.Int(t.Cycle.N))}
		}
		return []string{head, l.F(locale.DealNorm, l.T(from), l.Days(int(t.Cycle.Centre)), l.Days(int(t.Cycle.Low)), l.Days(int(t.Cycle.High)), l.Int(t.Cycle.N))}
	}
	s.Above = func(size layout.Size) []string { return histogram(th, l, t, size) }
	return s
}

// histogram draws the days of similar deals with the versions under them: O optimistic, N neutral, P pessimistic.
func histogram(th *theme.Theme, l *locale.Locale, t *cycle.Answer, s layout.Size) []string {
	g := chart.Histogram{}
	first, last := len(t.Bins), -1 // empty bins at the ends say nothing, unless a version falls into one
	bin := func(days int) int {
		for i := range t.Bins {
			if t.Bins[i].To == 0 || days <= t.Bins[i].To {
				return i
			}
		}
		return -1
	}
	for i := range t.Bins {
		if t.Bins[i].N > 0 {
			first, last = min(first, i), max(last, i)
		}
	}
	for i := range t.Versions {
		if k := bin(t.Versions[i].Days); t.Versions[i].Days >= 0 && k >= 0 {
			first, last = min(first, k), max(last, k)
		}
	}
	for i := first; i <= last; i++ {
		g.Counts, g.Labels = append(g.Counts, t.Bins[i].N), append(g.Labels, l.Int(t.Bins[i].From))
	}
	signs := map[cycle.Kind]string{cycle.Optimistic: "O", cycle.Neutral: "N", cycle.Pessimistic: "P"}
	for i := range t.Versions {
		v := &t.Versions[i]
		if k := bin(v.Days); v.Days >= 0 && k >= 0 {
			style := th.Strong
			if v.Red {
				style = th.Bad
			}
			g.Marks = append(g.Marks, chart.Mark{Bin: k - first, Sign: signs[v.Kind], Style: style})
		}
	}
	lines := g.Draw(th, layout.Size{W: max(0, s.W-4), H: s.H})
	for i := range lines {
		lines[i] = "  " + lines[i]
	}
	return lines
}
