package triage

import (
	"fmt"
	"strconv"
	"strings"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/store"
)

// Entry is one decision of the audit trail.
type Entry struct {
	Seq    uint64             `json:"seq"`
	At     string             `json:"at"` // in the organisation's time zone, to the minute
	By     store.PersonID     `json:"by,omitempty"`
	Name   string             `json:"name"` // under which they came in
	Kind   store.DecisionKind `json:"kind"`
	Deal   store.ID           `json:"deal,omitempty"`
	About  string             `json:"about"` // the deal's name, or what else it is about
	Topic  string             `json:"topic"` // the flag, or another topic of the kind's
	What   analytics.Text     `json:"what"`
	Before store.Ruling       `json:"before,omitzero"`
	After  store.Ruling       `json:"after,omitzero"`
	Note   string             `json:"note,omitempty"`
	Undoes uint64             `json:"undoes,omitempty"`
}

// Trail is who decided what, the newest first. Count is all of it, however many Entries holds.
type Trail struct {
	Stamp   analytics.Stamp `json:"stamp"`
	Count   int             `json:"count"`
	Entries []Entry         `json:"entries"`
}

// TrailOf returns the decisions about what a viewer may see, or about one deal, as v tells them; at most limit. It cannot be otherwise than the journal has it, which proves itself
// (flightdeck doctor).
func TrailOf(b *analytics.Book, v desk.View, viewer desk.Viewer, id store.ID, limit int) Trail {
	t := Trail{Stamp: b.Stamp(analytics.Scope{Root: viewer.Root}), Entries: []Entry{}}
	sees := map[store.Ref]bool{}
	for d := range v.Trail {
		if id != "" && (d.Subject.Entity != store.EntityDeal || d.Subject.ID != id) {
			continue
		}
		ok, known := sees[d.Subject]
		if !known {
			ok = desk.Sees(b, viewer, d.Subject, 0)
			sees[d.Subject] = ok
		}
		if !ok {
			continue
		}
		if t.Count++; len(t.Entries) >= limit {
			continue
		}
		e := Entry{Seq: d.Seq, At: d.At.In(b.Location()).Format("2006-01-02 15:04"), By: d.By, Name: d.Name, Kind: d.Kind, About: string(d.Subject.ID), Topic: d.Topic, Before: d.Before,
			After: d.After, Note: d.Note, Undoes: d.Undoes, What: told(b, &d)}
		if c, ok := b.DealCode(d.Subject.ID); ok && d.Subject.Entity == store.EntityDeal {
			e.Deal, e.About = d.Subject.ID, b.DealName(c)
		}
		t.Entries = append(t.Entries, e)
	}
	return t
}

// told says what holds after a decision.
func told(b *analytics.Book, d *store.Decision) analytics.Text {
	r := &d.After
	var zh, en []string
	add := func(z, e string, args ...any) {
		zh, en = append(zh, fmt.Sprintf(z, args...)), append(en, fmt.Sprintf(e, args...))
	}
	if r.IsZero() {
		add("不再有效", "nothing holds any more")
	}
	if r.Person != "" {
		add("%s", "%s", b.PersonName(r.Person))
	}
	if r.Until != 0 {
		add("至 %s", "until %s", r.Until)
	}
	if r.Amount.Given() {
		add("金额 %s", "amount %s", r.Amount)
	}
	if r.Close != 0 {
		add("成交日 %s", "close %s", r.Close)
	}
	if r.Category != 0 {
		add("类别 %s", "category %s", r.Category)
	}
	if r.Percent != 0 {
		add("按 %d%% 计", "counts %d %%", r.Percent)
	}
	switch r.Verdict {
	case store.VerdictAccepted:
		add("接受", "accepted")
	case store.VerdictRejected:
		add("不接受", "rejected")
	}
	if len(r.Tags) > 0 {
		add("%s", "%s", strings.Join(r.Tags, " "))
	}
	if r.Text != "" {
		add("%s", "%s", r.Text)
	}
	return analytics.Text{Zh: strings.Join(zh, ", "), En: strings.Join(en, ", ")}
}

// Table gives the trail as raw cells.
func (t Trail) Table() analytics.Table {
	out := analytics.Table{Columns: []string{"decision", "at", "decided_by", "decided", "deal", "deal_name", "flag", "decision_note"}}
	for _, e := range t.Entries {
		kind := e.Kind.String()
		if e.Undoes != 0 {
			kind = "undo " + strconv.FormatUint(e.Undoes, 10)
		}
		note := e.What.En
		if e.Note != "" {
			note = strings.TrimPrefix(note+": "+e.Note, ": ")
		}
		out.Rows = append(out.Rows, []string{strconv.FormatUint(e.Seq, 10), e.At, e.Name, kind, string(e.Deal), e.About, e.Topic, note})
	}
	return out
}
