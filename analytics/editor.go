package analytics

import (
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// editor makes one Book: from nothing, or from another by copying each table when it is first written to. Records go in through records and
// remove, then finish derives what follows from them. One goroutine.
type editor struct {
	b     *Book
	bulk  bool     // from nothing
	once  bool     // of a fact no ID comes twice
	owned [32]bool // by entity: this table is ours to write

	unjoined bool // people changed: who is one person must be found out anew
	handed   int  // Codes of people below it may stand in columns
	split    bool // a Code that may stand in columns is another person's now

	dirtyDeal, dirtyAccount map[Code]struct{}
	fresh                   map[store.Ref]int32 // rows of facts that this editor added
	before                  map[store.Ref]any   // what stood in the facts that the present delta replaces or deletes: *store.Touch and so on

	changes, touches, dealTouches, looseTouches, dealsOf, contacts, grades, health, evidence, sales, readings, judged, signals runsEdit
}

// Indices into owned beyond the entities: the word lists.
const (
	ownIndustry = 24 + iota
	ownTopic
	ownArea
	ownOutlet
	ownLabel
	deadTouch // the marks of dead rows have an index each where the table has another
)

func newEditor(o Options) *editor {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Rules = o.Rules.OrDefault()
	e := &editor{b: &Book{opt: o}, bulk: true}
	for _, d := range e.b.dicts() {
		d.young = map[store.ID]Code{}
	}
	for i := range e.owned {
		e.owned[i] = true
	}
	e.begin()
	e.org(store.Org{})
	return e
}

func (b *Book) edit() *editor {
	n := *b
	n.advanceEpoch()
	e := &editor{b: &n, handed: len(b.people.rec)}
	e.begin()
	return e
}

func (e *editor) begin() {
	e.dirtyDeal, e.dirtyAccount = map[Code]struct{}{}, map[Code]struct{}{}
	if !e.once {
		e.fresh = map[store.Ref]int32{}
	}
}

// dicts lists every dict of b.
func (b *Book) dicts() []*dict {
	return []*dict{&b.units.ids, &b.people.ids, &b.stages.ids, &b.products.ids, &b.quotas.ids, &b.tenders.ids, &b.status.ids, &b.issues.ids, &b.accounts.ids, &b.deals.ids,
		&b.industries, &b.topics, &b.areas, &b.outlets, &b.labels}
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
		t.ids.edit()
		t.rec, t.live = slices.Clone(t.rec), slices.Clone(t.live)
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

func put[T any](e *editor, ent store.Entity, t *table[T], id store.ID, v T) {
	if id == "" {
		return // nobody could ever ask for it
	}
	thaw(e, ent, t)
	c := ref(e, ent, t, id)
	t.rec[c], t.live[c] = v, true
}

func drop[T any](e *editor, ent store.Entity, t *table[T], id store.ID) {
	c, ok := t.code(id)
	if !ok {
		return
	}
	thaw(e, ent, t)
	var zero T
	t.rec[c], t.live[c] = zero, false
}

func (e *editor) word(which int, w *words, text string) Code {
	if text == "" {
		return None
	}
	if c, ok := w.find(store.ID(text)); ok {
		return c
	}
	if e.own(store.Entity(which)) {
		w.edit()
	}
	c, _ := w.add(store.ID(text))
	return c
}

func (e *editor) product(id store.ID) Code { return ref(e, store.EntityProduct, &e.b.products, id) }
func (e *editor) stage(id store.ID) Code   { return ref(e, store.EntityStage, &e.b.stages, id) }

func (e *editor) thawAccounts() {
	if a := &e.b.accounts; e.own(store.EntityAccount) {
		have := a.len()
		a.ids.edit()
		thawLanes(a, &a.tail, have)
	}
}

func (e *editor) account(id store.ID) Code {
	if id == "" {
		return None
	}
	a := &e.b.accounts
	if c, ok := a.ids.find(id); ok {
		return c
	}
	e.thawAccounts()
	c, _ := a.ids.add(id)
	a.extend()
	return c
}

func (e *editor) thawDeals() {
	if d := &e.b.deals; e.own(store.EntityDeal) {
		have := d.len()
		d.ids.edit()
		thawLanes(d, &d.tail, have)
		d.begun.Edit()
		d.ended.Edit()
		d.owners.Edit()
	}
}

func (e *editor) deal(id store.ID) Code {
	if id == "" {
		return None
	}
	d := &e.b.deals
	if c, ok := d.ids.find(id); ok {
		return c
	}
	e.thawDeals()
	c, _ := d.ids.add(id)
	d.extend()
	return c
}

func (e *editor) putAccount(v *store.Account) {
	if v.ID == "" {
		return
	}
	owner := e.person(v.Owner)
	c := e.account(v.ID)
	e.thawAccounts()
	a, i := &e.b.accounts, int(c)
	a.live.Set(i, true)
	a.owner.Set(i, owner)
	a.industry.Set(i, e.word(ownIndustry, &e.b.industries, v.Industry))
	a.revenue.Set(i, v.Revenue.Minor)
	a.cur.Set(i, e.currency(v.Revenue.Currency))
	a.staff.Set(i, int64(v.Staff))
	a.created.Set(i, v.Created)
	a.modified.Set(i, micros(v.Modified))
	a.name.Set(i, v.Name)
	a.parent.Set(i, string(v.Parent))
	a.region.Set(i, v.Region)
	a.city.Set(i, v.City)
	a.more.Set(i, pack(v.Extra))
	e.dirtyAccount[c] = struct{}{}
}

func (e *editor) dropAccount(id store.ID) {
	c, ok := e.b.accounts.code(id)
	if !ok {
		return
	}
	e.thawAccounts()
	a, i := &e.b.accounts, int(c)
	a.live.Set(i, false)
	a.owner.Set(i, None)
	a.industry.Set(i, None)
	e.dirtyAccount[c] = struct{}{}
}

func (e *editor) putDeal(v *store.Deal) {
	if v.ID == "" {
		return
	}
	owner, account, product, stage := e.person(v.Owner), e.account(v.Account), e.product(v.Product), e.stage(v.Stage)
	c := e.deal(v.ID)
	e.thawDeals()
	d, i := &e.b.deals, int(c)
	if was := d.account.At(i); was != account || !d.live.At(i) {
		e.dealsOf.out(was, c)
		e.dealsOf.in(account, c)
	}
	d.live.Set(i, true)
	d.account.Set(i, account)
	d.owner.Set(i, owner)
	d.product.Set(i, product)
	d.stage.Set(i, stage)
	d.category.Set(i, v.Category)
	d.minor.Set(i, v.Amount.Minor)
	d.cur.Set(i, e.currency(v.Amount.Currency))
	d.value.Set(i, e.b.Convert(v.Amount))
	d.made.Set(i, v.Created)
	d.close.Set(i, v.Close)
	d.modified.Set(i, micros(v.Modified))
	d.name.Set(i, v.Name)
	d.lead.Set(i, v.Lead)
	d.next.Set(i, v.NextStep)
	d.url.Set(i, v.URL)
	d.more.Set(i, pack(v.Extra))
	e.touchDeal(c)
}

func (e *editor) dropDeal(id store.ID) {
	c, ok := e.b.deals.code(id)
	if !ok {
		return
	}
	e.thawDeals()
	d, i := &e.b.deals, int(c)
	e.dealsOf.out(d.account.At(i), c)
	d.live.Set(i, false)
	d.account.Set(i, None)
	e.touchDeal(c)
}

// records takes one bag. Strings are kept, slices are not.
func (e *editor) records(r *store.Records) {
	b := e.b
	if r.Org != nil && e.bulk {
		o := *r.Org
		o.Rates = maps.Clone(o.Rates)
		e.org(o)
	}
	for _, v := range r.Units {
		put(e, store.EntityUnit, &b.units, v.ID, v)
	}
	for _, v := range r.People {
		put(e, store.EntityPerson, &b.people, v.ID, v)
		e.unjoined = true
	}
	for _, v := range r.Stages {
		put(e, store.EntityStage, &b.stages, v.ID, v)
	}
	for _, v := range r.Products {
		put(e, store.EntityProduct, &b.products, v.ID, v)
	}
	for i := range r.Accounts {
		e.putAccount(&r.Accounts[i])
	}
	for i := range r.Deals {
		e.putDeal(&r.Deals[i])
	}
	for i := range r.Contacts {
		e.addContact(&r.Contacts[i])
	}
	for i := range r.Changes {
		e.addChange(&r.Changes[i])
	}
	for i := range r.Touches {
		e.addTouch(&r.Touches[i])
	}
	for i := range r.Grades {
		e.addGrade(&r.Grades[i])
	}
	for i := range r.Health {
		e.addHealth(&r.Health[i])
	}
	for i := range r.Evidence {
		e.addEvidence(&r.Evidence[i])
	}
	for i := range r.Readings {
		e.addReading(&r.Readings[i])
	}
	for i := range r.Evaluations {
		e.addEvaluation(&r.Evaluations[i])
	}
	for i := range r.Signals {
		e.addSignal(&r.Signals[i])
	}
	for i := range r.Sales {
		e.addSale(&r.Sales[i])
	}
	for _, v := range r.Quotas {
		put(e, store.EntityQuota, &b.quotas, v.ID, v)
	}
	for _, v := range r.Tenders {
		put(e, store.EntityTender, &b.tenders, v.ID, v)
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

// remove takes a tombstone; of nothing is no error.
func (e *editor) remove(r store.Ref) {
	b := e.b
	switch r.Entity {
	case store.EntityUnit:
		drop(e, r.Entity, &b.units, r.ID)
	case store.EntityPerson:
		drop(e, r.Entity, &b.people, r.ID)
		e.unjoined = true
	case store.EntityStage:
		drop(e, r.Entity, &b.stages, r.ID)
	case store.EntityProduct:
		drop(e, r.Entity, &b.products, r.ID)
	case store.EntityAccount:
		e.dropAccount(r.ID)
	case store.EntityDeal:
		e.dropDeal(r.ID)
	case store.EntityQuota:
		drop(e, r.Entity, &b.quotas, r.ID)
	case store.EntityTender:
		drop(e, r.Entity, &b.tenders, r.ID)
	case store.EntityStatus:
		drop(e, r.Entity, &b.status, r.ID)
	case store.EntityIssue:
		drop(e, r.Entity, &b.issues, r.ID)
	default:
		if r.Entity.Fact() {
			e.retire(r)
		}
	}
}

func byID(a, b store.ID) int { return strings.Compare(string(a), string(b)) }

// sort orders the rows of one list by time, then by ID; at gives a row's time.
func sortRows(list []int32, at *column.Col[int64], id *column.Text) {
	sorted := func(x, y int32) int {
		if a, b := at.At(int(x)), at.At(int(y)); a != b {
			if a < b {
				return -1
			}
			return 1
		}
		return strings.Compare(id.At(int(x)), id.At(int(y)))
	}
	slices.SortFunc(list, sorted)
}
