package funnel

import (
	"slices"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/store"
)

// kernel resolves one question: the stages in order and which of them form the ladder on which reaching one means having reached those below.
type kernel struct {
	b      *analytics.Book
	sel    *analytics.Selection
	order  []analytics.Code
	rank   []int32 // by stage Code: index in order
	kind   []store.StageKind
	ladder []bool // by index in order: declared and open
}

// walker is what one goroutine needs to follow deals.
type walker struct {
	*kernel
	first []analytics.Day
	far   []analytics.Day // when the deal had got further: to a higher rung, or won; store.MaxDay when never
	seen  []bool

	unstaged int // deals that stand in no stage
}

func (k *kernel) walker() *walker {
	return &walker{kernel: k, first: make([]analytics.Day, len(k.order)), far: make([]analytics.Day, len(k.order)), seen: make([]bool, len(k.order))}
}

func newKernel(b *analytics.Book, s analytics.Scope) *kernel {
	k := &kernel{b: b, sel: b.Select(s), order: b.Stages()}
	n := len(k.order)
	k.rank, k.kind, k.ladder = make([]int32, n), make([]store.StageKind, n), make([]bool, n)
	for i, c := range k.order {
		k.rank[c] = int32(i)
		k.kind[i] = b.Stage(c).Kind
		k.ladder[i] = b.StageDeclared(c) && k.kind[i] == store.StageOpen
	}
	return k
}

// reach fills k.first with the day on which the deal first reached each stage, k.seen with whether it did, and returns the highest rung of
// the ladder it reached and whether it was ever won; see the package comment.
func (k *walker) reach(way []analytics.Step) (top int32, won bool) {
	clear(k.seen)
	top = -1
	mark := func(i int32, day analytics.Day) {
		if !k.seen[i] {
			k.seen[i], k.first[i], k.far[i] = true, day, store.MaxDay
		}
	}
	for _, s := range way {
		if s.Stage == analytics.None {
			continue
		}
		r := k.rank[s.Stage]
		mark(r, s.Day)
		up, before := top, won
		switch {
		case k.ladder[r]:
			up = r
		case k.kind[r] == store.StageWon:
			won = true
			for i := range k.ladder {
				if k.ladder[i] {
					up = max(up, int32(i))
				}
			}
		}
		for i := top + 1; i <= up; i++ {
			if k.ladder[i] {
				mark(i, s.Day)
			}
		}
		for i := max(0, top); i < up; i++ {
			if k.ladder[i] {
				k.far[i] = s.Day
			}
		}
		if top = max(top, up); won && !before && top >= 0 {
			k.far[top] = s.Day
		}
	}
	return top, won
}

// each calls fn with every fact of the funnel that one deal makes: that it belongs to a set of the stage at an index. days is the length of a stay, else 0.
// Everything that is counted, and everything that opens, comes from here. Deals that were over before the period make none.
func (k *walker) each(d *analytics.DealState, fn func(stage int32, set Set, d *analytics.DealState, days int)) {
	p := k.sel.Period
	if d.Rank >= 0 && (d.Kind == store.StageOpen || p.Contains(d.Closed)) {
		fn(d.Rank, Standing, d, 0)
	}
	if d.Rank < 0 {
		k.unstaged++
	}
	k.went(d, fn)
}

// went is the part of each that tells of the deal's way.
func (k *walker) went(d *analytics.DealState, fn func(stage int32, set Set, d *analytics.DealState, days int)) {
	p := k.sel.Period
	way := k.b.Way(d.Deal, k.sel.AsOf)
	if len(way) == 0 || way[len(way)-1].Day < p.From {
		return // it has long stood where it stands
	}
	top, won := k.reach(way)
	for i := range k.order {
		if !k.seen[i] || !p.Contains(k.first[i]) {
			continue
		}
		fn(int32(i), Entered, d, 0)
		switch {
		case k.ladder[i] && (won || top > int32(i)):
			fn(int32(i), Advanced, d, 0)
		case k.kind[i] == store.StageOpen && d.Kind == store.StageLost:
			fn(int32(i), Lost, d, 0)
		}
	}
	k.stays(way, func(stage analytics.Code, end analytics.Day, days int) {
		if p.Contains(end) {
			fn(k.rank[stage], Stays, d, days)
		}
	})
}

// stays calls fn with the completed stays in open stages: where, until when, and how many days.
func (k *kernel) stays(way []analytics.Step, fn func(stage analytics.Code, end analytics.Day, days int)) {
	for i := 1; i < len(way); i++ {
		from, to := way[i-1], way[i]
		if from.Stage != analytics.None && from.Day != store.NoDay && k.kind[k.rank[from.Stage]] == store.StageOpen {
			fn(from.Stage, to.Day, int(to.Day-from.Day))
		}
	}
}

