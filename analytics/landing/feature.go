package landing

import (
	"math"

	"flightdeck/analytics"
	"flightdeck/store"
)

// group is a set of features of which a deal has exactly one at a time.
type group int

// The groups. Those up to groupSeason depend on how far ahead one looks, the others only on the day from which one looks.
const (
	groupAhead      group = iota // how many weeks ahead
	groupStageAhead              // stage × weeks ahead: a deal late in the funnel closes soon
	groupAge                     // the deal's age by then
	groupPromise                 // that week against the promised one
	groupSeason                  // the week's place in the fiscal quarter
	groupStage
	groupStay    // days in the stage
	groupSize    // amount against what the product usually brings
	groupPush    // how the promised date moved in the last quarter
	groupTouch   // touches in the last four weeks
	groupCall    // the rep's own category
	groupSilence // days since anything happened
	groups
)

// moving is how many groups change with the week looked at.
const moving = int(groupSeason) + 1

// The bounds of bins; a value equal to a bound lies in the bin above.
var (
	aheadEdges   = []int{2, 3, 5, 9, 14}             // weeks ahead, from 1
	promiseEdges = []int{-91, -28, -7, 0, 7, 28, 63} // days from the promised date to the week's middle
	stayEdges    = []int{7, 14, 28, 56, 112}
	silenceEdges = []int{7, 14, 28, 56}
	sizeEdges    = []float64{.35, .7, 1.4, 2.8}
	touchEdges   = []int{1, 3, 6}
)

// bin returns how many edges v has reached.
func bin[T int | float64](edges []T, v T) int {
	n := 0
	for n < len(edges) && v >= edges[n] {
		n++
	}
	return n
}

// form says how a deal becomes features: bins, their places in the list of weights, and what of it is learned from the archive.
type form struct {
	b     *analytics.Book
	cal   analytics.Calendar
	ages  []int // edges of ages in days: quantiles of the ages at which deals closed, so that any company's cycle is resolved
	slots int   // stages told apart, the unknown one last
	size  [groups]int
	at    [groups]int // where a group's weights begin
	n     int         // how many weights in all; weight 0 is the intercept
}

func newForm(a *archive) *form {
	f := &form{b: a.b, cal: a.b.Calendar(), slots: a.open + 1}
	ages := make([]int32, 0, a.won+a.lost)
	for i := range a.lives {
		if l := &a.lives[i]; l.end != store.NoDay && l.born != store.NoDay {
			ages = append(ages, int32(l.end-l.born))
		}
	}
	if len(ages) > 0 {
		var at []int
		for _, q := range []float64{.05, .15, .25, .35, .45, .55, .65, .75, .85, .95} {
			at = append(at, int(q*float64(len(ages))))
		}
		last := len(ages) - 1 - len(ages)/100
		ranks(ages, append(at, last)...)
		for _, k := range at {
			e := int(ages[k])
			if e >= 4 && (len(f.ages) == 0 || e >= f.ages[len(f.ages)-1]+4) { // less than half a week apart says nothing
				f.ages = append(f.ages, e)
			}
		}
		if top := int(ages[last]); len(f.ages) > 0 && top >= f.ages[len(f.ages)-1]+4 {
			f.ages = append(f.ages, top)
		}
	}
	ahead := len(aheadEdges) + 1
	f.size = [groups]int{
		groupAhead: ahead, groupStageAhead: ahead * f.slots, groupAge: len(f.ages) + 2, groupPromise: len(promiseEdges) + 2, groupSeason: seasons,
		groupStage: f.slots, groupStay: len(stayEdges) + 2, groupSize: len(sizeEdges) + 3, groupPush: 5, groupTouch: len(touchEdges) + 2,
		groupCall: 6, groupSilence: len(silenceEdges) + 2,
	}
	f.n = 1
	for g := range f.size {
		f.at[g] = f.n
		f.n += f.size[g]
	}
	return f
}

// The seasons of a fiscal quarter: its first and its last two weeks, and between them its months.
const (
	seasonFirst = iota
	seasonMonth1
	seasonMonth2
	seasonMonth3
	seasonLast
	seasons
)

// season returns a day's place in its fiscal quarter.
func season(cal analytics.Calendar, d analytics.Day) int {
	q := cal.Quarter(d, 0)
	switch {
	case d-q.From < 14:
		return seasonFirst
	case q.To-d < 14:
		return seasonLast
	}
	return seasonMonth1 + min(2, int(d-q.From)/31)
}

// state is an open deal as it stood on a day.
type state struct {
	code    analytics.Code
	node    int32
	product analytics.Code
	slot    int
	born    analytics.Day
	promise analytics.Day // NoDay: none, or unknown
	fixed   [groups]uint8 // bins of the groups that do not move
	amount  amountKind
	value   float64 // of the amount, in minor units; 0 unless amountKnown
	missing store.Money
	call    store.Category
}

