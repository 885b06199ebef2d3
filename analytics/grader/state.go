package grader

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/store"
)

// stream is where the state of a Grader is kept.
const stream store.Stream = "evaluations"

// State is what a Grader knows beside the evaluations.
type State struct {
	Day    analytics.Day `json:"day"`    // on which all customers were judged last; 0: never
	Rule   string        `json:"rule"`   // the version by which
	Signal int64         `json:"signal"` // the newest signal that was taken up, by when it was learned, in microseconds since 1970
	At     time.Time     `json:"at"`     // of the last evaluation
	Holds  []grade.Hold  `json:"holds"`

	Outages []Outage `json:"outages,omitempty"` // sources that fail, of which people were told
}

// Cursors is the part of a [store.Writer] that tells where a stream stands.
type Cursors interface {
	Cursor(ctx context.Context, src store.SourceID, s store.Stream) (store.Cursor, error)
}

// StateOf reads the state that is kept in a store; the zero State when no Grader ever ran there.
func StateOf(ctx context.Context, c Cursors) (s State, err error) {
	text, err := c.Cursor(ctx, grade.Source, stream)
	if err != nil || text == "" {
		return s, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return State{}, fmt.Errorf("read the state of grading: %w; it is made anew", err)
	}
	return s, nil
}

func (s State) cursor() store.Cursor {
	b, err := json.Marshal(s)
	if err != nil {
		panic("grader: " + err.Error()) // numbers and words
	}
	return store.Cursor(b)
}

// Slot is where a person's verdict on an input is entered that is held because its values shifted. It concerns the whole company.
func Slot(input string) store.Slot {
	return store.Slot{Kind: store.DecisionAccept, Subject: store.Ref{ID: "grading"}, Topic: input}
}

// Decide is the decision that the values of an input, shifted since a day, are right, or are not. It is about this shift alone: another one waits for a person again.
func Decide(h grade.Hold, right bool, note string) store.Decision {
	d := store.Decision{Slot: Slot(h.Input), After: store.Ruling{Until: h.Since, Verdict: store.VerdictRejected}, Note: note}
	if right {
		d.After.Verdict = store.VerdictAccepted
	}
	return d
}

// Verdict returns what a person decided about a hold.
func Verdict(v desk.View, h grade.Hold) (store.Decision, bool) {
	d, ok := v.Get(Slot(h.Input))
	return d, ok && d.After.Until == h.Since
}

// Accepted tells the guards what people accepted.
func Accepted(v desk.View) grade.Accepted {
	return func(input string, since analytics.Day) bool {
		d, ok := Verdict(v, grade.Hold{Input: input, Since: since})
		return ok && d.After.Verdict == store.VerdictAccepted
	}
}
