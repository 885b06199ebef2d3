package rule

import (
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics/rule/document"
	"flightdeck/store"
)

// Forecast is the section by which forecasts are judged. Several analyses read it, so it stands here.
type Forecast struct {
	Credibility Credibility `yaml:"credibility"`
	Decay       Decay       `yaml:"decay"`
	DualTrack   DualTrack   `yaml:"dual_track"`
	Tender      Tender      `yaml:"tender"`
	Deviation   Deviation   `yaml:"deviation"`
	Clustering  Clustering  `yaml:"clustering"`
	Triage      Triage      `yaml:"triage"`
}

// Credibility is how much of a deal's stage is backed by evidence (四阶可信度): 100 % less what is lost.
type Credibility struct {
	Steps []Step `yaml:"steps"` // in their order
	// Order is lost for each later step whose evidence is older than an earlier step's: a contract revised before the commercial agreement.
	Order int `yaml:"order" bounds:"0..100" unit:"%"`
	// Authority says who may sign for how much, least first; Signer is lost when who signed may not.
	Authority []Authority `yaml:"authority"`
	Signer    int         `yaml:"signer" bounds:"0..100" unit:"%"`
	Red       int         `yaml:"red" bounds:"0..100" unit:"%"` // below it a deal is flagged
}

// MaxSteps bounds Credibility.Steps.
const MaxSteps = 12

// Step is one of the steps to a signature.
type Step struct {
	ID     string `yaml:"id"`
	Name   string `yaml:"name"`
	NameEn string `yaml:"name_en"`
	// Stages of the pipeline that claim the step. Where none is listed, those do whose planning probability is From or more.
	Stages []string `yaml:"stages,omitempty" known:"stage"`
	From   int      `yaml:"from" bounds:"0..100" unit:"%"`
	// Evidence are the kinds of document of which one at least must be there once the step is claimed; Lost is lost when none is.
	Evidence []string `yaml:"evidence"`
	Lost     int      `yaml:"lost" bounds:"0..100" unit:"%"`
}

// Authority is up to which amount somebody who leads a unit of this kind may sign.
type Authority struct {
	Level string           `yaml:"level" oneof:"person team region company"`
	UpTo  document.Decimal `yaml:"up_to,omitempty"` // in the organisation's currency; "": any amount
}

// Decay is what a promise is worth once its date has passed (预测衰减).
type Decay struct {
	Days   int `yaml:"days" bounds:"0..365" unit:"days"` // this many past the promised date without an update are excused
	Weight int `yaml:"weight" bounds:"0..100" unit:"%"`  // by which the amount counts then
}

// DualTrack compares a rep's versions with similar closed deals (双轨制).
type DualTrack struct {
	Sigma   float64 `yaml:"sigma" bounds:"0.5..6" unit:"σ"`        // further from the centre of the logarithms is red
	Similar int     `yaml:"similar" bounds:"3..1000" unit:"deals"` // fewer are no group; a coarser one is taken
}

// Tender is how notices are matched to open deals (采购节奏库).
type Tender struct {
	Weights map[string]float64 `yaml:"weights" bounds:"0..1"`              // of customer, product and region
	Suggest float64            `yaml:"suggest" bounds:"0..1"`              // a match from this score on is suggested
	Most    int                `yaml:"most" bounds:"1..1000" unit:"deals"` // of one notice, the likeliest
	Days    int                `yaml:"days" bounds:"1..36500" unit:"days"` // a notice older than this is not matched any more
	// Move is to which stage a notice of a kind (notice, award, plan) moves a deal: the first open one of this planning probability or more. A kind that is not listed moves none.
	Move map[string]int `yaml:"move" bounds:"0..100" unit:"%"`
}

// Deviation is the monthly report of misses (预测归因报告).
type Deviation struct {
	Top  int   `yaml:"top" bounds:"1..100" unit:"deals"`
	Tags []Tag `yaml:"tags"`
}

// Tag is a cause.
type Tag struct {
	ID     string   `yaml:"id"`
	Name   string   `yaml:"name"`
	NameEn string   `yaml:"name_en"`
	Words  []string `yaml:"words,omitempty"` // in topics and notes; case is ignored
}

