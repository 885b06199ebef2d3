package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
)

// Source stands before every ID that a load test writes.
const Source store.SourceID = "load"

// stream is where the store remembers what it was filled with.
const stream store.Stream = "fill"

// Fill is how the store was filled.
type Fill struct {
	Reused  bool    `json:"reused"` // the store held it already: nothing was written, and the figures below are of what it holds
	Records int     `json:"records,omitempty"`
	Commits int     `json:"commits,omitempty"`
	Largest int     `json:"largest_batch,omitempty"` // records in one commit
	Seconds float64 `json:"seconds,omitempty"`
	Apply   float64 `json:"apply_seconds,omitempty"` // of them, in Writer.Apply; the rest is the generator's
	Rate    float64 `json:"rows_per_second,omitempty"`
	File    int64   `json:"file_bytes"`
	Peak    int64   `json:"peak_resident_bytes,omitempty"` // while filling and folding; 0 unknown
	Folded  float64 `json:"folded_seconds,omitempty"`      // reading the records once and folding the Book into chunks; 0: that had been done
}

// OccupiedError is a store that holds something else.
type OccupiedError struct{ Dir, Holds, Want string }

// Error implements error.
func (e *OccupiedError) Error() string {
	if e.Holds == "" {
		return fmt.Sprintf("fill %s: it holds other data; choose an empty folder with --store, or leave it out for a temporary one", e.Dir)
	}
	return fmt.Sprintf("fill %s: it was filled with %s, not %s; ask for that, or choose an empty folder", e.Dir, e.Holds, e.Want)
}

// label names a company's contents but for the moment it was made.
func label(seed uint64, s company.Size) string {
	return fmt.Sprintf("seed %d, %d regions, %d teams, %d reps, %d accounts, %d deals, %d touches, %d sales, %d quarters, %d months",
		seed, s.Regions, s.Teams, s.Reps, s.Accounts, s.Deals, s.Touches, s.Sales, s.Quarters, s.Months)
}

// peak notes what is resident now, if it was never more.
func (f *Fill) peak() {
	all, _ := resident()
	f.Peak = max(f.Peak, all)
}

// fill writes the company into db, which is in dir, block by block as the generator makes it. A store that holds it already is left alone; a fill that was
// interrupted is begun anew: what is there already changes nothing.
func fill(ctx context.Context, dir string, db *bolt.DB, c company.Config, tell func(string, ...any)) (Fill, error) {
	want := label(c.Seed, c.Size)
	holds, err := db.Cursor(ctx, Source, stream)
	if err != nil {
		return Fill{}, err
	}
	var rev store.Rev
	if err := db.View(ctx, func(s store.Snapshot) error { rev = s.Rev(); return nil }); err != nil {
		return Fill{}, err
	}
	const partly = "part of "
	switch {
	case string(holds) == want:
		size, err := fileSize(dir)
		return Fill{Reused: true, File: size}, err
	case holds == "" && rev != 0, holds != "" && string(holds) != partly+want:
		return Fill{}, &OccupiedError{dir, string(holds), want}
	}
	var f Fill
	start, said := time.Now(), time.Now()
	apply := func(b *store.Batch) error {
		t := time.Now()
		_, err := db.Apply(ctx, b)
		f.Apply += time.Since(t).Seconds()
		f.Commits++
		f.Records += b.Len()
		f.Largest = max(f.Largest, b.Len())
		f.peak()
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			tell("fill: %d records, %.0f/s", f.Records, float64(f.Records)/time.Since(start).Seconds())
		}
		return err
	}
	org := company.Org()
	if err := apply(&store.Batch{Source: Source, Stream: stream, Next: store.Cursor(partly + want), Records: store.Records{Org: &org}}); err != nil {
		return f, err
	}
	err = company.Generate(c, func(r *store.Records) error {
		return apply(&store.Batch{Source: Source, Stream: stream, Next: store.Cursor(partly + want), Seen: c.Now, Records: *r})
	})
	if err != nil {
		return f, fmt.Errorf("fill %s: %w", dir, err)
	}
	good := c.Now.Add(-3 * time.Hour) // an age told in hours: the frames do not change with every minute
	err = apply(&store.Batch{Source: Source, Stream: stream, Next: store.Cursor(want), Records: store.Records{Statuses: []store.SourceStatus{{
		Source: Source, Kind: "load-test", Stream: stream, Records: f.Records, Started: good, Finished: good, Good: good,
	}}}})
	if err != nil {
		return f, err
	}
	f.Seconds = time.Since(start).Seconds()
	f.Rate = float64(f.Records) / f.Seconds
	f.File, err = fileSize(dir)
	return f, err
}

// fold does what the owner of a store does when a first load has ended: it reads the records once and folds the Book, unless it is folded.
func fold(ctx context.Context, db *bolt.DB, f *Fill) error {
	if _, err := db.Chunks(ctx, analytics.Format); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(40)) // room counts here, not time
	start := time.Now()
	live := analytics.NewLive(db, db, analytics.Options{})
	if err := live.Refresh(ctx); err != nil {
		return err
	}
	if err := live.Fold(ctx); err != nil {
		return err
	}
	f.Folded = time.Since(start).Seconds()
	f.peak()
	return nil
}

// files lists what the store in dir is made of: the file and the chunks.
func files(dir string) ([]string, error) {
	chunks, err := filepath.Glob(filepath.Join(dir, bolt.Folder, "*"))
	return append(chunks, filepath.Join(dir, bolt.File)), err
}

func fileSize(dir string) (size int64, err error) {
	all, err := files(dir)
	for _, path := range all {
		info, fault := os.Stat(path)
		if fault != nil {
			return 0, errors.Join(err, fault)
		}
		size += info.Size()
	}
	return size, err
}
