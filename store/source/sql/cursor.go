package sql

import (
	"encoding/json"
	"fmt"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// cursor is what is remembered between pages and between passes.
type cursor struct {
	Config string `json:"c"`           // fingerprint of the stream's configuration: another mapping makes everything new
	Scale  *scale `json:"s,omitempty"` // of the column of changes; nil: not known yet
	Mark   int64  `json:"m,omitempty"` // what changed up to here is known
	// Back is how much further than the overlap the next pass reaches back, in microseconds, for what was under way when the last one began.
	Back  int64      `json:"b,omitempty"`
	Snaps []snapshot `json:"x,omitempty"`
	Seen  uint64     `json:"h,omitempty"` // fingerprint of what the last pass read, if it was one page: the same again is nothing new
	Pass  *pass      `json:"p,omitempty"`
}

// pass is the position in a pass.
type pass struct {
	Full  bool  `json:"f,omitempty"` // every row in the order of the key
	Nulls bool  `json:"n,omitempty"` // past the window, at the rows that never tell of a change
	From  int64 `json:"a,omitempty"` // the window
	Until int64 `json:"u,omitempty"`
	Max   int64 `json:"m,omitempty"` // the newest change that was read, not after Until nor Cap
	// Cap is the newest change that there was when a pass of several pages began; 0: not limited. What is written while we read bears later times, perhaps
	// behind the position, so the bookmark must not follow it. Until alone would do if every clock and time zone could be trusted.
	Cap   int64    `json:"x,omitempty"`
	At    []scalar `json:"t,omitempty"` // of the last row: change, if in the window, and key
	Total int      `json:"l,omitempty"`
	Done  int      `json:"d,omitempty"`
	Back  int64    `json:"b,omitempty"` // of the next pass
	Snap  snapshot `json:"s,omitzero"`
}

// snapshot is a moment of the server's and the number of the first transaction that had not begun to write then. A transaction with that number or a
// higher one has written nothing before it.
type snapshot struct {
	At   int64  `json:"t"` // Unix microseconds on the server's clock
	Next uint64 `json:"n"`
}

func (c cursor) String() store.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // keys were checked when they were read
	}
	return store.Cursor(b)
}

func parseCursor(text store.Cursor, config string) (c cursor, err error) {
	if text == "" {
		return cursor{Config: config}, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("cursor %q: %w", store.Clip(string(text), 60), source.ErrExpired)
	}
	if c.Config != config {
		return c, fmt.Errorf("the stream's configuration has changed: %w", source.ErrExpired)
	}
	if c.Scale == nil && c.Mark != 0 || c.Scale != nil && c.Scale.Kind == "epoch" && c.Scale.Unit <= 0 {
		return c, fmt.Errorf("cursor %q: %w", store.Clip(string(text), 60), source.ErrExpired)
	}
	return c, nil
}

// day is how long a transaction may have been open of which nothing is known but that it is.
const day = int64(24 * time.Hour / time.Microsecond)

// maxSnaps bounds what is remembered while one transaction stays open for long.
const maxSnaps = 8

// under works out how far the next pass must reach back for transactions that are under way at m: their rows bear times from before, and appear when they
// commit. A transaction that writes now and had not begun to at an earlier pass began after that one; how long before its first write it began, the
// overlap covers.
func (c *cursor) under(m moment, now int64) (back int64, snap snapshot) {
	if !m.oldest.IsZero() {
		return max(0, now-m.oldest.UnixMicro()), snapshot{}
	}
	if m.ceiling == 0 {
		return 0, snapshot{}
	}
	snap = snapshot{now, m.ceiling}
	if m.floor >= m.ceiling {
		return 0, snap
	}
	back = day
	for _, s := range c.Snaps {
		if s.Next <= m.floor && s.At <= now {
			back = min(back, now-s.At)
		}
	}
	return back, snap
}

// remember adds the snapshot of a pass that has ended. Of many the second is dropped: that makes a window longer, never shorter.
func (c *cursor) remember(s snapshot) {
	if s.Next == 0 {
		c.Snaps = nil
		return
	}
	if c.Snaps = append(c.Snaps, s); len(c.Snaps) > maxSnaps {
		c.Snaps = append(c.Snaps[:1], c.Snaps[2:]...)
	}
}
