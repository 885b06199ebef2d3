package main

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"flightdeck/store"
	"flightdeck/store/company"

	"github.com/shopspring/decimal"
)

const seed = 1

// now is fixed, in the middle of a quarter: the same company in every run. 15:00 in Shanghai.
var now = time.Date(2026, 5, 20, 7, 0, 0, 0, time.UTC)

var (
	zone  = time.FixedZone("Asia/Shanghai", 8*3600)
	today = store.DayOf(now, zone)
)

var sizes = map[string]company.Size{
	"demo":  company.Demo,
	"small": {Regions: 8, Teams: 20, Reps: 200, Accounts: 20_000, Deals: 100_000, Touches: 2_000_000, Sales: 2_000_000, Quarters: 8, Months: 24},
	"full":  company.Full,
	// As many customers as the full organisation has, and little else: what grading is measured with.
	"grading": {Regions: 8, Teams: 40, Reps: 400, Accounts: 200_000, Deals: 200_000, Touches: 400_000, Sales: 2_000_000, Quarters: 8, Months: 24},
}

// generate streams the company. Blocks are reused.
func generate(size company.Size, yield func(*store.Records) error) error {
	return company.Generate(company.Config{Seed: seed, Now: now, Size: size}, yield)
}

// table is one relation of the databases; every column is an integer.
type table struct {
	name string
	cols []column
	// sorted is how a column store lies on disk; index are the covering indices of a row store.
	sorted string
	index  []string
	only   string // the peer that has it alone; empty: all
}

// column has the narrowest type that holds its values, by DuckDB's and PostgreSQL's name.
type column struct{ name, typ string }

func cols(list ...string) (c []column) {
	for i := 0; i < len(list); i += 2 {
		c = append(c, column{list[i], list[i+1]})
	}
	return c
}

// The tables, in the order of the codes below. Code 0 stands for "none"; company, regions, teams and people have codes of their own each.
const (
	tableDeal = iota
	tableReach
	tableStay
	tableTouch
	tableStanding
	tableSale
	tableQuota
	tableInput
)

var tables = [...]table{
	// kind: 0 open, 1 won, 2 lost. part: of the forecast, 0 none, 1 commit … 4 omitted. due: the actual close of a closed deal, the promised one of an
	// open one. cycle: days from beginning to close. sign: the last day on which anything happened.
	{"deal", cols("region", "smallint", "person", "integer", "stage", "smallint", "kind", "smallint", "part", "smallint", "probability", "smallint",
		"due", "integer", "value", "bigint", "cycle", "integer", "sign", "integer"), "region, due",
		[]string{"region, kind, due, stage, value, cycle", "region, kind, due, person, part, probability, value, sign"}, ""},
	// A deal that first reached a stage on a day, and what has become of it since.
	{"reach", cols("region", "smallint", "stage", "smallint", "day", "integer", "advanced", "smallint", "lost", "smallint"), "region, day, stage",
		[]string{"region, day, stage, advanced, lost"}, ""},
	// A completed stay in an open stage that ended on a day.
	{"stay", cols("region", "smallint", "stage", "smallint", "day", "integer", "days", "integer"), "region, day, stage", []string{"region, day, stage, days"}, ""},
	// week: Mondays since 1969-12-29. slot: weekday from Monday × 24 + hour; -1 when the hour is unknown. minutes: how long it took.
	{"touch", cols("team", "smallint", "day", "integer", "week", "smallint", "slot", "smallint", "province", "smallint", "city", "smallint", "district", "smallint",
		"channel", "smallint", "sentiment", "smallint", "topic", "smallint", "industry", "smallint", "minutes", "smallint"), "team, day, slot",
		[]string{"team, day, slot", "team, day, week, province, city, district"}, ""},
	// A graded account at a month's end: its grade (1 the best), the one a month before, and its sales over the 365 days up to then.
	{"standing", cols("region", "smallint", "month", "integer", "account", "integer", "grade", "smallint", "before", "smallint", "value", "bigint"), "region, month, account",
		[]string{"region, month, account, grade, before, value"}, ""},
	{"sale", cols("region", "smallint", "quarter", "integer", "category", "smallint", "outlet", "integer", "amount", "bigint", "cost", "bigint"), "quarter, region, outlet",
		[]string{"quarter, region, category, outlet, amount, cost"}, ""},
	{"quota", cols("region", "smallint", "level", "smallint", "node", "integer", "day", "integer", "amount", "bigint"), "region, day", []string{"region, day, level, node, amount"}, ""},
	// What was known of an account at a month's end (month 0: as of today): whether it was there, whether a value is too old so that its grade stays, its revenue, its sales over the
	// year up to then, its grade as of today (0 the best, -1 none), and what was measured last, in tenths.
	{"input", append(cols("region", "smallint", "account", "integer", "month", "integer", "there", "smallint", "hold", "smallint", "revenue", "bigint", "year", "bigint",
		"prior", "smallint"), measures()...), "account, month", nil, "duckdb"},
}

