package load

import (
	"context"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/account"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/forecast"
	"flightdeck/analytics/funnel"
	"flightdeck/analytics/heatmap"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/migration"
	"flightdeck/analytics/person"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

// question is one thing that a pane asks of the Book.
type question struct {
	name string
	id   func(*sampler) store.ID // of the record asked about; nil: none
	ask  func(b *analytics.Book, s analytics.Scope, id store.ID)
}

// questions are what the panes ask, by the same functions.
var questions = []question{
	{name: "funnel", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) { analytics.Shared(b, s, struct{}{}, funnel.Of) }},
	heat(heatmap.WeekdayHour), heat(heatmap.RepWeek), heat(heatmap.Area),
	{name: "migration", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) {
		analytics.Shared(b, s, struct{}{}, migration.Of)
	}},
	{name: "forecast", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) {
		analytics.Shared(b, s, struct{}{}, forecast.Of)
	}},
	{name: "deals", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) { deal.Look(b, s, deal.Filter{}) }},
	{name: "accounts", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) { account.Look(b, s) }},
	{name: "touches", ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) { touch.Look(b, s) }},
	// A record that the scope does not hold is an answer too, a quick one: these are asked of the whole company.
	{name: "deal", id: (*sampler).deal, ask: func(b *analytics.Book, s analytics.Scope, id store.ID) { _, _ = deal.Of(b, whole(s), id) }},
	{name: "account", id: (*sampler).account, ask: func(b *analytics.Book, s analytics.Scope, id store.ID) { _, _ = account.Of(b, whole(s), id) }},
	{name: "person", id: (*sampler).person, ask: func(b *analytics.Book, s analytics.Scope, id store.ID) { _, _ = person.Of(b, whole(s), id) }},
}

func heat(v heatmap.View) question {
	return question{name: "heatmap " + v.String(), ask: func(b *analytics.Book, s analytics.Scope, _ store.ID) {
		q := heatmap.Query{View: v}
		analytics.Shared(b, s, q, func(b *analytics.Book, s analytics.Scope) heatmap.Answer { return heatmap.Of(b, s, q) })
	}}
}

func whole(s analytics.Scope) analytics.Scope { return analytics.Scope{Period: s.Period} }

// Question is how long one pane's question takes over many scopes, one asker.
type Question struct {
	Name  string `json:"question"`
	Time  Spread `json:"time"`
	Worst string `json:"worst_scope"` // of the slowest
}

// askAll asks every question n times, or for about the budget when that is less.
func askAll(ctx context.Context, b *analytics.Book, seed uint64, n int, budget time.Duration) []Question {
	var out []Question
	for i, q := range questions {
		s := newSampler(seed, i, b)
		a := Question{Name: q.name}
		var times []time.Duration
		worst := time.Duration(-1)
		for start := time.Now(); len(times) < n && (len(times) < 3 || time.Since(start) < budget) && ctx.Err() == nil; {
			sc, id := s.scope(), store.ID("")
			if q.id != nil {
				id = q.id(s)
			}
			t := time.Now()
			q.ask(b, sc, id)
			d := time.Since(t)
			times = append(times, d)
			if d > worst {
				worst, a.Worst = d, sc.String()
				if id != "" {
					a.Worst = string(id)
				}
			}
		}
		a.Time = spread(times)
		out = append(out, a)
	}
	return out
}

// ready asks every question once and waits for what a large Book makes beside them, as the program does after a start while the first screens are up.
func (r *run) ready(live *analytics.Live) time.Duration {
	b := live.Book()
	r.landing = landing.NewLive(live, nil)
	_, _ = r.landing.At(context.Background(), b, 0) // learned in the background, and there by now
	start := time.Now()
	for i, q := range questions {
		s, id := newSampler(r.o.Seed, 300+i, b), store.ID("")
		if q.id != nil {
			id = q.id(s)
		}
		q.ask(b, analytics.Scope{}, id)
	}
	b.Settle()
	return time.Since(start)
}

// any asks one question drawn from all.
func (s *sampler) any(b *analytics.Book, root store.ID) {
	q := questions[s.rng.IntN(len(questions))]
	sc, id := s.scope(), store.ID("")
	if root != "" {
		sc.Root, sc.Node = root, ""
	}
	if q.id != nil {
		id = q.id(s)
	}
	q.ask(b, sc, id)
}
