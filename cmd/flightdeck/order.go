package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/syncer"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
)

// verb is something that one may ask of the background work.
type verb struct {
	name, short string
	stream      bool // one stream can be meant
	run         bool // the source is read then
	do          func(*syncer.Engine, syncer.Target) error
}

var verbs = []verb{
	{"pull", "Read a source now", false, true, func(e *syncer.Engine, t syncer.Target) error { return e.Pull(t.Source) }},
	{"pause", "Leave a source alone until it is resumed, also after a restart", false, false, func(e *syncer.Engine, t syncer.Target) error { return e.Pause(t.Source) }},
	{"resume", "Read a paused source again", false, false, func(e *syncer.Engine, t syncer.Target) error { return e.Resume(t.Source) }},
	{"resync", "Read a source, or one stream of it, from nothing, and compare", true, true, (*syncer.Engine).Resync},
	{"accept", "Remove what a held source no longer has, however much that is", true, true, func(e *syncer.Engine, t syncer.Target) error {
		return errors.Join(e.Accept(t), e.Pull(t.Source))
	}},
	{"refuse", "Keep what a held source no longer has, and ask again only when more goes missing", true, false, (*syncer.Engine).Refuse},
}

// orders are the verbs on a running engine, for screens and for commands that come from elsewhere.
type orders struct {
	engine *syncer.Engine
	log    *slog.Logger
	viewer string
}

var _ pane.Syncer = orders{}

// Order implements [pane.Syncer].
func (o orders) Order(name string, src store.SourceID, stream store.Stream) error {
	for _, v := range verbs {
		if v.name != name {
			continue
		}
		t := syncer.Target{Source: src, Stream: stream}
		if !v.stream {
			t.Stream = ""
		}
		err := v.do(o.engine, t)
		o.log.Info("source ordered", "viewer", o.viewer, "order", name, "target", t.String(), "err", err)
		return err
	}
	return fmt.Errorf("order %q: unknown", name)
}

// orderCommands are the subcommands of sync. They reach the process that holds the store, whichever it is; when none does, they act on the store at once.
func (in *invocation) orderCommands() (all []*cobra.Command) {
	for _, v := range verbs {
		use, args := v.name+" SOURCE", "the source's id"
		if v.stream {
			use, args = v.name+" SOURCE[/STREAM]", "the source's id, with /STREAM for one stream of it"
		}
		all = append(all, &cobra.Command{
			Use: use, Short: v.short, Args: cobra.ExactArgs(1),
			Long: v.short + ". Wants " + args + ".\nWhile a cockpit, serve or sync holds the store, that process is asked and does it; else it is done here.",
			RunE: in.do(func(cmd *cobra.Command, args []string) error { return in.order(cmd.Context(), v, args[0]) }),
			ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return in.sourceNames(), cobra.ShellCompDirectiveNoFileComp
			},
		})
	}
	return all
}

// sourceNames lists the configured sources for a shell's completion.
func (in *invocation) sourceNames() (names []string) {
	if cfg, err := in.load(); err == nil {
		for _, s := range cfg.Sources {
			names = append(names, string(s.ID))
		}
	}
	return names
}

// target reads SOURCE or SOURCE/STREAM against the configuration.
func target(cfg *config.Config, text string) (t syncer.Target, err error) {
	name, stream, _ := strings.Cut(text, "/")
	t = syncer.Target{Source: store.SourceID(name), Stream: store.Stream(stream)}
	var names []string
	for _, s := range cfg.Sources {
		if s.ID == t.Source {
			return t, nil
		}
		names = append(names, string(s.ID))
	}
	return t, usagef("source %q: the configuration has no such source; want one of %s", store.Clip(name, 40), strings.Join(names, ", "))
}

func (in *invocation) order(ctx context.Context, v verb, text string) error {
	if in.owner != nil {
		if in.owner.sync == nil {
			return usagef("%s: only who sees the whole company may do this", v.name)
		}
		name, stream, _ := strings.Cut(text, "/")
		if stream != "" && !v.stream {
			return usagef("%s: want a source, not one of its streams", v.name)
		}
		if err := in.owner.sync.Order(v.name, store.SourceID(name), store.Stream(stream)); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return usageError{err}
			}
			return err
		}
		say(in.stdout, "%s: %s asked for; see: flightdeck sources\n", text, v.name)
		return nil
	}
	cfg, err := in.load()
	if err != nil {
		return err
	}
	t, err := target(cfg, text)
	if err != nil {
		if socket := holder(in.dir(cfg)); socket != "" { // its sources may not be those of our configuration
			return in.elsewhere(ctx, socket)
		}
		return err
	}
	if t.Stream != "" && !v.stream {
		return usagef("%s %s: want a source, not one of its streams", v.name, text)
	}
	w := wiring{tries: 3, only: t.Source}
	if v.run {
		w.done = in.tellRun(nil)
	}
	a, err := in.open(ctx, cfg, w)
	var locked *store.LockedError
	if errors.As(err, &locked) && locked.Socket != "" {
		return in.elsewhere(ctx, locked.Socket)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := v.do(a.engine, t); errors.Is(err, store.ErrNotFound) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	if v.run {
		return report(a.once(ctx))
	}
	if err := a.engine.Settle(ctx); err != nil {
		return err
	}
	say(in.stdout, "%s: %s done\n", text, v.name)
	return nil
}

// holder returns the socket of the process that holds a store; "" when none does, or it serves none.
func holder(dir string) string {
	db, err := bolt.Open(dir, bolt.Options{ReadOnly: true, Version: version()})
	var locked *store.LockedError
	if errors.As(err, &locked) {
		return locked.Socket
	}
	if err == nil {
		_ = db.Close()
	}
	return ""
}

// elsewhere has the command done by the process behind a socket.
func (in *invocation) elsewhere(ctx context.Context, socket string) error {
	code, err := sshd.Command(ctx, socket, abroad(in.args), in.environ, in.stdout, in.stderr)
	if err != nil {
		return fmt.Errorf("ask the process that holds the store: %w", err)
	}
	in.exit = code
	return nil
}
