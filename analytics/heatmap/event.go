package heatmap

import (
	"cmp"
	"slices"

	"flightdeck/analytics"
	"flightdeck/analytics/touch"
	"flightdeck/store"
)

// event is what is counted: a touch, or a deal's event where no source gives touches.
type event struct {
	day    analytics.Day
	minute int16 // -1: only the day is known
	rep    analytics.Code
	area   analytics.Code
	blk    *analytics.TouchBlock // nil for a deal's event
	row    int
	deal   analytics.Code
	stage  analytics.StageEvent
}

// events is one walk over what matches scope, query and period. all may be called many times and gives the same events in the same order.
type events struct {
	b       *analytics.Book
	subject string
	all     func(yield func(*event) bool)
}

func eventsOf(b *analytics.Book, sel *analytics.Selection, q Query, p analytics.Period) events {
	channel, err := store.ParseChannel(q.Channel)
	if !b.HasTouches() {
		return events{b, touch.SubjectDealEvents, func(yield func(*event) bool) {
			if q.Channel == "" && q.Area == "" {
				dealEvents(b, sel, p, yield)
			}
		}}
	}
	if q.Channel != "" && err != nil {
		return events{b, touch.SubjectTouches, func(func(*event) bool) {}}
	}
	inside := map[analytics.Code]bool{analytics.None: false}
	return events{b, touch.SubjectTouches, func(yield func(*event) bool) {
		var e event
		for blk, i := range sel.Touches(p) {
			if q.Channel != "" && blk.Channel[i] != channel {
				continue
			}
			if q.Area != "" {
				in, ok := inside[blk.Area[i]]
				if !ok {
					_, in = below(b.Area(blk.Area[i]), q.Area)
					inside[blk.Area[i]] = in
				}
				if !in {
					continue
				}
			}
			e = event{day: blk.Day[i], minute: blk.Minute[i], rep: blk.Rep[i], area: blk.Area[i], blk: blk, row: i}
			if !yield(&e) {
				return
			}
		}
	}}
}

// dealEvents walks the deals that match, by whoever owns them on the as-of day.
func dealEvents(b *analytics.Book, sel *analytics.Selection, p analytics.Period, yield func(*event) bool) {
	for d := range sel.Deals() {
		for s := range b.StageEvents(d.Deal) {
			if p.Contains(s.Day) && s.Day <= sel.AsOf {
				if !yield(&event{day: s.Day, minute: s.Minute, rep: d.Owner, area: analytics.None, deal: d.Deal, stage: s}) {
					return
				}
			}
		}
	}
}

// row joins an event with its names.
func (s *events) rowOf(e *event) touch.Row {
	b := s.b
	if e.blk != nil {
		return touch.RowOf(b, e.blk, e.row)
	}
	d := b.Deal(e.deal)
	r := touch.Row{ID: e.stage.ID, At: e.stage.At, DayOnly: e.stage.Minute < 0, Rep: b.Person(e.rep).ID, RepName: b.Person(e.rep).Name, Account: d.Account,
		AccountName: b.AccountName(d.Account), Deal: d.ID, DealName: d.Name, Delay: -1, Event: "stage", From: b.Stage(e.stage.From).ID, To: b.Stage(e.stage.To).ID}
	if e.stage.Begin {
		r.Event = "created"
	}
	return r
}

// ref is an event kept for sorting without its names.
type ref struct {
	at int64
	id store.ID
	e  event
}

// sorted keeps what keep accepts, newest first, and only then looks up names.
func (s *events) sorted(keep func(*event) bool) []touch.Row {
	var refs []ref
	for e := range s.all {
		if !keep(e) {
			continue
		}
		r := ref{e: *e, id: e.stage.ID, at: e.stage.At.UnixMilli()}
		if e.blk != nil {
			r.at, r.id = e.blk.At[e.row], e.blk.ID[e.row]
		}
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(x, y ref) int { return cmp.Or(cmp.Compare(y.at, x.at), cmp.Compare(x.id, y.id)) })
	rows := make([]touch.Row, len(refs))
	for i := range refs {
		rows[i] = s.rowOf(&refs[i].e)
	}
	return rows
}
