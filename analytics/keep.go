package analytics

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"flightdeck/analytics/column"
)

// epoch is a line of Books, each advanced from the one before, and what is kept of them: structures made of a whole Book, which stay good for those that
// come after it but for what changed since the epoch began (see [Kept]).
type epoch struct {
	head atomic.Int64 // age of the newest Book
	mu   sync.Mutex
	have map[any]*kept

	pasts map[Day]*past
	tick  int64

	boards *memo // of one entry per account: what later Books correct by what changed
	placed *gradePlaces
	old    int64 // age of the Book that placed is of
}

// places returns the places that b's can go on from; nil for none.
func (p *epoch) places(b *Book) *gradePlaces {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.old > b.age {
		return nil
	}
	return p.placed
}

func (p *epoch) keepPlaces(b *Book, x *gradePlaces) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.placed == nil || b.age > p.old {
		p.placed, p.old = x, b.age
	}
}

type kept struct {
	age  int64 // of the Book it was made of
	make func(b *Book) any
	done chan struct{} // closed when v is there; nil v: making it failed
	v    any
}

// atOnce is how many rows a Book may have for its structures to be made while somebody waits. Those of a larger one are made beside.
const atOnce = 500_000

// strayMany is how many deals or accounts may have changed before what is kept is made anew: they are looked at one by one in every question.
var strayMany = 16_384

// Kept returns the structure that build makes of a Book, which outlives the Book: it is made once for a whole line of Books advanced from each other, and
// whoever uses it corrects it by what the epoch's changes say: [Book.Moved], [Book.Stirred], [Touches.Since] and [Sales.Since]. ok is false while there is
// none: a large Book's is made in a goroutine of its own, and until then the question walks the records. K is a type of the caller's own.
func Kept[K comparable, V any](b *Book, key K, build func(b *Book) V) (v V, ok bool) {
	p := b.epoch
	if p == nil {
		return v, false
	}
	p.mu.Lock()
	k, found := p.have[key]
	if !found {
		k = &kept{age: b.age, make: func(b *Book) any { return build(b) }, done: make(chan struct{})}
		if p.have == nil {
			p.have = map[any]*kept{}
		}
		p.have[key] = k
	}
	p.mu.Unlock()
	small := b.rows() <= atOnce
	switch {
	case !found && small:
		k.build(b)
	case !found:
		go k.build(b)
	}
	if small {
		<-k.done
	} else {
		select {
		case <-k.done:
		default:
			return v, false
		}
	}
	if b.age < k.age { // somebody still looks at an older Book
		return v, false
	}
	v, ok = k.v.(V)
	return v, ok
}

func (k *kept) build(b *Book) {
	defer close(k.done)
	defer func() {
		if p := recover(); p != nil {
			k.v = nil
			if b.opt.Report != nil {
				b.opt.Report(fmt.Errorf("keep of book: panic: %v\n%s", p, debug.Stack()))
			}
		}
	}()
	k.v = k.make(b)
}

// Settle blocks until everything that is being made beside b (see [Kept]) is there.
func (b *Book) Settle() {
	b.epoch.mu.Lock()
	var all []*kept
	for _, k := range b.epoch.have {
		all = append(all, k)
	}
	b.epoch.mu.Unlock()
	for _, k := range all {
		<-k.done
	}
}

// newEpoch begins an epoch with b.
func (b *Book) newEpoch() {
	b.epoch, b.age = &epoch{boards: newMemo(boardsKept)}, 0
	b.moved, b.stirred, b.nudged = column.Bits{}, column.Bits{}, column.Bits{}
	for _, f := range []*fact{&b.touch.fact, &b.sale.fact, &b.grade.fact} {
		f.gone, f.began = nil, f.len()
	}
}

// advanceEpoch makes b, a copy of a Book, the next of its line. Where another was advanced from the same Book before, b begins a line of its own: changes of
// both could not be told apart.
func (b *Book) advanceEpoch() {
	if b.epoch == nil || !b.epoch.head.CompareAndSwap(b.age, b.age+1) {
		b.newEpoch()
		return
	}
	b.age++
}

// strayed reports whether so much has changed since the epoch began that what is kept should be made anew.
func (b *Book) strayed() bool {
	rows := func(f *fact) int { return f.len() - f.began + len(f.gone) }
	return b.moved.Count() > strayMany || b.stirred.Count() > strayMany || rows(&b.touch.fact) > 4*strayMany || rows(&b.sale.fact) > 4*strayMany
}

// renewed returns b as the first Book of an epoch, with all that the last one kept made of it. It takes about a second per million deals.
func (b *Book) renewed() *Book {
	n := *b
	n.newEpoch()
	b.epoch.mu.Lock()
	keys := map[any]func(*Book) any{}
	for key, k := range b.epoch.have {
		keys[key] = k.make
	}
	b.epoch.mu.Unlock()
	n.epoch.have = map[any]*kept{}
	for key, build := range keys {
		k := &kept{make: build, done: make(chan struct{})}
		n.epoch.have[key] = k
		k.build(&n)
	}
	days := b.epoch.pastDays()
	slices.Reverse(days) // those asked about last stay longest
	for _, day := range days {
		n.recallDay(day)
	}
	b.epoch.boards.each(func(key any) {
		switch key := key.(type) {
		case gradeKey:
			n.epoch.boards.put(gradeKey{key.day, b.gradePlaces().root}, &gradeBoard{places: b.GradesOn(key.day)[0]})
		case broughtDay:
			values, _ := b.Brought(key.day, key.days)
			n.epoch.boards.put(key, &soldBoard{mark: n.sale.mark(), values: values})
		}
	})
	return &n
}

// Moved marks the deals of which anything changed since the epoch began: what is kept does not know how they stand. Touches do not move a deal.
func (b *Book) Moved() *column.Bits { return &b.moved }

// Stirred marks the accounts of which the record, the grades or the sales lines changed since the epoch began.
func (b *Book) Stirred() *column.Bits { return &b.stirred }

// Mark is how far something kept has read a table of facts.
type Mark struct{ rows, gone int }

// Mark returns how far the touches go now; see [Touches.Since].
func (t *Touches) Mark() Mark { return t.fact.mark() }

// Since calls fn with the touches that came after m and are there, and with those before m that have gone since. m is of a Book of the same epoch.
func (t *Touches) Since(m Mark, fn func(row int32, came bool)) { t.fact.since(m, fn) }

// Mark returns how far the sales lines go now; see [Sales.Since].
func (s *Sales) Mark() Mark { return s.fact.mark() }

// Since is [Touches.Since] for sales lines.
func (s *Sales) Since(m Mark, fn func(row int32, came bool)) { s.fact.since(m, fn) }

func (f *fact) mark() Mark { return Mark{f.len(), len(f.gone)} }

func (f *fact) since(m Mark, fn func(row int32, came bool)) {
	for i := m.rows; i < f.len(); i++ {
		if !f.dead.Has(i) {
			fn(int32(i), true)
		}
	}
	for _, row := range f.gone[m.gone:] {
		if int(row) < m.rows {
			fn(row, false)
		}
	}
}
