package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

func frappeSpoken() spoken {
	return spoken{spec: "frappe-crm", faults: []sourcetest.Kind{sourcetest.Repeat}, speak: func() sourcetest.Speech {
		return frappeSpeech("CRM Deal", func(r sourcetest.Row) sourcetest.Row {
			return sourcetest.Row{"organization": r["name"], "status": r["stage"], "deal_value": r["amount"], "expected_closure_date": r["close"], "custom_campaign": r["campaign"]}
		})
	}}
}

func erpnextSpoken() spoken {
	return spoken{spec: "erpnext", faults: []sourcetest.Kind{sourcetest.Repeat}, speak: func() sourcetest.Speech {
		return frappeSpeech("Opportunity", func(r sourcetest.Row) sourcetest.Row {
			return sourcetest.Row{"title": r["name"], "status": "Open", "sales_stage": r["stage"], "opportunity_amount": r["amount"], "expected_closing": r["close"], "custom_campaign": r["campaign"]}
		})
	}}
}

// frappeSays is how Frappe refuses: its messages are a list of JSON in a JSON text.
func frappeSays(status int, exception, words string) sourcetest.Reply {
	one, _ := json.Marshal(sourcetest.Row{"message": words, "title": "Message", "indicator": "red"})
	all, _ := json.Marshal([]string{string(one)})
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{
		"exception": "frappe.exceptions." + exception + ": " + words, "exc_type": exception, "_server_messages": string(all), "exc": `["Traceback (most recent call last)"]`,
	}}
}

const frappeTime = "2006-01-02 15:04:05.000000"

// frappeSpeech is a site of Frappe: filters as lists of three, all of which hold, and or_filters of which one does; times of the site without a zone, to the microsecond;
// child tables by a method.
func frappeSpeech(doctype string, shape func(sourcetest.Row) sourcetest.Row) sourcetest.Speech {
	site := time.FixedZone("", 8*3600)
	holds := func(o sourcetest.Row, f []any) bool {
		v, want := fmt.Sprint(o[fmt.Sprint(f[0])]), fmt.Sprint(f[2])
		switch f[1] {
		case ">":
			return v > want
		case ">=":
			return v >= want
		case "<=":
			return v <= want
		case "=":
			return v == want
		case "!=":
			return v != want
		}
		return false
	}
	return sourcetest.Speech{
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			if r.Header.Get("Authorization") != "token "+d.Secret() {
				return frappeSays(http.StatusUnauthorized, "AuthenticationError", "Invalid token")
			}
			if r.URL.Path == "/api/method/frappe.client.get_list" {
				var q struct {
					Parent  string
					Filters [][]any
				}
				if json.Unmarshal(body, &q) != nil || q.Parent != doctype || len(q.Filters) != 2 {
					return frappeSays(http.StatusForbidden, "PermissionError", "no such child table")
				}
				log := []sourcetest.Row{}
				for _, name := range q.Filters[1][2].([]any) {
					log = append(log, sourcetest.Row{"name": "log-" + fmt.Sprint(name), "parent": name, "from": "Prospecting", "to": "", "from_date": "2026-01-05 10:00:00.000000", "to_date": nil})
				}
				return sourcetest.Reply{Body: sourcetest.Row{"message": log}}
			}
			if r.URL.Path != "/api/resource/"+doctype {
				return frappeSays(http.StatusNotFound, "DoesNotExistError", "DocType not found")
			}
			q := r.URL.Query()
			var all, some [][]any
			for name, list := range map[string]*[][]any{"filters": &all, "or_filters": &some} {
				if text := q.Get(name); text != "" && json.Unmarshal([]byte(text), list) != nil {
					return frappeSays(http.StatusExpectationFailed, "DataError", "not JSON: "+text)
				}
			}
			if d.Again {
				all, some = nil, nil
			}
			rows := []sourcetest.Row{}
			for _, row := range d.Rows("deals") {
				o := shape(row)
				o["name"], o["currency"], o["owner"] = fmt.Sprint(row["id"]), "CNY", "Administrator"
				o["modified"], o["creation"] = sourcetest.Changed(row).In(site).Format(frappeTime), "2026-01-05 10:00:00.000000"
				no := func(f []any) bool { return !holds(o, f) }
				if slices.ContainsFunc(all, no) || len(some) > 0 && !slices.ContainsFunc(some, func(f []any) bool { return holds(o, f) }) {
					continue
				}
				if q.Get("fields") == `["name"]` {
					o = sourcetest.Row{"name": o["name"]}
				}
				rows = append(rows, o)
			}
			by, _, _ := strings.Cut(q.Get("order_by"), " ")
			slices.SortFunc(rows, func(a, b sourcetest.Row) int {
				place := func(o sourcetest.Row) string { return fmt.Sprintf("%s\x00%s", o[by], o["name"]) }
				return strings.Compare(place(a), place(b))
			})
			limit, _ := strconv.Atoi(q.Get("limit_page_length"))
			return sourcetest.Reply{Body: sourcetest.Row{"data": rows[:min(len(rows), limit)]}}
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  frappeSays(http.StatusInternalServerError, "OperationalError", "(2006, 'Server has gone away') "+canary),
			sourcetest.Unauthorized: frappeSays(http.StatusUnauthorized, "AuthenticationError", "Invalid token "+canary),
			sourcetest.Forbidden:    frappeSays(http.StatusForbidden, "PermissionError", "User flightdeck does not have doctype access"),
		},
	}
}

