package funnel

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"flightdeck/analytics"
	"flightdeck/analytics/column"
	"flightdeck/store"
)

// course is what all deals went through: when each first reached which stage and what became of it from there, and every completed stay in an open stage. The
// rows lie by the month of their day, then by the deal's owner, in blocks whose days and owners are known, so that a question reads few others than its own.
//
// It holds for every as-of day. A row of a later day has not happened yet, and what became of a deal is told by days. The owner of a day is today's unless the
// deal was handed on since, which is asked where it matters. Deals that moved since the course was written (see [analytics.Kept]) are followed one by one.
//
// A block of which every row is meant is not read: it knows what its rows add up to. The rows in it of deals that have moved since are taken out again, which is why
// they are looked up, once for all who ask later ([course.strays]).
type course struct {
	reached, stays []block
	returned       []block          // of deals that were lost and came back: what they had reached before, and for how long they were lost
	handed         []analytics.Day  // by deal: the last day on which its owner changed
	owned          []analytics.Code // by deal: who owned it when the course was written

	looking sync.Mutex
	found   atomic.Pointer[strays]
}

// strays are the rows in blocks of deals that have moved, for as long as somebody has looked. Nothing in it changes.
type strays struct {
	deals column.Marks
	rows  map[int][]int32 // by block: those of reached, then those of stays
}

