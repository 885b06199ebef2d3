package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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

// espoWhere is a condition in the parameters of a search, as far as the connector uses them.
type espoWhere struct {
	Type, Attribute string
	Value           json.RawMessage
}

func (w espoWhere) holds(r sourcetest.Row) bool {
	var text string
	if w.Type == "or" || w.Type == "and" {
		var parts []espoWhere
		if json.Unmarshal(w.Value, &parts) != nil {
			return false
		}
		holds := func(p espoWhere) bool { return p.holds(r) }
		if w.Type == "or" {
			return slices.ContainsFunc(parts, holds)
		}
		return !slices.ContainsFunc(parts, func(p espoWhere) bool { return !p.holds(r) })
	}
	v, _ := r[w.Attribute].(string)
	_ = json.Unmarshal(w.Value, &text)
	switch w.Type {
	case "isNotNull":
		return v != ""
	case "greaterThan":
		return v > text || text == "0" // the server takes "0" for empty and leaves the condition out
	case "greaterThanOrEquals":
		return v >= text
	case "lessThanOrEquals":
		return v <= text
	}
	return false
}

// espoReason is how EspoCRM refuses: nothing in the body, the reason in a header.
func espoReason(status int, reason string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Header: http.Header{"X-Status-Reason": {reason}}, Body: ""}
}

// espoSpeech is a server that talks as EspoCRM does, seen on version 8.4.2.
func espoSpeech() sourcetest.Speech {
	return sourcetest.Speech{
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			if r.Header.Get("X-Api-Key") != d.Secret() {
				return espoReason(http.StatusUnauthorized, "")
			}
			if id, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/api/v1/Opportunity/"), "/stream"); ok {
				return sourcetest.Reply{Body: sourcetest.Row{"total": 1, "list": []sourcetest.Row{{
					"id": "n" + id, "type": "Create", "number": 1, "parentType": "Opportunity", "parentId": id, "createdAt": "2026-01-05 02:00:00",
					"data": sourcetest.Row{"statusField": "stage", "statusValue": "Prospecting"},
				}}}}
			}
			if r.URL.Path != "/api/v1/Opportunity" {
				return espoReason(http.StatusNotFound, "Controller does not exist.")
			}
			var q struct {
				MaxSize        int
				OrderBy, Order string
				Where          []espoWhere
				Select         []string
			}
			if err := json.Unmarshal([]byte(r.FormValue("searchParams")), &q); err != nil || q.Order != "asc" {
				return espoReason(http.StatusBadRequest, "Bad searchParams.")
			}
			if q.MaxSize > 200 {
				return espoReason(http.StatusForbidden, "Max size should not exceed 200. Use offset and limit.")
			}
			if d.Again {
				q.Where = nil
			}
			list := []sourcetest.Row{}
			for _, row := range d.Rows("deals") { // identifiers are the server's own and never hostile
				o := sourcetest.Row{
					"id": strings.TrimRight(fmt.Sprint(row["id"]), "\a"), "name": row["name"], "deleted": false, "stage": row["stage"], "amount": row["amount"], "amountCurrency": "CNY",
					"closeDate": row["close"], "modifiedAt": sourcetest.Changed(row).UTC().Format(time.DateTime), "createdAt": "2026-01-05 02:00:00", "cCampaign": row["campaign"],
				}
				if !slices.ContainsFunc(q.Where, func(w espoWhere) bool { return !w.holds(o) }) {
					list = append(list, o)
				}
			}
			slices.SortFunc(list, func(a, b sourcetest.Row) int {
				place := func(r sourcetest.Row) string { return fmt.Sprintf("%s\x00%s", r[q.OrderBy], r["id"]) }
				return strings.Compare(place(a), place(b))
			})
			return sourcetest.Reply{Body: sourcetest.Row{"total": len(list), "list": list[:min(len(list), q.MaxSize)]}}
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  espoReason(http.StatusInternalServerError, "PDOException "+canary),
			sourcetest.Unauthorized: espoReason(http.StatusUnauthorized, ""),
			sourcetest.Forbidden:    espoReason(http.StatusForbidden, "No read access."),
		},
	}
}

func espoSpoken() spoken {
	return spoken{spec: "espocrm", speak: espoSpeech, faults: []sourcetest.Kind{sourcetest.Repeat}}
}

