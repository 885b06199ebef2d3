package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/storetest"
	"flightdeck/store/syncer"
)

func TestPass_ExpiredCursorIsReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		old := false
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if old && r.Cursor == "c" {
				return source.Page{}, fmt.Errorf("410: %w", source.ErrExpired)
			}
			return three(c, r, n)
		})
		e := engine(m, s)
		once(t, e)
		old = true
		s.calls = nil
		if res := once(t, e); res.Rows != 3 {
			t.Errorf("result %+v", res)
		}
		same(t, "asked", s.asked(), []string{"deals@c", "deals@", "deals@a", "deals@b"})
	})
}

func TestPass_ExpiredForEverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deals(func(context.Context, source.Request, int) (source.Page, error) {
			return source.Page{}, source.ErrExpired
		})
		if res := once(t, engine(storetest.NewMemory(), s)); !errors.Is(res.Err, source.ErrExpired) || len(s.asked()) > 2 {
			t.Errorf("%+v after %q", res, s.asked())
		}
	})
}

// A server that forgets every cursor but the first is asked twice in a run, not for ever.
func TestPass_ExpiresInTheMiddleEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deals(func(_ context.Context, r source.Request, n int) (source.Page, error) {
			if r.Cursor == "" && n < 20 {
				return page("a", true, false, "1"), nil
			}
			return source.Page{}, source.ErrExpired
		})
		res := once(t, engine(storetest.NewMemory(), s))
		if !errors.Is(res.Err, source.ErrExpired) {
			t.Errorf("%+v", res)
		}
		same(t, "asked", s.asked(), []string{"deals@", "deals@a", "deals@", "deals@a"})
	})
}

func TestPass_CursorThatNeverEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		next func(r source.Request, n int) source.Page
		max  int
	}{
		{"same cursor", func(r source.Request, _ int) source.Page { return page(string(r.Cursor), true, false, "1") }, 1},
		{"circle", func(_ source.Request, n int) source.Page { return page(fmt.Sprint(n%3), true, false, fmt.Sprint(n)) }, 4},
		{"new cursors, same rows", func(_ source.Request, n int) source.Page { return page(fmt.Sprint(n), true, false, "1") }, 60},
		{"new cursors, no rows", func(_ source.Request, n int) source.Page { return page(fmt.Sprint(n), true, false) }, 1100},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				s := deals(func(_ context.Context, r source.Request, n int) (source.Page, error) { return c.next(r, n), nil })
				res := once(t, engine(m, s))
				if res.Err == nil || res.State != store.SyncFailed || len(s.asked()) > c.max {
					t.Errorf("%+v after %d pages", res, len(s.asked()))
				}
				if got := cursor(t, m, "deals"); got != "" {
					t.Errorf("the next run begins at %q", got)
				}
			})
		})
	}
}

// whole gives ids as one complete pass in pages of four.
func whole(ids *[]string) func(context.Context, source.Request, int) (source.Page, error) {
	return func(_ context.Context, r source.Request, _ int) (source.Page, error) {
		at := 0
		_, _ = fmt.Sscanf(string(r.Cursor), "p%d", &at)
		end := min(at+4, len(*ids))
		if end == len(*ids) {
			return page("done", false, true, (*ids)[at:end]...), nil
		}
		return page(fmt.Sprintf("p%d", end), true, true, (*ids)[at:end]...), nil
	}
}

func TestPass_FullRemovesWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 9)
		e := engine(m, deals(whole(&ids)))
		once(t, e)
		ids = append(numbers(1, 3), "7", "8", "9", "10")
		res := once(t, e)
		if res.Err != nil || res.Removed != 3 {
			t.Fatalf("result %+v", res)
		}
		got, st := stored(t, m, "crm", "deals")
		same(t, "stored", got, []string{"1", "10", "2", "3", "7", "8", "9"})
		if st.Records != 7 {
			t.Errorf("status %+v", st)
		}
	})
}

func TestPass_IncompletePassRemovesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 9)
		fail := false
		list := whole(&ids)
		s := deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if fail && r.Cursor == "p4" {
				return source.Page{}, errors.New("cut JSON")
			}
			return list(c, r, n)
		})
		e := engine(m, s)
		once(t, e)
		ids, fail = append(numbers(1, 6), "9"), true
		if res := once(t, e); res.Err == nil || res.Removed != 0 {
			t.Fatalf("result %+v", res)
		}
		got, _ := stored(t, m, "crm", "deals")
		same(t, "stored after half a pass", got, numbers(1, 9))
		fail = false
		s.calls = nil
		if res := once(t, e); res.Err != nil || res.Removed != 2 {
			t.Errorf("result %+v", res)
		}
		same(t, "asked", s.asked(), []string{"deals@p4"}) // the same process remembers the first half
	})
}

