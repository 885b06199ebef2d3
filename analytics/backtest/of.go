package backtest

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/store"
)

// points are the shares of a period, in per cent, after which it is forecast.
var points = []int{0, 33, 67}

// kinds says which org nodes a level judges.
var kinds = map[Level]string{Company: store.UnitCompany.String(), Region: store.UnitRegion.String(), Team: store.UnitTeam.String(), Rep: analytics.KindPerson}

// Of answers q for the org nodes in s as of its day, over every period that had ended by then. Of the scope only the org node and the day count. It learns the
// model of every past day anew and takes seconds.
func Of(b *analytics.Book, s analytics.Scope, q Query) Answer {
	s = analytics.Scope{Root: s.Root, Node: s.Node, AsOf: s.AsOf}
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Summary: Summary{Length: q.Length, By: q.By, Skipped: []string{}},
		Horizons: []Part{}, Nodes: []Part{}, Cases: []Case{}}
	a.Summary.Baselines, a.Deals.Bins = map[string]float64{}, []landing.Bin{}
	sel := b.Select(s)
	first := firstClose(b, sel.AsOf)
	if sel.Node < 0 || first == store.NoDay {
		return a
	}
	cal := b.Calendar()
	of := cal.Quarter
	if q.Length == Month {
		of = cal.Month
	}
	train := landing.NewTrainer(b)
	var said []said
	for p := of(first, 0); p.To <= sel.AsOf; p = of(p.To+1, 0) {
		actual := landing.Actual(b, p)
		known := false
		for _, point := range points {
			origin := p.From - 1 + analytics.Day(p.Days()*point/100)
			o := train.Outlook(origin)
			if !o.Enough() {
				continue
			}
			known = known || point == 0
			l := o.Of(analytics.Scope{Root: s.Root, Node: s.Node, Period: p, AsOf: origin})
			a.Cases = append(a.Cases, cases(b, l, o, p, origin, point, actual, kinds[q.By])...)
			if point == 0 {
				said = append(said, outcomes(b, l, p)...)
			}
		}
		if known {
			a.Summary.Periods++
		} else {
			a.Summary.Skipped = append(a.Summary.Skipped, cal.Name(p))
		}
	}
	for _, point := range points {
		at := filter(a.Cases, func(c *Case) bool { return c.Elapsed == point })
		part := Part{Elapsed: point, Score: score(at)}
		a.Horizons = append(a.Horizons, part)
		if point > 0 {
			continue
		}
		a.Summary.Score = part.Score
		acc := accuracies(at)
		a.Summary.NoData = len(at) - len(acc)
		if len(acc) > 0 {
			a.Summary.Spread = quantile(acc, .25)
		}
		a.Nodes = byNode(at)
	}
	a.Deals = brier(said)
	if a.Deals.N > 0 {
		a.Summary.Brier = &a.Deals.Score
	}
	return a
}

// firstClose returns the day from which on closings were recorded, one in two hundred left aside: one dated 1970 would begin a backtest of fifty years.
func firstClose(b *analytics.Book, day analytics.Day) analytics.Day {
	var ends []analytics.Day
	for c := range analytics.Code(b.Deals()) {
		if d := b.DealAt(c, day); d.Exists && d.Closed != store.NoDay {
			ends = append(ends, d.Closed)
		}
	}
	if len(ends) == 0 {
		return store.NoDay
	}
	slices.Sort(ends)
	return ends[len(ends)/200]
}

// cases holds one landing against what came.
func cases(b *analytics.Book, l *landing.Landing, o *landing.Outlook, p analytics.Period, origin analytics.Day, point int, actual []float64, kind string) []Case {
	base := map[landing.Baseline][]float64{}
	for _, w := range landing.Baselines() {
		base[w] = o.Baseline(w, p)
	}
	cur := b.Currency()
	money := func(v float64) store.Money { return store.Money{Minor: int64(math.Round(v)), Currency: cur} }
	byID := map[store.ID]*landing.Row{}
	for i := range l.Rows {
		byID[l.Rows[i].Node] = &l.Rows[i]
	}
	var out []Case
	for i, n := range b.Nodes() {
		if n.Kind != kind || n.ID == analytics.NodeUnassigned {
			continue
		}
		r := byID[n.ID]
		if r == nil {
			continue // outside the scope, or nothing was open, closed or expected there
		}
		c := Case{Period: p, Name: b.Calendar().Name(p), Origin: origin, Elapsed: point, Node: n.ID, NodeName: n.Name, Actual: money(actual[i]),
			P10: r.P10, P50: r.P50, P90: r.P90, Baselines: map[string]store.Money{}}
		c.Inside = c.Actual.Minor >= r.P10.Minor && c.Actual.Minor <= r.P90.Minor
		if actual[i] > 0 {
			v := accuracy(float64(r.P50.Minor), actual[i])
			c.Accuracy = &v
		}
		for w, v := range base {
			if v != nil {
				c.Baselines[string(w)] = money(v[i])
			}
		}
		out = append(out, c)
	}
	return out
}

