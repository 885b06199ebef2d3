package analytics

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"flightdeck/analytics/column"
	"flightdeck/store"
)

// parcel is how many blocks one goroutine takes at a time: a quarter of a million rows, some hundred microseconds.
const parcel = 32

// dealParcel is parcel for whoever reads deals, and the histories of some.
const dealParcel = 4

// Each calls task with 0 to n-1, on as many goroutines as there are processors, and blocks until all have ended. A panic of one reaches the caller.
func Each(n int, task func(i int)) { each(n, task) }

// each calls task with 0 to n-1, on as many goroutines as there are processors. A panic of one reaches the caller, when all have ended.
func each(n int, task func(i int)) {
	var next atomic.Int32
	var wait sync.WaitGroup
	var crash atomic.Pointer[any]
	work := func() {
		defer func() {
			if r := recover(); r != nil {
				crash.CompareAndSwap(nil, &r)
			}
		}()
		for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
			task(i)
		}
	}
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	if r := crash.Load(); r != nil {
		panic(*r)
	}
}

// share runs work over [0, blocks) in parcels, on as many goroutines as there are processors where there is work for more than one. work is given a part
// number below the number of parts that is returned, so that each goroutine can add up by itself.
func share(blocks int, work func(part, first, last int)) (parts int) {
	return shareBy(parcel, blocks, work)
}

// shareBy is share with parcels of another size.
func shareBy(parcel, blocks int, work func(part, first, last int)) (parts int) {
	n := min(runtime.GOMAXPROCS(0), (blocks+parcel-1)/parcel)
	if n <= 1 {
		work(0, 0, blocks)
		return 1
	}
	var next atomic.Int32
	each(n, func(part int) {
		for began := time.Now(); ; {
			first := int(next.Add(1)-1) * parcel
			if first >= blocks {
				return
			}
			work(part, first, min(first+parcel, blocks))
			if now := time.Now(); now.Sub(began) > turn {
				runtime.Gosched()
				began = time.Now()
			}
		}
	})
	return n
}

// turn is how long a goroutine works before it lets others work. The scheduler would let it go on for ten milliseconds, and so would each of those before it: of two hundred people
// who ask at the same time, whoever asks for little waited for all who ask for much.
const turn = time.Millisecond

// Share runs work over [0, blocks), a range of them at a time, on as many goroutines as there are processors where there are enough, and blocks until all is done. A
// panic of one reaches the caller.
func Share(blocks int, work func(first, last int)) {
	share(blocks, func(_, first, last int) { work(first, last) })
}

// ShareBy runs work over [0, n) in parcels of so many, on as many goroutines as there are processors where there is work for more than one. work is given a part
// number below [Parts], so that each goroutine can add up by itself; how many parts there were is returned.
func ShareBy(parcel, n int, work func(part, first, last int)) (parts int) {
	return shareBy(parcel, n, work)
}

// Parts is the most parts that [Selection.ShareDeals] and [Selection.ShareTouches] divide a question into.
func Parts() int { return runtime.GOMAXPROCS(0) }

// ShareDeals calls fn with what [Selection.DealsIn] gives for p, from several goroutines at once where there are many deals, in no set order: each has a
// part number below [Parts] and a state of its own, reused between calls. It returns how many parts there were.
func (s *Selection) ShareDeals(p Period, fn func(part int, d *DealState)) int {
	return shareBy(dealParcel, column.Blocks(s.b.deals.len()), func(part, first, last int) {
		s.walk(first, last, s.AsOf, p.From, func(d *DealState) bool { fn(part, d); return true })
	})
}

// ShareStanding is ShareDeals for all deals, as [Selection.Deals] has them.
func (s *Selection) ShareStanding(fn func(part int, d *DealState)) int {
	return shareBy(dealParcel, column.Blocks(s.b.deals.len()), func(part, first, last int) {
		s.walk(first, last, s.AsOf, store.NoDay, func(d *DealState) bool { fn(part, d); return true })
	})
}

// ShareTouches calls fn as [Selection.TouchBlocks] does, from several goroutines at once where there are many touches, each with a part number below
// [Parts]. It returns how many parts there were.
func (s *Selection) ShareTouches(p Period, fn func(part, k int, rows []int32)) int {
	return share(column.Blocks(s.b.touch.len()), func(part, first, last int) {
		s.touchBlocks(p, first, last, func(k int, rows []int32) bool { fn(part, k, rows); return true })
	})
}

// keepers are, by block of accounts, between whom their owners lie; free: somebody whom we do not know owns one of them.
type keepers struct {
	owner column.Zone[Code]
	free  []bool
}

type keepersKey struct{}

func (b *Book) keepers() *keepers {
	return Memo(b, keepersKey{}, func() *keepers {
		k := &keepers{free: make([]bool, column.Blocks(b.accounts.len()))}
		for i := range k.free {
			for j, o := range b.accounts.owner.Block(i) {
				if k.owner.Put(i<<column.Shift+j, o); !b.people.isLive(o) {
					k.free[i] = true
				}
			}
		}
		return k
	})
}

// ShareAccounts calls fn with ranges of account Codes that hold all that match (see [Selection.Account]), and others, from several goroutines at once where there are many. It
// returns how many parts there were. Accounts mostly lie in the order of their owners: a team's are few blocks.
func (s *Selection) ShareAccounts(fn func(part int, first, last Code)) int {
	b := s.b
	if s.nothing {
		return 0
	}
	if s.Node == 0 {
		return b.ShareAccounts(fn)
	}
	lo, hi := s.reps()
	k, n := b.keepers(), b.accounts.len()
	return share(len(k.free), func(part, first, last int) {
		for i := first; i < last; i++ {
			if k.free[i] || k.owner.Meets(i, lo, hi) {
				fn(part, Code(i<<column.Shift), Code(min((i+1)<<column.Shift, n)))
			}
		}
	})
}

// ShareAccounts calls fn with ranges of account Codes that together are all, from several goroutines at once where there are many. It returns how many parts
// there were.
func (b *Book) ShareAccounts(fn func(part int, first, last Code)) int {
	n := b.accounts.len()
	return share(column.Blocks(n), func(part, first, last int) { fn(part, Code(first<<column.Shift), Code(min(last<<column.Shift, n))) })
}
