package analytics

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// States are deals as they stood at the end of a day, as columns of equal length; see [DealState]. Nothing may be written to them.
type States struct {
	Deal, Owner, Stage     []Code // Stage: None unknown
	Created, Close, Closed []Day
	Value                  []int64 // in minor units of the organisation's currency; 0 where no amount was given, [NoValue] without a rate
	Given                  []bool  // whether an amount was given
	Category               []store.Category
	settled                []Day // since when the row has been true; nil: that is not known
	signed                 []Day // the last sign of the deal (see [Book.LastSign]) when the row was made; nil: not looked up
}

func (st *States) grow(n int) {
	st.Deal, st.Owner, st.Stage = make([]Code, 0, n), make([]Code, 0, n), make([]Code, 0, n)
	st.Created, st.Close, st.Closed = make([]Day, 0, n), make([]Day, 0, n), make([]Day, 0, n)
	st.Value, st.Given, st.Category = make([]int64, 0, n), make([]bool, 0, n), make([]store.Category, 0, n)
}

func (st *States) add(d *DealState) {
	st.Deal, st.Owner, st.Stage = append(st.Deal, d.Deal), append(st.Owner, d.Owner), append(st.Stage, d.Stage)
	st.Created, st.Close, st.Closed = append(st.Created, d.Created), append(st.Close, d.Close), append(st.Closed, d.Closed)
	st.Value, st.Given, st.Category = append(st.Value, d.Value), append(st.Given, d.Amount.Given()), append(st.Category, d.Category)
}

func (st *States) clear() {
	st.Deal, st.Owner, st.Stage = st.Deal[:0], st.Owner[:0], st.Stage[:0]
	st.Created, st.Close, st.Closed = st.Created[:0], st.Close[:0], st.Closed[:0]
	st.Value, st.Given, st.Category = st.Value[:0], st.Given[:0], st.Category[:0]
}

// part returns rows [from, to).
func (st *States) part(from, to int) States {
	return States{
		Deal: st.Deal[from:to:to], Owner: st.Owner[from:to:to], Stage: st.Stage[from:to:to], Created: st.Created[from:to:to], Close: st.Close[from:to:to],
		Closed: st.Closed[from:to:to], Value: st.Value[from:to:to], Given: st.Given[from:to:to], Category: st.Category[from:to:to], settled: st.settled[from:to:to], signed: st.signed[from:to:to],
	}
}

// Same reports whether the deal in a row stood at the end of day as it stands in st; where that is not known it says no.
func (st *States) Same(row int32, day Day) bool { return st.settled != nil && st.settled[row] <= day }

// SignedState is [Book.Signed] for the deal in a row of st: mostly the row tells.
func (b *Book) SignedState(st *States, row int32, from, day Day) bool {
	if st.signed != nil && !b.nudged.Has(int(st.Deal[row])) {
		if last := st.signed[row]; last <= day { // else: what came before it the row does not say
			return last >= from
		}
	}
	return b.Signed(st.Deal[row], from, day)
}

// keptShift is the size of a block of what is kept: small, because a team's deals of a month are few.
var keptShift = 10

// KeptRows is how many rows the blocks of what is kept ([Kept]) have where they lie in the order of months and owners.
func KeptRows() int { return 1 << keptShift }

// stand is deals as they stand, in the order of the month of a day (the promised close of open ones, the close of the others), then of their owner.
type stand struct {
	States
	handed []Day // since when the owner is true
	blocks []standBlock
}

type standBlock struct {
	States
	handed               []Day
	day                  Period // of Close or Closed
	noDay                bool   // some promise none
	created, last, given Day    // the least Created, the greatest settled and handed
	ownerMin, ownerMax   Code
	totals               *Totals // nil: an amount has no rate, or they are beyond all numbers
}

// Totals is what a block of deals adds up to, by stage.
type Totals struct {
	*States
	Stages []StageTotal
	Cycles []Cycles // of the won ones
	Order  []int16  // the rows by Value, the greatest first, those without an amount last
}

