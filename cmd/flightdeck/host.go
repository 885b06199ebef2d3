package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/grader"
	"flightdeck/analytics/rule"
	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/tui"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sshd"
	"flightdeck/tui/theme"
)

// host is the process that owns the store while it runs: the engine, the Book's follower and the socket for other screens go on beside whatever is in
// front. A panic in one of them ends the process in order, so that the terminal is restored, and leaves a report.
type host struct {
	app    *app
	in     *invocation
	log    *slog.Logger
	ctx    context.Context //nolint:containedctx // the lifetime of all that the host runs
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup
	ready  chan struct{} // closed when the store has been read
	asked  pane.Asked
}

// head is the start that the first frame with figures gets before the sources, which can keep every core busy for a second.
const head = 200 * time.Millisecond

// socketName is the unix socket beside the store's file.
const socketName = "screen.sock"

// host starts what runs behind the screens.
func (in *invocation) host(ctx context.Context, a *app, log *slog.Logger) *host {
	h := &host{app: a, in: in, log: log, ready: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	frugal := lavish()
	h.run("memory", func(ctx context.Context) error {
		select {
		case <-h.ready:
		case <-ctx.Done():
		}
		frugal(ctx)
		return nil
	})
	h.run("book", func(ctx context.Context) error {
		// Reading the file comes before all else: the first frame waits for it.
		if err := errors.Join(a.live.Refresh(ctx), a.decided.Refresh(ctx), a.rules.Load(ctx)); err != nil {
			return fmt.Errorf("read %s: %w", in.dir(a.cfg), err)
		}
		close(h.ready)
		return a.live.Run(ctx)
	})
	h.later("rules", 0, a.rules.Run)
	h.later("landing", 2*head, a.landing.Run) // the first frame goes before
	h.run("desk", a.decided.Run)
	if a.readOnly {
		return h
	}
	h.later("outbox", 0, a.outbox.Run) // whom a message concerns is known then
	h.later("alerts", 0, h.watch)
	h.later("morning", 0, h.briefs)
	h.later("grades", 2*head, a.grader.Run)
	h.later("asked", 0, h.askAgain)
	h.later("sync", head, a.engine.Run)
	h.run("socket", h.serveLocal)
	return h
}

// run runs fn until it ends. Its error, or its panic, ends the host.
func (h *host) run(name string, fn func(context.Context) error) {
	h.wait.Add(1)
	go func() {
		defer h.wait.Done()
		defer func() {
			if r := recover(); r != nil {
				h.cancel(tui.Crash{Path: tui.Report(h.reports(), r, debug.Stack())})
			}
		}()
		if err := fn(h.ctx); err != nil && h.ctx.Err() == nil {
			h.cancel(fmt.Errorf("%s: %w", name, err))
		}
	}()
}

// later is run for what waits until the store has been read, and for a while after.
func (h *host) later(name string, after time.Duration, fn func(context.Context) error) {
	h.run(name, func(ctx context.Context) error {
		select {
		case <-h.ready:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil
		}
		return fn(ctx)
	})
}

// stop ends everything and says why it ended, if not because it was asked to.
func (h *host) stop() error {
	h.cancel(context.Canceled)
	h.wait.Wait()
	if err := context.Cause(h.ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// reports is where reports of panics go: beside the data.
func (h *host) reports() string { return filepath.Join(h.in.dir(h.app.cfg), "reports") }

// book returns the newest Book, nil until the store has been read.
func (h *host) book() *analytics.Book {
	select {
	case <-h.ready:
		return h.app.live.Book()
	default:
		return nil
	}
}

// desk is a viewer's session at the desk; nil where the store goes without one. Who came in without a name, on the machine itself, is who runs the program.
func (h *host) desk(v sshd.Viewer) *desk.Session {
	if h.app.decided == nil {
		return nil
	}
	if v.Local {
		v.Name = cmp.Or(userName(), v.Name, "local")
	}
	return &desk.Session{Viewer: desk.Viewer{Person: v.Person, Name: v.Name, Root: v.Root}, Live: h.app.decided, Book: h.book, Marker: h.app.desk}
}

// userName is under which the system knows who runs the program.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// box is the messages, for viewers who see the whole company; nil for others.
func (h *host) box(v sshd.Viewer) store.Outbox {
	if v.Root != "" || h.app.desk == nil {
		return nil
	}
	return h.app.desk
}

// picture is what is in memory.
func (h *host) picture() *picture {
	p := &picture{book: h.app.live.Book(), desk: h.app.decided.Desk(), rules: h.pack(), landing: h.app.landing}
	versions, err := h.app.desk.RuleVersions(h.ctx)
	if err != nil {
		h.log.Error("rules", "err", err)
	}
	p.versions = versions
	if p.grading, err = grader.StateOf(h.ctx, h.app.db); err != nil {
		h.log.Error("grades", "err", err)
	}
	return p
}

// pack returns the rules in force; nil, which stands for the defaults, where the store goes without a desk.
func (h *host) pack() *rule.Pack {
	if h.app.rules == nil {
		return nil
	}
	return h.app.rules.Pack()
}

// revise lets a viewer change the rules of grading who sees the whole company: they are everybody's. The change is entered under the viewer's name.
func (h *host) revise(v sshd.Viewer) func(context.Context, func(*rule.Grading), string) (*rule.Pack, error) {
	d := h.desk(v)
	if v.Root != "" || h.app.rules == nil || d == nil {
		return nil
	}
	return func(ctx context.Context, change func(*rule.Grading), note string) (*rule.Pack, error) {
		who := d.Viewer
		if who.Name == "" {
			who.Name = h.app.live.Book().PersonName(who.Person)
		}
		return rule.Revise(ctx, h.app.rules, rule.GradingSection, change, who.Person, who.Name, note)
	}
}

// holds are the inputs that grading does not believe now.
func (h *host) holds(ctx context.Context) ([]grade.Hold, error) {
	s, err := grader.StateOf(ctx, h.app.db)
	return s.Holds, err
}

// draft lets a viewer try the draft of the rules who may change them: its file is on this machine.
func (h *host) draft(v sshd.Viewer) func() (*rule.Pack, error) {
	if v.Root != "" || h.app.rules == nil {
		return nil
	}
	return h.app.rules.Draft
}

// commits tells a session of new revisions until ctx ends, first of the one that stood in the store. When somebody decided something, other rules came into force or the
// landing was learned, it tells the Book's revision once more.
func (h *host) commits(ctx context.Context) <-chan store.Rev {
	in, out := h.app.live.Subscribe(ctx), make(chan store.Rev, 1)
	var decided, ruled, learned <-chan struct{}
	if h.app.decided != nil {
		decided, ruled, learned = h.app.decided.Subscribe(ctx), h.app.rules.Subscribe(ctx), h.app.landing.Subscribe(ctx)
	}
	h.run("session", func(context.Context) error {
		select {
		case <-h.ready:
		case <-ctx.Done():
			return nil
		}
		for rev := h.app.live.Book().Rev(); ; {
			select {
			case out <- rev:
			case <-ctx.Done():
				return nil
			}
			var ok bool
			select {
			case rev, ok = <-in:
			case _, ok = <-decided:
				rev = h.app.live.Book().Rev()
			case _, ok = <-ruled:
				rev = h.app.live.Book().Rev()
			case _, ok = <-learned:
				rev = h.app.live.Book().Rev()
			}
			if !ok {
				return nil
			}
		}
	})
	return out
}

// session is what one person's screen is made of.
type session struct {
	ctx     context.Context
	viewer  sshd.Viewer
	locale  *locale.Locale
	profile colorprofile.Profile
	start   pane.Place
	export  func(string, analytics.Table) (string, error)
}

// shell makes the model of a session.
func (h *host) shell(s session) (tea.Model, error) {
	dark, keep := true, false
	switch h.app.cfg.Theme {
	case "light":
		dark, keep = false, true
	case "dark":
		keep = true
	case "plain":
		s.profile = colorprofile.Ascii
	}
	env := h.env(s)
	env.Theme = theme.New(s.profile, dark)
	return tui.New(env, panes, tui.Options{Start: s.start, Keys: h.app.cfg.Keys, Commits: h.commits(s.ctx), Export: s.export, KeepTheme: keep, ReadOnly: h.app.readOnly})
}

// env is what a session's panes work with; its theme is still to be set.
func (h *host) env(s session) *pane.Env {
	return &pane.Env{
		Sync: h.orders(s.viewer), Ctx: s.ctx, Viewer: s.viewer.Person, Root: s.viewer.Root, Book: h.book, Asked: &h.asked, Desk: h.desk(s.viewer), Landing: h.app.landing, Rules: h.pack, Revise: h.revise(s.viewer), Draft: h.draft(s.viewer), Holds: h.holds,
		Locale: s.locale, Told: h.app.words, Rest: pane.Rest, Now: time.Now,
		Report: func(r any, stack []byte) string { return tui.Report(h.reports(), r, stack) },
	}
}

// remote is the screen of a session that came over SSH or over the socket.
func (h *host) remote(s sshd.Session) tea.Model {
	l := locale.New(locale.Detect(s.Environ))
	if said := confLang(h.app.cfg); said != "" && !speaks(s.Environ) {
		if lang, err := locale.Parse(said); err == nil {
			l = locale.New(lang)
		}
	}
	start := h.app.cfg.First()
	for _, kv := range s.Environ {
		if v, ok := strings.CutPrefix(kv, sshd.AsOf+"="); ok {
			if day, err := store.ParseDay(v); err == nil { // whoever attaches has checked it
				start.Scope.AsOf = day
			}
		}
	}
	m, err := h.shell(session{ctx: s.Ctx, viewer: s.Viewer, locale: l, profile: s.Profile, start: start})
	if err != nil { // only a bad key remapping, which the configuration has no place for
		panic(err)
	}
	return m
}

// answer runs a printing command for a session without a screen.
func (h *host) answer(ctx context.Context, v sshd.Viewer, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	select {
	case <-h.ready:
	case <-ctx.Done():
		return exitFailed
	}
	in := &invocation{
		stdin: stdin, stdout: stdout, stderr: stderr, environ: environ,
		owner: &owner{cfg: h.ownerConfig(environ), picture: h.picture, root: v.Root, box: h.box(v), sync: h.orders(v), desk: h.desk(v)},
	}
	if v.Local { // the store's own user on this machine
		in.owner.app = h.app
	}
	return in.run(ctx, args)
}

// orders lets a viewer order the background work about who sees the whole company: what is read and what is removed is everybody's.
func (h *host) orders(v sshd.Viewer) pane.Syncer {
	if v.Root != "" || h.app.readOnly {
		return nil
	}
	name := v.Name
	if v.Local {
		name = "local"
	}
	return orders{engine: h.app.engine, log: h.log, viewer: name}
}

// ownerConfig is the configuration as a far session should see it: its own environment's language goes before the owner's.
func (h *host) ownerConfig(environ []string) *config.Config {
	if !speaks(environ) {
		return h.app.cfg
	}
	c := *h.app.cfg
	c.Language = ""
	return &c
}

// serveLocal answers on the socket beside the store, so that a second start attaches instead of failing.
func (h *host) serveLocal(ctx context.Context) error {
	srv, err := sshd.New(sshd.Options{Screen: h.remote, Command: h.answer, Log: h.log})
	if err != nil {
		return err
	}
	path, err := filepath.Abs(filepath.Join(h.in.dir(h.app.cfg), socketName))
	if err != nil {
		return err
	}
	l, err := sshd.ListenLocal(path)
	if err != nil { // the screen in front works without; a second start is told who holds the store
		h.log.Warn("no socket for other screens", "err", err)
		return nil
	}
	if err := h.app.db.SetSocket(path); err != nil {
		h.log.Warn("the socket is not announced", "err", err)
	}
	return srv.ServeListener(ctx, l, sshd.Viewer{Name: "local"})
}

// speaks reports whether an environment names a language.
func speaks(environ []string) bool {
	for _, kv := range environ {
		for _, k := range []string{"LC_ALL=", "LC_MESSAGES=", "LANG="} {
			if len(kv) > len(k) && kv[:len(k)] == k {
				return true
			}
		}
	}
	return false
}
