package company

import (
	"math"
	"slices"

	"flightdeck/store"
)

// step is one stop on a deal's way through the stages.
type step struct {
	at    int64
	stage int
}

// event is a change of one of a deal's fields; what value means depends on the field: a stage's or a person's number, fen, a day, a category.
type event struct {
	at    int64
	field store.Field
	value int64
}

// How a deal usually goes: median days in each open stage, and the share that is lost there. The planning probabilities of the stages are a
// little off from what these give, as they are in life.
var (
	stageDays = [...]float64{8, 12, 11, 20, 10, 12}
	stageLoss = [...]float64{.32, .26, .21, .16, .17, .16}
)

var (
	lostReasons = words("价格过高 竞品中标 预算取消 需求搁置 决策延期 技术不匹配 关键人离职 客户自研")
	competitors = words("远恒自控 明塔科技 赛仑智造 Brixon Hexlane")
	leads       = words("老客户推荐 官网咨询 行业展会 渠道伙伴 招标公告 电话拓客 老客户增购")
	nextSteps   = [...][]string{
		{"确认项目负责人", "发送公司与案例介绍", "约首次拜访", "核实预算来源"},
		{"梳理需求清单", "约技术交流会", "确认决策链", "收集现场参数"},
		{"安排方案演示", "邀请信息中心主任参加", "准备同行案例", "答复技术疑问"},
		{"搭建POC环境", "跟进测试报告", "协调研发解决接口问题", "确认验收指标"},
		{"递交比价说明", "约采购谈价格", "补交技术参数表", "等待预算批复"},
		{"推进合同条款", "法务审核合同", "确认付款方式", "约总经理会面"},
		{"安排启动会"},
		{"三个月后回访"},
	}
)

// plan is a deal while it is simulated.
type plan struct {
	*account
	n        int
	product  int
	amount   int64 // fen, as first entered
	yuan     float64
	owner    int
	created  int64
	slow     float64
	stalled  int64 // when the rep stopped caring; 0 never
	style    int
	quality  float64
	promised store.Day // as first entered
}

// deal simulates the n-th deal and makes its rows. The plan depends on the day only; facts after g.now are left out.
func (g *gen) deal(a *account, n int, out *store.Records) {
	c := g.c.set(g.Seed, laneDeal, uint64(n))
	p := plan{account: a, n: n, owner: a.owner}
	from := max(g.start, a.created+1)
	p.created = g.span.moment(c, midnight(from)+clock(8, 30), g.end)
	if c.yes(.07) {
		p.owner = g.colleague(c, p.owner)
	}
	p.owner = g.holder(p.owner, dayOf(p.created))
	o := &g.people[p.owner]
	p.style, p.quality = o.style, o.quality
	p.product = c.weigh(productWeights[:])
	p.yuan = float64(products[p.product].price) * a.ind.amount * math.Pow(a.revenue/260, .12) * c.spread(.6)
	p.yuan = max(8_000, p.yuan)
	p.amount = p.entered(p.yuan)
	p.slow = a.ind.cycle * math.Pow(p.yuan/250_000, .16) * (1.08 - .1*p.quality)
	g.evs = g.evs[:0]
	stall := c.yes(.11)
	g.walk(c, &p, stall)
	g.promise(c, &p)
	g.price(c, &p)
	g.call(c, &p)
	g.handOver(c, &p)
	slices.SortStableFunc(g.evs, func(x, y event) int { return int(x.at - y.at) })
	if p.created > g.now {
		return
	}
	g.replay(g.side.set(g.Seed, laneReplay, uint64(n)), &p, out)
	g.prove(c, &p, out)
	g.dealTouches(c, &p, out)
	g.tender(g.side.set(g.Seed, laneTender, uint64(n)), &p, out)
}

// entered rounds an amount in CNY as people enter it and converts it to the account's currency, in its minor units.
func (p *plan) entered(yuan float64) int64 {
	if p.currency == "USD" {
		yuan /= 7.1
	}
	unit := 100.
	if yuan >= 100_000 {
		unit = 1000
	}
	return int64(max(1, math.Round(yuan/unit))*unit) * 100
}

func (g *gen) add(at int64, f store.Field, v int64) { g.evs = append(g.evs, event{at, f, v}) }

