package analytics

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/store"
)

// finish derives everything that follows from the records and returns the Book, which nobody changes from then on.
func (e *editor) finish(rev store.Rev) *Book {
	b := e.b
	b.rev = rev
	if e.bulk || e.owned[store.EntityUnit] || e.owned[store.EntityPerson] {
		b.growTree()
	}
	if e.bulk || e.owned[store.EntityStage] {
		b.orderStages()
		for c := range b.deals.rec { // the way of a deal without history depends on the kinds of stage
			e.dirtyDeal[Code(c)] = struct{}{}
		}
	}
	e.deriveAccounts()
	b.changesOf = e.changes.apply(b.changesOf, len(b.deals.rec), b.orderChanges)
	e.deriveDeals()
	e.deriveRuns()
	if b.change.tail == nil {
		b.change.tail = newTail(len(b.change.deal))
	}
	if b.touch.tail == nil {
		b.touch.tail = newTail(len(b.touch.ID))
	}
	if e.bulk {
		for _, d := range []*dict{&b.units.ids, &b.people.ids, &b.stages.ids, &b.products.ids, &b.accounts.ids, &b.deals.ids, &b.quotas.ids,
			&b.status.ids, &b.issues.ids, &b.industries, &b.topics, &b.areas, &b.change.ids, &b.touch.ids, &b.contacts.ids, &b.grades.ids, &b.health.ids,
			&b.evidence.ids, &b.sales.ids} {
			d.seal()
		}
	}
	b.dataEnd = b.newest(b.Now())
	b.oldest = oldest(b.status.sorted())
	return b
}

// deriveRuns lists what belongs to each account and deal. By now every account and deal has its Code, so that the lists do not depend on each other.
func (e *editor) deriveRuns() {
	b, accounts, deals := e.b, len(e.b.accounts.rec), len(e.b.deals.rec)
	e.each(
		func() { b.touchesOf = e.touches.apply(b.touchesOf, accounts, b.orderTouches) },
		func() { b.dealTouches = e.dealTouches.apply(b.dealTouches, deals, b.orderTouches) },
		func() { b.looseTouches = e.looseTouches.apply(b.looseTouches, accounts, b.orderTouches) },
		func() {
			b.dealsOf = e.dealsOf.apply(b.dealsOf, accounts, func(run []int32) {
				slices.SortFunc(run, func(x, y int32) int { return byID(b.deals.id(x), b.deals.id(y)) })
			})
		},
		func() {
			finishFacts(&b.sales, &e.sales, accounts, func(x, y *store.Sale) int {
				if c := cmp.Compare(x.Day, y.Day); c != 0 {
					return c
				}
				return byID(x.ID, y.ID)
			})
		},
		func() {
			finishFacts(&b.health, &e.health, accounts, func(x, y *store.Health) int {
				if c := cmp.Or(cmp.Compare(x.Day, y.Day), x.Seen.Compare(y.Seen)); c != 0 {
					return c
				}
				return byID(x.ID, y.ID)
			})
		},
		func() {
			finishFacts(&b.grades, &e.grades, accounts, func(x, y *store.GradeChange) int {
				return cmp.Or(x.At.Compare(y.At), x.Seen.Compare(y.Seen), byID(x.ID, y.ID))
			})
		},
		func() {
			finishFacts(&b.evidence, &e.evidence, deals, func(x, y *store.Evidence) int { return cmp.Or(x.At.Compare(y.At), byID(x.ID, y.ID)) })
		},
		func() {
			finishFacts(&b.contacts, &e.contacts, accounts, func(x, y *store.Contact) int { return byID(x.ID, y.ID) })
		},
	)
}

// each runs tasks that share nothing: a load's on all cores, since a person waits for it; an advance's, which take microseconds, here.
func (e *editor) each(tasks ...func()) {
	if !e.bulk {
		for _, task := range tasks {
			task()
		}
		return
	}
	var next atomic.Int32
	var wait sync.WaitGroup
	var crash atomic.Pointer[any]
	work := func() {
		defer func() {
			if r := recover(); r != nil {
				crash.CompareAndSwap(nil, &r)
			}
		}()
		for i := next.Add(1) - 1; int(i) < len(tasks); i = next.Add(1) - 1 {
			tasks[i]()
		}
	}
	for range min(len(tasks), runtime.GOMAXPROCS(0)) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	if r := crash.Load(); r != nil {
		panic(*r) // where the caller can recover it
	}
}

func finishFacts[T any](f *facts[T], ed *runsEdit, owners int, less func(x, y *T) int) {
	f.runs = ed.apply(f.runs, owners, func(run []int32) {
		slices.SortFunc(run, func(x, y int32) int { return less(&f.rec[x], &f.rec[y]) })
	})
	if f.tail == nil {
		f.tail = newTail(len(f.rec))
	}
}

// column returns col with n entries, a copy unless it is this editor's first.
func column[T any](col []T, n int, fill T) []T {
	next := make([]T, n, n+n/16)
	for i := copy(next, col); i < n; i++ {
		next[i] = fill
	}
	return next
}

func (e *editor) deriveAccounts() {
	b, n := e.b, len(e.b.accounts.rec)
	if len(e.dirtyAcct) == 0 && len(b.account.owner) == n {
		return
	}
	b.account.owner, b.account.industry = column(b.account.owner, n, None), column(b.account.industry, n, None)
	for c := range e.dirtyAcct {
		r := &b.accounts.rec[c]
		b.account.owner[c] = e.person(r.Owner)
		b.account.industry[c] = e.word(ownIndustry, &b.industries, r.Industry)
	}
}