// Answers as an EspoCRM 8.4.2 gave them, and notes as 9.2 writes them.
func TestEspoCRM_Shapes(t *testing.T) {
	var asked []string
	s := vendorOn(t, Config{Spec: "espocrm"}, func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/v1/")
		asked = append(asked, path+" "+r.FormValue("searchParams"))
		switch path {
		case "Metadata":
			fmt.Fprint(w, `{"type":"enum","options":["Prospecting","Proposal","Closed Won","Closed Lost"],"audited":true,
				"probabilityMap":{"Prospecting":10,"Proposal":50,"Closed Won":100,"Closed Lost":0}}`)
		case "User":
			fmt.Fprint(w, `{"total":2,"list":[{"id":"u1","firstName":null,"lastName":"Admin","isActive":true,"title":"经理","emailAddress":null,"defaultTeamId":null,"teamsIds":["t1"]},
				{"id":"u2","firstName":"雷","lastName":"李","isActive":false,"emailAddress":"l@x.cn","phoneNumber":"+8613800000003","defaultTeamId":"t2","teamsIds":["t1","t2"]}]}`)
		case "Contact":
			fmt.Fprint(w, `{"total":1,"list":[{"id":"c1","firstName":"Ann","lastName":"Lee","title":"CFO","accountId":"a1","emailAddress":"a@x.cn","phoneNumber":"+86138","modifiedAt":"2026-02-01 08:00:00"}]}`)
		case "Contact/c1/opportunities":
			fmt.Fprint(w, `{"total":2,"list":[{"id":"o2","contactRole":null},{"id":"o1","contactRole":"Decision Maker"}]}`)
		case "Opportunity/o1/contacts":
			fmt.Fprint(w, `{"total":2,"list":[{"id":"c1","firstName":"Ann","lastName":"Lee","accountId":"a1","opportunityRole":"Evaluator"},{"id":"c2","lastName":"X","opportunityRole":null}]}`)
		case "Opportunity":
			fmt.Fprint(w, `{"total":1,"list":[{"id":"o1","name":"塔筒","deleted":false,"amount":20000000,"amountCurrency":"USD","stage":"Proposal","lastStage":"Proposal","probability":50,
				"leadSource":"Partner","closeDate":"2027-01-31","createdAt":"2026-01-05 17:00:00","modifiedAt":"2026-02-01 09:00:00","accountId":"a1","assignedUserId":"u1","cBudget":"50w",
				"contactsIds":["c1","c2"]}]}`)
		case "Opportunity/o1/stream":
			fmt.Fprint(w, `{"total":4,"list":[
				{"id":"n4","number":9,"type":"Assign","parentType":"Opportunity","parentId":"o1","createdAt":"2026-02-01 09:00:00","createdById":"u1","data":{"assignedUserId":"u1"}},
				{"id":"n3","number":7,"type":"Update","parentType":"Opportunity","parentId":"o1","createdAt":"2026-02-01 08:00:00","createdById":"u2","data":{"value":"Proposal",
				 "fields":["amount"],"attributes":{"was":{"amount":1.5,"amountCurrency":"USD"},"became":{"amount":20000000,"amountCurrency":"USD"}}}},
				{"id":"n2","number":4,"type":"Status","parentType":"Opportunity","parentId":"o1","createdAt":"2026-01-05 17:00:00","createdById":"u2","data":{"field":"stage","value":"Closed Lost"}},
				{"id":"nx","number":5,"type":"Status","parentType":"Quote","parentId":"q1","createdAt":"2026-01-05 17:00:00","data":{"field":"status","value":"Draft"}},
				{"id":"n1","number":3,"type":"Create","parentType":"Opportunity","parentId":"o1","createdAt":"2026-01-05 17:00:00","createdById":"u2",
				 "data":{"statusField":"stage","statusValue":"Prospecting","assignedUserId":"u2"}}]}`)
		case "Meeting":
			fmt.Fprint(w, `{"total":2,"list":[{"id":"m1","name":"拜访","status":"Held","dateStart":"2026-02-01 01:00:00","dateEnd":"2026-02-01 02:30:00","dateStartDate":null,"parentType":"Opportunity",
				"parentId":"o1","accountId":"a1","assignedUserId":"u1","contactsIds":["c1"],"createdAt":"2026-01-30 00:00:00","modifiedAt":"2026-02-01 03:00:00","description":"谈价格"},
				{"id":"m2","name":"x","status":"Planned","dateStart":"2026-03-01 00:00:00","dateEnd":"2026-03-02 00:00:00","dateStartDate":"2026-03-01","parentType":"Account","parentId":"a1"}]}`)
		case "Email":
			fmt.Fprint(w, `{"total":-2,"list":[{"id":"e1","name":"报价","status":"Sent","dateSent":"2026-02-01 05:00:00","parentType":"Account","parentId":"a9","accountId":null,"sentById":"u2",
				"createdById":"u1","createdAt":"2026-02-01 05:00:01","modifiedAt":"2026-02-01 05:00:01"}]}`)
		default:
			fmt.Fprint(w, `{"total":0,"list":[]}`)
		}
	})
	got := map[store.Stream]source.Page{}
	for _, st := range s.Streams() {
		p, err := s.Fetch(t.Context(), source.Request{Stream: st, Now: monday})
		if err != nil || len(p.Issues) != 0 {
			t.Errorf("%s: %v, %+v", st, err, p.Issues)
		}
		got[st] = p
	}
	if st := got["stages"].Stages; len(st) != 4 || st[1] != (store.Stage{ID: "Proposal", Name: "Proposal", NameEn: "Proposal", Order: 1, Probability: 50}) ||
		st[2].Kind != store.StageWon || st[3].Kind != store.StageLost {
		t.Errorf("stages %+v", st)
	}
	if ps := got["people"].People; len(ps) != 2 || ps[0] != (store.Person{ID: "crm:u1", Unit: "crm:t1", Name: "Admin", Title: "经理"}) ||
		ps[1] != (store.Person{ID: "crm:u2", Unit: "crm:t2", Name: "李雷", Email: "l@x.cn", Phone: "+8613800000003", Inactive: true}) {
		t.Errorf("people %+v", ps)
	}
	if cs := got["contacts"].Contacts; len(cs) != 1 || cs[0] != (store.Contact{ID: "crm:c1", Account: "crm:a1", Name: "Ann Lee", Role: "Decision Maker", Email: "a@x.cn", Phone: "+86138"}) {
		t.Errorf("contacts %+v", cs)
	}
	want := store.Deal{
		ID: "crm:o1", Name: "塔筒", Account: "crm:a1", Owner: "crm:u1", Stage: "Proposal", Amount: store.Money{Minor: 2000000000, Currency: "USD"}, Created: store.Date(2026, 1, 6),
		Close: store.Date(2027, 1, 31), Modified: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), Lead: "Partner",
		Extra: map[string]string{"cBudget": "50w", "last_stage": "Proposal", "probability": "50"},
	}
	if ds := got["deals"].Deals; len(ds) != 1 || !reflect.DeepEqual(ds[0], want) {
		t.Errorf("got  %+v\nwant %+v", ds, want)
	}
	var changes []string
	for _, c := range got["deals"].Changes {
		changes = append(changes, fmt.Sprintf("%s %s %s>%s %s %s", c.ID.Native(), c.Field, c.From, c.To, c.At.UTC().Format(time.DateTime), c.By.Native()))
	}
	slices.Sort(changes)
	if !slices.Equal(changes, []string{
		"n1-owner owner >crm:u2 2026-01-05 17:00:00 u2", "n1-stage stage >Prospecting 2026-01-05 17:00:00 u2", "n2-stage stage Prospecting>Closed Lost 2026-01-05 17:00:00 u2",
		"n3-amount amount 1.50 USD>20000000.00 USD 2026-02-01 08:00:00 u2", "n3-stage stage Closed Lost>Proposal 2026-02-01 08:00:00 u2", "n4-owner owner crm:u2>crm:u1 2026-02-01 09:00:00 u1",
	}) {
		t.Errorf("changes %q", changes)
	}
	if m := got["meetings"]; len(m.Touches) != 1 || len(m.Deleted) != 1 || m.Touches[0].Minutes != 90 || m.Touches[0].Contact != "crm:c1" || m.Touches[0].Deal != "crm:o1" ||
		m.Touches[0].Account != "crm:a1" || m.Touches[0].Channel != store.ChannelMeeting {
		t.Errorf("meetings %+v", m)
	}
	if e := got["emails"]; len(e.Touches) != 1 || e.Touches[0].Account != "crm:a9" || e.Touches[0].Rep != "crm:u2" {
		t.Errorf("emails %+v", e)
	}
	// A role that is given on an opportunity later: its contacts come again, with it.
	p, err := s.Fetch(t.Context(), source.Request{Stream: "contacts", Cursor: got["contacts"].Next, Now: monday})
	for err == nil && p.More {
		p, err = s.Fetch(t.Context(), source.Request{Stream: "contacts", Cursor: p.Next, Now: monday})
	}
	if err != nil || len(p.Contacts) != 1 || p.Contacts[0].ID != "crm:c1" || p.Contacts[0].Role != "Evaluator" {
		t.Errorf("contacts by opportunity %+v %v", p.Contacts, err)
	}
	for _, a := range asked {
		if _, params, _ := strings.Cut(a, " "); params != "" && !json.Valid([]byte(params)) {
			t.Errorf("not JSON: %s", a)
		}
	}
}

// What the role of the API user leaves out is said in the server's words.
func TestEspoCRM_Refused(t *testing.T) {
	reply := espoReason(0, "")
	s := vendorOn(t, Config{Spec: "espocrm"}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Status-Reason"] = reply.Header["X-Status-Reason"]
		w.WriteHeader(reply.Status)
	})
	for _, c := range []struct {
		status int
		words  string
		class  error
	}{
		{http.StatusOK, "", source.ErrDenied}, {http.StatusForbidden, "No read access.", source.ErrDenied}, {http.StatusUnauthorized, "", source.ErrAuth}, {http.StatusBadRequest, "Order by non-existing field.", source.ErrSetup},
	} {
		reply = espoReason(c.status, c.words)
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", strconv.Itoa(c.status), err)
		}
	}
}
