package analytics

import (
	"maps"
	"slices"
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
	count []int   // by label Code: of how many rows it is the beginning or the end; nil where what counts is not all that is there
	rows  int     // of grades that were looked through
	gone  int     // of those that went since the epoch began
	root  *gradePlaces
}

// gradePlaces goes on from those of an older Book of the epoch where it can: there are millions of rows, and a delta brings a few.
func (b *Book) gradePlaces() *gradePlaces {
	return recall(b.graded, "names", func() *gradePlaces {
		x := b.placesFrom(b.epoch.places(b))
		b.epoch.keepPlaces(b, x)
		return x
	})
}

func (b *Book) placesFrom(from *gradePlaces) *gradePlaces {
	g := &b.grade
	if from != nil {
		switch {
		case g.len() == from.rows && len(g.gone) == from.gone:
			if len(from.of) >= b.labels.len() {
				return from
			}
			next := *from
			next.extend(b.labels.len())
			return &next
		case len(b.terms) == 0:
			if p := from.and(b); p != nil {
				return p
			}
		}
	}
	p := &gradePlaces{of: make([]int16, b.labels.len()), rows: g.len(), gone: len(g.gone)}
	p.root = p
	for i := range p.of {
		p.of[i] = Ungraded
	}
	if len(b.terms) > 0 { // who decides is among the rows, and what does not count
		for c := range Code(b.accounts.len()) {
			for _, r := range b.GradeSteps(c) {
				p.add(b, g.from.At(int(r)))
				p.add(b, g.to.At(int(r)))
			}
		}
		return p
	}
	p.count = make([]int, b.labels.len())
	for k := range column.Blocks(g.len()) {
		from, to, accounts := g.from.Block(k), g.to.Block(k), g.account.Block(k)
		dead := g.dead.Block(k) != nil
		for j := range from {
			if accounts[j] >= 0 && (!dead || !g.dead.Has(k<<column.Shift+j)) { // nobody's say who decides
				p.add(b, from[j])
				p.add(b, to[j])
			}
		}
	}
	return p
}

func (p *gradePlaces) add(b *Book, label Code) {
	if label < 0 {
		return
	}
	if p.of[label] == Ungraded {
		p.of[label] = int16(len(p.names))
		p.names = append(p.names, b.gradeName(label))
	}
	if p.count != nil {
		p.count[label]++
	}
}

// extend makes of and count p's own, for n labels.
func (p *gradePlaces) extend(n int) {
	p.of = slices.Clone(p.of)
	for len(p.of) < n {
		p.of = append(p.of, Ungraded)
	}
	if p.count != nil {
		p.count = append(make([]int, 0, n), p.count...)[:max(n, len(p.count))]
	}
}

// and returns the places of a later Book; nil where a name came or went, since two Books could give the same place to different ones.
func (p *gradePlaces) and(b *Book) *gradePlaces {
	if p.count == nil {
		return nil
	}
	g := &b.grade
	next := &gradePlaces{names: p.names, of: p.of, count: p.count, rows: g.len(), gone: len(g.gone), root: p.root}
	next.extend(b.labels.len())
	g.since(Mark{p.rows, p.gone}, func(row int32, came bool) {
		for _, label := range []Code{g.from.At(int(row)), g.to.At(int(row))} {
			switch {
			case label < 0 || g.account.At(int(row)) < 0:
			case came:
				next.count[label]++
			default:
				next.count[label]--
			}
		}
	})
	for label, at := range next.of {
		if (at == Ungraded) != (next.count[label] == 0) {
			return nil
		}
	}
	return next
}

// GradesOn returns, for each of the days in ascending order, every account's grade at its end, as [Book.GradeAt] has it, by place in [Book.GradeNames]; Ungraded where
// it has none. One walk gives all days that nobody asked for yet, and a later Book of the same epoch corrects them by the accounts that changed. Nothing in it may be
// written to.
func (b *Book) GradesOn(days ...Day) [][]int16 {
	places := b.gradePlaces()
	out, made := make([][]int16, len(days)), make([][]int16, len(days))
	fill := sync.OnceFunc(func() {
		for i := range made {
			if out[i] == nil {
				made[i] = make([]int16, b.accounts.len())
			}
		}
		b.ShareAccounts(func(_ int, first, last Code) {
			for c := first; c < last; c++ {
				list := b.GradeSteps(c)
				at := 0 // how many steps were taken by the end of the day
				for i, day := range days {
					at = b.stepsBy(list, at, day)
					if made[i] != nil {
						made[i][c] = places.at(b.gradeLabel(list, at))
					}
				}
			}
		})
	})
	for i, day := range days {
		out[i] = recall(b.graded, gradeDay(day), func() []int16 {
			have := recall(b.epoch.boards, gradeKey{day, places.root}, func() *gradeBoard { fill(); return &gradeBoard{b.age, made[i]} })
			if have.age > b.age { // somebody still looks at an older Book
				fill()
				return made[i]
			}
			return b.regraded(have.places, day, places)
		})
	}
	return out
}

// gradeBoard is a board as a Book of this age has it.
type gradeBoard struct {
	age    int64
	places []int16
}

