package pane

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
)

// Loader holds one load of a pane: the running one, and the last answer, which stays visible while the next is under way and when it fails.
// Starting cancels the load before it; an answer that comes late is dropped by its sequence number. The zero Loader is ready. It is used on the Update
// goroutine only and must not be copied after the first Start.
type Loader[T any] struct {
	Value  T     // the last good answer; the zero T before
	Err    error // of the last load; nil when it was good
	Ready  bool  // Value holds an answer
	Busy   bool  // a load is under way
	seq    uint64
	cancel context.CancelFunc

	question asking    // that Value answers, of StartOn
	earlier  bool      // Value is of a Book before the one being asked
	pressed  time.Time // when Held was asked last
}

type loaded[T any] struct {
	by       *Loader[T]
	seq      uint64
	value    T
	err      error
	late     bool // nobody waits for it
	early    bool // of a Book that was asked before: the newest's follows
	question asking
}

func (m loaded[T]) long() bool { return m.late }

// Awaited reports whether somebody who pressed a key waits for what msg brings: not for the answer of a [Loader.StartLong].
func Awaited(msg tea.Msg) bool {
	to, ok := msg.(To)
	if !ok {
		return true
	}
	m, ok := to.Msg.(interface{ long() bool })
	return !ok || !m.long()
}

// Start cancels what runs and returns the command that runs fn off the Update goroutine. fn should end soon after its context does. A panic in
// fn becomes the load's error and a report; the session goes on. at is the pane's own place: the answer comes to Update as a message
// to be given to Take.
//
// Loads of all sessions take turns: as many run as the processors can be busy with. Two hundred at once would all be late, each holding what it has gathered so far, where
// two after two are done within their own time, and a load that was cancelled before its turn costs nothing. Whatever takes seconds is started by [Loader.StartLong].
func (l *Loader[T]) Start(env *Env, at Place, fn func(ctx context.Context) (T, error)) tea.Cmd {
	return l.start(env, at, fn, turns)
}

// StartLong is Start for what takes seconds, or waits for such: it waits for no turn, and nobody waits for it.
func (l *Loader[T]) StartLong(env *Env, at Place, fn func(ctx context.Context) (T, error)) tea.Cmd {
	return l.start(env, at, fn, nil)
}

// Rest is the usual [Env.Rest]: longer than a held key takes to repeat, shorter than one notices.
const Rest = 100 * time.Millisecond

// Held notes a key press that this loader's question follows, and reports whether the one before was less than env.Rest ago: a key is held, or one walks through quickly.
func (l *Loader[T]) Held(env *Env) bool {
	now := time.Now()
	held := now.Sub(l.pressed) < env.Rest
	l.pressed = now
	return held
}

// Follow is [Loader.StartOn] for what stands beside the rows and is about the selected one. One press is followed at once. While a key is held the answer comes when the selection has
// rested for env.Rest: nobody reads what passes by, and over SSH it would be most of a screen a step, where a moved selection is a few hundred bytes.
func (l *Loader[T]) Follow(env *Env, at Place, what any, fn func(ctx context.Context, b *analytics.Book) (T, error)) tea.Cmd {
	if !l.Held(env) {
		return l.StartOn(env, at, what, fn)
	}
	rest, ask := env.Rest, newest(env, asking{at, what, env.Pack()}, fn)
	return l.StartLong(env, at, func(ctx context.Context) (v T, err error) {
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(rest):
		}
		return ask(ctx)
	})
}

// turns holds a token for every load that runs.
var turns = make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0)))

func (l *Loader[T]) start(env *Env, at Place, fn func(ctx context.Context) (T, error), turns chan struct{}) tea.Cmd {
	ctx, cancel := l.begin(env)
	return ended(cancel, l.run(ctx, env, at, fn, turns, loaded[T]{late: turns == nil}))
}

// ended is a load's last command.
func ended(cancel context.CancelFunc, cmd tea.Cmd) tea.Cmd {
	return func() tea.Msg {
		defer cancel()
		return cmd()
	}
}

// begin stops what runs and makes the context of what runs next.
func (l *Loader[T]) begin(env *Env) (context.Context, context.CancelFunc) {
	l.Stop()
	parent := env.Ctx
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithCancel(parent)
	l.seq++
	l.cancel, l.Busy = cancel, true
	return ctx, cancel
}

// run returns the command that completes m by what fn gives.
func (l *Loader[T]) run(ctx context.Context, env *Env, at Place, fn func(ctx context.Context) (T, error), turns chan struct{}, m loaded[T]) tea.Cmd {
	m.by, m.seq = l, l.seq
	report := env.Report
	return func() tea.Msg {
		func() {
			defer func() {
				if r := recover(); r != nil {
					m.err = panicked(r, report)
				}
			}()
			if turns != nil {
				select {
				case turns <- struct{}{}:
					defer func() { <-turns }()
				case <-ctx.Done():
				}
			}
			if m.err = ctx.Err(); m.err == nil {
				m.value, m.err = fn(ctx)
			}
		}()
		return To{at, m}
	}
}

func panicked(r any, report func(any, []byte) string) error {
	if report != nil {
		if path := report(r, debug.Stack()); path != "" {
			return fmt.Errorf("internal error: see the report %s", path)
		}
	}
	return errors.New("internal error")
}

// Take looks at a message that reached the pane. It returns true when it was this loader's newest answer, which is then in Value or Err; a late answer
// and any other message give false.
func (l *Loader[T]) Take(msg tea.Msg) bool {
	m, ok := msg.(loaded[T])
	if !ok || m.by != l || m.seq != l.seq {
		return false
	}
	if m.early {
		if m.err != nil || !l.Busy { // the newest's answer tells more
			return false
		}
		l.Value, l.Ready, l.earlier, l.question = m.value, true, true, m.question
		return true
	}
	l.Busy, l.cancel = false, nil
	l.Err = m.err
	if m.err == nil {
		l.Value, l.Ready, l.earlier, l.question = m.value, true, false, m.question
	}
	return true
}

// Stop cancels the running load, whose answer is dropped.
func (l *Loader[T]) Stop() {
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	l.seq++
	l.Busy = false
}

// Cover returns what to show instead of data while there is none: the load's error, or "loading". ok is false once an answer is there; an error
// of a later load then belongs on a line beside the data, not over it.
func (l *Loader[T]) Cover(env *Env, s layout.Size) (view string, ok bool) {
	switch {
	case l.Ready:
		return "", false
	case l.Err != nil:
		return layout.Card(env.Locale.F(locale.Failed, l.Err), env.Theme.Bad, s), true
	}
	return layout.Card(env.Locale.T(locale.Loading), env.Theme.Muted, s), true
}
