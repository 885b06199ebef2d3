package tui

import (
	"context"
	"runtime"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/store"
	"flightdeck/tui/pane"
)

// turns are what every commit would otherwise set off at once in all sessions of a process: each screen asks its question again. They take turns, and a turn
// is held once more for as long as it took, so that screens which nobody touches cost at most a quarter of the processors and a key press never
// queues behind two hundred of them. One session alone does not notice.
var turns = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// turn is a session's turn to ask again. It is given back when done is called, or the session ends.
type turn struct{ done func() }

// take waits for a turn; ok is false when ctx ended first.
func take(ctx context.Context) (t turn, ok bool) {
	select {
	case turns <- struct{}{}:
	case <-ctx.Done():
		return t, false
	}
	start := time.Now()
	back := sync.OnceFunc(func() { time.AfterFunc(time.Since(start), func() { <-turns }) })
	stop := context.AfterFunc(ctx, back)
	return turn{func() { stop(); back() }}, true
}

// next is a commit that came from Options.Commits, with the turn to show it, after which the shell waits again.
type next struct {
	pane.Committed
	turn turn
}

// commits waits for the next revision and for the turn to show it. The turn comes before the panes are told, so that what a person asks meanwhile is not
// held up.
func (s *Shell) commits() tea.Cmd {
	ch, ctx := s.opts.Commits, s.env.Ctx
	if ch == nil {
		return nil
	}
	return func() tea.Msg {
		var rev store.Rev
		var ok bool
		select {
		case rev, ok = <-ch:
		case <-ctx.Done():
		}
		if !ok {
			return nil
		}
		t, ok := take(ctx)
		if !ok {
			return nil
		}
		return next{pane.Committed{Rev: rev}, t}
	}
}

// refresh shows a commit, gives the turn back and waits for the next.
func (s *Shell) refresh(msg next) tea.Cmd {
	return tea.Sequence(s.committed(msg.Committed), func() tea.Msg { msg.turn.done(); return nil }, s.commits())
}