// StageTotal is how many of a block's deals stand in a stage, how many of them without an amount, and what they are worth, in minor units of the organisation's currency.
type StageTotal struct {
	Stage       Code
	N, NoAmount int32
	Minor       int64
}

// Cycles is how many deals took so many days from their beginning to their close.
type Cycles struct{ Days, N int32 }

// stands is how all deals stood when it was made.
type stands struct {
	open, closed stand
	place        []int32 // by deal: its block, the closed ones' after the open ones', and its row in it; -1 none
}

func (s *stands) blocks() int { return len(s.open.blocks) + len(s.closed.blocks) }

// block returns a block, and whether its deals are open.
func (s *stands) block(k int) (x *standBlock, open bool) {
	if k < len(s.open.blocks) {
		return &s.open.blocks[k], true
	}
	return &s.closed.blocks[k-len(s.open.blocks)], false
}

// strays returns by block the rows of deals that have moved since s was made; nil: there are none.
func (s *stands) strays(b *Book) [][]int32 {
	if !b.moved.Any() {
		return nil
	}
	out := make([][]int32, s.blocks())
	b.moved.Each(func(i int) {
		if i < len(s.place) && s.place[i] >= 0 {
			k := s.place[i] >> keptShift
			out[k] = append(out[k], s.place[i]&int32(KeptRows()-1))
		}
	})
	return out
}

type standKey struct{}

func (b *Book) stands() (*stands, bool) { return Kept(b, standKey{}, readStands) }

// DealsByOwner returns the Codes of all live deals in the order of their owner's Code, those of nobody first.
func (b *Book) DealsByOwner() []Code {
	c := &b.deals
	n := c.len()
	at := make([]int32, len(b.people.rec)+2)
	for k := range column.Blocks(n) {
		owner := c.owner.Block(k)
		for j, live := range c.live.Block(k) {
			if live {
				at[owner[j]+2]++
			}
		}
	}
	for i := range at[1:] {
		at[i+1] += at[i]
	}
	deals := make([]Code, at[len(at)-1])
	for k := range column.Blocks(n) {
		owner := c.owner.Block(k)
		for j, live := range c.live.Block(k) {
			if live {
				deals[at[owner[j]+1]] = Code(k<<column.Shift + j)
				at[owner[j]+1]++
			}
		}
	}
	return deals
}

// readStands puts the deals in order by counting, which takes a fraction of what sorting would.
func readStands(b *Book) *stands {
	c, s := &b.deals, &stands{}
	byOwner := b.DealsByOwner()
	months := newMonths()
	place := func(i int) (open bool, day Day, month int64) {
		open = b.kindOf(c.stage.At(i)) == store.StageOpen
		if day = c.close.At(i); !open && day == store.NoDay {
			day = c.stepped.At(i)
		}
		return open, day, months.of(day)
	}
	most := months.of(store.MaxDay) + 1
	count := make([]int32, 2*most+1)
	bucket := func(i int32) int64 {
		open, _, month := place(int(i))
		if open {
			return month
		}
		return most + month
	}
	for _, i := range byOwner {
		count[bucket(i)+1]++
	}
	for i := range count[1:] {
		count[i+1] += count[i]
	}
	opened := int(count[most])
	order := make([]int32, len(byOwner))
	for _, i := range byOwner {
		p := bucket(i)
		order[count[p]] = i
		count[p]++
	}
	s.open.fill(b, order[:opened], true)
	s.closed.fill(b, order[opened:], false)
	s.place = slices.Repeat([]int32{-1}, c.len())
	for k := range s.blocks() {
		x, _ := s.block(k)
		for j, d := range x.Deal {
			s.place[d] = int32(k<<keptShift + j)
		}
	}
	return s
}