// frappeSite answers by doctype, and child tables by theirs.
func frappeSite(t *testing.T, spec string, answers map[string]string) (*Source, *[]url.Values) {
	var asked []url.Values
	s := vendorOn(t, Config{Spec: spec}, func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/api/resource/")
		asked = append(asked, r.URL.Query())
		if r.URL.Path == "/api/method/frappe.client.get_list" {
			var q struct {
				Doctype, Parent string
				Filters         [][]any
			}
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Filters[0][2] != q.Parent {
				t.Errorf("child table: %v %+v", err, q)
			}
			fmt.Fprintf(w, `{"message":[%s]}`, answers[q.Doctype])
			return
		}
		fmt.Fprintf(w, `{"data":[%s]}`, answers[name])
	})
	// One page each: what follows is empty.
	for _, st := range s.streams {
		for _, p := range st.parts {
			if p.Pager.Kind == "key" {
				p.more = &expr{literal: false}
			}
		}
	}
	return s, &asked
}

func changesOf(all source.Page) (got []string) {
	for _, c := range all.Changes {
		got = append(got, fmt.Sprintf("%s %s %s %s>%s %s %s", c.ID.Native(), c.Deal.Native(), c.Field, c.From, c.To, c.At.UTC().Format(time.DateTime), c.By.Native()))
	}
	slices.Sort(got)
	return got
}

func touchesOf(all source.Page) (got []string) {
	for _, c := range all.Touches {
		got = append(got, fmt.Sprint(c.ID.Native(), "|", c.Account.Native(), "|", c.Deal.Native(), "|", c.Contact.Native(), "|", c.Rep.Native(), "|", c.Minutes, "|", c.Channel))
	}
	slices.Sort(got)
	return got
}

