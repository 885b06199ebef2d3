package landing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// Feature is something about a deal that makes it more or less likely to be won in time.
type Feature string

// The features.
const (
	FeatureStage   Feature = "stage"
	FeatureAge     Feature = "age"
	FeaturePromise Feature = "promise" // the promised date against the period
	FeatureSeason  Feature = "season"  // the time of the quarter
	FeatureStay    Feature = "stay"    // days in the stage
	FeatureSize    Feature = "size"    // amount over what the product usually brings
	FeaturePush    Feature = "push"    // how the promise moved in the last quarter
	FeatureTouch   Feature = "touch"   // touches in the last four weeks
	FeatureCall    Feature = "call"    // the rep's own category
	FeatureSilence Feature = "silence" // days since anything happened
	FeatureProduct Feature = "product"
	FeatureTeam    Feature = "team"
	FeatureRep     Feature = "rep"
)

// features says what is left out to see what a feature does.
var features = []struct {
	name Feature
	skip without
}{
	{FeatureStage, 1<<groupStage | 1<<groupStageAhead | 1<<groupAhead}, {FeatureAge, 1 << groupAge}, {FeaturePromise, 1 << groupPromise}, {FeatureSeason, 1 << groupSeason},
	{FeatureStay, 1 << groupStay}, {FeatureSize, 1 << groupSize}, {FeaturePush, 1 << groupPush}, {FeatureTouch, 1 << groupTouch}, {FeatureCall, 1 << groupCall},
	{FeatureSilence, 1 << groupSilence}, {FeatureProduct, 1 << (int(groups) + ownProduct)}, {FeatureTeam, 1 << (int(groups) + ownTeam)},
	{FeatureRep, 1 << (int(groups) + ownRep)},
}

// Features lists them.
func Features() []Feature {
	out := make([]Feature, len(features))
	for i := range features {
		out[i] = features[i].name
	}
	return out
}

// Factor is what one feature does to a deal's chance: the log-odds of being won in the period less those with the feature as in the mean of all deals. Above 0 it
// raises the chance. Factors do not add up exactly, since they act together.
type Factor struct {
	Feature Feature `json:"feature"`
	Value   string  `json:"value"` // the deal's: an ID, a word, or a range such as 28-55 in the feature's unit; "" unknown
	LogOdds float64 `json:"log_odds"`
}

// Deal is one open deal's part in the landing.
type Deal struct {
	deal.Row
	Chance   float64       `json:"chance"`        // of being won in what is left of the period, as such chances have held
	Ever     float64       `json:"chance_27w"`    // of being won within 27 weeks, as modelled
	Half     analytics.Day `json:"half_day"`      // by when half of that has come; empty when it is next to nothing
	Worth    store.Money   `json:"worth"`         // what it would bring; null when nobody can say
	Expected store.Money   `json:"expected"`      // Chance × Worth
	Held     *Bin          `json:"held"`          // how past chances of this size have held; null without past forecasts
	Factors  []Factor      `json:"factors"`       // the strongest first; those under 0.05 are left out
	Odd      string        `json:"odd,omitempty"` // no_amount, no_rate or beyond_belief: why Worth is not the deal's amount
}

// Deals are the open deals behind the row of an org node ("": the scope's own), by expected money, the largest first. At most limit of them are given, and
// count says how many there are.
func (l *Landing) Deals(node store.ID, limit int) (list []Deal, count int) {
	list = []Deal{}
	lo, hi := l.sel.Lo, l.sel.Hi
	if node != "" {
		at, ok := l.o.b.NodeOf(node)
		if !ok || !l.sel.Inside(at) {
			return list, 0
		}
		lo, hi = at, l.o.b.Nodes()[at].End
	}
	if l.o.pl == nil || l.sel.Node < 0 || l.chance == nil {
		return list, 0
	}
	type ranked struct {
		i int
		v float64
	}
	var all []ranked
	filtered := l.sel.Filtered()
	for i := int(l.o.pl.first[lo]); i < int(l.o.pl.first[hi]); i++ {
		if filtered {
			if _, ok := l.sel.Deal(l.o.pl.open[i].code); !ok {
				continue
			}
		}
		g := l.now(i)
		all = append(all, ranked{i, g.chance * float64(g.worth)})
	}
	slices.SortFunc(all, func(x, y ranked) int { return cmp.Or(cmp.Compare(y.v, x.v), cmp.Compare(x.i, y.i)) })
	for _, r := range all[:min(len(all), limit)] {
		list = append(list, l.explain(r.i))
	}
	return list, len(all)
}

// Deal explains one open deal; ok is false when it is not open in l's scope, or there was too little history.
func (l *Landing) Deal(id store.ID) (d Deal, ok bool) {
	i, ok := l.find(id)
	if !ok || l.chance == nil {
		return d, false
	}
	return l.explain(i), true
}

