package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Desk is what people write, kept apart from the facts of the sources ([Reader], [Writer]) so that nothing they do waits behind a sync. One process writes. What it
// writes is durable when a method returns. Its [Watcher] tells a revision that grows with every commit that adds a decision, a version of the rules or
// a message; marks and the progress of deliveries are not told.
type Desk interface {
	Journal
	Marker
	Outbox
	RuleLog
	Watcher
}

// Journal is the decisions of people, oldest first, and the audit trail of them: it can be added to and read, and nothing else. Whether a viewer may decide
// about a subject is judged above it (analytics/desk).
type Journal interface {
	// Decide enters ds, in order, together with the messages that they cause: all of it or nothing, in one transaction. A message whose key is known is left
	// out. An undo withdraws the messages of the entry that it takes back, as far as they were not told ([Message.Decision]), and their keys are new again. It returns the entries
	// as they stand in the journal. Errors wrap [ErrInvalid], [ErrNotFound] (an undo of an entry that is not there) or
	// [ErrDecidedSince].
	Decide(ctx context.Context, ds []Decision, ms ...Message) ([]Decision, error)
	// Decisions calls fn with every entry after seq, oldest first. fn may keep what it is given. It must not call the Desk.
	Decisions(ctx context.Context, seq uint64, fn func(Decision) error) error
	// Verify reads the whole journal and proves that it is as it was written. The error names the first entry that is not.
	Verify(ctx context.Context) (Head, error)
}

// Head is the newest entry of a journal and the hash that follows from it and all before it. Who keeps a Head elsewhere can later prove that nothing up to it was
// changed, added or taken away, even by somebody who can write the file.
type Head struct {
	Seq  uint64 // 0: the journal is empty
	Hash string // hexadecimal; "" when the journal is empty
}

// Mark is what a person keeps for themselves: when they last looked at a screen, a saved view. It is replaced, and no decision.
type Mark struct {
	Person PersonID // or another name that stands for the viewer
	Name   string   // such as "looked/morning" or "view/east"
	At     time.Time
	Text   string
}

// Marker keeps marks.
type Marker interface {
	// Mark puts m in place of the mark of that person and name. Without At and Text it takes the mark away.
	Mark(ctx context.Context, m Mark) error
	// Marks returns a person's marks by name.
	Marks(ctx context.Context, person PersonID) ([]Mark, error)
}

// Outbox is the messages on their way out.
type Outbox interface {
	// Post keeps the messages whose keys are new and returns how many these were.
	Post(ctx context.Context, ms ...Message) (int, error)
	// Known reports whether a message with that key was ever posted, also one that is kept no more.
	Known(ctx context.Context, key string) (bool, error)
	// Withdraw takes back the messages with these keys of which nobody was told yet, and returns how many these were. Their keys are new again. Of one that somebody was told what
	// still waits does not go out any more; it keeps its key. A key that nobody posted is no error.
	Withdraw(ctx context.Context, keys ...string) (untold int, err error)
	// Waiting calls fn with every message that is not done, oldest first. It must not call the Desk.
	Waiting(ctx context.Context, fn func(Message) error) error
	// Messages calls fn with every message before seq, newest first; 0: all. It must not call the Desk.
	Messages(ctx context.Context, seq uint64, fn func(Message) error) error
	// Record notes what became of a message: it was routed to the notifiers of ds, or those deliveries went on. [ErrNotFound] when there is no such message.
	Record(ctx context.Context, seq uint64, ds ...Delivery) error
	// Retry lets the failed deliveries of these messages wait again; of all messages when none is named. It returns how many messages that were.
	Retry(ctx context.Context, seqs ...uint64) (int, error)
}

// RuleVersion is a text of the rules that was in force.
type RuleVersion struct {
	Number int    // from 1; given by the log
	Hash   string // of Text, hexadecimal
	File   string // where it was read
	Text   string
	At     time.Time // since when; given by the log
	By     PersonID
	Name   string // of who put it in force, as far as is known
	Note   string
}

// MaxRules is the largest text of rules that is kept, in bytes.
const MaxRules = 1 << 20

// Kept returns v as it goes into a log, with the hash of its text. It is what every log calls.
func (v RuleVersion) Kept() (RuleVersion, error) {
	if len(v.Text) > MaxRules {
		return v, fmt.Errorf("keep rules: %d bytes; want %d or fewer: %w", len(v.Text), MaxRules, ErrInvalid)
	}
	sum := sha256.Sum256([]byte(v.Text))
	v.Hash = hex.EncodeToString(sum[:])
	v.File, v.Name, v.Note = Clean(v.File, MaxName), Clean(v.Name, MaxName), Clean(v.Note, MaxText)
	return v, nil
}

// RulesRef is the subject of decisions of kind [DecisionRules].
var RulesRef = Ref{ID: "rules"}

// Decision is the entry that goes with v.
func (v RuleVersion) Decision() Decision {
	d := Decision{Slot: Slot{Kind: DecisionRules, Subject: RulesRef}, By: v.By, Name: v.Name, After: Ruling{Text: v.Hash}}
	d.Note = fmt.Sprintf("version %d", v.Number)
	if v.File != "" {
		d.Note += " of " + v.File
	}
	if v.Note != "" {
		d.Note += ": " + v.Note
	}
	return d
}

// RuleLog keeps every version of the rules that was ever in force.
type RuleLog interface {
	// KeepRules adds v, together with a decision of kind [DecisionRules], unless the newest version has its hash, which is then returned.
	KeepRules(ctx context.Context, v RuleVersion) (RuleVersion, error)
	// RuleVersions returns all versions, oldest first.
	RuleVersions(ctx context.Context) ([]RuleVersion, error)
}
