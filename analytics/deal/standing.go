package deal

import (
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// heap is what one goroutine gathers of the deals of a list: what they add up to, and those that come first.
type heap struct {
	n        [3]int
	sums     [3]int64 // in minor units of the organisation's currency
	apart    *[3]analytics.Adder
	noAmount int
	top      *analytics.Top[ref]
}

// ofKinds lists all deals of s, or those of some kinds.
func ofKinds(b *analytics.Book, s analytics.Scope, kinds []store.StageKind) *View {
	want := analytics.Want{Closed: analytics.Ever, Due: analytics.Ever}
	if len(kinds) == 1 && kinds[0] == store.StageOpen {
		want.Closed = analytics.Never
	}
	return standing(b, s, want, func(_ analytics.Code, k store.StageKind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) })
}

// InStage lists the deals of s that stand in a stage, of those won or lost the ones that closed within a period. Its order is that of every list: by value.
func InStage(b *analytics.Book, s analytics.Scope, stage analytics.Code, closed analytics.Period) *View {
	return standing(b, s, analytics.Want{Closed: closed, Due: analytics.Ever}, func(c analytics.Code, _ store.StageKind) bool { return c == stage })
}

// standing lists the deals of s that want takes, of some stages. Of a million only the few hundred that a screen may show are gathered; the others when somebody asks.
func standing(b *analytics.Book, s analytics.Scope, want analytics.Want, takes func(stage analytics.Code, kind store.StageKind) bool) *View {
	sel, before := b.Select(s), order(b)
	kind := make([]int8, len(b.Stages())+1) // by stage Code + 1; -1: not asked for
	for c := range kind {
		k := store.StageOpen
		if c > 0 {
			k = b.Stage(analytics.Code(c - 1)).Kind
		}
		if kind[c] = int8(min(int(k), 2)); !takes(analytics.Code(c-1), k) {
			kind[c] = -1
		}
	}
	parts, moved := make([]*heap, analytics.Parts()), b.Moved()
	of := func(part int) *heap {
		if parts[part] == nil {
			parts[part] = &heap{top: analytics.NewTop(before)}
		}
		return parts[part]
	}
	sel.ShareTotals(want, func(part int, t *analytics.Totals) {
		h := of(part)
		for _, x := range t.Stages {
			if k := kind[x.Stage+1]; k >= 0 {
				h.n[k] += int(x.N)
				h.noAmount += int(x.NoAmount)
				h.sums[k] = analytics.Plus(h.sums[k], x.Minor)
			}
		}
		bar, full := h.top.Bar()
		for _, j := range t.Order {
			v := t.Value[j]
			if !t.Given[j] {
				v = none
			}
			if full && v < bar.value {
				break
			}
			if kind[t.Stage[j]+1] >= 0 && !moved.Has(int(t.Deal[j])) {
				h.top.Add(refOf(b, t.States, int32(j), v, sel.AsOf))
				bar, full = h.top.Bar()
			}
		}
	}, func(part int, st *analytics.States, rows []int32, sign int) {
		h := of(part)
		bar, full := h.top.Bar()
		for _, j := range rows {
			k := kind[st.Stage[j]+1]
			if k < 0 {
				continue
			}
			h.n[k] += sign
			v := st.Value[j]
			switch {
			case !st.Given[j]:
				h.noAmount += sign
				v = none
			case v == analytics.NoValue:
				h.addApart(b, st.Deal[j], sel.AsOf, int(k))
				v = none
			default:
				h.sums[k] = analytics.Plus(h.sums[k], int64(sign)*v)
			}
			if sign < 0 || full && v < bar.value {
				continue
			}
			h.top.Add(refOf(b, st, j, v, sel.AsOf))
			bar, full = h.top.Bar()
		}
	})
	v := &View{Stamp: b.Stamp(s), Scope: b.Named(s), Period: b.Period(s), PeriodName: b.Calendar().Name(b.Period(s)), b: b, asOf: sel.AsOf, stale: &stale{}}
	total := b.Adder()
	var sums [3]analytics.Adder
	for k := range sums {
		sums[k] = b.Adder()
	}
	var tops []*analytics.Top[ref]
	n := 0
	for _, h := range parts {
		if h == nil {
			continue
		}
		tops = append(tops, h.top)
		v.NoAmount += h.noAmount
		for k := range sums {
			n += h.n[k]
			v.Kinds[k].N += h.n[k]
			if sums[k].AddMinor(h.sums[k]); h.apart != nil {
				sums[k].AddSum(h.apart[k].Sum())
			}
		}
	}
	for k := range sums {
		v.Kinds[k].Sum = sums[k].Sum()
		total.AddSum(v.Kinds[k].Sum)
	}
	v.Sum = total.Sum()
	v.ranked(analytics.RankLater(tops, n, func() []ref {
		all := make([][]ref, analytics.Parts())
		sel.ShareStates(want, func(part int, st *analytics.States, rows []int32) {
			for _, j := range rows {
				if kind[st.Stage[j]+1] < 0 {
					continue
				}
				v := st.Value[j]
				if !st.Given[j] || v == analytics.NoValue {
					v = none
				}
				all[part] = append(all[part], refOf(b, st, j, v, sel.AsOf))
			}
		})
		return slices.Concat(all...)
	}, before), nil)
	return v
}

func (h *heap) addApart(b *analytics.Book, deal analytics.Code, asOf analytics.Day, kind int) {
	if h.apart == nil {
		h.apart = &[3]analytics.Adder{b.Adder(), b.Adder(), b.Adder()}
	}
	d := b.DealAt(deal, asOf)
	h.apart[kind].AddDeal(&d)
}

func refOf(b *analytics.Book, st *analytics.States, j int32, value int64, asOf analytics.Day) ref {
	d := analytics.DealState{Exists: true, Stage: st.Stage[j], Close: st.Close[j]}
	if d.Stage != analytics.None {
		d.Kind = b.Stage(d.Stage).Kind
	}
	if st.Given[j] {
		d.Amount = store.Money{Currency: b.Currency()} // given, whatever it is
	}
	return ref{value: value, deal: st.Deal[j], owner: st.Owner[j], stage: int16(min(st.Stage[j], farStage)), marks: marksOf(b, &d, asOf)}
}
