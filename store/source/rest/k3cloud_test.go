package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// refused is how K3Cloud says inside a success that something is wrong.
func refused(code int, text string) sourcetest.Reply {
	status := sourcetest.Row{
		"ErrorCode": 500, "IsSuccess": false, "Errors": []any{sourcetest.Row{"FieldName": nil, "Message": text + " " + canary, "DIndex": 0}}, "SuccessEntitys": []any{},
		"SuccessMessages": []any{}, "MsgCode": code,
	}
	return sourcetest.Reply{Body: []any{[]any{sourcetest.Row{"Result": sourcetest.Row{"ResponseStatus": status}}}}}
}

const k3 = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub."

// k3Speech is a server that talks as K3Cloud does: the session is a cookie, a query gives lists of values in the order of the asked fields, and what is wrong is told
// in the place of the first value. The rows of a stream are those of the form of that name.
func k3Speech() sourcetest.Speech {
	signsIn := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "AuthService") }
	return sourcetest.Speech{
		SignsIn: signsIn,
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			var q struct {
				AcctID, Username, AppID, AppSecret string
				Data                               k3Question
			}
			if err := json.Unmarshal(body, &q); err != nil {
				return refused(8, "参数错误")
			}
			if signsIn(r) {
				if q.AcctID != "acct" || q.Username != "sync" || q.AppID != "app" || q.AppSecret != d.Secret() {
					return sourcetest.Reply{Body: sourcetest.Row{"Message": "应用密钥错误 " + canary, "MessageCode": "AppSecret", "LoginResultType": 0}}
				}
				cookie := http.Cookie{Name: "kdservice-sessionid", Value: d.Grant(), Path: "/", HttpOnly: true}
				return sourcetest.Reply{Header: http.Header{"Set-Cookie": {cookie.String()}}, Body: sourcetest.Row{"Message": nil, "LoginResultType": 1, "IsSuccessByAPI": true}}
			}
			if c, err := r.Cookie("kdservice-sessionid"); err != nil || !d.Knows(c.Value) {
				return refused(1, "会话信息已丢失，请重新登录")
			}
			return q.Data.answer(d.Rows(q.Data.FormID))
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  refused(4, "未将对象引用设置到对象的实例"),
			sourcetest.Throttle:     refused(4, "系统繁忙，请稍后再试"),
			sourcetest.Limit200:     refused(4, "并发数超过限制"),
			sourcetest.Unauthorized: refused(1, "会话信息已丢失，请重新登录"),
			sourcetest.Forbidden:    refused(2, "没有销售订单的查看权限"),
		},
	}
}

type k3Question struct {
	FormID, FieldKeys, FilterString, OrderString string
	StartRow, Limit                              int
}

func (q k3Question) answer(rows []sourcetest.Row) sourcetest.Reply {
	out := [][]any{}
	id := strings.TrimSuffix(q.OrderString, " ASC")
	all := rows[:0]
	for _, r := range rows {
		r = k3Line(r)
		if q.admits(r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b sourcetest.Row) int { return a[id].(int) - b[id].(int) })
	for _, r := range all[min(q.StartRow, len(all)):] {
		var values []any
		for _, k := range strings.Split(q.FieldKeys, ",") {
			v, ok := r[k]
			if !ok {
				return refused(9, "字段 "+k+" 不存在")
			}
			values = append(values, v)
		}
		if out = append(out, values); len(out) >= q.Limit {
			break
		}
	}
	return sourcetest.Reply{Body: out}
}

var k3Clause = regexp.MustCompile(`^(\S+) (=|>|>=) '?([^']*)'?$`)

// admits reads filters as the connector writes them: clauses with and, of which one in brackets may be of clauses with or.
func (q k3Question) admits(r sourcetest.Row) bool {
	if q.FilterString == "" {
		return true
	}
	for _, all := range strings.Split(q.FilterString, " and ") {
		if !slices.ContainsFunc(strings.Split(strings.Trim(all, "()"), " or "), func(one string) bool {
			m := k3Clause.FindStringSubmatch(one)
			if m == nil {
				return false
			}
			v := fmt.Sprint(r[m[1]])
			if n, err := strconv.Atoi(m[3]); err == nil {
				have, _ := strconv.Atoi(v)
				return have > n
			}
			switch m[2] {
			case ">=":
				return v != "<nil>" && strings.Replace(v, "T", " ", 1) >= m[3]
			case "=":
				return v == m[3]
			}
			return false
		}) {
			return false
		}
	}
	return true
}

