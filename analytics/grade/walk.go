package grade

import (
	"math"
	"math/bits"
	"strconv"

	"flightdeck/analytics"
	"flightdeck/store"
)

// parcel is how many customers one goroutine takes at a time.
const parcel = 2048

// walker goes over the days of one account after another. It is used by one goroutine.
type walker struct {
	m    *Model
	days []Day
	// by day, shared: what each account brought in over a year, the year before that, and the last 90 days
	year, before, quarter [][]int64
	first                 Day // of the sales lines: before it nothing says how much was bought

	at      sample   // what the sources say
	out     sample   // what counts: at, with held inputs as they were
	partner []uint64 // by input: what came in the reading in which it came last
	gone    uint64   // inputs that newer readings lack, though their partners came
	env     map[string]any
}

// newWalker returns walkers for days, oldest first; each goroutine takes its own by [walker.fork].
func newWalker(m *Model, days []Day) *walker {
	w := &walker{m: m, days: days, first: store.MinDay}
	if m.b.HasSales() {
		w.first = m.b.Sold().First()
	}
	year, growth := m.feeds(fromSalesYear) || m.feeds(fromLifetime) || m.feeds(fromSalesGrowth), m.feeds(fromSalesGrowth)
	quarter := m.feeds(fromSalesQuarter)
	for _, d := range days {
		if year {
			w.year = append(w.year, brought(m.b, d))
		}
		if growth {
			w.before = append(w.before, brought(m.b, d-365))
		}
		if quarter {
			w.quarter = append(w.quarter, Brought(m.b, d, 90))
		}
	}
	return w.fork()
}

func (w *walker) fork() *walker {
	return &walker{m: w.m, days: w.days, year: w.year, before: w.before, quarter: w.quarter, first: w.first, at: w.m.sample(), out: w.m.sample(), partner: make([]uint64, len(w.m.inputs)), env: map[string]any{}}
}

type wonKey struct {
	day  Day
	days int
}

// brought is what each account brought in over the 365 days up to and including day, in minor units: its sales lines, or where the store holds none its won deals.
func brought(b *analytics.Book, day Day) []int64 { return Brought(b, day, 365) }

// wonWithin is what each account's deals brought that were won in the days up to and including day, in minor units.
func wonWithin(b *analytics.Book, day Day, days int) []int64 {
	return analytics.Memo(b, wonKey{day, days}, func() []int64 {
		values := make([]int64, b.Accounts())
		b.ShareAccounts(func(_ int, first, last analytics.Code) {
			for c := first; c < last; c++ {
				for _, d := range b.AccountDeals(c) {
					if won, ok := b.FirstWon(d); ok && won > day-Day(days) && won <= day {
						if s := b.DealAt(d, day); s.HasValue() {
							values[c] += s.Value
						}
					}
				}
			}
		})
		return values
	})
}

// walk calls yield at the end of each of the days with what is known of an account then: out. start is what an earlier evaluation left, nil: nothing. held says which inputs
// are held on the k-th day.
func (w *walker) walk(c analytics.Code, start *store.Evaluation, held func(k int) *holds, yield func(k int)) {
	m := w.m
	w.at.clear()
	w.out.clear()
	clear(w.partner)
	w.gone = 0
	if start != nil {
		w.resume(start)
	}
	k := 0
	emit := func() {
		w.derive(c, k)
		w.settle(k, held(k))
		yield(k)
		k++
	}
	for day, values := range m.b.Measured(c) {
		for k < len(w.days) && day > w.days[k] {
			emit()
		}
		if k == len(w.days) {
			return
		}
		w.read(day, values)
	}
	for k < len(w.days) {
		emit()
	}
}

// resume begins with the inputs of an evaluation: what counted then is the last good value.
func (w *walker) resume(v *store.Evaluation) {
	for _, in := range v.Inputs {
		if in.State == store.InputUnknown {
			continue
		}
		for i := range w.m.inputs {
			if w.m.inputs[i].name == in.Name {
				w.out.value[i], w.out.state[i], w.out.since[i] = in.Value, in.State, in.Day
				if w.m.inputs[i].kind != fromReading { // readings are history and tell it themselves
					w.at.value[i], w.at.since[i], w.at.state[i] = in.Value, in.Day, store.InputFresh
				}
			}
		}
	}
}

