package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

func decodePreset(t testing.TB) Config {
	t.Helper()
	b, err := Preset("tryton")
	if err != nil {
		t.Fatal(err)
	}
	var all []Config
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil || len(all) != 1 {
		t.Fatalf("%d sections, %v", len(all), err)
	}
	return all[0]
}

func open(t testing.TB, f *fake) *Source {
	t.Helper()
	t.Setenv("TRYTON_SYNC_PW", f.password)
	cfg := decodePreset(t)
	cfg.URL = f.URL + "/crm/"
	s, err := NewTryton(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pull reads a pass to its end.
func pull(t *testing.T, s *Source, st store.Stream, from store.Cursor, now time.Time) (all source.Page) {
	t.Helper()
	all.Next = from
	for range 1000 {
		p, err := s.Fetch(t.Context(), source.Request{Stream: st, Cursor: all.Next, Now: now, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		all.Append(&p.Records)
		all.Deleted = append(all.Deleted, p.Deleted...)
		all.Next, all.Track = p.Next, p.Track
		if !p.More {
			return all
		}
	}
	t.Fatal("the pass never ends")
	return all
}

func TestSource_Contract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: "canary-5Quince", Nothing: 2, // deals are two models
		Faults: []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden,
			sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties},
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			f := newFake(t)
			f.tie = rows == sourcetest.Ties
			w := sourcetest.World{Source: open(t, f), Reopen: func() source.Source { return open(t, f) }}
			next := 0
			w.Add = func(n int) (ids []store.ID) {
				for range n {
					next++
					row := opportunity(next, "opportunity", "10.00")
					switch {
					case rows == sourcetest.Hostile:
						row["description"] = "\x1b[31m\u202ered\u200b\x00 line\nbreak"
						row["lost_reason"] = "\x9b2J\u2066"
					case rows == sourcetest.FarDate && next == 5:
						row["end_date"] = map[string]any{"__class__": "date", "year": 2999, "month": 1, "day": 1}
						row["at"] = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
					}
					if next%3 == 0 { // some are edited, most were never
						f.put("sale.opportunity", row)
					}
					f.put("sale.opportunity", row)
					ids = append(ids, store.MakeID("tryton", strconv.Itoa(next)))
				}
				return ids
			}
			w.Want = w.Add(n)
			f.tie = false
			w.Break = func(x sourcetest.Fault) { f.mu.Lock(); f.fault = x; f.mu.Unlock() }
			w.Heal = func() { w.Break(sourcetest.Fault{}) }
			w.Now = func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.clock }
			w.Later = func() { f.mu.Lock(); f.clock = f.clock.Add(24 * time.Hour); f.mu.Unlock() }
			return w
		},
	})
}

