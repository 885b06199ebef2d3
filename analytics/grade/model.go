package grade

import (
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Day is a day in the organisation's time zone.
type Day = analytics.Day

// maxInputs bounds the inputs, so that a set of them is one word.
const maxInputs = 64

// kind says where an input comes from.
type kind uint8

const (
	fromReading kind = iota
	fromRevenue
	fromStaff
	fromExtra
	fromSalesYear
	fromSalesGrowth
	fromLifetime
	fromSalesQuarter
	fromSalesSilence
	fromSalesMonths
	fromOpenDeals
	fromTouches
	fromSilence
	fromContacts
	fromAge
)

type input struct {
	rule.Input
	name  string
	kind  kind
	code  analytics.Code // of the measure
	extra string
	min   float64
	max   float64
}

// good reports whether a value can be believed.
func (in *input) good(v float64) bool { return v >= in.min && v <= in.max }

type attribute struct {
	*rule.Attribute
	in          int // -1: by expression
	log         bool
	worst, span float64
	weight      float64
	factor      int
}

// scaled is the value's place between worst and best, 0–1.
func (a *attribute) scaled(v float64) float64 {
	if a.log {
		if v <= 0 {
			return 0
		}
		v = math.Log(v)
	}
	return max(0, min(1, (v-a.worst)/a.span))
}

type behaviour struct {
	in                  int
	worst, span, weight float64
}

// Model is a section of the rules made ready for a Book. It is immutable and may be used by many goroutines; it is of no use with a Book that was built anew.
type Model struct {
	b          *analytics.Book
	g          *rule.Grading
	inputs     []input // by name
	readings   uint64  // those from readings
	used       uint64  // those that a weight rests on
	by         map[analytics.Code]int
	attributes []attribute
	behaviours []behaviour
	lines      []store.Grade
	from       []float64 // of each grade, the best first
	fee        int       // the input that holds the monthly fee; -1 none
	rate       int       // the input that holds a customer's own chance to renew; -1 none
	waits      []Wait
	unread     uint64                  // the inputs that wait
	strange    map[store.SourceID]bool // sources that are being read for the first time
}

// NewModel makes g ready for b.
func NewModel(b *analytics.Book, g *rule.Grading) *Model {
	m := &Model{b: b, g: g, by: map[analytics.Code]int{}, fee: -1, rate: -1}
	index := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(g.Inputs)) {
		if len(m.inputs) == maxInputs {
			break // the section's check lets no more in
		}
		in := input{Input: g.Inputs[name], name: name, code: analytics.None, min: math.Inf(-1), max: math.Inf(1)}
		if in.Min != nil {
			in.min = *in.Min
		}
		if in.Max != nil {
			in.max = *in.Max
		}
		i := len(m.inputs)
		switch from, rest, _ := strings.Cut(in.From, "."); {
		case from == "reading":
			in.kind, in.code = fromReading, b.Measure(rest)
			m.readings |= 1 << i
			if in.code != analytics.None {
				m.by[in.code] = i
			}
		case strings.HasPrefix(in.From, "account.extra."):
			in.kind, in.extra = fromExtra, strings.TrimPrefix(in.From, "account.extra.")
		default:
			in.kind = map[string]kind{"account.revenue": fromRevenue, "account.staff": fromStaff, "sales.year": fromSalesYear, "sales.growth": fromSalesGrowth,
				"sales.lifetime": fromLifetime, "sales.quarter": fromSalesQuarter, "sales.silence": fromSalesSilence, "sales.months": fromSalesMonths, "deals.open": fromOpenDeals, "touches.quarter": fromTouches, "touches.silence": fromSilence,
				"contacts.known": fromContacts, "account.age": fromAge}[in.From]
		}
		index[name] = i
		m.inputs = append(m.inputs, in)
	}
	if i, ok := index[g.Lifetime.Subscription]; ok {
		m.fee = i
	}
	if i, ok := index[g.Lifetime.Rate]; ok {
		m.rate = i
	}
	for i := range g.Attributes {
		r := &g.Attributes[i]
		a := attribute{Attribute: r, in: -1, log: r.Scale == "log", worst: r.Worst, span: r.Best - r.Worst, weight: g.Weight(r), factor: slices.Index(rule.Factors(), r.Factor)}
		if a.log {
			a.worst, a.span = math.Log(r.Worst), math.Log(r.Best)-math.Log(r.Worst)
		}
		if at, ok := index[r.Input]; ok {
			a.in = at
			if a.weight > 0 {
				m.used |= 1 << at
			}
		} else {
			m.used = 1<<len(m.inputs) - 1 // an expression may look at all
		}
		m.attributes = append(m.attributes, a)
	}
	for _, r := range g.Health.Behaviours {
		if at, ok := index[r.Input]; ok {
			m.behaviours = append(m.behaviours, behaviour{at, r.Worst, r.Best - r.Worst, r.Weight})
		}
	}
	for _, l := range g.Grades {
		m.lines = append(m.lines, store.Grade(l.Grade))
		m.from = append(m.from, l.From)
	}
	if m.fee >= 0 && m.feeds(fromLifetime) {
		m.used |= 1 << m.fee
		if m.rate >= 0 {
			m.used |= 1 << m.rate
		}
	}
	m.awaits()
	return m
}

