package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
)

// Publish is what commits cost while questions run.
type Publish struct {
	Commits int    `json:"commits"`
	Records int    `json:"records"`
	Apply   Spread `json:"apply"`   // the durable commit
	Advance Spread `json:"advance"` // from there to a Book that everybody sees, asked for at once
	// Visible is from a commit to the Book that shows it, by the follower, which publishes at most every analytics.Pause.
	Visible Spread `json:"visible"`
	Quiet   Spread `json:"question_quiet"`  // questions with nothing else going on
	During  Spread `json:"question_during"` // the same mix while commits come
}

// change makes the batch of one commit: a few deals moved on, a dozen touches, some sales lines, a customer graded anew, as a sync of a second or two brings them.
func change(rng *rand.Rand, b *analytics.Book, n int, at time.Time) *store.Batch {
	out := &store.Batch{Source: Source, Seen: at, Track: store.FieldsOf(store.FieldStage, store.FieldAmount, store.FieldClose)}
	if b.Deals() == 0 || b.Accounts() == 0 {
		return out
	}
	stages := b.Stages()
	for range 3 {
		d := b.Deal(analytics.Code(rng.IntN(b.Deals())))
		if d.ID == "" {
			continue
		}
		switch rng.IntN(3) {
		case 0:
			d.Stage = b.Stage(stages[rng.IntN(len(stages))]).ID
		case 1:
			d.Amount.Minor += d.Amount.Minor/20 + 100
		default:
			d.Close += analytics.Day(1 + rng.IntN(30))
		}
		d.Modified = at
		out.Deals = append(out.Deals, d)
	}
	for i := range 12 {
		a := b.Account(analytics.Code(rng.IntN(b.Accounts())))
		out.Touches = append(out.Touches, store.Touch{
			ID: store.MakeID(Source, fmt.Sprintf("live%d.%d.%d", at.UnixMilli(), n, i)), Account: a.ID, Rep: a.Owner, At: at, Seen: at, Logged: at, Minutes: 20,
			Channel: store.ChannelCall, Topic: "load test",
		})
	}
	id := func(kind string, i int) store.ID {
		return store.MakeID(Source, fmt.Sprintf("%s%d.%d.%d", kind, at.UnixMilli(), n, i))
	}
	for i := range 4 {
		c := analytics.Code(rng.IntN(b.Accounts()))
		for _, last := range b.Sales(c) { // again what the customer bought before
			s := *last
			s.ID, s.Day = id("sale", i), store.DayOf(at, b.Location())
			out.Sales = append(out.Sales, s)
			break
		}
	}
	if names := b.GradeNames(); len(names) > 0 {
		c := analytics.Code(rng.IntN(b.Accounts()))
		out.Grades = append(out.Grades, store.GradeChange{ID: id("grade", 0), Account: b.AccountID(c), From: b.GradeAt(c, b.Today()), To: names[rng.IntN(len(names))], At: at, Seen: at, Cause: "load test"})
	}
	return out
}

// publish commits four times a second for the time given while two people ask without a pause.
func (r *run) publish(ctx context.Context, o opened, d time.Duration) (p Publish, err error) {
	rng := rand.New(rand.NewPCG(r.o.Seed, 77)) //nolint:gosec // not for secrets
	var apply, advance []time.Duration
	commit := func(i int) (store.Rev, time.Time, error) {
		b := change(rng, o.live.Book(), i, time.Now().UTC())
		t := time.Now()
		rev, err := o.db.Apply(ctx, b)
		end := time.Now()
		apply = append(apply, end.Sub(t))
		p.Commits++
		p.Records += b.Len()
		return rev, end, err
	}
	for i := range 20 {
		_, t, err := commit(i)
		if err != nil {
			return p, err
		}
		if err := o.live.Refresh(ctx); err != nil {
			return p, err
		}
		advance = append(advance, time.Since(t))
	}
	p.Quiet = spread(r.askFor(ctx, o.live, d/2, 2))

	follow, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	var ended error
	wait.Go(func() { ended = o.live.Run(follow) })
	type done struct {
		rev store.Rev
		at  time.Time
	}
	var (
		mu      sync.Mutex
		waiting []done
		visible []time.Duration
	)
	seen := o.live.Subscribe(follow)
	wait.Go(func() {
		for rev := range seen {
			now := time.Now()
			mu.Lock()
			i := 0
			for ; i < len(waiting) && waiting[i].rev <= rev; i++ {
				visible = append(visible, max(0, now.Sub(waiting[i].at)))
			}
			waiting = waiting[i:]
			mu.Unlock()
		}
	})
	var failed error
	wait.Go(func() {
		tick := time.NewTicker(time.Second / 4)
		defer tick.Stop()
		end := time.Now().Add(d)
		for i := 1000; time.Now().Before(end); i++ {
			mu.Lock() // a Book may show a commit before Apply has returned
			rev, at, err := commit(i)
			if err != nil {
				failed = err
				mu.Unlock()
				return
			}
			waiting = append(waiting, done{rev, at})
			mu.Unlock()
			select {
			case <-tick.C:
			case <-follow.Done():
				return
			}
		}
	})
	p.During = spread(r.askFor(ctx, o.live, d, 2))
	time.Sleep(2 * analytics.Pause) // the last one's turn
	stop()
	wait.Wait()
	p.Apply, p.Advance, p.Visible = spread(apply), spread(advance), spread(visible)
	if failed == nil {
		failed = ended
	}
	return p, failed
}

// askFor has n people ask without a pause.
func (r *run) askFor(ctx context.Context, live *analytics.Live, d time.Duration, n int) []time.Duration {
	var (
		mu  sync.Mutex
		all []time.Duration
		wg  sync.WaitGroup
	)
	end := time.Now().Add(d)
	for i := range n {
		wg.Go(func() {
			s := newSampler(r.o.Seed, 200+i, live.Book())
			var own []time.Duration
			for time.Now().Before(end) && ctx.Err() == nil {
				t := time.Now()
				s.any(live.Book(), "")
				own = append(own, time.Since(t))
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return all
}
