package sandbag

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// event is something that a deal did in the window.
type event struct {
	deal     analytics.Code
	node     int32 // of its owner
	kind     kind
	day      analytics.Day // on which it happened
	from, to analytics.Day // the promise before and after; the promise and the close
	early    int32
	raised   float32
}

type kind uint8

const (
	won  kind = iota // with a promise that stood the day before
	lone             // won, without one
	push             // a promise moved to a later day
)

// ledger is every event of a Book in the window, by org node.
type ledger struct {
	b      *analytics.Book
	rules  rule.Clustering
	pack   *rule.Pack
	day    analytics.Day
	window analytics.Period
	events []event // in order of node
	rows   []Row   // by node; Kind "" where nothing happened
}

type asked struct {
	rules rule.Clustering
	day   analytics.Day
}

// read collects the events of all deals as of day and tests every node, once per Book: people against people and units against units, of the whole company, so that the viewer's part
// changes nothing about who stands out.
func read(b *analytics.Book, p *rule.Pack, day analytics.Day) *ledger {
	c := rule.ForecastSection.Of(p).Clustering
	return analytics.Memo(b, asked{c, day}, func() *ledger {
		first := monthsBefore(day, c.Months)
		l := &ledger{b: b, rules: c, pack: p, day: day, window: analytics.Period{From: first, To: day}}
		sel := b.Select(analytics.Scope{AsOf: day})
		parts := make([][]event, analytics.Parts())
		sel.ShareDeals(l.window, func(part int, d *analytics.DealState) { parts[part] = l.collect(parts[part], d) })
		for _, p := range parts {
			l.events = append(l.events, p...)
		}
		slices.SortFunc(l.events, func(x, y event) int {
			return cmp.Or(cmp.Compare(x.node, y.node), cmp.Compare(y.day, x.day), cmp.Compare(x.deal, y.deal), cmp.Compare(x.kind, y.kind), cmp.Compare(x.to, y.to))
		})
		l.test()
		return l
	})
}

// monthsBefore is the day so many months before d; of the 31st in a shorter month a day or two later.
func monthsBefore(d analytics.Day, n int) analytics.Day {
	y, m, day := d.Date()
	return store.Date(y, m-time.Month(n), day)
}

// collect adds a deal's events in the window.
func (l *ledger) collect(out []event, d *analytics.DealState) []event {
	b := l.b
	closed := d.Kind == store.StageWon && l.window.Contains(d.Closed)
	for p := range b.Promises(d.Deal, l.day) {
		if p.From == store.NoDay || p.To == store.NoDay || p.To <= p.From || !l.window.Contains(p.At) || d.Closed != store.NoDay && p.At >= d.Closed {
			continue
		}
		out = append(out, event{deal: d.Deal, node: d.Node, kind: push, day: p.At, from: p.From, to: p.To})
	}
	if !closed {
		return out
	}
	e := event{deal: d.Deal, node: d.Node, kind: lone, day: d.Closed, to: d.Closed}
	if before := b.DealAt(d.Deal, d.Closed-1); before.Open() && before.Close != store.NoDay {
		e.kind, e.from, e.early = won, before.Close, int32(max(-9999, min(9999, int64(before.Close)-int64(d.Closed))))
		if then := b.DealAt(d.Deal, d.Closed-30); then.Open() && then.HasValue() && then.Value > 0 && d.HasValue() {
			e.raised = float32(float64(d.Value) / float64(then.Value))
		}
	}
	return append(out, e)
}

// just reports whether a push lands just over the end of the quarter in which the promise lay.
func (l *ledger) just(e *event) bool {
	q := l.b.Calendar().Quarter(e.from, 0)
	return e.to > q.To && int(e.to-q.To) <= l.rules.Over
}

// late reports whether a deal closed in the last days of a quarter.
func (l *ledger) late(e *event) bool {
	return int(l.b.Calendar().Quarter(e.day, 0).To-e.day) < l.rules.Rush
}

func in(d rule.Days, day analytics.Day) bool {
	_, _, n := day.Date()
	return n >= d.From && n <= d.To
}

