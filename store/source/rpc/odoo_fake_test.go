package rpc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store/source/sourcetest"
)

// odooFake is an Odoo server as far as this package calls one, over both interfaces, with the answers' shapes as the vendor's documentation and source have
// them: false for what is not there, references as [id, name], moments in UTC without microseconds, access errors in a 200 or as a 403. Its clock is its
// own and moves by 0.3 s with each write, so that several rows share a written second.
type odooFake struct {
	*httptest.Server
	key     string
	version int

	mu     sync.Mutex
	clock  time.Time
	tie    bool
	noDate bool
	models map[string][]map[string]any
	types  map[string]map[string]string // model → field → type or the model it refers to
	denied map[string]bool
	hidden map[int]bool // messages that are taken away after a page was counted off
	calls  []string
	fault  sourcetest.Fault
	hang   chan struct{}
}

func newOdooFake(t testing.TB, version int) *odooFake {
	f := &odooFake{key: "canary-7Medlar", version: version, clock: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), models: map[string][]map[string]any{},
		denied: map[string]bool{}, hidden: map[int]bool{}, hang: make(chan struct{})}
	dates := map[string]string{"id": "integer", "create_date": "datetime", "write_date": "datetime", "create_uid": "res.users"}
	model := func(fields map[string]string) map[string]string { maps.Copy(fields, dates); return fields }
	f.types = map[string]map[string]string{
		"crm.team":    model(map[string]string{"name": "char", "company_id": "res.company", "user_id": "res.users"}),
		"res.company": model(map[string]string{"name": "char", "parent_id": "res.company", "partner_id": "res.partner"}),
		"res.users": model(map[string]string{"name": "char", "login": "char", "email": "char", "phone": "char", "function": "char", "active": "boolean", "sale_team_id": "crm.team",
			"company_id": "res.company", "share": "boolean"}),
		"crm.stage": model(map[string]string{"name": "char", "sequence": "integer", "is_won": "boolean"}),
		"res.partner": model(map[string]string{"name": "char", "active": "boolean", "is_company": "boolean", "parent_id": "res.partner", "commercial_partner_id": "res.partner",
			"user_id": "res.users", "industry_id": "res.partner.industry", "state_id": "res.country.state", "country_id": "res.country", "city": "char", "ref": "char",
			"function": "char", "email": "char", "phone": "char", "type": "selection", "partner_share": "boolean", "x_level": "selection"}),
		"product.template": model(map[string]string{"name": "char"}),
		"product.product": model(map[string]string{"name": "char", "categ_id": "product.category", "lst_price": "float", "currency_id": "res.currency",
			"product_tmpl_id": "product.template"}),
		"crm.lead": model(map[string]string{"name": "char", "type": "selection", "active": "boolean", "partner_id": "res.partner", "partner_name": "char",
			"contact_name": "char", "user_id": "res.users", "team_id": "crm.team", "stage_id": "crm.stage", "expected_revenue": "monetary", "company_currency": "res.currency",
			"probability": "float", "date_deadline": "date", "date_closed": "datetime", "date_last_stage_update": "datetime", "lost_reason_id": "crm.lost.reason",
			"source_id": "utm.source", "activity_summary": "char", "x_studio_channel": "many2one:x_channel", "x_renewal": "boolean", "x_file": "binary"}),
		"mail.message": model(map[string]string{"model": "char", "res_id": "many2one_reference", "date": "datetime", "message_type": "selection", "subject": "char",
			"preview": "char", "body": "html", "mail_activity_type_id": "mail.activity.type", "subtype_id": "mail.message.subtype", "is_internal": "boolean"}),
		"mail.message.subtype": model(map[string]string{"internal": "boolean"}),
		"mail.activity.type":   model(map[string]string{"name": "char", "category": "selection", "icon": "char"}),
		"mail.tracking.value": model(map[string]string{"field_id": "ir.model.fields", "mail_message_id": "mail.message", "old_value_integer": "integer",
			"new_value_integer": "integer", "old_value_float": "float", "new_value_float": "float", "old_value_datetime": "datetime", "new_value_datetime": "datetime"}),
		"ir.model.fields": model(map[string]string{"name": "char", "model": "char", "tracking": "integer"}),
		"calendar.event": model(map[string]string{"name": "char", "start": "datetime", "stop": "datetime", "duration": "float", "allday": "boolean", "user_id": "res.users",
			"res_model": "char", "res_id": "many2one_reference", "opportunity_id": "crm.lead", "active": "boolean"}),
		"sale.order": model(map[string]string{"date_order": "datetime"}),
		"sale.order.line": model(map[string]string{"order_id": "sale.order", "product_id": "product.product", "salesman_id": "res.users", "order_partner_id": "res.partner",
			"product_uom_qty": "float", "price_subtotal": "monetary", "purchase_price": "float", "currency_id": "res.currency", "state": "selection", "display_type": "selection"}),
	}
	if version < 17 { // as it was called
		f.types["mail.tracking.value"]["field"] = "ir.model.fields"
		f.types["mail.tracking.value"]["old_value_monetary"], f.types["mail.tracking.value"]["new_value_monetary"] = "monetary", "monetary"
		delete(f.types["mail.tracking.value"], "field_id")
	}
	f.put("res.company", row{"id": 1, "name": "海川智控", "partner_id": pairOf(1, "海川智控")})
	f.put("crm.team", row{"id": 5, "name": "华东组", "company_id": pairOf(1, "海川智控"), "user_id": pairOf(7, "王强")})
	f.put("res.users", row{"id": 1, "name": "OdooBot", "login": "__system__", "active": false}, row{"id": 7, "name": "王强", "login": "wang@crm.test", "active": true},
		row{"id": 8, "name": "李敏", "login": "li", "email": "li@crm.test", "phone": "13800000007", "function": "销售", "active": true, "sale_team_id": pairOf(5, "华东组")},
		row{"id": 9, "name": "客户门户", "login": "portal", "active": true, "share": true})
	f.put("crm.stage", row{"id": 1, "name": "New", "sequence": 0}, row{"id": 2, "name": "Qualified", "sequence": 1}, row{"id": 3, "name": "Proposition", "sequence": 2},
		row{"id": 4, "name": "Won", "sequence": 70, "is_won": true})
	f.put("res.partner", row{"id": 1, "name": "海川智控", "is_company": true}, row{"id": 2, "name": "王强", "partner_share": false},
		row{"id": 3, "name": "华东电力", "is_company": true, "city": "上海", "x_level": "A", "user_id": pairOf(8, "李敏")},
		row{"id": 4, "name": "周工", "parent_id": pairOf(3, "华东电力"), "function": "采购", "email": "zhou@crm.test"}, row{"id": 6, "name": "独立客户"})
	for i, name := range []string{"stage_id", "active", "expected_revenue", "user_id", "date_deadline"} {
		order := 1
		if name == "date_deadline" { // not tracked unless somebody wants it
			order = 0
		}
		f.put("ir.model.fields", row{"id": 101 + i, "name": name, "model": "crm.lead", "tracking": order})
	}
	f.put("mail.message.subtype", row{"id": 1, "internal": false}, row{"id": 2, "internal": true})
	f.put("mail.activity.type", row{"id": 1, "name": "Email", "category": "default", "icon": "fa-envelope"}, row{"id": 2, "name": "Call", "category": "phonecall"},
		row{"id": 3, "name": "Meeting", "category": "meeting"}, row{"id": 4, "name": "To-Do", "category": "default", "icon": "fa-check"})
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() {
		close(f.hang)
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

type row = map[string]any

func pairOf(id int, name string) []any { return []any{id, name} }

// lead is an opportunity as Odoo keeps it.
func lead(id int) row {
	return row{"id": id, "name": fmt.Sprintf("扩容项目 %04d", id), "type": "opportunity", "partner_id": pairOf(3, "华东电力"), "user_id": pairOf(8, "李敏"),
		"stage_id": pairOf(2, "Qualified"), "expected_revenue": json.Number("10.0"), "company_currency": pairOf(6, "CNY"), "probability": json.Number("25.0"),
		"date_deadline": "2026-12-31"}
}

// put creates rows or writes those whose id is there, as through the server's own methods.
func (f *odooFake) put(model string, rows ...row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rows {
		if !f.tie {
			f.clock = f.clock.Add(300 * time.Millisecond)
		}
		i := slices.IndexFunc(f.models[model], func(o row) bool { return o["id"] == r["id"] })
		if i < 0 {
			full := row{"create_date": f.clock, "active": true, "partner_share": true, "type": "contact"}
			f.models[model] = append(f.models[model], full)
			i = len(f.models[model]) - 1
		}
		maps.Copy(f.models[model][i], r)
		f.models[model][i]["write_date"] = f.clock
		if at, ok := r["at"].(time.Time); ok { // a clock that was wrong
			f.models[model][i]["write_date"] = at
		}
		if p := f.models[model][i]; model == "res.partner" {
			p["commercial_partner_id"] = pairOf(p["id"].(int), p["name"].(string))
			if parent, ok := p["parent_id"].([]any); ok && p["is_company"] != true {
				p["commercial_partner_id"] = parent
			}
		}
	}
}

func (f *odooFake) remove(model string, id int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.models[model] = slices.DeleteFunc(f.models[model], func(r row) bool { return r["id"] == id })
}

// merge puts partner from into partner into, as Odoo does: references are repointed in SQL, which leaves no trace on the rows that have them; the one that
// stays is written; the other is deleted.
func (f *odooFake) merge(from, into int) {
	name := ""
	f.mu.Lock()
	for _, p := range f.models["res.partner"] {
		if p["id"] == into {
			name = p["name"].(string)
		}
	}
	for model, fields := range f.types {
		for field, kind := range fields {
			for _, r := range f.models[model] {
				if v, ok := r[field].([]any); ok && kind == "res.partner" && v[0] == from {
					r[field] = pairOf(into, name)
				}
			}
		}
	}
	f.mu.Unlock()
	f.remove("res.partner", from)
	f.put("res.partner", row{"id": into})
}

func (f *odooFake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header()["Date"] = nil
	if !f.noDate {
		w.Header().Set("Date", f.clock.Format(http.TimeFormat))
	}
	switch f.fault.Kind {
	case sourcetest.ServerError:
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	case sourcetest.HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Odoo</title>")
		return
	case sourcetest.Throttle:
		w.Header().Set("Retry-After", f.fault.RetryAfter)
		http.Error(w, "<h1>Too many</h1>", http.StatusTooManyRequests)
		return
	case sourcetest.Hang:
		f.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-f.hang:
		}
		f.mu.Lock()
		return
	case sourcetest.Drip:
		f.mu.Unlock()
		sourcetest.DripTo(w, r, f.hang)
		f.mu.Lock()
		return
	}
	status, body := http.StatusOK, any(nil)
	switch {
	case r.URL.Path == "/jsonrpc" && f.version < 22:
		body = f.jsonrpc(r)
	case strings.HasPrefix(r.URL.Path, "/json/2/") && f.version >= 19:
		status, body = f.json2(r)
	default:
		http.Error(w, "<!doctype html><title>404</title>", http.StatusNotFound)
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if f.fault.Kind == sourcetest.Cut {
		b = b[:len(b)/2]
	}
	w.Write(b)
}

// odooError is an exception with its HTTP status of the newer interface.
type odooError struct {
	name, text string
	status     int
}

func (f *odooFake) jsonrpc(r *http.Request) any {
	var req struct {
		Params struct {
			Service, Method string
			Args            []any
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		panic(err)
	}
	a := req.Params.Args
	result, bad := any(nil), (*odooError)(nil)
	switch p := req.Params; {
	case p.Method == "version":
		result = row{"server_version": fmt.Sprintf("%d.0", f.version), "server_version_info": []any{f.version, 0, 0, "final", 0, ""}, "protocol_version": 1}
	case a[0] != "crm":
		bad = &odooError{"psycopg2.OperationalError", fmt.Sprintf("FATAL:  database %q does not exist\n", a[0]), 0}
	case p.Method == "authenticate":
		result = false
		if a[1] == "sync" && a[2] == f.key {
			result = 12
		}
	case a[2] != f.key || f.fault.Kind == sourcetest.Unauthorized:
		bad = &odooError{"odoo.exceptions.AccessDenied", "Access Denied", 0}
	default:
		kw, _ := a[6].(row)
		args, _ := a[5].([]any)
		domain := []any(nil)
		if len(args) > 0 {
			domain = args[0].([]any)
		}
		result, bad = f.run(a[3].(string), a[4].(string), domain, kw)
	}
	if bad != nil {
		return row{"jsonrpc": "2.0", "id": 1, "error": row{"code": 200, "message": "Odoo Server Error", "data": row{"name": bad.name, "debug": "Traceback " + fmt.Sprint(a), "message": bad.text,
			"arguments": []any{bad.text}, "context": row{}}}}
	}
	return row{"jsonrpc": "2.0", "id": 1, "result": result}
}

func (f *odooFake) json2(r *http.Request) (int, any) {
	kw := row{}
	if err := json.NewDecoder(r.Body).Decode(&kw); err != nil {
		panic(err)
	}
	var bad *odooError
	result := any(nil)
	parts := strings.Split(r.URL.Path, "/")
	if r.Header.Get("Authorization") != "bearer "+f.key || f.fault.Kind == sourcetest.Unauthorized {
		bad = &odooError{"werkzeug.exceptions.Unauthorized", "Invalid apikey", http.StatusUnauthorized}
	} else {
		domain, _ := kw["domain"].([]any)
		result, bad = f.run(parts[3], parts[4], domain, kw)
	}
	if bad != nil {
		return bad.status, row{"name": bad.name, "message": bad.text, "arguments": []any{bad.text, bad.status}, "context": row{}, "debug": "Traceback " + r.Header.Get("Authorization")}
	}
	return http.StatusOK, result
}

// run executes a model's method.
func (f *odooFake) run(model, method string, domain []any, kw row) (any, *odooError) {
	f.calls = append(f.calls, model+"."+method)
	types := f.types[model]
	if types == nil {
		if f.version >= 19 {
			return nil, &odooError{"werkzeug.exceptions.NotFound", fmt.Sprintf("the model '%s' does not exist", model), http.StatusNotFound}
		}
		return nil, &odooError{"builtins.KeyError", model, 0}
	}
	if method == "fields_get" {
		out := row{}
		for name, kind := range types {
			rel := ""
			if k, to, ok := strings.Cut(kind, ":"); ok {
				kind, rel = k, to
			} else if strings.Contains(kind, ".") {
				kind, rel = "many2one", kind
			}
			out[name] = row{"type": kind, "string": name, "relation": rel}
		}
		return out, nil
	}
	if f.denied[model] || f.fault.Kind == sourcetest.Forbidden {
		return nil, &odooError{"odoo.exceptions.AccessError", "You are not allowed to access '" + model + "' records.\n\nContact your administrator to request access.", http.StatusForbidden}
	}
	if lang, _ := kw["context"].(row); lang["lang"] == "zh_CN" {
		return nil, &odooError{"odoo.exceptions.UserError", "Invalid language code: zh_CN", http.StatusUnprocessableEntity}
	}
	archived, _ := kw["context"].(row)
	var hits []row
	for _, r := range f.models[model] {
		if (archived["active_test"] == false || r["active"] != false) && f.matches(model, r, domain) {
			hits = append(hits, r)
		}
	}
	if method == "search_count" {
		return len(hits), nil
	}
	order, _ := kw["order"].(string)
	slices.SortStableFunc(hits, func(a, b row) int {
		if order == "write_date desc" {
			return b["write_date"].(time.Time).Compare(a["write_date"].(time.Time))
		}
		return a["id"].(int) - b["id"].(int)
	})
	if limit, ok := kw["limit"].(float64); ok {
		hits = hits[:min(int(limit), len(hits))]
	}
	if model == "mail.message" {
		hits = slices.DeleteFunc(slices.Clone(hits), func(r row) bool { return f.hidden[r["id"].(int)] })
	}
	out := []any{}
	for _, r := range hits {
		if method == "search" {
			out = append(out, r["id"])
			continue
		}
		one := row{"id": r["id"]}
		fields, _ := kw["fields"].([]any)
		for _, v := range fields {
			name := v.(string)
			if types[name] == "" {
				return nil, &odooError{"builtins.ValueError", fmt.Sprintf("Invalid field '%s' on model '%s'", name, model), http.StatusInternalServerError}
			}
			one[name] = false
			switch v := r[name].(type) {
			case nil:
			case time.Time:
				one[name] = v.Format("2006-01-02 15:04:05")
			default:
				one[name] = v
			}
			if one[name] == false && (types[name] == "integer" || types[name] == "float" || types[name] == "monetary") {
				one[name] = 0
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// matches evaluates a domain in Polish notation.
func (f *odooFake) matches(model string, r row, domain []any) bool {
	ok := true
	for rest := domain; len(rest) > 0; {
		var one bool
		one, rest = f.term(model, r, rest)
		ok = ok && one
	}
	return ok
}

func (f *odooFake) term(model string, r row, d []any) (bool, []any) {
	switch op := d[0]; op {
	case "&", "|":
		a, rest := f.term(model, r, d[1:])
		b, rest := f.term(model, r, rest)
		return op == "&" && a && b || op == "|" && (a || b), rest
	}
	leaf := d[0].([]any)
	path, op, want := leaf[0].(string), leaf[1].(string), leaf[2]
	field, deeper, dotted := strings.Cut(path, ".")
	kind := f.types[model][field]
	if kind == "" {
		panic(fmt.Sprintf("%s has no field %s to search by", model, field))
	}
	have := r[field]
	if dotted {
		id, _ := have.([]any)
		for _, to := range f.models[kind] {
			if len(id) > 0 && to["id"] == id[0] {
				ok, _ := f.term(kind, to, []any{[]any{deeper, op, want}})
				return ok, d[1:]
			}
		}
		return op == "=" && want == false, d[1:] // nothing there
	}
	if v, ok := have.([]any); ok {
		have = v[0]
	}
	if have == nil {
		have = false
	}
	switch op {
	case "in", "not in":
		return slices.ContainsFunc(want.([]any), func(w any) bool { return same(have, w) }) == (op == "in"), d[1:]
	case "=":
		return same(have, want), d[1:]
	case "!=":
		return !same(have, want), d[1:]
	}
	var c int
	switch v := have.(type) {
	case time.Time:
		at, err := time.Parse("2006-01-02 15:04:05", want.(string)) // 12:00:00.3 is after 12:00:00
		if err != nil {
			panic(err)
		}
		c = v.Compare(at)
	case string:
		c = cmp.Compare(v, want.(string))
	case int:
		c = cmp.Compare(float64(v), want.(float64))
	default:
		return false, d[1:]
	}
	return op == ">" && c > 0 || op == ">=" && c >= 0 || op == "<=" && c <= 0, d[1:]
}

func same(have, want any) bool {
	if n, ok := have.(int); ok {
		return float64(n) == want
	}
	return have == want
}
