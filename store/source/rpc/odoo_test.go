package rpc

import (
	"encoding/json"
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

	"github.com/goccy/go-yaml"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
)

func odooPreset(t testing.TB) OdooConfig {
	t.Helper()
	b, err := Preset("odoo")
	if err != nil {
		t.Fatal(err)
	}
	var all []OdooConfig
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil || len(all) != 1 {
		t.Fatalf("%d sections, %v", len(all), err)
	}
	return all[0]
}

func openOdoo(t testing.TB, f *odooFake, change ...func(*OdooConfig)) *Odoo {
	t.Helper()
	t.Setenv("ODOO_API_KEY", f.key)
	cfg := odooPreset(t)
	cfg.URL, cfg.Login = f.URL, "sync"
	for _, c := range change {
		c(&cfg)
	}
	o, err := NewOdoo(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// pullOdoo reads a pass to its end.
func pullOdoo(t *testing.T, o *Odoo, st store.Stream, from store.Cursor, now time.Time) (all source.Page) {
	t.Helper()
	all.Next = from
	for range 1000 {
		p, err := o.Fetch(t.Context(), source.Request{Stream: st, Cursor: all.Next, Now: now, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		all.Append(&p.Records)
		all.Deleted = append(all.Deleted, p.Deleted...)
		all.Next, all.Track, all.Full = p.Next, p.Track, p.Full
		if !p.More {
			return all
		}
	}
	t.Fatal("the pass never ends")
	return all
}

// versions are one of each interface and each form of the tracking.
var versions = []int{16, 18, 19}

func TestOdoo_Contract(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				Stream: "deals", Entity: store.EntityDeal, PageSize: 10, Secret: "canary-7Medlar",
				Faults: []sourcetest.Kind{sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden,
					sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile, sourcetest.FarDate, sourcetest.Ties},
				Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
					f := newOdooFake(t, version)
					f.tie = rows == sourcetest.Ties
					w := sourcetest.World{Source: openOdoo(t, f), Reopen: func() source.Source { return openOdoo(t, f) }}
					next := 0
					w.Add = func(n int) (ids []store.ID) {
						for range n {
							next++
							r := lead(next)
							switch {
							case rows == sourcetest.Hostile:
								r["name"] = "\x1b[31m\u202ered\u200b\x00 line\nbreak"
								r["contact_name"] = "\x9b2J\u2066"
							case rows == sourcetest.FarDate && next == 5:
								r["date_deadline"] = "2999-01-01"
								r["at"] = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
							}
							f.put("crm.lead", r)
							ids = append(ids, store.MakeID("odoo", strconv.Itoa(next)))
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
		})
	}
}

func TestOdoo_Records(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			f := newOdooFake(t, version)
			r := lead(42)
			r["expected_revenue"], r["partner_id"], r["x_studio_channel"], r["x_renewal"] = json.Number("1234567890.12"), pairOf(4, "华东电力, 周工"), pairOf(3, "展会"), true
			r["source_id"], r["activity_summary"], r["team_id"] = pairOf(1, "官网"), "报价", pairOf(5, "华东组")
			f.put("crm.lead", r)
			at := f.clock
			f.put("product.product", row{"id": 11, "name": "控制器", "categ_id": pairOf(2, "硬件"), "lst_price": json.Number("99.9"), "currency_id": pairOf(6, "CNY")})
			f.put("sale.order", row{"id": 20, "date_order": time.Date(2026, 5, 31, 17, 0, 0, 0, time.UTC)})
			line := row{"id": 21, "order_id": pairOf(20, "S00020"), "product_id": pairOf(11, "控制器"), "salesman_id": pairOf(8, "李敏"), "order_partner_id": pairOf(4, "周工"),
				"product_uom_qty": json.Number("2.5"), "price_subtotal": json.Number("249.75"), "purchase_price": json.Number("40.1"), "currency_id": pairOf(6, "CNY"), "state": "sale"}
			f.put("sale.order.line", line, row{"id": 22, "order_id": pairOf(20, "S00020"), "state": "draft"}, row{"id": 23, "display_type": "line_section", "state": "sale"})
			o := openOdoo(t, f)
			var all store.Records
			for _, st := range o.Streams() {
				p := pullOdoo(t, o, st, "", f.clock)
				all.Append(&p.Records)
			}
			if len(all.Issues) > 0 {
				t.Errorf("issues %+v", all.Issues)
			}
			deal := store.Deal{ID: "odoo:42", Name: "扩容项目 0042", Account: "odoo:3", Owner: "odoo:8", Stage: "qualified", Amount: store.Money{Minor: 123456789012, Currency: "CNY"},
				Created: store.Date(2026, 6, 1), Close: store.Date(2026, 12, 31), Modified: at.Truncate(time.Second), Lead: "官网", NextStep: "报价",
				URL: f.URL + "/web#id=42&model=crm.lead&view_type=form", Extra: map[string]string{"stage": "Qualified", "probability": "25.0", "team": "华东组",
					"contact": "华东电力, 周工", "x_studio_channel": "展会", "x_renewal": "true"}}
			if !reflect.DeepEqual(all.Deals, []store.Deal{deal}) {
				t.Errorf("deals\n%+v\nwant\n%+v", all.Deals, deal)
			}
			if want := []store.Unit{{ID: "odoo:team-5", Name: "华东组", Kind: store.UnitTeam, Manager: "odoo:7"}}; !reflect.DeepEqual(all.Units, want) {
				t.Errorf("units %+v: of one company there is none, since it is the organisation", all.Units)
			}
			if want := []store.Person{{ID: "odoo:7", Name: "王强", Email: "wang@crm.test"}, {ID: "odoo:8", Unit: "odoo:team-5", Name: "李敏", Email: "li@crm.test", Phone: "13800000007", Title: "销售"}}; !reflect.DeepEqual(
				all.People, want) {
				t.Errorf("people %+v: want no robot and no portal user", all.People)
			}
			var names []string
			for _, a := range all.Accounts {
				names = append(names, a.Name)
			}
			if !slices.Equal(names, []string{"华东电力", "独立客户"}) || all.Accounts[0].City != "上海" || all.Accounts[0].Owner != "odoo:8" || all.Accounts[0].Extra["x_level"] != "A" {
				t.Errorf("accounts %+v: want the customer and who stands alone, not our company nor our people", all.Accounts)
			}
			if want := []store.Contact{{ID: "odoo:4", Account: "odoo:3", Name: "周工", Role: "采购", Email: "zhou@crm.test"}}; !reflect.DeepEqual(all.Contacts, want) {
				t.Errorf("contacts %+v", all.Contacts)
			}
			if want := []store.Product{{ID: "odoo:11", Name: "控制器", Category: "硬件", Price: store.Money{Minor: 9990, Currency: "CNY"}}}; !reflect.DeepEqual(all.Products, want) {
				t.Errorf("products %+v", all.Products)
			}
			sale := store.Sale{ID: "odoo:21", Account: "odoo:3", Product: "odoo:11", Rep: "odoo:8", Day: store.Date(2026, 6, 1), // 17:00 UTC is the next day in Shanghai
				Quantity: 2500, Amount: store.Money{Minor: 24975, Currency: "CNY"}, Cost: store.Money{Minor: 10025, Currency: "CNY"}}
			if !reflect.DeepEqual(all.Sales, []store.Sale{sale}) {
				t.Errorf("sales\n%+v\nwant\n%+v", all.Sales, sale)
			}
		})
	}
}