// test makes the rows of all nodes and tests them.
func (l *ledger) test() {
	nodes := l.b.Nodes()
	l.rows = make([]Row, len(nodes))
	all, rushed := 0, 0
	for i := range l.events {
		if e := &l.events[i]; e.kind != push {
			if all++; l.late(e) {
				rushed++
			}
		}
	}
	analytics.Each(len(nodes), func(i int) {
		n := &nodes[i]
		r := &l.rows[i]
		run := l.under(int32(i))
		if len(run) == 0 {
			return
		}
		*r = Row{Node: n.ID, Name: n.Name, Kind: n.Kind}
		var pairs []pair
		var early []int
		var raised []float64
		chance, actual := 0., [2]int{}
		for k := range run {
			e := &run[k]
			if e.kind == push {
				r.Over.N++
				chance += math.Min(float64(e.to-e.from), float64(l.rules.Over)) / 91.25
				if l.just(e) {
					r.Over.K++
				}
				continue
			}
			if r.Rush.N++; l.late(e) {
				r.Rush.K++
			}
			if e.kind != won {
				continue
			}
			_, _, p := e.from.Date()
			_, _, a := e.day.Date()
			pairs = append(pairs, pair{uint8(p - 1), uint8(a - 1)})
			if in(l.rules.Promised, e.from) {
				r.Cluster.K++
			}
			if in(l.rules.Promised, e.day) {
				actual[0]++
			}
			if in(l.rules.Actual, e.day) {
				actual[1]++
			}
			if early = append(early, int(e.early)); e.raised > 0 {
				raised = append(raised, float64(e.raised))
			}
		}
		r.Deals, r.Cluster.N = len(pairs), len(pairs)
		if n := float64(len(pairs)); n > 0 {
			r.Cluster.Expected, r.Actual = float64(actual[0])/n, math.Round(float64(actual[1])/n*1e4)/1e4
		}
		if r.Over.N > 0 {
			r.Over.Expected = min(1, chance/float64(r.Over.N))
		}
		r.Rush.Expected = float64(l.rules.Rush) / 91.25
		if others := all - r.Rush.N; others > 0 {
			r.Rush.Expected = max(r.Rush.Expected, float64(rushed-r.Rush.K)/float64(others))
		}
		r.Early, r.Raised = medianInt(early), math.Round(median(raised)*1e4)/1e4
		overAt, rushAt := r.Over.Expected, r.Rush.Expected
		for _, t := range []*Test{&r.Cluster, &r.Over, &r.Rush} {
			t.settle(l.rules.Deals)
		}
		if !r.Cluster.TooFew {
			if r.Distance, r.Cluster.P = permute(pairs, n.ID); r.Cluster.Share <= r.Cluster.Expected {
				r.Cluster.P = 1 // they gather elsewhere
			}
			r.Distance = math.Round(r.Distance*100) / 100
		}
		if !r.Over.TooFew {
			r.Over.P = atLeast(r.Over.K, r.Over.N, overAt)
		}
		if !r.Rush.TooFew {
			r.Rush.P = atLeast(r.Rush.K, r.Rush.N, rushAt)
		}
	})
	var tests [2][3][]*Test // people, units
	for i := range l.rows {
		r := &l.rows[i]
		if r.Kind == "" {
			continue
		}
		who := 1
		if r.Kind == analytics.KindPerson {
			who = 0
		}
		for k, t := range []*Test{&r.Cluster, &r.Over, &r.Rush} {
			tests[who][k] = append(tests[who][k], t)
		}
	}
	for who := range tests {
		for k := range tests[who] {
			correct(tests[who][k], l.rules.Level)
		}
	}
}

