package rpc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Odoo writes false for whatever is not there, and a reference as [id, name].

// words returns a text.
func words(v any) string {
	s, _ := v.(string)
	return s
}

// pair returns a reference.
func pair(v any) (id int64, name string) {
	l, _ := v.([]any)
	if len(l) == 0 {
		id, _ = number(v) // as a bare number it comes where a caller asked for it so
		return id, ""
	}
	id, _ = number(l[0])
	if len(l) > 1 {
		name = words(l[1])
	}
	return id, name
}

// ref is a reference's identifier for a record, nil when there is none.
func ref(v any, mark string) any {
	id, _ := pair(v)
	if id == 0 {
		return nil
	}
	return mark + strconv.FormatInt(id, 10)
}

// named is a reference's name for a record.
func named(v any) any {
	_, name := pair(v)
	return name
}

// moments reads Odoo's UTC.
func moments(v any) (time.Time, bool) {
	t, err := time.Parse(odooTime, words(v))
	return t, err == nil
}

// plainly is a value without Odoo's false.
func plainly(v any) any {
	if v == false {
		return nil
	}
	return v
}

// read appends the records of these rows to page.
func (o *Odoo) read(ctx context.Context, r source.Request, f odooFeed, m *odooModel, rows []map[string]any, page *source.Page) error {
	st := r.Stream
	if st == "deals" {
		past, err := o.tracking(ctx, r.Now)
		if err != nil {
			return err
		}
		page.Track = past.untold()
	}
	if st == "stages" {
		return o.bring(ctx, page)
	}
	if len(rows) == 0 {
		return nil
	}
	switch st {
	case "changes":
		return o.changes(ctx, r.Now, rows, page)
	case "touches":
		return o.touches(ctx, r.Now, f, rows, page)
	case "sales":
		return o.sales(ctx, rows, page)
	case "deals":
		return o.deals(ctx, m, rows, page)
	}
	several := false // of one company there is no unit: it is the organisation itself
	if st == "units" || st == "people" {
		ours, err := o.companies(ctx, r.Now)
		if err != nil {
			return err
		}
		several = ours.count > 1
	}
	company := func(v any) any {
		if !several {
			return nil
		}
		return ref(v, "company-")
	}
	dec := o.decoder(st)
	for _, row := range rows {
		id, _ := number(row["id"])
		where := fmt.Sprintf("%s %d", f.model, id)
		switch f.model {
		case "crm.team":
			dec.Decode("unit", map[string]any{"id": f.mark + strconv.FormatInt(id, 10), "name": row["name"], "kind": "team", "manager": ref(row["user_id"], ""),
				"parent": company(row["company_id"])}, where, page)
		case "res.company":
			if !several {
				continue
			}
			dec.Decode("unit", map[string]any{"id": f.mark + strconv.FormatInt(id, 10), "name": row["name"], "kind": "company", "parent": ref(row["parent_id"], "company-")}, where, page)
		case "res.users":
			if words(row["login"]) == "__system__" {
				continue
			}
			unit := ref(row["sale_team_id"], "team-")
			if unit == nil {
				unit = company(row["company_id"])
			}
			mail := row["email"]
			if words(mail) == "" && strings.Contains(words(row["login"]), "@") {
				mail = row["login"]
			}
			dec.Decode("person", map[string]any{"id": id, "unit": unit, "name": row["name"], "email": plainly(mail), "title": plainly(row["function"]),
				"phone": cmp.Or(words(row["mobile"]), words(row["phone"])), "inactive": row["active"] == false}, where, page)
		case "product.product":
			dec.Decode("product", map[string]any{"id": id, "name": row["name"], "category": named(row["categ_id"]), "price": row["lst_price"],
				"currency": named(row["currency_id"])}, where, page)
		case "res.partner":
			o.partner(st, id, m, row, page)
		}
	}
	return nil
}

