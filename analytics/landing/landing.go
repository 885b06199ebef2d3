package landing

import (
	"math"
	"slices"
	"sync"

	"flightdeck/analytics"
	"flightdeck/analytics/forecast"
	"flightdeck/store"
)

// Outlook is what a Book's past teaches of its open deals, as of a day: the model, its calibration and every open deal's way ahead. It is immutable; any
// number of goroutines may ask it. Making one takes seconds of processor time on a large company, so a screen makes it in the background and shows the
// last one with its age.
type Outlook struct {
	b      *analytics.Book
	day    analytics.Day
	pl     *pipeline // nil: too little history
	scales [windows]scale
	a      *archive

	mu    sync.Mutex
	kept  []*kept // by scope, the newest asked for last
	ahead []*fans // the same
}

// Learn makes the Outlook of b as of the end of day, from what was known then. It blocks for as long as that takes: never call it on a key press.
func Learn(b *analytics.Book, day analytics.Day) *Outlook { return NewTrainer(b).Outlook(day) }

// fullRows is the size of the sample from which the model that answers is learned.
const fullRows = maxRows

// Outlook is [Learn] with what t knows already.
func (t *Trainer) Outlook(day analytics.Day) *Outlook {
	o := &Outlook{b: t.b, day: day, a: newArchive(t.b, day, t.seeds, nil)}
	o.a.index()
	if !o.a.enough() {
		return o
	}
	o.scales = t.calibrate(o.a)
	o.pl = newPipeline(learn(o.a, fullRows))
	return o
}

// Day returns the day as of whose end o was made.
func (o *Outlook) Day() analytics.Day { return o.day }

// Rev returns the revision of the Book that o was made of.
func (o *Outlook) Rev() store.Rev { return o.b.Rev() }

// Enough reports whether there was history enough to learn from.
func (o *Outlook) Enough() bool { return o.pl != nil }

// Landing is one answer with the draws behind it, so that a change to a few deals redraws these alone. It is immutable, too.
type Landing struct {
	Answer
	o      *Outlook
	sel    *analytics.Selection
	scope  analytics.Scope
	scale  scale
	factor [][words]float64 // by node from sel.Lo: on the hazards of its own deals
	node   []*draw          // by node from sel.Lo: with all that hangs under it, closed ones included; shared with what was made of l by With
	share  []float64        // by node: of new business, how much matches the scope's filters; nil: all
	row    []int            // by node: its row; -1 none
	chance []float32        // by open deal from base: of being won in what is left of the period
	base   int
	// historic: the stages have no probabilities of their own.
	historic bool
	over     map[int]guess // what With changed, by open deal
}

// Of answers s from o: where the scope's period (the fiscal quarter of the as-of day unless it has one) lands, for its org node and everything under it. The
// scope's as-of day is o's.
func (o *Outlook) Of(s analytics.Scope) *Landing {
	s.AsOf = o.day
	l := &Landing{o: o, sel: o.b.Select(s), scope: s}
	l.Answer = Answer{Stamp: o.b.Stamp(s), Scope: o.b.Named(s), Period: l.sel.Period, PeriodName: o.b.Calendar().Name(l.sel.Period), Basis: Simple,
		Rows: []Row{}, History: History{Won: o.a.won, Lost: o.a.lost, Since: o.a.since, Bins: []Bin{}, NeedWon: minWon, NeedClose: minClosed}}
	if l.sel.Node < 0 {
		return l
	}
	var beside forecast.Answer
	own := l.cells()
	if o.pl == nil {
		l.close(own)
		l.rows(own, forecast.Of(o.b, s))
		return l
	}
	l.Basis = Modelled
	l.plan(own)
	jobs := []func(){func() { beside = forecast.Of(o.b, s) }, func() { l.close(own); l.count(own) }, func() { l.drawAll(own) }} // each reads other deals, or other of their fields
	parallelBy(len(jobs), 1, func(_, lo, hi int) {
		for _, job := range jobs[lo:hi] {
			job()
		}
	})
	l.sum(own)
	l.rows(own, beside)
	l.quantiles()
	return l
}

