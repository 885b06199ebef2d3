package forecast

import (
	"math"
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// The parts as indices.
const (
	closed = iota
	commit
	bestCase
	pipeline
	omitted
	parts
)

var names = [parts]string{Closed, Commit, BestCase, Pipeline, Omitted}

// kernel resolves one question.
type kernel struct {
	b     *analytics.Book
	sel   *analytics.Selection
	basis []int64           // probability by stage Code, in hundredths of a per cent
	kinds []store.StageKind // by stage Code
	hist  bool

	commitAt, bestCaseAt int64 // in hundredths of a per cent
}

// kind returns the kind of a stage; unknown ones count as open.
func (k *kernel) kind(stage analytics.Code) store.StageKind {
	if stage == analytics.None {
		return store.StageOpen
	}
	return k.kinds[stage]
}

func newKernel(b *analytics.Book, s analytics.Scope) *kernel {
	k := &kernel{b: b, sel: b.Select(s), basis: make([]int64, len(b.Stages())), kinds: make([]store.StageKind, len(b.Stages()))}
	k.commitAt, k.bestCaseAt = int64(b.Rules().CommitAt)*100, int64(b.Rules().BestCaseAt)*100
	known := false
	for _, c := range b.Stages() {
		st := b.Stage(c)
		k.basis[c], k.kinds[c] = int64(min(max(st.Probability, 0), 100))*100, st.Kind
		known = known || st.Kind == store.StageOpen && st.Probability > 0
	}
	if !known {
		k.hist = true
		k.history(s.Root)
	}
	return k
}

// history sets the probabilities from what became of the deals that had reached each stage and are closed as of the day.
func (k *kernel) history(root store.ID) {
	n := len(k.basis)
	won, all := make([]int64, n), make([]int64, n)
	order := k.b.Stages()
	stood, ladder := make([]bool, n), make([]bool, n) // as the funnel has it: a declared open stage is reached by reaching a later one
	for _, c := range order {
		ladder[c] = k.b.StageDeclared(c) && k.b.Stage(c).Kind == store.StageOpen
	}
	for d := range k.b.Select(analytics.Scope{Root: root, AsOf: k.sel.AsOf}).Deals() {
		if d.Kind == store.StageOpen || d.Stage == analytics.None {
			continue
		}
		clear(stood)
		top := int32(-1)
		for _, s := range k.b.Way(d.Deal, k.sel.AsOf) {
			if s.Stage == analytics.None {
				continue
			}
			stood[s.Stage] = true
			if ladder[s.Stage] {
				top = max(top, k.b.StageRank(s.Stage))
			}
		}
		for r, c := range order {
			if stood[c] || ladder[c] && (d.Kind == store.StageWon || int32(r) <= top) {
				all[c]++
				if d.Kind == store.StageWon {
					won[c]++
				}
			}
		}
	}
	for c := range k.basis {
		if all[c] > 0 {
			k.basis[c] = won[c] * 10000 / all[c]
		}
	}
}

func (k *kernel) probability(d *analytics.DealState) int64 {
	if d.Stage == analytics.None {
		return 0
	}
	return k.basis[d.Stage]
}

// partOf says where a deal counts; ok is false when it is not in the forecast of the period.
func (k *kernel) partOf(kind store.StageKind, stage analytics.Code, due, day analytics.Day, category store.Category) (part int, ok bool) {
	p := k.sel.Period
	switch kind {
	case store.StageWon:
		return closed, p.Contains(day)
	case store.StageLost:
		return 0, false
	}
	if due == store.NoDay || !p.Contains(max(due, k.sel.AsOf)) { // what has not come by the as-of day cannot come before it
		return 0, false
	}
	switch category {
	case store.CategoryOmitted:
		return omitted, true
	case store.CategoryPipeline:
		return pipeline, true
	case store.CategoryBestCase:
		return bestCase, true
	case store.CategoryCommit:
		return commit, true
	}
	prob := int64(0)
	if stage != analytics.None {
		prob = k.basis[stage]
	}
	switch {
	case prob >= k.commitAt:
		return commit, true
	case prob >= k.bestCaseAt:
		return bestCase, true
	}
	return pipeline, true
}

// cell is what one org node adds up.
type cell struct {
	sum                                               [parts]int64 // in minor units of the organisation's currency
	apart                                             *apart       // nil: every amount has a rate
	whole, frac                                       int64        // weighted, in minor units and in ten-thousandths of one
	deals, won, open, overdue, stale, noAmount, loose int32
	used                                              bool
}

// apart is what has no rate.
type apart struct {
	sum     [parts]analytics.Adder
	missing analytics.Adder // open and not omitted
}

func (k *kernel) apart(c *cell) *apart {
	if c.apart == nil {
		c.apart = &apart{missing: k.b.Adder()}
		for i := range c.apart.sum {
			c.apart.sum[i] = k.b.Adder()
		}
	}
	return c.apart
}

func (k *kernel) merge(c, o *cell) {
	if !o.used {
		return
	}
	c.used = true
	for i, v := range o.sum {
		c.sum[i] = analytics.Plus(c.sum[i], v)
	}
	if o.apart != nil {
		x := k.apart(c)
		for i := range x.sum {
			x.sum[i].AddSum(o.apart.sum[i].Sum())
		}
		x.missing.AddSum(o.apart.missing.Sum())
	}
	c.whole += o.whole
	c.frac += o.frac
	c.deals += o.deals
	c.won += o.won
	c.open += o.open
	c.overdue += o.overdue
	c.stale += o.stale
	c.noAmount += o.noAmount
	c.loose += o.loose
}

// total is what a cell has in a part.
func (k *kernel) total(c *cell, part int) analytics.Sum {
	if c.apart == nil {
		return analytics.Sum{Money: store.Money{Minor: c.sum[part], Currency: k.b.Currency()}}
	}
	sum := k.b.Adder()
	sum.AddMinor(c.sum[part])
	sum.AddSum(c.apart.sum[part].Sum())
	return sum.Sum()
}

// put counts deals, each in the cell of the node where it hangs.
func (k *kernel) put(cells []cell, st *analytics.States, rows []int32) {
	rules, asOf := k.b.Rules(), k.sel.AsOf
	for _, j := range rows {
		c := &cells[k.b.PersonNode(st.Owner[j])-k.sel.Lo]
		c.used = true
		stage, due := st.Stage[j], st.Close[j]
		kind := k.kind(stage)
		part, ok := k.partOf(kind, stage, due, st.Closed[j], st.Category[j])
		if !ok {
			if kind == store.StageOpen && due == store.NoDay {
				c.loose++
			}
			continue
		}
		c.deals++
		v := st.Value[j]
		odd := v == analytics.NoValue && st.Given[j]
		if odd {
			d := k.b.DealAt(st.Deal[j], asOf)
			x := k.apart(c)
			x.sum[part].AddDeal(&d)
			if part != closed && part != omitted {
				x.missing.AddDeal(&d)
			}
		} else {
			c.sum[part] = analytics.Plus(c.sum[part], v)
		}
		if !st.Given[j] {
			c.noAmount++
		}
		if part == closed {
			c.won++
			continue
		}
		c.open++
		if int(asOf-due) > rules.OverdueGrace {
			c.overdue++
		}
		if !k.b.SignedState(st, j, asOf-analytics.Day(rules.StaleDays), asOf) {
			c.stale++
		}
		if part != omitted && !odd {
			bp := int64(0)
			if stage != analytics.None {
				bp = k.basis[stage]
			}
			c.whole += v / 10000 * bp
			c.frac += v % 10000 * bp
		}
	}
}

// want says which deals may be in the forecast of the period.
func (k *kernel) want() analytics.Want {
	p := k.sel.Period
	due := p
	switch {
	case p.To < k.sel.AsOf: // what has not come by the as-of day cannot come before it
		due = analytics.Never
	case p.From <= k.sel.AsOf:
		due.From = analytics.Ever.From
	}
	return analytics.Want{Closed: p, Due: due}
}

// count puts every deal into the cell of the node where it hangs, on all processors where there are many.
func (k *kernel) count() []cell {
	parts := make([][]cell, analytics.Parts())
	n := k.sel.ShareStates(k.want(), func(part int, st *analytics.States, rows []int32) {
		if parts[part] == nil {
			parts[part] = make([]cell, k.sel.Hi-k.sel.Lo)
		}
		k.put(parts[part], st, rows)
	})
	var total []cell
	for _, part := range parts[:n] {
		switch {
		case part == nil:
		case total == nil:
			total = part
		default:
			for i := range part {
				k.merge(&total[i], &part[i])
			}
		}
	}
	if total == nil {
		total = make([]cell, k.sel.Hi-k.sel.Lo)
	}
	return total
}

// Of answers s: the forecast of its period (the fiscal quarter of the as-of day unless it has one) as of its day.
func Of(b *analytics.Book, s analytics.Scope) Answer {
	k := newKernel(b, s)
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Period: k.sel.Period, PeriodName: b.Calendar().Name(k.sel.Period), Rows: []Row{}, Historic: k.hist}
	if k.sel.Node < 0 {
		return a
	}
	nodes, lo := b.Nodes(), k.sel.Lo
	cells := k.count()
	for i := k.sel.Hi - 1; i > lo; i-- { // children stand after their parent
		k.merge(&cells[nodes[i].Parent-lo], &cells[i-lo])
	}
	quotas := k.quotas(cells)
	at := make([]int, len(cells)) // node → row
	a.Rows = make([]Row, 0, len(cells))
	for i := range cells {
		c, q, n := &cells[i], &quotas[i], &nodes[lo+int32(i)]
		if i > 0 && c.deals+c.loose == 0 && !q.has {
			at[i] = -1
			continue
		}
		at[i] = len(a.Rows)
		r := Row{Node: n.ID, Name: n.Name, Kind: n.Kind, Depth: int(n.Depth - nodes[lo].Depth), Parent: -1,
			HasQuota: q.has, QuotaPartial: q.partial, Quota: q.sum.Sum(),
			Closed: k.total(c, closed), Commit: k.total(c, commit), BestCase: k.total(c, bestCase), Pipeline: k.total(c, pipeline),
			Omitted: k.total(c, omitted),
			Deals:   int(c.deals), Won: int(c.won), Open: int(c.open), Overdue: int(c.overdue), Stale: int(c.stale), NoAmount: int(c.noAmount), NoClose: int(c.loose)}
		if i > 0 {
			r.Parent = at[n.Parent-lo]
		}
		w := b.Adder()
		w.AddSum(r.Closed)
		if c.apart != nil {
			w.AddSum(c.apart.missing.Sum())
		}
		w.Add(store.Money{Minor: c.whole + tenThousandths(c.frac), Currency: b.Currency()})
		r.Weighted = w.Sum()
		if q.has {
			r.Gap = store.Money{Minor: r.Quota.Money.Minor - r.Closed.Money.Minor - r.Commit.Money.Minor, Currency: b.Currency()}
			if r.Quota.Money.Minor > 0 {
				r.Attainment = analytics.Ratio{Num: int(math.Round(float64(r.Closed.Money.Minor) / float64(r.Quota.Money.Minor) * 10_000)), Den: 10_000}
			}
		}
		a.Rows = append(a.Rows, r)
	}
	return a
}

