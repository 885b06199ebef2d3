package store

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// DecisionKind is what a person decided.
type DecisionKind uint8

// The kinds. Beside each stands what its subject and topic are and which fields of its [Ruling] it uses.
const (
	DecisionNote       DecisionKind = iota + 1 // any record; topic: the note, given by the journal when it is empty. Text
	DecisionRequest                            // a deal, topic a flag: its owner was asked for an update. Person who was asked, Until when it is due
	DecisionSnooze                             // any record, topic a flag or "" for all of its flags: not to be shown before Until
	DecisionOverride                           // a deal: the forecast in place of what was computed. Amount, Close, Category, Percent, any of them; wants a note
	DecisionAssign                             // any record, topic a flag or "": whose business it is. Person
	DecisionAccept                             // any record, topic a flag: it is right and is taken as it is, or not. Verdict
	DecisionSuggestion                         // a deal, topic the suggestion (a tender's ID): Verdict, and Stage when accepting it moves the credited stage
	DecisionTag                                // any record, topic the question (a period): the tags that are right. Tags
	DecisionFigures                            // Ref{ID: what they are of}, topic their name: Figures, such as weights
	DecisionRules                              // Ref{ID: "rules"}: another version of the rules came into force. Text is its hash. Only a [RuleLog] writes it
	decisionEnd
)

var decisionKinds = [...]string{"", "note", "request", "snooze", "override", "assign", "accept", "suggestion", "tag", "figures", "rules"}

// DecisionKinds returns all of them in order.
func DecisionKinds() []DecisionKind {
	all := make([]DecisionKind, 0, decisionEnd-1)
	for k := DecisionNote; k < decisionEnd; k++ {
		all = append(all, k)
	}
	return all
}

// Verdict is what a person says of a flag or a suggestion.
type Verdict uint8

// The verdicts.
const (
	VerdictNone Verdict = iota
	VerdictAccepted
	VerdictRejected
)

var verdicts = [...]string{"", "accepted", "rejected"}

