package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/analytics"
	"flightdeck/store"
	"flightdeck/store/bolt"
	"flightdeck/store/company"
	"flightdeck/tui"
	"flightdeck/tui/funnel"
	"flightdeck/tui/list"
	"flightdeck/tui/locale"
	"flightdeck/tui/pane"
	"flightdeck/tui/sources"
	"flightdeck/tui/sshd"
	"flightdeck/tui/theme"
)

var tiny = company.Size{Regions: 2, Teams: 3, Reps: 8, Accounts: 40, Deals: 160, Touches: 1500, Sales: 400, Quarters: 4, Months: 6}

func panes(k pane.Kind) pane.New {
	switch k {
	case pane.Funnel:
		return funnel.New
	case pane.Sources:
		return sources.New
	}
	return list.New(k)
}

func options(dir string) Options {
	return Options{
		Dir: dir, Size: tiny, Seed: 7, Scopes: 4, Budget: 20 * time.Millisecond, Time: 700 * time.Millisecond, Sessions: 4, SSH: 3, Version: "test",
		Panes: panes, Locale: locale.New(locale.English),
		Screen: func(_ context.Context, _ *bolt.DB, live *analytics.Live) (func(sshd.Session) tea.Model, func()) {
			return func(s sshd.Session) tea.Model {
				env := &pane.Env{Ctx: s.Ctx, Root: s.Viewer.Root, Book: live.Book, Theme: theme.New(s.Profile, true), Locale: locale.New(locale.Detect(s.Environ)), Now: time.Now}
				m, err := tui.New(env, panes, tui.Options{Commits: live.Subscribe(s.Ctx)})
				if err != nil {
					panic(err)
				}
				return m
			}, func() {}
		},
	}
}

func TestRun_EverythingIsMeasured(t *testing.T) {
	dir := t.TempDir()
	rep, err := Run(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Fill.Reused || rep.Fill.Records < 2000 || rep.Fill.Rate <= 0 || rep.Fill.File == 0 {
		t.Errorf("fill: %+v", rep.Fill)
	}
	if rep.Warm == nil || rep.Warm.Total <= 0 || rep.Cold == nil || rep.Cold.Runs == 0 {
		t.Errorf("start: warm %+v, cold %+v", rep.Warm, rep.Cold)
	}
	if len(rep.Questions) != len(questions) {
		t.Errorf("%d questions of %d", len(rep.Questions), len(questions))
	}
	for _, q := range rep.Questions {
		if q.Time.N < 3 || q.Time.P50 > q.Time.P99 || q.Time.P99 > q.Time.Max {
			t.Errorf("question %+v", q)
		}
	}
	for _, want := range []string{"funnel 80x24 open", "funnel 160x48 move", "deals 160x48 period", "- 80x24 palette", "deals 80x24 filter"} {
		i := slices.IndexFunc(rep.Keys, func(k Key) bool { return k.Pane+" "+k.Size+" "+k.Action == want })
		if i < 0 || rep.Keys[i].Time.N == 0 || rep.Keys[i].Bytes.Max == 0 {
			t.Errorf("key %s: not measured, or it changes nothing on the screen", want)
		}
	}
	if p := rep.Publish; p == nil || p.Commits < 21 || p.Visible.N == 0 || p.During.N == 0 || p.Quiet.N == 0 {
		t.Errorf("publication: %+v", p)
	}
	if s := rep.Sessions; s == nil || s.Time.N == 0 {
		t.Errorf("sessions: %+v", s)
	}
	s := rep.SSH
	if s == nil || len(s.Phases) != 3 || s.Resolution == 0 { // what the heap's profile samples of three sessions may be nothing
		t.Fatalf("ssh: %+v", s)
	}
	if s.Separate || s.Connect.N != 3 || s.Phases[0].Keys == 0 || s.Phases[1].Keys == 0 || s.Phases[2].Commits == 0 {
		t.Errorf("ssh: %+v", s)
	}
	if len(rep.Targets) == 0 {
		t.Error("nothing was judged")
	}

	shape(t, rep)
	for _, lang := range []locale.Lang{locale.Chinese, locale.English} {
		all := rep.Sections(locale.New(lang))
		for _, x := range all {
			for _, r := range x.Rows {
				if len(r) != len(x.Head) || len(r) != len(x.Right) {
					t.Errorf("%v: section %q: a row of %d cells under %d heads", lang, x.Title, len(r), len(x.Head))
				}
			}
		}
		if len(all) < 9 {
			t.Errorf("%v: %d sections", lang, len(all))
		}
	}

	again := options(dir)
	again.Only, again.Sessions, again.SSH = true, 0, 0
	if rep, err = Run(t.Context(), again); err != nil || !rep.Fill.Reused {
		t.Errorf("the same store again: %+v, %v", rep.Fill, err)
	}
	again.Seed++
	var occupied *OccupiedError
	if _, err = Run(t.Context(), again); !errors.As(err, &occupied) || !strings.Contains(err.Error(), "seed 7") {
		t.Errorf("another company in the same folder: %v", err)
	}
}

// shape demands of the JSON what others read from it.
func shape(t *testing.T, rep Report) {
	t.Helper()
	text, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"version", "seed", "cpus", "size.Deals", "fill.rows_per_second", "fill.file_bytes", "start_warm.total_ms", "start_cold.book_ms", "memory_loaded.resident",
		"questions.0.question", "questions.0.time.p99_ms", "keys.0.pane", "keys.0.bytes.p50", "publish.visible.p99_ms", "publish.question_during.p99_ms",
		"sessions.time.p99_ms", "sessions.cpu.own", "ssh.memory_per_idle_session.resident", "ssh.cpu_idle.own", "ssh.heap_profile_rate",
		"ssh.phases.0.rows.0.last_byte.p99_ms", "ssh.phases.0.question.p99_ms", "targets.0.name", "targets.0.value", "targets.0.limit", "targets.0.ok",
	} {
		at := v
		for _, step := range strings.Split(path, ".") {
			switch x := at.(type) {
			case map[string]any:
				at = x[step]
			case []any:
				at = x[0]
			}
			if at == nil {
				t.Errorf("JSON has no %s (at %s)", path, step)
				break
			}
		}
	}
}

