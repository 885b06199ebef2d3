package analytics

import (
	"cmp"
	"slices"
	"strings"

	"flightdeck/store"
)

// look remembers what stood in the facts that a delta replaces or deletes.
func (e *editor) look(was *store.Records) {
	n := len(was.Contacts) + len(was.Changes) + len(was.Touches) + len(was.Grades) + len(was.Health) + len(was.Evidence) + len(was.Sales) + len(was.Readings) + len(was.Evaluations) + len(was.Signals)
	e.before = make(map[store.Ref]any, n)
	for i := range was.Contacts {
		e.before[store.Ref{Entity: store.EntityContact, ID: was.Contacts[i].ID}] = &was.Contacts[i]
	}
	for i := range was.Changes {
		e.before[store.Ref{Entity: store.EntityChange, ID: was.Changes[i].Key()}] = &was.Changes[i]
	}
	for i := range was.Touches {
		e.before[store.Ref{Entity: store.EntityTouch, ID: was.Touches[i].ID}] = &was.Touches[i]
	}
	for i := range was.Grades {
		e.before[store.Ref{Entity: store.EntityGrade, ID: was.Grades[i].ID}] = &was.Grades[i]
	}
	for i := range was.Health {
		e.before[store.Ref{Entity: store.EntityHealth, ID: was.Health[i].ID}] = &was.Health[i]
	}
	for i := range was.Evidence {
		e.before[store.Ref{Entity: store.EntityEvidence, ID: was.Evidence[i].ID}] = &was.Evidence[i]
	}
	for i := range was.Readings {
		e.before[store.Ref{Entity: store.EntityReading, ID: was.Readings[i].ID}] = &was.Readings[i]
	}
	for i := range was.Evaluations {
		e.before[store.Ref{Entity: store.EntityEvaluation, ID: was.Evaluations[i].ID}] = &was.Evaluations[i]
	}
	for i := range was.Signals {
		e.before[store.Ref{Entity: store.EntitySignal, ID: was.Signals[i].ID}] = &was.Signals[i]
	}
	for i := range was.Sales {
		e.before[store.Ref{Entity: store.EntitySale, ID: was.Sales[i].ID}] = &was.Sales[i]
	}
}

// place finds the row of a fact that stood in the Book before this editor; -1 when it had none. In an owner's list, which is in order, before says where.
func (e *editor) place(r store.Ref) int32 {
	b := e.b
	seek := func(list []int32, id func(int) string, order func(row int32) int) int32 {
		// rows that tie in time are in the order of their IDs
		i, ok := slices.BinarySearchFunc(list, string(r.ID), func(row int32, want string) int {
			return cmp.Or(order(row), strings.Compare(id(int(row)), want))
		})
		if !ok {
			return -1
		}
		return list[i]
	}
	account := func(id store.ID) (Code, bool) {
		if id == "" {
			return None, true
		}
		return b.accounts.ids.find(id)
	}
	deal := func(id store.ID) (Code, bool) { return b.deals.ids.find(id) }
	switch v := e.before[r].(type) {
	case *store.Touch:
		if c, ok := account(v.Account); ok {
			return seek(b.touchesOf.Of(int(c)+1), b.touch.id.At, func(row int32) int { return cmp.Compare(b.touch.At.At(int(row)), millis(v.At)) })
		}
	case *store.Change:
		if c, ok := deal(v.Deal); ok {
			for _, row := range b.changesOf.Of(int(c)) { // few, and chained steps are not in the order of their IDs
				if b.change.id.At(int(row)) == string(r.ID) {
					return row
				}
			}
		}
	case *store.GradeChange:
		if c, ok := account(v.Account); ok {
			return seek(b.gradesOf.Of(int(c)+1), b.grade.id.At, func(row int32) int {
				return cmp.Or(cmp.Compare(b.grade.at.At(int(row)), micros(v.At)), cmp.Compare(b.grade.seen.At(int(row)), micros(v.Seen)))
			})
		}
	case *store.Health:
		if c, ok := account(v.Account); ok {
			return seek(b.healthOf.Of(int(c)+1), b.health.id.At, func(row int32) int {
				return cmp.Or(cmp.Compare(b.health.day.At(int(row)), v.Day), cmp.Compare(b.health.seen.At(int(row)), micros(v.Seen)))
			})
		}
	case *store.Reading:
		if c, ok := account(v.Account); ok {
			return seek(b.readingsOf.Of(int(c)+1), b.reading.id.At, func(row int32) int {
				return cmp.Or(cmp.Compare(b.reading.day.At(int(row)), v.Day), cmp.Compare(b.reading.seen.At(int(row)), micros(v.Seen)))
			})
		}
	case *store.Evaluation:
		if c, ok := account(v.Account); ok {
			return seek(b.judgedOf.Of(int(c)+1), b.judged.id.At, func(row int32) int { return cmp.Compare(b.judged.at.At(int(row)), micros(v.At)) })
		}
	case *store.Signal:
		if c, ok := account(v.Account); ok {
			return seek(b.signalsOf.Of(int(c)+1), b.signal.id.At, func(row int32) int { return cmp.Compare(b.signal.at.At(int(row)), micros(v.At)) })
		}
	case *store.Sale:
		if c, ok := account(v.Account); ok {
			return seek(b.salesOf.Of(int(c)+1), b.sale.id.At, func(row int32) int { return cmp.Compare(b.sale.day.At(int(row)), v.Day) })
		}
	case *store.Contact:
		if c, ok := account(v.Account); ok {
			return seek(b.contactsOf.Of(int(c)+1), b.contact.id.At, func(int32) int { return 0 })
		}
	case *store.Evidence:
		if c, ok := b.deals.ids.find(v.Deal); ok || v.Deal == "" {
			if v.Deal == "" {
				c = None
			}
			return seek(b.evidenceOf.Of(int(c)+1), b.evidence.id.At, func(row int32) int { return cmp.Compare(b.evidence.at.At(int(row)), micros(v.At)) })
		}
	}
	return -1
}