func (e *editor) deriveDeals() {
	b, n := e.b, len(e.b.deals.rec)
	c := &b.deal
	if len(e.dirtyDeal) == 0 && len(c.owner) == n {
		return
	}
	c.owner, c.account, c.product, c.stage = column(c.owner, n, None), column(c.account, n, None), column(c.product, n, None), column(c.stage, n, None)
	c.category, c.minor, c.currency, c.value = column(c.category, n, 0), column(c.minor, n, 0), column(c.currency, n, ""), column(c.value, n, 0)
	c.created, c.close, c.changed = column(c.created, n, store.NoDay), column(c.close, n, store.NoDay), column(c.changed, n, store.NoDay)
	b.steps = column(b.steps, n, nil)
	for i := range e.dirtyDeal {
		was := c.account[i]
		if !b.deals.live[i] {
			e.dealsOf.out(was, i)
			c.account[i], b.steps[i] = None, nil
			continue
		}
		r := &b.deals.rec[i]
		c.owner[i], c.account[i] = e.person(r.Owner), e.account(r.Account)
		c.product[i], c.stage[i] = ref(e, store.EntityProduct, &b.products, r.Product), e.stage(r.Stage)
		c.category[i], c.minor[i], c.currency[i], c.value[i] = r.Category, r.Amount.Minor, r.Amount.Currency, b.Convert(r.Amount)
		c.close[i] = r.Close
		if was != c.account[i] {
			e.dealsOf.out(was, i)
			e.dealsOf.in(c.account[i], i)
		}
		b.way(i)
	}
	if m := len(b.people.rec); m > len(b.personNode) { // people first named by a deal or an account hang in the unassigned node
		b.personNode = column(b.personNode, m, b.unassigned)
	}
	if m := len(b.accounts.rec); m > len(b.account.owner) {
		b.account.owner, b.account.industry = column(b.account.owner, m, None), column(b.account.industry, m, None)
	}
	if len(b.stages.rec) > len(b.stageRank) {
		b.orderStages()
	}
}

// way derives when deal i begins to exist, when it last changed, and its steps through the stages.
func (b *Book) way(i Code) {
	c, ch := &b.deal, &b.change
	run := b.changesOf.of(i)
	c.created[i], c.changed[i] = b.deals.rec[i].Created, store.NoDay
	if len(run) > 0 {
		if first := ch.day[run[0]]; c.created[i] == store.NoDay || first < c.created[i] {
			c.created[i] = first
		}
		c.changed[i] = ch.day[run[len(run)-1]]
	}
	var way []Step
	for _, r := range run {
		if ch.field[r] != store.FieldStage {
			continue
		}
		if len(way) == 0 && !ch.first[r] {
			way = append(way, Step{c.created[i], Code(ch.old[r])})
		}
		if to := Code(ch.new[r]); len(way) == 0 || way[len(way)-1].Stage != to {
			way = append(way, Step{ch.day[r], to})
		}
	}
	now := c.stage[i]
	switch {
	case len(way) == 0:
		if closed := c.close[i]; b.kindOf(now) != store.StageOpen && closed != store.NoDay && closed > c.created[i] {
			way = []Step{{c.created[i], b.firstOpen}, {closed, now}}
		} else {
			way = []Step{{c.created[i], now}}
		}
	case way[len(way)-1].Stage != now: // the record is newer than its history: the step was taken when it was last written, as far as we know
		way = append(way, Step{max(way[len(way)-1].Day, store.DayOf(b.deals.rec[i].Modified, b.loc)), now})
	}
	b.steps[i] = way
}

func (b *Book) kindOf(stage Code) store.StageKind {
	if stage < 0 || int(stage) >= len(b.stageKind) {
		return store.StageOpen
	}
	return b.stageKind[stage]
}

// newest returns the last day up to now on which anything happened.
func (b *Book) newest(now Day) Day {
	last := store.NoDay
	last = latest(last, now, b.touch.Day, b.touch.Dead)
	last = latest(last, now, b.change.day, b.change.dead)
	last = latest(last, now, b.sales.day, b.sales.dead)
	last = latest(last, now, b.grades.day, b.grades.dead)
	last = latest(last, now, b.health.day, b.health.dead)
	for i, live := range b.deals.live {
		if !live {
			continue
		}
		if d := b.deals.rec[i].Created; d <= now && d > last {
			last = d
		}
		if d := b.deal.close[i]; d <= now && d > last && b.kindOf(b.deal.stage[i]) != store.StageOpen {
			last = d
		}
	}
	return last
}

func latest(last, now Day, days []Day, dead []bool) Day {
	for i, d := range days {
		if d > last && d <= now && !dead[i] {
			last = d
		}
	}
	return last
}

// oldest: see Book.Stamp.
func oldest(all []store.SourceStatus) time.Time {
	bySource := map[store.SourceID]time.Time{}
	for _, s := range all {
		t, ok := bySource[s.Source]
		if !ok {
			bySource[s.Source] = s.Good
		} else if !s.Good.IsZero() && (t.IsZero() || s.Good.Before(t)) {
			bySource[s.Source] = s.Good
		}
	}
	var out time.Time
	first := true
	for _, t := range bySource {
		if t.IsZero() {
			return time.Time{}
		}
		if first || t.Before(out) {
			out, first = t, false
		}
	}
	return out
}