func measures() (c []column) {
	for _, name := range measured {
		c = append(c, column{name, "integer"})
	}
	return c
}

// sink takes the rows of the tables.
type sink interface {
	add(table int, row ...int64) error
}

// checksum is a sink that keeps nothing: it tells whether a database that was built before holds the same rows.
type checksum struct {
	rows int64
	sum  uint64
}

func (c *checksum) add(table int, row ...int64) error {
	h := uint64(table) + 1
	for _, v := range row {
		h = bits.RotateLeft64(h, 5) ^ uint64(v)
		h *= 0x9e3779b97f4a7c15
	}
	c.rows++
	c.sum += h
	return nil
}

func (c *checksum) String() string { return fmt.Sprintf("%d rows, %016x", c.rows, c.sum) }

// codes numbers words from 1 as they come; the empty one is 0.
type codes[T ~string] struct {
	of   map[T]int64
	list []T
}

func (c *codes[T]) code(s T) int64 {
	if s == "" {
		return 0
	}
	n, ok := c.of[s]
	if !ok {
		if c.of == nil {
			c.of, c.list = map[T]int64{}, []T{""}
		}
		n = int64(len(c.list))
		c.of[s] = n
		c.list = append(c.list, s)
	}
	return n
}

// place is where a person hangs.
type place struct{ region, team, person int64 }

// dims are the words that codes stand for. The same stream gives the same codes.
type dims struct {
	regions, teams, people               codes[store.ID]
	stages                               codes[store.ID] // in funnel order
	stage                                []store.Stage   // by code - 1
	industries, topics, outlets, classes codes[string]
	provinces, cities, districts         codes[string]
	unit                                 map[store.ID]place
	person                               map[store.ID]place
	class                                map[store.ID]int64 // product → category
	home                                 map[int64]string   // team → a district where it goes
}

func newDims() *dims {
	return &dims{unit: map[store.ID]place{}, person: map[store.ID]place{}, class: map[store.ID]int64{}, home: map[int64]string{}}
}

// frame takes what comes before the accounts: parents stand before children.
func (d *dims) frame(r *store.Records) {
	for _, u := range r.Units {
		at := d.unit[u.Parent]
		switch u.Kind {
		case store.UnitRegion:
			at.region = d.regions.code(u.ID)
		case store.UnitTeam:
			at.team = d.teams.code(u.ID)
		}
		d.unit[u.ID] = at
	}
	for _, p := range r.People {
		at := d.unit[p.Unit]
		at.person = d.people.code(p.ID)
		d.person[p.ID] = at
	}
	for _, s := range r.Stages {
		d.stages.code(s.ID)
		d.stage = append(d.stage, s)
	}
	for _, p := range r.Products {
		d.class[p.ID] = d.classes.code(p.Category)
	}
}

// node returns the level (0 company … 3 person) and the code of an org node.
func (d *dims) node(id store.ID) (level, code, region int64) {
	if p, ok := d.person[id]; ok {
		return 3, p.person, p.region
	}
	u := d.unit[id]
	switch {
	case u.team > 0:
		return 2, u.team, u.region
	case u.region > 0:
		return 1, u.region, u.region
	}
	return 0, 0, 0
}

var rates = func() map[store.Currency]decimal.Decimal {
	m := map[store.Currency]decimal.Decimal{}
	for c, r := range company.Org().Rates {
		m[c] = decimal.RequireFromString(r)
	}
	return m
}()

// yuan returns m in fen, rounded half to even.
func yuan(m store.Money) (int64, error) {
	if m.Currency == company.Org().Currency {
		return m.Minor, nil
	}
	r, ok := rates[m.Currency]
	if !ok {
		return 0, fmt.Errorf("convert %s: no rate; the benchmark's data wants amounts with rates", m)
	}
	return decimal.New(m.Minor, 0).Mul(r).RoundBank(0).IntPart(), nil
}

func quarterOf(d store.Day) int64 { y, m, _ := d.Date(); return int64(y)*4 + int64(m-1)/3 }
func monthOf(d store.Day) int64   { y, m, _ := d.Date(); return int64(y)*12 + int64(m-1) }

// quarterDays and monthEnd undo quarterOf and monthOf.
func quarterDays(q int64) (from, to store.Day) {
	return store.Date(int(q/4), time.Month(q%4*3+1), 1), store.Date(int(q/4), time.Month(q%4*3+4), 1) - 1
}
func monthEnd(m int64) store.Day { return store.Date(int(m/12), time.Month(m%12+2), 1) - 1 }

// gradeCode: A is 1.
func gradeCode(g store.Grade) int64 {
	if g == "" {
		return 0
	}
	return int64(g[0]-'A') + 1
}

// sortByAt sorts history by moment.
func sortByAt(c []*store.Change) {
	slices.SortStableFunc(c, func(a, b *store.Change) int { return a.At.Compare(b.At) })
}
