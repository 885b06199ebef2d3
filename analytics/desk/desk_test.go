package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// company is two teams with a rep and a deal each, and a deal that belongs to nobody.
func company() *analytics.Book {
	deal := func(id, owner store.ID) store.Deal {
		return storetest.Deal(id, func(d *store.Deal) { d.Owner, d.Account, d.Created = owner, "x:a-"+owner[2:], booktest.Today-30 })
	}
	return booktest.Book(&store.Records{
		Org:    &store.Org{Name: "us", TimeZone: "Asia/Shanghai", Currency: "CNY", FiscalStart: time.January},
		Units:  []store.Unit{{ID: "x:east", Name: "East", Kind: store.UnitTeam, Manager: "x:ann"}, {ID: "x:west", Name: "West", Kind: store.UnitTeam}},
		People: []store.Person{{ID: "x:ann", Name: "Ann", Unit: "x:east"}, {ID: "x:bob", Name: "Bob", Unit: "x:east"}, {ID: "x:cyd", Name: "Cyd", Unit: "x:west"}},
		Stages: []store.Stage{{ID: "lead", Name: "lead"}},
		Accounts: []store.Account{storetest.Account("x:a-bob", func(a *store.Account) { a.Owner = "x:bob" }),
			storetest.Account("x:a-cyd", func(a *store.Account) { a.Owner = "x:cyd" })},
		Deals: []store.Deal{deal("x:1", "x:bob"), deal("x:2", "x:cyd"), deal("x:3", "x:nobody")},
	})
}

var (
	ann = Viewer{Person: "x:ann", Name: "ann", Root: "x:east"}
	all = Viewer{Name: "local"}
)

func live(t *testing.T) (*Live, *storetest.Desk, *storetest.Clock) {
	t.Helper()
	c := storetest.NewClock(booktest.Today.Time(booktest.Zone).Add(9 * time.Hour))
	d := storetest.NewDesk()
	d.Now = c.Now
	return NewLive(d, func(err error) { t.Error(err) }), d, c
}

