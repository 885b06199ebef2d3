package load

import (
	"context"
	"errors"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
	"flightdeck/tui/pane"
)

// Opened is a filled store with its Book, ready as a program is a few seconds after its start: what benchmarks measure one part of at a time.
type Opened struct {
	run  *run
	db   *bolt.DB
	live *analytics.Live
}

// Open opens the store in o.Dir, filling it with a company of o.Size first when it holds none; an o.Dir that an earlier load test filled is only read. It blocks until what is
// kept beside the Book is there.
func Open(ctx context.Context, o Options) (x *Opened, err error) {
	db, err := bolt.Open(o.Dir, bolt.Options{Version: o.Version})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	empty := false
	if err := db.View(ctx, func(s store.Snapshot) error { empty = s.Rev() == 0; return nil }); err != nil {
		return nil, err
	}
	if empty {
		var f Fill
		if f, err = fill(ctx, o.Dir, db, company.Config{Seed: o.Seed, Now: time.Now(), Source: Source, Size: o.Size}, func(string, ...any) {}); err != nil {
			return nil, err
		}
		if err := fold(ctx, db, &f); err != nil {
			return nil, err
		}
	}
	x = &Opened{run: &run{dir: o.Dir, o: o}, db: db, live: analytics.NewLive(db, db, analytics.Options{})}
	if err := x.live.Refresh(ctx); err != nil {
		return nil, err
	}
	x.run.ready(x.live)
	return x, nil
}

// Book returns the Book.
func (x *Opened) Book() *analytics.Book { return x.live.Book() }

// Keys presses keys on a pane at 160×48: opening it over drawn scopes, opening it after commits, which it makes, moving in it, turning pages, choosing periods. Each row ends after o.Budget.
func (x *Opened) Keys(ctx context.Context, kind pane.Kind) ([]Key, error) {
	return x.run.pressPane(ctx, opened{db: x.db, live: x.live}, kind, screens[1])
}

// Close closes the store.
func (x *Opened) Close() error { return x.db.Close() }
