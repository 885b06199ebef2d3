package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/record"
)

// Odoo is one Odoo database, from version 14 on: as many of its habits as shape the code are told in the package's comment. It implements
// [source.Source], [source.Lister] and [source.Checker].
type Odoo struct {
	cfg  OdooConfig
	zone *time.Location
	c    *odooClient

	mu     sync.Mutex
	models map[string]*odooModel // described so far
	stages map[int64]odooStage
	past   *odooTracking
	ours   *odooCompanies
}

var (
	_ source.Source  = (*Odoo)(nil)
	_ source.Lister  = (*Odoo)(nil)
	_ source.Checker = (*Odoo)(nil)
)

// NewOdoo makes a source of a configuration; it calls nobody.
func NewOdoo(cfg OdooConfig) (*Odoo, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	return &Odoo{cfg: cfg, zone: zone, c: newOdooClient(&cfg), models: map[string]*odooModel{}}, nil
}

// ID returns the configured name.
func (o *Odoo) ID() store.SourceID { return o.cfg.ID }

// Kind returns "odoo".
func (o *Odoo) Kind() string { return "odoo" }

// Verified tells what has checked the reading: answers in the shapes that the vendor's documentation and source have, and no real server.
func (o *Odoo) Verified() string { return "recorded shapes" }

// Limits tells what the reading does not bring, or brings late.
func (o *Odoo) Limits() []string {
	return []string{
		"what was deleted or merged is found when all ids are compared",
		"history of stages and amounts only where the user has the right Settings, and of tracked fields; without it changes are noted as they are seen",
		"fields, models and rights differ from version to version: a model that is not there takes its own stream out",
		"amounts leave Odoo as floating-point numbers: beyond 15 digits the last are its rounding",
	}
}

// Streams returns those that are configured.
func (o *Odoo) Streams() []store.Stream {
	if len(o.cfg.Streams) == 0 {
		return odooStreams()
	}
	return slices.DeleteFunc(odooStreams(), func(st store.Stream) bool { return !slices.Contains(o.cfg.Streams, st) })
}

// odooFeed is one model's rows within a stream.
type odooFeed struct {
	model  string
	domain []any    // which of its rows are meant
	nearby []string // references whose own writing counts as the row's: what is read through them, and what a merge repoints without a trace
	mark   string   // before the identifier, where two models share a stream
	sieved bool     // the server takes away what may not be read after it counted off a page, so that a short page need not be the last
	passed string   // a moment that makes a row count once it has passed, such as a meeting's start
}

// odooShape is how a stream is read.
type odooShape struct {
	entity store.Entity
	feeds  []odooFeed
	whole  bool // small: read whole each time
	page   int
}

// crmModels are those whose conversations are conversations with a customer.
var crmModels = []any{"crm.lead", "res.partner"}

