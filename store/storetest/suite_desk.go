package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/store"
)

// DeskSuite is the contract of [store.Desk]. open gives an empty desk with this clock, which ends with t.
func DeskSuite(t *testing.T, open func(t *testing.T, now func() time.Time) store.Desk) {
	tests := []struct {
		name string
		run  func(*testing.T, store.Desk, *Clock)
	}{
		{"Empty", testDeskEmpty}, {"Decide", testDecide}, {"RoundTrip", testDecisionRoundTrip}, {"Undo", testUndo}, {"UndoOfTheSecond", testUndoStale},
		{"Refuses", testDecideRefuses}, {"AllOrNothing", testDecideAtomic}, {"Notes", testNotes}, {"ClockPutBack", testClockBack}, {"Cleaned", testDecideCleaned},
		{"MessageWithDecision", testDecideMessage}, {"UndoWithdraws", testUndoWithdraws}, {"Withdraw", testWithdraw}, {"OncePerKey", testPostOnce}, {"Deliveries", testDeliveries}, {"Retry", testRetry}, {"Messages", testMessages},
		{"Marks", testMarks}, {"Rules", testRuleLog}, {"Watch", testDeskWatch}, {"Cancelled", testDeskCancelled}, {"Together", testDeskTogether},
		{"CallersKeep", testDeskOwnership},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Clock{at: Noon}
			tt.run(t, open(t, c.Now), c)
		})
	}
}

