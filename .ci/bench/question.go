package main

import (
	"math/rand/v2"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/heatmap"
	"flightdeck/store"
)

// dialect is what differs between the databases' languages.
type dialect int

const (
	duck dialect = iota
	lite
	postgres
)

// params is one way to ask a question.
type params struct {
	scope    analytics.Scope
	q        heatmap.Query
	level    int64 // of the node asked about: 0 company, 1 region, 2 team
	code     int64
	from, to store.Day
	by       [2]int // columns of an ad hoc group-by
	weights  map[string]float64
}

// regions returns the range of region codes that the scope spans.
func (p *params) regions() (lo, hi int64) {
	if p.level == 1 {
		return p.code, p.code
	}
	return 0, 1000
}

// question is asked of everybody. Answers are rows of integers in no set order.
type question struct {
	name   string
	target float64 // times faster than DuckDB; 0: none
	limit  float64 // ms at 200,000 accounts; 0: those of a key
	only   string  // the peer that is asked alone; empty: all
	heavy  bool    // it is asked a second time however long it takes: the first one fills what a pane would have at hand
	// missing: flightdeck has no analysis for it yet; what is timed is a plain walk over the Book by this program.
	missing bool
	sets    func(d *dims, rng *rand.Rand) []params
	sql     func(l dialect, p *params) string
	args    func(d *dims, p *params) []int64
	// rows brings what the statement gave into the form of ours; nil: it has it already.
	rows func(d *dims, p *params, rows [][]int64) [][]int64
	// ask is timed, told is not, nor is what ready, if there is one, prepares as a pane that is open has it.
	ready func(o *ours, p *params)
	ask   func(o *ours, p *params) any
	told  func(o *ours, p *params, answer any) [][]int64
}

const setCount = 8

