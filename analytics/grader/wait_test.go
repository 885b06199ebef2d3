package grader

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/grade"
	"flightdeck/store"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
)

// stream enters how a stream of a source stands, as the syncer does with its pages.
func (b *bench) stream(src store.SourceID, name store.Stream, good bool, problem string, carries ...store.Entity) {
	b.t.Helper()
	s := store.SourceStatus{Source: src, Stream: name, Carries: carries, State: store.SyncRunning, Started: b.clock(), Error: problem}
	if good {
		s.State, s.Good, s.Finished = store.SyncIdle, b.clock(), b.clock()
	}
	storetest.Apply(b.t, b.store, &store.Batch{Source: src, Records: store.Records{Statuses: []store.SourceStatus{s}}})
}

func (b *bench) waits() string {
	var out []string
	for _, w := range grade.Waits(b.books.Book(), b.section()) {
		out = append(out, fmt.Sprintf("%s/%s %s", w.Source, w.Stream, strings.Join(w.Inputs, ",")))
	}
	return strings.Join(out, "; ")
}

// A first sync comes in pages, and what grows in them is no shift: nobody is judged before every stream that feeds an input was read once, and then nothing is held.
func TestGrader_WaitsForTheFirstSync(t *testing.T) {
	b := newEmpty(t, decides)
	c, err := company.New(company.Config{Seed: 1, Now: b.now, Size: small})
	if err != nil {
		t.Fatal(err)
	}
	r, org := c.Take(), company.Org()
	b.apply(store.Records{Org: &org, Units: r.Units, People: r.People, Products: r.Products, Stages: r.Stages, Grades: nil})
	names := []store.Stream{"accounts", "deals", "changes", "readings", "sales", "touches"}
	for _, s := range names {
		b.stream("demo", s, false, "")
	}
	b.apply(store.Records{Accounts: r.Accounts})
	b.stream("demo", "accounts", true, "")
	b.step()
	b.apply(store.Records{Deals: r.Deals, Changes: r.Changes})
	b.stream("demo", "deals", true, "")
	b.stream("demo", "changes", true, "")
	b.step()
	const pages = 6
	for i := range pages {
		b.apply(store.Records{Readings: r.Readings[i*len(r.Readings)/pages : (i+1)*len(r.Readings)/pages]})
		b.step()
	}
	b.stream("demo", "readings", true, "")
	for i := range pages {
		b.apply(store.Records{Sales: r.Sales[i*len(r.Sales)/pages : (i+1)*len(r.Sales)/pages]})
		b.step()
		if n := b.books.Book().Judged(); n != 0 {
			t.Fatalf("%d customers were judged while sales lines were still coming", n)
		}
	}
	if got := b.waits(); got != "demo/sales bought,growth" {
		t.Fatalf("waits for %q", got)
	}
	if ms := b.messages("grade|"); len(ms) != 0 {
		t.Fatalf("somebody was told of a first sync: %+v", ms)
	}
	b.stream("demo", "sales", true, "") // touches are still to come: no input is made of them
	b.step()
	st, err := StateOf(t.Context(), b.store)
	if err != nil || st.Day == 0 || len(st.Holds) != 0 || b.waits() != "" {
		t.Fatalf("judged on %v, held %+v, waits for %q, %v", st.Day, st.Holds, b.waits(), err)
	}
	if l := grade.ListOf(b.books.Book(), b.section(), analytics.Scope{}, st.Holds); l.Held != 0 || len(l.Rows) < 100 {
		t.Fatalf("%d judged, %d held", len(l.Rows), l.Held)
	}
}

