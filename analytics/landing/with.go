package landing

import (
	"fmt"
	"maps"
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Change is one thing to try on an open deal. Nothing is written anywhere.
type Change struct {
	Deal   store.ID
	Amount store.Money   // not given: as it is
	Close  analytics.Day // the promised date; 0: as it is
	Drop   bool          // the deal is not there
}

// guess is an open deal as With changed it.
type guess struct {
	state  state
	chance float64
	worth  int64
}

// With returns where the period lands with the changes, on top of those that l has already. Only the deals named are drawn anew, with the same luck as before, so the
// difference is the change's own; it takes well under a frame on any company. What the forecast has beside it stays as it was. A promise that is moved changes
// the week it is promised for, not how often it was pushed. Its errors name a deal that is not open in l's scope, or an amount without a rate.
func (l *Landing) With(changes ...Change) (*Landing, error) {
	if l.o.pl == nil {
		return nil, fmt.Errorf("try a change: there is too little history for a landing; %d closed deals are needed", minClosed)
	}
	out := *l
	out.Rows, out.node, out.over = slices.Clone(l.Rows), slices.Clone(l.node), maps.Clone(l.over)
	if out.over == nil {
		out.over = map[int]guess{}
	}
	touched := map[int32]bool{}
	for _, c := range changes {
		if err := out.change(c, touched); err != nil {
			return nil, err
		}
	}
	var order sorter
	for k := range out.node {
		if at := out.row[k]; touched[int32(k)] && at >= 0 {
			out.Rows[at].fill(out.node[k], &order, l.o.b.Currency())
		}
	}
	return &out, nil
}

// find returns an open deal's place in the pipeline.
func (l *Landing) find(id store.ID) (int, bool) {
	code, ok := l.o.b.DealCode(id)
	if !ok {
		return 0, false
	}
	if _, ok := l.sel.Deal(code); !ok || l.o.pl == nil {
		return 0, false
	}
	node := l.o.b.DealAt(code, l.o.day).Node
	for i := l.o.pl.first[node]; i < l.o.pl.first[node+1]; i++ {
		if l.o.pl.open[i].code == code {
			return int(i), l.sel.Inside(node)
		}
	}
	return 0, false
}

// now returns an open deal as it stands in l.
func (l *Landing) now(i int) guess {
	if g, ok := l.over[i]; ok {
		return g
	}
	g := guess{state: l.o.pl.open[i]}
	if v, ok := l.worth(&g.state); ok {
		g.chance, g.worth = float64(l.chance[i-l.base]), v
	}
	return g
}

func (l *Landing) change(c Change, touched map[int32]bool) error {
	m := l.o.pl.m
	i, ok := l.find(c.Deal)
	if !ok {
		return fmt.Errorf("try a change on deal %q: %w among the open deals here", store.Clip(string(c.Deal), 80), store.ErrNotFound)
	}
	was := l.now(i)
	is := was
	if c.Amount.Given() {
		v, ok := l.o.b.Converted(c.Amount)
		if !ok {
			return fmt.Errorf("try %s on deal %q: there is no rate for %s; add one under organisation.rates", c.Amount, store.Clip(string(c.Deal), 80), c.Amount.Currency)
		}
		is.state.amount, is.state.value = amountKnown, float64(v)
		is.state.fixed[groupSize] = m.form.sized(m.archive, &is.state)
	}
	if c.Close != 0 {
		is.state.promise = c.Close
	}
	var path ahead
	ss := m.form.seasons(l.o.day)
	m.path(&is.state, l.o.day, &ss, &path)
	is.chance, is.worth = l.scale.fix.of(path.within(l.o.day, l.sel.Period)), 0
	if v, ok := l.worth(&is.state); ok {
		is.worth = v
	}
	if c.Drop {
		is.chance = 0
	}
	l.over[i] = is
	k := is.state.node - l.sel.Lo
	var before, after draw
	before.deal(was.chance, was.worth, &l.factor[k], l.o.pl.seeds[i])
	after.deal(is.chance, is.worth, &l.factor[k], l.o.pl.seeds[i])
	shift := after.mean() - before.mean()
	nodes := l.o.b.Nodes()
	for n := is.state.node; n >= l.sel.Lo; n = nodes[n].Parent {
		k := n - l.sel.Lo
		if !touched[k] { // the one that others share stays as it is
			own := *l.node[k]
			l.node[k], touched[k] = &own, true
		}
		d := l.node[k]
		for w := range d {
			d[w] += after[w] - before[w]
		}
		if at := l.row[k]; at >= 0 {
			l.Rows[at].Open.Minor += shift
		}
	}
	return nil
}
