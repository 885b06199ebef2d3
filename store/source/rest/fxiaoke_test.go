package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// wrong is how Fxiaoke says that something is.
func wrong(code int, text string) sourcetest.Reply {
	return sourcetest.Reply{Body: sourcetest.Row{"errorCode": code, "errorMessage": text + " " + canary, "errorDescription": text, "traceId": "E-O.fktest"}}
}

// fxiaokeSpeech is a server that talks as Fxiaoke does: all is a POST whose body bears the token, and a success by its status; objects are queried by filters, orders
// and an offset. Rows of a stream are of the object of that name.
func fxiaokeSpeech() sourcetest.Speech {
	ok := func(body sourcetest.Row) sourcetest.Reply {
		body["errorCode"], body["errorMessage"], body["traceId"] = 0, "success", "E-O.fktest"
		return sourcetest.Reply{Body: body}
	}
	signsIn := func(r *http.Request) bool {
		return r.URL.Path == "/cgi/corpAccessToken/get/V2" || r.URL.Path == "/cgi/user/getByMobile"
	}
	return sourcetest.Speech{
		SignsIn: signsIn,
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			var q struct {
				AppID, AppSecret, PermanentCode, CorpAccessToken, CorpID, CurrentOpenUserID, Mobile string
				Data                                                                                struct {
					DataObjectAPIName string          `json:"dataObjectApiName"`
					Query             fxiaokeQuestion `json:"search_query_info"`
				}
			}
			if err := json.Unmarshal(body, &q); err != nil {
				return wrong(10001, "参数错误")
			}
			switch {
			case r.URL.Path == "/cgi/corpAccessToken/get/V2":
				if q.AppID != "FSAID_1" || q.AppSecret != d.Secret() || q.PermanentCode != d.Secret() {
					return wrong(10006, "appId或appSecret错误")
				}
				return ok(sourcetest.Row{"corpAccessToken": d.Grant(), "corpId": "FSCID_1", "expiresIn": 7200})
			case r.URL.Path == "/cgi/user/getByMobile":
				return ok(sourcetest.Row{"empList": []any{sourcetest.Row{"name": "同步", "openUserId": "FSUID_SYNC"}}})
			case !d.Knows(q.CorpAccessToken) || q.CorpID != "FSCID_1" || q.CurrentOpenUserID != "FSUID_SYNC":
				return wrong(20016, "corpAccessToken不存在或者已经过期")
			case r.URL.Path != "/cgi/crm/v2/data/query":
				return wrong(404, "接口不存在")
			}
			return ok(sourcetest.Row{"data": q.Data.Query.answer(d.Rows(q.Data.DataObjectAPIName))})
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  wrong(-1, "系统繁忙"),
			sourcetest.Throttle:     wrong(10011, "接口调用频率超限"),
			sourcetest.Limit200:     wrong(10011, "请求过于频繁"),
			sourcetest.Unauthorized: wrong(20016, "corpAccessToken不存在或者已经过期"),
			sourcetest.Forbidden:    wrong(10012, "没有该对象的查看权限"),
		},
	}
}

type fxiaokeQuestion struct {
	Offset, Limit int
	Orders        []struct {
		FieldName string
		IsAsc     bool
	}
	Filters []struct {
		FieldName   string `json:"field_name"`
		Operator    string
		FieldValues []any `json:"field_values"`
	}
}

func (q fxiaokeQuestion) answer(rows []sourcetest.Row) sourcetest.Row {
	var all []sourcetest.Row
	for _, r := range rows {
		r["last_modified_time"] = sourcetest.Changed(r).UnixMilli()
		if _, ok := r["life_status"]; !ok {
			r["life_status"] = "normal"
		}
		if q.admits(r) {
			all = append(all, r)
		}
	}
	for _, o := range slices.Backward(q.Orders) {
		slices.SortStableFunc(all, func(a, b sourcetest.Row) int { return compare(a[o.FieldName], b[o.FieldName]) })
	}
	from := min(q.Offset, len(all))
	page := all[from:min(from+min(max(q.Limit, 1), 100), len(all))]
	return sourcetest.Row{"dataList": append([]sourcetest.Row{}, page...), "total": len(all), "offset": q.Offset, "limit": q.Limit}
}

