package rest

import (
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

func shopifySpoken() spoken {
	return spoken{spec: "shopify", speak: func() sourcetest.Speech { return shopifySpeech(25000) }, wait: 2 * time.Second, faults: []sourcetest.Kind{sourcetest.Gone, sourcetest.Limit200, sourcetest.Repeat}}
}

// shopifyCost is what every answer says of the bucket.
func shopifyCost(requested, left int) sourcetest.Row {
	return sourcetest.Row{"cost": sourcetest.Row{
		"requestedQueryCost": requested, "actualQueryCost": requested / 2, "throttleStatus": sourcetest.Row{"maximumAvailable": 2000.0, "currentlyAvailable": left, "restoreRate": 100.0},
	}}
}

// shopifySays is an error in a success.
func shopifySays(code, words string, left int) sourcetest.Reply {
	return sourcetest.Reply{Body: sourcetest.Row{
		"errors": []sourcetest.Row{{"message": words, "extensions": sourcetest.Row{"code": code, "documentation": "https://shopify.dev/api/usage/rate-limits"}}}, "extensions": shopifyCost(202, left),
	}}
}

var (
	shopifyBound = regexp.MustCompile(`updated_at:(>=|<=)'([^']+)'`)
	shopifyID    = regexp.MustCompile(`id:>(\d+)`)
)

// shopifySpeech is a shop: cursors that name the last row, searches by time of change and id, and an end after so many rows of one query.
func shopifySpeech(most int) sourcetest.Speech {
	return sourcetest.Speech{
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			if r.Header.Get("X-Shopify-Access-Token") != d.Secret() {
				return sourcetest.Reply{Status: http.StatusUnauthorized, Body: sourcetest.Row{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}}
			}
			var q struct {
				Query     string
				Variables struct {
					First                 int
					After, Query, SortKey string
				}
			}
			if err := json.Unmarshal(body, &q); err != nil || r.URL.Path != "/admin/api/2026-01/graphql.json" || !strings.Contains(q.Query, "draftOrders(") || q.Variables.First > 250 {
				return sourcetest.Reply{Status: http.StatusNotFound, Body: sourcetest.Row{"errors": "Not Found"}}
			}
			v := q.Variables
			number := func(o sourcetest.Row) string {
				id, _ := strconv.Atoi(fmt.Sprint(o["legacyResourceId"]))
				return fmt.Sprintf("%09d", id)
			}
			place := func(o sourcetest.Row) string {
				if v.SortKey == "UPDATED_AT" {
					return fmt.Sprint(o["updatedAt"], " ", number(o))
				}
				return number(o)
			}
			var all []sourcetest.Row
			for _, row := range d.Rows("deals") {
				at := sourcetest.Changed(row).UTC().Format("2006-01-02T15:04:05Z")
				money := sourcetest.Row{"amount": fmt.Sprint(row["amount"]), "currencyCode": "CNY"}
				o := sourcetest.Row{
					"legacyResourceId": strings.TrimRight(fmt.Sprint(row["id"]), "\a"), "name": row["name"], "status": row["stage"], "updatedAt": at, "createdAt": "2026-01-05T02:00:00Z",
					"completedAt": row["close"], "totalPriceSet": sourcetest.Row{"shopMoney": money, "presentmentMoney": money}, "customer": nil,
				}
				in := true
				for _, m := range shopifyBound.FindAllStringSubmatch(v.Query, -1) {
					in = in && (m[1] == ">=" && at >= m[2] || m[1] == "<=" && at <= m[2])
				}
				if m := shopifyID.FindStringSubmatch(v.Query); m != nil && !d.Again {
					after, _ := strconv.Atoi(m[1])
					in = in && number(o) > fmt.Sprintf("%09d", after)
				}
				if in {
					all = append(all, o)
				}
			}
			slices.SortFunc(all, func(a, b sourcetest.Row) int { return strings.Compare(place(a), place(b)) })
			read := 0
			if v.After != "" {
				text, err := base64.StdEncoding.DecodeString(v.After)
				count, last, ok := strings.Cut(string(text), "|")
				if read, _ = strconv.Atoi(count); err != nil || !ok {
					return shopifySays("", "Invalid cursor for current pagination sort.", 1000)
				}
				all = slices.DeleteFunc(all, func(o sourcetest.Row) bool { return place(o) <= last })
			}
			if read+v.First > most {
				return shopifySays("BAD_REQUEST", "Pagination is limited to 25000 records", 1000)
			}
			page := sourcetest.Row{"hasNextPage": len(all) > v.First, "endCursor": nil}
			if all = all[:min(len(all), v.First)]; len(all) > 0 {
				page["endCursor"] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", read+len(all), place(all[len(all)-1])))
			}
			if d.Again {
				page["hasNextPage"], page["endCursor"] = true, v.After
			}
			return sourcetest.Reply{Body: sourcetest.Row{
				"data": sourcetest.Row{"draftOrders": sourcetest.Row{"nodes": append([]sourcetest.Row{}, all...), "pageInfo": page}}, "extensions": shopifyCost(52, 1900),
			}}
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  shopifySays("INTERNAL_SERVER_ERROR", "Internal error. Looks like something went wrong on our end. "+canary, 1900),
			sourcetest.Throttle:     shopifySays("THROTTLED", "Throttled", 2), // 200 points are missing, of which 100 come back every second
			sourcetest.Limit200:     shopifySays("THROTTLED", "Throttled", 2),
			sourcetest.Unauthorized: {Status: http.StatusUnauthorized, Body: sourcetest.Row{"errors": "[API] Invalid API key or access token " + canary}},
			sourcetest.Forbidden:    shopifySays("ACCESS_DENIED", "Access denied for draftOrders field. Required access: `read_draft_orders` access scope.", 1900),
			sourcetest.Gone:         shopifySays("", "Invalid cursor for current pagination sort.", 1900),
		},
	}
}

