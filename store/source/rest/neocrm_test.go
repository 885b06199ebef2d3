package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// xoqlError is how Neocrm is believed to say that something is wrong.
func xoqlError(code, text string) sourcetest.Reply {
	return sourcetest.Reply{Body: sourcetest.Row{"code": code, "msg": text + " " + canary}}
}

var xoql = regexp.MustCompile(`^select (\S+) from (\w+)(?: where updatedAt >= (\d+)(?: and updatedAt <= (\d+))?)?$`)

// neocrmSpeech is a server that talks as Neocrm is believed to do: a form with a query gives a batch and where it goes on, in what was there when it was asked. Rows of a
// stream are those of the object of that name.
func neocrmSpeech() sourcetest.Speech {
	signsIn := func(r *http.Request) bool { return r.URL.Path == "/auc/oauth2/token" }
	var scrolls [][]sourcetest.Row
	batch := func(scroll, from, size int) sourcetest.Reply {
		all := scrolls[scroll]
		to := min(from+min(max(size, 1), 2000), len(all))
		body := sourcetest.Row{"code": "200", "msg": "OK", "data": sourcetest.Row{"totalSize": len(all), "count": to - from, "records": all[from:to]}, "queryLocator": ""}
		if to < len(all) {
			body["queryLocator"] = fmt.Sprintf("%d:%d", scroll, to)
		}
		return sourcetest.Reply{Body: body}
	}
	return sourcetest.Speech{
		SignsIn: signsIn,
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			q, err := url.ParseQuery(string(body))
			if err != nil {
				return xoqlError("400", "bad form")
			}
			if signsIn(r) {
				if q.Get("grant_type") != "password" || q.Get("client_id") != "app" || q.Get("client_secret") != d.Secret() || q.Get("username") != "sync" ||
					q.Get("password") != d.Secret()+d.Secret() {
					return sourcetest.Reply{Status: http.StatusBadRequest, Body: sourcetest.Row{"error": "invalid_grant"}}
				}
				return sourcetest.Reply{Body: sourcetest.Row{"access_token": d.Grant(), "token_type": "Bearer"}}
			}
			if !d.Knows(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
				return xoqlError("20000002", "access_token is invalid")
			}
			if object, ok := strings.CutPrefix(r.URL.Path, "/rest/data/v2.0/xobjects/"); ok {
				fields, known := []sourcetest.Row{}, map[string]bool{"updatedAt": true}
				for _, row := range d.Rows(strings.TrimSuffix(object, "/description")) {
					for k := range row {
						known[strings.Split(k, ".")[0]] = true
					}
				}
				for k := range known {
					fields = append(fields, sourcetest.Row{"apiKey": k, "label": k, "type": "text"})
				}
				return sourcetest.Reply{Body: sourcetest.Row{"code": 200, "msg": "OK", "data": sourcetest.Row{"apiKey": object, "fields": fields}}}
			}
			size, _ := strconv.Atoi(q.Get("batchCount"))
			if at := q.Get("queryLocator"); at != "" {
				var scroll, from int
				if _, err := fmt.Sscanf(at, "%d:%d", &scroll, &from); err != nil || scroll >= len(scrolls) {
					return xoqlError("500", "queryLocator is invalid")
				}
				return batch(scroll, from, size)
			}
			m := xoql.FindStringSubmatch(q.Get("xoql"))
			if m == nil {
				return xoqlError("300001", "xoql syntax error")
			}
			since, _ := strconv.ParseInt(m[3], 10, 64)
			until, err := strconv.ParseInt(m[4], 10, 64)
			all := []sourcetest.Row{}
			for _, row := range d.Rows(m[2]) {
				row["updatedAt"] = sourcetest.Changed(row).UnixMilli()
				if at := row["updatedAt"].(int64); at < since || err == nil && at > until {
					continue
				}
				out := sourcetest.Row{}
				for _, k := range strings.Split(m[1], ",") {
					v, ok := row[k]
					if !ok {
						return xoqlError("300002", "unknown field "+k)
					}
					out[k] = v
				}
				all = append(all, out)
			}
			scrolls = append(scrolls, all)
			return batch(len(scrolls)-1, 0, size)
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  xoqlError("500", "系统异常"),
			sourcetest.Throttle:     xoqlError("429", "调用过于频繁"),
			sourcetest.Unauthorized: xoqlError("20000002", "access_token is invalid"),
			sourcetest.Forbidden:    xoqlError("403", "没有权限"),
			sourcetest.Gone:         xoqlError("500", "queryLocator is invalid"),
		},
	}
}

