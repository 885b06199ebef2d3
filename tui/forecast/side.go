package forecast

import (
	"context"
	"math"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/backtest"
	"flightdeck/analytics/landing"
	"flightdeck/analytics/waterfall"
	"flightdeck/store"
	"flightdeck/tui/chart"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/theme"
)

// view is what stands beside or under the tree.
type view int

const (
	viewTree    view = iota // on a narrow screen the tree has it all; on a wide one as viewLanding
	viewLanding             // on a wide screen with the waterfall
	viewFall
	viewDeals
	viewHeld
	views
)

// side is what is said of the chosen node: how its period unfolds, and what moved.
type side struct {
	node store.ID
	fan  landing.Fan
	fall waterfall.Answer
}

// week is the waterfall's usual reach, and how far a key moves its beginning.
const week = 7

// manyDeals is how large a company is whose fans wait until the chosen node has been chosen for a moment: somebody who walks through the tree would keep every core busy.
const (
	manyDeals  = 50_000
	mostMonths = 24
)

// learn loads where the scope lands.
func (m *model) learn() tea.Cmd {
	book, scope, live := m.env.Book, m.at.Scope, m.env.Landing
	return m.land.StartLong(m.env, m.at, func(ctx context.Context) (*landing.Landing, error) {
		b := book()
		if b == nil {
			return nil, nil
		}
		o, err := live.At(ctx, b, b.AsOf(scope))
		if err != nil {
			return nil, err
		}
		return o.Look(scope), nil
	})
}

// landed finds the rows of the landing by node.
func (m *model) landed() {
	m.version++
	m.rows = map[store.ID]int{}
	if m.land.Value == nil {
		return
	}
	for i := range m.land.Value.Rows {
		m.rows[m.land.Value.Rows[i].Node] = i
	}
}

// landing returns where a node lands; nil while nobody knows.
func (m *model) landing(node store.ID) *landing.Row {
	i, ok := m.rows[node]
	if !ok || m.land.Value == nil {
		return nil
	}
	return &m.land.Value.Rows[i]
}

// aside loads what stands beside the tree for the chosen node.
func (m *model) aside() tea.Cmd {
	if len(m.shown) == 0 {
		return nil
	}
	book, scope, node, back, live := m.env.Book, m.at.Scope, m.node, m.back, m.env.Landing
	root, held := m.load.Value.Rows[0].Node, m.side.Held(m.env)
	return m.side.StartLong(m.env, m.at, func(ctx context.Context) (side, error) {
		b := book()
		if b == nil {
			return side{}, nil
		}
		if held || b.Deals() > manyDeals {
			select {
			case <-ctx.Done():
				return side{}, ctx.Err()
			case <-time.After(pane.Rest):
			}
		}
		if node != root {
			scope.Node = node
		}
		out := side{node: node, fall: waterfall.Of(b, scope, b.AsOf(scope)-analytics.Day(back))}
		o, err := live.At(ctx, b, b.AsOf(scope))
		if err != nil {
			return out, err
		}
		out.fan, err = o.Fan(ctx, scope)
		return out, err
	})
}

// judge loads how past forecasts have held, when it is looked at for the first time: it takes seconds.
func (m *model) judge() tea.Cmd {
	if m.view != viewHeld || m.held.Ready || m.held.Busy {
		return nil
	}
	book, scope := m.env.Book, m.at.Scope
	scope.Period = analytics.Period{}
	return m.held.StartLong(m.env, m.at, func(context.Context) (backtest.Answer, error) {
		b := book()
		if b == nil {
			return backtest.Answer{}, nil
		}
		type tested struct {
			scope analytics.Scope
			query backtest.Query
		}
		q := backtest.Query{Length: backtest.Quarter, By: backtest.Team}
		return analytics.Memo(b, tested{scope, q}, func() backtest.Answer { return backtest.Of(b, scope, q) }), nil
	})
}

// turn goes to the next view that the screen has.
func (m *model) turn() {
	if m.size.Wide() && m.view == viewTree {
		m.view = viewLanding
	}
	for {
		m.view = (m.view + 1) % views
		if wide := m.size.Wide(); wide && m.view != viewTree && m.view != viewFall || !wide && m.view != viewDeals {
			break
		}
	}
	m.version++
}

// shift moves the day at which the waterfall begins by a week.
func (m *model) shift(back bool) tea.Cmd {
	was := m.back
	if back {
		m.back = min(m.back+week, mostMonths*31)
	} else {
		m.back = max(week, m.back-week)
	}
	if m.back == was {
		return nil
	}
	m.version++
	return m.aside()
}