func TestFrappeCRM_Shapes(t *testing.T) {
	s, asked := frappeSite(t, "frappe-crm", map[string]string{
		"CRM Deal Status":  `{"name":"Negotiation","deal_status":"Negotiation","position":4,"probability":70.0,"type":"Ongoing"},{"name":"Won","position":8,"probability":100.0,"type":"Won"}`,
		"User":             `{"name":"lilei@x.cn","full_name":"李雷","email":"lilei@x.cn","mobile_no":"13800000004","enabled":1,"user_type":"System User"},{"name":"b@x.cn","full_name":"B","enabled":0}`,
		"CRM Organization": `{"name":"华东风电","organization_name":"华东风电","industry":"能源","territory":"上海","annual_revenue":1000.5,"currency":"USD","website":"x.cn","no_of_employees":"51-200","custom_tier":"A","creation":"2026-01-05 23:30:00.000000","modified":"2026-02-01 17:00:00.123456"}`,
		"CRM Product":      `{"name":"T-1","product_name":"塔筒","standard_rate":99.5,"modified":"2026-02-01 17:00:00.123456"}`,
		"Contact":          `{"name":"Ann Lee-华东风电","full_name":"Ann Lee","company_name":"华东风电","designation":"CFO","email_id":"a@x.cn","mobile_no":"138","modified":"2026-02-01 17:00:00.123456"}`,
		"CRM Deal": `{"name":"CRM-DEAL-2026-00001","organization":"华东风电","deal_owner":"lilei@x.cn","status":"Negotiation","deal_value":20000000.0,"currency":"USD","expected_closure_date":"2026-05-01",
			"closed_date":null,"source":"展会","next_step":"法务","probability":70.0,"lost_reason":null,"custom_budget":"50w","creation":"2026-01-05 23:30:00.000000","modified":"2026-02-01 17:00:00.123456"}`,
		"CRM Status Change Log": `{"name":"l1","parent":"CRM-DEAL-2026-00001","from":"Qualification","to":"Negotiation","from_date":"2026-01-05 23:30:00.000000","to_date":"2026-02-01 17:00:00.000000","log_owner":"lilei@x.cn"},
			{"name":"l2","parent":"CRM-DEAL-2026-00001","from":"Negotiation","to":"","from_date":"2026-02-01 17:00:00.000000","to_date":null,"log_owner":"lilei@x.cn"}`,
		"CRM Task": `{"name":7,"title":"报价","status":"Done","assigned_to":"lilei@x.cn","reference_doctype":"CRM Deal","reference_docname":"CRM-DEAL-2026-00001","creation":"2026-01-30 10:00:00.000000","modified":"2026-02-01 10:00:00.000000"},
			{"name":8,"status":"Todo","modified":"2026-02-01 10:00:00.000000"}`,
		"CRM Call Log":     `{"name":"c1","type":"Incoming","status":"Completed","receiver":"lilei@x.cn","start_time":"2026-02-01 10:00:00","duration":121.0,"reference_doctype":"CRM Organization","reference_docname":"华东风电","modified":"2026-02-01 10:00:00.000000"}`,
		"FCRM Note":        `{"name":"n1","title":"纪要","content":"<p>谈价格</p>","owner":"lilei@x.cn","reference_doctype":"CRM Deal","reference_docname":"CRM-DEAL-2026-00001","creation":"2026-02-01 10:00:00.000000","modified":"2026-02-01 10:00:00.000000"}`,
		"Communication":    `{"name":"m1","subject":"Re: 报价","communication_medium":"Email","communication_date":"2026-02-01 10:00:00.000000","user":"lilei@x.cn","reference_doctype":"CRM Deal","reference_name":"CRM-DEAL-2026-00001","modified":"2026-02-01 10:00:00.000000"}`,
		"Deleted Document": `{"name":"d1","deleted_doctype":"CRM Deal","deleted_name":"CRM-DEAL-2026-00009","restored":0,"creation":"2026-02-01 10:00:00.000000"}`,
	})
	all := passes(t, s)
	wantStages := []store.Stage{{ID: "Negotiation", Name: "Negotiation", NameEn: "Negotiation", Order: 4, Probability: 70}, {ID: "Won", Name: "Won", NameEn: "Won", Order: 8, Kind: store.StageWon, Probability: 100}}
	if !reflect.DeepEqual(all.Stages, wantStages) {
		t.Errorf("stages %+v", all.Stages)
	}
	if p := all.People; len(p) != 2 || p[0] != (store.Person{ID: "crm:lilei@x.cn", Name: "李雷", Email: "lilei@x.cn", Phone: "13800000004"}) || !p[1].Inactive {
		t.Errorf("people %+v", p)
	}
	modified := time.Date(2026, 2, 1, 9, 0, 0, 123456000, time.UTC)
	wantAccount := store.Account{
		ID: "crm:华东风电", Name: "华东风电", Industry: "能源", Region: "上海", Revenue: store.Money{Minor: 100050, Currency: "USD"}, Created: store.Date(2026, 1, 5), Modified: modified,
		Extra: map[string]string{"website": "x.cn", "staff": "51-200", "custom_tier": "A"},
	}
	if a := all.Accounts; len(a) != 1 || a[0].Modified.UTC() != modified {
		t.Errorf("accounts %+v", a)
	} else if a[0].Modified = modified; !reflect.DeepEqual(a[0], wantAccount) {
		t.Errorf("accounts %+v", a)
	}
	if d := all.Deals; len(d) != 1 || d[0].Name != "华东风电" || d[0].Account != "crm:华东风电" || d[0].Owner != "crm:lilei@x.cn" || d[0].Stage != "Negotiation" ||
		d[0].Amount != (store.Money{Minor: 2000000000, Currency: "USD"}) || d[0].Close != store.Date(2026, 5, 1) || d[0].Created != store.Date(2026, 1, 5) || d[0].Extra["custom_budget"] != "50w" {
		t.Errorf("deals %+v", d)
	}
	if got := changesOf(all); !slices.Equal(got, []string{
		"l1 CRM-DEAL-2026-00001 stage Qualification>Negotiation 2026-02-01 09:00:00 lilei@x.cn", "l1-from CRM-DEAL-2026-00001 stage >Qualification 2026-01-05 15:30:00 lilei@x.cn",
	}) {
		t.Errorf("changes %q", got)
	}
	if got := touchesOf(all); !slices.Equal(got, []string{
		"c1|华东风电|||lilei@x.cn|3|call", "m1||CRM-DEAL-2026-00001||lilei@x.cn|0|email", "n1||CRM-DEAL-2026-00001||lilei@x.cn|0|other", "task-7||CRM-DEAL-2026-00001||lilei@x.cn|0|other",
	}) {
		t.Errorf("touches %q", got)
	}
	if !slices.Contains(all.Deleted, store.Ref{Entity: store.EntityDeal, ID: "crm:CRM-DEAL-2026-00009"}) {
		t.Errorf("deleted %v", all.Deleted)
	}
	for _, q := range *asked {
		for _, name := range []string{"fields", "filters", "or_filters"} {
			if text := q.Get(name); text != "" && !json.Valid([]byte(text)) {
				t.Errorf("%s is not JSON: %s", name, text)
			}
		}
	}
	// A name with quotes goes on where it stood, at the time of the site.
	*asked = nil
	_, err := s.Fetch(t.Context(), source.Request{Stream: "accounts", Now: monday, Cursor: `{"v":1,"mark":"2026-02-01T09:00:00Z","pass":{"start":"2026-03-02T00:00:00Z","until":"2026-03-02T00:00:00Z","from":"2026-02-01T09:00:00.123456Z","token":"O\"Neil \\ Co"}}`})
	if q := (*asked)[0]; err != nil || q.Get("or_filters") != `[["modified",">","2026-02-01 17:00:00.123456"],["name",">","O\"Neil \\ Co"]]` ||
		q.Get("filters") != `[["name","!=",""],["modified",">=","2026-02-01 17:00:00.123456"],["modified","<=","2026-03-02 08:00:00.000000"]]` {
		t.Errorf("%v %v", q, err)
	}
}