func decide(t *testing.T, l *Live, v Viewer, ds ...store.Decision) []store.Decision {
	t.Helper()
	out, err := l.Decide(t.Context(), company(), v, ds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Nobody decides about what lies outside their part of the org tree, nor gives it to somebody out there, nor undoes what was decided there.
func TestDecide_OutsideTheSubtree(t *testing.T) {
	l, keeper, _ := live(t)
	person := func(id store.ID) func(*store.Decision) {
		return func(d *store.Decision) { d.Kind, d.After = store.DecisionAssign, store.Ruling{Person: id} }
	}
	about := func(e store.Entity, id store.ID) func(*store.Decision) {
		return func(d *store.Decision) { d.Subject = store.Ref{Entity: e, ID: id} }
	}
	theirs := decide(t, l, all, storetest.Snooze("x:2", 20700))[0]
	good := storetest.Snooze("x:1", 20700)
	for name, d := range map[string]store.Decision{
		"another team's deal":     storetest.Snooze("x:2", 20700),
		"nobody's deal":           storetest.Snooze("x:3", 20700),
		"no deal":                 storetest.Snooze("x:9", 20700),
		"another team's account":  storetest.Snooze("", 20700, about(store.EntityAccount, "x:a-cyd")),
		"another team's person":   storetest.Snooze("", 20700, about(store.EntityPerson, "x:cyd")),
		"another team":            storetest.Snooze("", 20700, about(store.EntityUnit, "x:west")),
		"the company":             storetest.Snooze("", 20700, about(0, "weights")),
		"a person outside":        storetest.Snooze("x:1", 0, person("x:cyd")),
		"a person who is not":     storetest.Snooze("x:1", 0, person("x:zoe")),
		"a stage that is not":     storetest.Snooze("x:1", 0, func(d *store.Decision) { d.Kind, d.After = store.DecisionSuggestion, store.Ruling{Stage: "nope"} }),
		"another team's decision": {Undoes: theirs.Seq},
		"no decision":             {Undoes: 99},
	} {
		if out, err := l.Decide(t.Context(), company(), ann, []store.Decision{good, d}, storetest.Message("m")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if n := len(storetest.Decisions(t, keeper)); n != 1 || len(storetest.Messages(t, keeper)) != 0 {
		t.Fatalf("%d decisions went in, and %d messages", n, len(storetest.Messages(t, keeper)))
	}
	decide(t, l, ann, good, storetest.Snooze("x:1", 0, person("x:bob")), storetest.Snooze("", 20700, about(store.EntityAccount, "x:a-bob")),
		storetest.Snooze("", 20700, about(store.EntityPerson, "x:ann")), storetest.Snooze("", 20700, about(store.EntityUnit, "x:east")))
	decide(t, l, all, storetest.Snooze("x:3", 20700), storetest.Snooze("", 20700, about(0, "weights")))
	if _, err := l.Decide(t.Context(), nil, all, []store.Decision{good}); err == nil {
		t.Error("decided before the store was read")
	}
}

// Who decided is the session, whatever a pane says.
func TestDecide_EntersTheViewer(t *testing.T) {
	l, _, _ := live(t)
	d := decide(t, l, ann, storetest.Snooze("x:1", 20700, func(d *store.Decision) { d.By, d.Name = "x:cyd", "somebody else" }))[0]
	if d.By != "x:ann" || d.Name != "ann" {
		t.Fatalf("%+v", d)
	}
	if _, err := l.Decide(t.Context(), company(), all, []store.Decision{storetest.Snooze("x:1", 1, func(d *store.Decision) { d.Kind = store.DecisionRules })}); !errors.Is(err, store.ErrInvalid) {
		t.Fatal(err)
	}
}

// Every past day is told as it was.
func TestView_AsOf(t *testing.T) {
	l, _, c := live(t)
	b := company()
	decide(t, l, ann, storetest.Snooze("x:1", booktest.Today+2))
	c.Add(24 * time.Hour)
	decide(t, l, ann, storetest.Snooze("x:1", booktest.Today+9), storetest.Snooze("x:1", 0, func(d *store.Decision) { d.Kind, d.After = store.DecisionNote, store.Ruling{Text: "n"} }))
	c.Add(24 * time.Hour)
	undone := decide(t, l, ann, store.Decision{Undoes: 2})[0]
	ref := store.Ref{Entity: store.EntityDeal, ID: "x:1"}
	for day, want := range map[store.Day]struct {
		until store.Day
		about int
	}{-1: {0, 0}, 0: {booktest.Today + 2, 1}, 1: {booktest.Today + 9, 2}, 2: {booktest.Today + 2, 2}} {
		v := l.Desk().AsOf((booktest.Today + day).End(b.Location()))
		d, ok := v.Get(storetest.Snooze("x:1", 0).Slot)
		if d.After.Until != want.until || ok != (want.until != 0) || len(v.About(ref)) != want.about {
			t.Errorf("day %d: until %v, %d about it; want %+v", day, d.After.Until, len(v.About(ref)), want)
		}
	}
	if v := Of(l.Desk(), b, analytics.Scope{AsOf: booktest.Today - 1}); len(v.History(ref)) != 0 {
		t.Error("the day before knows")
	}
	now := l.Desk().Now()
	if h := now.History(ref); len(h) != 4 || h[3].Seq != undone.Seq || len(now.Notes(ref)) != 1 {
		t.Errorf("%+v", h)
	}
	if _, ok := now.Snoozed(ref, "overdue", booktest.Today+1); !ok {
		t.Error("not snoozed")
	}
	if _, ok := now.Snoozed(ref, "overdue", booktest.Today+2); ok {
		t.Error("still snoozed on the day on which it ends")
	}
	if _, ok := now.Snoozed(ref, "stale", booktest.Today); ok {
		t.Error("another flag is snoozed")
	}
	decide(t, l, ann, storetest.Snooze("x:1", booktest.Today+5, func(d *store.Decision) { d.Topic = "" }))
	if _, ok := l.Desk().Now().Snoozed(ref, "stale", booktest.Today); !ok {
		t.Error("all flags were snoozed")
	}
}

// The undo key takes back one's own decisions, the newest first, and only those that stand.
func TestView_Last(t *testing.T) {
	l, _, _ := live(t)
	decide(t, l, ann, storetest.Snooze("x:1", 20700), storetest.Snooze("x:1", 20710))
	decide(t, l, all, storetest.Snooze("x:2", 20700))
	for _, want := range []uint64{2, 1} {
		d, ok := l.Desk().Now().Last(ann)
		if !ok || d.Seq != want {
			t.Fatalf("%+v, %v; want %d", d, ok, want)
		}
		decide(t, l, ann, store.Decision{Undoes: d.Seq})
	}
	if d, ok := l.Desk().Now().Last(ann); ok {
		t.Fatalf("%+v", d)
	}
	if d, ok := l.Desk().Now().Last(all); !ok || d.Seq != 3 {
		t.Fatalf("%+v, %v", d, ok)
	}
}

// A Desk that was advanced many times tells what one that is read at once does, and earlier ones stay as they were.
func TestDesk_AdvancedAndReadAreEqual(t *testing.T) {
	rng := storetest.Rand(t)
	l, keeper, _ := live(t)
	type picture struct {
		desk *Desk
		seq  uint64
	}
	var old []picture
	for range 300 {
		var ds []store.Decision
		for range 1 + rng.IntN(5) {
			ds = append(ds, storetest.Snooze(store.ID(fmt.Sprint("x:", rng.IntN(900))), store.Day(20000+rng.IntN(5))))
		}
		if _, err := keeper.Decide(t.Context(), ds); err != nil {
			t.Fatal(err)
		}
		if err := l.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		old = append(old, picture{l.Desk(), l.Desk().Seq()})
	}
	entries := storetest.Decisions(t, keeper)
	check := func(d *Desk, n uint64) {
		t.Helper()
		want := map[store.Ref][]uint64{}
		for _, e := range entries[:n] {
			want[e.Subject] = append(want[e.Subject], e.Seq)
		}
		subjects := 0
		for r := range d.Now().Subjects {
			var got []uint64
			for _, e := range d.Now().History(r) {
				got = append(got, e.Seq)
			}
			if subjects++; !slices.Equal(got, want[r]) {
				t.Fatalf("%v: %v, want %v", r, got, want[r])
			}
		}
		if subjects != len(want) {
			t.Fatalf("%d subjects, want %d", subjects, len(want))
		}
	}
	for _, p := range old {
		check(p.desk, p.seq)
	}
	read, err := Read(t.Context(), keeper)
	if err != nil {
		t.Fatal(err)
	}
	check(read, uint64(len(entries)))
	i := len(entries)
	for e := range read.Now().Trail {
		if i--; e.Seq != entries[i].Seq {
			t.Fatalf("%d in the trail, want %d", e.Seq, entries[i].Seq)
		}
	}
	if _, ok := read.Now().Entry(uint64(len(entries)) + 1); ok || i != 0 {
		t.Fatal("the trail is not all of it")
	}
}

func TestView_Empty(t *testing.T) {
	for _, v := range []View{{}, new(Desk).Now(), new(Desk).AsOf(time.Now())} {
		if _, ok := v.Get(storetest.Snooze("x:1", 1).Slot); ok || v.About(store.RulesRef) != nil || v.History(store.RulesRef) != nil {
			t.Error("an empty desk tells something")
		}
		for range v.Subjects {
			t.Error("a subject")
		}
		for range v.Trail {
			t.Error("an entry")
		}
		if _, ok := v.Last(all); ok {
			t.Error("a last one")
		}
	}
}

func TestLive_Run(t *testing.T) {
	l, keeper, _ := live(t)
	ctx, cancel := context.WithCancel(t.Context())
	told, done := l.Subscribe(ctx), make(chan error)
	go func() { done <- l.Run(ctx) }()
	if _, err := keeper.Decide(ctx, []store.Decision{storetest.Snooze("x:1", 20700)}); err != nil {
		t.Fatal(err)
	}
	<-told
	if l.Desk().Seq() != 1 {
		t.Fatalf("at %d", l.Desk().Seq())
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for range told { //nolint:revive // it ends with its context
	}
}

// A session decides as its viewer, takes back its own, and keeps its own marks; without a desk it is empty and refuses.
func TestSession(t *testing.T) {
	l, keeper, _ := live(t)
	b := company()
	s := &Session{Viewer: ann, Live: l, Book: func() *analytics.Book { return b }, Marker: keeper}
	if d, err := s.Undo(t.Context()); d != nil || err != nil {
		t.Fatal(d, err)
	}
	if _, err := s.Decide(t.Context(), []store.Decision{storetest.Snooze("x:1", 20700)}); err != nil {
		t.Fatal(err)
	}
	if len(s.View(b, analytics.Scope{}).About(store.Ref{Entity: store.EntityDeal, ID: "x:1"})) != 1 {
		t.Fatal("what was just decided is not seen")
	}
	if d, err := s.Undo(t.Context()); err != nil || len(d) != 1 || d[0].Undoes != 1 || d[0].By != "x:ann" {
		t.Fatalf("%+v, %v", d, err)
	}
	if _, err := s.Decide(t.Context(), []store.Decision{storetest.Snooze("x:1", 20701, func(d *store.Decision) { d.Topic = "a" }), storetest.Snooze("x:1", 20702, func(d *store.Decision) { d.Topic = "b" })}); err != nil {
		t.Fatal(err)
	}
	if d, err := s.Undo(t.Context()); err != nil || len(d) != 2 || d[0].Undoes != 4 || d[1].Undoes != 3 {
		t.Fatalf("what was done to two at once: %+v, %v", d, err)
	}
	if d, err := s.Undo(t.Context()); d != nil || err != nil {
		t.Fatalf("undone twice: %+v, %v", d, err)
	}
	if err := s.Mark(t.Context(), store.Mark{Person: "x:cyd", Name: "looked/morning", At: storetest.Noon}); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Marks(t.Context()); err != nil || len(m) != 1 || m[0].Person != "x:ann" {
		t.Fatalf("%+v, %v", m, err)
	}
	var none *Session
	if _, err := none.Decide(t.Context(), nil); err == nil {
		t.Fatal("decided without a desk")
	}
	if v := none.View(b, analytics.Scope{}); v.Notes(store.RulesRef) != nil {
		t.Fatal("something on no desk")
	}
}
