package store

import (
	"fmt"
	"slices"
	"time"
)

// Message is something that somebody must be told, whatever brings it there. It is kept with the decision that causes it, in one transaction, and delivered at
// least once.
type Message struct {
	Seq uint64 // given by the outbox, from 1
	// Key names the occasion, such as "overdue|crm:12|2026-09-30": of one occasion people are told once, however often it is found. It is remembered for
	// good.
	Key string
	// Kind is what the message is about, one of [MessageKinds]; notifiers choose by it.
	Kind   MessageKind
	At     time.Time // when it was posted; given by the outbox
	After  time.Time // not to be delivered before; zero: at once
	Urgent bool      // quiet hours do not hold it
	Node   ID        // whom it concerns: a unit or one of us; "": the whole company
	Title  string    // one line, in the organisation's language
	Text   string    // lines, plain; "" when the title says it all
	Link   string    // a place in the cockpit, such as deal/crm:12
	// Routed says that the notifiers were chosen; none when no notifier wants it. Of one that is posted as routed the key is remembered and nothing is kept or
	// told: another message speaks for it.
	Routed     bool
	Deliveries []Delivery // by notifier
	// Decision is, for [Journal.Decide], which of its decisions causes the message, from 1: taking that one back withdraws what nobody was told yet. 0: none. It
	// is not read back.
	Decision int
}

// MessageKind is what a message is about.
type MessageKind string

// The kinds of message.
const (
	MessageFlag    MessageKind = "flag"    // a forecast turned red
	MessageGrade   MessageKind = "grade"   // a customer's grade or health moved, or is held
	MessageRequest MessageKind = "request" // one of us asks another for something
	MessageMorning MessageKind = "morning" // the morning's brief
	MessageReport  MessageKind = "report"  // a periodical report
	MessageSource  MessageKind = "source"  // a source failed or is held
	MessageRules   MessageKind = "rules"   // a rule file cannot be used
	MessageTest    MessageKind = "test"    // somebody tries a notifier
)

// MessageKinds returns all of them.
func MessageKinds() []MessageKind {
	return []MessageKind{MessageFlag, MessageGrade, MessageRequest, MessageMorning, MessageReport, MessageSource, MessageRules, MessageTest}
}

// DeliveryState is how far a delivery has come.
type DeliveryState uint8

// The states.
const (
	DeliveryWaiting DeliveryState = iota // for its time, for quiet hours to end, or for the next try
	DeliverySent
	DeliveryFailed // given up: a person must look at it
)

var deliveryStates = [...]string{"waiting", "sent", "failed"}

// Delivery is one message on its way through one notifier.
type Delivery struct {
	Notifier string        `json:"notifier"`
	State    DeliveryState `json:"state"`
	Tries    int           `json:"tries"`
	Last     time.Time     `json:"last,omitzero"` // the last try
	Next     time.Time     `json:"next,omitzero"` // not before; zero: at once
	Error    string        `json:"error,omitempty"`
}

// Open reports that m is not done: it was not routed yet, or a delivery waits.
func (m *Message) Open() bool {
	return !m.Routed || slices.ContainsFunc(m.Deliveries, func(d Delivery) bool { return d.State == DeliveryWaiting })
}

// Posted returns m as it goes into an outbox: checked, cleaned, with nothing delivered yet, beside so many decisions. It is what every outbox calls.
func (m Message) Posted(seq uint64, at time.Time, decisions int) (Message, error) {
	fail := func(field, want string) (Message, error) {
		return m, fmt.Errorf("post message: %s: want %s: %w", field, want, ErrInvalid)
	}
	m.Seq, m.At, m.Deliveries = seq, at.Round(0).UTC(), nil
	if !m.After.IsZero() {
		m.After = m.After.Round(0).UTC()
	}
	m.Key, m.Title, m.Link = Clean(m.Key, MaxName), Clean(m.Title, MaxName), Clean(m.Link, MaxName)
	m.Text = cleanLines(m.Text)
	switch {
	case m.Decision < 0 || m.Decision > decisions:
		return fail("decision", fmt.Sprintf("the place of one of %d, or 0", decisions))
	case m.Key == "":
		return fail("key", "the occasion's own name")
	case m.Title == "":
		return fail("title", "one line")
	case !slices.Contains(MessageKinds(), m.Kind):
		return fail("kind", fmt.Sprintf("one of %v", MessageKinds()))
	}
	return m, nil
}

// Merge puts ds in place of the deliveries of the same notifiers, and adds those that are new.
func (m *Message) Merge(ds ...Delivery) {
	m.Routed = true
	for _, d := range ds {
		d.Notifier, d.Error = Clean(d.Notifier, MaxName), Clean(d.Error, MaxName)
		d.Last, d.Next = d.Last.Round(0).UTC(), d.Next.Round(0).UTC()
		if i := slices.IndexFunc(m.Deliveries, func(o Delivery) bool { return o.Notifier == d.Notifier }); i >= 0 {
			m.Deliveries[i] = d
		} else {
			m.Deliveries = append(m.Deliveries, d)
		}
	}
}

// Withdraw makes m done: what waits does not go out any more. It reports whether nobody was told, and nobody will be.
func (m *Message) Withdraw() (untold bool) {
	m.Routed = true
	m.Deliveries = slices.DeleteFunc(m.Deliveries, func(d Delivery) bool { return d.State == DeliveryWaiting })
	return len(m.Deliveries) == 0
}

// Again makes failed deliveries wait once more and reports whether there were any.
func (m *Message) Again() (failed bool) {
	for i := range m.Deliveries {
		if d := &m.Deliveries[i]; d.State == DeliveryFailed {
			*d, failed = Delivery{Notifier: d.Notifier}, true
		}
	}
	return failed
}

// String returns waiting, sent or failed.
func (s DeliveryState) String() string { return name(s, deliveryStates[:]) }

// Valid reports whether s is a declared state.
func (s DeliveryState) Valid() bool { return int(s) < len(deliveryStates) }

// MarshalText implements [encoding.TextMarshaler].
func (s DeliveryState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseDeliveryState reads what String writes.
func ParseDeliveryState(s string) (DeliveryState, error) {
	return parse[DeliveryState]("delivery", s, deliveryStates[:])
}