// k3Line is a row as it lies in the ERP: a document changes when it is written, or when it is approved, which leaves its time of change alone.
func k3Line(r sourcetest.Row) sourcetest.Row {
	const old = "2020-01-01T00:00:00"
	when := sourcetest.Changed(r).In(time.FixedZone("", 8*3600)).Format("2006-01-02T15:04:05.999")
	r["FModifyDate"], r["FApproveDate"] = when, nil
	if r["id"].(int)%2 == 0 {
		r["FModifyDate"], r["FApproveDate"] = old, when
	}
	if r["FDocumentStatus"] != "C" { // revoking changes neither
		r["FModifyDate"], r["FApproveDate"] = old, nil
	}
	return r
}

// k3Row is a line of an order: its outlet, product and amount stand for a deal's name, stage and amount.
func k3Row(id int, name, stage string, cents int64) sourcetest.Row {
	product, _ := strconv.Atoi(stage)
	return sourcetest.Row{
		"id": id, "FSaleOrderEntry_FEntryID": id, "FCustId": 7, "FMaterialId": product, "FSalerId": 0, "FSaleOrgId.FName": name, "FDate": "2026-03-01T00:00:00", "FQty": 2.5,
		"FAllAmount": json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100)), "FSettleCurrId.FCode": "CNY", "FDocumentStatus": "C", "FCancelStatus": "A",
	}
}

func k3Config(t testing.TB) Config {
	return Config{
		Spec: "k3cloud", User: "sync", Vars: map[string]string{"acct_id": "acct", "app_id": "app"}, Secrets: map[string]source.Secret{"app_secret": fileRef(t, canary)},
		Streams: []string{"sales"},
	}
}

const k3Form = "SAL_SaleOrder"

func TestK3Cloud_Contract(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "sales", Entity: store.EntitySale, PageSize: 10, Secret: canary, Wait: 10 * time.Second,
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			srv := sourcetest.NewServer(t, canary)
			srv.Speak(k3Speech())
			next := 0
			add := func(n int) (ids []store.ID) {
				for range n {
					next++
					r := k3Row(next, "总店", "101", int64(next))
					switch {
					case rows == sourcetest.Hostile:
						r["FSaleOrgId.FName"] = "\x1b[2J\u202e\x00" + string([]byte{0xff}) + "总店\u0085"
					case rows == sourcetest.FarDate && next == 5:
						r["updated_at"] = "2999-01-01T00:00:00Z"
					}
					srv.Put(k3Form, r)
					ids = append(ids, store.MakeID("crm", fmt.Sprint(next)))
				}
				return ids
			}
			srv.Tie(rows == sourcetest.Ties)
			open := func() source.Source { return vendor(t, k3Config(t), srv.URL) }
			w := sourcetest.World{Source: open(), Want: add(n), Reopen: open, Break: srv.Break, Heal: srv.Heal, Add: add, Now: srv.Now, Later: srv.Later}
			srv.Tie(false)
			return w
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Hostile,
			sourcetest.FarDate, sourcetest.Ties,
		},
	})
}

