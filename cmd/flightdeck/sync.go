package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

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
			"  SOURCE STATE rows=N removed=N issues=N took=DURATION requests=N [note=\"…\"] [error=\"…\"]\n\n" +
			"STATE is idle (finished), failed, waiting (told to come back later), held (so much vanished that it was not removed: accept or refuse it) or\n" +
			"paused (by a person: it was not asked). issues counts what could not be mapped; flightdeck issues SOURCE lists it. note is what one should know though\n" +
			"nothing failed, such as that a stream was read anew. note and error are quoted like Go or JSON strings.\n" +
			"With --once the progress goes to standard error: a line that changes on a terminal, else one every ten seconds.\n" +
			"Exit status with --once: 0 when every source finished or is paused, 1 when one did not, 2 for bad usage or configuration.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.sync(cmd.Context(), once, accept) }),
	}
	c.AddCommand(in.orderCommands()...)
	if in.owner != nil {
		c.RunE = in.do(func(*cobra.Command, []string) error {
			return usagef("this process reads the sources already; want one of pull, pause, resume, resync, accept, refuse, such as: sync pull SOURCE")
		})
		return c
	}
	c.Flags().BoolVar(&once, "once", false, "read every source once and exit")
	c.Flags().StringSliceVar(&accept, "accept", nil, "SOURCE or SOURCE/STREAM: remove what it no longer has, however much that is (after it was held)")
	_ = c.RegisterFlagCompletionFunc("accept", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return in.sourceNames(), cobra.ShellCompDirectiveNoFileComp
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
		t, err := target(cfg, name)
		if err != nil {
			return fmt.Errorf("--accept: %w", err)
		}
		w.accept = append(w.accept, t)
	}
	if once {
		p := in.progress()
		defer p.stop()
		w.done, w.progress = in.tellRun(p), p.page
	} else {
		w.done = in.tellRun(nil)
	}
	a, err := in.open(ctx, cfg, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if once {
		return report(a.once(ctx))
	}
	h := in.host(ctx, a, slog.New(slog.DiscardHandler)) // with its Book and its socket: questions and orders are answered meanwhile
	<-h.ctx.Done()
	return h.stop()
}

// tellRun prints one line per run as soon as it has ended: whoever waits for a slow source sees that the others are done.
func (in *invocation) tellRun(p *progress) func(syncer.Result) {
	var mu sync.Mutex
	return func(r syncer.Result) {
		mu.Lock()
		defer mu.Unlock()
		p.done(r.Source)
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
	state := r.State.String()
	if r.Paused && r.Err == nil {
		state = "paused"
	}
	s := fmt.Sprintf("%s %s rows=%d removed=%d issues=%d took=%s requests=%d", r.Source, state, r.Rows, r.Removed, r.Issues, r.Duration.Round(time.Millisecond), r.Requests)
	if notes := notes(r.Streams); len(notes) > 0 {
		s += " note=" + strconv.Quote(strings.Join(notes, "; "))
	}
	if r.Err != nil {
		s += " error=" + strconv.Quote(syncer.Explain(r.Err))
	}
	return s
}

// notes words what one should know of the streams: of several with the same to say, as when a source knows no old cursor any more, the first in full and the
// others by name.
func notes(streams []syncer.StreamResult) []string {
	var texts []string
	var others [][]string     // per text, the further streams
	alike := map[string]int{} // a note's first clause → where in texts
	for _, st := range streams {
		if st.Note == "" {
			continue
		}
		what, _, _ := strings.Cut(st.Note, ":")
		if i, ok := alike[what]; ok {
			others[i] = append(others[i], string(st.Stream))
			continue
		}
		alike[what] = len(texts)
		texts, others = append(texts, string(st.Stream)+": "+st.Note), append(others, nil)
	}
	for i, more := range others {
		if len(more) > 0 {
			texts[i] += " (so too " + strings.Join(more, ", ") + ")"
		}
	}
	return texts
}
