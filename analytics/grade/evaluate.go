package grade

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// Options of an evaluation.
type Options struct {
	Day      Day
	At       time.Time                 // the moment that the evaluations carry
	Rule     string                    // the rules' version
	Why      string                    // month, day, change, rules, signal or healed
	Only     func(analytics.Code) bool // nil: all live accounts
	Accepted Accepted
	Holds    []Hold // that the evaluation before this one ended with
	// Progress is called now and then with how many of how many accounts are done; nil: nobody is told.
	Progress func(done, all int)
}

// Outcome is what [Evaluate] found.
type Outcome struct {
	Evaluations []store.Evaluation
	Moves       []Move // the grades that change, each with its cause
	Holds       []Hold
	Held        int // accounts whose grade was not touched because an input cannot be relied on
	Ungraded    int // accounts of which too little is known
}

// Move is a grade that changes.
type Move struct {
	Account store.ID    `json:"account"`
	From    store.Grade `json:"from"`
	To      store.Grade `json:"to"`
	Score   float64     `json:"score"`
	Was     Number      `json:"was"`   // the score before
	Cause   []Reason    `json:"cause"` // what moved the score most, first
}

// Reason is one input's part in a change of score.
type Reason struct {
	Attribute string  `json:"attribute"`
	Input     string  `json:"input"`
	From      Number  `json:"from"`
	To        Number  `json:"to"`
	Points    float64 `json:"points"` // of the score
}

// Evaluate judges accounts on a day from what the last stored evaluations left of each. It stores nothing. It blocks for some hundred milliseconds per 100,000 accounts.
func Evaluate(ctx context.Context, b *analytics.Book, g *rule.Grading, o Options) (*Outcome, error) {
	m := NewModel(b, g)
	w := newWalker(m, []Day{o.Day})
	start := func(c analytics.Code) *store.Evaluation { return b.EvaluationAt(c, o.Day) }
	held := newGuard(m, w, start).judge(w.days, o.Holds, o.Accepted)
	out := &Outcome{Holds: held[0].list(m)}
	var todo []analytics.Code
	for c := range analytics.Code(b.Accounts()) {
		if b.AccountLive(c) && (o.Only == nil || o.Only(c)) && !m.early(c, start(c)) {
			todo = append(todo, c)
		}
	}
	type result struct {
		v    store.Evaluation
		move *Move
		ok   bool
	}
	const batch = 4096
	out.Evaluations = make([]store.Evaluation, 0, len(todo))
	results := make([]result, min(batch, len(todo)))
	for from := 0; from < len(todo); from += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := todo[from:min(from+batch, len(todo))]
		analytics.ShareBy(parcel, len(part), func(_, first, last int) {
			w := w.fork()
			for j := first; j < last; j++ {
				was := start(part[j])
				w.walk(part[j], was, func(int) *holds { return &held[0] }, func(int) {
					results[j].v, results[j].move, results[j].ok = m.evaluate(part[j], was, &w.out, w.env, o)
				})
			}
		})
		for j := range part {
			r := &results[j]
			switch {
			case !r.ok:
				out.Ungraded++
			case r.v.Held:
				out.Held++
			}
			out.Evaluations = append(out.Evaluations, r.v)
			if r.move != nil {
				out.Moves = append(out.Moves, *r.move)
			}
		}
		if o.Progress != nil {
			o.Progress(from+len(part), len(todo))
		}
	}
	return out, nil
}

// evaluate judges one account; ok is false when too little is known of it for a grade.
func (m *Model) evaluate(c analytics.Code, was *store.Evaluation, s *sample, env map[string]any, o Options) (v store.Evaluation, move *Move, ok bool) {
	id := m.b.AccountID(c)
	v = store.Evaluation{Account: id, At: o.At, Day: o.Day, Rule: o.Rule, Why: o.Why, Health: m.health(s)}
	v.ID = store.MakeID(Source, id.Native()+"|"+string(id.Source())+"|"+o.At.UTC().Format("20060102T150405.000"))
	for i := range m.inputs {
		v.Inputs = append(v.Inputs, store.Input{Name: m.inputs[i].name, Value: s.value[i], State: s.state[i], Day: s.since[i]})
		if s.state[i] == store.InputUnknown {
			v.Inputs[i].Value = 0
		}
	}
	score, missing := m.score(s, env)
	v.Score = math.Round(score*100) / 100
	now := m.b.GradeAt(c, o.Day)
	v.Grade = now
	if 100*missing > float64(m.g.Guard.Unknown) {
		return v, nil, false
	}
	v.Would = m.lines[m.place(score)]
	if m.unreliable(s) != 0 {
		v.Held = true
		return v, nil, true
	}
	if to := m.lines[m.step(m.placeOf(now), score)]; to != now {
		v.Grade = to
		move = &Move{Account: id, From: now, To: to, Score: v.Score, Was: Number(unknown), Cause: m.reasons(was, s, env)}
		if was != nil {
			move.Was = Number(was.Score)
		}
	}
	return v, move, true
}

// Source is in whose name evaluations and the grades that follow from them are stored.
const Source = analytics.RulesSource

// reasons tells by what the score moved since an earlier evaluation: one input after the other is put from its earlier to its later value, in the order of the inputs, so that the
// points add up to the difference. Without an earlier evaluation it tells what lifts and lowers the score most against the middle of each attribute.
func (m *Model) reasons(was *store.Evaluation, s *sample, env map[string]any) (out []Reason) {
	from := m.sample()
	before := map[string]store.Input{}
	if was != nil {
		for _, in := range was.Inputs {
			before[in.Name] = in
		}
	}
	for i := range m.inputs {
		if in, ok := before[m.inputs[i].name]; ok && in.State != store.InputUnknown {
			from.value[i] = in.Value
		}
	}
	if was == nil {
		for k := range m.attributes {
			if a := &m.attributes[k]; a.in >= 0 {
				mid := a.worst + a.span/2
				if a.log {
					mid = math.Exp(mid)
				}
				from.value[a.in] = mid
			}
		}
	}
	last, _ := m.score(&from, env)
	for i := range m.inputs {
		if was := from.value[i]; was != s.value[i] && !math.IsNaN(s.value[i]) {
			from.value[i] = s.value[i]
			score, _ := m.score(&from, env)
			if points := score - last; math.Abs(points) >= .005 {
				out = append(out, Reason{m.attributeOf(i), m.inputs[i].name, Number(was), Number(s.value[i]), points})
			}
			last = score
		}
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)) })
	return out
}

// attributeOf is the first attribute that an input goes into; "" none.
func (m *Model) attributeOf(i int) string {
	for k := range m.attributes {
		if m.attributes[k].in == i {
			return m.attributes[k].ID
		}
	}
	return ""
}