var questions = []question{
	{
		name: "funnel", target: 4,
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(int) params { return d.region(rng).quarter(quarterOf(today) - rng.Int64N(8)) })
		},
		sql: func(l dialect, _ *params) string {
			return `SELECT 0, stage, count(*), ` + sum(l, "value") + `, 0 FROM deal
WHERE region BETWEEN $1 AND $2 AND (kind = 0 OR due BETWEEN $3 AND $4) GROUP BY stage
UNION ALL SELECT 1, stage, count(*), ` + sum(l, "advanced") + `, ` + sum(l, "lost") + ` FROM reach
WHERE region BETWEEN $1 AND $2 AND day BETWEEN $3 AND $4 GROUP BY stage
UNION ALL ` + median(l, "2", "stage", "days", "stay WHERE region BETWEEN $1 AND $2 AND day BETWEEN $3 AND $4") + `
UNION ALL ` + median(l, "3", "0", "cycle", "deal WHERE region BETWEEN $1 AND $2 AND kind = 1 AND due BETWEEN $3 AND $4")
		},
		args: regionDays,
		ask:  (*ours).funnel, told: (*ours).funnelRows,
	},
	{
		name: "weekday_hour", target: 2,
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(int) params { return d.team(rng).days(today-store.Day(rng.IntN(600)), 30) })
		},
		sql: func(dialect, *params) string {
			return `SELECT slot, count(*) FROM touch WHERE team = $1 AND day BETWEEN $2 AND $3 GROUP BY slot`
		},
		args: func(_ *dims, p *params) []int64 { return []int64{p.code, int64(p.from), int64(p.to)} },
		ask:  (*ours).heatmap, told: (*ours).hourRows,
	},
	{
		name: "geo", target: 1,
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(i int) params {
				p := d.team(rng).days(today-store.Day(rng.IntN(600)), 30)
				parts := strings.SplitN(d.home[p.code], "/", 3)
				p.q = heatmap.Query{View: heatmap.Area, Area: strings.Join(parts[:i%3], "/")}
				return p
			})
		},
		sql: func(_ dialect, p *params) string {
			switch {
			case p.q.Area == "":
				return `SELECT province, week, count(*) FROM touch WHERE team = $1 AND day BETWEEN $2 AND $3 GROUP BY province, week`
			case strings.Contains(p.q.Area, "/"):
				return `SELECT district, week, count(*) FROM touch WHERE team = $1 AND day BETWEEN $2 AND $3 AND city = $4 GROUP BY district, week`
			}
			return `SELECT city, week, count(*) FROM touch WHERE team = $1 AND day BETWEEN $2 AND $3 AND province = $4 GROUP BY city, week`
		},
		args: func(d *dims, p *params) []int64 {
			a := []int64{p.code, int64(p.from), int64(p.to)}
			switch {
			case strings.Contains(p.q.Area, "/"):
				a = append(a, d.cities.of[p.q.Area])
			case p.q.Area != "":
				a = append(a, d.provinces.of[p.q.Area])
			}
			return a
		},
		rows: func(_ *dims, _ *params, rows [][]int64) (out [][]int64) {
			unplaced := int64(0)
			for _, r := range rows {
				if r[0] == 0 {
					unplaced += r[2]
				} else {
					out = append(out, r)
				}
			}
			return append(out, []int64{0, 0, unplaced})
		},
		ask: (*ours).heatmap, told: (*ours).areaRows,
	},
	{
		name: "migration", target: 4,
		sets: func(d *dims, rng *rand.Rand) []params {
			last := monthOf(today) - 1
			return repeat(func(i int) params {
				to := last - rng.Int64N(10)
				return d.regionOrAll(rng, i).span(monthEnd(to-12)+1, monthEnd(to))
			})
		},
		sql: migrationSQL,
		args: func(_ *dims, p *params) []int64 {
			lo, hi := p.regions()
			return []int64{lo, hi, monthOf(p.from), monthOf(p.to), monthOf(p.from)}
		},
		ask: (*ours).migration, told: (*ours).migrationRows,
	},
	{
		name: "forecast", target: 4,
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(i int) params {
				return d.regionOrAll(rng, i/2).quarter(quarterOf(today) + int64(i%2)*(rng.Int64N(3)-1)) // every second one is the current quarter
			})
		},
		sql: func(l dialect, _ *params) string {
			part := func(n string) string { return sum(l, "CASE WHEN part = "+n+" THEN value ELSE 0 END") }
			return `SELECT 3, person, ` + sum(l, "CASE WHEN kind = 1 THEN value ELSE 0 END") + `, ` + part("1") + `, ` + part("2") + `, ` + part("3") + `, ` + part("4") + `, ` +
				sum(l, "CASE WHEN part BETWEEN 1 AND 3 THEN value * probability ELSE 0 END") + `, count(*), ` + sum(l, "CASE WHEN kind = 1 THEN 1 ELSE 0 END") + `, ` +
				sum(l, "CASE WHEN kind = 0 AND due < $6 THEN 1 ELSE 0 END") + `, ` + sum(l, "CASE WHEN kind = 0 AND sign < $7 THEN 1 ELSE 0 END") + `
FROM deal WHERE region BETWEEN $1 AND $2 AND (kind = 1 AND due BETWEEN $3 AND $4 OR kind = 0 AND due BETWEEN $5 AND $4) GROUP BY person
UNION ALL SELECT level + 10, node, amount, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM quota WHERE region BETWEEN $1 AND $2 AND day = $3`
		},
		args: func(d *dims, p *params) []int64 {
			lo, hi := p.regions()
			open := p.from
			switch {
			case p.to < today:
				open = p.to + 1 // what has not come by today cannot come before it
			case p.from <= today:
				open = -100_000 // what is overdue is still to come
			}
			r := analytics.DefaultRules()
			return []int64{lo, hi, int64(p.from), int64(p.to), int64(open), int64(today) - int64(r.OverdueGrace), int64(today) - int64(r.StaleDays)}
		},
		rows: forecastRows,
		ask:  (*ours).forecast, told: (*ours).forecastRows,
	},
	{
		name: "margin", target: 10,
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(i int) params { return d.regionOrAll(rng, i).quarter(quarterOf(today) - rng.Int64N(4)) })
		},
		sql: func(l dialect, _ *params) string {
			float := map[dialect]string{duck: "DOUBLE", lite: "REAL", postgres: "float8"}[l]
			quarter := func(q string) string { // one branch each: an IN would hide from DuckDB which row groups it may skip
				return `SELECT CAST(` + q + ` AS INTEGER), category, count(*), ` + sum(l, "amount") + `, ` + sum(l, "cost") + ` FROM sale
WHERE quarter = ` + q + ` AND region BETWEEN $1 AND $2 GROUP BY category
UNION ALL `
			}
			return quarter("$3") + quarter("$4") + quarter("$5") + `SELECT * FROM (SELECT 0, outlet, count(*), ` + sum(l, "amount") + ` a, ` + sum(l, "cost") + ` c FROM sale
WHERE quarter = $3 AND region BETWEEN $1 AND $2 GROUP BY outlet HAVING sum(amount) > 0
ORDER BY CAST(sum(cost) AS ` + float + `) / CAST(sum(amount) AS ` + float + `) DESC, outlet LIMIT 3) w`
		},
		args: func(_ *dims, p *params) []int64 {
			lo, hi := p.regions()
			q := quarterOf(p.from)
			return []int64{lo, hi, q, q - 1, q - 4}
		},
		ask: (*ours).margin, told: (*ours).marginRows,
	},
	{
		name: "ad_hoc", target: 1,
		sets: func(*dims, *rand.Rand) []params {
			return []params{{by: [2]int{0, 1}}, {by: [2]int{2, 3}}, {by: [2]int{1, 3}}, {by: [2]int{4, 1}}}
		},
		sql: func(l dialect, p *params) string {
			by := adHoc[p.by[0]] + ", " + adHoc[p.by[1]]
			return `SELECT ` + by + `, count(*), ` + sum(l, "minutes") + ` FROM touch GROUP BY ` + by
		},
		args: func(*dims, *params) []int64 { return nil },
		ask:  (*ours).adHoc, told: (*ours).adHocRows,
	},
	{
		name: "matrix", target: 4, limit: 3, // of any two months
		sets: func(d *dims, rng *rand.Rand) []params {
			last := monthOf(today) - 1
			return repeat(func(i int) params {
				to := last - rng.Int64N(10)
				from := to - 1 - rng.Int64N(12)
				return d.regionOrAll(rng, i).span(monthEnd(from)+1, monthEnd(to))
			})
		},
		sql: migrationSQL,
		args: func(_ *dims, p *params) []int64 {
			lo, hi := p.regions()
			to := monthOf(p.to)
			return []int64{lo, hi, monthOf(p.from), to, to - 11} // the flow beside it is that of the last twelve months
		},
		ask: (*ours).migration, told: (*ours).migrationRows,
	},
	{
		name: "rescore", limit: 16, only: "duckdb",
		sets: func(d *dims, rng *rand.Rand) []params {
			return repeat(func(i int) params { return d.weighing(rng, i, true) })
		},
		sql:  func(_ dialect, p *params) string { return rescoreSQL(p) },
		args: func(_ *dims, p *params) []int64 { lo, hi := p.regions(); return []int64{lo, hi} },
		ask:  (*ours).rescore, told: (*ours).rescoreRows, ready: func(o *ours, p *params) { o.board(p) },
	},
	{
		name: "replay", limit: 3000, only: "duckdb", heavy: true,
		sets: func(d *dims, rng *rand.Rand) []params {
			return []params{d.weighing(rng, 0, false), d.weighing(rng, 1, false)}
		},
		sql:  func(_ dialect, p *params) string { return replaySQL(p) },
		args: func(*dims, *params) []int64 { return nil },
		ask:  (*ours).replay, told: (*ours).replayRows,
	},
}