// until returns when the i-th step of the path ends.
func (g *gen) until(i int) int64 {
	if i+1 < len(g.path) {
		return g.path[i+1].at
	}
	return g.end
}

// within returns a moment shortly after step i began, before it ends.
func (g *gen) within(c *chance, i int) int64 {
	return min(g.path[i].at+60+c.Int64N(1200), g.until(i)-1)
}

// walk makes the way through the stages until the deal is decided or today ends.
func (g *gen) walk(c *chance, p *plan, stall bool) {
	g.path = append(g.path[:0], step{p.created, stageLead})
	stallAt, reopened, back := c.IntN(stageWon), false, false
	for s, at := 0, p.created; at < g.end && len(g.path) < 24; {
		days := stageDays[s] * p.slow * c.spread(.6)
		next := s + 1
		switch adj := 1 - .2*p.quality; {
		case stall && s >= stallAt && p.stalled == 0:
			p.stalled = at + int64(days*daySeconds)
			days += 40 + 110*c.ExpFloat64()
			next = stageLost
		case c.yes(stageLoss[s] * adj):
			next = stageLost
		case s == stageLead && c.yes(.07), s == stageDemo && (p.yuan < 120_000 && c.yes(.5) || c.yes(.12)):
			next = s + 2
		case s == stageQuoted && p.yuan < 100_000 && c.yes(.3):
			next = stageWon
		case !back && (s == stageNegotiation && c.yes(.07) || s == stagePOC && c.yes(.06)):
			next, back = s-1, true
		}
		day := dayOf(at) + store.Day(math.Round(days))
		if next == stageWon {
			day = g.season(c, p, day, dayOf(at))
		}
		at = g.span.office(c, day, at)
		g.path = append(g.path, step{at, next})
		if next == stageLost && !reopened && c.yes(.035) {
			reopened = true
			s, p.stalled, stall = pick(c, []int{stageQualified, stageQuoted, stageQuoted}), 0, false
			at = g.span.office(c, dayOf(at)+store.Day(c.between(15, 90)), at)
			g.path = append(g.path, step{at, s})
			continue
		}
		if next >= stageWon {
			break
		}
		s = next
	}
	for len(g.path) > 1 && g.path[len(g.path)-1].at >= g.end {
		g.path = g.path[:len(g.path)-1]
	}
	for _, s := range g.path {
		g.add(s.at, store.FieldStage, int64(s.stage))
	}
}

// season moves the day of a signature: many are pulled to the end of a quarter; those who sandbag sign early in a month.
func (g *gen) season(c *chance, p *plan, day, after store.Day) store.Day {
	end, past := quarterOf(day, 1)-1, quarterOf(day, 0)-1
	switch {
	case p.style == styleSandbag && c.yes(.55):
		day = monthOf(day+12) + store.Day(c.between(7, 11))
	case end-day < 30 && c.yes(.5):
		day = end - store.Day(c.ExpFloat64()*2.5)
	case day-past <= 14 && c.yes(.5) && past-4 > after:
		day = past - store.Day(c.IntN(4))
	}
	for g.span.at(day) <= .5 {
		day--
	}
	return max(day, after+1)
}

// snap moves a promised date to where people like to put it: the 25th to the 30th, or the month's last day.
func (g *gen) snap(c *chance, d, after store.Day) store.Day {
	switch u := c.Float64(); {
	case u < .5:
		d = monthOf(d) + store.Day(c.between(24, 29))
		if e := monthEnd(d - 15); d > e {
			d = e
		}
	case u < .7:
		d = monthEnd(d)
	}
	return max(d, after+2)
}

// estimate is the date a rep promises on day d with the deal in stage s.
func (g *gen) estimate(c *chance, p *plan, d store.Day, s int) store.Day {
	left := 0.
	for _, days := range stageDays[s:] {
		left += days
	}
	bias := 1.15
	switch p.style {
	case styleSandbag:
		bias = 1.8
	case stylePad:
		bias = .6
	}
	return g.snap(c, d+store.Day(left*p.slow*bias*c.spread(.3)), d)
}

