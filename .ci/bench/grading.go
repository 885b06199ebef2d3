package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Grading by rules: what a slider step and a replay of two years take. Only DuckDB is asked: it alone has single-precision columns and does 200,000 customers in less than a coffee.
//
// The databases are given each month end's inputs as they counted then (the table input): what was measured last, and since when. Two things of the rules are left out on
// both sides so that rows can be derived without the analyses' code: growth weighs nothing, and no guard holds an input for everybody (its limits are at their highest; judging still takes
// ours its time). A customer's own stale value does hold its grade.

// replayed is how many month ends a replay judges: those before today.
const replayed = 24

func replayMonth(k int) int64 { return monthOf(today) - replayed + int64(k) }

// measured are the measures in the table input, in tenths; unmeasured stands for none.
var measured = [...]string{"late", "renewal", "depth", "seats", "cycle", "integration", "chain", "tickets", "subscription"}

const unmeasured = -1_000_000

// gradingOf are the rules of a question with other weights.
func gradingOf(weights map[string]float64) *rule.Grading {
	g := *rule.GradingSection.Of(nil)
	g.Guard.Vanished, g.Guard.Shift, g.Guard.Moved = 100, 1e9, 100
	g.Weights = map[string]float64{"trend": 0}
	for id, w := range weights {
		g.Weights[id] = w
	}
	return &g
}

// slid are weights in which sliders were moved by whole hundredths.
func slid(rng *rand.Rand) map[string]float64 {
	at := func(lo, hi int) float64 { return float64(lo+rng.IntN(hi-lo+1)) / 100 }
	return map[string]float64{"renewal": at(10, 60), "usage": at(10, 60), "value": at(20, 80), "support": at(10, 90), "trend": 0}
}

// inputs writes an account's inputs at each month's end of a replay, and as of today (month 0).
func (d *deriver) inputs(a *store.Account, number int64, readings []*store.Reading, known store.Day, year func(store.Day) int64, prior int64) error {
	var last [len(measured)]int64
	var since [len(measured)]store.Day
	for k := range last {
		last[k] = unmeasured
	}
	revenue, err := yuan(a.Revenue)
	if err != nil {
		return err
	}
	slices.SortStableFunc(readings, func(x, y *store.Reading) int { return int(x.Day - y.Day) })
	next := 0
	for k := range replayed + 1 {
		day, month := today, int64(0)
		if k < replayed {
			month = replayMonth(k)
			day = monthEnd(month)
		}
		for ; next < len(readings) && readings[next].Day <= day; next++ {
			for i, name := range measured {
				if v, ok := readings[next].Values[name]; ok {
					last[i], since[i] = int64(math.Round(10*v)), readings[next].Day
				}
			}
		}
		row := []int64{d.person[a.Owner].region, number, month, 0, 0, revenue, year(day), prior}
		if known <= day {
			row[3] = 1
		}
		for i, v := range last {
			if v != unmeasured && int(day-since[i]) > 45 {
				row[4] = 1
			}
		}
		if err := d.out.add(tableInput, append(row, last[:]...)...); err != nil {
			return err
		}
	}
	return nil
}

// scaled is an attribute's place between worst and best in DuckDB, NULL when unknown.
func scaled(a *rule.Attribute, multiple float64) string {
	tenths := func(m string) string { return fmt.Sprintf("(CASE WHEN %s <> %d THEN %[1]s / 10.0 END)", m, unmeasured) }
	of := map[string]string{
		"revenue": "revenue * 0.01",
		"bought":  fmt.Sprintf("(CASE WHEN subscription > 0 THEN greatest(year * 0.01, 12 * (subscription / 10.0) * %v) ELSE year * 0.01 END)", multiple),
	}[a.Input]
	if of == "" {
		of = tenths(a.Input)
	}
	double := "CAST(" + of + " AS DOUBLE)"
	if a.Scale == "log" {
		worst, span := math.Log(a.Worst), math.Log(a.Best)-math.Log(a.Worst)
		return fmt.Sprintf("(CASE WHEN %s <= 0 THEN CAST(0 AS DOUBLE) ELSE greatest(CAST(0 AS DOUBLE), least(CAST(1 AS DOUBLE), (ln(%[1]s) - %[2]s) / %[3]s)) END)", double, number(worst), number(span))
	}
	return fmt.Sprintf("greatest(CAST(0 AS DOUBLE), least(CAST(1 AS DOUBLE), CASE WHEN %s IS NOT NULL THEN (%[1]s - %[2]s) / %[3]s END)) + 0 * %[1]s", double, number(a.Worst), number(a.Best-a.Worst))
}

