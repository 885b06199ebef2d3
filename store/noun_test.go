package store_test

import (
	"testing"
	"time"

	"flightdeck/store"
)

func TestSourceStatus_Left(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	run := store.SourceStatus{State: store.SyncRunning, Done: 300, Base: 200, Total: 1000, Started: at, Updated: at.Add(10 * time.Second)}
	for name, c := range map[string]struct {
		change func(*store.SourceStatus)
		now    time.Time
		want   time.Duration
		ok     bool
	}{
		"at the pace of this run alone":  {func(*store.SourceStatus) {}, run.Updated, 70 * time.Second, true},
		"it runs down between two pages": {func(*store.SourceStatus) {}, run.Updated.Add(30 * time.Second), 40 * time.Second, true},
		"never below nothing":            {func(*store.SourceStatus) {}, run.Updated.Add(time.Hour), 0, true},
		"a clock that went back":         {func(*store.SourceStatus) {}, at.Add(-time.Hour), 70 * time.Second, true},
		"more came than was announced":   {func(s *store.SourceStatus) { s.Done = 1200 }, run.Updated, 0, true},
		"told to wait": {func(s *store.SourceStatus) { s.State, s.Retry = store.SyncWaiting, run.Updated.Add(time.Minute) },
			run.Updated.Add(20 * time.Second), 110 * time.Second, true},
		"an unknown total":       {func(s *store.SourceStatus) { s.Total = 0 }, run.Updated, 0, false},
		"nothing has come":       {func(s *store.SourceStatus) { s.Done = 200 }, run.Updated, 0, false},
		"nothing is under way":   {func(s *store.SourceStatus) { s.State = store.SyncIdle }, run.Updated, 0, false},
		"no time has passed yet": {func(s *store.SourceStatus) { s.Updated = at }, at, 0, false},
	} {
		s := run
		c.change(&s)
		if got, ok := s.Left(c.now); ok != c.ok || got.Round(time.Second) != c.want {
			t.Errorf("%s: %v, %v; want %v, %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestKeyField(t *testing.T) {
	at := time.Date(2026, 11, 3, 4, 5, 6, 7e6, time.UTC)
	for _, f := range []store.Field{store.FieldStage, store.FieldAmount, store.FieldPessimisticClose} {
		for _, deal := range []store.ID{"a:1", "a:x|stage", "a:|", "a:stage|y"} {
			c := store.Change{Deal: deal, Field: f, To: "b|owner|20261103T040506.007|c", At: at}
			if got, ok := store.KeyField(c.Key()); !ok || got != f {
				t.Errorf("%s: %v, %v", c.Key(), got, ok)
			}
		}
	}
	for _, id := range []store.ID{"", "a:1", "a:stage", "a:1|stage", "a:1|stage|today|x", "a:1|price|20261103T040506.007|x"} {
		if f, ok := store.KeyField(id); ok {
			t.Errorf("%q: %v", id, f)
		}
	}
}
