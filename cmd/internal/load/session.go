package load

import (
	"context"
	"sync"
	"time"

	"flightdeck/analytics"
)

// Sessions is N people who each ask one question a second of their own part of the organisation, without screens.
type Sessions struct {
	N       int     `json:"n"`
	Seconds float64 `json:"seconds"`
	Time    Spread  `json:"time"` // from when the question was due
	CPU     Work    `json:"cpu"`
	Memory  Memory  `json:"memory"`
}

func (r *run) sessions(ctx context.Context, live *analytics.Live, n int, d time.Duration) Sessions {
	var (
		mu  sync.Mutex
		all []time.Duration
		wg  sync.WaitGroup
	)
	work, start := working(), time.Now()
	for i := range n {
		wg.Go(func() {
			s := newSampler(r.o.Seed, 1000+i, live.Book())
			root := s.node()
			own := make([]time.Duration, 0, int(d/time.Second)+1)
			due := start.Add(time.Duration(s.rng.Int64N(int64(time.Second)))) // people do not press keys in step
			for ; due.Before(start.Add(d)) && ctx.Err() == nil; due = due.Add(time.Second) {
				time.Sleep(time.Until(due))
				s.any(live.Book(), root)
				own = append(own, time.Since(due))
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return Sessions{N: n, Seconds: time.Since(start).Seconds(), Time: spread(all), CPU: work(), Memory: memory()}
}