// Clustering is the test for promises that follow the calendar and not the customer (压单 / 灌水).
type Clustering struct {
	Promised Days    `yaml:"promised"`                            // days of the month on which promises cluster
	Actual   Days    `yaml:"actual"`                              // and on which deals really close
	Deals    int     `yaml:"deals" bounds:"5..1000" unit:"deals"` // fewer say nothing
	Level    float64 `yaml:"level" bounds:"0.001..0.2"`           // of significance, as the rate of false findings among all
	Months   int     `yaml:"months" bounds:"1..60" unit:"months"` // looked back
	Over     int     `yaml:"over" bounds:"1..31" unit:"days"`     // a promise pushed to the first so many days of a quarter from before it is just over its end
	Rush     int     `yaml:"rush" bounds:"1..31" unit:"days"`     // a win in the last so many days of a quarter is late
}

// Days of a month, inclusive.
type Days struct {
	From int `yaml:"from" bounds:"1..31"`
	To   int `yaml:"to" bounds:"1..31"`
}

// Triage is the queue of red forecasts (红标分诊), in the order of money at risk × doubt.
type Triage struct {
	Weights  map[string]float64 `yaml:"weights" bounds:"0..10"`              // doubt by flag, one of [ForecastFlags]
	Answer   int                `yaml:"answer" bounds:"0..30" unit:"days"`   // in which a request for an update is to be answered
	Snooze   int                `yaml:"snooze" bounds:"1..90" unit:"days"`   // for which the snooze key leaves a flag alone
	Escalate int                `yaml:"escalate" bounds:"1..90" unit:"days"` // after which an open flag is on the director's board
	Enormous float64            `yaml:"enormous" bounds:"1..1000000"`        // times the largest deal ever won: an amount beyond is taken for a mistake
	Far      int                `yaml:"far" bounds:"30..20000" unit:"days"`  // a promise for later than this from now is taken for a mistake
}

// ForecastFlags are the flags of a forecast.
func ForecastFlags() []string {
	return []string{"overdue", "credibility", "off_cycle", "no_amount", "no_rate", "odd_amount", "no_date", "odd_date", "no_owner", "stale", "clustering"}
}

// ForecastSection is the section forecast. Its defaults are the figures that were promised.
var ForecastSection = NewSection("forecast", "credibility, decay, dual track, tenders, deviation, clustering, triage (可信预测)", defaultForecast, checkForecast)

func defaultForecast() *Forecast {
	return &Forecast{
		Credibility: Credibility{
			Steps: []Step{
				{ID: "lead", Name: "线索", NameEn: "Lead", From: 0, Evidence: []string{}},
				{ID: "solution", Name: "方案确认", NameEn: "Solution confirmed", From: 40, Evidence: []string{"minutes", "parameters"}, Lost: 25},
				{ID: "commercial", Name: "商务谈妥", NameEn: "Commercial terms agreed", From: 60, Evidence: []string{"mail", "price_comparison"}, Lost: 30},
				{ID: "legal", Name: "法务闭环", NameEn: "Legal closed", From: 80, Evidence: []string{"contract"}, Lost: 35},
			},
			Order:     15,
			Authority: []Authority{{"person", "200000"}, {"team", "1000000"}, {"region", "5000000"}, {"company", ""}},
			Signer:    20, Red: 50,
		},
		Decay:     Decay{Days: 3, Weight: 60},
		DualTrack: DualTrack{Sigma: 2, Similar: 8},
		Tender:    Tender{Weights: map[string]float64{"customer": 0.6, "product": 0.25, "region": 0.15}, Suggest: 0.6, Most: 5, Days: 180, Move: map[string]int{"plan": 20, "notice": 50, "award": 80}},
		Deviation: Deviation{Top: 10, Tags: []Tag{
			{ID: "customer_delay", Name: "客户决策延迟", NameEn: "customer decision delay", Words: []string{"推迟", "延期", "搁置", "预算未批", "预算批复", "预算取消", "过会", "内部讨论", "暂不", "postpone", "delay", "budget", "on hold", "board meets"}},
			{ID: "internal_resources", Name: "内部资源错配", NameEn: "internal resource mismatch", Words: []string{"排期", "资源", "人手", "交付能力", "比计划晚", "技术支持", "超时未关", "resource", "capacity", "overdue"}},
			{ID: "competitor", Name: "竞争对手", NameEn: "competitor", Words: []string{"竞品", "对手", "友商", "competitor", "rival"}},
			{ID: "price", Name: "价格", NameEn: "price", Words: []string{"价格", "折扣", "降价", "高一成", "更便宜", "太贵", "price", "discount", "expensive", "cheaper"}},
			{ID: "legal", Name: "法务条款", NameEn: "legal", Words: []string{"条款", "法务", "违约", "盖章", "legal", "clause", "liability"}},
			{ID: "technical", Name: "技术不符", NameEn: "technical mismatch", Words: []string{"技术不匹配", "不兼容", "测试问题", "响应速度", "防火墙", "客户自研", "protocol", "response time", "does not match"}},
			{ID: "people", Name: "关键人变动", NameEn: "key people changed", Words: []string{"离职", "换了新", "调岗", "has left", "new manager"}},
			{ID: "other", Name: "其他", NameEn: "other"},
		}},
		Clustering: Clustering{Promised: Days{25, 30}, Actual: Days{8, 12}, Deals: 20, Level: 0.05, Months: 24, Over: 10, Rush: 7},
		Triage: Triage{Weights: map[string]float64{"overdue": 1, "credibility": 1, "off_cycle": 0.8, "no_amount": 0.6, "no_rate": 0.6, "odd_amount": 1, "no_date": 0.6,
			"odd_date": 0.8, "no_owner": 0.6, "stale": 0.5, "clustering": 0.3}, Answer: 2, Snooze: 7, Escalate: 7, Enormous: 10, Far: 1095},
	}
}