// More records than the shop gives for one query, many of them of one instant: each comes once at least, and none is left out.
func TestShopify_Cap(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(shopifySpeech(20))
	s := shopifySpoken().open(t, srv.URL, "deals")
	for _, p := range s.stream("deals").parts {
		p.Pager.Cap = 20
	}
	sys := system(t, srv, playSpec("keep", bearer))
	var want []store.ID
	for id := 1; id <= 130; id += 65 { // 30 alone, then 35 at one instant, twice
		for tie, n := range []int{30, 35} {
			var deals []sourcetest.Deal
			for i := range n {
				deals = append(deals, sourcetest.Deal{ID: id + tie*30 + i, Name: "x", Stage: "won", Cents: 100})
				want = append(want, store.MakeID("crm", fmt.Sprint(id+tie*30+i)))
			}
			sys.Put(tie == 1, deals...)
		}
	}
	seen, c := map[store.ID]bool{}, store.Cursor("")
	for more := true; more; {
		p, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: c, Now: srv.Now(), Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Deals {
			seen[d.ID] = true
		}
		c, more = p.Next, p.More
	}
	for _, id := range want {
		if !seen[id] {
			t.Errorf("%s is missing", id)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d of %d", len(seen), len(want))
	}
}

// shop answers by the first connection that a query names.
func shop(t *testing.T, cfg Config, answers map[string]string) (*Source, *[]sourcetest.Row) {
	var asked []sourcetest.Row
	s := vendorOn(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		var q sourcetest.Row
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		asked = append(asked, q)
		for name, body := range answers {
			if strings.Contains(fmt.Sprint(q["query"]), name) {
				fmt.Fprintf(w, `{"data":%s,"extensions":{"cost":{"requestedQueryCost":300,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":1500,"restoreRate":100.0}}}}`, body)
				return
			}
		}
		t.Errorf("nobody answers %v", q)
	})
	return s, &asked
}