func (s *stand) fill(b *Book, order []int32, open bool) {
	c := &b.deals
	s.grow(len(order))
	s.settled, s.handed, s.signed = make([]Day, 0, len(order)), make([]Day, 0, len(order)), make([]Day, 0, len(order))
	var d DealState
	for _, i := range order {
		k, j := int(i)>>column.Shift, int(i)&(column.Rows-1)
		b.dealNow(k, j, store.MaxDay, &d)
		settled := max(c.changed.Block(k)[j], c.stepped.Block(k)[j])
		if d.Kind != store.StageOpen { // before its close it is not the close
			settled = max(settled, d.Close)
		}
		s.add(&d)
		s.settled = append(s.settled, max(settled, d.Created))
		s.handed, s.signed = append(s.handed, b.Handed(i)), append(s.signed, b.LastSign(i, store.MaxDay))
	}
	for from := 0; from < len(order); from += KeptRows() {
		to := min(from+KeptRows(), len(order))
		x := standBlock{States: s.part(from, to), handed: s.handed[from:to:to], day: Period{math.MaxInt32, store.NoDay}, created: store.MaxDay + 1}
		x.last, x.ownerMin, x.ownerMax = slices.Max(x.settled), slices.Min(x.Owner), slices.Max(x.Owner)
		x.created, x.given = slices.Min(x.Created), slices.Max(x.handed)
		for j := range x.Deal {
			day := x.Closed[j]
			if open {
				if day = x.Close[j]; day == store.NoDay {
					x.noDay = true
					continue
				}
			}
			x.day = Period{min(x.day.From, day), max(x.day.To, day)}
		}
		s.blocks = append(s.blocks, x)
	}
	share(len(s.blocks), func(_, first, last int) {
		for k := first; k < last; k++ {
			x := &s.blocks[k]
			x.totals = b.total(&x.States)
		}
	})
}

// total adds a block up.
func (b *Book) total(st *States) *Totals {
	t, at, cycles := &Totals{States: st, Order: make([]int16, len(st.Deal))}, map[Code]int{}, map[int32]int32{}
	for j, stage := range st.Stage {
		i, ok := at[stage]
		if !ok {
			i = len(t.Stages)
			at[stage], t.Stages = i, append(t.Stages, StageTotal{Stage: stage})
		}
		x := &t.Stages[i]
		x.N++
		switch v := st.Value[j]; {
		case !st.Given[j]:
			x.NoAmount++
		case v == NoValue:
			return nil
		default:
			sum := x.Minor + v
			if (sum > x.Minor) != (v > 0) && v != 0 { // what stopped at the end of the numbers cannot be taken out again
				return nil
			}
			x.Minor = sum
		}
		if days, ok := st.Cycle(int32(j)); ok && b.kindOf(stage) == store.StageWon {
			cycles[days]++
		}
	}
	for j := range t.Order {
		t.Order[j] = int16(j)
	}
	slices.SortFunc(t.Order, func(x, y int16) int {
		switch {
		case st.Given[x] != st.Given[y] && st.Given[x]:
			return -1
		case st.Given[x] != st.Given[y]:
			return 1
		}
		return cmp.Or(cmp.Compare(st.Value[y], st.Value[x]), cmp.Compare(x, y))
	})
	for days, n := range cycles {
		t.Cycles = append(t.Cycles, Cycles{days, n})
	}
	slices.SortFunc(t.Cycles, func(x, y Cycles) int { return cmp.Compare(x.Days, y.Days) })
	return t
}

// Cycle returns the days from a closed deal's beginning to its close; ok is false where one of them is not known, or they are in the wrong order.
func (st *States) Cycle(row int32) (days int32, ok bool) {
	created, closed := st.Created[row], st.Closed[row]
	return int32(closed - created), created != store.NoDay && created <= closed
}

// Want says which deals a question is about: of those won or lost the ones that closed within a period, of the open ones those that promise a close within
// another; an open deal that promises none is always among them. A period that ends before it begins takes none.
type Want struct{ Closed, Due Period }

// Ever is the period that holds every day.
var Ever = Period{store.NoDay, math.MaxInt32}

// Never is a period without a day.
var Never = Period{1, 0}

