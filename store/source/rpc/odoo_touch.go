package rpc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// touches are of two kinds: what was said in an opportunity's or a customer's thread (mails in and out, comments that go to the customer, activities that
// were done, which leave a message), and meetings whose time has come. Notes among us, log entries and planned activities are none. A done activity of the
// kind meeting is its meeting, which stands in the calendar.
func (o *Odoo) touches(ctx context.Context, now time.Time, f odooFeed, rows []map[string]any, page *source.Page) error {
	var leads, partners []int64
	on := func(row map[string]any) (model string, id int64) {
		model, _ = row["model"].(string)
		if f.model == "calendar.event" {
			model, _ = row["res_model"].(string)
			if id, _ := pair(row["opportunity_id"]); id != 0 {
				return "crm.lead", id
			}
		}
		id, _ = number(row["res_id"])
		return model, id
	}
	for _, row := range rows {
		switch model, id := on(row); model {
		case "crm.lead":
			leads = append(leads, id)
		case "res.partner":
			partners = append(partners, id)
		}
	}
	customerOf := map[int64]int64{}
	if len(leads) > 0 {
		slices.Sort(leads)
		a, err := o.c.call(ctx, "crm.lead", "search_read", []any{[]any{"id", "in", slices.Compact(leads)}}, o.ctx(map[string]any{"fields": []string{"partner_id"}, "order": "id"}))
		if err != nil {
			return err
		}
		for _, row := range a.list() {
			id, _ := number(row["id"])
			customerOf[id], _ = pair(row["partner_id"])
			partners = append(partners, customerOf[id])
		}
	}
	customers, err := o.customers(ctx, partners)
	if err != nil {
		return err
	}
	kinds, err := o.activities(ctx, f, rows)
	if err != nil {
		return err
	}
	dec := o.decoder("touches")
	for _, row := range rows {
		id, _ := number(row["id"])
		native := f.mark + strconv.FormatInt(id, 10)
		model, about := on(row)
		t := map[string]any{"id": native, "logged": plainly(row["create_date"])}
		partner := about
		if model == "crm.lead" {
			t["deal"] = about
			partner = customerOf[about]
		}
		if to := customers[partner]; to != 0 {
			t["account"] = to
			if to != partner {
				t["contact"] = partner
			}
		}
		var counts bool
		if f.model == "calendar.event" {
			counts = meeting(row, now, t)
		} else {
			counts = o.message(row, kinds, t)
		}
		if !counts {
			page.Deleted = append(page.Deleted, store.Ref{Entity: store.EntityTouch, ID: store.MakeID(o.cfg.ID, native)})
			continue
		}
		dec.Decode("touch", t, fmt.Sprintf("%s %d", f.model, id), page)
	}
	return nil
}

// activities returns the channel of each kind of activity that left one of these messages; "-": it is no touch.
func (o *Odoo) activities(ctx context.Context, f odooFeed, rows []map[string]any) (map[int64]string, error) {
	var ids []int64
	for _, row := range rows {
		if id, _ := pair(row["mail_activity_type_id"]); id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	to := map[int64]string{}
	if f.model != "mail.message" || len(ids) == 0 {
		return to, nil
	}
	a, err := o.c.call(ctx, "mail.activity.type", "search_read", []any{[]any{"id", "in", ids}}, o.ctx(map[string]any{"fields": []string{"name", "category", "icon"}, "order": "id"}))
	if err != nil {
		return nil, err
	}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		to[id] = "-"
		switch words(row["category"]) {
		case "phonecall":
			to[id] = "call"
		case "default":
			if words(row["icon"]) == "fa-envelope" { // Email, whatever it is called
				to[id] = "email"
			}
		}
		if channel, ok := o.cfg.Activities[words(row["name"])]; ok {
			if to[id] = channel; channel == "" {
				to[id] = "-"
			}
		}
	}
	return to, nil
}

// message reads a mail, a comment or what a done activity left.
func (o *Odoo) message(row map[string]any, kinds map[int64]string, t map[string]any) bool {
	t["at"] = plainly(row["date"])
	t["rep"] = ref(row["create_uid"], "")
	t["topic"] = plainly(row["subject"])
	t["channel"] = "email"
	if id, name := pair(row["mail_activity_type_id"]); id != 0 {
		if kinds[id] == "-" || kinds[id] == "" {
			return false
		}
		t["channel"] = kinds[id]
		if t["topic"] == nil {
			t["topic"] = name
		}
	} else if words(row["message_type"]) == "email" { // it came in; who created it is the mail gateway
		t["rep"] = nil
	}
	note := words(row["preview"])
	if note == "" {
		note = text(words(row["body"]))
	}
	t["note"] = store.Clip(note, 500)
	return true
}

// meeting reads a calendar's entry. One whose time has not come, or that was cancelled, is no touch yet or any more.
func meeting(row map[string]any, now time.Time, t map[string]any) bool {
	at, ok := moments(row["start"])
	if !ok || at.After(now) && !now.IsZero() || row["active"] == false {
		return false
	}
	t["at"], t["rep"], t["topic"], t["channel"] = row["start"], ref(row["user_id"], ""), plainly(row["name"]), "meeting"
	if row["allday"] == true {
		t["at"], t["day_only"] = words(row["start"])[:10], true
	} else if hours := plainNumber(row["duration"]); hours > 0 && hours < 1000 {
		t["minutes"] = int(hours*60 + 0.5)
	}
	return true
}
