package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/store"
	"flightdeck/store/syncer"
)

func (in *invocation) syncCommand() *cobra.Command {
	var once bool
	var accept []string
	c := &cobra.Command{
		Use:   "sync",
		Short: "Read the sources into the store",
		Long: "Without --once it stays in the foreground and reads every source by its schedule until it is interrupted.\n" +
			"It prints one line per source and run, words parted by single spaces; scripts may rely on their order, and new ones come before error:\n\n" +
			"  SOURCE STATE rows=N removed=N issues=N took=DURATION [error=\"…\"]\n\n" +
			"STATE is idle (finished), failed, waiting (told to come back later) or held (so much vanished that it was not removed: see --accept).\n" +
			"issues counts what could not be mapped; flightdeck issues SOURCE lists it. error is quoted like a Go or JSON string.\n" +
			"Exit status with --once: 0 when every source finished, 1 when one did not, 2 for bad usage or configuration.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.sync(cmd.Context(), once, accept) }),
	}
	c.Flags().BoolVar(&once, "once", false, "read every source once and exit")
	c.Flags().StringSliceVar(&accept, "accept", nil, "remove what this source no longer has, however much that is (after it was held)")
	_ = c.RegisterFlagCompletionFunc("accept", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		cfg, err := in.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, s := range cfg.Sources {
			names = append(names, string(s.ID))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func (in *invocation) sync(ctx context.Context, once bool, accept []string) (err error) {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	if len(cfg.Sources) == 0 {
		return usagef("no sources are configured; write a configuration with: flightdeck init folder > flightdeck.yaml")
	}
	w := wiring{}
	if once {
		w.tries = 3 // somebody waits for the answer
	}
	for _, name := range accept {
		known := false
		for _, s := range cfg.Sources {
			known = known || string(s.ID) == name
		}
		if !known {
			return usagef("--accept %q: the configuration has no such source", store.Clip(name, 40))
		}
		w.accept = append(w.accept, store.SourceID(name))
	}
	w.done = in.tellRun()
	a, err := in.open(ctx, cfg, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if !once {
		return a.engine.Run(ctx)
	}
	return report(a.once(ctx))
}

// tellRun prints one line per run as soon as it has ended: whoever waits for a slow source sees that the others are done.
func (in *invocation) tellRun() func(syncer.Result) {
	var mu sync.Mutex
	return func(r syncer.Result) {
		mu.Lock()
		defer mu.Unlock()
		say(in.stdout, "%s\n", line(r))
	}
}

// report fails when one source did.
func report(results []syncer.Result, err error) error {
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
	}
	if err != nil {
		return err
	}
	if failed > 0 {
		return quietError{fmt.Errorf("%d of %d sources did not finish", failed, len(results))}
	}
	return nil
}

// line is what sync prints of a run: words that scripts can cut, the error last.
func line(r syncer.Result) string {
	s := fmt.Sprintf("%s %s rows=%d removed=%d issues=%d took=%s", r.Source, r.State, r.Rows, r.Removed, r.Issues, r.Duration.Round(time.Millisecond))
	if r.Err != nil {
		s += " error=" + strconv.Quote(syncer.Explain(r.Err))
	}
	return s
}
