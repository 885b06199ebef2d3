package bolt

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"flightdeck/store"
)

// kind is what the store must know of an entity. Records stand in bucket rec/<entity> under their ID, which is therefore not in the value.
type kind interface {
	// encode appends all of the entity's records in r to out.
	encode(c *coder, r *store.Records, out []row) []row
	// decode appends the record to r.
	decode(c *coder, key, value []byte, r *store.Records) error
	// cut leaves the first n of the entity's records in r and keeps the room of the others.
	cut(r *store.Records, n int)
	// seen: the value begins with the moment at which we learned it, which is not compared.
	seen() bool
}

// kinds holds the kind of every entity.
var kinds = [...]kind{
	store.EntityOrg:      orgKind{},
	store.EntityUnit:     table[store.Unit]{func(r *store.Records) *[]store.Unit { return &r.Units }, unit, false},
	store.EntityPerson:   table[store.Person]{func(r *store.Records) *[]store.Person { return &r.People }, person, false},
	store.EntityStage:    table[store.Stage]{func(r *store.Records) *[]store.Stage { return &r.Stages }, stage, false},
	store.EntityProduct:  table[store.Product]{func(r *store.Records) *[]store.Product { return &r.Products }, product, false},
	store.EntityAccount:  table[store.Account]{func(r *store.Records) *[]store.Account { return &r.Accounts }, account, false},
	store.EntityContact:  table[store.Contact]{func(r *store.Records) *[]store.Contact { return &r.Contacts }, contact, false},
	store.EntityDeal:     table[store.Deal]{func(r *store.Records) *[]store.Deal { return &r.Deals }, deal, false},
	store.EntityChange:   table[store.Change]{func(r *store.Records) *[]store.Change { return &r.Changes }, change, true},
	store.EntityTouch:    table[store.Touch]{func(r *store.Records) *[]store.Touch { return &r.Touches }, touch, true},
	store.EntityGrade:    table[store.GradeChange]{func(r *store.Records) *[]store.GradeChange { return &r.Grades }, grade, true},
	store.EntityHealth:   table[store.Health]{func(r *store.Records) *[]store.Health { return &r.Health }, health, true},
	store.EntityEvidence: table[store.Evidence]{func(r *store.Records) *[]store.Evidence { return &r.Evidence }, evidence, true},
	store.EntitySale:     table[store.Sale]{func(r *store.Records) *[]store.Sale { return &r.Sales }, sale, false},
	store.EntityQuota:    table[store.Quota]{func(r *store.Records) *[]store.Quota { return &r.Quotas }, quota, false},
	store.EntityStatus:   table[store.SourceStatus]{func(r *store.Records) *[]store.SourceStatus { return &r.Statuses }, status, false},
	store.EntityIssue:    table[store.Issue]{func(r *store.Records) *[]store.Issue { return &r.Issues }, issue, false},

	store.EntityReading:    table[store.Reading]{func(r *store.Records) *[]store.Reading { return &r.Readings }, measured, true},
	store.EntityEvaluation: table[store.Evaluation]{func(r *store.Records) *[]store.Evaluation { return &r.Evaluations }, evaluation, false},
	store.EntitySignal:     table[store.Signal]{func(r *store.Records) *[]store.Signal { return &r.Signals }, sighted, true},
	store.EntityTender:     table[store.Tender]{func(r *store.Records) *[]store.Tender { return &r.Tenders }, tender, true},
}

// table is the kind of an entity that has a slice in Records.
type table[T any] struct {
	rows func(*store.Records) *[]T
	code func(*coder, *T)
	fact bool // code begins with Seen
}

func (t table[T]) encode(c *coder, r *store.Records, out []row) []row {
	rows := *t.rows(r)
	out = slices.Grow(out, len(rows))
	for i := range rows {
		out = append(out, sealable(c, &rows[i], t.code))
	}
	return out
}

func (t table[T]) decode(c *coder, key, value []byte, r *store.Records) error {
	rows := t.rows(r)
	var zero T
	*rows = append(*rows, zero)
	return decode(c, key, value, &(*rows)[len(*rows)-1], t.code)
}

func (t table[T]) cut(r *store.Records, n int) {
	rows := t.rows(r)
	*rows = (*rows)[:n]
}

func (t table[T]) seen() bool { return t.fact }

// orgKind is the kind of the one Org.
type orgKind struct{}

func (orgKind) encode(c *coder, r *store.Records, out []row) []row {
	if r.Org == nil {
		return out
	}
	return append(out, sealable(c, r.Org, org))
}

func (orgKind) decode(c *coder, key, value []byte, r *store.Records) error {
	r.Org = new(store.Org)
	return decode(c, key, value, r.Org, org)
}

func (orgKind) cut(r *store.Records, n int) {
	if n == 0 {
		r.Org = nil
	}
}

func (orgKind) seen() bool { return false }

