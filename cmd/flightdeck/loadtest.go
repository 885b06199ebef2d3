package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/log/v2"
	"github.com/spf13/cobra"

	"flightdeck/analytics"
	"flightdeck/analytics/landing"
	"flightdeck/cmd/internal/config"
	"flightdeck/cmd/internal/load"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

func (in *invocation) loadTestCommand() *cobra.Command {
	var (
		size    string
		s       company.Size
		o       load.Options
		seconds float64
		asJSON  bool
		inside  bool
		on      []string
	)
	sizes := map[string]company.Size{"demo": company.Demo, "small": load.Small, "full": company.Full}
	c := &cobra.Command{
		Use:   "load-test",
		Short: "Fill a store of any size and measure what people would feel of it",
		Long: "A synthetic company is written through the real write path into an empty folder (--store; a temporary one without it), then start-up, every pane's\n" +
			"question, keys, publication while questions run, simulated sessions and real SSH sessions are measured. A folder that an earlier load test\n" +
			"filled with the same company is used as it is. full needs 40 GB of disk, 16 GB of memory and a quarter of an hour.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error {
			base, ok := sizes[size]
			if !ok {
				return usagef("--size %q: want demo, small or full", size)
			}
			o.Size = sized(base, s)
			if err := o.Size.Valid(); err != nil {
				return usageError{err}
			}
			if seconds <= 0 || o.Sessions < 0 || o.SSH < 0 || o.Scopes < 1 {
				return usagef("--seconds, --scopes: want more than 0; --sessions, --ssh: want 0 or more")
			}
			for _, word := range on {
				k, err := pane.ParseKind(word)
				if err != nil {
					return usagef("--ssh-panes: %w", err)
				}
				o.On = append(o.On, k)
			}
			o.Time = time.Duration(seconds * float64(time.Second))
			if exe, err := os.Executable(); err == nil && !inside {
				o.Clients = []string{exe, "load-test", "clients"}
			}
			return in.loadTest(cmd.Context(), o, asJSON)
		}),
	}
	f := c.Flags()
	f.StringVar(&size, "size", "demo", "`SIZE` of the company: demo (4,000 deals), small (100,000 deals, 2 million touches) or full (1 million, 20 million)")
	f.IntVar(&s.Deals, "deals", 0, "this many deals (`N`) instead of the size's")
	f.IntVar(&s.Touches, "touches", 0, "this many touches (`N`)")
	f.IntVar(&s.Sales, "sales", 0, "this many sales lines (`N`)")
	f.IntVar(&s.Accounts, "accounts", 0, "this many accounts (`N`)")
	f.IntVar(&s.Reps, "reps", 0, "this many reps (`N`)")
	f.IntVar(&s.Teams, "teams", 0, "this many teams (`N`)")
	f.IntVar(&s.Regions, "regions", 0, "this many regions (`N`)")
	f.Uint64Var(&o.Seed, "seed", demoSeed, "`SEED` of the company and of all that is asked")
	f.IntVar(&o.Scopes, "scopes", 200, "ask each question of up to `N` scopes")
	f.IntVar(&o.Sessions, "sessions", 200, "simulate `N` sessions that ask a question a second")
	f.IntVar(&o.SSH, "ssh", 0, "open `N` real SSH sessions on one server, each pressing a key a second")
	f.StringSliceVar(&on, "ssh-panes", nil, "where those are: `PANES`, such as funnel,heatmap,migration,forecast,deals,accounts,touches (default: all of these)")
	f.Float64Var(&seconds, "seconds", 10, "how many `SECONDS` each part lasts that goes on for a while")
	f.BoolVar(&o.Only, "only-sessions", false, "leave out start-up, questions, keys and publication")
	f.StringVar(&o.Profile, "cpu-profile", "", "write a CPU profile of all but the filling to `FILE`, for go tool pprof")
	f.BoolVar(&asJSON, "json", false, "print the figures as JSON")
	f.BoolVar(&inside, "clients-inside", false, "run the SSH clients in this process")
	c.AddCommand(&cobra.Command{Use: "clients", Hidden: true, Args: cobra.NoArgs, RunE: in.do(func(*cobra.Command, []string) error {
		return load.ServeClients(in.stdin, in.stdout)
	})})
	return c
}

// sized puts what was asked for in place of a size's own figures.
func sized(s, with company.Size) company.Size {
	for _, f := range []struct{ to, from *int }{
		{&s.Regions, &with.Regions}, {&s.Teams, &with.Teams}, {&s.Reps, &with.Reps}, {&s.Accounts, &with.Accounts}, {&s.Deals, &with.Deals},
		{&s.Touches, &with.Touches}, {&s.Sales, &with.Sales},
	} {
		if *f.from != 0 {
			*f.to = *f.from
		}
	}
	return s
}

func (in *invocation) loadTest(ctx context.Context, o load.Options, asJSON bool) error {
	cfg := demoConfig(in)
	log.SetOutput(io.Discard) // the SSH library's own logger
	o.Dir, o.Version, o.Panes, o.Locale = in.storeDir, version(), panes, in.locale(cfg)
	o.Screen = func(ctx context.Context, db *bolt.DB, live *analytics.Live) (func(sshd.Session) tea.Model, func()) {
		return in.screens(ctx, cfg, db, live)
	}
	o.Tell = func(format string, args ...any) { _, _ = fmt.Fprintf(in.stderr, format+"\n", args...) }
	thrifty()
	rep, err := load.Run(ctx, o)
	var occupied *load.OccupiedError
	if errors.As(err, &occupied) {
		return usageError{err}
	}
	if err != nil && rep.Fill.File == 0 {
		return err
	}
	if asJSON {
		e := json.NewEncoder(in.stdout)
		e.SetIndent("", "  ")
		return errors.Join(e.Encode(rep), err)
	}
	for _, s := range rep.Sections(o.Locale) {
		if s.Title != "" {
			_, _ = fmt.Fprintln(in.stdout, "\n# "+s.Title)
		}
		if len(s.Notes) > 0 {
			_, _ = fmt.Fprintln(in.stdout, strings.Join(s.Notes, "\n"))
		}
		if len(s.Rows) > 0 {
			err = errors.Join(err, sheet{head: s.Head, right: s.Right, rows: s.Rows}.print(in.stdout))
		}
	}
	return err
}

// screens makes the screens that serve would show, over a store that is open already and that no source fills.
func (in *invocation) screens(ctx context.Context, cfg *config.Config, db *bolt.DB, live *analytics.Live) (func(sshd.Session) tea.Model, func()) {
	h := &host{app: &app{cfg: cfg, db: db, live: live, landing: landing.NewLive(live, nil)}, in: in, log: slog.New(slog.DiscardHandler), ready: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	close(h.ready)
	var learning sync.WaitGroup
	following, stop := context.WithCancel(ctx)
	learning.Go(func() { _ = h.app.landing.Run(following) }) // ends with nil
	_, _ = h.app.landing.At(ctx, live.Book(), 0)             // serve has learned before two hundred come
	return h.remote, func() {
		stop()
		learning.Wait()
		_ = h.stop()
	}
}