// kept is a landing that several sessions ask for.
type kept struct {
	scope analytics.Scope
	get   func() *Landing
	asked bool // by somebody, and not only made ready
}

// scopesKept bounds how many are kept: the company's draws alone are some megabytes.
const scopesKept = 4

// Look is [Outlook.Of], kept for the next who asks the same of o: all sessions look at much the same. A part of the organisation is taken out of the company's landing: two hundred
// sessions, each with a part of its own, wait for one drawing and not for two hundred, and whoever walks down the tree waits for none.
func (o *Outlook) Look(s analytics.Scope) *Landing {
	s.AsOf = o.day
	all := s
	all.Root, all.Node = "", ""
	if all != s && all == (analytics.Scope{AsOf: s.AsOf, Period: s.Period}) {
		if l := o.keep(all, true).part(s); l != nil {
			return l
		}
	}
	return o.keep(s, true)
}

// ready makes what was asked of was, the Outlook before, before somebody asks for it of o; and the company's where o was learned and not only followed with: nobody may look.
func (o *Outlook) ready(was *Outlook, learned bool) {
	var all []analytics.Scope
	if learned {
		all = append(all, analytics.Scope{AsOf: o.day})
	}
	if was != nil {
		was.mu.Lock()
		for _, k := range was.kept {
			if k.asked && k.scope.AsOf == o.day && !slices.Contains(all, k.scope) {
				all = append(all, k.scope)
			}
		}
		was.mu.Unlock()
	}
	for _, s := range all {
		o.keep(s, false)
	}
}

func (o *Outlook) keep(s analytics.Scope, asked bool) *Landing {
	o.mu.Lock()
	var k *kept
	if i := slices.IndexFunc(o.kept, func(k *kept) bool { return k.scope == s }); i >= 0 {
		k = o.kept[i]
		o.kept = slices.Delete(o.kept, i, i+1)
	} else {
		k = &kept{scope: s, get: sync.OnceValue(func() *Landing { return o.Of(s) })}
	}
	k.asked = k.asked || asked
	if o.kept = append(o.kept, k); len(o.kept) > scopesKept {
		o.kept = slices.Delete(o.kept, 0, 1)
	}
	o.mu.Unlock()
	return k.get()
}

// part is l, which nothing narrows, for an org node under its own: each node was drawn for itself. It is nil where the company's landing does not tell.
func (l *Landing) part(s analytics.Scope) *Landing {
	sel := l.o.b.Select(s)
	lo, hi := sel.Lo-l.sel.Lo, sel.Hi-l.sel.Lo
	if sel.Node < 0 || l.row[lo] < 0 || l.historic && s.Root != "" { // the probabilities that a forecast learns are those of what the viewer sees
		return nil
	}
	p := *l
	p.sel, p.scope = sel, s
	p.Stamp, p.Scope = l.o.b.Stamp(s), l.o.b.Named(s)
	if l.factor != nil {
		p.factor = l.factor[lo:hi:hi]
	}
	if l.node != nil {
		p.node = l.node[lo:hi:hi]
	}
	first := l.row[lo]
	p.row, p.Rows = slices.Clone(l.row[lo:hi]), []Row{}
	for k, at := range p.row {
		if at < 0 {
			continue
		}
		r := l.Rows[at]
		r.Depth -= l.Rows[first].Depth
		r.Parent = max(-1, r.Parent-first)
		p.row[k] = at - first
		p.Rows = append(p.Rows, r)
	}
	return &p
}

// cell is what a node holds beside draws, first its own, then with all under it.
type cell struct {
	closed        analytics.Adder
	missing       analytics.Adder
	deals, none   int
	wild          int
	open, fresh   float64
	held, any     bool // deals; anything
	scatter, wins float64
	square, value float64
	closedMinor   int64
}

func (l *Landing) cells() []cell {
	own := make([]cell, l.sel.Hi-l.sel.Lo)
	for i := range own {
		own[i].closed, own[i].missing = l.o.b.Adder(), l.o.b.Adder()
	}
	return own
}