// A source that is added later holds the inputs that it feeds until it was read once, and no others; its own customers are judged when it was.
func TestGrader_AddedSourceHoldsItsInputsAlone(t *testing.T) {
	b := newBench(t, "grading: {decides: rules, every: day, inputs: {nps: {from: reading.nps, min: -100, max: 100, fresh: 45}}}\n")
	b.stream("demo", "accounts", true, "")
	b.stream("demo", "readings", true, "")
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	book := b.books.Book()
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	s := store.SourceStatus{Source: "demo", Stream: "readings", Good: b.clock()}
	for _, m := range book.Measures() {
		s.Fields = append(s.Fields, "reading.extra."+m)
	}
	b.apply(store.Records{Statuses: []store.SourceStatus{s}})
	b.step()
	first := b.grades()
	if b.books.Book().Judged() == 0 {
		t.Fatal("nobody was judged")
	}

	day := b.nextDay()
	b.stream("erp", "lines", false, "", store.EntitySale)
	b.stream("survey", "answers", false, "no such host", store.EntityReading)
	b.stream("survey", "companies", true, "", store.EntityAccount)
	b.apply(store.Records{Accounts: []store.Account{{ID: "survey:1", Name: "New"}}, Readings: []store.Reading{{ID: "survey:r1", Account: "survey:1", Day: day, Values: map[string]float64{
		"nps": 20, "depth": 50, "seats": 50, "renewal": 50, "late": 3, "tickets": 1, "integration": 20, "chain": 2, "cycle": 90}}}})
	b.measure(day, func(v map[string]float64) { v["nps"] = 10 })
	b.step()
	if got := b.waits(); got != "erp/lines bought,growth; survey/answers nps" {
		t.Fatalf("waits for %q", got)
	}
	for _, w := range grade.Waits(b.books.Book(), b.section()) {
		if w.Source == "survey" && w.Error != "no such host" {
			t.Errorf("%+v", w)
		}
	}
	st, _ := StateOf(t.Context(), b.store)
	held := map[string]store.InputState{}
	for _, h := range st.Holds {
		held[h.Input] = h.Why
	}
	if len(held) != 3 || held["bought"] != store.InputUnread || held["growth"] != store.InputUnread || held["nps"] != store.InputUnread {
		t.Fatalf("held %v", held)
	}
	if n := differ(first, b.grades()); n != 0 {
		t.Fatalf("%d grades moved while what they rest on is being read", n)
	}
	if c, ok := b.books.Book().AccountCode("survey:1"); !ok || b.books.Book().EvaluationAt(c, day) != nil {
		t.Error("a customer was judged of whom only a part was read")
	}
	if ms := b.messages("grade|held"); len(ms) != 0 {
		t.Errorf("a source that is read for the first time is no fault: %+v", ms)
	}

	b.nextDay()
	b.stream("erp", "lines", true, "", store.EntitySale)
	b.stream("survey", "answers", true, "", store.EntityReading)
	b.step()
	if st, _ = StateOf(t.Context(), b.store); len(st.Holds) != 0 {
		t.Fatalf("read, but %+v", st.Holds)
	}
	if c, _ := b.books.Book().AccountCode("survey:1"); b.books.Book().GradeAt(c, b.books.Book().Now()) == "" {
		t.Error("the new source's customer was not judged")
	}
	b.causes(first)
}

// A stream that cannot be read at all keeps customers unjudged: what it would have told has no default.
func TestGrader_NeverReadIsNotNothing(t *testing.T) {
	b := newBench(t, decides)
	b.stream("demo", "readings", true, "")
	b.stream("demo", "sales", false, "permission denied")
	b.books.Refresh(t.Context()) //nolint:errcheck // step tells
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	if n := b.books.Book().Judged(); n != 0 {
		t.Fatalf("%d customers were judged without what they bought", n)
	}
	b.rules("grading: {decides: rules, every: day, inputs: {bought: {from: reading.depth}, growth: {from: reading.depth}}}\n")
	b.step()
	if b.books.Book().Judged() == 0 {
		t.Fatal("rules that do without it judge nobody either")
	}
}

// A stream of any kind is told of that feeds an input, each source once with all its streams; a pause by a person, a removal that waits for one and a shut program are no outage.
func TestGrader_OutageOfAnyFeed(t *testing.T) {
	b := newBench(t, decides)
	b.books.Refresh(t.Context()) //nolint:errcheck // step tells
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	good := b.clock().Add(-3 * time.Hour)
	status := func(src store.SourceID, name store.Stream, change func(*store.SourceStatus)) {
		s := store.SourceStatus{Source: src, Stream: name, State: store.SyncFailed, Error: "no answer", Good: good, Started: b.clock(), Finished: b.clock()}
		if change != nil {
			change(&s)
		}
		storetest.Apply(t, b.store, &store.Batch{Source: src, Records: store.Records{Statuses: []store.SourceStatus{s}}})
	}
	status("erp", "sales", nil)
	status("erp", "deals", func(s *store.SourceStatus) { s.Error = "no answer either" })
	status("crm", "contacts", nil) // no input is made of them
	status("paused", "sales", func(s *store.SourceStatus) { s.Paused = true })
	status("held", "sales", func(s *store.SourceStatus) { s.State = store.SyncHeld })
	status("shut", "sales", func(s *store.SourceStatus) { s.Finished = good.Add(time.Minute) })
	for range 3 {
		b.step()
	}
	ms := b.messages("grade|source")
	if len(ms) != 1 || !strings.HasSuffix(ms[0].Title, ": erp") || !strings.Contains(ms[0].Text, "no answer") || !strings.Contains(ms[0].Text, "bought, growth") || !strings.Contains(ms[0].Text, "2026-11-25 14:00") {
		t.Fatalf("%+v", ms)
	}
	b.nextDay()
	status("erp", "sales", func(s *store.SourceStatus) { s.State, s.Error, s.Good = store.SyncIdle, "", b.clock() })
	b.step()
	if st, _ := StateOf(t.Context(), b.store); len(st.Outages) != 1 {
		t.Fatalf("deals still fail, but %+v", st.Outages)
	}
	status("erp", "deals", func(s *store.SourceStatus) { s.State, s.Error, s.Good = store.SyncIdle, "", b.clock() })
	b.step()
	if st, _ := StateOf(t.Context(), b.store); len(st.Outages) != 0 {
		t.Fatalf("%+v", st.Outages)
	}
	if ms := b.messages("grade|source"); len(ms) != 2 || !strings.Contains(ms[0].Key+ms[1].Key, "|over") {
		t.Fatalf("%+v", ms)
	}
}
