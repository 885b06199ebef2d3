package analytics

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// finish derives everything that follows from the records and returns the Book, which nobody changes from then on.
func (e *editor) finish(rev store.Rev) *Book {
	b := e.b
	b.rev = rev
	e.join()
	dirs := b.directories()
	if moved := !slices.Equal(dirs, b.dirs); e.bulk || moved || e.owned[store.EntityUnit] || e.owned[store.EntityPerson] {
		b.dirs = dirs
		b.portray()
		b.growTree()
		if moved {
			b.planned = nil
		}
	}
	if e.bulk || e.owned[store.EntityStage] {
		first, kinds := b.firstOpen, b.stageKind
		b.orderStages()
		if e.bulk || b.firstOpen != first || !slices.Equal(b.stageKind[:len(kinds)], kinds) {
			for c := range b.deals.len() { // the way of a deal without history depends on the kinds of stage
				e.dirtyDeal[Code(c)] = struct{}{}
			}
		}
	}
	if e.bulk {
		e.group()
	} else {
		e.regroup()
	}
	e.deriveDeals()
	e.deriveAccounts()
	e.seal()
	e.decide()
	e.stray()
	if e.owned[store.EntityAccount] || e.owned[store.EntityGrade] { // else the boards of the Book before still hold
		b.graded = nil
	}
	if e.owned[store.EntityAccount] || e.owned[store.EntitySale] {
		b.brought = nil
	}
	if e.owned[store.EntityQuota] || e.owned[store.EntityUnit] || e.owned[store.EntityPerson] {
		b.planned = nil
	}
	b.derive()
	return b
}

// stray marks what changed since the epoch began. Other stages begin another one: which way a deal went depends on them.
func (e *editor) stray() {
	b := e.b
	if e.bulk || e.owned[store.EntityStage] {
		b.newEpoch()
		return
	}
	if len(e.dirtyDeal) > 0 {
		b.moved.Edit()
		for c := range e.dirtyDeal {
			b.moved.Mark(int(c))
		}
		b.moved.Seal()
	}
	if len(e.dealTouches.add)+len(e.dealTouches.drop)+len(e.looseTouches.add)+len(e.looseTouches.drop) > 0 {
		b.nudged.Edit()
		deal := func(c Code) { b.nudged.Mark(int(c)) }
		account := func(c Code) { // a touch that names no deal is a sign of all its account's
			for _, d := range b.AccountDeals(c) {
				deal(d)
			}
		}
		for _, x := range []struct {
			edit *runsEdit
			mark func(Code)
		}{{&e.dealTouches, deal}, {&e.looseTouches, account}} {
			for _, a := range x.edit.add {
				x.mark(a.owner)
			}
			for a := range x.edit.drop {
				x.mark(a.owner)
			}
		}
		b.nudged.Seal()
	}
	if len(e.dirtyAccount)+len(e.grades.add)+len(e.grades.drop)+len(e.sales.add)+len(e.sales.drop) == 0 {
		return
	}
	b.stirred.Edit()
	for c := range e.dirtyAccount {
		b.stirred.Mark(int(c))
	}
	mark := func(owner int32) {
		if owner > 0 {
			b.stirred.Mark(int(owner) - 1)
		}
	}
	for _, ed := range []*runsEdit{&e.grades, &e.sales} {
		for _, a := range ed.add {
			mark(a.owner)
		}
		for a := range ed.drop {
			mark(a.owner)
		}
	}
	b.stirred.Seal()
}

// derive sets what is taken from all tables at once.
func (b *Book) derive() {
	b.dataEnd = b.newest(b.Now())
	b.oldest = oldest(b.status.sorted())
	b.memo, b.lists, b.found = newMemo(answersKept), newMemo(listsKept), newMemo(foundKept)
	if b.low == nil {
		b.low = &lowered{}
	}
	if b.epoch == nil {
		b.newEpoch()
	}
	if b.graded == nil {
		b.graded = newMemo(boardsKept)
	}
	if b.planned == nil {
		b.planned = newMemo(boardsKept)
	}
	if b.brought == nil {
		b.brought = newMemo(boardsKept)
	}
}