// A clock that was set back since the last good run makes a pass that was cut short look finished: what its first page named was taken for all there is.
func TestPass_RestartInFullPassAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 9)
		once(t, engine(m, deals(whole(&ids))))
		back := func(s *scripted) *syncer.Engine {
			return syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}, Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
		}
		ctx, kill := context.WithCancel(t.Context())
		list := whole(&ids)
		back(deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if n == 3 {
				kill()
				return source.Page{}, c.Err()
			}
			return list(c, r, n)
		})).Once(ctx)
		s := deals(list)
		if res := once(t, back(s)); res.Err != nil || res.Removed != 0 {
			t.Errorf("result %+v", res)
		}
		got, _ := stored(t, m, "crm", "deals")
		same(t, "stored", got, ids)
	})
}

func TestPass_RestartInFullPassReadsItAgainBeforeRemoving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 9)
		once(t, engine(m, deals(whole(&ids))))
		time.Sleep(time.Minute)
		ids = append(numbers(1, 6), "9")
		ctx, kill := context.WithCancel(t.Context())
		list := whole(&ids)
		engine(m, deals(func(c context.Context, r source.Request, n int) (source.Page, error) {
			if n == 2 {
				time.Sleep(time.Second) // the first page is stored
				kill()
				return source.Page{}, c.Err()
			}
			return list(c, r, n)
		})).Once(ctx)
		s := deals(list)
		if res := once(t, engine(m, s)); res.Err != nil || res.Removed != 2 {
			t.Errorf("result %+v", res)
		}
		same(t, "asked", s.asked(), []string{"deals@p4", "deals@", "deals@p4"})
		got, _ := stored(t, m, "crm", "deals")
		same(t, "stored", got, ids)
	})
}

func TestPass_TooMuchGoneIsHeldUntilAccepted(t *testing.T) {
	for _, c := range []struct {
		name string
		had  int
		left []string
		held bool
	}{
		{"empty", 3, nil, true},
		{"more than half of many", 30, numbers(1, 14), true},
		{"all others", 30, numbers(101, 130), true},
		{"half", 30, numbers(1, 15), true},
		{"less than half", 30, numbers(1, 16), false},
		{"more than half of few", 12, numbers(1, 3), true},
		{"more than half of very few", 4, numbers(1, 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				ids := numbers(1, c.had)
				s := deals(whole(&ids))
				e := engine(m, s)
				once(t, e)
				ids = c.left
				res := once(t, e)
				if !c.held {
					if res.Err != nil || res.Removed != c.had-len(c.left) {
						t.Errorf("result %+v", res)
					}
					return
				}
				var held *syncer.HeldError
				if !errors.As(res.Err, &held) || res.State != store.SyncHeld || res.Removed != 0 {
					t.Fatalf("result %+v", res)
				}
				got, st := stored(t, m, "crm", "deals")
				if len(got) < c.had || st.State != store.SyncHeld || !strings.Contains(st.Error, "flightdeck sync accept crm/deals") {
					t.Fatalf("%d stored, status %+v", len(got), st)
				}
				// A restart forgets nothing of it, and a person's word ends it.
				e = engine(m, s)
				if res := once(t, e); res.State != store.SyncHeld {
					t.Errorf("after a restart: %+v", res)
				}
				if err := e.Accept(syncer.Target{Source: "crm"}); err != nil {
					t.Fatal(err)
				}
				if res := once(t, e); res.Err != nil || res.State != store.SyncIdle {
					t.Errorf("accepted: %+v", res)
				}
				if got, _ := stored(t, m, "crm", "deals"); len(got) != len(c.left) {
					t.Errorf("%d stored, want %d", len(got), len(c.left))
				}
			})
		})
	}
}

func TestPass_HeldFolderIsReadAgainWhenAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ids := numbers(1, 5)
		print := "v1"
		// A folder: nothing to read while the fingerprint is the same.
		s := deals(func(_ context.Context, r source.Request, _ int) (source.Page, error) {
			if string(r.Cursor) == print {
				return page(print, false, false), nil
			}
			return page(print, false, true, ids...), nil
		})
		e := engine(m, s)
		once(t, e)
		ids, print = nil, "v2"
		for range 3 {
			if res := once(t, e); res.State != store.SyncHeld {
				t.Fatalf("result %+v", res)
			}
		}
		_ = e.Accept(syncer.Target{Source: "crm"})
		if res := once(t, e); res.Removed != 5 || res.Err != nil {
			t.Errorf("result %+v", res)
		}
	})
}

