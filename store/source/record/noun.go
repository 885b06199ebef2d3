package record

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"flightdeck/store"
)

// append reads the row as its entity. Required fields are there, but may yet prove unreadable.
func (r *row) append() {
	out := r.out
	switch r.entity {
	case store.EntityUnit:
		out.Units = append(out.Units, store.Unit{
			ID: r.id("id"), Parent: r.id("parent"), Name: r.name("name"), Kind: word(r, "kind", store.ParseUnitKind), Manager: r.id("manager"),
		})
	case store.EntityPerson:
		out.People = append(out.People, store.Person{
			ID: r.id("id"), Unit: r.id("unit"), Name: r.name("name"), Email: r.name("email"), Phone: r.name("phone"), Title: r.name("title"), Inactive: r.boolean("inactive"),
		})
	case store.EntityStage:
		out.Stages = append(out.Stages, store.Stage{
			ID: store.ID(r.name("id")), Name: r.name("name"), NameEn: r.name("name_en"), Order: r.whole("order", -1e6, 1e6),
			Kind: word(r, "kind", store.ParseStageKind), Probability: r.whole("probability", 0, 100),
		})
	case store.EntityProduct:
		out.Products = append(out.Products, store.Product{
			ID: r.id("id"), Name: r.name("name"), Category: r.name("category"), Price: r.money("price"),
		})
	case store.EntityAccount:
		out.Accounts = append(out.Accounts, store.Account{
			ID: r.id("id"), Name: r.name("name"), Parent: r.id("parent"), Owner: r.id("owner"), Industry: r.name("industry"),
			Region: r.name("region"), City: r.name("city"), Revenue: r.money("revenue"), Staff: r.whole("staff", 0, 1e8),
			Created: r.day("created"), Modified: r.time("modified"), Extra: r.extra(),
		})
	case store.EntityContact:
		out.Contacts = append(out.Contacts, store.Contact{
			ID: r.id("id"), Account: r.id("account"), Name: r.name("name"), Role: r.name("role"), Influence: r.whole("influence", 0, 100),
			Email: r.name("email"), Phone: r.name("phone"),
		})
	case store.EntityDeal:
		r.deal()
	case store.EntityChange:
		r.change()
	case store.EntityTouch:
		r.touch()
	case store.EntityGrade:
		at := r.time("at")
		if at.IsZero() {
			r.dropped("at")
			return
		}
		g := store.GradeChange{
			ID: r.id("id"), Account: r.id("account"), From: store.Grade(r.name("from")), To: store.Grade(r.name("to")), Cause: r.note("cause"),
			Rule: r.name("rule"), At: at, Seen: r.time("seen"),
		}
		if g.ID == "" {
			g.ID = r.made(g.Account, at.UTC().Format("20060102T150405"), string(g.To))
		}
		out.Grades = append(out.Grades, g)
	case store.EntityHealth:
		day := r.day("day")
		if day == store.NoDay {
			r.dropped("day")
			return
		}
		score, ok := r.number("score", 0, 100)
		if !ok { // 0 is a score, so it cannot stand for an unreadable one
			r.dropped("score")
			return
		}
		h := store.Health{ID: r.id("id"), Account: r.id("account"), Day: day, Score: score, Note: r.note("note"), Seen: r.time("seen")}
		if h.ID == "" {
			h.ID = r.made(h.Account, day.String())
		}
		out.Health = append(out.Health, h)
	case store.EntityEvidence:
		out.Evidence = append(out.Evidence, store.Evidence{
			ID: r.id("id"), Deal: r.id("deal"), Kind: r.name("kind"), Title: r.name("title"), URL: r.note("url"), By: r.id("by"),
			Signer: r.id("signer"), At: r.time("at"), Seen: r.time("seen"),
		})
	case store.EntitySale:
		day := r.day("day")
		if day == store.NoDay {
			r.dropped("day")
			return
		}
		out.Sales = append(out.Sales, store.Sale{
			ID: r.id("id"), Account: r.id("account"), Product: r.id("product"), Rep: r.id("rep"), Outlet: r.name("outlet"), Day: day,
			Quantity: r.thousandths("quantity"), Amount: r.money("amount"), Cost: r.money("cost"),
		})
	case store.EntityQuota:
		r.quota()
	case store.EntityReading:
		r.reading()
	case store.EntitySignal:
		r.signal()
	case store.EntityTender:
		r.tender()
	}
}

// dropped notes that the row went with its unreadable field; why that field is unreadable is an issue of its own.
func (r *row) dropped(field string) {
	r.issue(field, "", fmt.Sprintf("%s without a readable %s: the row was left out", r.entity, field), true)
}

// made gives an identity to a fact that its source does not number.
func (r *row) made(of store.ID, parts ...string) store.ID {
	s := of.Native()
	for _, p := range parts {
		s += "|" + p
	}
	return store.MakeID(r.d.Source, s)
}