// ShareStates calls fn with the deals of w that existed at the end of the as-of day and match, as they stood then: those that rows names of st. It runs on
// several goroutines where there are many, in no set order, each with a part number below [Parts], and returns how many parts there were. st and rows are reused between
// calls.
//
// Where the Book keeps how deals stand, blocks that hold none are passed by and the others are read in order. Only deals that changed since the as-of day, or
// since that was written down, are made from their history.
func (s *Selection) ShareStates(w Want, fn func(part int, st *States, rows []int32)) int {
	return s.shareStates(w, nil, func(part int, st *States, rows []int32, _ int) { fn(part, st, rows) })
}

// ShareTotals is [Selection.ShareStates] for whoever only adds up. Where every deal of a block is meant, whole is given what they add up to, and fn, with sign -1, those of
// them that are not to be counted, since they have moved: they come again with sign 1 as they stand, as do the deals of all other blocks. t may not be written to.
func (s *Selection) ShareTotals(w Want, whole func(part int, t *Totals), fn func(part int, st *States, rows []int32, sign int)) int {
	return s.shareStates(w, whole, fn)
}

func (s *Selection) shareStates(w Want, whole func(part int, t *Totals), fn func(part int, st *States, rows []int32, sign int)) int {
	if s.nothing {
		return 1
	}
	b := s.b
	one := func(part int, st *States, rows []int32) { fn(part, st, rows, 1) }
	kept, ok := b.stands()
	if !ok {
		return s.shareWalked(w, one)
	}
	known := b.epoch.pastOf(b, s.AsOf)
	late := make([]column.Marks, Parts()) // of each part: deals whose row is not how they stood
	lo, hi := s.reps()
	moved := b.moved.Any()
	fine := s.product != None || s.industry != None
	var strays [][]int32
	if fine || s.stage != None {
		whole = nil
	}
	if whole != nil {
		strays = kept.strays(b)
	}
	room := make([][]int32, Parts())
	parts := shareBy(standParcel, kept.blocks(), func(part, first, last int) {
		for k := first; k < last; k++ {
			x, open := kept.block(k)
			within := w.Closed
			if open {
				within = w.Due
			}
			// Who owned a deal that was handed on since the day is not known before its history is read.
			if x.created > s.AsOf || x.given <= s.AsOf && (x.ownerMin > hi || x.ownerMax < lo) {
				continue
			}
			meets := x.day.From <= within.To && x.day.To >= within.From || x.noDay && open
			if !meets && x.last <= s.AsOf {
				continue
			}
			inside := s.Lo == 0 || s.whole(x.ownerMin, x.ownerMax)
			if whole != nil && inside && x.totals != nil && x.last <= s.AsOf && (x.day.From > x.day.To || within.Contains(x.day.From) && within.Contains(x.day.To)) {
				whole(part, x.totals)
				if strays != nil && len(strays[k]) > 0 {
					fn(part, &x.States, strays[k], -1)
				}
				continue
			}
			if room[part] == nil {
				room[part] = make([]int32, 0, KeptRows())
			}
			some := room[part]
			days := x.Closed
			if open {
				days = x.Close
			}
			for j, settled := range x.settled {
				if settled > s.AsOf {
					if known == nil && x.Created[j] <= s.AsOf && (inside || x.handed[j] > s.AsOf || s.Inside(b.PersonNode(x.Owner[j]))) {
						if late[part] == nil {
							late[part] = column.NewMarks(b.deals.len())
						}
						late[part].Mark(int(x.Deal[j]))
					}
					continue
				}
				if day := days[j]; (day < within.From || day > within.To) && (!open || day != store.NoDay) {
					continue
				}
				if !inside && !s.Inside(b.PersonNode(x.Owner[j])) {
					continue
				}
				some = append(some, int32(j))
			}
			if moved || fine || s.stage != None {
				n := 0
				for _, j := range some {
					if d := x.Deal[j]; (!moved || !b.moved.Has(int(d))) && (s.stage == None || x.Stage[j] == s.stage) && (!fine || s.coarse(d)) {
						some[n] = j
						n++
					}
				}
				some = some[:n]
			}
			if len(some) > 0 {
				one(part, &x.States, some)
			}
		}
	})
	rest := b.lateOnes(late)
	if known == nil && s.Lo == 0 && len(rest) >= pastMany {
		known, rest = b.epoch.keepPast(b, s.AsOf, rest), nil
	}
	if known != nil {
		parts = max(parts, s.sharePast(w, known, one))
	}
	b.moved.Each(func(i int) { rest = append(rest, Code(i)) })
	return max(parts, s.shareLate(w, rest, one))
}