// under reports whether something stands under the tree.
func (m *model) under() bool { return !m.size.Wide() && m.view != viewTree && m.view != viewDeals }

// beside draws the view in s.
func (m *model) beside(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	if s.W < 20 || s.H < 3 {
		return nil
	}
	switch m.view {
	case viewDeals:
		return m.deals(th, l, s)
	case viewHeld:
		return m.reliability(th, l, s)
	case viewFall:
		return m.fall(th, l, s)
	}
	if !m.size.Wide() {
		return m.fan(th, l, s)
	}
	fall := m.fall(th, l, layout.Size{W: s.W, H: min(15, s.H/2)})
	lines := m.fan(th, l, layout.Size{W: s.W, H: s.H - len(fall) - 1})
	for len(lines) < s.H-len(fall) {
		lines = append(lines, "")
	}
	return append(lines, fall...)
}

// fan draws where the chosen node's period lands.
func (m *model) fan(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	x := &m.load.Value.Rows[m.shown[m.index()]]
	r := m.landing(x.Node)
	head := layout.NewRow(s.W).Gap(1).Add(th.Strong, layout.Cut(m.name(x), max(minName, s.W/3))).Gap(2)
	if r == nil || !r.P50.Given() {
		text := l.F(locale.ForecastCommitOf, l.Money(x.Commit.Money), l.Money(x.BestCase.Money), l.Money(x.Weighted.Money))
		return []string{head.Add(th.Muted, text).String()}
	}
	lands := l.F(locale.ForecastLands, l.Money(r.P50), l.Money(r.P10), l.Money(r.P90))
	lines := []string{head.Whole("", lands).String()}
	if used := layout.Width(layout.Cut(m.name(x), max(minName, s.W/3))); used+3+layout.Width(lands) > s.W { // the range is what one looks for: it gets a line of its own
		for _, line := range layout.Wrap(lands, s.W-2) {
			lines = append(lines, layout.NewRow(s.W).Gap(1).Add("", line).String())
		}
	}
	tail := []layout.Run{{Style: th.Muted, Text: l.F(locale.ForecastMade, l.Money(r.Closed.Money), l.Money(r.Open), l.Money(r.New))}}
	if r.Reach.OK() {
		style := th.Good
		if 2*r.Reach.Num < r.Reach.Den {
			style = th.Bad
		}
		tail = append(tail, layout.Run{Style: style, Text: l.F(locale.ForecastReachOf, l.Money(r.Quota.Money), l.Ratio(int64(r.Reach.Num), int64(r.Reach.Den)))})
	}
	lines = append(lines, layout.Flow(s.W, tail...)...)
	f := &m.side.Value.fan
	if !m.side.Ready || m.side.Value.node != x.Node || len(f.Ahead) == 0 && len(f.Past) == 0 {
		return lines
	}
	legend := s.H-len(lines) > 8
	room := s.H - len(lines)
	if legend {
		room--
	}
	lines = append(lines, m.chart(th, l, f, r).Draw(th, layout.Size{W: s.W - 1, H: min(room, 32)})...)
	if legend {
		lines = append(lines, layout.NewRow(s.W).Gap(1).Add(th.Muted, l.T(locale.ForecastFan)).String())
	}
	return lines
}

// chart spreads a fan over the days of its period.
func (m *model) chart(_ *theme.Theme, l *locale.Locale, f *landing.Fan, r *landing.Row) chart.Fan {
	cur := r.Closed.Money.Currency
	figure := func(v float64) string { return l.Money(store.Money{Minor: int64(math.Round(v)), Currency: cur}) }
	c := chart.Fan{Figure: figure, From: l.DateShort(f.Period.From), To: l.DateShort(f.Period.To), Now: l.DateShort(m.load.Value.Stamp.AsOf)}
	last := 0.
	for _, v := range f.Past {
		last = float64(v)
		c.Past = append(c.Past, last)
	}
	day := max(f.Period.From-1, m.load.Value.Stamp.AsOf)
	was := landing.Spread{P10: int64(last), P50: int64(last), P90: int64(last)}
	for _, x := range f.Ahead { // straight from one to the next
		n := int(x.Day - day)
		for k := 1; k <= n; k++ {
			part := float64(k) / float64(n)
			line := func(a, b int64) float64 { return float64(a) + (float64(b)-float64(a))*part }
			c.Low, c.Mid, c.High = append(c.Low, line(was.P10, x.P10)), append(c.Mid, line(was.P50, x.P50)), append(c.High, line(was.P90, x.P90))
		}
		day, was = x.Day, x
	}
	if r.HasQuota {
		c.Target, c.TargetText = float64(r.Quota.Money.Minor), l.F(locale.ForecastTarget, l.Money(r.Quota.Money))
	}
	return c
}

