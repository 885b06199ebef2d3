package store

import (
	"fmt"
	"strings"
)

// Every enumeration prints the word that JSON and the command line use, parses it back and knows whether it is one of its values.

func name[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%d?", v)
}

func parse[T ~uint8](what string, s string, names []string) (T, error) {
	for i, n := range names {
		if s == n {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("parse %s %q: want one of %s", what, Clip(s, 40), strings.Trim(strings.Join(names, ", "), ", "))
}

// String returns company, region or team.
func (k UnitKind) String() string { return name(k, unitKinds[:]) }

// Valid reports whether k is a declared kind.
func (k UnitKind) Valid() bool { return int(k) < len(unitKinds) }

// MarshalText implements [encoding.TextMarshaler].
func (k UnitKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseUnitKind reads what String writes.
func ParseUnitKind(s string) (UnitKind, error) { return parse[UnitKind]("unit kind", s, unitKinds[:]) }

// String returns open, won or lost.
func (k StageKind) String() string { return name(k, stageKinds[:]) }

// Valid reports whether k is a declared kind.
func (k StageKind) Valid() bool { return int(k) < len(stageKinds) }

// MarshalText implements [encoding.TextMarshaler].
func (k StageKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseStageKind reads what String writes.
func ParseStageKind(s string) (StageKind, error) {
	return parse[StageKind]("stage kind", s, stageKinds[:])
}

// String returns "", omitted, pipeline, best_case or commit.
func (c Category) String() string { return name(c, categories[:]) }

// Valid reports whether c is a declared category.
func (c Category) Valid() bool { return int(c) < len(categories) }

// MarshalText implements [encoding.TextMarshaler].
func (c Category) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCategory reads what String writes.
func ParseCategory(s string) (Category, error) {
	return parse[Category]("forecast category", s, categories[:])
}

// String returns stage, amount, close, owner, category, or the name of a version's field.
func (f Field) String() string { return name(f, fields[:]) }

// Valid reports whether f is a declared field.
func (f Field) Valid() bool { return f > 0 && int(f) < len(fields) }

// MarshalText implements [encoding.TextMarshaler].
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseField reads what String writes.
func ParseField(s string) (Field, error) { return parse[Field]("field", s, fields[:]) }

// String returns other, visit, call, wechat, email, meeting or demo.
func (c Channel) String() string { return name(c, channels[:]) }

// Valid reports whether c is a declared channel.
func (c Channel) Valid() bool { return int(c) < len(channels) }

// MarshalText implements [encoding.TextMarshaler].
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseChannel reads what String writes.
func ParseChannel(s string) (Channel, error) { return parse[Channel]("channel", s, channels[:]) }

// String returns unknown, negative, neutral or positive.
func (s Sentiment) String() string { return name(s, sentiments[:]) }

// Valid reports whether s is a declared sentiment.
func (s Sentiment) Valid() bool { return int(s) < len(sentiments) }

// MarshalText implements [encoding.TextMarshaler].
func (s Sentiment) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSentiment reads what String writes.
func ParseSentiment(s string) (Sentiment, error) {
	return parse[Sentiment]("sentiment", s, sentiments[:])
}

// String returns fresh, stale, missing, mistyped, outside, shifted, unknown or unread.
func (s InputState) String() string { return name(s, inputStates[:]) }

// Valid reports whether s is a declared state.
func (s InputState) Valid() bool { return int(s) < len(inputStates) }

// MarshalText implements [encoding.TextMarshaler].
func (s InputState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseInputState reads what String writes.
func ParseInputState(s string) (InputState, error) {
	return parse[InputState]("input state", s, inputStates[:])
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *InputState) UnmarshalText(b []byte) (err error) {
	*s, err = ParseInputState(string(b))
	return err
}

// String returns idle, running, waiting, failed or held.
func (s SyncState) String() string { return name(s, syncStates[:]) }

// Valid reports whether s is a declared state.
func (s SyncState) Valid() bool { return int(s) < len(syncStates) }

// MarshalText implements [encoding.TextMarshaler].
func (s SyncState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSyncState reads what String writes.
func ParseSyncState(s string) (SyncState, error) {
	return parse[SyncState]("sync state", s, syncStates[:])
}

// String returns notice, award, plan or amendment.
func (k TenderKind) String() string { return name(k, tenderKinds[:]) }

// Valid reports whether k is a declared kind.
func (k TenderKind) Valid() bool { return int(k) < len(tenderKinds) }

// MarshalText implements [encoding.TextMarshaler].
func (k TenderKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseTenderKind reads what String writes.
func ParseTenderKind(s string) (TenderKind, error) {
	return parse[TenderKind]("tender kind", s, tenderKinds[:])
}
