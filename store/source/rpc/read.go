package rpc

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// fields are what is read of each stream's records. A dot follows a reference within the same call.
var fields = map[store.Stream][]string{
	"units":    {"party.name"},
	"people":   {"party.name", "party.email", "company", "end_date"},
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
	var cities map[int64]string
	if st == "accounts" {
		if cities, err = s.cities(ctx, rows); err != nil {
			return err
		}
	}
	dec := s.decoder(st)
	for _, row := range rows {
		id, ok := number(row["id"])
		if !ok {
			continue
		}
		if row["replaced_by"] != nil { // merged into another party: it is no customer any more, and what was its is the other's
			page.Deleted = append(page.Deleted, store.Ref{Entity: sh.entity, ID: store.MakeID(s.cfg.ID, native(sh.entity, id))})
			continue
		}
		dec.Decode(sh.entity.String(), s.fields(st, now, id, row, cities), fmt.Sprintf("%s %d", sh.model, id), page)
	}
	return nil
}

// fields names a row's values as the store does.
func (s *Source) fields(st store.Stream, now time.Time, id int64, row map[string]any, cities map[int64]string) map[string]any {
	switch st {
	case "units":
		return map[string]any{"id": native(store.EntityUnit, id), "name": dot(row, "party", "name"), "kind": "company"}
	case "people":
		f := map[string]any{"id": id, "name": dot(row, "party", "name"), "email": dot(row, "party", "email")}
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
		list, _ := row["addresses"].([]any)
		for _, v := range list {
			if address, ok := number(v); ok && cities[address] != "" {
				f["city"] = cities[address]
				break
			}
		}
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

// cities returns the city of every address of the parties.
func (s *Source) cities(ctx context.Context, rows []map[string]any) (map[int64]string, error) {
	var addresses []int64
	for _, row := range rows {
		list, _ := row["addresses"].([]any)
		for _, v := range list {
			if id, ok := number(v); ok {
				addresses = append(addresses, id)
			}
		}
	}
	cities := map[int64]string{}
	if len(addresses) == 0 {
		return cities, nil
	}
	a, err := s.c.call(ctx, "model.party.address.search_read", everything, []any{[]any{"id", "in", addresses}}, 0, nil, nil, []string{"city"})
	if err != nil {
		return nil, err
	}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		cities[id], _ = row["city"].(string)
	}
	return cities, nil
}