func (q fxiaokeQuestion) admits(r sourcetest.Row) bool {
	for _, f := range q.Filters {
		c := compare(r[f.FieldName], f.FieldValues[0])
		switch f.Operator {
		case "GTE":
			if c < 0 {
				return false
			}
		case "LTE":
			if c > 0 {
				return false
			}
		case "GT":
			if c <= 0 {
				return false
			}
		case "N":
			if c == 0 {
				return false
			}
		case "IN":
			if !slices.ContainsFunc(f.FieldValues, func(v any) bool { return compare(r[f.FieldName], v) == 0 }) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// compare orders numbers as numbers and all else as text.
func compare(a, b any) int {
	number := func(v any) (float64, bool) {
		switch v := v.(type) {
		case int64:
			return float64(v), true
		case float64:
			return v, true
		}
		return 0, false
	}
	x, ok := number(a)
	if y, also := number(b); ok && also {
		return cmp.Compare(x, y)
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

const fxiaokeDeal = "NewOpportunityObj"

// fxiaokeRow is a deal as Fxiaoke has it.
func fxiaokeRow(id int, name, stage string, cents int64) sourcetest.Row {
	status := map[string]string{"won": "2", "lost": "3"}[stage]
	return sourcetest.Row{
		"id": id, "_id": fmt.Sprintf("%06d", id), "name": name, "sales_stage": map[string]string{"lead": "1", "won": "5", "lost": "6"}[stage], "sales_status": cmp.Or(status, "1"),
		"amount": fmt.Sprintf("%d.%02d", cents/100, cents%100), "account_id": "A1", "owner": []string{"FSUID_7"}, "close_date": 1777564800000, "create_time": 1772352000000,
		"is_deleted": false, "object_describe_api_name": fxiaokeDeal, "campaign__c": "1", "campaign__c__r": "春季",
	}
}

func fxiaokeConfig(t testing.TB) Config {
	return Config{
		Spec: "fxiaoke", User: "13800000000", Vars: map[string]string{"app_id": "FSAID_1"},
		Secrets: map[string]source.Secret{"app_secret": fileRef(t, canary), "permanent_code": fileRef(t, canary)},
	}
}

func TestFxiaoke_Contract(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: canary, Repeats: true, Wait: 20 * time.Second,
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			srv := sourcetest.NewServer(t, canary)
			srv.Speak(fxiaokeSpeech())
			next := 0
			add := func(n int) (ids []store.ID) {
				for range n {
					next++
					r := fxiaokeRow(next, fmt.Sprintf("扩容 %d", next), "lead", int64(next))
					switch {
					case rows == sourcetest.Hostile:
						r["name"], r["campaign__c__r"] = "\x1b[2J\u202e\x00"+string([]byte{0xff})+"扩容\u0085", "\x9b31m"
					case rows == sourcetest.FarDate && next == 5:
						r["updated_at"], r["close_date"] = "2999-01-01T00:00:00Z", 32472144000000
					}
					srv.Put(fxiaokeDeal, r)
					ids = append(ids, store.MakeID("crm", r["_id"].(string)))
				}
				return ids
			}
			srv.Tie(rows == sourcetest.Ties)
			open := func() source.Source { return vendor(t, fxiaokeConfig(t), srv.URL) }
			w := sourcetest.World{Source: open(), Want: add(n), Reopen: open, Break: srv.Break, Heal: srv.Heal, Add: add, Now: srv.Now, Later: srv.Later}
			srv.Tie(false)
			w.Delete = func() store.ID { // voided, as people do it
				r := fxiaokeRow(3, "x", "lead", 1)
				r["life_status"] = "invalid"
				srv.Put(fxiaokeDeal, r)
				return "crm:000003"
			}
			return w
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Hostile,
			sourcetest.FarDate, sourcetest.Ties,
		},
	})
}

// What people delete is voided or gone altogether.
func TestFxiaoke_Play(t *testing.T) {
	t.Parallel()
	rnd := storetest.Rand(t)
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(fxiaokeSpeech())
	srv.Issue(sourcetest.Issue{Requests: 30})
	put := func(d sourcetest.Deal) { srv.Put(fxiaokeDeal, fxiaokeRow(d.ID, d.Name, d.Stage, d.Cents)) }
	cfg := fxiaokeConfig(t)
	cfg.Streams, cfg.PageSize = []string{"deals"}, 7
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "crm", Now: srv.Now, Stages: []string{"lead", "won", "lost"}, Secret: canary,
		Open: func() source.Source { return vendor(t, cfg, srv.URL) },
		Put: func(tie bool, deals ...sourcetest.Deal) {
			srv.Tie(tie)
			for _, d := range deals {
				put(d)
			}
			srv.Tie(false)
		},
		Delete: func(id int) {
			if id%2 == 0 {
				srv.Delete(fxiaokeDeal, "deal", fmt.Sprint(id))
				return
			}
			r := fxiaokeRow(id, "x", "lead", 1)
			r["life_status"] = "invalid"
			srv.Put(fxiaokeDeal, r)
		},
		Late: func(d sourcetest.Deal) func() {
			return srv.Begin(fxiaokeDeal, fxiaokeRow(d.ID, d.Name, d.Stage, d.Cents))
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Limit200, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang,
		},
		Break: srv.Break, Heal: srv.Heal,
	})
	if srv.Tokens() < 5 {
		t.Errorf("%d tokens were given out: this proved nothing", srv.Tokens())
	}
}

