package heatmap

import (
	"cmp"
	"slices"
	"strings"

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
	row    int // of the touch; -1 for a deal's event
	deal   analytics.Code
	stage  analytics.StageEvent
}

// events is one walk over what matches scope, query and period. all may be called many times and gives the same events in the same order.
type events struct {
	b       *analytics.Book
	subject string
	all     func(yield func(*event) bool)
	// blocks gives the touches' rows block by block, to several goroutines; nil where the events are no touches. It returns how many parts there were.
	blocks func(fn func(part, k int, rows []int32)) int
	// byAccount: no touch says where it was, so that area codes are those of places.
	byAccount bool
	places    []string         // region/city of accounts
	placeOf   []analytics.Code // per account Code
}

// place returns where a touch was, None unknown.
func (s *events) place(row int) analytics.Code {
	t := s.b.Touches()
	if !s.byAccount {
		return t.Area.At(row)
	}
	return s.placed(t.Account.At(row))
}

func (s *events) placed(account analytics.Code) analytics.Code {
	if account < 0 {
		return analytics.None
	}
	return s.placeOf[account]
}

// areas returns how many area codes there are.
func (s *events) areas() int {
	if s.byAccount {
		return len(s.places)
	}
	return s.b.Areas()
}

// first returns a day before which there is no event.
func (s *events) first() analytics.Day {
	if s.blocks == nil {
		return store.MinDay
	}
	return s.b.Touches().First()
}

// area returns an event's area in words.
func (s *events) area(c analytics.Code) string {
	switch {
	case !s.byAccount:
		return s.b.Area(c)
	case c < 0:
		return ""
	}
	return s.places[c]
}

// locate prepares the accounts' own places.
func (s *events) locate() {
	s.byAccount = true
	at := map[string]analytics.Code{"": analytics.None}
	for c := range analytics.Code(s.b.Accounts()) {
		a := s.b.Account(c)
		place := strings.Trim(a.Region+"/"+a.City, "/")
		i, ok := at[place]
		if !ok {
			i = analytics.Code(len(s.places))
			at[place] = i
			s.places = append(s.places, place)
		}
		s.placeOf = append(s.placeOf, i)
	}
}

func eventsOf(b *analytics.Book, sel *analytics.Selection, q Query, p analytics.Period) *events {
	s := &events{b: b, subject: touch.SubjectTouches}
	if (q.View == Area || q.Area != "") && !b.HasAreas() {
		s.locate()
	}
	var inside []bool // by area code + 1
	if q.Area != "" {
		for area := range s.areas() + 1 {
			_, ok := below(s.area(analytics.Code(area-1)), q.Area)
			inside = append(inside, ok)
		}
	}
	in := func(area analytics.Code) bool { return inside[area+1] }
	channel, err := store.ParseChannel(q.Channel)
	anyChannel := q.Channel == ""
	switch {
	case !b.HasTouches():
		s.subject = touch.SubjectDealEvents
		s.all = func(yield func(*event) bool) {
			if !anyChannel {
				return
			}
			for d := range sel.Deals() {
				area := analytics.None
				if s.byAccount {
					area = s.placed(d.Account)
				}
				if q.Area != "" && !in(area) {
					continue
				}
				for st := range b.StageEvents(d.Deal) {
					if p.Contains(st.Day) && st.Day <= sel.AsOf {
						if !yield(&event{row: -1, day: st.Day, minute: st.Minute, rep: d.Owner, area: area, deal: d.Deal, stage: st}) {
							return
						}
					}
				}
			}
		}
	case !anyChannel && err != nil:
		s.all = func(func(*event) bool) {}
	default:
		t := b.Touches()
		match := func(rows []int32) []int32 {
			n := 0
			for _, i := range rows {
				if (anyChannel || t.Channel.At(int(i)) == channel) && (q.Area == "" || in(s.place(int(i)))) {
					rows[n] = i
					n++
				}
			}
			return rows[:n]
		}
		if anyChannel && q.Area == "" {
			match = func(rows []int32) []int32 { return rows }
		}
		s.blocks = func(fn func(part, k int, rows []int32)) int {
			return sel.ShareTouches(p, func(part, k int, rows []int32) { fn(part, k, match(rows)) })
		}
		s.all = func(yield func(*event) bool) {
			var e event
			sel.TouchBlocks(p, func(_ int, rows []int32) bool {
				for _, r := range match(rows) {
					i := int(r)
					e = event{day: t.Day().At(i), minute: t.Minute.At(i), rep: t.Rep.At(i), area: s.place(i), row: i}
					if !yield(&e) {
						return false
					}
				}
				return true
			})
		}
	}
	return s
}

// rowOf joins an event with its names.
func (s *events) rowOf(e *event) touch.Row {
	b := s.b
	if e.row >= 0 {
		return touch.RowOf(b, e.row)
	}
	d := b.Deal(e.deal)
	r := touch.Row{ID: b.EventID(e.stage), At: b.At(e.stage), DayOnly: e.stage.Minute < 0, Rep: b.Person(e.rep).ID, RepName: b.Person(e.rep).Name, Account: d.Account,
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
		r := ref{e: *e}
		if e.row >= 0 {
			r.at, r.id = s.b.Touches().At.At(e.row), s.b.Touches().ID(e.row)
		} else {
			r.at, r.id = s.b.At(e.stage).UnixMilli(), s.b.EventID(e.stage)
		}
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(x, y ref) int {
		if x.at != y.at {
			return cmp.Compare(y.at, x.at)
		}
		return cmp.Compare(x.id, y.id)
	})
	rows := make([]touch.Row, len(refs))
	for i := range refs {
		rows[i] = s.rowOf(&refs[i].e)
	}
	return rows
}