// retire marks the row of a fact dead, if it has one.
func (e *editor) retire(r store.Ref) {
	if e.once {
		return
	}
	row, ok := e.fresh[r]
	if ok {
		delete(e.fresh, r)
	} else if row = e.place(r); row < 0 {
		return
	}
	delete(e.before, r) // it has no row any more
	b, i := e.b, int(row)
	switch r.Entity {
	case store.EntityTouch:
		e.thawTouches()
		e.touches.out(b.touch.Account.At(i)+1, row)
		e.dealTouches.out(b.touch.Deal.At(i), row)
		if b.touch.Deal.At(i) == None {
			e.looseTouches.out(b.touch.Account.At(i), row)
		}
		b.touch.dead.Mark(i)
		b.touch.gone = append(b.touch.gone, row)
	case store.EntityChange:
		e.thawChanges()
		e.changes.out(b.change.deal.At(i), row)
		e.touchDeal(b.change.deal.At(i))
		b.change.dead.Mark(i)
	case store.EntityGrade:
		thawFact(e, r.Entity, &b.grade.fact, &b.grade)
		e.grades.out(b.grade.account.At(i)+1, row)
		b.grade.dead.Mark(i)
		b.grade.gone = append(b.grade.gone, row)
	case store.EntityHealth:
		thawFact(e, r.Entity, &b.health.fact, &b.health)
		e.health.out(b.health.account.At(i)+1, row)
		b.health.dead.Mark(i)
	case store.EntityReading:
		thawFact(e, r.Entity, &b.reading.fact, &b.reading)
		e.readings.out(b.reading.account.At(i)+1, row)
		b.reading.dead.Mark(i)
	case store.EntityEvaluation:
		thawFact(e, r.Entity, &b.judged.fact, &b.judged)
		e.judged.out(b.judged.account.At(i)+1, row)
		b.judged.dead.Mark(i)
	case store.EntitySignal:
		thawFact(e, r.Entity, &b.signal.fact, &b.signal)
		e.signals.out(b.signal.account.At(i)+1, row)
		b.signal.dead.Mark(i)
	case store.EntitySale:
		e.thawSales()
		e.sales.out(b.sale.Account.At(i)+1, row)
		b.sale.dead.Mark(i)
		b.sale.gone = append(b.sale.gone, row)
	case store.EntityContact:
		thawFact(e, r.Entity, &b.contact.fact, &b.contact)
		e.contacts.out(b.contact.account.At(i)+1, row)
		b.contact.dead.Mark(i)
	case store.EntityEvidence:
		thawFact(e, r.Entity, &b.evidence.fact, &b.evidence)
		e.evidence.out(b.evidence.deal.At(i)+1, row)
		b.evidence.dead.Mark(i)
	}
}

