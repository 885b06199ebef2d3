package rule

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Grading is the section by which customers are graded: what goes in, how it is weighed, and what is done when something is wrong with it.
type Grading struct {
	// Decides says whose grades count: the sources', or what these rules make of the inputs.
	Decides string `yaml:"decides" oneof:"sources rules"`
	// Every says when all customers are judged anew: in the night after a month's end, every night, or whenever data came. Signals and new versions of these rules are
	// taken up at once.
	Every  string           `yaml:"every" oneof:"month day change"`
	Inputs map[string]Input `yaml:"inputs"`
	Health Health           `yaml:"health"`
	// Attributes are what the three factors are sums of: score = ability to pay × growth potential × cost to serve.
	Attributes []Attribute `yaml:"attributes"`
	// Preset names the weights to begin with, one of Presets; Weights go before the preset's.
	Preset     string                        `yaml:"preset"`
	Presets    map[string]map[string]float64 `yaml:"presets"`
	Weights    map[string]float64            `yaml:"weights,omitempty"`
	Lifetime   Lifetime                      `yaml:"lifetime"`
	Grades     []GradeLine                   `yaml:"grades"` // best first
	Hysteresis float64                       `yaml:"hysteresis" bounds:"0..20" unit:"points"`
	Guard      Guard                         `yaml:"guard"`
	Potential  Potential                     `yaml:"potential"`
	Playbook   []Play                        `yaml:"playbook"`
}

// Input is a number that is known of a customer. There is no default for one that is not.
type Input struct {
	Name   string `yaml:"name"`
	NameEn string `yaml:"name_en"`
	// From is where it comes from: reading.MEASURE, account.revenue, account.staff, account.extra.FIELD, or one of [DerivedInputs].
	From  string   `yaml:"from"`
	Unit  string   `yaml:"unit,omitempty"`
	Fresh int      `yaml:"fresh,omitempty" bounds:"0..3650" unit:"days"` // older values are stale; 0: they never are
	Min   *float64 `yaml:"min,omitempty"`                                // what lies outside is not believed
	Max   *float64 `yaml:"max,omitempty"`
	// Shift and Moved are this input's own limits in place of guard.shift and guard.moved, for one that swings by its nature, or that should hardly ever. 0: the guard's.
	Shift float64 `yaml:"shift,omitempty" bounds:"0..10"`
	Moved int     `yaml:"moved,omitempty" bounds:"0..100" unit:"% of customers"`
}

// DerivedInputs are the inputs that follow from deals, touches, sales lines and contacts: name → what it is.
func DerivedInputs() map[string]string {
	return map[string]string{
		"sales.year":      "amount of sales lines (or won deals, where there are none) in the trailing 365 days, in the organisation's currency",
		"sales.growth":    "sales.year against the 365 days before, in per cent; unknown without business before, or where the store's sales lines do not reach back that far",
		"sales.lifetime":  "value by lifetime: yearly fees × lifetime.multiple (at lifetime.renewal; by the customer's own lifetime.rate, if named) on subscription, else sales.year",
		"sales.quarter":   "amount of sales lines (or won deals) in the trailing 90 days, in the organisation's currency",
		"sales.silence":   "days since the last sales line (or won deal); unknown without one",
		"sales.months":    "in how many of the twelve spans of 30 days up to the day something was bought, 0 to 12",
		"deals.open":      "amount of open deals, in the organisation's currency",
		"touches.quarter": "touches in the trailing 90 days",
		"touches.silence": "days since the last touch",
		"contacts.known":  "people known at the customer",
		"account.age":     "days since the customer is known",
	}
}

// Health is the index of behaviours (客户健康度).
type Health struct {
	Behaviours []Behaviour `yaml:"behaviours"`
	Red        int         `yaml:"red" bounds:"0..100"`    // below it is red
	Yellow     int         `yaml:"yellow" bounds:"0..100"` // below it is yellow
}