// close adds up per node what is closed.
func (l *Landing) close(own []cell) {
	o, sel := l.o, l.sel
	for _, i := range o.a.wonIn(sel.Period) {
		x := &o.a.lives[i]
		if x.node < sel.Lo || x.node >= sel.Hi {
			continue
		}
		if d, ok := sel.Deal(x.code); ok {
			c := &own[x.node-sel.Lo]
			c.closed.AddDeal(&d)
			c.held = true
		}
	}
	for i := range own {
		own[i].closedMinor = own[i].closed.Sum().Money.Minor
	}
}

// count counts per node what is open.
func (l *Landing) count(own []cell) {
	o, sel, filtered := l.o, l.sel, l.sel.Filtered()
	for n := sel.Lo; n < sel.Hi; n++ {
		c := &own[n-sel.Lo]
		for k := o.pl.first[n]; k < o.pl.first[n+1]; k++ {
			s := &o.pl.open[k]
			if filtered {
				if _, ok := sel.Deal(s.code); !ok {
					continue
				}
			}
			c.deals++
			c.held = true
			switch s.amount {
			case amountNone:
				c.none++
			case amountWild:
				c.wild++
			case amountNoRate:
				c.missing.Add(s.missing)
			}
		}
	}
}

// plan sets the factor on each node's hazards, and what its new business is to bring: the pipeline's figure and the node's usual one are blended and
// corrected by what past forecasts were off by.
func (l *Landing) plan(own []cell) {
	o, sel, m := l.o, l.sel, l.o.pl.m
	l.factor = make([][words]float64, len(own))
	ahead := analytics.Period{From: max(sel.Period.From, o.day+1), To: sel.Period.To}
	l.scale = between(&o.scales, int(ahead.To-o.day))
	if int(ahead.To-o.day) > 7*horizon { // further than the model looks
		l.scale.blend, l.scale.plain = 0, 0
	}
	l.History.Origins, l.History.Pipeline, l.History.Bias = l.scale.origins, l.scale.blend, l.scale.bias
	l.History.Company, l.History.Team = l.scale.company, l.scale.team
	if o.pl.plain {
		l.History.Plain = l.scale.plain
	}
	if l.scale.bins != nil {
		l.History.Bins = l.scale.bins
	}
	if ahead.To < ahead.From {
		return
	}
	coming := m.coming(ahead)
	scatter := m.scatter(coming)
	l.filter()
	team, shocks := int32(-1), [words]float64{}
	var plan []node
	first, end := m.teams(sel.Lo, sel.Hi)
	plan, l.chance, l.base = o.pl.plan(sel.Period, l.scale.fix, first, end)
	stiff := m.stiff(plan, first, end)
	for i, n := range plan {
		if int32(i) < sel.Lo || int32(i) >= sel.Hi {
			continue
		}
		c, k := &own[int32(i)-sel.Lo], int32(i)-sel.Lo
		if t := m.team(int32(i)); t != team || k == 0 {
			team, shocks = t, shock(l.scale.company*stiff[t], l.scale.team*stiff[t], seedOf(o.b.Nodes()[t].ID))
		}
		pipe := n.deals + n.fresh
		plain := n.plain
		if !o.pl.plain {
			plain = math.NaN()
		}
		aim := l.scale.bias * l.scale.mix(pipe, n.usual, plain)
		level := 1.
		if pipe > 0 && aim > 0 {
			level = min(max(aim/pipe, .5), 2)
		}
		for w := range shocks {
			l.factor[k][w] = level * shocks[w]
		}
		c.fresh = max(0, aim-level*n.deals)
		if v := m.flow.value[i]; v > 0 && m.flow.used[i] {
			c.wins, c.scatter, c.value, c.square = c.fresh/v, scatter, v, m.flow.square[i]
			c.any = c.any || c.wins > .01
		}
		if l.share != nil {
			c.wins *= l.share[k]
		}
	}
}

// teams widens a range of nodes, a subtree's, so that it holds whole teams: a rep's share the shocks.
func (m *model) teams(first, end int32) (int32, int32) {
	if t := m.team(first); t < first {
		return t, max(end, m.b.Nodes()[t].End)
	}
	return first, end
}

