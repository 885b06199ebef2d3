package rest

import (
	"cmp"
	"encoding/json"
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

// zohoSpoken is an account of Zoho CRM: deals by COQL in the order of change and id, what was deleted as a list of its own, no content where nothing is, and no word of how
// long to wait.
func zohoSpoken() spoken {
	return spoken{
		spec: "zoho", speak: zohoSpeech, deletes: true, repeats: true, wait: time.Minute, nothing: 2, vars: map[string]string{"accounts": "/accounts"},
		faults: []sourcetest.Kind{sourcetest.Limit200, sourcetest.Repeat},
	}
}

// zohoError is how Zoho says that something is wrong; a server may repeat our secret.
func zohoError(status int, code, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{"code": code, "details": sourcetest.Row{}, "message": words + " " + canary, "status": "error"}}
}

var (
	coqlFrom  = regexp.MustCompile(`Modified_Time >=? '([^']+)'`)
	coqlTo    = regexp.MustCompile(`Modified_Time <= '([^']+)'`)
	coqlKey   = regexp.MustCompile(`id > '(\d+)`)
	coqlLimit = regexp.MustCompile(`limit (\d+)$`)
)

func zohoSpeech() sourcetest.Speech {
	const signIn = "/accounts/oauth/v2/token"
	none := sourcetest.Reply{Status: http.StatusNoContent, Body: ""}
	page := func(rows []sourcetest.Row, more bool) sourcetest.Reply {
		if len(rows) == 0 {
			return none
		}
		return sourcetest.Reply{Body: sourcetest.Row{"data": rows, "info": sourcetest.Row{"count": len(rows), "more_records": more}}}
	}
	moment := func(m []string) time.Time {
		if m == nil {
			return time.Time{}
		}
		t, _ := time.Parse("2006-01-02T15:04:05-07:00", m[1])
		return t
	}
	number := func(v any) int { n, _ := strconv.Atoi(strings.TrimRight(fmt.Sprint(v), "\x07")); return n }
	return sourcetest.Speech{
		SignsIn: func(r *http.Request) bool { return r.URL.Path == signIn },
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.Throttle:     zohoError(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "You have sent too many requests."),
			sourcetest.Limit200:     zohoError(http.StatusOK, "LIMIT_EXCEEDED", "api limit exceeded"),
			sourcetest.Unauthorized: zohoError(http.StatusUnauthorized, "INVALID_TOKEN", "invalid oauth token"),
			sourcetest.Forbidden:    zohoError(http.StatusForbidden, "NO_PERMISSION", "permission denied"),
			sourcetest.ServerError:  zohoError(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal Server Error"),
		},
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			if r.URL.Path == signIn {
				return grant(d, r, sourcetest.Row{"api_domain": "http://" + r.Host, "expires_in": 3600})
			}
			token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
			if !ok || !d.Knows(token) {
				return zohoError(http.StatusUnauthorized, "INVALID_TOKEN", "invalid oauth token")
			}
			switch {
			case r.URL.Path == "/crm/v8/coql":
				var asked struct {
					Query string `json:"select_query"`
				}
				_ = json.Unmarshal(body, &asked)
				from, to, key := moment(coqlFrom.FindStringSubmatch(asked.Query)), moment(coqlTo.FindStringSubmatch(asked.Query)), coqlKey.FindStringSubmatch(asked.Query)
				if d.Again { // a server that gives the same rows again and says that there are more
					key = nil
				}
				var rows []sourcetest.Row
				for _, row := range d.Rows("deals") {
					at := sourcetest.Changed(row)
					behind := key == nil || at.After(from) || at.Equal(from) && number(row["id"]) > number(key[1])
					if !at.Before(from) && behind && (to.IsZero() || !at.After(to)) {
						rows = append(rows, row)
					}
				}
				slices.SortStableFunc(rows, func(a, b sourcetest.Row) int {
					return cmp.Or(sourcetest.Changed(a).Compare(sourcetest.Changed(b)), cmp.Compare(number(a["id"]), number(b["id"])))
				})
				limit := number(coqlLimit.FindStringSubmatch(asked.Query)[1])
				more := len(rows) > limit
				var out []sourcetest.Row
				for _, row := range rows[:min(limit, len(rows))] {
					out = append(out, sourcetest.Row{
						"id": fmt.Sprint(row["id"]), "Deal_Name": row["name"], "Stage": row["stage"], "Amount": row["amount"], "Closing_Date": row["close"], "Type": row["campaign"],
						"Modified_Time": row["updated_at"], "Created_Time": "2026-01-05T10:00:00+08:00",
					})
				}
				return page(out, more || d.Again)
			case r.URL.Path == "/crm/v8/Deals/deleted":
				since := moment([]string{"", r.Header.Get("If-Modified-Since")})
				var out []sourcetest.Row
				for _, g := range d.Gone("deals") {
					if !sourcetest.Changed(g).Before(since) {
						out = append(out, sourcetest.Row{"id": fmt.Sprint(g["id"]), "type": "recycle", "deleted_time": g["updated_at"]})
					}
				}
				n, _ := strconv.Atoi(r.FormValue("page"))
				limit, _ := strconv.Atoi(r.FormValue("per_page"))
				if d.Again {
					n = 1
				}
				if len(out) == 0 {
					return sourcetest.Reply{Status: http.StatusNotModified, Body: ""}
				}
				first := min((n-1)*limit, len(out))
				last := min(first+limit, len(out))
				return page(out[first:last], last < len(out) || d.Again && first < last)
			case strings.HasSuffix(r.URL.Path, "/__timeline"):
				return none
			}
			return zohoError(http.StatusNotFound, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
		},
	}
}

