package pane

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// TestLoader_Turns: no more loads run at once than there are turns, one that is cancelled while it waits never runs, and a long one waits for nobody.
func TestLoader_Turns(t *testing.T) {
	env := &Env{Ctx: context.Background()}
	var running, most atomic.Int32
	free := make(chan struct{})
	n := cap(turns) + 3
	loaders, done := make([]Loader[int], n), make(chan tea.Msg, n)
	for i := range loaders {
		cmd := loaders[i].Start(env, Place{}, func(context.Context) (int, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			<-free
			return i, nil
		})
		go func() { done <- cmd() }()
	}
	for running.Load() < int32(cap(turns)) {
		time.Sleep(time.Millisecond)
	}
	var late Loader[int]
	cmd := late.Start(env, Place{}, func(context.Context) (int, error) { t.Error("a cancelled load ran"); return 0, nil })
	late.Stop()
	if late.Take(cmd().(To).Msg) {
		t.Error("a cancelled load has an answer")
	}
	var long Loader[int]
	if !long.Take(long.StartLong(env, Place{}, func(context.Context) (int, error) { return 7, nil })().(To).Msg) || long.Value != 7 {
		t.Errorf("a long load waits for its turn: %+v", long.Value)
	}
	close(free)
	for range n {
		<-done
	}
	if got := most.Load(); got != int32(cap(turns)) {
		t.Errorf("%d loads at once, want %d", got, cap(turns))
	}
}