func (o *Odoo) shape(st store.Stream) odooShape {
	deals := []any{[]any{"type", "=", "opportunity"}}
	if o.cfg.Leads {
		deals = []any{}
	}
	switch st {
	case "units":
		return odooShape{store.EntityUnit, []odooFeed{{model: "crm.team", mark: "team-"}, {model: "res.company", mark: "company-"}}, true, 500}
	case "people":
		return odooShape{store.EntityPerson, []odooFeed{{model: "res.users", domain: []any{[]any{"share", "=", false}}}}, true, 500}
	case "stages":
		return odooShape{store.EntityStage, []odooFeed{{model: "crm.stage"}}, true, 500}
	case "accounts": // companies, and people who stand alone; none of us
		return odooShape{store.EntityAccount, []odooFeed{{model: "res.partner", domain: []any{"|", []any{"is_company", "=", true}, []any{"parent_id", "=", false},
			[]any{"partner_share", "=", true}, []any{"id", "not in", ourselves}}}}, false, 500}
	case "contacts":
		return odooShape{store.EntityContact, []odooFeed{{model: "res.partner", domain: []any{[]any{"is_company", "=", false}, []any{"parent_id", "!=", false},
			[]any{"type", "=", "contact"}, []any{"partner_share", "=", true}}, nearby: []string{"parent_id"}}}, false, 500}
	case "products":
		return odooShape{store.EntityProduct, []odooFeed{{model: "product.product", nearby: []string{"product_tmpl_id"}}}, false, 500}
	case "deals":
		return odooShape{store.EntityDeal, []odooFeed{{model: "crm.lead", domain: deals, nearby: []string{"partner_id"}}}, false, 500}
	case "changes":
		return odooShape{store.EntityChange, []odooFeed{{model: "crm.lead", domain: deals}}, false, 100}
	case "touches":
		return odooShape{store.EntityTouch, []odooFeed{
			{model: "mail.message", mark: "mail-", sieved: true, domain: []any{[]any{"model", "in", crmModels}, "|",
				[]any{"mail_activity_type_id", "!=", false}, "&", "&", []any{"message_type", "in", []any{"email", "comment"}},
				[]any{"subtype_id.internal", "=", false}, []any{"is_internal", "=", false}}},
			{model: "calendar.event", mark: "event-", domain: []any{[]any{"res_model", "in", crmModels}}, passed: "start"},
		}, false, 500}
	case "sales":
		return odooShape{store.EntitySale, []odooFeed{{model: "sale.order.line", domain: []any{[]any{"display_type", "=", false}},
			nearby: []string{"order_id", "order_partner_id"}}}, false, 500}
	}
	return odooShape{}
}

// Check logs in and reads one row of every model that is needed.
func (o *Odoo) Check(ctx context.Context) error {
	var wrong []error
	for _, st := range o.Streams() {
		f := o.shape(st).feeds[0]
		if _, err := o.c.call(ctx, f.model, "search_count", []any{[]any{"id", "=", 1}}, o.ctx(nil)); err != nil {
			if errors.Is(err, errAbsent) && f.model != "crm.lead" { // a module that is not there is no fault
				continue
			}
			wrong = append(wrong, fmt.Errorf("check %s: %w", st, err))
			if !errors.Is(err, source.ErrDenied) && !errors.Is(err, errAbsent) {
				break // the same for every model
			}
		}
	}
	return errors.Join(wrong...)
}

// ctx puts the context that every call has under kw: archived records too, since deals and history refer to them, and names in one language, so that
// stages are found by them.
func (o *Odoo) ctx(kw map[string]any) map[string]any {
	if kw == nil {
		kw = map[string]any{}
	}
	kw["context"] = map[string]any{"active_test": false, "lang": "en_US"}
	return kw
}

// odooCursor is the position within a pass, and between passes the moment up to which everything was read.
type odooCursor struct {
	Since  int64 `json:"s,omitempty"` // Unix seconds on the server's clock; 0: from the beginning
	Until  int64 `json:"u,omitempty"` // within a pass: when it began on that clock; 0: not known yet
	Feed   int   `json:"f,omitempty"`
	ID     int64 `json:"i,omitempty"` // the last row's
	Total  int   `json:"n,omitempty"`
	Inside bool  `json:"p,omitempty"`
	Absent bool  `json:"m,omitempty"` // the model was not there, as has been said
}

func (c odooCursor) String() store.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers
	}
	return store.Cursor(b)
}

// odooTime is how Odoo writes moments: in UTC, without saying so, and without the microseconds that it keeps.
const odooTime = "2006-01-02 15:04:05"

// Fetch implements [source.Source].
func (o *Odoo) Fetch(ctx context.Context, r source.Request) (source.Page, error) {
	sh := o.shape(r.Stream)
	if len(sh.feeds) == 0 || !slices.Contains(o.Streams(), r.Stream) {
		return source.Page{}, fmt.Errorf("fetch %s: this source does not read it", r.Stream)
	}
	var c odooCursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &c); err != nil || c.Feed < 0 || c.Feed >= len(sh.feeds) {
			return source.Page{}, fmt.Errorf("fetch %s: cursor %q: %w", r.Stream, store.Clip(string(r.Cursor), 60), source.ErrExpired)
		}
	}
	limit := sh.page
	if r.Limit > 0 && r.Limit < limit {
		limit = r.Limit
	}
	page, err := o.page(ctx, r, sh, c, limit)
	if unknownField(err) { // described before someone removed it: once more with what there is now
		o.mu.Lock()
		clear(o.models)
		o.mu.Unlock()
		page, err = o.page(ctx, r, sh, c, limit)
	}
	if errors.Is(err, errAbsent) {
		return o.absent(r, sh, c, err)
	}
	if err != nil {
		return source.Page{}, fmt.Errorf("fetch %s: %w", r.Stream, err)
	}
	return page, nil
}

