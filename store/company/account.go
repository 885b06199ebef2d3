package company

import (
	"math"
	"strconv"

	"flightdeck/store"
)

// account is what the generator knows of a customer while it makes the rest.
type account struct {
	i        int
	id       store.ID
	owner    int // when the account was won; see gen.holder
	ind      *industry
	city     *city
	area     string
	lat, lng float64
	short    string
	english  bool
	currency store.Currency
	revenue  float64 // million CNY
	created  store.Day
	contacts []contact
	chatty   float64   // how much the customer is touched, 1 usual
	health   int       // the newest score
	felt     store.Day // of the newest score
	grade    store.Grade
}

type contact struct {
	id        store.ID
	influence int
	avoided   bool // nobody of us talks to them
}

// holder returns who of us has the business that was n's on day d.
func (g *gen) holder(n int, d store.Day) int {
	if g.people[n].gone(d) {
		return g.people[n].heir
	}
	return n
}

// account makes the i-th account with all that belongs to it.
func (g *gen) account(i int, out *store.Records) *account {
	c := g.c.set(g.Seed, laneAccount, uint64(i))
	a := g.customer(c, i, out)
	g.contacts(c, a, out)
	g.feelHealth(c, a, out)
	g.care(c, a, out)
	g.baseSales(c.set(g.Seed, laneSale, uint64(i)), a, out)
	for n := g.deals[i]; n < g.deals[i+1]; n++ {
		g.deal(a, int(n), out)
	}
	return a
}

func (g *gen) customer(c *chance, i int, out *store.Records) *account {
	a := &account{i: i, id: g.id('a', i+1, 0, 0), owner: g.owner(c), currency: "CNY", chatty: c.spread(.4)}
	p := &g.people[a.owner]
	where := p.region
	var n int
	if p.team >= 0 {
		n = pick(c, g.teams[p.team].cities)
	} else {
		n = c.IntN(len(regions[where].cities))
	}
	a.city = &regions[where].cities[n]
	a.ind = &industries[c.weigh(industryWeights[:])]
	language := c.weigh([]float64{.80, .13, .07})
	if a.ind.name == "政府" {
		language = 0
	}
	a.english = language == 1
	if a.english && c.yes(.3) {
		a.currency = "USD"
	}
	var full string
	full, a.short = customerName(c, i, a.ind, a.city, language)
	a.revenue = max(3, min(80_000, 260*c.spread(1.35)))
	district := c.IntN(len(a.city.districts))
	a.area = a.city.area(district)
	// Districts lie around the centre; the customer lies within its district.
	angle := float64(district)*2.4 + a.city.lat
	a.lat = round5(a.city.lat + .07*math.Sin(angle) + .012*c.NormFloat64())
	a.lng = round5(a.city.lng + .08*math.Cos(angle) + .014*c.NormFloat64())
	if c.yes(.72) {
		a.created = g.start - store.Day(c.between(30, 2200))
	} else {
		a.created = g.start + store.Day(c.IntN(int(g.today-g.start)-25))
	}
	modified := g.span.moment(g.side.set(g.Seed, laneReplay, ^uint64(i)), max(midnight(a.created)+clock(9, 0), g.now-200*daySeconds), g.now-3600)
	row := store.Account{
		ID: a.id, Name: full, Owner: g.people[g.holder(a.owner, g.today)].id, Industry: a.ind.name, Region: regions[where].name, City: a.city.name,
		Staff: int(max(8, a.revenue*(.6+1.8*c.Float64()))), Created: a.created, Modified: instant(modified),
	}
	// Revenue is known to the nearest of its two leading digits.
	unit := math.Pow(10, math.Floor(math.Log10(a.revenue))-1)
	a.revenue = math.Round(a.revenue/unit) * unit
	row.Revenue = store.Money{Minor: int64(math.Round(a.revenue*1e4)) * 10_000, Currency: "CNY"}
	if i > 20 && c.yes(.03) {
		row.Parent = g.id('a', 1+c.IntN(i-1), 0, 0)
	}
	out.Accounts = append(out.Accounts, row)
	return a
}

func round5(x float64) float64 { return math.Round(x*1e5) / 1e5 }

func (g *gen) contacts(c *chance, a *account, out *store.Records) {
	n := 2 + min(3, int(c.spread(.6)))
	for k := range n {
		r := &roles[k]
		p := store.Contact{
			ID: g.id('a', a.i+1, 'k', k+1), Account: a.id, Name: chineseName(c), Role: r.zh, Influence: min(100, max(5, r.influence+c.between(-12, 10))),
			Email: "k" + strconv.Itoa(k+1) + "@a" + strconv.Itoa(a.i+1) + ".example",
			Phone: "021-5550-" + strconv.Itoa(1000+(a.i*7+k*1327)%9000),
		}
		if a.english {
			p.Name, p.Role = pick(c, firstNames)+" "+pick(c, lastNames), r.en
		}
		a.contacts = append(a.contacts, contact{p.ID, p.Influence, k == 0 && c.yes(.25)})
		out.Contacts = append(out.Contacts, p)
	}
}

// The grading rule of this company. Both figures in it stand in the data: the health row and the account's yearly revenue.
const gradeRule = "客户分级 v3: 综合分 = 0.6×健康度 + 0.4×规模分; A≥66 B≥55 C≥44; 越线2分生效"

var gradeLines = [...]struct {
	grade store.Grade
	line  int // in tenths
}{{"A", 660}, {"B", 550}, {"C", 440}, {"D", 0}}

// sizeScore rates a yearly revenue in million CNY: 0 at one million, 20 more for each power of ten, at most 100.
func sizeScore(million float64) int {
	return int(math.Round(max(0, min(100, 20*math.Log10(max(million, 1))))))
}