// seal ends the edit of every table that was written to.
func (e *editor) seal() {
	b := e.b
	for _, d := range b.dicts() {
		d.seal(e.bulk)
	}
	sealLanes(&b.accounts, &b.accounts.tail, b.accounts.len())
	sealLanes(&b.deals, &b.deals.tail, b.deals.len())
	for _, t := range b.factTables() {
		t.fact.dead.Seal()
		sealLanes(t.lanes, &t.fact.tail, t.fact.len())
	}
}

// factTable is a table of facts as what all have in common and as its columns.
type factTable struct {
	name  string
	ent   store.Entity
	fact  *fact
	lanes laned
}

func (b *Book) factTables() []factTable {
	return []factTable{
		{"touch", store.EntityTouch, &b.touch.fact, &b.touch}, {"change", store.EntityChange, &b.change.fact, &b.change},
		{"sale", store.EntitySale, &b.sale.fact, &b.sale}, {"grade", store.EntityGrade, &b.grade.fact, &b.grade},
		{"health", store.EntityHealth, &b.health.fact, &b.health}, {"evidence", store.EntityEvidence, &b.evidence.fact, &b.evidence},
		{"reading", store.EntityReading, &b.reading.fact, &b.reading}, {"evaluation", store.EntityEvaluation, &b.judged.fact, &b.judged}, {"signal", store.EntitySignal, &b.signal.fact, &b.signal},
		{"contact", store.EntityContact, &b.contact.fact, &b.contact},
	}
}

// grouping is one list of rows per owner. Owners of those with none are Codes + 1, so that what belongs to nobody can be found again.
type grouping struct {
	name   string
	runs   *column.Runs[int32]
	edit   *runsEdit
	rows   func() int
	owners func() int
	owner  func(row int) int // below 0: in no list
	order  func(list []int32)
}