func TestFill_KeepsOffOtherData(t *testing.T) {
	dir := t.TempDir()
	db, err := bolt.Open(dir, bolt.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply(t.Context(), &store.Batch{Source: "crm", Records: store.Records{Units: []store.Unit{{ID: "crm:1", Name: "mine"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var occupied *OccupiedError
	if _, err := Run(t.Context(), options(dir)); !errors.As(err, &occupied) {
		t.Errorf("a store with somebody's data: %v", err)
	}
}

func TestFill_GoesOnAfterAnInterruption(t *testing.T) {
	dir := t.TempDir()
	db, err := bolt.Open(dir, bolt.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // of a test
	size := tiny
	size.Accounts, size.Touches = 200, 30_000
	c := company.Config{Seed: 3, Now: time.Date(2026, 9, 18, 2, 0, 0, 0, time.UTC), Source: Source, Size: size}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fill(ctx, dir, db, c, func(string, ...any) {}); err == nil {
		t.Fatal("a cancelled fill said it was done")
	}
	a, err := fill(t.Context(), dir, db, c, func(string, ...any) {})
	if err != nil || a.Commits < 4 {
		t.Fatalf("%+v, %v", a, err)
	}
	if b, err := fill(t.Context(), dir, db, c, func(string, ...any) {}); err != nil || !b.Reused {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestSpread_NearestRank(t *testing.T) {
	var d []time.Duration
	for i := range 200 {
		d = append(d, time.Duration(200-i)*time.Millisecond)
	}
	if got, want := spread(d), (Spread{200, 100, 198, 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := spread(nil); got != (Spread{}) {
		t.Errorf("of nothing: %+v", got)
	}
	if got, want := sizes([]int{3, 1, 2}), (Sizes{3, 2, 3, 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestServeClients_BadPlan(t *testing.T) {
	var out strings.Builder
	for _, in := range []string{"", "nonsense", `{"n":"many"}`} {
		if err := ServeClients(strings.NewReader(in), &out); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
	out.Reset() // nobody listens there
	if err := ServeClients(strings.NewReader(`{"addr":"127.0.0.1:1","n":2,"seed":1}`), &out); err != nil {
		t.Fatal(err)
	}
	var rep reply
	if err := json.Unmarshal([]byte(out.String()), &rep); err != nil || rep.Connected != 0 || rep.Error == "" {
		t.Errorf("got %s, %v", fmt.Sprint(out.String()), err)
	}
}
