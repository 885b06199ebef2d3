package company

import (
	"math"
	"sort"
	"strconv"

	"flightdeck/store"
)

// gen holds what all accounts share: the frame and the dates. It is used by one goroutine.
type gen struct {
	Config
	size   Size
	prefix string
	now    int64 // local seconds
	today  store.Day
	end    int64     // the end of today: plans reach to here, facts to now
	first  store.Day // first day of the first quarter
	start  store.Day // when the first deals begin, some time before first
	span   span
	c      *chance
	side   *chance // for what depends on now, so that the plan itself does not

	teams   []team
	people  []person
	reach   []float64 // cumulative weights of people, for choosing an account's owner
	deals   []int32   // deals[i] is the number of the first deal of account i
	touched float64   // touches per unit of expected touching
	evs     []event   // scratch of deal
	path    []step    // scratch of deal
	moments []int64   // scratch of touches
	outlets []string  // scratch of sales
	vigour  []felt    // of the present account, by month
}

type team struct {
	region int
	name   string
	cities []int // of the region
	people []int // lead first
}

func newGen(cfg Config) (*gen, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &gen{Config: cfg, size: cfg.Size, prefix: string(cfg.Source) + ":", now: local(cfg.Now), c: newChance(), side: newChance()}
	g.today = dayOf(g.now)
	g.end = midnight(g.today + 1)
	g.first = quarterOf(g.today, 1-g.size.Quarters)
	g.start = g.first - 120
	g.span = newSpan(min(g.start, g.healthStart())-400, g.today+400)
	g.staff()
	g.shareDeals()
	g.touched = g.touchScale()
	return g, nil
}

func (g *gen) healthStart() store.Day {
	y, m, _ := g.today.Date()
	return store.Date(y, m, 1) - store.Day(30*(g.size.Months-1))
}

// shareDeals gives each account its number of deals: few customers have many, many have few.
func (g *gen) shareDeals() {
	n := g.size.Accounts
	cum := make([]float64, n+1)
	for i := range n {
		cum[i+1] = cum[i] + g.c.set(g.Seed, laneWeight, uint64(i)).spread(.6)
	}
	g.deals = make([]int32, n+1)
	for i := range cum {
		g.deals[i] = int32(math.Round(cum[i] / cum[n] * float64(g.size.Deals)))
	}
}

// id makes an ID such as demo:d1042.c3; kind2 0 leaves the second part out.
func (g *gen) id(kind byte, a int, kind2 byte, b int) store.ID {
	var buf [64]byte
	x := append(append(buf[:0], g.prefix...), kind)
	x = strconv.AppendInt(x, int64(a), 10)
	if kind2 != 0 {
		x = append(x, '.', kind2)
		x = strconv.AppendInt(x, int64(b), 10)
	}
	return store.ID(x)
}

// owner chooses whose an account is.
func (g *gen) owner(c *chance) int {
	return sort.SearchFloat64s(g.reach, c.Float64()*g.reach[len(g.reach)-1])
}

// The stages, in the order of the pipeline.
const (
	stageLead = iota
	stageQualified
	stageDemo
	stagePOC
	stageQuoted
	stageNegotiation
	stageWon
	stageLost
)

var stages = [...]store.Stage{
	{ID: "lead", Name: "线索", NameEn: "Lead", Probability: 10},
	{ID: "qualified", Name: "需求确认", NameEn: "Qualified", Probability: 20},
	{ID: "demo", Name: "方案演示", NameEn: "Demo", Probability: 35},
	{ID: "poc", Name: "POC测试", NameEn: "POC", Probability: 50},
	{ID: "quoted", Name: "已报价", NameEn: "Quoted", Probability: 65},
	{ID: "negotiation", Name: "商务谈判", NameEn: "Negotiation", Probability: 80},
	{ID: "won", Name: "赢单", NameEn: "Won", Kind: store.StageWon, Probability: 100},
	{ID: "lost", Name: "输单", NameEn: "Lost", Kind: store.StageLost},
}

type product struct {
	name, category string
	price          int64 // CNY
	weight         float64
	cost           float64 // share of the price
	months         int     // over how many months it is delivered and invoiced
	runs           bool    // is bought again month after month
}

var products = [...]product{
	{"HC-DCS 6000 分布式控制系统", "控制系统", 980_000, 5, .58, 3, false},
	{"HC-PLC 300 控制器套件", "控制系统", 160_000, 10, .55, 2, false},
	{"BAS Pro 楼宇自控平台", "控制系统", 390_000, 7, .52, 3, false},
	{"CleanAir 洁净环境控制系统", "控制系统", 620_000, 4, .56, 3, false},
	{"HaiMES 制造执行系统", "工业软件", 560_000, 8, .31, 5, false},
	{"HaiSCADA 监控平台", "工业软件", 290_000, 8, .29, 4, false},
	{"EMS 能源管理平台", "工业软件", 240_000, 9, .27, 4, false},
	{"PHM 设备健康管理", "工业软件", 210_000, 6, .3, 4, false},
	{"EdgeBox 边缘网关", "感知设备", 48_000, 9, .62, 1, true},
	{"无线温湿度传感套件", "感知设备", 30_000, 7, .64, 1, true},
	{"能耗采集终端", "感知设备", 36_000, 6, .63, 1, true},
	{"HaiData 数据中台", "数据与云", 480_000, 5, .35, 6, false},
	{"云端运维订阅", "数据与云", 98_000, 8, .22, 12, true},
	{"预测性维护订阅", "数据与云", 126_000, 6, .24, 12, true},
	{"年度维保服务", "专业服务", 86_000, 8, .48, 12, true},
	{"实施与培训", "专业服务", 64_000, 6, .57, 2, false},
}

var productWeights = func() (w [len(products)]float64) {
	for i, p := range products {
		w[i] = p.weight
	}
	return w
}()

// frame makes what comes before the accounts.
func (g *gen) frame(out *store.Records) {
	for i, s := range stages {
		s.Order = i + 1
		out.Stages = append(out.Stages, s)
	}
	g.units(out)
	for i, p := range products {
		out.Products = append(out.Products, store.Product{
			ID: g.id('s', i+1, 0, 0), Name: p.name, Category: p.category, Price: store.Money{Minor: p.price * 100, Currency: "CNY"},
		})
	}
}