// lateOnes lists the deals that any of the sets marks and that have not moved, in the order of their Codes: their histories lie in that order too, and reading
// those in another takes several times as long.
func (b *Book) lateOnes(sets []column.Marks) (deals []Code) {
	var all column.Marks
	for _, m := range sets {
		switch {
		case m == nil:
		case all == nil:
			all = m
		default:
			for w, v := range m {
				all[w] |= v
			}
		}
	}
	if all == nil {
		return nil
	}
	deals = make([]Code, 0, all.Count())
	for k := range column.Blocks(b.deals.len()) {
		all.Each(k, func(i int) bool {
			if !b.moved.Has(i) {
				deals = append(deals, Code(i))
			}
			return true
		})
	}
	return deals
}

// past is how the deals stood on a day that have changed since, by their history, in the order of their Codes: it is the same for all Books of an epoch, but for
// the deals that moved.
type past struct {
	States
	owners column.Zone[Code] // by KeptRows()
	age    int64             // of the Book that it was read from
	used   int64
}

// pastMany is how many such deals there must be for them to be kept, and pastRows how many of all days are kept: of each some forty bytes.
var pastMany = 1_000

const pastRows = 1 << 20

func (p *epoch) pastOf(b *Book, day Day) *past {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.pasts[day]
	if x == nil || b.age < x.age {
		return nil
	}
	p.tick++
	x.used = p.tick
	return x
}

// recallDay reads how deals stood on a past day, as the first question about it does, for whoever asks next.
func (b *Book) recallDay(day Day) {
	if _, ok := b.stands(); !ok {
		return
	}
	b.Select(Scope{AsOf: day}).ShareStates(Want{Never, Never}, func(int, *States, []int32) {})
}

// pastDays returns the days that are kept, those asked about last first.
func (p *epoch) pastDays() []Day {
	p.mu.Lock()
	defer p.mu.Unlock()
	days := slices.Collect(maps.Keys(p.pasts))
	slices.SortFunc(days, func(x, y Day) int { return cmp.Compare(p.pasts[y].used, p.pasts[x].used) })
	return days
}

