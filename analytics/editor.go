package analytics

import (
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
)

// editor makes one Book: from nothing, or from another by copying each table when it is first written to. Records go in through records and
// remove, then finish derives what follows from them. One goroutine.
type editor struct {
	b     *Book
	bulk  bool
	once  bool     // of a fact no ID comes twice
	owned [32]bool // by entity: this table is ours to write

	deadOwned    [32]bool
	dirtyDeal    map[Code]struct{}
	dirtyAcct    map[Code]struct{}
	changes      runsEdit
	touches      runsEdit
	dealTouches  runsEdit
	looseTouches runsEdit
	dealsOf      runsEdit
	contacts     runsEdit
	grades       runsEdit
	health       runsEdit
	evidence     runsEdit
	sales        runsEdit
}

// Indices into owned beyond the entities: the word lists.
const (
	ownIndustry = 24 + iota
	ownTopic
	ownArea
)

func newEditor(o Options) *editor {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Rules = o.Rules.OrDefault()
	e := &editor{b: &Book{opt: o, touch: &TouchBlock{}}, bulk: true}
	b := e.b
	for _, d := range []*dict{&b.units.ids, &b.people.ids, &b.stages.ids, &b.products.ids, &b.accounts.ids, &b.deals.ids, &b.quotas.ids, &b.status.ids,
		&b.issues.ids, &b.industries, &b.topics, &b.areas, &b.change.ids, &b.touch.ids, &b.contacts.ids, &b.grades.ids, &b.health.ids, &b.evidence.ids,
		&b.sales.ids} {
		*d = bulk(64)
	}
	for i := range e.owned {
		e.owned[i], e.deadOwned[i] = true, true
	}
	e.begin()
	e.org(store.Org{})
	return e
}

func (b *Book) edit() *editor {
	n := *b
	e := &editor{b: &n}
	e.begin()
	return e
}

func (e *editor) begin() {
	e.dirtyDeal, e.dirtyAcct = map[Code]struct{}{}, map[Code]struct{}{}
}

// org takes the organisation's record. What it does not say: UTC, January, and yuan, since a sum must have a currency.
func (e *editor) org(o store.Org) {
	b := e.b
	b.given, b.org = o, o
	if !b.org.Currency.Valid() {
		b.org.Currency = "CNY"
	}
	loc, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	b.loc, b.cal, b.rates = loc, Calendar{Start: o.FiscalStart}, rates(b.org)
}

func sameOrg(a, b store.Org) bool {
	return a.Name == b.Name && a.TimeZone == b.TimeZone && a.Currency == b.Currency && a.FiscalStart == b.FiscalStart && maps.Equal(a.Rates, b.Rates)
}

// own reports whether the table of ent must be copied before this first write.
func (e *editor) own(ent store.Entity) bool {
	first := !e.owned[ent]
	e.owned[ent] = true
	return first
}

func thaw[T any](e *editor, ent store.Entity, t *table[T]) {
	if e.own(ent) {
		t.ids, t.rec, t.live = t.ids.edit(), slices.Clone(t.rec), slices.Clone(t.live)
	}
}

// ref returns the Code of id, making a row that is not live when there is none yet. None for the empty ID.
func ref[T any](e *editor, ent store.Entity, t *table[T], id store.ID) Code {
	if id == "" {
		return None
	}
	if c, ok := t.ids.find(id); ok {
		return c
	}
	thaw(e, ent, t)
	c, _ := t.ids.add(id)
	var zero T
	t.rec, t.live = append(t.rec, zero), append(t.live, false)
	return c
}

func put[T any](e *editor, ent store.Entity, t *table[T], id store.ID, v T) Code {
	if id == "" {
		return None // nobody could ever ask for it
	}
	thaw(e, ent, t)
	c := ref(e, ent, t, id)
	t.rec[c], t.live[c] = v, true
	return c
}

func drop[T any](e *editor, ent store.Entity, t *table[T], id store.ID) Code {
	c, ok := t.code(id)
	if !ok {
		return None
	}
	thaw(e, ent, t)
	var zero T
	t.rec[c], t.live[c] = zero, false
	return c
}

func (e *editor) word(which int, w *words, text string) Code {
	if text == "" {
		return None
	}
	if c, ok := w.find(store.ID(text)); ok {
		return c
	}
	if e.own(store.Entity(which)) {
		*w = w.edit()
	}
	c, _ := w.add(store.ID(text))
	return c
}

