package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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
)

// salesforceSpoken is an organisation of Salesforce: SOQL over opportunities, batches behind locators that see the rows as they were, deleted rows that are still there
// for queryAll, and errors as lists.
func salesforceSpoken() spoken {
	return spoken{spec: "salesforce", speak: salesforceSpeech, deletes: true, wait: 15 * time.Minute, faults: []sourcetest.Kind{sourcetest.Gone, sourcetest.Repeat}}
}

var (
	soqlFrom = regexp.MustCompile(`SystemModstamp >= (\S+)`)
	soqlTo   = regexp.MustCompile(`SystemModstamp <= (\S+)`)
)

// soqlError is how Salesforce says that something is wrong; a server may repeat our secret.
func soqlError(status int, code, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: []any{sourcetest.Row{"errorCode": code, "message": words + " " + canary}}}
}

func salesforceSpeech() sourcetest.Speech {
	const batch, signIn = 10, "/services/oauth2/token"
	locators := map[string][]any{}
	page := func(locator string, from int, again bool) sourcetest.Reply {
		rows, ok := locators[locator]
		if !ok || from > len(rows) {
			return soqlError(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
		}
		to := min(from+batch, len(rows))
		out := sourcetest.Row{"totalSize": len(rows), "done": to == len(rows), "records": rows[from:to]}
		if next := to; next < len(rows) || again {
			if again {
				next = from
			}
			out["done"], out["nextRecordsUrl"] = false, fmt.Sprintf("/services/data/v62.0/query/%s-%d", locator, next)
		}
		return sourcetest.Reply{Body: out, Header: http.Header{"Sforce-Limit-Info": {"api-usage=18/1000000"}}}
	}
	return sourcetest.Speech{
		SignsIn: func(r *http.Request) bool { return r.URL.Path == signIn },
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.Throttle:     soqlError(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
			sourcetest.Unauthorized: soqlError(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid"),
			sourcetest.Forbidden:    soqlError(http.StatusForbidden, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id"),
			sourcetest.Gone:         soqlError(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator"),
			sourcetest.ServerError:  soqlError(http.StatusInternalServerError, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
		},
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			if r.URL.Path == signIn {
				return grant(d, r, sourcetest.Row{"instance_url": "http://" + r.Host, "id": "http://" + r.Host + "/id/00D/005", "issued_at": "1772352000000", "signature": "x"})
			}
			if !d.Knows(bearerOf(r)) {
				return soqlError(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
			}
			if _, locator, ok := strings.Cut(r.URL.Path, "/query/"); ok {
				name, at, _ := strings.Cut(locator, "-")
				from, _ := strconv.Atoi(at)
				return page(name, from, d.Again)
			}
			q := r.FormValue("q")
			rows := d.Rows("deals")
			if strings.HasSuffix(r.URL.Path, "/queryAll") {
				for _, g := range d.Gone("deals") {
					g["IsDeleted"] = true
					rows = append(rows, g)
				}
			}
			var from, to string
			if m := soqlFrom.FindStringSubmatch(q); m != nil {
				from = m[1]
			}
			if m := soqlTo.FindStringSubmatch(q); m != nil {
				to = m[1]
			}
			out := []any{}
			for _, row := range sourcetest.Window(rows, from, to) {
				out = append(out, opportunity(row, strings.HasPrefix(q, "SELECT Id FROM")))
			}
			name := fmt.Sprintf("01g%d", len(locators))
			locators[name] = out
			return page(name, 0, d.Again)
		},
	}
}

// opportunity is a row as Salesforce shows it.
func opportunity(d sourcetest.Row, idOnly bool) sourcetest.Row {
	id := fmt.Sprint(d["id"])
	out := sourcetest.Row{"attributes": sourcetest.Row{"type": "Opportunity", "url": "/services/data/v62.0/sobjects/Opportunity/" + id}, "Id": id}
	if idOnly {
		return out
	}
	at := fmt.Sprint(d["updated_at"])
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		at = t.UTC().Format("2006-01-02T15:04:05.000+0000")
	}
	out["Name"], out["StageName"], out["Amount"], out["CloseDate"], out["SystemModstamp"] = d["name"], d["stage"], d["amount"], d["close"], at
	out["IsDeleted"], out["Type"], out["CreatedDate"] = d["IsDeleted"] == true, d["campaign"], "2026-01-05T02:00:00.000+0000"
	out["OpportunityHistories"] = sourcetest.Row{"totalSize": 1, "done": true, "records": []any{
		sourcetest.Row{"Id": "008" + id, "StageName": d["stage"], "Amount": d["amount"], "CreatedDate": "2026-01-05T02:00:00.000+0000"},
	}}
	return out
}

// salesforceSays is an organisation whose answers a test gives by what is asked: the first entry of which the key is part of path and query.
func salesforceSays(t *testing.T, cfg func(*Config), answers ...[2]string) (*Source, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", monday.Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/oauth2/token") {
			fmt.Fprintf(w, `{"access_token":"00D!session-of-the-server","instance_url":"http://%s","token_type":"Bearer","issued_at":"1772352000000"}`, r.Host)
			return
		}
		what := r.URL.Path + " " + r.FormValue("q")
		asked = append(asked, what)
		for _, a := range answers {
			if body := a[1]; strings.Contains(what, a[0]) {
				if status, rest, ok := strings.Cut(body, " "); ok && len(status) == 3 {
					code, _ := strconv.Atoi(status)
					w.WriteHeader(code)
					body = rest
				}
				_, _ = w.Write([]byte(body))
				return
			}
		}
		t.Errorf("nobody answers %s", what)
	}))
	t.Cleanup(srv.Close)
	c := Config{ID: "sf", Spec: "salesforce", URL: srv.URL, Currency: "CNY", TimeZone: "Asia/Shanghai", Vars: map[string]string{"client_id": "3MVG"}}
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

// Shapes as in the vendor's documentation. The history names every row of a deal, also those in which the stage did not move.
const salesforceDeal = `{"totalSize":2,"done":true,"records":[
 {"attributes":{"type":"Opportunity"},"Id":"006A","Name":"Harbin turbine","AccountId":"001A","OwnerId":"005A","StageName":"Negotiation","ForecastCategory":"Forecast",
  "Amount":12345678901234.56,"CloseDate":"2026-04-30","CreatedDate":"2026-01-05T18:00:00.000+0000","LeadSource":"Web","NextStep":"legal","Type":"New","IsDeleted":false,
  "SystemModstamp":"2026-03-01T09:00:00.000+0000","CurrencyIsoCode":"USD","OpportunityHistories":{"totalSize":3,"done":true,"records":[
   {"Id":"0083","StageName":"Negotiation","Amount":500,"CloseDate":"2026-04-30","ForecastCategory":"Forecast","CreatedDate":"2026-02-20T08:00:00.000+0000","CreatedById":"005B"},
   {"Id":"0082","StageName":"Prospecting","Amount":500,"CloseDate":"2026-03-31","ForecastCategory":"Pipeline","CreatedDate":"2026-02-01T08:00:00.000+0000","CreatedById":"005A"},
   {"Id":"0081","StageName":"Prospecting","Amount":null,"CloseDate":"2026-03-31","ForecastCategory":"Pipeline","CreatedDate":"2026-01-05T18:00:00.000+0000","CreatedById":"005A"}]}},
 {"Id":"006B","IsDeleted":true,"SystemModstamp":"2026-02-01T09:00:00.000+0000","OpportunityHistories":null}]}`

func TestSalesforce_Deals(t *testing.T) {
	s, _ := salesforceSays(t, nil, [2]string{"FROM Opportunity ", salesforceDeal})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Deal{
		ID: "sf:006A", Name: "Harbin turbine", Account: "sf:001A", Owner: "sf:005A", Stage: "Negotiation", Category: store.CategoryCommit,
		Amount: store.Money{Minor: 1234567890123456, Currency: "USD"}, Created: store.Date(2026, 1, 6), Close: store.Date(2026, 4, 30),
		Modified: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Lead: "Web", NextStep: "legal", Extra: map[string]string{"type": "New"},
	}
	if len(p.Deals) != 1 || !p.Deals[0].Modified.Equal(want.Modified) {
		t.Fatalf("%+v", p.Deals)
	}
	p.Deals[0].Modified = want.Modified
	if !reflect.DeepEqual(p.Deals[0], want) || len(p.Issues) != 0 || !slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntityDeal, ID: "sf:006B"}}) {
		t.Errorf("got  %+v\nwant %+v\nissues %+v, deleted %v", p.Deals, want, p.Issues, p.Deleted)
	}
	if got, want := steps(p.Changes), []string{
		"amount >500.00 USD 2026-02-01 sf:005A", "category >pipeline 2026-01-05 sf:005A", "category pipeline>commit 2026-02-20 sf:005B",
		"close 2026-03-31>2026-04-30 2026-02-20 sf:005B", "close >2026-03-31 2026-01-05 sf:005A",
		"stage >Prospecting 2026-01-05 sf:005A", "stage Prospecting>Negotiation 2026-02-20 sf:005B",
	}; !slices.Equal(got, want) {
		t.Errorf("changes\n%q, want\n%q", got, want)
	}
}