// zohoSays is an account whose answers a test gives by the first entry of which the key is part of what is asked.
func zohoSays(t *testing.T, cfg func(*Config), answers ...[2]string) (*Source, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", monday.Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/oauth/v2/token") {
			fmt.Fprintf(w, `{"access_token":"1000.token-of-the-server","api_domain":"http://%s","token_type":"Bearer","expires_in":3600}`, r.Host)
			return
		}
		var body struct {
			Query string `json:"select_query"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		what := strings.TrimPrefix(r.URL.Path, "/crm/v8/") + " " + r.URL.RawQuery + body.Query
		asked = append(asked, what)
		for _, a := range answers {
			if strings.Contains(what, a[0]) {
				answer := a[1]
				if status, rest, ok := strings.Cut(answer, " "); ok && len(status) == 3 {
					code, _ := strconv.Atoi(status)
					w.WriteHeader(code)
					answer = rest
				}
				_, _ = w.Write([]byte(answer))
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(srv.Close)
	c := Config{
		ID: "zo", Spec: "zoho", URL: srv.URL, Currency: "CNY", TimeZone: "Asia/Shanghai", Vars: map[string]string{"client_id": "1000.X", "accounts": "/accounts"},
		Secrets: map[string]source.Secret{"client_secret": fileRef(t, canary), "refresh_token": fileRef(t, canary)},
	}
	if cfg != nil {
		cfg(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.limiter = nil
	return s, &asked
}

// Shapes as in the vendor's documentation.
const zohoDeals = `{"data":[{"id":"700001","Deal_Name":"Harbin turbine","Account_Name":{"name":"Harbin","id":"500001"},"Owner":{"id":"300001"},"Stage":"Negotiation/Review",
	"Amount":12345678901234.56,"Closing_Date":"2026-04-30","Created_Time":"2026-01-05T23:30:00+05:30","Modified_Time":"2026-03-01T17:00:00+08:00","Lead_Source":"Trade Show","Next_Step":"legal",
	"Type":"New Business","Currency":"USD","Budget":17}],"info":{"count":1,"more_records":false}}`

func TestZoho_Deals(t *testing.T) {
	s, asked := zohoSays(t, func(c *Config) { c.Extra = map[string][]string{"deals": {"Budget"}} },
		[2]string{"coql", zohoDeals},
		[2]string{"__timeline page_token=two", `{"__timeline":[{"audited_time":"2026-01-05T23:30:00+05:30","action":"added","done_by":{"id":"300001"},
			"field_history":[{"api_name":"Stage","data_type":"picklist","_value":{"new":"Qualification","old":null}}]}],"info":{"more_records":false}}`},
		[2]string{"__timeline", `{"__timeline":[{"audited_time":"2026-02-10T10:00:00+08:00","action":"updated","done_by":{"id":"300002"},
			"field_history":[{"api_name":"Stage","_value":{"new":"Negotiation/Review","old":"Qualification"}},{"api_name":"Amount","_value":{"new":"$ 9.00","old":null}}]},
			{"audited_time":"2026-02-11T10:00:00+08:00","action":"sent","field_history":null}],"info":{"more_records":true,"next_page_token":"two"}}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Deals) != 1 || len(p.Issues) != 0 {
		t.Fatalf("%+v, issues %+v, %v", p.Deals, p.Issues, err)
	}
	want := store.Deal{
		ID: "zo:700001", Name: "Harbin turbine", Account: "zo:500001", Owner: "zo:300001", Stage: "Negotiation/Review", Amount: store.Money{Minor: 1234567890123456, Currency: "USD"},
		Created: store.Date(2026, 1, 6), Close: store.Date(2026, 4, 30), Modified: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Lead: "Trade Show", NextStep: "legal",
		Extra: map[string]string{"type": "New Business", "Budget": "17"},
	}
	want.Modified = p.Deals[0].Modified
	if !p.Deals[0].Modified.Equal(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)) || !reflect.DeepEqual(p.Deals[0], want) {
		t.Errorf("got  %+v\nwant %+v", p.Deals[0], want)
	}
	if got := steps(p.Changes); !slices.Equal(got, []string{"stage >Qualification 2026-01-05 zo:300001", "stage Qualification>Negotiation/Review 2026-02-10 zo:300002"}) {
		t.Errorf("changes %q", got)
	}
	if !strings.Contains((*asked)[0], "Type, Currency, Budget from Deals where (id is not null) order by Modified_Time asc, id asc limit 50") {
		t.Errorf("asked %q", *asked)
	}
	*asked = nil
	if _, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: p.Next, Now: monday}); err != nil ||
		!strings.Contains((*asked)[0], "where ((Modified_Time >= '2026-03-01T08:55:00+00:00') and (Modified_Time <= '2026-03-02T08:00:00+00:00')) order") {
		t.Errorf("asked %q, %v", *asked, err)
	}
	if s, asked = zohoSays(t, func(c *Config) { c.Vars["history"] = "none" }, [2]string{"coql", zohoDeals}); true {
		if p, err = s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday}); err != nil || len(*asked) != 1 || p.Track == 0 || len(p.Deals) != 1 {
			t.Errorf("without history: asked %q, %+v, %v", *asked, p, err)
		}
	}
}