// enter retires what stood under r and returns whether a row may be added.
func (e *editor) enter(ent store.Entity, id store.ID, placed bool) bool {
	if id == "" {
		return false
	}
	if !e.once {
		e.retire(store.Ref{Entity: ent, ID: id})
	}
	return placed
}

func (e *editor) entered(ent store.Entity, id store.ID, row int32) {
	if !e.once {
		e.fresh[store.Ref{Entity: ent, ID: id}] = row
	}
}

// thawFact makes a table of facts writable.
func thawFact(e *editor, ent store.Entity, f *fact, t laned) {
	if !e.own(ent) {
		return
	}
	thawLanes(t, &f.tail, f.len())
	f.dead.Edit()
	f.days.Edit()
}

func (e *editor) thawTouches() {
	if t := &e.b.touch; !e.owned[store.EntityTouch] {
		thawFact(e, store.EntityTouch, &t.fact, t)
		t.reps.Edit()
	}
}

func (e *editor) thawSales() {
	if s := &e.b.sale; !e.owned[store.EntitySale] {
		thawFact(e, store.EntitySale, &s.fact, s)
		s.reps.Edit()
	}
}

func (e *editor) thawChanges() { thawFact(e, store.EntityChange, &e.b.change.fact, &e.b.change) }

// addTouch takes a touch. One without a moment has no place in any answer and is left out.
func (e *editor) addTouch(v *store.Touch) {
	if !e.enter(store.EntityTouch, v.ID, !v.At.IsZero()) {
		return
	}
	account, deal, rep := e.account(v.Account), e.deal(v.Deal), e.person(v.Rep)
	e.thawTouches()
	b, t := e.b, &e.b.touch
	at := v.At.In(b.loc)
	minute := int16(-1)
	if !v.DayOnly {
		minute = int16(at.Hour()*60 + at.Minute())
	}
	row := t.put(v.ID, store.DayOf(v.At, b.loc))
	t.Rep.Append(rep)
	t.reps.Put(int(row), rep)
	t.Account.Append(account)
	t.Deal.Append(deal)
	t.Topic.Append(e.word(ownTopic, &b.topics, v.Topic))
	t.Area.Append(e.word(ownArea, &b.areas, v.Area))
	t.Minute.Append(minute)
	t.At.Append(millis(v.At))
	t.Seen.Append(millis(v.Seen))
	t.Logged.Append(millis(v.Logged))
	t.Length.Append(int32(v.Minutes))
	t.Channel.Append(v.Channel)
	t.Sentiment.Append(v.Sentiment)
	t.Lat.Append(v.Lat)
	t.Lng.Append(v.Lng)
	t.contact.Append(string(v.Contact))
	t.note.Append(v.Note)
	e.touches.in(account+1, row)
	e.dealTouches.in(deal, row)
	if deal == None {
		e.looseTouches.in(account, row)
	}
	e.entered(store.EntityTouch, v.ID, row)
}

// addChange takes a step of history. One without a moment or of an undeclared field says nothing that could be placed, and is left out.
func (e *editor) addChange(v *store.Change) {
	id := v.Key()
	if !e.enter(store.EntityChange, id, !v.At.IsZero() && v.Field.Valid() && v.Deal != "") {
		return
	}
	deal, by := e.deal(v.Deal), e.person(v.By)
	oldV, oldC := e.value(v.Field, v.From)
	newV, newC := e.value(v.Field, v.To)
	e.thawChanges()
	c := &e.b.change
	row := c.put(id, store.DayOf(v.At, e.b.loc))
	c.deal.Append(deal)
	c.by.Append(by)
	c.field.Append(v.Field)
	c.old.Append(oldV)
	c.new.Append(newV)
	c.oldCur.Append(e.currency(oldC))
	c.newCur.Append(e.currency(newC))
	c.at.Append(millis(v.At))
	c.seen.Append(millis(v.Seen))
	c.only.Append(v.DayOnly)
	c.first.Append(v.From == "")
	e.changes.in(deal, row)
	e.touchDeal(deal)
	e.entered(store.EntityChange, id, row)
}