// TestOdoo_FatesAreKeptApart: lost is a stage, archived is out of every pipeline, deleted is missing from the list.
func TestOdoo_FatesAreKeptApart(t *testing.T) {
	f := newOdooFake(t, 18)
	for id := 1; id <= 5; id++ {
		f.put("crm.lead", lead(id))
	}
	o := openOdoo(t, f)
	first := pullOdoo(t, o, "deals", "", f.clock)
	f.clock = f.clock.Add(time.Hour)
	closed := f.clock
	f.put("crm.lead", row{"id": 1, "active": false, "probability": json.Number("0.0"), "lost_reason_id": pairOf(2, "太贵"), "date_closed": closed})
	f.put("crm.lead", row{"id": 2, "active": false})
	f.put("crm.lead", row{"id": 3, "stage_id": pairOf(4, "Won"), "probability": json.Number("100.0"), "date_closed": closed})
	f.remove("crm.lead", 4)
	p := pullOdoo(t, o, "deals", first.Next, f.clock)
	by := map[store.ID]store.Deal{}
	for _, d := range p.Deals {
		by[d.ID] = d
	}
	if d := by["odoo:1"]; d.Stage != "lost" || d.Extra["lost_reason"] != "太贵" || d.Extra["state"] != "lost" || d.Close != store.Date(2026, 6, 1) {
		t.Errorf("lost: %+v", d)
	}
	if d := by["odoo:3"]; d.Stage != "won" || d.Close != store.Date(2026, 6, 1) {
		t.Errorf("won: %+v", d)
	}
	if _, there := by["odoo:2"]; there || !slices.Equal(p.Deleted, []store.Ref{{Entity: store.EntityDeal, ID: "odoo:2"}}) {
		t.Errorf("archived: deals %v, deleted %v", by["odoo:2"], p.Deleted)
	}
	refs, next, err := o.List(t.Context(), "deals", "")
	if err != nil || next != "" || fmt.Sprint(refs) != "[{deal odoo:1} {deal odoo:2} {deal odoo:3} {deal odoo:5}]" {
		t.Errorf("listed %v %q %v: what is archived still exists", refs, next, err)
	}
	apart := openOdoo(t, f, func(c *OdooConfig) { c.Stages["archived"] = "parked" })
	if p := pullOdoo(t, apart, "deals", "", f.clock); p.Deals[1].Stage != "parked" || p.Deals[1].Extra["state"] != "archived" || len(p.Deleted) != 0 {
		t.Errorf("with a stage of its own: %+v", p.Deals[1])
	}
	f.put("crm.lead", row{"id": 2, "active": true})
	if p := pullOdoo(t, o, "deals", p.Next, f.clock); !slices.ContainsFunc(p.Deals, func(d store.Deal) bool { return d.ID == "odoo:2" && d.Stage == "qualified" }) {
		t.Error("taken out of the archive it did not come back")
	}
}

