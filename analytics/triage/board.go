package triage

import (
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/rule"
	"flightdeck/store"
)

// BoardOf counts what is open and for how long, for the org node of s and every unit below it; below a team its people. Flags of people who hang at a unit itself count there and
// above. The scope's period plays no part. Nothing in it may be written to.
func BoardOf(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) Board {
	s.Period = analytics.Period{}
	type asked struct {
		view  desk.View
		pack  *rule.Pack
		scope analytics.Scope
	}
	return analytics.Memo(b, asked{v, p, s}, func() Board { return boardOf(b, v, p, s) })
}

func boardOf(b *analytics.Book, v desk.View, p *rule.Pack, s analytics.Scope) Board {
	day := b.AsOf(s)
	out := Board{Stamp: b.Stamp(s), Rules: p.Version(), Scope: b.Named(s), Lines: []Line{}}
	sel := b.Select(s)
	if sel.Empty() {
		return out
	}
	nodes := b.Nodes()
	all := slices.Clone(raised(b, v, p, s))
	slices.SortFunc(all, func(x, y entry) int { return int(x.node) - int(y.node) })
	o, limit := newOverlay(b, v, day), rule.ForecastSection.Of(p).Triage.Escalate
	top := nodes[sel.Lo].Kind
	for i := sel.Lo; i < sel.Hi; i++ {
		n := &nodes[i]
		if n.Kind == analytics.KindPerson && i != sel.Lo && top != store.UnitTeam.String() {
			continue
		}
		first, _ := slices.BinarySearchFunc(all, i, func(e entry, node int32) int { return int(e.node) - int(node) })
		l := Line{Node: n.ID, Name: n.Name, Kind: n.Kind, Depth: int(n.Depth - nodes[sel.Lo].Depth)}
		count, decayed := newCounter(b), b.Adder()
		for k := first; k < len(all) && all[k].node < n.End; k++ {
			e := &all[k]
			r := o.of(e.deal, rules[e.rule], e.since)
			if r.state.Held() {
				l.Held++
				continue
			}
			if count.add(e, day) > limit {
				l.Escalated++
			}
			switch r.state {
			case Requested:
				l.Requested++
			case Unanswered:
				l.Late++
			}
			if rules[e.rule] == Overdue && e.risk > 0 && !e.estimated {
				decayed.AddMinor(e.risk)
			}
		}
		l.Open, l.MedianAge, l.OldestAge = count.sum()
		if l.Decayed = decayed.Sum(); n.ID == analytics.NodeUnassigned && l.Open.Flags+l.Held == 0 {
			continue
		}
		out.Lines = append(out.Lines, l)
	}
	return out
}

// Table gives the board as raw cells.
func (b Board) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"node", "name", "kind", "depth", "open_flags", "flagged_deals", "at_risk", "currency", "escalated", "median_age", "oldest_age", "requested", "unanswered", "held_flags", "decayed"}}
	for _, l := range b.Lines {
		median := ""
		if l.MedianAge >= 0 {
			median = strconv.Itoa(l.MedianAge)
		}
		t.Rows = append(t.Rows, []string{string(l.Node), l.Name, l.Kind, strconv.Itoa(l.Depth), strconv.Itoa(l.Open.Flags), strconv.Itoa(l.Open.Deals), l.Open.AtRisk.Cell(),
			string(l.Open.AtRisk.Money.Currency), strconv.Itoa(l.Escalated), median, strconv.Itoa(l.OldestAge), strconv.Itoa(l.Requested), strconv.Itoa(l.Late), strconv.Itoa(l.Held), l.Decayed.Cell()})
	}
	return t
}