// Lines are written, approved, revoked and deleted while sessions are lost.
func TestK3Cloud_Play(t *testing.T) {
	t.Parallel()
	rnd := storetest.Rand(t)
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(k3Speech())
	srv.Issue(sourcetest.Issue{Requests: 15})
	cfg := k3Config(t)
	cfg.PageSize = 7
	sourcetest.Play(t, rnd, sourcetest.System{
		ID: "crm", Now: srv.Now, Stages: []string{"101", "102", "103"}, Secret: canary,
		Open: func() source.Source { return vendor(t, cfg, srv.URL) },
		Put: func(tie bool, deals ...sourcetest.Deal) {
			srv.Tie(tie)
			for _, d := range deals {
				srv.Put(k3Form, k3Row(d.ID, d.Name, d.Stage, d.Cents))
			}
			srv.Tie(false)
		},
		Delete: func(id int) {
			if id%2 == 0 {
				srv.Delete(k3Form, "sale", fmt.Sprint(id))
				return
			}
			r := k3Row(id, "x", "101", 1)
			r["FDocumentStatus"] = "D" // revoked, to be approved anew
			srv.Put(k3Form, r)
		},
		Late: func(d sourcetest.Deal) func() { return srv.Begin(k3Form, k3Row(d.ID, d.Name, d.Stage, d.Cents)) },
		Kept: func(r *store.Records) (all []sourcetest.Deal) {
			for _, s := range r.Sales {
				id, _ := strconv.Atoi(s.ID.Native())
				all = append(all, sourcetest.Deal{ID: id, Name: s.Outlet, Stage: s.Product.Native(), Cents: s.Amount.Minor})
			}
			return all
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Limit200, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang,
		},
		Break: srv.Break, Heal: srv.Heal,
	})
	if srv.Tokens() < 5 {
		t.Errorf("%d sessions were begun: this proved nothing", srv.Tokens())
	}
}