// TestOdoo_MergedCustomer: Odoo repoints what belonged to a merged customer in SQL, so that nothing on these rows tells that they changed.
func TestOdoo_MergedCustomer(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("res.partner", row{"id": 31, "name": "华东电力（重复）", "is_company": true}, row{"id": 32, "name": "王工", "parent_id": pairOf(31, "华东电力（重复）")})
	r := lead(1)
	r["partner_id"] = pairOf(31, "华东电力（重复）")
	f.put("crm.lead", r, lead(2))
	o := openOdoo(t, f)
	deals, contacts := pullOdoo(t, o, "deals", "", f.clock), pullOdoo(t, o, "contacts", "", f.clock)
	if deals.Deals[0].Account != "odoo:31" {
		t.Fatalf("before: %+v", deals.Deals)
	}
	f.clock = f.clock.Add(time.Hour)
	f.merge(31, 3)
	deals, contacts = pullOdoo(t, o, "deals", deals.Next, f.clock), pullOdoo(t, o, "contacts", contacts.Next, f.clock)
	if i := slices.IndexFunc(deals.Deals, func(d store.Deal) bool { return d.ID == "odoo:1" }); i < 0 || deals.Deals[i].Account != "odoo:3" {
		t.Errorf("the deal still hangs on the customer that is no more: %+v", deals.Deals)
	}
	if i := slices.IndexFunc(contacts.Contacts, func(c store.Contact) bool { return c.ID == "odoo:32" }); i < 0 || contacts.Contacts[i].Account != "odoo:3" {
		t.Errorf("the contact too: %+v", contacts.Contacts)
	}
	refs, _, err := o.List(t.Context(), "accounts", "")
	if err != nil || slices.Contains(refs, store.Ref{Entity: store.EntityAccount, ID: "odoo:31"}) {
		t.Errorf("%v %v", refs, err)
	}
}

// track writes a tracked change as Odoo does: a message in the opportunity's thread with a value.
func (f *odooFake) track(at time.Time, id, message, of int, field string, values row, subject string) {
	f.put("mail.message", row{"id": message, "model": "crm.lead", "res_id": of, "date": at, "create_uid": pairOf(8, "李敏"), "message_type": "notification",
		"subject": subject, "subtype_id": pairOf(1, "Discussions")})
	v := row{"id": id, "mail_message_id": pairOf(message, "x")}
	n := slices.Index([]string{"stage_id", "active", "expected_revenue", "user_id", "date_deadline"}, field)
	if f.version < 17 {
		v["field"] = pairOf(101+n, field)
	} else {
		v["field_id"] = pairOf(101+n, field)
	}
	for k, x := range values {
		if f.version < 17 {
			k = strings.Replace(k, "value_float", "value_monetary", 1)
		}
		v[k] = x
	}
	f.put("mail.tracking.value", v)
	f.put("crm.lead", row{"id": of})
}

