// Package fit fits the weights by which customers are graded to what the company's own customers did afterwards (分级训练): what they bought, and whether they bought again. It
// proposes and never applies: what it finds is a text of the rules that a person reads, checks and saves.
//
// # What is learned
//
// At the end of every past month (an origin) each customer has its attributes as the rules had them then, from what was known then, and brings in a sum in the days that follow (the
// horizon). The weights are those within the rules' bounds under which, of two customers at one origin, the one that brought more has the higher score: a logistic
// loss over pairs (RankNet) with a slight pull to the weights in force, by projected gradient. Within each factor weights keep their sum, since only their proportion counts.
// Whoever did not buy again brought nothing, so that renewal and revenue are one order.
//
// Beside the rules' own attributes three are tried that need nothing but purchases: how much in the last quarter, how long ago, in how many months (see candidates). Where the fit gives one
// no weight worth mentioning it is left out of the proposal. An attribute of which the months that are learned from say nothing keeps its weight. Grades' lines are moved so that as
// many customers as now have each grade or a better one: otherwise a change of scale would look like a judgement. Whoever wants the lines as they are says so.
//
// # How good it is
//
// The last months are held out. No training origin's horizon reaches into them: what is fitted cannot have seen the sums that it is judged by, nor what the held-out
// attributes are made of after the fact. Against each other stand the fit, the weights in force, the static rule (customers by what they brought in the year before, as an ABC
// analysis ranks them), the sum of the last ninety days, since it is the simplest thing that is not static, and the fit without the attributes that are tried anew, since those may be what
// the gain is. What is reported: Kendall's tau-b and Spearman's rho of the
// score with the sum that followed, and the area under the curve (AUC) for having bought again, all three among those who were customers at the origin, that is, had bought in the year
// before; ranges by a bootstrap over customers, since one customer's months are no independent cases. The gain is relative to the static rule; of an AUC what
// lies above chance counts. A gain over nothing, as where the static rule is no better than chance, is not a number.
//
// It refuses to fit where there is too little: see [Answer].Lacks.
package fit

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Options are what a fit may be asked to do otherwise. The zero Options are the usual ones.
type Options struct {
	Horizon   int  // days in which it is seen what a customer brings; 0: 90
	Held      int  // months that are held out; 0: 3
	KeepLines bool // the grades' lines stay as they are
	Own       bool // no attribute is tried that the rules lack
}

// The least from which anything is learned, and the most that is looked at.
const (
	leastCustomers = 60     // customers at the held-out origins
	leastEach      = 15     // of them that bought again, and that did not
	leastOrigins   = 2      // to learn from
	mostOrigins    = 24     //
	mostAccounts   = 20_000 // evenly taken of all: more make no weight surer
	draws          = 200
	mostClusters   = 2_000
	pull           = .01
	tried          = 30_000 // pairs
)

// Method is what puts customers in an order.
type Method string

// The methods.
const (
	Static Method = "static" // by what they brought in the year before
	Recent Method = "recent" // by what they brought in the ninety days before
	Now    Method = "now"    // by the score of the weights in force
	Own    Method = "own"    // by what the fit reaches with the rules' own attributes alone
	Fitted Method = "fitted"
)

// Measure is how well a method's order on held-out months was that of what followed.
type Measure struct {
	Method Method   `json:"method"`
	Tau    Interval `json:"kendall_tau"`
	Rho    Interval `json:"spearman_rho"`
	AUC    Interval `json:"auc"`
	// TauAll is tau over all graded accounts, those that had bought nothing in the year before included.
	TauAll grade.Number `json:"kendall_tau_all"`
}

// Gain is how much better the fit is than another method, relative to it.
type Gain struct {
	Over Method   `json:"over"`
	Tau  Interval `json:"kendall_tau"`
	Rho  Interval `json:"spearman_rho"`
	AUC  Interval `json:"auc"` // of what lies above chance: (2·AUC − 1)
}