// keepPast reads how deals stood on day.
func (p *epoch) keepPast(b *Book, day Day, deals []Code) *past {
	n := len(deals)
	blocks := (n + KeptRows() - 1) / KeptRows()
	x := &past{age: b.age, States: States{Deal: deals, Owner: make([]Code, n), Stage: make([]Code, n), Created: make([]Day, n), Close: make([]Day, n), Closed: make([]Day, n),
		Value: make([]int64, n), Given: make([]bool, n), Category: make([]store.Category, n)}, owners: column.Zone[Code]{Min: make([]Code, blocks), Max: make([]Code, blocks)}}
	shareBy(1, blocks, func(_, first, last int) {
		var d DealState
		for k := first; k < last; k++ {
			from, to := k*KeptRows(), min((k+1)*KeptRows(), n)
			for j := from; j < to; j++ {
				b.dealAt(deals[j], day, &d)
				x.Owner[j], x.Stage[j], x.Created[j], x.Close[j], x.Closed[j] = d.Owner, d.Stage, d.Created, d.Close, d.Closed
				x.Value[j], x.Given[j], x.Category[j] = d.Value, d.Amount.Given(), d.Category
			}
			x.owners.Min[k], x.owners.Max[k] = slices.Min(x.Owner[from:to]), slices.Max(x.Owner[from:to])
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pasts == nil {
		p.pasts = map[Day]*past{}
	}
	rows := n
	for _, have := range p.pasts {
		rows += len(have.Deal)
	}
	for rows > pastRows && len(p.pasts) > 0 {
		oldest, found := Day(0), false
		for d, have := range p.pasts {
			if !found || have.used < p.pasts[oldest].used {
				oldest, found = d, true
			}
		}
		rows -= len(p.pasts[oldest].Deal)
		delete(p.pasts, oldest)
	}
	p.tick++
	x.used = p.tick
	p.pasts[day] = x
	return x
}

// sharePast gives those of x that w and s take.
func (s *Selection) sharePast(w Want, x *past, fn func(part int, st *States, rows []int32)) int {
	b, moved, st := s.b, s.b.moved.Any(), &x.States
	lo, hi := s.reps()
	fine := s.product != None || s.industry != None
	return shareBy(standParcel, len(x.owners.Min), func(part, first, last int) {
		rows := make([]int32, 0, KeptRows())
		for k := first; k < last; k++ {
			if !x.owners.Meets(k, lo, hi) {
				continue
			}
			inside := s.Lo == 0 || s.whole(x.owners.Min[k], x.owners.Max[k])
			rows = rows[:0]
			for j := k * KeptRows(); j < min((k+1)*KeptRows(), len(st.Deal)); j++ {
				if b.kindOf(st.Stage[j]) == store.StageOpen {
					if st.Close[j] != store.NoDay && !w.Due.Contains(st.Close[j]) {
						continue
					}
				} else if !w.Closed.Contains(st.Closed[j]) {
					continue
				}
				d := st.Deal[j]
				if (inside || s.Inside(b.PersonNode(st.Owner[j]))) && (s.stage == None || st.Stage[j] == s.stage) && !(moved && b.moved.Has(int(d))) && (!fine || s.coarse(d)) {
					rows = append(rows, int32(j))
				}
			}
			if len(rows) > 0 {
				fn(part, st, rows)
			}
		}
	})
}

// standParcel is how many blocks of states one goroutine takes at a time.
const standParcel = 16

// shareLate reads the states of some deals from their history.
func (s *Selection) shareLate(w Want, deals []Code, fn func(part int, st *States, rows []int32)) int {
	const batch = 1024
	return shareBy(1, (len(deals)+batch-1)/batch, func(part, first, last int) {
		st := newBatch(s, w, func(st *States, rows []int32) { fn(part, st, rows) })
		var d DealState
		for _, c := range deals[first*batch : min(last*batch, len(deals))] {
			if !s.b.deals.isLive(c) || s.b.deals.created.At(int(c)) > s.AsOf || !s.coarse(c) || s.Lo != 0 && !s.Inside(s.b.PersonNode(s.b.OwnerOn(c, s.AsOf))) {
				continue
			}
			if s.b.dealAt(c, s.AsOf, &d); s.match(&d) {
				st.take(&d)
			}
		}
		st.flush()
	})
}

// shareWalked is ShareStates where nothing is kept.
func (s *Selection) shareWalked(w Want, fn func(part int, st *States, rows []int32)) int {
	return share(column.Blocks(s.b.deals.len()), func(part, first, last int) {
		st := newBatch(s, w, func(st *States, rows []int32) { fn(part, st, rows) })
		s.walk(first, last, s.AsOf, w.Closed.From, func(d *DealState) bool { st.take(d); return true })
		st.flush()
	})
}

// batch turns states one by one into columns.
type batch struct {
	w    Want
	st   States
	rows []int32
	fn   func(st *States, rows []int32)
}

func newBatch(_ *Selection, w Want, fn func(st *States, rows []int32)) *batch {
	return &batch{w: w, fn: fn}
}

func (t *batch) take(d *DealState) {
	if d.Kind == store.StageOpen {
		if d.Close != store.NoDay && !t.w.Due.Contains(d.Close) {
			return
		}
	} else if !t.w.Closed.Contains(d.Closed) {
		return
	}
	if t.rows == nil {
		t.st.grow(KeptRows())
		t.rows = make([]int32, 0, KeptRows())
	}
	t.rows = append(t.rows, int32(len(t.rows)))
	if t.st.add(d); len(t.rows) == KeptRows() {
		t.flush()
	}
}

func (t *batch) flush() {
	if len(t.rows) > 0 {
		t.fn(&t.st, t.rows)
		t.st.clear()
		t.rows = t.rows[:0]
	}
}
