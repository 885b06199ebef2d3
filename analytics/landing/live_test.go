package landing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/analytics"
	"flightdeck/analytics/booktest"
	"flightdeck/analytics/landing"
	"flightdeck/store"
	"flightdeck/store/storetest"
)

// What is made of the same Book with the model at hand is what was learned of it, and a Book in which things have other places is refused.
func TestOutlook_OnAnotherBook(t *testing.T) {
	rec := even(5, 900)
	b := booktest.Book(rec)
	o := landing.Learn(b, b.Today())
	same, ok := o.On(booktest.Book(even(5, 900)))
	if !ok || show(t, same.Of(analytics.Scope{}).Answer) != show(t, o.Of(analytics.Scope{}).Answer) {
		t.Fatal("the same deals land elsewhere")
	}
	more := even(5, 900)
	more.Deals = append(more.Deals, storetest.Deal("t:new", func(d *store.Deal) {
		d.Owner, d.Stage, d.Created, d.Close, d.Amount = rec.People[0].ID, "quoted", booktest.Today-3, booktest.Today+9, store.Money{Minor: 9e8, Currency: "CNY"}
	}))
	next, ok := o.On(booktest.Book(more))
	if !ok {
		t.Fatal("one more deal is refused")
	}
	x, y := o.Of(analytics.Scope{}), next.Of(analytics.Scope{})
	if y.Rows[0].Deals != x.Rows[0].Deals+1 {
		t.Errorf("%d open deals, want one more than %d", y.Rows[0].Deals, x.Rows[0].Deals)
	}
	if d, ok := y.Deal("t:new"); !ok || d.Chance <= 0 {
		t.Errorf("the new deal: %+v, %v", d, ok)
	}
	for name, change := range map[string]func(*store.Records){
		"one more rep":    func(r *store.Records) { r.People = append(r.People, store.Person{ID: "t:zoe", Unit: "t:team0"}) },
		"one more stage":  func(r *store.Records) { r.Stages = append(r.Stages, store.Stage{ID: "poc", Name: "poc", Order: 1}) },
		"another product": func(r *store.Records) { r.Products = append(r.Products, store.Product{ID: "t:p", Name: "p"}) },
		"a stage closes": func(r *store.Records) {
			r.Stages = slices.Clone(r.Stages)
			r.Stages[1].Kind = store.StageLost
		},
	} {
		other := even(5, 900)
		change(other)
		if _, ok := o.On(booktest.Book(other)); ok {
			t.Errorf("%s: places have moved, and it is taken", name)
		}
	}
}