func (e *editor) groupings() []grouping {
	b := e.b
	accounts, deals := func() int { return b.accounts.len() + 1 }, func() int { return b.deals.len() + 1 }
	of := func(f *fact, c *column.Col[Code], shift int) func(int) int {
		if !f.dead.Any() {
			return func(i int) int { return int(c.At(i)) + shift }
		}
		return func(i int) int {
			if f.dead.Has(i) {
				return -1
			}
			return int(c.At(i)) + shift
		}
	}
	touches := func(list []int32) { sortRows(list, &b.touch.At, &b.touch.id) }
	deal := of(&b.touch.fact, &b.touch.Deal, 0)
	return []grouping{
		{"touchesOf", &b.touchesOf, &e.touches, b.touch.len, accounts, of(&b.touch.fact, &b.touch.Account, 1), touches},
		{"dealTouches", &b.dealTouches, &e.dealTouches, b.touch.len, deals, deal, touches},
		{"looseTouches", &b.looseTouches, &e.looseTouches, b.touch.len, accounts, func(i int) int {
			if b.touch.Deal.At(i) != None || b.touch.dead.Has(i) {
				return -1
			}
			return int(b.touch.Account.At(i))
		}, touches},
		{"changesOf", &b.changesOf, &e.changes, b.change.len, deals, of(&b.change.fact, &b.change.deal, 0), b.orderChanges},
		{"dealsOf", &b.dealsOf, &e.dealsOf, b.deals.len, accounts, func(i int) int {
			if !b.deals.live.At(i) {
				return -1
			}
			return int(b.deals.account.At(i))
		}, func(list []int32) {
			slices.SortFunc(list, func(x, y int32) int { return byID(b.deals.ids.id(x), b.deals.ids.id(y)) })
		}},
		{"salesOf", &b.salesOf, &e.sales, b.sale.len, accounts, of(&b.sale.fact, &b.sale.Account, 1), b.byDay(&b.sale.fact)},
		{"gradesOf", &b.gradesOf, &e.grades, b.grade.len, accounts, of(&b.grade.fact, &b.grade.account, 1), func(list []int32) {
			slices.SortFunc(list, func(x, y int32) int {
				g, i, j := &b.grade, int(x), int(y)
				return cmp.Or(cmp.Compare(g.at.At(i), g.at.At(j)), cmp.Compare(g.seen.At(i), g.seen.At(j)), strings.Compare(g.id.At(i), g.id.At(j)))
			})
		}},
		{"healthOf", &b.healthOf, &e.health, b.health.len, accounts, of(&b.health.fact, &b.health.account, 1), func(list []int32) {
			slices.SortFunc(list, func(x, y int32) int {
				h, i, j := &b.health, int(x), int(y)
				return cmp.Or(cmp.Compare(h.day.At(i), h.day.At(j)), cmp.Compare(h.seen.At(i), h.seen.At(j)), strings.Compare(h.id.At(i), h.id.At(j)))
			})
		}},
		{"evidenceOf", &b.evidenceOf, &e.evidence, b.evidence.len, deals, of(&b.evidence.fact, &b.evidence.deal, 1),
			func(list []int32) { sortRows(list, &b.evidence.at, &b.evidence.id) }},
		{"readingsOf", &b.readingsOf, &e.readings, b.reading.len, accounts, of(&b.reading.fact, &b.reading.account, 1), func(list []int32) {
			slices.SortFunc(list, func(x, y int32) int {
				m, i, j := &b.reading, int(x), int(y)
				return cmp.Or(cmp.Compare(m.day.At(i), m.day.At(j)), cmp.Compare(m.seen.At(i), m.seen.At(j)), strings.Compare(m.id.At(i), m.id.At(j)))
			})
		}},
		{"judgedOf", &b.judgedOf, &e.judged, b.judged.len, accounts, of(&b.judged.fact, &b.judged.account, 1),
			func(list []int32) { sortRows(list, &b.judged.at, &b.judged.id) }},
		{"signalsOf", &b.signalsOf, &e.signals, b.signal.len, accounts, of(&b.signal.fact, &b.signal.account, 1),
			func(list []int32) { sortRows(list, &b.signal.at, &b.signal.id) }},
		{"contactsOf", &b.contactsOf, &e.contacts, b.contact.len, accounts, of(&b.contact.fact, &b.contact.account, 1), func(list []int32) {
			slices.SortFunc(list, func(x, y int32) int { return strings.Compare(b.contact.id.At(int(x)), b.contact.id.At(int(y))) })
		}},
	}
}

// byDay sorts rows by day, then by ID.
func (b *Book) byDay(f *fact) func(list []int32) {
	return func(list []int32) {
		slices.SortFunc(list, func(x, y int32) int {
			if c := cmp.Compare(f.day.At(int(x)), f.day.At(int(y))); c != 0 { // cmp.Or would compare all the IDs too
				return c
			}
			return strings.Compare(f.id.At(int(x)), f.id.At(int(y)))
		})
	}
}

// group lists what belongs to each owner, all anew.
func (e *editor) group() {
	var tasks []func()
	for _, g := range e.groupings() {
		tasks = append(tasks, func() {
			*g.runs = column.Group(g.rows(), g.owners(), g.owner)
			g.runs.Each(func(_ int, list []int32) {
				if len(list) > 1 {
					g.order(list)
				}
			})
		})
	}
	e.each(tasks...)
}

// regroup does to the lists what this editor did to rows.
func (e *editor) regroup() {
	for _, g := range e.groupings() {
		g.edit.apply(g.runs, g.order)
	}
}

// each runs tasks that share nothing: a load's on all cores, since a person waits for it; an advance's, which take microseconds, here.
func (e *editor) each(tasks ...func()) {
	if !e.bulk {
		for _, task := range tasks {
			task()
		}
		return
	}
	each(len(tasks), func(i int) { tasks[i]() })
}

