package record

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"flightdeck/store"
	"flightdeck/store/source"
)

var shanghai = time.FixedZone("CST", 8*3600)

func decoder() *Decoder {
	return &Decoder{
		Source: "crm", Stream: "deals", Location: shanghai, Currency: "CNY",
		Stages: map[string]store.ID{"Prospecting": "lead", "Closed Won": "won"},
		Values: map[string]map[string]string{"channel": {"CALL_OUT": "call"}},
	}
}

func TestDecode_Deal(t *testing.T) {
	var p source.Page
	decoder().Decode("deal", map[string]any{
		"id": json.Number("42"), "name": "华东 \x1b[31mred\x07", "account": "A1", "owner": 7, "product": nil, "stage": "closed won", "category": "Best Case",
		"amount": json.Number("12345678901234567.89"), "created": "2026-03-31T23:30:00Z", "close": "2026/4/5", "modified": json.Number("1775000000123"),
		"extra": map[string]any{"campaign": "spring", "empty": ""}, "lead": false,
	}, "42", &p)
	want := store.Deal{
		ID: "crm:42", Name: "华东 [31mred", Account: "crm:A1", Owner: "crm:7", Stage: "won", Category: store.CategoryBestCase,
		Amount:  store.Money{Minor: 1234567890123456789, Currency: "CNY"},
		Created: store.Date(2026, 4, 1), // 23:30 UTC is the next morning in Shanghai
		Close:   store.Date(2026, 4, 5), Modified: time.UnixMilli(1775000000123), Extra: map[string]string{"campaign": "spring"},
	}
	if len(p.Issues) != 0 {
		t.Fatalf("issues: %+v", p.Issues)
	}
	if len(p.Deals) != 1 || !reflect.DeepEqual(p.Deals[0], want) {
		t.Errorf("got  %+v\nwant %+v", p.Deals, want)
	}
}

func TestDecode_Issues(t *testing.T) {
	tests := []struct {
		name, entity string
		row          map[string]any
		field        string
		problem      string
		dropped      bool
		records      int
	}{
		{"date in 2999", "deal", map[string]any{"id": "1", "close": "2999-01-01"}, "close", "1900 to 2099", false, 1},
		{"date in words", "deal", map[string]any{"id": "1", "created": "next week"}, "created", "want a date", false, 1},
		{"swappable date", "deal", map[string]any{"id": "1", "created": "03/04/2026"}, "created", "want a date", false, 1},
		{"thousands separator", "deal", map[string]any{"id": "1", "amount": "1,234.50"}, "amount", "without thousands", false, 1},
		{"too large", "deal", map[string]any{"id": "1", "amount": "99999999999999999.99"}, "amount", "too large", false, 1},
		{"huge exponent", "deal", map[string]any{"id": "1", "amount": json.Number("1e999999999")}, "amount", "decimal", false, 1},
		{"currency in words", "deal", map[string]any{"id": "1", "amount": "5", "currency": "yuan"}, "currency", "ISO 4217", false, 1},
		{"unknown stage", "deal", map[string]any{"id": "1", "stage": "Limbo"}, "stage", "Closed Won, Prospecting", false, 1},
		{"unknown category", "deal", map[string]any{"id": "1", "category": "maybe"}, "category", "best_case", false, 1},
		{"object for a name", "deal", map[string]any{"id": "1", "name": map[string]any{"a": 1}}, "name", "single value", false, 1},
		{"unknown field", "deal", map[string]any{"id": "1", "titel": "x"}, "titel", "next_step", false, 1},
		{"no id", "deal", map[string]any{"name": "x"}, "id", "without id", true, 0},
		{"id of control characters", "deal", map[string]any{"id": "\x1b\x00"}, "id", "without id", true, 0},
		{"touch far away", "touch", map[string]any{"id": "1", "at": "2026-01-01", "lat": "91"}, "lat", "degrees", false, 1},
		{"touch NaN", "touch", map[string]any{"id": "1", "at": "2026-01-01", "lat": "NaN"}, "lat", "degrees", false, 1},
		{"touch without a time", "touch", map[string]any{"id": "1"}, "at", "left out", true, 0},
		{"health that is no number", "health", map[string]any{"account": "1", "day": "2026-01-01", "score": "good"}, "score", "0 to 100", false, 0},
		{"quota that ends before it begins", "quota", map[string]any{"node": "1", "from": "2026-02-01", "to": "2026-01-01", "amount": "1"}, "to", "left out",
			true, 0},
		{"unknown entity", "cat", map[string]any{"id": "1"}, "entity", "account, change", true, 0},
		{"status is not a source's", "status", map[string]any{"id": "1"}, "entity", "account, change", true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p source.Page
			decoder().Decode(tt.entity, tt.row, "row 9", &p)
			if p.Len() != tt.records {
				t.Errorf("records: got %d, want %d", p.Len(), tt.records)
			}
			if len(p.Issues) == 0 {
				t.Fatal("no issue")
			}
			i := p.Issues[0]
			if i.Field != tt.field || !strings.Contains(i.Problem, tt.problem) || i.Dropped != tt.dropped || i.Where != "row 9" || i.Source != "crm" {
				t.Errorf("issue: %+v", i)
			}
		})
	}
}