// value reads a change's text in the store's notation; what cannot be read counts as not given.
func (e *editor) value(f store.Field, text string) (int64, store.Currency) {
	switch f {
	case store.FieldStage:
		return int64(e.stage(store.ID(text))), ""
	case store.FieldOwner:
		return int64(e.person(store.ID(text))), ""
	case store.FieldAmount, store.FieldOptimisticAmount, store.FieldPessimisticAmount:
		if amount, cur, ok := strings.Cut(text, " "); ok {
			if m, err := store.ParseMoney(amount, store.Currency(cur)); err == nil {
				return m.Minor, m.Currency
			}
		}
		return 0, ""
	case store.FieldClose, store.FieldOptimisticClose, store.FieldPessimisticClose:
		if d, err := store.ParseDay(text); err == nil {
			return int64(d), ""
		}
		return int64(store.NoDay), ""
	case store.FieldCategory:
		c, _ := store.ParseCategory(text)
		return int64(c), ""
	}
	return 0, ""
}

func (e *editor) addContact(v *store.Contact) {
	if !e.enter(store.EntityContact, v.ID, true) {
		return
	}
	account := e.account(v.Account)
	c := &e.b.contact
	thawFact(e, store.EntityContact, &c.fact, c)
	row := c.put(v.ID, 0)
	c.account.Append(account)
	c.influence.Append(int64(v.Influence))
	c.name.Append(v.Name)
	c.role.Append(v.Role)
	c.email.Append(v.Email)
	c.phone.Append(v.Phone)
	e.contacts.in(account+1, row)
	e.entered(store.EntityContact, v.ID, row)
}

func (e *editor) addGrade(v *store.GradeChange) {
	if !e.enter(store.EntityGrade, v.ID, true) {
		return
	}
	account := e.account(v.Account)
	g := &e.b.grade
	thawFact(e, store.EntityGrade, &g.fact, g)
	row := g.put(v.ID, store.DayOf(v.At, e.b.loc))
	g.account.Append(account)
	g.from.Append(e.word(ownLabel, &e.b.labels, string(v.From)))
	g.to.Append(e.word(ownLabel, &e.b.labels, string(v.To)))
	g.rule.Append(e.word(ownLabel, &e.b.labels, v.Rule))
	g.at.Append(micros(v.At))
	g.seen.Append(micros(v.Seen))
	g.cause.Append(v.Cause)
	e.grades.in(account+1, row)
	e.entered(store.EntityGrade, v.ID, row)
}

func (e *editor) addHealth(v *store.Health) {
	if !e.enter(store.EntityHealth, v.ID, true) {
		return
	}
	account := e.account(v.Account)
	h := &e.b.health
	thawFact(e, store.EntityHealth, &h.fact, h)
	row := h.put(v.ID, v.Day)
	h.account.Append(account)
	h.score.Append(int64(v.Score))
	h.seen.Append(micros(v.Seen))
	h.note.Append(v.Note)
	e.health.in(account+1, row)
	e.entered(store.EntityHealth, v.ID, row)
}

func (e *editor) addEvidence(v *store.Evidence) {
	if !e.enter(store.EntityEvidence, v.ID, true) {
		return
	}
	deal, by, signer := e.deal(v.Deal), e.person(v.By), e.person(v.Signer)
	x := &e.b.evidence
	thawFact(e, store.EntityEvidence, &x.fact, x)
	row := x.put(v.ID, store.DayOf(v.At, e.b.loc))
	x.deal.Append(deal)
	x.by.Append(by)
	x.signer.Append(signer)
	x.kind.Append(e.word(ownLabel, &e.b.labels, v.Kind))
	x.at.Append(micros(v.At))
	x.seen.Append(micros(v.Seen))
	x.title.Append(v.Title)
	x.url.Append(v.URL)
	e.evidence.in(deal+1, row)
	e.entered(store.EntityEvidence, v.ID, row)
}

func (e *editor) addSale(v *store.Sale) {
	if !e.enter(store.EntitySale, v.ID, true) {
		return
	}
	account, product, rep := e.account(v.Account), e.product(v.Product), e.person(v.Rep)
	e.thawSales()
	s := &e.b.sale
	row := s.put(v.ID, v.Day)
	s.Account.Append(account)
	s.Product.Append(product)
	s.Rep.Append(rep)
	s.reps.Put(int(row), rep)
	s.Outlet.Append(e.word(ownOutlet, &e.b.outlets, v.Outlet))
	s.Value.Append(e.b.Convert(v.Amount))
	s.CostValue.Append(e.b.Convert(v.Cost))
	s.quantity.Append(v.Quantity)
	s.minor.Append(v.Amount.Minor)
	s.cost.Append(v.Cost.Minor)
	s.cur.Append(e.currency(v.Amount.Currency))
	s.costCur.Append(e.currency(v.Cost.Currency))
	e.sales.in(account+1, row)
	e.entered(store.EntitySale, v.ID, row)
}