// partner is a customer or someone there: Odoo keeps both in one list.
func (o *Odoo) partner(st store.Stream, id int64, m *odooModel, row map[string]any, page *source.Page) {
	where := fmt.Sprintf("res.partner %d", id)
	if st == "contacts" {
		phone := plainly(row["phone"])
		if phone == nil {
			phone = plainly(row["mobile"])
		}
		o.decoder(st).Decode("contact", map[string]any{"id": id, "account": ref(row["commercial_partner_id"], ""), "name": plainly(row["name"]),
			"role": plainly(row["function"]), "email": plainly(row["email"]), "phone": phone}, where, page)
		return
	}
	extra := o.own(m, row)
	extra["ref"] = plainly(row["ref"])
	if row["active"] == false {
		extra["archived"] = true
	}
	region := named(row["state_id"])
	if region == "" {
		region = named(row["country_id"])
	}
	o.decoder(st).Decode("account", map[string]any{"id": id, "name": plainly(row["name"]), "parent": ref(row["parent_id"], ""), "owner": ref(row["user_id"], ""),
		"industry": named(row["industry_id"]), "region": region, "city": plainly(row["city"]), "created": plainly(row["create_date"]),
		"modified": plainly(row["write_date"]), "extra": extra}, where, page)
}

// own returns the values of the fields that the organisation added.
func (o *Odoo) own(m *odooModel, row map[string]any) map[string]any {
	extra := map[string]any{}
	for _, name := range m.custom() {
		v := plainly(row[name])
		switch m.fields[name].Type {
		case "boolean":
			v = row[name] == true
		case "many2one":
			v = named(row[name])
		case "text":
			v = store.Clip(words(row[name]), 1000)
		}
		if v != nil && v != "" {
			extra[name] = v
		}
	}
	return extra
}

// fate is what became of an opportunity: open and won by its stage, lost and archived by marks besides, so that they are kept apart.
func fate(row map[string]any) string {
	if row["active"] != false {
		return ""
	}
	if words(row["won_status"]) == "won" {
		return ""
	}
	p, _ := row["probability"].(json.Number)
	if v, err := p.Float64(); words(row["won_status"]) == odooLost || err == nil && v <= 0 {
		return odooLost
	}
	return odooArchived
}

// stage is where an opportunity stands; ok is false for one that is out of every pipeline.
func (o *Odoo) stage(row map[string]any, stages map[int64]odooStage) (id store.ID, ok bool) {
	switch fate(row) {
	case odooLost:
		return o.cfg.StageMap()[odooLost], true
	case odooArchived:
		to := o.cfg.Stages[odooArchived]
		return to, to != ""
	}
	at, _ := pair(row["stage_id"])
	return stages[at].to, true
}

func (o *Odoo) deals(ctx context.Context, m *odooModel, rows []map[string]any, page *source.Page) error {
	know, people := make([]int64, 0, len(rows)), make([]int64, 0, len(rows))
	for _, row := range rows {
		stage, _ := pair(row["stage_id"])
		partner, _ := pair(row["partner_id"])
		know, people = append(know, stage), append(people, partner)
	}
	stages, err := o.pipeline(ctx, know...)
	if err != nil {
		return err
	}
	customers, err := o.customers(ctx, people)
	if err != nil {
		return err
	}
	dec := o.decoder("deals")
	for _, row := range rows {
		id, _ := number(row["id"])
		stage, ok := o.stage(row, stages)
		if !ok { // put away without being lost
			page.Deleted = append(page.Deleted, store.Ref{Entity: store.EntityDeal, ID: store.MakeID(o.cfg.ID, strconv.FormatInt(id, 10))})
			continue
		}
		partner, name := pair(row["partner_id"])
		became := fate(row)
		extra := o.own(m, row)
		for k, v := range map[string]any{"probability": row["probability"], "stage": named(row["stage_id"]), "contact": plainly(row["contact_name"]),
			"company": plainly(row["partner_name"]), "team": named(row["team_id"])} {
			if v != nil {
				extra[k] = v
			}
		}
		if to := customers[partner]; to != 0 && to != partner && extra["contact"] == nil {
			extra["contact"] = name
		}
		if words(row["type"]) == "lead" {
			extra["type"] = "lead"
		}
		if became != "" {
			extra["state"] = became
			extra["lost_reason"] = first(named(row["lost_reason_id"]), named(row["lost_reason"]))
		}
		until := plainly(row["date_deadline"])
		if at, _ := pair(row["stage_id"]); became != "" || stages[at].won {
			until = first(plainly(row["date_closed"]), until)
		}
		f := map[string]any{"id": id, "name": plainly(row["name"]), "owner": ref(row["user_id"], ""), "stage": string(stage), "amount": first(row["expected_revenue"],
			row["planned_revenue"]), "currency": named(row["company_currency"]), "created": plainly(row["create_date"]), "close": until,
			"modified": plainly(row["write_date"]), "lead": named(row["source_id"]), "next_step": plainly(row["activity_summary"]), "url": o.link(id), "extra": extra}
		if to := cmp.Or(customers[partner], partner); to != 0 {
			f["account"] = to
		}
		dec.Decode("deal", f, fmt.Sprintf("crm.lead %d", id), page)
	}
	return nil
}