func (e *editor) deriveDeals() {
	b, d := e.b, &e.b.deals
	if len(e.dirtyDeal) == 0 && len(e.dealTouches.add) == 0 && len(e.dealTouches.drop) == 0 {
		return
	}
	e.thawDeals()
	if e.bulk {
		for c := range Code(d.len()) {
			b.steps.Add(b.way(c)...)
			b.touchDay(c)
		}
		d.zones(b)
		return
	}
	b.steps.Edit()
	for c := range e.dirtyDeal {
		b.steps.Set(int(c), b.way(c))
		i := int(c)
		d.begun.Put(i, d.created.At(i))
		d.ended.Put(i, d.over.At(i))
		for _, owner := range b.ownersOf(c) {
			d.owners.Put(i, owner)
		}
	}
	b.steps.Seal()
	for _, a := range e.dealTouches.add {
		b.touchDay(a.owner)
	}
	for a := range e.dealTouches.drop {
		b.touchDay(a.owner)
	}
}

// deriveAccounts finds out since when accounts are known, of which anything came or went.
func (e *editor) deriveAccounts() {
	b := e.b
	if e.bulk {
		for c := range Code(b.accounts.len()) {
			b.accounts.known.Set(int(c), b.knownSince(c))
		}
		return
	}
	changed := map[Code]struct{}{}
	for c := range e.dirtyAccount {
		changed[c] = struct{}{}
	}
	for c := range e.dirtyDeal {
		if a := b.deals.account.At(int(c)); a != None {
			changed[a] = struct{}{}
		}
	}
	for i, ed := range []*runsEdit{&e.touches, &e.sales, &e.dealsOf} {
		shift := int32(1)
		if i == 2 {
			shift = 0
		}
		for _, r := range ed.add {
			changed[r.owner-shift] = struct{}{}
		}
		for r := range ed.drop {
			changed[r.owner-shift] = struct{}{}
		}
	}
	delete(changed, None)
	for c := range changed {
		if day := b.knownSince(c); day != b.accounts.known.At(int(c)) {
			e.thawAccounts()
			b.accounts.known.Set(int(c), day)
		}
	}
}

// knownSince is what Book.KnownSince keeps.
func (b *Book) knownSince(account Code) Day {
	since := b.accounts.created.At(int(account))
	first := func(day Day) {
		if day.Valid() && (!since.Valid() || day < since) {
			since = day
		}
	}
	for _, c := range b.AccountDeals(account) {
		first(b.Began(c))
	}
	if sales := b.AccountSales(account); len(sales) > 0 {
		first(b.sale.day.At(int(sales[0])))
	}
	if touches := b.AccountTouches(account); len(touches) > 0 {
		first(b.touch.day.At(int(touches[0])))
	}
	if !since.Valid() {
		return store.NoDay
	}
	return since
}

// KnownSince returns the first day on which an account was there: its creation, or an earlier deal, sale or touch, since a record may be made long after
// the customer; without any of these it always was.
func (b *Book) KnownSince(account Code) Day { return b.accounts.known.At(int(account)) }

// touchDay sets the day of the newest touch that names deal c.
func (b *Book) touchDay(c Code) {
	day := store.NoDay
	if run := b.dealTouches.Of(int(c)); len(run) > 0 {
		day = b.touch.day.At(int(run[len(run)-1]))
	}
	b.deals.touched.Set(int(c), day)
}

// DealOwners returns everybody who owns or ever owned a deal.
func (b *Book) DealOwners(deal Code) []Code { return b.ownersOf(deal) }

// ownersOf returns everybody who owns or ever owned deal c.
func (b *Book) ownersOf(c Code) []Code {
	who := []Code{b.deals.owner.At(int(c))}
	for _, r := range b.changesOf.Of(int(c)) {
		if i := int(r); b.change.field.At(i) == store.FieldOwner {
			who = append(who, Code(b.change.old.At(i)), Code(b.change.new.At(i)))
		}
	}
	return who
}