// number writes a double so that it is read as the same one.
func number(x float64) string { return "CAST('" + strconv.FormatFloat(x, 'g', -1, 64) + "' AS DOUBLE)" }

func float(x float32) string {
	return "CAST('" + strconv.FormatFloat(float64(x), 'g', -1, 32) + "' AS FLOAT)"
}

// weighted lists the attributes that weigh something, of each factor.
func weighted(g *rule.Grading) (of [3][]*rule.Attribute) {
	for i := range g.Attributes {
		a := &g.Attributes[i]
		if f := slices.Index(rule.Factors(), a.Factor); g.Weight(a) > 0 {
			of[f] = append(of[f], a)
		}
	}
	return of
}

// scaleTable is what DuckDB does when it is loaded: the attributes' places as of today, for the sliders.
func scaleTable() string {
	g := gradingOf(nil)
	var c []string
	for _, f := range weighted(g) {
		for _, a := range f {
			c = append(c, "coalesce(CAST("+scaled(a, g.Lifetime.Multiple)+" AS FLOAT), CAST(-1 AS FLOAT)) AS "+a.ID)
		}
	}
	return "CREATE TABLE part AS SELECT region, account, hold, CAST(prior AS SMALLINT) AS prior, CAST(year AS BIGINT) AS money, " + strings.Join(c, ", ") + " FROM input WHERE month = 0 AND there = 1 ORDER BY region, account"
}

// placed is the place of a product among lines, the first being 0.
func placed(product string, lines []string) string {
	b := strings.Builder{}
	b.WriteString("(CASE")
	for i, from := range lines {
		fmt.Fprintf(&b, " WHEN %s >= %s THEN %d", product, from, i)
	}
	fmt.Fprintf(&b, " ELSE %d END)", len(lines)-1)
	return b.String()
}

// lines are the products from which on each grade is given, with the score's points added.
func lines(g *rule.Grading, add float64, word func(float64) string) (out []string) {
	for _, l := range g.Grades {
		x := max(0, l.From+add) / 100
		out = append(out, word(x*x*x))
	}
	return out
}