const (
	shopifyOrders = `{"orders":{"nodes":[
		{"id":"gid://shopify/Order/1","legacyResourceId":"1","processedAt":"2026-02-01T17:30:00Z","updatedAt":"2026-02-02T00:00:00Z","cancelledAt":null,"test":false,"sourceName":"pos",
		 "customer":{"legacyResourceId":"7"},"retailLocation":{"name":"南京西路店"},"refunds":[],"lineItems":{"pageInfo":{"hasNextPage":false},"nodes":[
		  {"id":"gid://shopify/LineItem/11","quantity":3,"product":{"legacyResourceId":"5"},
		   "originalTotalSet":{"shopMoney":{"amount":"1234567890123.45","currencyCode":"CNY"},"presentmentMoney":{"amount":"900.0","currencyCode":"USD"}},
		   "discountAllocations":[{"allocatedAmountSet":{"shopMoney":{"amount":"0.05"},"presentmentMoney":{"amount":"1.005"}}},{"allocatedAmountSet":{"shopMoney":{"amount":"3.4"},"presentmentMoney":{"amount":"0"}}}]}]}},
		{"id":"gid://shopify/Order/2","legacyResourceId":"2","processedAt":"2026-02-01T01:00:00Z","updatedAt":"2026-02-02T00:00:01Z","test":false,"sourceName":"web","customer":null,"retailLocation":null,
		 "refunds":[{"id":"gid://shopify/Refund/90"}],"lineItems":{"pageInfo":{"hasNextPage":true},"nodes":[]}},
		{"id":"gid://shopify/Order/3","legacyResourceId":"3","processedAt":"2026-02-01T01:00:00Z","updatedAt":"2026-02-02T00:00:02Z","cancelledAt":"2026-02-02T00:00:00Z","test":false,"sourceName":"web",
		 "refunds":[],"lineItems":{"pageInfo":{"hasNextPage":false},"nodes":[{"id":"gid://shopify/LineItem/31","quantity":1,"product":null,
		  "originalTotalSet":{"shopMoney":{"amount":"1.0","currencyCode":"CNY"},"presentmentMoney":{"amount":"1.0","currencyCode":"USD"}},"discountAllocations":[]}]}}],
		"pageInfo":{"hasNextPage":false,"endCursor":"x"}}}`
	shopifyDetails = `{"order":{"lineItems":{"pageInfo":{"hasNextPage":false,"endCursor":"y"},"nodes":[{"id":"gid://shopify/LineItem/21","quantity":2,"product":{"legacyResourceId":"5"},
		  "originalTotalSet":{"shopMoney":{"amount":"50","currencyCode":"CNY"},"presentmentMoney":{"amount":"7.0","currencyCode":"USD"}},"discountAllocations":[]}]},
		"refunds":[{"id":"gid://shopify/Refund/90","createdAt":"2026-02-03T01:00:00Z","refundLineItems":{"pageInfo":{"hasNextPage":false},"nodes":[
		 {"quantity":1,"location":null,"lineItem":{"id":"gid://shopify/LineItem/21","product":{"legacyResourceId":"5"}},
		  "subtotalSet":{"shopMoney":{"amount":"25.01","currencyCode":"CNY"},"presentmentMoney":{"amount":"3.5","currencyCode":"USD"}}}]}}]}}`
)