// promise makes the promised close dates: set at the start, looked at again when the stage moves, pushed when they pass, often too late or never.
func (g *gen) promise(c *chance, p *plan) {
	date := g.estimate(c, p, dayOf(p.created), 0)
	p.promised = date
	for i, st := range g.path {
		if st.stage >= stageWon {
			date = dayOf(st.at)
			g.add(st.at, store.FieldClose, int64(date))
			continue
		}
		reopened := i > 0 && g.path[i-1].stage == stageLost
		if reopened {
			date = g.estimate(c, p, dayOf(st.at), st.stage)
			g.add(st.at, store.FieldClose, int64(date))
		}
		until, last := g.until(i), st.at
		if i > 0 && !reopened && (date <= dayOf(st.at) || c.yes(.3)) {
			date, last = g.estimate(c, p, dayOf(st.at), st.stage), g.within(c, i)
			g.add(last, store.FieldClose, int64(date))
		}
		if p.stalled != 0 {
			until = min(until, p.stalled)
		}
		careless := .26
		if p.quality < 0 {
			careless = .55
		}
		for !c.yes(careless) { // else the date passes and nobody says so
			late := c.between(-4, 2)
			if p.quality < 0 {
				late = c.between(0, 12)
			}
			at := g.span.office(c, date+store.Day(late), last)
			if at >= until {
				break
			}
			far := c.between(14, 50)
			if p.style == stylePad {
				far = c.between(6, 22)
			}
			date, last = g.snap(c, max(date, dayOf(at))+store.Day(far), dayOf(at)), at
			g.add(at, store.FieldClose, int64(date))
		}
	}
}

// price makes the changes of the amount: a first guess, corrected with the quote, negotiated down, and raised at the end by those who sandbag.
func (g *gen) price(c *chance, p *plan) {
	yuan := p.yuan
	for i, st := range g.path {
		was := yuan
		switch {
		case st.stage == stageQuoted && c.yes(.6):
			yuan *= c.spread(.2)
		case st.stage == stageNegotiation && c.yes(.65):
			yuan *= .97 - .13*c.Float64()
		case st.stage == stageWon && p.style == styleSandbag && c.yes(.6):
			yuan *= 1.12 + .3*c.Float64()
		case st.stage == stageWon && c.yes(.2):
			yuan *= .92 + .1*c.Float64()
		case st.stage < stageWon && i > 0 && c.yes(.08):
			yuan *= c.spread(.3)
		}
		if yuan == was {
			continue
		}
		at := st.at
		if st.stage < stageWon {
			at = g.within(c, i)
		}
		g.add(at, store.FieldAmount, p.entered(yuan))
	}
}

// call makes the rep's forecast category along the way.
func (g *gen) call(c *chance, p *plan) {
	commit, best := .6, .6
	switch p.style {
	case styleSandbag:
		commit, best = .08, .3
	case stylePad:
		commit, best = .9, .9
	}
	for i, st := range g.path {
		v := store.CategoryPipeline
		switch {
		case st.stage == stageWon:
			v = store.CategoryCommit
		case st.stage == stageLost:
			v = store.CategoryOmitted
		case st.stage == stageNegotiation && c.yes(commit):
			v = store.CategoryCommit
		case st.stage >= stageQuoted && c.yes(best), p.style == stylePad && st.stage == stagePOC && c.yes(.5):
			v = store.CategoryBestCase
		}
		at := st.at
		if st.stage < stageWon && i > 0 {
			at = g.within(c, i)
		}
		g.add(at, store.FieldCategory, int64(v))
	}
	if p.stalled != 0 && c.yes(.3) {
		at, end := p.stalled+30*daySeconds, g.end
		if last := g.path[len(g.path)-1]; last.stage >= stageWon {
			end = last.at
		}
		if at < end {
			g.add(at, store.FieldCategory, int64(store.CategoryOmitted))
		}
	}
}

// handOver gives a few deals to a colleague, and those of people who leave to whoever takes over.
func (g *gen) handOver(c *chance, p *plan) {
	end := g.end
	if last := g.path[len(g.path)-1]; last.stage >= stageWon {
		end = last.at
	}
	if left := g.people[p.owner].left; left != store.NoDay {
		if at := g.span.office(c, left, p.created); at < end {
			g.add(at, store.FieldOwner, int64(g.people[p.owner].heir))
		}
		return
	}
	if c.yes(.05) && end-p.created > 10*daySeconds {
		g.add(g.span.moment(c, p.created+5*daySeconds, end), store.FieldOwner, int64(g.colleague(c, p.owner)))
	}
}