var neocrmStages = map[string]int{"lead": 1201, "won": 1209, "lost": 1210}

func neocrmRow(id int, name, stage string, cents int64) sourcetest.Row {
	return sourcetest.Row{
		"id": id, "opportunityName": name, "accountId": 7, "ownerId": 8, "saleStageId": neocrmStages[stage], "money": json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100)),
		"closeDate": 1777564800000, "createdAt": 1772352000000,
	}
}

func neocrmConfig(t testing.TB, url string) Config {
	return Config{
		Spec: "neocrm", User: "sync", Vars: map[string]string{"login": url + "/auc/oauth2/token", "client_id": "app"},
		Secrets:     map[string]source.Secret{"client_secret": fileRef(t, canary), "password": fileRef(t, canary), "security_token": fileRef(t, canary)},
		StageValues: map[string]string{"1201": "lead", "1209": "won", "1210": "lost"}, Streams: []string{"deals"},
	}
}

func TestNeocrm_Contract(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: canary, Wait: time.Minute,
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			srv := sourcetest.NewServer(t, canary)
			srv.Speak(neocrmSpeech())
			next := 0
			add := func(n int) (ids []store.ID) {
				for range n {
					next++
					r := neocrmRow(next, fmt.Sprintf("扩容 %d", next), "lead", int64(next))
					switch {
					case rows == sourcetest.Hostile:
						r["opportunityName"] = "\x1b[2J\u202e\x00" + string([]byte{0xff}) + "扩容\u0085"
					case rows == sourcetest.FarDate && next == 5:
						r["updated_at"], r["closeDate"] = "2999-01-01T00:00:00Z", 32472144000000
					}
					srv.Put("opportunity", r)
					ids = append(ids, store.MakeID("crm", fmt.Sprint(next)))
				}
				return ids
			}
			srv.Tie(rows == sourcetest.Ties)
			open := func() source.Source { return vendor(t, neocrmConfig(t, srv.URL), srv.URL) }
			w := sourcetest.World{Source: open(), Want: add(n), Reopen: open, Break: srv.Break, Heal: srv.Heal, Add: add, Now: srv.Now, Later: srv.Later}
			srv.Tie(false)
			return w
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Gone, sourcetest.Hang,
			sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties,
		},
	})
}

func TestNeocrm_Play(t *testing.T) {
	t.Parallel()
	rnd := storetest.Rand(t)
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(neocrmSpeech())
	srv.Issue(sourcetest.Issue{Requests: 15})
	cfg := neocrmConfig(t, srv.URL)
	cfg.PageSize = 7
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "crm", Now: srv.Now, Stages: []string{"lead", "won", "lost"}, Secret: canary,
		Open: func() source.Source { return vendor(t, cfg, srv.URL) },
		Put: func(tie bool, deals ...sourcetest.Deal) {
			srv.Tie(tie)
			for _, d := range deals {
				srv.Put("opportunity", neocrmRow(d.ID, d.Name, d.Stage, d.Cents))
			}
			srv.Tie(false)
		},
		Delete: func(id int) { srv.Delete("opportunity", "deal", fmt.Sprint(id)) },
		Late: func(d sourcetest.Deal) func() {
			return srv.Begin("opportunity", neocrmRow(d.ID, d.Name, d.Stage, d.Cents))
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Gone, sourcetest.Hang,
		},
		Break: srv.Break, Heal: srv.Heal,
	})
	if srv.Tokens() < 5 {
		t.Errorf("%d tokens were given out: this proved nothing", srv.Tokens())
	}
}