// read takes a reading.
func (w *walker) read(day Day, values analytics.Values) {
	m := w.m
	var came uint64
	for code, v := range values.Each {
		if i, ok := m.by[code]; ok {
			came |= 1 << i
			w.at.set(&m.inputs[i], i, v, day)
		}
	}
	for rest := m.readings &^ came; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); w.partner[i]&came != 0 {
			w.gone |= 1 << i
		}
	}
	for rest := came; rest != 0; rest &= rest - 1 {
		w.partner[bits.TrailingZeros64(rest)] = came
	}
	w.gone &^= came
}

// derive brings the inputs that are no readings up to the k-th day.
func (w *walker) derive(c analytics.Code, k int) {
	m, b, day := w.m, w.m.b, w.days[k]
	unit := math.Pow10(-int(b.Currency().Digits()))
	var record *store.Account
	account := func() *store.Account {
		if record == nil {
			r := b.Account(c)
			record = &r
		}
		return record
	}
	for i := range m.inputs {
		in := &m.inputs[i]
		switch in.kind {
		case fromReading:
		case fromRevenue:
			if v, ok, _ := b.AccountSize(c); ok {
				w.at.set(in, i, float64(v)*unit, day)
			} else {
				w.at.fault(i, store.InputMissing)
			}
		case fromStaff:
			if _, _, n := b.AccountSize(c); n > 0 {
				w.at.set(in, i, float64(n), day)
			} else {
				w.at.fault(i, store.InputMissing)
			}
		case fromExtra:
			text, ok := account().Extra[in.extra]
			if !ok {
				w.at.fault(i, store.InputMissing)
				continue
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				v = unknown
			}
			w.at.set(in, i, v, day)
		case fromSalesYear:
			w.at.set(in, i, float64(w.year[k][c])*unit, day)
		case fromLifetime:
			v := float64(w.year[k][c]) * unit
			if fee := w.fee(); fee > 0 {
				rate := unknown
				if m.rate >= 0 {
					rate = w.at.value[m.rate]
				}
				v = max(v, 12*fee*m.g.Lifetime.Years(rate))
			}
			w.at.set(in, i, v, day)
		case fromSalesQuarter:
			w.at.set(in, i, float64(w.quarter[k][c])*unit, day)
		case fromSalesSilence, fromSalesMonths:
			switch last, spans := b.Purchases(c, day); {
			case in.kind == fromSalesMonths:
				w.at.set(in, i, float64(spans), day)
			case last != store.NoDay:
				w.at.set(in, i, float64(day-last), day)
			}
		case fromSalesGrowth:
			if was := w.before[k][c]; was > 0 && w.first <= day-730 {
				w.at.set(in, i, 100*(float64(w.year[k][c])/float64(was)-1), day)
			}
		case fromOpenDeals:
			var sum int64
			for _, d := range b.AccountDeals(c) {
				if s := b.DealAt(d, day); s.Open() && s.HasValue() {
					sum += s.Value
				}
			}
			w.at.set(in, i, float64(sum)*unit, day)
		case fromTouches, fromSilence:
			n, last := 0, store.NoDay
			rows, days := b.AccountTouches(c), b.Touches().Day()
			for j := len(rows) - 1; j >= 0; j-- {
				d := days.At(int(rows[j]))
				if d > day {
					continue
				}
				if last == store.NoDay {
					last = d
				}
				if d <= day-90 {
					break
				}
				n++
			}
			switch {
			case in.kind == fromTouches:
				w.at.set(in, i, float64(n), day)
			case last != store.NoDay:
				w.at.set(in, i, float64(day-last), day)
			}
		case fromContacts:
			n := 0
			for range b.Contacts(c) {
				n++
			}
			w.at.set(in, i, float64(n), day)
		case fromAge:
			if since := b.KnownSince(c); since.Valid() && since <= day {
				w.at.set(in, i, float64(day-since), day)
			}
		}
	}
}

// fee is the monthly fee that is known, 0 none.
func (w *walker) fee() float64 {
	if w.m.fee < 0 || math.IsNaN(w.at.value[w.m.fee]) {
		return 0
	}
	return w.at.value[w.m.fee]
}

// settle makes out of at: an input that is held stays as it was.
func (w *walker) settle(k int, held *holds) {
	day := w.days[k]
	for i := range w.m.inputs {
		if held != nil && held.set&(1<<i) != 0 {
			if !math.IsNaN(w.out.value[i]) {
				w.out.state[i] = held.why[i]
			}
			continue
		}
		w.out.value[i], w.out.state[i], w.out.since[i] = w.at.value[i], w.at.state[i], w.at.since[i]
		if fresh := w.m.inputs[i].Fresh; w.out.state[i] == store.InputFresh && fresh > 0 && int(day-w.out.since[i]) > fresh {
			w.out.state[i] = store.InputStale
		}
	}
}
