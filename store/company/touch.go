package company

import (
	"math"
	"slices"

	"flightdeck/store"
)

// talk is what is talked about in a stage.
type talk struct{ topics, facts, topicsEn, factsEn []string }

var (
	talks = [...]talk{
		{words("初次接触 公司介绍 需求摸底 行业案例"), []string{"介绍了同行业案例", "对方在用某国产系统，合同年底到期", "目前没有明确预算", "项目由信息中心牵头", "对方希望先看资料", "了解到今年有技改计划"},
			[]string{"first contact", "introduction", "discovery"}, []string{"shared two references", "their current contract ends this year", "no budget yet", "IT owns the topic"}},
		{words("需求调研 预算确认 决策链梳理 现场勘查"), []string{"确认需要对接现有ERP", "预算走技改专项", "最终由分管副总拍板", "现场有三条产线需要改造", "数据要求本地部署", "要求一期先做两个车间"},
			[]string{"requirements", "budget", "decision chain", "site survey"}, []string{"ERP integration is a must", "budget comes from the retrofit programme", "data has to stay on premises", "the VP decides"}},
		{words("方案演示 技术交流 案例参观 接口讨论"), []string{"演示了报警联动与报表", "对方问了十几个接口问题", "客户对移动端很感兴趣", "希望看到同等规模的案例", "质疑系统的响应速度", "主任全程参加并提问"},
			[]string{"demo", "technical exchange", "interfaces"}, []string{"alarm handling was liked", "a dozen questions on interfaces", "asked for a reference of the same size", "doubts about response time"}},
		{words("POC启动 POC进展 测试问题 验收指标"), []string{"环境搭建比计划晚两天", "采集点位已全部接通", "压力测试通过", "防火墙策略还没放开", "测试报告待客户签字", "现场工程师反映协议不兼容"},
			[]string{"POC kick-off", "POC progress", "test findings"}, []string{"all points are connected", "the load test passed", "firewall rules are still pending", "a protocol does not match"}},
		{words("报价沟通 比价说明 技术参数 预算批复"), []string{"对方认为比竞品高一成", "已递交分项报价", "采购要求补充资质文件", "预算批复走到财务", "希望分两年付款", "要求延长质保一年"},
			[]string{"quote", "price comparison", "parameters"}, []string{"we are ten percent above the rival", "itemised quote handed in", "asked for payment over two years", "wants a longer warranty"}},
		{words("合同条款 付款方式 法务审核 高层会面"), []string{"付款比例三三四基本谈定", "法务对违约条款有异议", "总经理表态支持", "盖章流程已启动", "等董事会下周过会", "数据安全条款还在修改"},
			[]string{"contract terms", "payment terms", "legal review"}, []string{"payment terms are settled", "legal objects to the penalty clause", "the general manager supports us", "the board meets next week"}},
	}
	careTalk = talk{words("客户回访 运维巡检 续约沟通 回款跟进 满意度回访"), []string{"系统运行稳定", "有两个工单超时未关", "提出新增模块的想法", "回款流程已提交财务", "换了新的设备科科长", "对服务响应速度满意", "账号使用人数比上月少"},
		[]string{"check-in", "renewal", "service review"}, []string{"the system runs well", "two tickets are overdue", "interested in another module", "fewer users than last month"}}

	channelVerbs = [...][]string{
		store.ChannelOther:   {"沟通"},
		store.ChannelVisit:   {"上门拜访", "到现场", "拜访客户"},
		store.ChannelCall:    {"电话沟通", "电话跟进", "语音通话"},
		store.ChannelWeChat:  {"微信沟通", "微信回复", "群里沟通"},
		store.ChannelEmail:   {"邮件往来", "邮件确认"},
		store.ChannelMeeting: {"召开会议", "线上会议", "三方会议"},
		store.ChannelDemo:    {"现场演示", "远程演示"},
	}
	channelVerbsEn = [...]string{"Talked", "Visited", "Called", "Chatted", "Mailed", "Met", "Demonstrated"}
	moods          = [...][]string{
		store.SentimentUnknown:  {""},
		store.SentimentNegative: {"，态度较冷淡", "，对进度不满", "，提到竞品更便宜", "，暂不愿推进"},
		store.SentimentNeutral:  {"", "，需再确认", "，等内部讨论"},
		store.SentimentPositive: {"，反馈积极", "，愿意推进", "，认可方案", "，主动约下次时间"},
	}
	moodsEn  = [...]string{"", ", not pleased", ", to be confirmed", ", well received"}
	followZh = []string{"", "", "。下周再跟进", "。明天补充资料", "。约周五复盘", "。月底前给答复", "。需要技术支持配合", "。待对方回话"}
	followEn = []string{"", "", ". Follow up next week", ". Send documents tomorrow", ". They will come back"}

	channelShare = [...]float64{0, .2, .27, .28, .11, .1, .04}
	minutesUsual = [...]float64{15, 75, 9, 6, 5, 50, 70}
)

