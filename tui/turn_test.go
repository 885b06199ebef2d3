package tui

import (
	"context"
	"testing"
	"time"
)

// TestTurn_EndsWithItsSession: a session that ends in the middle of a refresh takes nobody's turn with it.
func TestTurn_EndsWithItsSession(t *testing.T) {
	for range 3 * cap(turns) {
		ctx, cancel := context.WithCancel(t.Context())
		held, ok := take(ctx)
		if !ok {
			t.Fatal("no turn in a session that lives")
		}
		cancel()
		held.done() // late, or never: both are fine
	}
	wait, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for range cap(turns) {
		held, ok := take(wait)
		if !ok {
			t.Fatal("turns were lost")
		}
		defer held.done()
	}
	none, end := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer end()
	if _, ok := take(none); ok {
		t.Errorf("more than %d turns at once", cap(turns))
	}
}