func (r *row) deal() {
	d := store.Deal{
		ID: r.id("id"), Name: r.name("name"), Account: r.id("account"), Owner: r.id("owner"), Product: r.id("product"),
		Category: word(r, "category", store.ParseCategory), Amount: r.money("amount"), Created: r.day("created"), Close: r.day("close"),
		Modified: r.time("modified"), Lead: r.name("lead"), NextStep: r.name("next_step"), URL: r.note("url"), Extra: r.extra(),
	}
	var ok bool
	if d.Stage, ok = r.stage("stage"); !ok {
		raw := r.name("stage")
		r.issue("stage", raw, r.stageValues(), false)
		if d.Extra == nil {
			d.Extra = map[string]string{}
		}
		d.Extra["stage"] = raw // so that a person sees what the source says
	}
	r.out.Deals = append(r.out.Deals, d)
}

func (r *row) change() {
	c := store.Change{ID: r.id("id"), Deal: r.id("deal"), Field: word(r, "field", store.ParseField), Seen: r.time("seen"), By: r.id("by")}
	var dayOnly, ok bool
	if c.At, dayOnly = r.moment("at"); c.At.IsZero() {
		r.dropped("at")
		return
	}
	c.DayOnly = dayOnly || r.boolean("day_only")
	if !c.Field.Valid() {
		r.dropped("field")
		return
	}
	if c.To, ok = r.changed(c.Field, "to"); !ok {
		r.dropped("to")
		return
	}
	c.From, _ = r.changed(c.Field, "from") // an unreadable From leaves this the first known value
	r.out.Changes = append(r.out.Changes, c)
}

// changed reads a history value into the store's own notation.
func (r *row) changed(f store.Field, field string) (string, bool) {
	switch f {
	case store.FieldStage:
		id, ok := r.stage(field)
		if !ok {
			s, _ := r.text(field)
			r.issue(field, s, r.stageValues(), false)
		}
		return string(id), ok
	case store.FieldOwner:
		return string(r.id(field)), true
	case store.FieldAmount:
		m := r.money(field)
		return m.String(), m.Given()
	case store.FieldClose:
		d := r.day(field)
		return d.String(), d != store.NoDay
	default:
		c := word(r, field, store.ParseCategory)
		return c.String(), c != store.CategoryNone
	}
}

func (r *row) touch() {
	at, dayOnly := r.moment("at")
	if at.IsZero() {
		r.dropped("at")
		return
	}
	r.out.Touches = append(r.out.Touches, store.Touch{
		ID: r.id("id"), Account: r.id("account"), Deal: r.id("deal"), Contact: r.id("contact"), Rep: r.id("rep"), At: at, Seen: r.time("seen"),
		Logged: r.time("logged"), Minutes: r.whole("minutes", 0, 1e6), Channel: word(r, "channel", store.ParseChannel),
		Sentiment: word(r, "sentiment", store.ParseSentiment), Topic: r.name("topic"), Note: r.note("note"), Area: r.name("area"),
		Lat: r.degrees("lat", 90), Lng: r.degrees("lng", 180), DayOnly: dayOnly || r.boolean("day_only"),
	})
}

func (r *row) quota() {
	q := store.Quota{ID: r.id("id"), Node: r.id("node"), From: r.day("from"), To: r.day("to"), Amount: r.money("amount")}
	switch {
	case q.From == store.NoDay:
		r.dropped("from")
		return
	case q.To == store.NoDay || q.To < q.From:
		r.dropped("to")
		return
	case !q.Amount.Given():
		r.dropped("amount")
		return
	}
	if q.ID == "" {
		q.ID = r.made(q.Node, q.From.String(), q.To.String())
	}
	r.out.Quotas = append(r.out.Quotas, q)
}

// reading keeps what was measured: the row's further fields, each a number. One that is none is told and named; no default takes its place.
func (r *row) reading() {
	m := store.Reading{ID: r.id("id"), Account: r.id("account"), Day: r.day("day"), Seen: r.time("seen")}
	if m.Day == store.NoDay {
		r.dropped("day")
		return
	}
	for name, text := range r.extra() {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			r.issue("extra."+name, text, "want a number, such as 12.5", false)
			m.Mistyped = append(m.Mistyped, name)
			continue
		}
		if m.Values == nil {
			m.Values = map[string]float64{}
		}
		m.Values[name] = v
	}
	slices.Sort(m.Mistyped)
	if m.ID == "" {
		m.ID = r.made(m.Account, m.Day.String())
	}
	r.out.Readings = append(r.out.Readings, m)
}

func (r *row) tender() {
	t := store.Tender{ID: r.id("id"), Kind: word(r, "kind", store.ParseTenderKind), Title: r.name("title"), Buyer: r.name("buyer"), Region: r.name("region"), Text: r.note("text"),
		URL: r.note("url"), Winner: r.name("winner"), Amount: r.money("amount"), Due: r.day("due"), At: r.time("at"), Seen: r.time("seen")}
	if t.At.IsZero() {
		r.dropped("at")
		return
	}
	r.out.Tenders = append(r.out.Tenders, t)
}

func (r *row) signal() {
	s := store.Signal{ID: r.id("id"), Account: r.id("account"), Kind: r.name("kind"), Title: r.name("title"), Text: r.note("text"), URL: r.note("url"), Watch: r.name("watch"),
		At: r.time("at"), Seen: r.time("seen")}
	if s.ID == "" {
		s.ID = r.made(s.Account, s.Kind, s.URL, s.Title)
	}
	r.out.Signals = append(r.out.Signals, s)
}
