package analytics

import (
	"iter"
	"slices"
	"strings"

	"flightdeck/store"
)

// table holds records that are few or seldom scanned whole, one row per ID, together with their Codes.
type table[T any] struct {
	ids  dict
	rec  []T
	live []bool
}

func (t *table[T]) id(c Code) store.ID {
	if c < 0 || int(c) >= len(t.ids.ids) {
		return ""
	}
	return t.ids.ids[c]
}

func (t *table[T]) isLive(c Code) bool { return c >= 0 && int(c) < len(t.live) && t.live[c] }

func (t *table[T]) code(id store.ID) (Code, bool) {
	c, ok := t.ids.find(id)
	if !ok || !t.live[c] {
		return None, false
	}
	return c, true
}

func (t *table[T]) get(c Code) (v T) {
	if t.isLive(c) {
		v = t.rec[c]
	}
	return v
}

// sorted returns the live rows by ID.
func (t *table[T]) sorted() []T {
	codes := make([]Code, 0, len(t.rec))
	for c, ok := range t.live {
		if ok {
			codes = append(codes, Code(c))
		}
	}
	slices.SortFunc(codes, func(a, b Code) int { return strings.Compare(string(t.ids.ids[a]), string(t.ids.ids[b])) })
	out := make([]T, len(codes))
	for i, c := range codes {
		out[i] = t.rec[c]
	}
	return out
}

// facts holds rows that only come (an update is a new row and a dead one), with the owner and the day as columns and a run per owner.
type facts[T any] struct {
	ids  dict
	row  []int32 // by dict Code: the newest row
	rec  []T
	own  []Code
	day  []Day
	dead []bool
	runs runs
	tail *tail
}

// of calls yield with an owner's rows in order.
func (f *facts[T]) of(owner Code) iter.Seq2[Day, *T] {
	return func(yield func(Day, *T) bool) {
		for _, i := range f.runs.of(owner) {
			if !yield(f.day[i], &f.rec[i]) {
				return
			}
		}
	}
}

// dealCols are the columns of deals that are scanned: one entry per deal Code.
type dealCols struct {
	owner    []Code // person
	account  []Code
	product  []Code
	stage    []Code
	category []store.Category
	minor    []int64
	currency []store.Currency // strings share their bytes; a code would save 12 bytes a row
	value    []int64          // converted; noRate
	created  []Day            // when the deal begins to exist; NoDay: always has
	close    []Day
	changed  []Day // day of the newest change of any field; NoDay without history
}

type accountCols struct {
	owner    []Code
	industry []Code
}

// changeCols are the history of deals, one row per change, append only. Old and new values are what the field holds: a stage's or person's
// Code, an amount in minor units, a Day, a Category.
type changeCols struct {
	ids      dict
	row      []int32 // by dict Code: the newest row
	deal     []Code
	field    []store.Field
	old, new []int64
	oldCur   []store.Currency
	newCur   []store.Currency
	at       []int64 // milliseconds since 1970 UTC
	seen     []int64
	day      []Day
	by       []Code
	only     []bool // DayOnly
	first    []bool // From was empty
	key      []Code // in ids
	dead     []bool
	tail     *tail
}

// TouchBlock is a block of touches as columns of equal length. Nothing in it may be written to. Rows with Dead set were deleted or
// replaced: skip them.
type TouchBlock struct {
	ID        []store.ID
	Rep       []Code // person; None: nobody
	Account   []Code
	Deal      []Code
	Contact   []store.ID
	Day       []Day   // in the organisation's time zone
	Minute    []int16 // of the day, 0–1439, in the organisation's time zone; -1: the hour is unknown
	At        []int64 // milliseconds since 1970 UTC
	Seen      []int64 // when we learned it; 0 unknown
	Logged    []int64 // when the rep wrote it down; 0 unknown
	Length    []int32 // minutes
	Channel   []store.Channel
	Sentiment []store.Sentiment
	Topic     []Code // Book.Topic
	Area      []Code // Book.Area
	Note      []string
	Lat, Lng  []float64
	Dead      []bool

	ids  dict
	row  []int32 // by dict Code: the newest row
	tail *tail
}

// Step is one entry of a deal into a stage.
type Step struct {
	Day   Day // NoDay: before anything we know
	Stage Code
}