// A process that ends between the last page and the comparison has removed nothing yet; a folder has nothing to read the next time, unless it is asked again.
func TestPass_CutShortBeforeTheComparison(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := storetest.NewMemory()
			ids, print := numbers(1, 9), "v1"
			s := deals(func(_ context.Context, r source.Request, _ int) (source.Page, error) {
				if string(r.Cursor) == print {
					return page(print, false, false), nil
				}
				if r.Cursor != store.Cursor(print+"-half") {
					return page(print+"-half", true, true, ids[:4]...), nil
				}
				return page(print, false, true, ids[4:]...), nil
			})
			pages, stop := 0, func() {}
			open := func() *syncer.Engine {
				return syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}, Progress: func(store.SourceStatus) {
					if pages++; pages == 2 {
						stop()
					}
				}})
			}
			e := open()
			once(t, e)
			time.Sleep(time.Hour)
			ids, print, pages = numbers(1, 7), "v2", 0
			ctx, cancel := context.WithCancel(t.Context())
			stop = cancel
			defer stop()
			if res := e.Once(ctx)[0]; res.Err == nil || res.Removed != 0 {
				t.Fatalf("%+v", res)
			}
			if restart {
				e = open()
			}
			removed := 0
			for range 2 {
				removed += once(t, e).Removed
			}
			if got, st := stored(t, m, "crm", "deals"); removed != 2 || len(got) != 7 || st.State != store.SyncIdle {
				t.Errorf("restart %v: %d removed, %d stored, %+v", restart, removed, len(got), st)
			}
			s.calls = nil
			if once(t, e); len(s.asked()) != 1 {
				t.Errorf("restart %v: nothing is new, yet it asks %v", restart, s.asked())
			}
		})
	}
}

func TestPass_SharedEntityIsNotRemovedByOneOfItsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		s := &scripted{id: "crm", streams: []store.Stream{"accounts", "deals"}}
		s.fetch = func(_ context.Context, r source.Request, n int) (source.Page, error) {
			if r.Stream == "accounts" {
				p := page("", false, true)
				p.Accounts = []store.Account{{ID: "crm:a"}}
				return p, nil
			}
			p := page(fmt.Sprint(n), false, false, "1") // its account is not in the list of accounts
			p.Accounts = []store.Account{{ID: "crm:b"}}
			return p, nil
		}
		e := engine(m, s)
		once(t, e)
		if res := once(t, e); res.Removed != 0 || res.Err != nil {
			t.Errorf("result %+v", res)
		}
	})
}

// lister is a source that can name what exists.
type lister struct {
	*scripted
	list func(cursor store.Cursor) ([]store.Ref, store.Cursor, error)
}

func (l lister) List(_ context.Context, _ store.Stream, c store.Cursor) ([]store.Ref, store.Cursor, error) {
	return l.list(c)
}

func TestPass_Lister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		ref := func(id string) store.Ref { return store.Ref{Entity: store.EntityDeal, ID: store.MakeID("crm", id)} }
		gone := false
		var fail error
		l := lister{deals(three), func(c store.Cursor) ([]store.Ref, store.Cursor, error) {
			switch {
			case fail != nil:
				return nil, "", fail
			case c == "" && gone:
				return []store.Ref{ref("1")}, "2", nil
			case c == "":
				return []store.Ref{ref("1"), ref("2")}, "2", nil
			}
			return []store.Ref{ref("3")}, "", nil
		}}
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: l}}})
		if res := once(t, e); res.Err != nil || res.Removed != 0 {
			t.Fatalf("result %+v", res)
		}
		gone = true
		if res := once(t, e); res.Removed != 0 {
			t.Errorf("listed again at once: %+v", res)
		}
		time.Sleep(16 * time.Minute)
		if res := once(t, e); res.Err != nil || res.Removed != 1 {
			t.Errorf("result %+v", res)
		}
		ids, _ := stored(t, m, "crm", "deals")
		same(t, "stored", ids, []string{"1", "3"})
		time.Sleep(16 * time.Minute)
		fail = errors.ErrUnsupported
		if res := once(t, e); res.Err != nil {
			t.Errorf("a stream without a listing: %+v", res)
		}
		fail = errors.New("listing is broken")
		if res := once(t, e); res.Err == nil || res.Removed != 0 {
			t.Errorf("a broken listing: %+v", res)
		}
	})
}

