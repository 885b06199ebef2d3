package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// dynamicsSpoken is an environment of Dynamics 365: opportunities by change tracking, whose links know everything behind a version, with what was deleted among the rows.
func dynamicsSpoken() spoken {
	return spoken{
		spec: "dynamics", speak: dynamicsSpeech, deletes: true, vars: map[string]string{"login": "/login"},
		faults: []sourcetest.Kind{sourcetest.Gone, sourcetest.Repeat},
	}
}

// odataError is how Dataverse says that something is wrong; a server may repeat our secret.
func odataError(status int, code, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{"error": sourcetest.Row{"code": code, "message": words + " " + canary}}}
}

func dynamicsSpeech() sourcetest.Speech {
	const version, signIn = "/api/data/v9.2/", "/login/x/oauth2/v2.0/token"
	pages := map[string][]any{} // what a page link leads through, as it was when the first page was asked for
	stamp := map[string]int{}   // the version that it has
	throttled := odataError(http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds.")
	throttled.Header = http.Header{"Retry-After": {"7"}}
	return sourcetest.Speech{
		SignsIn: func(r *http.Request) bool { return r.URL.Path == signIn },
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.Throttle:     throttled,
			sourcetest.Unauthorized: {Status: http.StatusUnauthorized, Body: ""},
			sourcetest.Forbidden:    odataError(http.StatusForbidden, "0x80040220", "SecLib::AccessCheckEx failed. Returned hr = -2147187962"),
			sourcetest.Gone:         odataError(http.StatusBadRequest, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync."),
			sourcetest.ServerError:  odataError(http.StatusInternalServerError, "0x80040216", "An unexpected error occurred."),
		},
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			if r.URL.Path == signIn {
				if r.FormValue("scope") != "http://"+r.Host+"/.default" || r.FormValue("grant_type") != "client_credentials" {
					return sourcetest.Reply{Status: http.StatusBadRequest, Body: sourcetest.Row{"error": "invalid_scope", "error_description": "AADSTS1002012"}}
				}
				return grant(d, r, sourcetest.Row{"expires_in": 3599, "ext_expires_in": 3599})
			}
			if !d.Knows(bearerOf(r)) {
				return sourcetest.Reply{Status: http.StatusUnauthorized, Body: ""}
			}
			if r.URL.Path != version+"opportunities" || !strings.Contains(r.Header.Get("Prefer"), "odata.track-changes") {
				return odataError(http.StatusNotFound, "0x80060888", "Resource not found for the segment.")
			}
			q := r.URL.Query()
			if q.Get("$filter")+q.Get("$orderby")+q.Get("$expand")+q.Get("$top") != "" {
				return odataError(http.StatusBadRequest, "0x0", `The "$filter" query parameter isn't supported when Change Tracking is enabled.`)
			}
			limit, _ := strconv.Atoi(preference(r, "odata.maxpagesize"))
			name, from := q.Get("$skiptoken"), 0
			if name != "" {
				first, at, _ := strings.Cut(name, "-")
				name = first
				from, _ = strconv.Atoi(at)
			} else {
				name = strconv.Itoa(len(pages))
				since, _ := strconv.Atoi(q.Get("$deltatoken"))
				pages[name], stamp[name] = opportunitiesSince(d, since, r.Host, q.Get("$deltatoken") != ""), d.Seq()
			}
			rows := pages[name]
			to := min(from+limit, len(rows))
			out := sourcetest.Row{"@odata.context": "http://" + r.Host + version + "$metadata#opportunities/$delta", "value": rows[from:to]}
			self := "http://" + r.Host + version + "opportunities?$select=" + q.Get("$select")
			switch {
			case d.Again:
				out["@odata.nextLink"] = fmt.Sprintf("%s&$skiptoken=%s-%d", self, name, from)
			case to < len(rows):
				out["@odata.nextLink"] = fmt.Sprintf("%s&$skiptoken=%s-%d", self, name, to)
			default:
				out["@odata.deltaLink"] = fmt.Sprintf("%s&$deltatoken=%d", self, stamp[name])
			}
			return sourcetest.Reply{Body: out}
		},
	}
}