func TestZoho_OtherStreams(t *testing.T) {
	s, asked := zohoSays(t, nil,
		[2]string{"settings/fields module=Deals", `{"fields":[{"api_name":"Stage","pick_list_values":[{"actual_value":"Qualification","display_value":"需求确认","sequence_number":1,"probability":10,
			"forecast_type":"Open","type":"used"},{"actual_value":"Closed Won","display_value":"赢单","sequence_number":8,"probability":100,"forecast_type":"Closed Won","type":"used"},
			{"actual_value":"Closed Lost","display_value":"输单","sequence_number":9,"probability":0,"forecast_type":"Closed Lost","type":"used"},{"actual_value":"Old","type":"unused"}]},{"api_name":"Amount"}]}`},
		[2]string{"settings/roles", `{"roles":[{"id":"1","display_label":"CEO","reporting_to":null},{"id":"2","display_label":"East","reporting_to":{"id":"1","name":"CEO"}}]}`},
		[2]string{"users page=1", `{"users":[{"id":"300001","full_name":"Ann","email":"a@example.com","mobile":null,"phone":"+1 415 555 0101","status":"inactive","role":{"id":"2","name":"East"}}],"info":{"more_records":false}}`},
		[2]string{"from Products", `{"data":[{"id":"1","Product_Name":"Pump","Product_Category":"Hydraulics","Unit_Price":10.5}],"info":{"more_records":false}}`},
		[2]string{"from Accounts", `{"data":[{"id":"500001","Account_Name":"Harbin","Employees":20,"Annual_Revenue":1000}],"info":{"more_records":false}}`},
		[2]string{"from Contacts", `{"data":[{"id":"600001","Full_Name":"Li","Title":"CTO","Account_Name":{"id":"500001"}}],"info":{"more_records":false}}`},
		[2]string{"from Tasks", `{"data":[{"id":"81","Who_Id.Account_Name":{"id":"500001"}},{"id":"82"},{"id":"83"}],"info":{"more_records":false}}`},
		[2]string{"Tasks fields=Subject", `{"data":[{"id":"81","Status":"Completed","Closed_Time":"2026-02-01T10:00:00+08:00","What_Id":{"id":"700001"},"$se_module":"Deals","Owner":{"id":"300001"}},
			{"id":"82","Status":"Not Started","Due_Date":"2026-05-01"}]}`},
		[2]string{"from Events", `{"data":[{"id":"91"}],"info":{"more_records":false}}`},
		[2]string{"Events fields=", `{"data":[{"id":"91","Event_Title":"Visit","Start_DateTime":"2026-02-02T10:00:00+08:00","End_DateTime":"2026-02-02T11:30:00+08:00","What_Id":{"id":"500001"},"$se_module":"Accounts",
			"Who_Id":{"id":"600001"},"Venue":"哈尔滨"}]}`},
		[2]string{"from Calls", `{"data":[{"id":"95"}],"info":{"more_records":false}}`},
		[2]string{"Calls fields=", `{"data":[{"id":"95","Subject":"Call","Call_Start_Time":"2026-02-03T10:00:00+08:00","Call_Duration_in_seconds":61,"Outgoing_Call_Status":"Completed"}]}`},
		[2]string{"from Invoices", `{"data":[{"id":"70"}],"info":{"more_records":false}}`},
		[2]string{"Invoices/70", `{"data":[{"id":"70","Account_Name":{"id":"500001"},"Owner":{"id":"300001"},"Invoice_Date":"2026-02-01","Status":"Approved","Modified_Time":"x","Created_Time":"y","Currency":"EUR",
			"Invoiced_Items":[{"id":"9","Product_Name":{"id":"1"},"Quantity":2.5,"Net_Total":25.25}]}]}`})
	p := passes(t, s, "deals")
	if len(p.Stages) != 3 || p.Stages[1].Kind != store.StageWon || p.Stages[2].Kind != store.StageLost || p.Stages[0].Name != "需求确认" || p.Stages[0].Probability != 10 {
		t.Errorf("stages %+v", p.Stages)
	}
	if len(p.Units) != 2 || p.Units[1].Parent != "zo:1" || len(p.People) != 1 || !p.People[0].Inactive || p.People[0].Unit != "zo:2" || p.People[0].Phone != "+1 415 555 0101" {
		t.Errorf("units %+v, people %+v", p.Units, p.People)
	}
	if len(p.Products) != 1 || p.Products[0].Price.Minor != 1050 || len(p.Accounts) != 1 || p.Accounts[0].Staff != 20 || len(p.Contacts) != 1 || p.Contacts[0].Account != "zo:500001" {
		t.Errorf("products %+v, accounts %+v, contacts %+v", p.Products, p.Accounts, p.Contacts)
	}
	var got []string
	for _, c := range p.Touches {
		got = append(got, fmt.Sprintf("%s %s %s %s %s %d", c.ID, c.Account, c.Deal, c.Contact, c.Channel, c.Minutes))
	}
	if want := []string{"zo:81 zo:500001 zo:700001  other 0", "zo:91 zo:500001  zo:600001 meeting 90", "zo:95    call 2"}; !slices.Equal(got, want) {
		t.Errorf("touches %q, want %q", got, want)
	}
	if !slices.ContainsFunc(*asked, func(a string) bool { return strings.Contains(a, "ids=81%2C82%2C83") }) {
		t.Errorf("the details of a page are asked for at once: %q", *asked)
	}
	if len(p.Sales) != 1 || p.Sales[0].ID != "zo:70-0" || p.Sales[0].Amount != (store.Money{Minor: 2525, Currency: "EUR"}) || p.Sales[0].Day != store.Date(2026, 2, 1) {
		t.Errorf("sales %+v", p.Sales)
	}
	if len(p.Deleted) != 21 || p.Deleted[0] != (store.Ref{Entity: store.EntityTouch, ID: "zo:82"}) || p.Deleted[1].ID != "zo:70-1" {
		t.Errorf("deleted %v", p.Deleted)
	}
}