// fall draws what moved since a day.
func (m *model) fall(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	x := &m.load.Value.Rows[m.shown[m.index()]]
	a := &m.side.Value.fall
	if !m.side.Ready || m.side.Value.node != x.Node || len(a.Steps) == 0 {
		return nil
	}
	head := layout.NewRow(s.W).Gap(1)
	if !m.size.Wide() {
		head.Add(th.Strong, layout.Cut(m.name(x), s.W/3)).Gap(2)
	}
	head.Add(th.Strong, l.F(locale.ForecastSince, l.Date(a.From.Day), l.Days(int(a.To.Day-a.From.Day)))).
		Gap(2).Whole(th.Muted, l.T(locale.ForecastSteps))
	w := chart.Waterfall{Selected: -1, Heads: []string{l.T(locale.Deals), l.T(locale.Amount)}}
	money := func(t analytics.Sum, signed bool) string {
		text := l.Money(t.Money)
		if signed {
			text = l.MoneySigned(t.Money)
		}
		if len(t.Missing) > 0 {
			text += "*"
		}
		return text
	}
	level := func(v waterfall.Level) chart.Fall {
		return chart.Fall{Label: l.DateShort(v.Day), Value: float64(v.Sum.Money.Minor), Level: true, Texts: []string{l.Int(v.Deals), money(v.Sum, false)}}
	}
	w.Falls = append(w.Falls, level(a.From))
	for _, p := range a.Steps {
		if p.Deals > 0 {
			w.Falls = append(w.Falls, chart.Fall{Label: l.Step(string(p.Kind)), Value: float64(p.Sum.Money.Minor), Texts: []string{l.Int(p.Deals), money(p.Sum, true)}})
		}
	}
	w.Falls = append(w.Falls, level(a.To))
	return append([]string{head.String()}, w.Draw(th, s.W)...)
}

// reliability tells how well past forecasts have held.
func (m *model) reliability(th *theme.Theme, l *locale.Locale, s layout.Size) []string {
	lines := []string{layout.NewRow(s.W).Gap(1).Add(th.Strong, l.T(locale.ForecastHeld)).String()}
	add := func(style theme.Style, text string) {
		for _, line := range layout.Wrap(text, s.W-2) {
			lines = append(lines, layout.NewRow(s.W).Gap(1).Add(style, line).String())
		}
	}
	bins := []landing.Bin(nil)
	if x := m.land.Value; x != nil && x.Basis == landing.Modelled {
		h := &x.History
		add(th.Muted, l.F(locale.ForecastFrom, l.Int(h.Won+h.Lost), l.Int(h.Origins), l.Percent(math.Abs(h.Bias-1), 0)))
		bins = h.Bins
	}
	a := &m.held.Value
	switch {
	case m.held.Err != nil:
		add(th.Bad, l.F(locale.Failed, m.held.Err))
	case !m.held.Ready:
		add(th.Muted, l.T(locale.ForecastTesting))
	case a.Summary.N == 0:
		add(th.Warn, l.T(locale.ForecastNoTest))
	default:
		percent := func(v *float64) string {
			if v == nil {
				return "-"
			}
			return l.Percent(*v, 1)
		}
		add("", l.F(locale.ForecastAccuracy, percent(a.Summary.Median), percent(a.Summary.Coverage), l.Int(a.Summary.N)))
		var plain []string
		for _, w := range landing.Baselines() {
			if v, ok := a.Summary.Baselines[string(w)]; ok {
				plain = append(plain, l.Baseline(string(w))+" "+l.Percent(v, 1))
			}
		}
		if len(plain) > 0 {
			add(th.Muted, l.F(locale.ForecastAgainst, strings.Join(plain, ", ")))
		}
		if a.Deals.N > 0 {
			add(th.Muted, l.F(locale.ForecastBrier, l.Float(a.Deals.Score, 3), l.Int(a.Deals.N)))
			bins = a.Deals.Bins
		}
	}
	var held []chart.Held
	for _, b := range bins {
		if b.N > 0 {
			held = append(held, chart.Held{Label: l.Percent(b.Low, 0) + "-" + l.Percent(b.High, 0), Said: b.Said, Came: b.Came,
				Texts: []string{l.Percent(b.Said, 0), l.Percent(b.Came, 0), l.Int(b.N)}})
		}
	}
	if len(held) == 0 {
		return lines
	}
	return append(lines, chart.Reliability(th, s.W, l.T(locale.ForecastBin), []string{l.T(locale.ForecastSaid), l.T(locale.ForecastCame), l.T(locale.Count)}, held)...)
}