// amountKind says what is known of an open deal's amount.
type amountKind uint8

const (
	amountUnknown amountKind = iota // the source does not tell what stood there on that day
	amountNone                      // no amount was given
	amountNoRate                    // in a currency without a rate
	amountKnown
	amountWild // so large that it cannot be meant; see usual.cap
)

// look reads an open deal as of day. ok is false when it was not open then, or did not exist.
func (f *form) look(a *archive, l *life, day analytics.Day) (s state, ok bool) {
	b := f.b
	d := b.DealAt(l.code, day)
	if !d.Open() {
		return s, false
	}
	s = state{code: l.code, node: d.Node, product: d.Product, born: d.Created, promise: store.NoDay, slot: f.slots - 1, call: store.CategoryNone}
	since := d.Since
	if a.told(l.src, store.FieldStage, day) {
		if d.Stage != analytics.None {
			s.slot = a.slots[d.Stage]
		}
	} else {
		since = store.NoDay
	}
	if a.told(l.src, store.FieldClose, day) {
		s.promise = d.Close
	}
	if a.told(l.src, store.FieldAmount, day) {
		switch v := float64(d.Value); {
		case !d.Amount.Given():
			s.amount = amountNone
		case !d.HasValue():
			s.amount, s.missing = amountNoRate, d.Amount
		case math.Abs(v) > a.usual.cap:
			s.amount = amountWild
		default:
			s.amount, s.value = amountKnown, v
		}
	}
	if a.told(l.src, store.FieldCategory, day) {
		s.call = d.Category
		s.fixed[groupCall] = uint8(d.Category) + 1
	}
	s.fixed[groupStage] = uint8(s.slot)
	if since != store.NoDay {
		s.fixed[groupStay] = uint8(1 + bin(stayEdges, int(day-since)))
	}
	s.fixed[groupSize] = f.sized(a, &s)
	if s.promise != store.NoDay && day-91 >= s.born && a.told(l.src, store.FieldClose, day-91) {
		was := b.DealAt(l.code, day-91).Close
		switch move := s.promise - was; {
		case was == store.NoDay:
		case move == 0:
			s.fixed[groupPush] = 1
		case move < 0:
			s.fixed[groupPush] = 2
		case move <= 45:
			s.fixed[groupPush] = 3
		default:
			s.fixed[groupPush] = 4
		}
	}
	n, last := f.touched(l.code, day)
	if last != store.NoDay {
		s.fixed[groupTouch] = uint8(1 + bin(touchEdges, n))
	}
	if sign := b.LastSign(l.code, day); sign != store.NoDay {
		s.fixed[groupSilence] = uint8(1 + bin(silenceEdges, int(day-sign)))
	}
	return s, true
}

func (f *form) sized(a *archive, s *state) uint8 {
	switch usual := a.usual.of(s.product); {
	case s.amount == amountNone:
		return 1
	case s.amount == amountKnown && usual > 0:
		return uint8(2 + bin(sizeEdges, s.value/usual))
	}
	return 0
}

// touched counts the touches that name the deal in the four weeks up to day, and gives the last day of any. A touch written down later was not known.
func (f *form) touched(c analytics.Code, day analytics.Day) (n int, last analytics.Day) {
	last = store.NoDay
	known := int64(day+1)*86_400_000 + 16*3_600_000 // a zone's midnight at the latest; a few hours more do no harm
	t := f.b.Touches()
	days := t.Day()
	for _, i := range f.b.DealTouches(c) {
		d := days.At(int(i))
		if d > day {
			break
		}
		if t.Logged.At(int(i)) > known {
			continue
		}
		last = d
		if d > day-28 {
			n++
		}
	}
	return n, last
}

// week fills in the moving features of s, seen from day, in the k-th week ahead (from 1).
func (f *form) week(s *state, day analytics.Day, k, season int, out *[groups]uint16) {
	ahead := bin(aheadEdges, k)
	mid := day + analytics.Day(7*k-3)
	out[groupAhead] = uint16(f.at[groupAhead] + ahead)
	out[groupStageAhead] = uint16(f.at[groupStageAhead] + ahead*f.slots + s.slot)
	out[groupAge] = uint16(f.at[groupAge])
	if s.born != store.NoDay {
		out[groupAge] += uint16(1 + bin(f.ages, int(mid-s.born)))
	}
	out[groupPromise] = uint16(f.at[groupPromise])
	if s.promise != store.NoDay {
		out[groupPromise] += uint16(1 + bin(promiseEdges, int(mid-s.promise)))
	}
	out[groupSeason] = uint16(f.at[groupSeason] + season)
}

// still fills in the features that do not move.
func (f *form) still(s *state, out *[groups]uint16) {
	for g := group(moving); g < groups; g++ {
		out[g] = uint16(f.at[g] + int(s.fixed[g]))
	}
}
