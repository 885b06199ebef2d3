package paint

import (
	"bytes"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// rest lets an idle program sleep. Bubble Tea's renderer looks for changes at every tick of its frame rate for as long as the program lives, and that rate cannot
// be less than one a second. But what tea.Raw gives it is written by the same goroutine, and a terminal may take its time: so when nothing has happened for two ticks,
// the painter returns from such a write (a nap) only when the next message comes. A ticker that nobody waits for costs nothing, so the rate may be high: the first
// frame waits for a tick.
//
// It takes two naps because the renderer writes first and looks for changes then: once the second is being written, what the last message changed has been shown.
// While it writes, the renderer holds a lock of the program; so a message wakes it before Bubble Tea does anything with it (tea.WithFilter). The end of the context,
// which comes without a message, wakes it for good. limit is for an end that neither tells, such as a terminal that fails without a hang-up.
type rest struct {
	mu     sync.Mutex
	on     bool          // Program arranged for what this needs
	asked  bool          // a nap is on its way to the renderer
	busy   bool          // something happened since it was asked for
	naps   int           // written since something happened
	result chan bool     // of each nap: whether another one is wanted; false: the renderer slept
	parked chan struct{} // closed to wake the renderer; nil: it is awake
	over   chan struct{} // closed when the program ends
	ended  sync.Once
}

// limit is how long the renderer sleeps at most. The shell's own timer wakes it once a minute.
const limit = 90 * time.Second

// nap is what the renderer is given to write; no terminal ever sees it.
const nap = napping("\x1b_flightdeck nap\x1b\\")

type napping string

// napped is the message that a nap was written, and sleep did not follow.
type napped struct{}

// event reports whether msg can change what is shown, or makes Bubble Tea need its locks. A batch only starts commands.
func event(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case nil, napped, tea.BatchMsg:
		return false
	case tea.RawMsg:
		return msg.Msg != nap
	}
	return true
}

// filter sees every message of the program first.
func (r *rest) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	if event(msg) {
		r.wake()
	}
	return msg
}

func (r *rest) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = true
	if r.parked != nil {
		close(r.parked)
		r.parked = nil
	}
}

// end wakes the renderer for good.
func (r *rest) end() {
	r.ended.Do(func() { close(r.over) })
	r.wake()
}

// after returns the command that follows an update with msg: another nap, unless one is under way.
func (r *rest) after(msg tea.Msg) tea.Cmd {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, again := msg.(napped)
	if !r.on || !again && (r.asked || !event(msg)) {
		return nil
	}
	if !again || r.busy {
		r.naps = 0
	}
	r.asked, r.busy = true, false
	return tea.Batch(tea.Raw(nap), func() tea.Msg {
		select {
		case more := <-r.result:
			if more {
				return napped{}
			}
		case <-r.over:
		}
		return nil
	})
}

// cut takes a nap out of what the renderer writes; found: it is then to be taken.
func (r *rest) cut(b []byte) (left []byte, found bool) {
	if found = bytes.Contains(b, []byte(nap)); found {
		b = bytes.ReplaceAll(b, []byte(nap), nil)
	}
	return b, found
}

// take sleeps if nothing happened since the last nap.
func (r *rest) take() {
	r.mu.Lock()
	r.naps++
	more := r.busy || r.naps < 2
	var parked chan struct{}
	if !more {
		parked = make(chan struct{})
		r.parked, r.asked = parked, false
	}
	r.mu.Unlock()
	select {
	case r.result <- more:
	case <-r.over:
		return
	}
	if more {
		return
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-parked:
	case <-r.over:
	case <-t.C:
		r.wake()
	}
}