// touch makes one touch, and says when it was written down. mood is -1 to 1.
func (g *gen) touch(c *chance, a *account, id, deal store.ID, rep int, at int64, t *talk, mood float64) (row store.Touch, logged int64) {
	who := &g.people[rep]
	ch := store.Channel(c.weigh(channelShare[:]))
	minutes := int(math.Ceil(minutesUsual[ch] * c.spread(.45)))
	row = store.Touch{ID: id, Account: a.id, Deal: deal, Rep: who.id, At: instant(at), Channel: ch, Minutes: minutes}
	logged = at + int64(minutes)*60
	switch u := c.Float64(); {
	case u < who.prompt:
		logged = at + min(int64(minutes)*60, 300) + c.Int64N(540)
	case u < who.prompt+.6*(1-who.prompt):
		logged += 900 + c.Int64N(5*3600)
	default:
		logged = midnight(dayOf(at)+1) + clock(8, 30) + c.Int64N(10*3600)
	}
	switch u := c.Float64(); {
	case u > .55+.45*who.prompt:
	case u < .18-.16*mood:
		row.Sentiment = store.SentimentNegative
	case u < .55-.25*mood:
		row.Sentiment = store.SentimentNeutral
	default:
		row.Sentiment = store.SentimentPositive
	}
	for range 3 {
		k := &a.contacts[c.IntN(len(a.contacts))]
		if !k.avoided && c.yes(.3+float64(k.influence)/150) {
			row.Contact = k.id
			break
		}
	}
	if a.english {
		row.Topic = pick(c, t.topicsEn)
		row.Note = channelVerbsEn[ch] + ": " + pick(c, t.factsEn) + moodsEn[row.Sentiment] + pick(c, followEn)
	} else {
		row.Topic = pick(c, t.topics)
		row.Note = pick(c, channelVerbs[ch]) + "，" + pick(c, t.facts) + pick(c, moods[row.Sentiment]) + pick(c, followZh)
	}
	if !c.yes(.35 + .6*who.prompt) {
		row.Topic = ""
	}
	if ch == store.ChannelVisit || ch == store.ChannelDemo || ch == store.ChannelMeeting && c.yes(.5) {
		row.Area = a.area
		row.Lat, row.Lng = round5(a.lat+.0006*c.NormFloat64()), round5(a.lng+.0007*c.NormFloat64())
	}
	row.Logged = instant(logged)
	row.Seen = row.Logged
	return row, logged
}

// Expected touches per deal and account before scaling to Size.Touches, measured on the generator (TestCompany_Sizes holds them near the truth).
const (
	touchesPerDeal    = 9.2
	touchesPerAccount = 9.7
)

// touchScale is by what the natural number of touches is multiplied to come to Size.Touches.
func (g *gen) touchScale() float64 {
	natural := touchesPerDeal*float64(g.size.Deals) + touchesPerAccount*float64(g.size.Accounts)*float64(g.today-g.start)/730
	return float64(g.size.Touches) / natural
}

// dealTouches makes the touches of a deal, from its beginning until it is decided or its rep stops caring.
func (g *gen) dealTouches(c *chance, p *plan, out *store.Records) {
	end, fate := g.end, 0.
	if last := g.path[len(g.path)-1]; last.stage >= stageWon {
		end, fate = last.at, 1
		if last.stage == stageLost {
			fate = -1
		}
	}
	quiet := end
	if p.stalled != 0 {
		quiet = min(quiet, p.stalled)
	}
	days := float64(quiet-p.created) / daySeconds
	n := c.count(g.touched * .95 * math.Pow(max(days, .3), .62) * g.people[p.owner].diligence * p.chatty)
	g.moments = g.moments[:0]
	for range n {
		g.moments = append(g.moments, g.span.moment(c, p.created, quiet))
	}
	slices.Sort(g.moments)
	id, k := g.id('d', p.n+1, 0, 0), 0
	for i, at := range g.moments {
		for k+1 < len(g.path) && g.path[k+1].at <= at {
			k++
		}
		rep := g.ownerAt(p, at)
		if t := g.people[rep].team; t >= 0 && c.yes(.04) {
			rep = g.teams[t].people[0]
		}
		mood := fate * float64(at-p.created) / float64(end-p.created)
		row, logged := g.touch(c, p.account, g.id('d', p.n+1, 't', i+1), id, rep, at, &talks[min(g.path[k].stage, stageNegotiation)], mood)
		if logged <= g.now { // else nobody knows of it yet
			out.Touches = append(out.Touches, row)
		}
	}
	if g.people[p.owner].diligence < .25 && days > 20 && c.yes(.2) {
		g.sit(c, p, id, n, quiet, out)
	}
}