func TestDecode_UnknownStageKeepsRawValue(t *testing.T) {
	var p source.Page
	decoder().Decode("deal", map[string]any{"id": "1", "stage": "Limbo\x1b"}, "1", &p)
	if p.Deals[0].Stage != "" || p.Deals[0].Extra["stage"] != "Limbo" {
		t.Errorf("got %+v", p.Deals[0])
	}
}

func TestDecode_RepeatedIssueIsFolded(t *testing.T) {
	var p source.Page
	for range 500 {
		decoder().Decode("deal", map[string]any{"id": "1", "close": "soon"}, "1", &p)
	}
	if len(p.Issues) != 1 || p.Issues[0].Repeated != 499 || len(p.Deals) != 500 {
		t.Errorf("%d issues, first repeated %d, %d deals", len(p.Issues), p.Issues[0].Repeated, len(p.Deals))
	}
}

func TestDecode_Change(t *testing.T) {
	for _, tt := range []struct{ field, from, to, wantFrom, wantTo string }{
		{"stage", "Prospecting", "Closed Won", "lead", "won"},
		{"stage", "Limbo", "won", "", "won"},
		{"amount", "1", "2.5", "1.00 CNY", "2.50 CNY"},
		{"close", "2026-01-01T20:00:00Z", "2026/1/3", "2026-01-02", "2026-01-03"},
		{"owner", "7", "8", "crm:7", "crm:8"},
		{"category", "Pipeline", "commit", "pipeline", "commit"},
	} {
		var p source.Page
		decoder().Decode("change", map[string]any{"deal": "1", "field": tt.field, "from": tt.from, "to": tt.to, "at": "2026-02-01", "by": "9"}, "1", &p)
		if len(p.Changes) != 1 {
			t.Fatalf("%s: %d changes, %+v", tt.field, len(p.Changes), p.Issues)
		}
		c := p.Changes[0]
		if c.From != tt.wantFrom || c.To != tt.wantTo || !c.DayOnly || c.By != "crm:9" || !c.At.Equal(store.Date(2026, 2, 1).Time(shanghai)) {
			t.Errorf("%s: %+v", tt.field, c)
		}
	}
	var p source.Page
	decoder().Decode("change", map[string]any{"deal": "1", "field": "stage", "to": "Limbo", "at": "2026-02-01"}, "1", &p)
	if len(p.Changes) != 0 || len(p.Issues) != 2 {
		t.Errorf("an unknown target stage: %+v, %+v", p.Changes, p.Issues)
	}
}

// Every documented field of every entity reaches its noun: with all fields given, no field of the noun stays zero.
func TestDecode_EveryFieldArrives(t *testing.T) {
	sample := map[string]any{
		"id": "1", "order": 3, "probability": 40, "influence": 50, "staff": 9, "minutes": 30, "score": 77, "lat": 31.2, "lng": 121.4, "quantity": "1.5",
		"inactive": true, "day_only": true, "created": "2026-01-02", "close": "2026-01-03", "modified": "2026-01-04T01:02:03Z", "at": "2026-01-04",
		"seen": "2026-01-05", "logged": "2026-01-06", "day": "2026-01-07", "amount": "5", "price": "6", "revenue": "7", "cost": "8", "currency": "usd",
		"category": "commit", "channel": "CALL_OUT", "sentiment": "positive", "field": "owner", "extra": map[string]any{"k": "v"},
	}
	for _, entity := range Entities() {
		row := map[string]any{}
		for _, f := range Fields(entity) {
			if row[f] = sample[f]; row[f] == nil {
				row[f] = "x"
			}
		}
		switch entity {
		case "unit":
			row["kind"] = "team"
		case "deal":
			row["stage"] = "won"
		case "stage":
			row["kind"] = "won"
		case "quota":
			row["from"], row["to"] = "2026-01-01", "2026-03-31"
		case "tender":
			row["kind"], row["due"] = "award", "2026-03-31"
		case "reading":
			row["extra"] = map[string]any{"logins": "12.5", "seats": "many"}
		}
		if err := Check(entity, Fields(entity)...); err != nil {
			t.Error(err)
		}
		var p source.Page
		decoder().Decode(entity, row, "1", &p)
		if entity == "reading" && len(p.Issues) == 1 && p.Issues[0].Field == "extra.seats" {
			p.Issues = nil
		}
		if len(p.Issues) != 0 || p.Len() != 1 {
			t.Errorf("%s: %d records, %+v", entity, p.Len(), p.Issues)
			continue
		}
		records := reflect.ValueOf(p.Records)
		for i := range records.NumField() {
			if s := records.Field(i); s.Kind() == reflect.Slice && s.Len() == 1 {
				for j := range s.Index(0).NumField() {
					f := s.Index(0).Type().Field(j).Name
					if s.Index(0).Field(j).IsZero() {
						t.Errorf("%s: field %s did not arrive", entity, f)
					}
				}
			}
		}
	}
}

