package analytics

import (
	"sync"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// Ungraded is an account's place on a grade board where it has no grade.
const Ungraded int16 = -1

type gradeDay Day
type broughtDay struct {
	day  Day
	days int
}

// GradeNames lists every grade that any account was ever given or came from, in no set order; places on a grade board are indices into it.
func (b *Book) GradeNames() []store.Grade { return b.gradePlaces().names }

type gradePlaces struct {
	names []store.Grade
	of    []int16 // by label Code
}

func (b *Book) gradePlaces() *gradePlaces {
	return recall(b.graded, "names", func() *gradePlaces {
		p := &gradePlaces{of: make([]int16, b.labels.len())}
		for i := range p.of {
			p.of[i] = Ungraded
		}
		add := func(c Code) {
			if c >= 0 && p.of[c] == Ungraded {
				p.of[c] = int16(len(p.names))
				p.names = append(p.names, b.gradeName(c))
			}
		}
		g := &b.grade
		for k := range column.Blocks(g.len()) {
			from, to := g.from.Block(k), g.to.Block(k)
			dead := g.dead.Block(k) != nil
			for j := range from {
				if !dead || !g.dead.Has(k<<column.Shift+j) {
					add(from[j])
					add(to[j])
				}
			}
		}
		return p
	})
}

// GradesOn returns, for each of the days in ascending order, every account's grade at its end, as [Book.GradeAt] has it, by place in [Book.GradeNames]; Ungraded where
// it has none. One walk gives all days that nobody asked for yet. Nothing in it may be written to.
func (b *Book) GradesOn(days ...Day) [][]int16 {
	places := b.gradePlaces()
	out := make([][]int16, len(days))
	var once sync.Once
	fill := func() {
		for i := range out {
			out[i] = make([]int16, b.accounts.len())
		}
		g := &b.grade
		b.ShareAccounts(func(_ int, first, last Code) {
			for c := first; c < last; c++ {
				list := b.gradesOf.Of(int(c) + 1)
				at := 0 // how many steps were taken by the end of the day
				for i, day := range days {
					for at < len(list) && g.day.At(int(list[at])) <= day {
						at++
					}
					label := None
					switch {
					case at > 0:
						label = g.to.At(int(list[at-1]))
					case len(list) > 0:
						label = g.from.At(int(list[0]))
					}
					out[i][c] = Ungraded
					if label >= 0 {
						out[i][c] = places.of[label]
					}
				}
			}
		})
	}
	for i, day := range days {
		got := recall(b.graded, gradeDay(day), func() []int16 { once.Do(fill); return out[i] })
		out[i] = got
	}
	return out
}

// Brought returns what each account brought in, by its sales lines, over so many days up to and including day, in minor units of the organisation's currency.
// Accounts that apart names have lines in a currency without a rate, which are not in it. Nothing in it may be written to.
func (b *Book) Brought(day Day, days int) (values []int64, apart map[Code]bool) {
	m := b.soldMonths()
	return recall(b.brought, broughtDay{day, days}, func() []int64 { return b.sumSales(m, day-Day(days)+1, day) }), m.apart
}

// soldMonths is what every account brought in per calendar month.
type soldMonths struct {
	first int // month of by[0], as year × 12 + month
	by    [][]int64
	apart map[Code]bool
}

func monthOf(d Day) int {
	y, m, _ := d.Date()
	return y*12 + int(m) - 1
}

func monthStart(m int) Day { return store.Date(m/12, time.Month(m%12+1), 1) }

// maxMonths bounds the months that are added up beforehand: a line dated 1900 does not make 1,500 of them.
const maxMonths = 60

func (b *Book) soldMonths() *soldMonths {
	return recall(b.brought, "months", func() *soldMonths {
		s, m := &b.sale, &soldMonths{apart: map[Code]bool{}}
		lo, hi := store.MaxDay, store.MinDay
		for k := range s.days.Min {
			lo, hi = min(lo, max(s.days.Min[k], store.MinDay)), max(hi, min(s.days.Max[k], store.MaxDay))
		}
		if lo > hi {
			return m
		}
		last := min(monthOf(hi), monthOf(b.Now())+1)
		m.first = max(monthOf(lo), last-maxMonths+1)
		for range max(0, last-m.first+1) {
			m.by = append(m.by, make([]int64, b.accounts.len()))
		}
		var mu sync.Mutex
		each(len(m.by), func(at int) { // no two goroutines write to one month
			b.addSales(m.by[at], monthStart(m.first+at), monthStart(m.first+at+1)-1, func(c Code) {
				mu.Lock()
				defer mu.Unlock()
				m.apart[c] = true
			})
		})
		return m
	})
}

// addSales adds the lines of a span of days to sums by account.
func (b *Book) addSales(sums []int64, from, to Day, apart func(Code)) {
	s := &b.sale
	for k := range column.Blocks(s.len()) {
		if !s.days.Meets(k, from, to) {
			continue
		}
		days, accounts, values, dead := s.day.Block(k), s.Account.Block(k), s.Value.Block(k), s.dead.Block(k)
		for j, day := range days {
			if day < from || day > to || accounts[j] < 0 || dead != nil && s.dead.Has(k<<column.Shift+j) {
				continue
			}
			if v := values[j]; v != noRate {
				sums[accounts[j]] = saturate(sums[accounts[j]], v)
			} else {
				apart(accounts[j])
			}
		}
	}
}

// sumSales adds up whole months from m and the days beside them from the lines.
func (b *Book) sumSales(m *soldMonths, from, to Day) []int64 {
	sums := make([]int64, b.accounts.len())
	none := func(Code) {}
	lo, hi := monthOf(max(from, store.MinDay)), monthOf(min(to, store.MaxDay))
	if monthStart(lo) < from {
		lo++
	}
	if monthStart(hi+1)-1 > to {
		hi--
	}
	lo, hi = max(lo, m.first), min(hi, m.first+len(m.by)-1)
	if lo > hi {
		b.addSales(sums, from, to, none)
		return sums
	}
	for at := lo; at <= hi; at++ {
		for c, v := range m.by[at-m.first] {
			if v != 0 {
				sums[c] = saturate(sums[c], v)
			}
		}
	}
	b.addSales(sums, from, monthStart(lo)-1, none)
	b.addSales(sums, monthStart(hi+1), to, none)
	return sums
}