// read decodes one stored record into r; the error names the record.
func read(c *coder, e store.Entity, key, value []byte, r *store.Records) error {
	err := sealed(e, key, value)
	if err == nil {
		err = kinds[e].decode(c, key, value, r)
	}
	if err != nil {
		if errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("read %s %q: %w", e, store.Clip(string(key), 80), err)
		}
		return damagedPart(fmt.Sprintf("read %s %q", e, store.Clip(string(key), 80)), err)
	}
	return nil
}

// The layout of each entity: header, then strings. Version 1.

func org(c *coder, v *store.Org) {
	c.key = "org"
	integer(c, &v.FiscalStart)
	text(c, &v.Name)
	text(c, &v.TimeZone)
	text(c, &v.Currency)
	pairs(c, &v.Rates)
}

func unit(c *coder, v *store.Unit) {
	c.identify(&v.ID)
	enum(c, &v.Kind)
	text(c, &v.Parent)
	text(c, &v.Name)
	text(c, &v.Manager)
}

func person(c *coder, v *store.Person) {
	c.identify(&v.ID)
	c.bool(&v.Inactive)
	text(c, &v.Unit)
	text(c, &v.Name)
	text(c, &v.Email)
	text(c, &v.Title)
	if (c.reading || v.Phone != "") && c.since(4) {
		text(c, &v.Phone)
	}
}

func stage(c *coder, v *store.Stage) {
	c.identify(&v.ID)
	integer(c, &v.Order)
	enum(c, &v.Kind)
	integer(c, &v.Probability)
	text(c, &v.Name)
	text(c, &v.NameEn)
}

func product(c *coder, v *store.Product) {
	c.identify(&v.ID)
	c.amount(&v.Price)
	text(c, &v.Price.Currency)
	text(c, &v.Name)
	text(c, &v.Category)
}

func account(c *coder, v *store.Account) {
	c.identify(&v.ID)
	c.amount(&v.Revenue)
	integer(c, &v.Staff)
	c.day(&v.Created)
	c.time(&v.Modified)
	text(c, &v.Revenue.Currency)
	text(c, &v.Name)
	text(c, &v.Parent)
	text(c, &v.Owner)
	text(c, &v.Industry)
	text(c, &v.Region)
	text(c, &v.City)
	pairs(c, &v.Extra)
}

func contact(c *coder, v *store.Contact) {
	c.identify(&v.ID)
	integer(c, &v.Influence)
	text(c, &v.Account)
	text(c, &v.Name)
	text(c, &v.Role)
	text(c, &v.Email)
	text(c, &v.Phone)
}

func deal(c *coder, v *store.Deal) {
	c.identify(&v.ID)
	c.amount(&v.Amount)
	c.day(&v.Created)
	c.day(&v.Close)
	c.time(&v.Modified)
	enum(c, &v.Category)
	text(c, &v.Amount.Currency)
	text(c, &v.Stage)
	text(c, &v.Owner)
	text(c, &v.Account)
	text(c, &v.Product)
	text(c, &v.Name)
	text(c, &v.Lead)
	text(c, &v.NextStep)
	text(c, &v.URL)
	pairs(c, &v.Extra)
}

func change(c *coder, v *store.Change) {
	if c.identify(&v.ID); v.ID == "" && !c.reading {
		c.key = v.Key()
	}
	c.time(&v.Seen)
	c.time(&v.At)
	enum(c, &v.Field)
	c.bool(&v.DayOnly)
	text(c, &v.Deal)
	text(c, &v.From)
	text(c, &v.To)
	text(c, &v.By)
}

func touch(c *coder, v *store.Touch) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.time(&v.At)
	c.time(&v.Logged)
	integer(c, &v.Minutes)
	enum(c, &v.Channel)
	enum(c, &v.Sentiment)
	c.bool(&v.DayOnly)
	c.float(&v.Lat)
	c.float(&v.Lng)
	text(c, &v.Account)
	text(c, &v.Deal)
	text(c, &v.Contact)
	text(c, &v.Rep)
	text(c, &v.Topic)
	text(c, &v.Note)
	text(c, &v.Area)
}

func grade(c *coder, v *store.GradeChange) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.time(&v.At)
	text(c, &v.Account)
	text(c, &v.From)
	text(c, &v.To)
	text(c, &v.Cause)
	text(c, &v.Rule)
}

func health(c *coder, v *store.Health) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.day(&v.Day)
	integer(c, &v.Score)
	text(c, &v.Account)
	text(c, &v.Note)
}

// measured keeps the values in the order of their names, so that equal readings are equal bytes.
func measured(c *coder, v *store.Reading) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.day(&v.Day)
	names := slices.Sorted(maps.Keys(v.Values))
	count(c, &names)
	values := make([]float64, len(names))
	for i := range values {
		values[i] = v.Values[names[i]]
		c.float(&values[i])
	}
	count(c, &v.Mistyped)
	text(c, &v.Account)
	if c.reading {
		v.Values = nil
		if len(names) > 0 {
			v.Values = make(map[string]float64, len(names))
		}
	}
	for i := range names {
		text(c, &names[i])
		if c.reading {
			v.Values[names[i]] = values[i]
		}
	}
	for i := range v.Mistyped {
		text(c, &v.Mistyped[i])
	}
}

