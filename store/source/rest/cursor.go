package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// cursor is what the engine keeps between two calls, as JSON in a [store.Cursor].
type cursor struct {
	V    int               `json:"v"`
	Mark time.Time         `json:"mark,omitzero"` // all changes up to here are known; the server's time
	Keep string            `json:"keep,omitempty"`
	Ran  map[int]time.Time `json:"ran,omitempty"` // when a part with every was last complete
	Fed  map[int]time.Time `json:"fed,omitempty"` // up to where a part with a feed is known
	// Ahead is by how much the server's clock is before ours, when that is more than clocks usually differ: without it a clock of ours that is slow would leave
	// out the newest rows for as long as it is.
	Ahead time.Duration `json:"ahead,omitempty"`
	Pass  *pass         `json:"pass,omitempty"`
	Map   string        `json:"map,omitempty"` // fingerprint of the stream's mapping

	Less   map[int][]string `json:"less,omitempty"`  // columns that the server refused, by part
	LessAt time.Time        `json:"lessAt,omitzero"` // since when
}

// pass is where a pass in progress stands.
type pass struct {
	Full  bool      `json:"full,omitempty"`
	Part  int       `json:"part,omitempty"`
	Limit int       `json:"limit,omitempty"`
	Start time.Time `json:"start"`         // the earlier of both clocks when it began; the next Mark is not after it
	Until time.Time `json:"until"`         // fixed upper bound of all queries
	From  time.Time `json:"from,omitzero"` // lower bound of the present query
	Hi    time.Time `json:"hi,omitzero"`   // its upper bound where that is not Until
	Tie   time.Time `json:"tie,omitzero"`  // the one time of change whose rows it asks for, by key
	Max   time.Time `json:"max,omitzero"`  // newest change seen
	Top   time.Time `json:"top,omitzero"`  // newest change seen in this part: where it may go on from; another part's would pass rows over

	IDs []string `json:"ids,omitempty"` // that were collected for an each
	At  int      `json:"at,omitempty"`  // the one that is being asked for

	Token  string `json:"token,omitempty"`
	Offset int    `json:"offset,omitempty"`
	Page   int    `json:"page,omitempty"`
	Rows   int    `json:"rows,omitempty"`  // that the present query gave
	Done   int    `json:"done,omitempty"`  // that the pass gave
	Total  int    `json:"total,omitempty"` // that the pass is expected to give
	Same   uint64 `json:"same,omitempty"`  // fingerprint of the page before
	Again  int    `json:"again,omitempty"` // how often it has come in succession
	Loop   loop   `json:"loop,omitzero"`
}

const cursorVersion = 1

func parseCursor(c store.Cursor) (cursor, error) {
	cur := cursor{V: cursorVersion}
	if c == "" {
		return cur, nil
	}
	if err := json.Unmarshal([]byte(c), &cur); err != nil || cur.V != cursorVersion {
		return cur, fmt.Errorf("%w: not written by this version", source.ErrExpired)
	}
	if p := cur.Pass; p != nil && (p.At < 0 || p.Part < 0) {
		return cur, fmt.Errorf("%w: not written by this version", source.ErrExpired)
	}
	return cur, nil
}

func (c cursor) String() store.Cursor {
	if c.Mark.IsZero() && c.Keep == "" && c.Pass == nil && len(c.Ran) == 0 {
		return "" // nothing learned: the next pass reads everything
	}
	b, _ := json.Marshal(c) // no type in it can fail
	return store.Cursor(b)
}

// restart puts the paging back to the beginning of a query.
func (p *pass) restart(start int) {
	p.Token, p.Offset, p.Page, p.Rows, p.Same, p.Again, p.Loop = "", 0, start, 0, 0, 0, loop{}
}

var errLoop = errors.New("the server repeats a page token: it would never end; report it to the vendor, or correct the connector's pager")

// loop finds a circle of page tokens of any length without remembering them all (Brent, 1980): it compares each token with one kept
// from a power of two steps ago.
type loop struct {
	Kept  uint64 `json:"kept,omitempty"`
	Power int    `json:"power,omitempty"`
	Step  int    `json:"step,omitempty"`
}

func (l *loop) add(token string) error {
	h := fnv.New64a()
	h.Write([]byte(token))
	sum := h.Sum64()
	if l.Power > 0 && sum == l.Kept {
		return errLoop
	}
	if l.Step == l.Power {
		l.Kept, l.Power, l.Step = sum, max(1, 2*l.Power), 0
	}
	l.Step++
	return nil
}