// stiff returns by team how much harder its hazards must be shaken than its money is to move: a probability of nine tenths hardly gives way to a hazard, and the shocks that past
// forecasts were measured by are of money.
func (m *model) stiff(plan []node, first, end int32) map[int32]float64 {
	whole, give := map[int32]float64{}, map[int32]float64{}
	for i := first; i < end; i++ {
		t := m.team(i)
		whole[t] += plan[i].deals + plan[i].fresh
		give[t] += plan[i].give + plan[i].fresh
	}
	out := map[int32]float64{}
	for t, w := range whole {
		out[t] = 1
		if w > 0 && give[t] > 0 {
			out[t] = min(max(w/give[t], 1), 2.5)
		}
	}
	return out
}

// filter learns, where the scope narrows more than the org node, what share of each node's business of the last year matches it.
func (l *Landing) filter() {
	if !l.sel.Filtered() {
		return
	}
	o, sel := l.o, l.sel
	l.share = make([]float64, sel.Hi-sel.Lo)
	if l.scope.Stage != "" {
		return // deals that do not exist stand in no stage
	}
	all, match := make([]float64, len(l.share)), make([]float64, len(l.share))
	for _, i := range o.a.wonIn(analytics.Period{From: o.day - 364, To: o.day}) {
		x := &o.a.lives[i]
		if x.node < sel.Lo || x.node >= sel.Hi || x.value <= 0 {
			continue
		}
		all[x.node-sel.Lo] += float64(x.value)
		if _, ok := sel.Deal(x.code); ok {
			match[x.node-sel.Lo] += float64(x.value)
		}
	}
	for i := range all {
		if all[i] > 0 {
			l.share[i] = match[i] / all[i]
		}
	}
}

// drawAll draws every node's own deals and new business.
func (l *Landing) drawAll(own []cell) {
	o, sel := l.o, l.sel
	nodes := o.b.Nodes()
	room := make([]draw, len(own))
	l.node = make([]*draw, len(own))
	for i := range room {
		l.node[i] = &room[i]
	}
	filtered := sel.Filtered()
	parallelBy(len(own), 1, func(_, lo, hi int) {
		for k := lo; k < hi; k++ {
			c, d, n := &own[k], l.node[k], sel.Lo+int32(k)
			for i := o.pl.first[n]; i < o.pl.first[n+1]; i++ {
				if filtered {
					if _, ok := sel.Deal(o.pl.open[i].code); !ok {
						continue
					}
				}
				if v, ok := l.worth(&o.pl.open[i]); ok && l.chance != nil {
					d.deal(float64(l.chance[int(i)-l.base]), v, &l.factor[k], o.pl.seeds[i])
				}
			}
			c.open = float64(d.mean())
			var fresh draw
			fresh.fresh(c.wins, c.scatter, c.value, c.square, &l.factor[k], seedOf(nodes[n].ID)^0xa5a5)
			c.fresh = float64(fresh.mean())
			for i := range d {
				d[i] = plus(d[i], fresh[i])
			}
		}
	})
}

// sum adds what is closed to the draws, and the draws up the tree.
func (l *Landing) sum(own []cell) {
	sel, nodes := l.sel, l.o.b.Nodes()
	for k, d := range l.node {
		if closed := own[k].closedMinor; closed != 0 {
			for i := range d {
				d[i] = plus(d[i], closed)
			}
		}
	}
	for k := len(own) - 1; k > 0; k-- {
		up, d := l.node[nodes[sel.Lo+int32(k)].Parent-sel.Lo], l.node[k]
		for i := range d {
			up[i] = plus(up[i], d[i])
		}
	}
}

// worth returns what a deal brings when it is won, in minor units; ok is false when nobody can say.
func (l *Landing) worth(s *state) (value int64, ok bool) {
	v, ok := l.o.pl.m.worth(s)
	return int64(math.Round(min(max(v, -most), most))), ok && !math.IsNaN(v)
}