// tenThousandths divides by 10,000, rounded half to even.
func tenThousandths(n int64) int64 {
	q, r := n/10000, n%10000
	if r < 0 {
		q, r = q-1, r+10000
	}
	if r > 5000 || r == 5000 && q%2 != 0 {
		q++
	}
	return q
}

// listed is a list's place among a Book's answers.
type listed struct {
	scope analytics.Scope
	want  string
	eye   bool
}

// Look lists the deals behind the row of an org node, won and open ones, each with its flags and with the part that it counts in as its
// Reason. node "" is the scope's own. want narrows to a part or to the deals that carry a flag; "" takes all. Deals that promise no date are in no part
// and not here. eye puts the deals that carry a flag first and the closed ones last.
func Look(b *analytics.Book, s analytics.Scope, node store.ID, want string, eye bool) *deal.View {
	if node != "" {
		outer := b.Select(s)
		if at, ok := b.NodeOf(node); !ok || !outer.Inside(at) {
			return deal.Collect(b, s).View(nil)
		}
		s.Node = node
	}
	return analytics.MemoList(b, listed{s, want, eye}, func() *deal.View {
		k, c := newKernel(b, s), deal.Collect(b, s)
		take := func(at int, d *analytics.DealState, part int) {
			class := int8(0)
			if want != "" && names[part] != want || eye {
				flags := deal.Flags(b, d, k.sel.AsOf)
				if want != "" && names[part] != want && !slices.ContainsFunc(flags, func(f deal.Flag) bool { return string(f.Kind) == want }) {
					return
				}
				switch {
				case !eye:
				case d.Kind != store.StageOpen:
					class = 2
				case len(flags) == 0:
					class = 1
				}
			}
			c.Add(at, d, int32(part), class)
		}
		k.sel.ShareStates(k.want(), func(at int, st *analytics.States, rows []int32) {
			for _, j := range rows {
				if part, ok := k.partOf(k.kind(st.Stage[j]), st.Stage[j], st.Close[j], st.Closed[j], st.Category[j]); ok {
					d := b.DealAt(st.Deal[j], k.sel.AsOf)
					take(at, &d, part)
				}
			}
		})
		return c.View(func(r *deal.Row, d *analytics.DealState, part int32) {
			r.Reason = names[part]
			if k.hist {
				r.Probability = int((k.probability(d) + 50) / 100)
			}
		})
	})
}