// Behaviour is one of the things that the health index is made of: 0 at Worst, 100 at Best, in proportion between them.
type Behaviour struct {
	Input  string  `yaml:"input"`
	Worst  float64 `yaml:"worst"`
	Best   float64 `yaml:"best"`
	Weight float64 `yaml:"weight" bounds:"0..1"`
}

// Attribute is one summand of a factor.
type Attribute struct {
	ID     string  `yaml:"id"`
	Name   string  `yaml:"name"`
	NameEn string  `yaml:"name_en"`
	Factor string  `yaml:"factor" oneof:"pay growth cost"`
	Input  string  `yaml:"input,omitempty"`
	Expr   Expr    `yaml:"expr,omitempty" env:"inputs" returns:"number"` // in place of Input, over all inputs by name; slower
	Scale  string  `yaml:"scale,omitempty" oneof:"linear log"`           // "": linear
	Worst  float64 `yaml:"worst"`                                        // the value that counts 0; of a cost the highest
	Best   float64 `yaml:"best"`                                         // the value that counts 1
	Weight float64 `yaml:"weight" bounds:"0..1"`                         // within its factor, where neither the preset nor weights say another
	Max    float64 `yaml:"max" bounds:"0..1"`                            // the weight's upper bound
	Min    float64 `yaml:"min,omitempty" bounds:"0..1"`                  // and its lower bound
}

// Lifetime is how a customer on subscription is valued: by what it will bring, not by its last invoice.
type Lifetime struct {
	Subscription string  `yaml:"subscription"`                         // the input that holds the monthly fee
	Renewal      float64 `yaml:"renewal" bounds:"0..100" unit:"%"`     // of subscriptions that are renewed each year, usually
	Multiple     float64 `yaml:"multiple" bounds:"0..20" unit:"years"` // yearly fees × this is the value by lifetime at that rate
	// Rate is the input that holds a customer's own chance to renew, in per cent; "": every customer's is Renewal. See [Lifetime.Years].
	Rate string `yaml:"rate,omitempty"`
}

// Years is by how many yearly fees a subscription is valued whose chance to renew is rate per cent: Multiple at Renewal, and otherwise as a perpetuity that shrinks by whoever does not
// renew and is discounted by what Multiple implies, 1 / (1 + i − r) (S. Gupta, D. R. Lehmann, "Customers as assets", Journal of Interactive Marketing 17, 2003). Not a number: as Renewal.
func (l *Lifetime) Years(rate float64) float64 {
	if l.Multiple <= 0 || math.IsNaN(rate) {
		return l.Multiple
	}
	return min(maxMultiple, 1/max(1/l.Multiple+(l.Renewal-rate)/100, 1/maxMultiple))
}

// maxMultiple is the highest Multiple that the rules may name.
const maxMultiple = 20.

// minShift is the lowest index above which an input may be held: below it one population differs from itself by chance. At maxShift nothing is.
const minShift, maxShift = .05, 10.

// GradeLine is a grade and the score from which on a customer has it.
type GradeLine struct {
	Grade string  `yaml:"grade"`
	From  float64 `yaml:"from" bounds:"0..100"`
}

// Guard is when inputs are not believed.
type Guard struct {
	Vanished int     `yaml:"vanished" bounds:"1..100" unit:"% of customers"`  // an input that more of the new readings lack than this has gone, or was renamed
	Shift    float64 `yaml:"shift" bounds:"0.05..10"`                         // population stability index above which an input's distribution is held for a person
	Moved    int     `yaml:"moved" bounds:"1..100" unit:"% of customers"`     // whose values moved by more than half of the usual range at once: held for a person
	Least    int     `yaml:"least" bounds:"2..100000" unit:"customers"`       // fewer say nothing about a distribution
	Outage   int     `yaml:"outage" bounds:"0..720" unit:"hours"`             // for which a source of inputs may fail before people are told; 0: at once
	Unknown  int     `yaml:"unknown" bounds:"0..100" unit:"% of the weights"` // a customer of whom more is not known is not graded
}