// absent is the page of a stream whose module is not installed: nothing, said once.
func (o *Odoo) absent(r source.Request, sh odooShape, c odooCursor, err error) (source.Page, error) {
	if r.Stream == "deals" {
		return source.Page{}, source.Setup(fmt.Errorf("fetch deals: the database has no model crm.lead; install the module CRM, or correct database: %w", err))
	}
	page := source.Page{Next: odooCursor{Since: c.Since, Absent: true}.String()}
	if !c.Absent {
		page.Issues = []store.Issue{{Source: o.cfg.ID, Stream: r.Stream, Where: sh.feeds[c.Feed].model, Field: "model",
			Problem: "the database has no such model, since no module that brings it is installed; there is nothing to read here"}}
	}
	return page, nil
}

// List implements [source.Lister]. History goes with its deal; stages are the organisation's.
func (o *Odoo) List(ctx context.Context, st store.Stream, from store.Cursor) ([]store.Ref, store.Cursor, error) {
	sh := o.shape(st)
	if len(sh.feeds) == 0 || sh.entity == store.EntityChange || sh.entity == store.EntityStage {
		return nil, "", fmt.Errorf("list %s: %w", st, errors.ErrUnsupported)
	}
	var c odooCursor
	if from != "" {
		if err := json.Unmarshal([]byte(from), &c); err != nil || c.Feed < 0 || c.Feed >= len(sh.feeds) {
			return nil, "", fmt.Errorf("list %s: cursor %q: %w", st, store.Clip(string(from), 60), source.ErrExpired)
		}
	}
	f := sh.feeds[c.Feed]
	m, err := o.describe(ctx, f.model, time.Time{})
	if errors.Is(err, errAbsent) || c.Feed > 0 && errors.Is(err, source.ErrDenied) { // nothing says what there was
		return nil, "", fmt.Errorf("list %s: %w", st, errors.ErrUnsupported)
	} else if err != nil {
		return nil, "", fmt.Errorf("list %s: %w", st, err)
	}
	kw := map[string]any{"order": "id"}
	if !f.sieved { // where short pages may lie, only the whole list is one
		kw["limit"] = listPage
	}
	domain, err := o.domain(ctx, f, m, time.Time{})
	if err != nil {
		return nil, "", fmt.Errorf("list %s: %w", st, err)
	}
	a, err := o.c.call(ctx, f.model, "search", append(domain, []any{"id", ">", c.ID}), o.ctx(kw))
	if c.Feed > 0 && errors.Is(err, source.ErrDenied) {
		err = errors.ErrUnsupported
	}
	if err != nil {
		return nil, "", fmt.Errorf("list %s: %w", st, err)
	}
	ids := a.ids()
	refs := make([]store.Ref, 0, len(ids))
	for _, id := range ids {
		refs = append(refs, store.Ref{Entity: sh.entity, ID: store.MakeID(o.cfg.ID, f.mark+strconv.FormatInt(id, 10))})
	}
	switch {
	case !f.sieved && len(ids) == listPage:
		return refs, odooCursor{Feed: c.Feed, ID: ids[len(ids)-1]}.String(), nil
	case c.Feed+1 < len(sh.feeds):
		return refs, odooCursor{Feed: c.Feed + 1}.String(), nil
	}
	return refs, "", nil
}

func (o *Odoo) decoder(st store.Stream) *record.Decoder {
	return &record.Decoder{Source: o.cfg.ID, Stream: st, Location: o.zone, Zone: time.UTC, Currency: o.cfg.Currency}
}
