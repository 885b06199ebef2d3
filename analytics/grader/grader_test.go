package grader

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/desk"
	"flightdeck/analytics/grade"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
	"flightdeck/store/storetest"
)

// bench is a store with the synthetic company in it, and a Grader over it. Its clock is the tests'.
type bench struct {
	*Grader
	t     *testing.T
	store *storetest.Memory
	desk  *bolt.Desk
	books *analytics.Live
	mu    sync.Mutex
	now   time.Time
	path  string // of the rules
}

func (b *bench) clock() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now }

func (b *bench) nextDay() analytics.Day {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(24 * time.Hour)
	return store.DayOf(b.now, time.UTC)
}

var small = company.Size{Regions: 2, Teams: 3, Reps: 9, Accounts: 150, Deals: 100, Touches: 300, Sales: 600, Quarters: 8, Months: 24}

func newBench(t *testing.T, rules string) *bench {
	t.Helper()
	return newBenchOf(t, rules, small)
}

func newBenchOf(t *testing.T, rules string, size company.Size) *bench {
	t.Helper()
	b := newEmpty(t, rules)
	c, err := company.New(company.Config{Seed: 1, Now: b.now, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	r, org := c.Take(), company.Org()
	r.Org, r.Grades, r.Sales, r.Deals, r.Changes, r.Touches = &org, nil, nil, nil, nil, nil // purchases and visits go on moving grades
	b.apply(*r)
	return b
}

func newEmpty(t *testing.T, rules string) *bench {
	t.Helper()
	b := &bench{t: t, store: storetest.NewMemory(), now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}
	b.store.Now = b.clock
	dir := t.TempDir()
	b.path = filepath.Join(dir, "rules.yaml")
	path := b.path
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.desk, err = bolt.OpenDesk(dir, bolt.Options{Now: b.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.desk.Close() })
	b.books = analytics.NewLive(b.store, b.store, analytics.Options{Now: b.clock})
	live := rule.NewLive(rule.Options{Schema: rule.NewSchema(rule.GradingSection), Path: path, Log: b.desk})
	if err := live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Grader = New(Options{Books: b.books, Desk: desk.NewLive(b.desk, nil), Rules: live, Store: b.store, Post: b.desk.Post, Now: b.clock})
	return b
}

func (b *bench) section() *rule.Grading { return rule.GradingSection.Of(b.o.Rules.Pack()) }

func (b *bench) apply(r store.Records) {
	b.t.Helper()
	if _, err := b.store.Apply(b.t.Context(), &store.Batch{Source: "demo", Records: r}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) step() {
	b.t.Helper()
	if err := b.books.Refresh(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := b.o.Desk.Refresh(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Step(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// measure has every customer measured on a day: the newest reading, changed.
func (b *bench) measure(day analytics.Day, change func(map[string]float64)) {
	var r store.Records
	book := b.books.Book()
	for c := range analytics.Code(book.Accounts()) {
		var last *store.Reading
		for _, m := range book.Readings(c) {
			if m.Values["depth"] > 0 || last == nil { // a whole one
				last = m
			}
		}
		if last == nil || !book.AccountLive(c) {
			continue
		}
		v := map[string]float64{}
		for k, x := range last.Values {
			v[k] = x
		}
		change(v)
		r.Readings = append(r.Readings, store.Reading{ID: last.Account + store.ID("."+day.String()), Account: last.Account, Day: day, Values: v})
	}
	b.apply(r)
}

func (b *bench) grades() map[store.ID]store.Grade {
	out, book := map[store.ID]store.Grade{}, b.books.Book()
	for c := range analytics.Code(book.Accounts()) {
		out[book.AccountID(c)] = book.GradeAt(c, book.Now())
	}
	return out
}

func (b *bench) messages(kind string) (ms []store.Message) {
	for _, m := range storetest.Messages(b.t, b.desk) {
		if strings.HasPrefix(m.Key, kind) {
			ms = append(ms, m)
		}
	}
	return ms
}

func differ(a, b map[store.ID]store.Grade) (n int) {
	for id, g := range a {
		if b[id] != g {
			n++
		}
	}
	return n
}

const decides = "grading: {decides: rules, every: day}\n"

// A field vanishes for three days while every night judges all: no grade moves, the held state names its first day and outlives a restart, one message is told, and once the
// field is back the grades follow with their causes.
func TestIncident_GraderHoldsVanishedField(t *testing.T) {
	b := newBench(t, decides)
	same := func(map[string]float64) {}
	b.books.Refresh(t.Context()) //nolint:errcheck // step tells
	b.measure(store.DayOf(b.clock(), time.UTC), same)
	b.step()
	first := b.grades()
	if len(b.messages("grade|moved")) != 1 || differ(first, map[store.ID]store.Grade{}) < 100 {
		t.Fatalf("first grades: %v", b.messages("grade|"))
	}
	rev := b.books.Book().Rev()
	if b.step(); b.books.Book().Rev() != rev {
		t.Fatal("a step without an occasion stored something")
	}
	fault := b.nextDay()
	for day := fault; day < fault+3; day = b.nextDay() {
		b.measure(day, func(v map[string]float64) { delete(v, "depth"); v["logins"] *= 0.98 })
		b.step()
		b.step()
		b.Grader = New(b.o) // a restart
		if n := differ(first, b.grades()); n != 0 {
			t.Fatalf("%s: %d grades moved", day, n)
		}
	}
	st, err := StateOf(t.Context(), b.store)
	if err != nil || len(st.Holds) != 1 || st.Holds[0].Input != "depth" || st.Holds[0].Why != store.InputMissing || st.Holds[0].Since != fault {
		t.Fatalf("%+v, %v", st, err)
	}
	if ms := b.messages("grade|held"); len(ms) != 1 || !strings.Contains(ms[0].Title, "no longer given") || !strings.Contains(ms[0].Text, fault.String()) {
		t.Fatalf("%+v", ms)
	}
	if l := grade.ListOf(b.books.Book(), b.section(), analytics.Scope{}, st.Holds); l.Held < 100 || !l.Rows[0].Held || l.Rows[0].Since != fault || len(l.Rows[0].Inputs) != 1 || l.Rows[0].Inputs[0] != "depth" {
		t.Errorf("the list tells %d held, first %+v", l.Held, l.Rows[0])
	}
	held := 0
	for c := range analytics.Code(b.books.Book().Accounts()) {
		if v := b.books.Book().EvaluationAt(c, fault+2); v != nil && v.Held {
			held++
		}
	}
	if held < 100 {
		t.Errorf("%d evaluations are held", held)
	}
	b.measure(store.DayOf(b.clock(), time.UTC), func(v map[string]float64) {
		if v["logins"] > 0 {
			v["logins"] *= 1.1
		}
	})
	b.step()
	if st, _ = StateOf(t.Context(), b.store); len(st.Holds) != 0 {
		t.Fatalf("healed, but %+v", st.Holds)
	}
	b.causes(first)
}

// causes holds that every grade that is another than before has a step with a cause and the rules' version.
func (b *bench) causes(before map[store.ID]store.Grade) {
	b.t.Helper()
	book := b.books.Book()
	for id, g := range b.grades() {
		if g == before[id] {
			continue
		}
		c, _ := book.AccountCode(id)
		var last store.GradeChange
		for _, s := range book.Grades(c) {
			last = *s
		}
		if last.To != g || last.Cause == "" || last.Rule == "" || last.ID.Source() != grade.Source {
			b.t.Errorf("%s %s > %s: %+v", id, before[id], g, last)
		}
	}
}

// A default in place of a value shifts the distribution: it waits for a person. Refusing leaves it held; accepting has everybody judged, with causes.
func TestIncident_GraderShiftWaitsForAPerson(t *testing.T) {
	b := newBench(t, decides)
	b.books.Refresh(t.Context()) //nolint:errcheck // step tells
	b.measure(store.DayOf(b.clock(), time.UTC), func(map[string]float64) {})
	b.step()
	first, day := b.grades(), b.nextDay()
	b.measure(day, func(v map[string]float64) { v["depth"] = 1 })
	b.step()
	st, _ := StateOf(t.Context(), b.store)
	if len(st.Holds) != 1 || !st.Holds[0].Person || differ(first, b.grades()) != 0 {
		t.Fatalf("%+v, %d moved", st.Holds, differ(first, b.grades()))
	}
	decide := func(right bool) {
		t.Helper()
		if _, err := b.o.Desk.Decide(t.Context(), b.books.Book(), desk.Viewer{Name: "ops"}, []store.Decision{Decide(st.Holds[0], right, "checked")}); err != nil {
			t.Fatal(err)
		}
		b.step()
	}
	if decide(false); differ(first, b.grades()) != 0 {
		t.Fatal("refused, and grades moved")
	}
	decide(true)
	if st, _ := StateOf(t.Context(), b.store); len(st.Holds) != 0 || differ(first, b.grades()) == 0 {
		t.Fatalf("accepted: holds %+v, %d moved", st.Holds, differ(first, b.grades()))
	}
	b.causes(first)
	if n := len(b.messages("grade|held")); n != 1 {
		t.Errorf("%d messages about one cause", n)
	}
}

// Run takes up what is committed and ends at once.
func TestGrader_RunStops(t *testing.T) {
	b := newBench(t, decides)
	if err := b.books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if st, err := StateOf(t.Context(), b.store); err == nil && st.Day != 0 {
			break
		}
		if time.Now().After(late) {
			t.Fatal("nothing was judged")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
