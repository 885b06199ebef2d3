package desk

import (
	"slices"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Desk is everything that was decided up to a moment. Any number of goroutines may ask it; nothing they are given may be written to. The zero Desk is empty.
type Desk struct {
	entries []store.Decision // by sequence; a later Desk may share the memory behind the end
	base    map[store.Ref][]int32
	recent  map[store.Ref][]int32 // subjects that were decided about since base was made
}

// mergeAt is how many subjects recent may hold before it becomes part of base: what one decision then copies is at most so much.
const mergeAt = 512

// of returns the entries about a subject, oldest first.
func (d *Desk) of(r store.Ref) []int32 {
	if run, ok := d.recent[r]; ok {
		return run
	}
	return d.base[r]
}

// Seq returns the newest entry's place in the journal; 0: none.
func (d *Desk) Seq() uint64 { return uint64(len(d.entries)) }

// with returns the Desk with further entries, which follow on d's. It shares what did not change with d, which stays as it is. Of several made from one d only
// the newest may be made from again.
func (d *Desk) with(more []store.Decision) *Desk {
	next := &Desk{entries: append(d.entries, more...), base: d.base, recent: make(map[store.Ref][]int32, len(d.recent)+len(more))}
	for r, run := range d.recent {
		next.recent[r] = run
	}
	for i := len(d.entries); i < len(next.entries); i++ {
		r := next.entries[i].Subject
		next.recent[r] = append(slices.Clip(next.of(r)), int32(i))
	}
	if len(next.recent) < mergeAt {
		return next
	}
	base := make(map[store.Ref][]int32, len(next.base)+len(next.recent))
	for r, run := range next.base {
		base[r] = run
	}
	for r, run := range next.recent {
		base[r] = run
	}
	next.base, next.recent = base, nil
	return next
}

// Of returns what d told at the end of the day as of which s is asked. A question without such a day gets all that was decided, also where the Book answers it as of the
// last day of a data set that ended long ago.
func Of(d *Desk, b *analytics.Book, s analytics.Scope) View {
	if s.AsOf == 0 || s.AsOf >= b.Now() {
		return d.Now()
	}
	return d.AsOf(s.AsOf.End(b.Location()))
}

// AsOf returns what d told just before end.
func (d *Desk) AsOf(end time.Time) View {
	n, _ := slices.BinarySearchFunc(d.entries, end, func(e store.Decision, t time.Time) int { return e.At.Compare(t) })
	return View{d, int32(n)}
}

// Now returns all that d tells.
func (d *Desk) Now() View { return View{d, int32(len(d.entries))} }

// View is a Desk as it stood at a moment. It is a small value; the zero View is an empty desk.
type View struct {
	desk *Desk
	n    int32 // of its entries
}

// Get returns the decision that holds in a slot. ok is false when there is none, or what it said was taken back or withdrawn.
func (v View) Get(s store.Slot) (d store.Decision, ok bool) {
	if v.desk == nil {
		return d, false
	}
	for _, i := range slices.Backward(v.desk.of(s.Subject)) {
		if i < v.n && v.desk.entries[i].Slot == s {
			d = v.desk.entries[i]
			return d, !d.After.IsZero()
		}
	}
	return d, false
}

// About returns the decisions that hold about a subject, the oldest first.
func (v View) About(r store.Ref) (out []store.Decision) {
	if v.desk == nil {
		return nil
	}
	seen := map[store.Slot]bool{}
	for _, i := range slices.Backward(v.desk.of(r)) {
		d := &v.desk.entries[i]
		if i >= v.n || seen[d.Slot] {
			continue
		}
		if seen[d.Slot] = true; !d.After.IsZero() {
			out = append(out, *d)
		}
	}
	slices.Reverse(out)
	return out
}

// Subjects calls yield with every record, and every other thing, that anything was ever decided about up to then, in no set order.
func (v View) Subjects(yield func(store.Ref) bool) {
	if v.desk == nil {
		return
	}
	first := func(run []int32) bool { return len(run) > 0 && run[0] < v.n }
	for r, run := range v.desk.recent {
		if first(run) && !yield(r) {
			return
		}
	}
	for r, run := range v.desk.base {
		if _, again := v.desk.recent[r]; !again && first(run) && !yield(r) {
			return
		}
	}
}

// History returns every entry about a subject up to then, the oldest first: its audit trail.
func (v View) History(r store.Ref) (out []store.Decision) {
	if v.desk == nil {
		return nil
	}
	for _, i := range v.desk.of(r) {
		if i < v.n {
			out = append(out, v.desk.entries[i])
		}
	}
	return out
}

// Trail calls yield with every entry up to then, the newest first.
func (v View) Trail(yield func(store.Decision) bool) {
	for i := v.n - 1; i >= 0; i-- {
		if !yield(v.desk.entries[i]) {
			return
		}
	}
}

// Entry returns an entry by its place in the journal.
func (v View) Entry(seq uint64) (d store.Decision, ok bool) {
	if v.desk == nil || seq == 0 || seq > uint64(v.n) {
		return d, false
	}
	return v.desk.entries[seq-1], true
}

// Last returns the newest entry that a viewer made and that stands: what the undo key takes back.
func (v View) Last(who Viewer) (d store.Decision, ok bool) {
	for i := v.n - 1; i >= 0; i-- {
		d = v.desk.entries[i]
		if d.Undoes != 0 || d.Kind == store.DecisionRules || !who.is(d) {
			continue
		}
		if s, ok := v.standing(d.Slot); ok && s.Seq == d.Seq {
			return d, true
		}
	}
	return store.Decision{}, false
}

// Latest returns the newest entry that a viewer made and that stands, and those that they made in the same transaction and that stand, the newest first.
func (v View) Latest(who Viewer) (out []store.Decision) {
	last, ok := v.Last(who)
	if !ok {
		return nil
	}
	for i := int32(last.Seq) - 1; i >= 0; i-- {
		d := v.desk.entries[i]
		if !d.At.Equal(last.At) {
			break
		}
		if d.Undoes != 0 || !who.is(d) {
			continue
		}
		if s, ok := v.standing(d.Slot); ok && s.Seq == d.Seq {
			out = append(out, d)
		}
	}
	return out
}

// standing returns the entry that stands in a slot.
func (v View) standing(s store.Slot) (store.Decision, bool) {
	for _, i := range slices.Backward(v.desk.of(s.Subject)) {
		if i < v.n && v.desk.entries[i].Slot == s {
			d, ok, err := store.Standing(v.desk.entries[i], func(seq uint64) (store.Decision, error) { return v.desk.entries[seq-1], nil })
			return d, ok && err == nil
		}
	}
	return store.Decision{}, false
}

func deal(id store.ID) store.Ref { return store.Ref{Entity: store.EntityDeal, ID: id} }

// Snoozed reports until which day a flag of a subject is left alone: by a decision about this flag, or about all of its flags. A snooze that ran out before today
// does not count.
func (v View) Snoozed(r store.Ref, flag string, today store.Day) (d store.Decision, ok bool) {
	for _, topic := range []string{flag, ""} {
		if d, ok = v.Get(store.Slot{Kind: store.DecisionSnooze, Subject: r, Topic: topic}); ok && d.After.Until > today {
			return d, true
		}
	}
	return store.Decision{}, false
}

// Override returns the forecast that somebody put in place of a deal's computed one.
func (v View) Override(id store.ID) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionOverride, Subject: deal(id)})
}

// Assigned returns whose business a flag of a subject is; "" is the subject as a whole.
func (v View) Assigned(r store.Ref, flag string) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionAssign, Subject: r, Topic: flag})
}

// Requested returns the newest request for an update about a flag of a subject.
func (v View) Requested(r store.Ref, flag string) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionRequest, Subject: r, Topic: flag})
}

// Accepted returns the verdict on a flag of a subject.
func (v View) Accepted(r store.Ref, flag string) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionAccept, Subject: r, Topic: flag})
}

// Suggestion returns the verdict on a suggestion for a deal.
func (v View) Suggestion(id store.ID, suggestion string) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionSuggestion, Subject: deal(id), Topic: suggestion})
}

// Tags returns the tags that people put in place of the derived ones.
func (v View) Tags(r store.Ref, question string) (store.Decision, bool) {
	return v.Get(store.Slot{Kind: store.DecisionTag, Subject: r, Topic: question})
}

// Notes returns the notes about a subject, the oldest first.
func (v View) Notes(r store.Ref) []store.Decision {
	return slices.DeleteFunc(v.About(r), func(d store.Decision) bool { return d.Kind != store.DecisionNote })
}