// under returns the events of a node's subtree.
func (l *ledger) under(node int32) []event {
	find := func(n int32) int {
		i, _ := slices.BinarySearchFunc(l.events, n, func(e event, n int32) int { return cmp.Compare(e.node, n) })
		return i
	}
	return l.events[find(node):find(l.b.Nodes()[node].End)]
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func medianInt(v []int) int {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// Of tells the habits of the people and units of s in the months before its day, by the rules in p (nil: the defaults). Of the scope Root, Node and AsOf count: habits are a
// person's over all deals.
func Of(b *analytics.Book, p *rule.Pack, s analytics.Scope) Answer {
	s = analytics.Scope{Root: s.Root, Node: s.Node, AsOf: s.AsOf}
	sel := b.Select(s)
	l := read(b, p, sel.AsOf)
	a := Answer{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), Window: l.window, Least: l.rules.Deals, Rows: []Row{}}
	if sel.Empty() {
		return a
	}
	for i := sel.Lo; i < sel.Hi; i++ {
		r := l.rows[i]
		if r.Kind == "" {
			continue
		}
		if a.Rows = append(a.Rows, r); r.Kind != analytics.KindPerson {
			continue
		}
		a.People++
		if r.TooFew() {
			a.TooFew++
		}
		if r.Red() {
			a.Red++
		}
	}
	q := func(r *Row) float64 { return min(r.Cluster.Q, r.Over.Q, r.Rush.Q) }
	class := func(r *Row) int {
		switch {
		case r.Red():
			return 0
		case r.TooFew():
			return 2
		}
		return 1
	}
	slices.SortStableFunc(a.Rows, func(x, y Row) int { return cmp.Or(cmp.Compare(class(&x), class(&y)), cmp.Compare(q(&x), q(&y))) })
	return a
}

// Cases returns the deals behind the figures of the node of s: promises in the rule's days that closed elsewhere, pushes just over a quarter's end, wins in a quarter's last days. The error is
// [store.ErrNotFound] when the viewer may not see the node, or nothing happened there. All who ask the same share the list: nothing in it may be written to.
func Cases(b *analytics.Book, p *rule.Pack, s analytics.Scope) (CaseList, error) {
	s = analytics.Scope{Root: s.Root, Node: s.Node, AsOf: s.AsOf}
	type found struct {
		CaseList
		err error
	}
	x := analytics.MemoList(b, cased{p, s}, func() found {
		list, err := cases(b, p, s)
		return found{list, err}
	})
	return x.CaseList, x.err
}

// cased is a list's place among a Book's answers.
type cased struct {
	pack  *rule.Pack
	scope analytics.Scope
}

func cases(b *analytics.Book, p *rule.Pack, s analytics.Scope) (CaseList, error) {
	sel := b.Select(s)
	l := read(b, p, sel.AsOf)
	if sel.Empty() || l.rows[sel.Lo].Kind == "" {
		return CaseList{}, fmt.Errorf("habits of %q: %w", store.Clip(string(s.Node), 60), store.ErrNotFound)
	}
	out := CaseList{Stamp: b.Stamp(s), Row: l.rows[sel.Lo], Cases: []Case{}}
	for _, e := range l.under(sel.Lo) {
		for _, f := range l.findings(&e) {
			d := b.DealAt(e.deal, sel.AsOf)
			c := Case{Finding: f, Deal: b.DealID(e.deal), Name: b.DealName(e.deal), Owner: b.Person(d.Owner).Name, Day: e.day, From: e.from, To: e.to, Reason: l.word(f, &e)}
			if e.kind == lone {
				c.From = store.NoDay
			}
			if d.HasValue() {
				c.Value = store.Money{Minor: d.Value, Currency: b.Currency()}
			}
			out.Cases = append(out.Cases, c)
		}
	}
	slices.SortStableFunc(out.Cases, func(x, y Case) int {
		return cmp.Or(cmp.Compare(y.Day, x.Day), strings.Compare(string(x.Deal), string(y.Deal)))
	})
	return out, nil
}

// findings returns of which habits an event is an instance.
func (l *ledger) findings(e *event) (out []Finding) {
	switch {
	case e.kind == push && l.just(e):
		out = append(out, Over)
	case e.kind == won && in(l.rules.Promised, e.from) && !in(l.rules.Promised, e.day):
		out = append(out, Clustered)
	}
	if e.kind != push && l.late(e) {
		out = append(out, Rush)
	}
	return out
}

func (l *ledger) word(f Finding, e *event) analytics.Text {
	q := l.b.Calendar().Quarter(e.from, 0)
	switch f {
	case Over:
		return analytics.Text{Zh: fmt.Sprintf("%s 把承诺日从 %s 推到 %s, 刚过季末 %d 天", e.day, e.from, e.to, e.to-q.To),
			En: fmt.Sprintf("on %s pushed from %s to %s, %d days over the quarter's end", e.day, e.from, e.to, e.to-q.To)}
	case Clustered:
		return analytics.Text{Zh: fmt.Sprintf("承诺 %s, 实际 %s 成交", e.from, e.day), En: fmt.Sprintf("promised for %s, closed on %s", e.from, e.day)}
	}
	left := l.b.Calendar().Quarter(e.day, 0).To - e.day
	return analytics.Text{Zh: fmt.Sprintf("季末前 %d 天成交 (%s)", left, e.day), En: fmt.Sprintf("closed %d days before the quarter's end (%s)", left, e.day)}
}

// Watch tells which open deals carry the habits of their owner, for those who flag them.
type Watch struct{ l *ledger }

// Watched reads the habits of a Book as of a day.
func Watched(b *analytics.Book, p *rule.Pack, day analytics.Day) Watch { return Watch{read(b, p, day)} }

// Deal reports whether an open deal, as it stood on the day, is an instance of a habit that was found with its owner, and says so in one line with the day since when.
func (w Watch) Deal(d *analytics.DealState) (reason analytics.Text, since analytics.Day, ok bool) {
	l := w.l
	if d.Close == store.NoDay || d.Node < 0 || int(d.Node) >= len(l.rows) {
		return reason, store.NoDay, false
	}
	r := &l.rows[d.Node]
	if r.Kind != analytics.KindPerson || !r.Cluster.Red && !r.Over.Red {
		return reason, store.NoDay, false
	}
	if r.Over.Red {
		for p := range l.b.Promises(d.Deal, l.day) {
			e := event{kind: push, day: p.At, from: p.From, to: p.To}
			if p.From != store.NoDay && p.To == d.Close && p.To > p.From && l.just(&e) {
				t := l.word(Over, &e)
				return analytics.Text{Zh: fmt.Sprintf("%s; %s如此 %d/%d 次 (q=%.3f)", t.Zh, r.Name, r.Over.K, r.Over.N, r.Over.Q),
					En: fmt.Sprintf("%s; %s did so %d times of %d (q=%.3f)", t.En, r.Name, r.Over.K, r.Over.N, r.Over.Q)}, p.At, true
			}
		}
	}
	if r.Cluster.Red && in(l.rules.Promised, d.Close) {
		return analytics.Text{Zh: fmt.Sprintf("承诺 %s; %s %.0f%% 的承诺在 %d-%d 日, 实际成交只有 %.0f%% (q=%.3f)", d.Close, r.Name, r.Cluster.Share*100, l.rules.Promised.From, l.rules.Promised.To, r.Cluster.Expected*100, r.Cluster.Q),
				En: fmt.Sprintf("promised for %s; %.0f %% of %s's promises lie on the %dth to %dth, and %.0f %% of the closes (q=%.3f)", d.Close, r.Cluster.Share*100, r.Name, l.rules.Promised.From, l.rules.Promised.To, r.Cluster.Expected*100, r.Cluster.Q)},
			l.b.Changed(d.Deal, l.day, store.FieldsOf(store.FieldClose)), true
	}
	return reason, store.NoDay, false
}

// Table gives the nodes as raw cells.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"node", "name", "kind", "habit", "won_deals", "promised_share", "closed_share", "closed_actual_share", "distance", "cluster_q", "pushes", "over_share", "over_chance", "over_q",
		"rush_share", "rush_usual", "rush_q", "median_early", "raised"}}
	f := func(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	for i := range a.Rows {
		r := &a.Rows[i]
		var habit []string
		for _, x := range []struct {
			t    *Test
			word Finding
		}{{&r.Cluster, Clustered}, {&r.Over, Over}, {&r.Rush, Rush}} {
			if x.t.Red {
				habit = append(habit, string(x.word))
			}
		}
		if r.TooFew() {
			habit = append(habit, "too_few")
		}
		q := func(t *Test) string {
			if t.TooFew {
				return ""
			}
			return f(t.Q, 4)
		}
		t.Rows = append(t.Rows, []string{string(r.Node), r.Name, r.Kind, strings.Join(habit, " "), strconv.Itoa(r.Deals), f(r.Cluster.Share, 4), f(r.Cluster.Expected, 4), f(r.Actual, 4), f(r.Distance, 2), q(&r.Cluster),
			strconv.Itoa(r.Over.N), f(r.Over.Share, 4), f(r.Over.Expected, 4), q(&r.Over), f(r.Rush.Share, 4), f(r.Rush.Expected, 4), q(&r.Rush), strconv.Itoa(r.Early), f(r.Raised, 2)})
	}
	return t
}

// Table gives the deals as raw cells.
func (l CaseList) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"deal", "deal_name", "owner", "habit", "day", "promise_from", "promise_to", "value", "habit_reason"}}
	for _, c := range l.Cases {
		value := ""
		if c.Value.Given() {
			value = c.Value.Amount()
		}
		t.Rows = append(t.Rows, []string{string(c.Deal), c.Name, c.Owner, string(c.Finding), c.Day.String(), c.From.String(), c.To.String(), value, c.Reason.En})
	}
	return t
}
