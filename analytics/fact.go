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
	// Of touches, sales lines and grades: the rows that died since the epoch began, and how many there were then.
	gone  []int32
	began int
}

func (f *fact) len() int { return f.day.Len() }

// alive returns how many rows are not dead.
func (f *fact) alive() int { return f.len() - f.dead.Count() }

func (f *fact) lanes() []named { return []named{{"id", &f.id, ofNothing}, {"day", &f.day, ofNothing}} }

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
	return append(t.fact.lanes(), named{"rep", &t.Rep, ofPeople}, named{"account", &t.Account, ofAccounts}, named{"deal", &t.Deal, ofDeals}, named{"topic", &t.Topic, ofNothing}, named{"area", &t.Area, ofNothing},
		named{"minute", &t.Minute, ofNothing}, named{"at", &t.At, ofNothing}, named{"seen", &t.Seen, ofNothing}, named{"logged", &t.Logged, ofNothing}, named{"length", &t.Length, ofNothing},
		named{"channel", &t.Channel, ofNothing}, named{"sentiment", &t.Sentiment, ofNothing}, named{"lat", &t.Lat, ofNothing}, named{"lng", &t.Lng, ofNothing}, named{"contact", &t.contact, ofNothing},
		named{"note", &t.note, ofNothing})
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
	return append(c.fact.lanes(), named{"deal", &c.deal, ofDeals}, named{"by", &c.by, ofPeople}, named{"field", &c.field, ofNothing}, named{"old", &c.old, ofNothing}, named{"new", &c.new, ofNothing},
		named{"oldcur", &c.oldCur, ofNothing}, named{"newcur", &c.newCur, ofNothing}, named{"at", &c.at, ofNothing}, named{"seen", &c.seen, ofNothing}, named{"only", &c.only, ofNothing}, named{"first", &c.first, ofNothing})
}

type contacts struct {
	fact
	account                  column.Col[Code]
	influence                column.Col[int64]
	name, role, email, phone column.Text
}

func (c *contacts) lanes() []named {
	return append(c.fact.lanes(), named{"account", &c.account, ofAccounts}, named{"influence", &c.influence, ofNothing}, named{"name", &c.name, ofNothing}, named{"role", &c.role, ofNothing},
		named{"email", &c.email, ofNothing}, named{"phone", &c.phone, ofNothing})
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
	return append(g.fact.lanes(), named{"account", &g.account, ofAccounts}, named{"from", &g.from, ofNothing}, named{"to", &g.to, ofNothing}, named{"rule", &g.rule, ofNothing}, named{"at", &g.at, ofNothing},
		named{"seen", &g.seen, ofNothing}, named{"cause", &g.cause, ofNothing})
}

// Day returns the days of the steps.
func (g *Grades) Day() *column.Col[Day] { return &g.day }

// Step returns the grades before and after step i, as codes that compare, and whether it says why.
func (g *Grades) Step(i int) (from, to Code, why bool) {
	return g.from.At(i), g.to.At(i), strings.TrimSpace(g.cause.At(i)) != ""
}

type healths struct {
	fact
	account column.Col[Code]
	score   column.Col[int64]
	seen    column.Col[int64] // microseconds
	note    column.Text
}

func (h *healths) lanes() []named {
	return append(h.fact.lanes(), named{"account", &h.account, ofAccounts}, named{"score", &h.score, ofNothing}, named{"seen", &h.seen, ofNothing}, named{"note", &h.note, ofNothing})
}

// readings keep what was measured in one piece per row, since a company has the measures it has: see packValues.
type readings struct {
	fact
	account column.Col[Code]
	seen    column.Col[int64] // microseconds
	values  column.Text
}

func (m *readings) lanes() []named {
	return append(m.fact.lanes(), named{"account", &m.account, ofAccounts}, named{"seen", &m.seen, ofNothing}, named{"values", &m.values, ofNothing})
}

type evaluations struct {
	fact
	account            column.Col[Code]
	rule, grade, would column.Col[Code]  // Book.labels
	why                column.Col[Code]  // Book.labels
	at                 column.Col[int64] // microseconds
	score              column.Col[float64]
	health             column.Col[int64]
	held               column.Col[bool]
	inputs             column.Text // packInputs
}

func (v *evaluations) lanes() []named {
	return append(v.fact.lanes(), named{"account", &v.account, ofAccounts}, named{"rule", &v.rule, ofNothing}, named{"grade", &v.grade, ofNothing}, named{"would", &v.would, ofNothing},
		named{"why", &v.why, ofNothing}, named{"at", &v.at, ofNothing}, named{"score", &v.score, ofNothing}, named{"health", &v.health, ofNothing}, named{"held", &v.held, ofNothing},
		named{"inputs", &v.inputs, ofNothing})
}

type signals struct {
	fact
	account                 column.Col[Code]
	kind                    column.Col[Code]  // Book.labels
	at, seen                column.Col[int64] // microseconds
	title, text, url, watch column.Text
}

func (s *signals) lanes() []named {
	return append(s.fact.lanes(), named{"account", &s.account, ofAccounts}, named{"kind", &s.kind, ofNothing}, named{"at", &s.at, ofNothing}, named{"seen", &s.seen, ofNothing},
		named{"title", &s.title, ofNothing}, named{"text", &s.text, ofNothing}, named{"url", &s.url, ofNothing}, named{"watch", &s.watch, ofNothing})
}

type evidences struct {
	fact
	deal, by, kind, signer column.Col[Code]  // kind: Book.labels
	at, seen               column.Col[int64] // microseconds
	title, url             column.Text
}

func (v *evidences) lanes() []named {
	return append(v.fact.lanes(), named{"deal", &v.deal, ofDeals}, named{"by", &v.by, ofPeople}, named{"kind", &v.kind, ofNothing}, named{"signer", &v.signer, ofPeople}, named{"at", &v.at, ofNothing}, named{"seen", &v.seen, ofNothing},
		named{"title", &v.title, ofNothing}, named{"url", &v.url, ofNothing})
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

// Span returns the first and the last day of lines, dead ones included; a first day after the last where there is none.
func (s *Sales) Span() (first, last Day) {
	first, last = store.MaxDay, store.MinDay
	for k := range s.days.Min {
		first, last = min(first, max(s.days.Min[k], store.MinDay)), max(last, min(s.days.Max[k], store.MaxDay))
	}
	return first, last
}

// Day returns the days.
func (s *Sales) Day() *column.Col[Day] { return &s.day }

// First returns a day before which there is no sales line.
func (s *Sales) First() Day {
	if len(s.days.Min) == 0 {
		return store.MaxDay
	}
	return max(slices.Min(s.days.Min), store.MinDay)
}

// Dead reports whether row i was deleted or replaced.
func (s *Sales) Dead(i int) bool { return s.dead.Has(i) }

func (s *Sales) lanes() []named {
	return append(s.fact.lanes(), named{"account", &s.Account, ofAccounts}, named{"product", &s.Product, ofNothing}, named{"rep", &s.Rep, ofPeople}, named{"outlet", &s.Outlet, ofNothing},
		named{"value", &s.Value, ofNothing}, named{"costvalue", &s.CostValue, ofNothing}, named{"quantity", &s.quantity, ofNothing}, named{"minor", &s.minor, ofNothing}, named{"cost", &s.cost, ofNothing},
		named{"cur", &s.cur, ofNothing}, named{"costcur", &s.costCur, ofNothing})
}

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
