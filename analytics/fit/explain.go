package fit

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// fewest is how many cases a third has at least, for anything to be said of it.
const fewest = 20

// explain says of every attribute what its thirds did afterwards, and why its weight is what it is. It looks at the cases that were learned from alone.
func (a *Answer) explain(b *analytics.Book, g *rule.Grading, added map[string]bool, p *problem, train []row, weights []float64) {
	a.candidates, a.attributes = map[string]rule.Input{}, map[string]rule.Attribute{}
	for k := range g.Attributes {
		r := &g.Attributes[k]
		if added[r.ID] {
			if weights[k] == 0 {
				continue
			}
			a.candidates[r.Input], a.attributes[r.ID] = g.Inputs[r.Input], *r
		}
		w := Weight{ID: r.ID, Name: r.Name, NameEn: cmp.Or(r.NameEn, r.Name), Factor: r.Factor, Min: r.Min, Max: r.Max, Was: round(p.start[k], 4), Is: weights[k], New: added[r.ID]}
		w.Worst, w.Best = thirds(b, train, k)
		switch {
		case w.Is >= w.Max-.005 && w.Max < p.total[p.factor[k]]:
			w.Bound = "max"
		case w.Is <= w.Min+.005 && w.Min > 0:
			w.Bound = "min"
		}
		if w.Reason = reason(&w); p.frozen[k] {
			w.Bound, w.Reason = "", analytics.Text{Zh: "学习的月份中几乎没有此项数据, 权重不变", En: "the months that were learned from hardly know it: as it is"}
		}
		a.Weights = append(a.Weights, w)
	}
}

// thirds are what those with the worst and those with the best values of an attribute did, among customers; empty where there are too few, or where a third cannot be told from
// another because most have the same value.
func thirds(b *analytics.Book, rows []row, attribute int) (worst, best Third) {
	worst.Renewed, best.Renewed = grade.Number(math.NaN()), grade.Number(math.NaN())
	var is []int
	for i := range rows {
		if rows[i].counts && rows[i].x[attribute] >= 0 {
			is = append(is, i)
		}
	}
	slices.SortStableFunc(is, func(x, y int) int { return cmp.Compare(rows[x].x[attribute], rows[y].x[attribute]) })
	n := len(is) / 3
	if n < fewest || rows[is[n-1]].x[attribute] >= rows[is[len(is)-n]].x[attribute] {
		return worst, best
	}
	of := func(is []int) Third {
		t, sum, again := Third{N: len(is)}, 0., 0
		for _, i := range is {
			sum += rows[i].revenue
			if rows[i].renewed {
				again++
			}
		}
		t.Money = store.Money{Minor: int64(math.Round(sum / float64(len(is)))), Currency: b.Currency()}
		t.Renewed = grade.Number(round(float64(again)/float64(len(is)), 4))
		return t
	}
	return of(is[:n]), of(is[len(is)-n:])
}

// reason is why a weight is proposed, in a sentence.
func reason(w *Weight) analytics.Text {
	var t analytics.Text
	if w.Best.N == 0 {
		t = analytics.Text{Zh: "数据中分不出高低, 无从判断", En: "too few different values to tell"}
	} else {
		times := "-"
		if w.Worst.Money.Minor > 0 {
			times = fmt.Sprintf("%.1f", float64(w.Best.Money.Minor)/float64(w.Worst.Money.Minor))
		}
		pct := func(n grade.Number) string { return fmt.Sprintf("%.0f%%", 100*float64(n)) }
		t = analytics.Text{
			Zh: fmt.Sprintf("最好三分之一客户随后的采购是最差三分之一的 %s 倍, 再次购买 %s 对 %s", times, pct(w.Best.Renewed), pct(w.Worst.Renewed)),
			En: fmt.Sprintf("the best third bought %s times what the worst did afterwards; %s against %s bought again", times, pct(w.Best.Renewed), pct(w.Worst.Renewed)),
		}
	}
	add := func(zh, en string) { t.Zh, t.En = t.Zh+"; "+zh, t.En+"; "+en }
	switch d := w.Is - w.Was; {
	case w.New:
		add("规则中尚无此项, 建议新增", "the rules lack it: proposed anew")
	case d >= .005:
		add("上调", "raised")
	case d <= -.005 && w.Best.N > 0 && w.Best.Money.Minor > w.Worst.Money.Minor:
		add("同一因子中其他项说明得更多, 故下调", "lowered, since others of its factor tell more")
	case d <= -.005:
		add("下调", "lowered")
	default:
		add("不变", "as it is")
	}
	switch w.Bound {
	case "max":
		add("已到上限", "at its upper bound")
	case "min":
		add("已到下限", "at its lower bound")
	}
	return t
}