func TestSource_Records(t *testing.T) {
	f := newFake(t)
	o := opportunity(42, "cancelled", "12345678901234567.89")
	o["currency."] = map[string]any{"code": "USD"}
	f.put("sale.opportunity", o)
	s := open(t, f)
	var all store.Records
	for _, st := range s.Streams() {
		p := pull(t, s, st, "", f.clock)
		all.Append(&p.Records)
	}
	if len(all.Issues) > 0 {
		t.Errorf("issues %+v", all.Issues)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	deal := store.Deal{ID: "tryton:42", Name: "扩容项目 0042", Account: "tryton:3", Owner: "tryton:1", Stage: "lost",
		Amount: store.Money{Minor: 1234567890123456789, Currency: "USD"}, Created: store.Date(2026, 1, 5), Close: store.Date(2026, 12, 31), Modified: f.clock,
		URL: f.URL + "/#crm/model/sale.opportunity/42", Extra: map[string]string{"number": "42", "state": "cancelled", "probability": "0.5"}}
	if !reflect.DeepEqual(all.Deals, []store.Deal{deal}) {
		t.Errorf("deals\n%+v\nwant\n%+v", all.Deals, deal)
	}
	if want := []store.Unit{{ID: "tryton:company-1", Name: "海川智控有限公司"}}; !reflect.DeepEqual(all.Units, want) {
		t.Errorf("units %+v", all.Units)
	}
	if want := []store.Person{{ID: "tryton:1", Unit: "tryton:company-1", Name: "李敏", Email: "li@crm.test", Phone: "13800000008"}}; !reflect.DeepEqual(all.People, want) {
		t.Errorf("people %+v", all.People)
	}
	if len(all.Accounts) != 1 || all.Accounts[0].Name != "华东电力" || all.Accounts[0].City != "上海" || all.Accounts[0].Created != store.DayOf(f.clock, zone) {
		t.Errorf("accounts %+v: want the customer alone, not our company nor our employee", all.Accounts)
	}
	if want := []store.Contact{{ID: "tryton:1", Account: "tryton:3", Name: "buyer@crm.test", Email: "buyer@crm.test"}}; !reflect.DeepEqual(all.Contacts, want) {
		t.Errorf("contacts %+v", all.Contacts)
	}
}

// A line is sold while its sale is confirmed; whose sale it is, the opportunity tells from which it was made.
func TestSource_SalesAndProducts(t *testing.T) {
	f := newFake(t)
	f.models["company.company"][0]["currency."] = map[string]any{"code": "CNY"}
	f.put("sale.opportunity", opportunity(42, "converted", "10.00"))
	f.put("product.category", map[string]any{"id": 4, "name": "泵"})
	f.put("product.template", map[string]any{"id": 8, "name": "给水泵"})
	f.put("product.product", map[string]any{"id": 9, "template": 8, "list_price": dec("1200.50"), "template.": map[string]any{"name": "给水泵", "categories": []any{4}}})
	line := func(id int, kind, state, origin string) map[string]any {
		return map[string]any{"id": id, "type": kind, "sale": 5, "product": 9, "quantity": 2.5, "amount": dec("12345678901234567.89"), "sale.": map[string]any{
			"party": 3, "state": state, "sale_date": date("2026-03-05"), "origin": origin, "currency.": map[string]any{"code": "USD"}}}
	}
	f.put("sale.sale", map[string]any{"id": 5})
	f.put("sale.line", line(1, "line", "processing", "sale.opportunity,42"), line(2, "comment", "processing", ""), line(3, "line", "quotation", ""), line(4, "line", "done", "sale.subscription,7"))
	s := open(t, f)
	if p := pull(t, s, "products", "", f.clock); !reflect.DeepEqual(p.Products, []store.Product{{ID: "tryton:9", Name: "给水泵", Category: "泵", Price: store.Money{Minor: 120050, Currency: "CNY"}}}) {
		t.Errorf("products %+v %+v", p.Products, p.Issues)
	}
	p := pull(t, s, "sales", "", f.clock)
	sale := store.Sale{ID: "tryton:1", Account: "tryton:3", Product: "tryton:9", Rep: "tryton:1", Day: store.Date(2026, 3, 5), Quantity: 2500,
		Amount: store.Money{Minor: 1234567890123456789, Currency: "USD"}}
	other := sale
	other.ID, other.Rep = "tryton:4", ""
	if !reflect.DeepEqual(p.Sales, []store.Sale{sale, other}) || len(p.Deleted) != 2 {
		t.Errorf("sales %+v, no sales %v, %+v", p.Sales, p.Deleted, p.Issues)
	}
	f.clock = f.clock.Add(time.Hour) // out of the overlap
	p = pull(t, s, "sales", p.Next, f.clock)
	f.models["sale.line"][0]["sale."].(map[string]any)["state"] = "cancelled"
	f.put("sale.sale", map[string]any{"id": 5}) // the line itself is not written
	if p = pull(t, s, "sales", p.Next, f.clock); !slices.Contains(p.Deleted, store.Ref{Entity: store.EntitySale, ID: "tryton:1"}) {
		t.Errorf("cancelled: %+v, no sales %v", p.Sales, p.Deleted)
	}
}

func TestSource_AddressEditReachesItsAccount(t *testing.T) {
	f := newFake(t)
	s := open(t, f)
	p := pull(t, s, "accounts", "", f.clock)
	f.clock = f.clock.Add(time.Hour) // out of the overlap
	p = pull(t, s, "accounts", p.Next, f.clock)
	f.put("party.address", map[string]any{"id": 1, "city": "苏州"})
	p = pull(t, s, "accounts", p.Next, f.clock)
	if len(p.Accounts) != 1 || p.Accounts[0].City != "苏州" {
		t.Errorf("%+v", p.Accounts)
	}
	f.clock = f.clock.Add(time.Hour)
	p = pull(t, s, "accounts", p.Next, f.clock) // still in the overlap of the pass before
	if p = pull(t, s, "accounts", p.Next, f.clock); p.Len() != 0 {
		t.Errorf("nothing changed, but %+v", p.Accounts)
	}
}

// TestSource_MergedParty: Tryton repoints what belonged to a replaced party in SQL, so that nothing on these rows tells that they changed.
func TestSource_MergedParty(t *testing.T) {
	f := newFake(t)
	f.put("party.party", map[string]any{"id": 9, "name": "华东电力（重复）", "addresses": []any{}})
	o := opportunity(1, "lead", "1")
	o["party"] = 9
	f.put("sale.opportunity", o, opportunity(2, "lead", "1"))
	s := open(t, f)
	deals, accounts := pull(t, s, "deals", "", f.clock), pull(t, s, "accounts", "", f.clock)
	if deals.Deals[0].Account != "tryton:9" || len(accounts.Accounts) != 2 {
		t.Fatalf("before: %+v %+v", deals.Deals, accounts.Accounts)
	}
	f.clock = f.clock.Add(time.Hour)
	f.models["sale.opportunity"][0]["party"] = 3
	f.put("party.party", map[string]any{"id": 9, "active": false, "replaced_by": 3})
	deals, accounts = pull(t, s, "deals", deals.Next, f.clock), pull(t, s, "accounts", accounts.Next, f.clock)
	if i := slices.IndexFunc(deals.Deals, func(d store.Deal) bool { return d.ID == "tryton:1" }); i < 0 || deals.Deals[i].Account != "tryton:3" {
		t.Errorf("the deal still hangs on the party that is no more: %+v", deals.Deals)
	}
	if slices.ContainsFunc(accounts.Accounts, func(a store.Account) bool { return a.ID == "tryton:9" }) || !slices.Equal(accounts.Deleted, []store.Ref{{Entity: store.EntityAccount, ID: "tryton:9"}}) {
		t.Errorf("accounts %+v, deleted %v", accounts.Accounts, accounts.Deleted)
	}
	if refs, _, err := s.List(t.Context(), "accounts", ""); err != nil || fmt.Sprint(refs) != "[{account tryton:3}]" {
		t.Errorf("listed %v %v", refs, err)
	}
	f.put("party.party", map[string]any{"id": 3, "active": false}) // put away is not merged
	if p := pull(t, s, "accounts", accounts.Next, f.clock); p.Accounts[len(p.Accounts)-1].Extra["archived"] != "true" {
		t.Errorf("archived: %+v", p.Accounts)
	}
}

func TestSource_History(t *testing.T) {
	f := newFake(t)
	o := opportunity(1, "lead", "100.00")
	f.put("sale.opportunity", o)
	t0 := f.clock
	o["state"] = "opportunity"
	f.put("sale.opportunity", o)
	o["amount"], o["end_date"] = dec("250.50"), date("2027-01-31")
	f.put("sale.opportunity", o)
	o["comment"], o["amount"] = "nothing that is kept", dec("250.5")
	f.put("sale.opportunity", o)
	bad := opportunity(2, "lead", "1.00")
	bad["description"] = "unreadable"
	f.put("sale.opportunity", bad)
	s := open(t, f)
	p := pull(t, s, "changes", "", f.clock)
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }
	want := []store.Change{
		{Deal: "tryton:1", Field: store.FieldStage, To: "lead", At: at(0)},
		{Deal: "tryton:1", Field: store.FieldStage, From: "lead", To: "qualified", At: at(1)},
		{Deal: "tryton:1", Field: store.FieldAmount, From: "100.00 CNY", To: "250.50 CNY", At: at(2)},
		{Deal: "tryton:1", Field: store.FieldClose, From: "2026-12-31", To: "2027-01-31", At: at(2)},
	}
	if !slices.Equal(p.Changes[:min(4, len(p.Changes))], want) || len(p.Changes) != 4 {
		t.Errorf("changes\n%+v\nwant\n%+v", p.Changes, want)
	}
	if len(p.Issues) != 1 || p.Issues[0].Where != "sale.opportunity 2" {
		t.Errorf("issues %+v", p.Issues)
	}

	f.clock = f.clock.Add(time.Hour)
	f.put("party.party", map[string]any{"id": 9, "name": "ticks the clock"})
	p = pull(t, s, "changes", p.Next, f.clock)
	f.clock = f.clock.Add(time.Hour)
	o["employee"] = 2
	o["state"] = "lost"
	f.put("sale.opportunity", o)
	lost := f.clock
	o["state"] = "cancelled" // the same stage to us
	f.put("sale.opportunity", o)
	f.calls = nil
	p = pull(t, s, "changes", p.Next, f.clock)
	want = []store.Change{
		{Deal: "tryton:1", Field: store.FieldStage, From: "qualified", To: "lost", At: lost},
		{Deal: "tryton:1", Field: store.FieldOwner, From: "tryton:1", To: "tryton:2", At: lost},
	}
	if !slices.Equal(p.Changes, want) {
		t.Errorf("later changes\n%+v\nwant\n%+v", p.Changes, want)
	}
	reads := 0
	for _, c := range f.calls {
		if c == "model.sale.opportunity.read" {
			reads++
		}
	}
	if reads != 3 {
		t.Errorf("%d reads of the past for two new revisions, want 3: them and the one before", reads)
	}
}