// first returns the first of two values that is given.
func first(a, b any) any {
	if a == nil || a == false || a == "" {
		return b
	}
	return a
}

// customers returns the company, or the person who stands alone, that each of these partners belongs to.
func (o *Odoo) customers(ctx context.Context, partners []int64) (map[int64]int64, error) {
	ids := slices.Clone(partners)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { return id == 0 })
	to := map[int64]int64{}
	if len(ids) == 0 {
		return to, nil
	}
	a, err := o.c.call(ctx, "res.partner", "search_read", []any{[]any{"id", "in", ids}}, o.ctx(map[string]any{"fields": []string{"commercial_partner_id"}, "order": "id"}))
	if err != nil {
		return nil, err
	}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		if to[id], _ = pair(row["commercial_partner_id"]); to[id] == 0 {
			to[id] = id
		}
	}
	return to, nil
}

// link is where Odoo's web client shows an opportunity; from 18 on it knows better addresses and still follows these.
func (o *Odoo) link(id int64) string {
	return o.c.url + "/web#" + url.Values{"id": {strconv.FormatInt(id, 10)}, "model": {"crm.lead"}, "view_type": {"form"}}.Encode()
}

// sales are order lines. Those of quotations and of cancelled orders are none.
func (o *Odoo) sales(ctx context.Context, rows []map[string]any, page *source.Page) error {
	var orders, people []int64
	for _, row := range rows {
		order, _ := pair(row["order_id"])
		partner, _ := pair(row["order_partner_id"])
		orders, people = append(orders, order), append(people, partner)
	}
	a, err := o.c.call(ctx, "sale.order", "search_read", []any{[]any{"id", "in", orders}}, o.ctx(map[string]any{"fields": []string{"date_order"}, "order": "id"}))
	if err != nil {
		return err
	}
	day := map[int64]any{}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		day[id] = plainly(row["date_order"])
	}
	customers, err := o.customers(ctx, people)
	if err != nil {
		return err
	}
	dec := o.decoder("sales")
	for i, row := range rows {
		id, _ := number(row["id"])
		if s := words(row["state"]); s != "sale" && s != "done" {
			page.Deleted = append(page.Deleted, store.Ref{Entity: store.EntitySale, ID: store.MakeID(o.cfg.ID, strconv.FormatInt(id, 10))})
			continue
		}
		f := map[string]any{"id": id, "product": ref(row["product_id"], ""), "rep": ref(row["salesman_id"], ""), "day": day[orders[i]],
			"quantity": row["product_uom_qty"], "amount": row["price_subtotal"], "currency": named(row["currency_id"])}
		if to := cmp.Or(customers[people[i]], people[i]); to != 0 {
			f["account"] = to
		}
		if unit, n := row["purchase_price"], row["product_uom_qty"]; unit != nil && unit != false {
			f["cost"] = product(unit, n)
		}
		dec.Decode("sale", f, fmt.Sprintf("sale.order.line %d", id), page)
	}
	return nil
}

// product multiplies two numbers as they were written.
func product(a, b any) any {
	x, err := decimal.NewFromString(fmt.Sprint(a))
	y, err2 := decimal.NewFromString(fmt.Sprint(b))
	if err != nil || err2 != nil {
		return nil
	}
	return x.Mul(y).Round(6).String()
}

var tags = regexp.MustCompile(`(?s)<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>`)

// text is what HTML says.
func text(h string) string {
	if len(h) > 64<<10 {
		h = h[:64<<10]
	}
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(h, " "))), " ")
}