// Deals is [Look] with all rows made.
func Deals(b *analytics.Book, s analytics.Scope, node store.ID) deal.List {
	return Look(b, s, node, "", false).List()
}

// Table gives the forecast as raw cells, one row per org node.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"node", "name", "kind", "depth", "currency", "quota", "closed", "commit", "best_case", "pipeline", "omitted",
		"weighted", "gap", "attainment", "deals", "won", "open", "overdue", "stale", "no_amount", "no_close", "without_rate"}}
	for i := range a.Rows {
		r := &a.Rows[i]
		quota, gap := "", ""
		if r.HasQuota {
			quota, gap = r.Quota.Cell(), r.Gap.Amount()
		}
		t.Rows = append(t.Rows, []string{string(r.Node), r.Name, r.Kind, strconv.Itoa(r.Depth), string(r.Closed.Money.Currency), quota, r.Closed.Cell(),
			r.Commit.Cell(), r.BestCase.Cell(), r.Pipeline.Cell(), r.Omitted.Cell(), r.Weighted.Cell(), gap, r.Attainment.Cell(), strconv.Itoa(r.Deals),
			strconv.Itoa(r.Won), strconv.Itoa(r.Open), strconv.Itoa(r.Overdue), strconv.Itoa(r.Stale), strconv.Itoa(r.NoAmount), strconv.Itoa(r.NoClose),
			r.Weighted.MissingCell()})
	}
	return t
}