func TestSource_TracksWhatHasNoHistory(t *testing.T) {
	f := newFake(t)
	f.put("sale.opportunity", opportunity(1, "lead", "1"))
	if p := pull(t, open(t, f), "deals", "", f.clock); p.Track != store.FieldsOf(store.FieldCategory) {
		t.Errorf("with history tables the store keeps %b", p.Track)
	}
	f.history = map[int64][]past{}
	s := open(t, f)
	if p := pull(t, s, "deals", "", f.clock); !p.Track.Has(store.FieldStage) || !p.Track.Has(store.FieldAmount) {
		t.Errorf("without them it keeps %b", p.Track)
	}
	if p := pull(t, s, "changes", "", f.clock); p.Len() != 0 {
		t.Errorf("history out of nothing: %+v", p.Changes)
	}
}

func TestSource_LateCommitIsReadByTheOverlap(t *testing.T) {
	f := newFake(t)
	f.put("sale.opportunity", opportunity(1, "lead", "1"), opportunity(2, "lead", "1"))
	s := open(t, f)
	p := pull(t, s, "deals", "", f.clock)
	f.clock = f.clock.Add(10 * time.Minute)
	began := f.clock
	f.put("sale.opportunity", opportunity(1, "lead", "2")) // commits at once
	p = pull(t, s, "deals", p.Next, f.clock)
	f.models["sale.opportunity"][1]["amount"] = dec("3") // began before it, commits now
	f.models["sale.opportunity"][1]["write_date"] = began
	p = pull(t, s, "deals", p.Next, f.clock)
	if i := slices.IndexFunc(p.Deals, func(d store.Deal) bool { return d.ID == "tryton:2" }); i < 0 || p.Deals[i].Amount.Minor != 300 {
		t.Errorf("lost: %+v", p.Deals)
	}
}