// Weight is one attribute's weight as it is and as proposed, and what the months that were learned from say of the attribute alone, in words a manager can check: what customers in
// its best third brought afterwards, and how many bought again, against those in its worst.
type Weight struct {
	ID     string  `json:"attribute"`
	Name   string  `json:"name"`
	NameEn string  `json:"name_en"`
	Factor string  `json:"factor"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Was    float64 `json:"was"`
	Is     float64 `json:"is"`
	New    bool    `json:"new,omitempty"` // a candidate: the rules have no such attribute yet
	// Best and Worst are the thirds' means: Money per customer and origin, Renewed the share that bought again. N is how many customers and origins a third has; 0: too few values.
	Best  Third `json:"best_third"`
	Worst Third `json:"worst_third"`
	// Bound says that the weight would go further were it not for its bound.
	Bound  string         `json:"at_bound,omitempty"` // min, max
	Reason analytics.Text `json:"reason"`
}

// Third is what a third of the customers did afterwards.
type Third struct {
	N       int          `json:"n"`
	Money   store.Money  `json:"mean"`
	Renewed grade.Number `json:"bought_again"`
}

// Span is the months of a part of the data.
type Span struct {
	From      analytics.Day `json:"from"` // first and last origin
	To        analytics.Day `json:"to"`
	Origins   int           `json:"origins"`
	Cases     int           `json:"cases"`          // graded accounts and origins
	Based     int           `json:"customer_cases"` // of them, of accounts that had bought in the year before
	Customers int           `json:"customers"`      // different ones that had bought in the year before
	Renewed   int           `json:"bought_again"`
}

// Line is a grade's line and how many customers it gives the grade, as it is and as proposed.
type Line struct {
	Grade  store.Grade `json:"grade"`
	Was    float64     `json:"was"`
	Is     float64     `json:"is"`
	Before int         `json:"customers_before"`
	After  int         `json:"customers_after"`
}

// Answer is a fit. Where Lacks is not empty there was too little to learn from, and nothing is proposed.
type Answer struct {
	Stamp   analytics.Stamp  `json:"stamp"`
	Rules   string           `json:"rules"`
	Horizon int              `json:"horizon_days"`
	Train   Span             `json:"learned_from"`
	Test    Span             `json:"held_out"`
	Lacks   []analytics.Text `json:"lacks,omitempty"`

	Measures []Measure `json:"measures"`
	Gains    []Gain    `json:"gains"`
	Weights  []Weight  `json:"weights"`
	Lines    []Line    `json:"lines"`
	// Up and Down are how many customers would move by the proposal, with what they brought in a year.
	Up        int         `json:"up"`
	Down      int         `json:"down"`
	UpMoney   store.Money `json:"up_money"`
	DownMoney store.Money `json:"down_money"`
	// Worse: on the held-out months the proposal orders customers no better than the weights in force.
	Worse bool `json:"no_better"`

	candidates map[string]rule.Input // of the attributes that are New
	attributes map[string]rule.Attribute
}

// candidate is an attribute that is tried, with how its values are read off the Book for its scale.
type candidate struct {
	rule.Attribute
	input  rule.Input
	values func(b *analytics.Book, day analytics.Day, yield func(float64))
	less   bool // the lower the better
}

// candidates are what direct marketing has always ranked customers by: how recently, how often and for how much they bought (P. S. Fader, B. G. S. Hardie, K. L. Lee, "RFM and CLV",
// Journal of Marketing Research 42, 2005). They are weighed with the rules' own attributes, from weight 0. Their scale is the company's own: a value that one in twenty of those who have
// any is below counts 0, one that one in twenty is above counts 1, as of the months that are learned from.
func candidates(b *analytics.Book) []candidate {
	lo, hi := -1e12, 1e12
	unit := math.Pow10(-int(b.Currency().Digits()))
	bought := func(day analytics.Day, yield func(last analytics.Day, spans int)) {
		for c := range analytics.Code(b.Accounts()) {
			if last, spans := b.Purchases(c, day); last != store.NoDay && last > day-365 {
				yield(last, spans)
			}
		}
	}
	zero, year, most := 0., 36_500., 12.
	return []candidate{
		{
			Attribute: rule.Attribute{ID: "recent", Name: "近季采购", NameEn: "recent purchases", Factor: "pay", Input: "recent", Scale: "log", Max: 1},
			input:     rule.Input{Name: "近季采购额", NameEn: "bought in a quarter", From: "sales.quarter", Unit: string(b.Currency()), Min: &lo, Max: &hi},
			values: func(b *analytics.Book, day analytics.Day, yield func(float64)) {
				for _, v := range grade.Brought(b, day, 90) {
					if v > 0 {
						yield(float64(v) * unit)
					}
				}
			},
		},
		{
			Attribute: rule.Attribute{ID: "silent", Name: "采购间隔", NameEn: "since the last purchase", Factor: "growth", Input: "silent", Max: 1},
			input:     rule.Input{Name: "距上次采购", NameEn: "since the last purchase", From: "sales.silence", Unit: "days", Min: &zero, Max: &year},
			values: func(_ *analytics.Book, day analytics.Day, yield func(float64)) {
				bought(day, func(last analytics.Day, _ int) { yield(float64(day - last)) })
			},
			less: true,
		},
		{
			Attribute: rule.Attribute{ID: "often", Name: "采购频次", NameEn: "months with purchases", Factor: "growth", Input: "often", Max: 1},
			input:     rule.Input{Name: "有采购的月数", NameEn: "months with purchases", From: "sales.months", Unit: "of 12", Min: &zero, Max: &most},
			values: func(_ *analytics.Book, day analytics.Day, yield func(float64)) {
				bought(day, func(_ analytics.Day, spans int) { yield(float64(spans)) })
			},
		},
	}
}

// widened is g with the candidates whose names it does not use and that can be told apart on days.
func widened(b *analytics.Book, g *rule.Grading, days []analytics.Day) (out *rule.Grading, added map[string]bool) {
	c := *g
	c.Inputs, c.Attributes, added = map[string]rule.Input{}, append([]rule.Attribute(nil), g.Attributes...), map[string]bool{}
	for k, v := range g.Inputs {
		c.Inputs[k] = v
	}
	for _, x := range candidates(b) {
		_, taken := c.Inputs[x.Input]
		for i := range g.Attributes {
			taken = taken || g.Attributes[i].ID == x.ID
		}
		lo, hi, ok := scale(b, days, x.values)
		if taken || !ok || len(c.Inputs) >= 64 || x.Scale == "log" && lo <= 0 {
			continue
		}
		if x.Worst, x.Best = lo, hi; x.less {
			x.Worst, x.Best = hi, lo
		}
		c.Inputs[x.Input] = x.input
		c.Attributes = append(c.Attributes, x.Attribute)
		added[x.ID] = true
	}
	return &c, added
}

// scale are the twentieth and the nineteenth twentieth of values on days, to one figure.
func scale(b *analytics.Book, days []analytics.Day, values func(b *analytics.Book, day analytics.Day, yield func(float64))) (lo, hi float64, ok bool) {
	var all []float64
	for _, d := range days {
		values(b, d, func(v float64) { all = append(all, v) })
	}
	if len(all) < leastCustomers {
		return 0, 0, false
	}
	slices.Sort(all)
	figure := func(x float64) float64 {
		if x <= 0 {
			return 0
		}
		ten := math.Pow(10, math.Floor(math.Log10(x)))
		return math.Round(x/ten) * ten
	}
	lo, hi = figure(stat.Quantile(.05, stat.LinInterp, all, nil)), figure(stat.Quantile(.95, stat.LinInterp, all, nil))
	return lo, hi, hi > lo
}

// Apply puts the proposal into a section of the rules.
func (a *Answer) Apply(g *rule.Grading) {
	if len(a.Lacks) > 0 {
		return
	}
	weights := map[string]float64{}
	for id, w := range g.Weights {
		weights[id] = w
	}
	for i := range a.Weights {
		w := &a.Weights[i]
		if w.New {
			if w.Is == 0 {
				continue
			}
			x := a.attributes[w.ID]
			if g.Inputs == nil {
				g.Inputs = map[string]rule.Input{}
			}
			g.Inputs[x.Input] = a.candidates[x.Input]
			g.Attributes = append(g.Attributes, x)
		}
		weights[w.ID] = w.Is
	}
	g.Weights = weights
	for i := range g.Grades {
		for _, l := range a.Lines {
			if string(l.Grade) == g.Grades[i].Grade {
				g.Grades[i].From = l.Is
			}
		}
	}
}

func round(x float64, digits int) float64 {
	unit := math.Pow10(digits)
	return math.Round(x*unit) / unit
}