// Answers as the documentation has them.
func TestFxiaoke_Shapes(t *testing.T) {
	var asked []string
	srv := vendorOn(t, fxiaokeConfig(t), func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			DepartmentID int `json:"departmentId"`
			FetchChild   bool
			Data         struct {
				Object string          `json:"dataObjectApiName"`
				Query  json.RawMessage `json:"search_query_info"`
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		asked = append(asked, q.Data.Object+" "+string(q.Data.Query))
		list := func(rows string) {
			fmt.Fprintf(w, `{"errorCode":0,"errorMessage":"OK","traceId":"E-O","data":{"total":1,"offset":0,"limit":100,"dataList":[%s]}}`, rows)
		}
		switch r.URL.Path {
		case "/cgi/corpAccessToken/get/V2":
			fmt.Fprint(w, `{"corpAccessToken":"0C1B0D3C9A7C2D1E","corpId":"FSCID_1","expiresIn":7200,"errorCode":0,"errorMessage":"success"}`)
		case "/cgi/user/getByMobile":
			fmt.Fprint(w, `{"empList":[{"openUserId":"FSUID_SYNC","name":"同步"}],"errorCode":0}`)
		case "/cgi/department/list":
			fmt.Fprint(w, `{"departments":[{"id":1000,"name":"销售中心","parentId":0,"isStop":false,"order":1},{"id":1077,"name":"华东","parentId":1000,"isStop":false,"order":2},
				{"id":1078,"name":"旧部","parentId":1000,"isStop":true,"order":3}],"errorCode":0}`)
		case "/cgi/department/detail":
			fmt.Fprintf(w, `{"department":{"departmentId":%d,"parentDepartmentId":999999,"name":"x","isStop":false,"principalId":"FSUID_%d","status":1},"errorCode":0}`, q.DepartmentID, q.DepartmentID)
		case "/cgi/user/list":
			if q.DepartmentID != 999999 || !q.FetchChild {
				t.Errorf("asked %+v", q)
			}
			fmt.Fprint(w, `{"userList":[{"openUserId":"FSUID_7","name":"蒋小川","nickName":"川","isStop":false,"email":"j@example.com","mobile":"13800000005","position":"经理","mainDepartmentId":1077,
				"departmentIds":[1077],"leaderId":"FSUID_1077"},{"openUserId":"FSUID_8","name":"走了","isStop":true,"mainDepartmentId":1077}],"errorCode":0}`)
		default:
			switch q.Data.Object {
			case "NewOpportunityObj":
				list(`{"_id":"5ea6c76a442fcc00017ef9fe","name":"哈尔滨汽轮机","amount":"12345678901234.56","close_date":1777564800000,"account_id":"5ea6","account_id__r":"哈汽","sales_stage":"5",
					"sales_stage__r":"赢单","sales_status":"2","sales_status__r":"赢单","sales_process_id":"p","sales_process_id__r":"默认流程","probability":100,
					"owner":["FSUID_7"],"owner__r":{"name":"蒋小川","id":"1453"},"create_time":1772352000000,"last_modified_time":1772440000000,"stg_changed_time":1772430000000,
					"life_status":"normal","is_deleted":false,"record_type":"default__c","field_rU4l5__c":"2","field_rU4l5__c__r":"老客户","field_e8m3q__c":"12.5","UDImg1__c":[],"mc_currency":"USD"},
					{"_id":"void","life_status":"invalid","is_deleted":false,"last_modified_time":1772440000000,"stg_changed_time":1772430000000,"sales_stage":"1"}`)
			case "AccountObj":
				list(`{"_id":"5ea6","name":"哈汽","owner":["FSUID_7"],"industry_level1":"9","industry_level1__r":"装备制造","province":"248","province__r":"黑龙江","city":"249","city__r":"哈尔滨",
					"account_level__r":"重点","create_time":1588040003479,"last_modified_time":1772440000000,"life_status":"normal","is_deleted":false,"parent_account_id":""}`)
			case "ContactObj":
				list(`{"_id":"c1","name":"马工","account_id":"5ea6","job_title":"总工","email":"m@example.com","mobile1":"","tel1":"0451-1","last_modified_time":1772440000000,"life_status":"normal"}`)
			case "ProductObj":
				list(`{"_id":"p1","name":"给水泵","price":"1000.00","product_category_id__r":"泵","last_modified_time":1772440000000,"life_status":"normal"}`)
			case "ActiveRecordObj":
				list(`{"_id":"r1","active_record_content":"现场看泵","active_record_type":"1","active_record_type__r":"上门拜访","created_by":["FSUID_7"],"create_time":1772430000000,"account_id":"",
					"related_object_data":[{"describe_api_name":"AccountObj","id":"5ea6","name":"哈汽"},{"describe_api_name":"NewOpportunityObj","id":"5ea6c76a442fcc00017ef9fe"}],
					"last_modified_time":1772440000000,"life_status":"normal"}`)
			case "SalesOrderObj":
				list(`{"_id":"o1","account_id":"5ea6","owner":["FSUID_7"],"order_time":1772380800000,"last_modified_time":1772440000000,"life_status":"normal"},
					{"_id":"o2","account_id":"5ea6","owner":["FSUID_7"],"order_time":1772380800000,"last_modified_time":1772440000000,"life_status":"ineffective"}`)
			case "SalesOrderProductObj":
				if strings.Contains(string(q.Data.Query), `"offset":0`) {
					list(`{"_id":"l1","order_id":"o1","product_id":"p1","quantity":"2.00","subtotal":"2000.00","life_status":"normal"},{"_id":"l2","order_id":"o2","product_id":"p1","quantity":"1","subtotal":"1"}`)
				} else {
					list("")
				}
			}
		}
	})
	read := func(stream store.Stream) source.Page {
		t.Helper()
		p, err := srv.Fetch(t.Context(), source.Request{Stream: stream, Now: monday})
		if err != nil || len(p.Issues) != 0 {
			t.Fatalf("%s: %v, %+v", stream, err, p.Issues)
		}
		return p
	}
	if p := read("units"); !reflect.DeepEqual(p.Units, []store.Unit{
		{ID: "crm:1000", Name: "销售中心", Kind: store.UnitRegion, Manager: "crm:FSUID_1000"}, {ID: "crm:1077", Parent: "crm:1000", Name: "华东", Kind: store.UnitTeam, Manager: "crm:FSUID_1077"},
	}) {
		t.Errorf("units %+v", p.Units)
	}
	if p := read("people"); !reflect.DeepEqual(p.People, []store.Person{
		{ID: "crm:FSUID_7", Unit: "crm:1077", Name: "蒋小川", Email: "j@example.com", Phone: "13800000005", Title: "经理"}, {ID: "crm:FSUID_8", Unit: "crm:1077", Name: "走了", Inactive: true},
	}) {
		t.Errorf("people %+v", p.People)
	}
	p := read("deals")
	if !reflect.DeepEqual(p.Deals, []store.Deal{{
		ID: "crm:5ea6c76a442fcc00017ef9fe", Name: "哈尔滨汽轮机", Account: "crm:5ea6", Owner: "crm:FSUID_7", Stage: "won", Amount: store.Money{Minor: 1234567890123456, Currency: "USD"},
		Created: store.Date(2026, 3, 1), Close: store.Date(2026, 5, 1), Modified: time.UnixMilli(1772440000000),
		Extra: map[string]string{"field_rU4l5__c": "老客户", "field_e8m3q__c": "12.5", "process": "默认流程", "life_status": "normal"},
	}}) || !slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntityDeal, ID: "crm:void"}}) {
		t.Errorf("deals %+v, gone %v", p.Deals, p.Deleted)
	}
	if len(p.Changes) != 1 || p.Changes[0].To != "won" || p.Changes[0].Field != store.FieldStage || !p.Changes[0].At.Equal(time.UnixMilli(1772430000000)) {
		t.Errorf("changes %+v", p.Changes)
	}
	if a := read("accounts").Accounts; len(a) != 1 || a[0].Industry != "装备制造" || a[0].Region != "黑龙江" || a[0].Parent != "" || a[0].Extra["level"] != "重点" {
		t.Errorf("accounts %+v", a)
	}
	if c := read("contacts").Contacts; len(c) != 1 || c[0].Phone != "0451-1" || c[0].Role != "总工" {
		t.Errorf("contacts %+v", c)
	}
	if g := read("products").Products; len(g) != 1 || g[0].Price.String() != "1000.00 CNY" || g[0].Category != "泵" {
		t.Errorf("products %+v", g)
	}
	if c := read("touches").Touches; len(c) != 1 || c[0].Channel != store.ChannelVisit || c[0].Account != "crm:5ea6" || c[0].Deal != "crm:5ea6c76a442fcc00017ef9fe" || c[0].Rep != "crm:FSUID_7" {
		t.Errorf("touches %+v", c)
	}
	p = read("sales")
	if len(p.Sales) != 1 || p.Sales[0].ID != "crm:l1" || p.Sales[0].Account != "crm:5ea6" || p.Sales[0].Amount.Minor != 200000 || p.Sales[0].Day != store.Date(2026, 3, 2) ||
		!slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntitySale, ID: "crm:l2"}}) {
		t.Errorf("sales %+v, gone %v", p.Sales, p.Deleted)
	}
	// The next pass asks from the last change on, and a comparison by id alone.
	asked = nil
	if _, _, _, err := readAll(t, srv, "deals", read("deals").Next, monday, 0); err != nil || !strings.Contains(asked[len(asked)-1], `"operator":"GTE"`) {
		t.Errorf("%v: %q", err, asked)
	}
	refs, next, err := srv.List(t.Context(), "sales", "")
	if err != nil || len(refs) != 2 || next == "" || refs[0] != (store.Ref{Entity: store.EntitySale, ID: "crm:l1"}) {
		t.Errorf("list %v %q %v", refs, next, err)
	}
}