func TestOdoo_History(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			f := newOdooFake(t, version)
			f.put("crm.lead", lead(1), lead(2))
			began := f.clock.Add(-300 * time.Millisecond).Truncate(time.Second)
			step := func() time.Time { f.clock = f.clock.Add(time.Hour); return f.clock.Truncate(time.Second) }
			t1 := step()
			f.put("crm.lead", row{"id": 1, "stage_id": pairOf(3, "Proposition"), "expected_revenue": json.Number("20.5")})
			f.track(t1, 501, 51, 1, "stage_id", row{"old_value_integer": 2, "new_value_integer": 3}, "")
			f.track(t1, 502, 51, 1, "expected_revenue", row{"old_value_float": json.Number("10.0"), "new_value_float": json.Number("20.5")}, "")
			t2 := step()
			f.put("crm.lead", row{"id": 1, "user_id": pairOf(7, "王强")})
			f.track(t2, 503, 52, 1, "user_id", row{"old_value_integer": 8, "new_value_integer": 7}, "")
			t3 := step()
			f.put("crm.lead", row{"id": 1, "active": false, "probability": json.Number("0.0")})
			f.track(t3, 504, 53, 1, "active", row{"old_value_integer": 1, "new_value_integer": 0}, "")
			f.track(t3, 505, 54, 1, "stage_id", row{"old_value_integer": 1, "new_value_integer": 2}, "From 另一个商机: ") // of one that was merged into it
			t4 := step()
			f.put("crm.lead", row{"id": 2, "stage_id": pairOf(3, "Proposition"), "date_last_stage_update": t4}) // past the tracking, as an import does
			o := openOdoo(t, f)
			p := pullOdoo(t, o, "changes", "", f.clock)
			want := []store.Change{
				{ID: "odoo:1|first", Deal: "odoo:1", Field: store.FieldStage, To: "qualified", At: began},
				{ID: "odoo:1|501", Deal: "odoo:1", Field: store.FieldStage, From: "qualified", To: "proposal", At: t1, By: "odoo:8"},
				{ID: "odoo:1|502", Deal: "odoo:1", Field: store.FieldAmount, From: "10.00 CNY", To: "20.50 CNY", At: t1, By: "odoo:8"},
				{ID: "odoo:1|503", Deal: "odoo:1", Field: store.FieldOwner, From: "odoo:8", To: "odoo:7", At: t2, By: "odoo:8"},
				{ID: "odoo:1|504", Deal: "odoo:1", Field: store.FieldStage, From: "proposal", To: "lost", At: t3, By: "odoo:8"},
				{ID: "odoo:2|first", Deal: "odoo:2", Field: store.FieldStage, To: "proposal", At: began},
			}
			for i := range p.Changes {
				p.Changes[i].At = p.Changes[i].At.UTC()
			}
			if !slices.Equal(p.Changes, want) || len(p.Issues) > 0 {
				t.Errorf("changes\n%+v\nwant\n%+v\nissues %+v", p.Changes, want, p.Issues)
			}
			if p := pullOdoo(t, o, "deals", "", f.clock); p.Track != store.FieldsOf(store.FieldCategory, store.FieldClose) {
				t.Errorf("the store keeps %b: want what Odoo does not track", p.Track)
			}
			f.denied["mail.tracking.value"] = true // as for everybody without the right Settings
			o = openOdoo(t, f)
			if p := pullOdoo(t, o, "deals", "", f.clock); !p.Track.Has(store.FieldStage) || !p.Track.Has(store.FieldAmount) || len(p.Deals) != 2 {
				t.Errorf("without the right to it the store keeps %b of %d deals", p.Track, len(p.Deals))
			}
			if p := pullOdoo(t, o, "changes", "", f.clock); p.Len() != 0 {
				t.Errorf("history out of nothing: %+v", p.Changes)
			}
		})
	}
}