// The landing follows what is committed, without anybody asking; who asks gets what there is, or waits no longer than they want to.
func TestLive_FollowsTheBook(t *testing.T) {
	m := storetest.NewMemory()
	commit := func(r *store.Records) { storetest.Apply(t, m, storetest.Batch("t", "deals", "", *r)) }
	rec := even(6, 600)
	org := *rec.Org
	commit(rec)
	books := analytics.NewLive(m, m, analytics.Options{Now: func() time.Time { return booktest.Today.Time(booktest.Zone).Add(12 * time.Hour) }})
	if err := books.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	live := landing.NewLive(books, func(err error) { t.Error(err) })
	if live.Outlook() != nil {
		t.Fatal("something was learned already")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := live.At(gone, books.Book(), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left waits: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	told, done := live.Subscribe(ctx), make(chan error, 1)
	go func() { done <- live.Run(ctx) }()
	for live.Outlook() == nil {
		<-told
	}
	first, err := live.At(ctx, books.Book(), 0)
	if err != nil || first.Rev() != books.Book().Rev() {
		t.Fatal(first, err)
	}
	commit(&store.Records{Org: &org, Deals: []store.Deal{storetest.Deal("t:late", func(d *store.Deal) {
		d.Owner, d.Stage, d.Created, d.Close = rec.People[0].ID, "lead", booktest.Today-1, booktest.Today+30
	})}})
	if err := books.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for live.Outlook().Rev() != books.Book().Rev() {
		<-told
	}
	if _, ok := live.Outlook().Of(analytics.Scope{}).Deal("t:late"); !ok {
		t.Error("the new deal is not in the landing")
	}
	day := booktest.Today - 40
	past, err := live.At(ctx, books.Book(), day)
	if err != nil || past.Day() != day {
		t.Fatal(past, err)
	}
	if again, _ := live.At(ctx, books.Book(), day); again != past {
		t.Error("a past day is learned twice")
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for range told { //nolint:revive // it ends with its context
	}
}

// A first sync brings deals before what happened to them, and what is learned in its middle must not stay: the same data land at the same figure, however they
// came and whenever somebody first looked, also for a day gone by.
func TestLive_LearnsAnewOnceASyncHasEnded(t *testing.T) {
	for name, every := range map[string]time.Duration{"then nothing": 0, "then a deal every four seconds": 4 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := even(6, 900)
				deals := *all
				deals.Changes = nil
				m := storetest.NewMemory()
				commit := func(books *analytics.Live, r *store.Records) {
					storetest.Apply(t, m, storetest.Batch("t", "deals", "", *r))
					if err := books.Refresh(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				o := analytics.Options{Now: func() time.Time { return booktest.Today.Time(booktest.Zone).Add(12 * time.Hour) }}
				books := analytics.NewLive(m, m, o)
				commit(books, &deals)
				live := landing.NewLive(books, func(err error) { t.Error(err) })
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- live.Run(ctx) }()
				synctest.Wait()
				early := live.Outlook()
				gone := booktest.Today - 40
				if _, err := live.At(ctx, books.Book(), gone); err != nil {
					t.Fatal(err)
				}
				commit(books, &store.Records{Org: all.Org, Changes: all.Changes})
				if every == 0 {
					time.Sleep(time.Minute)
				} else {
					one := all.Deals[0]
					for i := range 20 * time.Minute / every {
						one.Amount.Minor = int64(1e6 + i%2)
						commit(books, &store.Records{Org: all.Org, Deals: []store.Deal{one}})
						time.Sleep(every)
					}
				}
				synctest.Wait()
				fresh := analytics.NewLive(m, m, o)
				if err := fresh.Load(ctx); err != nil {
					t.Fatal(err)
				}
				want := landing.Learn(fresh.Book(), booktest.Today)
				if show(t, early.Of(analytics.Scope{}).Answer) == show(t, want.Of(analytics.Scope{}).Answer) {
					t.Fatal("the history makes no difference: this test proves nothing")
				}
				if got := live.Outlook(); every == 0 && show(t, got.Of(analytics.Scope{}).Answer.Rows) != show(t, want.Of(analytics.Scope{}).Answer.Rows) {
					t.Errorf("lands at\n%s\nwant, as learned of the same data\n%s", show(t, got.Of(analytics.Scope{}).Answer.Rows[0]), show(t, want.Of(analytics.Scope{}).Answer.Rows[0]))
				}
				past, err := live.At(ctx, books.Book(), gone)
				if err != nil {
					t.Fatal(err)
				}
				if x, y := show(t, past.Of(analytics.Scope{}).Answer.Rows), show(t, landing.Learn(fresh.Book(), gone).Of(analytics.Scope{}).Answer.Rows); x != y {
					t.Error("a day gone by is still told as it was learned in the middle of the sync")
				}
				stop()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// Without a Live whoever asks learns, once per Book.
func TestLive_Nil(t *testing.T) {
	b := booktest.Book(even(6, 200))
	var live *landing.Live
	x, err := live.At(t.Context(), b, 0)
	y, _ := live.At(t.Context(), b, b.Today())
	if err != nil || x == nil || x != y || live.Outlook() != nil {
		t.Errorf("%v, %v, %v", x, y, err)
	}
}
