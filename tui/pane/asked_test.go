package pane

import (
	"context"
	"errors"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/analytics/rule"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// line is a line of Books, each a commit after the one before.
func line(tb testing.TB, n int) []*analytics.Book {
	tb.Helper()
	var b *analytics.Book
	err := storetest.NewMemory().View(context.Background(), func(s store.Snapshot) (err error) {
		b, err = analytics.Build(s, analytics.Options{Now: func() time.Time { return time.Date(2026, 9, 30, 9, 0, 0, 0, time.UTC) }})
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	out := []*analytics.Book{b}
	for range n - 1 {
		b = advanced(tb, b)
		out = append(out, b)
	}
	return out
}

func advanced(tb testing.TB, b *analytics.Book) *analytics.Book {
	tb.Helper()
	next, err := b.Advance(&store.Delta{Rev: b.Rev() + 1})
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

// revs asks which revision a Book has, which takes long, and returns the messages that answer.
func revs(env *Env, l *Loader[store.Rev], at Place, what any, fail func(*analytics.Book) error) (out []tea.Msg) {
	var run func(cmd tea.Cmd)
	run = func(cmd tea.Cmd) {
		switch msg := cmd().(type) {
		case tea.BatchMsg:
			for _, c := range msg {
				run(c)
			}
		default:
			out = append(out, msg)
		}
	}
	run(l.StartOn(env, at, what, func(_ context.Context, b *analytics.Book) (store.Rev, error) {
		time.Sleep(slow)
		if fail != nil {
			return b.Rev(), fail(b)
		}
		return b.Rev(), nil
	}))
	return out
}

func TestLoader_StartOn(t *testing.T) {
	books, now := line(t, 4), 0
	env := &Env{Book: func() *analytics.Book { return books[now] }, Asked: &Asked{}}
	at := Place{Kind: Triage}
	take := func(l *Loader[store.Rev], msgs []tea.Msg, want ...store.Rev) {
		t.Helper()
		if len(msgs) != len(want) {
			t.Fatalf("%d answers, want %d", len(msgs), len(want))
		}
		for i, msg := range msgs {
			last := i == len(msgs)-1
			waits := i == 0 && !l.Ready
			if !l.Take(msg.(To).Msg) || l.Value != want[i] || !l.Ready || l.Updating() == last || Awaited(msg) != waits {
				t.Errorf("answer %d of %d: %+v, awaited %v, updating %v", i+1, len(msgs), l, Awaited(msg), l.Updating())
			}
		}
	}
	r := func(i int) store.Rev { return books[i].Rev() }
	var first, same, later, again Loader[store.Rev]
	take(&first, revs(env, &first, at, nil, nil), r(0))
	take(&same, revs(env, &same, at, nil, nil), r(0)) // nothing newer: nothing to wait for
	now = 1
	take(&later, revs(env, &later, at, nil, nil), r(0), r(1))
	now = 2
	take(&later, revs(env, &later, at, nil, nil), r(2)) // what is on the screen stays there meanwhile
	now = 3
	msgs := revs(env, &again, at, nil, nil)
	if !again.Take(msgs[1].(To).Msg) || again.Take(msgs[0].(To).Msg) || again.Value != r(3) || again.Updating() {
		t.Errorf("an earlier Book's answer that comes late: %+v", &again)
	}

	var other, detail, part, rules Loader[store.Rev]
	books, now = append(books, advanced(t, books[3])), 4
	take(&detail, revs(env, &detail, at, "a row of it", nil), r(4))                                                               // nobody looked at that
	take(&part, revs(env, &part, Place{Kind: Triage, Scope: analytics.Scope{Root: "x:east", Node: "x:a"}}, nil, nil), r(3), r(4)) // what takes long is learned of the whole company
	take(&other, revs(env, &other, Place{Kind: Tenders}, nil, nil), r(4))
	pack := rule.NewSchema().Default()
	env.Rules = func() *rule.Pack { return pack }
	take(&rules, revs(env, &rules, at, nil, nil), r(4)) // by other rules all is judged anew
}

func TestLoader_StartOnFails(t *testing.T) {
	books, now := line(t, 2), 0
	env := &Env{Book: func() *analytics.Book { return books[now] }, Asked: &Asked{}}
	var first, early, both Loader[store.Rev]
	at := Place{Kind: Triage}
	revs(env, &first, at, nil, nil)
	now = 1
	bad := errors.New("bad")
	msgs := revs(env, &early, at, nil, func(b *analytics.Book) error {
		if b == books[0] {
			return bad
		}
		return nil
	})
	if early.Take(msgs[0].(To).Msg) || early.Err != nil || early.Ready || !early.Busy {
		t.Errorf("an earlier Book's failure is shown: %+v", &early)
	}
	if !early.Take(msgs[1].(To).Msg) || early.Value != books[1].Rev() {
		t.Errorf("the newest's answer: %+v", &early)
	}
	env.Asked = &Asked{}
	now = 0
	revs(env, &first, at, nil, nil)
	now = 1
	msgs = revs(env, &both, at, nil, func(b *analytics.Book) error {
		if b == books[1] {
			return bad
		}
		return nil
	})
	for _, msg := range msgs {
		both.Take(msg.(To).Msg)
	}
	if !errors.Is(both.Err, bad) || !both.Ready || both.Value != books[0].Rev() || both.Updating() {
		t.Errorf("the newest fails: %+v", &both)
	}
}

// TestAsked_Bounds: what is not slow is not remembered, a few Books are, and none for long.
func TestAsked_Bounds(t *testing.T) {
	books, start := line(t, booksKept+3), time.Date(2026, 9, 30, 9, 0, 0, 0, time.UTC)
	newest := books[len(books)-1]
	q := func(i int) asking { return asking{place: Place{Kind: Triage + Kind(i)}} }
	var a Asked
	a.put(q(0), books[0], slow-1, start)
	if a.before(q(0), newest, start) != nil {
		t.Error("a quick question is remembered")
	}
	for i, b := range books[:len(books)-1] {
		a.put(q(i), b, slow, start.Add(time.Duration(i)*time.Second))
	}
	for i := range books[:len(books)-1] {
		if got, want := a.before(q(i), newest, start), i >= len(books)-1-booksKept; (got == books[i]) != want {
			t.Errorf("Book %d of %d: kept %v", i, len(books)-1, got != nil)
		}
	}
	last := len(books) - 2
	a.put(q(last), newest, 0, start.Add(time.Minute)) // answered at once, since somebody had asked
	next := advanced(t, newest)
	if a.before(q(last), next, start.Add(time.Minute)) != newest {
		t.Error("a slow question that was answered at once is no longer known as slow")
	}
	if a.before(q(last), next, start.Add(time.Minute+bookStays+1)) != nil {
		t.Error("an old answer is shown")
	}
	a.put(q(0), next, slow, start.Add(time.Hour))
	if len(a.have) != 2 { // it, and the like of it
		t.Errorf("%d Books are held for ever", len(a.have))
	}
	(*Asked)(nil).put(q(0), next, slow, start)
	if (*Asked)(nil).before(q(0), next, start) != nil {
		t.Error("nil remembers")
	}
}