func TestPass_Issues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		bad := func(where string, more int) store.Issue {
			return store.Issue{Source: "crm", Stream: "deals", Where: where, Field: "close", Problem: "not a day", Repeated: more}
		}
		var answer source.Page
		s := deals(func(context.Context, source.Request, int) (source.Page, error) { return answer, nil })
		e := engine(m, s)
		answer = page("w1", false, false, "1", "2", "3")
		answer.Issues = []store.Issue{bad("1", 0), bad("2", 4)}
		if res := once(t, e); res.Issues != 6 {
			t.Errorf("first pass: %+v", res)
		}
		// An incremental page brings 1 mended and 3 broken; what it says nothing about stays.
		answer = page("w2", false, false, "1", "3")
		answer.Issues = []store.Issue{bad("3", 0)}
		once(t, e)
		same(t, "issues", issues(t, m), []string{"crm:deals|2|close", "crm:deals|3|close"})
		// What is brought again as broken as it was is one issue still, as it is one in the store.
		for range 2 {
			if res := once(t, e); res.Issues != 6 {
				t.Errorf("the same again: %+v", res)
			}
		}
		// A complete pass begins a new list.
		answer = page("w3", false, true, "1", "2", "3")
		if res := once(t, e); res.Issues != 0 {
			t.Errorf("complete pass: %+v", res)
		}
		same(t, "issues", issues(t, m), nil)
		if _, st := stored(t, m, "crm", "deals"); st.Issues != 0 {
			t.Errorf("status %+v", st)
		}
	})
}

func TestPass_ForeignTombstone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		if _, err := m.Apply(t.Context(), &store.Batch{Source: "erp", Records: store.Records{Deals: []store.Deal{{ID: "erp:1"}}}}); err != nil {
			t.Fatal(err)
		}
		s := deals(func(context.Context, source.Request, int) (source.Page, error) {
			p := page("x", false, false, "1")
			p.Deleted = []store.Ref{{Entity: store.EntityDeal, ID: "erp:1"}}
			return p, nil
		})
		once(t, engine(m, s))
		if ids, _ := stored(t, m, "erp", "deals"); len(ids) != 1 {
			t.Error("a source removed its neighbour's deal")
		}
	})
}

// carrier is a source whose calls and meetings are both touches.
type carrier struct{ *scripted }

func (carrier) Carries(store.Stream) []store.Entity { return []store.Entity{store.EntityTouch} }

func TestPass_TwoStreamsOfOneEntity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		has := map[store.Stream][]string{"calls": numbers(1, 5), "meetings": numbers(6, 9)}
		s := carrier{&scripted{id: "crm", streams: []store.Stream{"calls", "meetings"}}}
		s.fetch = func(_ context.Context, r source.Request, _ int) (source.Page, error) {
			p := page("", false, true)
			for _, id := range has[r.Stream] {
				p.Touches = append(p.Touches, store.Touch{ID: store.MakeID("crm", id), At: time.Now()})
			}
			return p, nil
		}
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}})
		if res := once(t, e); res.Removed != 0 || res.Err != nil {
			t.Fatalf("%+v", res)
		}
		has["calls"] = numbers(1, 3)
		removed := 0
		for range 2 { // the meetings' last pass counts until they are read again
			res := once(t, e)
			if res.Err != nil {
				t.Fatalf("%+v", res)
			}
			removed += res.Removed
		}
		if removed != 2 {
			t.Errorf("%d touches removed, want the two calls", removed)
		}
	})
}

// What the store wrote of fields whose history the source does not tell is missing from every listing of the source's changes, and stays; what the source told and tells no more goes.
func TestPass_ChangesThatTheStoreWroteStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		start := time.Now().Add(-time.Hour)
		var deal store.Deal
		var told []store.Change
		s := &scripted{id: "crm", streams: []store.Stream{"changes", "deals"}}
		s.fetch = func(_ context.Context, r source.Request, _ int) (source.Page, error) {
			p := page("", false, true)
			if r.Stream == "changes" {
				p.Changes = slices.Clone(told)
				return p, nil
			}
			p.Track = store.FieldsOf(store.FieldCategory)
			p.Deals = []store.Deal{deal}
			return p, nil
		}
		e := syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}})
		id := store.MakeID("crm", "a|stage|b")
		for day := range 5 {
			at := start.Add(time.Duration(day) * time.Minute)
			deal = store.Deal{ID: id, Modified: at, Category: store.CategoryPipeline + store.Category(day%2), Stage: "offer", Extra: map[string]string{"optimistic_close": fmt.Sprintf("2026-11-%02d", day+1)}}
			told = append(told, store.Change{Deal: id, Field: store.FieldStage, From: fmt.Sprint(day), To: fmt.Sprint(day + 1), At: at})
			if day == 4 {
				told = told[1:]
			}
			res := once(t, e)
			if want := day / 4; res.Err != nil || res.Removed != want {
				t.Fatalf("day %d: %+v, want %d removed", day, res, want)
			}
			e = syncer.New(syncer.Options{Store: m, Sources: []syncer.Entry{{Source: s}}}) // a start
		}
		all, _ := storetest.All(t, m)
		n := map[store.Field]int{}
		for _, c := range all.Changes {
			n[c.Field]++
		}
		if n[store.FieldStage] != 4 || n[store.FieldOptimisticClose] != 5 || n[store.FieldCategory] != 4 {
			t.Errorf("changes by field: %v", n)
		}
	})
}