// kill marks row dead in a column that older Books may share.
func (e *editor) kill(ent store.Entity, dead *[]bool, row int32) {
	if !e.deadOwned[ent] {
		*dead = slices.Clone(*dead)
		e.deadOwned[ent] = true
	}
	(*dead)[row] = true
}

func thawFacts[T any](e *editor, ent store.Entity, f *facts[T]) {
	if !e.own(ent) {
		return
	}
	f.ids, f.row = f.ids.edit(), slices.Clone(f.row)
	if !f.tail.claim(len(f.rec)) {
		f.rec, f.own, f.day, f.dead = slices.Clip(f.rec), slices.Clip(f.own), slices.Clip(f.day), slices.Clip(f.dead)
	}
	f.tail = nil
}

func addFact[T any](e *editor, ent store.Entity, f *facts[T], ed *runsEdit, id store.ID, own Code, day Day, v T) {
	if id == "" {
		return
	}
	thawFacts(e, ent, f)
	c, fresh := e.factID(&f.ids, id)
	row := int32(len(f.rec))
	if fresh {
		f.row = append(f.row, row)
	} else {
		if old := f.row[c]; old >= 0 {
			e.kill(ent, &f.dead, old)
			ed.out(f.own[old], old)
		}
		f.row[c] = row
	}
	if n := len(f.rec); n == cap(f.rec) && e.bulk { // doubling: a load copies each row once and not five times
		f.grow(n)
	}
	f.rec, f.own, f.day, f.dead = append(f.rec, v), append(f.own, own), append(f.day, day), append(f.dead, false)
	ed.in(own, row)
}

// grow makes room for n more rows.
func (f *facts[T]) grow(n int) {
	f.ids.ids, f.row = slices.Grow(f.ids.ids, n), slices.Grow(f.row, n)
	f.rec, f.own, f.day, f.dead = slices.Grow(f.rec, n), slices.Grow(f.own, n), slices.Grow(f.day, n), slices.Grow(f.dead, n)
}

func (t *table[T]) grow(n int) {
	t.ids = bulk(n)
	t.ids.ids, t.rec, t.live = make([]store.ID, 0, n), make([]T, 0, n), make([]bool, 0, n)
}

// room makes room for a whole snapshot at once, and for a sixteenth more, which the first changes fill. Growing by doubling would copy half of all rows, leave as
// much garbage, and end with columns half empty.
func (e *editor) room(count func(store.Entity) int) {
	b := e.b
	n := func(ent store.Entity) int { c := count(ent); return c + c/16 }
	b.accounts.grow(n(store.EntityAccount))
	b.deals.grow(n(store.EntityDeal))
	b.contacts.grow(n(store.EntityContact))
	b.grades.grow(n(store.EntityGrade))
	b.health.grow(n(store.EntityHealth))
	b.evidence.grow(n(store.EntityEvidence))
	b.sales.grow(n(store.EntitySale))
	b.change.grow(n(store.EntityChange))
	touches := n(store.EntityTouch)
	b.touch.grow(touches)
	for _, r := range []*runsEdit{&e.touches, &e.dealTouches, &e.looseTouches} {
		r.add = slices.Grow(r.add, touches)
	}
}

func (e *editor) factID(d *dict, id store.ID) (Code, bool) {
	if e.once {
		return d.push(id), true
	}
	return d.add(id)
}

func dropFact[T any](e *editor, ent store.Entity, f *facts[T], ed *runsEdit, id store.ID) {
	thawFacts(e, ent, f) // before looking: a loaded dict makes its map only now
	c, ok := f.ids.find(id)
	if !ok || f.row[c] < 0 {
		return
	}
	row := f.row[c]
	e.kill(ent, &f.dead, row)
	ed.out(f.own[row], row)
	f.row[c] = -1
}

func (e *editor) person(id store.ID) Code  { return ref(e, store.EntityPerson, &e.b.people, id) }
func (e *editor) account(id store.ID) Code { return ref(e, store.EntityAccount, &e.b.accounts, id) }
func (e *editor) deal(id store.ID) Code    { return ref(e, store.EntityDeal, &e.b.deals, id) }
func (e *editor) stage(id store.ID) Code   { return ref(e, store.EntityStage, &e.b.stages, id) }

