package bolt

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/storetest"
)

// BenchmarkView_BesideWork guards that nobody who reads waits for a fold or a compaction: how long a short view takes (what was committed last, as screens follow
// it) while commits, a fold and a compaction of a store of some hundred MB run beside it, against the same views with nothing beside them. A core that is
// shared with the work is part of what is measured; "commits" alone says how much.
func BenchmarkView_BesideWork(b *testing.B) {
	d := open(b, b.TempDir(), Options{})
	for n := range 40 {
		storetest.Apply(b, d, benchBatch(n))
	}
	view := func() {
		if err := d.View(b.Context(), func(s store.Snapshot) error { return s.Since(s.Rev()-1, func(*store.Delta) error { return nil }) }); err != nil {
			b.Error(err)
		}
	}
	// Views come every half millisecond, as those of many screens would; a view that waits delays none of the others.
	measure := func(work func(context.Context)) (all []time.Duration) {
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			work(ctx)
		}()
		var mu sync.Mutex
		var wg sync.WaitGroup
		tick := time.NewTicker(500 * time.Microsecond)
		defer tick.Stop()
		for more := true; more; {
			select {
			case <-ended:
				more = false
			case <-tick.C:
				wg.Go(func() {
					begun := time.Now()
					view()
					mu.Lock()
					all = append(all, time.Since(begun))
					mu.Unlock()
				})
			}
		}
		stop()
		wg.Wait()
		slices.Sort(all)
		return all
	}
	page := 0
	commit := func(ctx context.Context, n int) {
		small := storetest.Batch("crm", "x", store.Cursor(fmt.Sprint(page, n)), store.Records{})
		for i := range 200 {
			small.Touches = append(small.Touches, storetest.Touch(store.MakeID("crm", fmt.Sprintf("%d-%d-%d", page, n, i))))
		}
		if _, err := d.Apply(ctx, small); err != nil && ctx.Err() == nil {
			b.Error(err)
		}
	}
	commits := func(ctx context.Context) {
		page++
		for n := 0; ctx.Err() == nil; n++ {
			commit(ctx, n)
		}
	}
	commit(b.Context(), 0)
	beside := func(work func(context.Context) error) func(context.Context) {
		return func(ctx context.Context) {
			ctx, stop := context.WithCancel(ctx)
			var wg sync.WaitGroup
			wg.Go(func() { commits(ctx) })
			if err := work(ctx); err != nil {
				b.Error(err)
			}
			stop()
			wg.Wait()
		}
	}
	pause := func(ctx context.Context) error { time.Sleep(2 * time.Second); return nil }
	chunk := make([]byte, 8<<20)
	folds := 0
	works := []struct {
		name string
		run  func(context.Context)
	}{
		{"idle", func(ctx context.Context) { _ = pause(ctx) }},
		{"commits", beside(pause)},
		{"fold", beside(func(ctx context.Context) error {
			rev := store.Rev(0)
			if err := d.View(ctx, func(s store.Snapshot) error { rev = s.Rev(); return nil }); err != nil {
				return err
			}
			f := store.Fold{Rev: rev, Format: fmt.Sprint(folds)}
			for i := range 40 {
				f.Chunks = append(f.Chunks, store.Chunk{Name: fmt.Sprint(i), Data: [][]byte{chunk}})
			}
			folds++
			return d.Fold(ctx, f)
		})},
		{"compaction", beside(func(ctx context.Context) error { _, err := d.Compact(ctx); return err })},
	}
	for b.Loop() {
		var idle time.Duration
		for _, w := range works {
			all := measure(w.run)
			at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))] }
			if w.name == "idle" {
				idle = at(0.99)
			}
			for what, v := range map[string]time.Duration{"p50": at(0.5), "p99": at(0.99), "max": at(1)} {
				b.ReportMetric(float64(v.Microseconds())/1000, w.name+"-"+what+"-ms")
			}
			b.ReportMetric(float64(at(0.99))/float64(idle), w.name+"-p99/idle")
		}
	}
	b.ReportMetric(0, "ns/op")
}