// tally is what one goroutine adds up.
type tally struct {
	walk   *walker
	stages []Stage // counts only
	sums   []analytics.Adder
	stays  []spans
	open   analytics.Adder
	opened int
	rate   analytics.Ratio
	cycles spans
}

func (k *kernel) tally() *tally {
	n := len(k.order)
	t := &tally{walk: k.walker(), stages: make([]Stage, n), sums: make([]analytics.Adder, n), stays: make([]spans, n), open: k.b.Adder()}
	for i := range t.sums {
		t.sums[i] = k.b.Adder()
	}
	return t
}

// part returns what the goroutine of a part adds up.
func (k *kernel) part(parts []*tally, part int) *tally {
	if parts[part] == nil {
		parts[part] = k.tally()
	}
	return parts[part]
}

func (t *tally) add(i int32, set Set, d *analytics.DealState, days int) {
	st := &t.stages[i]
	switch set {
	case Entered:
		st.Entered++
	case Advanced:
		st.Advanced++
	case Lost:
		st.Lost++
	case Stays:
		t.stays[i].add(days, 1)
	}
}

// sum adds up over the stages.
func (t *tally) sum() {
	for i := range t.stages {
		switch n := t.stages[i].Count; t.walk.kind[i] {
		case store.StageOpen:
			t.opened += n
			t.open.AddSum(t.sums[i].Sum())
		case store.StageWon:
			t.rate.Num += n
			t.rate.Den += n
		case store.StageLost:
			t.rate.Den += n
		}
	}
}

func (t *tally) merge(o *tally) {
	for i := range t.stages {
		a, b := &t.stages[i], &o.stages[i]
		a.Count += b.Count
		a.NoAmount += b.NoAmount
		a.Entered += b.Entered
		a.Advanced += b.Advanced
		a.Lost += b.Lost
		t.sums[i].AddSum(o.sums[i].Sum())
		t.stays[i].merge(&o.stays[i])
	}
	t.cycles.merge(&o.cycles)
	t.walk.unstaged += o.walk.unstaged
}

// count follows all deals, on all processors where there are many.
func (k *kernel) count() *tally {
	parts := make([]*tally, analytics.Parts())
	var n int
	if x, ok := k.course(); ok {
		n = k.follow(x, parts)
	} else {
		n = k.sel.ShareDeals(k.sel.Period, func(part int, d *analytics.DealState) {
			t := k.part(parts, part)
			t.walk.went(d, t.add)
		})
	}
	n = max(n, k.sel.ShareTotals(analytics.Want{Closed: k.sel.Period, Due: analytics.Ever},
		func(part int, t *analytics.Totals) { k.part(parts, part).standing(t) },
		func(part int, st *analytics.States, rows []int32, sign int) {
			k.part(parts, part).states(st, rows, k.sel.AsOf, sign)
		}))
	total := k.tally()
	for _, t := range parts[:n] {
		if t != nil {
			total.merge(t)
		}
	}
	total.sum()
	return total
}

// Of answers s. The period is the fiscal quarter of the as-of day unless s has one. A Stage in s narrows the deals to those that stand
// there as of the day. A scope that selects nothing gives the stages with zeros. Stages that were never declared are shown only where deals
// have to do with them.
func Of(b *analytics.Book, s analytics.Scope) Answer {
	k := newKernel(b, s)
	n := len(k.order)
	a := Answer{Stamp: b.Stamp(s), Scope: b.Named(s), Period: k.sel.Period, PeriodName: b.Calendar().Name(k.sel.Period), Stages: make([]Stage, n)}
	t := k.count()
	for i, c := range k.order {
		st, n := b.Stage(c), &t.stages[i]
		s := Stage{ID: st.ID, Name: st.Name, NameEn: st.NameEn, Kind: st.Kind, Probability: st.Probability, Count: n.Count, NoAmount: n.NoAmount,
			Entered: n.Entered, Advanced: n.Advanced, Lost: n.Lost, Remaining: n.Entered - n.Advanced - n.Lost}
		s.Amount, s.Stays, s.MedianDays = t.sums[i].Sum(), t.stays[i].n, t.stays[i].median()
		if k.ladder[i] {
			s.Conversion = analytics.Ratio{Num: s.Advanced, Den: s.Entered}
		}
		a.Stages[i] = s
	}
	a.NoStage, a.Open, a.WinRate = t.walk.unstaged, t.opened, t.rate
	a.OpenAmount, a.MedianCycle = t.open.Sum(), t.cycles.median()
	a.Stages = slices.DeleteFunc(a.Stages, func(st Stage) bool {
		c, _ := b.StageCode(st.ID)
		return !b.StageDeclared(c) && st.Count == 0 && st.Entered == 0 && st.Stays == 0
	})
	return a
}

