package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

func pipedrive(t *testing.T, h http.HandlerFunc) *Source {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s, err := New(Config{ID: "pd", Spec: "pipedrive", URL: srv.URL, Currency: "CNY", TimeZone: "Asia/Shanghai", Credential: func() (string, error) { return canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Shapes as in the vendor's OpenAPI files: a second page, the history of v1, a window, what is archived and what is deleted.
func TestPipedrive_Deals(t *testing.T) {
	var asked []string
	s := pipedrive(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, r.URL.Path+" "+q.Get("cursor")+" "+q.Get("updated_since")+" "+q.Get("status"))
		w.Header().Set("Date", monday.Format(http.TimeFormat))
		if r.Header.Get("X-Api-Token") != canary {
			t.Error("unsigned")
		}
		row := `{"success":true,"data":[{"id":%s,"title":"Harbin turbine","owner_id":7,"value":12345678901234.56,"org_id":5,"stage_id":3,"pipeline_id":1,"currency":"USD",
			"add_time":"2026-01-05T17:00:00Z","update_time":"2026-03-01T09:00:00Z","status":"won","won_time":"2026-02-28T16:30:00Z","expected_close_date":"2026-04-30",
			"channel_id":"fair","custom_fields":{"abc":"x"}}],"additional_data":{"next_cursor":%s}}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/changelog"):
			fmt.Fprint(w, `{"success":true,"data":[
				{"field_key":"status","old_value":"open","new_value":"won","actor_user_id":7,"time":"2026-02-28 16:30:00"},
				{"field_key":"stage_id","old_value":"2","new_value":"3","actor_user_id":7,"time":"2026-02-01 09:14:35"},
				{"field_key":"title","old_value":"a","new_value":"b","actor_user_id":7,"time":"2026-02-01 09:14:35"}],"additional_data":{"next_cursor":null}}`)
		case q.Get("status") == "deleted":
			fmt.Fprintf(w, row, "9", "null")
		case strings.HasSuffix(r.URL.Path, "/archived"):
			fmt.Fprint(w, `{"success":true,"data":[],"additional_data":{"next_cursor":null}}`)
		case q.Get("cursor") == "" && q.Get("updated_since") == "":
			fmt.Fprintf(w, row, "1", `"two"`)
		default:
			fmt.Fprintf(w, row, "2", "null")
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Now: monday})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Deal{
		ID: "pd:1", Name: "Harbin turbine", Account: "pd:5", Owner: "pd:7", Stage: "won", Amount: store.Money{Minor: 1234567890123456, Currency: "USD"},
		Created: store.Date(2026, 1, 6), Close: store.Date(2026, 3, 1), Modified: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Lead: "fair",
		Extra: map[string]string{"abc": "x", "pipeline": "1"},
	}
	if len(p.Deals) != 1 || !reflect.DeepEqual(p.Deals[0], want) || len(p.Issues) != 0 {
		t.Errorf("got  %+v\nwant %+v\nissues %+v", p.Deals, want, p.Issues)
	}
	var got []string
	for _, c := range p.Changes {
		got = append(got, fmt.Sprintf("%s %s>%s %s", c.Field, c.From, c.To, c.At.UTC().Format(time.DateTime)))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"stage 2>3 2026-02-01 09:14:35", "stage >won 2026-02-28 16:30:00"}) {
		t.Errorf("changes %q", got)
	}
	next, ids, _, err := readAll(t, s, "deals", "", monday, 0)
	if err != nil || !slices.Contains(distinct(ids), "2") {
		t.Fatalf("second page: %v, %v", ids, err)
	}
	asked = nil
	_, _, gone, err := readAll(t, s, "deals", next, monday.Add(time.Hour), 0)
	if err != nil || !slices.Equal(gone, []string{"9"}) || !slices.Contains(asked, "/api/v2/deals  2026-03-01T08:55:00Z deleted") {
		t.Errorf("incremental: gone %v, asked %q, %v", gone, asked, err)
	}
}

func TestPipedrive_StagesPeopleTouches(t *testing.T) {
	s := pipedrive(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v2/stages":
			fmt.Fprint(w, `{"data":[{"id":3,"order_nr":2,"name":"Offer","deal_probability":60,"pipeline_id":1}],"additional_data":{"next_cursor":null}}`)
		case "/v1/users":
			fmt.Fprint(w, `{"data":[{"id":7,"name":"Ann","email":"a@example.com","phone":"+1 415 555 0101","active_flag":false}]}`)
		default:
			fmt.Fprint(w, `{"data":[{"id":1,"subject":"Visit","type":"meeting","owner_id":7,"org_id":5,"deal_id":1,"person_id":6,"due_date":"2026-02-01","due_time":"15:00:00",
				"duration":"01:30:00","done":true,"is_deleted":false,"update_time":"2026-02-01T16:00:00Z","add_time":"2026-01-30T00:00:00Z"},
				{"id":2,"type":"call","done":false,"due_date":"2026-02-01"}],"additional_data":{"next_cursor":null}}`)
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "stages"})
	if err != nil || len(p.Stages) != 3 || p.Stages[0].Order != 102 || p.Stages[0].Probability != 60 || p.Stages[1].Kind != store.StageWon || len(p.Issues) != 0 {
		t.Errorf("stages %+v %+v %v", p.Stages, p.Issues, err)
	}
	p, err = s.Fetch(t.Context(), source.Request{Stream: "people"})
	if err != nil || len(p.People) != 1 || !p.People[0].Inactive || p.People[0].Phone != "+1 415 555 0101" {
		t.Errorf("people %+v %v", p.People, err)
	}
	p, err = s.Fetch(t.Context(), source.Request{Stream: "touches", Now: monday})
	if err != nil || len(p.Touches) != 1 || len(p.Deleted) != 1 || len(p.Issues) != 0 {
		t.Fatalf("touches %+v, deleted %v, issues %+v, %v", p.Touches, p.Deleted, p.Issues, err)
	}
	if c := p.Touches[0]; c.Minutes != 90 || !c.At.Equal(time.Date(2026, 2, 1, 15, 0, 0, 0, time.UTC)) || c.Channel != store.ChannelVisit {
		t.Errorf("touch %+v", c)
	}
}

// The products of a won deal are sales on the day on which it was won; those of a deal that is open again are none.
func TestPipedrive_Sales(t *testing.T) {
	won := true
	s := pipedrive(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/1/products"):
			fmt.Fprint(w, `{"success":true,"data":[{"id":31,"deal_id":1,"product_id":8,"quantity":2.5,"item_price":10.10,"sum":25.25,"currency":"EUR","is_enabled":true}],
				"additional_data":{"next_cursor":null}}`)
		case strings.HasSuffix(r.URL.Path, "/products"):
			t.Errorf("asked for the products of a deal that has none: %s", r.URL.Path)
		case won:
			fmt.Fprint(w, `{"data":[{"id":1,"status":"won","won_time":"2026-02-28T16:30:00Z","org_id":5,"owner_id":7,"products_count":1},{"id":2,"status":"won","products_count":0}],
				"additional_data":{"next_cursor":null}}`)
		default:
			fmt.Fprint(w, `{"data":[{"id":1,"status":"open","org_id":5,"owner_id":7,"products_count":1}],"additional_data":{"next_cursor":null}}`)
		}
	})
	p, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday})
	if err != nil || len(p.Sales) != 1 || len(p.Issues) != 0 {
		t.Fatalf("%+v, issues %+v, %v", p.Sales, p.Issues, err)
	}
	if got := p.Sales[0]; got.ID != "pd:31" || got.Account != "pd:5" || got.Product != "pd:8" || got.Rep != "pd:7" || got.Day != store.Date(2026, 3, 1) ||
		got.Amount != (store.Money{Minor: 2525, Currency: "EUR"}) {
		t.Errorf("%+v", got)
	}
	won = false
	if p, err = s.Fetch(t.Context(), source.Request{Stream: "sales", Now: monday}); err != nil || !slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntitySale, ID: "pd:31"}}) {
		t.Errorf("open again: %+v, %v", p, err)
	}
}

func TestPipedrive_Refused(t *testing.T) {
	status := http.StatusTooManyRequests
	s := pipedrive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		fmt.Fprint(w, `{"success":false,"error":"no"}`)
	})
	_, err := s.Fetch(t.Context(), source.Request{Stream: "people"})
	if ra := (*source.RetryAfter)(nil); !errors.As(err, &ra) || ra.Wait != 7*time.Second {
		t.Errorf("429: %v", err)
	}
	for code, class := range map[int]error{401: source.ErrAuth, 402: source.ErrSetup, 403: source.ErrDenied} {
		status = code
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "people"}); !errors.Is(err, class) {
			t.Errorf("%d: %v", code, err)
		}
	}
}