// adHoc are the columns by which touches are grouped.
var adHoc = [...]string{"industry", "channel", "topic", "sentiment", "province"}

func repeat(one func(i int) params) (sets []params) {
	for i := range setCount {
		sets = append(sets, one(i))
	}
	return sets
}

func (d *dims) region(rng *rand.Rand) params {
	n := 1 + rng.Int64N(int64(len(d.regions.list)-1))
	return params{scope: analytics.Scope{Node: d.regions.list[n]}, level: 1, code: n}
}

func (d *dims) team(rng *rand.Rand) params {
	n := 1 + rng.Int64N(int64(len(d.teams.list)-1))
	return params{scope: analytics.Scope{Node: d.teams.list[n]}, level: 2, code: n}
}

// regionOrAll asks about the company in every second set.
func (d *dims) regionOrAll(rng *rand.Rand, i int) params {
	if i%2 == 0 {
		return params{}
	}
	return d.region(rng)
}

func (p params) span(from, to store.Day) params {
	p.from, p.to = from, to
	p.scope.Period = analytics.Period{From: from, To: to}
	return p
}

func (p params) quarter(q int64) params            { return p.span(quarterDays(q)) }
func (p params) days(last store.Day, n int) params { return p.span(last-store.Day(n)+1, last) }

func regionDays(_ *dims, p *params) []int64 {
	lo, hi := p.regions()
	return []int64{lo, hi, int64(p.from), int64(p.to)}
}