// records takes one bag. Strings are kept, slices are not.
func (e *editor) records(r *store.Records) {
	b := e.b
	if r.Org != nil {
		o := *r.Org
		o.Rates = maps.Clone(o.Rates)
		if e.bulk {
			e.org(o)
		}
	}
	for _, v := range r.Units {
		put(e, store.EntityUnit, &b.units, v.ID, v)
	}
	for _, v := range r.People {
		put(e, store.EntityPerson, &b.people, v.ID, v)
	}
	for _, v := range r.Stages {
		put(e, store.EntityStage, &b.stages, v.ID, v)
	}
	for _, v := range r.Products {
		put(e, store.EntityProduct, &b.products, v.ID, v)
	}
	for _, v := range r.Accounts {
		e.dirtyAccount(put(e, store.EntityAccount, &b.accounts, v.ID, v))
	}
	for _, v := range r.Deals {
		e.touchDeal(put(e, store.EntityDeal, &b.deals, v.ID, v))
	}
	for i := range r.Contacts {
		v := &r.Contacts[i]
		addFact(e, store.EntityContact, &b.contacts, &e.contacts, v.ID, e.account(v.Account), 0, *v)
	}
	for i := range r.Changes {
		e.addChange(&r.Changes[i])
	}
	for i := range r.Touches {
		e.addTouch(&r.Touches[i])
	}
	for _, v := range r.Grades {
		addFact(e, store.EntityGrade, &b.grades, &e.grades, v.ID, e.account(v.Account), store.DayOf(v.At, b.loc), v)
	}
	for _, v := range r.Health {
		addFact(e, store.EntityHealth, &b.health, &e.health, v.ID, e.account(v.Account), v.Day, v)
	}
	for _, v := range r.Evidence {
		addFact(e, store.EntityEvidence, &b.evidence, &e.evidence, v.ID, e.deal(v.Deal), store.DayOf(v.At, b.loc), v)
	}
	for _, v := range r.Sales {
		addFact(e, store.EntitySale, &b.sales, &e.sales, v.ID, e.account(v.Account), v.Day, v)
	}
	for _, v := range r.Quotas {
		put(e, store.EntityQuota, &b.quotas, v.ID, v)
	}
	for _, v := range r.Statuses {
		put(e, store.EntityStatus, &b.status, v.Key(), v)
	}
	for _, v := range r.Issues {
		put(e, store.EntityIssue, &b.issues, v.Key(), v)
	}
}

func (e *editor) touchDeal(c Code) {
	if c != None {
		e.dirtyDeal[c] = struct{}{}
	}
}

func (e *editor) dirtyAccount(c Code) {
	if c != None {
		e.dirtyAcct[c] = struct{}{}
	}
}

// remove takes a tombstone; of nothing is no error.
func (e *editor) remove(r store.Ref) {
	b := e.b
	switch r.Entity {
	case store.EntityUnit:
		drop(e, r.Entity, &b.units, r.ID)
	case store.EntityPerson:
		drop(e, r.Entity, &b.people, r.ID)
	case store.EntityStage:
		drop(e, r.Entity, &b.stages, r.ID)
	case store.EntityProduct:
		drop(e, r.Entity, &b.products, r.ID)
	case store.EntityAccount:
		e.dirtyAccount(drop(e, r.Entity, &b.accounts, r.ID))
	case store.EntityDeal:
		e.touchDeal(drop(e, r.Entity, &b.deals, r.ID))
	case store.EntityQuota:
		drop(e, r.Entity, &b.quotas, r.ID)
	case store.EntityStatus:
		drop(e, r.Entity, &b.status, r.ID)
	case store.EntityIssue:
		drop(e, r.Entity, &b.issues, r.ID)
	case store.EntityContact:
		dropFact(e, r.Entity, &b.contacts, &e.contacts, r.ID)
	case store.EntityGrade:
		dropFact(e, r.Entity, &b.grades, &e.grades, r.ID)
	case store.EntityHealth:
		dropFact(e, r.Entity, &b.health, &e.health, r.ID)
	case store.EntityEvidence:
		dropFact(e, r.Entity, &b.evidence, &e.evidence, r.ID)
	case store.EntitySale:
		dropFact(e, r.Entity, &b.sales, &e.sales, r.ID)
	case store.EntityChange:
		e.dropChange(r.ID)
	case store.EntityTouch:
		e.dropTouch(r.ID)
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func byID(a, b store.ID) int { return strings.Compare(string(a), string(b)) }