func TestOdoo_Touches(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("crm.lead", lead(1))
	at := f.clock
	message := func(id int, kind string, more row) {
		m := row{"id": id, "model": "crm.lead", "res_id": 1, "date": at, "message_type": kind, "subtype_id": pairOf(1, "x"), "create_uid": pairOf(8, "李敏"), "preview": "很好 & 快"}
		for k, v := range more {
			m[k] = v
		}
		f.put("mail.message", m)
	}
	message(1, "email", row{"subject": "询价"})
	message(2, "comment", nil)
	message(3, "comment", row{"subtype_id": pairOf(2, "Note")})
	message(4, "notification", nil)
	message(5, "notification", row{"mail_activity_type_id": pairOf(2, "Call"), "subtype_id": pairOf(2, "Activities")})
	message(6, "notification", row{"mail_activity_type_id": pairOf(3, "Meeting")})
	message(7, "notification", row{"mail_activity_type_id": pairOf(4, "To-Do")})
	message(8, "comment", row{"model": "res.partner", "res_id": 4})
	message(9, "comment", row{"model": "project.task", "res_id": 4})
	event := func(id int, start time.Time) {
		f.put("calendar.event", row{"id": id, "name": "演示", "start": start, "duration": json.Number("1.5"), "user_id": pairOf(8, "李敏"), "res_model": "crm.lead", "res_id": 1,
			"opportunity_id": pairOf(1, "x")})
	}
	event(1, at.Add(-time.Hour))
	event(2, at.Add(3*time.Hour))
	o := openOdoo(t, f)
	p := pullOdoo(t, o, "touches", "", f.clock)
	got := map[store.ID]store.Touch{}
	var ids []string
	for _, v := range p.Touches {
		got[v.ID] = v
		ids = append(ids, v.ID.Native())
	}
	if !slices.Equal(ids, []string{"mail-1", "mail-2", "mail-5", "mail-8", "event-1"}) || len(p.Issues) > 0 {
		t.Errorf("touches %v, issues %+v", ids, p.Issues)
	}
	if v := got["odoo:mail-1"]; v.Account != "odoo:3" || v.Deal != "odoo:1" || v.Rep != "" || v.Channel != store.ChannelEmail || v.Topic != "询价" || v.Note != "很好 & 快" {
		t.Errorf("mail %+v", v)
	}
	if v := got["odoo:mail-5"]; v.Channel != store.ChannelCall || v.Rep != "odoo:8" || v.Topic != "Call" {
		t.Errorf("call %+v", v)
	}
	if v := got["odoo:mail-8"]; v.Account != "odoo:3" || v.Contact != "odoo:4" || v.Deal != "" {
		t.Errorf("to a contact %+v", v)
	}
	if v := got["odoo:event-1"]; v.Channel != store.ChannelMeeting || v.Minutes != 90 || !v.At.Equal(at.Add(-time.Hour).Truncate(time.Second)) {
		t.Errorf("meeting %+v", v)
	}
	f.clock = f.clock.Add(time.Hour)
	p = pullOdoo(t, o, "touches", p.Next, f.clock)
	f.clock = f.clock.Add(3 * time.Hour) // nobody wrote anything, but the second meeting's time has come
	p = pullOdoo(t, o, "touches", p.Next, f.clock)
	if len(p.Touches) != 1 || p.Touches[0].ID != "odoo:event-2" {
		t.Errorf("later %+v", p.Touches)
	}
	f.put("calendar.event", row{"id": 2, "start": f.clock.Add(time.Hour)}) // it was put off after all
	p = pullOdoo(t, o, "touches", p.Next, f.clock)
	if !slices.Contains(p.Deleted, store.Ref{Entity: store.EntityTouch, ID: "odoo:event-2"}) {
		t.Errorf("put off: %+v, deleted %v", p.Touches, p.Deleted)
	}
}

// TestOdoo_MessagesThatMayNotBeRead: Odoo counts off a page of messages and then takes those away that the user may not read, so that a page may be short
// or empty in the middle.
func TestOdoo_MessagesThatMayNotBeRead(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("crm.lead", lead(1))
	for id := 1; id <= 60; id++ {
		f.put("mail.message", row{"id": id, "model": "crm.lead", "res_id": 1, "date": f.clock, "message_type": "email", "subtype_id": pairOf(1, "x")})
		f.hidden[id] = id > 12 && id <= 45 || id == 60
	}
	o := openOdoo(t, f)
	if p := pullOdoo(t, o, "touches", "", f.clock); len(p.Touches) != 26 {
		t.Errorf("%d touches, want 26", len(p.Touches))
	}
	n := 0
	for c := store.Cursor(""); ; {
		refs, next, err := o.List(t.Context(), "touches", c)
		if err != nil {
			t.Fatal(err)
		}
		n += len(refs)
		if c = next; c == "" {
			break
		}
	}
	if n != 26 {
		t.Errorf("%d listed, want 26", n)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"<p>很好 &amp; 快</p>\n<style>p {color: red}</style><br/>明天<b>见</b>": "很好 & 快 明天 见", "a < b": "a < b", "<": "<", "": ""} {
		if got := text(in); got != want {
			t.Errorf("%q says %q, want %q", in, got, want)
		}
	}
}