// rows makes the rows: those of nodes that hold anything, with what the forecast says beside them.
func (l *Landing) rows(own []cell, f forecast.Answer) {
	o, sel := l.o, l.sel
	l.historic = f.Historic
	nodes := o.b.Nodes()
	beside := map[store.ID]*forecast.Row{}
	for i := range f.Rows {
		beside[f.Rows[i].Node] = &f.Rows[i]
	}
	for k := len(own) - 1; k > 0; k-- {
		c, up := &own[k], &own[nodes[sel.Lo+int32(k)].Parent-sel.Lo]
		if _, ok := beside[nodes[sel.Lo+int32(k)].ID]; ok {
			c.any = true
		}
		c.any = c.any || c.held
		up.any = up.any || c.any
		up.deals, up.none, up.wild = up.deals+c.deals, up.none+c.none, up.wild+c.wild
		up.open, up.fresh = up.open+c.open, up.fresh+c.fresh
		up.closed.AddSum(c.closed.Sum())
		up.missing.AddSum(c.missing.Sum())
	}
	l.row = make([]int, len(own))
	cur := o.b.Currency()
	none := o.b.Adder()
	zero := none.Sum()
	for k := range own {
		c, n := &own[k], &nodes[sel.Lo+int32(k)]
		if l.row[k] = -1; k > 0 && !c.any {
			continue
		}
		l.row[k] = len(l.Rows)
		r := Row{Node: n.ID, Name: n.Name, Kind: n.Kind, Depth: int(n.Depth - nodes[sel.Lo].Depth), Parent: -1, Closed: c.closed.Sum(),
			Commit: zero, BestCase: zero, Weighted: zero, Quota: zero, Deals: c.deals, NoAmount: c.none, Wild: c.wild,
			Missing: c.missing.Sum().Missing}
		if k > 0 {
			r.Parent = l.row[n.Parent-sel.Lo]
		}
		if x := beside[n.ID]; x != nil {
			r.Commit, r.BestCase, r.Weighted, r.HasQuota, r.Quota = x.Commit, x.BestCase, x.Weighted, x.HasQuota, x.Quota
		}
		if l.Basis == Modelled {
			r.Open, r.New = store.Money{Minor: int64(c.open), Currency: cur}, store.Money{Minor: int64(c.fresh), Currency: cur}
		}
		l.Rows = append(l.Rows, r)
	}
}

// quantiles fills the rows from the draws.
func (l *Landing) quantiles() {
	parallelBy(len(l.node), 16, func(_, lo, hi int) {
		var order sorter
		for k := lo; k < hi; k++ {
			if at := l.row[k]; at >= 0 {
				l.Rows[at].fill(l.node[k], &order, l.o.b.Currency())
			}
		}
	})
}

// fill sets what a row takes from its node's draws.
func (r *Row) fill(d *draw, order *sorter, cur store.Currency) {
	q := order.quantiles(d, .1, .5, .9)
	r.P10, r.P50, r.P90 = store.Money{Minor: q[0], Currency: cur}, store.Money{Minor: q[1], Currency: cur}, store.Money{Minor: q[2], Currency: cur}
	r.Mean = store.Money{Minor: d.mean(), Currency: cur}
	if r.HasQuota {
		r.Reach = analytics.Ratio{Den: draws}
		for _, v := range d {
			if v >= r.Quota.Money.Minor {
				r.Reach.Num++
			}
		}
	}
}

// Draws returns the drawn outcomes of a row's node in minor units, sorted: what a fan or a histogram is drawn from. Nil when nothing was drawn.
func (l *Landing) Draws(row int) []int64 {
	for k, at := range l.row {
		if at == row && l.node != nil {
			return slices.Sorted(slices.Values(l.node[k][:]))
		}
	}
	return nil
}

// bins sorts past probabilities by tenths, as fix would say them now.
func bins(pairs []pair, fix *isotonic) []Bin {
	out := make([]Bin, 10)
	for i := range out {
		out[i].Low, out[i].High = float64(i)/10, float64(i+1)/10
	}
	for _, p := range pairs {
		said := fix.of(p.said)
		b := &out[min(9, int(said*10))]
		b.N++
		b.Said += said
		b.Came += p.came
	}
	for i := range out {
		if n := float64(out[i].N); n > 0 {
			out[i].Said, out[i].Came = out[i].Said/n, out[i].Came/n
		}
	}
	return out
}
