package heatmap

import (
	"sync/atomic"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// cube is how many touches each unit had per day and hour and per day and area, and each rep per day: a map of the whole company would else count millions of
// them. Touches that came or went since it was made are added and subtracted. It holds for one org tree ([analytics.Book.Shape]) and for every as-of day.
type cube struct {
	mark  analytics.Mark
	days  analytics.Period // that are counted
	other bool             // there are touches of other days
	unit  []int32          // by node: its place among the units; -1 a person's
	hours []int32          // by unit, day and hour + 1
	reps  []int32          // by person + 1 and day
	areas []local          // by unit; nil: touches do not say where they were
}

// local is where a unit's touches were.
type local struct {
	codes []analytics.Code
	n     []int32 // by day and place in codes
}

const (
	// cubeMost bounds each of a cube's tables, in cells of four bytes: what would be larger is counted from the touches.
	cubeMost = 1 << 24
	// cubeBack and cubeOn are how many days before and after the present are counted, whatever days a source gives.
	cubeBack, cubeOn = 10 * 366, 366
	// cubeBlocks is how many blocks of [analytics.KeptRows] touches there must be: fewer are counted in no time.
	cubeBlocks = 32
)

type cubeKey struct{ shape uint64 }

// cubeOf returns the cube that answers f, nil where the touches have to be counted.
func (f *frame) cubeOf() *cube {
	if f.events.blocks == nil || f.q.Channel != "" || f.q.Area != "" || f.sel.Empty() || f.sel.Filtered() || f.b.Nodes()[f.sel.Node].Person != analytics.None ||
		f.b.Touches().Len() < cubeBlocks*analytics.KeptRows() {
		return nil
	}
	x, ok := analytics.Kept(f.b, cubeKey{f.b.Shape()}, newCube)
	if !ok || x.other && (f.period.From < x.days.From || min(f.period.To, f.sel.AsOf) > x.days.To) {
		return nil
	}
	switch f.q.View {
	case WeekdayHour:
		ok = x.hours != nil
	case RepWeek:
		ok = x.reps != nil
	default:
		ok = x.areas != nil && !f.events.byAccount
	}
	if !ok {
		return nil
	}
	return x
}

func newCube(b *analytics.Book) *cube {
	t, today := b.Touches(), b.Today()
	x := &cube{mark: t.Mark(), days: analytics.Period{From: today + cubeOn, To: today - cubeBack}, unit: make([]int32, len(b.Nodes()))}
	units := 0
	for i, n := range b.Nodes() {
		if x.unit[i] = -1; n.Person == analytics.None {
			x.unit[i] = int32(units)
			units++
		}
	}
	crew := make([]int32, b.People()+1) // by person + 1: the unit
	for c := range crew {
		node := b.PersonNode(analytics.Code(c - 1))
		for x.unit[node] < 0 {
			node = b.Nodes()[node].Parent
		}
		crew[c] = x.unit[node]
	}
	all := b.Select(analytics.Scope{})
	all.AsOf = store.MaxDay // whatever lies in the future is counted; a question leaves it out
	type span struct {
		days  analytics.Period
		other bool
	}
	spans := make([]span, analytics.Parts())
	for i := range spans {
		spans[i].days = x.days
	}
	all.ShareTouches(analytics.Ever, func(part, k int, rows []int32) {
		s, days := &spans[part], t.Day().Block(k)
		for _, r := range rows {
			if d := days[r&(column.Rows-1)]; d < today-cubeBack || d > today+cubeOn {
				s.other = true
			} else {
				s.days = analytics.Period{From: min(s.days.From, d), To: max(s.days.To, d)}
			}
		}
	})
	for _, s := range spans {
		x.days, x.other = analytics.Period{From: min(x.days.From, s.days.From), To: max(x.days.To, s.days.To)}, x.other || s.other
	}
	n := int(x.days.To-x.days.From) + 1
	if n <= 0 {
		return x
	}
	if units*n*hoursWide <= cubeMost {
		x.hours = make([]int32, units*n*hoursWide)
	}
	if len(crew)*n <= cubeMost {
		x.reps = make([]int32, len(crew)*n)
	}
	var seat []int32 // by unit and area code + 1: its place among the unit's codes, plus one
	areas := b.Areas() + 1
	if b.HasAreas() && units*areas <= cubeMost {
		seat = make([]int32, units*areas)
	}
	all.ShareTouches(analytics.Ever, func(_, k int, rows []int32) {
		days, reps, minutes, places := t.Day().Block(k), t.Rep.Block(k), t.Minute.Block(k), t.Area.Block(k)
		for _, r := range rows {
			j := r & (column.Rows - 1)
			d := int(days[j] - x.days.From)
			if d < 0 || d >= n {
				continue
			}
			u := int(crew[reps[j]+1])
			if x.hours != nil {
				hour := 0
				if m := minutes[j]; m >= 0 {
					hour = 1 + int(m)/60
				}
				atomic.AddInt32(&x.hours[(u*n+d)*hoursWide+hour], 1)
			}
			if x.reps != nil {
				atomic.AddInt32(&x.reps[int(reps[j]+1)*n+d], 1)
			}
			if seat != nil {
				if at := &seat[u*areas+int(places[j])+1]; atomic.LoadInt32(at) == 0 {
					atomic.StoreInt32(at, 1)
				}
			}
		}
	})
	if seat != nil {
		x.locate(t, all, crew, seat, areas, n, units)
	}
	return x
}

// locate counts by area: seat marks in which areas each unit has touches.
func (x *cube) locate(t *analytics.Touches, all *analytics.Selection, crew, seat []int32, areas, n, units int) {
	found, cells := make([]local, units), 0
	for u := range found {
		for a := range areas {
			if at := &seat[u*areas+a]; *at != 0 {
				found[u].codes = append(found[u].codes, analytics.Code(a-1))
				*at = int32(len(found[u].codes))
			}
		}
		cells += n * len(found[u].codes)
	}
	if cells > cubeMost {
		return
	}
	for u := range found {
		found[u].n = make([]int32, n*len(found[u].codes))
	}
	all.ShareTouches(analytics.Ever, func(_, k int, rows []int32) {
		days, reps, places := t.Day().Block(k), t.Rep.Block(k), t.Area.Block(k)
		for _, r := range rows {
			j := r & (column.Rows - 1)
			if d := int(days[j] - x.days.From); d >= 0 && d < n {
				u := int(crew[reps[j]+1])
				l := &found[u]
				atomic.AddInt32(&l.n[d*len(l.codes)+int(seat[u*areas+int(places[j])+1])-1], 1)
			}
		}
	})
	x.areas = found
}

// count counts f's touches into c.
func (x *cube) count(f *frame, c *counts) {
	n := int(x.days.To-x.days.From) + 1
	begin := f.period.From
	if f.q.View != WeekdayHour {
		begin = max(begin, c.monday) // before it no touch is left
	}
	from, to := max(begin, x.days.From), min(f.period.To, f.sel.AsOf, x.days.To)
	first, last := int(from-x.days.From), int(to-x.days.From)
	switch {
	case n <= 0 || first > last:
	case f.q.View == RepWeek:
		for _, node := range f.b.Nodes()[f.sel.Lo:f.sel.Hi] {
			if node.Person != analytics.None {
				x.rep(c, node.Person, n, first, last)
			}
		}
		for p := range analytics.Code(len(x.reps)/n) - 1 { // who has no node of their own, and nobody
			if at := f.b.PersonNode(p); f.sel.Inside(at) && f.b.Nodes()[at].Person != p {
				x.rep(c, p, n, first, last)
			}
		}
		if f.sel.Inside(f.b.PersonNode(analytics.None)) {
			x.rep(c, analytics.None, n, first, last)
		}
	default:
		for _, u := range x.unit[f.sel.Lo:f.sel.Hi] {
			switch {
			case u < 0:
			case f.q.View == WeekdayHour:
				for d := first; d <= last; d++ {
					to := c.n[weekday(x.days.From+analytics.Day(d))*hoursWide:][:hoursWide]
					for h, v := range x.hours[(int(u)*n+d)*hoursWide:][:hoursWide] {
						to[h] += v
					}
				}
			default:
				l := &x.areas[u]
				for d := first; d <= last; d++ {
					week := int(x.days.From+analytics.Day(d)-c.monday) / 7
					for i, v := range l.n[d*len(l.codes):][:len(l.codes)] {
						c.n[(int(l.codes[i])+1)*c.width+week] += v
					}
				}
			}
		}
	}
	t, one := f.b.Touches(), [1]int32{}
	minus := make([]int32, len(c.n))
	t.Since(x.mark, func(row int32, came bool) {
		i := int(row)
		if day := t.Day().At(i); day < begin || day > min(f.period.To, f.sel.AsOf) || !f.sel.Inside(f.b.PersonNode(t.Rep.At(i))) {
			return
		}
		into := c.n
		if !came {
			into = minus
		}
		one[0] = row
		f.add(into, c, i>>column.Shift, one[:])
	})
	for i, v := range minus {
		c.n[i] -= v
	}
}

// rep counts one rep's days.
func (x *cube) rep(c *counts, p analytics.Code, n, first, last int) {
	to := c.n[(int(p)+1)*c.width:][:c.width]
	if (int(p)+1)*n >= len(x.reps) { // came since
		return
	}
	for d, v := range x.reps[(int(p)+1)*n:][first : last+1] {
		to[int(x.days.From+analytics.Day(first+d)-c.monday)/7] += v
	}
}
