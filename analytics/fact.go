package analytics

import (
	"slices"
	"strings"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Currency codes are places in Book.currencies; 0 is none.
type curCode = uint16

// fact is what the tables of facts have in common. Rows only come: an update is a new row and a dead one. Which row an ID has is not kept; whoever must
// replace it finds it among its owner's, by what stood in it (see [store.Delta]).
type fact struct {
	id   column.Text
	day  column.Col[Day] // in the organisation's time zone; NoDay where the fact has none
	dead column.Bits
	days column.Zone[Day]
	tail *tail
}

func (f *fact) len() int { return f.day.Len() }

// alive returns how many rows are not dead.
func (f *fact) alive() int { return f.len() - f.dead.Count() }

func (f *fact) lanes() []named { return []named{{"id", &f.id}, {"day", &f.day}} }

func (f *fact) put(id store.ID, day Day) (row int32) {
	row = int32(f.len())
	f.id.Append(string(id))
	f.day.Append(day)
	f.days.Put(int(row), day)
	return row
}

// Touches are the touches as columns of equal length: row i of each tells of one touch. Rows that [Touches.Dead] marks were deleted or replaced: skip them.
// Nothing may be written to a block. Rows lie in no set order, but near each other in time and in the org tree wherever the store was folded.
type Touches struct {
	fact
	Rep, Account, Deal column.Col[Code]  // None: nobody, none
	Topic, Area        column.Col[Code]  // Book.Topic, Book.Area
	Minute             column.Col[int16] // of the day, 0–1439, in the organisation's time zone; -1: the hour is unknown
	At                 column.Col[int64] // milliseconds since 1970 UTC
	Seen, Logged       column.Col[int64] // when we learned it, when the rep wrote it down; 0 unknown
	Length             column.Col[int32] // minutes
	Channel            column.Col[store.Channel]
	Sentiment          column.Col[store.Sentiment]
	Lat, Lng           column.Col[float64]
	contact, note      column.Text
	reps               column.Zone[Code]
}

// Len returns how many rows there are, dead ones included.
func (t *Touches) Len() int { return t.len() }

// Day returns the days, in the organisation's time zone.
func (t *Touches) Day() *column.Col[Day] { return &t.day }

// First returns a day before which there is no touch.
func (t *Touches) First() Day {
	if len(t.days.Min) == 0 {
		return store.MinDay
	}
	return max(slices.Min(t.days.Min), store.MinDay)
}

// Dead reports whether row i was deleted or replaced.
func (t *Touches) Dead(i int) bool { return t.dead.Has(i) }

// ID returns the touch's ID; Contact the ID of the customer's person, "" unknown.
func (t *Touches) ID(i int) store.ID { return store.ID(t.id.At(i)) }

// Contact returns the ID of the customer's person, "" unknown.
func (t *Touches) Contact(i int) store.ID { return store.ID(t.contact.At(i)) }

func (t *Touches) lanes() []named {
	return append(t.fact.lanes(), named{"rep", &t.Rep}, named{"account", &t.Account}, named{"deal", &t.Deal}, named{"topic", &t.Topic}, named{"area", &t.Area},
		named{"minute", &t.Minute}, named{"at", &t.At}, named{"seen", &t.Seen}, named{"logged", &t.Logged}, named{"length", &t.Length},
		named{"channel", &t.Channel}, named{"sentiment", &t.Sentiment}, named{"lat", &t.Lat}, named{"lng", &t.Lng}, named{"contact", &t.contact},
		named{"note", &t.note})
}

func (t *Touches) gather(from *Touches, order []int32, m *mapping) {
	t.fact.gather(&from.fact, order)
	t.Rep.Gather(&from.Rep, order, m.person)
	t.Account.Gather(&from.Account, order, m.account)
	t.Deal.Gather(&from.Deal, order, m.deal)
	t.Topic.Gather(&from.Topic, order, nil)
	t.Area.Gather(&from.Area, order, nil)
	t.Minute.Gather(&from.Minute, order, nil)
	t.At.Gather(&from.At, order, nil)
	t.Seen.Gather(&from.Seen, order, nil)
	t.Logged.Gather(&from.Logged, order, nil)
	t.Length.Gather(&from.Length, order, nil)
	t.Channel.Gather(&from.Channel, order, nil)
	t.Sentiment.Gather(&from.Sentiment, order, nil)
	t.Lat.Gather(&from.Lat, order, nil)
	t.Lng.Gather(&from.Lng, order, nil)
	t.contact.Gather(&from.contact, order)
	t.note.Gather(&from.note, order)
	t.zones()
}

func (t *Touches) zones() { t.days, t.reps = column.ZoneOf(&t.day), column.ZoneOf(&t.Rep) }

func (f *fact) gather(from *fact, order []int32) {
	f.id.Gather(&from.id, order)
	f.day.Gather(&from.day, order, nil)
	f.days = column.ZoneOf(&f.day)
}

// changes are the history of deals. Old and new values are what the field holds: a stage's or person's Code, an amount in minor units, a Day, a Category.
type changes struct {
	fact
	deal, by       column.Col[Code]
	field          column.Col[store.Field]
	old, new       column.Col[int64]
	oldCur, newCur column.Col[curCode]
	at, seen       column.Col[int64] // milliseconds since 1970 UTC
	only           column.Col[bool]  // DayOnly
	first          column.Col[bool]  // From was empty
}

func (c *changes) lanes() []named {
	return append(c.fact.lanes(), named{"deal", &c.deal}, named{"by", &c.by}, named{"field", &c.field}, named{"old", &c.old}, named{"new", &c.new},
		named{"oldcur", &c.oldCur}, named{"newcur", &c.newCur}, named{"at", &c.at}, named{"seen", &c.seen}, named{"only", &c.only}, named{"first", &c.first})
}

func (c *changes) gather(from *changes, order []int32, m *mapping) {
	c.fact.gather(&from.fact, order)
	c.deal.Gather(&from.deal, order, m.deal)
	c.by.Gather(&from.by, order, m.person)
	c.field.Gather(&from.field, order, nil)
	for _, i := range order { // owners have new Codes
		o, n := from.old.At(int(i)), from.new.At(int(i))
		if from.field.At(int(i)) == store.FieldOwner {
			o, n = int64(m.person(Code(o))), int64(m.person(Code(n)))
		}
		c.old.Append(o)
		c.new.Append(n)
	}
	c.oldCur.Gather(&from.oldCur, order, nil)
	c.newCur.Gather(&from.newCur, order, nil)
	c.at.Gather(&from.at, order, nil)
	c.seen.Gather(&from.seen, order, nil)
	c.only.Gather(&from.only, order, nil)
	c.first.Gather(&from.first, order, nil)
}

type contacts struct {
	fact
	account                  column.Col[Code]
	influence                column.Col[int64]
	name, role, email, phone column.Text
}

func (c *contacts) lanes() []named {
	return append(c.fact.lanes(), named{"account", &c.account}, named{"influence", &c.influence}, named{"name", &c.name}, named{"role", &c.role},
		named{"email", &c.email}, named{"phone", &c.phone})
}

func (c *contacts) gather(from *contacts, order []int32, m *mapping) {
	c.fact.gather(&from.fact, order)
	c.account.Gather(&from.account, order, m.account)
	c.influence.Gather(&from.influence, order, nil)
	c.name.Gather(&from.name, order)
	c.role.Gather(&from.role, order)
	c.email.Gather(&from.email, order)
	c.phone.Gather(&from.phone, order)
}

// Grades are the steps of accounts' grades as columns; see [Touches] for how to read them.
type Grades struct {
	fact
	account        column.Col[Code]
	from, to, rule column.Col[Code]  // Book.labels
	at, seen       column.Col[int64] // microseconds
	cause          column.Text
}

func (g *Grades) lanes() []named {
	return append(g.fact.lanes(), named{"account", &g.account}, named{"from", &g.from}, named{"to", &g.to}, named{"rule", &g.rule}, named{"at", &g.at},
		named{"seen", &g.seen}, named{"cause", &g.cause})
}

// Day returns the days of the steps.
func (g *Grades) Day() *column.Col[Day] { return &g.day }

// Step returns the grades before and after step i, as codes that compare, and whether it says why.
func (g *Grades) Step(i int) (from, to Code, why bool) {
	return g.from.At(i), g.to.At(i), strings.TrimSpace(g.cause.At(i)) != ""
}

func (g *Grades) gather(from *Grades, order []int32, m *mapping) {
	g.fact.gather(&from.fact, order)
	g.account.Gather(&from.account, order, m.account)
	g.from.Gather(&from.from, order, nil)
	g.to.Gather(&from.to, order, nil)
	g.rule.Gather(&from.rule, order, nil)
	g.at.Gather(&from.at, order, nil)
	g.seen.Gather(&from.seen, order, nil)
	g.cause.Gather(&from.cause, order)
}

type healths struct {
	fact
	account column.Col[Code]
	score   column.Col[int64]
	seen    column.Col[int64] // microseconds
	note    column.Text
}

func (h *healths) lanes() []named {
	return append(h.fact.lanes(), named{"account", &h.account}, named{"score", &h.score}, named{"seen", &h.seen}, named{"note", &h.note})
}

func (h *healths) gather(from *healths, order []int32, m *mapping) {
	h.fact.gather(&from.fact, order)
	h.account.Gather(&from.account, order, m.account)
	h.score.Gather(&from.score, order, nil)
	h.seen.Gather(&from.seen, order, nil)
	h.note.Gather(&from.note, order)
}

type evidences struct {
	fact
	deal, by, kind column.Col[Code]  // kind: Book.labels
	at, seen       column.Col[int64] // microseconds
	title, url     column.Text
}

func (v *evidences) lanes() []named {
	return append(v.fact.lanes(), named{"deal", &v.deal}, named{"by", &v.by}, named{"kind", &v.kind}, named{"at", &v.at}, named{"seen", &v.seen},
		named{"title", &v.title}, named{"url", &v.url})
}

func (v *evidences) gather(from *evidences, order []int32, m *mapping) {
	v.fact.gather(&from.fact, order)
	v.deal.Gather(&from.deal, order, m.deal)
	v.by.Gather(&from.by, order, m.person)
	v.kind.Gather(&from.kind, order, nil)
	v.at.Gather(&from.at, order, nil)
	v.seen.Gather(&from.seen, order, nil)
	v.title.Gather(&from.title, order)
	v.url.Gather(&from.url, order)
}

// Sales are the sales lines as columns of equal length; see [Touches] for how to read them.
type Sales struct {
	fact
	Account, Product, Rep column.Col[Code]
	Outlet                column.Col[Code]  // Book.Outlet
	Value, CostValue      column.Col[int64] // amount and cost in minor units of the organisation's currency; [NoValue] when its currency has no rate, 0 when none was given
	quantity, minor, cost column.Col[int64]
	cur, costCur          column.Col[curCode]
	reps                  column.Zone[Code]
}

// NoValue is the value of an amount whose currency has no rate.
const NoValue = noRate

// Len returns how many rows there are, dead ones included.
func (s *Sales) Len() int { return s.len() }

// Day returns the days.
func (s *Sales) Day() *column.Col[Day] { return &s.day }

// Days says of each block from when to when its rows are; Reps, whose.
func (s *Sales) Days() *column.Zone[Day] { return &s.days }

// Reps says of each block the least and the greatest rep.
func (s *Sales) Reps() *column.Zone[Code] { return &s.reps }

// Dead reports whether row i was deleted or replaced.
func (s *Sales) Dead(i int) bool { return s.dead.Has(i) }

func (s *Sales) lanes() []named {
	return append(s.fact.lanes(), named{"account", &s.Account}, named{"product", &s.Product}, named{"rep", &s.Rep}, named{"outlet", &s.Outlet},
		named{"value", &s.Value}, named{"costvalue", &s.CostValue}, named{"quantity", &s.quantity}, named{"minor", &s.minor}, named{"cost", &s.cost},
		named{"cur", &s.cur}, named{"costcur", &s.costCur})
}

func (s *Sales) gather(from *Sales, order []int32, m *mapping) {
	s.fact.gather(&from.fact, order)
	s.Account.Gather(&from.Account, order, m.account)
	s.Product.Gather(&from.Product, order, nil)
	s.Rep.Gather(&from.Rep, order, m.person)
	s.Outlet.Gather(&from.Outlet, order, nil)
	s.Value.Gather(&from.Value, order, nil)
	s.CostValue.Gather(&from.CostValue, order, nil)
	s.quantity.Gather(&from.quantity, order, nil)
	s.minor.Gather(&from.minor, order, nil)
	s.cost.Gather(&from.cost, order, nil)
	s.cur.Gather(&from.cur, order, nil)
	s.costCur.Gather(&from.costCur, order, nil)
	s.zones()
}

func (s *Sales) zones() { s.days, s.reps = column.ZoneOf(&s.day), column.ZoneOf(&s.Rep) }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Moments of records that are not shown by the million keep their microseconds.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