// steps writes changes so that they can be compared.
func steps(all []store.Change) (out []string) {
	for _, c := range all {
		out = append(out, fmt.Sprintf("%s %s>%s %s %s", c.Field, c.From, c.To, c.At.UTC().Format(time.DateOnly), c.By))
	}
	slices.Sort(out)
	return out
}

// A history that did not come whole is asked for by itself, page by page.
func TestSalesforce_LongHistory(t *testing.T) {
	s, asked := salesforceSays(t, nil,
		[2]string{"FROM Opportunity ", `{"totalSize":1,"done":true,"records":[{"Id":"006A","StageName":"C","SystemModstamp":"2026-03-01T09:00:00.000+0000",
			"OpportunityHistories":{"totalSize":900,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01gA-200","records":[{"Id":"0089","StageName":"A","CreatedDate":"2026-01-01T00:00:00.000+0000"}]}}]}`},
		[2]string{"'006A' AND Id > '0082'", `{"totalSize":0,"done":true,"records":[]}`},
		[2]string{"'006A' AND Id > '0081'", `{"totalSize":1,"done":true,"records":[{"Id":"0082","StageName":"B","CreatedDate":"2026-01-02T00:00:00.000+0000"}]}`},
		[2]string{"'006A' ORDER", `{"totalSize":1,"done":true,"records":[{"Id":"0081","StageName":"A","CreatedDate":"2026-01-01T00:00:00.000+0000"}]}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if got := steps(p.Changes); err != nil || !slices.Equal(got, []string{"stage >A 2026-01-01 ", "stage A>B 2026-01-02 "}) {
		t.Errorf("%q, asked %q, %v", got, *asked, err)
	}
}

const noSuchColumn = `400 [{"errorCode":"INVALID_FIELD","message":"\nSELECT Id, CurrencyIsoCode FROM Opportunity\nERROR at Row:1:Column:12\nNo such column 'CurrencyIsoCode' on entity 'Opportunity'."}]`

// An organisation with one currency, a right that is missing on one field, and all custom fields: what cannot be read is left out, told once, and not asked for again.
func TestSalesforce_Fields(t *testing.T) {
	s, asked := salesforceSays(t, func(c *Config) { c.Extra = map[string][]string{"deals": {"*", "Old__c"}} },
		[2]string{"/describe", `{"fields":[{"name":"Id"},{"name":"Name"},{"name":"StageName"},{"name":"Amount"},{"name":"IsDeleted"},{"name":"SystemModstamp"},{"name":"AccountId"},
			{"name":"Budget__c","custom":true,"type":"currency"},{"name":"Place__c","custom":true,"type":"location"}],"childRelationships":[{"relationshipName":"OpportunityHistories"},{"relationshipName":null}]}`},
		[2]string{"CurrencyIsoCode", noSuchColumn}, [2]string{"Old__c", noSuchColumn},
		[2]string{"FROM Opportunity ", `{"totalSize":1,"done":true,"records":[{"Id":"006A","StageName":"C","Amount":5,"SystemModstamp":"2026-03-01T09:00:00.000+0000","Budget__c":17}]}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Deals) != 1 || p.Deals[0].Extra["Budget__c"] != "17" || p.Deals[0].Amount.Currency != "CNY" {
		t.Fatalf("%+v, %v", p.Deals, err)
	}
	var told []string
	for _, i := range p.Issues {
		told = append(told, i.Field)
	}
	slices.Sort(told)
	if want := []string{"CloseDate", "CreatedDate", "ForecastCategory", "LeadSource", "NextStep", "Old__c", "OwnerId", "Type"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	*asked = nil
	if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: monday.Add(time.Hour)}); err != nil || len(*asked) != 1 || len(p.Issues) != 0 {
		t.Errorf("the next pass asked %q, issues %+v, %v", *asked, p.Issues, err)
	}
	if !strings.Contains((*asked)[0], "SELECT Id,Name,AccountId,StageName,Amount,IsDeleted,SystemModstamp,(SELECT Id, StageName") || !strings.Contains((*asked)[0], ",Budget__c FROM") {
		t.Errorf("asked %q", *asked)
	}
	*asked = nil
	if _, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: monday.Add(25 * time.Hour)}); err != nil || !strings.Contains((*asked)[0], "CurrencyIsoCode") {
		t.Errorf("a day later it is asked for again, since a right may have been given: %q, %v", *asked, err)
	}
	got, err := s.Sample(t.Context(), "deals", 5)
	if err != nil || !slices.Contains(got.Missing, "CloseDate") || slices.Contains(got.Missing, "CurrencyIsoCode") {
		t.Errorf("source check is told of %q, %v", got.Missing, err)
	}
}

