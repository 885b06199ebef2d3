package store

import (
	"encoding"
	"fmt"
	"testing"
)

type enumeration interface {
	fmt.Stringer
	Valid() bool
}

// checkEnum wants every value below n to print a word of its own that reads back, and every other to be invalid yet printable.
func checkEnum[T interface {
	~uint8
	enumeration
}](t *testing.T, first, n T, read func(string) (T, error)) {
	t.Helper()
	words := map[string]bool{}
	for v := range n {
		if v < first {
			continue
		}
		word := v.String()
		back, err := read(word)
		if !v.Valid() || err != nil || back != v || words[word] {
			t.Errorf("%T %d prints %q, which reads as %d, %v", v, v, word, back, err)
		}
		words[word] = true
		if m, ok := any(v).(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err != nil || string(b) != word {
				t.Errorf("%T %d marshals as %q, %v", v, v, b, err)
			}
		}
	}
	for _, v := range []T{n, 255} {
		if v.Valid() || v.String() == "" || words[v.String()] {
			t.Errorf("%T %d is valid %t and prints %q", v, v, v.Valid(), v)
		}
	}
	for _, s := range []string{"nonsense", "1?", " " + first.String(), "\x1b[2J"} {
		if v, err := read(s); err == nil {
			t.Errorf("%q was read as %T %d", s, v, v)
		} else if !isClean(err.Error()) {
			t.Errorf("the error for %q carries it raw: %q", s, err)
		}
	}
}

func TestEnumerations(t *testing.T) {
	checkEnum(t, 0, UnitTeam+1, ParseUnitKind)
	checkEnum(t, 0, StageLost+1, ParseStageKind)
	checkEnum(t, 0, CategoryCommit+1, ParseCategory)
	checkEnum(t, FieldStage, FieldPessimisticAmount+1, ParseField)
	checkEnum(t, 0, ChannelDemo+1, ParseChannel)
	checkEnum(t, 0, SentimentPositive+1, ParseSentiment)
	checkEnum(t, 0, SyncHeld+1, ParseSyncState)
	checkEnum(t, EntityOrg, entityEnd, ParseEntity)
}

func TestFields(t *testing.T) {
	s := FieldsOf(FieldStage, FieldOwner)
	for f := range FieldCategory + 1 {
		if want := f == FieldStage || f == FieldOwner; s.Has(f) != want {
			t.Errorf("%s: %t", f, s.Has(f))
		}
	}
	if Fields(0).Has(FieldStage) {
		t.Error("the empty set has a field")
	}
}
