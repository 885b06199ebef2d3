package paint

import (
	"bytes"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// rest lets an idle program sleep. Bubble Tea's renderer looks for changes at every tick of its rate, for as long as the program lives, and the rate cannot be
// less than one a second. But it also writes whatever [tea.Raw] gave it, from the same goroutine, and a terminal may take its time: so when nothing has happened for two
// ticks, the painter does not return from such a write until the next message. A ticker that nobody waits for costs nothing.
//
// Two ticks, because the renderer writes first and looks for changes then: at the end of the second it has certainly shown what the last message changed. A message wakes
// the renderer before Bubble Tea does anything with it (tea.WithFilter), since the renderer holds a lock of the program while it writes. What ends the program without a
// message is the context's end, of which Program knows; limit is for whatever else might come to be, such as a terminal that fails without a hang-up.
type rest struct {
	mu     sync.Mutex
	on     bool          // Program arranged for what rest needs
	over   bool          // the program ends: never again
	asked  bool          // a nap is on its way through the program
	busy   bool          // a message came since it was
	ticks  int           // that wrote it
	again  chan struct{} // told of the first
	parked chan struct{} // the renderer waits for its closing; nil: it does not
}

// limit is how long the renderer sleeps at most. A shell is woken by its own timer, once a minute.
const limit = 90 * time.Second

// nap is what the renderer is given to write when it may sleep, and ask the message that it did so once.
var nap = []byte("\x1b_flightdeck:nap\x1b\\")

type ask struct{}

// own reports whether msg is of the nap's making, not an event.
func own(msg tea.Msg) bool {
	if raw, ok := msg.(tea.RawMsg); ok {
		b, ok := raw.Msg.(napping)
		return ok && b == napping{}
	}
	_, ok := msg.(ask)
	return ok
}

// napping is a nap as tea.Raw prints it.
type napping struct{}

func (napping) String() string { return string(nap) }

// stir wakes the renderer: something happened.
func (r *rest) stir(over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy, r.over = true, r.over || over
	if r.parked != nil {
		close(r.parked)
		r.parked = nil
	}
}

// filter is the program's: it sees every message first.
func (r *rest) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	if !own(msg) {
		r.stir(false)
	}
	return msg
}

// next returns what the program is to do after msg so that it may sleep.
func (r *rest) next(msg tea.Msg) tea.Cmd {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, asks := msg.(ask)
	if !r.on || r.over || r.asked && !asks || !asks && own(msg) {
		return nil
	}
	if !asks || r.busy {
		r.ticks = 0
	}
	r.asked, r.busy = true, false
	raw := tea.Raw(napping{})
	if r.ticks > 0 {
		return raw
	}
	again := r.again
	return tea.Batch(raw, func() tea.Msg { <-again; return ask{} })
}

// written is told of what the renderer writes and returns it without naps; sleep is to be called after the rest was written.
func (r *rest) written(b []byte) (left []byte, sleep func()) {
	if !bytes.Contains(b, nap) {
		return b, func() {}
	}
	return bytes.ReplaceAll(b, nap, nil), r.tick
}

func (r *rest) tick() {
	r.mu.Lock()
	r.ticks++
	if r.ticks == 1 {
		r.mu.Unlock()
		r.again <- struct{}{}
		return
	}
	r.asked = false
	if r.busy || r.over {
		r.mu.Unlock()
		return
	}
	parked := make(chan struct{})
	r.parked = parked
	r.mu.Unlock()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-parked:
	case <-t.C:
		r.stir(false)
	}
}