// Where all columns are known it is something else that may not be read, and the stream is denied with the server's words.
func TestSalesforce_Refused(t *testing.T) {
	for _, tt := range []struct {
		answer string
		class  error
	}{
		{noSuchColumn, source.ErrDenied},
		{`400 [{"errorCode":"INVALID_TYPE","message":"sObject type 'Opportunity' is not supported."}]`, source.ErrDenied},
		{`403 [{"errorCode":"API_DISABLED_FOR_ORG","message":"The REST API is not enabled for this Organization."}]`, source.ErrSetup},
		{`401 [{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]`, source.ErrAuth},
		{`400 [{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]`, source.ErrExpired},
	} {
		s, _ := salesforceSays(t, nil, [2]string{"/describe", `{"fields":[],"childRelationships":[]}`}, [2]string{"", tt.answer})
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday}); !errors.Is(err, tt.class) {
			t.Errorf("%s: %v", tt.answer, err)
		}
	}
	s, _ := salesforceSays(t, nil, [2]string{"", `403 [{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`})
	_, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if ra := (*source.RetryAfter)(nil); !errors.As(err, &ra) || ra.Wait != 15*time.Minute || !strings.Contains(err.Error(), "REQUEST_LIMIT_EXCEEDED: TotalRequests") {
		t.Errorf("the day's requests are used up: %v", err)
	}
}

