package landing

import (
	"math"
	"sync"

	"flightdeck/analytics"
	"flightdeck/store"
)

// life is one deal as a day knew it: when it began, how it ended by then, and what it brought.
type life struct {
	value   int64 // minor units of the organisation's currency
	code    analytics.Code
	node    int32 // of the owner, that day
	product analytics.Code
	born    analytics.Day // NoDay: unknown
	end     analytics.Day // of a closed deal; NoDay while open
	since   analytics.Day // in its stage
	won     bool
	worth   bool  // value is known: an amount was given and has a rate
	src     uint8 // index into archive.sources
}

// archive is all that a day knew. Nothing in it, and nothing made of it, rests on what happened later.
type archive struct {
	b       *analytics.Book
	day     analytics.Day
	lives   []life
	seeds   []uint64          // by deal Code; shared by all archives of a Book, and never written to
	wins    []int32           // see index
	kinds   []store.StageKind // by stage Code
	slots   []int             // by stage Code: its place among the open stages; -1 when it is none
	open    int               // how many open stages there are
	since   analytics.Day     // from here on closings were recorded; NoDay: none is known
	won     int
	lost    int
	sources []source
	usual   usual
	last    bool // nothing later than day is in the Book: what a record says now is what the day knew
}

// source says from when on a source tells the history of each field. Before that day a record's present value may be one that the deal got when it
// closed, so at an earlier day the field counts as unknown: a feature that is known of the open deals alone would give their future away.
type source struct {
	id    store.SourceID
	since [store.FieldCategory + 1]analytics.Day
}

// never is a day after all others.
const never analytics.Day = math.MaxInt32

// told reports whether what the Book says of a field on a day is what was known then.
func (a *archive) told(src uint8, f store.Field, day analytics.Day) bool {
	return a.last && day >= a.day || day >= a.sources[src].since[f]
}