func checkForecast(f *Forecast, r *Report) {
	c := &f.Credibility
	ids := map[string]bool{}
	for i, s := range c.Steps {
		at := "credibility.steps[" + strconv.Itoa(i) + "]"
		if s.ID == "" || ids[s.ID] {
			r.Problem(at+".id", "%q: want a name of its own", s.ID)
		}
		ids[s.ID] = true
		if s.Name == "" || s.NameEn == "" {
			r.Problem(at+".name", "want name and name_en")
		}
		if i > 0 && len(s.Stages) == 0 && s.From < c.Steps[i-1].From {
			r.Problem(at+".from", "%d: want no less than the step before it has (%d)", s.From, c.Steps[i-1].From)
		}
		if len(s.Evidence) == 0 && s.Lost > 0 {
			r.Problem(at+".evidence", "want one kind of document or more, since %d %% are lost without", s.Lost)
		}
	}
	if len(c.Steps) == 0 || len(c.Steps) > MaxSteps {
		r.Problem("credibility.steps", "%d steps; want 1 to %d", len(c.Steps), MaxSteps)
	}
	last := store.Money{}
	for i, a := range c.Authority {
		at := "credibility.authority[" + strconv.Itoa(i) + "].up_to"
		m, err := a.UpTo.Money("XXX")
		switch {
		case err != nil:
			r.Problem(at, "%v", err)
		case a.UpTo == "" && i < len(c.Authority)-1:
			r.Problem(at, "want an amount for all but the last")
		case a.UpTo != "" && m.Minor <= last.Minor:
			r.Problem(at, "%s: want more than 0, and more than the level before it may sign for", a.UpTo)
		}
		last = m
	}
	words := func(field string, m map[string]float64, known []string) {
		for _, k := range sorted(m) {
			if !slices.Contains(known, k) {
				r.Problem(field+"."+store.Clip(k, 40), "unknown; want one of %s", strings.Join(known, ", "))
			}
		}
	}
	words("tender.weights", f.Tender.Weights, []string{"customer", "product", "region"})
	for _, k := range sorted(f.Tender.Move) {
		if t, err := store.ParseTenderKind(k); err != nil || t == store.TenderAmendment {
			r.Problem("tender.move."+store.Clip(k, 40), "unknown; want one of notice, award, plan")
		}
	}
	words("triage.weights", f.Triage.Weights, ForecastFlags())
	tags := map[string]bool{}
	for i, t := range f.Deviation.Tags {
		at := "deviation.tags[" + strconv.Itoa(i) + "]"
		if t.ID == "" || tags[t.ID] {
			r.Problem(at+".id", "%q: want a name of its own", t.ID)
		}
		tags[t.ID] = true
		if t.Name == "" || t.NameEn == "" {
			r.Problem(at+".name", "want name and name_en")
		}
	}
	for field, d := range map[string]Days{"clustering.promised": f.Clustering.Promised, "clustering.actual": f.Clustering.Actual} {
		if d.From > d.To {
			r.Problem(field+".from", "%d: want no more than to (%d)", d.From, d.To)
		}
	}
}