// index is the figure that decides on a grade, in tenths.
func index(health, size int) int { return 6*health + 4*size }

// gradeFor applies the rule. A step up or down needs two points beyond the line, so that nobody swings from month to month.
func gradeFor(from store.Grade, index int) store.Grade {
	at := func(x int) int {
		for i, l := range gradeLines {
			if x >= l.line {
				return i
			}
		}
		return len(gradeLines) - 1
	}
	if from == "" {
		return gradeLines[at(index)].grade
	}
	was := int(from[0] - 'A')
	if up := at(index - 20); up < was {
		return gradeLines[up].grade
	}
	if down := at(index + 20); down > was {
		return gradeLines[down].grade
	}
	return from
}

func tenths(x int) string { return strconv.Itoa(x/10) + "." + strconv.Itoa(x%10) }

// gradeCause says why a grade moved, with the figures that decided.
func gradeCause(from store.Grade, was, health, size int, note string) string {
	sum := "综合分 " + tenths(index(health, size))
	if from == "" {
		return "首次分级: 健康度 " + strconv.Itoa(health) + ", 规模分 " + strconv.Itoa(size) + ", " + sum
	}
	return "健康度 " + strconv.Itoa(was) + " 变为 " + strconv.Itoa(health) + " (" + note + "), " + sum
}

// What the health index is made of.
var components = [...]struct {
	name         string
	share        float64
	weak, strong string
}{
	{"usage", .3, "系统登录频率下降", "使用深度持续提升"},
	{"tickets", .2, "工单响应不满", "工单按时关闭"},
	{"payment", .2, "回款逾期", "回款及时"},
	{"relation", .2, "关键人联系减少", "关键人互动增加"},
	{"renewal", .1, "续约意向走弱", "表达增购意向"},
}

// feelHealth makes an account's health history, by month and for the last quarter by week, and the grades that follow from it.
func (g *gen) feelHealth(c *chance, a *account, out *store.Records) {
	var level, mean [len(components)]float64
	base := 62 + 15*c.NormFloat64()
	for k := range mean {
		mean[k] = max(15, min(97, base+9*c.NormFloat64()))
		level[k] = mean[k] + 6*c.NormFloat64()
	}
	trend := 7 * c.NormFloat64() / 365
	size, last, before := sizeScore(a.revenue), store.NoDay, 0
	decided := level // at the last decision
	rows, steps, whole := 0, 0, g.fix(a)
	g.vigour = g.vigour[:0]
	from := max(g.healthStart(), a.created+7)
	for d := monthEnd(from); d < g.today; d = g.nextHealth(d) {
		gap := float64(30)
		if last != store.NoDay {
			gap = float64(d - last)
		}
		keep := math.Exp(-gap / 75)
		shock, push := -1, 0.
		if c.yes(.0016 * gap) {
			shock, push = c.IntN(len(components)), -25-30*c.Float64()
			if c.yes(.4) {
				push = 18 + 20*c.Float64()
			}
		}
		score, far, note := 0., -1., ""
		for k := range level {
			mean[k] = max(10, min(98, mean[k]+trend*gap))
			level[k] = mean[k] + (level[k]-mean[k])*keep + 7*math.Sqrt(1-keep*keep)*c.NormFloat64()
			if k == shock || shock >= 0 && c.yes(.5) {
				level[k] += push
			}
			level[k] = max(0, min(100, level[k]))
			score += components[k].share * level[k]
			if dev := components[k].share * math.Abs(level[k]-60); dev > far {
				far, note = dev, components[k].weak
				if level[k] > 60 {
					note = components[k].strong
				}
			}
		}
		h := int(math.Round(score))
		if at := midnight(d) + clock(23, 30); at <= g.now {
			rows++
			out.Health = append(out.Health, store.Health{ID: g.id('a', a.i+1, 'h', rows), Account: a.id, Day: d, Score: h, Note: note, Seen: instant(at)})
			g.measure(a, rows, d, &level, &whole, out)
			a.health, a.felt = h, d
		}
		last = d
		if d != monthEnd(d) {
			continue
		}
		g.vigour = append(g.vigour, felt{d, vigour(&level)})
		// Grades are decided in the night after the month's end.
		if at := midnight(d+1) + clock(2, 0) + int64(a.i%3600); at <= g.now {
			if to := gradeFor(a.grade, index(h, size)); to != a.grade {
				steps++
				note := moved(&decided, &level, h >= before)
				out.Grades = append(out.Grades, store.GradeChange{
					ID: g.id('a', a.i+1, 'g', steps), Account: a.id, From: a.grade, To: to, Cause: gradeCause(a.grade, before, h, size, note),
					Rule: gradeRule, At: instant(at), Seen: instant(at),
				})
				a.grade = to
			}
			before, decided = h, level
		}
	}
}

// moved names the component that did most for the index to rise or to fall.
func moved(was, is *[len(components)]float64, up bool) string {
	best, note := math.Inf(-1), ""
	for k, part := range components {
		d, text := part.share*(is[k]-was[k]), part.strong
		if !up {
			d, text = -d, part.weak
		}
		if d > best {
			best, note = d, text
		}
	}
	return note
}

// nextHealth returns the day of the health row after d: the month's end, and in the last quarter also each Sunday.
func (g *gen) nextHealth(d store.Day) store.Day {
	next := monthEnd(d + 1)
	if week := d + 7 - store.Day(d.Weekday()); week >= g.today-91 && week < next {
		return week
	}
	if d < g.today-91 && next > g.today-84 {
		if s := g.today - 91 + store.Day((7-int((g.today-91).Weekday()))%7); s > d && s < next {
			return s
		}
	}
	return next
}