// Answers as they are believed to be.
func TestNeocrm_Shapes(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(neocrmSpeech())
	put := func(object string, row sourcetest.Row) { srv.Put(object, row) }
	put("department", sourcetest.Row{"id": 1, "departName": "海川智控", "parentDepartId": 0})
	put("department", sourcetest.Row{"id": 2, "departName": "华东", "parentDepartId": sourcetest.Row{"id": 1}})
	put("department", sourcetest.Row{"id": 3, "departName": "苏州", "parentDepartId": 2})
	put("user", sourcetest.Row{"id": 8, "name": "李四", "email": "li@example.com", "phone": "13800000006", "dimDepart": 3})
	put("product", sourcetest.Row{"id": 5, "productName": "给水泵"})
	put("account", sourcetest.Row{"id": 7, "accountName": "哈汽", "ownerId": 8, "industryId": []string{"装备制造"}, "parentAccountId": nil, "createdAt": 1772352000000, "customItem1__c": "重点"})
	put("contact", sourcetest.Row{"id": 6, "contactName": "马工", "accountId": 7, "post": "总工", "email": "m@example.com", "mobile": "1"})
	put("opportunity", neocrmRow(9, "哈尔滨汽轮机", "won", 1234567890123456))
	put("activityRecord", sourcetest.Row{"id": 4, "content": "现场看泵", "ownerId": 8, "startTime": 1772430000000, "activityRecordFrom": 3, "activityRecordFrom_data": 9, "createdAt": 1772440000000})
	put("orderProduct", sourcetest.Row{"id": 3, "orderId.accountId": 7, "orderId.ownerId": 8, "orderId.transactionDate": 1772380800000, "productId": 5, "quantity": 2, "priceTotal": 2000})
	cfg := neocrmConfig(t, srv.URL)
	cfg.Streams, cfg.Extra = nil, map[string][]string{"accounts": {"customItem1__c"}}
	s := vendor(t, cfg, srv.URL)
	read := func(stream store.Stream) source.Page {
		t.Helper()
		p, err := s.Fetch(t.Context(), source.Request{Stream: stream, Now: srv.Now()})
		if err != nil || len(p.Issues) != 0 || p.More {
			t.Fatalf("%s: %v, %+v", stream, err, p.Issues)
		}
		return p
	}
	if p := read("units"); !reflect.DeepEqual(p.Units, []store.Unit{
		{ID: "crm:dept/1", Name: "海川智控", Kind: store.UnitCompany}, {ID: "crm:dept/2", Parent: "crm:dept/1", Name: "华东", Kind: store.UnitRegion},
		{ID: "crm:dept/3", Parent: "crm:dept/2", Name: "苏州", Kind: store.UnitTeam},
	}) {
		t.Errorf("units %+v", p.Units)
	}
	if p := read("people"); !reflect.DeepEqual(p.People, []store.Person{{ID: "crm:8", Unit: "crm:dept/3", Name: "李四", Email: "li@example.com", Phone: "13800000006"}}) {
		t.Errorf("people %+v", p.People)
	}
	if p := read("products"); !reflect.DeepEqual(p.Products, []store.Product{{ID: "crm:5", Name: "给水泵"}}) {
		t.Errorf("products %+v", p.Products)
	}
	if a := read("accounts").Accounts; len(a) != 1 || a[0].Owner != "crm:8" || a[0].Industry != "装备制造" || a[0].Created != store.Date(2026, 3, 1) || a[0].Extra["customItem1__c"] != "重点" {
		t.Errorf("accounts %+v", a)
	}
	if c := read("contacts").Contacts; len(c) != 1 || c[0].Account != "crm:7" || c[0].Role != "总工" {
		t.Errorf("contacts %+v", c)
	}
	if d := read("deals").Deals; len(d) != 1 || d[0].Stage != "won" || d[0].Amount.Minor != 1234567890123456 || d[0].Close != store.Date(2026, 5, 1) || d[0].Owner != "crm:8" {
		t.Errorf("deals %+v", d)
	}
	if c := read("touches").Touches; len(c) != 1 || c[0].Deal != "crm:9" || c[0].Account != "" || c[0].Rep != "crm:8" || !c[0].At.Equal(time.UnixMilli(1772430000000)) {
		t.Errorf("touches %+v", c)
	}
	if l := read("sales").Sales; len(l) != 1 || l[0].Account != "crm:7" || l[0].Amount.Minor != 200000 || l[0].Day != store.Date(2026, 3, 2) {
		t.Errorf("sales %+v", l)
	}
	// A field that the tenant does not have is left out and told; "*" are all of the tenant's own.
	cfg.Extra = map[string][]string{"deals": {"customItem1__c"}, "accounts": {"*"}}
	s = vendor(t, cfg, srv.URL)
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now()})
	if err != nil || len(p.Deals) != 1 || len(p.Issues) != 1 || p.Issues[0].Field != "customItem1__c" {
		t.Errorf("an unknown field: %v, %d deals, %+v", err, len(p.Deals), p.Issues)
	}
	if a := read("accounts").Accounts; len(a) != 1 || a[0].Extra["customItem1__c"] != "重点" {
		t.Errorf("all fields of the tenant's own: %+v", a)
	}
	// A stage that nobody has mapped is an issue that shows the tenant's number.
	cfg.Extra, cfg.StageValues = nil, nil
	p, err = vendor(t, cfg, srv.URL).Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now()})
	if err != nil || len(p.Issues) != 1 || p.Issues[0].Field != "stage" || !slices.ContainsFunc(p.Deals, func(d store.Deal) bool { return d.Extra["stage"] == "1209" }) {
		t.Errorf("%v, issues %+v", err, p.Issues)
	}
}