// Ruling is what holds after a decision. Each kind uses the fields that are named beside it; the zero Ruling says that nothing holds (any more).
type Ruling struct {
	Text     string   `json:"text,omitempty"`
	Until    Day      `json:"until,omitempty"` // 0: none
	Amount   Money    `json:"amount,omitzero"`
	Close    Day      `json:"close,omitempty"` // 0: as it was
	Category Category `json:"category,omitempty"`
	Percent  int      `json:"percent,omitempty"` // by which the amount counts, 1–100; 0: as computed
	Person   PersonID `json:"person,omitempty"`
	Verdict  Verdict  `json:"verdict,omitempty"`
	Stage    ID       `json:"stage,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Figures are named numbers, such as weights; they are finite.
	Figures map[string]float64 `json:"figures,omitempty"`
}

// IsZero reports that nothing holds.
func (r Ruling) IsZero() bool { return r.Equal(Ruling{}) }

// Equal reports that r and o say the same.
func (r Ruling) Equal(o Ruling) bool {
	return r.Text == o.Text && r.Until == o.Until && r.Amount == o.Amount && r.Close == o.Close && r.Category == o.Category && r.Percent == o.Percent &&
		r.Person == o.Person && r.Verdict == o.Verdict && r.Stage == o.Stage && slices.Equal(r.Tags, o.Tags) && maps.Equal(r.Figures, o.Figures)
}

// Slot is what a decision is about. Of the decisions in a slot the newest holds; those before it are its history.
type Slot struct {
	Kind    DecisionKind
	Subject Ref // Entity 0: no record but what ID names
	Topic   string
}

// Decision is an entry of the [Journal]: who decided what when, what held before and what holds since. It is never changed: taking it back is another
// entry that Undoes it.
type Decision struct {
	Slot
	Seq    uint64    // its place in the journal, from 1; given by the journal
	At     time.Time // given by the journal; never earlier than the entry's before it
	By     PersonID  // who; "" for a viewer that is none of the people in the org tree
	Name   string    // under which they came in
	Before Ruling    // given by the journal
	After  Ruling
	Note   string
	Prev   uint64 // the slot's entry before this one, 0: none; given by the journal
	Undoes uint64 // the entry that this one takes back; its slot, Before and After are then given by the journal
}

// Standing returns the entry that stands in a slot whose newest entry is held: that one, or, when it takes another back, what stood before that one. ok is false when
// nothing stands. entry gives an entry by its place.
func Standing(held Decision, entry func(uint64) (Decision, error)) (d Decision, ok bool, err error) {
	for held.Undoes != 0 {
		undone, err := entry(held.Undoes)
		if err != nil || undone.Prev == 0 {
			return Decision{}, false, err
		}
		if held, err = entry(undone.Prev); err != nil {
			return Decision{}, false, err
		}
	}
	return held, held.Seq != 0, nil
}

// Errors of decisions, told apart with [errors.Is].
var (
	// ErrDecidedSince: an entry cannot be taken back once its slot was decided anew, or when it was taken back already.
	ErrDecidedSince = errors.New("it has been decided anew since")
	// ErrInvalid: the caller gave what no store takes; the text says what is accepted.
	ErrInvalid = errors.New("not valid")
)

// MaxTags bounds Tags and Figures of a [Ruling].
const MaxTags = 64

// Check reports why no journal takes d: an error that wraps [ErrInvalid] and names the field and what is accepted.
func (d *Decision) Check() error {
	fail := func(field, want string) error { return fmt.Errorf("decide: %s: want %s: %w", field, want, ErrInvalid) }
	if d.By == "" && d.Name == "" {
		return fail("by", "the viewer who decides")
	}
	if d.Undoes != 0 {
		return nil // all but the note comes from the entry
	}
	r := &d.After
	switch {
	case !d.Kind.Valid():
		return fail("kind", "a declared kind")
	case d.Subject.ID == "" || len(d.Subject.ID) > 2*MaxName || d.Subject.Entity != 0 && !d.Subject.Entity.Valid():
		return fail("subject", "a record, or the name of what it is about")
	case r.Until != 0 && !r.Until.Valid():
		return fail("until", "a day from 1900 to 2099")
	case r.Close != 0 && !r.Close.Valid():
		return fail("close", "a day from 1900 to 2099")
	case r.Percent < 0 || r.Percent > 100:
		return fail("percent", "0 to 100")
	case !r.Category.Valid():
		return fail("category", "a declared category")
	case !r.Verdict.Valid():
		return fail("verdict", "accepted or rejected")
	case r.Amount.Given() && !r.Amount.Currency.Valid():
		return fail("amount", "a currency of three letters")
	case len(r.Tags) > MaxTags || len(r.Figures) > MaxTags:
		return fail("tags or figures", fmt.Sprintf("%d or fewer", MaxTags))
	case d.Kind == DecisionOverride && !r.IsZero() && d.Note == "":
		return fail("note", "the reason for the override")
	}
	for k, v := range r.Figures {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fail("figures."+Clip(k, 40), "a finite number")
		}
	}
	return nil
}

// Entered returns d as it goes into a journal under seq at a moment: checked, cleaned, and complete. last gives the newest entry of a slot, if any; entry
// gives one by its place, or [ErrNotFound]. It is what every journal calls, so that all of them decide alike.
func (d Decision) Entered(seq uint64, at time.Time, last func(Slot) (Decision, bool, error), entry func(uint64) (Decision, error)) (Decision, error) {
	if err := d.Check(); err != nil {
		return d, err
	}
	d.Seq, d.At = seq, at.Round(0).UTC()
	d.Name, d.Note = Clean(d.Name, MaxName), Clean(d.Note, MaxText)
	if d.Undoes == 0 {
		d.Topic = Clean(d.Topic, MaxName)
		if d.Kind == DecisionNote && d.Topic == "" {
			d.Topic = strconv.FormatUint(seq, 10)
		}
		d.After = d.After.cleaned()
		held, _, err := last(d.Slot)
		d.Before, d.Prev = held.After, held.Seq
		return d, err
	}
	fail := func(err error) (Decision, error) { return d, fmt.Errorf("undo decision %d: %w", d.Undoes, err) }
	undone, err := entry(d.Undoes)
	if err != nil {
		return fail(err)
	}
	if undone.Kind == DecisionRules {
		return fail(fmt.Errorf("rules come from their file; put the earlier text back: %w", ErrInvalid))
	}
	held, _, err := last(undone.Slot)
	if err != nil {
		return fail(err)
	}
	stands, ok, err := Standing(held, entry)
	if err != nil {
		return fail(err)
	}
	if undone.Seq != held.Seq && (!ok || undone.Seq != stands.Seq) { // the newest may be an undo, which is then itself taken back
		return fail(fmt.Errorf("%w (decision %d)", ErrDecidedSince, held.Seq))
	}
	d.Slot, d.Before, d.After, d.Prev = undone.Slot, held.After, undone.Before, held.Seq
	return d, nil
}

// cleaned is r as a store keeps it: harmless text, no empty list or map.
func (r Ruling) cleaned() Ruling {
	r.Text = Clean(r.Text, MaxText)
	var tags []string
	for _, t := range r.Tags {
		if t = Clean(t, MaxName); t != "" {
			tags = append(tags, t)
		}
	}
	var figures map[string]float64
	for k, v := range r.Figures {
		if figures == nil {
			figures = make(map[string]float64, len(r.Figures))
		}
		figures[Clean(k, MaxName)] = v
	}
	r.Tags, r.Figures = tags, figures
	return r
}

// String returns the word of k: note, request, snooze, override, assign, accept, suggestion, tag, figures or rules.
func (k DecisionKind) String() string { return name(k, decisionKinds[:]) }

// Valid reports whether k is a declared kind.
func (k DecisionKind) Valid() bool { return k > 0 && k < decisionEnd }

// MarshalText implements [encoding.TextMarshaler].
func (k DecisionKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseDecisionKind reads what String writes.
func ParseDecisionKind(s string) (DecisionKind, error) {
	return parse[DecisionKind]("decision", s, decisionKinds[:])
}

// String returns "", accepted or rejected.
func (v Verdict) String() string { return name(v, verdicts[:]) }

// Valid reports whether v is a declared verdict.
func (v Verdict) Valid() bool { return int(v) < len(verdicts) }

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// ParseVerdict reads what String writes.
func ParseVerdict(s string) (Verdict, error) { return parse[Verdict]("verdict", s, verdicts[:]) }
