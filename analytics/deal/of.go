package deal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Of returns everything about one deal as of the scope's day: nothing that happened later is in it. Of the scope only Root and AsOf count.
// Its error is [store.ErrNotFound] when there is no such deal, it did not exist on that day, or the viewer may not see it.
//
// Touches that name the deal are shown whoever made them; those that name only its account, or count for a contact, only when their rep is
// under Root.
//
// Name, account, product, lead, URL and the source's extra fields have no history and are as they stand now; NextStep is left out of the
// past.
func Of(b *analytics.Book, s analytics.Scope, id store.ID) (Answer, error) {
	s = analytics.Scope{Root: s.Root, AsOf: s.AsOf}
	sel := b.Select(s)
	code, ok := b.DealCode(id)
	var d analytics.DealState
	if ok {
		d, ok = sel.Deal(code)
	}
	if !ok {
		return Answer{}, fmt.Errorf("deal %q: %w", store.Clip(string(id), 80), store.ErrNotFound)
	}
	rec := b.Deal(code)
	a := Answer{
		Stamp: b.Stamp(s), Row: RowOf(b, &d, sel.AsOf), Lead: rec.Lead, URL: rec.URL, Extra: rec.Extra,
		History: []Event{}, Touches: []Touch{}, Evidence: []Evidence{}, Contacts: []Contact{}, Colleagues: []Colleague{},
	}
	if sel.AsOf >= b.Today() {
		a.NextStep = rec.NextStep
	}
	us := map[store.PersonID]*Colleague{}
	see := func(p store.PersonID) *Colleague {
		if us[p] == nil {
			us[p] = &Colleague{Name: Name{p, b.PersonName(p)}, LastTouch: store.NoDay}
		}
		return us[p]
	}
	if a.Row.Owner.ID != "" {
		see(a.Row.Owner.ID).Owner = true
	}
	for day, c := range b.Changes(code, sel.AsOf) {
		if c.Field.Version() && c.From == "" {
			continue // that it was first told is no step; it stands beside the promise
		}
		a.History = append(a.History, event(b, day, &c))
		if c.Field == store.FieldOwner {
			for _, p := range []string{c.From, c.To} {
				if p != "" {
					see(store.ID(p))
				}
			}
		}
	}
	met := map[store.ID]*Contact{}
	if d.Account != analytics.None {
		for _, c := range b.Contacts(d.Account) {
			met[c.ID] = &Contact{ID: c.ID, Name: c.Name, Role: c.Role, Influence: c.Influence, Email: c.Email, Phone: c.Phone, LastTouch: store.NoDay}
		}
	}
	touches := b.Touches()
	take := func(i int, own bool) {
		day := touches.Day().At(i)
		if day > sel.AsOf {
			return
		}
		if !own && !sel.Inside(b.PersonNode(touches.Rep.At(i))) {
			return // a colleague's elsewhere, on a customer shared with the viewer
		}
		if c := met[touches.Contact(i)]; c != nil {
			c.Touches++
			c.LastTouch = max(c.LastTouch, day)
		}
		if !own && touches.Deal.At(i) != analytics.None {
			return // another deal's
		}
		t := b.Touch(i)
		a.Touches = append(a.Touches, Touch{t.ID, day, int(touches.Minute.At(i)), Name{t.Rep, b.PersonName(t.Rep)}, t.Channel, t.Sentiment, t.Topic, t.Note, t.Area,
			t.Minutes, !own})
		if t.Rep != "" {
			p := see(t.Rep)
			p.Touches++
			p.LastTouch = max(p.LastTouch, day)
		}
	}
	for _, i := range b.DealTouches(code) {
		take(int(i), true)
	}
	if d.Account != analytics.None {
		for _, i := range b.AccountTouches(d.Account) {
			if touches.Deal.At(int(i)) != code {
				take(int(i), false)
			}
		}
	}
	slices.SortStableFunc(a.Touches, func(x, y Touch) int {
		return cmp.Or(cmp.Compare(y.Day, x.Day), cmp.Compare(y.Minute, x.Minute), strings.Compare(string(x.ID), string(y.ID)))
	})
	if a.TouchCount = len(a.Touches); a.TouchCount > MaxTouches {
		a.Touches = a.Touches[:MaxTouches:MaxTouches]
	}
	for day, e := range b.Evidence(code) {
		if day <= sel.AsOf {
			a.Evidence = append(a.Evidence, Evidence{e.ID, day, e.Kind, e.Title, e.URL, Name{e.By, b.PersonName(e.By)}})
		}
	}
	for _, c := range met {
		a.Contacts = append(a.Contacts, *c)
	}
	slices.SortFunc(a.Contacts, func(x, y Contact) int {
		return cmp.Or(cmp.Compare(y.Influence, x.Influence), strings.Compare(x.Name, y.Name), strings.Compare(string(x.ID), string(y.ID)))
	})
	for _, p := range us {
		a.Colleagues = append(a.Colleagues, *p)
	}
	slices.SortFunc(a.Colleagues, func(x, y Colleague) int {
		if x.Owner != y.Owner {
			if x.Owner {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Touches, x.Touches), strings.Compare(string(x.ID), string(y.ID)))
	})
	return a, nil
}

func event(b *analytics.Book, day analytics.Day, c *store.Change) Event {
	e := Event{Day: day, Field: c.Field, Old: c.From, New: c.To, By: Name{c.By, b.PersonName(c.By)}, SeenDay: store.DayOf(c.Seen, b.Location())}
	if e.At = day.String(); !c.DayOnly {
		e.At = c.At.In(b.Location()).Format(time.RFC3339)
	}
	switch c.Field {
	case store.FieldStage:
		e.Old, e.OldEn = stageName(b, c.From)
		e.New, e.NewEn = stageName(b, c.To)
	case store.FieldOwner:
		e.Old, e.New = b.PersonName(store.ID(c.From)), b.PersonName(store.ID(c.To))
	}
	return e
}

func stageName(b *analytics.Book, id string) (zh, en string) {
	if c, ok := b.StageCode(store.ID(id)); ok {
		s := b.Stage(c)
		return s.Name, s.NameEn
	}
	return id, id
}

func money(m store.Money) string {
	if !m.Given() {
		return ""
	}
	return m.Amount()
}

// count prints a number whose -1 means unknown.
func count(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Table gives the deal's history as raw cells; the row itself is a [List]'s.
func (a Answer) Table() analytics.Table {
	t := analytics.Table{Columns: []string{"day", "at", "field", "old", "new", "by", "seen"}}
	for _, e := range a.History {
		t.Rows = append(t.Rows, []string{e.Day.String(), e.At, e.Field.String(), e.Old, e.New, e.By.Name, e.SeenDay.String()})
	}
	return t
}