// seedOf hashes an ID: the same deal is sampled and drawn the same way in every Book, whatever stands beside it.
func seedOf(id store.ID) uint64 {
	h := uint64(14695981039346656037) // FNV-1a, without an interface and a copy per deal
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// maxParts bounds the ranges of parallel. It does not depend on the machine: sums of floats then come out the same everywhere.
const maxParts = 8

// parallel runs fn over [0, n) in ranges, at the same time, and returns how many there were. Ranges depend on n alone; fn writes to its own rows.
func parallel(n int, fn func(part, lo, hi int)) int { return parallelBy(n, 512, fn) }

// parallelBy is parallel with no range under so many rows.
func parallelBy(n, grain int, fn func(part, lo, hi int)) int {
	parts := max(1, min(maxParts, n/grain))
	var wg sync.WaitGroup
	caught := make([]any, parts)
	for p := range parts {
		wg.Go(func() {
			defer func() { caught[p] = recover() }()
			fn(p, n*p/parts, n*(p+1)/parts)
		})
	}
	wg.Wait()
	for _, c := range caught {
		if c != nil {
			panic(c) // on the caller's goroutine, whose business it is
		}
	}
	return parts
}

// seedsOf returns seedOf by deal Code.
func seedsOf(b *analytics.Book) []uint64 {
	out := make([]uint64, b.Deals())
	parallel(len(out), func(_, lo, hi int) {
		for c := lo; c < hi; c++ {
			out[c] = seedOf(b.DealID(analytics.Code(c)))
		}
	})
	return out
}

// seed returns what a deal is sampled and drawn by.
func (a *archive) seed(l *life) uint64 { return a.seeds[l.code] }

// newArchive reads what day knew. The archive lives in room where that is large enough; nil: in room of its own. seeds are b's.
func newArchive(b *analytics.Book, day analytics.Day, seeds []uint64, room []life) *archive {
	a := &archive{b: b, day: day, seeds: seeds, since: store.NoDay, last: day >= b.DataEnd()}
	order := b.Stages()
	n := 0
	for _, c := range order {
		n = max(n, int(c)+1)
	}
	a.kinds, a.slots = make([]store.StageKind, n), make([]int, n)
	for i := range a.slots {
		a.slots[i] = -1
	}
	for _, c := range order {
		if a.kinds[c] = b.Stage(c).Kind; a.kinds[c] == store.StageOpen {
			a.slots[c] = a.open
			a.open++
		}
	}
	total := b.Deals()
	if cap(room) < total {
		room = make([]life, total)
	}
	room = room[:total]
	var rows [maxParts][]life // each at the beginning of its own range of room
	parts := parallel(total, func(part, lo, hi int) {
		out := room[lo:lo:hi]
		for c := analytics.Code(lo); c < analytics.Code(hi); c++ {
			d := b.DealAt(c, day)
			if !d.Exists {
				continue
			}
			l := life{code: c, node: d.Node, product: d.Product, born: d.Created, end: d.Closed, since: d.Since, won: d.Kind == store.StageWon,
				worth: d.HasValue()}
			if l.worth {
				l.value = d.Value
			}
			out = append(out, l)
		}
		rows[part] = out
	})
	a.lives = room[:0]
	for _, r := range rows[:parts] {
		a.lives = append(a.lives, r...) // never beyond where r stands
	}
	a.tell()
	ends := make([]analytics.Day, 0, len(a.lives))
	for i := range a.lives {
		l := &a.lives[i]
		if l.end == store.NoDay {
			continue
		}
		if !a.told(l.src, store.FieldClose, day) && l.since != store.NoDay {
			l.end = l.since // the record's close may be one that was promised after the deal had been opened again
		}
		if l.born > l.end {
			l.born = l.end
		}
		if ends = append(ends, l.end); l.won {
			a.won++
		} else {
			a.lost++
		}
	}
	if len(ends) > 0 {
		ranks(ends, len(ends)/200)
		a.since = ends[len(ends)/200] // one closing dated 1970 makes no fifty years of history
	}
	a.usual.learn(a)
	return a
}

// tell finds from when on each source tells the history of its fields, by looking at some thousand of their deals.
func (a *archive) tell() {
	const looks = 4000
	at := map[store.SourceID]uint8{}
	step := uint64(max(1, len(a.lives)/looks))
	id, src := store.SourceID(""), uint8(0)
	for i := range a.lives {
		l := &a.lives[i]
		full := a.b.DealID(l.code)
		if n := len(id); i == 0 || len(full) <= n || full[n] != ':' || full[:n] != store.ID(id) { // else it is the last one's source
			id = full.Source()
		}
		var ok bool
		if src, ok = at[id]; !ok {
			if len(a.sources) == math.MaxUint8 {
				id = "" // no company has so many; the rest share one
				src, ok = at[id]
			}
			if !ok {
				src = uint8(len(a.sources))
				s := source{id: id}
				for f := range s.since {
					s.since[f] = never
				}
				a.sources, at[id] = append(a.sources, s), src
			}
		}
		l.src = src
		if a.seed(l)%step != 0 {
			continue
		}
		for day, c := range a.b.Changes(l.code, a.day) {
			s := &a.sources[src]
			if int(c.Field) < len(s.since) {
				s.since[c.Field] = min(s.since[c.Field], day)
			}
		}
	}
}

// usual is what won deals bring: per product, and over all. Values are winsorised, so that one enormous amount does not speak for all others.
type usual struct {
	product map[analytics.Code]float64
	all     float64
	top     float64 // the largest value ever won
	cap     float64 // beyond it an open deal's amount is not believed
}

func (u *usual) learn(a *archive) {
	values := make([]float64, 0, a.won)
	for i := range a.lives {
		if l := &a.lives[i]; l.won && l.worth {
			values = append(values, float64(l.value))
		}
	}
	u.product = map[analytics.Code]float64{}
	u.cap = math.Inf(1)
	if len(values) == 0 {
		return
	}
	low, high, top := len(values)/200, len(values)-1-len(values)/200, len(values)-1
	ranks(values, low, high, top)
	lo, hi := values[low], values[high]
	u.top = values[top]
	if len(values) >= 20 {
		u.cap = max(20*hi, 20*math.Abs(lo))
	}
	const weight = 4 // of the company's mean, in won deals
	sum, n := map[analytics.Code]float64{}, map[analytics.Code]float64{}
	for i := range a.lives {
		if l := &a.lives[i]; l.won && l.worth {
			v := min(max(float64(l.value), lo), hi)
			u.all += v / float64(len(values))
			sum[l.product] += v
			n[l.product]++
		}
	}
	for p, s := range sum {
		u.product[p] = (s + weight*u.all) / (n[p] + weight)
	}
}

// of returns what a won deal of a product usually brings.
func (u *usual) of(p analytics.Code) float64 {
	if v, ok := u.product[p]; ok {
		return v
	}
	return u.all
}
