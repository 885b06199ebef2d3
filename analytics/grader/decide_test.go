package grader

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// rules writes the file of rules, as a person does while the program runs.
func (b *bench) rules(text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := b.o.Rules.Load(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// source has the source grade some customers; every n-th.
func (b *bench) source(n int, to store.Grade, at time.Time) {
	b.t.Helper()
	var r store.Records
	for c := range analytics.Code(b.books.Book().Accounts()) {
		if int(c)%n == 0 && b.books.Book().AccountLive(c) {
			id := b.books.Book().AccountID(c)
			r.Grades = append(r.Grades, store.GradeChange{ID: id + store.ID(fmt.Sprint(".", at.Unix(), to)), Account: id, From: "B", To: to, Cause: "by the CRM", At: at})
		}
	}
	b.apply(r)
}

// While the rules decide nothing that a source says of grades moves one, whenever it says it happened; the change to the rules and back moves grades in steps that say why, is
// told once each, and leaves the past as it was.
func TestGrader_DecidesSwitched(t *testing.T) {
	b := newBench(t, "grading: {decides: sources, every: day}\n")
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.source(1, "C", b.clock().Add(-48*time.Hour))
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	bySource := b.grades()
	if b.books.Book().RulesDecided() || len(b.messages("grade|moved"))+len(b.messages("grade|decides")) != 0 {
		t.Fatal("the rules took part")
	}
	before := store.DayOf(b.clock(), time.UTC)

	b.nextDay()
	b.rules("grading: {decides: rules, every: day}\n")
	b.step()
	byRules := b.grades()
	if !b.books.Book().RulesDecide() || differ(bySource, byRules) == 0 {
		t.Fatalf("the rules decide: %t, %d moved", b.books.Book().RulesDecide(), differ(bySource, byRules))
	}
	b.causes(bySource)
	took := b.clock()
	if ms := b.messages("grade|moved"); len(ms) != 1 || !strings.Contains(ms[0].Title, "The rules decide") {
		t.Fatalf("%+v", ms)
	}
	b.nextDay()
	b.source(3, "D", b.clock())               // what it says now,
	b.source(5, "A", took.Add(-30*time.Hour)) // of before,
	deleted := &store.Batch{Source: "demo"}   // and takes back
	for c := range analytics.Code(b.books.Book().Accounts()) {
		if id := b.books.Book().AccountID(c); int(c)%2 == 0 && b.books.Book().AccountLive(c) {
			deleted.Deleted = append(deleted.Deleted, store.Ref{Entity: store.EntityGrade, ID: id + store.ID(fmt.Sprint(".", took.Add(-72*time.Hour).Unix(), "C"))})
		}
	}
	storetest.Apply(t, b.store, deleted)
	for range 2 {
		b.step()
		if n := differ(byRules, b.grades()); n != 0 {
			t.Fatalf("%d grades moved by what a source said while the rules decide", n)
		}
		b.Grader = New(b.o) // a restart
	}

	b.nextDay()
	b.rules("grading: {decides: sources, every: day}\n")
	b.step()
	b.step()
	if b.books.Book().RulesDecide() {
		t.Fatal("the sources do not decide")
	}
	after := b.grades()
	for c := range analytics.Code(b.books.Book().Accounts()) {
		id := b.books.Book().AccountID(c)
		if want, ok := b.books.Book().SourceGrade(c, b.books.Book().Now()); ok && after[id] != want {
			t.Fatalf("%s has %s, the source says %s", id, after[id], want)
		}
	}
	b.causes(byRules)
	if ms := b.messages("grade|decides"); len(ms) != 1 || !strings.Contains(ms[0].Title, "The sources decide") || !strings.Contains(ms[0].Text, " > ") {
		t.Fatalf("%+v", ms)
	}
	if n := len(b.messages("grade|moved")); n != 1 {
		t.Errorf("%d messages of moves", n)
	}
	for c := range analytics.Code(b.books.Book().Accounts()) { // the past is answered as it was, but for what the source says of it
		id := b.books.Book().AccountID(c)
		if got := b.books.Book().GradeAt(c, before+1); b.books.Book().AccountLive(c) && got != byRules[id] {
			t.Fatalf("%s had %s under the rules, now told as %s", id, byRules[id], got)
		}
	}

	b.source(7, "A", took.Add(time.Hour)) // of the rules' time, told when they no longer decide
	b.nextDay()
	was := b.grades()
	b.step()
	b.causes(was)
	b.rules("grading: {decides: rules, every: day}\n")
	b.step()
	if !b.books.Book().RulesDecide() {
		t.Fatal("the rules do not decide again")
	}
	b.causes(after)
}

// A file of rules that cannot be read at the start, with nothing in force before, has nobody judged by the defaults.
func TestGrader_NoRulesJudgeNobody(t *testing.T) {
	b := newBench(t, "grading: {decides: rules, every: dya}\n")
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	if n := b.books.Book().Judged(); n != 0 {
		t.Fatalf("%d evaluations by rules that nobody wrote", n)
	}
	b.rules(decides)
	b.step()
	if n := b.books.Book().Judged(); n == 0 {
		t.Fatal("the corrected file judges nobody")
	}
}

// A clock that was set back puts no step before those that were taken.
func TestGrader_ClockSetBack(t *testing.T) {
	b := newBench(t, decides)
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	first := b.grades()
	b.mu.Lock()
	b.now = b.now.Add(-3 * time.Hour)
	b.mu.Unlock()
	b.rules("grading: {decides: rules, every: day, preset: government}\n")
	b.step()
	if moved := differ(first, b.grades()); moved == 0 {
		t.Fatal("nobody moved")
	}
	b.causes(first)
	rev := b.books.Book().Rev()
	b.step()
	if b.books.Book().Rev() != rev {
		t.Error("they moved again")
	}
}
