package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Budget is what the server grants in a period, to all streams together. A request costs 1, or what its part says.
type Budget struct {
	Name    string  `yaml:"name"`
	Per     string  `yaml:"per"`     // day and month by the calendar of the source's zone, or a duration such as 1h
	Limit   int     `yaml:"limit"`   // 0: what the server says; until it does, anything goes
	Reserve int     `yaml:"reserve"` // per cent that is left for people and other programs
	Refill  float64 `yaml:"refill"`  // a leaky bucket: so much comes back every second, instead of per

	// jq over {header: {"lower-case-name": …}, body: …} of every answer.
	Left   string `yaml:"left"`   // what remains
	Used   string `yaml:"used"`   // or what is used
	Max    string `yaml:"max"`    // the server's own limit
	Reset  string `yaml:"reset"`  // when it is full again: seconds from now, or a moment
	Refund string `yaml:"refund"` // what the request really cost; the next is expected to cost as much
	Rate   string `yaml:"rate"`   // the server's own refill
}

func (b *Budget) validate(at string) error {
	var errs []error
	if b.Name == "" {
		errs = append(errs, fmt.Errorf("%s.name: missing", at))
	}
	switch b.Per {
	case "day", "month":
	case "":
		if b.Refill <= 0 && b.Rate == "" {
			errs = append(errs, fmt.Errorf("%s.per: missing: want day, month or a duration such as 1h, or refill or rate", at))
		}
	default:
		if d, err := time.ParseDuration(b.Per); err != nil || d <= 0 {
			errs = append(errs, fmt.Errorf("%s.per: %q: want day, month or a duration such as 1h", at, b.Per))
		}
	}
	if b.Limit < 0 || b.Reserve < 0 || b.Reserve > 90 || b.Refill < 0 {
		errs = append(errs, fmt.Errorf("%s: want a limit and refill that are not negative and a reserve from 0 to 90 per cent", at))
	}
	if b.Limit == 0 && b.Max == "" && b.Left == "" {
		errs = append(errs, fmt.Errorf("%s.limit: missing: how much there is, or max or left: where an answer says so", at))
	}
	return errors.Join(errs...)
}

// meters are a source's budgets as they stand.
type meters struct {
	mu  sync.Mutex
	all []*meter
	now func() time.Time
	loc *time.Location
}

type meter struct {
	*Budget
	left, used, max, reset, refund, rate *expr

	limit, spent, refill float64
	next                 float64 // what the next request is expected to cost; 0: what its part says
	until                time.Time
	seen                 time.Time
}

func (s *Source) newMeters() (*meters, error) {
	c := &compiler{vars: s.vars, jq: s.functions}
	ms := &meters{now: time.Now, loc: s.loc}
	for i := range s.spec.Budgets {
		b := &s.spec.Budgets[i]
		at := fmt.Sprintf("budgets[%d].", i)
		m := &meter{
			Budget: b, left: c.expr(at+"left", b.Left), used: c.expr(at+"used", b.Used), max: c.expr(at+"max", b.Max), reset: c.expr(at+"reset", b.Reset),
			refund: c.expr(at+"refund", b.Refund), rate: c.expr(at+"rate", b.Rate), limit: float64(b.Limit), refill: b.Refill,
		}
		if n, ok := s.cfg.Budgets[b.Name]; ok {
			m.limit = float64(n)
		}
		ms.all = append(ms.all, m)
	}
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Budgets)) {
		if !slices.ContainsFunc(ms.all, func(m *meter) bool { return m.Name == name }) {
			c.errs = append(c.errs, fmt.Errorf("budgets.%s: the connector has no such budget", name))
		} else if s.cfg.Budgets[name] < 1 {
			c.errs = append(c.errs, fmt.Errorf("budgets.%s: want a positive number", name))
		}
	}
	return ms, errors.Join(c.errs...)
}

// turnOver begins a new period when the old one has passed.
func (m *meter) turnOver(now time.Time, loc *time.Location) {
	if m.refill > 0 {
		if !m.seen.IsZero() {
			m.spent = max(0, m.spent-m.refill*now.Sub(m.seen).Seconds())
		}
		m.seen = now
		return
	}
	if now.Before(m.until) {
		return
	}
	m.spent = 0
	y, mon, d := now.In(loc).Date()
	switch m.Per {
	case "day":
		m.until = time.Date(y, mon, d+1, 0, 0, 0, 0, loc)
	case "month":
		m.until = time.Date(y, mon+1, 1, 0, 0, 0, 0, loc)
	case "": // the server has not yet told how fast its bucket fills
		m.until = now
	default:
		per, _ := time.ParseDuration(m.Per) // validated
		m.until = now.Add(per)
	}
}

