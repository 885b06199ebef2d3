package triage

import (
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/deal"
	"flightdeck/analytics/desk"
	"flightdeck/store"
)

// overlay tells what was decided about flags.
type overlay struct {
	b    *analytics.Book
	v    desk.View
	day  analytics.Day
	deal map[analytics.Code]bool // anything was decided about it at all
}

func newOverlay(b *analytics.Book, v desk.View, day analytics.Day) *overlay {
	o := &overlay{b, v, day, map[analytics.Code]bool{}}
	for r := range v.Subjects {
		if c, ok := b.DealCode(r.ID); ok && r.Entity == store.EntityDeal {
			o.deal[c] = true
		}
	}
	return o
}

// ruling is what holds about a flag.
type ruling struct {
	state    State
	until    analytics.Day
	last     store.Decision // which made the state; Seq 0: none
	assigned store.PersonID
	override store.Decision
}

// of returns what holds about a flag. A decision from before the flag came up does not, but for snoozes, which run to their day whatever happens, and whose business it is.
func (o *overlay) of(c analytics.Code, rule Rule, since analytics.Day) (r ruling) {
	r.state, r.until = Open, store.NoDay
	if !o.deal[c] {
		return r
	}
	ref, flag := store.Ref{Entity: store.EntityDeal, ID: o.b.DealID(c)}, string(rule)
	holds := func(d store.Decision, ok bool) bool { return ok && o.dayOf(d) >= since }
	for _, topic := range []string{flag, ""} {
		if d, ok := o.v.Assigned(ref, topic); ok {
			r.assigned = d.After.Person
			break
		}
	}
	take := func(s State, d store.Decision) {
		if d.Seq > r.last.Seq {
			r.state, r.last, r.until = s, d, store.NoDay
		}
	}
	for _, topic := range []string{flag, ""} {
		if d, ok := o.v.Requested(ref, topic); holds(d, ok) {
			s := Requested
			switch {
			case o.b.Updated(c, o.day) > o.dayOf(d):
				s = Answered
			case d.After.Until != 0 && d.After.Until < o.day:
				s = Unanswered
			}
			if take(s, d); r.last.Seq == d.Seq && d.After.Until != 0 {
				r.until = d.After.Until
			}
		}
	}
	if d, ok := o.v.Accepted(ref, flag); holds(d, ok) {
		s := Accepted
		if d.After.Verdict == store.VerdictRejected {
			s = Rejected
		}
		take(s, d)
	}
	if d, ok := o.v.Override(ref.ID); holds(d, ok) {
		r.override = d
		take(Overridden, d)
	}
	if d, ok := o.v.Snoozed(ref, flag, o.day); ok && d.Seq > r.last.Seq {
		take(Snoozed, d)
		r.until = d.After.Until
	}
	return r
}

func (o *overlay) dayOf(d store.Decision) analytics.Day { return store.DayOf(d.At, o.b.Location()) }

// finish writes a ruling into a flag.
func (o *overlay) finish(f *Flag, r *ruling) {
	f.State, f.Until = r.state, r.until
	if r.assigned != "" {
		f.Assigned = deal.Name{ID: o.b.Same(r.assigned), Name: o.b.PersonName(r.assigned)}
	}
	if d := r.last; d.Seq != 0 {
		f.By, f.Note, f.Decision = deal.Name{ID: d.By, Name: d.Name}, d.Note, d.Seq
		f.At = d.At.In(o.b.Location()).Format("2006-01-02T15:04:05Z07:00")
	}
	if d := r.override; d.Seq != 0 {
		f.Override = &Override{Amount: d.After.Amount, Close: store.NoDay, Category: d.After.Category, Percent: d.After.Percent}
		if d.After.Close != 0 {
			f.Override.Close = d.After.Close
		}
	}
}

// History returns the audit trail of a flag: every decision about this flag of a deal, or about the deal's flags as a whole, the oldest first.
func History(v desk.View, id store.ID, rule Rule) []store.Decision {
	return slices.DeleteFunc(v.History(store.Ref{Entity: store.EntityDeal, ID: id}), func(d store.Decision) bool {
		return d.Topic != string(rule) && (d.Topic != "" || d.Kind == store.DecisionSuggestion)
	})
}