type gradeKey struct {
	day  Day
	root *gradePlaces
}

// stepsBy returns how many steps of list were taken by the end of day, at least at.
func (b *Book) stepsBy(list []int32, at int, day Day) int {
	for at < len(list) && b.grade.day.At(int(list[at])) <= day {
		at++
	}
	return at
}

// gradeLabel is what an account's grade is called after so many of its steps.
func (b *Book) gradeLabel(list []int32, at int) Code {
	switch {
	case at > 0:
		return b.grade.to.At(int(list[at-1]))
	case len(list) > 0:
		return b.grade.from.At(int(list[0]))
	}
	return None
}

func (p *gradePlaces) at(label Code) int16 {
	if label < 0 {
		return Ungraded
	}
	return p.of[label]
}

// regraded returns the board of a day, given that of an older Book: the same where no account stands otherwise.
func (b *Book) regraded(have []int16, day Day, places *gradePlaces) []int16 {
	mine := false
	own := func() {
		if !mine {
			next := make([]int16, b.accounts.len())
			for i := copy(next, have); i < len(next); i++ {
				next[i] = Ungraded
			}
			have, mine = next, true
		}
	}
	if len(have) != b.accounts.len() {
		own()
	}
	b.stirred.Each(func(c int) {
		list := b.GradeSteps(Code(c))
		if p := places.at(b.gradeLabel(list, b.stepsBy(list, 0, day))); have[c] != p {
			own()
			have[c] = p
		}
	})
	return have
}

// Brought returns what each account brought in, by its sales lines, over so many days up to and including day, in minor units of the organisation's currency.
// Accounts that apart names may have lines in a currency without a rate, which are not in it. A later Book of the same epoch corrects it by the lines that came and went.
// Nothing in it may be written to.
func (b *Book) Brought(day Day, days int) (values []int64, apart map[Code]bool) {
	m, from := b.soldMonths(), day-Day(days)+1
	return recall(b.brought, broughtDay{day, days}, func() []int64 {
		have := recall(b.epoch.boards, broughtDay{day, days}, func() *soldBoard { return &soldBoard{b.age, b.sale.mark(), b.sumSales(m, from, day)} })
		if have.age > b.age { // somebody still looks at an older Book
			return b.sumSales(m, from, day)
		}
		return b.resold(have, from, day)
	}), m.apart
}

// soldBoard is what each account brought in within some days, as a Book of this age has it.
type soldBoard struct {
	age    int64
	mark   Mark
	values []int64
}

// resold returns what the board of an older Book has become: the same where no line came or went.
func (b *Book) resold(have *soldBoard, from, to Day) []int64 {
	values, mine := have.values, false
	own := func() {
		if !mine {
			values, mine = make([]int64, b.accounts.len()), true
			copy(values, have.values)
		}
	}
	if len(values) != b.accounts.len() {
		own()
	}
	s := &b.sale
	s.since(have.mark, func(row int32, came bool) {
		i := int(row)
		c, v, day := s.Account.At(i), s.Value.At(i), s.day.At(i)
		if c < 0 || v == noRate || day < from || day > to {
			return
		}
		own()
		if came {
			values[c] = saturate(values[c], v)
		} else {
			values[c] = saturate(values[c], -v)
		}
	})
	return values
}

// soldMonths is what every account brought in per calendar month.
type soldMonths struct {
	first int // month of by[0], as year × 12 + month
	by    [][]int64
	apart map[Code]bool
	age   int64 // of the Book whose lines these are
	mark  Mark
}

type monthsKey struct{ of *epoch }

func monthOf(d Day) int {
	y, m, _ := d.Date()
	return y*12 + int(m) - 1
}

func monthStart(m int) Day { return store.Date(m/12, time.Month(m%12+1), 1) }

// maxMonths bounds the months that are added up beforehand: a line dated 1900 does not make 1,500 of them.
const maxMonths = 60

func (b *Book) soldMonths() *soldMonths {
	return recall(b.brought, monthsKey{b.epoch}, func() *soldMonths { // its mark means nothing in another epoch
		m := recall(b.epoch.boards, "months", b.addMonths)
		if m.age > b.age {
			m = b.addMonths()
		}
		if m.mark == b.sale.mark() {
			return m
		}
		next := *m
		next.apart = maps.Clone(m.apart)
		b.sale.since(m.mark, func(row int32, came bool) {
			if c := b.sale.Account.At(int(row)); came && c >= 0 && b.sale.Value.At(int(row)) == noRate {
				next.apart[c] = true
			}
		})
		return &next
	})
}

func (b *Book) addMonths() *soldMonths {
	s, m := &b.sale, &soldMonths{apart: map[Code]bool{}, age: b.age, mark: b.sale.mark()}
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

// sumSales adds up whole months from m, corrected by the lines that came and went since, and the days beside them from the lines.
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
	first, last := monthStart(lo), monthStart(hi+1)-1
	b.addSales(sums, from, first-1, none)
	b.addSales(sums, last+1, to, none)
	return b.resold(&soldBoard{mark: m.mark, values: sums}, first, last)
}