func TestSource_SessionIsRenewedOnce(t *testing.T) {
	f := newFake(t)
	f.put("sale.opportunity", opportunity(1, "lead", "1"))
	s := open(t, f)
	pull(t, s, "deals", "", f.clock)
	f.session = 99 // as after a restart of the server
	pull(t, s, "deals", "", f.clock)
	if f.logins != 2 {
		t.Errorf("%d logins, want 2", f.logins)
	}
	t.Setenv("TRYTON_SYNC_PW", "wrong")
	f.session = 0
	before := len(f.calls)
	_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
	if !errors.Is(err, source.ErrAuth) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v, want ErrAuth", err)
	}
	if n := len(f.calls) - before; n > 2 {
		t.Errorf("%d calls with a wrong password: that locks the account", n)
	}
}

func TestSource_ServerClock(t *testing.T) {
	f := newFake(t)
	f.put("sale.opportunity", opportunity(1, "lead", "1"))
	for name, skew := range map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute, "a year ahead": 365 * 24 * time.Hour, "none": 0} {
		f.noDate = name == "none"
		s := open(t, f)
		p := pull(t, s, "deals", "", f.clock.Add(-skew))
		var c cursor
		if err := json.Unmarshal([]byte(p.Next), &c); err != nil {
			t.Fatal(err)
		}
		if len(p.Deals) != 1 {
			t.Errorf("%s: %d deals", name, len(p.Deals))
		}
		if off := time.UnixMicro(c.Since).Sub(f.clock); name != "a year ahead" && (off < 0 || off > 2*time.Second) {
			t.Errorf("%s: the watermark is off by %s", name, off)
		} else if name == "a year ahead" && off > 0 {
			t.Errorf("an unbelievable clock was believed: %s", off)
		}
	}
	s := open(t, f)
	far := cursor{Since: f.clock.AddDate(1, 0, 0).UnixMicro()}.String()
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals", Cursor: far, Now: f.clock}); !errors.Is(err, source.ErrExpired) {
		t.Errorf("a watermark in the future: %v, want ErrExpired and a resync", err)
	}
}