func TestERPNext_Shapes(t *testing.T) {
	s, _ := frappeSite(t, "erpnext", map[string]string{
		"Sales Stage":  `{"name":"Prospecting"},{"name":"Proposal/Price Quote"}`,
		"Department":   `{"name":"销售 - X","department_name":"销售","parent_department":"All Departments"}`,
		"User":         `{"name":"lilei@x.cn","full_name":"Li Lei","email":"lilei@x.cn","enabled":1}`,
		"Employee":     `{"name":"HR-EMP-1","employee_name":"李雷","user_id":"lilei@x.cn","department":"销售 - X","designation":"经理","status":"Left"}`,
		"Item":         `{"name":"T-1","item_name":"塔筒","item_group":"风电","standard_rate":99.5,"modified":"2026-02-01 17:00:00"}`,
		"Customer":     `{"name":"华东风电","customer_name":"华东风电","account_manager":"lilei@x.cn","industry":"能源","territory":"上海","customer_group":"大客户","customer_type":"Company","modified":"2026-02-01 17:00:00"}`,
		"Lead":         `{"name":"CRM-LEAD-1","lead_name":"Ann","company_name":"","lead_owner":"lilei@x.cn","status":"Open","modified":"2026-02-01 17:00:00"}`,
		"Prospect":     `{"name":"北方","company_name":"北方","prospect_owner":"lilei@x.cn","modified":"2026-02-01 17:00:00"}`,
		"Contact":      `{"name":"Ann-华东风电","first_name":"Ann","last_name":"Lee","designation":"CFO","email_id":"a@x.cn","phone":"021","modified":"2026-02-01 17:00:00"}`,
		"Dynamic Link": `{"name":"k1","parent":"Ann-华东风电","link_doctype":"Supplier","link_name":"S"},{"name":"k2","parent":"Ann-华东风电","link_doctype":"Customer","link_name":"华东风电"}`,
		"Opportunity": `{"name":"CRM-OPP-1","title":"塔筒","opportunity_from":"Customer","party_name":"华东风电","opportunity_owner":"lilei@x.cn","status":"Open","sales_stage":"Proposal/Price Quote",
			"opportunity_amount":20000000.0,"currency":"USD","expected_closing":"2026-05-01","transaction_date":"2026-01-05","probability":50.0,"modified":"2026-02-01 17:00:00"},
			{"name":"CRM-OPP-2","title":"x","party_name":"CRM-LEAD-1","status":"Lost","sales_stage":"Prospecting","modified":"2026-02-01 17:00:00"},
			{"name":"CRM-OPP-3","title":"y","party_name":"北方","status":"Quotation","sales_stage":"","modified":"2026-02-01 17:00:00"}`,
		"Version": `{"name":"v1","ref_doctype":"Opportunity","docname":"CRM-OPP-2","owner":"lilei@x.cn","creation":"2026-02-01 17:00:00.000000",
			"data":"{\"changed\":[[\"status\",\"Open\",\"Lost\"],[\"sales_stage\",null,\"Prospecting\"],[\"opportunity_amount\",\"$ 1,000.00\",\"$ 2,000.00\"],[\"opportunity_owner\",\"a@x.cn\",\"lilei@x.cn\"]]}"},
			{"name":"v2","docname":"CRM-OPP-1","owner":"lilei@x.cn","creation":"2026-02-01 17:00:00.000000","data":"{\"comment\":\"x\"}"}`,
		"Sales Invoice": `{"name":"INV-1","customer":"华东风电","posting_date":"2026-02-01","currency":"EUR","docstatus":1,"owner":"lilei@x.cn","modified":"2026-02-01 17:00:00"},
			{"name":"INV-2","customer":"华东风电","posting_date":"2026-02-01","currency":"EUR","docstatus":2,"owner":"lilei@x.cn","modified":"2026-02-01 17:00:00"}`,
		"Sales Invoice Item": `{"name":"i1","parent":"INV-1","item_code":"T-1","qty":-2.5,"amount":-30.0,"net_amount":-25.25,"warehouse":"上海仓 - X"},{"name":"i2","parent":"INV-2","item_code":"T-1","qty":1,"net_amount":1}`,
		"Communication":      `{"name":"m1","subject":"x","communication_medium":"Phone","communication_date":"2026-02-01 10:00:00","user":"lilei@x.cn","reference_doctype":"Customer","reference_name":"华东风电","modified":"2026-02-01 10:00:00"}`,
		"Event":              `{"name":"EV1","subject":"拜访","starts_on":"2026-02-01 10:00:00","event_category":"Meeting","status":"Completed","owner":"lilei@x.cn","modified":"2026-02-01 10:00:00"},{"name":"EV2","status":"Open","modified":"2026-02-01 10:00:00"}`,
		"Event Participants": `{"name":"p1","parent":"EV1","reference_doctype":"Contact","reference_docname":"Ann-华东风电"},{"name":"p2","parent":"EV1","reference_doctype":"Opportunity","reference_docname":"CRM-OPP-1"}`,
		"ToDo":               `{"name":"T1","description":"寄样","status":"Closed","allocated_to":"lilei@x.cn","reference_type":"Opportunity","reference_name":"CRM-OPP-1","modified":"2026-02-01 10:00:00"}`,
	})
	all := passes(t, s)
	if st := all.Stages; len(st) != 8 || st[1].ID != "Proposal/Price Quote" || st[5].Kind != store.StageWon || st[6].Kind != store.StageLost || st[7].Kind != store.StageLost {
		t.Errorf("stages %+v", st)
	}
	if p := all.People; len(p) != 2 || p[1] != (store.Person{ID: "crm:lilei@x.cn", Unit: "crm:销售 - X", Name: "李雷", Email: "lilei@x.cn", Title: "经理", Inactive: true}) {
		t.Errorf("people %+v", p)
	}
	var names []string
	for _, a := range all.Accounts {
		names = append(names, string(a.ID)+" "+a.Name+" "+a.Owner.Native())
	}
	if !slices.Equal(names, []string{"crm:华东风电 华东风电 lilei@x.cn", "crm:CRM-LEAD-1 Ann lilei@x.cn", "crm:北方 北方 lilei@x.cn"}) {
		t.Errorf("accounts %q", names)
	}
	if c := all.Contacts; len(c) != 1 || c[0] != (store.Contact{ID: "crm:Ann-华东风电", Account: "crm:华东风电", Name: "Ann Lee", Role: "CFO", Email: "a@x.cn", Phone: "021"}) {
		t.Errorf("contacts %+v", c)
	}
	var deals []string
	for _, d := range all.Deals {
		deals = append(deals, fmt.Sprintf("%s %s %s %s %s", d.ID.Native(), d.Account.Native(), d.Stage, d.Amount, d.Close))
	}
	if !slices.Equal(deals, []string{"CRM-OPP-1 华东风电 Proposal/Price Quote 20000000.00 USD 2026-05-01", "CRM-OPP-2 CRM-LEAD-1 Lost  ", "CRM-OPP-3 北方 Quotation  "}) {
		t.Errorf("deals %q", deals)
	}
	if got := changesOf(all); !slices.Equal(got, []string{
		"v1-opportunity_owner CRM-OPP-2 owner crm:a@x.cn>crm:lilei@x.cn 2026-02-01 09:00:00 lilei@x.cn", "v1-sales_stage CRM-OPP-2 stage >Prospecting 2026-02-01 09:00:00 lilei@x.cn",
		"v1-status CRM-OPP-2 stage >Lost 2026-02-01 09:00:00 lilei@x.cn",
	}) {
		t.Errorf("changes %q", got)
	}
	if sl := all.Sales; len(sl) != 1 || sl[0].ID != "crm:i1" || sl[0].Account != "crm:华东风电" || sl[0].Product != "crm:T-1" || sl[0].Day != store.Date(2026, 2, 1) ||
		sl[0].Amount != (store.Money{Minor: -2525, Currency: "EUR"}) || !slices.Contains(all.Deleted, store.Ref{Entity: store.EntitySale, ID: "crm:i2"}) {
		t.Errorf("sales %+v, deleted %v", sl, all.Deleted)
	}
	if got := touchesOf(all); !slices.Equal(got, []string{"EV1||CRM-OPP-1|Ann-华东风电|lilei@x.cn|0|meeting", "T1||CRM-OPP-1||lilei@x.cn|0|other", "m1|华东风电|||lilei@x.cn|0|call"}) {
		t.Errorf("touches %q", got)
	}
}

