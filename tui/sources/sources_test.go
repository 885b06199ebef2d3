package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/storetest"
	"flightdeck/tui/layout"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/tuitest"
)

func book(t testing.TB, statuses ...store.SourceStatus) *analytics.Book {
	t.Helper()
	m := storetest.NewMemory()
	ctx := context.Background()
	if _, err := m.Apply(ctx, &store.Batch{Records: store.Records{Statuses: statuses}}); err != nil {
		t.Fatal(err)
	}
	var b *analytics.Book
	err := m.View(ctx, func(s store.Snapshot) (err error) {
		b, err = analytics.Build(s, analytics.Options{Now: func() time.Time { return tuitest.Now }})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func statuses() []store.SourceStatus {
	ago := func(d time.Duration) time.Time { return tuitest.Now.Add(-d) }
	return []store.SourceStatus{
		{Source: "tryton", Kind: "tryton", Stream: "deals", State: store.SyncIdle, Records: 61, Requests: 3, Runs: runs(), Started: ago(5 * time.Minute), Finished: ago(4 * time.Minute), Good: ago(4 * time.Minute)},
		{Source: "hubspot-east", Kind: "hubspot", Stream: "deals", State: store.SyncRunning, Done: 1200, Total: 4000, Permille: 300, Records: 3800, Requests: 14,
			Started: ago(time.Minute), Updated: ago(0), Good: ago(26 * time.Hour), Runs: runs(), Budgets: []store.Budget{
				{Name: "day", Used: 84_000, Limit: 100_000, Reserve: 20_000, Until: tuitest.Now.Add(5 * time.Hour)}, {Name: "burst", Used: 3}}},
		{Source: "hubspot-east", Kind: "hubspot", Stream: "contacts", State: store.SyncRunning, Done: 77, Started: ago(time.Minute)},
		{Source: "odoo", Kind: "odoo", Stream: "deals", Paused: true, Records: 12, Missing: 4, Kept: 4, Good: ago(time.Hour), Started: ago(time.Hour), Finished: ago(time.Hour)},
		{Source: "sheets", Kind: "table", Stream: "deals", State: store.SyncFailed, Records: 8800, Issues: 1925, Good: ago(72 * time.Hour), Retry: tuitest.Now.Add(3 * time.Minute), Error: "read sales_pipeline.csv: the file is still being written; it is read again when it has come to rest"},
		{Source: "销售台账", Kind: "table", Stream: "accounts", State: store.SyncHeld, Records: 85, Missing: 60, Good: ago(time.Hour), Error: "held: 60 of 85 account records are missing from the source"},
	}
}

// runs are a history with everything that one can have.
func runs() []store.Run {
	ago := func(d time.Duration) time.Time { return tuitest.Now.Add(-d) }
	return []store.Run{
		{Started: ago(50 * time.Hour), Ended: ago(49 * time.Hour), Rows: 3800, Requests: 41, Times: 1},
		{Started: ago(49 * time.Hour), Ended: ago(27 * time.Hour), Rows: 2, Requests: 1, Times: 264},
		{Started: ago(26 * time.Hour), Ended: ago(26*time.Hour - 80*time.Second), State: store.SyncRunning, Rows: 900, Requests: 9, Times: 1},
		{Started: ago(9 * time.Hour), Ended: ago(5 * time.Hour), State: store.SyncFailed, Requests: 4, Times: 31,
			Note: "GET https://api.hubapi.com/crm/v3/objects/deals: answered 502 Bad Gateway"},
		{Started: ago(4 * time.Hour), Ended: ago(4*time.Hour - 3*time.Minute), Rows: 3801, Removed: 7, Requests: 41, Times: 1, Note: "read anew: 游标已过期 (410)"},
	}
}

func ofStream(env *pane.Env) pane.Pane { return New(env, pane.StreamPlace("hubspot-east", "deals")) }

func TestStream_Golden(t *testing.T) { tuitest.Golden(t, book(t, statuses()...), ofStream) }

func TestStream_Geometry(t *testing.T) {
	tuitest.Geometry(t, book(t, statuses()...), ofStream)
	tuitest.Geometry(t, book(t, statuses()...), func(env *pane.Env) pane.Pane { return New(env, pane.StreamPlace("nobody", "deals")) })
}

func TestSources_Keys(t *testing.T) {
	tuitest.Keys(t, of(tuitest.Env(t, book(t), locale.English)))
	tuitest.Keys(t, ofStream(tuitest.Env(t, book(t), locale.English)))
}

// ordering notes what it was asked for.
type ordering struct {
	got []string
	err error
}

func (o *ordering) Order(name string, src store.SourceID, stream store.Stream) error {
	o.got = append(o.got, name+" "+string(src)+"/"+string(stream))
	return o.err
}

func (o *ordering) last() string {
	if len(o.got) == 0 {
		return ""
	}
	return o.got[len(o.got)-1]
}

func TestSources_Orders(t *testing.T) {
	for name, make := range map[string]func(*pane.Env, string) pane.Pane{
		"list": func(env *pane.Env, _ string) pane.Pane { return of(env) },
		"stream": func(env *pane.Env, at string) pane.Pane {
			src, stream, _ := strings.Cut(at, "/")
			return New(env, pane.StreamPlace(store.SourceID(src), store.Stream(stream)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			sync := &ordering{}
			env := tuitest.Env(t, book(t, statuses()...), locale.English)
			env.Sync = sync
			open := func(at string, down int) *tuitest.Pane {
				d := tuitest.Drive(t, make(env, at), layout.Size{W: 120, H: 22})
				for range down {
					d.Keys("down")
				}
				return d
			}
			toast := func(d *tuitest.Pane) string {
				for _, m := range slices.Backward(d.Sent) {
					if say, ok := m.(pane.Toast); ok {
						return say.Text
					}
				}
				return ""
			}
			down := map[string]int{"hubspot-east/deals": 1, "odoo/deals": 2, "销售台账/accounts": 5}
			if name == "stream" {
				down = nil
			}
			d := open("hubspot-east/deals", down["hubspot-east/deals"])
			for k, want := range map[string]string{"u": "pull", "R": "resync", "p": "pause"} {
				if d.Keys(k); sync.last() != want+" hubspot-east/deals" || !strings.Contains(toast(d), "hubspot-east: asked for") {
					t.Errorf("%s: %q, %q", k, sync.last(), toast(d))
				}
			}
			n := len(sync.got)
			if d.Keys("d", "d", "n"); len(sync.got) != n || !strings.Contains(toast(d), "nothing is missing") {
				t.Errorf("nothing is missing, and yet %v, %q", sync.got[n:], toast(d))
			}
			if d = open("odoo/deals", down["odoo/deals"]); true {
				if d.Keys("p"); sync.last() != "resume odoo/deals" {
					t.Errorf("p on a paused source: %q", sync.last())
				}
			}
			d = open("销售台账/accounts", down["销售台账/accounts"])
			if d.Keys("d"); sync.last() == "accept 销售台账/accounts" || !strings.Contains(toast(d), "press d again to remove 60 missing records") {
				t.Errorf("one press removes: %q, %q", sync.last(), toast(d))
			}
			if d.Keys("up", "down", "d"); sync.last() == "accept 销售台账/accounts" {
				t.Error("another key in between does not cancel")
			}
			if d.Keys("d"); sync.last() != "accept 销售台账/accounts" {
				t.Errorf("twice: %q", sync.last())
			}
			sync.err = errors.New("no such source")
			if d.Keys("n"); sync.last() != "refuse 销售台账/accounts" || toast(d) != "no such source" {
				t.Errorf("%q, %q", sync.last(), toast(d))
			}
			env.Sync = nil
			n = len(sync.got)
			if d.Keys("u", "d", "d"); len(sync.got) != n || !strings.Contains(toast(d), "whole company") {
				t.Errorf("who may not: %v, %q", sync.got[n:], toast(d))
			}
		})
	}
}

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Sources}) }

func TestSources_Golden(t *testing.T) { tuitest.Golden(t, book(t, statuses()...), of, "down", "down") }

func TestSources_Geometry(t *testing.T) { tuitest.Geometry(t, book(t, statuses()...), of) }

func TestSources_EnterOpensTheStreamAndThenItsIssues(t *testing.T) {
	env := tuitest.Env(t, book(t, statuses()...), locale.English)
	d := tuitest.Drive(t, of(env), layout.Size{W: 80, H: 22})
	d.Keys("G", "up", "up", "enter")
	p, ok := d.Opened()
	if !ok || p != pane.StreamPlace("sheets", "deals") {
		t.Fatalf("got %v, %v", p, ok)
	}
	if back, err := pane.ParsePlace(p.String()); err != nil || back != p {
		t.Errorf("the link %s reads as %v, %v", p, back, err)
	}
	d = tuitest.Drive(t, New(env, p), layout.Size{W: 80, H: 22})
	d.Keys("enter")
	if p, ok := d.Opened(); !ok || p.Kind != pane.Issues || p.ID != "sheets" {
		t.Errorf("got %v, %v", p, ok)
	}
}

func TestSources_NoneYet(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, book(t), locale.English)), layout.Size{W: 80, H: 22})
	if v := d.P.View(); !strings.Contains(v, "doctor") {
		t.Errorf("an empty store should say what to do:\n%s", v)
	}
}

func TestSources_AgeMovesWithTheClock(t *testing.T) {
	env := tuitest.Env(t, book(t, statuses()...), locale.English)
	now := tuitest.Now
	env.Now = func() time.Time { return now }
	d := tuitest.Drive(t, of(env), layout.Size{W: 120, H: 22})
	before := d.P.View()
	now = now.Add(10 * time.Minute)
	after := d.P.View()
	if !strings.Contains(before, "4m ago") || !strings.Contains(after, "14m ago") {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func BenchmarkKey_Sources(b *testing.B) {
	for _, s := range []layout.Size{{W: 80, H: 22}, {W: 200, H: 48}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			p := of(tuitest.Env(b, book(b, statuses()...), locale.Chinese))
			d := tuitest.Drive(b, p, s)
			keys := []string{"down", "up"}
			i := 0
			for b.Loop() {
				d.P.Update(tuitest.Key(keys[i%2]))
				_ = d.P.View()
				i++
			}
		})
	}
}
