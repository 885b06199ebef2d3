package rpc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// odooTracking is what Odoo's mail.tracking.value may tell of opportunities. Only members of Settings may read it, and which fields are tracked is the
// organisation's choice: by default the stage, the amount, the owner and the archiving, and not the close date.
type odooTracking struct {
	ok      bool
	field   string           // its reference to the field: field up to Odoo 16, field_id later
	byID    map[int64]string // tracked fields of crm.lead
	money   string           // how it names the column of amounts: value_monetary up to 16, value_float later
	seen    time.Time
	tracked map[string]bool
}

// tracks are the fields whose history is taken.
var tracks = map[string]store.Field{"stage_id": store.FieldStage, "active": store.FieldStage, "expected_revenue": store.FieldAmount, "planned_revenue": store.FieldAmount,
	"date_deadline": store.FieldClose, "user_id": store.FieldOwner}

// untold returns the fields whose history the store must keep itself.
func (p *odooTracking) untold() store.Fields {
	f := store.FieldsOf(store.FieldCategory)
	for field, names := range map[store.Field][]string{store.FieldStage: {"stage_id"}, store.FieldAmount: {"expected_revenue", "planned_revenue"},
		store.FieldClose: {"date_deadline"}, store.FieldOwner: {"user_id"}} {
		if !p.ok || !slices.ContainsFunc(names, func(n string) bool { return p.tracked[n] }) {
			f |= store.FieldsOf(field)
		}
	}
	return f
}

// tracking finds out what may be known of the past; being refused it is no error.
func (o *Odoo) tracking(ctx context.Context, now time.Time) (*odooTracking, error) {
	o.mu.Lock()
	p := o.past
	o.mu.Unlock()
	if p != nil && now.Sub(p.seen) < describedFor {
		return p, nil
	}
	p = &odooTracking{byID: map[int64]string{}, tracked: map[string]bool{}, seen: now}
	err := o.trackable(ctx, p, now)
	if errors.Is(err, source.ErrDenied) || errors.Is(err, errAbsent) || unknownField(err) {
		p.ok = false
	} else if err != nil {
		return nil, err
	}
	o.mu.Lock()
	o.past = p
	o.mu.Unlock()
	return p, nil
}

func (o *Odoo) trackable(ctx context.Context, p *odooTracking, now time.Time) error {
	m, err := o.describe(ctx, "mail.tracking.value", now)
	if err != nil {
		return err
	}
	switch {
	case m.fields["field_id"].Type == "many2one":
		p.field = "field_id"
	case m.fields["field"].Type == "many2one":
		p.field = "field"
	default:
		return fmt.Errorf("mail.tracking.value names no field: %w", errAbsent)
	}
	p.money = "value_float"
	if m.fields["old_value_monetary"].Type != "" {
		p.money = "value_monetary"
	}
	if _, err := o.c.call(ctx, "mail.tracking.value", "search_count", []any{[]any{"id", "=", 1}}, o.ctx(nil)); err != nil { // whether it may be read
		return err
	}
	names := make([]any, 0, len(tracks))
	for name := range tracks {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b any) int { return cmp.Compare(a.(string), b.(string)) })
	a, err := o.c.call(ctx, "ir.model.fields", "search_read", []any{[]any{"model", "=", "crm.lead"}, []any{"name", "in", names}},
		o.ctx(map[string]any{"fields": []string{"name", "tracking"}, "order": "id"}))
	if err != nil {
		return err
	}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		if order, _ := number(row["tracking"]); order != 0 {
			p.byID[id], p.tracked[words(row["name"])] = words(row["name"]), true
		}
	}
	p.ok = p.tracked["stage_id"]
	return nil
}

// odooStep is one tracked change of one field.
type odooStep struct {
	id       int64
	at       time.Time
	by       any
	field    string
	from, to any
}

// changes appends the whole history of these opportunities. A write that is tracked is a write of the opportunity, so that it comes whenever it has grown.
func (o *Odoo) changes(ctx context.Context, now time.Time, rows []map[string]any, page *source.Page) error {
	p, err := o.tracking(ctx, now)
	if err != nil || !p.ok {
		return err
	}
	ids := make([]int64, 0, len(rows))
	know := make([]int64, 0, len(rows))
	for _, row := range rows {
		id, _ := number(row["id"])
		stage, _ := pair(row["stage_id"])
		ids, know = append(ids, id), append(know, stage)
	}
	steps, err := o.steps(ctx, p, ids)
	if errors.Is(err, source.ErrDenied) { // lost in the meantime; the store keeps it from the next reading of deals on
		o.mu.Lock()
		o.past = nil
		o.mu.Unlock()
		return nil
	} else if err != nil {
		return err
	}
	stages, err := o.pipeline(ctx, know...)
	if err != nil {
		return err
	}
	for _, row := range rows {
		id, _ := number(row["id"])
		if to, ok := o.stage(row, stages); ok {
			o.told(id, row, to, stages, steps[id], page)
		}
	}
	return nil
}