// A limit of the whole site counts its time and answers in words, not in JSON.
func TestFrappe_Refused(t *testing.T) {
	var reply sourcetest.Reply
	s := vendorOn(t, Config{Spec: "erpnext"}, func(w http.ResponseWriter, _ *http.Request) {
		if reply.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1234")
			w.Header().Set("X-RateLimit-Limit", "600000000")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", "1234")
			w.Header().Set("Content-Type", "text/plain")
		}
		w.WriteHeader(reply.Status)
		if text, ok := reply.Body.(string); ok {
			fmt.Fprint(w, text)
			return
		}
		_ = json.NewEncoder(w).Encode(reply.Body)
	})
	for _, c := range []struct {
		reply sourcetest.Reply
		class error
		words string
	}{
		{frappeSays(403, "PermissionError", "No permission for Opportunity"), source.ErrDenied, "No permission for Opportunity"},
		{sourcetest.Reply{Status: 403, Body: sourcetest.Row{"session_expired": 1, "exception": "frappe.exceptions.PermissionError: Login to access"}}, source.ErrAuth, "Login"},
		{frappeSays(401, "AuthenticationError", "x"), source.ErrAuth, ""}, {frappeSays(417, "DataError", "Field not permitted in query: x"), source.ErrSetup, "Field not permitted"},
	} {
		reply = c.reply
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v", c.reply, err)
		}
	}
	reply = sourcetest.Reply{Status: http.StatusTooManyRequests, Body: "Too Many Requests"}
	for range 2 { // said by the server, then by our own meter
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		if ra := (*source.RetryAfter)(nil); !errors.As(err, &ra) || ra.Wait < 1200*time.Second || ra.Wait > 1234*time.Second {
			t.Errorf("429: %v", err)
		}
	}
	if b := s.Budgets(); len(b) != 1 || b[0].Limit != 600_000_000 || b[0].Used != 600_000_000 {
		t.Errorf("budgets %+v", b)
	}
}