func TestShopify_Shapes(t *testing.T) {
	answers := map[string]string{
		"products(": `{"products":{"nodes":[{"legacyResourceId":"5","title":"塔筒","productType":"风电","updatedAt":"2026-02-01T09:00:00Z","priceRangeV2":{"minVariantPrice":{"amount":"99.5","currencyCode":"CNY"}}}],"pageInfo":{"hasNextPage":false}}}`,
		"customers(": `{"customers":{"nodes":[{"legacyResourceId":"7","displayName":"李雷","createdAt":"2026-01-05T17:00:00Z","updatedAt":"2026-02-01T09:00:00Z","numberOfOrders":"3",
			"defaultEmailAddress":{"emailAddress":"l@x.cn"},"defaultPhoneNumber":null,"defaultAddress":{"company":"","city":"上海","province":"上海","country":"China"}}],"pageInfo":{"hasNextPage":false}}}`,
		"draftOrders(": `{"draftOrders":{"nodes":[{"legacyResourceId":"9","name":"#D9","status":"COMPLETED","createdAt":"2026-01-05T17:00:00Z","updatedAt":"2026-02-01T09:00:00Z","completedAt":"2026-02-01T17:00:00Z",
			"customer":{"legacyResourceId":"7"},"order":{"name":"#1001"},"totalPriceSet":{"shopMoney":{"amount":"12345678901234.5","currencyCode":"CNY"},"presentmentMoney":{"amount":"1.0","currencyCode":"USD"}}}],"pageInfo":{"hasNextPage":false}}}`,
		" orders(": shopifyOrders, " order(": shopifyDetails,
	}
	s, asked := shop(t, Config{Spec: "shopify"}, answers)
	all := passes(t, s)
	if p := all.Products; len(p) != 1 || p[0] != (store.Product{ID: "crm:5", Name: "塔筒", Category: "风电", Price: store.Money{Minor: 9950, Currency: "CNY"}}) {
		t.Errorf("products %+v", p)
	}
	if a := all.Accounts; len(a) != 1 || a[0].ID != "crm:7" || a[0].Name != "李雷" || a[0].City != "上海" || a[0].Extra["email"] != "l@x.cn" || a[0].Extra["orders"] != "3" {
		t.Errorf("accounts %+v", a)
	}
	wantDeal := store.Deal{
		ID: "crm:9", Name: "#D9", Account: "crm:7", Stage: "won", Amount: store.Money{Minor: 1234567890123450, Currency: "CNY"}, Created: store.Date(2026, 1, 6), Close: store.Date(2026, 2, 2),
		Modified: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), Extra: map[string]string{"order": "#1001"},
	}
	if d := all.Deals; len(d) != 1 || !reflect.DeepEqual(d[0], wantDeal) {
		t.Errorf("deals %+v", d)
	}
	sales := func(all source.Page) (got []string) {
		for _, l := range all.Sales {
			got = append(got, fmt.Sprint(l.ID.Native(), "|", l.Account.Native(), "|", l.Product.Native(), "|", l.Outlet, "|", l.Day, "|", l.Quantity, "|", l.Amount))
		}
		return got
	}
	if got := sales(all); !slices.Equal(got, []string{
		"11|7|5|南京西路店|2026-02-02|3000|1234567890120.00 CNY", "21||5|web|2026-02-01|2000|50.00 CNY", "refund/90/21||5|web|2026-02-03|-1000|-25.01 CNY",
	}) {
		t.Errorf("sales %q", got)
	}
	if !slices.Equal(all.Deleted, []store.Ref{{Entity: store.EntitySale, ID: "crm:31"}}) {
		t.Errorf("deleted %v", all.Deleted)
	}
	details := 0
	for _, q := range *asked {
		if v, ok := q["variables"].(sourcetest.Row); ok && v["id"] != nil {
			details++
			if v["id"] != "gid://shopify/Order/2" {
				t.Errorf("asked for the details of %v", v["id"])
			}
		}
	}
	if details != 1 {
		t.Errorf("asked for details %d times", details)
	}
	// What changed since, and in the customer's currency.
	s, asked = shop(t, Config{Spec: "shopify", Vars: map[string]string{"money": "presentmentMoney"}}, answers)
	p, err := s.Fetch(t.Context(), source.Request{Stream: "sales", Cursor: `{"v":1,"mark":"2026-02-01T09:00:00Z"}`, Now: monday})
	if got := sales(p); err != nil || !slices.Equal(got, []string{"11|7|5|南京西路店|2026-02-02|3000|899.00 USD", "21||5|web|2026-02-01|2000|7.00 USD", "refund/90/21||5|web|2026-02-03|-1000|-3.50 USD"}) {
		t.Errorf("sales %q %v", got, err)
	}
	want := "updated_at:>='2026-02-01T08:55:00Z' AND updated_at:<='" + monday.UTC().Format("2006-01-02T15:04:05Z") + "'"
	if v := (*asked)[0]["variables"].(sourcetest.Row); v["query"] != want || v["sortKey"] != "UPDATED_AT" {
		t.Errorf("asked %v, want %s", v, want)
	}
	if b := s.Budgets(); len(b) != 1 || b[0].Limit != 1500 {
		t.Errorf("budgets %+v", b)
	}
}