func accuracy(f, a float64) float64 { return 1 - math.Abs(f-a)/a }

func filter(all []Case, keep func(*Case) bool) []Case {
	var out []Case
	for i := range all {
		if keep(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

// accuracies returns those of the cases that have one, sorted.
func accuracies(all []Case) []float64 {
	var out []float64
	for i := range all {
		if v := all[i].Accuracy; v != nil {
			out = append(out, *v)
		}
	}
	slices.Sort(out)
	return out
}

// quantile reads a sorted list, drawn straight between its values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// score judges cases that have an actual.
func score(all []Case) Score {
	s := Score{Baselines: map[string]float64{}}
	acc := accuracies(all)
	if s.N = len(acc); s.N == 0 {
		return s
	}
	median, mean, inside, loss, sum := quantile(acc, .5), 0., 0., 0., 0.
	base := map[string][]float64{}
	for i := range all {
		c := &all[i]
		if c.Inside { // also where nothing came: to leave these out would count only those that did well
			inside++
		}
		if c.Accuracy == nil {
			continue
		}
		a := float64(c.Actual.Minor)
		mean += *c.Accuracy / float64(s.N)
		for k, m := range []store.Money{c.P10, c.P50, c.P90} {
			q, d := []float64{.1, .5, .9}[k], a-float64(m.Minor)
			loss += max(q*d, (q-1)*d) / 3
		}
		sum += a
		for w, m := range c.Baselines {
			base[w] = append(base[w], accuracy(float64(m.Minor), a))
		}
	}
	for w, v := range base {
		slices.Sort(v)
		s.Baselines[w] = quantile(v, .5)
	}
	inside /= float64(len(all))
	loss /= sum
	s.Median, s.Mean, s.Coverage, s.Pinball = &median, &mean, &inside, &loss
	return s
}

// byNode judges each node's cases, in the order in which the nodes first come.
func byNode(all []Case) []Part {
	out := []Part{}
	var order []store.ID
	for i := range all {
		if !slices.Contains(order, all[i].Node) {
			order = append(order, all[i].Node)
		}
	}
	for _, id := range order {
		own := filter(all, func(c *Case) bool { return c.Node == id })
		out = append(out, Part{Node: id, Name: own[0].NodeName, Score: score(own)})
	}
	return out
}

// said is a probability and what came.
type said struct {
	chance float64
	won    bool
}

func outcomes(b *analytics.Book, l *landing.Landing, p analytics.Period) (out []said) {
	for c, chance := range l.Outcomes {
		d := b.DealAt(c, p.To)
		out = append(out, said{chance, d.Exists && d.Kind == store.StageWon && p.Contains(d.Closed)})
	}
	return out
}

// brier scores probabilities over ten bins of equal width; within a bin they differ a little, so the parts add up to the score but for that.
func brier(all []said) Brier {
	out := Brier{N: len(all), Bins: make([]landing.Bin, 10)}
	for i := range out.Bins {
		out.Bins[i].Low, out.Bins[i].High = float64(i)/10, float64(i+1)/10
	}
	if len(all) == 0 {
		return out
	}
	n, base := float64(len(all)), 0.
	for _, x := range all {
		b := &out.Bins[min(9, int(x.chance*10))]
		b.N++
		b.Said += x.chance
		y := 0.
		if x.won {
			y = 1
		}
		b.Came += y
		base += y / n
		out.Score += (x.chance - y) * (x.chance - y) / n
	}
	out.Uncertainty = base * (1 - base)
	for i := range out.Bins {
		b := &out.Bins[i]
		if k := float64(b.N); k > 0 {
			b.Said, b.Came = b.Said/k, b.Came/k
			out.Reliability += k / n * (b.Said - b.Came) * (b.Said - b.Came)
			out.Resolution += k / n * (b.Came - base) * (b.Came - base)
		}
	}
	return out
}

// Table gives the cases as raw cells.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"forecast_period", "origin", "elapsed", "node", "name", "currency", "actual", "p10", "p50", "p90", "accuracy", "inside",
		"naive", "year_ago", "stage_weighted", "rep_call"}}
	for i := range a.Cases {
		c := &a.Cases[i]
		acc := ""
		if c.Accuracy != nil {
			acc = strconv.FormatFloat(*c.Accuracy, 'f', 4, 64)
		}
		row := []string{c.Name, c.Origin.String(), strconv.Itoa(c.Elapsed), string(c.Node), c.NodeName, string(c.Actual.Currency), c.Actual.Amount(), c.P10.Amount(),
			c.P50.Amount(), c.P90.Amount(), acc, strconv.FormatBool(c.Inside)}
		for _, w := range landing.Baselines() {
			cell := ""
			if m, ok := c.Baselines[string(w)]; ok {
				cell = m.Amount()
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	slices.SortStableFunc(t.Rows, func(x, y []string) int { return cmp.Compare(x[1], y[1]) })
	return t
}