func TestSource_List(t *testing.T) {
	f := newFake(t)
	for i := range 5 {
		f.put("sale.opportunity", opportunity(i+1, "lead", "1"))
	}
	f.remove("sale.opportunity", 3)
	s := open(t, f)
	for st, want := range map[store.Stream]string{"deals": "[{deal tryton:1} {deal tryton:2} {deal tryton:4} {deal tryton:5}]",
		"accounts": "[{account tryton:3}]", "units": "[{unit tryton:company-1}]"} {
		refs, next, err := s.List(t.Context(), st, "")
		if err != nil || next != "" || fmt.Sprint(refs) != want {
			t.Errorf("%s: %v %q %v, want %s", st, refs, next, err, want)
		}
	}
	if _, _, err := s.List(t.Context(), "changes", ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("changes: %v", err)
	}
}

// TestClient_Answers are servers that are not what they should be.
func TestClient_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"html": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>\x1b[31mhello")
		}, "instead of JSON"},
		"not found": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "no such database"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.test/", http.StatusTemporaryRedirect)
		}, "redirected to http://elsewhere.test/"},
		"redirect that quotes": {func(w http.ResponseWriter, r *http.Request) {
			said, _ := io.ReadAll(r.Body)
			http.Redirect(w, r, "http://elsewhere.test/canary?q="+url.QueryEscape(string(said)), http.StatusFound)
		}, "redirected to http://elsewhere.test"},
		"html that quotes": {func(w http.ResponseWriter, r *http.Request) {
			said, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "%s", said[bytes.Index(said, []byte("canary")):])
		}, "instead of JSON"},
		"array": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "[]")
		}, "no JSON"},
		"no session": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"result": null}`)
		}, "credentials refused"},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"result": "`)
			for block := strings.Repeat("x", 1<<20); ; {
				if _, err := fmt.Fprint(w, block); err != nil {
					return
				}
			}
		}, "larger than 64 MiB"},
		"deep": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"result": `+strings.Repeat("[", 100000))
		}, "no JSON"},
		"trace": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"error": ["boom", "Traceback\n  line\nKeyError: x\n"]}`)
		}, "check login"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.handler)
			defer srv.Close()
			f := &fake{Server: srv, password: "canary-5Quince"}
			_, err := open(t, f).Fetch(t.Context(), source.Request{Stream: "deals"})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestConfig_NamesWhatIsWrong(t *testing.T) {
	good := decodePreset(t)
	for want, change := range map[string]func(*Config){
		"id":             func(c *Config) { c.ID = "a:b" },
		"host:port":      func(c *Config) { c.URL = "http://127.0.0.1:8000/" },
		"not in the url": func(c *Config) { c.URL = "https://me:secret@crm.test/db/" },
		"plain_http":     func(c *Config) { c.URL = "http://crm.test/db/" },
		"login":          func(c *Config) { c.Login = "" },
		"password":       func(c *Config) { c.Password = source.Secret{} },
		"time_zone":      func(c *Config) { c.TimeZone = "Mars/Olympus" },
		"streams":        func(c *Config) { c.Streams = []store.Stream{"dreams"} },
		"stages":         func(c *Config) { c.Stages = map[string]store.ID{"quoted": "x"} },
		"currency":       func(c *Config) { c.Currency = "yuan" },
	} {
		c := good
		change(&c)
		if _, err := NewTryton(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("want a word on %s, got %v", want, err)
		}
	}
	if s, err := NewTryton(good); err != nil || s.Kind() != "tryton" {
		t.Error(err)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add(`{"__class__": "datetime", "year": 2026, "month": 13, "day": 40}`)
	f.Add(`[{"__class__": "Decimal", "decimal": "1E+999999999"}, {"__class__": 3}]`)
	f.Add(`{"a": [[[[{"__class__": "date", "year": "x"}]]]]}`)
	s := &Source{cfg: Config{ID: "t", URL: "http://h/db"}, zone: time.UTC, stages: defaultStages}
	f.Fuzz(func(t *testing.T, text string) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			return
		}
		a := answer{result: plain(v, 0)}
		var page source.Page
		for _, row := range a.list() {
			for _, st := range []store.Stream{"units", "people", "products", "accounts", "contacts", "deals", "sales"} {
				s.decoder(st).Decode(shapes[st].entity.String(), s.fields(st, time.Unix(0, 0), 1, row, beside{currency: "CNY"}), "1", &page)
			}
		}
		page.Refs(func(r store.Ref) bool {
			if r.ID == "" {
				t.Errorf("a record without identity from %s", text)
			}
			return true
		})
		_ = newFault("m", v).Error()
	})
}

func TestTryton_UntrustedCertificate(t *testing.T) {
	sourcetest.Untrusted(t, "deals", func(url string) source.Source {
		return open(t, &fake{Server: &httptest.Server{URL: url}, password: "canary-5Quince"})
	})
}
