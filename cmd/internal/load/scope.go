package load

import (
	"math/rand/v2"

	"flightdeck/analytics"
	"flightdeck/store"
)

// sampler draws what people ask about: mostly the own team or person and the usual period, sometimes the whole company, a filter, a day gone by. It is
// determined by its seed and the Book, and used by one goroutine.
type sampler struct {
	rng     *rand.Rand
	b       *analytics.Book
	levels  [4][]store.ID // company, regions, teams, people
	periods []analytics.Period
}

func newSampler(seed uint64, lane int, b *analytics.Book) *sampler {
	s := &sampler{rng: rand.New(rand.NewPCG(seed, uint64(lane))), b: b} //nolint:gosec // not for secrets
	level := map[string]int{"company": 0, "region": 1, "team": 2, analytics.KindPerson: 3}
	for _, n := range b.Nodes() {
		if l, ok := level[n.Kind]; ok && n.ID != analytics.NodeUnassigned {
			s.levels[l] = append(s.levels[l], n.ID)
		}
	}
	c, today := b.Calendar(), b.Today()
	s.periods = []analytics.Period{
		c.Quarter(today, 0), c.Quarter(today, -1), c.Quarter(today, 1), c.Month(today, 0), c.Month(today, -1), c.Year(today, 0), c.Year(today, -1),
		c.Week(today, 0), {From: today - 29, To: today}, {From: today - 89, To: today},
	}
	return s
}

func one[T any](s *sampler, all []T) (v T) {
	if len(all) > 0 {
		v = all[s.rng.IntN(len(all))]
	}
	return v
}

// node draws a place in the org tree.
func (s *sampler) node() store.ID {
	l := 0
	switch p := s.rng.Float64(); {
	case p < .15:
	case p < .35:
		l = 1
	case p < .70:
		l = 2
	default:
		l = 3
	}
	if l == 0 {
		return ""
	}
	return one(s, s.levels[l])
}

// scope draws a question's scope.
func (s *sampler) scope() analytics.Scope {
	sc := analytics.Scope{Node: s.node()}
	if s.rng.Float64() < .6 {
		sc.Period = one(s, s.periods)
	}
	if s.rng.Float64() < .1 {
		sc.Product = s.b.Product(analytics.Code(s.rng.IntN(max(1, s.b.Products())))).ID
	}
	if s.rng.Float64() < .1 {
		sc.Industry = one(s, s.b.Industries())
	}
	if s.rng.Float64() < .1 {
		sc.AsOf = s.b.Today() - analytics.Day(1+s.rng.IntN(365))
	}
	return sc
}

// deal, account and person draw a record; "" when there is none.
func (s *sampler) deal() store.ID {
	return draw(s, s.b.Deals(), func(c analytics.Code) store.ID { return s.b.Deal(c).ID })
}

func (s *sampler) account() store.ID {
	return draw(s, s.b.Accounts(), func(c analytics.Code) store.ID {
		if !s.b.AccountLive(c) {
			return ""
		}
		return s.b.Account(c).ID
	})
}

func (s *sampler) person() store.ID {
	if len(s.levels[3]) > 0 {
		return one(s, s.levels[3])
	}
	return draw(s, s.b.People(), func(c analytics.Code) store.ID { return s.b.Person(c).ID })
}

func draw(s *sampler, n int, id func(analytics.Code) store.ID) store.ID {
	for range 100 { // holes are few
		if n == 0 {
			break
		}
		if v := id(analytics.Code(s.rng.IntN(n))); v != "" {
			return v
		}
	}
	return ""
}