func TestOdoo_LateCommitIsReadByTheOverlap(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("crm.lead", lead(1), lead(2))
	o := openOdoo(t, f)
	p := pullOdoo(t, o, "deals", "", f.clock)
	f.clock = f.clock.Add(10 * time.Minute)
	began := f.clock
	f.put("crm.lead", row{"id": 1, "expected_revenue": json.Number("2")}) // commits at once
	p = pullOdoo(t, o, "deals", p.Next, f.clock)
	f.models["crm.lead"][1]["expected_revenue"], f.models["crm.lead"][1]["write_date"] = json.Number("3"), began // began before it, commits now
	p = pullOdoo(t, o, "deals", p.Next, f.clock)
	if i := slices.IndexFunc(p.Deals, func(d store.Deal) bool { return d.ID == "odoo:2" }); i < 0 || p.Deals[i].Amount.Minor != 300 {
		t.Errorf("lost: %+v", p.Deals)
	}
	f.clock = f.clock.Add(time.Hour)
	p = pullOdoo(t, o, "deals", p.Next, f.clock)
	f.calls = nil
	if p = pullOdoo(t, o, "deals", p.Next, f.clock); p.Len() > 0 || len(f.calls) != 1 {
		t.Errorf("nothing changed, but %d deals came of %v", len(p.Deals), f.calls)
	}
}

func TestOdoo_ServerClock(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("crm.lead", lead(1))
	for name, skew := range map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute, "a year ahead": 365 * 24 * time.Hour, "none": 0} {
		f.noDate = name == "none"
		p := pullOdoo(t, openOdoo(t, f), "deals", "", f.clock.Add(-skew))
		var c odooCursor
		if err := json.Unmarshal([]byte(p.Next), &c); err != nil {
			t.Fatal(err)
		}
		off := time.Unix(c.Since, 0).Sub(f.clock)
		if len(p.Deals) != 1 || name != "a year ahead" && (off < -2*time.Second || off > 0) || off > 0 {
			t.Errorf("%s: %d deals, the watermark is off by %s", name, len(p.Deals), off)
		}
	}
	far := odooCursor{Since: f.clock.AddDate(1, 0, 0).Unix()}.String()
	if _, err := openOdoo(t, f).Fetch(t.Context(), source.Request{Stream: "deals", Cursor: far, Now: f.clock}); !errors.Is(err, source.ErrExpired) {
		t.Errorf("a watermark in the future: %v, want ErrExpired and a resync", err)
	}
}

func TestOdoo_OneModelLess(t *testing.T) {
	for _, version := range versions {
		f := newOdooFake(t, version)
		f.put("crm.lead", lead(1))
		delete(f.types, "sale.order.line") // the module Sales is not installed
		f.denied["product.product"] = true
		o := openOdoo(t, f)
		p := pullOdoo(t, o, "sales", "", f.clock)
		if len(p.Issues) != 1 || !strings.Contains(p.Issues[0].Problem, "no such model") || p.Full {
			t.Errorf("%d: %+v", version, p)
		}
		if again := pullOdoo(t, o, "sales", p.Next, f.clock); len(again.Issues) > 0 || again.Next != p.Next {
			t.Errorf("%d: said twice: %+v", version, again)
		}
		if _, _, err := o.List(t.Context(), "sales", ""); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%d: listing what is not there: %v; nothing may be removed for it", version, err)
		}
		if _, err := o.Fetch(t.Context(), source.Request{Stream: "products", Now: f.clock}); !errors.Is(err, source.ErrDenied) {
			t.Errorf("%d: %v", version, err)
		}
		if p := pullOdoo(t, o, "deals", "", f.clock); len(p.Deals) != 1 {
			t.Errorf("%d: the others do not go on", version)
		}
		if err := o.Check(t.Context()); !errors.Is(err, source.ErrDenied) || !strings.Contains(err.Error(), "products") || strings.Contains(err.Error(), "sales") {
			t.Errorf("%d: check says %v", version, err)
		}
		delete(f.types, "crm.lead")
		if _, err := openOdoo(t, f).Fetch(t.Context(), source.Request{Stream: "deals", Now: f.clock}); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "module CRM") {
			t.Errorf("%d: %v", version, err)
		}
	}
}

// TestOdoo_FieldsComeAndGo: a field that is removed or added while we run is no error, and a needed one that is missing is listed.
func TestOdoo_FieldsComeAndGo(t *testing.T) {
	f := newOdooFake(t, 18)
	f.put("crm.lead", lead(1))
	o := openOdoo(t, f)
	pullOdoo(t, o, "deals", "", f.clock)
	delete(f.types["crm.lead"], "x_renewal")
	delete(f.types["crm.lead"], "date_deadline")
	f.types["crm.lead"]["x_new"] = "char"
	f.put("crm.lead", row{"id": 1, "x_new": "新"})
	p := pullOdoo(t, o, "deals", "", f.clock)
	if len(p.Deals) != 1 || p.Deals[0].Extra["x_new"] != "新" || p.Deals[0].Close != store.NoDay || len(p.Issues) != 1 || p.Issues[0].Field != "date_deadline" {
		t.Errorf("%+v issues %+v", p.Deals, p.Issues)
	}
}