// preference reads a number from the Prefer header.
func preference(r *http.Request, name string) string {
	for _, p := range strings.Split(r.Header.Get("Prefer"), ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), name+"="); ok {
			return v
		}
	}
	return ""
}

// opportunitiesSince are those that changed behind a version, and those that went.
func opportunitiesSince(d *sourcetest.Desk, since int, host string, deleted bool) []any {
	out := []any{}
	for _, r := range d.Rows("deals") {
		if r["seq"].(int) <= since {
			continue
		}
		state, phase := 0, any("1-Qualify")
		switch r["stage"] {
		case "Closed Won":
			state = 1
		case "Closed Lost":
			state = 2
		case "Prospecting":
			phase = "Prospecting"
		}
		out = append(out, sourcetest.Row{
			"@odata.etag": fmt.Sprintf(`W/"%v"`, r["seq"]), "opportunityid": fmt.Sprint(r["id"]), "name": r["name"], "statecode": state, "stepname": phase,
			"estimatedvalue_base": r["amount"], "estimatedclosedate": r["close"], "modifiedon": r["updated_at"], "createdon": "2026-01-05T02:00:00Z",
		})
	}
	for _, g := range d.Gone("deals") {
		if deleted && g["seq"].(int) > since {
			out = append(out, sourcetest.Row{
				"@odata.context": "http://" + host + "/api/data/v9.2/$metadata#opportunities/$deletedEntity", "id": fmt.Sprint(g["id"]), "reason": "deleted",
			})
		}
	}
	return out
}

// dynamicsSays is an environment whose answers a test gives by what is asked.
func dynamicsSays(t *testing.T, cfg func(*Config), answers ...[2]string) (*Source, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", monday.Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") {
			fmt.Fprint(w, `{"access_token":"eyJ-token-of-the-server","token_type":"Bearer","expires_in":3599}`)
			return
		}
		q := r.URL.Query()
		what := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/") + " " + q.Get("$select") + " " + q.Get("$filter") + q.Get("@target")
		asked = append(asked, what)
		for _, a := range answers {
			if body := a[1]; strings.HasPrefix(what, a[0]) {
				if status, rest, ok := strings.Cut(body, " "); ok && len(status) == 3 {
					code, _ := strconv.Atoi(status)
					w.WriteHeader(code)
					body = rest
				}
				_, _ = w.Write([]byte(strings.ReplaceAll(body, "HOST", "http://"+r.Host)))
				return
			}
		}
		t.Errorf("nobody answers %s", what)
	}))
	t.Cleanup(srv.Close)
	c := Config{
		ID: "ms", Spec: "dynamics", URL: srv.URL, Currency: "CNY", TimeZone: "Asia/Shanghai", Vars: map[string]string{"client_id": "app", "tenant": "t", "login": "/login"},
	}
	c.Token, _ = secretFile(t, canary)
	if cfg != nil {
		cfg(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, &asked
}

// Shapes as in the vendor's documentation.
const dynamicsDeals = `{"@odata.context":"HOST/api/data/v9.2/$metadata#opportunities/$delta","@odata.deltaLink":"HOST/api/data/v9.2/opportunities?$select=name&$deltatoken=919042%2108",
 "value":[{"@odata.etag":"W/\"915244\"","opportunityid":"o1","name":"Harbin turbine","_parentaccountid_value":"a1","_ownerid_value":"team","_owninguser_value":"u1","statecode":0,
  "stepname":"2-Develop","salesstage":1,"estimatedvalue_base":12345678901234.5600,"estimatedclosedate":"2026-04-30","createdon":"2026-01-05T18:00:00Z","modifiedon":"2026-03-01T09:00:00Z",
  "exchangerate":2.0,"msdyn_forecastcategory":100000003,"new_kind":100000001,"new_kind@OData.Community.Display.V1.FormattedValue":"Retrofit","_campaignid_value":"c1",
  "_campaignid_value@OData.Community.Display.V1.FormattedValue":"Fair"},
 {"opportunityid":"o2","name":"Won","statecode":1,"stepname":"4-Close","estimatedvalue_base":5,"actualvalue_base":7,"actualclosedate":"2026-02-01","estimatedclosedate":"2026-03-01"},
 {"@odata.context":"HOST/api/data/v9.2/$metadata#opportunities/$deletedEntity","id":"o3","reason":"deleted"}]}`

func TestDynamics_Deals(t *testing.T) {
	s, _ := dynamicsSays(t, func(c *Config) { c.Extra = map[string][]string{"deals": {"new_kind"}} }, [2]string{"opportunities ", dynamicsDeals})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Deals) != 2 || len(p.Issues) != 0 {
		t.Fatalf("%+v, issues %+v, %v", p.Deals, p.Issues, err)
	}
	want := store.Deal{
		ID: "ms:o1", Name: "Harbin turbine", Account: "ms:a1", Owner: "ms:u1", Stage: "develop", Category: store.CategoryCommit,
		Amount: store.Money{Minor: 1234567890123456, Currency: "CNY"}, Created: store.Date(2026, 1, 6), Close: store.Date(2026, 4, 30),
		Modified: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Lead: "Fair", Extra: map[string]string{"new_kind": "100000001", "new_kind_label": "Retrofit"},
	}
	if !reflect.DeepEqual(p.Deals[0], want) {
		t.Errorf("got  %+v\nwant %+v", p.Deals[0], want)
	}
	if d := p.Deals[1]; d.Stage != "won" || d.Amount.Minor != 700 || d.Close != store.Date(2026, 2, 1) || d.Category != 0 {
		t.Errorf("won: %+v", d)
	}
	if !slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntityDeal, ID: "ms:o3"}}) || !p.Full || !strings.Contains(string(p.Next), "919042") {
		t.Errorf("deleted %v, full %v, next %s", p.Deleted, p.Full, p.Next)
	}
}

