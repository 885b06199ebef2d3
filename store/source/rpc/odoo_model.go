package rpc

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// odooModel is what a database says of one of its models: versions and modules differ in the fields they have, and people add their own.
type odooModel struct {
	name   string
	fields map[string]odooField
	seen   time.Time
}

type odooField struct {
	Type     string
	Label    string
	Relation string
}

// describedFor is how long a description is believed: a field that someone adds appears with the next.
const describedFor = time.Hour

// describe asks for a model's fields.
func (o *Odoo) describe(ctx context.Context, model string, now time.Time) (*odooModel, error) {
	o.mu.Lock()
	m := o.models[model]
	o.mu.Unlock()
	if m != nil && now.Sub(m.seen) < describedFor {
		return m, nil
	}
	a, err := o.c.call(ctx, model, "fields_get", nil, o.ctx(map[string]any{"attributes": []string{"type", "string", "relation"}}))
	if err != nil {
		return nil, err
	}
	m = &odooModel{name: model, fields: map[string]odooField{}, seen: now}
	all, _ := a.result.(map[string]any)
	for name, v := range all {
		f, _ := v.(map[string]any)
		kind, _ := f["type"].(string)
		label, _ := f["string"].(string)
		relation, _ := f["relation"].(string)
		m.fields[name] = odooField{kind, store.Clip(label, 80), relation}
	}
	o.mu.Lock()
	o.models[model] = m
	o.mu.Unlock()
	return m, nil
}

// reads are the fields that are wanted of each model. Those that a version does not have are not asked for.
var reads = map[string][]string{
	"crm.team":        {"name", "company_id", "user_id"},
	"res.company":     {"name", "parent_id"},
	"res.users":       {"name", "login", "email", "mobile", "phone", "function", "active", "sale_team_id", "company_id"},
	"crm.stage":       {"name", "sequence", "is_won"},
	"product.product": {"name", "categ_id", "lst_price", "currency_id"},
	"crm.lead": {"name", "type", "active", "partner_id", "partner_name", "contact_name", "user_id", "team_id", "stage_id", "expected_revenue", "planned_revenue",
		"company_currency", "probability", "date_deadline", "date_closed", "date_last_stage_update", "create_date", "write_date", "lost_reason_id", "lost_reason",
		"source_id", "priority", "activity_summary", "won_status"},
	"mail.message":    {"model", "res_id", "date", "create_date", "author_id", "create_uid", "message_type", "subject", "preview", "mail_activity_type_id", "body"},
	"calendar.event":  {"name", "start", "stop", "duration", "allday", "user_id", "create_date", "res_model", "res_id", "opportunity_id", "active"},
	"sale.order.line": {"order_id", "product_id", "salesman_id", "order_partner_id", "product_uom_qty", "price_subtotal", "purchase_price", "currency_id", "state"},
}

// partners are read for two streams.
var partners = map[store.Stream][]string{
	"accounts": {"name", "active", "is_company", "parent_id", "user_id", "industry_id", "state_id", "country_id", "city", "ref", "create_date", "write_date"},
	"contacts": {"name", "commercial_partner_id", "function", "email", "phone", "mobile"},
}

// needed are those whose absence empties a pane, so that it is said: somebody removed or renamed them, or took the right to read them away.
var needed = map[string][]string{
	"crm.lead": {"name", "partner_id", "user_id", "stage_id", "date_deadline", "probability", "company_currency"}, "res.partner": {"name"},
	"res.users": {"name"}, "sale.order.line": {"order_id", "price_subtotal", "state"},
}

// wanted lists the fields to read: known ones that are there, and the organisation's own where the store has room for them.
func (m *odooModel) wanted(st store.Stream, model string) []string {
	known := reads[model]
	if model == "res.partner" {
		known = partners[st]
	}
	fields := make([]string, 0, len(known)+4)
	for _, name := range known {
		switch {
		case m.fields[name].Type == "":
		case name == "body" && m.fields["preview"].Type != "": // a whole page of HTML for its first line
		default:
			fields = append(fields, name)
		}
	}
	if st == "deals" || st == "accounts" {
		fields = append(fields, m.custom()...)
	}
	return fields
}

// custom lists the fields that people added, as far as one value says what stands in them.
func (m *odooModel) custom() []string {
	var own []string
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		switch m.fields[name].Type {
		case "char", "text", "selection", "integer", "float", "monetary", "boolean", "date", "datetime", "many2one":
			if strings.HasPrefix(name, "x_") {
				own = append(own, name)
			}
		}
	}
	return own
}

// drift lists needed fields that are not there.
func (o *Odoo) drift(st store.Stream, f odooFeed, m *odooModel, page *source.Page) {
	for _, name := range needed[f.model] {
		if m.fields[name].Type == "" {
			page.Issues = append(page.Issues, store.Issue{Source: o.cfg.ID, Stream: st, Where: f.model, Field: name,
				Problem: "the model has no such field, or this user may not read it; what was read of it last is not kept up"})
		}
	}
}

// usable returns domain with the conditions on fields that this version does not have left out: all of them narrow.
func (m *odooModel) usable(domain []any) []any {
	out := make([]any, 0, len(domain)+8)
	for _, d := range domain {
		if leaf, ok := d.([]any); ok {
			field, _, _ := strings.Cut(leaf[0].(string), ".")
			if field != "id" && m.fields[field].Type == "" {
				d = []any{"id", ">", 0}
			}
		}
		out = append(out, d)
	}
	return out
}

// ourselves stands in a domain for the partners that are our own companies.
const ourselves = "\x00ourselves"

// domain makes a feed's domain ready.
func (o *Odoo) domain(ctx context.Context, f odooFeed, m *odooModel, now time.Time) ([]any, error) {
	domain := m.usable(f.domain)
	for i, d := range domain {
		if leaf, ok := d.([]any); ok && leaf[2] == ourselves {
			ours, err := o.companies(ctx, now)
			if err != nil {
				return nil, err
			}
			domain[i] = []any{leaf[0], leaf[1], ours.partners}
		}
	}
	return domain, nil
}

// odooCompanies are the organisation's own.
type odooCompanies struct {
	count    int
	partners []int64
	seen     time.Time
}

// companies returns what may be read of our own companies; none where that is nothing.
func (o *Odoo) companies(ctx context.Context, now time.Time) (*odooCompanies, error) {
	o.mu.Lock()
	ours := o.ours
	o.mu.Unlock()
	if ours != nil && now.Sub(ours.seen) < describedFor {
		return ours, nil
	}
	a, err := o.c.call(ctx, "res.company", "search_read", []any{}, o.ctx(map[string]any{"fields": []string{"partner_id"}, "order": "id"}))
	if err != nil && !errors.Is(err, source.ErrDenied) {
		return nil, err
	}
	ours = &odooCompanies{partners: []int64{}, seen: now}
	for _, row := range a.list() {
		ours.count++
		if id, _ := pair(row["partner_id"]); id != 0 {
			ours.partners = append(ours.partners, id)
		}
	}
	o.mu.Lock()
	o.ours = ours
	o.mu.Unlock()
	return ours, nil
}