func evaluation(c *coder, v *store.Evaluation) {
	c.identify(&v.ID)
	c.time(&v.At)
	c.day(&v.Day)
	c.float(&v.Score)
	integer(c, &v.Health)
	c.bool(&v.Held)
	count(c, &v.Inputs)
	for i := range v.Inputs {
		in := &v.Inputs[i]
		c.float(&in.Value)
		enum(c, &in.State)
		c.day(&in.Day)
	}
	text(c, &v.Account)
	text(c, &v.Rule)
	text(c, &v.Grade)
	text(c, &v.Would)
	text(c, &v.Why)
	for i := range v.Inputs {
		text(c, &v.Inputs[i].Name)
	}
}

func sighted(c *coder, v *store.Signal) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.time(&v.At)
	text(c, &v.Account)
	text(c, &v.Kind)
	text(c, &v.Title)
	text(c, &v.Text)
	text(c, &v.URL)
	text(c, &v.Watch)
}

func evidence(c *coder, v *store.Evidence) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.time(&v.At)
	text(c, &v.Deal)
	text(c, &v.Kind)
	text(c, &v.Title)
	text(c, &v.URL)
	text(c, &v.By)
	if (c.reading || v.Signer != "") && c.since(3) {
		text(c, &v.Signer)
	}
}

func sale(c *coder, v *store.Sale) {
	c.identify(&v.ID)
	c.day(&v.Day)
	integer(c, &v.Quantity)
	c.amount(&v.Amount)
	c.amount(&v.Cost)
	text(c, &v.Amount.Currency)
	text(c, &v.Cost.Currency)
	text(c, &v.Account)
	text(c, &v.Product)
	text(c, &v.Rep)
	text(c, &v.Outlet)
}

func quota(c *coder, v *store.Quota) {
	c.identify(&v.ID)
	c.day(&v.From)
	c.day(&v.To)
	c.amount(&v.Amount)
	text(c, &v.Amount.Currency)
	text(c, &v.Node)
}

func tender(c *coder, v *store.Tender) {
	c.identify(&v.ID)
	c.time(&v.Seen)
	c.time(&v.At)
	c.day(&v.Due)
	c.amount(&v.Amount)
	enum(c, &v.Kind)
	text(c, &v.Amount.Currency)
	text(c, &v.Title)
	text(c, &v.Buyer)
	text(c, &v.Region)
	text(c, &v.Text)
	text(c, &v.URL)
	text(c, &v.Winner)
}

// Version 2 added what a run costs and leaves behind, version 4 what the stream brings where the source says it.
func status(c *coder, v *store.SourceStatus) {
	if !c.reading {
		c.key = v.Key()
	}
	enum(c, &v.State)
	integer(c, &v.Done)
	integer(c, &v.Total)
	integer(c, &v.Records)
	integer(c, &v.Issues)
	c.time(&v.Started)
	c.time(&v.Finished)
	c.time(&v.Good)
	c.time(&v.Retry)
	more := c.since(2)
	if more {
		c.bool(&v.Paused)
		integer(c, &v.Base)
		integer(c, &v.Permille)
		integer(c, &v.Missing)
		integer(c, &v.Kept)
		integer(c, &v.Requests)
		c.time(&v.Updated)
		count(c, &v.Budgets)
		for i := range v.Budgets {
			b := &v.Budgets[i]
			integer(c, &b.Used)
			integer(c, &b.Limit)
			integer(c, &b.Reserve)
			c.time(&b.Until)
		}
		count(c, &v.Fields)
		count(c, &v.Runs)
		for i := range v.Runs {
			r := &v.Runs[i]
			c.time(&r.Started)
			c.time(&r.Ended)
			enum(c, &r.State)
			integer(c, &r.Rows)
			integer(c, &r.Removed)
			integer(c, &r.Requests)
			integer(c, &r.Times)
		}
	}
	if (c.reading || len(v.Carries) > 0) && c.since(4) {
		count(c, &v.Carries)
		for i := range v.Carries {
			enum(c, &v.Carries[i])
		}
	}
	text(c, &v.Source)
	text(c, &v.Kind)
	text(c, &v.Stream)
	text(c, &v.Error)
	if !more {
		return
	}
	for i := range v.Budgets {
		text(c, &v.Budgets[i].Name)
	}
	for i := range v.Fields {
		text(c, &v.Fields[i])
	}
	for i := range v.Runs {
		text(c, &v.Runs[i].Note)
	}
}

func issue(c *coder, v *store.Issue) {
	if !c.reading {
		c.key = v.Key()
	}
	c.bool(&v.Dropped)
	integer(c, &v.Repeated)
	text(c, &v.Source)
	text(c, &v.Stream)
	text(c, &v.Where)
	text(c, &v.Field)
	text(c, &v.Value)
	text(c, &v.Problem)
}