func TestOdoo_Stages(t *testing.T) {
	f := newOdooFake(t, 18)
	o := openOdoo(t, f, func(c *OdooConfig) { c.Stages = nil })
	p := pullOdoo(t, o, "stages", "", f.clock)
	var got []string
	for _, s := range p.Stages {
		got = append(got, fmt.Sprint(s.ID, s.NameEn, s.Kind, s.Order, s.Probability))
	}
	if want := []string{"odoo-1New open 1 25", "odoo-2Qualified open 2 50", "odoo-3Proposition open 3 75", "odoo-4Won won 4 100", "lostLost lost 5 0"}; len(got) != 5 {
		t.Errorf("stages %q, want %q", got, want)
	}
	o = openOdoo(t, f, func(c *OdooConfig) { delete(c.Stages, "Qualified"); delete(c.Stages, "New"); c.Stages["1"] = "lead" })
	if p := pullOdoo(t, o, "stages", "", f.clock); len(p.Stages) != 1 || p.Stages[0].ID != "odoo-2" {
		t.Errorf("those that nobody named: %+v", p.Stages)
	}
	pullOdoo(t, o, "deals", "", f.clock)
	f.put("crm.stage", row{"id": 9, "name": "试用", "sequence": 5})
	r := lead(1)
	r["stage_id"] = pairOf(9, "试用")
	f.put("crm.lead", r)
	if p := pullOdoo(t, o, "deals", "", f.clock); p.Deals[0].Stage != "odoo-9" || len(p.Issues) > 0 {
		t.Errorf("in a stage that was added since: %+v %+v", p.Deals, p.Issues)
	}
}

func TestOdoo_Login(t *testing.T) {
	for _, version := range versions {
		f := newOdooFake(t, version)
		t.Setenv("ODOO_API_KEY", "")
		fetch := func(o *Odoo) error {
			_, err := o.Fetch(t.Context(), source.Request{Stream: "deals", Now: f.clock})
			return err
		}
		o := openOdoo(t, f)
		t.Setenv("ODOO_API_KEY", "wrong-canary")
		if err := fetch(o); !errors.Is(err, source.ErrAuth) || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "API key") {
			t.Errorf("%d: wrong key: %v", version, err)
		}
		t.Setenv("ODOO_API_KEY", f.key)
		if err := fetch(o); err != nil {
			t.Errorf("%d: mended: %v", version, err)
		}
		if version < 19 {
			if err := fetch(openOdoo(t, f, func(c *OdooConfig) { c.Database = "other" })); !errors.Is(err, source.ErrSetup) || !strings.Contains(err.Error(), "other") {
				t.Errorf("%d: wrong database: %v", version, err)
			}
			continue
		}
		if err := fetch(openOdoo(t, f, func(c *OdooConfig) { c.Login, c.Database, c.API = "", "", "json2" })); err != nil {
			t.Errorf("%d: a key alone: %v", version, err)
		}
	}
	f := newOdooFake(t, 22) // the older interface is gone
	f.put("crm.lead", lead(1))
	if p := pullOdoo(t, openOdoo(t, f), "deals", "", f.clock); len(p.Deals) != 1 {
		t.Error("without /jsonrpc nothing was read")
	}
}

