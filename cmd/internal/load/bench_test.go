package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/tally"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
)

// The benchmarks read a folder that `flightdeck load-test --size full --store DIR` has filled, named by FLIGHTDECK_LOAD_STORE; without it they fill a small
// company of their own. They read only, but for keys after a commit, which they make.

// filled opens the store, ready as it is a few seconds after a start.
func filled(b *testing.B) (*run, *analytics.Book) {
	b.Helper()
	x := opening(b)
	b.Cleanup(func() { _ = x.Close() })
	return x.run, x.Book()
}

func opening(b *testing.B) *Opened {
	b.Helper()
	o := options(os.Getenv("FLIGHTDECK_LOAD_STORE"))
	if o.Dir == "" {
		o.Dir, o.Size = b.TempDir(), company.Demo
		o.Size.Deals, o.Size.Touches, o.Size.Sales, o.Size.Accounts = 20_000, 200_000, 200_000, 4_000
	}
	o.Budget = time.Hour
	x, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// BenchmarkQuestion is what a pane's question takes of the company and of a region, now and as of half a year ago, in the quarter and in the year, and of the company
// each time after a commit that brought something of everything, and as of a day that nobody asked about before.
func BenchmarkQuestion(b *testing.B) {
	_, book := filled(b)
	region := analytics.Scope{}
	for _, n := range book.Nodes() {
		if n.Kind == "region" {
			region.Node = n.ID
			break
		}
	}
	year, past := analytics.Scope{Period: book.Calendar().Year(book.Today(), 0)}, analytics.Scope{AsOf: book.Today() - 180}
	rng, commits, days := rand.New(rand.NewPCG(1, 78)), 0, 0 //nolint:gosec // not for secrets
	for i, q := range questions {
		s := newSampler(1, i, book)
		id := s.deal()
		if q.id != nil {
			id = q.id(s)
		}
		for _, sc := range []struct {
			name string
			s    analytics.Scope
		}{{"company", analytics.Scope{}}, {"company_year", year}, {"company_past", past}, {"region", region}, {"company_commit", analytics.Scope{}}, {"company_new_day", past}} {
			if q.id != nil && sc.name != "company" {
				continue
			}
			b.Run(strings.ReplaceAll(q.name, " ", "_")+"/"+sc.name, func(b *testing.B) {
				least, work := time.Hour, time.Duration(0)
				for b.Loop() {
					b.StopTimer()
					d := &store.Delta{Rev: book.Rev() + 1} // the answers that were given before stay behind
					switch sc.name {
					case "company_commit":
						commits++
						d.Records = change(rng, book, commits, time.Now()).Records
					case "company_new_day": // that nobody asked about
						days++
						sc.s.AsOf = book.Today() - 20 - analytics.Day(days*67%600)
					}
					next, err := book.Advance(d)
					if err != nil {
						b.Fatal(err)
					}
					book = next
					b.StartTimer()
					at, before := time.Now(), cpu()
					q.ask(book, sc.s, id)
					least = min(least, time.Since(at))
					work += cpu() - before
				}
				b.ReportMetric(millis(least), "least-ms")
				b.ReportMetric(millis(work)/float64(b.N), "cpu-ms")
			})
		}
	}
}

// BenchmarkStart_File is the way from a folder to the funnel's first frame.
func BenchmarkStart_File(b *testing.B) {
	x := opening(b)
	r := x.run
	if err := x.Close(); err != nil { // a folder is one process's, and one opening's
		b.Fatal(err)
	}
	for b.Loop() {
		ctx, end := context.WithCancel(b.Context())
		o, s, err := r.open(ctx)
		end()
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer() // what a start leaves running is not to run beside the next one
		o.live.Book().Settle()
		runtime.GC()
		b.StartTimer()
		b.ReportMetric(s.Open, "open-ms")
		b.ReportMetric(s.Book, "book-ms")
		b.ReportMetric(s.Frame, "frame-ms")
		if err := o.db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublish_Delta is what a commit of a second or two (a few deals moved on, a dozen touches) costs from its records to the Book that everybody sees.
func BenchmarkPublish_Delta(b *testing.B) {
	_, book := filled(b)
	rng := rand.New(rand.NewPCG(1, 77)) //nolint:gosec // not for secrets
	at := time.Now().UTC()
	for i := 0; b.Loop(); i++ {
		batch := change(rng, book, i, at)
		next, err := book.Advance(&store.Delta{Rev: book.Rev() + 1, Records: batch.Records})
		if err != nil {
			b.Fatal(err)
		}
		book = next
	}
}

// BenchmarkIngest_LogAndFold is the way from records to the log, and from there into chunks. What comes before, from a page of JSON to records, is
// BenchmarkFirstLoad_Deals of store/source/rest.
func BenchmarkIngest_LogAndFold(b *testing.B) {
	size := company.Demo
	size.Deals, size.Touches, size.Sales, size.Accounts = 10_000, 100_000, 100_000, 2_000
	for b.Loop() {
		dir := b.TempDir()
		db, err := bolt.Open(dir, bolt.Options{Version: "test"})
		if err != nil {
			b.Fatal(err)
		}
		f, err := fill(b.Context(), dir, db, company.Config{Seed: 7, Now: time.Now(), Source: Source, Size: size}, func(string, ...any) {})
		if err == nil {
			err = fold(b.Context(), db, &f)
		}
		if err = errors.Join(err, db.Close()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(f.Records)/f.Apply, "logged-rows/s")
		b.ReportMetric(float64(f.Records)/f.Folded, "folded-rows/s")
	}
}

// BenchmarkGroupBy_Stream counts all touches by topic and channel and, in the same run, reads as many bytes as that takes (the two columns, the minutes and the day) straight
// through on all processors: share is what part of the machine's stream read the count reaches. Of both the least time counts, since others may use the machine.
func BenchmarkGroupBy_Stream(b *testing.B) {
	_, book := filled(b)
	const width = 4 + 1 + 4 + 4
	stream := make([]uint64, book.Touches().Len()*width/8)
	for i := range stream {
		stream[i] = uint64(i)
	}
	ours, machine := time.Hour, time.Hour
	for b.Loop() {
		at := time.Now()
		a := tally.Of(book, analytics.Scope{}, [2]tally.By{tally.Topic, tally.Channel})
		ours = min(ours, time.Since(at))
		if len(a.Rows) == 0 {
			b.Fatal("nothing was counted")
		}
		at = time.Now()
		sums := make([]uint64, runtime.GOMAXPROCS(0))
		var wg sync.WaitGroup
		for part := range sums {
			wg.Go(func() {
				n := len(stream) / len(sums)
				var s0, s1, s2, s3 uint64
				for v := stream[part*n : (part+1)*n]; len(v) >= 4; v = v[4:] {
					s0, s1, s2, s3 = s0+v[0], s1+v[1], s2+v[2], s3+v[3]
				}
				sums[part] = s0 + s1 + s2 + s3
			})
		}
		wg.Wait()
		machine = min(machine, time.Since(at))
		if sums[0] == 0 {
			b.Fatal("nothing was read")
		}
	}
	b.ReportMetric(float64(len(stream)*8)/machine.Seconds()/1e9, "stream-GB/s")
	b.ReportMetric(float64(ours)/float64(book.Touches().Len()), "ns/row")
	b.ReportMetric(machine.Seconds()/ours.Seconds(), "share")
}