func TestSalesforce_OtherStreams(t *testing.T) {
	s, _ := salesforceSays(t, nil,
		[2]string{"FROM OpportunityStage", `{"totalSize":3,"done":true,"records":[{"ApiName":"Prospecting","MasterLabel":"探索","SortOrder":1,"IsClosed":false,"IsWon":false,"DefaultProbability":10.0},
			{"ApiName":"Closed Won","MasterLabel":"赢单","SortOrder":8,"IsClosed":true,"IsWon":true,"DefaultProbability":100.0},
			{"ApiName":"Closed Lost","MasterLabel":"输单","SortOrder":9,"IsClosed":true,"IsWon":false,"DefaultProbability":0.0}]}`},
		[2]string{"FROM UserRole", `{"totalSize":1,"done":true,"records":[{"Id":"00EA","Name":"East","ParentRoleId":"00E0"}]}`},
		[2]string{"FROM User ", `{"totalSize":1,"done":true,"records":[{"Id":"005A","Name":"Ann","Email":"a@example.com","MobilePhone":"+1 415 555 0101","IsActive":false,"UserRoleId":"00EA"}]}`},
		[2]string{"FROM Product2", `{"totalSize":1,"done":true,"records":[{"Id":"01tA","Name":"Pump","Family":"Hydraulics","IsDeleted":false,"PricebookEntries":{"records":[{"UnitPrice":10.5}]}}]}`},
		[2]string{"FROM Account", `{"totalSize":1,"done":true,"records":[{"Id":"001A","Name":"Harbin","BillingCity":"哈尔滨","AnnualRevenue":1e9,"NumberOfEmployees":20,"IsDeleted":false}]}`},
		[2]string{"FROM Contact", `{"totalSize":1,"done":true,"records":[{"Id":"003A","AccountId":"001A","Name":"Li","Title":"CTO","Phone":"1","IsDeleted":false,
			"OpportunityContactRoles":{"records":[{"Role":"Decision Maker"}]}}]}`},
		[2]string{"FROM Task", `{"totalSize":2,"done":true,"records":[{"Id":"00TA","WhatId":"006A","WhoId":"00QA","AccountId":"001A","OwnerId":"005A","Subject":"Call","TaskSubtype":"Call",
			"IsClosed":true,"IsDeleted":false,"CompletedDateTime":"2026-02-01T08:00:00.000+0000","CallDurationInSeconds":61},{"Id":"00TB","IsClosed":false,"IsDeleted":false,"ActivityDate":"2026-05-01"}]}`},
		[2]string{"FROM Event", `{"totalSize":1,"done":true,"records":[{"Id":"00UA","WhatId":"001A","WhoId":"003A","AccountId":"001A","OwnerId":"005A","Subject":"Visit","Type":"客户拜访",
			"StartDateTime":"2026-02-02T08:00:00.000+0000","DurationInMinutes":90,"IsAllDayEvent":false,"IsDeleted":false}]}`},
		[2]string{"FROM OrderItem", `{"totalSize":2,"done":true,"records":[{"Id":"802A","Product2Id":"01tA","Quantity":2.5,"TotalPrice":25.25,"IsDeleted":false,"SystemModstamp":"2026-02-01T08:00:00.000+0000",
			"Order":{"AccountId":"001A","OwnerId":"005A","EffectiveDate":"2026-02-01","StatusCode":"A","SystemModstamp":"2026-02-03T08:00:00.000+0000"}},
			{"Id":"802B","Order":{"StatusCode":"D"}}]}`})
	p := passes(t, s, "deals")
	if len(p.Stages) != 3 || p.Stages[1].Kind != store.StageWon || p.Stages[2].Kind != store.StageLost || p.Stages[0].Probability != 10 {
		t.Errorf("stages %+v", p.Stages)
	}
	if len(p.Units) != 1 || p.Units[0].Parent != "sf:00E0" || len(p.People) != 1 || !p.People[0].Inactive || p.People[0].Unit != "sf:00EA" || p.People[0].Phone != "+1 415 555 0101" {
		t.Errorf("units %+v, people %+v", p.Units, p.People)
	}
	if len(p.Products) != 1 || p.Products[0].Price.Minor != 1050 || len(p.Accounts) != 1 || p.Accounts[0].Revenue.Minor != 1e11 || len(p.Contacts) != 1 || p.Contacts[0].Role != "Decision Maker" {
		t.Errorf("products %+v, accounts %+v, contacts %+v", p.Products, p.Accounts, p.Contacts)
	}
	if len(p.Touches) != 2 || p.Touches[0].Deal != "sf:006A" || p.Touches[0].Contact != "" || p.Touches[0].Minutes != 2 || p.Touches[0].Channel != store.ChannelCall ||
		p.Touches[1].Channel != store.ChannelVisit || p.Touches[1].Contact != "sf:003A" || p.Touches[1].Deal != "" {
		t.Errorf("touches %+v", p.Touches)
	}
	if len(p.Sales) != 1 || p.Sales[0].Amount.Minor != 2525 || p.Sales[0].Account != "sf:001A" || p.Sales[0].Day != store.Date(2026, 2, 1) {
		t.Errorf("sales %+v", p.Sales)
	}
	if want := []store.Ref{{Entity: store.EntityTouch, ID: "sf:00TB"}, {Entity: store.EntitySale, ID: "sf:802B"}}; !slices.Equal(p.Deleted, want) {
		t.Errorf("deleted %v, want %v", p.Deleted, want)
	}
}

