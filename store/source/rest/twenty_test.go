package rest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
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
)

func twentySpoken() spoken {
	return spoken{spec: "twenty", speak: twentySpeech, deletes: true, wait: time.Minute, faults: []sourcetest.Kind{sourcetest.Gone, sourcetest.Repeat}}
}

func twentySays(status int, kind, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{"statusCode": status, "error": kind, "messages": []string{words}, "code": kind}}
}

var twentyBound = regexp.MustCompile(`(updatedAt|deletedAt)\[(gte|lte)\]:"([^"]+)"`)

const twentyTime = "2006-01-02T15:04:05.000Z"

// twentySpeech is a server that talks as Twenty does: cursors that name the last row, deleted rows only where the filter names deletedAt.
func twentySpeech() sourcetest.Speech {
	return sourcetest.Speech{
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			if bearerOf(r) != d.Secret() {
				return twentySays(http.StatusUnauthorized, "UNAUTHENTICATED", "Token invalid.")
			}
			q := r.URL.Query()
			limit, err := strconv.Atoi(q.Get("limit"))
			if err != nil || limit > 60 || r.URL.Path != "/rest/opportunities" {
				return twentySays(http.StatusBadRequest, "BadRequestException", "limit must be 60 at most")
			}
			rows := d.Rows("deals")
			if strings.Contains(q.Get("filter"), "deletedAt") {
				for _, g := range d.Gone("deals") {
					g["gone"] = true
					rows = append(rows, g)
				}
			}
			var all []sourcetest.Row
			for _, row := range rows {
				id, at := fmt.Sprint(row["id"]), sourcetest.Changed(row).UTC().Format(twentyTime)
				micros, _ := strings.CutPrefix(strings.Replace(fmt.Sprint(row["amount"]), ".", "", 1), "0")
				o := sourcetest.Row{
					"id": id, "name": row["name"], "stage": row["stage"], "closeDate": "2026-05-01T00:00:00.000Z", "updatedAt": at, "createdAt": "2026-01-05T02:00:00.000Z",
					"amount": sourcetest.Row{"amountMicros": json.Number(cmp.Or(strings.TrimLeft(micros, "0"), "0") + "0000"), "currencyCode": "CNY"}, "deletedAt": nil,
					"position": 1, "campaign": row["campaign"],
				}
				if row["gone"] == true {
					o["deletedAt"] = at
				}
				in := true
				for _, m := range twentyBound.FindAllStringSubmatch(q.Get("filter"), -1) {
					bound, err := time.Parse(time.RFC3339, m[3])
					if text := bound.UTC().Format(twentyTime); err != nil || m[1] == "updatedAt" && (m[2] == "gte" && at < text || m[2] == "lte" && at > text) {
						in = false
					}
				}
				if in {
					all = append(all, o)
				}
			}
			place := func(o sourcetest.Row) string {
				if strings.HasPrefix(q.Get("order_by"), "updatedAt") {
					return fmt.Sprintf("%s|%s", o["updatedAt"], o["id"])
				}
				return fmt.Sprint(o["id"])
			}
			slices.SortFunc(all, func(a, b sourcetest.Row) int { return strings.Compare(place(a), place(b)) })
			total := len(all)
			if after := q.Get("starting_after"); after != "" {
				last, err := base64.StdEncoding.DecodeString(after)
				if err != nil {
					return twentySays(http.StatusBadRequest, "BadRequestException", "Invalid cursor: "+after)
				}
				all = slices.DeleteFunc(all, func(o sourcetest.Row) bool { return place(o) <= string(last) })
			}
			page := sourcetest.Row{"hasNextPage": len(all) > limit, "startCursor": nil, "endCursor": nil}
			if all = all[:min(len(all), limit)]; len(all) > 0 {
				page["endCursor"] = base64.StdEncoding.EncodeToString([]byte(place(all[len(all)-1])))
			}
			if d.Again {
				page["hasNextPage"], page["endCursor"] = true, q.Get("starting_after")
			}
			return sourcetest.Reply{Body: sourcetest.Row{"data": sourcetest.Row{"opportunities": append([]sourcetest.Row{}, all...)}, "totalCount": total, "pageInfo": page}}
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  twentySays(http.StatusInternalServerError, "InternalServerError", "QueryFailedError "+canary),
			sourcetest.Throttle:     twentySays(http.StatusTooManyRequests, "HttpException", "Limit reached (100 tokens per 60000 ms)"),
			sourcetest.Unauthorized: twentySays(http.StatusUnauthorized, "UNAUTHENTICATED", "Token has expired."),
			sourcetest.Forbidden:    twentySays(http.StatusForbidden, "PERMISSION_DENIED", "Entity performing the request does not have permission"),
			sourcetest.Gone:         twentySays(http.StatusBadRequest, "BadRequestException", "Invalid cursor: x"),
		},
	}
}

