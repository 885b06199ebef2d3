package rpc

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// fields are what is read of each stream's records. A dot follows a reference within the same call.
var fields = map[store.Stream][]string{
	"units":    {"party.name"},
	"people":   {"party.name", "party.email", "party.phone", "party.mobile", "company", "end_date"},
	"products": {"template.name", "code", "list_price", "template.categories"},
	"sales":    {"type", "product", "quantity", "amount", "sale.party", "sale.state", "sale.sale_date", "sale.origin", "sale.currency.code"},
	"accounts": {"name", "code", "addresses", "active", "replaced_by", "create_date", "write_date"},
	"contacts": {"party", "type", "value", "name"},
	"deals": {"number", "reference", "description", "party", "employee", "company", "currency.code", "amount", "state", "start_date", "end_date", "lost_reason",
		"conversion_probability", "create_date", "write_date"},
}

// read appends the records with these ids to page. One that was deleted meanwhile is simply not among them.
func (s *Source) read(ctx context.Context, st store.Stream, now time.Time, ids []int64, c cursor, page *source.Page) error {
	if st == "deals" { // asked on every page, since what is tracked holds for the page
		has, err := s.hasHistory(ctx, ids)
		if err != nil {
			return err
		}
		page.Track = store.FieldsOf(store.FieldCategory)
		if !has {
			page.Track |= store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose, store.FieldOwner)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if st == "changes" {
		return s.changes(ctx, ids, c, page)
	}
	var err error
	if st == "accounts" {
		if ids, err = s.customers(ctx, ids); err != nil || len(ids) == 0 {
			return err
		}
	}
	sh := shapes[st]
	a, err := s.c.call(ctx, "model."+sh.model+".search_read", everything, []any{[]any{"id", "in", ids}}, 0, nil, []any{[]any{"id", "ASC"}}, fields[st])
	if err != nil {
		return err
	}
	rows := a.list()
	more, err := s.beside(ctx, st, rows)
	if err != nil {
		return err
	}
	dec := s.decoder(st)
	for _, row := range rows {
		id, ok := number(row["id"])
		if !ok {
			continue
		}
		// A party that was merged into another is no customer any more, and what was its is the other's. What is only offered, or cancelled, is not sold; a line may also
		// be a comment or a subtotal.
		if row["replaced_by"] != nil || st == "sales" && (row["type"] != "line" || !sold(row)) {
			page.Deleted = append(page.Deleted, store.Ref{Entity: sh.entity, ID: store.MakeID(s.cfg.ID, native(sh.entity, id))})
			continue
		}
		dec.Decode(sh.entity.String(), s.fields(st, now, id, row, more), fmt.Sprintf("%s %d", sh.model, id), page)
	}
	return nil
}

// fields names a row's values as the store does.
func (s *Source) fields(st store.Stream, now time.Time, id int64, row map[string]any, more beside) map[string]any {
	switch st {
	case "products":
		f := map[string]any{"id": id, "name": dot(row, "template", "name"), "category": firstOf(dot(row, "template", "categories"), more.names)}
		if more.currency != "" {
			f["price"], f["currency"] = row["list_price"], string(more.currency)
		}
		return f
	case "sales":
		sale, _ := row["sale."].(map[string]any)
		f := map[string]any{"id": id, "account": sale["party"], "product": row["product"], "day": sale["sale_date"], "quantity": row["quantity"], "amount": row["amount"],
			"currency": dot(sale, "currency", "code")}
		if deal, ok := opportunityOf(row); ok {
			f["rep"] = more.owners[deal]
		}
		return f
	case "units":
		return map[string]any{"id": native(store.EntityUnit, id), "name": dot(row, "party", "name"), "kind": "company"}
	case "people":
		f := map[string]any{"id": id, "name": dot(row, "party", "name"), "email": dot(row, "party", "email")}
		for _, by := range []string{"phone", "mobile"} { // a mobile is one person's more often
			if n := dot(row, "party", by); n != nil && n != "" {
				f["phone"] = n
			}
		}
		if company, ok := number(row["company"]); ok {
			f["unit"] = native(store.EntityUnit, company)
		}
		if end, ok := row["end_date"].(string); ok {
			f["inactive"] = end < now.In(s.zone).Format(time.DateOnly)
		}
		return f
	case "accounts":
		f := map[string]any{"id": id, "name": row["name"], "created": row["create_date"], "modified": written(row)}
		extra := map[string]any{}
		if code, ok := row["code"].(string); ok && code != strconv.FormatInt(id, 10) {
			extra["code"] = code
		}
		if row["active"] == false {
			extra["archived"] = true
		}
		f["extra"] = extra
		f["city"] = firstOf(row["addresses"], more.names)
		return f
	case "contacts":
		f := map[string]any{"id": id, "account": row["party"], "name": row["name"]}
		if name, _ := row["name"].(string); name == "" {
			f["name"] = row["value"]
		}
		switch kind, _ := row["type"].(string); kind {
		case "email":
			f["email"] = row["value"]
		case "phone", "mobile", "sip":
			f["phone"] = row["value"]
		}
		return f
	}
	f := map[string]any{
		"id": id, "name": row["description"], "account": row["party"], "owner": row["employee"], "stage": row["state"], "amount": row["amount"],
		"currency": dot(row, "currency", "code"), "created": row["start_date"], "close": row["end_date"], "modified": written(row), "url": s.page(id),
		"extra": map[string]any{"number": row["number"], "reference": row["reference"], "state": row["state"], "lost_reason": row["lost_reason"],
			"probability": row["conversion_probability"]},
	}
	if name, _ := row["description"].(string); name == "" {
		f["name"] = row["number"]
	}
	return f
}

// page is where Tryton's web client shows an opportunity.
func (s *Source) page(id int64) string {
	u, err := url.Parse(s.cfg.URL)
	if err != nil {
		return ""
	}
	database := path.Base(u.Path)
	u.Path = path.Dir(path.Clean(u.Path))
	return u.JoinPath("/").String() + "#" + url.PathEscape(database) + "/model/sale.opportunity/" + strconv.FormatInt(id, 10)
}

// dot returns a field of a referred record.
func dot(row map[string]any, ref, field string) any {
	m, _ := row[ref+"."].(map[string]any)
	return m[field]
}

func written(row map[string]any) any {
	if row["write_date"] != nil {
		return row["write_date"]
	}
	return row["create_date"]
}

// customers returns those of the parties that are no company of ours and no employee: Tryton keeps them all in one list.
func (s *Source) customers(ctx context.Context, parties []int64) ([]int64, error) {
	if len(parties) == 0 {
		return nil, nil
	}
	ours := map[int64]bool{}
	for _, model := range []string{"company.company", "company.employee"} {
		a, err := s.c.call(ctx, "model."+model+".search_read", everything, []any{[]any{"party", "in", parties}}, 0, nil, nil, []string{"party"})
		if err != nil {
			return nil, err
		}
		for _, row := range a.list() {
			if id, ok := number(row["party"]); ok {
				ours[id] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(parties), func(id int64) bool { return ours[id] }), nil
}

// beside is what a page's rows refer to and is asked for apart.
type beside struct {
	names    map[int64]string // cities of addresses, names of categories
	owners   map[int64]any    // employees of opportunities that became sales
	currency store.Currency   // of prices
}

// beside asks for what the rows of a stream refer to.
func (s *Source) beside(ctx context.Context, st store.Stream, rows []map[string]any) (b beside, err error) {
	switch st {
	case "accounts":
		b.names, err = s.names(ctx, "party.address", "city", rows, func(row map[string]any) any { return row["addresses"] })
	case "products":
		if b.names, err = s.names(ctx, "product.category", "name", rows, func(row map[string]any) any { return dot(row, "template", "categories") }); err == nil {
			b.currency, err = s.priced(ctx)
		}
	case "sales": // a sale names nobody of us; the opportunity from which it was made does
		var deals []int64
		for _, row := range rows {
			if id, ok := opportunityOf(row); ok && !slices.Contains(deals, id) {
				deals = append(deals, id)
			}
		}
		if len(deals) == 0 {
			return b, nil
		}
		var a answer
		if a, err = s.c.call(ctx, "model.sale.opportunity.search_read", everything, []any{[]any{"id", "in", deals}}, 0, nil, nil, []string{"employee"}); err != nil {
			return b, err
		}
		b.owners = map[int64]any{}
		for _, row := range a.list() {
			id, _ := number(row["id"])
			b.owners[id] = row["employee"]
		}
	}
	return b, err
}

// names returns a text of every record to which the rows refer by a list of identifiers.
func (s *Source) names(ctx context.Context, model, field string, rows []map[string]any, list func(row map[string]any) any) (map[int64]string, error) {
	var ids []int64
	for _, row := range rows {
		all, _ := list(row).([]any)
		for _, v := range all {
			if id, ok := number(v); ok && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	a, err := s.c.call(ctx, "model."+model+".search_read", everything, []any{[]any{"id", "in", ids}}, 0, nil, nil, []string{field})
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		names[id], _ = row[field].(string)
	}
	return names, nil
}

// priced returns the currency of products' prices, which is that of the company in which the user works; the configured one where that cannot be read.
func (s *Source) priced(ctx context.Context) (store.Currency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prices == nil {
		_, own, err := s.c.enter(ctx, "")
		if err != nil {
			return "", err
		}
		currency := s.cfg.Currency
		if company, ok := number(own["company"]); ok {
			a, err := s.c.call(ctx, "model.company.company.search_read", everything, []any{[]any{"id", "=", company}}, 0, nil, nil, []string{"currency.code"})
			if err != nil {
				return "", err
			}
			for _, row := range a.list() {
				if code, ok := dot(row, "currency", "code").(string); ok && store.Currency(code).Valid() {
					currency = store.Currency(code)
				}
			}
		}
		s.prices = &currency
	}
	return *s.prices, nil
}

// firstOf returns the first text that there is of a list of identifiers; nil for none.
func firstOf(list any, names map[int64]string) any {
	all, _ := list.([]any)
	for _, v := range all {
		if id, ok := number(v); ok && names[id] != "" {
			return names[id]
		}
	}
	return nil
}

// sold reports whether a line's sale is confirmed.
func sold(row map[string]any) bool {
	state, _ := dot(row, "sale", "state").(string)
	return slices.Contains([]string{"confirmed", "processing", "done"}, state)
}

// opportunityOf returns the opportunity from which a line's sale was made.
func opportunityOf(row map[string]any) (int64, bool) {
	origin, _ := dot(row, "sale", "origin").(string)
	id, ok := strings.CutPrefix(origin, "sale.opportunity,")
	n, err := strconv.ParseInt(id, 10, 64)
	return n, ok && err == nil
}