// sum adds up as a 64-bit integer: DuckDB's and PostgreSQL's sums are wider.
func sum(l dialect, what string) string {
	if l == lite {
		return "sum(" + what + ")"
	}
	return "CAST(sum(" + what + ") AS BIGINT)"
}

// median selects twice the median of days by stage: twice, so that the mean of the middle two is whole.
func median(l dialect, kind, stage, days, from string) string {
	switch l {
	case duck:
		return "SELECT " + kind + ", " + stage + ", count(*), CAST(2 * median(" + days + ") AS BIGINT), 0 FROM " + from + " GROUP BY 2 HAVING count(*) > 0"
	case postgres:
		return "SELECT " + kind + ", " + stage + ", count(*), CAST(2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY " + days + ") AS BIGINT), 0 FROM " + from + " GROUP BY 2 HAVING count(*) > 0"
	}
	// SQLite has no median: count each length, then find the middle ones in the running total.
	return "SELECT " + kind + ", stage_, max(total), min(CASE WHEN up > (total - 1) / 2 THEN days_ END) + min(CASE WHEN up > total / 2 THEN days_ END), 0 FROM (" +
		"SELECT stage_, days_, sum(n) OVER (PARTITION BY stage_ ORDER BY days_) up, sum(n) OVER (PARTITION BY stage_) total FROM (" +
		"SELECT " + stage + " stage_, " + days + " days_, count(*) n FROM " + from + " GROUP BY 1, 2)) GROUP BY stage_"
}

// forecastRows rolls people up to the nodes above them and adds the quotas. It is not timed: the databases get the roll-up for nothing.
// level, node, quota (-1 none), closed, commit, best case, pipeline, omitted, weighted, deals, won, overdue, stale.
func forecastRows(d *dims, p *params, rows [][]int64) [][]int64 {
	at := map[[2]int64][]int64{}
	node := func(level, code int64) []int64 {
		k := [2]int64{level, code}
		if at[k] == nil {
			at[k] = make([]int64, 13)
			at[k][0], at[k][1], at[k][2] = level, code, -1
		}
		return at[k]
	}
	for _, r := range rows {
		if r[0] >= 10 {
			node(r[0]-10, r[1])[2] = r[2]
			continue
		}
		above := place{person: r[1]}
		if r[1] < int64(len(d.people.list)) {
			above = d.person[d.people.list[r[1]]]
		}
		for level, code := range []int64{0, above.region, above.team, above.person} {
			if level == 0 || code > 0 {
				n := node(int64(level), code)
				for i, v := range r[2:] {
					n[3+i] += v
				}
			}
		}
	}
	out := make([][]int64, 0, len(at))
	for _, n := range at {
		n[8] = n[3] + halfEven(n[8], 100)
		if n[0] >= p.level { // else the whole, beside the one region asked about
			out = append(out, n)
		}
	}
	return out
}

// halfEven divides n ≥ 0, rounded half to even.
func halfEven(n, by int64) int64 {
	q, r := n/by, n%by
	if 2*r > by || 2*r == by && q%2 == 1 {
		q++
	}
	return q
}

// migrationSQL is the matrix of two month ends, and the flow of months.
func migrationSQL(l dialect, _ *params) string {
	return `SELECT 0, coalesce(a.grade, 0), b.grade, count(*), ` + sum(l, "b.value") + `, 0, 0 FROM standing b
LEFT JOIN (SELECT account, grade FROM standing WHERE region BETWEEN $1 AND $2 AND month = $3 - 1) a ON a.account = b.account
WHERE b.region BETWEEN $1 AND $2 AND b.month = $4 GROUP BY 2, 3
UNION ALL SELECT 1, month, ` + sum(l, "CASE WHEN before > 0 AND grade < before THEN 1 ELSE 0 END") + `, ` + sum(l, "CASE WHEN before > 0 AND grade > before THEN 1 ELSE 0 END") +
		`, ` + sum(l, "CASE WHEN before = 0 THEN 1 ELSE 0 END") + `, ` + sum(l, "CASE WHEN before > 0 AND grade < before THEN value ELSE 0 END") +
		`, ` + sum(l, "CASE WHEN before > 0 AND grade > before THEN value ELSE 0 END") + ` FROM standing
WHERE region BETWEEN $1 AND $2 AND month BETWEEN $5 AND $4 GROUP BY month`
}