// Potential is who is promoted as high potential (高潜).
type Potential struct {
	Health int  `yaml:"health" bounds:"0..100"`            // above it …
	Months int  `yaml:"months" bounds:"1..12"`             // … at so many month ends in a row
	Intent Expr `yaml:"intent" env:"deals" returns:"bool"` // and purchase intent
}

// Play is what customers of a grade are owed (分级资源配比).
type Play struct {
	Grade   string   `yaml:"grade"`
	Name    string   `yaml:"name"`
	NameEn  string   `yaml:"name_en"`
	Channel []string `yaml:"channel,omitempty"` // touches that count; none: any
	Every   int      `yaml:"every" bounds:"1..365" unit:"days"`
}

// Limits returns above which population stability index, and above which share of customers whose values moved (in per cent), an input is held for a person: its own limits,
// or the guard's. A guard that is opened as wide as it goes is open for all of them, so that [Unguarded] means it.
func (g *Grading) Limits(input string) (shift float64, moved int) {
	in := g.Inputs[input]
	shift, moved = g.Guard.Shift, g.Guard.Moved
	if in.Shift > 0 && shift < maxShift {
		shift = in.Shift
	}
	if in.Moved > 0 && moved < 100 {
		moved = in.Moved
	}
	return shift, moved
}

// Weight returns the weight in force of an attribute.
func (g *Grading) Weight(a *Attribute) float64 {
	if w, ok := g.Weights[a.ID]; ok {
		return w
	}
	if w, ok := g.Presets[g.Preset][a.ID]; ok {
		return w
	}
	return a.Weight
}

// GradingSection is the section grading. Its defaults are the figures that were promised, and measures as success management usually has them.
var GradingSection = NewSection("grading", "inputs, health, factors and weights, grades, guards, playbook (客户分级)", defaultGrading, checkGrading).WithEnvs(func(g *Grading) map[string]Env {
	inputs := Env{}
	for name := range g.Inputs {
		inputs[name] = 0.0
	}
	return map[string]Env{"inputs": inputs, "deals": PotentialEnv(g)}
})

// PotentialEnv are the inputs of Potential.Intent: every declared input, and what is known of the customer's open deals and signals.
func PotentialEnv(g *Grading) Env {
	e := Env{"open_deals": 0.0, "open_new_product": false, "signals": []string{}}
	for name := range g.Inputs {
		e[name] = 0.0
	}
	return e
}