// The other kind of sales, and a setting that is neither.
func TestSalesforce_SalesOfOpportunities(t *testing.T) {
	set := func(to string) func(*Config) { return func(c *Config) { c.Vars["sales"] = to } }
	s, _ := salesforceSays(t, set("opportunity"), [2]string{"FROM OpportunityLineItem", `{"totalSize":1,"done":true,"records":[{"Id":"00kA","Quantity":1,"TotalPrice":7,"IsDeleted":false,
		"Opportunity":{"AccountId":"001A","CloseDate":"2026-02-01","IsWon":true}}]}`})
	if p, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); err != nil || len(p.Sales) != 1 || p.Sales[0].Account != "sf:001A" {
		t.Errorf("%+v, %v", p.Sales, err)
	}
	s, _ = salesforceSays(t, set("none"))
	if slices.Contains(s.Streams(), "sales") {
		t.Error("a setting that chooses neither brings sales")
	}
}

// The budget is what the server says of it, others' use included.
func TestSalesforce_Budget(t *testing.T) {
	v := salesforceSpoken()
	srv := v.serve(t)
	s := v.open(t, srv.URL, "deals")
	srv.Put("deals", row(1))
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: srv.Now()}); err != nil {
		t.Fatal(err)
	}
	if b := s.Budgets(); len(b) != 1 || b[0].Used != 18 || b[0].Limit != 1e6 {
		t.Errorf("%+v", b)
	}
}