func TestFxiaoke_Errors(t *testing.T) {
	answer := ""
	s := vendorOn(t, fxiaokeConfig(t), func(w http.ResponseWriter, r *http.Request) {
		switch {
		case answer != "" && (r.URL.Path != "/cgi/corpAccessToken/get/V2" || strings.Contains(answer, "appSecret")):
			fmt.Fprint(w, answer)
		case r.URL.Path == "/cgi/corpAccessToken/get/V2":
			fmt.Fprint(w, `{"corpAccessToken":"0C1B0D3C9A7C2D1E","corpId":"FSCID_1","expiresIn":7200,"errorCode":0}`)
		default:
			fmt.Fprint(w, `{"empList":[{"openUserId":"FSUID_SYNC"}],"errorCode":0}`)
		}
	})
	for body, class := range map[string]error{
		`{"errorCode":20016,"errorMessage":"0C1B0D3C9A7C2D1E"}`:           source.ErrAuth,
		`{"errorCode":10012,"errorMessage":"没有权限"}`:                       source.ErrDenied,
		`{"errorCode":10006,"errorMessage":"appSecret错误 ` + canary + `"}`: source.ErrAuth,
	} {
		answer = body
		s.signer.current = nil
		_, err := s.Fetch(t.Context(), source.Request{Stream: "people", Now: monday})
		if !errors.Is(err, class) || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "0C1B0D3C") {
			t.Errorf("%s: %v", body, err)
		}
		s.signer.pause = time.Time{}
	}
}