// rescoreSQL weighs the attributes in single precision, one after the other as Board does, so that whoever stands on a line stands on the same side of it.
func rescoreSQL(p *params) string {
	g := gradingOf(p.weights)
	var sum, known, all [3]string
	product, missing := "", "CAST(0 AS FLOAT)"
	for f, attributes := range weighted(g) {
		var total float32
		sum[f], known[f] = "CAST(0 AS FLOAT)", "CAST(0 AS FLOAT)"
		for _, a := range attributes {
			w := float32(g.Weight(a))
			total += w
			sum[f] = fmt.Sprintf("(%s + CASE WHEN %s >= 0 THEN %s * %[2]s ELSE CAST(0 AS FLOAT) END)", sum[f], a.ID, float(w))
			known[f] = fmt.Sprintf("(%s + CASE WHEN %s >= 0 THEN %s ELSE CAST(0 AS FLOAT) END)", known[f], a.ID, float(w))
		}
		all[f] = float(total)
		missing = fmt.Sprintf("(%s + (%s - k%d) / %[2]s / CAST(3 AS FLOAT))", missing, all[f], f)
		part := fmt.Sprintf("(s%d / k%[1]d)", f)
		if product == "" {
			product = part
		} else {
			product = "(" + product + " * " + part + ")"
		}
	}
	single := func(x float64) string { return float(float32(x)) }
	return `SELECT to_grade, prior, count(*), CAST(sum(money) AS BIGINT), CAST(sum(hold) AS BIGINT) FROM (SELECT money, prior, hold,
CASE WHEN hold = 1 OR missing > ` + single(.4) + ` THEN prior WHEN prior < 0 OR here = prior THEN here WHEN here < prior THEN least(prior, up) ELSE greatest(prior, down) END to_grade FROM (
SELECT money, prior, hold, missing, ` + placed("product", lines(g, 0, single)) + ` here, ` +
		placed("product", lines(g, g.Hysteresis, single)) + ` up, ` + placed("product", lines(g, -g.Hysteresis, single)) + ` down FROM (
SELECT money, prior, hold, ` + missing + ` missing, CASE WHEN k0 > 0 AND k1 > 0 AND k2 > 0 THEN ` + product + ` ELSE CAST(0 AS FLOAT) END product FROM (
SELECT money, prior, hold, ` + sum[0] + ` s0, ` + sum[1] + ` s1, ` + sum[2] + ` s2, ` + known[0] + ` k0, ` + known[1] + ` k1, ` + known[2] + ` k2
FROM part WHERE region BETWEEN $1 AND $2)))) GROUP BY to_grade, prior`
}

// board is the customers of a region taken apart, once, as the pane holds them.
func (o *ours) board(p *params) *grade.Board {
	return grade.BoardOf(o.b, o.sliders, p.scope)
}

func (o *ours) rescore(p *params) any { return o.board(p).With(p.weights) }

func (o *ours) rescoreRows(p *params, answer any) [][]int64 {
	st, bd := answer.(*grade.Standing), o.board(p)
	by := map[[2]int64]*[3]int64{}
	up, down, counts := 0, 0, make([]int, len(st.Counts))
	for row := range bd.Len() {
		to, prior := st.Grade(row), bd.Prior(row)
		k := [2]int64{int64(to), int64(prior)}
		if by[k] == nil {
			by[k] = &[3]int64{}
		}
		by[k][0]++
		by[k][1] += bd.Money(row)
		if bd.Held(row) {
			by[k][2]++
		}
		if to >= 0 {
			counts[to]++
		}
		switch {
		case to < 0 || prior < 0:
		case to < prior:
			up++
		case to > prior:
			down++
		}
	}
	if up != st.Up || down != st.Down || !slices.Equal(counts, st.Counts) {
		return [][]int64{{-1, int64(st.Up), int64(st.Down), int64(up), int64(down)}} // its sums are not those of its rows
	}
	var out [][]int64
	for k, v := range by {
		out = append(out, []int64{k[0], k[1], v[0], v[1], v[2]})
	}
	return out
}