// What is refused, and with which words of the vendor's.
func TestZoho_Refused(t *testing.T) {
	for _, tt := range []struct {
		answer string
		class  error
	}{
		{`401 {"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope to access this URL","status":"error"}`, source.ErrDenied},
		{`401 {"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}`, source.ErrAuth},
		{`403 {"code":"NO_PERMISSION","details":{"permissions":["Crm_Implied_View_Deals"]},"message":"permission denied","status":"error"}`, source.ErrDenied},
		{`400 {"code":"INVALID_MODULE","details":{},"message":"the module name given seems to be invalid","status":"error"}`, source.ErrDenied},
	} {
		s, _ := zohoSays(t, nil, [2]string{"", tt.answer})
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday}); !errors.Is(err, tt.class) {
			t.Errorf("%s: %v", tt.answer, err)
		}
	}
	s, asked := zohoSays(t, nil,
		[2]string{"settings/fields module=Deals", `{"fields":[{"api_name":"Deal_Name"},{"api_name":"Stage"},{"api_name":"Modified_Time"}]}`},
		[2]string{"select id, Deal_Name, Stage, Modified_Time from Deals", zohoDeals},
		[2]string{"coql", `400 {"code":"INVALID_QUERY","details":{"column_name":"Currency","reason":"column given seems to be invalid"},"message":"invalid query formed","status":"error"}`})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil || len(p.Deals) != 1 || len(p.Issues) != 8 {
		t.Errorf("asked %q, issues %+v, %v", *asked, p.Issues, err)
	}
}