func defaultGrading() *Grading {
	f := func(x float64) *float64 { return &x }
	measure := func(from, name, en, unit string, lo, hi float64) Input {
		return Input{Name: name, NameEn: en, From: from, Unit: unit, Fresh: 45, Min: f(lo), Max: f(hi)}
	}
	return &Grading{
		Decides: "sources", Every: "month",
		Inputs: map[string]Input{
			"logins":       measure("reading.logins", "登录频率", "log-ins", "per user and week", 0, 500),
			"depth":        measure("reading.depth", "功能深度", "feature depth", "%", 0, 100),
			"seats":        measure("reading.seats", "席位使用率", "seats in use", "%", 0, 100),
			"response":     measure("reading.response", "工单响应时间", "ticket response", "hours", 0, 1000),
			"tickets":      measure("reading.tickets", "未关闭工单", "open tickets", "tickets", 0, 10000),
			"ontime":       measure("reading.ontime", "工单按时关闭率", "tickets closed on time", "%", 0, 100),
			"late":         measure("reading.late", "回款逾期", "payment delay", "days", -365, 3650),
			"meetings":     measure("reading.meetings", "关键人会面", "meetings with deciders", "in 30 days", 0, 200),
			"silence":      measure("reading.silence", "关键人沉默", "silence of deciders", "days", 0, 3650),
			"training":     measure("reading.training", "培训人数", "people trained", "in the quarter", 0, 100000),
			"survey":       measure("reading.survey", "净推荐值", "net promoter score", "points", -100, 100),
			"renewal":      measure("reading.renewal", "续约意向", "intent to renew", "%", 0, 100),
			"integration":  measure("reading.integration", "集成复杂度", "integration complexity", "points", 0, 100),
			"chain":        measure("reading.chain", "决策链长度", "levels that decide", "levels", 0, 50),
			"cycle":        measure("reading.cycle", "复购周期", "repurchase cycle", "days", 0, 3650),
			"subscription": measure("reading.subscription", "月订阅费", "monthly fee", "CNY", 0, 1e9),
			"revenue":      {Name: "客户年营收", NameEn: "customer's revenue", From: "account.revenue", Unit: "CNY", Min: f(0), Max: f(1e13)},
			"bought":       {Name: "年采购额", NameEn: "bought in a year", From: "sales.lifetime", Unit: "CNY", Min: f(-1e12), Max: f(1e12)},
			"growth":       {Name: "采购增长", NameEn: "growth of purchases", From: "sales.growth", Unit: "%", Min: f(-100), Max: f(1e6)},
		},
		Health: Health{Behaviours: []Behaviour{
			{"logins", 0, 20, .12}, {"depth", 10, 80, .12}, {"seats", 20, 95, .1}, {"response", 48, 2, .08}, {"tickets", 15, 0, .06}, {"ontime", 50, 100, .06},
			{"late", 60, 0, .12}, {"meetings", 0, 6, .08}, {"silence", 60, 3, .08}, {"training", 0, 12, .04}, {"survey", -40, 70, .06}, {"renewal", 20, 95, .08},
		}, Red: 40, Yellow: 60},
		Attributes: []Attribute{
			{ID: "scale", Name: "客户规模", NameEn: "customer's size", Factor: "pay", Input: "revenue", Scale: "log", Worst: 1e6, Best: 1e10, Weight: .35, Max: 1},
			{ID: "value", Name: "终身价值", NameEn: "lifetime value", Factor: "pay", Input: "bought", Scale: "log", Worst: 1e3, Best: 1e7, Weight: .4, Max: 1},
			{ID: "payment", Name: "付款守信", NameEn: "payment discipline", Factor: "pay", Input: "late", Worst: 60, Best: 0, Weight: .25, Max: 1},
			{ID: "renewal", Name: "续费率", NameEn: "renewal", Factor: "growth", Input: "renewal", Worst: 0, Best: 100, Weight: .25, Max: .6},
			{ID: "usage", Name: "使用深度", NameEn: "usage", Factor: "growth", Input: "depth", Worst: 0, Best: 90, Weight: .25, Max: 1},
			{ID: "adoption", Name: "席位使用", NameEn: "adoption", Factor: "growth", Input: "seats", Worst: 0, Best: 100, Weight: .15, Max: 1},
			{ID: "trend", Name: "采购增长", NameEn: "growth", Factor: "growth", Input: "growth", Worst: -50, Best: 100, Weight: .2, Max: .5},
			{ID: "repurchase", Name: "复购周期", NameEn: "repurchase cycle", Factor: "growth", Input: "cycle", Worst: 400, Best: 20, Weight: .15, Max: .3},
			{ID: "integration", Name: "集成复杂度", NameEn: "integration complexity", Factor: "cost", Input: "integration", Worst: 100, Best: 0, Weight: .3, Max: .6},
			{ID: "chain", Name: "决策链长度", NameEn: "decision chain", Factor: "cost", Input: "chain", Worst: 8, Best: 1, Weight: .3, Max: .7},
			{ID: "support", Name: "服务负担", NameEn: "support load", Factor: "cost", Input: "tickets", Worst: 20, Best: 0, Weight: .4, Max: 1},
		},
		Preset: "general",
		Presets: map[string]map[string]float64{
			"general":       {},
			"education":     {"renewal": .40, "usage": .25, "adoption": .2, "trend": .1, "repurchase": .05},
			"manufacturing": {"integration": .35, "chain": .25, "support": .4},
			"government":    {"chain": .50, "integration": .25, "support": .25, "payment": .15, "scale": .45, "value": .4},
			"retail":        {"repurchase": .25, "trend": .25, "renewal": .15, "usage": .2, "adoption": .15, "value": .5, "scale": .25},
			"medical":       {"chain": .4, "integration": .3, "support": .3, "payment": .2, "scale": .4, "value": .4},
			"finance":       {"payment": .35, "scale": .35, "value": .3, "integration": .4, "chain": .3, "support": .3},
			"software":      {"renewal": .35, "usage": .3, "adoption": .2, "trend": .1, "repurchase": .05},
		},
		Lifetime: Lifetime{Subscription: "subscription", Renewal: 81, Multiple: 3.2},
		Grades:   []GradeLine{{"A", 62}, {"B", 52}, {"C", 40}, {"D", 0}}, Hysteresis: 2,
		Guard:     Guard{Vanished: 50, Shift: .25, Moved: 50, Least: 30, Outage: 2, Unknown: 40},
		Potential: Potential{Health: 85, Months: 2, Intent: Inline("open_new_product")},
		Playbook: []Play{
			{Grade: "A", Name: "客户成功经理现场拜访", NameEn: "on-site visit by the success manager", Channel: []string{"visit", "meeting"}, Every: 30},
			{Grade: "B", Name: "外呼辅导", NameEn: "coaching call", Channel: []string{"call", "meeting", "visit", "demo"}, Every: 45},
			{Grade: "C", Name: "社群内容推送", NameEn: "community content", Every: 90},
		},
	}
}

