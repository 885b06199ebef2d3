package fit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Of fits the weights of the rules in p (nil: the defaults) to b as of its day. The scope's as-of day alone counts: rules are the whole company's. It blocks for seconds: never call it on
// a key press. Its error is the context's.
func Of(ctx context.Context, b *analytics.Book, p *rule.Pack, s analytics.Scope, o Options) (*Answer, error) {
	if o.Horizon <= 0 {
		o.Horizon = 90
	}
	if o.Held <= 0 {
		o.Held = 3
	}
	s = analytics.Scope{AsOf: s.AsOf}
	a := &Answer{Stamp: b.Stamp(s), Rules: p.Version(), Horizon: o.Horizon, Measures: []Measure{}, Gains: []Gain{}, Weights: []Weight{}, Lines: []Line{}}
	days := origins(b, b.AsOf(s), o.Horizon)
	firstHeld := len(days) - o.Held
	learnTo := -1 // the last origin whose horizon ends before the first held-out one
	for k := range days {
		if firstHeld >= 0 && int(days[k])+o.Horizon <= int(days[firstHeld]) {
			learnTo = k
		}
	}
	if learnTo+1 < leastOrigins {
		need := leastOrigins + o.Held + (o.Horizon+29)/30
		a.lacks("历史月份太少: 有 %s 个, 至少需要 %s 个", "too few past months: %s, at least %s are needed", len(days), need)
		return a, nil
	}
	g, added := rule.GradingSection.Of(p), map[string]bool{}
	if !o.Own {
		g, added = widened(b, g, days[:learnTo+1])
	}
	accounts := chosen(b)
	panel, err := grade.PanelOf(ctx, b, g, accounts, days)
	if err != nil {
		return nil, err
	}
	train, test := cases(b, panel, o.Horizon, 0, learnTo), cases(b, panel, o.Horizon, firstHeld, len(days)-1)
	a.Train, a.Test = span(train, days, 0, learnTo), span(test, days, firstHeld, len(days)-1)
	for _, part := range []*Span{&a.Train, &a.Test} {
		again, not := part.Renewed, part.Based-part.Renewed
		if part.Customers < leastCustomers || again < leastEach || not < leastEach {
			a.lacks("客户太少: %s 起 %s 个客户, 其中再次购买 %s 例, 未再购买 %s 例 (至少需要 %s 个, 各 %s 例)",
				"too few customers: from %s on %s, of whom %s bought again and %s did not (at least %s, and %s of each, are needed)", part.From, part.Customers, again, not, leastCustomers, leastEach)
		}
	}
	if len(a.Lacks) > 0 {
		return a, nil
	}
	problem := newProblem(g, train, pull)
	problem.freeze()
	problem.sample(tried)
	weights := problem.rounded(problem.solve())
	for k := range weights {
		if added[g.Attributes[k].ID] && weights[k] < .02 {
			weights[k] = 0
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	own := weights // what the rules' own attributes reach without the new ones
	if len(added) > 0 {
		alone := *problem
		alone.hi = slices.Clone(problem.hi)
		for k := range alone.hi {
			if added[g.Attributes[k].ID] {
				alone.hi[k] = 0
			}
		}
		own = alone.rounded(alone.solve())
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.measure(problem, test, own, weights)
	a.explain(b, g, added, problem, train, weights)
	a.lines(b, g, s, weights, o.KeepLines)
	return a, ctx.Err()
}

// lacks notes why nothing is proposed; args are printed with %v.
func (a *Answer) lacks(zh, en string, args ...any) {
	text := make([]any, len(args))
	for i, x := range args {
		text[i] = fmt.Sprint(x)
	}
	a.Lacks = append(a.Lacks, analytics.Text{Zh: fmt.Sprintf(zh, text...), En: fmt.Sprintf(en, text...)})
}

// origins are the month ends from which a whole horizon has been seen, from a quarter after the first business on.
func origins(b *analytics.Book, day analytics.Day, horizon int) (days []analytics.Day) {
	first := store.MaxDay
	if b.HasSales() {
		first = b.Sold().First()
	} else {
		for c := range analytics.Code(b.Deals()) {
			if won, ok := b.FirstWon(c); ok {
				first = min(first, won)
			}
		}
	}
	last := day - analytics.Day(horizon)
	if !first.Valid() || first+90 > last {
		return nil
	}
	y, m, _ := last.Date()
	days = grade.MonthEnds(max(first+90, store.Date(y, m-mostOrigins, 1)), last)
	if n := len(days); n > 0 && days[n-1] != monthEnd(days[n-1]) {
		days = days[:n-1]
	}
	return days
}

func monthEnd(d analytics.Day) analytics.Day {
	y, m, _ := d.Date()
	return store.Date(y, m+1, 1) - 1
}

// chosen are the accounts that are looked at.
func chosen(b *analytics.Book) (all []analytics.Code) {
	for c := range analytics.Code(b.Accounts()) {
		if b.AccountLive(c) {
			all = append(all, c)
		}
	}
	if len(all) <= mostAccounts {
		return all
	}
	few := make([]analytics.Code, mostAccounts)
	for i := range few {
		few[i] = all[i*len(all)/mostAccounts]
	}
	return few
}

// cases are the customers at origins from first to last.
func cases(b *analytics.Book, p *grade.Panel, horizon, first, last int) (rows []row) {
	for k := first; k <= last; k++ {
		after := grade.Brought(b, p.Days[k]+analytics.Day(horizon), horizon)
		year, quarter := grade.Brought(b, p.Days[k], 365), grade.Brought(b, p.Days[k], 90)
		for i, c := range p.Accounts {
			if !p.There[k][i] {
				continue
			}
			r := row{x: make([]float32, len(p.Attributes)), revenue: float64(max(0, after[c])), renewed: after[c] > 0, amount: float64(year[c]), quarter: float64(quarter[c]), account: int32(i), origin: k, counts: year[c] > 0}
			for a := range p.Attributes {
				r.x[a] = p.Part[k][a][i]
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func span(rows []row, days []analytics.Day, first, last int) Span {
	s := Span{From: days[first], To: days[last], Origins: last - first + 1, Cases: len(rows)}
	seen := map[int32]bool{}
	for i := range rows {
		if r := &rows[i]; r.counts {
			seen[r.account] = true
			s.Based++
			if r.renewed {
				s.Renewed++
			}
		}
	}
	s.Customers = len(seen)
	return s
}

// scored is a method's scores of the held-out cases.
type scored struct {
	method Method
	score  []float64
}

func (a *Answer) measure(p *problem, test []row, own, weights []float64) {
	all := []scored{{Static, nil}, {Recent, nil}, {Now, nil}, {Own, nil}, {Fitted, nil}}
	for i := range test {
		r := &test[i]
		for k, s := range []float64{r.amount, r.quarter, p.logScore(r.x, p.start, nil), p.logScore(r.x, own, nil), p.logScore(r.x, weights, nil)} {
			all[k].score = append(all[k].score, s)
		}
	}
	by := map[int32][]int{} // customer → its cases
	var clusters [][]int
	for i := range test {
		if test[i].counts {
			by[test[i].account] = append(by[test[i].account], i)
		}
	}
	for i := range test { // in the order of the cases, so that the draws are always the same
		if is := by[test[i].account]; test[i].counts && is[0] == i {
			clusters = append(clusters, is)
		}
	}
	pick := make([]int, len(clusters))
	for i := range pick {
		pick[i] = i
	}
	value := statistics(all, test, clusters, pick)
	drawn, shrink := bootstrap(len(clusters), draws, mostClusters, func(pick []int) []float64 { return statistics(all, test, clusters, pick) })
	revenue := make([]float64, len(test))
	for i := range test {
		revenue[i] = test[i].revenue
	}
	for k, m := range all {
		at := func(j int) Interval { return interval(value[3*k+j], drawn, 3*k+j, shrink) }
		a.Measures = append(a.Measures, Measure{Method: m.method, Tau: at(0), Rho: at(1), AUC: at(2), TauAll: grade.Number(Kendall(m.score, revenue))})
	}
	fitted := len(all) - 1
	for k, m := range all[:fitted] {
		gain := func(j int, chance float64) Interval {
			of := func(v []float64) float64 {
				was := v[3*k+j] - chance
				if was <= 0 {
					return math.NaN()
				}
				return (v[3*fitted+j] - chance - was) / was
			}
			gains := make([][]float64, len(drawn))
			for i := range drawn {
				gains[i] = []float64{of(drawn[i])}
			}
			return interval(of(value), gains, 0, shrink)
		}
		a.Gains = append(a.Gains, Gain{Over: m.method, Tau: gain(0, 0), Rho: gain(1, 0), AUC: gain(2, .5)})
	}
	now, fit := a.Measures[2], a.Measures[fitted]
	a.Worse = fit.Tau.Value <= now.Tau.Value && fit.AUC.Value <= now.AUC.Value
}

// statistics are tau, rho and AUC of each method over the cases of the picked customers.
func statistics(all []scored, test []row, clusters [][]int, pick []int) (out []float64) {
	var is []int
	for _, c := range pick {
		is = append(is, clusters[c]...)
	}
	revenue, came, score := make([]float64, len(is)), make([]bool, len(is)), make([]float64, len(is))
	for j, i := range is {
		revenue[j], came[j] = test[i].revenue, test[i].renewed
	}
	for _, m := range all {
		for j, i := range is {
			score[j] = m.score[i]
		}
		out = append(out, Kendall(score, revenue), Spearman(score, revenue), AUC(score, came))
	}
	return out
}

// lines finds the grades' lines under the new weights, and who would move.
func (a *Answer) lines(b *analytics.Book, g *rule.Grading, s analytics.Scope, weights []float64, keep bool) {
	named := map[string]float64{}
	for k := range g.Attributes {
		named[g.Attributes[k].ID] = weights[k]
	}
	board := grade.BoardOf(b, g, s)
	was, is := board.With(nil), board.With(named)
	var scores []float64
	for row := range board.Len() {
		if is.Grade(row) >= 0 {
			scores = append(scores, is.Score(row))
		}
	}
	slices.SortFunc(scores, func(x, y float64) int { return sign(y - x) })
	lines := make([]float64, len(g.Grades))
	above := 0
	for k := range g.Grades {
		lines[k] = g.Grades[k].From
		above += was.Counts[k]
		if k == len(lines)-1 || keep || len(scores) == 0 {
			continue
		}
		switch {
		case above <= 0:
			lines[k] = max(lines[k], round(scores[0]+.1, 1))
		case above >= len(scores):
			lines[k] = round(scores[len(scores)-1], 1)
		default:
			lines[k] = round((scores[above-1]+scores[above])/2, 1)
		}
	}
	for k := len(lines) - 2; k >= 0; k-- { // each lies above the next
		lines[k] = min(max(lines[k], lines[k+1]+.1), 100)
	}
	next := *g
	next.Grades = slices.Clone(g.Grades)
	for k := range next.Grades {
		next.Grades[k].From = round(lines[k], 1)
	}
	moved := grade.BoardOf(b, &next, s).With(named)
	for k := range g.Grades {
		a.Lines = append(a.Lines, Line{Grade: store.Grade(g.Grades[k].Grade), Was: g.Grades[k].From, Is: next.Grades[k].From, Before: was.Counts[k], After: moved.Counts[k]})
	}
	money := func(v int64) store.Money { return store.Money{Minor: v, Currency: b.Currency()} }
	a.Up, a.Down, a.UpMoney, a.DownMoney = moved.Up, moved.Down, money(moved.UpMoney), money(moved.DownMoney)
}

// Table gives the weights as raw cells.
func (a *Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"attribute", "name", "factor", "was", "is", "min", "max", "best_third_mean", "worst_third_mean", "best_third_bought_again", "worst_third_bought_again", "reason", "reason_en"}}
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }
	for i := range a.Weights {
		w := &a.Weights[i]
		t.Rows = append(t.Rows, []string{w.ID, w.Name, w.Factor, f(w.Was), f(w.Is), f(w.Min), f(w.Max), w.Best.Money.Amount(), w.Worst.Money.Amount(), w.Best.Renewed.String(), w.Worst.Renewed.String(), w.Reason.Zh, w.Reason.En})
	}
	return t
}