// The yuan has names that ISO 4217 does not know, and many a system writes no other; a sign that several currencies share means the source's own, or is asked about.
func TestDecode_NamesOfCurrencies(t *testing.T) {
	for _, tt := range []struct {
		name, own, want store.Currency
	}{
		{"RMB", "", "CNY"}, {"rmb", "", "CNY"}, {"人民币", "", "CNY"}, {"人民币元", "USD", "CNY"}, {"元", "USD", "CNY"}, {"CNY", "USD", "CNY"}, {"usd", "CNY", "USD"}, {"US$", "CNY", "USD"},
		{"美元", "CNY", "USD"}, {"¥", "CNY", "CNY"}, {"￥", "JPY", "JPY"}, {"$", "HKD", "HKD"}, {"¥", "", ""}, {"$", "CNY", ""}, {"块", "CNY", ""}, {"YUAN", "CNY", ""},
	} {
		var p source.Page
		d := Decoder{Source: "crm", Stream: "deals", Currency: tt.own}
		d.Decode("deal", map[string]any{"id": "1", "amount": "5", "currency": string(tt.name)}, "1", &p)
		if len(p.Deals) != 1 || p.Deals[0].Amount.Currency != tt.want || len(p.Issues) != btoi(tt.want == "") {
			t.Errorf("%s where %q is usual: %+v %+v", tt.name, tt.own, p.Deals, p.Issues)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// An amount may say itself what it is in, before or behind; where that is not what its row says, it is left out: it is never taken for the other currency.
func TestDecode_AmountWithItsCurrency(t *testing.T) {
	for _, tt := range []struct{ amount, currency, own, want string }{
		{"¥1234.5", "", "CNY", "1234.50 CNY"}, {"￥ 123456789012345678.89", "", "CNY", ""}, {"￥ 12345678901234.89", "", "CNY", "12345678901234.89 CNY"}, {"1234.5元", "", "CNY", "1234.50 CNY"},
		{"-¥5", "", "CNY", "-5.00 CNY"}, {"¥-5", "", "CNY", "-5.00 CNY"}, {"人民币5元", "", "CNY", "5.00 CNY"}, {"5 RMB", "", "CNY", "5.00 CNY"}, {"CNY 5", "", "CNY", "5.00 CNY"},
		{"¥500", "", "JPY", "500 JPY"}, {"$5", "", "HKD", "5.00 HKD"}, {"$5", "USD", "CNY", "5.00 USD"}, {"5美元", "", "", "5.00 USD"}, {"元5", "", "", "5.00 CNY"},
		{"$5", "", "CNY", ""}, {"5元", "USD", "CNY", ""}, {"¥5", "", "", ""}, {"$5元", "", "CNY", ""}, {"5 kgs", "", "CNY", ""}, {"¥1,234", "", "CNY", ""}, {"¥", "", "CNY", ""}, {"元", "", "CNY", ""},
	} {
		var p source.Page
		d := Decoder{Source: "crm", Stream: "deals", Currency: store.Currency(tt.own)}
		d.Decode("deal", map[string]any{"id": "1", "amount": tt.amount, "currency": tt.currency}, "1", &p)
		if len(p.Deals) != 1 || p.Deals[0].Amount.String() != tt.want || len(p.Issues) != btoi(tt.want == "") {
			t.Errorf("%q in a row of %q of a source of %q: %+v %+v", tt.amount, tt.currency, tt.own, p.Deals, p.Issues)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		entity string
		fields []string
		want   string
	}{
		{"deal", []string{"id", "titel"}, `no field "titel": want one of id, name, account`},
		{"deal", []string{"name"}, `needs the field "id"`},
		{"deel", []string{"id"}, "want one of account, change"},
	} {
		if err := Check(tt.entity, tt.fields...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: %v", tt.entity, tt.fields, err)
		}
	}
}

func TestParseTime(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		dayOnly  bool
	}{
		{"2026-03-01", "2026-03-01T00:00:00+08:00", true},
		{"2026/3/1", "2026-03-01T00:00:00+08:00", true},
		{"20260301", "2026-03-01T00:00:00+08:00", true},
		{"2026-03-01 09:30:00", "2026-03-01T09:30:00+08:00", false},
		{"2026-03-01 09:30", "2026-03-01T09:30:00+08:00", false},
		{"2026-03-01T09:30:00.123456", "2026-03-01T09:30:00.123456+08:00", false},
		{"2026-03-01T09:30:00.5Z", "2026-03-01T17:30:00.5+08:00", false},
		{"2026-03-01T09:30:00+0000", "2026-03-01T17:30:00+08:00", false},
		{"2026-03-01 09:30:00 -0500", "2026-03-01T22:30:00+08:00", false},
		{"1772357400", "2026-03-01T17:30:00+08:00", false},
		{"1772357400000", "2026-03-01T17:30:00+08:00", false},
		{"02.01.2026", "2026-01-02T00:00:00+08:00", true},
	} {
		got, dayOnly, err := ParseTime(tt.in, shanghai, "02.01.2006")
		if err != nil || got.In(shanghai).Format(time.RFC3339Nano) != tt.want || dayOnly != tt.dayOnly {
			t.Errorf("%s: got %v %v %v, want %s %v", tt.in, got.In(shanghai), dayOnly, err, tt.want, tt.dayOnly)
		}
	}
	for _, bad := range []string{"", "0", "45000", "-1", "2026-13-01", "2026-02-30", "0001-01-01T00:00:00Z", "20261350", "NaN", "Inf", "99999999999999999999"} {
		if got, _, err := ParseTime(bad, shanghai); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

func TestRef(t *testing.T) {
	if r, err := decoder().Ref("deal", json.Number("7")); err != nil || r != (store.Ref{Entity: store.EntityDeal, ID: "crm:7"}) {
		t.Errorf("got %v, %v", r, err)
	}
	for _, bad := range []string{"stage", "status", "cat"} {
		if _, err := decoder().Ref(bad, "1"); err == nil {
			t.Errorf("a source may not delete a %s", bad)
		}
	}
	if _, err := decoder().Ref("deal", nil); err == nil {
		t.Error("a tombstone without id was accepted")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("deal", `{"id":1,"amount":"1e5","close":"2026-01-01","extra":{"a":[1]},"stage":"Limbo"}`)
	f.Add("touch", `{"id":"\u001b[2J","at":1775000000,"lat":"1e400","minutes":1e9,"note":"\u202e"}`)
	f.Add("sale", `{"id":"1","day":"99999999","quantity":"1e30","cost":"-0.005"}`)
	f.Fuzz(func(t *testing.T, entity, row string) {
		dec := json.NewDecoder(strings.NewReader(row))
		dec.UseNumber()
		var fields map[string]any
		if dec.Decode(&fields) != nil {
			return
		}
		var p source.Page
		decoder().Decode(entity, fields, row, &p)
		if p.Len() == 0 && len(p.Issues) == 0 {
			t.Error("a row vanished without an issue")
		}
		p.Refs(func(r store.Ref) bool {
			if strings.ContainsFunc(string(r.ID), unicode.IsControl) {
				t.Errorf("control character in %q", r.ID)
			}
			return true
		})
		for _, i := range p.Issues {
			if strings.ContainsFunc(i.Where+i.Field+i.Value+i.Problem, unicode.IsControl) {
				t.Errorf("control character in %+v", i)
			}
		}
	})
}

func BenchmarkDecode_Touch(b *testing.B) {
	row := map[string]any{
		"id": json.Number("42"), "account": "A1", "rep": "7", "at": "2026-03-31T23:30:00Z", "logged": "2026-03-31T23:50:00Z", "minutes": json.Number("30"),
		"channel": "visit", "sentiment": "positive", "topic": "价格", "note": "客户要求下周再谈", "area": "上海市/浦东新区",
		"lat": json.Number("31.2"), "lng": json.Number("121.4"),
	}
	d := decoder()
	for b.Loop() {
		var p source.Page
		d.Decode("touch", row, "42", &p)
	}
}

// Where the source tells its stages itself, the table renames some and the others stay.
func TestDecode_OpenStages(t *testing.T) {
	d := decoder()
	d.OpenStages = true
	var p source.Page
	d.Decode("deal", map[string]any{"id": "1", "stage": "Closed Won"}, "1", &p)
	d.Decode("deal", map[string]any{"id": "2", "stage": "Limbo"}, "2", &p)
	if len(p.Issues) != 0 || p.Deals[0].Stage != "won" || p.Deals[1].Stage != "Limbo" {
		t.Errorf("%+v, issues %+v", p.Deals, p.Issues)
	}
}