// Clock is a clock that a test sets. It begins at [Noon] in DeskSuite.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns one that stands at a moment.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now returns the moment at which it stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Add moves it.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Decisions reads the whole journal.
func Decisions(t testing.TB, j store.Journal) (all []store.Decision) {
	t.Helper()
	if err := j.Decisions(context.Background(), 0, func(d store.Decision) error { all = append(all, d); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// Messages reads all messages, oldest first.
func Messages(t testing.TB, o store.Outbox) (all []store.Message) {
	t.Helper()
	if err := o.Messages(context.Background(), 0, func(m store.Message) error { all = append(all, m); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// Snooze returns a decision of x:ann's to leave a deal's flag alone until a day; with changes it.
func Snooze(deal store.ID, until store.Day, with ...func(*store.Decision)) store.Decision {
	d := store.Decision{By: "x:ann", Name: "ann", After: store.Ruling{Until: until},
		Slot: store.Slot{Kind: store.DecisionSnooze, Subject: store.Ref{Entity: store.EntityDeal, ID: deal}, Topic: "overdue"}}
	for _, w := range with {
		w(&d)
	}
	return d
}

// Message returns one of the kind flag; with changes it.
func Message(key string, with ...func(*store.Message)) store.Message {
	m := store.Message{Key: key, Kind: store.MessageFlag, Title: "message " + key}
	for _, w := range with {
		w(&m)
	}
	return m
}

func decide(t *testing.T, d store.Desk, ds ...store.Decision) []store.Decision {
	t.Helper()
	out, err := d.Decide(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func testDeskEmpty(t *testing.T, d store.Desk, _ *Clock) {
	if len(Decisions(t, d)) != 0 || len(Messages(t, d)) != 0 {
		t.Fatal("not empty")
	}
	head, err := d.Verify(t.Context())
	equal(t, "head", head, store.Head{})
	if rules, e := d.RuleVersions(t.Context()); err != nil || e != nil || len(rules) != 0 {
		t.Fatal(err, e, rules)
	}
}

func testDecide(t *testing.T, d store.Desk, c *Clock) {
	day := store.DayOf(Noon, time.UTC)
	one := decide(t, d, Snooze("x:1", day+3))[0]
	c.Add(time.Hour)
	two := decide(t, d, Snooze("x:1", day+5), Snooze("x:2", day+5))
	all := Decisions(t, d)
	if len(all) != 3 || one.Seq != 1 || two[1].Seq != 3 {
		t.Fatalf("%+v", all)
	}
	equal(t, "first", all[0], one)
	equal(t, "moment", all[0].At, Noon.UTC())
	equal(t, "second", all[1].At, Noon.Add(time.Hour).UTC())
	equal(t, "before", all[1].Before, store.Ruling{Until: day + 3})
	equal(t, "nothing before", all[2].Before, store.Ruling{})
	equal(t, "the entries before", [3]uint64{all[0].Prev, all[1].Prev, all[2].Prev}, [3]uint64{0, 1, 0})
	var after []uint64
	if err := d.Decisions(t.Context(), 2, func(v store.Decision) error { after = append(after, v.Seq); return nil }); err != nil {
		t.Fatal(err)
	}
	equal(t, "after 2", after, []uint64{3})
	head, err := d.Verify(t.Context())
	if err != nil || head.Seq != 3 || len(head.Hash) != 64 {
		t.Fatalf("%+v, %v", head, err)
	}
}

// Every field of a decision comes back as it was given.
func testDecisionRoundTrip(t *testing.T, d store.Desk, _ *Clock) {
	full := store.Decision{By: "x:ann", Name: "安", Note: "because", Slot: store.Slot{Kind: store.DecisionOverride, Subject: store.Ref{Entity: store.EntityDeal, ID: "x:1"}, Topic: "t"},
		After: store.Ruling{Text: "text", Until: 20600, Amount: store.Money{Minor: -12_345, Currency: "CNY"}, Close: 20700, Category: store.CategoryCommit, Percent: 60,
			Person: "x:bob", Verdict: store.VerdictRejected, Stage: "won", Tags: []string{"price", "竞争对手"}, Figures: map[string]float64{"a": 0.1, "b": -1e300, "c": 0}}}
	v := reflect.ValueOf(full.After)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("the test does not set %s", v.Type().Field(i).Name)
		}
	}
	decide(t, d, full)
	again := full
	again.After = store.Ruling{Percent: 100}
	decide(t, d, again)
	all := Decisions(t, d)
	equal(t, "after", all[0].After, full.After)
	equal(t, "before", all[1].Before, full.After)
	full.Seq, full.At = 1, Noon.UTC()
	equal(t, "entry", all[0], full)
}

func testUndo(t *testing.T, d store.Desk, _ *Clock) {
	decide(t, d, Snooze("x:1", 20600), Snooze("x:1", 20610))
	undo := func(seq uint64) store.Decision {
		return decide(t, d, store.Decision{Undoes: seq, By: "x:bob", Name: "bob", Note: "no"})[0]
	}
	u := undo(2)
	if u.Seq != 3 || u.Before.Until != 20610 || u.After.Until != 20600 || u.Kind != store.DecisionSnooze || u.Subject.ID != "x:1" || u.Topic != "overdue" || u.By != "x:bob" {
		t.Fatalf("%+v", u)
	}
	if r := undo(3); r.After.Until != 20610 || r.Undoes != 3 { // and taken back again
		t.Fatalf("%+v", r)
	}
	if two := undo(2); two.Before.Until != 20610 || two.After.Until != 20600 { // it stands once more, so that it can be taken back once more
		t.Fatalf("%+v", two)
	}
	if one := undo(1); one.Before.Until != 20600 || !one.After.IsZero() { // and then the one before it
		t.Fatalf("%+v", one)
	}
	for _, seq := range []uint64{1, 2, 3, 4} {
		if _, err := d.Decide(t.Context(), []store.Decision{{Undoes: seq, By: "x:ann"}}); !errors.Is(err, store.ErrDecidedSince) {
			t.Fatalf("undo %d again: %v", seq, err)
		}
	}
	equal(t, "entries", len(Decisions(t, d)), 6)
}

func testUndoStale(t *testing.T, d store.Desk, _ *Clock) {
	decide(t, d, Snooze("x:1", 20600), Snooze("x:1", 20610))
	if _, err := d.Decide(t.Context(), []store.Decision{{Undoes: 1, By: "x:ann"}}); !errors.Is(err, store.ErrDecidedSince) {
		t.Fatal(err)
	}
	for _, seq := range []uint64{3, 1 << 60} {
		if _, err := d.Decide(t.Context(), []store.Decision{{Undoes: seq, By: "x:ann"}}); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	equal(t, "entries", len(Decisions(t, d)), 2)
}

func testDecideRefuses(t *testing.T, d store.Desk, _ *Clock) {
	for name, with := range map[string]func(*store.Decision){
		"by":       func(v *store.Decision) { v.By, v.Name = "", "" },
		"kind":     func(v *store.Decision) { v.Kind = 99 },
		"subject":  func(v *store.Decision) { v.Subject.ID = "" },
		"until":    func(v *store.Decision) { v.After.Until = store.MaxDay + 1 },
		"close":    func(v *store.Decision) { v.After.Close = store.NoDay },
		"percent":  func(v *store.Decision) { v.After.Percent = 101 },
		"category": func(v *store.Decision) { v.After.Category = 99 },
		"verdict":  func(v *store.Decision) { v.After.Verdict = 99 },
		"amount":   func(v *store.Decision) { v.After.Amount = store.Money{Currency: "x"} },
		"tags":     func(v *store.Decision) { v.After.Tags = make([]string, store.MaxTags+1) },
		"figures":  func(v *store.Decision) { zero := 0.0; v.After.Figures = map[string]float64{"a": 1 / zero} },
		"note":     func(v *store.Decision) { v.Kind = store.DecisionOverride },
	} {
		if _, err := d.Decide(t.Context(), []store.Decision{Snooze("x:1", 20600, with)}); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal(t, "entries", len(Decisions(t, d)), 0)
}

func testDecideAtomic(t *testing.T, d store.Desk, _ *Clock) {
	good, bad := Snooze("x:1", 20600), Snooze("", 20600)
	if _, err := d.Decide(t.Context(), []store.Decision{good, bad}, Message("a")); err == nil {
		t.Fatal("accepted")
	}
	if _, err := d.Decide(t.Context(), []store.Decision{good}, Message("a"), store.Message{Key: "b"}); !errors.Is(err, store.ErrInvalid) {
		t.Fatal(err)
	}
	equal(t, "entries", len(Decisions(t, d)), 0)
	equal(t, "messages", len(Messages(t, d)), 0)
	equal(t, "first place", decide(t, d, good)[0].Seq, uint64(1))
	if n, err := d.Post(t.Context(), Message("a")); n != 1 || err != nil {
		t.Fatal(n, err)
	}
}

func testNotes(t *testing.T, d store.Desk, _ *Clock) {
	note := func(topic, text string) store.Decision {
		return Snooze("x:1", 0, func(v *store.Decision) {
			v.Kind, v.Topic, v.After = store.DecisionNote, topic, store.Ruling{Text: text}
		})
	}
	ds := decide(t, d, note("", "one"), note("", "two"))
	if ds[0].Topic == "" || ds[0].Topic == ds[1].Topic {
		t.Fatalf("%q, %q: two notes are one", ds[0].Topic, ds[1].Topic)
	}
	edited := decide(t, d, note(ds[0].Topic, "one, mended"))[0]
	equal(t, "before", edited.Before.Text, "one")
}

func testClockBack(t *testing.T, d store.Desk, c *Clock) {
	decide(t, d, Snooze("x:1", 20600))
	c.Add(-time.Hour)
	equal(t, "moment", decide(t, d, Snooze("x:2", 20600))[0].At, Noon.UTC())
}

func testDecideCleaned(t *testing.T, d store.Desk, _ *Clock) {
	v := decide(t, d, Snooze("x:1", 20600, func(v *store.Decision) {
		v.Name, v.Note, v.Topic = "a\x1b[2Jn", "two\nlines\x07", " over\u202edue "
		v.After.Text, v.After.Tags, v.After.Figures = "x\x00y", []string{"", "\x1b]0;t"}, map[string]float64{}
	}))[0]
	equal(t, "note", v.Note, "two lines")
	equal(t, "name", v.Name, "a[2Jn")
	equal(t, "topic", v.Topic, "overdue")
	equal(t, "ruling", v.After, store.Ruling{Until: 20600, Text: "xy", Tags: []string{"]0;t"}})
	equal(t, "entry", Decisions(t, d)[0], v)
}

func testDecideMessage(t *testing.T, d store.Desk, _ *Clock) {
	m := Message("ask|x:1", func(m *store.Message) { m.Node, m.Text, m.Link = "x:bob", "line one\nline\x1b two\n\n", "deal/x:1" })
	if _, err := d.Decide(t.Context(), []store.Decision{Snooze("x:1", 20600)}, m, m); err != nil {
		t.Fatal(err)
	}
	m.Seq, m.At, m.Text = 1, Noon.UTC(), "line one\nline two"
	equal(t, "messages", Messages(t, d), []store.Message{m})
	if _, err := d.Decide(t.Context(), nil, Message("b")); err != nil {
		t.Fatal(err)
	}
	equal(t, "messages", len(Messages(t, d)), 2)
}

func testUndoWithdraws(t *testing.T, d store.Desk, _ *Clock) {
	of := func(key string, decision int) store.Message {
		return Message(key, func(m *store.Message) { m.Kind, m.Decision = store.MessageRequest, decision })
	}
	enter := func(ms ...store.Message) []store.Decision {
		t.Helper()
		out, err := d.Decide(t.Context(), []store.Decision{Snooze("x:1", 20600), Snooze("x:2", 20600)}, ms...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	record := func(seq uint64, ds ...store.Delivery) {
		t.Helper()
		if err := d.Record(t.Context(), seq, ds...); err != nil {
			t.Fatal(err)
		}
	}
	known := func(key string, want bool) {
		t.Helper()
		if got, err := d.Known(t.Context(), key); got != want || err != nil {
			t.Errorf("%q is known: %v, %v", key, got, err)
		}
	}
	ds := enter(of("new", 1), of("routed", 1), of("half", 1), of("sent", 1), of("other's", 2), of("nobody's", 0))
	record(2, store.Delivery{Notifier: "mail"})
	record(3, store.Delivery{Notifier: "mail", State: store.DeliverySent}, store.Delivery{Notifier: "robot"})
	record(4, store.Delivery{Notifier: "mail", State: store.DeliverySent})
	decide(t, d, store.Decision{Name: "boss", Undoes: ds[0].Seq})
	equal(t, "what goes out still", waiting(t, d), []uint64{5, 6})
	for key, want := range map[string]bool{"new": false, "routed": false, "half": true, "sent": true, "other's": true, "nobody's": true} {
		known(key, want)
	}
	record(2, store.Delivery{Notifier: "mail", State: store.DeliverySent}) // it was on its way
	ds = enter(of("new", 1), of("sent", 1))
	equal(t, "asked again", waiting(t, d), []uint64{5, 6, 7})
	decide(t, d, store.Decision{Name: "boss", Undoes: ds[0].Seq})
	equal(t, "taken back again", waiting(t, d), []uint64{5, 6})
	known("sent", true)
	for _, bad := range []int{-1, 2} {
		if _, err := d.Decide(t.Context(), []store.Decision{Snooze("x:3", 20600)}, of("bad", bad)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a message of decision %d of one: %v", bad, err)
		}
	}
}

func testWithdraw(t *testing.T, d store.Desk, _ *Clock) {
	if _, err := d.Post(t.Context(), Message("new"), Message("routed"), Message("half"), Message("sent"), Message("other")); err != nil {
		t.Fatal(err)
	}
	for seq, ds := range map[uint64][]store.Delivery{2: {{Notifier: "mail"}}, 3: {{Notifier: "mail", State: store.DeliverySent}, {Notifier: "robot"}}, 4: {{Notifier: "mail", State: store.DeliverySent}}} {
		if err := d.Record(t.Context(), seq, ds...); err != nil {
			t.Fatal(err)
		}
	}
	n, err := d.Withdraw(t.Context(), "new", "routed", "half", "sent", "nobody's")
	if n != 2 || err != nil {
		t.Fatalf("%d were taken back untold, %v", n, err)
	}
	equal(t, "what goes out still", waiting(t, d), []uint64{5})
	for key, want := range map[string]bool{"new": false, "routed": false, "half": true, "sent": true, "other": true} {
		if got, err := d.Known(t.Context(), key); got != want || err != nil {
			t.Errorf("%q is known: %v, %v", key, got, err)
		}
	}
	if n, err := d.Post(t.Context(), Message("new"), Message("half")); n != 1 || err != nil {
		t.Errorf("%d posted again, %v", n, err)
	}
	equal(t, "what goes out again", waiting(t, d), []uint64{5, 6})
}

func testPostOnce(t *testing.T, d store.Desk, _ *Clock) {
	for i, want := range []int{2, 0, 1} {
		ms := []store.Message{Message("a"), Message("b")}
		if i == 2 {
			ms = append(ms, Message("c"), Message("c"))
		}
		if n, err := d.Post(t.Context(), ms...); n != want || err != nil {
			t.Fatalf("round %d: %d, %v", i, n, err)
		}
	}
	for _, bad := range []store.Message{{}, {Key: "k", Title: "t", Kind: "nope"}, {Key: "k", Kind: store.MessageFlag}, {Title: "t", Kind: store.MessageFlag}} {
		if _, err := d.Post(t.Context(), bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, seq := range []uint64{1, 2, 3} { // delivered ones are remembered too
		if err := d.Record(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	told := Message("told by another", func(m *store.Message) { m.Routed = true })
	if n, err := d.Post(t.Context(), told, told); n != 1 || err != nil {
		t.Fatalf("%d of a message that is only remembered, %v", n, err)
	}
	if err := d.Waiting(t.Context(), func(m store.Message) error {
		if m.Key == told.Key {
			t.Error("a message that another speaks for waits")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Messages(t.Context(), 0, func(m store.Message) error {
		if m.Key == told.Key {
			t.Error("a message that another speaks for takes the room of others")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"b": true, told.Key: true, "never": false, "": false} {
		if got, err := d.Known(t.Context(), key); got != want || err != nil {
			t.Errorf("%q is known: %v, %v", key, got, err)
		}
	}
	if n, err := d.Post(t.Context(), Message("b")); n != 0 || err != nil {
		t.Fatal(n, err)
	}
}

func waiting(t *testing.T, d store.Desk) (seqs []uint64) {
	t.Helper()
	if err := d.Waiting(t.Context(), func(m store.Message) error { seqs = append(seqs, m.Seq); return nil }); err != nil {
		t.Fatal(err)
	}
	return seqs
}

func testDeliveries(t *testing.T, d store.Desk, _ *Clock) {
	record := func(seq uint64, ds ...store.Delivery) {
		t.Helper()
		if err := d.Record(t.Context(), seq, ds...); err != nil {
			t.Fatal(err)
		}
	}
	after := Noon.Add(time.Hour).In(time.FixedZone("elsewhere", 3600))
	if _, err := d.Post(t.Context(), Message("a", func(m *store.Message) { m.After, m.Urgent = after, true }), Message("b"), Message("c")); err != nil {
		t.Fatal(err)
	}
	equal(t, "waiting", waiting(t, d), []uint64{1, 2, 3})
	record(3) // nobody wants it
	record(1, store.Delivery{Notifier: "x", State: store.DeliverySent, Tries: 1, Last: Noon}, store.Delivery{Notifier: "y", Next: Noon.Add(time.Minute), Tries: 1, Last: Noon, Error: "no\x1bw"})
	equal(t, "waiting", waiting(t, d), []uint64{1, 2})
	record(1, store.Delivery{Notifier: "y", State: store.DeliveryFailed, Tries: 2})
	equal(t, "waiting", waiting(t, d), []uint64{2})
	m := Messages(t, d)[0]
	equal(t, "message", m, store.Message{Seq: 1, Key: "a", Kind: store.MessageFlag, At: Noon.UTC(), After: after.UTC(), Urgent: true, Title: "message a", Routed: true,
		Deliveries: []store.Delivery{{Notifier: "x", State: store.DeliverySent, Tries: 1, Last: Noon.UTC()}, {Notifier: "y", State: store.DeliveryFailed, Tries: 2}}})
	if err := d.Record(t.Context(), 9); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}

func testRetry(t *testing.T, d store.Desk, _ *Clock) {
	if _, err := d.Post(t.Context(), Message("a"), Message("b"), Message("c")); err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(3) {
		if err := d.Record(t.Context(), seq+1, store.Delivery{Notifier: "x", State: store.DeliveryFailed, Tries: 9, Error: "e"}, store.Delivery{Notifier: "y", State: store.DeliverySent}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.Retry(t.Context(), 2); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	equal(t, "waiting", waiting(t, d), []uint64{2})
	equal(t, "deliveries", Messages(t, d)[1].Deliveries, []store.Delivery{{Notifier: "x"}, {Notifier: "y", State: store.DeliverySent}})
	if n, err := d.Retry(t.Context()); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	equal(t, "waiting", waiting(t, d), []uint64{1, 2, 3})
	if _, err := d.Retry(t.Context(), 9); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}

func testMessages(t *testing.T, d store.Desk, _ *Clock) {
	for i := range 5 {
		if _, err := d.Post(t.Context(), Message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	for before, want := range map[uint64][]uint64{0: {5, 4, 3, 2, 1}, 3: {2, 1}, 1: nil, 6: {5, 4, 3, 2, 1}, 99: {5, 4, 3, 2, 1}} {
		var got []uint64
		if err := d.Messages(t.Context(), before, func(m store.Message) error { got = append(got, m.Seq); return nil }); err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprint("before ", before), got, want)
	}
	stop := errors.New("enough")
	if err := d.Messages(t.Context(), 0, func(store.Message) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
}

func testMarks(t *testing.T, d store.Desk, _ *Clock) {
	put := func(m store.Mark) {
		t.Helper()
		if err := d.Mark(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	put(store.Mark{Person: "x:ann", Name: "looked/morning", At: Noon})
	put(store.Mark{Person: "x:ann", Name: "looked/morning", At: Noon.Add(time.Hour), Text: "p"})
	put(store.Mark{Person: "x:ann", Name: "a", Text: "view"})
	put(store.Mark{Person: "x:an", Name: "other", Text: "o"})
	put(store.Mark{Person: "x:ann", Name: "gone", Text: "o"})
	put(store.Mark{Person: "x:ann", Name: "gone"})
	got, err := d.Marks(t.Context(), "x:ann")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "marks", got, []store.Mark{{Person: "x:ann", Name: "a", Text: "view"}, {Person: "x:ann", Name: "looked/morning", At: Noon.Add(time.Hour).UTC(), Text: "p"}})
	for _, bad := range []store.Mark{{Name: "a", Text: "x"}, {Person: "x:ann", Text: "x"}} {
		if err := d.Mark(t.Context(), bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if len(Decisions(t, d)) != 0 {
		t.Fatal("a mark is no decision")
	}
}

func testRuleLog(t *testing.T, d store.Desk, c *Clock) {
	keep := func(text string) store.RuleVersion {
		t.Helper()
		v, err := d.KeepRules(t.Context(), store.RuleVersion{Text: text, File: "rules.yaml", Name: "ann", Note: "n"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one := keep("a: 1\n")
	c.Add(time.Hour)
	equal(t, "the same again", keep("a: 1\n"), one)
	two := keep("a: 2\n")
	three := keep("a: 1\n") // an earlier text put back is a version of its own
	if one.Number != 1 || two.Number != 2 || three.Number != 3 || one.Hash != three.Hash || one.Hash == two.Hash || !two.At.Equal(Noon.Add(time.Hour)) {
		t.Fatalf("%+v\n%+v\n%+v", one, two, three)
	}
	all, err := d.RuleVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "versions", all, []store.RuleVersion{one, two, three})
	ds := Decisions(t, d)
	if len(ds) != 3 || ds[2].Kind != store.DecisionRules || ds[2].After.Text != one.Hash || ds[2].Before.Text != two.Hash || !strings.Contains(ds[2].Note, "version 3") {
		t.Fatalf("%+v", ds)
	}
	if _, err := d.Decide(t.Context(), []store.Decision{{Undoes: 3, By: "x:ann"}}); !errors.Is(err, store.ErrInvalid) {
		t.Fatal(err)
	}
	if _, err := d.KeepRules(t.Context(), store.RuleVersion{Name: "ann", Text: strings.Repeat("#", store.MaxRules+1)}); !errors.Is(err, store.ErrInvalid) {
		t.Fatal(err)
	}
	if _, err := d.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func testDeskWatch(t *testing.T, d store.Desk, _ *Clock) {
	ctx, cancel := context.WithCancel(t.Context())
	ch := d.Watch(ctx)
	told := func() (rev store.Rev, ok bool) {
		select {
		case rev, ok = <-ch:
			return rev, ok
		default:
			return 0, false
		}
	}
	decide(t, d, Snooze("x:1", 20600))
	first, ok := told()
	if !ok {
		t.Fatal("a decision is not told")
	}
	if err := d.Mark(t.Context(), store.Mark{Person: "x:ann", Name: "a", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if rev, ok := told(); ok {
		t.Fatalf("a mark is told: %d", rev)
	}
	if _, err := d.Post(t.Context(), Message("a")); err != nil {
		t.Fatal(err)
	}
	if rev, ok := told(); !ok || rev <= first {
		t.Fatalf("a message is not told: %d, %v", rev, ok)
	}
	if _, err := d.Post(t.Context(), Message("a")); err != nil {
		t.Fatal(err)
	}
	if err := d.Record(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if rev, ok := told(); ok {
		t.Fatalf("nothing new is told: %d", rev)
	}
	cancel()
	if _, ok := <-ch; ok {
		t.Fatal("open after its context")
	}
}

func testDeskCancelled(t *testing.T, d store.Desk, _ *Clock) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Decide(ctx, []store.Decision{Snooze("x:1", 20600)})
	_, posted := d.Post(ctx, Message("a"))
	for _, err := range []error{err, posted, d.Mark(ctx, store.Mark{Person: "p", Name: "n", Text: "t"}), d.Decisions(ctx, 0, nil), d.Waiting(ctx, nil)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

// Many at once lose nothing and agree on the order.
func testDeskTogether(t *testing.T, d store.Desk, _ *Clock) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 5 {
				if _, err := d.Decide(t.Context(), []store.Decision{Snooze("x:1", store.Day(20000+i*10+k))}, Message(fmt.Sprint(k))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := Decisions(t, d)
	equal(t, "entries", len(all), 40)
	for i := 1; i < len(all); i++ {
		if !all[i].Before.Equal(all[i-1].After) {
			t.Fatalf("entry %d goes on from %+v, not from %+v", all[i].Seq, all[i].Before, all[i-1].After)
		}
	}
	equal(t, "messages", len(Messages(t, d)), 5)
	if _, err := d.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What a caller does afterwards with what it gave does not reach the journal.
func testDeskOwnership(t *testing.T, d store.Desk, _ *Clock) {
	v := Snooze("x:1", 20600, func(v *store.Decision) { v.After.Tags, v.After.Figures = []string{"a"}, map[string]float64{"k": 1} })
	decide(t, d, v)
	v.After.Tags[0], v.After.Figures["k"] = "changed", 2
	got := Decisions(t, d)[0].After
	equal(t, "ruling", got, store.Ruling{Until: 20600, Tags: []string{"a"}, Figures: map[string]float64{"k": 1}})
}