func checkGrading(g *Grading, r *Report) {
	derived, usual, measures := DerivedInputs(), defaultGrading().Inputs, r.Known("measure")
	if len(g.Inputs) > 64 {
		r.Problem("inputs", "%d: want 64 at most", len(g.Inputs))
	}
	for _, name := range sorted(g.Inputs) {
		in, at := g.Inputs[name], "inputs."+name
		if in.Shift > 0 && in.Shift < minShift {
			r.Problem(at+".shift", "%v: want %v to %v, or 0 for guard.shift", in.Shift, minShift, maxShift)
		}
		kind, rest, _ := strings.Cut(in.From, ".")
		switch {
		case derived[in.From] != "", in.From == "account.revenue", in.From == "account.staff":
		case kind == "reading" && rest != "", strings.HasPrefix(in.From, "account.extra.") && len(in.From) > len("account.extra."):
		default:
			r.Problem(at+".from", "%q: want reading.MEASURE, account.revenue, account.staff, account.extra.FIELD or one of %s", in.From, joined(sorted(derived)))
		}
		// A default that nobody measures here says nothing of the file; one that the file names is a slip as long as others are measured.
		if kind == "reading" && rest != "" && in.From != usual[name].From && len(measures) > 0 && !slices.Contains(measures, rest) {
			r.Problem(at+".from", "%q: no source ever gave the measure %s; want reading. and one of %s", in.From, rest, joined(measures))
		}
		if in.Min != nil && in.Max != nil && *in.Min >= *in.Max {
			r.Problem(at+".min", "%v: want less than max (%v)", *in.Min, *in.Max)
		}
	}
	names := joined(sorted(g.Inputs))
	for i, b := range g.Health.Behaviours {
		at := "health.behaviours[" + strconv.Itoa(i) + "]"
		if _, ok := g.Inputs[b.Input]; !ok {
			r.Problem(at+".input", "%q is not declared; want one of %s", b.Input, names)
		}
		if b.Worst == b.Best {
			r.Problem(at+".best", "%v: want another value than worst", b.Best)
		}
	}
	if g.Health.Red > g.Health.Yellow {
		r.Problem("health.red", "%d: want no more than yellow (%d)", g.Health.Red, g.Health.Yellow)
	}
	ids, sums := map[string]*Attribute{}, map[string]float64{}
	for i := range g.Attributes {
		a, at := &g.Attributes[i], "attributes["+strconv.Itoa(i)+"]"
		if a.ID == "" || ids[a.ID] != nil {
			r.Problem(at+".id", "%q: want a name of its own", a.ID)
		}
		ids[a.ID] = a
		if a.Name == "" || a.NameEn == "" {
			r.Problem(at+".name", "want name and name_en")
		}
		if _, ok := g.Inputs[a.Input]; a.Expr.IsZero() && !ok {
			r.Problem(at+".input", "%q is not declared; want one of %s, or an expr", a.Input, names)
		} else if !a.Expr.IsZero() && a.Input != "" {
			r.Problem(at+".expr", "want input or expr, not both")
		}
		if a.Worst == a.Best {
			r.Problem(at+".best", "%v: want another value than worst", a.Best)
		}
		if a.Scale == "log" && (a.Worst <= 0 || a.Best <= 0) {
			r.Problem(at+".worst", "a logarithm wants worst and best above 0")
		}
		if a.Min > a.Max {
			r.Problem(at+".min", "%v: want no more than max (%v)", a.Min, a.Max)
		}
		if w := a.Weight; w > a.Max || w < a.Min {
			r.Problem(at+".weight", "%v: want %v to %v", w, a.Min, a.Max)
		}
		sums[a.Factor] += g.Weight(a)
	}
	weights := func(at string, m map[string]float64) {
		for _, id := range sorted(m) {
			switch a, w := ids[id], m[id]; {
			case a == nil:
				r.Problem(at+"."+id, "unknown; want one of %s", joined(sorted(ids)))
			case math.IsNaN(w) || w < a.Min || w > a.Max:
				r.Problem(at+"."+id, "%v: want %v to %v", w, a.Min, a.Max)
			}
		}
	}
	weights("weights", g.Weights)
	for _, p := range sorted(g.Presets) {
		weights("presets."+p, g.Presets[p])
	}
	if g.Presets[g.Preset] == nil {
		r.Problem("preset", "%q: want one of %s", g.Preset, joined(sorted(g.Presets)))
	}
	for _, f := range Factors() {
		if sums[f] <= 0 {
			r.Problem("attributes", "the factor %s has no weight; want an attribute with a weight above 0", f)
		}
	}
	if g.Lifetime.Subscription != "" {
		if _, ok := g.Inputs[g.Lifetime.Subscription]; !ok {
			r.Problem("lifetime.subscription", "%q is not declared; want one of %s, or \"\"", g.Lifetime.Subscription, names)
		}
	}
	if g.Lifetime.Rate != "" {
		if _, ok := g.Inputs[g.Lifetime.Rate]; !ok {
			r.Problem("lifetime.rate", "%q is not declared; want one of %s, or \"\"", g.Lifetime.Rate, names)
		}
	}
	if len(g.Grades) < 2 || len(g.Grades) > 26 {
		r.Problem("grades", "want 2 to 26 grades, the best first")
		return
	}
	grades := map[string]bool{}
	for i, l := range g.Grades {
		at := fmt.Sprintf("grades[%d]", i)
		if l.Grade == "" || grades[l.Grade] {
			r.Problem(at+".grade", "%q: want a name of its own", l.Grade)
		}
		grades[l.Grade] = true
		if i > 0 && l.From >= g.Grades[i-1].From {
			r.Problem(at+".from", "%v: want less than the grade before it has (%v)", l.From, g.Grades[i-1].From)
		}
	}
	if last := g.Grades[len(g.Grades)-1]; last.From != 0 {
		r.Problem(fmt.Sprintf("grades[%d].from", len(g.Grades)-1), "%v: want 0 for the last grade, so that everybody has one", last.From)
	}
	for i, p := range g.Playbook {
		at := fmt.Sprintf("playbook[%d]", i)
		if !grades[p.Grade] {
			r.Problem(at+".grade", "%q: want one of %s", p.Grade, joined(sorted(grades)))
		}
		for _, c := range p.Channel {
			if !slices.Contains(touchChannels, c) {
				r.Problem(at+".channel", "%q: want one of %s", c, strings.Join(touchChannels, ", "))
			}
		}
		if cmp.Or(p.Name, p.NameEn) == "" {
			r.Problem(at+".name", "want name and name_en")
		}
	}
}

var touchChannels = []string{"other", "visit", "call", "wechat", "email", "meeting", "demo"}

// Factors are the three factors of a score, in their order.
func Factors() []string { return []string{"pay", "growth", "cost"} }