// The audit log of a changed deal: what each change left behind and what it brought.
func TestDynamics_History(t *testing.T) {
	const detail = `{"@odata.type":"#Microsoft.Dynamics.CRM.AttributeAuditDetail","AuditRecord":{"createdon":"2026-0%d-01T08:00:00Z","_userid_value":"u1"},"OldValue":%s,"NewValue":%s}`
	s, asked := dynamicsSays(t, func(c *Config) { c.Vars["history"] = "audit" },
		[2]string{"opportunities ", dynamicsDeals},
		[2]string{"RetrieveRecordChangeHistory(Target=@target)  {'@odata.id':'opportunities(o2)'}", `{"AuditDetailCollection":{"MoreRecords":false,"AuditDetails":[]}}`},
		[2]string{"RetrieveRecordChangeHistory(Target=@target)  {'@odata.id':'opportunities(o1)'}", `{"AuditDetailCollection":{"MoreRecords":false,"AuditDetails":[` +
			fmt.Sprintf(detail, 3, `{"statecode":1,"stepname":"2-Develop"}`, `{"statecode":0,"stepname":null}`) + "," +
			fmt.Sprintf(detail, 2, `{"stepname":"1-Qualify","estimatedvalue":5,"_ownerid_value":"u1"}`, `{"stepname":"2-Develop","estimatedvalue":9,"_ownerid_value":"u2"}`) + "," +
			fmt.Sprintf(detail, 1, `null`, `{"stepname":"1-Qualify","estimatedvalue":5,"estimatedclosedate":"2026-04-30","msdyn_forecastcategory":100000001}`) +
			`,{"@odata.type":"#Microsoft.Dynamics.CRM.AuditDetail","AuditRecord":{"createdon":"2026-01-01T08:00:00Z"}}]}}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Issues) != 0 || len(*asked) != 3 {
		t.Fatalf("asked %q, issues %+v, %v", *asked, p.Issues, err)
	}
	if got, want := steps(p.Changes), []string{
		"amount 2.50 CNY>4.50 CNY 2026-02-01 ms:u1", "amount >2.50 CNY 2026-01-01 ms:u1", "category >pipeline 2026-01-01 ms:u1", "close >2026-04-30 2026-01-01 ms:u1",
		"owner ms:u1>ms:u2 2026-02-01 ms:u1", "stage >qualify 2026-01-01 ms:u1", "stage qualify>develop 2026-02-01 ms:u1",
	}; !slices.Equal(got, want) {
		t.Errorf("changes\n%q, want\n%q", got, want)
	}
	if p.Track != 0 {
		t.Errorf("tracked beside the history: %v", p.Track)
	}
}

func TestDynamics_OtherStreams(t *testing.T) {
	const link = `"@odata.deltaLink":"HOST/api/data/v9.2/x?$deltatoken=1","value":[`
	const words = "@OData.Community.Display.V1.FormattedValue"
	s, asked := dynamicsSays(t, nil,
		[2]string{"businessunits", `{"value":[{"businessunitid":"b1","name":"Root","_parentbusinessunitid_value":null},{"businessunitid":"b2","name":"East","_parentbusinessunitid_value":"b1"}]}`},
		[2]string{"systemusers", `{"value":[{"systemuserid":"u1","fullname":"Ann","internalemailaddress":"a@example.com","mobilephone":"+1 415 555 0101","isdisabled":true,"_businessunitid_value":"b2"}]}`},
		[2]string{"products", `{` + link + `{"productid":"p1","name":"Pump","price_base":10.5,"_parentproductid_value":"f","_parentproductid_value` + words + `":"Hydraulics"}]}`},
		[2]string{"accounts", `{` + link + `{"accountid":"a1","name":"Harbin","industrycode":7,"industrycode` + words + `":"Energy","revenue_base":1e9,"numberofemployees":20,"merged":false},
			{"accountid":"a2","merged":true}]}`},
		[2]string{"contacts", `{` + link + `{"contactid":"k1","fullname":"Li","jobtitle":"CTO","accountrolecode":1,"accountrolecode` + words + `":"Decision Maker","_parentcustomerid_value":"a1",
			"_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"account"}]}`},
		[2]string{"appointments", `{"value":[{"activityid":"t1","subject":"Visit","scheduledstart":"2026-02-02T08:00:00Z","scheduleddurationminutes":90,"statecode":3,"_regardingobjectid_value":"o1",
			"_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"opportunity","_owninguser_value":"u1","regardingobjectid_contact_appointment":null,
			"regardingobjectid_opportunity_appointment":{"_parentaccountid_value":"a1"}},{"activityid":"t2","statecode":2}]}`},
		[2]string{"phonecalls", `{"value":[{"activityid":"t3","actualend":"2026-02-03T08:00:00Z","actualdurationminutes":5,"statecode":1,"_regardingobjectid_value":"a1",
			"_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"account"}]}`},
		[2]string{"emails", `{"value":[{"activityid":"t4","senton":"2026-02-03T08:00:00Z","statecode":1,"_regardingobjectid_value":"k1",
			"_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"contact","regardingobjectid_contact_email":{"_parentcustomerid_value":"a1"}}]}`},
		[2]string{"tasks", `{"value":[{"activityid":"t5","statecode":0,"createdon":"2026-02-03T08:00:00Z"}]}`},
		[2]string{"salesorderdetails", `{"value":[{"salesorderdetailid":"l1","_productid_value":"p1","quantity":2.5,"extendedamount_base":25.25,"modifiedon":"2026-02-01T00:00:00Z",
			"salesorderid":{"statecode":3,"submitdate":"2026-02-01","_customerid_value":"a1","_owninguser_value":"u1","modifiedon":"2026-02-05T00:00:00Z"}},
			{"salesorderdetailid":"l2","salesorderid":{"statecode":2}}]}`})
	p := passes(t, s, "deals", "stages")
	if len(p.Units) != 2 || p.Units[1].Parent != "ms:b1" || len(p.People) != 1 || !p.People[0].Inactive || p.People[0].Unit != "ms:b2" || p.People[0].Phone != "+1 415 555 0101" {
		t.Errorf("units %+v, people %+v", p.Units, p.People)
	}
	if len(p.Products) != 1 || p.Products[0].Category != "Hydraulics" || len(p.Accounts) != 1 || p.Accounts[0].Industry != "Energy" || len(p.Contacts) != 1 ||
		p.Contacts[0].Role != "Decision Maker" || p.Contacts[0].Account != "ms:a1" {
		t.Errorf("products %+v, accounts %+v, contacts %+v", p.Products, p.Accounts, p.Contacts)
	}
	var got []string
	for _, c := range p.Touches {
		got = append(got, fmt.Sprintf("%s %s %s %s %s %d", c.ID, c.Account, c.Deal, c.Contact, c.Channel, c.Minutes))
	}
	if want := []string{"ms:t1 ms:a1 ms:o1  meeting 90", "ms:t3 ms:a1   call 5", "ms:t4 ms:a1  ms:k1 email 0"}; !slices.Equal(got, want) {
		t.Errorf("touches %q, want %q", got, want)
	}
	if len(p.Sales) != 1 || p.Sales[0].Amount.Minor != 2525 || p.Sales[0].Account != "ms:a1" || p.Sales[0].Rep != "ms:u1" || p.Sales[0].Day != store.Date(2026, 2, 1) {
		t.Errorf("sales %+v", p.Sales)
	}
	if len(p.Deleted) != 4 { // a merged account, a cancelled meeting, an open task, a line of a cancelled order
		t.Errorf("deleted %v", p.Deleted)
	}
	*asked = nil
	c := cursor{V: cursorVersion, Mark: monday.Add(-time.Hour)}.String()
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Cursor: c, Now: monday}); err != nil ||
		!strings.HasSuffix((*asked)[0], " (modifiedon ge 2026-03-02T06:50:00Z or salesorderid/modifiedon ge 2026-03-02T06:50:00Z)") {
		t.Errorf("asked %q, %v", *asked, err)
	}
}

