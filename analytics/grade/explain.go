package grade

import (
	"context"
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Explain judges one customer of a scope step by step; ok is false when the scope has no such customer.
func Explain(ctx context.Context, b *analytics.Book, g *rule.Grading, s analytics.Scope, account store.ID) (x Explanation, ok bool) {
	sel := b.Select(s)
	c, live := b.AccountCode(account)
	if !live || !sel.Account(c) || ctx.Err() != nil {
		return x, false
	}
	m, day := NewModel(b, g), sel.AsOf
	w := newWalker(m, []Day{day})
	start := func(c analytics.Code) *store.Evaluation { return b.EvaluationAt(c, day) }
	held := newGuard(m, w, start).judge(w.days, nil, nil)
	was := start(c)
	x = Explanation{Stamp: b.Stamp(s), Account: account, AccountName: b.AccountName(account), Grade: b.GradeAt(c, day), Holds: held[0].list(m), Waits: m.waiting(day), Last: was}
	w.walk(c, was, func(int) *holds { return &held[0] }, func(int) {
		m.fill(&x, &w.out, w.env)
		if x.Would != "" {
			x.Next = m.lines[m.step(m.placeOf(x.Grade), x.Score)]
			if x.Held = m.unreliable(&w.out) != 0; x.Held {
				x.Next = x.Grade
			}
			x.Cause = m.reasons(was, &w.out, w.env)
		}
	})
	return x, true
}

// fill enters what a sample holds, and what follows from it: all but what depends on the grade before.
func (m *Model) fill(x *Explanation, s *sample, env map[string]any) {
	for i := range m.inputs {
		in := &m.inputs[i]
		x.Inputs = append(x.Inputs, InputValue{Name: in.name, Title: in.Name, TitleEn: in.NameEn, From: in.From, Unit: in.Unit, Value: Number(s.value[i]), State: s.state[i],
			Day: s.since[i], Min: in.Min, Max: in.Max, Fresh: in.Fresh})
	}
	var all, known, sum [3]float64
	for k := range m.attributes {
		a := &m.attributes[k]
		p := m.part(a, s, env)
		x.Parts = append(x.Parts, Part{ID: a.ID, Title: a.Name, TitleEn: a.NameEn, Factor: a.Factor, Weight: a.weight, Scaled: Number(p)})
		if all[a.factor] += a.weight; !math.IsNaN(p) {
			known[a.factor] += a.weight
			sum[a.factor] += a.weight * p
		}
	}
	for f, name := range rule.Factors() {
		x.Factors = append(x.Factors, Factor{Name: name, Value: Number(sum[f] / known[f]), Known: known[f] / all[f]})
	}
	x.Score, x.Missing = m.score(s, env)
	x.Health = m.health(s)
	for _, h := range m.behaviours {
		v := s.value[h.in]
		p := Contribution{Input: m.inputs[h.in].name, Title: m.inputs[h.in].Name, TitleEn: m.inputs[h.in].NameEn, Weight: h.weight, Value: Number(v), State: s.state[h.in], Day: s.since[h.in],
			Scaled: Number(unknown)}
		if !math.IsNaN(v) {
			p.Scaled = Number(max(0, min(1, (v-h.worst)/h.span)))
		}
		x.Behaviours = append(x.Behaviours, p)
	}
	if 100*x.Missing <= float64(m.g.Guard.Unknown) {
		x.Would = m.lines[m.place(x.Score)]
	}
}

// Explanation is one customer's grade, every input and every value between.
type Explanation struct {
	analytics.Stamp `json:"stamp"`
	Account         store.ID          `json:"account_id"`
	AccountName     string            `json:"account"`
	Grade           store.Grade       `json:"grade"` // in force
	Would           store.Grade       `json:"would"` // by the score alone; "": too little is known
	Next            store.Grade       `json:"next"`  // with hysteresis and holds: what an evaluation would enter now
	Held            bool              `json:"held"`
	Score           float64           `json:"score"`   // 0–100
	Missing         float64           `json:"missing"` // share of the weights of which nothing is known
	Health          int               `json:"health"`  // 0–100; -1 unknown
	Inputs          []InputValue      `json:"inputs"`
	Parts           []Part            `json:"parts"`
	Factors         []Factor          `json:"factors"`
	Behaviours      []Contribution    `json:"behaviours"`
	Cause           []Reason          `json:"cause"` // since Last, or against the middle of each attribute
	Holds           []Hold            `json:"holds"`
	Waits           []Wait            `json:"waits"`
	Last            *store.Evaluation `json:"last,omitempty"` // the last stored evaluation
}

// InputValue is what is known of an input.
type InputValue struct {
	Name    string           `json:"name"`
	Title   string           `json:"title"`
	TitleEn string           `json:"title_en"`
	From    string           `json:"from"`
	Unit    string           `json:"unit,omitempty"`
	Value   Number           `json:"value"`
	State   store.InputState `json:"state"`
	Day     Day              `json:"day"`
	Min     *float64         `json:"min,omitempty"`
	Max     *float64         `json:"max,omitempty"`
	Fresh   int              `json:"fresh_days,omitempty"`
}

// Part is an attribute's part in a factor.
type Part struct {
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	TitleEn string  `json:"title_en"`
	Factor  string  `json:"factor"`
	Weight  float64 `json:"weight"`
	Scaled  Number  `json:"scaled"` // 0–1
}

// Factor is one of the three factors.
type Factor struct {
	Name  string  `json:"name"`
	Value Number  `json:"value"` // 0–1
	Known float64 `json:"known"` // share of its weights of which something is known
}

// Contribution is a behaviour's part in the health index.
type Contribution struct {
	Input   string           `json:"input"`
	Title   string           `json:"title"`
	TitleEn string           `json:"title_en"`
	Weight  float64          `json:"weight"`
	Value   Number           `json:"value"`
	Scaled  Number           `json:"scaled"` // 0–1
	State   store.InputState `json:"state"`
	Day     Day              `json:"day"`
}

// product is the score that parts make.
func product(parts []Part) float64 {
	var sum, known [3]float64
	for _, p := range parts {
		if f := slices.Index(rule.Factors(), p.Factor); f >= 0 && p.Scaled.Known() {
			sum[f] += p.Weight * float64(p.Scaled)
			known[f] += p.Weight
		}
	}
	score := 1.
	for f := range sum {
		if known[f] > 0 {
			score *= sum[f] / known[f]
		} else {
			score = 0
		}
	}
	return 100 * math.Cbrt(score)
}
