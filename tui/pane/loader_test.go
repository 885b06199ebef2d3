package pane

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
)

// TestLoader_FollowsASelectionAtRest: one press is followed at once; of a key that is held, only where it stops.
func TestLoader_FollowsASelectionAtRest(t *testing.T) {
	book := line(t, 1)[0]
	synctest.Test(t, func(t *testing.T) {
		var l Loader[int]
		env, at := &Env{Ctx: t.Context(), Rest: Rest, Book: func() *analytics.Book { return book }}, Place{Kind: Funnel}
		var asked atomic.Int32
		follow := func(n int) chan tea.Msg {
			cmd, out := l.Follow(env, at, n, func(context.Context, *analytics.Book) (int, error) { asked.Add(1); return n, nil }), make(chan tea.Msg, 1)
			go func() { out <- cmd() }()
			synctest.Wait()
			return out
		}
		if msg := <-follow(1); !Awaited(msg) || !l.Take(msg.(To).Msg) || l.Value != 1 {
			t.Fatalf("the first press: %+v", &l)
		}
		var last chan tea.Msg
		begun := time.Now()
		for n := range 10 {
			time.Sleep(Rest / 3)
			last = follow(2 + n)
		}
		held := time.Since(begun)
		if n := asked.Load(); n != 1 {
			t.Errorf("%d questions while the key was held", n-1)
		}
		msg := <-last
		if !l.Take(msg.(To).Msg) || l.Value != 11 || asked.Load() != 2 || time.Since(begun)-held != Rest {
			t.Errorf("after it: %+v, %d questions, %s later", &l, asked.Load(), time.Since(begun)-held)
		}
		if Awaited(msg) {
			t.Error("somebody who holds a key waits for what stands beside the rows")
		}
		time.Sleep(Rest)
		if msg := <-follow(12); !Awaited(msg) || !l.Take(msg.(To).Msg) || l.Value != 12 {
			t.Errorf("a press after a while: %+v", &l)
		}
		env.Rest = 0
		follow(13)
		if msg := <-follow(14); !Awaited(msg) || !l.Take(msg.(To).Msg) || l.Value != 14 {
			t.Errorf("without a rest: %+v", &l)
		}
	})
}
