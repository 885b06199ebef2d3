package funnel

import (
	"math"
	"slices"

	"flightdeck/analytics"
	"flightdeck/store"
)

// course is what all deals went through: when each first reached which stage and what became of it from there, and every completed stay in an open stage. The
// rows lie by the month of their day, then by the deal's owner, in blocks whose days and owners are known, so that a question reads few others than its own.
//
// It holds for every as-of day. A row of a later day has not happened yet, and what became of a deal is told by days. The owner of a day is today's unless the
// deal was handed on since, which is asked where it matters. Deals that moved since the course was written (see [analytics.Kept]) are followed one by one.
type course struct {
	reached, stays []block
	returned       []block         // of deals that were lost and came back: what they had reached before, and for how long they were lost
	handed         []analytics.Day // by deal: the last day on which its owner changed
}

// blockRows is how many rows a block has: few, because a team's of a month are few.
const blockRows = 2048

// block is some rows of a course. Of a stay further holds how many days it took, and the others nothing.
type block struct {
	day, further, lost []analytics.Day // further: the first day on which the deal had got further than the stage; lost: on which it was lost for good
	till               []analytics.Day // of those that came back: lost was for so long, the day not included
	stage              []int16         // Code
	deal               []analytics.Code
	first, last        analytics.Day
	lowest, highest    analytics.Code // owner
	given              analytics.Day  // the last day on which one of the deals was handed on; before it others owned them:
	least, most        analytics.Code // everybody who ever did
}

// owners returns the least and the greatest of those who owned the deals on a day.
func (y *block) owners(day analytics.Day) (lo, hi analytics.Code) {
	if y.given > day {
		return y.least, y.most
	}
	return y.lowest, y.highest
}

type courseKey struct{}

func courseOf(b *analytics.Book) (*course, bool) { return analytics.Kept(b, courseKey{}, readCourse) }

// row is a row of a course before it has its place.
type row struct {
	day, further, lost, till analytics.Day
	deal                     analytics.Code
	stage                    int16
}

func readCourse(b *analytics.Book) *course {
	k := newKernel(b, analytics.Scope{})
	w := k.walker()
	x := &course{handed: make([]analytics.Day, b.Deals())}
	var reached, stays, returned []row
	for _, deal := range b.DealsByOwner() {
		way := b.Way(deal, store.MaxDay)
		x.handed[deal] = b.Handed(deal)
		w.reach(way)
		lost := store.MaxDay
		for n, at := range way {
			if at.Stage == analytics.None || k.kind[k.rank[at.Stage]] != store.StageLost {
				continue
			}
			if n == len(way)-1 {
				lost = at.Day
				break
			}
			for i, c := range k.order {
				if k.kind[i] == store.StageOpen && w.seen[i] && w.first[i] <= at.Day && w.far[i] > at.Day && way[n+1].Day > at.Day {
					returned = append(returned, row{day: w.first[i], further: w.far[i], lost: at.Day, till: way[n+1].Day, stage: int16(c), deal: deal})
				}
			}
		}
		for i, c := range k.order {
			if w.seen[i] {
				reached = append(reached, row{day: w.first[i], further: w.far[i], lost: lost, stage: int16(c), deal: deal})
			}
		}
		k.stays(way, func(stage analytics.Code, end analytics.Day, days int) {
			stays = append(stays, row{day: end, further: analytics.Day(days), stage: int16(stage), deal: deal})
		})
	}
	x.reached, x.returned, x.stays = x.blocks(b, reached, true, false), x.blocks(b, returned, true, true), x.blocks(b, stays, false, false)
	return x
}

// blocks puts rows in order by counting months: they come in the order of their owners.
func (x *course) blocks(b *analytics.Book, rows []row, lost, till bool) (out []block) {
	const month = 32
	lo, hi := store.MaxDay, store.MinDay
	for i := range rows {
		if d := rows[i].day; d.Valid() {
			lo, hi = min(lo, d), max(hi, d)
		}
	}
	place := func(d analytics.Day) int {
		if !d.Valid() {
			return 0
		}
		return 1 + int(d-lo)/month
	}
	n := 2
	if lo <= hi {
		n = 2 + place(hi)
	}
	count := make([]int32, n+1)
	for i := range rows {
		count[place(rows[i].day)+1]++
	}
	for i := range count[1:] {
		count[i+1] += count[i]
	}
	order := make([]int32, len(rows))
	for i := range rows {
		p := place(rows[i].day)
		order[count[p]] = int32(i)
		count[p]++
	}
	for len(order) > 0 {
		n := min(blockRows, len(order))
		y := block{day: make([]analytics.Day, n), further: make([]analytics.Day, n), stage: make([]int16, n), deal: make([]analytics.Code, n),
			lowest: math.MaxInt32, highest: analytics.None, given: store.NoDay}
		if lost {
			y.lost = make([]analytics.Day, n)
		}
		if till {
			y.till = make([]analytics.Day, n)
		}
		for j, i := range order[:n] {
			r := &rows[i]
			y.day[j], y.further[j], y.stage[j], y.deal[j] = r.day, r.further, r.stage, r.deal
			if lost {
				y.lost[j] = r.lost
			}
			if till {
				y.till[j] = r.till
			}
			owner := b.DealOwner(r.deal)
			y.lowest, y.highest = min(y.lowest, owner), max(y.highest, owner)
			if day := x.handed[r.deal]; day != store.NoDay {
				y.given = max(y.given, day)
			}
		}
		y.first, y.last = slices.Min(y.day), slices.Max(y.day)
		y.least, y.most = y.lowest, y.highest
		for _, deal := range y.deal {
			if x.handed[deal] != store.NoDay {
				who := b.DealOwners(deal)
				y.least, y.most = min(y.least, slices.Min(who)), max(y.most, slices.Max(who))
			}
		}
		out = append(out, y)
		order = order[n:]
	}
	return out
}