func (l *Landing) explain(i int) Deal {
	m, g := l.o.pl.m, l.now(i)
	s := &g.state
	st := l.o.b.DealAt(s.code, l.o.day)
	d := Deal{Row: deal.RowOf(l.o.b, &st, l.o.day), Chance: g.chance, Half: store.NoDay, Factors: []Factor{}}
	ss := m.form.seasons(l.o.day)
	var path ahead
	m.path(s, l.o.day, &ss, &path)
	d.Ever = float64(path.won[horizon])
	for k := 1; k <= horizon && d.Ever >= .01; k++ {
		if float64(path.won[k]) >= d.Ever/2 {
			d.Half = l.o.day + analytics.Day(7*k)
			break
		}
	}
	if v, ok := l.worth(s); ok {
		d.Worth = store.Money{Minor: v, Currency: l.o.b.Currency()}
		d.Expected = store.Money{Minor: int64(math.Round(g.chance * float64(v))), Currency: l.o.b.Currency()}
	}
	switch s.amount {
	case amountNone:
		d.Odd = "no_amount"
	case amountNoRate:
		d.Odd = "no_rate"
	case amountWild:
		d.Odd = "beyond_belief"
	}
	if l.scale.bins != nil {
		b := l.scale.bins[min(9, int(g.chance*10))]
		d.Held = &b
	}
	whole := logit(path.within(l.o.day, l.sel.Period))
	for _, f := range features {
		var other ahead
		m.pathWithout(s, l.o.day, &ss, &other, f.skip)
		if v := whole - logit(other.within(l.o.day, l.sel.Period)); math.Abs(v) >= .05 {
			d.Factors = append(d.Factors, Factor{f.name, l.value(f.name, s), math.Round(v*1000) / 1000})
		}
	}
	slices.SortStableFunc(d.Factors, func(x, y Factor) int { return cmp.Compare(math.Abs(y.LogOdds), math.Abs(x.LogOdds)) })
	return d
}

// DealList is the open deals behind a landing, in order of expected money.
type DealList struct {
	Answer
	Deals []Deal `json:"deals"`
	Count int    `json:"count"` // how many there are, shown or not
}

// Table gives the deals as raw cells.
func (d DealList) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "account", "owner", "stage", "amount", "currency", "close", "chance", "held", "expected", "raises", "lowers"}}
	for i := range d.Deals {
		x := &d.Deals[i]
		var raises, lowers []string
		for _, f := range x.Factors {
			text := string(f.Feature) + ":" + strconv.FormatFloat(f.LogOdds, 'f', 2, 64)
			if f.LogOdds > 0 {
				raises = append(raises, text)
			} else {
				lowers = append(lowers, text)
			}
		}
		held := ""
		if x.Held != nil && x.Held.N > 0 {
			held = strconv.FormatFloat(x.Held.Came, 'f', 4, 64)
		}
		t.Rows = append(t.Rows, []string{string(x.ID), x.Name, x.Account.Name, x.Owner.Name, string(x.Stage.ID), amount(x.Amount), string(x.Amount.Currency),
			x.Close.String(), strconv.FormatFloat(x.Chance, 'f', 4, 64), held, amount(x.Expected), strings.Join(raises, " "), strings.Join(lowers, " ")})
	}
	return t
}

func logit(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}

// value says what a feature is for a deal.
func (l *Landing) value(f Feature, s *state) string {
	b, form := l.o.b, l.o.pl.m.form
	switch f {
	case FeatureStage:
		for _, c := range b.Stages() {
			if l.o.a.slots[c] == s.slot {
				return string(b.Stage(c).ID)
			}
		}
	case FeatureAge:
		if s.born != store.NoDay {
			return binRange(form.ages, bin(form.ages, int(l.o.day-s.born)))
		}
	case FeaturePromise:
		return s.promise.String()
	case FeatureSeason:
		return b.Calendar().Name(l.sel.Period)
	case FeatureStay:
		return binRange(stayEdges, int(s.fixed[groupStay])-1)
	case FeatureSize:
		if n := int(s.fixed[groupSize]); n >= 2 {
			return binRange(sizeEdges, n-2)
		}
	case FeaturePush:
		return []string{"", "unmoved", "pulled_in", "1-45", "46+"}[s.fixed[groupPush]]
	case FeatureTouch:
		return binRange(touchEdges, int(s.fixed[groupTouch])-1)
	case FeatureCall:
		return s.call.String()
	case FeatureSilence:
		return binRange(silenceEdges, int(s.fixed[groupSilence])-1)
	case FeatureProduct:
		if s.product != analytics.None {
			return string(b.Product(s.product).ID)
		}
	case FeatureTeam:
		return string(b.Nodes()[l.o.a.team(s.node)].ID)
	case FeatureRep:
		return string(b.Nodes()[s.node].ID)
	}
	return ""
}

// binRange prints the range of a bin between edges: <7, 7-13, 56+; "" for none.
func binRange[T int | float64](edges []T, n int) string {
	word := func(v T) string { return strings.TrimSuffix(fmt.Sprintf("%v", v), ".0") }
	switch {
	case n < 0 || len(edges) == 0:
		return ""
	case n == 0:
		return "<" + word(edges[0])
	case n >= len(edges):
		return word(edges[len(edges)-1]) + "+"
	}
	if whole, ok := any(edges[n]).(int); ok {
		return word(edges[n-1]) + "-" + strconv.Itoa(whole-1)
	}
	return word(edges[n-1]) + "-" + word(edges[n])
}