// block is some rows of a course, [analytics.KeptRows] at most. Of a stay further holds how many days it took, and the others nothing.
type block struct {
	day, further, lost []analytics.Day // further: the first day on which the deal had got further than the stage; lost: on which it was lost for good
	till               []analytics.Day // of those that came back: lost was for so long, the day not included
	stage              []int16         // Code
	deal               []analytics.Code
	first, last        analytics.Day
	lowest, highest    analytics.Code // owner
	total              total
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

// total is what the rows of a block add up to on days of which settled is none later.
type total struct {
	settled                 analytics.Day
	entered, advanced, lost []int32 // by stage Code
	stays                   []spell
}

// spell is how many stays in a stage took so many days.
type spell struct {
	days  int32
	stage int16
	n     int16
}

type courseKey struct{}

// course returns the course that answers k; ok is false while there is none, and where a stage narrows the deals by how they stand.
func (k *kernel) course() (x *course, ok bool) {
	x, ok = analytics.Kept(k.b, courseKey{}, readCourse)
	return x, ok && !k.sel.Staged()
}

// row is a row of a course before it has its place.
type row struct {
	day, further, lost, till analytics.Day
	deal                     analytics.Code
	stage                    int16
}

func readCourse(b *analytics.Book) *course {
	k := newKernel(b, analytics.Scope{})
	w := k.walker()
	x := &course{handed: make([]analytics.Day, b.Deals()), owned: make([]analytics.Code, b.Deals())}
	var reached, stays, returned []row
	for _, deal := range b.DealsByOwner() {
		way := b.Way(deal, store.MaxDay)
		x.handed[deal], x.owned[deal] = b.Handed(deal), b.DealOwner(deal)
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
	for i := range x.reached {
		x.reached[i].addReached(k)
	}
	for i := range x.stays {
		x.stays[i].addStays()
	}
	return x
}

func (y *block) addReached(k *kernel) {
	n := len(k.rank)
	y.total = total{settled: store.MinDay, entered: make([]int32, n), advanced: make([]int32, n), lost: make([]int32, n)}
	for j, c := range y.stage {
		y.total.entered[c]++
		switch {
		case y.further[j] != store.MaxDay:
			y.total.advanced[c]++
			y.total.settled = max(y.total.settled, y.further[j])
		case y.lost[j] != store.MaxDay && k.kind[k.rank[c]] == store.StageOpen:
			y.total.lost[c]++
			y.total.settled = max(y.total.settled, y.lost[j])
		}
	}
}

func (y *block) addStays() {
	at := make(map[spell]int16, len(y.stage))
	for j, c := range y.stage {
		at[spell{days: int32(y.further[j]), stage: c}]++
	}
	y.total = total{settled: store.MinDay, stays: make([]spell, 0, len(at))}
	for s, n := range at {
		s.n = n
		y.total.stays = append(y.total.stays, s)
	}
	slices.SortFunc(y.total.stays, func(a, b spell) int { return cmp.Or(cmp.Compare(a.stage, b.stage), cmp.Compare(a.days, b.days)) })
}

// strays returns the rows of deals that have moved, by block. Some may be of deals that moved later than b: [analytics.Book.Moved] tells.
func (x *course) strays(b *analytics.Book) map[int][]int32 {
	moved := b.Moved()
	missing := func(s *strays) (out []analytics.Code) {
		moved.Each(func(i int) {
			if i < len(x.owned) && (s == nil || !s.deals.Has(int32(i))) {
				out = append(out, analytics.Code(i))
			}
		})
		return out
	}
	s := x.found.Load()
	if len(missing(s)) == 0 {
		if s == nil {
			return nil
		}
		return s.rows
	}
	x.looking.Lock()
	defer x.looking.Unlock()
	s = x.found.Load()
	fresh := missing(s)
	next := &strays{deals: column.NewMarks(len(x.owned)), rows: map[int][]int32{}}
	if s != nil {
		copy(next.deals, s.deals)
		maps.Copy(next.rows, s.rows)
	}
	added, owners := column.NewMarks(len(x.owned)), make([]analytics.Code, len(fresh))
	for i, d := range fresh {
		next.deals.Mark(int(d))
		added.Mark(int(d))
		owners[i] = x.owned[d]
	}
	slices.Sort(owners)
	n := len(x.reached)
	found := make([][]int32, n+len(x.stays))
	analytics.ShareBy(8, len(found), func(_, begin, end int) {
		for at := begin; at < end; at++ {
			y := x.block(at)
			if i, _ := slices.BinarySearch(owners, y.lowest); i == len(owners) || owners[i] > y.highest {
				continue
			}
			for j, d := range y.deal {
				if added.Has(d) {
					found[at] = append(found[at], int32(j))
				}
			}
		}
	})
	for at, rows := range found {
		if len(rows) > 0 {
			next.rows[at] = append(slices.Clip(next.rows[at]), rows...)
		}
	}
	x.found.Store(next)
	return next.rows
}

// block returns a block by its place: those of reached, then those of stays, then the others.
func (x *course) block(at int) *block {
	n, m := len(x.reached), len(x.reached)+len(x.stays)
	switch {
	case at < n:
		return &x.reached[at]
	case at < m:
		return &x.stays[at-n]
	}
	return &x.returned[at-m]
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
		n := min(analytics.KeptRows(), len(order))
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

// The tables of a course.
const (
	ofReached = iota
	ofStays
	ofReturned
)

// follow counts what deals went through, as [walker.each] does for one deal after the other.
func (k *kernel) follow(x *course, parts []*tally) int {
	of := func(part int) *tally { return k.part(parts, part) }
	return k.visit(x, func(part int, y *block, strays []int32) { of(part).whole(y, strays, k.b.Moved()) }, func(part, table int, y *block, rows []int32) {
		switch t := of(part); table {
		case ofReached:
			t.reached(y, rows, k.sel.AsOf, 1)
		case ofStays:
			t.stayed(y, rows, 1)
		default:
			t.lostThen(y, rows, k.sel.AsOf)
		}
	}, func(part int, d *analytics.DealState) {
		t := of(part)
		t.walk.went(d, t.add)
	})
}

// visit gives the rows of the period, of deals that match, by table and block; and the deals that moved since x was written one by one. Where every row of a block is meant, whole
// is given it, unless it is nil, and which of its rows may be of deals that moved.
func (k *kernel) visit(x *course, whole func(part int, y *block, strays []int32), some func(part, table int, y *block, rows []int32), late func(part int, d *analytics.DealState)) int {
	b, sel := k.b, k.sel
	p := analytics.Period{From: sel.Period.From, To: min(sel.Period.To, sel.AsOf)}
	moved := b.Moved()
	fine := moved.Any() || sel.Narrowed()
	if sel.Narrowed() {
		whole = nil
	}
	lo, hi := sel.Owners()
	n, m := len(x.reached), len(x.reached)+len(x.stays)
	var strays map[int][]int32
	if whole != nil && moved.Any() {
		strays = x.strays(b)
	}
	room := make([][]int32, analytics.Parts())
	got := analytics.ShareBy(8, m+len(x.returned), func(part, begin, end int) {
		for at := begin; at < end; at++ {
			y := x.block(at)
			lowest, highest := y.owners(sel.AsOf)
			if y.first > p.To || y.last < p.From || lowest > hi || highest < lo {
				continue
			}
			inside := sel.Whole(lowest, highest)
			if at < m && whole != nil && inside && y.given <= sel.AsOf && y.total.settled <= sel.AsOf && y.first >= p.From && y.last <= p.To {
				whole(part, y, strays[at])
				continue
			}
			if room[part] == nil {
				room[part] = make([]int32, analytics.KeptRows())
			}
			rows := y.choose(room[part], p)
			if !inside || fine {
				n := 0
				for _, j := range rows {
					d := y.deal[j]
					if (inside || sel.Inside(b.PersonNode(x.owner(b, d, sel.AsOf)))) && (!fine || !moved.Has(int(d)) && sel.Coarse(d)) {
						rows[n] = j
						n++
					}
				}
				rows = rows[:n]
			}
			if len(rows) == 0 {
				continue
			}
			table := ofReturned
			switch {
			case at < n:
				table = ofReached
			case at < m:
				table = ofStays
			}
			some(part, table, y, rows)
		}
	})
	var rest []analytics.Code
	moved.Each(func(i int) { rest = append(rest, analytics.Code(i)) })
	const batch = 512
	also := analytics.ShareBy(1, (len(rest)+batch-1)/batch, func(part, begin, end int) {
		for _, c := range rest[begin*batch : min(end*batch, len(rest))] {
			if !sel.Inside(b.PersonNode(b.OwnerOn(c, sel.AsOf))) {
				continue
			}
			if d, ok := sel.Deal(c); ok {
				late(part, &d)
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
		rows[n&(len(rows)-1)] = int32(j)
		if day >= p.From && day <= p.To {
			n++
		}
	}
	return rows[:n]
}

// whole counts all rows of a block but those of strays that belong to deals that have moved.
func (t *tally) whole(y *block, strays []int32, moved *column.Bits) {
	w := t.walk
	for c, n := range y.total.entered {
		st := &t.stages[w.rank[c]]
		st.Entered += int(n)
		st.Advanced += int(y.total.advanced[c])
		st.Lost += int(y.total.lost[c])
	}
	for _, s := range y.total.stays {
		t.stays[w.rank[s.stage]].add(int(s.days), int(s.n))
	}
	for i, j := range strays {
		switch {
		case !moved.Has(int(y.deal[j])):
		case y.lost != nil:
			t.reached(y, strays[i:i+1], store.MaxDay-1, -1)
		default:
			t.stayed(y, strays[i:i+1], -1)
		}
	}
}

// reached counts rows of deals that reached a stage, or, sign -1, takes them out.
func (t *tally) reached(y *block, rows []int32, asOf analytics.Day, sign int) {
	w := t.walk
	for _, j := range rows {
		i := w.rank[y.stage[j]]
		st := &t.stages[i]
		st.Entered += sign
		switch {
		case y.further[j] <= asOf:
			st.Advanced += sign
		case y.lost[j] <= asOf && w.kind[i] == store.StageOpen:
			st.Lost += sign
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

func (t *tally) stayed(y *block, rows []int32, sign int) {
	for _, j := range rows {
		t.stays[t.walk.rank[y.stage[j]]].add(int(y.further[j]), sign)
	}
}

// states counts how deals stand, or, sign -1, takes them out.
func (t *tally) states(st *analytics.States, rows []int32, asOf analytics.Day, sign int) {
	w := t.walk
	for _, j := range rows {
		if st.Stage[j] == analytics.None {
			w.unstaged += sign
			continue
		}
		i := w.rank[st.Stage[j]]
		x := &t.stages[i]
		x.Count += sign
		switch v := st.Value[j]; {
		case !st.Given[j]:
			x.NoAmount += sign
		case v != analytics.NoValue:
			t.sums[i].AddMinor(int64(sign) * v)
		default: // never to be taken out: a block with such an amount has no totals
			d := w.b.DealAt(st.Deal[j], asOf)
			t.sums[i].AddDeal(&d)
		}
		if days, ok := st.Cycle(j); ok && w.kind[i] == store.StageWon {
			t.cycles.add(int(days), sign)
		}
	}
}

// standing counts how the deals of a block stand.
func (t *tally) standing(all *analytics.Totals) {
	w := t.walk
	for _, s := range all.Stages {
		if s.Stage == analytics.None {
			w.unstaged += int(s.N)
			continue
		}
		i := w.rank[s.Stage]
		t.stages[i].Count += int(s.N)
		t.stages[i].NoAmount += int(s.NoAmount)
		t.sums[i].AddMinor(s.Minor)
	}
	for _, c := range all.Cycles {
		t.cycles.add(int(c.Days), int(c.N))
	}
}