// follow counts what deals went through, as [walker.each] does for one deal after the other.
func (k *kernel) follow(x *course, parts []*tally) int {
	b, sel := k.b, k.sel
	p := analytics.Period{From: sel.Period.From, To: min(sel.Period.To, sel.AsOf)}
	moved := b.Moved()
	fine := moved.Any() || sel.Narrowed()
	lo, hi := sel.Owners()
	tallyOf := func(part int) *tally {
		if parts[part] == nil {
			parts[part] = k.tally()
		}
		return parts[part]
	}
	n, m := len(x.reached), len(x.reached)+len(x.stays)
	got := analytics.ShareBy(8, m+len(x.returned), func(part, begin, end int) {
		var t *tally
		rows := make([]int32, blockRows)
		for at := begin; at < end; at++ {
			var y *block
			switch {
			case at < n:
				y = &x.reached[at]
			case at < m:
				y = &x.stays[at-n]
			default:
				y = &x.returned[at-m]
			}
			lowest, highest := y.owners(sel.AsOf)
			if y.first > p.To || y.last < p.From || lowest > hi || highest < lo {
				continue
			}
			some := y.choose(rows, p)
			inside := sel.Whole(lowest, highest)
			if !inside || fine {
				n := 0
				for _, j := range some {
					d := y.deal[j]
					if (inside || sel.Inside(b.PersonNode(x.owner(b, d, sel.AsOf)))) && (!fine || !moved.Has(int(d)) && sel.Coarse(d)) {
						some[n] = j
						n++
					}
				}
				some = some[:n]
			}
			if len(some) == 0 {
				continue
			}
			if t == nil {
				t = tallyOf(part)
			}
			switch {
			case at < n:
				t.reached(y, some, sel.AsOf)
			case at < m:
				t.stayed(y, some)
			default:
				t.lostThen(y, some, sel.AsOf)
			}
		}
	})
	var rest []analytics.Code
	moved.Each(func(i int) { rest = append(rest, analytics.Code(i)) })
	const batch = 512
	also := analytics.ShareBy(1, (len(rest)+batch-1)/batch, func(part, begin, end int) {
		t := tallyOf(part)
		for _, c := range rest[begin*batch : min(end*batch, len(rest))] {
			if !sel.Inside(b.PersonNode(b.OwnerOn(c, sel.AsOf))) {
				continue
			}
			if d, ok := sel.Deal(c); ok {
				t.walk.went(&d, t.add)
			}
		}
	})
	return max(got, also)
}

// owner returns who owned a deal at the end of a day, of those that have not moved.
func (x *course) owner(b *analytics.Book, deal analytics.Code, day analytics.Day) analytics.Code {
	if x.handed[deal] > day {
		return b.OwnerOn(deal, day)
	}
	return b.DealOwner(deal)
}

// choose returns the rows of a day in p.
func (y *block) choose(rows []int32, p analytics.Period) []int32 {
	if y.first >= p.From && y.last <= p.To {
		for j := range y.day {
			rows[j] = int32(j)
		}
		return rows[:len(y.day)]
	}
	n := 0
	for j, day := range y.day {
		rows[n&(blockRows-1)] = int32(j)
		if day >= p.From && day <= p.To {
			n++
		}
	}
	return rows[:n]
}

// reached counts rows of deals that reached a stage.
func (t *tally) reached(y *block, rows []int32, asOf analytics.Day) {
	w := t.walk
	for _, j := range rows {
		i := w.rank[y.stage[j]]
		st := &t.stages[i]
		st.Entered++
		switch {
		case y.further[j] <= asOf:
			st.Advanced++
		case y.lost[j] <= asOf && w.kind[i] == store.StageOpen:
			st.Lost++
		}
	}
}

// lostThen counts deals that were lost on the day, though not for good.
func (t *tally) lostThen(y *block, rows []int32, asOf analytics.Day) {
	for _, j := range rows {
		if y.lost[j] <= asOf && y.till[j] > asOf && y.further[j] > asOf {
			t.stages[t.walk.rank[y.stage[j]]].Lost++
		}
	}
}

func (t *tally) stayed(y *block, rows []int32) {
	for _, j := range rows {
		t.stays[t.walk.rank[y.stage[j]]].add(int(y.further[j]))
	}
}

// states counts how deals stand.
func (t *tally) states(st *analytics.States, rows []int32, asOf analytics.Day) {
	w := t.walk
	for _, j := range rows {
		if st.Stage[j] == analytics.None {
			w.unstaged++
			continue
		}
		i := w.rank[st.Stage[j]]
		x := &t.stages[i]
		x.Count++
		switch v := st.Value[j]; {
		case !st.Given[j]:
			x.NoAmount++
		case v != analytics.NoValue:
			t.sums[i].AddMinor(v)
		default:
			d := w.b.DealAt(st.Deal[j], asOf)
			t.sums[i].AddDeal(&d)
		}
		if created := st.Created[j]; w.kind[i] == store.StageWon && created != store.NoDay && created <= st.Closed[j] {
			t.cycles.add(int(st.Closed[j] - created))
		}
	}
}