// replaySQL scores every month end and lets each month's grade follow from the one before: the scores' places side by side, then one projection a month.
func replaySQL(p *params) string {
	g := gradingOf(p.weights)
	var inner, outer []string
	product, missing := "", "0"
	for f, attributes := range weighted(g) {
		sum, known, total := "0", "0", 0.
		for _, a := range attributes {
			inner = append(inner, scaled(a, g.Lifetime.Multiple)+" AS x_"+a.ID)
			w := g.Weight(a)
			total += w
			sum += fmt.Sprintf(" + coalesce(%s * x_%s, 0)", number(w), a.ID)
			known += fmt.Sprintf(" + CASE WHEN x_%s IS NULL THEN 0 ELSE %s END", a.ID, number(w))
		}
		outer = append(outer, sum+" AS s"+strconv.Itoa(f), known+" AS k"+strconv.Itoa(f))
		missing += fmt.Sprintf(" + (%s - k%d) / %[1]s / 3", number(total), f)
		if product != "" {
			product += " * "
		}
		product += fmt.Sprintf("(s%d / k%[1]d)", f)
	}
	b := strings.Builder{}
	fmt.Fprintf(&b, `WITH coded AS (SELECT account, month, CASE WHEN there = 0 OR missing * 100 > %d THEN -1 ELSE hold * 1000 + %s * 100 + %s * 10 + %s END code FROM (
SELECT account, month, there, hold, %s AS missing, CASE WHEN k0 > 0 AND k1 > 0 AND k2 > 0 THEN %s ELSE 0 END AS product FROM (
SELECT account, month, there, hold, %s FROM (SELECT account, month, there, hold, %s FROM input WHERE month > 0)))), `,
		g.Guard.Unknown, placed("product", lines(g, 0, number)), placed("product", lines(g, g.Hysteresis, number)), placed("product", lines(g, -g.Hysteresis, number)),
		missing, product, strings.Join(outer, ", "), strings.Join(inner, ", "))
	var c []string
	for k := range replayed {
		c = append(c, fmt.Sprintf("max(code) FILTER (WHERE month = %d) AS c%d", replayMonth(k), k))
	}
	fmt.Fprintf(&b, "g_ AS (SELECT CAST(-1 AS INTEGER) AS g_, %s FROM coded GROUP BY account)", strings.Join(c, ", "))
	before := "g_"
	for k := range replayed {
		at := "((c" + strconv.Itoa(k) + " // 100) % 10)"
		fmt.Fprintf(&b, `, g%d AS (SELECT *, CASE WHEN c%[1]d < 0 THEN %[2]s WHEN %[2]s < 0 THEN %[3]s WHEN c%[1]d >= 1000 OR %[3]s = %[2]s THEN %[2]s
WHEN %[3]s < %[2]s THEN least(%[2]s, (c%[1]d // 10) %% 10) ELSE greatest(%[2]s, c%[1]d %% 10) END AS g%[1]d FROM %[2]s)`, k, before, at)
		before = "g" + strconv.Itoa(k)
	}
	fmt.Fprintf(&b, ", course AS MATERIALIZED (SELECT * FROM %s)", before)
	for k := range replayed {
		from := "g_"
		if k > 0 {
			from = "g" + strconv.Itoa(k-1)
		}
		if k > 0 {
			b.WriteString(" UNION ALL")
		}
		fmt.Fprintf(&b, " SELECT CAST(%d AS BIGINT), CAST(%s AS BIGINT), CAST(g%[1]d AS BIGINT), count(*) FROM course WHERE g%[1]d >= 0 GROUP BY 2, 3", k, from)
	}
	return b.String()
}

func (o *ours) replay(p *params) any {
	var days []store.Day
	for k := range replayed {
		days = append(days, monthEnd(replayMonth(k)))
	}
	c, err := grade.Replay(context.Background(), o.b, gradingOf(p.weights), days, nil, nil)
	if err != nil {
		panic(err) // its only error is the context's
	}
	return c
}

func (o *ours) replayRows(_ *params, answer any) (out [][]int64) {
	c := answer.(*grade.Course)
	for k := range c.Days {
		var n [8][8]int64
		for code, to := range c.Grade[k] {
			from := int8(-1)
			if k > 0 {
				from = c.Grade[k-1][code]
			}
			if to >= 0 && o.b.AccountLive(analytics.Code(code)) {
				n[from+1][to]++
			}
		}
		for i := range n {
			for j, v := range n[i] {
				if v > 0 {
					out = append(out, []int64{int64(k), int64(i) - 1, int64(j), v})
				}
			}
		}
	}
	return out
}

// weighing asks about weights, of the company or a region in turn.
func (d *dims) weighing(rng *rand.Rand, i int, regions bool) params {
	p := params{}
	if regions {
		p = d.regionOrAll(rng, i)
	}
	p.weights = slid(rng)
	return p
}