// steps reads what was tracked of these opportunities, in order of time.
func (o *Odoo) steps(ctx context.Context, p *odooTracking, ids []int64) (map[int64][]odooStep, error) {
	fields := make([]any, 0, len(p.byID))
	for id := range p.byID {
		fields = append(fields, id)
	}
	slices.SortFunc(fields, func(a, b any) int { return cmp.Compare(a.(int64), b.(int64)) })
	want := []string{p.field, "mail_message_id"}
	for _, side := range []string{"old_", "new_"} {
		want = append(want, side+"value_integer", side+p.money, side+"value_datetime")
	}
	a, err := o.c.call(ctx, "mail.tracking.value", "search_read", []any{[]any{"mail_message_id.model", "=", "crm.lead"}, []any{"mail_message_id.res_id", "in", ids},
		[]any{p.field, "in", fields}}, o.ctx(map[string]any{"fields": want, "order": "id"}))
	if err != nil {
		return nil, err
	}
	values := a.list()
	var messages []int64
	for _, v := range values {
		id, _ := pair(v["mail_message_id"])
		if len(messages) == 0 || messages[len(messages)-1] != id {
			messages = append(messages, id)
		}
	}
	if len(messages) == 0 {
		return nil, nil
	}
	if a, err = o.c.call(ctx, "mail.message", "search_read", []any{[]any{"id", "in", messages}},
		o.ctx(map[string]any{"fields": []string{"res_id", "date", "create_uid", "subject"}, "order": "id"})); err != nil {
		return nil, err
	}
	said := map[int64]map[string]any{}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		said[id] = row
	}
	steps := map[int64][]odooStep{}
	for _, v := range values {
		message, _ := pair(v["mail_message_id"])
		m := said[message]
		lead, ok := number(m["res_id"])
		at, timed := moments(m["date"])
		if !ok || !timed || words(m["subject"]) != "" { // what another opportunity left when it was merged into this one has a subject that says so
			continue
		}
		id, _ := number(v["id"])
		field, _ := pair(v[p.field])
		s := odooStep{id: id, at: at, by: ref(m["create_uid"], ""), field: p.byID[field]}
		switch tracks[s.field] {
		case store.FieldAmount:
			s.from, s.to = plainly(v["old_"+p.money]), plainly(v["new_"+p.money])
		case store.FieldClose:
			s.from, s.to = date10(v["old_value_datetime"]), date10(v["new_value_datetime"])
		default:
			s.from, s.to = v["old_value_integer"], v["new_value_integer"]
		}
		steps[lead] = append(steps[lead], s)
	}
	for lead := range steps {
		slices.SortStableFunc(steps[lead], func(a, b odooStep) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	}
	return steps, nil
}

// date10 is the day of what Odoo tracks of a date: its midnight in UTC.
func date10(v any) any {
	if s := words(v); len(s) >= 10 {
		return s[:10]
	}
	return nil
}

// told makes the changes of one opportunity of its steps. It begins in the stage that its first step left, and ends where it stands: what was written
// past the tracking (an import) is dated by Odoo's own mark of the last stage.
func (o *Odoo) told(id int64, row map[string]any, now store.ID, stages map[int64]odooStage, steps []odooStep, page *source.Page) {
	dec := o.decoder("changes")
	where := fmt.Sprintf("crm.lead %d", id)
	deal := strconv.FormatInt(id, 10)
	currency := named(row["company_currency"])
	put := func(key, field string, from, to, at, by any) {
		dec.Decode("change", map[string]any{"id": deal + "|" + key, "deal": deal, "field": field, "from": from, "to": to, "currency": currency, "at": at, "by": by}, where, page)
	}
	of := func(v any) string { // the organisation's stage of a tracked number
		n, _ := number(v)
		if s, ok := stages[n]; ok {
			return string(s.to)
		}
		return ""
	}
	at, _ := pair(row["stage_id"])
	place := string(stages[at].to) // where it stood first: before its first step, or since ever
	if i := slices.IndexFunc(steps, func(s odooStep) bool { return s.field == "stage_id" }); i >= 0 {
		place = of(steps[i].from)
	}
	last := place
	if place != "" {
		put("first", "stage", nil, place, row["create_date"], nil)
	}
	for _, s := range steps {
		key := strconv.FormatInt(s.id, 10)
		switch tracks[s.field] {
		case store.FieldStage:
			to := place
			if s.field == "stage_id" {
				if to = of(s.to); to == "" { // a stage that is no more
					continue
				}
				place = to
			} else if n, _ := number(s.to); n == 0 {
				if to = string(o.put(row)); to == "" {
					continue
				}
			}
			if to != "" && to != last {
				put(key, "stage", given(last), to, s.at, s.by)
				last = to
			}
		case store.FieldAmount:
			if s.to != nil && !sameAmount(fmt.Sprint(s.from), fmt.Sprint(s.to)) {
				put(key, "amount", s.from, s.to, s.at, s.by)
			}
		case store.FieldClose:
			if s.to != nil {
				put(key, "close", s.from, s.to, s.at, s.by)
			}
		case store.FieldOwner:
			if n, _ := number(s.to); n != 0 {
				from := any(nil)
				if was, _ := number(s.from); was != 0 {
					from = was
				}
				put(key, "owner", from, n, s.at, s.by)
			}
		}
	}
	if end := string(now); end != "" && end != last {
		mark := row["date_last_stage_update"]
		if fate(row) != "" {
			mark = first(plainly(row["date_closed"]), row["write_date"])
		}
		put("now|"+end, "stage", given(last), end, first(plainly(mark), row["write_date"]), nil)
	}
}

// put is the stage that an opportunity went to when it was put away: lost, unless it lies in the archive for another reason.
func (o *Odoo) put(row map[string]any) store.ID {
	if fate(row) == odooArchived {
		return o.cfg.Stages[odooArchived]
	}
	return o.cfg.StageMap()[odooLost]
}

func given(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// plainNumber is a number of a row, 0 when there is none.
func plainNumber(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64()
	return f
}