// sit makes what looks like visits and is none: three days running in one building, half a day each, and nothing to report.
func (g *gen) sit(c *chance, p *plan, id store.ID, n int, quiet int64, out *store.Records) {
	first := dayOf(p.created) + 2 + store.Day(c.IntN(10))
	for k := range 3 {
		at := midnight(first+store.Day(k)) + clock(10, 0) + c.Int64N(3600)
		minutes := c.between(245, 330)
		logged := at + int64(minutes)*60 + 300
		if logged > g.now || logged > quiet {
			return
		}
		out.Touches = append(out.Touches, store.Touch{
			ID: g.id('d', p.n+1, 't', n+k+1), Account: p.id, Deal: id, Rep: g.people[g.ownerAt(p, at)].id, At: instant(at), Logged: instant(logged),
			Seen: instant(logged), Minutes: minutes, Channel: store.ChannelVisit, Topic: "客户拜访", Area: p.area,
			Lat: round5(p.lat + .0002*c.NormFloat64()), Lng: round5(p.lng + .0002*c.NormFloat64()),
		})
	}
}

// care makes the touches of a customer outside any deal.
func (g *gen) care(c *chance, a *account, out *store.Records) {
	from := midnight(max(g.start, a.created+1))
	n := c.count(g.touched * 12 * float64(g.end-from) / daySeconds / 730 * a.chatty)
	g.moments = g.moments[:0]
	for range n {
		g.moments = append(g.moments, g.span.moment(c, from, g.end))
	}
	slices.Sort(g.moments)
	for i, at := range g.moments {
		rep := g.holder(a.owner, dayOf(at))
		if c.Float64() > g.people[rep].diligence {
			continue
		}
		if row, logged := g.touch(c, a, g.id('a', a.i+1, 't', i+1), "", rep, at, &careTalk, .2); logged <= g.now {
			out.Touches = append(out.Touches, row)
		}
	}
}

// proof is a document that a stage asks for.
type proof struct {
	stage       int
	kind, title string
	share       float64 // how often it is there
	ext         string
}

var proofs = [...]proof{
	{stageQualified, "mail", "需求确认邮件", .6, ".eml"},
	{stageDemo, "minutes", "技术交流会议纪要", .65, ".docx"},
	{stagePOC, "minutes", "POC启动会纪要", .7, ".docx"},
	{stageQuoted, "price_comparison", "比价表", .84, ".xlsx"},
	{stageQuoted, "parameters", "技术参数文件", .86, ".pdf"},
	{stageQuoted, "case", "同类案例附件", .78, ".pdf"},
	{stageNegotiation, "mail", "商务条款确认邮件", .7, ".eml"},
	{stageNegotiation, "contract", "合同修订稿", .6, ".docx"},
	{stageWon, "contract", "双方盖章合同", .96, ".pdf"},
}

// prove makes the documents that were attached when a deal came to a stage, or soon after, or in some cases never.
func (g *gen) prove(c *chance, p *plan, out *store.Records) {
	n := 0
	side := g.side.set(g.Seed, laneSign, uint64(p.n)) // a lane of its own: a signature more must not change what else happens
	for i, st := range g.path {
		for _, d := range proofs {
			if d.stage != st.stage {
				continue
			}
			until := g.until(i)
			if st.stage == stageWon {
				until = min(g.end, st.at+10*daySeconds)
			}
			late := c.ExpFloat64() * 2 * daySeconds
			if !c.yes(d.share+.06*p.quality) || until-st.at < 3 {
				continue
			}
			at := min(st.at+1+int64(late), until-1)
			if d.kind == "contract" && i > 0 && st.stage < stageWon && side.yes(.12) { // the lawyers began before the terms were agreed
				at = max(g.path[i-1].at+1, st.at-int64(side.between(1, 9))*daySeconds)
			}
			owner := g.ownerAt(p, at)
			signer := g.signer(side, d.kind, owner, p.yuan)
			n++
			if at > g.now {
				continue
			}
			id := g.id('d', p.n+1, 'e', n)
			out.Evidence = append(out.Evidence, store.Evidence{
				ID: id, Deal: g.id('d', p.n+1, 0, 0), Kind: d.kind, Title: p.short + " " + d.title, URL: "https://crm.haichuan.example/files/" + id.Native() + d.ext,
				By: g.people[owner].id, Signer: signer, At: instant(at), Seen: instant(at),
			})
		}
	}
}

// Up to which amount, in CNY, a rep, a team lead and a regional manager may sign. The director signs anything.
var maySign = [...]float64{200_000, 1_000_000, 5_000_000}

// signer returns who signed a document about so much: whoever may, but in one case of eight somebody a level below; "" for what is not signed, or not said to be.
func (g *gen) signer(c *chance, kind string, owner int, yuan float64) store.PersonID {
	if kind != "contract" {
		return ""
	}
	unsaid, below := c.yes(.15), c.yes(.125)
	level := 0
	for level < len(maySign) && yuan > maySign[level] {
		level++
	}
	if below && level > 0 {
		level--
	}
	who := &g.people[owner]
	switch {
	case unsaid:
		return ""
	case level == 0:
		return who.id
	case level == 1 && who.team >= 0:
		return g.people[g.teams[who.team].people[0]].id
	case level <= 2:
		return g.people[1+who.region].id
	}
	return g.people[0].id
}