// Answers as in the vendor's source: millionths, composite names, targets, the timeline's differences.
func TestTwenty_Shapes(t *testing.T) {
	var asked []string
	s := vendorOn(t, Config{Spec: "twenty"}, func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/rest/")
		asked = append(asked, name+" "+r.FormValue("filter"))
		rows := map[string]string{
			"workspaceMembers": `{"id":"w1","name":{"firstName":"雷","lastName":"李"},"userEmail":"l@x.cn","updatedAt":"2026-02-01T09:00:00.000Z","deletedAt":null}`,
			"companies": `{"id":"c1","name":"华东风电","employees":200,"address":{"addressCity":"上海","addressState":"上海"},"annualRecurringRevenue":{"amountMicros":123450000,"currencyCode":"USD"},
				"domainName":{"primaryLinkUrl":"x.cn"},"accountOwnerId":"w1","createdAt":"2026-01-05T17:00:00.000Z","updatedAt":"2026-02-01T09:00:00.000Z","tier":"A","position":3}`,
			"people": `{"id":"p1","companyId":"c1","name":{"firstName":"Ann","lastName":"Lee"},"jobTitle":"CFO","emails":{"primaryEmail":"a@x.cn"},
				"phones":{"primaryPhoneNumber":"13800000000","primaryPhoneCallingCode":"+86"},"updatedAt":"2026-02-01T09:00:00.000Z"}`,
			"opportunities": `{"id":"o1","name":"塔筒","amount":{"amountMicros":"90000000000000000005000","currencyCode":"EUR"},"stage":"PROPOSAL","closeDate":"2026-04-30T16:30:00.000Z",
				"companyId":"c1","pointOfContactId":"p1","createdBy":{"source":"MANUAL","workspaceMemberId":"w1","name":"x"},"createdAt":"2026-01-05T17:00:00.000Z",
				"updatedAt":"2026-02-01T09:00:00.000Z","deletedAt":null,"budget":"50w","position":-1},
				{"id":"o2","deletedAt":"2026-02-01T09:00:00.000Z","updatedAt":"2026-02-01T09:00:00.000Z"}`,
			"timelineActivities": `{"id":"t1","name":"opportunity.updated","happensAt":"2026-02-01T08:00:00.000Z","workspaceMemberId":"w1","targetOpportunityId":"o1","updatedAt":"2026-02-01T08:05:00.000Z",
				"properties":{"diff":{"stage":{"before":"NEW","after":"PROPOSAL"},"amount":{"before":null,"after":{"amountMicros":1500000,"currencyCode":"EUR"}},"name":{"before":"a","after":"b"}}}}`,
			"notes": `{"id":"n1","title":"纪要","bodyV2":{"markdown":"谈价格"},"noteTargets":[{"targetPersonId":"p1"},{"targetCompanyId":null,"targetOpportunityId":"o1"}],
				"createdBy":{"workspaceMemberId":"w1"},"createdAt":"2026-02-01T02:00:00.000Z","updatedAt":"2026-02-01T02:00:00.000Z"}`,
			"tasks": `{"id":"k1","title":"报价","status":"DONE","taskTargets":[{"companyId":"c1"}],"assigneeId":"w1","createdAt":"2026-01-30T02:00:00.000Z","updatedAt":"2026-02-01T02:00:00.000Z"},
				{"id":"k2","title":"x","status":"TODO","updatedAt":"2026-02-01T02:00:00.000Z"}`,
			"calendarEvents": `{"id":"e1","title":"会","startsAt":"2026-02-01T01:00:00.000Z","endsAt":"2026-02-01T02:30:00.000Z","isCanceled":false,"isFullDay":false,
				"calendarEventParticipants":[{"workspaceMemberId":"w1"},{"personId":"p1"}],"createdAt":"2026-01-30T02:00:00.000Z","updatedAt":"2026-01-30T02:00:00.000Z"},
				{"id":"e2","startsAt":"2090-01-01T00:00:00.000Z","updatedAt":"2026-01-30T02:00:00.000Z"}`,
		}[name]
		fmt.Fprintf(w, `{"data":{%q:[%s]},"totalCount":1,"pageInfo":{"hasNextPage":false,"endCursor":"x"}}`, name, rows)
	})
	all := passes(t, s)
	if p := all.People; len(p) != 1 || p[0] != (store.Person{ID: "crm:w1", Name: "李雷", Email: "l@x.cn"}) {
		t.Errorf("people %+v", p)
	}
	wantAccount := store.Account{
		ID: "crm:c1", Name: "华东风电", Owner: "crm:w1", Region: "上海", City: "上海", Revenue: store.Money{Minor: 12345, Currency: "USD"}, Staff: 200, Created: store.Date(2026, 1, 6),
		Modified: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), Extra: map[string]string{"domain": "x.cn", "tier": "A"},
	}
	if a := all.Accounts; len(a) != 1 || !reflect.DeepEqual(a[0], wantAccount) {
		t.Errorf("accounts %+v", a)
	}
	if c := all.Contacts; len(c) != 1 || c[0] != (store.Contact{ID: "crm:p1", Account: "crm:c1", Name: "Ann Lee", Role: "CFO", Email: "a@x.cn", Phone: "+8613800000000"}) {
		t.Errorf("contacts %+v", c)
	}
	wantDeal := store.Deal{
		ID: "crm:o1", Name: "塔筒", Account: "crm:c1", Owner: "crm:w1", Stage: "proposal", Amount: store.Money{Minor: 9000000000000000000, Currency: "EUR"}, Created: store.Date(2026, 1, 6),
		Close: store.Date(2026, 5, 1), Modified: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), Extra: map[string]string{"contact": "p1", "budget": "50w"},
	}
	if d := all.Deals; len(d) != 1 || !reflect.DeepEqual(d[0], wantDeal) {
		t.Errorf("deals\n%+v\n%+v", d, wantDeal)
	}
	var got []string
	for _, c := range all.Changes {
		got = append(got, fmt.Sprintf("%s %s %s>%s", c.ID.Native(), c.Field, c.From, c.To))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"t1-amount amount >1.50 EUR", "t1-stage stage new>proposal"}) {
		t.Errorf("changes %q", got)
	}
	got = nil
	for _, c := range all.Touches {
		got = append(got, fmt.Sprint(c.ID.Native(), " ", c.Account.Native(), " ", c.Deal.Native(), " ", c.Contact.Native(), " ", c.Rep.Native(), " ", c.Minutes, " ", c.Channel))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"e1   p1 w1 90 meeting", "k1 c1   w1 0 other", "n1  o1 p1 w1 0 other"}) || len(all.Deleted) != 3 {
		t.Errorf("touches %q, deleted %v", got, all.Deleted)
	}
	if !slices.Contains(asked, `timelineActivities and(name[eq]:"opportunity.updated")`) || !slices.Contains(asked, "opportunities ") {
		t.Errorf("asked %q", asked)
	}
	asked = nil
	p, err := s.Fetch(t.Context(), source.Request{Stream: "meetings", Cursor: `{"v":1,"mark":"2026-02-01T09:00:00Z"}`, Now: monday})
	for err == nil && p.More {
		p, err = s.Fetch(t.Context(), source.Request{Stream: "meetings", Cursor: p.Next, Now: monday})
	}
	until := monday.UTC().Format("2006-01-02T15:04:05.999Z07:00")
	if want := `calendarEvents and(startsAt[gte]:"2026-02-01T08:55:00Z",startsAt[lte]:"` + until + `")`; err != nil || !slices.Contains(asked, want) {
		t.Errorf("asked %q, want %s; %v", asked, want, err)
	}
}

// A key that is missing is no permission that is missing.
func TestTwenty_Refused(t *testing.T) {
	reply := ""
	s := vendorOn(t, Config{Spec: "twenty"}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, reply)
	})
	for body, class := range map[string]error{
		`{"statusCode":403,"error":"FORBIDDEN_EXCEPTION","messages":["Missing authentication token"]}`:                         source.ErrAuth,
		`{"statusCode":403,"error":"PERMISSION_DENIED","messages":["Entity performing the request does not have permission"]}`: source.ErrDenied,
	} {
		reply = body
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); !errors.Is(err, class) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