// Errors that stand in a success, and those that do not, by their class; how long to wait is worked out from the bucket.
func TestShopify_Refused(t *testing.T) {
	var reply sourcetest.Reply
	s := vendorOn(t, Config{Spec: "shopify"}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(max(reply.Status, http.StatusOK))
		_ = json.NewEncoder(w).Encode(reply.Body)
	})
	s.meters.all = nil
	for _, c := range []struct {
		reply sourcetest.Reply
		class error
		words string
	}{
		{shopifySays("ACCESS_DENIED", "Access denied for orders field. Required access: `read_orders` access scope.", 1), source.ErrDenied, "read_orders"},
		{shopifySays("MAX_COST_EXCEEDED", "Query cost is 1402, which exceeds the single query max cost limit (1000).", 1), source.ErrSetup, "lower page_size"},
		{shopifySays("", "Invalid cursor for current pagination sort.", 1), source.ErrExpired, ""},
		{sourcetest.Reply{Status: 401, Body: sourcetest.Row{"errors": "[API] Invalid API key or access token"}}, source.ErrAuth, "Invalid API key"},
		{sourcetest.Reply{Status: 402, Body: sourcetest.Row{"errors": "Unavailable Shop"}}, source.ErrSetup, "Unavailable Shop"},
		{sourcetest.Reply{Status: 404, Body: sourcetest.Row{"errors": "Not Found"}}, source.ErrSetup, "vars.version"},
	} {
		reply = c.reply
		if _, err := s.Fetch(t.Context(), source.Request{Stream: "sales"}); !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v", c.reply, err)
		}
	}
	for left, want := range map[int]time.Duration{2: 2 * time.Second, 52: 2 * time.Second, 190: time.Second, 300: time.Second} {
		reply = shopifySays("THROTTLED", "Throttled", left)
		_, err := s.Fetch(t.Context(), source.Request{Stream: "sales"})
		if ra := (*source.RetryAfter)(nil); !errors.As(err, &ra) || ra.Wait != want {
			t.Errorf("%d left: %v, want %s", left, err, want)
		}
	}
}

// A token of the Dev Dashboard's app is obtained and stands in the shop's own header.
func TestShopify_ClientCredentials(t *testing.T) {
	s := vendorOn(t, Config{Spec: "shopify", Auth: "client_credentials", Vars: map[string]string{"client_id": "app"}}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/admin/oauth/access_token" {
			if r.FormValue("client_id") != "app" || r.FormValue("client_secret") != canary || r.FormValue("grant_type") != "client_credentials" {
				t.Errorf("asked for a token with %v", r.Form)
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"shpat_1","scope":"read_orders","expires_in":86399}`)
			return
		}
		if r.Header.Get("X-Shopify-Access-Token") != "shpat_1" {
			t.Errorf("unsigned: %v", r.Header)
		}
		fmt.Fprint(w, `{"data":{"products":{"nodes":[],"pageInfo":{"hasNextPage":false}}}}`)
	})
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "products", Now: monday}); err != nil {
		t.Error(err)
	}
}
