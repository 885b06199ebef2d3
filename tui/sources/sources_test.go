package sources

import (
	"context"
	"fmt"
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
		{Source: "tryton", Kind: "tryton", Stream: "deals", State: store.SyncIdle, Records: 61, Started: ago(5 * time.Minute), Finished: ago(4 * time.Minute), Good: ago(4 * time.Minute)},
		{Source: "hubspot-east", Kind: "hubspot", Stream: "deals", State: store.SyncRunning, Done: 1200, Total: 4000, Records: 3800, Started: ago(time.Minute), Good: ago(26 * time.Hour)},
		{Source: "hubspot-east", Kind: "hubspot", Stream: "contacts", State: store.SyncRunning, Done: 77, Started: ago(time.Minute)},
		{Source: "sheets", Kind: "table", Stream: "deals", State: store.SyncFailed, Records: 8800, Issues: 1925, Good: ago(72 * time.Hour), Retry: tuitest.Now.Add(3 * time.Minute), Error: "read sales_pipeline.csv: the file is still being written; it is read again when it has come to rest"},
		{Source: "销售台账", Kind: "table", Stream: "accounts", State: store.SyncHeld, Records: 85, Good: ago(time.Hour), Error: "held: 60 of 85 account records are missing from the source"},
	}
}

func of(env *pane.Env) pane.Pane { return New(env, pane.Place{Kind: pane.Sources}) }

func TestSources_Golden(t *testing.T) { tuitest.Golden(t, book(t, statuses()...), of, "down", "down") }

func TestSources_Geometry(t *testing.T) { tuitest.Geometry(t, book(t, statuses()...), of) }

func TestSources_EnterOpensIssues(t *testing.T) {
	d := tuitest.Drive(t, of(tuitest.Env(t, book(t, statuses()...), locale.English)), layout.Size{W: 80, H: 22})
	d.Keys("G", "up", "enter")
	p, ok := d.Opened()
	if !ok || p.Kind != pane.Issues || p.ID == "" {
		t.Fatalf("got %v, %v", p, ok)
	}
	if !strings.Contains(d.P.View(), p.ID) {
		t.Errorf("opened %q, which is not on the screen", p.ID)
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