// feeds reports whether an input of a kind is declared.
func (m *Model) feeds(k kind) bool {
	return slices.ContainsFunc(m.inputs, func(in input) bool { return in.kind == k })
}

// Inputs returns the names of the inputs, in order.
func (m *Model) Inputs() []string {
	names := make([]string, len(m.inputs))
	for i := range m.inputs {
		names[i] = m.inputs[i].name
	}
	return names
}

// Grades returns the grades, best first.
func (m *Model) Grades() []store.Grade { return m.lines }

// unknown is the value of an input that was never known.
var unknown = math.NaN()

// sample is what is known of an account at one day: by input, the value that counts, how far it can be relied on, and since when it is known.
type sample struct {
	value []float64
	state []store.InputState
	since []Day
}

func (m *Model) sample() sample {
	n := len(m.inputs)
	s := sample{make([]float64, n), make([]store.InputState, n), make([]Day, n)}
	s.clear()
	return s
}

func (s *sample) clear() {
	for i := range s.value {
		s.value[i], s.state[i], s.since[i] = unknown, store.InputUnknown, 0
	}
}

// set takes a value as the source gives it on a day.
func (s *sample) set(in *input, i int, v float64, day Day) {
	switch {
	case math.IsNaN(v):
		s.fault(i, store.InputMistyped)
	case !in.good(v):
		s.fault(i, store.InputOutside)
	default:
		s.value[i], s.state[i], s.since[i] = v, store.InputFresh, day
	}
}

// fault leaves the last good value, if there is one, with what is wrong now.
func (s *sample) fault(i int, st store.InputState) {
	if s.state[i] != store.InputUnknown || !math.IsNaN(s.value[i]) {
		s.state[i] = st
	}
}

// score weighs a sample: the score 0–100, and the share of the weights of which nothing is known. env is scratch for expressions.
func (m *Model) score(s *sample, env map[string]any) (score, missing float64) {
	var sum, known, all [3]float64
	for k := range m.attributes {
		a := &m.attributes[k]
		x := m.part(a, s, env)
		all[a.factor] += a.weight
		if !math.IsNaN(x) {
			sum[a.factor] += a.weight * x
			known[a.factor] += a.weight
		}
	}
	product := 1.
	for f := range sum {
		missing += (all[f] - known[f]) / all[f] / 3
		if known[f] > 0 {
			product *= sum[f] / known[f]
		} else {
			product = 0
		}
	}
	return 100 * math.Cbrt(product), missing
}

// part is an attribute's place between its worst and best, not a number when unknown.
func (m *Model) part(a *attribute, s *sample, env map[string]any) float64 {
	if a.in >= 0 {
		if v := s.value[a.in]; !math.IsNaN(v) {
			return a.scaled(v)
		}
		return unknown
	}
	for i := range m.inputs {
		if math.IsNaN(s.value[i]) && strings.Contains(a.Expr.String(), m.inputs[i].name) {
			return unknown
		}
		env[m.inputs[i].name] = s.value[i]
	}
	v, err := a.Expr.Number(env)
	if err != nil {
		return unknown
	}
	return a.scaled(v)
}

// health is the index 0–100, -1 when nothing of it is known.
func (m *Model) health(s *sample) int {
	sum, known := 0., 0.
	for _, h := range m.behaviours {
		if v := s.value[h.in]; !math.IsNaN(v) {
			sum += h.weight * max(0, min(1, (v-h.worst)/h.span))
			known += h.weight
		}
	}
	if known <= 0 {
		return -1
	}
	return int(math.Round(100 * sum / known))
}

// place is the grade that a score alone gives, as a place in Grades.
func (m *Model) place(score float64) int {
	for i, from := range m.from {
		if score >= from {
			return i
		}
	}
	return len(m.from) - 1
}

// step is the grade after prior (-1: none): a step wants the hysteresis beyond the line that is crossed.
func (m *Model) step(prior int, score float64) int {
	at := m.place(score)
	if prior < 0 || prior >= len(m.from) || at == prior {
		return at
	}
	if at < prior {
		return min(prior, m.place(score-m.g.Hysteresis))
	}
	return max(prior, m.place(score+m.g.Hysteresis))
}

// placeOf is a grade's place; -1 when the rules have no such grade.
func (m *Model) placeOf(g store.Grade) int { return slices.Index(m.lines, g) }

// unreliable is the set of inputs that a weight rests on and that cannot be relied on.
func (m *Model) unreliable(s *sample) (set uint64) {
	for rest := m.used; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		if st := s.state[i]; st != store.InputFresh && st != store.InputUnknown {
			set |= 1 << i
		}
	}
	return set
}