// Answers as the vendor's samples have them, of each form.
func TestK3Cloud_Shapes(t *testing.T) {
	var asked []k3Question
	cfg := k3Config(t)
	cfg.Streams = nil
	cfg.Extra = map[string][]string{"accounts": {"F_PAEZ_Base.FName"}}
	missing := "nothing"
	handler := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var q struct{ Data k3Question }
		_ = json.Unmarshal(b, &q)
		asked = append(asked, q.Data)
		switch {
		case r.URL.Path == k3+"AuthService.ValidateUser.common.kdsvc" && !strings.Contains(string(b), `"password":"`+canary+`"`):
			t.Errorf("signed in with %s", strings.ReplaceAll(string(b), canary, "<SECRET>"))
		case strings.HasPrefix(r.URL.Path, k3+"AuthService."):
			http.SetCookie(w, &http.Cookie{Name: "kdservice-sessionid", Value: "c3f0f0a1-session", Path: "/"})
			fmt.Fprint(w, `{"Message":null,"MessageCode":"CheckPasswordPolicy","LoginResultType":1,"Context":{"UserName":"sync"},"KDSVCSessionId":"c3f0f0a1-session"}`)
		case strings.Contains(r.URL.Path, "QueryBusinessInfo"): // the form's fields, of its head and its other parts
			var fields []string
			for _, k := range []string{"FID", "FName", "FNumber", "FDeptId", "FMaterialId", "FMaterialGroup", "FModifyDate", "FApproveDate"} {
				if k != missing {
					fields = append(fields, `{"Key":"`+k+`","Name":"x"}`)
				}
			}
			fmt.Fprintf(w, `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"MsgCode":0},"NeedReturnData":{"Id":%q,"Entrys":[{"Key":"FBillHead","Fields":[%s]},{"Key":"SubHeadEntity"}]}}}`,
				q.Data.FormID, strings.Join(fields, ","))
		case slices.Contains(strings.Split(q.Data.FieldKeys, ","), missing):
			fmt.Fprintf(w, `[[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":null,"Message":"字段 %s 不存在","DIndex":0}],"MsgCode":9}}}]]`, missing)
		case strings.Contains(q.Data.FilterString, " > "):
			fmt.Fprint(w, `[]`)
		case q.Data.FormID == "BD_Department":
			fmt.Fprint(w, `[[100,"销售中心",0],[101,"华东",100]]`)
		case q.Data.FieldKeys == "FID,FName,FNumber":
			fmt.Fprint(w, `[[9,"李四","RY001_GW1_100"]]`)
		case q.Data.FieldKeys == "FMATERIALID,FName,FMaterialGroup.FName,FModifyDate":
			fmt.Fprint(w, `[[5001,"给水泵","泵类","2026-03-01T10:00:00.123"]]`)
		case q.Data.FormID == "BD_Saler":
			fmt.Fprint(w, `[[9,"李四","RY001_GW1_100",101],[10,"王五","RY002",0]]`)
		case q.Data.FormID == "BD_MATERIAL":
			fmt.Fprint(w, `[[5001,"给水泵","泵类","2026-03-01T10:00:00.123",null]]`)
		case q.Data.FormID == "BD_Customer":
			fmt.Fprint(w, `[[137411,"哈尔滨汽轮机厂","CUST0001",9,"黑龙江","重点","2025-12-31T17:00:00","2026-03-01T10:00:00","2026-03-01T11:30:00.5","装备"]]`)
		case q.Data.FormID == "SAL_SaleOrder":
			// account, amount, currency, day and so on: in the order of the fields that were asked for
			fmt.Fprint(w, line(q.Data.FieldKeys, map[string]string{"FSaleOrderEntry_FEntryID": "70001", "FCustId": "137411", "FMaterialId": "5001", "FSalerId": "9", "FSaleOrgId.FName": `"总公司"`,
				"FDate": `"2026-03-01T00:00:00"`, "FQty": "2.5", "FAllAmount": "12345678901234.56", "FSettleCurrId.FCode": `"USD"`, "FDocumentStatus": `"C"`, "FCancelStatus": `"A"`,
				"FModifyDate": `"2026-03-01T10:00:00"`, "FApproveDate": `"2026-03-01T10:30:00"`}))
		case q.Data.FormID == "SAL_OUTSTOCK":
			fmt.Fprint(w, line(q.Data.FieldKeys, map[string]string{"FEntity_FEntryID": "1", "FCustomerID": "137411", "FDate": `"2026-03-01T00:00:00"`, "FRealQty": "1", "FAllAmount": "1",
				"FSettleCurrID.FCode": `"CNY"`, "FDocumentStatus": `"C"`, "FCancelStatus": `"B"`, "FModifyDate": `"2026-03-01T10:00:00"`}))
		default:
			fmt.Fprint(w, line(q.Data.FieldKeys, map[string]string{"FEntityDetail_FEntryID": "3", "FCUSTOMERID": "137411", "FDATE": `"2026-03-01T00:00:00"`, "FPriceQty": "1",
				"FALLAMOUNTFOR_D": "7.00", "FCURRENCYID.FCode": `"CNY"`, "FDocumentStatus": `"C"`, "FCancelStatus": `"A"`, "FModifyDate": `"2026-03-01T10:00:00"`}))
		}
	}
	s := vendorOn(t, cfg, handler)
	read := func(stream store.Stream) source.Page {
		t.Helper()
		p, err := s.Fetch(t.Context(), source.Request{Stream: stream, Now: monday})
		if err != nil || len(p.Issues) != 0 {
			t.Fatalf("%s: %v, %+v", stream, err, p.Issues)
		}
		return p
	}
	if p := read("units"); !reflect.DeepEqual(p.Units, []store.Unit{
		{ID: "crm:dept/100", Name: "销售中心", Kind: store.UnitRegion}, {ID: "crm:dept/101", Parent: "crm:dept/100", Name: "华东", Kind: store.UnitTeam},
	}) {
		t.Errorf("units %+v", p.Units)
	}
	if p := read("people"); !reflect.DeepEqual(p.People, []store.Person{{ID: "crm:9", Name: "李四", Unit: "crm:dept/101"}, {ID: "crm:10", Name: "王五"}}) {
		t.Errorf("people %+v", p.People)
	}
	if p := read("products"); !reflect.DeepEqual(p.Products, []store.Product{{ID: "crm:5001", Name: "给水泵", Category: "泵类"}}) {
		t.Errorf("products %+v", p.Products)
	}
	shanghai := time.FixedZone("", 8*3600)
	p := read("accounts")
	if len(p.Accounts) != 1 || !p.Accounts[0].Modified.Equal(time.Date(2026, 3, 1, 11, 30, 0, 5e8, shanghai)) {
		t.Fatalf("accounts %+v", p.Accounts)
	}
	p.Accounts[0].Modified = time.Time{}
	if !reflect.DeepEqual(p.Accounts[0], store.Account{ID: "crm:137411", Name: "哈尔滨汽轮机厂", Owner: "crm:9", Region: "黑龙江", Created: store.Date(2025, 12, 31),
		Extra: map[string]string{"number": "CUST0001", "group": "重点", "F_PAEZ_Base.FName": "装备"}}) {
		t.Errorf("account %+v", p.Accounts[0])
	}
	// The next pass asks for what was changed or approved since, in the server's own time.
	asked = nil
	if _, _, _, err := readAll(t, s, "accounts", p.Next, monday, 0); err != nil {
		t.Fatal(err)
	}
	next, _, _, err := readAll(t, s, "accounts", "", monday, 0)
	if err == nil {
		asked = nil
		_, _, _, err = readAll(t, s, "accounts", next, monday, 0)
	}
	if want := "(FModifyDate >= '2026-03-01 11:25:00' or FApproveDate >= '2026-03-01 11:25:00')"; err != nil || asked[0].FilterString != want ||
		!strings.HasSuffix(asked[0].FieldKeys, ",F_PAEZ_Base.FName") || asked[0].OrderString != "FCUSTID ASC" {
		t.Errorf("%v: asked %+v, want %s", err, asked[0], want)
	}
	want := store.Sale{ID: "crm:70001", Account: "crm:137411", Product: "crm:5001", Rep: "crm:9", Outlet: "总公司", Day: store.Date(2026, 3, 1), Quantity: 2500,
		Amount: store.Money{Minor: 1234567890123456, Currency: "USD"}}
	if p := read("sales"); len(p.Sales) != 1 || p.Sales[0] != want {
		t.Errorf("sales %+v, want %+v", p.Sales, want)
	}
	for form, right := range map[string]func(source.Page) bool{
		"SAL_OUTSTOCK": func(p source.Page) bool {
			return slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntitySale, ID: "crm:1"}})
		},
		"AR_receivable": func(p source.Page) bool {
			return len(p.Sales) == 1 && p.Sales[0].Amount.Minor == 700 && p.Sales[0].Rep == ""
		},
	} {
		other := cfg
		other.Auth, other.Vars = "password", map[string]string{"acct_id": "acct", "sales": form}
		other.Secrets = map[string]source.Secret{"password": fileRef(t, canary)}
		s = vendorOn(t, other, handler)
		if p := read("sales"); !right(p) {
			t.Errorf("%s: %+v, gone %v", form, p.Sales, p.Deleted)
		}
	}
	other := cfg
	other.Vars = map[string]string{"acct_id": "acct", "app_id": "app", "sales": "SAL_Quote"}
	s = vendorOn(t, other, handler)
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); err == nil || !strings.Contains(err.Error(), "want SAL_SaleOrder") {
		t.Errorf("an unknown form: %v", err)
	}
	// A field that the server does not know is left out; it is told where it is not one that many have not.
	s, missing = vendorOn(t, cfg, handler), "FDeptId"
	if p := read("people"); len(p.People) != 1 || p.People[0].Name != "李四" || p.People[0].Unit != "" {
		t.Errorf("people without departments: %+v", p.People)
	}
	missing = "FApproveDate"
	p, err = s.Fetch(t.Context(), source.Request{Stream: "products", Now: monday})
	if err != nil || len(p.Products) != 1 || p.Products[0].Category != "泵类" || len(p.Issues) != 1 || p.Issues[0].Field != "FApproveDate" {
		t.Errorf("products: %v %+v %+v", err, p.Products, p.Issues)
	}
	missing = "FAllAmount" // nothing without it
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); !errors.Is(err, source.ErrDenied) || !strings.Contains(err.Error(), "FAllAmount") {
		t.Errorf("sales: %v", err)
	}
}

// line is one row of an answer.
func line(keys string, values map[string]string) string {
	var all []string
	for _, k := range strings.Split(keys, ",") {
		v, ok := values[k]
		if !ok {
			v = "null"
		}
		all = append(all, v)
	}
	return "[[" + strings.Join(all, ",") + "]]"
}

func TestK3Cloud_RefusedSignIn(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(k3Speech())
	cfg := k3Config(t)
	cfg.User = "nobody"
	_, err := vendor(t, cfg, srv.URL).Fetch(t.Context(), source.Request{Stream: "sales", Now: srv.Now()})
	if !errors.Is(err, source.ErrAuth) || !strings.Contains(err.Error(), "应用密钥错误") || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}