// TestOdoo_Answers are servers that are not what they should be.
func TestOdoo_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"database selector": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.test/web/database/selector", http.StatusSeeOther)
		}, "redirected to http://elsewhere.test/"},
		"no version": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"result": null}`)
		}, "no version"},
		"quotes what it was sent": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			b := make([]byte, 4096)
			n, _ := r.Body.Read(b)
			text, _ := json.Marshal(string(b[:n]))
			if !strings.Contains(string(b[:n]), "canary") {
				fmt.Fprint(w, `{"result": {"server_version_info": ["saas~18", 1]}}`)
				return
			}
			fmt.Fprintf(w, `{"error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "builtins.TypeError", "message": %s}}}`, text)
		}, "[credential]"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.handler)
			defer srv.Close()
			_, err := openOdoo(t, &odooFake{Server: srv, key: "canary-7Medlar"}).Fetch(t.Context(), source.Request{Stream: "deals"})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestOdooConfig_NamesWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*OdooConfig){
		"id":             func(c *OdooConfig) { c.ID = "a:b" },
		"host:port":      func(c *OdooConfig) { c.URL = "crm.test" },
		"not in the url": func(c *OdooConfig) { c.URL = "https://me:secret@crm.test" },
		"plain_http":     func(c *OdooConfig) { c.URL = "http://crm.test" },
		"database":       func(c *OdooConfig) { c.Database = "" },
		"login":          func(c *OdooConfig) { c.Login = "" },
		"password":       func(c *OdooConfig) { c.Password = source.Secret{} },
		"api":            func(c *OdooConfig) { c.API = "xmlrpc" },
		"time_zone":      func(c *OdooConfig) { c.TimeZone = "Mars/Olympus" },
		"streams":        func(c *OdooConfig) { c.Streams = []store.Stream{"dreams"} },
		"activities":     func(c *OdooConfig) { c.Activities = map[string]string{"Call": "shout"} },
		"currency":       func(c *OdooConfig) { c.Currency = "yuan" },
	} {
		c := odooPreset(t)
		change(&c)
		if _, err := NewOdoo(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestSample(t *testing.T) {
	f := newOdooFake(t, 19)
	f.put("crm.lead", lead(1), lead(2), lead(3))
	o := openOdoo(t, f)
	for _, st := range o.Streams() {
		if _, err := o.Sample(t.Context(), st, 2); err != nil {
			t.Errorf("%s: %v", st, err)
		}
	}
	got, err := o.Sample(t.Context(), "deals", 2)
	if err != nil || len(got.Rows) != 2 || got.Rows[1].Mapped.Deals[0].ID != "odoo:2" || got.Rows[1].Raw.(map[string]any)["name"] != "扩容项目 0002" {
		t.Fatalf("%+v %v", got, err)
	}
	if !slices.Contains(got.Empty, "crm.lead.lost_reason_id") || slices.Contains(got.Empty, "crm.lead.name") || !slices.Contains(got.Unused, "create_uid") {
		t.Errorf("empty %v, unused %v", got.Empty, got.Unused)
	}
	g := newFake(t)
	g.put("sale.opportunity", opportunity(1, "lead", "5"), opportunity(2, "lead", "6"))
	s := open(t, g)
	for _, st := range s.Streams() {
		if _, err := s.Sample(t.Context(), st, 2); err != nil {
			t.Errorf("%s: %v", st, err)
		}
	}
	if got, err = s.Sample(t.Context(), "deals", 1); err != nil || len(got.Rows) != 1 || got.Rows[0].Mapped.Deals[0].Amount.Minor != 500 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestTryton_LoginLimit: after six refused logins Tryton answers 429 with a page of HTML and without saying for how long.
func TestTryton_LoginLimit(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusUnauthorized
		if asked++; asked > 6 {
			status = http.StatusTooManyRequests
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<!doctype html><title>%d</title><h1>canary</h1>", status)
	}))
	defer srv.Close()
	s := open(t, &fake{Server: srv, password: "canary-5Quince"})
	for n := range 8 {
		_, err := s.Fetch(t.Context(), source.Request{Stream: "deals"})
		var told *source.RetryAfter
		if strings.Contains(err.Error(), "canary") {
			t.Fatalf("the page came through: %v", err)
		}
		if n < 6 && !errors.Is(err, source.ErrAuth) || n >= 6 && (!errors.As(err, &told) || told.Wait != 0 || errors.Is(err, source.ErrAuth)) {
			t.Errorf("login %d: %v", n+1, err)
		}
	}
	if asked != 8 {
		t.Errorf("%d requests for 8 logins: refused ones must not be repeated, that locks the account", asked)
	}
}

// TestClient_Timeout: a server that accepts and says nothing ends the call by the configured time.
func TestClient_Timeout(t *testing.T) {
	f := newFake(t)
	f.fault = sourcetest.Fault{Kind: sourcetest.Hang}
	t.Setenv("TRYTON_SYNC_PW", f.password)
	cfg := decodePreset(t)
	cfg.URL, cfg.Timeout = f.URL+"/crm/", 50*time.Millisecond
	s, err := NewTryton(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fetch(t.Context(), source.Request{Stream: "deals"}); err == nil || errors.Is(err, source.ErrAuth) || !strings.Contains(err.Error(), f.URL) {
		t.Errorf("%v", err)
	}
}

func TestOdoo_UntrustedCertificate(t *testing.T) {
	sourcetest.Untrusted(t, "deals", func(url string) source.Source {
		return openOdoo(t, &odooFake{Server: &httptest.Server{URL: url}, key: "canary-7Medlar"})
	})
}