// listed is a list's place among a Book's answers.
type listed struct {
	scope analytics.Scope
	stage store.ID
	set   Set
}

// Look lists what is behind a figure of a stage: of the same scope the deals in set. In [Stays] a deal stands once per stay, Reason its days.
func Look(b *analytics.Book, s analytics.Scope, stage store.ID, set Set) *deal.View {
	return analytics.MemoList(b, listed{s, stage, set}, func() *deal.View {
		k, c := newKernel(b, s), deal.Collect(b, s)
		code, ok := b.StageCode(stage)
		if ok && set == Standing {
			return deal.InStage(b, s, code, k.sel.Period)
		}
		x, kept := k.course()
		switch {
		case !ok:
		case kept:
			k.look(x, code, set, c.Add)
		default:
			want, walkers := k.rank[code], make([]*walker, analytics.Parts())
			k.sel.ShareDeals(k.sel.Period, func(part int, d *analytics.DealState) {
				if walkers[part] == nil {
					walkers[part] = k.walker()
				}
				walkers[part].each(d, func(i int32, is Set, d *analytics.DealState, days int) {
					if i == want && is == set {
						c.Add(part, d, int32(days), 0)
					}
				})
			})
		}
		return c.View(func(r *deal.Row, _ *analytics.DealState, days int32) {
			if set == Stays {
				r.Reason = strconv.Itoa(int(days))
			}
		})
	})
}

// look gives the deals of a set of a stage that a course tells of, with the days of a stay.
func (k *kernel) look(x *course, stage analytics.Code, set Set, add func(part int, d *analytics.DealState, days int32, class int8)) {
	asOf, open := k.sel.AsOf, k.kind[k.rank[stage]] == store.StageOpen
	walkers := make([]*walker, analytics.Parts())
	k.visit(x, nil, func(part, table int, y *block, rows []int32) {
		if (table == ofStays) != (set == Stays) || table == ofReturned && set != Lost {
			return
		}
		for _, j := range rows {
			if analytics.Code(y.stage[j]) != stage {
				continue
			}
			in, days := true, int32(0)
			switch further := y.further[j] <= asOf; {
			case table == ofStays:
				days = int32(y.further[j])
			case table == ofReturned:
				in = y.lost[j] <= asOf && y.till[j] > asOf && !further
			case set == Advanced:
				in = further
			case set == Lost:
				in = !further && y.lost[j] <= asOf && open
			}
			if in {
				d := k.b.DealAt(y.deal[j], asOf)
				add(part, &d, days, 0)
			}
		}
	}, func(part int, d *analytics.DealState) {
		if walkers[part] == nil {
			walkers[part] = k.walker()
		}
		walkers[part].went(d, func(i int32, is Set, d *analytics.DealState, days int) {
			if i == k.rank[stage] && is == set {
				add(part, d, int32(days), 0)
			}
		})
	})
}

// Deals is [Look] with all rows made.
func Deals(b *analytics.Book, s analytics.Scope, stage store.ID, set Set) deal.List {
	return Look(b, s, stage, set).List()
}

// Table gives the funnel as raw cells, one row per stage.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"stage", "name", "name_en", "kind", "probability", "count", "amount", "currency", "no_amount", "entered",
		"advanced", "lost_here", "remaining", "conversion", "median_days", "stays", "without_rate"}}
	for i := range a.Stages {
		s := &a.Stages[i]
		days := ""
		if s.MedianDays >= 0 {
			days = strconv.FormatFloat(s.MedianDays, 'f', -1, 64)
		}
		t.Rows = append(t.Rows, []string{string(s.ID), s.Name, s.NameEn, s.Kind.String(), strconv.Itoa(s.Probability), strconv.Itoa(s.Count),
			s.Amount.Cell(), string(s.Amount.Money.Currency), strconv.Itoa(s.NoAmount), strconv.Itoa(s.Entered), strconv.Itoa(s.Advanced),
			strconv.Itoa(s.Lost), strconv.Itoa(s.Remaining), s.Conversion.Cell(), days, strconv.Itoa(s.Stays), s.Amount.MissingCell()})
	}
	return t
}
