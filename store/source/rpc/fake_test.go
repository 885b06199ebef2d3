package rpc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store/source/sourcetest"
)

// fake is a Tryton server as far as this package calls one: models of rows, domains, order, history and sessions. Its clock is its own and moves a
// second with each write.
type fake struct {
	*httptest.Server
	password string

	mu      sync.Mutex
	clock   time.Time
	tie     bool
	noDate  bool
	session int
	logins  int
	calls   []string
	models  map[string][]map[string]any
	history map[int64][]past // of sale.opportunity
	fault   sourcetest.Fault
	hang    chan struct{}
}

type past struct {
	at  time.Time
	row map[string]any
}

func newFake(t testing.TB) *fake {
	f := &fake{password: "canary-5Quince", clock: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), history: map[int64][]past{}, hang: make(chan struct{})}
	f.models = map[string][]map[string]any{
		"company.company":  {{"id": 1, "party": 1, "party.": map[string]any{"name": "海川智控有限公司"}}},
		"company.employee": {{"id": 1, "party": 2, "company": 1, "party.": map[string]any{"name": "李敏", "email": "li@crm.test", "phone": "021-5550101", "mobile": "13800000008"}}},
		"party.address":    {{"id": 1, "party": 3, "city": "上海"}},
	}
	f.put("party.party", map[string]any{"id": 1, "name": "海川智控有限公司", "addresses": []any{}}, map[string]any{"id": 2, "name": "李敏", "addresses": []any{}},
		map[string]any{"id": 3, "name": "华东电力", "addresses": []any{1}})
	f.put("party.contact_mechanism", map[string]any{"id": 1, "party": 3, "type": "email", "value": "buyer@crm.test"})
	f.stamp("company.company", "company.employee", "party.address")
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() {
		close(f.hang)
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

func (f *fake) stamp(models ...string) {
	for _, m := range models {
		for _, r := range f.models[m] {
			r["create_date"], r["write_date"] = f.clock, nil
		}
	}
}

// put creates rows, or writes those whose id is there.
func (f *fake) put(model string, rows ...map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rows {
		if !f.tie {
			f.clock = f.clock.Add(time.Second)
		}
		id := r["id"]
		i := slices.IndexFunc(f.models[model], func(o map[string]any) bool { return o["id"] == id })
		at := f.clock
		if i < 0 {
			full := map[string]any{"create_date": f.clock, "write_date": nil}
			for k, v := range r {
				full[k] = v
			}
			if d, ok := full["at"].(time.Time); ok { // a clock that was wrong
				full["create_date"], at = d, d
			}
			f.models[model] = append(f.models[model], full)
			i = len(f.models[model]) - 1
		} else {
			for k, v := range r {
				f.models[model][i][k] = v
			}
			f.models[model][i]["write_date"] = f.clock
		}
		if model == "sale.opportunity" {
			row := map[string]any{}
			for k, v := range f.models[model][i] {
				row[k] = v
			}
			n := int64(id.(int))
			f.history[n] = append(f.history[n], past{at, row})
		}
	}
}

func (f *fake) remove(model string, id int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.models[model] = slices.DeleteFunc(f.models[model], func(r map[string]any) bool { return r["id"] == id })
}

// opportunity is a row as Tryton keeps it.
func opportunity(id int, state, amount string) map[string]any {
	return map[string]any{"id": id, "number": fmt.Sprint(id), "description": fmt.Sprintf("扩容项目 %04d", id), "party": 3, "employee": 1, "company": 1,
		"currency.": map[string]any{"code": "CNY"}, "amount": dec(amount), "state": state, "start_date": date("2026-01-05"), "end_date": date("2026-12-31"),
		"conversion_probability": 0.5}
}

func dec(s string) map[string]any { return map[string]any{"__class__": "Decimal", "decimal": s} }

func date(s string) map[string]any {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return map[string]any{"__class__": "date", "year": d.Year(), "month": int(d.Month()), "day": d.Day()}
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header()["Date"] = nil
	if !f.noDate {
		w.Header().Set("Date", f.clock.Format(http.TimeFormat))
	}
	var req struct {
		Method string
		Params []any
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.calls = append(f.calls, req.Method)
	switch f.fault.Kind {
	case sourcetest.ServerError:
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	case sourcetest.HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
		return
	case sourcetest.Throttle:
		w.Header().Set("Retry-After", f.fault.RetryAfter)
		http.Error(w, "<h1>Too many</h1>", http.StatusTooManyRequests)
		return
	case sourcetest.Unauthorized:
		http.Error(w, "<h1>Unauthorized</h1>", http.StatusUnauthorized)
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
	result, fault := any(nil), any(nil)
	if req.Method == "common.db.login" {
		if p, _ := req.Params[1].(map[string]any); p["password"] != f.password {
			http.Error(w, "<h1>Unauthorized</h1>", http.StatusUnauthorized)
			return
		}
		f.session++
		f.logins++
		result = []any{7, fmt.Sprintf("token-%d", f.session)}
	} else if want := "Session " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "sync:7:token-%d", f.session)); r.Header.Get("Authorization") != want {
		http.Error(w, "", http.StatusUnauthorized)
		return
	} else if f.fault.Kind == sourcetest.Forbidden {
		fault = []any{"UserError", []any{"You are not allowed to access \"Opportunity\".", "", nil}}
	} else {
		result, fault = f.answer(req.Method, req.Params)
	}
	b, err := json.Marshal(map[string]any{"id": 1, "result": wire(result), "error": fault})
	if err != nil {
		panic(err)
	}
	if fault == nil {
		b, _ = json.Marshal(map[string]any{"id": 1, "result": wire(result)})
	}
	w.Header().Set("Content-Type", "application/json")
	if f.fault.Kind == sourcetest.Cut {
		w.Write(b[:len(b)/2])
		return
	}
	w.Write(b)
}

// wire writes times as Tryton does.
func wire(v any) any {
	switch v := v.(type) {
	case time.Time:
		return moment(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = wire(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = wire(v[k])
		}
		return out
	}
	return v
}

func (f *fake) answer(method string, params []any) (result, fault any) {
	if method == "model.res.user.get_preferences" {
		return map[string]any{"company": 1, "language": "zh_CN"}, nil
	}
	name := strings.TrimPrefix(method, "model.")
	dot := strings.LastIndexByte(name, '.')
	model, verb := name[:dot], name[dot+1:]
	rows := f.models[model]
	switch verb {
	case "search_count":
		return len(slices.DeleteFunc(slices.Clone(rows), func(r map[string]any) bool { return !holds(r, params[0].([]any)) })), nil
	case "history_revisions":
		out := []any{}
		for _, id := range params[0].([]any) {
			for _, p := range f.history[int64(id.(float64))] {
				out = append(out, []any{p.at, id, "Administrator"})
			}
		}
		return out, nil
	case "read":
		at := decoded(params[2].(map[string]any)["_datetime"]).(time.Time)
		out := []any{}
		for _, id := range params[0].([]any) {
			row := map[string]any(nil)
			for _, p := range f.history[int64(id.(float64))] {
				if !p.at.After(at) {
					row = p.row
				}
			}
			if row == nil || row["description"] == "unreadable" {
				return nil, []any{"AccessError", []any{"no such record", ""}}
			}
			out = append(out, row)
		}
		return out, nil
	}
	var hits []map[string]any
	for _, r := range rows {
		if holds(r, params[0].([]any)) {
			hits = append(hits, r)
		}
	}
	if order, ok := params[3].([]any); ok {
		slices.SortStableFunc(hits, func(a, b map[string]any) int {
			for _, o := range order {
				c := compare(a[o.([]any)[0].(string)], b[o.([]any)[0].(string)])
				if o.([]any)[1] == "DESC" {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
			return 0
		})
	}
	if limit, ok := params[2].(float64); ok {
		hits = hits[:min(int(limit), len(hits))]
	}
	out := []any{}
	for _, r := range hits {
		if verb == "search" {
			out = append(out, r["id"])
		} else {
			out = append(out, r)
		}
	}
	return out, nil
}

// holds evaluates a Tryton domain.
func holds(row map[string]any, domain []any) bool {
	if len(domain) == 0 {
		return true
	}
	if field, ok := domain[0].(string); ok && field != "OR" && field != "AND" {
		have, want := row[field], decoded(domain[2])
		switch domain[1] {
		case "in":
			return slices.ContainsFunc(want.([]any), func(w any) bool { return compare(have, w) == 0 })
		case "=":
			return want == nil && have == nil || want != nil && have != nil && compare(have, want) == 0
		case "!=":
			return want == nil && have != nil
		}
		if have == nil {
			return false
		}
		c := compare(have, want)
		return map[string]bool{">": c > 0, ">=": c >= 0, "<=": c <= 0}[domain[1].(string)]
	}
	or := domain[0] == "OR"
	if or {
		domain = domain[1:]
	}
	for _, d := range domain {
		if holds(row, d.([]any)) == or {
			return or
		}
	}
	return !or
}

// decoded reads a parameter's typed objects.
func decoded(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	n := func(k string) int { f, _ := m[k].(float64); return int(f) }
	return time.Date(n("year"), time.Month(n("month")), n("day"), n("hour"), n("minute"), n("second"), n("microsecond")*1000, time.UTC)
}

func compare(a, b any) int {
	if x, ok := a.(time.Time); ok {
		y, _ := b.(time.Time)
		return x.Compare(y)
	}
	num := func(v any) float64 {
		switch v := v.(type) {
		case int:
			return float64(v)
		case float64:
			return v
		}
		return -1
	}
	return int(num(a) - num(b))
}