// A column that is not there is left out and told; a table without change tracking, or without the right, says what to do.
func TestDynamics_Refused(t *testing.T) {
	s, asked := dynamicsSays(t, nil,
		[2]string{"EntityDefinitions", `{"value":[{"LogicalName":"opportunityid"},{"LogicalName":"name"},{"LogicalName":"statecode"},{"LogicalName":"stepname"},{"LogicalName":"ownerid"}]}`},
		[2]string{"opportunities opportunityid,name,_ownerid_value,statecode,stepname ", `{"value":[],"@odata.deltaLink":"HOST/x?$deltatoken=1"}`},
		[2]string{"opportunities ", `400 {"error":{"code":"0x80060888","message":"Could not find a property named 'msdyn_forecastcategory' on type 'Microsoft.Dynamics.CRM.opportunity'."}}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Issues) == 0 || slices.ContainsFunc(p.Issues, func(i store.Issue) bool { return i.Field == "msdyn_forecastcategory" }) {
		t.Errorf("asked %q, issues %+v, %v", *asked, p.Issues, err)
	}
	for _, tt := range []struct {
		answer string
		class  error
	}{
		{`400 {"error":{"code":"0x80044352","message":"Version stamp associated with the client has expired. Please perform a full sync."}}`, source.ErrExpired},
		{`400 {"error":{"code":"0x0","message":"Change tracking is not enabled for entity opportunity."}}`, source.ErrSetup},
		{`403 {"error":{"code":"0x80040220","message":"SecLib::AccessCheckEx failed."}}`, source.ErrDenied},
	} {
		s, _ := dynamicsSays(t, nil, [2]string{"", tt.answer})
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday}); !errors.Is(err, tt.class) {
			t.Errorf("%s: %v", tt.answer, err)
		}
	}
}
