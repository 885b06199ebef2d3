package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// Shapes as in the vendor's OpenAPI files.
const hubspotDeals = `{"results":[{"id":"9001","archived":false,"createdAt":"2026-01-05T02:00:00.000Z","updatedAt":"2026-03-02T03:04:05.678Z",
  "url":"https://app.hubspot.com/contacts/1/record/0-3/9001",
  "properties":{"dealname":"Harbin turbine","dealstage":"contractsent","amount":"1250000.50","deal_currency_code":"USD","createdate":"2026-01-05T02:00:00Z",
    "closedate":"2026-04-30T16:30:00Z","hubspot_owner_id":"71","hs_manual_forecast_category":"BEST_CASE","hs_next_step":"legal","hs_analytics_source":"OFFLINE"},
  "propertiesWithHistory":{"dealstage":[
    {"value":"contractsent","timestamp":"2026-03-01T08:00:00.000Z","sourceType":"CRM_UI","updatedByUserId":5},
    {"value":"qualifiedtobuy","timestamp":"2026-02-01T08:00:00.000Z","sourceType":"CRM_UI"},
    {"value":"appointmentscheduled","timestamp":"2026-01-05T02:00:00.000Z","sourceType":"CRM_UI"}],
    "amount":[{"value":"1250000.50","timestamp":"2026-02-02T00:00:00Z","sourceType":"API"},{"value":"","timestamp":"2026-01-05T02:00:00Z","sourceType":"API"}],
    "closedate":[{"value":"2026-04-30T16:30:00Z","timestamp":"2026-01-05T02:00:00Z","sourceType":"API"}]},
  "associations":{"companies":{"results":[{"id":"55","type":"deal_to_company_unlabeled"},{"id":"56","type":"deal_to_company"}]}}}]}`

func hubspot(t *testing.T, url string) *Source {
	t.Helper()
	s, err := New(Config{ID: "hs", Spec: "hubspot", URL: url, Currency: "CNY", TimeZone: "Asia/Shanghai", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHubSpot_Deals(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
		w.Header().Set("Date", "Sun, 01 Mar 2026 20:00:00 GMT")
		switch {
		case r.URL.Path == "/crm/v3/objects/deals/search":
			_, _ = w.Write([]byte(`{"total":2,"results":[{"id":"9001","updatedAt":"2026-03-01T09:00:00Z","properties":{}},
				{"id":"9002","updatedAt":"2026-03-01T09:30:00Z","properties":{}}]}`))
		case r.URL.Path == "/crm/v3/objects/deals/9001":
			_, _ = w.Write([]byte(hubspotDeals[len(`{"results":[`) : len(hubspotDeals)-2]))
		case r.URL.Path == "/crm/v3/objects/deals/9002": // deleted between the search and now
			http.Error(w, `{"status":"error","message":"resource not found","category":"OBJECT_NOT_FOUND"}`, http.StatusNotFound)
		case r.FormValue("archived") == "true":
			_, _ = w.Write([]byte(`{"results":[{"id":"8000","archived":true,"properties":{}}]}`))
		default:
			_, _ = w.Write([]byte(hubspotDeals))
		}
	}))
	defer srv.Close()
	s := hubspot(t, srv.URL)
	check := func(p source.Page) {
		t.Helper()
		want := store.Deal{
			ID: "hs:9001", Name: "Harbin turbine", Account: "hs:56", Owner: "hs:71", Stage: "contract", Category: store.CategoryBestCase,
			Amount: store.Money{Minor: 125000050, Currency: "USD"}, Created: store.Date(2026, 1, 5), Close: store.Date(2026, 5, 1),
			Modified: time.Date(2026, 3, 2, 3, 4, 5, 678e6, time.UTC), Lead: "OFFLINE", NextStep: "legal",
			URL: "https://app.hubspot.com/contacts/1/record/0-3/9001",
		}
		if len(p.Deals) != 1 || !reflect.DeepEqual(p.Deals[0], want) {
			t.Errorf("got  %+v\nwant %+v", p.Deals, want)
		}
		var got []string
		for _, c := range p.Changes {
			got = append(got, fmt.Sprintf("%s %s %s>%s %s", c.Deal, c.Field, c.From, c.To, c.At.Format(time.DateOnly)))
		}
		wantChanges := []string{
			"hs:9001 amount >1250000.50 USD 2026-02-02", "hs:9001 close >2026-05-01 2026-01-05",
			"hs:9001 stage >lead 2026-01-05", "hs:9001 stage lead>qualified 2026-02-01", "hs:9001 stage qualified>contract 2026-03-01",
		}
		if !reflect.DeepEqual(got, wantChanges) {
			t.Errorf("changes %q, want %q", got, wantChanges)
		}
		if len(p.Issues) != 0 {
			t.Errorf("issues %+v", p.Issues)
		}
	}
	full, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	check(full)
	if full.More || !full.Full || full.Track != store.FieldsOf(store.FieldOwner, store.FieldCategory) {
		t.Errorf("first pass: More %v, Full %v, Track %v", full.More, full.Full, full.Track)
	}

	asked = nil
	inc, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: full.Next, Now: time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	check(inc)
	if inc.Full || !inc.More || inc.Total != 2 {
		t.Errorf("second pass: More %v, Full %v, Total %d", inc.More, inc.Full, inc.Total)
	}
	_, body, _ := strings.Cut(asked[0], "search ")
	var search struct {
		After        string
		FilterGroups []struct {
			Filters []struct{ PropertyName, Operator, Value string }
		}
	}
	if err := json.Unmarshal([]byte(body), &search); err != nil || search.After != "0" || len(search.FilterGroups) != 1 {
		t.Fatalf("search body %s: %v", body, err)
	}
	// The row's own time of change is after the server's present, so the watermark is the latter, less the overlap of five minutes.
	if f := search.FilterGroups[0].Filters[0]; f.Operator != "GTE" || f.Value != fmt.Sprint(time.Date(2026, 3, 1, 19, 55, 0, 0, time.UTC).UnixMilli()) {
		t.Errorf("filter %+v", f)
	}
	gone, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: inc.Next, Now: time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if gone.More || gone.Len() != 0 || !reflect.DeepEqual(gone.Deleted, []store.Ref{{Entity: store.EntityDeal, ID: "hs:8000"}}) {
		t.Errorf("archived: %+v", gone)
	}
	again, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: gone.Next, Now: time.Date(2026, 3, 2, 21, 0, 0, 0, time.UTC)})
	if err != nil || again.More {
		t.Errorf("the archived are listed once a day: More %v, %v", again.More, err)
	}
}