// spend takes the cost of a request from every budget, or says how long there is nothing left and of which.
func (ms *meters) spend(cost int) (wait time.Duration, err error) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	now := ms.now()
	price := func(m *meter) float64 { return max(float64(cost), m.next) }
	for _, m := range ms.all {
		m.turnOver(now, ms.loc)
		if m.limit <= 0 {
			continue
		}
		over := m.spent + price(m) - m.limit*(1-float64(m.Reserve)/100)
		if over <= 0 || m.spent == 0 { // what costs more than all there is must be tried once
			continue
		}
		w := m.until.Sub(now)
		if m.refill > 0 {
			w = time.Duration(over / m.refill * float64(time.Second))
		}
		if w > wait {
			wait = w
			err = fmt.Errorf("our budget %s is used up: %.0f of %.0f, %d %% of which are left to others", m.Name, m.spent, m.limit, m.Reserve)
		}
	}
	if err == nil {
		for _, m := range ms.all {
			m.spent += price(m)
		}
	}
	return wait, err
}

// observe reads what an answer says about the budgets.
func (s *Source) observe(ctx context.Context, a answer) {
	ms := s.meters
	if len(ms.all) == 0 {
		return
	}
	ms.mu.Lock()
	defer ms.mu.Unlock()
	input := map[string]any{"header": byLowerName(a.header), "body": a.body}
	number := func(e *expr) (float64, bool) {
		v, err := e.one(ctx, input)
		if err != nil || v == nil {
			return 0, false
		}
		n, err := strconv.ParseFloat(nativeID(v), 64)
		return n, err == nil && n >= 0 && n < 1e15
	}
	now := ms.now()
	for _, m := range ms.all {
		if n, ok := number(m.max); ok && n > 0 && (m.Limit == 0 || n < float64(m.Limit)) && s.cfg.Budgets[m.Name] == 0 {
			m.limit = n
		}
		if n, ok := number(m.rate); ok && n > 0 {
			m.refill, m.seen = n, now
		}
		if n, ok := number(m.refund); ok {
			m.spent = max(0, m.spent-max(1, m.next)+n)
			m.next = n
		}
		if n, ok := number(m.used); ok {
			m.spent = n
		} else if n, ok := number(m.left); ok {
			m.limit = max(m.limit, n)
			m.spent = m.limit - n
		}
		if v, err := m.reset.one(ctx, input); err == nil && v != nil {
			text := nativeID(v)
			if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 40*24*3600 {
				m.until = now.Add(time.Duration(n * float64(time.Second)))
			} else if t, _, err := record.ParseTime(text, ms.loc); err == nil {
				m.until = now.Add(min(t.Sub(or0(a.date, now)), 40*24*time.Hour))
			}
		}
	}
}

// byLowerName are an answer's headers as jq sees them.
func byLowerName(h http.Header) map[string]any {
	all := make(map[string]any, len(h))
	for k := range h {
		all[strings.ToLower(k)] = h.Get(k)
	}
	return all
}

var _ source.Metered = (*Source)(nil)

// Budgets implements [source.Metered].
func (s *Source) Budgets() []source.Budget {
	ms := s.meters
	ms.mu.Lock()
	defer ms.mu.Unlock()
	now := ms.now()
	var all []source.Budget
	for _, m := range ms.all {
		m.turnOver(now, ms.loc)
		all = append(all, source.Budget{
			Name: m.Name, Limit: int64(m.limit), Used: int64(m.spent + 0.5), Reserve: int64(m.limit * float64(m.Reserve) / 100), Until: m.until,
		})
	}
	return all
}

// Restore implements [source.Metered].
func (s *Source) Restore(was []source.Budget) {
	ms := s.meters
	ms.mu.Lock()
	defer ms.mu.Unlock()
	now := ms.now()
	for _, b := range was {
		for _, m := range ms.all {
			if m.Name == b.Name && m.refill == 0 && now.Before(b.Until) && m.spent == 0 {
				m.spent, m.until = float64(b.Used), b.Until
			}
		}
	}
}
