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
	basis []int64 // probability by stage Code, in hundredths of a per cent
	hist  bool
}

func newKernel(b *analytics.Book, s analytics.Scope) *kernel {
	k := &kernel{b: b, sel: b.Select(s), basis: make([]int64, len(b.Stages()))}
	known := false
	for _, c := range b.Stages() {
		st := b.Stage(c)
		k.basis[c] = int64(min(max(st.Probability, 0), 100)) * 100
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

// part says where a deal counts; ok is false when it is not in the forecast of the period.
func (k *kernel) part(d *analytics.DealState) (part int, ok bool) {
	p := k.sel.Period
	switch d.Kind {
	case store.StageWon:
		return closed, p.Contains(d.Closed)
	case store.StageLost:
		return 0, false
	}
	if d.Close == store.NoDay || !p.Contains(max(d.Close, k.sel.AsOf)) { // what has not come by the as-of day cannot come before it
		return 0, false
	}
	switch d.Category {
	case store.CategoryOmitted:
		return omitted, true
	case store.CategoryPipeline:
		return pipeline, true
	case store.CategoryBestCase:
		return bestCase, true
	case store.CategoryCommit:
		return commit, true
	}
	r, prob := k.b.Rules(), k.probability(d)
	switch {
	case prob >= int64(r.CommitAt)*100:
		return commit, true
	case prob >= int64(r.BestCaseAt)*100:
		return bestCase, true
	}
	return pipeline, true
}

// cell is what one org node adds up.
type cell struct {
	sum                                               [parts]analytics.Adder
	missing                                           analytics.Adder // open and not omitted, without a rate
	whole, frac                                       int64           // weighted, in minor units and in ten-thousandths of one
	deals, won, open, overdue, stale, noAmount, loose int
	used                                              bool
}

func (c *cell) add(o *cell) {
	if !o.used {
		return
	}
	c.used = true
	for i := range c.sum {
		c.sum[i].AddSum(o.sum[i].Sum())
	}
	c.missing.AddSum(o.missing.Sum())
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

func (k *kernel) put(c *cell, d *analytics.DealState) {
	c.used = true
	part, ok := k.part(d)
	if !ok {
		if d.Open() && d.Close == store.NoDay {
			c.loose++
		}
		return
	}
	c.deals++
	c.sum[part].AddDeal(d)
	if !d.Amount.Given() {
		c.noAmount++
	}
	if part == closed {
		c.won++
		return
	}
	c.open++
	if deal.IsOverdue(k.b, d, k.sel.AsOf) {
		c.overdue++
	}
	if stale, _ := deal.IsStale(k.b, d, k.sel.AsOf); stale {
		c.stale++
	}
	switch bp := k.probability(d); {
	case part == omitted:
	case d.HasValue():
		c.whole += d.Value / 10000 * bp
		c.frac += d.Value % 10000 * bp
	default:
		c.missing.Add(d.Amount)
	}
}

// cells returns an empty cell for each node of the scope.
func (k *kernel) cells() []cell {
	cells := make([]cell, k.sel.Hi-k.sel.Lo)
	for i := range cells {
		for p := range cells[i].sum {
			cells[i].sum[p] = k.b.Adder()
		}
		cells[i].missing = k.b.Adder()
	}
	return cells
}

// count puts every deal into the cell of the node where it hangs, on all processors where there are many.
func (k *kernel) count() []cell {
	parts := make([][]cell, analytics.Parts())
	n := k.sel.ShareDeals(k.sel.Period, func(part int, d *analytics.DealState) {
		if parts[part] == nil {
			parts[part] = k.cells()
		}
		k.put(&parts[part][d.Node-k.sel.Lo], d)
	})
	total := parts[0]
	if total == nil {
		total = k.cells()
	}
	for _, part := range parts[1:n] {
		for i := range part {
			total[i].add(&part[i])
		}
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
		cells[nodes[i].Parent-lo].add(&cells[i-lo])
	}
	quotas := k.quotas(cells)
	at := make([]int, len(cells)) // node → row
	for i := range cells {
		c, q, n := &cells[i], &quotas[i], &nodes[lo+int32(i)]
		if i > 0 && c.deals+c.loose == 0 && !q.has {
			at[i] = -1
			continue
		}
		at[i] = len(a.Rows)
		r := Row{Node: n.ID, Name: n.Name, Kind: n.Kind, Depth: int(n.Depth - nodes[lo].Depth), Parent: -1,
			HasQuota: q.has, QuotaPartial: q.partial, Quota: q.sum.Sum(),
			Closed: c.sum[closed].Sum(), Commit: c.sum[commit].Sum(), BestCase: c.sum[bestCase].Sum(), Pipeline: c.sum[pipeline].Sum(),
			Omitted: c.sum[omitted].Sum(),
			Deals:   c.deals, Won: c.won, Open: c.open, Overdue: c.overdue, Stale: c.stale, NoAmount: c.noAmount, NoClose: c.loose}
		if i > 0 {
			r.Parent = at[n.Parent-lo]
		}
		w := b.Adder()
		w.AddSum(c.sum[closed].Sum())
		w.AddSum(c.missing.Sum())
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
	return analytics.Memo(b, listed{s, want, eye}, func() *deal.View {
		k, c := newKernel(b, s), deal.Collect(b, s)
		k.sel.ShareDeals(k.sel.Period, func(at int, d *analytics.DealState) {
			part, ok := k.part(d)
			if !ok {
				return
			}
			class := int16(0)
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