// zones measures the blocks of deals.
func (d *deals) zones(b *Book) {
	d.begun, d.ended, d.owners = column.ZoneOf(&d.created), column.ZoneOf(&d.over), column.Zone[Code]{}
	for c := range Code(d.len()) {
		for _, owner := range b.ownersOf(c) {
			d.owners.Put(int(c), owner)
		}
	}
}

// way derives when deal c begins to exist, when it last changed, when it was over, and returns its steps through the stages.
func (b *Book) way(c Code) []Step {
	d, ch, i := &b.deals, &b.change, int(c)
	if !d.live.At(i) {
		d.created.Set(i, store.NoDay)
		d.changed.Set(i, store.NoDay)
		d.over.Set(i, store.NoDay)
		d.stepped.Set(i, store.NoDay)
		return nil
	}
	run := b.moves(b.changesOf.Of(i))
	created, changed := d.made.At(i), store.NoDay
	if len(run) > 0 {
		if first := ch.day.At(int(run[0])); created == store.NoDay || first < created {
			created = first
		}
		changed = ch.day.At(int(run[len(run)-1]))
	}
	var way []Step
	for _, r := range run {
		if r := int(r); ch.field.At(r) == store.FieldStage {
			if len(way) == 0 && !ch.first.At(r) {
				way = append(way, Step{created, Code(ch.old.At(r))})
			}
			if to := Code(ch.new.At(r)); len(way) == 0 || way[len(way)-1].Stage != to {
				way = append(way, Step{ch.day.At(r), to})
			}
		}
	}
	now, closed := d.stage.At(i), d.close.At(i)
	switch {
	case len(way) == 0:
		if b.kindOf(now) != store.StageOpen && closed != store.NoDay && closed > created {
			way = []Step{{created, b.firstOpen}, {closed, now}}
		} else {
			way = []Step{{created, now}}
		}
	case way[len(way)-1].Stage != now: // the record is newer than its history: the step was taken when it was last written, as far as we know
		way = append(way, Step{max(way[len(way)-1].Day, store.DayOf(instant(d.modified.At(i)), b.loc)), now})
	}
	over := store.MaxDay
	if b.kindOf(now) != store.StageOpen {
		over = max(way[len(way)-1].Day, closed, changed)
	}
	d.created.Set(i, created)
	d.changed.Set(i, changed)
	d.over.Set(i, over)
	d.stepped.Set(i, way[len(way)-1].Day)
	return way
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
	for _, t := range b.factTables() {
		if t.ent != store.EntityContact && t.ent != store.EntityEvidence {
			last = latest(last, now, t.fact)
		}
	}
	if last >= now {
		return last
	}
	d := &b.deals
	for k := range column.Blocks(d.len()) {
		made, closes, lives := d.made.Block(k), d.close.Block(k), d.live.Block(k)
		for j, live := range lives {
			if !live {
				continue
			}
			if day := made[j]; day <= now && day > last {
				last = day
			}
			if day := closes[j]; day <= now && day > last && b.kindOf(d.stage.Block(k)[j]) != store.StageOpen {
				last = day
			}
		}
	}
	return last
}

// latest reads only blocks that can hold a later day than is known.
func latest(last, now Day, f *fact) Day {
	for k := len(f.days.Max) - 1; k >= 0; k-- {
		if f.days.Max[k] <= last || f.days.Min[k] > now {
			continue
		}
		for j, d := range f.day.Block(k) {
			if d > last && d <= now && !f.dead.Has(k<<column.Shift+j) {
				last = d
			}
		}
	}
	return last
}

// oldest: see Book.Stamp.
func oldest(all []store.SourceStatus) time.Time {
	bySource := map[store.SourceID]time.Time{}
	for _, s := range all {
		if s.Good.IsZero() && s.Error == "" { // its first reading is still to end
			return time.Time{}
		}
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
