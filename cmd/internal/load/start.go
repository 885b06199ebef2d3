package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"flightdeck/analytics"
	"flightdeck/store/bolt"
	"flightdeck/tui/layout"
	"flightdeck/tui/pane"
)

// Start is the way from nothing to the first frame with figures (the funnel of the whole company at 80×24), in milliseconds; of several, the
// median by its total.
type Start struct {
	Open  float64 `json:"open_ms"`
	Book  float64 `json:"book_ms"`
	Frame float64 `json:"frame_ms"`
	Total float64 `json:"total_ms"`
	Runs  int     `json:"runs"`
	// Cached is the share of the file that was still in the system's page cache before a cold start; -1: not known. A start is cold only at 0.
	Cached float64 `json:"cached_share,omitempty"`
	Note   string  `json:"note,omitempty"` // why it was not cold
}

// opened is a store with its Book.
type opened struct {
	db   *bolt.DB
	live *analytics.Live
}

func (r *run) open(ctx context.Context) (o opened, s Start, err error) {
	began := time.Now()
	if o.db, err = bolt.Open(r.dir, bolt.Options{Version: r.o.Version}); err != nil {
		return o, s, err
	}
	at := time.Now()
	s.Open = millis(at.Sub(began))
	o.live = analytics.NewLive(o.db, o.db, analytics.Options{})
	if err = o.live.Refresh(ctx); err != nil {
		_ = o.db.Close()
		return o, s, err
	}
	s.Book = millis(time.Since(at))
	at = time.Now()
	r.asked = pane.Asked{} // a new process knows no Book before: the frame is to wait for the answer
	sc, err := r.newScreen(o.live.Book, nil, layout.Size{W: 80, H: 24})
	if err != nil {
		_ = o.db.Close()
		return o, s, err
	}
	defer sc.close()
	s.Frame = millis(sc.opened.answer)
	s.Total = s.Frame + millis(at.Sub(began))
	return o, s, nil
}

// starts measures n starts; cold ones with the file dropped from the page cache.
func (r *run) starts(ctx context.Context, n int, cold bool) (Start, error) {
	var all []Start
	note, cached := "", 0.
	for range n {
		runtime.GC()
		if cold {
			all, err := files(r.dir)
			left := 0.
			for _, path := range all {
				share, fault := forget(path)
				left, err = max(left, share), errors.Join(err, fault)
			}
			cached = max(cached, left)
			switch {
			case err != nil:
				note, cached = err.Error(), -1
			case left > 0:
				note = fmt.Sprintf("the system kept %.0f %% of the file in its cache", 100*left)
			}
		}
		one, end := context.WithCancel(ctx)
		o, s, err := r.open(one)
		end()
		if err != nil {
			return s, err
		}
		o.live.Book().Settle() // what a start leaves running is not to run beside the next one: a real start has the machine to itself
		if err := o.db.Close(); err != nil {
			return s, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Start) int { return int(1e3 * (a.Total - b.Total)) })
	s := all[(len(all)-1)/2]
	s.Runs, s.Note, s.Cached = n, note, cached
	return s, nil
}
