package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"flightdeck/store/company"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "flightdeck-bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir := flag.String("dir", filepath.Join(os.TempDir(), "flightdeck-bench"), "where built databases are kept")
	size := flag.String("size", "full", "demo, small or full")
	peers := flag.String("peers", "duckdb,sqlite,postgres", "against whom")
	only := flag.String("only", "", "questions, separated by commas; empty: all")
	budget := flag.Duration("budget", 400*time.Millisecond, "how long each peer may be asked each question")
	rounds := flag.Int("rounds", 25, "how often at most")
	flag.Parse()
	s, ok := sizes[*size]
	if !ok || flag.NArg() > 0 {
		return fmt.Errorf("size %q, arguments %q: want -size demo, small or full and nothing after the flags", *size, flag.Args())
	}
	home, err := filepath.Abs(filepath.Join(*dir, *size))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	fmt.Printf("# %s: %d deals, %d touches, %d sales lines; seed %d, %s; %d CPUs, %s\n", *size, s.Deals, s.Touches, s.Sales, seed, today, runtime.NumCPU(), runtime.Version())
	if err := enough(s); err != nil {
		return err
	}
	t := time.Now()
	o, sum, err := build(home, s)
	if err != nil {
		return err
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("# %s in %.1f s, generation included; %.1f GB of heap; the databases hold %s\n", o, time.Since(t).Seconds(), float64(m.HeapAlloc)/1e9, sum)

	all := []peer{o}
	defer func() {
		for _, p := range all {
			err = errors.Join(err, p.close())
		}
	}()
	for name := range strings.SplitSeq(*peers, ",") {
		openers := map[string]func(context.Context, string, company.Size, *dims, built) (peer, error){"duckdb": openDuckDB, "sqlite": openSQLite, "postgres": openPostgres}
		f, ok := openers[name]
		if !ok {
			return fmt.Errorf("peer %q: want duckdb, sqlite or postgres", name)
		}
		t := time.Now()
		p, err := f(ctx, home, s, o.d, built{Size: s, Rows: sum.String()})
		if errors.Is(err, errNoPostgres) {
			fmt.Printf("# postgres left out: %v\n", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("open %s: %w", name, err)
		}
		all = append(all, p)
		fmt.Printf("# %s ready in %.1f s\n", name, time.Since(t).Seconds())
	}
	debug.FreeOSMemory() // what loading held
	fmt.Printf("# load average %s\n", load())

	asked := slices.DeleteFunc(slices.Clone(questions), func(q question) bool {
		return *only != "" && !slices.Contains(strings.Split(*only, ","), q.name)
	})
	if len(asked) == 0 {
		return fmt.Errorf("questions %q: none of them exists", *only)
	}
	setsOf := func(i int) []params { return asked[i].sets(o.d, rand.New(rand.NewPCG(seed, uint64(i)))) }
	for i := range asked { // as the program does once it has opened its store: what a Book keeps is made beside, and would be made while we measure
		if _, err := o.ask(&asked[i], &setsOf(i)[0]); err != nil {
			return err
		}
	}
	o.b.Settle()
	var results []result
	for i := range asked {
		q, sets := &asked[i], setsOf(i)
		first, err := agree(q, sets, all)
		if err != nil {
			return err
		}
		r, err := measure(q, sets, all, first, *budget, *rounds)
		if err != nil {
			return err
		}
		results = append(results, r)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Printf("# load average %s, of which 1 is ours\n", load())
	fmt.Print(report(all, results))
	return nil
}

// load is the machine's load average, to judge how quiet it was.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
