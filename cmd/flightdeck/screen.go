package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	tea "charm.land/bubbletea/v2"
	"charm.land/log/v2"
	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"

	"flightdeck/store"
	"flightdeck/tui"
	"flightdeck/tui/paint"
	"flightdeck/tui/sshd"
)

// cockpit opens the screen on the configured store.
func (in *invocation) cockpit(ctx context.Context) (err error) {
	cfg, err := in.load()
	if err != nil {
		return err
	}
	if err := in.needTerminal(); err != nil {
		return err
	}
	w := wiring{log: slog.New(slog.DiscardHandler)}
	a, err := in.open(ctx, cfg, w)
	if unwritable(err) { // what is there can be looked at
		if b, e := in.look(ctx, cfg, w); e == nil {
			say(in.stderr, "flightdeck: %v\nopened for reading only: nothing is synced, and nothing can be entered\n", err)
			a, err = b, nil
		} else if locked := (*store.LockedError)(nil); errors.As(e, &locked) {
			err = e
		}
	}
	if err != nil {
		return in.attach(ctx, err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return in.screen(ctx, a)
}

// screen runs the interactive screen on a until it is quit: the engine and the Book's follower run beside it.
func (in *invocation) screen(ctx context.Context, a *app) error {
	if err := in.needTerminal(); err != nil {
		return err
	}
	log.SetOutput(io.Discard) // the SSH library's own logger would write across the screen
	h := in.host(ctx, a, slog.New(slog.DiscardHandler))
	stop := func(err error) error { return errors.Join(err, h.stop()) }
	start := a.cfg.First()
	var err error
	if start.Scope.AsOf, err = in.day(store.MaxDay); err != nil {
		return stop(err)
	}
	out, _ := in.stdout.(*os.File)
	wd, _ := os.Getwd()
	m, err := h.shell(session{
		ctx: h.ctx, viewer: sshd.Viewer{Local: true}, locale: in.locale(a.cfg), profile: colorprofile.Detect(out, in.environ), start: start,
		export: tui.ExportTo(wd),
	})
	if err != nil {
		return stop(err)
	}
	p, done := paint.Program(h.ctx, m, in.stdout, tea.WithInput(in.stdin), tea.WithEnvironment(in.environ), tea.WithoutSignalHandler())
	final, err := p.Run()
	done()
	if cause := h.ctx.Err(); cause != nil {
		err = nil // stop says why, if it was not asked for
	}
	if shell, ok := paint.Unwrap(final).(*tui.Shell); ok && shell.Err() != nil {
		err = shell.Err()
	}
	return stop(err)
}

// needTerminal says what to do where no screen can be drawn.
func (in *invocation) needTerminal() error {
	for _, f := range []any{in.stdin, in.stdout} {
		if f, ok := f.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
			return usagef("this is not a terminal: the screen needs one; print instead with: flightdeck funnel (heatmap, migration, forecast, sources)")
		}
	}
	if slices.Contains(in.environ, "TERM=dumb") {
		return usagef("TERM is dumb: this terminal cannot show the screen; print instead with: flightdeck funnel (heatmap, migration, forecast, sources)")
	}
	return nil
}

// attach shows the screen of the process that holds the store; err is why it could not be opened here.
func (in *invocation) attach(ctx context.Context, err error) error {
	var locked *store.LockedError
	if !errors.As(err, &locked) || locked.Socket == "" {
		return err
	}
	if e := in.needTerminal(); e != nil {
		return errors.Join(err, e)
	}
	environ := slices.Clone(in.environ) // the far side sees no flags, only this
	if in.lang != "" {
		environ = append(environ, "LC_ALL="+in.lang)
	}
	if day, e := in.day(store.MaxDay); e != nil {
		return e
	} else if day != 0 {
		environ = append(environ, sshd.AsOf+"="+day.String())
	}
	say(in.stderr, "flightdeck: %v; attaching to it\n", locked)
	in0, _ := in.stdin.(*os.File)
	out, _ := in.stdout.(*os.File)
	if e := sshd.Attach(ctx, locked.Socket, sshd.Client{Stdin: in0, Stdout: out, Stderr: in.stderr, Environ: environ}); errors.Is(e, sshd.ErrGone) {
		return e
	} else if e != nil && ctx.Err() == nil {
		return fmt.Errorf("%w; %w", err, e)
	}
	return nil
}

// temporary makes a folder for a store that lives as long as the process.
func temporary() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "flightdeck-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w; name one with --store DIR", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