// Shapes as in the vendor's OpenAPI files: the account's own stages, activities with what they stand at, products, and the line items of won deals, which are details of details.
func TestHubSpot_OtherStreams(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
		w.Header().Set("Date", "Sun, 01 Mar 2026 20:00:00 GMT")
		const linked = `"associations":{"companies":{"results":[{"id":"55","type":"x"}]},"deals":{"results":[{"id":"9001","type":"x"}]},"contacts":{"results":[{"id":"66","type":"x"}]}}`
		answer := `{"results":[]}`
		switch r.URL.Path {
		case "/crm/v3/pipelines/deals":
			answer = `{"results":[{"id":"default","label":"Sales","displayOrder":0,"stages":[
				{"id":"appointmentscheduled","label":"约见","displayOrder":0,"metadata":{"isClosed":"false","probability":"0.2"}},
				{"id":"closedwon","label":"赢单","displayOrder":5,"metadata":{"isClosed":"true","probability":"1.0"}},
				{"id":"closedlost","label":"输单","displayOrder":6,"metadata":{"isClosed":"true","probability":"0.0"}}]}]}`
		case "/crm/v3/objects/deals":
			answer = `{"results":[{"id":"9001","properties":{"dealname":"x","dealstage":"1234567","hs_is_closed_won":"true","closedate":"2026-02-01T16:30:00Z","hubspot_owner_id":"71"},
				"associations":{"companies":{"results":[{"id":"55"}]},"line items":{"results":[{"id":"31"},{"id":"32"}]}}},{"id":"9002","properties":{"hs_is_closed_won":"true"}}]}`
		case "/crm/v3/objects/deals/search":
			answer = `{"total":2,"results":[{"id":"9001","updatedAt":"2026-03-01T09:00:00Z","properties":{"hs_num_of_associated_line_items":"2"}},
				{"id":"9002","updatedAt":"2026-03-01T09:30:00Z","properties":{"hs_num_of_associated_line_items":"0"}}]}`
		case "/crm/v3/objects/deals/9001":
			answer = `{"id":"9001","properties":{"hs_is_closed_won":"false"},"associations":{"line items":{"results":[{"id":"31"},{"id":"32"}]}}}`
		case "/crm/v3/objects/line_items/batch/read":
			if !strings.Contains(string(body), `"inputs":[{"id":"31"},{"id":"32"}]`) {
				t.Errorf("asked for the line items with %s", body)
			}
			answer = `{"status":"COMPLETE","results":[{"id":"31","properties":{"hs_product_id":"8","quantity":"2.5","amount":"25.25","hs_line_item_currency_code":"EUR"}},
				{"id":"32","properties":{"quantity":"1","amount":"1"}}]}`
		case "/crm/v3/objects/products":
			answer = `{"results":[{"id":"8","properties":{"name":"Pump","price":"10.5"}}]}`
		case "/crm/v3/objects/meetings":
			answer = `{"results":[{"id":"1","properties":{"hs_meeting_start_time":"2026-02-01T08:00:00Z","hs_meeting_end_time":"2026-02-01T09:30:00Z","hs_meeting_title":"Visit"},` + linked +
				`},{"id":"2","properties":{"hs_meeting_outcome":"CANCELED"}}]}`
		case "/crm/v3/objects/calls":
			answer = `{"results":[{"id":"3","properties":{"hs_timestamp":"2026-02-02T08:00:00Z","hs_call_duration":"61000","hs_call_status":"COMPLETED"},` + linked + `}]}`
		case "/crm/v3/objects/emails":
			answer = `{"results":[{"id":"4","properties":{"hs_timestamp":"2026-02-03T08:00:00Z","hs_email_subject":"Offer","hs_email_status":"SENT"},` + linked + `}]}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer srv.Close()
	s, err := New(Config{ID: "hs", Spec: "hubspot", URL: srv.URL, Currency: "CNY", TimeZone: "Asia/Shanghai", Vars: map[string]string{"stages": "account"},
		StageValues: map[string]string{"1234567": "closedwon"}, Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	p := passes(t, s)
	if len(p.Stages) != 3 || p.Stages[0].Probability != 20 || p.Stages[1].Kind != store.StageWon || p.Stages[2].Kind != store.StageLost {
		t.Errorf("stages %+v", p.Stages)
	}
	if len(p.Deals) != 2 || p.Deals[0].Stage != "closedwon" {
		t.Errorf("deals %+v", p.Deals)
	}
	var got []string
	for _, c := range p.Touches {
		got = append(got, fmt.Sprintf("%s %s %s %s %s %d", c.ID, c.Account, c.Deal, c.Contact, c.Channel, c.Minutes))
	}
	if want := []string{"hs:1 hs:55 hs:9001 hs:66 meeting 90", "hs:3 hs:55 hs:9001 hs:66 call 2", "hs:4 hs:55 hs:9001 hs:66 email 0"}; !reflect.DeepEqual(got, want) {
		t.Errorf("touches %q, want %q", got, want)
	}
	if len(p.Deleted) != 1 || len(p.Products) != 1 || p.Products[0].Price.Minor != 1050 {
		t.Errorf("deleted %v, products %+v", p.Deleted, p.Products)
	}
	if len(p.Sales) != 2 || p.Sales[0].Account != "hs:55" || p.Sales[0].Amount != (store.Money{Minor: 2525, Currency: "EUR"}) || p.Sales[0].Day != store.Date(2026, 2, 2) || p.Sales[1].Rep != "hs:71" {
		t.Errorf("sales %+v", p.Sales)
	}
	// The deal is open again: its lines are no sales any more, and a deal without lines is not asked for.
	asked = nil
	inc, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Cursor: cursor{V: cursorVersion, Mark: monday.Add(-time.Hour)}.String(), Now: monday})
	if err != nil || len(inc.Deleted) != 2 || len(asked) != 3 {
		t.Errorf("deleted %v, asked %q, %v", inc.Deleted, asked, err)
	}
}

func TestHubSpot_People(t *testing.T) {
	srv := httptest.NewServer(say(`{"results":[
		{"id":"71","email":"wang@example.com","firstName":"小明","lastName":"王","teams":[{"id":"368","name":"East","primary":false},{"id":"369","name":"华东","primary":true}]},
		{"id":"72","email":"ann@example.com","firstName":"Ann","lastName":"Lee"},
		{"id":"73","email":"x@example.com","firstName":null,"lastName":""}]}`))
	defer srv.Close()
	p, err := hubspot(t, srv.URL).Fetch(t.Context(), source.Request{Stream: "people"})
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Person{
		{ID: "hs:71", Name: "王小明", Email: "wang@example.com", Unit: "hs:369"}, {ID: "hs:72", Name: "Ann Lee", Email: "ann@example.com"},
		{ID: "hs:73", Email: "x@example.com"},
	}
	if !reflect.DeepEqual(p.People, want) || len(p.Units) != 2 || len(p.Issues) != 0 || p.More {
		t.Errorf("people %+v\nunits %+v\nissues %+v", p.People, p.Units, p.Issues)
	}
}

func TestSpecs_BuiltinCompile(t *testing.T) {
	for _, name := range Specs() {
		spec, err := LoadSpec(name)
		if err != nil {
			t.Error(err)
			continue
		}
		cfg := Config{
			ID: "x", Spec: name, URL: "http://127.0.0.1:1", Currency: "CNY", User: "me", Vars: map[string]string{}, Secrets: map[string]source.Secret{},
			Credential: func() (string, error) { return canary, nil },
		}
		auth := spec.auths()[0]
		for _, needs := range []map[string]string{spec.Needs, auth.Needs} {
			for k := range needs {
				cfg.Vars[k] = "x"
			}
		}
		if all := auth.secrets(); len(all) > 1 {
			for _, k := range all {
				cfg.Secrets[k] = fileRef(t, canary)
			}
		}
		s, err := New(cfg)
		if err != nil {
			t.Error(err)
		} else if s.Kind() != name || len(s.Streams()) == 0 {
			t.Errorf("%s: kind %s, streams %v", name, s.Kind(), s.Streams())
		}
	}
}
